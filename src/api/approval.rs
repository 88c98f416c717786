//! Approvals: the decisions. What waits is a view.

use pgrx::Uuid;
use pgrx::prelude::*;

use crate::pg::raise::OrRaise;
use crate::store::approval;

/// Decides what waits for a person.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn approval_decide(
    approval: Option<Uuid>,
    decision: Option<&str>,
    comment: default!(Option<&str>, "NULL"),
) -> TableIterator<'static, (name!(plan, String), name!(state, String), name!(decision, String))> {
    let decided = approval::decide(approval, decision, comment).or_raise();
    TableIterator::once((
        decided.plan,
        decided.state.name().to_owned(),
        decided.decision.name().to_owned(),
    ))
}
