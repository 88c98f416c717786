//! Full-text search over immutable segments.
//!
//! One logical index is a list of [`Piece`]s: segments, and for each the row versions that are dead
//! in the snapshot that asks. All pieces are searched as one index, with one set of statistics, so
//! that neither order nor score depends on how documents were split. Which pieces there are is the
//! server's business; this module turns documents into bytes and bytes into hits.
//!
//! - [`build`] and [`merge`]: documents, or pieces, to the bytes of a segment
//! - [`Segment`]: the bytes of a segment, opened
//! - [`Query`]: what a person typed
//! - [`Searcher`]: pieces and a query to hits, counts and facets
//! - [`Cursors`]: where a page ended, to text and back
//! - [`Highlighter`]: a text to a snippet with the matched words marked
//!
//! Tantivy supplies postings, dictionaries and columns. Its query parser, its scorers and its
//! threads stay out: the first knows a language of its own, the second cannot sum statistics over
//! pieces opened one by one, the third must not exist in a server process. No type of it is public,
//! and a panic in it becomes an error.

mod buried;
mod cursor;
mod directory;
mod docs;
mod expand;
mod fresh;
mod matching;
mod plan;
mod postings;
mod query;
mod rank;
mod schema;
mod segment;
mod snippet;
mod spelling;
mod terms;
pub mod tier;
mod tokenizer;
mod top;
mod values;

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use buried::Buried;
pub use cursor::Cursors;
pub use query::{MAX_QUERY_BYTES, MAX_QUERY_WORDS, Query};
pub use rank::Searcher;
pub use schema::{Document, MatchedField};
pub use segment::{Bytes, Packed, Piece, Segment, build, merge};
pub use snippet::Highlighter;
/// The promise that an owner of [`Bytes`] makes, for those that are neither vector nor box.
pub use stable_deref_trait::StableDeref;
pub use top::{Facet, Facets, Filter, Hit, Outcome, Page, SortKey};

use crate::error::{Error, Kind, Result};

/// Version of everything that is in the bytes: schema, analysis, Tantivy's own formats. A segment of
/// another format is rebuilt, never read.
pub const FORMAT: i16 = 2;

/// Says whether to stop. A plain function, because it is also asked from inside Tantivy's writers,
/// which hold nothing borrowed. It answers yes only if the caller will then really give up, for a
/// build that stopped cannot be resumed.
pub type Interrupt = fn() -> bool;

/// Ends the work if it was interrupted.
fn stop(interrupt: Interrupt) -> Result<()> {
    if interrupt() { Err(interrupted()) } else { Ok(()) }
}

/// The caller asked to stop: it knows why, and raises the real reason.
fn interrupted() -> Error {
    Error::new(Kind::Internal, "interrupted", "search was interrupted")
}

/// Bytes that are not what this version built.
fn unreadable(detail: impl Display) -> Error {
    Error::new(Kind::Corrupt, "search_segment_unreadable", "a search segment cannot be read")
        .detail(detail.to_string())
        .hint("Rebuild the search index of this workspace; entries are not affected.")
}

/// Keeps panics inside: on damaged bytes Tantivy asserts where we must report.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        Err(unreadable(format!("Reading it failed: {message}.")))
    })
}
