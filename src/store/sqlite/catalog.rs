//! Shops, products, offers and supplier settings: small tables, written by people, read whole.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqlitePool};

use super::reads::{Unread, damaged};
use super::script::Script;
use super::statements::Part;
use super::trouble::Trouble;
use crate::domain::ids::{SettingsDigest, ShopId, Sku, SupplierId};
use crate::domain::offer::Offer;
use crate::domain::product::Product;
use crate::domain::shop::Shop;
use crate::store::archive::DayKept;
use crate::store::numbering::{number_products, number_shop};
use crate::store::seal::Sealer;
use crate::store::{Catalog, ShopRecord};

/// A change to the catalog, made by the writer between two batches.
pub(super) enum Edit {
    Shop(ShopRecord),
    Products(Vec<Product>),
    Offers(Vec<Offer>),
    Settings {
        digest: SettingsDigest,
        supplier: SupplierId,
        body: String,
    },
    Day(DayKept),
    Statement(Part),
}

/// A shop's secrets in the clear, only between the seal and memory.
#[derive(Serialize, Deserialize)]
struct Secrets {
    request: Vec<String>,
    callback: Vec<String>,
}

impl Edit {
    /// Writes the edit inside the open transaction; answers the shop's number, 0 for other edits.
    pub(super) async fn write(self, connection: &mut SqliteConnection, sealer: &Sealer) -> Result<ShopId, Trouble> {
        let mut script = Script::default();
        let mut shop_id = ShopId(0);
        match self {
            Self::Shop(mut record) => {
                let rows = sqlx::query("SELECT id, key FROM shops").fetch_all(&mut *connection).await?;
                let known = rows.iter().map(|row| Ok((ShopId(row.try_get("id")?), row.try_get("key")?)));
                let known: BTreeMap<ShopId, String> = known.collect::<Result<_, sqlx::Error>>()?;
                shop_id = number_shop(&known, record.shop.id, &record.shop.key).map_err(Trouble::Outage)?;
                record.shop.id = shop_id;
                let body = serde_json::to_string(&record.shop)?;
                let sealed = sealer.seal("shops", &shop_id.to_string(), &serde_json::to_vec(&Secrets::of(&record))?)?;
                let tail = "ON CONFLICT (id) DO UPDATE SET key = excluded.key, body = excluded.body, sealed = excluded.sealed";
                script.insert("shops (id, key, body, sealed)", 4, vec![record], tail, |to, record| {
                    to.bind(shop_id.0).bind(record.shop.key).bind(body.clone()).bind(sealed.clone());
                });
            }
            Self::Products(products) => {
                let rows = sqlx::query("SELECT sku, sku_no FROM products").fetch_all(&mut *connection).await?;
                let known = rows
                    .iter()
                    .map(|row| Ok((Sku::from(row.try_get::<&str, _>("sku")?), row.try_get("sku_no")?)));
                let known: BTreeMap<Sku, u32> = known.collect::<Result<_, sqlx::Error>>()?;
                let products = number_products(&known, products).map_err(Trouble::Outage)?;
                let rows: Vec<(Product, String)> = with_bodies(products)?;
                let tail = "ON CONFLICT (sku) DO UPDATE SET body = excluded.body";
                script.insert("products (sku, sku_no, body)", 3, rows, tail, |to, (product, body)| {
                    to.bind(product.sku.as_str().to_owned()).bind(product.sku_no).bind(body);
                });
            }
            Self::Offers(offers) => {
                let rows: Vec<(Offer, String)> = with_bodies(offers)?;
                let place = "offers (supplier, sku, face_minor, body)";
                let tail = "ON CONFLICT (supplier, sku, face_minor) DO UPDATE SET body = excluded.body";
                script.insert(place, 4, rows, tail, |to, (offer, body)| {
                    to.bind(offer.supplier.as_str().to_owned()).bind(offer.sku.as_str().to_owned());
                    to.bind(offer.face_minor).bind(body);
                });
            }
            Self::Day(day) => {
                let place = "days (day, until_row, seal)";
                script.insert(place, 3, vec![day], "ON CONFLICT (day) DO NOTHING", |to, day| {
                    to.bind(day.day).bind(day.until_row).bind(day.seal);
                });
            }
            Self::Statement(part) => part.write(&mut script, connection).await?,
            Self::Settings { digest, supplier, body } => {
                let place = "supplier_settings (digest, supplier, body)";
                let rows = vec![(digest, supplier, body)];
                script.insert(place, 3, rows, "ON CONFLICT (digest) DO NOTHING", |to, (digest, supplier, body)| {
                    to.bind(digest.as_str().to_owned()).bind(supplier.as_str().to_owned()).bind(body);
                });
            }
        }
        script.run(connection).await?;
        Ok(shop_id)
    }
}

fn with_bodies<T: Serialize>(all: Vec<T>) -> Result<Vec<(T, String)>, serde_json::Error> {
    all.into_iter()
        .map(|one| serde_json::to_string(&one).map(|body| (one, body)))
        .collect()
}

impl Secrets {
    fn of(record: &ShopRecord) -> Self {
        let plain = |secrets: &[SecretString]| secrets.iter().map(|secret| secret.expose_secret().to_owned()).collect();
        Self {
            request: plain(&record.request_secrets),
            callback: plain(&record.callback_secrets),
        }
    }
}

/// Everything, from one moment.
pub(super) async fn read(pool: &SqlitePool, sealer: &Sealer) -> Result<Catalog, Unread> {
    let mut one_moment = pool.begin().await?;
    let mut catalog = Catalog::default();
    for row in sqlx::query("SELECT id, body, sealed FROM shops ORDER BY id")
        .fetch_all(&mut *one_moment)
        .await?
    {
        let id: i64 = row.try_get("id")?;
        let shop: Shop = serde_json::from_str(row.try_get("body")?).map_err(|_| damaged("shop", id))?;
        let open = sealer.open("shops", &id.to_string(), row.try_get("sealed")?);
        let open = open.map_err(|_| damaged("secrets of shop", id))?;
        let secrets: Secrets = serde_json::from_slice(&open).map_err(|_| damaged("secrets of shop", id))?;
        catalog.shops.push(ShopRecord {
            shop,
            request_secrets: secrets.request.into_iter().map(SecretString::from).collect(),
            callback_secrets: secrets.callback.into_iter().map(SecretString::from).collect(),
        });
    }
    for row in sqlx::query("SELECT sku, body FROM products ORDER BY sku")
        .fetch_all(&mut *one_moment)
        .await?
    {
        let product = serde_json::from_str(row.try_get("body")?);
        catalog
            .products
            .push(product.map_err(|_| damaged("product", row.get::<&str, _>("sku")))?);
    }
    let offers = sqlx::query("SELECT supplier, sku, body FROM offers ORDER BY supplier, sku, face_minor");
    for row in offers.fetch_all(&mut *one_moment).await? {
        let offer = serde_json::from_str(row.try_get("body")?);
        catalog.offers.push(offer.map_err(|_| damaged("offer", row.get::<&str, _>("sku")))?);
    }
    one_moment.rollback().await?;
    Ok(catalog)
}
