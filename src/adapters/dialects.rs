//! The dialects that come with the gateway. Their names stand here, in their files, and in no other code.

/// Each by its file name without `.toml`, with its text.
pub(super) const EMBEDDED: [(&str, &str); 3] = [
    ("dayuanren", include_str!("dialects/dayuanren.toml")),
    ("kasushou", include_str!("dialects/kasushou.toml")),
    ("ofpay", include_str!("dialects/ofpay.toml")),
];
