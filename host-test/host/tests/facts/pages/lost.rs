//! Whoever is lost finds back, and a page that hears nothing can ask.

use connector_host::contract::types::Entity;
use connector_host::contract::{Choice, FieldKind, Scope};
use connector_host::store::Trigger;

use super::person::{PASSWORD, Person};
use crate::guest::Guest;
use crate::house::House;
use crate::make;

#[tokio::test]
async fn an_address_that_is_none_and_a_button_s_are_pages_with_a_way_back() {
    let house = House::new().await;
    let (mut lan, _) = Person::with_a_connection(&house, &Guest::new(make::descriptor())).await;
    let missing =
        ["/nowhere", "/connections/abc", "/connections/99999999999999999999", "/connections/7", "/connections/x/live", "/assets/x"];
    let buttons =
        ["/connections/1/sync", "/connections/1/policy", "/connections/1/login", "/connections/1/notices", "/sign-out", "/language"];
    let pages = missing.map(|path| (path, 404, "Không có trang này.")).into_iter();
    for (path, status, words) in pages.chain(buttons.map(|path| (path, 405, "Địa chỉ này chỉ dùng khi bấm nút trên trang"))) {
        let seen = lan.get(path).await;
        assert_eq!(seen.status, status, "{path}");
        assert!(seen.body.contains(words) && seen.body.contains("href=\"/connections\""), "{path}: {}", seen.body);
        for word in ["Invalid", "Cannot", "i64", "parse"] {
            assert!(!seen.body.contains(word), "{path} says {word}");
        }
        assert!(seen.policy().contains("default-src 'none'"), "{path}");
    }
    assert_eq!(lan.get("/connections/1?said=queued&count=viele").await.status, 200, "what cannot be read was not said");
}

#[tokio::test]
async fn no_proxy_holds_back_what_happens_and_a_page_that_hears_nothing_gets_the_table_by_asking() {
    let house = House::new().await;
    let (mut lan, connection) = Person::with_a_connection(&house, &Guest::new(make::descriptor())).await;
    let (status, head) = lan.begins("/connections/1/live").await;
    assert_eq!((status.as_u16(), head["x-accel-buffering"].as_str()), (200, "no"));
    let before = lan.get("/connections/1/flows").await;
    assert!(before.body.starts_with("<div id=\"flows\">") && !before.body.contains("Đang chờ"), "{}", before.body);
    house.store.begin_run(connection.id, Entity::Branch, Scope::Everything, Trigger::Click, make::NOW).await.unwrap();
    assert!(lan.get("/connections/1/flows").await.body.contains("Đang chờ"));
    lan.sign_in("mai", PASSWORD).await;
    assert_eq!(lan.get("/connections/1/flows").await.status, 404);
}

#[tokio::test]
async fn a_connection_on_an_older_choice_says_so_with_the_way_to_the_one_of_today() {
    let house = House::new().await;
    let mut descriptor = make::two_dialects();
    for field in &mut descriptor.form {
        field.required |= field.key == "dialect";
        if let FieldKind::Choice(choices) = &mut field.kind {
            choices.iter_mut().for_each(|choice: &mut Choice| choice.label = make::words(&format!("Phần mềm {}", choice.value)));
        }
    }
    let dialect = descriptor.form.iter().find(|field| field.key == "dialect").unwrap();
    let FieldKind::Choice(choices) = &dialect.kind else { panic!("a choice") };
    let today = dialect.default.clone().unwrap();
    let old = choices.iter().map(|it| it.value.clone()).find(|value| *value != today).unwrap();
    let (mut lan, connection) = Person::with_a_connection(&house, &Guest::new(descriptor)).await;
    let fact = |value: &str| format!("<dd>Phần mềm {value}</dd>");
    for (chosen, banner) in [(&today, false), (&old, true)] {
        house.saves(&connection, &[("dialect", chosen)], Default::default()).await;
        let seen = lan.get("/connections/1").await.body;
        assert!(seen.contains(&fact(chosen)), "{chosen} is always told: {seen}");
        assert_eq!(seen.contains(&format!("Hãy chuyển sang Phần mềm {today}")), banner, "{chosen}");
        assert_eq!(seen.contains("action=\"/connections/1/move\""), banner, "{chosen}");
    }
}
