//! Tools for agents: one statement behind each name, run so that no failure of it harms the caller.

use std::ffi::CString;

use flowai_core::name::shorten;
use flowai_core::schema::Schema;
use flowai_core::{Error, Kind, Result};
use pgrx::JsonB;
use serde_json::{Value, json};

use crate::pg::answer::Answer;
use crate::pg::attempt::attempt;
use crate::pg::raise::code_of;
use crate::pg::spi::{self, args};

const SCHEMA: &str = "SELECT t.input_schema FROM flowai.tools() t WHERE t.name = $1";

/// A list of rows under a name, `[]` where there are none.
macro_rules! rows {
    ($key:literal, $from:literal) => {
        concat!(
            "SELECT pg_catalog.jsonb_build_object('",
            $key,
            "', COALESCE(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)), '[]')) FROM ",
            $from,
            " AS r"
        )
    };
}

/// The first row, or an object that says that there is none.
macro_rules! row {
    ($from:literal) => {
        concat!(
            "SELECT COALESCE((SELECT pg_catalog.to_jsonb(r) FROM ",
            $from,
            " AS r), '{\"found\": false}')"
        )
    };
}

/// An array of texts of the arguments, or NULL.
macro_rules! texts {
    ($key:literal) => {
        concat!(
            "CASE WHEN $1 ? '",
            $key,
            "' THEN ARRAY(SELECT pg_catalog.jsonb_array_elements_text($1 -> '",
            $key,
            "')) END"
        )
    };
}

/// The statement of each tool; `$1` are its arguments, which fit its schema.
fn statement(tool: &str) -> Option<&'static str> {
    Some(match tool {
        "search_catalog" => concat!(
            "SELECT pg_catalog.jsonb_build_object('hits', COALESCE(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r) - 'total' - 'relaxed'), '[]'),
                    'total', COALESCE(pg_catalog.max(r.total), 0), 'relaxed', COALESCE(pg_catalog.bool_or(r.relaxed), false))
             FROM flowai.search_catalog($1 ->> 'query', ", texts!("item_types"), ", ", texts!("tags"), ", $1 ->> 'database_id', $1 ->> 'schema_name',
                  COALESCE(($1 ->> 'max_rows')::integer, 20), $1 ->> 'cursor') AS r"
        ),
        "catalog_facets" => concat!(
            "SELECT pg_catalog.jsonb_build_object('facets', COALESCE(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)), '[]'))
             FROM flowai.catalog_facets($1 ->> 'query', ", texts!("item_types"), ", ", texts!("tags"), ", $1 ->> 'database_id', $1 ->> 'schema_name') AS r"
        ),
        "get_catalog_entities" => rows!("entities", "flowai.get_catalog_entities(ARRAY(SELECT pg_catalog.jsonb_array_elements_text($1 -> 'ids')))"),
        "list_schema_fields" => rows!("fields", "flowai.list_schema_fields($1 ->> 'entry', COALESCE(($1 ->> 'max_rows')::integer, 200), COALESCE(($1 ->> 'after')::integer, 0))"),
        "get_catalog_relations" => concat!(
            "SELECT pg_catalog.jsonb_build_object('relations', COALESCE(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)), '[]'))
             FROM flowai.get_catalog_relations($1 ->> 'entry', COALESCE($1 ->> 'direction', 'both'), ", texts!("kinds"), ", COALESCE(($1 ->> 'max_rows')::integer, 100)) AS r"
        ),
        "get_relation_paths_between" => concat!(
            "SELECT pg_catalog.jsonb_build_object('paths', COALESCE(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)), '[]'))
             FROM flowai.get_relation_paths_between($1 ->> 'from_id', $1 ->> 'to_id', COALESCE(($1 ->> 'max_hops')::integer, 4),
                  COALESCE(", texts!("kinds"), ", '{}'), COALESCE(($1 ->> 'directed')::boolean, false), COALESCE(($1 ->> 'max_paths')::integer, 5)) AS r"
        ),
        "sample_table_data" => concat!(
            "SELECT flowai.sample_table_data($1 ->> 'entry', ", texts!("columns"), ", COALESCE(($1 ->> 'max_rows')::integer, 10))"
        ),
        "validate_query" => row!("flowai.validate_query($1 ->> 'sql', COALESCE($1 ->> 'dialect', 'postgres'))"),
        "execute_query" => "SELECT flowai.execute_query($1 ->> 'sql', COALESCE(($1 ->> 'max_rows')::integer, 100))",
        "kv_get" => row!("flowai.kv_get($1 ->> 'namespace', $1 ->> 'key')"),
        "kv_put" => row!("flowai.kv_put($1 ->> 'namespace', $1 ->> 'key', $1 -> 'value', pg_catalog.make_interval(secs => ($1 ->> 'ttl_seconds')::float8), ($1 ->> 'expected_version')::bigint)"),
        "kv_delete" => "SELECT pg_catalog.jsonb_build_object('deleted', flowai.kv_delete($1 ->> 'namespace', $1 ->> 'key'))",
        "kv_list" => rows!("entries", "flowai.kv_list($1 ->> 'namespace', COALESCE($1 ->> 'prefix', ''), $1 ->> 'after', COALESCE(($1 ->> 'max_rows')::integer, 100))"),
        "ref_put" => row!("flowai.ref_put($1 ->> 'kind', $1 -> 'payload', $1 -> 'summary', pg_catalog.make_interval(secs => ($1 ->> 'ttl_seconds')::float8))"),
        "ref_put_query" => row!("flowai.ref_put_query($1 ->> 'kind', $1 ->> 'sql', max_rows => COALESCE(($1 ->> 'max_rows')::integer, 10000))"),
        "ref_summary" => row!("flowai.ref_summary($1 ->> 'kind', $1 ->> 'id')"),
        "ref_resolve" => "SELECT pg_catalog.jsonb_build_object('payload', flowai.ref_resolve($1 ->> 'kind', $1 ->> 'id'))",
        "ref_list" => rows!("references", "flowai.ref_list($1 ->> 'kind', $1 ->> 'after', COALESCE(($1 ->> 'max_rows')::integer, 100))"),
        "plan_store" => row!("flowai.plan_store($1 ->> 'kind', $1 ->> 'plan', $1 -> 'body', ($1 ->> 'expected_revision')::bigint)"),
        "plan_submit" => row!("flowai.plan_submit($1 ->> 'plan', comment => $1 ->> 'comment')"),
        "plan_cancel" => row!("flowai.plan_cancel($1 ->> 'plan', $1 ->> 'comment')"),
        "plan_get" => row!("flowai.plan_get($1 ->> 'plan')"),
        "plan_list" => rows!("plans", "flowai.plan_list($1 ->> 'state', $1 ->> 'after', COALESCE(($1 ->> 'max_rows')::integer, 100))"),
        "plan_history" => rows!("moves", "flowai.plan_history($1 ->> 'plan')"),
        _ => return None,
    })
}

/// Runs a tool. What the agent can repair comes back as an object with `error`.
pub(crate) fn call(name: Option<&str>, arguments: Option<JsonB>) -> Result<Answer> {
    let Some(name) = name else { return refusal("no tool is named", None, UNKNOWN_HINT) };
    let schema = spi::read_one(SCHEMA, args![name], |row| row.need::<JsonB>(1))?;
    let (Some(schema), Some(statement)) = (schema, statement(name)) else {
        let what = format!("unknown tool \"{}\"", shorten(name));
        return refusal(&what, None, UNKNOWN_HINT);
    };
    let arguments = arguments.map_or_else(|| json!({}), |given| given.0);
    let given = without_nulls(arguments);
    let checked = Schema::compile(&schema.0)?.check(&given, "tool_arguments", "the arguments");
    if let Err(error) = checked {
        let what = format!("the arguments do not fit tool \"{name}\"");
        return refusal(&what, error.detail, "Its input_schema is in flowai.tools().");
    }
    let result = attempt(|| {
        spi::write_one(statement, args![JsonB(given)], |row| row.transfer(1))?
            .ok_or_else(|| Error::internal("a tool without an answer"))
    });
    match result {
        Ok(answer) => Ok(Answer::of(answer)),
        Err(failure) => object(json!({
            "error": failure.message,
            "code": failure.sqlstate,
            "detail": failure.detail,
            "hint": failure.hint,
        })),
    }
}

const UNKNOWN_HINT: &str = "The tools are listed by flowai.tools().";

/// Models write `null` for what they leave away.
fn without_nulls(arguments: Value) -> Value {
    let meant =
        |(key, value): &(String, Value)| !value.is_null() || key == "value" || key == "payload";
    match arguments {
        Value::Object(given) => Value::Object(given.into_iter().filter(meant).collect()),
        other => other,
    }
}

fn refusal(what: &str, detail: Option<String>, hint: &str) -> Result<Answer> {
    object(
        json!({"error": what, "code": code_of(Kind::InvalidInput), "detail": detail, "hint": hint}),
    )
}

fn object(value: Value) -> Result<Answer> {
    let text = CString::new(value.to_string()).map_err(|_| Error::internal("NUL in a refusal"))?;
    Ok(Answer::parse(&text))
}
