//! What a tenant sees does not depend on what another tenant has: all that it may call, scores of searches and
//! estimates of the planner included, answers the same to the byte without another's rows and with a million of
//! them in the same partitions.

use std::process::Command;

use flowai_live::{connect_to, execute, new_role_in, superuser, unique};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/tenant.sql");
/// Its rows lie in the partitions of "acme".
const OTHER: &str = "tenant36";

fn run(role: &str, database: &str) -> String {
    let sockets = std::env::var("FLOWAI_TEST_SOCKET_DIR").expect("the socket's directory");
    let done = Command::new("sh")
        .args(["-c", "exec psql -X -q -h \"$1\" -U \"$2\" -d \"$3\" -f \"$4\" 2>&1", "sh"])
        .args([&sockets, role, database, SCRIPT])
        .output()
        .expect("psql");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[test]
fn a_million_rows_of_another_tenant_change_no_byte() {
    let (alone, beside) = (unique("alone"), unique("beside"));
    execute(&mut superuser(), &format!("CREATE DATABASE {alone} TEMPLATE prepared"));
    let role = new_role_in(&alone, &["acme"]);
    let mut session = connect_to(&role, &alone);
    execute(
        &mut session,
        "SELECT count(*) FROM flowai.catalog_put((SELECT jsonb_agg(jsonb_build_object('id', 'table:' || i, 'itemType', 'table', 'name',
             (ARRAY['orders', 'customers', 'customer orders', 'invoice'])[1 + i % 4] || ' ' || i, 'content', repeat('order ', i % 7) || 'large orders of ' || i,
             'tags', jsonb_build_array('t' || i % 3), 'related', jsonb_build_array('table:' || i / 2 + 1))) FROM generate_series(1, 700) i));
         SELECT count(*) FROM flowai.kv_put_many('n', (SELECT jsonb_agg(jsonb_build_object('key', 'key ' || i, 'value', jsonb_build_object('n', i))) FROM generate_series(1, 500) i));
         SELECT flowai.ref_kind_define('first');
         SELECT count(*) FROM flowai.ref_put('first', '1')",
    );
    drop(session);
    // A copy has the tenant's key too, which its first reference made, and with it the same ids.
    execute(&mut superuser(), &format!("CREATE DATABASE {beside} TEMPLATE {alone}"));

    let mut owner = connect_to("postgres", &beside);
    execute(
        &mut connect_to("steward", &beside),
        &format!("SELECT flowai.tenant_create('{OTHER}')"),
    );
    let other = new_role_in(&beside, &[OTHER]);
    execute(
        &mut owner,
        &format!(
            "INSERT INTO flowai.kv_entries (tenant_id, namespace, key, value, version, created_at, updated_at)
                 SELECT '{OTHER}', 'n', 'key ' || i, to_jsonb(i), 1, now(), now() FROM generate_series(1, 880000) i;
             INSERT INTO flowai.catalog_entries (tenant_id, workspace_id, id, item_type, name, qualified_name, content, tags, metadata, content_hash, version, row_version, created_at, updated_at)
                 SELECT '{OTHER}', 'default', 'more:' || i, 'table', 'orders', '', 'orders of theirs', '{{}}', '{{}}', sha256(''), 1, i, now(), now() FROM generate_series(1, 100000) i"
        ),
    );
    // These are in a search index too, with the words of the others.
    execute(
        &mut connect_to(&other, &beside),
        "SELECT count(*) FROM flowai.catalog_put((SELECT jsonb_agg(jsonb_build_object('id', 'table:' || i, 'itemType', 'table',
             'name', 'orders ' || i, 'content', 'orders of theirs')) FROM generate_series(1, 20000) i))",
    );
    let shared: bool = owner
        .query_one(
            "SELECT count(*) >= 1000000 AND count(DISTINCT leaf) = 2 FROM (
                 SELECT tableoid AS leaf FROM flowai.kv_entries WHERE tenant_id IN ('acme', $1)
                 UNION ALL SELECT tableoid FROM flowai.catalog_entries WHERE tenant_id IN ('acme', $1)) x",
            &[&OTHER],
        )
        .expect("count")
        .get(0);
    assert!(shared, "a million rows, in the partitions of the tenant that looks");
    for database in [&alone, &beside] {
        execute(&mut connect_to("postgres", database), "ANALYZE");
    }

    let answers = [run(&role, &alone), run(&role, &beside)];
    for (line, (alone, beside)) in answers[0].lines().zip(answers[1].lines()).enumerate() {
        assert_eq!(alone, beside, "line {line}");
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].lines().count() > 500, "the script ran:\n{}", answers[0]);

    for mistake in ["42601", "42703", "42883", "42P01"] {
        assert!(!answers[0].contains(&format!("ERROR:  {mistake}")), "{}", answers[0]);
    }

    // What is granted to tenants later belongs into the script.
    let script = std::fs::read_to_string(SCRIPT).expect("the script");
    let granted = owner
        .query(
            "SELECT DISTINCT proname::text FROM pg_proc
             WHERE pronamespace = 'flowai'::regnamespace AND has_function_privilege('flowai_user', oid, 'EXECUTE')
             UNION SELECT relname::text FROM pg_class
             WHERE relnamespace = 'flowai'::regnamespace AND relkind = 'v' AND has_table_privilege('flowai_user', oid, 'SELECT')",
            &[],
        )
        .expect("functions");
    let missing: Vec<String> = granted
        .iter()
        .map(|row| row.get::<_, String>(0))
        .filter(|name| !script.contains(&format!("flowai.{name}")))
        .collect();
    assert_eq!(missing, [""; 0], "scripts/tenant.sql does not use these");
    drop(owner);
    for database in [&alone, &beside] {
        execute(&mut superuser(), &format!("DROP DATABASE {database} WITH (FORCE)"));
    }
}
