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

/// The mark of a document that has a word as it was typed.
const TYPED: u32 = 1 << (TIER_SHIFT - 1);

/// What such a document has more than one with nothing but corrected spellings, where both are found.
const TYPED_POINTS: f32 = 500.0;

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
    /// says so. Order: an exact id or qualified name, an exact name, then what has any word as it was
    /// typed, then by score; preferred documents first among equals, and the id ends every tie.
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
        // Where every document has all words, all are corrected alike.
        let favours_typed = matches.relaxed && plan.corrects;
        for (n, (piece, docs)) in pieces.iter().zip(&matches.pieces).enumerate() {
            if page.max_rows == 0 || docs.is_empty() {
                continue;
            }
            let reader = Reader { segment: piece.segment, interrupt };
            self.score(reader, &plan.steps[n], &plan.norms, docs)?;
            for doc in docs.iter() {
                let cell = self.cells[doc as usize];
                let mut points = cell.score / words;
                if favours_typed && cell.marks & TYPED != 0 {
                    points = points.min(TYPED_POINTS) + TYPED_POINTS;
                }
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
                Source::Text { field, .. }
                | Source::Phrase { field, .. }
                | Source::Gathered { field, .. } => {
                    let typed = !matches!(step.source, Source::Gathered { typed: false, .. });
                    let mark = FIELDS.text[*field].matched.flag() | if typed { TYPED } else { 0 };
                    let (lengths, norms) = (&reader.segment.text[*field].lengths, &norms[*field]);
                    reader.each_count(step, among, |doc, occurrences| {
                        let occurrences = occurrences as f32;
                        let norm = norms[usize::from(lengths.fieldnorm_id(doc))];
                        cells[doc as usize].add(weight * occurrences / (occurrences + norm), mark);
                    })?;
                }
                Source::Key { tier, key, .. } => {
                    let tier = tier.checked_sub(1).map_or(0, |n| 1 << (TIER_SHIFT + n));
                    let mark = key.matched().flag() | TYPED | tier;
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
    fn a_prefix_stands_for_every_term_that_begins_so() {
        let letters = || 'a'..='z';
        let names = || letters().flat_map(|a| letters().map(move |b| format!("pq{a}{b}x")));
        let documents = || -> Vec<Document> {
            let others =
                [document("rare", "pqzzzx", "glimmer unitz"), document("no", "p", "unitz")];
            names().map(|name| document(&name, &name, "unitz")).chain(others).collect()
        };
        for (query, total) in [
            ("pq*", 677),
            ("-pq* unitz", 1),
            ("pq* glimmer", 1),
            ("pqz* -pqzz*", 25),
            ("p* pq* pqz* pqzz*", 2),
            ("pqzz* p* -pqzzz* -pqy*", 1),
        ] {
            let outcome = search(documents(), query);
            assert_eq!((outcome.total, outcome.relaxed), (total, false), "{query}");
        }
        // Which of them a document has, and how many, is all the same.
        let outcome = search(documents(), "pqzz*");
        assert_eq!(ids(&outcome), ["pqzzx", "rare"]);
        assert_eq!(outcome.hits[0].score, outcome.hits[1].score);
    }

    /// A hit in each field: among documents that have them all, and where few have any but content.
    #[test]
    fn names_come_before_qualified_names_before_tags_before_content() {
        let in_field = |n: usize, filler: &str| {
            let mut document = document(&format!("in {n}"), filler, filler);
            document.qualified_name = Some(format!("main.{filler}"));
            document.tags = vec![filler.to_owned(), "other tag".to_owned()];
            match n {
                0 => document.name = "quite a long name for something of finance".to_owned(),
                1 => document.qualified_name = Some("finance".to_owned()),
                2 => document.tags = vec!["finance".to_owned()],
                _ => document.content = "finance, finance and finance again".to_owned(),
            }
            document
        };
        let full = |n: usize| in_field(n, "filler");
        let bare =
            |n: usize| document(&format!("bare {n:03}"), "", "nothing to see here but words");
        let mut among_full: Vec<Document> = (0..4).map(full).collect();
        among_full.extend((10..200).map(|n| {
            let mut other = in_field(0, "filler");
            (other.id, other.name) = (format!("other {n}"), "another".to_owned());
            other
        }));
        let mut among_bare: Vec<Document> = (0..4).map(full).collect();
        among_bare.extend((0..2000).map(bare));
        for documents in [among_full, among_bare] {
            let outcome = search(documents, "finance");
            // A qualified name that is the query to the letter is an exact one.
            assert_eq!(ids(&outcome), ["in 1", "in 0", "in 2", "in 3"]);
        }
        let mut qualified = full(1);
        qualified.qualified_name = Some("main.finance".to_owned());
        let documents = (0..200).map(bare).chain([full(0), qualified, full(2), full(3)]);
        assert_eq!(ids(&search(documents.collect(), "finance")), ["in 0", "in 1", "in 2", "in 3"]);
    }

    #[test]
    fn what_was_typed_comes_before_what_was_corrected() {
        let mut documents: Vec<Document> =
            (0..50).map(|n| document(&format!("{n:02}"), "thing", "common ground")).collect();
        documents.push(document("x", "xylophone", ""));
        let outcome = search(documents, "common xylophoen");
        assert_eq!((outcome.total, outcome.relaxed), (51, true));
        assert_eq!(ids(&outcome).last(), Some(&"x"));
    }

    #[test]
    fn numbers_and_short_stems_are_not_forgiven() {
        let documents = || {
            vec![
                document("1", "report 2024", "a car is running"),
                document("2", "another", "the laws of guns"),
            ]
        };
        for query in ["2023", "cats", "buns"] {
            assert_eq!(search(documents(), query).total, 0, "{query}");
        }
        assert!(search(documents(), "report 2023").relaxed);
        assert_eq!(ids(&search(documents(), "runing")), ["1"]);
    }

    #[test]
    fn words_inside_of_a_run_are_found_where_none_are_written_apart() {
        let documents = || {
            vec![
                document("th", "x", "รายงานวิเคราะห์ยอดขายรายเดือน"),
                document("ko", "x", "매출을 분석합니다"),
                document("zh", "x", "销售数据分析"),
                document("ja", "x", "売上レポート"),
            ]
        };
        for (query, id) in [
            ("วิเคราะห์", "th"),
            ("ยอดขาย", "th"),
            ("분석", "ko"),
            ("数据", "zh"),
            ("レポート", "ja"),
        ] {
            assert_eq!(ids(&search(documents(), query)), [id], "{query}");
        }
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
