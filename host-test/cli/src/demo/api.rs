//! The version of Nhanh.vn's API that the story is told in: one value, and the few things that hang on it.

use nhanh_sim::Dialect;

/// A version of Nhanh.vn's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Api {
    #[value(name = "3.0")]
    Three,
    #[value(name = "2.0")]
    Two,
}

impl Api {
    /// As the simulator calls it.
    pub(super) fn dialect(self) -> Dialect {
        match self {
            Api::Three => Dialect::V3,
            Api::Two => Dialect::V2,
        }
    }

    /// As the connection's form calls it.
    pub(super) fn version(self) -> &'static str {
        self.dialect().version()
    }

    /// Where the connection moves at the end.
    pub(super) fn other(self) -> Api {
        match self {
            Api::Three => Api::Two,
            Api::Two => Api::Three,
        }
    }

    /// Where new orders go.
    pub(super) fn add_order(self) -> &'static str {
        match self {
            Api::Three => "/v3.0/order/add",
            Api::Two => "/api/order/add",
        }
    }

    /// A delivery proves itself by a header; otherwise by a field of its body.
    pub(super) fn proves_by_header(self) -> bool {
        self == Api::Three
    }
}
