//! `call`: any pure export of any component, plain JSON in and out.

use std::io::Read;
use std::path::{Path, PathBuf};

use connector_host::plain::{PlainError, call};
use connector_host::sandbox::{Sandbox, SandboxConfig};

use crate::inspect::component;
use crate::output::{self, Outcome, Problem};

/// Call a pure export of any component with plain JSON, and print plain JSON.
///
/// The input is one JSON object: arguments by parameter name, records with the contract's kebab-case names, absent options left out,
/// variants as "case" or {"case": payload}, bytes as text or {"base64": "…"}.
#[derive(clap::Args)]
pub(crate) struct Call {
    /// The function, such as map-product; `interface/function` where several interfaces have one of that name.
    export: String,
    /// The file with the arguments; `-` for standard input.
    input: PathBuf,
    /// The component; the built-in Nhanh.vn connector where none is named.
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
}

impl Call {
    pub(crate) async fn run(self) -> Outcome {
        let bytes = component(self.component.as_ref())?;
        let input = read(&self.input)?;
        let sandbox = Sandbox::new(SandboxConfig::default())?;
        let program = sandbox.load(&bytes).map_err(|error| Problem::usage(error.to_string()))?;
        let report = call(&program, &self.export, &input, None).await.map_err(problem)?;
        for line in &report.logs {
            output::aside(&format!("{:?}: {}", line.level, line.text));
        }
        output::json(&report.output)?;
        Ok(())
    }
}

fn problem(error: PlainError) -> Problem {
    if error.is_wrong_input() { Problem::usage(error.to_string()) } else { Problem::failed(error) }
}

/// The text of a file, or of standard input.
pub(crate) fn read(path: &Path) -> Result<String, Problem> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(|error| Problem::usage(format!("standard input: {error}")))?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(|error| Problem::usage(format!("{}: {error}", path.display())))
}
