//! Judges a component before anything of it is compiled or run.
//!
//! The attack: a file that makes the compiler work for minutes, an engine feature that nobody guards, an import that somebody linked by
//! chance, code that runs before any limit is set, a descriptor that names the host's own network. The rule: the bytes are parsed here
//! first ([`shape`]), validated with the features of the engine and compared with the contract's own types ([`world`]), and what the
//! component says of itself is bounded ([`descriptor`]). Whatever passes is what the rest of the host was built for; each refusal says what
//! and where.

mod descriptor;
mod shape;
mod world;

use wasmparser::WasmFeatures;

use super::config::SandboxConfig;
use super::error::AdmissionError;

pub(super) use self::descriptor::judge as judge_descriptor;

/// What a component's world must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum World {
    /// The contract's: all its exports, at most its imports.
    Contract,
    /// Any exports; functions are imported from the contract only.
    Any,
}

/// What the engine's guests may use: no threads, no 64-bit or several memories, no garbage collection, no exceptions, no tail calls, no
/// relaxed SIMD, nothing asynchronous. `engine::common` says the same to the compiler.
pub(super) fn features() -> WasmFeatures {
    WasmFeatures::FLOATS
        | WasmFeatures::MUTABLE_GLOBAL
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::SIMD
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::COMPONENT_MODEL
}

/// Admits the bytes, or says why not. Compiles nothing and runs nothing.
pub(super) fn judge(bytes: &[u8], config: &SandboxConfig, wanted: World) -> Result<(), AdmissionError> {
    let limit = config.admission.bytes;
    if bytes.len() > limit {
        return Err(AdmissionError::TooLarge { bytes: bytes.len(), limit });
    }
    let names = shape::survey(bytes, config)?;
    world::fits(bytes, &names, wanted)
}

#[cfg(test)]
mod tests;
