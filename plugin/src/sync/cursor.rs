//! Where a stream is, between two of its steps: a small JSON text that the host keeps and only this file reads.
//!
//! It must hold everything that a step needs beside its own arguments, and a text that is not one of ours must never be taken for one.

use crate::nhanh::json::{self, Record};
use crate::nhanh::object::{Object, list};
use crate::nhanh::wire::Place;
use crate::wit::types::{Instant, RemoteId};

/// A host keeps no longer one; ours are far shorter.
pub(super) const LONGEST_CURSOR: usize = 4096;

/// Where a stream is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Page within a sweep or window, in the dialect's own terms.
    pub place: Place,
    /// Which sweep: 0 the default list, 1 what it leaves out (hidden products, deleted orders).
    pub sweep: u32,
    /// Requests done before this one.
    pub done: u32,
    /// Place in a list of ids.
    pub at: u32,
    /// Of those that the request names, the ones that the pages so far did not hold; empty on the first page.
    pub left: Vec<RemoteId>,
    /// Start of the window.
    pub from: Instant,
    /// End of the last window, fixed at the first step.
    pub until: Instant,
}

impl Cursor {
    /// The first page.
    #[must_use]
    pub fn start(place: Place) -> Self {
        Self { place, ..Self::default() }
    }

    /// As the host keeps it.
    #[must_use]
    pub fn write(&self) -> String {
        let object = Object::default().number("page", i64::from(self.place.page)).optional("next", self.place.next.as_deref());
        let object = if self.left.is_empty() { object } else { object.json("left", &list(self.left.iter().map(|it| json::quoted(it)))) };
        object
            .number("sweep", i64::from(self.sweep))
            .number("done", i64::from(self.done))
            .number("at", i64::from(self.at))
            .number("from", self.from)
            .number("until", self.until)
            .end()
    }

    /// As the host gave it back; `None` if it is not one of ours, or of a dialect that pages otherwise than from `first`.
    #[must_use]
    pub fn read(text: &str, first: &Place) -> Option<Self> {
        if text.len() > LONGEST_CURSOR {
            return None;
        }
        let tree = json::parse(text.as_bytes()).ok()?;
        let record = Record::of(&tree)?;
        let number = |field: &str| record.integer(field).ok().flatten();
        let small = |field: &str| number(field).and_then(|it| u32::try_from(it).ok());
        let page = small("page")?;
        let next = record.told("next").and_then(|it| it.as_str()).map(str::to_owned);
        let counts = first.page > 0;
        if counts != (page > 0) || (counts && next.is_some()) {
            return None;
        }
        let place = Place { page, next };
        let left = record.items("left").ok()?.filter_map(|(_, it)| it.as_str().map(str::to_owned)).collect();
        let cursor = Self {
            place,
            left,
            sweep: small("sweep")?,
            done: small("done")?,
            at: small("at")?,
            from: number("from")?,
            until: number("until")?,
        };
        (cursor.sweep <= 1 && cursor.from <= cursor.until).then_some(cursor)
    }
}
