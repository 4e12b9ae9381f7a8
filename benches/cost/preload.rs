//! Orders of old: a database that has been at work for a while, written through the store's own
//! door with the domain's own decisions.

use anyhow::{Context, ensure};
use recharge_gateway::domain::decide::{Facts, Input, accept, decide};
use recharge_gateway::domain::effect::Effect;
use recharge_gateway::domain::ids::{EvidenceId, OrderId, ProcessId, ShopId, ShopOrderNo, Sku, SupplierId};
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::order::{Asked, Fingerprint, Terms};
use recharge_gateway::domain::outcome::{Outcome, Reading, Via};
use recharge_gateway::domain::plan::{Candidate, Plan, Stands};
use recharge_gateway::domain::policy::{Policy, RuleBook};
use recharge_gateway::domain::product::ProductKind;
use recharge_gateway::domain::recipient::Inputs;
use recharge_gateway::store::{Answer, CallbackState, CallbackTried, Command, Decision, Evidence, Store};

use crate::catalog::{AT_ONCE, COST_MINOR, FACE_MINOR, PRICE_MINOR};

/// 2026-01-01T00:00:00Z.
const BEGIN_MS: i64 = 1_767_225_600_000;
/// Orders written together.
const CHUNK: u32 = 160;

/// Writes `count` orders that succeeded long ago and whose shops were told.
pub async fn orders(store: &impl Store, count: u32) -> anyhow::Result<()> {
    let mut next = 0;
    while next < count {
        let until = count.min(next + CHUNK);
        let mut commands = Vec::new();
        for number in next..until {
            commands.extend(order(number)?);
        }
        let answers = store.commit_all(commands).await;
        let refused = answers.iter().find(|answer| **answer != Answer::Done);
        ensure!(refused.is_none(), "an order of old was not written: {refused:?}");
        next = until;
    }
    Ok(())
}

/// Accepted and sent, succeeded, told: the three commits of an order's life.
fn order(number: u32) -> anyhow::Result<[Command; 3]> {
    let at_ms = BEGIN_MS + i64::from(number) * 3;
    let id = OrderId::compose(at_ms, 1, 0).context("an id")?;
    let (policy, rules) = (Policy::default(), RuleBook::default());
    let facts = Facts {
        policy: &policy,
        rules: &rules,
        process: ProcessId(1),
    };
    let account = format!("137{number:08}");
    let inputs = Inputs([("account".to_owned(), account.clone())].into_iter().collect());
    let supplier = SupplierId::from("river");
    let accepted = accept(id, terms(number, at_ms, &inputs)?, plan(&supplier)?, Some(&supplier), facts, at_ms)
        .map_err(|refusal| anyhow::anyhow!("not accepted: {refusal:?}"))?;
    let evidence = Evidence {
        id: EvidenceId(format!("ev_{:016x}{number:08x}", u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15)).as_str().into()),
        order: Some(id),
        seq: Some(1),
        supplier,
        via: Via::Submit,
        status: Some(200),
        body: format!("<?xml version=\"1.0\" encoding=\"GBK\"?>\n<orderinfo><err_msg></err_msg><retcode>1</retcode><orderid>OF{number}</orderid><cardid>140101</cardid><cardnum>100</cardnum><ordercash>98.00</ordercash><cardname>mobile</cardname><sporder_id>{id}01</sporder_id><game_userid>{account}</game_userid><game_state>1</game_state></orderinfo>").into_bytes(),
        at_ms: at_ms + 1,
    };
    let input = Input::Fact {
        seq: 1,
        via: Via::Submit,
        reading: Reading {
            outcome: Outcome::Succeeded { deliveries: Vec::new() },
            supplier_ref: Some(format!("OF{number}")),
            cost: Some(Money::new(COST_MINOR, Currency::Cny)),
        },
        evidence: Some(evidence.id.clone()),
    };
    let won = decide(&accepted.after, input, facts, at_ms + 1).map_err(|refusal| anyhow::anyhow!("not won: {refusal:?}"))?;
    let callback = won.effects.iter().find_map(|effect| {
        if let Effect::Tell(callback) = effect {
            Some(callback.id.clone())
        } else {
            None
        }
    });
    let told = CallbackTried {
        id: callback.context("a callback")?,
        state: CallbackState::Delivered,
        tries: 1,
        at_ms: at_ms + 2,
        result: "HTTP 204".to_owned(),
    };
    let decision = |change, inputs, evidence| Command::Decide(Box::new(Decision { change, inputs, evidence }));
    Ok([
        decision(accepted, Some(inputs), Vec::new()),
        decision(won, None, vec![evidence]),
        Command::CallbackTried(told),
    ])
}

fn terms(number: u32, at_ms: i64, inputs: &Inputs) -> anyhow::Result<Terms> {
    let sku = Sku::from(AT_ONCE);
    let callback_url = "http://127.0.0.1:12345/told";
    let fingerprint = Fingerprint::of(&Asked {
        sku: &sku,
        quantity: 1,
        face_value: None,
        max_price: None,
        inputs,
        callback_url: Some(callback_url),
        deadline_seconds: None,
    });
    Ok(Terms {
        shop: ShopId(i64::from(number % 10) + 1),
        shop_order_no: ShopOrderNo::from(format!("old{number:08}").as_str()),
        sku,
        kind: ProductKind::TopUp,
        quantity: 1,
        face: Money::new(FACE_MINOR, Currency::Cny),
        price: Money::new(PRICE_MINOR, Currency::Cny),
        may_lose_money: false,
        floor_minor: 0,
        fingerprint,
        deadline_ms: at_ms + 3_600_000,
        callback_url: Some(callback_url.to_owned()),
        segment: None,
        advance_after_ms: None,
    })
}

fn plan(supplier: &SupplierId) -> anyhow::Result<Plan> {
    Ok(Plan {
        candidates: vec![Candidate {
            supplier: supplier.clone(),
            settings: serde_json::from_value(serde_json::Value::String("0".repeat(64)))?,
            code: "140101".into(),
            cost: Money::new(COST_MINOR, Currency::Cny),
            stands: Stands::default(),
        }],
        skipped: Vec::new(),
        ..Plan::default()
    })
}
