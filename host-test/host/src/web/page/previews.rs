//! Dry runs that people asked for: what each came to, until the real one is started or the host ends. Nothing of them is durable: they
//! changed nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::places::{Place, Places};
use crate::contract::types::{Entity, Message};
use crate::names;
use crate::nobi::Tally;
use crate::store::{Connection, ConnectionId};
use crate::work::message;

/// Dry runs under way at once, and those of one tenant: each holds its pages in memory.
const AT_ONCE: (usize, usize) = (3, 1);

/// Where a dry run stands.
#[derive(Clone, Debug)]
pub(super) enum Preview {
    Running { done: u32, total: Option<u32> },
    Done(Tally),
    Failed(Message),
}

/// The dry runs of all connections.
pub(super) struct Previews {
    told: Mutex<BTreeMap<(ConnectionId, &'static str), Preview>>,
    places: Arc<Places>,
}

impl Previews {
    pub(super) fn new() -> Arc<Previews> {
        Arc::new(Previews { told: Mutex::default(), places: Places::new(AT_ONCE.0, AT_ONCE.1) })
    }

    pub(super) fn of(&self, connection: ConnectionId, entity: Entity) -> Option<Preview> {
        self.all().get(&(connection, names::entity(entity))).cloned()
    }

    pub(super) fn forget(&self, connection: ConnectionId, entity: Entity) {
        self.all().retain(|key, preview| *key != (connection, names::entity(entity)) || matches!(preview, Preview::Running { .. }));
    }

    pub(super) fn put(&self, connection: ConnectionId, entity: Entity, preview: Preview) {
        self.all().insert((connection, names::entity(entity)), preview);
    }

    /// Begins a dry run, unless this one is under way or there is no place for another, which the person is told.
    pub(super) fn begin(&self, connection: &Connection, entity: Entity) -> Option<Place> {
        if matches!(self.of(connection.id, entity), Some(Preview::Running { .. })) {
            return None;
        }
        let place = self.places.take(&connection.tenant);
        let begun = match &place {
            Some(_) => Preview::Running { done: 0, total: None },
            None => Preview::Failed(message(
                "Đang có lần xem trước khác chạy. Hãy đợi lần đó xong rồi bấm lại; hoặc đồng bộ luôn.",
                "Another dry run is under way. Wait for its end and press again, or sync at once.",
                &[],
            )),
        };
        self.put(connection.id, entity, begun);
        place
    }

    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<(ConnectionId, &'static str), Preview>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
