//! `inspect` and `pack`: what a component is, and the built-in one as a file.

use std::io::Write as _;
use std::path::PathBuf;

use connector_host::inspect::inspect;
use connector_host::sandbox::{Sandbox, SandboxConfig};

use crate::output::{self, Outcome, Problem};

/// Show what a component is.
#[derive(clap::Args)]
pub(crate) struct Inspect {
    /// The component; the built-in Nhanh.vn connector where none is named.
    file: Option<PathBuf>,
    /// Print JSON, with the whole descriptor.
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(crate) async fn run(self) -> Outcome {
        let bytes = component(self.file.as_ref())?;
        let sandbox = Sandbox::new(SandboxConfig::default())?;
        let inspection = inspect(&sandbox, &bytes).await.map_err(|error| Problem::usage(error.to_string()))?;
        if self.json {
            output::json(&inspection)?;
        } else {
            output::lines(inspection.to_string().trim_end());
        }
        Ok(())
    }
}

/// Write the built-in Nhanh.vn component to a file.
#[derive(clap::Args)]
pub(crate) struct Pack {
    /// The file to write; one that is there is left alone.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Pack {
    pub(crate) fn run(self) -> Outcome {
        let bytes = connector_component::BYTES;
        let written = std::fs::File::create_new(&self.out).and_then(|mut file| file.write_all(bytes));
        written.map_err(|error| Problem::usage(format!("{}: {error}", self.out.display())))?;
        tell!("{}: {} bytes", self.out.display(), bytes.len());
        Ok(())
    }
}

/// The bytes of the named component, or of the built-in one.
pub(crate) fn component(file: Option<&PathBuf>) -> Result<Vec<u8>, Problem> {
    match file {
        None => Ok(connector_component::BYTES.to_vec()),
        Some(path) => std::fs::read(path).map_err(|error| Problem::usage(format!("{}: {error}", path.display()))),
    }
}
