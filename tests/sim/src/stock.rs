//! What is in the store before the first order: shops with their money, products and offers.

use recharge_gateway::domain::desk::{Deed, DeedKind, Signature};
use recharge_gateway::domain::ids::{ShopId, Sku, SupplierId};
use recharge_gateway::domain::ledger::Posting;
use recharge_gateway::domain::money::{Currency, Money};
use recharge_gateway::domain::offer::Offer;
use recharge_gateway::domain::product::{AdvanceTerms, Charset, Denomination, InputField, Product, ProductKind};
use recharge_gateway::domain::shop::Shop;
use recharge_gateway::store::{Answer, Command, ShopRecord, Store};
use secrecy::SecretString;

use crate::at_once;
use crate::cast::{CAST, adapters};
use crate::shops::{CALLBACK_SECRET, REQUEST_SECRET};
use crate::time::START_MS;
use crate::world::World;

/// Every product: its code, and its face value and price in minor units.
const PRODUCTS: [(&str, i64, i64); 2] = [("top-up-100", 10_000, 9_950), ("top-up-50", 5_000, 4_990)];

/// Fills the store of a world.
///
/// # Panics
/// When the store refuses what it must take.
pub fn stock(world: &World) {
    let store = &world.store;
    for (place, (money, credit)) in world.scene.shops.iter().enumerate() {
        let record = ShopRecord {
            shop: Shop {
                id: ShopId(0),
                name: format!("Shop {place}"),
                key: format!("shop-{place}"),
                currency: Currency::Cny,
                credit_limit_minor: *credit,
                active: true,
            },
            request_secrets: vec![SecretString::from(REQUEST_SECRET)],
            callback_secrets: vec![SecretString::from(CALLBACK_SECRET)],
        };
        let id = at_once(store.put_shop(record)).unwrap();
        let credit = Posting::credit(id, Money::new(*money, Currency::Cny), "first");
        assert_eq!(at_once(store.commit(Command::Post(credit))), Answer::Done);
    }
    at_once(store.put_products(PRODUCTS.iter().map(|sold| product(world, *sold)).collect())).unwrap();
    let mut offers = Vec::new();
    for (place, cast) in world.scene.suppliers.iter().enumerate() {
        for (sku, face_minor, price_minor) in PRODUCTS {
            offers.push(Offer {
                supplier: SupplierId::from(CAST[*cast].name),
                sku: Sku::from(sku),
                face_minor,
                cost_minor: price_minor - 100,
                priority: Some(u16::try_from(place).unwrap()),
                code: "12".into(),
                enabled: true,
            });
        }
    }
    at_once(store.put_offers(offers)).unwrap();
    if let Some(text) = &world.scene.steering {
        let deed = Deed {
            subject: format!("{}1", Deed::ABOUT_STEERING),
            kind: DeedKind::SteeringPublished {
                version: 1,
                text: text.clone(),
                back_to: None,
            },
            signed: Signature::of("li", "before the first order"),
            at_ms: START_MS,
        };
        assert_eq!(at_once(store.commit(Command::Deed(deed))), Answer::Done);
    }
    for adapter in adapters() {
        let kept = store.put_settings(adapter.digest().clone(), adapter.id().clone(), adapter.document());
        at_once(kept).unwrap();
    }
}

fn product(world: &World, (sku, face_minor, price_minor): (&str, i64, i64)) -> Product {
    let account = InputField {
        key: "account".to_owned(),
        required: true,
        charset: Charset::Digits,
        min_len: 11,
        max_len: 11,
        is_recipient: true,
    };
    Product {
        sku: Sku::from(sku),
        sku_no: 0,
        name: sku.to_owned(),
        kind: ProductKind::TopUp,
        currency: Currency::Cny,
        denominations: vec![Denomination { face_minor, price_minor }],
        inputs: vec![account],
        max_quantity: 1,
        deadline_seconds: 1_800,
        advance: world.scene.advance.map(|(after_seconds, _)| AdvanceTerms {
            after_seconds,
            max_price_minor: None,
        }),
        may_lose_money: false,
        on_sale: true,
    }
}
