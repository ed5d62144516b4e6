//! Durable state, as verbs that any database can promise: connections, secrets, streams, links, deliveries, work, orders on their way, and the
//! reference Nobi Pro's own records. What must agree is written in one transaction. Never decides what is written: that is `nobi`'s and `work`'s.
//!
//! Each topic is a trait of its own with the types that it speaks in; [`Store`] is all of them. [`SqliteStore`] is the adapter that is here; the
//! contract tests (`tests/store`) ask only the traits, so that another adapter can be held to them. An adapter brings its own SQL for the
//! reference Nobi Pro as well, since a page's rows and its cursor are one transaction; on a platform that part is the platform's own tables.

mod backup;
mod connections;
pub mod events;
mod held_records;
mod inbox;
mod letters;
mod logins;
mod outbox;
mod pages;
mod people;
mod privacy;
mod queue;
mod records;
pub(crate) mod redact;
mod remarks;
mod runs;
pub(crate) mod schedule;
mod seal;
pub(crate) mod sqlite;
mod succession;
mod timekeeping;
mod vitals;
mod wanting;
mod webhooks;

use thiserror::Error;

pub use self::backup::{Backup, Before, Restored, backup, restore};
pub use self::connections::{Connection, ConnectionState, Connections, Footing, NewConnection, Notice, OF_WEBHOOKS};
pub use self::events::{Event, Events};
pub use self::held_records::{HeldRecord, HeldRecords};
pub use self::inbox::{Inbox, Ingest, Ingested};
pub use self::letters::{DeadLetter, DeadLetters, LetterId, Replay};
pub use self::logins::{Changes, Grant, Logins, PendingLogin};
pub use self::outbox::{Intent, OrderEventRow, OrderOutcome, OrderPush, Outbox, Settled, Settlement, Try, Waiting};
pub use self::pages::{Awaiting, Candidate, Decision, FailedEvent, Note, Pages, Retried, StreamFigures};
pub use self::people::{Operator, People};
pub use self::privacy::{CustomerKey, Erased, Privacy, Remaining};
pub use self::queue::{Again, Claim, Lane, Lease, Queue, Task, Turn, Work};
pub use self::records::{Level, NobiCounts, Outgoing, Records, Sellable, Standing, Why};
pub use self::remarks::{After, Remarks};
pub use self::runs::{AppliedPage, Halt, Run, RunState, Runs, Stream, Trigger};
pub use self::schedule::{Due, OpenOrders, Schedules, Way};
pub(crate) use self::seal::random;
pub use self::seal::{SealError, Sealer};
pub use self::sqlite::SqliteStore;
pub use self::succession::Successions;
pub use self::timekeeping::{CameBack, Timekeeping};
pub use self::vitals::{Health, Pile, Vitals};
pub(crate) use self::wanting::PAIRS_AWAITED;
pub use self::wanting::{HeldOrder, HeldOrders, Wanting};
pub use self::webhooks::{Probe, WebhookHealth, Webhooks};

/// All that the host asks of durable state.
pub trait Store:
    Connections
    + Logins
    + Inbox
    + Webhooks
    + Queue
    + Runs
    + Outbox
    + HeldOrders
    + Successions
    + Records
    + Remarks
    + HeldRecords
    + Pages
    + People
    + Schedules
    + Health
    + Events
    + DeadLetters
    + Privacy
    + Timekeeping
    + Send
    + Sync
{
}

impl Store for SqliteStore {}

/// The row id of a connection.
pub type ConnectionId = i64;

/// Why the store did not do it.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Too many jobs wait for the disk. Nothing was written; a retry helps.
    #[error("the store is busy")]
    Full,
    /// The store was shut down. Nothing was written.
    #[error("the store is closed")]
    Closed,
    /// The commit failed. Nothing was written; a retry may help.
    #[error("the store could not commit: {0}")]
    Commit(String),
    /// There is no such row.
    #[error("{0} is not in the store")]
    Missing(String),
    /// The state forbids it.
    #[error("{0}")]
    Refused(String),
    /// The connection got another grant after the work began: nothing was written. A retry that reads everything anew helps.
    #[error("Kết nối vừa được cấp quyền lại; hãy thử lại. (The connection got another grant meanwhile; try again.)")]
    Superseded,
    /// Another worker has the connection by now: nothing was written, and what was begun is that one's to do.
    #[error("another worker has this connection's work by now")]
    Fenced,
    /// Another order is called that at the other side, or may be. A retry does not help: a person has to change the order's code.
    #[error("the own id {own_id} is that of the order {order}")]
    Taken {
        /// The own id.
        own_id: String,
        /// Nobi's id of the order that has it.
        order: String,
    },
    /// The tenant has a connection to this account already: a second one would bring every record twice and end the first one's grant. Nothing
    /// was written; the first one can go on.
    #[error(
        "Doanh nghiệp {account} đã được kết nối (kết nối số {first}). Không tạo kết nối thứ hai vì dữ liệu sẽ bị nhân đôi; hãy dùng tiếp kết nối \
         đó. (Business {account} is connected already, by connection {first}. There is no second one, since every record would come in twice: go \
         on with that one.)"
    )]
    Connected {
        /// The connection that is there.
        first: ConnectionId,
        /// The account.
        account: String,
    },
    /// The database's own error: no space, no file, a lock. Nothing was written; a retry may help.
    #[error("the database: {0}")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database is not one, or not whole. No retry helps.
    #[error("the database is damaged: {0}")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A value in the file is not what this version writes there.
    #[error("a stored value cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A secret does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The file or its folder cannot be used.
    #[error("the store's file: {0}")]
    Io(#[from] std::io::Error),
}

impl StoreError {
    /// Whether the store is likely to do it on a further try, nothing else having changed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, StoreError::Full | StoreError::Commit(_) | StoreError::Database(_) | StoreError::Io(_))
    }
}

/// The store's result.
pub type Result<T> = std::result::Result<T, StoreError>;
