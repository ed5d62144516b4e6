//! The contract as Rust types, generated from `wit/`. Holds nothing of its own but the name of what is known of an order at first.
#![allow(missing_docs, unreachable_pub, clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "plugin",
    imports: { "nobi:connector/http.send": async | trappable, default: trappable },
    exports: { default: async },
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});

pub use exports::nobi::connector::connector::{
    Accepted, Capture, Choice, Delivery, Descriptor, Direction, Endpoint, Field, FieldKind, Flow, Ignored, OrderPlan, Pace, Page,
    Placement, Plan, Policy, Refresh, Refused, Route, Scope, Span, Splice, Step, Term, WebhookOutcome, WebhookProof, Webhooks,
};
pub use exports::nobi::connector::exchange::{CheckLine, PushOutcome, Pushed, Unsettled, Verdict};
pub use nobi::connector::{catalog, http, log, orders, types};

impl orders::Earlier {
    /// Nothing was ever sent of the order.
    pub const UNTOUCHED: Self = Self {
        may_have_arrived: false,
        first_sent: None,
        last_sent: None,
        empty_lookups: 0,
        seen_as: None,
        gone: false,
        refused_as_existing: None,
        swept: Vec::new(),
        status_sent: Vec::new(),
        status_unanswered: None,
    };
}
