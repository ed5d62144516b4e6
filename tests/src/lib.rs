//! What the whole-system suites share. Tests only: nothing here may be needed to run a connector.
//!
//! [`world`] is a host with the compiled component beside a simulated Nhanh.vn, and a merchant who connects the two, as a [`plan`] says; [`dialect`] says where
//! each version of the API has what a test asks for; [`orders`] makes what the merchant sells; [`delivery`] is a webhook that a test writes
//! itself; [`nobi`] reads what Nobi Pro came to hold; [`witness`] hears what a guest is given; [`mirror`] stands between the two and answers as
//! no simulator would. [`fixtures`] runs the compiled component over folders of plain JSON, [`script`] plays the other side for those cases that
//! send requests, and [`compare`] says in words how two JSON values differ. [`crash`] is a host that is killed, and [`course`] what a number fixes.

pub mod compare;
pub mod course;
pub mod crash;
pub mod delivery;
pub mod dialect;
mod edge;
pub mod fixtures;
pub mod mirror;
pub mod nobi;
pub mod orders;
pub mod plan;
pub mod script;
pub mod witness;
pub mod world;
