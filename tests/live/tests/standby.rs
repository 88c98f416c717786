//! A hot standby of the test cluster: searches there say what the primary says, at every moment of
//! its replay, until it is promoted and goes its own way.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use flowai_live::search::{Question, answers, difference, disagreements, entries, layout};
use flowai_live::{connect, connect_at, execute, new_role, new_tenant, refusal, superuser};
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
        let place = std::env::temp_dir().join(format!("flowai-standby-{}", std::process::id()));
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
