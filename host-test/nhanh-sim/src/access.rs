//! Apps, access codes and tokens: who may call what for which business (reference section 1).
//!
//! Must never decide what a call does; and never write a token or a secret into a log.

use std::collections::{BTreeSet, HashMap};

use url::Url;

use crate::dialect::Dialect;
use crate::events::EventKind;
use crate::permission::Permission;

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
#[derive(Clone, Debug, Default)]
pub struct WebhookForm {
    /// Webhooks version: 2.0 or 3.0, for all merchants of the app, whatever tokens they have (3.0 reference section 11.6).
    pub version: Dialect,
    /// Where deliveries go.
    pub callback_url: String,
    /// 16 to 128 characters with letters and digits; 2.0 sends it in every body, 3.0 in a header.
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
    /// The dialect that it is good for; a code from a login without a version serves either.
    pub(crate) version: Option<Dialect>,
    pub(crate) app: i64,
    pub(crate) business: i64,
    pub(crate) permissions: BTreeSet<Permission>,
    pub(crate) depots: Vec<i64>,
    pub(crate) until_ms: i64,
}

/// How long a token of 3.0 lives on after a new one was made.
const OLD_TOKEN_MS: i64 = 15 * 60_000;

/// Why a code got no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadCode {
    /// Unknown, used, expired, or another app's.
    Unknown,
    /// Given for the other dialect.
    OtherVersion,
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

    /// Exchanges a code for a token, once; a code of the other dialect stays alive.
    ///
    /// 3.0 has one living token an app and business: the former one dies [`OLD_TOKEN_MS`] after a new one was made (3.0 reference section 1.3).
    /// Tokens of 2.0 are left alone.
    pub(crate) fn exchange(
        &mut self,
        app: i64,
        code: &str,
        dialect: Dialect,
        now_ms: i64,
        life_ms: i64,
    ) -> Result<(String, Pass), BadCode> {
        let pass = self.codes.get(code).filter(|pass| pass.app == app).ok_or(BadCode::Unknown)?.clone();
        if pass.version.is_some_and(|version| version != dialect) {
            return Err(BadCode::OtherVersion);
        }
        self.codes.remove(code);
        if pass.until_ms <= now_ms {
            return Err(BadCode::Unknown);
        }
        if dialect == Dialect::V3 {
            self.change_tokens(app, pass.business, |old| {
                if old.version == Some(Dialect::V3) {
                    old.until_ms = old.until_ms.min(now_ms.saturating_add(OLD_TOKEN_MS));
                }
            });
        }
        let pass = Pass { version: Some(dialect), until_ms: now_ms.saturating_add(life_ms), ..pass };
        let token = self.letters(160);
        self.tokens.insert(token.clone(), pass.clone());
        Ok((token, pass))
    }

    /// What a token allows, if it is alive and belongs to this app and business.
    pub(crate) fn pass(&self, token: &str, app: i64, business: i64, now_ms: i64) -> Option<&Pass> {
        self.tokens.get(token).filter(|pass| pass.app == app && pass.business == business && pass.until_ms > now_ms)
    }

    /// Whether some living token of the app, of whatever dialect, has this right for the business.
    pub(crate) fn may(&self, app: i64, business: i64, permission: Option<Permission>, now_ms: i64) -> bool {
        let living = |pass: &&Pass| pass.app == app && pass.business == business && pass.until_ms > now_ms;
        self.tokens.values().filter(living).any(|pass| permission.is_none_or(|right| pass.permissions.contains(&right)))
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
