//! What the stock of a shop does to orders and lists: reservations that end, depots that close, orders that are refused for want of it.

use std::time::Duration;

use nhanh_sim::{Dialect, Quantity};
use serde_json::{Value, json};

use crate::helpers::{Desk, Receiver, hooks, hooks3};

const DAY: u64 = 86_400;

/// Adds an order in the desk's dialect and returns the whole reply.
async fn add(desk: &Desk, own: &str, product: i64) -> Value {
    match desk.dialect {
        Dialect::V2 => desk.call("/api/order/add", desk.order(own, product)).await,
        Dialect::V3 => desk.call("/v3.0/order/add", desk.order3(own, product)).await,
    }
}

/// The ids of the depots that the desk is told of.
async fn depots(desk: &Desk) -> Vec<String> {
    match desk.dialect {
        Dialect::V2 => desk.ok("/api/store/depot", json!({})).await.as_object().unwrap().keys().cloned().collect(),
        Dialect::V3 => desk.ids3("/v3.0/business/depot", json!({})).await.iter().map(ToString::to_string).collect(),
    }
}

/// The stock of a product as its row tells it.
async fn stock(desk: &Desk, product: i64) -> Value {
    match desk.dialect {
        Dialect::V2 => desk.ok("/api/product/detail", json!(product)).await[product.to_string()]["inventory"].take(),
        Dialect::V3 => desk.ok("/v3.0/product/list", json!({ "filters": { "ids": [product] } })).await[0]["inventory"].take(),
    }
}

#[tokio::test]
async fn a_reservation_ends_and_the_order_stays() {
    for dialect in [Dialect::V2, Dialect::V3] {
        let desk = Desk::speaking(dialect).await;
        let receiver = Receiver::default();
        let url = receiver.start().await;
        let form = if dialect == Dialect::V2 { hooks(&url) } else { hooks3(&url) };
        desk.nhanh.save_webhooks(desk.app.app_id, form).await.unwrap();
        let (product, depot) = (desk.stocked().id, desk.nhanh.business().depots[0]);
        let before = desk.nhanh.stock(product, depot).unwrap();
        assert_eq!(add(&desk, "W-1", product).await["code"], 1);
        desk.hands.advance(2 * 86_400);
        assert_eq!(add(&desk, "W-2", product).await["code"], 1);
        assert_eq!(desk.nhanh.stock(product, depot).unwrap().available(), before.available() - 4.into());
        desk.nhanh.webhooks_idle().await;
        receiver.take();
        let old = desk.nhanh.ledger()[0].id;
        assert_eq!(desk.nhanh.lapse_holds(desk.business, Duration::from_secs(DAY)), [old]);
        assert_eq!(desk.nhanh.stock(product, depot).unwrap().available(), before.available() - 2.into());
        let ledger = desk.nhanh.ledger();
        assert_eq!((ledger[0].status.as_str(), ledger[0].holding, ledger[1].holding), ("New", Quantity::ZERO, 2.into()));
        desk.nhanh.webhooks_idle().await;
        assert_eq!(receiver.events(), ["inventoryChange"], "{dialect:?}");
        // What has no reservation takes none back, and takes goods when it leaves.
        desk.nhanh.set_status(old, "Canceled");
        assert_eq!(desk.nhanh.stock(product, depot).unwrap().available(), before.available() - 2.into());
        desk.nhanh.set_status(old, "Success");
        assert_eq!(desk.nhanh.stock(product, depot).unwrap().remain, before.remain - 2.into());
        // By itself, after as long as the switch says.
        desk.nhanh.faults().switch(|switches| switches.holds_lapse_after_ms = Some(86_400_000));
        desk.hands.advance(86_400);
        depots(&desk).await;
        assert_eq!(desk.nhanh.stock(product, depot).unwrap().holding, before.holding);
    }
}

#[tokio::test]
async fn a_closed_depot_is_in_no_list_and_no_level() {
    for dialect in [Dialect::V2, Dialect::V3] {
        let desk = Desk::speaking(dialect).await;
        let product = desk.stocked().id;
        let (first, second) = (desk.nhanh.business().depots[0], desk.nhanh.business().depots[1]);
        let kept = desk.nhanh.stock(product, second).unwrap();
        assert_eq!(add(&desk, "W-1", product).await["code"], 1);
        assert!(desk.nhanh.edit_depot(first, |depot| depot.name = "Kho mới".to_owned()));
        assert_eq!(desk.nhanh.depots(desk.business)[0].name, "Kho mới");
        assert!(desk.nhanh.close_depot(first) && !desk.nhanh.close_depot(first) && !desk.nhanh.edit_depot(first, |_| {}));
        assert_eq!(depots(&desk).await, [second.to_string()]);
        let seen = stock(&desk, product).await;
        let rows: Vec<String> = match &seen["depots"] {
            Value::Object(rows) => rows.keys().cloned().collect(),
            rows => rows.as_array().unwrap().iter().map(|row| row["id"].to_string()).collect(),
        };
        assert_eq!(rows, [second.to_string()], "{dialect:?}: {seen}");
        assert_eq!(seen["remain"].as_f64().unwrap(), kept.remain.as_thousandths() as f64 / 1000.0, "totals leave it out too");
        let mut there = if dialect == Dialect::V2 { desk.order("W-2", product) } else { desk.order3("W-2", product) };
        let refused = match dialect {
            Dialect::V2 => {
                there["depotId"] = json!(first);
                desk.call("/api/order/add", there).await
            }
            Dialect::V3 => {
                there["info"]["depotId"] = json!(first);
                desk.call("/v3.0/order/add", there).await
            }
        };
        assert_eq!(refused["errorCode"], "ERR_INVALID_DEPOT_ID");
        // Its orders are there, and what they hold is theirs until they end.
        let id = desk.nhanh.ledger()[0].id;
        let held = desk.nhanh.stock(product, first).unwrap().holding;
        desk.nhanh.set_status(id, "Canceled");
        assert_eq!(desk.nhanh.stock(product, first).unwrap().holding, held - 2.into());
        assert!(desk.nhanh.reopen_depot(first) && !desk.nhanh.reopen_depot(first));
        assert_eq!(depots(&desk).await.len(), 2);
        assert_eq!(add(&desk, "W-2", product).await["code"], 1);
    }
}

#[tokio::test]
async fn a_shop_may_refuse_orders_for_more_than_may_be_sold() {
    for dialect in [Dialect::V2, Dialect::V3] {
        let desk = Desk::speaking(dialect).await;
        let (row, depot) = (desk.stocked(), desk.nhanh.business().depots[0]);
        desk.nhanh.change_level(row.id, depot, |level| *level = Default::default());
        desk.nhanh.set_stock(row.id, depot, 3.into());
        desk.nhanh.block_overselling(desk.business, true);
        assert_eq!(add(&desk, "W-1", row.id).await["code"], 1);
        let reply = add(&desk, "W-2", row.id).await;
        let said = if dialect == Dialect::V2 { &reply["messages"][0] } else { &reply["messages"]["products.0.quantity"] };
        let sentence = format!("Sản phẩm {} ({}) không đủ số lượng có thể bán: còn 1", row.name, row.code.clone().unwrap());
        assert_eq!((&reply["code"], said), (&json!(0), &json!(sentence)), "{dialect:?}: {reply}");
        assert_eq!(desk.nhanh.ledger().len(), 1, "a refusal makes nothing");
        desk.nhanh.set_stock(row.id, depot, 4.into());
        assert_eq!(add(&desk, "W-2", row.id).await["code"], 1);
        assert_eq!(add(&desk, "W-3", row.id).await["code"], 0);
        desk.nhanh.block_overselling(desk.business, false);
        assert_eq!(add(&desk, "W-3", row.id).await["code"], 1);
    }
}
