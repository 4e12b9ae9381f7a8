//! Adding shops, booking their money, listing them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;

use super::admin::{AdminContext, away};
use super::calls::{AdminReply, NewShop, Once, ShopLine, Trouble};
use crate::domain::ids::ShopId;
use crate::domain::ledger::Posting;
use crate::domain::money::{Currency, Money};
use crate::domain::shop::Shop;
use crate::store::{Answer, Command, Refused, ShopRecord};

const MAX_NAME: usize = 64;
const MAX_REFERENCE: usize = 64;

pub(super) async fn add(context: &AdminContext, name: &str, currency: Currency, credit_limit: Option<&str>) -> Result<AdminReply, Trouble> {
    let is_name = !name.trim().is_empty() && name.chars().count() <= MAX_NAME && !name.chars().any(char::is_control);
    if !is_name {
        return Err(Trouble::new("this is not a name for a shop", "give 1 to 64 printable characters"));
    }
    let limit = amount(credit_limit.unwrap_or("0"), currency, "--credit-limit")?;
    if limit.minor < 0 {
        return Err(Trouble::new(
            "a credit limit cannot be negative",
            "give how far below zero the balance may go: 0 or more",
        ));
    }
    let catalog = context.store.catalog().await.map_err(away)?;
    if let Some(taken) = catalog.shops.iter().find(|record| record.shop.name == name) {
        return Err(Trouble::new(
            format!("shop {} has this name already", taken.shop.id),
            "choose another name; `shop list` shows all",
        ));
    }
    let secrets = Secrets::make(context);
    let record = ShopRecord {
        shop: Shop {
            id: ShopId(0),
            name: name.to_owned(),
            key: secrets.key.clone(),
            currency,
            credit_limit_minor: limit.minor,
            active: true,
        },
        request_secrets: vec![SecretString::from(secrets.request.clone())],
        callback_secrets: vec![SecretString::from(secrets.callback.clone())],
    };
    let shop = context.store.put_shop(record).await.map_err(|outage| {
        Trouble::new(
            outage.to_string(),
            "the shop may or may not exist: look with `shop list` before adding it again",
        )
    })?;
    context.catalog_changed().await?;
    Ok(AdminReply::ShopAdded(NewShop {
        shop,
        name: name.to_owned(),
        key: secrets.key,
        request_secret: Once(secrets.request),
        callback_secret: Once(secrets.callback),
    }))
}

struct Secrets {
    key: String,
    request: String,
    callback: String,
}

impl Secrets {
    fn make(context: &AdminContext) -> Self {
        let mut key = [0_u8; 12];
        let mut request = [0_u8; 32];
        let mut callback = [0_u8; 32];
        context.random.fill(&mut key);
        context.random.fill(&mut request);
        context.random.fill(&mut callback);
        Self {
            key: format!("shop_{}", hex::encode(key)),
            request: hex::encode(request),
            callback: format!("whsec_{}", STANDARD.encode(callback)),
        }
    }
}

pub(super) async fn credit(context: &AdminContext, shop: ShopId, text: &str, reference: &str) -> Result<AdminReply, Trouble> {
    let shop = find(context, shop).await?;
    let amount = amount(text, shop.currency, "the amount")?;
    if amount.minor == 0 {
        return Err(Trouble::new(
            "nothing to book: the amount is 0",
            "give an amount; a negative one is money paid back",
        ));
    }
    let is_reference = (1..=MAX_REFERENCE).contains(&reference.len()) && reference.bytes().all(|b| b.is_ascii_graphic());
    if !is_reference {
        return Err(Trouble::new(
            "this is not a reference",
            "give 1 to 64 ASCII characters without spaces, such as the bank's transaction number",
        ));
    }
    let already_booked = match context
        .store
        .commit(Command::Post(Posting::credit(shop.id, amount, reference)))
        .await
    {
        Answer::Done => false,
        Answer::Refused(Refused::Repeated) => true,
        Answer::Unknown => {
            let remedy = "run the same command again: its reference makes sure that it is booked once";
            return Err(Trouble::new("it is not known whether this was booked", remedy));
        }
        Answer::Outage(reason) => {
            let remedy = "run the same command again once the database is back";
            return Err(Trouble::new(format!("nothing was booked: {reason}"), remedy));
        }
        Answer::Stale | Answer::Refused(Refused::NoFunds { .. } | Refused::Exists { .. }) => {
            return Err(Trouble::new(
                "the store refused a plain posting",
                "this is a defect: please report it with the log",
            ));
        }
    };
    let shop = line(context, shop).await?;
    Ok(AdminReply::ShopCredited { already_booked, shop })
}

pub(super) async fn list(context: &AdminContext) -> Result<AdminReply, Trouble> {
    let catalog = context.store.catalog().await.map_err(away)?;
    let mut shops = Vec::with_capacity(catalog.shops.len());
    for record in catalog.shops {
        shops.push(line(context, record.shop).await?);
    }
    shops.sort_by_key(|shop| shop.shop);
    Ok(AdminReply::Shops { shops })
}

async fn find(context: &AdminContext, id: ShopId) -> Result<Shop, Trouble> {
    let catalog = context.store.catalog().await.map_err(away)?;
    let record = catalog.shops.into_iter().find(|record| record.shop.id == id);
    record
        .map(|record| record.shop)
        .ok_or_else(|| Trouble::new(format!("there is no shop {id}"), "`shop list` shows all"))
}

async fn line(context: &AdminContext, shop: Shop) -> Result<ShopLine, Trouble> {
    let balance = context.store.balance(shop.id, shop.currency).await.map_err(away)?;
    Ok(ShopLine {
        shop: shop.id,
        name: shop.name,
        key: shop.key,
        currency: shop.currency,
        available: balance.available.decimal(),
        held: balance.held.decimal(),
        credit_limit: Money::new(shop.credit_limit_minor, shop.currency).decimal(),
        active: shop.active,
    })
}

pub(super) fn amount(text: &str, currency: Currency, what: &str) -> Result<Money, Trouble> {
    Money::parse(text, currency).map_err(|error| Trouble::new(format!("{what} {text:?} is not an amount of {currency}"), error.to_string()))
}
