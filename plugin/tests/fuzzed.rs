//! The fuzz targets, over their seeds and over what becomes of the seeds when they are bent: the same in every run, and in seconds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::path::Path;

#[path = "../fuzz/src/lib.rs"]
mod targets;

/// Numbers that look random and are the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % limit.max(1)
    }
}

/// One small change: mostly a value of JSON where another one stood, else cut, a byte more, a bit, a piece twice.
fn bend(bytes: &mut Vec<u8>, random: &mut Random) {
    const VALUES: [&str; 8] = ["null", "-1", "\"\"", "[]", "{}", "1e400", "\"0\"", "18446744073709551616"];
    let at = random.below(bytes.len());
    match random.below(12) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, random.below(256) as u8),
        2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        3 => {
            let until = (at + 16).min(bytes.len());
            let piece = bytes[at..until].to_vec();
            bytes.splice(at..at, piece);
        }
        _ => {
            // From after a colon to the next comma or bracket.
            let Some(start) = bytes[at..].iter().position(|it| *it == b':').map(|it| at + it + 1) else { return };
            let end = bytes[start..].iter().position(|it| matches!(it, b',' | b'}' | b']')).map_or(bytes.len(), |it| start + it);
            bytes.splice(start..end, VALUES[random.below(VALUES.len())].bytes());
        }
    }
}

/// The seeds of a target, and each of them bent so many times. Gives how many inputs were read, and how many there were.
fn over_seeds(target: &str, bends: usize, run: fn(&[u8]) -> bool) -> (usize, usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut seeds: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    assert!(seeds.len() >= 25, "{seeds:?}");
    let (mut random, mut read, mut all) = (Random(0x9E37_79B9_7F4A_7C15), 0, 0);
    for seed in seeds {
        let seed = std::fs::read(seed).unwrap();
        for bend_count in 0..=bends {
            let mut bytes = seed.clone();
            for _ in 0..bend_count.min(1 + random.below(3)) {
                bend(&mut bytes, &mut random);
            }
            read += usize::from(run(&bytes));
            all += 1;
        }
    }
    (read, all)
}

/// Some inputs are read and some are not: a target that refuses everything, or takes everything, sees nothing.
fn is_mixed((read, all): (usize, usize)) {
    assert!(read > all / 20 && read < all * 19 / 20, "{read} of {all} were read");
}

#[test]
fn whatever_a_delivery_is_it_keeps_to_what_it_names_and_counts_only_with_a_proof() {
    is_mixed(over_seeds("webhook", 100, targets::webhook));
}

#[test]
fn whatever_a_reply_of_2_0_is_it_is_a_page_or_a_failure_that_says_what_to_do() {
    is_mixed(over_seeds("page-v2", 100, targets::page_v2));
}

#[test]
fn whatever_a_reply_of_3_0_is_it_is_a_page_or_a_failure_that_says_what_to_do() {
    is_mixed(over_seeds("page-v3", 100, targets::page_v3));
}
