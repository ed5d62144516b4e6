//! The work between the other side and Nobi: logins, pulls, deliveries, orders, and the runner that takes them in turn.
//!
//! [`Host`] ties the parts together. Data goes one way: bytes at an edge, typed once, changes, one transaction. Nothing in here knows a wire
//! format, and nothing in here writes SQL.

mod check;
mod diverged;
mod dry_run;
mod errand;
mod failures;
mod form;
mod held;
mod holdings;
mod intake;
mod leaving;
mod letters;
mod login;
mod look;
mod moving;
mod point;
mod poll;
mod polls;
mod pull;
mod push;
mod runner;
mod silence;
mod succession;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{Notify, broadcast};

pub use self::dry_run::Rehearsed;
pub use self::failures::{Disposition, disposition, message};
pub use self::form::{FieldError, Form, FormError};
pub use self::intake::{Called, Received, Refusal};
pub use self::letters::Cause;
pub(crate) use self::letters::goes_on;
pub use self::login::{Landing, LoginError, LoginStart};
pub use self::polls::{Every, Polls};
pub use self::runner::Stop;
use crate::clock::{Clock, Instant};
use crate::contract::types::{Context, Entity, Failure, Message, Setting};
use crate::contract::{Descriptor, Direction, FieldKind, Policy, Scope};
use crate::nobi::Policies;
use crate::outbound::Outbound;
use crate::sandbox::Connector;
use crate::seeing::Admitted;
use crate::store::{Connection, ConnectionId, NewConnection, Store, StoreError, Trigger};

/// How far back order statuses are asked for where none were asked for yet: milliseconds.
const STATUSES: i64 = 30 * 24 * 60 * 60 * 1_000;

/// How the host works, beside what the sandbox and the way out have of their own.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// Pieces of work that run at once. Most of their time is waiting for the other side.
    pub workers: usize,
    /// Of these, so many are kept free of pulls, so that an order never waits for one.
    pub live_workers: usize,
    /// How long a runner may be silent before another one may take its connections over. It tells the store three times as often that it is
    /// alive. Longer: work of a host that died waits longer. Shorter: a host that is only slow is taken for dead.
    pub lease_time: Duration,
    /// The wait before a failed piece of work is tried again. Every further wait is drawn between this and three times the one before.
    pub retry_first: Duration,
    /// The longest such wait.
    pub retry_most: Duration,
    /// The wait before an order is tried again that the other side refused for want of something. It doubles with each such refusal; once there
    /// is more of what is wanting, the order goes sooner.
    pub held_first: Duration,
    /// The longest such wait.
    pub held_most: Duration,
    /// The longest that a pull waits for its turn at the other side before it gives its worker back.
    pub bulk_patience: Duration,
    /// The same for an order.
    pub live_patience: Duration,
    /// The longest that what a webhook asked for waits, so that many are joined into one run. A connector may ask for less.
    pub refresh_most: Duration,
    /// How often streams are asked for by themselves.
    pub polls: Polls,
    /// The longest until the first poll of a stream that nobody polled before; they are spread over it.
    pub first_poll: Duration,
    /// How far a pull of changes reaches back before the start of the last whole one: clocks differ, and an edit may show late.
    pub overlap: Duration,
    /// How far a stream reaches further back once its connection was moved: two dialects of one system need not agree on when a record
    /// changed, nor on what counts as a change.
    pub move_overlap: Duration,
    /// How long a connection may get nothing but pages that cannot be read before it pauses: by then nobody is mending anything.
    pub unreadable_most: Duration,
    /// How long an order's event may come to no end while the other side answers, before a person is told why. It is tried on all the same.
    pub unsettled_most: Duration,
    /// Records that one run reads at the most, a page counting as a hundred at the least: a list that leads on for ever is left, and a person is
    /// told.
    pub records_most: u64,
    /// Pages of one dry run at the most; of a stream with more it says that it cannot be told. All of them are in memory at its end.
    pub dry_run_pages: usize,
    /// Bytes of one dry run's records at the most, as JSON counts them; in memory they are some two to four times that.
    pub dry_run_bytes: usize,
    /// How long a login may take from its start to the way back.
    pub login_time: Duration,
    /// Tries of a kept delivery, the first one included, after which it is a dead letter: with the waits in between, some twenty minutes.
    pub delivery_attempts: u32,
    /// Bytes of a delivery; more are refused.
    pub delivery_bytes: usize,
    /// Where waits are drawn from; none: from the machine's own chance.
    pub seed: Option<u64>,
    /// Roles that the form's default role is chosen from: value and label.
    pub roles: Vec<(String, Message)>,
}

impl Default for HostConfig {
    fn default() -> Self {
        let role = |value: &str, vi: &str, en: &str| (value.to_owned(), message(vi, en, &[]));
        HostConfig {
            workers: 6,
            live_workers: 2,
            lease_time: Duration::from_secs(30),
            retry_first: Duration::from_secs(1),
            retry_most: Duration::from_secs(300),
            held_first: Duration::from_secs(5 * 60),
            held_most: Duration::from_secs(60 * 60),
            bulk_patience: Duration::from_secs(60),
            live_patience: Duration::from_secs(10),
            refresh_most: Duration::from_secs(15 * 60),
            polls: Polls::default(),
            first_poll: Duration::from_secs(5 * 60),
            overlap: Duration::from_secs(10 * 60),
            move_overlap: Duration::from_secs(24 * 60 * 60),
            unreadable_most: Duration::from_secs(24 * 60 * 60),
            unsettled_most: Duration::from_secs(60 * 60),
            records_most: 5_000_000,
            dry_run_pages: 2_000,
            dry_run_bytes: 48 * 1024 * 1024,
            login_time: Duration::from_secs(30 * 60),
            delivery_attempts: 12,
            delivery_bytes: 1024 * 1024,
            seed: None,
            roles: vec![
                role("sale", "Nhân viên bán hàng", "Sales"),
                role("warehouse", "Nhân viên kho", "Warehouse"),
                role("manager", "Quản lý chi nhánh", "Branch manager"),
            ],
        }
    }
}

/// How far a pull is, for whoever watches.
#[derive(Clone, Debug, Serialize)]
pub struct Progress {
    /// Whose it is.
    pub connection: ConnectionId,
    /// What is pulled, by its name in the contract.
    pub entity: &'static str,
    /// The run.
    pub run: i64,
    /// How far it is.
    pub done: u32,
    /// How far it goes, where that is known.
    pub total: Option<u32>,
    /// Whether that was its last page, or it failed.
    pub ended: bool,
}

/// A host: its connectors, its store, its way out.
pub struct Host {
    store: Arc<dyn Store>,
    outbound: Arc<Outbound>,
    connectors: BTreeMap<String, Arc<Connector>>,
    clock: Clock,
    config: HostConfig,
    progress: broadcast::Sender<Progress>,
    wake: Notify,
    /// What people call this host's runner: no other has that name.
    name: String,
    random: Mutex<fastrand::Rng>,
}

impl Host {
    /// Puts the parts together.
    pub fn new(store: Arc<dyn Store>, outbound: Arc<Outbound>, connectors: Vec<Connector>, clock: Clock, config: HostConfig) -> Arc<Host> {
        let connectors = connectors.into_iter().map(|connector| (connector.descriptor().id.clone(), Arc::new(connector))).collect();
        let mut random = config.seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        let name = format!("{}-{:08x}", std::process::id(), random.u32(..));
        let (progress, wake, random) = (broadcast::Sender::new(1_024), Notify::new(), Mutex::new(random));
        Arc::new(Host { store, outbound, connectors, clock, config, progress, wake, name, random })
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How the host works.
    pub fn config(&self) -> &HostConfig {
        &self.config
    }

    /// How many connectors there are, and whether their instances come from a pool.
    pub fn admitted(&self) -> Admitted {
        let (all, pooled) = (self.connectors.len(), self.connectors.values().filter(|it| it.sandbox().is_pooled()).count());
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Admitted { pooled: number(pooled), on_demand: number(all - pooled) }
    }

    /// Hears how far pulls are.
    pub fn progress(&self) -> broadcast::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// A connector by its id.
    pub fn connector(&self, id: &str) -> Result<&Arc<Connector>, StoreError> {
        self.connectors.get(id).ok_or_else(|| StoreError::Missing(format!("connector {id}")))
    }

    /// The ids of the connectors that run here.
    pub fn connector_ids(&self) -> impl Iterator<Item = &str> {
        self.connectors.keys().map(String::as_str)
    }

    /// Makes a draft of a connection, with its final callback address.
    pub async fn draft(&self, new: NewConnection) -> Result<Connection, StoreError> {
        self.connector(&new.connector)?;
        self.store.create_connection(new, self.clock.now()).await
    }

    /// Begins a pull of one stream. None: one is under way already. Fails where the connector does not sync that, and where nobody has logged in.
    pub async fn sync(&self, connection: ConnectionId, entity: Entity, scope: Scope, trigger: Trigger) -> Result<Option<i64>, SyncError> {
        let owner = self.store.connection(connection).await?;
        if owner.account.is_none() {
            return Err(SyncError::NoGrant);
        }
        let connector = self.connector(&owner.connector)?;
        let flow = connector.descriptor().flows.iter().find(|flow| flow.entity == entity && flow.direction == Direction::IntoNobi);
        let unsupported = flow.map(|flow| flow.unsupported.clone());
        match unsupported {
            Some(None) => {}
            Some(Some(reason)) => return Err(SyncError::Unsupported(reason)),
            None => {
                let vi = "Kết nối này không đồng bộ mục đó.";
                return Err(SyncError::Unsupported(message(vi, "This connection does not sync that.", &[])));
            }
        }
        let streams = self.store.streams(connection).await?;
        if streams.iter().any(|stream| stream.entity == entity && stream.policy == Some(Policy::Off)) {
            return Err(SyncError::Off);
        }
        let run = self.store.begin_run(connection, entity, scope, trigger, self.clock.now()).await?;
        self.wake.notify_waiters();
        Ok(run)
    }

    /// What a stream has not brought in yet: what changed since its last whole pull *began*, with an overlap. Where there was none: everything,
    /// and of order statuses, of which nobody has "all", those of the last thirty days.
    pub async fn missing(&self, connection: ConnectionId, entity: Entity) -> Result<Scope, StoreError> {
        Ok(match self.last_whole(connection, entity).await? {
            Some(mark) => Scope::Since(mark),
            None if entity == Entity::OrderStatus => Scope::Since(self.clock.now().saturating_sub(STATUSES)),
            None => Scope::Everything,
        })
    }

    /// When the last whole pull of a stream began, with an overlap.
    async fn last_whole(&self, connection: ConnectionId, entity: Entity) -> Result<Option<Instant>, StoreError> {
        let streams = self.store.streams(connection).await?;
        let last = streams.iter().find(|stream| stream.entity == entity).and_then(|stream| stream.last_success);
        Ok(last.map(|began| began.saturating_sub(self.overlap())))
    }

    fn overlap(&self) -> i64 {
        i64::try_from(self.config.overlap.as_millis()).unwrap_or(i64::MAX)
    }

    /// Keeps the merchant's choice for one stream. It counts at once, also for what is polled.
    pub async fn set_policy(&self, connection: ConnectionId, entity: Entity, policy: Policy) -> Result<(), StoreError> {
        self.store.set_policy(connection, entity, policy).await?;
        self.wake.notify_waiters();
        Ok(())
    }

    /// Keeps what happened to an order and queues its way out. Says whether it was new. While the order toggle is off nothing is queued.
    pub async fn order_event(&self, connection: ConnectionId, event: crate::contract::orders::OrderEvent) -> Result<bool, StoreError> {
        // Where another connection took over, orders that this one does not know are that one's.
        let connection = self.store.goes_to(connection, &event.order.id).await?;
        let owner = self.store.connection(connection).await?;
        let descriptor = self.connector(&owner.connector)?.descriptor().clone();
        if flows(&descriptor, &owner).of(Entity::Order) == Policy::Off {
            return Ok(false);
        }
        let new = self.store.order_event(connection, event, self.clock.now()).await?;
        self.wake.notify_waiters();
        Ok(new)
    }

    /// Makes the waiting refreshes of a connection due now.
    pub async fn flush_refreshes(&self, connection: ConnectionId) -> Result<(), StoreError> {
        self.store.flush_refreshes(connection, self.clock.now()).await?;
        self.wake.notify_waiters();
        Ok(())
    }

    /// What a call of this connection is told beside its arguments.
    fn context(&self, connection: &Connection, descriptor: &Descriptor) -> Context {
        let settings = descriptor.form.iter().filter(|field| !matches!(field.kind, FieldKind::Secret | FieldKind::HostValue(_)));
        let settings = settings.filter_map(|field| {
            let value = connection.settings.get(&field.key).cloned().or_else(|| field.default.clone())?;
            Some(Setting { key: field.key.clone(), value })
        });
        Context { now: self.clock.now(), tag: connection.tag.clone(), settings: settings.collect(), account: connection.account.clone() }
    }
}

/// Why a pull cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The connector does not sync that, for this reason.
    #[error("{} ({})", .0.vi, .0.en)]
    Unsupported(crate::contract::types::Message),
    /// Nobody has logged in yet: there is no account to ask.
    #[error("Kết nối này chưa được cấp quyền. (There is no grant yet.)")]
    NoGrant,
    /// The merchant switched this stream off: no request is spent on it.
    #[error("Luồng đồng bộ này đang tắt. (This stream is switched off.)")]
    Off,
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The policy that each flow begins with; a flow whose toggle is off is off.
pub fn flows(descriptor: &Descriptor, connection: &Connection) -> Policies {
    let mut policies = Policies::default();
    for flow in &descriptor.flows {
        let toggle = flow.toggle.as_ref();
        let on = toggle.is_none_or(|key| {
            let kept = connection.settings.get(key).map(String::as_str);
            let default = || descriptor.form.iter().find(|field| &field.key == key).and_then(|field| field.default.as_deref());
            kept.or_else(default) == Some("on")
        });
        let first = flow.policies.iter().find(|policy| **policy != Policy::Off).copied();
        let policy = if flow.unsupported.is_some() || !on { Policy::Off } else { first.unwrap_or(Policy::Off) };
        policies.set(flow.entity, policy);
    }
    policies
}

/// A failure of the host's own, in the contract's form.
fn own_failure(class: crate::contract::types::FailureClass, code: &str, vi: &str, en: &str) -> Failure {
    Failure { class, code: code.to_owned(), message: message(vi, en, &[]), subject: None, field: None }
}
