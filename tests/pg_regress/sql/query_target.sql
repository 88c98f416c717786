-- Read-only SQL on targets: who registers them, who sees what of them, what runs there, and what does not.
\pset format unaligned
SET client_min_messages = warning;
LOAD 'flowai_runtime';
CREATE EXTENSION postgres_fdw;
\set lake `echo "$PGHOST/lake"`
\! python3 "$PG_ABS_SRCDIR/sqlite_files.py" "$PGHOST/lake"
\! cd "$PGHOST/lake" && cksum *.db >../lake.before

-- ------------------------------------------------------------------------------- registration
SHOW flowai.sqlite_directories;
SET ROLE steward;
SELECT flowai.query_target_define('acme', 'shop', 'sqlite', '/srv/lake/shop.db');
SET flowai.sqlite_directories = '/';
RESET ROLE;
SELECT set_config('flowai.sqlite_directories', '/srv/none, ' || :'lake' || '/', false) IS NOT NULL AS set;
SET ROLE acme_app;
SHOW flowai.sqlite_directories;
SET flowai.sqlite_directories = '/';
SET ROLE steward;
SELECT flowai.query_target_define('acme', 'shop', 'sqlite', :'lake' || '/shop.db') AS created;
SELECT flowai.query_target_define('acme', 'shop', 'sqlite', :'lake' || '/shop.db') AS created;
SELECT flowai.query_target_define('globex', 'shop', 'sqlite', :'lake' || '/deep/inner.db') AS created;
SELECT flowai.query_target_define('acme', replace(f, '/', ':'), 'sqlite', :'lake' || '/' || f || '.db') AS created
FROM unnest('{log,crashed,torn,text,damaged,moving,deep/inner}'::text[]) f;
-- Not any file: absolute, plain, regular, in a directory of the setting once links are followed, readable.
CREATE FUNCTION pg_temp.define(source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text; rule text; message text;
BEGIN
    PERFORM flowai.query_target_define('acme', 'bad', 'sqlite', source);
    RETURN 'defined';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, rule = CONSTRAINT_NAME, message = MESSAGE_TEXT;
    RETURN format('%s %s: %s', state, rule, regexp_replace(message, '"/[^"]*"', '"..."'));
END $$;
SELECT left(f, 40) AS source, pg_temp.define(CASE WHEN f ~ '^\+' THEN :'lake' || substr(f, 2) ELSE f END) FROM unnest(ARRAY[
    '', 'shop.db', './shop.db', 'file:/etc/passwd', '/etc/passwd', '/srv/none/../../etc/passwd', '+/../PG_VERSION', '+/./shop.db', '+//shop.db',
    '+', '+/', '+/deep', '+/none.db', '+/link.db', '+/out/passwd', '+/closed.db', '+2/shop.db', E'+/shop.db\n', '/dev/zero', repeat('/x', 600)]) WITH ORDINALITY AS t(f, n) ORDER BY n;
SELECT flowai.query_target_define('acme', 'local', 'sqlite', :'lake' || '/shop.db');
SELECT flowai.query_target_define('acme', 'x', 'oracle', 'x');
SELECT flowai.query_target_define('nobody', 'x', 'sqlite', :'lake' || '/shop.db');
SELECT flowai.query_target_define('acme', ' ', 'sqlite', :'lake' || '/shop.db');
SELECT flowai.query_target_define('acme', 'x', 'postgres', 'no such server');
RESET ROLE;
DO $$
BEGIN
    EXECUTE format('CREATE SERVER there FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)',
                   current_setting('unix_socket_directories'), current_setting('port'), current_database());
END $$;
CREATE FOREIGN DATA WRAPPER other;
CREATE SERVER odd FOREIGN DATA WRAPPER other;
GRANT USAGE ON FOREIGN SERVER odd TO steward;
SET ROLE steward;
SELECT flowai.query_target_define('acme', 'there', 'postgres', 'there');
SELECT flowai.query_target_define('acme', 'odd', 'postgres', 'odd');
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER there TO steward;
SET ROLE steward;
SELECT flowai.query_target_define('acme', 'there', 'postgres', 'there') AS created;
SELECT name, kind, replace(source, :'lake', 'lake') AS source, defined_by FROM flowai.query_target_list('acme');
SELECT name, kind FROM flowai.query_target_list(NULL);
SELECT name, kind FROM flowai.query_target_list('nonesuch');

-- ------------------------------------------------------------------------------- who sees what
SET ROLE acme_app;
SELECT tenant_id, name, kind FROM flowai.query_targets ORDER BY name;
SELECT source FROM flowai_internal.query_targets;
SELECT * FROM flowai_internal.query_target_place('shop');
SELECT * FROM flowai.query_target_list('acme');
SELECT flowai.query_target_define('acme', 'mine', 'sqlite', '/etc/passwd');
SELECT flowai.query_target_drop('acme', 'shop');
SET ROLE globex_app;
SELECT tenant_id, name, kind FROM flowai.query_targets ORDER BY name;
SELECT flowai.execute_query('SELECT a FROM t', target => 'shop') -> 'rows' AS rows;
SELECT flowai.execute_query('SELECT a FROM t', target => 'there');
SET ROLE pool;
SELECT name FROM flowai.query_targets;
SELECT flowai.execute_query('SELECT a FROM t', target => 'shop') ->> 'error' AS error;
SELECT flowai.use_tenant('globex');
SELECT flowai.execute_query('SELECT a FROM t', target => 'shop') ->> 'error' AS error;
BEGIN;
SELECT flowai.use_tenant('globex');
SELECT flowai.execute_query('SELECT a FROM t', target => 'shop') -> 'rows' AS rows;
COMMIT;
RESET ROLE;
SELECT flowai.execute_query('SELECT 1', target => 'shop') ->> 'code' AS superuser;

-- ------------------------------------------------------------------------------------- sqlite
SET ROLE acme_app;
SELECT jsonb_pretty(flowai.execute_query('SELECT * FROM products ORDER BY id', target => 'shop'));
SELECT q, e -> 'rows' AS rows, e -> 'warnings' AS warnings, e ->> 'error' AS error FROM unnest(ARRAY[
    'SELECT n, typeof(n) AS t FROM numbers WHERE n < 1e299 ORDER BY rowid',
    'SELECT t FROM odd ORDER BY rowid',
    'SELECT name FROM names WHERE name LIKE ''t%'' OR name GLOB ''M*''',
    'SELECT doc ->> ''origin'' AS origin, json_extract(doc, ''$.origin'') AS same FROM products WHERE doc IS NOT NULL',
    'SELECT body, bm25(notes) < 0 AS ranked FROM notes WHERE notes MATCH ''tea''',
    'SELECT name, type FROM pragma_table_info(''products'') ORDER BY cid LIMIT 2',
    'SELECT value FROM json_each(''[1, "x", null]'')',
    'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 4) SELECT sum(i) AS s, group_concat(i) AS g FROM n',
    'SELECT 1 AS a, 2 AS a, 3 AS "A"',
    'SELECT id, sum(id) OVER (ORDER BY id) AS running FROM products',
    'VALUES (1, ''x'')',
    'SELECT name FROM sqlite_schema WHERE type = ''table'' AND name = ''products'';;',
    -- Ours, in the place of slow ones.
    'SELECT instr(''aäb'', ''b'') AS a, instr(x''0102'', x''02'') AS b, instr(''aäb'', x''62'') AS c, instr(NULL, 1) AS d, instr('''', '''') AS e, instr(12.5, ''.'') AS f, instr(''a'', ''z'') AS g',
    'SELECT replace(''a.b.c'', ''.'', ''--'') AS a, replace(1.5, ''.'', '','') AS b, replace(''x'', '''', ''y'') AS c, replace(''x'', ''x'', NULL) AS d, replace(''äää'', ''ä'', ''a'') AS e, typeof(replace(12, '''', ''x'')) AS f',
    'SELECT trim(''xxaxx'', ''x'') AS a, ltrim(''äöa'', ''öä'') AS b, rtrim(''aäö'', ''öä'') AS c, trim(''aa'', ''a'') AS d, trim(''a'', '''') AS e, trim(NULL, ''a'') AS f, trim(''a'', NULL) AS g, trim(''  a '') AS h',
    'SELECT a FROM t']) WITH ORDINALITY AS t(q, o), LATERAL (SELECT flowai.execute_query(q, target => 'shop') AS e) x ORDER BY o;
SELECT flowai.execute_query('SELECT id FROM products ORDER BY id', 2, target => 'shop');
SELECT flowai.execute_query('SELECT id FROM products WHERE 0', target => 'shop');
SELECT flowai.execute_query('WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n', 2, target => 'shop');
SELECT flowai.execute_query('SELECT nam FROM products', target => 'shop');
SELECT flowai.execute_query('SELECT "nam" FROM products', target => 'shop') ->> 'error' AS error;
SELECT t, e -> 'rows' AS rows, e ->> 'code' AS code, e ->> 'error' AS error, e ->> 'hint' AS hint
FROM unnest('{log,crashed,deep:inner,torn,text,damaged,none}'::text[]) WITH ORDINALITY AS u(t, o), LATERAL (SELECT flowai.execute_query('SELECT a FROM t', target => t) AS e) x ORDER BY o;
-- What was a file when it was registered may be something else now.
SELECT flowai.execute_query('SELECT a FROM t', target => 'moving') -> 'rows' AS rows;
\! cd "$PGHOST/lake" && mv moving.db moved.db && ln -s moved.db moving.db
SELECT flowai.execute_query('SELECT a FROM t', target => 'moving');
\! cd "$PGHOST/lake" && rm moving.db && mkdir moving.db
SELECT flowai.execute_query('SELECT a FROM t', target => 'moving') ->> 'error' AS error;
\! cd "$PGHOST/lake" && rmdir moving.db && mv moved.db moving.db && chmod 0 moving.db
SELECT flowai.execute_query('SELECT a FROM t', target => 'moving') ->> 'error' AS error;
\! cd "$PGHOST/lake" && chmod 644 moving.db && mv deep depth && ln -s /etc deep
SELECT flowai.execute_query('SELECT a FROM t', target => 'deep:inner') ->> 'error' AS error;
\! cd "$PGHOST/lake" && rm deep && mv depth deep
RESET ROLE;
SELECT set_config('flowai.sqlite_directories', :'lake' || '/deep', false) IS NOT NULL AS set;
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT a FROM t', target => 'deep:inner') -> 'rows' AS rows;
SELECT flowai.execute_query('SELECT a FROM t', target => 'log');
RESET ROLE;
SELECT set_config('flowai.sqlite_directories', :'lake', false) IS NOT NULL AS set;

CREATE TABLE pg_temp.bad (n serial PRIMARY KEY, class text, sql text);
GRANT SELECT ON pg_temp.bad TO acme_app;
INSERT INTO pg_temp.bad (class, sql) VALUES
('empty', ''), ('empty', ' ;; -- x'), ('syntax', 'SELEC 1'), ('syntax', 'SELECT 1 FROM'),
('multi', 'SELECT 1; SELECT 2'), ('multi', 'SELECT 1; DROP TABLE products'), ('multi', E'SELECT 1 --\n; DROP TABLE products'), ('multi', '/* ; */ SELECT 1; /* */ DELETE FROM products'),
('dml', 'INSERT INTO products (name) VALUES (1)'), ('dml', 'UPDATE products SET price = 0'), ('dml', 'DELETE FROM products'), ('dml', 'REPLACE INTO products (name) VALUES (1)'), ('dml', 'INSERT INTO names VALUES (1)'),
('ddl', 'CREATE TABLE x (a)'), ('ddl', 'CREATE TEMP TABLE x (a)'), ('ddl', 'CREATE TRIGGER x AFTER INSERT ON products BEGIN SELECT 1; END'), ('ddl', 'DROP TABLE products'), ('ddl', 'ALTER TABLE products RENAME TO x'), ('ddl', 'CREATE VIRTUAL TABLE x USING fts5(a)'),
('utility', 'VACUUM'), ('utility', 'VACUUM INTO ''/tmp/x'''), ('utility', 'ATTACH ''/tmp/x'' AS x'), ('utility', 'ATTACH DATABASE ''/etc/passwd'' AS x'), ('utility', 'DETACH main'), ('utility', 'REINDEX'), ('utility', 'ANALYZE'), ('utility', 'EXPLAIN SELECT 1'), ('utility', 'EXPLAIN QUERY PLAN SELECT 1'),
('pragma', 'PRAGMA journal_mode = WAL'), ('pragma', 'PRAGMA writable_schema = 1'), ('pragma', 'PRAGMA query_only = 0'), ('pragma', 'PRAGMA temp_store_directory = ''/tmp'''), ('pragma', 'SELECT * FROM pragma_journal_mode(''wal'')'), ('pragma', 'SELECT * FROM pragma_journal_mode'), ('pragma', 'SELECT * FROM "pragma_database_list"'), ('pragma', 'SELECT * FROM pragma_function_list'),
('txn', 'BEGIN'), ('txn', 'COMMIT'), ('txn', 'SAVEPOINT s'), ('txn', 'ROLLBACK'),
('cte-dml', 'WITH x AS (DELETE FROM products RETURNING 1) SELECT * FROM x'), ('cte-dml', 'WITH x AS (SELECT 1) DELETE FROM products'),
('function', 'SELECT load_extension(''/tmp/x'')'), ('function', 'SELECT "load_extension"(''/tmp/x'')'), ('function', 'SELECT [load_extension](''/tmp/x'')'), ('function', 'SELECT 1 WHERE (SELECT LOAD_EXTENSION(''/tmp/x''))'), ('function', 'VALUES (load_extension(''/tmp/x''))'), ('function', 'SELECT 1 UNION SELECT load_extension(''/tmp/x'')'), ('function', 'SELECT id FROM products ORDER BY load_extension(name)'), ('function', 'SELECT sum(id) OVER (ORDER BY load_extension(name)) FROM products'), ('function', 'SELECT sum(id) FILTER (WHERE readfile(name)) FROM products'), ('function', 'SELECT writefile(''/tmp/x'', ''y'')'), ('function', 'SELECT fts3_tokenizer(''simple'', x''00'')'), ('function', 'SELECT json_patch(doc, doc) FROM products'), ('function', 'SELECT unhex(''00'', '' '')'), ('function', 'SELECT sqlite_log(1, ''x'')'), ('function', 'SELECT sqlite_offset(id) FROM products'),
('relation', 'SELECT * FROM dbstat'), ('relation', 'SELECT * FROM sqlite_dbpage'), ('relation', 'SELECT * FROM sqlite_stmt'), ('relation', 'SELECT * FROM bytecode(''SELECT 1'')'), ('relation', 'SELECT * FROM completion(''SEL'')'), ('relation', 'SELECT * FROM other.products'),
('of the file', 'SELECT * FROM loads'), ('of the file', 'SELECT * FROM writes'), ('of the file', 'SELECT * FROM sets'), ('of the file', 'SELECT * FROM pages'), ('of the file', 'SELECT * FROM tokens'), ('of the file', 'SELECT * FROM options'), ('of the file', 'SELECT * FROM patches'),
('parameter', 'SELECT ?'), ('parameter', 'SELECT :a'), ('parameter', 'SELECT $1'),
('into', 'SELECT name INTO x FROM products'), ('row-lock', 'SELECT * FROM products FOR UPDATE'),
('deep', 'SELECT ' || repeat('(', 300) || '1' || repeat(')', 300)), ('deep', 'SELECT 1' || repeat(' UNION ALL SELECT 1', 400)), ('large', 'SELECT ''' || repeat('x', 70000) || ''''),
('memory', 'SELECT zeroblob(1000000000)'), ('memory', 'SELECT randomblob(1000000000)'), ('memory', 'SELECT printf(''%999999999d'', 1)'), ('memory', 'SELECT zeroblob(2000000)'), ('memory', 'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 1000) SELECT count(*) FROM (SELECT printf(''%.*c'', 1000000 + i, ''x'') AS s FROM n ORDER BY s)'),
('time', 'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n'), ('time', 'SELECT count(*) FROM products a' || (SELECT string_agg(', products a' || i, '') FROM generate_series(1, 40) i)), ('time', 'WITH a1 AS (SELECT 1 AS x)' || (SELECT string_agg(format(', a%s AS (SELECT count(*) AS x FROM a%s, a%s AS y)', i, i - 1, i - 1), '' ORDER BY i) FROM generate_series(2, 40) i) || ' SELECT * FROM a40');
SET ROLE acme_app;
BEGIN;
SELECT created FROM flowai.kv_put('targets', 'before', '1');
SELECT b.n, b.class, left(b.sql, 60) AS sql, e ->> 'code' AS code, left(e ->> 'error', 80) AS error, e ? 'rows' AS ran
FROM pg_temp.bad b, LATERAL (SELECT flowai.execute_query(b.sql, 100, CASE b.class WHEN 'time' THEN '300 ms' ELSE '20 s' END::interval, 'shop') AS e) x ORDER BY b.n;
SELECT value FROM flowai.kv_get('targets', 'before');
COMMIT;
-- Nothing was changed, nothing was made beside the files.
\! cd "$PGHOST/lake" && cksum *.db | diff ../lake.before - && ls -A . deep
SET statement_timeout = '200 ms';
SELECT flowai.execute_query('WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n', target => 'shop');
RESET statement_timeout;
SELECT flowai.execute_query('SELECT 1 AS usable', target => 'shop') -> 'rows' AS rows;
RESET ROLE;
DROP TABLE pg_temp.bad;

-- ----------------------------------------------------------------------------- another server
-- This one, as a server does not ask where its client is. Over its socket nobody needs a password, which
-- only a superuser can allow.
CREATE ROLE there_reader LOGIN;
CREATE SCHEMA there;
CREATE TABLE there.products (id int PRIMARY KEY, name text, price numeric, tags text[], doc jsonb, made timestamptz);
INSERT INTO there.products VALUES (1, 'Tea', 2.50, '{hot,"a \"b\""}', '{"origin": "Assam"}', '2024-02-29 12:00Z'), (2, 'Coffee', 4.00, NULL, NULL, 'infinity');
CREATE TABLE there.log (line text);
CREATE SEQUENCE there.numbers;
CREATE FUNCTION there.touch(i int) RETURNS int LANGUAGE plpgsql STABLE SECURITY DEFINER AS 'BEGIN EXECUTE $x$INSERT INTO there.log VALUES (''touched'')$x$; RETURN i; END';
CREATE FUNCTION there.draw(i int) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT nextval(''there.numbers'') + i';
CREATE FUNCTION there.unlabelled(i int) RETURNS int LANGUAGE sql AS 'SELECT i';
CREATE FUNCTION there.pure(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i + 1';
CREATE VIEW there.draws AS SELECT nextval('there.numbers') AS n;
CREATE VIEW there.locks AS SELECT id FROM there.products FOR UPDATE;
CREATE TYPE there.pair AS (a int, b text);
GRANT USAGE ON SCHEMA there TO there_reader;
GRANT ALL ON ALL TABLES IN SCHEMA there TO there_reader;
GRANT ALL ON SEQUENCE there.numbers TO there_reader;
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT 1', target => 'there');
RESET ROLE;
CREATE USER MAPPING FOR PUBLIC SERVER there OPTIONS (user 'there_reader', password_required 'false');
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT 1', target => 'there') ->> 'error' AS mapping_of_others;
RESET ROLE;
DROP USER MAPPING FOR PUBLIC SERVER there;
CREATE USER MAPPING FOR flowai_owner SERVER there OPTIONS (user 'there_reader');
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT 1', target => 'there');
RESET ROLE;
ALTER USER MAPPING FOR flowai_owner SERVER there OPTIONS (ADD password 'of no use');
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT 1', target => 'there') ->> 'error' AS not_by_password;
RESET ROLE;
ALTER USER MAPPING FOR flowai_owner SERVER there OPTIONS (ADD password_required 'false');
SET ROLE acme_app;
SELECT jsonb_pretty(flowai.execute_query('SELECT * FROM there.products ORDER BY id', target => 'there'));
SELECT q, e -> 'rows' AS rows, e ->> 'error' AS error FROM unnest(ARRAY[
    'SELECT current_user, current_setting(''transaction_read_only'') AS read_only',
    'SELECT 9223372036854775807 AS big, 12345678901234567890.123456789 AS exact, 0.1::float8 AS f, ''NaN''::float8 AS n, ''-Infinity''::float8 AS i, true AS yes, NULL AS nothing',
    'SELECT ARRAY[[1, 2], [3, NULL]] AS m, ARRAY[''a'', ''b,c''] AS t, ''[0:1]={1,2}''::int[] AS odd, ROW(1, ''x'')::there.pair AS pair, int4range(1, 5) AS r, ''\x00ff''::bytea AS raw',
    'SELECT date ''2024-02-29'' AS d, timestamp ''2024-02-29 12:00:00.5'' AS t, timestamptz ''2024-02-29 12:00Z'' AS z, interval ''1 day 2 h'' AS i',
    'SELECT ''{"a": [1, {"b": null}]}''::json AS j, ''{"a": "\u0000"}''::json AS nul',
    'SELECT there.pure(id) AS p, random() < 2 AS r, clock_timestamp() IS NOT NULL AS c FROM there.products',
    'WITH x AS (SELECT 1 AS a) TABLE x', ' ; VALUES (1), (2) ; ',
    'SELECT 1 AS a, 2 AS a', 'SELECT FROM there.products',
    E'SELECT $x$; DROP TABLE there.log; --$x$ AS text -- comment',
    'SELECT E''\'''' AS quote, ''\'' AS backslash']) WITH ORDINALITY AS t(q, o), LATERAL (SELECT flowai.execute_query(q, target => 'there') AS e) x ORDER BY o;
SELECT flowai.execute_query('SELECT id FROM there.products ORDER BY id', 1, target => 'there');
SELECT flowai.execute_query('SELECT generate_series(1, 1000000000) AS i', 3, target => 'there') -> 'rows' AS rows;
SELECT flowai.execute_query('SELECT id FROM there.products WHERE false', target => 'there');
-- Places count from the statement that was given.
SELECT flowai.execute_query(E'/* ä */ ;\nSELECT ''ä'', nam FROM there.products', target => 'there');

RESET ROLE;
CREATE TABLE pg_temp.bad (n serial PRIMARY KEY, class text, sql text);
GRANT SELECT ON pg_temp.bad TO acme_app;
INSERT INTO pg_temp.bad (class, sql) VALUES
('empty', ''), ('empty', ';; -- nothing'), ('syntax', 'SELEC 1'), ('syntax', 'SELECT 1)'), ('syntax', 'SELECT $$ 1'),
('multi', 'SELECT 1; SELECT 2'), ('multi', 'SELECT 1; DROP TABLE there.log'), ('multi', 'COMMIT; DROP SCHEMA there CASCADE'), ('multi', E'SELECT 1 --\r; DELETE FROM there.log'), ('multi', 'SELECT 1; CLOSE flowai_rows'),
('dml', 'INSERT INTO there.log VALUES (1)'), ('dml', 'UPDATE there.products SET price = 0'), ('dml', 'DELETE FROM there.log'), ('dml', 'MERGE INTO there.log USING there.products ON false WHEN NOT MATCHED THEN INSERT VALUES (name)'), ('dml', 'TRUNCATE there.log'),
('ddl', 'CREATE TABLE x AS SELECT 1'), ('ddl', 'CREATE TEMP TABLE x (a int)'), ('ddl', 'DROP TABLE there.log'), ('ddl', 'GRANT ALL ON there.log TO PUBLIC'),
('utility', 'EXPLAIN ANALYZE DELETE FROM there.log'), ('utility', 'COPY there.log TO PROGRAM ''id'''), ('utility', 'COPY there.log TO STDOUT'), ('utility', 'DO $$ BEGIN END $$'), ('utility', 'CALL x()'), ('utility', 'LOCK TABLE there.log'), ('utility', 'NOTIFY x'), ('utility', 'LISTEN x'), ('utility', 'PREPARE p AS SELECT 1'), ('utility', 'DECLARE c CURSOR WITH HOLD FOR SELECT 1'), ('utility', 'FETCH ALL FROM flowai_rows'), ('utility', 'LOAD ''x'''), ('utility', 'VACUUM'),
('session', 'SET ROLE postgres'), ('session', 'RESET ALL'), ('session', 'SET SESSION AUTHORIZATION postgres'), ('session', 'DISCARD ALL'), ('session', 'SHOW all'),
('txn', 'COMMIT'), ('txn', 'ROLLBACK'), ('txn', 'SAVEPOINT s'), ('txn', 'SET TRANSACTION READ WRITE'), ('txn', 'PREPARE TRANSACTION ''x'''),
('into', 'SELECT * INTO x FROM there.log'), ('into', '(SELECT 1 INTO x) UNION SELECT 2'),
('row-lock', 'SELECT * FROM there.products FOR UPDATE'), ('row-lock', 'SELECT * FROM (SELECT * FROM there.products FOR SHARE) x'), ('row-lock', 'SELECT * FROM there.locks'),
('cte-dml', 'WITH x AS (DELETE FROM there.log RETURNING 1) SELECT * FROM x'), ('cte-dml', 'SELECT * FROM (WITH x AS (UPDATE there.log SET line = 1 RETURNING 1) SELECT * FROM x) y'),
('set_config', 'SELECT set_config(''role'', ''postgres'', false)'), ('set_config', 'SELECT * FROM pg_catalog.set_config(''transaction_read_only'', ''off'', false)'), ('set_config', 'SELECT 1 WHERE set_config(''a.b'', ''c'', true) IS NOT NULL'), ('set_config', 'SELECT U&"set\005fconfig"(''a.b'', ''c'', true)'), ('set_config', 'SELECT 1 FROM ROWS FROM (generate_series(1, 2), set_config(''a.b'', ''c'', true))'), ('set_config', 'VALUES (set_config(''a.b'', ''c'', true))'), ('set_config', 'SELECT 1 LIMIT length(set_config(''a.b'', ''1'', true))'), ('set_config', 'SELECT EXISTS (SELECT set_config(''a.b'', ''c'', true))'), ('set_config', 'SELECT count(*) FILTER (WHERE set_config(''a.b'', ''c'', true) = '''') FROM there.log'), ('set_config', 'SELECT sum(1) OVER (ORDER BY set_config(''a.b'', ''c'', true)) FROM there.log'), ('set_config', 'SELECT 1 GROUP BY GROUPING SETS ((set_config(''a.b'', ''c'', true)), ())'), ('set_config', 'SELECT string_agg(name, '','' ORDER BY set_config(''a.b'', name, true)) FROM there.products'),
('side-effect', 'SELECT nextval(''there.numbers'')'), ('side-effect', 'SELECT setval(''there.numbers'', 9)'), ('side-effect', 'SELECT lo_create(0)'), ('side-effect', 'SELECT lo_from_bytea(0, ''x'')'), ('side-effect', 'SELECT lowrite(1, ''x'')'), ('side-effect', 'SELECT pg_advisory_lock(1)'), ('side-effect', 'SELECT pg_try_advisory_xact_lock(1)'), ('side-effect', 'SELECT pg_notify(''a'', ''b'')'), ('side-effect', 'SELECT txid_current()'), ('side-effect', 'SELECT pg_sleep(100)'), ('side-effect', 'SELECT pg_terminate_backend(0)'), ('side-effect', 'SELECT pg_cancel_backend(0)'), ('side-effect', 'SELECT pg_logical_emit_message(true, ''a'', ''b'')'), ('side-effect', 'SELECT pg_export_snapshot()'), ('side-effect', 'SELECT setseed(0.5)'),
('file', 'SELECT pg_read_file(''PG_VERSION'')'), ('file', 'SELECT * FROM pg_ls_dir(''.'')'), ('file', 'SELECT lo_import(''/etc/passwd'')'), ('file', 'SELECT pg_stat_file(''x'')'), ('file', 'SELECT * FROM pg_hba_file_rules'), ('file', 'SELECT rolpassword FROM pg_authid'), ('file', 'SELECT umoptions FROM pg_user_mapping'),
('dynamic', 'SELECT query_to_xml(''SELECT 1'', true, true, '''')'), ('dynamic', 'SELECT * FROM ts_stat(''SELECT 1'')'), ('dynamic', 'SELECT table_to_xml(''there.log'', true, true, '''')'), ('dynamic', 'SELECT * FROM dblink(''dbname=x'', ''SELECT 1'') AS t(a int)'), ('dynamic', 'SELECT * FROM crosstab(''SELECT 1'') AS t(a int)'), ('dynamic', 'SELECT flowai.execute_query(''SELECT 1'')'), ('dynamic', 'SELECT postgres_fdw_disconnect_all()'),
('lying', 'SELECT there.touch(1)'), ('lying', 'SELECT there.draw(1)'), ('lying', 'SELECT * FROM there.draws'), ('lying', 'SELECT there.unlabelled(1)'), ('lying', 'SELECT * FROM there.unlabelled(1)'), ('lying', 'SELECT 1 ORDER BY there.unlabelled(1)'),
('parameter', 'SELECT $1'), ('undefined', 'SELECT * FROM there.nothing'), ('undefined', 'SELECT no_such_function(1)'), ('invalid', 'SELECT 1 / 0'), ('permission', 'SELECT * FROM flowai_internal.tenants'),
('deep', 'SELECT ' || repeat('(', 20000) || '1' || repeat(')', 20000)), ('large', 'SELECT ''' || repeat('x', 70000) || ''''),
('memory', 'SELECT repeat(''x'', 2000000)'), ('memory', 'SELECT repeat(''x'', 20000000)'), ('memory', 'SELECT repeat(''x'', 500000) FROM generate_series(1, 100)'),
('time', 'SELECT count(*) FROM generate_series(1, 100000000000)'), ('time', 'WITH RECURSIVE r(i) AS (VALUES (1) UNION ALL SELECT i FROM r) SELECT count(*) FROM r');
SET ROLE acme_app;
BEGIN;
SELECT b.n, b.class, left(b.sql, 60) AS sql, e ->> 'code' AS code, e -> 'position' AS position, left(e ->> 'error', 80) AS error, e ? 'rows' AS ran
FROM pg_temp.bad b, LATERAL (SELECT flowai.execute_query(b.sql, 100, CASE b.class WHEN 'time' THEN '500 ms' ELSE '20 s' END::interval, 'there') AS e) x ORDER BY b.n;
SELECT value FROM flowai.kv_get('targets', 'before');
COMMIT;
RESET ROLE;
SELECT count(*) AS logged FROM there.log;
SELECT last_value, is_called FROM there.numbers;
SELECT count(*) AS large_objects FROM pg_largeobject_metadata;
-- As a superuser nobody reads.
ALTER USER MAPPING FOR flowai_owner SERVER there OPTIONS (SET user 'postgres');
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT 1', target => 'there');
RESET ROLE;
ALTER USER MAPPING FOR flowai_owner SERVER there OPTIONS (SET user 'nobody_here');
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT 1', target => 'there');
RESET ROLE;
ALTER USER MAPPING FOR flowai_owner SERVER there OPTIONS (SET user 'there_reader');
ALTER SERVER there OPTIONS (SET dbname 'no_such_database');
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT 1', target => 'there') - 'hint' AS no_database;
RESET ROLE;
ALTER SERVER there OPTIONS (SET port '1');
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT 1', target => 'there') - 'hint' AS no_server;
RESET ROLE;
DO $$ BEGIN EXECUTE format('ALTER SERVER there OPTIONS (SET dbname %L, SET port %L)', current_database(), current_setting('port')); END $$;
-- Who defined it must keep the right to use it.
REVOKE USAGE ON FOREIGN SERVER there FROM steward;
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT 1', target => 'there');
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER there TO steward;
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT 1 AS again', target => 'there') -> 'rows' AS rows;
SELECT flowai.execute_query(NULL, target => 'there');
SELECT flowai.execute_query('SELECT 1', target => NULL);
SELECT flowai.execute_query('SELECT 1', 0, target => 'there');
SELECT flowai.execute_query('SELECT 1 AS here', target => 'local') -> 'rows' AS rows;
RESET ROLE;
DROP SERVER there CASCADE;
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT 1', target => 'there') ->> 'error' AS error;
SET ROLE steward;
SELECT flowai.query_target_drop('acme', 'there');
SELECT flowai.query_target_drop('acme', 'there') AS again;
SELECT flowai.query_target_drop('nobody', 'there');
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA there CASCADE;
DROP ROLE there_reader;
DROP EXTENSION postgres_fdw;
DROP FOREIGN DATA WRAPPER other CASCADE;
\! rm -rf "$PGHOST/lake" "$PGHOST/lake.before"
