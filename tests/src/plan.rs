//! How a world is set up. It decides nothing of what happens in it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use connector_host::contract::Pace;
use connector_host::outbound::OutboundConfig;
use connector_host::sandbox::Witness;
use connector_host::work::{HostConfig, Polls};
use nhanh_sim::ShopSize;

use crate::dialect::Dialect;

/// The verify token that merchants make up, where a test names no other.
pub const VERIFY_TOKEN: &str = "hoa-sen-verify-2026";

/// How a world is set up.
pub struct Plan {
    /// The version of the API that the merchant connects with, and that of his app's webhooks.
    pub dialect: Dialect,
    /// How large the shop is.
    pub shop: ShopSize,
    /// The simulator's limit.
    pub limit: nhanh_sim::Pace,
    /// The pace that the operator sets for every path of the API; absent: the descriptor's.
    pub pace: Option<Pace>,
    /// The clock stands still until a test moves it.
    pub manual: bool,
    /// How long after it was made an order shows in reads.
    pub shown_after: Duration,
    /// What the merchant enters at both sides; absent: no webhooks.
    pub verify_token: Option<String>,
    /// The form's values beside app, secret and verify token.
    pub form: BTreeMap<&'static str, String>,
    /// The way out.
    pub outbound: OutboundConfig,
    /// How the host works.
    pub host: HostConfig,
    /// When the simulator sends a webhook again.
    pub retry_after: [Duration; 3],
    /// A mirror stands between the host and the simulator's API.
    pub mirrored: bool,
    /// Hears what is lowered into guests. A watched world compiles the component for itself.
    pub witness: Option<Arc<dyn Witness>>,
}

impl Plan {
    /// A world that speaks this dialect, on a clock that leaps over the time in which the host has nothing to do.
    #[must_use]
    pub fn of(dialect: Dialect) -> Plan {
        let form = [
            ("default-role", "sale"),
            ("sync-orders", "on"),
            ("sync-stock-and-price", "on"),
            ("default-branch-phone", "0901234567"),
            ("default-branch-representative", "Nguyễn Thị Hạnh"),
        ];
        Plan {
            dialect,
            shop: ShopSize { depots: 2, products: 30, customers: 5, categories: 3, orders: 0 },
            limit: nhanh_sim::Pace::unlimited(),
            pace: None,
            manual: false,
            shown_after: Duration::from_secs(60),
            verify_token: Some(VERIFY_TOKEN.to_owned()),
            form: form.into_iter().map(|(key, value)| (key, value.to_owned())).collect(),
            outbound: OutboundConfig::default(),
            host: HostConfig { retry_first: Duration::from_millis(20), polls: Polls::never(), ..HostConfig::default() },
            retry_after: [Duration::from_millis(20), Duration::from_millis(40), Duration::from_millis(80)],
            mirrored: false,
            witness: None,
        }
    }

    /// The same on a clock that stands still. Nothing in the host waits for it by itself: what is not due is left for later.
    #[must_use]
    pub fn on_a_manual_clock(dialect: Dialect) -> Plan {
        let host =
            HostConfig { live_patience: Duration::ZERO, bulk_patience: Duration::ZERO, polls: Polls::never(), ..HostConfig::default() };
        Plan { manual: true, host, ..Plan::of(dialect) }
    }

    /// One value of the form.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: &str) -> Plan {
        self.form.insert(key, value.to_owned());
        self
    }
}
