//! Reading postings, of those documents only that matter.
//!
//! A list of postings is either read from its beginning to its end, or looked into at the documents
//! that matter, where those are few: whole blocks of it are then never decoded.

use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;

use super::docs::Docs;
use super::plan::{Source, Step};
use super::segment::Segment;
use super::terms::{Postings, Terms};
use super::{Interrupt, stop};
use crate::error::Result;

/// Candidate documents of a phrase between two looks at the interrupt flag: each reads positions.
const PHRASES_PER_CHECK: usize = 512;

/// The documents that matter, counted.
#[derive(Clone, Copy)]
pub(super) struct Among<'a> {
    pub(super) docs: &'a Docs,
    pub(super) count: u32,
}

impl<'a> Among<'a> {
    pub(super) fn new(docs: &'a Docs) -> Self {
        Self { docs, count: docs.count() }
    }
}

/// Reads the postings of a segment.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) segment: &'a Segment,
    pub(super) interrupt: Interrupt,
}

impl Reader<'_> {
    /// Visits the documents of a step.
    pub(super) fn each_doc(
        &self,
        step: &Step,
        among: Among<'_>,
        mut visit: impl FnMut(u32),
    ) -> Result<()> {
        self.each_hit(step, IndexRecordOption::Basic, among, |doc, _| visit(doc))
    }

    /// Visits the documents of a step, with the number of times that it is found in each.
    pub(super) fn each_count(
        &self,
        step: &Step,
        among: Among<'_>,
        visit: impl FnMut(u32, u32),
    ) -> Result<()> {
        self.each_hit(step, IndexRecordOption::WithFreqs, among, visit)
    }

    #[inline]
    fn each_hit(
        &self,
        step: &Step,
        detail: IndexRecordOption,
        among: Among<'_>,
        mut visit: impl FnMut(u32, u32),
    ) -> Result<()> {
        stop(self.interrupt)?;
        match &step.source {
            Source::Gathered { found, piece, .. } => {
                found[*piece].common(among.docs).for_each(|doc| visit(doc, 1));
                Ok(())
            }
            Source::Text { field, info } => {
                self.segment.text[*field].terms.each_posting(info, detail, among, visit)
            }
            Source::Key { info, .. } => {
                self.segment.keyword.each_posting(info, detail, among, visit)
            }
            Source::Phrase { field, terms } => {
                self.each_phrase(&self.segment.text[*field].terms, terms, among, visit)
            }
        }
    }

    /// Visits the documents in which the terms stand at their distances.
    fn each_phrase(
        &self,
        terms: &Terms,
        phrase: &[(u32, TermInfo)],
        among: Among<'_>,
        mut visit: impl FnMut(u32, u32),
    ) -> Result<()> {
        let mut phrase = Phrase::open(terms, phrase)?;
        let mut checked = 0_usize;
        let mut next = 0;
        while let Some(doc) = among.docs.at_or_after(next) {
            next = phrase.seek(doc);
            if next > doc {
                continue;
            }
            checked += 1;
            if checked.is_multiple_of(PHRASES_PER_CHECK) {
                stop(self.interrupt)?;
            }
            let occurrences = phrase.occurrences();
            if occurrences > 0 {
                visit(doc, occurrences);
            }
            next = doc + 1;
        }
        Ok(())
    }
}

/// The postings of the terms of a phrase.
struct Phrase<'a> {
    /// With the distance of each term from the first of the phrase. The rarest leads.
    terms: Vec<(u32, Postings<'a>)>,
    starts: Vec<u32>,
    positions: Vec<u32>,
}

impl<'a> Phrase<'a> {
    fn open(terms: &'a Terms, phrase: &[(u32, TermInfo)]) -> Result<Self> {
        let mut opened = Vec::with_capacity(phrase.len());
        for (distance, info) in phrase {
            let postings = terms.postings(info, IndexRecordOption::WithFreqsAndPositions)?;
            opened.push((*distance, postings));
        }
        opened.sort_by_key(|(_, postings)| postings.doc_freq());
        Ok(Self { terms: opened, starts: Vec::new(), positions: Vec::new() })
    }

    /// This document if it has all terms, else a later one before which none has.
    fn seek(&mut self, doc: u32) -> u32 {
        for (_, postings) in &mut self.terms {
            let at = postings.seek(doc);
            if at > doc {
                return at;
            }
        }
        doc
    }

    /// How often the phrase stands in the document that was sought.
    fn occurrences(&mut self) -> u32 {
        let Self { terms, starts, positions } = self;
        let Some(((lead_distance, lead), others)) = terms.split_first_mut() else { return 0 };
        lead.positions(starts);
        starts.retain_mut(|start| {
            let begins = *start >= *lead_distance;
            *start = start.saturating_sub(*lead_distance);
            begins
        });
        for (distance, other) in others {
            if starts.is_empty() {
                break;
            }
            other.positions(positions);
            starts.retain(|start| positions.binary_search(&(start + *distance)).is_ok());
        }
        starts.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{Document, build};

    const NEVER: Interrupt = || false;

    /// Documents of which the first two of every five have a word, and all have another.
    fn segment(doc_count: u32) -> Segment {
        let content = |n: u32| if n % 5 < 2 { "common other common" } else { "other" };
        let documents: Vec<Document> = (0..doc_count)
            .map(|n| Document {
                row_version: n.into(),
                content: content(n).to_owned(),
                ..Document::default()
            })
            .collect();
        let packed = build(&documents, NEVER).unwrap();
        Segment::open(packed.bytes, &packed.layout).unwrap()
    }

    fn step(segment: &Segment, terms: &[&str]) -> Step {
        let info = |term: &&str| segment.text[3].terms.get(term.as_bytes()).unwrap().unwrap();
        let source = match terms {
            [term] => Source::Text { field: 3, info: info(term) },
            terms => {
                Source::Phrase { field: 3, terms: (0..).zip(terms.iter().map(info)).collect() }
            }
        };
        Step { slots: 1, weight: 1.0, source }
    }

    /// However few or many documents matter, and wherever blocks of postings end.
    #[test]
    fn only_what_matters_is_visited() {
        for doc_count in [1, 2, 127, 128, 129, 254, 255, 256, 257, 512, 3000] {
            let segment = segment(doc_count);
            let reader = Reader { segment: &segment, interrupt: NEVER };
            for (terms, of_five, occurrences) in [
                (&["common"][..], 2, 2),
                (&["other"], 5, 1),
                (&["common", "other"], 2, 1),
                (&["other", "common"], 2, 1),
            ] {
                let step = step(&segment, terms);
                for every in [1, 2, 3, 64, 500, 5000] {
                    let mut docs = Docs::all(doc_count);
                    docs.retain(|doc| (doc + 1) % every == 0);
                    let expected: Vec<(u32, u32)> = docs
                        .iter()
                        .filter(|doc| doc % 5 < of_five)
                        .map(|doc| (doc, occurrences))
                        .collect();
                    let mut visited = Vec::new();
                    reader
                        .each_count(&step, Among::new(&docs), |doc, n| visited.push((doc, n)))
                        .unwrap();
                    assert_eq!(visited, expected, "{doc_count} {terms:?} {every}");
                    let mut visited = Vec::new();
                    reader.each_doc(&step, Among::new(&docs), |doc| visited.push(doc)).unwrap();
                    assert!(visited.iter().eq(expected.iter().map(|(doc, _)| doc)));
                }
            }
        }
    }
}
