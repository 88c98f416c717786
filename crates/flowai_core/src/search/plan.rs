//! A query against the dictionaries of a whole scope: which postings to read, and what they weigh.
//!
//! Everything that looks at more than one piece happens here: document frequencies and lengths are
//! summed, prefixes and typing errors are expanded over all dictionaries together. Each piece then
//! gets its own list of steps, in the same order everywhere, so that a document's score is the same
//! sum in the same order whichever piece it lives in.
//!
//! Dead documents count nowhere. Which of them are still in the pieces depends on what was flushed
//! and merged, and for those in memory on what this process has searched before: no answer may show it.

use std::collections::BTreeMap;

use tantivy::BitSet;
use tantivy::DocSet;
use tantivy::TERMINATED;
use tantivy::Term;
use tantivy::index::InvertedIndexReader;
use tantivy::postings::TermInfo;
use tantivy::query::{DfaWrapper, FuzzyTermQuery};
use tantivy::schema::IndexRecordOption;

use super::query::{JointKind, Pattern, PhrasePattern, Query, Slots, WordPattern};
use super::schema::{FIELDS, Key};
use super::snippet::Highlighter;
use super::tokenizer::Mode;
use super::{Interrupt, Piece, stop, unreadable};
use crate::error::Result;

/// BM25: how soon another occurrence of a word stops to matter.
pub(super) const K1: f32 = 1.2;
/// BM25: how much the length of a field matters.
pub(super) const B: f32 = 0.75;

/// What a term is worth that was not typed like this.
const STEM_WEIGHT: f32 = 0.8;
const PREFIX_WEIGHT: f32 = 0.7;
const TYPO_WEIGHT: f32 = 0.5;

/// A hit on a whole id or name, as if it were a hit in the name.
const KEY_BOOST: f32 = 4.0;

/// Prefixes and misspellings stand for at most so many terms of a field, the most frequent ones. The
/// prefixes of a query share this and the next limit, so that many cost no more than one.
const MAX_EXPANSIONS: usize = 256;
/// So many terms of a dictionary are looked at to find them.
const MAX_ENUMERATED: usize = 1 << 13;
/// Terms of a dictionary between two looks at the interrupt flag.
const TERMS_PER_CHECK: usize = 1024;
/// So many words of a query are forgiven their typing errors: each costs a walk over every dictionary.
const MAX_MISSPELLED: usize = 4;

/// Postings to read in one piece.
pub(super) enum Step {
    /// A term of a text field.
    Text { field: usize, info: TermInfo, slots: Slots, weight: f32 },
    /// A whole id or name; `tier` is above zero if it is the whole query.
    Key { info: TermInfo, slots: Slots, weight: f32, tier: u32, key: Key },
    /// Terms of a text field that must stand in order.
    Phrase { field: usize, terms: Vec<(u32, TermInfo)>, slots: Slots, weight: f32 },
}

/// What to do in every piece, and what a matched word looks like.
pub(super) struct Plan {
    pub(super) steps: Vec<Vec<Step>>,
    /// For each text field, what a stored length contributes to the denominator of BM25.
    pub(super) norms: [[f32; 256]; 4],
    pub(super) highlighter: Highlighter,
}

/// A term of one field, in every piece.
struct Found {
    infos: Vec<Option<TermInfo>>,
    /// Living documents with it over all pieces.
    frequency: u64,
}

/// Where a term is looked up.
#[derive(Clone, Copy)]
enum Place {
    Keyword,
    Text(usize),
}

struct Planner<'a> {
    pieces: &'a [Piece<'a>],
    /// The dead documents of each piece, ascending.
    dead: &'a [Vec<u32>],
    interrupt: Interrupt,
    documents: u64,
    wanted: Slots,
    plan: Plan,
    /// How many prefixes the query has, at least one.
    prefixes: usize,
    misspelled: usize,
}

/// Plans a query over all pieces of a scope; `dead` holds the dead documents of each.
pub(super) fn plan(
    query: &Query,
    pieces: &[Piece<'_>],
    dead: &[Option<BitSet>],
    interrupt: Interrupt,
) -> Result<Plan> {
    let dead: Vec<Vec<u32>> =
        dead.iter().map(|dead| dead.as_ref().map_or_else(Vec::new, ascending)).collect();
    let documents = pieces
        .iter()
        .zip(&dead)
        .map(|(piece, dead)| u64::from(piece.segment.doc_count) - dead.len() as u64)
        .sum();
    let plan = Plan {
        steps: pieces.iter().map(|_| Vec::new()).collect(),
        norms: [0, 1, 2, 3].map(|field| norms(pieces, &dead, documents, field)),
        highlighter: query.highlighter(),
    };
    let mut planner = Planner {
        pieces,
        dead: &dead,
        interrupt,
        documents,
        wanted: query.wanted,
        plan,
        prefixes: prefixes(query).max(1),
        misspelled: 0,
    };

    if let Some(exact) = &query.exact {
        planner.key(exact, query.wanted, true)?;
    }
    let mut answered: Slots = 0;
    for joint in &query.joints {
        let hit = match joint.kind {
            JointKind::Key if query.exact.as_ref() == Some(&joint.term) => false,
            JointKind::Key => planner.key(&joint.term, joint.slots, false)?,
            JointKind::Whole { prefix: false } => planner.whole(&joint.term, joint.slots)?,
            JointKind::Whole { prefix: true } => planner.prefix(&joint.term, joint.slots)?,
        };
        if hit {
            answered |= joint.slots;
        }
    }
    for (pattern, slot) in &query.slots {
        match pattern {
            Pattern::Phrase(phrase) => planner.phrase(phrase, *slot)?,
            Pattern::Word(word) => {
                let hit = planner.word(word, *slot)?;
                let forgiving = query.wanted & slot != 0 && answered & slot == 0;
                if !hit && forgiving {
                    planner.misspelling(word, *slot)?;
                }
            }
        }
    }
    Ok(planner.plan)
}

fn prefixes(query: &Query) -> usize {
    let is_prefix =
        |(pattern, _): &&(Pattern, Slots)| matches!(pattern, Pattern::Word(word) if word.prefix);
    let wholes = query.joints.iter().filter(|j| j.kind == JointKind::Whole { prefix: true });
    query.slots.iter().filter(is_prefix).count() + wholes.count()
}

fn ascending(dead: &BitSet) -> Vec<u32> {
    let mut docs = Vec::with_capacity(dead.len());
    let mut next = 0;
    while let Some(bucket) = dead.first_non_empty_bucket(next) {
        docs.extend(dead.tinyset(bucket).into_iter().map(|bit| bucket * 64 + bit));
        next = bucket + 1;
    }
    docs
}

fn norms(pieces: &[Piece<'_>], dead: &[Vec<u32>], documents: u64, field: usize) -> [f32; 256] {
    let mut tokens = 0;
    for (piece, dead) in pieces.iter().zip(dead) {
        let text = &piece.segment.text[field];
        let of_dead: u64 = dead.iter().map(|&doc| u64::from(text.lengths.fieldnorm(doc))).sum();
        tokens += text.tokens - of_dead;
    }
    let average = (tokens.max(1) as f64 / documents.max(1) as f64) as f32;
    let mut norms = [0.0; 256];
    for id in 0..=u8::MAX {
        let length = tantivy::fieldnorm::FieldNormReader::id_to_fieldnorm(id) as f32;
        norms[usize::from(id)] = K1 * (1.0 - B + B * length / average);
    }
    norms
}

impl Planner<'_> {
    fn terms(&self, place: Place, piece: usize) -> &InvertedIndexReader {
        let segment = self.pieces[piece].segment;
        match place {
            Place::Keyword => &segment.keyword,
            Place::Text(field) => &segment.text[field].terms,
        }
    }

    fn find(&self, place: Place, term: &[u8]) -> Result<Option<Found>> {
        let mut infos = Vec::with_capacity(self.pieces.len());
        let mut frequency = 0;
        for piece in 0..self.pieces.len() {
            let info = self.terms(place, piece).terms().get(term).map_err(unreadable)?;
            if let Some(info) = &info {
                frequency += self.living(place, piece, info)?;
            }
            infos.push(info);
        }
        Ok((frequency > 0).then_some(Found { infos, frequency }))
    }

    /// Living documents of a piece with this term: all of them but those that its postings share with
    /// the dead. Costs as much as the shorter of the two.
    fn living(&self, place: Place, piece: usize, info: &TermInfo) -> Result<u64> {
        let mut dead = &self.dead[piece][..];
        let mut living = u64::from(info.doc_freq);
        if dead.is_empty() {
            return Ok(living);
        }
        let mut postings = self
            .terms(place, piece)
            .read_postings_from_terminfo(info, IndexRecordOption::Basic)
            .map_err(unreadable)?;
        while let Some(&doc) = dead.first() {
            let at = if postings.doc() < doc { postings.seek(doc) } else { postings.doc() };
            if at == TERMINATED {
                break;
            }
            living -= u64::from(at == doc);
            let next = if at == doc { at + 1 } else { at };
            dead = &dead[dead.partition_point(|&doc| doc < next)..];
        }
        Ok(living)
    }

    /// What a hit in these slots is worth at most: what excludes is worth nothing.
    fn weight(&self, slots: Slots, rarity: f32, factor: f32) -> f32 {
        if slots != 0 && slots & self.wanted == 0 { 0.0 } else { rarity * factor }
    }

    /// Inverse document frequency, never negative.
    fn rarity(&self, frequency: u64) -> f32 {
        let (documents, frequency) = (self.documents as f64, frequency.min(self.documents) as f64);
        (1.0 + (documents - frequency + 0.5) / (frequency + 0.5)).ln() as f32
    }

    fn push(&mut self, found: Found, step: impl Fn(TermInfo) -> Step) {
        for (steps, info) in self.plan.steps.iter_mut().zip(found.infos) {
            steps.extend(info.map(&step));
        }
    }

    /// Adds a term of a text field; tells whether a living document has it.
    fn text(&mut self, field: usize, term: &str, slots: Slots, discount: f32) -> Result<bool> {
        let place = Place::Text(field);
        let Some(found) = self.find(place, term.as_bytes())? else { return Ok(false) };
        let factor = FIELDS.text[field].boost * (K1 + 1.0) * discount;
        let weight = self.weight(slots, self.rarity(found.frequency), factor);
        self.push(found, |info| Step::Text { field, info, slots, weight });
        Ok(true)
    }

    fn whole(&mut self, term: &str, slots: Slots) -> Result<bool> {
        let mut hit = false;
        for field in 0..FIELDS.text.len() {
            hit |= self.text(field, term, slots, 1.0)?;
        }
        Ok(hit)
    }

    fn key(&mut self, folded: &str, slots: Slots, is_query: bool) -> Result<bool> {
        let mut hit = false;
        for key in Key::ALL {
            let term = key.term(folded);
            let Some(found) = self.find(Place::Keyword, term.as_bytes())? else { continue };
            hit = true;
            let weight = self.weight(slots, self.rarity(found.frequency), KEY_BOOST);
            let tier = match key {
                _ if !is_query => 0,
                Key::Id | Key::QualifiedName => 2,
                Key::Name => 1,
            };
            self.push(found, |info| Step::Key { info, slots, weight, tier, key });
        }
        Ok(hit)
    }

    fn word(&mut self, word: &WordPattern, slot: Slots) -> Result<bool> {
        let mut hit = false;
        for field in 0..FIELDS.text.len() {
            match (FIELDS.text[field].mode, &word.stem) {
                (Mode::Identifier, stem) => {
                    hit |= self.text(field, &word.part, slot, 1.0)?;
                    if let Some(stem) = stem.as_ref().filter(|stem| **stem != word.part) {
                        hit |= self.text(field, stem, slot, STEM_WEIGHT)?;
                    }
                }
                (Mode::Content, Some(stem)) => hit |= self.text(field, stem, slot, 1.0)?,
                (Mode::Content, None) => {}
            }
        }
        if word.prefix {
            hit |= self.prefix(&word.part, slot)?;
        }
        Ok(hit)
    }

    fn phrase(&mut self, phrase: &PhrasePattern, slot: Slots) -> Result<()> {
        for (field, text) in FIELDS.text.iter().enumerate() {
            let terms = match text.mode {
                Mode::Identifier => &phrase.identifier,
                Mode::Content => &phrase.content,
            };
            let mut rarity = 0.0;
            let mut found = Vec::with_capacity(terms.len());
            for (distance, term) in terms {
                match self.find(Place::Text(field), term.as_bytes())? {
                    Some(term) => {
                        rarity += self.rarity(term.frequency);
                        found.push((*distance, term));
                    }
                    None => break,
                }
            }
            if terms.is_empty() || found.len() < terms.len() {
                continue;
            }
            let weight = self.weight(slot, rarity, text.boost * (K1 + 1.0));
            for (piece, steps) in self.plan.steps.iter_mut().enumerate() {
                let terms: Option<Vec<(u32, TermInfo)>> = found
                    .iter()
                    .map(|(at, term)| Some((*at, term.infos[piece].clone()?)))
                    .collect();
                steps.extend(terms.map(|terms| Step::Phrase { field, terms, slots: slot, weight }));
            }
        }
        Ok(())
    }

    fn prefix(&mut self, prefix: &str, slots: Slots) -> Result<bool> {
        let enumerated = MAX_ENUMERATED / self.prefixes;
        let mut hit = false;
        for field in 0..FIELDS.text.len() {
            let mut expansion = Expansion::default();
            for piece in 0..self.pieces.len() {
                let terms = self.terms(Place::Text(field), piece).terms();
                let mut stream =
                    terms.range().ge(prefix.as_bytes()).into_stream().map_err(unreadable)?;
                let mut alive = 0;
                while alive < enumerated {
                    if alive % TERMS_PER_CHECK == 0 {
                        stop(self.interrupt)?;
                    }
                    match stream.next() {
                        Some((term, info)) if term.starts_with(prefix.as_bytes()) => {
                            let living = self.living(Place::Text(field), piece, info)?;
                            if living > 0 {
                                expansion.add(term, living);
                                alive += 1;
                            }
                        }
                        _ => break,
                    }
                }
            }
            let terms = expansion.most_frequent(enumerated, MAX_EXPANSIONS / self.prefixes);
            hit |= self.expand(field, terms, slots, PREFIX_WEIGHT)?.is_some();
        }
        Ok(hit)
    }

    /// Terms that are spelled almost like the word: with one typing error if that finds something,
    /// else with two where the word is long enough.
    fn misspelling(&mut self, word: &WordPattern, slot: Slots) -> Result<()> {
        if word.typos == 0 || self.misspelled >= MAX_MISSPELLED {
            return Ok(());
        }
        self.misspelled += 1;
        for distance in 1..=word.typos {
            let mut hit = false;
            for field in 0..FIELDS.text.len() {
                let typed = match (FIELDS.text[field].mode, &word.stem) {
                    (Mode::Content, Some(stem)) => stem,
                    _ => &word.part,
                };
                let term = Term::from_field_text(FIELDS.text[field].field, typed);
                let automaton: DfaWrapper =
                    FuzzyTermQuery::new(term, distance, true).automaton().map_err(unreadable)?;
                let mut expansion = Expansion::default();
                for piece in 0..self.pieces.len() {
                    stop(self.interrupt)?;
                    let terms = self.terms(Place::Text(field), piece).terms();
                    let mut stream = terms.search(&automaton).into_stream().map_err(unreadable)?;
                    while let Some((term, info)) = stream.next() {
                        let living = self.living(Place::Text(field), piece, info)?;
                        if living > 0 {
                            expansion.add(term, living);
                        }
                    }
                }
                let terms = expansion.most_frequent(MAX_ENUMERATED, MAX_EXPANSIONS);
                let discount = TYPO_WEIGHT / f32::from(distance);
                if let Some(terms) = self.expand(field, terms, slot, discount)? {
                    hit = true;
                    self.plan.highlighter.add_terms(terms);
                }
            }
            if hit {
                break;
            }
        }
        Ok(())
    }

    /// Adds the terms of an expansion, all with the weight of one term that had all their documents:
    /// the rarest spelling must not win. Gives the terms back if a living document has one.
    fn expand(
        &mut self,
        field: usize,
        terms: Vec<(Vec<u8>, u64)>,
        slots: Slots,
        discount: f32,
    ) -> Result<Option<Vec<String>>> {
        let place = Place::Text(field);
        let frequency = terms.iter().map(|(_, frequency)| frequency).sum();
        let factor = FIELDS.text[field].boost * (K1 + 1.0) * discount;
        let weight = self.weight(slots, self.rarity(frequency), factor);
        for (term, _) in &terms {
            let Some(found) = self.find(place, term)? else { continue };
            self.push(found, |info| Step::Text { field, info, slots, weight });
        }
        let text = |(term, _): (Vec<u8>, u64)| String::from_utf8_lossy(&term).into_owned();
        Ok((!terms.is_empty()).then(|| terms.into_iter().map(text).collect()))
    }
}

/// Terms of one field and in how many living documents they are, gathered from every piece.
#[derive(Default)]
struct Expansion(BTreeMap<Vec<u8>, u64>);

impl Expansion {
    fn add(&mut self, term: &[u8], frequency: u64) {
        match self.0.get_mut(term) {
            Some(sum) => *sum += frequency,
            None => drop(self.0.insert(term.to_vec(), frequency)),
        }
    }

    /// The most frequent of the first `enumerated` terms: every piece gave at least those of the
    /// union, so that the answer does not depend on how it was split. Alphabetical where equal.
    fn most_frequent(self, enumerated: usize, most: usize) -> Vec<(Vec<u8>, u64)> {
        let mut terms: Vec<_> = self.0.into_iter().take(enumerated).collect();
        terms.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        terms.truncate(most);
        terms
    }
}
