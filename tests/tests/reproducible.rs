//! The component is the same bytes in any directory and with any `CARGO_HOME`: whoever builds these sources can check what they were given.

#[path = "../../host-test/component/src/build_plugin.rs"]
mod build_plugin;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::Result;
use build_plugin::{PluginBuild, default_cargo_home};
use connector_component::BYTES;

/// One build is enough: the other directory and the other `CARGO_HOME` are those that `BYTES` was built with.
#[test]
fn another_directory_and_another_cargo_home_give_the_same_bytes() -> Result<()> {
    let elsewhere = tempfile::tempdir()?;
    let workspace = elsewhere.path().join("another/workspace");
    copy_folder(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")), &workspace)?;
    let cargo_home = elsewhere.path().join("another-cargo-home");
    link_registry(&default_cargo_home()?, &cargo_home)?;
    let build = PluginBuild {
        workspace,
        target: elsewhere.path().join("target"),
        cargo: env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")),
        rustc: OsString::from("rustc"),
        cargo_home,
        offline: true,
    };
    let again = build.component()?;
    let first = again.iter().zip(BYTES).position(|(left, right)| left != right);
    assert_eq!((again.len(), first), (BYTES.len(), None), "length, and offset of the first byte that differs");
    Ok(())
}

/// All files but what cargo and git keep for themselves.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            if name != ".git" && !path.join("CACHEDIR.TAG").exists() {
                copy_folder(&path, &to.join(name))?;
            }
        } else {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

/// A `CARGO_HOME` of its own that needs no network: index and archives are the first one's, and cargo unpacks them here anew.
fn link_registry(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.join("registry"))?;
    for part in ["registry/index", "registry/cache", "config.toml", "config"] {
        let source = from.join(part);
        if source.exists() {
            link(&source, &to.join(part))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> Result<()> {
    Ok(std::os::unix::fs::symlink(from, to)?)
}

#[cfg(not(unix))]
fn link(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() { copy_folder(from, to) } else { Ok(fs::copy(from, to).map(drop)?) }
}
