# Sourced by every script: where things are, and how a server may be run. Leaves the shell in the
# checkout's root.
# shellcheck shell=bash
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
export PG_CONFIG=${PG_CONFIG:-/usr/lib/postgresql/15/bin/pg_config}

# rustup writes this into a shell's profile, which a fresh shell or a CI run may not have read.
PATH=$ROOT/target/tools/bin:$PATH:${CARGO_HOME:-$HOME/.cargo}/bin

# The pin stands once, in Cargo.toml; cargo-pgrx has to be the same version as pgrx.
# shellcheck disable=SC2034 # for scripts/prepare
PGRX_VERSION=$(sed -nE 's/^pgrx = .*"=([0-9.]+)".*/\1/p' Cargo.toml)

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Programs of the server that PG_CONFIG belongs to: pg initdb ..., pg psql ...
pg() {
    local program=$1
    shift
    "$("$PG_CONFIG" --bindir)/$program" "$@"
}

# PostgreSQL refuses to run as root. The working directory may be closed to the server's user, and a
# backtrace for each raised error would only slow the server down.
as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u "$(server_user)" -- env -u RUST_BACKTRACE "$@")
    else
        (cd / && env -u RUST_BACKTRACE "$@")
    fi
}

server_user() {
    if [ "$(id -u)" -ne 0 ]; then
        id -un
    elif id postgres >/dev/null 2>&1; then
        echo postgres
    else
        echo nobody
    fi
}

# pgrx 0.19.3 names Rust 1.96 as its minimum and works with the 1.95 that Cargo.toml names.
rust_flags() {
    local minor
    minor=$(rustc --version | sed -nE 's/^rustc 1\.([0-9]+).*/\1/p')
    if [ "${minor:-0}" -lt 96 ]; then
        echo --ignore-rust-version
    fi
}
