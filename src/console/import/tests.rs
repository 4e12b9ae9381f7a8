//! Files as operators write them, good and bad.
#![expect(
    clippy::wildcard_enum_match_arm,
    clippy::string_slice,
    reason = "a test that meets another reply should stop where it stands"
)]

use std::sync::atomic::Ordering;

use super::text_of;
use crate::console::stage::{Stage, csv, toml};
use crate::console::{AdminCall, AdminReply, CatalogFile, ImportReport, Problem};
use crate::domain::product::{Charset, ProductKind};
use crate::store::Store;

const PRODUCTS: &str = "\
sku,name,kind,currency,face_value,price,max_quantity,deadline_seconds,may_lose_money,on_sale,inputs
CMCC,中国移动话费,top_up,CNY,100,98.50,1,900,,,account:digits:11-11!
CMCC,,,,50.00,49.50,,,,,
GAME,\"Game, the card\",card,CNY,30.00,28.00,10,,TRUE,false,
";

const OFFERS: &str = "\
supplier,sku,face_value,cost,priority,code,enabled
alpha,CMCC,100.00,97.00,,yd100,
beta,CMCC,100,96.5,5,1001,false
";

async fn products(stage: &Stage, file: CatalogFile) -> AdminReply {
    stage.perform(AdminCall::ProductImport(file)).await
}

async fn offers(stage: &Stage, file: CatalogFile) -> AdminReply {
    stage.perform(AdminCall::OfferImport(file)).await
}

fn imported(reply: AdminReply) -> ImportReport {
    match reply {
        AdminReply::Imported(report) => report,
        other => panic!("{other:?}"),
    }
}

fn problems(reply: AdminReply) -> Vec<Problem> {
    match reply {
        AdminReply::NotImported { problems } => problems,
        other => panic!("{other:?}"),
    }
}

/// (line, column, the text at the place, message) of the only problem.
fn only(text: &str, reply: AdminReply) -> (usize, usize, &str, String) {
    let found = problems(reply);
    assert_eq!(found.len(), 1, "{found:?}");
    let problem = &found[0];
    assert!(!problem.remedy.is_empty());
    let place = &text[problem.offset..problem.offset + problem.len];
    (problem.line, problem.column, place, problem.message.clone())
}

#[tokio::test]
async fn an_advance_is_switched_on_by_two_columns_and_a_price_alone_says_nothing() {
    let stage = Stage::new();
    let file = |after: &str, most: &str| {
        format!(
            "sku,name,kind,currency,face_value,price,advance_after_seconds,advance_max_price\nGAME,Game,card,CNY,30,28,{after},{most}\n"
        )
    };
    for (after, most, expected) in [
        ("", "", None),
        ("900", "", Some((900, None))),
        ("900", "50.00", Some((900, Some(5_000)))),
    ] {
        imported(products(&stage, csv(&file(after, most))).await);
        let catalog = stage.store.catalog().await.unwrap();
        let advance = catalog.products[0].advance;
        let advance = advance.map(|advance| (advance.after_seconds, advance.max_price_minor));
        assert_eq!(advance, expected);
    }
    for (after, most, place) in [("", "50.00", "50.00"), ("59", "", "59"), ("900", "0", "0")] {
        let text = file(after, most);
        assert_eq!(only(&text, products(&stage, csv(&text)).await).2, place, "{after} {most}");
    }
}

#[tokio::test]
async fn rows_of_one_sku_become_its_face_values() {
    let stage = Stage::new();
    let report = imported(products(&stage, csv(PRODUCTS)).await);
    assert_eq!(report.added, ["CMCC", "GAME"]);
    assert!(report.warnings.is_empty());
    assert_eq!(stage.running.reloads.load(Ordering::SeqCst), 1);
    let catalog = stage.store.catalog().await.unwrap();
    let cmcc = catalog.products.iter().find(|product| product.sku.as_str() == "CMCC").unwrap();
    let faces: Vec<(i64, i64)> = cmcc.denominations.iter().map(|d| (d.face_minor, d.price_minor)).collect();
    assert_eq!(faces, [(5_000, 4_950), (10_000, 9_850)]);
    assert_eq!(
        (cmcc.name.as_str(), cmcc.kind, cmcc.deadline_seconds),
        ("中国移动话费", ProductKind::TopUp, 900)
    );
    let account = cmcc.recipient_field().unwrap();
    assert_eq!((account.charset, account.min_len, account.max_len), (Charset::Digits, 11, 11));
    assert!(cmcc.on_sale && !cmcc.may_lose_money && cmcc.sku_no > 0);
    let game = catalog.products.iter().find(|product| product.sku.as_str() == "GAME").unwrap();
    assert_eq!(game.name, "Game, the card");
    assert!(!game.on_sale && game.may_lose_money && game.inputs.is_empty());
    assert_eq!((game.max_quantity, game.deadline_seconds), (10, 600));
}

#[tokio::test]
async fn the_same_file_again_changes_nothing_and_numbers_stay() {
    let stage = Stage::new();
    imported(products(&stage, csv(PRODUCTS)).await);
    let before = stage.store.catalog().await.unwrap().products;
    let report = imported(products(&stage, csv(PRODUCTS)).await);
    assert_eq!((report.added.len(), report.changed.len(), report.unchanged), (0, 0, 2));
    assert_eq!(stage.store.catalog().await.unwrap().products, before);
    let cheaper = PRODUCTS.replace("98.50", "98.40").replace("CMCC,,,,50.00,49.50,,,,,\n", "");
    let report = imported(products(&stage, csv(&cheaper)).await);
    assert_eq!(report.changed, ["CMCC"]);
    assert!(
        report.warnings[0].contains("the face value 50.00 CNY is not in the file"),
        "{:?}",
        report.warnings
    );
}

#[tokio::test]
async fn toml_says_the_same_as_csv() {
    let (a, b) = (Stage::new(), Stage::new());
    imported(products(&a, csv(PRODUCTS)).await);
    imported(offers(&a, csv(OFFERS)).await);
    let text = r#"
[[product]]
sku = "CMCC"
name = "中国移动话费"
kind = "top_up"
currency = "CNY"
face_value = 100
price = "98.50"
deadline_seconds = 900
inputs = [{ key = "account", charset = "digits", min_len = 11, max_len = 11, is_recipient = true }]
[[product]]
sku = "CMCC"
face_value = "50.00"
price = "49.50"
[[product]]
sku = "GAME"
name = "Game, the card"
kind = "card"
currency = "CNY"
face_value = "30.00"
price = "28.00"
max_quantity = 10
may_lose_money = true
on_sale = false
"#;
    imported(products(&b, toml(text)).await);
    let text = r#"
offer = [
  { supplier = "alpha", sku = "CMCC", face_value = "100.00", cost = "97.00", code = "yd100" },
  { supplier = "beta", sku = "CMCC", face_value = "100", cost = "96.5", priority = 5, code = "1001", enabled = false },
]
"#;
    imported(offers(&b, toml(text)).await);
    let (a, b) = (a.store.catalog().await.unwrap(), b.store.catalog().await.unwrap());
    assert_eq!(a.products, b.products);
    assert_eq!(a.offers, b.offers);
    assert_eq!(a.offers.len(), 2);
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let stage = Stage::new();
    let file = CatalogFile {
        dry_run: true,
        ..csv(PRODUCTS)
    };
    let report = imported(products(&stage, file).await);
    assert!(report.is_dry_run);
    assert_eq!(report.added.len(), 2);
    assert!(stage.store.catalog().await.unwrap().products.is_empty());
    assert_eq!(stage.running.reloads.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn every_mistake_of_a_file_is_told_and_nothing_is_imported() {
    let stage = Stage::new();
    let text = "\
sku,name,kind,currency,face_value,price,inputs
A,Alpha,top_up,CNY,1e2,98.505,account!
B B,Beta,gift,EUR,100,98,
C,Gamma,card,CNY,100,98,
";
    let found = problems(products(&stage, csv(text)).await);
    let places: Vec<(usize, &str)> = found.iter().map(|p| (p.line, &text[p.offset..p.offset + p.len])).collect();
    assert_eq!(
        places,
        [(2, "1e2"), (2, "98.505"), (3, "B B"), (3, "gift"), (3, "EUR")],
        "{found:#?}"
    );
    assert!(stage.store.catalog().await.unwrap().products.is_empty());
}

#[tokio::test]
async fn a_mistake_is_found_in_its_column_behind_quotes_chinese_and_carriage_returns() {
    let stage = Stage::new();
    let text = "sku,name,kind,currency,face_value,price\r\n\r\nA,\"甲, 乙\"\"丙\",card,CNY,100,98\r\nB,乙,card,CNY,x,98\r\n";
    let (line, column, place, message) = only(text, products(&stage, csv(text)).await);
    assert_eq!((line, column, place), (4, 14, "x"));
    assert_eq!(message, "face_value \"x\" is not an amount");
    let text = "sku,name,kind,currency,face_value,price\nA,\"two\nlines, \"\"quoted\"\"\",card,CNY,100,9x8\n";
    let found = problems(products(&stage, csv(text)).await);
    assert_eq!((found[0].line, found[0].column), (2, 3), "{found:?}");
    assert_eq!((found[1].line, &text[found[1].offset..found[1].offset + found[1].len]), (3, "9x8"));
}

#[tokio::test]
async fn a_header_that_is_not_understood_is_refused() {
    let stage = Stage::new();
    let text = "sku,name,kind,currency,face,price\nA,a,card,CNY,1,1\n";
    assert_eq!(only(text, products(&stage, csv(text)).await).2, "face");
    let text = "sku;name;kind\nA;a;card\n";
    let found = problems(products(&stage, csv(text)).await);
    assert!(found[0].remedy.contains("separated by commas"), "{found:?}");
    let text = "sku,sku\nA,a\n";
    assert!(only(text, products(&stage, csv(text)).await).3.contains("a second time"));
    assert!(only("", products(&stage, csv("")).await).3.contains("empty"));
    let text = "sku,name,kind,currency,face_value,price\n";
    assert!(only(text, products(&stage, csv(text)).await).3.contains("no rows"));
    let text = "sku,name,kind,currency,face_value,price\nA,a,card,CNY,1,000,1\n";
    assert!(
        only(text, products(&stage, csv(text)).await)
            .3
            .contains("has 7 cells, the first line names 6")
    );
}

#[tokio::test]
async fn rows_of_one_sku_may_not_disagree() {
    let stage = Stage::new();
    let text = "sku,name,kind,currency,face_value,price\nA,a,card,CNY,1,1\nA,b,,,2,2\n";
    let (line, _, place, message) = only(text, products(&stage, csv(text)).await);
    assert_eq!((line, place), (3, "b"));
    assert!(message.contains("differs from the first row"));
    let text = "sku,name,kind,currency,face_value,price\nA,a,card,CNY,1,1\nA,,,,1.00,2\n";
    let (line, _, place, message) = only(text, products(&stage, csv(text)).await);
    assert_eq!((line, place), (3, "1.00"));
    assert!(message.contains("twice"));
}

#[tokio::test]
async fn inputs_in_the_compact_form_are_read_strictly() {
    let stage = Stage::new();
    let file = |inputs: &str| {
        csv(&format!(
            "sku,name,kind,currency,face_value,price,inputs\nA,a,top_up,CNY,1,1,{inputs}\n"
        ))
    };
    let report = products(&stage, file("account:phone:11-11!;mail:account:3-40;server:text:1-20;note?")).await;
    imported(report);
    let product = stage.store.catalog().await.unwrap().products.remove(0);
    let read: Vec<(&str, bool, bool, u16)> = product
        .inputs
        .iter()
        .map(|f| (f.key.as_str(), f.required, f.is_recipient, f.max_len))
        .collect();
    assert_eq!(
        read,
        [
            ("account", true, true, 11),
            ("mail", true, false, 40),
            ("server", true, false, 20),
            ("note", false, false, 64)
        ]
    );
    for wrong in [
        "",
        "account",
        "a!;b!",
        "a!;a",
        "Account!",
        "a:letters!",
        "a:text:5!",
        "a:text:9-5!",
        "a:text:0-5!",
        "a:text:1-999!",
        "a!?",
        "a:text:1-5:x!",
        ";",
    ] {
        let found = problems(products(&stage, file(wrong)).await);
        assert_eq!(found.len(), 1, "{wrong:?}: {found:?}");
        assert!(found[0].remedy.contains("account:phone:11-11!"), "{wrong:?}");
    }
}

#[tokio::test]
async fn offers_need_their_product_and_a_face_value_it_has() {
    let stage = Stage::new();
    let found = problems(offers(&stage, csv(OFFERS)).await);
    assert!(
        found.iter().all(|problem| problem.message == "there is no product \"CMCC\""),
        "{found:?}"
    );
    imported(products(&stage, csv(PRODUCTS)).await);
    let text = "supplier,sku,face_value,cost,priority,code,enabled\nalpha,CMCC,30,29,70000,x,maybe\nalpha,CMCC,50,-1,,,\n";
    let found = problems(offers(&stage, csv(text)).await);
    let places: Vec<&str> = found.iter().map(|p| &text[p.offset..p.offset + p.len]).collect();
    assert_eq!(places, ["30", "70000", "maybe", "alpha,CMCC,50,-1,,,", "-1"], "{found:#?}");
    assert!(found[0].remedy.contains("50.00, 100.00"));
    let text = format!("{OFFERS}alpha,CMCC,100.0,90,,again,\n");
    assert!(only(&text, offers(&stage, csv(&text)).await).3.contains("stand in the file twice"));
    assert!(stage.store.catalog().await.unwrap().offers.is_empty());
}

#[tokio::test]
async fn a_cost_above_the_price_and_an_unknown_supplier_are_imported_with_a_warning() {
    let stage = Stage::new();
    imported(products(&stage, csv(PRODUCTS)).await);
    let text = "supplier,sku,face_value,cost,code\nalpha,CMCC,100,98.51,x\nalpha,GAME,30,99,x\ndelta,CMCC,100,98.50,x\ndelta,CMCC,50,1,x\n";
    let report = imported(offers(&stage, csv(text)).await);
    assert_eq!(report.added.len(), 4);
    assert_eq!(report.warnings.len(), 2, "{:?}", report.warnings);
    assert!(report.warnings[0].contains("cost 98.51 CNY is above the price 98.50 CNY"));
    assert!(report.warnings[1].contains("no supplier delta"));
    let cheaper = PRODUCTS.replace("98.50", "97.00");
    let report = imported(products(&stage, csv(&cheaper)).await);
    assert_eq!(report.warnings.len(), 2, "{:?}", report.warnings);
}

#[tokio::test]
async fn toml_amounts_must_be_text_and_keys_must_exist() {
    let stage = Stage::new();
    let text =
        "[[product]]\nsku = \"A\"\nname = \"a\"\nkind = \"card\"\ncurrency = \"CNY\"\nface_value = 98.5\nprice = \"1\"\ncolour = 1\n";
    let found = problems(products(&stage, toml(text)).await);
    assert_eq!(&text[found[0].offset..found[0].offset + found[0].len], "[[product]]", "{found:#?}");
    let float = found.iter().find(|p| p.line == 6).unwrap();
    assert!(float.remedy.contains("\"98.5\""), "{float:?}");
    assert!(found.iter().any(|p| p.line == 8 && p.message.contains("colour")));
    let text = "[[products]]\nsku = \"A\"\n";
    assert!(only(text, products(&stage, toml(text)).await).3.contains("does not belong here"));
    let text = "[[product]\n";
    assert!(only(text, products(&stage, toml(text)).await).3.contains("not TOML"));
    let text = "[[product]]\nsku = \"A\"\nname = \"a\"\nkind = \"card\"\ncurrency = \"CNY\"\nface_value = 1\nprice = 1\ninputs = [{ key = \"a\", size = 3 }]\n";
    assert_eq!(only(text, products(&stage, toml(text)).await).0, 8);
}

#[tokio::test]
async fn a_database_that_is_away_imports_nothing_and_says_so() {
    let stage = Stage::new();
    stage.store.faults().fail_reads(true);
    let AdminReply::Failed(trouble) = products(&stage, csv(PRODUCTS)).await else {
        panic!()
    };
    assert!(trouble.message.contains("not available") && trouble.remedy.contains("nothing was changed"));
    stage.store.faults().fail_reads(false);
    assert!(stage.store.catalog().await.unwrap().products.is_empty());
}

#[test]
fn text_that_is_not_utf8_is_refused_at_its_first_wrong_byte() {
    let gbk = b"sku,name\nA,\xd6\xd0\xb9\xfa\n".to_vec();
    let problem = text_of(gbk).unwrap_err();
    assert_eq!((problem.line, problem.column), (2, 3));
    assert!(problem.remedy.contains("UTF-8"));
    assert_eq!(text_of("\u{feff}sku\n".as_bytes().to_vec()).unwrap(), "sku\n");
}

#[tokio::test]
async fn the_files_in_the_operators_guide_can_be_imported() {
    let guide = include_str!("../../../docs/operator-guide.md");
    let block = |language: &str, nth: usize| {
        let start = format!("```{language}\n");
        guide.split(&start).nth(nth).unwrap().split("```").next().unwrap().to_owned()
    };
    let stage = Stage::new();
    let report = imported(products(&stage, csv(&block("csv", 1))).await);
    assert_eq!(report.added, ["CMCC", "GAME-X"]);
    let report = imported(offers(&stage, csv(&block("csv", 2))).await);
    assert_eq!((report.added.len(), report.warnings.len()), (3, 0));
    let tables = block("toml", 1);
    let (product, offer) = tables.split_at(tables.find("[[offer]]").unwrap());
    assert_eq!(imported(products(&stage, toml(product)).await).changed, ["CMCC"]);
    assert_eq!(imported(offers(&stage, toml(offer)).await).changed, ["beta CMCC 100.00"]);
}
