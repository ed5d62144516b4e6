//! Pulls: one step is one request. No instance lives while it travels; each page is in the store before the next is asked for.

use super::failures::{Disposition, disposition, of_call, of_read};
use super::holdings::Held;
use super::point::point;
use super::{Host, Progress, flows, message};
use crate::contract::types::{Failure, FailureClass, Reason};
use crate::contract::{Page, Step};
use crate::names;
use crate::outbound::{Errand, Lane};
use crate::sandbox::{Connector, Courier};
use crate::seeing::figures;
use crate::store::{Connection, Halt, Run, RunState, StoreError, Trigger};

/// Pages that a pull brings in before others have their turn.
const PAGES: usize = 20;

/// What a piece of work came to.
#[derive(Debug, PartialEq)]
pub(super) enum Worked {
    /// It is done, or will never be.
    Done,
    /// It has to go on; absent: with back-off.
    Again(Option<u32>),
}

impl Host {
    /// Goes on with a run until its last page, until a failure stops it, or until it is the others' turn: its place is in the store.
    #[tracing::instrument(level = "info", name = "pull", skip(self, held), fields(entity))]
    pub(super) async fn pull(&self, run: i64, held: &Held) -> Result<Worked, StoreError> {
        let (mut run, owner) = self.store.run_and_owner(run).await?;
        let mut owner = owner.under(held.lease);
        tracing::Span::current().record("entity", names::entity(run.entity));
        if matches!(run.state, RunState::Done | RunState::Failed) {
            // It ended, and a crash kept its work from being crossed out. Going on would begin it anew.
            return Ok(Worked::Done);
        }
        let connector = self.connector(&owner.connector)?.clone();
        let errand = self.leased_errand(&owner, connector.descriptor(), Lane::Bulk, held).await?;
        for _ in 0..PAGES {
            let step = Step { entity: run.entity, scope: run.scope.clone(), cursor: run.cursor.clone() };
            let page = match self.step(&owner, &connector, &errand, &step).await {
                Ok(page) => page,
                Err(failure) => return self.stopped(&run, &owner, &errand, failure).await,
            };
            point("page-read");
            run.cursor = page.next.clone();
            (run.done, run.total) = (page.done, page.total);
            let flows = flows(connector.descriptor(), &owner);
            let applied = self.store.apply_page(run.id, owner.footing(), page, flows, self.clock.now()).await?;
            point("page-applied");
            self.listen(&mut owner, errand.heard(), None).await?;
            self.tell(&run, applied.ended);
            if applied.ended {
                count(&run, "done");
                return Ok(Worked::Done);
            }
            if applied.read > self.config.records_most {
                return self.stopped(&run, &owner, &errand, too_many(applied.read)).await;
            }
            if held.is_stopping() {
                break;
            }
        }
        Ok(Worked::Again(Some(0)))
    }

    pub(super) async fn step(&self, owner: &Connection, connector: &Connector, errand: &Errand, step: &Step) -> Result<Page, Failure> {
        let context = self.context(owner, connector.descriptor());
        let request = connector.build_sync_request(&context, step).await.result.map_err(|error| of_call(&error))??;
        let response = errand.send(request).await.map_err(|error| of_read(&error))?;
        let context = self.context(owner, connector.descriptor());
        connector.read_sync_response(&context, step, &response).await.result.map_err(|error| of_call(&error))?
    }

    /// What a failure makes of the run. Under an earlier grant it means nothing: the run is gone on with as it stands by then.
    async fn stopped(&self, run: &Run, owner: &Connection, errand: &Errand, failure: Failure) -> Result<Worked, StoreError> {
        errand.disbelieve();
        let now = self.clock.now();
        let entity = names::entity(run.entity);
        let class = names::failure_class(&failure.class);
        tracing::info!(connection = run.connection, run = run.id, entity, code = failure.code, class, "a pull stopped");
        let silent = self.listen(&mut owner.clone(), errand.heard(), Some(&failure.class)).await?;
        let (halt, worked) = match (silent, disposition(&failure.class)) {
            (Some(reason), _) => (Halt::PauseConnection(reason), Worked::Again(Some(0))),
            (None, Disposition::Again | Disposition::Hold) => (Halt::Wait, Worked::Again(None)),
            (None, Disposition::AgainAfter(ms)) => {
                errand.close_last(ms);
                (Halt::Wait, Worked::Again(Some(ms)))
            }
            // The run stays where it is: it goes on when the connection does.
            (None, Disposition::PauseConnection) => {
                let reason = Reason { code: failure.code.clone(), message: failure.message.clone() };
                (Halt::PauseConnection(reason), Worked::Again(Some(0)))
            }
            (None, Disposition::PauseStream) => (Halt::PauseStream, Worked::Done),
            (None, Disposition::GiveUp) if run.trigger == Trigger::Timer && failure.class == FailureClass::Unsupported => {
                (self.ask_otherwise(run).await?, Worked::Done)
            }
            (None, Disposition::GiveUp) => (Halt::GiveUp, Worked::Done),
        };
        count(run, word(&halt));
        self.store.halt_run(run.id, owner.footing(), failure, halt, now).await?;
        if worked == Worked::Done {
            self.tell(run, true);
        }
        Ok(worked)
    }

    fn tell(&self, run: &Run, ended: bool) {
        let entity = names::entity(run.entity);
        // Nobody has to listen.
        let _ = self.progress.send(Progress { connection: run.connection, entity, run: run.id, done: run.done, total: run.total, ended });
    }
}

/// The cursor moves and moves: no shop has so many.
fn too_many(read: u64) -> Failure {
    let count = read.to_string();
    let text = message(
        &format!("Đã đọc {count} bản ghi mà danh sách vẫn chưa hết, nên hệ thống dừng lại. Những gì đã đọc vẫn được giữ."),
        &format!("The list did not end after {count} records, so reading stopped. What was read is kept."),
        &[("count", &count)],
    );
    let code = "host.too-many-records".to_owned();
    Failure { class: FailureClass::Rejected, code, message: text, subject: None, field: None }
}

fn count(run: &Run, outcome: &'static str) {
    let trigger = match run.trigger {
        Trigger::Click => "click",
        Trigger::Timer => "timer",
        Trigger::Live => "live",
    };
    figures().run(names::entity(run.entity), trigger, outcome);
}

fn word(halt: &Halt) -> &'static str {
    match halt {
        Halt::Wait => "again",
        Halt::PauseConnection(_) | Halt::PauseStream => "paused",
        Halt::AskOtherwise { .. } => "unsupported",
        Halt::GiveUp => "failed",
    }
}
