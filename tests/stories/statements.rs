//! Statement checks (R20): a supplier's own books against ours, and what follows from a difference.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets another reply should stop where it stands"
)]

use mock_suppliers::Fault;
use recharge_gateway::console::{AdminCall, AdminReply, CaseFinding, FindingWord, Once, Signing, StatementAsked, StatementReport};
use recharge_gateway::domain::ids::SupplierId;
use recharge_gateway::domain::ledger::Account;
use recharge_gateway::domain::policy::Policy;
use recharge_gateway::seams::Clock;

use crate::desk::{signing, two_operators};
use crate::house::{COST_MINOR, House, PRICE_MINOR, Settings, script};

const FORM: &str =
    "statement = { number = \"单号\", cost = \"金额\", state = \"状态\", delivered = [\"成功\"], not_delivered = [\"失败\"] }";
const HEAD: &str = "金额,单号,状态\n";

/// Stone's statements can be read; doubts become cases after half a second.
fn settings() -> Settings {
    let settings = Settings::default();
    let policy = Policy {
        doubt_case_after_ms: 500,
        ..settings.policy.clone()
    };
    let more = ["stone", "river"].map(|name| (name, FORM.to_owned()));
    Settings {
        policy,
        more: more.into(),
        ..settings
    }
}

/// Charged at stone, which swallows its answer and denies it to every query.
async fn denied(house: &House, number: &str, recipient: &str) -> String {
    script(
        &house.stone,
        recipient,
        &[Fault::ChargeThenHang, Fault::NotFoundThenSuccess { times: 1_000 }, Fault::NoNotify],
    );
    let id = house.place(number, "stone", recipient).await;
    house.until_cases(1).await;
    id
}

/// A moment by the suppliers' clock, `hours` from now.
fn moment(house: &House, hours: i64) -> String {
    let at_ms = house.clock.now_ms() + (8 + hours) * 3_600_000;
    let at = recharge_gateway::domain::report::rfc3339(at_ms);
    at.split('.').next().unwrap().trim_end_matches('Z').to_owned()
}

async fn check(house: &House, supplier: &str, text: &str, pass: Option<&str>) -> StatementReport {
    let asked = StatementAsked {
        supplier: SupplierId::from(supplier),
        text: text.to_owned(),
        from: moment(house, -2),
        until: Some(moment(house, 2)),
        signing: pass.map(|pass| Signing {
            pass: Once(pass.to_owned()),
            reason: "from their portal".to_owned(),
        }),
    };
    match house.desk(AdminCall::StatementCheck(asked)).await {
        AdminReply::Statement(report) => *report,
        other => panic!("{other:?}"),
    }
}

fn found(report: &StatementReport) -> Vec<(&str, &str)> {
    let told = report.differences.iter();
    told.map(|told| (told.number.as_str(), told.found.as_str())).collect()
}

#[actix_web::test]
async fn a_delivery_that_only_the_statement_knows_counts_once_two_persons_have_checked_it() {
    let house = House::open_with(settings()).await;
    let [li, wang] = two_operators(&house).await;
    let id = denied(&house, "A1", "13800000001").await;
    let text = format!("{HEAD}97.00,{id}01,成功\n");
    let dry = check(&house, "stone", &text, None).await;
    assert_eq!(found(&dry), [(format!("{id}01").as_str(), "charged")]);
    assert!(dry.is_dry_run && dry.case.is_none() && house.cases().await.len() == 1);
    for _ in 0..2 {
        let first = check(&house, "stone", &text, Some(&li)).await;
        assert!(first.settling.as_ref().unwrap().contains("news to us"), "{first:?}");
        let (_, order) = house.shop.get(&format!("/v1/orders/{id}")).await;
        assert_eq!(order["finality"], "unknown", "one person is not enough");
    }
    let second = check(&house, "stone", &text, Some(&wang)).await;
    assert!(second.settling.as_ref().unwrap().starts_with("1 of 1"), "{second:?}");
    let order = house.until_final(&id).await;
    assert_eq!((&order["status"], house.charges(&id).len()), (&"succeeded".into(), 1));
    house.until_told(&id).await;
    assert_eq!(
        house
            .account(|account| *account == Account::SupplierPayable(SupplierId::from("stone")))
            .await,
        9_700
    );
    let after = check(&house, "stone", &text, Some(&li)).await;
    assert_eq!((after.agreed, after.differences.len(), after.settling), (1, 0, None));
    house.close().await;
}

#[actix_web::test]
async fn a_statement_finds_what_a_wrong_word_cost() {
    let mut house = House::open_with(settings()).await;
    house.expect_double_charges();
    let [li, wang] = two_operators(&house).await;
    let id = denied(&house, "A1", "13800000001").await;
    for pass in [&li, &wang] {
        let finding = CaseFinding {
            key: format!("overdue_doubt:{id}:1"),
            found: FindingWord::NotDelivered,
            amount: None,
            signing: signing(pass),
        };
        house.desk(AdminCall::CaseResolve(finding)).await;
    }
    assert_eq!(house.until_final(&id).await["status"], "succeeded");
    let text = format!("{HEAD}98.00,{id}01,成功\n");
    for pass in [&li, &wang] {
        let report = check(&house, "stone", &text, Some(pass)).await;
        assert_eq!((found(&report).len(), report.at_risk.as_str()), (1, "98.00 CNY"));
    }
    let cases: Vec<String> = house.cases().await.into_iter().map(|stored| stored.case.key).collect();
    assert!(cases.contains(&format!("double_delivery:{id}:1")), "{cases:?}");
    assert_eq!(house.account(|account| *account == Account::LossInDispute).await, -COST_MINOR);
    assert_eq!(house.money().await.1, "0.00");
    let (_, balance) = house.shop.get("/v1/balance").await;
    assert_eq!(balance["available"], "9900.50", "the shop pays once: {PRICE_MINOR}");
    house.close().await;
}

#[actix_web::test]
async fn everything_that_differs_is_told_and_one_case() {
    let house = House::open_with(settings()).await;
    let [li, _] = two_operators(&house).await;
    let mut ids = Vec::new();
    for n in 1..=5 {
        let order = house.order(&format!("A{n}"), "river", &format!("1380000000{n}")).await;
        ids.push(order["id"].as_str().unwrap().to_owned());
    }
    let lines = [
        format!("98.00,{}01,成功", ids[0]),
        format!("98.50,{}01,成功", ids[1]),
        format!("98.00,{}01,失败", ids[2]),
        format!("98.00,{}01,成功\n98.00,{}01,成功", ids[3], ids[3]),
        "98.00,77001,成功".to_owned(),
    ];
    let text = format!("{HEAD}{}\n", lines.join("\n"));
    let report = check(&house, "river", &text, Some(&li)).await;
    let number = |n: usize| format!("{}01", ids[n]);
    let mut told = found(&report);
    told.sort_unstable_by_key(|(_, found)| *found);
    assert_eq!(
        told,
        [
            (number(1).as_str(), "cost_differs"),
            (number(4).as_str(), "missing"),
            (number(2).as_str(), "not_charged"),
            ("77001", "stranger"),
            (number(3).as_str(), "twice"),
        ]
    );
    assert_eq!((report.agreed, report.at_risk.as_str()), (1, "294.50 CNY"));
    let again = check(&house, "river", &text, Some(&li)).await;
    assert_eq!((&again.case, again.differences), (&report.case, report.differences));
    let cases = house.cases().await;
    assert_eq!(cases.len(), 1);
    assert_eq!(
        (&report.case, cases[0].case.at_risk.unwrap().minor),
        (&Some(cases[0].case.key.clone()), 29_450)
    );
    house.close().await;
}

#[actix_web::test]
async fn what_is_no_statement_of_this_supplier_is_refused_with_a_remedy() {
    let house = House::open_with(settings()).await;
    let [li, _] = two_operators(&house).await;
    house.order("A1", "river", "13800000001").await;
    let ask = async |supplier: &str, text: &str, from: &str| {
        let asked = StatementAsked {
            supplier: SupplierId::from(supplier),
            text: text.to_owned(),
            from: from.to_owned(),
            until: None,
            signing: Some(signing(&li)),
        };
        match house.desk(AdminCall::StatementCheck(asked)).await {
            AdminReply::Failed(trouble) => format!("{} {}", trouble.message, trouble.remedy),
            other => panic!("{other:?}"),
        }
    };
    let line = format!("{HEAD}98.00,13800000001,成功\n");
    assert!(ask("ocean", &line, "2026-11-26").await.contains("no supplier ocean"));
    assert!(ask("north", &line, "2026-11-26").await.contains("[supplier.north.statement]"));
    assert!(ask("river", &line, "yesterday").await.contains("--from"));
    assert!(ask("river", "a,b\n1,2\n", "2026-11-26").await.contains("no line names the columns"));
    assert!(ask("river", &line, "2026-11-26").await.contains("was ever sent to river"));
    assert!(house.cases().await.is_empty());
    house.close().await;
}
