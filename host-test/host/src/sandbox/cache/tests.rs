//! Facts about compiled code that is kept: it is used again, and whatever happened to it in between it is not trusted.

use std::sync::Arc;

use super::*;
use crate::plain;
use crate::plain::testing::component;
use crate::sandbox::{Program, Sandbox, SandboxConfig};

const WIT: &str = "package test:kept; interface api { answer: func() -> u8; } world w { export api; }";

fn guest(answer: u8) -> Vec<u8> {
    component(WIT, &format!(r#"(module (func (export "test:kept/api#answer") (result i32) i32.const {answer}))"#))
}

fn key(byte: &str) -> String {
    byte.repeat(32)
}

fn sandbox(folder: &Path, key: &str) -> Arc<Sandbox> {
    let config = SandboxConfig::with_slots(1);
    Sandbox::with_cache(config, CodeCache::open(folder, key).unwrap()).unwrap()
}

/// A folder in a temporary one, which others may look into.
struct Folder {
    path: PathBuf,
    _outer: tempfile::TempDir,
}

impl Folder {
    fn new() -> Folder {
        let outer = tempfile::tempdir().unwrap();
        Folder { path: outer.path().join("made/on/the/way"), _outer: outer }
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

/// The only file in the folder.
fn only_file(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    file
}

fn source(folder: &Path, key: &str) -> CodeSource {
    sandbox(folder, key).load(&guest(7)).unwrap().code_source().clone()
}

async fn answer(program: &Program) -> String {
    plain::call(program, "answer", "{}", None).await.unwrap().output.to_string()
}

#[tokio::test]
async fn the_second_start_compiles_nothing() {
    let folder = Folder::new();
    let folder = folder.path();
    let first = sandbox(folder, &key("ab")).load(&guest(7)).unwrap();
    assert_eq!(first.code_source(), &CodeSource::Recompiled(CacheMiss::Absent));
    let second = sandbox(folder, &key("ab")).load(&guest(7)).unwrap();
    assert_eq!(second.code_source(), &CodeSource::Cached);
    assert_eq!((answer(&first).await, answer(&second).await), ("7".to_owned(), "7".to_owned()));
    let other = sandbox(folder, &key("ab")).load(&guest(8)).unwrap();
    assert_eq!((other.code_source(), answer(&other).await), (&CodeSource::Recompiled(CacheMiss::Absent), "8".to_owned()));
}

#[test]
fn without_a_cache_it_is_compiled() {
    assert_eq!(plain::testing::sandbox().load(&guest(7)).unwrap().code_source(), &CodeSource::Compiled);
}

#[test]
fn code_that_was_touched_is_compiled_anew_and_then_used_again() {
    let folder = Folder::new();
    let folder = folder.path();
    source(folder, &key("ab"));
    let whole = fs::read(only_file(folder)).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let mut touched: Vec<Vec<u8>> = (0..40).map(|part| flipped(part * (whole.len() - 1) / 39)).collect();
    touched.extend([0, 1, MAC - 1, MAC, MAC + 1, whole.len() / 2, whole.len() - 1].map(|length| whole[..length].to_vec()));
    touched.extend([[&whole[..], b"x"].concat(), whole.repeat(2)]);
    for bytes in touched {
        fs::write(only_file(folder), bytes).unwrap();
        assert_eq!(source(folder, &key("ab")), CodeSource::Recompiled(CacheMiss::Mac));
        assert_eq!(source(folder, &key("ab")), CodeSource::Cached);
    }
}

#[test]
fn code_of_another_key_is_not_trusted() {
    let folder = Folder::new();
    source(folder.path(), &key("ab"));
    assert_eq!(source(folder.path(), &key("cd")), CodeSource::Recompiled(CacheMiss::Mac));
    assert_eq!(source(folder.path(), &key("ab")), CodeSource::Recompiled(CacheMiss::Mac));
}

#[test]
fn code_of_another_engine_or_another_component_is_not_taken_under_a_right_name() {
    let folder = Folder::new();
    let cache = CodeCache::open(folder.path(), &key("ab")).unwrap();
    let made = |level| Engine::new(wasmtime::Config::new().gc_support(false).cranelift_opt_level(level)).unwrap();
    let (engine, other) = (made(wasmtime::OptLevel::Speed), made(wasmtime::OptLevel::None));
    let bytes = guest(7);
    let (one, two) = ([1; 32], [2; 32]);
    cache.store(&engine, &one, &Component::from_binary(&engine, &bytes).unwrap());
    assert!(cache.load(&engine, &one).is_ok());
    assert_ne!(fingerprint(&engine), fingerprint(&other));
    assert_eq!(cache.load(&other, &one).err(), Some(CacheMiss::Absent));
    fs::copy(cache.file(&fingerprint(&engine), &one), cache.file(&fingerprint(&other), &one)).unwrap();
    assert_eq!(cache.load(&other, &one).err(), Some(CacheMiss::Mac));
    fs::copy(cache.file(&fingerprint(&engine), &one), cache.file(&fingerprint(&engine), &two)).unwrap();
    assert_eq!(cache.load(&engine, &two).err(), Some(CacheMiss::Mac));
}

#[cfg(unix)]
#[test]
fn what_others_may_look_at_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let folder = folder.path();
    source(folder, &key("ab"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!((mode(folder), mode(&only_file(folder))), (0o700, 0o600));
    for wrong in [0o640, 0o604, 0o620, 0o602] {
        set(&only_file(folder), wrong);
        assert_eq!(source(folder, &key("ab")), CodeSource::Recompiled(CacheMiss::Mode), "{wrong:o}");
        assert_eq!((mode(&only_file(folder)), source(folder, &key("ab"))), (0o600, CodeSource::Cached));
    }
    let opened = sandbox(folder, &key("ab"));
    set(folder, 0o755);
    assert!(matches!(CodeCache::open(folder, &key("ab")), Err(CacheError::Mode(_))));
    assert_eq!(opened.load(&guest(7)).unwrap().code_source(), &CodeSource::Recompiled(CacheMiss::Mode));
    let (before, _) = (fs::read_dir(folder).unwrap().count(), opened.load(&guest(8)).unwrap());
    assert_eq!(fs::read_dir(folder).unwrap().count(), before, "nothing is written where others may look");
}

#[test]
fn a_key_has_32_bytes() {
    let folder = Folder::new();
    for key in ["", "ab", &key("zz"), &"ab".repeat(31), &"ab".repeat(33)] {
        assert!(matches!(CodeCache::open(folder.path(), key), Err(CacheError::Key)), "{key}");
    }
    assert!(CodeCache::open(folder.path(), &format!("{}\n", key("AB"))).is_ok());
}

#[test]
fn the_folder_does_not_grow_without_an_end() {
    let folder = Folder::new();
    let cache = CodeCache::open(folder.path(), &key("ab")).unwrap();
    fs::write(folder.path().join("half.7-0.new"), "x").unwrap();
    fs::write(folder.path().join("somebody's notes"), "x").unwrap();
    for digest in 0..20 {
        cache.write(&[0; 32], &[digest; 32], b"code").unwrap();
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), KEPT + 1);
    assert!(folder.path().join("somebody's notes").exists());
    assert!(cache.read(&[0; 32], &[19; 32]).is_ok() && cache.read(&[0; 32], &[0; 32]).is_err());
}
