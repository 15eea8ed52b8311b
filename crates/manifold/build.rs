//! Links a release for Linux at a fixed address.
//!
//! Tables of time zones and of TLS hold 50,000 pointers. A program that may be loaded anywhere adjusts each of them whenever it starts:
//! 653 page faults before it says its version, and 296 without.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "Cargo tells build scripts what they build for in the environment"
)]
fn is(variable: &str, value: &str) -> bool {
    std::env::var(variable).is_ok_and(|it| it == value)
}
