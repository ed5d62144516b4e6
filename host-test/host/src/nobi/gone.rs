//! Records that the other side deleted. Nothing is deleted at Nobi: the pair is marked, and a person is told, once for each kind of record.

use super::links::{LinkState, mark};
use super::{Applier, Effect};
use crate::contract::catalog::Gone;
use crate::contract::types::{Argument, Entity, Message};
use crate::names;
use crate::store::Result;
use crate::store::sqlite::notify;

impl Applier<'_> {
    pub(super) fn gone(&mut self, gone: &Gone) -> Result<()> {
        let order = matches!(gone.entity, Entity::Order | Entity::OrderStatus);
        if order && self.by_id {
            // An order that a read by its id did not show may only not show: it counts with all that this read did not show.
            self.count(gone.entity, Effect::Dropped);
            return Ok(());
        }
        let marked = mark(self.sqlite, self.connection.id, gone.entity, &gone.id, LinkState::Gone, self.at)?;
        if order {
            self.vanished(&gone.id, false)?;
        }
        if marked {
            let entity = names::entity(gone.entity);
            notify(self.sqlite, self.connection.id, self.at, &format!("gone.{entity}"), &told(gone.entity))?;
        }
        if marked {
            self.wrote(&gone.id);
        }
        self.count(gone.entity, if marked { Effect::Gone } else { Effect::Dropped });
        Ok(())
    }
}

pub(super) fn told(entity: Entity) -> Message {
    let (vi, en) = match entity {
        Entity::Branch => ("Kho", "Branches"),
        Entity::Category => ("Nhóm sản phẩm", "Product groups"),
        Entity::Product => ("Sản phẩm", "Products"),
        Entity::Customer => ("Khách hàng", "Customers"),
        Entity::Order | Entity::OrderStatus => ("Đơn hàng", "Orders"),
        Entity::Stock | Entity::Price | Entity::CustomerGroup | Entity::User => ("Bản ghi", "Records"),
    };
    Message {
        vi: format!("{vi} đã bị xóa ở hệ thống được kết nối. Dữ liệu ở Nobi được giữ nguyên, liên kết được đánh dấu."),
        en: format!("{en} were deleted at the connected system. Nobi keeps its own; their links are marked."),
        arguments: vec![Argument { name: "entity".to_owned(), value: names::entity(entity).to_owned() }],
    }
}
