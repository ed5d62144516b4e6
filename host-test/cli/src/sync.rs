//! `sync`: pulls streams on a click, with progress, and says what became of the records.

use std::collections::BTreeMap;
use std::time::Duration;

use connector_host::contract::types::Entity;
use connector_host::contract::{Direction, Policy, Scope};
use connector_host::names;
use connector_host::store::{Run, RunState, Trigger};
use connector_host::work::{Stop, SyncError, flows};
use serde_json::{Value, json};

use crate::home::{Folder, Home, PATIENCE};
use crate::output::{self, Outcome, Problem};
use crate::{login, progress};

/// Pull from the other side.
#[derive(clap::Args)]
pub(crate) struct Sync {
    #[command(flatten)]
    folder: Folder,
    /// Which connection, where there are several.
    #[arg(long, value_name = "ID")]
    connection: Option<i64>,
    /// What to pull: branch, product, …
    #[arg(required_unless_present = "status", value_name = "ENTITY")]
    entities: Vec<String>,
    /// Only what changed since the beginning of this day in Vietnam, such as 2026-11-01.
    #[arg(long, value_name = "YYYY-MM-DD", conflicts_with = "only")]
    since: Option<jiff::civil::Date>,
    /// Only what changed since the last whole pull of each stream began, with some overlap; of order statuses else the last 30 days.
    #[arg(long, conflicts_with_all = ["since", "only"])]
    changes: bool,
    /// Only these records, by Nhanh.vn's ids: also those that were deleted here, customers excepted.
    #[arg(long, value_name = "ID,ID", value_delimiter = ',')]
    only: Option<Vec<String>>,
    /// Pull nothing: show each stream's policy, its last whole pull, and when it runs next by itself.
    #[arg(long, conflicts_with_all = ["entities", "since", "only", "changes"])]
    status: bool,
    /// How many seconds to wait for work that is due later, such as a next try.
    #[arg(long, value_name = "SECONDS", default_value_t = PATIENCE)]
    patience: u64,
    /// Print the runs as JSON.
    #[arg(long)]
    json: bool,
}

impl Sync {
    pub(crate) async fn run(self) -> Outcome {
        if self.status {
            return self.streams().await;
        }
        let mut entities = Vec::new();
        for word in &self.entities {
            entities.push(names::entity_from(word).ok_or_else(|| {
                Problem::usage(format!("`{word}` is nothing to pull: branch, category, product, stock, price, customer, order-status"))
            })?);
        }
        let scope = self.scope()?;
        let home = self.folder.open().await?;
        let connection = home.connection(self.connection).await?;
        let shown = progress::show(&home.host, self.json);
        let mut runs = Vec::new();
        for entity in entities {
            let scope = if self.changes { home.host.missing(connection.id, entity).await? } else { scope.clone() };
            let run = home.host.sync(connection.id, entity, scope, Trigger::Click).await;
            let begun = run.map_err(|error| match error {
                SyncError::NoGrant => Problem::failed(login::no_grant(connection.id)),
                other => Problem::usage(other.to_string()),
            })?;
            // One that was under way already goes on, and this command follows it to its end.
            let run = if begun.is_some() { begun } else { under_way(&home, connection.id, entity).await? };
            runs.extend(run.filter(|run| !runs.contains(run)));
        }
        home.host.work(Stop::Idle(Duration::from_secs(self.patience))).await?;
        drop(shown);
        let mut ended = Vec::new();
        for run in runs {
            ended.push(home.host.store().run(run).await?);
        }
        if self.json {
            output::json(&ended)?;
        }
        for run in ended.iter().filter(|_| !self.json) {
            let figures: Vec<String> = run.tally.iter().map(|(key, count)| format!("{key} {count}")).collect();
            tell!("{}: {}", names::entity(run.entity), if figures.is_empty() { "nothing".to_owned() } else { figures.join(", ") });
        }
        for line in remarks(&home, connection.id).await?.iter().filter(|_| !self.json) {
            tell!("{line}");
        }
        for run in &ended {
            let entity = names::entity(run.entity);
            match (&run.state, &run.failure) {
                (RunState::Done, _) => {}
                (_, Some(failure)) => {
                    return Err(Problem::failed(format!("{entity}: {} ({}) [{}]", failure.message.vi, failure.message.en, failure.code)));
                }
                (_, None) => return Err(Problem::failed(format!("{entity}: the pull did not end"))),
            }
        }
        Ok(())
    }
}

impl Sync {
    async fn streams(&self) -> Outcome {
        let home = self.folder.open().await?;
        let connection = home.connection(self.connection).await?;
        let descriptor = home.host.connector(&connection.connector)?.descriptor().clone();
        let defaults = flows(&descriptor, &connection);
        let (streams, schedule) = (home.host.store().streams(connection.id).await?, home.host.store().schedule(connection.id).await?);
        let mut told = Vec::new();
        for flow in descriptor.flows.iter().filter(|flow| flow.direction == Direction::IntoNobi && flow.unsupported.is_none()) {
            let stream = streams.iter().find(|stream| stream.entity == flow.entity);
            let default = defaults.of(flow.entity);
            let chosen = stream.and_then(|stream| stream.policy).filter(|_| default != Policy::Off);
            let due = schedule.iter().find(|(entity, _)| *entity == flow.entity).map(|(_, due)| *due);
            told.push(json!({
                "entity": names::entity(flow.entity),
                "policy": names::policy(chosen.unwrap_or(default)),
                "last-success": stream.and_then(|stream| stream.last_success).and_then(time),
                "next-run": due.and_then(time),
                "paused": stream.and_then(|stream| stream.pause.as_ref()).map(|pause| pause.code.clone()),
            }));
        }
        if self.json {
            output::json(&told)?;
            return Ok(());
        }
        let word = |line: &Value, key: &str, none: &str| line.get(key).and_then(Value::as_str).unwrap_or(none).to_owned();
        for line in &told {
            let paused = line.get("paused").and_then(Value::as_str).map(|code| format!(", paused [{code}]")).unwrap_or_default();
            let (entity, policy) = (word(line, "entity", ""), word(line, "policy", ""));
            let by_itself = matches!(policy.as_str(), "keep-updated" | "scheduled") || entity == "order-status" && policy != "off";
            let none = if by_itself { "once `serve` runs" } else { "on a click" };
            let (last, next) = (word(line, "last-success", "never"), word(line, "next-run", none));
            tell!("{entity:13} {policy:13} last {last}, next {next}{paused}");
        }
        Ok(())
    }

    /// What the words cover. Vietnam has no summer time: its day begins seven hours before that of UTC.
    fn scope(&self) -> Result<Scope, Problem> {
        if let Some(ids) = &self.only {
            return Ok(Scope::Only(ids.clone()));
        }
        let Some(day) = self.since else { return Ok(Scope::Everything) };
        let begin = day.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(7)));
        let begin = begin.map_err(|error| Problem::usage(format!("--since {day}: {error}")))?;
        Ok(Scope::Since(begin.timestamp().as_millisecond()))
    }
}

/// The run of the whole stream that is under way: nobody else works on this folder, so that it is there until this process goes on with it.
async fn under_way(home: &Home, connection: i64, entity: Entity) -> Result<Option<i64>, Problem> {
    let runs = home.host.store().runs(connection, u32::MAX).await?;
    let is_meant = |run: &&Run| {
        let whole = !matches!(run.scope, Scope::Only(_) | Scope::Made(_));
        whole && run.entity == entity && matches!(run.state, RunState::Waiting | RunState::Running)
    };
    Ok(runs.iter().find(is_meant).map(|run| run.id))
}

/// A moment as people in Vietnam write it down, in a form that sorts.
fn time(at: i64) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(at).ok()?.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(7)));
    Some(at.strftime("%Y-%m-%d %H:%M").to_string())
}

/// What is said of single records, joined by what is said: how many, what, and one of them.
async fn remarks(home: &Home, connection: i64) -> Result<Vec<String>, Problem> {
    let store = home.host.store();
    let mut joined: BTreeMap<(String, String), (usize, String, String)> = BTreeMap::new();
    let mut add = |entity: String, code: String, vi: String, id: String| {
        joined.entry((entity, code)).or_insert((0, vi, id)).0 += 1;
    };
    for (entity, id, failure) in store.refused(connection).await? {
        add(entity, failure.code, failure.message.vi, id);
    }
    for (entity, warning) in store.warned(connection).await? {
        add(entity, warning.code, warning.message.vi, warning.subject.unwrap_or_default());
    }
    for held in store.held_records(connection).await? {
        let code = if held.kept { format!("{}, kept as you said", held.code) } else { held.code };
        add(names::entity(held.entity).to_owned(), code, held.message.vi, held.remote);
    }
    let line = |((entity, code), (count, vi, id)): ((String, String), (usize, String, String))| {
        format!("  {count} × {entity} [{code}]: {vi} (such as {id})")
    };
    Ok(joined.into_iter().map(line).collect())
}
