//! Faults: what can go wrong on the way, planned for the next requests of a path or for all of them.
//!
//! A fault never changes what the shop would have done; it says whether the effect happens, when it shows, and what the caller gets to see.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::switches::Switches;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request is done at once; its answer comes this much later.
    Latency(Duration),
    /// The connection is closed, and nothing was done.
    Reset,
    /// The request is done; the connection is closed without an answer.
    AnswerLostAfterEffect,
    /// The connection is closed without an answer, and the new order shows in reads of orders this much later (by the clock of the
    /// settings), whatever [`Switches::shown_after`] says; what it holds shows in stock, and webhooks tell of it, at once.
    LateEffect(Duration),
    /// Answered as usual, and the new order shows in reads of orders this much later.
    LateButAnswered(Duration),
    /// HTTP 500 with a JSON body that is not Nhanh's; nothing was done.
    ServerError,
    /// HTTP 500 as above, after the request was done.
    ServerErrorAfterEffect,
    /// This HTTP status with an HTML page; nothing was done.
    Html(u16),
    /// This HTTP status with an HTML page, after the request was done.
    HtmlAfterEffect(u16),
    /// The request is done; the JSON ends half way, in a whole HTTP message.
    Truncated,
    /// The request is done; the connection breaks half way through the body.
    BrokenOff,
    /// The request is done; the body is empty.
    EmptyBody,
    /// The request is done; the body is JSON of some other shape.
    Foreign,
    /// The request is done; the answer is `code` 0 with "Hệ thống đang bận", which says nothing of it.
    Busy,
    /// `code` 1 without any data, after the request was done.
    OkWithoutData,
    /// The rate limit's body, with its lock; nothing was done.
    RateLimited,
    /// The request is done; its body drips in over this time.
    Slow(Duration),
    /// The request is done; the body is padded with this many bytes of white space.
    Huge(usize),
}

impl Fault {
    /// Whether the request is done all the same.
    pub fn has_effect(&self) -> bool {
        !matches!(self, Self::Reset | Self::ServerError | Self::Html(_) | Self::RateLimited)
    }
}

#[derive(Debug, Default)]
struct Plans {
    next: HashMap<String, VecDeque<(Fault, u32)>>,
    always: HashMap<String, Fault>,
    switches: Switches,
}

/// The plans and switches of one simulator. A path is written as in a URL: `/api/order/add`, `/v3.0/order/add`; `*` stands for every path of
/// either dialect.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Plans>);

/// A fault that was planned once; [`Planned::times`] plans it more often.
#[derive(Debug)]
pub struct Planned<'a> {
    faults: &'a Faults,
    path: String,
}

impl Planned<'_> {
    /// The fault hits this many requests in all.
    pub fn times(self, count: u32) {
        if let Some(plan) = self.faults.plans().next.get_mut(&self.path).and_then(VecDeque::back_mut) {
            plan.1 = count;
        }
    }
}

impl Faults {
    /// Plans a fault for the next request of a path, behind those already planned.
    pub fn next(&self, path: &str, fault: Fault) -> Planned<'_> {
        self.plans().next.entry(path.to_owned()).or_default().push_back((fault, 1));
        Planned { faults: self, path: path.to_owned() }
    }

    /// Plans a fault for every request of a path, until [`Faults::clear`]; planned ones go first.
    pub fn always(&self, path: &str, fault: Fault) {
        self.plans().always.insert(path.to_owned(), fault);
    }

    /// Forgets every planned fault; switches stay.
    pub fn clear(&self) {
        let mut plans = self.plans();
        plans.next.clear();
        plans.always.clear();
    }

    /// How many planned faults have not happened yet.
    pub fn waiting(&self) -> usize {
        self.plans().next.values().flatten().map(|(_, count)| usize::try_from(*count).unwrap_or(0)).sum()
    }

    /// What is planned, by path: the fault, and for how many more requests; for all of them where there is no number.
    pub fn planned(&self) -> Vec<(String, Fault, Option<u32>)> {
        let plans = self.plans();
        let next = plans.next.iter().flat_map(|(path, queue)| queue.iter().map(|(fault, left)| (path.clone(), *fault, Some(*left))));
        let always = plans.always.iter().map(|(path, fault)| (path.clone(), *fault, None));
        let mut planned: Vec<_> = next.filter(|(.., left)| *left != Some(0)).chain(always).collect();
        planned.sort_by(|one, other| one.0.cmp(&other.0));
        planned
    }

    /// The switches as they are now.
    pub fn switches(&self) -> Switches {
        self.plans().switches.clone()
    }

    /// Changes switches: `faults.switch(|s| s.token_nested = true)`.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.plans().switches);
    }

    /// The fault that this request meets.
    pub(crate) fn take(&self, path: &str) -> Option<Fault> {
        let mut plans = self.plans();
        for key in [path, "*"] {
            if let Some(queue) = plans.next.get_mut(key) {
                while let Some((fault, count)) = queue.front_mut() {
                    if *count == 0 {
                        queue.pop_front();
                        continue;
                    }
                    *count -= 1;
                    return Some(*fault);
                }
            }
        }
        plans.always.get(path).or_else(|| plans.always.get("*")).copied()
    }

    fn plans(&self) -> MutexGuard<'_, Plans> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planned_faults_go_in_order_and_end() {
        let faults = Faults::default();
        faults.next("/a", Fault::Reset).times(2);
        faults.next("/a", Fault::EmptyBody);
        faults.always("*", Fault::ServerError);
        assert_eq!(faults.waiting(), 3);
        let met: Vec<_> = (0..4).map(|_| faults.take("/a").unwrap()).collect();
        assert_eq!(met, [Fault::Reset, Fault::Reset, Fault::EmptyBody, Fault::ServerError]);
        faults.clear();
        assert_eq!(faults.take("/a"), None);
    }
}
