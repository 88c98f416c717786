//! Searches: what the pieces of a scope answer, with what the rows say.

use std::cell::RefCell;
use std::collections::HashMap;

use flowai_core::name::{shorten, within};
use flowai_core::search::{Cursors, Filter, Highlighter, Outcome, Page, Query, Searcher};
use flowai_core::{Error, Kind, Result};

use super::cache;
use super::maintain::is_missing;
use super::manifest::Manifest;
use super::pieces::Pieces;
use crate::pg::interrupt;
use crate::pg::spi::{self, Snapshot, args};
use crate::store::catalog::Scope;

const HYDRATE: &str = "
    SELECT e.row_version, e.item_type, e.name, e.qualified_name, e.content
    FROM flowai.catalog_entries e
    WHERE e.tenant_id = $1 AND e.workspace_id = $2 AND e.row_version = ANY ($3)";

const SNIPPET_CHARS: usize = 240;
const MAX_ROWS: i32 = 100;

/// A hit with what its row says.
pub(crate) struct Hit {
    pub(crate) id: String,
    pub(crate) item_type: String,
    pub(crate) name: String,
    pub(crate) qualified_name: String,
    pub(crate) score: f64,
    pub(crate) matched: Vec<String>,
    pub(crate) snippet: Option<String>,
    /// Where the next page begins.
    pub(crate) cursor: String,
}

/// A page of hits.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) hits: Vec<Hit>,
    pub(crate) total: i64,
    /// No entry had all words.
    pub(crate) relaxed: bool,
}

/// A value that entries have, and how many of all matches have it.
pub(crate) struct Facet {
    pub(crate) facet: &'static str,
    pub(crate) value: String,
    pub(crate) count: i64,
}

thread_local! {
    static SEARCHER: RefCell<Searcher> = RefCell::new(Searcher::new());
}

/// Searches the scope in force under the caller's snapshot.
pub(crate) fn search(
    query: &str,
    filter: &Filter,
    max_rows: Option<i32>,
    cursor: Option<&str>,
) -> Result<Found> {
    let scope = Scope::current()?;
    let max_rows = max_rows.ok_or_else(|| Error::missing("max_rows"))?;
    within("max_rows", max_rows, 1, MAX_ROWS)?;
    let cursors = Cursors::new(&[&scope.tenant, &scope.workspace], query, filter);
    let after = cursor.map(|cursor| cursors.read(cursor)).transpose()?;
    let page = Page { max_rows: max_rows as usize, after, facets: false };
    let Some(outcome) = matches(&scope, query, filter, &page)? else {
        return Ok(Found::default());
    };
    let (total, relaxed) = (outcome.total as i64, outcome.relaxed);
    Ok(Found { hits: hydrate(&scope, outcome, &cursors)?, total, relaxed })
}

/// Counts values over all matches of a query.
pub(crate) fn facets(query: &str, filter: &Filter) -> Result<Vec<Facet>> {
    let page = Page { max_rows: 0, after: None, facets: true };
    let Some(outcome) = matches(&Scope::current()?, query, filter, &page)? else {
        return Ok(Vec::new());
    };
    let facets = outcome.facets;
    let kinds = [
        ("item_type", facets.item_types),
        ("tag", facets.tags),
        ("schema_name", facets.schema_names),
        ("database_id", facets.database_ids),
    ];
    let of_kind = |(facet, values): (&'static str, Vec<flowai_core::search::Facet>)| {
        values.into_iter().map(move |f| Facet { facet, value: f.value, count: f.count as i64 })
    };
    Ok(kinds.into_iter().flat_map(of_kind).collect())
}

/// What the index answers; nothing for a query that asks for nothing.
fn matches(scope: &Scope, query: &str, filter: &Filter, page: &Page) -> Result<Option<Outcome>> {
    let query = Query::parse(query)?;
    if query.is_blank() {
        return Ok(None);
    }
    let manifest = Manifest::read(scope, Snapshot::Caller)?;
    if manifest.is_empty() && is_missing(scope, 0, Snapshot::Caller)? {
        return Err(Error::new(
            Kind::WrongState,
            "search_index_there",
            format!("the search index of workspace \"{}\" is missing", scope.workspace),
        )
        .detail("There are entries, but they were restored without their index, or it was deleted.")
        .hint("Build it with flowai.search_rebuild()."));
    }
    let pieces = Pieces::gather(scope, &manifest)?;
    let outcome = SEARCHER.with_borrow_mut(|searcher| {
        searcher.search(&pieces.list(), &query, filter, page, interrupt::pending)
    });
    if outcome.as_ref().is_err_and(|error| error.rule == "search_segment_unreadable") {
        // What failed once is read anew the next time.
        cache::forget_all();
    }
    interrupt::raise_if_interrupted(outcome).map(Some)
}

struct Row {
    item_type: String,
    name: String,
    qualified_name: String,
    snippet: Option<String>,
}

/// Hits with their rows, which row-level security may still hold back.
fn hydrate(scope: &Scope, outcome: Outcome, cursors: &Cursors) -> Result<Vec<Hit>> {
    let versions: Vec<i64> = outcome.hits.iter().map(|hit| hit.row_version).collect();
    if versions.is_empty() {
        return Ok(Vec::new());
    }
    let highlighter = outcome.highlighter;
    let mut rows: HashMap<i64, Row> =
        spi::read(HYDRATE, args![&*scope.tenant, scope.workspace.as_str(), versions], |row| {
            let (name, qualified_name): (String, String) = (row.need(3)?, row.need(4)?);
            let snippet = snippet(&highlighter, [row.need_text(5)?, &name, &qualified_name]);
            Ok((row.need(1)?, Row { item_type: row.need(2)?, name, qualified_name, snippet }))
        })?
        .into_iter()
        .collect();
    let hit = |hit: flowai_core::search::Hit| {
        let row = rows.remove(&hit.row_version)?;
        Some(Hit {
            cursor: cursors.write(&hit.key),
            id: hit.id,
            item_type: row.item_type,
            name: row.name,
            qualified_name: row.qualified_name,
            score: hit.score,
            matched: hit.matched.iter().map(|field| field.name().to_owned()).collect(),
            snippet: row.snippet,
        })
    };
    Ok(outcome.hits.into_iter().filter_map(hit).collect())
}

/// From the first of the texts that has one.
fn snippet(highlighter: &Highlighter, texts: [&str; 3]) -> Option<String> {
    texts.into_iter().find_map(|text| highlighter.snippet(text, SNIPPET_CHARS))
}

/// The filter of a call: blank values are errors rather than filters that nothing passes.
pub(crate) fn filter(
    item_types: Option<Vec<Option<String>>>,
    tags: Option<Vec<Option<String>>>,
    database_id: Option<String>,
    schema_name: Option<String>,
) -> Result<Filter> {
    let list = |argument: &str, values: Option<Vec<Option<String>>>| {
        values
            .unwrap_or_default()
            .into_iter()
            .map(|value| {
                value.filter(|v| !v.trim().is_empty()).ok_or_else(|| {
                    Error::invalid(
                        "filter_value",
                        format!("argument \"{argument}\" has a blank element"),
                    )
                    .hint("Leave the element away, or pass a value.")
                })
            })
            .collect::<Result<Vec<_>>>()
    };
    let one = |argument: &str, value: Option<String>| match value {
        Some(v) if v.trim().is_empty() => Err(Error::invalid(
            "filter_value",
            format!("argument \"{argument}\" is blank: \"{}\"", shorten(&v)),
        )
        .hint("Leave the argument away, or pass a value.")),
        other => Ok(other),
    };
    Ok(Filter {
        item_types: list("item_types", item_types)?,
        tags: list("tags", tags)?,
        database_id: one("database_id", database_id)?,
        schema_name: one("schema_name", schema_name)?,
    })
}
