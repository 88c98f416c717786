//! Optional maintenance in the background: a launcher, and one worker for each round.
//!
//! The launcher is connected to no database. Each `flowai.maintenance_interval` it starts a worker, which
//! connects to `flowai.maintenance_database`, does what is due, and ends: in between nobody stands in
//! the way of DROP DATABASE. Nothing depends on either of them; what they do, writers do as well.
//!
//! **Rights.** No role can be counted on that may log in, so the worker is the bootstrap superuser. It
//! runs no statement as such: each transaction is one of flowai_owner in a security-restricted
//! operation, in which that role's own tables open themselves to it despite their forced row-level
//! security, as they do for the server's checks of foreign keys. So each statement must name its tenant.

use std::ffi::{CStr, c_int};
use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use flowai_core::{Error, Result};
use pgrx::bgworkers::{BackgroundWorker, BackgroundWorkerBuilder, SignalWakeFlags};
use pgrx::pg_sys::panic::CaughtError;
use pgrx::{FromDatum, IntoDatum, PgLogLevel, PgSqlErrorCode, PgTryBuilder, pg_guard, pg_sys};

use super::guc;

// pgrx's own is a Rust function around it, which cannot be the handler of a signal.
unsafe extern "C-unwind" {
    fn die(signal: c_int);
}

const LIBRARY: &str = "flowai_runtime";
const EXTENSION: &CStr = c"flowai_runtime";
const OWNER: &CStr = c"flowai_owner";

/// After the launcher failed, or was ended by hand.
const RESTART_AFTER: Duration = Duration::from_secs(60);

/// What the settings of a database must not change for a round, as autovacuum has it too.
const PINNED: [(&CStr, &CStr); 7] = [
    (c"search_path", c"pg_catalog, pg_temp"),
    (c"default_transaction_isolation", c"read committed"),
    (c"default_transaction_read_only", c"off"),
    (c"default_transaction_deferrable", c"off"),
    (c"lock_timeout", c"0"),
    (c"flowai.tenant", c""),
    (c"flowai.workspace", c""),
];

/// What a round does; the floor above knows. Each function runs in a transaction of its own.
pub(crate) struct Work {
    /// The (tenant, workspace) pairs for which there is something to do.
    pub(crate) due: fn() -> Result<Vec<(String, String)>>,
    /// Does it for one of them.
    pub(crate) maintain: fn(&str, &str) -> Result<()>,
    /// Whether somebody waits for all connections to this database to end.
    pub(crate) in_the_way: fn() -> Result<bool>,
}

static WORK: OnceLock<Work> = OnceLock::new();

/// Registers the launcher if the library is preloaded and a database is set. Called once, when the
/// library is loaded.
pub(crate) fn init(work: Work) {
    // SAFETY: plain reads; pg_upgrade wants nobody to write but itself.
    let starting =
        unsafe { pg_sys::process_shared_preload_libraries_in_progress && !pg_sys::IsBinaryUpgrade };
    if !starting || guc::maintenance_database().is_none() || WORK.set(work).is_err() {
        return;
    }
    BackgroundWorkerBuilder::new("flowai_runtime launcher")
        .set_library(LIBRARY)
        .set_function("flowai_maintenance_launcher")
        .set_restart_time(Some(RESTART_AFTER))
        .enable_spi_access()
        .load();
}

/// A round that was started.
struct Round(*mut pg_sys::BackgroundWorkerHandle);

impl Round {
    /// `None` if the server has no slot for it.
    fn start(database: pg_sys::Oid) -> Option<Self> {
        let builder = BackgroundWorkerBuilder::new("flowai_runtime maintenance")
            .set_library(LIBRARY)
            .set_function("flowai_maintenance_round")
            .set_argument(database.into_datum())
            .enable_spi_access();
        let mut worker = pg_sys::BackgroundWorker::from(&builder);
        let mut handle = std::ptr::null_mut();
        // SAFETY: the server copies the worker and allocates the handle if it has a slot.
        unsafe { pg_sys::RegisterDynamicBackgroundWorker(&mut worker, &mut handle) }
            .then_some(Self(handle))
    }

    fn has_ended(&self) -> bool {
        let mut pid = 0;
        // SAFETY: the handle lives as long as this.
        let status = unsafe { pg_sys::GetBackgroundWorkerPid(self.0, &mut pid) };
        status == pg_sys::BgwHandleStatus::BGWH_STOPPED
    }
}

impl Drop for Round {
    fn drop(&mut self) {
        // SAFETY: allocated by the server for us, in a context that outlives the launcher's loop.
        unsafe { pg_sys::pfree(self.0.cast()) };
    }
}

/// The launcher's life: until the server stops.
#[pg_guard]
#[unsafe(no_mangle)]
pub(crate) extern "C-unwind" fn flowai_maintenance_launcher(_argument: pg_sys::Datum) {
    BackgroundWorker::attach_signal_handlers(SignalWakeFlags::SIGHUP | SignalWakeFlags::SIGTERM);
    BackgroundWorker::connect_worker_to_spi(None, None);
    let mut round: Option<Round> = None;
    let mut last: Option<Instant> = None;
    let mut complaint = None;
    loop {
        let interval = guc::maintenance_interval();
        let rest = last.map_or(Duration::ZERO, |last| interval.saturating_sub(last.elapsed()));
        // A wait of no time would be one without end.
        if !BackgroundWorker::wait_latch(Some(rest.max(Duration::from_millis(1)))) {
            // SAFETY: ends the process. With this code the postmaster starts it again, unless it stops.
            unsafe { pg_sys::proc_exit(1) };
        }
        if BackgroundWorker::sighup_received() {
            // SAFETY: outside a transaction, as the server's own processes do it.
            unsafe { pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP) };
        }
        let over = last.is_none_or(|last| last.elapsed() >= guc::maintenance_interval());
        if !over || round.as_ref().is_some_and(|round| !round.has_ended()) {
            continue;
        }
        last = Some(Instant::now());
        let started = database()
            .ok_or("the database that flowai.maintenance_database names does not exist")
            .and_then(|database| {
                Round::start(database)
                    .ok_or("no background worker is free: raise max_worker_processes")
            });
        // Said once, not every minute.
        let new = started.as_ref().err().copied();
        if complaint != new
            && let Some(reason) = new
        {
            log(format!("maintenance of flowai_runtime does not run: {reason}"), None);
        }
        complaint = new;
        round = started.ok();
    }
}

/// The database of the setting, if it exists.
///
/// The server's own look-up always uses the index, which a process without a database cannot do until
/// some session has written the shared relations' cache file.
fn database() -> Option<pg_sys::Oid> {
    let name = guc::maintenance_database()?;
    // SAFETY: a transaction of its own; relation, scan key and scan are opened and closed in order, and
    // the tuple is read before the scan ends. A name's equality reads a string up to its NUL.
    unsafe {
        pg_sys::StartTransactionCommand();
        let mut key = pg_sys::ScanKeyData::default();
        pg_sys::ScanKeyInit(
            &mut key,
            pg_sys::Anum_pg_database_datname as i16,
            pg_sys::BTEqualStrategyNumber as u16,
            pg_sys::Oid::from(pg_sys::F_NAMEEQ),
            pg_sys::Datum::from(name.as_ptr()),
        );
        let lock = pg_sys::AccessShareLock as c_int;
        let relation = pg_sys::table_open(pg_sys::DatabaseRelationId, lock);
        let scan = pg_sys::systable_beginscan(
            relation,
            pg_sys::Oid::from(pg_sys::DatabaseNameIndexId),
            pg_sys::criticalSharedRelcachesBuilt,
            std::ptr::null_mut(),
            1,
            &mut key,
        );
        let tuple = pg_sys::systable_getnext(scan);
        let database = (!tuple.is_null())
            .then(|| (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_database>()).oid);
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(relation, lock);
        pg_sys::CommitTransactionCommand();
        database
    }
}

/// A round: connects, does what is due, ends. SIGTERM ends it at the next check for interrupts.
#[pg_guard]
#[unsafe(no_mangle)]
pub(crate) extern "C-unwind" fn flowai_maintenance_round(database: pg_sys::Datum) {
    let Some(work) = WORK.get() else { return };
    // SAFETY: the launcher passed the database; a worker's first steps, in their order.
    unsafe {
        let database = pg_sys::Oid::from_datum(database, false).unwrap_or(pg_sys::InvalidOid);
        #[cfg(not(feature = "pg18"))]
        pg_sys::pqsignal(pg_sys::SIGTERM as c_int, Some(die));
        #[cfg(feature = "pg18")]
        pg_sys::pqsignal_be(pg_sys::SIGTERM as c_int, Some(die));
        pg_sys::BackgroundWorkerUnblockSignals();
        pg_sys::BackgroundWorkerInitializeConnectionByOid(database, pg_sys::InvalidOid, 0);
        pg_sys::pgstat_report_activity(
            pg_sys::BackendState::STATE_RUNNING,
            c"maintenance of flowai_runtime".as_ptr(),
        );
        for (setting, value) in PINNED {
            pg_sys::SetConfigOption(
                setting.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_SUSET,
                pg_sys::GucSource::PGC_S_OVERRIDE,
            );
        }
    }
    let Some(scopes) = attempt("looking for what is due", work.due) else { return };
    for (tenant, workspace) in scopes {
        if attempt("looking who waits", work.in_the_way) != Some(false) {
            return;
        }
        let what = format!("workspace \"{workspace}\" of tenant \"{tenant}\"");
        attempt(&what, || (work.maintain)(&tenant, &workspace));
    }
}

/// Runs work as flowai_owner in a transaction. An error ends that transaction and is logged; `None` then,
/// and where the extension is not installed.
fn attempt<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Option<T> {
    pgrx::check_for_interrupts!();
    let done = PgTryBuilder::new(AssertUnwindSafe(|| in_transaction(work)))
        .catch_others(|caught| {
            let (CaughtError::PostgresError(report)
            | CaughtError::ErrorReport(report)
            | CaughtError::RustPanic { ereport: report, .. }) = caught;
            let error = Error::internal(report.message());
            Err(report.detail().map_or(error.clone(), |detail| error.detail(detail)))
        })
        .execute();
    match done {
        Ok(done) => done,
        Err(error) => {
            // SAFETY: the transaction that was begun, in whatever state the error left it. Gives the
            // identity back, too.
            unsafe { pg_sys::AbortCurrentTransaction() };
            log(format!("maintenance of flowai_runtime, {what}: {}", error.message), error.detail);
            None
        }
    }
}

fn in_transaction<T>(work: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
    // SAFETY: begun and ended in order; after an error the caller aborts, which undoes all of it.
    unsafe {
        pg_sys::SetCurrentStatementStartTimestamp();
        pg_sys::StartTransactionCommand();
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        let owner = pg_sys::get_role_oid(OWNER.as_ptr(), true);
        let installed = pg_sys::get_extension_oid(EXTENSION.as_ptr(), true) != pg_sys::InvalidOid
            && owner != pg_sys::InvalidOid;
        let (mut user, mut context) = (pg_sys::InvalidOid, 0);
        pg_sys::GetUserIdAndSecContext(&mut user, &mut context);
        let mut done = None;
        if installed {
            let restricted = pg_sys::SECURITY_RESTRICTED_OPERATION
                | pg_sys::SECURITY_LOCAL_USERID_CHANGE
                | pg_sys::SECURITY_NOFORCE_RLS;
            pg_sys::SetUserIdAndSecContext(owner, context | restricted as c_int);
            done = Some(work()?);
        }
        pg_sys::PopActiveSnapshot();
        // As flowai_owner still: nothing that a commit may run is for a superuser.
        pg_sys::CommitTransactionCommand();
        pg_sys::SetUserIdAndSecContext(user, context);
        Ok(done)
    }
}

fn log(message: String, detail: Option<String>) {
    let report = pgrx::pg_sys::panic::ErrorReport::new(
        PgSqlErrorCode::ERRCODE_WARNING,
        message,
        "maintenance",
    );
    match detail {
        Some(detail) => report.set_detail(detail),
        None => report,
    }
    .report(PgLogLevel::LOG);
}
