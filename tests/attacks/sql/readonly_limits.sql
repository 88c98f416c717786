-- Attacks on read-only SQL: too much of everything, and names and bytes that are not what they seem.
--
-- A statement may be refused, cut, or stopped by its time; it must not take the session down, and the answer must
-- stay within its bounds: 10 rows, 64 kB, 8 kB a value here.
\set ECHO none
\getenv sources PG_ABS_SRCDIR
\set fixture :sources /fixtures/readonly.psql
\i :fixture
\connect - postgres
ALTER ROLE acme_app IN DATABASE :"DBNAME" SET flowai.query_max_bytes = '64kB';
ALTER ROLE acme_app IN DATABASE :"DBNAME" SET flowai.query_max_cell_bytes = '8kB';
ALTER ROLE acme_app IN DATABASE :"DBNAME" SET flowai.query_max_memory = '200MB';
ALTER ROLE acme_app IN DATABASE :"DBNAME" SET temp_file_limit = '20MB';
CREATE TABLE arena.limits (id int PRIMARY KEY, tries text NOT NULL, sql text NOT NULL, time interval NOT NULL DEFAULT '30 s');
GRANT ALL ON arena.limits TO PUBLIC;
\connect - acme_app

INSERT INTO arena.limits (id, tries, sql) VALUES
-- Rows, bytes, values.
(1, 'more rows than wanted', 'SELECT generate_series(1, 1000000000)'), (2, 'rows without end', 'WITH RECURSIVE r(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM r) SELECT i FROM r'), (3, 'rows without columns', 'SELECT FROM generate_series(1, 1000000)'),
(4, 'a value too large', $$SELECT repeat('x', 9000) AS v$$), (6, 'a value that cannot be', $$SELECT repeat('x', 2000000000) AS v$$), (7, 'values that together are too large', $$SELECT repeat('x', 8000) AS v FROM generate_series(1, 10)$$), (8, 'columns that together are too large', 'SELECT ' || (SELECT string_agg(format('repeat(''x'', 8000) AS c%s', i), ', ') FROM generate_series(1, 200) i)),
(9, 'a value that grows as JSON', $$SELECT repeat(chr(1), 2000) AS v$$), (10, 'an array of many elements', 'SELECT array_agg(i) AS v FROM generate_series(1, 100000) i'), (11, 'an array of many dimensions', $$SELECT array_fill(1, ARRAY[20, 20, 20, 20]) AS v$$), (12, 'a row of large values', $$SELECT ROW(repeat('x', 8000), repeat('y', 8000)) AS v$$), (13, 'JSON too large', $$SELECT jsonb_agg(repeat('x', 100)) AS v FROM generate_series(1, 1000)$$), (14, 'bytes, which double as text', $$SELECT decode(repeat('00', 5000), 'hex') AS v$$), (15, 'a number too long', $$SELECT repeat('9', 20000)::numeric AS v$$),
(16, 'names of columns that are too large', 'SELECT ' || (SELECT string_agg(format('%s AS "%s"', i, repeat(chr(1), 62)), ', ') FROM generate_series(1, 800) i)), (17, 'an error that quotes a large value', $$SELECT repeat('x', 1000000)::int$$), (18, 'an error that quotes another', $$SELECT ('{"a": ' || repeat('x', 1000000))::jsonb$$), (19, 'as many columns as there can be', 'SELECT ' || (SELECT string_agg(i::text, ', ') FROM generate_series(1, 1665) i)), (20, 'the same name a thousand times', 'SELECT ' || (SELECT string_agg('1 AS a', ', ') FROM generate_series(1, 1000) i)),
-- Time.
(31, 'counting for ever', 'SELECT count(*) FROM (SELECT generate_series(1, 100000000000)) x'), (32, 'recursion for ever', 'WITH RECURSIVE r(i) AS (VALUES (1) UNION ALL SELECT i FROM r) SELECT count(*) FROM r'), (33, 'every row with every row', 'SELECT count(*) FROM pg_proc a, pg_proc b, pg_proc c'), (34, 'every row with every row, and a condition that is never true', 'SELECT 1 FROM pg_proc a, pg_proc b, pg_proc c WHERE a.oid::bigint + b.oid::bigint + c.oid::bigint < 0'),
(36, 'a pattern that tries everything', $$SELECT repeat('a', 60000) ~ '^(a|a?){60}(a|b|ab)*c$' OR repeat('ab', 400000) ~ '(.*)(.*)(.*)(.*)(.*)\1\2\3\4x'$$), (37, 'replace in a long text', $$SELECT length(replace(repeat('ab', 200000000), 'a', 'cc'))$$), (38, 'a path into everything', $$SELECT count(*) FROM jsonb_path_query((repeat('[', 600) || repeat(']', 600))::jsonb, '$.**.**.**')$$), (39, 'a large factorial', 'SELECT length(factorial(30000)::text) + length(factorial(30001)::text) + length(factorial(30002)::text) + length(factorial(30003)::text)'), (40, 'a plan for sixty tables', 'SELECT count(*) FROM ' || (SELECT string_agg(format('pg_class t%s', i), ' NATURAL JOIN ') FROM generate_series(1, 300) i)), (41, 'the largest cube', 'SELECT count(*) FROM pg_class a GROUP BY CUBE (' || (SELECT string_agg(format('a.oid::int + %s', i), ', ') FROM generate_series(1, 12) i) || ')'), (42, 'while the text is analysed', $$SELECT 1 WHERE 'x' IN ('$$ || (SELECT string_agg(i::text, ''', ''') FROM generate_series(1, 8000) i) || $$')$$),
(45, 'memory: an array without end', 'SELECT array_agg(i) FROM (SELECT generate_series(1, 1000000000) i) x'), (46, 'memory: a text without end', 'SELECT string_agg(i::text, '','') FROM (SELECT generate_series(1, 1000000000) i) x'), (47, 'memory: a thousand long texts', 'SELECT length(concat(' || (SELECT string_agg('repeat(''x'', 50000000)', ', ') FROM generate_series(1, 99)) || '))'), (48, 'memory: JSON without end', 'SELECT jsonb_object_agg(i, i) FROM (SELECT generate_series(1, 1000000000) i) x'),
(43, 'a sort that goes to disk', 'SELECT count(*) FROM (SELECT repeat(md5(i::text), 20) FROM generate_series(1, 2000000) i ORDER BY 1) x'), (44, 'rows kept on disk', $$SELECT count(*) FROM (SELECT * FROM generate_series(1, 10000000) i OFFSET 0) a, generate_series(1, 2) b$$),
-- Depth and size of the text.
(51, 'parentheses', 'SELECT ' || repeat('(', 30000) || '1' || repeat(')', 30000)), (52, 'calls', 'SELECT ' || repeat('abs(', 10000) || '1' || repeat(')', 10000)), (53, 'signs', 'SELECT ' || repeat('- ', 30000) || '1'), (54, 'NOT', 'SELECT ' || repeat('NOT ', 15000) || 'true'), (55, 'subqueries', 'SELECT ' || repeat('(SELECT ', 6000) || '1' || repeat(')', 6000)), (56, 'subqueries in FROM', repeat('SELECT * FROM (', 1500) || 'SELECT 1' || repeat(') x', 1500)), (58, 'WITH in WITH', repeat('WITH a AS (', 1200) || 'SELECT 1' || repeat(') SELECT * FROM a', 1200)), (59, 'UNION', 'SELECT 1' || repeat(' UNION SELECT 1', 4000)), (60, 'UNION ALL', 'SELECT 1' || repeat(' UNION ALL SELECT 1', 3000)), (61, 'casts', 'SELECT 1' || repeat('::int', 12000)), (62, 'arrays', 'SELECT ' || repeat('ARRAY[', 5000) || '1' || repeat(']', 5000)), (63, 'rows', 'SELECT ' || repeat('ROW(', 8000) || '1' || repeat(')', 8000)), (64, 'CASE', 'SELECT ' || repeat('CASE WHEN true THEN ', 2400) || '1' || repeat(' END', 2400)), (65, 'concatenation', 'SELECT ' || repeat('''a'' || ', 8000) || '''a'''), (66, 'EXISTS', 'SELECT 1 WHERE ' || repeat('EXISTS (SELECT 1 WHERE ', 1200) || 'true' || repeat(')', 1200)), (67, 'joins', 'SELECT 1 FROM ' || repeat('(', 1500) || '(SELECT 1) a0' || (SELECT string_agg(format(' CROSS JOIN (SELECT 1) a%s)', i), '') FROM generate_series(1, 1500) i)), (68, 'grouping sets', 'SELECT 1 FROM pg_class GROUP BY ' || (SELECT string_agg('CUBE (relname, oid)', ', ') FROM generate_series(1, 200))), (69, 'a text too long', 'SELECT ''' || repeat('x', 65530) || ''''), (70, 'JSON in JSON', $$SELECT (repeat('[', 200000) || repeat(']', 200000))::json$$), (71, 'JSON paths', $$SELECT ('$' || repeat('[0]', 200000))::jsonpath IS NULL$$), (72, 'a search for not not not', $$SELECT (repeat('!', 60000) || 'a')::tsquery IS NULL$$), (73, 'a search in parentheses', $$SELECT (repeat('(', 60000) || 'a')::tsquery IS NULL$$), (74, 'a pattern in parentheses', $$SELECT 'a' ~ (repeat('(', 50000) || 'a' || repeat(')', 50000))$$), (75, 'XML in XML', $$SELECT length((repeat('<a>', 100000) || repeat('</a>', 100000))::xml::text)$$), (76, 'XML that multiplies', $$SELECT length(xmlparse(document '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;"><!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;">]><a>&g;&g;</a>')::text)$$), (79, 'an array out of bounds', $$SELECT array_fill(1, ARRAY[2147483647])$$), (80, 'a bit string without end', $$SELECT repeat('1', 30000000)::varbit << 1 IS NULL, bit_length(repeat('1', 50000000)::varbit)$$), (81, 'a precision out of bounds', $$SELECT 10::numeric ^ 1000000$$), (82, 'formats', $$SELECT format('%100000000s', 'x')$$), (83, 'padding', $$SELECT lpad('x', 2000000000)$$);
UPDATE arena.limits SET time = '200 ms' WHERE id BETWEEN 31 AND 41;
CREATE VIEW lab.limited AS
SELECT id, tries, octet_length(e::text) <= 2 * 65536 AS small, CASE WHEN e ? 'rows' THEN (e ->> 'row_count') || CASE WHEN (e ->> 'truncated')::boolean THEN ', cut' ELSE '' END END AS rows, e ->> 'code' AS code, left(e ->> 'error', 90) AS error
FROM arena.limits, LATERAL (SELECT flowai.execute_query(sql, 10, time) AS e) x;
CREATE FUNCTION lab.tried(n int, t interval) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN flowai.execute_query('SELECT 1', n, t) ->> 'rows';
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN SQLERRM;
END $$;
\i :remember
SELECT * FROM lab.limited WHERE id NOT IN (36, 37, 38, 39, 41, 80) ORDER BY id;
-- One end or another, whichever comes first on this machine.
SELECT id, tries, small, code IN ('57014', '2201B', '54000', '53200') OR rows IS NOT NULL AS ended FROM lab.limited WHERE id IN (36, 37, 38, 39, 41, 80) ORDER BY id;
-- The time of a caller counts too, in whichever order they end.
SET statement_timeout = '200ms';
SELECT flowai.execute_query('SELECT count(*) FROM (SELECT generate_series(1, 100000000000)) x', 10, '10 s');
DO $$
DECLARE
    result jsonb;
BEGIN
    BEGIN
        result := flowai.execute_query('SELECT count(*) FROM (SELECT generate_series(1, 100000000000)) x', 10, '10 s');
    EXCEPTION WHEN query_canceled THEN
        RAISE WARNING 'the caller''s time was over';
    END;
    RAISE WARNING '%', flowai.execute_query('SELECT 1 AS "usable again"') -> 'rows';
END $$;
RESET statement_timeout;
DO $$
BEGIN
    FOR i IN 1..3 LOOP
        RAISE WARNING '%', flowai.execute_query('SELECT count(*) FROM (SELECT generate_series(1, 100000000000)) x', 10, '20 ms') ->> 'code';
    END LOOP;
    PERFORM 1 / 0;
EXCEPTION WHEN division_by_zero THEN
    RAISE WARNING '%', flowai.execute_query('SELECT 1 AS "usable again"') -> 'rows';
END $$;
SELECT tries, e FROM (VALUES ('no rows', 0, interval '1 s'), ('fewer', -1, '1 s'), ('more than there may be', 10001, '1 s'), ('no time', 1, '0'), ('less', 1, '-1 s'), ('a month', 1, '1 month'), ('for ever', 1, '292000 years')) v(tries, n, t), LATERAL (SELECT lab.tried(n, t) AS e) x;
SELECT * FROM arena.damage_to_session;

\echo names and bytes
SELECT tries, e ->> 'code' AS code, left(e ->> 'error', 90) AS error, e -> 'columns' AS columns, e -> 'rows' AS rows FROM (VALUES
    (1, 'a NUL in a string', $$SELECT U&'\0000'$$), (2, 'in an E string', $$SELECT E'\000'$$), (3, 'by chr', $$SELECT chr(0)$$), (4, 'in JSON', $$SELECT '{"a": "\u0000"}'::jsonb$$), (5, 'in JSON text', $$SELECT '{"a": "\u0000"}'::json$$), (6, 'bytes that are not UTF-8', $$SELECT E'\xff'$$), (7, 'made from bytes', $$SELECT convert_from('\xff', 'UTF8')$$), (8, 'made from bytes of no encoding', $$SELECT convert_from('\xff', 'SQL_ASCII')$$), (9, 'half a pair', $$SELECT U&'\D83D'$$), (10, 'a pair', $$SELECT U&'\D83D\DE00' AS "x"$$), (11, 'beyond the last character', $$SELECT U&'\+110000'$$), (12, 'half a pair in JSON', $$SELECT '"\ud83d"'::jsonb$$), (13, 'half a pair in JSON text', $$SELECT '"\ud83d"'::json$$),
    (14, 'a column that runs backwards', $$SELECT 1 AS U&"\202Etxen"$$), (15, 'columns that look alike', $$SELECT 1 AS a, 2 AS U&"\0430"$$), (16, 'a column with quotes and breaks', E'SELECT 1 AS "a""b\\c\nd", 2 AS "{}"'), (17, 'a column named like the answer''s own', $$SELECT 1 AS rows, 2 AS error, 3 AS code, 4 AS truncated$$), (18, 'a column named like a renamed one', $$SELECT 1 AS a, 2 AS a_2, 3 AS a, 4 AS a_3, 5 AS a$$), (19, 'no name', $$SELECT 1, 2$$), (20, 'a name cut in the middle of a letter', 'SELECT 1 AS "' || repeat('ä', 40) || '"'), (21, 'empty', $$SELECT '' AS "x", NULL AS "y"$$), (22, 'a zero-length name', $$SELECT 1 AS ""$$), (23, 'JSON with a key twice', $$SELECT '{"a": 1, "a": 2}'::json AS j$$), (24, 'numbers that JSON has not', $$SELECT 'NaN'::float8 AS a, '-Infinity'::float4 AS b, 'Infinity'::numeric AS c, 'infinity'::date AS d$$), (25, 'numbers that others round', $$SELECT 9007199254740993 AS a, 0.1::float8 + 0.2 AS b, 1e-320::float8 AS c$$), (26, 'too large a number', $$SELECT 1e308::float8 * 1e10$$), (27, 'a text that is JSON', $$SELECT '{"error": "x"}' AS error$$),
    (28, 'XML that reads a file', $$SELECT xmlparse(document '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>') AS x$$), (29, 'XML with definitions elsewhere', $$SELECT xmlparse(document '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>') AS x$$), (30, 'XML that asks the network', $$SELECT xmlparse(content '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>') AS x$$)) AS v(id, tries, sql), LATERAL (SELECT flowai.execute_query(sql) AS e) x ORDER BY v.id;

\echo errors that tell what one may not read
SELECT tries, e ->> 'code' AS code, e ->> 'error' AS error, e ->> 'hint' AS hint, e -> 'rows' AS rows FROM (VALUES
    (1, 'a cast that quotes the value', $$SELECT secret::int FROM shop.secrets$$), (2, 'and in a condition that runs early', $$SELECT 1 FROM shop.secrets WHERE secret::int = 1$$), (3, 'a division that depends on it', $$SELECT 1 / (length(secret) - 6) FROM shop.secrets$$), (4, 'of a closed table', $$SELECT secret::int FROM shop.closed$$), (5, 'of the other tenant', $$SELECT content::int FROM flowai.catalog_entries$$), (6, 'and in a condition', $$SELECT 1 FROM flowai.catalog_entries WHERE 1 / (CASE WHEN content LIKE '%secret%' THEN 0 ELSE 1 END) = 1$$), (7, 'and in the partition', $$SELECT content FROM flowai_internal.catalog_entries_00$$), (8, 'a name that is nearly right', $$SELECT secrt FROM shop.closed$$), (9, 'names of a closed schema', $$SELECT * FROM flowai_internal.tenants$$), (10, 'by its number', $$SELECT * FROM flowai_internal.tenant_keys$$), (11, 'whether a role exists', $$SELECT 'nobody_here'::regrole$$), (12, 'a view over what is closed', $$SELECT * FROM shop.secrets_by_owner$$), (13, 'statistics', $$SELECT most_common_vals FROM pg_stats WHERE tablename ~ 'catalog_entries|secrets|closed|tenant'$$), (14, 'a set-returning error', $$SELECT jsonb_array_elements(to_jsonb(s)) FROM shop.secrets s$$), (15, 'a unique value twice', $$SELECT json_object_agg(1, secret) FROM shop.secrets$$), (16, 'the rows of another, inherited', $$SELECT * FROM ONLY flowai.catalog_entries$$), (17, 'large objects', $$SELECT * FROM pg_largeobject$$)) AS v(id, tries, sql), LATERAL (SELECT flowai.execute_query(sql) AS e) x ORDER BY v.id;
\connect - postgres
SET client_min_messages = error;
SELECT * FROM arena.damage_to_database;
