//! The shop: everything Nhanh would keep in its database, typed and exact, whatever dialect asks for it.
//!
//! Quantities are thousandths, money is whole dong, times are unix milliseconds. Changes are methods that also note an [`Event`] for webhooks.
//! Must never know how a wire writes any of it, nor talk to a socket.

mod children;
mod customer;
mod goods;
mod order;
mod orders;
mod place;
mod product;
mod quantity;
mod query;
mod shipments;
mod shortage;
mod tree;

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use children::ChildKind;
pub use customer::Customer;
pub(crate) use order::may_follow;
pub use order::{Claim, LedgerEntry, Line, Money, Order, Recipient};
pub use orders::{NewLine, NewOrder, OrderChange};
pub use place::{Category, Depot, Levels, Place, User};
pub use product::{Attribute, ComboPart, Kin, Level, Product, Unit};
pub use quantity::Quantity;
pub(crate) use query::{CustomerQuery, OrderQuery, ProductQuery};
pub(crate) use tree::SEEDED;
pub use tree::{CITIES, City, District, PROVINCES, Province, city_named, province_of};

/// Something that happened in a business and that webhooks speak of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A product was added.
    ProductAdd(i64),
    /// A product's information changed.
    ProductUpdate(i64),
    /// Products were deleted.
    ProductDelete(Vec<i64>),
    /// A product's stock changed; deliveries are batched.
    InventoryChange(i64),
    /// An order was added, from any source.
    OrderAdd(i64),
    /// An order was edited or changed its status.
    OrderUpdate(i64),
    /// Orders were deleted.
    OrderDelete(Vec<i64>),
    /// A payment for an order came in.
    PaymentReceived(i64),
    /// A part of an order came back, as this order.
    OrderPartialReturn(i64),
}

/// One merchant's business.
#[derive(Debug, Default)]
pub(crate) struct Business {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// "Cho phép kết nối Open API" in the general settings.
    pub(crate) open_api: bool,
    /// "Chặn đặt hàng theo số có thể bán" in the settings: no order for more than may be sold.
    pub(crate) blocks_overselling: bool,
    pub(crate) depots: BTreeMap<i64, Depot>,
    /// Depots that were closed: no list shows them or what they hold.
    pub(crate) closed_depots: BTreeMap<i64, Depot>,
    pub(crate) categories: BTreeMap<i64, Category>,
    pub(crate) internal_categories: BTreeMap<i64, Category>,
    pub(crate) products: BTreeMap<i64, Product>,
    pub(crate) customers: BTreeMap<i64, Customer>,
    pub(crate) orders: BTreeMap<i64, Order>,
    pub(crate) users: Vec<User>,
    /// Orders by the app's own id.
    pub(crate) by_own_id: HashMap<String, Vec<i64>>,
    /// Products by the own id that an app gave them.
    pub(crate) products_by_own_id: HashMap<String, i64>,
    /// Variants by parent.
    pub(crate) variants: HashMap<i64, BTreeSet<i64>>,
    /// Customers by phone.
    pub(crate) by_mobile: HashMap<String, i64>,
    /// Orders that a deletion removed: id and when.
    pub(crate) deleted_orders: BTreeMap<i64, i64>,
}

impl Business {
    /// Files a product under its id and keeps the indices right.
    pub(crate) fn file_product(&mut self, product: Product) {
        if let Some(own) = &product.own_id {
            self.products_by_own_id.insert(own.clone(), product.id);
        }
        if let Kin::Variant(parent) = product.kin {
            self.variants.entry(parent).or_default().insert(product.id);
        }
        self.products.insert(product.id, product);
    }

    /// Files a customer under its id and phone.
    pub(crate) fn file_customer(&mut self, customer: Customer) {
        if !customer.mobile.is_empty() {
            self.by_mobile.insert(customer.mobile.clone(), customer.id);
        }
        self.customers.insert(customer.id, customer);
    }

    /// The orders that a query takes, newest first.
    pub(crate) fn find_orders(&self, wanted: &OrderQuery) -> Vec<&Order> {
        let mut found: Vec<&Order> = match wanted.ids.is_empty() {
            true => self.orders.values().filter(|order| wanted.takes(order)).collect(),
            false => wanted.ids.iter().filter_map(|id| self.orders.get(id)).filter(|order| wanted.takes(order)).collect(),
        };
        found.sort_unstable_by_key(|order| std::cmp::Reverse(order.id));
        found.dedup_by_key(|order| order.id);
        found
    }

    /// The products that a query takes, newest first.
    pub(crate) fn find_products(&self, wanted: &ProductQuery) -> Vec<&Product> {
        self.products.values().rev().filter(|product| wanted.takes(product)).collect()
    }

    /// The levels a product shows: its own, or the sums of its variants for a parent. What closed depots hold is left out.
    pub(crate) fn shown_stock(&self, product: &Product) -> BTreeMap<i64, Level> {
        let open = |(depot, _): &(&i64, &Level)| !self.closed_depots.contains_key(depot);
        if product.kin != Kin::Parent {
            return product.stock.iter().filter(open).map(|(depot, level)| (*depot, *level)).collect();
        }
        let mut sums: BTreeMap<i64, Level> = BTreeMap::new();
        for variant in self.variants.get(&product.id).into_iter().flatten().filter_map(|id| self.products.get(id)) {
            for (depot, level) in variant.stock.iter().filter(open) {
                let sum = sums.entry(*depot).or_default();
                *sum = sum.plus(level);
            }
        }
        sums
    }

    /// The total of a product's own levels over the open depots in `scope`; an empty scope means all of them.
    pub(crate) fn total(&self, product: &Product, scope: &[i64]) -> Level {
        let open = product.levels(scope).filter(|(depot, _)| !self.closed_depots.contains_key(depot));
        open.fold(Level::default(), |sum, (_, level)| sum.plus(level))
    }

    /// A category and everything below it.
    pub(crate) fn category_with_descendants(&self, root: i64) -> BTreeSet<i64> {
        let mut found = BTreeSet::from([root]);
        loop {
            let before = found.len();
            found.extend(
                self.categories
                    .values()
                    .filter(|category| category.parent.is_some_and(|up| found.contains(&up)))
                    .map(|category| category.id)
                    .collect::<Vec<_>>(),
            );
            if found.len() == before {
                return found;
            }
        }
    }
}

/// The next id of each kind; ids are unique over all businesses, as at Nhanh.
#[derive(Debug)]
pub(crate) struct Ids {
    pub(crate) business: i64,
    pub(crate) depot: i64,
    pub(crate) category: i64,
    pub(crate) product: i64,
    pub(crate) customer: i64,
    pub(crate) order: i64,
    pub(crate) user: i64,
}

impl Ids {
    /// Takes the next id of a kind.
    pub(crate) fn take(next: &mut i64) -> i64 {
        let id = *next;
        *next += 1;
        id
    }
}

/// Every business of this Nhanh.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) businesses: BTreeMap<i64, Business>,
    pub(crate) ids: Ids,
    ledger: Vec<LedgerEntry>,
    ledger_at: HashMap<i64, usize>,
    events: Vec<(i64, Event)>,
}

impl Shop {
    /// An empty shop.
    pub(crate) fn new() -> Self {
        let ids = Ids {
            business: 64_692,
            depot: 31_010,
            category: 412_001,
            product: 38_000_101,
            customer: 55_120_001,
            order: 125_123_098,
            user: 9_001,
        };
        Self { businesses: BTreeMap::new(), ids, ledger: Vec::new(), ledger_at: HashMap::new(), events: Vec::new() }
    }

    /// The business with this id.
    pub(crate) fn business(&self, id: i64) -> Option<&Business> {
        self.businesses.get(&id)
    }

    /// The business that has this product.
    pub(crate) fn home_of_product(&self, product: i64) -> Option<i64> {
        self.businesses.values().find(|business| business.products.contains_key(&product)).map(|business| business.id)
    }

    /// The business that has this order.
    pub(crate) fn home_of_order(&self, order: i64) -> Option<i64> {
        self.businesses.values().find(|business| business.orders.contains_key(&order)).map(|business| business.id)
    }

    /// The product with this id, wherever it is.
    pub(crate) fn product(&self, id: i64) -> Option<&Product> {
        self.businesses.values().find_map(|business| business.products.get(&id))
    }

    /// The order with this id, wherever it is.
    pub(crate) fn order(&self, id: i64) -> Option<&Order> {
        self.businesses.values().find_map(|business| business.orders.get(&id))
    }

    fn order_mut(&mut self, id: i64) -> Option<&mut Order> {
        self.businesses.values_mut().find_map(|business| business.orders.get_mut(&id))
    }

    /// Every order ever created, oldest first.
    pub(crate) fn ledger(&self) -> &[LedgerEntry] {
        &self.ledger
    }

    /// Takes what happened since the last call.
    pub(crate) fn take_events(&mut self) -> Vec<(i64, Event)> {
        std::mem::take(&mut self.events)
    }

    fn note(&mut self, business: i64, event: Event) {
        self.events.push((business, event));
    }
}
