//! The cursors that 3.0 gave out: a page's `next` is good only as it came, where it came from (3.0 reference section 2.4).
//!
//! Must never be asked what a cursor means, only where its page ended.

use std::collections::{HashMap, VecDeque};

/// How many cursors are remembered; older ones are forgotten, as if their time were over.
const REMEMBERED: usize = 200_000;

/// App, business, path, cursor as compact JSON.
type Key = (i64, i64, String, String);

/// Every cursor that may come back.
#[derive(Debug, Default)]
pub(crate) struct Cursors {
    ends: HashMap<Key, i64>,
    order: VecDeque<Key>,
}

impl Cursors {
    /// Notes a cursor and the id that its page ended with.
    pub(crate) fn give(&mut self, app: i64, business: i64, path: &str, cursor: String, last: i64) {
        let key = (app, business, path.to_owned(), cursor);
        if self.ends.insert(key.clone(), last).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ends.remove(&oldest);
        }
    }

    /// The id after which a page goes on; `None` for a cursor that was never given out.
    pub(crate) fn end(&self, app: i64, business: i64, path: &str, cursor: &str) -> Option<i64> {
        self.ends.get(&(app, business, path.to_owned(), cursor.to_owned())).copied()
    }
}
