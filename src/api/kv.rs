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
