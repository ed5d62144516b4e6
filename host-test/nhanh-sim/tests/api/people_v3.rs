//! 3.0, sections 8 to 10: customers, depots, places.

use serde_json::{Value, json};

use crate::helpers::{Desk, NOW};

const CUSTOMERS: &str = "/v3.0/customer/list";

#[tokio::test]
async fn a_customer_has_numbers_a_phone_as_text_and_places_of_both_trees() {
    let desk = Desk::v3().await;
    let views = desk.nhanh.customers(desk.business);
    let view = views.iter().find(|row| row.level.is_some() && row.group.is_none() && row.city.is_some()).unwrap();
    let row = desk.ok(CUSTOMERS, json!({ "filters": { "ids": [view.id] } })).await[0].take();
    assert_eq!((&row["id"], &row["totalAmount"], &row["mobile"]), (&json!(view.id), &json!(view.total_money), &json!(view.mobile)));
    assert_eq!((&row["level"]["name"], &row["group"]), (&json!("Vàng"), &json!([])));
    assert_eq!((&row["locations"]["cityId"], &row["location"]["cityId"]), (&json!(view.city), &json!(0)));
    assert_eq!(row["updatedAt"], view.updated_ms / 1000);
    let (all, calls) = desk.all3(CUSTOMERS, json!({}), 25).await;
    assert_eq!((all.len(), calls), (views.len(), 4));
    assert!(desk.ids3(CUSTOMERS, json!({})).await.is_sorted_by(|one, next| one > next));
}

#[tokio::test]
async fn customers_are_filtered_by_phone_type_and_times() {
    let desk = Desk::v3().await;
    let views = desk.nhanh.customers(desk.business);
    let view = &views[0];
    assert_eq!(desk.ids3(CUSTOMERS, json!({ "mobile": view.mobile })).await, [view.id]);
    let wholesale = views.iter().filter(|row| row.type_id == 2).count();
    assert_eq!(desk.ids3(CUSTOMERS, json!({ "type": 2 })).await.len(), wholesale);
    desk.hands.advance(60);
    let since = json!({ "updatedAtFrom": NOW / 1000 + 60 });
    assert_eq!(desk.ids3(CUSTOMERS, since.clone()).await, Vec::<i64>::new());
    desk.nhanh.edit_customer(desk.business, view.id, |row| row.points = 5);
    assert_eq!(desk.ids3(CUSTOMERS, since).await, [view.id]);
    // A buyer by an address of the new tree.
    let mut order = desk.order3("W-1", desk.stocked().id);
    order["shippingAddress"] = json!({ "name": "Lê B", "mobile": "0988888888", "cityId": 254, "wardId": 1116, "locationVersion": "v2" });
    desk.add3(order).await;
    let today = json!({ "lastBoughtDateFrom": "2026-11-20", "lastBoughtDateTo": "2026-11-20", "mobile": "0988888888" });
    let (rows, _) = desk.all3(CUSTOMERS, today, 10).await;
    assert_eq!((&rows[0]["location"], &rows[0]["locations"]["cityId"]), (&json!({ "cityId": 254, "wardId": 1116 }), &json!(0)));
    assert_eq!(desk.call(CUSTOMERS, json!({ "filters": { "lastBoughtDateFrom": "20/11/2026" } })).await["code"], 0);
}

#[tokio::test]
async fn a_depot_has_its_address_in_both_trees() {
    let desk = Desk::v3().await;
    let views = desk.nhanh.depots(desk.business);
    let rows = desk.ok("/v3.0/business/depot", json!({})).await;
    assert_eq!(rows.as_array().unwrap().len(), views.len());
    for (row, view) in rows.as_array().unwrap().iter().zip(&views) {
        let name = |place: &Option<nhanh_sim::Place>| place.as_ref().map_or("", |place| place.name.as_str()).to_owned();
        assert_eq!((&row["id"], &row["name"], &row["mobile"]), (&json!(view.id), &json!(view.name), &json!(view.mobile)));
        assert_eq!(
            (&row["location"]["districtName"], &row["location"]["wardName"]),
            (&json!(name(&view.district)), &json!(name(&view.ward)))
        );
        assert_eq!(
            (&row["locationV2"]["cityName"], &row["locationV2"]["wardName"]),
            (&json!(name(&view.new_city)), &json!(name(&view.new_ward)))
        );
        assert!(row["locationV2"].get("districtId").is_none() && view.new_ward.is_some());
    }
    let one = desk.ok("/v3.0/business/depot", json!({ "filters": { "ids": [views[1].id] } })).await;
    assert_eq!((one.as_array().unwrap().len(), &one[0]["id"]), (1, &json!(views[1].id)));
}

async fn places(desk: &Desk, filters: Value) -> Vec<(i64, String)> {
    let rows = desk.ok("/v3.0/shipping/location", json!({ "filters": filters })).await;
    let place = |row: &Value| {
        assert!(row.get("parentId").is_none());
        (row["id"].as_i64().unwrap(), row["name"].as_str().unwrap().to_owned())
    };
    rows.as_array().unwrap().iter().map(place).collect()
}

#[tokio::test]
async fn places_are_two_trees_whose_ids_overlap_and_whose_names_repeat() {
    let desk = Desk::v3().await;
    let (old, new) = ("v1", "v2");
    let cities = places(&desk, json!({ "locationVersion": old })).await;
    assert!(cities.contains(&(254, "Hà Nội".into())) && cities.contains(&(283, "Long An".into())));
    let districts = places(&desk, json!({ "locationVersion": old, "type": "DISTRICT", "parentId": 254 })).await;
    assert!(districts.contains(&(321, "Quận Ba Đình".into())));
    let wards = places(&desk, json!({ "locationVersion": old, "type": "WARD", "parentId": 321 })).await;
    assert!(wards.contains(&(1116, "Phường Điện Biên".into())));
    let provinces = places(&desk, json!({ "locationVersion": new, "type": "CITY" })).await;
    assert!(provinces.contains(&(254, "Hà Nội".into())) && !provinces.iter().any(|(_, name)| name == "Long An"));
    let wards = places(&desk, json!({ "locationVersion": new, "type": "WARD", "parentId": 254 })).await;
    assert!(wards.contains(&(1116, "Phường Ba Đình".into())));
    assert_eq!(places(&desk, json!({ "locationVersion": new, "type": "DISTRICT", "parentId": 254 })).await, []);
    // The same name in two provinces, in either tree.
    let mut twice = Vec::new();
    for province in [266, 300] {
        twice.push(places(&desk, json!({ "locationVersion": new, "type": "WARD", "parentId": province })).await);
    }
    assert!(twice.iter().all(|wards| wards.iter().any(|(_, name)| name == "Phường Tân An")));
    let mut twice = Vec::new();
    for city in [283, 300] {
        twice.push(places(&desk, json!({ "locationVersion": old, "type": "DISTRICT", "parentId": city })).await);
    }
    assert!(twice.iter().all(|districts| districts.iter().any(|(_, name)| name == "Huyện Châu Thành")));
    for bad in [json!({}), json!({ "locationVersion": old, "type": "WARD" }), json!({ "locationVersion": old, "type": "HAMLET" })] {
        assert_eq!(desk.call("/v3.0/shipping/location", json!({ "filters": bad })).await["code"], 0, "{bad}");
    }
}
