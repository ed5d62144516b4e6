//! The fuzz targets, over their seeds and over what becomes of the seeds when they are bent: the same in every run, and in seconds.

use std::path::{Path, PathBuf};

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use crate::forge::Forge;
use crate::neighbour::Random;

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target)
}

/// The seeds of a target, and each of them bent so many times. Gives how many inputs were let through.
fn over_seeds(target: &str, bends: usize, run: fn(&[u8]) -> bool) -> usize {
    let mut seeds: Vec<_> = std::fs::read_dir(folder(target)).unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    assert!(seeds.len() >= 5, "{seeds:?}");
    let mut random = Random::new();
    seeds.into_iter().map(|seed| bent(&std::fs::read(seed).unwrap(), bends, &mut random, run)).sum()
}

fn bent(seed: &[u8], bends: usize, random: &mut Random, run: fn(&[u8]) -> bool) -> usize {
    let mut through = usize::from(run(seed));
    for _ in 0..bends {
        let mut bytes = seed.to_vec();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len().max(1));
            match random.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at.min(bytes.len()), random.byte()),
                2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
                3 if at < bytes.len() => {
                    let piece = bytes[at..].to_vec();
                    bytes.extend(&piece[..piece.len().min(16)]);
                }
                _ => {}
            }
        }
        through += usize::from(run(&bytes));
    }
    through
}

#[test]
fn whatever_a_path_is_it_is_read_in_one_way_or_not_at_all() {
    let through = over_seeds("path", 2_000, targets::path);
    assert!((1_000..8_000).contains(&through), "{through}");
}

#[test]
fn whatever_a_file_is_it_is_admitted_or_refused_in_one_line() {
    let seed = folder("admission").join("connector");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&seed, Forge::new().component()).unwrap();
    }
    // Bent files that are admitted all the same begin with one that is.
    assert!(targets::admission(&std::fs::read(seed).unwrap()), "the contract is another one: run this test with BLESS=1");
    let through = over_seeds("admission", 400, targets::admission);
    assert!((2..100).contains(&through), "{through}");
}

#[test]
fn whatever_arguments_are_they_are_understood_or_refused() {
    let through = over_seeds("plain", 100, targets::plain);
    // Few bent texts are JSON of this type; the seeds that are, are.
    assert!((4..400).contains(&through), "{through}");
}
