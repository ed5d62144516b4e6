//! Copies of the host's file and the way back from one: whole or not there, private, and careful with what may have gone out meanwhile.

use std::path::{Path, PathBuf};

use connector_host::contract::orders::{Earlier, OrderEvent, OrderEventKind};
use connector_host::store::{Before, Restored, Settled, Settlement, StoreError, backup, restore};

use crate::house::{House, open, sealer};
use crate::make::{self, NOW};

const MADE: i64 = NOW + 60_000;
const BACK: i64 = NOW + 120_000;

struct Copies {
    folder: tempfile::TempDir,
}

impl Copies {
    fn new() -> Copies {
        Copies { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn back(copy: &Path, to: &Path) -> Result<Restored, StoreError> {
    restore(copy, to, &sealer("ab"), Before::Refuse, BACK)
}

fn event(order: &str, created: i64) -> OrderEvent {
    let mut event = make::event(order, 1, OrderEventKind::Created);
    event.order.created = created;
    event
}

#[tokio::test]
async fn a_copy_is_made_while_others_write_and_holds_what_was_committed_before_it() {
    let (house, copies) = (House::new().await, Copies::new());
    let connection = house.connected("shop").await;
    let orders = async |from: u32, to: u32| {
        for order in from..to {
            house.store.order_event(connection.id, event(&format!("o{order}"), NOW), NOW).await.unwrap();
        }
    };
    orders(0, 20).await;
    let (from, to) = (house.file(), copies.path("copy.sqlite"));
    let copying = tokio::task::spawn_blocking(move || backup(&from, &to, MADE));
    orders(20, 120).await;
    let made = copying.await.unwrap().unwrap();
    assert_eq!((made.at, made.bytes), (MADE, std::fs::metadata(copies.path("copy.sqlite")).unwrap().len()));
    assert_eq!(copies.names(), ["copy.sqlite"], "one file, and nothing half made");
    let copy = rusqlite::Connection::open(copies.path("copy.sqlite")).unwrap();
    let held: u32 = copy.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0)).unwrap();
    assert!((20..=120).contains(&held), "{held}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(copies.path("copy.sqlite")).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_copy_is_never_written_over_and_none_is_made_of_what_is_no_host_s() {
    let (house, copies) = (House::new().await, Copies::new());
    std::fs::write(copies.path("mine.txt"), "mine").unwrap();
    let refused = |from: &Path, to: &str| match backup(from, &copies.path(to), MADE) {
        Err(StoreError::Refused(why)) => why,
        other => panic!("{other:?}"),
    };
    assert!(refused(&house.file(), "mine.txt").contains("exists already"));
    assert_eq!(std::fs::read_to_string(copies.path("mine.txt")).unwrap(), "mine");
    assert!(refused(&copies.path("mine.txt"), "copy").contains("not a file of this host"));
    assert!(refused(&copies.path("nowhere"), "copy").contains("is no file"));
    std::fs::write(copies.path("copy.partial"), "another copy").unwrap();
    assert!(refused(&house.file(), "copy").contains("copy.partial"));
    assert_eq!(copies.names(), ["copy.partial", "mine.txt"], "another's half-made copy is left alone");
}

#[tokio::test]
async fn what_comes_back_is_what_was_copied_without_who_was_signed_in() {
    let (house, copies) = (House::new().await, Copies::new());
    let connection = house.connected("shop").await;
    house.store.add_operator("lan", "shop", "proof", NOW).await.unwrap();
    house.store.open_session([7; 32], 1, NOW, 0).await.unwrap();
    house.store.remember_login([8; 32], connection.id, connector_host::store::Changes::default(), NOW).await.unwrap();
    let (copy, to) = (copies.path("copy.sqlite"), copies.path("host.sqlite"));
    backup(&house.file(), &copy, MADE).unwrap();
    house.store.order_event(connection.id, event("later", NOW), NOW).await.unwrap();
    let restored = back(&copy, &to).unwrap();
    assert_eq!(restored, Restored { made: Some(MADE), may_have_arrived: 0, kept: None, erased_since: Vec::new() });
    assert_eq!(copies.names(), ["copy.sqlite", "host.sqlite"]);
    let store = open(&to, sealer("ab")).unwrap();
    let known = store.connection(connection.id).await.unwrap();
    assert_eq!((known.tag, known.account), (connection.tag, connection.account));
    assert_eq!(store.secrets(connection.id).await.unwrap().get("access-token").unwrap().expose(), crate::house::TOKEN);
    assert!(store.session([7; 32], 0).await.unwrap().is_none() && store.take_login([8; 32], 0).await.unwrap().is_none());
    assert!(store.operator("lan").await.unwrap().is_some(), "the account stays: she signs in again");
    assert_eq!(store.outbox_counts(connection.id).await.unwrap().len(), 0);
    assert_eq!(store.events(connection.id, 0, 100).await.unwrap().last().unwrap().code, "event.restored");
}

#[tokio::test]
async fn every_order_without_a_pair_that_is_older_than_the_restore_may_have_arrived() {
    let (house, copies) = (House::new().await, Copies::new());
    let connection = house.connected("shop").await;
    for order in ["waits", "linked", "failed"] {
        house.store.order_event(connection.id, event(order, NOW), NOW).await.unwrap();
    }
    house.settles(&connection, 2, Some("777")).await.unwrap();
    for (row, order) in (4..).zip(["aside", "told-again"]) {
        house.store.order_event(connection.id, event(order, NOW), NOW).await.unwrap();
        house.store.intend(make::intent(&connection, order, &format!("abcd-{order}"), NOW)).await.unwrap();
        let known = Earlier::UNTOUCHED;
        house.store.know(connection.footing(), order, known).await.unwrap();
        let (footing, outcome) = (connection.footing(), serde_json::json!({}));
        house.store.settle(Settlement { footing, row, settled: Settled::Skipped, remote: None, outcome, at: NOW }).await.unwrap();
    }
    let (copy, to) = (copies.path("copy.sqlite"), copies.path("host.sqlite"));
    backup(&house.file(), &copy, MADE).unwrap();
    assert_eq!(back(&copy, &to).unwrap().may_have_arrived, 2);
    let store = open(&to, sealer("ab")).unwrap();
    // What the copy does not know of comes in again: made before the restore, and after it.
    store.order_event(connection.id, event("unknown", BACK - 1), BACK + 5).await.unwrap();
    store.order_event(connection.id, event("new", BACK + 1), BACK + 5).await.unwrap();
    // One whose events have all come to their end goes out no more, until there is another.
    store
        .order_event(connection.id, OrderEvent { id: "again".to_owned(), sequence: 2, ..event("told-again", NOW) }, BACK + 5)
        .await
        .unwrap();
    let ways =
        [("waits", true), ("linked", false), ("failed", true), ("unknown", true), ("new", false), ("aside", false), ("told-again", true)];
    for (order, may) in ways {
        let earlier = store.next_event(connection.id, order).await.unwrap().map(|row| row.earlier);
        let known = store.order_push(connection.id, order).await.unwrap().earlier.unwrap();
        assert_eq!(known.may_have_arrived, may, "{order}");
        let seen = earlier.filter(|earlier| earlier.may_have_arrived);
        if let Some(earlier) = seen {
            assert_eq!((earlier.first_sent, earlier.last_sent), (Some(MADE), Some(BACK)), "{order}: from the copy to the restore");
        }
    }
}

#[tokio::test]
async fn runs_go_on_from_their_cursors() {
    use connector_host::contract::types::Entity;
    use connector_host::contract::{Page, Policy, Scope};
    use connector_host::store::{Claim, RunState, Task, Trigger};

    let (house, copies) = (House::new().await, Copies::new());
    let connection = house.connected("shop").await;
    let run = house.store.begin_run(connection.id, Entity::Product, Scope::Everything, Trigger::Click, NOW).await.unwrap().unwrap();
    let page = Page { next: Some("page-2".to_owned()), ..make::page(Vec::new()) };
    house.store.apply_page(run, connection.footing(), page, crate::house::all(Policy::CreateOnly), NOW).await.unwrap();
    let taken = house.claim(NOW, false).await.unwrap();
    backup(&house.file(), &copies.path("copy"), MADE).unwrap();
    house.complete(&taken).await;
    back(&copies.path("copy"), &copies.path("host.sqlite")).unwrap();
    let store = open(&copies.path("host.sqlite"), sealer("ab")).unwrap();
    let kept = store.run(run).await.unwrap();
    assert_eq!((kept.state, kept.cursor.as_deref()), (RunState::Running, Some("page-2")));
    let claim = Claim { holder: "another".to_owned(), holds: Vec::new(), now: NOW, until: NOW + 30_000, only_live: false };
    assert_eq!(store.claim(claim).await.unwrap().unwrap().work.task, Task::Pull { run }, "whoever had it is gone");
}

#[tokio::test]
async fn a_copy_that_is_damaged_or_another_key_s_changes_nothing() {
    let (house, copies) = (House::new().await, Copies::new());
    house.connected("shop").await;
    let (copy, to) = (copies.path("copy"), copies.path("host.sqlite"));
    backup(&house.file(), &copy, MADE).unwrap();
    let stranger = restore(&copy, &to, &sealer("cd"), Before::Refuse, BACK);
    assert!(matches!(&stranger, Err(StoreError::Refused(why)) if why.contains("another key")), "{stranger:?}");
    let mut bytes = std::fs::read(&copy).unwrap();
    let half = bytes.len() / 2;
    bytes[half..half + 4096].fill(0xAA);
    std::fs::write(copies.path("damaged"), bytes).unwrap();
    assert!(restore(&copies.path("damaged"), &to, &sealer("ab"), Before::Refuse, BACK).is_err());
    assert_eq!(copies.names(), ["copy", "damaged"]);
}

#[tokio::test]
async fn a_file_that_is_there_is_refused_or_kept_beside_with_its_log() {
    let (house, copies) = (House::new().await, Copies::new());
    let connection = house.connected("shop").await;
    let copy = copies.path("copy");
    backup(&house.file(), &copy, MADE).unwrap();
    house.store.order_event(connection.id, event("only-here", NOW), NOW).await.unwrap();
    assert!(matches!(back(&copy, &house.file()), Err(StoreError::Refused(_))));
    // Its log has not been written back: the order stands there alone.
    let restored = restore(&copy, &house.file(), &sealer("ab"), Before::KeepBeside, BACK).unwrap();
    let kept = rusqlite::Connection::open(restored.kept.unwrap()).unwrap();
    let held: u32 = kept.query_row("SELECT count(*) FROM outbox WHERE order_id = 'only-here'", [], |row| row.get(0)).unwrap();
    assert_eq!(held, 1);
    let store = open(&house.file(), sealer("ab")).unwrap();
    assert!(store.outbox_counts(connection.id).await.unwrap().is_empty());
}
