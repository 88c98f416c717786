//! The files of search segments: faster than rows, never trusted, never in the way.
//!
//! They are the node's, and a limit deletes those of others, so the tests run one after another, under
//! [`ALONE`].

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use flowai_live::{connect, execute, new_role, new_tenant, refusal, superuser};
use postgres::Client;
use postgres::error::SqlState;

static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A tenant whose catalog is one segment of some hundred kilobytes.
struct Catalog {
    tenant: String,
    role: String,
}

impl Catalog {
    fn new(entries: i32) -> Self {
        let tenant = new_tenant();
        let role = new_role(&[&tenant]);
        execute(
            &mut connect(&role),
            &format!(
                "SELECT count(*) FROM flowai.catalog_put((
                     SELECT jsonb_agg(jsonb_build_object('id', 'entry:' || i, 'itemType', 'entry',
                         'name', 'entry ' || i, 'content', 'common ' || (
                             SELECT string_agg(md5(format('%s %s', i, j)), ' ') FROM generate_series(1, 8) j)))
                     FROM generate_series(1, {entries}) i))"
            ),
        );
        Self { tenant, role }
    }

    /// The file that the catalog's segment has or would have.
    fn file(&self) -> PathBuf {
        let row = superuser()
            .query_one(
                "SELECT encode(digest, 'hex') FROM flowai_internal.search_segment WHERE tenant_id = $1",
                &[&self.tenant],
            )
            .expect("one segment");
        directory().join(format!("pgsql_tmp_{}", row.get::<_, String>(0)))
    }

    /// How many entries a new session finds that has these settings.
    fn found(&self, settings: &str) -> Result<i64, postgres::Error> {
        search(&mut self.session(settings))
    }

    /// The same, where the rows of the segment are gone.
    fn found_without_rows(&self, settings: &str) -> Result<i64, postgres::Error> {
        let mut session = superuser();
        execute(
            &mut session,
            &format!(
                "{settings}; BEGIN; DELETE FROM flowai_internal.search_chunk WHERE tenant_id = '{}';
                 SET LOCAL ROLE {}",
                self.tenant, self.role
            ),
        );
        search(&mut session)
    }

    /// Only a superuser sets limits; what follows is the tenant's.
    fn session(&self, settings: &str) -> Client {
        let mut session = superuser();
        execute(&mut session, &format!("{settings}; SET ROLE {}", self.role));
        session
    }
}

fn search(session: &mut Client) -> Result<i64, postgres::Error> {
    Ok(session.query_one("SELECT max(total) FROM flowai.search_catalog('common')", &[])?.get(0))
}

fn directory() -> PathBuf {
    let row = superuser().query_one("SHOW data_directory", &[]).expect("data_directory");
    PathBuf::from(row.get::<_, String>(0)).join("pgsql_tmp_flowai_runtime")
}

fn names() -> Vec<String> {
    let entries = fs::read_dir(directory()).expect("the directory of segment files");
    entries.map(|entry| entry.expect("entry").file_name().into_string().expect("UTF-8")).collect()
}

fn size(file: &PathBuf) -> u64 {
    fs::metadata(file).expect("a file").len()
}

fn flip(file: &PathBuf, offset: u64) {
    let mut file = OpenOptions::new().read(true).write(true).open(file).expect("open");
    let mut byte = [0];
    file.seek(SeekFrom::Start(offset)).expect("seek");
    file.read_exact(&mut byte).expect("read");
    file.seek(SeekFrom::Start(offset)).expect("seek");
    file.write_all(&[byte[0] ^ 1]).expect("write");
}

fn last_used(file: &PathBuf, ago: u64) {
    let time = SystemTime::now() - Duration::from_secs(ago);
    File::options().append(true).open(file).expect("open").set_modified(time).expect("time");
}

const ON: &str = "RESET flowai.search_disk_cache_mb";
const OFF: &str = "SET flowai.search_disk_cache_mb = 0";
const ONE_MB: &str = "SET flowai.search_disk_cache_mb = 1";

#[test]
fn a_second_session_reads_the_file_instead_of_the_rows() {
    let _alone = alone();
    let catalog = Catalog::new(1000);
    assert!(!catalog.file().exists());
    assert_eq!(catalog.found(ON).expect("from the rows"), 1000);

    assert!(catalog.file().exists());
    let mode = |path: PathBuf| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!((mode(directory()), mode(catalog.file())), (0o700, 0o600));
    assert_eq!(catalog.found_without_rows(ON).expect("from the file"), 1000);
    assert_eq!(refusal(catalog.found_without_rows(OFF)), SqlState::DATA_CORRUPTED);

    // It is as good as the day it was written for every session that comes, and in use.
    last_used(&catalog.file(), 1000);
    assert_eq!(catalog.found(ON).expect("from the file"), 1000);
    let used = fs::metadata(catalog.file()).expect("metadata").modified().expect("time");
    let age = used.elapsed().expect("a clock that goes forward");
    assert!(age < Duration::from_secs(900), "{age:?}");
}

#[test]
fn a_damaged_file_is_never_served_and_heals() {
    let _alone = alone();
    let catalog = Catalog::new(1000);
    assert_eq!(catalog.found(ON).expect("from the rows"), 1000);
    let file = catalog.file();
    let sound = fs::read(&file).expect("read");
    let size = sound.len() as u64;

    let damages: [&dyn Fn(); 5] = [
        &|| flip(&file, 0),
        &|| flip(&file, size / 2),
        &|| flip(&file, size - 1),
        &|| File::options().write(true).open(&file).expect("open").set_len(size - 1).expect("cut"),
        &|| File::options().write(true).open(&file).expect("open").set_len(0).expect("empty"),
    ];
    for (n, damage) in damages.iter().enumerate() {
        damage();
        assert_ne!(fs::read(&file).expect("read"), sound, "damage {n}");
        assert_eq!(refusal(catalog.found_without_rows(ON)), SqlState::DATA_CORRUPTED, "damage {n}");
        assert!(!file.exists(), "damage {n}");

        assert_eq!(catalog.found(ON).expect("from the rows"), 1000);
        assert_eq!(fs::read(&file).expect("read"), sound, "damage {n}");
        damage();
        assert_eq!(catalog.found(ON).expect("from the rows"), 1000);
        assert_eq!(fs::read(&file).expect("read"), sound, "damage {n}");
    }
}

#[test]
fn the_limit_deletes_what_was_not_used_for_longest() {
    let _alone = alone();
    let catalogs: Vec<Catalog> = (0..4).map(|_| Catalog::new(500)).collect();
    for (n, catalog) in catalogs[..3].iter().enumerate() {
        assert_eq!(catalog.found(ON).expect("a search"), 500);
        last_used(&catalog.file(), 5000 - n as u64 * 1000);
    }
    let each = size(&catalogs[0].file());
    assert!(each * 2 < 1 << 20 && each * 3 > 1 << 20, "{each} bytes make no test of this");
    // The oldest is used again.
    assert_eq!(catalogs[0].found(ON).expect("a search"), 500);
    // Left behind by a process that is none of the server's.
    fs::write(directory().join("pgsql_tmp.1.0"), "unfinished").expect("write");

    assert_eq!(catalogs[3].found(ONE_MB).expect("a search"), 500);
    let total: u64 = names().iter().map(|name| size(&directory().join(name))).sum();
    assert!(total <= 1 << 20, "{total} bytes");
    assert!(catalogs[3].file().exists());
    assert!(catalogs[0].file().exists());
    assert!(!catalogs[1].file().exists());
    assert!(names().iter().all(|name| !name.starts_with("pgsql_tmp.")), "{:?}", names());
    // What is mapped stays so, and what is deleted comes from the rows.
    assert_eq!(catalogs[1].found(ON).expect("a search"), 500);
}

#[test]
fn too_large_too_small_or_switched_off_is_no_file() {
    let _alone = alone();
    let large = Catalog::new(5000);
    assert_eq!(large.found(ONE_MB).expect("a search"), 5000);
    assert!(!large.file().exists());
    let small = Catalog::new(30);
    assert_eq!(small.found("SET flowai.search_flush_rows = 1").expect("a search"), 30);
    execute(
        &mut small.session("SET flowai.search_flush_rows = 1"),
        "SELECT flowai.search_maintain()",
    );
    assert_eq!(small.found(ON).expect("a search"), 30);
    assert!(!small.file().exists());

    let catalog = Catalog::new(1000);
    assert_eq!(catalog.found(OFF).expect("a search"), 1000);
    assert!(!catalog.file().exists());

    // A tenant can set it neither before the library is loaded nor after.
    let mut tenant = connect(&catalog.role);
    execute(&mut tenant, OFF);
    assert_eq!(search(&mut tenant).expect("a search"), 1000);
    assert!(catalog.file().exists());
    assert_eq!(refusal(tenant.batch_execute(OFF)), SqlState::INSUFFICIENT_PRIVILEGE);
}

#[test]
fn a_search_does_not_need_to_write_its_file() {
    let _alone = alone();
    let first = Catalog::new(1000);
    assert_eq!(first.found(ON).expect("a search"), 1000);
    let close = |mode| {
        fs::set_permissions(directory(), fs::Permissions::from_mode(mode)).expect("permissions");
    };
    let catalog = Catalog::new(1000);
    close(0o500);
    let found = catalog.found(ON);
    let names = names();
    close(0o700);
    assert_eq!(found.expect("from the rows"), 1000);
    assert!(!catalog.file().exists());
    assert!(names.iter().all(|name| !name.starts_with("pgsql_tmp.")), "{names:?}");
}

#[test]
fn a_base_backup_leaves_the_files_out() {
    let _alone = alone();
    let catalog = Catalog::new(1000);
    assert_eq!(catalog.found(ON).expect("a search"), 1000);
    assert!(catalog.file().exists());

    let backup = std::env::temp_dir().join(flowai_live::unique("backup"));
    let sockets = std::env::var("FLOWAI_TEST_SOCKET_DIR").expect("the server's sockets");
    let status = Command::new("pg_basebackup")
        .args(["--host", &sockets, "--username=postgres", "--wal-method=none"])
        .args(["--checkpoint=fast", "--no-sync", "--pgdata"])
        .arg(&backup)
        .status()
        .expect("pg_basebackup runs");
    let mut copied: Vec<String> = fs::read_dir(&backup)
        .map(|entries| {
            entries.map(|e| e.expect("entry").file_name().into_string().expect("UTF-8")).collect()
        })
        .unwrap_or_default();
    copied.retain(|name| name == "base" || name.starts_with("pgsql_tmp"));
    drop(fs::remove_dir_all(&backup));
    assert!(status.success(), "pg_basebackup: {status}");
    assert_eq!(copied, ["base"]);
}
