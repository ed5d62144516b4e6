//! An order that the other side refuses for want of something that comes back, a product above all: it waits, what is wanting is read anew,
//! and it goes by itself. Never gives such an order up, and never asks a person to send it.

use super::pull::Worked;
use super::{Host, flows};
use crate::contract::types::Failure;
use crate::store::{Connection, HeldOrder, OrderEventRow, StoreError};

impl Host {
    /// Has an order wait. It is tried at growing intervals, and sooner once there is more of what is wanting.
    pub(super) async fn hold(&self, owner: &Connection, row: &OrderEventRow, failure: Failure) -> Result<Worked, StoreError> {
        let order = &row.event.order;
        let wanted = order.lines.iter().filter(|line| line.remote_product == failure.subject && failure.subject.is_some());
        let held = HeldOrder {
            footing: owner.footing(),
            order: order.id.clone(),
            place: order.remote_branch.clone(),
            quantity: wanted.map(|line| line.quantity).fold(0, i64::saturating_add),
            flows: flows(self.connector(&owner.connector)?.descriptor(), owner),
            failure,
            at: self.clock.now(),
        };
        let times = self.store.hold(held).await?;
        self.wake.notify_waiters();
        let wait = self.config.held_first.saturating_mul(2_u32.saturating_pow(times.saturating_sub(1).min(16)));
        Ok(Worked::Again(Some(u32::try_from(wait.min(self.config.held_most).as_millis()).unwrap_or(u32::MAX))))
    }
}
