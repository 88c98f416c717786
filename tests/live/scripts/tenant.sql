-- All that a tenant may do, said so that an answer depends on what the tenant has and on nothing else: no clock, no
-- random id. tests/non_interference.rs runs it with and without another tenant's million rows.
\set VERBOSITY verbose
\pset null -
SELECT role, tenant, workspace, reason FROM flowai.whoami();
SELECT flowai.current_tenant(), flowai.require_tenant(), flowai.tenant_is('acme'), flowai.tenant_is('tenant36'), flowai.current_workspace();
SELECT flowai.use_tenant('acme'), flowai.use_tenant('tenant36');
-- Search: ranks, scores to the last bit, snippets, totals, facets.
SELECT q, s.rank, s.id, encode(float8send(s.score), 'hex') AS score, s.matched, s.snippet, s.total, s.relaxed
FROM unnest('{orders,customer orders,order*,"large orders",-small orders,ordres,nothing,invoice}'::text[]) WITH ORDINALITY u(q, n), flowai.search_catalog(q, max_rows => 20) s ORDER BY u.n, s.rank;
SELECT s.id FROM flowai.search_catalog('orders', max_rows => 3, cursor => (SELECT max(cursor) FILTER (WHERE rank = 3) FROM flowai.search_catalog('orders', max_rows => 3))) s ORDER BY s.rank;
SELECT * FROM flowai.catalog_facets('orders');
SELECT * FROM flowai.search_check();
-- The catalog.
SELECT outcome, count(*) FROM flowai.catalog_put('[{"id": "table:new", "itemType": "table", "name": "new orders", "related": ["table:1", "table:gone"]}, {"id": "table:1", "itemType": "table", "name": "orders 1"}]') GROUP BY 1 ORDER BY 1;
SELECT rank, id, encode(float8send(score), 'hex') FROM flowai.search_catalog('new orders', max_rows => 5);
SELECT id, found, name, content FROM flowai.get_catalog_entities('{table:1,table:new,table:none}');
SELECT * FROM flowai.get_catalog_relations('table:new');
SELECT * FROM flowai.get_relation_paths_between('table:new', 'table:1');
SELECT * FROM flowai.list_schema_fields('table:1');
SELECT * FROM flowai.catalog_check();
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('note:view', 'note', 'by the view') RETURNING version;
UPDATE flowai.catalog SET content = 'orders' WHERE id = 'note:view' RETURNING id;
SELECT outcome, count(*) FROM flowai.catalog_replace('[{"id": "note:1", "itemType": "note", "name": "one"}]', NULL, 'note') GROUP BY 1 ORDER BY 1;
SELECT * FROM flowai.catalog_delete('{note:1,note:none}');
SELECT rows_flushed >= 0 AS flushed FROM flowai.search_maintain() AS m(rows_flushed, segments_merged, busy);
SELECT flowai.search_rebuild();
SELECT rank, id, encode(float8send(score), 'hex') FROM flowai.search_catalog('new orders', max_rows => 5);
SELECT count(*), md5(string_agg(id || name || content, ',' ORDER BY id)) FROM flowai.catalog;
-- Key/value.
SELECT created FROM flowai.kv_put('script', 'a', '{"n": 1}');
SELECT created FROM flowai.kv_put_if_absent('script', 'a', '2');
SELECT ordinal, key, created FROM flowai.kv_put_many('script', '[{"key": "b", "value": 1}, {"key": "c", "value": 2}]');
SELECT value FROM flowai.kv_increment('script', 'count', 5);
SELECT value FROM flowai.kv_get('script', 'a');
SELECT value FROM flowai.kv_get('n', 'key 1');
SELECT key, found, value FROM flowai.kv_get_many('script', '{a,z}');
SELECT key, value FROM flowai.kv_list('script');
SELECT key FROM flowai.kv_list('n', 'key 1', max_rows => 5);
SELECT namespace, entries, expired, bytes FROM flowai.kv_stats();
SELECT flowai.kv_delete('script', 'b'), flowai.kv_delete('n', 'theirs'), flowai.kv_purge();
SELECT flowai.kv_put('script', 'a', '1', expected_version => 7);
SELECT count(*), sum((value ->> 'n')::int) FROM flowai.kv_entries;
-- References, plans, approvals.
SELECT flowai.ref_kind_define('script', '{"type": ["array", "object"]}', NULL, 100000);
SELECT id, created, summary FROM flowai.ref_put('script', '[{"a": 1}]');
SELECT id AS handle FROM flowai.ref_put('script', '[{"a": 1}]') \gset
SELECT flowai.ref_resolve('script', :'handle');
SELECT payload FROM flowai.ref_get('script', :'handle');
SELECT summary, byte_size FROM flowai.ref_summary('script', :'handle');
SELECT * FROM flowai.ref_rows('script', :'handle');
SELECT found, payload FROM flowai.ref_resolve_many(format('[{"kind": "script", "id": "%s"}, {"kind": "script", "id": "none"}]', :'handle')::jsonb);
SELECT id, summary FROM flowai.ref_put_query('script', 'SELECT count(*) AS n FROM flowai.kv_entries');
SELECT flowai.ref_extend('script', :'handle', NULL);
SELECT kind, summary FROM flowai.ref_list('script');
SELECT flowai.ref_put('script', '1');
SELECT flowai.plan_kind_define('script', '{"type": "object"}');
SELECT s.plan, s.revision, s.created FROM unnest('{p1,p2,p3}'::text[]) p, flowai.plan_store('script', p, format('{"title": "t", "steps": [{"operation": "o", "input": {}, "references": [{"kind": "script", "id": "%s"}]}]}', :'handle')::jsonb) s;
SELECT plan, state, revision FROM flowai.plan_submit('p1');
SELECT plan, state, decision FROM flowai.approval_inbox i, flowai.approval_decide(i.id, 'granted', 'yes') WHERE subject_id = 'p1';
SELECT token FROM flowai.plan_claim('p1') \gset claimed_
SELECT flowai.plan_heartbeat('p1', :'claimed_token') > now() AS extended, flowai.plan_step_finish('p1', :'claimed_token', 1, '{"ok": true}');
SELECT plan, state FROM flowai.plan_finish('p1', :'claimed_token', '{}');
SELECT plan, state FROM flowai.plan_submit('p2');
SELECT plan, state FROM flowai.plan_cancel('p2');
SELECT flowai.plan_step_fail('p3', gen_random_uuid(), 1, '{}');
SELECT flowai.plan_fail('p3', gen_random_uuid(), '{}');
SELECT id, kind, state, title FROM flowai.plan_get('p1');
SELECT id, state FROM flowai.plan_list();
SELECT from_state, to_state FROM flowai.plan_history('p1') ORDER BY revision, to_state;
SELECT step_no, kind, payload FROM flowai.plan_inputs('p1');
SELECT flowai.ref_delete('script', :'handle'), flowai.ref_purge();
SELECT plan, state, attempt FROM flowai.plan_reap();
SELECT approval AS asked FROM flowai.approval_request('refund', 'order 7', '{"amount": 7}', '1 hour') \gset
SELECT created, status FROM flowai.approval_request('refund', 'order 7', '{"amount": 7}', '1 hour');
SELECT subject_id, status FROM flowai.approval_outbox ORDER BY 1;
SELECT subject_kind, subject_id, body, status FROM flowai.approval_get(:'asked');
SELECT subject_id, status FROM flowai.approval_list('asked');
SELECT status FROM flowai.approval_wait(:'asked', '1 millisecond');
SELECT flowai.approval_withdraw(:'asked', 'no longer');
SELECT status, comment FROM flowai.approval_wait(:'asked');
EXPLAIN SELECT * FROM flowai.approval_inbox;
EXPLAIN SELECT * FROM flowai.approval_outbox;
-- What the host tells of its data.
SELECT * FROM flowai.data_environment_validate('{"tenant_id": "them", "target": 1}');
SELECT revision FROM flowai.data_environment_set('{"target_database_url": "sqlite:/shop.db"}');
SELECT revision, config, flowai.data_environment_supplies() FROM flowai.data_environment_get();
-- Events, read-only SQL, tools, profiles.
SELECT count(*) FROM flowai.event_emit('script.ran', '{"n": 1}');
SELECT name, attributes FROM flowai.event_list('script.');
SELECT name, count(*) FROM flowai.events GROUP BY 1 ORDER BY 1;
SELECT event_name, count(*) FROM flowai.events_otel GROUP BY 1 ORDER BY 1;
SELECT flowai.execute_query('SELECT count(*) AS n FROM flowai.catalog_entries');
SELECT * FROM flowai.query('SELECT count(*) FROM flowai.kv_entries') AS t(n bigint);
SELECT flowai.query_rows('SELECT namespace, count(*) AS n FROM flowai.kv_entries GROUP BY 1 ORDER BY 1');
SELECT ok, code, relations FROM flowai.validate_query('SELECT * FROM flowai.kv_entries, pg_class');
SELECT count(*) FROM flowai.function_standing('{}');
SELECT name, kind FROM flowai.query_targets;
SELECT function FROM flowai.allowed_functions;
SELECT flowai.sample_table_data('table:1');
SELECT flowai.call_tool('kv_get', '{"namespace": "script", "key": "a"}') - 'version';
SELECT count(*) FROM flowai.tools();
SELECT p ->> 'id', p -> 'metadata' -> 'rowCount' FROM jsonb_array_elements(flowai.profile_schema('flowai')) p ORDER BY 1;
SELECT outcome, count(*) FROM flowai.profile_database('flowai') GROUP BY 1;
-- What the planner makes of it, estimates and all.
EXPLAIN SELECT * FROM flowai.kv_entries;
EXPLAIN SELECT * FROM flowai.kv_entries WHERE namespace = 'n' AND key = 'key 1';
EXPLAIN SELECT * FROM flowai.kv_entries WHERE key BETWEEN 'a' AND 'b' ORDER BY updated_at;
EXPLAIN SELECT * FROM flowai.kv_entries WHERE value = '1';
EXPLAIN SELECT namespace, count(*) FROM flowai.kv_entries GROUP BY 1;
EXPLAIN SELECT * FROM flowai.kv_list('n', 'key');
EXPLAIN SELECT * FROM flowai.catalog_entries WHERE content = 'orders of theirs';
EXPLAIN SELECT * FROM flowai.catalog_entries WHERE name LIKE 'orders%' OR 'x' = ANY (tags);
EXPLAIN SELECT * FROM flowai.catalog WHERE id = 'table:1';
EXPLAIN SELECT * FROM flowai.catalog_entries a JOIN flowai.catalog_relations r ON r.from_id = a.id WHERE a.item_type = 'table';
EXPLAIN SELECT DISTINCT name FROM flowai.events;
EXPLAIN SELECT * FROM flowai.event_list('script.');
EXPLAIN SELECT s.id, e.content FROM flowai.search_catalog('orders') s JOIN flowai.catalog_entries e USING (id);
EXPLAIN SELECT * FROM flowai.plans p JOIN flowai.plan_steps s ON s.plan_id = p.id JOIN flowai.plan_refs f ON f.plan_id = p.id;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT value FROM flowai.kv_entries WHERE namespace = 'n' AND key = 'key 1';
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT id FROM flowai.catalog_entries WHERE content = 'orders of theirs';
-- Statistics, and what is refused.
SELECT count(*) FROM pg_stats WHERE schemaname ^@ 'flowai';
SELECT * FROM flowai.tenant_list();
SELECT count(*) FROM flowai_internal.tenants;
TABLE flowai_internal.kv_entries_03;
