//! Webhook bodies in the version that an app's form names (3.0 reference section 11.6).
//!
//! Must never decide who gets a delivery.

use serde_json::Value;

use crate::dialect::Dialect;
use crate::events::EventKind;
use crate::shop::{Business, Event};
use crate::switches::Switches;
use crate::wire::{v2, v3};

/// The body of one event; `None` when what it speaks of is gone, or the version has no such event.
pub(crate) fn body(version: Dialect, event: &Event, home: &Business, verify_token: &str, switches: &Switches) -> Option<Value> {
    let kind = EventKind::of(event);
    Some(match version {
        Dialect::V2 => v2::events::body(kind, home.id, verify_token, v2::events::payload(event, home, switches)?, switches),
        Dialect::V3 => v3::events::body(kind, home.id, v3::events::payload(event, home, switches)?, switches),
    })
}

/// One `inventoryChange` for several products.
pub(crate) fn stock(version: Dialect, products: &[i64], home: &Business, verify_token: &str, switches: &Switches) -> Value {
    let kind = EventKind::InventoryChange;
    match version {
        Dialect::V2 => v2::events::body(kind, home.id, verify_token, v2::events::inventory(products, home, switches), switches),
        Dialect::V3 => v3::events::body(kind, home.id, v3::events::inventory(products, home, switches), switches),
    }
}

/// The probe that is sent when webhooks are enabled or saved.
pub(crate) fn probe(version: Dialect, verify_token: &str, events: &[EventKind]) -> Value {
    match version {
        Dialect::V2 => v2::events::probe(verify_token, events),
        Dialect::V3 => v3::events::probe(),
    }
}
