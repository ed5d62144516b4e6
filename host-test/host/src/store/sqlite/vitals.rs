//! The SQL of the store's own state.

use async_trait::async_trait;

use super::SqliteStore;
use crate::clock::Instant;
use crate::store::{Health, Lane, Pile, Result, StoreError, Vitals};

#[async_trait]
impl Health for SqliteStore {
    async fn pulse(&self, at: Instant) -> Result<()> {
        self.write(move |sqlite| {
            sqlite
                .prepare_cached("INSERT INTO pulse (id, at) VALUES (0, ?1) ON CONFLICT DO UPDATE SET at = max(at, excluded.at)")?
                .execute([at])?;
            Ok(())
        })
        .await?;
        let read: Instant = self.read(|sqlite| Ok(sqlite.query_row("SELECT at FROM pulse", [], |row| row.get(0))?)).await?;
        // Another question of the same kind may have written a later one.
        if read >= at { Ok(()) } else { Err(StoreError::Refused("what was just written is not there".to_owned())) }
    }

    async fn vitals(&self) -> Result<Vitals> {
        self.read(|sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT work.lane, CASE WHEN work.state = 'ready' AND connection.state <> 'active' THEN 'held' ELSE work.state END AS state,
                   count(*), min(work.due) FROM work JOIN connection ON connection.id = work.connection GROUP BY 1, 2",
            )?;
            let piles = statement.query_map([], |row| {
                Ok(Pile { lane: Lane::from_number(row.get(0)?), state: row.get(1)?, count: row.get(2)?, oldest: row.get(3)? })
            })?;
            let work = piles.collect::<std::result::Result<_, _>>()?;
            let mut statement = sqlite.prepare_cached("SELECT state, count(*) FROM connection GROUP BY state")?;
            let states = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(Vitals { work, connections: states.collect::<std::result::Result<_, _>>()? })
        })
        .await
    }
}
