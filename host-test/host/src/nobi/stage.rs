//! Nobi's ladder of an order: where an event of Nobi's own puts it, and which way the other side may move it. Forward only, and never from an
//! end: an order that a person has cancelled or settled stays so, whatever the other side says of it later.

use crate::contract::catalog::OrderStage;
use crate::contract::orders::{OrderEventKind, Reconciliation};

/// Whether an order at this stage has come to its end.
pub(crate) fn is_end(stage: OrderStage) -> bool {
    use OrderStage::{Cancelled, Delivered, PartlyReturned, Returned};
    matches!(stage, Delivered | Cancelled | PartlyReturned | Returned)
}

/// Whether going from one stage to the other is a step forward. A parcel on its way back cannot be delivered or cancelled any more; one that
/// failed once may still be delivered.
pub fn is_forward(from: OrderStage, to: OrderStage) -> bool {
    use OrderStage::{Failed, PartlyReturned, Returned, Returning};
    match from {
        from if is_end(from) => false,
        Returning => matches!(to, PartlyReturned | Returned),
        Failed => to == Returning || is_end(to),
        _ => matches!(to, Failed | Returning) || is_end(to) || step(to) > step(from),
    }
}

/// The place among the stages before the parcel's fate is known.
fn step(stage: OrderStage) -> u8 {
    match stage {
        OrderStage::New => 0,
        OrderStage::Confirming => 1,
        OrderStage::Packing => 2,
        OrderStage::WaitingPickup => 3,
        _ => 4,
    }
}

/// Where an event at Nobi puts the order there, if anywhere: what Nobi itself has decided is not a move of the other side's.
pub(crate) fn of_event(kind: &OrderEventKind) -> Option<OrderStage> {
    match kind {
        OrderEventKind::Created | OrderEventKind::Updated => None,
        OrderEventKind::Status(name) => of_name(name),
        OrderEventKind::Cancelled(_) | OrderEventKind::Deleted => Some(OrderStage::Cancelled),
        OrderEventKind::Reconciled(Reconciliation::Delivered) => Some(OrderStage::Delivered),
        OrderEventKind::Reconciled(Reconciliation::PartlyReturned) => Some(OrderStage::PartlyReturned),
        OrderEventKind::Reconciled(Reconciliation::Returned) => Some(OrderStage::Returned),
    }
}

/// A stage by the name that people know it by at Nobi.
fn of_name(name: &str) -> Option<OrderStage> {
    TABLE.iter().find(|(_, _, vi)| vi.to_lowercase() == name.trim().to_lowercase()).map(|(stage, _, _)| *stage)
}

/// Every stage with its name in the contract and at Nobi.
const TABLE: [(OrderStage, &str, &str); 11] = [
    (OrderStage::New, "new", "Đơn mới"),
    (OrderStage::Confirming, "confirming", "Xác nhận"),
    (OrderStage::Packing, "packing", "Đóng gói"),
    (OrderStage::WaitingPickup, "waiting-pickup", "Chờ thu gom"),
    (OrderStage::Shipping, "shipping", "Đang vận chuyển"),
    (OrderStage::Delivered, "delivered", "Thành công"),
    (OrderStage::Failed, "failed", "Thất bại"),
    (OrderStage::Cancelled, "cancelled", "Hủy"),
    (OrderStage::Returning, "returning", "Đang chuyển hoàn"),
    (OrderStage::PartlyReturned, "partly-returned", "Hoàn một phần"),
    (OrderStage::Returned, "returned", "Đã chuyển hoàn"),
];

/// What people call a stage at Nobi.
pub fn label(stage: OrderStage) -> &'static str {
    TABLE.iter().find(|(known, _, _)| *known == stage).map_or("", |(_, _, vi)| vi)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names;

    #[test]
    fn every_stage_has_its_names() {
        for (stage, name, vi) in TABLE {
            assert_eq!((names::order_stage(stage), names::order_stage_from(name)), (name, Some(stage)));
            assert_eq!((label(stage), of_name(&vi.to_uppercase())), (vi, Some(stage)));
        }
        assert_eq!(of_name("Chờ xử lý"), None);
    }

    #[test]
    fn the_ladder_is_climbed_and_never_left_at_an_end() {
        let on = |from: &str| {
            let from = names::order_stage_from(from).unwrap_or_else(|| panic!("{from}"));
            TABLE.iter().filter(|(to, _, _)| is_forward(from, *to)).map(|(_, name, _)| *name).collect::<Vec<_>>()
        };
        let ends = ["delivered", "failed", "cancelled", "returning", "partly-returned", "returned"];
        let early = ["confirming", "packing", "waiting-pickup", "shipping"];
        for (index, from) in ["new", "confirming", "packing", "waiting-pickup", "shipping"].iter().enumerate() {
            let expected: Vec<&str> = early.iter().skip(index).chain(&ends).copied().collect();
            assert_eq!(on(from), expected, "from {from}");
        }
        assert_eq!(on("failed"), ["delivered", "cancelled", "returning", "partly-returned", "returned"]);
        assert_eq!(on("returning"), ["partly-returned", "returned"]);
        for end in ["delivered", "cancelled", "partly-returned", "returned"] {
            assert_eq!(on(end), [""; 0], "from {end}");
        }
    }
}
