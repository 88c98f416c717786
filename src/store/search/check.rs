//! Whether the index is what the entries say: for what somebody did to the tables by hand, or a disk.

use std::collections::{HashMap, HashSet};

use flowai_core::catalog::{self, Entry};
use flowai_core::search::Segment;
use flowai_core::{Error, Result};
use pgrx::Uuid;

use super::manifest::{Manifest, SegmentRow};
use super::pieces;
use crate::pg::random;
use crate::pg::spi::{self, Snapshot, args};
use crate::store::catalog::{Scope, entry_as_put};

/// Every entry as `catalog_put` takes it, with what was noted about it when it was written.
const ENTRIES: &str = concat!(
    "SELECT e.row_version, e.id, e.content_hash, ",
    entry_as_put!(),
    " FROM flowai.catalog_entries e WHERE e.tenant_id = $1 AND e.workspace_id = $2
      ORDER BY e.id"
);

/// Chunks belong to a tenant; which workspace only their segment says. So these are those of all.
const ORPHANS: &str = "
    SELECT DISTINCT c.segment_id FROM flowai_internal.search_chunk c
    WHERE c.tenant_id = $1 AND NOT EXISTS (
        SELECT FROM flowai_internal.search_segment s
        WHERE s.tenant_id = $1 AND s.segment_id = c.segment_id)
    ORDER BY 1";

const REMOVE_ORPHANS: &str = "
    DELETE FROM flowai_internal.search_chunk c
    WHERE c.tenant_id = $1 AND NOT EXISTS (
        SELECT FROM flowai_internal.search_segment s
        WHERE s.tenant_id = $1 AND s.segment_id = c.segment_id)";

const RESTAMP: &str = "
    UPDATE flowai.catalog_entries
    SET content_hash = $4, row_version = $5, superseded = row_version, version = version + 1,
        updated_at = pg_catalog.clock_timestamp()
    WHERE tenant_id = $1 AND workspace_id = $2 AND id = $3";

/// Something that is not as it should be.
pub(crate) struct Finding {
    pub(crate) problem: &'static str,
    pub(crate) subject: String,
    pub(crate) detail: String,
}

impl Finding {
    fn new(problem: &'static str, subject: impl ToString, detail: impl Into<String>) -> Self {
        Self { problem, subject: subject.to_string(), detail: detail.into() }
    }
}

/// An entry as it is stored.
struct Stored {
    row_version: i64,
    id: String,
    /// What it was when it was last written the proper way.
    hash: Vec<u8>,
    /// What it is now, if it is an entry at all.
    entry: Result<Entry>,
}

impl Stored {
    fn is_altered(&self) -> bool {
        !self.entry.as_ref().is_ok_and(|entry| entry.content_hash()[..] == self.hash[..])
    }
}

/// Reads every segment and every entry of the scope in force and compares them.
pub(crate) fn check() -> Result<Vec<Finding>> {
    let scope = Scope::current()?;
    let manifest = match Manifest::read(&scope, Snapshot::Caller) {
        Ok(manifest) => manifest,
        Err(error) if error.rule == "search_segment_unreadable" => {
            return Ok(vec![unreadable("the manifest", &error)]);
        }
        Err(error) => return Err(error),
    };
    let mut findings = Vec::new();
    let mut indexed = Indexed::default();
    for row in &manifest.segments {
        pgrx::check_for_interrupts!();
        match opened(&scope, row) {
            Ok(segment) => indexed.add(row, &segment),
            Err(error) => {
                indexed.partial = true;
                findings.push(unreadable(&row.id.to_string(), &error));
            }
        }
    }
    indexed.places.extend(manifest.delta.iter().map(|&version| (version, "the delta")));
    let orphans = spi::read(ORPHANS, args![&*scope.tenant], |row| row.need::<Uuid>(1))?;
    findings.extend(orphans.iter().map(|id| {
        Finding::new("chunks_without_segment", id, "No segment of the tenant has these bytes.")
    }));
    compare(&scope, &manifest, indexed, &mut findings)?;
    Ok(findings)
}

fn unreadable(subject: &str, error: &Error) -> Finding {
    let detail = error.detail.clone().unwrap_or_else(|| error.message.clone());
    Finding::new("segment_unreadable", subject, detail)
}

/// A segment as its rows are, past every cache.
fn opened(scope: &Scope, row: &SegmentRow) -> Result<Segment> {
    let segment = Segment::open(pieces::read(scope, row, Snapshot::Caller)?, &row.layout)?;
    if segment.doc_count() == row.doc_count {
        return Ok(segment);
    }
    Err(Error::internal("the number of documents is wrong").detail(format!(
        "Its row says {} documents; it has {}.",
        row.doc_count,
        segment.doc_count()
    )))
}

/// Row versions that a search could find.
#[derive(Default)]
struct Indexed {
    places: Vec<(i64, &'static str)>,
    /// Row versions that a segment has, but buried.
    buried: HashSet<i64>,
    /// A segment could not be read, so that entries seem to be missing.
    partial: bool,
}

impl Indexed {
    fn add(&mut self, row: &SegmentRow, segment: &Segment) {
        for (doc, version) in segment.row_versions().into_iter().enumerate() {
            if row.buried.holds(doc as u32) {
                self.buried.insert(version);
            } else {
                self.places.push((version, "a segment"));
            }
        }
    }
}

fn compare(
    scope: &Scope,
    manifest: &Manifest,
    indexed: Indexed,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let mut places: HashMap<i64, Vec<&str>> = HashMap::new();
    for (version, place) in indexed.places {
        places.entry(version).or_default().push(place);
    }
    for version in &manifest.dead {
        if places.remove(version).is_none() && !indexed.buried.contains(version) && !indexed.partial
        {
            findings.push(Finding::new(
                "dead_left_over",
                version,
                "A row version is noted as dead that nothing holds. It does no harm.",
            ));
        }
    }
    entries(scope, |stored| {
        if stored.is_altered() {
            let detail = match &stored.entry {
                Ok(_) => {
                    "The entry or its relations are not what was written through the functions."
                }
                Err(error) => error.detail.as_deref().unwrap_or(&error.message),
            };
            findings.push(Finding::new("entry_altered", &stored.id, detail));
        }
        match places.remove(&stored.row_version).unwrap_or_default()[..] {
            [_] => {}
            [] if indexed.partial => {}
            [] => findings.push(Finding::new(
                "entry_not_indexed",
                &stored.id,
                "Neither a segment nor the delta has it: searches do not find it.",
            )),
            ref places => findings.push(Finding::new(
                "entry_indexed_twice",
                &stored.id,
                format!("It is in {}.", places.join(" and in ")),
            )),
        }
        Ok(())
    })?;
    let mut ghosts: Vec<i64> = places.into_keys().collect();
    ghosts.sort_unstable();
    findings.extend(ghosts.into_iter().map(|version| {
        Finding::new(
            "indexed_without_entry",
            version,
            "A row version is searched that no entry has: totals are wrong.",
        )
    }));
    Ok(())
}

fn entries(scope: &Scope, mut visit: impl FnMut(Stored) -> Result<()>) -> Result<()> {
    spi::read(ENTRIES, args![&*scope.tenant, scope.workspace.as_str()], |row| {
        let text: String = row.need(4)?;
        let entry = catalog::parse(&text).and_then(|entries| {
            entries.into_iter().next().ok_or_else(|| Error::internal("an entry that is none"))
        });
        visit(Stored { row_version: row.need(1)?, id: row.need(2)?, hash: row.need(3)?, entry })
    })?;
    Ok(())
}

/// Gives entries that were altered by hand the hash of what they are, as a new version. Those that are
/// no entries any more stay as they are: the server has checked what it can check.
pub(super) fn restamp_altered(scope: &Scope) -> Result<()> {
    let mut altered = Vec::new();
    entries(scope, |stored| {
        if let (true, Ok(entry)) = (stored.is_altered(), &stored.entry) {
            altered.push((stored.id, entry.content_hash()));
        }
        Ok(())
    })?;
    let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
    for (id, hash) in altered {
        let row_version = i64::from_le_bytes(random::bytes()?);
        spi::run(RESTAMP, args![tenant, workspace, id, hash.to_vec(), row_version])?;
    }
    spi::run(REMOVE_ORPHANS, args![tenant])?;
    Ok(())
}
