//! A jsonb that is made from JSON text, without a tree in between.

use std::ffi::CStr;

use pgrx::callconv::{BoxRet, FcInfo};
use pgrx::pg_sys;

use super::jsonb::Stored;

/// A jsonb datum in the memory context that it was made in.
#[derive(Clone, Copy)]
pub(crate) struct Answer(pg_sys::Datum);

impl Answer {
    /// A value that is there already.
    pub(crate) fn of(stored: Stored) -> Self {
        Self(stored.0)
    }

    /// Reads the text as the server does: JSON that is no jsonb is the server's error.
    pub(crate) fn parse(json: &CStr) -> Self {
        // SAFETY: the text lives across the call; jsonb_in copies what it keeps.
        Self(unsafe {
            pg_sys::OidInputFunctionCall(
                pg_sys::Oid::from(pg_sys::F_JSONB_IN),
                json.as_ptr().cast_mut(),
                pg_sys::InvalidOid,
                -1,
            )
        })
    }
}

// SAFETY: returns the datum that it is.
unsafe impl BoxRet for Answer {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> pgrx::datum::Datum<'fcx> {
        // SAFETY: see above.
        unsafe { fcinfo.return_raw_datum(self.0) }
    }
}

pgrx::impl_sql_translatable!(Answer, "jsonb");
