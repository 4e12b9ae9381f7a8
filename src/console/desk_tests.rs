//! The desk: who may sign, what two persons close, what one may not, what solo mode costs.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets another reply should stop where it stands"
)]

use std::sync::atomic::Ordering;

use super::stage::{NOW_MS, Stage};
use super::{
    AdminCall, AdminContext, AdminReply, CaseFile, CaseFinding, DeskStanding, FindingWord, Once, Signing, SupplierWord, Trouble, perform,
};
use crate::domain::case::{CaseKind, NewCase};
use crate::domain::desk::Manning;
use crate::domain::ids::{EvidenceId, SupplierId};
use crate::domain::order::{Order, Verdict};
use crate::domain::outcome::{Doubt, Outcome, Refusal, RefusalKind, Via};
use crate::store::{Answer, Command, Evidence, Store};

pub(super) struct Desk {
    pub stage: Stage,
    pub li: String,
    pub wang: String,
}

impl Desk {
    pub async fn new() -> Self {
        let stage = Stage::new();
        let li = pass(stage.perform(add("li", None)).await);
        let wang = pass(stage.perform(add("wang", Some(&li))).await);
        Self { stage, li, wang }
    }

    pub async fn ask(&self, call: AdminCall) -> AdminReply {
        self.stage.perform(call).await
    }

    async fn says(&self, pass: &str, key: &str, found: FindingWord) -> AdminReply {
        self.ask(AdminCall::CaseResolve(finding(pass, key, found, None))).await
    }

    async fn file(&self, key: &str) -> CaseFile {
        match self.ask(AdminCall::CaseShow { key: key.to_owned() }).await {
            AdminReply::Case(file) => *file,
            other => panic!("{other:?}"),
        }
    }

    /// A card order in doubt for long enough to be a case; the case's key.
    async fn doubt(&self) -> (Order, String) {
        let shop = self.stage.add_shop("Alpha").await;
        self.stage.credit(shop, "500.00", "bank-1").await;
        let order = self.stage.order(shop, "A-1").await;
        let order = self.stage.hears(&order, Via::Submit, Outcome::Unknown(Doubt::Timeout)).await;
        let order = self.stage.grows_old(&order).await;
        let key = NewCase::key_of(CaseKind::OverdueDoubt, order.id, 1);
        (order, key)
    }

    /// An order delivered after it had failed; the case's key.
    pub async fn late(&self) -> (Order, String) {
        let shop = self.stage.add_shop("Alpha").await;
        self.stage.credit(shop, "500.00", "bank-1").await;
        let order = self.stage.order(shop, "A-1").await;
        let refusal = Refusal {
            kind: RefusalKind::Stock,
            code: "7".to_owned(),
        };
        let order = self.stage.hears(&order, Via::Submit, Outcome::Refused(refusal)).await;
        let order = self.stage.fails(&order).await;
        let deliveries = self.stage.cards();
        let order = self.stage.hears(&order, Via::Notification, Outcome::Succeeded { deliveries }).await;
        let key = NewCase::key_of(CaseKind::LateSuccess, order.id, 1);
        (order, key)
    }

    async fn order(&self, order: &Order) -> Order {
        self.stage.store.order(order.id).await.unwrap().unwrap()
    }
}

pub(super) fn signing(pass: &str) -> Signing {
    Signing {
        pass: Once(pass.to_owned()),
        reason: "their support, ticket 81".to_owned(),
    }
}

fn add(name: &str, by: Option<&str>) -> AdminCall {
    AdminCall::OperatorAdd {
        name: name.to_owned(),
        signing: by.map(signing),
    }
}

fn finding(pass: &str, key: &str, found: FindingWord, amount: Option<&str>) -> CaseFinding {
    CaseFinding {
        key: key.to_owned(),
        found,
        amount: amount.map(str::to_owned),
        signing: signing(pass),
    }
}

fn pass(reply: AdminReply) -> String {
    match reply {
        AdminReply::OperatorAdded { pass, .. } => pass.0,
        other => panic!("{other:?}"),
    }
}

pub(super) fn trouble(reply: AdminReply) -> Trouble {
    match reply {
        AdminReply::Failed(trouble) => trouble,
        other => panic!("{other:?}"),
    }
}

pub(super) fn standing(reply: AdminReply) -> DeskStanding {
    match reply {
        AdminReply::Desk(reply) => reply.standing,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_first_operator_needs_nobody_and_every_later_one_a_signature() {
    let desk = Desk::new().await;
    assert!(trouble(desk.ask(add("chen", None)).await).message.contains("signature"));
    assert!(trouble(desk.ask(add("chen", Some("li:guess"))).await).message.contains("signature"));
    assert!(trouble(desk.ask(add("wang", Some(&desk.li))).await).message.contains("already"));
    assert!(trouble(desk.ask(add("a b", Some(&desk.li))).await).message.contains("not a name"));
    let remove = |name: &str, by: &str| AdminCall::OperatorRemove {
        name: name.to_owned(),
        signing: signing(by),
    };
    let AdminReply::Operators { operators } = desk.ask(remove("wang", &desk.li)).await else {
        panic!()
    };
    assert_eq!(operators.len(), 1);
    assert!(
        trouble(desk.ask(remove("li", &desk.wang)).await).message.contains("signature"),
        "put out"
    );
    assert!(trouble(desk.ask(remove("li", &desk.li)).await).message.contains("last operator"));
    let text = format!("{:?}", desk.ask(AdminCall::Deeds { subject: None }).await);
    let token = desk.li.split_once(':').unwrap().1;
    assert!(text.contains("operator:wang") && !text.contains(token), "{text}");
}

#[tokio::test]
async fn a_doubt_ends_when_two_persons_say_the_same() {
    let desk = Desk::new().await;
    let (order, key) = desk.doubt().await;
    let file = desk.file(&key).await;
    assert_eq!(
        (file.case.at_risk.as_deref(), file.held.as_deref()),
        (Some("97.00 CNY"), Some("98.50 CNY"))
    );
    assert_eq!(file.findings, [FindingWord::NotDelivered], "a word brings no cards");
    let explained = desk.says(&desk.li, &key, FindingWord::Explained).await;
    assert!(
        trouble(explained).remedy.contains("--as not-delivered"),
        "a doubt is not explained away"
    );

    assert_eq!(
        standing(desk.says(&desk.li, &key, FindingWord::NotDelivered).await),
        DeskStanding::Proposed
    );
    assert!(desk.order(&order).await.is_in_doubt(), "nothing has moved");
    let again = desk.says(&desk.li, &key, FindingWord::NotDelivered).await;
    assert!(trouble(again).message.contains("second person"));
    assert_eq!(
        standing(desk.says(&desk.wang, &key, FindingWord::NotDelivered).await),
        DeskStanding::Done
    );

    let after = desk.order(&order).await;
    assert!(!after.is_in_doubt() && after.open_attempt().is_none());
    let file = desk.file(&key).await;
    assert!(!file.case.is_open && file.closed_at_ms.is_some() && file.findings.is_empty());
    let words: Vec<&str> = file.deeds.iter().map(|deed| deed.deed.as_str()).collect();
    assert_eq!(words, ["proposed", "case_closed"]);
    assert!(file.deeds[1].signed.contains("li") && file.deeds[1].signed.contains("confirmed by wang"));
    assert!(
        file.evidence.iter().any(|piece| piece.via.contains("person's word")),
        "{:?}",
        file.evidence
    );
    assert!(
        trouble(desk.says(&desk.li, &key, FindingWord::NotDelivered).await)
            .message
            .contains("is closed")
    );
    let AdminReply::Cases { cases } = desk.ask(AdminCall::CaseList).await else {
        panic!()
    };
    assert!(cases.is_empty());
}

#[tokio::test]
async fn without_a_reason_or_a_token_nothing_is_heard() {
    let desk = Desk::new().await;
    let (order, key) = desk.doubt().await;
    for wrong in ["", "li", "li:", "li:0000", "nobody:0000"] {
        let reply = desk.says(wrong, &key, FindingWord::NotDelivered).await;
        assert!(trouble(reply).message.contains("signature"), "{wrong:?}");
    }
    for reason in ["", "  ", "two\nlines"] {
        let mut asked = finding(&desk.li, &key, FindingWord::NotDelivered, None);
        asked.signing.reason = reason.to_owned();
        assert!(
            trouble(desk.ask(AdminCall::CaseResolve(asked)).await).message.contains("reason"),
            "{reason:?}"
        );
    }
    assert!(desk.order(&order).await.is_in_doubt());
    assert!(desk.file(&key).await.deeds.is_empty());
}

#[tokio::test]
async fn one_who_came_after_the_proposal_is_no_second_person() {
    let desk = Desk::new().await;
    let (_, key) = desk.doubt().await;
    standing(desk.says(&desk.li, &key, FindingWord::NotDelivered).await);
    desk.stage.pass(1_000);
    let chen = pass(desk.ask(add("chen", Some(&desk.li))).await);
    let reply = desk.says(&chen, &key, FindingWord::NotDelivered).await;
    assert!(trouble(reply).message.contains("before this was proposed"));
}

#[tokio::test]
async fn a_lone_operator_waits_and_the_audit_says_that_one_acted_alone() {
    let mut desk = Desk::new().await;
    desk.stage.context.manning = Manning::Solo { cooling_off_ms: 600_000 };
    let (order, key) = desk.doubt().await;
    assert_eq!(
        standing(desk.says(&desk.li, &key, FindingWord::NotDelivered).await),
        DeskStanding::Proposed
    );
    desk.stage.pass(599_999);
    assert!(
        trouble(desk.says(&desk.li, &key, FindingWord::NotDelivered).await)
            .message
            .contains("cooling-off")
    );
    desk.stage.pass(1);
    assert_eq!(
        standing(desk.says(&desk.li, &key, FindingWord::NotDelivered).await),
        DeskStanding::Done
    );
    assert!(!desk.order(&order).await.is_in_doubt());
    let AdminReply::Deeds { deeds } = desk
        .ask(AdminCall::Deeds {
            subject: Some(format!("case:{key}")),
        })
        .await
    else {
        panic!()
    };
    assert!(deeds[0].is_solo && deeds[0].signed.contains("ONE PERSON ALONE"), "{deeds:?}");
}

#[tokio::test]
async fn a_loss_is_recovered_by_two_and_explained_by_one() {
    let desk = Desk::new().await;
    let (order, key) = desk.late().await;
    let file = desk.file(&key).await;
    assert_eq!(file.findings, [FindingWord::Explained, FindingWord::Recovered]);
    let ask = |pass: &str, amount| AdminCall::CaseResolve(finding(pass, &key, FindingWord::Recovered, amount));
    assert!(trouble(desk.ask(ask(&desk.li, Some("97.01"))).await).message.contains("not a part"));
    assert_eq!(standing(desk.ask(ask(&desk.li, Some("97.00"))).await), DeskStanding::Proposed);
    let other = desk.ask(ask(&desk.wang, Some("90.00"))).await;
    assert_eq!(standing(other), DeskStanding::Proposed, "another amount is another proposal");
    assert_eq!(standing(desk.ask(ask(&desk.li, Some("90.00"))).await), DeskStanding::Done);
    let after = desk.order(&order).await;
    assert_eq!(after.recovered.len(), 1);
    assert!(matches!(after.verdict, Some(Verdict::Failed { .. })));
    let books: i64 = desk.stage.store.balances().await.unwrap().iter().map(|account| account.minor).sum();
    assert_eq!(books, 0);

    let other = Desk::new().await;
    let (_, key) = other.late().await;
    assert_eq!(
        standing(other.says(&other.li, &key, FindingWord::Explained).await),
        DeskStanding::Done
    );
    assert!(!other.file(&key).await.case.is_open);
}

#[tokio::test]
async fn an_orphan_shows_what_arrived_and_is_explained_even_without_a_server() {
    let mut desk = Desk::new().await;
    let key = "orphan_notification:alpha:99".to_owned();
    let orphan = Command::Orphan {
        case: NewCase {
            key: key.clone(),
            kind: CaseKind::OrphanNotification,
            order: None,
            at_risk: None,
            opened_at_ms: NOW_MS,
        },
        evidence: Evidence {
            id: EvidenceId("ev_1".into()),
            order: None,
            seq: None,
            supplier: SupplierId::from("alpha"),
            via: Via::Notification,
            status: None,
            body: b"no=99&state=ok".to_vec(),
            at_ms: NOW_MS,
        },
    };
    assert_eq!(desk.stage.store.commit(orphan).await, Answer::Done);
    desk.stage.pass(7_000);
    let file = desk.file(&key).await;
    assert_eq!(
        (file.evidence.len(), file.evidence[0].bytes, file.case.age_ms),
        (1, 14, Some(7_000))
    );
    desk.stage.context.running = None;
    assert_eq!(
        standing(desk.says(&desk.li, &key, FindingWord::Explained).await),
        DeskStanding::Done
    );
    assert!(
        trouble(desk.says(&desk.li, "no-such", FindingWord::Explained).await)
            .message
            .contains("no case")
    );
}

#[tokio::test]
async fn a_supplier_is_paused_and_resumed_with_a_reason_that_is_shown() {
    let desk = Desk::new().await;
    let word = |name: &str| SupplierWord {
        supplier: SupplierId::from(name),
        signing: signing(&desk.li),
    };
    assert!(
        trouble(desk.ask(AdminCall::SupplierPause(word("nobody"))).await)
            .message
            .contains("names no supplier")
    );
    assert_eq!(
        standing(desk.ask(AdminCall::SupplierPause(word("alpha"))).await),
        DeskStanding::Done
    );
    assert_eq!(
        desk.stage.running.paused.load(Ordering::SeqCst),
        1,
        "the running server obeys at once"
    );
    let states = async || match desk.ask(AdminCall::SupplierList).await {
        AdminReply::Suppliers { suppliers } => suppliers.into_iter().map(|line| (line.state, line.paused)).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let paused = states().await;
    assert_eq!(paused[0].0, "paused");
    assert!(paused[0].1.as_deref().unwrap().contains("ticket 81"), "{paused:?}");
    assert_eq!(paused[1], ("active".to_owned(), None));
    assert_eq!(
        standing(desk.ask(AdminCall::SupplierResume(word("alpha"))).await),
        DeskStanding::Done
    );
    assert_eq!(states().await[0], ("active".to_owned(), None));
}

#[tokio::test]
async fn a_recovery_begins_before_the_server_starts_and_ends_on_an_operators_word() {
    let desk = Desk::new().await;
    let end = || AdminCall::RecoveryEnd {
        signing: signing(&desk.li),
    };
    assert!(trouble(desk.ask(end()).await).message.contains("no recovery lasts"));
    assert!(
        trouble(desk.ask(AdminCall::RecoveryBegin).await)
            .message
            .contains("before the gateway serves")
    );
    let alone = AdminContext {
        running: None,
        ..desk.stage.context.clone()
    };
    assert_eq!(standing(perform(&alone, AdminCall::RecoveryBegin).await), DeskStanding::Done);
    assert_eq!(standing(perform(&alone, AdminCall::RecoveryBegin).await), DeskStanding::DoneBefore);
    let unsigned = AdminCall::RecoveryEnd {
        signing: Signing {
            pass: Once("li:wrong".to_owned()),
            reason: "covered".to_owned(),
        },
    };
    trouble(desk.ask(unsigned).await);
    assert_eq!(standing(desk.ask(end()).await), DeskStanding::Done);
    assert!(trouble(desk.ask(end()).await).message.contains("no recovery lasts"));
}
