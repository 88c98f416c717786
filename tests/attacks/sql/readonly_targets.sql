-- Attacks on read-only SQL that another server runs: names that call functions without looking like calls, and views
-- that tell what other sessions do.
--
-- Nothing is known here of the server there but what it tells. It is this very database, reached as a role of its own
-- that owns a schema "there" and can make functions, operators, types, casts and views.
\set ECHO none
\getenv sources PG_ABS_SRCDIR
\set fixture :sources /fixtures/readonly.psql
\i :fixture
\connect - postgres
SET client_min_messages = error;
LOAD 'flowai_runtime';
CREATE EXTENSION postgres_fdw;
DO $$
BEGIN
    EXECUTE format('CREATE SERVER there FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)',
                   current_setting('unix_socket_directories'), current_setting('port'), current_database());
END $$;
SELECT 'CREATE ROLE there_owner LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'there_owner') \gexec
CREATE USER MAPPING FOR flowai_owner SERVER there OPTIONS (user 'there_owner', password 'of no use', password_required 'false');
GRANT USAGE ON FOREIGN SERVER there TO steward;
CREATE SCHEMA there AUTHORIZATION there_owner;
ALTER ROLE there_owner IN DATABASE :"DBNAME" SET search_path = there, public;
CREATE TABLE arena.elsewhere (id int PRIMARY KEY, tries text NOT NULL, sql text NOT NULL);
GRANT ALL ON arena.elsewhere TO PUBLIC;
SET ROLE steward;
SELECT flowai.query_target_define('acme', 'there', 'postgres', 'there') \g /dev/null
RESET ROLE;
SET ROLE there_owner;
CREATE TABLE there.t (pid int, key bigint, wait float8, http_status int, status text);
INSERT INTO there.t VALUES (0, 7, 1, 200, 'fine');
CREATE FUNCTION there.touch(there.t) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN pg_advisory_lock(1) IS NULL; END';
CREATE FUNCTION there.pure(there.t) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE OPERATOR there.## (LEFTARG = int, RIGHTARG = int, FUNCTION = pg_advisory_lock);
CREATE OPERATOR there.@ (RIGHTARG = float8, FUNCTION = pg_sleep);
CREATE OPERATOR there.!~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = pg_try_advisory_lock);
CREATE OPERATOR there.~~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = int4ne, NEGATOR = OPERATOR(there.!~~~), RESTRICT = neqsel);
CREATE OPERATOR there.|+| (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl);
CREATE TYPE there.colour AS ENUM ('red');
CREATE FUNCTION there.colour_int(there.colour) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN pg_advisory_lock(2) IS NULL; END';
CREATE CAST (there.colour AS int) WITH FUNCTION there.colour_int(there.colour);
CREATE TYPE there.shade AS ENUM ('light');
CREATE DOMAIN there.locking AS int CHECK (pg_try_advisory_lock(VALUE));
CREATE DOMAIN there.positive AS int CHECK (VALUE > 0);
CREATE VIEW there.others AS SELECT * FROM pg_stat_activity;
CREATE VIEW there.others_deeper AS SELECT query FROM there.others;
CREATE VIEW there.plain AS SELECT pid, lower(status) AS status FROM there.t;
RESET ROLE;
INSERT INTO arena.elsewhere VALUES
(1, 'attribute notation ends sessions', 'SELECT (a.pid).pg_terminate_backend FROM there.t a'), (2, 'takes a lock', 'SELECT (7::bigint).pg_advisory_lock'), (3, 'sleeps', 'SELECT (0::float8).pg_sleep'), (4, 'makes a large object', 'SELECT (0::oid).lo_create'), (5, 'of a subquery', 'SELECT ((SELECT 7::bigint)).pg_try_advisory_lock'), (6, 'twice', 'SELECT ((0::oid).lo_create).lo_unlink'), (7, 'of an element', 'SELECT (ARRAY[7::bigint])[1].pg_advisory_lock'), (8, 'in a condition', 'SELECT 1 WHERE (7::bigint).pg_advisory_lock IS NULL'), (9, 'in LATERAL', 'SELECT * FROM there.t a, LATERAL (SELECT (a.key).pg_advisory_lock) x'),
(10, 'without parentheses, of a function in FROM', 'SELECT p.pg_terminate_backend FROM generate_series(0, 0) AS p'), (11, 'of a row', 'SELECT a.touch FROM there.t a'), (12, 'of a row, with schema', 'SELECT there.t.touch FROM there.t'), (13, 'of a row, in parentheses', 'SELECT (a).touch FROM there.t a'), (14, 'with an array', 'SELECT (ARRAY[7::bigint]).pg_advisory_lock'), (15, 'in another spelling', 'SELECT (7::bigint)."pg_advisory_lock"'), (16, 'and another', 'SELECT (7::bigint).U&"pg\005fadvisory_lock"'),
(21, 'an operator', 'SELECT 1 OPERATOR(there.##) 2'), (22, 'with ANY', 'SELECT 1 OPERATOR(there.##) ANY (ARRAY[1])'), (23, 'with a subquery', 'SELECT 1 OPERATOR(there.##) ALL (SELECT 1)'), (24, 'in front', 'SELECT OPERATOR(there.@) 0.0::float8'), (25, 'whose negator locks', 'SELECT count(*) FROM there.t WHERE pid OPERATOR(there.~~~~) 4711'), (26, 'found by the search path', 'SELECT 1 ## 2'), (27, 'in ORDER BY', 'SELECT pid FROM there.t ORDER BY pid USING OPERATOR(there.##)'),
(31, 'a cast', 'SELECT ''red''::there.colour::int'), (32, 'a cast of an array', 'SELECT ''{red}''::there.colour[]::int[]'), (33, 'a domain', 'SELECT 5::there.locking'), (34, 'an array of the domain', 'SELECT ''{5}''::there.locking[]'), (35, 'its array by name', 'SELECT ''{5}''::there._locking'), (36, 'named columns', 'SELECT * FROM json_to_record(''{"a": 5}'') AS t(a there.locking)'),
(37, 'a cast that looks like a call', 'SELECT there.locking(5)'), (38, 'and like a field', 'SELECT (5).locking'),
(41, 'other sessions', 'SELECT query FROM pg_stat_activity'), (42, 'under another name', 'SELECT a.query FROM pg_catalog.pg_stat_activity AS a'), (43, 'in WITH', 'WITH w AS (TABLE pg_stat_activity) SELECT * FROM w'), (44, 'replication', 'SELECT * FROM pg_stat_replication'), (45, 'locks of others', 'SELECT * FROM pg_locks'), (46, 'progress', 'SELECT * FROM pg_stat_progress_vacuum'), (47, 'underneath a view', 'SELECT * FROM there.others'), (48, 'underneath two', 'SELECT * FROM there.others_deeper'), (49, 'files', 'SELECT * FROM pg_hba_file_rules'), (50, 'statements of everybody', 'SELECT * FROM pg_stat_statements'), (51, 'a call', 'SELECT * FROM pg_stat_get_activity(NULL)');
\connect - there_owner
SELECT count(pg_terminate_backend(0)) \g /dev/null
\connect - acme_app
\echo what is tried, and what comes of it
SELECT id, tries, e ->> 'code' AS code, e ->> 'position' AS at, regexp_replace(e ->> 'error', '^read-only violation: (.*); only SELECT .*$', '! \1') AS error, e -> 'rows' AS rows
FROM arena.elsewhere, LATERAL (SELECT flowai.execute_query(sql, 10, '5 s', 'there') AS e) x ORDER BY id;
\echo what must work
SELECT q, COALESCE(e -> 'rows', e) AS rows
FROM unnest(ARRAY['SELECT a.http_status, a.status, (a).key FROM there.t a', 'SELECT a.pure, (a).pure FROM there.t a', 'SELECT 1 OPERATOR(there.|+|) 2 AS three', 'SELECT 5::there.positive AS five, ''light''::there.shade AS light', 'SELECT * FROM there.plain',
    'SELECT relname FROM pg_stat_user_tables WHERE relid = ''there.t''::regclass', 'SELECT table_name FROM information_schema.tables WHERE table_schema = ''there'' ORDER BY 1', 'SELECT pid BETWEEN 0 AND 1 AS between, pid IN (SELECT 0) AS within, CASE pid WHEN 0 THEN 1 END AS one FROM there.t NATURAL JOIN (SELECT 0 AS pid) x',
    'SELECT now() - date_trunc(''day'', now()) < ''1 day'' AS yes, (ARRAY[3, 4])[2] AS four, extract(year FROM date ''2024-02-29'') AS year']) WITH ORDINALITY AS t(q, n), LATERAL (SELECT flowai.execute_query(q, 10, '5 s', 'there') AS e) x ORDER BY n;
\connect - postgres
SET client_min_messages = error;
SELECT count(*) AS large_objects FROM pg_largeobject_metadata;
DROP SERVER there CASCADE;
