//! Tenants and their members.

use flowai_core::{Error, Kind, Result, name, ttl};
use pgrx::datum::{Interval, TimestampWithTimeZone};
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

/// What keeps a role from being a member: with it, or one SET ROLE away from it, row-level security says
/// little. flowai.readiness() says the same of those that got there later.
const ROLE: &str = "
    SELECT r.oid, r.rolname IN ('flowai_owner', 'flowai_admin', 'flowai_user'),
           EXISTS (SELECT FROM pg_catalog.pg_auth_members a
                   WHERE a.roleid = 'flowai_user'::pg_catalog.regrole AND a.member = r.oid),
           (SELECT CASE WHEN p.oid <> r.oid THEN 'a member of ' || p.rolname
                        WHEN p.rolsuper THEN 'a SUPERUSER role' WHEN p.rolbypassrls THEN 'a BYPASSRLS role'
                        WHEN p.rolcreaterole THEN 'a CREATEROLE role'
                        WHEN p.rolreplication THEN 'a REPLICATION role' ELSE 'a role of the server' END
            FROM pg_catalog.pg_roles p
            WHERE (p.rolsuper OR p.rolbypassrls OR p.rolcreaterole OR p.rolreplication
                   OR p.rolname IN ('flowai_owner', 'flowai_admin', 'pg_read_all_data', 'pg_write_all_data',
                                    'pg_read_server_files', 'pg_write_server_files',
                                    'pg_execute_server_program'))
              AND (p.oid = r.oid OR NOT r.rolsuper AND pg_catalog.pg_has_role(r.oid, p.oid, 'MEMBER'))
            ORDER BY p.oid = r.oid DESC, p.rolname LIMIT 1)
    FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) $1::pg_catalog.name";

const GRANT: &str = "
    INSERT INTO flowai_internal.tenant_members (tenant_id, member) VALUES ($1, $2)
    ON CONFLICT (tenant_id, member) DO NOTHING
    RETURNING true";

const REVOKE: &str = "
    DELETE FROM flowai_internal.tenant_members
    WHERE tenant_id OPERATOR(pg_catalog.=) $1 AND member OPERATOR(pg_catalog.=) $2
    RETURNING true";

const MEMBERS: &str = "
    SELECT r.rolname::text FROM flowai_internal.tenant_members m
    LEFT JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) m.member
    WHERE m.tenant_id OPERATOR(pg_catalog.=) $1 ORDER BY 1";

/// Of roles that were dropped: a session that is logged in as one of them goes on.
const REVOKE_ALL: &str = "
    DELETE FROM flowai_internal.tenant_members WHERE tenant_id OPERATOR(pg_catalog.=) $1";

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
    if !name::is_visible(tenant) {
        let shown = name::shorten(&tenant.escape_default().to_string());
        return Err(Error::invalid(
            "tenants_name_visible",
            format!("argument \"tenant\": invisible characters in \"{shown}\""),
        )
        .detail("People would take the tenant for another one.")
        .hint("Choose a name of letters, digits and signs."));
    }
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
    let Role { oid, unfit, ours, user } = find_role(role)?;
    if unfit.is_some() || ours {
        return Err(Error::new(
            Kind::Forbidden,
            "member_ordinary",
            format!("role \"{role}\" cannot be a member of a tenant"),
        )
        .detail(if ours {
            "The roles of flowai_runtime itself belong to no tenant.".to_owned()
        } else {
            format!(
                "It is {}: row-level security alone would not bind it.",
                unfit.unwrap_or_default()
            )
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
    if revoked {
        tenant::note_member_gone(tenant);
    }
    if revoked && spi::write_one(HAS_MEMBERSHIP, args![oid], |row| row.need::<bool>(1))?.is_none() {
        spi::run_utility(&format!("REVOKE flowai_user FROM {}", spi::quote_identifier(role)?))?;
    }
    if revoked {
        event::note_for(tenant, "flowai.tenant.revoked", json!({ "member": role }))?;
    }
    Ok(revoked)
}

/// Ends all memberships of a tenant and returns how many there were. Where there are none, they must not have
/// gone in this transaction: only when that is committed can none of them write any more.
pub(crate) fn shut(tenant: Option<&str>) -> Result<i64> {
    let tenant = name::argument("tenant", tenant)?;
    let members: Vec<Option<String>> = spi::write(MEMBERS, args![tenant], |row| Ok(row.get(1)))?;
    if members.is_empty() {
        if tenant::member_went_here(tenant) {
            return Err(Error::new(
                Kind::WrongState,
                "tenant_drop_apart",
                format!("tenant \"{tenant}\" has lost its members in this transaction"),
            )
            .detail("Until that is committed, their sessions can still write rows for it.")
            .hint("COMMIT, then go on; CALL flowai.tenant_drop(tenant) does so itself."));
        }
        return Ok(0);
    }
    spi::run_utility(LOCK_MEMBERS)?;
    hold(tenant)?;
    for member in members.iter().flatten() {
        revoke(Some(tenant), Some(member))?;
    }
    spi::run(REVOKE_ALL, args![tenant])?;
    tenant::announce_change();
    tenant::note_member_gone(tenant);
    Ok(i64::try_from(members.len()).unwrap_or(i64::MAX))
}

/// Keeps the tenant there until the transaction ends: for what writes rows of a tenant and is no member,
/// whom flowai.tenant_drop could not shut out. Error P0002 if it is gone.
pub(super) fn hold(tenant: &str) -> Result<()> {
    match spi::write_one(HOLD, args![tenant], |row| row.need::<bool>(1))? {
        Some(_) => Ok(()),
        None => Err(unknown_tenant(tenant)),
    }
}

/// What removes rows of a tenant by their age: a statement whose arguments are the tenant, the age and the most
/// rows, the event that tells of it, and what the event calls the rows.
pub(super) struct Purge {
    pub(super) statement: &'static str,
    pub(super) event: &'static str,
    pub(super) rows: &'static str,
}

/// Removes rows of a tenant that are so old, for an administrator, and tells how many.
pub(super) fn purge(
    tenant: Option<&str>,
    older_than: Option<Interval>,
    max_rows: Option<i32>,
    purge: Purge,
) -> Result<i64> {
    let tenant = tenant.ok_or_else(|| Error::missing("tenant"))?;
    let older_than = older_than.ok_or_else(|| Error::missing("older_than"))?;
    ttl::check("older_than", older_than.months(), older_than.days(), older_than.micros())?;
    let most = max_rows.ok_or_else(|| Error::missing("max_rows"))?;
    name::within("max_rows", most, 1, 100_000)?;
    hold(tenant)?;
    tenant::acting_for(tenant, || {
        let purged = spi::run(purge.statement, args![tenant, older_than, i64::from(most)])?;
        if purged > 0 {
            event::note(purge.event, event::Severity::Info, json!({ (purge.rows): purged }))?;
        }
        Ok(i64::try_from(purged).unwrap_or(i64::MAX))
    })
}

/// Waits for the transactions that have written to these relations.
pub(crate) fn await_writers(relations: &[pg_sys::Oid]) {
    Relation::wait_for_writers(relations);
}

/// A role as membership sees it.
struct Role {
    oid: pg_sys::Oid,
    /// What it can do past row-level security.
    unfit: Option<String>,
    /// A role of the extension itself.
    ours: bool,
    /// It may use the extension already, by itself and not by a group that it may leave.
    user: bool,
}

fn find_role(role: &str) -> Result<Role> {
    let found = spi::write_one(ROLE, args![role], |row| {
        Ok(Role { oid: row.need(1)?, ours: row.need(2)?, user: row.need(3)?, unfit: row.get(4) })
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
