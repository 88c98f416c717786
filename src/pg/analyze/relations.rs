//! Relations, and what is underneath views.

use std::ffi::CStr;

use flowai_core::query::{Code, MAX_VIEW_DEPTH, Refusal};
use pgrx::pg_sys;

use super::walk::Walk;
use super::{GO_ON, Stop, oids};

impl Walk<'_> {
    pub(super) unsafe fn entry(&self, entry: &pg_sys::RangeTblEntry) -> Stop {
        // The rule of a view has entries for the view itself.
        if self.past_gates_alone
            || entry.rtekind != pg_sys::RTEKind::RTE_RELATION
            || entry.relid == self.view.get()
        {
            return GO_ON;
        }
        // SAFETY: analysis holds a lock on the relation; syscache look-ups.
        unsafe {
            self.state.borrow_mut().reads.relation(qualified(entry.relid));
            match entry.relkind as u8 {
                // Its definition stands beside what is left of it.
                pg_sys::RELKIND_VIEW if self.rewritten => GO_ON,
                pg_sys::RELKIND_VIEW => self.look_into(entry.relid),
                pg_sys::RELKIND_FOREIGN_TABLE => {
                    self.relation_refused(entry.relid, IS_FOREIGN, COPY_IT)
                }
                _ => self.table(entry),
            }
        }
    }

    unsafe fn table(&self, entry: &pg_sys::RangeTblEntry) -> Stop {
        // SAFETY: a syscache look-up; the entry is copied from before it is released.
        unsafe {
            let cache = pg_sys::SysCacheIdentifier::RELOID as i32;
            let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(entry.relid));
            if tuple.is_null() {
                return GO_ON;
            }
            let form = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_class>();
            let (row_security, children) = (form.relrowsecurity, form.relhassubclass);
            pg_sys::ReleaseSysCache(tuple);
            if row_security && self.rewritten && self.read_as_another(entry) {
                return self.relation_refused(
                    entry.relid,
                    "is read past its row-level security, by a view with its owner's rights",
                    "ALTER VIEW ... SET (security_invoker = true) makes it readable.",
                );
            }
            if row_security && self.owner_rights.get() {
                return self.relation_refused(
                    self.outermost.get(),
                    "reads a table with row-level security under its owner's rights",
                    "ALTER VIEW ... SET (security_invoker = true) makes it readable.",
                );
            }
            if children && entry.inh {
                let lock = pg_sys::NoLock as i32;
                let all = pg_sys::find_all_inheritors(entry.relid, lock, std::ptr::null_mut());
                let foreign = oids(all).into_iter().any(|child| {
                    pg_sys::get_rel_relkind(child) as u8 == pg_sys::RELKIND_FOREIGN_TABLE
                });
                if foreign {
                    return self.relation_refused(
                        entry.relid,
                        "has a partition that is a foreign table",
                        "Name the local partitions.",
                    );
                }
            }
        }
        GO_ON
    }

    /// Whether somebody else's rights are asked for the relation: those of the owner of a view.
    #[cfg(feature = "pg15")]
    unsafe fn read_as_another(&self, entry: &pg_sys::RangeTblEntry) -> bool {
        entry.checkAsUser != pg_sys::InvalidOid
    }

    #[cfg(not(feature = "pg15"))]
    unsafe fn read_as_another(&self, entry: &pg_sys::RangeTblEntry) -> bool {
        // SAFETY: entry and list are of the same query; the server does not write to either.
        unsafe {
            let entry = (&raw const *entry).cast_mut();
            (*entry).perminfoindex > 0
                && (*pg_sys::getRTEPermissionInfo(self.permissions.get(), entry)).checkAsUser
                    != pg_sys::InvalidOid
        }
    }

    unsafe fn relation_refused(&self, relation: pg_sys::Oid, why: &str, hint: &str) -> Stop {
        // SAFETY: catalog look-ups; the raw tree lives as long as the walk.
        unsafe {
            let shown = if self.depth.get() > 0 { self.outermost.get() } else { relation };
            let what = format!("relation {} {why}", qualified(relation));
            self.refuse(Refusal::new(Code::Relation, what, self.place_of(shown)).hint(hint))
        }
    }

    /// The definition of a view, before the rewriter adds policies to it.
    unsafe fn look_into(&self, view: pg_sys::Oid) -> Stop {
        // SAFETY: the view stays open, and so its rule in place, until the walk through it is over; the
        // lock stays until the end of the subtransaction.
        unsafe {
            let relation = pg_sys::relation_open(view, pg_sys::AccessShareLock as i32);
            let options = (*relation).rd_options.cast::<pg_sys::ViewOptions>();
            let invoker = !options.is_null() && (*options).security_invoker;
            let before = (self.view.get(), self.owner_rights.get(), self.outermost.get());
            let owner_rights = before.1 || !invoker;
            let mut stopped = GO_ON;
            if self.depth.get() >= MAX_VIEW_DEPTH {
                let what = format!("views are nested more than {MAX_VIEW_DEPTH} deep");
                stopped = self.refuse(Refusal::new(Code::TooDeep, what, self.place()));
            } else if self.state.borrow_mut().views.insert((view, owner_rights)) {
                if self.depth.get() == 0 {
                    self.outermost.set(view);
                }
                self.view.set(view);
                self.owner_rights.set(owner_rights);
                self.depth.set(self.depth.get() + 1);
                stopped = self.query(pg_sys::get_view_query(relation));
                self.depth.set(self.depth.get() - 1);
                self.view.set(before.0);
                self.owner_rights.set(before.1);
                self.outermost.set(before.2);
            }
            pg_sys::relation_close(relation, pg_sys::NoLock as i32);
            stopped
        }
    }
}

const IS_FOREIGN: &str = "is a foreign table";
const COPY_IT: &str = "Ask for a copy of its rows in a local table or a materialized view.";

/// Refuses a foreign table that a plan would read.
///
/// # Safety
/// The entry is one of a plan.
pub(super) unsafe fn no_foreign_table(entry: &pg_sys::RangeTblEntry) -> Result<(), Refusal> {
    if entry.rtekind != pg_sys::RTEKind::RTE_RELATION
        || entry.relkind as u8 != pg_sys::RELKIND_FOREIGN_TABLE
    {
        return Ok(());
    }
    // SAFETY: the relation is locked since analysis.
    let what = format!("relation {} {IS_FOREIGN}", unsafe { qualified(entry.relid) });
    Err(Refusal::new(Code::Relation, what, None).hint(COPY_IT))
}

/// A relation as `schema.name`.
unsafe fn qualified(relation: pg_sys::Oid) -> String {
    // SAFETY: cached catalog look-ups; names are palloc'd or NULL.
    unsafe {
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        let name = pg_sys::get_rel_name(relation);
        if schema.is_null() || name.is_null() {
            return relation.to_string();
        }
        CStr::from_ptr(pg_sys::quote_qualified_identifier(schema, name))
            .to_string_lossy()
            .into_owned()
    }
}
