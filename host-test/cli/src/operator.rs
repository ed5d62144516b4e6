//! `operator`: the accounts of the connection page. Passwords are made here and shown once. Works on the data itself, also while `serve` has the
//! folder: an account concerns no work that is under way, and what is signed in is looked up with each page.

use connector_host::clock::Clock;
use connector_host::store::Store;
use connector_host::web::page::{add_operator, new_password, reset_operator};

use crate::home::Folder;
use crate::output::{Outcome, Problem};

/// Make an account for the connection page, reset or remove one, or sign it out; without a name, list them.
///
/// Also while `serve` runs: it counts at once.
#[derive(clap::Args)]
pub(crate) struct Operator {
    #[command(flatten)]
    folder: Folder,
    /// What the person signs in with.
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Whose connections the person sees.
    #[arg(long, value_name = "TENANT", default_value = "shop", conflicts_with_all = ["reset", "remove", "sign_out"])]
    tenant: String,
    /// Make a new password for the account, and sign it out everywhere.
    #[arg(long, requires = "name", conflicts_with_all = ["remove", "sign_out"])]
    reset: bool,
    /// Remove the account, and sign it out everywhere. What it did stays written down.
    #[arg(long, requires = "name", conflicts_with = "sign_out")]
    remove: bool,
    /// Sign the account out everywhere.
    #[arg(long, requires = "name")]
    sign_out: bool,
}

impl Operator {
    pub(crate) async fn run(self) -> Outcome {
        let store = self.folder.beside()?;
        let Some(name) = &self.name else { return list(&*store).await };
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(Problem::usage("a name has 1 to 100 characters"));
        }
        let unknown = || Problem::usage(format!("there is no account {name}: `connector operator` lists them"));
        if self.remove {
            if !store.remove_operator(name).await? {
                return Err(unknown());
            }
            tell!("{name} is removed, and signed out everywhere");
            if !store.has_operators().await? {
                tell!("nobody can sign in now: the next start of `serve` makes a first account");
            }
            return Ok(());
        }
        if self.sign_out {
            let ended = store.close_sessions(name).await?.ok_or_else(unknown)?;
            tell!("{name} is signed out everywhere ({ended} sessions)");
            return Ok(());
        }
        let password = new_password().map_err(Problem::failed)?;
        if self.reset {
            if !reset_operator(&*store, name, &password).await.map_err(Problem::failed)? {
                return Err(unknown());
            }
            tell!("{name} signs in with {password} (shown this once), and is signed out everywhere");
            return Ok(());
        }
        let made = add_operator(&*store, name, &self.tenant, &password, Clock::system().now()).await;
        if !made.map_err(Problem::failed)? {
            return Err(Problem::usage(format!("there is an account {name} already: choose another name, or --reset its password")));
        }
        tell!("{name} signs in with {password} (shown this once) and sees the connections of {}", self.tenant);
        Ok(())
    }
}

async fn list(store: &dyn Store) -> Outcome {
    let all = store.operators().await?;
    if all.is_empty() {
        tell!("no account yet: `connector operator NAME --tenant TENANT` makes one");
    }
    for operator in all {
        tell!("{}  {}", operator.name, operator.tenant);
    }
    Ok(())
}
