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
        &format!("BEGIN; SELECT flowai.tenant_create('{lost}'); SELECT flowai.tenant_grant('{lost}', '{role}')"),
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
