//! What went wrong with a request, and what to do about it.

use crate::api::problem::Problem;
use crate::domain::failure::Locale;

use super::pick;

/// The kind of problem, in a few words; the same for every occurrence.
pub(crate) fn title(problem: &Problem, locale: Locale) -> &'static str {
    let (zh, en) = match problem {
        Problem::CredentialMissing { .. } => ("缺少签名请求头", "A signing header is missing"),
        Problem::CredentialMalformed { .. } => ("签名请求头格式不对", "A signing header is malformed"),
        Problem::TimestampOutOfWindow { .. } => ("时间戳超出允许范围", "The timestamp is out of the window"),
        Problem::SignatureWrong => ("密钥或签名不正确", "Key or signature is wrong"),
        Problem::NonceRepeated => ("随机串已使用过", "The nonce was used before"),
        Problem::ShopSuspended => ("商户已停用", "The shop is suspended"),
        Problem::OrderNotFound => ("没有此订单", "No such order"),
        Problem::OrderInFlight { .. } => (
            "订单已提交给供货商，不能取消",
            "A supplier may have the order: it cannot be called off",
        ),
        Problem::OrderEnded { .. } => ("订单已结束，不能取消", "The order has ended: it cannot be called off"),
        Problem::RouteUnknown => ("没有此接口", "No such path"),
        Problem::MethodWrong { .. } => ("请求方法不对", "Wrong method"),
        Problem::BodyTimeout => ("请求体接收超时", "The body took too long"),
        Problem::BodyBroken => ("请求体中断", "The body broke off"),
        Problem::BodyTooLarge { .. } => ("请求体过大", "The body is too large"),
        Problem::NotJson => ("请求体不是 JSON 类型", "The body is not declared as JSON"),
        Problem::JsonUnreadable { .. } => ("JSON 无法解析", "The JSON cannot be read"),
        Problem::JsonNotAnObject => ("JSON 不是对象", "The JSON is not an object"),
        Problem::JsonDuplicateKey { .. } => ("JSON 含有重复的键", "A JSON key stands twice"),
        Problem::JsonTooDeep { .. } | Problem::JsonTooManyKeys { .. } => ("JSON 过于复杂", "The JSON is too complex"),
        Problem::Fields(_) => ("字段有误", "Fields are wrong"),
        Problem::NumberUsed { .. } => ("订单号已用于其他内容", "The number was used for other content"),
        Problem::InsufficientBalance { .. } => ("余额不足", "The balance is too low"),
        Problem::ShopBusy => ("该商户并发请求过多", "Too many requests of this shop at once"),
        Problem::NoncesExhausted => ("该商户请求过于频繁", "Too many requests of this shop"),
        Problem::Overloaded => ("系统繁忙", "Too much is waiting"),
        Problem::Unavailable => ("服务暂不可用", "Not available at the moment"),
        Problem::OrderUnreadable { .. } => ("订单已存在，暂时无法显示", "The order stands but cannot be shown now"),
        Problem::OutcomeUnknown => ("下单结果未知", "The outcome is unknown"),
        Problem::SupplierUnknown => ("没有此供货商", "No such supplier"),
        Problem::NotificationNotAuthentic => ("通知未通过验证", "The notification is not authentic"),
        Problem::NotificationUnreadable => ("通知无法解析", "The notification cannot be read"),
        Problem::NotificationsTooMany => ("通知过于频繁", "Too many notifications"),
    };
    pick(locale, zh, en)
}

/// What happened this time.
pub(crate) fn detail(problem: &Problem, locale: Locale) -> String {
    let (zh, en) = match problem {
        Problem::CredentialMissing { header } => (format!("请求缺少 {header}。"), format!("The request has no {header}.")),
        Problem::CredentialMalformed { header } => (
            format!("{header} 格式不对，或出现了多次。"),
            format!("{header} is not in its form, or is there more than once."),
        ),
        Problem::TimestampOutOfWindow {
            now_seconds,
            window_seconds,
        } => (
            format!("X-Timestamp 与服务器时间 {now_seconds} 相差超过 {window_seconds} 秒。"),
            format!("X-Timestamp is more than {window_seconds} seconds from our clock, which says {now_seconds}."),
        ),
        Problem::InsufficientBalance { available, price } => (
            format!("可用余额 {available}，订单金额 {price}。"),
            format!("Available is {available}; the order costs {price}."),
        ),
        Problem::MethodWrong { allows } => (format!("此接口支持：{allows}。"), format!("This path answers: {allows}.")),
        Problem::BodyTooLarge { max_bytes } => (
            format!("请求体不得超过 {max_bytes} 字节。"),
            format!("A body may have at most {max_bytes} bytes."),
        ),
        Problem::JsonUnreadable { line, column } => (
            format!("第 {line} 行第 {column} 列不是合法的 JSON。"),
            format!("Not JSON at line {line}, column {column}."),
        ),
        Problem::JsonDuplicateKey { .. } => (
            "同一个对象中出现了两次相同的键。".to_owned(),
            "One object has the same key twice.".to_owned(),
        ),
        Problem::JsonTooDeep { max } => (
            format!("嵌套不得超过 {max} 层。"),
            format!("At most {max} levels of nesting are read."),
        ),
        Problem::JsonTooManyKeys { max } => (
            format!("一个对象不得超过 {max} 个键。"),
            format!("At most {max} keys of one object are read."),
        ),
        Problem::Fields(flaws) => {
            let fields: Vec<&str> = flaws.iter().map(|flaw| flaw.field.as_str()).collect();
            let fields = fields.join(", ");
            (format!("请检查：{fields}。"), format!("Look at: {fields}."))
        }
        Problem::NumberUsed { order } => (
            format!("该订单号已属于订单 {order}，其内容不同。"),
            format!("The number belongs to order {order}, which has other content."),
        ),
        Problem::OrderUnreadable { order } => (format!("订单 {order} 已受理。"), format!("Order {order} was accepted and stands.")),
        Problem::OrderInFlight { order } => (
            format!("订单 {order} 有一次提交尚无结果，可能会到账。"),
            format!("An attempt of order {order} is open and may deliver."),
        ),
        Problem::OrderEnded { order } => (
            format!("订单 {order} 的结果不再改变。"),
            format!("The verdict of order {order} stands."),
        ),
        Problem::OutcomeUnknown => (
            "不能确定订单是否已经写入。".to_owned(),
            "It is not known whether the order was written.".to_owned(),
        ),
        Problem::SignatureWrong
        | Problem::NonceRepeated
        | Problem::ShopSuspended
        | Problem::OrderNotFound
        | Problem::RouteUnknown
        | Problem::BodyTimeout
        | Problem::BodyBroken
        | Problem::NotJson
        | Problem::JsonNotAnObject
        | Problem::ShopBusy
        | Problem::NoncesExhausted
        | Problem::Overloaded
        | Problem::Unavailable
        | Problem::SupplierUnknown
        | Problem::NotificationNotAuthentic
        | Problem::NotificationUnreadable
        | Problem::NotificationsTooMany => {
            let title = title(problem, locale);
            (format!("{title}。"), format!("{title}."))
        }
    };
    pick(locale, zh, en)
}

/// What to do now.
pub(crate) fn remedy(problem: &Problem, locale: Locale) -> &'static str {
    let (zh, en) = match problem {
        Problem::CredentialMissing { .. } | Problem::CredentialMalformed { .. } => (
            "请按接口文档的“签名”一节补全四个请求头，每个只出现一次。",
            "Send all four headers once each, as the documentation's chapter on signing says.",
        ),
        Problem::TimestampOutOfWindow { .. } => (
            "请校准服务器时间，用当前的 unix 秒重新签名，订单号不变。",
            "Set your clock, sign again with the present unix seconds, same number.",
        ),
        Problem::SignatureWrong => (
            "请核对 X-Shop-Key 与密钥，并用文档中的示例向量检验签名代码。",
            "Check X-Shop-Key and the secret, and try your code on the example in the documentation.",
        ),
        Problem::NonceRepeated => (
            "请用新的 X-Nonce 重新签名，订单号不变。",
            "Sign again with a new X-Nonce, same number.",
        ),
        Problem::ShopSuspended => (
            "请联系运营；查询接口仍可使用。",
            "Talk to the operator; looking at orders still works.",
        ),
        Problem::OrderNotFound => (
            "请核对编号；若下单请求仍在途中，请用同一订单号再次提交。",
            "Check the number; if its request went unanswered, send that request again with the same number.",
        ),
        Problem::OrderInFlight { .. } => (
            "请等待结果回调，不要给买家退款；若本次提交失败且尚未转下一家，可再次取消。",
            "Wait for the callback and do not refund the buyer; should the attempt fail, you may ask again.",
        ),
        Problem::OrderEnded { .. } => ("请查询该订单的结果。", "Look at the order for its verdict."),
        Problem::RouteUnknown | Problem::MethodWrong { .. } => {
            ("请对照接口文档检查路径和方法。", "Check path and method against the documentation.")
        }
        Problem::BodyTimeout | Problem::BodyBroken => (
            "请一次性发完请求体；重新签名后用同一订单号重发。",
            "Send the body in one go; sign and send again with the same number.",
        ),
        Problem::BodyTooLarge { .. } => ("请缩短请求体。", "Send a shorter body."),
        Problem::NotJson => ("请设置 Content-Type: application/json。", "Set Content-Type: application/json."),
        Problem::JsonUnreadable { .. }
        | Problem::JsonNotAnObject
        | Problem::JsonDuplicateKey { .. }
        | Problem::JsonTooDeep { .. }
        | Problem::JsonTooManyKeys { .. } => (
            "请用 JSON 库生成 UTF-8 编码的对象，每个键只出现一次。",
            "Let a JSON library write one object in UTF-8, each key once.",
        ),
        Problem::Fields(_) => (
            "请按 errors 逐项修改后，用同一订单号重发；本次请求未产生订单。",
            "Change what errors lists and send it again, same number; this request made no order.",
        ),
        Problem::NumberUsed { .. } => (
            "若是重试，请发送与当初完全相同的内容；若是新订单，请换新的订单号。",
            "If this is a retry, send exactly what was sent first; if it is a new order, use a new number.",
        ),
        Problem::InsufficientBalance { .. } => (
            "请充值后用同一订单号重发；未扣款。",
            "Top up your balance, then send again with the same number; nothing was charged.",
        ),
        Problem::ShopBusy | Problem::NoncesExhausted => (
            "请降低并发，在 Retry-After 之后用同一订单号重发。",
            "Send fewer at once; send this again after Retry-After, same number.",
        ),
        Problem::Overloaded | Problem::Unavailable => (
            "本次请求未产生订单；请在 Retry-After 之后用同一订单号重发。若之前同号请求没有得到答复，它的订单可能存在。",
            "This request made no order; send it again after Retry-After, same number. \
             If an earlier one with this number went unanswered, its order may stand.",
        ),
        Problem::OrderUnreadable { .. } => (
            "请稍后查询该订单，或用同一订单号重发相同内容。",
            "Look at the order later, or send the same request again with the same number.",
        ),
        Problem::OutcomeUnknown => (
            "请用同一订单号再次发送相同的请求。",
            "Send the same request again with the same number.",
        ),
        Problem::SupplierUnknown => ("请检查通知地址。", "Check the notification's address."),
        Problem::NotificationNotAuthentic => ("请检查签名和来源地址。", "Check the signature and the sending address."),
        Problem::NotificationUnreadable => ("请检查通知的格式。", "Check the notification's format."),
        Problem::NotificationsTooMany => ("请稍后重发。", "Send again later."),
    };
    pick(locale, zh, en)
}
