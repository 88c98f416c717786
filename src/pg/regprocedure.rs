//! A function as an argument: `'app.f(integer)'` in SQL, its OID here.

use pgrx::callconv::{Arg, ArgAbi};
use pgrx::{FromDatum, pg_sys};

/// The OID of a function. The server resolved the name before the call.
#[derive(Clone, Copy)]
pub(crate) struct Regprocedure(pub(crate) pg_sys::Oid);

impl FromDatum for Regprocedure {
    unsafe fn from_polymorphic_datum(
        datum: pg_sys::Datum,
        is_null: bool,
        oid: pg_sys::Oid,
    ) -> Option<Self> {
        // SAFETY: a regprocedure is an OID.
        unsafe { pg_sys::Oid::from_polymorphic_datum(datum, is_null, oid).map(Self) }
    }
}

// SAFETY: the argument is declared regprocedure below, so its datum is an OID.
unsafe impl<'fcx> ArgAbi<'fcx> for Regprocedure {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: see above.
        unsafe { arg.unbox_arg_using_from_datum() }.unwrap_or(Self(pg_sys::InvalidOid))
    }
}

pgrx::impl_sql_translatable!(Regprocedure, "regprocedure");
