//! What the host shows of itself: figures for Prometheus, and the words that its spans and figures use. A label is a word of ours or the name
//! of an endpoint: never a tenant, a connection, an order or a person, so that no number of them makes the figures grow, and no name leaves.

mod figures;
mod gauges;

use std::sync::LazyLock;

use prometheus_client::encoding::text::{encode_eof, encode_registry};

pub use self::figures::Figures;
use crate::clock::Instant;
use crate::store::Vitals;

/// The figures of this process. One set: a process runs one host, as its log has one stream.
pub(crate) fn figures() -> &'static Figures {
    static FIGURES: LazyLock<Figures> = LazyLock::new(Figures::default);
    &FIGURES
}

/// The content type of [`exposition`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How many connectors there are, by where their instances come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Admitted {
    /// From a pool.
    pub pooled: i64,
    /// Made anew for each call, since there is no pool.
    pub on_demand: i64,
}

/// All figures in the text format that Prometheus reads: what was counted, and what waits as it is now.
pub fn exposition(vitals: &Vitals, admitted: Admitted, now: Instant) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    encode_registry(&mut text, figures().registry())?;
    encode_registry(&mut text, &gauges::registry(vitals, admitted, now))?;
    encode_eof(&mut text)?;
    Ok(text)
}
