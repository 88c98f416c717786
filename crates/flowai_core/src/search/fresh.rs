//! The index of a few documents that were just written, never to be stored.
//!
//! Tantivy needs a millisecond for a segment of one document, most of it for tables that are made for many.
//! Sorted lists take a few microseconds, and answer as fast while they are short.

use std::collections::BTreeMap;
use std::ops::Range;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::TermInfo;
use tantivy::tokenizer::{TokenStream, Tokenizer};

use super::tokenizer::Analyzer;

/// What Tantivy leaves between the values of a field, so that no phrase stands across two of them.
const POSITION_GAP: u32 = 1;

/// The terms of one field, and everything that is known of them.
#[derive(Default)]
pub(super) struct FreshTerms {
    /// Ascending.
    terms: Vec<(Box<[u8]>, TermInfo)>,
    /// Of all terms, back to back.
    postings: Vec<Posting>,
    /// Of all postings, back to back.
    positions: Vec<u32>,
}

struct Posting {
    doc: u32,
    positions: Range<usize>,
}

impl FreshTerms {
    pub(super) fn get(&self, term: &[u8]) -> Option<TermInfo> {
        let at = self.terms.binary_search_by(|(other, _)| (**other).cmp(term)).ok()?;
        Some(self.terms[at].1.clone())
    }

    /// The terms from this one on.
    pub(super) fn from(&self, first: &[u8]) -> impl Iterator<Item = (&[u8], &TermInfo)> + use<'_> {
        self.terms[self.place(first) as usize..].iter().map(|(term, info)| (&**term, info))
    }

    /// The place of the first term that is not before this one.
    pub(super) fn place(&self, first: &[u8]) -> u64 {
        self.terms.partition_point(|(term, _)| **term < *first) as u64
    }

    pub(super) fn count(&self) -> u64 {
        self.terms.len() as u64
    }

    pub(super) fn postings(&self, info: &TermInfo) -> FreshPostings<'_> {
        FreshPostings {
            rest: &self.postings[info.postings_range.clone()],
            positions: &self.positions,
        }
    }

    /// About what it holds in memory.
    pub(super) fn byte_size(&self) -> usize {
        let terms: usize = self.terms.iter().map(|(term, _)| term.len()).sum();
        terms
            + size_of_val(&self.terms[..])
            + size_of_val(&self.postings[..])
            + size_of_val(&self.positions[..])
    }
}

/// The postings of a term from the current one on.
pub(super) struct FreshPostings<'a> {
    rest: &'a [Posting],
    /// Of the whole field.
    positions: &'a [u32],
}

impl<'a> FreshPostings<'a> {
    pub(super) fn doc(&self) -> Option<u32> {
        self.rest.first().map(|posting| posting.doc)
    }

    pub(super) fn seek(&mut self, doc: u32) {
        let passed = self.rest.partition_point(|posting| posting.doc < doc);
        self.rest = &self.rest[passed..];
    }

    pub(super) fn doc_freq(&self) -> u32 {
        self.rest.len() as u32
    }

    pub(super) fn positions(&self) -> &'a [u32] {
        self.rest.first().map_or(&[], |posting| &self.positions[posting.positions.clone()])
    }

    /// Each document, and how often it has the term.
    pub(super) fn each(self) -> impl Iterator<Item = (u32, u32)> {
        self.rest.iter().map(|posting| (posting.doc, posting.positions.len() as u32))
    }
}

/// A document, and where a term stands in it.
type Occurrences = (u32, Vec<u32>);

/// Gathers the terms of one field, document by document in ascending order.
#[derive(Default)]
pub(super) struct FreshField {
    terms: BTreeMap<Box<[u8]>, Vec<Occurrences>>,
    /// Length of each document, as it is stored.
    lengths: Vec<u8>,
}

impl FreshField {
    /// Adds a document by its whole terms.
    pub(super) fn add_terms(&mut self, doc: u32, terms: impl Iterator<Item = String>) {
        terms.for_each(|term| self.add(doc, &term, 0));
    }

    /// Adds a document by the texts that it has in a field.
    pub(super) fn add_texts<'a>(
        &mut self,
        doc: u32,
        texts: impl Iterator<Item = &'a str>,
        analyzer: &mut Analyzer,
    ) {
        let (mut begin, mut length) = (0, 0);
        for text in texts {
            let mut end = begin;
            analyzer.token_stream(text).process(&mut |token| {
                let position = begin + token.position as u32;
                end = end.max(position + token.position_length as u32);
                self.add(doc, &token.text, position);
                length += 1;
            });
            begin = end + POSITION_GAP;
        }
        self.lengths.push(FieldNormReader::fieldnorm_to_id(length));
    }

    fn add(&mut self, doc: u32, term: &str, position: u32) {
        let postings = match self.terms.get_mut(term.as_bytes()) {
            Some(postings) => postings,
            None => self.terms.entry(term.as_bytes().into()).or_default(),
        };
        match postings.last_mut().filter(|(last, _)| *last == doc) {
            Some((_, positions)) => positions.push(position),
            None => postings.push((doc, vec![position])),
        }
    }

    /// The terms in order, and the stored lengths of the documents.
    pub(super) fn finish(self) -> (FreshTerms, Vec<u8>) {
        let mut finished = FreshTerms::default();
        for (term, postings) in self.terms {
            let begins = finished.postings.len();
            let doc_freq = postings.len() as u32;
            for (doc, positions) in postings {
                let first = finished.positions.len();
                finished.positions.extend(positions);
                finished.postings.push(Posting { doc, positions: first..finished.positions.len() });
            }
            let postings_range = begins..finished.postings.len();
            let info = TermInfo { doc_freq, postings_range, positions_range: 0..0 };
            finished.terms.push((term, info));
        }
        (finished, self.lengths)
    }
}
