//! A moment as flowai_owner, inside a function that otherwise runs as its caller; and the other way round.

use flowai_core::{Error, Result};
use pgrx::pg_sys;

use super::tenant;

/// Who the backend was before, and is again when this is dropped, also while an error unwinds.
struct Before {
    user: pg_sys::Oid,
    context: i32,
}

impl Drop for Before {
    fn drop(&mut self) {
        // SAFETY: what was in force when `as_owner` began.
        unsafe { pg_sys::SetUserIdAndSecContext(self.user, self.context) };
    }
}

/// Runs `work`, which must be statements of ours alone, with the rights of flowai_owner. For what a
/// function of the caller's must look up and the caller may not see.
pub(crate) fn as_owner<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: a look-up by a name that lives across it.
    let owner = unsafe { pg_sys::get_role_oid(c"flowai_owner".as_ptr(), true) };
    if owner == pg_sys::InvalidOid {
        return Err(Error::internal("role flowai_owner is gone"));
    }
    as_role(owner, work)
}

/// Runs `work` with the rights of the role whose tenants count, inside a function of flowai_owner's. For
/// code that is not ours.
pub(crate) fn as_outer<T>(work: impl FnOnce() -> T) -> T {
    as_role(tenant::outer_user(), work)
}

fn as_role<T>(role: pg_sys::Oid, work: impl FnOnce() -> T) -> T {
    // SAFETY: backend variables that are restored on every way out.
    unsafe {
        let mut before = Before { user: pg_sys::InvalidOid, context: 0 };
        pg_sys::GetUserIdAndSecContext(&mut before.user, &mut before.context);
        let change = pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32;
        pg_sys::SetUserIdAndSecContext(role, before.context | change);
        let result = work();
        drop(before);
        result
    }
}
