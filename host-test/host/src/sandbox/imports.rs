//! The two imports a guest gets: `http.send` and `log.emit`. Budgets are kept here; where a request may go is not decided here.

use std::sync::Arc;

use async_trait::async_trait;

use super::config::SandboxConfig;
use super::limits::{Limiter, Usage};
use super::witness::{Witness, show, show_reply};
use crate::contract::{http, log, types};

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
    http_left: u32,
    reply_bytes_left: usize,
    log_lines: u32,
    log_line_bytes: usize,
}

impl CallState {
    pub(super) fn new(config: &SandboxConfig, courier: Option<Arc<dyn Courier>>, witness: Option<Arc<dyn Witness>>) -> Self {
        CallState {
            limiter: Limiter::new(config.memory_bytes, config.table_elements),
            usage: Usage::default(),
            logs: Vec::new(),
            courier,
            witness,
            http_left: config.http_calls,
            reply_bytes_left: config.reply_bytes,
            log_lines: config.log_lines,
            log_line_bytes: config.log_line_bytes,
        }
    }
}

impl types::Host for CallState {}
impl crate::contract::catalog::Host for CallState {}
impl crate::contract::orders::Host for CallState {}

impl http::Host for CallState {
    async fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, http::Error>> {
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
        if self.logs.len() >= self.log_lines as usize {
            self.usage.log_dropped = self.usage.log_dropped.saturating_add(1);
            return Ok(());
        }
        let mut line = String::with_capacity(text.len().min(self.log_line_bytes));
        for character in text.chars() {
            let escaped = character.is_control();
            let width = if escaped { character.escape_unicode().count() } else { character.len_utf8() };
            if line.len() + width > self.log_line_bytes {
                break;
            }
            if escaped { line.extend(character.escape_unicode()) } else { line.push(character) }
        }
        self.logs.push(LogLine { level, text: line });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::log::Host as _;

    #[test]
    fn a_log_line_is_cut_on_a_character_and_its_control_characters_are_escaped() {
        let config = SandboxConfig { log_line_bytes: 12, ..SandboxConfig::default() };
        let mut state = CallState::new(&config, None, None);
        state.emit(log::Level::Info, "a\nđđđ".to_owned()).unwrap();
        assert_eq!(state.logs[0].text, "a\\u{a}đđđ");
        state.emit(log::Level::Info, "0123456789ađ".to_owned()).unwrap();
        assert_eq!(state.logs[1].text, "0123456789a");
    }

    #[test]
    fn lines_above_the_budget_are_counted() {
        let config = SandboxConfig { log_lines: 1, ..SandboxConfig::default() };
        let mut state = CallState::new(&config, None, None);
        for _ in 0..3 {
            state.emit(log::Level::Info, "x".to_owned()).unwrap();
        }
        assert_eq!((state.logs.len(), state.usage.log_dropped), (1, 2));
    }
}
