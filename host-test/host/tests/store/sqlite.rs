//! The ground of the SQLite adapter: a file of its own, spoilt through triggers.

use std::sync::Arc;

use async_trait::async_trait;
use connector_host::store::{ConnectionId, Sealer, SqliteStore, Store};
use tempfile::TempDir;

use crate::ground::Ground;

pub(crate) struct SqliteGround {
    folder: TempDir,
    store: Arc<SqliteStore>,
}

impl SqliteGround {
    pub(crate) fn new() -> SqliteGround {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("host.sqlite"), Sealer::from_hex(&"ab".repeat(32)).unwrap()).unwrap();
        SqliteGround { folder, store: Arc::new(store) }
    }

    fn spoil(&self, trigger: &str) {
        rusqlite::Connection::open(self.folder.path().join("host.sqlite")).unwrap().execute_batch(trigger).unwrap();
    }
}

#[async_trait]
impl Ground for SqliteGround {
    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    async fn refuse_work_of(&self, connection: ConnectionId) {
        self.spoil(&format!(
            "CREATE TRIGGER no_work_{connection} BEFORE INSERT ON work WHEN new.connection = {connection}
             BEGIN SELECT RAISE(ABORT, 'no work'); END"
        ));
    }

    async fn refuse_category(&self, name: &str) {
        self.spoil(&format!(
            "CREATE TRIGGER no_category BEFORE INSERT ON nobi_category WHEN new.name = '{name}' BEGIN SELECT RAISE(ABORT, 'no category'); END"
        ));
    }
}
