//! Customers: how they buy, and what counts as a phone, a gender, a birthday.
//!
//! Masked and missing phones stay absent, so that nobody is matched by them; the raw text is kept beside.

use crate::wit::catalog::CustomerKind;

/// Nhanh's customer types.
#[must_use]
pub fn kind(type_id: Option<i64>) -> CustomerKind {
    match type_id {
        Some(1) => CustomerKind::Retail,
        Some(2) => CustomerKind::Wholesale,
        Some(3) => CustomerKind::Agent,
        _ => CustomerKind::Unknown,
    }
}

/// Nhanh's genders.
#[must_use]
pub fn gender(code: Option<&str>) -> Option<&'static str> {
    match code?.trim() {
        "1" => Some("male"),
        "2" => Some("female"),
        _ => None,
    }
}
