//! Read-only SQL: what is refused and how that reads, the limits of a result, and the SQLite check.
//!
//! - [`bound`]: functions that no time limit ends
//! - [`lock`]: where a text locks rows
//! - [`place`]: paths of SQLite files
//! - [`policy`]: the built-in functions that a read-only statement may and may not call
//! - [`remote`]: statements for a PostgreSQL server elsewhere
//! - [`sheet`]: rows of another engine as JSON
//! - [`sqlite`]: the structural check of a statement for SQLite
//!
//! For PostgreSQL the server's own parser decides; what it found becomes a [`Verdict`] of this module.

pub mod bound;
pub mod lock;
pub mod place;
pub mod policy;
pub mod remote;
pub mod sheet;
pub mod sqlite;

use std::collections::{HashMap, HashSet};

use crate::error::{Error, Result};

/// Most bytes that the text of a statement may have.
pub const MAX_SQL_BYTES: usize = 64 * 1024;

/// Most characters of an error of the server that are passed on: some errors quote what they are about,
/// and that can be as large as a value.
pub const MAX_MESSAGE_CHARS: usize = 1000;

/// How deep views may be nested in views.
pub const MAX_VIEW_DEPTH: usize = 32;

/// Longest wait of `validate_query` for a lock, in milliseconds.
pub const VALIDATE_TIMEOUT_MS: u64 = 5_000;

/// Why a statement is refused. The list is closed and its names are a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// There is no statement in the text.
    Empty,
    /// The text is not SQL of the dialect.
    Syntax,
    /// More than one statement.
    MultiStatement,
    /// The statement is not SELECT, WITH, VALUES or TABLE.
    NotSelect,
    /// SELECT ... INTO makes a table.
    SelectInto,
    /// FOR UPDATE, FOR SHARE and their like lock rows.
    RowLock,
    /// INSERT, UPDATE, DELETE or MERGE inside WITH.
    ModifyingCte,
    /// A parameter such as `$1`: nothing can supply its value.
    Parameter,
    /// A function, operator or cast that is not known to be harmless.
    Function,
    /// A relation that may not be read this way.
    Relation,
    /// A relation, column, function or type that does not exist.
    Undefined,
    /// The caller may not use what the statement names.
    Permission,
    /// The statement means nothing to the server: wrong types, ambiguous names and their like.
    Invalid,
    /// The text is longer than [`MAX_SQL_BYTES`].
    TooLarge,
    /// Expressions, subqueries or views are nested too deeply.
    TooDeep,
    /// A lock on something that the statement names could not be had in time.
    Timeout,
    /// The target is not known, or cannot be used or reached.
    Target,
}

impl Code {
    /// Every code, in the order of the documentation.
    pub const ALL: [Self; 17] = [
        Self::Empty,
        Self::Syntax,
        Self::MultiStatement,
        Self::NotSelect,
        Self::SelectInto,
        Self::RowLock,
        Self::ModifyingCte,
        Self::Parameter,
        Self::Function,
        Self::Relation,
        Self::Undefined,
        Self::Permission,
        Self::Invalid,
        Self::TooLarge,
        Self::TooDeep,
        Self::Timeout,
        Self::Target,
    ];

    /// The name that programs see.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Syntax => "syntax",
            Self::MultiStatement => "multi_statement",
            Self::NotSelect => "not_select",
            Self::SelectInto => "select_into",
            Self::RowLock => "row_lock",
            Self::ModifyingCte => "modifying_cte",
            Self::Parameter => "parameter",
            Self::Function => "function",
            Self::Relation => "relation",
            Self::Undefined => "undefined",
            Self::Permission => "permission",
            Self::Invalid => "invalid",
            Self::TooLarge => "too_large",
            Self::TooDeep => "too_deep",
            Self::Timeout => "timeout",
            Self::Target => "target",
        }
    }

    /// Whether the statement broke the read-only policy, rather than being no good for the server.
    pub fn is_violation(self) -> bool {
        matches!(
            self,
            Self::Empty
                | Self::MultiStatement
                | Self::NotSelect
                | Self::SelectInto
                | Self::RowLock
                | Self::ModifyingCte
                | Self::Function
                | Self::Relation
        )
    }

    /// The next step for whoever wrote the statement.
    pub fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::Empty => "Send one SELECT statement.",
            Self::MultiStatement => "Send one statement at a time.",
            Self::NotSelect => "Rewrite it as SELECT, WITH ... SELECT, VALUES or TABLE.",
            Self::SelectInto => "Leave INTO out: the rows come back as the result.",
            Self::RowLock => "Leave the FOR UPDATE or FOR SHARE clause out.",
            Self::ModifyingCte => "Only SELECT, VALUES and TABLE may stand inside WITH.",
            Self::Parameter => "Write the value into the statement as a literal.",
            Self::Function => {
                "Use another function, or ask an administrator for flowai.function_allow(function)."
            }
            Self::TooLarge => "Shorten the statement to 65536 bytes.",
            Self::TooDeep => "Nest the expressions, subqueries or views less deeply.",
            Self::Timeout => "Try again later.",
            Self::Target => "Ask an administrator to look at what flowai.query_target_list shows.",
            Self::Syntax | Self::Relation | Self::Undefined | Self::Permission | Self::Invalid => {
                return None;
            }
        })
    }
}

/// One refusal: which rule, in words, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which rule.
    pub code: Code,
    /// For people and models, complete.
    pub message: String,
    /// 1-based offset of a character in the text, where the cause has a place.
    pub position: Option<usize>,
    /// The next step.
    pub hint: Option<String>,
    /// The server's SQLSTATE, where the server itself refused.
    pub sqlstate: Option<String>,
}

impl Refusal {
    /// A refusal by our own rules: `what` says what is wrong, without a full stop.
    pub fn new(code: Code, what: impl AsRef<str>, position: Option<usize>) -> Self {
        let what = what.as_ref();
        let message = if code.is_violation() {
            format!("read-only violation: {what}; only SELECT statements are allowed")
        } else {
            what.to_owned()
        };
        Self { code, message, position, hint: code.hint().map(str::to_owned), sqlstate: None }
    }

    /// A refusal by the server: its SQLSTATE decides the code.
    pub fn by_server(
        sqlstate: &str,
        message: String,
        position: Option<usize>,
        hint: Option<String>,
    ) -> Self {
        let code = match sqlstate {
            // What the server's parser says when its own stack is full.
            "42601" if message.starts_with("memory exhausted") => Code::TooDeep,
            "42601" | "42602" | "42622" => Code::Syntax,
            "42501" => Code::Permission,
            "54001" | "54011" | "54023" => Code::TooDeep,
            "57014" => Code::Timeout,
            "42P01" | "42703" | "42883" | "42704" | "3F000" | "3D000" | "42P02" => Code::Undefined,
            _ => Code::Invalid,
        };
        // The server advises to enlarge its stack: nothing that the writer of a statement can do.
        let hint =
            hint.filter(|_| code != Code::TooDeep).or_else(|| code.hint().map(str::to_owned));
        let message = match message.char_indices().nth(MAX_MESSAGE_CHARS) {
            Some((end, _)) => format!("{}…", &message[..end]),
            None => message,
        };
        Self { code, message, position, hint, sqlstate: Some(sqlstate.to_owned()) }
    }

    /// Another hint than the code's own.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What an allowed statement reads and calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reads {
    /// Relations, qualified, views and what is underneath them, in order of appearance.
    pub relations: Vec<String>,
    /// Functions: built-in ones that the text calls by name, and all others in any position.
    pub functions: Vec<String>,
}

impl Reads {
    /// Notes a relation once.
    pub fn relation(&mut self, name: String) {
        if !self.relations.contains(&name) {
            self.relations.push(name);
        }
    }

    /// Notes a function once.
    pub fn function(&mut self, name: String) {
        if !self.functions.contains(&name) {
            self.functions.push(name);
        }
    }
}

/// What `validate_query` tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Why not, or `None`: the statement may run.
    pub refusal: Option<Refusal>,
    /// What the statement reads and calls, as far as it was understood.
    pub reads: Reads,
}

impl From<Refusal> for Verdict {
    fn from(refusal: Refusal) -> Self {
        Self { refusal: Some(refusal), reads: Reads::default() }
    }
}

/// Refuses what needs no parser to be refused.
pub fn check_text(sql: &str) -> std::result::Result<(), Refusal> {
    if sql.len() > MAX_SQL_BYTES {
        return Err(Refusal::new(
            Code::TooLarge,
            format!("the statement has {} bytes, at most {MAX_SQL_BYTES} are allowed", sql.len()),
            None,
        ));
    }
    Ok(())
}

/// The refusal of a text without a statement.
pub fn nothing_to_run() -> Refusal {
    Refusal::new(Code::Empty, "there is no statement", None)
}

/// The refusal of a role that row-level security does not bind.
pub fn unbound_role() -> Refusal {
    let what =
        "superusers and BYPASSRLS roles may not use read-only queries: nothing would bind them";
    let refusal = Refusal::new(Code::Permission, what, None)
        .hint("SET ROLE to the role that the statement is for.");
    Refusal { sqlstate: Some("42501".to_owned()), ..refusal }
}

/// The refusal of a result that is over a limit.
pub fn too_much(message: impl AsRef<str>, hint: &str) -> Refusal {
    let refusal = Refusal::new(Code::TooLarge, message, None).hint(hint);
    Refusal { sqlstate: Some("54000".to_owned()), ..refusal }
}

/// The refusal of a result that has more rows than are wanted, where a part would be taken for all.
pub fn too_many_rows(most: usize) -> Refusal {
    too_much(
        format!("the statement returns more than {most} rows"),
        "Aggregate, add LIMIT, or pass a larger max_rows.",
    )
}

/// The refusal of a statement that was not done in time.
pub fn took_too_long(timeout_ms: u64) -> Refusal {
    let message = format!("the statement took longer than {timeout_ms} ms");
    let hint = "Ask for less, or give it more time.".to_owned();
    Refusal::by_server("57014", message, None, Some(hint))
}

/// The dialects that `validate_query` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The server's own.
    Postgres,
    /// SQLite, by its structure alone.
    Sqlite,
}

impl Dialect {
    /// The argument `dialect`.
    pub fn parse(name: Option<&str>) -> Result<Self> {
        match name.ok_or_else(|| Error::missing("dialect"))? {
            "postgres" => Ok(Self::Postgres),
            "sqlite" => Ok(Self::Sqlite),
            other => Err(Error::invalid(
                "query_dialect",
                format!("unknown dialect \"{}\"", crate::name::shorten(other)),
            )
            .hint("The dialects are postgres and sqlite.")),
        }
    }
}

/// What one execution may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows that are returned; one more tells that there are more.
    pub rows: usize,
    /// Bytes of the result as JSON.
    pub bytes: usize,
    /// Bytes of one value as JSON.
    pub cell_bytes: usize,
    /// Milliseconds.
    pub timeout_ms: u64,
}

impl Limits {
    /// The arguments `max_rows` and `timeout` (microseconds) within the bounds that the settings give.
    pub fn within(bounds: Self, max_rows: Option<i32>, timeout: Option<i64>) -> Result<Self> {
        let max_rows = max_rows.ok_or_else(|| Error::missing("max_rows"))?;
        let timeout = timeout.ok_or_else(|| Error::missing("timeout"))?;
        let rows = usize::try_from(max_rows).ok().filter(|rows| (1..=bounds.rows).contains(rows));
        let Some(rows) = rows else {
            return Err(Error::invalid("query_max_rows", format!("max_rows is {max_rows}"))
                .detail(format!("It must be between 1 and {}.", bounds.rows))
                .hint("The upper bound is the setting flowai.query_max_rows."));
        };
        // Rounded up, so that a microsecond is not zero, which would mean no limit.
        let milliseconds = u64::try_from(timeout).unwrap_or(0).div_ceil(1000);
        if !(1..=bounds.timeout_ms).contains(&milliseconds) {
            return Err(Error::invalid(
                "query_timeout",
                format!("timeout is {} ms", timeout.div_euclid(1000)),
            )
            .detail(format!("It must be more than 0 and at most {} ms.", bounds.timeout_ms))
            .hint("The upper bound is the setting flowai.query_max_timeout."));
        }
        Ok(Self { rows, timeout_ms: milliseconds, ..bounds })
    }
}

/// Column names as keys of an object: a name that was there before gets a number, and a warning.
pub fn distinct_names(names: Vec<String>) -> (Vec<String>, Vec<String>) {
    let given: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut taken: HashSet<String> = HashSet::new();
    let mut next: HashMap<&str, usize> = HashMap::new();
    let mut keys = Vec::with_capacity(names.len());
    let mut warnings = Vec::new();
    for name in &names {
        let mut key = name.clone();
        if taken.contains(&key) {
            let number = next.entry(name).or_insert(2);
            loop {
                key = format!("{name}_{number}");
                *number += 1;
                if !taken.contains(&key) && !given.contains(key.as_str()) {
                    break;
                }
            }
            warnings.push(format!("column \"{name}\" appears more than once, renamed \"{key}\""));
        }
        taken.insert(key.clone());
        keys.push(key);
    }
    (keys, warnings)
}

/// The 1-based character offset of a byte offset in the text.
pub fn character_at(sql: &str, byte: usize) -> usize {
    sql.as_bytes()[..byte.min(sql.len())].iter().filter(|b| (**b & 0xC0) != 0x80).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_reads_as_documented() {
        for code in Code::ALL {
            let refusal = Refusal::new(code, "x", None);
            assert_eq!(
                refusal.message.starts_with("read-only violation")
                    && refusal.message.ends_with("only SELECT statements are allowed"),
                code.is_violation(),
                "{code:?}"
            );
        }
    }

    #[test]
    fn the_servers_errors_have_codes() {
        let code = |sqlstate, message: &str| {
            Refusal::by_server(sqlstate, message.to_owned(), None, Some("x".to_owned())).code
        };
        assert_eq!(code("42601", "syntax error"), Code::Syntax);
        assert_eq!(code("42601", "memory exhausted at or near \"(\""), Code::TooDeep);
        assert_eq!(code("42P01", "no such table"), Code::Undefined);
        assert_eq!(code("42501", "permission denied"), Code::Permission);
        assert_eq!(code("22012", "division by zero"), Code::Invalid);
        let deep = Refusal::by_server("54001", "stack".to_owned(), None, Some("x".to_owned()));
        assert_eq!(deep.hint.as_deref(), Code::TooDeep.hint());
    }

    #[test]
    fn an_error_that_quotes_a_large_value_is_cut() {
        let message = |length: usize| {
            Refusal::by_server("22P02", "ä".repeat(length), None, None).message.chars().count()
        };
        assert_eq!(message(MAX_MESSAGE_CHARS), MAX_MESSAGE_CHARS);
        assert_eq!(message(MAX_MESSAGE_CHARS * 50), MAX_MESSAGE_CHARS + 1);
    }

    #[test]
    fn code_names_are_distinct() {
        let names: HashSet<_> = Code::ALL.iter().map(|c| c.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }

    #[test]
    fn repeated_columns_get_free_numbers() {
        let names = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let (keys, warnings) = distinct_names(names(&["a", "a", "a_2", "a", "b"]));
        assert_eq!(keys, names(&["a", "a_3", "a_2", "a_4", "b"]));
        assert_eq!(warnings.len(), 2);
        let (keys, warnings) = distinct_names(names(&["a", "a_2", "b"]));
        assert_eq!(keys, names(&["a", "a_2", "b"]));
        assert!(warnings.is_empty());
    }

    #[test]
    fn limits_stay_within_their_bounds() {
        let bounds = Limits { rows: 100, bytes: 10, cell_bytes: 5, timeout_ms: 1000 };
        let ok = Limits::within(bounds, Some(100), Some(1)).unwrap();
        assert_eq!((ok.rows, ok.timeout_ms, ok.bytes), (100, 1, 10));
        for (rows, timeout, rule) in [
            (0, 1000, "query_max_rows"),
            (-1, 1000, "query_max_rows"),
            (101, 1000, "query_max_rows"),
            (1, 0, "query_timeout"),
            (1, -5, "query_timeout"),
            (1, 1_000_001, "query_timeout"),
            (1, i64::MAX, "query_timeout"),
        ] {
            assert_eq!(Limits::within(bounds, Some(rows), Some(timeout)).unwrap_err().rule, rule);
        }
        assert_eq!(
            Limits::within(bounds, None, Some(1)).unwrap_err().kind,
            crate::Kind::MissingInput
        );
    }

    #[test]
    fn offsets_count_characters() {
        assert_eq!(character_at("äö x", 5), 4);
        assert_eq!(character_at("abc", 0), 1);
        assert_eq!(character_at("abc", 99), 4);
    }

    #[test]
    fn an_unknown_dialect_is_named() {
        assert_eq!(Dialect::parse(Some("sqlite")).unwrap(), Dialect::Sqlite);
        assert!(Dialect::parse(Some("mysql")).unwrap_err().message.contains("mysql"));
    }
}
