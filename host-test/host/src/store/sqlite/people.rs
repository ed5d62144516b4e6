//! The SQL of accounts and sessions.

use async_trait::async_trait;
use rusqlite::{Connection as Sqlite, OptionalExtension, params};
use serde_json::json;

use super::SqliteStore;
use super::events::append;
use crate::clock::Instant;
use crate::store::events::code;
use crate::store::{ConnectionId, Operator, People, Result};

fn end_sessions(sqlite: &Sqlite, name: &str) -> Result<u32> {
    let ended = sqlite.execute("DELETE FROM session WHERE operator = (SELECT id FROM operator WHERE name = ?1)", [name])?;
    Ok(u32::try_from(ended).unwrap_or(u32::MAX))
}

#[async_trait]
impl People for SqliteStore {
    async fn add_operator(&self, name: &str, tenant: &str, proof: &str, at: Instant) -> Result<bool> {
        let (name, tenant, proof) = (name.to_owned(), tenant.to_owned(), proof.to_owned());
        self.write(move |sqlite| {
            let sql = "INSERT INTO operator (name, tenant, password, created) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
            Ok(sqlite.execute(sql, params![name, tenant, proof, at])? == 1)
        })
        .await
    }

    async fn has_operators(&self) -> Result<bool> {
        self.read(|sqlite| Ok(sqlite.query_row("SELECT EXISTS (SELECT 1 FROM operator)", [], |row| row.get(0))?)).await
    }

    async fn operator(&self, name: &str) -> Result<Option<(Operator, String)>> {
        let name = name.to_owned();
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached("SELECT id, name, tenant, password FROM operator WHERE name = ?1")?;
            let row = |row: &rusqlite::Row<'_>| Ok((Operator { id: row.get(0)?, name: row.get(1)?, tenant: row.get(2)? }, row.get(3)?));
            Ok(statement.query_row([name], row).optional()?)
        })
        .await
    }

    async fn operators(&self) -> Result<Vec<Operator>> {
        self.read(|sqlite| {
            let mut statement = sqlite.prepare_cached("SELECT id, name, tenant FROM operator ORDER BY name")?;
            let rows = statement.query_map([], |row| Ok(Operator { id: row.get(0)?, name: row.get(1)?, tenant: row.get(2)? }))?;
            Ok(rows.collect::<std::result::Result<_, _>>()?)
        })
        .await
    }

    async fn set_password(&self, name: &str, proof: &str) -> Result<bool> {
        let (name, proof) = (name.to_owned(), proof.to_owned());
        self.write(move |sqlite| {
            let changed = sqlite.execute("UPDATE operator SET password = ?2 WHERE name = ?1", params![name, proof])? == 1;
            end_sessions(sqlite, &name)?;
            Ok(changed)
        })
        .await
    }

    async fn remove_operator(&self, name: &str) -> Result<bool> {
        let name = name.to_owned();
        self.write(move |sqlite| {
            end_sessions(sqlite, &name)?;
            Ok(sqlite.execute("DELETE FROM operator WHERE name = ?1", [name])? == 1)
        })
        .await
    }

    async fn close_sessions(&self, name: &str) -> Result<Option<u32>> {
        let name = name.to_owned();
        self.write(move |sqlite| {
            let is: bool = sqlite.query_row("SELECT EXISTS (SELECT 1 FROM operator WHERE name = ?1)", [&name], |row| row.get(0))?;
            let ended = end_sessions(sqlite, &name)?;
            Ok(is.then_some(ended))
        })
        .await
    }

    async fn open_session(&self, token: [u8; 32], operator: i64, at: Instant, since: Instant) -> Result<()> {
        self.write(move |sqlite| {
            sqlite.execute("DELETE FROM session WHERE created < ?1", [since])?;
            sqlite.execute("INSERT INTO session (token, operator, created) VALUES (?1, ?2, ?3)", params![token, operator, at])?;
            Ok(())
        })
        .await
    }

    async fn session(&self, token: [u8; 32], since: Instant) -> Result<Option<Operator>> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached(
                "SELECT operator.id, name, tenant FROM session JOIN operator ON operator.id = session.operator
                 WHERE token = ?1 AND session.created >= ?2",
            )?;
            let row = |row: &rusqlite::Row<'_>| Ok(Operator { id: row.get(0)?, name: row.get(1)?, tenant: row.get(2)? });
            Ok(statement.query_row(params![token, since], row).optional()?)
        })
        .await
    }

    async fn close_session(&self, token: [u8; 32]) -> Result<()> {
        self.write(move |sqlite| {
            sqlite.execute("DELETE FROM session WHERE token = ?1", [token])?;
            Ok(())
        })
        .await
    }

    async fn connected_by(&self, connection: ConnectionId, operator: &str, at: Instant) -> Result<()> {
        let operator = operator.to_owned();
        self.write(move |sqlite| {
            sqlite.execute(
                "INSERT OR REPLACE INTO connected_by (connection, operator, at) VALUES (?1, ?2, ?3)",
                params![connection, operator, at],
            )?;
            // The account's number: its name is a person's.
            let account = "SELECT id FROM operator WHERE name = ?1";
            let account: Option<i64> = sqlite.query_row(account, [operator], |row| row.get(0)).optional()?;
            append(sqlite, connection, at, code::OPERATOR_CONNECTED, None, &json!({ "operator": account }))
        })
        .await
    }

    async fn who_connected(&self, connection: ConnectionId) -> Result<Option<(String, Instant)>> {
        self.read(move |sqlite| {
            let mut statement = sqlite.prepare_cached("SELECT operator, at FROM connected_by WHERE connection = ?1")?;
            Ok(statement.query_row([connection], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
        })
        .await
    }
}
