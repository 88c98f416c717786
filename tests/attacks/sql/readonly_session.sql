-- Attacks on read-only SQL: around the guard, not in the text. Settings, temporary tables, cursors, prepared
-- statements, procedural code and other tenants: what the session does to the guard, and what the guard leaves
-- to the session.
\set ECHO none
\getenv sources PG_ABS_SRCDIR
\set fixture :sources /fixtures/readonly.psql
\i :fixture
CREATE TABLE lab.t (id int, name text);
INSERT INTO lab.t VALUES (1, 'one'), (2, 'two');
\i :remember
\set ECHO queries
-- 1 to 14: settings that would change what a text means or what a role may see, set before. The guard pins them,
-- and puts them back.
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SELECT v.code FROM flowai.validate_query($$SELECT '\'; DELETE FROM shop.log; --'$$) v;
SELECT flowai.execute_query($$SELECT '\' AS one, ';' AS two$$) -> 'rows' AS rows;
SHOW standard_conforming_strings;
SET backslash_quote = on;
SELECT flowai.execute_query($$SELECT E'\'' AS quote, '\'; DELETE FROM shop.log; --'$$) ->> 'code' AS code;
RESET backslash_quote;
RESET standard_conforming_strings;
RESET escape_string_warning;
SET row_security = off;
SELECT flowai.execute_query('SELECT secret FROM shop.secrets') -> 'rows' AS rows;
SHOW row_security;
RESET row_security;
SET default_transaction_read_only = off;
SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE;
SELECT flowai.execute_query('WITH w AS (DELETE FROM shop.log RETURNING 1) SELECT * FROM w') ->> 'code' AS code;
SET transform_null_equals = on;
SELECT flowai.execute_query('SELECT (NULL = NULL) IS NULL AS either') ->> 'row_count' AS rows;
RESET transform_null_equals;
SET plan_cache_mode = force_generic_plan;
SET force_parallel_mode = on;
SET parallel_setup_cost = 0;
SELECT flowai.execute_query('SELECT count(*) FROM flowai.catalog_entries') -> 'rows' AS rows;
RESET force_parallel_mode;
RESET parallel_setup_cost;
RESET plan_cache_mode;
SET check_function_bodies = off;
SET lock_timeout = '1ms';
SET xmloption = document;
SET array_nulls = off;
SET bytea_output = escape;
SET IntervalStyle = iso_8601;
SET DateStyle = german;
SET extra_float_digits = -5;
SELECT flowai.execute_query('SELECT interval ''1 day'' AS i, date ''2024-02-29'' AS d, 0.1::float8 AS f, ''\x00''::bytea AS b') -> 'rows' AS rows;
RESET lock_timeout; RESET xmloption; RESET array_nulls; RESET bytea_output; RESET IntervalStyle; RESET DateStyle; RESET extra_float_digits; RESET check_function_bodies;
RESET default_transaction_read_only;
RESET SESSION AUTHORIZATION;
SET work_mem = '2GB';
SET statement_timeout = 0;
SELECT flowai.execute_query('SELECT current_setting(''work_mem'') AS work_mem, current_setting(''temp_file_limit'') AS files, current_setting(''transaction_read_only'') AS read_only, current_setting(''max_parallel_workers_per_gather'') AS workers') -> 'rows' AS rows;
SHOW work_mem;
RESET work_mem; RESET statement_timeout;
-- 15 to 24: temporary tables that would stand in for others, under any name of their schema, and a path that
-- would make the guard create something.
SET search_path = pg_temp;
SELECT flowai.execute_query('SELECT current_schema, current_schemas(true)') -> 'rows' AS rows;
SET search_path = nothing, "pg_temp";
SELECT flowai.execute_query('SELECT current_schema, current_schemas(true)') -> 'rows' AS rows;
SELECT pg_my_temp_schema() AS created;
RESET search_path;
CREATE TEMP TABLE products (id int, name text);
CREATE TEMP VIEW log AS SELECT 'temporary' AS line;
SET search_path = pg_temp, shop;
SELECT flowai.execute_query('SELECT (SELECT count(*) FROM products) AS products, (SELECT line FROM log) AS line') -> 'rows' AS rows;
SET search_path = PG_TEMP, shop;
SELECT flowai.execute_query('SELECT (SELECT count(*) FROM products) AS products, (SELECT line FROM log) AS line') -> 'rows' AS rows;
\set ECHO none
\echo and by the number that the schema has in this session
SELECT pg_my_temp_schema()::regnamespace AS temporary \gset
SET search_path = :temporary, shop;
\set ECHO queries
SELECT flowai.execute_query('SELECT (SELECT count(*) FROM products) AS products, (SELECT line FROM log) AS line') -> 'rows' AS rows;
SET search_path = shop;
SELECT flowai.execute_query('SELECT (SELECT count(*) FROM products) AS products, (SELECT line FROM log) AS line') -> 'rows' AS rows;
SELECT flowai.execute_query('SELECT count(*) FROM pg_temp.products') -> 'rows' AS rows;
SELECT flowai.execute_query('SELECT 1 AS a INTO pg_temp.x') ->> 'code' AS code;
DROP VIEW pg_temp.log;
DROP TABLE pg_temp.products;
RESET search_path;
-- 25 to 36: cursors, prepared statements, transactions, procedural code.
PREPARE p(text) AS SELECT flowai.execute_query($1) -> 'rows' AS rows, flowai.execute_query($1) ->> 'code' AS code;
EXECUTE p('SELECT 1 AS a');
EXECUTE p('SELECT nextval(''shop.numbers'')');
EXECUTE p('DEALLOCATE p');
EXECUTE p('EXECUTE p(''SELECT 1'')');
EXECUTE p('SELECT * FROM pg_prepared_statements');
DEALLOCATE p;
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT i, flowai.execute_query(format('SELECT %s AS i, current_setting(''transaction_read_only'') AS read_only', i)) -> 'rows' AS rows FROM generate_series(1, 3) i;
FETCH 1 FROM c;
SELECT flowai.execute_query('FETCH ALL FROM c') ->> 'code' AS code, flowai.execute_query('SELECT * FROM c') ->> 'code' AS code2, flowai.execute_query('CLOSE c') ->> 'code' AS code3;
COMMIT;
FETCH ALL FROM c;
CLOSE c;
BEGIN;
DELETE FROM lab.t WHERE id = 1;
SELECT flowai.execute_query('ROLLBACK') ->> 'code' AS code, flowai.execute_query('SELECT 1; COMMIT') ->> 'code' AS code2, flowai.execute_query('SELECT 1 / 0') ->> 'code' AS code3;
SELECT flowai.execute_query('SELECT id FROM lab.t') -> 'rows' AS "its own deletion is seen";
SHOW transaction_read_only;
INSERT INTO lab.t VALUES (3, 'three');
ROLLBACK;
BEGIN READ ONLY;
SELECT flowai.execute_query('SELECT count(*) FROM lab.t') -> 'rows' AS rows;
INSERT INTO lab.t VALUES (4, 'four');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT flowai.execute_query('SELECT count(*) FROM lab.t') -> 'rows' AS rows;
COMMIT;
BEGIN;
SAVEPOINT s;
SELECT flowai.execute_query('ROLLBACK TO s') ->> 'code' AS code, flowai.execute_query('RELEASE s') ->> 'code' AS code2;
ROLLBACK TO s;
SELECT flowai.execute_query('SELECT 1 AS still') -> 'rows' AS rows;
COMMIT;
DO $$
DECLARE
    result jsonb;
BEGIN
    FOR i IN 1..200 LOOP
        BEGIN
            result := flowai.execute_query(CASE i % 4 WHEN 0 THEN 'SELECT 1' WHEN 1 THEN 'SELECT 1 / 0' WHEN 2 THEN 'SELECT set_config(''a.b'', ''c'', false)' ELSE 'SELECT nothing' END);
            IF i % 3 = 0 THEN RAISE EXCEPTION 'undone'; END IF;
        EXCEPTION WHEN raise_exception THEN NULL;
        END;
    END LOOP;
    RAISE WARNING '%', result;
END $$;
CREATE FUNCTION lab.watch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE WARNING '%', flowai.execute_query('SELECT count(*) FROM lab.t') -> 'rows'; RETURN NULL; END$$;
CREATE CONSTRAINT TRIGGER watch AFTER INSERT ON lab.t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION lab.watch();
INSERT INTO lab.t VALUES (5, 'five');
DELETE FROM lab.t WHERE id = 5;
DROP TRIGGER watch ON lab.t;
CREATE MATERIALIZED VIEW lab.kept AS SELECT flowai.execute_query('SELECT secret FROM shop.secrets') -> 'rows' AS rows;
SELECT rows FROM lab.kept;
CREATE VIEW lab.asks AS SELECT flowai.execute_query('SELECT secret FROM shop.secrets') -> 'rows' AS rows;
GRANT USAGE ON SCHEMA lab TO globex_app;
GRANT SELECT ON lab.asks TO globex_app;
CREATE FUNCTION lab.ask(sql text) RETURNS jsonb LANGUAGE sql SECURITY DEFINER AS 'SELECT flowai.execute_query(sql)';
-- 37 to 52: other tenants, through every table, view and partition that there is.
SELECT c.oid::regclass::text AS relation, e ->> 'code' AS code, e -> 'rows' AS rows
FROM pg_class c, LATERAL (SELECT flowai.execute_query(format('SELECT * FROM %s', c.oid::regclass), 1000) AS e) x
WHERE c.relnamespace IN ('flowai'::regnamespace, 'shop'::regnamespace) AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
  AND (e ? 'error' OR (e -> 'rows')::text ~ 'globex') ORDER BY 1;
SELECT count(*) > 100 AS partitions, count(*) = count(*) FILTER (WHERE e ->> 'code' = '42501') AS closed
FROM pg_class c, LATERAL (SELECT flowai.execute_query(format('SELECT * FROM flowai_internal.%I', c.relname)) AS e) x
WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'flowai_internal') AND c.relkind IN ('r', 'p', 'v', 'm', 'S');
SELECT flowai.execute_query('SELECT count(*) FROM flowai.catalog_entries WHERE tenant_id = ''globex''') -> 'rows' AS rows;
SELECT flowai.execute_query('SELECT flowai.current_tenant() AS mine, flowai.tenant_is(''globex'') AS other') -> 'rows' AS rows;
SELECT flowai.execute_query('SELECT tablename, attname FROM pg_stats WHERE schemaname ~ ''flowai''') -> 'rows' AS rows;
SET flowai.tenant = 'globex';
SELECT flowai.execute_query('SELECT count(*) FROM flowai.catalog_entries') ->> 'code' AS code;
RESET flowai.tenant;
SET ROLE globex_app;
SELECT flowai.execute_query('SELECT pg_advisory_lock(1)') ->> 'code' AS code;
\connect - globex_app
SET client_min_messages = warning;
SELECT rows FROM lab.asks;
SELECT lab.ask('SELECT current_user, secret FROM shop.secrets');
SELECT flowai.execute_query('SELECT secret FROM shop.secrets') -> 'rows' AS rows;
\connect - pool
SET client_min_messages = warning;
SELECT flowai.execute_query('SELECT count(*) FROM flowai.catalog_entries') -> 'rows' AS "no tenant, no rows";
SET flowai.tenant = 'globex';
SELECT flowai.execute_query('SELECT content FROM flowai.catalog_entries') -> 'rows' AS rows;
SET flowai.tenant = 'acme';
SELECT flowai.execute_query('SELECT content FROM flowai.catalog_entries') -> 'rows' AS rows;
BEGIN;
SELECT flowai.use_tenant('globex');
SELECT flowai.execute_query('SELECT content FROM flowai.catalog_entries') -> 'rows' AS rows;
SELECT flowai.execute_query('SELECT flowai.use_tenant(''acme'')') ->> 'code' AS code;
SELECT flowai.execute_query('SELECT set_config(''flowai.tenant'', ''acme'', true), content FROM flowai.catalog_entries') ->> 'code' AS code;
COMMIT;
-- 53 to 56: a refusal that cannot be put on record is a refusal all the same.
\connect - acme_app
SET client_min_messages = warning;
BEGIN READ ONLY;
SELECT flowai.execute_query('DELETE FROM shop.log') ->> 'code' AS code;
SELECT ok, code FROM flowai.validate_query('DELETE FROM shop.log');
COMMIT;
BEGIN;
SELECT flowai.execute_query('DELETE FROM shop.log') ->> 'code' AS code;
ROLLBACK;
SELECT flowai.execute_query('SELECT * FROM flowai.events, (DELETE FROM shop.log) x') ->> 'code' AS code;
-- 57 to 60: who may not ask at all.
\connect - stranger
SET client_min_messages = warning;
SELECT flowai.execute_query('SELECT 1');
\connect - postgres
SET client_min_messages = warning;
SELECT flowai.execute_query('SELECT 1') ->> 'code' AS code;
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT current_user') -> 'rows' AS rows;
SELECT flowai.execute_query('SELECT set_config(''role'', ''postgres'', false)') ->> 'code' AS code;
RESET ROLE;
CREATE FUNCTION arena.as_superuser(sql text) RETURNS jsonb LANGUAGE sql SECURITY DEFINER AS 'SELECT flowai.execute_query(sql)';
\connect - acme_app
SET client_min_messages = warning;
SELECT arena.as_superuser('SELECT 1') ->> 'error' AS error;

-- What is left: of the session, in memory, in the log of changes, on disk. The attacks of all sorts, a few hundred
-- times over.
\set ECHO none
\connect - postgres
CREATE FUNCTION arena.memory() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts';
CREATE FUNCTION arena.written() RETURNS pg_lsn LANGUAGE sql SECURITY DEFINER AS 'SELECT pg_current_wal_insert_lsn()';
CREATE TABLE arena.texts (sql text);
GRANT SELECT ON arena.texts TO PUBLIC;
INSERT INTO arena.texts VALUES ('SELECT * FROM shop.products'), ('SELECT 1 / 0'), ('SELECT count(*) FROM flowai.catalog_entries'), ('DELETE FROM shop.log'), ('SELECT nextval(''shop.numbers'')'), ('SELECT lo_create(0)'), ('SELECT * FROM nothing'), ('SELECT repeat(''x'', 3000000)'), ('WITH RECURSIVE r(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM r) SELECT i FROM r'), ('SELECT to_jsonb(p) FROM shop.products p ORDER BY random()'), ('SELECT ' || repeat('abs(', 2000) || '1' || repeat(')', 2000)), ('SELECT * FROM lab.asks'), ('SELECT xmlparse(content ''<a>'')'), ('SELECT count(*) FROM generate_series(1, 200000) g GROUP BY g % 3'), ('SELECT row(1, ''a'', row(2, 3))'), ('SELECT pg_advisory_lock(5)'), ('VALUES (1), (2)'), ('SELECT current_schema');
VACUUM ANALYZE arena.texts, shop.products, shop.log;
\connect - acme_app
SET client_min_messages = warning;
-- The time is the transaction's: the second of two runs is measured, when all caches are full.
CREATE PROCEDURE lab.run() LANGUAGE plpgsql AS $$
DECLARE
    text_to_run text;
BEGIN
    FOR i IN 1..10 LOOP
        FOR text_to_run IN SELECT sql FROM arena.texts LOOP
            PERFORM flowai.execute_query(text_to_run, 5), flowai.validate_query(text_to_run);
        END LOOP;
    END LOOP;
END $$;
CREATE PROCEDURE lab.measure() LANGUAGE plpgsql AS $$
DECLARE
    quiet boolean := false;
    before bigint;
    at pg_lsn;
    grown bigint;
BEGIN
    CALL lab.run();
    COMMIT;
    before := arena.memory();
    CALL lab.run();
    grown := arena.memory() - before;
    RAISE WARNING 'memory that stays: %', CASE WHEN grown < 200000 THEN 'none to speak of' ELSE grown || ' bytes' END;
    COMMIT;
    -- Others may write meanwhile, a checkpoint for one: once of ten times nobody does.
    FOR i IN 1..10 LOOP
        at := arena.written();
        CALL lab.run();
        quiet := quiet OR at = arena.written();
        EXIT WHEN quiet;
        COMMIT;
    END LOOP;
    RAISE WARNING 'written to the log: %', CASE WHEN quiet THEN 'nothing' ELSE 'something' END;
    RAISE WARNING 'transaction id: %', coalesce(pg_current_xact_id_if_assigned()::text, 'none');
END $$;
-- Read-only, so that refusals are not put on record, which is meant to be written.
SET default_transaction_read_only = on;
CALL lab.measure();
RESET default_transaction_read_only;
SELECT count(*) AS advisory_locks FROM pg_locks WHERE locktype = 'advisory';
SELECT count(*) AS channels FROM pg_listening_channels();
SELECT count(*) AS temporary_schemas FROM pg_namespace WHERE oid = pg_my_temp_schema();
\connect - postgres
SET client_min_messages = error;
SELECT what, before, after FROM arena.damage_to_database WHERE what NOT IN ('pg_proc', 'pg_namespace', 'pg_type', 'pg_attribute', 'pg_constraint', 'pg_trigger', 'pg_rewrite', 'relations') AND what !~ '^lab|^arena' ORDER BY 1;
SELECT 'shop' AS what, (SELECT count(*) FROM shop.log) AS log, (SELECT last_value FROM shop.numbers) AS numbers, (SELECT count(*) FROM pg_ls_tmpdir()) AS temporary_files;
