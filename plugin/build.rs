//! Sets the component's memory up: an arena that a normal page never outgrows, and a stack that leaves it the room.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let general = std::env::var_os("CARGO_FEATURE_GENERAL_ALLOCATOR").is_some();
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") && !general {
        // 4 MiB hold the reply, its tree and the records of a page of 100 products. Growing while it runs would take the
        // process's memory lock in every call, so that calls on several threads wait for each other.
        println!("cargo:rustc-link-arg-cdylib=--initial-memory=4194304");
        println!("cargo:rustc-link-arg-cdylib=-zstack-size=262144");
    }
}
