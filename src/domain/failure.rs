//! Why an order ended without success, and what the shop can do about it.
//!
//! Codes are stable: shops branch on them. Texts are rendered at the edge, in two languages.

use serde::{Deserialize, Serialize};

use super::outcome::{Refusal, RefusalKind};

/// The languages people are spoken to in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locale {
    /// Simplified Chinese.
    ZhCn,
    /// English.
    En,
}

/// Why an order failed. Every variant means the hold was released in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Failure {
    /// No supplier could be tried at all.
    NoSupplier,
    /// Every supplier that could be tried definitely refused; the last refusal is kept.
    Refused {
        /// What the last one said.
        last: Refusal,
    },
    /// The deadline came while nothing was in flight.
    DeadlinePassed,
}

impl Failure {
    /// The stable code shops see.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSupplier => "no_supplier",
            Self::Refused { last } => match last.kind {
                RefusalKind::Recipient => "recipient_refused",
                RefusalKind::Product | RefusalKind::Stock => "product_unavailable",
                RefusalKind::SupplierBalance
                | RefusalKind::Maintenance
                | RefusalKind::Price
                | RefusalKind::Credentials
                | RefusalKind::Limit
                | RefusalKind::Parameters
                | RefusalKind::Failed => "suppliers_refused",
            },
            Self::DeadlinePassed => "deadline_passed",
        }
    }
}

/// What happened, for a person.
#[must_use]
pub fn message(code: &str, locale: Locale) -> &'static str {
    match (code, locale) {
        ("no_supplier", Locale::En) => "No supplier can deliver this product at the moment.",
        ("no_supplier", Locale::ZhCn) => "当前没有可用的供货商。",
        ("recipient_refused", Locale::En) => "The supplier refused the recipient.",
        ("recipient_refused", Locale::ZhCn) => "供货商不接受该充值账号。",
        ("product_unavailable", Locale::En) => "The product is out of stock or no longer sold.",
        ("product_unavailable", Locale::ZhCn) => "商品缺货或已下架。",
        ("suppliers_refused", Locale::En) => "Every supplier that was tried refused the order.",
        ("suppliers_refused", Locale::ZhCn) => "所有尝试过的供货商均拒绝了该订单。",
        ("deadline_passed", Locale::En) => "The order could not be sent to a supplier before its deadline.",
        ("deadline_passed", Locale::ZhCn) => "订单在截止时间前未能提交给供货商。",
        ("in_doubt", Locale::En) => "A supplier received the order and has not said what became of it.",
        ("in_doubt", Locale::ZhCn) => "供货商已收到订单，但尚未告知结果。",
        (_, Locale::En) => "The order ended without success.",
        (_, Locale::ZhCn) => "订单未成功。",
    }
}

/// What the shop can do, for a person.
#[must_use]
pub fn remedy(code: &str, locale: Locale) -> &'static str {
    match (code, locale) {
        ("recipient_refused", Locale::En) => "Check the recipient with the buyer, then order again with a new number.",
        ("recipient_refused", Locale::ZhCn) => "请与买家核对充值账号后，用新的订单号重新下单。",
        ("in_doubt", Locale::En) => "Do not order again and do not refund: we keep asking and will call back.",
        ("in_doubt", Locale::ZhCn) => "请勿重复下单或退款：我们会持续查证并回调通知。",
        (_, Locale::En) => "Nothing was charged. Order again later with a new number, or refund the buyer.",
        (_, Locale::ZhCn) => "未产生扣款。请稍后用新的订单号重新下单，或给买家退款。",
    }
}
