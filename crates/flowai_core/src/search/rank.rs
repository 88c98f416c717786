//! Documents, scored: one pass over the postings of every term, into an array with a cell per document.
//!
//! Only what was found is scored, see [`matching`](super::matching). Every pass takes the steps of the
//! plan in the same order, so a score is the same sum, to the last bit, however documents are split.

use super::docs::Docs;
use super::matching::{Matches, matches};
use super::plan::{Plan, Source, Step, plan};
use super::postings::{Among, Reader};
use super::query::Query;
use super::schema::FIELDS;
use super::top::{Candidate, Filter, Outcome, Page, Top, choose};
use super::{Interrupt, Piece, guarded};
use crate::error::Result;

/// In the marks of a document, tiers stand above the bits of the fields, a bit for each.
pub(super) const TIER_SHIFT: u32 = 8;

/// What is known of a document so far.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    score: f32,
    /// Matched fields and tiers.
    marks: u32,
}

impl Cell {
    #[inline]
    fn add(&mut self, score: f32, mark: u32) {
        self.score += score;
        self.marks |= mark;
    }

    /// The highest tier, zero for none.
    fn tier(self) -> u32 {
        u32::BITS - (self.marks >> TIER_SHIFT).leading_zeros()
    }
}

/// Searches, and keeps its memory for the next search: 8 bytes for every document of the largest
/// segment.
#[derive(Debug, Default)]
pub struct Searcher {
    cells: Vec<Cell>,
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
            let living: Vec<Docs> = pieces.iter().map(Piece::living).collect();
            let plan = plan(query, pieces, &living, interrupt)?;
            let matches = matches(query, pieces, &living, &plan, filter, interrupt)?;
            let words = query.required.count_ones().max(1) as f32;
            let top = self.rank(pieces, &plan, &matches, words, page, interrupt)?;
            let outcome = choose(pieces, &matches, top, page, interrupt)?;
            Ok(Outcome { highlighter: plan.highlighter, ..outcome })
        })
    }

    /// Scores what matches, and keeps what may be on the page.
    fn rank(
        &mut self,
        pieces: &[Piece<'_>],
        plan: &Plan,
        matches: &Matches,
        words: f32,
        page: &Page,
        interrupt: Interrupt,
    ) -> Result<Vec<Candidate>> {
        let mut top = Top::new(page);
        for (n, (piece, docs)) in pieces.iter().zip(&matches.pieces).enumerate() {
            if page.max_rows == 0 || docs.is_empty() {
                continue;
            }
            let reader = Reader { segment: piece.segment, interrupt };
            self.score(reader, &plan.steps[n], &plan.norms, docs)?;
            for doc in docs.iter() {
                let cell = self.cells[doc as usize];
                let points = cell.score / words;
                if cell.tier() > 0 || top.may_take(points) {
                    top.offer(Candidate::new(n, doc, cell.tier(), points, cell.marks));
                }
            }
        }
        Ok(top.into_candidates())
    }

    /// Runs all steps of a piece over some documents.
    fn score(
        &mut self,
        reader: Reader<'_>,
        steps: &[Step],
        norms: &[[f32; 256]; 4],
        docs: &Docs,
    ) -> Result<()> {
        self.cells.resize(self.cells.len().max(reader.segment.doc_count as usize), Cell::default());
        let cells = &mut self.cells[..];
        docs.iter().for_each(|doc| cells[doc as usize] = Cell::default());
        let among = Among::new(docs);
        // What excludes is worth nothing, and is no match either.
        for step in steps.iter().filter(|step| step.weight > 0.0) {
            let weight = step.weight;
            match &step.source {
                Source::Text { field, .. } | Source::Phrase { field, .. } => {
                    let mark = FIELDS.text[*field].matched.flag();
                    let (lengths, norms) = (&reader.segment.text[*field].lengths, &norms[*field]);
                    reader.each_count(step, among, |doc, occurrences| {
                        let occurrences = occurrences as f32;
                        let norm = norms[usize::from(lengths.fieldnorm_id(doc))];
                        cells[doc as usize].add(weight * occurrences / (occurrences + norm), mark);
                    })?;
                }
                Source::Key { tier, key, .. } => {
                    let tier = tier.checked_sub(1).map_or(0, |n| 1 << (TIER_SHIFT + n));
                    let mark = key.matched().flag() | tier;
                    reader.each_doc(step, among, |doc| cells[doc as usize].add(weight, mark))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::search::{Buried, Document, MatchedField, Segment, build};

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
    fn several_words_are_forgiven_their_spelling_but_not_all() {
        let words = ["customer", "passengers", "departure", "timetable", "revenue"];
        let documents = || vec![document("1", &words.join(" "), ""), document("2", words[1], "")];
        let all = search(documents(), "custumer pasengrs departre timteable");
        assert_eq!((ids(&all), all.relaxed), (vec!["1"], false));
        let more = search(documents(), "custumer pasengrs departre timteable revenve");
        assert_eq!((ids(&more), more.relaxed), (vec!["1", "2"], true));
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
