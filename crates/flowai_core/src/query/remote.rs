//! Statements for a PostgreSQL server elsewhere: the functions that they may not name, and values of
//! its text protocol as JSON.
//!
//! Names mean there what they mean there, so a name is all that can be judged here. The names below
//! are refused whatever their schema. The server there is asked what the others stand for.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::sheet::string;
use super::{Code, Refusal, policy};
use crate::name::shorten;

/// Beginnings of names that are refused.
const REFUSED_FAMILIES: &[&str] = &[
    // Large objects: before version 16 they are written in read-only transactions too.
    "be_lo_",
    "lo_",
    // Other servers, other sessions, files, programs.
    "dblink",
    "http",
    "pg_advisory_",
    "pg_backup_",
    "pg_cancel_",
    "pg_file_",
    "pg_log_",
    "pg_ls_",
    "pg_read_",
    "pg_stat_file",
    "pg_terminate_",
    "pg_try_advisory_",
    "postgres_fdw_",
    // Replication and the write-ahead log.
    "binary_upgrade_",
    "pg_copy_",
    "pg_create_",
    "pg_drop_",
    "pg_logical_",
    "pg_replication_",
    "pg_switch_",
    "pg_wal_replay_",
    // Time that is spent doing nothing, and statistics of everybody.
    "pg_sleep",
    "pg_stat_reset",
];

/// Names that are refused beyond those of [`policy::REFUSED`].
const REFUSED: &[&str] = &[
    "brin_desummarize_range",
    "brin_summarize_new_values",
    "brin_summarize_range",
    "currtid2",
    "execute_query",
    "gin_clean_pending_list",
    "loread",
    "lowrite",
    "nextval",
    "pg_export_snapshot",
    "pg_import_system_collations",
    "pg_nextoid",
    "pg_notify",
    "pg_prewarm",
    "pg_promote",
    "pg_reload_conf",
    "pg_rotate_logfile",
    "setseed",
    "setval",
    // Run SQL that they are given, though contrib calls them stable or immutable.
    "connectby",
    "crosstab",
    "crosstab2",
    "crosstab3",
    "crosstab4",
    "crosstabn",
    "ts_rewrite",
    "xpath_table",
    "xslt_process",
];

/// Relations that show what other sessions do, or files of the server: those that are refused here because
/// of the functions that they call.
const REFUSED_RELATIONS: &[&str] = &[
    "pg_available_extension_versions",
    "pg_available_extensions",
    "pg_backend_memory_contexts",
    "pg_config",
    "pg_cursors",
    "pg_file_settings",
    "pg_hba_file_rules",
    "pg_ident_file_mappings",
    "pg_locks",
    "pg_prepared_statements",
    "pg_prepared_xacts",
    "pg_replication_origin_status",
    "pg_shmem_allocations",
    "pg_stat_activity",
    "pg_stat_gssapi",
    "pg_stat_replication",
    "pg_stat_ssl",
    "pg_stat_statements",
    "pg_stat_statements_info",
];

/// Operators that stand behind syntax without operator: USING, NATURAL, IN, BETWEEN, CASE.
pub const UNNAMED_OPERATORS: [&str; 6] = ["=", "<>", "<", ">", "<=", ">="];

/// Whether a statement for another server may not read relations of this name.
pub fn relation_refused(name: &str) -> bool {
    REFUSED_RELATIONS.contains(&name) || name.starts_with("pg_stat_progress_")
}

/// A function that a name in a statement stands for, as the server there tells.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Used {
    /// What the name is in the statement: call, field, operator, type or relation.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The name of the function.
    pub function: String,
    /// Whether it is volatile there, and not one of the server's own that are known to be harmless.
    pub volatile: bool,
}

impl Used {
    /// Whether the function may do more than read.
    pub fn goes_beyond_reading(&self) -> bool {
        self.volatile || function_refused(&self.function)
    }

    /// Why the name is refused.
    pub fn complaint(&self) -> String {
        let Self { kind, name, function, .. } = self;
        match kind.as_str() {
            "call" => {
                format!("function {name} is volatile on the target, so it may do more than read")
            }
            "field" => {
                format!("function {name} may be called this way, and do more than read")
            }
            _ => {
                format!("{kind} {name} stands for function {function}, which may do more than read")
            }
        }
    }
}

/// The answer of the server there, a list of lists. `None`: it is no such list.
pub fn functions_of(answer: &str) -> Option<Vec<Used>> {
    serde_json::from_str(answer).ok()
}

/// Whether a statement for another server may not call functions of this name.
pub fn function_refused(name: &str) -> bool {
    policy::REFUSED.contains(&name)
        || REFUSED.contains(&name)
        || REFUSED_FAMILIES.iter().any(|family| name.starts_with(family))
}

/// The refusal of a statement for a server that there is no connection to; the SQLSTATE that the server
/// refused it with, if it did. Neither address nor role is in it: tenants do not know them.
pub fn no_connection(target: &str, sqlstate: Option<&str>) -> Refusal {
    let what = match sqlstate {
        Some("28P01" | "28000") => "refused the log-in that is registered for it",
        Some("3D000") => "has no such database",
        Some("53300") => "has no connection left",
        Some("57P03") => "does not take connections now",
        Some(_) => "refused the connection",
        None => "cannot be reached",
    };
    connection(target, what, sqlstate.unwrap_or("08001"))
}

/// The refusal of a statement whose transaction could not be prepared, by the SQLSTATE.
pub fn not_prepared(target: &str, sqlstate: &str) -> Refusal {
    if sqlstate.starts_with("57P") || sqlstate.starts_with("08") {
        return connection(target, "broke the connection", sqlstate);
    }
    let what =
        format!("target \"{}\" does not take our settings (SQLSTATE {sqlstate})", shorten(target));
    Refusal::new(Code::Target, what, None)
}

/// The refusal of a statement whose connection broke.
pub fn lost_connection(target: &str) -> Refusal {
    connection(target, "broke the connection", "08006")
}

fn connection(target: &str, what: &str, sqlstate: &str) -> Refusal {
    let message = format!("target \"{}\" {what}", shorten(target));
    let hint = "Ask an administrator: flowai.query_target_list names the foreign server, whose options and user mapping for flowai_owner say where and as whom to connect.";
    Refusal {
        sqlstate: Some(sqlstate.to_owned()),
        ..Refusal::new(Code::Target, message, None).hint(hint)
    }
}

/// How a type of the server's own is written. Its number is the same on every server.
#[derive(Clone, Copy)]
enum Shape {
    Bool,
    Number,
    Json,
    Timestamp,
    /// An array of these.
    Array(&'static Shape),
    /// Its text, as a string.
    Text,
}

impl Shape {
    fn of(oid: u32) -> Self {
        match oid {
            16 => Self::Bool,
            20 | 21 | 23 | 26 | 700 | 701 | 1700 => Self::Number,
            114 | 3802 => Self::Json,
            1114 | 1184 => Self::Timestamp,
            1000 => Self::Array(&Self::Bool),
            1005 | 1007 | 1016 | 1021 | 1022 | 1028 | 1231 => Self::Array(&Self::Number),
            199 | 3807 => Self::Array(&Self::Json),
            1115 | 1185 => Self::Array(&Self::Timestamp),
            // character, text, varchar, bpchar, name, date, uuid
            1002 | 1009 | 1015 | 1014 | 1003 | 1182 | 2951 => Self::Array(&Self::Text),
            _ => Self::Text,
        }
    }

    fn write(self, json: &mut Vec<u8>, text: &str) {
        match self {
            Self::Bool if text == "t" => json.extend_from_slice(b"true"),
            Self::Bool if text == "f" => json.extend_from_slice(b"false"),
            Self::Number if is_number(text) => json.extend_from_slice(text.as_bytes()),
            // jsonb cannot hold U+0000.
            Self::Json
                if !text.contains("\\u0000")
                    && serde_json::from_str::<IgnoredAny>(text).is_ok() =>
            {
                json.extend_from_slice(text.as_bytes());
            }
            Self::Timestamp => string(json, &iso(text)),
            Self::Array(element) => {
                let start = json.len();
                if array(json, text, *element).is_none() {
                    json.truncate(start);
                    string(json, text);
                }
            }
            _ => string(json, text),
        }
    }
}

/// Appends a value of this type, as JSON, from the text that the other server sent. Numbers are exact;
/// dates and times are ISO 8601; arrays of the server's common types are arrays; all else is its text.
pub fn value(json: &mut Vec<u8>, oid: u32, text: &str) {
    Shape::of(oid).write(json, text);
}

/// Whether the text is a number of JSON, digit by digit: NaN and the infinities are not.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with('0')) {
        return false;
    }
    rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let count = digits(exponent);
        if count == 0 {
            return false;
        }
        rest = &exponent[count..];
    }
    rest.is_empty()
}

/// `2024-02-29 12:00:00+01` as `2024-02-29T12:00:00+01:00`. What is no such moment stays as it is:
/// `infinity`, years before Christ.
fn iso(text: &str) -> String {
    let Some((date, time)) = text.split_once(' ') else { return text.to_owned() };
    if time.contains(' ') {
        return text.to_owned();
    }
    let zone = time.rfind(['+', '-']).map_or("", |at| &time[at..]);
    let minutes = if zone.len() == 3 { ":00" } else { "" };
    format!("{date}T{time}{minutes}")
}

/// The server's text of an array, as JSON. `None`: it is none that can be read, such as one whose
/// bounds are not the usual ones.
fn array(json: &mut Vec<u8>, text: &str, element: Shape) -> Option<()> {
    let mut rest = text;
    let mut depth = 0usize;
    let mut first = true;
    loop {
        let next = rest.chars().next()?;
        match next {
            '{' => {
                if !first {
                    json.push(b',');
                }
                json.push(b'[');
                depth += 1;
                first = true;
                rest = &rest[1..];
            }
            '}' => {
                json.push(b']');
                depth = depth.checked_sub(1)?;
                first = false;
                rest = &rest[1..];
                if depth == 0 {
                    return rest.is_empty().then_some(());
                }
            }
            ',' => rest = &rest[1..],
            _ if depth == 0 => return None,
            _ => {
                if !first {
                    json.push(b',');
                }
                first = false;
                let (item, quoted, tail) = item(rest)?;
                if !quoted && item == "NULL" {
                    json.extend_from_slice(b"null");
                } else {
                    element.write(json, &item);
                }
                rest = tail;
            }
        }
    }
}

/// One element of an array's text: what it says, whether it was quoted, and what comes after it.
fn item(text: &str) -> Option<(String, bool, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', '}'])?;
        return Some((text[..end].to_owned(), false, &text[end..]));
    };
    let mut item = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((item, true, &quoted[at + 1..])),
            '\\' => item.push(characters.next()?.1),
            other => item.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(oid: u32, text: &str) -> String {
        let mut json = Vec::new();
        value(&mut json, oid, text);
        let json = String::from_utf8(json).unwrap();
        serde_json::from_str::<IgnoredAny>(&json).unwrap();
        json
    }

    #[test]
    fn names_that_act_are_refused() {
        for name in [
            "set_config",
            "nextval",
            "setval",
            "lo_create",
            "lowrite",
            "dblink",
            "dblink_exec",
            "pg_read_file",
            "pg_ls_dir",
            "pg_stat_file",
            "pg_sleep",
            "pg_sleep_for",
            "pg_notify",
            "pg_advisory_xact_lock",
            "pg_try_advisory_lock",
            "pg_terminate_backend",
            "query_to_xml",
            "txid_current",
            "crosstab",
            "ts_stat",
            "pg_logical_emit_message",
            "pg_stat_reset",
        ] {
            assert!(function_refused(name), "{name}");
        }
        for name in ["lower", "count", "now", "random", "pg_get_viewdef", "log", "date_trunc"] {
            assert!(!function_refused(name), "{name}");
        }
        assert!(relation_refused("pg_stat_activity") && relation_refused("pg_stat_progress_copy"));
        assert!(!relation_refused("pg_class") && !relation_refused("pg_stat_user_tables"));
    }

    #[test]
    fn the_answer_about_functions_is_read() {
        let told = functions_of(
            r#"[["operator", "@@@", "pg_advisory_lock", true], ["field", "area", "area", false]]"#,
        )
        .unwrap();
        assert!(told[0].goes_beyond_reading() && !told[1].goes_beyond_reading());
        assert!(told[0].complaint().contains("@@@ stands for function pg_advisory_lock"));
        assert_eq!(functions_of("[]"), Some(Vec::new()));
        assert_eq!(functions_of("[[1]]"), None);
    }

    #[test]
    fn a_broken_connection_is_told_by_its_code() {
        let code = |refusal: Refusal| refusal.sqlstate;
        assert_eq!(code(not_prepared("t", "57P01")).as_deref(), Some("57P01"));
        assert_eq!(code(not_prepared("t", "42704")), None);
        assert_eq!(code(no_connection("t", Some("28P01"))).as_deref(), Some("28P01"));
        assert_eq!(code(no_connection("t", None)).as_deref(), Some("08001"));
        assert_eq!(code(lost_connection("t")).as_deref(), Some("08006"));
    }

    #[test]
    fn values_have_the_form_of_local_ones() {
        assert_eq!(json(16, "t"), "true");
        assert_eq!(json(20, "9223372036854775807"), "9223372036854775807");
        assert_eq!(json(1700, "12345678901234567890.12345"), "12345678901234567890.12345");
        assert_eq!(json(701, "1e+300"), "1e+300");
        assert_eq!(json(701, "NaN"), "\"NaN\"");
        assert_eq!(json(1700, "-Infinity"), "\"-Infinity\"");
        assert_eq!(json(3802, "{\"a\": [1, null]}"), "{\"a\": [1, null]}");
        assert_eq!(json(25, "a \"quoted\" text"), "\"a \\\"quoted\\\" text\"");
        assert_eq!(json(17, "\\x00ff"), "\"\\\\x00ff\"");
        assert_eq!(json(1082, "2024-02-29"), "\"2024-02-29\"");
        assert_eq!(json(1114, "2024-02-29 12:00:00.5"), "\"2024-02-29T12:00:00.5\"");
        assert_eq!(json(1184, "2024-02-29 12:00:00+00"), "\"2024-02-29T12:00:00+00:00\"");
        assert_eq!(json(1184, "2024-02-29 12:00:00-03:30"), "\"2024-02-29T12:00:00-03:30\"");
        assert_eq!(json(1184, "infinity"), "\"infinity\"");
        assert_eq!(json(1184, "0044-03-15 12:00:00+00 BC"), "\"0044-03-15 12:00:00+00 BC\"");
    }

    #[test]
    fn arrays_are_arrays() {
        assert_eq!(json(1007, "{1,NULL,3}"), "[1,null,3]");
        assert_eq!(json(1007, "{{1,2},{3,4}}"), "[[1,2],[3,4]]");
        assert_eq!(json(1007, "{}"), "[]");
        assert_eq!(
            json(1009, r#"{a,"b,c","d\"e\\f",NULL,"NULL",""}"#),
            r#"["a","b,c","d\"e\\f",null,"NULL",""]"#
        );
        assert_eq!(json(1000, "{t,f}"), "[true,false]");
        assert_eq!(json(3807, r#"{"{\"a\": 1}",null}"#), r#"[{"a": 1},null]"#);
        assert_eq!(json(1185, r#"{"2024-02-29 12:00:00+00"}"#), "[\"2024-02-29T12:00:00+00:00\"]");
        assert_eq!(json(1007, "[0:1]={1,2}"), "\"[0:1]={1,2}\"");
        // A type of that server's own is its text.
        assert_eq!(json(99_999, "(1,x)"), "\"(1,x)\"");
    }

    #[test]
    fn whatever_a_server_sends_is_json() {
        for oid in [16, 20, 114, 1007, 1009, 1184, 3807, 5] {
            for text in [
                "", "{", "}", "{,}", "{\"", "{\"\\", "{{1}", "01", "1.", "1e", "-", "\0", "nul",
                "{a}b", "+",
            ] {
                json(oid, text);
            }
        }
    }
}
