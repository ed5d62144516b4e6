//! What a login may be allowed to do. It says nothing of who was allowed what.

/// A right that the person who logs in may grant. The names are invented: the documents show none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// Product list: search, detail, categories; product and stock webhooks.
    Product,
    /// Order list: index, history; order webhooks.
    Order,
    /// Adding and updating orders.
    OrderWrite,
    /// Customer list.
    Customer,
    /// Depot list.
    Depot,
    /// User list.
    User,
    /// Places and carriers.
    Shipping,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 7] = [Self::Product, Self::Order, Self::OrderWrite, Self::Customer, Self::Depot, Self::User, Self::Shipping];

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Order => "order",
            Self::OrderWrite => "orderwrite",
            Self::Customer => "customer",
            Self::Depot => "depot",
            Self::User => "user",
            Self::Shipping => "shipping",
        }
    }

    /// The permission with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.name() == name)
    }
}
