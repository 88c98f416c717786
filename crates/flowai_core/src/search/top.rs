//! From all matches to what is shown: filters, counts, order, one page.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tantivy::columnar::StrColumn;

use super::rank::TIER_SHIFT;
use super::schema::{MatchedField, Value};
use super::segment::Segment;
use super::snippet::Highlighter;
use super::{Interrupt, Piece, stop, unreadable};
use crate::error::Result;

/// Scores are compared in these steps, so that rounding cannot decide about order.
const STEPS: f32 = 1024.0;
/// Points of an exact name; an exact id or qualified name has twice as many.
const TIER_POINTS: f32 = 1000.0;
/// No sum of word scores reaches the next tier.
const MAX_POINTS: f32 = 999.0;

/// Matches between two looks at the interrupt flag.
const MATCHES_PER_CHECK: usize = 4096;

/// Which documents may be found. Empty means any; values compare exactly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Any of these.
    pub item_types: Vec<String>,
    /// All of these.
    pub tags: Vec<String>,
    /// This one.
    pub database_id: Option<String>,
    /// This one.
    pub schema_name: Option<String>,
}

/// Which hits to return.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// At most so many; counts and facets do not depend on it.
    pub max_rows: usize,
    /// Only hits after the one with this key.
    pub after: Option<SortKey>,
    /// Whether to count facets, which reads the values of every match.
    pub facets: bool,
}

/// Where a hit stands in the order; a cursor is made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SortKey {
    /// Score in steps of 1/1024.
    pub score: u32,
    /// Preferred documents go first among equal scores.
    pub preferred: bool,
    /// Ends every tie, in order of its bytes.
    pub id: String,
}

/// A document that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The row version to read.
    pub row_version: i64,
    /// The entry's id.
    pub id: String,
    /// BM25 by word, plus 1000 for an exact name and 2000 for an exact id or qualified name. Falls
    /// along the order of hits.
    pub score: f64,
    /// Fields in which something was found.
    pub matched: Vec<MatchedField>,
    /// Its place in the order.
    pub key: SortKey,
}

/// A value, and how many of all matches have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// The value.
    pub value: String,
    /// Matches with it.
    pub count: u64,
}

/// Exact counts over all matches, most frequent first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    /// By kind of entry.
    pub item_types: Vec<Facet>,
    /// By tag.
    pub tags: Vec<Facet>,
    /// By schema.
    pub schema_names: Vec<Facet>,
    /// By database.
    pub database_ids: Vec<Facet>,
}

/// What a search found.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// One page of hits, in order.
    pub hits: Vec<Hit>,
    /// All matches, exactly.
    pub total: u64,
    /// No document had all words, so those with any of them were taken.
    pub relaxed: bool,
    /// Counts over all matches.
    pub facets: Facets,
    /// Marks what was matched, corrected spellings as well.
    pub highlighter: Highlighter,
}

/// A filter in the numbers of one segment.
pub(super) struct PieceFilter<'a> {
    facets: Option<&'a StrColumn>,
    any_of: Vec<u64>,
    all_of: Vec<u64>,
}

impl<'a> PieceFilter<'a> {
    /// Nothing, if no document of the segment can pass.
    pub(super) fn new(filter: &Filter, segment: &'a Segment) -> Result<Option<Self>> {
        let Some(column) = &segment.facets else { return Ok(None) };
        let number = |kind: Value, value: &str| {
            column.dictionary().term_ord(kind.term(value)).map_err(unreadable)
        };
        let mut any_of = Vec::with_capacity(filter.item_types.len());
        for item_type in &filter.item_types {
            any_of.extend(number(Value::ItemType, item_type)?);
        }
        if any_of.is_empty() && !filter.item_types.is_empty() {
            return Ok(None);
        }
        let mut needed: Vec<(Value, &str)> =
            filter.tags.iter().map(|tag| (Value::Tag, tag.as_str())).collect();
        needed.extend(filter.database_id.iter().map(|id| (Value::DatabaseId, id.as_str())));
        needed.extend(filter.schema_name.iter().map(|name| (Value::SchemaName, name.as_str())));
        let mut all_of = Vec::with_capacity(needed.len());
        for (kind, value) in needed {
            match number(kind, value)? {
                Some(number) => all_of.push(number),
                None => return Ok(None),
            }
        }
        let facets = (!any_of.is_empty() || !all_of.is_empty()).then_some(column);
        Ok(Some(Self { facets, any_of, all_of }))
    }

    pub(super) fn admits(&self, doc: u32) -> bool {
        let Some(column) = self.facets else { return true };
        let has = |wanted: &u64| column.ords().values_for_doc(doc).any(|value| value == *wanted);
        (self.any_of.is_empty() || self.any_of.iter().any(has)) && self.all_of.iter().all(has)
    }
}

/// A document that matches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    piece: u32,
    doc: u32,
    score: u32,
    marks: u32,
    preferred: bool,
}

impl Candidate {
    pub(super) fn new(piece: usize, doc: u32, tier: u32, points: f32, marks: u32) -> Self {
        let score = ((tier as f32 * TIER_POINTS + points.min(MAX_POINTS)) * STEPS).round() as u32;
        Self { piece: piece as u32, doc, score, marks, preferred: false }
    }
}

/// Counts all matches and picks one page of them.
pub(super) fn choose(
    pieces: &[Piece<'_>],
    mut matches: Vec<Candidate>,
    page: &Page,
    interrupt: Interrupt,
) -> Result<Outcome> {
    let total = matches.len() as u64;
    if !page.facets && page.after.is_none() {
        keep_best(&mut matches, page.max_rows);
    }
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut hits: Vec<Hit> = Vec::new();
    for of_piece in matches.chunk_by_mut(|a, b| a.piece == b.piece) {
        let Some(segment) = of_piece.first().map(|first| pieces[first.piece as usize].segment)
        else {
            continue;
        };
        count(segment, of_piece, &mut counts, interrupt)?;
        pick(segment, of_piece, page, &mut hits)?;
    }
    hits.sort_by(|a, b| {
        order(&a.key).cmp(&order(&b.key)).then_with(|| a.row_version.cmp(&b.row_version))
    });
    hits.truncate(page.max_rows);
    let facets = if page.facets { facets(&counts) } else { Facets::default() };
    Ok(Outcome { hits, total, facets, ..Outcome::default() })
}

/// Drops matches whose score alone keeps them off a first page of this size. Those that tie with its
/// last stay: preference and id decide among them.
fn keep_best(matches: &mut Vec<Candidate>, max_rows: usize) {
    if (1..matches.len()).contains(&max_rows) {
        let mut scores: Vec<u32> = matches.iter().map(|candidate| candidate.score).collect();
        let (_, &mut last, _) =
            scores.select_nth_unstable_by_key(max_rows - 1, |&score| Reverse(score));
        matches.retain(|candidate| candidate.score >= last);
    }
}

/// Smaller goes first.
fn order(key: &SortKey) -> (Reverse<u32>, Reverse<bool>, &str) {
    (Reverse(key.score), Reverse(key.preferred), &key.id)
}

/// Counts the values of all matches of a piece, and notes which of them are preferred.
fn count(
    segment: &Segment,
    matches: &mut [Candidate],
    counts: &mut BTreeMap<String, u64>,
    interrupt: Interrupt,
) -> Result<()> {
    let Some(column) = &segment.facets else { return Ok(()) };
    let preferred = column.dictionary().term_ord(Value::Preferred.term("")).map_err(unreadable)?;
    let mut of_piece = vec![0_u64; column.dictionary().num_terms()];
    for (n, candidate) in matches.iter_mut().enumerate() {
        if n % MATCHES_PER_CHECK == MATCHES_PER_CHECK - 1 {
            stop(interrupt)?;
        }
        for value in column.ords().values_for_doc(candidate.doc) {
            of_piece[value as usize] += 1;
            candidate.preferred |= Some(value) == preferred;
        }
    }
    let mut term = String::new();
    for (value, count) in of_piece.into_iter().enumerate().filter(|&(_, count)| count > 0) {
        column.ord_to_str(value as u64, &mut term).map_err(unreadable)?;
        match counts.get_mut(&term) {
            Some(sum) => *sum += count,
            None => drop(counts.insert(term.clone(), count)),
        }
    }
    Ok(())
}

fn facets(counts: &BTreeMap<String, u64>) -> Facets {
    let mut facets = Facets::default();
    for (term, &count) in counts {
        let Some((kind, value)) = Value::read(term) else { continue };
        let of_kind = match kind {
            Value::ItemType => &mut facets.item_types,
            Value::Tag => &mut facets.tags,
            Value::SchemaName => &mut facets.schema_names,
            Value::DatabaseId => &mut facets.database_ids,
            Value::Preferred => continue,
        };
        of_kind.push(Facet { value: value.to_owned(), count });
    }
    let Facets { item_types, tags, schema_names, database_ids } = &mut facets;
    for of_kind in [item_types, tags, schema_names, database_ids] {
        // Stable, so equal counts stay in the order of their values.
        of_kind.sort_by_key(|facet| Reverse(facet.count));
    }
    facets
}

/// Picks the hits of a piece that may be on the page. Ids are compared by their number in the
/// segment, which has the same order, and only those of the page are read.
fn pick(segment: &Segment, matches: &[Candidate], page: &Page, hits: &mut Vec<Hit>) -> Result<()> {
    let Some(ids) = &segment.ids else { return Ok(()) };
    let after = match &page.after {
        Some(key) => Some((key, first_after(ids, &key.id)?)),
        None => None,
    };
    let mut order: Vec<(Reverse<u32>, Reverse<bool>, u64, &Candidate)> = Vec::new();
    for candidate in matches {
        let rank = (Reverse(candidate.score), Reverse(candidate.preferred));
        let id = ids.ords().first(candidate.doc).unwrap_or(u64::MAX);
        let on_page = after.is_none_or(|(key, first_id)| {
            (rank.0, rank.1, id) >= (Reverse(key.score), Reverse(key.preferred), first_id)
        });
        if on_page {
            order.push((rank.0, rank.1, id, candidate));
        }
    }
    let key =
        |&(score, preferred, id, candidate): &(Reverse<u32>, Reverse<bool>, u64, &Candidate)| {
            (score, preferred, id, candidate.doc)
        };
    if page.max_rows == 0 {
        order.clear();
    } else if order.len() > page.max_rows {
        order.select_nth_unstable_by_key(page.max_rows - 1, key);
        order.truncate(page.max_rows);
    }
    for (_, _, id_number, candidate) in order {
        let mut id = String::new();
        ids.ord_to_str(id_number, &mut id).map_err(unreadable)?;
        let row_version = segment
            .row_version(candidate.doc)
            .ok_or_else(|| unreadable("A document has no row version."))?;
        hits.push(Hit {
            row_version,
            score: f64::from(candidate.score) / f64::from(STEPS),
            matched: MatchedField::ALL
                .into_iter()
                .filter(|field| candidate.marks & ((1 << TIER_SHIFT) - 1) & field.flag() != 0)
                .collect(),
            key: SortKey { score: candidate.score, preferred: candidate.preferred, id: id.clone() },
            id,
        });
    }
    Ok(())
}

/// The number of the first id of a segment that comes after this one.
fn first_after(ids: &StrColumn, id: &str) -> Result<u64> {
    let (mut low, mut high) = (0, ids.dictionary().num_terms() as u64);
    let mut read = String::new();
    while low < high {
        let middle = low + (high - low) / 2;
        ids.ord_to_str(middle, &mut read).map_err(unreadable)?;
        if read.as_str() <= id {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
