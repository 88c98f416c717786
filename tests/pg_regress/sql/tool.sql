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
