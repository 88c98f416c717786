//! Read-only SQL that has to wait for others, and what others see of it.

use flowai_live::{backend_pid, connect, execute, new_role, new_tenant, superuser, unique};

#[test]
fn a_wait_for_a_lock_ends_with_the_time_of_the_statement() {
    let role = new_role(&[&new_tenant()]);
    let table = unique("public.locked");
    let mut holder = superuser();
    execute(
        &mut holder,
        &format!("CREATE TABLE {table} (id int); GRANT SELECT ON {table} TO {role}"),
    );
    execute(&mut holder, &format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"));

    let mut session = connect(&role);
    let pid = backend_pid(&mut session);
    let answer: String = session
        .query_one(
            "SELECT flowai.execute_query($1, 10, '200 ms') ->> 'code'",
            &[&format!("SELECT * FROM {table}")],
        )
        .expect("an answer, not an error")
        .get(0);
    assert_eq!(answer, "57014");
    let locks: i64 = holder
        .query_one("SELECT count(*) FROM pg_locks WHERE pid = $1", &[&pid])
        .expect("locks")
        .get(0);
    assert_eq!(locks, 0, "it still waits, or holds something");

    execute(&mut holder, "ROLLBACK");
    let rows: String = session
        .query_one(
            "SELECT flowai.execute_query($1) ->> 'row_count'",
            &[&format!("SELECT * FROM {table}")],
        )
        .expect("an answer")
        .get(0);
    assert_eq!(rows, "0");
}

#[test]
fn others_see_no_lock_while_the_transaction_that_asked_goes_on() {
    let role = new_role(&[&new_tenant()]);
    let table = unique("public.read");
    let mut other = superuser();
    execute(
        &mut other,
        &format!("CREATE TABLE {table} (id int); GRANT SELECT ON {table} TO {role}"),
    );

    let mut session = connect(&role);
    execute(&mut session, "BEGIN");
    session
        .execute("SELECT flowai.execute_query($1)", &[&format!("SELECT * FROM {table}")])
        .expect("an answer");
    // It would wait for the end of the transaction if the statement's locks were kept.
    execute(&mut other, &format!("SET lock_timeout = '10 s'; ALTER TABLE {table} ADD note text"));
    execute(&mut session, "ROLLBACK");
}
