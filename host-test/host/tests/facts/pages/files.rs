//! What is taken along: the errors as CSV, in parts, and the file for support; and that one tenant's long lists and live pages are not another's.

use axum::body::Body;
use axum::http::Request;
use connector_host::contract::http;
use connector_host::contract::types::{Entity, FailureClass};
use connector_host::contract::{Page, Scope};
use connector_host::store::Trigger;
use connector_host::work::Stop;
use futures_util::StreamExt as _;
use tower::ServiceExt as _;

use super::person::{PASSWORD, Person};
use crate::guest::{Guest, failure, give};
use crate::house::House;
use crate::make;

/// Records that came in altered, written past the store: there are many.
fn altered(house: &House, connection: i64, count: u32) {
    house
        .raw()
        .execute_batch(&format!(
            "BEGIN; WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {count})
             INSERT INTO warned (connection, entity, remote, code, warning, at)
             SELECT {connection}, 'product', printf('%07d', n), 'w.code', json_object('subject', printf('%07d', n), 'code', 'w.code', 'field', NULL,
               'message', json_object('vi', 'Có ý kiến.', 'en', 'A remark.', 'arguments', json_array())), 0 FROM number; COMMIT;"
        ))
        .unwrap();
}

#[tokio::test]
async fn a_long_list_of_errors_comes_in_parts_and_whole() {
    let house = House::new().await;
    let (mut person, connection) = Person::with_a_connection(&house, &Guest::new(make::descriptor())).await;
    altered(&house, connection.id, 20_000);
    let whole = person.get(&format!("/connections/{}/troubles.csv", connection.id)).await;
    assert_eq!(whole.status, 200);
    let lines: Vec<&str> = whole.body.lines().collect();
    assert_eq!(lines.len(), 20_001, "one a record, and the head");
    assert!(lines[0].starts_with('\u{feff}') && lines[1].contains("\"0000001\"") && lines[20_000].contains("\"0020000\""), "{}", lines[1]);
    let mut seen = std::collections::BTreeSet::new();
    assert!(lines[1..].iter().all(|line| seen.insert(*line)), "none comes twice");

    // However much there is, a part of it is all that is held.
    let asked = Request::get(format!("/connections/{}/troubles.csv", connection.id)).header("cookie", person.cookies_held());
    let response = person.app.clone().oneshot(asked.body(Body::empty()).unwrap()).await.unwrap();
    let mut parts = response.into_body().into_data_stream();
    let mut longest = 0;
    while let Some(part) = parts.next().await {
        longest = longest.max(part.unwrap().len());
    }
    assert!(longest > 0 && longest < whole.body.len() / 20, "{longest} of {}", whole.body.len());
}

#[tokio::test]
async fn one_tenant_s_long_lists_and_live_pages_leave_places_for_another_s() {
    let house = House::new().await;
    let (person, connection) = Person::with_a_connection(&house, &Guest::new(make::descriptor())).await;
    let theirs = house.connected("other").await;
    let mut mai = Person { cookies: std::collections::BTreeMap::new(), app: person.app.clone(), host: person.host.clone() };
    mai.sign_in("mai", PASSWORD).await;
    altered(&house, connection.id, 20_000);
    for (page, most) in [("live", 16), ("troubles.csv", 2)] {
        let mut held = Vec::new();
        let mut ask = async |who: &Person, id: i64| {
            let asked = Request::get(format!("/connections/{id}/{page}")).header("cookie", who.cookies_held());
            let response = who.app.clone().oneshot(asked.body(Body::empty()).unwrap()).await.unwrap();
            let status = response.status().as_u16();
            held.push(response);
            status
        };
        for _ in 0..most {
            assert_eq!(ask(&person, connection.id).await, 200, "{page}");
        }
        assert_eq!(ask(&person, connection.id).await, 503, "{page}: one more");
        assert_eq!(ask(&mai, theirs.id).await, 200, "{page}: another tenant's");
        held.clear();
        let asked = Request::get(format!("/connections/{}/{page}", connection.id)).header("cookie", person.cookies_held());
        let again = person.app.clone().oneshot(asked.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(again.status(), 200, "{page}: whoever leaves gives the place back");
    }
}

#[tokio::test]
async fn the_file_for_support_says_which_request_it_was_in_the_words_of_http() {
    let house = House::new().await;
    let request = http::Request {
        endpoint: "far".to_owned(),
        method: http::Method::Post,
        path: "/read/page".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: http::Body::None,
    };
    let guest = Guest::new(make::descriptor()).pulls(Err::<Page, _>(failure(FailureClass::Rejected)));
    let guest = guest.on("build-sync-request", give(Ok(request)));
    let (mut person, connection) = Person::with_a_connection(&house, &guest).await;
    person.host.sync(connection.id, Entity::Product, Scope::Everything, Trigger::Click).await.unwrap().unwrap();
    person.host.work(Stop::Idle(std::time::Duration::ZERO)).await.unwrap();
    let file = person.get(&format!("/connections/{}/support.txt", connection.id)).await.body;
    assert!(file.contains("\nPOST far /read/page\n"), "{file}");
}
