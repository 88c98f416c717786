//! What a search must find, said a second time in plain SQL over the rows.
//!
//! Contents are made of [`WORDS`], which no analysis changes and no typing error connects, so that
//! LIKE can say which entries a query means. A search and its truth are read in one statement, hence
//! under one snapshot: they must agree whatever other sessions have done, flushed or merged.

use postgres::{Client, Error};

use crate::random::Random;

/// Words without an ending to strip, each more than two typing errors away from the others, from
/// [`ITEM_TYPES`], [`TAGS`], and from what else tests write into names.
pub const WORDS: [&str; 12] = [
    "quorvax", "blimdok", "trunzop", "wefgam", "yarnpik", "snolbud", "crivhuk", "dapgrum",
    "folxitz", "ghembop", "jastrul", "klorneb",
];

/// Item types of random entries.
pub const ITEM_TYPES: [&str; 3] = ["table", "column", "view"];

/// Tags of random entries.
pub const TAGS: [&str; 3] = ["red", "blue", "green"];

/// The most rows of one call.
const MAX_ROWS: usize = 100;

/// Rows of a page where matches are read in pages: few, so that there are several.
const PAGE_ROWS: usize = 7;

/// A query, and what it means.
#[derive(Clone, Debug)]
pub struct Question {
    wanted: Vec<String>,
    excluded: Vec<String>,
    item_type: Option<&'static str>,
    tag: Option<&'static str>,
}

impl Question {
    /// One word.
    pub fn word(word: &'static str) -> Self {
        Self { wanted: vec![word.to_owned()], excluded: Vec::new(), item_type: None, tag: None }
    }

    /// Each word by itself.
    pub fn every_word() -> Vec<Self> {
        WORDS.into_iter().map(Self::word).collect()
    }

    /// Words, beginnings of words, exclusions and filters as it comes.
    pub fn random(random: &mut Random) -> Self {
        let mut words: Vec<String> = Vec::new();
        for _ in 0..random.between(1, 4) {
            let whole = *random.pick(&WORDS);
            let word = match random.percent(30) {
                true => format!("{}*", &whole[..random.between(3, whole.len())]),
                false => whole.to_owned(),
            };
            if !words.contains(&word) {
                words.push(word);
            }
        }
        let wanted = random.between(1, words.len());
        Self {
            excluded: words.split_off(wanted),
            wanted: words,
            item_type: random.percent(25).then(|| *random.pick(&ITEM_TYPES)),
            tag: random.percent(25).then(|| *random.pick(&TAGS)),
        }
    }

    /// The query as it is typed.
    fn text(&self) -> String {
        let excluded = self.excluded.iter().map(|word| format!("-{word}"));
        self.wanted.iter().cloned().chain(excluded).collect::<Vec<_>>().join(" ")
    }

    /// A row of VALUES: query, wanted, excluded, item types, tags.
    fn row(&self) -> String {
        let array = |words: &[String]| format!("'{{{}}}'::text[]", words.join(","));
        let filter = |value: Option<&str>| {
            value.map_or("NULL::text[]".to_owned(), |value| array(&[value.to_owned()]))
        };
        format!(
            "('{}', {}, {}, {}, {})",
            self.text(),
            array(&self.wanted),
            array(&self.excluded),
            filter(self.item_type),
            filter(self.tag)
        )
    }
}

/// The statement that reads searches and truths: one row for each question. Words are plain, so they
/// stand in it as they are, and the statement can be that of a cursor as well.
///
/// A search takes entries with all words; if none passes the filters, those with any.
pub fn statement(questions: &[Question]) -> String {
    let rows = questions.iter().map(Question::row).collect::<Vec<_>>().join(",\n           ");
    let page = |rows: usize, cursor: &str| {
        format!(
            "SELECT array_agg(s.id ORDER BY s.rank) AS ids, array_agg(s.score ORDER BY s.rank) AS scores,
                    max(s.total) AS total, bool_or(s.relaxed) AS relaxed,
                    (array_agg(s.cursor ORDER BY s.rank DESC))[1] AS cursor
             FROM flowai.search_catalog(q.query, item_types => q.item_types, tags => q.tags,
                                        max_rows => {rows}, cursor => {cursor}) s"
        )
    };
    format!(
        "SELECT q.query || COALESCE(' item_types ' || q.item_types::text, '') || COALESCE(' tags ' || q.tags::text, ''),
                COALESCE(f.ids, '{{}}'), COALESCE(f.scores, '{{}}'), COALESCE(f.total, 0), COALESCE(f.relaxed, false),
                p.ids, p.scores, g.facets, t.ids, t.relaxed, t.facets
         FROM (VALUES {rows})
              AS q(query, wanted, excluded, item_types, tags)
         CROSS JOIN LATERAL ({first}) f
         -- The same hits, page by page.
         CROSS JOIN LATERAL (
             WITH RECURSIVE page(n, ids, scores, cursor) AS (
                 SELECT 0, '{{}}'::text[], '{{}}'::float8[], NULL::text
                 UNION ALL
                 SELECT b.n + 1, a.ids, a.scores, a.cursor
                 FROM page b CROSS JOIN LATERAL ({next}) a
                 WHERE (b.n = 0 OR b.cursor IS NOT NULL) AND a.ids IS NOT NULL)
             SELECT COALESCE(array_agg(h.id ORDER BY page.n, h.place), '{{}}') AS ids,
                    COALESCE(array_agg(h.score ORDER BY page.n, h.place), '{{}}') AS scores
             FROM page, unnest(page.ids, page.scores) WITH ORDINALITY AS h(id, score, place)) p
         CROSS JOIN LATERAL (
             SELECT COALESCE(array_agg(c.facet || ' ' || c.value || ' ' || c.count ORDER BY c.facet COLLATE \"C\", c.value COLLATE \"C\"), '{{}}') AS facets
             FROM flowai.catalog_facets(q.query, item_types => q.item_types, tags => q.tags) c) g
         CROSS JOIN LATERAL (
             WITH candidate AS (
                 SELECT e.id, e.item_type, e.tags, h.hits = cardinality(q.wanted) AS full_match,
                        bool_or(h.hits = cardinality(q.wanted)) OVER () AS any_full
                 FROM flowai.catalog_entries e
                 CROSS JOIN LATERAL (
                     SELECT count(*) FILTER (WHERE w.word = ANY (q.wanted)) AS hits,
                            count(*) FILTER (WHERE w.word = ANY (q.excluded)) AS bad
                     FROM unnest(q.wanted || q.excluded) AS w(word)
                     WHERE ' ' || e.content || ' ' LIKE '% ' || replace(w.word, '*', '%') || ' %') h
                 WHERE e.workspace_id = flowai.current_workspace() AND h.hits > 0 AND h.bad = 0
                   AND (q.item_types IS NULL OR e.item_type = ANY (q.item_types))
                   AND (q.tags IS NULL OR e.tags @> q.tags)
             ), match AS (SELECT * FROM candidate WHERE full_match OR NOT any_full)
             SELECT COALESCE((SELECT array_agg(m.id ORDER BY m.id) FROM match m), '{{}}') AS ids,
                    COALESCE((SELECT NOT bool_or(m.any_full) FROM match m), false) AS relaxed,
                    COALESCE((SELECT array_agg(v.facet || ' ' || v.value || ' ' || v.count ORDER BY v.facet COLLATE \"C\", v.value COLLATE \"C\")
                              FROM (SELECT 'item_type' AS facet, m.item_type COLLATE \"default\" AS value, count(*) FROM match m GROUP BY 2
                                    UNION ALL
                                    SELECT 'tag', tag, count(*) FROM match m, unnest(m.tags) AS tag GROUP BY 2) v),
                             '{{}}') AS facets) t",
        first = page(MAX_ROWS, "NULL"),
        next = page(PAGE_ROWS, "b.cursor"),
    )
}

/// Where a search does not say what the rows say, in words; nothing if all agree.
pub fn disagreements(client: &mut Client, questions: &[Question]) -> Result<Vec<String>, Error> {
    disagreements_of(client, &statement(questions))
}

/// As [`disagreements`], for SQL that returns the rows of a [`statement`]: a cursor's FETCH, or a
/// statement that does something else as well.
pub fn disagreements_of(client: &mut Client, sql: &str) -> Result<Vec<String>, Error> {
    let mut wrong = Vec::new();
    for row in client.query(sql, &[])? {
        let query: String = row.get(0);
        let (found, scores): (Vec<String>, Vec<f64>) = (row.get(1), row.get(2));
        let (total, relaxed): (i64, bool) = (row.get(3), row.get(4));
        let (paged, paged_scores): (Vec<String>, Vec<f64>) = (row.get(5), row.get(6));
        let facets: Vec<String> = row.get(7);
        let (truth, truth_relaxed): (Vec<String>, bool) = (row.get(8), row.get(9));
        let true_facets: Vec<String> = row.get(10);
        let mut sorted = paged.clone();
        sorted.sort();
        if sorted != truth {
            let missing: Vec<_> = truth.iter().filter(|id| !sorted.contains(id)).collect();
            let surplus: Vec<_> = sorted.iter().filter(|id| !truth.contains(id)).collect();
            wrong.push(format!("{query}: missing {missing:?}, surplus {surplus:?}, found {found:?}, paged {paged:?}"));
        }
        if found.len() != truth.len().min(MAX_ROWS)
            || !paged.starts_with(&found)
            || !paged_scores.starts_with(&scores)
        {
            wrong.push(format!(
                "{query}: {found:?} {scores:?} at once, {paged:?} {paged_scores:?} in pages"
            ));
        }
        if total != truth.len() as i64 {
            wrong.push(format!("{query}: total {total}, true {}", truth.len()));
        }
        if relaxed != truth_relaxed {
            wrong.push(format!("{query}: relaxed {relaxed}, true {truth_relaxed}"));
        }
        if facets != true_facets {
            wrong.push(format!("{query}: facets {facets:?}, true {true_facets:?}"));
        }
        let places: Vec<_> = paged_scores.iter().zip(&paged).collect();
        let in_order = |pair: &[(&f64, &String)]| {
            pair[0].0 > pair[1].0 || pair[0].0 == pair[1].0 && pair[0].1 < pair[1].1
        };
        if !places.windows(2).all(in_order) {
            wrong.push(format!("{query}: not in order {places:?}"));
        }
    }
    Ok(wrong)
}

/// As [`disagreements`] of some words, but of totals alone: for catalogs whose matches are too many to be
/// read.
pub fn wrong_totals(client: &mut Client, words: &[&str]) -> Result<Vec<String>, Error> {
    let rows = client.query(
        "SELECT w.word || ': total ' || COALESCE(s.total, 0) || ', true ' || t.total
         FROM unnest($1::text[]) AS w(word)
         LEFT JOIN LATERAL (SELECT total FROM flowai.search_catalog(w.word, max_rows => 1)) s ON true
         CROSS JOIN LATERAL (
             SELECT count(*) AS total FROM flowai.catalog_entries e
             WHERE e.workspace_id = flowai.current_workspace()
               AND ' ' || e.content || ' ' LIKE '% ' || w.word || ' %') t
         WHERE COALESCE(s.total, 0) <> t.total",
        &[&words],
    )?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// What flowai.search_check finds wrong with the index; nothing if all is well.
pub fn complaints(client: &mut Client) -> Result<Vec<String>, Error> {
    let rows = client.query(
        "SELECT problem || ' ' || subject || ': ' || detail FROM flowai.search_check()",
        &[],
    )?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Everything that searches say, to the last bit, as text that can be compared: of each word by
/// itself, and of queries of every other kind.
pub fn answers(client: &mut Client) -> Vec<String> {
    let queries: Vec<String> = queries();
    let rows = client
        .query(
            "SELECT q.query || ': ' || COALESCE(string_agg((to_jsonb(s) - 'cursor')::text, E'\\n' ORDER BY s.rank), 'nothing')
             FROM unnest($1::text[]) WITH ORDINALITY AS q(query, n)
             LEFT JOIN LATERAL flowai.search_catalog(q.query, max_rows => 100) s ON true
             GROUP BY q.query, q.n ORDER BY q.n",
            &[&queries],
        )
        .expect("search");
    rows.iter().map(|row| row.get(0)).collect()
}

/// Fifty queries: words, several of them, prefixes, typing errors, phrases, exclusions, ids.
fn queries() -> Vec<String> {
    let mut queries: Vec<String> = WORDS.iter().map(|word| (*word).to_owned()).collect();
    for (n, word) in WORDS.iter().enumerate() {
        let next = WORDS[(n + 1) % WORDS.len()];
        let far = WORDS[(n + 5) % WORDS.len()];
        queries.push(match n % 6 {
            0 => format!("{word} {next}"),
            1 => format!("{word} {next} {far}"),
            2 => format!("\"{word} {next}\""),
            3 => format!("{word} -{next}"),
            4 => format!("{word} nowhere {far}"),
            _ => format!("-{word} {next} -{far}"),
        });
        queries.push(format!("{}*", &word[..3 + n % 3]));
        // One letter missing.
        queries.push(format!("{}{} {next}", &word[..3], &word[4..]));
    }
    queries.extend(["entry 7".to_owned(), "e:11".to_owned()]);
    assert_eq!(queries.len(), 50);
    queries
}

/// The first line in which answers differ, with its query; nothing if they are the same.
pub fn difference(before: &[String], after: &[String]) -> Option<String> {
    assert_eq!(before.len(), after.len(), "answers to the same queries");
    let (before, after) = before.iter().zip(after).find(|(before, after)| before != after)?;
    let query = before.lines().next().unwrap_or_default();
    let lines = before.lines().map(Some).chain(std::iter::repeat(None));
    let (first, second) =
        lines.zip(after.lines().map(Some).chain(std::iter::repeat(None))).find(|(a, b)| a != b)?;
    Some(format!("{query}\nbefore: {first:?}\nafter:  {second:?}"))
}

/// An expression: `count` entries with ids `e:FIRST`, `e:FIRST + 1`, ... as catalog_put takes them. The
/// same ids always have the same content.
pub fn entries(first: usize, count: usize) -> String {
    entries_and(first, count, "''")
}

/// As [`entries`], but each with twenty words more that no other entry has: for large segments.
pub fn long_entries(first: usize, count: usize) -> String {
    entries_and(
        first,
        count,
        "(SELECT string_agg(' ' || md5(i || '/' || n), '') FROM generate_series(1, 20) n)",
    )
}

fn entries_and(first: usize, count: usize, more: &str) -> String {
    let words = WORDS.join(",");
    let last = first + count - 1;
    // Multiplications by odd numbers scatter the words over the ids; contents have 1 to 9 of them.
    format!(
        "(SELECT jsonb_agg(jsonb_build_object('id', 'e:' || i, 'itemType', ('{{{types}}}'::text[])[1 + i % 3],
             'name', 'entry ' || i, 'tags', jsonb_build_array(('{{{tags}}}'::text[])[1 + i / 3 % 3]),
             'content', (SELECT string_agg(('{{{words}}}'::text[])[1 + (i * 7919 + n * n * 104729 + i / 12 * n) % 12], ' ' ORDER BY n)
                         FROM generate_series(1, 1 + (i * 31) % 9) n) || {more}) ORDER BY i)
          FROM generate_series({first}, {last}) i)",
        types = ITEM_TYPES.join(","),
        tags = TAGS.join(","),
    )
}

/// How the index of a tenant lies: segments, delta rows, dead rows.
pub fn layout(superuser: &mut Client, tenant: &str) -> (i64, i64, i64) {
    let row = superuser
        .query_one(
            "SELECT (SELECT count(*) FROM flowai_internal.search_segment WHERE tenant_id = $1),
                    (SELECT count(*) FROM flowai_internal.search_delta WHERE tenant_id = $1),
                    (SELECT count(*) FROM flowai_internal.search_dead WHERE tenant_id = $1)",
            &[&tenant],
        )
        .expect("layout");
    (row.get(0), row.get(1), row.get(2))
}
