//! What flowai_runtime knows without a server.
//!
//! No PostgreSQL, no clock, no randomness, no files, no threads: time, ids and the tenant are
//! arguments here. In order of dependency:
//!
//! - [`error`]: the one error type, a closed list of kinds
//! - [`catalog`]: catalog entries
//! - [`name`]: identifiers, checked once
//! - [`search`]: immutable Tantivy segments and the search over them

pub mod catalog;
pub mod error;
pub mod name;
pub mod search;

pub use error::{Error, Kind, Result};
