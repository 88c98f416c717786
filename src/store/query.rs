//! Read-only SQL: verdicts, execution, and the functions that an administrator allowed.

use std::ffi::CString;

use flowai_core::name::shorten;
use flowai_core::query::{
    Code, Dialect, Limits, Refusal, VALIDATE_TIMEOUT_MS, Verdict, check_text, nothing_to_run,
    sqlite, unbound_role,
};
use flowai_core::{Error, Kind, Result};
use pgrx::datum::Interval;
use pgrx::pg_sys;
use serde_json::{Value, json};

use super::event;
use crate::pg::analyze::Foreign;
use crate::pg::answer::Answer;
use crate::pg::envelope::{self, Stop};
use crate::pg::spi::{Snapshot, args};
use crate::pg::tuples::Rows;
use crate::pg::{guc, spi};

/// One row for each of the functions that was ever allowed; false: it was changed since.
const STANDING: &str = "SELECT s.routine, s.unchanged FROM flowai.function_standing($1) s";

const SIGNATURE: &str = "
    SELECT p.oid::regprocedure::text, p.oid < 16384, p.prokind IN ('f', 'a', 'w'),
           flowai_internal.function_digest(p.oid)
    FROM pg_proc p WHERE p.oid = $1";

/// Permissions that came from elsewhere, of functions that still are what was allowed: from now on they
/// are for those that are here.
const NOTE_NUMBERS: &str = "
    UPDATE flowai.allowed_functions a
    SET object = p.oid, noted_in = here.place
    FROM flowai_internal.function_numbers_noted_in() AS here (place), pg_catalog.pg_proc p
    WHERE a.noted_in <> here.place AND p.oid >= 16384 AND p.oid::regprocedure::text = a.function
      AND a.digest = flowai_internal.function_digest(p.oid)";

/// The earlier row, if any, decides what the call tells; a repeated call changes nothing.
const ALLOW: &str = "
    INSERT INTO flowai.allowed_functions AS a (function, tenant_id, digest, object, noted_in, allowed_by)
    VALUES ($1, $2, $3, $5, flowai_internal.function_numbers_noted_in(), $4)
    ON CONFLICT (function, tenant_id) DO UPDATE
        SET digest = excluded.digest, object = excluded.object, noted_in = excluded.noted_in,
            allowed_by = excluded.allowed_by, allowed_at = pg_catalog.clock_timestamp()
        WHERE (a.digest, a.object, a.noted_in) IS DISTINCT FROM (excluded.digest, excluded.object, excluded.noted_in)
    RETURNING true";

/// What an extension brought, except what is volatile: that is for somebody to look at, one by one.
const ALLOW_EXTENSION: &str = "
    INSERT INTO flowai.allowed_functions AS a (function, tenant_id, digest, object, noted_in, allowed_by)
    SELECT p.oid::regprocedure::text, $2, flowai_internal.function_digest(p.oid), p.oid,
           flowai_internal.function_numbers_noted_in(), $3
    FROM pg_catalog.pg_extension x
    JOIN pg_catalog.pg_depend d ON d.deptype = 'e' AND d.refobjid = x.oid
         AND d.refclassid = 'pg_extension'::regclass AND d.classid = 'pg_proc'::regclass
    JOIN pg_catalog.pg_proc p ON p.oid = d.objid
    WHERE x.extname = $1 AND p.prokind IN ('f', 'a', 'w') AND p.provolatile <> 'v'
    ON CONFLICT (function, tenant_id) DO UPDATE
        SET digest = excluded.digest, object = excluded.object, noted_in = excluded.noted_in,
            allowed_by = excluded.allowed_by, allowed_at = pg_catalog.clock_timestamp()
        WHERE (a.digest, a.object, a.noted_in) IS DISTINCT FROM (excluded.digest, excluded.object, excluded.noted_in)
    RETURNING true";

const EXTENSION: &str = "SELECT true FROM pg_catalog.pg_extension WHERE extname = $1";

const TENANT: &str = "SELECT true FROM flowai_internal.tenants WHERE tenant_id = $1 FOR KEY SHARE";

const DISALLOW: &str = "
    DELETE FROM flowai.allowed_functions
    WHERE function = $1 AND tenant_id IS NOT DISTINCT FROM $2 RETURNING true";

/// Decides about a statement. Never raises for what is in it.
pub(crate) fn validate(sql: Option<&str>, dialect: Option<&str>) -> Result<Verdict> {
    let dialect = Dialect::parse(dialect)?;
    let Some(sql) = sql else { return Ok(nothing_to_run().into()) };
    if dialect == Dialect::Sqlite {
        return Ok(sqlite::validate(sql));
    }
    let text = match prepared(sql) {
        Ok(text) => text,
        Err(refusal) => return Ok(refusal.into()),
    };
    match envelope::analyse(&text, VALIDATE_TIMEOUT_MS, judge) {
        Ok(verdict) => Ok(verdict),
        Err(Stop::Refused(refusal)) => Ok(refusal.into()),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Runs a statement for `function`. What is wrong with the statement comes back as an object, not as an error.
pub(crate) fn execute(
    function: &str,
    sql: Option<&str>,
    max_rows: Option<i32>,
    timeout: Option<Interval>,
) -> Result<Answer> {
    let limits = limits(max_rows, timeout)?;
    let Some(sql) = sql else { return object(&nothing_to_run()) };
    match prepared(sql).map_err(Stop::from).and_then(|text| envelope::run(&text, limits, judge)) {
        Ok(result) => Ok(result),
        Err(Stop::Refused(refusal)) => {
            event::note_refusal(function, sql, &refusal)?;
            object(&refusal)
        }
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Runs a statement; its rows, all of them, are an array of objects.
pub(crate) fn array(
    sql: Option<&str>,
    max_rows: Option<i32>,
    timeout: Option<Interval>,
) -> std::result::Result<Answer, Stop> {
    let limits = limits(max_rows, timeout)?;
    let text = prepared(sql.ok_or_else(|| Error::missing("sql"))?)?;
    envelope::run_to_array(&text, limits, judge)
}

/// Runs a statement; its rows, all of them, are those of the set-returning function that called.
pub(crate) fn rows(
    sql: Option<&str>,
    max_rows: Option<i32>,
    timeout: Option<Interval>,
    rows: &Rows,
) -> std::result::Result<(), Stop> {
    let limits = limits(max_rows, timeout)?;
    let text = prepared(sql.ok_or_else(|| Error::missing("sql"))?)?;
    envelope::run_to_rows(&text, limits, judge, rows)
}

/// What a statement may use: the arguments, within the bounds of the settings.
pub(super) fn limits(max_rows: Option<i32>, timeout: Option<Interval>) -> Result<Limits> {
    let bounds = Limits {
        rows: guc::query_max_rows(),
        bytes: guc::query_max_bytes(),
        cell_bytes: guc::query_max_cell_bytes(),
        timeout_ms: guc::query_max_timeout_ms(),
    };
    let timeout = timeout.map(|t| i64::try_from(t.as_micros()).unwrap_or(i64::MAX));
    Limits::within(bounds, max_rows, timeout)
}

/// The text for the server, if the role may have it analysed at all.
pub(super) fn prepared(sql: &str) -> std::result::Result<CString, Refusal> {
    check_text(sql)?;
    if envelope::role_is_unbound() {
        // Analysis alone can run code of others, in the input function of a domain.
        return Err(unbound_role());
    }
    CString::new(sql)
        .map_err(|_| Refusal::new(Code::Syntax, "the statement has a NUL character", None))
}

/// The first function that did not come with the server and that nobody allowed, as a refusal.
fn judge(foreign: &[Foreign]) -> Result<Option<Refusal>> {
    judge_others(foreign, pg_sys::InvalidOid)
}

/// [`judge`], of all functions but one that is known to be allowed.
pub(super) fn judge_others(foreign: &[Foreign], known: pg_sys::Oid) -> Result<Option<Refusal>> {
    let foreign: Vec<&Foreign> = foreign.iter().filter(|f| f.function != known).collect();
    if foreign.is_empty() {
        return Ok(None);
    }
    let functions: Vec<pg_sys::Oid> = foreign.iter().map(|f| f.function).collect();
    // The executor calls the function as it is by now, whatever snapshot the transaction keeps to.
    let standing: Vec<(pg_sys::Oid, bool)> =
        spi::rows(Snapshot::Latest, STANDING, args![functions], |row| {
            Ok((row.need(1)?, row.need(2)?))
        })?;
    Ok(foreign.iter().find_map(|used| {
        let stands = standing.iter().find(|(function, _)| *function == used.function);
        let refuse = |why: &str| {
            let what = format!("function {} {why}", used.signature);
            let advice = format!(
                "Use another function, or ask an administrator for flowai.function_allow('{}').",
                used.signature.replace('\'', "''")
            );
            Some(Refusal::new(Code::Function, what, used.position).hint(advice))
        };
        match stands {
            Some((_, true)) => None,
            Some((_, false)) => refuse("was changed after it was allowed"),
            None => refuse("is not allowed"),
        }
    }))
}

/// The error object of a refusal: the code of our rule, or the server's SQLSTATE.
pub(super) fn object(refusal: &Refusal) -> Result<Answer> {
    let code = refusal.sqlstate.as_deref().unwrap_or(refusal.code.name());
    let object = json!({
        "error": refusal.message,
        "code": code,
        "position": refusal.position,
        "hint": refusal.hint,
    });
    let text = CString::new(object.to_string()).map_err(|_| Error::internal("NUL in a refusal"))?;
    Ok(Answer::parse(&text))
}

/// Lets read-only statements call a function as it is now. False: it was allowed already.
pub(crate) fn allow(function: Option<pg_sys::Oid>, tenant: Option<&str>, by: &str) -> Result<bool> {
    let (signature, digest) = known(function)?;
    known_tenant(tenant)?;
    spi::run(NOTE_NUMBERS, args![])?;
    let allow = args![signature.as_str(), tenant, digest, by, function];
    let allowed = spi::write_one(ALLOW, allow, |row| row.need::<bool>(1))?.is_some();
    let said = json!({ "function": event::beginning(&signature) });
    note_change(allowed, tenant, "flowai.function.allowed", said)?;
    Ok(allowed)
}

/// Lets read-only statements call what an extension brought. Returns how many functions are new or changed.
pub(crate) fn allow_extension(
    extension: Option<&str>,
    tenant: Option<&str>,
    by: &str,
) -> Result<i64> {
    let extension = extension.ok_or_else(|| Error::missing("extension"))?;
    known_tenant(tenant)?;
    if spi::write_one(EXTENSION, args![extension], |row| row.need::<bool>(1))?.is_none() {
        let what = format!("extension \"{}\" is not installed", shorten(extension));
        return Err(Error::new(Kind::NotFound, "extension_installed", what)
            .hint("List what is installed with \\dx."));
    }
    if extension == "flowai_runtime" {
        return Err(Error::invalid("function_allowable", "flowai_runtime cannot be allowed")
            .hint("Allow other extensions."));
    }
    spi::run(NOTE_NUMBERS, args![])?;
    let allowed = spi::write(ALLOW_EXTENSION, args![extension, tenant, by], |_| Ok(()))?.len();
    let said = json!({ "extension": extension, "functions": allowed });
    note_change(allowed > 0, tenant, "flowai.extension.allowed", said)?;
    Ok(allowed as i64)
}

/// Takes the permission back. False: there was none.
pub(crate) fn disallow(function: Option<pg_sys::Oid>, tenant: Option<&str>) -> Result<bool> {
    let (signature, _) = known(function)?;
    let disallow = args![signature.as_str(), tenant];
    let disallowed = spi::write_one(DISALLOW, disallow, |row| row.need::<bool>(1))?.is_some();
    let said = json!({ "function": event::beginning(&signature) });
    note_change(disallowed, tenant, "flowai.function.disallowed", said)?;
    Ok(disallowed)
}

/// An event of the tenant that a permission was changed for. What holds for all is on record in
/// flowai.allowed_functions.
fn note_change(changed: bool, tenant: Option<&str>, name: &str, said: Value) -> Result<()> {
    match tenant {
        Some(tenant) if changed => event::note_for(tenant, name, said),
        _ => Ok(()),
    }
}

pub(super) fn known_tenant(tenant: Option<&str>) -> Result<()> {
    let Some(name) = tenant else { return Ok(()) };
    match spi::write_one(TENANT, args![name], |row| row.need::<bool>(1))? {
        Some(_) => Ok(()),
        None => Err(super::tenancy::unknown_tenant(name)),
    }
}

fn known(function: Option<pg_sys::Oid>) -> Result<(String, Vec<u8>)> {
    let function = function.ok_or_else(|| Error::missing("function"))?;
    let found: Option<(String, bool, bool, Vec<u8>)> =
        spi::write_one(SIGNATURE, args![function], |row| {
            Ok((row.need(1)?, row.need(2)?, row.need(3)?, row.need(4)?))
        })?;
    let Some((signature, builtin, callable, digest)) = found else {
        return Err(Error::new(
            Kind::NotFound,
            "function_known",
            format!("function {} does not exist", function.to_u32()),
        )
        .hint("Pass a function as '\"schema\".name(argument types)'."));
    };
    if builtin || !callable {
        return Err(Error::invalid(
            "function_allowable",
            format!("function {signature} cannot be allowed"),
        )
        .detail("The policy for functions of the server is fixed; procedures are not for queries.")
        .hint(
            "Allow a function, an aggregate or a window function of your own or of an extension.",
        ));
    }
    Ok((signature, digest))
}
