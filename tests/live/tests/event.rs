//! Events at the turn of a month: the partition is made once, and nobody waits for who makes it.

use std::thread;

use flowai_live::{connect, execute, new_role, new_tenant, refusal, steward, superuser};
use postgres::Client;
use postgres::error::SqlState;

/// Months from this one on. Other tests may have left older ones behind.
const MONTHS: &str = "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'flowai.events'::regclass AND c.relname >= to_char(now() AT TIME ZONE 'UTC', '\"events_\"YYYY_MM')";
const EMIT: &str = "SELECT count(*) FROM flowai.event_emit('turn.of_month')";

fn count(client: &mut Client, query: &str) -> i64 {
    client.query_one(query, &[]).unwrap_or_else(|error| panic!("{query}: {error:?}")).get(0)
}

/// Makes it the turn of a month: partitions of this month, if `this`, and of the next one are missing.
fn forget_months(superuser: &mut Client, this: bool) {
    let months = if this { 0 } else { 1 };
    execute(
        superuser,
        &format!(
            "DO $$
             DECLARE piece regclass;
             BEGIN
                 FOR piece IN SELECT i.inhrelid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                              WHERE i.inhparent = 'flowai.events'::regclass
                                AND c.relname >= to_char(now() AT TIME ZONE 'UTC' + interval '{months} month', '\"events_\"YYYY_MM')
                 LOOP EXECUTE format('DROP TABLE %s', piece); END LOOP;
             END $$"
        ),
    );
}

/// One test, because it takes partitions away that all share.
#[test]
fn a_month_begins_for_everybody() {
    let roles = [new_role(&[&new_tenant()]), new_role(&[&new_tenant()])];
    let mut superuser = superuser();

    // Many sessions write the first event of a month at once: all of them succeed.
    for _ in 0..5 {
        forget_months(&mut superuser, true);
        thread::scope(|scope| {
            for session in 0..8 {
                let role = &roles[session % 2];
                scope.spawn(move || {
                    let mut client = connect(role);
                    execute(&mut client, "SET statement_timeout = '30s'");
                    assert_eq!(count(&mut client, EMIT), 1);
                });
            }
        });
        assert_eq!(count(&mut superuser, MONTHS), 2);
    }
    for role in &roles {
        let own = count(&mut connect(role), "SELECT count(*) FROM flowai.event_list('turn.')");
        assert_eq!(own, 4, "events of {role}");
    }

    // Whoever makes the next month does not keep others from writing in this one, nor from reading.
    forget_months(&mut superuser, false);
    let mut first = connect(&roles[0]);
    execute(&mut first, "BEGIN");
    assert_eq!(count(&mut first, EMIT), 1);
    let mut second = connect(&roles[1]);
    execute(&mut second, "SET statement_timeout = '10s'");
    assert_eq!(count(&mut second, EMIT), 1);
    assert_eq!(count(&mut second, "SELECT count(*) FROM flowai.event_list('turn.')"), 5);
    assert_eq!(count(&mut superuser, MONTHS), 1, "the next month is not committed");
    // If it is never made, the next writer makes it.
    execute(&mut first, "ROLLBACK");
    assert_eq!(count(&mut second, EMIT), 1);
    assert_eq!(count(&mut superuser, MONTHS), 2);

    // A session that saw the month go away, and one that planned before it came, both write on.
    forget_months(&mut superuser, true);
    assert_eq!(count(&mut second, EMIT), 1);
    assert_eq!(count(&mut first, EMIT), 1);

    // A transaction with a snapshot from before the month can write into it.
    forget_months(&mut superuser, true);
    execute(
        &mut first,
        "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM flowai.events",
    );
    assert_eq!(count(&mut second, EMIT), 1);
    assert_eq!(count(&mut first, EMIT), 1);
    execute(&mut first, "COMMIT");

    // A purge does not wait for who reads, with everybody else waiting behind it.
    let purge = "SELECT dropped FROM flowai.event_purge('1 day')";
    let mut steward = steward();
    steward.query(purge, &[]).expect("purge");
    execute(&mut superuser, "SELECT flowai_internal.event_month_open(2021, 5)");
    execute(&mut first, "BEGIN; SELECT count(*) FROM flowai.events");
    assert_eq!(refusal(steward.query(purge, &[])), SqlState::LOCK_NOT_AVAILABLE);
    assert_eq!(count(&mut second, EMIT), 1);
    execute(&mut first, "COMMIT");
    let dropped = steward.query(purge, &[]).expect("purge");
    let dropped: Vec<String> = dropped.iter().map(|row| row.get(0)).collect();
    assert_eq!(dropped, ["flowai_internal.events_2021_05"]);
}
