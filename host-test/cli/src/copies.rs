//! `backup` and `restore`: a copy of the host's file, made while another process serves, and the way back from one.

use std::path::PathBuf;

use connector_host::clock::Clock;
use connector_host::store::{Before, Restored, StoreError, backup, restore};

use crate::home::{DATABASE, Folder, KEY, LOCK, NewFolder};
use crate::output::{self, Outcome, Problem};

/// Copy the host's data to a file, also while another process serves.
///
/// The copy is of one moment, checked, and readable by you alone. Secrets in it stay sealed: the key (DIR/host.key) is not in it. Keep a copy of
/// the key somewhere else; without it a restored connection has to log in again.
#[derive(clap::Args)]
pub(crate) struct Backup {
    #[command(flatten)]
    folder: Folder,
    /// The file to write; one that exists is never written over.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(crate) fn run(self) -> Outcome {
        let database = self.folder.database()?;
        let made = backup(&database, &self.out, Clock::system().now()).map_err(worded)?;
        if self.json {
            output::json(&made)?;
        } else {
            tell!("{}: {} bytes", self.out.display(), made.bytes);
            tell!(
                "  Khóa {} không nằm trong bản sao: hãy giữ riêng. (The key is not in it: keep it apart.)",
                self.folder.dir().join(KEY).display()
            );
        }
        Ok(())
    }
}

/// Bring a copy back as the host's data.
///
/// The folder may hold nothing but the key (host.key). Afterwards every order that the copy does not know at the other side is looked for there
/// before it is sent, pulls go on from where the copy has them, and people sign in again. What changed at the other side since then comes with
/// `connector sync … --changes`.
#[derive(clap::Args)]
pub(crate) struct Restore {
    /// A file that `backup` made.
    file: PathBuf,
    #[command(flatten)]
    folder: NewFolder,
    /// Set data that is there aside: it is kept beside, under another name.
    #[arg(long)]
    force: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Restore {
    pub(crate) fn run(self) -> Outcome {
        let dir = self.folder.dir();
        let restored = self.folder.claimed(|| self.restored())?;
        if self.json {
            output::json(&restored)?;
            return Ok(());
        }
        let made = restored.made.and_then(|at| jiff::Timestamp::from_millisecond(at).ok()).map(|at| at.to_string());
        tell!("restored into {} (copy of {})", dir.display(), made.as_deref().unwrap_or("an unknown time"));
        if let Some(kept) = &restored.kept {
            tell!("  Dữ liệu cũ được giữ ở {} (what was there is kept)", kept.display());
        }
        tell!(
            "  {} đơn sẽ được tìm ở Nhanh.vn trước khi gửi, để không tạo trùng (orders that are looked for before they are sent)",
            restored.may_have_arrived
        );
        if !restored.erased_since.is_empty() {
            tell!(
                "  Khách đã xóa sau khi sao lưu nay có lại, hãy xóa lại: {} (erased after the copy was made, and back: erase them again)",
                restored.erased_since.join(", ")
            );
        }
        Ok(())
    }

    fn restored(&self) -> Result<Restored, Problem> {
        let dir = self.folder.dir();
        // The key, compiled code, the lock, and what a restore left that broke off.
        let known = |name: &str| name == KEY || name == "code" || name == LOCK || name.starts_with("host.sqlite.restoring");
        let mut others = std::fs::read_dir(dir)?.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()));
        if let (false, Some(other)) = (self.force, others.find(|name| !known(name))) {
            return Err(Problem::usage(format!(
                "{} is not empty ({other}): name another folder, or --force to set its data aside",
                dir.display()
            )));
        }
        let key = dir.join(KEY);
        if !key.exists() && std::env::var_os("CONNECTOR_KEY").is_none() {
            return Err(Problem::usage(format!("{} is missing: put the key of the copy there, or set CONNECTOR_KEY", key.display())));
        }
        let sealer = self.folder.sealer()?;
        let before = if self.force { Before::KeepBeside } else { Before::Refuse };
        restore(&self.file, &dir.join(DATABASE), &sealer, before, Clock::system().now()).map_err(worded)
    }
}

/// What the store refuses is a matter of the words.
fn worded(error: StoreError) -> Problem {
    match error {
        StoreError::Refused(text) => Problem::usage(text),
        other => Problem::Failed(other.into()),
    }
}
