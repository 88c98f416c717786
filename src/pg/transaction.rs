//! What sort of transaction this is.

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
