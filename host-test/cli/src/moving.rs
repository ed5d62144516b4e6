//! `move`: brings a connection to another API of the other side, or to another app, by one login.

use crate::home::Folder;
use crate::login::{self, Filling};
use crate::output::{Outcome, Problem};
use crate::serve::public_address;

/// Move a connection to another version of Nhanh.vn's API, or to another app, by one login: `connector move --api 3.0`.
///
/// The connection works as it is until the new grant is there. Links, orders and history stay; what was under way begins anew, and nothing is
/// made twice. Going back is a move, too. A login that fails, or that is for another business, changes nothing.
#[derive(clap::Args)]
pub(crate) struct Move {
    #[command(flatten)]
    folder: Folder,
    /// Which connection, where there are several.
    #[arg(long, value_name = "ID")]
    connection: Option<i64>,
    #[command(flatten)]
    filling: Filling,
    /// The origin under which the world reaches this host; its /landing is the Redirect URL that is registered.
    #[arg(long, value_name = "ORIGIN", default_value = "https://localhost:8750")]
    public: String,
}

impl Move {
    pub(crate) async fn run(self) -> Outcome {
        let address = public_address(&self.public)?;
        let changes = self.filling.form()?;
        if changes.is_empty() {
            return Err(Problem::usage("say where to: --api 3.0, --api 2.0, or another app with --set app-id=… --secret client-secret=…"));
        }
        let home = self.folder.open().await?;
        let connection = home.connection(self.connection).await?;
        let id = connection.id;
        if connection.account.is_none() {
            return Err(Problem::usage(login::no_grant(id)));
        }
        let start = login::begin(&home.host, id, &address, changes).await?;
        if start.moves.is_none() {
            return Err(Problem::usage(format!(
                "nothing of that needs a new grant: `connector connect --connection {id} --no-login --set …` keeps it at once"
            )));
        }
        tell!("connection {id} of {}", connection.tenant);
        login::finish(&home.host, start).await?;
        tell!("  What was under way goes on with the next `connector sync` or `connector serve`.");
        Ok(())
    }
}
