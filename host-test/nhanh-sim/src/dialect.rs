//! The two versions of the Open API that this Nhanh speaks over one shop.
//!
//! A name and nothing else: what a dialect looks like is in `wire`.

/// A version of Nhanh's Open API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// 2.0: form posts to `/api/…`.
    #[default]
    V2,
    /// 3.0: JSON posts to `/v3.0/…`.
    V3,
}

impl Dialect {
    /// Its name on the wire.
    pub fn version(self) -> &'static str {
        match self {
            Self::V2 => "2.0",
            Self::V3 => "3.0",
        }
    }

    /// The dialect with this name.
    pub fn named(version: &str) -> Option<Self> {
        [Self::V2, Self::V3].into_iter().find(|dialect| dialect.version() == version)
    }
}
