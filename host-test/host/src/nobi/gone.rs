//! Records that the other side deleted. Nothing is deleted at Nobi: the pair is marked, and a person is told which record it was.

use super::links::{LinkState, mark};
use super::{Applier, Effect, bearer, called};
use crate::contract::catalog::Gone;
use crate::contract::types::{Argument, Entity, Message};
use crate::names;
use crate::store::Result;
use crate::store::sqlite::notify_of;

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
            self.tell_gone(gone.entity, &gone.id)?;
            self.wrote(&gone.id);
        }
        self.count(gone.entity, if marked { Effect::Gone } else { Effect::Dropped });
        Ok(())
    }

    /// Tells a person which record it was. The notice goes once the record is there again.
    pub(super) fn tell_gone(&self, entity: Entity, remote: &str) -> Result<()> {
        let Some(kind) = KINDS.iter().find(|kind| **kind == names::entity(bearer(entity))) else { return Ok(()) };
        let called = called(self.sqlite, self.connection.id, entity, remote)?.map_or_else(|| remote.to_owned(), |it| it.to_string());
        let message = told(entity, &called);
        notify_of(self.sqlite, self.connection.id, self.at, &of_record(entity, remote), &format!("gone.{kind}"), &message)
    }
}

/// Records that may be deleted at the other side.
const KINDS: [&str; 5] = ["branch", "category", "product", "customer", "order"];

/// What a notice of one record is about.
pub(super) fn of_record(entity: Entity, remote: &str) -> String {
    format!("{}/{remote}", names::entity(bearer(entity)))
}

fn told(entity: Entity, called: &str) -> Message {
    let (vi, en) = match bearer(entity) {
        Entity::Branch => ("Kho", "Branch"),
        Entity::Category => ("Danh mục", "Category"),
        Entity::Product => ("Sản phẩm", "Product"),
        Entity::Customer => ("Khách hàng", "Customer"),
        _ => ("Đơn", "Order"),
    };
    Message {
        vi: format!("{vi} \"{called}\" đã bị xóa ở Nhanh.vn. Dữ liệu ở Nobi Pro được giữ nguyên."),
        en: format!("{en} \"{called}\" was deleted at Nhanh.vn. What Nobi Pro has stays."),
        arguments: vec![
            Argument { name: "entity".to_owned(), value: names::entity(entity).to_owned() },
            Argument { name: "record".to_owned(), value: called.to_owned() },
        ],
    }
}
