//! What is wrong with a field, and what to write instead.

use crate::api::problem::{Fault, Kind};
use crate::dispatch::FieldProblem;
use crate::domain::failure::Locale;

use super::pick;

/// The stable word for a fault.
pub(crate) fn code(fault: &Fault) -> &'static str {
    match fault {
        Fault::Problem(problem) => match problem {
            FieldProblem::Missing => "missing",
            FieldProblem::NotAsked => "not_asked",
            FieldProblem::NoSuchProduct => "no_such_product",
            FieldProblem::Length { .. } => "length",
            FieldProblem::Characters => "characters",
            FieldProblem::NotMoney => "not_money",
            FieldProblem::NotOnSale { .. } => "not_on_sale",
            FieldProblem::OutOfRange { .. } => "out_of_range",
            FieldProblem::PriceAbove { .. } => "price_above",
            FieldProblem::NotCallable => "not_callable",
        },
        Fault::UnknownField { .. } => "unknown_field",
        Fault::WrongType { .. } => "wrong_type",
        Fault::Repeated => "repeated",
    }
}

/// What is wrong.
pub(crate) fn message(fault: &Fault, locale: Locale) -> String {
    let text = match fault {
        Fault::Problem(problem) => return problem_message(problem, locale),
        Fault::UnknownField { .. } => pick(locale, "没有这个字段。", "There is no such field."),
        Fault::WrongType { .. } => pick(locale, "JSON 类型不对。", "The JSON type is wrong."),
        Fault::Repeated => pick(locale, "出现了多次。", "Given more than once."),
    };
    text.to_owned()
}

fn problem_message(problem: &FieldProblem, locale: Locale) -> String {
    match problem {
        FieldProblem::Missing => pick(locale, "缺少必填字段。", "Required, but absent.").to_owned(),
        FieldProblem::NotAsked => pick(locale, "该商品不需要此字段。", "This product does not ask for it.").to_owned(),
        FieldProblem::NoSuchProduct => pick(
            locale,
            "没有此商品，或商品已下架。",
            "There is no such product, or it is not on sale.",
        )
        .to_owned(),
        FieldProblem::Length { min, max } => pick(
            locale,
            format!("长度应为 {min} 至 {max} 个字符。"),
            format!("Must have {min} to {max} characters."),
        ),
        FieldProblem::Characters => pick(locale, "含有不允许的字符。", "Contains characters that are not allowed.").to_owned(),
        FieldProblem::NotMoney => pick(
            locale,
            "不是该商品币种的十进制金额。",
            "Not a decimal amount in the product's currency.",
        )
        .to_owned(),
        FieldProblem::NotOnSale { choices } => {
            let choices = choices.join(", ");
            pick(
                locale,
                format!("该面值不在售；在售面值：{choices}。"),
                format!("This face value is not on sale; on sale: {choices}."),
            )
        }
        FieldProblem::OutOfRange { min, max } => pick(
            locale,
            format!("应在 {min} 至 {max} 之间。"),
            format!("Must be between {min} and {max}."),
        ),
        FieldProblem::PriceAbove { price } => pick(
            locale,
            format!("当前售价 {price} 高于 max_price。"),
            format!("The price is now {price}, above max_price."),
        ),
        FieldProblem::NotCallable => pick(locale, "不是可以回调的地址。", "Not an address that callbacks may be sent to.").to_owned(),
    }
}

/// What to write instead.
pub(crate) fn remedy(fault: &Fault, locale: Locale) -> String {
    let text = match fault {
        Fault::UnknownField { known } => {
            let known = known.join(", ");
            return pick(
                locale,
                format!("删除它，或检查拼写；可用字段：{known}。"),
                format!("Remove it, or check its spelling; the fields are: {known}."),
            );
        }
        Fault::WrongType { expected } => type_remedy(*expected, locale),
        Fault::Repeated => pick(locale, "只保留一个。", "Keep one of them."),
        Fault::Problem(problem) => problem_remedy(problem, locale),
    };
    text.to_owned()
}

fn type_remedy(expected: Kind, locale: Locale) -> &'static str {
    match expected {
        Kind::Text => pick(
            locale,
            "请用字符串，例如 \"98.50\"；金额和账号都是字符串。",
            "Send a string, such as \"98.50\": amounts and accounts are strings.",
        ),
        Kind::Whole => pick(locale, "请用不带引号的整数，例如 1。", "Send an integer without quotes, such as 1."),
        Kind::Object => pick(
            locale,
            "请用对象，例如 {\"account\": \"…\"}。",
            "Send an object, such as {\"account\": \"…\"}.",
        ),
    }
}

fn problem_remedy(problem: &FieldProblem, locale: Locale) -> &'static str {
    match problem {
        FieldProblem::Missing => pick(locale, "请补上该字段。", "Add the field."),
        FieldProblem::NotAsked => pick(
            locale,
            "删除它；所需字段见 GET /v1/products 的 inputs。",
            "Remove it; GET /v1/products lists what is asked for under inputs.",
        ),
        FieldProblem::NoSuchProduct => pick(locale, "请从 GET /v1/products 中选择 sku。", "Choose a sku from GET /v1/products."),
        FieldProblem::Length { .. } => pick(
            locale,
            "请按要求的长度填写；请与买家核对。",
            "Write it in the length asked for; check it with the buyer.",
        ),
        FieldProblem::Characters => pick(
            locale,
            "请去掉空格、符号等字符；允许的字符见接口文档。",
            "Remove spaces, signs and the like; the API's documentation lists what is allowed.",
        ),
        FieldProblem::NotMoney => pick(
            locale,
            "请用十进制数字，例如 98.50，小数位不超过币种的位数。",
            "Write decimal digits, such as 98.50, with no more decimals than the currency has.",
        ),
        FieldProblem::NotOnSale { .. } => pick(
            locale,
            "请选择在售面值之一；只有一种面值时可省略。",
            "Choose one that is on sale; where there is only one it may be left out.",
        ),
        FieldProblem::OutOfRange { .. } => pick(locale, "请改为范围内的数。", "Send a number within the range."),
        FieldProblem::PriceAbove { .. } => pick(
            locale,
            "提高 max_price 或放弃下单；未扣款。",
            "Raise max_price, or do not order; nothing was charged.",
        ),
        FieldProblem::NotCallable => pick(
            locale,
            "请用公网可访问的 http 或 https 绝对地址。",
            "Send an absolute http or https URL at a public address.",
        ),
    }
}
