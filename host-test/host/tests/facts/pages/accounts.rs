//! A person's own account: another password, and the way out everywhere.

use super::person::{PASSWORD, Person};
use crate::guest::Guest;
use crate::house::House;
use crate::make;

const NEW: &str = "trăng sáng giữa đồng";

#[tokio::test]
async fn a_new_password_wants_the_old_one_and_ends_every_other_session() {
    let house = House::new().await;
    let mut here = Person::at(&house, &Guest::new(make::descriptor())).await;
    let mut elsewhere = Person::beside(here.host.clone(), "http://nobi.example", &house);
    here.sign_in("lan", PASSWORD).await;
    elsewhere.sign_in("lan", PASSWORD).await;
    let change = |password, new, again| [("password", password), ("new", new), ("again", again)];
    for (fields, status) in [
        (change("not it at all", NEW, NEW), 403),
        (change(PASSWORD, NEW, "another one at all"), 400),
        (change(PASSWORD, "short", "short"), 400),
    ] {
        let seen = here.send("/account", "/account/password", &fields).await;
        assert_eq!(seen.status, status, "{fields:?}");
        assert!(!seen.body.contains(NEW), "no password is shown");
    }
    assert_eq!(elsewhere.get("/connections").await.status, 200, "nothing has changed");
    let before = here.cookies_held();
    let changed = here.send("/account", "/account/password", &change(PASSWORD, NEW, NEW)).await;
    assert_eq!(changed.to(), "/account?said=changed", "{}", changed.body);
    assert_ne!(here.cookies_held(), before, "the session is a new one");
    assert_eq!(here.get("/account?said=changed").await.status, 200);
    assert_eq!(elsewhere.get("/connections").await.status, 303);
    assert_eq!(elsewhere.sign_in("lan", PASSWORD).await.status, 401);
    assert_eq!(elsewhere.sign_in("lan", NEW).await.status, 303);
}

#[tokio::test]
async fn whoever_found_a_session_open_may_guess_the_password_no_oftener_than_at_the_door() {
    let house = House::new().await;
    let mut person = Person::at(&house, &Guest::new(make::descriptor())).await;
    person.sign_in("lan", PASSWORD).await;
    let guess = [("password", "not it at all"), ("new", NEW), ("again", NEW)];
    for _ in 0..5 {
        assert_eq!(person.send("/account", "/account/password", &guess).await.status, 403);
    }
    let right = [("password", PASSWORD), ("new", NEW), ("again", NEW)];
    assert_eq!(person.send("/account", "/account/password", &right).await.status, 429);
}

#[tokio::test]
async fn the_way_out_everywhere_is_one_for_that_person_alone() {
    let house = House::new().await;
    let mut here = Person::at(&house, &Guest::new(make::descriptor())).await;
    let mut elsewhere = Person::beside(here.host.clone(), "http://nobi.example", &house);
    let mut mai = Person::beside(here.host.clone(), "http://nobi.example", &house);
    here.sign_in("lan", PASSWORD).await;
    elsewhere.sign_in("lan", PASSWORD).await;
    mai.sign_in("mai", PASSWORD).await;
    assert_eq!(here.send("/account", "/account/sign-out", &[]).await.to(), "/sign-in");
    assert_eq!((here.get("/connections").await.status.as_u16(), elsewhere.get("/connections").await.status.as_u16()), (303, 303));
    assert_eq!(mai.get("/connections").await.status, 200);
    assert_eq!(mai.post("/account/sign-out", &[]).await.status, 403, "not without the form's token");
}
