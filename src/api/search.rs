//! Catalog search and the care of its index.

use pgrx::prelude::*;

use crate::pg::raise::OrRaise;
use crate::store::search;

/// Entries that match a query, best first.
#[pg_extern(stable, parallel_restricted, security_definer)]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity, reason = "the columns of the result, named")]
fn search_catalog(
    query: Option<&str>,
    item_types: default!(Option<Vec<Option<String>>>, "NULL"),
    tags: default!(Option<Vec<Option<String>>>, "NULL"),
    database_id: default!(Option<String>, "NULL"),
    schema_name: default!(Option<String>, "NULL"),
    max_rows: default!(Option<i32>, 20),
    cursor: default!(Option<&str>, "NULL"),
) -> TableIterator<
    'static,
    (
        name!(rank, i32),
        name!(id, String),
        name!(item_type, String),
        name!(name, String),
        name!(qualified_name, String),
        name!(score, f64),
        name!(matched, Vec<String>),
        name!(snippet, Option<String>),
        name!(total, i64),
        name!(relaxed, bool),
        name!(cursor, String),
    ),
> {
    let filter = search::filter(item_types, tags, database_id, schema_name).or_raise();
    let found = search::search(query.unwrap_or(""), &filter, max_rows, cursor).or_raise();
    let (total, relaxed) = (found.total, found.relaxed);
    TableIterator::new(found.hits.into_iter().zip(1..).map(move |(h, rank)| {
        (
            rank,
            h.id,
            h.item_type,
            h.name,
            h.qualified_name,
            h.score,
            h.matched,
            h.snippet,
            total,
            relaxed,
            h.cursor,
        )
    }))
}

/// Counts the values that matches of a query have.
#[pg_extern(stable, parallel_restricted, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn catalog_facets(
    query: Option<&str>,
    item_types: default!(Option<Vec<Option<String>>>, "NULL"),
    tags: default!(Option<Vec<Option<String>>>, "NULL"),
    database_id: default!(Option<String>, "NULL"),
    schema_name: default!(Option<String>, "NULL"),
) -> TableIterator<'static, (name!(facet, String), name!(value, String), name!(count, i64))> {
    let filter = search::filter(item_types, tags, database_id, schema_name).or_raise();
    let facets = search::facets(query.unwrap_or(""), &filter).or_raise();
    TableIterator::new(facets.into_iter().map(|f| (f.facet.to_owned(), f.value, f.count)))
}

/// What is wrong with the index.
#[pg_extern(stable, parallel_restricted, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn search_check()
-> TableIterator<'static, (name!(problem, String), name!(subject, String), name!(detail, String))> {
    let findings = search::check().or_raise();
    TableIterator::new(findings.into_iter().map(|f| (f.problem.to_owned(), f.subject, f.detail)))
}

/// Moves new rows into the index and merges its segments.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
pub(crate) fn search_maintain()
-> TableIterator<'static, (name!(flushed, i64), name!(merged, i64), name!(busy, bool))> {
    let done = search::maintain().or_raise();
    TableIterator::once((done.flushed, done.merged, done.busy))
}

/// Builds the index anew from the entries.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn search_rebuild() -> i64 {
    search::rebuild().or_raise()
}
