//! Sample rows of what a catalog entry describes.

use flowai_core::name::{shorten, within};
use flowai_core::query::{Code, Refusal};
use flowai_core::{Error, Result};
use pgrx::datum::Interval;

use super::catalog::Scope;
use super::query;
use crate::pg::answer::Answer;
use crate::pg::spi::{self, args};

/// From an entry to a relation that the caller may name: the server looks the names up, and its own names
/// come back, quoted. Two-part names alone, because nothing else says which schema is meant.
const RELATION: &str = "
    SELECT c.oid IS NOT NULL,
           pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
           e.schema_name || '.' || e.relation_name,
           (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY w.place)
            FROM pg_catalog.unnest($4::text[]) WITH ORDINALITY AS w(name, place)
            JOIN pg_catalog.pg_attribute a
                 ON a.attrelid = c.oid AND a.attname = w.name AND NOT a.attisdropped),
           (SELECT w.name FROM pg_catalog.unnest($4::text[]) WITH ORDINALITY AS w(name, place)
            WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                              WHERE a.attrelid = c.oid AND a.attname = w.name AND NOT a.attisdropped)
            ORDER BY w.place LIMIT 1)
    FROM (SELECT COALESCE(e.metadata ->> 'schemaName',
                          NULLIF(pg_catalog.split_part(e.qualified_name, '.', 1), e.qualified_name)) AS schema_name,
                 COALESCE(e.metadata ->> 'tableName',
                          NULLIF(pg_catalog.split_part(e.qualified_name, '.', 2), ''), e.name) AS relation_name
          FROM flowai.catalog_entries e
          WHERE e.tenant_id = $1 AND e.workspace_id = $2 AND (e.id = $3 OR e.qualified_name = $3)
          ORDER BY e.id <> $3, e.id LIMIT 1) AS e
    LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = e.schema_name
    LEFT JOIN pg_catalog.pg_class c
           ON c.relnamespace = n.oid AND c.relname = e.relation_name
          AND c.relkind IN ('r', 'p', 'v', 'm', 'f')";

/// Rows of the table or view that an entry describes, as `execute_query` returns them.
pub(crate) fn sample(
    entry: Option<&str>,
    columns: Option<Vec<Option<String>>>,
    max_rows: Option<i32>,
    timeout: Option<Interval>,
) -> Result<Answer> {
    let scope = Scope::current()?;
    let entry = entry.ok_or_else(|| Error::missing("entry"))?;
    within("max_rows", max_rows.ok_or_else(|| Error::missing("max_rows"))?, 1, 1000)?;
    let columns = columns
        .map(|columns| {
            let named = |column: Option<String>| column.ok_or_else(|| Error::missing("columns"));
            columns.into_iter().map(named).collect::<Result<Vec<String>>>()
        })
        .transpose()?
        .filter(|columns| !columns.is_empty());
    let all = columns.is_none();
    let found: Option<(bool, Option<String>, Option<String>, Option<String>, Option<String>)> =
        spi::read_one(
            RELATION,
            args![&*scope.tenant, scope.workspace.as_str(), entry, columns],
            |row| Ok((row.need(1)?, row.get(2), row.get(3), row.get(4), row.get(5))),
        )?;
    let refuse = |what: String, hint: &str| {
        query::object(&Refusal::new(Code::Undefined, what, None).hint(hint))
    };
    match found {
        None => refuse(
            format!("entry \"{}\" is not found", shorten(entry)),
            "Find entries with flowai.search_catalog(query).",
        ),
        Some((false, _, name, _, _)) => refuse(
            format!(
                "entry \"{}\" describes {}, which is no relation of this database",
                shorten(entry),
                name.map_or("nothing with a schema and a name".to_owned(), |n| format!(
                    "\"{}\"",
                    shorten(&n)
                ))
            ),
            "Name an entry whose metadata has the schemaName and tableName of a table or view here.",
        ),
        Some((_, _, _, _, Some(missing))) => refuse(
            format!("column \"{}\" does not exist in what the entry describes", shorten(&missing)),
            "List its columns with flowai.list_schema_fields(entry).",
        ),
        Some((_, Some(relation), _, list, None)) => {
            let list = if all { "*".to_owned() } else { list.unwrap_or_default() };
            query::execute(Some(&format!("SELECT {list} FROM {relation}")), max_rows, timeout)
        }
        Some(_) => Err(Error::internal("a relation without a name")),
    }
}
