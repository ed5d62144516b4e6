//! Runs connectors that were written against the contract in `wit/`: sandboxed, a fresh instance a call, for many tenants at once.
//!
//! The way through, from the outside in:
//!
//! - [`web`] is the edge: webhooks and logins come in as HTTP and leave as statuses.
//! - [`proof`] says whether a delivery is from where it claims to be, before any guest runs.
//! - [`work`] decides what happens next: deliveries, pulls, orders, and the runner that takes them in turn. [`work::Host`] ties it all together.
//! - [`sandbox`] makes one call of a component: its limits, its two imports, and what a trap turns into.
//! - [`outbound`] is the only way out: where a request may go, the secrets that are added, the pace that is kept.
//! - [`plain`] and [`inspect`] are for people and tools: plain JSON in and out of any component, and what a component is.
//! - [`nobi`] is the reference Nobi Pro: it turns changes into rows by the merchant's policies.
//! - [`seeing`] is what it shows of itself to whoever watches over it: figures without names.
//! - [`store`] is the one durable file. What must agree is written in one transaction.
//!
//! Data goes one way: bytes at an edge, typed once ([`contract`]), changes as data, one transaction. Nothing inside asks an edge for more.
//! A connector is named nowhere in here; whatever fits the contract runs.

pub mod clock;
pub mod contract;
pub mod inspect;
pub mod names;
pub mod nobi;
pub mod outbound;
pub mod plain;
mod pointer;
pub mod proof;
pub mod sandbox;
pub mod secret;
pub mod seeing;
pub mod store;
pub mod web;
pub mod work;
