//! Ten thousand tenants with data in one database: the plan, the locks and the pages of a tenant's read are those
//! of ten tenants.

use flowai_live::{connect_to, execute, new_role_in, superuser, unique};
use postgres::Client;

/// What a read costs, in what can be counted.
#[derive(Debug, PartialEq)]
struct Cost {
    plan: Vec<String>,
    buffers: i64,
    locks: i64,
}

/// Rows of tenants `from` to `to`, as many for each.
fn fill(client: &mut Client, from: u32, to: u32, rows: u32) {
    execute(
        client,
        &format!(
            "INSERT INTO flowai_internal.tenants (tenant_id, version) SELECT 'many ' || t, '1' FROM generate_series({from}, {to}) t;
             INSERT INTO flowai.kv_entries (tenant_id, namespace, key, value, version, created_at, updated_at)
                 SELECT 'many ' || t, 'n', 'key ' || k, to_jsonb(k), 1, now(), now()
                 FROM generate_series({from}, {to}) t, generate_series(1, {rows}) k;
             INSERT INTO flowai.catalog_entries (tenant_id, workspace_id, id, item_type, name, qualified_name, content, tags, metadata, content_hash, version, row_version, created_at, updated_at)
                 SELECT 'many ' || t, 'default', 'table:' || k, 'table', 'name ' || k, '', 'content', '{{}}', '{{}}', sha256(''), 1, t * 1000 + k, now(), now()
                 FROM generate_series({from}, {to}) t, generate_series(1, 10) k"
        ),
    );
    execute(client, "VACUUM ANALYZE flowai.kv_entries, flowai.catalog_entries");
}

fn cost(client: &mut Client, statement: &str) -> Cost {
    // The first run fills caches of the backend.
    execute(client, statement);
    execute(client, "BEGIN");
    let lines = client
        .query(
            &format!("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) {statement}"),
            &[],
        )
        .expect("explain");
    let locks = client
        .query_one(
            "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
             WHERE l.pid = pg_backend_pid() AND c.relnamespace IN ('flowai'::regnamespace, 'flowai_internal'::regnamespace)",
            &[],
        )
        .expect("locks")
        .get(0);
    execute(client, "ROLLBACK");
    let lines: Vec<String> = lines.iter().map(|line| line.get::<_, String>(0)).collect();
    // The first line that counts them is the whole statement's; what planning read comes at the end.
    let counted = lines.iter().find(|line| line.trim_start().starts_with("Buffers:"));
    let buffers = counted.map_or(0, |line| {
        line.split_whitespace().filter_map(|word| word.split_once('=')?.1.parse::<i64>().ok()).sum()
    });
    let plan = lines.iter().take_while(|line| !line.starts_with("Planning"));
    let plan = plan.filter(|line| !line.contains("Buffers:")).cloned().collect();
    Cost { plan, buffers, locks }
}

#[test]
fn a_read_is_the_same_among_ten_thousand() {
    let database = unique("many");
    execute(&mut superuser(), &format!("CREATE DATABASE {database} TEMPLATE prepared"));
    let mut owner = connect_to("postgres", &database);
    fill(&mut owner, 1, 10, 2_000);
    let (role, pool) =
        (new_role_in(&database, &["many 7"]), new_role_in(&database, &["many 7", "many 8"]));

    let statements = [
        "SELECT value FROM flowai.kv_entries WHERE namespace = 'n' AND key = 'key 17'",
        "SELECT value FROM flowai.kv_get('n', 'key 17')",
        "SELECT name FROM flowai.catalog_entries WHERE workspace_id = 'default' AND id = 'table:3'",
        "SELECT key FROM flowai.kv_list('n', 'key 1', max_rows => 10)",
        "SELECT count(*) FROM flowai.catalog_entries",
    ];
    let costs = |role: &str| -> Vec<Cost> {
        let mut client = connect_to(role, &database);
        execute(&mut client, "SET flowai.tenant = 'many 7'");
        statements.iter().map(|statement| cost(&mut client, statement)).collect()
    };
    let few = [costs(&role), costs(&pool)];
    fill(&mut owner, 11, 10_000, 50);
    let tenants: i64 = owner
        .query_one("SELECT count(DISTINCT tenant_id) FROM flowai.kv_entries", &[])
        .expect("count")
        .get(0);
    assert_eq!(tenants, 10_000);
    let many = [costs(&role), costs(&pool)];

    for (few, many) in few.iter().flatten().zip(many.iter().flatten()) {
        assert_eq!(few.plan, many.plan);
        assert_eq!(few.locks, many.locks, "{:?}", many.plan);
        assert!(few.locks <= 4, "a table, its leaf and their indexes: {few:?}");
        // An index of a thousand times the entries is a level deeper, or two.
        assert!(many.buffers <= few.buffers + 2, "{few:?} {many:?}");
        assert!(few.buffers > 0, "{few:?}");
    }
    drop(owner);
    execute(&mut superuser(), &format!("DROP DATABASE {database} WITH (FORCE)"));
}
