//! The segments of a manifest, opened, and the micro-segments that stand for its delta.

use std::collections::BTreeSet;
use std::rc::Rc;

use flowai_core::search::{self, Buried, Document, Piece, Segment};
use flowai_core::{Error, Kind, Result};

use super::cache;
use super::manifest::{Manifest, SegmentRow};
use super::{build, document_columns, document_from};
use crate::pg::spi::{self, Snapshot, args};
use crate::pg::{interrupt, segment_file};
use crate::store::catalog::Scope;

const CHUNKS: &str = "
    SELECT c.bytes FROM flowai_internal.search_chunk c
    WHERE c.tenant_id = $1 AND c.segment_id = $2 ORDER BY c.chunk_no";

/// Of the row versions that have an entry.
pub(super) const DOCUMENTS: &str = concat!(
    "SELECT e.row_version, ",
    document_columns!(),
    " FROM flowai.catalog_entries e
      WHERE e.tenant_id = $1 AND e.workspace_id = $2 AND e.row_version = ANY ($3)"
);

/// Micro-segments of a scope in this backend from which on they are made one.
const MAX_MICRO: usize = 8;
/// More documents are worth Tantivy's fixed cost: its segments are smaller.
const MAX_FEW: usize = 1024;

/// Everything that a search looks at.
pub(super) struct Pieces<'a> {
    manifest: &'a Manifest,
    segments: Vec<Rc<Segment>>,
    micro: Vec<(Rc<Segment>, BTreeSet<i64>)>,
}

/// Micro-segments hold nothing that is noted as dead.
static NOTHING_BURIED: std::sync::LazyLock<Buried> = std::sync::LazyLock::new(Buried::default);

impl<'a> Pieces<'a> {
    /// Opens what a manifest names, under the caller's snapshot.
    pub(super) fn gather(scope: &Scope, manifest: &'a Manifest) -> Result<Self> {
        let segments = manifest
            .segments
            .iter()
            .map(|row| open(scope, row, Snapshot::Caller))
            .collect::<Result<Vec<_>>>()?;
        let live: BTreeSet<i64> = manifest.delta.difference(&manifest.dead).copied().collect();
        let micro = micro_segments(scope, &live)?
            .into_iter()
            .map(|segment| {
                let dead =
                    segment.row_versions().into_iter().filter(|v| !live.contains(v)).collect();
                (segment, dead)
            })
            .collect();
        Ok(Self { manifest, segments, micro })
    }

    /// Them as the core takes them.
    pub(super) fn list(&self) -> Vec<Piece<'_>> {
        let stored = self.manifest.segments.iter().zip(&self.segments).map(|(row, segment)| {
            Piece { segment, buried: &row.buried, dead: &self.manifest.dead }
        });
        let micro = self.micro.iter().map(|(segment, dead)| Piece {
            segment,
            buried: &NOTHING_BURIED,
            dead,
        });
        stored.chain(micro).collect()
    }
}

/// A stored segment, kept for the next search. Under the snapshot that the manifest row was read in.
pub(super) fn open(scope: &Scope, row: &SegmentRow, snapshot: Snapshot) -> Result<Rc<Segment>> {
    if let Some(segment) = cache::segment(&row.digest) {
        return Ok(segment);
    }
    let segment = Rc::new(load(scope, row, snapshot)?);
    cache::keep_segment(&row.digest, &segment);
    Ok(segment)
}

/// A stored segment that a merge is about to take away: it has no place among those that are kept.
pub(super) fn open_once(scope: &Scope, row: &SegmentRow) -> Result<Rc<Segment>> {
    match cache::segment(&row.digest) {
        Some(segment) => Ok(segment),
        None => load(scope, row, Snapshot::Fresh).map(Rc::new),
    }
}

fn load(scope: &Scope, row: &SegmentRow, snapshot: Snapshot) -> Result<Segment> {
    check_format(row)?;
    let intact = |bytes: &[u8]| Segment::verify(bytes, &row.layout, &row.digest).is_ok();
    if let Some(mapped) = segment_file::fetch(&row.digest, intact) {
        return Segment::open(mapped, &row.layout);
    }
    let bytes = read(scope, row, snapshot)?;
    // What a writer opens may be its own, which others never see if it gives up.
    if snapshot == Snapshot::Caller {
        segment_file::publish(&row.digest, &bytes);
    }
    Segment::open(bytes, &row.layout)
}

/// The bytes of a segment as its rows have them, verified.
pub(super) fn read(scope: &Scope, row: &SegmentRow, snapshot: Snapshot) -> Result<Vec<u8>> {
    check_format(row)?;
    // The number may be damaged too, and a failed allocation would take the server down.
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(row.byte_size)
        .map_err(|_| unreadable("Its size is beyond the memory.".to_owned()))?;
    spi::rows(snapshot, CHUNKS, args![&*scope.tenant, row.id], |chunk| {
        bytes.extend_from_slice(&chunk.need::<Vec<u8>>(1)?);
        Ok(())
    })?;
    Segment::verify(&bytes, &row.layout, &row.digest)
        .map_err(|_| unreadable("Its bytes do not match their digest.".to_owned()))?;
    Ok(bytes)
}

fn check_format(row: &SegmentRow) -> Result<()> {
    if row.format == search::FORMAT {
        return Ok(());
    }
    Err(unreadable(format!("Its format is {}; this version reads {}.", row.format, search::FORMAT)))
}

fn unreadable(detail: String) -> Error {
    Error::new(Kind::Corrupt, "search_segment_unreadable", "a search segment cannot be read")
        .detail(detail)
        .hint("Rebuild the index of this workspace with flowai.search_rebuild(); entries are not affected.")
}

/// Segments in memory that together hold the live delta; a row version never changes, so one that was
/// indexed once is never indexed again.
fn micro_segments(scope: &Scope, live: &BTreeSet<i64>) -> Result<Vec<Rc<Segment>>> {
    if live.is_empty() {
        return Ok(Vec::new());
    }
    let useful: Vec<Rc<Segment>> = cache::micro_segments(scope)
        .into_iter()
        .filter(|segment| segment.row_versions().iter().any(|v| live.contains(v)))
        .collect();
    let held: BTreeSet<i64> = useful.iter().flat_map(|s| s.row_versions()).collect();
    let missing: Vec<i64> = live.difference(&held).copied().collect();
    if missing.is_empty() {
        return Ok(useful);
    }
    let (mut kept, wanted) = if useful.len() >= MAX_MICRO {
        (Vec::new(), live.iter().copied().collect())
    } else {
        (useful, missing)
    };
    let documents: Vec<Document> = spi::read(
        DOCUMENTS,
        args![&*scope.tenant, scope.workspace.as_str(), wanted],
        document_from,
    )?
    .into_iter()
    .flatten()
    .collect();
    if !documents.is_empty() {
        kept.push(Rc::new(index(&documents)?));
        cache::keep_micro_segments(scope, &kept);
    }
    Ok(kept)
}

/// A micro-segment of some documents.
fn index(documents: &[Document]) -> Result<Segment> {
    if documents.len() <= MAX_FEW {
        let segment = Segment::of_few(documents, interrupt::pending);
        return interrupt::raise_if_interrupted(segment);
    }
    let packed = build(documents)?;
    Segment::open(packed.bytes, &packed.layout)
}
