//! Pages: rows and cursor together, of the grant that they were asked under, one stream once at a time.

use std::time::Duration;

use connector_host::contract::catalog::Change;
use connector_host::contract::types::Entity;
use connector_host::contract::{Page, Policy, Refresh, Scope};
use connector_host::store::{StoreError, Trigger};

use crate::ground::{Ground, all, connected, delivery, granted};
use crate::make::{self, NOW};

fn step(ids: &[&str], next: &str) -> Page {
    Page { next: Some(next.to_owned()), ..make::page(ids.iter().map(|id| Change::Category(make::category(id))).collect()) }
}

pub(crate) async fn a_cursor_is_never_ahead_of_its_rows(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    let store = ground.store();
    let run = store.begin_run(connection.id, Entity::Category, Scope::Everything, Trigger::Click, NOW).await.unwrap().unwrap();
    store.apply_page(run, connection.footing(), step(&["1"], "two"), all(Policy::CreateOnly), NOW).await.unwrap();
    ground.refuse_category("Nhóm 3").await;
    assert!(store.apply_page(run, connection.footing(), step(&["2", "3"], "three"), all(Policy::CreateOnly), NOW).await.is_err());
    let stopped = store.run(run).await.unwrap();
    assert_eq!((stopped.cursor.as_deref(), stopped.tally.get("category.created")), (Some("two"), 1));
    assert_eq!(store.nobi_counts("shop").await.unwrap().categories, 1);
}

pub(crate) async fn a_page_of_an_earlier_grant_is_thrown_away(ground: &dyn Ground) {
    let before = connected(ground, "shop").await;
    let store = ground.store();
    let run = store.begin_run(before.id, Entity::Category, Scope::Everything, Trigger::Click, NOW).await.unwrap().unwrap();
    store.apply_page(run, before.footing(), step(&["1"], "two"), all(Policy::CreateOnly), NOW).await.unwrap();
    let after = granted(ground, &before, Some(Duration::from_secs(3_600))).await;
    let late = store.apply_page(run, before.footing(), step(&["2"], "three"), all(Policy::CreateOnly), NOW).await;
    assert!(matches!(late, Err(StoreError::Superseded)), "{late:?}");
    assert_eq!(store.run(run).await.unwrap().cursor, None, "a cursor of the grant before means nothing under this one");
    store.apply_page(run, after.footing(), step(&["1", "2"], "two"), all(Policy::CreateOnly), NOW).await.unwrap();
    assert_eq!(store.nobi_counts("shop").await.unwrap().categories, 2);
}

pub(crate) async fn refreshes_of_many_connections_are_joined_together_or_not_at_all(ground: &dyn Ground) {
    let store = ground.store();
    let mut connections = Vec::new();
    for tenant in ["a", "b"] {
        let connection = connected(ground, tenant).await;
        let mut accepted = make::accepted(&["7"], Vec::new());
        accepted.refresh = vec![Refresh { entity: Entity::Product, ids: vec!["7".to_owned()], within_ms: 0 }];
        store.ingest(delivery(&connection, 1, accepted, None)).await.unwrap();
        connections.push(connection.id);
    }
    ground.refuse_work_of(connections[1]).await;
    assert!(store.join_refreshes(NOW).await.is_err());
    for connection in connections {
        assert_eq!(store.runs(connection, 10).await.unwrap().len(), 0, "no run without its work, and none without the other");
    }
    assert_eq!(store.next_due(&[]).await.unwrap(), Some(NOW), "what was asked for still waits");
}

pub(crate) async fn one_stream_is_pulled_once_at_a_time(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    let clicks: Vec<_> = (0..50)
        .map(|_| {
            let store = ground.store();
            tokio::spawn(
                async move { store.begin_run(connection.id, Entity::Product, Scope::Everything, Trigger::Click, NOW).await.unwrap() },
            )
        })
        .collect();
    let mut runs = 0;
    for click in clicks {
        runs += u32::from(click.await.unwrap().is_some());
    }
    assert_eq!(runs, 1);
}
