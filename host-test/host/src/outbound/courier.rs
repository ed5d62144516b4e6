//! The way out of one `exchange` call: what the sandbox hands a guest's requests to. Remembers what the call's end needs; decides nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Caller, Outbound};
use crate::contract::http::{Error, Request, Response};
use crate::sandbox::Courier;
use crate::secret::Secret;

/// One call's requests. A secret that one reply gave is there for the next request of the same call.
pub struct Errand {
    outbound: Arc<Outbound>,
    caller: Mutex<Caller>,
    done: Mutex<Done>,
}

#[derive(Default)]
struct Done {
    captured: Vec<(String, Secret)>,
    last: Option<(String, String)>,
    /// Requests that change something and have left, or may have.
    writes: u32,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Errand {
    /// The way out for one call.
    pub fn new(outbound: Arc<Outbound>, caller: Caller) -> Arc<Errand> {
        Arc::new(Errand { outbound, caller: Mutex::new(caller), done: Mutex::default() })
    }

    /// The secrets that were captured so far; the host stores them. Taken once.
    pub fn captured(&self) -> Vec<(String, Secret)> {
        std::mem::take(&mut lock(&self.done).captured)
    }

    /// Whether a request that changes something left the house, or may have.
    pub fn wrote(&self) -> bool {
        lock(&self.done).writes > 0
    }

    /// The call ended in `rate-limited`: shuts the path of its last request.
    pub fn close_last(&self, for_ms: u32) {
        let last = lock(&self.done).last.clone();
        if let Some((endpoint, path)) = last {
            let caller = lock(&self.caller).clone();
            self.outbound.close(&caller, &endpoint, &path, for_ms);
        }
    }
}

#[async_trait]
impl Courier for Errand {
    async fn send(&self, request: Request) -> Result<Response, Error> {
        let caller = lock(&self.caller).clone();
        let writes = u32::from(caller.endpoints.route_of(&request).is_ok_and(|target| target.writes()));
        {
            let mut done = lock(&self.done);
            done.last = Some((request.endpoint.clone(), request.path.clone()));
            // Said before the first byte: the call may be dropped before the answer is there.
            done.writes += writes;
        }
        let reply = self.outbound.send(&caller, request).await.inspect_err(|error| {
            if matches!(error, Error::Denied(_) | Error::Locked(_) | Error::NotSent(_)) {
                lock(&self.done).writes -= writes;
            }
        })?;
        if !reply.captured.is_empty() {
            let mut caller = lock(&self.caller);
            let secrets = Arc::make_mut(&mut caller.secrets);
            for (name, secret) in &reply.captured {
                secrets.insert(name.clone(), secret.clone());
            }
            lock(&self.done).captured.extend(reply.captured);
        }
        Ok(reply.response)
    }
}
