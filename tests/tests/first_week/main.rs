//! What will happen to every merchant in the first week, and what is right then: whole systems in both versions of Nhanh's API, with people
//! at Nhanh.vn who do what people do.

// The lints know a test by its attribute; helpers of tests have none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod catalogue;
mod deliveries;
mod orders;
mod prices;
mod shortage;
