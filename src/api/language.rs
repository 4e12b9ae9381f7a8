//! Which of our two languages a client reads, from `Accept-Language`.

use actix_web::HttpRequest;
use actix_web::http::header;

use crate::domain::failure::Locale;

/// The best match; Chinese where the client says nothing we speak.
pub(super) fn of(request: &HttpRequest) -> Locale {
    let header = request.headers().get(header::ACCEPT_LANGUAGE);
    header.and_then(|value| value.to_str().ok()).map_or(Locale::ZhCn, choose)
}

/// The value of `Content-Language`.
pub(super) fn tag(locale: Locale) -> &'static str {
    match locale {
        Locale::ZhCn => "zh-CN",
        Locale::En => "en",
    }
}

fn choose(header: &str) -> Locale {
    let mut best: Option<(u16, Locale)> = None;
    for range in header.split(',').take(32) {
        let mut parts = range.split(';');
        let language = parts.next().unwrap_or_default().trim();
        let primary = language.split('-').next().unwrap_or_default();
        let locale = if primary.eq_ignore_ascii_case("zh") {
            Locale::ZhCn
        } else if primary.eq_ignore_ascii_case("en") {
            Locale::En
        } else {
            continue;
        };
        let weight = parts
            .find_map(|part| part.trim().strip_prefix("q="))
            .map_or(1_000, |weight| thousandths(weight).unwrap_or(0));
        if weight > 0 && best.is_none_or(|(so_far, _)| weight > so_far) {
            best = Some((weight, locale));
        }
    }
    best.map_or(Locale::ZhCn, |(_, locale)| locale)
}

/// `0.8` as 800.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let is_short = fraction.len() <= 3 && fraction.bytes().all(|b| b.is_ascii_digit());
    let fraction = format!("{fraction:0<3}").parse::<u16>().ok().filter(|_| is_short)?;
    match whole {
        "0" => Some(fraction),
        "1" => (fraction == 0).then_some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_with_the_highest_weight_is_spoken() {
        for (header, locale) in [
            ("en", Locale::En),
            ("en-US,en;q=0.9,zh;q=0.8", Locale::En),
            ("zh-CN,zh;q=0.9,en;q=0.8", Locale::ZhCn),
            ("en;q=0.2, zh;q=0.7", Locale::ZhCn),
            ("fr, EN;q=0.1", Locale::En),
            ("zh;q=0, en;q=0.001", Locale::En),
            ("en;q=0", Locale::ZhCn),
            ("en;q=2", Locale::ZhCn),
            ("fr", Locale::ZhCn),
            ("*", Locale::ZhCn),
            ("", Locale::ZhCn),
            (";;,,q=", Locale::ZhCn),
        ] {
            assert_eq!(choose(header), locale, "{header:?}");
        }
    }
}
