//! A connection that another one took over from: it makes no order any more. What it sent it still settles, cancels and reconciles.

use super::Host;
use crate::store::{ConnectionId, OrderEventRow, StoreError};

impl Host {
    /// From now on `successor` makes the orders of `connection`. Says how many orders went over.
    pub async fn succeed(&self, connection: ConnectionId, successor: ConnectionId) -> Result<u32, StoreError> {
        let moved = self.store.succeed(connection, successor, self.clock.now()).await?;
        self.nudge();
        Ok(moved)
    }

    /// A person confirms every pair that waits with one free candidate. Says how many.
    pub async fn confirm_pairs(&self, connection: ConnectionId) -> Result<u32, StoreError> {
        self.store.connection(connection).await?;
        let confirmed = self.store.confirm_pairs(connection, self.clock.now()).await?;
        self.nudge();
        Ok(confirmed)
    }

    /// Before a create: where another connection took over, an order that never left goes there, which this tells. One that may have arrived
    /// stays, and is looked for without an end: nothing that proves its absence is handed on, so that it is not made anew here.
    pub(super) async fn gone_over(&self, connection: ConnectionId, row: &mut OrderEventRow) -> Result<bool, StoreError> {
        if self.store.successor(connection).await?.is_none() {
            return Ok(false);
        }
        if self.store.hand_over(connection, &row.event.order.id, self.clock.now()).await? {
            self.nudge();
            return Ok(true);
        }
        row.earlier.swept.clear();
        row.earlier.empty_lookups = 0;
        Ok(false)
    }
}
