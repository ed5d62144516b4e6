//! The two versions of Nhanh's API, and where each has what a test asks for. Names alone: nothing here may send a request.

pub use nhanh_sim::Dialect;
pub use nhanh_sim::Dialect::{V2, V3};

/// The levels that changed; 3.0 alone has them.
pub const LEVELS: &str = "/v3.0/product/inventory";
/// The orders that were deleted; 3.0 alone has them.
pub const DELETED: &str = "/v3.0/order/deleted";
/// The question to a carrier whether it gives an order back; 3.0 alone has it.
pub const CANCEL_CARRIER: &str = "/v3.0/order/cancelcarrier";
/// Places by id, as an order of 3.0 wants them.
pub const LOCATIONS: &str = "/v3.0/shipping/location";

/// What both versions can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// The exchange of the login's code.
    Grant,
    /// The depots.
    Depots,
    /// The product groups.
    Categories,
    /// Products by page.
    Products,
    /// Customers by page.
    Customers,
    /// Orders by page, by id, by phone.
    Orders,
    /// A new order.
    OrderAdd,
    /// An order's status.
    OrderEdit,
}

impl Call {
    /// Its path.
    pub fn path(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (Call::Grant, V2) => "/api/oauth/access_token",
            (Call::Grant, V3) => "/v3.0/app/getaccesstoken",
            (Call::Depots, V2) => "/api/store/depot",
            (Call::Depots, V3) => "/v3.0/business/depot",
            (Call::Categories, V2) => "/api/product/category",
            (Call::Categories, V3) => "/v3.0/product/category",
            (Call::Products, V2) => "/api/product/search",
            (Call::Products, V3) => "/v3.0/product/list",
            (Call::Customers, V2) => "/api/customer/search",
            (Call::Customers, V3) => "/v3.0/customer/list",
            (Call::Orders, V2) => "/api/order/index",
            (Call::Orders, V3) => "/v3.0/order/list",
            (Call::OrderAdd, V2) => "/api/order/add",
            (Call::OrderAdd, V3) => "/v3.0/order/add",
            (Call::OrderEdit, V2) => "/api/order/update",
            (Call::OrderEdit, V3) => "/v3.0/order/edit",
        }
    }
}

/// The prefix of every path, as the operator names it when setting a pace.
pub fn prefix(dialect: Dialect) -> &'static str {
    match dialect {
        V2 => "api /api",
        V3 => "api /v3.0",
    }
}

/// States facts of both versions: a test for each fact and version, in a module named for the version. A fact is an asynchronous function of
/// the dialect.
#[macro_export]
macro_rules! in_each_version {
    ($($fact:ident),+ $(,)?) => {
        mod api_2_0 {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $fact() -> anyhow::Result<()> {
                    super::$fact($crate::dialect::V2).await
                }
            )+
        }

        mod api_3_0 {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $fact() -> anyhow::Result<()> {
                    super::$fact($crate::dialect::V3).await
                }
            )+
        }
    };
}
