//! Rows on their way out of the database: a tenant's own pg_dump, a dump in another cluster, and the write-ahead log.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Command, Output};

use flowai_live::{
    DATABASE, connect, connect_at, connect_to, execute, new_role, new_role_in, new_tenant, refusal,
    superuser, unique,
};
use postgres::error::SqlState;

/// What nobody but its tenant may see.
const SECRET: &str = "only for its tenant";

fn sockets() -> String {
    std::env::var("FLOWAI_TEST_SOCKET_DIR").expect("the socket's directory")
}

/// Runs a program of the server as a client of the test cluster.
fn client(program: &str, role: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(["-h", &sockets(), "-U", role])
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"))
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn a_tenants_own_pg_dump_has_nothing_of_others() {
    let (mine, other) = (new_tenant(), new_tenant());
    let roles = [new_role(&[&mine]), new_role(&[&other])];
    execute(
        &mut connect(&roles[1]),
        &format!(
            "SELECT count(*) FROM flowai.kv_put('n', 'k', '\"{SECRET}\"');
             SELECT count(*) FROM flowai.catalog_put('[{{\"id\": \"a:b\", \"itemType\": \"a\", \"name\": \"b\", \"content\": \"{SECRET}\"}}]')"
        ),
    );
    // Partitions are where rows are, and a tenant may not read one; what it may have, it asks for.
    for options in [
        &["--data-only"][..],
        &["--enable-row-security"],
        &["--data-only", "--enable-row-security", "--extension=flowai_runtime"],
        &[
            "--data-only",
            "--enable-row-security",
            "--extension=flowai_runtime",
            "--table=flowai.kv_entries",
        ],
        &[
            "--inserts",
            "--enable-row-security",
            "--extension=flowai_runtime",
            "--table=flowai_internal.kv_entries_*",
        ],
    ] {
        let dump = client("pg_dump", &roles[0], &[&["-d", DATABASE], options].concat());
        assert!(
            !dump.status.success() && said(&dump).contains("permission denied"),
            "{options:?}: {}",
            said(&dump)
        );
        assert!(!said(&dump).contains(SECRET), "{options:?}");
    }
    let copy = "\\copy (SELECT value FROM flowai.kv_entries) TO STDOUT";
    assert!(
        !said(&client("psql", &roles[0], &["-X", "-d", DATABASE, "-c", copy])).contains(SECRET)
    );
    assert!(
        said(&client("psql", &roles[1], &["-X", "-d", DATABASE, "-c", copy])).contains(SECRET),
        "the control"
    );
}

#[test]
fn the_write_ahead_log_is_not_for_tenants() {
    let role = new_role(&[&new_tenant()]);
    let mut session = connect(&role);
    for attempt in [
        "SELECT pg_create_logical_replication_slot('s', 'pgoutput')",
        "SELECT pg_create_physical_replication_slot('s')",
        "SELECT * FROM pg_logical_slot_get_changes('s', NULL, NULL)",
        "SELECT pg_switch_wal()",
        "SELECT * FROM pg_ls_waldir()",
        "CREATE PUBLICATION p FOR TABLE flowai.kv_entries",
        "CREATE PUBLICATION p FOR ALL TABLES",
        "CREATE SUBSCRIPTION s CONNECTION 'host=localhost' PUBLICATION p WITH (connect = false)",
    ] {
        assert_eq!(
            refusal(session.simple_query(attempt)),
            SqlState::INSUFFICIENT_PRIVILEGE,
            "{attempt}"
        );
    }
    let stream = client(
        "psql",
        &role,
        &["-X", "-d", &format!("dbname={DATABASE} replication=database"), "-c", "IDENTIFY_SYSTEM"],
    );
    assert!(!stream.status.success(), "{}", said(&stream));
    let backup = client("pg_basebackup", &role, &["-D", "/tmp/flowai-never", "-X", "none"]);
    assert!(!backup.status.success(), "{}", said(&backup));
}

/// A cluster of this test's own, which goes when this value goes.
struct Cluster {
    place: PathBuf,
    owner: (u32, u32),
}

impl Cluster {
    fn new() -> Self {
        let files = std::fs::metadata(sockets()).expect("the socket's directory");
        // Short, because the path of a socket ends at 107 bytes.
        let place = PathBuf::from("/tmp").join(unique("flowai_other"));
        let cluster = Self { place, owner: (files.uid(), files.gid()) };
        std::fs::create_dir(&cluster.place).expect("a directory for the cluster");
        chown(&cluster.place, Some(cluster.owner.0), Some(cluster.owner.1)).expect("chown");
        std::fs::set_permissions(&cluster.place, Permissions::from_mode(0o700)).expect("chmod");
        let (data, log) = (cluster.path("data"), cluster.path("log"));
        cluster.run(
            "initdb",
            &[
                "-D",
                &data,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
        );
        let options = format!(
            "-c unix_socket_directories={} -c listen_addresses= -c fsync=off",
            cluster.place.display()
        );
        cluster.run("pg_ctl", &["start", "-w", "-D", &data, "-l", &log, "-o", &options]);
        cluster
    }

    fn path(&self, name: &str) -> String {
        self.place.join(name).display().to_string()
    }

    /// Runs a program of the server as who owns the test cluster; root may not start a server.
    fn run(&self, program: &str, arguments: &[&str]) {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(program);
        if std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
            command.uid(self.owner.0).gid(self.owner.1);
        }
        // What it starts would keep a pipe open.
        let done = command
            .args(arguments)
            .current_dir("/")
            .env_remove("RUST_BACKTRACE")
            .stdout(std::process::Stdio::null())
            .status();
        assert!(done.unwrap_or_else(|error| panic!("{program}: {error}")).success(), "{program}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run("pg_ctl", &["stop", "-m", "immediate", "-D", &self.path("data")]);
        let _ = std::fs::remove_dir_all(&self.place);
    }
}

#[test]
fn in_another_cluster_nobody_is_a_member_until_it_is_said() {
    let source = unique("source");
    execute(&mut superuser(), &format!("CREATE DATABASE {source} TEMPLATE prepared"));
    let role = new_role_in(&source, &["acme"]);
    execute(
        &mut connect_to(&role, &source),
        &format!("SELECT count(*) FROM flowai.kv_put('n', 'k', '\"{SECRET}\"')"),
    );
    let cluster = Cluster::new();
    let dump = cluster.path("dump");
    let dumped = client("pg_dump", "postgres", &["-Fc", "-f", &dump, "-d", &source]);
    assert!(dumped.status.success(), "{}", said(&dumped));

    let there = cluster.place.display().to_string();
    let mut maintenance = postgres::Config::new();
    maintenance.host_path(&cluster.place).user("postgres").dbname("postgres");
    let mut owner = maintenance.connect(postgres::NoTls).expect("the other cluster");
    // Somebody with the number of a member, and another who is called like one of globex.
    execute(&mut owner, &format!("CREATE DATABASE {DATABASE}; "));
    execute(
        &mut owner,
        "CREATE ROLE first LOGIN; CREATE ROLE steward LOGIN; CREATE ROLE globex_app LOGIN",
    );
    let restored = Command::new("pg_restore")
        .args(["-h", &there, "-U", "postgres", "-d", DATABASE, &dump])
        .output()
        .expect("pg_restore");
    // The table of members comes whole or not at all, and some roles are not here.
    assert!(said(&restored).contains("tenant_members"), "{}", said(&restored));
    let mut owner = connect_at(&cluster.place, "postgres");
    let members: i64 = owner
        .query_one("SELECT count(*) FROM flowai_internal.tenant_members", &[])
        .expect("members")
        .get(0);
    let rows: i64 =
        owner.query_one("SELECT count(*) FROM flowai.kv_entries", &[]).expect("rows").get(0);
    assert_eq!((members, rows), (0, 1), "the rows are there, and nobody is a member");

    // Not even with rights of a user: neither the one of a member's name nor any other.
    execute(
        &mut owner,
        &format!(
            "CREATE ROLE {role} LOGIN; GRANT flowai_user TO {role}, first, globex_app; GRANT flowai_admin TO steward"
        ),
    );
    for name in [role.as_str(), "first", "globex_app"] {
        let mut session = connect_at(&cluster.place, name);
        let seen: i64 =
            session.query_one("SELECT count(*) FROM flowai.kv_entries", &[]).expect("count").get(0);
        assert_eq!(seen, 0, "{name}");
        let chosen = session.simple_query("SELECT flowai.use_tenant('acme')");
        assert_eq!(refusal(chosen), SqlState::INSUFFICIENT_PRIVILEGE, "{name}");
    }
    execute(
        &mut connect_at(&cluster.place, "steward"),
        &format!("SELECT flowai.tenant_grant('acme', '{role}')"),
    );
    let value: String = connect_at(&cluster.place, &role)
        .query_one("SELECT value::text FROM flowai.kv_get('n', 'k')", &[])
        .expect("the entry")
        .get(0);
    assert_eq!(value, format!("\"{SECRET}\""));
    execute(&mut superuser(), &format!("DROP DATABASE {source} WITH (FORCE)"));
}
