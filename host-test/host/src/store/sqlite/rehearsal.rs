//! Tries pages on a copy of the rows that they could change, in tables of its own connection that go with it. Never writes into the host's
//! file, which it has open for reading alone, and never keeps the writer waiting.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection as Sqlite, OpenFlags, params};

use super::connections::load;
use super::runs::chosen;
use crate::clock::Instant;
use crate::contract::Page;
use crate::contract::types::Entity;
use crate::names;
use crate::nobi::{Applier, Policies, Tally};
use crate::store::{ConnectionId, Result, Trigger};

/// What changes write to, and which rows of it they may look at. What only grows by a change begins empty.
const COPIED: [(&str, &str); 17] = [
    ("nobi_branch", "tenant = ?2"),
    ("nobi_category", "tenant = ?2"),
    ("nobi_product", "tenant = ?2"),
    ("nobi_customer", "tenant = ?2"),
    ("nobi_order", "tenant = ?2"),
    ("nobi_stock", "product IN (SELECT id FROM main.nobi_product WHERE tenant = ?2)"),
    ("link", "connection = ?1"),
    ("order_push", "connection = ?1"),
    ("parked_stock", "connection = ?1"),
    ("refresh", "connection = ?1"),
    ("held_record", "connection = ?1"),
    ("sweep_branch", "FALSE"),
    ("sweep_product", "FALSE"),
    ("warned", "FALSE"),
    ("work", "FALSE"),
    ("notice", "FALSE"),
    ("event", "FALSE"),
];

/// Makes the copies: tables of the same names that hide those of the file.
fn hide(sqlite: &Sqlite, connection: ConnectionId, tenant: &str) -> Result<()> {
    for (table, rows) in COPIED {
        let mut statement = sqlite.prepare(
            "SELECT sql FROM main.sqlite_master WHERE tbl_name = ?1 AND type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type DESC",
        )?;
        let made = statement.query_map([table], |row| row.get(0))?.collect::<std::result::Result<Vec<String>, _>>()?;
        for sql in made {
            let words = [
                ("CREATE TABLE ", "CREATE TABLE temp."),
                ("CREATE INDEX ", "CREATE INDEX temp."),
                ("CREATE UNIQUE INDEX ", "CREATE UNIQUE INDEX temp."),
            ];
            let (old, new) = words.into_iter().find(|(old, _)| sql.starts_with(old)).unwrap_or_default();
            sqlite.execute_batch(&sql.replacen(old, new, 1))?;
        }
        // The first parameter counts where the second one alone is asked for, too.
        let copy = format!("INSERT INTO temp.{table} SELECT * FROM main.{table} WHERE {rows} AND ?1 IS NOT NULL AND ?2 IS NOT NULL");
        sqlite.execute(&copy, params![connection, tenant])?;
    }
    Ok(())
}

/// What applying these pages would come to.
pub(super) fn rehearse(
    file: &Path,
    connection: ConnectionId,
    entity: Entity,
    pages: &[Page],
    flows: Policies,
    at: Instant,
) -> Result<Tally> {
    let sqlite = Sqlite::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    sqlite.busy_timeout(Duration::from_secs(10))?;
    // The copies name tables that they have no copy of.
    sqlite.execute_batch("PRAGMA foreign_keys = OFF; BEGIN")?;
    let owner = load(&sqlite, connection)?;
    let policies = chosen(&sqlite, connection, flows)?;
    hide(&sqlite, connection, &owner.tenant)?;
    let mut tally = Tally::default();
    for (number, page) in pages.iter().enumerate() {
        let mut applier = Applier::new(&sqlite, &owner, policies.clone(), Trigger::Click, at);
        applier.apply(&page.changes)?;
        // A number that no run of the file has.
        applier.keep_listed(0, number == 0, std::iter::empty())?;
        if page.next.is_none() {
            applier.end_sweep(0, entity)?;
        }
        tally.add(&applier.finish().tally);
        for _ in &page.refused {
            tally.count(names::entity(entity), "refused");
        }
    }
    Ok(tally)
}
