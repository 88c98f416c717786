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
/// come back, quoted. Two-part names alone, because nothing else says which schema is meant. The statement to
/// come means what it means under the caller's search path, so none is pinned, and each name here is
/// qualified: JOIN ... USING, IN and NULLIF stand for operators that they do not name.
const RELATION: &str = "
    SELECT c.oid IS NOT NULL,
           pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(c.relname)),
           CASE WHEN e.schema_name IS NOT NULL THEN pg_catalog.concat(e.schema_name, '.', e.relation_name) END,
           (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY w.place)
            FROM pg_catalog.unnest($4::pg_catalog.text[]) WITH ORDINALITY AS w(name, place)
            JOIN pg_catalog.pg_attribute a
                 ON a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attname OPERATOR(pg_catalog.=) w.name
                AND NOT a.attisdropped),
           (SELECT w.name FROM pg_catalog.unnest($4::pg_catalog.text[]) WITH ORDINALITY AS w(name, place)
            WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                              WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
                                AND a.attname OPERATOR(pg_catalog.=) w.name AND NOT a.attisdropped)
            ORDER BY w.place LIMIT 1)
    FROM (SELECT COALESCE(e.metadata OPERATOR(pg_catalog.->>) 'schemaName',
                          CASE WHEN pg_catalog.strpos(e.qualified_name, '.') OPERATOR(pg_catalog.>) 0
                               THEN pg_catalog.split_part(e.qualified_name, '.', 1) END) AS schema_name,
                 COALESCE(e.metadata OPERATOR(pg_catalog.->>) 'tableName',
                          CASE WHEN pg_catalog.split_part(e.qualified_name, '.', 2) OPERATOR(pg_catalog.<>) ''
                               THEN pg_catalog.split_part(e.qualified_name, '.', 2) END, e.name) AS relation_name
          FROM flowai.catalog_entries e
          WHERE e.tenant_id OPERATOR(pg_catalog.=) $1 AND e.workspace_id OPERATOR(pg_catalog.=) $2
            AND (e.id OPERATOR(pg_catalog.=) $3 OR e.qualified_name OPERATOR(pg_catalog.=) $3)
          ORDER BY e.id OPERATOR(pg_catalog.<>) $3, e.id LIMIT 1) AS e
    LEFT JOIN pg_catalog.pg_namespace n ON n.nspname OPERATOR(pg_catalog.=) e.schema_name
    LEFT JOIN pg_catalog.pg_class c
           ON c.relnamespace OPERATOR(pg_catalog.=) n.oid AND c.relname OPERATOR(pg_catalog.=) e.relation_name
          AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p', 'v', 'm', 'f']::pg_catalog.\"char\"[])";

/// What an entry describes.
struct Described {
    /// Whether it is here.
    exists: bool,
    /// Its name as SQL text, if it is.
    relation: Option<String>,
    /// Its name as the entry says it.
    said: Option<String>,
    /// The columns that were asked for, as SQL text.
    list: Option<String>,
    /// The first of them that it does not have.
    missing: Option<String>,
}

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
    let found = spi::read_one(
        RELATION,
        args![&*scope.tenant, scope.workspace.as_str(), entry, columns],
        |row| {
            Ok(Described {
                exists: row.need(1)?,
                relation: row.get(2),
                said: row.get(3),
                list: row.get(4),
                missing: row.get(5),
            })
        },
    )?;
    let refuse = |what: String, hint: &str| {
        query::object(&Refusal::new(Code::Undefined, what, None).hint(hint))
    };
    let Some(described) = found else {
        return refuse(
            format!("entry \"{}\" is not found", shorten(entry)),
            "Find entries with flowai.search_catalog(query).",
        );
    };
    if !described.exists {
        let said = described
            .said
            .map_or("nothing with a schema".to_owned(), |said| format!("\"{}\"", shorten(&said)));
        return refuse(
            format!(
                "entry \"{}\" describes {said}, which is no relation of this database",
                shorten(entry)
            ),
            "Name an entry whose metadata has the schemaName and tableName of a table or view here.",
        );
    }
    if let Some(missing) = described.missing {
        let what = shorten(&missing);
        return refuse(
            format!("column \"{what}\" does not exist in what the entry describes"),
            "List its columns with flowai.list_schema_fields(entry).",
        );
    }
    let relation = described.relation.ok_or_else(|| Error::internal("a relation without name"))?;
    let list = described.list.unwrap_or_else(|| "*".to_owned());
    let sql = format!("SELECT {list} FROM {relation}");
    query::execute("sample_table_data", Some(&sql), max_rows, timeout)
}
