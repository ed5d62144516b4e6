//! Connections at rest: what the file holds, who opens it, what a grant may change.

use std::collections::BTreeSet;

use connector_host::store::{ConnectionState, StoreError};

use crate::house::{House, TOKEN, VERIFY, open, sealer, secrets};
use crate::make::{self, NOW};

#[tokio::test]
async fn no_secret_stands_in_the_file_in_clear() {
    let house = House::new().await;
    house.connected("shop").await;
    for suffix in ["", "-wal"] {
        let mut path = house.file().into_os_string();
        path.push(suffix);
        let bytes = std::fs::read(path).unwrap();
        for secret in [VERIFY, TOKEN] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} is in host.sqlite{suffix}");
        }
    }
}

#[tokio::test]
async fn secrets_open_with_the_host_s_key_only() {
    let house = House::new().await;
    let connection = house.connected("shop").await;
    let opened = house.store.secrets(connection.id).await.unwrap();
    assert_eq!(opened.get("access-token").unwrap().expose(), TOKEN);
    let refused = open(&house.file(), sealer("cd")).err().unwrap();
    assert!(matches!(&refused, StoreError::Refused(text) if text.contains("another key")), "{refused}");
    // What another key sealed into a file that was open already does not open either.
    house.raw().execute("UPDATE secret SET sealed = zeroblob(64)", []).unwrap();
    assert!(matches!(house.store.secrets(connection.id).await, Err(StoreError::Seal(_))));
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_left_as_it_is() {
    let house = House::new().await;
    house.raw().execute_batch("PRAGMA user_version = 999").unwrap();
    let refused = open(&house.file(), sealer("ab")).err().unwrap();
    assert!(matches!(&refused, StoreError::Refused(text) if text.contains("999")), "{refused}");
    assert_eq!(house.see::<u32>("PRAGMA user_version"), 999);
}

#[tokio::test]
async fn another_business_on_the_same_connection_is_refused_and_nothing_changes() {
    let house = House::new().await;
    let before = house.connected("shop").await;
    let refused = house.grants(&before, "another", secrets(&[("access-token", "stolen")])).await;
    assert!(matches!(&refused, Err(StoreError::Refused(text)) if text.contains("another")), "{refused:?}");
    let after = house.store.connection(before.id).await.unwrap();
    assert_eq!(after.account, before.account);
    assert_eq!(house.store.secrets(before.id).await.unwrap().get("access-token").unwrap().expose(), TOKEN);
}

#[tokio::test]
async fn a_grant_for_the_same_business_keeps_the_tag_and_ends_a_pause() {
    let house = House::new().await;
    let before = house.connected("shop").await;
    let reason = connector_host::contract::types::Reason { code: "dead".to_owned(), message: make::words("dead") };
    house.store.pause(before.footing(), NOW, reason).await.unwrap();
    let business = before.account.clone().unwrap().id;
    let after = house.grants(&before, &business, secrets(&[("access-token", "fresh")])).await.unwrap();
    assert_eq!((after.state, after.pause.is_none(), after.tag), (ConnectionState::Active, true, before.tag));
    let kept = house.store.secrets(before.id).await.unwrap();
    assert_eq!(kept.get("access-token").unwrap().expose(), "fresh");
    assert_eq!(kept.get("verify-token").unwrap().expose(), VERIFY);
}

#[tokio::test]
async fn every_connection_has_a_tag_and_a_callback_address_of_its_own() {
    let house = House::new().await;
    let (mut tags, mut hooks) = (BTreeSet::new(), BTreeSet::new());
    for number in 0..50 {
        let connection = house.draft(&format!("tenant-{}", number % 3)).await;
        assert!(connection.tag.len() == 4 && connection.tag.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
        tags.insert(connection.tag);
        hooks.insert(connection.hook);
    }
    assert_eq!((tags.len(), hooks.len()), (50, 50));
    // The file itself says no to a second one.
    let twice = house.raw().execute("UPDATE connection SET tag = (SELECT tag FROM connection WHERE id = 1) WHERE id = 2", []);
    assert!(twice.is_err());
}

#[tokio::test]
async fn a_login_is_taken_once() {
    let house = House::new().await;
    let connection = house.draft("shop").await;
    house.store.remember_login([7; 32], connection.id, Default::default(), NOW).await.unwrap();
    let take = async |state| house.store.take_login([state; 32], NOW - 1).await.unwrap().map(|login| login.connection);
    assert_eq!(take(8).await, None);
    assert_eq!(take(7).await, Some(connection.id));
    assert_eq!(take(7).await, None);
}

#[tokio::test]
async fn a_login_that_began_too_long_ago_is_not_taken() {
    let house = House::new().await;
    let connection = house.draft("shop").await;
    house.store.remember_login([7; 32], connection.id, Default::default(), NOW).await.unwrap();
    assert!(house.store.take_login([7; 32], NOW + 1).await.unwrap().is_none());
    assert!(house.store.take_login([7; 32], NOW).await.unwrap().is_none());
}

#[tokio::test]
async fn the_same_notice_is_shown_once_and_counted() {
    let house = House::new().await;
    let connection = house.draft("shop").await;
    for at in [NOW, NOW + 5] {
        house.store.notify(connection.id, at, "", "slip", make::words("a slip")).await.unwrap();
    }
    let notices = house.store.notices(connection.id).await.unwrap();
    assert_eq!(notices.iter().map(|notice| (notice.at, notice.times)).collect::<Vec<_>>(), [(NOW, 2)]);
}
