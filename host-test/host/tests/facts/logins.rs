//! Logins: a cookie that only the browser sees, one way back, one try, one account.

use connector_host::contract::http;
use connector_host::contract::types::{Failure, FailureClass};
use connector_host::store::ConnectionState;

use crate::edge::{Edge, Reply, get, press};
use crate::guest::{Act, Guest, failure, give};
use crate::house::{Far, House};
use crate::make;

fn guest() -> Guest {
    let request = http::Request {
        endpoint: "far".to_owned(),
        method: http::Method::Get,
        path: "/read/login".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: http::Body::None,
    };
    Guest::new(make::descriptor()).on("authorize-url", give(Ok(request)))
}

/// A guest that exchanges the code for a grant of this business, or fails so.
fn redeems(outcome: Result<&str, Failure>) -> Guest {
    let answer = serde_json::to_value(outcome.map(make::account)).unwrap();
    guest().on("redeem", Act::Ask("/token", answer.clone(), answer))
}

async fn house() -> House {
    House::beside(Far::answering(|path| if path == "/token" { r#"{"token":"fresh-token-123"}"# } else { "{}" }.to_owned()).await)
}

/// Begins a login as a browser does: the cookie.
async fn begun(edge: &Edge, connection: i64) -> (Reply, String) {
    let start = get(&edge.origin, &format!("/login/{connection}"), &[]).await;
    let cookie = start.header("set-cookie").unwrap_or_default().to_owned();
    let pair = cookie.split(';').next().unwrap_or_default().to_owned();
    (start, pair)
}

/// What a person says to the business that is shown.
async fn answer(edge: &Edge, cookie: &str, said: &str) -> Reply {
    press(&edge.origin, "/landing/business", &[("Cookie", cookie)], &format!("answer={said}")).await
}

#[tokio::test]
async fn a_login_sends_the_person_on_with_a_cookie_that_no_script_reads() {
    let house = house().await;
    let connection = house.draft("shop").await;
    let edge = Edge::open(&house, &guest()).await;
    let (start, pair) = begun(&edge, connection.id).await;
    assert_eq!((start.status, start.header("location")), (303, Some(format!("{}/read/login", house.far.origin).as_str())));
    let cookie = start.header("set-cookie").unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age="] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    let state = pair.split_once('=').unwrap().1;
    assert!(state.len() >= 32 && !start.header("location").unwrap().contains(state));
}

#[tokio::test]
async fn the_way_back_with_the_cookie_connects_once() {
    let house = house().await;
    let connection = house.draft("shop").await;
    let edge = Edge::open(&house, &redeems(Ok("b1"))).await;
    let (_, cookie) = begun(&edge, connection.id).await;
    let landed = get(&edge.origin, "/landing?code=once", &[("Cookie", &cookie)]).await;
    assert_eq!((landed.status, landed.header("location")), (303, Some("/landing/business")), "{}", landed.body);
    assert_eq!(house.store.connection(connection.id).await.unwrap().state, ConnectionState::Draft, "nobody has said yes");
    let asked = get(&edge.origin, "/landing/business", &[("Cookie", &cookie)]).await;
    assert!(asked.status == 200 && asked.body.contains("b1"), "{}", asked.body);
    let answered = answer(&edge, &cookie, "yes").await;
    assert_eq!(answered.status, 200, "{}", answered.body);
    let connected = house.store.connection(connection.id).await.unwrap();
    assert_eq!((connected.state, connected.account.unwrap().id), (ConnectionState::Active, "b1".to_owned()));
    let kept = house.store.secrets(connection.id).await.unwrap();
    assert_eq!(kept.get("access-token").unwrap().expose(), "fresh-token-123");
    assert!(kept.get("grant-code").is_none(), "a code is never written down");
    let again = get(&edge.origin, "/landing?code=once", &[("Cookie", &cookie)]).await;
    assert_eq!(again.status, 400);
    assert_eq!(house.far.asked(), ["/token"]);
}

#[tokio::test]
async fn whoever_says_no_is_as_before() {
    let house = house().await;
    let connection = house.draft("shop").await;
    let edge = Edge::open(&house, &redeems(Ok("b1"))).await;
    let (_, cookie) = begun(&edge, connection.id).await;
    assert_eq!(answer(&edge, &cookie, "yes").await.status, 400, "nobody has landed");
    get(&edge.origin, "/landing?code=once", &[("Cookie", &cookie)]).await;
    assert_eq!(answer(&edge, &cookie, "no").await.status, 200);
    assert_eq!(answer(&edge, &cookie, "yes").await.status, 400);
    let after = house.store.connection(connection.id).await.unwrap();
    assert_eq!((after.state, after.account, after.generation), (ConnectionState::Draft, None, 0));
    assert!(house.store.secrets(connection.id).await.unwrap().get("access-token").is_none());
}

#[tokio::test]
async fn the_way_back_without_the_cookie_or_with_a_made_up_one_is_refused() {
    let house = house().await;
    let connection = house.draft("shop").await;
    let edge = Edge::open(&house, &redeems(Ok("b1"))).await;
    begun(&edge, connection.id).await;
    for headers in [&[][..], &[("Cookie", "nobi-login=made-up")], &[("Cookie", "other=1")]] {
        assert_eq!(get(&edge.origin, "/landing?code=once", headers).await.status, 400, "{headers:?}");
    }
    assert_eq!(house.far.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_login_that_took_too_long_is_refused() {
    let house = house().await;
    let connection = house.draft("shop").await;
    let edge = Edge::open(&house, &redeems(Ok("b1"))).await;
    let (_, cookie) = begun(&edge, connection.id).await;
    house.clock.advance(std::time::Duration::from_secs(31 * 60));
    assert_eq!(get(&edge.origin, "/landing?code=once", &[("Cookie", &cookie)]).await.status, 400);
}

#[tokio::test]
async fn a_landing_without_a_code_exchanges_nothing_and_spends_nothing() {
    let house = house().await;
    let connection = house.draft("shop").await;
    let edge = Edge::open(&house, &redeems(Ok("b1"))).await;
    let (_, cookie) = begun(&edge, connection.id).await;
    assert_eq!(get(&edge.origin, "/landing?error=denied", &[("Cookie", &cookie)]).await.status, 400);
    assert_eq!(house.far.asked(), Vec::<String>::new());
    // Nor does it spend the login: anybody can send a browser here.
    assert_eq!(get(&edge.origin, "/landing?code=once", &[("Cookie", &cookie)]).await.status, 303);
    assert_eq!(house.far.asked(), ["/token"]);
}

#[tokio::test]
async fn an_exchange_that_brought_no_token_is_a_failure_whatever_the_guest_says() {
    let house = House::new().await;
    let connection = house.draft("shop").await;
    let edge = Edge::open(&house, &redeems(Ok("b1"))).await;
    let (_, cookie) = begun(&edge, connection.id).await;
    let landed = get(&edge.origin, "/landing?code=once", &[("Cookie", &cookie)]).await;
    assert!(landed.status == 502 && landed.body.contains("host.no-token"), "{}", landed.body);
    assert_eq!(house.store.connection(connection.id).await.unwrap().state, ConnectionState::Draft);
}

#[tokio::test]
async fn another_business_is_refused_with_a_text_that_names_both() {
    let house = house().await;
    let connection = house.connected("shop").await;
    let edge = Edge::open(&house, &redeems(Ok("b2"))).await;
    let (_, cookie) = begun(&edge, connection.id).await;
    let landed = get(&edge.origin, "/landing?code=once", &[("Cookie", &cookie)]).await;
    assert_eq!(landed.status, 409);
    assert!(landed.body.contains("b2") && landed.body.contains(&connection.account.unwrap().id), "{}", landed.body);
}

#[tokio::test]
async fn a_login_address_may_carry_fields_of_the_form_and_no_secret() {
    let house = crate::moves::house().await;
    let connection = crate::moves::settled(&house).await;
    let business = connection.account.as_ref().unwrap().id.clone();
    let edge = Edge::open(&house, &crate::moves::bilingual(Ok(&business))).await;
    for wrong in ["client-secret=s3cret", "no-such-field=1", "dialect=third"] {
        let refused = get(&edge.origin, &format!("/login/{}?{wrong}", connection.id), &[]).await;
        assert!(refused.status == 400 && !refused.body.contains("s3cret"), "{}", refused.body);
    }
    let start = get(&edge.origin, &format!("/login/{}?dialect={}", connection.id, make::NEW), &[]).await;
    assert!(start.header("location").unwrap().ends_with("/login/new"));
    let cookie = start.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(get(&edge.origin, "/landing?code=once", &[("Cookie", &cookie)]).await.status, 200);
    assert_eq!(house.store.connection(connection.id).await.unwrap().settings["dialect"], make::NEW);
}

#[tokio::test]
async fn what_others_wrote_is_shown_as_text() {
    let house = house().await;
    let connection = house.draft("shop").await;
    let edge = Edge::open(&house, &redeems(Err(failure(FailureClass::Rejected)))).await;
    let (_, cookie) = begun(&edge, connection.id).await;
    let landed = get(&edge.origin, "/landing?code=once", &[("Cookie", &cookie)]).await;
    assert!(landed.body.contains("it &lt;did not&gt; work") && !landed.body.contains("<did"), "{}", landed.body);
    assert_eq!(landed.header("content-security-policy"), Some("default-src 'none'; form-action 'self'; frame-ancestors 'none'"));
}

#[tokio::test]
async fn a_login_of_no_connection_is_not_found() {
    let house = House::new().await;
    let edge = Edge::open(&house, &guest()).await;
    assert_eq!(get(&edge.origin, "/login/99", &[]).await.status, 404);
}
