//! `connect`: makes a connection or fills an existing one, sends the person to the login, and takes the landing address.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal};

use connector_host::outbound::Overrides;
use connector_host::store::NewConnection;
use connector_host::web::PublicAddress;

use crate::home::Folder;
use crate::output::{Outcome, Problem};

/// Make a connection, or log in again.
#[derive(clap::Args)]
pub(crate) struct Connect {
    #[command(flatten)]
    folder: Folder,
    /// An existing connection to fill in again; without it a new one is made.
    #[arg(long, value_name = "ID")]
    connection: Option<i64>,
    /// Whose connection it is.
    #[arg(long, value_name = "TENANT", default_value = "shop")]
    tenant: String,
    /// One value of the form, such as app-id=75086 or sync-orders=on.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// One secret of the form from a file or from the environment: client-secret=@FILE or client-secret=env:NAME.
    #[arg(long = "secret", value_name = "KEY=SOURCE")]
    secrets: Vec<String>,
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
        let mut form = pairs(&self.set, "--set KEY=VALUE")?;
        for (key, source) in pairs(&self.secrets, "--secret KEY=@FILE or KEY=env:NAME")? {
            form.insert(key, secret(&source)?);
        }
        let overrides = Overrides { origins: pairs(&self.origins, "--origin ENDPOINT=ORIGIN")?, ..Overrides::default() };
        let home = self.folder.open().await?;
        let host = &home.host;
        let connection = match self.connection {
            Some(id) => host.store().connection(id).await.map_err(|error| Problem::usage(error.to_string()))?,
            None => {
                let connector = connector_component_id(host)?;
                host.draft(NewConnection { tenant: self.tenant, connector, overrides }).await?
            }
        };
        let address = PublicAddress::new(&self.public);
        tell!("connection {} of {}", connection.id, connection.tenant);
        tell!("  Copy into the app at open.nhanh.vn:");
        tell!("    Redirect URL           {}", address.redirect_url());
        tell!("    Webhooks callback URL  {}", address.webhook_url(&connection.hook));
        if form.is_empty() && self.connection.is_none() {
            let descriptor = host.connector(&connection.connector)?.descriptor().clone();
            tell!("  Then fill in the form with `connector connect --connection {} …`:", connection.id);
            for field in &descriptor.form {
                tell!("    {:30} {} ({})", field.key, field.label.vi, field.label.en);
            }
            return Ok(());
        }
        if !form.is_empty() {
            let kept = host.fill_in(connection.id, form).await;
            if kept.is_err() && self.connection.is_none() {
                // The same words, mended, make a draft of their own.
                host.store().discard_draft(connection.id).await?;
            }
            kept.map_err(|error| Problem::usage(error.to_string()))?;
        }
        if self.no_login {
            return Ok(());
        }
        let start = host.begin_login(connection.id, &address.redirect_url()).await?;
        tell!("  Log in and agree here: {}", start.url);
        tell!("  Then paste the address that the browser landed on:");
        let mut landing = String::new();
        std::io::stdin().lock().read_line(&mut landing)?;
        if landing.trim().is_empty() {
            let hint = if std::io::stdin().is_terminal() { "" } else { " (standard input is empty)" };
            return Err(Problem::usage(format!("no landing address was given{hint}: run the command again and paste it")));
        }
        let granted = host.end_login(&start.state, &landing).await?;
        let account = granted.account.as_ref();
        tell!("  Connected to business {}.", account.map_or("", |account| account.id.as_str()));
        Ok(())
    }
}

fn connector_component_id(host: &connector_host::work::Host) -> Result<String, Problem> {
    host.connector_ids().next().map(str::to_owned).ok_or_else(|| Problem::failed("this host has no connector"))
}

pub(crate) fn pairs(words: &[String], form: &str) -> Result<BTreeMap<String, String>, Problem> {
    let pair = |word: &String| {
        let (key, value) = word.split_once('=').ok_or_else(|| Problem::usage(format!("`{word}` is not of the form {form}")))?;
        Ok((key.trim().to_owned(), value.to_owned()))
    };
    words.iter().map(pair).collect()
}

fn secret(source: &str) -> Result<String, Problem> {
    if let Some(path) = source.strip_prefix('@') {
        let text = std::fs::read_to_string(path).map_err(|error| Problem::usage(format!("the secret's file {path}: {error}")))?;
        return Ok(text.trim().to_owned());
    }
    match source.strip_prefix("env:") {
        Some(name) => std::env::var(name).map_err(|_| Problem::usage(format!("the environment has no {name}"))),
        None => Err(Problem::usage("a secret is given as KEY=@FILE or KEY=env:NAME, so that it stays out of the shell's history")),
    }
}
