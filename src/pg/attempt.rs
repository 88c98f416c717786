//! Work that may fail without taking the transaction along.

use std::panic::AssertUnwindSafe;

use flowai_core::Result;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::{PgTryBuilder, pg_sys};

/// An error of the server that a caller can do something about.
pub(crate) struct Failure {
    /// Five characters.
    pub(crate) sqlstate: String,
    pub(crate) message: String,
    pub(crate) detail: Option<String>,
    pub(crate) hint: Option<String>,
}

/// Runs `work` in a subtransaction of its own: what it did stays if it succeeds, and is taken back if it
/// fails. Cancel requests, the end of the session, exhausted resources and our own bugs go on as errors.
pub(crate) fn attempt<T>(work: impl FnOnce() -> Result<T>) -> std::result::Result<T, Failure> {
    // SAFETY: reads of backend variables; the subtransaction is ended exactly once on every path.
    let (context, owner) = unsafe {
        let outside = (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner);
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(outside.0);
        outside
    };
    let back = move |commit: bool| unsafe {
        // SAFETY: see above.
        if commit {
            pg_sys::ReleaseCurrentSubTransaction();
        } else {
            pg_sys::RollbackAndReleaseCurrentSubTransaction();
        }
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::CurrentResourceOwner = owner;
    };
    let result = PgTryBuilder::new(AssertUnwindSafe(|| {
        Ok(match work() {
            Ok(value) => value,
            Err(error) => super::raise::raise(error),
        })
    }))
    .catch_others(move |error| match failure_of(&error) {
        Some(failure) => Err(failure),
        None => {
            back(false);
            error.rethrow()
        }
    })
    .execute();
    back(result.is_ok());
    result
}

fn failure_of(error: &CaughtError) -> Option<Failure> {
    let report = match error {
        CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => report,
        CaughtError::RustPanic { .. } => return None,
    };
    let sqlstate = super::raise::sqlstate_text(report.sql_error_code() as i32);
    let beyond_repair = ["53", "57", "58", "XX"].iter().any(|class| sqlstate.starts_with(class));
    (!beyond_repair || sqlstate == "XX001").then(|| Failure {
        sqlstate,
        message: report.message().to_owned(),
        detail: report.detail().map(str::to_owned),
        hint: report.hint().map(str::to_owned),
    })
}
