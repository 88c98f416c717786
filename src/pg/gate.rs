//! Gates that stand while a foreign statement is analysed and run: whatever the walk over its text did
//! not see, they see when it happens.
//!
//! Seven hooks of the server, installed once and asleep outside the envelope; each goes on to whoever
//! was there before. A function is stopped before it is first called in an expression: the check of a
//! domain, a policy of a table, the body of an allowed function. A nested statement is walked like the
//! statement itself, once as it is written, and once as views and policies make it, before it is planned:
//! the planner's estimates call functions in a way that no hook sees. Conditions of partial indexes, which
//! come later still, are looked at too. Utility commands and changes of objects are refused. A function of
//! somebody's that is not in C is never inlined: its body would be planned without having been walked, and
//! it would be called without ever being called. And it is asked about again at its next call when somebody
//! changed functions meanwhile.
//!
//! A refusal is kept: code that catches the error does not get away with it.
//!
//! The hook of utility commands has one more duty, outside the envelope: cursors WITH HOLD.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::ffi::{CStr, c_char, c_int, c_void};

use flowai_core::query::{Code, Refusal};
use flowai_core::{Error, Kind};
use pgrx::{pg_guard, pg_sys};

use super::analyze::{self, Foreign, Standing};
use super::bounds;
use super::guc;
use super::raise::{OrRaise, raise};
use super::tenant;

/// Decides about functions that did not come with the server: the first refusal, if any.
pub(crate) type Judge = fn(&[Foreign]) -> flowai_core::Result<Option<Refusal>>;

thread_local! {
    static AWAKE: Cell<bool> = const { Cell::new(false) };
    /// The text of the statement itself, which its own walk is for.
    static OWN_TEXT: Cell<*const c_char> = const { Cell::new(std::ptr::null()) };
    /// The rewritten tree that was walked already.
    static WALKED: Cell<*mut pg_sys::Query> = const { Cell::new(std::ptr::null_mut()) };
    /// Whether functions were changed since the last time that somebody looked.
    static CHANGED: Cell<bool> = const { Cell::new(false) };
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
    static BEFORE: Cell<Before> = const { Cell::new(Before::NOTHING) };
}

/// What the gates know of the statement that they watch.
struct Watch {
    judge: Judge,
    admitted: HashSet<pg_sys::Oid>,
    refusal: Option<Refusal>,
}

/// The hooks that were there before ours.
#[derive(Clone, Copy)]
struct Before {
    parse: pg_sys::post_parse_analyze_hook_type,
    access: pg_sys::object_access_hook_type,
    utility: pg_sys::ProcessUtility_hook_type,
    plan: pg_sys::planner_hook_type,
    planning: pg_sys::get_relation_info_hook_type,
    needs_call: pg_sys::needs_fmgr_hook_type,
    call: pg_sys::fmgr_hook_type,
}

impl Before {
    const NOTHING: Self = Self {
        parse: None,
        access: None,
        utility: None,
        plan: None,
        planning: None,
        needs_call: None,
        call: None,
    };
}

/// Installs the hooks. Called once, when the library is loaded.
pub(crate) fn init() {
    // SAFETY: hook variables of this backend; ours have the types that they ask for.
    unsafe {
        BEFORE.set(Before {
            parse: pg_sys::post_parse_analyze_hook,
            access: pg_sys::object_access_hook,
            utility: pg_sys::ProcessUtility_hook,
            plan: pg_sys::planner_hook,
            planning: pg_sys::get_relation_info_hook,
            needs_call: pg_sys::needs_fmgr_hook,
            call: pg_sys::fmgr_hook,
        });
        pg_sys::post_parse_analyze_hook = Some(after_analysis);
        pg_sys::object_access_hook = Some(on_access);
        pg_sys::ProcessUtility_hook = Some(on_utility);
        pg_sys::planner_hook = Some(on_plan);
        pg_sys::get_relation_info_hook = Some(on_planning);
        pg_sys::needs_fmgr_hook = Some(needs_call);
        pg_sys::fmgr_hook = Some(on_call);
        let functions = pg_sys::SysCacheIdentifier::PROCOID as c_int;
        pg_sys::CacheRegisterSyscacheCallback(functions, Some(on_change), pg_sys::Datum::from(0));
    }
}

/// Gates that stand until this is dropped.
pub(crate) struct Gates(());

impl Gates {
    /// Lets the gates down for the analysis and execution of a statement.
    pub(crate) fn lower(judge: Judge) -> Self {
        WATCH.set(Some(Watch { judge, admitted: HashSet::new(), refusal: None }));
        AWAKE.set(guc::stands(guc::Layer::Gates));
        Self(())
    }

    /// The statement itself is about to be analysed, which can run code; whoever calls this walks its tree.
    pub(crate) fn own_text(&self, sql: &CStr) {
        OWN_TEXT.set(sql.as_ptr());
    }

    /// It was analysed.
    pub(crate) fn analysed(&self) {
        OWN_TEXT.set(std::ptr::null());
    }

    /// This rewritten tree is about to be planned, and was walked.
    pub(crate) fn walked(&self, query: *mut pg_sys::Query) {
        WALKED.set(query);
    }

    /// What the judge says about functions, unwatched.
    pub(crate) fn judge(&self, foreign: &[Foreign]) -> flowai_core::Result<Option<Refusal>> {
        let judge = WATCH.with_borrow(|watch| watch.as_ref().map(|watch| watch.judge));
        let _asleep = Asleep::for_now();
        judge.map_or(Ok(None), |judge| judge(foreign))
    }

    /// Ends the watch.
    pub(crate) fn lift(&self) {
        AWAKE.set(false);
        OWN_TEXT.set(std::ptr::null());
        WALKED.set(std::ptr::null_mut());
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
struct Asleep(bool);

impl Asleep {
    fn for_now() -> Self {
        Self(AWAKE.replace(false))
    }
}

impl Drop for Asleep {
    fn drop(&mut self) {
        AWAKE.set(self.0);
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
    if CHANGED.take() {
        WATCH.with_borrow_mut(|watch| {
            if let Some(watch) = watch {
                watch.admitted.clear();
            }
        });
    }
    let known = WATCH.with_borrow(|watch| match watch {
        Some(watch) if !watch.admitted.contains(&function) => Some(watch.judge),
        _ => None,
    });
    let Some(judge) = known else { return };
    let refusal = match analyze::standing(function) {
        Standing::Harmless if is_endless(function) => {
            let what = "the check of a domain, an index or the like calls a function that no time limit would end";
            Some(Refusal::new(Code::Function, what, None))
        }
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

/// Whether the walk should have put a stand-in in the function's place, and could not: the call is in no
/// statement. LIKE is left alone where its pattern is short, but while a text is analysed nothing of it runs
/// but checks of domains.
fn is_endless(function: pg_sys::Oid) -> bool {
    bounds::stand_in(function).is_some()
        && (!OWN_TEXT.get().is_null() || !bounds::matches_patterns(function))
}

/// Whether a statement is being watched.
pub(crate) fn are_down() -> bool {
    WATCH.with_borrow(Option::is_some)
}

/// The server asks this before it inlines a function, and before it calls one. Yes means: neither inlined
/// nor called directly, so that [`on_access`] and [`on_call`] hear of it.
#[pg_guard]
unsafe extern "C-unwind" fn needs_call(function: pg_sys::Oid) -> bool {
    // SAFETY: what the server passed is passed on.
    let before = BEFORE.get().needs_call.is_some_and(|before| unsafe { before(function) });
    before || (AWAKE.get() && analyze::brings_own_body(function))
}

/// Before and after each call of such a function. It may have become another one since it was let through.
#[pg_guard]
unsafe extern "C-unwind" fn on_call(
    event: pg_sys::FmgrHookEventType::Type,
    function: *mut pg_sys::FmgrInfo,
    argument: *mut pg_sys::Datum,
) {
    // SAFETY: what the server passed is passed on; it describes the function that it is about to call.
    unsafe {
        if event == pg_sys::FmgrHookEventType::FHET_START && AWAKE.get() && CHANGED.get() {
            pass((*function).fn_oid);
        }
        if let Some(before) = BEFORE.get().call {
            before(event, function, argument);
        }
    }
}

/// The server has heard that functions were changed.
#[pg_guard]
unsafe extern "C-unwind" fn on_change(_argument: pg_sys::Datum, _cache: c_int, _hash: u32) {
    CHANGED.set(true);
}

#[pg_guard]
unsafe extern "C-unwind" fn on_plan(
    query: *mut pg_sys::Query,
    text: *const c_char,
    options: c_int,
    parameters: pg_sys::ParamListInfo,
) -> *mut pg_sys::PlannedStmt {
    // SAFETY: what the server passed is passed on; the tree is fresh from the rewriter.
    unsafe {
        if AWAKE.get() && WALKED.replace(std::ptr::null_mut()) != query {
            admit(analyze::rewritten(query));
        }
        let plan = match BEFORE.get().plan {
            Some(before) => before(query, text, options, parameters),
            None => pg_sys::standard_planner(query, text, options, parameters),
        };
        if AWAKE.get()
            && let Err(refusal) = analyze::planned(plan)
        {
            stop(refusal);
        }
        plan
    }
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
        if AWAKE.get() && (*state).p_sourcetext != OWN_TEXT.get() {
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
        if AWAKE.get() {
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
    if AWAKE.get() {
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
    if AWAKE.get() {
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
