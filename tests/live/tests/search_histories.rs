//! Sessions of one tenant that write, roll back, flush, merge and rebuild in random order, under every
//! isolation level: after each step, each of them finds exactly what it can read.
//!
//! A failing history prints its seed and its steps. FLOWAI_HISTORIES says how many histories to run,
//! FLOWAI_HISTORY_SEED where their seeds begin: with FLOWAI_HISTORIES=1 it is that history again.

use std::fmt::Write as _;

use flowai_live::random::{Random, from_environment};
use flowai_live::search::{
    ITEM_TYPES, Question, TAGS, WORDS, answers, complaints, difference, disagreements,
    disagreements_of, statement,
};
use flowai_live::{connect, execute, new_role, new_tenant};
use postgres::error::SqlState;
use postgres::{Client, Error};

/// Histories of an ordinary run.
const HISTORIES: u64 = 40;
/// Steps of a history.
const STEPS: usize = 60;
/// Entries that there may be in a workspace: few, so that sessions meet.
const IDS: usize = 60;

#[test]
fn every_session_finds_what_it_can_read() {
    let count = from_environment("FLOWAI_HISTORIES", HISTORIES);
    let first = from_environment("FLOWAI_HISTORY_SEED", 1);
    // Two at a time: one drives its sessions while the other waits for the server.
    let halves = [0, 1].map(|half| {
        std::thread::spawn(move || (first..first + count).skip(half).step_by(2).map(run).sum())
    });
    let done: Coverage = halves
        .into_iter()
        .map(|half| half.join().unwrap_or_else(|failure| std::panic::resume_unwind(failure)))
        .sum();
    println!("{count} histories: {done:?}");
    // A run that never came to these proves nothing about them.
    if count >= HISTORIES {
        for (what, times) in [
            ("flushes and merges", done.maintained),
            ("rebuilds", done.rebuilt),
            ("conflicts", done.conflicts),
            ("refused for locks", done.blocked),
            ("cursors", done.cursors),
            ("partial rollbacks", done.rolled_back_to),
            ("comparisons of all sessions", done.quiet),
        ] {
            assert!(times > 0, "no {what} in {count} histories");
        }
    }
}

/// How often what happened.
#[derive(Debug, Default)]
struct Coverage {
    searches: usize,
    maintained: usize,
    rebuilt: usize,
    conflicts: usize,
    blocked: usize,
    cursors: usize,
    rolled_back_to: usize,
    quiet: usize,
}

impl std::iter::Sum for Coverage {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |a, b| Self {
            searches: a.searches + b.searches,
            maintained: a.maintained + b.maintained,
            rebuilt: a.rebuilt + b.rebuilt,
            conflicts: a.conflicts + b.conflicts,
            blocked: a.blocked + b.blocked,
            cursors: a.cursors + b.cursors,
            rolled_back_to: a.rolled_back_to + b.rolled_back_to,
            quiet: a.quiet + b.quiet,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Level {
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::ReadCommitted => "READ COMMITTED",
            Self::RepeatableRead => "REPEATABLE READ",
            Self::Serializable => "SERIALIZABLE",
        }
    }
}

/// What a step is about, as far as its outcome depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Writes entries that exist or not.
    Put,
    /// INSERT into the view: the entry may exist.
    Insert,
    Maintain,
    Rebuild,
    Other,
}

struct Session {
    client: Client,
    /// The open transaction's level.
    level: Option<Level>,
    savepoints: usize,
    /// Cursors of the open transaction, each with the number of savepoints when it was declared.
    cursors: Vec<(String, usize)>,
    /// Entries that the open transaction has tried to write: their rows may be locked.
    touched: Vec<usize>,
}

impl Session {
    fn end(&mut self) {
        self.level = None;
        self.savepoints = 0;
        self.cursors.clear();
        self.touched.clear();
    }
}

struct History {
    seed: u64,
    random: Random,
    role: String,
    sessions: Vec<Session>,
    steps: String,
    done: Coverage,
}

fn run(seed: u64) -> Coverage {
    let role = new_role(&[&new_tenant()]);
    let mut random = Random::new(seed);
    let sessions = (0..random.between(2, 4)).map(|_| session(&role)).collect();
    let mut history =
        History { seed, random, role, sessions, steps: String::new(), done: Coverage::default() };
    for n in 0..history.sessions.len() {
        history.settings(n);
    }
    for _ in 0..STEPS {
        history.step();
        for n in 0..history.sessions.len() {
            history.check(n);
        }
        history.compare_sessions();
    }
    for n in 0..history.sessions.len() {
        if history.sessions[n].level.is_some() {
            history.finish(n, "COMMIT");
        }
        history.check(n);
    }
    history.compare_sessions();
    history.done
}

fn session(role: &str) -> Session {
    let mut client = connect(role);
    // One thread drives all sessions, so a step that waits for another session waits for ever.
    execute(&mut client, "SET lock_timeout = '50ms'");
    Session { client, level: None, savepoints: 0, cursors: Vec::new(), touched: Vec::new() }
}

impl History {
    fn fail(&self, message: &str) -> ! {
        panic!(
            "{message}\n\nFLOWAI_HISTORY_SEED={} FLOWAI_HISTORIES=1; its steps:\n{}",
            self.seed, self.steps
        )
    }

    fn log(&mut self, n: usize, sql: &str) {
        writeln!(self.steps, "s{n}: {sql};").expect("a string takes everything");
    }

    /// Small thresholds, so that flushes and merges happen all the time.
    fn settings(&mut self, n: usize) {
        let rows = self.random.between(1, 20);
        let cache = *self.random.pick(&[1, 64]);
        self.plain(n, &format!("SET flowai.search_flush_rows = {rows}"));
        self.plain(n, &format!("SET flowai.search_cache_mb = {cache}"));
    }

    /// A statement that cannot fail.
    fn plain(&mut self, n: usize, sql: &str) {
        self.log(n, sql);
        if let Err(error) = self.sessions[n].client.batch_execute(sql) {
            self.fail(&format!("s{n}: {sql}: {error:?}"));
        }
    }

    fn step(&mut self) {
        let n = self.random.below(self.sessions.len());
        let open = self.sessions[n].level.is_some();
        match self.random.below(100) {
            0..30 if !open => {
                let level = *self.random.pick(&[
                    Level::ReadCommitted,
                    Level::RepeatableRead,
                    Level::Serializable,
                ]);
                self.plain(n, &format!("BEGIN ISOLATION LEVEL {}", level.name()));
                self.sessions[n].level = Some(level);
            }
            0..5 if !self.sessions[n].cursors.is_empty() => self.fetch(n),
            0..5 => self.finish(n, "COMMIT"),
            5..8 => self.finish(n, "ROLLBACK"),
            8..17 => {
                let name = self.sessions[n].savepoints;
                self.plain(n, &format!("SAVEPOINT s{name}"));
                self.sessions[n].savepoints += 1;
            }
            17..24 if self.sessions[n].savepoints > 0 => self.roll_back_to(n),
            24..26 if self.sessions[n].savepoints > 0 => {
                self.sessions[n].savepoints -= 1;
                let name = self.sessions[n].savepoints;
                self.plain(n, &format!("RELEASE s{name}"));
                for (_, depth) in &mut self.sessions[n].cursors {
                    *depth = (*depth).min(name);
                }
            }
            26..34 if open => self.declare(n),
            34..42 if !self.sessions[n].cursors.is_empty() => self.fetch(n),
            42..45 => self.settings(n),
            45..48 => {
                let workspace = *self.random.pick(&["default", "default", "other"]);
                self.plain(n, &format!("SET flowai.workspace = '{workspace}'"));
            }
            48..51 => self.reconnect(n),
            51..58 => {
                if self.attempt(n, Kind::Maintain, &[], "SELECT * FROM flowai.search_maintain()") {
                    self.done.maintained += 1;
                }
            }
            58..61 => {
                if self.attempt(n, Kind::Rebuild, &[], "SELECT flowai.search_rebuild()") {
                    self.done.rebuilt += 1;
                }
            }
            61..71 => {
                let count = self.random.between(1, 6);
                let ids = self.ids(count);
                let list = ids.iter().map(|id| format!("e:{id}")).collect::<Vec<_>>().join(",");
                let sql = format!("SELECT count(*) FROM flowai.catalog_delete('{{{list}}}')");
                self.attempt(n, Kind::Put, &ids, &sql);
            }
            71..75 => {
                let ids = self.ids(3);
                let content = self.content();
                let sql = format!(
                    "UPDATE flowai.catalog SET content = '{content}' WHERE id IN ({})",
                    quoted(&ids)
                );
                self.attempt(n, Kind::Put, &ids, &sql);
            }
            75..77 => {
                let ids = self.ids(2);
                let sql = format!("DELETE FROM flowai.catalog WHERE id IN ({})", quoted(&ids));
                self.attempt(n, Kind::Put, &ids, &sql);
            }
            77..80 => {
                let ids = self.ids(1);
                let sql = format!(
                    "INSERT INTO flowai.catalog (id, item_type, name, content) VALUES ('e:{}', 'table', 'entry', '{}')",
                    ids[0],
                    self.content()
                );
                self.attempt(n, Kind::Insert, &ids, &sql);
            }
            80..83 => {
                // A subtransaction that fails inside of a statement.
                let ids = self.ids(3);
                let sql = format!(
                    "DO $$ BEGIN PERFORM {}; PERFORM count(*) FROM flowai.search_catalog('{}'); RAISE 'no'; \
                     EXCEPTION WHEN raise_exception THEN NULL; END $$",
                    self.put(&ids),
                    WORDS[0]
                );
                self.attempt(n, Kind::Put, &ids, &sql);
            }
            83..86 => {
                // All of one item type, less some and with some others.
                let item_type = ITEM_TYPES[2];
                let kept = self.ids(8);
                let sql = format!(
                    "SELECT count(*) FROM flowai.catalog_replace({}, item_type => '{item_type}')",
                    self.json(&kept, Some(item_type))
                );
                // Whatever else has the type is deleted, so any row may be met.
                let all: Vec<usize> = (0..IDS).collect();
                self.attempt(n, Kind::Put, &all, &sql);
            }
            86..90 => {
                // Both see what was there when the statement began.
                let ids = self.ids(4);
                let put = self.put(&ids);
                let questions: Vec<Question> =
                    (0..4).map(|_| Question::random(&mut self.random)).collect();
                let sql = format!(
                    "WITH written AS MATERIALIZED (SELECT {put}) SELECT c.* FROM written, ({}) c",
                    statement(&questions)
                );
                if let Some(wrong) = self.attempt_with(n, Kind::Put, &ids, &sql, disagreements_of) {
                    self.judge(n, Ok(wrong));
                }
            }
            at => {
                // One, few, or more than make a segment at once.
                let count = match at {
                    97..100 => self.random.between(20, 40),
                    93..97 => self.random.between(4, 10),
                    // What was to happen in a transaction, and none is open, ends here as well.
                    _ => self.random.between(1, 3),
                };
                let ids = self.ids(count);
                let sql = format!("SELECT {}", self.put(&ids));
                self.attempt(n, Kind::Put, &ids, &sql);
            }
        }
    }

    fn ids(&mut self, count: usize) -> Vec<usize> {
        let mut ids: Vec<usize> = (0..count).map(|_| self.random.below(IDS)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    fn content(&mut self) -> String {
        let words: Vec<&str> =
            (0..self.random.below(6)).map(|_| *self.random.pick(&WORDS)).collect();
        words.join(" ")
    }

    fn json(&mut self, ids: &[usize], item_type: Option<&str>) -> String {
        let rows: Vec<String> = ids
            .iter()
            .map(|id| {
                let item_type = item_type.unwrap_or_else(|| *self.random.pick(&ITEM_TYPES));
                let tag = *self.random.pick(&TAGS);
                format!("('e:{id}', '{item_type}', '{tag}', '{}')", self.content())
            })
            .collect();
        format!(
            "(SELECT jsonb_agg(jsonb_build_object('id', i, 'itemType', t, 'name', 'entry', \
             'tags', jsonb_build_array(g), 'content', c)) FROM (VALUES {}) v(i, t, g, c))",
            rows.join(", ")
        )
    }

    fn put(&mut self, ids: &[usize]) -> String {
        format!("count(*) FROM flowai.catalog_put({})", self.json(ids, None))
    }

    /// A statement that other sessions may stand in the way of. Tells whether it succeeded; where it
    /// did not, the session is usable again.
    fn attempt(&mut self, n: usize, kind: Kind, ids: &[usize], sql: &str) -> bool {
        self.attempt_with(n, kind, ids, sql, |client, sql| client.batch_execute(sql)).is_some()
    }

    fn attempt_with<T>(
        &mut self,
        n: usize,
        kind: Kind,
        ids: &[usize],
        sql: &str,
        run: fn(&mut Client, &str) -> Result<T, Error>,
    ) -> Option<T> {
        self.log(n, sql);
        let level = self.sessions[n].level;
        if level.is_some() {
            self.sessions[n].touched.extend(ids);
        }
        let error = match run(&mut self.sessions[n].client, sql) {
            Ok(done) => return Some(done),
            Err(error) => error,
        };
        let others_have_it = self
            .sessions
            .iter()
            .enumerate()
            .any(|(m, other)| m != n && other.touched.iter().any(|id| ids.contains(id)));
        let legal = match code(&error) {
            // Whoever keeps one snapshot may find that the row has changed meanwhile.
            SqlState::T_R_SERIALIZATION_FAILURE => {
                self.done.conflicts += 1;
                level.is_some_and(|level| level != Level::ReadCommitted)
            }
            // Only another writer of the same entries may be waited for.
            SqlState::LOCK_NOT_AVAILABLE => {
                self.done.blocked += 1;
                others_have_it
            }
            SqlState::UNIQUE_VIOLATION => kind == Kind::Insert,
            SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE => kind == Kind::Rebuild,
            _ => false,
        };
        if !legal {
            self.fail(&format!("s{n}: {sql}: {error:?}"));
        }
        self.recover(n, &error);
        None
    }

    /// After an error: back to a savepoint if there is one, else out of the transaction.
    fn recover(&mut self, n: usize, error: &Error) {
        writeln!(self.steps, "-- {}", code(error).code()).expect("a string takes everything");
        if self.sessions[n].savepoints > 0 && self.random.percent(50) {
            self.roll_back_to(n);
        } else if self.sessions[n].level.is_some() {
            self.finish(n, "ROLLBACK");
        }
    }

    fn roll_back_to(&mut self, n: usize) {
        let name = self.random.below(self.sessions[n].savepoints);
        self.plain(n, &format!("ROLLBACK TO s{name}"));
        let session = &mut self.sessions[n];
        session.savepoints = name + 1;
        session.cursors.retain(|(_, depth)| *depth <= name);
        self.done.rolled_back_to += 1;
    }

    fn finish(&mut self, n: usize, how: &str) {
        self.log(n, how);
        let level = self.sessions[n].level;
        if let Err(error) = self.sessions[n].client.batch_execute(how) {
            if level != Some(Level::Serializable)
                || code(&error) != SqlState::T_R_SERIALIZATION_FAILURE
            {
                self.fail(&format!("s{n}: {how}: {error:?}"));
            }
            self.done.conflicts += 1;
            writeln!(self.steps, "-- 40001").expect("a string takes everything");
        }
        self.sessions[n].end();
    }

    /// The same role with cold caches.
    fn reconnect(&mut self, n: usize) {
        if self.sessions[n].level.is_some() {
            self.finish(n, "ROLLBACK");
        }
        self.log(n, "\\connect -- SET lock_timeout = '50ms'");
        self.sessions[n] = session(&self.role);
        self.settings(n);
    }

    /// A cursor keeps the snapshot of its declaration, whatever its own session does later.
    fn declare(&mut self, n: usize) {
        let name = format!("c{}", self.steps.len());
        let questions: Vec<Question> = (0..4).map(|_| Question::random(&mut self.random)).collect();
        let sql = format!("DECLARE {name} CURSOR FOR {}", statement(&questions));
        if self.attempt(n, Kind::Other, &[], &sql) {
            let depth = self.sessions[n].savepoints;
            self.sessions[n].cursors.push((name, depth));
        }
    }

    fn fetch(&mut self, n: usize) {
        let at = self.random.below(self.sessions[n].cursors.len());
        let (name, _) = self.sessions[n].cursors.swap_remove(at);
        self.log(n, &format!("FETCH ALL FROM {name}"));
        let result =
            disagreements_of(&mut self.sessions[n].client, &format!("FETCH ALL FROM {name}"));
        self.done.cursors += 1;
        self.judge(n, result);
    }

    fn check(&mut self, n: usize) {
        let mut questions = if self.random.percent(20) {
            Question::every_word()
        } else {
            (0..4).map(|_| Question::word(self.random.pick::<&str>(&WORDS))).collect()
        };
        questions.extend((0..3).map(|_| Question::random(&mut self.random)));
        self.done.searches += questions.len();
        let mut result = disagreements(&mut self.sessions[n].client, &questions);
        if result.as_ref().is_ok_and(|wrong| wrong.is_empty()) && self.random.percent(20) {
            result = complaints(&mut self.sessions[n].client);
        }
        self.judge(n, result);
    }

    fn judge(&mut self, n: usize, result: Result<Vec<String>, Error>) {
        match result {
            Ok(wrong) if wrong.is_empty() => {}
            Ok(wrong) => {
                self.fail(&format!("s{n} finds something else than it can read:\n{wrong:#?}"))
            }
            Err(error) => {
                let serializable = self.sessions[n].level == Some(Level::Serializable);
                if !serializable || code(&error) != SqlState::T_R_SERIALIZATION_FAILURE {
                    self.fail(&format!("s{n}: search: {error:?}"));
                }
                self.done.conflicts += 1;
                self.recover(n, &error);
            }
        }
    }

    /// Where no transaction is open, all sessions and a new one must say the same to the last bit,
    /// whatever is in their caches.
    fn compare_sessions(&mut self) {
        if self.sessions.iter().any(|session| session.level.is_some()) || self.random.percent(50) {
            return;
        }
        let mut newcomer = session(&self.role);
        for workspace in ["default", "other"] {
            execute(&mut newcomer.client, &format!("SET flowai.workspace = '{workspace}'"));
            let expected = answers(&mut newcomer.client);
            for n in 0..self.sessions.len() {
                let client = &mut self.sessions[n].client;
                let of_session: String =
                    client.query_one("SHOW flowai.workspace", &[]).expect("SHOW").get(0);
                if of_session == workspace
                    && let Some(difference) = difference(&expected, &answers(client))
                {
                    self.fail(&format!("s{n} does not say what a new session says\n{difference}"));
                }
            }
        }
        self.done.quiet += 1;
    }
}

fn code(error: &Error) -> SqlState {
    error.code().unwrap_or_else(|| panic!("not an SQL error: {error:?}")).clone()
}

fn quoted(ids: &[usize]) -> String {
    ids.iter().map(|id| format!("'e:{id}'")).collect::<Vec<_>>().join(", ")
}
