-- What a tenant has: listed, out, in, and away.
SET ROLE acme_app;
SELECT count(*) FROM flowai.catalog_put((SELECT jsonb_agg(jsonb_build_object('id', 'e:' || i, 'itemType', 'table', 'name', 'orders ' || i, 'related', '["e:1"]'::jsonb)) FROM generate_series(1, 300) i));
SET flowai.workspace = 'drafts';
SELECT count(*) FROM flowai.catalog_put('[{"id": "e:1", "itemType": "table", "name": "orders draft"}]');
RESET flowai.workspace;
SELECT created FROM flowai.kv_put('app', 'a', '{"n": 1}');
SELECT flowai.ref_kind_define('rows');
SELECT id AS handle FROM flowai.ref_put('rows', '[{"a": 1.50, "b": "ä"}]') \gset
SELECT created FROM flowai.kv_put('app', 'nothing', 'null');
SELECT created FROM flowai.ref_put('rows', 'null', summary => 'null');
SELECT flowai.plan_kind_define('job', '{"type": "object"}');
SELECT created FROM flowai.plan_store('job', 'p1', format('{"title": "t", "steps": [{"operation": "o", "input": {}, "references": [{"kind": "rows", "id": "%s"}]}]}', :'handle')::jsonb);
SELECT status FROM flowai.approval_request('deployment', 'web', '{"n": 1}', '1 day');
SELECT revision FROM flowai.data_environment_set('{"catalog": {"kind": "empty"}}');
SET ROLE steward;
SELECT flowai.approval_policy_set('acme', 'tool', 'kv_delete', 'always');
SET ROLE globex_app;
SELECT created FROM flowai.kv_put('app', 'a', '{"n": 2}');

-- Administrators see what there is; a tenant may not ask.
SET ROLE steward;
SELECT tenant, version, members FROM flowai.tenant_list();
SELECT tenant FROM flowai.tenant_list('acme', 1);
SELECT tenant FROM flowai.tenant_list(NULL, 0);
SELECT tenant, rows, bytes FROM flowai.tenant_list();
SELECT l.tenant, l.rows = u.rows AS rows, l.bytes = u.bytes AS bytes, l.bytes > 0 AS some FROM flowai.tenant_list(with_usage => true) l, LATERAL (SELECT sum(rows) AS rows, sum(bytes) AS bytes FROM flowai.tenant_usage(l.tenant)) u;
SELECT relation, rows, bytes > 0 AS bytes FROM flowai.tenant_usage('acme') WHERE relation !~ 'search_';
SELECT flowai.tenant_version_set('acme', 'v2') IS NOT NULL AS set;
SELECT flowai.tenant_version_set('acme', ' ');
SELECT flowai.tenant_version_set('nobody', 'v2');
SELECT version, set_by FROM flowai.tenant_history('acme');
SELECT flowai.current_tenant(), (flowai.whoami()).tenant;
SELECT flowai_internal.act_for('acme');
SELECT count(*) FROM flowai.tenant_export('nobody');
SELECT count(*) FROM flowai.tenant_export(NULL);

-- Out, and in under another name: the same ids and versions, searchable.
CREATE TEMP TABLE exported AS SELECT * FROM flowai.tenant_export('acme');
SELECT relation, count(*) FROM exported GROUP BY relation ORDER BY min(place);
SELECT count(*) FROM exported WHERE "row" ? 'tenant_id';
-- The same however the session wants names and times written.
SET quote_all_identifiers = on;
SET intervalstyle = sql_standard;
SET datestyle = 'German';
SET bytea_output = escape;
SELECT count(*) FROM flowai.tenant_export('acme') e FULL JOIN exported o USING (relation, "row")
WHERE (e.place IS NULL OR o.place IS NULL) AND relation <> 'flowai.events';
RESET quote_all_identifiers;
RESET intervalstyle;
RESET datestyle;
RESET bytea_output;
-- Parallel workers, which would know of no tenant, have no part in it, however cheap they are.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SELECT count(*) AS differences FROM flowai.tenant_export('acme') e FULL JOIN exported o USING (relation, "row")
WHERE (e.place IS NULL OR o.place IS NULL) AND relation <> 'flowai.events';
SELECT count(*) AS differences FROM (SELECT relation, count(*) AS rows FROM exported GROUP BY relation) o
FULL JOIN (SELECT * FROM flowai.tenant_usage('acme') WHERE relation !~ 'search_') u USING (relation, rows)
WHERE (u.bytes IS NULL OR o.rows IS NULL) AND relation <> 'flowai.events';
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET parallel_leader_participation;
SELECT p.oid::regprocedure AS may_have_workers FROM pg_proc p
WHERE p.prosrc ~ 'flowai_internal\.act_for\(' AND NOT 'max_parallel_workers_per_gather=0' = ANY (p.proconfig);
-- What says null is not what says nothing.
SELECT count(*) FILTER (WHERE "row" -> 'value' = 'null') AS null_values, count(*) FILTER (WHERE NOT "row" ? 'expires_at') AS without_expiry,
       count(*) FILTER (WHERE "row" -> 'expires_at' = 'null') AS null_expiries FROM exported WHERE relation = 'flowai.kv_entries';
SELECT flowai.tenant_create('acme copy') IS NOT NULL AS created;
SELECT relation, flowai.tenant_import('acme copy', relation, jsonb_agg("row" ORDER BY place)) AS imported FROM exported GROUP BY relation ORDER BY min(place);
SELECT relation, count(*) AS differences FROM exported o FULL JOIN flowai.tenant_export('acme copy') e USING (relation, "row")
WHERE (e.place IS NULL OR o.place IS NULL) AND relation <> 'flowai.events' GROUP BY relation;
SELECT flowai.tenant_import('acme copy', 'flowai.kv_entries', (SELECT jsonb_agg("row") FROM exported WHERE relation = 'flowai.kv_entries'));
SELECT flowai.tenant_import('acme copy', 'flowai_internal.tenant_members', '[]');
SELECT flowai.tenant_import('acme copy', 'flowai_internal.search_delta', '[]');
SELECT flowai.tenant_import('acme copy', 'flowai.kv_entries', '{}');
SELECT flowai.tenant_import('acme copy', 'flowai.kv_entries', '[null]');
SELECT flowai.tenant_import('acme copy', 'flowai.kv_entries', '[{"namespace": "n"}, [1]]');
SELECT flowai.tenant_import('acme copy', 'flowai.kv_entries', '[{"namespace": "n"}, {"namespace": "n", "valeu": 1}]');
SELECT flowai.tenant_import('acme copy', 'flowai.kv_entries', '[{"tenant_id": "globex"}]');
SELECT flowai.tenant_import('nobody', 'flowai.kv_entries', '[]');
SELECT string_agg(relation || ' ' || rows, ', ' ORDER BY relation) = (SELECT string_agg(relation || ' ' || rows, ', ' ORDER BY relation) FROM flowai.tenant_usage('acme') WHERE relation !~ 'search_') AS same
FROM flowai.tenant_usage('acme copy') WHERE relation !~ 'search_';
RESET ROLE;
CREATE ROLE copy_app LOGIN;
CREATE FUNCTION public.ours() RETURNS integer LANGUAGE sql AS 'SELECT 1';
SET ROLE steward;
SELECT flowai.tenant_grant('acme copy', 'copy_app');
SET ROLE copy_app;
SELECT flowai.ref_resolve('rows', :'handle');
SELECT created, id = :'handle' AS same FROM flowai.ref_put('rows', '[{"b": "ä", "a": 1.5}]');
SELECT DISTINCT total FROM flowai.search_catalog('orders');
SELECT * FROM flowai.search_check();
SELECT count(*) FROM flowai.plan_list();
SELECT g.subject_id, g.body, g.status FROM flowai.approvals a, flowai.approval_get(a.id) g;
SELECT config FROM flowai.data_environment_get();
SELECT flowai.call_tool('kv_delete', '{"namespace": "app", "key": "a"}') ->> 'status' AS status;
SET flowai.workspace = 'drafts';
SELECT id FROM flowai.search_catalog('draft');
RESET flowai.workspace;

-- A stream that somebody has touched: no row may pass for another one.
SET ROLE steward;
SELECT flowai.tenant_create('forged') IS NOT NULL AS created;
\set VERBOSITY terse
CREATE TEMP TABLE touched AS SELECT place, relation, CASE
    WHEN relation = 'flowai.ref_payloads' THEN "row" || '{"payload": [{"a": 2}]}'
    WHEN relation = 'flowai.catalog_entries' AND "row" ->> 'id' = 'e:2' THEN "row" || '{"content": "forged"}'
    WHEN relation = 'flowai.catalog_relations' AND "row" ->> 'from_id' = 'e:3' THEN "row" || '{"properties": {"forged": true}}'
    ELSE "row" END AS "row" FROM exported;
SELECT flowai.tenant_import('forged', relation, jsonb_agg("row" ORDER BY place)) > 0 AS imported FROM touched
WHERE relation !~ 'flowai.(plan|approval|event|ref_payloads)' GROUP BY relation ORDER BY min(place);
\set VERBOSITY sqlstate
SELECT flowai.tenant_import('forged', relation, jsonb_agg("row")) FROM touched WHERE relation = 'flowai.ref_payloads' GROUP BY relation;
\set VERBOSITY terse
SELECT said, flowai.tenant_import('forged', 'flowai.events', jsonb_build_array("row" || jsonb_build_object('recorded_at', said)))
FROM exported, (VALUES ('infinity')) v(said) WHERE relation = 'flowai.events' AND place = (SELECT min(place) FROM exported WHERE relation = 'flowai.events');
SELECT flowai.tenant_import('forged', 'flowai.events', '[{"recorded_at": "9000-01-01"}]');
SELECT flowai.tenant_import('forged', 'flowai.events', '[{"recorded_at": "1999-01-01"}]');
SELECT flowai.tenant_import('forged', 'flowai.events', '[{"recorded_at": "-infinity"}]');
\set VERBOSITY default
SELECT flowai.tenant_grant('forged', 'copy_app'), flowai.tenant_revoke('acme copy', 'copy_app');
SET ROLE copy_app;
SELECT id, outcome FROM flowai.catalog_put('[{"id": "e:1", "itemType": "table", "name": "orders 1", "related": ["e:1"]}, {"id": "e:2", "itemType": "table", "name": "orders 2", "related": ["e:1"]},
    {"id": "e:3", "itemType": "table", "name": "orders 3", "related": ["e:1"]}, {"id": "e:4", "itemType": "table", "name": "orders 4", "related": ["e:1"]}]');
SET ROLE steward;
SELECT flowai.tenant_grant('acme copy', 'copy_app'), flowai.tenant_revoke('forged', 'copy_app');
SET client_min_messages = warning;
CALL flowai.tenant_drop('forged');
RESET client_min_messages;

-- Away: nobody may write from the first step on; the others keep theirs.
SET ROLE steward;
SELECT flowai.tenant_drop_some('nobody');
SELECT flowai.tenant_drop_some('acme copy', 0);
SELECT flowai.tenant_drop_some('acme copy', NULL);
CALL flowai.tenant_drop('acme copy', 0);
CALL flowai.tenant_drop('acme copy', NULL);
-- Each step in a transaction of its own: until the first one commits, members can still write.
BEGIN;
SELECT relation, deleted, done FROM flowai.tenant_drop_some('acme copy', 100);
SELECT relation, deleted, done FROM flowai.tenant_drop_some('acme copy', 100);
ROLLBACK;
BEGIN;
SELECT flowai.tenant_revoke('acme copy', 'copy_app');
SELECT relation, deleted, done FROM flowai.tenant_drop_some('acme copy', 100);
ROLLBACK;
SELECT relation, deleted, done FROM flowai.tenant_drop_some('acme copy', 100);
SELECT sum(deleted) AS deleted, bool_or(done) AS done FROM flowai.tenant_drop_some('acme copy', 100);
SET ROLE copy_app;
SELECT count(*) FROM flowai.kv_entries;
SET ROLE steward;
SET client_min_messages = warning;
SELECT flowai.tenant_version_set('acme copy', 'v3') IS NOT NULL AS set;
RESET ROLE;
INSERT INTO flowai_internal.query_targets (tenant_id, name, kind, source, defined_by) VALUES ('acme copy', 'lake', 'sqlite', '/nowhere', 'steward');
SET ROLE steward;
SELECT flowai.function_allow('public.ours()', 'acme copy') AS allowed;
RESET client_min_messages;
CALL flowai.tenant_drop('acme copy', 250);
SET client_min_messages = warning;
CALL flowai.tenant_drop('acme copy');
BEGIN;
CALL flowai.tenant_drop('globex');
ROLLBACK;
RESET client_min_messages;
SELECT tenant, members FROM flowai.tenant_list();
SELECT flowai.tenant_history('acme copy');
RESET ROLE;
SELECT pg_has_role('copy_app', 'flowai_user', 'MEMBER') AS user;
SELECT t.relation FROM flowai_internal.tenant_tables() t, LATERAL query_to_xml(format('SELECT 1 FROM %s WHERE tenant_id = ''acme copy'' LIMIT 1', t.relation), true, true, '') x WHERE x::text <> '';
DROP ROLE copy_app;
SET ROLE globex_app;
SELECT value FROM flowai.kv_get('app', 'a');
SET ROLE acme_app;
SELECT DISTINCT total FROM flowai.search_catalog('orders');
SELECT * FROM flowai.tenant_list();
SELECT * FROM flowai.tenant_export('globex');
CALL flowai.tenant_drop('globex');
