//! The two imports a guest gets: `http.send` and `log.emit`. Budgets are kept here; where a request may go is not decided here.

use std::sync::Arc;

use async_trait::async_trait;
use wasmtime::StoreContextMut;
use wasmtime::component::{HasSelf, Linker};

use super::config::SandboxConfig;
use super::error::Limit;
use super::limits::{Commons, Limiter, Usage};
use super::text::one_line;
use super::witness::{Witness, show, show_reply};
use crate::contract::{catalog, http, log, orders, types};

/// Carries a guest's requests out. The outbound part of the host is one; a test's script is another.
#[async_trait]
pub trait Courier: Send + Sync {
    /// Sends one request, or says why not.
    async fn send(&self, request: http::Request) -> Result<http::Response, http::Error>;
}

/// One line that a guest wrote. Control characters are escaped.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// How much it matters.
    pub level: log::Level,
    /// At most [`SandboxConfig::log_line_bytes`].
    pub text: String,
}

impl LogLine {
    /// Hands the line to whoever listens to this host's log.
    pub(super) fn trace(&self) {
        match self.level {
            log::Level::Debug => tracing::debug!(target: "guest", "{}", self.text),
            log::Level::Info => tracing::info!(target: "guest", "{}", self.text),
            log::Level::Warn => tracing::warn!(target: "guest", "{}", self.text),
            log::Level::Error => tracing::error!(target: "guest", "{}", self.text),
        }
    }
}

/// What lives in a store for one call.
pub(super) struct CallState {
    pub(super) limiter: Limiter,
    pub(super) usage: Usage,
    pub(super) logs: Vec<LogLine>,
    /// Absent in a pure call.
    courier: Option<Arc<dyn Courier>>,
    witness: Option<Arc<dyn Witness>>,
    lowered_left: usize,
    /// How much more the engine's own count may come to than this one, which is of typed values.
    pub(super) lowered_factor: usize,
    host_call_bytes: usize,
    http_left: u32,
    reply_bytes_left: usize,
    log_lines: u32,
    log_line_bytes: usize,
}

impl CallState {
    pub(super) fn new(
        config: &SandboxConfig,
        commons: Arc<Commons>,
        courier: Option<Arc<dyn Courier>>,
        witness: Option<Arc<dyn Witness>>,
    ) -> Self {
        CallState {
            limiter: Limiter::new(config, commons),
            usage: Usage::default(),
            logs: Vec::new(),
            courier,
            witness,
            lowered_left: config.lowered_bytes,
            lowered_factor: 1,
            host_call_bytes: config.host_call_bytes,
            http_left: config.http_calls,
            reply_bytes_left: config.reply_bytes,
            log_lines: config.log_lines,
            log_line_bytes: config.log_line_bytes,
        }
    }

    /// What the next host call, or the answer, may move out of the guest: what is left, in the engine's count.
    pub(super) fn hostcall_fuel(&self) -> usize {
        self.lowered_left.saturating_mul(self.lowered_factor)
    }

    /// Counts what a host call moved out of the guest. The engine bounds each single call; without the sum a guest would let the host copy
    /// 32 MiB a million times, for next to no fuel and with no yield in between.
    fn count_lowered(&mut self, bytes: usize) -> wasmtime::Result<()> {
        match self.lowered_left.checked_sub(bytes.saturating_add(self.host_call_bytes)) {
            Some(left) => {
                self.lowered_left = left;
                Ok(())
            }
            None => Err(wasmtime::Error::new(Limit::Lowered)),
        }
    }
}

/// The contract's imports, and nothing else. The two functions are written out and not generated, since they need the store: what a call
/// has moved is taken from what the engine lets its next host call, and its answer, move.
pub(super) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    types::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    catalog::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    orders::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    linker.instance("nobi:connector/http@0.1.0")?.func_wrap_async(
        "send",
        |mut store: StoreContextMut<'_, CallState>, (request,): (http::Request,)| {
            Box::new(async move {
                let reply = http::Host::send(store.data_mut(), request).await?;
                count_on(store);
                Ok((reply,))
            })
        },
    )?;
    linker.instance("nobi:connector/log@0.1.0")?.func_wrap(
        "emit",
        |mut store: StoreContextMut<'_, CallState>, (level, text): (log::Level, String)| {
            log::Host::emit(store.data_mut(), level, text)?;
            count_on(store);
            Ok(())
        },
    )
}

fn count_on(mut store: StoreContextMut<'_, CallState>) {
    let left = store.data().hostcall_fuel();
    store.set_hostcall_fuel(left);
}

fn size_of_request(request: &http::Request) -> usize {
    let pairs = |pairs: &[http::Pair]| pairs.iter().map(|pair| size_of::<http::Pair>() + pair.name.len() + pair.value.len()).sum::<usize>();
    let body = match &request.body {
        http::Body::None => 0,
        http::Body::Form(fields) => pairs(fields),
        http::Body::Json(text) => text.len(),
    };
    request.endpoint.len() + request.path.len() + pairs(&request.query) + pairs(&request.headers) + body
}

impl types::Host for CallState {}
impl catalog::Host for CallState {}
impl orders::Host for CallState {}

impl http::Host for CallState {
    async fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, http::Error>> {
        self.count_lowered(size_of_request(&request))?;
        let Some(courier) = self.courier.clone() else {
            return Ok(Err(http::Error::Denied("a pure function sends nothing".to_owned())));
        };
        let Some(left) = self.http_left.checked_sub(1) else {
            // Longer than any call lives: the budget does not come back.
            return Ok(Err(http::Error::Locked(u32::MAX)));
        };
        self.http_left = left;
        self.usage.http_calls += 1;
        let reply = courier.send(request).await;
        if let Ok(response) = &reply {
            let bytes = response.body.len();
            self.usage.reply_bytes = self.usage.reply_bytes.saturating_add(bytes);
            let Some(left) = self.reply_bytes_left.checked_sub(bytes) else {
                return Ok(Err(http::Error::TooLarge));
            };
            self.reply_bytes_left = left;
            show_reply(self.witness.as_deref(), "http.send", response);
        }
        if let Err(error) = &reply {
            show(self.witness.as_deref(), "http.send", error);
        }
        Ok(reply)
    }
}

impl log::Host for CallState {
    fn emit(&mut self, level: log::Level, text: String) -> wasmtime::Result<()> {
        self.count_lowered(text.len())?;
        if self.logs.len() >= self.log_lines as usize {
            self.usage.log_dropped = self.usage.log_dropped.saturating_add(1);
            return Ok(());
        }
        self.logs.push(LogLine { level, text: one_line(&text, self.log_line_bytes) });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::log::Host as _;

    fn state(config: &SandboxConfig) -> CallState {
        CallState::new(config, Commons::new(0), None, None)
    }

    #[test]
    fn lines_above_the_budget_are_counted() {
        let config = SandboxConfig { log_lines: 1, log_line_bytes: 2, ..SandboxConfig::default() };
        let mut state = state(&config);
        for _ in 0..3 {
            state.emit(log::Level::Info, "xyz".to_owned()).unwrap();
        }
        assert_eq!((state.logs.len(), state.usage.log_dropped), (1, 2));
        assert_eq!(state.logs[0].text, "xy");
    }

    #[test]
    fn what_host_calls_move_is_counted_together_and_an_empty_one_counts_too() {
        let config = SandboxConfig { lowered_bytes: 100, host_call_bytes: 10, ..SandboxConfig::default() };
        let mut large = state(&config);
        large.emit(log::Level::Info, "x".repeat(80)).unwrap();
        large.emit(log::Level::Info, String::new()).unwrap();
        let error = large.emit(log::Level::Info, String::new()).unwrap_err();
        assert_eq!(error.downcast_ref::<Limit>(), Some(&Limit::Lowered));
        let mut small = state(&config);
        assert_eq!((0..20).filter(|_| small.emit(log::Level::Info, String::new()).is_ok()).count(), 10);
    }
}
