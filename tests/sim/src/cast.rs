//! The suppliers that histories are cast from, and what each promises. All speak one of the gateway's
//! own dialects; one of them in a variant whose notifications nobody signs.

use std::sync::{Arc, OnceLock};

use recharge_gateway::adapters::{Adapter, Adapters};
use secrecy::SecretString;

/// The key that signs between the gateway and every supplier.
pub const KEY: &str = "testkey";

const DIALECT: &str = include_str!("../../../src/adapters/dialects/dayuanren.toml");

/// One supplier of the cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Character {
    /// Its name.
    pub name: &'static str,
    /// The same number is charged at most once.
    pub deduplicates: bool,
    /// Failed and refused numbers stay used up.
    pub keeps_failed_ids: bool,
    /// A failure that it reports is final.
    pub failed_is_final: bool,
    /// It does not keep what it promises.
    pub breaks_promises: bool,
    /// Its notifications are only a reason to ask.
    pub is_unsigned: bool,
    /// It is asked to withdraw what has been in doubt for a while.
    pub withdraws: bool,
}

const KEEPER: Character = Character {
    name: "",
    deduplicates: true,
    keeps_failed_ids: true,
    failed_is_final: true,
    breaks_promises: false,
    is_unsigned: false,
    withdraws: false,
};

/// Everybody who may take part.
pub const CAST: [Character; 7] = [
    Character {
        name: "ada",
        withdraws: true,
        ..KEEPER
    },
    Character { name: "bea", ..KEEPER },
    Character {
        name: "cleo",
        withdraws: true,
        deduplicates: false,
        keeps_failed_ids: false,
        ..KEEPER
    },
    Character {
        name: "dora",
        withdraws: true,
        deduplicates: false,
        keeps_failed_ids: false,
        failed_is_final: false,
        ..KEEPER
    },
    Character {
        name: "ella",
        failed_is_final: false,
        ..KEEPER
    },
    Character {
        name: "fay",
        is_unsigned: true,
        ..KEEPER
    },
    Character {
        name: "gwen",
        breaks_promises: true,
        ..KEEPER
    },
];

/// How long a supplier that deduplicates remembers; no history lasts as long.
const HORIZON_MS: i64 = 14_400_000;

/// The codecs of the cast, made once a process.
///
/// # Panics
/// When the tables below do not load.
pub fn adapters() -> &'static [Arc<Adapter>] {
    static ADAPTERS: OnceLock<Vec<Arc<Adapter>>> = OnceLock::new();
    ADAPTERS.get_or_init(|| {
        let text: String = CAST.iter().map(table).collect();
        let secret = |_: &str| Some(SecretString::from(KEY));
        let loaded = Adapters::load("adapters.toml", &text, &secret, &[("unsigned.toml".to_owned(), unsigned())]);
        let loaded = loaded.unwrap_or_else(|error| panic!("the cast does not load: {error:?}"));
        loaded.iter().cloned().collect()
    })
}

/// The dialect with notifications that anybody could have sent: no signature, so they prove nothing.
/// Its samples of forgeries go with it.
fn unsigned() -> String {
    let (before, rest) = DIALECT.split_once("[notification.verify]").unwrap();
    let (_, rest) = rest.split_once("[notification.acknowledge]").unwrap();
    let at = before.rfind("trust = \"fact\"").unwrap();
    let (head, tail) = before.split_at(at);
    let tail = tail.replacen("\"fact\"", "\"trigger\"", 1);
    let mut text = format!("{head}{tail}[notification.acknowledge]");
    for (place, piece) in rest.split("[[notification.sample]]").enumerate() {
        let (sample, after) = piece.split_once("\n[").unwrap_or((piece, ""));
        if place == 0 {
            text.push_str(piece);
        } else if !sample.contains("reads = \"forged\"") {
            text.push_str("[[notification.sample]]");
            text.push_str(piece);
        } else if !after.is_empty() {
            text.push('[');
            text.push_str(after);
        }
    }
    text
}

fn table(character: &Character) -> String {
    let Character {
        name,
        deduplicates,
        keeps_failed_ids,
        failed_is_final,
        ..
    } = character;
    let recall = if character.withdraws { "recall_after_ms = 15000\n" } else { "" };
    let dialect = if character.is_unsigned { "unsigned" } else { "dayuanren" };
    format!(
        "[supplier.{name}]\ndialect = \"{dialect}\"\nbase_url = \"https://{name}.example\"\nsubmit_timeout_ms = 1000\n\
         query_timeout_ms = 1000\n{recall}secrets = {{ key = \"KEY\" }}\ncfg = {{ userid = \"10001\" }}\n\
         status.submit = {{ \"4\" = \"refused:supplier_balance\", \"9\" = \"succeeded\" }}\n\
         [supplier.{name}.promises]\ndeduplicates = {deduplicates}\nkeeps_failed_ids = {keeps_failed_ids}\n\
         horizon_ms = {HORIZON_MS}\nfailed_is_final = {failed_is_final}\n"
    )
}
