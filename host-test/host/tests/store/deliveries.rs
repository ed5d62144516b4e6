//! Deliveries: which is a repeat, which is news, and that each is taken in once.

use connector_host::contract::Refresh;
use connector_host::contract::types::{Entity, FailureClass};
use connector_host::store::Task;

use crate::ground::{Ground, claim, connected, delivery, failure, fresh};
use crate::make::{self, NOW};

pub(crate) async fn a_thousand_identical_deliveries_at_once_leave_one_pending_refresh(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    let mut accepted = make::accepted(&["7"], Vec::new());
    accepted.refresh = vec![Refresh { entity: Entity::Product, ids: vec!["7".to_owned()], within_ms: 0 }];
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let (store, delivery) = (ground.store(), delivery(&connection, 1, accepted.clone(), None));
            tokio::spawn(async move { store.ingest(delivery).await.unwrap() })
        })
        .collect();
    let mut news = 0;
    for task in tasks {
        news += usize::from(fresh(&task.await.unwrap()));
    }
    assert_eq!(news, 1);
    assert_eq!(ground.store().join_refreshes(NOW).await.unwrap(), 1);
    let first = claim(ground, "one", &[], NOW).await.unwrap();
    assert!(matches!(first.work.task, Task::Pull { .. }));
    assert!(claim(ground, "one", &[first.lease], NOW).await.is_none());
}

pub(crate) async fn there_and_back_again_is_three_facts(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    let mut news = Vec::new();
    for (hash, subjects) in [(5, &["A"][..]), (41, &["A", "B"]), (5, &["A"]), (5, &["A"])] {
        let ingest = delivery(&connection, hash, make::accepted(subjects, Vec::new()), None);
        news.push(fresh(&ground.store().ingest(ingest).await.unwrap()));
    }
    assert_eq!(news, [true, true, true, false]);
}

pub(crate) async fn a_kept_delivery_is_taken_in_once(ground: &dyn Ground) {
    let connection = connected(ground, "shop").await;
    let store = ground.store();
    let kept = store.keep_delivery(connection.id, NOW, [1; 32], b"body".to_vec(), failure(FailureClass::Transient), NOW).await.unwrap();
    assert_eq!(store.kept_delivery(kept).await.unwrap().unwrap().2, b"body");
    let turn = claim(ground, "one", &[], NOW).await.unwrap();
    assert_eq!(turn.work.task, Task::Delivery { id: kept });
    let mut news = Vec::new();
    for _ in 0..2 {
        // Two workers, of which the first was taken for dead: no subject tells the second that it is a repeat.
        let ingest = delivery(&connection, 1, make::accepted(&[], Vec::new()), Some(kept));
        news.push(fresh(&store.ingest(ingest).await.unwrap()));
    }
    assert_eq!(news, [true, false]);
    assert!(store.kept_delivery(kept).await.unwrap().is_none());
}
