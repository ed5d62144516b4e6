//! `check`: the checklist of a connection, with a fix for each line that does not hold.

use connector_host::contract::Verdict;

use crate::home::Folder;
use crate::output::{self, Outcome, Problem};

/// Check a connection, line by line, and say how to mend what fails. Changes nothing at the other side.
#[derive(clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    folder: Folder,
    /// Which connection, where there are several.
    #[arg(long, value_name = "ID")]
    connection: Option<i64>,
    /// Print the lines as JSON.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(crate) async fn run(self) -> Outcome {
        let home = self.folder.open().await?;
        let connection = home.connection(self.connection).await?;
        let lines = home.host.check(connection.id).await?;
        if self.json {
            output::json(&lines)?;
        } else {
            for line in &lines {
                let mark = match line.verdict {
                    Verdict::Ok => "ok     ",
                    Verdict::Warning => "warning",
                    Verdict::Failed => "FAILED ",
                    Verdict::Unknown => "unknown",
                };
                tell!("{mark}  {}  ({})  [{}]", line.message.vi, line.message.en, line.code);
                if let Some(fix) = &line.fix {
                    tell!("         → {}  ({})", fix.vi, fix.en);
                }
            }
        }
        match lines.iter().filter(|line| line.verdict == Verdict::Failed).count() {
            0 => Ok(()),
            failed => Err(Problem::failed(format!("{failed} of {} lines failed", lines.len()))),
        }
    }
}
