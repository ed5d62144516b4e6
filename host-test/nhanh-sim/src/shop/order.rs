//! Orders, the stock they hold, and the ledger of every order ever created.
//!
//! Must never forget an order: a deleted one leaves the shop, never the ledger.

use super::place::{Levels, Place};
use super::quantity::Quantity;

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The product's id.
    pub product: i64,
    /// Its SKU when the order was made.
    pub code: String,
    /// Its barcode when the order was made.
    pub barcode: String,
    /// Its name when the order was made.
    pub name: String,
    /// Unit price in dong.
    pub price: i64,
    /// How many.
    pub quantity: Quantity,
    /// Discount on the **whole line** in dong, as 3.0 writes it; both dialects read it per unit.
    pub discount_amount: i64,
    /// VAT percent; -1 (not taxable), -2 (not declared) and -100 (0 %) count as nothing.
    pub vat_percent: i64,
    /// 1: the price includes VAT; 2: it comes on top (3.0 reference section 3). 2.0 knows neither and has 0 %.
    pub vat_mode: i64,
    /// Grams.
    pub weight: i64,
}

impl Line {
    /// The discount on one unit, rounded half up to a dong.
    pub fn discount_per_unit(&self) -> i64 {
        match self.quantity.as_thousandths() {
            0 => 0,
            thousandths => (self.discount_amount * 1000 + thousandths / 2).div_euclid(thousandths),
        }
    }

    /// Quantity times price less discount, in dong.
    pub fn goods(&self) -> i64 {
        self.quantity.times_price(self.price) - self.discount_amount
    }

    /// The VAT in dong, on top of the goods or within them, rounded half up.
    pub fn vat_amount(&self) -> i64 {
        let (goods, percent) = (self.goods(), self.vat_percent.max(0));
        match self.vat_mode {
            1 => (goods * percent * 2 + 100 + percent).div_euclid(2 * (100 + percent)),
            _ => (goods * percent + 50).div_euclid(100),
        }
    }

    /// A unit's price with VAT.
    pub fn price_after_vat(&self) -> i64 {
        match self.vat_mode {
            1 => self.price,
            _ => self.price + (self.price * self.vat_percent.max(0) + 50).div_euclid(100),
        }
    }

    /// What the line costs in dong.
    pub fn money(&self) -> i64 {
        self.goods() + if self.vat_mode == 1 { 0 } else { self.vat_amount() }
    }
}

/// Who gets the parcel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipient {
    /// Full name.
    pub name: String,
    /// Phone as given.
    pub mobile: String,
    /// E-mail.
    pub email: Option<String>,
    /// Street address.
    pub address: Option<String>,
    /// City, where the name given is in the tree.
    pub city: Option<Place>,
    /// District.
    pub district: Option<Place>,
    /// Ward.
    pub ward: Option<Place>,
    /// Which tree the places are of.
    pub levels: Levels,
}

/// The sums of an order, in dong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Money {
    /// Discount on the whole order.
    pub discount: i64,
    /// Paid in advance.
    pub deposit: i64,
    /// Paid by bank transfer.
    pub transfer: i64,
    /// What the buyer pays for delivery.
    pub customer_ship_fee: i64,
    /// Points used.
    pub used_points: i64,
    /// What those points are worth.
    pub points_money: i64,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Nhanh's id.
    pub id: i64,
    /// The app's own id (`shopOrderId`, `privateId`).
    pub own_id: Option<String>,
    /// The app that made it; `None` for a person at Nhanh or a marketplace.
    pub app: Option<i64>,
    /// The depot it leaves from; without one nothing is reserved.
    pub depot: Option<i64>,
    /// The type's number, see [`crate::words::ORDER_TYPES`].
    pub type_id: i64,
    /// Where it came from, see [`crate::words::SALE_CHANNELS`].
    pub sale_channel: i64,
    /// The customer's id.
    pub customer: i64,
    /// Who gets the parcel.
    pub recipient: Recipient,
    /// Its sums.
    pub money: Money,
    /// Its lines.
    pub lines: Vec<Line>,
    /// The status code; unknown ones occur.
    pub status: String,
    /// Why it was cancelled or failed, in Vietnamese.
    pub reason: String,
    /// The customer's note.
    pub description: String,
    /// The internal note.
    pub private_description: String,
    /// The payment's code.
    pub payment_code: String,
    /// A coupon label.
    pub coupon_code: String,
    /// Where the buyer came from.
    pub traffic_source: Option<String>,
    /// `Y-m-d`.
    pub delivery_date: Option<String>,
    /// Carrier id and name.
    pub carrier: Option<(i64, String)>,
    /// The carrier's code, after it was handed over.
    pub carrier_code: String,
    /// When it was handed over to the carrier, unix ms; `None` while it is not with one.
    pub sent_ms: Option<i64>,
    /// Whether its shipment was cancelled, so that it is no longer with a carrier.
    pub shipment_canceled: bool,
    /// The order that this one is a return, an exchange, a compensation or a part of.
    pub original: Option<i64>,
    /// Whether its reservation has ended although it is still open.
    pub hold_lapsed: bool,
    /// The marketplace's tracking number.
    pub marketplace_number: Option<String>,
    /// Names of its labels.
    pub tags: Vec<String>,
    /// When it was made, unix ms.
    pub created_ms: i64,
    /// When it last changed, unix ms.
    pub updated_ms: i64,
    /// From when on reads show it, unix ms; a switch makes effects late.
    pub visible_ms: i64,
    /// Its history: unix ms, old status, new status, who.
    pub history: Vec<(i64, String, String, String)>,
    /// What else is in its history: unix ms, and the step's number in 3.0 (3.0 reference section 3).
    pub steps: Vec<(i64, i64)>,
}

impl Order {
    /// What it does to the stock of its depot now.
    pub fn claim(&self) -> Claim {
        match (self.type_id, Claim::of(&self.status)) {
            // Goods that come in reserve nothing; a return that is done puts them on the shelf.
            (14, Claim::Gone) => Claim::Back,
            (14 | 16, _) => Claim::None,
            // A carrier's compensation moves no goods.
            (17, _) => Claim::None,
            (_, Claim::Holding) if self.hold_lapsed => Claim::None,
            (_, claim) => claim,
        }
    }

    /// What the carrier takes from the recipient (`calcTotalMoney`).
    pub fn to_collect(&self) -> i64 {
        let lines: i64 = self.lines.iter().map(Line::money).sum();
        let money = &self.money;
        lines - money.discount - money.points_money - money.deposit - money.transfer + money.customer_ship_fee
    }
}

/// Whether an app may let one status follow another: Canceled and Aborted only from New, Confirming, Confirmed (reference section 4.3); for the others
/// no rule is documented, and a finished order stays finished. `freed`: its shipment was cancelled, so that it is as if it had not left.
pub(crate) fn may_follow(present: &str, next: &str, freed: bool) -> bool {
    let finished =
        matches!(present, "Success" | "Canceled" | "Aborted" | "CarrierCanceled" | "Failed" | "Returning" | "Returned" | "ConfirmReturned");
    match next {
        "Canceled" | "Aborted" => matches!(present, "New" | "Confirming" | "Confirmed") || (freed && !finished),
        "Confirmed" => matches!(present, "New" | "Confirming" | "CustomerConfirming"),
        "Success" => !finished,
        "Returned" => !finished || matches!(present, "Failed" | "Returning"),
        _ => false,
    }
}

/// What an order does to the stock of its depot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nothing.
    None,
    /// Its lines are reserved: `holding`.
    Holding,
    /// They are with the carrier: `shipping`.
    Shipping,
    /// They are gone: `remain` is lower.
    Gone,
    /// They have come back: `remain` is higher.
    Back,
}

impl Claim {
    /// The claim of an order in this status.
    pub fn of(status: &str) -> Self {
        match status {
            "New" | "Confirming" | "CustomerConfirming" | "Confirmed" | "Packing" | "Packed" | "ChangeDepot" | "Pickup" => Self::Holding,
            "Shipping" | "Failed" | "Returning" => Self::Shipping,
            "Success" => Self::Gone,
            _ => Self::None,
        }
    }
}

/// One order ever created through the API or by a person; it stays when the order is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Nhanh's id.
    pub id: i64,
    /// The app's own id.
    pub own_id: Option<String>,
    /// The app that made it.
    pub app: Option<i64>,
    /// The business it belongs to.
    pub business: i64,
    /// The depot it names.
    pub depot: Option<i64>,
    /// The recipient's phone as it was sent.
    pub phone: String,
    /// What the carrier takes from the recipient, in dong.
    pub to_collect: i64,
    /// The present status, or the last one before it was deleted.
    pub status: String,
    /// When it was made, unix ms.
    pub created_ms: i64,
    /// How often it was changed since.
    pub updates: u32,
    /// What it reserves now, summed over its lines.
    pub holding: Quantity,
    /// Products that Nhanh made because a line named an unknown one.
    pub auto_created: Vec<i64>,
    /// Whether a person deleted it.
    pub deleted: bool,
}
