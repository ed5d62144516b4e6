//! Stock and price streams: what is asked of a settings' toggle before a level may flow.
//!
//! Levels themselves are read where the wire is ([`crate::nhanh::v2::product`]); nothing here may turn an absent level into 0.

use crate::settings::Settings;
use crate::wit::types::{Failure, Message};

/// # Errors
/// The merchant's toggle is off: nothing flows, and nothing is asked of Nhanh.
pub fn is_on(settings: Settings<'_>) -> Result<(), Failure> {
    if settings.stock_and_price() {
        return Ok(());
    }
    Err(Failure::unsupported(
        "flow.off",
        Message::new(
            "\"Thiết lập đồng bộ tồn và giá sản phẩm\" đang OFF. Bật ON trong form kết nối để đồng bộ.",
            "\"Sync stock and prices\" is OFF. Switch it ON in the connection's form.",
        ),
    ))
}
