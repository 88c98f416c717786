//! The background worker, on servers of its own: only a server that starts loads the library for it.

use std::thread::sleep;
use std::time::{Duration, Instant};

use flowai_live::execute;
use flowai_live::server::Server;
use postgres::Client;

/// How long something may take that happens within seconds.
const SOON: Duration = Duration::from_secs(120);

/// New entries, numbered; a write of 256 or more is a segment, of fewer it stays in the delta.
fn put(from: i32, to: i32) -> String {
    format!(
        "SELECT count(*) FROM flowai.catalog_put((
             SELECT jsonb_agg(jsonb_build_object('id', 'entry:' || i, 'itemType', 'entry',
                 'name', 'entry ' || i, 'content', 'common')) FROM generate_series({from}, {to}) i))"
    )
}

/// Three hundred rows in the delta, as many small writes leave them whose writer could not flush.
const UNFLUSHED: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ";

/// Written by a transaction that makes segments and merges none.
fn eight_segments() -> String {
    (0..8).map(|n| put(n * 300 + 1, n * 300 + 300)).collect::<Vec<_>>().join(";")
}

/// (rows in the delta, segments) of a tenant.
fn state(superuser: &mut Client, tenant: &str) -> (i64, i64) {
    let row = superuser
        .query_one(
            "SELECT (SELECT count(*) FROM flowai_internal.search_delta WHERE tenant_id = $1),
                    (SELECT count(*) FROM flowai_internal.search_segment WHERE tenant_id = $1)",
            &[&tenant],
        )
        .expect("state");
    (row.get(0), row.get(1))
}

fn wait_for(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !happened() {
        assert!(Instant::now() < deadline, "{what} did not happen");
        sleep(Duration::from_millis(50));
    }
}

fn found(server: &Server, tenant: &str) -> i64 {
    let mut session = server.connect(tenant, "work");
    let row = session.query_one("SELECT max(total) FROM flowai.search_catalog('common')", &[]);
    row.expect("a search").get(0)
}

#[test]
fn what_is_due_is_done_for_every_tenant() {
    let server = Server::start(
        "worker",
        &[
            "shared_preload_libraries=flowai_runtime",
            "flowai.maintenance_database=work",
            "flowai.maintenance_interval=1",
        ],
    );
    wait_for("the complaint", || {
        server.log().contains("maintenance of flowai_runtime does not run")
    });
    let mut superuser = server.create_database(&["broken", "delta", "segments", "little"]);
    // What a database may set for its sessions is not for the worker.
    execute(
        &mut superuser,
        "ALTER DATABASE work SET default_transaction_read_only = on;
         ALTER DATABASE work SET default_transaction_isolation = serializable;
         ALTER DATABASE work SET flowai.tenant = 'delta';
         ALTER DATABASE work SET search_path = public",
    );
    // As whom its statements run: it is the one without a tenant.
    execute(
        &mut superuser,
        "CREATE TABLE public.seen (who text NOT NULL, tenant text NOT NULL);
         GRANT INSERT ON public.seen TO PUBLIC;
         CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO public.seen VALUES (current_user, current_setting('flowai.tenant')); RETURN NULL;
         END $$;
         CREATE TRIGGER see AFTER INSERT ON flowai_internal.search_segment
             FOR EACH ROW EXECUTE FUNCTION public.see()",
    );
    // The connection above began before those settings.
    let writing = "SET default_transaction_read_only = off; SET default_transaction_isolation = 'read committed'";
    execute(
        &mut superuser,
        &format!(
            "{UNFLUSHED}; SET LOCAL flowai.tenant = 'broken'; SET LOCAL ROLE broken; {}; RESET ROLE;
             UPDATE flowai_internal.search_chunk SET bytes = set_byte(bytes, 0, get_byte(bytes, 0) # 1)
             WHERE tenant_id = 'broken'; COMMIT",
            eight_segments()
        ),
    );
    let delta = (0..3).map(|n| put(n * 100 + 1, n * 100 + 100)).collect::<Vec<_>>().join(";");
    for (tenant, work) in [
        ("segments", format!("{UNFLUSHED}; {}; COMMIT", eight_segments())),
        ("delta", format!("{UNFLUSHED}; {delta}; COMMIT")),
        ("little", format!("{UNFLUSHED}; {}; COMMIT", put(1, 100))),
    ] {
        let mut session = server.connect("postgres", "work");
        execute(&mut session, writing);
        execute(&mut session, &format!("SET flowai.tenant = '{tenant}'; SET ROLE {tenant}"));
        execute(&mut session, &work);
    }

    wait_for("the flush", || state(&mut superuser, "delta") == (0, 1));
    wait_for("the merge", || state(&mut superuser, "segments") == (0, 1));
    assert_eq!(state(&mut superuser, "little"), (100, 0));
    assert_eq!(state(&mut superuser, "broken"), (0, 8));
    let log = server.log();
    assert!(
        log.contains("workspace \"default\" of tenant \"broken\": a search segment cannot be read"),
        "{log}"
    );
    for tenant in ["delta", "segments", "little"] {
        assert!(!log.contains(&format!("tenant \"{tenant}\"")), "{log}");
    }
    execute(&mut superuser, "ALTER DATABASE work RESET flowai.tenant");
    assert_eq!(found(&server, "delta"), 300);
    assert_eq!(found(&server, "segments"), 2400);
    assert_eq!(found(&server, "little"), 100);
    let seen = superuser
        .query("SELECT DISTINCT who FROM public.seen WHERE tenant = ''", &[])
        .expect("seen");
    let seen: Vec<String> = seen.iter().map(|row| row.get(0)).collect();
    assert_eq!(seen, ["flowai_owner"]);

    // What was broken is done once it is mended.
    execute(
        &mut superuser,
        "UPDATE flowai_internal.search_chunk SET bytes = set_byte(bytes, 0, get_byte(bytes, 0) # 1)
         WHERE tenant_id = 'broken'",
    );
    wait_for("the merge", || state(&mut superuser, "broken") == (0, 1));
    assert_eq!(found(&server, "broken"), 2400);
}

#[test]
fn nobody_is_held_up() {
    let server = Server::start(
        "worker",
        &[
            "shared_preload_libraries=flowai_runtime",
            "flowai.maintenance_database=work",
            "flowai.maintenance_interval=1h",
        ],
    );
    let launcher = |session: &mut Client| -> Option<i32> {
        let sql = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'flowai_runtime launcher'";
        session.query_opt(sql, &[]).expect("activity").map(|row| row.get(0))
    };
    let mut session = server.connect("postgres", "postgres");
    wait_for("the launcher", || launcher(&mut session).is_some());
    let mut superuser = server.create_database(&["delta"]);
    let work = format!("{UNFLUSHED}; {}; {}; COMMIT", put(1, 200), put(201, 300));
    execute(&mut server.connect("delta", "work"), &work);

    // A new setting counts at once.
    execute(&mut session, "ALTER SYSTEM SET flowai.maintenance_interval = 1");
    assert_eq!(state(&mut superuser, "delta"), (300, 0));
    execute(&mut session, "SELECT pg_reload_conf()");
    wait_for("the flush", || state(&mut superuser, "delta") == (0, 1));

    // Rounds come every second now; the database goes and comes all the same.
    drop(superuser);
    for _ in 0..3 {
        execute(&mut session, "DROP DATABASE work");
        let mut superuser = server.create_database(&[]);
        execute(
            &mut superuser,
            "SELECT flowai.tenant_create('delta'), flowai.tenant_grant('delta', 'delta')",
        );
        execute(&mut server.connect("delta", "work"), &work);
        wait_for("the flush", || state(&mut superuser, "delta") == (0, 1));
    }

    let pid = launcher(&mut session).expect("the launcher");
    execute(&mut session, &format!("SELECT pg_terminate_backend({pid})"));
    wait_for("its end", || launcher(&mut session) != Some(pid));
    server.stop();
}
