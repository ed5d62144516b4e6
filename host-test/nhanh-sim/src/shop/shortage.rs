//! "Chặn đặt hàng theo số có thể bán": an order for more than may be sold is refused where a shop has set it so.
//!
//! Must never change anything; what people at Nhanh enter is not asked.

use std::collections::BTreeMap;

use super::{Business, NewOrder, Product, Quantity};

/// What an order asks for and its depot cannot give.
#[derive(Debug)]
pub(crate) struct Shortage<'a> {
    /// Which line of the order, from 0.
    pub(crate) line: usize,
    /// The product.
    pub(crate) product: &'a Product,
    /// What may be sold of it there.
    pub(crate) available: Quantity,
}

impl Business {
    /// The first product of which an order asks for more than may be sold at its depot, or everywhere when it names none. `None` where the shop does
    /// not care.
    pub(crate) fn shortage(&self, order: &NewOrder) -> Option<Shortage<'_>> {
        if !self.blocks_overselling {
            return None;
        }
        let scope: Vec<i64> = order.depot.into_iter().collect();
        let mut asked: BTreeMap<i64, Quantity> = BTreeMap::new();
        order.lines.iter().enumerate().find_map(|(line, wanted)| {
            let product = wanted.product.and_then(|id| self.products.get(&id)).filter(|product| product.is_stocked())?;
            let sum = asked.entry(product.id).or_default();
            *sum += wanted.quantity;
            let available = self.total(product, &scope).available();
            (*sum > available).then_some(Shortage { line, product, available })
        })
    }
}

impl Shortage<'_> {
    /// The sentence that a merchant reads; no document has it.
    pub(crate) fn sentence(&self) -> String {
        let code = self.product.code.as_deref().filter(|code| !code.is_empty()).map(|code| format!(" ({code})")).unwrap_or_default();
        format!("Sản phẩm {}{code} không đủ số lượng có thể bán: còn {}", self.product.name, self.available)
    }
}
