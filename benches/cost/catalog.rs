//! What the orders of the benchmark and of the counting test are for: two products, their suppliers
//! in two dialects, and shops that never run out of money.

use anyhow::ensure;
use recharge_gateway::domain::ids::{ShopId, Sku, SupplierId};
use recharge_gateway::domain::ledger::Posting;
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::offer::Offer;
use recharge_gateway::domain::product::{Charset, Denomination, InputField, Product, ProductKind};
use recharge_gateway::domain::shop::Shop;
use recharge_gateway::store::{Answer, Command, ShopRecord, Store};
use secrecy::SecretString;

/// The product whose supplier answers at once.
pub const AT_ONCE: &str = "mobile-100-river";
/// The product whose supplier takes the order and notifies later.
pub const LATER: &str = "mobile-100-north";
pub const FACE_MINOR: i64 = 10_000;
pub const PRICE_MINOR: i64 = 9_950;
pub const COST_MINOR: i64 = 9_800;
const CREDIT_MINOR: i64 = 1_000_000_000_000_000;

/// Every shop's secret; only its key differs.
pub const SECRET: &str = "benchmark-shop-secret";
/// The key that suppliers and gateway sign with, and the variable it stands in.
pub const SIGNING_KEY: &str = "benchmark-key";
pub const SIGNING_KEY_NAME: &str = "BENCH_KEY";

/// The name a shop signs under.
pub fn key(shop: usize) -> String {
    format!("shop-{shop}")
}

/// Two suppliers at one address, with limits that no load reaches.
pub fn adapters_toml(base_url: &str) -> String {
    let table = |name: &str, dialect: &str, concurrency: u32, more: &str| {
        format!(
            "[supplier.{name}]\ndialect = \"{dialect}\"\nbase_url = \"{base_url}\"\nconnect_timeout_ms = 1000\n\
             submit_timeout_ms = 30000\nquery_timeout_ms = 30000\n{more}\n\
             limits.submit = {{ per_minute = 60000000, burst = 100000 }}\n\
             limits.query = {{ per_minute = 60000000, burst = 100000 }}\nlimits.concurrency = {concurrency}\n\
             promises = {{ deduplicates = true, keeps_failed_ids = true, horizon_ms = 86_400_000, failed_is_final = true }}\n\n"
        )
    };
    let key = SIGNING_KEY_NAME;
    let river = format!("cfg = {{ userid = \"A00001\" }}\nsecrets = {{ key = \"{key}\", password = \"{key}\" }}");
    let north = format!("cfg = {{ userid = \"10001\" }}\nsecrets = {{ key = \"{key}\" }}");
    format!(
        "{}{}",
        table("river", "ofpay", 8_500, &river),
        table("north", "dayuanren", 2_000, &north)
    )
}

/// Shops with credit, the products and their offers.
pub async fn stock(store: &impl Store, shops: usize) -> anyhow::Result<()> {
    for number in 0..shops {
        let record = ShopRecord {
            shop: Shop {
                id: ShopId(0),
                name: key(number),
                key: key(number),
                currency: Currency::Cny,
                credit_limit_minor: 0,
                active: true,
            },
            request_secrets: vec![SecretString::from(SECRET)],
            callback_secrets: vec![SecretString::from(SECRET)],
        };
        let shop = store.put_shop(record).await?;
        let credit = Posting::credit(shop, Money::new(CREDIT_MINOR, Currency::Cny), "benchmark");
        let answer = store.commit(Command::Post(credit)).await;
        ensure!(answer == Answer::Done, "a shop got no credit: {answer:?}");
    }
    store.put_products([AT_ONCE, LATER].map(product).to_vec()).await?;
    store.put_offers([AT_ONCE, LATER].map(offer).to_vec()).await?;
    Ok(())
}

fn product(sku: &str) -> Product {
    Product {
        sku: Sku::from(sku),
        sku_no: 0,
        name: sku.to_owned(),
        kind: ProductKind::TopUp,
        currency: Currency::Cny,
        denominations: vec![Denomination {
            face_minor: FACE_MINOR,
            price_minor: PRICE_MINOR,
        }],
        inputs: vec![InputField {
            key: "account".to_owned(),
            required: true,
            charset: Charset::Digits,
            min_len: 11,
            max_len: 11,
            is_recipient: true,
        }],
        max_quantity: 1,
        deadline_seconds: 3_600,
        advance: None,
        may_lose_money: false,
        on_sale: true,
    }
}

fn offer(sku: &str) -> Offer {
    let supplier = sku.rsplit('-').next().unwrap_or_default();
    Offer {
        supplier: SupplierId::from(supplier),
        sku: Sku::from(sku),
        face_minor: FACE_MINOR,
        cost_minor: COST_MINOR,
        priority: Some(1),
        code: if supplier == "river" { "140101" } else { "12" }.into(),
        enabled: true,
    }
}
