//! Where read-only SQL may run besides here: what administrators registered, and the statements for a
//! server elsewhere.
//!
//! A session there lives for one call. None is kept: nothing of one tenant, one call or one log-in that was
//! since revoked is left in it, and no backend holds connections that it does not use.

use std::ffi::{CStr, CString};
use std::time::Instant;

use flowai_core::query::{
    Code, Limits, Refusal, nothing_to_run, place, policy, remote as elsewhere, sheet, sheet::Sheet,
    sqlite as dialect, took_too_long, unbound_role,
};
use flowai_core::{Error, Kind, Result, name};
use pgrx::datum::Interval;
use pgrx::pg_sys;

use super::{query, tenancy};
use crate::pg::analyze::elsewhere::{Named, Outline, Use, outline};
use crate::pg::answer::Answer;
use crate::pg::envelope::{self, Stop};
use crate::pg::remote::{self, Reply, Session, Trouble, Unregistered};
use crate::pg::{guc, owner, spi, spi::args, sqlite, tenant};

/// The target that is no other place.
const LOCAL: &str = "local";

// ------------------------------------------------------------------------- statements for here

const PLACE: &str = "
    SELECT p.kind, p.source, p.server, p.usable FROM flowai_internal.query_target_place($1) p";

const SERVER: &str = "
    SELECT w.fdwname OPERATOR(pg_catalog.=) 'postgres_fdw',
           pg_catalog.has_server_privilege($2, s.oid, 'USAGE')
    FROM pg_catalog.pg_foreign_server s
    JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid OPERATOR(pg_catalog.=) s.srvfdw
    WHERE s.srvname OPERATOR(pg_catalog.=) $1::pg_catalog.name
      AND pg_catalog.octet_length($1) OPERATOR(pg_catalog.<) 64";

/// No row: there is no such tenant. A row that nobody deleted before is new.
const DEFINE: &str = "
    INSERT INTO flowai_internal.query_targets AS q (tenant_id, name, kind, source, defined_by)
    SELECT t.tenant_id, $2, $3, $4, $5 FROM flowai_internal.tenants t
    WHERE t.tenant_id OPERATOR(pg_catalog.=) $1
    ON CONFLICT (tenant_id, name) DO UPDATE
        SET kind = excluded.kind, source = excluded.source, defined_by = excluded.defined_by,
            defined_at = pg_catalog.clock_timestamp()
    RETURNING q.xmax::pg_catalog.text OPERATOR(pg_catalog.=) '0'";

const DROP: &str = "
    DELETE FROM flowai_internal.query_targets
    WHERE tenant_id OPERATOR(pg_catalog.=) $1 AND name OPERATOR(pg_catalog.=) $2
    RETURNING true";

const TENANT: &str = "
    SELECT true FROM flowai_internal.tenants WHERE tenant_id OPERATOR(pg_catalog.=) $1";

// ------------------------------------------------------------------------ statements for there

const BEGIN: &CStr = c"BEGIN TRANSACTION READ ONLY";

/// Limits, the forms of values, and what the parser here took for granted. Where the server can, it looks
/// every second whether its client is still there: that is what ends a statement that was given up here.
/// Then three things to be sure of: that the transaction reads only, that the log-in is no superuser, and
/// what functions the names of the statement stand for there. A name without call is one too where it may be
/// a field, an operator, a type with casts or checks, or a view: their definitions name functions by number.
const PREPARE: &CStr = c"
    SELECT pg_catalog.current_setting('transaction_read_only'),
           (SELECT pg_catalog.bool_or(r.rolsuper)::pg_catalog.text FROM pg_catalog.pg_roles r
            WHERE r.rolname OPERATOR(pg_catalog.=) ANY (ARRAY[CURRENT_USER, SESSION_USER])),
           (WITH RECURSIVE views (name, oid) AS (
                SELECT c.relname, c.oid FROM pg_catalog.pg_class c
                WHERE c.relname OPERATOR(pg_catalog.=) ANY ($8::pg_catalog.name[])
                  AND c.relkind OPERATOR(pg_catalog.=) 'v'
                UNION
                SELECT v.name, m.part[1]::pg_catalog.oid
                FROM views v
                JOIN pg_catalog.pg_rewrite r ON r.ev_class OPERATOR(pg_catalog.=) v.oid
                CROSS JOIN LATERAL pg_catalog.regexp_matches(r.ev_action::pg_catalog.text, ':relid ([0-9]+)', 'g') AS m (part)),
            types (name, oid) AS (
                SELECT t.typname, k.oid FROM pg_catalog.pg_type t
                JOIN pg_catalog.pg_type k ON k.oid OPERATOR(pg_catalog.=) ANY (ARRAY[t.oid, t.typelem, t.typbasetype])
                WHERE t.typname OPERATOR(pg_catalog.=) ANY ($7::pg_catalog.name[])
                  AND k.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid),
            bodies (kind, name, body) AS (
                SELECT 'relation', v.name, r.ev_action::pg_catalog.text
                FROM views v JOIN pg_catalog.pg_rewrite r ON r.ev_class OPERATOR(pg_catalog.=) v.oid
                UNION ALL
                SELECT 'type', t.name, c.conbin::pg_catalog.text
                FROM types t JOIN pg_catalog.pg_constraint c ON c.contypid OPERATOR(pg_catalog.=) t.oid),
            used (kind, name, function) AS (
                SELECT 'call', p.proname, p.oid FROM pg_catalog.pg_proc p
                WHERE p.proname OPERATOR(pg_catalog.=) ANY ($3::pg_catalog.name[])
                  AND p.provolatile OPERATOR(pg_catalog.=) 'v'
                UNION
                SELECT 'field', p.proname, p.oid FROM pg_catalog.pg_proc p
                WHERE p.proname OPERATOR(pg_catalog.=) ANY ($5::pg_catalog.name[])
                  AND p.pronargs OPERATOR(pg_catalog.>) 0
                  AND p.pronargs OPERATOR(pg_catalog.-) p.pronargdefaults OPERATOR(pg_catalog.<=) 1
                UNION
                SELECT 'operator', o.oprname, k.oprcode::pg_catalog.oid
                FROM pg_catalog.pg_operator o
                JOIN pg_catalog.pg_operator k ON k.oid OPERATOR(pg_catalog.=) ANY (ARRAY[o.oid, o.oprcom, o.oprnegate])
                WHERE o.oprname OPERATOR(pg_catalog.=) ANY ($6::pg_catalog.name[])
                  AND o.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
                UNION
                SELECT 'type', t.name, c.castfunc
                FROM types t JOIN pg_catalog.pg_cast c ON t.oid OPERATOR(pg_catalog.=) ANY (ARRAY[c.castsource, c.casttarget])
                WHERE c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
                UNION
                SELECT b.kind, b.name, m.part[1]::pg_catalog.oid
                FROM bodies b
                CROSS JOIN LATERAL pg_catalog.regexp_matches(b.body, ':(?:funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)', 'g') AS m (part)),
            judged (kind, name, function, volatile) AS (
                SELECT DISTINCT u.kind, u.name::pg_catalog.text, p.proname::pg_catalog.text,
                       p.provolatile OPERATOR(pg_catalog.=) 'v'
                       AND NOT (p.oid OPERATOR(pg_catalog.<) 16384::pg_catalog.oid
                                AND p.proname OPERATOR(pg_catalog.=) ANY ($4::pg_catalog.name[]))
                FROM used u JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) u.function)
            SELECT pg_catalog.json_agg(pg_catalog.json_build_array(j.kind, j.name, j.function, j.volatile)
                                       ORDER BY j.kind, j.name, j.function, j.volatile)::pg_catalog.text
            FROM judged j),
           pg_catalog.set_config('statement_timeout', $1, true),
           pg_catalog.set_config('idle_in_transaction_session_timeout', $1, true),
           pg_catalog.set_config('lock_timeout', $2, true),
           pg_catalog.set_config('standard_conforming_strings', 'on', true),
           pg_catalog.set_config('row_security', 'on', true),
           pg_catalog.set_config('datestyle', 'ISO, YMD', true),
           pg_catalog.set_config('intervalstyle', 'postgres', true),
           pg_catalog.set_config('bytea_output', 'hex', true),
           pg_catalog.set_config('extra_float_digits', '3', true),
           CASE WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 OPERATOR(pg_catalog.>=) 140000
                 AND pg_catalog.strpos(pg_catalog.version(), 'linux') OPERATOR(pg_catalog.>) 0
                THEN pg_catalog.set_config('client_connection_check_interval', '1s', true) END";

/// What stands before the statement: the server's own parser lets nothing but a SELECT follow.
const DECLARE: &str = "DECLARE flowai_rows NO SCROLL CURSOR FOR ";

const ROLLBACK: &CStr = c"ROLLBACK";

/// Longest wait for a lock there, in milliseconds: whoever waits behind us waits as long.
const LOCK_TIMEOUT_MS: u64 = 5_000;

/// Bytes that a server may send besides a result: replies to our own statements, and what surrounds
/// values.
const BESIDES: usize = 1024 * 1024;

// ------------------------------------------------------------------------------------ running

/// Runs a statement on a target. What is wrong with statement or target comes back as an object.
pub(crate) fn execute(
    sql: Option<&str>,
    max_rows: Option<i32>,
    timeout: Option<Interval>,
    target: Option<&str>,
) -> Result<Answer> {
    let target = target.ok_or_else(|| Error::missing("target"))?;
    if target == LOCAL {
        return query::execute("execute_query", sql, max_rows, timeout);
    }
    let limits = query::limits(max_rows, timeout)?;
    let Some(sql) = sql else { return query::object(&nothing_to_run()) };
    if envelope::role_is_unbound() {
        return query::object(&unbound_role());
    }
    let Some(place) = find(target)? else {
        return query::object(&unknown(target));
    };
    let result = match place {
        Place::Server { server, usable } => {
            let text = match query::prepared(sql) {
                Ok(text) => text,
                Err(refusal) => return query::object(&refusal),
            };
            let Some(server) = server.filter(|_| usable) else {
                let what =
                    "is defined by a foreign server that is gone, or that its definer may not use";
                return query::object(&unusable(target, what));
            };
            envelope::run_elsewhere(limits.timeout_ms, || {
                on_server(target, server, &text, limits).map_err(Stop::from)
            })
        }
        Place::File { path } => envelope::run_elsewhere(limits.timeout_ms, || {
            on_file(target, &path, sql, limits).map_err(Stop::from)
        }),
    };
    match result {
        Ok(answer) => Ok(answer),
        Err(Stop::Refused(refusal)) => query::object(&refusal),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Where a target is.
enum Place {
    Server { server: Option<pg_sys::Oid>, usable: bool },
    File { path: String },
}

/// The place of a target of the tenant in force. The caller may not see it, so flowai_owner looks.
fn find(target: &str) -> Result<Option<Place>> {
    owner::as_owner(|| {
        spi::read_one(PLACE, args![target], |row| {
            Ok(match row.need::<String>(1)?.as_str() {
                "sqlite" => Place::File { path: row.need(2)? },
                _ => Place::Server {
                    server: row.get(3),
                    usable: row.get::<bool>(4).unwrap_or(false),
                },
            })
        })
    })
}

fn unknown(target: &str) -> Refusal {
    Refusal::new(Code::Target, format!("target \"{}\" is not known", name::shorten(target)), None)
        .hint("Read flowai.query_targets, or ask an administrator for flowai.query_target_define.")
}

fn unusable(target: &str, what: &str) -> Refusal {
    Refusal::new(Code::Target, format!("target \"{}\" {what}", name::shorten(target)), None)
}

// --------------------------------------------------------------------------------------- file

fn on_file(
    target: &str,
    path: &str,
    sql: &str,
    limits: Limits,
) -> std::result::Result<Vec<u8>, Refusal> {
    if let Some(refusal) = dialect::validate(sql).refusal {
        return Err(without_advice(refusal));
    }
    let file = sqlite::find(path, &guc::sqlite_directories()).map_err(|reason| {
        let what = match reason {
            sqlite::Unusable::Outside => {
                "is in no directory that the setting flowai.sqlite_directories names"
            }
            sqlite::Unusable::Bad(what) => what,
        };
        let target = name::shorten(target);
        Refusal::new(Code::Target, format!("the file of target \"{target}\" {what}"), None)
    })?;
    sqlite::run(&file, sql, limits)
}

/// The advice of our rule about functions is about functions of this server.
fn without_advice(refusal: Refusal) -> Refusal {
    if refusal.code == Code::Function { refusal.hint("Use another function.") } else { refusal }
}

// ------------------------------------------------------------------------------------- server

fn on_server(
    target: &str,
    server: pg_sys::Oid,
    text: &CStr,
    limits: Limits,
) -> std::result::Result<Vec<u8>, Refusal> {
    let started = Instant::now();
    let outline = outline(text)?;
    for named in &outline.names {
        if named.stands_for == Use::Call && elsewhere::function_refused(&named.name) {
            return Err(not_allowed(named, format!("function {} is not allowed", named.name)));
        }
        if named.stands_for == Use::Relation && elsewhere::relation_refused(&named.name) {
            return Err(not_allowed(named, format!("relation {} is not allowed", named.name)));
        }
    }
    let parameters = remote::parameters(server).map_err(|reason| match reason {
        Unregistered::Server => unusable(target, "is defined by a foreign server that is gone"),
        Unregistered::Mapping => unusable(target, "has no log-in").hint(
            "Ask an administrator for CREATE USER MAPPING FOR flowai_owner SERVER ... OPTIONS (user '...', password '...').",
        ),
        Unregistered::Password => unusable(target, "has a log-in without password").hint(
            "Ask an administrator to add the password to the user mapping of flowai_owner, or a superuser to set password_required to false there.",
        ),
    })?;
    let budget = limits.bytes.saturating_add(BESIDES);
    let session = Session::open(&parameters, budget).map_err(|t| unreachable(target, t))?;
    let left = limits.timeout_ms.saturating_sub(elapsed_ms(started)).max(1);
    prepare(target, &session, &outline, left)?;

    let statement = |trouble| in_statement(target, trouble, &outline, limits);
    let declare = c_string(format!("{DECLARE}{}", outline.statement))?;
    session.run(&declare, &[], |_| true).map_err(statement)?;
    let fetch = c_string(format!("FETCH FORWARD {} FROM flowai_rows", limits.rows + 1))?;
    let mut result = Rows { limits, sheet: None, types: Vec::new(), refusal: None };
    session.run(&fetch, &[], |reply| result.take(reply)).map_err(|trouble| {
        // The cursor's text is not that of the fetch.
        Refusal { position: None, ..statement(trouble) }
    })?;
    if let Some(refusal) = result.refusal {
        return Err(refusal);
    }
    // For the sake of a pooler between us and the server; closing the connection says the same.
    let _ = session.run(ROLLBACK, &[], |_| true);
    let sheet = result.sheet.ok_or_else(|| unusable(target, "sent no columns"))?;
    Ok(sheet.finish())
}

fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn c_string(text: String) -> std::result::Result<CString, Refusal> {
    CString::new(text)
        .map_err(|_| Refusal::new(Code::Syntax, "the statement has a NUL character", None))
}

/// Begins the transaction there, and asks the server what only it can know.
fn prepare(
    target: &str,
    session: &Session,
    outline: &Outline<'_>,
    left_ms: u64,
) -> std::result::Result<(), Refusal> {
    let begin = |trouble| match trouble {
        Trouble::Said(said) => elsewhere::not_prepared(target, &said.sqlstate),
        trouble => unreachable(target, trouble),
    };
    session.run(BEGIN, &[], |_| true).map_err(begin)?;
    let timeout = c_string(left_ms.to_string())?;
    let lock_timeout = c_string(left_ms.min(LOCK_TIMEOUT_MS).to_string())?;
    let names = |stands_for: Use| {
        let used = outline.names.iter().filter(move |named| named.stands_for == stands_for);
        c_string(array(used.map(|named| named.name.as_str())))
    };
    let (called, fields, relations) =
        (names(Use::Call)?, names(Use::Field)?, names(Use::Relation)?);
    // A call of what is a type is a cast to it, and so is a field.
    let casts = outline
        .names
        .iter()
        .filter(|named| matches!(named.stands_for, Use::Type | Use::Call | Use::Field));
    let types = c_string(array(casts.map(|named| named.name.as_str())))?;
    // Some syntax stands for operators that it does not name.
    let operators = outline.names.iter().filter(|named| named.stands_for == Use::Operator);
    let operators = operators.map(|named| named.name.as_str()).chain(elsewhere::UNNAMED_OPERATORS);
    let operators = c_string(array(operators))?;
    let allowed = c_string(array(policy::ALLOWED_THOUGH_VOLATILE.iter().copied()))?;
    let mut told: [Option<String>; 3] = [const { None }; 3];
    let arguments = [
        &*timeout,
        &*lock_timeout,
        &*called,
        &*allowed,
        &*fields,
        &*operators,
        &*types,
        &*relations,
    ];
    session
        .run(PREPARE, &arguments, |reply| {
            for (column, told) in told.iter_mut().enumerate() {
                if let Some(value) = reply.value(column) {
                    *told = Some(String::from_utf8_lossy(value).into_owned());
                }
            }
            true
        })
        .map_err(begin)?;
    let [read_only, superuser, functions] = told;
    if read_only.as_deref() != Some("on") {
        return Err(unusable(target, "does not keep to read-only transactions"));
    }
    if superuser.as_deref() != Some("false") {
        return Err(unusable(target, "logs in as a superuser there").hint(
            "Ask an administrator to map flowai_owner to an ordinary role that may only read.",
        ));
    }
    let Some(functions) = functions else { return Ok(()) };
    let functions = elsewhere::functions_of(&functions)
        .ok_or_else(|| unusable(target, "does not tell what the statement would call"))?;
    match functions.into_iter().find(elsewhere::Used::goes_beyond_reading) {
        None => Ok(()),
        Some(used) => {
            let stands_for = match used.kind.as_str() {
                "field" => Use::Field,
                "operator" => Use::Operator,
                "type" => Use::Type,
                "relation" => Use::Relation,
                _ => Use::Call,
            };
            let mut names = outline.names.iter().filter(|named| named.name == used.name);
            let place = names.clone().find(|named| named.stands_for == stands_for);
            let place = place.or_else(|| names.find(|_| stands_for == Use::Type));
            let what = used.complaint();
            Err(match place {
                Some(named) => not_allowed(named, what),
                None => Refusal::new(Code::Function, what, None).hint(USE_ANOTHER),
            })
        }
    }
}

const USE_ANOTHER: &str = "Use another function.";

fn not_allowed(named: &Named, what: String) -> Refusal {
    match named.stands_for {
        Use::Relation => Refusal::new(Code::Relation, what, named.position).hint(
            "Read another relation: this one tells of more than its rows, or does more than read.",
        ),
        _ => Refusal::new(Code::Function, what, named.position).hint(USE_ANOTHER),
    }
}

/// Names as the text of an array.
fn array<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names
        .map(|name| format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    format!("{{{}}}", quoted.join(","))
}

/// The rows that arrive.
struct Rows {
    limits: Limits,
    sheet: Option<Sheet>,
    types: Vec<u32>,
    refusal: Option<Refusal>,
}

impl Rows {
    /// False: no more are wanted.
    fn take(&mut self, reply: &Reply) -> bool {
        let sheet = self.sheet.get_or_insert_with(|| {
            let (names, types) = reply.columns().into_iter().unzip();
            self.types = types;
            Sheet::new(self.limits, names)
        });
        if !reply.has_row() || !sheet.begin() {
            return true;
        }
        let written = self
            .types
            .iter()
            .enumerate()
            .try_for_each(|(column, oid)| match reply.value(column) {
                None => sheet.cell(4, |json| json.extend_from_slice(b"null")),
                Some(bytes) => sheet.cell(bytes.len(), |json| {
                    elsewhere::value(json, *oid, &String::from_utf8_lossy(bytes));
                }),
            })
            .and_then(|()| sheet.end());
        self.refusal = written.err();
        self.refusal.is_none()
    }
}

/// What the server's error means for whoever wrote the statement.
fn in_statement(target: &str, trouble: Trouble, outline: &Outline<'_>, limits: Limits) -> Refusal {
    match trouble {
        Trouble::Said(said) => {
            let before = DECLARE.chars().count();
            let position = said
                .position
                .and_then(|position| position.checked_sub(before))
                .filter(|position| *position > 0)
                .map(|position| position + outline.offset);
            let refusal = Refusal::by_server(&said.sqlstate, said.message, position, said.hint);
            if refusal.code == Code::Timeout { took_too_long(limits.timeout_ms) } else { refusal }
        }
        Trouble::Flood => sheet::too_many_bytes(limits.bytes),
        trouble => unreachable(target, trouble),
    }
}

/// What it means that there is no session, or none that can be used.
fn unreachable(target: &str, trouble: Trouble) -> Refusal {
    match trouble {
        Trouble::Unreachable(sqlstate) => elsewhere::no_connection(target, sqlstate.as_deref()),
        Trouble::NoPassword => unusable(target, "let us in without the password of its log-in"),
        Trouble::NoDescriptor => {
            unusable(target, "cannot be reached: this session has too many files open")
        }
        Trouble::NoLibrary => unusable(target, "cannot be reached: libpq is not installed here"),
        Trouble::Lost | Trouble::Flood | Trouble::Said(_) => elsewhere::lost_connection(target),
    }
}

// -------------------------------------------------------------------------------- registration

/// Lets a tenant's statements run on a target. False: the name was there, and is defined anew.
pub(crate) fn define(
    tenant: Option<&str>,
    name: Option<&str>,
    kind: Option<&str>,
    source: Option<&str>,
    by: pg_sys::Oid,
) -> Result<bool> {
    let tenant = name::argument("tenant", tenant)?;
    let name = name::argument("name", name)?;
    let kind = kind.ok_or_else(|| Error::missing("kind"))?;
    let source = source.ok_or_else(|| Error::missing("source"))?;
    if name == LOCAL {
        return Err(Error::invalid("query_target_name", "a target cannot be called \"local\"")
            .detail("That is this database.")
            .hint("Choose another name."));
    }
    match kind {
        "postgres" => check_server(source, by)?,
        "sqlite" => check_file(source)?,
        other => {
            return Err(Error::invalid(
                "query_target_kind",
                format!("unknown kind of target \"{}\"", name::shorten(other)),
            )
            .hint("The kinds are postgres and sqlite."));
        }
    }
    let by = tenant::role_name(by);
    let created: Option<bool> =
        spi::write_one(DEFINE, args![tenant, name, kind, source, by], |row| row.need(1))?;
    created.ok_or_else(|| tenancy::unknown_tenant(tenant))
}

/// A server that the role may use, of the wrapper whose options we know.
fn check_server(server: &str, by: pg_sys::Oid) -> Result<()> {
    let shown = name::shorten(server);
    let found: Option<(bool, bool)> =
        spi::read_one(SERVER, args![server, by], |row| Ok((row.need(1)?, row.need(2)?)))?;
    match found {
        None => Err(Error::new(
            Kind::NotFound,
            "query_server_known",
            format!("foreign server \"{shown}\" does not exist"),
        )
        .hint("Create it with CREATE SERVER ... FOREIGN DATA WRAPPER postgres_fdw.")),
        Some((_, false)) => Err(Error::new(
            Kind::Forbidden,
            "query_server_usage",
            format!("role \"{}\" may not use foreign server \"{shown}\"", tenant::role_name(by)),
        )
        .hint("Ask its owner for GRANT USAGE ON FOREIGN SERVER.")),
        Some((false, true)) => Err(Error::invalid(
            "query_server_wrapper",
            format!("foreign server \"{shown}\" is not one of postgres_fdw"),
        )
        .hint("Create it with CREATE SERVER ... FOREIGN DATA WRAPPER postgres_fdw.")),
        Some((true, true)) => Ok(()),
    }
}

/// A file that could be read now.
fn check_file(path: &str) -> Result<()> {
    place::check(path)?;
    match sqlite::find(path, &guc::sqlite_directories()) {
        Ok(_) => Ok(()),
        Err(sqlite::Unusable::Outside) => Err(place::outside(path)),
        Err(sqlite::Unusable::Bad(what)) => Err(place::unusable(path, what)),
    }
}

/// Takes a target away. False: there was none.
pub(crate) fn drop(tenant: Option<&str>, name: Option<&str>) -> Result<bool> {
    let tenant = name::argument("tenant", tenant)?;
    let name = name::argument("name", name)?;
    if spi::write_one(TENANT, args![tenant], |row| row.need::<bool>(1))?.is_none() {
        return Err(tenancy::unknown_tenant(tenant));
    }
    Ok(spi::write_one(DROP, args![tenant, name], |row| row.need::<bool>(1))?.is_some())
}
