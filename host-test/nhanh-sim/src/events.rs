//! The events that webhooks tell of, by name: what a form ticks, and which right each asks for (reference section 8.1; 3.0: 11.4).
//!
//! Must never build a body: each dialect writes its own in `wire`.

use crate::dialect::Dialect;
use crate::permission::Permission;
use crate::shop::Event;

/// An event that webhooks tell of (reference section 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// `productAdd`.
    ProductAdd,
    /// `productUpdate`.
    ProductUpdate,
    /// `productDelete`.
    ProductDelete,
    /// `inventoryChange`.
    InventoryChange,
    /// `orderAdd`.
    OrderAdd,
    /// `orderUpdate`.
    OrderUpdate,
    /// `orderDelete`.
    OrderDelete,
    /// `paymentReceived`; 2.0 only.
    PaymentReceived,
    /// `orderPartialReturn`; 3.0 only.
    OrderPartialReturn,
    /// `appUninstalled`; 3.0 only.
    AppUninstalled,
}

impl EventKind {
    /// Every event of 2.0.
    pub const ALL: [Self; 8] = [
        Self::ProductAdd,
        Self::ProductUpdate,
        Self::ProductDelete,
        Self::InventoryChange,
        Self::OrderAdd,
        Self::OrderUpdate,
        Self::OrderDelete,
        Self::PaymentReceived,
    ];

    /// Every event of 3.0 (3.0 reference section 11.4).
    pub const ALL_V3: [Self; 9] = [
        Self::ProductAdd,
        Self::ProductUpdate,
        Self::ProductDelete,
        Self::InventoryChange,
        Self::OrderAdd,
        Self::OrderUpdate,
        Self::OrderDelete,
        Self::OrderPartialReturn,
        Self::AppUninstalled,
    ];

    /// Every event that the form of a dialect's webhooks offers.
    pub fn all(dialect: Dialect) -> &'static [Self] {
        match dialect {
            Dialect::V2 => &Self::ALL,
            Dialect::V3 => &Self::ALL_V3,
        }
    }

    /// The event that tells of this.
    pub fn of(event: &Event) -> Self {
        match event {
            Event::ProductAdd(_) => Self::ProductAdd,
            Event::ProductUpdate(_) => Self::ProductUpdate,
            Event::ProductDelete(_) => Self::ProductDelete,
            Event::InventoryChange(_) => Self::InventoryChange,
            Event::OrderAdd(_) => Self::OrderAdd,
            Event::OrderUpdate(_) => Self::OrderUpdate,
            Event::OrderDelete(_) => Self::OrderDelete,
            Event::PaymentReceived(_) => Self::PaymentReceived,
            Event::OrderPartialReturn(_) => Self::OrderPartialReturn,
        }
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProductAdd => "productAdd",
            Self::ProductUpdate => "productUpdate",
            Self::ProductDelete => "productDelete",
            Self::InventoryChange => "inventoryChange",
            Self::OrderAdd => "orderAdd",
            Self::OrderUpdate => "orderUpdate",
            Self::OrderDelete => "orderDelete",
            Self::PaymentReceived => "paymentReceived",
            Self::OrderPartialReturn => "orderPartialReturn",
            Self::AppUninstalled => "appUninstalled",
        }
    }

    /// Its number in 2.0's `registeredEvents`; 101, 102, 110 and 202 are documented, the others guessed, and 3.0's own events have none.
    pub fn number(self) -> Option<u32> {
        Some(match self {
            Self::ProductAdd => 101,
            Self::ProductUpdate => 102,
            Self::ProductDelete => 103,
            Self::InventoryChange => 110,
            Self::OrderAdd => 201,
            Self::OrderUpdate => 202,
            Self::OrderDelete => 203,
            Self::PaymentReceived => 301,
            Self::OrderPartialReturn | Self::AppUninstalled => return None,
        })
    }

    /// The right that a token must have for the event to be sent; `None`: any living token will do.
    pub fn permission(self) -> Option<Permission> {
        Some(match self {
            Self::ProductAdd | Self::ProductUpdate | Self::ProductDelete | Self::InventoryChange => Permission::Product,
            Self::OrderAdd | Self::OrderUpdate | Self::OrderDelete | Self::PaymentReceived | Self::OrderPartialReturn => Permission::Order,
            Self::AppUninstalled => return None,
        })
    }
}
