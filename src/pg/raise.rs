//! A core error becomes a PostgreSQL error. The only place that knows SQLSTATEs.

use flowai_core::{Error, Kind};
use pgrx::{PgSqlErrorCode, pg_sys};

/// The SQLSTATE of a kind: standard codes, because drivers already map them to exception classes.
pub(crate) fn sqlstate(kind: Kind) -> PgSqlErrorCode {
    use PgSqlErrorCode::*;
    match kind {
        Kind::InvalidInput => ERRCODE_INVALID_PARAMETER_VALUE,
        Kind::MissingInput => ERRCODE_NULL_VALUE_NOT_ALLOWED,
        Kind::NotFound => ERRCODE_NO_DATA_FOUND,
        Kind::AlreadyExists => ERRCODE_UNIQUE_VIOLATION,
        Kind::Stale => ERRCODE_T_R_SERIALIZATION_FAILURE,
        Kind::WrongState => ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        Kind::Forbidden => ERRCODE_INSUFFICIENT_PRIVILEGE,
        Kind::TenantChanged => ERRCODE_ACTIVE_SQL_TRANSACTION,
        Kind::ReadOnly => ERRCODE_READ_ONLY_SQL_TRANSACTION,
        Kind::Unsupported => ERRCODE_FEATURE_NOT_SUPPORTED,
        Kind::Ambiguous => ERRCODE_CARDINALITY_VIOLATION,
        Kind::TooLarge => ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        Kind::Corrupt => ERRCODE_DATA_CORRUPTED,
        Kind::Internal => ERRCODE_INTERNAL_ERROR,
    }
}

/// Raises the error. The rule travels as the constraint name: drivers expose it, PL/pgSQL reads it
/// with GET STACKED DIAGNOSTICS.
///
/// An `ErrorData` is thrown rather than an `ErrorReport` returned, because only the former has a
/// constraint name.
pub(crate) fn raise(error: Error) -> ! {
    {
        let text = |s: &str| -> *mut std::ffi::c_char {
            // A NUL cannot come from `text`; it would only end the message early.
            let clean = s.replace('\0', "");
            let Ok(c) = std::ffi::CString::new(clean) else { return std::ptr::null_mut() };
            // SAFETY: copies into the current memory context, which outlives the throw below.
            unsafe { pg_sys::pstrdup(c.as_ptr()) }
        };
        let optional = |s: &Option<String>| s.as_deref().map_or(std::ptr::null_mut(), text);
        let mut data = pg_sys::ErrorData {
            elevel: pgrx::PgLogLevel::ERROR as i32,
            output_to_server: true,
            output_to_client: true,
            filename: c"".as_ptr(),
            funcname: c"".as_ptr(),
            sqlerrcode: sqlstate(error.kind) as i32,
            message: text(&error.message),
            detail: optional(&error.detail),
            hint: optional(&error.hint),
            constraint_name: text(error.rule),
            // SAFETY: a plain read of the backend's current context.
            assoc_context: unsafe { pg_sys::CurrentMemoryContext },
            ..Default::default()
        };
        drop(error);
        // SAFETY: the struct is fully initialised; the server copies what it keeps. pgrx turns the
        // longjmp into an unwind, so destructors of our callers run.
        unsafe { pg_sys::ThrowErrorData(&mut data) };
    }
    unreachable!("ThrowErrorData returned from an ERROR")
}

/// How the SQL floor leaves Rust's error world.
pub(crate) trait OrRaise<T> {
    /// The value, or the PostgreSQL error.
    fn or_raise(self) -> T;
}

impl<T> OrRaise<T> for flowai_core::Result<T> {
    fn or_raise(self) -> T {
        match self {
            Ok(value) => value,
            Err(error) => raise(error),
        }
    }
}
