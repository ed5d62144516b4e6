//! What waits, as the store has it at the moment of asking. Made anew each time: nothing is left of what is not there any more.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::Admitted;
use super::figures::PREFIX;
use crate::clock::Instant;
use crate::store::{Lane, Vitals};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Waiting {
    lane: &'static str,
    state: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Of {
    lane: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct State {
    state: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Made {
    instances: &'static str,
}

fn word(lane: Lane) -> &'static str {
    match lane {
        Lane::Live => "live",
        Lane::Settling => "settling",
        Lane::Bulk => "bulk",
    }
}

pub(super) fn registry(vitals: &Vitals, admitted: Admitted, now: Instant) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    let (work, overdue) = (Family::<Waiting, Gauge>::default(), Family::<Of, Gauge<f64, std::sync::atomic::AtomicU64>>::default());
    for lane in [Lane::Live, Lane::Settling, Lane::Bulk] {
        // A lane where nothing waits shows 0, not nothing.
        drop(overdue.get_or_create(&Of { lane: word(lane) }));
    }
    for pile in &vitals.work {
        let lane = word(pile.lane);
        work.get_or_create(&Waiting { lane, state: pile.state.clone() }).set(pile.count);
        if let Some(due) = pile.oldest.filter(|_| pile.state == "ready") {
            overdue.get_or_create(&Of { lane }).set(now.saturating_sub(due).max(0) as f64 / 1_000.0);
        }
    }
    let connections = Family::<State, Gauge>::default();
    for (state, count) in &vitals.connections {
        connections.get_or_create(&State { state: state.clone() }).set(*count);
    }
    let connectors = Family::<Made, Gauge>::default();
    for (instances, count) in [("pooled", admitted.pooled), ("on-demand", admitted.on_demand)] {
        connectors.get_or_create(&Made { instances }).set(count);
    }
    registry.register("admitted", "Connectors, by where their instances come from: without a pool each call maps its memory", connectors);
    registry.register("work", "Pieces of work in the queue", work);
    let help = "How long the work that waits longest is due, of active connections";
    registry.register_with_unit("work_overdue", help, Unit::Seconds, overdue);
    registry.register("connections", "Connections", connections);
    registry
}
