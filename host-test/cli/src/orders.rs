//! `orders`: what happened to orders at Nobi, brought to the other side, and where they stand there.

use std::path::PathBuf;
use std::time::Duration;

use connector_host::contract::orders::OrderEvent;
use connector_host::plain;
use connector_host::work::Stop;
use serde_json::{Value, json};

use crate::call::read;
use crate::home::{Folder, PATIENCE};
use crate::output::{self, Outcome, Problem};

/// Orders on their way out.
#[derive(clap::Args)]
pub(crate) struct Orders {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Keep what happened to orders and bring it to the other side, each at most once.
    Push(Push),
    /// Show where orders stand: at Nobi, and beside it Nhanh.vn's status, carrier and tracking code.
    List(List),
    /// Show one order with all that became of its events.
    Show(Show),
}

/// Keep what happened to orders and bring it to the other side, each at most once.
///
/// The file holds one order event or a list of them, in the contract's plain JSON (`order-event`): products and branches by Nobi's ids, links
/// left out. The same event is kept once, however often it is given.
#[derive(clap::Args)]
struct Push {
    #[command(flatten)]
    folder: Folder,
    /// Which connection, where there are several.
    #[arg(long, value_name = "ID")]
    connection: Option<i64>,
    /// The file; `-` for standard input.
    file: PathBuf,
    /// How many seconds to wait for work that is due later, such as a next look.
    #[arg(long, value_name = "SECONDS", default_value_t = PATIENCE)]
    patience: u64,
    /// Print the outcomes as JSON.
    #[arg(long)]
    json: bool,
}

/// Show where orders stand: at Nobi, and beside it Nhanh.vn's status, carrier and tracking code.
///
/// Statuses come in by webhooks, by the polls of `serve`, and by `sync order-status`. They move Nobi's own only where the policy of order
/// statuses is "continuously", and forward only.
#[derive(clap::Args)]
struct List {
    #[command(flatten)]
    folder: Folder,
    /// Which connection, where there are several.
    #[arg(long, value_name = "ID")]
    connection: Option<i64>,
    /// How many, the newest first.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    most: u32,
    /// Print them as JSON.
    #[arg(long)]
    json: bool,
}

/// Show one order with all that became of its events.
#[derive(clap::Args)]
struct Show {
    #[command(flatten)]
    folder: Folder,
    /// Which connection, where there are several.
    #[arg(long, value_name = "ID")]
    connection: Option<i64>,
    /// Nobi's id of the order.
    order: String,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

impl Orders {
    pub(crate) async fn run(self) -> Outcome {
        match self.command {
            Command::Push(push) => push.run().await,
            Command::List(list) => list.run().await,
            Command::Show(show) => show.run().await,
        }
    }
}

impl List {
    async fn run(self) -> Outcome {
        let home = self.folder.open().await?;
        let connection = home.connection(self.connection).await?;
        let standings = home.host.store().standings(connection.id, None, self.most).await?;
        if self.json {
            output::json(&standings)?;
        } else if standings.is_empty() {
            tell!("no order yet");
        }
        for standing in standings.iter().filter(|_| !self.json) {
            tell!("{standing}");
        }
        Ok(())
    }
}

impl Show {
    async fn run(self) -> Outcome {
        let home = self.folder.open().await?;
        let connection = home.connection(self.connection).await?;
        let store = home.host.store();
        let unknown = || Problem::usage(format!("connection {} knows no order {}", connection.id, self.order));
        let standing = store.standings(connection.id, Some(&self.order), 1).await?.pop().ok_or_else(unknown)?;
        let events = store.order_outcomes(connection.id, &self.order).await?;
        if self.json {
            output::json(&json!({ "standing": standing, "events": events }))?;
            return Ok(());
        }
        tell!("{standing}");
        if let Some(url) = standing.there.and_then(|there| there.tracking_url) {
            tell!("  {url}");
        }
        for event in &events {
            tell!("  {event}");
        }
        Ok(())
    }
}

impl Push {
    async fn run(self) -> Outcome {
        let text = read(&self.file)?;
        let value: Value = serde_json::from_str(&text).map_err(|error| Problem::usage(format!("{}: {error}", self.file.display())))?;
        let values = match value {
            Value::Array(values) => values,
            one => vec![one],
        };
        let home = self.folder.open().await?;
        let connection = home.connection(self.connection).await?;
        let host = &home.host;
        let program = host.connector(&connection.connector)?.sandbox().load(connector_component::BYTES)?;
        let mut events: Vec<OrderEvent> = Vec::new();
        for (index, value) in values.iter().enumerate() {
            let event = plain::read(&program, "map-order", "event", value);
            events.push(event.map_err(|error| Problem::usage(format!("event {}: {error}", index + 1)))?);
        }
        let mut orders: Vec<String> = Vec::new();
        for event in events {
            orders.push(event.order.id.clone());
            host.order_event(connection.id, event).await?;
        }
        host.work(Stop::Idle(Duration::from_secs(self.patience))).await?;
        orders.sort();
        orders.dedup();
        let mut outcomes = Vec::new();
        for order in &orders {
            outcomes.extend(host.store().order_outcomes(connection.id, order).await?);
        }
        if outcomes.is_empty() && !orders.is_empty() {
            // Nothing was kept, which is so while the toggle is off.
            return Err(Problem::failed("không nhận sự kiện nào: đồng bộ đơn hàng đang tắt (no event was taken: orders are not synced)"));
        }
        if self.json {
            output::json(&outcomes)?;
        } else {
            for outcome in &outcomes {
                tell!("{outcome}");
            }
        }
        let open = outcomes.iter().filter(|outcome| outcome.needs_a_look()).count();
        if open > 0 {
            return Err(Problem::failed(format!("{open} of {} events did not go out", outcomes.len())));
        }
        Ok(())
    }
}
