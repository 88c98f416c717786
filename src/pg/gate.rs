//! Gates that stand while a foreign statement is analysed and run: whatever the walk over its text did
//! not see, they see when it happens.
//!
//! Five hooks of the server, installed once and asleep outside the envelope; each goes on to whoever
//! was there before. A function is stopped before it is first called in an expression: the check of a
//! domain, a policy of a table, the body of an allowed function. A nested statement is walked like the
//! statement itself. Utility commands and changes of objects are refused. Conditions of partial indexes
//! are looked at, because the planner's estimates call functions in a way that no hook sees. And a function in
//! SQL that nobody allowed is kept from being inlined, or it would be called without ever being called.
//!
//! A refusal is kept: code that catches the error does not get away with it.
//!
//! The hook of utility commands has one more duty, outside the envelope: cursors WITH HOLD.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ffi::{c_char, c_int, c_void};

use flowai_core::query::{Code, Refusal};
use flowai_core::{Error, Kind};
use pgrx::{pg_guard, pg_sys};

use super::analyze::{self, Foreign, Standing};
use super::guc;
use super::raise::{OrRaise, raise};
use super::tenant;

/// Decides about functions that did not come with the server: the first refusal, if any.
pub(crate) type Judge = fn(&[Foreign]) -> flowai_core::Result<Option<Refusal>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Asleep,
    /// The statement is being analysed, which can run code: functions are watched.
    Analysis,
    /// It runs: functions and nested statements are watched.
    Execution,
}

thread_local! {
    static PHASE: Cell<Phase> = const { Cell::new(Phase::Asleep) };
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
    static BEFORE: Cell<Before> =
        const { Cell::new(Before { parse: None, access: None, utility: None, planning: None, call: None }) };
}

/// What the gates know of the statement that they watch.
struct Watch {
    judge: Judge,
    admitted: HashSet<pg_sys::Oid>,
    /// Whether functions that the planner would inline may be.
    inlined: HashMap<pg_sys::Oid, bool>,
    refusal: Option<Refusal>,
}

/// The hooks that were there before ours.
#[derive(Clone, Copy)]
struct Before {
    parse: pg_sys::post_parse_analyze_hook_type,
    access: pg_sys::object_access_hook_type,
    utility: pg_sys::ProcessUtility_hook_type,
    planning: pg_sys::get_relation_info_hook_type,
    call: pg_sys::needs_fmgr_hook_type,
}

/// Installs the hooks. Called once, when the library is loaded.
pub(crate) fn init() {
    // SAFETY: hook variables of this backend; ours have the types that they ask for.
    unsafe {
        BEFORE.set(Before {
            parse: pg_sys::post_parse_analyze_hook,
            access: pg_sys::object_access_hook,
            utility: pg_sys::ProcessUtility_hook,
            planning: pg_sys::get_relation_info_hook,
            call: pg_sys::needs_fmgr_hook,
        });
        pg_sys::post_parse_analyze_hook = Some(after_analysis);
        pg_sys::object_access_hook = Some(on_access);
        pg_sys::ProcessUtility_hook = Some(on_utility);
        pg_sys::get_relation_info_hook = Some(on_planning);
        pg_sys::needs_fmgr_hook = Some(on_call);
    }
}

/// Gates that stand until this is dropped.
pub(crate) struct Gates(());

impl Gates {
    /// Lets the gates down for the analysis of a statement.
    pub(crate) fn lower(judge: Judge) -> Self {
        WATCH.set(Some(Watch {
            judge,
            admitted: HashSet::new(),
            inlined: HashMap::new(),
            refusal: None,
        }));
        Self::watch_for(Phase::Analysis);
        Self(())
    }

    /// From now on nested statements are watched too.
    pub(crate) fn execution_begins(&self) {
        Self::watch_for(Phase::Execution);
    }

    fn watch_for(phase: Phase) {
        if guc::stands(guc::Layer::Gates) {
            PHASE.set(phase);
        }
    }

    /// What the judge says about functions, unwatched.
    pub(crate) fn judge(&self, foreign: &[Foreign]) -> flowai_core::Result<Option<Refusal>> {
        let judge = WATCH.with_borrow(|watch| watch.as_ref().map(|watch| watch.judge));
        let _asleep = Asleep::for_now();
        judge.map_or(Ok(None), |judge| judge(foreign))
    }

    /// Ends the watch.
    pub(crate) fn lift(&self) {
        PHASE.set(Phase::Asleep);
        WATCH.set(None);
    }

    /// What they stopped, if anything.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        WATCH.with_borrow(|watch| watch.as_ref()?.refusal.clone())
    }
}

impl Drop for Gates {
    fn drop(&mut self) {
        self.lift();
    }
}

/// The gates asleep while we ask something ourselves; awake again on every way out.
struct Asleep(Phase);

impl Asleep {
    fn for_now() -> Self {
        Self(PHASE.replace(Phase::Asleep))
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        PHASE.set(self.0);
    }
}

/// Stops what is happening.
fn stop(refusal: Refusal) -> ! {
    let error = Error::new(Kind::ReadOnly, "query_gate", refusal.message.clone())
        .hint(refusal.hint.clone().unwrap_or_default());
    WATCH.with_borrow_mut(|watch| {
        if let Some(watch) = watch {
            watch.refusal.get_or_insert(refusal);
        }
    });
    raise(error)
}

/// Lets through what a walk found, or stops.
fn admit(found: Result<Vec<Foreign>, Refusal>) {
    let judge = WATCH.with_borrow(|watch| watch.as_ref().map(|watch| watch.judge));
    let refusal = match (found, judge) {
        (Err(refusal), _) => Some(refusal),
        (Ok(foreign), Some(judge)) => {
            let _asleep = Asleep::for_now();
            judge(&foreign).or_raise()
        }
        (Ok(_), None) => None,
    };
    if let Some(refusal) = refusal {
        stop(refusal);
    }
}

/// Lets a function through, or stops.
fn pass(function: pg_sys::Oid) {
    let known = WATCH.with_borrow(|watch| match watch {
        Some(watch) if !watch.admitted.contains(&function) => Some(watch.judge),
        _ => None,
    });
    let Some(judge) = known else { return };
    let refusal = match analyze::standing(function) {
        Standing::Harmless => None,
        Standing::Refused(refusal) => Some(refusal),
        Standing::Foreign(foreign) => {
            let _asleep = Asleep::for_now();
            judge(&[foreign]).or_raise()
        }
    };
    if let Some(refusal) = refusal {
        stop(refusal);
    }
    if analyze::keeps_plans(function) {
        // Its expressions may stand ready from an earlier call in this transaction: made ready anew, they ask.
        // SAFETY: marks cached plans invalid; plans that are running keep their reference.
        unsafe { pg_sys::ResetPlanCache() };
    }
    WATCH.with_borrow_mut(|watch| {
        if let Some(watch) = watch {
            watch.admitted.insert(function);
            // Who allows an aggregate allows what it is made of.
            watch.admitted.extend(analyze::parts_of_aggregate(function));
        }
    });
}

/// Whether the planner may put a function's body in the place of its call. What the body calls is watched
/// either way; but what an allowed function calls must be allowed itself.
fn may_inline(function: pg_sys::Oid) -> bool {
    if !analyze::keeps_plans(function) {
        return true;
    }
    let (known, judge) = WATCH.with_borrow(|watch| match watch {
        Some(watch) => (watch.inlined.get(&function).copied(), Some(watch.judge)),
        None => (Some(true), None),
    });
    let (None, Some(judge)) = (known, judge) else { return known.unwrap_or(true) };
    let may = match analyze::standing(function) {
        Standing::Harmless => true,
        Standing::Refused(_) => false,
        Standing::Foreign(foreign) => {
            let _asleep = Asleep::for_now();
            judge(&[foreign]).or_raise().is_none()
        }
    };
    WATCH.with_borrow_mut(|watch| {
        if let Some(watch) = watch {
            watch.inlined.insert(function, may);
        }
    });
    may
}

/// The server asks this before it inlines a function, and before it calls one. Yes means: neither inlined
/// nor called directly, so that [`on_access`] hears of it.
#[pg_guard]
unsafe extern "C-unwind" fn on_call(function: pg_sys::Oid) -> bool {
    // SAFETY: what the server passed is passed on.
    let before = BEFORE.get().call.is_some_and(|before| unsafe { before(function) });
    before || (PHASE.get() != Phase::Asleep && !may_inline(function))
}

#[pg_guard]
unsafe extern "C-unwind" fn after_analysis(
    state: *mut pg_sys::ParseState,
    query: *mut pg_sys::Query,
    jumble: *mut pg_sys::JumbleState,
) {
    // SAFETY: what the server passed is passed on; the tree is fresh from analysis.
    unsafe {
        if let Some(before) = BEFORE.get().parse {
            before(state, query, jumble);
        }
        if PHASE.get() == Phase::Execution {
            admit(analyze::nested(query));
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_planning(
    planner: *mut pg_sys::PlannerInfo,
    relation: pg_sys::Oid,
    parent: bool,
    info: *mut pg_sys::RelOptInfo,
) {
    // SAFETY: what the server passed is passed on; it has filled the lists.
    unsafe {
        if let Some(before) = BEFORE.get().planning {
            before(planner, relation, parent, info);
        }
        if PHASE.get() != Phase::Asleep {
            admit(analyze::indexed(info));
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_access(
    access: pg_sys::ObjectAccessType::Type,
    class: pg_sys::Oid,
    object: pg_sys::Oid,
    part: c_int,
    argument: *mut c_void,
) {
    use pg_sys::ObjectAccessType::{OAT_FUNCTION_EXECUTE, OAT_NAMESPACE_SEARCH};
    if PHASE.get() != Phase::Asleep {
        match access {
            OAT_FUNCTION_EXECUTE => pass(object),
            OAT_NAMESPACE_SEARCH => {}
            _ => stop(Refusal::new(
                Code::NotSelect,
                "a part of the statement changes an object",
                None,
            )),
        }
    }
    if let Some(before) = BEFORE.get().access {
        // SAFETY: what the server passed is passed on.
        unsafe { before(access, class, object, part, argument) };
    }
}

/// Whether it is DECLARE ... CURSOR WITH HOLD.
unsafe fn holds_cursor(statement: *mut pg_sys::PlannedStmt) -> bool {
    // SAFETY: the tag says what the node is.
    unsafe {
        let node = (*statement).utilityStmt;
        !node.is_null()
            && (*node).type_ == pg_sys::NodeTag::T_DeclareCursorStmt
            && (*node.cast::<pg_sys::DeclareCursorStmt>()).options as u32 & pg_sys::CURSOR_OPT_HOLD
                != 0
    }
}

#[pg_guard]
#[allow(clippy::too_many_arguments, reason = "the server's signature")]
unsafe extern "C-unwind" fn on_utility(
    statement: *mut pg_sys::PlannedStmt,
    text: *const c_char,
    read_only_tree: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    parameters: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    receiver: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    if PHASE.get() != Phase::Asleep {
        stop(Refusal::new(Code::NotSelect, "a part of the statement is a utility command", None));
    }
    // SAFETY: the statement is the server's own.
    if unsafe { holds_cursor(statement) } {
        tenant::may_hold_cursor().or_raise();
    }
    // SAFETY: what the server passed is passed on.
    unsafe {
        match BEFORE.get().utility {
            Some(before) => before(
                statement,
                text,
                read_only_tree,
                context,
                parameters,
                environment,
                receiver,
                completion,
            ),
            None => pg_sys::standard_ProcessUtility(
                statement,
                text,
                read_only_tree,
                context,
                parameters,
                environment,
                receiver,
                completion,
            ),
        }
    }
}
