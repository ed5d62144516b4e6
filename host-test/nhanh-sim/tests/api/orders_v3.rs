//! 3.0, section 7: orders in and out, and what they do to stock and the ledger.

use nhanh_sim::{BothDiscounts, CancelCarrier, OrderDiscount, Quantity, RepeatedAppOrderId};
use serde_json::{Value, json};

use crate::helpers::{Desk, NOW};

const ADD: &str = "/v3.0/order/add";
const EDIT: &str = "/v3.0/order/edit";
const LIST: &str = "/v3.0/order/list";
const CANCEL: &str = "/v3.0/order/cancelcarrier";

/// The refusal of a field, by its name.
fn refused(reply: &Value, field: &str) {
    assert_eq!((&reply["code"], &reply["errorCode"]), (&json!(0), &json!("ERR_INVALID_FORM_FIELDS")), "{field}: {reply}");
    assert!(reply["messages"][field].is_string(), "{field}: {reply}");
}

async fn row(desk: &Desk, id: i64) -> Value {
    desk.ok(LIST, json!({ "filters": { "ids": [id] } })).await[0].take()
}

#[tokio::test]
async fn an_order_with_a_depot_reserves_stock_and_one_without_does_not() {
    let desk = Desk::v3().await;
    let product = desk.stocked();
    let depot = desk.nhanh.business().depots[0];
    let before = desk.nhanh.stock(product.id, depot).unwrap();
    let reply = desk.ok(ADD, desk.order3("W-1", product.id)).await;
    assert!(reply["trackingUrl"].is_string() && reply.get("carrierCode").is_none() && reply.get("orderId").is_none());
    let after = desk.nhanh.stock(product.id, depot).unwrap();
    assert_eq!((after.holding, after.remain), (before.holding + 2.into(), before.remain));
    let mut bare = desk.order3("W-2", product.id);
    bare["info"]["depotId"].take();
    desk.add3(bare).await;
    assert_eq!(desk.nhanh.stock(product.id, depot).unwrap(), after);
    let ledger = desk.nhanh.ledger();
    assert_eq!(ledger.iter().map(|entry| entry.holding).collect::<Vec<_>>(), [Quantity::units(2), Quantity::ZERO]);
    let entry = &ledger[0];
    assert_eq!((json!(entry.id), entry.own_id.as_deref(), entry.app), (reply["id"].clone(), Some("W-1"), Some(desk.app.app_id)));
    // 2 × 120,000 − 10,000 for the whole line + 20,000.
    assert_eq!((entry.phone.as_str(), entry.to_collect, entry.status.as_str()), ("0900000001", 250_000, "New"));
}

#[tokio::test]
async fn a_line_names_a_product_that_is_there_and_makes_none() {
    let desk = Desk::v3().await;
    let before = desk.nhanh.counts(desk.business);
    let other = desk.nhanh.add_business("Cửa hàng hai", nhanh_sim::ShopSize::small());
    let theirs = desk.nhanh.products(other.id)[0].id;
    for id in [json!(1), json!(theirs), Value::Null] {
        let mut order = desk.order3("W-1", desk.stocked().id);
        order["products"][0]["id"] = id;
        refused(&desk.call(ADD, order).await, "products.0.id");
    }
    assert_eq!(desk.nhanh.counts(desk.business), before);
    assert!(desk.nhanh.ledger().is_empty());
}

#[tokio::test]
async fn what_is_required_is_required_and_a_refusal_changes_nothing() {
    let desk = Desk::v3().await;
    let product = desk.stocked().id;
    for (part, key) in [("channel", "appOrderId"), ("shippingAddress", "name"), ("shippingAddress", "mobile")] {
        let mut order = desk.order3("W-1", product);
        order[part][key] = json!("");
        refused(&desk.call(ADD, order).await, &format!("{part}.{key}"));
    }
    for (part, key, value) in [("info", "type", 4), ("info", "status", 60), ("carrier", "sendCarrierType", 3), ("carrier", "id", 999)] {
        let mut order = desk.order3("W-1", product);
        order[part][key] = json!(value);
        refused(&desk.call(ADD, order).await, &format!("{part}.{key}"));
    }
    for (key, value) in [("price", Value::Null), ("quantity", json!(0)), ("priceVatMode", json!(3))] {
        let mut order = desk.order3("W-1", product);
        order["products"][0][key] = value;
        refused(&desk.call(ADD, order).await, &format!("products.0.{key}"));
    }
    let mut order = desk.order3("W-1", product);
    order["products"] = json!(vec![order["products"][0].clone(); 501]);
    refused(&desk.call(ADD, order).await, "products");
    assert_eq!(desk.raw(ADD, "[]").await.unwrap()["errorCode"], "ERR_INVALID_DATA");
    assert!(desk.nhanh.ledger().is_empty());
}

#[tokio::test]
async fn places_are_ids_of_the_tree_that_is_named() {
    let desk = Desk::v3().await;
    let product = desk.stocked().id;
    let with = |own: &str, address: Value| {
        let mut order = desk.order3(own, product);
        for key in ["cityId", "districtId", "wardId", "locationVersion"] {
            order["shippingAddress"][key] = address[key].clone();
        }
        order
    };
    for (address, field) in [
        (json!({ "cityId": 1, "locationVersion": "v1" }), "cityId"),
        (json!({ "cityId": 254, "locationVersion": "v1" }), "districtId"),
        (json!({ "cityId": 254, "districtId": 340, "locationVersion": "v1" }), "districtId"),
        (json!({ "cityId": 254, "districtId": 321, "wardId": 1051, "locationVersion": "v1" }), "wardId"),
        (json!({ "cityId": 254, "wardId": 90_402, "locationVersion": "v2" }), "wardId"),
        (json!({ "cityId": 283, "locationVersion": "v2" }), "cityId"),
        (json!({ "cityId": 254, "districtId": 321, "locationVersion": "v3" }), "locationVersion"),
        (json!({ "wardId": 1116, "locationVersion": "v2" }), "cityId"),
        // Without a version it is v1, which needs a district.
        (json!({ "cityId": 254, "wardId": 1116 }), "districtId"),
    ] {
        refused(&desk.call(ADD, with("W-0", address)).await, &format!("shippingAddress.{field}"));
    }
    let ward = |id: i64| desk.nhanh.order(id).unwrap().recipient.ward.map(|ward| ward.name);
    let old = desk.add3(with("W-1", json!({ "cityId": 254, "districtId": 321, "wardId": 1116 }))).await;
    let new = desk.add3(with("W-2", json!({ "cityId": 254, "wardId": 1116, "locationVersion": "v2" }))).await;
    assert_eq!(
        (ward(old).as_deref(), ward(new).as_deref()),
        (Some("Phường Điện Biên"), Some("Phường Ba Đình")),
        "the same id, another ward"
    );
    let bare = desk.add3(with("W-3", json!({}))).await;
    assert_eq!(desk.nhanh.order(bare).unwrap().recipient.city, None);
    desk.nhanh.faults().switch(|switches| switches.v3.order_location_version = true);
    assert_eq!(row(&desk, new).await["shippingAddress"]["locationVersion"], "v2");
}

#[tokio::test]
async fn an_order_reads_back_nested_with_numbers_for_words() {
    let desk = Desk::v3().await;
    let product = desk.stocked();
    let id = desk.add3(desk.order3("W-1", product.id)).await;
    let row = row(&desk, id).await;
    let info = &row["info"];
    assert_eq!((&info["id"], &info["status"], &info["type"]), (&json!(id), &json!(54), &json!(1)));
    assert_eq!((&info["createdAt"], &info["confirmedAt"], &info["tags"]), (&json!(NOW / 1000), &json!(0), &json!([])));
    let channel = &row["channel"];
    assert_eq!(
        (&channel["appOrderId"], &channel["saleChannel"], &channel["trafficSource"]),
        (&json!("W-1"), &json!(10), &json!("Website"))
    );
    assert_eq!((&channel["marketting"], &channel["affiliate"]), (&json!([]), &json!([])));
    let to = &row["shippingAddress"];
    assert_eq!(
        (&to["cityId"], &to["districtId"], &to["wardId"], &to["mobile"]),
        (&json!(254), &json!(321), &json!(1116), &json!("0900000001"))
    );
    assert!(to["id"].is_i64() && to.get("locationVersion").is_none());
    let line = &row["products"][0];
    assert_eq!((&line["productId"], &line["quantity"], &line["price"]), (&json!(product.id), &json!(2), &json!(120_000)));
    // Written for the line, read for the unit.
    assert_eq!((&line["discount"], &line["discountAmount"], &line["totalAmount"]), (&json!(5_000), &json!(10_000), &json!(230_000)));
    assert_eq!((&line["batch"], &line["partialDelivery"]), (&json!([]), &json!([])));
    assert_eq!((&row["carrier"]["sendCarrierAt"], &row["carrier"]["customerShipFee"]), (&json!(0), &json!(20_000)));
    assert_eq!((&row["payment"]["codAmount"], &row["payment"]["discount"]["amount"]), (&json!(250_000), &json!(0)));
    desk.nhanh.delete_product(product.id);
    assert!(self::row(&desk, id).await["products"][0].get("code").is_none());
}

#[tokio::test]
async fn vat_comes_on_top_of_the_discounted_line_or_is_within_it() {
    let desk = Desk::v3().await;
    let product = desk.stocked().id;
    desk.nhanh.edit_product(product, |row| row.vat = Some(8));
    let collect = |own: &str, line: Value| {
        let mut order = desk.order3(own, product);
        order["carrier"]["customerShipFee"] = json!(0);
        order["products"] = json!([line]);
        let desk = &desk;
        async move { desk.add3(order).await }
    };
    let line = |vat: Value| {
        let mut line = json!({ "id": product, "price": 33_333, "quantity": 1.5, "discount": 6 });
        line.as_object_mut().unwrap().extend(vat.as_object().cloned().unwrap());
        line
    };
    // 1.5 × 33,333 = 49,999.5 → 50,000; less 6 = 49,994, of which 8 % are 3,999.52.
    for (at, (vat, expected)) in [
        (json!({}), 49_994 + 4_000),
        (json!({ "vat": 10, "priceVatMode": 2 }), 49_994 + 4_999),
        (json!({ "vat": 10, "priceVatMode": 1 }), 49_994),
        (json!({ "vat": 0 }), 49_994),
        (json!({ "vat": -100 }), 49_994),
    ]
    .into_iter()
    .enumerate()
    {
        let id = collect(&format!("W-{at}"), line(vat.clone())).await;
        assert_eq!(desk.nhanh.order(id).unwrap().to_collect(), expected, "{vat}");
        assert_eq!(row(&desk, id).await["products"][0]["totalAmount"], expected);
    }
    let within = collect("W-9", json!({ "id": product, "price": 110_000, "quantity": 1, "vat": 10, "priceVatMode": 1 })).await;
    let read = row(&desk, within).await;
    assert_eq!((&read["payment"]["vat"]["amount"], &read["products"][0]["priceAfterVAT"]), (&json!(10_000), &json!(110_000)));
}

#[tokio::test]
async fn an_order_has_one_kind_of_discount() {
    let desk = Desk::v3().await;
    let product = desk.stocked().id;
    let order = |own: &str, line: i64, payment: Value| {
        let mut order = desk.order3(own, product);
        order["products"][0]["discount"] = json!(line);
        order["payment"] = payment;
        order
    };
    let cash = json!({ "discountAmount": 15_000, "discountType": "cash" });
    refused(&desk.call(ADD, order("W-1", 10_000, cash.clone())).await, "payment.discountAmount");
    desk.add3(order("W-1", 0, cash.clone())).await;
    desk.add3(order("W-2", 0, json!({ "discountAmount": 10, "discountType": "percent" }))).await;
    desk.nhanh.faults().switch(|switches| switches.v3.both_discounts = BothDiscounts::CountBoth);
    desk.add3(order("W-3", 10_000, cash.clone())).await;
    desk.nhanh.faults().switch(|switches| switches.v3.order_discount = OrderDiscount::Spread);
    let spread = desk.add3(order("W-4", 0, cash)).await;
    let collect: Vec<i64> = desk.nhanh.ledger().iter().map(|entry| entry.to_collect).collect();
    assert_eq!(collect, [245_000, 236_000, 235_000, 245_000]);
    let row = row(&desk, spread).await;
    assert_eq!((&row["products"][0]["discountAmount"], &row["payment"]["discount"]["amount"]), (&json!(15_000), &json!(0)));
}

#[tokio::test]
async fn a_repeated_own_id_is_refused_for_the_app_whatever_the_business_and_in_ways() {
    let mut desk = Desk::v3().await;
    let product = desk.stocked().id;
    desk.add3(desk.order3("W-1", product)).await;
    refused(&desk.call(ADD, desk.order3("W-1", product)).await, "channel.appOrderId");
    desk.nhanh.faults().switch(|switches| switches.v3.repeated_own_id = RepeatedAppOrderId::RefuseWithOtherCode);
    assert_eq!(desk.call(ADD, desk.order3("W-1", product)).await["errorCode"], "ERR_ORDER_EXISTED");
    desk.nhanh.faults().switch(|switches| switches.v3.repeated_own_id = RepeatedAppOrderId::RefuseWithoutCode);
    let bare = desk.call(ADD, desk.order3("W-1", product)).await;
    assert_eq!((&bare["code"], bare.get("errorCode"), bare["messages"].is_string()), (&json!(0), None, true));
    assert_eq!(desk.nhanh.ledger().len(), 1);
    // Another business of the same app.
    let (first, token) = (desk.business, desk.token.clone());
    let other = desk.nhanh.add_business("Cửa hàng hai", nhanh_sim::ShopSize::small());
    desk.business = other.id;
    desk.token = desk.token_for(nhanh_sim::Grant::all(other.id)).await;
    let mut theirs = desk.order3("W-1", desk.stocked().id);
    theirs["info"]["depotId"] = json!(other.depots[0]);
    assert_eq!(desk.call(ADD, theirs.clone()).await["code"], 0);
    desk.nhanh.faults().switch(|switches| switches.v3.own_id_per_business = true);
    desk.add3(theirs).await;
    (desk.business, desk.token) = (first, token);
    desk.nhanh.faults().switch(|switches| switches.v3.repeated_own_id = RepeatedAppOrderId::Accept);
    desk.add3(desk.order3("W-1", product)).await;
    // An order of somebody else with the same id is no repetition.
    desk.nhanh.faults().switch(|switches| switches.v3.repeated_own_id = RepeatedAppOrderId::Refuse);
    desk.nhanh.add_order(desk.business, nhanh_sim::NewOrder { own_id: Some("SHP-1".into()), status: "New".into(), ..Default::default() });
    desk.add3(desk.order3("SHP-1", product)).await;
}

#[tokio::test]
async fn the_reply_may_be_a_list_or_say_order_id() {
    let desk = Desk::v3().await;
    let product = desk.stocked().id;
    desk.nhanh.faults().switch(|switches| {
        switches.v3.order_reply_list = true;
        switches.v3.order_reply_order_id = true;
    });
    let reply = desk.ok(ADD, desk.order3("W-1", product)).await;
    assert_eq!((reply[0]["orderId"].as_i64(), reply[0].get("id")), (Some(desk.nhanh.ledger()[0].id), None));
}

#[tokio::test]
async fn windows_are_at_most_31_days_unless_an_id_a_customer_or_a_phone_is_named() {
    let desk = Desk::v3().await;
    let now = NOW / 1000;
    let ask = |filters: Value| desk.call(LIST, json!({ "filters": filters }));
    let days = |days: i64| now - days * 86_400;
    assert_eq!(ask(json!({ "createdAtFrom": days(31), "createdAtTo": now })).await["code"], 1);
    assert_eq!(ask(json!({ "createdAtFrom": days(31) - 1, "createdAtTo": now })).await["code"], 0);
    assert_eq!(ask(json!({ "updatedAtFrom": days(32) })).await["code"], 0);
    let year = |key: &str, value: Value| ask(json!({ "createdAtFrom": days(365), "createdAtTo": now, key: value }));
    let order = desk.nhanh.orders(desk.business).remove(0);
    for (key, value) in [
        ("ids", json!([order.id])),
        ("shippingAddress", json!({ "mobile": order.recipient.mobile })),
        ("shippingAddress", json!({ "id": order.customer })),
    ] {
        let reply = year(key, value).await;
        assert!(reply["data"].as_array().unwrap().iter().any(|row| row["info"]["id"] == order.id), "{reply}");
    }
    assert_eq!(year("statuses", json!([54])).await["code"], 0);
    // Without any time the last 31 days by creation count; with a time of update they do not.
    desk.hands.advance(20 * 86_400);
    let recent: Vec<i64> =
        desk.nhanh.orders(desk.business).iter().filter(|row| row.created_ms / 1000 >= days(11)).map(|row| row.id).collect();
    assert!(!recent.is_empty() && recent.len() < desk.nhanh.counts(desk.business).orders);
    let mut found = desk.ids3(LIST, json!({})).await;
    assert!(found.is_sorted_by(|one, next| one > next));
    found.reverse();
    assert_eq!(found, recent);
    let touched = json!({ "updatedAtFrom": now + 20 * 86_400 });
    assert_eq!(desk.ids3(LIST, touched.clone()).await, Vec::<i64>::new());
    desk.nhanh.set_status(order.id, "Packed");
    assert_eq!(desk.ids3(LIST, touched).await, [order.id]);
}

#[tokio::test]
async fn filters_narrow() {
    let desk = Desk::v3().await;
    let product = desk.stocked().id;
    let mut other = desk.order3("W-2", product);
    other["shippingAddress"]["mobile"] = json!("+84 900 000 001");
    other["info"]["depotId"] = json!(desk.nhanh.business().depots[1]);
    other["info"]["type"] = json!(2);
    let (one, two) = (desk.add3(desk.order3("W-1", product)).await, desk.add3(other).await);
    desk.nhanh.hand_to_carrier(two, 5);
    let ask = |filters: Value| desk.ids3(LIST, filters);
    assert_eq!(ask(json!({ "shippingAddress": { "mobile": "0900000001" } })).await, [one]);
    assert_eq!(ask(json!({ "statuses": [43] })).await, [two]);
    assert_eq!(ask(json!({ "carrier": { "id": 5 } })).await, [two]);
    assert_eq!(ask(json!({ "carrier": { "code": format!("SIM{two}") } })).await, [two]);
    assert_eq!(ask(json!({ "saleChannels": [10], "type": 1 })).await, [one]);
    assert_eq!(ask(json!({ "saleChannels": [10], "depotIds": [desk.nhanh.business().depots[1]] })).await, [two]);
    assert_eq!(ask(json!({ "ids": [one, two, 5] })).await, [two, one]);
    assert_eq!(ask(json!({ "saleChannels": [10], "shippingAddress": { "wardId": 1116 } })).await, [two, one]);
}

#[tokio::test]
async fn an_edit_changes_what_is_sent_and_an_empty_value_deletes() {
    let desk = Desk::v3().await;
    let product = desk.stocked().id;
    let mut order = desk.order3("W-1", product);
    order["info"]["description"] = json!("Gọi trước");
    order["info"]["privateDescription"] = json!("Khách quen");
    let id = desk.add3(order).await;
    desk.hands.advance(60);
    let reply = desk
        .ok(
            EDIT,
            json!({ "info": { "id": id, "description": "", "tagIds": [802] }, "payment": { "transferAmount": 50_000, "code": "FT1" } }),
        )
        .await;
    assert_eq!(reply["id"], id);
    let after = desk.nhanh.order(id).unwrap();
    assert_eq!((after.description.as_str(), after.private_description.as_str(), after.status.as_str()), ("", "Khách quen", "New"));
    assert_eq!((after.money.transfer, after.payment_code.as_str(), after.updated_ms), (50_000, "FT1", NOW + 60_000));
    assert_eq!(row(&desk, id).await["info"]["tags"][0]["id"], "802");
    let address = json!({ "address": "", "cityId": 266, "wardId": 90_402, "locationVersion": "v2" });
    desk.ok(EDIT, json!({ "info": { "id": id }, "shippingAddress": address })).await;
    let to = desk.nhanh.order(id).unwrap().recipient;
    assert_eq!((to.address, to.name.as_str(), to.ward.unwrap().name.as_str(), to.district), (None, "Nguyễn Văn A", "Phường Tân An", None));
    for (body, field) in [
        (json!({ "info": { "status": 63 } }), "info.id"),
        (json!({ "info": { "id": 5, "status": 63 } }), "info.id"),
        (json!({ "info": { "appOrderId": "W-1" } }), "info.id"),
        (json!({ "info": { "id": id, "status": 59 } }), "info.status"),
        (json!({ "info": { "id": id }, "shippingAddress": { "cityId": 1 } }), "shippingAddress.cityId"),
    ] {
        refused(&desk.call(EDIT, body).await, field);
    }
}

#[tokio::test]
async fn a_status_follows_only_where_it_may() {
    let desk = Desk::v3().await;
    let product = desk.stocked();
    let depot = desk.nhanh.business().depots[0];
    let before = desk.nhanh.stock(product.id, depot).unwrap();
    for (status, next, allowed) in [
        ("New", 63, true),
        ("Confirming", 64, true),
        ("Confirmed", 63, true),
        ("CustomerConfirming", 63, false),
        ("Packing", 64, false),
        ("Pickup", 63, false),
        ("Shipping", 63, false),
        ("Shipping", 60, true),
        ("New", 60, true),
        ("New", 56, true),
        ("Shipping", 56, false),
        ("Shipping", 72, true),
        ("Returning", 72, true),
        ("Success", 72, false),
        ("Returned", 60, false),
        ("Canceled", 60, false),
        ("Canceled", 72, false),
        ("New", 59, false),
        ("New", 999, false),
    ] {
        let id = desk.add3(desk.order3(&format!("{status}-{next}"), product.id)).await;
        desk.nhanh.set_status(id, status);
        let reply = desk.call(EDIT, json!({ "info": { "id": id, "status": next } })).await;
        assert_eq!(reply["code"], i64::from(allowed), "{status} → {next}: {reply}");
        let now = desk.nhanh.order(id).unwrap().status;
        assert_eq!(nhanh_sim::words::order_status_number(&now) == next, allowed, "{status} → {next}");
        desk.nhanh.delete_order(id);
    }
    assert_eq!(desk.nhanh.stock(product.id, depot).unwrap(), before);
}

#[tokio::test]
async fn an_order_with_a_carrier_cannot_be_edited_until_its_shipment_is_cancelled() {
    let desk = Desk::v3().await;
    let product = desk.stocked().id;
    let cancel = |id: i64| desk.call(CANCEL, json!({ "orderId": id }));
    let edit = |id: i64| desk.call(EDIT, json!({ "info": { "id": id, "status": 63 } }));
    let sent = |own: &str| {
        let (desk, order) = (&desk, desk.order3(own, product));
        async move {
            let id = desk.add3(order).await;
            assert_eq!(desk.call(CANCEL, json!({ "orderId": id })).await["errorCode"], "ERR_ORDER_CARRIER_NOT_YET_SENT");
            assert_eq!(desk.nhanh.hand_to_carrier(id, 5), Some(format!("SIM{id}")));
            id
        }
    };
    let id = sent("W-1").await;
    let carrier = row(&desk, id).await["carrier"].take();
    assert_eq!(
        (&carrier["id"], &carrier["sendCarrierAt"], &carrier["carrierCode"]),
        (&json!(5), &json!(NOW / 1000), &json!(format!("SIM{id}")))
    );
    refused(&edit(id).await, "info.id");
    for (shape, code) in [(CancelCarrier::NoApi, "ERR_ORDER_CARRIER_NO_API_CANCEL"), (CancelCarrier::Reject, "ERR_ORDER_CARRIER_REJECT")] {
        desk.nhanh.faults().switch(|switches| switches.v3.cancel_carrier = shape);
        assert_eq!(cancel(id).await["errorCode"], code);
        assert_eq!(desk.nhanh.order(id).unwrap().status, "Pickup");
    }
    desk.nhanh.faults().switch(|switches| switches.v3.cancel_carrier = CancelCarrier::CarrierCanceled);
    assert_eq!(cancel(id).await, json!({ "code": 1, "data": {} }));
    assert_eq!(desk.nhanh.order(id).unwrap().status, "CarrierCanceled");
    refused(&edit(id).await, "info.status");
    desk.nhanh.faults().switch(|switches| switches.v3.cancel_carrier = CancelCarrier::StatusStays);
    let id = sent("W-2").await;
    assert_eq!(desk.call(CANCEL, json!({ "orderId": [id] })).await["code"], 1, "the table says array");
    let freed = desk.nhanh.order(id).unwrap();
    assert_eq!((freed.status.as_str(), freed.carrier, freed.carrier_code.as_str()), ("Pickup", None, ""));
    assert_eq!(edit(id).await["code"], 1);
    assert_eq!(desk.nhanh.order(id).unwrap().status, "Canceled");
    assert_eq!(desk.nhanh.hand_to_carrier(id, 4_444), None);
}

#[tokio::test]
async fn auto_send_hands_the_order_over_at_once() {
    let desk = Desk::v3().await;
    let mut order = desk.order3("W-1", desk.stocked().id);
    order["carrier"] = json!({ "sendCarrierType": 1, "id": 8, "autoSend": 1 });
    let mut nowhere = order.clone();
    nowhere["info"]["depotId"].take();
    refused(&desk.call(ADD, nowhere).await, "info.depotId");
    let reply = desk.ok(ADD, order).await;
    assert_eq!(reply["carrierCode"], format!("SIM{}", reply["id"]));
    let order = desk.nhanh.order(reply["id"].as_i64().unwrap()).unwrap();
    assert_eq!((order.carrier.unwrap().0, order.sent_ms), (8, Some(NOW)));
}

#[tokio::test]
async fn deleted_orders_are_listed_with_the_time_of_their_deletion() {
    let desk = Desk::v3().await;
    let id = desk.add3(desk.order3("W-1", desk.stocked().id)).await;
    let early = desk.nhanh.orders(desk.business)[0].id;
    desk.nhanh.delete_order(early);
    desk.hands.advance(60);
    desk.nhanh.delete_order(id);
    let now = NOW / 1000;
    let ask = |filters: Value| desk.ok("/v3.0/order/deleted", json!({ "filters": filters }));
    let row = json!({ "id": id, "createdAt": now + 60, "createdById": 9001 });
    assert_eq!(ask(json!({ "createdAtFrom": now + 1 })).await, json!([row]));
    assert_eq!(ask(json!({ "ids": [id] })).await, json!([row]));
    assert_eq!(ask(json!({ "createdAtTo": now })).await[0]["id"], early);
    assert_eq!(ask(json!({})).await.as_array().unwrap().len(), 2);
    // Its own id is free again.
    desk.add3(desk.order3("W-1", desk.stocked().id)).await;
}

#[tokio::test]
async fn one_shop_serves_both_dialects() {
    let mut desk = Desk::v3().await;
    let product = desk.stocked();
    let id = desk.add3(desk.order3("W-1", product.id)).await;
    desk.dialect = nhanh_sim::Dialect::V2;
    desk.token = desk.token_for(nhanh_sim::Grant::all(desk.business)).await;
    let row = desk.ok("/api/order/index", json!({ "id": id })).await["orders"][id.to_string()].take();
    assert_eq!((&row["shopOrderId"], &row["statusCode"], &row["calcTotalMoney"]), (&json!("W-1"), &json!("New"), &json!(250_000)));
    assert_eq!((&row["products"][0]["discount"], &row["products"][0]["productMoney"]), (&json!(5_000), &json!(230_000)));
    assert_eq!(row["customerDistrict"], "Quận Ba Đình");
}
