//! What the page shows of orders on their way, and of what runs by itself.

use std::time::Duration;

use connector_host::contract::Policy;
use connector_host::contract::catalog::{Change, OrderStage, OrderStatus};
use connector_host::contract::orders::OrderEventKind;
use connector_host::contract::types::Entity;
use connector_host::store::{Settled, Settlement};
use connector_host::work::Stop;

use super::person::Person;
use crate::guest::Guest;
use crate::house::{House, all};
use crate::make::{self, NOW};

#[tokio::test]
async fn an_order_stands_there_with_both_statuses_its_carrier_and_its_code() {
    let house = House::new().await;
    let (mut lan, connection) = Person::with_a_connection(&house, &Guest::new(make::descriptor())).await;
    let page = format!("/connections/{}/orders", connection.id);
    assert!(lan.get(&page).await.body.contains("Chưa có đơn nào."));
    for (order, remote) in [("o", Some("777")), ("p", None)] {
        house.store.order_event(connection.id, make::event(order, 1, OrderEventKind::Created), NOW).await.unwrap();
        let next = house.store.next_event(connection.id, order).await.unwrap().unwrap();
        if remote.is_some() {
            house.settles(&connection, next.id, remote).await.unwrap();
        }
    }
    let told = OrderStatus {
        stage: Some(OrderStage::Shipping),
        tracking: Some("GHN<1>".to_owned()),
        carrier: Some("Giao Hàng Nhanh".to_owned()),
        ..make::status("777", "Shipping")
    };
    house.click(&connection, Entity::OrderStatus, &all(Policy::KeepUpdated), vec![Change::OrderStatus(told)]).await;
    let seen = lan.get(&page).await.body;
    for text in ["DH-o", "Đang vận chuyển", "Shipping", "777", "Giao Hàng Nhanh", "GHN&lt;1&gt;", "DH-p", "Đơn mới", "Chưa gửi"]
    {
        assert!(seen.contains(text), "no {text} in {seen}");
    }
    assert!(!seen.contains("0901234567"), "nobody's phone");
}

#[tokio::test]
async fn an_order_that_is_not_seen_there_says_how_far_it_is() {
    let house = House::new().await;
    let (mut lan, connection) = Person::with_a_connection(&house, &Guest::new(make::descriptor())).await;
    let page = format!("/connections/{}/orders", connection.id);
    let lost = "Chưa rõ đã tới Nhanh.vn hay chưa";
    let ways = [
        ("waits", false, None, "Chưa gửi", "not there yet"),
        ("lost", true, None, lost, "may be there"),
        ("skipped", false, Some(Settled::Skipped), "Không cần gửi", "skipped"),
        ("failed", false, Some(Settled::Failed), "Lỗi", "failed"),
        ("failed-after", true, Some(Settled::Failed), lost, "may be there"),
        ("skipped-after", true, Some(Settled::Skipped), "Không cần gửi", "skipped"),
    ];
    for (order, sent, settled, shown, line) in ways {
        house.store.order_event(connection.id, make::event(order, 1, OrderEventKind::Created), NOW).await.unwrap();
        let row = house.store.next_event(connection.id, order).await.unwrap().unwrap().id;
        if sent {
            house.store.intend(make::intent(&connection, order, &format!("abcd-{order}"), NOW)).await.unwrap();
        }
        if let Some(settled) = settled {
            let (footing, outcome) = (connection.footing(), serde_json::json!({}));
            house.store.settle(Settlement { footing, row, settled, remote: None, outcome, at: NOW }).await.unwrap();
        }
        let seen = lan.get(&page).await.body;
        let row = seen.split("<tr").find(|row| row.contains(&format!("DH-{order}<"))).unwrap();
        assert!(row.contains(shown) && (shown == "Chưa gửi" || !row.contains("Chưa gửi")), "{order}: {row}");
        let standing = house.store.standings(connection.id, Some(order), 1).await.unwrap().pop().unwrap();
        assert!(standing.to_string().contains(line), "{standing}");
    }
}

#[tokio::test]
async fn the_next_run_of_a_stream_that_runs_by_itself_stands_in_the_table() {
    let house = House::new().await;
    let (mut lan, connection) = Person::with_a_connection(&house, &Guest::new(make::descriptor())).await;
    let page = format!("/connections/{}", connection.id);
    lan.send(&page, &format!("{page}/policy"), &[("entity", "product"), ("policy", "keep-updated")]).await;
    lan.host.work(Stop::Idle(Duration::ZERO)).await.unwrap();
    let schedule = house.store.schedule(connection.id).await.unwrap();
    let (_, due) = schedule.iter().find(|(entity, _)| *entity == Entity::Product).expect("it is polled");
    let minute = due / 60_000 + 7 * 60;
    let clock = format!("{:02}:{:02}", minute / 60 % 24, minute % 60);
    let row = async |lan: &mut Person| {
        let seen = lan.get(&page).await.body;
        seen.split_once("id=\"flow-product\"").unwrap().1.split("</tr>").next().unwrap().to_owned()
    };
    let shown = row(&mut lan).await;
    assert!(shown.contains(&clock), "no {clock} in {shown}");
    let reason = connector_host::contract::types::Reason { code: "dead".to_owned(), message: make::words("dead") };
    house.store.pause(connection.footing(), NOW, reason).await.unwrap();
    let shown = row(&mut lan).await;
    assert!(!shown.contains(&clock), "a paused connection runs nothing: {shown}");
}
