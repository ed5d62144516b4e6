//! Apps, access codes and tokens: who may call what for which business (reference section 1).
//!
//! Must never decide what a call does; and never write a token or a secret into a log.

use std::collections::{BTreeSet, HashMap};

use url::Url;

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
    /// `paymentReceived`.
    PaymentReceived,
}

impl EventKind {
    /// Every event.
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
        }
    }

    /// Its number in `registeredEvents`; 101, 102, 110 and 202 are documented, the others guessed.
    pub fn number(self) -> u32 {
        match self {
            Self::ProductAdd => 101,
            Self::ProductUpdate => 102,
            Self::ProductDelete => 103,
            Self::InventoryChange => 110,
            Self::OrderAdd => 201,
            Self::OrderUpdate => 202,
            Self::OrderDelete => 203,
            Self::PaymentReceived => 301,
        }
    }

    /// The right that a token must have for the event to be sent.
    pub fn permission(self) -> Permission {
        match self {
            Self::ProductAdd | Self::ProductUpdate | Self::ProductDelete | Self::InventoryChange => Permission::Product,
            Self::OrderAdd | Self::OrderUpdate | Self::OrderDelete | Self::PaymentReceived => Permission::Order,
        }
    }
}

/// The form of an app at open.nhanh.vn.
#[derive(Clone, Debug, Default)]
pub struct AppForm {
    /// The app's name.
    pub name: String,
    /// Where a login may return to, compared to the letter.
    pub redirect_urls: Vec<String>,
    /// Webhooks, if they are switched on.
    pub webhooks: Option<WebhookForm>,
}

/// The webhook part of the form.
#[derive(Clone, Debug)]
pub struct WebhookForm {
    /// Where deliveries go.
    pub callback_url: String,
    /// 16 to 128 characters with letters and digits; sent in every body.
    pub verify_token: String,
    /// The events that are ticked.
    pub events: Vec<EventKind>,
}

/// An app as the console shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct App {
    /// The app's id.
    pub app_id: i64,
    /// Its secret.
    pub secret_key: String,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

/// What a person chooses on the login page.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The business.
    pub business: i64,
    /// The rights.
    pub permissions: Vec<Permission>,
    /// The depots; empty = all.
    pub depots: Vec<i64>,
}

impl Grant {
    /// Every right for every depot of a business.
    pub fn all(business: i64) -> Self {
        Self { business, permissions: Permission::ALL.to_vec(), depots: Vec::new() }
    }
}

/// An app with its present form.
#[derive(Debug)]
pub(crate) struct Registered {
    pub(crate) app: App,
    pub(crate) active: bool,
    pub(crate) form: AppForm,
}

/// A code or a token: for which app and business, what it allows, until when.
#[derive(Clone, Debug)]
pub(crate) struct Pass {
    pub(crate) app: i64,
    pub(crate) business: i64,
    pub(crate) permissions: BTreeSet<Permission>,
    pub(crate) depots: Vec<i64>,
    pub(crate) until_ms: i64,
}

/// The desk that hands out apps, codes and tokens.
#[derive(Debug)]
pub(crate) struct Access {
    rng: fastrand::Rng,
    next_app: i64,
    apps: HashMap<i64, Registered>,
    codes: HashMap<String, Pass>,
    tokens: HashMap<String, Pass>,
}

impl Access {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed ^ 0x0A11),
            next_app: 73_001,
            apps: HashMap::new(),
            codes: HashMap::new(),
            tokens: HashMap::new(),
        }
    }

    fn letters(&mut self, count: usize) -> String {
        (0..count).map(|_| self.rng.alphanumeric()).collect()
    }

    pub(crate) fn register(&mut self, form: AppForm) -> App {
        let app = App { app_id: self.next_app, secret_key: self.letters(64) };
        self.next_app += 1;
        self.apps.insert(app.app_id, Registered { app: app.clone(), active: true, form });
        app
    }

    pub(crate) fn app(&self, id: i64) -> Option<&Registered> {
        self.apps.get(&id)
    }

    pub(crate) fn app_mut(&mut self, id: i64) -> Option<&mut Registered> {
        self.apps.get_mut(&id)
    }

    pub(crate) fn apps(&self) -> impl Iterator<Item = &Registered> {
        self.apps.values()
    }

    /// Makes an access code for what a person granted.
    pub(crate) fn code(&mut self, pass: Pass) -> String {
        let code = self.letters(64);
        self.codes.insert(code.clone(), pass);
        code
    }

    /// Exchanges a code for a token, once. `None`: unknown, used, expired, or another app's.
    pub(crate) fn exchange(&mut self, app: i64, code: &str, now_ms: i64, life_ms: i64) -> Option<(String, Pass)> {
        let pass = self.codes.get(code).filter(|pass| pass.app == app)?.clone();
        self.codes.remove(code);
        if pass.until_ms <= now_ms {
            return None;
        }
        let pass = Pass { until_ms: now_ms.saturating_add(life_ms), ..pass };
        let token = self.letters(160);
        self.tokens.insert(token.clone(), pass.clone());
        Some((token, pass))
    }

    /// What a token allows, if it is alive and belongs to this app and business.
    pub(crate) fn pass(&self, token: &str, app: i64, business: i64, now_ms: i64) -> Option<&Pass> {
        self.tokens.get(token).filter(|pass| pass.app == app && pass.business == business && pass.until_ms > now_ms)
    }

    /// Whether some living token of the app has this right for the business.
    pub(crate) fn may(&self, app: i64, business: i64, permission: Permission, now_ms: i64) -> bool {
        self.tokens
            .values()
            .any(|pass| pass.app == app && pass.business == business && pass.until_ms > now_ms && pass.permissions.contains(&permission))
    }

    /// Changes every token of an app for a business; returns how many there are.
    pub(crate) fn change_tokens(&mut self, app: i64, business: i64, mut change: impl FnMut(&mut Pass)) -> usize {
        let found = self.tokens.values_mut().filter(|pass| pass.app == app && pass.business == business);
        found.map(&mut change).count()
    }

    /// Drops every token of an app for a business.
    pub(crate) fn drop_tokens(&mut self, app: i64, business: i64) -> usize {
        let before = self.tokens.len();
        self.tokens.retain(|_, pass| pass.app != app || pass.business != business);
        before - self.tokens.len()
    }
}

/// Whether Nhanh would take this URL: https, or http to this machine (so that tests need no certificate).
pub(crate) fn is_acceptable(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| {
        url.scheme() == "https" || (url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")))
    })
}

/// Whether a verify token has 16 to 128 characters with letters and digits (reference section 1.1).
pub(crate) fn is_verify_token(token: &str) -> bool {
    (16..=128).contains(&token.chars().count()) && token.chars().any(char::is_alphabetic) && token.chars().any(|c| c.is_ascii_digit())
}
