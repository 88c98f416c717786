//! Tells the extension where the server's installation keeps its libraries: its own libpq is preferred.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=PGRX_PG_CONFIG_PATH");
    println!("cargo:rerun-if-changed=build.rs");
    let answer = std::env::var("PGRX_PG_CONFIG_PATH")
        .ok()
        .and_then(|pg_config| Command::new(pg_config).arg("--libdir").output().ok());
    let directory = answer.map(|answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned());
    println!("cargo:rustc-env=SERVER_LIBDIR={}", directory.unwrap_or_default());
}
