//! The connection's form: what is refused, with every fault at its field at once, and that nothing is kept before all are mended.

use connector_host::contract::FieldKind;
use connector_host::work::{Form, FormError, HostConfig};

use crate::guest::Guest;
use crate::house::House;
use crate::make;

fn form(values: &[(&str, &str)]) -> Form {
    values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A form with a role that must be chosen, an app of digits, and a token of 16 to 128 characters, letters and digits.
fn guest() -> Guest {
    let mut descriptor = make::descriptor();
    descriptor.form.retain(|field| !matches!(field.key.as_str(), "verify-token" | "app-id" | "role"));
    let mut token = make::field("verify-token", FieldKind::Secret, None);
    (token.min, token.max, token.mixed) = (16, 128, true);
    let mut role = make::field("role", FieldKind::HostChoice("roles".to_owned()), None);
    role.required = true;
    let mut app = make::field("app-id", FieldKind::Number, None);
    (app.min, app.max) = (1, 6);
    descriptor.form.extend([token, role, app]);
    Guest::new(descriptor)
}

/// What is told of each field that is refused, in Vietnamese.
async fn faults(house: &House, host: &connector_host::work::Host, draft: i64, values: &[(&str, &str)]) -> Vec<(String, String)> {
    let kept = house.store.connection(draft).await.unwrap().settings;
    match host.fill_in(draft, form(values)).await {
        Ok(_) => Vec::new(),
        Err(FormError::Fields(errors)) => {
            assert_eq!(house.store.connection(draft).await.unwrap().settings, kept, "nothing is kept before all are mended");
            errors.into_iter().map(|error| (error.key, error.message.vi)).collect()
        }
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_verify_token_has_its_length_and_both_letters_and_digits() {
    let house = House::new().await;
    let draft = house.draft("shop").await;
    let host = house.host(&guest()).await;
    let role = HostConfig::default().roles[0].0.clone();
    let told = async |token: &str| faults(&house, &host, draft.id, &[("role", &role), ("verify-token", token)]).await;
    let (letters, digits) = ("a".repeat(64), "7".repeat(64));
    let wrong = |vi: &str| vec![("verify-token".to_owned(), vi.to_owned())];
    assert_eq!(told("abc456789012345").await, wrong("Cần từ 16 đến 128 ký tự."), "15 characters");
    assert_eq!(told(&format!("{letters}{digits}8")).await, wrong("Cần từ 16 đến 128 ký tự."), "129 characters");
    assert_eq!(told(&letters).await, wrong("Cần có cả chữ và số."));
    assert_eq!(told(&digits).await, wrong("Cần có cả chữ và số."));
    for token in ["abc4567890123456", &format!("{letters}{digits}"), "  chữ-và-số-123456  "] {
        assert_eq!(told(token).await, vec![], "{token}");
    }
}

#[tokio::test]
async fn every_fault_is_told_at_its_field_and_what_must_be_filled_in_is() {
    let house = House::new().await;
    let draft = house.draft("shop").await;
    let host = house.host(&guest()).await;
    let told = faults(&house, &host, draft.id, &[("app-id", "12a"), ("nonsense", "1")]).await;
    let told: Vec<(&str, &str)> = told.iter().map(|(key, vi)| (key.as_str(), vi.as_str())).collect();
    assert_eq!(told, [("nonsense", "Không có trường này."), ("role", "Cần điền."), ("app-id", "Chỉ gồm chữ số.")]);
    let told = faults(&house, &host, draft.id, &[("role", "no-such-role")]).await;
    assert_eq!(told.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["role"]);
}
