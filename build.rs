//! Links the libpq of the server's own installation, where it is not in the linker's path anyway.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=PGRX_PG_CONFIG_PATH");
    println!("cargo:rerun-if-changed=build.rs");
    let Ok(pg_config) = std::env::var("PGRX_PG_CONFIG_PATH") else { return };
    let Ok(answer) = Command::new(pg_config).arg("--libdir").output() else { return };
    let answer = String::from_utf8_lossy(&answer.stdout);
    let directory = answer.trim();
    if directory.starts_with("/usr/lib") || !Path::new(directory).join("libpq.so").exists() {
        return;
    }
    println!("cargo:rustc-link-search=native={directory}");
    // The server loads the extension, but has no libpq of its own in memory.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-rpath,{directory}");
}
