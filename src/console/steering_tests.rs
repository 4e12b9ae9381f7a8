//! Drafts, replays and draining at the desk.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets another reply should stop where it stands"
)]

use super::drafts::DraftAsked;
use super::replay::ReplayAsked;
use super::stage::{NOW_MS, Stage};
use super::steering::PublishAsked;
use super::{AdminCall, AdminReply, Signing, SupplierWord};
use crate::domain::ids::SupplierId;

const RIGHT: &str = "[product.\"*\"]\n";
const WRONG: &str = "[product.\"*\"]\nstrategy = \"luck\"\n";

struct Desk {
    stage: Stage,
    li: String,
}

impl Desk {
    async fn new() -> Self {
        let stage = Stage::new();
        let add = AdminCall::OperatorAdd {
            name: "li".to_owned(),
            signing: None,
        };
        let li = match stage.perform(add).await {
            AdminReply::OperatorAdded { pass, .. } => pass.0,
            other => panic!("{other:?}"),
        };
        Self { stage, li }
    }

    fn signing(&self) -> Signing {
        Signing {
            pass: super::Once(self.li.clone()),
            reason: "a test".to_owned(),
        }
    }

    async fn draft(&self, name: &str, text: &str) -> AdminReply {
        let asked = DraftAsked {
            name: name.to_owned(),
            text: text.to_owned(),
            signing: self.signing(),
        };
        self.stage.perform(AdminCall::RouteDraft(asked)).await
    }

    async fn check(&self, text: &str) -> usize {
        let call = AdminCall::RouteCheck { text: text.to_owned() };
        match self.stage.perform(call).await {
            AdminReply::SteeringChecked { flaws } => flaws.len(),
            other => panic!("{other:?}"),
        }
    }

    async fn replay(&self, text: Option<&str>, hours: u32) -> AdminReply {
        let text = text.map(str::to_owned);
        self.stage.perform(AdminCall::RouteReplay(ReplayAsked { text, hours })).await
    }
}

fn words(reply: AdminReply) -> String {
    match reply {
        AdminReply::Desk(reply) => reply.words,
        AdminReply::Failed(trouble) => format!("{}; {}", trouble.message, trouble.remedy),
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn a_draft_is_kept_right_or_wrong_and_its_name_stands_for_its_text() {
    let desk = Desk::new().await;
    assert_eq!(
        words(desk.draft("friday", WRONG).await),
        "@friday is kept; 1 to correct: `route validate @friday` tells"
    );
    assert_eq!(desk.check("@friday").await, 1);
    assert_eq!(
        words(desk.draft("friday", RIGHT).await),
        "@friday is kept; nothing is wrong with it"
    );
    assert_eq!(
        words(desk.draft("other", "@friday").await),
        "@other is kept; nothing is wrong with it"
    );
    assert_eq!(desk.check("@friday").await, 0, "the latest of a name counts");
    let asked = PublishAsked {
        base: None,
        text: "@friday".to_owned(),
        signing: desk.signing(),
    };
    assert_eq!(
        words(desk.stage.perform(AdminCall::RoutePublish(asked)).await),
        "version 4 is in force"
    );
    match desk.stage.perform(AdminCall::RouteDrafts).await {
        AdminReply::SteeringDrafts { drafts } => {
            let names: Vec<_> = drafts.iter().map(|draft| (draft.name.as_str(), draft.flaws)).collect();
            assert_eq!(names, [("other", Some(0)), ("friday", Some(0))]);
            assert!(drafts[0].signed.starts_with("li"), "{}", drafts[0].signed);
        }
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn a_draft_that_is_none_is_refused_by_its_field() {
    let desk = Desk::new().await;
    for name in ["", "Friday", "a b", "../x", &"x".repeat(33)] {
        let words = words(desk.draft(name, RIGHT).await);
        assert!(words.starts_with("name: this is not a draft's name"), "{words}");
    }
    let words = words(desk.replay(Some("@nosuch"), 1).await);
    assert_eq!(words, "there is no draft @nosuch; `route drafts` lists them");
}

#[actix_web::test]
async fn a_replay_tells_shares_costs_and_moves() {
    let desk = Desk::new().await;
    let replayed = match desk.replay(Some(RIGHT), 24).await {
        AdminReply::Replayed(replayed) => replayed,
        other => panic!("{other:?}"),
    };
    assert_eq!((replayed.decisions, replayed.moved, replayed.nobody), (2, 1, 1));
    assert_eq!(
        (replayed.then.success_bp, replayed.then.cost.as_slice()),
        (Some(9_000), ["97.00 CNY".to_owned()].as_slice())
    );
    assert_eq!(
        (replayed.moves[0].to.as_ref(), replayed.moves[0].why.as_str()),
        (None, "beta: its offer is switched off")
    );
    assert!(words(desk.replay(None, 0).await).starts_with("hours: 0 is out of range"));
    match desk.replay(Some(WRONG), 1).await {
        AdminReply::SteeringChecked { flaws } => assert_eq!(flaws[0].field, "line 2"),
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn a_link_is_made_for_a_known_supplier_and_a_bounded_time() {
    let desk = Desk::new().await;
    let link = |name: &str, days| {
        let call = AdminCall::SupplierLink {
            name: name.to_owned(),
            days,
        };
        desk.stage.perform(call)
    };
    match link("alpha", 7).await {
        AdminReply::Link { url, until_ms } => {
            assert!(url.starts_with("https://gateway.example/scorecards/"), "{url}");
            assert_eq!(until_ms, NOW_MS + 7 * 86_400_000);
        }
        other => panic!("{other:?}"),
    }
    assert!(words(link("alpha", 91).await).starts_with("days: 91 is out of range"));
    assert!(words(link("nobody", 7).await).contains("names no supplier nobody"));
}

#[actix_web::test]
async fn a_supplier_that_is_drained_is_shown_so() {
    let desk = Desk::new().await;
    let word = SupplierWord {
        supplier: SupplierId::from("alpha"),
        signing: desk.signing(),
    };
    let reply = desk.stage.perform(AdminCall::SupplierDrain(word)).await;
    assert!(words(reply).starts_with("alpha gets nothing new"));
    match desk.stage.perform(AdminCall::SupplierList).await {
        AdminReply::Suppliers { suppliers } => {
            let alpha = suppliers.iter().find(|line| line.id.as_str() == "alpha").unwrap();
            assert_eq!(alpha.state, "draining");
        }
        other => panic!("{other:?}"),
    }
}
