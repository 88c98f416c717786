//! The search index as rows: who writes what, and which pieces a statement may see.
//!
//! A write inserts row versions into the delta and superseded ones into dead; a write of many rows
//! makes its segment at once. Whoever crosses the flush threshold moves the delta into a segment, if
//! nobody else is at it. A search reads manifest, delta and dead in one statement under the caller's
//! snapshot; bytes come from this backend's cache or from the chunks. What may be seen is decided by
//! those rows alone, each time anew: the cache holds bytes and can be dropped at any moment.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use flowai_core::catalog::Entry;
use flowai_core::name::{shorten, within};
use flowai_core::search::{self, Document, Filter, Packed, Page, Piece, Query, Searcher, Segment};
use flowai_core::{Error, Result};
use pgrx::Uuid;

use super::catalog::Scope;
use crate::pg::spi::{self, Snapshot, args};
use crate::pg::{guc, interrupt, random, transaction};

const ADD_DELTA: &str = "
    INSERT INTO flowai_internal.search_delta (tenant_id, workspace_id, row_version)
    SELECT $1, $2, v FROM pg_catalog.unnest($3::bigint[]) AS v";

const ADD_DEAD: &str = "
    INSERT INTO flowai_internal.search_dead (tenant_id, workspace_id, row_version)
    SELECT $1, $2, v FROM pg_catalog.unnest($3::bigint[]) AS v";

const ADD_SEGMENT: &str = "
    INSERT INTO flowai_internal.search_segment
        (tenant_id, workspace_id, segment_id, level, doc_count, byte_size, digest, format, layout)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

const ADD_CHUNK: &str = "
    INSERT INTO flowai_internal.search_chunk (tenant_id, segment_id, chunk_no, bytes)
    VALUES ($1, $2, $3, $4)";

/// The delta's size, but not further than it matters.
const DELTA_REACHES: &str = "
    SELECT pg_catalog.count(*) >= $3 FROM (
        SELECT FROM flowai_internal.search_delta
        WHERE tenant_id = $1 AND workspace_id = $2 LIMIT $3) AS d";

const ENSURE_SCOPE: &str = "
    INSERT INTO flowai_internal.search_scope (tenant_id, workspace_id) VALUES ($1, $2)
    ON CONFLICT DO NOTHING";

const LOCK_SCOPE: &str = "
    SELECT true FROM flowai_internal.search_scope
    WHERE tenant_id = $1 AND workspace_id = $2 FOR UPDATE SKIP LOCKED";

/// What documents are made of. Delta rows without an entry died before they reached a segment.
macro_rules! document_columns {
    () => {
        "e.id, e.name, e.qualified_name, e.item_type, e.tags, e.metadata ->> 'databaseId',
         e.metadata ->> 'schemaName', e.content,
         COALESCE(e.metadata -> 'preferredQuerySurface' = 'true'::pg_catalog.jsonb, false)"
    };
}

const DELTA_DOCUMENTS: &str = concat!(
    "SELECT d.row_version, ",
    document_columns!(),
    " FROM flowai_internal.search_delta d
      LEFT JOIN flowai.catalog_entries e
             ON e.tenant_id = $1 AND e.workspace_id = $2 AND e.row_version = d.row_version
      WHERE d.tenant_id = $1 AND d.workspace_id = $2"
);

const DOCUMENTS: &str = concat!(
    "SELECT e.row_version, ",
    document_columns!(),
    " FROM flowai.catalog_entries e
      WHERE e.tenant_id = $1 AND e.workspace_id = $2 AND e.row_version = ANY ($3)"
);

const ALL_DOCUMENTS: &str = concat!(
    "SELECT e.row_version, ",
    document_columns!(),
    " FROM flowai.catalog_entries e WHERE e.tenant_id = $1 AND e.workspace_id = $2"
);

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

/// Manifest, delta and dead of the scope in one statement: one snapshot, whatever the caller's is.
const MANIFEST: &str = "
    SELECT 0, s.segment_id, s.digest, s.layout, s.byte_size, s.format, s.doc_count, NULL::bigint
    FROM flowai_internal.search_segment s WHERE s.tenant_id = $1 AND s.workspace_id = $2
    UNION ALL
    SELECT 1, NULL, NULL, NULL, NULL, NULL, NULL, d.row_version
    FROM flowai_internal.search_delta d WHERE d.tenant_id = $1 AND d.workspace_id = $2
    UNION ALL
    SELECT 2, NULL, NULL, NULL, NULL, NULL, NULL, d.row_version
    FROM flowai_internal.search_dead d WHERE d.tenant_id = $1 AND d.workspace_id = $2";

const CHUNKS: &str = "
    SELECT c.bytes FROM flowai_internal.search_chunk c
    WHERE c.tenant_id = $1 AND c.segment_id = $2 ORDER BY c.chunk_no";

const HYDRATE: &str = "
    SELECT e.row_version, e.item_type, e.name, e.qualified_name, e.content
    FROM flowai.catalog_entries e
    WHERE e.tenant_id = $1 AND e.workspace_id = $2 AND e.row_version = ANY ($3)";

const CHUNK_BYTES: usize = 256 * 1024;
const SNIPPET_CHARS: usize = 240;
const MAX_ROWS: i32 = 100;

/// Segments of one size class that make a merge worth it.
const MERGE_WIDTH: usize = 8;
/// Documents of the largest segment of level 0; each level holds eight times as many.
const LEVEL_0_DOCS: u32 = 1024;

/// Micro-segments of a scope in this backend from which on they are made one.
const MAX_MICRO: usize = 8;

// ---------------------------------------------------------------------------------------- writing

/// Makes new row versions searchable.
pub(super) fn add<'a>(scope: &Scope, rows: impl Iterator<Item = (i64, &'a Entry)>) -> Result<()> {
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    if rows.len() >= guc::search_flush_rows() {
        let documents: Vec<Document> = rows.iter().map(|(v, e)| document_of(*v, e)).collect();
        return store(scope, &build(&documents)?);
    }
    let versions: Vec<i64> = rows.iter().map(|(v, _)| *v).collect();
    spi::run(ADD_DELTA, args![&*scope.tenant, scope.workspace.as_str(), versions])?;
    flush_if_due(scope)
}

/// Takes superseded or deleted row versions out of what is found.
pub(super) fn bury(scope: &Scope, row_versions: Vec<i64>) -> Result<()> {
    spi::run(ADD_DEAD, args![&*scope.tenant, scope.workspace.as_str(), row_versions])?;
    Ok(())
}

fn document_of(row_version: i64, entry: &Entry) -> Document {
    Document {
        row_version,
        id: entry.id.clone(),
        name: entry.name.clone(),
        qualified_name: some_text(entry.qualified_name.clone()),
        item_type: entry.item_type.clone(),
        tags: entry.tags.clone(),
        database_id: entry.database_id().map(str::to_owned),
        schema_name: entry.schema_name().map(str::to_owned),
        content: entry.content.clone(),
        preferred: entry.preferred(),
    }
}

fn document_from(row: &spi::Row) -> Result<Option<Document>> {
    let Some(id) = row.get(2) else { return Ok(None) };
    Ok(Some(Document {
        row_version: row.need(1)?,
        id,
        name: row.need(3)?,
        qualified_name: row.get(4).and_then(some_text),
        item_type: row.need(5)?,
        tags: row.need(6)?,
        database_id: row.get(7),
        schema_name: row.get(8),
        content: row.need(9)?,
        preferred: row.need(10)?,
    }))
}

fn some_text(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn build(documents: &[Document]) -> Result<Packed> {
    interrupt::raise_if_interrupted(search::build(documents, interrupt::pending))
}

fn store(scope: &Scope, packed: &Packed) -> Result<()> {
    let id = Uuid::from_bytes(random::bytes()?);
    spi::run(
        ADD_SEGMENT,
        args![
            &*scope.tenant,
            scope.workspace.as_str(),
            id,
            level_of(packed.doc_count),
            i32::try_from(packed.doc_count)
                .map_err(|_| Error::internal("a segment of too many documents"))?,
            packed.bytes.len() as i64,
            packed.digest.to_vec(),
            search::FORMAT,
            packed.layout.as_str(),
        ],
    )?;
    for (number, chunk) in packed.bytes.chunks(CHUNK_BYTES).enumerate() {
        spi::run(ADD_CHUNK, args![&*scope.tenant, id, number as i32, chunk])?;
    }
    Ok(())
}

fn level_of(doc_count: u32) -> i16 {
    let mut level = 0;
    let mut most = LEVEL_0_DOCS;
    while doc_count > most {
        level += 1;
        most = most.saturating_mul(MERGE_WIDTH as u32);
    }
    level
}

// ------------------------------------------------------------------------------------ maintenance

/// What maintenance of a scope did.
#[derive(Default)]
pub(crate) struct Maintained {
    pub(crate) flushed: i64,
    pub(crate) merged: i64,
    /// Somebody else is at it.
    pub(crate) busy: bool,
}

/// Moves the delta into a segment and merges segments of like size.
pub(crate) fn maintain() -> Result<Maintained> {
    let scope = Scope::current()?;
    if !transaction::sees_what_others_commit() || !lock(&scope)? {
        return Ok(Maintained { busy: true, ..Maintained::default() });
    }
    Ok(Maintained { flushed: flush(&scope)?, merged: merge(&scope)?, busy: false })
}

/// Drops the scope's index and builds it from the rows: for an index that was damaged from outside.
pub(crate) fn rebuild() -> Result<i64> {
    let scope = Scope::current()?;
    let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
    if !transaction::sees_what_others_commit() || !lock(&scope)? {
        return Err(Error::new(
            flowai_core::Kind::WrongState,
            "search_scope_free",
            "the search index of this workspace is being maintained",
        )
        .detail("Another session flushes or merges it, or this transaction is not READ COMMITTED.")
        .hint("Try again in a moment, in a READ COMMITTED transaction."));
    }
    // One snapshot: what commits between two would be in the new segment and in the delta too.
    let (manifest, documents) = spi::in_new_snapshot(|| {
        let manifest = Manifest::read(&scope, Snapshot::Caller)?;
        let documents = spi::read(ALL_DOCUMENTS, args![tenant, workspace], document_from)?;
        Ok((manifest, documents))
    })?;
    let documents: Vec<Document> = documents.into_iter().flatten().collect();
    let ids: Vec<Uuid> = manifest.segments.iter().map(|s| s.id).collect();
    spi::run(REMOVE_SEGMENTS, args![tenant, workspace, ids])?;
    spi::run(
        REMOVE_DELTA,
        args![tenant, workspace, manifest.delta.into_iter().collect::<Vec<_>>()],
    )?;
    spi::run(REMOVE_DEAD, args![tenant, workspace, manifest.dead.into_iter().collect::<Vec<_>>()])?;
    if !documents.is_empty() {
        store(&scope, &build(&documents)?)?;
    }
    Ok(documents.len() as i64)
}

fn flush_if_due(scope: &Scope) -> Result<()> {
    let due = guc::search_flush_rows() as i64;
    let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
    let reached = spi::write_one(DELTA_REACHES, args![tenant, workspace, due], |row| row.need(1))?;
    if reached == Some(true) && transaction::sees_what_others_commit() && lock(scope)? {
        flush(scope)?;
        merge(scope)?;
    }
    Ok(())
}

fn lock(scope: &Scope) -> Result<bool> {
    let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
    spi::run(ENSURE_SCOPE, args![tenant, workspace])?;
    Ok(spi::write_one(LOCK_SCOPE, args![tenant, workspace], |row| row.need::<bool>(1))?.is_some())
}

/// The caller holds the scope's lock. Deletes exactly the delta rows that it read: others may have
/// come meanwhile, and versions commit out of order.
fn flush(scope: &Scope) -> Result<i64> {
    let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
    let mut documents = Vec::new();
    let mut stillborn = Vec::new();
    spi::write(DELTA_DOCUMENTS, args![tenant, workspace], |row| {
        match document_from(row)? {
            Some(document) => documents.push(document),
            None => stillborn.push(row.need::<i64>(1)?),
        }
        Ok(())
    })?;
    if !documents.is_empty() {
        store(scope, &build(&documents)?)?;
    }
    let consumed: Vec<i64> =
        documents.iter().map(|d| d.row_version).chain(stillborn.iter().copied()).collect();
    if consumed.is_empty() {
        return Ok(0);
    }
    spi::run(REMOVE_DELTA, args![tenant, workspace, consumed])?;
    if !stillborn.is_empty() {
        spi::run(REMOVE_DEAD, args![tenant, workspace, stillborn])?;
    }
    Ok(documents.len() as i64)
}

/// The caller holds the scope's lock. Merges each size class that is full, lowest first, and forgets
/// the dead that no segment holds any more.
fn merge(scope: &Scope) -> Result<i64> {
    let mut merged = 0;
    loop {
        let manifest = Manifest::read(scope, Snapshot::Fresh)?;
        let mut levels: HashMap<i16, Vec<&SegmentRow>> = HashMap::new();
        for segment in &manifest.segments {
            levels.entry(level_of(segment.doc_count)).or_default().push(segment);
        }
        let Some((_, chosen)) = levels
            .into_iter()
            .filter(|(_, segments)| segments.len() >= MERGE_WIDTH)
            .min_by_key(|(level, _)| *level)
        else {
            return Ok(merged);
        };
        let opened =
            chosen.iter().map(|s| open(scope, s, Snapshot::Fresh)).collect::<Result<Vec<_>>>()?;
        let pieces: Vec<Piece> =
            opened.iter().map(|s| Piece { segment: s, dead: &manifest.dead }).collect();
        let packed = interrupt::raise_if_interrupted(search::merge(&pieces, interrupt::pending))?;
        if packed.doc_count > 0 {
            store(scope, &packed)?;
        }
        let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
        let ids: Vec<Uuid> = chosen.iter().map(|s| s.id).collect();
        spi::run(REMOVE_SEGMENTS, args![tenant, workspace, ids])?;
        let dropped: Vec<i64> = opened
            .iter()
            .flat_map(|s| s.row_versions())
            .filter(|v| manifest.dead.contains(v))
            .collect();
        spi::run(REMOVE_DEAD, args![tenant, workspace, dropped])?;
        merged += chosen.len() as i64;
    }
}

// --------------------------------------------------------------------------------------- reading

struct SegmentRow {
    id: Uuid,
    digest: Vec<u8>,
    layout: String,
    byte_size: usize,
    format: i16,
    doc_count: u32,
}

/// What one snapshot says the index of a scope is.
#[derive(Default)]
struct Manifest {
    segments: Vec<SegmentRow>,
    delta: BTreeSet<i64>,
    dead: BTreeSet<i64>,
}

impl Manifest {
    fn read(scope: &Scope, snapshot: Snapshot) -> Result<Self> {
        let mut manifest = Self::default();
        let scope = args![&*scope.tenant, scope.workspace.as_str()];
        spi::rows(snapshot, MANIFEST, scope, |row| manifest.take(row))?;
        Ok(manifest.in_order())
    }

    fn take(&mut self, row: &spi::Row) -> Result<()> {
        match row.need::<i32>(1)? {
            0 => self.segments.push(SegmentRow {
                id: row.need(2)?,
                digest: row.need(3)?,
                layout: row.need(4)?,
                byte_size: row.need::<i64>(5)? as usize,
                format: row.need(6)?,
                doc_count: row.need::<i32>(7)? as u32,
            }),
            1 => drop(self.delta.insert(row.need(8)?)),
            _ => drop(self.dead.insert(row.need(8)?)),
        }
        Ok(())
    }

    fn in_order(mut self) -> Self {
        self.segments.sort_by(|a, b| a.digest.cmp(&b.digest));
        self
    }
}

/// A hit with what its row says.
pub(crate) struct Hit {
    pub(crate) id: String,
    pub(crate) item_type: String,
    pub(crate) name: String,
    pub(crate) qualified_name: String,
    pub(crate) score: f64,
    pub(crate) matched: Vec<String>,
    pub(crate) snippet: Option<String>,
}

/// A page of hits.
pub(crate) struct Found {
    pub(crate) hits: Vec<Hit>,
    pub(crate) total: i64,
    /// No entry had all words.
    pub(crate) relaxed: bool,
}

thread_local! {
    static SEARCHER: RefCell<Searcher> = RefCell::new(Searcher::new());
}

/// Searches the scope in force under the caller's snapshot.
pub(crate) fn search(query: &str, filter: &Filter, max_rows: Option<i32>) -> Result<Found> {
    let scope = Scope::current()?;
    let max_rows = max_rows.ok_or_else(|| Error::missing("max_rows"))?;
    within("max_rows", max_rows, 1, MAX_ROWS)?;
    let query = Query::parse(query)?;
    if query.is_blank() {
        return Ok(Found { hits: Vec::new(), total: 0, relaxed: false });
    }
    let manifest = Manifest::read(&scope, Snapshot::Caller)?;
    let pieces = gather(&scope, &manifest)?;
    let pieces: Vec<Piece> = pieces
        .iter()
        .map(|(segment, dead)| Piece { segment, dead: dead.as_ref().unwrap_or(&manifest.dead) })
        .collect();
    let page = Page { max_rows: max_rows as usize, after: None, facets: false };
    let outcome = interrupt::raise_if_interrupted(SEARCHER.with_borrow_mut(|searcher| {
        searcher.search(&pieces, &query, filter, &page, interrupt::pending)
    }))?;

    let versions: Vec<i64> = outcome.hits.iter().map(|hit| hit.row_version).collect();
    let mut rows: HashMap<i64, (String, String, String, String)> =
        spi::read(HYDRATE, args![&*scope.tenant, scope.workspace.as_str(), versions], |row| {
            Ok((row.need(1)?, (row.need(2)?, row.need(3)?, row.need(4)?, row.need(5)?)))
        })?
        .into_iter()
        .collect();
    let highlighter = &outcome.highlighter;
    let hits = outcome
        .hits
        .into_iter()
        .filter_map(|hit| {
            let (item_type, name, qualified_name, content) = rows.remove(&hit.row_version)?;
            let snippet = highlighter
                .snippet(&content, SNIPPET_CHARS)
                .or_else(|| highlighter.snippet(&name, SNIPPET_CHARS))
                .or_else(|| highlighter.snippet(&qualified_name, SNIPPET_CHARS));
            Some(Hit {
                id: hit.id,
                item_type,
                name,
                qualified_name,
                score: hit.score,
                matched: hit.matched.iter().map(|field| field.name().to_owned()).collect(),
                snippet,
            })
        })
        .collect();
    Ok(Found { hits, total: outcome.total as i64, relaxed: outcome.relaxed })
}

/// The segments of a manifest and the micro-segments of its delta, each with what is dead in it;
/// `None` where the manifest's own dead are.
type Pieces = Vec<(Rc<Segment>, Option<BTreeSet<i64>>)>;

fn gather(scope: &Scope, manifest: &Manifest) -> Result<Pieces> {
    let mut pieces: Pieces = Vec::new();
    for row in &manifest.segments {
        pieces.push((open(scope, row, Snapshot::Caller)?, None));
    }
    let live: BTreeSet<i64> = manifest.delta.difference(&manifest.dead).copied().collect();
    for micro in micro_segments(scope, &live)? {
        let dead = micro.row_versions().into_iter().filter(|v| !live.contains(v)).collect();
        pieces.push((micro, Some(dead)));
    }
    Ok(pieces)
}

/// Under the snapshot that the manifest row was read in: a merge opens what its own transaction wrote.
fn open(scope: &Scope, row: &SegmentRow, snapshot: Snapshot) -> Result<Rc<Segment>> {
    let key = Key::Segment(row.digest.clone());
    if let Some(segment) = CACHE.with_borrow_mut(|cache| cache.get(&key)) {
        return Ok(segment);
    }
    let damaged = |what: String| {
        Error::new(flowai_core::Kind::Corrupt, "search_segment_unreadable", "a search segment cannot be read")
            .detail(what)
            .hint("Rebuild the index of this workspace with flowai.search_rebuild(); entries are not affected.")
    };
    if row.format != search::FORMAT {
        return Err(damaged(format!(
            "Its format is {}; this version reads {}.",
            row.format,
            search::FORMAT
        )));
    }
    let mut bytes = Vec::with_capacity(row.byte_size);
    spi::rows(snapshot, CHUNKS, args![&*scope.tenant, row.id], |chunk| {
        bytes.extend_from_slice(&chunk.need::<Vec<u8>>(1)?);
        Ok(())
    })?;
    Segment::verify(&bytes, &row.layout, &row.digest)
        .map_err(|_| damaged("Its bytes do not match their digest.".to_owned()))?;
    let segment = Rc::new(Segment::open(bytes, &row.layout)?);
    CACHE.with_borrow_mut(|cache| cache.put(key, segment.clone()));
    Ok(segment)
}

/// Segments in memory that together hold the live delta; a row version never changes, so one that was
/// indexed once is never indexed again.
fn micro_segments(scope: &Scope, live: &BTreeSet<i64>) -> Result<Vec<Rc<Segment>>> {
    if live.is_empty() {
        return Ok(Vec::new());
    }
    let known = CACHE.with_borrow_mut(|cache| cache.micro(scope));
    let useful: Vec<Rc<Segment>> = known
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
        let packed = build(&documents)?;
        kept.push(Rc::new(Segment::open(packed.bytes, &packed.layout)?));
        CACHE.with_borrow_mut(|cache| cache.put_micro(scope, &kept));
    }
    Ok(kept)
}

// ----------------------------------------------------------------------------------------- cache

/// The identity of something that never changes.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    /// A stored segment, by digest.
    Segment(Vec<u8>),
    /// The micro-segments of a scope; each knows its own row versions.
    Micro(String, String),
}

#[derive(Default)]
struct Cache {
    slots: HashMap<Key, Slot>,
    bytes: usize,
    clock: u64,
}

struct Slot {
    segments: Vec<Rc<Segment>>,
    bytes: usize,
    used: u64,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

impl Cache {
    fn get(&mut self, key: &Key) -> Option<Rc<Segment>> {
        self.touch(key).and_then(|segments| segments.first().cloned())
    }

    fn micro(&mut self, scope: &Scope) -> Vec<Rc<Segment>> {
        self.touch(&Self::micro_key(scope)).unwrap_or_default()
    }

    fn put(&mut self, key: Key, segment: Rc<Segment>) {
        self.insert(key, vec![segment]);
    }

    fn put_micro(&mut self, scope: &Scope, segments: &[Rc<Segment>]) {
        self.insert(Self::micro_key(scope), segments.to_vec());
    }

    fn micro_key(scope: &Scope) -> Key {
        Key::Micro(scope.tenant.to_string(), scope.workspace.clone())
    }

    fn touch(&mut self, key: &Key) -> Option<Vec<Rc<Segment>>> {
        self.clock += 1;
        let slot = self.slots.get_mut(key)?;
        slot.used = self.clock;
        Some(slot.segments.clone())
    }

    /// What is too large for the cache is used once and dropped.
    fn insert(&mut self, key: Key, segments: Vec<Rc<Segment>>) {
        let bytes = segments.iter().map(|s| s.byte_size()).sum();
        self.remove(&key);
        let most = guc::search_cache_bytes();
        if bytes > most {
            return;
        }
        while self.bytes + bytes > most {
            let Some(oldest) =
                self.slots.iter().min_by_key(|(_, s)| s.used).map(|(k, _)| k.clone())
            else {
                break;
            };
            self.remove(&oldest);
        }
        self.clock += 1;
        self.bytes += bytes;
        self.slots.insert(key, Slot { segments, bytes, used: self.clock });
    }

    fn remove(&mut self, key: &Key) {
        if let Some(slot) = self.slots.remove(key) {
            self.bytes -= slot.bytes;
        }
    }
}

/// The filter of a call: blank values are errors rather than filters that nothing passes.
pub(crate) fn filter(
    item_types: Option<Vec<Option<String>>>,
    tags: Option<Vec<Option<String>>>,
    database_id: Option<String>,
    schema_name: Option<String>,
) -> Result<Filter> {
    let list = |argument: &str, values: Option<Vec<Option<String>>>| {
        values
            .unwrap_or_default()
            .into_iter()
            .map(|value| {
                value.filter(|v| !v.trim().is_empty()).ok_or_else(|| {
                    Error::invalid(
                        "filter_value",
                        format!("argument \"{argument}\" has a blank element"),
                    )
                    .hint("Leave the element away, or pass a value.")
                })
            })
            .collect::<Result<Vec<_>>>()
    };
    let one = |argument: &str, value: Option<String>| match value {
        Some(v) if v.trim().is_empty() => Err(Error::invalid(
            "filter_value",
            format!("argument \"{argument}\" is blank: \"{}\"", shorten(&v)),
        )
        .hint("Leave the argument away, or pass a value.")),
        other => Ok(other),
    };
    Ok(Filter {
        item_types: list("item_types", item_types)?,
        tags: list("tags", tags)?,
        database_id: one("database_id", database_id)?,
        schema_name: one("schema_name", schema_name)?,
    })
}
