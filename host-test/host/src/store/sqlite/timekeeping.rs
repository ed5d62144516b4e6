//! The SQL of a clock that came back.

use async_trait::async_trait;
use rusqlite::{OptionalExtension, named_params};
use serde_json::json;

use super::SqliteStore;
use super::events::append;
use super::schedule::mark;
use crate::clock::Instant;
use crate::store::events::code;
use crate::store::{CameBack, ConnectionId, Result, Timekeeping};

/// Times in the future that become something else than now. They come first: what an order's look-ups prove is told by when it was sent.
const OTHERWISE: &str = "
    UPDATE schedule SET due = :now + abs(random() % max(:spread, 1)) WHERE due > :now + :spread;
    UPDATE lease SET until = :now + :lease WHERE until > :now + :lease;
    UPDATE stream SET last_success = NULL WHERE last_success > :now;
    UPDATE connection SET unreadable_since = NULL WHERE unreadable_since > :now;
    UPDATE order_push SET swept = '[]', empty_lookups = 0 WHERE remote IS NULL
        AND (last_sent > :now OR EXISTS (SELECT 1 FROM json_each(swept) WHERE value > :now));
    UPDATE order_push SET first_sent = :now - 86400000 WHERE first_sent > :now;
    UPDATE outbox SET status_sent = (SELECT json_group_array(min(value, :now)) FROM json_each(status_sent))
        WHERE EXISTS (SELECT 1 FROM json_each(status_sent) WHERE value > :now)";

/// Times in the future that become now. The ledger stays as it is: nobody works by it.
const TO_NOW: [(&str, &str); 26] = [
    ("work", "due"),
    ("refresh", "due"),
    ("run", "started"),
    ("run", "ended"),
    ("session", "created"),
    ("pending_login", "created"),
    ("delivery", "received"),
    ("held_order", "latest"),
    ("order_push", "last_sent"),
    ("order_push", "sweep_from"),
    ("order_push", "told_at"),
    ("order_push", "read_at"),
    ("order_push", "absent_since"),
    ("order_push", "called_off_at"),
    ("outbox", "tried_at"),
    ("outbox", "status_unanswered"),
    ("restored", "at"),
    ("restored", "made"),
    ("succession", "at"),
    ("nobi_stock", "updated"),
    ("sweep_product", "at"),
    ("webhook_arrival", "at"),
    ("webhook_health", "proven"),
    ("webhook_health", "refused"),
    ("webhook_health", "probed"),
    ("pulse", "at"),
];

/// Connections that paused after now, and have a token to go on with.
const PAUSED: &str = "
    UPDATE connection SET state = 'active', pause = NULL WHERE state = 'paused'
      AND EXISTS (SELECT 1 FROM secret WHERE secret.connection = connection.id AND name = 'access-token')
      AND ?1 < (SELECT at FROM event WHERE event.connection = connection.id AND code = ?2 ORDER BY event.id DESC LIMIT 1)
    RETURNING id";

fn milliseconds(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[async_trait]
impl Timekeeping for SqliteStore {
    async fn latest_time(&self) -> Result<Option<Instant>> {
        self.read(|sqlite| Ok(sqlite.query_row("SELECT at FROM pulse", [], |row| row.get(0)).optional()?)).await
    }

    async fn bring_back(&self, back: CameBack) -> Result<Vec<ConnectionId>> {
        self.write(move |sqlite| {
            let (now, spread, lease) = (back.now, milliseconds(back.spread), milliseconds(back.lease));
            for statement in OTHERWISE.split(';') {
                let mut statement = sqlite.prepare(statement)?;
                // Not each of them asks for each value.
                for (name, value) in named_params! { ":now": now, ":spread": spread, ":lease": lease } {
                    if let Some(index) = statement.parameter_index(name)? {
                        statement.raw_bind_parameter(index, value)?;
                    }
                }
                statement.raw_execute()?;
            }
            for (table, column) in TO_NOW {
                sqlite.execute(&format!("UPDATE {table} SET {column} = ?1 WHERE {column} > ?1"), [now])?;
            }
            let mut statement = sqlite.prepare(PAUSED)?;
            let resumed = statement.query_map(rusqlite::params![now, code::PAUSED], |row| row.get(0))?;
            let resumed = resumed.collect::<std::result::Result<Vec<ConnectionId>, _>>()?;
            for id in &resumed {
                append(sqlite, *id, now, code::RESUMED, None, &json!({ "clock": "came-back" }))?;
                mark(sqlite, *id)?;
            }
            Ok(resumed)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Sealer;

    /// Columns that are called so and hold none: a run's number, a price.
    const NONE: [&str; 2] = ["stream.kept_out_until", "nobi_product.compare_at"];
    /// Times that nobody works by: they are shown, or say in which order something was.
    const SHOWN: [&str; 14] = [
        "backup.at",
        "connected_by.at",
        "connection.created",
        "event.at",
        "former_connection.at",
        "held_order.since",
        "held_record.since",
        "link.since",
        "note.at",
        "notice.at",
        "operator.created",
        "refused.at",
        "stream.succeeded",
        "warned.at",
    ];

    #[tokio::test]
    async fn every_time_in_the_file_is_brought_back_or_only_shown() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("host.sqlite"), Sealer::from_hex(&"ab".repeat(32)).unwrap()).unwrap();
        let columns = "SELECT table_.name, column_.name FROM sqlite_master AS table_, pragma_table_info(table_.name) AS column_
                       WHERE table_.type = 'table' AND column_.type = 'INTEGER'";
        let columns: Vec<(String, String)> = store
            .read(|sqlite| {
                let mut statement = sqlite.prepare(columns)?;
                let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(rows.collect::<std::result::Result<_, _>>()?)
            })
            .await
            .unwrap();
        let ends = [
            "at",
            "since",
            "sent",
            "from",
            "due",
            "until",
            "created",
            "started",
            "ended",
            "received",
            "latest",
            "success",
            "updated",
            "made",
            "unanswered",
            "proven",
            "refused",
            "probed",
            "succeeded",
        ];
        let is_time = |column: &str| column.rsplit('_').next().is_some_and(|end| ends.contains(&end));
        let mut untold: Vec<String> = Vec::new();
        for (table, column) in columns.iter().filter(|(_, column)| is_time(column)) {
            let back = TO_NOW.contains(&(table, column)) || OTHERWISE.contains(&format!("UPDATE {table} SET {column} ="));
            let name = format!("{table}.{column}");
            if !back && !SHOWN.contains(&name.as_str()) && !NONE.contains(&name.as_str()) {
                untold.push(name);
            }
        }
        assert_eq!(untold, [""; 0], "these are times that a clock which came back leaves in the future");
    }
}
