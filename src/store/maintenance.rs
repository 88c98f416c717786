//! What a background worker finds to do, for all tenants.
//!
//! Unlike everywhere else no row-level security binds these statements, nor those of `search` that they
//! lead to: each of them names tenant and workspace.

use flowai_core::search::tier;

use super::catalog::Scope;
use super::search;
use crate::pg::guc;
use crate::pg::spi::{self, args};
use crate::pg::worker::Work;

/// Scopes whose delta or dead have reached the threshold, that have a size class full of segments, or a
/// segment of which a quarter is dead.
const DUE: &str = "
    SELECT d.tenant_id::text, d.workspace_id::text FROM flowai_internal.search_delta d
    GROUP BY d.tenant_id, d.workspace_id HAVING pg_catalog.count(*) >= $1
    UNION
    SELECT d.tenant_id::text, d.workspace_id::text FROM flowai_internal.search_dead d
    GROUP BY d.tenant_id, d.workspace_id HAVING pg_catalog.count(*) >= $1
    UNION
    SELECT s.tenant_id::text, s.workspace_id::text FROM flowai_internal.search_segment s
    GROUP BY s.tenant_id, s.workspace_id, s.level HAVING pg_catalog.count(*) >= $2
    UNION
    SELECT s.tenant_id::text, s.workspace_id::text FROM flowai_internal.search_segment s
    WHERE pg_catalog.octet_length(s.dead) >= GREATEST(s.doc_count, 4)
    ORDER BY 1, 2";

/// Locks the tenant until the round for it is committed. No row if it is being dropped: what is written
/// then would outlive it.
const STAYS: &str = "
    SELECT true FROM flowai_internal.tenants
    WHERE tenant_id OPERATOR(pg_catalog.=) $1 FOR KEY SHARE SKIP LOCKED";

/// DROP DATABASE and CREATE DATABASE ... TEMPLATE lock the database, then wait a few seconds for
/// connections to end.
const IN_THE_WAY: &str = "
    SELECT EXISTS (
        SELECT FROM pg_catalog.pg_locks l
        WHERE l.locktype = 'object' AND l.classid = 'pg_catalog.pg_database'::pg_catalog.regclass
          AND l.objid = (SELECT oid FROM pg_catalog.pg_database
                         WHERE datname = pg_catalog.current_database())
          AND l.mode IN ('ShareLock', 'AccessExclusiveLock'))";

pub(crate) const WORK: Work = Work {
    due: || {
        let due = args![guc::search_flush_rows() as i64, tier::WIDTH as i64];
        spi::read(DUE, due, |row| Ok((row.need(1)?, row.need(2)?)))
    },
    maintain: |tenant, workspace| {
        if spi::write_one(STAYS, args![tenant], |row| row.need::<bool>(1))?.is_none() {
            return Ok(());
        }
        let scope = Scope { tenant: tenant.into(), workspace: workspace.to_owned() };
        search::maintain_scope(&scope).map(drop)
    },
    in_the_way: || Ok(spi::read_one(IN_THE_WAY, args![], |row| row.need(1))?.unwrap_or(false)),
};
