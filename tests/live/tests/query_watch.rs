//! A second session watches while the attacks on read-only SQL run: locks, large objects, sequences, settings,
//! notifications and transactions, as everybody else would see them. It sees nothing; and it does see the same
//! things when they happen.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use flowai_live::{connect, connect_to, execute, new_role, new_tenant, steward, superuser, unique};
use postgres::Client;
use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator;

/// The statements of the attack files that go through the guard name this view; what the files do besides, they do
/// in the open.
const GUARDED: &str = "arena.outcomes";

/// What others could see of the sessions that are in a guarded statement, as words. Sequences keep what they
/// gave out even if nobody commits; a transaction id is there as soon as something is written. The record of
/// refusals has one, so this counts in read-only transactions alone.
const SEEN: &str = "
    WITH guarded AS (
        SELECT a.pid, a.query ~ 'READ ONLY' AS reads FROM pg_stat_activity a
        WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.state = 'active'
          AND position($1 in a.query) > 0)
    SELECT 'guarded' AS what, NULL::integer AS pid FROM guarded
    UNION SELECT 'advisory lock', pid FROM pg_locks l JOIN guarded g USING (pid) WHERE l.locktype = 'advisory' AND l.granted
    UNION SELECT 'lock on ' || l.mode, pid FROM pg_locks l JOIN guarded g USING (pid)
          WHERE l.locktype = 'relation' AND l.mode IN ('RowShareLock', 'ShareLock', 'ExclusiveLock', 'AccessExclusiveLock', 'ShareRowExclusiveLock')
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.relation >= 16384
    UNION SELECT 'large object', NULL FROM pg_largeobject_metadata
    UNION SELECT 'sequence', NULL FROM pg_sequences s WHERE s.schemaname = 'shop' AND s.last_value IS NOT NULL
    UNION SELECT 'setting of ' || r.setrole::regrole, NULL FROM pg_db_role_setting r, unnest(r.setconfig) s
          WHERE s ~ '^(a\\.b|flowai\\.tenant|role)='
            AND r.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION SELECT 'prepared transaction', NULL FROM pg_prepared_xacts WHERE database = current_database()
    UNION SELECT 'replication slot', NULL FROM pg_replication_slots";

/// Which guarded statements run. The server reads locks after it has read who does what, so a lock is one of the
/// statement's only if that still runs afterwards.
const RUNNING: &str = "
    SELECT a.pid, a.query_start::text FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.state = 'active'
      AND position($1 in a.query) > 0";

fn psql(database: &str, file: &Path, sources: &Path) {
    let sockets = std::env::var("FLOWAI_TEST_SOCKET_DIR").expect("the socket's directory");
    let done = Command::new("psql")
        .env("PG_ABS_SRCDIR", sources)
        .args(["-h", &sockets, "-U", "postgres", "-X", "-q", "-d", database, "-f"])
        .arg(file)
        .output()
        .expect("psql");
    assert!(done.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&done.stderr));
}

/// A session that looks again and again until it is told to stop, and then tells what it has seen.
struct Watcher {
    over: Arc<AtomicBool>,
    looked: Arc<AtomicU32>,
    thread: JoinHandle<BTreeSet<String>>,
}

impl Watcher {
    fn start(database: &str, mark: &'static str) -> Self {
        let mut session = connect_to("postgres", database);
        execute(&mut session, "LISTEN x; LISTEN a; LISTEN c");
        let over = Arc::new(AtomicBool::new(false));
        let looked = Arc::new(AtomicU32::new(0));
        let (stop, looks) = (Arc::clone(&over), Arc::clone(&looked));
        let thread = spawn(move || {
            let mut seen = BTreeSet::new();
            while !stop.load(Ordering::Relaxed) {
                seen.extend(Self::look(&mut session, mark));
                looks.fetch_add(1, Ordering::Relaxed);
            }
            seen
        });
        Self { over, looked, thread }
    }

    fn look(session: &mut Client, mark: &str) -> Vec<String> {
        let before = Self::running(session, mark);
        let rows = session.query(SEEN, &[&mark]).expect("look");
        let after = Self::running(session, mark);
        let ran_on = |pid: i32| before.iter().any(|one| one.0 == pid && after.contains(one));
        let sure = rows.iter().filter(|row| row.get::<_, Option<i32>>(1).is_none_or(ran_on));
        let mut seen: Vec<String> = sure.map(|row| row.get(0)).collect();
        let mut notifications = session.notifications();
        let heard = notifications.iter().count().expect("notifications");
        if heard > 0 {
            seen.push("notification".to_owned());
        }
        seen
    }

    fn running(session: &mut Client, mark: &str) -> Vec<(i32, String)> {
        let rows = session.query(RUNNING, &[&mark]).expect("look");
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    fn stop(self) -> BTreeSet<String> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().expect("the watcher")
    }
}

fn database() -> String {
    let name = unique("watched");
    execute(&mut superuser(), &format!("CREATE DATABASE {name} TEMPLATE prepared"));
    name
}

fn drop_database(name: &str) {
    execute(&mut superuser(), &format!("DROP DATABASE {name} WITH (FORCE)"));
}

#[test]
fn nobody_sees_anything_of_the_attacks() {
    let sources = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../attacks"));
    for file in ["readonly_functions", "readonly_own_code", "readonly_rewritten"] {
        let name = database();
        let watcher = Watcher::start(&name, GUARDED);
        psql(&name, &sources.join(format!("sql/{file}.sql")), &sources);
        assert!(watcher.looked.load(Ordering::Relaxed) > 20, "{file}: the watcher hardly looked");
        let seen = watcher.stop();
        assert_eq!(seen, BTreeSet::from(["guarded".to_owned()]), "{file}");
        drop_database(&name);
    }
}

#[test]
fn the_watcher_sees_what_happens() {
    let name = database();
    let mut session = connect_to("postgres", &name);
    execute(
        &mut session,
        "CREATE SCHEMA shop; CREATE SEQUENCE shop.numbers; CREATE TABLE shop.t (i int)",
    );
    let watcher = Watcher::start(&name, "in the open");
    for act in [
        "SELECT pg_advisory_lock(1), pg_sleep(0.5) /* in the open */",
        "SELECT nextval('shop.numbers')",
        "SELECT lo_create(0)",
        "ALTER ROLE acme_app IN DATABASE current SET a.b = 'c'",
        "NOTIFY x",
        "WITH w AS (SELECT 1 FROM shop.t FOR UPDATE) SELECT pg_sleep(0.5), count(*) FROM w /* in the open */",
    ] {
        execute(&mut session, &act.replace("current", &name));
    }
    let until = Instant::now() + Duration::from_secs(30);
    let before = watcher.looked.load(Ordering::Relaxed);
    while watcher.looked.load(Ordering::Relaxed) < before + 3 && Instant::now() < until {
        sleep(Duration::from_millis(10));
    }
    let seen = watcher.stop();
    for what in [
        "guarded",
        "advisory lock",
        "large object",
        "sequence",
        "setting of acme_app",
        "notification",
        "lock on RowShareLock",
    ] {
        assert!(seen.contains(what), "{what} is not among {seen:?}");
    }
    drop(session);
    drop_database(&name);
}

/// What catches the end of its time again and again is ended with its session.
#[test]
fn nothing_outlives_its_time_for_ever() {
    let tenant = new_tenant();
    let role = new_role(&[&tenant]);
    let function = unique("public.never_ends");
    execute(
        &mut superuser(),
        &format!(
            "CREATE FUNCTION {function}() RETURNS int LANGUAGE plpgsql AS $$
             BEGIN
                 LOOP
                     BEGIN
                         LOOP NULL; END LOOP;
                     EXCEPTION WHEN query_canceled THEN NULL;
                     END;
                 END LOOP;
             END $$"
        ),
    );
    execute(&mut steward(), &format!("SELECT flowai.function_allow('{function}()')"));
    let mut session = connect(&role);
    let ended = session.query_one(
        "SELECT flowai.execute_query($1, 10, '100 ms')",
        &[&format!("SELECT {function}()")],
    );
    // The server says why as it hangs up, and the client may have noticed that first.
    let error = ended.expect_err("the session ends");
    assert!(error.code().is_none_or(|code| *code == SqlState::ADMIN_SHUTDOWN), "{error:?}");
    assert!(session.batch_execute("SELECT 1").is_err());
}
