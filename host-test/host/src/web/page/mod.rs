//! The connection page ("Mở rộng / Kết nối PM bán hàng"): what a merchant does in a browser. Rendered on the server from the connector's
//! descriptor, so that another connector gets its own form without a change here. Every write is a POST with a token of its session, every
//! page works without JavaScript, and nothing is loaded from elsewhere. Decides nothing: it calls [`Host`] and shows what it says.

mod account;
mod advice;
mod assets;
mod at;
mod checklist;
mod connection;
mod csp;
mod csrf;
mod export;
mod fault;
mod field_name;
mod fields;
mod flows;
mod form;
mod format;
mod history;
mod lang;
mod layout;
mod list;
mod live;
mod login;
mod login_throttle;
mod notices;
mod orders;
mod pairing;
mod password;
mod places;
mod preview;
mod previews;
mod session;
mod sign_in;
mod sync;
mod troubles;
mod word;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use axum::{Router, middleware};

use self::csrf::Visitors;
use self::fault::Fault;
use self::login_throttle::{InMemory, LoginThrottle};
use self::password::Checker;
use self::places::Places;
use self::previews::Previews;
use self::session::Signed;
use super::{BUSINESS, PublicAddress};
use crate::clock::Instant;
use crate::contract::Descriptor;
use crate::outbound::Overrides;
use crate::store::{Connection, ConnectionId, Operator, Store, StoreError, random};
use crate::work::Host;

pub use self::password::PasswordError;

/// Bytes of a form. The longest holds a dozen short fields.
const FORM_BYTES: usize = 64 * 1024;
/// Pages that are kept live at once, and those of one tenant; more are refused, and ask again after a while.
const LIVE_PAGES: (usize, usize) = (64, 16);
/// Long lists that are read at once, and those for one tenant.
const LONG_LISTS: (usize, usize) = (6, 2);

/// How the page works.
#[derive(Clone, Debug)]
pub struct PageConfig {
    /// What the operator replaces in connections that are made on the page: origins, paces.
    pub overrides: Overrides,
    /// How long a person stays signed in.
    pub session: Duration,
    /// Wrong passwords for one name from one address within [`Self::sign_in_window`]; more tries are refused unseen.
    pub sign_in_tries: usize,
    /// See [`Self::sign_in_tries`].
    pub sign_in_window: Duration,
}

impl Default for PageConfig {
    fn default() -> Self {
        PageConfig {
            overrides: Overrides::default(),
            session: Duration::from_secs(12 * 60 * 60),
            sign_in_tries: 5,
            sign_in_window: Duration::from_secs(5 * 60),
        }
    }
}

/// What every handler works with.
struct Desk {
    host: Arc<Host>,
    address: PublicAddress,
    config: PageConfig,
    throttle: Box<dyn LoginThrottle>,
    passwords: Checker,
    visitors: Visitors,
    live: Arc<Places>,
    lists: Arc<Places>,
    previews: Arc<Previews>,
}

impl Desk {
    /// Sessions that began before this are over.
    fn since(&self) -> Instant {
        let life = i64::try_from(self.config.session.as_millis()).unwrap_or(i64::MAX);
        self.host.clock().now().saturating_sub(life)
    }

    /// A connection of the person's own tenant. One of another tenant is not there, to the letter.
    async fn own(&self, signed: &Signed, id: ConnectionId) -> Result<Connection, Fault> {
        let connection = self.host.store().connection(id).await?;
        if connection.tenant == signed.operator.tenant { Ok(connection) } else { Err(Fault::Missing) }
    }

    /// The same, with what its connector is.
    async fn described(&self, signed: &Signed, id: ConnectionId) -> Result<(Connection, Arc<Descriptor>), Fault> {
        let connection = self.own(signed, id).await?;
        let descriptor = self.host.connector(&connection.connector)?.descriptor().clone();
        Ok((connection, descriptor))
    }
}

/// The page's routes, beside webhooks and health check.
pub(super) fn router(host: Arc<Host>, address: PublicAddress, config: PageConfig) -> Router {
    let desk = Arc::new(Desk {
        throttle: Box::new(InMemory::new(config.sign_in_tries, config.sign_in_window)),
        passwords: Checker::new(),
        visitors: Visitors::new(),
        host,
        address,
        config,
        live: Places::new(LIVE_PAGES.0, LIVE_PAGES.1),
        lists: Places::new(LONG_LISTS.0, LONG_LISTS.1),
        previews: Previews::new(),
    });
    Router::new()
        .route("/", get(list::home))
        .route("/sign-in", get(sign_in::show).post(sign_in::enter))
        .route("/sign-out", post(sign_in::leave))
        .route("/account", get(account::show))
        .route("/account/password", post(account::change))
        .route("/account/sign-out", post(account::leave))
        .route("/language", post(sign_in::language))
        .route("/assets/{name}", get(assets::serve))
        .route("/landing", get(login::land))
        .route(BUSINESS, get(login::business).post(login::decide))
        .route("/connections", get(list::show).post(list::create))
        .route("/connections/{id}", get(connection::show))
        .route("/connections/{id}/form", get(form::show).post(form::save))
        .route("/connections/{id}/login", post(login::begin))
        .route("/connections/{id}/check", get(checklist::show))
        .route("/connections/{id}/sync", post(sync::start))
        .route("/connections/{id}/policy", post(sync::policy))
        .route("/connections/{id}/preview", post(preview::start))
        .route("/connections/{id}/live", get(live::stream))
        .route("/connections/{id}/flows", get(live::now))
        .route("/connections/{id}/notices", post(notices::seen))
        .route("/connections/{id}/move", post(connection::go_newer))
        .route("/connections/{id}/discard", post(list::discard))
        .route("/connections/{id}/orders", get(orders::show))
        .route("/connections/{id}/history", get(history::show))
        .route("/connections/{id}/troubles", get(troubles::show).post(troubles::act))
        .route("/connections/{id}/troubles.csv", get(export::csv))
        .route("/connections/{id}/support.txt", get(export::support))
        .route("/connections/{id}/pairing", get(pairing::show))
        .route("/connections/{id}/pairing/{entity}/{remote}", get(pairing::one).post(pairing::decide))
        .fallback(|| async { Fault::Missing })
        .method_not_allowed_fallback(|| async { Fault::NotThisWay })
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(middleware::map_response(csp::guard))
        .with_state(desk)
}

/// Makes an account that sees one tenant's connections. Says whether the name was free.
///
/// # Errors
/// When the password is too short or too long, or the store fails.
pub async fn add_operator(store: &dyn Store, name: &str, tenant: &str, password: &str, at: Instant) -> Result<bool, PasswordError> {
    let proof = password::proof(password)?;
    Ok(store.add_operator(name, tenant, &proof, at).await?)
}

/// Gives an account another password, and ends its sessions. Says whether there is such an account.
///
/// # Errors
/// When the password is too short or too long, or the store fails.
pub async fn reset_operator(store: &dyn Store, name: &str, password: &str) -> Result<bool, PasswordError> {
    let proof = password::proof(password)?;
    Ok(store.set_password(name, &proof).await?)
}

/// Makes the first account where there is none: its name and its password, which is told this once.
///
/// # Errors
/// When the system has no randomness, or the store fails.
pub async fn first_operator(host: &Host, tenant: &str) -> Result<Option<(String, String)>, PasswordError> {
    if host.store().has_operators().await? {
        return Ok(None);
    }
    let (name, password) = ("admin".to_owned(), new_password()?);
    let made = add_operator(&**host.store(), &name, tenant, &password, host.clock().now()).await?;
    Ok(made.then_some((name, password)))
}

/// A password that nobody guesses: 100 random bits in letters and digits that are not mixed up.
///
/// # Errors
/// When the system has no randomness.
pub fn new_password() -> Result<String, PasswordError> {
    let bytes = random::<13>().map_err(StoreError::from)?;
    Ok(data_encoding::BASE32_NOPAD.encode(&*bytes).to_lowercase().chars().take(20).collect())
}

/// What a page says of the person who looks at it.
fn who(operator: &Operator) -> &str {
    &operator.name
}
