//! What writers do for the index on the way: it stays small, and they stand in nobody's way.

use flowai_live::search::{Question, complaints, disagreements, entries, layout};
use flowai_live::{connect, execute, new_role, new_tenant, superuser};
use postgres::Client;

fn put(client: &mut Client, entries: &str) {
    execute(client, &format!("SELECT count(*) FROM flowai.catalog_put({entries})"));
}

fn is_right(client: &mut Client) {
    assert_eq!(disagreements(client, &Question::every_word()).expect("search"), [""; 0]);
    assert_eq!(complaints(client).expect("search_check"), [""; 0]);
}

#[test]
fn the_first_flush_of_an_open_transaction_keeps_nobody_waiting() {
    let role = new_role(&[&new_tenant()]);
    let [mut first, mut second] = [connect(&role), connect(&role)];
    for client in [&mut first, &mut second] {
        execute(client, "SET flowai.search_flush_rows = 5");
        // Nothing below waits for the other transaction, so this ends nothing.
        execute(client, "SET lock_timeout = '2s'");
    }
    execute(&mut first, "BEGIN");
    put(&mut first, &entries(1, 3));
    put(&mut first, &entries(11, 3));
    // Other entries, and as many: due, but somebody else is at it.
    put(&mut second, &entries(21, 3));
    put(&mut second, &entries(31, 3));
    let busy: bool = second
        .query_one("SELECT busy FROM flowai.search_maintain()", &[])
        .expect("search_maintain")
        .get(0);
    assert!(busy);
    // The same in another workspace.
    execute(&mut second, "SET flowai.workspace = 'other'");
    put(&mut second, &entries(41, 7));
    is_right(&mut second);
    execute(&mut second, "RESET flowai.workspace");
    execute(&mut first, "COMMIT");
    for client in [&mut first, &mut second] {
        is_right(client);
        execute(client, "SELECT * FROM flowai.search_maintain()");
        is_right(client);
    }
}

#[test]
fn large_writes_alone_leave_few_segments() {
    let tenant = new_tenant();
    let mut client = connect(&new_role(&[&tenant]));
    execute(&mut client, "SET flowai.search_flush_rows = 20");
    for n in 0..40 {
        put(&mut client, &entries(1 + n * 30, 30));
    }
    let (segments, delta, _) = layout(&mut superuser(), &tenant);
    assert!(segments <= 6 && delta == 0, "{segments} segments, {delta} rows in the delta");
    is_right(&mut client);
}

#[test]
fn what_died_does_not_gather() {
    let tenant = new_tenant();
    let mut client = connect(&new_role(&[&tenant]));
    put(&mut client, &entries(1, 1500));
    execute(&mut client, "SET flowai.search_flush_rows = 50");
    // Every entry once, five at a time.
    for first in (1..=1500).step_by(5) {
        put(&mut client, &entries(first, 5).replace("'entry '", "'other entry '"));
    }
    let (segments, delta, dead) = layout(&mut superuser(), &tenant);
    assert!(
        segments <= 9 && delta < 50 && dead < 100,
        "{segments} segments, {delta} rows in the delta, {dead} dead"
    );
    is_right(&mut client);
    execute(&mut client, "DELETE FROM flowai.catalog");
    execute(&mut client, "SELECT * FROM flowai.search_maintain()");
    assert_eq!(layout(&mut superuser(), &tenant), (0, 0, 0));
    is_right(&mut client);
}

#[test]
fn writers_go_on_while_another_transaction_has_the_index_in_hand() {
    let tenant = new_tenant();
    let role = new_role(&[&tenant]);
    let [mut keeper, mut writer] = [connect(&role), connect(&role)];
    put(&mut keeper, &entries(1, 30));
    execute(&mut keeper, "BEGIN; SELECT flowai.search_rebuild()");
    execute(&mut writer, "SET flowai.search_flush_rows = 2; SET flowai.search_delta_rows = 1000");
    execute(&mut writer, "SET lock_timeout = '2s'");
    for first in (100..160).step_by(3) {
        put(&mut writer, &entries(first, 1));
    }
    execute(&mut writer, "SELECT count(*) FROM flowai.catalog_delete('{e:1,e:100}')");
    is_right(&mut writer);
    is_right(&mut keeper);
    execute(&mut keeper, "COMMIT");
    put(&mut writer, &entries(200, 1));
    let (_, delta, dead) = layout(&mut superuser(), &tenant);
    assert_eq!((delta, dead), (0, 0), "the next write makes up for it");
    is_right(&mut writer);
    is_right(&mut keeper);
}

/// The keeper lets go while the writer waits. It waits for half a second at most, so on a busy machine it may
/// have gone on by then: then both try again.
#[test]
fn a_writer_waits_for_its_turn_once_too_much_has_gathered() {
    let tenant = new_tenant();
    let role = new_role(&[&tenant]);
    let [mut keeper, mut writer] = [connect(&role), connect(&role)];
    put(&mut keeper, &entries(1, 30));
    execute(&mut keeper, "SELECT * FROM flowai.search_maintain()");
    execute(&mut writer, "SET flowai.search_flush_rows = 5; SET flowai.search_delta_rows = 5");
    let pid: i32 = writer.query_one("SELECT pg_backend_pid()", &[]).expect("pid").get(0);
    let mut watcher = superuser();
    for attempt in 0..50 {
        execute(&mut keeper, "BEGIN; SELECT flowai.search_rebuild()");
        // Not yet too much: nobody waits, and nothing is indexed.
        put(&mut writer, &entries(1000 + attempt * 10, 4));
        assert_eq!(layout(&mut superuser(), &tenant).1, 4);
        let waiting = std::thread::scope(|scope| {
            let writing = scope.spawn(|| put(&mut writer, &entries(1005 + attempt * 10, 4)));
            let mut seen = false;
            while !seen && !writing.is_finished() {
                let waits = "SELECT count(*) = 1 FROM pg_stat_activity
                             WHERE pid = $1 AND wait_event_type = 'Extension'";
                seen = watcher.query_one(waits, &[&pid]).expect("pg_stat_activity").get(0);
            }
            execute(&mut keeper, "ROLLBACK");
            writing.join().expect("the writer");
            seen
        });
        let delta = layout(&mut superuser(), &tenant).1;
        is_right(&mut writer);
        if waiting && delta == 0 {
            return;
        }
        execute(&mut writer, "SELECT * FROM flowai.search_maintain()");
    }
    panic!("no writer was seen to wait, and then to index what had gathered");
}
