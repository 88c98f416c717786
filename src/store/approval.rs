//! Approvals: what waits for a person, and one decision each.

use flowai_core::name::shorten;
use flowai_core::plan::{Decision, State};
use flowai_core::{Error, Kind, Result};
use pgrx::Uuid;
use pgrx::datum::Interval;
use serde_json::json;

use super::{event, plan};
use crate::pg::spi::{self, args};
use crate::pg::tenant;

/// The kind of subject that plans are.
pub(super) const PLAN: &str = "plan";

const REQUEST: &str = "
    INSERT INTO flowai.approvals
        (tenant_id, id, subject_kind, subject_id, subject_revision, title, body_hash, requested_by, expires_at)
    VALUES ($1, pg_catalog.gen_random_uuid(), $2, $3, $4, $5, $6, $7, pg_catalog.clock_timestamp() + $8)
    RETURNING id";

const WITHDRAW: &str = "
    UPDATE flowai.approvals SET decision = 'withdrawn', decided_by = $4, decided_at = pg_catalog.clock_timestamp()
    WHERE tenant_id = $1 AND subject_kind = $2 AND subject_id = $3 AND decision IS NULL";

/// The plan's row is locked before the approval's, here as in every move of a plan.
const LOCK_PLAN: &str = "
    SELECT true FROM flowai.approvals a
    JOIN flowai.plans p ON p.tenant_id = $1 AND p.id = a.subject_id
    WHERE a.tenant_id = $1 AND a.id = $2
    FOR UPDATE OF p";

const DECIDE: &str = "
    UPDATE flowai.approvals SET decision = $3, comment = $4, decided_by = $5, decided_at = pg_catalog.clock_timestamp()
    WHERE tenant_id = $1 AND id = $2 AND decision IS NULL
      AND (expires_at IS NULL OR expires_at > pg_catalog.clock_timestamp())
    RETURNING subject_id::text, subject_revision, body_hash";

const FOUND: &str = "
    SELECT decision, decided_by, subject_kind::text, subject_id::text FROM flowai.approvals
    WHERE tenant_id = $1 AND id = $2";

/// The plan moves only if it still is what the person saw.
const MOVE_PLAN: &str = "
    UPDATE flowai.plans SET state = $5,
        approved_at = CASE $5 WHEN 'approved' THEN pg_catalog.clock_timestamp() END,
        submitted_at = CASE $5 WHEN 'draft' THEN NULL ELSE submitted_at END,
        finished_at = CASE $5 WHEN 'cancelled' THEN pg_catalog.clock_timestamp() END
    WHERE tenant_id = $1 AND id = $2 AND state = 'submitted' AND revision = $3 AND body_hash = $4
    RETURNING true";

/// What is asked about.
pub(super) struct Subject<'a> {
    pub(super) kind: &'static str,
    pub(super) id: &'a str,
    pub(super) revision: i64,
    pub(super) title: &'a str,
    pub(super) body_hash: Vec<u8>,
}

/// What a decision did.
pub(crate) struct Decided {
    pub(crate) plan: String,
    pub(crate) state: State,
    pub(crate) decision: Decision,
}

/// Asks for a decision.
pub(super) fn request(tenant: &str, subject: Subject, deadline: Option<Interval>) -> Result<Uuid> {
    let Subject { kind, id, revision, title, body_hash } = subject;
    spi::write_one(
        REQUEST,
        args![tenant, kind, id, revision, title, body_hash, tenant::outer_name(), deadline],
        |row| row.need(1),
    )?
    .ok_or_else(|| Error::internal("an approval was not recorded"))
}

/// Takes back what waits for a decision about a subject.
pub(super) fn withdraw(tenant: &str, kind: &str, id: &str) -> Result<()> {
    spi::run(WITHDRAW, args![tenant, kind, id, tenant::outer_name()])?;
    Ok(())
}

/// Decides, and moves the plan, in one transaction; a second decision is refused.
pub(crate) fn decide(
    id: Option<Uuid>,
    decision: Option<&str>,
    comment: Option<&str>,
) -> Result<Decided> {
    let tenant = tenant::required()?;
    let id = id.ok_or_else(|| Error::missing("approval"))?;
    let decision = Decision::argument(decision)?;
    spi::run(LOCK_PLAN, args![&*tenant, id])?;
    let decided = spi::write_one(
        DECIDE,
        args![&*tenant, id, decision.name(), comment, tenant::outer_name()],
        |row| Ok((row.need::<String>(1)?, row.need::<i64>(2)?, row.need::<Vec<u8>>(3)?)),
    )?;
    let Some((subject, revision, body_hash)) = decided else { return Err(undecided(&tenant, id)?) };
    let state = decision.moves_to();
    let moved = spi::write_one(
        MOVE_PLAN,
        args![&*tenant, subject.as_str(), revision, body_hash, state.name()],
        |row| row.need::<bool>(1),
    )?;
    if moved.is_none() {
        return Err(Error::new(Kind::Stale, "approval_body", format!("plan \"{}\" is not what the approval was asked for", shorten(&subject)))
            .detail("It has changed since, or is not submitted any more.")
            .hint("Look at it again with flowai.plan_get(plan), and decide what waits in flowai.approval_inbox."));
    }
    plan::note(&tenant, &subject, State::Submitted, state, revision, comment)?;
    event::note(
        &format!("flowai.approval.{}", decision.name()),
        event::Severity::Info,
        json!({ "approval": id.to_string(), "plan": subject, "revision": revision }),
    )?;
    Ok(Decided { plan: subject, state, decision })
}

fn undecided(tenant: &str, id: Uuid) -> Result<Error> {
    struct Found {
        decision: Option<String>,
        decided_by: Option<String>,
        subject: String,
    }
    let found = spi::write_one(FOUND, args![tenant, id], |row| {
        let subject = format!("{} \"{}\"", row.need::<String>(3)?, row.need::<String>(4)?);
        Ok(Found { decision: row.get(1), decided_by: row.get(2), subject })
    })?;
    Ok(match found {
        None => Error::new(Kind::NotFound, "approval_found", "the approval is not found")
            .hint("See what waits in flowai.approval_inbox."),
        Some(Found { decision: Some(decision), decided_by, subject }) => Error::new(
            Kind::WrongState,
            "approval_open",
            format!("the approval of {subject} is already {decision}"),
        )
        .detail(format!("It was decided by role \"{}\".", decided_by.unwrap_or_default()))
        .hint("Each approval is decided once; a revised plan asks anew when it is submitted."),
        Some(Found { subject, .. }) => Error::new(
            Kind::WrongState,
            "approval_in_time",
            format!("the time to decide about {subject} is over"),
        )
        .hint("Cancel the plan with flowai.plan_cancel(plan), and store it anew."),
    })
}
