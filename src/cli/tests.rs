//! The command line from arguments to text, beside a running server and alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use clap::Parser;
use futures_util::future::LocalBoxFuture;

use super::arguments::Cli;
use super::explain::Failure;
use super::house::House;
use super::run::done;
use crate::audit::{Check, Finding, Tally};
use crate::config::Config;
use crate::console::stage::{CARD_SECRET, RECIPIENT, Stage};
use crate::console::{AdminContext, AdminSocket};
use crate::seams::{Spawner, TokioSpawner};
use crate::store::{SealKey, Signer};

/// A gateway whose database is the stage's; counts how often a command opened it by itself.
struct Small {
    context: AdminContext,
    opened: AtomicU32,
    served: AtomicU32,
    findings: Vec<Finding>,
}

impl House for Small {
    fn serve(&self, _config: Config, _recover: bool) -> LocalBoxFuture<'_, anyhow::Result<()>> {
        self.served.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    }

    fn open<'a>(&'a self, _config: &'a Config, _suppliers: bool) -> LocalBoxFuture<'a, anyhow::Result<AdminContext>> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        let alone = AdminContext {
            running: None,
            ..self.context.clone()
        };
        Box::pin(async { Ok(alone) })
    }

    fn audit<'a>(&'a self, _config: &'a Config) -> LocalBoxFuture<'a, anyhow::Result<Tally>> {
        let findings = self.findings.clone();
        Box::pin(async move { Ok(Tally { orders: 3, findings }) })
    }

    #[cfg(feature = "demo")]
    fn demo(&self, args: super::DemoArgs) -> LocalBoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move { anyhow::bail!("seed {}", args.seed) })
    }
}

struct Desk {
    stage: Stage,
    house: Small,
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let stage = Stage::new();
        let house = Small {
            context: stage.context.clone(),
            opened: AtomicU32::new(0),
            served: AtomicU32::new(0),
            findings: Vec::new(),
        };
        let folder = tempfile::tempdir().unwrap();
        let text = format!("[store]\npath = {:?}\n", folder.path().join("g.db"));
        std::fs::write(folder.path().join("gateway.toml"), text).unwrap();
        Self { stage, house, folder }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    async fn types(&self, line: &[&str]) -> Result<String, String> {
        let settings = self.folder.path().join("gateway.toml");
        let words = ["recharge-gateway"].into_iter().chain(line.iter().copied());
        let cli = Cli::try_parse_from(words.chain(["--config", settings.to_str().unwrap()])).map_err(|error| error.to_string())?;
        done(cli, &self.house).await.map_err(Failure::explained)
    }

    async fn imports(&self, what: &str, path: &Path) -> Result<String, String> {
        self.types(&[what, "import", path.to_str().unwrap()]).await
    }
}

#[test]
fn the_commands_are_well_formed() {
    use clap::CommandFactory;
    Cli::command().debug_assert();
}

#[tokio::test]
async fn a_shop_is_added_credited_and_listed() {
    let desk = Desk::new();
    let text = desk.types(&["shop", "add", "--name", "阿尔法", "--currency", "CNY"]).await.unwrap();
    assert!(text.contains("not shown again") && text.contains("whsec_"), "{text}");
    let text = desk.types(&["shop", "credit", "1", "500", "--reference", "b1"]).await.unwrap();
    assert_eq!(text, "booked; shop 1 (阿尔法) has 500.00 CNY available, 0.00 held\n");
    let text = desk.types(&["shop", "credit", "1", "-20.50", "--reference", "b2"]).await.unwrap();
    assert!(text.contains("479.50 CNY"), "{text}");
    let text = desk.types(&["shop", "credit", "1", "500", "--reference", "b1"]).await.unwrap();
    assert!(text.starts_with("already booked") && text.contains("479.50"), "{text}");
    let text = desk.types(&["shop", "list"]).await.unwrap();
    assert!(text.lines().nth(1).unwrap().contains("阿尔法"), "{text}");
    assert!(!text.contains("whsec_"), "{text}");
    let json = desk.types(&["shop", "list", "--json"]).await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["shops"][0]["available"], "479.50");
}

#[tokio::test]
async fn a_refusal_names_what_is_wrong_and_what_to_do() {
    let desk = Desk::new();
    let error = desk.types(&["shop", "credit", "7", "1", "--reference", "r"]).await.unwrap_err();
    assert_eq!(error, "error: there is no shop 7\n  `shop list` shows all");
    let error = desk.types(&["shop", "add", "--name", "x", "--currency", "EUR"]).await.unwrap_err();
    assert!(error.contains("write CNY, USD, HKD or JPY"), "{error}");
    let error = desk.types(&["order", "show"]).await.unwrap_err();
    assert!(error.contains("required"), "{error}");
    assert!(desk.types(&["order", "show", "1", "--shop", "1", "--no", "x"]).await.is_err());
    assert_eq!(
        desk.types(&["order", "show", "--shop", "1", "--no", "x"])
            .await
            .unwrap_err()
            .lines()
            .next(),
        Some("error: there is no order x of shop 1")
    );
}

#[tokio::test]
async fn a_file_with_mistakes_is_shown_with_each_one_underlined() {
    let desk = Desk::new();
    let bad = desk.file(
        "products.csv",
        "sku,name,kind,currency,face_value,price\nA,甲,card,CNY,1e2,98\nB,b,gift,CNY,1,1\n",
    );
    let error = desk.imports("product", &bad).await.unwrap_err();
    for part in [
        "products.csv:2:",
        "face_value \"1e2\" is not an amount",
        "A,甲,card,CNY,1e2,98",
        "products.csv:3:",
        "there is no kind \"gift\"",
        "write top_up",
        "nothing was imported, 2 to correct",
    ] {
        assert!(error.contains(part), "{part:?} is not in\n{error}");
    }
    let good = desk.file(
        "products.csv",
        "\u{feff}sku,name,kind,currency,face_value,price\r\nA,甲,card,CNY,100,98\r\n",
    );
    let text = desk.imports("product", &good).await.unwrap();
    assert_eq!(text, "products: 1 were added, 0 were changed, 0 as they were\n  added    A\n");
    let offers = desk.file(
        "offers.toml",
        "[[offer]]\nsupplier = \"delta\"\nsku = \"A\"\nface_value = 100\ncost = \"99\"\ncode = \"a\"\n",
    );
    let text = desk.imports("offer", &offers).await.unwrap();
    assert!(
        text.contains("warning: delta A 100.00: its cost 99.00 CNY is above the price"),
        "{text}"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_as_text_is_refused() {
    let desk = Desk::new();
    let gbk = desk.folder.path().join("p.csv");
    std::fs::write(&gbk, b"sku,name\nA,\xd6\xd0\n").unwrap();
    let error = desk.imports("product", &gbk).await.unwrap_err();
    assert!(error.contains("p.csv:2:3: from here on this is not UTF-8"), "{error}");
    let error = desk.imports("product", &desk.file("p.xlsx", "x")).await.unwrap_err();
    assert!(error.contains("neither .csv nor .toml"), "{error}");
    let error = desk.imports("product", Path::new("/nonexistent/p.csv")).await.unwrap_err();
    assert!(error.contains("/nonexistent/p.csv cannot be read"), "{error}");
}

#[tokio::test]
async fn an_order_is_shown_in_words_without_its_secrets() {
    let desk = Desk::new();
    let shop = desk.stage.add_shop("Alpha").await;
    desk.stage.credit(shop, "500.00", "bank-1").await;
    let order = desk.stage.delivered(shop, "A-1").await;
    let id = order.id.to_string();
    let text = desk.types(&["order", "show", &id]).await.unwrap();
    let json = desk
        .types(&["order", "show", "--shop", "1", "--no", "A-1", "--json"])
        .await
        .unwrap();
    for part in [
        "succeeded by attempt 1",
        "account     138****8000",
        "1 kept under seal",
        "1 at alpha: won, delivered",
        "transmission 1",
        "no complete answer in time",
        "shop_available:1 -98.50, shop_held:1 +98.50",
        "by the reply to a query",
        "https://shop.example/callback, decided",
        "nothing is scheduled",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    for secret in [RECIPIENT, CARD_SECRET, "hush"] {
        assert!(!text.contains(secret) && !json.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn beside_a_running_server_commands_go_through_its_socket() {
    let desk = Desk::new();
    desk.types(&["shop", "list"]).await.unwrap();
    assert_eq!(desk.house.opened.load(Ordering::SeqCst), 1);
    let socket = AdminSocket::bind(&desk.folder.path().join("g.db.sock")).await.unwrap();
    let spawner = Arc::new(TokioSpawner::new(tokio::runtime::Handle::current()));
    let context = Arc::new(desk.stage.context.clone());
    spawner.spawn(Box::pin(socket.run(context, spawner.clone(), std::future::pending())));
    let text = desk.types(&["supplier", "check"]).await.unwrap();
    assert!(text.contains("1234.56 CNY"), "only the running server can ask: {text}");
    assert_eq!(desk.house.opened.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn settings_are_checked_printed_and_explained() {
    let desk = Desk::new();
    let text = desk.types(&["config", "check"]).await.unwrap();
    assert!(text.contains("g.db.sock") && text.contains("max_attempts = 9"), "{text}");
    assert!(
        desk.types(&["config", "example"])
            .await
            .unwrap()
            .contains("#listen = \"127.0.0.1:8080\"")
    );
    desk.file("gateway.toml", "[server]\nlissen = 1\n");
    let error = desk.types(&["serve"]).await.unwrap_err();
    assert!(error.contains("did you mean listen?"), "{error}");
    assert_eq!(desk.house.served.load(Ordering::SeqCst), 0);
    desk.file("gateway.toml", "");
    desk.types(&["serve"]).await.unwrap();
    assert_eq!(desk.house.served.load(Ordering::SeqCst), 1);
}

#[cfg(feature = "demo")]
#[tokio::test]
async fn the_demonstration_gets_its_seed() {
    let desk = Desk::new();
    assert_eq!(desk.types(&["demo", "--seed", "7"]).await.unwrap_err(), "error: seed 7");
    assert_eq!(desk.types(&["demo", "--exit", "--json"]).await.unwrap_err(), "error: seed 1");
}

#[tokio::test]
async fn an_audit_that_finds_something_fails_and_says_what() {
    let mut desk = Desk::new();
    let well = desk.types(&["audit"]).await.unwrap();
    assert!(well.contains("3 orders") && well.contains("nothing is wrong"), "{well}");
    desk.house.findings.push(Finding {
        check: Check::Settlement,
        order: Some(7),
        saw: "no posting does exactly that".to_owned(),
    });
    let found = desk.types(&["audit"]).await.unwrap_err();
    assert!(found.contains("settlement: order 7: no posting does exactly that"), "{found}");
    let json: serde_json::Value = serde_json::from_str(&desk.types(&["audit", "--json"]).await.unwrap_err()).unwrap();
    assert_eq!(json["findings"][0]["check"], "settlement");
    assert_eq!(json["findings"][0]["order"], "7");
}

#[tokio::test]
async fn a_receipt_is_checked_offline_and_a_changed_one_is_refused() {
    let desk = Desk::new();
    let signer = Signer::new(&SealKey::new([1; 32])).unwrap();
    let text = signer.sign("recharge-receipt+json", r#"{"order":{"id":"7","status":"succeeded"}}"#);
    let good = desk.file("good.jws", &text).display().to_string();
    let said = desk.types(&["receipt", "verify", &good]).await.unwrap();
    assert!(
        said.contains("the signature holds") && said.contains("succeeded") && said.contains(&signer.key().x),
        "{said}"
    );
    let said = desk
        .types(&["receipt", "verify", &good, "--key", &signer.key().x, "--json"])
        .await
        .unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&said).unwrap()["order"]["id"], "7");
    let other = Signer::new(&SealKey::new([2; 32])).unwrap();
    let refused = desk
        .types(&["receipt", "verify", &good, "--key", &other.key().x])
        .await
        .unwrap_err();
    assert!(refused.contains("not with"), "{refused}");
    let changed = desk.file("changed.jws", &text.replace('.', ".A")).display().to_string();
    assert!(desk.types(&["receipt", "verify", &changed]).await.is_err());
    let digest = desk.file("digest.jws", &signer.sign("something+json", "{}")).display().to_string();
    assert!(
        desk.types(&["receipt", "verify", &digest])
            .await
            .unwrap_err()
            .contains("no receipt")
    );
    assert!(
        desk.types(&["receipt", "verify", "/nowhere"])
            .await
            .unwrap_err()
            .contains("/nowhere")
    );
    assert!(
        desk.types(&["receipt", "verify", &good, "--key", "x"])
            .await
            .unwrap_err()
            .contains("jwks.json")
    );
}
