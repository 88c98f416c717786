//! Approvals: what waits for a person, and one decision each.

use std::time::{Duration, Instant};

use flowai_core::approval::{self as core, Decision, PLAN, TOOL};
use flowai_core::name::{self, shorten};
use flowai_core::plan::State;
use flowai_core::{Error, Kind, Result, digest, ttl};
use pgrx::Uuid;
use pgrx::datum::{Interval, TimestampWithTimeZone};
use serde_json::{Value, json};

use super::approval_policy::{self, Ruling};
use super::tenancy::{self, Purge};
use super::{event, plan, tool};
use crate::pg::jsonb::Jsonb;
use crate::pg::spi::{self, Snapshot, args};
use crate::pg::{clock, interrupt, tenant};

const REQUEST: &str = "
    INSERT INTO flowai.approvals
        (tenant_id, id, subject_kind, subject_id, subject_revision, title, body, body_hash, requested_by, requested_login,
         requested_at, expires_at, separate_duties, deciders, decision, comment, decided_by, decided_login, decided_at)
    VALUES ($1, pg_catalog.gen_random_uuid(), $2, $3, $4, $5, $6, $7, $8, $9, $10, $10 + $11, $12, $13, $14, $15,
            CASE WHEN $14 IS NOT NULL THEN $8 END, CASE WHEN $14 IS NOT NULL THEN $9 END, CASE WHEN $14 IS NOT NULL THEN $10 END)
    ON CONFLICT DO NOTHING
    RETURNING id";

/// The open approval of a subject; of a tool, that of the call: who makes it and with what.
const OPEN: &str = "
    SELECT id, body_hash = $4 FROM flowai.approvals
    WHERE tenant_id = $1 AND subject_kind = $2 AND subject_id = $3 AND decision IS NULL
      AND ($2 <> 'tool' OR (requested_by = $5 AND body_hash = $4))";

/// Approvals that nobody decided in time make room for new ones.
const EXPIRE: &str = "
    UPDATE flowai.approvals SET decision = 'expired', decided_by = $4, decided_login = $5, decided_at = $6
    WHERE tenant_id = $1 AND subject_kind = $2 AND subject_id = $3 AND decision IS NULL AND expires_at <= $6
    RETURNING id, subject_revision";

const WITHDRAW: &str = "
    UPDATE flowai.approvals SET decision = 'withdrawn', decided_by = $4, decided_login = $5, decided_at = $6
    WHERE tenant_id = $1 AND subject_kind = $2 AND subject_id = $3 AND decision IS NULL
    RETURNING id, subject_revision";

/// Asks for the decision in words that no partial index knows: one approval is found by its id.
const WITHDRAW_ONE: &str = "
    UPDATE flowai.approvals SET decision = 'withdrawn', comment = $3, decided_by = $4, decided_login = $5, decided_at = $6
    WHERE tenant_id = $1 AND id = $2 AND pg_catalog.num_nulls(decision) = 1";

/// The plan's row is locked before the approval's, here as in every move of a plan.
const LOCK_PLAN: &str = "
    SELECT true FROM flowai.approvals a
    JOIN flowai.plans p ON p.tenant_id = $1 AND p.id = a.subject_id
    WHERE a.tenant_id = $1 AND a.id = $2 AND a.subject_kind = 'plan'
    FOR UPDATE OF p";

/// Both policies bind: the one that held when it was asked, and the one that holds now. `$3` is the role
/// that decides.
const LOCK: &str = "
    SELECT a.decision, a.decided_by, a.subject_kind::text, a.subject_id::text, a.subject_revision, a.body_hash,
           a.requested_by, a.requested_login, a.expires_at,
           a.separate_duties OR COALESCE(p.separate_duties, false),
           flowai_internal.approval_may_decide($3, a.deciders) AND flowai_internal.approval_may_decide($3, p.deciders)
    FROM flowai.approvals a
    LEFT JOIN flowai.plans l ON a.subject_kind = 'plan' AND l.tenant_id = $1 AND l.id = a.subject_id
    LEFT JOIN LATERAL flowai_internal.approval_policy(a.subject_kind, COALESCE(l.kind, a.subject_id)) p ON true
    WHERE a.tenant_id = $1 AND a.id = $2
    FOR UPDATE OF a";

const DECIDE: &str = "
    UPDATE flowai.approvals SET decision = $3, comment = $4, decided_by = $5, decided_login = $6, decided_at = $7
    WHERE tenant_id = $1 AND id = $2 AND pg_catalog.num_nulls(decision) = 1";

/// The plan moves only if it still is what the person saw.
/// What was decided, or ran out of time, long ago. Not what a plan that is there rests on, and no grant for a call
/// that may still run.
const PURGE: &str = "
    WITH over AS MATERIALIZED (
        SELECT a.id FROM flowai.approvals a
        WHERE a.tenant_id = $1 AND COALESCE(a.decided_at, a.expires_at) <= (SELECT pg_catalog.clock_timestamp() - $2)
          AND NOT (a.subject_kind = 'plan'
                   AND EXISTS (SELECT FROM flowai.plans p WHERE p.tenant_id = $1 AND p.id = a.subject_id))
          AND NOT (a.subject_kind = 'tool' AND a.decision IS NOT DISTINCT FROM 'granted' AND a.used_at IS NULL
                   AND (a.expires_at IS NULL OR a.expires_at > pg_catalog.clock_timestamp()))
        ORDER BY COALESCE(a.decided_at, a.expires_at), a.id LIMIT (SELECT $3) FOR UPDATE SKIP LOCKED)
    DELETE FROM flowai.approvals a USING over WHERE a.tenant_id = $1 AND a.id = over.id";

const SEEN: &str = "
    SELECT CASE WHEN decision IS NOT NULL THEN decision
                WHEN expires_at <= pg_catalog.clock_timestamp() THEN 'expired' ELSE 'open' END,
           comment, decided_by, decided_at,
           EXTRACT(epoch FROM expires_at - pg_catalog.clock_timestamp())::float8
    FROM flowai.approvals WHERE tenant_id = $1 AND id = $2";

/// What was said about a call of a tool and still counts, the last word first. A grant counts if whoever gave
/// it could give it now, by the policy in force: `$5` is who decides, `$6` whether duties are separate.
const LAST_WORDS: &str = "
    SELECT id, decision, comment,
           COALESCE(expires_at <= pg_catalog.clock_timestamp(), false)
           OR COALESCE(decision = 'granted' AND NOT (flowai_internal.approval_may_decide(decided_by, $5)
                                                     AND (NOT $6 OR decided_login <> requested_login)), false)
    FROM flowai.approvals
    WHERE tenant_id = $1 AND requested_by = $2 AND subject_kind = 'tool' AND subject_id = $3 AND body_hash = $4
      AND used_at IS NULL AND (decision IS NULL OR decision IN ('granted', 'denied', 'sent_back'))
    ORDER BY requested_at DESC, id DESC LIMIT 100";

/// Whoever comes second waits for the first, and finds nothing if that one's call stands.
const USE: &str = "
    UPDATE flowai.approvals SET used_at = pg_catalog.clock_timestamp()
    WHERE tenant_id = $1 AND id = $2 AND decision = 'granted' AND used_at IS NULL
      AND (expires_at IS NULL OR expires_at > pg_catalog.clock_timestamp())
    RETURNING true";

/// How many calls of tools a role has waiting, up to a few more than it may.
const WAITING: &str = "
    SELECT pg_catalog.count(*) FROM (
        SELECT FROM flowai.approvals
        WHERE tenant_id = $1 AND decision IS NULL AND subject_kind = 'tool' AND requested_by = $2
        LIMIT $3) w";

/// Most calls of tools that a role may have waiting: an inbox is for people.
const MOST_WAITING: i64 = 1000;
/// Longest time that one call waits.
const MAX_WAIT: Duration = Duration::from_secs(3600);
/// The first and the longest time between two looks.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// What is asked about.
pub(super) struct Subject<'a> {
    pub(super) kind: &'a str,
    pub(super) id: &'a str,
    pub(super) revision: i64,
    pub(super) title: &'a str,
    pub(super) body: Jsonb,
    pub(super) body_hash: Vec<u8>,
    /// The kind of a plan; policies name plans by it.
    pub(super) plan_kind: &'a str,
}

/// What came of asking.
pub(crate) struct Asked {
    pub(crate) approval: Uuid,
    /// False: the same was asked already, and waits.
    pub(crate) created: bool,
    /// Why nobody is asked; `None`: it waits.
    pub(crate) waived: Option<String>,
}

/// What a decision did.
pub(crate) struct Decided {
    pub(crate) decision: Decision,
    /// The plan that it was about, and where it sent that.
    pub(crate) plan: Option<(String, State)>,
}

/// An approval as whoever waits for it sees it.
pub(crate) struct Seen {
    pub(crate) status: String,
    pub(crate) comment: Option<String>,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_at: Option<TimestampWithTimeZone>,
}

/// Whether a tool may run.
pub(crate) enum Gate {
    /// Nobody has to be asked.
    Open,
    /// A grant was used for this call.
    Granted(Uuid),
    /// It waits for a decision.
    Waits(Uuid),
    /// Somebody said no.
    Refused { approval: Uuid, decision: String, comment: Option<String> },
}

// ---------------------------------------------------------------------------------- asking

/// Asks for a decision about a subject of any kind.
pub(crate) fn request(
    subject_kind: Option<&str>,
    subject_id: Option<&str>,
    body: Option<Jsonb>,
    deadline: Option<Interval>,
    title: Option<&str>,
) -> Result<Asked> {
    tenant::required()?;
    let kind = name::argument("subject_kind", subject_kind)?;
    let id = name::argument("subject_id", subject_id)?;
    let body = body.ok_or_else(|| Error::missing("body"))?;
    check_deadline(deadline)?;
    let value = core::read(body.text())?;
    if kind == PLAN {
        let hash = digest::hash(body.text())?.to_vec();
        return plan::submit_body(id, hash, deadline);
    }
    let (body, title) = if kind == TOOL {
        let call = format!("call {id}");
        let title = core::title(title.or(Some(&call)), &Value::Null, kind, id)?;
        (Jsonb::of(tool::arguments(id, value)?)?, title)
    } else {
        (body, core::title(title, &value, kind, id)?)
    };
    let body_hash = digest::hash(body.text())?.to_vec();
    ask(Subject { kind, id, revision: 1, title: &title, body, body_hash, plan_kind: "" }, deadline)
}

fn check_deadline(deadline: Option<Interval>) -> Result<()> {
    deadline.map_or(Ok(()), |i| ttl::check("deadline", i.months(), i.days(), i.micros()))
}

/// Asks, if the policy says so.
pub(super) fn ask(subject: Subject, deadline: Option<Interval>) -> Result<Asked> {
    let class = approval_policy::class(subject.kind, subject.id, subject.plan_kind);
    let ruling = if subject.kind == TOOL {
        approval_policy::ruling_of_tool(class, subject.body.text())?
    } else {
        approval_policy::ruling(subject.kind, class, subject.body.text())?
    };
    record(&subject, deadline, ruling)
}

fn record(subject: &Subject, deadline: Option<Interval>, ruling: Ruling) -> Result<Asked> {
    let tenant = tenant::required()?;
    let (role, login) = (tenant::outer_name(), tenant::login_name());
    let Subject { kind, id, revision, title, body, body_hash, .. } = subject;
    let waived = (!ruling.needed).then(|| ruling.because.clone());
    if *kind == TOOL && waived.is_none() {
        let waiting =
            spi::write_one(WAITING, args![&*tenant, role.as_str(), MOST_WAITING], |row| {
                row.need::<i64>(1)
            })?;
        if waiting.is_some_and(|waiting| waiting >= MOST_WAITING) {
            return Err(Error::too_large(
                "approval_count",
                format!("role \"{role}\" has too many calls of tools waiting"),
            )
            .detail(format!("The limit is {MOST_WAITING}."))
            .hint("Wait for a decision, or take some back with approval_withdraw."));
        }
    }
    // What was open when there was nothing to write may be decided before it is read.
    for _ in 0..3 {
        let now = clock::now();
        lapse(&tenant, kind, id)?;
        let request = args![
            &*tenant,
            *kind,
            *id,
            *revision,
            *title,
            *body,
            body_hash.clone(),
            role.as_str(),
            login.as_str(),
            now,
            deadline,
            ruling.separate_duties,
            ruling.deciders.as_deref(),
            waived.as_ref().map(|_| "waived"),
            waived.as_deref()
        ];
        if let Some(approval) = spi::write_one(REQUEST, request, |row| row.need(1))? {
            let name = if waived.is_some() { "waived" } else { "requested" };
            note(name, approval, kind, id, *revision, Some(&ruling.because))?;
            return Ok(Asked { approval, created: true, waived });
        }
        let open = spi::write_one(
            OPEN,
            args![&*tenant, *kind, *id, body_hash.clone(), role.as_str()],
            |row| Ok((row.need::<Uuid>(1)?, row.need::<bool>(2)?)),
        )?;
        match open {
            Some((approval, true)) => return Ok(Asked { approval, created: false, waived: None }),
            Some((_, false)) => {
                return Err(Error::new(
                    Kind::AlreadyExists,
                    "approval_new",
                    format!("something else about {kind} \"{}\" waits for a decision", shorten(id)),
                )
                .detail("A subject has one open approval.")
                .hint("Wait for it, or let who asked withdraw it with flowai.approval_withdraw(approval)."));
            }
            None => {}
        }
    }
    Err(Error::new(Kind::Stale, "approval_settled", "others keep asking and deciding the same")
        .hint("Try again."))
}

fn note(
    what: &str,
    approval: Uuid,
    kind: &str,
    id: &str,
    revision: i64,
    because: Option<&str>,
) -> Result<()> {
    let mut said = if kind == PLAN {
        json!({ "approval": approval.to_string(), "plan": id, "revision": revision })
    } else {
        json!({ "approval": approval.to_string(), "subject_kind": kind, "subject": id })
    };
    if let (Value::Object(said), Some(because)) = (&mut said, because) {
        said.insert("because".to_owned(), because.into());
    }
    event::note(&format!("flowai.approval.{what}"), event::Severity::Info, said)
}

/// Notes that nobody decided about a subject in time, if so: that makes room for asking anew.
pub(super) fn lapse(tenant: &str, kind: &str, id: &str) -> Result<bool> {
    let expire = args![tenant, kind, id, tenant::outer_name(), tenant::login_name(), clock::now()];
    let expired = spi::write(EXPIRE, expire, |row| Ok((row.need(1)?, row.need(2)?)))?;
    for (approval, revision) in &expired {
        note("expired", *approval, kind, id, *revision, None)?;
    }
    Ok(!expired.is_empty())
}

/// Takes back what waits for a decision about a subject that is no more.
pub(super) fn withdraw_about(tenant: &str, kind: &str, id: &str) -> Result<()> {
    let withdraw =
        args![tenant, kind, id, tenant::outer_name(), tenant::login_name(), clock::now()];
    let withdrawn = spi::write(WITHDRAW, withdraw, |row| Ok((row.need(1)?, row.need(2)?)))?;
    for (approval, revision) in withdrawn {
        note("withdrawn", approval, kind, id, revision, None)?;
    }
    Ok(())
}

/// Takes back what one has asked for. False: it was decided already.
pub(crate) fn withdraw(id: Option<Uuid>, comment: Option<&str>) -> Result<bool> {
    let tenant = tenant::required()?;
    let id = id.ok_or_else(|| Error::missing("approval"))?;
    core::comment(comment)?;
    let found = lock(&tenant, id)?;
    let role = tenant::outer_name();
    if found.requested_by != role {
        return Err(Error::new(
            Kind::Forbidden,
            "approval_asker",
            format!("role \"{role}\" has not asked for this approval"),
        )
        .hint("Who may decide it denies it with flowai.approval_decide(approval, 'denied')."));
    }
    if found.kind == PLAN {
        return Err(Error::new(
            Kind::WrongState,
            "approval_of_plan",
            format!("the approval of plan \"{}\" goes with the plan", shorten(&found.subject)),
        )
        .hint("Cancel the plan with flowai.plan_cancel(plan)."));
    }
    let withdraw = args![&*tenant, id, comment, role, tenant::login_name(), clock::now()];
    let withdrawn = spi::run(WITHDRAW_ONE, withdraw)? > 0;
    if withdrawn {
        note("withdrawn", id, &found.kind, &found.subject, found.revision, None)?;
    }
    Ok(withdrawn)
}

// -------------------------------------------------------------------------------- deciding

struct Found {
    decision: Option<String>,
    decided_by: Option<String>,
    kind: String,
    subject: String,
    revision: i64,
    body_hash: Vec<u8>,
    requested_by: String,
    requested_login: String,
    expires_at: Option<TimestampWithTimeZone>,
    separate_duties: bool,
    may_decide: bool,
}

/// Locks an approval, the plan that it is about first.
fn lock(tenant: &str, id: Uuid) -> Result<Found> {
    spi::run(LOCK_PLAN, args![tenant, id])?;
    spi::write_one(LOCK, args![tenant, id, tenant::outer_name()], |row| {
        Ok(Found {
            decision: row.get(1),
            decided_by: row.get(2),
            kind: row.need(3)?,
            subject: row.need(4)?,
            revision: row.need(5)?,
            body_hash: row.need(6)?,
            requested_by: row.need(7)?,
            requested_login: row.need(8)?,
            expires_at: row.get(9),
            separate_duties: row.need(10)?,
            may_decide: row.need(11)?,
        })
    })?
    .ok_or_else(core::not_found)
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
    core::comment(comment)?;
    let found = lock(&tenant, id)?;
    // The time that counts is after the wait for the lock.
    let now = clock::now();
    let (role, login) = (tenant::outer_name(), tenant::login_name());
    may_decide(&found, &role, &login, now)?;
    let decide = args![&*tenant, id, decision.name(), comment, role, login, now];
    if spi::run(DECIDE, decide)? != 1 {
        return Err(Error::internal("an approval that is locked was decided"));
    }
    let Found { kind, subject, revision, body_hash, .. } = found;
    let state = (kind == PLAN).then(|| decision.moves_to());
    if let Some(state) = state {
        plan::decide(&tenant, &subject, revision, body_hash, state, comment)?;
    }
    note(decision.name(), id, &kind, &subject, revision, None)?;
    Ok(Decided { decision, plan: state.map(|state| (subject, state)) })
}

fn may_decide(found: &Found, role: &str, login: &str, now: TimestampWithTimeZone) -> Result<()> {
    let what = format!("{} \"{}\"", found.kind, shorten(&found.subject));
    if let Some(decision) = &found.decision {
        let by = found.decided_by.as_deref().unwrap_or_default();
        return Err(Error::new(
            Kind::WrongState,
            "approval_open",
            format!("the approval of {what} is already {decision}"),
        )
        .detail(format!("It was decided by role \"{by}\"."))
        .hint("Each approval is decided once; a revised plan asks anew when it is submitted."));
    }
    if found.expires_at.is_some_and(|deadline| clock::micros(&deadline) <= clock::micros(&now)) {
        let hint = if found.kind == PLAN {
            "Submit the plan again with flowai.plan_submit(plan)."
        } else {
            "Ask again with flowai.approval_request."
        };
        return Err(Error::new(
            Kind::WrongState,
            "approval_in_time",
            format!("the time to decide about {what} is over"),
        )
        .hint(hint));
    }
    if !found.may_decide {
        return Err(Error::new(
            Kind::Forbidden,
            "approval_decider",
            format!("role \"{role}\" may not decide about {what}"),
        )
        .detail("The policy names a role whose members decide.")
        .hint("See flowai.approval_policies."));
    }
    if found.separate_duties && found.requested_login == login {
        return Err(Error::new(
            Kind::Forbidden,
            "approval_duties",
            format!("login \"{login}\" asked about {what} and may not decide it"),
        )
        .detail("The policy separates duties: who asks does not decide.")
        .hint("Somebody else logs in and decides."));
    }
    Ok(())
}

// --------------------------------------------------------------------------------- waiting

/// Waits until an approval is decided or its deadline has passed, or until the time is over.
pub(crate) fn wait(id: Option<Uuid>, timeout: Option<Interval>) -> Result<Seen> {
    tenant::required()?;
    let id = id.ok_or_else(|| Error::missing("approval"))?;
    let timeout = timeout.ok_or_else(|| Error::missing("timeout"))?;
    let micros = u64::try_from(timeout.as_micros()).ok().map(Duration::from_micros);
    let Some(timeout) = micros.filter(|t| !t.is_zero() && *t <= MAX_WAIT) else {
        return Err(Error::invalid("approval_wait_range", "argument \"timeout\" is out of range")
            .detail("It may be up to an hour: whoever waits keeps a transaction open.")
            .hint("Pass an interval such as '30 seconds', and call again."));
    };
    let end = Instant::now() + timeout;
    let (mut pause, longest) = PAUSES;
    loop {
        // A membership may end meanwhile.
        let tenant = tenant::required()?;
        let seen = spi::rows(Snapshot::Latest, SEEN, args![&*tenant, id], |row| {
            let seen = Seen {
                status: row.need(1)?,
                comment: row.get(2),
                decided_by: row.get(3),
                decided_at: row.get(4),
            };
            Ok((seen, row.get::<f64>(5)))
        })?;
        let (seen, to_deadline) = seen.into_iter().next().ok_or_else(core::not_found)?;
        let left = end.saturating_duration_since(Instant::now());
        if seen.status != "open" || left.is_zero() {
            return Ok(seen);
        }
        let most =
            to_deadline.map_or(left, |s| left.min(Duration::from_secs_f64(s.clamp(0.0, 3600.0))));
        interrupt::pause(pause.min(most).max(Duration::from_millis(1)));
        pause = (pause * 2).min(longest);
    }
}

/// Removes what was decided so long ago, or ran out of time then. For administrators, as [`plan::purge`].
pub(crate) fn purge(
    tenant: Option<&str>,
    older_than: Option<Interval>,
    max_rows: Option<i32>,
) -> Result<i64> {
    let purge = Purge { statement: PURGE, event: "flowai.approval.purged", rows: "approvals" };
    tenancy::purge(tenant, older_than, max_rows, purge)
}

// ----------------------------------------------------------------------------------- tools

/// Whether a tool may run with these arguments. Uses a grant up if there is one, and asks if there is
/// none: then nothing else may be done in this call.
pub(crate) fn gate(tool: Option<&str>, arguments: Option<Jsonb>) -> Result<Gate> {
    let id = tool.ok_or_else(|| Error::missing("tool"))?;
    let body = arguments.ok_or_else(|| Error::missing("arguments"))?;
    let ruling = approval_policy::ruling_of_tool(id, body.text())?;
    if !ruling.needed {
        return Ok(Gate::Open);
    }
    let tenant = tenant::required()?;
    let body_hash = digest::hash(body.text())?.to_vec();
    // Whoever waited for another call, and found that it had used the grant up, looks again: there may be
    // the next one by now.
    for _ in 0..5 {
        let words = args![
            &*tenant,
            tenant::outer_name(),
            id,
            body_hash.clone(),
            ruling.deciders.as_deref(),
            ruling.separate_duties
        ];
        let words = spi::write(LAST_WORDS, words, |row| {
            Ok(Word {
                approval: row.need(1)?,
                decision: row.get(2),
                comment: row.get(3),
                late: row.need(4)?,
            })
        })?;
        match last_word(words) {
            Some(Gate::Granted(approval)) => {
                let used =
                    spi::write_one(USE, args![&*tenant, approval], |row| row.need::<bool>(1))?;
                if used.is_some() {
                    note("used", approval, TOOL, id, 1, None)?;
                    return Ok(Gate::Granted(approval));
                }
            }
            Some(word) => return Ok(word),
            None => break,
        }
    }
    let title = format!("call {id}");
    let subject =
        Subject { kind: TOOL, id, revision: 1, title: &title, body, body_hash, plan_kind: "" };
    record(&subject, None, ruling).map(|asked| Gate::Waits(asked.approval))
}

/// Something that was said about a call of a tool.
struct Word {
    approval: Uuid,
    decision: Option<String>,
    comment: Option<String>,
    /// The deadline has passed, or it is a grant of somebody who may not give it any more.
    late: bool,
}

/// A grant that is not used yet, unless somebody said no since; else what waits; else the no. The words
/// come last first.
fn last_word(words: Vec<Word>) -> Option<Gate> {
    let mut waits = None;
    for Word { approval, decision, comment, late } in words {
        match decision.as_deref() {
            None if !late => waits = Some(Gate::Waits(approval)),
            Some("granted") if !late => return Some(Gate::Granted(approval)),
            None | Some("granted") => {}
            Some(decision) => {
                let decision = decision.to_owned();
                return Some(waits.unwrap_or(Gate::Refused { approval, decision, comment }));
            }
        }
    }
    waits
}
