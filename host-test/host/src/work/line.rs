//! One connection's line to the other side: what a call's requests go through. Keeps what was captured for whoever made the call; never shows
//! it to the guest.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::Host;
use crate::contract::{Descriptor, http};
use crate::outbound::{Caller, Endpoints, Lane, Outbound};
use crate::sandbox::Courier;
use crate::secret::Secrets;
use crate::store::{Connection, StoreError};

/// Carries the requests of one call.
pub(super) struct Line {
    outbound: Arc<Outbound>,
    caller: Caller,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    captured: Secrets,
    last: Option<(String, String)>,
}

impl Line {
    /// Sends one request for the host itself.
    pub(super) async fn carry(&self, request: http::Request) -> Result<http::Response, http::Error> {
        self.kept().last = Some((request.endpoint.clone(), request.path.clone()));
        let reply = self.outbound.send(&self.caller, request).await?;
        let mut kept = self.kept();
        for (name, secret) in reply.captured {
            kept.captured.insert(name, secret);
        }
        Ok(reply.response)
    }

    /// Closes the path of the last request: the other side asked for a pause.
    pub(super) fn close_last(&self, for_ms: u32) {
        if let Some((endpoint, path)) = self.kept().last.clone() {
            self.outbound.close(&self.caller, &endpoint, &path, for_ms);
        }
    }

    /// The secrets that were captured.
    pub(super) fn captured(&self) -> Secrets {
        std::mem::take(&mut self.kept().captured)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Courier for Line {
    async fn send(&self, request: http::Request) -> Result<http::Response, http::Error> {
        self.carry(request).await
    }
}

impl Host {
    /// A line for one piece of work of a connection. `extra`: secrets that are not kept, such as the one-time code of a login.
    pub(super) async fn line(
        &self,
        connection: &Connection,
        descriptor: &Descriptor,
        lane: Lane,
        extra: Option<Secrets>,
    ) -> Result<Arc<Line>, StoreError> {
        let mut secrets = self.store.secrets(connection.id).await?;
        if let Some(extra) = extra {
            for (name, secret) in extra.iter() {
                secrets.insert(name.to_owned(), secret.clone());
            }
        }
        let endpoints = self.endpoints(connection, descriptor)?;
        let caller = Caller {
            connection: connection.id.to_string(),
            app: connection.settings.get(&descriptor.app_field).cloned().unwrap_or_default(),
            account: connection.account.as_ref().map(|account| account.id.clone()),
            endpoints: Arc::new(endpoints),
            secrets: Arc::new(secrets),
            lane,
            patience: self.patience(lane),
        };
        Ok(Arc::new(Line { outbound: self.outbound.clone(), caller, kept: Mutex::default() }))
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
