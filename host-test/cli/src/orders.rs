//! `orders`: what happened to orders at Nobi, brought to the other side.

use std::path::PathBuf;

use connector_host::contract::orders::OrderEvent;
use connector_host::plain;
use connector_host::work::Stop;
use serde_json::Value;

use crate::call::read;
use crate::home::Folder;
use crate::output::{Outcome, Problem};

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
    /// Print the outcomes as JSON.
    #[arg(long)]
    json: bool,
}

impl Orders {
    pub(crate) async fn run(self) -> Outcome {
        match self.command {
            Command::Push(push) => push.run().await,
        }
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
        host.work(Stop::Idle(host.config().retry_most)).await?;
        orders.sort();
        orders.dedup();
        let mut outcomes = Vec::new();
        for order in &orders {
            outcomes.extend(host.store().order_outcomes(connection.id, order).await?);
        }
        if self.json {
            tell!("{}", serde_json::to_string_pretty(&outcomes)?);
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
