//! Measures the search of the core against bare Tantivy, on the same entries and questions.
//!
//! Usage: `bench/corpus MOST short | search_bench QUESTIONS`, a question a line. Prints the median and the
//! 95th and 99th percentile in microseconds: ours with all entries in one segment and in eight, and
//! Tantivy's own scorers, that need any of the words and give the ten best without counting the rest.

#![allow(clippy::print_stdout, reason = "what it is for")]

use std::collections::BTreeSet;
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use flowai_core::search::{Buried, Document, Filter, Page, Piece, Query, Searcher, Segment, build};
use tantivy::collector::TopDocs;
use tantivy::query::QueryParser;
use tantivy::schema::{IndexRecordOption, STRING, Schema, TextFieldIndexing, TextOptions};
use tantivy::{Index, TantivyDocument, doc};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Every question is asked so many times; the first time does not count.
const ROUNDS: usize = 40;

fn main() -> Result<()> {
    let path = std::env::args().nth(1).ok_or("usage: search_bench QUESTIONS < CORPUS")?;
    let questions = std::fs::read_to_string(path)?;
    let questions: Vec<&str> = questions.lines().collect();
    let documents = documents()?;
    println!("{} entries, {} questions; median, p95, p99 in us", documents.len(), questions.len());
    for pieces in [1, 8] {
        let times = ours(&documents, pieces, &questions)?;
        report(&format!("ours in {pieces}, top 10 and total"), times);
    }
    report("Tantivy, top 10", tantivys(&documents, &questions)?);
    Ok(())
}

/// The entries of a corpus: id, name, section and content.
fn documents() -> Result<Vec<Document>> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).from_reader(std::io::stdin().lock());
    let mut documents = Vec::new();
    for row in reader.deserialize() {
        let (id, name, section, content): (String, String, String, String) = row?;
        documents.push(Document {
            row_version: documents.len() as i64,
            qualified_name: Some(format!("{section}.{name}")),
            item_type: id.split(':').next().unwrap_or_default().to_owned(),
            tags: vec![section],
            id,
            name,
            content,
            ..Document::default()
        });
    }
    Ok(documents)
}

fn ours(documents: &[Document], pieces: usize, questions: &[&str]) -> Result<Vec<Duration>> {
    let mut segments = Vec::new();
    for chunk in documents.chunks(documents.len().div_ceil(pieces)) {
        let packed = build(chunk, || false)?;
        segments.push(Segment::open(packed.bytes, &packed.layout)?);
    }
    let (buried, dead) = (Buried::default(), BTreeSet::new());
    let pieces: Vec<Piece<'_>> =
        segments.iter().map(|segment| Piece { segment, buried: &buried, dead: &dead }).collect();
    let page = Page { max_rows: 10, after: None, facets: false };
    let mut searcher = Searcher::new();
    time(questions, |question| {
        let query = Query::parse(question)?;
        black_box(searcher.search(&pieces, &query, &Filter::default(), &page, || false)?);
        Ok(())
    })
}

/// Any of the words in any text field, English stems in the content, weighed as ours are.
fn tantivys(documents: &[Document], questions: &[&str]) -> Result<Vec<Duration>> {
    let text = |tokenizer| {
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer(tokenizer)
                .set_index_option(IndexRecordOption::WithFreqs),
        )
    };
    let mut schema = Schema::builder();
    let id = schema.add_text_field("id", STRING);
    let name = schema.add_text_field("name", text("default"));
    let qualified_name = schema.add_text_field("qualified_name", text("default"));
    let tags = schema.add_text_field("tags", text("default"));
    let content = schema.add_text_field("content", text("en_stem"));
    let index = Index::create_in_ram(schema.build());
    let mut writer = index.writer_with_num_threads::<TantivyDocument>(1, 1 << 30)?;
    for document in documents {
        writer.add_document(doc!(
            id => document.id.as_str(),
            name => document.name.as_str(),
            qualified_name => document.qualified_name.as_deref().unwrap_or_default(),
            tags => document.tags.join(" "),
            content => document.content.as_str(),
        ))?;
    }
    writer.commit()?;
    let searcher = index.reader()?.searcher();
    let parser = QueryParser::for_index(&index, vec![name, qualified_name, tags, content]);
    time(questions, |question| {
        let (query, _) = parser.parse_query_lenient(question);
        black_box(searcher.search(&query, &TopDocs::with_limit(10).order_by_score())?);
        Ok(())
    })
}

fn time(questions: &[&str], mut ask: impl FnMut(&str) -> Result<()>) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(questions.len() * ROUNDS);
    for question in questions {
        ask(question)?;
    }
    for _ in 0..ROUNDS {
        for question in questions {
            let started = Instant::now();
            ask(question)?;
            times.push(started.elapsed());
        }
    }
    times.sort_unstable();
    Ok(times)
}

fn report(what: &str, times: Vec<Duration>) {
    let share = |of: usize| times.get(times.len() * of / 100).map_or(0, Duration::as_nanos) as f64;
    let [median, p95, p99] = [50, 95, 99].map(|of| share(of) / 1e3);
    println!("{what:<28} {median:>9.1} {p95:>9.1} {p99:>9.1}");
}
