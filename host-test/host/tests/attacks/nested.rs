//! Types inside types without an end: whoever reads them one level at a time, by calling itself, would run out of the host's own stack.

use connector_host::inspect::inspect_bytes;
use connector_host::plain;
use connector_host::sandbox::AdmissionError;

use crate::neighbour::Neighbour;

/// A component whose one function takes a list of what is so many types inside one another, and does nothing with it. Each type is written by
/// its number, so that the text that says so is flat.
fn nested(depth: usize, wrap: fn(usize) -> String) -> Vec<u8> {
    let types: String = (1..=depth).map(|level| format!("(type $t{level} {})", wrap(level - 1))).collect();
    let text = format!(
        r#"(component
            (core module $code
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 16))
                (func (export "run") (param i32 i32)))
            (core instance $made (instantiate $code))
            (type $t0 (list u8))
            {types}
            (type $taken (list $t{depth}))
            (func $run (param "it" $taken)
                (canon lift (core func $made "run") (memory $made "memory") (realloc (func $made "realloc"))))
            (export "run" (func $run)))"#
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

const WRAPS: [fn(usize) -> String; 3] =
    [|inner| format!("(list $t{inner})"), |inner| format!("(option $t{inner})"), |inner| format!("(tuple $t{inner})")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_type_that_is_nested_too_deep_is_refused_in_one_line_whoever_reads_it() {
    let neighbour = Neighbour::new().await;
    for (depth, wrap) in [1_000, 19_000].into_iter().flat_map(|depth| WRAPS.map(|wrap| (depth, wrap))) {
        let bytes = nested(depth, wrap);
        let read = async || {
            let admitted = neighbour.sandbox.admit(&bytes).await.err().unwrap();
            let loaded = neighbour.sandbox.load(&bytes).err().unwrap();
            assert!(matches!((&admitted, &loaded), (AdmissionError::Invalid(_), AdmissionError::Invalid(_))), "{admitted} {loaded}");
            [admitted.to_string(), loaded.to_string(), inspect_bytes(&bytes).unwrap_err().to_string()]
        };
        let (errors, _) = neighbour.throughout(read).await;
        assert!(errors.iter().all(|error| error.contains("nesting is too deep") && !error.contains('\n')), "{errors:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_type_as_deep_as_may_be_is_called_with_what_is_as_deep_and_not_with_more() {
    let neighbour = Neighbour::new().await;
    let bytes = nested(90, WRAPS[0]);
    assert!(inspect_bytes(&bytes).is_ok());
    let program = neighbour.sandbox.load(&bytes).unwrap();
    let ended = async |depth: usize| {
        let input = format!(r#"{{"it": {}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        neighbour.throughout(async || plain::call(&program, "run", &input, None).await.err().map(|error| error.to_string())).await.0
    };
    assert_eq!(ended(91).await, None);
    for depth in [92, 1_000, 100_000] {
        let error = ended(depth).await.unwrap();
        assert!(!error.contains('\n') && error.len() < 1_000, "{error}");
    }
}
