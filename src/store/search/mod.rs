//! The search index as rows: who writes what, and which pieces a statement may see.
//!
//! A write inserts row versions into the delta and superseded ones into dead; a write of many rows
//! makes its segment at once. Whoever crosses a threshold moves the delta into a segment and notes the
//! dead beside their segments, if nobody else is at it. A search reads manifest, delta and dead in one
//! statement under the caller's snapshot; bytes come from this backend's cache, from a file of this node,
//! or from the chunks. What may be seen is decided by those rows alone, each time anew: caches hold bytes
//! and can be dropped at any moment.
//!
//! - `write`: what a write of entries does
//! - `maintain`: flush, merge, rebuild
//! - `manifest`: what a snapshot says the index is
//! - `pieces`, `cache`: its segments, opened
//! - `find`: searches
//! - `check`: whether the index is what the entries say

mod cache;
mod check;
mod find;
mod maintain;
mod manifest;
mod pieces;

use flowai_core::catalog::Entry;
use flowai_core::search::{self, Document, Packed};
use flowai_core::{Error, Result};
use pgrx::Uuid;

use super::catalog::Scope;
use crate::pg::spi::{self, Snapshot, args};
use crate::pg::{guc, interrupt, random};

pub(crate) use check::check;
pub(crate) use find::{facets, filter, search};
pub(crate) use maintain::{maintain, maintain_scope, rebuild};

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

const CHUNK_BYTES: usize = 256 * 1024;

/// What documents are made of.
macro_rules! document_columns {
    () => {
        "e.id, e.name, e.qualified_name, e.item_type, e.tags, e.metadata ->> 'databaseId',
         e.metadata ->> 'schemaName', e.content,
         COALESCE(e.metadata -> 'preferredQuerySurface' = 'true'::pg_catalog.jsonb, false)"
    };
}
use document_columns;

/// Makes new row versions searchable, and takes superseded or deleted ones out of what is found.
pub(super) fn write<'a>(
    scope: &Scope,
    rows: impl Iterator<Item = (i64, &'a Entry)>,
    dead: Vec<i64>,
) -> Result<()> {
    let rows: Vec<_> = rows.collect();
    let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
    if maintain::is_missing(scope, rows.len(), Snapshot::Fresh)? {
        return maintain::rebuild_scope(scope).map(drop);
    }
    if !dead.is_empty() {
        spi::run(ADD_DEAD, args![tenant, workspace, dead])?;
    }
    let many = rows.len() >= guc::search_flush_rows();
    if many {
        let documents: Vec<Document> = rows.iter().map(|(v, e)| document_of(*v, e)).collect();
        store(scope, &build(&documents)?)?;
    } else if !rows.is_empty() {
        let versions: Vec<i64> = rows.iter().map(|(v, _)| *v).collect();
        spi::run(ADD_DELTA, args![tenant, workspace, versions])?;
    }
    maintain::maintain_if_due(scope, many)
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

/// The document of a row of a row version and `document_columns!`; nothing where there is no entry.
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
            search::tier::level(packed.doc_count),
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
