//! Sections 5 and 6: customers, users, places.

use serde_json::json;

use crate::helpers::Desk;

#[tokio::test]
async fn customers_come_ten_a_page_and_at_most_fifty() {
    let desk = Desk::new().await;
    let data = desk.ok("/api/customer/search", json!({})).await;
    assert_eq!(data["customers"].as_object().unwrap().len(), 10);
    let data = desk.ok("/api/customer/search", json!({ "icpp": 100 })).await;
    assert_eq!(data["customers"].as_object().unwrap().len(), 50);
    assert_eq!(data["totalPages"], 2);
}

#[tokio::test]
async fn a_customers_ids_and_sums_are_numeric_strings() {
    let desk = Desk::new().await;
    let view = desk.nhanh.customers(desk.business).into_iter().find(|customer| customer.gender.is_some()).unwrap();
    let row = desk.ok("/api/customer/search", json!({ "id": view.id })).await["customers"][view.id.to_string()].take();
    assert_eq!((&row["id"], &row["totalMoney"]), (&json!(view.id.to_string()), &json!(view.total_money.to_string())));
    assert_eq!((&row["gender"], &row["mobile"]), (&json!(view.gender.unwrap().to_string()), &json!(view.mobile)));
}

#[tokio::test]
async fn customers_are_filtered_by_phone_and_by_update_time() {
    let desk = Desk::new().await;
    let view = desk.nhanh.customers(desk.business).remove(0);
    let found = desk.ok("/api/customer/search", json!({ "mobile": view.mobile })).await;
    assert_eq!(found["customers"].as_object().unwrap().len(), 1);
    desk.hands.advance(60);
    let since = json!({ "updatedAtFrom": "2026-11-20 09:31:00" });
    assert_eq!(desk.ok("/api/customer/search", since.clone()).await["customers"], json!([]));
    assert!(desk.nhanh.edit_customer(desk.business, view.id, |customer| customer.points = 5));
    assert_eq!(desk.ok("/api/customer/search", since).await["customers"][view.id.to_string()]["points"], "5");
}

#[tokio::test]
async fn users_name_depots_only_where_they_are_restricted() {
    let desk = Desk::new().await;
    let users = desk.ok("/api/user/index", json!({})).await["users"].take();
    let restricted = users.as_object().unwrap().values().filter(|user| user["depots"].is_object()).count();
    assert_eq!((users.as_object().unwrap().len(), restricted), (3, 1));
}

#[tokio::test]
async fn places_are_a_tree_of_three_levels() {
    let desk = Desk::new().await;
    let cities = desk.ok("/api/shipping/location", json!({})).await;
    assert!(cities.as_array().unwrap().contains(&json!({ "id": 254, "name": "Hà Nội" })));
    let districts = desk.ok("/api/shipping/location", json!({ "type": "DISTRICT", "parentId": 254 })).await;
    assert!(districts.as_array().unwrap().contains(&json!({ "id": 321, "parentId": 254, "name": "Quận Ba Đình" })));
    let wards = desk.ok("/api/shipping/location", json!({ "type": "WARD", "parentId": "321" })).await;
    assert!(wards.as_array().unwrap().contains(&json!({ "id": 1116, "parentId": 321, "name": "Phường Điện Biên" })));
}
