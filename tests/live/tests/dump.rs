//! pg_dump and pg_restore keep everything: members, rows, the search index, and the policies.

use std::process::Command;

use flowai_live::{
    DATABASE, connect, connect_to, execute, new_role, new_tenant, superuser, unique,
};

/// Runs a program of the server; `tests/run.sh` puts them into the path.
fn run(program: &str, arguments: &[&str]) {
    let sockets = std::env::var("FLOWAI_TEST_SOCKET_DIR").expect("the socket's directory");
    let done = Command::new(program)
        .args(["-h", &sockets, "-U", "postgres"])
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_restored_database_is_the_same() {
    let tenants = [new_tenant(), new_tenant()];
    let roles = [new_role(&[&tenants[0]]), new_role(&[&tenants[1]])];
    for (role, tenant) in roles.iter().zip(&tenants) {
        execute(
            &mut connect(role),
            &format!(
                "SELECT count(*) FROM flowai.catalog_put((SELECT jsonb_agg(jsonb_build_object('id', 'e:' || i,
                     'itemType', 'e', 'name', 'entry ' || i, 'content', 'kept for {tenant}', 'related', jsonb_build_array('e:1')))
                     FROM generate_series(1, 600) i));
                 SELECT count(*) FROM flowai.catalog_put('[{{\"id\": \"e:late\", \"itemType\": \"e\", \"name\": \"late entry\"}}]');
                 SELECT count(*) FROM flowai.catalog_delete('{{e:2}}');
                 SELECT count(*) FROM flowai.kv_put('n', 'k', '{{\"of\": \"{tenant}\"}}')"
            ),
        );
    }
    let restored = unique("restored");
    let file = std::env::temp_dir().join(format!("{restored}.dump"));
    let path = file.to_str().expect("a path of characters");
    run("pg_dump", &["-Fc", "-f", path, DATABASE]);
    execute(&mut superuser(), &format!("CREATE DATABASE {restored}"));
    run("pg_restore", &["--exit-on-error", "-d", &restored, path]);
    std::fs::remove_file(&file).expect("remove the dump");

    // Everything that a tenant can see, and what the search index says of it, without rebuilding.
    let state = "SELECT md5(string_agg(t, chr(10) ORDER BY t)) FROM (
            SELECT to_jsonb(c)::text FROM flowai.catalog c
            UNION ALL SELECT to_jsonb(r)::text FROM flowai.catalog_relations r
            UNION ALL SELECT to_jsonb(k)::text FROM flowai.kv_entries k
            UNION ALL SELECT to_jsonb(s)::text FROM flowai.search_catalog('late entry kept', max_rows => 100) s
            UNION ALL SELECT to_jsonb(w)::text FROM flowai.whoami() w) AS all_of(t)";
    for role in &roles {
        let before: String = connect(role).query_one(state, &[]).expect("state").get(0);
        let after: String =
            connect_to(role, &restored).query_one(state, &[]).expect("state").get(0);
        assert_eq!(before, after, "{role}");
    }
    let mut other = connect_to(&roles[1], &restored);
    let foreign: i64 = other
        .query_one(
            "SELECT count(*) FROM flowai.catalog_entries WHERE tenant_id = $1",
            &[&tenants[0]],
        )
        .expect("count")
        .get(0);
    assert_eq!(foreign, 0, "policies are restored with the tables");
    drop(other);
    execute(&mut superuser(), &format!("DROP DATABASE {restored} WITH (FORCE)"));
}
