//! Facts of the reference, stated against a running simulator over real sockets. Each test names the section that it states.

// The lints know a test by its attribute; helpers of tests have none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod catalogue;
mod catalogue_v3;
mod children;
mod faults;
mod helpers;
mod limits;
mod oauth;
mod oauth_v3;
mod orders;
mod orders_v3;
mod page;
mod people;
mod people_v3;
mod stock;
mod switches;
mod switches_v3;
mod webhooks;
mod webhooks_v3;
