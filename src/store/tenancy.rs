//! Tenants and their members.

use flowai_core::{Error, Kind, Result, name};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys;
use serde_json::json;

use super::event;
use crate::pg::relation::Relation;
use crate::pg::{guc, spi, spi::args, tenant};

const CREATE: &str = "
    WITH created AS (
        INSERT INTO flowai_internal.tenants (tenant_id, version) VALUES ($1, $2)
        ON CONFLICT DO NOTHING
        RETURNING tenant_id, version, created_at
    ), noted AS (
        INSERT INTO flowai_internal.tenant_versions (tenant_id, version, set_at, set_by)
        SELECT tenant_id, version, created_at, $3 FROM created
    )
    SELECT created_at FROM created";

const LIKE_BY_CASE: &str = "
    SELECT tenant_id::text FROM flowai_internal.tenants
    WHERE pg_catalog.lower(tenant_id) OPERATOR(pg_catalog.=) pg_catalog.lower($1)";

/// Locks the tenant, so that it cannot go before the transaction ends.
const HOLD: &str = "
    SELECT true FROM flowai_internal.tenants
    WHERE tenant_id OPERATOR(pg_catalog.=) $1 FOR KEY SHARE";

const ROLE: &str = "
    SELECT oid, rolsuper OR rolbypassrls, rolname IN ('flowai_owner', 'flowai_admin', 'flowai_user'),
           pg_catalog.pg_has_role(oid, 'flowai_user', 'MEMBER')
    FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) $1::pg_catalog.name";

const GRANT: &str = "
    INSERT INTO flowai_internal.tenant_members (tenant_id, member) VALUES ($1, $2)
    ON CONFLICT (tenant_id, member) DO NOTHING
    RETURNING true";

const REVOKE: &str = "
    DELETE FROM flowai_internal.tenant_members
    WHERE tenant_id OPERATOR(pg_catalog.=) $1 AND member OPERATOR(pg_catalog.=) $2
    RETURNING true";

/// One change at a time: whether a role still needs flowai_user depends on all of its memberships.
const LOCK_MEMBERS: &str = "LOCK TABLE flowai_internal.tenant_members IN SHARE ROW EXCLUSIVE MODE";

const HAS_MEMBERSHIP: &str = "
    SELECT true FROM flowai_internal.tenant_members WHERE member OPERATOR(pg_catalog.=) $1 LIMIT 1";

/// What a session is told about itself.
pub(crate) struct Identity {
    pub(crate) role: String,
    pub(crate) login: String,
    pub(crate) tenant: Option<String>,
    pub(crate) workspace: String,
    pub(crate) reason: String,
}

/// Who this session is, and why. Never raises: it is what one asks when something raised.
pub(crate) fn whoami() -> Identity {
    let role = tenant::outer_name();
    let selector = guc::tenant_selector();
    let (tenant, reason) = match tenant::current() {
        Ok(Some(t)) if selector.is_empty() => (
            Some(t.to_string()),
            format!("tenant \"{t}\" is the only one that was granted to role \"{role}\" itself"),
        ),
        Ok(Some(t)) => (
            Some(t.to_string()),
            format!("flowai.tenant selects \"{t}\", which role \"{role}\" may use"),
        ),
        Ok(None) => (
            None,
            format!(
                "flowai.tenant is not set, and not exactly one tenant was granted to role \"{role}\" itself"
            ),
        ),
        Err(error) => (None, error.message),
    };
    Identity { role, login: tenant::login_name(), tenant, workspace: guc::workspace(), reason }
}

/// Chooses tenant and workspace for the rest of the transaction.
pub(crate) fn use_tenant(tenant: Option<&str>, workspace: Option<&str>) -> Result<String> {
    let tenant = name::argument("tenant", tenant)?;
    guc::set_local(c"flowai.tenant", tenant)?;
    if let Some(workspace) = workspace {
        guc::set_local(c"flowai.workspace", name::argument("workspace", Some(workspace))?)?;
    }
    tenant::required().map(|t| t.to_string())
}

/// Creates a tenant; one that differs from another by case alone is taken.
pub(crate) fn create(tenant: Option<&str>, version: Option<&str>) -> Result<TimestampWithTimeZone> {
    let by = tenant::outer_name();
    let tenant = name::argument("tenant", tenant)?;
    let version = version.ok_or_else(|| Error::missing("version"))?;
    if version.trim().is_empty() {
        return Err(Error::invalid(
            "tenant_version_said",
            "argument \"version\" must not be blank",
        )
        .hint("Pass the revision of the tenant's configuration, such as v1."));
    }
    if let Some(created) = spi::write_one(CREATE, args![tenant, version, by], |row| row.need(1))? {
        let said = json!({ "version": event::beginning(version) });
        event::note_for(tenant, "flowai.tenant.created", said)?;
        return Ok(created);
    }
    let taken: Option<String> = spi::write_one(LIKE_BY_CASE, args![tenant], |row| row.need(1))?;
    Err(Error::new(
        Kind::AlreadyExists,
        "tenant_new",
        format!("tenant \"{tenant}\" already exists"),
    )
    .detail(format!(
        "The tenant there is \"{}\"; names that differ by case alone count as the same.",
        taken.unwrap_or_default()
    ))
    .hint("Choose another name."))
}

/// Makes a role a member of a tenant and lets it use the extension. False: it was a member already.
pub(crate) fn grant(tenant: Option<&str>, role: Option<&str>) -> Result<bool> {
    let tenant = name::argument("tenant", tenant)?;
    let role = role.ok_or_else(|| Error::missing("role"))?;
    spi::run_utility(LOCK_MEMBERS)?;
    hold(tenant)?;
    let Role { oid, outside, ours, user } = find_role(role)?;
    if outside || ours {
        return Err(Error::new(
            Kind::Forbidden,
            "member_ordinary",
            format!("role \"{role}\" cannot be a member of a tenant"),
        )
        .detail(if ours {
            "The roles of flowai_runtime itself belong to no tenant."
        } else {
            "Row-level security does not bind superusers and BYPASSRLS roles."
        })
        .hint("Create an ordinary login role for the tenant."));
    }
    let granted = spi::write_one(GRANT, args![tenant, oid], |row| row.need::<bool>(1))?.is_some();
    tenant::announce_change();
    if !user {
        spi::run_utility(&format!("GRANT flowai_user TO {}", spi::quote_identifier(role)?))?;
    }
    if granted {
        event::note_for(tenant, "flowai.tenant.granted", json!({ "member": role }))?;
    }
    Ok(granted)
}

/// Ends a membership, and with the role's last one its use of the extension. False: there was none.
pub(crate) fn revoke(tenant: Option<&str>, role: Option<&str>) -> Result<bool> {
    let tenant = name::argument("tenant", tenant)?;
    let role = role.ok_or_else(|| Error::missing("role"))?;
    spi::run_utility(LOCK_MEMBERS)?;
    hold(tenant)?;
    let Role { oid, .. } = find_role(role)?;
    let revoked = spi::write_one(REVOKE, args![tenant, oid], |row| row.need::<bool>(1))?.is_some();
    tenant::announce_change();
    if revoked && spi::write_one(HAS_MEMBERSHIP, args![oid], |row| row.need::<bool>(1))?.is_none() {
        spi::run_utility(&format!("REVOKE flowai_user FROM {}", spi::quote_identifier(role)?))?;
    }
    if revoked {
        event::note_for(tenant, "flowai.tenant.revoked", json!({ "member": role }))?;
    }
    Ok(revoked)
}

/// Keeps the tenant there until the transaction ends: for what writes rows of a tenant and is no member,
/// whom flowai.tenant_drop could not shut out. Error P0002 if it is gone.
pub(super) fn hold(tenant: &str) -> Result<()> {
    match spi::write_one(HOLD, args![tenant], |row| row.need::<bool>(1))? {
        Some(_) => Ok(()),
        None => Err(unknown_tenant(tenant)),
    }
}

/// Waits for the transactions that have written to these relations.
pub(crate) fn await_writers(relations: &[pg_sys::Oid]) {
    Relation::wait_for_writers(relations);
}

/// A role as membership sees it.
struct Role {
    oid: pg_sys::Oid,
    /// Row-level security does not bind it.
    outside: bool,
    /// A role of the extension itself.
    ours: bool,
    /// It may use the extension already.
    user: bool,
}

fn find_role(role: &str) -> Result<Role> {
    let found = spi::write_one(ROLE, args![role], |row| {
        Ok(Role {
            oid: row.need(1)?,
            outside: row.need(2)?,
            ours: row.need(3)?,
            user: row.need(4)?,
        })
    })?;
    found.ok_or_else(|| {
        Error::new(
            Kind::NotFound,
            "role_known",
            format!("role \"{}\" does not exist", name::shorten(role)),
        )
        .hint("Create it with CREATE ROLE ... LOGIN.")
    })
}

pub(super) fn unknown_tenant(tenant: &str) -> Error {
    Error::new(Kind::NotFound, "tenant_known", format!("tenant \"{tenant}\" does not exist"))
        .hint("Create it with flowai.tenant_create(tenant).")
}
