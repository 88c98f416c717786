//! The envelope that a foreign statement is analysed and run in.
//!
//! An internal subtransaction, read-only, that is rolled back whatever happens: it takes back locks,
//! settings, large objects, temporary objects. Inside, the caller's own identity, but restricted: no
//! change of role, none of our settings, no temporary tables. A private timer. Nothing of the
//! surrounding transaction changes.
//!
//! The tree that was walked is the tree that is planned and run: nothing is parsed twice.

use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::panic::AssertUnwindSafe;

use flowai_core::query::{Limits, Refusal, Verdict};
use flowai_core::{Error, Kind};
use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgTryBuilder, pg_sys};

use super::analyze;
use super::answer::Answer;
use super::gate::{Gates, Judge};
use super::guc;
use super::raise::sqlstate_text;
use super::rows::Sheet;
use super::tenant;
use super::timeout::{self, End, Timer};
use super::tuples::Rows;

/// Memory that one node of a plan may use before it writes to disk, in kB.
const WORK_MEM: i32 = 64 * 1024;
/// Disk that one session's temporary files may use, in kB.
const TEMP_FILES: i32 = 1024 * 1024;

/// Why work inside the envelope ended early.
pub(crate) enum Stop {
    /// The statement is to blame.
    Refused(Refusal),
    /// We are, or the caller's arguments or tenant: an error to raise.
    Failed(Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether row-level security does not bind the role that a statement would run as.
pub(crate) fn role_is_unbound() -> bool {
    // SAFETY: reads of backend variables and cached look-ups.
    unsafe {
        [pg_sys::GetUserId(), tenant::outer_user()]
            .into_iter()
            .any(|role| pg_sys::superuser_arg(role) || pg_sys::has_bypassrls_privilege(role))
    }
}

/// Analyses the statement inside the envelope; `judge` decides about functions that did not come with
/// the server.
pub(crate) fn analyse(sql: &CStr, timeout_ms: u64, judge: Judge) -> Result<Verdict, Stop> {
    guarded(timeout_ms, judge, |gates| {
        gates.own_text(sql);
        let analysis = analyze::analyse(sql)?;
        Ok(Verdict { refusal: gates.judge(&analysis.foreign)?, reads: analysis.reads })
    })
}

/// Analyses and runs the statement: its answer as an object, in the caller's memory context.
pub(crate) fn run(sql: &CStr, limits: Limits, judge: Judge) -> Result<Answer, Stop> {
    to_json(sql, limits, judge, Sheet::finish)
}

/// Analyses and runs the statement: its rows as an array of objects, in the caller's memory context.
pub(crate) fn run_to_array(sql: &CStr, limits: Limits, judge: Judge) -> Result<Answer, Stop> {
    to_json(sql, limits, judge, Sheet::finish_rows)
}

/// Analyses and runs the statement: its rows as those of a set-returning function.
pub(crate) fn run_to_rows(
    sql: &CStr,
    limits: Limits,
    judge: Judge,
    rows: &Rows,
) -> Result<(), Stop> {
    fetched(sql, limits, judge, None, |portal| {
        // SAFETY: the portal's own descriptor.
        let mut receiver = unsafe { rows.receiver(limits, portal.row())? };
        portal.fetch(limits, (&raw mut receiver).cast());
        Ok(receiver.finish()?)
    })
}

fn to_json(
    sql: &CStr,
    limits: Limits,
    judge: Judge,
    finish: fn(Sheet) -> Result<Vec<u8>, Refusal>,
) -> Result<Answer, Stop> {
    // SAFETY: a plain read of the backend's current context.
    let outer = unsafe { pg_sys::CurrentMemoryContext };
    fetched(sql, limits, judge, None, |portal| {
        // SAFETY: the portal's own descriptor.
        let mut sheet = unsafe { Sheet::new(limits, portal.row())? };
        let mut receiver = sheet.receiver();
        portal.fetch(limits, (&raw mut receiver).cast());
        // SAFETY: the context of the caller outlives the envelope.
        unsafe { answer(finish(sheet)?, outer) }
    })
}

/// Analyses and runs a statement of ours that calls a function of somebody's, whatever the caller's search
/// path is: its rows as the text of an array of objects.
pub(crate) fn ask(sql: &CStr, limits: Limits, judge: Judge) -> Result<Vec<u8>, Stop> {
    fetched(sql, limits, judge, Some(c"pg_catalog, pg_temp"), |portal| {
        // SAFETY: the portal's own descriptor.
        let mut sheet = unsafe { Sheet::new(limits, portal.row())? };
        let mut receiver = sheet.receiver();
        portal.fetch(limits, (&raw mut receiver).cast());
        Ok(sheet.finish_rows()?)
    })
}

/// Runs `work`, which has a statement run elsewhere and makes JSON of its rows, in the same envelope: a
/// timer, and errors that leave the caller's transaction as it was. The answer is in the caller's memory
/// context.
pub(crate) fn run_elsewhere(
    timeout_ms: u64,
    work: impl FnOnce() -> Result<Vec<u8>, Stop>,
) -> Result<Answer, Stop> {
    // SAFETY: a plain read of the backend's current context.
    let outer = unsafe { pg_sys::CurrentMemoryContext };
    // No function of this server is called, so there is none to judge.
    guarded(
        timeout_ms,
        |_| Ok(None),
        |_| {
            let json = work()?;
            // SAFETY: as above.
            unsafe { answer(json, outer) }
        },
    )
}

/// A result as jsonb, in the memory context given.
unsafe fn answer(json: Vec<u8>, context: pg_sys::MemoryContext) -> Result<Answer, Stop> {
    let text = CString::new(json).map_err(|_| Error::internal("NUL in a result"))?;
    // SAFETY: back to the inner context afterwards; an error unwinds to the envelope's end, which
    // chooses its own.
    unsafe {
        let inner = pg_sys::MemoryContextSwitchTo(context);
        let answer = Answer::parse(&text);
        pg_sys::MemoryContextSwitchTo(inner);
        Ok(answer)
    }
}

/// Analyses and starts the statement, under a search path if one is given, and hands its portal to `fetch`.
fn fetched<T>(
    sql: &CStr,
    limits: Limits,
    judge: Judge,
    search_path: Option<&CStr>,
    fetch: impl FnOnce(&Portal) -> Result<T, Stop>,
) -> Result<T, Stop> {
    guarded(limits.timeout_ms, judge, |gates| {
        if let Some(path) = search_path {
            // SAFETY: see there; the end of the subtransaction takes it back.
            unsafe { pin(c"search_path", path) };
        }
        gates.own_text(sql);
        let analysis = analyze::analyse(sql)?;
        gates.analysed();
        if let Some(refusal) = gates.judge(&analysis.foreign)? {
            return Err(refusal.into());
        }
        // SAFETY: the tree is fresh from analysis, in the subtransaction's memory context.
        let query = unsafe { rewritten(analysis.query)? };
        // Or else the gate does, that stands before the planner.
        if guc::stands(guc::Layer::Meaning) {
            // SAFETY: the tree is fresh from the rewriter.
            let foreign = unsafe { analyze::rewritten(query)? };
            if let Some(refusal) = gates.judge(&foreign)? {
                return Err(refusal.into());
            }
            gates.walked(query);
        }
        // SAFETY: see above.
        let portal = unsafe { Portal::start(sql, query)? };
        let result = fetch(&portal)?;
        portal.drop();
        Ok(result)
    })
}

/// What views and policies make of the analysed tree.
unsafe fn rewritten(query: *mut pg_sys::Query) -> Result<*mut pg_sys::Query, Stop> {
    // SAFETY: the tree is fresh from analysis, and nobody else's.
    unsafe {
        let rewritten = pg_sys::QueryRewrite(query);
        if rewritten.is_null() || (*rewritten).length != 1 {
            return Err(Error::internal("a SELECT was rewritten to several statements").into());
        }
        let query: *mut pg_sys::Query = (*(*rewritten).elements).ptr_value.cast();
        if (*query).commandType != pg_sys::CmdType::CMD_SELECT || !(*query).utilityStmt.is_null() {
            return Err(Error::internal("a SELECT was rewritten to something else").into());
        }
        Ok(query)
    }
}

/// A statement that runs. If an error unwinds it dies with the subtransaction.
struct Portal(pg_sys::Portal);

impl Portal {
    /// Plans the rewritten tree and starts it.
    unsafe fn start(sql: &CStr, query: *mut pg_sys::Query) -> Result<Self, Stop> {
        // SAFETY: the order of calls is that of the server's own DECLARE CURSOR. Locks are held since
        // analysis.
        unsafe {
            let options = pg_sys::CURSOR_OPT_NO_SCROLL as i32;
            let plan = pg_sys::pg_plan_query(query, sql.as_ptr(), options, std::ptr::null_mut());
            if (*plan).commandType != pg_sys::CmdType::CMD_SELECT
                || (*plan).hasModifyingCTE
                || !(*plan).rowMarks.is_null()
                || !pg_sys::CommandIsReadOnly(plan)
            {
                return Err(Error::internal("the plan of a SELECT is not read-only").into());
            }
            let portal = pg_sys::CreateNewPortal();
            (*portal).visible = false;
            pg_sys::PortalDefineQuery(
                portal,
                std::ptr::null(),
                sql.as_ptr(),
                pg_sys::CommandTag::CMDTAG_SELECT,
                pg_sys::lappend(std::ptr::null_mut(), plan.cast()),
                std::ptr::null_mut(),
            );
            (*portal).cursorOptions = options;
            pg_sys::PortalStart(portal, std::ptr::null_mut(), 0, pg_sys::GetActiveSnapshot());
            Ok(Self(portal))
        }
    }

    fn row(&self) -> pg_sys::TupleDesc {
        // SAFETY: the portal was started.
        unsafe { (*self.0).tupDesc }
    }

    /// Fetches one row more than wanted, which tells whether there are more.
    fn fetch(&self, limits: Limits, receiver: *mut pg_sys::DestReceiver) {
        let forward = pg_sys::FetchDirection::FETCH_FORWARD;
        // SAFETY: the portal was started; the receiver lives across the call.
        unsafe { pg_sys::PortalRunFetch(self.0, forward, limits.rows as i64 + 1, receiver) };
    }

    fn drop(self) {
        // SAFETY: the portal was started, and is not used any more.
        unsafe { pg_sys::PortalDrop(self.0, false) };
    }
}

// ------------------------------------------------------------------------------------ the guard

/// What was in force before, and is again afterwards.
struct Outside {
    context: pg_sys::MemoryContext,
    owner: pg_sys::ResourceOwner,
    timer: Cell<Option<Timer>>,
    gates: Gates,
}

impl Outside {
    /// Ends the subtransaction. The server itself restores role, settings and read-only state.
    fn restore(&self) {
        drop(self.timer.take());
        self.gates.lift();
        // Before what may raise: nothing may be left that says a query runs.
        INSIDE.set(false);
        // SAFETY: called exactly once for the subtransaction that `guarded` began.
        unsafe {
            pg_sys::RollbackAndReleaseCurrentSubTransaction();
            pg_sys::MemoryContextSwitchTo(self.context);
            pg_sys::CurrentResourceOwner = self.owner;
        }
        timeout::give_back();
    }

    /// What ended the statement, if time or memory did.
    fn ended(&self, timeout_ms: u64) -> Option<Refusal> {
        let timer = self.timer.take();
        let end = timer.as_ref().and_then(Timer::end);
        self.timer.set(timer);
        end.map(|end| match end {
            End::Time => Refusal::by_server(
                "57014",
                format!("the statement took longer than {timeout_ms} ms"),
                None,
                Some("Ask for less, or give it more time.".to_owned()),
            ),
            End::Memory => Refusal::by_server(
                "53200",
                format!(
                    "the statement needs more than {} MB of memory",
                    guc::query_max_memory_kb() / 1024
                ),
                None,
                Some(
                    "Ask for less at once: fewer rows, shorter values, no cross product."
                        .to_owned(),
                ),
            ),
        })
    }
}

/// Runs `work` in the envelope. Errors of the server become refusals, except a real cancel and the
/// end of the session, which go on.
fn guarded<T>(
    timeout_ms: u64,
    judge: Judge,
    work: impl FnOnce(&Gates) -> Result<T, Stop>,
) -> Result<T, Stop> {
    if INSIDE.get() {
        return Err(Error::new(
            Kind::WrongState,
            "query_nested",
            "a read-only query is already running",
        )
        .hint("Do not call it from within a query that it runs.")
        .into());
    }
    // SAFETY: reads of backend variables; the subtransaction is ended by `restore` on every path.
    let outside = unsafe {
        let outside = Outside {
            context: pg_sys::CurrentMemoryContext,
            owner: pg_sys::CurrentResourceOwner,
            timer: Cell::new(None),
            gates: Gates::lower(judge),
        };
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        outside
    };
    INSIDE.set(true);
    let mark = Mark::default();
    let caught = AssertUnwindSafe((&outside, &mark));
    let result = PgTryBuilder::new(AssertUnwindSafe(|| {
        outside.timer.set(Some(Timer::arm(timeout_ms, guc::query_max_memory_kb())));
        restrict()?;
        let done = mark.watch(|| work(&outside.gates))?;
        // Code that the statement ran may have caught what a gate or the timer raised.
        if let Some(refusal) = outside.gates.refusal() {
            return Err(refusal.into());
        }
        outside.ended(timeout_ms).map_or(Ok(done), |refusal| Err(refusal.into()))
    }))
    .catch_others(move |error| {
        let (outside, mark) = *caught;
        match refusal_of(&error, outside.ended(timeout_ms), mark.position()) {
            Some(refusal) => {
                let by_gate = outside.gates.refusal();
                let position = refusal.position;
                Err(Stop::Refused(by_gate.map_or(refusal, |gate| Refusal { position, ..gate })))
            }
            None => {
                outside.restore();
                error.rethrow()
            }
        }
    })
    .execute();
    outside.restore();
    result
}

/// The caller's identity without its liberties.
fn restrict() -> Result<(), Stop> {
    // SAFETY: inside the subtransaction, whose end takes all of this back.
    unsafe {
        if !pg_sys::ActiveSnapshotSet() {
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        }
        if !pg_sys::standard_conforming_strings {
            pin(c"standard_conforming_strings", c"on");
        }
        if !pg_sys::row_security {
            pin(c"row_security", c"on");
        }
        if pg_sys::work_mem > WORK_MEM {
            pin_number(c"work_mem", WORK_MEM)?;
        }
        if pg_sys::temp_file_limit < 0 || pg_sys::temp_file_limit > TEMP_FILES {
            pin_number(c"temp_file_limit", TEMP_FILES)?;
        }
        if pg_sys::max_parallel_workers_per_gather > 0 {
            pin(c"max_parallel_workers_per_gather", c"0");
        }
        temporary_names_last()?;
        if !guc::stands(guc::Layer::ReadOnly) {
            return Ok(());
        }
        pg_sys::XactReadOnly = true;
        let (mut user, mut context) = (pg_sys::InvalidOid, 0);
        pg_sys::GetUserIdAndSecContext(&mut user, &mut context);
        let restricted =
            pg_sys::SECURITY_RESTRICTED_OPERATION | pg_sys::SECURITY_LOCAL_USERID_CHANGE;
        pg_sys::SetUserIdAndSecContext(user, context | restricted as i32);
    }
    Ok(())
}

unsafe fn pin(setting: &CStr, value: &CStr) {
    // SAFETY: name and value live across the call; the value lasts until the subtransaction ends.
    unsafe {
        pg_sys::set_config_option(
            setting.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
    }
}

unsafe fn pin_number(setting: &CStr, value: i32) -> Result<(), Stop> {
    let value = CString::new(value.to_string()).map_err(|_| Error::internal("NUL in a number"))?;
    // SAFETY: see `pin`.
    unsafe { pin(setting, &value) };
    Ok(())
}

/// The caller's search path, but temporary tables are searched last, so that none stands in for a
/// table of the warehouse. A session without temporary schema has none to search: where the path names it
/// first, asking for the current schema would make one.
unsafe fn temporary_names_last() -> Result<(), Stop> {
    // SAFETY: the setting's string is copied before it is taken apart.
    unsafe {
        let (mut schema, mut toast) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
        pg_sys::GetTempNamespaceState(&mut schema, &mut toast);
        let path = CStr::from_ptr(pg_sys::namespace_search_path);
        let named = |w: &[u8]| w.eq_ignore_ascii_case(b"pg_temp");
        if schema == pg_sys::InvalidOid && !path.to_bytes().windows(7).any(named) {
            return Ok(());
        }
        let own = pg_sys::get_namespace_name(schema);
        let temporary =
            |name: &CStr| name == c"pg_temp" || (!own.is_null() && name == CStr::from_ptr(own));
        let copy = pg_sys::pstrdup(path.as_ptr());
        let mut names = std::ptr::null_mut();
        let mut wanted = Vec::new();
        if pg_sys::SplitIdentifierString(copy, b',' as std::ffi::c_char, &mut names)
            && !names.is_null()
        {
            for number in 0..(*names).length as usize {
                let name = (*(*names).elements.add(number)).ptr_value.cast::<std::ffi::c_char>();
                if !temporary(CStr::from_ptr(name)) {
                    wanted.push(CStr::from_ptr(pg_sys::quote_identifier(name)).to_bytes().to_vec());
                }
            }
        }
        if schema != pg_sys::InvalidOid {
            wanted.push(b"pg_temp".to_vec());
        }
        let path =
            CString::new(wanted.join(&b", "[..])).map_err(|_| Error::internal("NUL in a name"))?;
        pin(c"search_path", &path);
    }
    Ok(())
}

/// What the server's error means for the statement; `None` for what must go on unwinding.
fn refusal_of(
    error: &CaughtError,
    ended: Option<Refusal>,
    position: Option<usize>,
) -> Option<Refusal> {
    let report = match error {
        CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => report,
        CaughtError::RustPanic { .. } => return None,
    };
    let sqlstate = sqlstate_text(report.sql_error_code() as i32);
    if sqlstate == "57014" && ended.is_some() {
        return ended;
    }
    if sqlstate.starts_with("57") {
        return None;
    }
    let hint = report.hint().map(str::to_owned);
    Some(Refusal::by_server(&sqlstate, report.message().to_owned(), position, hint))
}

/// Where in the text the server puts an error: pgrx's copy of it has no cursor position.
#[derive(Default)]
struct Mark(Cell<i32>);

impl Mark {
    fn position(&self) -> Option<usize> {
        usize::try_from(self.0.get()).ok().filter(|position| *position > 0)
    }

    fn watch<T>(&self, work: impl FnOnce() -> T) -> T {
        /// Takes the callback off the stack on every way out.
        struct Pushed(*mut pg_sys::ErrorContextCallback);
        impl Drop for Pushed {
            fn drop(&mut self) {
                // SAFETY: the stack as it was before.
                unsafe { pg_sys::error_context_stack = self.0 };
            }
        }
        // SAFETY: the callback lives on this frame, and is popped before the frame ends.
        unsafe {
            let _pushed = Pushed(pg_sys::error_context_stack);
            let mut callback = pg_sys::ErrorContextCallback {
                previous: pg_sys::error_context_stack,
                callback: Some(note_position),
                arg: (&raw const self.0).cast_mut().cast(),
            };
            pg_sys::error_context_stack = &raw mut callback;
            work()
        }
    }
}

#[pgrx::pg_guard]
unsafe extern "C-unwind" fn note_position(mark: *mut std::ffi::c_void) {
    // SAFETY: the cell that `watch` passed; the server calls this while it builds an error.
    unsafe { (*mark.cast_const().cast::<Cell<i32>>()).set(pg_sys::geterrposition()) };
}
