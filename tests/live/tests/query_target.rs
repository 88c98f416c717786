//! Read-only SQL on targets: another server that is slow, hung, gone or hostile, and a SQLite file that
//! somebody else writes.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use flowai_live::{
    backend_pid, connect, execute, new_role, new_tenant, refusal, steward, superuser, threads,
    unique,
};
use postgres::error::SqlState;
use postgres::{Client, Config, NoTls};

/// How long something may take that happens at once on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);

const PASSWORD: &str = "open-sesame-7315";

/// A second cluster, which asks for passwords.
struct Server {
    home: PathBuf,
}

/// Whether this process is root, which may not run a server.
fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id").stdout;
    String::from_utf8_lossy(&id).trim() == "0"
}

/// A program of the server, as the user that may run it. `tests/run.sh` puts these into the path.
fn program(name: &str) -> Command {
    let path = std::env::var_os("PATH").expect("a path");
    let program = std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|program| program.exists())
        .unwrap_or_else(|| panic!("{name} is not in the path"));
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").stdout(Stdio::null());
    command
}

fn succeed(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}

impl Server {
    fn start() -> Self {
        let home = std::env::temp_dir().join(unique("flowai_there"));
        std::fs::create_dir(&home).expect("a new directory");
        if is_root() {
            succeed(Command::new("chown").arg("postgres").arg(&home));
        }
        let password = home.join("password");
        std::fs::write(&password, PASSWORD).expect("write");
        succeed(
            program("initdb")
                .args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8"])
                .args(["--locale=C.UTF-8", "--no-sync"])
                .arg(format!("--pwfile={}", password.display()))
                .arg("-D")
                .arg(home.join("data")),
        );
        std::fs::remove_file(&password).expect("remove");
        std::fs::write(
            home.join("data/postgresql.conf"),
            format!(
                "listen_addresses = ''\nunix_socket_directories = '{}'\nfsync = off\nmax_connections = 20\n",
                home.display()
            ),
        )
        .expect("write");
        let server = Self { home };
        server.control(&["start", "-w", "-l"], true);
        server
    }

    fn control(&self, arguments: &[&str], with_log: bool) {
        let mut command = program("pg_ctl");
        command.arg("-D").arg(self.home.join("data")).args(arguments);
        if with_log {
            command.arg(self.home.join("log"));
        }
        succeed(&mut command);
    }

    fn stop(&self) {
        self.control(&["stop", "-w", "-m", "immediate"], false);
    }

    fn connect(&self) -> Client {
        Config::new()
            .host_path(&self.home)
            .user("postgres")
            .password(PASSWORD)
            .dbname("postgres")
            .connect(NoTls)
            .expect("connect to the second cluster")
    }

    fn postmaster(&self) -> String {
        let file = std::fs::read_to_string(self.home.join("data/postmaster.pid")).expect("it runs");
        file.lines().next().expect("a line").to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut command = program("pg_ctl");
        command.args(["stop", "-m", "immediate", "-D"]).arg(self.home.join("data"));
        let _ = command.stderr(Stdio::null()).status();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

fn signal(name: &str, pid: &str) {
    succeed(Command::new("kill").args([name, pid]));
}

/// What `execute_query` answers.
struct Answer(String, bool);

impl Answer {
    fn of(session: &mut Client, sql: &str, timeout: &str, target: &str) -> Self {
        let row = session
            .query_one(
                "SELECT e::text, e ->> 'code' FROM flowai.execute_query($1, 100, $2::text::interval, $3) AS e",
                &[&sql, &timeout, &target],
            )
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        Self(row.get(0), row.get::<_, Option<String>>(1).is_some())
    }

    fn has(&self, text: &str) -> &Self {
        assert!(self.0.contains(text), "{} has no {text}", self.0);
        self
    }

    fn code(&self, code: &str) -> &Self {
        self.has(&format!("\"code\": \"{code}\""))
    }

    fn rows(&self) -> &Self {
        assert!(!self.1, "{}", self.0);
        self
    }
}

/// Waits until the number of statements that run there is this.
fn wait_for_statements(there: &mut Client, wanted: i64) {
    let started = Instant::now();
    loop {
        let running: i64 = there
            .query_one(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active' AND query ^@ 'FETCH'",
                &[],
            )
            .expect("pg_stat_activity")
            .get(0);
        if running == wanted {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{running} statements run there, not {wanted}");
        sleep(Duration::from_millis(20));
    }
}

/// No statement, no session of ours is left there.
fn wait_until_alone(there: &mut Client) {
    let started = Instant::now();
    loop {
        let sessions: i64 = there
            .query_one("SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader'", &[])
            .expect("pg_stat_activity")
            .get(0);
        if sessions == 0 {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{sessions} sessions are left there");
        sleep(Duration::from_millis(20));
    }
}

const ENDLESS: &str = "SELECT count(*) FROM generate_series(1, 1000000000000)";

#[test]
fn another_server() {
    let server = Server::start();
    let mut there = server.connect();
    execute(
        &mut there,
        &format!(
            "SET password_encryption = 'scram-sha-256';
             CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}';
             CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}';
             CREATE TABLE items (id int PRIMARY KEY, name text);
             INSERT INTO items SELECT i, 'item ' || i FROM generate_series(1, 1000) i;
             CREATE TABLE log (line text);
             CREATE SEQUENCE numbers;
             CREATE VIEW draws AS SELECT nextval('numbers') AS n;
             CREATE FUNCTION touch(i int) RETURNS int LANGUAGE plpgsql STABLE SECURITY DEFINER
                 AS 'BEGIN PERFORM nextval($x$numbers$x$); RETURN i; END';
             CREATE FUNCTION noisy(i int) RETURNS int LANGUAGE plpgsql STABLE
                 AS 'BEGIN RAISE WARNING $x$heard in the log$x$; RETURN i; END';
             GRANT SELECT ON items, draws TO reader;
             GRANT ALL ON log, numbers TO reader"
        ),
    );
    let tenant = new_tenant();
    let role = new_role(&[&tenant]);
    let remote = unique("remote");
    execute(
        &mut superuser(),
        &format!(
            "CREATE EXTENSION IF NOT EXISTS postgres_fdw;
             CREATE SERVER {remote} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{}', dbname 'postgres');
             GRANT USAGE ON FOREIGN SERVER {remote} TO steward;
             CREATE USER MAPPING FOR flowai_owner SERVER {remote} OPTIONS (user 'reader', password '{PASSWORD}')",
            server.home.display()
        ),
    );
    steward()
        .execute(
            "SELECT flowai.query_target_define($1, 'there', 'postgres', $2)",
            &[&tenant, &remote],
        )
        .expect("define");
    let mut session = connect(&role);
    let session = &mut session;
    let pid = backend_pid(session);

    // Rows, and the limits of rows, values and results.
    Answer::of(session, "SELECT * FROM items ORDER BY id LIMIT 1", "20 s", "there")
        .rows()
        .has("\"name\": \"item 1\"");
    Answer::of(session, "SELECT id FROM items", "20 s", "there")
        .rows()
        .has("\"row_count\": 100,")
        .has("\"truncated\": true");
    Answer::of(session, "SELECT repeat('x', 2000000)", "20 s", "there").code("54000");
    // So large a value is not even taken in.
    Answer::of(session, "SELECT repeat('x', 50000000)", "20 s", "there")
        .code("54000")
        .has("the result has more than");
    Answer::of(session, "SELECT repeat('x', 900000) FROM items", "20 s", "there").code("54000");
    Answer::of(session, "SELECT noisy(1)", "20 s", "there").rows();

    // What would write is refused there, whatever it says of itself.
    Answer::of(session, "SELECT n FROM draws", "20 s", "there").code("relation");
    Answer::of(session, "SELECT touch(1)", "20 s", "there").code("25006");
    for sql in ["SELECT 1; DELETE FROM log", "COMMIT; DELETE FROM log", "SELECT 1; SELECT 2"] {
        Answer::of(session, sql, "20 s", "there").code("multi_statement");
    }

    // Time.
    Answer::of(session, ENDLESS, "300 ms", "there").code("57014");
    wait_until_alone(&mut there);
    execute(session, "SET statement_timeout = '300 ms'");
    let outcome = session.query("SELECT flowai.execute_query($1, target => 'there')", &[&ENDLESS]);
    assert_eq!(refusal(outcome), SqlState::QUERY_CANCELED);
    execute(session, "RESET statement_timeout");
    wait_until_alone(&mut there);

    // A cancel request ends the statement here at once, and there because nobody waits for it.
    let (canceler_role, target_role) = (role.clone(), role.clone());
    let running = spawn(move || {
        let mut other = connect(&target_role);
        execute(&mut other, "BEGIN; SAVEPOINT s");
        let outcome =
            other.query("SELECT flowai.execute_query($1, 1, '60 s', 'there')", &[&ENDLESS]);
        assert_eq!(refusal(outcome), SqlState::QUERY_CANCELED);
        execute(&mut other, "ROLLBACK TO s");
        Answer::of(&mut other, "SELECT 'still here'", "20 s", "there").rows();
        execute(&mut other, "COMMIT");
    });
    wait_for_statements(&mut there, 1);
    let cancel = "SELECT bool_and(pg_cancel_backend(pid)) FROM pg_stat_activity
                  WHERE usename = $1 AND pid <> pg_backend_pid() AND query ~ '60 s'";
    let canceled: bool =
        connect(&canceler_role).query_one(cancel, &[&canceler_role]).expect("cancel").get(0);
    assert!(canceled);
    running.join().expect("the canceled session");
    wait_until_alone(&mut there);

    // So does the end of the session here.
    let doomed_role = role.clone();
    let doomed = spawn(move || {
        let mut other = connect(&doomed_role);
        let outcome =
            other.query("SELECT flowai.execute_query($1, 1, '60 s', 'there')", &[&ENDLESS]);
        assert!(outcome.is_err());
    });
    wait_for_statements(&mut there, 1);
    superuser()
        .execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND query ~ '60 s'",
            &[&role],
        )
        .expect("terminate");
    doomed.join().expect("the ended session");
    wait_until_alone(&mut there);

    // Their end is an answer here.
    let cut_role = role.clone();
    let cut = spawn(move || {
        let mut other = connect(&cut_role);
        execute(&mut other, "BEGIN");
        // Its last words may or may not arrive before the connection is found broken.
        let answer = Answer::of(&mut other, ENDLESS, "60 s", "there");
        assert!(["57P01", "08006"].iter().any(|code| answer.0.contains(code)), "{}", answer.0);
        Answer::of(&mut other, "SELECT 'on again'", "20 s", "there").rows();
        execute(&mut other, "COMMIT");
    });
    wait_for_statements(&mut there, 1);
    execute(
        &mut there,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'",
    );
    cut.join().expect("the session that was cut off");

    // A server that hangs costs the time that was given, and no more.
    signal("-STOP", &server.postmaster());
    Answer::of(session, "SELECT 1", "500 ms", "there").code("57014");
    signal("-CONT", &server.postmaster());

    // Wrong or needless passwords, superusers, roles that are not there. Nothing tells who or where.
    let map = |change: &str| {
        execute(
            &mut superuser(),
            &format!("ALTER USER MAPPING FOR flowai_owner SERVER {remote} OPTIONS ({change})"),
        );
    };
    let hidden = |answer: &Answer| {
        for secret in ["wrong-secret-4711", PASSWORD, "reader", "guest", "flowai_there"] {
            assert!(!answer.0.contains(secret), "{} tells {secret}", answer.0);
        }
    };
    map("SET password 'wrong-secret-4711'");
    hidden(Answer::of(session, "SELECT 1", "20 s", "there").code("28P01"));
    map(&format!("SET user 'no_such_role', SET password '{PASSWORD}'"));
    hidden(Answer::of(session, "SELECT 1", "20 s", "there").code("28P01"));
    map("SET user 'postgres'");
    hidden(Answer::of(session, "SELECT 1", "20 s", "there").code("target"));
    let hba = server.home.join("data/pg_hba.conf");
    std::fs::write(&hba, "local all guest trust\nlocal all all scram-sha-256\n").expect("write");
    execute(&mut there, "SELECT pg_reload_conf()");
    map("SET user 'guest'");
    let started = Instant::now();
    loop {
        // The postmaster reads its file a moment later.
        let answer = Answer::of(session, "SELECT 1", "20 s", "there");
        hidden(&answer);
        if answer.0.contains("without the password") {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{}", answer.0);
        sleep(Duration::from_millis(20));
    }
    map("SET user 'reader'");
    let shown: i64 = session
        .query_one("SELECT count(*) FROM pg_user_mappings WHERE umoptions IS NOT NULL", &[])
        .expect("pg_user_mappings")
        .get(0);
    assert_eq!(shown, 0, "user mappings are shown to a tenant");

    // A dead server is an answer, and the transaction goes on.
    execute(session, "BEGIN");
    session.query("SELECT flowai.kv_put('n', 'k', '1')", &[]).expect("kv_put");
    drop(there);
    server.stop();
    hidden(Answer::of(session, "SELECT 1", "20 s", "there").code("08001"));
    execute(session, "COMMIT");
    let kept: i64 = session
        .query_one("SELECT count(*) FROM flowai.kv_get('n', 'k')", &[])
        .expect("kv_get")
        .get(0);
    assert_eq!(kept, 1);

    assert_eq!(threads(pid), 1);
    let sockets = std::env::var("FLOWAI_TEST_SOCKET_DIR").expect("the socket's directory");
    let log = std::fs::read_to_string(Path::new(&sockets).join("log")).expect("the server's log");
    for secret in ["wrong-secret-4711", PASSWORD, "heard in the log"] {
        assert!(!log.contains(secret), "the log tells {secret}");
    }
    execute(&mut superuser(), &format!("DROP SERVER {remote} CASCADE"));
}

/// A program that has the file open and does what it is told.
struct Writer(Child, BufReader<std::process::ChildStdout>);

impl Writer {
    fn start(file: &Path) -> Self {
        let script = "import sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
for line in sys.stdin:
    c.execute(line)
    print(line, flush=True)";
        let mut child = Command::new("python3")
            .args(["-c", script])
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        Self(child, output)
    }

    fn run(&mut self, sql: &str) {
        let input = self.0.stdin.as_mut().expect("its input");
        writeln!(input, "{sql}").expect("write");
        let mut line = String::new();
        self.1.read_line(&mut line).expect("read");
        assert!(line.starts_with(sql), "{sql} failed");
        line.clear();
        self.1.read_line(&mut line).expect("read");
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[test]
fn a_file_that_others_write() {
    let sockets = std::env::var("FLOWAI_TEST_SOCKET_DIR").expect("the socket's directory");
    let lake = Path::new(&sockets).join(unique("lake"));
    std::fs::create_dir(&lake).expect("a new directory");
    let tenant = new_tenant();
    let role = new_role(&[&tenant]);
    let mut writers: Vec<Writer> =
        ["log.db", "plain.db"].iter().map(|file| Writer::start(&lake.join(file))).collect();
    writers[0].run("PRAGMA journal_mode = WAL");
    for writer in &mut writers {
        writer.run("CREATE TABLE t (a)");
        writer.run("INSERT INTO t VALUES (1)");
    }
    let mut superuser = superuser();
    // A setting of a library that is not loaded yet can only be set by name.
    execute(&mut superuser, "SELECT flowai.whoami()");
    for who in [&role, "steward"] {
        execute(
            &mut superuser,
            &format!("ALTER ROLE {who} SET flowai.sqlite_directories = '{}'", lake.display()),
        );
    }
    for file in ["log", "plain"] {
        steward()
            .execute(
                "SELECT flowai.query_target_define($1, $2, 'sqlite', $3)",
                &[&tenant, &file, &lake.join(format!("{file}.db")).to_str().expect("a path")],
            )
            .expect("define");
    }
    let mut session = connect(&role);
    let session = &mut session;
    let pid = backend_pid(session);
    let sum = "SELECT sum(a) AS sum FROM t";
    for file in ["log", "plain"] {
        Answer::of(session, sum, "20 s", file).rows().has("\"sum\": 1");
    }
    // Each statement sees what is committed, and nothing else.
    for writer in &mut writers {
        writer.run("BEGIN IMMEDIATE");
        writer.run("INSERT INTO t VALUES (10)");
    }
    for file in ["log", "plain"] {
        Answer::of(session, sum, "20 s", file).rows().has("\"sum\": 1");
    }
    for writer in &mut writers {
        writer.run("COMMIT");
    }
    for file in ["log", "plain"] {
        Answer::of(session, sum, "20 s", file).rows().has("\"sum\": 11");
    }
    // Who writes a file without a log keeps readers out: they wait, as long as they may.
    writers[1].run("BEGIN EXCLUSIVE");
    Answer::of(session, sum, "200 ms", "plain").code("57014");
    writers[1].run("COMMIT");
    Answer::of(session, sum, "20 s", "plain").rows().has("\"sum\": 11");
    // Readers keep nobody out afterwards.
    for writer in &mut writers {
        writer.run("BEGIN EXCLUSIVE");
        writer.run("INSERT INTO t VALUES (100)");
        writer.run("COMMIT");
    }
    // A cancel request ends SQLite's work. One message, so that the request cannot come between two.
    let target_role = role.clone();
    let running = spawn(move || {
        let mut other = connect(&target_role);
        execute(&mut other, "BEGIN; SAVEPOINT s");
        let outcome = other.batch_execute(
            "SELECT flowai.execute_query('WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n)
                                          SELECT count(*) FROM n', 1, '60 s', 'log')",
        );
        assert_eq!(refusal(outcome), SqlState::QUERY_CANCELED);
        execute(&mut other, "ROLLBACK TO s");
        Answer::of(&mut other, "SELECT sum(a) AS sum FROM t", "20 s", "log").rows().has("111");
        execute(&mut other, "COMMIT");
    });
    let started = Instant::now();
    loop {
        let canceled: i64 = session
            .query_one(
                "SELECT count(*) FILTER (WHERE pg_cancel_backend(pid)) FROM pg_stat_activity
                 WHERE usename = current_user AND pid <> pg_backend_pid() AND state = 'active' AND query ~ '60 s'",
                &[],
            )
            .expect("cancel")
            .get(0);
        if canceled > 0 {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "the statement does not run");
        sleep(Duration::from_millis(20));
    }
    running.join().expect("the canceled session");
    assert_eq!(threads(pid), 1);
    drop(writers);
    // The writer is gone, and its log with it.
    Answer::of(session, sum, "20 s", "log").rows().has("\"sum\": 111");
    let mut left: Vec<String> = std::fs::read_dir(&lake)
        .expect("the directory")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["log.db", "plain.db"], "something is left beside the files");
    execute(&mut superuser, "ALTER ROLE steward RESET flowai.sqlite_directories");
    std::fs::remove_dir_all(&lake).expect("remove");
}
