//! Plans: storing them, moving them from state to state, running them.

use pgrx::Uuid;
use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::prelude::*;

use crate::pg::jsonb::{Jsonb, Stored};
use crate::pg::raise::OrRaise;
use crate::store::plan;

/// Defines a kind of plans.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn plan_kind_define(kind: Option<&str>, schema: Option<Jsonb>) -> i64 {
    plan::define_kind(kind, schema).or_raise()
}

/// Stores a plan as a draft.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn plan_store(
    kind: Option<&str>,
    plan: Option<&str>,
    body: Option<Jsonb>,
    expected_revision: default!(Option<i64>, "NULL"),
) -> TableIterator<'static, (name!(plan, String), name!(revision, i64), name!(created, bool))> {
    let stored = plan::store(kind, plan, body, expected_revision).or_raise();
    TableIterator::once((stored.plan, stored.revision, stored.created))
}

/// Submits a draft for a decision.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn plan_submit(
    plan: Option<&str>,
    deadline: default!(Option<Interval>, "NULL"),
    comment: default!(Option<&str>, "NULL"),
) -> TableIterator<
    'static,
    (name!(plan, String), name!(state, String), name!(revision, i64), name!(approval, Uuid)),
> {
    let (moved, approval) = plan::submit(plan, deadline, comment).or_raise();
    TableIterator::once((moved.plan, moved.state.name().to_owned(), moved.revision, approval))
}

/// Cancels a plan that does not run yet.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn plan_cancel(
    plan: Option<&str>,
    comment: default!(Option<&str>, "NULL"),
) -> TableIterator<'static, (name!(plan, String), name!(state, String), name!(revision, i64))> {
    let moved = plan::cancel(plan, comment).or_raise();
    TableIterator::once((moved.plan, moved.state.name().to_owned(), moved.revision))
}

/// Gives one worker a plan.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn plan_claim(
    plan: default!(Option<&str>, "NULL"),
    kind: default!(Option<&str>, "NULL"),
    lease: default!(Option<Interval>, "'5 minutes'"),
) -> TableIterator<
    'static,
    (
        name!(plan, String),
        name!(revision, i64),
        name!(token, Uuid),
        name!(lease_expires_at, TimestampWithTimeZone),
        name!(attempt, i32),
    ),
> {
    let claimed = plan::claim(plan, kind, lease).or_raise();
    TableIterator::new(
        claimed.into_iter().map(|c| (c.plan, c.revision, c.token, c.lease_expires_at, c.attempt)),
    )
}

/// Takes plans back from workers whose lease is over.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn plan_reap(
    max_attempts: default!(Option<i32>, "NULL"),
    max_rows: default!(Option<i32>, 100),
) -> TableIterator<'static, (name!(plan, String), name!(state, String), name!(attempt, i32))> {
    let reaped = plan::reap_all(max_attempts, max_rows).or_raise();
    TableIterator::new(reaped.into_iter().map(|r| (r.plan, r.state.name().to_owned(), r.attempt)))
}

/// Extends a worker's lease.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn plan_heartbeat(
    plan: Option<&str>,
    token: Option<Uuid>,
    lease: default!(Option<Interval>, "'5 minutes'"),
) -> TimestampWithTimeZone {
    plan::heartbeat(plan, token, lease).or_raise()
}

/// Records that a step succeeded.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn plan_step_finish(
    plan: Option<&str>,
    token: Option<Uuid>,
    step_no: Option<i32>,
    result: default!(Option<Jsonb>, "NULL"),
) -> &'static str {
    plan::finish_step(plan, token, step_no, true, result).or_raise()
}

/// Records that a step failed.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn plan_step_fail(
    plan: Option<&str>,
    token: Option<Uuid>,
    step_no: Option<i32>,
    error: default!(Option<Jsonb>, "NULL"),
) -> &'static str {
    plan::finish_step(plan, token, step_no, false, error).or_raise()
}

/// Ends a plan whose steps all succeeded.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn plan_finish(
    plan: Option<&str>,
    token: Option<Uuid>,
    outcome: default!(Option<Jsonb>, "NULL"),
) -> TableIterator<'static, (name!(plan, String), name!(state, String), name!(revision, i64))> {
    let moved = plan::finish(plan, token, true, outcome).or_raise();
    TableIterator::once((moved.plan, moved.state.name().to_owned(), moved.revision))
}

/// Ends a plan that failed.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn plan_fail(
    plan: Option<&str>,
    token: Option<Uuid>,
    error: Option<Jsonb>,
) -> TableIterator<'static, (name!(plan, String), name!(state, String), name!(revision, i64))> {
    let moved = plan::finish(plan, token, false, error).or_raise();
    TableIterator::once((moved.plan, moved.state.name().to_owned(), moved.revision))
}

/// Removes plans of a tenant that ended so long ago.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn plan_purge(
    tenant: Option<&str>,
    older_than: Option<Interval>,
    max_rows: default!(Option<i32>, "1000"),
) -> i64 {
    plan::purge(tenant, older_than, max_rows).or_raise()
}

/// A page of plans by id.
#[pg_extern(stable, parallel_restricted)]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity, reason = "the columns of the result, named")]
fn plan_list(
    state: default!(Option<&str>, "NULL"),
    after: default!(Option<&str>, "NULL"),
    max_rows: default!(Option<i32>, 100),
) -> TableIterator<
    'static,
    (
        name!(id, String),
        name!(kind, String),
        name!(state, String),
        name!(revision, i64),
        name!(title, String),
        name!(created_at, TimestampWithTimeZone),
        name!(attempt, i32),
    ),
> {
    let plans = plan::list(state, after, flowai_core::page::rows(max_rows).or_raise()).or_raise();
    TableIterator::new(
        plans
            .into_iter()
            .map(|p| (p.id, p.kind, p.state, p.revision, p.title, p.created_at, p.attempt)),
    )
}

/// Every payload that a plan uses.
#[pg_extern(stable, strict, parallel_restricted, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn plan_inputs(
    plan: &str,
) -> TableIterator<
    'static,
    (name!(step_no, i32), name!(kind, String), name!(id, String), name!(payload, Stored)),
> {
    let inputs = plan::inputs(plan).or_raise();
    TableIterator::new(inputs.into_iter().map(|i| (i.step_no, i.kind, i.id, i.payload)))
}
