//! Our own forms of built-in functions of SQLite that search one text for another naively. On two long
//! texts those run for hours, and SQLite looks at no cancel flag meanwhile. Results are the same.

use std::collections::HashSet;
use std::ffi::{CStr, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use memchr::memmem;
use rusqlite::{Connection, ffi};

type Function =
    unsafe extern "C" fn(*mut ffi::sqlite3_context, c_int, *mut *mut ffi::sqlite3_value);

/// Puts ours in the place of SQLite's.
pub(super) fn replace_slow_ones(database: &Connection) -> rusqlite::Result<()> {
    let functions: [(&CStr, c_int, Function); 6] = [
        (c"instr", 2, instr),
        (c"replace", 3, replace),
        (c"trim", 2, trim),
        (c"ltrim", 2, trim_left),
        (c"rtrim", 2, trim_right),
        (c"unhex", 2, refuse),
    ];
    let flags = ffi::SQLITE_UTF8 | ffi::SQLITE_DETERMINISTIC | ffi::SQLITE_INNOCUOUS;
    for (name, count, function) in functions {
        // SAFETY: an open database; names and functions are static.
        let code = unsafe {
            ffi::sqlite3_create_function_v2(
                database.handle(),
                name.as_ptr(),
                count,
                flags,
                null_mut(),
                Some(function),
                None,
                None,
                None,
            )
        };
        if code != ffi::SQLITE_OK {
            return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        }
    }
    Ok(())
}

/// One call: where the arguments are, and where the result goes.
struct Call {
    context: *mut ffi::sqlite3_context,
    arguments: *mut *mut ffi::sqlite3_value,
}

/// A copy of an argument, which may be turned into text without changing what SQLite keeps.
struct Value(*mut ffi::sqlite3_value);

impl Value {
    fn is_blob(&self) -> bool {
        // SAFETY: a value that we own.
        unsafe { ffi::sqlite3_value_type(self.0) == ffi::SQLITE_BLOB }
    }

    /// Its text, or its bytes if it is a blob. `None`: it is NULL, or memory is short.
    fn text(&self) -> Option<&[u8]> {
        // SAFETY: as above; the bytes live until the value is changed or freed.
        unsafe {
            if self.0.is_null() || ffi::sqlite3_value_type(self.0) == ffi::SQLITE_NULL {
                return None;
            }
            let text = ffi::sqlite3_value_text(self.0);
            if text.is_null() {
                return None;
            }
            let length = usize::try_from(ffi::sqlite3_value_bytes(self.0)).unwrap_or(0);
            Some(std::slice::from_raw_parts(text, length))
        }
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        // SAFETY: made by sqlite3_value_dup; takes NULL.
        unsafe { ffi::sqlite3_value_free(self.0) };
    }
}

impl Call {
    fn argument(&self, number: usize) -> Value {
        // SAFETY: SQLite passes as many arguments as the function was declared with.
        Value(unsafe { ffi::sqlite3_value_dup(*self.arguments.add(number)) })
    }

    fn number(&self, number: usize) {
        // SAFETY: the context of a call under way.
        unsafe { ffi::sqlite3_result_int64(self.context, number as i64) };
    }

    fn text(&self, text: &[u8]) {
        // SAFETY: as above; SQLite copies the text, and refuses one that is too long.
        unsafe {
            ffi::sqlite3_result_text64(
                self.context,
                text.as_ptr().cast(),
                text.len() as u64,
                ffi::SQLITE_TRANSIENT(),
                ffi::SQLITE_UTF8 as u8,
            );
        }
    }

    /// Longest text that SQLite takes here.
    fn longest(&self) -> usize {
        // SAFETY: as above; -1 asks without changing.
        unsafe {
            let database = ffi::sqlite3_context_db_handle(self.context);
            let most = ffi::sqlite3_limit(database, ffi::SQLITE_LIMIT_LENGTH, -1);
            usize::try_from(most).unwrap_or(0)
        }
    }

    fn too_big(&self) {
        // SAFETY: as above.
        unsafe { ffi::sqlite3_result_error_toobig(self.context) };
    }

    fn error(&self, message: &CStr) {
        // SAFETY: as above; the message is copied.
        unsafe { ffi::sqlite3_result_error(self.context, message.as_ptr(), -1) };
    }
}

/// No panic crosses SQLite.
fn call(
    context: *mut ffi::sqlite3_context,
    arguments: *mut *mut ffi::sqlite3_value,
    work: impl FnOnce(&Call),
) {
    let call = Call { context, arguments };
    if catch_unwind(AssertUnwindSafe(|| work(&call))).is_err() {
        call.error(c"internal error");
    }
}

unsafe extern "C" fn instr(
    context: *mut ffi::sqlite3_context,
    _count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    call(context, arguments, |call| {
        let (haystack, needle) = (call.argument(0), call.argument(1));
        let blobs = haystack.is_blob() && needle.is_blob();
        let (Some(haystack), Some(needle)) = (haystack.text(), needle.text()) else { return };
        let position = memmem::find(haystack, needle).map_or(0, |at| {
            let is_character = |byte: &&u8| blobs || **byte & 0xC0 != 0x80;
            haystack[..at].iter().filter(is_character).count() + 1
        });
        call.number(position);
    });
}

unsafe extern "C" fn replace(
    context: *mut ffi::sqlite3_context,
    _count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    call(context, arguments, |call| {
        let (text, old, new) = (call.argument(0), call.argument(1), call.argument(2));
        let (Some(text), Some(old)) = (text.text(), old.text()) else { return };
        if old.is_empty() {
            return call.text(text);
        }
        let Some(new) = new.text() else { return };
        let most = call.longest();
        let mut out = Vec::with_capacity(text.len());
        let mut rest = 0;
        for at in memmem::find_iter(text, old) {
            out.extend_from_slice(&text[rest..at]);
            out.extend_from_slice(new);
            rest = at + old.len();
            if out.len() > most {
                return call.too_big();
            }
        }
        out.extend_from_slice(&text[rest..]);
        call.text(&out);
    });
}

unsafe extern "C" fn trim(
    context: *mut ffi::sqlite3_context,
    _count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    call(context, arguments, |call| trimmed(call, true, true));
}

unsafe extern "C" fn trim_left(
    context: *mut ffi::sqlite3_context,
    _count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    call(context, arguments, |call| trimmed(call, true, false));
}

unsafe extern "C" fn trim_right(
    context: *mut ffi::sqlite3_context,
    _count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    call(context, arguments, |call| trimmed(call, false, true));
}

fn trimmed(call: &Call, left: bool, right: bool) {
    let (text, characters) = (call.argument(0), call.argument(1));
    let (Some(mut text), Some(mut characters)) = (text.text(), characters.text()) else { return };
    let mut set = HashSet::new();
    while !matches!(characters.first(), None | Some(0)) {
        let (first, rest) = characters.split_at(width(characters));
        set.insert(first);
        characters = rest;
    }
    while left && !text.is_empty() && set.contains(&text[..width(text)]) {
        text = &text[width(text)..];
    }
    while right && !text.is_empty() {
        let start = text.iter().rposition(|byte| byte & 0xC0 != 0x80).unwrap_or(0);
        if !set.contains(&text[start..]) {
            break;
        }
        text = &text[..start];
    }
    call.text(text);
}

/// Bytes of the first character.
fn width(text: &[u8]) -> usize {
    match text.first() {
        Some(0xC0..) => 1 + text[1..].iter().take_while(|byte| **byte & 0xC0 == 0x80).count(),
        _ => 1,
    }
}

/// unhex with characters to be skipped: rarely used, and slow in the same way.
unsafe extern "C" fn refuse(
    context: *mut ffi::sqlite3_context,
    _count: c_int,
    arguments: *mut *mut ffi::sqlite3_value,
) {
    call(context, arguments, |call| call.error(c"unhex with two arguments is not allowed"));
}
