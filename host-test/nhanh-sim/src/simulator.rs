//! The handle: starting, registering apps, logging in, reading the shop.
//!
//! What people at Nhanh do to the shop while it runs is in `merchant.rs`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

use crate::access::{App, AppForm, Grant, WebhookForm};
use crate::dialect::Dialect;
use crate::faults::Faults;
use crate::inner::{Inner, RequestLog};
use crate::settings::{Pace, Settings, ShopSize};
use crate::shop::{Customer, Depot, Event, Kin, LedgerEntry, Level, Order, Product, Shop};
use crate::webhooks::DeliveryLog;
use crate::{EventKind, seed, server, wire};

/// A running stand-in for Nhanh.vn. Clones are handles to the same one; it stops when the last of them is dropped.
#[derive(Clone, Debug)]
pub struct Simulator {
    pub(crate) inner: Arc<Inner>,
    stop: Arc<Stop>,
    first_business: i64,
}

/// Stops the server when the last handle is gone.
#[derive(Debug)]
struct Stop {
    closed: watch::Sender<bool>,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.closed.send_replace(true);
    }
}

/// A business as the login page names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessInfo {
    /// Nhanh's `businessId`.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The ids of its depots, lowest first.
    pub depots: Vec<i64>,
}

/// How much a business holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Depots.
    pub depots: usize,
    /// Categories, internal ones left out.
    pub categories: usize,
    /// Product rows of every kind and status.
    pub products: usize,
    /// Rows that are neither parent nor variant.
    pub standalone: usize,
    /// Parents.
    pub parents: usize,
    /// Variants.
    pub variants: usize,
    /// Rows by status word.
    pub products_by_status: BTreeMap<String, usize>,
    /// Rows by the type's number.
    pub products_by_type: BTreeMap<i64, usize>,
    /// Products that Nhanh made from order lines.
    pub auto_created: usize,
    /// (product, depot) pairs that have a level; parents have none of their own.
    pub stock_rows: usize,
    /// Customers.
    pub customers: usize,
    /// Orders.
    pub orders: usize,
}

/// Why a login did not end with an access code.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The link leads to another host. Trying again cannot help.
    #[error("the login link does not lead to this simulator: {0}")]
    Elsewhere(String),
    /// Nhanh showed a page instead of going back. Trying again cannot help.
    #[error("Nhanh refused: {0}")]
    Refused(String),
    /// The page could not be reached. Trying again can help.
    #[error("the login page did not answer: {0}")]
    Http(String),
}

/// Why an app's form could not be saved.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaveError {
    /// There is no such app.
    #[error("there is no app {0}")]
    UnknownApp(i64),
    /// A URL is not https (or http to this machine).
    #[error("not an https URL: {0}")]
    Url(String),
    /// The verify token is not 16 to 128 characters with letters and digits.
    #[error("the verify token must have 16 to 128 characters with letters and digits")]
    VerifyToken,
    /// The probe was not answered 200.
    #[error("the callback URL answered {0} instead of 200")]
    ProbeStatus(u16),
    /// The probe was not answered at all. Trying again can help.
    #[error("the callback URL did not answer: {0}")]
    ProbeLost(String),
}

impl Simulator {
    /// Seeds a shop and serves it at a port of 127.0.0.1: the settings' own, or a free one.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(settings: Settings) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", settings.port)).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let (stop, closed) = watch::channel(false);
        let runtime = tokio::runtime::Handle::current();
        let mut shop = Shop::new();
        let first_business = seed::add_business(&mut shop, "Cửa hàng Hoa Sen", settings.shop, settings.seed, settings.now.now_ms());
        let post = crate::webhooks::Post::open(&settings, &runtime, closed.clone())?;
        let inner = Arc::new(Inner::new(settings, shop, post, runtime.clone(), origin));
        let server = Mutex::new(Some(runtime.spawn(server::serve(listener, inner.clone(), closed))));
        Ok(Self { inner, stop: Arc::new(Stop { closed: stop, server }), first_business })
    }

    /// `http://127.0.0.1:PORT`: the login page at `/oauth`, 2.0 at `/api/…`, 3.0 at `/v3.0/…`.
    pub fn origin(&self) -> String {
        self.inner.origin.clone()
    }

    /// Stops serving at once, whatever other handles there are. Deliveries under way are dropped.
    pub async fn shutdown(self) {
        self.stop.closed.send_replace(true);
        let server = self.stop.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            // The port is free once this has ended; a panic in it has been printed already.
            let _ = server.await;
        }
        // Whoever waits for deliveries is let go before this returns.
        self.inner.post.idle().await;
    }

    /// Registers an app. Its webhooks count as saved: no probe is sent; [`Simulator::save_webhooks`] sends one.
    pub fn register_app(&self, app: AppForm) -> App {
        self.inner.state().access.register(app)
    }

    /// The merchant edits the app's form and saves it; with webhooks on, that sends the probe.
    ///
    /// # Errors
    /// When the form is wrong or the probe is not answered 200; then nothing is saved.
    pub async fn update_app(&self, app_id: i64, form: AppForm) -> Result<(), SaveError> {
        self.inner.save_app(app_id, form).await
    }

    /// The merchant saves the webhook part of the form (reference section 8.2).
    ///
    /// # Errors
    /// When the form is wrong or the probe is not answered 200; then nothing is saved.
    pub async fn save_webhooks(&self, app_id: i64, webhooks: WebhookForm) -> Result<(), SaveError> {
        self.inner.probe(app_id, &webhooks).await?;
        let mut state = self.inner.state();
        state.access.app_mut(app_id).ok_or(SaveError::UnknownApp(app_id))?.form.webhooks = Some(webhooks);
        Ok(())
    }

    /// Nhanh checks the callback URL again, as it does when deliveries fail.
    ///
    /// # Errors
    /// When the app has no webhooks or the probe is not answered 200.
    pub async fn probe_again(&self, app_id: i64) -> Result<(), SaveError> {
        let form = self.inner.state().access.app(app_id).and_then(|app| app.form.webhooks.clone());
        self.inner.probe(app_id, &form.ok_or(SaveError::UnknownApp(app_id))?).await
    }

    /// What a person does in the browser: opens the link, chooses, agrees. Returns the URL that Nhanh goes back to, with its `accessCode`; it is not
    /// opened.
    ///
    /// # Errors
    /// When Nhanh shows a page instead of going back, or cannot be reached.
    pub async fn log_in(&self, login_url: &str, grant: Grant) -> Result<String, LoginError> {
        let url = Url::parse(login_url).map_err(|error| LoginError::Elsewhere(error.to_string()))?;
        if url.origin().ascii_serialization() != self.origin() || url.path() != "/oauth" {
            return Err(LoginError::Elsewhere(login_url.to_owned()));
        }
        let client = self.inner.post.client();
        let lost = |error: reqwest::Error| LoginError::Http(error.to_string());
        let page = client.get(url.clone()).send().await.map_err(lost)?.text().await.map_err(lost)?;
        if !page.contains("<form") {
            return Err(LoginError::Refused(error_text(&page)));
        }
        let form = login_form(&url, &grant);
        let request = client.post(format!("{}/oauth", self.origin())).header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(form).send().await.map_err(lost)?;
        match response.headers().get("location").and_then(|link| link.to_str().ok()) {
            Some(link) => Ok(link.to_owned()),
            None => Err(LoginError::Refused(error_text(&response.text().await.map_err(lost)?))),
        }
    }

    /// The first business.
    pub fn business(&self) -> BusinessInfo {
        self.business_info(self.first_business)
    }

    /// Adds another business of this size.
    pub fn add_business(&self, name: &str, size: ShopSize) -> BusinessInfo {
        let now_ms = self.inner.now_ms();
        let mut state = self.inner.state();
        let seed = self.inner.settings.seed.wrapping_add(u64::try_from(state.shop.businesses.len()).unwrap_or(0));
        let id = seed::add_business(&mut state.shop, name, size, seed, now_ms);
        drop(state);
        self.business_info(id)
    }

    fn business_info(&self, id: i64) -> BusinessInfo {
        let state = self.inner.state();
        let (name, depots) =
            state.shop.business(id).map(|home| (home.name.clone(), home.depots.keys().copied().collect())).unwrap_or_default();
        BusinessInfo { id, name, depots }
    }

    /// How much a business holds; zeros for an unknown one.
    pub fn counts(&self, business: i64) -> Counts {
        let state = self.inner.state();
        let Some(home) = state.shop.business(business) else { return Counts::default() };
        let mut counts = Counts {
            depots: home.depots.len(),
            categories: home.categories.len(),
            products: home.products.len(),
            customers: home.customers.len(),
            orders: home.orders.len(),
            ..Counts::default()
        };
        for product in home.products.values() {
            match product.kin {
                Kin::Standalone => counts.standalone += 1,
                Kin::Parent => counts.parents += 1,
                Kin::Variant(_) => counts.variants += 1,
            }
            *counts.products_by_status.entry(product.status.clone()).or_default() += 1;
            *counts.products_by_type.entry(product.type_id).or_default() += 1;
            counts.auto_created += usize::from(product.auto_created);
            counts.stock_rows += product.stock.len();
        }
        counts
    }

    /// The product with this id, of whatever business.
    pub fn product(&self, id: i64) -> Option<Product> {
        self.inner.state().shop.product(id).cloned()
    }

    /// Every product of a business, lowest id first.
    pub fn products(&self, business: i64) -> Vec<Product> {
        self.inner.state().shop.business(business).map(|home| home.products.values().cloned().collect()).unwrap_or_default()
    }

    /// What a depot holds of a product.
    pub fn stock(&self, product: i64, depot: i64) -> Option<Level> {
        self.inner.state().shop.product(product).and_then(|row| row.stock.get(&depot).copied())
    }

    /// Every depot of a business.
    pub fn depots(&self, business: i64) -> Vec<Depot> {
        self.inner.state().shop.business(business).map(|home| home.depots.values().cloned().collect()).unwrap_or_default()
    }

    /// Every customer of a business.
    pub fn customers(&self, business: i64) -> Vec<Customer> {
        self.inner.state().shop.business(business).map(|home| home.customers.values().cloned().collect()).unwrap_or_default()
    }

    /// The order with this id, of whatever business; `None` once it is deleted.
    pub fn order(&self, id: i64) -> Option<Order> {
        self.inner.state().shop.order(id).cloned()
    }

    /// Every order of a business, lowest id first.
    pub fn orders(&self, business: i64) -> Vec<Order> {
        self.inner.state().shop.business(business).map(|home| home.orders.values().cloned().collect()).unwrap_or_default()
    }

    /// Every order ever created through the API or by a person, oldest first; those the shop was seeded with are not in it.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        self.inner.state().shop.ledger().to_vec()
    }

    /// The faults and switches.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// Changes the rate limit; counts and locks begin anew.
    pub fn set_pace(&self, pace: Pace) {
        self.inner.state().limits.set_pace(pace);
    }

    /// The latest requests of the API, oldest first.
    pub fn requests(&self) -> Vec<RequestLog> {
        self.inner.requests()
    }

    /// The latest attempts to deliver webhooks, oldest first.
    pub fn deliveries(&self) -> Vec<DeliveryLog> {
        self.inner.post.deliveries()
    }

    /// Waits until every webhook is delivered or given up; retries that wait are waited for, held ones are not.
    pub async fn webhooks_idle(&self) {
        self.inner.post.idle().await;
    }

    /// The body that a delivery of this event would have now in 2.0, for tests that send their own: late, forged, for another business. `None` when
    /// what the event speaks of is not there.
    pub fn webhook_body(&self, business: i64, event: &Event, verify_token: &str) -> Option<Value> {
        self.webhook_body_in(Dialect::V2, business, event, verify_token)
    }

    /// As [`Simulator::webhook_body`], in this version. 3.0 has no token in the body: it goes bare into the `Authorization` header.
    pub fn webhook_body_in(&self, version: Dialect, business: i64, event: &Event, verify_token: &str) -> Option<Value> {
        let switches = self.inner.faults.switches();
        let state = self.inner.state();
        wire::events::body(version, event, state.shop.business(business)?, verify_token, &switches)
    }

    /// The body of the probe in 2.0; in 3.0 it is `{"event":"webhooksEnabled"}`.
    pub fn probe_body(&self, verify_token: &str, events: &[EventKind]) -> Value {
        wire::events::probe(Dialect::V2, verify_token, events)
    }
}

/// The sentence of an error page.
fn error_text(page: &str) -> String {
    let text = page.split_once("class=\"error\">").and_then(|(_, rest)| rest.split_once("</p>"));
    text.map_or_else(|| "no access code".to_owned(), |(text, _)| text.to_owned())
}

/// What the login page's button sends: what the link said, and what the merchant ticked.
fn login_form(url: &Url, grant: &Grant) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(url.query_pairs());
    form.append_pair("businessId", &grant.business.to_string());
    form.extend_pairs(grant.permissions.iter().map(|permission| ("permissions[]", permission.name())));
    form.extend_pairs(grant.depots.iter().map(|depot| ("depots[]", depot.to_string())));
    form.finish()
}
