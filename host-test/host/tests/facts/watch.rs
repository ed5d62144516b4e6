//! What a host says to whoever watches over it: whether it lives, whether it can work, and what waits.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use connector_host::contract::orders::OrderEventKind;
use connector_host::outbound::{Outbound, OutboundConfig};
use connector_host::sandbox::{Sandbox, SandboxConfig};
use connector_host::web::watched;
use connector_host::work::{Host, HostConfig};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::guest::Guest;
use crate::house::House;
use crate::make;

async fn asked(host: &Arc<Host>, stopping: bool, path: &str) -> (u16, String) {
    let (_stop, stopped) = watch::channel(stopping);
    let answer = watched(host.clone(), stopped).oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    (status, String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn a_host_is_ready_while_it_can_write_read_and_run_a_connector_and_says_why_it_is_not() {
    let house = House::new().await;
    let host = house.host(&Guest::new(make::descriptor())).await;
    for _ in 0..2 {
        assert_eq!(asked(&host, false, "/readyz").await, (200, "ok".to_owned()));
    }
    assert_eq!(asked(&host, true, "/readyz").await, (503, "the host is shutting down".to_owned()));

    let outbound = Outbound::new(OutboundConfig::default(), house.clock.clone()).unwrap();
    let empty = Host::new(house.store.clone(), outbound, Vec::new(), house.clock.clone(), HostConfig::default());
    assert_eq!(asked(&empty, false, "/readyz").await, (503, "no connector is admitted".to_owned()));

    house.raw().execute_batch("CREATE TRIGGER no BEFORE INSERT ON pulse BEGIN SELECT RAISE(ABORT, 'the disk is full'); END").unwrap();
    let (status, reason) = asked(&host, false, "/readyz").await;
    assert!(status == 503 && reason.contains("the disk is full"), "{status} {reason}");
    // It lives all the same: to start it anew would mend nothing.
    assert_eq!(asked(&host, true, "/healthz").await, (200, "ok".to_owned()));
}

#[tokio::test]
async fn what_waits_is_shown_by_lane_and_state_and_how_long_it_is_due() {
    let house = House::new().await;
    let host = house.host(&Guest::new(make::descriptor())).await;
    let connection = house.connected("shop").await;
    let (_, nothing) = asked(&host, false, "/metrics").await;
    assert!(nothing.contains("connector_work_overdue_seconds{lane=\"live\"} 0.0\n"), "{nothing}");
    host.order_event(connection.id, make::event("o", 1, OrderEventKind::Created)).await.unwrap();
    house.clock.advance(Duration::from_millis(1_500));
    let (status, text) = asked(&host, false, "/metrics").await;
    for line in [
        "connector_work{lane=\"live\",state=\"ready\"} 1\n",
        "connector_work_overdue_seconds{lane=\"live\"} 1.5\n",
        "connector_work_overdue_seconds{lane=\"bulk\"} 0.0\n",
        "connector_connections{state=\"active\"} 1\n",
    ] {
        assert!(text.contains(line), "no {line} in {text}");
    }
    assert!(status == 200 && text.ends_with("# EOF\n"));

    // Where there is no pool, it is to be seen: calls are slower then.
    let row = |text: &str, instances: &str, count: u8| text.contains(&format!("connector_admitted{{instances=\"{instances}\"}} {count}\n"));
    assert!(row(&text, "pooled", 1) && row(&text, "on-demand", 0), "{text}");
    let mut config = SandboxConfig::with_slots(2);
    config.engine.pool = false;
    let connector = Sandbox::new(config).unwrap().admit(&Guest::new(make::descriptor()).component()).await.unwrap();
    let outbound = Outbound::new(OutboundConfig::default(), house.clock.clone()).unwrap();
    let slow = Host::new(house.store.clone(), outbound, vec![connector], house.clock.clone(), HostConfig::default());
    let (_, text) = asked(&slow, false, "/metrics").await;
    assert!(row(&text, "pooled", 0) && row(&text, "on-demand", 1), "{text}");

    let reason = connector_host::contract::types::Reason { code: "dead".to_owned(), message: make::words("dead") };
    house.store.pause(connection.footing(), house.clock.now(), reason).await.unwrap();
    let (_, text) = asked(&host, false, "/metrics").await;
    assert!(text.contains("connector_work{lane=\"live\",state=\"held\"} 1\n"), "what a pause holds back is not late: {text}");
    assert!(text.contains("connector_work_overdue_seconds{lane=\"live\"} 0.0\n"), "{text}");
}
