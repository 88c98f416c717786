//! Long work on the index ends when it is told to, and leaves everything as it was.
//!
//! FLOWAI_CANCEL_ENTRIES says how many entries there are to work on. What each took to end is printed;
//! no test depends on it.

use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use flowai_live::random::from_environment;
use flowai_live::search::{WORDS, entries, layout, long_entries, wrong_totals};
use flowai_live::{backend_pid, connect, execute, new_role, new_tenant, superuser, threads};
use postgres::error::SqlState;
use postgres::{Client, Error, NoTls};

/// When in the course of the work it is told to end, in hundredths of how long it takes if it is not,
/// and how.
const MOMENTS: [(u32, How); 4] = [
    (2, How::CancelRequest),
    (20, How::StatementTimeout),
    (40, How::CancelRequest),
    (65, How::StatementTimeout),
];

/// Enough that every phase of the work lasts.
fn count() -> usize {
    from_environment("FLOWAI_CANCEL_ENTRIES", 20_000) as usize
}

/// A tenant with a session that has the entries at hand, as `SELECT entries FROM load`.
fn tenant(entries: String) -> (String, Client) {
    let tenant = new_tenant();
    let mut client = connect(&new_role(&[&tenant]));
    execute(&mut client, &format!("CREATE TEMP TABLE load AS SELECT {entries} AS entries"));
    (tenant, client)
}

const PUT: &str = "SELECT count(*) FROM flowai.catalog_put((SELECT entries FROM load))";

#[derive(Clone, Copy, Debug)]
enum How {
    CancelRequest,
    StatementTimeout,
}

/// Runs the statement in the open transaction and tells it to end after this time; how long it took to
/// end from then on.
fn interrupt(
    client: &mut Client,
    sql: &str,
    after: Duration,
    how: How,
) -> (Result<(), Error>, Duration) {
    match how {
        How::CancelRequest => {
            let token = client.cancel_token();
            let canceller = spawn(move || {
                sleep(after);
                let sent = Instant::now();
                token.cancel_query(NoTls).expect("the request is sent");
                sent
            });
            let result = client.batch_execute(sql);
            let ended = Instant::now();
            let sent = canceller.join().expect("the thread ends");
            (result, ended.saturating_duration_since(sent))
        }
        How::StatementTimeout => {
            // It ends with the transaction.
            execute(client, &format!("SET LOCAL statement_timeout = {}", after.as_millis().max(1)));
            let began = Instant::now();
            let result = client.batch_execute(sql);
            let took = began.elapsed();
            (result, took.saturating_sub(after))
        }
    }
}

/// Interrupts the statement at every moment of its course. Each time it must fail, the index must lie
/// as before, and searches must be right.
fn is_interruptible(what: &str, tenant: &str, client: &mut Client, sql: &str) {
    let mut superuser = superuser();
    let pid = backend_pid(client);
    let before = layout(&mut superuser, tenant);
    let began = Instant::now();
    execute(client, &format!("BEGIN; {sql}; ROLLBACK"));
    let whole = began.elapsed();
    let mut waits = Vec::new();
    for (moment, how) in MOMENTS {
        let mut after = whole * moment / 100;
        let mut attempts = 0;
        loop {
            execute(client, "BEGIN");
            let (result, wait) = interrupt(client, sql, after, how);
            client.batch_execute("ROLLBACK").expect("the session works");
            match result {
                Err(error) => {
                    let told = error.code();
                    assert_eq!(told, Some(&SqlState::QUERY_CANCELED), "{what}: {error:?}");
                    waits.push(wait);
                    break;
                }
                // The whole took longer than this one: other work had slowed it down.
                Ok(()) => after /= 2,
            }
            // A request may arrive after the statement that it was for.
            drop(client.batch_execute("SELECT pg_sleep(2)"));
            attempts += 1;
            assert!(attempts < 4, "{what}: it cannot be interrupted after {after:?} of {whole:?}");
        }
        assert_eq!(layout(&mut superuser, tenant), before, "{what} {moment} {how:?}");
        assert_eq!(threads(pid), 1, "{what} {moment} {how:?}");
        let wrong = wrong_totals(client, &WORDS[..1]).expect("the session works");
        assert_eq!(wrong, [""; 0], "{what} {moment}");
    }
    println!("{what}: {whole:?} if it is left alone; ended after {waits:?}");
    // Left alone it goes through.
    execute(client, sql);
    let wrong = wrong_totals(client, &WORDS[..4]).expect("search");
    assert_eq!(wrong, [""; 0], "{what}");
}

#[test]
fn writing_many_entries_is_interruptible() {
    let (tenant, mut client) = tenant(entries(1, count()));
    is_interruptible("catalog_put", &tenant, &mut client, PUT);
}

#[test]
fn rebuilding_is_interruptible() {
    let (tenant, mut client) = tenant(entries(1, count()));
    execute(&mut client, PUT);
    is_interruptible("search_rebuild", &tenant, &mut client, "SELECT flowai.search_rebuild()");
}

#[test]
fn flushing_is_interruptible() {
    let (tenant, mut client) = tenant(long_entries(1, count() / 4));
    execute(&mut client, "SET flowai.search_flush_rows = 100000");
    execute(&mut client, PUT);
    // Each session indexes the delta for itself; this one each time, for it may not keep so much.
    execute(&mut client, "SET flowai.search_cache_mb = 1");
    let search = "SELECT count(*) FROM flowai.search_catalog('quorvax blimdok')";
    is_interruptible("a search of a long delta", &tenant, &mut client, search);
    is_interruptible("a flush", &tenant, &mut client, "SELECT * FROM flowai.search_maintain()");
}

#[test]
fn merging_is_interruptible() {
    let tenant = new_tenant();
    let mut client = connect(&new_role(&[&tenant]));
    let eighth = count() / 8;
    for n in 0..8 {
        let entries = entries(1 + n * eighth, eighth);
        // Such a transaction makes segments and merges none.
        execute(&mut client, "BEGIN ISOLATION LEVEL REPEATABLE READ");
        execute(&mut client, &format!("SELECT count(*) FROM flowai.catalog_put({entries})"));
        execute(&mut client, "COMMIT");
    }
    assert_eq!(layout(&mut superuser(), &tenant).0, 8, "segments, before they are merged");
    is_interruptible("a merge", &tenant, &mut client, "SELECT * FROM flowai.search_maintain()");
    assert_eq!(layout(&mut superuser(), &tenant).0, 1, "segments, after they were merged");

    let searches = "SELECT count(*) FROM generate_series(1, 30) i,
                        flowai.search_catalog('quorvax ' || CASE WHEN i > 0 THEN 'blimdok*' END)";
    is_interruptible("searches", &tenant, &mut client, searches);
}

#[test]
fn an_ended_backend_leaves_nothing() {
    let (tenant, mut client) = tenant(entries(1, count()));
    let mut superuser = superuser();
    let pid = backend_pid(&mut client);
    let began = Instant::now();
    execute(&mut client, &format!("BEGIN; {PUT}; ROLLBACK"));
    let after = began.elapsed() / 2;
    let ender = spawn(move || {
        sleep(after);
        superuser.query_one("SELECT pg_terminate_backend($1)", &[&pid]).expect("terminate");
        superuser
    });
    let result = client.batch_execute(PUT);
    let mut superuser = ender.join().expect("the thread ends");
    // It may have been through with it before it was ended.
    if let Err(error) = result {
        assert_eq!(error.code(), Some(&SqlState::ADMIN_SHUTDOWN), "{error:?}");
        assert_eq!(layout(&mut superuser, &tenant), (0, 0, 0));
    }
}
