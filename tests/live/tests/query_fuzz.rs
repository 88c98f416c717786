//! Texts at random against the guard of read-only SQL, with the server's own protocol as the judge.
//!
//! Each text mixes a statement that may run with one that may not, in comments, quotes, escapes and odd
//! characters. Whatever `validate_query` accepts must be one statement to the server, must run in a
//! read-only transaction, and must leave the database as it was; whatever it calls several statements
//! must be several to the server.
//!
//! `FLOWAI_FUZZ_TEXTS` sets how many, `FLOWAI_FUZZ_SEED` repeats a run.

use std::time::{SystemTime, UNIX_EPOCH};

use flowai_live::{connect, execute, new_role, new_tenant, superuser, unique};
use postgres::error::SqlState;
use postgres::{Client, Error};

/// About 15 seconds' worth.
const TEXTS: usize = 15_000;
const BATCH: usize = 250;

#[test]
fn what_is_accepted_is_one_statement_that_changes_nothing() {
    let seed = setting("FLOWAI_FUZZ_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set");
        now.as_nanos() as u64
    });
    let texts = setting("FLOWAI_FUZZ_TEXTS").map_or(TEXTS, |texts| texts as usize);
    println!("FLOWAI_FUZZ_SEED={seed} FLOWAI_FUZZ_TEXTS={texts}");

    let mut arena = Arena::new();
    let mut chance = Chance(seed);
    let mut seen = Seen::default();
    while seen.texts < texts {
        let lax = chance.one_in(4);
        let batch: Vec<String> = (0..BATCH).map(|_| text(&mut chance, &arena.schema)).collect();
        arena.check(&batch, lax, &mut seen);
    }
    println!("{seen:?}");
    arena.check_nothing_changed();
    // A generator that never gets through, or never gets stopped, tests nothing.
    assert!(seen.accepted * 50 > seen.texts, "too few texts were accepted: {seen:?}");
    assert!(seen.several * 50 > seen.texts, "too few texts were several statements: {seen:?}");
    assert!(seen.writing * 50 > seen.texts, "too few texts would have written: {seen:?}");
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

#[derive(Debug, Default)]
struct Seen {
    texts: usize,
    accepted: usize,
    several: usize,
    writing: usize,
}

/// Where the texts are tried: a schema of the attacker's own, which it may write to.
struct Arena {
    schema: String,
    attacker: Client,
    /// The same role in a session with the server's own settings.
    judge: Client,
    superuser: Client,
    before: Vec<String>,
}

impl Arena {
    fn new() -> Self {
        let tenant = new_tenant();
        let role = new_role(&[&tenant]);
        let schema = unique("fuzz");
        let mut superuser = superuser();
        execute(
            &mut superuser,
            &format!(
                "CREATE SCHEMA {schema} AUTHORIZATION {role};
                 SET ROLE {role};
                 CREATE TABLE {schema}.t (id int, note text);
                 INSERT INTO {schema}.t VALUES (1, 'one'), (2, 'two');
                 CREATE SEQUENCE {schema}.s;
                 RESET ROLE"
            ),
        );
        let (attacker, judge) = (connect(&role), connect(&role));
        let mut arena = Self { schema, attacker, judge, superuser, before: Vec::new() };
        arena.before = arena.state();
        arena
    }

    /// What a text could have changed: rows, sequences, large objects, objects, and what the session has.
    fn state(&mut self) -> Vec<String> {
        let schema = &self.schema;
        let database = format!(
            "SELECT concat_ws('|', (SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM {schema}.t t),
                    (SELECT concat(last_value, is_called) FROM {schema}.s),
                    (SELECT count(*) FROM pg_largeobject_metadata),
                    (SELECT count(*) FROM pg_class WHERE relnamespace = '{schema}'::regnamespace),
                    (SELECT count(*) FROM pg_proc WHERE pronamespace = '{schema}'::regnamespace),
                    (SELECT count(*) FROM pg_db_role_setting),
                    (SELECT count(*) FROM pg_namespace WHERE nspname = '{schema}'))"
        );
        let session = "SELECT concat_ws('|', current_user, flowai.current_tenant(),
                    (SELECT md5(string_agg(concat(name, setting), ',' ORDER BY name)) FROM pg_settings
                     WHERE name NOT IN ('standard_conforming_strings', 'escape_string_warning')),
                    current_setting('a.b', true), (SELECT count(*) FROM pg_cursors WHERE name <> ''),
                    (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'),
                    (SELECT count(*) FROM pg_listening_channels()), pg_my_temp_schema())";
        let one = |client: &mut Client, sql: &str| -> String {
            client.query_one(sql, &[]).expect("the state can be read").get(0)
        };
        vec![one(&mut self.superuser, &database), one(&mut self.attacker, session)]
    }

    fn check_nothing_changed(&mut self) {
        let now = self.state();
        assert_eq!(now, self.before, "something has changed");
    }

    /// Tries a batch of texts; `lax`: in a session whose strings have backslash escapes.
    fn check(&mut self, texts: &[String], lax: bool, seen: &mut Seen) {
        let strict = if lax { "off" } else { "on" };
        execute(
            &mut self.attacker,
            &format!("SET escape_string_warning = off; SET standard_conforming_strings = {strict}"),
        );
        let verdicts = self
            .attacker
            .query(
                "SELECT v.code FROM unnest($1::text[]) WITH ORDINALITY AS t(sql, place),
                        flowai.validate_query(t.sql) v ORDER BY t.place",
                &[&texts],
            )
            .unwrap_or_else(|error| panic!("validate_query must not raise: {error:?} {texts:#?}"));
        assert_eq!(verdicts.len(), texts.len());
        for (text, verdict) in texts.iter().zip(verdicts) {
            seen.texts += 1;
            match verdict.get::<_, Option<&str>>(0) {
                None => {
                    seen.accepted += 1;
                    self.check_accepted(text);
                }
                Some("multi_statement") => {
                    seen.several += 1;
                    let error = self.judge.prepare(text).err();
                    let code = error.as_ref().and_then(Error::code);
                    assert_eq!(code, Some(&SqlState::SYNTAX_ERROR), "one statement: {text:?}");
                }
                Some("not_select" | "modifying_cte" | "function") => seen.writing += 1,
                Some(_) => {}
            }
        }
        self.check_nothing_changed();
    }

    fn check_accepted(&mut self, text: &str) {
        // The extended protocol takes one statement.
        let statement = self.judge.prepare(text).unwrap_or_else(|error| {
            panic!("accepted, but the server cannot prepare it: {text:?} {error:?}")
        });
        let mut transaction = self
            .judge
            .build_transaction()
            .read_only(true)
            .start()
            .expect("a read-only transaction");
        if let Err(error) = transaction.query(&statement, &[]) {
            let writes = error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION);
            assert!(!writes, "accepted, but it writes: {text:?}");
        }
        transaction.rollback().expect("rollback");
        let answer = self
            .attacker
            .query_one("SELECT flowai.execute_query($1)::text", &[&text])
            .unwrap_or_else(|error| panic!("execute_query must not raise: {text:?} {error:?}"));
        let answer: String = answer.get(0);
        assert!(
            !answer.contains("read-only violation"),
            "accepted, then refused: {text:?} {answer}"
        );
    }
}

/// Numbers at random that a seed repeats.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const MAY_RUN: &[&str] = &[
    "SELECT 1",
    "SELECT note FROM %.t WHERE id = 1",
    "VALUES (1, 'x')",
    "TABLE %.t",
    "WITH a AS (SELECT 1) SELECT * FROM a",
    "SELECT 'it''s', E'\\'', U&'\\0041', $q$;$q$",
    "SELECT count(*) FROM %.t",
    "(SELECT 1) UNION SELECT 2",
];

const MAY_NOT_RUN: &[&str] = &[
    "DELETE FROM %.t",
    "INSERT INTO %.t VALUES (3, 'three')",
    "UPDATE %.t SET note = ''",
    "TRUNCATE %.t",
    "DROP TABLE %.t",
    "CREATE TABLE %.x ()",
    "SELECT * INTO %.x FROM %.t",
    "SELECT nextval('%.s')",
    "SELECT setval('%.s', 9)",
    "SELECT lo_create(0)",
    "SELECT set_config('a.b', 'c', false)",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_notify('x', 'y')",
    "WITH w AS (DELETE FROM %.t RETURNING 1) SELECT * FROM w",
    "SELECT * FROM %.t FOR UPDATE",
    "COMMIT",
    "ROLLBACK",
    "SET a.b = 'c'",
    "LISTEN x",
    "DO 'BEGIN DELETE FROM %.t; END'",
    "COPY %.t TO STDOUT",
    "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    "ALTER ROLE CURRENT_USER SET work_mem = '1MB'",
];

/// What may open, close, hide or join.
const SCRAPS: &[&str] = &[
    "'",
    "''",
    "\"",
    "\"\"",
    "\\",
    "\\'",
    "\\\\",
    "$$",
    "$a$",
    "$1",
    "$",
    "/*",
    "*/",
    "/",
    "*",
    "--",
    "-",
    "\n",
    "\r",
    "\t",
    "\u{c}",
    " ",
    ";",
    ";",
    "E'",
    "e'",
    "U&'",
    "U&\"",
    "N'",
    "B'",
    "X'",
    " UESCAPE '!'",
    "!0027",
    "\\0027",
    "\\+000027",
    "(",
    ")",
    ",",
    "?a$$",
    "a$$",
    "::text",
    " AS x",
    " UNION ",
    "#",
    "`",
    "\u{a0}",
    "\u{2028}",
    "\u{200b}",
    "\u{feff}",
    "\u{ff1b}",
    "\u{37e}",
    "\u{202e}",
    "\u{1}",
    "\u{7f}",
    "é",
    "SELECT ",
    "1",
];

/// A random text.
fn text(chance: &mut Chance, schema: &str) -> String {
    let good = chance.pick(MAY_RUN);
    let bad = chance.pick(MAY_NOT_RUN);
    let mut out = match chance.below(10) {
        0 => good.to_owned(),
        1 => format!("{good};{bad}"),
        2 => format!("{good}{};{bad}", chance.pick(SCRAPS)),
        3 => format!("{good} {}", hidden(chance, bad)),
        4 => format!("{} {good}", hidden(chance, bad)),
        5 => {
            let place = good.find(' ').unwrap_or(good.len());
            format!("{} {} {}", &good[..place], hidden(chance, bad), &good[place..])
        }
        6 => format!("SELECT {}", quoted(chance, bad)),
        7 => format!("{} {bad}", hidden(chance, good)),
        8 => format!("{good};{};{bad}", hidden(chance, good)),
        _ => format!("{} {} {good} {bad}", hidden(chance, bad), chance.pick(SCRAPS)),
    };
    // Most with a few scraps thrown in anywhere, which is what lexers disagree about.
    if chance.one_in(2) {
        for _ in 0..=chance.below(3) {
            let places: Vec<usize> =
                out.char_indices().map(|(place, _)| place).chain([out.len()]).collect();
            out.insert_str(places[chance.below(places.len())], chance.pick(SCRAPS));
        }
    }
    out.replace('%', schema)
}

/// Something in a comment, of any sort.
fn hidden(chance: &mut Chance, what: &str) -> String {
    match chance.below(6) {
        0 => format!("/* {what} */"),
        1 => format!("/* /* {} */ ; {what} */", chance.pick(SCRAPS)),
        2 => format!("-- {what}\n"),
        3 => format!("-- {}\r{what}\n", chance.pick(SCRAPS)),
        4 => format!("--{}\n;", chance.pick(SCRAPS)),
        _ => format!("/*{}*/{}", chance.pick(SCRAPS), chance.pick(SCRAPS)),
    }
}

/// Something in quotes, of any sort.
fn quoted(chance: &mut Chance, what: &str) -> String {
    let doubled = what.replace('\'', "''");
    match chance.below(8) {
        0 => format!("'{doubled}'"),
        1 => format!("E'{}'", what.replace('\'', "\\'")),
        2 => format!("U&'{doubled}'"),
        3 => format!("U&'{doubled}' UESCAPE '!'"),
        4 => format!("$${what}$$"),
        5 => format!("$tag${}{what}$tag$", chance.pick(SCRAPS)),
        6 => format!("1 AS \"{what}\""),
        _ => format!("'\\'; {what} --'"),
    }
}
