//! Every folder of `tests/fixtures` as a test of the compiled component, named `<export>/<case>`. See `acceptance::fixtures`.
//! `cargo test -p acceptance --test fixtures map-order` runs those of one export; with `BLESS=1` it writes what comes.

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use acceptance::fixtures::{Suite, cases};
use anyhow::Result;
use libtest_mimic::{Arguments, Trial, run};
use tokio::runtime::Runtime;

fn main() -> Result<ExitCode> {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let found = cases(&root)?;
    let bless = env::var_os("BLESS").is_some_and(|value| value == "1");
    let suite = Arc::new(Suite::new(connector_component::BYTES, &root, bless)?);
    let runtime = Arc::new(Runtime::new()?);
    let trials = found.values().flatten().cloned().map(|case| {
        let (suite, runtime) = (suite.clone(), runtime.clone());
        Trial::test(format!("{}/{}", case.export, case.name), move || {
            Ok(runtime.block_on(suite.run(&case)).map_err(|error| format!("{error:#}"))?)
        })
    });
    let conclusion = run(&arguments, trials.collect());
    if !arguments.list {
        let counts: Vec<String> = found.iter().map(|(export, cases)| format!("{export} {}", cases.len())).collect();
        eprintln!("cases: {}", counts.join(", "));
    }
    Ok(conclusion.exit_code())
}
