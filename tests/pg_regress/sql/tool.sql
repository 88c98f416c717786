-- One door for agents: every tool, and nothing that an agent does wrong is an error of the transaction.
SELECT name, input_schema -> 'required' AS required, input_schema ->> 'type' AS type, length(description) > 10 AS described FROM flowai.tools();
-- A tool has a statement behind it, and every property that it names is known to its schema.
SET ROLE acme_app;
SELECT t.name, flowai.call_tool(t.name, '{}') ->> 'error' AS error FROM flowai.tools() t WHERE flowai.call_tool(t.name, '{}') ->> 'error' ~ 'unknown tool';
BEGIN;
SELECT flowai.call_tool('kv_put', '{"namespace": "agent", "key": "a", "value": {"n": 1.50}, "ttl_seconds": 3600}') - 'version' - 'expires_at';
SELECT flowai.call_tool('kv_get', '{"namespace": "agent", "key": "a"}') -> 'value';
SELECT flowai.call_tool('kv_get', '{"namespace": "agent", "key": "z"}');
SELECT flowai.call_tool('kv_put', '{"namespace": "agent", "key": "null", "value": null}') -> 'created';
SELECT flowai.call_tool('kv_put', '{"namespace": "agent", "key": "a", "value": 2, "expected_version": 7}') - 'detail';
SELECT flowai.call_tool('kv_list', '{"namespace": "agent", "prefix": null, "max_rows": 1}') -> 'entries' -> 0 ->> 'key';
SELECT flowai.call_tool('search_catalog', '{"query": "nothing here"}');
SELECT count(*) FROM flowai.catalog_put('[{"id": "table:orders", "itemType": "table", "name": "orders", "qualified_name": "main.orders", "tags": ["sales"], "related": ["table:items"]}, {"id": "table:items", "itemType": "table", "name": "items"}]');
SELECT jsonb_path_query_array(flowai.call_tool('search_catalog', '{"query": "orders", "item_types": ["table"], "tags": ["sales"]}'), '$.hits[*].id');
SELECT flowai.call_tool('search_catalog', '{"query": "orders"}') -> 'total';
SELECT flowai.call_tool('catalog_facets', '{"query": "orders"}');
SELECT jsonb_path_query_array(flowai.call_tool('get_catalog_entities', '{"ids": ["table:none", "table:orders"]}'), '$.entities[*].found');
SELECT jsonb_array_length(flowai.call_tool('get_relation_paths_between', '{"from_id": "table:orders", "to_id": "table:items"}') -> 'paths');
SELECT flowai.call_tool('get_relation_paths_between', '{"from_id": "table:orders", "to_id": "table:none"}');
SELECT jsonb_array_length(flowai.call_tool('get_catalog_relations', '{"entry": "table:orders", "kinds": ["related_to"]}') -> 'relations');
SELECT flowai.call_tool('list_schema_fields', '{"entry": "table:orders"}');
SELECT flowai.call_tool('execute_query', '{"sql": "SELECT 40 + 2 AS answer"}') -> 'rows';
SELECT flowai.call_tool('execute_query', '{"sql": "DROP TABLE orders"}') -> 'error';
SELECT flowai.call_tool('validate_query', '{"sql": "SELECT 1; SELECT 2"}') -> 'code';
SELECT flowai.call_tool('sample_table_data', '{"entry": "table:none"}') -> 'error';
SELECT flowai.ref_kind_define('facts'), flowai.plan_kind_define('job', '{"type": "object"}');
SELECT flowai.call_tool('ref_put', '{"kind": "facts", "payload": null}') -> 'created';
SELECT flowai.call_tool('ref_put_query', '{"kind": "facts", "sql": "SELECT 1 AS n"}') -> 'summary';
SELECT flowai.call_tool('ref_resolve', '{"kind": "facts", "id": "r00000000000000000000000000000000"}');
SELECT flowai.call_tool('ref_summary', '{"kind": "facts", "id": "r00000000000000000000000000000000"}');
SELECT jsonb_array_length(flowai.call_tool('ref_list') -> 'references');
SELECT flowai.call_tool('plan_store', '{"kind": "job", "plan": "p", "body": {"title": "t", "steps": [{"operation": "o", "input": {}}]}}') -> 'created';
SELECT flowai.call_tool('plan_store', '{"kind": "job", "plan": "p2", "body": {"title": "t", "steps": []}}') ->> 'code';
SELECT flowai.call_tool('plan_submit', '{"plan": "p"}') -> 'state';
SELECT flowai.call_tool('plan_submit', '{"plan": "p"}') ->> 'code';
SELECT jsonb_array_length(flowai.call_tool('plan_history', '{"plan": "p"}') -> 'moves');
SELECT flowai.call_tool('plan_get', '{"plan": "p"}') ? 'found' AS missing, jsonb_array_length(flowai.call_tool('plan_list', '{"state": "submitted"}') -> 'plans') AS plans;
SELECT flowai.call_tool('plan_cancel', '{"plan": "p"}') -> 'state';
-- Numbers that are integers however they are spelt, and lives as long as there are.
SELECT jsonb_array_length(flowai.call_tool('kv_list', '{"namespace": "agent", "max_rows": 1.0}') -> 'entries');
SELECT flowai.call_tool('kv_put', '{"namespace": "agent", "key": "a", "value": 2, "expected_version": 7.0}') ->> 'code';
SELECT flowai.call_tool('kv_put', '{"namespace": "agent", "key": "a", "value": 2, "ttl_seconds": 1e20}') ->> 'detail';
SELECT t.name, p.key FROM flowai.tools() t, jsonb_each(t.input_schema -> 'properties') AS p WHERE NOT p.value ? 'type';
-- What an agent does wrong.
SELECT flowai.call_tool('drop_everything');
SELECT flowai.call_tool(NULL);
SELECT flowai.call_tool('kv_get', '{"namespace": "agent"}');
SELECT flowai.call_tool('kv_get', '{"namespace": "agent", "key": 5, "tenant": "globex"}');
SELECT flowai.call_tool('kv_get', '[]') - 'detail';
SELECT flowai.call_tool('search_catalog', '{"query": "orders", "cursor": "x"}');
SELECT flowai.call_tool('search_catalog', '{"query": "orders", "max_rows": 1000}');
-- The transaction is usable, and what a failed call did is taken back.
SELECT count(*) FROM flowai.kv_entries WHERE namespace = 'agent';
COMMIT;
-- Without a tenant it says what is missing; another tenant sees nothing.
SET ROLE stranger;
SELECT flowai.call_tool('kv_get', '{"namespace": "agent", "key": "a"}');
SET ROLE pool;
SELECT flowai.call_tool('kv_put', '{"namespace": "agent", "key": "a", "value": 1}');
SET ROLE globex_app;
SELECT flowai.call_tool('kv_get', '{"namespace": "agent", "key": "a"}');
SET ROLE acme_app;
-- A cancelled call is a cancelled statement.
SET statement_timeout = '100 ms';
SELECT flowai.call_tool('execute_query', '{"sql": "SELECT count(*) FROM generate_series(1, 100000000000)"}');
RESET statement_timeout;
RESET ROLE;

-- ------------------------------------------------------------- tools that need an approval
-- Ids are random: they are not shown.
CREATE FUNCTION pg_temp.call(tool text, args jsonb) RETURNS TABLE (answer jsonb, has_id boolean) LANGUAGE sql AS $$
    SELECT a - 'approval_id' - 'hint' - 'detail', a ? 'approval_id' FROM flowai.call_tool(tool, args) AS a $$;
SET client_min_messages = warning;
CREATE ROLE acme_lead LOGIN;
RESET client_min_messages;
SET SESSION AUTHORIZATION steward;
SELECT flowai.tenant_grant('acme', 'acme_lead');
SELECT flowai.approval_policy_set('acme', 'tool', 'kv_delete', 'always');
SET SESSION AUTHORIZATION acme_app;
SELECT * FROM pg_temp.call('kv_delete', '{"namespace": "agent", "key": "a"}');
-- The same call waits for the same approval, however it is spelt; another call needs its own.
SELECT * FROM pg_temp.call('kv_delete', '{"key": "a", "namespace": "agent"}');
SELECT count(*) FROM flowai.approvals WHERE subject_kind = 'tool';
SELECT * FROM pg_temp.call('kv_delete', '{"namespace": "agent", "key": "z"}');
SELECT status, subject_id FROM flowai.approval_get((flowai.call_tool('kv_delete', '{"namespace": "agent", "key": "z"}') ->> 'approval_id')::uuid);
SELECT subject_id, title, body, requested_by FROM flowai.approvals WHERE subject_kind = 'tool' ORDER BY requested_at;
-- No tool decides, and who asked does not.
SELECT flowai.call_tool('approval_decide', '{}') ->> 'error' AS error;
SELECT jsonb_array_length(flowai.call_tool('approval_list', '{"which": "waiting"}') -> 'approvals') AS waiting, jsonb_array_length(flowai.call_tool('approval_list') -> 'approvals') AS asked;
SELECT d.* FROM flowai.approvals a, flowai.approval_decide(a.id, 'granted') d WHERE a.body ->> 'key' = 'a';
SET SESSION AUTHORIZATION acme_lead;
SELECT i.subject_kind, i.subject_id, i.body, d.decision FROM flowai.approval_inbox i, flowai.approval_decide(i.id, CASE i.body ->> 'key' WHEN 'a' THEN 'granted' ELSE 'denied' END, 'so be it') d ORDER BY i.body ->> 'key';
-- A grant is for who asked,
SELECT * FROM pg_temp.call('kv_delete', '{"namespace": "agent", "key": "a"}');
SET SESSION AUTHORIZATION acme_app;
-- for these arguments,
SELECT * FROM pg_temp.call('kv_delete', '{"namespace": "other", "key": "a"}');
-- stays if what was done is rolled back,
BEGIN;
SELECT * FROM pg_temp.call('kv_delete', '{"namespace": "agent", "key": "a"}');
ROLLBACK;
-- and is for one call.
SELECT * FROM pg_temp.call('kv_delete', '{"namespace": "agent", "key": "a"}');
SELECT used_at IS NOT NULL AS used FROM flowai.approval_outbox WHERE subject_id = 'kv_delete' AND status = 'granted';
SELECT * FROM pg_temp.call('kv_delete', '{"namespace": "agent", "key": "a"}');
-- No is no, until it is asked again by its name.
SELECT * FROM pg_temp.call('kv_delete', '{"namespace": "agent", "key": "z"}');
SELECT flowai.call_tool('kv_delete', '{"namespace": "agent", "key": "z"}') -> 'detail' AS comment;
SELECT flowai.call_tool('approval_request', '{"subject_kind": "tool", "subject_id": "kv_delete", "body": {"key": "z", "namespace": "agent", "comment": null}, "deadline_seconds": 3600}') - 'approval' AS asked;
SELECT * FROM pg_temp.call('kv_delete', '{"namespace": "agent", "key": "z"}');
SELECT flowai.call_tool('approval_get', jsonb_build_object('approval', id)) -> 'status' AS status, flowai.call_tool('approval_withdraw', jsonb_build_object('approval', id)) AS withdrawn
FROM flowai.approval_list() WHERE status = 'open' AND subject_id = 'kv_delete' ORDER BY requested_at DESC LIMIT 1;
SELECT flowai.call_tool('approval_get', '{"approval": "7"}') ->> 'code' AS code, flowai.call_tool('approval_get', '{"approval": "00000000-0000-0000-0000-000000000001"}') AS unknown;
SELECT flowai.call_tool('approval_request', '{"subject_kind": "tool", "subject_id": "kv_delete", "body": {"key": 1}}') - 'detail' AS refused;
-- A grant is good until the deadline.
SELECT approval AS brief FROM flowai.approval_request('tool', 'kv_delete', '{"namespace": "agent", "key": "brief"}', '1 hour') \gset
SET SESSION AUTHORIZATION acme_lead;
SELECT decision FROM flowai.approval_decide(:'brief', 'granted');
RESET SESSION AUTHORIZATION;
UPDATE flowai.approvals SET requested_at = requested_at - interval '2 hours', decided_at = decided_at - interval '2 hours', expires_at = expires_at - interval '2 hours' WHERE id = :'brief';
SET SESSION AUTHORIZATION acme_app;
SELECT * FROM pg_temp.call('kv_delete', '{"namespace": "agent", "key": "brief"}');
-- A later no takes an earlier grant back.
SELECT created FROM flowai.approval_request('tool', 'kv_delete', '{"namespace": "agent", "key": "later"}');
SET SESSION AUTHORIZATION acme_lead;
SELECT decision FROM flowai.approval_inbox i, flowai.approval_decide(i.id, 'granted') WHERE i.body ->> 'key' = 'later';
SET SESSION AUTHORIZATION acme_app;
SELECT created FROM flowai.approval_request('tool', 'kv_delete', '{"namespace": "agent", "key": "later"}');
SET SESSION AUTHORIZATION acme_lead;
SELECT decision FROM flowai.approval_inbox i, flowai.approval_decide(i.id, 'denied') WHERE i.body ->> 'key' = 'later';
SET SESSION AUTHORIZATION acme_app;
SELECT * FROM pg_temp.call('kv_delete', '{"namespace": "agent", "key": "later"}');
-- A policy that gets stricter binds grants that are there: who gave it may not give it now.
SET SESSION AUTHORIZATION steward;
SELECT flowai.approval_policy_set('acme', 'tool', 'kv_delete', 'always', separate_duties => false);
SET SESSION AUTHORIZATION acme_app;
SELECT answer ->> 'status' AS status FROM pg_temp.call('kv_delete', '{"namespace": "agent", "key": "own"}');
SELECT decision FROM flowai.approval_inbox i, flowai.approval_decide(i.id, 'granted') WHERE i.body ->> 'key' = 'own';
SET SESSION AUTHORIZATION steward;
SELECT flowai.approval_policy_set('acme', 'tool', 'kv_delete', 'always', separate_duties => true);
SET SESSION AUTHORIZATION acme_app;
SELECT answer ->> 'status' AS status FROM pg_temp.call('kv_delete', '{"namespace": "agent", "key": "own"}');
SET SESSION AUTHORIZATION steward;
SELECT flowai.approval_policy_set('acme', 'tool', 'kv_delete', 'always', separate_duties => false, deciders => 'acme_lead');
SET SESSION AUTHORIZATION acme_app;
SELECT answer ->> 'status' AS status FROM pg_temp.call('kv_delete', '{"namespace": "agent", "key": "own"}');
SET SESSION AUTHORIZATION acme_lead;
SELECT decision FROM flowai.approval_inbox i, flowai.approval_decide(i.id, 'granted') WHERE i.body ->> 'key' = 'own';
SET SESSION AUTHORIZATION acme_app;
SELECT answer FROM pg_temp.call('kv_delete', '{"namespace": "agent", "key": "own"}');
SET SESSION AUTHORIZATION steward;
SELECT flowai.approval_policy_set('acme', 'tool', 'kv_delete', 'always');
-- What guards execute_query guards ref_put_query.
SELECT flowai.approval_policy_set('acme', 'tool', 'execute_query', 'always');
SELECT flowai.approval_policy_set('acme', 'tool', 'ref_put_query', 'never');
SET SESSION AUTHORIZATION acme_app;
SELECT * FROM pg_temp.call('ref_put_query', '{"kind": "facts", "sql": "SELECT 2 AS n"}');
SET SESSION AUTHORIZATION acme_lead;
SELECT subject_id, decision FROM flowai.approval_inbox i, flowai.approval_decide(i.id, 'granted') WHERE i.body ? 'sql';
SET SESSION AUTHORIZATION acme_app;
SELECT answer -> 'created' AS created FROM pg_temp.call('ref_put_query', '{"kind": "facts", "sql": "SELECT 2 AS n"}');
SET SESSION AUTHORIZATION steward;
SELECT flowai.approval_policy_drop('acme', 'tool', 'execute_query'), flowai.approval_policy_drop('acme', 'tool', 'ref_put_query');
SET SESSION AUTHORIZATION acme_app;
BEGIN;
SELECT revision FROM flowai.data_environment_set('{"catalog": {"kind": "empty"}}');
SELECT answer ->> 'error' AS error FROM pg_temp.call('ref_put_query', '{"kind": "facts", "sql": "SELECT 2 AS n"}');
ROLLBACK;
-- An inbox is for people: so many calls may wait, and no more.
RESET SESSION AUTHORIZATION;
INSERT INTO flowai.approvals (tenant_id, id, subject_kind, subject_id, subject_revision, title, body, body_hash, requested_by, requested_login)
SELECT 'acme', gen_random_uuid(), 'tool', 'kv_delete', 1, 'call', '{}', sha256(convert_to('many' || i, 'UTF8')), 'acme_app', 'acme_app' FROM generate_series(1, 1000) i;
SET SESSION AUTHORIZATION acme_app;
SELECT flowai.call_tool('kv_delete', '{"namespace": "agent", "key": "one too many"}');
RESET SESSION AUTHORIZATION;
DELETE FROM flowai.approvals WHERE title = 'call';
SET SESSION AUTHORIZATION acme_app;
-- Where nothing can be written nothing can be asked, and the call does not run.
BEGIN READ ONLY;
SELECT answer ->> 'code' AS code FROM pg_temp.call('kv_delete', '{"namespace": "agent", "key": "never asked"}');
ROLLBACK;
-- A call that fails leaves its grant.
SET SESSION AUTHORIZATION steward;
SELECT flowai.approval_policy_set('acme', 'tool', '*', 'always', separate_duties => false);
SET SESSION AUTHORIZATION acme_app;
SELECT * FROM pg_temp.call('plan_cancel', '{"plan": "no such plan"}');
SELECT d.decision FROM flowai.approval_inbox i, flowai.approval_decide(i.id, 'granted') d WHERE i.subject_id = 'plan_cancel';
SELECT * FROM pg_temp.call('plan_cancel', '{"plan": "no such plan"}');
SELECT used_at FROM flowai.approval_outbox WHERE subject_id = 'plan_cancel' AND status = 'granted';
-- To ask never needs an approval.
SELECT count(*) > 0 AS answered FROM jsonb_array_elements(flowai.call_tool('approval_list', '{}') -> 'approvals');
SELECT flowai.call_tool('approval_request', '{"subject_kind": "mail", "subject_id": "m1", "body": "text", "title": "Mail it"}') - 'approval' AS asked;
SELECT flowai.call_tool('approval_request', '{"subject_kind": "mail", "subject_id": "m1", "body": "another"}') ->> 'code' AS code;
SET SESSION AUTHORIZATION steward;
SELECT flowai.approval_policy_drop('acme', 'tool', '*'), flowai.approval_policy_drop('acme', 'tool', 'kv_delete');
SET SESSION AUTHORIZATION acme_app;
SELECT flowai.call_tool('kv_delete', '{"namespace": "agent", "key": "never there"}');
SELECT name, attributes ->> 'subject' AS subject, count(*) FROM flowai.event_list('flowai.approval.', max_rows => 1000) WHERE attributes ->> 'subject_kind' = 'tool' GROUP BY name, subject ORDER BY name COLLATE "C", subject;

-- ------------------------------------------------------------------------ events, targets
SELECT flowai.call_tool('event_emit', '{"name": "order.shipped", "attributes": {"order": 7, "password": "x"}}') ?& '{event_id,recorded_at}' AS recorded;
SELECT e -> 'name' AS name, e -> 'severity' AS severity, e -> 'attributes' AS attributes FROM jsonb_array_elements(flowai.call_tool('event_list', '{"name_prefix": "order.", "since": "2020-01-01", "max_rows": 5}') -> 'events') e;
SELECT flowai.call_tool('event_emit', '{"name": "flowai.forged"}') ->> 'code' AS code;
SELECT flowai.call_tool('execute_query', '{"sql": "SELECT 1", "target": "nowhere"}') ->> 'error' AS error;
SELECT flowai.call_tool('execute_query', '{"sql": "SELECT 1 AS n", "target": "local"}') -> 'rows' AS rows;

-- ----------------------------------------- what the host does not supply is named with its setting
SELECT flowai.call_tool('data_environment_get');
SELECT revision FROM flowai.data_environment_set('{}');
SELECT flowai.call_tool(t.name, t.args) ->> 'error' AS error FROM (VALUES (1, 'execute_query', '{"sql": "SELECT 1"}'::jsonb), (2, 'sample_table_data', '{"entry": "table:orders"}'),
    (3, 'get_catalog_entities', '{"ids": ["x"]}'), (4, 'search_catalog', '{"query": "x"}'), (5, 'kv_get', '{"namespace": "n", "key": "none"}')) AS t (n, name, args) ORDER BY n;
SELECT flowai.call_tool('execute_query', '{"sql": "SELECT 1", "target": "nowhere"}') ->> 'error' AS error;
SELECT revision FROM flowai.data_environment_set('{"catalog": {"kind": "empty"}, "target_database_url": "sqlite:warehouse.db"}');
SELECT flowai.call_tool('search_catalog', '{"query": "x"}') ->> 'error' AS error, flowai.call_tool('execute_query', '{"sql": "SELECT 1 AS n"}') -> 'rows' AS rows;
SELECT flowai.call_tool('data_environment_get') - 'set_at';
-- Another workspace and another tenant have theirs.
SET flowai.workspace = 'other';
SELECT flowai.call_tool('search_catalog', '{"query": "x"}') -> 'total' AS total;
RESET flowai.workspace;
SET SESSION AUTHORIZATION globex_app;
SELECT flowai.call_tool('search_catalog', '{"query": "x"}') -> 'total' AS total;

-- ------------------------------------------------- what is written twice is the same in both places
-- What a tool takes where an argument is not given is in src/store/tool.rs; the function says it too.
\set source `cat "$PG_ABS_SRCDIR"/../../src/store/tool.rs`
CREATE TEMP TABLE standard AS
WITH piece AS (
    SELECT substring(p FROM '^(\w+)" => ') AS tool, p AS statement FROM regexp_split_to_table(:'source', E'\n        "') AS p
)
SELECT p.tool, COALESCE(m[1], m[3]) AS argument, COALESCE(m[2], m[4]) AS in_tool
FROM piece p, regexp_matches(p.statement, 'COALESCE\(\(?\$1 ->>? ''(\w+)''(?:\)::[\w:]+)?, (''[^'']*''|[\w.]+)\)|COALESCE\(", texts!\("(\w+)"\), ", (''{}'')\)', 'g') AS m
WHERE p.tool IS NOT NULL;
SELECT count(*) AS standards, count(DISTINCT tool) AS tools, array_agg(DISTINCT argument ORDER BY argument) AS arguments FROM standard;
WITH given AS (
    SELECT p.proname::text AS tool, a.name AS argument,
           pg_get_function_arg_default(p.oid, a.position::integer) AS in_function
    FROM pg_proc p, unnest(p.proargnames) WITH ORDINALITY AS a (name, position)
    WHERE p.pronamespace = 'flowai'::regnamespace AND a.position <= p.pronargs
)
SELECT s.*, g.in_function FROM standard s LEFT JOIN given g USING (tool, argument)
WHERE regexp_replace(g.in_function, '::[\w\[\]]+$', '') IS DISTINCT FROM s.in_tool ORDER BY s.tool, s.argument;
-- And the bounds in its schema are those of the function, which refuses what is just outside. Three are narrower, where
-- the function has nothing to refuse: no ids, a page after column -1, a plan's revision 0. Left out are the bounds of
-- JSON's integers and of the type integer.
SELECT flowai.ref_kind_define('bound'), flowai.plan_kind_define('bound', '{}');
CREATE FUNCTION pg_temp.state(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT count(*) FROM ' || call;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
CREATE TEMP TABLE bound AS
SELECT t.name AS tool, p.key AS argument, b.bound, b.said
FROM flowai.tools() t, jsonb_each(t.input_schema -> 'properties') AS p,
     LATERAL (VALUES ('minimum', (p.value ->> 'minimum')::numeric), ('maximum', (p.value ->> 'maximum')::numeric),
                     ('minItems', (p.value ->> 'minItems')::numeric), ('maxItems', (p.value ->> 'maxItems')::numeric)) AS b (bound, said)
WHERE b.said IS NOT NULL AND b.said NOT IN (2147483647, 9007199254740991);
CREATE TEMP TABLE way (tool text, argument text, call text);
INSERT INTO way VALUES
    ('approval_list', 'max_rows', 'flowai.approval_list(max_rows => %s)'),
    ('approval_request', 'deadline_seconds', 'flowai.approval_request(''bound'', ''b'', ''1'', make_interval(secs => %s))'),
    ('event_list', 'max_rows', 'flowai.event_list(max_rows => %s)'),
    ('execute_query', 'max_rows', 'flowai.execute_query(''SELECT 1'', max_rows => %s)'),
    ('get_catalog_entities', 'ids', 'flowai.get_catalog_entities(ARRAY(SELECT i::text FROM generate_series(1, %s) i))'),
    ('get_catalog_relations', 'max_rows', 'flowai.get_catalog_relations(''bound'', max_rows => %s)'),
    ('get_relation_paths_between', 'max_hops', 'flowai.get_relation_paths_between(''bound'', ''none'', max_hops => %s)'),
    ('get_relation_paths_between', 'max_paths', 'flowai.get_relation_paths_between(''bound'', ''none'', max_paths => %s)'),
    ('kv_list', 'max_rows', 'flowai.kv_list(''bound'', max_rows => %s)'),
    ('kv_put', 'expected_version', 'flowai.kv_put(''bound'', ''k'', ''1'', expected_version => %s)'),
    ('kv_put', 'ttl_seconds', 'flowai.kv_put(''bound'', ''k'', ''1'', ttl => make_interval(secs => %s))'),
    ('list_schema_fields', 'after', 'flowai.list_schema_fields(''bound'', after => %s)'),
    ('list_schema_fields', 'max_rows', 'flowai.list_schema_fields(''bound'', max_rows => %s)'),
    ('plan_list', 'max_rows', 'flowai.plan_list(max_rows => %s)'),
    ('plan_store', 'expected_revision', 'flowai.plan_store(''bound'', ''b'', ''{"title": "t", "steps": [{"operation": "o"}]}'', expected_revision => %s)'),
    ('ref_list', 'max_rows', 'flowai.ref_list(max_rows => %s)'),
    ('ref_put', 'ttl_seconds', 'flowai.ref_put(''bound'', ''1'', ttl => make_interval(secs => %s))'),
    ('ref_put_query', 'max_rows', 'flowai.ref_put_query(''bound'', ''SELECT 1'', max_rows => %s)'),
    ('sample_table_data', 'max_rows', 'flowai.sample_table_data(''bound'', max_rows => %s)'),
    ('search_catalog', 'max_rows', 'flowai.search_catalog(''bound'', max_rows => %s)');
SELECT b.tool, b.argument, b.bound, b.said, pg_temp.state(format(w.call, b.said)) AS inside,
       pg_temp.state(format(w.call, b.said + CASE WHEN b.bound ~ '^min' THEN -1 ELSE 1 END)) AS outside
FROM bound b LEFT JOIN way w USING (tool, argument) ORDER BY b.tool COLLATE "C", b.argument COLLATE "C", b.bound COLLATE "C";

SET SESSION AUTHORIZATION steward;
SELECT flowai.tenant_revoke('acme', 'acme_lead');
RESET SESSION AUTHORIZATION;
DROP ROLE acme_lead;
