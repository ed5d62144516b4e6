//! `events`: what became of a connection, one line after the other.

use crate::home::Folder;
use crate::output::{self, Outcome};

/// Show what became of a connection: grants, pauses, pulls, orders, deliveries, and what people decided.
///
/// The list only grows. It holds no personal data and no secret, so that it may be handed to support. Times are UTC.
#[derive(clap::Args)]
pub(crate) struct Events {
    #[command(flatten)]
    folder: Folder,
    /// Which connection, where there are several.
    #[arg(long, value_name = "ID")]
    connection: Option<i64>,
    /// Only what comes behind this entry.
    #[arg(long, value_name = "ID", default_value_t = 0)]
    after: i64,
    /// So many entries at the most.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: u32,
    /// Print the entries as JSON.
    #[arg(long)]
    json: bool,
}

impl Events {
    pub(crate) async fn run(self) -> Outcome {
        let home = self.folder.open().await?;
        let connection = match self.connection {
            // One that was purged still has its last entry; one without any has to be there.
            Some(id) if !home.host.store().events(id, 0, 1).await?.is_empty() => id,
            Some(id) => home.connection(Some(id)).await?.id,
            None => home.connection(None).await?.id,
        };
        let events = home.host.store().events(connection, self.after, self.limit).await?;
        if self.json {
            output::json(&events)?;
            return Ok(());
        }
        for event in &events {
            let at = jiff::Timestamp::from_millisecond(event.at).map(|at| at.to_string()).unwrap_or_default();
            tell!("{:>6}  {at}  {event}", event.id);
        }
        if let Some(last) = events.last().filter(|_| events.len() == self.limit as usize) {
            tell!("There may be more: --after {}", last.id);
        }
        Ok(())
    }
}
