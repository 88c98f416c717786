//! Policies of approvals: when somebody has to be asked. Administrators write them, tenants read them.

use std::cell::Cell;
use std::ffi::CString;

use flowai_core::approval::{EVERY, PLAN, Policy, TOOL, check_policy_subject, does_the_work_of};
use flowai_core::name::{self, shorten};
use flowai_core::query::{Limits, Refusal};
use flowai_core::{Error, Kind, Result};
use pgrx::pg_sys;
use serde_json::{Value, json};

use super::{event, query};
use crate::pg::analyze::Foreign;
use crate::pg::envelope::{self, Stop};
use crate::pg::owner::as_outer;
use crate::pg::spi::{self, args};
use crate::pg::{clock, tenant};

/// Most subjects have no policy, and tools ask at each call.
const ANY: &str = "
    SELECT true FROM flowai.approval_policies
    WHERE tenant_id = $1 AND subject_kind = $2 AND subject IN ($3, '*') LIMIT 1";

const POLICY: &str = "
    SELECT p.policy, p.predicate, p.function, p.unchanged, p.separate_duties, p.deciders
    FROM flowai_internal.approval_policy($1, $2) p";

/// The function that a policy may ask: its schema, its name and what it is now.
const PREDICATE: &str = "
    SELECT n.nspname::text, p.proname::text, flowai_internal.function_digest(p.oid),
           p.prokind = 'f' AND NOT p.proretset AND p.prorettype = 'boolean'::regtype
           AND p.proargtypes = '25 25 3802'::oidvector AND p.oid >= 16384,
           p.oid::regprocedure::text
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE p.oid = $1";

const ROLE: &str = "SELECT true FROM pg_catalog.pg_roles WHERE rolname = $1::name";

const TOOL_IS_THERE: &str = "SELECT true FROM flowai.tools() t WHERE t.name = $1";

const PLAN_KIND_IS_THERE: &str =
    "SELECT true FROM flowai.plan_kinds WHERE tenant_id = $1 AND kind = $2";

const SET: &str = "
    INSERT INTO flowai.approval_policies AS p
        (tenant_id, subject_kind, subject, policy, predicate_schema, predicate_name, predicate_digest, separate_duties, deciders, set_by, set_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (tenant_id, subject_kind, subject) DO UPDATE SET
        policy = excluded.policy, predicate_schema = excluded.predicate_schema, predicate_name = excluded.predicate_name,
        predicate_digest = excluded.predicate_digest, separate_duties = excluded.separate_duties, deciders = excluded.deciders,
        set_by = excluded.set_by, set_at = excluded.set_at
    WHERE (p.policy, p.predicate_schema, p.predicate_name, p.predicate_digest, p.separate_duties, p.deciders)
          IS DISTINCT FROM (excluded.policy, excluded.predicate_schema, excluded.predicate_name, excluded.predicate_digest, excluded.separate_duties, excluded.deciders)
    RETURNING true";

const DROP: &str = "
    DELETE FROM flowai.approval_policies WHERE tenant_id = $1 AND subject_kind = $2 AND subject = $3
    RETURNING true";

const LIST: &str = "
    SELECT subject_kind::text, subject::text, policy,
           CASE WHEN predicate_name IS NOT NULL THEN pg_catalog.format('%I.%I(text,text,jsonb)', predicate_schema, predicate_name) END,
           separate_duties, deciders, set_by
    FROM flowai.approval_policies WHERE tenant_id = $1
    ORDER BY subject_kind, subject";

/// What a function may use that is asked about a subject. It is asked while somebody waits for a call.
const BOUNDS: Limits = Limits { rows: 1, bytes: 1024, cell_bytes: 256, timeout_ms: 1000 };

/// A policy as administrators see it.
pub(crate) struct Listed {
    pub(crate) subject_kind: String,
    pub(crate) subject: String,
    pub(crate) policy: String,
    pub(crate) predicate: Option<String>,
    pub(crate) separate_duties: bool,
    pub(crate) deciders: Option<String>,
    pub(crate) set_by: String,
}

/// What a policy is to be.
pub(crate) struct Wanted<'a> {
    pub(crate) subject_kind: Option<&'a str>,
    pub(crate) subject: Option<&'a str>,
    pub(crate) policy: Option<&'a str>,
    pub(crate) predicate: Option<pg_sys::Oid>,
    pub(crate) separate_duties: Option<bool>,
    pub(crate) deciders: Option<&'a str>,
}

/// Whether somebody has to be asked, and who may answer.
pub(super) struct Ruling {
    pub(super) needed: bool,
    /// In words, for the record.
    pub(super) because: String,
    pub(super) separate_duties: bool,
    pub(super) deciders: Option<String>,
}

/// Sets the policy about a subject of a tenant. False: it was so already.
pub(crate) fn set(tenant: Option<&str>, wanted: Wanted) -> Result<bool> {
    let tenant = known_tenant(tenant)?;
    let subject_kind = name::argument("subject_kind", wanted.subject_kind)?;
    let subject = name::argument("subject", wanted.subject)?;
    let policy = Policy::argument(wanted.policy, wanted.predicate.is_some())?;
    let separate = wanted.separate_duties.ok_or_else(|| Error::missing("separate_duties"))?;
    let predicate = wanted.predicate.map(predicate).transpose()?;
    if let Some(role) = wanted.deciders
        && spi::write_one(ROLE, args![role], |row| row.need::<bool>(1))?.is_none()
    {
        return Err(Error::new(
            Kind::NotFound,
            "role_known",
            format!("role \"{}\" does not exist", shorten(role)),
        )
        .hint("Create it, and grant it to the people who decide."));
    }
    tenant::acting_for(tenant, || check_subject(tenant, subject_kind, subject))?;
    let function = predicate.as_ref().map(|p| p.signature.clone());
    let (schema, function_name, digest) = match predicate {
        Some(p) => (Some(p.schema), Some(p.name), Some(p.digest)),
        None => (None, None, None),
    };
    tenant::acting_for(tenant, || {
        let set = args![
            tenant,
            subject_kind,
            subject,
            policy.name(),
            schema,
            function_name,
            digest,
            separate,
            wanted.deciders,
            tenant::outer_name(),
            clock::now()
        ];
        let changed = spi::write_one(SET, set, |row| row.need::<bool>(1))?.is_some();
        if changed {
            event::note(
                "flowai.approval.policy_set",
                event::Severity::Info,
                json!({
                    "subject_kind": subject_kind, "subject": subject, "policy": policy.name(),
                    "predicate": function.as_deref().map(event::beginning),
                    "separate_duties": separate, "deciders": wanted.deciders,
                }),
            )?;
        }
        Ok(changed)
    })
}

/// Takes a policy away: what holds without one holds again. False: there was none.
pub(crate) fn drop(
    tenant: Option<&str>,
    subject_kind: Option<&str>,
    subject: Option<&str>,
) -> Result<bool> {
    let tenant = known_tenant(tenant)?;
    let subject_kind = name::argument("subject_kind", subject_kind)?;
    let subject = name::argument("subject", subject)?;
    tenant::acting_for(tenant, || {
        let dropped =
            spi::write_one(DROP, args![tenant, subject_kind, subject], |row| row.need::<bool>(1))?;
        if dropped.is_some() {
            event::note(
                "flowai.approval.policy_dropped",
                event::Severity::Info,
                json!({ "subject_kind": subject_kind, "subject": subject }),
            )?;
        }
        Ok(dropped.is_some())
    })
}

/// The policies of a tenant.
pub(crate) fn list(tenant: Option<&str>) -> Result<Vec<Listed>> {
    let tenant = known_tenant(tenant)?;
    tenant::acting_for(tenant, || {
        spi::write(LIST, args![tenant], |row| {
            Ok(Listed {
                subject_kind: row.need(1)?,
                subject: row.need(2)?,
                policy: row.need(3)?,
                predicate: row.get(4),
                separate_duties: row.need(5)?,
                deciders: row.get(6),
                set_by: row.need(7)?,
            })
        })
    })
}

fn known_tenant(tenant: Option<&str>) -> Result<&str> {
    let tenant = tenant.ok_or_else(|| Error::missing("tenant"))?;
    query::known_tenant(Some(tenant))?;
    Ok(tenant)
}

/// A policy about a tool or a kind of plans that does not exist would protect nothing.
fn check_subject(tenant: &str, subject_kind: &str, subject: &str) -> Result<()> {
    check_policy_subject(subject_kind, subject)?;
    if subject == EVERY {
        return Ok(());
    }
    if subject_kind == PLAN {
        let kind = args![tenant, subject];
        return match spi::write_one(PLAN_KIND_IS_THERE, kind, |row| row.need::<bool>(1))? {
            Some(_) => Ok(()),
            None => Err(Error::new(
                Kind::NotFound,
                "plan_kind_known",
                format!("plan kind \"{}\" is not found", shorten(subject)),
            )
            .hint(
                "Define it with flowai.plan_kind_define(kind, schema), or name * for every kind.",
            )),
        };
    }
    if subject_kind != TOOL {
        return Ok(());
    }
    match spi::write_one(TOOL_IS_THERE, args![subject], |row| row.need::<bool>(1))? {
        Some(_) => Ok(()),
        None => Err(Error::new(
            Kind::NotFound,
            "tool_known",
            format!("tool \"{}\" does not exist", shorten(subject)),
        )
        .hint("The tools are listed by flowai.tools().")),
    }
}

struct Predicate {
    schema: String,
    name: String,
    digest: Vec<u8>,
    signature: String,
}

fn predicate(function: pg_sys::Oid) -> Result<Predicate> {
    let found = spi::write_one(PREDICATE, args![function], |row| {
        let found = Predicate {
            schema: row.need(1)?,
            name: row.need(2)?,
            digest: row.need(3)?,
            signature: row.need(5)?,
        };
        Ok((found, row.need::<bool>(4)?))
    })?;
    match found {
        Some((found, true)) => Ok(found),
        Some((found, false)) => Err(Error::invalid(
            "approval_predicate_shape",
            format!("function {} cannot be asked", found.signature),
        )
        .detail("It must be a function of your own of (subject_kind text, subject text, body jsonb) that returns boolean.")
        .hint("It says true where an approval is needed.")),
        None => Err(Error::new(
            Kind::NotFound,
            "function_known",
            format!("function {} does not exist", function.to_u32()),
        )
        .hint("Pass a function as '\"schema\".name(text, text, jsonb)'.")),
    }
}

// ---------------------------------------------------------------------------------- asking

/// Whether somebody has to be asked about a body. `subject` is what policies call it.
pub(super) fn ruling(subject_kind: &str, subject: &str, body: &str) -> Result<Ruling> {
    struct Found {
        policy: String,
        predicate: String,
        function: Option<pg_sys::Oid>,
        unchanged: bool,
        separate_duties: bool,
        deciders: Option<String>,
    }
    let tenant = tenant::required()?;
    let any = args![&*tenant, subject_kind, subject];
    if spi::write_one(ANY, any, |row| row.need::<bool>(1))?.is_none() {
        return Ok(Ruling {
            needed: Policy::asks_by_default(subject_kind),
            because: "no policy".to_owned(),
            separate_duties: false,
            deciders: None,
        });
    }
    let found = spi::write_one(POLICY, args![subject_kind, subject], |row| {
        Ok(Found {
            policy: row.need(1)?,
            predicate: row.get(2).unwrap_or_default(),
            function: row.get(3),
            unchanged: row.need(4)?,
            separate_duties: row.need(5)?,
            deciders: row.get(6),
        })
    })?;
    let found = found.ok_or_else(|| Error::internal("a policy that is there is not found"))?;
    let policy = Policy::named(&found.policy)
        .ok_or_else(|| Error::internal("a policy of an unknown sort"))?;
    let (needed, because) = match policy {
        Policy::Never | Policy::Always => {
            (policy == Policy::Always, format!("policy {}", policy.name()))
        }
        Policy::Predicate => {
            let name = event::beginning(&found.predicate).to_string();
            match found.function.filter(|_| found.unchanged) {
                None => {
                    (true, format!("predicate {name} is not what it was when the policy was set"))
                }
                Some(function) => {
                    match says(&found.predicate, function, subject_kind, subject, body) {
                        Ok(needed) => (needed, format!("predicate {name}")),
                        Err(code) => (true, format!("predicate {name} failed: {code}")),
                    }
                }
            }
        }
    };
    let Found { separate_duties, deciders, .. } = found;
    Ok(Ruling { needed, because, separate_duties, deciders })
}

/// Whether somebody has to be asked about a call of a tool: by the policy about the tool, and by that about
/// another one whose work it does as well.
pub(super) fn ruling_of_tool(tool: &str, body: &str) -> Result<Ruling> {
    let own = ruling(TOOL, tool, body)?;
    let Some(other) = does_the_work_of(tool) else { return Ok(own) };
    let other = ruling(TOOL, other, body)?;
    Ok(match (own.needed, other.needed) {
        (_, false) => own,
        (false, true) => other,
        (true, true) => Ruling {
            separate_duties: own.separate_duties || other.separate_duties,
            deciders: own.deciders.or(other.deciders),
            ..own
        },
    })
}

thread_local! {
    /// The function that is being asked.
    static ASKED: Cell<pg_sys::Oid> = const { Cell::new(pg_sys::InvalidOid) };
}

fn judge(foreign: &[Foreign]) -> Result<Option<Refusal>> {
    query::judge_others(foreign, ASKED.get())
}

/// What the function says, NULL being true; or the code of the error that it ended with. It runs as the
/// role that asks, never as flowai_owner, in the envelope of read-only queries: what it does besides
/// answering is refused, and counts as an error.
fn says(
    predicate: &str,
    function: pg_sys::Oid,
    subject_kind: &str,
    subject: &str,
    body: &str,
) -> std::result::Result<bool, String> {
    let failed = |stop: Stop| match stop {
        Stop::Refused(refusal) => {
            refusal.sqlstate.unwrap_or_else(|| refusal.code.name().to_owned())
        }
        Stop::Failed(error) => error.rule.to_owned(),
    };
    // Strings as the envelope reads them: standard_conforming_strings is on there.
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let sql = format!(
        "SELECT {predicate}({}::pg_catalog.text, {}::pg_catalog.text, {}::pg_catalog.jsonb) AS needed",
        quoted(subject_kind),
        quoted(subject),
        quoted(body)
    );
    let sql = CString::new(sql).map_err(|_| "syntax".to_owned())?;
    ASKED.set(function);
    let answer = as_outer(|| {
        if envelope::role_is_unbound() {
            return Err("unbound role".to_owned());
        }
        envelope::ask(&sql, BOUNDS, judge).map_err(failed)
    });
    ASKED.set(pg_sys::InvalidOid);
    let rows: Value = serde_json::from_slice(&answer?).map_err(|_| "no answer".to_owned())?;
    Ok(rows.pointer("/0/needed").and_then(Value::as_bool).unwrap_or(true))
}

/// What policies call the subject of an approval: a plan by its kind, all others by their names.
pub(super) fn class<'a>(subject_kind: &str, subject_id: &'a str, plan_kind: &'a str) -> &'a str {
    if subject_kind == PLAN { plan_kind } else { subject_id }
}
