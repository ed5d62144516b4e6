//! A login on a terminal: prints where to log in, takes the address that the browser landed on. Used by `connect` and `move`; decides nothing.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal};

use connector_host::store::Connection;
use connector_host::web::PublicAddress;
use connector_host::work::{Form, Host, LoginError, LoginStart};

use crate::output::Problem;

/// The form's field that says which version of Nhanh.vn's API a connection speaks.
pub(crate) const VERSION: &str = "api-version";

/// Words that fill in the connection's form.
#[derive(clap::Args, Debug)]
pub(crate) struct Filling {
    /// The version of Nhanh.vn's API, 3.0 or 2.0: short for --set api-version=VERSION.
    #[arg(long, value_name = "VERSION")]
    api: Option<String>,
    /// One value of the form, such as app-id=75086 or sync-orders=on.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// One secret of the form from a file or from the environment: client-secret=@FILE or client-secret=env:NAME.
    #[arg(long = "secret", value_name = "KEY=SOURCE")]
    secrets: Vec<String>,
}

impl Filling {
    /// What they fill in.
    pub(crate) fn form(&self) -> Result<Form, Problem> {
        let mut form = pairs(&self.set, "--set KEY=VALUE")?;
        if let Some(version) = &self.api
            && let Some(other) = form.insert(VERSION.to_owned(), version.clone())
            && other != *version
        {
            return Err(Problem::usage(format!("--api {version} and --set api-version={other} do not go together")));
        }
        for (key, source) in pairs(&self.secrets, "--secret KEY=@FILE or KEY=env:NAME")? {
            form.insert(key, secret(&source)?);
        }
        Ok(form)
    }
}

/// Words of the form KEY=VALUE.
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

/// Why nothing can be done yet with a connection that nobody has logged in to.
pub(crate) fn no_grant(connection: i64) -> String {
    format!("connection {connection} has no grant yet: `connector connect --connection {connection}` makes the first")
}

/// Begins a login that carries these changes of the form. Wrong values are wrong words.
pub(crate) async fn begin(host: &Host, connection: i64, address: &PublicAddress, changes: Form) -> Result<LoginStart, Problem> {
    host.begin_login_with(connection, &address.redirect_url(), changes).await.map_err(|error| match error {
        LoginError::Form(error) => Problem::usage(error.to_string()),
        other => other.into(),
    })
}

/// Sends the person to the login, and ends it with the landing address that is pasted.
pub(crate) async fn finish(host: &Host, start: LoginStart) -> Result<Connection, Problem> {
    if let Some(moves) = &start.moves {
        tell!("  This login moves the connection ({}); until it is done the connection works as it is.", moves.vi);
    }
    tell!("  Log in and agree here: {}", start.url);
    tell!("  Then paste the address that the browser landed on:");
    let mut landing = String::new();
    std::io::stdin().lock().read_line(&mut landing)?;
    if landing.trim().is_empty() {
        let hint = if std::io::stdin().is_terminal() { "" } else { " (standard input is empty)" };
        return Err(Problem::usage(format!("no landing address was given{hint}: run the command again and paste it")));
    }
    let granted = host.end_login(&start.state, &landing).await?;
    let Some(account) = &granted.account else { return Err(Problem::failed("the login brought no grant")) };
    match &start.moves {
        Some(moves) => tell!("  Moved: {}. Business {}; links, orders and history stay.", moves.vi, account.id),
        None => tell!("  Connected to business {}.", account.id),
    }
    // The code of another's login would have led to another's business.
    let depots = if account.branches.is_empty() { "every depot".to_owned() } else { account.branches.join(", ") };
    tell!("    name    {}", account.name.as_deref().unwrap_or("(not told)"));
    tell!("    depots  {depots}");
    tell!("    Not yours? connector disconnect --connection {} --purge, before anything is synced.", granted.id);
    Ok(granted)
}
