//! Servers of a test's own, for what would disturb all others: settings that only a start reads, and
//! crashes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use postgres::{Client, Config, Error, NoTls};

use crate::{execute, unique};

/// The database of such a server.
pub const DATABASE: &str = "work";

/// A server; it is removed when this is dropped.
pub struct Server {
    /// Its name for `scripts/cluster`.
    pub name: String,
    home: PathBuf,
}

impl Server {
    /// A new server with these settings.
    pub fn start(purpose: &str, settings: &[&str]) -> Self {
        let name = unique(purpose).replace('_', "-");
        let home = script("start", &name, settings);
        Self { home: PathBuf::from(home.trim()), name }
    }

    /// A connection, or the reason why there is none.
    pub fn try_connect(&self, role: &str, database: &str) -> Result<Client, Error> {
        Config::new().host_path(&self.home).user(role).dbname(database).connect(NoTls)
    }

    /// A connection.
    pub fn connect(&self, role: &str, database: &str) -> Client {
        self.try_connect(role, database)
            .unwrap_or_else(|error| panic!("cannot connect to {database} as {role}: {error:?}"))
    }

    /// [`DATABASE`] with the extension, these tenants, and a role of the same name for each; a superuser's
    /// connection to it.
    pub fn create_database(&self, tenants: &[&str]) -> Client {
        execute(&mut self.connect("postgres", "postgres"), &format!("CREATE DATABASE {DATABASE}"));
        let mut superuser = self.connect("postgres", DATABASE);
        execute(&mut superuser, "CREATE EXTENSION flowai_runtime");
        for tenant in tenants {
            execute(
                &mut superuser,
                &format!(
                    "CREATE ROLE {tenant} LOGIN;
                     SELECT flowai.tenant_create('{tenant}'), flowai.tenant_grant('{tenant}', '{tenant}')"
                ),
            );
        }
        superuser
    }

    /// What it has written to its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.join("log")).expect("the server's log")
    }

    /// Stops it as an operator does.
    pub fn stop(&self) {
        script("stop", &self.name, &[]);
    }

    /// Ends it as `pg_ctl stop -m immediate` does, without a checkpoint and without a farewell, and starts
    /// it again, which recovers from the log.
    pub fn crash(&self, settings: &[&str]) {
        let pid_file = self.home.join("data/postmaster.pid");
        let lines = std::fs::read_to_string(&pid_file).expect("the server runs");
        let pid = lines.lines().next().expect("its process").trim();
        let quit = Command::new("kill").args(["-QUIT", pid]).status().expect("kill runs");
        assert!(quit.success(), "kill -QUIT {pid}: {quit}");
        // Who starts a server waits for no other; its processes go within seconds.
        while Path::new("/proc").join(pid).exists() && pid_file.exists() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        script("start", &self.name, settings);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What failed is said by the test, not by cleaning up after it.
        drop(cluster("remove", &self.name, &[]));
    }
}

fn script(command: &str, name: &str, settings: &[&str]) -> String {
    let done = cluster(command, name, settings).expect("scripts/cluster runs");
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "scripts/cluster {command} {name}: {errors}");
    String::from_utf8(done.stdout).expect("UTF-8")
}

fn cluster(command: &str, name: &str, settings: &[&str]) -> std::io::Result<Output> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/cluster");
    Command::new(path).args([command, name]).args(settings).output()
}
