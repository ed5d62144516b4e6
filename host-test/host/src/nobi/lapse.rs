//! Holds that end by themselves: after some days the other side gives back what an open order reserved, and the number to sell rises though
//! nothing came in. The level is written as it was sent, and a person is told where an open order of our own may stand without its goods.

use rusqlite::params;

use super::Applier;
use crate::contract::catalog::BranchStock;
use crate::contract::orders::Order;
use crate::contract::types::{Argument, Entity, Message, Warning};
use crate::store::Result;
use crate::store::sqlite::from_json;

/// No system gives a hold back before this: milliseconds.
const HELD_FOR: i64 = 24 * 60 * 60 * 1_000;
/// Open orders that are looked at, the oldest first.
const LOOKED_AT: u32 = 1_000;

/// An open order that was sent a while ago.
pub(super) struct OlderOrder {
    code: String,
    branch: String,
    products: Vec<String>,
}

impl Applier<'_> {
    /// What a branch may sell of a product has risen while less is reserved: were there orders of ours that count on it?
    pub(super) fn risen(&mut self, product: &str, nobi: i64, branch: i64, level: &BranchStock) -> Result<()> {
        if self.older.is_none() {
            self.older = Some(self.older_orders()?);
        }
        let (of, at) = (nobi.to_string(), branch.to_string());
        let counts = |order: &&OlderOrder| order.branch == at && order.products.contains(&of);
        let codes: Vec<&str> = self.older.iter().flatten().filter(counts).map(|order| order.code.as_str()).take(5).collect();
        if !codes.is_empty() {
            let warning = Warning {
                code: "stock.hold-lapsed".to_owned(),
                message: lapsed(&codes.join(", "), &level.branch),
                subject: Some(product.to_owned()),
                field: None,
            };
            self.done.warnings.push((Entity::Stock, warning));
        }
        Ok(())
    }

    /// Orders of this connection that are at the other side and not on their way yet.
    fn older_orders(&self) -> Result<Vec<OlderOrder>> {
        let mut statement = self.sqlite.prepare_cached(
            "SELECT nobi_order.code, nobi_order.record, json_extract(nobi_order.remote_status, '$.stage') FROM order_push
             JOIN nobi_order ON nobi_order.tenant = ?2 AND nobi_order.id = order_push.order_id
             WHERE order_push.connection = ?1 AND open = 1 AND remote IS NOT NULL AND first_sent < ?3 ORDER BY first_sent LIMIT ?4",
        )?;
        let sent = self.at.saturating_sub(HELD_FOR);
        let rows = statement.query_map(params![self.connection.id, self.connection.tenant, sent, LOOKED_AT], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?))
        })?;
        let mut older = Vec::new();
        for row in rows {
            let (code, record, stage) = row?;
            // What the carrier has is not held any more; it has left.
            if !matches!(stage.as_deref(), None | Some("New" | "Confirming" | "Packing")) {
                continue;
            }
            let order: Order = from_json(&record)?;
            older.push(OlderOrder { code, branch: order.branch, products: order.lines.into_iter().map(|line| line.product).collect() });
        }
        Ok(older)
    }
}

fn lapsed(orders: &str, branch: &str) -> Message {
    let argument = |name: &str, value: &str| Argument { name: name.to_owned(), value: value.to_owned() };
    Message {
        vi: format!(
            "Số có thể bán tăng lên trong khi đơn {orders} còn mở: Nhanh.vn có thể đã nhả phần hàng giữ cho đơn. Hãy kiểm tra để không bán quá số hàng có."
        ),
        en: format!(
            "The number to sell rose while order {orders} is still open: Nhanh.vn may have given back what it held for it. Look at it, so that nothing is oversold."
        ),
        arguments: vec![argument("orders", orders), argument("branch", branch)],
    }
}
