//! What sort of transaction this is.

use pgrx::pg_sys;

/// Whether each statement takes a new snapshot and may write. Only then does a statement after a lock
/// see what the lock's previous holder did.
pub(crate) fn sees_what_others_commit() -> bool {
    // SAFETY: plain reads of backend variables.
    unsafe { pg_sys::XactIsoLevel <= pg_sys::XACT_READ_COMMITTED as i32 && !pg_sys::XactReadOnly }
}
