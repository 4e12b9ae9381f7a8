//! What every store must do with what is sold, by whom and how: shops, products, offers, settings.

use recharge_gateway::domain::ids::{SettingsDigest, ShopId, Sku, SupplierId};
use recharge_gateway::domain::money::Currency;
use recharge_gateway::domain::offer::Offer;
use recharge_gateway::domain::product::{Denomination, Product, ProductKind};
use recharge_gateway::domain::shop::Shop;
use recharge_gateway::store::{ShopRecord, Store};
use secrecy::ExposeSecret;

on_every_store![
    the_catalog_comes_back_as_it_was_put,
    numbers_once_given_are_kept,
    products_with_a_taken_number_are_refused_all_or_none,
    settings_are_kept_once_by_digest,
];

fn shop(id: i64, key: &str) -> ShopRecord {
    ShopRecord {
        shop: Shop {
            id: ShopId(id),
            name: "卡店".to_owned(),
            key: key.to_owned(),
            currency: Currency::Cny,
            credit_limit_minor: 100,
            active: true,
        },
        request_secrets: vec!["new-request-secret".into(), "old-request-secret".into()],
        callback_secrets: vec!["callback-secret".into()],
    }
}

fn product(sku: &str, sku_no: u32, name: &str) -> Product {
    Product {
        sku: Sku::from(sku),
        sku_no,
        name: name.to_owned(),
        kind: ProductKind::TopUp,
        currency: Currency::Cny,
        denominations: vec![Denomination {
            face_minor: 10_000,
            price_minor: 9_850,
        }],
        inputs: Vec::new(),
        max_quantity: 1,
        deadline_seconds: 600,
        advance: None,
        may_lose_money: false,
        on_sale: true,
    }
}

fn offer(supplier: &str, face_minor: i64, cost_minor: i64) -> Offer {
    Offer {
        supplier: SupplierId::from(supplier),
        sku: Sku::from("mobile"),
        face_minor,
        cost_minor,
        priority: None,
        code: "m100".into(),
        enabled: true,
    }
}

async fn the_catalog_comes_back_as_it_was_put(store: &dyn Store) {
    let empty = store.catalog().await.unwrap();
    assert!(empty.shops.is_empty() && empty.products.is_empty() && empty.offers.is_empty());
    assert_eq!(store.put_shop(shop(0, "k1")).await, Ok(ShopId(1)));
    store
        .put_products(vec![product("mobile", 0, "话费"), product("game", 0, "点券")])
        .await
        .unwrap();
    store
        .put_offers(vec![offer("b", 10_000, 9_000), offer("a", 10_000, 9_100), offer("a", 5_000, 4_600)])
        .await
        .unwrap();
    store.put_offers(vec![offer("a", 10_000, 9_200)]).await.unwrap();

    let catalog = store.catalog().await.unwrap();
    assert_eq!(catalog.shops.len(), 1);
    assert_eq!(catalog.shops[0].shop, shop(1, "k1").shop);
    let secrets: Vec<&str> = catalog.shops[0].request_secrets.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(secrets, ["new-request-secret", "old-request-secret"]);
    assert_eq!(catalog.shops[0].callback_secrets[0].expose_secret(), "callback-secret");
    assert_eq!(catalog.products, [product("game", 2, "点券"), product("mobile", 1, "话费")]);
    assert_eq!(
        catalog.offers,
        [offer("a", 5_000, 4_600), offer("a", 10_000, 9_200), offer("b", 10_000, 9_000)]
    );
}

async fn numbers_once_given_are_kept(store: &dyn Store) {
    assert_eq!(store.put_shop(shop(0, "k1")).await, Ok(ShopId(1)));
    assert_eq!(store.put_shop(shop(0, "k2")).await, Ok(ShopId(2)));
    assert_eq!(store.put_shop(shop(1, "k1-rotated")).await, Ok(ShopId(1)));
    let taken = store.put_shop(shop(0, "k2")).await.unwrap_err();
    assert!(taken.0.contains("choose another key"), "{taken}");
    assert_eq!(store.catalog().await.unwrap().shops.len(), 2);

    store.put_products(vec![product("mobile", 0, "v1")]).await.unwrap();
    store
        .put_products(vec![product("game", 0, "v1"), product("mobile", 0, "v2")])
        .await
        .unwrap();
    let products = store.catalog().await.unwrap().products;
    assert_eq!(products, [product("game", 2, "v1"), product("mobile", 1, "v2")]);
}

async fn products_with_a_taken_number_are_refused_all_or_none(store: &dyn Store) {
    store.put_products(vec![product("mobile", 4, "v1")]).await.unwrap();
    let refused = store.put_products(vec![product("game", 0, "v1"), product("card", 4, "v1")]).await;
    assert!(refused.unwrap_err().0.contains("number 4 belongs to product mobile"));
    assert_eq!(store.catalog().await.unwrap().products, [product("mobile", 4, "v1")]);
}

async fn settings_are_kept_once_by_digest(store: &dyn Store) {
    let digest = SettingsDigest::from("d1");
    assert_eq!(store.settings(digest.clone()).await, Ok(None));
    for body in ["first", "second"] {
        store
            .put_settings(digest.clone(), SupplierId::from("a"), body.to_owned())
            .await
            .unwrap();
    }
    assert_eq!(store.settings(digest).await, Ok(Some("first".to_owned())));
}
