//! Read-only SQL that somebody else wrote.
//!
//! `validate_query` and `execute_query` pin no search path: names in the text mean what they mean to
//! the caller.

use flowai_core::query::Verdict;
use pgrx::datum::Interval;
use pgrx::prelude::*;

use crate::pg::answer::Answer;
use crate::pg::raise::OrRaise;
use crate::pg::regprocedure::Regprocedure;
use crate::pg::tenant;
use crate::store::query;

/// One row: whether the statement only reads, and if not, why.
#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity, reason = "the columns of the result, named")]
fn validate_query(
    sql: Option<&str>,
    dialect: default!(Option<&str>, "'postgres'"),
) -> TableIterator<
    'static,
    (
        name!(ok, bool),
        name!(code, Option<String>),
        name!(message, Option<String>),
        name!(position, Option<i32>),
        name!(relations, Vec<String>),
        name!(functions, Vec<String>),
    ),
> {
    let Verdict { refusal, reads } = query::validate(sql, dialect).or_raise();
    let code = refusal.as_ref().map(|refusal| refusal.code.name().to_owned());
    let position = refusal.as_ref().and_then(|r| r.position).and_then(|p| i32::try_from(p).ok());
    let message = refusal.map(|refusal| refusal.message);
    TableIterator::once((code.is_none(), code, message, position, reads.relations, reads.functions))
}

/// Rows of a statement that only reads, or what is wrong with it.
#[pg_extern(volatile, parallel_unsafe)]
fn execute_query(
    sql: Option<&str>,
    max_rows: default!(Option<i32>, "100"),
    timeout: default!(Option<Interval>, "'5 s'"),
) -> Answer {
    query::execute(sql, max_rows, timeout).or_raise()
}

/// Lets read-only statements call a function.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn function_allow(function: Option<Regprocedure>) -> bool {
    let by = tenant::role_name(tenant::outer_user());
    query::allow(function.map(|f| f.0), &by).or_raise()
}

/// Takes it back.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn function_disallow(function: Option<Regprocedure>) -> bool {
    query::disallow(function.map(|f| f.0)).or_raise()
}
