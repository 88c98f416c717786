//! What one snapshot says the index of a scope is.

use std::collections::BTreeSet;

use flowai_core::Result;
use flowai_core::search::{Buried, tier};
use pgrx::Uuid;

use crate::pg::spi::{self, Snapshot, args};
use crate::store::catalog::Scope;

/// Segments, delta and dead in one statement: one snapshot, whatever the caller's is.
const MANIFEST: &str = "
    SELECT s.segment_id, s.digest, s.layout, s.byte_size, s.format, s.doc_count, s.dead, NULL::bigint
    FROM flowai_internal.search_segment s WHERE s.tenant_id = $1 AND s.workspace_id = $2
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, 1, NULL, d.row_version
    FROM flowai_internal.search_delta d WHERE d.tenant_id = $1 AND d.workspace_id = $2
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, 0, NULL, d.row_version
    FROM flowai_internal.search_dead d WHERE d.tenant_id = $1 AND d.workspace_id = $2";

/// A stored segment, unread.
pub(super) struct SegmentRow {
    pub(super) id: Uuid,
    pub(super) digest: Vec<u8>,
    pub(super) layout: String,
    pub(super) byte_size: usize,
    pub(super) format: i16,
    pub(super) doc_count: u32,
    pub(super) buried: Buried,
}

impl SegmentRow {
    pub(super) fn size(&self) -> tier::Size {
        tier::Size { doc_count: self.doc_count, dead: self.buried.count() }
    }
}

/// The index of a scope.
#[derive(Default)]
pub(super) struct Manifest {
    pub(super) segments: Vec<SegmentRow>,
    /// Row versions that are in no segment.
    pub(super) delta: BTreeSet<i64>,
    /// Row versions that died, and are not noted beside a segment yet.
    pub(super) dead: BTreeSet<i64>,
}

impl Manifest {
    pub(super) fn read(scope: &Scope, snapshot: Snapshot) -> Result<Self> {
        let mut manifest = Self::default();
        let scope = args![&*scope.tenant, scope.workspace.as_str()];
        spi::rows(snapshot, MANIFEST, scope, |row| manifest.take(row))?;
        // Rows come in no order; an answer's order must not depend on it.
        manifest.segments.sort_by(|a, b| a.digest.cmp(&b.digest));
        Ok(manifest)
    }

    /// Whether nothing is indexed.
    pub(super) fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.delta.is_empty()
    }

    fn take(&mut self, row: &spi::Row) -> Result<()> {
        let count = row.need::<i32>(6)?;
        match row.get::<i64>(8) {
            Some(version) if count == 1 => drop(self.delta.insert(version)),
            Some(version) => drop(self.dead.insert(version)),
            None => {
                let doc_count = count as u32;
                self.segments.push(SegmentRow {
                    id: row.need(1)?,
                    digest: row.need(2)?,
                    layout: row.need(3)?,
                    byte_size: row.need::<i64>(4)? as usize,
                    format: row.need(5)?,
                    doc_count,
                    buried: Buried::read(&row.need::<Vec<u8>>(7)?, doc_count)?,
                });
            }
        }
        Ok(())
    }
}
