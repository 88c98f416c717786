//! Where read-only SQL may run besides here. For administrators: these name a tenant.

use pgrx::prelude::*;

use crate::pg::raise::OrRaise;
use crate::pg::tenant;
use crate::store::query_target;

/// Lets a tenant's read-only statements run on another server, or on a file.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn query_target_define(
    tenant: Option<&str>,
    name: Option<&str>,
    kind: Option<&str>,
    source: Option<&str>,
) -> bool {
    query_target::define(tenant, name, kind, source, tenant::outer_user()).or_raise()
}

/// Takes it back.
#[pg_extern(volatile, parallel_unsafe, security_definer)]
#[search_path(pg_catalog, pg_temp)]
fn query_target_drop(tenant: Option<&str>, name: Option<&str>) -> bool {
    query_target::drop(tenant, name).or_raise()
}
