//! Nhanh's Open API 2.0: form posts, words for statuses, collections keyed by id, pages by number, windows of ten days.
//!
//! Readers here take a record of the wire apart and ask [`crate::map`] what it means; writers turn what was checked there into the
//! fields of a request. Documented at apidocs.nhanh.vn/v2; what the wire really sends is in the tests.

pub mod customer;
pub mod order;
pub mod order_add;
pub mod product;
pub mod request;
pub mod store;
