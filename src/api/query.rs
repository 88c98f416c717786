//! Read-only SQL that somebody else wrote.
//!
//! `validate_query` and `execute_query` pin no search path: names in the text mean what they mean to
//! the caller.

use flowai_core::query::Verdict;
use pgrx::datum::Interval;
use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::pg::answer::Answer;
use crate::pg::database;
use crate::pg::envelope::Stop;
use crate::pg::raise::{OrRaise, raise_refusal};
use crate::pg::regprocedure::Regprocedure;
use crate::pg::tenant;
use crate::pg::tuples::Rows;
use crate::store::{event, query, query_target, sample};

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
    if let (Some(sql), Some(refusal)) = (sql, &refusal) {
        event::note_refusal("validate_query", sql, refusal).or_raise();
    }
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
    target: default!(Option<&str>, "'local'"),
) -> Answer {
    query_target::execute(sql, max_rows, timeout, target).or_raise()
}

/// Rows of a statement that only reads, as rows whose columns the call names.
#[pg_extern(
    volatile,
    parallel_unsafe,
    sql = r#"
CREATE FUNCTION flowai.query(sql text, max_rows integer DEFAULT 1000, timeout interval DEFAULT '5 s')
RETURNS SETOF record VOLATILE PARALLEL UNSAFE ROWS 100 COST 1000
LANGUAGE c AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#
)]
fn query(
    sql: Option<&str>,
    max_rows: Option<i32>,
    timeout: Option<Interval>,
    fcinfo: pg_sys::FunctionCallInfo,
) {
    let rows = Rows::returned_by(fcinfo).or_raise();
    or_raise(query::rows(sql, max_rows, timeout, &rows), sql);
}

/// Rows of a statement that only reads, as an array of objects.
#[pg_extern(volatile, parallel_unsafe)]
pub(crate) fn query_array(
    sql: Option<&str>,
    max_rows: Option<i32>,
    timeout: Option<Interval>,
) -> Answer {
    or_raise(query::array(sql, max_rows, timeout), sql)
}

fn or_raise<T>(result: Result<T, Stop>, sql: Option<&str>) -> T {
    match result {
        Ok(value) => value,
        Err(Stop::Refused(refusal)) => raise_refusal(refusal, sql.unwrap_or_default()),
        Err(Stop::Failed(error)) => Err(error).or_raise(),
    }
}

/// Sample rows of what a catalog entry describes.
#[pg_extern(volatile, parallel_unsafe)]
fn sample_table_data(
    entry: Option<&str>,
    columns: default!(Option<Vec<Option<String>>>, "NULL"),
    max_rows: default!(Option<i32>, "10"),
    timeout: default!(Option<Interval>, "'5 s'"),
) -> Answer {
    sample::sample(entry, columns, max_rows, timeout).or_raise()
}

/// The cluster and the database: no copy of it has both.
#[pg_extern(stable, parallel_safe)]
pub(crate) fn database_identity() -> String {
    database::identity()
}

/// Lets read-only statements call a function.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn function_allow(function: Option<Regprocedure>, tenant: default!(Option<&str>, "NULL")) -> bool {
    let by = tenant::role_name(tenant::outer_user());
    query::allow(function.map(|f| f.0), tenant, &by).or_raise()
}

/// Lets read-only statements call what an extension brought.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn extension_allow(extension: Option<&str>, tenant: default!(Option<&str>, "NULL")) -> i64 {
    let by = tenant::role_name(tenant::outer_user());
    query::allow_extension(extension, tenant, &by).or_raise()
}

/// Takes it back.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn function_disallow(
    function: Option<Regprocedure>,
    tenant: default!(Option<&str>, "NULL"),
) -> bool {
    query::disallow(function.map(|f| f.0), tenant).or_raise()
}
