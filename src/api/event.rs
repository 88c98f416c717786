//! Events: the writing. The reading is plain SQL in `sql/12_event.sql`.

use flowai_core::event;
use pgrx::Uuid;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use crate::pg::clock;
use crate::pg::jsonb::Jsonb;
use crate::pg::raise::OrRaise;
use crate::store;

/// Writes an event of the caller's own.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn event_emit(
    name: Option<&str>,
    attributes: default!(Option<Jsonb>, "'{}'"),
    severity: default!(Option<&str>, "'info'"),
    trace_id: default!(Option<&str>, "NULL"),
    span_id: default!(Option<&str>, "NULL"),
) -> TableIterator<'static, (name!(event_id, Uuid), name!(recorded_at, TimestampWithTimeZone))> {
    let r = store::event::emit(name, attributes, severity, trace_id, span_id).or_raise();
    TableIterator::once((r.event_id, r.recorded_at))
}

/// Writes an event of the runtime's for a tenant.
#[pg_extern(volatile, parallel_unsafe)]
pub(crate) fn event_note(tenant: Option<&str>, name: Option<&str>, attributes: Option<Jsonb>) {
    store::event::note_in_sql(tenant, name, attributes).or_raise();
}

/// The least id of events of that time.
#[pg_extern(immutable, strict, parallel_safe)]
pub(crate) fn event_first_id(since: TimestampWithTimeZone) -> Uuid {
    Uuid::from_bytes(event::first_id(clock::micros(&since)))
}

/// The time of an id, to the millisecond below.
#[pg_extern(immutable, strict, parallel_safe)]
pub(crate) fn event_id_moment(id: Uuid) -> TimestampWithTimeZone {
    clock::at(event::id_moment(id.as_bytes())).or_raise()
}

/// Whether the id is one of an event of that time.
#[pg_extern(immutable, strict, parallel_safe)]
pub(crate) fn event_id_fits(id: Uuid, recorded_at: TimestampWithTimeZone) -> bool {
    event::id_fits(id.as_bytes(), clock::micros(&recorded_at))
}
