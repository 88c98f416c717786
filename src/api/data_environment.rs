//! The data environment: storing and checking it. Reading is plain SQL in `sql/45_data_environment.sql`.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use crate::pg::jsonb::Jsonb;
use crate::pg::raise::OrRaise;
use crate::store::data_environment;

/// Stores the data environment of a workspace.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn data_environment_set(
    config: Option<Jsonb>,
) -> TableIterator<
    'static,
    (name!(workspace, String), name!(revision, i64), name!(set_at, TimestampWithTimeZone)),
> {
    let stored = data_environment::set(config).or_raise();
    TableIterator::once((stored.workspace, stored.revision, stored.set_at))
}

/// Everything that is wrong with a data environment.
#[pg_extern(stable, parallel_restricted)]
#[search_path(pg_catalog, pg_temp)]
fn data_environment_validate(
    config: Option<Jsonb>,
) -> TableIterator<'static, (name!(path, String), name!(problem, String), name!(hint, String))> {
    let problems = data_environment::validate(config).or_raise();
    TableIterator::new(problems.into_iter().map(|p| (p.path, p.problem, p.hint)))
}
