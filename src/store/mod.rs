//! The statements: SQL as consts on top of each file, types of `flowai_core` out of it.
//!
//! Functions here run inside the SQL functions of `api`, which pin `search_path`; all the same every
//! name is qualified. Row-level security holds for every statement, whoever owns the function; only
//! `maintenance` works for all tenants.

pub(crate) mod approval;
pub(crate) mod approval_policy;
pub(crate) mod catalog;
pub(crate) mod catalog_view;
pub(crate) mod data_environment;
pub(crate) mod event;
pub(crate) mod import;
pub(crate) mod kv;
pub(crate) mod maintenance;
pub(crate) mod plan;
pub(crate) mod query;
pub(crate) mod query_target;
pub(crate) mod reference;
pub(crate) mod sample;
pub(crate) mod search;
pub(crate) mod tenancy;
pub(crate) mod tool;
