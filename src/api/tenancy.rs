//! Tenants: who is in force, who may be, and the administration of both.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::{Internal, pg_sys};

use crate::pg::raise::OrRaise;
use crate::pg::tenant;
use crate::store;

/// Lets the planner see the tenant as a constant. See [`tenant::simplify`].
#[pg_extern(immutable, strict, parallel_safe)]
fn current_tenant_support(request: Internal) -> Internal {
    // SAFETY: the planner passes the request node as the internal argument.
    let node = unsafe {
        let request: *mut pg_sys::Node =
            request.unwrap().map_or(std::ptr::null_mut(), |d| d.cast_mut_ptr());
        if request.is_null() { std::ptr::null_mut() } else { tenant::simplify(request).or_raise() }
    };
    // A support function that has nothing to offer returns a null pointer, not an SQL NULL.
    Internal::from(Some(pg_sys::Datum::from(node)))
}

/// The tenant in force, or NULL.
#[pg_extern(stable, parallel_safe, support = current_tenant_support)]
pub(crate) fn current_tenant() -> Option<String> {
    tenant::current().or_raise().map(|t| t.to_string())
}

/// Whether the tenant in force is this one: the half of the policy that is asked at run time.
#[pg_extern(stable, strict, parallel_safe)]
pub(crate) fn tenant_is(tenant: &str) -> bool {
    tenant::is_current(tenant).or_raise()
}

/// The tenant in force, or error 42501.
#[pg_extern(stable, parallel_safe)]
fn require_tenant() -> String {
    tenant::required().or_raise().to_string()
}

/// Who this session is for flowai, and why.
#[pg_extern(stable, parallel_restricted)]
pub(crate) fn whoami() -> TableIterator<
    'static,
    (
        name!(role, String),
        name!(login, String),
        name!(tenant, Option<String>),
        name!(workspace, String),
        name!(reason, String),
    ),
> {
    let me = store::tenancy::whoami();
    TableIterator::once((me.role, me.login, me.tenant, me.workspace, me.reason))
}

/// A checked SET LOCAL of tenant and workspace.
#[pg_extern(volatile, parallel_unsafe)]
fn use_tenant(tenant: Option<&str>, workspace: default!(Option<&str>, "NULL")) -> String {
    store::tenancy::use_tenant(tenant, workspace).or_raise()
}

/// Creates a tenant.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn tenant_create(
    tenant: Option<&str>,
    version: default!(Option<&str>, "'1'"),
) -> TimestampWithTimeZone {
    store::tenancy::create(tenant, version).or_raise()
}

/// Makes a role a member of a tenant.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn tenant_grant(tenant: Option<&str>, role: Option<&str>) -> bool {
    store::tenancy::grant(tenant, role).or_raise()
}

/// Ends a role's membership of a tenant.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn tenant_revoke(tenant: Option<&str>, role: Option<&str>) -> bool {
    store::tenancy::revoke(tenant, role).or_raise()
}

/// Ends all memberships of a tenant.
#[pg_extern(volatile, parallel_unsafe)]
pub(crate) fn tenant_shut(tenant: Option<&str>) -> i64 {
    store::tenancy::shut(tenant).or_raise()
}

/// Gives imported catalog entries the hash of what they are.
#[pg_extern(volatile, parallel_unsafe)]
pub(crate) fn catalog_stamp(workspace: Option<&str>, ids: Option<Vec<String>>) -> i64 {
    store::import::stamp(workspace, ids).or_raise()
}

/// Waits for the transactions that have written to these relations.
#[pg_extern(volatile, parallel_unsafe)]
pub(crate) fn await_writers(relations: Vec<pg_sys::Oid>) {
    store::tenancy::await_writers(&relations);
}

/// Puts a tenant in force for the rest of an administrative function, or ends that.
#[pg_extern(volatile, parallel_unsafe)]
pub(crate) fn act_for(tenant: Option<&str>) {
    tenant::act_for(tenant);
}
