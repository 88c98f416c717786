//! PgBouncer in transaction mode: many clients over one connection to the server.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use flowai_live::{
    DATABASE, connect, execute, new_role, new_table, new_tenant, refusal, superuser, unique,
};
use postgres::error::SqlState;
use postgres::{Client, Config, NoTls, SimpleQueryMessage};

const PORT: u16 = 6432;

/// A PgBouncer of this test's own, with one server connection for each role.
struct Pooler {
    process: Child,
    place: PathBuf,
}

impl Pooler {
    /// `reset` are the settings that decide what a client leaves behind for the next one.
    fn start(reset: &str) -> Self {
        let server = std::env::var("FLOWAI_TEST_SOCKET_DIR").expect("the socket's directory");
        let place = PathBuf::from("/tmp").join(unique("flowai_pooler"));
        fs::create_dir(&place).expect("create a directory");
        let settings = place.join("pgbouncer.ini");
        let text = format!(
            "[databases]\n{DATABASE} = host={server} dbname={DATABASE}\n[pgbouncer]\nunix_socket_dir = {}\n\
             listen_addr =\nlisten_port = {PORT}\nauth_type = trust\nauth_file = {}\npool_mode = transaction\n\
             default_pool_size = 1\n{reset}\n",
            place.display(),
            place.join("users.txt").display()
        );
        fs::write(&settings, text).expect("write the settings");
        // Trust takes any name that is in the file.
        let roles = superuser().query("SELECT rolname::text FROM pg_roles", &[]).expect("roles");
        let users: String =
            roles.iter().map(|r| format!("\"{}\" \"\"\n", r.get::<_, String>(0))).collect();
        fs::write(place.join("users.txt"), users).expect("write the users");

        // It refuses to run as root; then it runs as who runs the server.
        let owner = fs::metadata(Path::new(&server)).expect("the socket's directory");
        let as_root = fs::metadata("/proc/self")
            .is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
        let mut command = Command::new("pgbouncer");
        if as_root {
            use std::os::unix::fs::MetadataExt;
            use std::os::unix::process::CommandExt;
            for path in [place.clone(), settings.clone(), place.join("users.txt")] {
                chown(path, Some(owner.uid()), Some(owner.gid())).expect("chown");
            }
            command.uid(owner.uid()).gid(owner.gid());
        }
        fs::set_permissions(&place, Permissions::from_mode(0o700)).expect("chmod");
        let process = command
            .arg("-q")
            .arg(&settings)
            .spawn()
            .expect("pgbouncer runs; it is Debian's package of that name");
        Self { process, place }
    }

    fn connect(&self, role: &str) -> Client {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let mut config = Config::new();
            config.host_path(&self.place).port(PORT).user(role).dbname(DATABASE);
            match config.connect(NoTls) {
                Ok(client) => return client,
                Err(error) if Instant::now() > deadline => {
                    panic!("no pooler for {role}: {error:?}")
                }
                Err(_) => sleep(Duration::from_millis(50)),
            }
        }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.place);
    }
}

/// What a pool should be run with: nothing of a client's session stays.
const CLEAN: &str = "server_reset_query = DISCARD ALL\nserver_reset_query_always = 1";
/// What PgBouncer does in transaction mode by itself: everything stays.
const AS_IT_COMES: &str = "server_reset_query = DISCARD ALL";

/// The first column of every row, by the simple protocol: a pooler that cannot follow prepared statements
/// takes no other.
fn ask(client: &mut Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("null").to_owned()),
        _ => None,
    });
    rows.collect()
}

#[test]
fn two_tenants_over_one_server_connection_never_meet() {
    let tenants = [new_tenant(), new_tenant()];
    let table = new_table(&[&tenants[0], &tenants[1]]);
    let role = new_role(&[&tenants[0], &tenants[1]]);
    let pooler = Pooler::start(AS_IT_COMES);
    let mut clients = [pooler.connect(&role), pooler.connect(&role)];
    let mut servers = Vec::new();
    for round in 0..200 {
        let (client, tenant) = (&mut clients[round % 2], &tenants[round % 2]);
        let seen = ask(
            client,
            &format!(
                "BEGIN; SELECT flowai.use_tenant('{tenant}'); SELECT note FROM {table};
                 SELECT value ->> 'of' FROM flowai.kv_get('pooled', 'k')"
            ),
        );
        let own = [tenant.clone(), tenant.clone(), tenant.clone()];
        // The first round of each finds no entry yet.
        assert_eq!(seen, own[..if round < 2 { 2 } else { 3 }], "round {round}");
        execute(
            client,
            &format!(
                "SELECT count(*) FROM flowai.kv_put('pooled', 'k', '{{\"of\": \"{tenant}\"}}')"
            ),
        );
        servers.extend(ask(client, "SELECT pg_backend_pid()"));
        // Of what is written, half is taken back; the first round of each stays.
        execute(client, if round % 4 < 2 { "COMMIT" } else { "ROLLBACK" });

        // Who forgets use_tenant gets nothing, right after each of them.
        let forgetful = &mut clients[(round + 1) % 2];
        assert!(ask(forgetful, &format!("SELECT note FROM {table}")).is_empty(), "round {round}");
        assert_eq!(
            ask(forgetful, "SELECT count(*) FROM flowai.kv_entries"),
            ["0"],
            "round {round}"
        );
        assert_eq!(ask(forgetful, "SELECT flowai.current_tenant()"), ["null"], "round {round}");
        let write = forgetful.simple_query("SELECT flowai.kv_put('pooled', 'k', '1')");
        assert_eq!(refusal(write), SqlState::INSUFFICIENT_PRIVILEGE, "round {round}");
    }
    servers.dedup();
    assert_eq!(servers.len(), 1, "the test means something only over one server connection");
}

#[test]
fn many_clients_at_once_each_see_their_own() {
    let tenants: Vec<String> = (0..4).map(|_| new_tenant()).collect();
    let names: Vec<&str> = tenants.iter().map(String::as_str).collect();
    let (table, role) = (new_table(&names), new_role(&names));
    let pooler = Pooler::start(AS_IT_COMES);
    scope(|threads| {
        for client in 0..8 {
            let (tenants, table, role, pooler) = (&tenants, &table, &role, &pooler);
            threads.spawn(move || {
                let mut session = pooler.connect(role);
                for round in 0..60 {
                    let tenant = &tenants[(client * 7 + round) % tenants.len()];
                    let seen = ask(
                        &mut session,
                        &format!(
                            "BEGIN; SET LOCAL flowai.tenant = '{tenant}'; SELECT note FROM {table};
                             SELECT value FROM flowai.kv_increment('pooled', 'n', 1); COMMIT"
                        ),
                    );
                    assert_eq!(seen[0], *tenant, "client {client}, round {round}");
                }
            });
        }
    });
    let total: i64 = tenants
        .iter()
        .map(|tenant| {
            let own = new_role(&[tenant]);
            connect(&own)
                .query_one("SELECT value::text::bigint FROM flowai.kv_get('pooled', 'n')", &[])
                .expect("the counter")
                .get::<_, i64>(0)
        })
        .sum();
    assert_eq!(total, 8 * 60, "each write arrived at one tenant");
}

#[test]
fn what_a_client_leaves_behind_is_cleared() {
    let tenants = [new_tenant(), new_tenant()];
    let table = new_table(&[&tenants[0], &tenants[1]]);
    let role = new_role(&[&tenants[0], &tenants[1]]);
    let pooler = Pooler::start(CLEAN);
    let (mut careless, mut next) = (pooler.connect(&role), pooler.connect(&role));
    // SET instead of SET LOCAL, and all that a session can keep.
    execute(
        &mut careless,
        &format!(
            "SET flowai.tenant = '{0}'; SET plan_cache_mode = force_generic_plan;
             PREPARE kept AS SELECT note FROM {table}; CREATE TEMP TABLE kept AS SELECT * FROM {table}",
            tenants[0]
        ),
    );
    assert!(ask(&mut next, &format!("SELECT note FROM {table}")).is_empty());
    assert_eq!(ask(&mut next, "SELECT flowai.current_tenant()"), ["null"]);
    assert_eq!(refusal(next.simple_query("EXECUTE kept")), SqlState::INVALID_SQL_STATEMENT_NAME);
    assert_eq!(refusal(next.simple_query("SELECT * FROM pg_temp.kept")), SqlState::UNDEFINED_TABLE);
    // What needs no clearing, because it is refused.
    let held = next.simple_query(&format!(
        "BEGIN; SELECT flowai.use_tenant('{}'); DECLARE held CURSOR WITH HOLD FOR SELECT note FROM {table}",
        tenants[1]
    ));
    assert_eq!(refusal(held), SqlState::INSUFFICIENT_PRIVILEGE);
    execute(&mut next, "ROLLBACK");
}

#[test]
fn a_role_of_one_tenant_sets_nothing() {
    let tenants = [new_tenant(), new_tenant()];
    let table = new_table(&[&tenants[0], &tenants[1]]);
    let roles = [new_role(&[&tenants[0]]), new_role(&[&tenants[1]])];
    let pooler = Pooler::start(AS_IT_COMES);
    let mut clients = [pooler.connect(&roles[0]), pooler.connect(&roles[1])];
    for round in 0..40 {
        let seen = ask(&mut clients[round % 2], &format!("SELECT note FROM {table}"));
        assert_eq!(seen, std::slice::from_ref(&tenants[round % 2]), "round {round}");
    }
}
