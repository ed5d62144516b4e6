//! The SQL of what the connection page shows and lets a person decide. Every query names its connection.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, OptionalExtension, params};
use serde_json::{Value, json};

use super::events::append;
use super::letters::{replay_event, set_aside};
use super::rehearsal::rehearse;
use super::remarks::{ONCE, forget_kept_out, same_record};
use super::runs::{COLUMNS, begin_run, raw, typed};
use super::{SqliteStore, from_json};
use crate::clock::Instant;
use crate::contract::types::Entity;
use crate::contract::{Page, Scope};
use crate::names;
use crate::nobi::{Called, Policies, Tally, bearer, called};
use crate::store::events::code;
use crate::store::{
    Awaiting, Candidate, ConnectionId, Decision, FailedEvent, LetterId, Note, Pages, Replay, Result, Retried, Run, StoreError,
    StreamFigures, Trigger,
};

const BULK: &str = "scope NOT LIKE '{\"Only\"%'";

fn count<N: TryInto<T>, T: TryFrom<i8> + Default>(number: N) -> T {
    number.try_into().unwrap_or_default()
}

pub(super) fn write_down(sqlite: &Sqlite, connection: ConnectionId, note: Note) -> Result<()> {
    if note.records > 0 {
        sqlite.execute(
            "INSERT INTO note (connection, at, operator, code, records, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![connection, note.at, note.operator, note.code, note.records, note.text],
        )?;
    }
    Ok(())
}

/// A Nobi record of the connection's own tenant.
pub(super) fn candidate(sqlite: &Sqlite, connection: ConnectionId, entity: Entity, id: i64) -> Result<Option<Candidate>> {
    let (table, code, alive) = match entity {
        Entity::Product => ("nobi_product", "sku", "deleted = 0"),
        Entity::Customer => ("nobi_customer", "phone", "1"),
        Entity::Branch => ("nobi_branch", "code", "1"),
        Entity::Category => ("nobi_category", "code", "1"),
        _ => return Ok(None),
    };
    let sql = format!(
        "SELECT id, name, {code}, EXISTS (SELECT 1 FROM link WHERE link.connection = ?1 AND link.entity = ?3 AND link.nobi = {table}.id
                AND link.state <> 'gone')
         FROM {table} WHERE id = ?2 AND {alive} AND tenant = (SELECT tenant FROM connection WHERE id = ?1)"
    );
    let row = |row: &rusqlite::Row<'_>| Ok(Candidate { id: row.get(0)?, name: row.get(1)?, code: row.get(2)?, taken: row.get(3)? });
    Ok(sqlite.prepare_cached(&sql)?.query_row(params![connection, id, names::entity(entity)], row).optional()?)
}

/// What stands in the candidates' place of a record that waits, once a person chose: it comes in by that when it is read again.
pub(super) fn choice(nobi: Option<i64>) -> String {
    nobi.map_or(json!("new"), |nobi| json!({ "pair": nobi })).to_string()
}

/// What a person said of a record that waits: which Nobi record is its pair, or none: it is a new one. Absent: nobody said anything, or the
/// record that was chosen is not there any more.
pub(crate) fn chosen_pair(sqlite: &Sqlite, connection: ConnectionId, entity: Entity, remote: &str) -> Result<Option<Option<i64>>> {
    let kept: Option<Option<String>> = sqlite
        .prepare_cached("SELECT candidates FROM link WHERE connection = ?1 AND entity = ?2 AND remote = ?3 AND state = 'waiting'")?
        .query_row(params![connection, names::entity(entity), remote], |row| row.get(0))
        .optional()?;
    let kept = kept.flatten().as_deref().map(from_json::<Value>).transpose()?.unwrap_or_default();
    if kept == "new" {
        return Ok(Some(None));
    }
    let Some(nobi) = kept.get("pair").and_then(Value::as_i64) else { return Ok(None) };
    Ok(candidate(sqlite, connection, entity, nobi)?.map(|it| Some(it.id)))
}

#[async_trait]
impl Pages for SqliteStore {
    async fn newest_runs(&self, connection: ConnectionId) -> Result<Vec<Run>> {
        self.read(move |sqlite| {
            let newest = format!("SELECT max(id) FROM run WHERE connection = ?1 AND {BULK} GROUP BY entity");
            let mut statement = sqlite.prepare_cached(&format!("SELECT {COLUMNS} FROM run WHERE id IN ({newest})"))?;
            let rows = statement.query_map([connection], raw)?.collect::<std::result::Result<Vec<_>, _>>()?;
            rows.into_iter().map(typed).collect()
        })
        .await
    }

    async fn figures(&self, connection: ConnectionId) -> Result<BTreeMap<String, StreamFigures>> {
        self.read(move |sqlite| {
            let mut all: BTreeMap<String, StreamFigures> = BTreeMap::new();
            let mut add = |sql: &str, put: fn(&mut StreamFigures, i64)| -> Result<()> {
                let mut statement = sqlite.prepare_cached(sql)?;
                let rows = statement.query_map([connection], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
                for row in rows {
                    let (entity, figure) = row?;
                    put(all.entry(entity).or_default(), figure);
                }
                Ok(())
            };
            let links =
                |state: &str| format!("SELECT entity, count(*) FROM link WHERE connection = ?1 AND state = '{state}' GROUP BY entity");
            add(&links("linked"), |it, n| it.linked = count(n))?;
            add(&links("waiting"), |it, n| it.waiting = count(n))?;
            add("SELECT entity, count(*) FROM refused WHERE connection = ?1 GROUP BY entity", |it, n| it.refused = count(n))?;
            add(&format!("SELECT entity, count(*) FROM ({ONCE}) GROUP BY entity"), |it, n| it.warned = count(n))?;
            add("SELECT entity, min(due) FROM refresh WHERE connection = ?1 GROUP BY entity", |it, due| it.due = Some(due))?;
            // While the connection is paused nothing runs by itself, whatever the time.
            let polled = "SELECT entity, due FROM schedule WHERE connection = ?1 AND entity <> '' AND due IS NOT NULL
                          AND (SELECT state FROM connection WHERE id = ?1) = 'active'";
            add(polled, |it, due| it.due = Some(it.due.map_or(due, |known| known.min(due))))?;
            let queued = "SELECT substr(key, 6), min(due) FROM work WHERE connection = ?1 AND key LIKE 'pull:%' GROUP BY key";
            add(queued, |it, due| it.due = Some(it.due.map_or(due, |known| known.min(due))))?;
            Ok(all)
        })
        .await
    }

    async fn failed_events(&self, connection: ConnectionId) -> Result<Vec<FailedEvent>> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT outbox.id, order_id, nobi_order.code, coalesce(outcome, '{\"failure\":' || worry || '}') FROM outbox JOIN connection ON connection.id = outbox.connection
                 LEFT JOIN nobi_order ON nobi_order.id = outbox.order_id AND nobi_order.tenant = connection.tenant
                 WHERE outbox.connection = ?1 AND (outbox.state = 'failed' OR outbox.state = 'waiting' AND worry IS NOT NULL)
                 ORDER BY outbox.id LIMIT 2000",
            )?;
            let rows = statement.query_map([connection], |row| {
                Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?, row.get::<_, Option<String>>(3)?))
            })?;
            let mut failed = Vec::new();
            for row in rows {
                let (id, order, code, outcome) = row?;
                let outcome: Option<Value> = outcome.as_deref().map(from_json).transpose()?;
                let failure = outcome.and_then(|it| it.get("failure").cloned()).and_then(|it| serde_json::from_value(it).ok());
                failed.push(FailedEvent { id, code: code.unwrap_or_else(|| order.clone()), order, failure });
            }
            Ok(failed)
        })
        .await
    }

    async fn retry_events(&self, connection: ConnectionId, ids: Vec<i64>, at: Instant) -> Result<Retried> {
        self.write(move |sqlite| {
            let mut retried = Retried::default();
            for id in ids {
                match replay_event(sqlite, connection, id, at)? {
                    Replay::Queued => retried.queued += 1,
                    Replay::Overtaken => retried.overtaken += 1,
                    Replay::Missing => {}
                }
            }
            Ok(retried)
        })
        .await
    }

    async fn discard_events(&self, connection: ConnectionId, ids: Vec<i64>, note: Note) -> Result<u32> {
        self.write(move |sqlite| {
            let mut records = 0;
            for id in ids {
                records += u32::from(set_aside(sqlite, connection, LetterId::Order(id), &note)?);
            }
            write_down(sqlite, connection, Note { records, ..note })?;
            Ok(records)
        })
        .await
    }

    async fn discard_remarks(
        &self,
        connection: ConnectionId,
        refused: bool,
        entity: Entity,
        remotes: Vec<String>,
        note: Note,
    ) -> Result<u32> {
        self.write(move |sqlite| {
            let (table, condition) = if refused { ("refused", "json_extract(failure, '$.code') = ?4") } else { ("warned", "code = ?4") };
            let sql = format!("DELETE FROM {table} WHERE connection = ?1 AND entity = ?2 AND remote = ?3 AND {condition}");
            let mut records = 0;
            for remote in remotes {
                records += count::<_, u32>(sqlite.execute(&sql, params![connection, names::entity(entity), remote, note.code])?);
                // What is said of its level and its price as well is said once.
                for other in same_record(entity).iter().filter(|_| !refused) {
                    sqlite.execute(&sql, params![connection, names::entity(*other), remote, note.code])?;
                }
            }
            if records > 0 {
                let detail = json!({ "of": table, "entity": names::entity(entity), "code": note.code, "records": records });
                append(sqlite, connection, note.at, code::DISCARDED, None, &detail)?;
            }
            write_down(sqlite, connection, Note { records, ..note })?;
            Ok(records)
        })
        .await
    }

    async fn called(&self, connection: ConnectionId, records: Vec<(Entity, String)>) -> Result<BTreeMap<String, Called>> {
        self.read(move |sqlite| {
            let mut all = BTreeMap::new();
            for (entity, remote) in records {
                if let Some(known) = called(sqlite, connection, entity, &remote)? {
                    all.insert(format!("{}/{remote}", names::entity(bearer(entity))), known);
                }
            }
            Ok(all)
        })
        .await
    }

    async fn pressed(&self, run: i64, operator: &str) -> Result<()> {
        let operator = operator.to_owned();
        self.write(move |sqlite| {
            sqlite.execute("UPDATE run SET operator = ?2 WHERE id = ?1", params![run, operator])?;
            Ok(())
        })
        .await
    }

    async fn notes(&self, connection: ConnectionId) -> Result<Vec<Note>> {
        self.read(move |sqlite| {
            let mut statement = sqlite
                .prepare_cached("SELECT at, operator, code, records, text FROM note WHERE connection = ?1 ORDER BY id DESC LIMIT 200")?;
            let rows = statement.query_map([connection], |row| {
                Ok(Note { at: row.get(0)?, operator: row.get(1)?, code: row.get(2)?, records: row.get(3)?, text: row.get(4)? })
            })?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
        .await
    }

    async fn awaiting(&self, connection: ConnectionId) -> Result<Vec<Awaiting>> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT entity, remote, candidates, since FROM link WHERE connection = ?1 AND state = 'waiting' AND candidates IS NOT NULL
                   AND candidates LIKE '[%' ORDER BY since, entity, remote LIMIT 500",
            )?;
            let rows = statement.query_map([connection], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get(3)?))
            })?;
            let mut awaiting = Vec::new();
            for row in rows {
                let (entity, remote, candidates, since) = row?;
                let Some(entity) = names::entity_from(&entity) else { continue };
                let ids: Vec<i64> = from_json(&candidates)?;
                let candidates = ids.into_iter().map(|id| candidate(sqlite, connection, entity, id)).collect::<Result<Vec<_>>>()?;
                awaiting.push(Awaiting { entity, remote, candidates: candidates.into_iter().flatten().collect(), since });
            }
            Ok(awaiting)
        })
        .await
    }

    async fn decide_pair(&self, connection: ConnectionId, entity: Entity, remote: &str, decision: Decision, at: Instant) -> Result<bool> {
        let remote = remote.to_owned();
        self.write(move |sqlite| {
            let name = names::entity(entity);
            let update = |set: &str, candidates: Option<String>| {
                let sql = format!(
                    "UPDATE link SET {set}, since = ?5 WHERE connection = ?1 AND entity = ?2 AND remote = ?3 AND state = 'waiting'"
                );
                sqlite.execute(&sql, params![connection, name, remote, candidates, at])
            };
            let changed = match decision {
                Decision::Pair(nobi) => {
                    let free = candidate(sqlite, connection, entity, nobi)?.filter(|it| !it.taken);
                    let promised = "SELECT EXISTS (SELECT 1 FROM link WHERE connection = ?1 AND entity = ?2 AND candidates = ?3)";
                    let promised: bool = sqlite.query_row(promised, params![connection, name, choice(Some(nobi))], |row| row.get(0))?;
                    free.filter(|_| !promised).ok_or_else(|| StoreError::Refused(format!("{name} {nobi} is not free")))?;
                    // The pair is made where every other one is, with all that waits for it.
                    update("candidates = ?4", Some(choice(Some(nobi))))?
                }
                Decision::New => update("candidates = ?4", Some(choice(None)))?,
                Decision::Never => update("state = 'tombstone', candidates = ?4", None)?,
            };
            if changed == 1 {
                let word = match decision {
                    Decision::Pair(_) => "pair",
                    Decision::New => "new",
                    Decision::Never => "never",
                };
                append(sqlite, connection, at, code::PAIR_DECIDED, Some(name), &json!({ "remote": remote, "decision": word }))?;
            }
            if changed == 1 && decision == Decision::Never {
                forget_kept_out(sqlite, entity)?;
            } else if changed == 1 {
                begin_run(sqlite, connection, entity, &Scope::Only(vec![remote]), Trigger::Click, at)?;
            }
            Ok(changed == 1)
        })
        .await
    }

    async fn rehearse(&self, connection: ConnectionId, entity: Entity, pages: Vec<Page>, flows: Policies, at: Instant) -> Result<Tally> {
        let file = self.readers.path.clone();
        self.beside(move || rehearse(&file, connection, entity, &pages, flows, at)).await
    }
}
