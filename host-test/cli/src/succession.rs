//! `hand-over` and `pairs`: a shop that moved to another business, and the pairs of records that a person confirms.

use crate::home::Folder;
use crate::output::{Outcome, Problem};

/// Have another connection take over: the shop moved to another business at Nhanh.vn.
///
/// Connect the new business first (`connector connect`). From then on new orders go by the new connection, under its own tag; the old one
/// settles, cancels and reconciles what it sent, and reads no more records. Products that both businesses have, by their SKU, wait for your word:
/// `connector sync product`, then `connector pairs --confirm`.
#[derive(clap::Args)]
pub(crate) struct HandOver {
    #[command(flatten)]
    folder: Folder,
    /// The old connection.
    #[arg(long, value_name = "ID")]
    connection: i64,
    /// The new one.
    #[arg(long, value_name = "ID")]
    to: i64,
}

impl HandOver {
    pub(crate) async fn run(self) -> Outcome {
        let home = self.folder.open().await?;
        let moved = home.host.succeed(self.connection, self.to).await.map_err(Problem::failed)?;
        tell!("connection {} takes over from connection {}: {moved} orders that were not sent yet go by it", self.to, self.connection);
        tell!("  Connection {} ends what it sent, and reads no more records.", self.connection);
        tell!("  Next: `connector sync product --connection {}`, then `connector pairs --connection {} --confirm`.", self.to, self.to);
        Ok(())
    }
}

/// Show which records wait for a person to say what they are at Nobi; with --confirm, pair all that have one free candidate.
#[derive(clap::Args)]
pub(crate) struct Pairs {
    #[command(flatten)]
    folder: Folder,
    /// Which connection, where there are several.
    #[arg(long, value_name = "ID")]
    connection: Option<i64>,
    /// Pair every record that has one free candidate which no other record has; the others stay for the connection page.
    #[arg(long)]
    confirm: bool,
}

impl Pairs {
    pub(crate) async fn run(self) -> Outcome {
        let home = self.folder.open().await?;
        let id = home.connection(self.connection).await?.id;
        for waits in home.host.store().awaiting(id).await.map_err(Problem::failed)? {
            let found: Vec<String> = waits.candidates.iter().map(|it| format!("{} {}", it.id, it.name)).collect();
            tell!("{} {}: {}", connector_host::names::entity(waits.entity), waits.remote, found.join("; "));
        }
        if self.confirm {
            let confirmed = home.host.confirm_pairs(id).await.map_err(Problem::failed)?;
            tell!("{confirmed} pairs confirmed; they come in with the next `connector sync` or `connector serve`");
        }
        Ok(())
    }
}
