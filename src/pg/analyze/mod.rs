//! What a statement would do, found out by the server's own parser and analyser.
//!
//! Structure first, on the raw tree, which needs no catalog. Then the analysed tree: every function by
//! OID in every position that the executor may call one from, every relation, and everything under a
//! view. What did not come with the server is not judged here but listed: the store knows what an
//! administrator allowed.
//!
//! Analysis itself can run code: the input function of a domain, hidden in an array or a row type, runs
//! while its literal is parsed. So [`analyse`] must be called inside the envelope.

mod bounded;
pub(crate) mod elsewhere;
mod functions;
mod relations;
mod structure;
mod types;
mod walk;

use std::ffi::{CStr, c_void};

use flowai_core::query::{Code, Reads, Refusal, character_at};
pub(crate) use functions::{Standing, brings_own_body, keeps_plans, parts_of_aggregate, standing};
use pgrx::{list::List, memcx, pg_sys};

use super::guc;

/// A statement that passed, as far as the server's own functions go.
pub(crate) struct Analysis {
    /// The analysed tree, in the memory context of the call.
    pub(crate) query: *mut pg_sys::Query,
    /// What it reads and calls.
    pub(crate) reads: Reads,
    /// Functions that did not come with the server.
    pub(crate) foreign: Vec<Foreign>,
}

/// One use of a function that did not come with the server.
pub(crate) struct Foreign {
    pub(crate) function: pg_sys::Oid,
    /// As `flowai.function_allow` takes it.
    pub(crate) signature: String,
    pub(crate) position: Option<usize>,
    /// Whether the server may call it without asking anybody, so that no gate would see the call.
    pub(crate) past_gates: bool,
}

/// Parses, analyses and walks the statement. Errors of the server unwind.
pub(crate) fn analyse(sql: &CStr) -> Result<Analysis, Refusal> {
    let text =
        sql.to_str().map_err(|_| Refusal::new(Code::Syntax, "the text is not UTF-8", None))?;
    // SAFETY: the text lives across all calls; the trees live in the current memory context, which
    // the caller keeps for as long as it uses the result.
    unsafe {
        let raw = pg_sys::raw_parser(sql.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        let statement = structure::check(text, raw)?;
        let query = pg_sys::parse_analyze_fixedparams(
            statement,
            sql.as_ptr(),
            std::ptr::null(),
            0,
            std::ptr::null_mut(),
        );
        let walk = walk::Walk::new(text, (*statement).stmt);
        if guc::stands(guc::Layer::Meaning) && !walk.node(query.cast()) {
            walk.made_of_any_type();
        }
        let state = walk.state.into_inner();
        match state.refusal {
            Some(refusal) => Err(refusal),
            None => Ok(Analysis { query, reads: state.reads, foreign: state.foreign }),
        }
    }
}

/// The walk over a statement that code inside of the statement runs. Functions that did not come with
/// the server are left to the moment of their call, except for those whose call no gate would see.
///
/// # Safety
/// The tree is fresh from analysis.
pub(crate) unsafe fn nested(query: *mut pg_sys::Query) -> Result<Vec<Foreign>, Refusal> {
    let walk = walk::Walk::new("", std::ptr::null_mut());
    // SAFETY: see above. There is no text to point into.
    unsafe { past_gates(&walk, query.cast())? };
    Ok(walk.called_past_gates())
}

/// The walk over a statement as views and policies made it, before the planner sees it. Policies are the
/// business of the owners of tables, and anybody may own a table: all rules hold for them.
///
/// # Safety
/// The tree is fresh from the rewriter.
pub(crate) unsafe fn rewritten(query: *mut pg_sys::Query) -> Result<Vec<Foreign>, Refusal> {
    let walk = walk::Walk::of_rewritten();
    // SAFETY: see above.
    unsafe { past_gates(&walk, query.cast())? };
    Ok(walk.state.into_inner().foreign)
}

/// What the planner found besides: partitions are its own to open.
///
/// # Safety
/// The plan is fresh from the planner.
pub(crate) unsafe fn planned(plan: *mut pg_sys::PlannedStmt) -> Result<(), Refusal> {
    // SAFETY: see above; the list is one of range table entries.
    unsafe {
        if (*plan).commandType != pg_sys::CmdType::CMD_SELECT || (*plan).hasModifyingCTE {
            return Err(Refusal::new(Code::NotSelect, "a part of the statement writes", None));
        }
        if !(*plan).rowMarks.is_null() {
            return Err(Refusal::new(Code::RowLock, "a part of the statement locks rows", None));
        }
        for entry in nodes((*plan).rtable) {
            relations::no_foreign_table(&*entry.cast())?;
        }
    }
    Ok(())
}

/// What estimates of a relation's partial indexes would call past the gates. An extension's operators are
/// common there, and no matter.
///
/// # Safety
/// The planner has just filled the relation's lists.
pub(crate) unsafe fn indexed(relation: *mut pg_sys::RelOptInfo) -> Result<Vec<Foreign>, Refusal> {
    let walk = walk::Walk::past_gates_alone();
    // SAFETY: see above.
    unsafe {
        for index in nodes((*relation).indexlist) {
            let condition = (*index.cast::<pg_sys::IndexOptInfo>()).indpred;
            if !condition.is_null() {
                past_gates(&walk, condition.cast())?;
            }
        }
    }
    let mut called = walk.called_past_gates();
    called.retain(|used| !functions::is_compiled(used.function));
    Ok(called)
}

unsafe fn past_gates(walk: &walk::Walk, tree: *mut pg_sys::Node) -> Result<(), Refusal> {
    // SAFETY: see the callers.
    unsafe {
        if !walk.node(tree) {
            walk.made_of_any_type();
        }
    }
    let refusal = walk.state.borrow_mut().refusal.take();
    refusal.map_or(Ok(()), |refusal| Err(Refusal { position: None, ..refusal }))
}

/// Whether the walk is over: the answer of every step, as the server's walkers want it.
type Stop = bool;

const STOP: Stop = true;
const GO_ON: Stop = false;

/// The nodes of a list, which may be NIL.
///
/// # Safety
/// `list` is NIL or a valid list of pointers that outlives the iteration.
unsafe fn nodes(list: *mut pg_sys::List) -> Vec<*mut pg_sys::Node> {
    // SAFETY: see above.
    memcx::current_context(|cx| unsafe {
        List::<*mut c_void>::downcast_ptr_in_memcx(list, cx)
            .map(|list| list.iter().map(|node| node.cast()).collect())
            .unwrap_or_default()
    })
}

/// The OIDs of a list, which may be NIL.
///
/// # Safety
/// `list` is NIL or a valid list of OIDs.
unsafe fn oids(list: *mut pg_sys::List) -> Vec<pg_sys::Oid> {
    // SAFETY: see above.
    memcx::current_context(|cx| unsafe {
        List::<pg_sys::Oid>::downcast_ptr_in_memcx(list, cx)
            .map(|list| list.iter().copied().collect())
            .unwrap_or_default()
    })
}

/// A byte location of the parser, which is negative where there is none.
fn position(text: &str, location: i32) -> Option<usize> {
    usize::try_from(location).ok().map(|byte| character_at(text, byte))
}

/// Whether the object came with the server. Its schema proves nothing.
fn is_builtin(object: pg_sys::Oid) -> bool {
    object.to_u32() < pg_sys::FirstNormalObjectId
}
