//! The structural check of a statement for SQLite.
//!
//! It looks at the text alone. Whoever opens the database file must guard it besides: read-only, with
//! an authorizer.

use std::collections::HashSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Ident, ObjectName, ObjectNamePart, Query, Select, Spanned, Statement, TableFactor, Value,
    ValueWithSpan, Visit, Visitor,
};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::{Code, Reads, Refusal, Verdict, check_text, nothing_to_run};

/// How deep expressions and subqueries may be nested.
const MAX_DEPTH: usize = 50;

/// Functions that read nothing but their arguments, chance and the clock, names apart by blanks.
const FUNCTIONS: &[&str] = &[
    // scalar
    "abs char coalesce concat concat_ws format glob hex if ifnull iif instr length like \
     likelihood likely lower ltrim max min nullif octet_length printf quote random \
     randomblob replace round rtrim sign soundex sqlite_version substr substring trim \
     typeof unhex unicode unistr unistr_quote unlikely upper zeroblob",
    // date and time
    "current_date current_time current_timestamp date datetime julianday strftime time \
     timediff unixepoch",
    // aggregate
    "avg count group_concat median percentile percentile_cont percentile_disc string_agg \
     sum total",
    // window
    "cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank \
     row_number",
    // mathematics
    "acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log \
     log10 log2 mod pi pow power radians sin sinh sqrt tan tanh trunc",
    // JSON, but not json_patch: two objects of many keys keep it busy for hours
    "json json_array json_array_length json_error_position json_extract json_group_array \
     json_group_object json_insert json_object json_pretty json_quote \
     json_remove json_replace json_set json_type json_valid jsonb jsonb_array jsonb_extract \
     jsonb_group_array jsonb_group_object jsonb_insert jsonb_object \
     jsonb_remove jsonb_replace jsonb_set",
    // full-text search
    "bm25 highlight snippet",
];

/// Table-valued functions that read nothing but their arguments and the schema.
const TABLE_FUNCTIONS: &[&str] =
    &["generate_series json_each json_tree jsonb_each jsonb_tree pragma_foreign_key_list \
     pragma_index_info pragma_index_list pragma_index_xinfo pragma_table_info \
     pragma_table_list pragma_table_xinfo"];

/// Built-in virtual tables that show the file or the connection rather than data.
const RELATIONS_REFUSED: &[&str] =
    &["bytecode", "completion", "dbstat", "sqlite_dbpage", "sqlite_stmt", "tables_used"];

/// Functions that stand behind operators, and are called by no name.
const OPERATORS: &[&str] = &["-> ->> match"];

/// Pragmas that SQLite itself reads, for its table-valued functions and full-text search.
const PRAGMAS: &[&str] = &["data_version"];

/// Whether SQLite may call this function on behalf of a statement.
pub fn function_allowed(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    is_among(FUNCTIONS, &name) || is_among(OPERATORS, &name)
}

/// Whether SQLite may read this table, table-valued function or virtual table for a statement.
pub fn relation_allowed(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !RELATIONS_REFUSED.contains(&name.as_str())
        && (!name.starts_with("pragma_") || is_among(TABLE_FUNCTIONS, &name))
}

/// Whether SQLite may evaluate this pragma for a statement.
pub fn pragma_allowed(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    is_among(PRAGMAS, &name) || is_among(TABLE_FUNCTIONS, &format!("pragma_{name}"))
}

/// Decides about one statement for SQLite.
pub fn validate(sql: &str) -> Verdict {
    match walk(sql) {
        Ok(reads) => Verdict { refusal: None, reads },
        Err(refusal) => (*refusal).into(),
    }
}

fn walk(sql: &str) -> Result<Reads, Box<Refusal>> {
    check_text(sql)?;
    if let Some(byte) = sql.find('\0') {
        // SQLite stops reading there; what follows would be checked but never run, or the reverse.
        return Err(Refusal::new(
            Code::Syntax,
            "the statement has a NUL character",
            Some(super::character_at(sql, byte)),
        )
        .into());
    }
    let dialect = SQLiteDialect {};
    let tokens = Tokenizer::new(&dialect, sql)
        .tokenize_with_location()
        .map_err(|error| syntax(error.message, Some(offset(sql, error.location))))?;
    let second = second_statement(&tokens).map(|location| offset(sql, location));
    let first = tokens.iter().find(|t| !is_blank(&t.token)).map(|t| t.token.clone());
    if first.is_none() {
        return Err(nothing_to_run().into());
    }
    let tokens = understood(tokens);
    let deep = nesting(&tokens) >= MAX_DEPTH;
    let parsed = Parser::new(&dialect)
        .with_recursion_limit(MAX_DEPTH)
        .with_tokens_with_locations(tokens)
        .parse_statements();
    let statements = match parsed {
        Ok(statements) => statements,
        // Two statements are two, whether or not this parser understands the second.
        Err(_) if second.is_some() => return Err(several(second)),
        Err(_) if first.as_ref().is_some_and(begins_otherwise) => return Err(not_select(first)),
        Err(ParserError::RecursionLimitExceeded) => return Err(too_deep()),
        // The parser tries one thing after another, and tells of the last one.
        Err(_) if deep => return Err(too_deep()),
        Err(ParserError::TokenizerError(message) | ParserError::ParserError(message)) => {
            let position = location_in(&message).map(|location| offset(sql, location));
            return Err(syntax(message, position));
        }
    };
    if second.is_some() || statements.len() > 1 {
        return Err(several(second));
    }
    let Some(statement) = statements.first() else { return Err(nothing_to_run().into()) };
    if !matches!(statement, Statement::Query(_)) {
        return Err(not_select(first));
    }
    let mut guard = Guard { sql, statements: 0, named: HashSet::new(), reads: Reads::default() };
    match statement.visit(&mut guard) {
        ControlFlow::Continue(()) => Ok(guard.reads),
        ControlFlow::Break(refusal) => Err(refusal),
    }
}

fn too_deep() -> Box<Refusal> {
    Refusal::new(Code::TooDeep, "the statement is nested too deeply", None).into()
}

/// What the parser does not know of SQLite, as it knows it, or left out where it changes nothing of what a
/// statement does to a database: ISNULL and NOTNULL, MATERIALIZED with or without NOT, and EXCLUDE of a window's frame.
fn understood(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let word = |token: &Token, wanted: &str| matches!(token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(wanted));
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // Places of the words that are not blank, from here on: enough to look at what follows.
    let solid = |from: usize| {
        tokens[from..]
            .iter()
            .enumerate()
            .filter(|(_, t)| !matches!(t.token, Token::Whitespace(_)))
            .map(move |(at, t)| (from + at, &t.token))
            .take(4)
            .collect::<Vec<_>>()
    };
    let mut before: Option<Token> = None;
    let mut at = 0;
    while at < tokens.len() {
        let here = &tokens[at];
        let follows = solid(at);
        let is = |place: usize, wanted: &str| {
            follows.get(place).is_some_and(|(_, token)| word(token, wanted))
        };
        let opens =
            |place: usize| follows.get(place).is_some_and(|(_, token)| **token == Token::LParen);
        let after = |wanted: &[&str]| {
            before.as_ref().is_some_and(|token| wanted.iter().any(|w| word(token, w)))
        };
        let mut skipped = 0;
        if matches!(here.token, Token::Word(_)) {
            if is(0, "ISNULL") || is(0, "NOTNULL") {
                let null: &[&str] =
                    if is(0, "ISNULL") { &["IS", "NULL"] } else { &["IS", "NOT", "NULL"] };
                out.extend(null.iter().map(|keyword| TokenWithSpan {
                    token: Token::make_keyword(keyword),
                    span: here.span,
                }));
                before = Some(here.token.clone());
                at += 1;
                continue;
            }
            if after(&["AS"]) && is(0, "MATERIALIZED") && opens(1) {
                skipped = 1;
            } else if after(&["AS"]) && is(0, "NOT") && is(1, "MATERIALIZED") && opens(2) {
                skipped = 2;
            } else if after(&["ROW", "PRECEDING", "FOLLOWING"]) && is(0, "EXCLUDE") {
                if (is(1, "NO") && is(2, "OTHERS")) || (is(1, "CURRENT") && is(2, "ROW")) {
                    skipped = 3;
                } else if is(1, "GROUP") || is(1, "TIES") {
                    skipped = 2;
                }
            }
        }
        if skipped > 0 {
            at = follows[skipped - 1].0 + 1;
            continue;
        }
        if !matches!(here.token, Token::Whitespace(_)) {
            before = Some(here.token.clone());
        }
        out.push(here.clone());
        at += 1;
    }
    out
}

/// How deep the text is nested, or seems to be: parentheses, CASE, and signs or NOT in a row.
fn nesting(tokens: &[TokenWithSpan]) -> usize {
    let (mut open, mut in_a_row, mut deepest) = (0_usize, 0_usize, 0_usize);
    for token in tokens {
        match &token.token {
            Token::Whitespace(_) => continue,
            Token::LParen => open += 1,
            Token::RParen => open = open.saturating_sub(1),
            Token::Word(word) if word.keyword == Keyword::CASE => open += 1,
            Token::Word(word) if word.keyword == Keyword::END => open = open.saturating_sub(1),
            Token::Word(word) if word.keyword == Keyword::NOT => in_a_row += 1,
            Token::Minus | Token::Plus | Token::Tilde => in_a_row += 1,
            _ => in_a_row = 0,
        }
        deepest = deepest.max(open + in_a_row);
    }
    deepest
}

fn several(second: Option<usize>) -> Box<Refusal> {
    Refusal::new(Code::MultiStatement, "there is more than one statement", second).into()
}

fn not_select(first: Option<Token>) -> Box<Refusal> {
    let word = first.map(|token| token.to_string().to_uppercase()).unwrap_or_default();
    Refusal::new(Code::NotSelect, format!("{word} is not a SELECT"), None).into()
}

/// Whether the first word is a keyword that begins another kind of statement.
fn begins_otherwise(first: &Token) -> bool {
    match first {
        Token::Word(word) => !matches!(
            word.keyword,
            Keyword::NoKeyword | Keyword::SELECT | Keyword::WITH | Keyword::VALUES
        ),
        _ => false,
    }
}

fn syntax(message: String, position: Option<usize>) -> Box<Refusal> {
    Refusal::new(Code::Syntax, message, position).into()
}

fn is_blank(token: &Token) -> bool {
    matches!(token, Token::Whitespace(_) | Token::SemiColon | Token::EOF)
}

/// Where a second statement begins: a SELECT has no semicolon inside.
fn second_statement(tokens: &[TokenWithSpan]) -> Option<Location> {
    tokens
        .iter()
        .skip_while(|t| is_blank(&t.token))
        .skip_while(|t| t.token != Token::SemiColon)
        .find(|t| !is_blank(&t.token))
        .map(|t| t.span.start)
}

/// Line and column that the parser wrote into its message.
fn location_in(message: &str) -> Option<Location> {
    let (_, tail) = message.rsplit_once(" at Line: ")?;
    let (line, column) = tail.split_once(", Column: ")?;
    Some(Location { line: line.parse().ok()?, column: column.trim().parse().ok()? })
}

/// The 1-based character offset of a line and column.
fn offset(sql: &str, location: Location) -> usize {
    let (mut line, mut column) = (1, 1);
    for (index, character) in sql.chars().enumerate() {
        if (line, column) >= (location.line, location.column) {
            return index + 1;
        }
        if character == '\n' {
            line += 1;
            column = 1;
        } else {
            column += 1;
        }
    }
    sql.chars().count() + 1
}

/// Looks at every position of the one statement.
struct Guard<'a> {
    sql: &'a str,
    statements: usize,
    /// Names that WITH gives: not relations of the database.
    named: HashSet<String>,
    reads: Reads,
}

type Step = ControlFlow<Box<Refusal>>;

impl Guard<'_> {
    fn refuse(&self, code: Code, what: impl AsRef<str>, location: Option<Location>) -> Step {
        let position = location.filter(|l| l.line > 0).map(|l| offset(self.sql, l));
        ControlFlow::Break(Refusal::new(code, what, position).into())
    }

    fn function(&mut self, name: &ObjectName, known: &[&str]) -> Step {
        let at = name.span().start;
        let plain = match name.0.as_slice() {
            [ObjectNamePart::Identifier(ident)] => ident.value.to_lowercase(),
            _ => {
                return self.refuse(
                    Code::Function,
                    format!("function {name} is not allowed"),
                    Some(at),
                );
            }
        };
        if !is_among(known, &plain) {
            return self.refuse(
                Code::Function,
                format!("function {plain} is not allowed"),
                Some(at),
            );
        }
        self.reads.function(plain);
        ControlFlow::Continue(())
    }
}

fn is_among(lists: &[&str], name: &str) -> bool {
    lists.iter().any(|list| list.split(' ').any(|known| known == name))
}

fn last(name: &ObjectName) -> Option<&Ident> {
    match name.0.last() {
        Some(ObjectNamePart::Identifier(ident)) => Some(ident),
        _ => None,
    }
}

impl Visitor for Guard<'_> {
    type Break = Box<Refusal>;

    fn pre_visit_statement(&mut self, statement: &Statement) -> Step {
        self.statements += 1;
        if self.statements > 1 {
            // A data-modifying body parses as part of a query.
            return self.refuse(
                Code::ModifyingCte,
                "a statement that writes stands inside the query",
                Some(statement.span().start),
            );
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> Step {
        if let Some(with) = &query.with {
            self.named
                .extend(with.cte_tables.iter().map(|cte| cte.alias.name.value.to_lowercase()));
        }
        if !query.locks.is_empty() {
            return self.refuse(Code::RowLock, "the statement locks rows", None);
        }
        if query.for_clause.is_some()
            || query.settings.is_some()
            || query.format_clause.is_some()
            || !query.pipe_operators.is_empty()
        {
            return self.refuse(
                Code::Syntax,
                "SQLite has no such clause",
                Some(query.span().start),
            );
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> Step {
        match &select.into {
            Some(into) => self.refuse(
                Code::SelectInto,
                "SELECT INTO creates a table",
                into.targets.first().map(|name| name.span().start),
            ),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Step {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => {
                match self.function(name, TABLE_FUNCTIONS) {
                    // Full-text search has another way to be asked, which says what it is.
                    ControlFlow::Break(refusal) => ControlFlow::Break(Box::new(
                        refusal.hint("Search a full-text table with WHERE name MATCH 'words'."),
                    )),
                    passed => passed,
                }
            }
            TableFactor::Table { name, .. } => {
                let plain = last(name).map(|ident| ident.value.to_lowercase()).unwrap_or_default();
                if name.0.len() == 1 && self.named.contains(&plain) {
                    return ControlFlow::Continue(());
                }
                // A table-valued function may also be named without parentheses.
                if !relation_allowed(&plain) {
                    let at = Some(name.span().start);
                    return self.refuse(Code::Relation, format!("{plain} is not allowed"), at);
                }
                self.reads.relation(name.to_string());
                ControlFlow::Continue(())
            }
            TableFactor::Derived { .. } | TableFactor::NestedJoin { .. } => {
                ControlFlow::Continue(())
            }
            _ => self.refuse(Code::Syntax, "SQLite has no such table expression", None),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Step {
        match expr {
            Expr::Function(function) => self.function(&function.name, FUNCTIONS),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> Step {
        match &value.value {
            Value::Placeholder(name) => self.refuse(
                Code::Parameter,
                format!("parameter {name} has no value"),
                Some(value.span.start),
            ),
            _ => ControlFlow::Continue(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(sql: &str) -> Option<Code> {
        validate(sql).refusal.map(|refusal| refusal.code)
    }

    #[test]
    fn what_only_sqlite_writes_is_understood() {
        for sql in [
            "SELECT a ISNULL, b NOTNULL FROM t",
            "WITH c AS MATERIALIZED (SELECT 1), d AS NOT MATERIALIZED (SELECT 2) SELECT * FROM c, d",
            "SELECT sum(a) OVER (ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE NO OTHERS) FROM t",
            "SELECT sum(a) OVER (ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) FROM t",
            "SELECT sum(a) OVER (ORDER BY a GROUPS 1 PRECEDING EXCLUDE TIES) FROM t",
            "SELECT \"isnull\", materialized FROM t",
        ] {
            assert_eq!(validate(sql).refusal, None, "{sql}");
        }
        let search = validate("SELECT * FROM notes('hello')").refusal.unwrap();
        assert!(search.hint.unwrap().contains("MATCH"));
    }

    #[test]
    fn takes_what_analysts_write() {
        for sql in [
            "SELECT 1",
            "select a, count(*) from t group by a having count(*) > 1 order by 2 desc limit 5;",
            "WITH x AS (SELECT 1 AS a) SELECT * FROM x",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n",
            "VALUES (1, 'a'), (2, 'b')",
            "SELECT a, row_number() OVER (PARTITION BY b ORDER BY c) FROM t -- comment",
            "SELECT json_extract(doc, '$.a') FROM t, json_each(t.doc)",
            "SELECT * FROM \"order\" WHERE name LIKE '%;%' /* ; */ ;;",
            "SELECT strftime('%Y', d), sum(x) FILTER (WHERE x > 0) FROM t GROUP BY 1",
            "SELECT a FROM t UNION SELECT b FROM u EXCEPT SELECT c FROM v",
            "SELECT * FROM pragma_table_info('t')",
        ] {
            assert_eq!(validate(sql).refusal, None, "{sql}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for (sql, expected) in [
            ("", Code::Empty),
            (" ; -- x", Code::Empty),
            ("SELEC 1", Code::Syntax),
            ("SELECT 1 FROM", Code::Syntax),
            ("SELECT 1; DELETE FROM t", Code::MultiStatement),
            ("SELECT 1; !?", Code::MultiStatement),
            ("DELETE FROM t", Code::NotSelect),
            ("PRAGMA journal_mode = DELETE", Code::NotSelect),
            ("ATTACH DATABASE 'x' AS y", Code::NotSelect),
            ("EXPLAIN SELECT 1", Code::NotSelect),
            ("WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x", Code::ModifyingCte),
            ("SELECT load_extension('x')", Code::Function),
            ("SELECT 1 WHERE (SELECT writefile('a', 'b'))", Code::Function),
            ("SELECT * FROM t ORDER BY edit(a)", Code::Function),
            ("SELECT sum(x) OVER (ORDER BY readfile(y)) FROM t", Code::Function),
            ("SELECT fts3_tokenizer('a', x'00')", Code::Function),
            ("SELECT * FROM pragma_journal_mode('delete')", Code::Function),
            ("SELECT * FROM pragma_journal_mode", Code::Relation),
            ("SELECT * FROM sqlite_dbpage", Code::Relation),
            ("SELECT * FROM t WHERE a = ?1", Code::Parameter),
            ("SELECT a INTO u FROM t", Code::SelectInto),
            ("SELECT * FROM t FOR UPDATE", Code::RowLock),
        ] {
            assert_eq!(code(sql), Some(expected), "{sql}");
        }
        let deep = format!("SELECT {}1{}", "(".repeat(500), ")".repeat(500));
        assert_eq!(code(&deep), Some(Code::TooDeep));
        let denied = format!("SELECT {}1", "NOT ".repeat(15_000));
        assert_eq!(code(&denied), Some(Code::TooDeep));
        let cases =
            format!("SELECT {}1{}", "CASE WHEN 1 THEN ".repeat(3_000), " END".repeat(3_000));
        assert_eq!(code(&cases), Some(Code::TooDeep));
        assert_eq!(code(&format!("SELECT '{}'", "x".repeat(70_000))), Some(Code::TooLarge));
    }

    #[test]
    fn says_where() {
        let at = |sql: &str| validate(sql).refusal.and_then(|r| r.position);
        assert_eq!(at("SELECT 'ä',\n readfile('x')"), Some(14));
        assert_eq!(at("SELECT 1;  DROP TABLE t"), Some(12));
        assert_eq!(at("SELECT 1 FROM WHERE"), Some(15));
    }

    #[test]
    fn what_sqlite_itself_may_do() {
        for name in ["LIKE", "count", "->>", "json_extract"] {
            assert!(function_allowed(name), "{name}");
        }
        for name in ["load_extension", "json_patch", "fts3_tokenizer", "writefile", ""] {
            assert!(!function_allowed(name), "{name}");
        }
        assert!(relation_allowed("t") && relation_allowed("pragma_table_info"));
        assert!(!relation_allowed("DBSTAT") && !relation_allowed("pragma_journal_mode"));
        assert!(pragma_allowed("table_info") && pragma_allowed("data_version"));
        assert!(!pragma_allowed("journal_mode") && !pragma_allowed("writable_schema"));
    }

    #[test]
    fn tells_what_is_read() {
        let reads =
            validate("WITH x AS (SELECT * FROM main.t) SELECT upper(a) FROM x JOIN u USING (id)")
                .reads;
        assert_eq!(reads.relations, ["main.t", "u"]);
        assert_eq!(reads.functions, ["upper"]);
    }
}
