//! Tools for agents: one statement behind each name, run so that no failure of it harms the caller.

use std::ffi::CString;

use flowai_core::name::shorten;
use flowai_core::{Error, Kind, Result, data_environment, json};
use serde_json::{Value, json};

use crate::pg::answer::Answer;
use crate::pg::attempt::attempt;
use crate::pg::jsonb::{Jsonb, Stored};
use crate::pg::owner::as_owner;
use crate::pg::raise::code_of;
use crate::pg::spi::{self, args};

const SCHEMA: &str =
    "SELECT t.input_schema FROM flowai.tools() t WHERE t.name OPERATOR(pg_catalog.=) $1";

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
                  COALESCE(($1 ->> 'max_rows')::numeric::integer, 20), $1 ->> 'cursor') AS r"
        ),
        "catalog_facets" => concat!(
            "SELECT pg_catalog.jsonb_build_object('facets', COALESCE(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)), '[]'))
             FROM flowai.catalog_facets($1 ->> 'query', ", texts!("item_types"), ", ", texts!("tags"), ", $1 ->> 'database_id', $1 ->> 'schema_name') AS r"
        ),
        "get_catalog_entities" => rows!("entities", "flowai.get_catalog_entities(ARRAY(SELECT pg_catalog.jsonb_array_elements_text($1 -> 'ids')))"),
        "list_schema_fields" => rows!("fields", "flowai.list_schema_fields($1 ->> 'entry', COALESCE(($1 ->> 'max_rows')::numeric::integer, 200), COALESCE(($1 ->> 'after')::numeric::integer, 0))"),
        "get_catalog_relations" => concat!(
            "SELECT pg_catalog.jsonb_build_object('relations', COALESCE(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)), '[]'))
             FROM flowai.get_catalog_relations($1 ->> 'entry', COALESCE($1 ->> 'direction', 'both'), ", texts!("kinds"), ", COALESCE(($1 ->> 'max_rows')::numeric::integer, 100)) AS r"
        ),
        "get_relation_paths_between" => concat!(
            "SELECT pg_catalog.jsonb_build_object('paths', COALESCE(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)), '[]'))
             FROM flowai.get_relation_paths_between($1 ->> 'from_id', $1 ->> 'to_id', COALESCE(($1 ->> 'max_hops')::numeric::integer, 4),
                  COALESCE(", texts!("kinds"), ", '{}'), COALESCE(($1 ->> 'directed')::boolean, false), COALESCE(($1 ->> 'max_paths')::numeric::integer, 5)) AS r"
        ),
        "sample_table_data" => concat!(
            "SELECT flowai.sample_table_data($1 ->> 'entry', ", texts!("columns"), ", COALESCE(($1 ->> 'max_rows')::numeric::integer, 10))"
        ),
        "validate_query" => row!("flowai.validate_query($1 ->> 'sql', COALESCE($1 ->> 'dialect', 'postgres'))"),
        "execute_query" => "SELECT flowai.execute_query($1 ->> 'sql', COALESCE(($1 ->> 'max_rows')::numeric::integer, 100), target => COALESCE($1 ->> 'target', 'local'))",
        "kv_get" => row!("flowai.kv_get($1 ->> 'namespace', $1 ->> 'key')"),
        "kv_put" => row!("flowai.kv_put($1 ->> 'namespace', $1 ->> 'key', $1 -> 'value', pg_catalog.make_interval(secs => ($1 ->> 'ttl_seconds')::float8), ($1 ->> 'expected_version')::numeric::bigint)"),
        "kv_delete" => "SELECT pg_catalog.jsonb_build_object('deleted', flowai.kv_delete($1 ->> 'namespace', $1 ->> 'key'))",
        "kv_list" => rows!("entries", "flowai.kv_list($1 ->> 'namespace', COALESCE($1 ->> 'prefix', ''), $1 ->> 'after', COALESCE(($1 ->> 'max_rows')::numeric::integer, 100))"),
        "ref_put" => row!("flowai.ref_put($1 ->> 'kind', $1 -> 'payload', $1 -> 'summary', pg_catalog.make_interval(secs => ($1 ->> 'ttl_seconds')::float8))"),
        "ref_put_query" => row!("flowai.ref_put_query($1 ->> 'kind', $1 ->> 'sql', max_rows => COALESCE(($1 ->> 'max_rows')::numeric::integer, 10000))"),
        "ref_summary" => row!("flowai.ref_summary($1 ->> 'kind', $1 ->> 'id')"),
        "ref_resolve" => "SELECT pg_catalog.jsonb_build_object('payload', flowai.ref_resolve($1 ->> 'kind', $1 ->> 'id'))",
        "ref_list" => rows!("references", "flowai.ref_list($1 ->> 'kind', $1 ->> 'after', COALESCE(($1 ->> 'max_rows')::numeric::integer, 100))"),
        "plan_store" => row!("flowai.plan_store($1 ->> 'kind', $1 ->> 'plan', $1 -> 'body', ($1 ->> 'expected_revision')::numeric::bigint)"),
        "plan_submit" => row!("flowai.plan_submit($1 ->> 'plan', comment => $1 ->> 'comment')"),
        "plan_cancel" => row!("flowai.plan_cancel($1 ->> 'plan', $1 ->> 'comment')"),
        "plan_get" => row!("flowai.plan_get($1 ->> 'plan')"),
        "plan_list" => rows!("plans", "flowai.plan_list($1 ->> 'state', $1 ->> 'after', COALESCE(($1 ->> 'max_rows')::numeric::integer, 100))"),
        "approval_request" => row!("flowai.approval_request($1 ->> 'subject_kind', $1 ->> 'subject_id', $1 -> 'body', pg_catalog.make_interval(secs => ($1 ->> 'deadline_seconds')::float8), $1 ->> 'title')"),
        "approval_get" => row!("flowai.approval_get(($1 ->> 'approval')::uuid)"),
        "approval_withdraw" => "SELECT pg_catalog.jsonb_build_object('withdrawn', flowai.approval_withdraw(($1 ->> 'approval')::uuid, $1 ->> 'comment'))",
        "approval_list" => rows!(
            "approvals",
            "flowai.approval_list(COALESCE($1 ->> 'which', 'asked'), ($1 ->> 'after')::uuid, COALESCE(($1 ->> 'max_rows')::numeric::integer, 100))"
        ),
        "event_emit" => row!("flowai.event_emit($1 ->> 'name', COALESCE($1 -> 'attributes', '{}'), COALESCE($1 ->> 'severity', 'info'))"),
        "event_list" => rows!("events", "flowai.event_list(COALESCE($1 ->> 'name_prefix', ''), ($1 ->> 'since')::timestamptz, ($1 ->> 'after')::uuid, COALESCE(($1 ->> 'max_rows')::numeric::integer, 100))"),
        "data_environment_get" => row!("flowai.data_environment_get()"),
        "plan_history" => rows!("moves", "flowai.plan_history($1 ->> 'plan')"),
        _ => return None,
    })
}

/// Whether a call may go on, and if not, the approval that it waits for. It uses a grant up, or asks for
/// one: so it runs with the rights of flowai_owner, and consists of nothing but this call.
const GATE: &str = "SELECT g.open, g.approval::text, g.status, g.comment FROM flowai_internal.approval_gate($1, $2) AS g";

/// What the tenant's host says that it supplies; no row where it says nothing.
const SUPPLIES: &str = "SELECT s.keys FROM flowai.data_environment_supplies() AS s(keys)";

/// Runs a tool. What the agent can repair comes back as an object with `error`.
pub(crate) fn call(name: Option<&str>, arguments: Option<Jsonb>) -> Result<Answer> {
    let Some(name) = name else { return refusal("no tool is named", None, UNKNOWN_HINT) };
    let schema = spi::read_one(SCHEMA, args![name], |row| row.need_jsonb(1)?.schema())?;
    let (Some(schema), Some(statement)) = (schema, statement(name)) else {
        let what = format!("unknown tool \"{}\"", shorten(name));
        return refusal(&what, None, UNKNOWN_HINT);
    };
    let arguments = match arguments.map(|given| json::read("args", given.text())).transpose() {
        Ok(arguments) => arguments.unwrap_or_else(|| json!({})),
        Err(error) => return answer(error),
    };
    let given = without_nulls(arguments);
    if let Err(error) = schema.check(&given, "tool_arguments", "the arguments") {
        if error.kind != Kind::InvalidInput {
            return answer(error);
        }
        let what = format!("the arguments do not fit tool \"{name}\"");
        return refusal(&what, error.detail, "Its input_schema is in flowai.tools().");
    }
    // Another target is supplied by whoever defined it.
    let elsewhere = given.get("target").is_some_and(|target| target != "local");
    let result = attempt(|| {
        let given = Jsonb::of(given)?;
        if !elsewhere {
            check_supplies(name)?;
        }
        if let Some(closed) = closed(name, given)? {
            return Ok(Done::Closed(closed));
        }
        spi::write_one(statement, args![given], |row| row.transfer(1))?
            .map(Done::Answered)
            .ok_or_else(|| Error::internal("a tool without an answer"))
    });
    match result {
        Ok(Done::Answered(answer)) => Ok(Answer::of(answer)),
        Ok(Done::Closed(closed)) => object(closed),
        Err(failure) => object(json!({
            "error": failure.message,
            "code": failure.sqlstate,
            "detail": failure.detail,
            "hint": failure.hint,
        })),
    }
}

/// How a call ended that raised nothing.
enum Done {
    Answered(Stored),
    /// It needs an approval.
    Closed(Value),
}

/// Arguments of a tool as a call of it with them would take them.
pub(super) fn arguments(tool: &str, given: Value) -> Result<Value> {
    let schema = spi::write_one(SCHEMA, args![tool], |row| row.need_jsonb(1)?.schema())?;
    let schema = schema.ok_or_else(|| {
        Error::new(
            Kind::NotFound,
            "tool_known",
            format!("tool \"{}\" does not exist", shorten(tool)),
        )
        .hint(UNKNOWN_HINT)
    })?;
    let given = without_nulls(given);
    schema.check(&given, "tool_arguments", "argument \"body\"").map_err(|error| Error {
        message: format!("argument \"body\" does not fit tool \"{}\"", shorten(tool)),
        hint: Some("Its input_schema is in flowai.tools().".to_owned()),
        ..error
    })?;
    Ok(given)
}

/// A tool whose data the host has not supplied says which setting would.
fn check_supplies(tool: &str) -> Result<()> {
    if data_environment::dependencies(tool).is_empty() {
        return Ok(());
    }
    match spi::read_one(SUPPLIES, args![], |row| Ok(row.get::<Vec<String>>(1)))?.flatten() {
        None => Ok(()),
        Some(keys) => data_environment::check_supplies(tool, &keys),
    }
}

/// The answer to a call that may not go on. Tools that only ask are always open.
fn closed(tool: &str, arguments: Jsonb) -> Result<Option<Value>> {
    if tool.starts_with("approval_") {
        return Ok(None);
    }
    type Row = (bool, Option<String>, Option<String>, Option<String>);
    let gate: Option<Row> = as_owner(|| {
        spi::write_one(GATE, args![tool, arguments], |row| {
            Ok((row.need(1)?, row.get(2), row.get(3), row.get(4)))
        })
    })?;
    let (open, approval, status, comment) =
        gate.ok_or_else(|| Error::internal("a gate without an answer"))?;
    if open {
        return Ok(None);
    }
    let waits = status.as_deref() == Some("open");
    let (error, code, hint) = if waits {
        (
            format!("tool \"{tool}\" needs an approval"),
            Kind::WrongState,
            "A person decides. Look with approval_get; once it is granted, make the same call again.",
        )
    } else {
        (
            format!("the approval of this call was {}", status.as_deref().unwrap_or("refused")),
            Kind::Forbidden,
            "Do something else, or ask again with approval_request: subject_kind tool, subject_id the tool, body its arguments.",
        )
    };
    Ok(Some(json!({
        "error": error,
        "code": code_of(code),
        "detail": comment,
        "hint": hint,
        "approval_id": approval,
        "status": status,
    })))
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

/// An error as an answer.
fn answer(error: Error) -> Result<Answer> {
    object(json!({
        "error": error.message, "code": code_of(error.kind), "detail": error.detail, "hint": error.hint,
    }))
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
