//! Whoever waits for a decision hears of it, ends when told to, and does next to nothing meanwhile.

use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use flowai_live::{backend_pid, connect, execute, new_role, new_tenant, superuser};
use postgres::error::SqlState;
use postgres::{Client, NoTls};

/// An approval that waits, asked for by one role of a tenant; both roles' sessions and its id as text.
fn waiting() -> (Client, Client, String) {
    let tenant = new_tenant();
    let (asks, decides) = (new_role(&[&tenant]), new_role(&[&tenant]));
    let (mut asks, decides) = (connect(&asks), connect(&decides));
    let row = asks
        .query_one(
            "SELECT approval::text FROM flowai.approval_request('deployment', 'web', '{}')",
            &[],
        )
        .expect("it is asked");
    (asks, decides, row.get(0))
}

fn wait(client: &mut Client, approval: &str, timeout: &str) -> Result<String, postgres::Error> {
    let sql = format!("SELECT status FROM flowai.approval_wait('{approval}', '{timeout}')");
    client.query_one(&sql, &[]).map(|row| row.get(0))
}

/// Until the session sleeps in a wait of an extension's.
fn sleeps(pid: i32) {
    let mut watch = superuser();
    let started = Instant::now();
    loop {
        let row = watch
            .query_opt(
                "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Extension'",
                &[&pid],
            )
            .expect("activity is there");
        if row.is_some() {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "the session does not wait");
        sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_decision_ends_the_wait() {
    let (mut asks, mut decides, approval) = waiting();
    let pid = backend_pid(&mut asks);
    let id = approval.clone();
    let waits = spawn(move || wait(&mut asks, &id, "10 minutes"));
    sleeps(pid);
    // What is not committed is not decided.
    let mut transaction = decides.transaction().expect("a transaction begins");
    let decide = format!("SELECT decision FROM flowai.approval_decide('{approval}', 'granted')");
    transaction.execute(&decide, &[]).expect("it is decided");
    sleeps(pid);
    assert!(!waits.is_finished());
    transaction.commit().expect("the decision stands");
    assert_eq!(waits.join().expect("the session lives").expect("the wait ends"), "granted");
}

#[test]
fn a_cancel_request_ends_the_wait() {
    let (mut asks, mut decides, approval) = waiting();
    let pid = backend_pid(&mut asks);
    let token = asks.cancel_token();
    let id = approval.clone();
    let waits = spawn(move || {
        let ended = wait(&mut asks, &id, "10 minutes");
        (asks, ended)
    });
    sleeps(pid);
    token.cancel_query(NoTls).expect("the request is sent");
    let (mut asks, ended) = waits.join().expect("the session lives");
    assert_eq!(ended.expect_err("it was cancelled").code(), Some(&SqlState::QUERY_CANCELED));
    // The session goes on, and the approval waits as before.
    execute(&mut decides, &format!("SELECT flowai.approval_decide('{approval}', 'denied')"));
    assert_eq!(wait(&mut asks, &approval, "10 minutes").expect("it is decided"), "denied");
}

#[test]
fn a_membership_that_ends_ends_the_wait() {
    let tenant = new_tenant();
    let role = new_role(&[&tenant]);
    let mut asks = connect(&role);
    let approval: String = asks
        .query_one(
            "SELECT approval::text FROM flowai.approval_request('deployment', 'web', '{}')",
            &[],
        )
        .expect("it is asked")
        .get(0);
    let pid = backend_pid(&mut asks);
    let waits = spawn(move || wait(&mut asks, &approval, "10 minutes"));
    sleeps(pid);
    execute(
        &mut flowai_live::steward(),
        &format!("SELECT flowai.tenant_revoke('{tenant}', '{role}')"),
    );
    let error = waits.join().expect("the session lives").expect_err("nobody's approval");
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
}

#[test]
fn a_terminated_session_ends_the_wait() {
    let (mut asks, _, approval) = waiting();
    let pid = backend_pid(&mut asks);
    let waits = spawn(move || wait(&mut asks, &approval, "10 minutes"));
    sleeps(pid);
    execute(&mut superuser(), &format!("SELECT pg_terminate_backend({pid})"));
    assert!(waits.join().expect("the thread lives").is_err());
}

/// The processor time that a session has used, in ticks of the system's clock.
fn ticks(pid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is there");
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    fields[11].parse::<u64>().expect("user time") + fields[12].parse::<u64>().expect("system time")
}

#[test]
fn who_waits_does_not_work() {
    let (mut asks, mut decides, approval) = waiting();
    let pid = backend_pid(&mut asks);
    let id = approval.clone();
    let waits = spawn(move || wait(&mut asks, &id, "10 minutes"));
    sleeps(pid);
    // Past the short pauses of the beginning: then a look a second.
    sleep(Duration::from_secs(2));
    let before = ticks(pid);
    sleep(Duration::from_secs(4));
    let used = ticks(pid) - before;
    execute(&mut decides, &format!("SELECT flowai.approval_decide('{approval}', 'granted')"));
    assert_eq!(waits.join().expect("the session lives").expect("the wait ends"), "granted");
    // A loop without a pause uses 400 ticks of 10 ms in this time; a few looks use hardly one.
    assert!(used < 100, "{used} ticks in 4 seconds of waiting");
}

#[test]
fn a_grant_is_for_one_of_many_calls() {
    const SESSIONS: usize = 12;
    const GRANTS: i64 = 15;
    let tenant = new_tenant();
    let agent = new_role(&[&tenant]);
    let mut person = connect(&new_role(&[&tenant]));
    execute(
        &mut flowai_live::steward(),
        &format!("SELECT flowai.approval_policy_set('{tenant}', 'tool', 'event_emit', 'always')"),
    );
    let calls: Vec<_> = (0..SESSIONS)
        .map(|number| {
            let mut session = connect(&agent);
            spawn(move || {
                let call = "SELECT flowai.call_tool('event_emit', '{\"name\": \"rocket.launched\"}') ->> 'status' IS NULL";
                let (mut launched, mut turn) = (0, number);
                // Until the person has had enough.
                while session
                    .query_one("SELECT count(*) FROM flowai.kv_get('launch', 'over')", &[])
                    .expect("kv_get")
                    .get::<_, i64>(0)
                    == 0
                {
                    turn += 1;
                    let mut transaction = session.transaction().expect("a transaction begins");
                    let ran: bool = transaction.query_one(call, &[]).expect("call_tool").get(0);
                    // Some change their mind: what they launched has not happened, and the grant stays.
                    if turn % 3 == 0 {
                        transaction.rollback().expect("it is taken back");
                    } else {
                        transaction.commit().expect("it stands");
                        launched += i64::from(ran);
                    }
                }
                launched
            })
        })
        .collect();
    let granted = Instant::now();
    let mut grants = 0;
    while grants < GRANTS {
        assert!(granted.elapsed() < Duration::from_secs(300), "only {grants} calls were asked for");
        let decided = person
            .query(
                "SELECT d.decision FROM flowai.approval_inbox i, flowai.approval_decide(i.id, 'granted') d",
                &[],
            )
            .expect("it is decided");
        grants += decided.len() as i64;
        sleep(Duration::from_millis(5));
    }
    // The last grant is used by somebody before all stop.
    let unused =
        "SELECT count(*) FROM flowai.approvals WHERE decision = 'granted' AND used_at IS NULL";
    while person.query_one(unused, &[]).expect("count").get::<_, i64>(0) > 0 {
        assert!(granted.elapsed() < Duration::from_secs(300), "a grant is not used");
        sleep(Duration::from_millis(5));
    }
    execute(&mut person, "SELECT flowai.kv_put('launch', 'over', 'true')");
    let launched: i64 = calls.into_iter().map(|call| call.join().expect("the session lives")).sum();
    let count = |client: &mut Client, sql: &str| {
        client.query_one(sql, &[]).expect("count").get::<_, i64>(0)
    };
    let events = "SELECT count(*) FROM flowai.event_list('rocket.', max_rows => 1000)";
    let used = "SELECT count(*) FROM flowai.event_list('flowai.approval.used', max_rows => 1000)";
    assert_eq!(launched, grants, "calls that ran, and grants");
    assert_eq!(count(&mut person, events), grants, "what they did");
    assert_eq!(count(&mut person, used), grants, "what is on record");
    // The same call waits once at most, whoever asked.
    let open = "SELECT count(*) FROM flowai.approvals WHERE decision IS NULL";
    assert!(count(&mut person, open) <= 1);
}
