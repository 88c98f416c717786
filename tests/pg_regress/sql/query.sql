-- Read-only SQL: what a model or an analyst writes runs, what goes beyond reading does not.
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA shop;
CREATE SCHEMA lab AUTHORIZATION acme_app;
CREATE TABLE shop.products (id int PRIMARY KEY, name text, price numeric(10,2), tags text[], doc jsonb);
INSERT INTO shop.products VALUES
    (1, 'Tea', 12.50, '{hot,leaf}', '{"origin": "Assam", "grams": 100}'),
    (2, 'Coffee', 20.00, '{hot,bean}', '{"origin": "Sidamo", "grams": 250}'),
    (3, 'Water', 0.90, NULL, NULL);
CREATE TABLE shop.sales (day date, product int REFERENCES shop.products, quantity int, paid double precision)
    PARTITION BY RANGE (day);
CREATE TABLE shop.sales_2024 PARTITION OF shop.sales FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO shop.sales VALUES ('2024-01-01', 1, 2, 25), ('2024-01-02', 1, 1, 12.5), ('2024-01-02', 2, 3, 60), ('2024-02-01', 3, 10, 9);
CREATE TABLE shop.secrets (owner name, secret text);
INSERT INTO shop.secrets VALUES ('acme_app', 'mine'), ('globex_app', 'theirs');
ALTER TABLE shop.secrets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shop.secrets USING (owner = current_user);
CREATE VIEW shop.secrets_by_owner AS SELECT * FROM shop.secrets;
CREATE VIEW shop.secrets_by_invoker WITH (security_invoker = true) AS SELECT * FROM shop.secrets;
CREATE VIEW shop.totals AS SELECT name, sum(paid) AS paid FROM shop.products JOIN shop.sales ON product = id GROUP BY name;
CREATE TABLE shop.log (line text);
CREATE SEQUENCE shop.numbers;
CREATE FUNCTION shop.touch(int) RETURNS int LANGUAGE sql VOLATILE AS 'INSERT INTO shop.log VALUES (''touched''); SELECT $1';
CREATE FUNCTION shop.discount(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 0.9';
GRANT USAGE ON SCHEMA shop TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA shop TO PUBLIC;
GRANT INSERT ON shop.log TO PUBLIC;
GRANT USAGE ON SEQUENCE shop.numbers TO PUBLIC;
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE shop.remote (a int) SERVER elsewhere;
GRANT SELECT ON shop.remote TO PUBLIC;
CREATE TABLE shop.parted (a int) PARTITION BY LIST (a);
CREATE FOREIGN TABLE shop.parted_remote PARTITION OF shop.parted FOR VALUES IN (1) SERVER elsewhere;
GRANT SELECT ON shop.parted TO PUBLIC;

-- What a tenant's own role can make.
SET ROLE acme_app;
CREATE FUNCTION lab.evil(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM set_config('flowai.tenant', 'globex', false);
    RETURN true;
END $$;
CREATE FUNCTION lab.evil(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION lab.evil_eq(int, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR lab.=== (LEFTARG = int, RIGHTARG = text, FUNCTION = lab.evil_eq);
CREATE DOMAIN lab.checked AS text CHECK (lab.evil(VALUE));
CREATE DOMAIN lab.wrapped AS lab.checked;
CREATE TYPE lab.pair AS (a int, b lab.checked);
CREATE TYPE lab.colour AS ENUM ('red', 'green');
CREATE FUNCTION lab.colour_int(lab.colour) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE CAST (lab.colour AS int) WITH FUNCTION lab.colour_int(lab.colour);
CREATE FUNCTION lab.spread(float8, float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT $1 - $2';
CREATE TYPE lab.span AS RANGE (subtype = float8, subtype_diff = lab.spread);
CREATE FUNCTION lab.step(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE AGGREGATE lab.total(int) (sfunc = lab.step, stype = int, initcond = '0');
CREATE TABLE lab.things (id int, colour lab.colour, span lab.span);
INSERT INTO lab.things VALUES (1, 'red', '[1,2]');
CREATE FUNCTION lab.colour_json(lab.colour) RETURNS json LANGUAGE sql IMMUTABLE AS 'SELECT ''1''::json';
CREATE CAST (lab.colour AS json) WITH FUNCTION lab.colour_json(lab.colour);
CREATE FUNCTION lab.shade(lab.things) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''dark''';
CREATE VIEW lab.calls AS SELECT lab.evil('x') AS called;
CREATE VIEW lab.locks AS SELECT id FROM lab.things FOR UPDATE;
CREATE VIEW lab.sleeps AS SELECT pg_sleep(0) IS NULL AS slept;

-- ------------------------------------------------------------------------------- what may run
SELECT * FROM flowai.validate_query('SELECT name, upper(name) FROM shop.products WHERE price > 1');
SELECT jsonb_pretty(flowai.execute_query('SELECT name, price FROM shop.products ORDER BY id'));
CREATE TABLE lab.good (n int PRIMARY KEY, sql text);
INSERT INTO lab.good VALUES
(1, 'SELECT p.name, sum(s.paid) AS revenue FROM shop.products p LEFT JOIN shop.sales s ON s.product = p.id GROUP BY p.name ORDER BY revenue DESC;'),
(2, 'WITH d AS (SELECT date_trunc(''month'', day) AS m, paid FROM shop.sales) SELECT m::date, sum(paid) FROM d GROUP BY 1 ORDER BY 1'),
(3, 'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 4) SELECT array_agg(i) FROM n'),
(4, 'WITH RECURSIVE t(a, b) AS (VALUES (1, 2) UNION ALL SELECT b, a FROM t) CYCLE a, b SET looped USING path SELECT a, b, looped FROM t'),
(5, 'SELECT day, sum(paid) OVER (ORDER BY day RANGE BETWEEN ''1 day'' PRECEDING AND CURRENT ROW) AS running FROM shop.sales ORDER BY day, running'),
(6, 'SELECT product, day, count(*) FROM shop.sales GROUP BY GROUPING SETS ((product), (day), ()) ORDER BY product NULLS LAST, day NULLS LAST'),
(7, 'SELECT p.name, l.paid FROM shop.products p, LATERAL (SELECT paid FROM shop.sales WHERE product = p.id ORDER BY paid DESC LIMIT 1) l ORDER BY 1'),
(8, 'SELECT doc ->> ''origin'' AS origin, doc @@ ''$.grams > 200'' AS big, jsonb_path_query_first(doc, ''$.grams'') AS grams FROM shop.products ORDER BY id'),
(9, 'SELECT name FROM shop.products UNION SELECT ''Milk'' EXCEPT SELECT ''Tea'' ORDER BY 1'),
(10, 'VALUES (1, ''a''), (2, ''b'')'),
(11, 'TABLE shop.totals ORDER BY name'),
(12, E'-- a comment; with a semicolon\nSELECT /* DELETE FROM x; /* nested */ */ 1 AS "one;" ;;'),
(13, 'SELECT DISTINCT ON (product) product, paid FROM shop.sales ORDER BY product, paid DESC'),
(14, 'SELECT unnest(tags) AS tag, count(*) FROM shop.products GROUP BY 1 ORDER BY 1'),
(15, 'SELECT g, to_char(date ''2024-01-01'' + g, ''YYYY-MM-DD'') FROM generate_series(0, 2) AS g'),
(16, 'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY paid) AS median, corr(quantity, paid) > 0 AS related FROM shop.sales'),
(17, 'SELECT * FROM jsonb_to_recordset(''[{"a": 1, "b": "x"}]'') AS t(a int, b text)'),
(18, 'SELECT table_name FROM information_schema.tables WHERE table_schema = ''shop'' AND table_name LIKE ''s%'' ORDER BY 1'),
(19, 'SELECT count(*) > 0 AS some FROM shop.sales TABLESAMPLE BERNOULLI (100) REPEATABLE (1)'),
(20, 'SELECT to_tsvector(''english'', name) @@ to_tsquery(''english'', ''teas'') AS hit FROM shop.products ORDER BY id'),
(21, 'SELECT int4range(1, 5) AS r, array[array[1, 2], array[3, 4]] AS m, row(1, ''x'') AS pair, NULL AS nothing, true AS yes'),
(22, 'SELECT regexp_replace(name, ''(.)e'', ''\1E''), name ~ ''^T'', name LIKE ''T%'', left(name, 2) || ''…'' FROM shop.products ORDER BY id'),
(23, 'SELECT secret FROM shop.secrets_by_invoker'),
(24, 'SELECT date ''2024-02-29'' AS d, timestamp ''2024-02-29 12:00'' AS t, timestamptz ''2024-02-29 12:00Z'' AS z, interval ''1 day 2 h'' AS i'),
(25, 'SELECT random() < 2 AS r, clock_timestamp() > ''2000-01-01'' AS c, gen_random_uuid() IS NOT NULL AS u'),
(26, 'SELECT (SELECT max(id) FROM shop.products) AS m, EXISTS (SELECT FROM shop.log) AS e, 2 IN (SELECT id FROM shop.products) AS i, CASE 1 WHEN 1 THEN ''x'' END AS c'),
(27, 'SELECT xmlelement(name a, 1)::text, a FROM xmltable(''/r/a'' PASSING xml ''<r><a>1</a></r>'' COLUMNS a int PATH ''.'')'),
(28, 'SELECT colour, span FROM lab.things'),
(29, 'SELECT 12345678901234567890.123456789012345678 AS exact, 9223372036854775807 AS big, 0.1::float8 AS f, 0.1::real AS r, 1e300::float8 AS huge'),
(30, 'SELECT ''NaN''::float8 AS a, ''-Infinity''::float8 AS b, ''NaN''::numeric AS c, ''Infinity''::numeric AS d'),
(31, 'SELECT tenant_id FROM flowai.catalog_entries');
SELECT g.n, v.ok, v.code, v.message, v.relations, v.functions FROM lab.good g, flowai.validate_query(g.sql) v ORDER BY g.n;
SELECT g.n, flowai.execute_query(g.sql) ->> 'error' AS error, flowai.execute_query(g.sql) -> 'rows' AS rows FROM lab.good g ORDER BY g.n;
SELECT flowai.execute_query('SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS a, 5');
SELECT flowai.execute_query('SELECT FROM shop.products');
SELECT flowai.execute_query('SELECT id FROM shop.products WHERE false');
SELECT flowai.execute_query('SELECT generate_series(1, 1000000000) AS i', 3);
SELECT flowai.execute_query('SELECT id FROM shop.products ORDER BY id', 3);

-- --------------------------------------------------------------------------- what may not run
CREATE TABLE lab.bad (n int PRIMARY KEY, class text, sql text);
INSERT INTO lab.bad VALUES
(101, 'empty', ''), (102, 'empty', ' ;; -- nothing'), (103, 'syntax', 'SELEC 1'), (104, 'syntax', 'SELECT ''ä'' FROM WHERE'), (105, 'syntax', 'SELECT $$ 1'),
(111, 'multi', 'SELECT 1; SELECT 2'), (112, 'multi', 'SELECT 1; DROP TABLE shop.products'), (113, 'multi', E'SELECT 1 --\r; DELETE FROM shop.log'), (114, 'multi', 'COMMIT; DROP SCHEMA shop CASCADE'),
(121, 'dml', 'INSERT INTO shop.log VALUES (1)'), (122, 'dml', 'UPDATE shop.products SET price = 0'), (123, 'dml', 'DELETE FROM shop.log'), (124, 'dml', 'MERGE INTO shop.log USING shop.products ON false WHEN NOT MATCHED THEN INSERT VALUES (name)'), (125, 'dml', 'TRUNCATE shop.log'),
(131, 'ddl', 'CREATE TABLE lab.x AS SELECT 1'), (132, 'ddl', 'DROP TABLE lab.things'), (133, 'ddl', 'ALTER TABLE lab.things ADD x int'), (134, 'ddl', 'CREATE TEMP TABLE x (a int)'), (135, 'ddl', 'GRANT ALL ON lab.things TO PUBLIC'), (136, 'ddl', 'REFRESH MATERIALIZED VIEW lab.x'),
(141, 'utility', 'EXPLAIN ANALYZE SELECT 1'), (142, 'utility', 'SHOW search_path'), (143, 'utility', 'COPY shop.products TO STDOUT'), (144, 'utility', 'COPY (SELECT 1) TO PROGRAM ''id'''), (145, 'utility', 'DO $$ BEGIN END $$'), (146, 'utility', 'CALL x()'), (147, 'utility', 'VACUUM'), (148, 'utility', 'LOCK TABLE shop.products'), (149, 'utility', 'NOTIFY x'), (150, 'utility', 'LISTEN x'), (151, 'utility', 'PREPARE p AS SELECT 1'), (152, 'utility', 'DECLARE c CURSOR WITH HOLD FOR SELECT 1'), (153, 'utility', 'LOAD ''x'''),
(161, 'session', 'SET ROLE globex_app'), (162, 'session', 'SET flowai.tenant = ''globex'''), (163, 'session', 'RESET ALL'), (164, 'session', 'SET SESSION AUTHORIZATION postgres'), (165, 'session', 'DISCARD ALL'),
(171, 'txn', 'COMMIT'), (172, 'txn', 'ROLLBACK'), (173, 'txn', 'SAVEPOINT s'), (174, 'txn', 'SET TRANSACTION READ WRITE'), (175, 'txn', 'PREPARE TRANSACTION ''x'''),
(181, 'select-into', 'SELECT * INTO lab.x FROM shop.products'), (182, 'select-into', 'SELECT INTO TEMP x FROM shop.products'), (183, 'select-into', '(SELECT 1 INTO lab.x) UNION SELECT 2'), (184, 'select-into', 'SELECT * FROM (SELECT 1 INTO lab.x) y'),
(191, 'row-lock', 'SELECT * FROM lab.things FOR UPDATE'), (192, 'row-lock', 'SELECT * FROM (SELECT * FROM lab.things FOR SHARE) x'), (193, 'row-lock', 'SELECT * FROM lab.things FOR KEY SHARE SKIP LOCKED'), (194, 'row-lock', 'SELECT * FROM lab.locks'),
(201, 'cte-dml', 'WITH x AS (DELETE FROM shop.log RETURNING 1) SELECT * FROM x'), (202, 'cte-dml', 'WITH x AS (INSERT INTO shop.log VALUES (1) RETURNING line) SELECT * FROM x'), (203, 'cte-dml', 'SELECT * FROM (WITH x AS (UPDATE shop.log SET line = 1 RETURNING 1) SELECT * FROM x) y'), (204, 'cte-dml', 'WITH x AS (SELECT 1) DELETE FROM shop.log'), (205, 'cte-dml', 'VALUES ((WITH x AS (DELETE FROM shop.log RETURNING 1) SELECT 1))'),
(211, 'set_config', 'SELECT set_config(''flowai.tenant'', ''globex'', false)'), (212, 'set_config', 'SELECT * FROM set_config(''flowai.tenant'', ''globex'', true)'), (213, 'set_config', 'SELECT 1 WHERE set_config(''role'', ''globex_app'', true) IS NOT NULL'), (214, 'set_config', 'SELECT 1 ORDER BY set_config(''a.b'', ''c'', true)'), (215, 'set_config', 'WITH x AS MATERIALIZED (SELECT set_config(''flowai.tenant'', ''globex'', true) c) SELECT 1 FROM x'), (216, 'set_config', 'VALUES (set_config(''a.b'', ''c'', true))'), (217, 'set_config', 'SELECT 1 FROM ROWS FROM (generate_series(1, 2), set_config(''a.b'', ''c'', true))'), (218, 'set_config', 'SELECT U&"set\005fconfig"(''a.b'', ''c'', true)'), (219, 'set_config', 'SELECT 1 FROM shop.products p JOIN LATERAL (SELECT set_config(''a.b'', p.name, true)) x ON true'),
(220, 'set_config', 'SELECT count(*) FILTER (WHERE set_config(''a.b'', ''c'', true) = '''') FROM shop.products'), (221, 'set_config', 'SELECT sum(1) OVER (ORDER BY set_config(''a.b'', ''c'', true)) FROM shop.products'), (222, 'set_config', 'SELECT 1 LIMIT length(set_config(''a.b'', ''1'', true))'), (223, 'set_config', 'SELECT EXISTS (SELECT set_config(''a.b'', ''c'', true))'), (224, 'set_config', 'SELECT 1 FROM shop.sales TABLESAMPLE BERNOULLI (length(set_config(''a.b'', ''c'', true)))'), (225, 'set_config', 'SELECT string_agg(name, '','' ORDER BY set_config(''a.b'', name, true)) FROM shop.products'), (226, 'set_config', 'SELECT 1 GROUP BY GROUPING SETS ((set_config(''a.b'', ''c'', true)), ())'), (227, 'set_config', 'SELECT CASE WHEN true THEN coalesce(NULL, set_config(''a.b'', ''c'', true)) END'), (228, 'set_config', 'SELECT DISTINCT ON (set_config(''a.b'', ''c'', true)) 1'),
(231, 'side-effect', 'SELECT nextval(''shop.numbers'')'), (232, 'side-effect', 'SELECT lo_create(0)'), (233, 'side-effect', 'SELECT pg_advisory_lock(1)'), (234, 'side-effect', 'SELECT pg_notify(''a'', ''b'')'), (235, 'side-effect', 'SELECT txid_current()'), (236, 'side-effect', 'SELECT pg_sleep(100)'), (237, 'side-effect', 'SELECT pg_terminate_backend(0)'), (238, 'side-effect', 'SELECT pg_logical_emit_message(true, ''a'', ''b'')'), (239, 'side-effect', 'SELECT pg_export_snapshot()'), (240, 'side-effect', 'SELECT setseed(0.5)'), (241, 'side-effect', 'SELECT lowrite(1, ''x'')'), (242, 'side-effect', 'SELECT pg_try_advisory_xact_lock(1)'),
(251, 'file', 'SELECT pg_read_file(''/etc/passwd'')'), (252, 'file', 'SELECT * FROM pg_ls_dir(''.'')'), (253, 'file', 'SELECT lo_import(''/etc/passwd'')'), (254, 'file', 'SELECT pg_stat_file(''x'')'), (255, 'file', 'SELECT * FROM shop.remote'), (256, 'file', 'SELECT * FROM shop.parted'), (257, 'file', 'SELECT * FROM pg_hba_file_rules'),
(261, 'dynamic', 'SELECT query_to_xml(''SELECT 1'', true, true, '''')'), (262, 'dynamic', 'SELECT * FROM ts_stat(''SELECT to_tsvector(name) FROM shop.products'')'), (263, 'dynamic', 'SELECT table_to_xml(''shop.products'', true, true, '''')'), (264, 'dynamic', 'SELECT ts_rewrite(''a''::tsquery, ''SELECT 1, 2'')'), (265, 'dynamic', 'SELECT flowai.execute_query(''SELECT 1'')'), (266, 'dynamic', 'SELECT * FROM flowai.validate_query(''SELECT 1'')'), (267, 'dynamic', 'SELECT database_to_xml(true, true, '''')'), (268, 'dynamic', 'SELECT cursor_to_xml(''x'', 1, true, true, '''')'),
(271, 'user-objects', 'SELECT lab.evil(''x'')'), (272, 'user-objects', 'SELECT * FROM lab.evil(1)'), (273, 'user-objects', 'SELECT 1 OPERATOR(lab.===) ''x'''), (274, 'user-objects', 'SELECT ''x''::lab.checked'), (275, 'user-objects', 'SELECT ''x''::lab.wrapped'), (276, 'user-objects', 'SELECT ''(1,x)''::lab.pair'), (277, 'user-objects', 'SELECT ''{x}''::lab.checked[]'), (278, 'user-objects', 'SELECT colour::int FROM lab.things'), (279, 'user-objects', 'SELECT to_jsonb(s) FROM (SELECT colour FROM lab.things) s'), (280, 'user-objects', 'SELECT lab.total(id) FROM lab.things'),
(281, 'user-objects', 'SELECT lab.total(id) OVER () FROM lab.things'), (282, 'user-objects', 'SELECT * FROM lab.calls'), (283, 'user-objects', 'SELECT * FROM lab.sleeps'), (284, 'user-objects', 'SELECT * FROM shop.secrets_by_owner'), (285, 'user-objects', 'SELECT jsonb_populate_record(NULL::lab.pair, ''{"b": "x"}'')'), (286, 'user-objects', 'SELECT * FROM json_to_record(''{"a": "x"}'') AS t(a lab.checked)'), (287, 'user-objects', 'SELECT * FROM xmltable(''/r'' PASSING xml ''<r>x</r>'' COLUMNS a lab.checked PATH ''.'')'), (288, 'user-objects', 'SELECT ARRAY[name]::lab.checked[] FROM shop.products'), (289, 'user-objects', 'SELECT row(1, name)::lab.pair FROM shop.products'), (290, 'user-objects', 'SELECT 1 FROM lab.things WHERE span && ''[1,3]'''), (291, 'user-objects', 'SELECT shop.touch(1)'), (292, 'user-objects', 'SELECT shop.discount(1)'), (293, 'user-objects', 'SELECT 1 FROM lab.things ORDER BY lab.evil(id)'), (294, 'user-objects', 'SELECT id FROM lab.things UNION SELECT lab.evil(2)'), (295, 'user-objects', 'SELECT 1 = ANY (ARRAY[lab.evil(2)])'), (296, 'user-objects', 'SELECT row_to_json(t) FROM lab.things t'), (297, 'user-objects', 'SELECT jsonb_build_object(''a'', ARRAY[colour]) FROM lab.things'), (298, 'user-objects', 'SELECT array_in(''{x}'', ''lab.checked''::regtype, -1)'), (299, 'user-objects', 'SELECT record_in(''(1,x)'', ''lab.pair''::regtype, -1)'), (300, 'user-objects', 'SELECT domain_in(''x'', ''lab.checked''::regtype, -1)'),
(301, 'other sessions', 'SELECT query FROM pg_stat_activity'), (302, 'other sessions', 'SELECT * FROM pg_locks'), (303, 'other sessions', 'SELECT pg_stat_get_backend_activity(1)'),
(311, 'parameter', 'SELECT $1'), (312, 'parameter', 'SELECT 1 FROM shop.products WHERE id = $2'),
(321, 'undefined', 'SELECT * FROM shop.nothing'), (322, 'undefined', 'SELECT nam FROM shop.products'), (323, 'undefined', 'SELECT ''ä'', no_such_function(1)'), (324, 'undefined', 'SELECT 1::no_such_type'), (325, 'invalid', 'SELECT name, sum(price) FROM shop.products'), (326, 'invalid', 'SELECT ''x''::int'), (327, 'permission', 'SELECT * FROM flowai_internal.tenants'),
(331, 'too-deep', 'SELECT ' || repeat('(', 20000) || '1' || repeat(')', 20000)), (332, 'too-deep', 'SELECT ' || repeat('abs(', 3000) || '1' || repeat(')', 3000)), (333, 'too-large', 'SELECT ''' || repeat('x', 70000) || '''');

BEGIN;
INSERT INTO lab.good VALUES (999, 'written by the caller');
SELECT b.n, b.class, v.ok, v.code, v.position, left(v.message, 100) AS message
FROM lab.bad b, flowai.validate_query(b.sql) v ORDER BY b.n;
SELECT b.n, e.result ->> 'code' AS code, e.result -> 'position' AS position, left(e.result ->> 'error', 60) AS error, e.result ? 'rows' AS ran
FROM lab.bad b, LATERAL (SELECT flowai.execute_query(b.sql) AS result) e ORDER BY b.n;
-- The caller's transaction is as it was.
SELECT sql FROM lab.good WHERE n = 999;
SELECT current_user, flowai.current_tenant(), current_setting('flowai.tenant') AS selector, current_setting('transaction_read_only') AS read_only,
       current_setting('search_path') AS path, current_setting('work_mem') AS work_mem, current_setting('a.b', true) AS leaked;
SELECT count(*) AS advisory_locks FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory';
SELECT count(*) AS locks FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'shop.products'::regclass;
COMMIT;
SELECT count(*) AS logged FROM shop.log;
SELECT count(*) AS large_objects FROM pg_largeobject_metadata;

-- Each layer by itself. What runs although a layer is left out is what the others do not see; whatever it did
-- is rolled back. Without structure or without gates nothing runs that did not run with them; without meaning
-- the gates stop functions as they are called, but what a statement reads is no matter to them.
CREATE FUNCTION lab.try(sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result jsonb;
BEGIN
    result := flowai.execute_query(sql);
    RETURN CASE WHEN result ? 'rows' THEN 'ran' ELSE result ->> 'code' END;
EXCEPTION WHEN internal_error THEN
    RETURN 'stopped: ' || SQLERRM;
END $$;
GRANT EXECUTE ON FUNCTION lab.try(text) TO flowai_user;
RESET ROLE;
CREATE FUNCTION pg_temp.off(layers integer) RETURNS text LANGUAGE sql AS $$ SELECT set_config('flowai.query_layers_off', layers::text, false) $$;
SELECT pg_temp.off(1);
SET ROLE acme_app;
SELECT b.n, b.class, b.sql FROM lab.bad b WHERE lab.try(b.sql) = 'ran' ORDER BY b.n;
SELECT b.class, string_agg(DISTINCT lab.try(b.sql), ', ') AS outcome FROM lab.bad b WHERE b.n < 210 GROUP BY b.class ORDER BY min(b.n);
RESET ROLE;
SELECT pg_temp.off(8);
SET ROLE acme_app;
SELECT b.n, b.class, b.sql FROM lab.bad b WHERE lab.try(b.sql) = 'ran' ORDER BY b.n;
RESET ROLE;
SELECT pg_temp.off(4);
SET ROLE acme_app;
SELECT b.n, b.class, b.sql FROM lab.bad b WHERE lab.try(b.sql) = 'ran' ORDER BY b.n;
RESET ROLE;
SELECT pg_temp.off(2);
SET ROLE acme_app;
SELECT b.n, b.class, b.sql FROM lab.bad b WHERE lab.try(b.sql) = 'ran' ORDER BY b.n;
RESET ROLE;
SELECT pg_temp.off(2 + 4);
SET ROLE acme_app;
SELECT b.n, b.class, b.sql FROM lab.bad b WHERE lab.try(b.sql) = 'ran' ORDER BY b.n;
RESET ROLE;
SELECT pg_temp.off(2 + 8);
SET ROLE acme_app;
SELECT b.n, b.class, b.sql FROM lab.bad b WHERE lab.try(b.sql) = 'ran' ORDER BY b.n;
RESET ROLE;
SELECT pg_temp.off(0);
SELECT count(*) AS logged FROM shop.log;
SELECT count(*) AS large_objects FROM pg_largeobject_metadata;
SELECT current_setting('a.b', true) AS leaked, (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS advisory_locks;
SET ROLE acme_app;

-- Every refusal says what it is.
SELECT flowai.execute_query('DROP TABLE shop.products');
SELECT flowai.execute_query('SELECT shop.discount(price) FROM shop.products');
SELECT flowai.execute_query(NULL);
SELECT * FROM flowai.validate_query(NULL);

-- Attribute notation is a call too.
SET search_path = lab;
SELECT code, position, message FROM flowai.validate_query('SELECT t.shade FROM things t');
RESET search_path;

-- ------------------------------------------------------------------- errors, time, sizes, counts
SELECT flowai.execute_query('SELECT 1 / 0');
SELECT flowai.execute_query('SELECT * FROM shop.nothing');
SELECT flowai.execute_query('SELECT ''x''::json || 1');
SELECT flowai.execute_query('SELECT ''{"a": "\u0000"}''::json');
SELECT flowai.execute_query('SELECT count(*) FROM generate_series(1, 100000000000)', 10, '100 ms');
SELECT flowai.execute_query('WITH RECURSIVE r(i) AS (VALUES (1) UNION ALL SELECT i FROM r) SELECT count(*) FROM r', 10, '100 ms');
SELECT jsonb_typeof(flowai.execute_query('SELECT 1', 10, '1 us')) AS either_way_an_answer;
SELECT flowai.execute_query('SELECT repeat(''x'', 2000000) AS long');
SELECT flowai.execute_query('SELECT repeat(''x'', 500000) AS long FROM generate_series(1, 100)');
SELECT flowai.execute_query('SELECT repeat(''x'', 2000000000)') ->> 'code' AS code;
SELECT flowai.execute_query('SELECT 1', 0);
SELECT flowai.execute_query('SELECT 1', 10001);
SELECT flowai.execute_query('SELECT 1', NULL);
SELECT flowai.execute_query('SELECT 1', 1, '0 s');
SELECT flowai.execute_query('SELECT 1', 1, '-1 s');
SELECT flowai.execute_query('SELECT 1', 1, '61 s');
SELECT flowai.execute_query('SELECT 1', 1, NULL);
SELECT * FROM flowai.validate_query('SELECT 1', 'mysql');
SELECT * FROM flowai.validate_query('SELECT 1', NULL);
-- A real time-out or cancel is no answer but an error.
SET statement_timeout = '100 ms';
SELECT flowai.execute_query('SELECT count(*) FROM generate_series(1, 100000000000)');
RESET statement_timeout;
SELECT flowai.execute_query('SELECT 1 AS usable');

-- A temporary table does not stand in for one of the warehouse, whatever the path says.
CREATE TEMP TABLE products (id int, name text);
SET search_path = pg_temp, shop;
SELECT flowai.execute_query('SELECT count(*) FROM products') -> 'rows' AS rows;
SELECT relations FROM flowai.validate_query('SELECT count(*) FROM products');
SELECT flowai.execute_query('SELECT count(*) FROM pg_temp.products') -> 'rows' AS rows;
SHOW search_path;
RESET search_path;
-- A setting that changes the meaning of text does not change it for the guard.
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SELECT v.code FROM flowai.validate_query($$SELECT '\'; DELETE FROM shop.log; --'$$) v;
SELECT flowai.execute_query($$SELECT '\' AS one$$);
RESET standard_conforming_strings;
RESET escape_string_warning;

-- -------------------------------------------------------------------------- allowed functions
SELECT flowai.function_allow('shop.discount(numeric)');
GRANT USAGE ON SCHEMA lab TO steward;
SET ROLE steward;
SELECT flowai.function_allow('shop.discount(numeric)');
SELECT flowai.function_allow('shop.discount(numeric)') AS again;
SELECT flowai.function_allow('lab.total(int)');
SELECT flowai.function_allow('pg_catalog.set_config(text, text, boolean)');
SELECT flowai.function_allow(NULL);
SELECT flowai.function_allow('shop.nothing(int)');
SELECT flowai.function_allow(1::oid::regprocedure);
SELECT function, length(digest), allowed_by FROM flowai.allowed_functions ORDER BY function;
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT shop.discount(price) FROM shop.products ORDER BY id') -> 'rows' AS rows;
SELECT flowai.execute_query('SELECT lab.total(id) FROM shop.products') -> 'rows' AS rows;
SELECT functions FROM flowai.validate_query('SELECT lower(name), shop.discount(price) FROM shop.products');
-- A part of the aggregate changes: it is not what was allowed.
CREATE OR REPLACE FUNCTION lab.step(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
SELECT flowai.execute_query('SELECT lab.total(id) FROM shop.products') ->> 'error' AS error;
RESET ROLE;
CREATE OR REPLACE FUNCTION shop.discount(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT 0.0';
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT shop.discount(price) FROM shop.products');
RESET ROLE;
DROP FUNCTION shop.discount(numeric);
CREATE FUNCTION shop.discount(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 0.9';
ALTER FUNCTION shop.discount(numeric) OWNER TO acme_app;
SET ROLE acme_app;
SELECT code FROM flowai.validate_query('SELECT shop.discount(1)');
SET ROLE steward;
SELECT flowai.function_disallow('shop.discount(numeric)');
SELECT flowai.function_disallow('shop.discount(numeric)') AS again;
SELECT flowai.function_disallow('lab.total(int)');

-- For one tenant alone; other tenants do not see it.
RESET ROLE;
CREATE FUNCTION shop.gross(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 1.2';
SET ROLE steward;
SELECT flowai.function_allow('shop.gross(numeric)', 'acme');
SELECT flowai.function_allow('shop.gross(numeric)', 'nobody');
SELECT flowai.function_disallow('shop.gross(numeric)');
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT shop.gross(10)') -> 'rows' AS rows;
SELECT function, tenant_id FROM flowai.allowed_functions;
SET ROLE globex_app;
SELECT flowai.execute_query('SELECT shop.gross(10)') ->> 'code' AS code;
SELECT count(*) FROM flowai.allowed_functions;
SET ROLE steward;
SELECT function, tenant_id FROM flowai.allowed_functions;

-- Dropped and made anew it is another one, though it looks the same. In a copy of the database numbers say nothing,
-- until the next permission that is given there.
RESET ROLE;
CREATE FUNCTION shop.twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
SET ROLE steward;
SELECT flowai.function_allow('shop.twice(integer)');
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT shop.twice(4)') -> 'rows' AS rows;
RESET ROLE;
DROP FUNCTION shop.twice(integer);
CREATE FUNCTION shop.twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT shop.twice(4)') ->> 'error' AS error;
SET ROLE steward;
SELECT flowai.function_allow('shop.twice(integer)') AS anew;
RESET ROLE;
UPDATE flowai.allowed_functions SET noted_in = 'elsewhere', object = 1;
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT shop.twice(4)') -> 'rows' AS rows;
SET ROLE steward;
SELECT flowai.function_allow('shop.gross(numeric)', 'acme') AS again;
RESET ROLE;
SELECT function, object = function::regprocedure AS noted FROM flowai.allowed_functions ORDER BY function;
SET ROLE steward;
SELECT flowai.function_disallow('shop.twice(integer)');
SELECT flowai.function_disallow('shop.gross(numeric)', 'acme');
-- Columns are what the statement returns, lengths and digits included.
SET ROLE acme_app;
SELECT * FROM flowai.query('SELECT 1.2345::numeric(10,4), ''abcdef''::varchar(10)') AS t(a numeric(5,1), b varchar(10));
SELECT * FROM flowai.query('SELECT 1.2345::numeric(10,4), ''abcdef''::varchar(10)') AS t(a numeric(10,4), b varchar(2));
SELECT * FROM flowai.query('SELECT 1.2345::numeric(10,4), ''abcdef''::varchar(10)') AS t(a numeric, b varchar(10));
-- Sizes are no secret, and asking for them does nothing.
SELECT flowai.execute_query('SELECT pg_total_relation_size(''shop.products'') > 0 AS relation, pg_size_pretty(pg_database_size(current_database())) ~ ''B$'' AS database, (SELECT count(*) FROM pg_sequences) >= 0 AS sequences') -> 'rows' AS rows;
SET ROLE steward;
-- What an extension brought, except what is volatile.
RESET ROLE;
CREATE EXTENSION pg_trgm SCHEMA shop;
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT shop.similarity(''word'', ''world'') > 0.3 AS near') ->> 'code' AS code;
SET ROLE steward;
SELECT flowai.extension_allow('pg_trgm') > 10 AS many;
SELECT flowai.extension_allow('pg_trgm') AS again;
SELECT flowai.extension_allow('pg_nothing');
SELECT flowai.extension_allow('flowai_runtime');
SELECT flowai.extension_allow(NULL);
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT shop.similarity(''word'', ''world'') > 0.3 AS near, ''word'' OPERATOR(shop.%) ''world'' AS alike') -> 'rows' AS rows;
SELECT flowai.execute_query('SELECT shop.set_limit(0.5)') ->> 'code' AS code;
SELECT flowai.extension_allow('pg_trgm');
RESET ROLE;
DROP EXTENSION pg_trgm;

-- ------------------------------------------------------------------------------- who may ask
RESET ROLE;
SELECT ok, code, message FROM flowai.validate_query('SELECT 1');
SELECT flowai.execute_query('SELECT 1');
SELECT ok FROM flowai.validate_query('SELECT 1', 'sqlite');
SET ROLE stranger;
SELECT flowai.execute_query('SELECT 1');
SELECT * FROM flowai.validate_query('SELECT 1');
-- No tenant is needed to read one's own tables; tenant tables are empty without one.
SET ROLE pool;
SELECT flowai.execute_query('SELECT count(*) FROM flowai.catalog_entries') -> 'rows' AS rows;
SELECT ok FROM flowai.validate_query('SELECT count(*) FROM flowai.catalog_entries');
-- Rights are the caller's.
SET ROLE acme_app;
SELECT flowai.execute_query('SELECT * FROM flowai_internal.tenants');
SELECT flowai.execute_query('SELECT rolpassword FROM pg_catalog.pg_authid');

-- ------------------------------------------------------------------------------------- sqlite
SELECT * FROM flowai.validate_query('SELECT upper(name) FROM products ORDER BY 1;', 'sqlite');
SELECT q, v.ok, v.code, v.position, v.message FROM (VALUES
    ('SELECT 1; DELETE FROM t'), ('PRAGMA writable_schema = 1'), ('ATTACH ''x'' AS y'), ('SELECT load_extension(''x'')'),
    ('WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x'), ('SELECT * FROM pragma_journal_mode'), ('SELECT * FROM t WHERE a = ?'), ('SELECT FROM WHERE'), ('')) AS t(q),
    flowai.validate_query(q, 'sqlite') v;

RESET ROLE;
SELECT last_value, is_called FROM shop.numbers;
DROP SCHEMA lab CASCADE;
DROP SCHEMA shop CASCADE;
DROP SERVER elsewhere;
DROP FOREIGN DATA WRAPPER nothing;
DROP TABLE pg_temp.products;
