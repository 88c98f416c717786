//! The catalog: writing entries, reading them and the relations between them.

use std::convert::Infallible;

use pgrx::prelude::*;

use crate::pg::jsonb::{Jsonb, Stored};
use crate::pg::raise::OrRaise;
use crate::pg::trigger::{Firing, Given};
use crate::store::{catalog, catalog_view};

type Outcomes = TableIterator<
    'static,
    (name!(id, String), name!(outcome, String), name!(version, Option<i64>)),
>;

fn outcomes(written: Vec<catalog::Written>) -> Outcomes {
    TableIterator::new(written.into_iter().map(|w| (w.id, w.outcome.name().to_owned(), w.version)))
}

/// Writes entries; equal ones are left alone.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn catalog_put(
    entries: Option<Jsonb>,
) -> TableIterator<'static, (name!(id, String), name!(outcome, String), name!(version, Option<i64>))>
{
    outcomes(catalog::put(entries).or_raise())
}

/// Writes entries and deletes what the set lacks.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn catalog_replace(
    entries: Option<Jsonb>,
    database_id: default!(Option<&str>, "NULL"),
    item_type: default!(Option<&str>, "NULL"),
) -> TableIterator<'static, (name!(id, String), name!(outcome, String), name!(version, Option<i64>))>
{
    outcomes(catalog::replace(entries, database_id, item_type).or_raise())
}

/// Deletes entries by id.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn catalog_delete(
    ids: Option<Vec<Option<String>>>,
) -> TableIterator<'static, (name!(id, String), name!(deleted, bool))> {
    TableIterator::new(catalog::delete(ids).or_raise())
}

/// Takes one row of an INSERT, UPDATE or DELETE on the view `flowai.catalog`.
#[pg_trigger]
pub(crate) fn catalog_view_write<'a>(
    trigger: &'a PgTrigger<'a>,
) -> Result<Option<Given<'a>>, Infallible> {
    Ok(catalog_view::take_row(&Firing::of(trigger)).or_raise())
}

/// Writes the rows that the statement wants.
#[pg_trigger]
pub(crate) fn catalog_view_end<'a>(
    trigger: &'a PgTrigger<'a>,
) -> Result<Option<Given<'a>>, Infallible> {
    catalog_view::end(&Firing::of(trigger)).or_raise();
    Ok(None)
}

/// Entries by id, in the order given.
#[pg_extern(stable, strict, parallel_restricted)]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity, reason = "the columns of the result, named")]
fn get_catalog_entities(
    ids: Vec<Option<String>>,
) -> TableIterator<
    'static,
    (
        name!(ordinal, i32),
        name!(id, String),
        name!(found, bool),
        name!(item_type, Option<String>),
        name!(name, Option<String>),
        name!(qualified_name, Option<String>),
        name!(content, Option<String>),
        name!(tags, Option<Vec<String>>),
        name!(related, Option<Stored>),
        name!(metadata, Option<Stored>),
        name!(version, Option<i64>),
    ),
> {
    TableIterator::new(catalog::get(ids).or_raise().into_iter().zip(1..).map(|(found, ordinal)| {
        match found.entry {
            Some(e) => (
                ordinal,
                found.id,
                true,
                Some(e.item_type),
                Some(e.name),
                Some(e.qualified_name),
                Some(e.content),
                Some(e.tags),
                Some(e.related),
                Some(e.metadata),
                Some(e.version),
            ),
            None => (ordinal, found.id, false, None, None, None, None, None, None, None, None),
        }
    }))
}

/// Paths from one entry to another along the relations.
#[pg_extern(stable, parallel_restricted)]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity, reason = "the columns of the result, named")]
fn get_relation_paths_between(
    from_id: Option<&str>,
    to_id: Option<&str>,
    max_hops: default!(Option<i32>, 4),
    kinds: default!(Option<Vec<Option<String>>>, "'{}'"),
    directed: default!(Option<bool>, false),
    max_paths: default!(Option<i32>, 5),
) -> TableIterator<
    'static,
    (
        name!(path_no, i32),
        name!(hops, i32),
        name!(ids, Vec<String>),
        name!(kinds, Vec<String>),
        name!(forward, Vec<bool>),
        name!(complete, bool),
    ),
> {
    let (Some(from_id), Some(to_id)) = (from_id, to_id) else {
        return TableIterator::new(std::iter::empty());
    };
    let (paths, complete) =
        catalog::paths_between(from_id, to_id, max_hops, kinds, directed, max_paths).or_raise();
    TableIterator::new(
        paths
            .into_iter()
            .zip(1..)
            .map(move |(p, no)| (no, p.kinds.len() as i32, p.ids, p.kinds, p.forward, complete)),
    )
}
