//! `dead-letters`: what waits for a person, grouped by cause; tried again or set aside.

use std::time::Duration;

use connector_host::store::{LetterId, Note, Replay};
use connector_host::work::Stop;

use crate::home::{Folder, Home, PATIENCE};
use crate::output::{self, Outcome, Problem};

/// What waits for a person: orders that did not go out, and webhooks that nobody could work on.
#[derive(clap::Args)]
pub(crate) struct DeadLetters {
    #[command(subcommand)]
    command: Command,
}

/// Whose dead letters.
#[derive(clap::Args)]
struct Of {
    #[command(flatten)]
    folder: Folder,
    /// Which connection, where there are several.
    #[arg(long, value_name = "ID")]
    connection: Option<i64>,
}

impl Of {
    async fn open(&self) -> Result<(Home, i64), Problem> {
        let home = self.folder.open().await?;
        let connection = home.connection(self.connection).await?.id;
        Ok((home, connection))
    }
}

#[derive(clap::Subcommand)]
enum Command {
    /// List them by cause: how many, what happened, what happens by itself, what you can do.
    List {
        #[command(flatten)]
        of: Of,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show all that is known of one of them. An order shows its customer.
    Show {
        #[command(flatten)]
        of: Of,
        /// Which one: order-17, delivery-4.
        id: LetterId,
    },
    /// Try them again. An order's event that a later one of the same order has overtaken is left alone.
    Replay {
        #[command(flatten)]
        of: Of,
        /// Which ones: order-17 delivery-4.
        #[arg(required_unless_present = "cause")]
        ids: Vec<LetterId>,
        /// All with this code.
        #[arg(long, value_name = "CODE", conflicts_with = "ids")]
        cause: Option<String>,
        /// How many seconds to wait for work that is due later, such as a next look.
        #[arg(long, value_name = "SECONDS", default_value_t = PATIENCE)]
        patience: u64,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Set them aside, with a note. They are not tried any more.
    Discard {
        #[command(flatten)]
        of: Of,
        /// Which ones: order-17 delivery-4.
        #[arg(required = true)]
        ids: Vec<LetterId>,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
}

impl DeadLetters {
    pub(crate) async fn run(self) -> Outcome {
        match self.command {
            Command::List { of, json } => {
                let (home, connection) = of.open().await?;
                list(&home, connection, json).await
            }
            Command::Show { of, id } => {
                let (home, connection) = of.open().await?;
                let content = home.host.store().letter_content(connection, id).await?;
                let content = content.ok_or_else(|| missing(id))?;
                output::json(&content)?;
                Ok(())
            }
            Command::Replay { of, ids, cause, patience, json } => {
                let (home, connection) = of.open().await?;
                let ids = match cause {
                    Some(code) => of_cause(&home, connection, &code).await?,
                    None => ids,
                };
                replay(&home, connection, ids, patience, json).await
            }
            Command::Discard { of, ids, note } => {
                let text = note.trim().to_owned();
                if text.is_empty() {
                    return Err(Problem::usage("--note says why they are set aside"));
                }
                let (home, connection) = of.open().await?;
                let at = home.host.clock().now();
                let note = Note { at, operator: "cli".to_owned(), code: "skip.set-aside".to_owned(), records: 0, text };
                let count = home.host.store().discard_letters(connection, ids.clone(), note).await?;
                tell!("{count} of {} set aside", ids.len());
                if usize::try_from(count).unwrap_or(0) < ids.len() {
                    Err(Problem::failed("the others are no dead letters"))
                } else {
                    Ok(())
                }
            }
        }
    }
}

fn missing(id: LetterId) -> Problem {
    Problem::usage(format!("{id} is no dead letter of this connection: `connector dead-letters list` shows them"))
}

async fn list(home: &Home, connection: i64, json: bool) -> Outcome {
    let causes = home.host.dead_letters(connection).await?;
    if json {
        output::json(&causes)?;
        return Ok(());
    }
    if causes.is_empty() {
        tell!("Không có gì chờ xử lý. (Nothing waits for a person.)");
    }
    for cause in &causes {
        tell!("{} × {} [{}]", cause.letters.len(), cause.of, cause.code);
        for (what, told) in [("", &cause.happened), ("Tự làm / by itself: ", &cause.by_itself), ("Bạn / you: ", &cause.for_you)] {
            tell!("  {what}{} ({})", told.vi, told.en);
        }
        for letter in &cause.letters {
            let tries = letter.tries.map(|tries| format!(", {tries} tries")).unwrap_or_default();
            tell!("    {}  {}{tries}", letter.id, letter.about.as_deref().unwrap_or("–"));
        }
    }
    Ok(())
}

async fn of_cause(home: &Home, connection: i64, code: &str) -> Result<Vec<LetterId>, Problem> {
    let causes = home.host.dead_letters(connection).await?;
    let ids: Vec<LetterId> =
        causes.iter().filter(|cause| cause.code == code).flat_map(|cause| cause.letters.iter().map(|letter| letter.id)).collect();
    if ids.is_empty() { Err(Problem::usage(format!("no dead letter has the code {code}"))) } else { Ok(ids) }
}

async fn replay(home: &Home, connection: i64, ids: Vec<LetterId>, patience: u64, json: bool) -> Outcome {
    let replayed = home.host.replay_letters(connection, ids).await?;
    home.host.work(Stop::Idle(Duration::from_secs(patience))).await?;
    let left = home.host.store().dead_letters(connection).await?;
    let mut told = Vec::new();
    for (id, replay) in &replayed {
        let dead = left.iter().find(|letter| letter.id == *id);
        let word = match (replay, dead) {
            (Replay::Missing, _) => "missing",
            (Replay::Overtaken, _) => "overtaken",
            (Replay::Queued, Some(_)) => "failed-again",
            (Replay::Queued, None) => "went",
        };
        told.push((id, word, dead.and_then(|letter| letter.failure.as_ref())));
    }
    if json {
        let lines: Vec<_> = told
            .iter()
            .map(|(id, word, failure)| serde_json::json!({ "id": id, "became": word, "failure": failure.map(|failure| &failure.code) }))
            .collect();
        output::json(&lines)?;
    }
    for (id, word, failure) in told.iter().filter(|_| !json) {
        let why = match (*word, failure) {
            ("missing", _) => "không có mục nào như vậy (there is no such dead letter)".to_owned(),
            ("overtaken", _) => {
                "để yên: một sự kiện sau của đơn này đã gửi, gửi lại sẽ làm sai (left alone: a later event of the order has gone out)"
                    .to_owned()
            }
            ("went", _) => "đã xử lý, hoặc đang chờ đến lượt (done, or waiting for its turn)".to_owned(),
            (_, Some(failure)) => format!("{} ({}) [{}]", failure.message.vi, failure.message.en, failure.code),
            (_, None) => "vẫn chưa được (failed again)".to_owned(),
        };
        tell!("{id}: {why}");
    }
    match told.iter().filter(|(_, word, _)| *word != "went").count() {
        0 => Ok(()),
        left => Err(Problem::failed(format!("{left} of {} did not go", told.len()))),
    }
}
