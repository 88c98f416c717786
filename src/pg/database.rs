//! Which database this is.

use pgrx::pg_sys;

/// The cluster and the database, as text: no copy of it has both.
pub(crate) fn identity() -> String {
    // SAFETY: reads of what the backend knows since its start.
    unsafe { format!("{}/{}", pg_sys::GetSystemIdentifier(), pg_sys::MyDatabaseId.to_u32()) }
}
