//! Builds the plugin for `wasm32-unknown-unknown` and wraps it as a component. Never touches the outer build: it has its own target
//! directory, its own profile and a cleaned environment, so that every way of calling cargo gives the same bytes.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use wit_component::ComponentEncoder;

fn main() -> Result<()> {
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let workspace = manifest.ancestors().nth(2).context("the workspace is two folders up")?;
    for input in ["plugin", "wit", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml"] {
        println!("cargo:rerun-if-changed={}", workspace.join(input).display());
    }

    let out = PathBuf::from(env::var("OUT_DIR")?);
    let module = build_module(workspace, &shared_directory(&out)?)?;
    let module = std::fs::read(&module).with_context(|| format!("reading {}", module.display()))?;
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .context("the plugin's module carries no description of its world")?
        .encode()
        .context("wrapping the module as a component")?;

    let file = out.join("nhanh-connector.wasm");
    std::fs::write(&file, component)?;
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

fn build_module(workspace: &Path, target: &Path) -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").context("cargo sets CARGO")?;
    let mut command = Command::new(cargo);
    for (name, _) in env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        let cargo_own = name.starts_with("CARGO_") && name != "CARGO_HOME";
        if cargo_own || name.starts_with("RUSTC") || matches!(name, "RUSTFLAGS" | "RUSTDOCFLAGS" | "CLIPPY_ARGS" | "MAKEFLAGS" | "MFLAGS") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(workspace)
        .args(["build", "--package", "nhanh-connector", "--lib", "--locked"])
        .args(["--target", "wasm32-unknown-unknown", "--profile", "component"])
        .arg("--target-dir")
        .arg(target)
        .env("CARGO_ENCODED_RUSTFLAGS", remapped(workspace)?.join("\u{1f}"));
    let status = command.status().context("starting cargo for the plugin")?;
    ensure!(status.success(), "building the plugin for wasm32-unknown-unknown failed: its messages are above");
    let module = target.join("wasm32-unknown-unknown/component/nhanh_connector.wasm");
    if !module.exists() {
        bail!("cargo built no {}", module.display());
    }
    Ok(module)
}

/// The three roots whose paths would end up in panic messages. With all three remapped the bytes are the same in any directory and with
/// any `CARGO_HOME`.
fn remapped(workspace: &Path) -> Result<Vec<String>> {
    let rustc = env::var_os("RUSTC").context("cargo sets RUSTC")?;
    let sysroot = Command::new(rustc).args(["--print", "sysroot"]).output().context("asking rustc for its sysroot")?;
    let sysroot = String::from_utf8(sysroot.stdout)?;
    let cargo_home = match env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => env::home_dir().context("there is neither CARGO_HOME nor a home directory")?.join(".cargo"),
    };
    Ok([(cargo_home.as_path(), "/cargo"), (Path::new(sysroot.trim()), "/rust"), (workspace, "/src")]
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .to_vec())
}
