//! Documents, scored: one pass over the postings of every term, into an array with a cell per
//! document.
//!
//! The array is kept between searches and only the cells that were touched are cleared, so a rare
//! word in a large segment costs what the word costs.

use tantivy::BitSet;
use tantivy::DocSet;
use tantivy::TERMINATED;
use tantivy::index::InvertedIndexReader;
use tantivy::postings::{Postings, SegmentPostings, TermInfo};
use tantivy::schema::IndexRecordOption;

use super::plan::{Plan, Step, plan};
use super::query::{Query, Slots};
use super::schema::FIELDS;
use super::segment::Segment;
use super::top::{Candidate, Filter, Outcome, Page, PieceFilter, choose};
use super::{Interrupt, Piece, guarded, stop, unreadable};
use crate::error::Result;

/// Blocks of 128 postings between two looks at the interrupt flag.
const BLOCKS_PER_CHECK: usize = 32;

/// Candidate documents of a phrase between two looks at it: each reads positions.
const PHRASES_PER_CHECK: usize = 512;

/// In the marks of a document, the tier stands above the bits of the fields.
pub(super) const TIER_SHIFT: u32 = 8;

/// Set once a cell is in use, for an exclusion leaves no other mark.
const TOUCHED: u32 = 1 << (TIER_SHIFT - 1);

/// What is known of a document so far.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    slots: Slots,
    score: f32,
    /// Matched fields, and the highest tier above [`TIER_SHIFT`].
    marks: u32,
}

/// Searches, and keeps its memory for the next search: 16 bytes for every document of the largest
/// segment.
#[derive(Debug, Default)]
pub struct Searcher {
    cells: Vec<Cell>,
    touched: Vec<u32>,
}

impl Searcher {
    /// A searcher without memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Searches all pieces as one index.
    ///
    /// Documents with all words are found; if there is none, those with any of them, and the outcome
    /// says so. Order: an exact id or qualified name, an exact name, then by score; preferred
    /// documents first among equals, and the id ends every tie.
    ///
    /// # Errors
    /// `interrupted` once `interrupt` says so, `search_segment_unreadable` on damaged bytes.
    pub fn search(
        &mut self,
        pieces: &[Piece<'_>],
        query: &Query,
        filter: &Filter,
        page: &Page,
        interrupt: Interrupt,
    ) -> Result<Outcome> {
        guarded(|| {
            if query.is_blank() {
                return Ok(Outcome { highlighter: query.highlighter(), ..Outcome::default() });
            }
            let dead: Vec<Option<BitSet>> = pieces.iter().map(Piece::dead_docs).collect();
            let mut plan = plan(query, pieces, &dead, interrupt)?;
            let highlighter = std::mem::take(&mut plan.highlighter);

            let mut matches = Matches::default();
            for (n, piece) in pieces.iter().enumerate() {
                let Some(filter) = PieceFilter::new(filter, piece.segment)? else { continue };
                self.clear(piece.segment.doc_count);
                for step in &plan.steps[n] {
                    self.run(step, piece.segment, &plan, interrupt)?;
                }
                stop(interrupt)?;
                self.collect(n, query, dead[n].as_ref(), &filter, &mut matches);
            }
            let relaxed = matches.full.is_empty() && !matches.partial.is_empty();
            let chosen = if relaxed { matches.partial } else { matches.full };
            choose(pieces, chosen, page, interrupt).map(|outcome| Outcome {
                relaxed,
                highlighter,
                ..outcome
            })
        })
    }

    fn clear(&mut self, doc_count: u32) {
        for doc in self.touched.drain(..) {
            if let Some(cell) = self.cells.get_mut(doc as usize) {
                *cell = Cell::default();
            }
        }
        if self.cells.len() < doc_count as usize {
            self.cells.resize(doc_count as usize, Cell::default());
        }
    }

    #[inline]
    fn add(&mut self, doc: u32, slots: Slots, score: f32, mark: u32) {
        let mark = if score > 0.0 { mark | TOUCHED } else { TOUCHED };
        let cell = &mut self.cells[doc as usize];
        if cell.marks == 0 {
            self.touched.push(doc);
        }
        cell.slots |= slots;
        cell.score += score;
        // The tier is a number, of which the larger counts; the fields are bits.
        let tier = (cell.marks >> TIER_SHIFT).max(mark >> TIER_SHIFT);
        cell.marks = (cell.marks | mark) & ((1 << TIER_SHIFT) - 1) | tier << TIER_SHIFT;
    }

    fn run(
        &mut self,
        step: &Step,
        segment: &Segment,
        plan: &Plan,
        interrupt: Interrupt,
    ) -> Result<()> {
        match step {
            Step::Text { field, info, slots, weight } => {
                let text = &segment.text[*field];
                let norms = &plan.norms[*field];
                let mark = FIELDS.text[*field].matched.flag();
                each_posting(&text.terms, info, interrupt, |doc, occurrences| {
                    let occurrences = occurrences as f32;
                    let norm = norms[usize::from(text.lengths.fieldnorm_id(doc))];
                    self.add(doc, *slots, weight * occurrences / (occurrences + norm), mark);
                })
            }
            Step::Key { info, slots, weight, tier, key } => {
                let mark = key.matched().flag() | tier << TIER_SHIFT;
                each_posting(&segment.keyword, info, interrupt, |doc, _| {
                    self.add(doc, *slots, *weight, mark);
                })
            }
            Step::Phrase { field, terms, slots, weight } => {
                let text = &segment.text[*field];
                let norms = &plan.norms[*field];
                let mark = FIELDS.text[*field].matched.flag();
                each_phrase(&text.terms, terms, interrupt, |doc, occurrences| {
                    let occurrences = occurrences as f32;
                    let norm = norms[usize::from(text.lengths.fieldnorm_id(doc))];
                    self.add(doc, *slots, weight * occurrences / (occurrences + norm), mark);
                })
            }
        }
    }

    /// Sorts the touched documents of a piece into full and partial matches.
    fn collect(
        &self,
        piece: usize,
        query: &Query,
        dead: Option<&BitSet>,
        filter: &PieceFilter<'_>,
        matches: &mut Matches,
    ) {
        let words = query.required.count_ones().max(1) as f32;
        for &doc in &self.touched {
            let Cell { slots, score, marks } = self.cells[doc as usize];
            let tier = marks >> TIER_SHIFT;
            let full = tier > 0 || slots & query.required == query.required;
            let partial = slots & query.quoted == query.quoted && slots & query.required != 0;
            let excluded = query.excluded.iter().any(|&all| all & !slots == 0);
            // Partial matches are of no use once there is a full one.
            if excluded
                || !(full || partial && matches.full.is_empty())
                || query.wanted == 0 && tier == 0
                || dead.is_some_and(|dead| dead.contains(doc))
                || !filter.admits(doc)
            {
                continue;
            }
            let candidate = Candidate::new(piece, doc, tier, score / words, marks);
            if full { matches.full.push(candidate) } else { matches.partial.push(candidate) }
        }
    }
}

/// Documents that match, of all pieces so far.
#[derive(Default)]
struct Matches {
    full: Vec<Candidate>,
    partial: Vec<Candidate>,
}

fn each_posting(
    terms: &InvertedIndexReader,
    info: &TermInfo,
    interrupt: Interrupt,
    mut visit: impl FnMut(u32, u32),
) -> Result<()> {
    let mut blocks = terms
        .read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)
        .map_err(unreadable)?;
    for n in 0.. {
        if n % BLOCKS_PER_CHECK == BLOCKS_PER_CHECK - 1 {
            stop(interrupt)?;
        }
        let docs = blocks.docs();
        if docs.is_empty() {
            break;
        }
        for (i, &doc) in docs.iter().enumerate() {
            visit(doc, blocks.freq(i));
        }
        blocks.advance();
    }
    Ok(())
}

/// Visits the documents in which the terms stand at their distances, with the number of times.
fn each_phrase(
    terms: &InvertedIndexReader,
    phrase: &[(u32, TermInfo)],
    interrupt: Interrupt,
    mut visit: impl FnMut(u32, u32),
) -> Result<()> {
    let mut postings: Vec<(u32, SegmentPostings)> = Vec::with_capacity(phrase.len());
    for (distance, info) in phrase {
        let of_term = terms
            .read_postings_from_terminfo(info, IndexRecordOption::WithFreqsAndPositions)
            .map_err(unreadable)?;
        postings.push((*distance, of_term));
    }
    // The rarest term leads.
    postings.sort_by_key(|(_, of_term)| of_term.doc_freq());
    let Some(((lead_distance, lead), others)) = postings.split_first_mut() else { return Ok(()) };
    let (mut starts, mut positions) = (Vec::new(), Vec::new());
    let mut checked = 0_usize;
    let mut doc = lead.doc();
    'documents: while doc != TERMINATED {
        checked += 1;
        if checked.is_multiple_of(PHRASES_PER_CHECK) {
            stop(interrupt)?;
        }
        for (_, other) in others.iter_mut() {
            let at = if other.doc() < doc { other.seek(doc) } else { other.doc() };
            if at > doc {
                doc = if at == TERMINATED { TERMINATED } else { lead.seek(at) };
                continue 'documents;
            }
        }
        lead.positions(&mut starts);
        starts.retain_mut(|start| {
            let begins = *start >= *lead_distance;
            *start = start.saturating_sub(*lead_distance);
            begins
        });
        for (distance, other) in others.iter_mut() {
            if starts.is_empty() {
                break;
            }
            other.positions(&mut positions);
            starts.retain(|start| positions.binary_search(&(start + *distance)).is_ok());
        }
        if !starts.is_empty() {
            visit(doc, starts.len() as u32);
        }
        doc = lead.advance();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::search::{Buried, Document, MatchedField, build};

    fn document(id: &str, name: &str, content: &str) -> Document {
        Document {
            id: id.to_owned(),
            name: name.to_owned(),
            content: content.to_owned(),
            item_type: "table".to_owned(),
            ..Document::default()
        }
    }

    fn search(mut documents: Vec<Document>, query: &str) -> Outcome {
        for (n, document) in documents.iter_mut().enumerate() {
            document.row_version = n as i64;
        }
        let packed = build(&documents, || false).unwrap();
        let segment = Segment::open(packed.bytes, &packed.layout).unwrap();
        let piece = Piece { segment: &segment, buried: &Buried::default(), dead: &BTreeSet::new() };
        let page = Page { max_rows: 100, after: None, facets: true };
        Searcher::new()
            .search(&[piece], &Query::parse(query).unwrap(), &Filter::default(), &page, || false)
            .unwrap()
    }

    fn ids(outcome: &Outcome) -> Vec<&str> {
        outcome.hits.iter().map(|hit| hit.id.as_str()).collect()
    }

    #[test]
    fn spellings_of_an_identifier_find_each_other() {
        let documents = || {
            vec![
                document("1", "OrderItems", ""),
                document("2", "order items", ""),
                document("3", "order_items", ""),
                document("4", "items", "nothing of that kind"),
            ]
        };
        for query in ["OrderItems", "order items", "order_items", "ORDER_ITEM", "\"order items\""] {
            let outcome = search(documents(), query);
            assert_eq!(ids(&outcome).into_iter().collect::<BTreeSet<_>>().len(), 3, "{query}");
        }
    }

    #[test]
    fn exact_ids_come_before_exact_names_before_the_rest() {
        let mut by_qualified_name = document("q", "something else", "");
        by_qualified_name.qualified_name = Some("Orders".to_owned());
        let documents = vec![
            document("c", "orders orders", "orders orders orders"),
            document("b", "Orders", "orders"),
            by_qualified_name,
            document("orders", "unrelated", ""),
        ];
        let outcome = search(documents, "orders");
        assert_eq!(ids(&outcome), ["q", "orders", "b", "c"]);
        assert_eq!(outcome.hits[1].matched, [MatchedField::Id]);
        assert!(outcome.hits[1].score >= 2000.0 && outcome.hits[3].score < 1000.0);
    }

    #[test]
    fn an_id_is_typed_as_it_is_even_among_words() {
        let documents = || {
            vec![document("table:products", "goods", "revenue"), document("x", "revenue", "table")]
        };
        assert_eq!(ids(&search(documents(), "table:products")), ["table:products"]);
        assert_eq!(ids(&search(documents(), "revenue table:products")), ["table:products"]);
        assert_eq!(ids(&search(documents(), "revenue -table:products")), ["x"]);
    }

    #[test]
    fn all_words_else_any_word() {
        let documents = || vec![document("1", "red apple", ""), document("2", "green pear", "")];
        let all = search(documents(), "red apple");
        assert_eq!((ids(&all), all.relaxed), (vec!["1"], false));
        let any = search(documents(), "red pear");
        assert_eq!((any.total, any.relaxed), (2, true));
        let quoted = search(documents(), "red \"green pear\"");
        assert_eq!((ids(&quoted), quoted.relaxed), (vec!["2"], true));
        assert_eq!(search(documents(), "\"red pear\"").total, 0);
    }

    #[test]
    fn spelling_is_forgiven_only_where_nothing_is_spelled_so() {
        let documents = || {
            vec![
                document("1", "customer", ""),
                document("2", "custmoer", ""),
                document("3", "passengers", ""),
                document("4", "cat", ""),
            ]
        };
        assert_eq!(ids(&search(documents(), "customer")), ["1"]);
        assert_eq!(search(documents(), "custumer").total, 1);
        assert_eq!(ids(&search(documents(), "pasengrs")), ["3"]);
        assert_eq!(search(documents(), "cxt").total, 0);
        let outcome = search(documents(), "custumer");
        assert_eq!(outcome.highlighter.snippet("a customer", 20).unwrap(), "a <b>customer</b>");
    }

    #[test]
    fn prefixes_and_endings() {
        let documents = || {
            vec![
                document("1", "customers", ""),
                document("2", "x", "departure delays"),
                document("3", "cube", ""),
            ]
        };
        assert_eq!(ids(&search(documents(), "cust*")), ["1"]);
        assert_eq!(ids(&search(documents(), "customer")), ["1"]);
        assert_eq!(ids(&search(documents(), "delayed")), ["2"]);
        assert_eq!(search(documents(), "cu* -cube").total, 1);
    }

    #[test]
    fn what_excludes_is_worth_nothing() {
        let documents = || vec![document("1", "red", "order"), document("2", "red", "order items")];
        let without = search(documents(), "red -order_items");
        assert_eq!(ids(&without), ["1"]);
        assert_eq!(without.hits[0].score, search(documents(), "red -absent").hits[0].score);
        assert_eq!(without.hits[0].matched, [MatchedField::Name]);
    }

    #[test]
    fn preferred_ones_and_then_ids_end_a_tie() {
        let mut documents: Vec<Document> =
            ["d", "b", "c", "a"].iter().map(|id| document(id, "orders", "")).collect();
        documents[2].preferred = true;
        assert_eq!(ids(&search(documents, "orders")), ["c", "a", "b", "d"]);
    }

    #[test]
    fn a_searcher_carries_nothing_from_one_search_to_the_next() {
        let packed = build(&[document("1", "red", "blue")], || false).unwrap();
        let segment = Segment::open(packed.bytes, &packed.layout).unwrap();
        let dead = BTreeSet::new();
        let pieces = [Piece { segment: &segment, buried: &Buried::default(), dead: &dead }];
        let mut searcher = Searcher::new();
        let mut run = |query: &str, interrupt: Interrupt| {
            let page = Page { max_rows: 9, after: None, facets: true };
            searcher.search(
                &pieces,
                &Query::parse(query).unwrap(),
                &Filter::default(),
                &page,
                interrupt,
            )
        };
        let first = run("red", || false).unwrap();
        assert_eq!(run("red blue", || true).unwrap_err().rule, "interrupted");
        run("blue", || false).unwrap();
        assert_eq!(run("red", || false).unwrap().hits, first.hits);
    }
}
