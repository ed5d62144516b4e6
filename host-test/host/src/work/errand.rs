//! What one connection's requests go out with: its endpoints, its secrets, its place in the pace. Made anew for each piece of work, so that a
//! changed form or grant counts at once.

use std::sync::Arc;
use std::time::Duration;

use super::Host;
use crate::contract::Descriptor;
use crate::outbound::{Caller, Endpoints, Errand, Lane};
use crate::secret::Secrets;
use crate::store::{Connection, StoreError};

impl Host {
    /// The way out for one piece of work. `extra`: secrets that are not kept, such as the one-time code of a login. Fails with
    /// [`StoreError::Superseded`] where there is another grant by now: its token does not go with this connection's settings.
    pub(super) async fn errand(
        &self,
        connection: &Connection,
        descriptor: &Descriptor,
        lane: Lane,
        extra: Secrets,
    ) -> Result<Arc<Errand>, StoreError> {
        let mut secrets = self.store.secrets_of(connection.footing()).await?;
        for (name, secret) in extra.iter() {
            secrets.insert(name, secret.clone());
        }
        let caller = Caller {
            connection: connection.id.to_string(),
            generation: connection.generation,
            app: connection.settings.get(&descriptor.app_field).cloned().unwrap_or_default(),
            account: connection.account.as_ref().map(|account| account.id.clone()),
            endpoints: Arc::new(self.endpoints(connection, descriptor)?),
            secrets: Arc::new(secrets),
            lane,
            patience: self.patience(lane),
        };
        Ok(Errand::new(self.outbound.clone(), caller))
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
