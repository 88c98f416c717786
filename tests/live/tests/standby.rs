//! A hot standby of the test cluster: searches and other reads there say what the primary says, at every
//! moment of its replay, until it is promoted and goes its own way; every write is refused.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use flowai_live::search::{Question, answers, difference, disagreements, entries, layout};
use flowai_live::{connect, connect_at, execute, new_role, new_tenant, refusal, superuser, unique};
use postgres::Client;
use postgres::error::SqlState;

/// How long the standby may take to follow.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server of its own, which goes with all its files when this value goes.
struct Standby {
    place: PathBuf,
    /// The user and the group who own the cluster's files.
    owner: (String, String),
}

impl Standby {
    /// A streaming copy of the cluster that the tests run on.
    fn of(primary: &mut Client) -> Self {
        let data: String = primary.query_one("SHOW data_directory", &[]).expect("SHOW").get(0);
        let sockets: String =
            primary.query_one("SHOW unix_socket_directories", &[]).expect("SHOW").get(0);
        let files = std::fs::metadata(&data).expect("the data directory");
        let owner = (files.uid().to_string(), files.gid().to_string());
        // Short, because the path of a socket ends at 107 bytes.
        let place = std::env::temp_dir().join(unique("flowai-standby"));
        let standby = Self { place, owner };
        std::fs::create_dir(&standby.place).expect("a directory for the standby");
        let given = Command::new("chown").arg(&standby.owner.0).arg(&standby.place).status();
        assert!(given.expect("chown runs").success(), "the directory is the server's");
        standby.run(
            "pg_basebackup",
            &[
                "-h",
                &sockets,
                "-U",
                "postgres",
                "-R",
                "-X",
                "stream",
                "-c",
                "fast",
                "-D",
                &standby.data(),
            ],
        );
        // Searches here are never cancelled for the sake of the replay.
        let options = format!(
            "-c unix_socket_directories={} -c shared_buffers=32MB -c max_standby_streaming_delay=-1",
            standby.place.display()
        );
        let log = standby.place.join("log").display().to_string();
        standby.run("pg_ctl", &["start", "-w", "-D", &standby.data(), "-l", &log, "-o", &options]);
        standby
    }

    fn data(&self) -> String {
        self.place.join("data").display().to_string()
    }

    fn connect(&self, role: &str) -> Client {
        connect_at(&self.place, role)
    }

    fn promote(&self) {
        self.run("pg_ctl", &["promote", "-w", "-D", &self.data()]);
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let output = self.command(program, arguments).output();
        let done = output.unwrap_or_else(|error| panic!("{program}: {error}"));
        assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// A program of the server, as the user who owns its files: root may not start a server.
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let path = std::env::var_os("PATH").expect("a path");
        let program = std::env::split_paths(&path)
            .map(|directory| directory.join(program))
            .find(|file| file.exists())
            .unwrap_or_else(|| panic!("{program} is not in the path; run tests/run.sh live"));
        let me = std::fs::metadata("/proc/self").expect("this process").uid().to_string();
        let mut command = if me == self.owner.0 {
            Command::new(program)
        } else {
            let mut command = Command::new("setpriv");
            let (user, group) = &self.owner;
            command.args(["--reuid", user, "--regid", group, "--clear-groups", "--"]).arg(program);
            command
        };
        command.args(arguments).current_dir("/").env_remove("RUST_BACKTRACE");
        command
    }

    /// Waits until everything that the primary has done is here.
    fn follow(&self, primary: &mut Client) {
        let written: String = primary
            .query_one("SELECT pg_current_wal_insert_lsn()::text", &[])
            .expect("position")
            .get(0);
        let mut observer = self.connect("postgres");
        let deadline = Instant::now() + PATIENCE;
        while !observer
            .query_one("SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", &[&written])
            .expect("position")
            .get::<_, bool>(0)
        {
            assert!(Instant::now() < deadline, "the standby does not follow");
            sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        if Path::new(&self.data()).exists() {
            let stopped =
                self.command("pg_ctl", &["stop", "-m", "immediate", "-D", &self.data()]).output();
            drop(stopped);
        }
        if let Err(error) = std::fs::remove_dir_all(&self.place) {
            eprintln!("{} is left over: {error}", self.place.display());
        }
    }
}

#[track_caller]
fn assert_same(before: &[String], after: &[String]) {
    if let Some(difference) = difference(before, after) {
        panic!("{difference}");
    }
}

fn put(client: &mut Client, entries: &str) {
    execute(client, &format!("SELECT count(*) FROM flowai.catalog_put({entries})"));
}

#[test]
fn a_standby_finds_what_the_primary_finds() {
    let tenant = new_tenant();
    let role = new_role(&[&tenant]);
    let mut primary = connect(&role);
    let mut superuser = superuser();
    put(&mut primary, &entries(1, 800));
    put(&mut primary, &entries(2001, 100));
    put(&mut primary, &entries(1, 20).replace("'entry '", "'other entry '"));
    let (segments, delta, dead) = layout(&mut superuser, &tenant);
    assert!(segments > 0 && delta > 0 && dead > 0, "{segments} {delta} {dead}");

    let standby = Standby::of(&mut superuser);
    standby.follow(&mut superuser);
    let mut reader = standby.connect(&role);
    let recovering: bool =
        reader.query_one("SELECT pg_is_in_recovery()", &[]).expect("state").get(0);
    assert!(recovering);
    assert_same(&answers(&mut primary), &answers(&mut reader));
    assert_eq!(disagreements(&mut reader, &Question::every_word()).expect("search"), [""; 0]);

    writes_are_refused(&mut reader);
    assert_same(&answers(&mut primary), &answers(&mut reader));

    searches_agree_during_the_replay(&standby, &role, &mut primary);
    standby.follow(&mut superuser);
    assert_same(&answers(&mut primary), &answers(&mut reader));
    assert_same(&answers(&mut primary), &answers(&mut standby.connect(&role)));

    standby.promote();
    // Sessions from before the promotion, with what they hold in memory, and new ones.
    let before = answers(&mut reader);
    execute(&mut reader, "SET flowai.search_flush_rows = 5");
    for first in (3000..3100).step_by(3) {
        put(&mut reader, &entries(first, 3));
    }
    execute(&mut reader, "SELECT count(*) FROM flowai.catalog_delete('{e:1,e:2001,e:3001}')");
    execute(&mut reader, "SELECT * FROM flowai.search_maintain()");
    for session in [&mut reader, &mut standby.connect(&role)] {
        assert_eq!(disagreements(session, &Question::every_word()).expect("search"), [""; 0]);
    }
    execute(&mut reader, "SELECT flowai.search_rebuild()");
    assert_eq!(disagreements(&mut reader, &Question::every_word()).expect("search"), [""; 0]);
    // The primary knows nothing of it.
    assert_same(&before, &answers(&mut primary));
}

fn writes_are_refused(reader: &mut Client) {
    for write in [
        "SELECT * FROM flowai.catalog_put('[{\"id\": \"e:1\", \"itemType\": \"table\", \"name\": \"x\"}]')",
        "SELECT * FROM flowai.catalog_replace('[]', item_type => 'table')",
        "SELECT * FROM flowai.catalog_delete('{e:1}')",
        "INSERT INTO flowai.catalog (id, item_type, name) VALUES ('e:0', 'table', 'x')",
        "UPDATE flowai.catalog SET content = 'x' WHERE id = 'e:1'",
        "DELETE FROM flowai.catalog WHERE id = 'e:1'",
        "SELECT * FROM flowai.search_maintain()",
        "SELECT flowai.search_rebuild()",
    ] {
        let refused = refusal(reader.batch_execute(write));
        assert_eq!(refused, SqlState::READ_ONLY_SQL_TRANSACTION, "{write}");
    }
}

/// Writes, flushes, merges and rebuilds on the primary while the standby searches all the time.
fn searches_agree_during_the_replay(standby: &Standby, role: &str, primary: &mut Client) {
    let done = Arc::new(AtomicBool::new(false));
    let mut old = standby.connect(role);
    execute(&mut old, "BEGIN ISOLATION LEVEL REPEATABLE READ");
    let seen = answers(&mut old);

    let searching = {
        let (done, mut warm, role) = (done.clone(), standby.connect(role), role.to_owned());
        let place = standby.place.clone();
        spawn(move || {
            let mut searches = 0;
            while !done.load(Ordering::Relaxed) {
                let mut cold = connect_at(&place, &role);
                for session in [&mut warm, &mut cold] {
                    let wrong = disagreements(session, &Question::every_word()).expect("search");
                    assert_eq!(wrong, [""; 0], "after {searches} searches");
                    searches += 1;
                }
            }
            searches
        })
    };
    execute(primary, "SET flowai.search_flush_rows = 5");
    for round in 0..40 {
        put(primary, &entries(1 + round * 7, 3).replace("'entry '", "'changed entry '"));
        put(primary, &entries(4000 + round * 3, 3));
        execute(
            primary,
            &format!("SELECT count(*) FROM flowai.catalog_delete('{{e:{}}}')", 1 + round * 11),
        );
        match round % 20 {
            5 => execute(primary, "SELECT * FROM flowai.search_maintain()"),
            10 => put(primary, &entries(5000, 300)),
            15 => execute(primary, "SELECT flowai.search_rebuild()"),
            _ => {}
        }
        assert!(!searching.is_finished(), "a search on the standby was wrong");
    }
    execute(&mut superuser(), "VACUUM");
    done.store(true, Ordering::Relaxed);
    let searches = searching.join().expect("searches on the standby agree");
    assert!(searches > 0);
    // One snapshot is one answer, whatever was replayed meanwhile.
    assert_same(&seen, &answers(&mut old));
    execute(&mut old, "COMMIT");
}

/// Things of every sort on the primary; gives the token of a plan that runs.
fn fill(primary: &mut Client) -> String {
    execute(
        primary,
        r#"SELECT count(*) FROM flowai.kv_put('n', 'a', '{"n": 1}');
           SELECT count(*) FROM flowai.kv_put('n', 'b', '2', ttl => '1 hour');
           SELECT count(*) FROM flowai.kv_put('n', 'brief', '3', ttl => '1 microsecond');
           SELECT flowai.ref_kind_define('k');
           SELECT count(*) FROM flowai.ref_put('k', '[{"x": 1}, {"x": 2}]');
           SELECT count(*) FROM flowai.ref_put('k', '"brief"', ttl => '1 microsecond');
           SELECT flowai.plan_kind_define('k', '{}');
           SELECT count(*) FROM flowai.event_emit('something.happened');
           SELECT count(*) FROM generate_series(1, 3) i JOIN flowai.refs r ON r.expires_at IS NULL, flowai.plan_store('k', 'p' || i, jsonb_build_object(
               'title', 'plan', 'steps', jsonb_build_array(jsonb_build_object('operation', 'o', 'references',
                   jsonb_build_array(jsonb_build_object('kind', r.kind, 'id', r.id))))));
           SELECT state FROM flowai.plan_submit('p1');
           SELECT state FROM flowai.plan_submit('p2');
           SELECT count(*) FROM flowai.approval_inbox a, flowai.approval_decide(a.id, 'granted') WHERE a.subject_id = 'p1';
           SELECT count(*) FROM flowai.approval_request('refund', 'order 7', '{"amount": 7}');
           SELECT revision FROM flowai.data_environment_set('{"target_database_url": "sqlite:/shop.db"}')"#,
    );
    let claim = "SELECT token::text FROM flowai.plan_claim(lease => '1 hour')";
    primary.query_one(claim, &[]).expect("a plan to run").get(0)
}

const READS: [&str; 28] = [
    "SELECT * FROM flowai.kv_get('n', 'a')",
    "SELECT * FROM flowai.kv_get('n', 'brief')",
    "SELECT * FROM flowai.kv_get_many('n', '{b,c,a,brief}')",
    "SELECT * FROM flowai.kv_list('n')",
    "SELECT * FROM flowai.kv_stats()",
    "SELECT * FROM flowai.kv_entries ORDER BY key",
    "SELECT r.id, s.* FROM flowai.refs r, flowai.ref_summary(r.kind, r.id) s ORDER BY r.id",
    "SELECT flowai.ref_resolve(kind, id) FROM flowai.ref_list()",
    "SELECT r.id, g.* FROM flowai.refs r, flowai.ref_get(r.kind, r.id) g ORDER BY r.id",
    "SELECT m.* FROM flowai.ref_resolve_many((SELECT jsonb_agg(jsonb_build_object('kind', kind, 'id', id) ORDER BY id) FROM flowai.refs)) m",
    "SELECT w.* FROM flowai.ref_list('k') r, flowai.ref_rows(r.kind, r.id) w",
    "SELECT * FROM flowai.ref_list()",
    "SELECT * FROM flowai.ref_kinds",
    "SELECT * FROM flowai.plan_get('p1')",
    "SELECT * FROM flowai.plan_list()",
    "SELECT * FROM flowai.plan_history('p1')",
    "SELECT * FROM flowai.plan_inputs('p1')",
    "SELECT * FROM flowai.approval_inbox",
    "SELECT * FROM flowai.approvals ORDER BY subject_id",
    "SELECT * FROM flowai.approval_outbox ORDER BY subject_id",
    "SELECT a.id, g.* FROM flowai.approvals a, flowai.approval_get(a.id) g ORDER BY 1",
    "SELECT w.* FROM flowai.approvals a, flowai.approval_wait(a.id, '1 s') w WHERE a.subject_id = 'p1'",
    "SELECT * FROM flowai.data_environment_get()",
    "SELECT flowai.data_environment_supplies()",
    "SELECT * FROM flowai.event_list()",
    "SELECT * FROM flowai.tools() ORDER BY name",
    r#"SELECT flowai.call_tool('kv_get', '{"namespace": "n", "key": "a"}')"#,
    "SELECT tenant, workspace FROM flowai.whoami()",
];

/// Writes, by the function that they call. Each of them would succeed on the primary.
const WRITES: [(&str, &str); 30] = [
    ("kv_put", "SELECT * FROM flowai.kv_put('n', 'a', '2')"),
    ("kv_put_if_absent", "SELECT * FROM flowai.kv_put_if_absent('n', 'new', '2')"),
    ("kv_put_many", r#"SELECT * FROM flowai.kv_put_many('n', '[{"key": "a", "value": 1}]')"#),
    ("kv_delete", "SELECT flowai.kv_delete('n', 'a')"),
    ("kv_increment", "SELECT * FROM flowai.kv_increment('n', 'b')"),
    ("kv_purge", "SELECT flowai.kv_purge()"),
    ("ref_kind_define", "SELECT flowai.ref_kind_define('other')"),
    ("ref_put", "SELECT * FROM flowai.ref_put('k', '1')"),
    ("ref_put_query", "SELECT * FROM flowai.ref_put_query('k', 'SELECT 1 AS one')"),
    ("ref_delete", "SELECT flowai.ref_delete(kind, id) FROM flowai.ref_list()"),
    ("ref_extend", "SELECT flowai.ref_extend(kind, id) FROM flowai.ref_list()"),
    ("ref_purge", "SELECT flowai.ref_purge()"),
    ("plan_kind_define", "SELECT flowai.plan_kind_define('other', '{}')"),
    (
        "plan_store",
        r#"SELECT * FROM flowai.plan_store('k', 'new', '{"title": "t", "steps": [{"operation": "o"}]}')"#,
    ),
    ("plan_submit", "SELECT * FROM flowai.plan_submit('p3')"),
    ("plan_cancel", "SELECT * FROM flowai.plan_cancel('p3')"),
    ("plan_claim", "SELECT * FROM flowai.plan_claim()"),
    ("plan_heartbeat", "SELECT flowai.plan_heartbeat('p1', 'TOKEN')"),
    ("plan_step_finish", "SELECT flowai.plan_step_finish('p1', 'TOKEN', 1)"),
    ("plan_step_fail", "SELECT flowai.plan_step_fail('p1', 'TOKEN', 1)"),
    ("plan_finish", "SELECT * FROM flowai.plan_finish('p1', 'TOKEN')"),
    ("plan_fail", "SELECT * FROM flowai.plan_fail('p1', 'TOKEN', '1')"),
    (
        "approval_decide",
        "SELECT d.* FROM flowai.approval_inbox a, flowai.approval_decide(a.id, 'granted') d",
    ),
    ("approval_request", "SELECT * FROM flowai.approval_request('refund', 'order 8', '{}')"),
    (
        "approval_withdraw",
        "SELECT flowai.approval_withdraw(id) FROM flowai.approvals WHERE subject_id = 'order 7'",
    ),
    ("data_environment_set", "SELECT * FROM flowai.data_environment_set('{}')"),
    ("plan_reap", "SELECT * FROM flowai.plan_reap()"),
    ("event_emit", "SELECT * FROM flowai.event_emit('something.happened')"),
    ("search_maintain", "SELECT * FROM flowai.search_maintain()"),
    ("search_rebuild", "SELECT flowai.search_rebuild()"),
];

/// Functions that may write and are not in [`WRITES`]: because `writes_are_refused` has them, because what
/// they do is up to their arguments, because they only set a setting, or because they look at what happens meanwhile.
const OTHERS: [&str; 11] = [
    "approval_wait",
    "call_tool",
    "catalog_delete",
    "catalog_put",
    "catalog_replace",
    "execute_query",
    "profile_database",
    "query",
    "query_rows",
    "sample_table_data",
    "use_tenant",
];

#[test]
fn a_standby_reads_everything_and_writes_nothing() {
    let role = new_role(&[&new_tenant()]);
    let mut primary = connect(&role);
    let token = fill(&mut primary);
    let standby = Standby::of(&mut superuser());
    standby.follow(&mut superuser());
    let mut reader = standby.connect(&role);

    let rows = |client: &mut Client, sql: &str| -> Option<String> {
        let sql = format!("SELECT jsonb_agg(to_jsonb(t))::text FROM ({sql}) t");
        client.query_one(&sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
    };
    for read in READS {
        let (here, there) = (rows(&mut primary, read), rows(&mut reader, read));
        assert_eq!(here, there, "{read}");
        assert_eq!(here.is_none(), read.contains("'n', 'brief')"), "{read}");
    }
    let unknown =
        reader.query("SELECT flowai.ref_resolve('k', 'r00000000000000000000000000000000')", &[]);
    assert_eq!(refusal(unknown), SqlState::NO_DATA_FOUND);

    for (name, write) in WRITES {
        let write = write.replace("TOKEN", &token);
        let refused = refusal(reader.batch_execute(&write));
        assert_eq!(refused, SqlState::READ_ONLY_SQL_TRANSACTION, "{name}: {write}");
    }
    let writers = "SELECT DISTINCT p.proname::text FROM pg_proc p
         WHERE p.pronamespace = 'flowai'::regnamespace AND p.provolatile = 'v'
           AND has_function_privilege(p.oid, 'EXECUTE') AND p.proname NOT IN ('validate_query') ORDER BY 1";
    for row in reader.query(writers, &[]).expect("functions") {
        let name: &str = row.get(0);
        let known = WRITES.iter().any(|(write, _)| *write == name) || OTHERS.contains(&name);
        assert!(known, "no write of {name} is tried on the standby");
    }
    // What an agent may not do here is an answer, and its transaction goes on.
    execute(&mut reader, "BEGIN");
    let call = r#"SELECT flowai.call_tool('kv_put', '{"namespace": "n", "key": "a", "value": 2}') ->> 'code'"#;
    let code: String = reader.query_one(call, &[]).expect("an answer").get(0);
    assert_eq!(code, SqlState::READ_ONLY_SQL_TRANSACTION.code());
    execute(&mut reader, "SELECT * FROM flowai.kv_get('n', 'a'); COMMIT");

    // The same for a read-only transaction on the primary.
    execute(&mut primary, "SET default_transaction_read_only = on");
    for (name, write) in WRITES {
        let write = write.replace("TOKEN", &token);
        let refused = refusal(primary.batch_execute(&write));
        assert_eq!(refused, SqlState::READ_ONLY_SQL_TRANSACTION, "{name}: {write}");
    }
    // And each of them would have been one: they succeed where they may.
    execute(&mut primary, "SET default_transaction_read_only = off");
    for (name, write) in WRITES {
        let undone = format!("BEGIN; {}; ROLLBACK", write.replace("TOKEN", &token));
        let done = primary.batch_execute(&undone);
        // A plan needs the reference; its step is not done.
        if name == "ref_delete" || name == "plan_finish" {
            assert_eq!(refusal(done), SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, "{name}");
            execute(&mut primary, "ROLLBACK");
        } else {
            done.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
    }
}
