//! What is counted as it happens. Counting takes no lock that is held while anything waits, and never fails.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// What every name begins with.
pub(super) const PREFIX: &str = "connector";

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Export {
    export: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Call {
    export: &'static str,
    outcome: &'static str,
}

/// The endpoint is one of the descriptor's few names.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    endpoint: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Lane {
    lane: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Run {
    entity: &'static str,
    trigger: &'static str,
    outcome: &'static str,
}

type Timed<L> = Family<L, Histogram, fn() -> Histogram>;

/// Everything that is counted.
pub struct Figures {
    registry: Registry,
    calls: Family<Call, Counter>,
    fuel: Family<Export, Counter>,
    call_time: Timed<Export>,
    requests: Family<Request, Counter>,
    request_time: Histogram,
    pace_waits: Timed<Lane>,
    commits: Family<Outcome, Counter>,
    commit_jobs: Histogram,
    commit_time: Histogram,
    deliveries: Family<Outcome, Counter>,
    delivery_time: Histogram,
    runs: Family<Run, Counter>,
    orders: Family<Outcome, Counter>,
}

/// From a tenth of a millisecond to some seconds.
fn quick() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 4.0, 9))
}

/// From ten milliseconds to some minutes.
fn slow() -> Histogram {
    Histogram::new(exponential_buckets(0.01, 3.0, 9))
}

impl Default for Figures {
    fn default() -> Self {
        let figures = Figures {
            registry: Registry::with_prefix(PREFIX),
            calls: Family::default(),
            fuel: Family::default(),
            call_time: Family::new_with_constructor(quick),
            requests: Family::default(),
            request_time: slow(),
            pace_waits: Family::new_with_constructor(slow),
            commits: Family::default(),
            commit_jobs: Histogram::new(exponential_buckets(1.0, 2.0, 9)),
            commit_time: quick(),
            deliveries: Family::default(),
            delivery_time: quick(),
            runs: Family::default(),
            orders: Family::default(),
        };
        figures.registered()
    }
}

impl Figures {
    /// The names, in one place.
    fn registered(mut self) -> Self {
        let it = &mut self.registry;
        it.register("guest_calls", "Calls of a connector's exports, by what they came to", self.calls.clone());
        it.register("guest_fuel", "Fuel that those calls used", self.fuel.clone());
        let help = "Time that a call took, its wait for a slot and its requests included";
        it.register_with_unit("guest_call", help, Unit::Seconds, self.call_time.clone());
        it.register("requests", "Requests to the other side, by endpoint and by what came of them", self.requests.clone());
        it.register_with_unit("request", "Time from the first byte to the whole reply", Unit::Seconds, self.request_time.clone());
        it.register_with_unit("pace_wait", "Waits for a place in the pace", Unit::Seconds, self.pace_waits.clone());
        it.register("store_commits", "Commits of the store's writer", self.commits.clone());
        it.register("store_commit_jobs", "Jobs that one commit held", self.commit_jobs.clone());
        it.register_with_unit("store_commit", "Time that a commit took, its jobs included", Unit::Seconds, self.commit_time.clone());
        it.register("deliveries", "Webhooks, by what became of them", self.deliveries.clone());
        it.register_with_unit("delivery", "Time from a webhook to its answer", Unit::Seconds, self.delivery_time.clone());
        it.register("runs", "Pulls that ended, or stopped to be tried again", self.runs.clone());
        it.register("order_events", "Events of orders that came to an end", self.orders.clone());
        self
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A call of an export has ended: `answer`, `failure`, `trap`, `limit` or `host`.
    pub(crate) fn call(&self, export: &'static str, outcome: &'static str, fuel: u64, took: Duration) {
        self.calls.get_or_create(&Call { export, outcome }).inc();
        self.fuel.get_or_create(&Export { export }).inc_by(fuel);
        self.call_time.get_or_create(&Export { export }).observe(took.as_secs_f64());
    }

    /// A request has come to this: a class of statuses, or an error's name in the contract.
    pub(crate) fn request(&self, endpoint: &str, outcome: &'static str, took: Option<Duration>) {
        self.requests.get_or_create(&Request { endpoint: endpoint.to_owned(), outcome }).inc();
        if let Some(took) = took {
            self.request_time.observe(took.as_secs_f64());
        }
    }

    /// A request has waited for its turn.
    pub(crate) fn paced(&self, lane: &'static str, waited: Duration) {
        self.pace_waits.get_or_create(&Lane { lane }).observe(waited.as_secs_f64());
    }

    /// The writer has committed a group of jobs, or could not.
    pub(crate) fn commit(&self, held: bool, jobs: usize, took: Duration) {
        self.commits.get_or_create(&Outcome { outcome: if held { "held" } else { "failed" } }).inc();
        self.commit_jobs.observe(jobs as f64);
        self.commit_time.observe(took.as_secs_f64());
    }

    /// A delivery has been answered.
    pub(crate) fn delivery(&self, outcome: &'static str, took: Duration) {
        self.deliveries.get_or_create(&Outcome { outcome }).inc();
        self.delivery_time.observe(took.as_secs_f64());
    }

    /// A run has ended or stopped: `done`, `again`, `paused`, `failed`, `unsupported`.
    pub(crate) fn run(&self, entity: &'static str, trigger: &'static str, outcome: &'static str) {
        self.runs.get_or_create(&Run { entity, trigger, outcome }).inc();
    }

    /// An order's event has ended: `done`, `skipped`, `failed`.
    pub(crate) fn order(&self, outcome: &'static str) {
        self.orders.get_or_create(&Outcome { outcome }).inc();
    }
}
