//! What a list asks of the shop: filters that mean the same in every dialect.
//!
//! Times are compared in whole seconds, since no wire has finer ones. Must never read a request.

use std::collections::BTreeSet;

use super::{Customer, Kin, Order, Product};

/// Whether a set that filters holds a value; an empty one does not filter.
fn among<T: PartialEq>(wanted: &[T], value: &T) -> bool {
    wanted.is_empty() || wanted.contains(value)
}

/// Whether a time in ms is between two bounds in ms, by whole seconds.
fn between(ms: i64, from: Option<i64>, to: Option<i64>) -> bool {
    let second = ms / 1000;
    from.is_none_or(|from| second >= from / 1000) && to.is_none_or(|to| second <= to / 1000)
}

/// A filter of products.
pub(crate) struct ProductQuery {
    pub(crate) ids: Vec<i64>,
    /// In name, code or barcode, lower case.
    pub(crate) name: Option<String>,
    pub(crate) kin: fn(Kin) -> bool,
    pub(crate) parent: Option<i64>,
    pub(crate) categories: Option<BTreeSet<i64>>,
    /// None: every status but Inactive, which is hidden.
    pub(crate) statuses: Vec<String>,
    /// Whether Inactive is shown although no status is asked for.
    pub(crate) show_inactive: bool,
    pub(crate) price_from: Option<i64>,
    pub(crate) price_to: Option<i64>,
    pub(crate) brands: Vec<i64>,
    pub(crate) updated_from: Option<i64>,
    pub(crate) updated_to: Option<i64>,
    pub(crate) stock_from: Option<i64>,
    pub(crate) stock_to: Option<i64>,
}

impl Default for ProductQuery {
    fn default() -> Self {
        Self {
            ids: Vec::new(),
            name: None,
            kin: |_| true,
            parent: None,
            categories: None,
            statuses: Vec::new(),
            show_inactive: false,
            price_from: None,
            price_to: None,
            brands: Vec::new(),
            updated_from: None,
            updated_to: None,
            stock_from: None,
            stock_to: None,
        }
    }
}

impl ProductQuery {
    pub(crate) fn takes(&self, product: &Product) -> bool {
        let status = match self.statuses.is_empty() {
            false => self.statuses.contains(&product.status),
            true => self.show_inactive || product.status != "Inactive",
        };
        let names = || [Some(product.name.as_str()), product.code.as_deref(), product.barcode.as_deref()].into_iter().flatten();
        let price = product.price.unwrap_or(0);
        status
            && among(&self.ids, &product.id)
            && (self.kin)(product.kin)
            && self.parent.is_none_or(|parent| product.kin == Kin::Variant(parent))
            && self.name.as_ref().is_none_or(|wanted| names().any(|text| text.to_lowercase().contains(wanted)))
            && self.categories.as_ref().is_none_or(|wanted| product.category.is_some_and(|id| wanted.contains(&id)))
            && self.price_from.is_none_or(|from| price >= from)
            && self.price_to.is_none_or(|to| price <= to)
            && (self.brands.is_empty() || product.brand.as_ref().is_some_and(|(id, _)| self.brands.contains(id)))
            && between(product.updated_ms, self.updated_from, self.updated_to)
            && between(product.stock_ms, self.stock_from, self.stock_to)
    }
}

/// A filter of orders; spans are each dialect's own.
#[derive(Default)]
pub(crate) struct OrderQuery {
    pub(crate) ids: Vec<i64>,
    pub(crate) customer: Option<i64>,
    /// To the letter.
    pub(crate) mobile: Option<String>,
    pub(crate) statuses: Vec<String>,
    pub(crate) depots: Vec<i64>,
    pub(crate) channels: Vec<i64>,
    pub(crate) type_id: Option<i64>,
    pub(crate) carrier: Option<i64>,
    pub(crate) carrier_code: Option<String>,
    /// Orders are hidden until their time has come.
    pub(crate) now_ms: i64,
}

impl OrderQuery {
    /// Whether it names an order or a customer, which lifts every window.
    pub(crate) fn is_narrow(&self) -> bool {
        !self.ids.is_empty() || self.customer.is_some() || self.mobile.is_some()
    }

    pub(crate) fn takes(&self, order: &Order) -> bool {
        order.visible_ms <= self.now_ms
            && among(&self.ids, &order.id)
            && self.customer.is_none_or(|customer| order.customer == customer)
            && self.mobile.as_ref().is_none_or(|mobile| order.recipient.mobile == *mobile)
            && among(&self.statuses, &order.status)
            && (self.depots.is_empty() || order.depot.is_some_and(|depot| self.depots.contains(&depot)))
            && among(&self.channels, &order.sale_channel)
            && self.type_id.is_none_or(|type_id| order.type_id == type_id)
            && self.carrier.is_none_or(|carrier| order.carrier.as_ref().is_some_and(|(id, _)| *id == carrier))
            && self.carrier_code.as_ref().is_none_or(|code| order.carrier_code == *code)
    }
}

/// A filter of customers.
#[derive(Default)]
pub(crate) struct CustomerQuery {
    pub(crate) ids: Vec<i64>,
    pub(crate) mobile: Option<String>,
    pub(crate) type_id: Option<i64>,
    pub(crate) updated_from: Option<i64>,
    pub(crate) updated_to: Option<i64>,
    /// The first moment of the last purchase.
    pub(crate) bought_from: Option<i64>,
    /// The first moment after it.
    pub(crate) bought_before: Option<i64>,
}

impl CustomerQuery {
    pub(crate) fn takes(&self, customer: &Customer) -> bool {
        among(&self.ids, &customer.id)
            && self.mobile.as_ref().is_none_or(|mobile| customer.mobile == *mobile)
            && self.type_id.is_none_or(|type_id| customer.type_id == type_id)
            && between(customer.updated_ms, self.updated_from, self.updated_to)
            && self.bought_from.is_none_or(|from| customer.last_bought_ms.is_some_and(|at| at >= from))
            && self.bought_before.is_none_or(|before| customer.last_bought_ms.is_some_and(|at| at < before))
    }
}
