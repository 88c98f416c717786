//! What flowai_runtime knows without a server.
//!
//! No PostgreSQL, no clock, no randomness, no files, no threads: time, ids and the tenant are
//! arguments here. In order of dependency:
//!
//! - [`error`]: the one error type, a closed list of kinds
//! - [`catalog`]: catalog entries
//! - [`name`]: identifiers and ranges of arguments, checked once
//! - [`ttl`], [`page`]: how long things live, and how lists are paged
//! - [`kv`]: key/value entries
//! - [`json`], [`digest`]: JSON text read in place, and one hash for each value
//! - [`schema`]: JSON Schema
//! - [`mod@reference`]: typed handles of payloads
//! - [`paths`]: how one entry is related to another
//! - [`mod@plan`], [`approval`]: what an agent means to do, and who has to say so
//! - [`data_environment`]: what a host tells of its agents' data
//! - [`event`]: what happened, without secrets
//! - [`query`]: read-only SQL: refusals, limits, the SQLite check
//! - [`search`]: immutable Tantivy segments and the search over them

pub mod approval;
pub mod catalog;
pub mod data_environment;
pub mod digest;
pub mod error;
pub mod event;
pub mod json;
pub mod kv;
pub mod name;
pub mod page;
pub mod paths;
pub mod plan;
pub mod query;
pub mod reference;
pub mod schema;
pub mod search;
pub mod ttl;

pub use error::{Error, Kind, Result};
