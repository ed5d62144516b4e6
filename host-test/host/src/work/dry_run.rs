//! A dry run: all the reads of a pull, and what applying them would come to. Nothing is kept, and no cursor moves.

use std::time::Duration;

use super::failures::{Disposition, disposition};
use super::{Host, flows, own_failure};
use crate::contract::types::{Entity, Failure, FailureClass};
use crate::contract::{Page, Scope, Step};
use crate::nobi::Tally;
use crate::outbound::Lane;
use crate::secret::Secrets;
use crate::store::{ConnectionId, StoreError};

/// The longest that one dry run waits for its turn, all its waits together.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// Failures in a row that may pass by themselves before a dry run gives up.
const TRIES: u32 = 5;

/// How a dry run ended.
#[derive(Clone, Debug)]
pub enum Rehearsed {
    /// What a pull would come to.
    Done(Tally),
    /// Why that cannot be said.
    Failed(Failure),
}

impl Host {
    /// Makes every read of a pull of this stream and counts what applying them would come to. `told` hears how far it is.
    pub async fn dry_run(
        &self,
        connection: ConnectionId,
        entity: Entity,
        told: impl Fn(u32, Option<u32>) + Send,
    ) -> Result<Rehearsed, StoreError> {
        let owner = self.store.connection(connection).await?;
        let connector = self.connector(&owner.connector)?.clone();
        let errand = self.errand(&owner, connector.descriptor(), Lane::Bulk, Secrets::default()).await?;
        let mut step = Step { entity, scope: Scope::Everything, cursor: None };
        let mut pages = Vec::new();
        let (mut tries, mut waited, mut bytes) = (0, Duration::ZERO, 0_usize);
        while pages.len() < self.config.dry_run_pages && bytes <= self.config.dry_run_bytes {
            match self.step(&owner, &connector, &errand, &step).await {
                Ok(page) => {
                    tries = 0;
                    told(page.done, page.total);
                    step.cursor = page.next.clone();
                    bytes = bytes.saturating_add(size(&page));
                    pages.push(page);
                }
                Err(failure) => {
                    tries += u32::from(!matches!(failure.class, FailureClass::RateLimited(_)));
                    let wait = match disposition(&failure.class) {
                        Disposition::AgainAfter(ms) => {
                            errand.close_last(ms);
                            Duration::from_millis(ms.into())
                        }
                        Disposition::Again if tries < TRIES => self.config.retry_first * tries,
                        _ => return Ok(Rehearsed::Failed(failure)),
                    };
                    waited += wait;
                    if waited > PATIENCE {
                        return Ok(Rehearsed::Failed(failure));
                    }
                    tokio::time::sleep(wait).await;
                    continue;
                }
            }
            if step.cursor.is_none() && bytes <= self.config.dry_run_bytes {
                let flows = flows(connector.descriptor(), &owner);
                return Ok(Rehearsed::Done(self.store.rehearse(connection, entity, pages, flows, self.clock.now()).await?));
            }
        }
        // What is told of a part would be taken for the whole.
        let vi = "Dữ liệu quá nhiều để xem trước. Bạn có thể đồng bộ luôn: chỉ tạo mới thì không ghi đè dữ liệu đang có.";
        let en = "There is too much for a dry run. You can sync at once: what is there already is not overwritten on create-only.";
        Ok(Rehearsed::Failed(own_failure(FailureClass::Rejected, "host.dry-run-too-long", vi, en)))
    }
}

/// What a page's records take, as JSON.
fn size(page: &Page) -> usize {
    struct Counted(usize);
    impl std::io::Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.saturating_add(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counted = Counted(0);
    // What cannot be written as JSON counts as no end of it.
    serde_json::to_writer(&mut counted, page).map_or(usize::MAX, |()| counted.0)
}
