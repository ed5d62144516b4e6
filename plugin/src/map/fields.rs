//! Which field of a record matters how much: what happens where one is there and cannot be read.
//!
//! The table is the whole of it, for both dialects. Only what says which record it is may refuse one; all else is left out, and told.

use crate::map::Notes;
use crate::nhanh::json::Misfit;
use crate::vietnam::text;
use crate::wit::types::{Entity, RemoteId};

/// How much a field matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Without it there is no record: it is refused, by this field.
    Identity,
    /// It tells which of Nobi's records this is: a record that Nobi lacks waits for a person, one that it has keeps the key it has.
    Matching,
    /// It decides whether a record is for sale, what it is, or at which level or price: that decision alone is not taken.
    Deciding,
    /// It is absent, and the record comes in.
    Informational,
}

/// Fields of one class.
#[derive(Debug)]
pub struct Group {
    /// Of which record. Levels and prices are a product's.
    pub entity: Entity,
    /// The dialect that writes them so.
    pub version: &'static str,
    /// How much they matter.
    pub class: Class,
    /// JSON pointers into the record, a space between them; `*` stands for any place in a list or any key.
    pub paths: &'static str,
}

const fn group(entity: Entity, version: &'static str, class: Class, paths: &'static str) -> Group {
    Group { entity, version, class, paths }
}

use Class::{Deciding, Identity, Informational, Matching};

/// Every field that is read, of every record, in both dialects.
pub static FIELDS: [Group; 30] = [
    group(Entity::Product, "2.0", Identity, "/idNhanh /productId"),
    group(Entity::Product, "2.0", Matching, "/privateId /shopProductId /code /barcode"),
    group(
        Entity::Product,
        "2.0",
        Deciding,
        "/status /typeId /parentId /price /oldPrice /importPrice /avgCost /wholesalePrice /inventory /inventory/depots /inventory/depots/* \
         /inventory/depots/*/remain /inventory/depots/*/shipping /inventory/depots/*/damaged /inventory/depots/*/damage \
         /inventory/depots/*/holding /inventory/depots/*/available",
    ),
    group(
        Entity::Product,
        "2.0",
        Informational,
        "/name /categoryId /brandName /vat /image /images /images/* /description /content /shippingWeight /weight /unit /updatedAt \
         /attributes /attributes/* /attributes/*/*/attributeName /attributes/*/*/name /units /units/* /units/*/name /units/*/quantity \
         /units/*/price /inventory/remain /inventory/shipping /inventory/holding /inventory/available",
    ),
    group(Entity::Product, "3.0", Identity, "/id"),
    group(Entity::Product, "3.0", Matching, "/code /barcode"),
    group(
        Entity::Product,
        "3.0",
        Deciding,
        "/status /type /type/id /parentId /prices /prices/retail /prices/old /prices/import /prices/avgCost /prices/wholesale /inventory \
         /inventory/depots /inventory/depots/* /inventory/depots/*/id /inventory/depots/*/remain /inventory/depots/*/shipping \
         /inventory/depots/*/damaged /inventory/depots/*/holding /inventory/depots/*/available",
    ),
    group(
        Entity::Product,
        "3.0",
        Informational,
        "/name /categoryId /category/id /brand /brand/name /priceVatMode /prices/retailVat /vat /images /images/avatar /images/others \
         /images/others/* /description /content /shipping /shipping/weight /units /units/name /units/list /units/list/* /units/list/*/name \
         /units/list/*/quantity /units/list/*/price/retail /updatedAt /attributes /attributes/* /attributes/*/name /attributes/*/value \
         /inventory/remain /inventory/shipping /inventory/holding /inventory/available",
    ),
    group(Entity::Customer, "2.0", Identity, "/id"),
    group(Entity::Customer, "2.0", Matching, "/mobile"),
    group(
        Entity::Customer,
        "2.0",
        Informational,
        "/type /name /email /gender /address /birthday /cityName /districtName /wardName /group /points /taxCode /description /updatedAt",
    ),
    group(Entity::Customer, "3.0", Identity, "/id"),
    group(Entity::Customer, "3.0", Matching, "/mobile"),
    group(
        Entity::Customer,
        "3.0",
        Informational,
        "/type /name /email /gender /address /birthday /group/name /points /taxCode /description /updatedAt",
    ),
    group(Entity::Category, "2.0", Identity, "/id"),
    group(Entity::Category, "2.0", Deciding, "/parentId /status"),
    group(Entity::Category, "2.0", Informational, "/code /name /order"),
    group(Entity::Category, "3.0", Identity, "/id"),
    group(Entity::Category, "3.0", Deciding, "/parentId /status"),
    group(Entity::Category, "3.0", Informational, "/code /name /order"),
    group(Entity::Branch, "2.0", Identity, "/id"),
    group(Entity::Branch, "2.0", Informational, "/name /code /mobile /cityName /districtName /wardName /address"),
    group(Entity::Branch, "3.0", Identity, "/id"),
    group(
        Entity::Branch,
        "3.0",
        Informational,
        "/name /code /mobile /location/cityName /location/districtName /location/wardName /location/address",
    ),
    // An order's own id says whose it is: in a list of all orders one of which that cannot be read is refused, and never passed over.
    group(Entity::OrderStatus, "2.0", Identity, "/id /orderId /shopOrderId /privateId"),
    group(Entity::OrderStatus, "2.0", Deciding, "/statusCode /status /typeId /returnFromOrderId /originalOrderId"),
    group(
        Entity::OrderStatus,
        "2.0",
        Informational,
        "/updatedAt /reason /carrierCode /carrierName /trackingUrl /customerMobile /calcTotalMoney",
    ),
    group(Entity::OrderStatus, "3.0", Identity, "/info /info/id /channel /channel/appOrderId"),
    group(
        Entity::OrderStatus,
        "3.0",
        Deciding,
        "/info/status /info/type /info/originalOrderId /info/returnFromId /info/idReturn /originalOrder /originalOrder/id",
    ),
    group(
        Entity::OrderStatus,
        "3.0",
        Informational,
        "/info/updatedAt /info/reason /info/trackingUrl /carrier /carrier/carrierCode /carrier/name /carrier/sendCarrierAt /shippingAddress \
         /shippingAddress/mobile /payment /payment/codAmount",
    ),
];

/// Whether a path of the table names the field at this pointer.
fn names(path: &str, pointer: &str) -> bool {
    let (mut path, mut pointer) = (path.split('/'), pointer.split('/'));
    loop {
        match (path.next(), pointer.next()) {
            (None, None) => return true,
            (Some(part), Some(told)) if part == told || part == "*" => {}
            _ => return false,
        }
    }
}

/// The class of the field at a pointer; what the table does not name makes no difference.
#[must_use]
pub fn class(entity: Entity, pointer: &str) -> Class {
    let named = |it: &&Group| it.entity == entity && it.paths.split(' ').any(|path| names(path, pointer));
    FIELDS.iter().find(named).map_or(Informational, |it| it.class)
}

/// A record in the reading: what cannot be read of it is left out, and told.
#[derive(Debug)]
pub struct Reading<'n> {
    /// What it is.
    pub entity: Entity,
    /// Which it is.
    pub id: RemoteId,
    /// Where it is told.
    pub notes: &'n mut Notes,
    /// A field by which it would be matched, or its place in a family, was left out.
    pub undecided: bool,
}

impl Reading<'_> {
    /// The field, unless it cannot be read.
    #[inline(never)]
    pub fn take<T>(&mut self, read: Result<Option<T>, Misfit>) -> Option<T> {
        read.unwrap_or_else(|misfit| {
            self.left_out(&misfit);
            None
        })
    }

    /// Says that a field is left out, and what that means.
    #[inline(never)]
    pub fn left_out(&mut self, misfit: &Misfit) {
        let class = class(self.entity, &misfit.pointer);
        self.undecided |= class == Matching;
        self.notes.left_out(&self.id, misfit, class == Matching);
    }

    /// The name, else the code, else the id: nothing comes in without one.
    #[inline(never)]
    pub fn named(&mut self, name: Option<String>, code: Option<&str>) -> String {
        if let Some(name) = name {
            return name;
        }
        self.notes.without_name(&self.id);
        code.map_or_else(|| self.id.clone(), text::one_spaced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_one_class() {
        for group in &FIELDS {
            for path in group.paths.split(' ') {
                let pointer = path.replace('*', "31010");
                let of = |it: &&Group| (it.entity, it.version) == (group.entity, group.version) && it.paths.split(' ').any(|it| it == path);
                assert_eq!(FIELDS.iter().filter(of).count(), 1, "{path}");
                assert_eq!(class(group.entity, &pointer), group.class, "{pointer} is of another class in the other dialect");
            }
        }
        assert_eq!(class(Entity::Product, "/inventory/depots/31010/available"), Deciding);
        assert_eq!(class(Entity::Product, "/previewLink"), Informational);
    }
}
