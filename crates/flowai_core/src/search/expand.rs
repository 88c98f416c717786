//! Prefixes and misspellings: one word of a query that stands for many terms.
//!
//! However many terms it stands for, it is one thing to find: the documents that have any of them, field
//! by field. All of them are gathered, so that a total is a total and what is excluded stays out. A
//! document counts once, whichever of the terms it has, and however often.

use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use super::docs::Docs;
use super::plan::{K1, Place, Planner, Source, Step};
use super::query::{Slots, WordPattern, forgiven};
use super::schema::FIELDS;
use super::spelling::{MAX_WORDS, Spellings};
use super::stop;
use super::terms::PostingsReader;
use super::tokenizer::Mode;
use crate::error::Result;

/// What a term is worth that was not typed like this.
const PREFIX_WEIGHT: f32 = 0.7;
const TYPO_WEIGHT: f32 = 0.5;

/// Terms of a dictionary between two looks at the interrupt flag.
const TERMS_PER_CHECK: u64 = 1024;

/// So many corrected spellings are marked in snippets.
const MAX_MARKED: usize = 256;

/// Living documents with any of some terms of a field, in every piece.
type Gathered = Vec<Docs>;

/// How a word that stands for many terms is found.
struct Expansion {
    slots: Slots,
    discount: f32,
    /// Whether the terms begin as they were typed.
    typed: bool,
}

/// The prefixes of a query, ascending, so that what one begins with stands before it.
#[derive(Default)]
pub(super) struct Prefixes<'q> {
    texts: Vec<&'q str>,
    /// For each text field, and in it for each prefix.
    found: Vec<Vec<Rc<Gathered>>>,
}

impl<'q> Prefixes<'q> {
    pub(super) fn new(texts: BTreeSet<&'q str>) -> Self {
        Self { texts: texts.into_iter().collect(), found: Vec::new() }
    }

    /// The nearest prefix that the one at this place begins with.
    fn parent(&self, n: usize) -> Option<usize> {
        (0..n).rev().find(|&before| self.texts[n].starts_with(self.texts[before]))
    }

    /// The prefix at this place and those that begin with it.
    fn family(&self, root: usize) -> &[&'q str] {
        let family =
            self.texts[root..].iter().take_while(|text| text.starts_with(self.texts[root]));
        &self.texts[root..root + family.count()]
    }
}

impl<'q> Planner<'_, 'q> {
    /// Gathers what all prefixes of the query find. Those that begin with another one are walked with it,
    /// so that no term is read twice.
    pub(super) fn gather_prefixes(&mut self, mut prefixes: Prefixes<'q>) -> Result<()> {
        if prefixes.texts.is_empty() {
            return Ok(());
        }
        for field in 0..FIELDS.text.len() {
            let mut of_prefix: Vec<Gathered> =
                prefixes.texts.iter().map(|_| self.nothing()).collect();
            for piece in 0..self.pieces.len() {
                for root in 0..prefixes.texts.len() {
                    if prefixes.parent(root).is_none() {
                        self.walk(&prefixes, root, field, piece, &mut of_prefix)?;
                    }
                }
            }
            for n in (0..prefixes.texts.len()).rev() {
                let Some(parent) = prefixes.parent(n) else { continue };
                let (before, rest) = of_prefix.split_at_mut(n);
                before[parent].iter_mut().zip(&rest[0]).for_each(|(docs, more)| docs.add_all(more));
            }
            for gathered in &mut of_prefix {
                self.bury(gathered);
            }
            prefixes.found.push(of_prefix.into_iter().map(Rc::new).collect());
        }
        self.prefixes = prefixes;
        Ok(())
    }

    /// Gathers the terms of one piece that begin with the prefix at `root`, each for the longest prefix
    /// that it begins with.
    fn walk(
        &self,
        prefixes: &Prefixes<'_>,
        root: usize,
        field: usize,
        piece: usize,
        found: &mut [Gathered],
    ) -> Result<()> {
        let terms = self.terms(Place::Text(field), piece);
        let family = prefixes.family(root).iter();
        let places: Vec<Range<u64>> =
            family.map(|text| terms.beginning_with(text.as_bytes())).collect::<Result<_>>()?;
        let mut reader = PostingsReader::new(terms);
        let first = prefixes.texts[root].as_bytes();
        terms.each_beginning_with(first, places[0].clone(), |place, info| {
            if place % TERMS_PER_CHECK == 0 {
                stop(self.interrupt)?;
            }
            let longest = places.iter().rposition(|places| places.contains(&place)).unwrap_or(0);
            reader.gather(info, &mut found[root + longest][piece])
        })
    }

    /// Adds the documents with a term that begins like this; tells whether there is one.
    pub(super) fn prefix(&mut self, prefix: &str, slots: Slots) -> bool {
        let Ok(at) = self.prefixes.texts.binary_search(&prefix) else { return false };
        let found: Vec<Rc<Gathered>> =
            self.prefixes.found.iter().map(|of_prefix| Rc::clone(&of_prefix[at])).collect();
        self.expand(&found, &Expansion { slots, discount: PREFIX_WEIGHT, typed: true })
    }

    /// Adds what has terms that are spelled almost like the words that were not found: with one typing
    /// error if that finds something, else with two where the word is long enough.
    pub(super) fn misspellings(&mut self, mut words: Vec<(&WordPattern, Slots)>) -> Result<()> {
        // One walk more would cost more than any other search.
        words.truncate(MAX_WORDS);
        for errors in 1.. {
            words.retain(|(word, _)| word.typos >= errors);
            if words.is_empty() {
                break;
            }
            let mut marked = BTreeSet::new();
            let mut found: Vec<Vec<Rc<Gathered>>> = words.iter().map(|_| Vec::new()).collect();
            for field in 0..FIELDS.text.len() {
                let of_field = self.spelled_like(field, &words, errors, &mut marked)?;
                found.iter_mut().zip(of_field).for_each(|(f, gathered)| f.push(Rc::new(gathered)));
            }
            let discount = TYPO_WEIGHT / f32::from(errors);
            let mut corrected: Slots = 0;
            for (found, (_, slots)) in found.iter().zip(&words) {
                if self.expand(found, &Expansion { slots: *slots, discount, typed: false }) {
                    corrected |= slots;
                }
            }
            self.plan.highlighter.add_terms(marked);
            self.plan.corrects |= corrected != 0;
            words.retain(|(_, slot)| corrected & slot == 0);
        }
        Ok(())
    }

    /// For each word, the documents in which a field has something that is spelled almost like it. What
    /// a living document has is to be marked.
    fn spelled_like(
        &self,
        field: usize,
        words: &[(&WordPattern, Slots)],
        errors: u8,
        marked: &mut BTreeSet<String>,
    ) -> Result<Vec<Gathered>> {
        let mut gathered: Vec<Gathered> = words.iter().map(|_| self.nothing()).collect();
        let typed: Vec<(usize, &str)> = words
            .iter()
            .enumerate()
            .filter_map(|(n, (word, _))| match (FIELDS.text[field].mode, &word.stem) {
                // Of a short stem nothing much is left if a letter of it is wrong.
                (Mode::Content, Some(stem)) => (forgiven(stem) >= errors).then_some((n, &**stem)),
                _ => Some((n, &*word.part)),
            })
            .collect();
        if typed.is_empty() {
            return Ok(gathered);
        }
        let spellings = Spellings::new(typed.iter().map(|(_, text)| *text), errors);
        for (piece, living) in self.living.iter().enumerate() {
            stop(self.interrupt)?;
            let terms = self.terms(Place::Text(field), piece);
            let mut reader = PostingsReader::new(terms);
            let mut of_term = self.none(piece);
            let mut stream = terms.spelled_like(&spellings)?;
            let mut seen = 0;
            while stream.advance() {
                seen += 1;
                if seen % TERMS_PER_CHECK == 0 {
                    stop(self.interrupt)?;
                }
                of_term.clear();
                reader.gather(&stream.value(), &mut of_term)?;
                of_term.keep(living);
                if of_term.is_empty() {
                    continue;
                }
                marked.insert(String::from_utf8_lossy(stream.key()).into_owned());
                // However many terms there are: the first ones, as they would be among all.
                if marked.len() > MAX_MARKED {
                    marked.pop_last();
                }
                for word in spellings.matching(stream.key()) {
                    gathered[typed[word].0][piece].add_all(&of_term);
                }
            }
        }
        Ok(gathered)
    }

    /// Adds what was gathered in each field, all with the weight of one term that had these documents: the
    /// rarest spelling must not win. Tells whether there is any.
    fn expand(&mut self, found: &[Rc<Gathered>], how: &Expansion) -> bool {
        let count =
            |gathered: &Rc<Gathered>| gathered.iter().map(|docs| u64::from(docs.count())).sum();
        let frequency: u64 = found.iter().map(count).max().unwrap_or(0);
        let rarity = self.rarity(frequency);
        for (field, gathered) in found.iter().enumerate() {
            let factor = FIELDS.text[field].boost * (K1 + 1.0) * how.discount;
            let weight = self.weight(how.slots, rarity, factor);
            for (piece, steps) in self.plan.steps.iter_mut().enumerate() {
                if !gathered[piece].is_empty() {
                    let source = Source::Gathered {
                        field,
                        found: Rc::clone(gathered),
                        piece,
                        typed: how.typed,
                    };
                    steps.push(Step { slots: how.slots, weight, source });
                }
            }
        }
        frequency > 0
    }

    /// Takes the dead away: they decide about nothing.
    fn bury(&self, gathered: &mut Gathered) {
        gathered.iter_mut().zip(self.living).for_each(|(docs, living)| docs.keep(living));
    }

    fn nothing(&self) -> Gathered {
        (0..self.pieces.len()).map(|piece| self.none(piece)).collect()
    }

    fn none(&self, piece: usize) -> Docs {
        Docs::none(self.pieces[piece].segment.doc_count)
    }
}
