//! The story of an order: one sentence for each event, and one for what comes next.
//!
//! Nothing a supplier wrote is repeated (its codes and details would name it), and no cost.

use crate::api::timeline::Cast;
use crate::domain::attempt::{Extent, NotSentReason};
use crate::domain::case::CaseKind;
use crate::domain::event::Event;
use crate::domain::failure::{self, Locale};
use crate::domain::ids::Seq;
use crate::domain::order::{NextAction, Step};
use crate::domain::outcome::{Doubt, RefusalKind, Via};
use crate::domain::plan::Skip;

use super::pick;
use super::skips::{chosen, skip_reason};

/// What happened.
pub(crate) fn event(event: &Event, cast: &Cast, locale: Locale) -> String {
    let who = |seq: &Seq| supplier(cast.number_of(*seq), locale);
    let (zh, en) = match event {
        Event::OrderAccepted { terms, .. } => (
            format!("订单已受理，已冻结 {}。", terms.price),
            format!("The order was accepted and {} is held.", terms.price),
        ),
        Event::OrderWaiting { skipped, until_ms } => {
            let (until, why) = (clock(*until_ms), reasons(skipped, cast, locale));
            (
                format!("暂时没有可提交的供货商，最晚等到 {until}。{why}"),
                format!("No supplier can be tried now; waiting until {until} at the latest.{why}"),
            )
        }
        Event::AttemptOpened { seq, skipped, .. } => {
            let (who, why) = (who(seq), reasons(skipped, cast, locale));
            let chosen = event.choice().map(|choice| chosen(choice, locale)).unwrap_or_default();
            (
                format!("第 {seq} 次尝试：提交给{who}。{chosen}{why}"),
                format!("Attempt {seq}: sent to {who}.{chosen}{why}"),
            )
        }
        Event::AttemptResubmitted { seq, n, .. } => (
            format!("用同一单号第 {n} 次发送给{}；不会重复充值。", who(seq)),
            format!(
                "The same number was sent to {} again (transmission {n}); it cannot charge twice.",
                who(seq)
            ),
        ),
        Event::AttemptAccepted { seq, via, .. } => (
            format!("{}已接单，正在处理（{}）。", who(seq), heard(*via, locale)),
            format!("{} took the order and works on it ({}).", upper(&who(seq)), heard(*via, locale)),
        ),
        Event::AttemptDoubted { seq, via, doubt, .. } => (
            format!(
                "{}的结果尚不确定（{}）：{}。我们会继续查证。",
                who(seq),
                heard(*via, locale),
                doubted(doubt, locale)
            ),
            format!(
                "Nothing is certain yet about {} ({}): {}. We keep asking.",
                who(seq),
                heard(*via, locale),
                doubted(doubt, locale)
            ),
        ),
        Event::AttemptHinted { seq } => (
            format!("收到{}有新进展的消息，马上去查证。", who(seq)),
            format!("Word came that {} has news; it will be asked at once.", who(seq)),
        ),
        Event::AttemptConfirmed { seq } => (
            format!("再次向{}查证，没有新的情况。", who(seq)),
            format!("{} was asked again and told nothing new.", who(seq)),
        ),
        Event::AttemptWon { seq, via, extent, .. } => {
            let (zh, en) = match extent {
                Extent::Full => ("已全部到账".to_owned(), "delivered everything".to_owned()),
                Extent::Partial { delivered } => (format!("到账 {delivered}"), format!("delivered {delivered}")),
            };
            (
                format!("{}{zh}（{}）。", who(seq), heard(*via, locale)),
                format!("{} {en} ({}).", upper(&who(seq)), heard(*via, locale)),
            )
        }
        Event::AttemptRefused { seq, via, refusal, .. } => (
            format!("{}未充值（{}）：{}。", who(seq), heard(*via, locale), refused(refusal.kind, locale)),
            format!(
                "{} did not deliver ({}): {}.",
                upper(&who(seq)),
                heard(*via, locale),
                refused(refusal.kind, locale)
            ),
        ),
        Event::AttemptNotSent { seq, why } => (
            format!("未能发送给{}：{}。对方没有收到任何内容。", who(seq), not_sent(*why, locale)),
            format!("Nothing was sent to {}: {}. Not one byte left.", who(seq), not_sent(*why, locale)),
        ),
        Event::AttemptExcess { seq, via, .. } => (
            format!(
                "{}也到账了（{}）；多出的一次由我们承担，已交人工处理。",
                who(seq),
                heard(*via, locale)
            ),
            format!(
                "{} delivered too ({}); the second delivery is on us and a person looks at it.",
                upper(&who(seq)),
                heard(*via, locale)
            ),
        ),
        Event::AttemptLate { seq, via, .. } => (
            format!(
                "订单结束后{}才报告到账（{}）；结果不变，费用由我们承担，已交人工处理。",
                who(seq),
                heard(*via, locale)
            ),
            format!(
                "{} reported delivery after the order had ended ({}); the verdict stays, the cost is on us and a person looks at it.",
                upper(&who(seq)),
                heard(*via, locale)
            ),
        ),
        Event::AttemptAssumedDead { seq, .. } => (
            format!("长时间没有{}收到此单的任何迹象，不再等待。", who(seq)),
            format!(
                "For a long time nothing showed that {} ever received it; it is not waited for any more.",
                who(seq)
            ),
        ),
        Event::AttemptGivenUp { seq, .. } => (
            format!("经人工核实，{}没有到账，不再等待。", who(seq)),
            format!("A person found that {} did not deliver; it is not waited for any more.", who(seq)),
        ),
        Event::CostRecovered { .. } => (
            "与供货商的结算已由人工处理；订单不变。".to_owned(),
            "A person settled the cost with a supplier; the order stays as it is.".to_owned(),
        ),
        Event::AttemptContradicted { seq, via, .. } => (
            format!("{}前后说法不一（{}）；订单不变，已交人工处理。", who(seq), heard(*via, locale)),
            format!(
                "{} contradicted itself ({}); the order stays as it is and a person looks at it.",
                upper(&who(seq)),
                heard(*via, locale)
            ),
        ),
        Event::OrderSucceeded { .. } => (
            "订单成功，已扣款。".to_owned(),
            "The order succeeded and its price was charged.".to_owned(),
        ),
        Event::OrderPartiallySucceeded { delivered, captured, .. } => (
            format!("订单部分成功：到账 {delivered}，扣款 {captured}，其余已退回。"),
            format!("The order succeeded in part: {delivered} delivered, {captured} charged, the rest given back."),
        ),
        Event::OrderCancelled => (
            "订单已按商户要求取消，冻结金额已全部释放。".to_owned(),
            "The order was called off at the shop's wish; the hold is released in full.".to_owned(),
        ),
        Event::OrderFailed { failure } => {
            let message = failure::message(failure.code(), locale);
            (
                format!("订单失败，冻结金额已退回。{message}"),
                format!("The order failed and the held amount was given back. {message}"),
            )
        }
        Event::OrderRefunded { amount, .. } => (format!("已退款 {amount}。"), format!("{amount} was refunded.")),
        Event::OrderCharged { amount, .. } => (
            format!("订单结束后才到账，经商户同意补扣 {amount}。"),
            format!("{amount} was charged, by your consent, for what was delivered after the order had ended."),
        ),
        Event::OrderAdvanced { amount } => (
            format!("长时间没有确定结果，先行垫付退回 {amount}；查清后结算：若已到账，将再次扣回。"),
            format!(
                "Nothing has been certain for long: {amount} is given back in advance. The truth will settle it: if it was delivered, it is taken back."
            ),
        ),
        Event::AdvanceDeclined { .. } => (
            "长时间没有确定结果，请继续等待。".to_owned(),
            "Nothing has been certain for long; keep waiting.".to_owned(),
        ),
        Event::OrderOverdue => (
            "已过截止时间，但仍在等待供货商的结果；请勿重复下单或退款。".to_owned(),
            "The deadline passed while a supplier's answer is awaited; do not order again and do not refund.".to_owned(),
        ),
        Event::CaseOpened { kind, seq } => (
            format!("已交人工处理（{}）：{}。", who(seq), case(*kind, locale)),
            format!("A person was called ({}): {}.", who(seq), case(*kind, locale)),
        ),
    };
    pick(locale, zh, en)
}

/// What comes next, and when.
pub(crate) fn next(action: NextAction, cast: &Cast, locale: Locale) -> String {
    let at = clock(action.at_ms);
    let who = |seq: Seq| supplier(cast.number_of(seq), locale);
    let (zh, en) = match action.step {
        Step::Try => (
            format!("{at} 起选择供货商并提交。"),
            format!("From {at} on, a supplier is chosen and tried."),
        ),
        Step::Query { seq } => (
            format!("{at} 向{}查询第 {seq} 次尝试的结果。", who(seq)),
            format!("At {at}, {} is asked what became of attempt {seq}.", who(seq)),
        ),
        Step::Resubmit { seq } => (
            format!("{at} 用同一单号再次发送给{}；不会重复充值。", who(seq)),
            format!("At {at}, the same number is sent to {} again; it cannot charge twice.", who(seq)),
        ),
        Step::Recall { .. } => (
            format!("{at} 若仍无结果，申请撤单。"),
            format!("At {at}, if nothing is certain by then, the supplier is asked to withdraw it."),
        ),
        Step::Advance => (
            format!("{at} 若仍无结果，先行垫付退回货款。"),
            format!("At {at}, if nothing is certain by then, the price is given back in advance."),
        ),
        Step::Review => (format!("{at} 再次检查订单。"), format!("At {at}, the order is looked at again.")),
    };
    pick(locale, zh, en)
}

fn supplier(number: Option<usize>, locale: Locale) -> String {
    number.map_or_else(
        || pick(locale, "供货商", "a supplier").to_owned(),
        |number| pick(locale, format!("供货商 {number}"), format!("supplier {number}")),
    )
}

/// The first letter of a sentence.
fn upper(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `12:00:05 UTC`
pub(super) fn clock(at_ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    at.strftime("%H:%M:%S UTC").to_string()
}

fn heard(via: Via, locale: Locale) -> &'static str {
    match via {
        Via::Submit => pick(locale, "下单应答", "its reply"),
        Via::Query => pick(locale, "查单", "asked"),
        Via::Notification => pick(locale, "上游通知", "its notification"),
        Via::Recall => pick(locale, "撤单", "asked to withdraw it"),
        Via::Attestation => pick(locale, "人工认定", "a person's word"),
        Via::Statement => pick(locale, "上游账单", "its statement"),
    }
}

/// Why suppliers were left out, or nothing.
fn reasons(skipped: &[Skip], cast: &Cast, locale: Locale) -> String {
    let reasons: Vec<String> = skipped
        .iter()
        .map(|skip| {
            let who = supplier(cast.number(&skip.supplier), locale);
            let why = skip_reason(&skip.reason, locale);
            pick(locale, format!("{who}{why}"), format!("{who} {why}"))
        })
        .collect();
    if reasons.is_empty() {
        String::new()
    } else {
        let list = reasons.join(pick(locale, "；", "; "));
        pick(locale, format!("未选用：{list}。"), format!(" Left out: {list}."))
    }
}

fn doubted(doubt: &Doubt, locale: Locale) -> &'static str {
    let (zh, en) = match doubt {
        Doubt::Timeout => ("没有在时限内完整应答", "no complete answer came in time"),
        Doubt::ConnectionBroken => ("连接中断", "the connection broke"),
        Doubt::ReplyTooLarge => ("应答过长", "the answer was too long"),
        Doubt::HttpStatus { .. } => ("返回了异常的 HTTP 状态", "it answered with an unusual HTTP status"),
        Doubt::EmptyReply => ("应答为空", "the answer was empty"),
        Doubt::Unreadable { .. } => ("应答无法解析", "the answer could not be read"),
        Doubt::UnlistedCode { .. } => ("返回了未约定的代码", "it answered with a code that is not agreed"),
        Doubt::OrderExists => ("对方称单号已存在", "it says the number exists already"),
        Doubt::NotOurs { .. } => ("应答与本订单不符", "the answer does not fit this order"),
        Doubt::BadSignature => ("应答签名不正确", "the answer's signature is wrong"),
        Doubt::NotFound => ("对方称没有此单", "it says it knows no such number"),
        Doubt::DeliveriesMissing => ("称已成功但未给出卡密", "it reports success without the cards"),
        Doubt::FailureNotFinal => ("称已失败，但可能仍会变化", "it reports a failure that may still change"),
        Doubt::Interrupted => ("发送过程中断", "our sending was interrupted"),
        Doubt::EarlierTransmission => ("之前的发送可能已到达", "an earlier transmission may have arrived"),
        Doubt::RecallAsked => ("已申请撤单", "asked to withdraw it, and says later whether it did"),
        Doubt::QueryNotSent => ("查询未能发出", "the question could not be sent"),
    };
    pick(locale, zh, en)
}

fn refused(kind: RefusalKind, locale: Locale) -> &'static str {
    let (zh, en) = match kind {
        RefusalKind::Recipient => ("充值账号有误或受限", "the recipient is wrong or barred"),
        RefusalKind::Product => ("商品不可用", "the product is not available"),
        RefusalKind::Stock => ("缺货", "it is out of stock"),
        RefusalKind::SupplierBalance => ("对方暂时无法结算", "it could not bill the order"),
        RefusalKind::Maintenance => ("维护中", "it is under maintenance"),
        RefusalKind::Price => ("价格已变动", "its price has changed"),
        RefusalKind::Credentials => ("对方拒绝访问", "it refused access"),
        RefusalKind::Limit => ("对方限流", "it takes no more requests for now"),
        RefusalKind::Parameters => ("对方不接受订单内容", "it did not accept the order's details"),
        RefusalKind::Failed => ("接单后失败", "it failed after being taken"),
    };
    pick(locale, zh, en)
}

fn not_sent(why: NotSentReason, locale: Locale) -> &'static str {
    let (zh, en) = match why {
        NotSentReason::Address => ("地址无法解析", "its address did not resolve"),
        NotSentReason::Connect => ("无法建立连接", "no connection came about"),
        NotSentReason::Encoding => ("订单无法写成对方的格式", "the order cannot be written in its format"),
        NotSentReason::StampUnconfirmed => (
            "我们未能确认落盘，因此没有发送",
            "we could not confirm our own record of it, so nothing was sent",
        ),
        NotSentReason::NoTurn => (
            "对方的频率限制内没有及时轮到它",
            "its turn under the supplier's limits did not come in time",
        ),
        NotSentReason::StampOld => (
            "我们的进程曾停顿，恢复时已过了发送的时限，因此没有发送",
            "our process stood still until it was too late to send, so nothing was sent",
        ),
    };
    pick(locale, zh, en)
}

fn case(kind: CaseKind, locale: Locale) -> &'static str {
    let (zh, en) = match kind {
        CaseKind::OverdueDoubt => ("长时间没有确定结果", "nothing has been certain for too long"),
        CaseKind::LateSuccess => ("订单结束后才到账", "delivered after the order had ended"),
        CaseKind::DoubleDelivery => ("到账了两次", "delivered twice"),
        CaseKind::Contradiction => ("供货商前后说法不一", "a supplier contradicted itself"),
        CaseKind::RestoredOrder => ("系统恢复后需人工核对", "after a recovery a person checks the order"),
        CaseKind::AuditFinding => ("账目核对发现异常", "an audit found something wrong"),
        CaseKind::PromiseBroken => ("供货商违反约定", "a supplier did not keep what it promises"),
        CaseKind::StatementDifference => ("与供货商账单不一致", "a supplier's statement says something else"),
        CaseKind::OrphanNotification => ("收到无法对应的通知", "a notification names a number we never sent"),
    };
    pick(locale, zh, en)
}
