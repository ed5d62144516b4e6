//! Customers, keyed by phone the way Nhanh keys them.
//!
//! Must never know how a wire writes them.

use super::place::Levels;

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Customer {
    /// Nhanh's id.
    pub id: i64,
    /// 1 retail, 2 wholesale, 3 agent.
    pub type_id: i64,
    /// Full name, with whatever spaces the clerk typed.
    pub name: String,
    /// The phone as it was typed: may hold spaces, +84, or be masked.
    pub mobile: String,
    /// E-mail.
    pub email: Option<String>,
    /// Street address.
    pub address: Option<String>,
    /// 1 male, 2 female.
    pub gender: Option<i64>,
    /// `Y-m-d`; `0000-00-00` occurs.
    pub birthday: Option<String>,
    /// The shop's own code.
    pub code: Option<String>,
    /// The level's name.
    pub level: Option<String>,
    /// The group's name.
    pub group: Option<String>,
    /// What was spent so far, in dong.
    pub total_money: i64,
    /// Loyalty points.
    pub points: i64,
    /// City id.
    pub city: Option<i64>,
    /// District id.
    pub district: Option<i64>,
    /// Ward id.
    pub ward: Option<i64>,
    /// Which tree the places are of.
    pub levels: Levels,
    /// Tax code.
    pub tax_code: Option<String>,
    /// Business name.
    pub business_name: Option<String>,
    /// When the customer was first seen, unix ms.
    pub created_ms: i64,
    /// When the record last changed, unix ms.
    pub updated_ms: i64,
    /// The last purchase, unix ms.
    pub last_bought_ms: Option<i64>,
}
