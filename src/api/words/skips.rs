//! Why a supplier was chosen or left out, as shops are told: no supplier's name, no score, no cost.

use super::pick;
use super::timeline::clock;
use crate::domain::failure::Locale;
use crate::domain::plan::{Because, Choice, SkipReason};

pub(super) fn skip_reason(reason: &SkipReason, locale: Locale) -> String {
    let (zh, en) = match reason {
        SkipReason::OfferDisabled => ("目前不供应此商品", "does not offer this product at the moment"),
        SkipReason::SupplierAbsent => ("已不再合作", "is no longer used"),
        SkipReason::SupplierPaused | SkipReason::ForcedOpen => ("已暂停", "is paused"),
        SkipReason::CostAbovePrice { .. } | SkipReason::CostAboveCeiling { .. } => ("无法按此价格供货", "cannot deliver at this price"),
        SkipReason::AlreadyRefused { seq } => {
            return pick(locale, format!("已在第 {seq} 次尝试中拒绝"), format!("refused in attempt {seq}"));
        }
        SkipReason::Unreachable { until_ms } => {
            let until = clock(*until_ms);
            return pick(
                locale,
                format!("刚才无法连接，{until} 后再试"),
                format!("could not be reached a moment ago; again after {until}"),
            );
        }
        SkipReason::CircuitOpen { until_ms, .. } | SkipReason::Probing { until_ms } => {
            let until = clock(*until_ms);
            return pick(
                locale,
                format!("近期失败较多，{until} 后再试"),
                format!("failed too often of late; again after {until}"),
            );
        }
        SkipReason::Calendar { until_ms, .. } => {
            let until = clock(*until_ms);
            return pick(
                locale,
                format!("计划维护至 {until}"),
                format!("is under planned maintenance until {until}"),
            );
        }
        SkipReason::DailyOrders { until_ms } | SkipReason::DailyCost { until_ms } => {
            let until = clock(*until_ms);
            return pick(
                locale,
                format!("今日额度已用完，{until} 后再试"),
                format!("takes no more today; again after {until}"),
            );
        }
        SkipReason::RecipientTooSoon { until_ms } => {
            let until = clock(*until_ms);
            return pick(
                locale,
                format!("同一账号刚刚提交过，{until} 后再试"),
                format!("has just had an order for this recipient; again after {until}"),
            );
        }
        SkipReason::NotPinned | SkipReason::NotForShop | SkipReason::NotStrict => ("不用于此类订单", "is not used for such orders"),
        SkipReason::NotForNumber { .. } => ("不供应此号码的运营商或地区", "does not serve the number's carrier or region"),
        SkipReason::WaitTooLong { .. } => ("排队过长，无法及时提交", "is too busy to be sent to in time"),
        SkipReason::AttemptsExhausted => ("未再尝试：次数已用完", "was not tried: no attempts are left"),
    };
    pick(locale, zh, en).to_owned()
}

/// Why the supplier came first among several; nothing where it was the usual one.
pub(super) fn chosen(choice: &Choice, locale: Locale) -> &'static str {
    let (zh, en) = match choice.stands.because {
        Because::Priority => return "",
        Because::Cost | Because::Value | Because::Weight => ("按该商品的选择规则选用。", " Chosen by the product's rule."),
        Because::Explored => ("用于更新供货商评分。", " Chosen so that its score stays up to date."),
        Because::Probe => ("用于确认该供货商是否恢复。", " Chosen to see whether it has recovered."),
        Because::Returning => ("该供货商正在逐步恢复。", " It is on its way back."),
        Because::Demoted => ("其他供货商当前不可用。", " No better supplier could be had."),
        Because::BestOfBad => (
            "供货商均不稳定，选用其中较好的。",
            " All suppliers are in trouble; this was the best of them.",
        ),
        Because::Pinned => ("由运营指定。", " Chosen by the operator."),
    };
    pick(locale, zh, en)
}
