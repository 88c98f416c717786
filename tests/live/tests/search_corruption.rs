//! Search tables that somebody has damaged: an error that names the rule, never a crash, never a wrong
//! hit, and rows from which everything can be built again.

use flowai_live::search::{Question, complaints, disagreements, long_entries};
use flowai_live::{backend_pid, connect, execute, new_role, new_tenant, superuser};
use postgres::error::SqlState;
use postgres::{Client, Error};

/// What is done to the tables, with the tenant as $1.
const DAMAGE: [(&str, &str); 32] = [
    (
        "a flipped byte at the beginning",
        "UPDATE flowai_internal.search_chunk SET bytes = set_byte(bytes, 0, 255 - get_byte(bytes, 0)) WHERE tenant_id = $1 AND chunk_no = 0",
    ),
    (
        "a flipped byte in the middle",
        "UPDATE flowai_internal.search_chunk SET bytes = set_byte(bytes, length(bytes) / 2, 255 - get_byte(bytes, length(bytes) / 2)) WHERE tenant_id = $1 AND chunk_no = 0",
    ),
    (
        "a flipped bit at the end",
        "UPDATE flowai_internal.search_chunk SET bytes = set_bit(bytes, length(bytes) * 8 - 1, 1 - get_bit(bytes, length(bytes) * 8 - 1)) WHERE tenant_id = $1 AND chunk_no = 1",
    ),
    (
        "bytes cut off",
        "UPDATE flowai_internal.search_chunk SET bytes = substr(bytes, 1, length(bytes) - 1) WHERE tenant_id = $1 AND chunk_no = 1",
    ),
    (
        "a byte too many",
        "UPDATE flowai_internal.search_chunk SET bytes = bytes || '\\x00' WHERE tenant_id = $1 AND chunk_no = 1",
    ),
    (
        "an empty chunk",
        "UPDATE flowai_internal.search_chunk SET bytes = '' WHERE tenant_id = $1 AND chunk_no = 0",
    ),
    (
        "zeros",
        "UPDATE flowai_internal.search_chunk SET bytes = decode(repeat('00', length(bytes)), 'hex') WHERE tenant_id = $1",
    ),
    (
        "a missing first chunk",
        "DELETE FROM flowai_internal.search_chunk WHERE tenant_id = $1 AND chunk_no = 0",
    ),
    (
        "a missing last chunk",
        "DELETE FROM flowai_internal.search_chunk WHERE tenant_id = $1 AND chunk_no = 1",
    ),
    ("no chunks", "DELETE FROM flowai_internal.search_chunk WHERE tenant_id = $1"),
    (
        "an extra chunk behind",
        "INSERT INTO flowai_internal.search_chunk SELECT tenant_id, segment_id, 1000000, bytes FROM flowai_internal.search_chunk WHERE tenant_id = $1 AND chunk_no = 1",
    ),
    (
        "an extra chunk in front",
        "INSERT INTO flowai_internal.search_chunk SELECT tenant_id, segment_id, -1, '\\x00' FROM flowai_internal.search_chunk WHERE tenant_id = $1 AND chunk_no = 1",
    ),
    (
        "chunks in another order",
        "UPDATE flowai_internal.search_chunk SET chunk_no = 7 WHERE tenant_id = $1 AND chunk_no = 0",
    ),
    (
        "a chunk of another segment",
        "UPDATE flowai_internal.search_chunk c SET bytes = o.bytes FROM flowai_internal.search_chunk o WHERE c.tenant_id = $1 AND o.tenant_id = $1 AND c.chunk_no = 0 AND o.chunk_no = 0 AND o.segment_id <> c.segment_id",
    ),
    (
        "a future format",
        "UPDATE flowai_internal.search_segment SET format = format + 1 WHERE tenant_id = $1",
    ),
    (
        "no such format",
        "UPDATE flowai_internal.search_segment SET format = -1 WHERE tenant_id = $1",
    ),
    (
        "another digest",
        "UPDATE flowai_internal.search_segment SET digest = decode(repeat('00', 32), 'hex') WHERE tenant_id = $1",
    ),
    (
        "a flipped bit of the digest",
        "UPDATE flowai_internal.search_segment SET digest = set_bit(digest, 0, 1 - get_bit(digest, 0)) WHERE tenant_id = $1",
    ),
    ("no layout", "UPDATE flowai_internal.search_segment SET layout = '' WHERE tenant_id = $1"),
    (
        "an empty layout",
        "UPDATE flowai_internal.search_segment SET layout = '{}' WHERE tenant_id = $1",
    ),
    (
        "a layout that is no JSON",
        "UPDATE flowai_internal.search_segment SET layout = left(layout, -5) WHERE tenant_id = $1",
    ),
    (
        "a layout of much depth",
        "UPDATE flowai_internal.search_segment SET layout = repeat('[', 100000) WHERE tenant_id = $1",
    ),
    (
        "a layout beyond the bytes",
        "UPDATE flowai_internal.search_segment SET layout = replace(layout, '\"length\":', '\"length\":9') WHERE tenant_id = $1",
    ),
    (
        "a layout of huge numbers",
        "UPDATE flowai_internal.search_segment SET layout = regexp_replace(layout, '\"offset\":[0-9]+', '\"offset\":18446744073709551615', 'g') WHERE tenant_id = $1",
    ),
    (
        "a layout with more documents",
        "UPDATE flowai_internal.search_segment SET layout = regexp_replace(layout, '\"doc_count\":[0-9]+', '\"doc_count\":4000000000') WHERE tenant_id = $1",
    ),
    (
        "a layout with other names",
        "UPDATE flowai_internal.search_segment SET layout = replace(layout, 'term', 'idx') WHERE tenant_id = $1",
    ),
    (
        "a size below zero",
        "UPDATE flowai_internal.search_segment SET byte_size = -1 WHERE tenant_id = $1",
    ),
    (
        "a size beyond all memory",
        "UPDATE flowai_internal.search_segment SET byte_size = 1::bigint << 50 WHERE tenant_id = $1",
    ),
    (
        "half a number of the dead",
        "UPDATE flowai_internal.search_segment SET dead = '\\x0100' WHERE tenant_id = $1",
    ),
    (
        "the dead in another order",
        "UPDATE flowai_internal.search_segment SET dead = '\\x0200000001000000' WHERE tenant_id = $1",
    ),
    (
        "the dead beyond the end",
        "UPDATE flowai_internal.search_segment SET dead = '\\xffffffff' WHERE tenant_id = $1",
    ),
    (
        "a size beyond all numbers",
        "UPDATE flowai_internal.search_segment SET byte_size = 9223372036854775807 WHERE tenant_id = $1",
    ),
];

/// Damage to what is only there for people and for the choice of merges.
const HARMLESS: [(&str, &str); 2] = [
    ("another level", "UPDATE flowai_internal.search_segment SET level = 77 WHERE tenant_id = $1"),
    (
        "a size of nothing",
        "UPDATE flowai_internal.search_segment SET byte_size = 0 WHERE tenant_id = $1",
    ),
];

const ENTRIES: usize = 600;

fn search(client: &mut Client) -> Result<Vec<String>, Error> {
    disagreements(client, &["quorvax", "wefgam", "klorneb"].map(Question::word))
}

/// The rule that an error names, after its SQLSTATE.
fn rule(error: &Error) -> (SqlState, String) {
    let error = error.as_db_error().unwrap_or_else(|| panic!("not an SQL error: {error:?}"));
    (error.code().clone(), error.constraint().unwrap_or_default().to_owned())
}

/// A tenant with two segments of two chunks, and rows in the delta.
fn tenant() -> (String, String) {
    let tenant = new_tenant();
    let role = new_role(&[&tenant]);
    let mut session = connect(&role);
    for half in [long_entries(1, ENTRIES / 2), long_entries(1 + ENTRIES / 2, ENTRIES / 2)] {
        execute(&mut session, &format!("SELECT count(*) FROM flowai.catalog_put({half})"));
    }
    let late = long_entries(ENTRIES + 1, 50);
    execute(&mut session, &format!("SELECT count(*) FROM flowai.catalog_put({late})"));
    (tenant, role)
}

#[test]
fn damage_is_told_and_healed() {
    let (tenant, role) = tenant();
    let mut superuser = superuser();
    let server = backend_pid(&mut superuser);
    let chunks: Vec<i64> = superuser
        .query(
            "SELECT count(*) FROM flowai_internal.search_chunk WHERE tenant_id = $1 GROUP BY segment_id",
            &[&tenant],
        )
        .expect("chunks")
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(chunks.len() == 2 && chunks.iter().all(|n| *n >= 2), "{chunks:?}");

    for (what, sql) in DAMAGE {
        let touched =
            superuser.execute(sql, &[&tenant]).unwrap_or_else(|e| panic!("{what}: {e:?}"));
        assert!(touched > 0, "{what}: nothing was damaged");

        let mut session = connect(&role);
        let error = search(&mut session).expect_err(what);
        let told = (SqlState::DATA_CORRUPTED, "search_segment_unreadable".to_owned());
        assert_eq!(rule(&error), told, "{what}: {error:?}");
        // The session goes on, the rows are there, and a write reads no segment.
        let count: i64 =
            session.query_one("SELECT count(*) FROM flowai.catalog", &[]).expect(what).get(0);
        assert_eq!(count, ENTRIES as i64 + 50, "{what}");
        execute(
            &mut session,
            &format!(
                "SELECT count(*) FROM flowai.catalog_put('[{{\"id\": \"e:1\", \"itemType\": \"table\", \"name\": \"{what}\", \"content\": \"quorvax\"}}]')"
            ),
        );
        if let Err(error) = session.batch_execute("SELECT * FROM flowai.search_maintain()") {
            assert_eq!(rule(&error), told, "{what}: {error:?}");
        }
        let complaints = complaints(&mut session).expect(what);
        assert!(
            complaints.iter().any(|c| c.starts_with("segment_unreadable ")),
            "{what}: {complaints:?}"
        );
        execute(&mut session, "SELECT flowai.search_rebuild()");
        is_healed(&mut session, &role, what);
        split_again(&role, &mut superuser, &tenant);
        assert_eq!(backend_pid(&mut superuser), server, "{what}: the server has restarted");
    }

    for (what, sql) in HARMLESS {
        let touched = superuser.execute(sql, &[&tenant]).expect(what);
        assert!(touched > 0, "{what}: nothing was damaged");
        is_right(&mut connect(&role), what);
        execute(&mut connect(&role), "SELECT * FROM flowai.search_maintain()");
        is_right(&mut connect(&role), what);
    }
}

fn is_right(session: &mut Client, what: &str) {
    let wrong = search(session).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert_eq!(wrong, [""; 0], "{what}");
}

/// What was rebuilt is right, for the session that did it and for a new one.
fn is_healed(session: &mut Client, role: &str, what: &str) {
    for session in [session, &mut connect(role)] {
        is_right(session, what);
        assert_eq!(complaints(session).expect(what), [""; 0], "{what}");
    }
}

/// Two segments again, of entries that are new versions.
fn split_again(role: &str, superuser: &mut Client, tenant: &str) {
    let mut session = connect(role);
    let half = long_entries(1, ENTRIES / 2).replace("'entry '", "'new entry '");
    let back = long_entries(1, ENTRIES / 2);
    for half in [half, back] {
        execute(&mut session, &format!("SELECT count(*) FROM flowai.catalog_put({half})"));
    }
    let segments: i64 = superuser
        .query_one(
            "SELECT count(*) FROM flowai_internal.search_segment WHERE tenant_id = $1",
            &[&tenant],
        )
        .expect("segments")
        .get(0);
    assert!(segments >= 2);
}

#[test]
fn a_session_with_a_warm_cache_is_right_and_then_heals() {
    let (tenant, role) = tenant();
    let mut warm = connect(&role);
    assert_eq!(search(&mut warm).expect("search"), [""; 0]);
    execute(
        &mut superuser(),
        &format!("DELETE FROM flowai_internal.search_chunk WHERE tenant_id = '{tenant}'"),
    );
    // What it holds in memory is what was there.
    match search(&mut warm) {
        Ok(wrong) => assert_eq!(wrong, [""; 0]),
        Err(error) => assert_eq!(rule(&error).0, SqlState::DATA_CORRUPTED),
    }
    execute(&mut connect(&role), "SELECT flowai.search_rebuild()");
    assert_eq!(search(&mut warm).expect("search"), [""; 0]);
}
