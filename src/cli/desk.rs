//! Commands of the desk: cases, refunds, pauses, who may sign. Each word carries a signature.

use clap::{Args, Subcommand, ValueEnum};

use super::arguments::{Output, Pass};
use crate::console::steering::PinWord;
use crate::console::{AdminCall, CaseFinding, ChargeAsked, FindingWord, Once, OrderKey, RefundAsked, Signing, SupplierWord};
use crate::domain::ids::SupplierId;

#[derive(Debug, Subcommand)]
pub(super) enum Case {
    /// List all cases still open, oldest first.
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Show everything about a case: evidence, age, money at risk, what was done about it.
    Show {
        /// Its key, as `case list` shows it.
        key: String,
        #[command(flatten)]
        output: Output,
    },
    /// Say what a case comes to. What moves money needs a second operator who says the same.
    Resolve {
        /// Its key, as `case list` shows it.
        key: String,
        /// What was found.
        #[arg(long = "as", value_name = "FINDING")]
        found: Found,
        /// Decimal: the face value that arrived (delivered; absent is all), or what the supplier gave back (recovered).
        #[arg(long)]
        amount: Option<String>,
        #[command(flatten)]
        signed: Signed,
        #[command(flatten)]
        output: Output,
    },
}

/// What can be said about a case.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Found {
    /// Looked at and understood; nothing moves.
    Explained,
    /// The attempt in doubt did not deliver and never will.
    NotDelivered,
    /// The attempt in doubt delivered; the shop pays.
    Delivered,
    /// The supplier gave back what it had cost.
    Recovered,
}

/// Whose word it is.
#[derive(Debug, Args)]
pub(super) struct Signed {
    /// What you know, and from whom; kept for ever. No recipients, please.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    operator: Pass,
}

impl Signed {
    pub(super) fn signing(self) -> Signing {
        Signing {
            pass: Once(self.operator.pass),
            reason: self.reason,
        }
    }

    fn of_whoever_signs(self) -> Option<Signing> {
        (!self.operator.pass.is_empty()).then(|| self.signing())
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Recovery {
    /// Say that the gap is covered by suppliers' statements: orders are taken in and submitted again.
    End {
        #[command(flatten)]
        signed: Signed,
        #[command(flatten)]
        output: Output,
    },
}

pub(super) fn recovery(command: Recovery) -> (AdminCall, Output) {
    let Recovery::End { signed, output } = command;
    let signing = signed.signing();
    (AdminCall::RecoveryEnd { signing }, output)
}

#[derive(Debug, Subcommand)]
pub(super) enum Operator {
    /// Let a person sign; the token is printed once and never again. The first one needs no signature.
    Add {
        /// 1 to 32 letters, digits, dots, hyphens, underscores.
        name: String,
        #[command(flatten)]
        signed: Signed,
        #[command(flatten)]
        output: Output,
    },
    /// Let a person sign no more.
    Remove {
        /// Who.
        name: String,
        #[command(flatten)]
        signed: Signed,
        #[command(flatten)]
        output: Output,
    },
    /// List all who may sign.
    List {
        #[command(flatten)]
        output: Output,
    },
}

/// Money that goes back to a shop.
#[derive(Debug, Args)]
pub(super) struct Refund {
    /// The gateway's order id, or the number a supplier saw.
    pub id: String,
    /// Decimal, in the order's currency; not more than was captured and has not gone back yet.
    #[arg(long)]
    pub amount: String,
    /// Your own key for this refund: the same one twice is one refund.
    #[arg(long)]
    pub key: String,
    #[command(flatten)]
    pub signed: Signed,
    #[command(flatten)]
    pub output: Output,
}

/// Money that a shop agrees to pay for a late delivery.
#[derive(Debug, Args)]
pub(super) struct Charge {
    /// The gateway's order id, or the number a supplier saw.
    pub id: String,
    /// Decimal, in the order's currency; not more than is left of the order's price.
    #[arg(long)]
    pub amount: String,
    /// Your own key for this charge: the same one twice is one charge.
    #[arg(long)]
    pub key: String,
    /// Who at the shop agreed, and where that is written.
    #[arg(long)]
    pub consent: String,
    #[command(flatten)]
    pub signed: Signed,
    #[command(flatten)]
    pub output: Output,
}

/// A supplier and a word about it.
#[derive(Debug, Args)]
pub(super) struct About {
    /// Its name in adapters.toml.
    pub name: String,
    #[command(flatten)]
    pub signed: Signed,
    #[command(flatten)]
    pub output: Output,
}

/// Which products, at which supplier.
#[derive(Debug, Args)]
pub(super) struct Pin {
    /// A sku, or the beginning of one and a star.
    products: String,
    #[command(flatten)]
    about: About,
}

impl Pin {
    pub fn asked(self) -> (PinWord, Output) {
        let (word, output) = self.about.asked();
        let products = self.products;
        (PinWord { products, word }, output)
    }
}

/// What was done at the desk.
#[derive(Debug, Args)]
pub(super) struct Deeds {
    /// Only about subjects that begin with this: case:, refund:, charge:, statement:, supplier:, operator:.
    #[arg(long, value_name = "PREFIX")]
    pub about: Option<String>,
    #[command(flatten)]
    pub output: Output,
}

pub(super) fn case(command: Case) -> (AdminCall, Output) {
    match command {
        Case::List { output } => (AdminCall::CaseList, output),
        Case::Show { key, output } => (AdminCall::CaseShow { key }, output),
        Case::Resolve {
            key,
            found,
            amount,
            signed,
            output,
        } => {
            let asked = CaseFinding {
                key,
                found: match found {
                    Found::Explained => FindingWord::Explained,
                    Found::NotDelivered => FindingWord::NotDelivered,
                    Found::Delivered => FindingWord::Delivered,
                    Found::Recovered => FindingWord::Recovered,
                },
                amount,
                signing: signed.signing(),
            };
            (AdminCall::CaseResolve(asked), output)
        }
    }
}

pub(super) fn operator(command: Operator) -> (AdminCall, Output) {
    match command {
        Operator::Add { name, signed, output } => {
            let signing = signed.of_whoever_signs();
            (AdminCall::OperatorAdd { name, signing }, output)
        }
        Operator::Remove { name, signed, output } => {
            let signing = signed.signing();
            (AdminCall::OperatorRemove { name, signing }, output)
        }
        Operator::List { output } => (AdminCall::OperatorList, output),
    }
}

pub(super) fn refund(asked: Refund) -> (AdminCall, Output) {
    let refund = RefundAsked {
        order: OrderKey::Id { id: asked.id },
        amount: asked.amount,
        key: asked.key,
        signing: asked.signed.signing(),
    };
    (AdminCall::OrderRefund(refund), asked.output)
}

pub(super) fn charge(asked: Charge) -> (AdminCall, Output) {
    let charge = ChargeAsked {
        order: OrderKey::Id { id: asked.id },
        amount: asked.amount,
        key: asked.key,
        consent: asked.consent,
        signing: asked.signed.signing(),
    };
    (AdminCall::OrderCharge(charge), asked.output)
}

impl About {
    pub(super) fn asked(self) -> (SupplierWord, Output) {
        let word = SupplierWord {
            supplier: SupplierId::from(self.name.as_str()),
            signing: self.signed.signing(),
        };
        (word, self.output)
    }
}
