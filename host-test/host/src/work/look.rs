//! One look at the other side for a person: a single record as it is there now, and the request that a run stopped at. Changes nothing.

use super::Host;
use crate::contract::catalog::Change;
use crate::contract::types::{Entity, Failure};
use crate::contract::{Scope, Step, http};
use crate::outbound::Lane;
use crate::secret::Secrets;
use crate::store::{ConnectionId, Run, StoreError};

impl Host {
    /// A record as the other side has it now. Absent: it is not there, or another request would be needed to find it.
    pub async fn look(
        &self,
        connection: ConnectionId,
        entity: Entity,
        remote: &str,
    ) -> Result<Result<Option<Change>, Failure>, StoreError> {
        let owner = self.store.connection(connection).await?;
        let connector = self.connector(&owner.connector)?.clone();
        let errand = self.errand(&owner, connector.descriptor(), Lane::Live, Secrets::default()).await?;
        let step = Step { entity, scope: Scope::Only(vec![remote.to_owned()]), cursor: None };
        let page = self.step(&owner, &connector, &errand, &step).await;
        Ok(page.map(|page| page.changes.into_iter().find(|change| is(change, remote))))
    }

    /// The request that this run stands at, as the connector writes it: without any secret, since a connector never has one.
    pub async fn request_of(&self, run: &Run) -> Result<Option<http::Request>, StoreError> {
        let owner = self.store.connection(run.connection).await?;
        let connector = self.connector(&owner.connector)?.clone();
        let step = Step { entity: run.entity, scope: run.scope.clone(), cursor: run.cursor.clone() };
        let context = self.context(&owner, connector.descriptor());
        Ok(connector.build_sync_request(&context, &step).await.result.ok().and_then(Result::ok))
    }

    /// Lets the runner see at once what was queued past it.
    pub fn nudge(&self) {
        self.wake.notify_waiters();
    }
}

fn is(change: &Change, remote: &str) -> bool {
    match change {
        Change::Branch(it) => it.id == remote,
        Change::Category(it) => it.id == remote,
        Change::Product(it) => it.id == remote,
        Change::Customer(it) => it.id == remote,
        _ => false,
    }
}
