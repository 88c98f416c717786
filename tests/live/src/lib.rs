//! Real connections to the cluster that `tests/run.sh` started.
//!
//! The database [`DATABASE`] has been set up by `tests/pg_regress/sql/setup.sql`. Tests of one file run
//! side by side, so each makes its own roles, tenants and tables, under names from [`unique`]. A test
//! that kills backends disturbs everybody, so it has a file to itself: files run one after another.

pub mod random;
pub mod search;
pub mod server;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use postgres::error::SqlState;
use postgres::{Client, Config, Error, NoTls};

/// The database of the tests.
pub const DATABASE: &str = "regression";

/// How long the server may take to come back after a backend was killed.
const RECOVERY: Duration = Duration::from_secs(60);

/// A connection as this role.
pub fn connect(role: &str) -> Client {
    try_connect(role).unwrap_or_else(|error| panic!("cannot connect as {role}: {error:?}"))
}

/// A connection as this role to another database than [`DATABASE`].
pub fn connect_to(role: &str, database: &str) -> Client {
    try_connect_to(role, database)
        .unwrap_or_else(|error| panic!("cannot connect to {database} as {role}: {error:?}"))
}

/// A connection as this role, or the reason why there is none.
pub fn try_connect(role: &str) -> Result<Client, Error> {
    try_connect_to(role, DATABASE)
}

/// A connection as this role to another server, by the directory of its socket.
pub fn connect_at(sockets: &Path, role: &str) -> Client {
    try_connect_at(sockets, role, DATABASE).unwrap_or_else(|error| {
        panic!("cannot connect in {} as {role}: {error:?}", sockets.display())
    })
}

fn try_connect_to(role: &str, database: &str) -> Result<Client, Error> {
    let sockets = std::env::var("FLOWAI_TEST_SOCKET_DIR").expect(
        "FLOWAI_TEST_SOCKET_DIR names the directory of the server's socket; run tests/run.sh live",
    );
    try_connect_at(Path::new(&sockets), role, database)
}

fn try_connect_at(sockets: &Path, role: &str, database: &str) -> Result<Client, Error> {
    Config::new().host_path(sockets).user(role).dbname(database).connect(NoTls)
}

/// A connection as superuser, for what only an administrator can arrange.
pub fn superuser() -> Client {
    connect("postgres")
}

/// A connection as a member of flowai_admin.
pub fn steward() -> Client {
    connect("steward")
}

/// A name that no other test uses.
pub fn unique(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A new login role that is a member of these tenants.
pub fn new_role(tenants: &[&str]) -> String {
    new_role_in(DATABASE, tenants)
}

/// A new login role that is a member of these tenants of this database.
pub fn new_role_in(database: &str, tenants: &[&str]) -> String {
    let role = unique("role");
    execute(&mut superuser(), &format!("CREATE ROLE {role} LOGIN"));
    let mut steward = connect_to("steward", database);
    for tenant in tenants {
        steward
            .execute("SELECT flowai.tenant_grant($1, $2)", &[tenant, &role])
            .expect("tenant_grant");
    }
    role
}

/// A new tenant.
pub fn new_tenant() -> String {
    let tenant = unique("tenant");
    steward().execute("SELECT flowai.tenant_create($1)", &[&tenant]).expect("tenant_create");
    tenant
}

/// A new table `(tenant_id, note)` under the policy of tenant tables, readable by everybody, with one
/// row for each of these tenants, whose note is the tenant.
pub fn new_table(tenants: &[&str]) -> String {
    let table = unique("public.notes");
    let mut superuser = superuser();
    execute(
        &mut superuser,
        &format!(
            "CREATE TABLE {table} (tenant_id text COLLATE \"C\" NOT NULL, note text NOT NULL)
                 PARTITION BY HASH (tenant_id);
             CREATE TABLE {table}_0 PARTITION OF {table} FOR VALUES WITH (MODULUS 2, REMAINDER 0);
             CREATE TABLE {table}_1 PARTITION OF {table} FOR VALUES WITH (MODULUS 2, REMAINDER 1);
             ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
             CREATE POLICY tenant ON {table}
                 USING (tenant_id = flowai.current_tenant() AND flowai.tenant_is(flowai.current_tenant()));
             GRANT SELECT ON {table} TO PUBLIC"
        ),
    );
    for tenant in tenants {
        superuser
            .execute(&format!("INSERT INTO {table} VALUES ($1, $1)"), &[tenant])
            .expect("insert");
    }
    table
}

/// Runs statements that must succeed.
pub fn execute(client: &mut Client, sql: &str) {
    client.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// The SQLSTATE of a statement that must fail.
pub fn refusal<T>(result: Result<T, Error>) -> SqlState {
    match result {
        Ok(_) => panic!("the statement should have failed"),
        Err(error) => error.code().unwrap_or_else(|| panic!("not an SQL error: {error:?}")).clone(),
    }
}

/// The process that serves this connection.
pub fn backend_pid(client: &mut Client) -> i32 {
    client.query_one("SELECT pg_backend_pid()", &[]).expect("pg_backend_pid").get(0)
}

/// The number of threads of a process.
pub fn threads(pid: i32) -> u32 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line =
        status.lines().find_map(|line| line.strip_prefix("Threads:")).expect("a Threads line");
    line.trim().parse().expect("a number")
}

/// Ends a backend as a crash would: no clean-up runs, and the server restarts all others.
pub fn kill_backend(pid: i32) {
    let status =
        Command::new("kill").args(["-KILL", &pid.to_string()]).status().expect("kill runs");
    assert!(status.success(), "kill -KILL {pid}: {status}");
}

/// Waits until the server accepts connections again after [`kill_backend`], and connects as this role.
///
/// `witness` is a connection from before the kill: the crash ends it, and only then can a new
/// connection be one from after it.
pub fn reconnect_after_crash(mut witness: Client, role: &str) -> Client {
    let deadline = Instant::now() + RECOVERY;
    while witness.simple_query("SELECT 1").is_ok() {
        assert!(Instant::now() < deadline, "the crash did not reach the other connections");
        sleep(Duration::from_millis(20));
    }
    loop {
        match try_connect(role) {
            Ok(client) => return client,
            Err(error) if Instant::now() >= deadline => {
                panic!("the server did not recover: {error:?}")
            }
            Err(_) => sleep(Duration::from_millis(100)),
        }
    }
}
