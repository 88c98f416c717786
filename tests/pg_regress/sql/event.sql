-- Events: written once, stamped by the database, in order, and by whom they concern alone.
SET ROLE acme_app;
BEGIN;
SELECT event_id AS first, clock_timestamp() AS before FROM flowai.event_emit('order.shipped', '{"order": 7, "total": 1.50}') \gset
SELECT count(*) FROM flowai.event_emit('order.returned', severity => 'warn', trace_id => '4bf92f3577b34da6a3ce929d0e0e4736', span_id => '00f067aa0ba902b7');
SELECT name, severity, attributes, role, login, workspace, trace_id, span_id FROM flowai.event_list('order.');
SELECT count(*), bool_and(transaction_id = pg_current_xact_id()::text::bigint) AS this_transaction, bool_and(backend_pid = pg_backend_pid()) AS this_process,
       bool_and(recorded_at BETWEEN now() AND clock_timestamp()) AS now, bool_and(event_id::text ~ '^.{8}-.{4}-7.{3}-[89ab].{3}-.{12}$') AS version_7
FROM flowai.events WHERE name ^@ 'order.';
SAVEPOINT s;
SELECT count(*) FROM flowai.event_emit('order.lost');
ROLLBACK TO s;
COMMIT;
SELECT name FROM flowai.event_list('order.');

-- The role is the one that SET ROLE chose, the login that of the connection; the workspace is that in force.
BEGIN;
SET LOCAL flowai.workspace = 'drafts';
SELECT count(*) FROM flowai.event_emit('where.am_i');
COMMIT;
SELECT role, login, workspace FROM flowai.event_list('where.');

-- Secrets are not kept, by key and by look; counts of tokens are.
SELECT count(*) FROM flowai.event_emit('secrets.told', '{"password": "p1", "db": {"API-Key": "p2", "pool": 5}, "access_token": ["p3"], "input_tokens": 12,
    "url": "postgres://bob:p4@db/prod", "header": "Authorization: Bearer p5", "pem": "-----BEGIN RSA PRIVATE KEY-----\np6\n-----END RSA PRIVATE KEY-----",
    "dsn": "host=db password=p7", "cookie": null, "n": 10000000000000000000.10}');
SELECT jsonb_pretty(attributes) FROM flowai.event_list('secrets.');

-- In order within a transaction and within a statement; a page after another.
SELECT count(*) FROM generate_series(1, 250) AS i, flowai.event_emit('page.line', jsonb_build_object('i', i));
SELECT count(*), bool_and(i = place) AS in_order FROM (
    SELECT (attributes ->> 'i')::integer AS i, row_number() OVER (ORDER BY event_id) AS place FROM flowai.event_list('page.', max_rows => 1000)) t;
WITH RECURSIVE page AS (
    SELECT 1 AS no, ARRAY(SELECT event_id FROM flowai.event_list('page.')) AS ids
    UNION ALL
    SELECT no + 1, ARRAY(SELECT event_id FROM flowai.event_list('page.', after => ids[cardinality(ids)])) FROM page WHERE ids <> '{}')
SELECT no, cardinality(ids) FROM page ORDER BY no;
SELECT count(*) FROM flowai.event_list('page.l', since => (SELECT recorded_at FROM flowai.event_list('page.', max_rows => 200) ORDER BY event_id DESC LIMIT 1), max_rows => 1000);
SELECT count(*) FROM flowai.event_list(since => 'infinity');
SELECT count(*) > 250 AS all FROM flowai.event_list(since => '-infinity', max_rows => 1000);
SELECT count(*) FROM flowai.event_list('page.', after => 'ffffffff-ffff-ffff-ffff-ffffffffffff');
SELECT count(*) FROM flowai.event_list('page.', after => '00000000-0000-0000-0000-000000000000', max_rows => 3);
SELECT count(*) FROM flowai.event_list(NULL);
SELECT count(*) FROM flowai.event_list(max_rows => 0);

-- A list finds its place in the index, in the partitions of its time, under row-level security.
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        RETURN NEXT regexp_replace(regexp_replace(line, 'events_\d{4}_\d\d', 'events_YYYY_MM', 'g'), ' e_\d+', ' e');
    END LOOP;
END $$;
SET enable_seqscan = off;
SELECT line FROM pg_temp.plan($$SELECT * FROM flowai.event_list('page.', since => '2024-07-01 00:00+00', after => '01900000-0000-7000-8000-000000000000')$$) WITH ORDINALITY AS p(line, n)
WHERE line ~ 'Merge Append|Sort Key|Index|Filter' GROUP BY line ORDER BY min(n);
RESET enable_seqscan;

-- For collectors: the log data model of OpenTelemetry.
SELECT severity_number, severity_text, event_name, body, attributes - 'log.record.uid' - 'flowai.transaction_id' AS attributes,
       resource_attributes - 'process.pid' - 'service.namespace' AS resource, trace_id, span_id
FROM flowai.events_otel WHERE event_name ^@ 'order.' ORDER BY time_unix_nano;
SELECT bool_and(time_unix_nano / 1000 = (EXTRACT(epoch FROM e.recorded_at) * 1000000)::bigint) AS time, bool_and(o.attributes ->> 'log.record.uid' = e.event_id::text) AS uid
FROM flowai.events e JOIN flowai.events_otel o ON o.attributes ->> 'log.record.uid' = e.event_id::text;

-- What is refused.
SELECT * FROM flowai.event_emit('flowai.tenant.granted');
SELECT * FROM flowai.event_emit('Order Shipped');
SELECT * FROM flowai.event_emit('a', '[1]');
SELECT * FROM flowai.event_emit('a', jsonb_build_object('a', repeat('x', 8192)));
SELECT * FROM flowai.event_emit('a', (repeat('{"a":', 17) || '1' || repeat('}', 17))::jsonb);
SELECT * FROM flowai.event_emit('a', severity => 'fatal');
SELECT * FROM flowai.event_emit('a', span_id => '00f067aa0ba902b7');
SELECT * FROM flowai.event_emit('a', trace_id => '4BF92F3577B34DA6A3CE929D0E0E4736');
SELECT * FROM flowai.event_emit(NULL);
SELECT * FROM flowai.event_emit('a', NULL);
SELECT count(*) FROM flowai.event_list('a');
BEGIN READ ONLY;
SELECT * FROM flowai.event_emit('a');
ROLLBACK;
-- Nobody changes an event, its owner included.
UPDATE flowai.events SET name = 'x';
DELETE FROM flowai.events;
RESET ROLE;
SET ROLE flowai_owner;
UPDATE flowai.events SET name = 'x';
TRUNCATE flowai.events;
-- Another tenant sees nothing of it; nobody sees anything without a tenant.
SET ROLE globex_app;
SELECT count(*) FROM flowai.events WHERE name !~ '^flowai\.';
SELECT count(*) FROM flowai.event_list(after => :'first') WHERE name !~ '^flowai\.';
SELECT count(*) FROM flowai.events_otel WHERE event_name !~ '^flowai\.';
SET ROLE pool;
SELECT count(*) FROM flowai.event_list();
SELECT * FROM flowai.event_emit('a');
SET ROLE steward;
SELECT count(*) FROM flowai.event_list();

-- What the runtime records by itself: administrators' acts,
SELECT flowai.tenant_create('initech', 'v7') IS NOT NULL AS created;
SELECT flowai.tenant_grant('initech', 'stranger'), flowai.tenant_grant('initech', 'stranger') AS again;
SELECT flowai.tenant_version_set('initech', 'v8') IS NOT NULL AS set;
RESET ROLE;
CREATE EXTENSION pg_trgm;
CREATE FUNCTION public.plus_one(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
SET ROLE steward;
SELECT flowai.function_allow('public.plus_one(integer)', 'initech'), flowai.function_allow('public.plus_one(integer)', 'initech') AS again;
SELECT flowai.function_allow('public.plus_one(integer)') AS for_all;
SELECT flowai.function_disallow('public.plus_one(integer)', 'initech');
SELECT flowai.extension_allow('pg_trgm', 'initech') > 0 AS some, flowai.extension_allow('pg_trgm', 'initech') AS again;
SELECT count(*) FROM flowai.tenant_export('initech');
BEGIN READ ONLY;
SELECT count(*) FROM flowai.tenant_export('initech');
COMMIT;
SELECT flowai.tenant_import('initech', 'flowai.kv_entries', '[]');
SELECT flowai.tenant_revoke('initech', 'stranger'), flowai.tenant_revoke('initech', 'stranger') AS again;
SELECT flowai.tenant_grant('initech', 'stranger');
SELECT flowai.current_tenant();
SET ROLE stranger;
SELECT name, severity, attributes - 'functions' AS attributes, role, login FROM flowai.event_list();
-- whose own tenant is in force again after each, however it ends,
RESET ROLE;
SET ROLE flowai_owner;
BEGIN;
SELECT flowai_internal.act_for('acme');
SELECT flowai_internal.event_note('initech', 'test.note', '{}');
SELECT flowai.current_tenant();
DO $$
BEGIN
    PERFORM flowai_internal.event_note('initech', 'test.note', jsonb_build_object('x', (SELECT jsonb_agg(i) FROM generate_series(1, 9000) i)));
EXCEPTION WHEN program_limit_exceeded THEN
    RAISE NOTICE 'caught, tenant %', flowai.current_tenant();
END $$;
DO $$
BEGIN
    PERFORM flowai_internal.event_note('globex', 'test.note', '{"password": "x"}');
    PERFORM 1 / (SELECT count(*) FROM flowai.events WHERE name = 'test.note');
EXCEPTION WHEN division_by_zero THEN
    RAISE NOTICE 'none of acme''s, tenant %', flowai.current_tenant();
END $$;
ROLLBACK;
SELECT flowai.current_tenant();
-- the life of plans, and decisions,
SET ROLE acme_app;
SELECT event_id AS last FROM flowai.events ORDER BY event_id DESC LIMIT 1 \gset
SELECT flowai.plan_kind_define('job', '{}');
SELECT count(*) FROM unnest('{done,failed,denied,back,dropped}'::text[]) AS id, flowai.plan_store('job', id, '{"title": "t", "steps": [{"operation": "o"}]}');
SELECT count(*) FROM unnest('{done,failed,denied,back}'::text[]) AS id, flowai.plan_submit(id);
SELECT d.plan, d.state FROM flowai.approval_inbox i, flowai.approval_decide(i.id, CASE i.subject_id WHEN 'denied' THEN 'denied' WHEN 'back' THEN 'sent_back' ELSE 'granted' END) d ORDER BY 1;
SELECT state FROM flowai.plan_cancel('dropped');
SELECT plan FROM flowai.plan_claim('done', lease => '1 microsecond');
SELECT token AS failed FROM flowai.plan_claim('failed') \gset
SELECT state FROM flowai.plan_fail('failed', :'failed', '"no disk"');
SELECT token AS done FROM flowai.plan_claim('done') \gset
SELECT flowai.plan_step_finish('done', :'done', 1);
SELECT state FROM flowai.plan_finish('done', :'done');
SELECT attributes ->> 'plan' AS plan, name, severity, attributes - 'plan' - 'approval' AS attributes FROM flowai.event_list(after => :'last') ORDER BY attributes ->> 'plan' COLLATE "C", event_id;
-- an index built anew,
SELECT flowai.search_rebuild();
SELECT name, attributes FROM flowai.event_list('flowai.search.');
-- and statements that were refused, where the transaction goes on: what was tried and may not be, not what was mistaken.
CREATE TABLE IF NOT EXISTS pg_temp.mine (secret text);
SELECT flowai.execute_query('DELETE FROM pg_temp.mine WHERE secret = ''hunter2''') ->> 'code' AS code;
SELECT code FROM flowai.validate_query('SELECT pg_sleep(1)');
SELECT flowai.execute_query('SELECT * FROM flowai_internal.tenants') ->> 'code' AS code;
SELECT code FROM flowai.validate_query('DELETE FROM t', 'sqlite');
SELECT flowai.execute_query('SELEKT 1') ->> 'code' AS code;
SELECT flowai.execute_query('SELECT nothing_of_this_name') ->> 'code' AS code;
SELECT flowai.execute_query('') ->> 'code' AS code;
SELECT code FROM flowai.validate_query(NULL);
SELECT name, severity, attributes FROM flowai.event_list('flowai.query.');
SELECT count(*) FROM flowai.events WHERE to_jsonb(events)::text ~ 'hunter2|pg_sleep';
BEGIN READ ONLY;
SELECT flowai.execute_query('DELETE FROM pg_temp.mine') ->> 'code' AS code;
COMMIT;
SET ROLE pool;
SELECT flowai.execute_query('DELETE FROM pg_temp.mine') ->> 'code' AS code;
RESET ROLE;
SELECT flowai.execute_query('DELETE FROM pg_temp.mine') ->> 'code' AS code;
SET ROLE acme_app;
SELECT count(*) FROM flowai.event_list('flowai.query.');

-- Months: made when they are needed, and the next one ahead.
RESET ROLE;
CREATE VIEW pg_temp.months AS
SELECT CASE to_date(relname, '"events_"YYYY_MM') - date_trunc('month', now() AT TIME ZONE 'UTC')::date WHEN 0 THEN 'this' ELSE to_char(age(to_date(relname, '"events_"YYYY_MM'), date_trunc('month', now() AT TIME ZONE 'UTC')::date), 'MM') END AS month,
       relispartition AS attached FROM pg_class WHERE relnamespace = 'flowai_internal'::regnamespace AND relname ~ '^events_' AND relname > 'events_2021' AND relkind = 'r';
GRANT SELECT ON pg_temp.months TO PUBLIC;
CREATE PROCEDURE pg_temp.drop_months(after integer) LANGUAGE plpgsql AS $$
DECLARE
    piece regclass;
BEGIN
    FOR piece IN SELECT oid FROM pg_class WHERE relnamespace = 'flowai_internal'::regnamespace AND relkind = 'r' AND relname ~ '^events_2'
                 AND relname >= to_char(now() AT TIME ZONE 'UTC' + make_interval(months => after), '"events_"YYYY_MM') LOOP
        EXECUTE format('DROP TABLE %s', piece);
    END LOOP;
END $$;
SELECT * FROM pg_temp.months ORDER BY 1 DESC;
-- Old events come by import, into months of their own, and their ids must tell their time.
RESET ROLE;
CREATE TEMP TABLE old AS
SELECT jsonb_build_object('event_id', flowai_internal.event_first_id(at), 'recorded_at', at, 'workspace_id', 'default', 'name', 'old.news', 'severity', 'info',
                          'attributes', '{}'::jsonb, 'role', 'r', 'login', 'l', 'transaction_id', 1, 'backend_pid', 1) AS "row"
FROM unnest('{2019-12-31 23:59:59.999999+00,2020-01-01 00:00+00,2020-02-29 12:00+00}'::timestamptz[]) AS at;
GRANT SELECT ON old TO steward;
SET ROLE steward;
SET timezone = 'Pacific/Kiritimati';
SET datestyle = 'SQL, DMY';
SELECT flowai.tenant_import('acme', 'flowai.events', (SELECT jsonb_agg("row") FROM old));
RESET timezone;
RESET datestyle;
SELECT flowai.tenant_import('acme', 'flowai.events', (SELECT jsonb_agg("row" || '{"recorded_at": "2020-01-01 00:00:00.001+00"}') FROM old));
SET ROLE acme_app;
SELECT tableoid::regclass AS partition, recorded_at AT TIME ZONE 'UTC' AS at, name FROM flowai.events WHERE recorded_at < '2021-01-01' ORDER BY event_id;
SELECT recorded_at AT TIME ZONE 'UTC' AS at FROM flowai.event_list(since => '2020-01-01 00:00+00', max_rows => 2);
SELECT name FROM flowai.event_list(max_rows => 5);
RESET ROLE;
-- The next one is missing, and the session reads events meanwhile: it is made later.
CALL pg_temp.drop_months(1);
SET ROLE acme_app;
BEGIN;
DECLARE reading CURSOR FOR SELECT name FROM flowai.event_list(since => now() - interval '10 years');
FETCH reading;
SELECT count(*) FROM flowai.event_emit('turn.of_month');
COMMIT;
SELECT * FROM pg_temp.months ORDER BY 1 DESC;
SELECT count(*) FROM flowai.event_emit('turn.of_month');
SELECT * FROM pg_temp.months ORDER BY 1 DESC;
-- Both are missing: a refusal goes without an event before it fails, all else fails before it goes without.
RESET ROLE;
CALL pg_temp.drop_months(0);
SET ROLE acme_app;
BEGIN;
DECLARE reading CURSOR FOR SELECT name FROM flowai.event_list(since => now() - interval '10 years');
FETCH reading;
SELECT flowai.execute_query('DELETE FROM pg_temp.mine') ->> 'code' AS code;
\set VERBOSITY terse
SELECT count(*) FROM flowai.event_emit('turn.of_month');
\set VERBOSITY default
ROLLBACK;
SELECT count(*) FROM pg_temp.months;
BEGIN;
SELECT flowai.execute_query('DELETE FROM pg_temp.mine') ->> 'code' AS code;
SELECT * FROM pg_temp.months ORDER BY 1 DESC;
ROLLBACK;
SELECT count(*) FROM pg_temp.months;
SELECT count(*) FROM flowai.event_emit('turn.of_month');
SELECT * FROM pg_temp.months ORDER BY 1 DESC;

-- Retention: whole months, older than asked for.
SELECT * FROM flowai.event_purge('90 days');
SET ROLE steward;
SELECT * FROM flowai.event_purge('23 hours');
SELECT * FROM flowai.event_purge(NULL);
SELECT * FROM flowai.event_purge('1000000 years');
SELECT * FROM flowai.event_purge(now() - '2020-02-01 00:00+00');
SELECT * FROM flowai.event_purge('1 day');
RESET ROLE;
SELECT * FROM pg_temp.months ORDER BY 1 DESC;

-- A tenant's events go with it, in several leaves and in steps; the extension's with the extension.
SET ROLE steward;
SELECT flowai.tenant_import('initech', 'flowai.events', (SELECT jsonb_agg("row") FROM old));
SELECT relation, deleted, done FROM flowai.tenant_drop_some('initech', 4);
SELECT relation, deleted, done FROM flowai.tenant_drop_some('initech', 4);
SELECT relation, sum(deleted), bool_or(done) AS done FROM flowai.tenant_drop_some('initech', 1000) GROUP BY 1 ORDER BY 1;
SELECT relation, deleted, done FROM flowai.tenant_drop_some('initech');
SET ROLE acme_app;
SELECT count(*) FROM flowai.event_list('turn.');
RESET ROLE;
BEGIN;
DROP VIEW pg_temp.months;
DROP EXTENSION flowai_runtime;
SELECT count(*) FROM pg_class WHERE relname ~ '^events_';
ROLLBACK;
