//! Plans: stored, moved from state to state, run by one worker.
//!
//! Every move is one statement: a conditional UPDATE of the plan's row, which others wait for, and a line of
//! its history. A move that finds the plan elsewhere changes nothing and says where it is.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

use flowai_core::approval::PLAN;
use flowai_core::name::{self, shorten};
use flowai_core::plan::{self, Body, State};
use flowai_core::{Error, Kind, Result, approval as asking, digest, ttl};
use pgrx::Uuid;
use pgrx::datum::{Interval, TimestampWithTimeZone};
use serde_json::json;

use super::tenancy::{self, Purge};
use super::{approval, event, reference};
use crate::pg::jsonb::{Jsonb, Stored};
use crate::pg::spi::{self, Args, args};
use crate::pg::{clock, guc, tenant};

/// The same definition once more is no new revision.
const DEFINE_KIND: &str = "
    INSERT INTO flowai.plan_kinds AS k (tenant_id, kind, revision, schema) VALUES ($1, $2, 1, $3)
    ON CONFLICT (tenant_id, kind) DO UPDATE SET
        revision = k.revision + CASE WHEN k.schema = excluded.schema THEN 0 ELSE 1 END,
        schema = excluded.schema,
        defined_at = CASE WHEN k.schema = excluded.schema THEN k.defined_at ELSE pg_catalog.clock_timestamp() END
    RETURNING revision";

const KIND: &str = "SELECT schema FROM flowai.plan_kinds WHERE tenant_id = $1 AND kind = $2";

const CREATE: &str = "
    INSERT INTO flowai.plans (tenant_id, id, kind, title, body, body_hash, created_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (tenant_id, id) DO NOTHING
    RETURNING revision";

const HOLD_SEEN: &str = "SELECT FROM flowai.plans WHERE tenant_id = $1 AND id = $2 FOR UPDATE";

const REVISE: &str = "
    UPDATE flowai.plans SET kind = $3, title = $4, body = $5, body_hash = $6, revision = revision + 1
    WHERE tenant_id = $1 AND id = $2 AND state = 'draft' AND revision = $7
    RETURNING revision";

const DROP_STEPS: &str = "DELETE FROM flowai.plan_steps WHERE tenant_id = $1 AND plan_id = $2";

const ADD_STEPS: &str = "
    INSERT INTO flowai.plan_steps (tenant_id, plan_id, step_no, operation, input)
    SELECT $1, $2, s.n, s.operation, s.input::pg_catalog.jsonb
    FROM ROWS FROM (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[])) WITH ORDINALITY AS s(operation, input, n)";

const ADD_REFS: &str = "
    INSERT INTO flowai.plan_refs (tenant_id, plan_id, step_no, kind, ref_id)
    SELECT $1, $2, r.n, r.kind, r.id
    FROM ROWS FROM (pg_catalog.unnest($3::integer[]), pg_catalog.unnest($4::text[]), pg_catalog.unnest($5::text[])) AS r(n, kind, id)";

/// Handles that resolve, locked: from here to the end of the transaction nobody deletes them, and after
/// it they are a plan's. The others are unknown, foreign or expired, which all look alike.
const LOCK_REFS: &str = "
    SELECT r.kind::text, r.id
    FROM ROWS FROM (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS w(kind, id)
    JOIN flowai.refs r ON r.kind = w.kind AND r.id = w.id
    WHERE r.tenant_id = $1 AND (r.expires_at IS NULL OR r.expires_at > pg_catalog.clock_timestamp())
    FOR KEY SHARE OF r";

const STATE: &str =
    "SELECT state::text, revision FROM flowai.plans WHERE tenant_id = $1 AND id = $2";

/// A move with its line of history, in one statement, so that neither is ever there without the other. The
/// UPDATE, whose `$1` to `$3` are the tenant, the role and the login, returns `id`, `state`, `revision`,
/// `transitions`, `was`, `comment` and whatever else `answer` says of `m`.
///
/// The plan counts its moves: a number that was looked up in the history would be that of the statement's
/// snapshot, and so may be taken by whom the UPDATE has waited for.
macro_rules! moved {
    ($update:expr, $answer:literal) => {
        concat!(
            "
    WITH m AS (",
            $update,
            "),
    noted AS (
        INSERT INTO flowai.plan_transitions
            (tenant_id, plan_id, transition_no, from_state, to_state, revision, role, login, comment)
        SELECT $1, m.id, m.transitions, m.was, m.state, m.revision, $2, $3, m.comment FROM m)
    SELECT ",
            $answer,
            " FROM m"
        )
    };
}

const SUBMIT: &str = moved!(
    "
        UPDATE flowai.plans SET
            state = 'submitted', submitted_at = pg_catalog.clock_timestamp(), transitions = transitions + 1
        WHERE tenant_id = $1 AND id = $4 AND state = 'draft'
        RETURNING id, state, revision, transitions, 'draft' AS was, $5 AS comment, title, body_hash, body, kind",
    "m.revision, m.title, m.body_hash, m.body, m.kind::text"
);

/// References of a plan that have expired since it was stored; nobody removes one that a draft uses.
const EXPIRED_REFS: &str = "
    SELECT DISTINCT u.kind || ' ' || u.ref_id FROM flowai.plan_refs u
    WHERE u.tenant_id = $1 AND u.plan_id = $2
      AND NOT EXISTS (SELECT FROM flowai.refs r
                      WHERE r.tenant_id = $1 AND r.kind = u.kind AND r.id = u.ref_id
                        AND (r.expires_at IS NULL OR r.expires_at > pg_catalog.clock_timestamp()))
    ORDER BY 1";

/// A plan about which nobody decided in time, locked. Others are not: a move that they do not allow is
/// refused at once.
const LATE: &str = "
    SELECT p.revision, p.body_hash FROM flowai.plans p
    WHERE p.tenant_id = $1 AND p.id = $2 AND p.state = 'submitted'
      AND EXISTS (SELECT FROM flowai.approvals a
                  WHERE a.tenant_id = $1 AND a.subject_kind = 'plan' AND a.subject_id = $2
                    AND a.decision IS NULL AND a.expires_at <= pg_catalog.clock_timestamp())
    FOR UPDATE OF p";

const BODY_HASH: &str =
    "SELECT body_hash FROM flowai.plans WHERE tenant_id = $1 AND id = $2 FOR UPDATE";

const CANCEL: &str = moved!(
    "
        UPDATE flowai.plans p SET
            state = 'cancelled', finished_at = pg_catalog.clock_timestamp(), transitions = p.transitions + 1
        FROM (SELECT state FROM flowai.plans WHERE tenant_id = $1 AND id = $4 FOR UPDATE) AS before
        WHERE p.tenant_id = $1 AND p.id = $4 AND before.state IN ('draft', 'submitted', 'approved')
        RETURNING p.id, p.state, p.revision, p.transitions, before.state AS was, $5 AS comment",
    "m.was::text, m.revision"
);

/// What was decided about a submitted plan, if it is the one that was asked about.
const DECIDE: &str = moved!(
    "
        UPDATE flowai.plans SET
            state = $7,
            approved_at = CASE $7 WHEN 'approved' THEN pg_catalog.clock_timestamp() END,
            submitted_at = CASE $7 WHEN 'draft' THEN NULL ELSE submitted_at END,
            finished_at = CASE $7 WHEN 'cancelled' THEN pg_catalog.clock_timestamp() END,
            transitions = transitions + 1
        WHERE tenant_id = $1 AND id = $4 AND state = 'submitted' AND revision = $5 AND body_hash = $6
        RETURNING id, state, revision, transitions, 'submitted' AS was, $8 AS comment",
    "true"
);

/// Leases that are over: their plans may be claimed again, or have failed after `$5` attempts. What others
/// are at is skipped. The moment is an argument, because no index is asked for what a volatile function
/// says. Only plans that run have a lease; to ask for their state as well would tempt the planner to read
/// all that run. And it is the same plan for every moment and number, which the subqueries say: else it
/// would be made anew in each claim.
const REAP: &str = moved!(
    "
        WITH over AS MATERIALIZED (
            SELECT id, $5 > 0 AND attempt >= $5 AS spent FROM flowai.plans
            WHERE tenant_id = $1 AND lease_expires_at <= (SELECT $4)
            ORDER BY lease_expires_at, id LIMIT (SELECT $6) FOR UPDATE SKIP LOCKED)
        UPDATE flowai.plans p SET
            state = CASE WHEN over.spent THEN 'failed' ELSE 'approved' END,
            started_at = CASE WHEN over.spent THEN p.started_at END,
            finished_at = CASE WHEN over.spent THEN pg_catalog.clock_timestamp() END,
            outcome = CASE WHEN over.spent THEN pg_catalog.jsonb_build_object(
                'error', 'no worker finished the plan before its lease was over', 'attempts', p.attempt) END,
            lease_hash = NULL, lease_expires_at = NULL, transitions = p.transitions + 1
        FROM over WHERE p.tenant_id = $1 AND p.id = over.id
        RETURNING p.id, p.state, p.revision, p.transitions, 'running' AS was, over.spent, p.attempt,
            'the lease was over' || CASE WHEN over.spent THEN ', after ' || p.attempt || ' attempt(s)' ELSE '' END AS comment",
    "m.id::text, m.revision, m.spent, m.attempt"
);

/// The plan keeps a hash of the token: whoever reads it cannot pass for its worker. MATERIALIZED, so
/// that one plan is chosen however the statement is planned. A statement for each choice, so that each
/// has one plan for good: with a choice that may be NULL in it the server would plan it every time.
macro_rules! claim {
    ($choice:literal) => {
        moved!(
            concat!(
                "
        WITH next AS MATERIALIZED (
            SELECT id, pg_catalog.gen_random_uuid() AS token FROM flowai.plans
            WHERE tenant_id = $1 AND state = 'approved' ",
                $choice,
                "
            ORDER BY approved_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
        UPDATE flowai.plans p SET
            state = 'running', started_at = pg_catalog.clock_timestamp(), attempt = p.attempt + 1,
            lease_hash = pg_catalog.sha256(pg_catalog.uuid_send(next.token)),
            lease_expires_at = pg_catalog.clock_timestamp() + $4, transitions = p.transitions + 1
        FROM next WHERE p.tenant_id = $1 AND p.id = next.id
        RETURNING p.id, p.state, p.revision, p.transitions, 'approved' AS was, NULL AS comment,
            next.token, p.lease_expires_at, p.attempt"
            ),
            "m.id::text, m.revision, m.token, m.lease_expires_at, m.attempt"
        )
    };
}

const CLAIM: &str = claim!("");
const CLAIM_PLAN: &str = claim!("AND id = $5");
const CLAIM_KIND: &str = claim!("AND kind = $5");
const CLAIM_PLAN_OF_KIND: &str = claim!("AND id = $5 AND kind = $6");

const HEARTBEAT: &str = "
    UPDATE flowai.plans SET lease_expires_at = pg_catalog.clock_timestamp() + $4
    WHERE tenant_id = $1 AND id = $2 AND state = 'running' AND lease_hash = pg_catalog.sha256(pg_catalog.uuid_send($3))
      AND lease_expires_at > pg_catalog.clock_timestamp()
    RETURNING lease_expires_at";

/// Locks the plan as its worker: a heartbeat without a new expiry.
const HOLD: &str = "
    SELECT true FROM flowai.plans
    WHERE tenant_id = $1 AND id = $2 AND state = 'running' AND lease_hash = pg_catalog.sha256(pg_catalog.uuid_send($3))
      AND lease_expires_at > pg_catalog.clock_timestamp()
    FOR NO KEY UPDATE";

const FINISH_STEP: &str = "
    UPDATE flowai.plan_steps SET state = $4, result = $5, finished_at = pg_catalog.clock_timestamp()
    WHERE tenant_id = $1 AND plan_id = $2 AND step_no = $3 AND state = 'pending'
    RETURNING true";

/// A step that failed in an earlier attempt is to be done in this one.
const TRY_AGAIN: &str = "
    UPDATE flowai.plan_steps SET state = 'pending', result = NULL, finished_at = NULL
    WHERE tenant_id = $1 AND plan_id = $2 AND state = 'failed'";

const STEP: &str = "SELECT state::text FROM flowai.plan_steps WHERE tenant_id = $1 AND plan_id = $2 AND step_no = $3";

const OPEN_STEPS: &str = "
    SELECT pg_catalog.string_agg(step_no::text, ', ' ORDER BY step_no) FROM flowai.plan_steps
    WHERE tenant_id = $1 AND plan_id = $2 AND state <> 'succeeded'";

const FINISH: &str = moved!(
    "
        UPDATE flowai.plans SET
            state = $6, outcome = $7, finished_at = pg_catalog.clock_timestamp(),
            lease_hash = NULL, lease_expires_at = NULL, transitions = transitions + 1
        WHERE tenant_id = $1 AND id = $4 AND state = 'running' AND lease_hash = pg_catalog.sha256(pg_catalog.uuid_send($5))
          AND lease_expires_at > pg_catalog.clock_timestamp()
        RETURNING id, state, revision, transitions, 'running' AS was, NULL AS comment",
    "m.revision"
);

/// Plans that ended long ago, with what was decided about them; steps, references and history go with the key.
const PURGE: &str = "
    WITH ended AS MATERIALIZED (
        SELECT id FROM flowai.plans
        WHERE tenant_id = $1 AND finished_at <= (SELECT pg_catalog.clock_timestamp() - $2)
        ORDER BY finished_at, id LIMIT (SELECT $3) FOR UPDATE SKIP LOCKED),
    decided AS (
        DELETE FROM flowai.approvals a USING ended
        WHERE a.tenant_id = $1 AND a.subject_kind = 'plan' AND a.subject_id = ended.id)
    DELETE FROM flowai.plans p USING ended WHERE p.tenant_id = $1 AND p.id = ended.id";

const LIST: &str = "
    SELECT id::text, kind::text, state::text, revision, title, created_at, attempt FROM flowai.plans
    WHERE tenant_id = $1 AND ($2 IS NULL OR state = $2) AND ($3 IS NULL OR id > $3)
    ORDER BY id LIMIT $4";

const INPUTS: &str = "
    SELECT r.step_no, r.kind::text, r.ref_id, v.payload, v.payload IS NOT NULL
    FROM flowai.plan_refs r
    LEFT JOIN flowai.refs f ON f.tenant_id = $1 AND f.kind = r.kind AND f.id = r.ref_id
         AND (f.expires_at IS NULL OR f.expires_at > pg_catalog.clock_timestamp())
    LEFT JOIN flowai.ref_payloads v ON v.tenant_id = $1 AND v.kind = f.kind AND v.id = f.id
    WHERE r.tenant_id = $1 AND r.plan_id = $2
    ORDER BY r.step_no, r.kind, r.ref_id";

/// How often a session that finds plans to claim looks for leases that are over.
const REAP_PERIOD: Duration = Duration::from_secs(1);

thread_local! {
    /// For which tenant this session looked for leases that are over, and when.
    static REAPED: RefCell<Option<(Rc<str>, Instant)>> = const { RefCell::new(None) };
}

/// A plan that was stored.
pub(crate) struct Drafted {
    pub(crate) plan: String,
    pub(crate) revision: i64,
    pub(crate) created: bool,
}

/// A plan that was moved.
pub(crate) struct Moved {
    pub(crate) plan: String,
    pub(crate) state: State,
    pub(crate) revision: i64,
}

/// A plan that a worker has.
pub(crate) struct Claimed {
    pub(crate) plan: String,
    pub(crate) revision: i64,
    pub(crate) token: Uuid,
    pub(crate) lease_expires_at: TimestampWithTimeZone,
    pub(crate) attempt: i32,
}

/// A plan that was taken back from its worker.
pub(crate) struct Reaped {
    pub(crate) plan: String,
    pub(crate) state: State,
    pub(crate) attempt: i32,
}

/// A line of a list of plans.
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) revision: i64,
    pub(crate) title: String,
    pub(crate) created_at: TimestampWithTimeZone,
    pub(crate) attempt: i32,
}

/// A payload that a step uses.
pub(crate) struct Input {
    pub(crate) step_no: i32,
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) payload: Stored,
}

/// Defines a kind of plans, or a new revision of it.
pub(crate) fn define_kind(kind: Option<&str>, schema: Option<Jsonb>) -> Result<i64> {
    let tenant = tenant::required()?;
    let kind = name::argument("kind", kind)?;
    let schema = schema.ok_or_else(|| Error::missing("schema"))?;
    schema.schema()?;
    one(spi::write_one(DEFINE_KIND, args![&*tenant, kind, schema], |row| row.need(1))?)
}

/// Stores a plan as a draft: a new one, or a new body for one that has the revision expected.
pub(crate) fn store(
    kind: Option<&str>,
    id: Option<&str>,
    body: Option<Jsonb>,
    expected_revision: Option<i64>,
) -> Result<Drafted> {
    let tenant = tenant::required()?;
    let kind = name::argument("kind", kind)?;
    let id = name::argument("plan", id)?;
    let body = body.ok_or_else(|| Error::missing("body"))?;
    let schema = spi::write_one(KIND, args![&*tenant, kind], |row| row.need_jsonb(1)?.schema())?
        .ok_or_else(|| {
            Error::new(
                Kind::NotFound,
                "plan_kind_known",
                format!("plan kind \"{kind}\" is not found"),
            )
            .hint("Define it with flowai.plan_kind_define(kind, schema).")
        })?;
    let value = plan::read(body.text())?;
    schema.check(&value, "plan_fits_schema", "the plan")?;
    let parsed = plan::parse(&value)?;
    check_references(&tenant, &parsed)?;
    let hash = digest::hash(body.text())?.to_vec();
    let title = parsed.title.as_str();
    let revision: Option<i64> = match expected_revision {
        None => {
            spi::hold_what_is_seen(HOLD_SEEN, || args![&*tenant, id])?;
            let create = args![&*tenant, id, kind, title, body, hash, tenant::outer_name()];
            spi::write_one(CREATE, create, |row| row.need(1))?
        }
        Some(expected) => or_after_lapse(&tenant, id, || {
            let revise = args![&*tenant, id, kind, title, body, hash.clone(), expected];
            spi::write_one(REVISE, revise, |row| row.need(1))
        })?,
    };
    let Some(revision) = revision else { return Err(not_stored(&tenant, id, expected_revision)?) };
    write_steps(&tenant, id, &parsed, expected_revision.is_some())?;
    event::note(
        if expected_revision.is_none() { "flowai.plan.stored" } else { "flowai.plan.revised" },
        event::Severity::Info,
        json!({ "plan": id, "kind": kind, "revision": revision }),
    )?;
    Ok(Drafted { plan: id.to_owned(), revision, created: expected_revision.is_none() })
}

fn check_references(tenant: &str, body: &Body) -> Result<()> {
    let mut handles: BTreeSet<(String, String)> =
        body.steps.iter().flat_map(|step| step.references.clone()).collect();
    if handles.is_empty() {
        return Ok(());
    }
    let (kinds, ids): (Vec<String>, Vec<String>) = handles.iter().cloned().unzip();
    let found = spi::write(LOCK_REFS, args![tenant, kinds, ids], |row| {
        Ok((row.need::<String>(1)?, row.need::<String>(2)?))
    })?;
    for handle in found {
        handles.remove(&handle);
    }
    let missing: Vec<_> = handles.into_iter().map(|(kind, id)| format!("{kind} {id}")).collect();
    if missing.is_empty() { Ok(()) } else { Err(missing_references(&missing)) }
}

fn missing_references(missing: &[String]) -> Error {
    let shown: Vec<String> = missing.iter().take(20).map(|handle| shorten(handle)).collect();
    Error::new(
        Kind::NotFound,
        "plan_references_found",
        format!("{} reference(s) of the plan are not found", missing.len()),
    )
    .detail(format!("Not found: {}.", shown.join("; ")))
    .hint("Store them with flowai.ref_put, or extend them by putting them again.")
}

fn write_steps(tenant: &str, id: &str, body: &Body, revised: bool) -> Result<()> {
    if revised {
        spi::run(DROP_STEPS, args![tenant, id])?;
    }
    let operations: Vec<String> = body.steps.iter().map(|s| s.operation.clone()).collect();
    let inputs: Vec<String> =
        body.steps.iter().map(|s| serde_json::Value::Object(s.input.clone()).to_string()).collect();
    spi::run(ADD_STEPS, args![tenant, id, operations, inputs])?;
    let references: Vec<_> = body
        .steps
        .iter()
        .zip(1..)
        .flat_map(|(step, no)| {
            step.references.iter().map(move |(kind, id)| (no, kind.clone(), id.clone()))
        })
        .collect();
    if !references.is_empty() {
        let numbers: Vec<i32> = references.iter().map(|r| r.0).collect();
        let kinds: Vec<String> = references.iter().map(|r| r.1.clone()).collect();
        let ids: Vec<String> = references.into_iter().map(|r| r.2).collect();
        spi::run(ADD_REFS, args![tenant, id, numbers, kinds, ids])?;
    }
    Ok(())
}

/// Why a plan was not stored: it is there, in another state, or has another revision.
fn not_stored(tenant: &str, id: &str, expected: Option<i64>) -> Result<Error> {
    let Some(expected) = expected else {
        return Ok(Error::new(Kind::AlreadyExists, "plan_new", format!("plan \"{id}\" already exists"))
            .hint("To store a new body for a draft, pass the revision that you have seen as expected_revision."));
    };
    Ok(match state(tenant, id)? {
        None => not_found(id),
        Some((State::Draft, revision)) => Error::new(
            Kind::Stale,
            "plan_revision",
            format!("plan \"{id}\" has another revision"),
        )
        .detail(format!("Expected {expected}, found {revision}."))
        .hint("Read the plan again with flowai.plan_get(plan), then store your change on top."),
        Some((other, _)) => plan::wrong_state(id, other, "change", &[State::Draft]),
    })
}

/// Submits a draft: what it is now waits for a person, unless a policy waives that.
pub(crate) fn submit(
    id: Option<&str>,
    deadline: Option<Interval>,
    comment: Option<&str>,
) -> Result<(Moved, Uuid)> {
    let tenant = tenant::required()?;
    let id = name::argument("plan", id)?;
    check_span("deadline", deadline)?;
    asking::comment(comment)?;
    let (moved, asked) = submit_draft(&tenant, id, deadline, comment)?;
    Ok((moved, asked.approval))
}

/// Submits a draft if its body is the one with this hash.
pub(super) fn submit_body(
    id: &str,
    body_hash: Vec<u8>,
    deadline: Option<Interval>,
) -> Result<approval::Asked> {
    let tenant = tenant::required()?;
    let hash = spi::write_one(BODY_HASH, args![&*tenant, id], |row| row.need::<Vec<u8>>(1))?;
    if hash.ok_or_else(|| not_found(id))? != body_hash {
        return Err(Error::new(
            Kind::Stale,
            "approval_body",
            format!("the body is not that of plan \"{}\"", shorten(id)),
        )
        .detail("Somebody stored another one.")
        .hint("Look at it again with flowai.plan_get(plan), or submit what it is now with flowai.plan_submit(plan)."));
    }
    submit_draft(&tenant, id, deadline, None).map(|(_, asked)| asked)
}

fn submit_draft(
    tenant: &str,
    id: &str,
    deadline: Option<Interval>,
    comment: Option<&str>,
) -> Result<(Moved, approval::Asked)> {
    struct Submitted {
        revision: i64,
        title: String,
        hash: Vec<u8>,
        body: String,
        kind: String,
    }
    let submitted = or_after_lapse(tenant, id, || {
        spi::write_one(SUBMIT, moving(tenant).and(id).and(comment), |row| {
            Ok(Submitted {
                revision: row.need(1)?,
                title: row.need(2)?,
                hash: row.need(3)?,
                body: row.need_jsonb(4)?.text().to_owned(),
                kind: row.need(5)?,
            })
        })
    })?;
    let Some(Submitted { revision, title, hash, body, kind }) = submitted else {
        return Err(elsewhere(tenant, id, "submit", &[State::Draft])?);
    };
    // Nobody is asked about what could not run.
    let expired = spi::write(EXPIRED_REFS, args![tenant, id], |row| row.need::<String>(1))?;
    if !expired.is_empty() {
        return Err(missing_references(&expired));
    }
    announce(id, State::Draft, State::Submitted, revision)?;
    let subject = approval::Subject {
        kind: PLAN,
        id,
        revision,
        title: &title,
        body: Jsonb::parse(body)?,
        body_hash: hash.clone(),
        plan_kind: &kind,
    };
    let asked = approval::ask(subject, deadline)?;
    let mut state = State::Submitted;
    if let Some(because) = &asked.waived {
        state = State::Approved;
        let comment = format!("no approval is needed: {because}");
        decide(tenant, id, revision, hash, state, Some(&comment))?;
    }
    Ok((Moved { plan: id.to_owned(), state, revision }, asked))
}

/// What `attempt` finds; if nothing, what it finds once the plan is a draft again about which nobody decided in
/// time.
fn or_after_lapse<T>(
    tenant: &str,
    id: &str,
    attempt: impl Fn() -> Result<Option<T>>,
) -> Result<Option<T>> {
    let found = attempt()?;
    if found.is_some() {
        return Ok(found);
    }
    let late = spi::write_one(LATE, args![tenant, id], |row| {
        Ok((row.need::<i64>(1)?, row.need::<Vec<u8>>(2)?))
    })?;
    // Whoever waited for the lock may have waited for one who did just this.
    if let Some((revision, hash)) = late
        && approval::lapse(tenant, PLAN, id)?
    {
        let comment = Some("nobody decided in time");
        decide(tenant, id, revision, hash, State::Draft, comment)?;
    }
    attempt()
}

/// Cancels a plan that is not running yet, or not any more, and withdraws what waits for a decision about it.
pub(crate) fn cancel(id: Option<&str>, comment: Option<&str>) -> Result<Moved> {
    let tenant = tenant::required()?;
    let id = name::argument("plan", id)?;
    asking::comment(comment)?;
    let cancelled = or_after_reaping(&tenant, || {
        spi::write_one(CANCEL, moving(&tenant).and(id).and(comment), |row| {
            Ok((row.need::<String>(1)?, row.need::<i64>(2)?))
        })
    })?;
    let Some((from, revision)) = cancelled else {
        return Err(elsewhere(
            &tenant,
            id,
            "cancel",
            &[State::Draft, State::Submitted, State::Approved],
        )?);
    };
    let from = State::named(&from).ok_or_else(|| Error::internal("a plan in an unknown state"))?;
    announce(id, from, State::Cancelled, revision)?;
    approval::withdraw_about(&tenant, PLAN, id)?;
    Ok(Moved { plan: id.to_owned(), state: State::Cancelled, revision })
}

/// Gives one worker the oldest approved plan that fits, or none.
pub(crate) fn claim(
    id: Option<&str>,
    kind: Option<&str>,
    lease: Option<Interval>,
) -> Result<Option<Claimed>> {
    let tenant = tenant::required()?;
    let lease = lease.ok_or_else(|| Error::missing("lease"))?;
    check_span("lease", Some(lease))?;
    let claimed = or_after_reaping(&tenant, || {
        let any = moving(&tenant).and(lease);
        let (statement, chosen) = match (id, kind) {
            (None, None) => (CLAIM, any),
            (Some(id), None) => (CLAIM_PLAN, any.and(id)),
            (None, Some(kind)) => (CLAIM_KIND, any.and(kind)),
            (Some(id), Some(kind)) => (CLAIM_PLAN_OF_KIND, any.and(id).and(kind)),
        };
        spi::write_one(statement, chosen, |row| {
            Ok(Claimed {
                plan: row.need(1)?,
                revision: row.need(2)?,
                token: row.need(3)?,
                lease_expires_at: row.need(4)?,
                attempt: row.need(5)?,
            })
        })
    })?;
    let Some(claimed) = claimed else { return Ok(None) };
    announce(&claimed.plan, State::Approved, State::Running, claimed.revision)?;
    if claimed.attempt > 1 {
        spi::run(TRY_AGAIN, args![&*tenant, claimed.plan.as_str()])?;
    }
    if is_time_to_reap(&tenant) {
        reap(&tenant)?;
    }
    Ok(Some(claimed))
}

/// Takes plans back from workers whose lease is over: to be claimed again, or failed after so many
/// attempts. Steps that succeeded stay so.
pub(crate) fn reap_all(max_attempts: Option<i32>, max_rows: Option<i32>) -> Result<Vec<Reaped>> {
    let tenant = tenant::required()?;
    let max_attempts = max_attempts.unwrap_or_else(guc::plan_max_attempts);
    name::within("max_attempts", max_attempts, 0, guc::PLAN_MOST_ATTEMPTS)?;
    let max_rows = max_rows.ok_or_else(|| Error::missing("max_rows"))?;
    name::within("max_rows", max_rows, 1, 10_000)?;
    take_back(&tenant, max_attempts, max_rows)
}

/// Whether a claim that found a plan should look after others. Now and then is enough, and does not cost each
/// claim the question: whoever finds no plan asks in any case.
fn is_time_to_reap(tenant: &Rc<str>) -> bool {
    REAPED.with_borrow_mut(|reaped| {
        let due =
            reaped.as_ref().is_none_or(|(of, when)| of != tenant || when.elapsed() >= REAP_PERIOD);
        if due {
            *reaped = Some((Rc::clone(tenant), Instant::now()));
        }
        due
    })
}

/// What claims and cancellations do on their way; whether there was anything to take back.
fn reap(tenant: &str) -> Result<bool> {
    take_back(tenant, guc::plan_max_attempts(), 100).map(|reaped| !reaped.is_empty())
}

/// What `attempt` finds; if nothing, what it finds once plans whose leases are over have been taken back.
fn or_after_reaping<T>(tenant: &str, attempt: impl Fn() -> Result<Option<T>>) -> Result<Option<T>> {
    match attempt()? {
        None if reap(tenant)? => attempt(),
        found => Ok(found),
    }
}

fn take_back(tenant: &str, max_attempts: i32, max_rows: i32) -> Result<Vec<Reaped>> {
    let arguments = moving(tenant).and(clock::now()).and(max_attempts).and(i64::from(max_rows));
    let over = spi::write(REAP, arguments, |row| {
        let state = if row.need(3)? { State::Failed } else { State::Approved };
        Ok((row.need(2)?, Reaped { plan: row.need(1)?, state, attempt: row.need(4)? }))
    })?;
    let mut reaped = Vec::new();
    for (revision, plan) in over {
        announce(&plan.plan, State::Running, plan.state, revision)?;
        reaped.push(plan);
    }
    Ok(reaped)
}

/// Extends the lease of the worker that has the plan.
pub(crate) fn heartbeat(
    id: Option<&str>,
    token: Option<Uuid>,
    lease: Option<Interval>,
) -> Result<TimestampWithTimeZone> {
    let (tenant, id, token) = worker(id, token)?;
    let lease = lease.ok_or_else(|| Error::missing("lease"))?;
    check_span("lease", Some(lease))?;
    match spi::write_one(HEARTBEAT, args![&*tenant, id, token, lease], |row| row.need(1))? {
        Some(expires_at) => Ok(expires_at),
        None => Err(not_yours(&tenant, id)?),
    }
}

/// Records what came of a step.
pub(crate) fn finish_step(
    id: Option<&str>,
    token: Option<Uuid>,
    step_no: Option<i32>,
    success: bool,
    result: Option<Jsonb>,
) -> Result<&'static str> {
    let (tenant, id, token) = worker(id, token)?;
    let step_no = step_no.ok_or_else(|| Error::missing("step_no"))?;
    hold(&tenant, id, token)?;
    let state = if success { "succeeded" } else { "failed" };
    let done = spi::write_one(FINISH_STEP, args![&*tenant, id, step_no, state, result], |row| {
        row.need::<bool>(1)
    })?;
    if done.is_some() {
        return Ok(state);
    }
    let found: Option<String> =
        spi::write_one(STEP, args![&*tenant, id, step_no], |row| row.need(1))?;
    Err(match found {
        None => Error::new(
            Kind::NotFound,
            "plan_step_found",
            format!("plan \"{id}\" has no step {step_no}"),
        )
        .hint("Steps count from 1; see flowai.plan_get(plan)."),
        Some(state) => Error::new(
            Kind::WrongState,
            "plan_step_state",
            format!("step {step_no} of plan \"{id}\" has already {state}"),
        )
        .hint("Each step is finished once; go on with the next."),
    })
}

/// Ends a plan. It succeeds only if every step did.
pub(crate) fn finish(
    id: Option<&str>,
    token: Option<Uuid>,
    success: bool,
    outcome: Option<Jsonb>,
) -> Result<Moved> {
    let (tenant, id, token) = worker(id, token)?;
    let state = if success { State::Succeeded } else { State::Failed };
    if !success && outcome.is_none() {
        return Err(Error::missing("error"));
    }
    hold(&tenant, id, token)?;
    if success {
        let open: Option<String> =
            spi::write_one(OPEN_STEPS, args![&*tenant, id], |row| Ok(row.get(1)))?.flatten();
        if let Some(open) = open {
            return Err(Error::new(
                Kind::WrongState,
                "plan_steps_done",
                format!("plan \"{id}\" has steps that did not succeed"),
            )
            .detail(format!("Steps {open}."))
            .hint("Finish what is pending with flowai.plan_step_finish; where a step failed, end the plan with flowai.plan_fail."));
        }
    }
    let end = moving(&tenant).and(id).and(token).and(state.name()).and(outcome);
    let revision = spi::write_one(FINISH, end, |row| row.need(1))?;
    let Some(revision) = revision else { return Err(not_yours(&tenant, id)?) };
    announce(id, State::Running, state, revision)?;
    Ok(Moved { plan: id.to_owned(), state, revision })
}

/// Removes plans of a tenant that ended so long ago. For administrators: what was done, and who allowed it,
/// is not for those to remove who did it.
pub(crate) fn purge(
    tenant: Option<&str>,
    older_than: Option<Interval>,
    max_rows: Option<i32>,
) -> Result<i64> {
    let purge = Purge { statement: PURGE, event: "flowai.plan.purged", rows: "plans" };
    tenancy::purge(tenant, older_than, max_rows, purge)
}

/// A page of plans by id.
pub(crate) fn list(state: Option<&str>, after: Option<&str>, max_rows: i32) -> Result<Vec<Listed>> {
    let tenant = tenant::required()?;
    let state = plan::state_argument(state)?.map(State::name);
    spi::read(LIST, args![&*tenant, state, after, max_rows], |row| {
        Ok(Listed {
            id: row.need(1)?,
            kind: row.need(2)?,
            state: row.need(3)?,
            revision: row.need(4)?,
            title: row.need(5)?,
            created_at: row.need(6)?,
            attempt: row.need(7)?,
        })
    })
}

/// Every payload that a plan uses, from one snapshot, or the list of what is missing.
pub(crate) fn inputs(id: &str) -> Result<Vec<Input>> {
    let tenant = tenant::required()?;
    if spi::read_one(STATE, args![&*tenant, id], |row| row.need::<String>(1))?.is_none() {
        return Err(not_found(id));
    }
    let mut missing = Vec::new();
    let inputs = spi::read(INPUTS, args![&*tenant, id], |row| {
        let (step_no, kind, id) = (row.need(1)?, row.need::<String>(2)?, row.need::<String>(3)?);
        if row.need(5)? {
            reference::check_intact(&kind, &id, row.need_jsonb(4)?.text())?;
            return Ok(Some(Input { step_no, kind, id, payload: row.transfer(4)? }));
        }
        missing.push(format!("{kind} {id}"));
        Ok(None)
    })?;
    if missing.is_empty() {
        Ok(inputs.into_iter().flatten().collect())
    } else {
        Err(missing_references(&missing))
    }
}

/// Moves a submitted plan, if it is what was asked about.
pub(super) fn decide(
    tenant: &str,
    id: &str,
    revision: i64,
    body_hash: Vec<u8>,
    state: State,
    comment: Option<&str>,
) -> Result<()> {
    let decision =
        moving(tenant).and(id).and(revision).and(body_hash).and(state.name()).and(comment);
    if spi::write_one(DECIDE, decision, |row| row.need::<bool>(1))?.is_none() {
        return Err(asking::other_body(id));
    }
    announce(id, State::Submitted, state, revision)
}

/// The first arguments of every move: whose plan, and by whom.
fn moving(tenant: &str) -> Args {
    args![tenant, tenant::outer_name(), tenant::login_name()]
}

/// Records a move as an event.
fn announce(id: &str, from: State, to: State, revision: i64) -> Result<()> {
    let severity = match (from, to) {
        // The work did not come to the end that was meant.
        (State::Running, State::Failed | State::Approved) => event::Severity::Warn,
        _ => event::Severity::Info,
    };
    event::note(
        &format!("flowai.plan.{}", from.verb(to)),
        severity,
        json!({ "plan": id, "from": from.name(), "to": to.name(), "revision": revision }),
    )
}

/// The error of a move that found the plan in another state, or not at all.
pub(super) fn elsewhere(tenant: &str, id: &str, operation: &str, needs: &[State]) -> Result<Error> {
    Ok(match state(tenant, id)? {
        None => not_found(id),
        Some((state, _)) => plan::wrong_state(id, state, operation, needs),
    })
}

fn state(tenant: &str, id: &str) -> Result<Option<(State, i64)>> {
    spi::write_one(STATE, args![tenant, id], |row| {
        let state = State::named(&row.need::<String>(1)?)
            .ok_or_else(|| Error::internal("a plan in an unknown state"))?;
        Ok((state, row.need(2)?))
    })
}

fn worker(id: Option<&str>, token: Option<Uuid>) -> Result<(Rc<str>, &str, Uuid)> {
    Ok((
        tenant::required()?,
        name::argument("plan", id)?,
        token.ok_or_else(|| Error::missing("token"))?,
    ))
}

fn hold(tenant: &str, id: &str, token: Uuid) -> Result<()> {
    match spi::write_one(HOLD, args![tenant, id, token], |row| row.need::<bool>(1))? {
        Some(_) => Ok(()),
        None => Err(not_yours(tenant, id)?),
    }
}

/// Without the token of a lease that lives nobody is the plan's worker.
fn not_yours(tenant: &str, id: &str) -> Result<Error> {
    Ok(match state(tenant, id)? {
        Some((State::Running, _)) => Error::new(
            Kind::WrongState,
            "plan_lease",
            format!("this worker does not have plan \"{id}\""),
        )
        .detail("The token is not the one of its lease, or the lease has expired.")
        .hint("Stop working on it. Claim a plan with flowai.plan_claim()."),
        _ => elsewhere(tenant, id, "work on", &[State::Running])?,
    })
}

fn not_found(id: &str) -> Error {
    Error::new(Kind::NotFound, "plan_found", format!("plan \"{}\" is not found", shorten(id)))
        .hint("List plans with flowai.plan_list().")
}

fn check_span(name: &'static str, span: Option<Interval>) -> Result<()> {
    span.map_or(Ok(()), |i| ttl::check(name, i.months(), i.days(), i.micros()))
}

fn one<T>(row: Option<T>) -> Result<T> {
    row.ok_or_else(|| Error::internal("a statement that returns a row returned none"))
}
