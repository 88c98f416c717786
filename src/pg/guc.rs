//! The settings, each documented in `pg_settings`.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::null_mut;
use std::rc::Rc;
use std::time::Duration;

use flowai_core::name;
use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, pg_guard, pg_sys};

use super::tenant;

/// Where the server keeps a string setting's value.
struct Text(std::cell::UnsafeCell<*mut c_char>);

// SAFETY: a backend has one thread.
unsafe impl Sync for Text {}

impl Text {
    const fn new() -> Self {
        Self(std::cell::UnsafeCell::new(null_mut()))
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: the server sets the pointer to NULL or to a NUL-terminated string that lives until
        // the next assignment; no assignment can happen while the caller holds the borrow.
        unsafe {
            let value = *self.0.get();
            if value.is_null() { b"" } else { CStr::from_ptr(value).to_bytes() }
        }
    }
}

/// The workspace where none is selected.
const DEFAULT_WORKSPACE: &CStr = c"default";

static TENANT: Text = Text::new();
static WORKSPACE: Text = Text::new();

static KV_MAX_VALUE_BYTES: GucSetting<i32> = GucSetting::<i32>::new(16 * 1024);
static MAINTENANCE_DATABASE: GucSetting<Option<CString>> =
    GucSetting::<Option<CString>>::new(Some(c""));
static MAINTENANCE_INTERVAL: GucSetting<i32> = GucSetting::<i32>::new(60);
static PLAN_MAX_ATTEMPTS: GucSetting<i32> = GucSetting::<i32>::new(20);
static SEARCH_CACHE_MB: GucSetting<i32> = GucSetting::<i32>::new(64);
static SEARCH_DELTA_ROWS: GucSetting<i32> = GucSetting::<i32>::new(4096);
static SEARCH_DISK_CACHE_MB: GucSetting<i32> = GucSetting::<i32>::new(1024);
static SEARCH_FLUSH_ROWS: GucSetting<i32> = GucSetting::<i32>::new(256);
static QUERY_MAX_ROWS: GucSetting<i32> = GucSetting::<i32>::new(10_000);
static QUERY_MAX_BYTES: GucSetting<i32> = GucSetting::<i32>::new(8 * 1024);
static QUERY_MAX_CELL_BYTES: GucSetting<i32> = GucSetting::<i32>::new(1024);
static QUERY_MAX_MEMORY: GucSetting<i32> = GucSetting::<i32>::new(2 * 1024 * 1024);
static QUERY_MAX_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(60_000);
static SQLITE_DIRECTORIES: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Layers of the read-only guard that a test leaves out, to see that the others hold. Not in a release.
#[cfg(debug_assertions)]
static QUERY_LAYERS_OFF: GucSetting<i32> = GucSetting::<i32>::new(0);

/// The layers of the read-only guard, as bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    Structure = 1,
    Meaning = 2,
    ReadOnly = 4,
    Gates = 8,
}

/// Whether a layer stands: always, but in a test build.
pub(crate) fn stands(layer: Layer) -> bool {
    #[cfg(debug_assertions)]
    let off = QUERY_LAYERS_OFF.get();
    #[cfg(not(debug_assertions))]
    let off = 0;
    off & layer as i32 == 0
}

thread_local! {
    /// The selector as text, made once per change rather than once per row.
    static SELECTOR: RefCell<Option<Rc<str>>> = const { RefCell::new(None) };
}

/// `flowai.tenant`, trimmed of nothing: its check hook let it through. Blank means unset.
pub(crate) fn tenant_selector() -> Rc<str> {
    SELECTOR.with_borrow_mut(|cached| {
        cached
            .get_or_insert_with(|| Rc::from(String::from_utf8_lossy(TENANT.bytes()).as_ref()))
            .clone()
    })
}

/// Whether the selector still is this one, without making a string.
pub(crate) fn tenant_selector_is(selector: &str) -> bool {
    TENANT.bytes() == selector.as_bytes()
}

/// `flowai.workspace`; blank, as SET LOCAL leaves it, means the default one.
pub(crate) fn workspace() -> String {
    let value = WORKSPACE.bytes();
    let value = if value.is_empty() { DEFAULT_WORKSPACE.to_bytes() } else { value };
    String::from_utf8_lossy(value).into_owned()
}

/// Most bytes that a key/value entry's value may have.
pub(crate) fn kv_max_value_bytes() -> usize {
    KV_MAX_VALUE_BYTES.get() as usize * 1024
}

/// The database that a background worker maintains, if any.
pub(crate) fn maintenance_database() -> Option<CString> {
    MAINTENANCE_DATABASE.get().filter(|name| !name.is_empty())
}

/// Time from one round of maintenance to the next.
pub(crate) fn maintenance_interval() -> Duration {
    Duration::from_secs(MAINTENANCE_INTERVAL.get() as u64)
}

/// The highest value of `flowai.plan_max_attempts`.
pub(crate) const PLAN_MOST_ATTEMPTS: i32 = 1_000_000;

/// Claims of a plan after which a lease that is over fails it; 0 means that there is no bound.
pub(crate) fn plan_max_attempts() -> i32 {
    PLAN_MAX_ATTEMPTS.get()
}

/// Bytes that the backend's cache of opened search segments may hold.
pub(crate) fn search_cache_bytes() -> usize {
    SEARCH_CACHE_MB.get() as usize * 1024 * 1024
}

/// Delta rows of a scope from which on a writer waits for its turn to make them a segment.
pub(crate) fn search_delta_rows() -> usize {
    SEARCH_DELTA_ROWS.get() as usize
}

/// Bytes that the node's files of search segments may have together; 0 means that there are none.
pub(crate) fn search_disk_cache_bytes() -> u64 {
    SEARCH_DISK_CACHE_MB.get() as u64 * 1024 * 1024
}

/// Delta rows of a scope from which on a writer makes them a segment.
pub(crate) fn search_flush_rows() -> usize {
    SEARCH_FLUSH_ROWS.get() as usize
}

/// Most rows that a query may return.
pub(crate) fn query_max_rows() -> usize {
    QUERY_MAX_ROWS.get() as usize
}

/// Most bytes that a query's result may have.
pub(crate) fn query_max_bytes() -> usize {
    QUERY_MAX_BYTES.get() as usize * 1024
}

/// Most bytes that one value of a query's result may have.
pub(crate) fn query_max_cell_bytes() -> usize {
    QUERY_MAX_CELL_BYTES.get() as usize * 1024
}

/// Most memory that a query may add to its session's, in kB.
pub(crate) fn query_max_memory_kb() -> u64 {
    QUERY_MAX_MEMORY.get() as u64
}

/// Longest time that a query may be given, in milliseconds.
pub(crate) fn query_max_timeout_ms() -> u64 {
    QUERY_MAX_TIMEOUT.get() as u64
}

/// The directories that SQLite files may be in, as the superuser wrote them.
pub(crate) fn sqlite_directories() -> String {
    SQLITE_DIRECTORIES.get().map(|d| d.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Sets `flowai.tenant` and `flowai.workspace` until the transaction ends, as SET LOCAL does.
pub(crate) fn set_local(setting: &CStr, value: &str) -> flowai_core::Result<()> {
    let value = CString::new(value).map_err(|_| {
        flowai_core::Error::invalid("identifier_text", "a NUL cannot be part of an id")
    })?;
    // SAFETY: name and value live across the call; errors come back as errors.
    unsafe {
        pg_sys::set_config_option(
            setting.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_LOCAL,
            true,
            0,
            false,
        );
    }
    Ok(())
}

/// Defines the settings and reserves their prefix. Called once, when the library is loaded.
pub(crate) fn init() {
    // pgrx's registry knows no hooks for strings.
    // SAFETY: the texts are static; the hooks match their types.
    unsafe {
        pg_sys::DefineCustomStringVariable(
            c"flowai.tenant".as_ptr(),
            c"Selects the tenant to work for, among those that the role is a member of.".as_ptr(),
            c"It gives no right: a tenant that the role is not a member of is an error when it is used. Blank means the role's only tenant. One transaction works for one tenant.".as_ptr(),
            TENANT.0.get(),
            c"".as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            0,
            Some(check_id),
            Some(assign_tenant),
            None,
        );
        pg_sys::DefineCustomStringVariable(
            c"flowai.workspace".as_ptr(),
            c"Selects the catalog workspace inside the tenant.".as_ptr(),
            c"A scope, not a boundary of rights: every member of the tenant may select every workspace. Blank means \"default\".".as_ptr(),
            WORKSPACE.0.get(),
            DEFAULT_WORKSPACE.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            0,
            Some(check_id),
            None,
            None,
        );
    }
    let integer = |name: &'static CStr, short, long, setting, min, max, context, flags| {
        GucRegistry::define_int_guc(name, short, long, setting, min, max, context, flags);
    };
    GucRegistry::define_string_guc(
        c"flowai.maintenance_database",
        c"Database in which a background worker flushes and merges search segments of all tenants.",
        c"Blank means that there is no worker: writers do the same when they cross a threshold. It needs flowai_runtime in shared_preload_libraries, and a restart of the server to change.",
        &MAINTENANCE_DATABASE,
        // The server accepts settings of its start only while it starts. Loaded later, the library has
        // no worker, but shows the setting all the same.
        // SAFETY: a plain read.
        if unsafe { pg_sys::process_shared_preload_libraries_in_progress } {
            GucContext::Postmaster
        } else {
            GucContext::Sighup
        },
        GucFlags::default(),
    );
    integer(
        c"flowai.maintenance_interval",
        c"Time from one round of the background worker to the next.",
        c"See flowai.maintenance_database.",
        &MAINTENANCE_INTERVAL,
        1,
        24 * 60 * 60,
        GucContext::Sighup,
        GucFlags::UNIT_S,
    );
    integer(
        c"flowai.kv_max_value_bytes",
        c"Most bytes that the value of a key/value entry may have.",
        c"As the database stores it before compression. Larger payloads belong into references.",
        &KV_MAX_VALUE_BYTES,
        1,
        256 * 1024,
        GucContext::Suset,
        GucFlags::UNIT_KB,
    );
    #[cfg(debug_assertions)]
    integer(
        c"flowai.query_layers_off",
        c"Layers of the read-only guard that a test leaves out: 1 structure, 2 meaning, 4 read-only, 8 gates.",
        c"Exists in test builds only.",
        &QUERY_LAYERS_OFF,
        0,
        15,
        GucContext::Suset,
        GucFlags::default(),
    );
    integer(
        c"flowai.query_max_bytes",
        c"Most bytes that the result of a read-only query may have.",
        c"A query that returns more ends with an error. A superuser sets it; the hard maximum is 1 GB.",
        &QUERY_MAX_BYTES,
        1,
        1024 * 1024,
        GucContext::Suset,
        GucFlags::UNIT_KB,
    );
    integer(
        c"flowai.query_max_cell_bytes",
        c"Most bytes that one value in the result of a read-only query may have.",
        c"A query that returns a larger value ends with an error.",
        &QUERY_MAX_CELL_BYTES,
        1,
        1024 * 1024,
        GucContext::Suset,
        GucFlags::UNIT_KB,
    );
    integer(
        c"flowai.query_max_memory",
        c"Most memory that a read-only query may add to its session.",
        c"Memory of its process alone, looked at twenty times a second; a query that needs more ends with an error. On Linux only.",
        &QUERY_MAX_MEMORY,
        64 * 1024,
        i32::MAX,
        GucContext::Suset,
        GucFlags::UNIT_KB,
    );
    integer(
        c"flowai.query_max_rows",
        c"Most rows that a read-only query may return.",
        c"The bound of the argument max_rows.",
        &QUERY_MAX_ROWS,
        1,
        1_000_000,
        GucContext::Suset,
        GucFlags::default(),
    );
    integer(
        c"flowai.query_max_timeout",
        c"Longest time that a read-only query may be given.",
        c"The bound of the argument timeout.",
        &QUERY_MAX_TIMEOUT,
        1,
        24 * 60 * 60 * 1000,
        GucContext::Suset,
        GucFlags::UNIT_MS,
    );
    integer(
        c"flowai.search_cache_mb",
        c"Memory that one backend may use to keep search segments open.",
        c"Least recently used segments are closed first.",
        &SEARCH_CACHE_MB,
        1,
        64 * 1024,
        GucContext::Userset,
        GucFlags::UNIT_MB,
    );
    integer(
        c"flowai.search_delta_rows",
        c"New rows of a workspace from which on a writer waits for its turn to index them.",
        c"So many gather only if another transaction has the index in hand for long. A write then waits for at most half a second, and goes on in any case.",
        &SEARCH_DELTA_ROWS,
        1,
        1_000_000,
        GucContext::Userset,
        GucFlags::default(),
    );
    integer(
        c"flowai.search_disk_cache_mb",
        c"Disk space of this node for files of search segments, which new sessions open faster than rows.",
        c"They are in pgsql_tmp_flowai_runtime inside the data directory, are no part of backups, and may be deleted at any time. Least recently used files go first. A superuser sets it; 0 means that none are written or read.",
        &SEARCH_DISK_CACHE_MB,
        0,
        1024 * 1024,
        GucContext::Suset,
        GucFlags::UNIT_MB,
    );
    integer(
        c"flowai.plan_max_attempts",
        c"Claims of a plan after which it has failed once its lease is over.",
        c"Until then it goes back to approved. 0 means that it always does. The argument max_attempts of plan_reap overrides it.",
        &PLAN_MAX_ATTEMPTS,
        0,
        PLAN_MOST_ATTEMPTS,
        GucContext::Userset,
        GucFlags::default(),
    );
    integer(
        c"flowai.search_flush_rows",
        c"New rows of a workspace from which on a writer makes them a search segment.",
        c"Fewer are indexed in memory by each backend that searches them. A write of more rows at once makes its segment directly.",
        &SEARCH_FLUSH_ROWS,
        1,
        100_000,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"flowai.sqlite_directories",
        c"Directories whose SQLite files may be registered as targets of read-only queries.",
        c"Absolute paths, commas between them; what is below them counts too. Only trusted users should be able to write there. Empty: none.",
        &SQLITE_DIRECTORIES,
        GucContext::Suset,
        GucFlags::SUPERUSER_ONLY,
    );
    // SAFETY: later settings under this prefix are refused, earlier unknown ones removed.
    unsafe { pg_sys::MarkGUCPrefixReserved(c"flowai".as_ptr()) };
}

/// Looks at syntax only: it also runs outside transactions, where no right can be looked up.
#[pg_guard]
unsafe extern "C-unwind" fn check_id(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: the server passes a valid pointer to a string or NULL.
    let text = unsafe {
        if (*value).is_null() {
            return true;
        }
        CStr::from_ptr(*value).to_bytes()
    };
    // The statement of a restricted operation (a read-only query of ours) must not choose a tenant.
    // SAFETY: a plain read of a backend variable.
    if source == pg_sys::GucSource::PGC_S_SESSION
        && unsafe { pg_sys::InSecurityRestrictedOperation() }
    {
        refuse(
            pgrx::PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            "It cannot be changed within a security-restricted operation.",
        );
        return false;
    }
    if text.is_empty() {
        return true;
    }
    match std::str::from_utf8(text).ok().map(name::check) {
        Some(Ok(())) => true,
        Some(Err(error)) => {
            refuse(
                pgrx::PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
                error.detail.as_deref().unwrap_or(&error.message),
            );
            false
        }
        None => {
            refuse(pgrx::PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, "It is not valid UTF-8.");
            false
        }
    }
}

fn refuse(code: pgrx::PgSqlErrorCode, detail: &str) {
    let Ok(detail) = CString::new(detail) else { return };
    // SAFETY: what the server's GUC_check_errcode and GUC_check_errdetail macros do.
    unsafe {
        pg_sys::GUC_check_errcode(code as i32);
        pg_sys::GUC_check_errdetail_string = pg_sys::pstrdup(detail.as_ptr());
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn assign_tenant(value: *const c_char, _extra: *mut c_void) {
    // SAFETY: the server passes a valid string or NULL.
    let selector = if value.is_null() {
        "".into()
    } else {
        unsafe { CStr::from_ptr(value) }.to_string_lossy()
    };
    SELECTOR.set(None);
    tenant::selector_changes(&selector);
}
