//! Who gets in, and what a page holds: tenants apart, tokens, cookies, what a browser may do with it.

use std::time::Duration;

use connector_host::contract::http;
use connector_host::contract::types::FailureClass;
use connector_host::store::ConnectionState;

use super::person::{PASSWORD, Person};
use crate::guest::{Act, Guest, failure, give};
use crate::house::{Far, House};
use crate::make;

/// Every page of a connection.
const PAGES: [&str; 9] = ["", "/form", "/check", "/orders", "/history", "/troubles", "/pairing", "/troubles.csv", "/support.txt"];
/// Every button of one.
const BUTTONS: [&str; 6] = ["/form", "/login", "/sync", "/policy", "/preview", "/troubles"];

fn guest() -> Guest {
    let login = http::Request {
        endpoint: "far".to_owned(),
        method: http::Method::Get,
        path: "/read/login".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: http::Body::None,
    };
    let guest = Guest::new(make::descriptor()).on("authorize-url", give(Ok(login)));
    guest.on("check", give(Ok(Vec::<connector_host::contract::CheckLine>::new())))
}

#[tokio::test]
async fn without_signing_in_every_page_leads_to_the_sign_in_and_no_button_works() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let mut person = Person::at(&house, &guest()).await;
    for page in PAGES {
        let seen = person.get(&format!("/connections/{}{page}", connection.id)).await;
        assert_eq!(seen.status, 303, "{page}");
        assert!(seen.to().starts_with("/sign-in?next=%2Fconnections"), "{page}: {}", seen.to());
    }
    for path in ["/connections", "/landing?code=x", &format!("/connections/{}/live", connection.id)] {
        assert!(person.get(path).await.to().starts_with("/sign-in"), "{path}");
    }
    for button in BUTTONS {
        let seen = person.post(&format!("/connections/{}{button}", connection.id), &[("entity", "branch")]).await;
        assert!(seen.to().starts_with("/sign-in"), "{button}: {}", seen.status);
    }
    assert_eq!(house.see::<u32>("SELECT count(*) FROM run"), 0);
}

#[tokio::test]
async fn another_tenant_s_connection_is_as_one_that_is_not_there() {
    let house = House::new().await;
    let (mut lan, theirs) = Person::with_a_connection(&house, &guest()).await;
    let connection = theirs.id;
    lan.sign_in("mai", PASSWORD).await;
    let missing = lan.get("/connections/999").await;
    assert_eq!(missing.status, 404);
    for page in PAGES.iter().chain(&["/live", "/pairing/product/1"]) {
        let seen = lan.get(&format!("/connections/{connection}{page}")).await;
        assert_eq!((seen.status, &seen.body), (missing.status, &missing.body), "{page}");
    }
    for button in BUTTONS.iter().chain(&["/pairing/product/1"]) {
        let to = format!("/connections/{connection}{button}");
        let seen = lan.send("/connections", &to, &[("entity", "branch"), ("policy", "off"), ("choice", "new"), ("do", "retry")]).await;
        assert_eq!(seen.status, 404, "{button}");
    }
    let list = lan.get("/connections").await;
    assert!(!list.body.contains(&format!("business-{connection}")), "{}", list.body);
    assert_eq!(house.see::<u32>("SELECT (SELECT count(*) FROM run) + (SELECT count(*) FROM stream)"), 0);
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_look_alike_and_too_many_wait_unseen() {
    let house = House::new().await;
    let mut person = Person::at(&house, &guest()).await;
    let wrong = person.sign_in("lan", "not her password").await;
    let nobody = person.sign_in("nobody", "not her password").await;
    assert_eq!((wrong.status.as_u16(), wrong.body == nobody.body), (401, true));
    for _ in 0..4 {
        assert_eq!(person.sign_in("lan", "guess").await.status, 401);
    }
    assert_eq!(person.sign_in("lan", PASSWORD).await.status, 429, "even the right one is not looked at");
    assert_eq!(person.sign_in("mai", PASSWORD).await.status, 303, "others are let in");
    house.clock.advance(Duration::from_secs(301));
    assert_eq!(person.sign_in("lan", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_form_without_its_own_token_does_nothing() {
    let house = House::new().await;
    let (mut person, connection) = Person::with_a_connection(&house, &guest()).await;
    let sync = format!("/connections/{}/sync", connection.id);
    for token in [None, Some(""), Some("made-up"), Some("kR4C8mQm5G1yq7wB2mQm5G1yq7wB2mQm5G1yq7wB2mQ")] {
        let fields: Vec<(&str, &str)> = token.map(|token| ("csrf", token)).into_iter().chain([("entity", "branch")]).collect();
        assert_eq!(person.post(&sync, &fields).await.status, 403, "{token:?}");
    }
    let theirs = super::person::token(&person.get("/connections").await.body);
    person.sign_in("mai", PASSWORD).await;
    person.sign_in("lan", PASSWORD).await;
    assert_eq!(person.post(&sync, &[("csrf", &theirs), ("entity", "branch")]).await.status, 403, "one of an earlier session");
    assert_eq!(person.post("/sign-in", &[("name", "lan"), ("password", PASSWORD)]).await.status, 403);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM run"), 0);
}

#[tokio::test]
async fn a_session_ends_with_its_time_and_with_the_way_out() {
    let house = House::new().await;
    let (mut person, _) = Person::with_a_connection(&house, &guest()).await;
    assert_eq!(person.get("/connections").await.status, 200);
    let seen = person.send("/connections", "/sign-out", &[]).await;
    assert_eq!(seen.to(), "/sign-in");
    assert_eq!(house.see::<u32>("SELECT count(*) FROM session"), 0, "it is gone here too, not in the browser alone");
    assert_eq!(person.get("/connections").await.status, 303);
    person.sign_in("lan", PASSWORD).await;
    house.clock.advance(Duration::from_secs(12 * 60 * 60 + 1));
    assert_eq!(person.get("/connections").await.status, 303);
}

#[tokio::test]
async fn cookies_are_read_by_no_script_come_back_from_a_login_and_travel_encrypted_where_that_can_be() {
    let house = House::new().await;
    let plain = Person::at(&house, &guest()).await;
    for (origin, name, secure) in [("http://nobi.example", "nobi-session=", false), ("https://nobi.example", "__Host-nobi-session=", true)]
    {
        let mut person = Person::beside(plain.host.clone(), origin, &house);
        let seen = person.sign_in("lan", PASSWORD).await;
        assert_eq!(seen.head.contains_key("strict-transport-security"), secure);
        let cookie = seen.cookies.iter().find(|it| it.starts_with(name)).unwrap();
        assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax") && cookie.contains("; Path=/;"), "{cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
        assert_eq!(cookie.contains("; Secure"), secure, "{cookie}");
        let held = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
        let file = std::fs::read(house.file()).unwrap();
        assert!(!file.windows(held.len()).any(|part| part == held.as_bytes()), "the file holds only its hash");
        assert_eq!(person.get("/connections").await.status, 200);
        if secure {
            let mut planted = Person::beside(plain.host.clone(), origin, &house);
            planted.holds("nobi-session", &held);
            assert_eq!(planted.get("/connections").await.status, 303, "one without the prefix may be a neighbour's");
        }
    }
}

#[tokio::test]
async fn nobody_is_led_to_another_host_by_an_address() {
    let house = House::new().await;
    let mut person = Person::at(&house, &guest()).await;
    for next in ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x", "/a\r\nb"] {
        let seen = person.send("/sign-in", "/sign-in", &[("name", "lan"), ("password", PASSWORD), ("next", next)]).await;
        assert_eq!((seen.status.as_u16(), seen.to()), (303, "/connections"), "{next}");
        let seen = person.send("/connections", "/language", &[("language", "en"), ("next", next)]).await;
        assert_eq!(seen.to(), "/connections", "{next}");
    }
}

#[tokio::test]
async fn every_answer_says_that_nothing_comes_from_elsewhere_and_no_page_holds_a_script_or_a_style() {
    let house = House::new().await;
    let (mut person, connection) = Person::with_a_connection(&house, &guest()).await;
    let own = PAGES.map(|page| format!("/connections/{}{page}", connection.id));
    for path in own.iter().map(String::as_str).chain(["/connections", "/sign-in", "/nowhere", "/assets/page.js", "/assets/htmx.min.js"]) {
        let seen = person.get(path).await;
        let policy = seen.policy();
        for part in ["default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        assert_eq!(seen.head.get("x-content-type-options").map(String::as_str), Some("nosniff"), "{path}");
        if !path.starts_with("/assets") {
            let body = seen.body.to_lowercase();
            for part in [" style=", "<style", "<script>", " onclick", " onload", "javascript:", "http://", "https://"] {
                let plain = body.replace("http://nobi.example", "");
                assert!(!plain.contains(part), "{path} holds {part}");
            }
        }
    }
    let form = person.get(&own[1]).await;
    assert!(form.policy().contains(&format!("form-action 'self' {}", house.far.origin)), "the way to the login: {}", form.policy());
}

#[tokio::test]
async fn what_comes_from_outside_is_text_and_never_markup() {
    let house = House::new().await;
    let connection = house.draft("shop").await;
    let name = "<script>alert(1)</script>\"onx='";
    house.saves(&connection, &[("app-id", name)], crate::house::secrets(&[("verify-token", crate::house::VERIFY)])).await;
    let connection = house.store.connection(connection.id).await.unwrap();
    house.grants(&connection, "<b>7</b>", crate::house::secrets(&[])).await.unwrap();
    let mut person = Person::at(&house, &guest()).await;
    person.sign_in("lan", PASSWORD).await;
    for page in ["/connections".to_owned(), format!("/connections/{}", connection.id), format!("/connections/{}/form", connection.id)] {
        let seen = person.get(&page).await;
        assert_eq!(seen.status, 200);
        assert!(!seen.body.contains("<script>alert") && !seen.body.contains("<b>7"), "{page}: {}", seen.body);
    }
    let seen = person.get("/connections?said=%3Cscript%3E").await;
    assert!(!seen.body.contains("<script>"));
}

#[tokio::test]
async fn a_secret_is_written_and_never_shown() {
    let house = House::new().await;
    let (mut person, connection) = Person::with_a_connection(&house, &guest()).await;
    let form = format!("/connections/{}/form", connection.id);
    let secret = "mật-khẩu-webhook-42";
    let seen = person.send(&form, &form, &[("field.app-id", "app"), ("field.verify-token", secret), ("field.stock", "sideways")]).await;
    assert!(!seen.body.contains(secret), "not even back to who typed it");
    let seen = person.send(&form, &form, &[("field.app-id", "app"), ("field.verify-token", secret), ("field.stock", "on")]).await;
    assert_eq!(seen.status, 303, "{}", seen.body);
    for page in PAGES {
        let seen = person.get(&format!("/connections/{}{page}", connection.id)).await;
        for hidden in [secret, crate::house::TOKEN, crate::house::VERIFY] {
            assert!(!seen.body.contains(hidden), "{page} shows {hidden}");
        }
    }
    assert_eq!(house.store.secrets(connection.id).await.unwrap().get("verify-token").unwrap().expose(), secret);
    person.send(&form, &form, &[("field.app-id", "app"), ("field.verify-token", "")]).await;
    assert_eq!(house.store.secrets(connection.id).await.unwrap().get("verify-token").unwrap().expose(), secret, "left empty, it stays");
}

#[tokio::test]
async fn the_way_back_from_the_login_connects_once_and_says_who_did_it() {
    let answer = serde_json::to_value(Ok::<_, connector_host::contract::types::Failure>(make::account("b1"))).unwrap();
    let guest = guest().on("redeem", Act::Ask("/token", answer.clone(), answer));
    let far = Far::answering(|path| if path == "/token" { r#"{"token":"fresh-token-123"}"# } else { "{}" }.to_owned()).await;
    let house = House::beside(far);
    let mut person = Person::at(&house, &guest).await;
    person.sign_in("lan", PASSWORD).await;
    let made = person.send("/connections", "/connections", &[("connector", "scripted")]).await;
    let form = made.to().to_owned();
    let again = person.send("/connections", "/connections", &[("connector", "scripted")]).await;
    assert_eq!(again.to(), form, "an empty draft is used again");
    let page = person.get(&form).await;
    assert!(page.body.contains("verify-token"), "{}", page.body);
    let sent = person.send(&form, &form, &[("field.app-id", "app"), ("field.stock", "on"), ("then", "login")]).await;
    assert_eq!(sent.to(), format!("{}/read/login", house.far.origin));
    assert_eq!(person.get("/landing?code=once").await.to(), "/landing/business");
    let landed = person.send("/landing/business", "/landing/business", &[("answer", "yes")]).await;
    assert_eq!(landed.to(), "/connections/1/check?said=connected");
    let page = person.get("/connections/1").await;
    assert!(page.body.contains("lan, lúc 20/11/2026 09:30"), "{}", page.body);
    let late = person.get("/landing?code=once").await;
    assert_eq!(late.status, 400);
    assert!(late.body.contains("hãy bấm kết nối lại"), "{}", late.body);
    let other = person.post("/login/1", &[]).await;
    assert_eq!(other.status, 404, "there is no way in past the page");
}

#[tokio::test]
async fn somebody_else_s_code_binds_nothing_until_a_person_has_seen_whose_business_it_is() {
    let theirs = connector_host::contract::types::Account {
        name: Some("Cửa hàng <Lạ>".to_owned()),
        branches: vec!["31010".to_owned(), "31011".to_owned()],
        ..make::account("b-theirs")
    };
    let answer = serde_json::to_value(Ok::<_, connector_host::contract::types::Failure>(theirs)).unwrap();
    let guest = guest().on("redeem", Act::Ask("/token", answer.clone(), answer));
    let far = Far::answering(|path| if path == "/token" { r#"{"token":"fresh-token-123"}"# } else { "{}" }.to_owned()).await;
    let house = House::beside(far);
    let mut person = Person::at(&house, &guest).await;
    person.sign_in("lan", PASSWORD).await;
    let form = person.send("/connections", "/connections", &[("connector", "scripted")]).await.to().to_owned();
    let fields = [("field.app-id", "app"), ("field.stock", "on"), ("then", "login")];
    person.send(&form, &form, &fields).await;

    // The link that somebody sent her: her login is under way, the code is not hers.
    assert_eq!(person.get("/landing?code=theirs").await.to(), "/landing/business");
    let asked = person.get("/landing/business").await;
    for told in ["b-theirs", "Cửa hàng &lt;Lạ&gt;", "31010, 31011", "Đây có đúng là doanh nghiệp của bạn?"] {
        assert!(asked.body.contains(told), "{told}: {}", asked.body);
    }
    let nothing = || house.see::<u32>("SELECT (SELECT count(*) FROM work) + (SELECT count(*) FROM run) + (SELECT count(*) FROM secret)");
    let draft = house.store.connection(1).await.unwrap();
    assert_eq!((draft.state, draft.account, draft.generation, nothing()), (ConnectionState::Draft, None, 0, 0));
    let token = b"fresh-token-123";
    let kept = [house.file(), house.file().with_extension("sqlite-wal")].map(|file| std::fs::read(file).unwrap_or_default()).concat();
    assert!(!kept.windows(token.len()).any(|part| part == token), "it is sealed while it waits");
    // A form of nobody.s is no answer.
    assert_eq!(person.post("/landing/business", &[("answer", "yes")]).await.status, 403);

    let refused = person.send("/landing/business", "/landing/business", &[("answer", "no")]).await;
    assert_eq!(refused.to(), "/connections/1?said=not-mine");
    assert_eq!(house.store.connection(1).await.unwrap().state, ConnectionState::Draft);
    assert_eq!(house.see::<u32>("SELECT count(*) FROM pending_login"), 0, "the grant is forgotten");
    let late = person.send("/connections", "/landing/business", &[("answer", "yes")]).await;
    assert_eq!(late.status, 400, "{}", late.body);

    // Whoever fills the form in anew after landing logs in anew.
    person.send(&form, &form, &fields).await;
    person.get("/landing?code=again").await;
    person.send(&form, &form, &[("field.app-id", "another-app"), ("field.stock", "on")]).await;
    let stale = person.send("/landing/business", "/landing/business", &[("answer", "yes")]).await;
    assert_eq!((stale.status.as_u16(), house.store.connection(1).await.unwrap().state), (409, ConnectionState::Draft), "{}", stale.body);
}

#[tokio::test]
async fn a_landing_that_waited_too_long_connects_nothing() {
    let answer = serde_json::to_value(Ok::<_, connector_host::contract::types::Failure>(make::account("b1"))).unwrap();
    let guest = guest().on("redeem", Act::Ask("/token", answer.clone(), answer));
    let far = Far::answering(|path| if path == "/token" { r#"{"token":"fresh-token-123"}"# } else { "{}" }.to_owned()).await;
    let house = House::beside(far);
    let mut person = Person::at(&house, &guest).await;
    person.sign_in("lan", PASSWORD).await;
    let form = person.send("/connections", "/connections", &[("connector", "scripted")]).await.to().to_owned();
    person.send(&form, &form, &[("field.app-id", "app"), ("field.stock", "on"), ("then", "login")]).await;
    person.get("/landing?code=once").await;
    house.clock.advance(Duration::from_secs(31 * 60));
    assert_eq!(person.get("/landing/business").await.status, 400);
    let late = person.send("/connections", "/landing/business", &[("answer", "yes")]).await;
    assert_eq!((late.status.as_u16(), house.store.connection(1).await.unwrap().state), (400, ConnectionState::Draft));
}

#[tokio::test]
async fn a_sign_in_counts_only_with_a_cookie_that_this_host_gave() {
    let house = House::new().await;
    let mut person = Person::at(&house, &guest()).await;
    // Somebody plants a cookie whose token he knows, as a visitor's or as a session's.
    let token = |secret: &str| {
        use sha2::{Digest as _, Sha256};
        data_encoding::BASE64URL_NOPAD.encode(&Sha256::digest(format!("nobi-csrf\n{secret}").as_bytes()))
    };
    for name in ["nobi-visitor", "nobi-session"] {
        person.holds(name, "planted.planted");
        let fields = [("csrf", token("planted.planted")), ("name", "mai".to_owned()), ("password", PASSWORD.to_owned())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(person.post("/sign-in", &fields).await.status, 403, "{name}");
    }
    assert_eq!(house.see::<u32>("SELECT count(*) FROM session"), 0);
    assert_eq!(person.sign_in("lan", PASSWORD).await.status, 303, "the page gives a new cookie in its place");
}

#[tokio::test]
async fn a_form_that_another_site_has_a_browser_send_does_nothing_even_with_its_token() {
    let house = House::new().await;
    let (mut person, connection) = Person::with_a_connection(&house, &guest()).await;
    let csrf = super::person::token(&person.get("/connections").await.body);
    let sync = format!("/connections/{}/sync", connection.id);
    for (site, status) in [("cross-site", 403), ("same-site", 403), ("same-origin", 303)] {
        let seen = person.post_from(site, &sync, &[("csrf", &csrf), ("entity", "branch")]).await;
        assert_eq!(seen.status, status, "{site}");
    }
}

#[tokio::test]
async fn a_login_that_failed_is_told_where_it_can_be_begun_again_and_only_to_its_own_tenant() {
    let house = House::new().await;
    let refused = failure(FailureClass::Rejected);
    let guest = guest().on("redeem", give(Err::<connector_host::contract::types::Account, _>(refused)));
    let mut person = Person::at(&house, &guest).await;
    person.sign_in("lan", PASSWORD).await;
    let form = person.send("/connections", "/connections", &[("connector", "scripted")]).await.to().to_owned();
    person.send(&form, &form, &[("field.app-id", "app"), ("field.stock", "on"), ("then", "login")]).await;
    // The first carries no code, which spends nothing.
    for (path, status) in [("/landing", 400), ("/landing?code=", 400), ("/landing?code=late", 502), ("/landing?code=late", 400)] {
        let landed = person.get(path).await;
        assert_eq!(landed.status, status, "{path}");
        assert!(landed.body.contains("action=\"/connections/1/login\""), "{}", landed.body);
    }
    person.sign_in("mai", PASSWORD).await;
    person.holds("nobi-login", "made-up.1");
    assert_eq!(person.get("/landing?code=late").await.status, 404, "a cookie that names another's connection opens nothing");
}

#[tokio::test]
async fn a_check_that_itself_fails_says_how_to_go_on() {
    let house = House::new().await;
    let guest = guest().on("check", give(Err::<Vec<connector_host::contract::CheckLine>, _>(failure(FailureClass::Transient))));
    let (mut person, connection) = Person::with_a_connection(&house, &guest).await;
    let shown = person.get(&format!("/connections/{}/check", connection.id)).await.body;
    assert!(shown.contains("test.failure") && shown.contains("Đợi vài phút rồi kiểm tra lại"), "{shown}");
}

#[tokio::test]
async fn the_page_speaks_english_by_a_switch_and_the_form_is_the_descriptor_s() {
    let house = House::new().await;
    let (mut person, connection) = Person::with_a_connection(&house, &guest()).await;
    let path = format!("/connections/{}", connection.id);
    let seen = person.get(&path).await;
    assert!(seen.body.contains("<html lang=\"vi\">") && seen.body.contains("Đang hoạt động"), "{}", seen.body);
    assert_eq!(person.send(&path, "/language", &[("language", "en"), ("next", &path)]).await.to(), path);
    let seen = person.get(&path).await;
    assert!(seen.body.contains("<html lang=\"en\">") && seen.body.contains("Active"), "{}", seen.body);
    let form = person.get(&format!("{path}/form")).await.body;
    for field in make::descriptor().form {
        assert!(form.contains(&format!("id=\"field-{}\"", field.key)), "{}", field.key);
    }
}
