//! From a shop's request to a durable order.

use crate::domain::ids::{OrderId, ShopOrderNo, Sku};
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::recipient::Inputs;
use crate::domain::shop::Shop;

/// What a shop asks for, as it wrote it; nothing is checked yet but its form.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// The authenticated shop.
    pub shop: Shop,
    /// Its own number for the order: 1-64 printable ASCII characters.
    pub shop_order_no: ShopOrderNo,
    /// What.
    pub sku: Sku,
    /// What the buyer entered.
    pub inputs: Inputs,
    /// Pieces; absent is 1.
    pub quantity: Option<u32>,
    /// Decimal, in the product's currency; absent where the product has only one.
    pub face_value: Option<String>,
    /// Decimal, in the product's currency: the order is refused if its price is above.
    pub max_price: Option<String>,
    /// Where the verdict is sent.
    pub callback_url: Option<String>,
    /// How long the order may wait for a supplier; absent, and at most, the product's own.
    pub deadline_seconds: Option<u32>,
}

/// An order that stands.
#[derive(Debug, Clone)]
pub enum Submitted {
    /// Accepted now.
    New(Order),
    /// Accepted earlier under the same number with the same content.
    Same(Order),
}

/// Why a request was turned away, and so whether an order may exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turned {
    /// Fields are wrong; no order exists, and the number is still free.
    Fields(Vec<FieldError>),
    /// The number was used for other content; that order exists.
    Conflict {
        /// The order under this number.
        order: OrderId,
    },
    /// Not enough balance; no order exists, and the number is still free.
    NoFunds {
        /// What is available.
        available: Money,
        /// What the order costs.
        price: Money,
    },
    /// Too much is waiting; no order exists.
    Overloaded,
    /// Stopping, or the database is away; no order exists from this request.
    Unavailable,
    /// The commit's outcome is unknown: the same request again will tell.
    OutcomeUnknown,
}

/// One field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Its name in the request, such as `inputs.account`.
    pub field: String,
    /// What is wrong; the face words it and names the remedy.
    pub problem: FieldProblem,
}

/// What can be wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldProblem {
    /// Required and absent.
    Missing,
    /// Not one of the keys this product asks for.
    NotAsked,
    /// No such product, or not on sale.
    NoSuchProduct,
    /// Shorter or longer than allowed, in characters.
    Length {
        /// Shortest.
        min: u16,
        /// Longest.
        max: u16,
    },
    /// Contains characters that are not allowed.
    Characters,
    /// Not a decimal amount of the product's currency.
    NotMoney,
    /// Not among the face values on sale (given here, decimal).
    NotOnSale {
        /// What is on sale.
        choices: Vec<String>,
    },
    /// Outside the allowed numbers.
    OutOfRange {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// The price is above `max_price`.
    PriceAbove {
        /// The price now, decimal.
        price: String,
    },
    /// Not an absolute http(s) URL that may be called: public addresses only.
    NotCallable,
}
