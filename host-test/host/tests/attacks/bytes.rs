//! Files that are no connector: other formats, other worlds, broken ones, and compiled code that somebody touched.

use std::path::Path;

use connector_host::sandbox::{AdmissionError, CacheMiss, CallError, CodeCache, CodeSource, Sandbox};
use serde_json::json;

use crate::forge::Forge;
use crate::make;
use crate::neighbour::{Neighbour, Random, config, context};

async fn refused(neighbour: &Neighbour, bytes: &[u8]) -> AdmissionError {
    let (admitted, _) = neighbour.throughout(async || neighbour.sandbox.admit(bytes).await).await;
    admitted.err().unwrap()
}

fn honest() -> Forge {
    Forge::new().answer("map-product", json!({ "Ok": make::product("1") }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_the_contract_has_not_is_refused_by_its_name() {
    let neighbour = Neighbour::new().await;
    for (wit, name, core) in [
        (
            "package wasi:clocks@0.2.0; interface wall-clock { now: func() -> u64; } world imports { import wall-clock; }",
            "wasi:clocks/wall-clock@0.2.0",
            "now",
        ),
        ("package wasi:random@0.2.0; interface random { get-random-u64: func() -> u64; }", "wasi:random/random@0.2.0", "get-random-u64"),
        ("package test:more; interface secrets { all: func() -> u64; }", "test:more/secrets", "all"),
        // Not the version that this host serves.
        ("package nobi:connector@0.2.0; interface http { now: func() -> u64; }", "nobi:connector/http@0.2.0", "now"),
    ] {
        let mut forged = honest();
        forged.wit = vec![wit];
        forged.world_imports = vec![name];
        forged.imports = format!(r#"(import "{name}" "{core}" (func $more (result i64)))"#);
        forged.fields = "(func (export \"keep\") (result i64) (call $more))".to_owned();
        let error = refused(&neighbour, &forged.component()).await;
        assert!(matches!(&error, AdmissionError::World(misfit) if (misfit.side, misfit.name.as_str()) == ("import", name)), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_world_of_another_shape_is_refused_by_what_differs() {
    let neighbour = Neighbour::new().await;
    for (from, to, side, name, reason) in [
        ("    export exchange;\n", "", "export", "nobi:connector/exchange@0.1.0", "missing"),
        (
            "    map-product: func(context: context, raw: list<u8>)",
            "    map-product: func(context: context, raw: string)",
            "export",
            "nobi:connector/connector@0.1.0",
            "map-product",
        ),
        (
            "    check: func(context: context) -> result<list<check-line>, failure>;",
            "    check: func(context: context) -> result<check-line, failure>;",
            "export",
            "nobi:connector/exchange@0.1.0",
            "check",
        ),
        ("        grant-code-param: string,\n", "", "export", "nobi:connector/connector@0.1.0", "descriptor"),
        // One case more: the host would give what the guest does not know.
        ("        too-large,\n    }", "        too-large,\n        worse,\n    }", "import", "nobi:connector/http@0.1.0", "error"),
        ("package nobi:connector@0.1.0;", "package nobi:connector@0.2.0;", "import", "@0.2.0", "another version"),
    ] {
        let mut forged = Forge::new();
        forged.contract_change = Some((from, to));
        let error = refused(&neighbour, &forged.component()).await;
        let AdmissionError::World(misfit) = &error else { panic!("{error}") };
        assert!(misfit.side == side && misfit.name.contains(name) && misfit.reason.contains(reason), "{error}");
    }
    // A later version of the same track is this one.
    let mut later = honest();
    later.contract_change = Some(("package nobi:connector@0.1.0;", "package nobi:connector@0.1.9;"));
    assert!(neighbour.sandbox.admit(&later.component()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_component_is_refused() {
    let neighbour = Neighbour::new().await;
    let module = wat::parse_str("(module)").unwrap();
    let elf = [b"\x7fELF\x02\x01\x01".to_vec(), vec![0; 1_000]].concat();
    for bytes in [&b""[..], b"nonsense", b"\0asm", b"\0asm\x0d\0\x01", b"\0asm\xff\0\x01\0", &module, &elf, &[0xff; 4_096]] {
        let error = refused(&neighbour, bytes).await;
        assert!(matches!(error, AdmissionError::Invalid(_)), "{error}");
    }
    assert!(matches!(refused(&neighbour, &vec![0; 5 * 1024 * 1024]).await, AdmissionError::TooLarge { .. }));
    assert!(matches!(refused(&neighbour, &wat::parse_str("(component)").unwrap()).await, AdmissionError::World(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_that_would_run_before_its_limits_or_hide_in_a_shell_is_refused() {
    let neighbour = Neighbour::new().await;
    let mut starting = honest();
    starting.fields = "(func $start (loop (br 0))) (start $start)".to_owned();
    let error = refused(&neighbour, &starting.component()).await;
    assert!(matches!(&error, AdmissionError::Forbidden(flaw) if flaw.what == "a start function"), "{error}");
    // A whole component inside another one, which could do anything between it and the host.
    let inner = honest().component();
    let mut shell = b"\0asm\x0d\0\x01\0\x04".to_vec();
    let mut length = inner.len();
    while length >= 0x80 {
        shell.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    shell.push(length as u8);
    shell.extend(inner);
    let error = refused(&neighbour, &shell).await;
    assert!(matches!(&error, AdmissionError::Forbidden(flaw) if flaw.what.contains("in a component inside it")), "{error}");
}

/// What became of bent bytes: refused, or admitted and called.
#[derive(Debug, Default)]
struct Fates {
    refused: u32,
    called: u32,
}

async fn bent(sandbox: &std::sync::Arc<Sandbox>, bytes: &[u8], fates: &mut Fates) {
    // Who only wants to know what a file is, runs nothing of it and gets an answer or an error as well.
    if let Err(error) = connector_host::inspect::inspect_bytes(bytes) {
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    match sandbox.admit(bytes).await {
        Err(error) => {
            // A panic on the thread that compiles would come back as one of these.
            assert!(!error.to_string().contains("panic"), "{error}");
            assert!(!error.to_string().contains('\n'), "{error}");
            assert!(!matches!(error, AdmissionError::Describe(CallError::Host(_))), "the host is never at fault: {error}");
            fates.refused += 1;
        }
        Ok(connector) => {
            // Whatever it answers, it answers or ends in an error of its own.
            let result = connector.map_product(&context(), b"{}").await.result;
            assert!(matches!(result, Ok(_) | Err(CallError::Trap(_) | CallError::Limit(_))), "{result:?}");
            fates.called += 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_cut_anywhere_is_refused_or_harmless() {
    let neighbour = Neighbour::new().await;
    let whole = honest().component();
    let mut fates = Fates::default();
    let cut = async {
        for length in (0..whole.len()).step_by(whole.len() / 150) {
            bent(&neighbour.sandbox, &whole[..length], &mut fates).await;
        }
    };
    neighbour.beside(cut).await;
    assert!(fates.refused >= 150 && fates.called == 0, "{fates:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_with_any_bit_turned_is_refused_or_harmless() {
    let neighbour = Neighbour::new().await;
    let whole = honest().component();
    let mut random = Random::new();
    let mut fates = Fates::default();
    let turned = async {
        for round in 0..400 {
            let mut bytes = whole.clone();
            // One bit, then a few, then a whole byte.
            for _ in 0..=round / 200 {
                let (at, bit) = (random.below(bytes.len()), random.below(8));
                bytes[at] ^= 1 << bit;
            }
            if round % 4 == 3 {
                let at = random.below(bytes.len());
                bytes[at] = random.byte();
            }
            bent(&neighbour.sandbox, &bytes, &mut fates).await;
        }
    };
    neighbour.beside(turned).await;
    // Both happen: most of the bytes are names, types and sizes, some are only data.
    assert!(fates.refused >= 100 && fates.called >= 10, "{fates:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kept_code_that_somebody_touched_is_never_run() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("code");
    let key = "5a".repeat(32);
    let bytes = honest().component();
    let sandbox = || Sandbox::with_cache(config(), CodeCache::open(&folder, &key).unwrap()).unwrap();
    // Each time on a host that was started anew, where the second tenant's code comes out of the same folder.
    let admit = async |expected: CodeSource| {
        let restarted = sandbox();
        let neighbour = Neighbour::in_this(restarted.clone()).await;
        let (connector, _) = neighbour.throughout(async || restarted.admit(&bytes).await.unwrap()).await;
        assert_eq!(connector.code_source(), &expected);
        let answer = connector.map_product(&context(), b"{}").await;
        assert_eq!(answer.result.unwrap().unwrap(), make::product("1"));
    };
    admit(CodeSource::Recompiled(CacheMiss::Absent)).await;
    admit(CodeSource::Cached).await;
    let file = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).max_by_key(|path| modified(path)).unwrap();
    let whole = std::fs::read(&file).unwrap();
    for at in [0, 31, 32, 33, whole.len() / 2, whole.len() - 1] {
        let mut touched = whole.clone();
        touched[at] ^= 0x80;
        std::fs::write(&file, touched).unwrap();
        admit(CodeSource::Recompiled(CacheMiss::Mac)).await;
        admit(CodeSource::Cached).await;
    }
    // The honest neighbour's code under this component's name.
    let other = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).find(|path| *path != file).unwrap();
    std::fs::copy(&other, &file).unwrap();
    admit(CodeSource::Recompiled(CacheMiss::Mac)).await;
}

fn modified(path: &Path) -> std::time::SystemTime {
    std::fs::metadata(path).unwrap().modified().unwrap()
}
