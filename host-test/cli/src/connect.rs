//! `connect`: makes a connection or fills an existing one, sends the person to the login, and takes the landing address.

use connector_host::contract::{Field, FieldKind};
use connector_host::outbound::Overrides;
use connector_host::store::{ConnectionId, NewConnection};
use connector_host::work::{Form, FormError};

use crate::home::NewFolder;
use crate::login::{self, Filling, VERSION, pairs};
use crate::output::{Outcome, Problem};
use crate::serve::public_address;

/// Make a connection, or log in again.
#[derive(clap::Args)]
pub(crate) struct Connect {
    #[command(flatten)]
    folder: NewFolder,
    /// An existing connection to fill in again: fields that are not named stay. Without it a new one is made. Its tenant and its origins stay.
    #[arg(long, value_name = "ID", conflicts_with_all = ["tenant", "origins"])]
    connection: Option<i64>,
    /// Whose connection it is.
    #[arg(long, value_name = "TENANT", default_value = "shop")]
    tenant: String,
    #[command(flatten)]
    filling: Filling,
    /// Another origin for one of the component's endpoints: api=https://open.nhanh.vn.
    #[arg(long = "origin", value_name = "ENDPOINT=ORIGIN")]
    origins: Vec<String>,
    /// The origin under which the world reaches this host; its /landing is the Redirect URL to register.
    #[arg(long, value_name = "ORIGIN", default_value = "https://localhost:8750")]
    public: String,
    /// Only keep the form; log in later.
    #[arg(long)]
    no_login: bool,
}

impl Connect {
    pub(crate) async fn run(self) -> Outcome {
        // Wrong words are told before anything is made.
        let form = self.filling.form()?;
        let address = public_address(&self.public)?;
        let overrides = Overrides { origins: pairs(&self.origins, "--origin ENDPOINT=ORIGIN")?, ..Overrides::default() };
        // A connection that is there already is in a folder that is there already.
        let home = if self.connection.is_some() { self.folder.existing().open().await? } else { self.folder.open().await? };
        let host = &home.host;
        let connection = match self.connection {
            Some(id) => host.store().connection(id).await.map_err(|error| Problem::usage(error.to_string()))?,
            None => {
                let connector = connector_component_id(host)?;
                host.draft(NewConnection { tenant: self.tenant, connector, overrides }).await?
            }
        };
        let tell_addresses = || {
            tell!("connection {} of {}", connection.id, connection.tenant);
            tell!("  Copy into the app at open.nhanh.vn:");
            tell!("    Redirect URL           {}", address.redirect_url());
            tell!("    Webhooks callback URL  {}", address.webhook_url(&connection.hook));
        };
        if form.is_empty() && self.connection.is_none() {
            tell_addresses();
            let descriptor = host.connector(&connection.connector)?.descriptor().clone();
            tell!("  Then fill in the form with `connector connect --connection {} …`:", connection.id);
            for field in &descriptor.form {
                tell!("    {:30} {} ({})", field.key, field.label.vi, field.label.en);
            }
            return Ok(());
        }
        let said = self.connection.is_none().then(|| form.clone());
        let mut changes = Form::new();
        if !form.is_empty() {
            match host.fill_in(connection.id, form.clone()).await {
                Ok(_) => {}
                // The grant that is there does not cover them: the login brings them into force.
                Err(FormError::NeedsLogin(_)) if !self.no_login => changes = form,
                Err(error) => {
                    if self.connection.is_none() {
                        // The same words, mended, make a draft of their own.
                        host.store().discard_draft(connection.id).await?;
                    }
                    return Err(Problem::usage(error.to_string()));
                }
            }
        }
        // Not before: the address of a draft that is thrown away leads nowhere.
        tell_addresses();
        if let Some(form) = said {
            tell_of_version(&host.connector(&connection.connector)?.descriptor().form, &form, connection.id);
        }
        if self.no_login {
            return Ok(());
        }
        let start = login::begin(host, connection.id, &address, changes).await?;
        login::finish(host, start).await?;
        Ok(())
    }
}

/// A new connection that is not to speak the version that is offered first is told what the form says of its own, and the way to the other.
fn tell_of_version(fields: &[Field], form: &Form, connection: ConnectionId) {
    let Some(field) = fields.iter().find(|field| field.key == VERSION) else { return };
    let (Some(chosen), Some(first), FieldKind::Choice(choices)) = (form.get(VERSION), &field.default, &field.kind) else { return };
    let Some(choice) = choices.iter().find(|choice| &choice.value == chosen && chosen != first) else { return };
    tell!("  {}: {}  ({}: {})", field.label.vi, choice.label.vi, field.label.en, choice.label.en);
    tell!("    {}  ({})", field.help.vi, field.help.en);
    tell!("    → connector connect --connection {connection} --api {first}");
}

fn connector_component_id(host: &connector_host::work::Host) -> Result<String, Problem> {
    host.connector_ids().next().map(str::to_owned).ok_or_else(|| Problem::failed("this host has no connector"))
}
