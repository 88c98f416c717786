//! What must hold of search for any documents, any split of them and any query.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it is built of")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use flowai_core::search::{
    Buried, Document, Filter, Highlighter, Interrupt, Outcome, Packed, Page, Piece, Query,
    Searcher, Segment, SortKey, build, merge,
};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;

const NEVER: Interrupt = || false;
const ALL: usize = 1_000_000;

fn open(packed: Packed) -> Segment {
    Segment::verify(&packed.bytes, &packed.layout, &packed.digest).unwrap();
    Segment::open(packed.bytes, &packed.layout).unwrap()
}

/// Segments over parts of a set of documents, and what is dead in all of them.
struct Index {
    segments: Vec<(Segment, Buried)>,
    dead: BTreeSet<i64>,
}

impl Index {
    fn of(parts: &[Vec<Document>], dead: &BTreeSet<i64>) -> Self {
        Self::built(parts, dead, |_, part| open(build(part, NEVER).unwrap()))
    }

    /// As while somebody writes: every other part was never built.
    fn with_fresh_parts(parts: &[Vec<Document>], dead: &BTreeSet<i64>) -> Self {
        Self::built(parts, dead, |n, part| match n % 2 {
            0 => Segment::of_few(part, NEVER).unwrap(),
            _ => open(build(part, NEVER).unwrap()),
        })
    }

    fn built(
        parts: &[Vec<Document>],
        dead: &BTreeSet<i64>,
        build: impl Fn(usize, &[Document]) -> Segment,
    ) -> Self {
        // Some of the dead are noted beside their segment, others still stand alone.
        let buried_ones = || dead.iter().copied().filter(|version| version % 2 == 0);
        let segments = parts
            .iter()
            .enumerate()
            .map(|(n, part)| {
                let segment = build(n, part);
                let mut buried = Buried::default();
                buried.bury(&segment, buried_ones());
                (segment, buried)
            })
            .collect();
        Self { segments, dead: dead.iter().copied().filter(|version| version % 2 != 0).collect() }
    }

    fn whole(documents: &[Document]) -> Self {
        Self::of(&[documents.to_vec()], &BTreeSet::new())
    }

    fn pieces(&self) -> Vec<Piece<'_>> {
        self.segments
            .iter()
            .map(|(segment, buried)| Piece { segment, buried, dead: &self.dead })
            .collect()
    }

    fn search(
        &self,
        query: &str,
        filter: &Filter,
        max_rows: usize,
        after: Option<SortKey>,
    ) -> Outcome {
        self.search_page(query, filter, &Page { max_rows, after, facets: true })
    }

    fn search_page(&self, query: &str, filter: &Filter, page: &Page) -> Outcome {
        let query = Query::parse(query).unwrap();
        Searcher::new().search(&self.pieces(), &query, filter, page, NEVER).unwrap()
    }

    fn find(&self, query: &str) -> Outcome {
        self.search(query, &Filter::default(), ALL, None)
    }

    fn finds(&self, query: &str, id: &str) -> bool {
        self.find(query).hits.iter().any(|hit| hit.id == id)
    }
}

/// Everything of an outcome that people see, scores to the last bit.
fn seen(outcome: &Outcome) -> impl PartialEq + std::fmt::Debug + use<> {
    (outcome.hits.clone(), outcome.total, outcome.relaxed, outcome.facets.clone())
}

const WORDS: [&str; 16] = [
    "order",
    "orders",
    "items",
    "customer",
    "revenue",
    "delay",
    "dep",
    "airport",
    "the",
    "product",
    "Q4",
    "región",
    "売上高",
    "заказ",
    "monthly",
    "status",
];

fn identifier() -> impl Strategy<Value = String> {
    (vec(select(&WORDS[..]), 1..4), 0..3_u8).prop_map(|(words, style)| match style {
        0 => words.join("_"),
        1 => words.join(" "),
        _ => words
            .iter()
            .map(|word| {
                let mut chars = word.chars();
                chars
                    .next()
                    .into_iter()
                    .flat_map(char::to_uppercase)
                    .chain(chars)
                    .collect::<String>()
            })
            .collect(),
    })
}

fn document() -> impl Strategy<Value = Document> {
    let values = (
        select(&["table", "metric", "column"][..]),
        vec(select(&["gold", "pii", "core area"][..]), 0..3),
        proptest::option::of(select(&["warehouse", "crm"][..])),
        proptest::option::of(select(&["main", "staging"][..])),
        any::<bool>(),
    );
    (identifier(), vec(select(&WORDS[..]), 0..12), values).prop_map(
        |(name, content, (item_type, tags, database_id, schema_name, preferred))| Document {
            qualified_name: schema_name.map(|schema| format!("{schema}.{name}")),
            name,
            item_type: item_type.to_owned(),
            tags: tags.into_iter().map(str::to_owned).collect(),
            database_id: database_id.map(str::to_owned),
            schema_name: schema_name.map(str::to_owned),
            content: content.join(" "),
            preferred,
            ..Document::default()
        },
    )
}

/// Documents with ids and row versions of their own, on both sides of zero.
fn documents(most: usize) -> impl Strategy<Value = Vec<Document>> {
    vec(document(), 1..most).prop_map(|mut documents| {
        let half = documents.len() as i64 / 2;
        for (n, document) in documents.iter_mut().enumerate() {
            document.row_version = (n as i64 - half) * 7;
            document.id = format!("{}:{}#{n}", document.item_type, document.name);
        }
        documents
    })
}

fn query() -> impl Strategy<Value = String> {
    let word = (select(&WORDS[..]), 0..9_u8).prop_map(|(word, form)| match form {
        0 => format!("-{word}"),
        1 => format!("{}*", word.chars().take(3).collect::<String>()),
        2 => format!("\"{word} items\""),
        3 => word.chars().rev().collect(),
        4 => word.chars().skip(1).collect(),
        5 => word.to_uppercase(),
        _ => word.to_owned(),
    });
    vec(word, 1..4).prop_map(|words| words.join(" "))
}

/// Documents in one to eight pieces.
fn split() -> impl Strategy<Value = (Vec<Document>, Vec<Vec<Document>>)> {
    (documents(40), 1..9_usize).prop_flat_map(|(documents, pieces)| {
        vec(0..pieces, documents.len()).prop_map(move |piece_of| {
            let mut parts = vec![Vec::new(); pieces];
            for (document, piece) in documents.iter().zip(piece_of) {
                parts[piece].push(document.clone());
            }
            (documents.clone(), parts)
        })
    })
}

fn filter() -> impl Strategy<Value = Filter> {
    (
        vec(select(&["table", "metric", "nothing"][..]), 0..3),
        vec(select(&["gold", "pii"][..]), 0..2),
        proptest::option::of(select(&["warehouse"][..])),
    )
        .prop_map(|(item_types, tags, database_id)| Filter {
            item_types: item_types.into_iter().map(str::to_owned).collect(),
            tags: tags.into_iter().map(str::to_owned).collect(),
            database_id: database_id.map(str::to_owned),
            schema_name: None,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_split_changes_nothing(
        (documents, parts) in split(),
        queries in vec(query(), 6),
        filter in filter(),
        dead in btree_set(-20..20_i64, 0..10),
    ) {
        let dead: BTreeSet<i64> = dead.into_iter().map(|n| n * 7).collect();
        let one = Index::of(&[documents], &dead);
        let others = [Index::of(&parts, &dead), Index::with_fresh_parts(&parts, &dead)];
        for query in queries {
            for filter in [&Filter::default(), &filter] {
                let one = one.search(&query, filter, ALL, None);
                for many in &others {
                    let many = many.search(&query, filter, ALL, None);
                    prop_assert_eq!(seen(&one), seen(&many), "{}", query);
                    prop_assert_eq!(&one.highlighter, &many.highlighter);
                }
            }
        }
    }

    #[test]
    fn a_merge_keeps_what_lives_and_forgets_the_rest(
        (documents, parts) in split(),
        queries in vec(query(), 6),
        dead in btree_set(-20..20_i64, 0..10),
    ) {
        let dead: BTreeSet<i64> = dead.into_iter().map(|n| n * 7).collect();
        let living: Vec<Document> =
            documents.iter().filter(|d| !dead.contains(&d.row_version)).cloned().collect();
        let split = Index::of(&parts, &dead);
        let merged = open(merge(&split.pieces(), NEVER).unwrap());
        let versions: Vec<i64> = living.iter().map(|document| document.row_version).collect();
        prop_assert_eq!(merged.row_versions(), versions);
        let merged = Index { segments: vec![(merged, Buried::default())], dead: BTreeSet::new() };
        let rebuilt = Index::of(&[living], &BTreeSet::new());
        for query in queries {
            let (split, merged) = (split.find(&query), merged.find(&query));
            prop_assert_eq!(seen(&rebuilt.find(&query)), seen(&merged), "{}", query);
            prop_assert_eq!(seen(&split), seen(&merged), "{}", query);
        }
    }

    #[test]
    fn every_document_is_found_by_what_it_is_called(documents in documents(12), name in "\\PC{1,24}") {
        let mut documents = documents;
        documents[0].name = name;
        let index = Index::whole(&documents);
        for document in &documents {
            prop_assert_eq!(&index.find(&document.id).hits[0].id, &document.id);
            if let Some(qualified_name) = &document.qualified_name {
                prop_assert!(index.finds(qualified_name, &document.id), "{}", qualified_name);
            }
            for word in document.name.split_whitespace() {
                let word = word.trim_matches(|c: char| c.is_ascii_punctuation());
                if word.chars().any(|c| c.is_alphanumeric()) {
                    prop_assert!(index.finds(word, &document.id), "{:?} in {:?}", word, document.name);
                }
            }
        }
    }

    #[test]
    fn no_query_fails(documents in documents(12), query in "(?s).{0,60}", odd in "[-\"*' _a東é\u{0}\u{301}:.(]{0,40}") {
        let index = Index::whole(&documents);
        let fresh = Index::with_fresh_parts(std::slice::from_ref(&documents), &BTreeSet::new());
        for query in [&query, &odd] {
            let outcome = index.find(query);
            prop_assert_eq!(seen(&fresh.find(query)), seen(&outcome));
            prop_assert_eq!(outcome.hits.len() as u64, outcome.total);
            for document in &documents {
                check_snippet(&outcome.highlighter, &document.content, 20)?;
            }
            check_snippet(&outcome.highlighter, query, 10)?;
        }
    }

    #[test]
    fn pages_join_to_the_whole(
        (_, parts) in split(), query in query(), size in 1..7_usize, dead in btree_set(-20..20_i64, 0..10),
    ) {
        let index = Index::of(&parts, &dead.into_iter().map(|n| n * 7).collect());
        let whole = index.find(&query);
        let (mut joined, mut after) = (Vec::new(), None);
        loop {
            let page = index.search(&query, &Filter::default(), size, after);
            prop_assert_eq!(page.total, whole.total);
            prop_assert_eq!(&page.facets, &whole.facets);
            after = page.hits.last().map(|hit| hit.key.clone());
            joined.extend(page.hits);
            if after.is_none() {
                break;
            }
        }
        prop_assert!(joined.windows(2).all(|pair| pair[0].score >= pair[1].score));
        prop_assert_eq!(joined, whole.hits);
    }

    /// Without facets only the best are looked at closely: the same hits all the same.
    #[test]
    fn leaving_facets_away_changes_no_hit(
        (_, parts) in split(), query in query(), size in 1..7_usize, dead in btree_set(-20..20_i64, 0..10),
    ) {
        let index = Index::of(&parts, &dead.into_iter().map(|n| n * 7).collect());
        let with = index.search(&query, &Filter::default(), size, None);
        let page = Page { max_rows: size, after: None, facets: false };
        let without = index.search_page(&query, &Filter::default(), &page);
        prop_assert_eq!(without.hits, with.hits);
        prop_assert_eq!(without.total, with.total);
    }

    #[test]
    fn facets_count_the_matches(documents in documents(30), query in query(), filter in filter()) {
        let index = Index::whole(&documents);
        let outcome = index.search(&query, &filter, ALL, None);
        let by_id: BTreeMap<&str, &Document> = documents.iter().map(|d| (d.id.as_str(), d)).collect();
        let mut tags: BTreeMap<&str, u64> = BTreeMap::new();
        for hit in &outcome.hits {
            let document = by_id[hit.id.as_str()];
            prop_assert!(filter.item_types.is_empty() || filter.item_types.contains(&document.item_type));
            prop_assert!(filter.tags.iter().all(|tag| document.tags.contains(tag)));
            prop_assert!(filter.database_id.is_none() || filter.database_id == document.database_id);
            for tag in document.tags.iter().map(String::as_str).collect::<BTreeSet<_>>() {
                *tags.entry(tag).or_default() += 1;
            }
        }
        let counted: BTreeMap<&str, u64> =
            outcome.facets.tags.iter().map(|facet| (facet.value.as_str(), facet.count)).collect();
        prop_assert_eq!(counted, tags);
    }

    #[test]
    fn the_same_documents_give_the_same_bytes(documents in documents(12)) {
        let mut reversed = documents.clone();
        reversed.reverse();
        prop_assert_eq!(build(&documents, NEVER).unwrap(), build(&reversed, NEVER).unwrap());
    }
}

/// A snippet without its markup is a piece of the text, and no longer than asked.
fn check_snippet(
    highlighter: &Highlighter,
    text: &str,
    max_chars: usize,
) -> Result<(), TestCaseError> {
    let Some(snippet) = highlighter.snippet(text, max_chars) else { return Ok(()) };
    prop_assert!(snippet.contains("<b>"));
    let plain = snippet.replace("<b>", "").replace("</b>", "");
    prop_assert!(!plain.contains(['<', '>', '"']), "{}", plain);
    let plain = plain
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
    let shown = plain.trim_start_matches('…').trim_end_matches('…');
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    prop_assert!(text.contains(shown), "{:?} in {:?}", shown, text);
    prop_assert!(shown.chars().count() <= max_chars.max(text.len()));
    Ok(())
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Most threads seen while Tantivy was at work: it asks whether to stop at every write.
static MOST_THREADS: AtomicUsize = AtomicUsize::new(0);

fn watch_threads() -> bool {
    MOST_THREADS.fetch_max(threads(), Ordering::Relaxed);
    false
}

/// Runs alone in a process of its own, see [`no_thread_is_ever_started`].
#[test]
fn alone_no_thread_is_started() {
    if std::env::var_os("SEARCH_ALONE").is_none() {
        return;
    }
    let before = threads();
    let documents: Vec<Document> = (0..2000)
        .map(|n| Document {
            row_version: n,
            id: format!("table:t{n}"),
            name: format!("order_{n}"),
            content: "the quick brown fox".repeat(20),
            ..Document::default()
        })
        .collect();
    let segments: Vec<Segment> = documents
        .chunks(500)
        .map(|part| {
            let packed = build(part, watch_threads).unwrap();
            Segment::open(packed.bytes, &packed.layout).unwrap()
        })
        .collect();
    let (buried, dead) = (Buried::default(), BTreeSet::from([7, 700]));
    let pieces: Vec<Piece<'_>> =
        segments.iter().map(|segment| Piece { segment, buried: &buried, dead: &dead }).collect();
    let query = Query::parse("quik ord* \"brown fox\"").unwrap();
    let page = Page { max_rows: 10, after: None, facets: true };
    let outcome =
        Searcher::new().search(&pieces, &query, &Filter::default(), &page, watch_threads).unwrap();
    assert_eq!(outcome.total, 1998);
    assert_eq!(merge(&pieces, watch_threads).unwrap().doc_count, 1998);
    assert_eq!(MOST_THREADS.load(Ordering::Relaxed), before);
    assert_eq!(threads(), before);
}

#[test]
fn no_thread_is_ever_started() {
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "alone_no_thread_is_started", "--test-threads=1", "--quiet"])
        .env("SEARCH_ALONE", "1")
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
}

#[test]
fn an_interrupt_stops_every_kind_of_work() {
    let document =
        Document { row_version: 1, id: "a".into(), name: "a".into(), ..Document::default() };
    let index = Index::whole(std::slice::from_ref(&document));
    let query = Query::parse("a").unwrap();
    let errors = [
        build(&[document], || true).map(drop).unwrap_err(),
        merge(&index.pieces(), || true).map(drop).unwrap_err(),
        Searcher::new()
            .search(&index.pieces(), &query, &Filter::default(), &Page::default(), || true)
            .map(drop)
            .unwrap_err(),
    ];
    assert_eq!(errors.map(|error| error.rule), ["interrupted"; 3]);
}
