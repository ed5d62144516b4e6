//! Makes the component when it or what it is made from has changed. Never touches the outer build: it has its own target directory, its own
//! profile and a cleaned environment, so that every way of calling cargo gives the same bytes.

#[path = "src/build_plugin.rs"]
mod build_plugin;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use build_plugin::{PluginBuild, default_cargo_home};

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        // Its words alone: a trace through this script would hide them.
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<()> {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let workspace = manifest.ancestors().nth(2).context("the workspace is two folders up")?;
    // Of the plugin what the component is made from: its tests and what a fuzzer leaves beside them are not.
    let plugin = ["plugin/src", "plugin/build.rs", "plugin/Cargo.toml"];
    for input in plugin.into_iter().chain(["wit", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml"]) {
        println!("cargo:rerun-if-changed={}", workspace.join(input).display());
    }
    for input in ["build.rs", "src/build_plugin.rs"] {
        println!("cargo:rerun-if-changed={}", manifest.join(input).display());
    }

    let out = PathBuf::from(env::var("OUT_DIR")?);
    let build = PluginBuild {
        workspace: workspace.to_owned(),
        target: shared_directory(&out)?,
        cargo: env::var_os("CARGO").context("cargo sets CARGO")?,
        rustc: env::var_os("RUSTC").context("cargo sets RUSTC")?,
        cargo_home: default_cargo_home()?,
        offline: false,
    };
    let file = out.join("nhanh-connector.wasm");
    std::fs::write(&file, build.component()?)?;
    println!("cargo:rustc-env=NHANH_CONNECTOR_WASM={}", file.display());
    Ok(())
}

/// `<target>/component`: one directory for every profile and tool. Inside `OUT_DIR` itself, clippy and build would each make their own.
fn shared_directory(out: &Path) -> Result<PathBuf> {
    // <target>/[<triple>/]<profile>/build/<crate>-<hash>/out
    let profile = out.ancestors().nth(3).context("OUT_DIR is shallower than cargo makes it")?;
    let target = profile.parent().context("the profile's folder is in the target directory")?;
    let is_root = |folder: &Path| folder.join("CACHEDIR.TAG").exists();
    let root = if is_root(target) { target } else { target.parent().filter(|up| is_root(up)).unwrap_or(target) };
    Ok(root.join("component"))
}
