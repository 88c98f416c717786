-- Attacks on read-only SQL: what nobody wrote into the statement. Policies that the rewriter adds, statements inside
-- functions that were allowed, and what the planner puts in the place of an operator there.
--
-- The attacker owns schema "lab"; the steward has allowed functions in it that read, and do no more than that. An
-- advisory lock that is held afterwards, a row that was refused directly, or "OWN CODE RUNS" is a breach.
\set ECHO none
\getenv sources PG_ABS_SRCDIR
\set fixture :sources /fixtures/readonly.psql
\i :fixture
\connect - postgres
SET client_min_messages = error;
CREATE EXTENSION postgres_fdw;
DO $$
BEGIN
    EXECUTE format('CREATE SERVER abroad FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)',
                   current_setting('unix_socket_directories'), current_setting('port'), current_database());
END $$;
CREATE USER MAPPING FOR acme_app SERVER abroad OPTIONS (user 'acme_app', password 'of no use', password_required 'false');
GRANT USAGE ON FOREIGN SERVER abroad TO acme_app;
GRANT USAGE ON SCHEMA lab TO steward;
\connect - acme_app
SET client_min_messages = error;
CREATE TABLE lab.t (id int, n int);
INSERT INTO lab.t SELECT i, i % 3 FROM generate_series(1, 500) i;
CREATE FOREIGN TABLE lab.products_abroad (id int, name text) SERVER abroad OPTIONS (schema_name 'shop', table_name 'products');
CREATE OPERATOR lab.!~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = pg_try_advisory_lock);
CREATE OPERATOR lab.~~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = int4ne, NEGATOR = OPERATOR(lab.!~~~), RESTRICT = neqsel);
CREATE OPERATOR lab.#= (LEFTARG = int, RIGHTARG = bigint, FUNCTION = pg_terminate_backend);
CREATE OPERATOR lab.#~ (LEFTARG = int, RIGHTARG = bigint, FUNCTION = int48eq, NEGATOR = OPERATOR(lab.#=), RESTRICT = neqsel);
CREATE FUNCTION lab.spread(float8, float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN $1 - $2; END$$;
CREATE TYPE lab.span AS RANGE (subtype = float8, subtype_diff = lab.spread);
CREATE TABLE lab.spans AS SELECT i AS id, lab.span(i, i + 2) AS s FROM generate_series(1, 200) i;
CREATE VIEW lab.own_secrets AS SELECT * FROM shop.secrets;
ANALYZE lab.t, lab.spans;
CREATE FUNCTION lab.guarded(suffix text, condition text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE lab.guarded_%s (id int)', suffix);
    EXECUTE format('INSERT INTO lab.guarded_%s VALUES (1)', suffix);
    EXECUTE format('ALTER TABLE lab.guarded_%s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', suffix);
    EXECUTE format('CREATE POLICY p ON lab.guarded_%s USING (%s)', suffix, condition);
    EXECUTE format('CREATE FUNCTION lab.reads_%1$s() RETURNS bigint LANGUAGE sql AS ''SELECT count(*) FROM lab.guarded_%1$s''', suffix);
    EXECUTE format('CREATE FUNCTION lab.parsed_%1$s() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM lab.guarded_%1$s; END', suffix);
    EXECUTE format('CREATE FUNCTION lab.runs_%1$s() RETURNS bigint LANGUAGE plpgsql AS ''BEGIN RETURN (SELECT count(*) FROM lab.guarded_%1$s); END''', suffix);
END $$;
SELECT lab.guarded('fine', 'EXISTS (SELECT FROM lab.t WHERE n = 2)'),
       lab.guarded('secrets', 'EXISTS (SELECT FROM shop.secrets_by_owner s WHERE s.secret LIKE ''t%'')'),
       lab.guarded('own_secrets', 'EXISTS (SELECT FROM lab.own_secrets s WHERE s.secret LIKE ''t%'')'),
       lab.guarded('abroad', 'EXISTS (SELECT FROM lab.products_abroad p WHERE p.name = ''Tea'')'),
       lab.guarded('locking', 'EXISTS (SELECT FROM lab.t WHERE n OPERATOR(lab.~~~~) 4711)'),
       lab.guarded('ending', 'EXISTS (SELECT FROM lab.t WHERE n OPERATOR(lab.#~) 0)'),
       lab.guarded('measuring', 'EXISTS (SELECT FROM lab.spans WHERE s && ''[1,3]'')'),
       lab.guarded('row_locks', 'EXISTS (SELECT FROM lab.t WHERE n = 2 FOR UPDATE)') \g /dev/null
CREATE FUNCTION lab.compares(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 OPERATOR(lab.~~~~) 4711';
CREATE FUNCTION lab.compares_parsed(i int) RETURNS boolean LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT i OPERATOR(lab.~~~~) 4711; END;
CREATE FUNCTION lab.does(sql text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$DECLARE r text; BEGIN EXECUTE sql INTO r; RETURN r; END$$;
CREATE DOMAIN lab.sneak AS text CHECK (lab.does(VALUE) IS NOT NULL);
CREATE FUNCTION lab.stubborn() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    caught int := 0;
BEGIN
    LOOP
        BEGIN
            LOOP NULL; END LOOP;
        EXCEPTION WHEN query_canceled THEN
            caught := caught + 1;
            IF caught = 40 THEN RETURN caught; END IF;
        END;
    END LOOP;
END $$;
\connect - steward
SELECT count(flowai.function_allow(p.oid::regprocedure)) AS allowed FROM pg_proc p
WHERE p.pronamespace = 'lab'::regnamespace AND p.proname ~ '^(reads|parsed|runs)_' OR p.oid IN ('lab.compares(int)'::regprocedure, 'lab.compares_parsed(int)'::regprocedure, 'lab.does(text)'::regprocedure, 'lab.stubborn()'::regprocedure);
\connect - acme_app
SET client_min_messages = warning;
SELECT outcome FROM flowai.catalog_put('[{"id": "table:products", "itemType": "table", "name": "products", "qualified_name": "shop.products"}]') \g /dev/null
INSERT INTO arena.attacks SELECT row_number() OVER (ORDER BY n, m), format('%s, %s', what, how), format(query, what)
FROM unnest('{fine,secrets,own_secrets,abroad,locking,ending,measuring,row_locks}'::text[]) WITH ORDINALITY AS w(what, n),
     (VALUES (1, 'read directly', 'SELECT count(*) FROM lab.guarded_%s'), (2, 'by a function in SQL', 'SELECT lab.reads_%s()'), (3, 'whose body is parsed', 'SELECT lab.parsed_%s()'), (4, 'by one in PL/pgSQL', 'SELECT lab.runs_%s()')) AS h(m, how, query);
INSERT INTO arena.attacks VALUES
(51, 'a body that would be inlined', 'SELECT count(*) FROM lab.t WHERE lab.compares(n)'), (52, 'a parsed body that would be inlined', 'SELECT count(*) FROM lab.t WHERE lab.compares_parsed(n)'),
(61, 'while a literal is read: it executes SQL', $$SELECT '{"SELECT 1"}'::lab.sneak[]$$), (62, 'a lock', $$SELECT '{"SELECT pg_try_advisory_lock(4712)"}'::lab.sneak[]$$), (63, 'a relation', $$SELECT '{"SELECT secret FROM shop.secrets_by_owner WHERE secret = ''theirs''"}'::lab.sneak[]$$), (64, 'a foreign table', $$SELECT '{"SELECT name FROM lab.products_abroad LIMIT 1"}'::lab.sneak[]$$), (65, 'an operator''s kin', $$SELECT '{"SELECT count(*) FROM lab.t WHERE n OPERATOR(lab.~~~~) 4711"}'::lab.sneak[]$$), (66, 'a sequence', $$SELECT '{"SELECT nextval(''shop.numbers'')"}'::lab.sneak[]$$);
\i :remember
SELECT id, tries, verdict, at, code, error, rows FROM arena.outcomes ORDER BY id;
SELECT * FROM arena.damage_to_session;
\echo own operators in front of those of the server, where a statement is put together
SET client_min_messages = error;
CREATE FUNCTION lab.same(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN true; END$$;
CREATE FUNCTION lab.same(name, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN true; END$$;
CREATE FUNCTION lab.same(oid, oid) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN true; END$$;
CREATE FUNCTION lab.joined(text, text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN ''; END$$;
CREATE OPERATOR lab.= (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.same);
CREATE OPERATOR lab.= (LEFTARG = name, RIGHTARG = text, FUNCTION = lab.same);
CREATE OPERATOR lab.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = lab.same);
CREATE OPERATOR lab.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.joined);
SET client_min_messages = warning;
SET search_path = lab, pg_catalog;
SELECT flowai.sample_table_data('table:products', '{name}', 1) OPERATOR(pg_catalog.->) 'rows' AS rows;
SELECT flowai.sample_table_data('table:none') OPERATOR(pg_catalog.->>) 'error' AS error;
SELECT flowai.sample_table_data('table:products', '{none}') OPERATOR(pg_catalog.->>) 'error' AS error;
RESET search_path;
\echo time that is over stays over
SELECT e ->> 'code' AS code, e -> 'rows' AS rows FROM flowai.execute_query('SELECT lab.stubborn()', 10, '200 ms') e;
SELECT * FROM arena.damage_to_session;
\connect - postgres
SET client_min_messages = error;
SELECT * FROM arena.damage_to_database WHERE what !~ '^(pg_proc|pg_operator|flowai.allowed_functions)$';
DROP SERVER abroad CASCADE;
