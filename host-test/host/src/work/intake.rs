//! Deliveries in: proof first, then the guest, then one commit, then the answer. Nothing that is not proven changes anything.

use std::time::Instant;

use data_encoding::HEXLOWER;
use http::HeaderMap;
use tracing::Span;

use super::failures::of_call;
use super::point::point;
use super::pull::Worked;
use super::{Host, flows, message};
use crate::contract::types::{Failure, FailureClass, Message, Reason};
use crate::contract::{Delivery, Ignored, WebhookOutcome};
use crate::proof::{self, Checked, Proof};
use crate::secret::Secrets;
use crate::seeing::figures;
use crate::store::{Connection, Ingest, Ingested, OF_WEBHOOKS, Probe, StoreError};

/// A delivery that is answered with 200.
#[derive(Debug, PartialEq)]
pub enum Received {
    /// Its facts are in.
    Applied(crate::nobi::Tally),
    /// It repeats what is known.
    Duplicate,
    /// It means nothing here.
    Ignored(String),
    /// It is kept, and will be worked on later.
    Kept,
    /// The app was removed at the other side.
    Uninstalled,
}

/// The connection whose callback address was called.
pub struct Called {
    connection: Connection,
    secrets: Secrets,
    began: Instant,
}

/// A delivery that is not answered with 200.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// 404: no connection has this address.
    #[error("no connection has this callback address")]
    NoSuchHook,
    /// 401: the proof is wrong, or there is none where there must be one.
    #[error("the delivery does not prove where it is from")]
    Forged,
    /// 413: too large.
    #[error("the delivery is too large")]
    TooLarge,
    /// 503: it could not be kept.
    #[error("the delivery could not be kept: {0}")]
    Store(#[from] StoreError),
}

impl Host {
    /// Whose callback address that is: asked before a body is read, so that a stranger's is never read at all.
    pub async fn called(&self, hook: &str) -> Result<Called, Refusal> {
        let began = Instant::now();
        let found = self.store.connection_by_hook(hook).await.map_err(Refusal::from);
        let called = found.and_then(|found| found.ok_or(Refusal::NoSuchHook));
        called.map(|(connection, secrets)| Called { connection, secrets, began }).map_err(|refusal| {
            let refused = Err(refusal);
            figures().delivery(came_to(&refused), began.elapsed());
            refused.err().unwrap_or(Refusal::NoSuchHook)
        })
    }

    /// Takes one delivery in.
    #[tracing::instrument(level = "info", name = "delivery", skip_all, fields(connection, hash))]
    pub async fn receive(&self, called: Called, headers: &HeaderMap, body: &[u8]) -> Result<Received, Refusal> {
        let began = called.began;
        let received = self.taken_in(called, headers, body).await;
        figures().delivery(came_to(&received), began.elapsed());
        received
    }

    async fn taken_in(&self, called: Called, headers: &HeaderMap, body: &[u8]) -> Result<Received, Refusal> {
        if body.len() > self.config.delivery_bytes {
            return Err(Refusal::TooLarge);
        }
        let Called { connection: named, secrets, .. } = called;
        let span = Span::current();
        span.record("connection", named.id);
        let connector = self.connector(&named.connector)?.clone();
        let Some(webhooks) = connector.descriptor().webhooks.as_ref() else {
            return Ok(Received::Ignored("ignored.no-webhooks".to_owned()));
        };
        let secret = secrets.get(&webhooks.secret);
        let Checked { proof, headers, body, account, hash } = proof::check(webhooks, secret, headers, body);
        // Enough to find the delivery's row, and nothing of what it says.
        span.record("hash", HEXLOWER.encode(hash.get(..4).unwrap_or_default()));
        let verified = match proof {
            Proof::Right => true,
            Proof::Absent => false,
            // Nearly always a slip in the form: the merchant sees it while saving, and so do we. Without a token of our own nothing is wrong.
            Proof::Wrong if secret.is_some() => {
                self.store.webhook_refused(named.id, self.clock.now(), forged()).await?;
                return Err(Refusal::Forged);
            }
            Proof::Wrong => false,
        };

        let owner = match (&account, verified) {
            (Some(account), true) => match self.picked(&named, account).await? {
                Some(owner) => owner,
                None => return Ok(Received::Ignored("ignored.other-business".to_owned())),
            },
            _ => named.clone(),
        };
        span.record("connection", owner.id);
        let delivery = Delivery { headers, body, verified };
        let received = self.clock.now();
        let context = self.context(&owner, connector.descriptor());
        match connector.handle_webhook(&context, &delivery).await.result {
            Ok(Ok(outcome)) => self.understood(&owner, outcome, verified, secret.is_some(), hash, None).await,
            Ok(Err(failure)) => {
                tracing::info!(connection = owner.id, code = failure.code, "a delivery was not understood");
                Ok(Received::Ignored(failure.code))
            }
            // The guest stopped. What is proven is kept and worked on again; what is not proven is not worth keeping.
            Err(error) if verified => {
                let failure = of_call(&error);
                self.store.notify(owner.id, received, OF_WEBHOOKS, &failure.code, failure.message.clone()).await?;
                let again = received.saturating_add(i64::try_from(self.config.retry_first.as_millis()).unwrap_or(0));
                self.store.keep_delivery(owner.id, received, hash, delivery.body, failure, again).await?;
                Ok(Received::Kept)
            }
            Err(_) => Ok(Received::Ignored("ignored.unreadable".to_owned())),
        }
    }

    /// Works on a kept delivery again.
    #[tracing::instrument(level = "info", name = "delivery-again", skip(self))]
    pub(super) async fn deliver_again(&self, connection: i64, id: i64) -> Result<Worked, StoreError> {
        let Some((_, hash, body)) = self.store.kept_delivery(id).await? else { return Ok(Worked::Done) };
        let owner = self.store.connection(connection).await?;
        let connector = self.connector(&owner.connector)?.clone();
        let context = self.context(&owner, connector.descriptor());
        let delivery = Delivery { headers: Vec::new(), body, verified: true };
        match connector.handle_webhook(&context, &delivery).await.result {
            Ok(Ok(outcome)) => match self.understood(&owner, outcome, true, true, hash, Some(id)).await {
                Ok(Received::Applied(_) | Received::Duplicate) => Ok(Worked::Done),
                Ok(_) => self.store.drop_delivery(id).await.map(|()| Worked::Done),
                Err(Refusal::Store(error)) => Err(error),
                Err(_) => Ok(Worked::Done),
            },
            Ok(Err(failure)) if failure.class != FailureClass::Transient => self.store.drop_delivery(id).await.map(|()| Worked::Done),
            Ok(Err(failure)) => self.tried(id, failure).await,
            Err(error) => self.tried(id, of_call(&error)).await,
        }
    }

    /// A try of a kept delivery came to nothing: another one, or a person.
    async fn tried(&self, id: i64, failure: Failure) -> Result<Worked, StoreError> {
        let most = self.config.delivery_attempts;
        let dead = self.store.delivery_failed(id, failure, most, self.clock.now()).await?;
        Ok(if dead { Worked::Done } else { Worked::Again(None) })
    }

    async fn understood(
        &self,
        owner: &Connection,
        outcome: WebhookOutcome,
        verified: bool,
        has_secret: bool,
        hash: [u8; 32],
        kept: Option<i64>,
    ) -> Result<Received, Refusal> {
        let now = self.clock.now();
        match outcome {
            WebhookOutcome::Ignored(Ignored { reason, registered }) => {
                let probe = reason.code == "ignored.probe";
                if probe && (verified || !has_secret) {
                    self.probed(owner, verified, registered).await?;
                } else if verified {
                    self.store.webhook_arrived(owner.id, now, event_of(&reason)).await?;
                }
                if !verified && !has_secret && !probe {
                    return self.no_token(owner).await;
                }
                Ok(Received::Ignored(reason.code))
            }
            WebhookOutcome::Forged if !has_secret => self.no_token(owner).await,
            WebhookOutcome::Forged => {
                self.store.webhook_refused(owner.id, now, forged()).await?;
                Err(Refusal::Forged)
            }
            // A guest that accepts what is not proven breaks the contract: it is not believed.
            WebhookOutcome::Accepted(_) | WebhookOutcome::Uninstalled if !verified => {
                if has_secret {
                    Err(Refusal::Forged)
                } else {
                    self.no_token(owner).await
                }
            }
            WebhookOutcome::Uninstalled => {
                let text = message(
                    "Ứng dụng đã bị gỡ khỏi tài khoản Nhanh.vn. Hãy đăng nhập cấp quyền lại để tiếp tục đồng bộ.",
                    "The app was removed at Nhanh.vn. Log in again to go on.",
                    &[],
                );
                let reason = Reason { code: "uninstalled".to_owned(), message: text };
                match self.store.pause(owner.footing(), now, reason).await {
                    // There is a new grant: the app is there again.
                    Err(StoreError::Superseded) => {}
                    paused => paused?,
                }
                Ok(Received::Uninstalled)
            }
            WebhookOutcome::Accepted(accepted) => {
                let connector = self.connector(&owner.connector)?;
                let flows = flows(connector.descriptor(), owner);
                let refresh_most = self.config.refresh_most;
                let ingest = Ingest { connection: owner.id, received: now, hash, accepted, flows, kept, refresh_most };
                let ingested = self.store.ingest(ingest).await?;
                point("taken-in");
                self.wake.notify_waiters();
                Ok(match ingested {
                    Ingested::Applied(tally) => Received::Applied(tally),
                    Ingested::Duplicate => Received::Duplicate,
                })
            }
        }
    }

    /// The connection that a delivery for this account belongs to: the named one, or the same tenant's other one with the same app.
    async fn picked(&self, named: &Connection, account: &str) -> Result<Option<Connection>, StoreError> {
        if named.account.as_ref().is_some_and(|known| known.id == account) {
            return Ok(Some(named.clone()));
        }
        let app_field = self.connector(&named.connector)?.descriptor().app_field.clone();
        let app = named.settings.get(&app_field).cloned().unwrap_or_default();
        self.store.connection_by_account(named, &app, account).await
    }

    async fn no_token(&self, owner: &Connection) -> Result<Received, Refusal> {
        let text = message(
            "Nhận được thông báo từ Nhanh.vn nhưng kết nối chưa có Webhooks verify token nên không xử lý. Hãy điền verify token ở form kết nối.",
            "A webhook came, but the connection has no verify token, so it was not used. Fill in the verify token.",
            &[],
        );
        self.store.webhook_unproven(owner.id, self.clock.now(), text).await?;
        Ok(Received::Ignored("ignored.no-token".to_owned()))
    }

    /// Keeps a probe with the events that it says are ticked, and tells of those that the merchant forgot.
    async fn probed(&self, owner: &Connection, proven: bool, ticked: Option<Vec<String>>) -> Result<(), StoreError> {
        let connector = self.connector(&owner.connector)?;
        let wanted = connector.descriptor().webhooks.iter().flat_map(|webhooks| webhooks.events.iter());
        let missing: Vec<&str> = match &ticked {
            Some(ticked) => wanted.filter(|event| !ticked.contains(event)).map(String::as_str).collect(),
            None => Vec::new(),
        };
        let missing = (!missing.is_empty()).then(|| {
            let missing = missing.join(", ");
            message(
                &format!("Các sự kiện webhooks chưa được tích chọn trên Nhanh.vn: {missing}."),
                &format!("Webhook events that are not ticked at Nhanh.vn: {missing}."),
                &[("events", &missing)],
            )
        });
        self.store.webhook_probed(owner.id, self.clock.now(), Probe { proven, ticked, missing }).await
    }
}

/// The event that an ignored delivery is of, where its reason tells it.
fn event_of(reason: &Reason) -> Option<String> {
    reason.message.arguments.iter().find(|it| it.name == "event").map(|it| it.value.clone())
}

/// What became of a delivery, in a word of ours: what the connector calls it is its own business.
fn came_to(received: &Result<Received, Refusal>) -> &'static str {
    match received {
        Ok(Received::Applied(_)) => "applied",
        Ok(Received::Duplicate) => "duplicate",
        Ok(Received::Ignored(_)) => "ignored",
        Ok(Received::Kept) => "kept",
        Ok(Received::Uninstalled) => "uninstalled",
        Err(Refusal::NoSuchHook) => "no-such-hook",
        Err(Refusal::Forged) => "forged",
        Err(Refusal::TooLarge) => "too-large",
        Err(Refusal::Store(_)) => "not-kept",
    }
}

fn forged() -> Message {
    message(
        "Webhooks verify token không khớp. Hãy nhập cùng một verify token ở form kết nối và ở open.nhanh.vn.",
        "The webhook's verify token does not match. Enter the same token in the form and at open.nhanh.vn.",
        &[],
    )
}
