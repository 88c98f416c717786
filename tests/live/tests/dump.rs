//! pg_dump and pg_restore keep everything: members, rows, the search index, the months of events, and the
//! policies. What a dump left out of the index is built again from the rows.

use std::process::Command;

use flowai_live::search::{Question, answers, difference, disagreements, entries};
use flowai_live::{
    DATABASE, connect, connect_to, execute, new_role, new_tenant, steward, superuser, unique,
};
use postgres::Client;
use postgres::error::SqlState;

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
    let predicate = unique("public.needs_approval");
    execute(
        &mut superuser(),
        &format!(
            "CREATE FUNCTION {predicate}(text, text, body jsonb) RETURNS boolean LANGUAGE sql
                 AS $$ SELECT body ->> 'key' <> 'free' $$"
        ),
    );
    for (role, tenant) in roles.iter().zip(&tenants) {
        execute(
            &mut steward(),
            &format!(
                "SELECT flowai.approval_policy_set('{tenant}', 'tool', 'kv_delete', 'predicate', '{predicate}(text,text,jsonb)')"
            ),
        );
        execute(
            &mut connect(role),
            &format!(
                "SELECT count(*) FROM flowai.catalog_put((SELECT jsonb_agg(jsonb_build_object('id', 'e:' || i,
                     'itemType', 'e', 'name', 'entry ' || i, 'content', 'kept for {tenant}', 'related', jsonb_build_array('e:1')))
                     FROM generate_series(1, 600) i));
                 SELECT count(*) FROM flowai.catalog_put('[{{\"id\": \"e:late\", \"itemType\": \"e\", \"name\": \"late entry\"}}]');
                 SELECT count(*) FROM flowai.catalog_delete('{{e:2}}');
                 SELECT count(*) FROM flowai.kv_put('n', 'k', '{{\"of\": \"{tenant}\"}}');
                 SELECT flowai.call_tool('kv_delete', '{{\"namespace\": \"n\", \"key\": \"k\"}}');
                 SELECT count(*) FROM flowai.approval_request('deployment', '{tenant}', '{{\"n\": 1.50}}', '1 day');
                 SELECT count(*) FROM flowai.data_environment_set('{{\"catalog\": {{\"kind\": \"empty\"}}}}')"
            ),
        );
    }
    // Events of a month that the install script of the restore knows nothing of.
    execute(
        &mut steward(),
        &format!(
            "SELECT flowai.tenant_import('{}', 'flowai.events', '[{{\"event_id\": \"016f5e66-e800-7000-8000-000000000000\",
                 \"recorded_at\": \"2020-01-01T00:00:00Z\", \"workspace_id\": \"default\", \"name\": \"old.news\", \"severity\": \"info\",
                 \"attributes\": {{}}, \"role\": \"r\", \"login\": \"l\", \"transaction_id\": 1, \"backend_pid\": 1}}]')",
            tenants[0]
        ),
    );
    let restored = restore(&[]);

    // Everything that a tenant can see, and what the search index says of it, without rebuilding.
    let state = "SELECT md5(string_agg(t, chr(10) ORDER BY t)) FROM (
            SELECT to_jsonb(c)::text FROM flowai.catalog c
            UNION ALL SELECT to_jsonb(r)::text FROM flowai.catalog_relations r
            UNION ALL SELECT to_jsonb(k)::text FROM flowai.kv_entries k
            UNION ALL SELECT to_jsonb(v)::text FROM flowai.events v
            UNION ALL SELECT to_jsonb(a)::text FROM flowai.approvals a
            UNION ALL SELECT to_jsonb(p)::text FROM flowai.approval_policies p
            UNION ALL SELECT to_jsonb(d)::text FROM flowai.data_environments d
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
    // What waited still does, for the same call; and the policy's function is the one that was meant.
    let status = "SELECT flowai.call_tool('kv_delete', jsonb_build_object('namespace', 'n', 'key', $1::text)) ->> 'status'";
    let mut call = |key: &str| {
        other.query_one(status, &[&key]).expect("call_tool").get::<_, Option<String>>(0)
    };
    assert_eq!(call("k").as_deref(), Some("open"));
    assert_eq!(call("free"), None);
    let waiting = "SELECT count(*) FROM flowai.approvals WHERE decision IS NULL";
    assert_eq!(other.query_one(waiting, &[]).expect("count").get::<_, i64>(0), 2);
    // The record goes on, in partitions that are as safe as they were.
    let old =
        "SELECT count(*) FROM flowai.events WHERE recorded_at < '2020-02-01' AND name = 'old.news'";
    let count =
        |client: &mut Client, query| client.query_one(query, &[]).expect("count").get::<_, i64>(0);
    assert_eq!(count(&mut connect_to(&roles[0], &restored), old), 1);
    assert_eq!(count(&mut other, old), 0);
    assert_eq!(count(&mut other, "SELECT count(*) FROM flowai.event_emit('restored.at_last')"), 1);
    let months = "SELECT format('%s %s %s %s %s %s', c.oid::regclass, c.relrowsecurity, c.relforcerowsecurity, c.relowner::regrole, c.relacl,
            (SELECT string_agg(pg_get_expr(polqual, polrelid) || pg_get_expr(polwithcheck, polrelid), ' ') FROM pg_policy WHERE polrelid = c.oid))
            || (SELECT string_agg(pg_get_indexdef(indexrelid), ' ') FROM pg_index WHERE indrelid = c.oid)
            || (SELECT string_agg(pg_get_constraintdef(oid), ' ' ORDER BY conname) FROM pg_constraint WHERE conrelid = c.oid) AS month
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'flowai.events'::regclass ORDER BY 1";
    let shape = |database: &str| -> Vec<String> {
        let rows = connect_to("postgres", database).query(months, &[]).expect("months");
        rows.iter().map(|row| row.get(0)).collect()
    };
    assert!(shape(&restored).len() >= 3, "{:?}", shape(&restored));
    assert_eq!(shape(&restored), shape(DATABASE));
    // What the restore has made is what the install script makes.
    let mut owner = connect_to("postgres", &restored);
    let installed = "SELECT count(*) FROM flowai_internal.installed_facts";
    assert!(count(&mut owner, installed) > 1000);
    let others = "SELECT count(*) FROM flowai_internal.installed_facts i LEFT JOIN flowai_internal.facts() f USING (name, object)
        WHERE f.digest IS DISTINCT FROM i.digest";
    assert_eq!(count(&mut owner, others), 0);
    drop(owner);
    drop(other);
    execute(&mut superuser(), &format!("DROP DATABASE {restored} WITH (FORCE)"));
}

/// Dumps with these options, and restores into a new database, whose name is returned.
fn restore(options: &[&str]) -> String {
    let restored = unique("restored");
    let file = std::env::temp_dir().join(format!("{restored}.dump"));
    let path = file.to_str().expect("a path of characters");
    run("pg_dump", &[&["-Fc", "-f", path, DATABASE], options].concat());
    execute(&mut superuser(), &format!("CREATE DATABASE {restored}"));
    run("pg_restore", &["--exit-on-error", "-d", &restored, path]);
    std::fs::remove_file(&file).expect("remove the dump");
    restored
}

#[test]
fn an_index_that_was_not_dumped_is_built_from_the_rows() {
    let role = new_role(&[&new_tenant()]);
    let mut session = connect(&role);
    let workspaces = ["default", "drafts", "written"];
    for workspace in workspaces {
        execute(
            &mut session,
            &format!(
                "SET flowai.workspace = '{workspace}';
                 SELECT count(*) FROM flowai.catalog_put({});
                 SELECT count(*) FROM flowai.catalog_put({});
                 SELECT count(*) FROM flowai.catalog_delete('{{e:1}}')",
                entries(1, 600),
                entries(1000, 20)
            ),
        );
    }
    let restored = restore(&["--exclude-table-data=flowai_internal.search_*"]);
    let mut after = connect_to(&role, &restored);
    for workspace in workspaces {
        for session in [&mut session, &mut after] {
            execute(session, &format!("SET flowai.workspace = '{workspace}'"));
        }
        let rows: i64 =
            after.query_one("SELECT count(*) FROM flowai.catalog", &[]).expect("count").get(0);
        assert_eq!(rows, 619);
        // Nobody takes an index that is not there for one that finds nothing.
        for search in ["search_catalog('anything')", "catalog_facets('anything')"] {
            let error = after.execute(&format!("SELECT * FROM flowai.{search}"), &[]).unwrap_err();
            assert_eq!(error.code().map(SqlState::code), Some("55000"), "{error}");
        }
        let healing = match workspace {
            "default" => "SELECT flowai.search_rebuild()",
            "drafts" => "SELECT flushed FROM flowai.search_maintain()",
            _ => "SELECT count(*) FROM flowai.catalog_delete('{e:2}')",
        };
        if workspace == "written" {
            execute(&mut session, healing);
        }
        let healed: i64 = after.query_one(healing, &[]).expect(healing).get(0);
        assert!(healed == rows || workspace == "written", "{healed}");
        assert_eq!(disagreements(&mut after, &Question::every_word()).expect("search"), [""; 0]);
        if let Some(difference) = difference(&answers(&mut session), &answers(&mut after)) {
            panic!("{workspace}: {difference}");
        }
    }
    drop(after);
    execute(&mut superuser(), &format!("DROP DATABASE {restored} WITH (FORCE)"));
}
