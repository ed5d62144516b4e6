//! Places that addresses name, depots, categories, users.
//!
//! Must never hold a product or an order.

/// A place of the three-level address tree: its id and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Nhanh's location id.
    pub id: i64,
    /// Its Vietnamese name.
    pub name: String,
}

impl Place {
    /// A place from its parts.
    pub fn new(id: i64, name: impl Into<String>) -> Self {
        Self { id, name: name.into() }
    }
}

/// Which tree of places an address is of: before July 2025 cities had districts, since then they have wards alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Levels {
    /// City, district, ward; `v1` on the wire of 3.0, and the only one of 2.0.
    #[default]
    Three,
    /// City, ward; `v2` on the wire of 3.0.
    Two,
}

/// A depot (Nobi: branch).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Depot {
    /// Nhanh's id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its phone; some have none.
    pub mobile: Option<String>,
    /// City or province.
    pub city: Option<Place>,
    /// District.
    pub district: Option<Place>,
    /// Ward.
    pub ward: Option<Place>,
    /// Its city of the two-level tree.
    pub new_city: Option<Place>,
    /// Its ward of the two-level tree.
    pub new_ward: Option<Place>,
    /// Street address.
    pub address: String,
}

/// A product category or internal category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Nhanh's id.
    pub id: i64,
    /// The category above; may name one that is gone.
    pub parent: Option<i64>,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Place among its sisters.
    pub order: i64,
    /// 1 active, 2 inactive.
    pub status: i64,
}

/// An employee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Nhanh's id.
    pub id: i64,
    /// Log-in name.
    pub username: String,
    /// Full name.
    pub full_name: String,
    /// E-mail.
    pub email: Option<String>,
    /// Phone.
    pub mobile: Option<String>,
    /// The role's name.
    pub role: String,
    /// Depots the user is restricted to; empty = all.
    pub depots: Vec<i64>,
}
