//! Key/value entries: the writes. The reads are plain SQL in `sql/20_kv.sql`.

use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::prelude::*;

use crate::pg::jsonb::Jsonb;
use crate::pg::raise::OrRaise;
use crate::store::kv;

/// Writes an entry.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn kv_put(
    namespace: Option<&str>,
    key: Option<&str>,
    value: Option<Jsonb>,
    ttl: default!(Option<Interval>, "NULL"),
    expected_version: default!(Option<i64>, "NULL"),
) -> TableIterator<
    'static,
    (name!(version, i64), name!(created, bool), name!(expires_at, Option<TimestampWithTimeZone>)),
> {
    let w = kv::put(namespace, key, value, ttl, expected_version).or_raise();
    TableIterator::once((w.version, w.created, w.expires_at))
}

/// Writes an entry where none lives.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn kv_put_if_absent(
    namespace: Option<&str>,
    key: Option<&str>,
    value: Option<Jsonb>,
    ttl: default!(Option<Interval>, "NULL"),
) -> TableIterator<
    'static,
    (name!(version, i64), name!(created, bool), name!(expires_at, Option<TimestampWithTimeZone>)),
> {
    let w = kv::put_if_absent(namespace, key, value, ttl).or_raise();
    TableIterator::once((w.version, w.created, w.expires_at))
}

/// Writes many entries.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity, reason = "the columns of the result, named")]
fn kv_put_many(
    namespace: Option<&str>,
    entries: Option<Jsonb>,
    ttl: default!(Option<Interval>, "NULL"),
) -> TableIterator<
    'static,
    (
        name!(ordinal, i64),
        name!(key, String),
        name!(version, i64),
        name!(created, bool),
        name!(expires_at, Option<TimestampWithTimeZone>),
    ),
> {
    let written = kv::put_many(namespace, entries, ttl).or_raise();
    TableIterator::new(
        written
            .into_iter()
            .zip(1..)
            .map(|((key, w), n)| (n, key, w.version, w.created, w.expires_at)),
    )
}

/// Removes rows of entries that have expired.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn kv_purge(max_rows: default!(Option<i32>, "1000")) -> i64 {
    kv::purge(max_rows).or_raise()
}

/// Deletes an entry.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn kv_delete(namespace: Option<&str>, key: Option<&str>) -> bool {
    kv::delete(namespace, key).or_raise()
}

/// Adds to a counter.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn kv_increment(
    namespace: Option<&str>,
    key: Option<&str>,
    by: default!(Option<i64>, "1"),
    ttl: default!(Option<Interval>, "NULL"),
) -> TableIterator<
    'static,
    (name!(value, i64), name!(version, i64), name!(expires_at, Option<TimestampWithTimeZone>)),
> {
    let c = kv::increment(namespace, key, by, ttl).or_raise();
    TableIterator::once((c.value, c.version, c.expires_at))
}
