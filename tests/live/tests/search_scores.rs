//! Order and scores follow from the tenant's own entries, to the last bit: not from other tenants, not
//! from how the index lies, not from what has died in it, not from what a session has searched before.

use flowai_live::search::{answers, difference, entries, layout};
use flowai_live::{connect, execute, new_role, new_tenant, superuser};
use postgres::Client;

/// Entries of the catalogs compared; every word is in about a third of them.
const ENTRIES: usize = 480;

fn put(client: &mut Client, entries: &str) {
    execute(client, &format!("SELECT count(*) FROM flowai.catalog_put({entries})"));
}

#[track_caller]
fn assert_same(before: &[String], after: &[String]) {
    if let Some(difference) = difference(before, after) {
        panic!("{difference}");
    }
}

#[test]
fn another_tenant_changes_nothing() {
    let roles = [new_role(&[&new_tenant()]), new_role(&[&new_tenant()])];
    let mut mine = connect(&roles[0]);
    put(&mut mine, &entries(1, 200));
    execute(&mut mine, "SET flowai.search_flush_rows = 1000");
    put(&mut mine, &entries(201, 100));
    let before = answers(&mut mine);

    let mut other = connect(&roles[1]);
    put(&mut other, &entries(1, 5000));
    assert_same(&before, &answers(&mut mine));
    execute(&mut other, "SET flowai.search_flush_rows = 10");
    for first in (1..400).step_by(5) {
        // Each makes new versions of entries that are there.
        put(&mut other, &entries(first, 5).replace("'entry '", "'other entry '"));
    }
    execute(&mut other, "SELECT * FROM flowai.search_maintain()");
    assert_same(&before, &answers(&mut mine));
    assert_same(&before, &answers(&mut connect(&roles[0])));
    // Until the other tenant has rebuilt and emptied its catalog.
    execute(&mut other, "SELECT flowai.search_rebuild()");
    assert_same(&before, &answers(&mut mine));
    execute(&mut other, "DELETE FROM flowai.catalog WHERE id < 'e:3'");
    assert_same(&before, &answers(&mut connect(&roles[0])));
}

#[test]
fn it_does_not_matter_how_the_index_lies() {
    let mut superuser = superuser();
    let mut lying = |prepare: fn(&mut Client), expected: (i64, i64)| {
        let tenant = new_tenant();
        let role = new_role(&[&tenant]);
        let mut client = connect(&role);
        prepare(&mut client);
        let (segments, delta, _) = layout(&mut superuser, &tenant);
        assert_eq!((segments, delta), expected);
        // Of the session that wrote, and of one that reads all from the rows.
        let answers = [answers(&mut client), answers(&mut connect(&role))];
        assert_same(&answers[0], &answers[1]);
        answers.into_iter().next().expect("two")
    };
    let eighth = ENTRIES / 8;
    let one_segment = lying(
        |client| {
            put(client, &entries(1, ENTRIES));
            execute(client, "SELECT flowai.search_rebuild()");
        },
        (1, 0),
    );
    let eight_segments = lying(
        |client| {
            execute(client, "SET flowai.search_flush_rows = 1");
            for n in 0..8 {
                // Such a transaction makes segments and merges none.
                execute(client, "BEGIN ISOLATION LEVEL REPEATABLE READ");
                put(client, &entries(1 + n * (ENTRIES / 8), ENTRIES / 8));
                execute(client, "COMMIT");
            }
        },
        (8, 0),
    );
    let all_in_delta = lying(
        |client| {
            execute(client, "SET flowai.search_flush_rows = 10000");
            put(client, &entries(1, ENTRIES));
        },
        (0, ENTRIES as i64),
    );
    let delta_in_pieces = lying(
        |client| {
            execute(client, "SET flowai.search_flush_rows = 10000");
            for n in 0..8 {
                put(client, &entries(1 + n * (ENTRIES / 8), ENTRIES / 8));
                // What is searched is indexed in memory, each time what is new.
                answers(client);
            }
        },
        (0, ENTRIES as i64),
    );
    let some_of_each = lying(
        |client| {
            put(client, &entries(1 + 2 * (ENTRIES / 8), ENTRIES / 2 + ENTRIES / 8));
            execute(client, "SET flowai.search_flush_rows = 10000");
            put(client, &entries(1, 2 * (ENTRIES / 8)));
            put(client, &entries(1 + 7 * (ENTRIES / 8), ENTRIES / 8));
        },
        (1, 3 * eighth as i64),
    );
    for other in [eight_segments, all_in_delta, delta_in_pieces, some_of_each] {
        assert_same(&one_segment, &other);
    }
}

#[test]
fn what_died_in_the_index_does_not_show() {
    let tenant = new_tenant();
    let role = new_role(&[&tenant]);
    let mut client = connect(&role);
    put(&mut client, &entries(1, ENTRIES));
    // Other contents for a half, then the right ones again, and more entries that come and go: the
    // segment and what is indexed in memory are full of dead documents.
    let wrong = entries(1000, ENTRIES / 2).replace("'e:' || i", "'e:' || (i - 999)");
    execute(&mut client, "SET flowai.search_flush_rows = 10000");
    put(&mut client, &wrong);
    answers(&mut client);
    put(&mut client, &entries(1, ENTRIES / 2));
    put(&mut client, &entries(2000, 100));
    answers(&mut client);
    execute(
        &mut client,
        "SELECT count(*) FROM flowai.catalog_delete((SELECT array_agg('e:' || i) FROM generate_series(2000, 2099) i))",
    );
    let (segments, delta, dead) = layout(&mut superuser(), &tenant);
    assert!(segments == 1 && delta > 0 && dead > 0, "{segments} {delta} {dead}");
    let full_of_dead = answers(&mut client);
    assert_same(&full_of_dead, &answers(&mut connect(&role)));

    execute(&mut client, "SELECT * FROM flowai.search_maintain()");
    assert_same(&full_of_dead, &answers(&mut client));
    execute(&mut client, "SELECT flowai.search_rebuild()");
    assert_eq!(layout(&mut superuser(), &tenant), (1, 0, 0));
    assert_same(&full_of_dead, &answers(&mut connect(&role)));
}
