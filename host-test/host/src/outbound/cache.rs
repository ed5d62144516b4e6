//! Replies that are kept for routes with `cache-ms`: reads only, by the whole request with its secrets, bounded in number and bytes.
//!
//! Never answers one connection with what another one was told, nor one grant with what another one may see: the connection and every
//! secret that is sent are part of the key (as a digest).

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::pace::Key;
use crate::clock::Instant;
use crate::contract::http::Response;

/// What a request is known by.
pub(super) type Digest = [u8; 32];

pub(super) struct Cache {
    entries: usize,
    bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_digest: HashMap<Digest, Entry>,
    /// The oldest first; may name entries that are gone.
    order: VecDeque<(Digest, u64)>,
    bytes: usize,
    next: u64,
}

struct Entry {
    number: u64,
    /// When it was kept, and until when it is. A clock that was set back before the one keeps nothing for longer.
    span: Range<Instant>,
    connection: String,
    key: Key,
    response: Response,
}

impl Kept {
    fn remove(&mut self, digest: &Digest) {
        if let Some(entry) = self.by_digest.remove(digest) {
            self.bytes = self.bytes.saturating_sub(entry.response.body.len());
        }
    }

    fn retain(&mut self, keep: impl Fn(&Entry) -> bool) {
        self.by_digest.retain(|_, entry| keep(entry));
        self.bytes = self.by_digest.values().map(|entry| entry.response.body.len()).sum();
        let by_digest = &self.by_digest;
        self.order.retain(|(digest, number)| by_digest.get(digest).is_some_and(|entry| entry.number == *number));
    }
}

impl Cache {
    pub(super) fn new(entries: usize, bytes: usize) -> Cache {
        Cache { entries, bytes, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, digest: &Digest, now: Instant) -> Option<Response> {
        let mut kept = self.kept();
        match kept.by_digest.get(digest) {
            Some(entry) if entry.span.contains(&now) => Some(entry.response.clone()),
            Some(_) => {
                kept.remove(digest);
                None
            }
            None => None,
        }
    }

    pub(super) fn put(&self, digest: Digest, connection: &str, key: Key, response: &Response, span: Range<Instant>) {
        let size = response.body.len();
        if self.entries == 0 || size > self.bytes {
            return;
        }
        let mut kept = self.kept();
        kept.remove(&digest);
        while kept.by_digest.len() >= self.entries || kept.bytes + size > self.bytes || kept.order.len() > 2 * self.entries {
            let Some((oldest, number)) = kept.order.pop_front() else { break };
            if kept.by_digest.get(&oldest).is_some_and(|entry| entry.number == number) {
                kept.remove(&oldest);
            }
        }
        let number = kept.next;
        kept.next += 1;
        kept.bytes += size;
        kept.order.push_back((digest, number));
        kept.by_digest.insert(digest, Entry { number, span, connection: connection.to_owned(), key, response: response.clone() });
    }

    /// Drops what was told on a path.
    pub(super) fn forget_path(&self, key: &Key) {
        self.kept().retain(|entry| entry.key != *key);
    }

    /// Drops these answers.
    pub(super) fn forget_answers(&self, answers: &[Digest]) {
        let mut kept = self.kept();
        answers.iter().for_each(|digest| kept.remove(digest));
    }

    /// Drops what a connection was told.
    pub(super) fn forget_connection(&self, connection: &str) {
        self.kept().retain(|entry| entry.connection != connection);
    }
}

#[cfg(test)]
mod tests {
    use super::super::pace::Counted;
    use super::*;

    fn key(path: &str) -> Key {
        let counted = Counted::Account(String::new());
        Key { connector: String::new(), origin: String::new(), app: String::new(), counted, path: path.to_owned() }
    }

    fn response(body: &[u8]) -> Response {
        Response { status: 200, content_type: None, body: body.to_vec(), captured: vec![] }
    }

    #[test]
    fn a_reply_is_kept_until_its_time_and_no_longer() {
        let cache = Cache::new(2, 100);
        cache.put([1; 32], "c", key("/a"), &response(b"1"), 0..1_000);
        assert_eq!(cache.get(&[1; 32], 999), Some(response(b"1")));
        assert_eq!(cache.get(&[1; 32], 1_000), None);
        cache.put([3; 32], "c", key("/a"), &response(b"1"), 5_000..6_000);
        assert_eq!(cache.get(&[3; 32], 4_999), None, "the clock was set back");
        assert_eq!(cache.get(&[2; 32], 0), None);
    }

    #[test]
    fn the_oldest_go_first_when_there_are_too_many_or_they_are_too_large() {
        let cache = Cache::new(2, 10);
        for number in 1..=3 {
            cache.put([number; 32], "c", key("/a"), &response(b"1234"), 0..1_000);
        }
        assert_eq!([1, 2, 3].map(|number| cache.get(&[number; 32], 0).is_some()), [false, true, true]);
        cache.put([4; 32], "c", key("/a"), &response(b"1234567890"), 0..1_000);
        assert_eq!([2, 3, 4].map(|number| cache.get(&[number; 32], 0).is_some()), [false, false, true]);
        cache.put([5; 32], "c", key("/a"), &response(b"12345678901"), 0..1_000);
        assert!(cache.get(&[5; 32], 0).is_none() && cache.get(&[4; 32], 0).is_some());
    }

    #[test]
    fn the_same_request_again_and_again_takes_one_place() {
        let cache = Cache::new(2, 100);
        cache.put([9; 32], "c", key("/a"), &response(b"old"), 0..1_000);
        for _ in 0..100 {
            cache.put([1; 32], "c", key("/a"), &response(b"1234"), 0..1_000);
        }
        let kept = cache.kept();
        assert_eq!((kept.bytes <= 7, kept.order.len() <= 5), (true, true));
        assert!(kept.by_digest.contains_key(&[1; 32]));
    }

    #[test]
    fn a_path_and_a_connection_can_be_forgotten() {
        let cache = Cache::new(9, 100);
        cache.put([1; 32], "c", key("/a"), &response(b"1"), 0..1_000);
        cache.put([2; 32], "c", key("/b"), &response(b"1"), 0..1_000);
        cache.put([3; 32], "d", key("/b"), &response(b"1"), 0..1_000);
        cache.forget_path(&key("/a"));
        assert_eq!([1, 2, 3].map(|number| cache.get(&[number; 32], 0).is_some()), [false, true, true]);
        cache.forget_connection("c");
        assert_eq!([1, 2, 3].map(|number| cache.get(&[number; 32], 0).is_some()), [false, false, true]);
        cache.forget_answers(&[[1; 32], [3; 32]]);
        assert_eq!((cache.get(&[3; 32], 0), cache.kept().bytes), (None, 0));
    }
}
