//! A host that dies at any moment and is started again on the same file, beside a Nhanh.vn that lives on and remembers every order. Nothing
//! here knows how the host recovers.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use connector_host::contract::orders::OrderEvent;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tempfile::TempDir;

/// What a victim is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sentence {
    /// Where its file and key are.
    pub folder: PathBuf,
    /// The port that it answers on.
    pub port: u16,
    /// The named point that it dies at, and at the how-manieth time.
    pub die_at: Option<(String, u32)>,
}

/// A host in a process of its own. Killed when it is dropped.
pub struct Victim {
    child: Child,
    client: reqwest::Client,
    address: String,
}

/// A machine whose disk keeps only what was synced. Each life of the host has a folder of its own, made of what was on the disk when the power
/// failed, so that nothing that is still open knows better.
pub struct Machine {
    library: PathBuf,
    root: TempDir,
    life: u32,
}

impl Machine {
    /// With a host's file and key as they are in this folder, where nobody writes at the moment.
    pub fn with(folder: &Path) -> Result<Machine> {
        let root = TempDir::new()?;
        let library = root.path().join("unsynced.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("disk/unsynced.c");
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let built = Command::new(compiler).args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).status();
        ensure!(built.context("a C compiler")?.success(), "{} does not compile", source.display());
        let machine = Machine { library, root, life: 0 };
        machine.start_from(folder, folder)?;
        Ok(machine)
    }

    /// Where the host lives now.
    pub fn folder(&self) -> Result<PathBuf> {
        Ok(self.root.path().canonicalize()?.join(format!("life-{}", self.life)))
    }

    fn disk(&self) -> PathBuf {
        self.root.path().join(format!("disk-{}", self.life))
    }

    /// The power comes back.
    pub fn power_on(&mut self) -> Result<()> {
        let (folder, disk) = (self.folder()?, self.disk());
        self.life += 1;
        self.start_from(&disk, &folder)
    }

    fn start_from(&self, files: &Path, key: &Path) -> Result<()> {
        for place in [self.folder()?, self.disk()] {
            std::fs::create_dir_all(&place)?;
            for name in ["host.sqlite", "host.sqlite-wal"] {
                if files.join(name).exists() {
                    std::fs::copy(files.join(name), place.join(name))?;
                }
            }
        }
        std::fs::copy(key.join("host.key"), self.folder()?.join("host.key"))?;
        Ok(())
    }
}

impl Victim {
    /// Starts one and waits until it answers.
    pub fn start(program: &str, sentence: &Sentence) -> Result<Victim> {
        Victim::spawn(Command::new(program), sentence, sentence.die_at.is_some())
    }

    /// Starts one whose power fails at this sync of its files, before it reaches the disk or just after.
    pub fn start_on(program: &str, sentence: &Sentence, machine: &Machine, die_at: u64, before: bool) -> Result<Victim> {
        let mut command = Command::new(program);
        command.env("LD_PRELOAD", &machine.library);
        command.env("UNSYNCED_FOLDER", machine.folder()?).env("UNSYNCED_DISK", machine.disk());
        command.env("UNSYNCED_DIE_AT", format!("{}{die_at}", if before { "-" } else { "" }));
        Victim::spawn(command, sentence, true)
    }

    fn spawn(mut command: Command, sentence: &Sentence, may_die: bool) -> Result<Victim> {
        let mut child = command
            .arg(serde_json::to_string(sentence)?)
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .context("starting a victim")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("it has an output")?).read_line(&mut line)?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let victim = Victim { child, client, address: format!("http://127.0.0.1:{}", sentence.port) };
        ensure!(line.trim() == "ready" || may_die, "the victim did not come up: {line:?}");
        Ok(victim)
    }

    async fn post(&self, path: &str, body: String) -> bool {
        let request = self.client.post(format!("{}{path}", self.address)).header("content-type", "application/json").body(body);
        request.send().await.is_ok_and(|reply| reply.status() == 200)
    }

    /// Hands an order event over. True: it is acknowledged.
    pub async fn order(&self, connection: i64, event: &OrderEvent) -> Result<bool> {
        Ok(self.post(&format!("/control/order/{connection}"), serde_json::to_string(event)?).await)
    }

    /// Presses the button of a stream. True: it is acknowledged.
    pub async fn click(&self, connection: i64, entity: &str) -> bool {
        self.post(&format!("/control/click/{connection}/{entity}"), String::new()).await
    }

    /// Delivers a webhook. True: it is acknowledged.
    pub async fn deliver(&self, path: &str, body: &Value) -> bool {
        self.post(path, body.to_string()).await
    }

    /// Whether it has died by itself.
    pub fn is_dead(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Waits until it has died by itself; false: it lived that long.
    pub async fn dies_within(&mut self, longest: Duration) -> Result<bool> {
        let began = Instant::now();
        while began.elapsed() < longest {
            if self.is_dead()? {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(false)
    }

    /// SIGKILL.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.kill();
    }
}
