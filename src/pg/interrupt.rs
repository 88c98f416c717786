//! Cancel requests and time-outs, for long work that is not the server's own.

use std::time::Duration;

use flowai_core::Result;
use pgrx::pg_sys;

/// Whether the server wants this statement to end. Cheap: two flags are read.
pub(crate) fn pending() -> bool {
    // SAFETY: volatile flags that signal handlers set.
    unsafe {
        std::ptr::read_volatile(&raw const pg_sys::InterruptPending) != 0
            && (std::ptr::read_volatile(&raw const pg_sys::QueryCancelPending) != 0
                || std::ptr::read_volatile(&raw const pg_sys::ProcDiePending) != 0)
            && pg_sys::InterruptHoldoffCount == 0
            && pg_sys::QueryCancelHoldoffCount == 0
    }
}

/// If work gave up because [`pending`] said so, raises the server's own error for it.
pub(crate) fn raise_if_interrupted<T>(result: Result<T>) -> Result<T> {
    if result.as_ref().is_err_and(|error| error.rule == "interrupted") {
        pgrx::check_for_interrupts!();
    }
    result
}

/// Sleeps, but not through a cancel request.
pub(crate) fn pause(time: Duration) {
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    // SAFETY: a backend's own latch lives as long as the backend.
    unsafe {
        pg_sys::WaitLatch(
            pg_sys::MyLatch,
            events as i32,
            time.as_millis() as _,
            pg_sys::PG_WAIT_EXTENSION,
        );
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    pgrx::check_for_interrupts!();
}
