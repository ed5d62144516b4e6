//! The way out of one `exchange` call: what the sandbox hands a guest's requests to. Remembers what the call's end needs; decides nothing.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::cache::Digest;
use super::{Caller, Outbound};
use crate::contract::http::{Error, Request, Response};
use crate::sandbox::Courier;
use crate::secret::Secret;

/// One call's requests. A secret that one reply gave is there for the next request of the same call.
pub struct Errand {
    outbound: Arc<Outbound>,
    caller: Mutex<Caller>,
    done: Mutex<Done>,
    may_write_until: Option<Arc<AtomicI64>>,
}

/// What the other side gave back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// No reply came.
    Nothing,
    /// Every reply was a web page, or said that there is nothing at the path.
    OnlyPages,
    /// At least one reply was something else.
    Answers,
}

#[derive(Default)]
struct Done {
    captured: Vec<(String, Secret)>,
    last: Option<(String, String)>,
    /// Replies that came over the wire and were pages; and those that were anything else.
    pages: u32,
    others: u32,
    /// Replies that memory keeps.
    remembered: Vec<Digest>,
    /// Requests that change something and have left, or may have.
    writes: u32,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Errand {
    /// The way out for one call.
    pub fn new(outbound: Arc<Outbound>, caller: Caller) -> Arc<Errand> {
        Arc::new(Errand { outbound, caller: Mutex::new(caller), done: Mutex::default(), may_write_until: None })
    }

    /// The same for a worker whose lease ends then, unless that is moved on: a request that changes something does not leave after it, since
    /// another worker may have begun to look for what this one was about to send.
    pub fn leased(outbound: Arc<Outbound>, caller: Caller, until: Arc<AtomicI64>) -> Arc<Errand> {
        Arc::new(Errand { outbound, caller: Mutex::new(caller), done: Mutex::default(), may_write_until: Some(until) })
    }

    /// The secrets that were captured so far; the host stores them. Taken once.
    pub fn captured(&self) -> Vec<(String, Secret)> {
        std::mem::take(&mut lock(&self.done).captured)
    }

    /// Whether a request that changes something left the house, or may have.
    pub fn wrote(&self) -> bool {
        lock(&self.done).writes > 0
    }

    /// What came over the wire since this was asked last.
    pub fn heard(&self) -> Heard {
        let mut done = lock(&self.done);
        match (std::mem::take(&mut done.pages), std::mem::take(&mut done.others)) {
            (0, 0) => Heard::Nothing,
            (_, 0) => Heard::OnlyPages,
            _ => Heard::Answers,
        }
    }

    /// The call failed: an answer that it was given from memory, or that memory kept of it, may be the reason and is not believed again.
    pub fn disbelieve(&self) {
        let answers = std::mem::take(&mut lock(&self.done).remembered);
        self.outbound.forget_answers(&answers);
    }

    /// The call ended in `rate-limited`: shuts the path of its last request, unless the rate limiter of this host held that one back.
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
        let late = |until: &Arc<AtomicI64>| self.outbound.clock.now() >= until.load(Ordering::Acquire);
        if writes > 0 && self.may_write_until.as_ref().is_some_and(late) {
            return Err(Error::NotSent("the worker's lease has ended".to_owned()));
        }
        {
            let mut done = lock(&self.done);
            done.last = Some((request.endpoint.clone(), request.path.clone()));
            // Said before the first byte: the call may be dropped before the answer is there.
            done.writes += writes;
        }
        let reply = self.outbound.send(&caller, request).await.inspect_err(|error| {
            let mut done = lock(&self.done);
            if matches!(error, Error::Denied(_) | Error::Locked(_) | Error::NotSent(_)) {
                done.writes -= writes;
            }
            // It was this host that held back: a call that ends in `rate-limited` for it says nothing of the other side.
            if matches!(error, Error::Locked(_)) {
                done.last = None;
            }
        })?;
        {
            let mut done = lock(&self.done);
            let count = if reply.is_page { &mut done.pages } else { &mut done.others };
            *count += u32::from(!reply.remembered);
            done.remembered.extend(reply.memory);
        }
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
