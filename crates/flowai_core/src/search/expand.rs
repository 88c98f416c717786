//! Prefixes and misspellings: one word of a query that stands for many terms.
//!
//! The dictionaries of all pieces are walked side by side, so that every term is seen once, with the
//! documents that it has in all of them together.

use std::cmp::Reverse;
use std::ops::Range;

use tantivy::postings::TermInfo;
use tantivy_fst::Automaton;

use super::plan::{Found, K1, Place, Planner, Source};
use super::query::{Slots, WordPattern};
use super::schema::FIELDS;
use super::spelling::{MAX_WORDS, Spellings};
use super::stop;
use super::terms::TermStream;
use super::tokenizer::Mode;
use crate::error::Result;

/// What a term is worth that was not typed like this.
const PREFIX_WEIGHT: f32 = 0.7;
const TYPO_WEIGHT: f32 = 0.5;

/// Prefixes and misspellings stand for at most so many terms of a field, the most frequent ones. The
/// prefixes of a query share this and the next limit, so that many cost no more than one.
const MAX_EXPANSIONS: usize = 256;
/// So many terms of a dictionary are looked at to find them.
const MAX_ENUMERATED: usize = 1 << 13;
/// Terms of a dictionary between two looks at the interrupt flag.
const TERMS_PER_CHECK: usize = 1024;

/// Terms that a word of the query stands for in one field.
#[derive(Default)]
struct Expansion {
    terms: Vec<Expanded>,
    /// The texts of all terms, back to back.
    texts: Vec<u8>,
    /// What each piece knows of each term.
    infos: Vec<(usize, TermInfo)>,
}

struct Expanded {
    text: Range<usize>,
    infos: Range<usize>,
    /// Living documents with it over all pieces.
    frequency: u64,
}

impl Expansion {
    fn add(&mut self, text: &[u8], infos: &[(usize, TermInfo)], frequency: u64) {
        let (text_begins, infos_begin) = (self.texts.len(), self.infos.len());
        self.texts.extend_from_slice(text);
        self.infos.extend_from_slice(infos);
        self.terms.push(Expanded {
            text: text_begins..self.texts.len(),
            infos: infos_begin..self.infos.len(),
            frequency,
        });
    }

    /// Keeps the most frequent terms, most frequent first. Alphabetical where equal.
    fn keep_most_frequent(&mut self, most: usize) {
        self.terms.sort_by_key(|term| Reverse(term.frequency));
        self.terms.truncate(most);
    }

    fn text(&self, term: &Expanded) -> String {
        String::from_utf8_lossy(&self.texts[term.text.clone()]).into_owned()
    }
}

/// Visits the terms of some dictionaries in their order, a stream for each piece, until it is told to
/// stop. A term is visited once, with what each piece knows of it, however documents are split.
fn each_term<A: Automaton>(
    streams: Vec<TermStream<'_, A>>,
    mut visit: impl FnMut(&[u8], &[(usize, TermInfo)]) -> Result<bool>,
) -> Result<()> {
    let mut open: Vec<(usize, TermStream<'_, A>)> = streams.into_iter().enumerate().collect();
    open.retain_mut(|(_, stream)| stream.advance());
    let (mut term, mut infos) = (Vec::new(), Vec::new());
    while let Some(next) = open.iter().map(|(_, stream)| stream.key()).min() {
        next.clone_into(&mut term);
        infos.clear();
        open.retain_mut(|(piece, stream)| {
            if stream.key() != term {
                return true;
            }
            infos.push((*piece, stream.value()));
            stream.advance()
        });
        if !visit(&term, &infos)? {
            break;
        }
    }
    Ok(())
}

impl Planner<'_> {
    /// Adds the terms that begin like this; tells whether a living document has one.
    pub(super) fn prefix(&mut self, prefix: &str, slots: Slots) -> Result<bool> {
        let prefix = prefix.as_bytes();
        let mut hit = false;
        for field in 0..FIELDS.text.len() {
            let mut expansion = Expansion::default();
            let mut streams = Vec::with_capacity(self.pieces.len());
            for piece in 0..self.pieces.len() {
                streams.push(self.terms(Place::Text(field), piece).from(prefix)?);
            }
            let most = MAX_ENUMERATED / self.prefixes;
            let mut seen = 0;
            each_term(streams, |term, infos| {
                if seen % TERMS_PER_CHECK == 0 {
                    stop(self.interrupt)?;
                }
                seen += 1;
                let goes_on = term.starts_with(prefix) && expansion.terms.len() < most;
                if goes_on {
                    self.add_living(&mut expansion, field, term, infos)?;
                }
                Ok(goes_on)
            })?;
            expansion.keep_most_frequent(MAX_EXPANSIONS / self.prefixes);
            hit |= self.expand(field, &expansion, slots, PREFIX_WEIGHT)?;
        }
        Ok(hit)
    }

    /// Adds terms that are spelled almost like the words that were not found: with one typing error if
    /// that finds something, else with two where the word is long enough.
    pub(super) fn misspellings(&mut self, mut words: Vec<(&WordPattern, Slots)>) -> Result<()> {
        // One walk more would cost more than any other search.
        words.truncate(MAX_WORDS);
        for errors in 1.. {
            words.retain(|(word, _)| word.typos >= errors);
            if words.is_empty() {
                break;
            }
            let mut found: Slots = 0;
            for field in 0..FIELDS.text.len() {
                let expansions = self.spelled_like(field, &words, errors)?;
                for (expansion, (_, slot)) in expansions.iter().zip(&words) {
                    if self.expand(field, expansion, *slot, TYPO_WEIGHT / f32::from(errors))? {
                        found |= slot;
                        let terms = expansion.terms.iter().map(|term| expansion.text(term));
                        self.plan.highlighter.add_terms(terms);
                    }
                }
            }
            words.retain(|(_, slot)| found & slot == 0);
        }
        Ok(())
    }

    /// For each word, what a field has that is spelled almost like it.
    fn spelled_like(
        &self,
        field: usize,
        words: &[(&WordPattern, Slots)],
        errors: u8,
    ) -> Result<Vec<Expansion>> {
        let typed = words.iter().map(|(word, _)| match (FIELDS.text[field].mode, &word.stem) {
            (Mode::Content, Some(stem)) => stem.as_str(),
            _ => &word.part,
        });
        let spellings = Spellings::new(typed, errors);
        let mut streams = Vec::with_capacity(self.pieces.len());
        for piece in 0..self.pieces.len() {
            stop(self.interrupt)?;
            streams.push(self.terms(Place::Text(field), piece).spelled_like(&spellings)?);
        }
        let mut expansions: Vec<Expansion> = words.iter().map(|_| Expansion::default()).collect();
        each_term(streams, |term, infos| {
            for word in spellings.matching(term) {
                self.add_living(&mut expansions[word], field, term, infos)?;
            }
            Ok(true)
        })?;
        expansions.iter_mut().for_each(|expansion| expansion.keep_most_frequent(MAX_EXPANSIONS));
        Ok(expansions)
    }

    /// Adds a term to an expansion if a living document has it: what is dead decides about nothing.
    fn add_living(
        &self,
        expansion: &mut Expansion,
        field: usize,
        term: &[u8],
        infos: &[(usize, TermInfo)],
    ) -> Result<()> {
        let mut frequency = 0;
        for (piece, info) in infos {
            frequency += self.living(Place::Text(field), *piece, info)?;
        }
        if frequency > 0 {
            expansion.add(term, infos, frequency);
        }
        Ok(())
    }

    /// Adds the terms of an expansion, all with the weight of one term that had all their documents:
    /// the rarest spelling must not win. Tells whether a living document has one.
    fn expand(
        &mut self,
        field: usize,
        expansion: &Expansion,
        slots: Slots,
        discount: f32,
    ) -> Result<bool> {
        let frequency = expansion.terms.iter().map(|term| term.frequency).sum();
        let factor = FIELDS.text[field].boost * (K1 + 1.0) * discount;
        let weight = self.weight(slots, self.rarity(frequency), factor);
        for term in &expansion.terms {
            let mut infos: Vec<Option<TermInfo>> = vec![None; self.pieces.len()];
            for (piece, info) in &expansion.infos[term.infos.clone()] {
                infos[*piece] = Some(info.clone());
            }
            let found = Found { infos, frequency: term.frequency };
            self.push(found, slots, weight, |info| Source::Text { field, info });
        }
        Ok(!expansion.terms.is_empty())
    }
}
