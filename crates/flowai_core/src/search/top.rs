//! From all matches to what is shown: filters, counts, order, one page.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::docs::Docs;
use super::matching::Matches;
use super::rank::TIER_SHIFT;
use super::schema::{MatchedField, Value};
use super::segment::Segment;
use super::snippet::Highlighter;
use super::values::Values;
use super::{Interrupt, Piece, stop, unreadable};
use crate::error::Result;

/// Scores are compared in these steps, so that rounding cannot decide about order.
const STEPS: f32 = 1024.0;
/// Points of an exact name; an exact id or qualified name has twice as many.
const TIER_POINTS: f32 = 1000.0;
/// No sum of word scores reaches the next tier.
const MAX_POINTS: f32 = 999.0;

/// Fewer candidates than this are not worth sorting out.
const MIN_CANDIDATES: usize = 256;

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
    facets: Option<&'a Values>,
    any_of: Vec<u64>,
    all_of: Vec<u64>,
}

impl<'a> PieceFilter<'a> {
    /// Nothing, if no document of the segment can pass.
    pub(super) fn new(filter: &Filter, segment: &'a Segment) -> Result<Option<Self>> {
        let Some(facets) = &segment.facets else { return Ok(None) };
        let number = |kind: Value, value: &str| facets.number(&kind.term(value));
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
        let facets = (!any_of.is_empty() || !all_of.is_empty()).then_some(facets);
        Ok(Some(Self { facets, any_of, all_of }))
    }

    /// Whether it keeps anything out.
    pub(super) fn is_selective(&self) -> bool {
        self.facets.is_some()
    }

    pub(super) fn admits(&self, doc: u32) -> bool {
        let Some(facets) = self.facets else { return true };
        let has = |wanted: &u64| facets.has(doc, *wanted);
        (self.any_of.is_empty() || self.any_of.iter().any(has)) && self.all_of.iter().all(has)
    }
}

/// A document that may be on the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    piece: u32,
    doc: u32,
    score: u32,
    marks: u32,
}

impl Candidate {
    pub(super) fn new(piece: usize, doc: u32, tier: u32, points: f32, marks: u32) -> Self {
        let score = ((tier as f32 * TIER_POINTS + points.min(MAX_POINTS)) * STEPS).round() as u32;
        Self { piece: piece as u32, doc, score, marks }
    }
}

/// The best candidates so far. Those that tie with the last of them stay: preference and id decide
/// among equal scores, and are only read for what is left in the end.
pub(super) struct Top {
    max_rows: usize,
    /// Where the page before ends. At this score the id decides what is on the page.
    after: u32,
    candidates: Vec<Candidate>,
    /// What has less cannot be on the page.
    floor: u32,
    /// So many candidates are too many.
    most: usize,
}

impl Top {
    pub(super) fn new(page: &Page) -> Self {
        Self {
            max_rows: page.max_rows,
            after: page.after.as_ref().map_or(u32::MAX, |key| key.score),
            candidates: Vec::new(),
            floor: 0,
            most: page.max_rows.saturating_mul(2).max(MIN_CANDIDATES),
        }
    }

    /// A quick look, before a score is rounded: whether so many points, outside of a tier, can be
    /// enough. One step of slack is more than rounding can make.
    #[inline]
    pub(super) fn may_take(&self, points: f32) -> bool {
        points * STEPS + 1.0 >= self.floor as f32
    }

    pub(super) fn offer(&mut self, candidate: Candidate) {
        if (self.floor..=self.after).contains(&candidate.score) {
            self.candidates.push(candidate);
            if self.candidates.len() >= self.most {
                self.shrink();
                self.most = self.most.max(2 * self.candidates.len());
            }
        }
    }

    pub(super) fn into_candidates(mut self) -> Vec<Candidate> {
        self.shrink();
        self.candidates
    }

    /// Drops what is beaten by a whole page. Of what ties with the page before nobody knows yet
    /// whether it is on this one, so it beats nothing.
    fn shrink(&mut self) {
        let scores = self.candidates.iter().map(|candidate| candidate.score);
        let mut scores: Vec<u32> = scores.filter(|&score| score != self.after).collect();
        if (1..scores.len()).contains(&self.max_rows) {
            let (_, &mut last, _) =
                scores.select_nth_unstable_by_key(self.max_rows - 1, |&score| Reverse(score));
            self.floor = last;
            self.candidates.retain(|candidate| candidate.score >= last);
        }
    }
}

/// Counts all matches, and picks the hits of the page among the candidates.
pub(super) fn choose(
    pieces: &[Piece<'_>],
    matches: &Matches,
    candidates: Vec<Candidate>,
    page: &Page,
    interrupt: Interrupt,
) -> Result<Outcome> {
    let mut hits: Vec<Hit> = Vec::new();
    for of_piece in candidates.chunk_by(|a, b| a.piece == b.piece) {
        pick(pieces[of_piece[0].piece as usize].segment, of_piece, page, &mut hits)?;
    }
    hits.sort_by(|a, b| {
        order(&a.key).cmp(&order(&b.key)).then_with(|| a.row_version.cmp(&b.row_version))
    });
    hits.truncate(page.max_rows);
    let facets = if page.facets { facets(pieces, matches, interrupt)? } else { Facets::default() };
    let Matches { total, relaxed, .. } = *matches;
    Ok(Outcome { hits, total, relaxed, facets, ..Outcome::default() })
}

/// Where a document of one segment stands in the order, its id by number.
type Place = (Reverse<u32>, Reverse<bool>, u64);

/// Smaller goes first.
fn order(key: &SortKey) -> (Reverse<u32>, Reverse<bool>, &str) {
    (Reverse(key.score), Reverse(key.preferred), &key.id)
}

/// Counts the values of all matches.
fn facets(pieces: &[Piece<'_>], matches: &Matches, interrupt: Interrupt) -> Result<Facets> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (piece, docs) in pieces.iter().zip(&matches.pieces) {
        stop(interrupt)?;
        count(piece.segment, docs, &mut counts)?;
    }
    let mut facets = Facets::default();
    for (term, count) in counts {
        let Some((kind, value)) = Value::read(&term) else { continue };
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
    Ok(facets)
}

/// Counts the values of the matches of a piece.
fn count(segment: &Segment, docs: &Docs, counts: &mut BTreeMap<String, u64>) -> Result<()> {
    let Some(facets) = segment.facets.as_ref().filter(|_| !docs.is_empty()) else { return Ok(()) };
    let mut of_piece = vec![0_u64; facets.count()];
    for doc in docs.iter() {
        facets.each(doc, |number| of_piece[number as usize] += 1);
    }
    for (number, count) in of_piece.into_iter().enumerate().filter(|&(_, count)| count > 0) {
        *counts.entry(facets.value(number as u64)?).or_default() += count;
    }
    Ok(())
}

/// Picks the hits of a piece that may be on the page. Ids are compared by their number in the
/// segment, which has the same order, and only those of the page are read.
fn pick(
    segment: &Segment,
    candidates: &[Candidate],
    page: &Page,
    hits: &mut Vec<Hit>,
) -> Result<()> {
    let Some(ids) = &segment.ids else { return Ok(()) };
    let after = match &page.after {
        Some(key) => Some((Reverse(key.score), Reverse(key.preferred), first_after(ids, &key.id)?)),
        None => None,
    };
    let is_preferred = preference(segment)?;
    let mut order: Vec<(Place, &Candidate)> = Vec::with_capacity(candidates.len());
    for candidate in candidates {
        let id = ids.first(candidate.doc).unwrap_or(u64::MAX);
        let place = (Reverse(candidate.score), Reverse(is_preferred(candidate.doc)), id);
        if after.is_none_or(|after| place >= after) {
            order.push((place, candidate));
        }
    }
    let key = |&(place, candidate): &(Place, &Candidate)| (place, candidate.doc);
    if page.max_rows == 0 {
        order.clear();
    } else if order.len() > page.max_rows {
        order.select_nth_unstable_by_key(page.max_rows - 1, key);
        order.truncate(page.max_rows);
    }
    for ((_, Reverse(preferred), id_number), candidate) in order {
        let id = ids.value(id_number)?;
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
            key: SortKey { score: candidate.score, preferred, id: id.clone() },
            id,
        });
    }
    Ok(())
}

/// Tells of each document of a segment whether it is preferred. In most segments none is.
fn preference(segment: &Segment) -> Result<impl Fn(u32) -> bool> {
    let mut preference = None;
    if let Some(facets) = &segment.facets {
        preference =
            facets.number(&Value::Preferred.term(""))?.map(|preferred| (facets, preferred));
    }
    Ok(move |doc| preference.is_some_and(|(facets, preferred)| facets.has(doc, preferred)))
}

/// The number of the first id of a segment that comes after this one.
fn first_after(ids: &Values, id: &str) -> Result<u64> {
    let (mut low, mut high) = (0, ids.count() as u64);
    while low < high {
        let middle = low + (high - low) / 2;
        if ids.value(middle)?.as_str() <= id {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What must stay: the best of those that are surely not on the page before, all that tie with the
    /// last of them, and all that tie with the page before.
    #[test]
    fn what_may_be_on_the_page_stays() {
        let key = |score| SortKey { score, preferred: false, id: String::new() };
        for (max_rows, after) in
            [(1, None), (10, None), (10, Some(700)), (300, None), (5000, Some(3))]
        {
            let page = Page { max_rows, after: after.map(key), facets: false };
            let mut top = Top::new(&page);
            let points = |n: u32| (n * 7919 % 1000) as f32 / STEPS;
            for doc in 0..4000 {
                let candidate = Candidate::new(0, doc, 0, points(doc), 0);
                if top.may_take(points(doc)) {
                    top.offer(candidate);
                } else {
                    assert!(candidate.score < top.floor);
                }
            }
            let mut scores: Vec<u32> = (0..4000).map(|n| n * 7919 % 1000).collect();
            scores.retain(|&score| after.is_none_or(|after| score <= after));
            scores.sort_unstable_by_key(|&score| Reverse(score));
            let ties = scores.iter().filter(|&&score| Some(score) == after).count();
            let last = scores.get(max_rows + ties - 1).or(scores.last()).copied().unwrap();
            scores.retain(|&score| score >= last);
            let mut kept: Vec<u32> = top.into_candidates().iter().map(|c| c.score).collect();
            kept.sort_unstable_by_key(|&score| Reverse(score));
            assert_eq!(kept, scores, "{max_rows} {after:?}");
        }
    }
}
