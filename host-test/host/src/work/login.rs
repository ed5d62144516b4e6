//! Logins: where a person is sent, and what is done with the code that comes back. The code is used once, and never written down.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use thiserror::Error;
use url::Url;

use super::{Form, FormError, Host, failures, message, moving};
use crate::clock::Instant;
use crate::contract::types::{Account, Failure, FailureClass, Message, Reason};
use crate::outbound::Lane;
use crate::sandbox::CallError;
use crate::secret::{Secret, Secrets};
use crate::store::{Changes, Connection, ConnectionId, Grant, PendingLogin, StoreError, random};

/// A login that began.
#[derive(Clone, Debug)]
pub struct LoginStart {
    /// Where the person goes.
    pub url: String,
    /// What the person's browser keeps until it comes back.
    pub state: String,
    /// What the grant of this login will move: the fields that it changes and that the grant of before does not cover, from their values
    /// to the new ones. Absent where it only renews the grant.
    pub moves: Option<Message>,
}

/// Why a login did not lead to a grant.
#[derive(Debug, Error)]
pub enum LoginError {
    /// The way back names no login that is under way. Begin again.
    #[error("Phiên đăng nhập đã hết hạn hoặc đã dùng; hãy bấm kết nối lại. (This login has expired or was used; begin again.)")]
    Unknown,
    /// The way back carries no code.
    #[error(
        "Đường dẫn quay về không có mã {0}; hãy đăng nhập lại và đồng ý cấp quyền. (The landing address has no {0}: log in again and agree.)"
    )]
    NoCode(String),
    /// The fields that the login carries are not right.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The connector could not say where to log in, or what the exchange came to.
    #[error("{} ({}) [{}]", .0.message.vi, .0.message.en, .0.code)]
    Failed(Box<Failure>),
    /// The call itself went wrong.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The tenant has a connection to this account already; no second one was made.
    #[error("{}", StoreError::Connected { first: *first, account: account.clone() })]
    Connected {
        /// The connection that is there.
        first: ConnectionId,
        /// The account.
        account: String,
        /// The login's grant is that connection's now.
        renewed: bool,
    },
    /// The store did not do it, or refused: another business.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Failure> for LoginError {
    fn from(failure: Failure) -> Self {
        LoginError::Failed(Box::new(failure))
    }
}

/// How a landing ended.
#[derive(Debug)]
pub enum Landing {
    /// The connection has its grant.
    Granted(Box<Connection>),
    /// It is the connection's first: a person has to say that this is the account that was meant. Nothing is in force until then.
    Asks {
        /// The connection.
        connection: ConnectionId,
        /// What the code was for.
        account: Box<Account>,
    },
}

fn hash(state: &str) -> [u8; 32] {
    Sha256::digest(state.as_bytes()).into()
}

impl Host {
    /// Begins a login. `return_to` is exactly what is registered at the other side.
    pub async fn begin_login(&self, connection: ConnectionId, return_to: &str) -> Result<LoginStart, LoginError> {
        self.begin_login_with(connection, return_to, Form::new()).await
    }

    /// Begins a login that carries changed fields of the form, so that they and the grant come into force together: another dialect, another
    /// app. They are kept with the login; until its grant is there the connection is as it was. Fields that are not named stay.
    pub async fn begin_login_with(&self, connection: ConnectionId, return_to: &str, form: Form) -> Result<LoginStart, LoginError> {
        let owner = self.store.connection(connection).await?;
        let connector = self.connector(&owner.connector)?.clone();
        let changes = if form.is_empty() { Changes::default() } else { self.filled(&owner, &form).await? };
        let wished = Connection { settings: changes.over(&owner.settings), ..owner.clone() };
        let moved = self.what_moves(&owner, &connector, &wished.settings).await?;
        let context = self.context(&wished, connector.descriptor());
        let request = connector.authorize_url(&context, return_to).await.result??;
        let endpoints = self.endpoints(&wished, connector.descriptor())?;
        let url = endpoints.url_of(&request).map_err(|error| LoginError::from(failures::of_read(&error)))?;
        let state = BASE64URL_NOPAD.encode(&*random::<24>().map_err(StoreError::from)?);
        self.store.remember_login(hash(&state), connection, changes, self.clock.now()).await?;
        let moves = (!moved.is_empty()).then(|| moving::steps(&moved, &owner.settings, &wished.settings));
        Ok(LoginStart { url, state, moves })
    }

    /// Ends a login with what the browser brought back: its state, and the address that it landed on. For whoever knows where that address comes
    /// from, such as a person who pasted it; where a browser was sent here, by whomever, it is [`Self::land`].
    pub async fn end_login(&self, state: &str, landing: &str) -> Result<Connection, LoginError> {
        let login = self.came_back(state, landing).await?;
        let grant = self.exchange(login, landing).await?;
        self.keep(grant).await
    }

    /// The same where nobody knows who sent the browser here: a code of somebody else's would bind the connection to that one's account. A first
    /// grant is therefore kept and not in force until [`Self::confirm_landing`]; a later one can be of the same account alone.
    pub async fn land(&self, state: &str, landing: &str) -> Result<Landing, LoginError> {
        let login = self.came_back(state, landing).await?;
        let connection = login.connection;
        let grant = self.exchange(login, landing).await?;
        if self.store.connection(connection).await?.account.is_some() {
            return Ok(Landing::Granted(Box::new(self.keep(grant).await?)));
        }
        let account = Box::new(grant.account.clone());
        self.store.keep_landed(hash(state), grant, self.clock.now()).await?;
        Ok(Landing::Asks { connection, account })
    }

    /// The grant that waits for a person's word under this state: whose it is, and of which account.
    pub async fn landed(&self, state: &str) -> Result<(ConnectionId, Account), LoginError> {
        self.store.landed(hash(state), self.logins_since()).await?.ok_or(LoginError::Unknown)
    }

    /// The person said yes: the grant comes into force.
    pub async fn confirm_landing(&self, state: &str) -> Result<Connection, LoginError> {
        let grant = self.store.take_landed(hash(state), self.logins_since()).await?.ok_or(LoginError::Unknown)?;
        self.keep(grant).await
    }

    /// The person said no: the grant is forgotten, and the connection is as it was.
    pub async fn refuse_landing(&self, state: &str) -> Result<ConnectionId, LoginError> {
        let grant = self.store.take_landed(hash(state), self.logins_since()).await?.ok_or(LoginError::Unknown)?;
        Ok(grant.footing.connection)
    }

    /// Logins that began before this are over.
    fn logins_since(&self) -> Instant {
        self.clock.now().saturating_sub(i64::try_from(self.config.login_time.as_millis()).unwrap_or(i64::MAX))
    }

    /// Takes the login that this landing ends. One that carries no code ends none: anybody can send a browser here.
    async fn came_back(&self, state: &str, landing: &str) -> Result<PendingLogin, LoginError> {
        let (state, since) = (hash(state), self.logins_since());
        let connection = self.store.login_of(state, since).await?.ok_or(LoginError::Unknown)?;
        let owner = self.store.connection(connection).await?;
        let param = &self.connector(&owner.connector)?.descriptor().grant_code_param;
        code_of(landing, param).ok_or_else(|| LoginError::NoCode(param.clone()))?;
        self.store.take_login(state, since).await?.ok_or(LoginError::Unknown)
    }

    /// Exchanges the code of a landing address for a grant. One try: a code is spent by the first.
    pub async fn redeem(&self, connection: ConnectionId, landing: &str) -> Result<Connection, LoginError> {
        let grant = self.exchange(PendingLogin { connection, changes: Changes::default() }, landing).await?;
        self.keep(grant).await
    }

    /// Exchanges the code of a login's landing. What the login changes comes into force with the grant; the exchange is made as if it were already.
    async fn exchange(&self, login: PendingLogin, landing: &str) -> Result<Grant, LoginError> {
        let PendingLogin { connection, changes } = login;
        let owner = self.store.connection(connection).await?;
        let connector = self.connector(&owner.connector)?.clone();
        let descriptor = connector.descriptor();
        let param = &descriptor.grant_code_param;
        let code = code_of(landing, param).ok_or_else(|| LoginError::NoCode(param.clone()))?;
        let wished = Connection { settings: changes.over(&owner.settings), ..owner.clone() };
        let moved = self.what_moves(&owner, &connector, &wished.settings).await?;

        let mut extra = changes.secrets.clone();
        extra.insert("grant-code".to_owned(), Secret::new(code));
        let errand = self.errand(&wished, descriptor, Lane::Live, extra).await?;
        let context = self.context(&wished, descriptor);
        let account = connector.redeem(&context, errand.clone()).await.result??;
        let captured: Secrets = errand.captured().into_iter().collect();
        if captured.get("access-token").is_none() {
            let failure = super::own_failure(
                FailureClass::Rejected,
                "host.no-token",
                "Nhanh.vn không trả về mã truy cập. Hãy đăng nhập lại.",
                "The exchange brought no access token. Log in again.",
            );
            return Err(failure.into());
        }
        let told = match moved.is_empty() {
            true => connected(&account.id),
            false => moving::told(&moving::steps(&moved, &owner.settings, &wished.settings)),
        };
        Ok(Grant {
            footing: owner.footing(),
            settings: wished.settings,
            account,
            captured,
            changes,
            app_field: descriptor.app_field.clone(),
            moved: (!moved.is_empty()).then_some(self.config.move_overlap),
            told: Some(told),
        })
    }

    async fn keep(&self, grant: Grant) -> Result<Connection, LoginError> {
        let connection = grant.footing.connection;
        let (settings, brought, captured) = (grant.settings.clone(), grant.account.clone(), grant.captured.clone());
        let granted = match self.store.grant(grant, self.clock.now()).await {
            Err(StoreError::Connected { first, account }) => {
                let renewed = self.renewed(first, &settings, brought, captured).await?;
                return Err(LoginError::Connected { first, account, renewed });
            }
            granted => granted?,
        };
        // Nobody is answered from them any more: memory is kept apart by the grant. They only take up room.
        self.outbound.forget(&connection.to_string());
        self.wake.notify_waiters();
        Ok(granted)
    }
}

impl Host {
    /// Gives what a login brought to the connection that has its account already, where that grant covers its settings: some systems end the
    /// grant of before soon after they gave another one. Says whether it took it.
    async fn renewed(
        &self,
        first: ConnectionId,
        wished: &BTreeMap<String, String>,
        account: Account,
        captured: Secrets,
    ) -> Result<bool, LoginError> {
        let owner = self.store.connection(first).await?;
        let connector = self.connector(&owner.connector)?.clone();
        if !self.what_moves(&owner, &connector, wished).await?.is_empty() {
            return Ok(false);
        }
        let told = Some(connected(&account.id));
        let app_field = connector.descriptor().app_field.clone();
        let (footing, settings, changes) = (owner.footing(), owner.settings, Changes::default());
        let grant = Grant { footing, settings, account, captured, changes, app_field, moved: None, told };
        self.store.grant(grant, self.clock.now()).await?;
        self.outbound.forget(&first.to_string());
        self.wake.notify_waiters();
        Ok(true)
    }
}

fn connected(account: &str) -> Reason {
    let text =
        message(&format!("Đã kết nối với doanh nghiệp {account}."), &format!("Connected to business {account}."), &[("account", account)]);
    Reason { code: "connected".to_owned(), message: text }
}

fn code_of(landing: &str, param: &str) -> Option<String> {
    let url = Url::parse(landing.trim()).ok()?;
    url.query_pairs().find(|(name, _)| name == param).map(|(_, value)| value.into_owned()).filter(|code| !code.is_empty())
}
