//! What an adapter gives to be tested on: a store of its own, and a way to make it fail. Knows no database.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use connector_host::contract::types::{Failure, FailureClass};
use connector_host::contract::{Accepted, Policy};
use connector_host::nobi::Policies;
use connector_host::outbound::Overrides;
use connector_host::store::{Changes, Claim, Connection, ConnectionId, Grant, Ingest, Ingested, Lease, NewConnection, Store, Turn};

use crate::make::{self, NOW};

/// How long a lease runs in these facts, in milliseconds.
pub(crate) const LEASE: i64 = 30_000;

/// An empty store.
#[async_trait]
pub(crate) trait Ground: Sync {
    /// The store.
    fn store(&self) -> Arc<dyn Store>;

    /// From now on no work of this connection can be queued: the write that tries fails.
    async fn refuse_work_of(&self, connection: ConnectionId);

    /// From now on no category of this name can be written.
    async fn refuse_category(&self, name: &str);
}

/// An active connection of this tenant.
pub(crate) async fn connected(ground: &dyn Ground, tenant: &str) -> Connection {
    let new = NewConnection { tenant: tenant.to_owned(), connector: "scripted".to_owned(), overrides: Overrides::default() };
    let draft = ground.store().create_connection(new, NOW).await.unwrap();
    granted(ground, &draft, None).await
}

/// Another grant for it; `moved`: how far back its streams reach then.
pub(crate) async fn granted(ground: &dyn Ground, connection: &Connection, moved: Option<Duration>) -> Connection {
    let grant = Grant {
        footing: connection.footing(),
        settings: connection.settings.clone(),
        account: make::account(&format!("business-{}", connection.id)),
        captured: Default::default(),
        changes: Changes::default(),
        app_field: "app-id".to_owned(),
        moved,
        told: None,
    };
    ground.store().grant(grant, NOW).await.unwrap()
}

/// What a worker with these leases gets at this time.
pub(crate) async fn claim(ground: &dyn Ground, holder: &str, holds: &[Lease], now: i64) -> Option<Turn> {
    let claim = Claim { holder: holder.to_owned(), holds: holds.to_vec(), now, until: now + LEASE, only_live: false };
    ground.store().claim(claim).await.unwrap()
}

/// Every flow under this policy.
pub(crate) fn all(policy: Policy) -> Policies {
    let mut policies = Policies::default();
    for flow in make::descriptor().flows {
        policies.set(flow.entity, policy);
    }
    policies
}

/// A delivery that hashes to this.
pub(crate) fn delivery(connection: &Connection, hash: u8, accepted: Accepted, kept: Option<i64>) -> Ingest {
    let (flows, refresh_most) = (all(Policy::KeepUpdated), Duration::from_secs(900));
    Ingest { connection: connection.id, received: NOW, hash: [hash; 32], accepted, flows, kept, refresh_most }
}

/// Whether a delivery brought something new.
pub(crate) fn fresh(ingested: &Ingested) -> bool {
    *ingested != Ingested::Duplicate
}

pub(crate) fn failure(class: FailureClass) -> Failure {
    Failure { class, code: "test.failure".to_owned(), message: make::words("it did not work"), subject: None, field: None }
}
