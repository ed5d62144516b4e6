//! What the host alone promises, stated against its public face, a real SQLite file, real sockets and real components. The compiled
//! connector and the whole way through have their own suites.

// The lints know a test by its attribute; helpers of tests have none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod catalogue;
mod clocks;
mod connections;
mod copies;
mod customers;
mod deliveries;
mod edge;
mod fences;
mod forms;
mod full;
mod guest;
mod held;
mod house;
mod inbox;
mod ledger;
mod letters;
mod limits;
mod logins;
mod lower;
mod make;
mod matching;
mod moves;
mod orders;
mod outbox;
mod pages;
mod polls;
mod privacy;
mod proofs;
mod pulls;
mod pushes;
mod queue;
mod rehearsals;
mod resting;
mod silence;
mod stock;
mod stops;
mod succession;
mod sweeps;
mod told;
mod undecided;
mod unsettled;
mod watch;
