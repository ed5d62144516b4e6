//! A folder with one host's data: the SQLite file, the key, the lock, compiled code. One process at a time uses it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use connector_host::clock::Clock;
use connector_host::outbound::{Outbound, OutboundConfig};
use connector_host::sandbox::{CodeCache, Sandbox, SandboxConfig};
use connector_host::store::{Connection, Sealer, SqliteStore, Store};
use connector_host::work::{Host, HostConfig, Polls};

use crate::output::Problem;

/// Seconds that a command waits for work that is due later, where nobody says otherwise: longer than the pace's window and than the wait
/// before an order is sent again, shorter than anybody waits for a server that is down. What is left goes on with the next command.
pub(crate) const PATIENCE: u64 = 60;

/// Where a host's data is kept: it has to be there. A misspelt folder is no new host.
#[derive(clap::Args, Debug)]
pub(crate) struct Folder {
    /// The folder with the host's data.
    #[arg(long = "dir", value_name = "DIR", default_value = "nobi-connector-data")]
    dir: PathBuf,
}

/// Where a host's data is kept, or is to be.
#[derive(clap::Args, Debug)]
pub(crate) struct NewFolder {
    /// The folder with the host's data; made where there is none.
    #[arg(long = "dir", value_name = "DIR", default_value = "nobi-connector-data")]
    dir: PathBuf,
}

/// The host's file in its folder.
pub(crate) const DATABASE: &str = "host.sqlite";
/// Held by whoever works on it.
pub(crate) const LOCK: &str = "host.lock";
/// The key of its secrets.
pub(crate) const KEY: &str = "host.key";

/// An opened folder: the host that runs on it.
pub(crate) struct Home {
    pub(crate) host: Arc<Host>,
    pub(crate) database: PathBuf,
    _lock: File,
}

impl Folder {
    pub(crate) async fn open(&self) -> Result<Home, Problem> {
        self.database()?;
        open(&self.dir).await
    }

    /// Where it is.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The host's file.
    pub(crate) fn database(&self) -> Result<PathBuf, Problem> {
        let database = self.dir.join(DATABASE);
        if database.is_file() {
            return Ok(database);
        }
        Err(Problem::usage(format!(
            "no data of a host in {}: name its folder with --dir, or begin one with `connector connect`",
            self.dir.display()
        )))
    }

    /// Its data alone, also while another process works on the folder: for what concerns no work. Where nobody does, it is made ready as for a
    /// start; where somebody does, it has to be of this program's schema already.
    pub(crate) fn beside(&self) -> Result<Arc<dyn Store>, Problem> {
        let database = self.database()?;
        match claim(&self.dir) {
            Ok(lock) => {
                let store = SqliteStore::open(&database, sealer(&self.dir)?)?;
                drop(lock);
                Ok(Arc::new(store))
            }
            Err(_) => Ok(Arc::new(SqliteStore::open_beside(&database, sealer(&self.dir)?)?)),
        }
    }
}

impl NewFolder {
    pub(crate) async fn open(&self) -> Result<Home, Problem> {
        open(&self.dir).await
    }

    /// As one that has to be there.
    pub(crate) fn existing(&self) -> Folder {
        Folder { dir: self.dir.clone() }
    }

    /// The same for a service, which also asks for what is due by itself.
    pub(crate) async fn open_to_serve(&self) -> Result<Home, Problem> {
        open_to_serve(&self.dir).await
    }

    /// Where it is.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Makes it where there is none, and keeps other processes out while this is done. Where it fails, what was made for it goes again.
    pub(crate) fn claimed<T>(&self, done: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
        let made: Vec<&Path> = self.dir.ancestors().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()).collect();
        let file = self.dir.join(LOCK);
        let is_new = !file.exists();
        let lock = claim(&self.dir)?;
        let result = done();
        if result.is_err() {
            if is_new {
                let _ = std::fs::remove_file(&file);
            }
            // A folder that holds something by now stays.
            for folder in made {
                let _ = std::fs::remove_dir(folder);
            }
        }
        drop(lock);
        result
    }

    /// With the key that belongs to it.
    pub(crate) fn sealer(&self) -> Result<Sealer, Problem> {
        sealer(&self.dir)
    }
}

/// Opens a folder and starts a host on it, with the built-in component. It does what it is told, and polls nothing by itself.
pub(crate) async fn open(dir: &Path) -> Result<Home, Problem> {
    open_at(dir, Clock::system()).await
}

/// The same by this clock.
pub(crate) async fn open_at(dir: &Path, clock: Clock) -> Result<Home, Problem> {
    open_with(dir, clock, HostConfig { polls: Polls::never(), ..HostConfig::default() }).await
}

/// The same for a service, which also asks for what is due by itself.
pub(crate) async fn open_to_serve(dir: &Path) -> Result<Home, Problem> {
    open_with(dir, Clock::system(), HostConfig::default()).await
}

/// A folder that holds nothing yet: the named one, or a new one under the system's temporary folder.
pub(crate) fn fresh(named: Option<&Path>, what: &str) -> Result<PathBuf, Problem> {
    let Some(dir) = named else {
        return Ok(std::env::temp_dir().join(format!("nobi-connector-{what}-{}", Clock::system().now())));
    };
    let empty = std::fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
    if empty { Ok(dir.to_owned()) } else { Err(Problem::usage(format!("{} is not empty: name a new folder with --dir", dir.display()))) }
}

async fn open_with(dir: &Path, clock: Clock, config: HostConfig) -> Result<Home, Problem> {
    let lock = claim(dir)?;
    let database = dir.join(DATABASE);
    let store = SqliteStore::open_alone(&database, sealer(dir)?)?;
    let connector = sandbox(dir)?.admit(connector_component::BYTES).await?;
    tracing::debug!(code = ?connector.code_source(), "the connector is ready");
    let outbound = Outbound::new(OutboundConfig::default(), clock.clone())?;
    let host = Host::new(Arc::new(store), outbound, vec![connector], clock, config);
    Ok(Home { host, database, _lock: lock })
}

fn claim(dir: &Path) -> Result<File, Problem> {
    let mut folder = std::fs::DirBuilder::new();
    // One that is there already is as its owner wants it.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.recursive(true).create(dir).map_err(|error| Problem::usage(format!("the folder {} cannot be made: {error}", dir.display())))?;
    lock(dir)
}

/// The key of a folder, in hexadecimal digits. Made where there is none, and no data that another one would have sealed.
fn key(dir: &Path) -> Result<String, Problem> {
    // The environment's key wins, so that a deployment can keep it apart from the data.
    if let Ok(key) = std::env::var("CONNECTOR_KEY") {
        return Ok(key);
    }
    let file = dir.join(KEY);
    if !file.exists() && dir.join(DATABASE).exists() {
        return Err(Problem::usage(format!(
            "{} is missing, and the data in {} was sealed with it: put it back, or set CONNECTOR_KEY",
            file.display(),
            dir.display()
        )));
    }
    Sealer::from_file(&file)?;
    Ok(std::fs::read_to_string(&file)?)
}

fn sealer(dir: &Path) -> Result<Sealer, Problem> {
    Ok(Sealer::from_hex(&key(dir)?)?)
}

/// A sandbox that keeps compiled code in the folder. Where it cannot be kept, the next start compiles again, and that is all.
fn sandbox(dir: &Path) -> Result<Arc<Sandbox>, Problem> {
    Ok(match CodeCache::open(&dir.join("code"), &key(dir)?) {
        Ok(cache) => Sandbox::with_cache(SandboxConfig::default(), cache)?,
        Err(error) => {
            tracing::warn!(%error, "compiled code is not kept");
            Sandbox::new(SandboxConfig::default())?
        }
    })
}

fn lock(dir: &Path) -> Result<File, Problem> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(dir.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Problem::usage(format!(
            "another connector process works on {}: stop it first, or name another folder with --dir",
            dir.display()
        ))),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

impl Home {
    /// The connection that a command means: the named one, or the only one.
    pub(crate) async fn connection(&self, id: Option<i64>) -> Result<Connection, Problem> {
        if let Some(id) = id {
            return self.host.store().connection(id).await.map_err(|error| Problem::usage(error.to_string()));
        }
        let mut all = self.host.store().connections().await?;
        match (all.pop(), all.is_empty()) {
            (Some(only), true) => Ok(only),
            (None, _) => Err(Problem::usage("there is no connection yet: make one with `connector connect`")),
            (Some(_), false) => Err(Problem::usage("there are several connections: name one with --connection ID")),
        }
    }
}

/// How whoever runs this began to type it.
pub(crate) fn program() -> &'static str {
    if std::env::var_os("CARGO").is_some() { "cargo run --" } else { "connector" }
}

/// What is typed to open the connection page on a folder.
pub(crate) fn serve_words(dir: &Path, tenant: &str) -> String {
    let dir = dir.display().to_string();
    let dir = if dir.contains(char::is_whitespace) { format!("\"{dir}\"") } else { dir };
    format!("{} serve --dir {dir} --tenant {tenant}", program())
}
