//! Whose rows a live session sees, when memberships, settings and roles change under its feet.

use std::thread;
use std::time::Duration;

use flowai_live::{
    backend_pid, connect, execute, new_role, new_table, new_tenant, refusal, steward, superuser,
};
use postgres::error::SqlState;
use postgres::{Client, Statement};

/// More than the five executions after which the server may keep one plan for all.
const ENOUGH_TO_CACHE: usize = 8;

fn notes(client: &mut Client, read: &Statement) -> Vec<String> {
    client.query(read, &[]).expect("read").iter().map(|row| row.get(0)).collect()
}

fn prepare(client: &mut Client, table: &str) -> Statement {
    client.prepare(&format!("SELECT note FROM {table} ORDER BY note")).expect("prepare")
}

#[test]
fn revoke_reaches_a_live_session() {
    let (mine, other) = (new_tenant(), new_tenant());
    let table = new_table(&[&mine, &other]);
    let role = new_role(&[&mine]);
    let mut steward = steward();
    let mut session = connect(&role);
    let read = prepare(&mut session, &table);
    for _ in 0..ENOUGH_TO_CACHE {
        assert_eq!(notes(&mut session, &read), std::slice::from_ref(&mine));
    }

    steward.execute("SELECT flowai.tenant_revoke($1, $2)", &[&mine, &role]).expect("tenant_revoke");
    for _ in 0..ENOUGH_TO_CACHE {
        assert!(notes(&mut session, &read).is_empty(), "a revoked member still reads");
    }

    steward.execute("SELECT flowai.tenant_grant($1, $2)", &[&mine, &role]).expect("tenant_grant");
    assert_eq!(notes(&mut session, &read), [mine]);
}

#[test]
fn revoke_reaches_an_open_transaction() {
    let mine = new_tenant();
    let table = new_table(&[&mine]);
    let role = new_role(&[&mine]);
    let mut session = connect(&role);
    let read = prepare(&mut session, &table);
    // The second read takes no lock that the first has not taken.
    execute(&mut session, "BEGIN");
    assert_eq!(notes(&mut session, &read), std::slice::from_ref(&mine));
    steward()
        .execute("SELECT flowai.tenant_revoke($1, $2)", &[&mine, &role])
        .expect("tenant_revoke");
    assert!(
        notes(&mut session, &read).is_empty(),
        "a revoked member still reads in its transaction"
    );
    execute(&mut session, "ROLLBACK");
}

#[test]
fn revoke_reaches_a_session_that_is_just_looking() {
    let (mine, other) = (new_tenant(), new_tenant());
    let group = new_role(&[&mine, &other]);
    let member = new_role(&[]);
    let (idle, idler) = (new_role(&[]), new_role(&[]));
    let mut superuser = superuser();
    execute(&mut superuser, &format!("GRANT {group} TO {member}"));
    let mut session = connect(&member);
    execute(&mut session, &format!("SET flowai.tenant = '{mine}'"));
    let ask = session.prepare("SELECT flowai.tenant_is($1)").expect("prepare");
    let is_in_force: bool = session.query_one(&ask, &[&mine]).expect("ask").get(0);
    assert!(is_in_force);

    // The session has to read the grants of roles anew, and waits there, with the members already read. The
    // members are locked first, as by everybody who changes them.
    execute(&mut superuser, &format!("GRANT {idle} TO {idler}"));
    execute(
        &mut superuser,
        "BEGIN; LOCK TABLE flowai_internal.tenant_members IN SHARE ROW EXCLUSIVE MODE;
         LOCK TABLE pg_catalog.pg_auth_members",
    );
    let pid = backend_pid(&mut session);
    let asked = {
        let mine = mine.clone();
        thread::spawn(move || {
            let answer = session.query_one(&ask, &[&mine]).map(|row| row.get::<_, bool>(0));
            (session, ask, answer)
        })
    };
    let waits = "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE pid = $1 AND NOT granted)";
    while !superuser.query_one(waits, &[&pid]).expect("locks").get::<_, bool>(0) {
        assert!(!asked.is_finished(), "the session did not read the grants of roles");
        thread::sleep(Duration::from_millis(1));
    }
    superuser.execute("SELECT flowai.tenant_revoke($1, $2)", &[&mine, &group]).expect("revoke");
    execute(&mut superuser, "COMMIT");

    let (mut session, ask, answer) = asked.join().expect("join");
    assert!(!answer.unwrap_or(false), "it answered with what was revoked before");
    let later = session.query_one(&ask, &[&mine]).map(|row| row.get::<_, bool>(0));
    assert!(!later.unwrap_or(false), "it goes on with what was revoked");
}

#[test]
fn a_pooled_connection_never_mixes_tenants() {
    let tenants = [new_tenant(), new_tenant()];
    let table = new_table(&[&tenants[0], &tenants[1]]);
    let pool = new_role(&[&tenants[0], &tenants[1]]);
    let mut session = connect(&pool);
    let read = prepare(&mut session, &table);

    assert!(notes(&mut session, &read).is_empty(), "two tenants and no choice: none is in force");
    for round in 0..50 {
        let (mine, other) = (&tenants[round % 2], &tenants[(round + 1) % 2]);
        let mut transaction = session.transaction().expect("begin");
        transaction.execute("SELECT flowai.use_tenant($1)", &[mine]).expect("use_tenant");
        let seen: Vec<String> =
            transaction.query(&read, &[]).expect("read").iter().map(|row| row.get(0)).collect();
        assert_eq!(seen, std::slice::from_ref(mine), "round {round}");

        let mut savepoint = transaction.transaction().expect("savepoint");
        let switch = savepoint.execute("SELECT flowai.use_tenant($1)", &[other]);
        assert_eq!(refusal(switch), SqlState::ACTIVE_SQL_TRANSACTION, "round {round}");
        savepoint.rollback().expect("rollback to savepoint");
        assert_eq!(transaction.query(&read, &[]).expect("read").len(), 1, "round {round}");

        if round % 3 == 0 {
            transaction.rollback().expect("rollback");
        } else {
            transaction.commit().expect("commit");
        }
        assert!(
            notes(&mut session, &read).is_empty(),
            "round {round}: the choice ended with the transaction"
        );
    }
}

#[test]
fn set_role_switches_the_tenant_of_cached_plans() {
    let tenants = [new_tenant(), new_tenant()];
    let table = new_table(&[&tenants[0], &tenants[1]]);
    let roles = [new_role(&[&tenants[0]]), new_role(&[&tenants[1]])];
    let stranger = new_role(&[]);
    // NOINHERIT: the login may become either role and has the tenant of neither.
    let login = new_role(&[]);
    execute(
        &mut superuser(),
        &format!(
            "ALTER ROLE {login} NOINHERIT; GRANT {}, {}, {stranger} TO {login}",
            roles[0], roles[1]
        ),
    );

    let mut session = connect(&login);
    let read = prepare(&mut session, &table);
    for round in 0..20 {
        assert!(notes(&mut session, &read).is_empty(), "round {round}: the login");
        for (role, tenant) in roles.iter().zip(&tenants) {
            execute(&mut session, &format!("SET ROLE {role}"));
            for _ in 0..ENOUGH_TO_CACHE {
                assert_eq!(
                    notes(&mut session, &read),
                    std::slice::from_ref(tenant),
                    "round {round}: {role}"
                );
            }
        }
        execute(&mut session, &format!("SET ROLE {stranger}"));
        assert!(notes(&mut session, &read).is_empty(), "round {round}: the stranger");
        execute(&mut session, "RESET ROLE");
    }
}
