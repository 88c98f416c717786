//! A SQLite file, read by SQLite itself and never written.
//!
//! SQLite runs in the backend's one thread. Opened read-only, without a word that could change that: an
//! authorizer lets it read, select, recurse and call functions of a list; the file's own schema is not
//! trusted; nothing is attached, loaded, mapped or written beside the file. A progress handler looks at the
//! backend's cancel flag, so that a cancel request and our timer end it. SQLite never sees a PostgreSQL
//! error: it stops first, then the error is raised.

mod functions;

use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flowai_core::name;
use flowai_core::query::sheet::{self, Sheet};
use flowai_core::query::{Code, Limits, Refusal, character_at, place, sqlite, too_much};
use rusqlite::config::DbConfig;
use rusqlite::ffi;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::interrupt;

/// Memory that SQLite may use in one backend. Caches give way from the first on, statements fail at the
/// second.
const SOFT_HEAP: i64 = 64 * 1024 * 1024;
const HARD_HEAP: i64 = 256 * 1024 * 1024;

/// Longest text, blob or row, in bytes.
const LENGTH: i32 = 8 * 1024 * 1024;

/// What one statement may be. SQLite's own bounds are made for programs that trust their SQL. A LIKE takes
/// time by the length of text times pattern, without looking at the cancel flag.
const LIMITS: &[(Limit, i32)] = &[
    (Limit::SQLITE_LIMIT_LENGTH, LENGTH),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, flowai_core::query::MAX_SQL_BYTES as i32),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 200),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 100),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100),
    // Full-text search runs statements of its own, with parameters.
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 20),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 0),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

/// Steps of SQLite's machine between two looks at the cancel flag: some tens of microseconds.
const STEPS: i32 = 1000;

// -------------------------------------------------------------------------------------- file

/// A regular file in one of the directories, without a symbolic link at its end.
pub(crate) struct File {
    /// Where it is once all links to directories are followed.
    path: String,
    version: Version,
}

/// Why a file cannot be used. Nothing here says where it is: not everybody may know.
pub(crate) enum Unusable {
    /// It is in no directory of the setting.
    Outside,
    /// It is not there, or not what it should be.
    Bad(&'static str),
}

/// Looks at the file now: the path was checked as text when it was registered, and files move.
pub(crate) fn find(path: &str, directories: &str) -> Result<File, Unusable> {
    let directories = place::directories(directories);
    if !directories.iter().any(|directory| place::is_inside(path, directory)) {
        return Err(Unusable::Outside);
    }
    let link = fs::symlink_metadata(path).map_err(unreadable)?;
    if !link.file_type().is_file() {
        return Err(Unusable::Bad("is not a regular file"));
    }
    let real = fs::canonicalize(path).map_err(unreadable)?;
    let real = real.to_str().ok_or(Unusable::Bad("has a name that is not UTF-8"))?;
    let inside = directories.iter().filter_map(|directory| fs::canonicalize(directory).ok()).any(
        |directory| directory.to_str().is_some_and(|directory| place::is_inside(real, directory)),
    );
    if !inside {
        return Err(Unusable::Outside);
    }
    // SQLite would only say that it cannot open it.
    open_file(real).map_err(unreadable)?;
    Ok(File { path: real.to_owned(), version: version(&link) })
}

/// Opens what was a regular file a moment ago, and waits for nothing if it is something else now.
fn open_file(path: &str) -> std::io::Result<fs::File> {
    fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW).open(path)
}

fn unreadable(error: std::io::Error) -> Unusable {
    Unusable::Bad(match error.kind() {
        std::io::ErrorKind::NotFound => "does not exist",
        std::io::ErrorKind::PermissionDenied => "may not be read by the server's account",
        _ => "cannot be read",
    })
}

/// Times, size and number of a file.
type Version = (i64, i64, u64, u64);

/// What changes when a file does.
fn version(file: &fs::Metadata) -> Version {
    (file.mtime(), file.mtime_nsec(), file.size(), file.ino())
}

impl File {
    /// Whether the file is in WAL mode, and nobody has it open: then it is whole without its log, and
    /// SQLite could only read it after making files beside it.
    fn is_wal_at_rest(&self) -> bool {
        let mut header = [0; 20];
        let is_wal = open_file(&self.path)
            .and_then(|mut file| file.read_exact(&mut header))
            .is_ok_and(|()| header[18] == 2 || header[19] == 2);
        is_wal && self.log_is_empty()
    }

    fn log_is_empty(&self) -> bool {
        fs::symlink_metadata(format!("{}-wal", self.path)).map_or(true, |log| log.len() == 0)
    }

    /// Whether nobody wrote since [`find`] looked.
    fn is_unchanged(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|file| version(&file) == self.version)
            && self.log_is_empty()
    }
}

// --------------------------------------------------------------------------------- statement

/// Runs a statement that passed the structural check. The result as JSON text.
pub(crate) fn run(file: &File, sql: &str, limits: Limits) -> Result<Vec<u8>, Refusal> {
    let at_rest = file.is_wal_at_rest();
    let denied = Denied::default();
    let outcome = open(file, at_rest, &denied)
        .map_err(|error| refusal(error, sql, &denied))
        .and_then(|database| rows(&database, sql, limits, &denied));
    // SQLite is done: now its caller may raise what it stopped for.
    pgrx::check_for_interrupts!();
    if at_rest && !file.is_unchanged() {
        return Err(Refusal::new(Code::Target, "the file was changed while it was read", None)
            .hint("Try again."));
    }
    outcome
}

fn open(file: &File, at_rest: bool, denied: &Denied) -> rusqlite::Result<Connection> {
    // SAFETY: settings of this copy of SQLite, which nothing else in the process uses.
    unsafe {
        ffi::sqlite3_hard_heap_limit64(HARD_HEAP);
        ffi::sqlite3_soft_heap_limit64(SOFT_HEAP);
    }
    // Either nothing is made beside the file, or nothing beside it is looked at.
    let parameters = if at_rest { "immutable=1" } else { "readonly_shm=1" };
    let mut database = Connection::open_with_flags(
        place::uri(&file.path, parameters),
        OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_URI
            | OpenFlags::SQLITE_OPEN_NOFOLLOW
            | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE,
    )?;
    for (setting, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
        // A misspelt "column" is an error, not a text.
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    ] {
        database.set_db_config(setting, on)?;
    }
    for (limit, most) in LIMITS {
        database.set_limit(*limit, *most)?;
    }
    database.busy_handler(Some(wait))?;
    database.progress_handler(STEPS, Some(interrupt::pending))?;
    // A file that shrinks while it is mapped would kill the backend. What is damaged is found early.
    database.execute_batch(
        "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA query_only = ON;",
    )?;
    functions::replace_slow_ones(&database)?;
    let denied = denied.clone();
    database.authorizer(Some(move |context: AuthContext<'_>| denied.judge(&context.action)))?;
    Ok(database)
}

/// Waits for a writer of the file, until our own time is over.
fn wait(_count: i32) -> bool {
    std::thread::sleep(Duration::from_millis(2));
    !interrupt::pending()
}

fn rows(
    database: &Connection,
    sql: &str,
    limits: Limits,
    denied: &Denied,
) -> Result<Vec<u8>, Refusal> {
    let refuse = |error| refusal(error, sql, denied);
    let mut statement = database.prepare(sql).map_err(refuse)?;
    if !statement.readonly() || statement.is_explain() != 0 {
        return Err(Refusal::new(Code::NotSelect, "the statement is not a SELECT", None));
    }
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let columns = names.len();
    let mut sheet = Sheet::new(limits, names);
    let mut rows = statement.query([]).map_err(refuse)?;
    while let Some(row) = rows.next().map_err(refuse)? {
        if !sheet.begin() {
            break;
        }
        for column in 0..columns {
            value(&mut sheet, row.get_ref(column).map_err(refuse)?)?;
        }
        sheet.end()?;
    }
    Ok(sheet.finish())
}

/// Integers are exact; the infinities are strings; bytes are written as the server writes bytea.
fn value(sheet: &mut Sheet, value: ValueRef<'_>) -> Result<(), Refusal> {
    match value {
        ValueRef::Null => sheet.cell(4, |json| json.extend_from_slice(b"null")),
        ValueRef::Integer(number) => {
            sheet.cell(1, |json| json.extend_from_slice(number.to_string().as_bytes()))
        }
        ValueRef::Real(number) => sheet.cell(1, |json| sheet::float(json, number)),
        ValueRef::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            if bytes.contains(&0) || matches!(text, std::borrow::Cow::Owned(_)) {
                sheet.warn(format!(
                    "column \"{}\" has text with NUL or broken characters, shown as U+FFFD",
                    sheet.column()
                ));
            }
            sheet.cell(bytes.len(), |json| sheet::string(json, &text))
        }
        ValueRef::Blob(bytes) => {
            sheet.warn(format!(
                "column \"{}\" has binary values, shown as \\x and hexadecimal digits",
                sheet.column()
            ));
            sheet.cell(2 * bytes.len(), |json| sheet::bytes(json, bytes))
        }
    }
}

// -------------------------------------------------------------------------------- permission

/// What the authorizer refused first.
#[derive(Clone, Default)]
struct Denied(Arc<Mutex<Option<Refusal>>>);

impl Denied {
    fn take(&self) -> Option<Refusal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// SQLite asks while it prepares a statement, and again where the schema changed since.
    fn judge(&self, action: &AuthAction<'_>) -> Authorization {
        let (code, what) = match action {
            AuthAction::Select | AuthAction::Recursive => return Authorization::Allow,
            AuthAction::Read { table_name, .. } if sqlite::relation_allowed(table_name) => {
                return Authorization::Allow;
            }
            AuthAction::Function { function_name } if sqlite::function_allowed(function_name) => {
                return Authorization::Allow;
            }
            AuthAction::Pragma { pragma_name, .. } if sqlite::pragma_allowed(pragma_name) => {
                return Authorization::Allow;
            }
            AuthAction::Read { table_name, .. } => {
                (Code::Relation, format!("{} is not allowed", name::shorten(table_name)))
            }
            AuthAction::Function { function_name } => (
                Code::Function,
                format!("function {} is not allowed", name::shorten(function_name)),
            ),
            _ => (Code::NotSelect, "the statement does more than read".to_owned()),
        };
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The hint of our own rule names functions of PostgreSQL.
        first.get_or_insert_with(|| Refusal { hint: None, ..Refusal::new(code, what, None) });
        Authorization::Deny
    }
}

/// What SQLite's error means for whoever wrote the statement. Its own words name no file.
fn refusal(error: rusqlite::Error, sql: &str, denied: &Denied) -> Refusal {
    if let Some(refusal) = denied.take() {
        return refusal;
    }
    let (code, message, offset) = match error {
        rusqlite::Error::SqlInputError { error, msg, offset, .. } => {
            (error.extended_code, msg, usize::try_from(offset).ok())
        }
        rusqlite::Error::SqliteFailure(error, message) => {
            (error.extended_code, message.unwrap_or_else(|| error.to_string()), None)
        }
        rusqlite::Error::MultipleStatement => {
            return Refusal::new(Code::MultiStatement, "there is more than one statement", None);
        }
        rusqlite::Error::Utf8Error(..) => {
            let what = "a column's name is not UTF-8";
            return Refusal::new(Code::Invalid, what, None).hint("Name the column with AS.");
        }
        other => (ffi::SQLITE_ERROR, other.to_string(), None),
    };
    let target = |what: &str, hint: &str| Refusal::new(Code::Target, what, None).hint(hint);
    match code & 0xFF {
        ffi::SQLITE_NOMEM => too_much(
            format!("the statement needs more than {} MB of memory", HARD_HEAP / 1024 / 1024),
            "Sort or group less, or take parts of large values.",
        ),
        ffi::SQLITE_TOOBIG => too_much(
            format!("a text, blob or pattern is too long; at most {LENGTH} bytes are allowed"),
            "Take a part of it, for example with substr.",
        ),
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => {
            target("the file is being written", "Try again, or give it more time.")
        }
        ffi::SQLITE_NOTADB => target(
            "the file is not a SQLite database",
            "Ask an administrator to look at the path that flowai.query_target_list shows.",
        ),
        ffi::SQLITE_CORRUPT => target(
            "the file is damaged",
            "Ask an administrator to run PRAGMA integrity_check on it.",
        ),
        ffi::SQLITE_CANTOPEN | ffi::SQLITE_READONLY | ffi::SQLITE_IOERR | ffi::SQLITE_PROTOCOL => {
            target(
                "the file cannot be read in the state that it is in",
                "A write to it was interrupted, or its log may not be read: ask an administrator to open it once with a program that may write it.",
            )
        }
        _ => {
            let kind = if message.contains("syntax error") || message.contains("incomplete input") {
                Code::Syntax
            } else if message.starts_with("no such ") {
                Code::Undefined
            } else if message.contains("deep")
                || message.contains("depth")
                || message.contains("too many terms")
            {
                Code::TooDeep
            } else {
                Code::Invalid
            };
            Refusal::new(kind, message, offset.map(|byte| character_at(sql, byte)))
        }
    }
}
