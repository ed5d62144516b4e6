//! Logins: where a person is sent, and what is done with the code that comes back. The code is used once, and never written down.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use thiserror::Error;
use url::Url;

use super::{Host, failures, message};
use crate::contract::types::{Failure, FailureClass};
use crate::outbound::Lane;
use crate::sandbox::CallError;
use crate::secret::{Secret, Secrets};
use crate::store::{Connection, ConnectionId, StoreError, random};

/// A login that began.
#[derive(Clone, Debug)]
pub struct LoginStart {
    /// Where the person goes.
    pub url: String,
    /// What the person's browser keeps until it comes back.
    pub state: String,
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
    /// The connector could not say where to log in, or what the exchange came to.
    #[error("{} ({}) [{}]", .0.message.vi, .0.message.en, .0.code)]
    Failed(Box<Failure>),
    /// The call itself went wrong.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The store did not do it, or refused: another business.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Failure> for LoginError {
    fn from(failure: Failure) -> Self {
        LoginError::Failed(Box::new(failure))
    }
}

fn hash(state: &str) -> [u8; 32] {
    Sha256::digest(state.as_bytes()).into()
}

impl Host {
    /// Begins a login. `return_to` is exactly what is registered at the other side.
    pub async fn begin_login(&self, connection: ConnectionId, return_to: &str) -> Result<LoginStart, LoginError> {
        let owner = self.store.connection(connection).await?;
        let connector = self.connector(&owner.connector)?.clone();
        let context = self.context(&owner, connector.descriptor());
        let request = connector.authorize_url(&context, return_to).await.result??;
        let endpoints = self.endpoints(&owner, connector.descriptor())?;
        let url = endpoints.url_of(&request).map_err(|error| LoginError::from(failures::of_read(&error)))?;
        let state = BASE64URL_NOPAD.encode(&*random::<24>().map_err(StoreError::from)?);
        self.store.remember_login(hash(&state), connection, self.clock.now()).await?;
        Ok(LoginStart { url, state })
    }

    /// Ends a login with what the browser brought back: its state, and the address that it landed on.
    pub async fn end_login(&self, state: &str, landing: &str) -> Result<Connection, LoginError> {
        let since = self.clock.now().saturating_sub(i64::try_from(self.config.login_time.as_millis()).unwrap_or(i64::MAX));
        let connection = self.store.take_login(hash(state), since).await?.ok_or(LoginError::Unknown)?;
        self.redeem(connection, landing).await
    }

    /// Exchanges the code of a landing address for a grant. One try: a code is spent by the first.
    pub async fn redeem(&self, connection: ConnectionId, landing: &str) -> Result<Connection, LoginError> {
        let owner = self.store.connection(connection).await?;
        let connector = self.connector(&owner.connector)?.clone();
        let param = &connector.descriptor().grant_code_param;
        let code = code_of(landing, param).ok_or_else(|| LoginError::NoCode(param.clone()))?;
        let mut extra = Secrets::default();
        extra.insert("grant-code".to_owned(), Secret::new(code));

        let line = self.line(&owner, connector.descriptor(), Lane::Live, Some(extra)).await?;
        let context = self.context(&owner, connector.descriptor());
        let account = connector.redeem(&context, line.clone()).await.result??;
        let captured = line.captured();
        if captured.get("access-token").is_none() {
            let failure = super::own_failure(
                FailureClass::Rejected,
                "host.no-token",
                "Nhanh.vn không trả về mã truy cập. Hãy đăng nhập lại.",
                "The exchange brought no access token. Log in again.",
            );
            return Err(failure.into());
        }
        let granted = self.store.grant(connection, account, captured).await?;
        let account = granted.account.as_ref().map_or("", |account| account.id.as_str());
        let text = message(
            &format!("Đã kết nối với doanh nghiệp {account}."),
            &format!("Connected to business {account}."),
            &[("account", account)],
        );
        self.store.notify(connection, self.clock.now(), "connected", text).await?;
        self.wake.notify_waiters();
        Ok(granted)
    }
}

fn code_of(landing: &str, param: &str) -> Option<String> {
    let url = Url::parse(landing.trim()).ok()?;
    url.query_pairs().find(|(name, _)| name == param).map(|(_, value)| value.into_owned()).filter(|code| !code.is_empty())
}
