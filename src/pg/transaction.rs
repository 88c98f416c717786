//! Which transaction this is, and of what sort.

use std::ffi::CStr;

use pgrx::pg_sys;

/// Raises the server's own error for a command that writes where nothing can be written: on a standby,
/// or in a transaction that is READ ONLY.
pub(crate) fn refuse_if_read_only(command: &CStr) {
    // SAFETY: reads backend variables and the name, which lives across the call.
    unsafe { pg_sys::PreventCommandIfReadOnly(command.as_ptr()) }
}

/// Whether each statement takes a new snapshot and may write. Only then does a statement after a lock
/// see what the lock's previous holder did.
pub(crate) fn sees_what_others_commit() -> bool {
    // SAFETY: plain reads of backend variables.
    unsafe { pg_sys::XactIsoLevel <= pg_sys::XACT_READ_COMMITTED as i32 && !pg_sys::XactReadOnly }
}

/// Whether every statement sees what was there when the first one began: REPEATABLE READ and SERIALIZABLE.
pub(crate) fn keeps_its_snapshot() -> bool {
    // SAFETY: a plain read of a backend variable.
    unsafe { pg_sys::XactIsoLevel >= pg_sys::XACT_REPEATABLE_READ as i32 }
}

/// Whether this transaction may write at all.
pub(crate) fn may_write() -> bool {
    // SAFETY: plain reads of the backend's and the server's state.
    unsafe { !pg_sys::XactReadOnly && !pg_sys::RecoveryInProgress() && !pg_sys::IsInParallelMode() }
}

/// The number of this transaction, as `pg_current_xact_id()` gives it. For who writes in any case: it
/// gives the transaction a number if it has none.
pub(crate) fn id() -> i64 {
    // SAFETY: assigns a number at most.
    unsafe { pg_sys::GetTopFullTransactionId().value.cast_signed() }
}

/// The server process that this session has.
pub(crate) fn backend_pid() -> i32 {
    // SAFETY: a plain read of a backend variable.
    unsafe { pg_sys::MyProcPid }
}
