//! Products as Nhanh keeps them: flat rows (standalone, parent or variant) with a level per depot.
//!
//! Must never know how a wire writes them.

use std::collections::BTreeMap;

use super::quantity::Quantity;

/// Where a row stands among its kin (`parentId`: -1, -2 or the parent's id).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kin {
    /// A product of its own.
    Standalone,
    /// A parent: sold only through its variants.
    Parent,
    /// A variant of the parent with this id.
    Variant(i64),
}

/// One value of an attribute: what a variant differs by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The attribute's id, the same on every product.
    pub attribute_id: i64,
    /// Its name: "Màu sắc".
    pub attribute_name: String,
    /// The value's id.
    pub value_id: i64,
    /// The value: "Đỏ".
    pub value: String,
}

/// A further unit that the product is sold in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The unit's id.
    pub id: i64,
    /// Its name: "Thùng".
    pub name: String,
    /// How many base units it holds.
    pub quantity: i64,
    /// Its retail price in dong.
    pub price: i64,
}

/// A part of a combo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComboPart {
    /// The part's product id.
    pub product: i64,
    /// How many of it one combo takes.
    pub quantity: Quantity,
}

/// What one depot holds of one product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// On hand.
    pub remain: Quantity,
    /// On its way to buyers.
    pub shipping: Quantity,
    /// Reserved by open orders.
    pub holding: Quantity,
    /// Faulty.
    pub damaged: Quantity,
    /// Under warranty.
    pub warranty: Quantity,
    /// Reserved for warranty.
    pub warranty_holding: Quantity,
    /// Between depots.
    pub transfering: Quantity,
    /// What Nhanh's own settings add to the number that may be sold; real shops show `available` above `remain`.
    pub extra: Quantity,
}

impl Level {
    /// What may be sold; Nhanh computes it, and it need not be `remain - holding`.
    pub fn available(&self) -> Quantity {
        self.remain - self.shipping - self.holding - self.damaged - self.warranty_holding + self.extra
    }

    /// The sum of two levels.
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            remain: self.remain + other.remain,
            shipping: self.shipping + other.shipping,
            holding: self.holding + other.holding,
            damaged: self.damaged + other.damaged,
            warranty: self.warranty + other.warranty,
            warranty_holding: self.warranty_holding + other.warranty_holding,
            transfering: self.transfering + other.transfering,
            extra: self.extra + other.extra,
        }
    }
}

/// A product row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Nhanh's id (`idNhanh`).
    pub id: i64,
    /// The id that an app gave it (`privateId`, `shopProductId`).
    pub own_id: Option<String>,
    /// Standalone, parent or variant.
    pub kin: Kin,
    /// The type's number, see [`crate::words::PRODUCT_TYPES`].
    pub type_id: i64,
    /// Its category.
    pub category: Option<i64>,
    /// Its internal category.
    pub internal_category: Option<i64>,
    /// Its brand: id and name.
    pub brand: Option<(i64, String)>,
    /// The SKU; may be absent or empty.
    pub code: Option<String>,
    /// The barcode; may be absent or empty.
    pub barcode: Option<String>,
    /// The name, not always in Unicode's composed form.
    pub name: String,
    /// Another name.
    pub other_name: Option<String>,
    /// Retail price in dong; may be 0 or absent.
    pub price: Option<i64>,
    /// Struck-through price.
    pub old_price: Option<i64>,
    /// Purchase price.
    pub import_price: Option<i64>,
    /// Wholesale price.
    pub wholesale_price: Option<i64>,
    /// Average cost.
    pub avg_cost: Option<i64>,
    /// VAT percent; special values are -1 (not taxable), -2 (not declared), -100 (0 %).
    pub vat: Option<i64>,
    /// 1: the price includes VAT; 2: it comes on top, the default (3.0 reference section 3).
    pub vat_mode: i64,
    /// Main image; empty when there is none.
    pub image: String,
    /// Other images.
    pub images: Vec<String>,
    /// The status word; unknown ones occur.
    pub status: String,
    /// Weight in grams, packaging included.
    pub weight: Option<i64>,
    /// Length, width, height in cm.
    pub size: Option<(i64, i64, i64)>,
    /// Country of origin.
    pub country: Option<String>,
    /// The base unit's name.
    pub unit: Option<String>,
    /// Further units.
    pub units: Vec<Unit>,
    /// What a combo is made of.
    pub combo: Vec<ComboPart>,
    /// What a variant differs by.
    pub attributes: Vec<Attribute>,
    /// Short text, HTML.
    pub description: String,
    /// Long text, HTML.
    pub content: String,
    /// Warranty in months.
    pub warranty: Option<i64>,
    /// When it was made, unix ms.
    pub created_ms: i64,
    /// When its information last changed, unix ms; stock movements leave it alone (reference section 3.1).
    pub updated_ms: i64,
    /// When its stock last changed, unix ms.
    pub stock_ms: i64,
    /// Levels by depot id. Empty for parents, services and vouchers.
    pub stock: BTreeMap<i64, Level>,
    /// Whether an order line for an unknown product made it (reference section 4.2).
    pub auto_created: bool,
}

impl Product {
    /// A new standalone product with nothing but a name; the id is given when it is added.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            id: 0,
            own_id: None,
            kin: Kin::Standalone,
            type_id: 1,
            category: None,
            internal_category: None,
            brand: None,
            code: None,
            barcode: None,
            name: name.into(),
            other_name: None,
            price: None,
            old_price: None,
            import_price: None,
            wholesale_price: None,
            avg_cost: None,
            vat: None,
            vat_mode: 2,
            image: String::new(),
            images: Vec::new(),
            status: "New".to_owned(),
            weight: None,
            size: None,
            country: None,
            unit: None,
            units: Vec::new(),
            combo: Vec::new(),
            attributes: Vec::new(),
            description: String::new(),
            content: String::new(),
            warranty: None,
            created_ms: 0,
            updated_ms: 0,
            stock_ms: 0,
            stock: BTreeMap::new(),
            auto_created: false,
        }
    }

    /// The total over the depots in `scope`; an empty scope means all of them.
    pub fn total(&self, scope: &[i64]) -> Level {
        self.levels(scope).fold(Level::default(), |sum, (_, level)| sum.plus(level))
    }

    /// The levels of the depots in `scope`; an empty scope means all of them.
    pub fn levels<'a>(&'a self, scope: &'a [i64]) -> impl Iterator<Item = (i64, &'a Level)> {
        self.stock.iter().filter(move |(depot, _)| scope.is_empty() || scope.contains(depot)).map(|(depot, level)| (*depot, level))
    }

    /// Whether depots hold it: services, vouchers and parents are not stocked.
    pub fn is_stocked(&self) -> bool {
        self.kin != Kin::Parent && !matches!(self.type_id, 2 | 6)
    }
}
