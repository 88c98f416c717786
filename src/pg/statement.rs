//! Work that the row triggers of a statement leave for its end.
//!
//! A row trigger that writes at once makes a statement of many rows a loop of small writes. Ours
//! collect instead, and an AFTER STATEMENT trigger writes what was collected. Three things can come
//! between, and this module is there for them:
//!
//! - Statements nest, because a function called by one may run another: each has its own work, known by
//!   the memory context in which the executor runs it.
//! - An error may end the statement: its work goes with the subtransaction that is undone.
//! - A caller may fetch only the first rows of a RETURNING (`plpy.execute(query, limit)`): the executor
//!   then ends without AFTER STATEMENT triggers, though the rows fetched are written, as the server
//!   documents for SPI. A hook on the executor's end fires them.
//!
//! So no work is lost without an error, and none is found by a later statement.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use flowai_core::{Error, Result};
use pgrx::{PgList, pg_guard, pg_sys};

use super::raise::raise;

/// Which running statement a trigger fires for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statement(pg_sys::MemoryContext);

impl Statement {
    /// The statement of a trigger. The server copies a relation's triggers for each statement that
    /// fires them, into the context in which the statement runs; the name is a chunk of its own there.
    ///
    /// # Safety
    /// `trigger` comes from a running trigger's data, or from the descriptor of a relation that a
    /// running statement writes.
    pub(super) unsafe fn of(trigger: &pg_sys::Trigger) -> Self {
        // SAFETY: see above.
        Self(unsafe { pg_sys::GetMemoryChunkContext(trigger.tgname.cast()) })
    }
}

struct Pending {
    statement: Statement,
    subtransaction: pg_sys::SubTransactionId,
    work: Rc<dyn Any>,
}

thread_local! {
    static PENDING: RefCell<Vec<Pending>> = const { RefCell::new(Vec::new()) };
    static NEXT: Cell<pg_sys::ExecutorFinish_hook_type> = const { Cell::new(None) };
}

/// The work that the statement has collected; `new` begins it with the first row.
pub(crate) fn work<T: 'static>(
    statement: Statement,
    new: impl FnOnce() -> Result<T>,
) -> Result<Rc<T>> {
    if let Some(work) = PENDING.with_borrow(|all| {
        all.iter().rev().find(|p| p.statement == statement).map(|p| p.work.clone())
    }) {
        return as_own(work);
    }
    let work = Rc::new(new()?);
    // SAFETY: a plain read of the transaction's state.
    let subtransaction = unsafe { pg_sys::GetCurrentSubTransactionId() };
    PENDING.with_borrow_mut(|all| {
        all.push(Pending { statement, subtransaction, work: work.clone() });
    });
    Ok(work)
}

/// Ends the statement's collecting and hands out what there is.
pub(crate) fn take<T: 'static>(statement: Statement) -> Result<Option<Rc<T>>> {
    let work = PENDING.with_borrow_mut(|all| {
        let at = all.iter().rposition(|p| p.statement == statement)?;
        Some(all.remove(at).work)
    });
    work.map(as_own).transpose()
}

fn as_own<T: 'static>(work: Rc<dyn Any>) -> Result<Rc<T>> {
    work.downcast().map_err(|_| Error::internal("triggers of two kinds share a statement"))
}

/// Registers the hook and the callbacks. Called once, when the library is loaded.
pub(crate) fn init() {
    // SAFETY: they stay registered for the backend's life; the hook calls the one before it.
    unsafe {
        NEXT.set(pg_sys::ExecutorFinish_hook);
        pg_sys::ExecutorFinish_hook = Some(on_finish);
        pg_sys::RegisterXactCallback(Some(on_transaction), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(on_subtransaction), std::ptr::null_mut());
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_finish(query: *mut pg_sys::QueryDesc) {
    // SAFETY: the executor's own descriptor of a query that has run.
    unsafe {
        match NEXT.get() {
            Some(next) => next(query),
            None => pg_sys::standard_ExecutorFinish(query),
        }
        if PENDING.with_borrow(|all| !all.is_empty()) {
            fire_what_was_cut_off((*query).estate);
        }
    }
}

/// The server has fired the AFTER STATEMENT triggers of relations whose writes came to their end. If
/// work is left, those of the relation that it is for are still to fire.
unsafe fn fire_what_was_cut_off(estate: *mut pg_sys::EState) {
    // SAFETY: the estate lives until the executor's end; the trigger machinery is used as the executor
    // itself uses it: in the query's context, between the begin and the end of a level of its own.
    unsafe {
        let waits = Statement((*estate).es_query_cxt);
        if !PENDING.with_borrow(|all| all.iter().any(|p| p.statement == waits)) {
            return;
        }
        for relation in
            PgList::<pg_sys::ResultRelInfo>::from_pg((*estate).es_opened_result_relations)
                .iter_ptr()
        {
            let Some(triggers) = (*relation).ri_TrigDesc.as_ref() else { continue };
            if triggers.trig_insert_instead_row && triggers.trig_insert_after_statement {
                let outer = pg_sys::MemoryContextSwitchTo((*estate).es_query_cxt);
                pg_sys::AfterTriggerBeginQuery();
                pg_sys::ExecASInsertTriggers(estate, relation, std::ptr::null_mut());
                pg_sys::AfterTriggerEndQuery(estate);
                pg_sys::MemoryContextSwitchTo(outer);
            }
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_transaction(
    event: pg_sys::XactEvent::Type,
    _arg: *mut std::ffi::c_void,
) {
    use pg_sys::XactEvent::{XACT_EVENT_PRE_COMMIT, XACT_EVENT_PRE_PREPARE};
    let left = PENDING.with_borrow_mut(std::mem::take);
    if !left.is_empty() && matches!(event, XACT_EVENT_PRE_COMMIT | XACT_EVENT_PRE_PREPARE) {
        raise(Error::internal("rows of a statement were collected and never written"));
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_subtransaction(
    event: pg_sys::SubXactEvent::Type,
    subtransaction: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _arg: *mut std::ffi::c_void,
) {
    if event == pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB {
        PENDING.with_borrow_mut(|all| all.retain(|p| p.subtransaction != subtransaction));
    }
}
