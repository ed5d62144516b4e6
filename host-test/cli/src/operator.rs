//! `operator`: makes an account for the connection page. Its password is made here and shown once.

use connector_host::web::page::{add_operator, new_password};

use crate::home::Folder;
use crate::output::{Outcome, Problem};

/// Make an account for the connection page.
#[derive(clap::Args)]
pub(crate) struct Operator {
    #[command(flatten)]
    folder: Folder,
    /// What the person signs in with.
    #[arg(value_name = "NAME")]
    name: String,
    /// Whose connections the person sees.
    #[arg(long, value_name = "TENANT", default_value = "shop")]
    tenant: String,
}

impl Operator {
    pub(crate) async fn run(self) -> Outcome {
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(Problem::usage("a name has 1 to 100 characters"));
        }
        let home = self.folder.open().await?;
        let password = new_password().map_err(Problem::failed)?;
        if !add_operator(&home.host, name, &self.tenant, &password).await.map_err(Problem::failed)? {
            return Err(Problem::usage(format!("there is an account {name} already: choose another name")));
        }
        tell!("{name} signs in with {password} (shown this once) and sees the connections of {}", self.tenant);
        Ok(())
    }
}
