//! Events: written once, stamped here and nowhere else.

use std::borrow::Cow;
use std::cell::Cell;

use flowai_core::event::{self, Month};
pub(crate) use flowai_core::event::{Severity, beginning};
use flowai_core::query::{Code, Refusal};
use flowai_core::{Error, Result, name};
use pgrx::Uuid;
use pgrx::datum::TimestampWithTimeZone;
use serde_json::{Value, json};

use super::tenancy;
use crate::pg::jsonb::Jsonb;
use crate::pg::owner::as_owner;
use crate::pg::relation::Relation;
use crate::pg::spi::{self, args};
use crate::pg::{clock, guc, random, tenant, transaction};

const ADD: &str = "
    INSERT INTO flowai.events
        (tenant_id, event_id, recorded_at, workspace_id, name, severity, attributes, role, login,
         transaction_id, backend_pid, trace_id, span_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

const OPEN_MONTH: &str = "SELECT flowai_internal.event_month_open($1, $2)";

thread_local! {
    /// The time of this session's last event.
    static LAST: Cell<i64> = const { Cell::new(i64::MIN) };
}

/// An event that was written.
pub(crate) struct Recorded {
    pub(crate) event_id: Uuid,
    pub(crate) recorded_at: TimestampWithTimeZone,
}

/// What an event says; all else is stamped.
struct Said<'a> {
    name: &'a str,
    severity: Severity,
    attributes: Jsonb,
    trace_id: Option<&'a str>,
    span_id: Option<&'a str>,
}

/// Writes an event of the caller's own.
pub(crate) fn emit(
    name: Option<&str>,
    attributes: Option<Jsonb>,
    severity: Option<&str>,
    trace_id: Option<&str>,
    span_id: Option<&str>,
) -> Result<Recorded> {
    // Before it takes a transaction id, of which there is none on a standby.
    transaction::refuse_if_read_only(c"event_emit()");
    tenant::required()?;
    let name = event::name(name)?;
    let attributes = clean(attributes.ok_or_else(|| Error::missing("attributes"))?)?;
    let severity = Severity::argument(severity)?;
    event::check_trace(trace_id, span_id)?;
    record(Said { name, severity, attributes, trace_id, span_id })
}

/// Writes an event of the runtime's, for the tenant in force. Names begin with `flowai.`.
pub(crate) fn note(name: &str, severity: Severity, attributes: Value) -> Result<()> {
    event::check_name(name)?;
    let attributes = clean(Jsonb::of(attributes)?)?;
    record(Said { name, severity, attributes, trace_id: None, span_id: None }).map(drop)
}

/// Writes an event of the runtime's for the tenant that an administrator acts on.
pub(crate) fn note_for(tenant: &str, name: &str, attributes: Value) -> Result<()> {
    tenant::acting_for(tenant, || note(name, Severity::Info, attributes))
}

/// [`note_for`], for functions in SQL.
pub(crate) fn note_in_sql(
    tenant: Option<&str>,
    name: Option<&str>,
    attributes: Option<Jsonb>,
) -> Result<()> {
    let tenant = name::argument("tenant", tenant)?;
    let name = name.ok_or_else(|| Error::missing("name"))?;
    let attributes = clean(attributes.ok_or_else(|| Error::missing("attributes"))?)?;
    event::check_name(name)?;
    let said = Said { name, severity: Severity::Info, attributes, trace_id: None, span_id: None };
    tenancy::hold(tenant)?;
    tenant::acting_for(tenant, || record(said)).map(drop)
}

/// Notes that a statement of somebody else's was refused by policy, and not what it was. For functions
/// that answer with the refusal, so that the transaction goes on and the event stays; they run with
/// the caller's rights, who may not write events.
///
/// Nothing where nothing can be written, and where no tenant is there to write it for.
pub(crate) fn note_refusal(function: &str, sql: &str, refusal: &Refusal) -> Result<()> {
    if !is_refused_act(refusal.code)
        || !transaction::may_write()
        || !matches!(tenant::current(), Ok(Some(_)))
    {
        return Ok(());
    }
    as_owner(|| {
        // A partition cannot be made while the session reads events: then the answer goes first.
        let month = Month::of(clock::micros(&clock::now()));
        if !is_open(partition(month)) && events()?.in_use() {
            return Ok(());
        }
        note(
            "flowai.query.refused",
            Severity::Warn,
            json!({
                "function": function,
                "code": refusal.code.name(),
                "position": refusal.position,
                "text_hash": event::fingerprint(sql),
                "text_bytes": sql.len(),
            }),
        )
    })
}

/// Whether a refusal tells of something that was tried and may not be, rather than of a mistake.
fn is_refused_act(code: Code) -> bool {
    code == Code::Permission || code.is_violation() && code != Code::Empty
}

fn clean(attributes: Jsonb) -> Result<Jsonb> {
    event::stored_size(attributes.size())?;
    match event::attributes(attributes.text())? {
        Cow::Borrowed(_) => Ok(attributes),
        Cow::Owned(text) => Jsonb::parse(text),
    }
}

/// The one place where events are written.
fn record(said: Said) -> Result<Recorded> {
    let tenant = tenant::required()?;
    let micros = event::moment(clock::micros(&clock::now()), LAST.get());
    open_months(Month::of(micros))?;
    let event_id = Uuid::from_bytes(event::id(micros, random::bytes()?));
    let recorded_at = clock::at(micros)?;
    spi::run(
        ADD,
        args![
            &*tenant,
            event_id,
            recorded_at,
            guc::workspace(),
            said.name,
            said.severity.name(),
            said.attributes,
            tenant::outer_name(),
            tenant::login_name(),
            transaction::id(),
            transaction::backend_pid(),
            said.trace_id,
            said.span_id
        ],
    )?;
    LAST.set(micros);
    Ok(Recorded { event_id, recorded_at })
}

/// Makes the month's partition where it is missing, and the next one's ahead of time: so that at the turn
/// of a month nobody waits for the transaction of another.
fn open_months(now: Month) -> Result<()> {
    if !is_open(partition(now)) {
        open(now)?;
    }
    let next = now.next();
    if partition(next).is_none() {
        let events = events()?;
        if !events.in_use() && events.try_lock() {
            open(next)?;
        }
    }
    Ok(())
}

fn partition(month: Month) -> Option<Relation> {
    Relation::named("flowai_internal", &month.partition())
}

/// Whether events can go there; an administrator may have detached it.
fn is_open(partition: Option<Relation>) -> bool {
    partition.is_some_and(Relation::is_partition)
}

fn open(month: Month) -> Result<()> {
    spi::run(OPEN_MONTH, args![month.year, month.month]).map(drop)
}

fn events() -> Result<Relation> {
    Relation::named("flowai", "events").ok_or_else(|| Error::internal("flowai.events is missing"))
}
