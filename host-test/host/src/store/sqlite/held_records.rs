//! The SQL of what waits for a person's word.

use async_trait::async_trait;
use rusqlite::params;
use serde_json::json;

use super::connections::take_back;
use super::events::append;
use super::pages::write_down;
use super::runs::begin_run;
use super::{SqliteStore, from_json};
use crate::contract::Scope;
use crate::contract::types::Entity;
use crate::names;
use crate::store::events::code;
use crate::store::{ConnectionId, HeldRecord, HeldRecords, Note, Result, Trigger};

#[async_trait]
impl HeldRecords for SqliteStore {
    async fn held_records(&self, connection: ConnectionId) -> Result<Vec<HeldRecord>> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT entity, remote, code, message, since, answer IS NOT NULL FROM held_record
                 WHERE connection = ?1 AND answer IS NOT 'take' ORDER BY since, entity, remote",
            )?;
            let rows = statement.query_map([connection], |row| {
                Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?, row.get(4)?, row.get(5)?))
            })?;
            let mut held = Vec::new();
            for row in rows {
                let (entity, remote, code, message, since, kept) = row?;
                let Some(entity) = names::entity_from(&entity) else { continue };
                held.push(HeldRecord { entity, remote, code, message: from_json(&message)?, since, kept });
            }
            Ok(held)
        })
        .await
    }

    async fn decide_held_records(
        &self,
        connection: ConnectionId,
        entity: Entity,
        remotes: Vec<String>,
        take: bool,
        note: Note,
    ) -> Result<u32> {
        self.write(move |sqlite| {
            let (name, word, at) = (names::entity(entity), if take { "take" } else { "keep" }, note.at);
            let mut decided = Vec::new();
            for remote in remotes {
                let update = "UPDATE held_record SET answer = ?5 WHERE connection = ?1 AND entity = ?2 AND remote = ?3 AND code = ?4
                                AND (answer IS NULL OR answer = 'keep' AND ?5 = 'take')";
                if sqlite.prepare_cached(update)?.execute(params![connection, name, remote, note.code, word])? == 1 {
                    let detail = json!({ "remote": remote, "code": note.code, "decision": word });
                    append(sqlite, connection, at, code::HELD_DECIDED, Some(name), &detail)?;
                    take_back(sqlite, connection, &format!("{name}/{remote}"))?;
                    decided.push(remote);
                }
            }
            let count = u32::try_from(decided.len()).unwrap_or(u32::MAX);
            if !take {
                write_down(sqlite, connection, Note { records: count, ..note })?;
            }
            if take && !decided.is_empty() {
                // What is written is what the other side says then, not what it said when a person was asked.
                match entity {
                    Entity::Branch => begin_run(sqlite, connection, Entity::Stock, &Scope::Everything, Trigger::Click, at)?,
                    _ => begin_run(sqlite, connection, entity, &Scope::Only(decided), Trigger::Click, at)?,
                };
            }
            Ok(count)
        })
        .await
    }
}
