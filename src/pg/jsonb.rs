//! A jsonb value that is handed through, or read as text where its meaning is needed.
//!
//! pgrx's `JsonB` parses into a tree at the border and prints it again on the way out. A value that
//! only passes through (key/value, references) needs neither, and a large one is read as a stream.

use std::cell::RefCell;
use std::ffi::CStr;
use std::marker::PhantomData;
use std::rc::Rc;

use flowai_core::schema::{Schema, Schemas};
use pgrx::callconv::{Arg, ArgAbi, BoxRet, FcInfo};
use pgrx::{FromDatum, IntoDatum, pg_sys};

thread_local! {
    /// Schemas that were compiled lately, by what they say: a cache of bytes, whoever they belong to.
    static SCHEMAS: RefCell<Schemas> = RefCell::default();
}

/// A jsonb datum, detoasted, in a memory context that lives as long as the function that uses it: an argument,
/// or made here. What a row holds is [`Lent`].
#[derive(Clone, Copy)]
pub(crate) struct Jsonb(*mut pg_sys::Jsonb);

impl Jsonb {
    /// A tree as jsonb.
    pub(crate) fn of(value: serde_json::Value) -> flowai_core::Result<Self> {
        // SAFETY: the datum was just made as jsonb.
        pgrx::JsonB(value)
            .into_datum()
            .and_then(|datum| unsafe { Self::from_datum(datum, false) })
            .ok_or_else(|| flowai_core::Error::internal("a value that is no jsonb"))
    }

    /// JSON text as jsonb.
    pub(crate) fn parse(text: String) -> flowai_core::Result<Self> {
        let text = std::ffi::CString::new(text)
            .map_err(|_| flowai_core::Error::internal("NUL in a jsonb"))?;
        // SAFETY: the text lives across the call; jsonb_in copies what it keeps, into a value that is
        // not toasted.
        Ok(Self(unsafe {
            pg_sys::OidInputFunctionCall(
                pg_sys::Oid::from(pg_sys::F_JSONB_IN),
                text.as_ptr().cast_mut(),
                pg_sys::InvalidOid,
                -1,
            )
            .cast_mut_ptr()
        }))
    }

    /// The JSON Schema that the value is, compiled once in the life of the backend.
    pub(crate) fn schema(&self) -> flowai_core::Result<Rc<Schema>> {
        SCHEMAS.with_borrow_mut(|schemas| schemas.compiled(self.text()))
    }

    /// Whether the value is an array.
    pub(crate) fn is_array(&self) -> bool {
        // SAFETY: the pointer is a detoasted jsonb; a scalar is kept as an array of one that says so.
        let header = unsafe { (*self.0).root.header };
        header & pg_sys::JB_FARRAY != 0 && header & pg_sys::JB_FSCALAR == 0
    }

    /// Bytes of the value as it is stored before compression.
    pub(crate) fn size(&self) -> usize {
        // SAFETY: the pointer is a detoasted jsonb.
        unsafe { pgrx::varsize_any_exhdr(self.0.cast()) }
    }

    /// The value as the server prints it: keys sorted and unique, numbers without exponent.
    pub(crate) fn text(&self) -> &str {
        // SAFETY: the pointer is a detoasted jsonb; the printed copy is palloc'd in the current
        // context, which outlives the borrow (both belong to the running statement). The server
        // prints the database's encoding; anything but UTF-8 gives an empty text, refused as JSON.
        unsafe {
            let size = pgrx::varsize_any_exhdr(self.0.cast());
            let text = pg_sys::JsonbToCString(
                std::ptr::null_mut(),
                &raw mut (*self.0).root,
                i32::try_from(size).unwrap_or(i32::MAX),
            );
            CStr::from_ptr(text).to_str().unwrap_or("")
        }
    }
}

/// A jsonb of a row, which it does not outlive: a small value is the row's own memory.
pub(crate) struct Lent<'a>(Jsonb, PhantomData<&'a ()>);

impl Lent<'_> {
    /// The value of a column that is jsonb and not NULL.
    ///
    /// # Safety
    /// The datum is a jsonb that lives as long as what the caller bounds the result by.
    pub(super) unsafe fn of(datum: pg_sys::Datum) -> Self {
        // SAFETY: the caller's promise; detoasting copies the value if need be.
        let value = unsafe { pg_sys::pg_detoast_datum(datum.cast_mut_ptr()).cast() };
        Self(Jsonb(value), PhantomData)
    }

    /// As [`Jsonb::text`].
    pub(crate) fn text(&self) -> &str {
        self.0.text()
    }

    /// As [`Jsonb::schema`].
    pub(crate) fn schema(&self) -> flowai_core::Result<Rc<Schema>> {
        self.0.schema()
    }
}

impl FromDatum for Jsonb {
    unsafe fn from_polymorphic_datum(
        datum: pg_sys::Datum,
        is_null: bool,
        _: pg_sys::Oid,
    ) -> Option<Self> {
        // SAFETY: the caller's datum is a jsonb; detoasting copies it if need be.
        (!is_null).then(|| unsafe { Self(pg_sys::pg_detoast_datum(datum.cast_mut_ptr()).cast()) })
    }
}

impl IntoDatum for Jsonb {
    fn into_datum(self) -> Option<pg_sys::Datum> {
        Some(pg_sys::Datum::from(self.0))
    }

    fn type_oid() -> pg_sys::Oid {
        pg_sys::JSONBOID
    }
}

// SAFETY: the argument is declared jsonb below, so its datum is one.
unsafe impl<'fcx> ArgAbi<'fcx> for Jsonb {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Self {
        // SAFETY: see above.
        unsafe { arg.unbox_arg_using_from_datum() }
            .unwrap_or_else(|| pgrx::error!("a jsonb argument is null where none may be"))
    }
}

// SAFETY: returns the datum that it is.
unsafe impl BoxRet for Jsonb {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> pgrx::datum::Datum<'fcx> {
        // SAFETY: see above.
        unsafe { fcinfo.return_raw_datum(pg_sys::Datum::from(self.0)) }
    }
}

pgrx::impl_sql_translatable!(Jsonb, "jsonb");

/// A jsonb value of a stored row on its way out: neither read nor decompressed here.
#[derive(Clone, Copy)]
pub(crate) struct Stored(pub(super) pg_sys::Datum);

impl IntoDatum for Stored {
    fn into_datum(self) -> Option<pg_sys::Datum> {
        Some(self.0)
    }

    fn type_oid() -> pg_sys::Oid {
        pg_sys::JSONBOID
    }
}

// SAFETY: returns the datum that it is.
unsafe impl BoxRet for Stored {
    unsafe fn box_into<'fcx>(self, fcinfo: &mut FcInfo<'fcx>) -> pgrx::datum::Datum<'fcx> {
        // SAFETY: see above.
        unsafe { fcinfo.return_raw_datum(self.0) }
    }
}

pgrx::impl_sql_translatable!(Stored, "jsonb");
