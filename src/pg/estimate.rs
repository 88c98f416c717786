//! What the planner may know of a tenant table while it plans for a tenant: nothing.
//!
//! Statistics and sizes of a partition are those of all the tenants that share it. The planner may use
//! them under row-level security wherever an operator is leakproof, and EXPLAIN shows what came of it:
//! `content = 'a guess'` was estimated at the number of a neighbour's rows that have it, and at 1 where
//! none has. With costs left away the choice of plan still tells. So for roles that row-level security
//! binds, each partition has the same size, and no column has statistics: plans, and all that EXPLAIN
//! estimates, depend on the statement alone.
//!
//! What stands in for the truth leads to indexes, which all begin with the tenant: a tenant has 10,000 of
//! two million rows, and an index lists them in the order in which they lie, so that a page of a list is
//! read in the order of an index, however much comes after it. They are in a few workspaces, namespaces and
//! kinds, so that nobody reads a whole one again and again. Statements of our own floor, which nobody can
//! explain, are planned with what is true.

use std::cell::Cell;
use std::ffi::CStr;

use pgrx::{IntoDatum, PgMemoryContexts, pg_guard, pg_sys};

use super::tenant;

/// A partition as tenants' plans see it.
const TUPLES: f64 = 2_000_000.0;
const PAGES: u32 = 40_000;
const INDEX_PAGES: u32 = 10_000;
const INDEX_HEIGHT: i32 = 2;
/// Columns of which it knows how many values they have: tenants, and what divides the rows of one.
const DISTINCT: [(&CStr, f32); 4] =
    [(c"tenant_id", 200.0), (c"workspace_id", 4.0), (c"namespace", 4.0), (c"kind", 4.0)];

/// The hooks that were there before ours.
#[derive(Clone, Copy)]
struct Before {
    sizes: pg_sys::get_relation_info_hook_type,
    statistics: pg_sys::get_relation_stats_hook_type,
    width: pg_sys::get_attavgwidth_hook_type,
}

thread_local! {
    /// Statistics of the columns of `DISTINCT`, made once.
    static MADE: Cell<[pg_sys::HeapTuple; DISTINCT.len()]> =
        const { Cell::new([std::ptr::null_mut(); DISTINCT.len()]) };
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
            if let Some(which) = known((*entry).relid, column) {
                (*found).statsTuple = statistics(which);
                (*found).freefunc = Some(keep);
            }
            return true;
        }
        BEFORE.get().statistics.is_some_and(|before| before(planner, entry, column, found))
    }
}

/// Which of `DISTINCT` the column is.
unsafe fn known(relation: pg_sys::Oid, column: pg_sys::AttrNumber) -> Option<usize> {
    // SAFETY: a cached look-up; the name, if there is one, is a palloc'd string.
    unsafe {
        let name = pg_sys::get_attname(relation, column, true);
        if name.is_null() {
            return None;
        }
        let name = CStr::from_ptr(name);
        DISTINCT.iter().position(|(known, _)| *known == name)
    }
}

/// A row as ANALYZE would have written it for one of `DISTINCT`: so many values, all alike, and in order.
unsafe fn statistics(which: usize) -> pg_sys::HeapTuple {
    let mut made = MADE.get();
    if !made[which].is_null() {
        return made[which];
    }
    const COLUMNS: usize = pg_sys::Natts_pg_statistic as usize;
    let mut values = [pg_sys::Datum::from(0); COLUMNS];
    let mut nulls = [false; COLUMNS];
    let mut set = |column: u32, value: Option<pg_sys::Datum>| {
        let place = column as usize - 1;
        nulls[place] = value.is_none();
        values[place] = value.unwrap_or(pg_sys::Datum::from(0));
    };
    for slot in 0..5 {
        set(pg_sys::Anum_pg_statistic_stanumbers1 + slot, None);
        set(pg_sys::Anum_pg_statistic_stavalues1 + slot, None);
    }
    set(pg_sys::Anum_pg_statistic_stadistinct, DISTINCT[which].1.into_datum());
    let correlation = pg_sys::STATISTIC_KIND_CORRELATION as i16;
    set(pg_sys::Anum_pg_statistic_stakind1, correlation.into_datum());
    let by = pg_sys::Oid::from(pg_sys::TextLessOperator);
    set(pg_sys::Anum_pg_statistic_staop1, by.into_datum());
    set(pg_sys::Anum_pg_statistic_stanumbers1, vec![1.0f32].into_datum());
    // SAFETY: values and nulls are of the relation's shape; the tuple is copied to where it stays for the
    // backend's life, before the relation is closed.
    let tuple = unsafe {
        let lock = pg_sys::AccessShareLock as i32;
        let relation = pg_sys::table_open(pg_sys::StatisticRelationId, lock);
        let tuple = PgMemoryContexts::TopMemoryContext.switch_to(|_| {
            pg_sys::heap_form_tuple((*relation).rd_att, values.as_mut_ptr(), nulls.as_mut_ptr())
        });
        pg_sys::table_close(relation, lock);
        tuple
    };
    made[which] = tuple;
    MADE.set(made);
    tuple
}

/// What the planner is told to free stays.
unsafe extern "C-unwind" fn keep(_tuple: pg_sys::HeapTuple) {}

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
