//! A backend of PostgreSQL has one thread, whatever is called in it.

use flowai_live::{backend_pid, connect, threads};

#[test]
fn no_function_starts_a_thread() {
    let mut session = connect("acme_app");
    let pid = backend_pid(&mut session);
    let put = "SELECT count(*) FROM flowai.catalog_put((SELECT jsonb_agg(jsonb_build_object(
        'id', 'thread:' || i, 'itemType', 'thread', 'name', 'thread ' || i)) FROM generate_series(1, 2000) i))";
    let put_few = "SELECT count(*) FROM (SELECT flowai.catalog_put(jsonb_build_array(jsonb_build_object(
        'id', 'few:' || i, 'itemType', 'thread', 'name', 'few ' || i))) FROM generate_series(1, 60) i) t";
    for call in [
        "SELECT * FROM flowai.whoami()",
        "SELECT flowai.require_tenant()",
        put,
        "SELECT * FROM flowai.search_catalog('thread')",
        "SELECT * FROM flowai.search_catalog('thr* -\"no such\" thraed', item_types => '{thread}', max_rows => 100)",
        "SELECT count(*) FROM flowai.catalog_replace('[]', item_type => 'none')",
        "UPDATE flowai.catalog SET content = 'seen' WHERE id < 'thread:12'",
        "DELETE FROM flowai.catalog WHERE id < 'thread:11'",
        "SELECT count(*) FROM flowai.catalog_delete('{thread:12}')",
        "SELECT set_config('flowai.search_flush_rows', '5', false)",
        // Flushes a dozen times, and merges.
        put_few,
        "SELECT * FROM flowai.search_catalog('few thraed')",
        "SELECT * FROM flowai.search_maintain()",
        "SELECT flowai.search_rebuild()",
        "SELECT flowai.execute_query('SELECT count(*) FROM pg_class')",
    ] {
        session.query(call, &[]).unwrap_or_else(|error| panic!("{call}: {error:?}"));
        assert_eq!(threads(pid), 1, "{call}");
    }
}
