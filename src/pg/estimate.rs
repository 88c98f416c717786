//! What the planner may know of a tenant table while it plans for a tenant: nothing.
//!
//! Statistics and sizes of a partition are those of all the tenants that share it. The planner may use
//! them under row-level security wherever an operator is leakproof, and EXPLAIN shows what came of it:
//! `content = 'a guess'` was estimated at the number of a neighbour's rows that have it, and at 1 where
//! none has. With costs left away the choice of plan still tells. So for roles that row-level security
//! binds, each partition has the same size, and no column has statistics: plans, and all that EXPLAIN
//! estimates, depend on the statement alone.
//!
//! The sizes are those that lead to indexes, which all begin with the tenant: without statistics the
//! server takes a tenant for one two-hundredth of the rows. Statements of our own floor, which nobody can
//! explain, are planned with what is true.

use std::cell::Cell;

use pgrx::{pg_guard, pg_sys};

use super::tenant;

/// A partition as tenants' plans see it: 1,000 rows of the tenant among those of others.
const TUPLES: f64 = 200_000.0;
const PAGES: u32 = 4_000;
const INDEX_PAGES: u32 = 1_000;
const INDEX_HEIGHT: i32 = 2;

/// The hooks that were there before ours.
#[derive(Clone, Copy)]
struct Before {
    sizes: pg_sys::get_relation_info_hook_type,
    statistics: pg_sys::get_relation_stats_hook_type,
    width: pg_sys::get_attavgwidth_hook_type,
}

thread_local! {
    static BEFORE: Cell<Before> = const { Cell::new(Before { sizes: None, statistics: None, width: None }) };
}

/// Installs the hooks. Called once, when the library is loaded.
pub(crate) fn init() {
    // SAFETY: hook variables of this backend; ours have the types that they ask for.
    unsafe {
        BEFORE.set(Before {
            sizes: pg_sys::get_relation_info_hook,
            statistics: pg_sys::get_relation_stats_hook,
            width: pg_sys::get_attavgwidth_hook,
        });
        pg_sys::get_relation_info_hook = Some(on_sizes);
        pg_sys::get_relation_stats_hook = Some(on_statistics);
        pg_sys::get_attavgwidth_hook = Some(on_width);
    }
}

/// Whether a plan that is made now must not depend on what is in this relation.
fn hides(relation: pg_sys::Oid) -> bool {
    if tenant::plans_are_trusted() {
        return false;
    }
    // SAFETY: cached catalog look-ups, as everywhere in the planner.
    unsafe {
        let schema = pg_sys::get_rel_namespace(relation);
        let ours = [c"flowai", c"flowai_internal"]
            .iter()
            .any(|name| schema == pg_sys::get_namespace_oid(name.as_ptr(), true));
        if !ours || schema == pg_sys::InvalidOid {
            return false;
        }
        let user = pg_sys::GetUserId();
        !tenant::is_outside(user) && user != pg_sys::get_role_oid(c"flowai_owner".as_ptr(), true)
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_sizes(
    planner: *mut pg_sys::PlannerInfo,
    relation: pg_sys::Oid,
    parent: bool,
    info: *mut pg_sys::RelOptInfo,
) {
    // SAFETY: what the server passed is passed on; it has filled `info` and its list of indexes.
    unsafe {
        if let Some(before) = BEFORE.get().sizes {
            before(planner, relation, parent, info);
        }
        if parent || !hides(relation) {
            return;
        }
        (*info).pages = PAGES;
        (*info).tuples = TUPLES;
        (*info).allvisfrac = 0.5;
        let indexes = pgrx::PgList::<pg_sys::IndexOptInfo>::from_pg((*info).indexlist);
        for index in indexes.iter_ptr() {
            (*index).pages = INDEX_PAGES;
            (*index).tuples = TUPLES;
            (*index).tree_height = INDEX_HEIGHT;
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_statistics(
    planner: *mut pg_sys::PlannerInfo,
    entry: *mut pg_sys::RangeTblEntry,
    column: pg_sys::AttrNumber,
    found: *mut pg_sys::VariableStatData,
) -> bool {
    // SAFETY: the server passes a valid entry, and takes `true` for: what is in `found` is all there is.
    unsafe {
        if (*entry).rtekind == pg_sys::RTEKind::RTE_RELATION && hides((*entry).relid) {
            (*found).statsTuple = std::ptr::null_mut();
            return true;
        }
        BEFORE.get().statistics.is_some_and(|before| before(planner, entry, column, found))
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_width(relation: pg_sys::Oid, column: pg_sys::AttrNumber) -> i32 {
    // SAFETY: cached catalog look-ups; 0 stands for: look yourself.
    unsafe {
        if hides(relation) {
            let (mut kind, mut modifier, mut collation) =
                (pg_sys::InvalidOid, -1, pg_sys::InvalidOid);
            pg_sys::get_atttypetypmodcoll(
                relation,
                column,
                &mut kind,
                &mut modifier,
                &mut collation,
            );
            return pg_sys::get_typavgwidth(kind, modifier);
        }
        BEFORE.get().width.map_or(0, |before| before(relation, column))
    }
}
