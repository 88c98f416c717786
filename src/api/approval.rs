//! Approvals: asking, deciding, waiting, and the policies about them. What waits is a view.

use pgrx::Uuid;
use pgrx::datum::{Interval, TimestampWithTimeZone};
use pgrx::prelude::*;

use crate::pg::jsonb::Jsonb;
use crate::pg::raise::OrRaise;
use crate::pg::regprocedure::Regprocedure;
use crate::store::approval::{self, Gate};
use crate::store::approval_policy::{self, Wanted};

/// Asks for a decision.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn approval_request(
    subject_kind: Option<&str>,
    subject_id: Option<&str>,
    body: Option<Jsonb>,
    deadline: default!(Option<Interval>, "NULL"),
    title: default!(Option<&str>, "NULL"),
) -> TableIterator<'static, (name!(approval, Uuid), name!(created, bool), name!(status, String))> {
    let asked = approval::request(subject_kind, subject_id, body, deadline, title).or_raise();
    let status = if asked.waived.is_some() { "waived" } else { "open" };
    TableIterator::once((asked.approval, asked.created, status.to_owned()))
}

/// Decides what waits for a person.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn approval_decide(
    approval: Option<Uuid>,
    decision: Option<&str>,
    comment: default!(Option<&str>, "NULL"),
) -> TableIterator<
    'static,
    (name!(plan, Option<String>), name!(state, Option<String>), name!(decision, String)),
> {
    let decided = approval::decide(approval, decision, comment).or_raise();
    let (plan, state) = decided.plan.unzip();
    TableIterator::once((
        plan,
        state.map(|state| state.name().to_owned()),
        decided.decision.name().to_owned(),
    ))
}

/// Takes back what one has asked for.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn approval_withdraw(approval: Option<Uuid>, comment: default!(Option<&str>, "NULL")) -> bool {
    approval::withdraw(approval, comment).or_raise()
}

/// Waits for a decision.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity, reason = "the columns of the result, named")]
fn approval_wait(
    approval: Option<Uuid>,
    timeout: default!(Option<Interval>, "'30 seconds'"),
) -> TableIterator<
    'static,
    (
        name!(status, String),
        name!(comment, Option<String>),
        name!(decided_by, Option<String>),
        name!(decided_at, Option<TimestampWithTimeZone>),
    ),
> {
    let seen = approval::wait(approval, timeout).or_raise();
    TableIterator::once((seen.status, seen.comment, seen.decided_by, seen.decided_at))
}

/// Whether a tool may run, for `call_tool`.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity, reason = "the columns of the result, named")]
pub(crate) fn approval_gate(
    tool: Option<&str>,
    arguments: Option<Jsonb>,
) -> TableIterator<
    'static,
    (
        name!(open, bool),
        name!(approval, Option<Uuid>),
        name!(status, Option<String>),
        name!(comment, Option<String>),
    ),
> {
    TableIterator::once(match approval::gate(tool, arguments).or_raise() {
        Gate::Open => (true, None, None, None),
        Gate::Granted(approval) => (true, Some(approval), Some("granted".to_owned()), None),
        Gate::Waits(approval) => (false, Some(approval), Some("open".to_owned()), None),
        Gate::Refused { approval, decision, comment } => {
            (false, Some(approval), Some(decision), comment)
        }
    })
}

/// Sets when an approval is needed, and who may give it.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn approval_policy_set(
    tenant: Option<&str>,
    subject_kind: Option<&str>,
    subject: Option<&str>,
    policy: Option<&str>,
    predicate: default!(Option<Regprocedure>, "NULL"),
    separate_duties: default!(Option<bool>, true),
    deciders: default!(Option<&str>, "NULL"),
) -> bool {
    let predicate = predicate.map(|function| function.0);
    let wanted = Wanted { subject_kind, subject, policy, predicate, separate_duties, deciders };
    approval_policy::set(tenant, wanted).or_raise()
}

/// Takes a policy away.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn approval_policy_drop(
    tenant: Option<&str>,
    subject_kind: Option<&str>,
    subject: Option<&str>,
) -> bool {
    approval_policy::drop(tenant, subject_kind, subject).or_raise()
}

/// Removes what was decided about a tenant's subjects so long ago.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn approval_purge(
    tenant: Option<&str>,
    older_than: Option<Interval>,
    max_rows: default!(Option<i32>, "1000"),
) -> i64 {
    approval::purge(tenant, older_than, max_rows).or_raise()
}

/// The policies of a tenant.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
#[allow(clippy::type_complexity, reason = "the columns of the result, named")]
fn approval_policy_list(
    tenant: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(subject_kind, String),
        name!(subject, String),
        name!(policy, String),
        name!(predicate, Option<String>),
        name!(separate_duties, bool),
        name!(deciders, Option<String>),
        name!(set_by, String),
    ),
> {
    let policies = approval_policy::list(tenant).or_raise();
    TableIterator::new(policies.into_iter().map(|p| {
        (p.subject_kind, p.subject, p.policy, p.predicate, p.separate_duties, p.deciders, p.set_by)
    }))
}
