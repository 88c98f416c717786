-- What a tenant has: listed, out, in, and away.
SET ROLE acme_app;
SELECT count(*) FROM flowai.catalog_put((SELECT jsonb_agg(jsonb_build_object('id', 'e:' || i, 'itemType', 'table', 'name', 'orders ' || i, 'related', '["e:1"]'::jsonb)) FROM generate_series(1, 300) i));
SET flowai.workspace = 'drafts';
SELECT count(*) FROM flowai.catalog_put('[{"id": "e:1", "itemType": "table", "name": "orders draft"}]');
RESET flowai.workspace;
SELECT created FROM flowai.kv_put('app', 'a', '{"n": 1}');
SELECT flowai.ref_kind_define('rows');
SELECT id AS handle FROM flowai.ref_put('rows', '[{"a": 1.50, "b": "ä"}]') \gset
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
SELECT flowai.tenant_create('acme copy') IS NOT NULL AS created;
SELECT relation, flowai.tenant_import('acme copy', relation, jsonb_agg("row" ORDER BY place)) AS imported FROM exported GROUP BY relation ORDER BY min(place);
SELECT flowai.tenant_import('acme copy', 'flowai.kv_entries', (SELECT jsonb_agg("row") FROM exported WHERE relation = 'flowai.kv_entries'));
SELECT flowai.tenant_import('acme copy', 'flowai_internal.tenant_members', '[]');
SELECT flowai.tenant_import('acme copy', 'flowai_internal.search_delta', '[]');
SELECT flowai.tenant_import('acme copy', 'flowai.kv_entries', '{}');
SELECT flowai.tenant_import('nobody', 'flowai.kv_entries', '[]');
SELECT string_agg(relation || ' ' || rows, ', ' ORDER BY relation) = (SELECT string_agg(relation || ' ' || rows, ', ' ORDER BY relation) FROM flowai.tenant_usage('acme') WHERE relation !~ 'search_') AS same
FROM flowai.tenant_usage('acme copy') WHERE relation !~ 'search_';
RESET ROLE;
CREATE ROLE copy_app LOGIN;
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

-- Away: nobody may write from the first step on; the others keep theirs.
SET ROLE steward;
SELECT flowai.tenant_drop_some('nobody');
SELECT flowai.tenant_drop_some('acme copy', 0);
SELECT relation, deleted, done FROM flowai.tenant_drop_some('acme copy', 100);
SELECT sum(deleted) AS deleted, bool_or(done) AS done FROM flowai.tenant_drop_some('acme copy', 100);
SET ROLE copy_app;
SELECT count(*) FROM flowai.kv_entries;
SET ROLE steward;
SET client_min_messages = warning;
CALL flowai.tenant_drop('acme copy', 250);
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
