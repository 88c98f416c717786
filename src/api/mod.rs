//! The SQL surface: what each function takes, which floor does the work, what rows come back.
//!
//! No SQL text and no decision lives here. Arguments that a function needs are `Option`, because pgrx
//! would otherwise declare the function STRICT, and a STRICT write swallows a NULL without a word.

pub(crate) mod approval;
pub(crate) mod catalog;
pub(crate) mod data_environment;
pub(crate) mod event;
pub(crate) mod kv;
pub(crate) mod page;
pub(crate) mod plan;
pub(crate) mod query;
pub(crate) mod query_target;
pub(crate) mod reference;
pub(crate) mod search;
pub(crate) mod tenancy;
pub(crate) mod tool;
