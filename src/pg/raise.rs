//! A core error becomes a PostgreSQL error. The only place that knows SQLSTATEs.

use flowai_core::query::Refusal;
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

/// The SQLSTATE of a kind as programs read it.
pub(crate) fn code_of(kind: Kind) -> String {
    sqlstate_text(sqlstate(kind) as i32)
}

/// Raises the error. The rule travels as the constraint name: drivers expose it, PL/pgSQL reads it
/// with GET STACKED DIAGNOSTICS.
///
/// An `ErrorData` is thrown rather than an `ErrorReport` returned, because only the former has a
/// constraint name.
pub(crate) fn raise(error: Error) -> ! {
    let data = pg_sys::ErrorData {
        sqlerrcode: sqlstate(error.kind) as i32,
        message: text(&error.message),
        detail: optional(error.detail.as_deref()),
        hint: optional(error.hint.as_deref()),
        constraint_name: text(error.rule),
        ..Default::default()
    };
    drop(error);
    throw(data)
}

/// Raises what is wrong with a statement that somebody else wrote, pointing into its text. The rule is
/// `query_` and the code of the refusal.
pub(crate) fn raise_refusal(refusal: Refusal, sql: &str) -> ! {
    let code = refusal.sqlstate.as_deref().map_or(sqlstate(Kind::ReadOnly) as i32, packed);
    let data = pg_sys::ErrorData {
        sqlerrcode: code,
        message: text(&refusal.message),
        hint: optional(refusal.hint.as_deref()),
        constraint_name: text(&format!("query_{}", refusal.code.name())),
        internalquery: refusal.position.map_or(std::ptr::null_mut(), |_| text(sql)),
        internalpos: refusal.position.and_then(|p| i32::try_from(p).ok()).unwrap_or(0),
        ..Default::default()
    };
    drop(refusal);
    throw(data)
}

/// The five characters of an error code: six bits each.
pub(crate) fn sqlstate_text(code: i32) -> String {
    (0..5).map(|place| char::from(((code >> (6 * place)) & 0x3F) as u8 + b'0')).collect()
}

/// An error code as the server keeps it: five characters of six bits.
fn packed(sqlstate: &str) -> i32 {
    let six_bits =
        |(place, byte): (usize, u8)| (i32::from(byte.wrapping_sub(b'0')) & 0x3F) << (6 * place);
    sqlstate.bytes().take(5).enumerate().map(six_bits).sum()
}

fn text(text: &str) -> *mut std::ffi::c_char {
    // A NUL cannot come from `text`; it would only end the message early.
    let clean = text.replace('\0', "");
    let Ok(text) = std::ffi::CString::new(clean) else { return std::ptr::null_mut() };
    // SAFETY: copies into the current memory context, which outlives the throw.
    unsafe { pg_sys::pstrdup(text.as_ptr()) }
}

fn optional(value: Option<&str>) -> *mut std::ffi::c_char {
    value.map_or(std::ptr::null_mut(), text)
}

fn throw(data: pg_sys::ErrorData) -> ! {
    let mut data = pg_sys::ErrorData {
        elevel: pgrx::PgLogLevel::ERROR as i32,
        output_to_server: true,
        output_to_client: true,
        filename: c"".as_ptr(),
        funcname: c"".as_ptr(),
        // SAFETY: a plain read of the backend's current context.
        assoc_context: unsafe { pg_sys::CurrentMemoryContext },
        ..data
    };
    // SAFETY: the struct is fully initialised; the server copies what it keeps. pgrx turns the longjmp
    // into an unwind, so destructors of our callers run.
    unsafe { pg_sys::ThrowErrorData(&mut data) };
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
