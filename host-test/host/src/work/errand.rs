//! What one connection's requests go out with: its endpoints, its secrets, its place in the pace. Made anew for each piece of work, so that a
//! changed form or grant counts at once.

use std::sync::Arc;
use std::time::Duration;

use super::Host;
use super::holdings::Held;
use crate::contract::Descriptor;
use crate::outbound::{Caller, Endpoints, Errand, Lane};
use crate::secret::Secrets;
use crate::store::{Connection, StoreError};

impl Host {
    /// The way out for one errand outside a worker. `extra`: secrets that are not kept, such as the one-time code of a login. Fails with
    /// [`StoreError::Superseded`] where there is another grant by now: its token does not go with this connection's settings.
    pub(super) async fn errand(
        &self,
        connection: &Connection,
        descriptor: &Descriptor,
        lane: Lane,
        extra: Secrets,
    ) -> Result<Arc<Errand>, StoreError> {
        Ok(Errand::new(self.outbound.clone(), self.caller(connection, descriptor, lane, extra).await?))
    }

    /// The same for a worker: nothing that changes the other side leaves once its lease has ended.
    pub(super) async fn leased_errand(
        &self,
        connection: &Connection,
        descriptor: &Descriptor,
        lane: Lane,
        held: &Held,
    ) -> Result<Arc<Errand>, StoreError> {
        let caller = self.caller(connection, descriptor, lane, Secrets::default()).await?;
        Ok(Errand::leased(self.outbound.clone(), caller, held.until.clone()))
    }

    async fn caller(&self, connection: &Connection, descriptor: &Descriptor, lane: Lane, extra: Secrets) -> Result<Caller, StoreError> {
        let mut secrets = self.store.secrets_of(connection.footing()).await?;
        for (name, secret) in extra.iter() {
            secrets.insert(name, secret.clone());
        }
        Ok(Caller {
            connector: connection.connector.clone(),
            connection: connection.id.to_string(),
            generation: connection.generation,
            app: connection.settings.get(&descriptor.app_field).cloned().unwrap_or_default(),
            account: connection.account.as_ref().map(|account| account.id.clone()),
            endpoints: Arc::new(self.endpoints(connection, descriptor)?),
            secrets: Arc::new(secrets),
            lane,
            patience: self.patience(lane),
        })
    }

    /// The endpoints of a connection, the operator's overrides applied.
    pub(super) fn endpoints(&self, connection: &Connection, descriptor: &Descriptor) -> Result<Endpoints, StoreError> {
        Endpoints::compile(&descriptor.endpoints, &connection.overrides).map_err(|error| StoreError::Refused(error.to_string()))
    }

    fn patience(&self, lane: Lane) -> Duration {
        match lane {
            Lane::Live => self.config.live_patience,
            Lane::Bulk => self.config.bulk_patience,
        }
    }
}
