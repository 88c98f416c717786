-- Attacks on isolation: the attacker's own code and names, in the way of the policy, of our functions and of what
-- the server does by itself.
--
-- Policies and functions are bound to what they mean when the extension is installed; what a role brings along
-- sees rows only after the policy.
\set ECHO none
\getenv sources PG_ABS_SRCDIR
\set fixture :sources /fixtures/isolation.psql
\i :fixture
GRANT TEMP ON DATABASE :"DBNAME" TO globex_app;
SET ROLE globex_app;
-- Says what it is shown, if that is acme's.
CREATE FUNCTION lair.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$BEGIN IF $1 ~ 'acmesecret' THEN RAISE 'seen: %', $1; END IF; RETURN true; END$$;
CREATE FUNCTION lair.always(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION lair.tenant() RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'acme'$$;
CREATE FUNCTION lair.sees() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM flowai.kv_entries';
CREATE FUNCTION lair.sees_as_definer() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM flowai.kv_entries';
RESET ROLE;

INSERT INTO arena.attempts VALUES
(301, 'globex_app', 'a leaky function in WHERE', $$SELECT count(*) FROM flowai.kv_entries WHERE lair.leak(value::text)$$, '(0)'),
(302, 'globex_app', 'a leaky function on the view', $$SELECT count(*) FROM flowai.catalog WHERE lair.leak(content)$$, '(0)'),
(303, 'globex_app', 'a leaky function in a join', $$SELECT count(*) FROM flowai.plans p JOIN flowai.plan_steps s ON lair.leak(p.title || s.operation)$$, '(0)'),
(304, 'globex_app', 'a leaky function in ON of an outer join', $$SELECT count(*) FROM (VALUES (1)) v LEFT JOIN flowai.approvals a ON lair.leak(a.title)$$, '(1)'),
(305, 'globex_app', 'a leaky function in HAVING', $$SELECT count(*) FROM flowai.kv_entries HAVING lair.leak(string_agg(value::text, ' '))$$, '(0)'),
(306, 'globex_app', 'a leaky function in ORDER BY', $$SELECT key FROM flowai.kv_entries ORDER BY lair.leak(value::text)$$, 'no row'),
(307, 'globex_app', 'a leaky function in a window', $$SELECT row_number() OVER (ORDER BY lair.leak(value::text)) FROM flowai.kv_entries$$, 'no row'),
(308, 'globex_app', 'a leaky function in CASE', $$SELECT count(*) FROM flowai.refs WHERE CASE WHEN lair.leak(summary::text) THEN true END$$, '(0)'),
(309, 'globex_app', 'a leaky function on a domain''s base type', $$SELECT count(*) FROM flowai.kv_entries WHERE lair.leak(namespace::text || value)$$, '(0)'),
(310, 'globex_app', 'a leaky function with plain scans alone', $$SET LOCAL enable_indexscan = off;; SET LOCAL enable_bitmapscan = off;; SELECT count(*) FROM flowai.kv_entries WHERE lair.leak(value::text)$$, '(0)'),
(311, 'globex_app', 'a leaky operator', $$CREATE OPERATOR lair.?? (RIGHTARG = text, FUNCTION = lair.leak);; SELECT count(*) FROM flowai.kv_entries WHERE OPERATOR(lair.??) value::text$$, '(0)'),
(312, 'globex_app', 'a leaky cast error', $$SELECT count(*) FROM flowai.kv_entries WHERE (value #>> '{}')::integer > 50$$, '(0)'),
(313, 'globex_app', 'a division by zero', $$SELECT count(*) FROM flowai.kv_entries WHERE 1 / (length(value::text) - length(value::text)) > 0$$, '(0)'),
(314, 'globex_app', 'a pattern that costs time', $$SELECT count(*) FROM flowai.kv_entries WHERE value::text ~ '(x+x+)+y'$$, '(0)'),
(315, 'globex_app', 'pg_sleep for each row', $$SELECT count(*) FROM flowai.kv_entries WHERE pg_sleep(60) IS NULL$$, '(0)'),
(316, 'globex_app', 'a function said to be leakproof', $$CREATE FUNCTION lair.sure(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true'$$, 'error 42501'),
(317, 'globex_app', 'a selectivity function on an own operator', $$CREATE OPERATOR lair.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = lair.always, RESTRICT = eqsel);; EXPLAIN (COSTS OFF) SELECT FROM flowai.kv_entries WHERE tenant_id OPERATOR(lair.===) 'acme' AND false$$, E'(Result)\n("  One-Time Filter: false")'),
(318, 'globex_app', 'the operator of the policy shadowed', $$CREATE OPERATOR lair.= (LEFTARG = text, RIGHTARG = text, FUNCTION = lair.always);; SET LOCAL search_path = lair, pg_catalog;; SELECT count(*) FROM flowai.kv_entries$$, '(0)'),
(319, 'globex_app', 'the operator shadowed for our functions', $$CREATE OPERATOR lair.= (LEFTARG = text, RIGHTARG = text, FUNCTION = lair.always);; SET LOCAL search_path = lair, pg_catalog;; SELECT * FROM flowai.kv_get('vault', 'merger')$$, 'no row'),
(320, 'globex_app', 'the operator shadowed for functions that write', $$CREATE OPERATOR lair.= (LEFTARG = text, RIGHTARG = text, FUNCTION = lair.always);; SET LOCAL search_path = lair, pg_catalog;; SELECT flowai.kv_delete('vault', 'merger')$$, '(f)'),
(321, 'globex_app', 'the operator shadowed for functions in PL/pgSQL', $$CREATE FUNCTION lair.always(name, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';; CREATE OPERATOR lair.= (LEFTARG = name, RIGHTARG = text, FUNCTION = lair.always);; SET LOCAL search_path = lair, pg_catalog;; SELECT flowai.profile_schema('flowai_internal')$$, 'error P0002 schema_found'),
(322, 'globex_app', 'current_tenant shadowed', $$CREATE FUNCTION lair.current_tenant() RETURNS text LANGUAGE sql AS 'SELECT lair.tenant()';; SET LOCAL search_path = lair;; SELECT count(*) FROM flowai.kv_entries$$, '(0)'),
(323, 'globex_app', 'functions of the server shadowed', $$CREATE FUNCTION lair.count(*) RETURNS bigint LANGUAGE sql AS 'SELECT 1'$$, 'error 42601'),
(324, 'globex_app', 'lower, clock_timestamp and format shadowed', $$CREATE FUNCTION lair.lower(text) RETURNS text LANGUAGE sql AS 'SELECT lair.tenant()';; CREATE FUNCTION lair.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $f$SELECT '2001-01-01'::timestamptz$f$;; SET LOCAL search_path = lair, pg_catalog;; SELECT expires_at < now() FROM flowai.kv_put('n', 'k', '1', '1 hour')$$, '(f)'),
(325, 'globex_app', 'a type shadowed', $$CREATE DOMAIN lair.text AS pg_catalog.text CHECK (lair.leak(VALUE));; CREATE DOMAIN lair.jsonb AS pg_catalog.jsonb;; SET LOCAL search_path = lair, pg_catalog;; SELECT count(*) FROM flowai.search_catalog('merger')$$, '(0)'),
(326, 'globex_app', 'a temporary table in place of ours', $$CREATE TEMP TABLE kv_entries AS SELECT 'acme' AS tenant_id;; SET LOCAL search_path = pg_temp, flowai;; SELECT * FROM flowai.kv_get('vault', 'merger')$$, 'no row'),
(327, 'globex_app', 'temporary tables in place of catalogs', $$CREATE TEMP TABLE pg_roles (rolname name, oid oid);; CREATE TEMP TABLE pg_class AS SELECT * FROM pg_catalog.pg_class LIMIT 0;; SET LOCAL search_path = pg_temp, pg_catalog;; SELECT role, tenant FROM flowai.whoami()$$, '(globex_app,globex)'),
(328, 'globex_app', 'a temporary function', $$CREATE FUNCTION pg_temp.current_tenant() RETURNS text LANGUAGE sql AS 'SELECT lair.tenant()';; SET LOCAL search_path = pg_temp, flowai;; SELECT count(*) FROM flowai.kv_entries WHERE tenant_id = pg_temp.current_tenant()$$, '(0)'),
(329, 'globex_app', 'its own cast', $$CREATE CAST (text AS flowai.identifier) WITHOUT FUNCTION$$, 'error 42501'),
(330, 'globex_app', 'a C function with a forged argument', $$CREATE FUNCTION lair.act(text) RETURNS void LANGUAGE c AS '$libdir/flowai_runtime', 'act_for_wrapper'$$, 'error 42501'),
(331, 'globex_app', 'an internal function', $$CREATE FUNCTION lair.role() RETURNS void LANGUAGE internal AS 'current_user'$$, 'error 42501'),
(332, 'globex_app', 'the planner''s support function', $$SELECT flowai_internal.current_tenant_support(NULL)$$, 'error 42501'),
(333, 'globex_app', 'the support function for its own function', $$CREATE FUNCTION lair.x() RETURNS text LANGUAGE sql SUPPORT flowai_internal.current_tenant_support AS 'SELECT lair.tenant()'$$, 'error 42501'),
(334, 'globex_app', 'the trigger of our view on its own', $$CREATE VIEW lair.v AS SELECT 1 AS id;; CREATE TRIGGER t INSTEAD OF DELETE ON lair.v FOR EACH ROW EXECUTE FUNCTION flowai_internal.catalog_view_write()$$, 'error 42501'),
(335, 'globex_app', 'our function made its own', $$ALTER FUNCTION flowai.current_tenant() OWNER TO globex_app$$, 'error 42501'),
(336, 'globex_app', 'our function replaced', $$CREATE OR REPLACE FUNCTION flowai.current_tenant() RETURNS text LANGUAGE sql AS 'SELECT lair.tenant()'$$, 'error 42501'),
(337, 'globex_app', 'our function with another search_path', $$ALTER FUNCTION flowai.kv_put(text, text, jsonb, interval, bigint) RESET search_path$$, 'error 42501'),
(338, 'globex_app', 'an event trigger', $$CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION lair.tenant()$$, 'error 42501'),
(339, 'globex_app', 'its own definer function', $$SELECT lair.sees_as_definer()$$, '(0)'),
(340, 'globex_app', 'its own row security in place of ours', $$CREATE TABLE lair.t AS TABLE flowai.kv_entries;; ALTER TABLE lair.t ENABLE ROW LEVEL SECURITY;; CREATE POLICY p ON lair.t USING (lair.leak(value::text));; SELECT count(*) FROM lair.t$$, '(0)'),
(341, 'globex_app', 'a generic plan from before the selector', $$SET LOCAL plan_cache_mode = force_generic_plan;; PREPARE a341 AS SELECT count(*) FROM flowai.kv_entries;; EXECUTE a341;; SET LOCAL flowai.tenant = 'acme';; SELECT flowai.current_tenant()$$, 'error 42501 tenant_not_yours'),
(342, 'globex_app', 'a parallel plan', $$SET LOCAL force_parallel_mode = on;; SET LOCAL parallel_setup_cost = 0;; SET LOCAL parallel_tuple_cost = 0;; SET LOCAL min_parallel_table_scan_size = 0;; SELECT count(*), count(content) FROM flowai.catalog_entries$$, '(0,0)'),
(343, 'globex_app', 'a parallel plan with a leaky function', $$ALTER FUNCTION lair.leak(text) PARALLEL SAFE;; SET LOCAL force_parallel_mode = on;; SET LOCAL parallel_setup_cost = 0;; SET LOCAL min_parallel_table_scan_size = 0;; SELECT count(*) FROM flowai.catalog_entries WHERE lair.leak(content)$$, '(0)'),
(344, 'globex_app', 'compilation of expressions', $$SET LOCAL jit = on;; SET LOCAL jit_above_cost = 0;; SELECT count(*) FROM flowai.kv_entries WHERE lair.leak(value::text)$$, '(0)'),
(345, 'globex_app', 'genetic join order', $$SET LOCAL geqo_threshold = 2;; SELECT count(*) FROM flowai.plans a, flowai.plan_steps b, flowai.plan_refs c WHERE lair.leak(a.title || b.operation)$$, '(0)'),
(346, 'globex_app', 'a memoized join', $$SET LOCAL enable_hashjoin = off;; SET LOCAL enable_mergejoin = off;; SELECT count(*) FROM generate_series(1, 3), LATERAL (SELECT FROM flowai.kv_entries WHERE lair.leak(value::text)) x$$, '(0)'),
(347, 'globex_app', 'constraint exclusion off', $$SET LOCAL constraint_exclusion = off;; SET LOCAL enable_partition_pruning = off;; SELECT count(*) FROM flowai.kv_entries WHERE lair.leak(value::text)$$, '(0)'),
(348, 'globex_app', 'a cursor that moves by itself', $$SET LOCAL enable_seqscan = off;; DECLARE c348 SCROLL CURSOR FOR SELECT value FROM flowai.kv_entries;; MOVE ABSOLUTE 1 FROM c348;; FETCH BACKWARD ALL FROM c348$$, 'no row'),
(349, 'globex_app', 'an exception handler that reads afterwards', $$DO $d$BEGIN BEGIN PERFORM flowai.use_tenant('acme'); EXCEPTION WHEN OTHERS THEN NULL; END; IF EXISTS (SELECT FROM flowai.kv_entries) THEN RAISE 'seen'; END IF; END$d$ $$, 'done'),
(350, 'globex_app', 'read-only SQL with the selector', $$SELECT flowai.execute_query('SELECT set_config(''flowai.tenant'', ''acme'', false), key FROM flowai.kv_entries') ->> 'code'$$, '(function)'),
(351, 'globex_app', 'read-only SQL with a predicate', $$SELECT flowai.execute_query('SELECT key FROM flowai.kv_entries WHERE tenant_id = ''acme''') ->> 'row_count'$$, '(0)'),
(352, 'globex_app', 'a tool with the tenant as an argument', $$SELECT flowai.call_tool('kv_get', '{"namespace": "vault", "key": "merger", "tenant": "acme"}') ->> 'code'$$, '(22023)'),
(353, 'globex_app', 'acme''s target', $$SELECT flowai.execute_query('SELECT 1', target => 'vault') ->> 'code'$$, '(target)'),
(354, 'globex_app', 'acme''s allowed function', $$SELECT code FROM flowai.validate_query('SELECT public.acme_only(''x'')')$$, '(function)'),
(355, 'globex_app', 'an entry of its own that points at acme''s table', $$SELECT count(*) FROM flowai.catalog_put('[{"id": "table:x", "itemType": "table", "name": "x", "metadata": {"schemaName": "flowai_internal", "tableName": "kv_entries_00"}}]');; SELECT flowai.sample_table_data('table:x') ? 'error'$$, '(t)'),
(356, 'globex_app', 'an entry of its own that points at all tenants'' table', $$SELECT count(*) FROM flowai.catalog_put('[{"id": "table:x", "itemType": "table", "name": "x", "metadata": {"schemaName": "flowai", "tableName": "kv_entries"}}]');; SELECT flowai.sample_table_data('table:x') ->> 'row_count'$$, '(0)'),
(357, 'globex_app', 'the profile of our tables', $$SELECT flowai.profile_schema('flowai')::text ~ 'merger|acme[^_]'$$, '(f)'),
(358, 'globex_app', 'a workspace called like acme''s', $$SET LOCAL flowai.workspace = 'acme';; SELECT count(*) FROM flowai.catalog$$, '(0)'),
(359, 'globex_app', 'a workspace that is a path', $$SET LOCAL flowai.workspace = '../acme/default';; SELECT count(*) FROM flowai.search_catalog('merger')$$, '(0)'),
(360, 'globex_app', 'a cursor of acme''s search', $$SELECT count(*) FROM flowai.search_catalog('merger', cursor => arena.known('cursor'))$$, 'error 22023 search_cursor'),
(361, 'idle', 'the definer function of globex', $$SELECT lair.sees_as_definer()$$, '(0)');
GRANT USAGE ON SCHEMA lair TO idle;
SET ROLE acme_app;
INSERT INTO arena.known SELECT 'cursor', cursor FROM flowai.search_catalog('merger', max_rows => 1);
RESET ROLE;

-- Each in a transaction of its own.
\connect - globex_app
:attempts \gexec
\connect - idle
:attempts \gexec

-- What the server runs by itself: the expression of an index and the default of a column, in ANALYZE, which is
-- what autovacuum does, by a superuser; a trigger, when another tenant writes to a table of the attacker's.
\connect - globex_app
CREATE FUNCTION lair.reads(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN (SELECT count(*)::text FROM flowai.kv_entries); END$$;
CREATE FUNCTION lair.chooses(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN $1; END$$;
CREATE TABLE lair.bait (a text);
INSERT INTO lair.bait SELECT 'x' FROM generate_series(1, 100);
CREATE INDEX reads ON lair.bait (lair.reads(a));
CREATE INDEX chooses ON lair.bait (lair.chooses(a));
\connect - postgres
SET client_min_messages = error;
ANALYZE lair.bait;
SELECT '381 globex_app: an index expression, in a superuser''s ANALYZE, counts -> ' || string_agg(DISTINCT v, ', ') FROM pg_stats, unnest(most_common_vals::text::text[]) v WHERE tablename = 'reads';
\connect - globex_app
CREATE OR REPLACE FUNCTION lair.chooses(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN PERFORM set_config('flowai.tenant', 'acme', false); RETURN (SELECT count(*)::text FROM flowai.kv_entries); END$$;
\connect - postgres
SET client_min_messages = error;
SELECT '382 globex_app: an index expression that chooses a tenant, in a superuser''s ANALYZE -> ' || arena.outcome('ANALYZE lair.bait');
SELECT '383 globex_app: and in REINDEX -> ' || arena.outcome('REINDEX TABLE lair.bait');

-- Cached plans of a pool, its cursors and its temporary tables, over a change of the tenant.
\connect - pool
SET plan_cache_mode = force_generic_plan;
PREPARE entries AS SELECT count(*) FROM flowai.kv_entries;
PREPARE allowed AS SELECT count(*) FROM flowai.allowed_functions;
PREPARE targets AS SELECT count(*) FROM flowai.query_targets;
CREATE FUNCTION pg_temp.cached() RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT count(*) FROM flowai.kv_entries); END$$;
SELECT '391 pool: plans before any tenant';
EXECUTE entries; EXECUTE allowed; EXECUTE targets; SELECT pg_temp.cached();
BEGIN;
SELECT flowai.use_tenant('acme');
EXECUTE entries; EXECUTE allowed; EXECUTE targets; SELECT pg_temp.cached();
COMMIT;
SELECT '392 pool: the same plans, for the next tenant';
BEGIN;
SELECT flowai.use_tenant('globex');
EXECUTE entries; EXECUTE allowed; EXECUTE targets; SELECT pg_temp.cached();
COMMIT;
SELECT '393 pool: the same plans, for none';
EXECUTE entries; EXECUTE allowed; EXECUTE targets; SELECT pg_temp.cached();
SELECT '394 pool: a cursor that would outlive its tenant';
BEGIN;
SELECT flowai.use_tenant('acme');
DECLARE c CURSOR WITH HOLD FOR SELECT value FROM flowai.kv_entries;
COMMIT;
FETCH ALL FROM c;
SELECT '395 pool: a cursor opened before the tenant, read after';
BEGIN;
DECLARE c CURSOR FOR SELECT value FROM flowai.kv_entries ORDER BY key;
SELECT flowai.use_tenant('globex');
FETCH ALL FROM c;
COMMIT;
SELECT '396 pool: a cursor opened for one tenant, the other chosen, read';
BEGIN;
SELECT flowai.use_tenant('globex');
DECLARE c CURSOR FOR SELECT value FROM flowai.kv_entries ORDER BY key;
SET LOCAL flowai.tenant = 'acme';
FETCH ALL FROM c;
ROLLBACK;
SELECT '397 pool: a procedure that commits between two tenants, with one plan';
CREATE PROCEDURE pg_temp.both() LANGUAGE plpgsql AS $$
DECLARE tenant text;
BEGIN
    FOREACH tenant IN ARRAY '{globex,acme,globex}'::text[] LOOP
        PERFORM flowai.use_tenant(tenant);
        RAISE INFO '% has %', tenant, (SELECT count(*) FROM flowai.kv_entries);
        COMMIT;
    END LOOP;
END $$;
CALL pg_temp.both();
\connect - postgres
-- Nothing of acme's has moved.
:damage;
