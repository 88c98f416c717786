//! References: kinds, writes, and resolving. The other reads are plain SQL in `sql/21_reference.sql`.

use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::prelude::*;

use crate::pg::jsonb::{Jsonb, Stored};
use crate::pg::raise::OrRaise;
use crate::store::reference;

/// Defines a kind of references.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn ref_kind_define(
    kind: Option<&str>,
    schema: default!(Option<Jsonb>, "NULL"),
    ttl: default!(Option<Interval>, "NULL"),
    max_bytes: default!(Option<i64>, "NULL"),
) -> i64 {
    reference::define_kind(kind, schema, ttl, max_bytes).or_raise()
}

/// Stores a payload.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
pub(crate) fn ref_put(
    kind: Option<&str>,
    payload: Option<Jsonb>,
    summary: default!(Option<Jsonb>, "NULL"),
    ttl: default!(Option<Interval>, "NULL"),
) -> TableIterator<
    'static,
    (
        name!(kind, String),
        name!(id, String),
        name!(created, bool),
        name!(summary, Stored),
        name!(expires_at, Option<TimestampWithTimeZone>),
    ),
> {
    let p = reference::put(kind, payload, summary, ttl).or_raise();
    TableIterator::once((p.kind, p.id, p.created, p.summary, p.expires_at))
}

/// Whether a payload could be stored with these arguments; an error if not.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
pub(crate) fn ref_put_check(
    kind: Option<&str>,
    summary: Option<Jsonb>,
    ttl: Option<Interval>,
) -> bool {
    reference::check_put(kind, summary, ttl).or_raise();
    true
}

/// The payload of a reference.
#[pg_extern(stable, strict, parallel_restricted, security_definer)]
#[search_path(pg_catalog, pg_temp)]
pub(crate) fn ref_resolve(kind: &str, id: &str) -> Stored {
    reference::resolve(kind, id).or_raise()
}

/// A payload, if it is what the id says.
#[pg_extern(stable, strict, parallel_restricted, security_definer)]
#[search_path(pg_catalog, pg_temp)]
pub(crate) fn ref_intact(kind: &str, id: &str, payload: Jsonb) -> Jsonb {
    reference::check_intact(kind, id, payload.text()).or_raise();
    payload
}

/// Deletes a reference.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn ref_delete(kind: Option<&str>, id: Option<&str>) -> bool {
    reference::delete(kind, id).or_raise()
}

/// Lets a reference live longer.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn ref_extend(
    kind: Option<&str>,
    id: Option<&str>,
    ttl: default!(Option<Interval>, "NULL"),
) -> Option<TimestampWithTimeZone> {
    reference::extend(kind, id, ttl).or_raise()
}

/// Removes references that have expired.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn ref_purge(max_rows: default!(Option<i32>, "1000")) -> i64 {
    reference::purge(max_rows).or_raise()
}
