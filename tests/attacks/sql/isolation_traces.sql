-- Attacks on isolation: facts without rows, in error texts, plans, statistics, locks, numbers and what the whole
-- server shares.
--
-- A foreign thing and a thing that is not there answer alike, to the letter. Plans do not depend on what others have.
\set ECHO none
\getenv sources PG_ABS_SRCDIR
\set fixture :sources /fixtures/isolation.psql
\i :fixture
-- A tenant whose rows share acme's partitions: to it, their statistics would be of use.
CREATE ROLE neighbour LOGIN;
SELECT flowai.tenant_create('tenant36') IS NOT NULL, flowai.tenant_grant('tenant36', 'neighbour') \g /dev/null
SELECT '400 the neighbour''s partition is acme''s -> ' || bool_and(satisfies_hash_partition('flowai.kv_entries'::regclass, 16, r, 'acme'::flowai.identifier)
    = satisfies_hash_partition('flowai.kv_entries'::regclass, 16, r, 'tenant36'::flowai.identifier)) FROM generate_series(0, 15) r;
SET ROLE neighbour;
SELECT count(*) FROM flowai.catalog_put((SELECT jsonb_agg(jsonb_build_object('id', 'a:' || i, 'itemType', 'a', 'name', 'n' || i)) FROM generate_series(1, 50) i)) \g /dev/null
RESET ROLE;
ANALYZE;
-- The whole error of two calls, one with acme's handle and one with a handle of nobody's, made equal in the handle.
CREATE FUNCTION arena.error(call text, handle text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text; rule text; message text; detail text; hint text;
BEGIN
    EXECUTE replace(call, '?', handle);
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, rule = CONSTRAINT_NAME, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN replace(concat_ws('|', state, rule, message, detail, hint), handle, '?');
END $$;
CREATE FUNCTION arena.alike(call text, foreign_handle text, unknown_handle text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE arena.error(call, foreign_handle) WHEN 'no error' THEN 'no error' WHEN arena.error(call, unknown_handle) THEN 'alike' ELSE 'different' END $$;
-- The plan of a statement without its own literals.
CREATE FUNCTION arena.plan(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text; plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ' || statement LOOP
        plan := plan || line || E'\n';
    END LOOP;
    RETURN regexp_replace(plan, '''[^'']*''', '?', 'g');
END $$;

INSERT INTO arena.attempts VALUES
(401, 'globex_app', 'the error of use_tenant', $$SELECT arena.alike('SELECT flowai.use_tenant(''?'')', 'acme', 'zzzz')$$, '(alike)'),
(402, 'globex_app', 'the error of ref_resolve', $$SELECT arena.alike('SELECT flowai.ref_resolve(''vault'', ''?'')', arena.known('ref'), translate(arena.known('ref'), '19', '91'))$$, '(alike)'),
(403, 'globex_app', 'the error of ref_rows', $$SELECT arena.alike('SELECT flowai.ref_rows(''vault'', ''?'')', arena.known('ref'), translate(arena.known('ref'), '19', '91'))$$, '(alike)'),
(404, 'globex_app', 'the error of ref_extend', $$SELECT arena.alike('SELECT flowai.ref_extend(''vault'', ''?'', ''1 day'')', arena.known('ref'), translate(arena.known('ref'), '19', '91'))$$, '(alike)'),
(405, 'globex_app', 'the error of ref_put, for the kind', $$SELECT arena.alike('SELECT flowai.ref_put(''?'', ''1'')', 'vault', 'zzzzz')$$, '(alike)'),
(406, 'globex_app', 'the error of plan_store, for the kind', $$SELECT arena.alike('SELECT flowai.plan_store(''?'', ''p'', ''{"title": "t", "steps": [{"operation": "o"}]}'')', 'vault', 'zzzzz')$$, '(alike)'),
(407, 'globex_app', 'the error of plan_submit', $$SELECT arena.alike('SELECT flowai.plan_submit(''?'')', 'draft', 'zzzzz')$$, '(alike)'),
(408, 'globex_app', 'the error of plan_cancel', $$SELECT arena.alike('SELECT flowai.plan_cancel(''?'')', 'open', 'zzzzz')$$, '(alike)'),
(409, 'globex_app', 'the error of plan_inputs', $$SELECT arena.alike('SELECT * FROM flowai.plan_inputs(''?'')', 'draft', 'zzzzz')$$, '(alike)'),
(410, 'globex_app', 'the error of plan_heartbeat, with the token', $$SELECT arena.alike(format('SELECT flowai.plan_heartbeat(''?'', %L)', arena.known('token')), 'running', 'zzzzz')$$, '(alike)'),
(411, 'globex_app', 'the error of plan_finish, with the token', $$SELECT arena.alike(format('SELECT flowai.plan_finish(''?'', %L)', arena.known('token')), 'running', 'zzzzz')$$, '(alike)'),
(412, 'globex_app', 'the error of approval_decide', $$SELECT arena.alike('SELECT flowai.approval_decide(''?'', ''granted'')', arena.known('approval'), gen_random_uuid()::text)$$, '(alike)'),
(413, 'globex_app', 'the error of paths', $$SELECT arena.alike('SELECT flowai.get_relation_paths_between(''?'', ''table:t2'')', 'table:t1', 'table:zz')$$, '(alike)'),
(415, 'globex_app', 'the answer of a sample', $$SELECT replace(flowai.sample_table_data('table:t1')::text, 'table:t1', '?') = replace(flowai.sample_table_data('table:zz')::text, 'table:zz', '?')$$, '(t)'),
(416, 'globex_app', 'the answer of a target', $$SELECT replace(flowai.execute_query('SELECT 1', target => 'vault')::text, 'vault', '?') = replace(flowai.execute_query('SELECT 1', target => 'zzzzz')::text, 'zzzzz', '?')$$, '(t)'),
(417, 'globex_app', 'the verdict on a function', $$SELECT a.code, a.message = replace(b.message, 'acme_nobody', 'acme_only') FROM flowai.validate_query('SELECT public.acme_only(''x'')') a, flowai.validate_query('SELECT lair.acme_nobody(''x'')') b$$, '(function,f)'),
(418, 'globex_app', 'the error of a foreign compare-and-set', $$SELECT arena.alike('SELECT flowai.kv_put(''vault'', ''?'', ''1'', expected_version => 5)', 'merger', 'zzzzzz')$$, '(alike)'),
(419, 'globex_app', 'the error of a cursor of another''s search', $$SELECT arena.alike('SELECT flowai.search_catalog(''merger'', cursor => ''?'')', arena.known('cursor'), 'zz')$$, '(alike)'),
(420, 'globex_app', 'a search suggests no word of others', $$SELECT count(*) FROM flowai.search_catalog('mergr')$$, '(0)'),
(421, 'globex_app', 'facets of others', $$SELECT count(*) FROM flowai.catalog_facets('merger')$$, '(0)'),
(422, 'globex_app', 'EXPLAIN with acme as a predicate', $$EXPLAIN SELECT * FROM flowai.kv_entries WHERE tenant_id = 'acme'$$, E'("Result  (cost=0.00..0.00 rows=0 width=0)")\n("  One-Time Filter: false")'),
(431, 'neighbour', 'the estimate for a word of acme''s, and for a word of nobody''s', $$SELECT arena.plan(format('SELECT * FROM flowai.catalog_entries WHERE content = %L', 'acme' || 'secret merger')) = arena.plan('SELECT * FROM flowai.catalog_entries WHERE content = ''some other words''')$$, '(t)'),
(432, 'neighbour', 'the same in a range', $$SELECT arena.plan('SELECT * FROM flowai.catalog_entries WHERE name BETWEEN ''t1'' AND ''t9''') = arena.plan('SELECT * FROM flowai.catalog_entries WHERE name BETWEEN ''x1'' AND ''x9''')$$, '(t)'),
(433, 'neighbour', 'the same for NULL', $$SELECT substring(arena.plan('SELECT * FROM flowai.approvals WHERE decision IS NULL') FROM 'rows=\d+') = substring(arena.plan('SELECT * FROM flowai.approvals WHERE comment IS NULL') FROM 'rows=\d+')$$, '(t)'),
(434, 'neighbour', 'the same in a join', $$SELECT arena.plan('SELECT * FROM flowai.catalog_entries a JOIN flowai.catalog_relations b ON a.id = b.to_id WHERE b.to_id = ''table:t1''') = arena.plan('SELECT * FROM flowai.catalog_entries a JOIN flowai.catalog_relations b ON a.id = b.to_id WHERE b.to_id = ''table:zz''')$$, '(t)'),
(435, 'neighbour', 'the same in a group', $$SELECT substring(arena.plan('SELECT item_type, count(*) FROM flowai.catalog_entries GROUP BY 1') FROM 'rows=\d+') = substring(arena.plan('SELECT content, count(*) FROM flowai.catalog_entries GROUP BY 1') FROM 'rows=\d+')$$, '(t)'),
(436, 'neighbour', 'how many rows the table has', $$SELECT substring(arena.plan('SELECT * FROM flowai.catalog_entries') FROM 'rows=\d+') = substring(arena.plan('SELECT * FROM flowai.kv_entries') FROM 'rows=\d+')$$, '(t)'),
(437, 'neighbour', 'how wide its rows are', $$SELECT substring(arena.plan('SELECT value FROM flowai.kv_entries') FROM 'width=\d+') = substring(arena.plan('SELECT payload FROM flowai.ref_payloads') FROM 'width=\d+')$$, '(t)'),
(438, 'neighbour', 'the choice of plan, with the estimates left away', $$SELECT count(DISTINCT p) FROM (SELECT string_agg(l, E'\n') AS p FROM unnest(ARRAY['t1', 'n1', 'x']) w, LATERAL (SELECT regexp_replace(arena.plan(format('SELECT * FROM flowai.catalog_entries a, flowai.catalog_entries b WHERE a.content = %L AND a.name = b.name', w)), '\(cost.*?\)', '', 'g') AS l) x GROUP BY w) y$$, '(1)'),
(439, 'neighbour', 'a predicate on a range of tenants', $$SELECT arena.plan('SELECT * FROM flowai.catalog_entries WHERE tenant_id >= ''acme''') = arena.plan('SELECT * FROM flowai.catalog_entries WHERE tenant_id >= ''aaaa''')$$, '(t)'),
(440, 'neighbour', 'rows that EXPLAIN ANALYZE passed by: its own, through an index', $$SELECT arena.plan('(ANALYZE, TIMING OFF) SELECT * FROM flowai.catalog_entries WHERE content = ''x''') ~ 'Rows Removed by Filter: 50\M'$$, '(t)'),
(441, 'neighbour', 'statistics of columns', $$SELECT count(*) FROM pg_stats WHERE schemaname IN ('flowai', 'flowai_internal')$$, '(0)'),
(442, 'neighbour', 'statistics of expressions', $$SELECT count(*) FROM pg_stats_ext$$, '(0)'),
(443, 'neighbour', 'the raw statistics', $$SELECT count(*) FROM pg_statistic$$, 'error 42501'),
(444, 'neighbour', 'ANALYZE of its own', $$ANALYZE flowai.catalog_entries;; SELECT count(*) FROM pg_stats WHERE schemaname = 'flowai'$$, '(0)'),
(445, 'neighbour', 'columns'' statistics targets', $$SELECT count(*) FROM pg_attribute WHERE attrelid = 'flowai.kv_entries'::regclass AND attstattarget > 0$$, '(0)'),
(451, 'globex_app', 'who is a tenant, from settings of roles', $$SELECT count(*) FROM pg_db_role_setting WHERE setconfig::text ~ 'acme'$$, '(0)'),
(452, 'globex_app', 'who is a tenant, from policies', $$SELECT count(*) FROM pg_policies WHERE qual ~ 'acme'$$, '(0)'),
(453, 'globex_app', 'who is a tenant, from bounds and names of partitions', $$SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text ~ '^flowai' AND (relname ~ 'acme' OR pg_get_expr(relpartbound, oid) ~ 'acme')$$, '(0)'),
(454, 'globex_app', 'who is a tenant, from comments and labels', $$SELECT count(*) FROM pg_description WHERE description ~ '\macme\M'$$, '(0)'),
(455, 'globex_app', 'who is a tenant, from the functions that list', $$SELECT tenant FROM flowai.tenant_list()$$, 'error 42501'),
(456, 'globex_app', 'a sequence that counts others'' rows', $$SELECT count(*) FROM pg_sequences WHERE schemaname ~ '^flowai'$$, '(0)'),
(457, 'globex_app', 'large objects of others', $$SELECT count(*) FROM pg_largeobject_metadata$$, '(0)'),
(458, 'globex_app', 'what others'' sessions run', $$SELECT count(*) FROM pg_stat_activity WHERE usename = 'acme_app' AND query !~ 'insufficient privilege'$$, '(0)'),
(459, 'globex_app', 'ending others'' sessions', $$SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres' LIMIT 1$$, 'error 42501'),
(460, 'globex_app', 'prepared transactions of others', $$SELECT count(*) FROM pg_prepared_xacts$$, '(0)'),
(461, 'globex_app', 'the server''s log', $$SELECT pg_read_file('log')$$, 'error 42501'),
(462, 'globex_app', 'the files of segments', $$SELECT pg_ls_dir('pgsql_tmp_flowai_runtime')$$, 'error 42501'),
(463, 'globex_app', 'the data directory', $$SHOW data_directory$$, 'error 42501'),
(464, 'globex_app', 'pages of a table', $$SELECT get_raw_page('flowai_internal.kv_entries_00', 0)$$, 'error 42883'),
(465, 'globex_app', 'where SQLite files are', $$SHOW flowai.sqlite_directories$$, 'error 42501'),
(466, 'globex_app', 'a hash of its own key to confirm a guess by', $$SELECT count(*) FROM flowai_internal.tenant_keys$$, 'error 42501'),
(467, 'globex_app', 'the same payload, to confirm a guess by its id', $$SELECT flowai.ref_kind_define('vault');; SELECT id = arena.known('ref') FROM flowai.ref_put('vault', format('[{"with": "%s"}]', 'acme' || 'secret')::jsonb)$$, '(f)'),
(468, 'globex_app', 'the version of an entry, which would count writes of others', $$SELECT version FROM flowai.catalog_put('[{"id": "a:b", "itemType": "a", "name": "b"}]')$$, '(1)'),
(469, 'globex_app', 'NOTIFY of ours, with rows in it', $$LISTEN flowai;; SELECT count(*) FROM pg_proc WHERE pronamespace::regnamespace::text ~ '^flowai' AND prosrc ~* 'pg_notify|NOTIFY'$$, '(0)'),
(470, 'globex_app', 'advisory locks of ours, held in another''s transaction', $$SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'$$, '(0)'),
(471, 'globex_app', 'notifications that acme''s writes have left', $$SELECT pg_notification_queue_usage()$$, '(0)'),
(472, 'globex_app', 'a subscription to what acme writes', $$SELECT count(*) FROM pg_publication_tables$$, '(0)');
SET ROLE acme_app;
INSERT INTO arena.known SELECT 'cursor', cursor FROM flowai.search_catalog('merger', max_rows => 1);
RESET ROLE;
-- The control: to a superuser, whose plans use what is true, the guess and the miss differ.
SELECT '430 postgres: the control -> ' || (arena.plan(format('SELECT * FROM flowai_internal.catalog_entries_03 WHERE content = %L', 'acmesecret merger')) <> arena.plan('SELECT * FROM flowai_internal.catalog_entries_03 WHERE content = ''some other words'''));
\connect - globex_app
:attempts \gexec
\connect - neighbour
SET client_min_messages = error;
:attempts \gexec
\connect - postgres
-- Nothing of acme's has moved.
:damage;
