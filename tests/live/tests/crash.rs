//! A backend that dies in the middle of its work leaves everything as it was before.
//!
//! The server restarts all connections when one backend is killed, so the tests of this file run one
//! after another, under [`ALONE`], and in no other file.

use std::sync::Mutex;

use flowai_live::{
    backend_pid, connect, execute, kill_backend, new_role, new_table, new_tenant,
    reconnect_after_crash, steward, superuser, unique,
};

static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_membership_that_was_not_committed_is_gone() {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let role = new_role(&[]);
    let (kept, lost) = (new_tenant(), unique("tenant"));
    steward().execute("SELECT flowai.tenant_grant($1, $2)", &[&kept, &role]).expect("tenant_grant");
    let table = new_table(&[&kept, &lost]);

    let witness = superuser();
    let mut dying = steward();
    execute(
        &mut dying,
        &format!(
            "BEGIN; SELECT flowai.tenant_create('{lost}'); SELECT flowai.tenant_grant('{lost}', '{role}')"
        ),
    );
    kill_backend(backend_pid(&mut dying));
    drop(reconnect_after_crash(witness, "postgres"));

    let mut session = connect(&role);
    let rows = session.query(&format!("SELECT note FROM {table}"), &[]).expect("read");
    let seen: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(seen, [kept]);
    // The name is free again.
    steward().execute("SELECT flowai.tenant_create($1)", &[&lost]).expect("tenant_create");
}

#[test]
fn a_large_catalog_put_that_dies_changes_nothing() {
    let _alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let tenant = new_tenant();
    let role = new_role(&[&tenant]);
    let put = |from: i32, to: i32| {
        format!(
            "SELECT count(*) FROM flowai.catalog_put((
                 SELECT jsonb_agg(jsonb_build_object('id', 'entry:' || i, 'itemType', 'entry',
                     'name', 'entry ' || i, 'content', 'common words and number ' || i))
                 FROM generate_series({from}, {to}) i))"
        )
    };
    let state = |session: &mut postgres::Client| -> (i64, i64, String) {
        let row = session
            .query_one(
                "SELECT (SELECT count(*) FROM flowai.catalog_entries),
                        (SELECT max(total) FROM flowai.search_catalog('common words')),
                        (SELECT string_agg(id, ',') FROM flowai.search_catalog('common words'))",
                &[],
            )
            .expect("state");
        (row.get(0), row.get(1), row.get(2))
    };
    let mut session = connect(&role);
    execute(&mut session, &put(1, 1000));
    let before = state(&mut session);
    assert_eq!((before.0, before.1), (1000, 1000));

    let witness = superuser();
    let mut watcher = superuser();
    let mut dying = connect(&role);
    let pid = backend_pid(&mut dying);
    let work = std::thread::spawn(move || dying.batch_execute(&put(501, 100_500)));
    // Kill it once rows of the call are there: in the middle, neither before nor after.
    let writing = "SELECT pg_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = 'flowai_internal' AND c.relname ^@ 'catalog_entries_' AND c.relkind = 'r'
                   ORDER BY 1 DESC LIMIT 1";
    let size = |watcher: &mut postgres::Client| -> i64 {
        watcher.query_one(writing, &[]).expect("size").get(0)
    };
    let start = size(&mut watcher);
    while size(&mut watcher) < start + 8 * 1024 * 1024 {
        assert!(!work.is_finished(), "the write ended before it could be killed");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    kill_backend(pid);
    assert!(work.join().expect("the thread ends").is_err(), "the write survived its backend");

    drop(reconnect_after_crash(witness, "postgres"));
    let mut session = connect(&role);
    assert_eq!(state(&mut session), before);
    execute(&mut session, &put(1001, 1001));
    assert_eq!(state(&mut session).0, 1001);
}
