//! The care of an index: flush, bury, merge, rebuild. One session at a time does it for a scope.

use std::collections::HashSet;
use std::time::Duration;

use flowai_core::search::{self, Document, Piece, tier};
use flowai_core::{Error, Kind, Result};
use pgrx::Uuid;
use serde_json::json;

use super::check;
use super::manifest::{Manifest, SegmentRow};
use super::pieces::{DOCUMENTS, open, open_once};
use super::{build, document_columns, document_from, store};
use crate::pg::spi::{self, Snapshot, args};
use crate::pg::{guc, interrupt, transaction};
use crate::store::catalog::Scope;
use crate::store::event;

/// How much waits for maintenance: delta and dead, but counted no further than it matters.
const PENDING: &str = "
    SELECT (SELECT pg_catalog.count(*) FROM (
                SELECT FROM flowai_internal.search_delta
                WHERE tenant_id = $1 AND workspace_id = $2 LIMIT $3) AS d),
           (SELECT pg_catalog.count(*) FROM (
                SELECT FROM flowai_internal.search_dead
                WHERE tenant_id = $1 AND workspace_id = $2 LIMIT $3) AS d)";

/// Whoever inserts a key that an open transaction has inserted waits for it, and this must never wait.
/// So the first maintenance of a workspace takes turns on the tenant's row, which can be skipped.
const ENSURE_SCOPE: &str = "
    WITH turn AS (
        SELECT FROM flowai_internal.tenants t
        WHERE t.tenant_id = $1 AND NOT EXISTS (
            SELECT FROM flowai_internal.search_scope s
            WHERE s.tenant_id = $1 AND s.workspace_id = $2)
        FOR NO KEY UPDATE OF t SKIP LOCKED)
    INSERT INTO flowai_internal.search_scope (tenant_id, workspace_id) SELECT $1, $2 FROM turn
    ON CONFLICT DO NOTHING";

const LOCK_SCOPE: &str = "
    SELECT true FROM flowai_internal.search_scope
    WHERE tenant_id = $1 AND workspace_id = $2 FOR UPDATE SKIP LOCKED";

const ALL_DOCUMENTS: &str = concat!(
    "SELECT e.row_version, ",
    document_columns!(),
    " FROM flowai.catalog_entries e WHERE e.tenant_id = $1 AND e.workspace_id = $2"
);

/// Read apart by a rebuild, which must not stumble over what it is to heal.
const SEGMENTS: &str = "
    SELECT segment_id FROM flowai_internal.search_segment
    WHERE tenant_id = $1 AND workspace_id = $2";

const DELTA: &str = "
    SELECT row_version FROM flowai_internal.search_delta
    WHERE tenant_id = $1 AND workspace_id = $2";

const DEAD: &str = "
    SELECT row_version FROM flowai_internal.search_dead
    WHERE tenant_id = $1 AND workspace_id = $2";

const NOTE_DEAD: &str = "
    UPDATE flowai_internal.search_segment SET dead = $4
    WHERE tenant_id = $1 AND workspace_id = $2 AND segment_id = $3";

const REMOVE_DELTA: &str = "
    DELETE FROM flowai_internal.search_delta
    WHERE tenant_id = $1 AND workspace_id = $2 AND row_version = ANY ($3)";

const REMOVE_DEAD: &str = "
    DELETE FROM flowai_internal.search_dead
    WHERE tenant_id = $1 AND workspace_id = $2 AND row_version = ANY ($3)";

const REMOVE_SEGMENTS: &str = "
    WITH gone AS (
        DELETE FROM flowai_internal.search_segment
        WHERE tenant_id = $1 AND workspace_id = $2 AND segment_id = ANY ($3)
        RETURNING segment_id)
    DELETE FROM flowai_internal.search_chunk c USING gone g
    WHERE c.tenant_id = $1 AND c.segment_id = g.segment_id";

/// Whether entries are there and no index is: it was left out of a dump, or deleted from outside. The
/// last `$3` entries, of which the index does not know yet, do not count.
const MISSING: &str = "
    SELECT CASE
        WHEN EXISTS (SELECT FROM flowai_internal.search_segment WHERE tenant_id = $1 AND workspace_id = $2)
          OR EXISTS (SELECT FROM flowai_internal.search_delta WHERE tenant_id = $1 AND workspace_id = $2)
        THEN false
        ELSE (SELECT pg_catalog.count(*) > $3 FROM (
                  SELECT FROM flowai.catalog_entries
                  WHERE tenant_id = $1 AND workspace_id = $2 LIMIT $3 + 1) AS e)
    END";

/// How long a writer waits for its turn once too much has gathered, and how often it looks.
const WAITS: u32 = 50;
const WAIT: Duration = Duration::from_millis(10);

/// What maintenance of a scope did.
#[derive(Default)]
pub(crate) struct Maintained {
    pub(crate) flushed: i64,
    pub(crate) merged: i64,
    /// Somebody else is at it.
    pub(crate) busy: bool,
}

/// Moves the delta into a segment, notes the dead, and merges segments of like size.
pub(crate) fn maintain() -> Result<Maintained> {
    transaction::refuse_if_read_only(c"search_maintain()");
    maintain_scope(&Scope::current()?)
}

/// [`maintain`] for a scope that need not be the one in force.
pub(crate) fn maintain_scope(scope: &Scope) -> Result<Maintained> {
    if !transaction::sees_what_others_commit() || !lock(scope)? {
        return Ok(Maintained { busy: true, ..Maintained::default() });
    }
    if is_missing(scope, 0, Snapshot::Fresh)? {
        let flushed = rebuild_scope(scope)?;
        return Ok(Maintained { flushed, ..Maintained::default() });
    }
    care_for(scope)
}

/// Whether entries are there and no index is, but for so many that were just written.
pub(super) fn is_missing(scope: &Scope, written: usize, snapshot: Snapshot) -> Result<bool> {
    let scope = args![&*scope.tenant, scope.workspace.as_str(), written as i64];
    let missing = spi::rows(snapshot, MISSING, scope, |row| row.need(1))?;
    Ok(missing.first().copied().unwrap_or(false))
}

/// What a writer does after each write: nothing, mostly. After a write that made a segment of its own it
/// merges, for such writes alone would never reach the threshold, and leave a segment each.
///
/// If so much has gathered that searches would suffer, for somebody has held the lock for long, it
/// waits a little for its turn. It never fails for that, and never waits for a lock, so that it cannot
/// be part of a deadlock.
pub(super) fn maintain_if_due(scope: &Scope, made_segment: bool) -> Result<()> {
    let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
    let (due, too_much) = (guc::search_flush_rows() as i64, guc::search_delta_rows() as i64);
    let reach = due.max(too_much);
    let pending = spi::write_one(PENDING, args![tenant, workspace, reach], |row| {
        Ok(row.need::<i64>(1)?.max(row.need(2)?))
    })?;
    let pending = pending.unwrap_or(0);
    let due = pending >= due;
    if !(due || made_segment) || !transaction::sees_what_others_commit() {
        return Ok(());
    }
    let mut mine = lock(scope)?;
    for _ in 0..WAITS {
        if mine || pending < too_much {
            break;
        }
        interrupt::pause(WAIT);
        mine = lock(scope)?;
    }
    if !mine {
        return Ok(());
    }
    match if due { care_for(scope).map(drop) } else { merge(scope).map(drop) } {
        // Each step of it is whole by itself. Who writes entries should not fail for a damaged index:
        // searches will say so.
        Err(error) if error.rule == "search_segment_unreadable" => {
            pgrx::warning!(
                "the search index of workspace \"{workspace}\" is damaged and could not be maintained"
            );
            Ok(())
        }
        done => done,
    }
}

/// Takes the lock of a scope, unless somebody else has it.
fn lock(scope: &Scope) -> Result<bool> {
    let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
    spi::run(ENSURE_SCOPE, args![tenant, workspace])?;
    Ok(spi::write_one(LOCK_SCOPE, args![tenant, workspace], |row| row.need::<bool>(1))?.is_some())
}

/// The caller holds the scope's lock. Deletes exactly the rows that it read: others may have come
/// meanwhile, and versions commit out of order.
fn care_for(scope: &Scope) -> Result<Maintained> {
    let flushed = flush(scope)?;
    bury(scope)?;
    Ok(Maintained { flushed, merged: merge(scope)?, busy: false })
}

/// Makes the delta a segment.
fn flush(scope: &Scope) -> Result<i64> {
    let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
    // Not a join: under the policies the planner cannot take the row version into the index scan, and
    // would compare each row of the delta with every entry of the tenant.
    let delta: Vec<i64> = spi::write(DELTA, args![tenant, workspace], |row| row.need(1))?;
    if delta.is_empty() {
        return Ok(0);
    }
    let documents: Vec<Document> =
        spi::write(DOCUMENTS, args![tenant, workspace, delta.clone()], document_from)?
            .into_iter()
            .flatten()
            .collect();
    // What has no entry (any more) died before it reached a segment. If it died between the two
    // statements, what tells of it was committed with that.
    let alive: HashSet<i64> = documents.iter().map(|d| d.row_version).collect();
    let stillborn: Vec<i64> = delta.iter().copied().filter(|v| !alive.contains(v)).collect();
    if !documents.is_empty() {
        store(scope, &build(&documents)?)?;
    }
    spi::run(REMOVE_DELTA, args![tenant, workspace, delta])?;
    if !stillborn.is_empty() {
        spi::run(REMOVE_DEAD, args![tenant, workspace, stillborn])?;
    }
    Ok(documents.len() as i64)
}

/// Notes the dead beside the segments that hold them: a search reads one value for each segment then,
/// rather than a row for each of the dead.
fn bury(scope: &Scope) -> Result<()> {
    let mut manifest = Manifest::read(scope, Snapshot::Fresh)?;
    if manifest.dead.is_empty() {
        return Ok(());
    }
    let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
    let mut buried = Vec::new();
    for row in &mut manifest.segments {
        let segment = open(scope, row, Snapshot::Fresh)?;
        let found = row.buried.bury(&segment, manifest.dead.iter().copied());
        if !found.is_empty() {
            spi::run(NOTE_DEAD, args![tenant, workspace, row.id, row.buried.bytes()])?;
            buried.extend(found);
        }
    }
    if !buried.is_empty() {
        spi::run(REMOVE_DEAD, args![tenant, workspace, buried])?;
    }
    Ok(())
}

/// Merges segments as long as some are due.
fn merge(scope: &Scope) -> Result<i64> {
    let mut merged = 0;
    loop {
        let manifest = Manifest::read(scope, Snapshot::Fresh)?;
        let sizes: Vec<tier::Size> = manifest.segments.iter().map(SegmentRow::size).collect();
        let chosen: Vec<&SegmentRow> =
            tier::due(&sizes).into_iter().map(|n| &manifest.segments[n]).collect();
        if chosen.is_empty() {
            return Ok(merged);
        }
        let opened = chosen.iter().map(|s| open_once(scope, s)).collect::<Result<Vec<_>>>()?;
        let pieces: Vec<Piece> = chosen
            .iter()
            .zip(&opened)
            .map(|(row, segment)| Piece { segment, buried: &row.buried, dead: &manifest.dead })
            .collect();
        let packed = interrupt::raise_if_interrupted(search::merge(&pieces, interrupt::pending))?;
        if packed.doc_count > 0 {
            store(scope, &packed)?;
        }
        let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
        let ids: Vec<Uuid> = chosen.iter().map(|s| s.id).collect();
        spi::run(REMOVE_SEGMENTS, args![tenant, workspace, ids])?;
        if !manifest.dead.is_empty() {
            let dropped: Vec<i64> = opened
                .iter()
                .flat_map(|s| s.row_versions())
                .filter(|v| manifest.dead.contains(v))
                .collect();
            spi::run(REMOVE_DEAD, args![tenant, workspace, dropped])?;
        }
        merged += chosen.len() as i64;
    }
}

/// Drops the scope's index and builds it from the rows: for an index that was damaged from outside.
/// Entries that were altered from outside get a new version first, so that nobody takes them for what
/// they were.
pub(crate) fn rebuild() -> Result<i64> {
    transaction::refuse_if_read_only(c"search_rebuild()");
    rebuild_scope(&Scope::current()?)
}

pub(super) fn rebuild_scope(scope: &Scope) -> Result<i64> {
    let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
    if !transaction::sees_what_others_commit() || !lock(scope)? {
        return Err(Error::new(
            Kind::WrongState,
            "search_scope_free",
            "the search index of this workspace is being maintained",
        )
        .detail("Another session flushes or merges it, or this transaction is not READ COMMITTED.")
        .hint("Try again in a moment, in a READ COMMITTED transaction."));
    }
    check::restamp_altered(scope)?;
    // One snapshot: what commits between two would be in the new segment and in the delta too.
    let (ids, delta, dead, documents) = spi::in_new_snapshot(|| {
        let ids = spi::read(SEGMENTS, args![tenant, workspace], |row| row.need::<Uuid>(1))?;
        let delta = spi::read(DELTA, args![tenant, workspace], |row| row.need::<i64>(1))?;
        let dead = spi::read(DEAD, args![tenant, workspace], |row| row.need::<i64>(1))?;
        let documents = spi::read(ALL_DOCUMENTS, args![tenant, workspace], document_from)?;
        Ok((ids, delta, dead, documents))
    })?;
    let documents: Vec<Document> = documents.into_iter().flatten().collect();
    spi::run(REMOVE_SEGMENTS, args![tenant, workspace, ids])?;
    spi::run(REMOVE_DELTA, args![tenant, workspace, delta])?;
    spi::run(REMOVE_DEAD, args![tenant, workspace, dead])?;
    if !documents.is_empty() {
        store(scope, &build(&documents)?)?;
    }
    let said = json!({ "workspace": workspace, "entries": documents.len() });
    event::note("flowai.search.rebuilt", event::Severity::Info, said)?;
    Ok(documents.len() as i64)
}
