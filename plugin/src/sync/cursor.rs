//! Where a stream is, between two of its steps: a small JSON text that the host keeps and only this file reads.
//!
//! It must hold everything that a step needs beside its own arguments, and a text that is not one of ours must never be taken for one.

use crate::nhanh::json::{self, Record};
use crate::nhanh::object::{Object, list};
use crate::nhanh::wire::Place;
use crate::wit::types::{Instant, RemoteId};

/// A host keeps no longer one; ours are far shorter.
pub(super) const LONGEST_CURSOR: usize = 4096;

/// A stream of more pages than this is going in circles.
const MOST_PAGES: u32 = 200_000;

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
    /// Pages of this pass before this one; a pass is one list from its first page to its last.
    pub pass: u32,
    /// The highest id that a pass by rising ids has come to.
    pub top: Option<RemoteId>,
    /// What stands for a place that this pass was at: a later page that leads there goes in a circle.
    pub been: Option<String>,
    /// That branches have prices of their own was said already.
    pub price_lists: bool,
}

/// Stands for a place's text, which may be too long to be kept twice (FNV-1a).
fn digest(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash.to_string()
}

impl Cursor {
    /// The first page.
    #[must_use]
    pub fn start(place: Place) -> Self {
        Self { place, ..Self::default() }
    }

    /// The first page of the pass after this one.
    #[must_use]
    pub fn pass(&self, first: Place) -> Self {
        Self { place: first, left: Vec::new(), pass: 0, top: None, been: None, ..self.clone() }
    }

    /// Whether this place is none that the pass has been at, as far as one remembered place can tell: it is replaced at pages 1, 2, 4, 8 and so
    /// on, which catches a circle of any length.
    #[must_use]
    pub fn goes_on(&mut self, before: &Cursor) -> bool {
        self.pass = before.pass.saturating_add(1);
        let Some(next) = &self.place.next else { return self.place != before.place && self.done <= MOST_PAGES };
        let here = digest(next);
        if self.place == before.place || before.been.as_ref() == Some(&here) || self.done > MOST_PAGES {
            return false;
        }
        if self.pass.is_power_of_two() {
            self.been = Some(here);
        }
        true
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
            .unless_zero("pass", i64::from(self.pass))
            .optional("top", self.top.as_deref())
            .optional("been", self.been.as_deref())
            .unless_zero("price-lists", i64::from(self.price_lists))
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
            // Cursors of before had none of these.
            pass: small("pass").unwrap_or(0),
            top: record.id("top").ok().flatten(),
            been: record.text("been").ok().flatten(),
            price_lists: small("price-lists").is_some(),
        };
        (cursor.sweep <= 1 && cursor.from <= cursor.until).then_some(cursor)
    }
}
