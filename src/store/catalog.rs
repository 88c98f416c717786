//! Catalog entries and their relations.

use std::collections::{HashMap, HashSet};

use flowai_core::catalog::{self, Entry};
use flowai_core::name::{shorten, within};
use flowai_core::paths::{self, End, MAX_HOPS, MAX_PATHS, MAX_RELATIONS, Path, Relation};
use flowai_core::{Error, Kind, Result};

use super::search;
use crate::pg::jsonb::{Jsonb, Stored};
use crate::pg::spi::{self, args};
use crate::pg::{clock, guc, random, tenant};

type Time = pgrx::datum::TimestampWithTimeZone;

/// Rows in order of id, so that two calls with the same entries cannot deadlock. `tags` travel as one
/// text per row, because arrays of different length make no array of arrays; tags have no control
/// characters.
macro_rules! insert_entries {
    () => {
        "INSERT INTO flowai.catalog_entries AS e
             (tenant_id, workspace_id, id, item_type, name, qualified_name, content, tags, metadata,
              content_hash, version, row_version, created_at, updated_at)
         SELECT $1, $2, i.id, i.item_type, i.name, i.qualified_name, i.content,
                pg_catalog.string_to_array(i.tags, E'\\x1f'), i.metadata::pg_catalog.jsonb,
                i.content_hash, 1, i.row_version, $12, $12
         FROM ROWS FROM (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[]),
                         pg_catalog.unnest($5::text[]), pg_catalog.unnest($6::text[]),
                         pg_catalog.unnest($7::text[]), pg_catalog.unnest($8::text[]),
                         pg_catalog.unnest($9::text[]), pg_catalog.unnest($10::bytea[]),
                         pg_catalog.unnest($11::bigint[]))
              AS i(id, item_type, name, qualified_name, content, tags, metadata, content_hash, row_version)
         ORDER BY i.id COLLATE \"C\" "
    };
}

/// An entry as `catalog_put` takes it: the row `e` of the tenant `$1` and the workspace `$2`.
macro_rules! entry_as_put {
    () => {
        "pg_catalog.jsonb_build_array(
             pg_catalog.jsonb_build_object(
                 'id', e.id, 'itemType', e.item_type, 'name', e.name,
                 'qualified_name', e.qualified_name, 'content', e.content, 'tags', e.tags,
                 'metadata', e.metadata, 'related', COALESCE(
                     (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                                 'id', r.to_id, 'kind', r.kind, 'properties', r.properties))
                      FROM flowai.catalog_relations r
                      WHERE r.tenant_id = $1 AND r.workspace_id = $2 AND r.from_id = e.id),
                     '[]')))::text"
    };
}
pub(super) use entry_as_put;

/// A writer that waited for another one does not turn the entry's clock back.
const PUT: &str = concat!(
    insert_entries!(),
    "ON CONFLICT (tenant_id, workspace_id, id) DO UPDATE SET
         item_type = excluded.item_type, name = excluded.name,
         qualified_name = excluded.qualified_name, content = excluded.content, tags = excluded.tags,
         metadata = excluded.metadata, content_hash = excluded.content_hash,
         version = e.version + 1, row_version = excluded.row_version, superseded = e.row_version,
         updated_at = GREATEST(e.updated_at, excluded.updated_at)
     WHERE e.content_hash <> excluded.content_hash
     RETURNING e.id, e.version, e.row_version, e.superseded"
);

const HOLD: &str = "
    SELECT FROM flowai.catalog_entries WHERE tenant_id = $1 AND workspace_id = $2 AND id = ANY ($3)
    ORDER BY id FOR UPDATE";

const INSERT: &str = concat!(insert_entries!(), "ON CONFLICT DO NOTHING");

/// The first of the ids whose row is not the one that INSERT wanted to write.
const NOT_INSERTED: &str = "
    SELECT i.id FROM ROWS FROM (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::bigint[]))
                     WITH ORDINALITY AS i(id, row_version, n)
    WHERE NOT EXISTS (SELECT FROM flowai.catalog_entries e
                      WHERE e.tenant_id = $1 AND e.workspace_id = $2 AND e.id = i.id
                        AND e.row_version = i.row_version)
    ORDER BY i.n LIMIT 1";

/// Locks in order of id, like a write.
const LOCK: &str = "
    SELECT id, version, created_at FROM flowai.catalog_entries
    WHERE tenant_id = $1 AND workspace_id = $2 AND id = ANY ($3)
    ORDER BY id FOR UPDATE";

const VERSIONS: &str = "
    SELECT id, version FROM flowai.catalog_entries
    WHERE tenant_id = $1 AND workspace_id = $2 AND id = ANY ($3)";

const DELETE: &str = "
    DELETE FROM flowai.catalog_entries
    WHERE tenant_id = $1 AND workspace_id = $2 AND id = ANY ($3)
    RETURNING id, row_version";

const DELETE_EDGES: &str = "
    DELETE FROM flowai.catalog_relations
    WHERE tenant_id = $1 AND workspace_id = $2 AND from_id = ANY ($3)";

const INSERT_EDGES: &str = "
    INSERT INTO flowai.catalog_relations (tenant_id, workspace_id, from_id, kind, to_id, properties)
    SELECT $1, $2, i.from_id, i.kind, i.to_id, i.properties::pg_catalog.jsonb
    FROM ROWS FROM (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[]),
                    pg_catalog.unnest($5::text[]), pg_catalog.unnest($6::text[]))
         AS i(from_id, kind, to_id, properties)";

/// Replaces of a workspace take turns: each deletes what it sees and was not given, and two that do not
/// see each other would leave the union. The row is written and not only locked, so that under
/// REPEATABLE READ the second one fails instead of going on with its old snapshot.
const TAKE_TURN: &str = "
    INSERT INTO flowai_internal.catalog_replaces AS r (tenant_id, workspace_id, replaced_at)
    VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, workspace_id) DO UPDATE SET replaced_at = excluded.replaced_at";

/// Deletes what `catalog_replace` was not given: of the data source or item type, if one is named. The
/// condition is part of the DELETE, so that an entry that moves away meanwhile stays. NOT IN, because it
/// is hashed whatever the planner thinks of the tenant's size; NOT EXISTS may become a nested loop.
const DELETE_OTHERS: &str = "
    DELETE FROM flowai.catalog_entries e
    WHERE e.tenant_id = $1 AND e.workspace_id = $2
      AND ($3 IS NULL OR e.metadata ->> 'databaseId' = $3)
      AND ($4 IS NULL OR e.item_type = $4)
      AND e.id NOT IN (SELECT kept.id FROM pg_catalog.unnest($5::text[]) AS kept(id))
    RETURNING e.id, e.row_version";

const GET: &str = "
    SELECT e.id, e.item_type, e.name, e.qualified_name, e.content, e.tags, e.metadata, e.version,
           COALESCE((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                            'id', r.to_id, 'kind', r.kind, 'properties', r.properties)
                            ORDER BY r.kind, r.to_id)
                     FROM flowai.catalog_relations r
                     WHERE r.tenant_id = $1 AND r.workspace_id = $2 AND r.from_id = e.id), '[]')
    FROM flowai.catalog_entries e
    WHERE e.tenant_id = $1 AND e.workspace_id = $2 AND e.id = ANY ($3)";

const NEIGHBOURS: &str = "
    SELECT r.from_id, r.kind, r.to_id, true FROM flowai.catalog_relations r
    WHERE $5 AND r.tenant_id = $1 AND r.workspace_id = $2 AND r.from_id = ANY ($3)
      AND ($4 IS NULL OR r.kind = ANY ($4))
    UNION ALL
    SELECT r.to_id, r.kind, r.from_id, false FROM flowai.catalog_relations r
    WHERE $6 AND r.tenant_id = $1 AND r.workspace_id = $2 AND r.to_id = ANY ($3)
      AND ($4 IS NULL OR r.kind = ANY ($4))
    LIMIT $7";

const KNOWN: &str = "
    SELECT id FROM flowai.catalog_entries
    WHERE tenant_id = $1 AND workspace_id = $2 AND id = ANY ($3)";

/// What a write did to one entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Inserted,
    Updated,
    Unchanged,
    Deleted,
}

impl Outcome {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Inserted => "inserted",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
        }
    }
}

/// One entry's outcome.
pub(crate) struct Written {
    pub(crate) id: String,
    pub(crate) outcome: Outcome,
    pub(crate) version: Option<i64>,
}

/// An entry as the reading tools show it; `None` in `entry` for an id that is not there.
pub(crate) struct Found {
    pub(crate) id: String,
    pub(crate) entry: Option<Row>,
}

/// An entry's row.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) item_type: String,
    pub(crate) name: String,
    pub(crate) qualified_name: String,
    pub(crate) content: String,
    pub(crate) tags: Vec<String>,
    pub(crate) metadata: Stored,
    pub(crate) version: i64,
    pub(crate) related: Stored,
}

/// The tenant and workspace that a call works in.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) tenant: std::rc::Rc<str>,
    pub(crate) workspace: String,
}

impl Scope {
    /// The scope in force, or the error that says why there is none.
    pub(crate) fn current() -> Result<Self> {
        Ok(Self { tenant: tenant::required()?, workspace: guc::workspace() })
    }
}

/// Inserts, updates or leaves alone each entry; outcomes in the order given. All or nothing.
pub(crate) fn put(entries: Option<Jsonb>) -> Result<Vec<Written>> {
    let scope = Scope::current()?;
    let entries = catalog::parse(entries.ok_or_else(|| Error::missing("entries"))?.text())?;
    put_parsed(&scope, &entries, clock::now())
}

/// `put`, then deletes what the set lacks of a data source, of an item type, or of the workspace.
pub(crate) fn replace(
    entries: Option<Jsonb>,
    database_id: Option<&str>,
    item_type: Option<&str>,
) -> Result<Vec<Written>> {
    let scope = Scope::current()?;
    let entries = catalog::parse(entries.ok_or_else(|| Error::missing("entries"))?.text())?;
    for entry in &entries {
        let fits = database_id.is_none_or(|d| entry.database_id() == Some(d))
            && item_type.is_none_or(|t| entry.item_type == t);
        if !fits {
            return Err(Error::invalid("replace_scope", format!("entry \"{}\" is outside of what is replaced", shorten(&entry.id)))
                .detail("Each entry must have the metadata.databaseId and the itemType that the call names.")
                .hint("Leave the argument away, or give the entry with flowai.catalog_put."));
        }
    }
    let now = clock::now();
    spi::run(TAKE_TURN, args![&*scope.tenant, scope.workspace.as_str(), now])?;
    let mut written = put_parsed(&scope, &entries, now)?;
    let kept: Vec<String> = entries.iter().map(|e| e.id.clone()).collect();
    let mut gone: Vec<(String, i64)> = spi::write(
        DELETE_OTHERS,
        args![&*scope.tenant, scope.workspace.as_str(), database_id, item_type, kept],
        |row| Ok((row.need(1)?, row.need(2)?)),
    )?;
    gone.sort();
    forget(&scope, &gone)?;
    written.extend(gone.into_iter().map(|(id, _)| Written {
        id,
        outcome: Outcome::Deleted,
        version: None,
    }));
    Ok(written)
}

/// Deletes entries with the edges that leave them; tells of each id whether it was there.
pub(crate) fn delete(ids: Option<Vec<Option<String>>>) -> Result<Vec<(String, bool)>> {
    let scope = Scope::current()?;
    delete_in(&scope, given_ids(ids)?)
}

fn given_ids(ids: Option<Vec<Option<String>>>) -> Result<Vec<String>> {
    given("ids", ids.ok_or_else(|| Error::missing("ids"))?)
}

/// The elements of an array, of which none may be NULL.
fn given(argument: &'static str, values: Vec<Option<String>>) -> Result<Vec<String>> {
    values.into_iter().map(|value| value.ok_or_else(|| Error::missing(argument))).collect()
}

pub(super) fn delete_in(scope: &Scope, ids: Vec<String>) -> Result<Vec<(String, bool)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
    let gone: Vec<(String, i64)> =
        spi::write(DELETE, args![tenant, workspace, ids.clone()], |row| {
            Ok((row.need(1)?, row.need(2)?))
        })?;
    forget(scope, &gone)?;
    let gone: HashSet<String> = gone.into_iter().map(|(id, _)| id).collect();
    Ok(ids
        .into_iter()
        .map(|id| {
            let was = gone.contains(&id);
            (id, was)
        })
        .collect())
}

/// Takes deleted entries out of relations and search.
fn forget(scope: &Scope, gone: &[(String, i64)]) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let (ids, row_versions): (Vec<String>, Vec<i64>) = gone.iter().cloned().unzip();
    spi::run(DELETE_EDGES, args![&*scope.tenant, scope.workspace.as_str(), ids])?;
    search::write(scope, std::iter::empty(), row_versions)
}

/// The arguments of a statement that begins with `insert_entries`.
fn arguments(scope: &Scope, entries: &[Entry], row_versions: &[i64], at: Time) -> spi::Args {
    fn column(entries: &[Entry], field: fn(&Entry) -> &str) -> Vec<&str> {
        entries.iter().map(field).collect()
    }
    args![
        &*scope.tenant,
        scope.workspace.as_str(),
        column(entries, |e| &e.id),
        column(entries, |e| &e.item_type),
        column(entries, |e| &e.name),
        column(entries, |e| &e.qualified_name),
        column(entries, |e| &e.content),
        entries.iter().map(|e| e.tags.join("\u{1f}")).collect::<Vec<_>>(),
        entries.iter().map(Entry::metadata_text).collect::<Vec<_>>(),
        entries.iter().map(|e| e.content_hash().to_vec()).collect::<Vec<_>>(),
        row_versions.to_vec(),
        at,
    ]
}

fn new_row_versions(entries: &[Entry]) -> Result<Vec<i64>> {
    entries.iter().map(|_| random::bytes().map(i64::from_le_bytes)).collect()
}

fn hold_what_is_seen(scope: &Scope, entries: &[Entry]) -> Result<()> {
    spi::hold_what_is_seen(HOLD, || {
        let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
        args![&*scope.tenant, scope.workspace.as_str(), ids]
    })
}

/// Inserts entries that must be new.
pub(super) fn insert_new(scope: &Scope, entries: &[Entry], at: Time) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    hold_what_is_seen(scope, entries)?;
    let row_versions = new_row_versions(entries)?;
    let inserted = spi::run(INSERT, arguments(scope, entries, &row_versions, at))?;
    if inserted < entries.len() as u64 {
        let ids: Vec<&str> = entries.iter().map(|e| e.id.as_str()).collect();
        let taken = spi::write_one(
            NOT_INSERTED,
            args![&*scope.tenant, scope.workspace.as_str(), ids, row_versions],
            |row| row.need::<String>(1),
        )?;
        return Err(already_exists(&taken.unwrap_or_default()));
    }
    write_edges(scope, &entries.iter().collect::<Vec<_>>(), |_| false)?;
    search::write(scope, row_versions.into_iter().zip(entries), Vec::new())
}

pub(super) fn already_exists(id: &str) -> Error {
    Error::new(
        Kind::AlreadyExists,
        "entry_new",
        format!("entry \"{}\" already exists", shorten(id)),
    )
    .hint("UPDATE it, or write with flowai.catalog_put, which does either.")
}

/// An entry as a statement has read it. The version alone does not tell it from one of the same id that
/// was deleted and inserted again.
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) created_at: Time,
}

/// Locks entries, which must still be those that were seen.
pub(super) fn lock_seen(scope: &Scope, seen: &[Seen]) -> Result<()> {
    if seen.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = seen.iter().map(|s| s.id.as_str()).collect();
    let now: HashMap<String, (i64, i64)> =
        spi::write(LOCK, args![&*scope.tenant, scope.workspace.as_str(), ids], |row| {
            Ok((row.need(1)?, (row.need(2)?, clock::micros(&row.need(3)?))))
        })?
        .into_iter()
        .collect();
    let same = |s: &&Seen| now.get(&s.id) == Some(&(s.version, clock::micros(&s.created_at)));
    match seen.iter().find(|s| !same(s)) {
        None => Ok(()),
        Some(changed) => Err(Error::new(
            Kind::Stale,
            "entry_version",
            format!("entry \"{}\" was changed by another transaction", shorten(&changed.id)),
        )
        .detail("It is not the version that this statement has read.")
        .hint("Run the transaction again.")),
    }
}

pub(super) fn put_parsed(scope: &Scope, entries: &[Entry], at: Time) -> Result<Vec<Written>> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    struct Changed {
        version: i64,
        row_version: i64,
        superseded: Option<i64>,
    }
    let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
    hold_what_is_seen(scope, entries)?;
    let row_versions = new_row_versions(entries)?;
    let changed: HashMap<String, Changed> =
        spi::write(PUT, arguments(scope, entries, &row_versions, at), |row| {
            let changed = Changed {
                version: row.need(2)?,
                row_version: row.need(3)?,
                superseded: row.get(4),
            };
            Ok((row.need(1)?, changed))
        })?
        .into_iter()
        .collect();

    let unchanged: Vec<String> =
        entries.iter().filter(|e| !changed.contains_key(&e.id)).map(|e| e.id.clone()).collect();
    let versions: HashMap<String, i64> = if unchanged.is_empty() {
        HashMap::new()
    } else {
        spi::write(VERSIONS, args![tenant, workspace, unchanged], |row| {
            Ok((row.need(1)?, row.need(2)?))
        })?
        .into_iter()
        .collect()
    };

    let fresh = || entries.iter().filter_map(|e| changed.get(&e.id).map(|c| (e, c)));
    write_edges(scope, &fresh().map(|(e, _)| e).collect::<Vec<_>>(), |e| {
        changed.get(&e.id).is_some_and(|c| c.superseded.is_some())
    })?;
    let died: Vec<i64> = fresh().filter_map(|(_, c)| c.superseded).collect();
    search::write(scope, fresh().map(|(e, c)| (c.row_version, e)), died)?;

    Ok(entries
        .iter()
        .map(|e| match changed.get(&e.id) {
            Some(c) => Written {
                id: e.id.clone(),
                outcome: if c.superseded.is_some() { Outcome::Updated } else { Outcome::Inserted },
                version: Some(c.version),
            },
            None => Written {
                id: e.id.clone(),
                outcome: Outcome::Unchanged,
                version: versions.get(&e.id).copied(),
            },
        })
        .collect())
}

/// Edges belong to the entry that they leave: an effective write of the entry states them all.
fn write_edges(scope: &Scope, entries: &[&Entry], existed: impl Fn(&Entry) -> bool) -> Result<()> {
    let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
    let restated: Vec<String> =
        entries.iter().filter(|e| existed(e)).map(|e| e.id.clone()).collect();
    if !restated.is_empty() {
        spi::run(DELETE_EDGES, args![tenant, workspace, restated])?;
    }
    let edges: Vec<_> = entries
        .iter()
        .flat_map(|e| {
            e.related.iter().map(|((kind, to), properties)| (&e.id, kind, to, properties))
        })
        .collect();
    if edges.is_empty() {
        return Ok(());
    }
    spi::run(
        INSERT_EDGES,
        args![
            tenant,
            workspace,
            edges.iter().map(|e| e.0.clone()).collect::<Vec<_>>(),
            edges.iter().map(|e| e.1.clone()).collect::<Vec<_>>(),
            edges.iter().map(|e| e.2.clone()).collect::<Vec<_>>(),
            edges.iter().map(|e| catalog::text_of(e.3)).collect::<Vec<_>>(),
        ],
    )?;
    Ok(())
}

/// Entries by id, in the order given, with those that are not there.
pub(crate) fn get(ids: Vec<Option<String>>) -> Result<Vec<Found>> {
    let scope = Scope::current()?;
    let ids = given_ids(Some(ids))?;
    bounded("ids", ids.len(), 1000)?;
    let rows: HashMap<String, Row> =
        spi::read(GET, args![&*scope.tenant, scope.workspace.as_str(), ids.clone()], |row| {
            let entry = Row {
                item_type: row.need(2)?,
                name: row.need(3)?,
                qualified_name: row.need(4)?,
                content: row.need(5)?,
                tags: row.need(6)?,
                metadata: row.transfer(7)?,
                version: row.need(8)?,
                related: row.transfer(9)?,
            };
            Ok((row.need(1)?, entry))
        })?
        .into_iter()
        .collect();
    Ok(ids.into_iter().map(|id| Found { entry: rows.get(&id).cloned(), id }).collect())
}

fn bounded(what: &'static str, count: usize, most: usize) -> Result<()> {
    if count > most {
        return Err(Error::too_large(
            "argument_count",
            format!("argument \"{what}\" has too many elements"),
        )
        .detail(format!("It has {count}; the limit is {most}."))
        .hint("Ask in several calls."));
    }
    Ok(())
}

/// Shortest paths first, ties by ids and then kinds; no path visits an entry twice. Also tells whether there
/// is no other within the hops asked for.
///
/// One statement per hop fetches the neighbours of all ends at once. A recursive query would have to
/// enumerate every path before it could order them. A search that stops at its limit and has found
/// nothing is an error: no rows would be a claim.
pub(crate) fn paths_between(
    from: &str,
    to: &str,
    max_hops: Option<i32>,
    kinds: Option<Vec<Option<String>>>,
    directed: Option<bool>,
    max_paths: Option<i32>,
) -> Result<(Vec<Path>, bool)> {
    let scope = Scope::current()?;
    let max_hops = max_hops.ok_or_else(|| Error::missing("max_hops"))?;
    within("max_hops", max_hops, 1, MAX_HOPS)?;
    let directed = directed.ok_or_else(|| Error::missing("directed"))?;
    let max_paths = max_paths.ok_or_else(|| Error::missing("max_paths"))?;
    within("max_paths", max_paths, 1, MAX_PATHS)?;
    let kinds = kinds.map(|kinds| given("kinds", kinds)).transpose()?;
    let kinds = kinds.filter(|kinds| !kinds.is_empty());
    let (tenant, workspace) = (&*scope.tenant, scope.workspace.as_str());
    let ends = vec![from.to_owned(), to.to_owned()];
    let known: Vec<String> =
        spi::read(KNOWN, args![tenant, workspace, ends.clone()], |row| row.need(1))?;
    if let Some(missing) = ends.iter().find(|id| !known.contains(id)) {
        return Err(Error::new(
            Kind::NotFound,
            "entry_found",
            format!("entry \"{}\" is not found", shorten(missing)),
        )
        .hint("Find ids with flowai.search_catalog(query)."));
    }
    let mut search = paths::Search::new(from, to, max_hops as usize, max_paths as usize);
    while let Some((end, ids)) = search.asks() {
        let (outward, inward) = match end {
            End::First => (true, !directed),
            End::Last => (!directed, true),
        };
        let limit = search.may_read() as i64 + 1;
        let relations = spi::read(
            NEIGHBOURS,
            args![tenant, workspace, ids, kinds.clone(), outward, inward, limit],
            |row| {
                Ok(Relation {
                    at: row.need(1)?,
                    kind: row.need(2)?,
                    neighbour: row.need(3)?,
                    outward: row.need(4)?,
                })
            },
        )?;
        search.learn(end, relations);
    }
    search.finish().ok_or_else(|| {
        Error::too_large(
            "path_search_size",
            format!("too many paths lead from entry \"{}\"", shorten(from)),
        )
        .detail(format!(
            "The search stopped at {MAX_RELATIONS} relations and has not met entry \"{}\": there may be a path or none.",
            shorten(to)
        ))
        .hint("Ask for some kinds, for fewer hops, or for directed => true.")
    })
}
