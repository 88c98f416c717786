//! libpq, as the headers of version 15 declare it. None of its calls calls the server back.
//!
//! It is loaded when a session first goes to another server: with everything that it needs itself, it takes
//! longer to load than this extension, and hardly a session needs it.

#![allow(
    non_snake_case,
    clippy::too_many_arguments,
    reason = "libpq names and calls its functions so"
)]

use std::ffi::{c_char, c_int, c_void};
use std::path::Path;
use std::sync::OnceLock;

use libloading::Library;

#[repr(C)]
pub(super) struct Connection {
    _private: [u8; 0],
}

#[repr(C)]
pub(super) struct Reply {
    _private: [u8; 0],
}

pub(super) type NoticeReceiver = unsafe extern "C" fn(*mut c_void, *const Reply);

pub(super) const CONNECTION_BAD: c_int = 1;
pub(super) const POLLING_FAILED: c_int = 0;
pub(super) const POLLING_READING: c_int = 1;
pub(super) const POLLING_OK: c_int = 3;
pub(super) const COMMAND_OK: c_int = 1;
pub(super) const TUPLES_OK: c_int = 2;
pub(super) const SINGLE_TUPLE: c_int = 9;
/// Severity and SQLSTATE, and nothing that names a host, a user or a database.
pub(super) const ERRORS_SQLSTATE: c_int = 3;
pub(super) const DIAG_SQLSTATE: c_int = b'C' as c_int;
pub(super) const DIAG_MESSAGE: c_int = b'M' as c_int;
pub(super) const DIAG_HINT: c_int = b'H' as c_int;
pub(super) const DIAG_POSITION: c_int = b'P' as c_int;

/// What the linker looks for in the library directories of the system.
const FILE: &str = if cfg!(target_os = "macos") { "libpq.5.dylib" } else { "libpq.so.5" };

/// The functions, and the library that they are in.
static LIBPQ: OnceLock<Option<Functions>> = OnceLock::new();

/// Loads libpq, the server's own if its installation has one. Tells whether there is any; nothing else
/// here may be called before.
pub(super) fn load() -> bool {
    LIBPQ.get_or_init(|| open().and_then(Functions::find)).is_some()
}

fn open() -> Option<Library> {
    let of_server = Path::new(env!("SERVER_LIBDIR")).join(FILE);
    // SAFETY: libpq runs nothing when it is loaded.
    unsafe { Library::new(of_server).or_else(|_| Library::new(FILE)).ok() }
}

macro_rules! functions {
    ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $answer:ty)?;)*) => {
        struct Functions {
            $($name: unsafe extern "C" fn($($type),*) $(-> $answer)?,)*
            _library: Library,
        }

        impl Functions {
            fn find(library: Library) -> Option<Self> {
                // SAFETY: the types are those of the headers, and the library stays loaded with them.
                unsafe {
                    Some(Self {
                        $($name: *library.get(stringify!($name).as_bytes()).ok()?,)*
                        _library: library,
                    })
                }
            }
        }

        $(
            #[inline]
            pub(super) unsafe fn $name($($argument: $type),*) $(-> $answer)? {
                let Some(Some(libpq)) = LIBPQ.get() else {
                    unreachable!("libpq is loaded before a session is opened")
                };
                // SAFETY: up to the caller, as for the function itself.
                unsafe { (libpq.$name)($($argument),*) }
            }
        )*
    };
}

functions! {
    fn PQconnectStartParams(
        keywords: *const *const c_char,
        values: *const *const c_char,
        expand_dbname: c_int,
    ) -> *mut Connection;
    fn PQconnectPoll(connection: *mut Connection) -> c_int;
    fn PQconnectionUsedPassword(connection: *const Connection) -> c_int;
    fn PQstatus(connection: *const Connection) -> c_int;
    fn PQsocket(connection: *const Connection) -> c_int;
    fn PQerrorMessage(connection: *const Connection) -> *const c_char;
    fn PQsetErrorVerbosity(connection: *mut Connection, verbosity: c_int) -> c_int;
    fn PQsetNoticeReceiver(
        connection: *mut Connection,
        receiver: Option<NoticeReceiver>,
        argument: *mut c_void,
    ) -> Option<NoticeReceiver>;
    fn PQsetnonblocking(connection: *mut Connection, nonblocking: c_int) -> c_int;
    fn PQfinish(connection: *mut Connection);
    fn PQsendQueryParams(
        connection: *mut Connection,
        command: *const c_char,
        count: c_int,
        types: *const u32,
        values: *const *const c_char,
        lengths: *const c_int,
        formats: *const c_int,
        result_format: c_int,
    ) -> c_int;
    fn PQsetSingleRowMode(connection: *mut Connection) -> c_int;
    fn PQflush(connection: *mut Connection) -> c_int;
    fn PQconsumeInput(connection: *mut Connection) -> c_int;
    fn PQisBusy(connection: *mut Connection) -> c_int;
    fn PQgetResult(connection: *mut Connection) -> *mut Reply;
    fn PQclear(reply: *mut Reply);
    fn PQresultStatus(reply: *const Reply) -> c_int;
    fn PQresultErrorField(reply: *const Reply, field: c_int) -> *const c_char;
    fn PQntuples(reply: *const Reply) -> c_int;
    fn PQnfields(reply: *const Reply) -> c_int;
    fn PQfname(reply: *const Reply, field: c_int) -> *const c_char;
    fn PQftype(reply: *const Reply, field: c_int) -> u32;
    fn PQgetisnull(reply: *const Reply, row: c_int, field: c_int) -> c_int;
    fn PQgetlength(reply: *const Reply, row: c_int, field: c_int) -> c_int;
    fn PQgetvalue(reply: *const Reply, row: c_int, field: c_int) -> *const c_char;
}
