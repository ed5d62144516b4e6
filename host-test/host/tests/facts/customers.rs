//! Customers: found by a phone that only one has, and by nothing else.

use connector_host::contract::Policy;
use connector_host::contract::catalog::{Change, Customer};
use connector_host::contract::types::Entity;
use connector_host::nobi::Tally;
use connector_host::store::Connection;

use crate::house::{House, all};
use crate::make;

const PHONE: Option<&str> = Some("0901234567");

async fn come(house: &House, connection: &Connection, policy: Policy, customers: Vec<Customer>) -> Tally {
    house.click(connection, Entity::Customer, &all(policy), customers.into_iter().map(Change::Customer).collect()).await
}

#[tokio::test]
async fn a_customer_is_found_by_a_phone_that_only_one_has() {
    let house = House::new().await;
    let (one, other) = (house.connected("shop").await, house.connected("shop").await);
    come(&house, &one, Policy::CreateOnly, vec![make::customer("1", PHONE)]).await;
    let tally = come(&house, &other, Policy::CreateOnly, vec![make::customer("900", PHONE)]).await;
    assert_eq!(tally.get("customer.linked"), 1);
    assert_eq!(house.see::<String>("SELECT name FROM nobi_customer"), "Khách 1");
}

#[tokio::test]
async fn a_customer_without_a_phone_is_found_in_nobody() {
    for phone in [None, Some(""), Some("  ")] {
        let house = House::new().await;
        let (one, other) = (house.connected("shop").await, house.connected("shop").await);
        let named = |id: &str| Customer { name: "Lan".to_owned(), ..make::customer(id, phone) };
        come(&house, &one, Policy::CreateOnly, vec![named("1")]).await;
        let tally = come(&house, &other, Policy::CreateOnly, vec![named("900")]).await;
        assert_eq!(tally.get("customer.created"), 1, "{phone:?}");
    }
}

#[tokio::test]
async fn a_phone_that_two_have_waits_for_a_person() {
    let house = House::new().await;
    let (one, other) = (house.connected("shop").await, house.connected("shop").await);
    come(&house, &one, Policy::CreateOnly, vec![make::customer("1", None), make::customer("2", None)]).await;
    house.raw().execute("UPDATE nobi_customer SET phone = '0901234567'", []).unwrap();
    let tally = come(&house, &other, Policy::CreateOnly, vec![make::customer("900", PHONE)]).await;
    assert_eq!((tally.get("customer.waiting"), tally.changed()), (1, 0));
}

#[tokio::test]
async fn keep_updated_changes_what_is_told_and_keeps_what_is_not() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let full = Customer { email: Some("lan@example.vn".to_owned()), points: Some(7), ..make::customer("1", PHONE) };
    come(&house, &connection, Policy::KeepUpdated, vec![full]).await;
    let spare = Customer { name: "Lan Anh".to_owned(), ..make::customer("1", None) };
    let tally = come(&house, &connection, Policy::KeepUpdated, vec![spare.clone()]).await;
    assert_eq!(tally.get("customer.updated"), 1);
    let shown = "SELECT name || phone || json_extract(detail, '$.email') || json_extract(detail, '$.points') FROM nobi_customer";
    assert_eq!(house.see::<String>(shown), "Lan Anh0901234567lan@example.vn7");
    let tally = come(&house, &connection, Policy::KeepUpdated, vec![spare]).await;
    assert_eq!(tally.get("customer.unchanged"), 1);
}
