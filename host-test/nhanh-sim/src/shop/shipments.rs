//! What carriers do to orders: they take them and give them back; and reservations, which end.
//!
//! Must never decide whether an app may ask for it; a person at Nhanh may do what the API refuses.

use super::{Claim, Order, OrderChange, Shop};

impl Shop {
    /// Hands an order over to a carrier: it is sent from now on, waits for pick-up, and has the carrier's code, which is returned. Without a carrier it
    /// keeps the one that was chosen, if any.
    pub(crate) fn hand_over(&mut self, id: i64, carrier: Option<(i64, String)>, by: &str, now_ms: i64) -> Option<String> {
        let code = format!("SIM{id}");
        let change = OrderChange {
            status: Some("Pickup".to_owned()),
            carrier_code: Some(code.clone()),
            carrier: carrier.map(Some),
            by: by.to_owned(),
            ..OrderChange::default()
        };
        if !self.change_order(id, change, now_ms) {
            return None;
        }
        let order = self.order_mut(id)?;
        order.sent_ms = Some(now_ms);
        order.shipment_canceled = false;
        Some(code)
    }

    /// Cancels the shipment of an order that was handed over. With a status it takes that one; without, it keeps its status and loses its carrier.
    pub(crate) fn cancel_shipment(&mut self, id: i64, status: Option<&str>, now_ms: i64) -> bool {
        let Some(order) = self.order_mut(id).filter(|order| order.sent_ms.is_some()) else { return false };
        order.sent_ms = None;
        order.shipment_canceled = true;
        let free = status.is_none();
        let change = OrderChange {
            status: status.map(str::to_owned),
            carrier: free.then_some(None),
            carrier_code: free.then(String::new),
            by: "API".to_owned(),
            ..OrderChange::default()
        };
        self.change_order(id, change, now_ms)
    }

    /// Ends the reservations of orders made at `until` or before, in one business or in all; the orders stay as they are. Returns them.
    pub(crate) fn lapse_holds(&mut self, business: Option<i64>, until_ms: i64, now_ms: i64) -> Vec<i64> {
        let homes = self.businesses.values().filter(|home| business.is_none_or(|id| home.id == id));
        let old = |order: &&Order| order.created_ms <= until_ms && order.claim() == Claim::Holding;
        // Orders from before the simulator began never reserved anything.
        let held = |order: &&Order| self.ledger_at.contains_key(&order.id);
        let lapsed: Vec<i64> = homes.flat_map(|home| home.orders.values().filter(old).filter(held).map(|order| order.id)).collect();
        for id in &lapsed {
            if let Some(order) = self.order_mut(*id) {
                order.hold_lapsed = true;
            }
            self.move_stock(*id, Claim::Holding, Claim::None, now_ms);
        }
        lapsed
    }
}
