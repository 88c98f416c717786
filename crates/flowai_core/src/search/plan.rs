//! A query against the dictionaries of a whole scope: which postings to read, and what they weigh.
//!
//! Everything that looks at more than one piece happens here: document frequencies and lengths are
//! summed, prefixes and typing errors are [expanded](super::expand) to the documents that they find.
//! Each piece then gets its own list of steps, in the same order everywhere, so that a document's score
//! is the same sum in the same order whichever piece it lives in.
//!
//! Dead documents count nowhere. Which of them are still in the pieces depends on what was flushed
//! and merged, and for those in memory on what this process has searched before: no answer may show it.

use std::collections::BTreeSet;
use std::rc::Rc;

use tantivy::TERMINATED;
use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;

use super::docs::Docs;
use super::expand::Prefixes;
use super::query::{JointKind, Pattern, PhrasePattern, Query, Slots, WordPattern};
use super::schema::{FIELDS, Key};
use super::snippet::Highlighter;
use super::terms::Terms;
use super::tokenizer::Mode;
use super::{Interrupt, Piece};
use crate::error::Result;

/// BM25: how soon another occurrence of a word stops to matter.
pub(super) const K1: f32 = 1.2;

/// What a stem is worth that was not typed like this.
const STEM_WEIGHT: f32 = 0.8;

/// A hit on a whole id or name, as if it were a hit in the name.
const KEY_BOOST: f32 = 6.0;

/// Reading the positions of a word in a document costs as much as so many postings.
const POSITIONS_COST: u64 = 32;

/// Postings to read in one piece.
pub(super) struct Step {
    /// What a document with it answers.
    pub(super) slots: Slots,
    /// What a hit is worth at most.
    pub(super) weight: f32,
    pub(super) source: Source,
}

/// Where postings are.
pub(super) enum Source {
    /// A term of a text field.
    Text { field: usize, info: TermInfo },
    /// A whole id or name; `tier` is above zero if it is the whole query.
    Key { info: TermInfo, tier: u32, key: Key },
    /// Terms of a text field that must stand in order.
    Phrase { field: usize, terms: Vec<(u32, TermInfo)> },
    /// Any of the terms of a text field that a word stands for; `typed` if they begin as it was typed.
    Gathered { field: usize, found: Rc<Vec<Docs>>, piece: usize, typed: bool },
}

impl Step {
    /// About how many postings are read to find its documents.
    pub(super) fn cost(&self) -> u64 {
        match &self.source {
            Source::Text { info, .. } | Source::Key { info, .. } => u64::from(info.doc_freq),
            Source::Gathered { found, piece, .. } => u64::from(found[*piece].count()),
            Source::Phrase { terms, .. } => {
                let rarest = terms.iter().map(|(_, info)| info.doc_freq).min().unwrap_or(0);
                u64::from(rarest) * terms.len() as u64 * POSITIONS_COST
            }
        }
    }
}

/// What to do in every piece, and what a matched word looks like.
pub(super) struct Plan {
    pub(super) steps: Vec<Vec<Step>>,
    /// For each text field, what a stored length contributes to the denominator of BM25.
    pub(super) norms: [[f32; 256]; 4],
    /// Whether a word stands for others that are spelled like it.
    pub(super) corrects: bool,
    pub(super) highlighter: Highlighter,
}

/// A term of one field, in every piece.
pub(super) struct Found {
    pub(super) infos: Vec<Option<TermInfo>>,
    /// Living documents with it over all pieces.
    pub(super) frequency: u64,
}

/// Where a term is looked up.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Keyword,
    Text(usize),
}

pub(super) struct Planner<'a, 'q> {
    pub(super) pieces: &'a [Piece<'a>],
    /// The living documents of each piece.
    pub(super) living: &'a [Docs],
    /// The dead documents of each piece, ascending.
    dead: Vec<Vec<u32>>,
    pub(super) interrupt: Interrupt,
    documents: u64,
    wanted: Slots,
    pub(super) plan: Plan,
    pub(super) prefixes: Prefixes<'q>,
}

/// Plans a query over all pieces of a scope; `living` holds the living documents of each.
pub(super) fn plan(
    query: &Query,
    pieces: &[Piece<'_>],
    living: &[Docs],
    interrupt: Interrupt,
) -> Result<Plan> {
    let missing = |(piece, living): (&Piece<'_>, &Docs)| living.missing(piece.segment.doc_count);
    let dead: Vec<Vec<u32>> = pieces.iter().zip(living).map(missing).collect();
    let documents = living.iter().map(|living| u64::from(living.count())).sum();
    let plan = Plan {
        steps: pieces.iter().map(|_| Vec::new()).collect(),
        norms: [0, 1, 2, 3].map(|field| norms(pieces, &dead, field)),
        corrects: false,
        highlighter: query.highlighter(),
    };
    let mut planner = Planner {
        pieces,
        living,
        dead,
        interrupt,
        documents,
        wanted: query.wanted,
        plan,
        prefixes: Prefixes::default(),
    };
    planner.gather_prefixes(Prefixes::new(prefixes(query)))?;

    if let Some(exact) = &query.exact {
        planner.key(exact, query.wanted, true)?;
    }
    let mut answered: Slots = 0;
    let mut misspelled = Vec::new();
    for joint in &query.joints {
        let hit = match joint.kind {
            JointKind::Key if query.exact.as_ref() == Some(&joint.term) => false,
            JointKind::Key => planner.key(&joint.term, joint.slots, false)?,
            JointKind::Whole { prefix: false } => planner.whole(&joint.term, joint.slots)?,
            JointKind::Whole { prefix: true } => planner.prefix(&joint.term, joint.slots),
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
                    misspelled.push((word, *slot));
                }
            }
        }
    }
    misspelled.retain(|(word, _)| word.typos > 0);
    planner.misspellings(misspelled)?;
    Ok(planner.plan)
}

/// The prefixes that a query asks for.
fn prefixes(query: &Query) -> BTreeSet<&str> {
    let wholes = query.joints.iter().filter(|j| j.kind == JointKind::Whole { prefix: true });
    let parts = query.slots.iter().filter_map(|(pattern, _)| match pattern {
        Pattern::Word(word) if word.prefix => Some(&*word.part),
        _ => None,
    });
    wholes.map(|joint| &*joint.term).chain(parts).collect()
}

/// Compares with the average of those documents that have the field: where few have it, it is not short.
fn norms(pieces: &[Piece<'_>], dead: &[Vec<u32>], field: usize) -> [f32; 256] {
    let (mut tokens, mut filled) = (0, 0);
    for (piece, dead) in pieces.iter().zip(dead) {
        let text = &piece.segment.text[field];
        (tokens, filled) = (tokens + text.tokens, filled + text.filled);
        for length in dead.iter().map(|&doc| u64::from(text.lengths.fieldnorm(doc))) {
            tokens -= length;
            filled -= u64::from(length > 0);
        }
    }
    let average = (tokens.max(1) as f64 / filled.max(1) as f64) as f32;
    let slope = FIELDS.text[field].slope;
    let mut norms = [0.0; 256];
    for id in 0..=u8::MAX {
        let length = tantivy::fieldnorm::FieldNormReader::id_to_fieldnorm(id) as f32;
        norms[usize::from(id)] = K1 * (1.0 - slope + slope * length / average);
    }
    norms
}

/// A term in a text field, and what a hit is worth beside one on what was typed.
type Spelling<'a> = (usize, &'a str, f32);

impl Planner<'_, '_> {
    pub(super) fn terms(&self, place: Place, piece: usize) -> &Terms {
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
            let info = self.terms(place, piece).get(term)?;
            if let Some(info) = &info {
                frequency += self.living(place, piece, info)?;
            }
            infos.push(info);
        }
        Ok((frequency > 0).then_some(Found { infos, frequency }))
    }

    /// Living documents of a piece with this term: all of them but those that its postings share with
    /// the dead. Costs as much as the shorter of the two.
    pub(super) fn living(&self, place: Place, piece: usize, info: &TermInfo) -> Result<u64> {
        let mut dead = &self.dead[piece][..];
        let mut living = u64::from(info.doc_freq);
        if dead.is_empty() {
            return Ok(living);
        }
        let mut postings = self.terms(place, piece).postings(info, IndexRecordOption::Basic)?;
        while let Some(&doc) = dead.first() {
            let at = postings.seek(doc);
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
    pub(super) fn weight(&self, slots: Slots, rarity: f32, factor: f32) -> f32 {
        if slots != 0 && slots & self.wanted == 0 { 0.0 } else { rarity * factor }
    }

    /// Inverse document frequency, never negative.
    pub(super) fn rarity(&self, frequency: u64) -> f32 {
        let (documents, frequency) = (self.documents as f64, frequency.min(self.documents) as f64);
        (1.0 + (documents - frequency + 0.5) / (frequency + 0.5)).ln() as f32
    }

    pub(super) fn push(
        &mut self,
        found: Found,
        slots: Slots,
        weight: f32,
        source: impl Fn(TermInfo) -> Source,
    ) {
        for (steps, info) in self.plan.steps.iter_mut().zip(found.infos) {
            steps.extend(info.map(|info| Step { slots, weight, source: source(info) }));
        }
    }

    /// Adds terms that say the same in several fields, all as rare as the most frequent of them: in which
    /// field a word stands is for the boosts to judge. Tells whether a living document has one.
    fn spellings(&mut self, spellings: &[Spelling<'_>], slots: Slots) -> Result<bool> {
        let mut all = Vec::with_capacity(spellings.len());
        for &(field, term, discount) in spellings {
            if let Some(found) = self.find(Place::Text(field), term.as_bytes())? {
                all.push((field, discount, found));
            }
        }
        let Some(frequency) = all.iter().map(|(_, _, found)| found.frequency).max() else {
            return Ok(false);
        };
        let rarity = self.rarity(frequency);
        for (field, discount, found) in all {
            let factor = FIELDS.text[field].boost * (K1 + 1.0) * discount;
            let weight = self.weight(slots, rarity, factor);
            self.push(found, slots, weight, |info| Source::Text { field, info });
        }
        Ok(true)
    }

    fn whole(&mut self, term: &str, slots: Slots) -> Result<bool> {
        self.spellings(&[0, 1, 2, 3].map(|field| (field, term, 1.0)), slots)
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
            self.push(found, slots, weight, |info| Source::Key { info, tier, key });
        }
        Ok(hit)
    }

    fn word(&mut self, word: &WordPattern, slot: Slots) -> Result<bool> {
        let mut spellings: Vec<Spelling<'_>> = Vec::new();
        for (field, text) in FIELDS.text.iter().enumerate() {
            let stem = word.stem.as_deref();
            match text.mode {
                Mode::Identifier => {
                    spellings.push((field, &word.part, 1.0));
                    let another = stem.filter(|stem| *stem != word.part);
                    spellings.extend(another.map(|stem| (field, stem, STEM_WEIGHT)));
                }
                Mode::Content => spellings.extend(stem.map(|stem| (field, stem, 1.0))),
            }
        }
        let hit = self.spellings(&spellings, slot)?;
        Ok(word.prefix && self.prefix(&word.part, slot) || hit)
    }

    fn phrase(&mut self, phrase: &PhrasePattern, slot: Slots) -> Result<()> {
        let mut fields = Vec::new();
        let mut least_rare = f32::INFINITY;
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
            if !terms.is_empty() && found.len() == terms.len() {
                least_rare = least_rare.min(rarity);
                fields.push((field, found));
            }
        }
        for (field, found) in fields {
            let factor = FIELDS.text[field].boost * (K1 + 1.0);
            let weight = self.weight(slot, least_rare, factor);
            for (piece, steps) in self.plan.steps.iter_mut().enumerate() {
                let terms: Option<Vec<(u32, TermInfo)>> = found
                    .iter()
                    .map(|(at, term)| Some((*at, term.infos[piece].clone()?)))
                    .collect();
                steps.extend(terms.map(|terms| Step {
                    slots: slot,
                    weight,
                    source: Source::Phrase { field, terms },
                }));
            }
        }
        Ok(())
    }
}
