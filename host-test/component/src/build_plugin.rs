//! The one way in which the plugin becomes a component, shared by the build script and by the test that repeats it elsewhere. Never reads
//! where it runs: every path comes in, so that the same sources give the same bytes in any directory.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wit_component::ComponentEncoder;

/// What a build is made from, and with.
pub(crate) struct PluginBuild {
    /// The folder that holds the workspace's `Cargo.toml`.
    pub(crate) workspace: PathBuf,
    /// Where cargo builds. Shared between builds of one workspace, and by nothing else.
    pub(crate) target: PathBuf,
    /// The cargo to run.
    pub(crate) cargo: OsString,
    /// The compiler whose standard library goes in.
    pub(crate) rustc: OsString,
    /// Where cargo keeps its registry.
    pub(crate) cargo_home: PathBuf,
    /// Whether cargo may ask the network for what the registry lacks.
    pub(crate) offline: bool,
}

/// The component without the names that its encoder gives to types and instances: 3 KB for debuggers, as little use here as the module's own,
/// which its profile strips.
fn nameless(component: &[u8]) -> Option<Vec<u8>> {
    let (preamble, mut rest) = component.split_at_checked(8)?;
    let mut kept = preamble.to_vec();
    while let [id, after @ ..] = rest {
        // LEB128: seven bits a byte, the lowest first, up to a byte without the eighth.
        let bytes = after.iter().position(|byte| byte & 0x80 == 0)? + 1;
        let length = after.iter().take(bytes).rev().fold(0_usize, |length, byte| (length << 7) | usize::from(byte & 0x7f));
        let (section, next) = rest.split_at_checked(1 + bytes + length)?;
        // A custom section begins with its name, and that with its length.
        if *id != 0 || !section.get(1 + bytes..)?.starts_with(b"\x0ecomponent-name") {
            kept.extend_from_slice(section);
        }
        rest = next;
    }
    Some(kept)
}

impl PluginBuild {
    /// Builds the plugin for `wasm32-unknown-unknown` and wraps it as a component.
    pub(crate) fn component(&self) -> Result<Vec<u8>> {
        let module = self.module()?;
        let module = std::fs::read(&module).with_context(|| format!("reading {}", module.display()))?;
        let component = ComponentEncoder::default()
            .validate(true)
            .module(&module)
            .context("the plugin's module carries no description of its world")?
            .encode()
            .context("wrapping the module as a component")?;
        nameless(&component).context("a section of the component has no end")
    }

    fn module(&self) -> Result<PathBuf> {
        let mut command = Command::new(&self.cargo);
        // What the outer cargo, clippy or a person set for the outer build must not reach this one.
        for (name, _) in env::vars_os() {
            let Some(name) = name.to_str() else { continue };
            let is_compilers = name.starts_with("CARGO_") || name.starts_with("RUSTC");
            if is_compilers || matches!(name, "RUSTFLAGS" | "RUSTDOCFLAGS" | "CLIPPY_ARGS" | "MAKEFLAGS" | "MFLAGS") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(&self.workspace)
            .args(["build", "--package", "nhanh-connector", "--lib", "--locked"])
            .args(["--target", "wasm32-unknown-unknown", "--profile", "component"])
            .arg("--target-dir")
            .arg(&self.target)
            .args(self.offline.then_some("--offline"))
            .env("CARGO_HOME", &self.cargo_home)
            .env("CARGO_ENCODED_RUSTFLAGS", self.flags()?.join("\u{1f}"));
        let status = command.status().context("starting cargo for the plugin")?;
        ensure!(status.success(), "building the plugin for wasm32-unknown-unknown failed: its messages are above");
        let module = self.target.join("wasm32-unknown-unknown/component/nhanh_connector.wasm");
        ensure!(module.exists(), "cargo built no {}", module.display());
        Ok(module)
    }

    /// The hash is of one short text a call: looped it is 6 KB smaller than unrolled. With vectors of 128 bits, which every engine has, the
    /// component is 7 KB smaller, and a page takes a twentieth less. Inlining what is cheap to call anyway costs a tenth of the component's bytes
    /// and saves no fuel: a page takes 60 (2.0) and 81 (3.0) a byte with a quarter of the compiler's own threshold and with all of it.
    fn flags(&self) -> Result<Vec<String>> {
        let mut flags = self.remapped()?;
        flags.extend(
            ["--cfg=sha2_backend_soft=\"compact\"", "-Ctarget-feature=+simd128", "-Cllvm-args=-inline-threshold=50"].map(str::to_owned),
        );
        Ok(flags)
    }

    /// The three roots whose paths would end up in panic messages. With all three remapped the bytes are the same in any directory and
    /// with any `CARGO_HOME`.
    fn remapped(&self) -> Result<Vec<String>> {
        let sysroot = Command::new(&self.rustc)
            .current_dir(&self.workspace)
            .args(["--print", "sysroot"])
            .output()
            .context("asking rustc for its sysroot")?;
        let sysroot = String::from_utf8(sysroot.stdout)?;
        Ok([(self.cargo_home.as_path(), "/cargo"), (Path::new(sysroot.trim()), "/rust"), (self.workspace.as_path(), "/src")]
            .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
            .to_vec())
    }
}

/// Where cargo keeps its registry when nobody says otherwise.
pub(crate) fn default_cargo_home() -> Result<PathBuf> {
    match env::var_os("CARGO_HOME") {
        Some(home) => Ok(PathBuf::from(home)),
        None => Ok(env::home_dir().context("there is neither CARGO_HOME nor a home directory")?.join(".cargo")),
    }
}
