-- A tour of flowai_runtime over every flight that left New York City in 2013.
--
-- Starts in a database that holds the schema "warehouse" and nothing of the extension. The first part
-- is the administrator's; from the first \connect on, everything is done by ordinary roles.

\set QUIET on
\pset null '(null)'
SET client_min_messages = warning;
\set ECHO all

-- == 1. The administrator installs the extension, creates two tenants and binds roles to them.
CREATE EXTENSION flowai_runtime;
GRANT flowai_admin TO demo_admin;
GRANT USAGE ON SCHEMA warehouse TO acme_agent, globex_agent, both_agent;
GRANT SELECT ON ALL TABLES IN SCHEMA warehouse TO acme_agent, globex_agent, both_agent;
\connect - demo_admin
SELECT flowai.tenant_create('acme', 'v1') IS NOT NULL AS created;
SELECT flowai.tenant_create('globex', 'v1') IS NOT NULL AS created;
SELECT flowai.tenant_grant('acme', 'acme_agent'), flowai.tenant_grant('globex', 'globex_agent');
SELECT flowai.tenant_grant('acme', 'both_agent'), flowai.tenant_grant('globex', 'both_agent');

-- == 2. A role with one tenant sets nothing; one with two must choose; one with none sees nothing.
\connect - acme_agent
SELECT role, tenant, reason FROM flowai.whoami();
\connect - both_agent
SELECT role, tenant, reason FROM flowai.whoami();
BEGIN;
SELECT flowai.use_tenant('globex');
SELECT role, tenant, reason FROM flowai.whoami();
COMMIT;
\connect - analyst
SELECT * FROM flowai.catalog;

-- == 3. The catalog is filled from the live warehouse.
\connect - acme_agent
SELECT outcome, count(*) FROM flowai.profile_database('warehouse') GROUP BY outcome;
SELECT id, metadata ->> 'rowCount' AS rows, content FROM flowai.catalog WHERE item_type = 'table' ORDER BY id;
SELECT jsonb_pretty(metadata -> 'profile') AS profile FROM flowai.catalog WHERE id = 'column:warehouse.flights.origin';

-- == 4. Search finds tables and columns, and says where and why.
SELECT rank, id, round(score::numeric, 3) AS score, matched, snippet FROM flowai.search_catalog('departure delay by carrier');
-- No column has all of these words: those with some are found, and relaxed says so.
SELECT rank, id, round(score::numeric, 3) AS score, matched, relaxed, snippet FROM flowai.search_catalog('departure delay by carrier', item_types => '{column}', max_rows => 6);
SELECT rank, id, matched FROM flowai.search_catalog('wheather visbility', max_rows => 3);
SELECT rank, id, matched FROM flowai.search_catalog('warehouse.planes', max_rows => 1);
SELECT ordinal, id, found, name, content FROM flowai.get_catalog_entities('{table:warehouse.airlines,table:nothing}');
SELECT ordinal, name, data_type, nullable, description FROM flowai.list_schema_fields('table:warehouse.flights', max_rows => 6);
SELECT kind, to_id, properties FROM flowai.get_catalog_relations('table:warehouse.flights', direction => 'out', kinds => '{references}');
SELECT path_no, hops, ids, kinds FROM flowai.get_relation_paths_between('table:warehouse.flights', 'table:warehouse.airports', max_paths => 2);

-- == 5. SQL that a model wrote: one analytical query over three tables, then five attacks.
\set question 'SELECT a.name AS carrier, count(*) AS flights, round(avg(f.dep_delay), 1) AS minutes_late FROM warehouse.flights f JOIN warehouse.airlines a USING (carrier) JOIN warehouse.airports o ON o.faa = f.origin WHERE f.dep_delay IS NOT NULL GROUP BY a.name ORDER BY minutes_late DESC'
SELECT * FROM flowai.validate_query(:'question');
SELECT jsonb_pretty(flowai.execute_query(:'question', max_rows => 3));
SELECT n, v.ok, v.code, v.position, v.message FROM (VALUES
    (1, 'SELECT 1; DROP TABLE warehouse.flights'),
    (2, 'WITH gone AS (DELETE FROM warehouse.flights RETURNING *) SELECT count(*) FROM gone'),
    (3, 'SELECT set_config(''flowai.tenant'', ''globex'', false)'),
    (4, 'SELECT * INTO stolen FROM warehouse.flights'),
    (5, 'SELECT query_to_xml(''DELETE FROM warehouse.flights'', true, true, '''')')) AS attack(n, sql), flowai.validate_query(sql) AS v ORDER BY n;
SELECT flowai.execute_query('DELETE FROM warehouse.flights');
SELECT flowai.execute_query('SELECT set_config(''flowai.tenant'', ''globex'', false)');
SELECT flowai.execute_query('SELECT 1 / 0 AS oops');
SELECT flowai.current_tenant();

-- == 6. A result of megabytes becomes a reference: a handle with a summary.
SELECT flowai.ref_kind_define('flight_keys', '{"type": "array", "items": {"type": "object", "required": ["carrier", "flight", "time_hour"]}}');
SELECT kind, id, created FROM flowai.ref_put('flight_keys', (SELECT jsonb_agg(jsonb_build_object('time_hour', time_hour, 'carrier', carrier, 'flight', flight) ORDER BY time_hour, carrier, flight) FROM warehouse.flights),
    '{"rows": 336776, "what": "key columns of every flight"}')
\gset handle_
SELECT :'handle_kind' AS kind, :'handle_id' AS id, :'handle_created' AS created;
SELECT kind, id, summary, byte_size FROM flowai.ref_summary(:'handle_kind', :'handle_id');
SELECT jsonb_array_length(payload) AS rows, payload -> 0 AS first FROM flowai.ref_resolve(:'handle_kind', :'handle_id') AS payload;

-- == 7. A plan says what will be done with it, before it is done; a person decides; one worker runs it.
SELECT flowai.plan_kind_define('report', '{"type": "object"}');
SELECT * FROM flowai.plan_store('report', 'delays-2013', jsonb_build_object('title', 'Report the delays of 2013', 'steps', jsonb_build_array(
    jsonb_build_object('operation', 'load_flights', 'input', '{}'::jsonb, 'references', jsonb_build_array(jsonb_build_object('kind', :'handle_kind', 'id', :'handle_id'))),
    jsonb_build_object('operation', 'send_report', 'input', '{"to": "ops"}'::jsonb))));
SELECT plan, state, revision FROM flowai.plan_submit('delays-2013');
SELECT subject_kind, subject_id, title, requested_by FROM flowai.approval_inbox;
SELECT plan, state, decision FROM flowai.approval_inbox AS waiting, flowai.approval_decide(waiting.id, 'granted', 'go ahead');
SELECT plan, token, attempt FROM flowai.plan_claim(kind => 'report')
\gset work_
SELECT step_no, kind, jsonb_array_length(payload) AS rows FROM flowai.plan_inputs(:'work_plan');
SELECT flowai.plan_step_finish(:'work_plan', :'work_token', 1, '{"rows": 336776}') AS step_1, flowai.plan_step_finish(:'work_plan', :'work_token', 2) AS step_2;
SELECT * FROM flowai.plan_finish(:'work_plan', :'work_token', '{"sent_to": "ops"}');
SELECT transition_no, from_state, to_state, role, comment FROM flowai.plan_history('delays-2013');

-- == 8. Key/value: put, get, compare-and-set, time to live.
SELECT version, created FROM flowai.kv_put('session', 'cursor', '{"page": 1}')
\gset first_
SELECT value, version = :first_version AS as_put FROM flowai.kv_get('session', 'cursor');
SELECT version - :first_version AS later, created FROM flowai.kv_put('session', 'cursor', '{"page": 2}', expected_version => :first_version);
SELECT version, created FROM flowai.kv_put('session', 'cursor', '{"page": 9}', expected_version => :first_version);
SELECT value FROM flowai.kv_get('session', 'cursor');
SELECT created FROM flowai.kv_put('session', 'token', '"abc"', ttl => '50 milliseconds');
SELECT count(*) AS there FROM flowai.kv_get('session', 'token');
\! sleep 0.1
SELECT count(*) AS there FROM flowai.kv_get('session', 'token');

-- == 9. The other tenant tries each of these: same ids, same handle, same plan, forged setting.
\connect - globex_agent
SELECT role, tenant FROM flowai.whoami();
SELECT count(*) AS entries FROM flowai.catalog;
SELECT found FROM flowai.get_catalog_entities('{table:warehouse.flights}');
SELECT count(*) AS hits FROM flowai.search_catalog('departure delay');
SELECT count(*) AS summaries FROM flowai.ref_summary(:'handle_kind', :'handle_id');
SELECT flowai.ref_resolve(:'handle_kind', :'handle_id');
SELECT count(*) AS plans FROM flowai.plan_get('delays-2013');
SELECT count(*) AS keys FROM flowai.kv_get('session', 'cursor');
SELECT count(*) AS rows_of_acme FROM flowai.catalog_entries WHERE tenant_id = 'acme';
SET flowai.tenant = 'acme';
SELECT count(*) FROM flowai.catalog;
RESET flowai.tenant;
SELECT set_config('flowai.tenant', 'acme', true), (SELECT count(*) FROM flowai.kv_entries);
