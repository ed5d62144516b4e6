//! Nhanh's wire: how a reply is read, what its words mean, what its errors are.
//!
//! `v2` is the dialect of form posts; another dialect would sit beside it. What both share is here. Nothing in it knows Nobi's rules.

pub mod errors;
pub mod json;
pub mod tree;
pub mod v2;
pub mod words;
