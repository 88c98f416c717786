//! The terms of a field and the documents that have them, wherever they are kept.

use std::ops::Range;
use std::sync::Arc;

use tantivy::index::InvertedIndexReader;
use tantivy::postings::{BlockSegmentPostings, Postings as _, SegmentPostings, TermInfo};
use tantivy::schema::IndexRecordOption;
use tantivy::termdict::TermStreamer;
use tantivy::{DocSet, TERMINATED};
use tantivy_fst::Automaton;

use super::docs::Docs;
use super::fresh::{FreshPostings, FreshTerms};
use super::postings::Among;
use super::spelling::Spellings;
use super::unreadable;
use crate::error::Result;

/// Looking for a document in a list costs about as much as reading so many of its postings.
const POSTINGS_PER_SEEK: u32 = 8;

/// The terms of one field of a segment.
pub(super) enum Terms {
    /// In the bytes of a built segment.
    Packed(Arc<InvertedIndexReader>),
    /// Of a few documents in memory.
    Fresh(FreshTerms),
}

impl Terms {
    /// How often a term occurs and where its postings are, which only these terms understand.
    pub(super) fn get(&self, term: &[u8]) -> Result<Option<TermInfo>> {
        match self {
            Self::Packed(terms) => terms.terms().get(term).map_err(unreadable),
            Self::Fresh(terms) => Ok(terms.get(term)),
        }
    }

    /// The places, in order, of the terms that begin with these bytes.
    pub(super) fn beginning_with(&self, first: &[u8]) -> Result<Range<u64>> {
        let begin = self.place(first)?;
        let end = match after_all_that_begin_with(first) {
            Some(end) => self.place(&end)?,
            None => self.count(),
        };
        Ok(begin..end)
    }

    /// The place of the first term that is not before these bytes.
    fn place(&self, bytes: &[u8]) -> Result<u64> {
        match self {
            Self::Packed(terms) => {
                let stream = terms.terms().range().ge(bytes).without_keys().into_stream();
                let mut stream = stream.map_err(unreadable)?;
                Ok(if stream.advance() { stream.term_ord() } else { self.count() })
            }
            Self::Fresh(terms) => Ok(terms.place(bytes)),
        }
    }

    fn count(&self) -> u64 {
        match self {
            Self::Packed(terms) => terms.terms().num_terms() as u64,
            Self::Fresh(terms) => terms.count(),
        }
    }

    /// Visits the terms that begin with these bytes, which have these places. Their texts are not read, nor
    /// compared with anything: that takes longer than all the rest.
    pub(super) fn each_beginning_with(
        &self,
        first: &[u8],
        places: Range<u64>,
        mut visit: impl FnMut(u64, &TermInfo) -> Result<()>,
    ) -> Result<()> {
        match self {
            Self::Packed(terms) => {
                let stream = terms.terms().range().ge(first).without_keys().into_stream();
                let mut stream = stream.map_err(unreadable)?;
                for place in places {
                    if !stream.advance() {
                        break;
                    }
                    visit(place, stream.value())?;
                }
                Ok(())
            }
            Self::Fresh(terms) => {
                places.zip(terms.from(first)).try_for_each(|(n, (_, i))| visit(n, i))
            }
        }
    }

    /// The terms that are spelled like any of these words.
    pub(super) fn spelled_like<'a>(
        &'a self,
        spellings: &'a Spellings,
    ) -> Result<TermStream<'a, &'a Spellings>> {
        Ok(match self {
            Self::Packed(terms) => {
                let stream = terms.terms().search(spellings).into_stream();
                TermStream::Packed(Box::new(stream.map_err(unreadable)?))
            }
            Self::Fresh(terms) => TermStream::fresh(
                terms.from(b"").filter(|(term, _)| spellings.matching(term).next().is_some()),
            ),
        })
    }

    /// The postings of a term, to be sought in.
    pub(super) fn postings(
        &self,
        info: &TermInfo,
        detail: IndexRecordOption,
    ) -> Result<Postings<'_>> {
        Ok(match self {
            Self::Packed(terms) => {
                let postings = terms.read_postings_from_terminfo(info, detail);
                Postings::Packed(Box::new(postings.map_err(unreadable)?))
            }
            Self::Fresh(terms) => Postings::Fresh(terms.postings(info)),
        })
    }

    /// Visits those of some documents that have a term, with the number of times they have it if that is
    /// asked for.
    #[inline]
    pub(super) fn each_posting(
        &self,
        info: &TermInfo,
        detail: IndexRecordOption,
        among: Among<'_>,
        mut visit: impl FnMut(u32, u32),
    ) -> Result<()> {
        let mut blocks = match self {
            Self::Packed(terms) => {
                terms.read_block_postings_from_terminfo(info, detail).map_err(unreadable)?
            }
            Self::Fresh(terms) => {
                terms
                    .postings(info)
                    .each()
                    .filter(|&(doc, _)| among.docs.contains(doc))
                    .for_each(|(doc, occurrences)| visit(doc, occurrences));
                return Ok(());
            }
        };
        if info.doc_freq / POSTINGS_PER_SEEK > among.count {
            for doc in among.docs.iter() {
                let at = blocks.seek(doc);
                if blocks.doc(at) == doc {
                    visit(doc, blocks.freq(at));
                }
            }
            return Ok(());
        }
        while !blocks.docs().is_empty() {
            for (at, &doc) in blocks.docs().iter().enumerate() {
                if among.docs.contains(doc) {
                    visit(doc, blocks.freq(at));
                }
            }
            blocks.advance();
        }
        Ok(())
    }
}

/// The first bytes after all that begin with these; nothing if no bytes are.
fn after_all_that_begin_with(first: &[u8]) -> Option<Vec<u8>> {
    let at = first.iter().rposition(|&byte| byte < u8::MAX)?;
    let mut end = first[..=at].to_vec();
    end[at] += 1;
    Some(end)
}

/// Reads the postings of many terms, one after the other, into the same memory.
pub(super) struct PostingsReader<'a> {
    terms: &'a Terms,
    blocks: Option<BlockSegmentPostings>,
}

impl<'a> PostingsReader<'a> {
    pub(super) fn new(terms: &'a Terms) -> Self {
        Self { terms, blocks: None }
    }

    /// Adds all documents that have a term, dead ones too.
    #[inline]
    pub(super) fn gather(&mut self, info: &TermInfo, found: &mut Docs) -> Result<()> {
        let terms = match self.terms {
            Terms::Packed(terms) => terms,
            Terms::Fresh(terms) => {
                terms.postings(info).each().for_each(|(doc, _)| found.insert(doc));
                return Ok(());
            }
        };
        let blocks = match &mut self.blocks {
            Some(blocks) => {
                terms.reset_block_postings_from_terminfo(info, blocks).map_err(unreadable)?;
                blocks
            }
            none => none.insert(
                terms
                    .read_block_postings_from_terminfo(info, IndexRecordOption::Basic)
                    .map_err(unreadable)?,
            ),
        };
        while !blocks.docs().is_empty() {
            blocks.docs().iter().for_each(|&doc| found.insert(doc));
            blocks.advance();
        }
        Ok(())
    }
}

/// Terms in order, one after the other.
pub(super) enum TermStream<'a, A: Automaton> {
    Packed(Box<TermStreamer<'a, A>>),
    Fresh {
        rest: Box<dyn Iterator<Item = (&'a [u8], &'a TermInfo)> + 'a>,
        current: Option<(&'a [u8], &'a TermInfo)>,
    },
}

impl<'a, A: Automaton> TermStream<'a, A> {
    fn fresh(terms: impl Iterator<Item = (&'a [u8], &'a TermInfo)> + 'a) -> Self {
        Self::Fresh { rest: Box::new(terms), current: None }
    }

    /// Moves to the next term, if there is one.
    #[inline]
    pub(super) fn advance(&mut self) -> bool {
        match self {
            Self::Packed(stream) => stream.advance(),
            Self::Fresh { rest, current } => {
                *current = rest.next();
                current.is_some()
            }
        }
    }

    #[inline]
    pub(super) fn key(&self) -> &[u8] {
        match self {
            Self::Packed(stream) => stream.key(),
            Self::Fresh { current, .. } => current.map_or(b"", |(term, _)| term),
        }
    }

    #[inline]
    pub(super) fn value(&self) -> TermInfo {
        match self {
            Self::Packed(stream) => stream.value().clone(),
            Self::Fresh { current, .. } => {
                current.map_or_else(TermInfo::default, |(_, info)| info.clone())
            }
        }
    }
}

/// The documents that have a term, with positions if they were asked for.
pub(super) enum Postings<'a> {
    Packed(Box<SegmentPostings>),
    Fresh(FreshPostings<'a>),
}

impl Postings<'_> {
    /// The current document, [`TERMINATED`] after the last.
    #[inline]
    pub(super) fn doc(&self) -> u32 {
        match self {
            Self::Packed(postings) => postings.doc(),
            Self::Fresh(postings) => postings.doc().unwrap_or(TERMINATED),
        }
    }

    /// Moves to this document or the first after it, never back.
    #[inline]
    pub(super) fn seek(&mut self, doc: u32) -> u32 {
        if self.doc() < doc {
            match self {
                Self::Packed(postings) => drop(postings.seek(doc)),
                Self::Fresh(postings) => postings.seek(doc),
            }
        }
        self.doc()
    }

    /// Documents with the term.
    pub(super) fn doc_freq(&self) -> u32 {
        match self {
            Self::Packed(postings) => postings.doc_freq(),
            Self::Fresh(postings) => postings.doc_freq(),
        }
    }

    /// Where the term stands in the current document, ascending.
    pub(super) fn positions(&mut self, positions: &mut Vec<u32>) {
        match self {
            Self::Packed(postings) => postings.positions(positions),
            Self::Fresh(postings) => postings.positions().clone_into(positions),
        }
    }
}
