-- Attacks on read-only SQL: functions of the server that go on for minutes without looking whether they should stop.
--
-- Nothing ends such a call once it has begun, so it must not begin: the answer is 54000, whichever way leads to the
-- function, or a refusal where no stand-in can look at the arguments first. Each of these would take from ten seconds
-- to hours. What people write with the same functions must give what it gives without a guard.
\set ECHO none
\getenv sources PG_ABS_SRCDIR
\set fixture :sources /fixtures/readonly.psql
\i :fixture
SET client_min_messages = error;
CREATE TABLE lab.long (id int, a text, b text, i int[], j int[], d jsonb, e jsonb, t text[]);
INSERT INTO lab.long SELECT 1, repeat('a', 300000), repeat('b', 300000), (SELECT array_agg(n) FROM generate_series(1, 60000) n), (SELECT array_agg(-n) FROM generate_series(1, 60000) n),
    (SELECT jsonb_agg(n) FROM generate_series(1, 60000) n), (SELECT jsonb_agg(60001 - n) FROM generate_series(1, 60000) n), (SELECT array_agg((-n)::text) FROM generate_series(1, 60000) n);
CREATE TABLE lab.short (id int PRIMARY KEY, name text, tags text[], doc jsonb);
INSERT INTO lab.short SELECT n, ' name ' || n || ';', ARRAY['t' || n % 7, 't' || n % 3], jsonb_build_object('k', n % 5) FROM generate_series(1, 5000) n;
CREATE INDEX ON lab.short USING gin (tags);
ANALYZE lab.short;
CREATE DOMAIN lab.trimmed AS text CHECK (VALUE = btrim(VALUE, ' ') AND VALUE LIKE '%@%');
CREATE DOMAIN lab.endless AS text CHECK (translate(repeat(VALUE, 300000), repeat('b', 300000), '') IS NOT NULL);
CREATE TABLE lab.plain (n int, q text);
CREATE VIEW lab.endless_view AS SELECT strpos(a, 'b' || a) AS p FROM lab.long;
CREATE FUNCTION lab.endless(text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT strpos($1, ''b'' || $1)';
CREATE FUNCTION lab.endless_too(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN strpos($1, ''b'' || $1); END';
GRANT USAGE ON SCHEMA lab TO steward;
\connect - steward
SELECT flowai.function_allow('lab.endless(text)'), flowai.function_allow('lab.endless_too(text)') \g /dev/null
\connect - acme_app
SET client_min_messages = warning;
INSERT INTO arena.attacks VALUES
(1, 'translate', $$SELECT length(translate(repeat('a', 300000), repeat('b', 300000), ''))$$), (2, 'btrim', 'SELECT length(btrim(a, b || ''a'')) FROM lab.long'), (3, 'ltrim', 'SELECT length(ltrim(a, b || ''a'')) FROM lab.long'), (4, 'rtrim', 'SELECT length(rtrim(a, b || ''a'')) FROM lab.long'), (5, 'trim of bytes', $$SELECT length(btrim(repeat('a', 300000)::bytea, (repeat('b', 300000) || 'a')::bytea))$$), (6, 'TRIM in words', 'SELECT length(TRIM(BOTH b || ''a'' FROM a)) FROM lab.long'),
(7, 'strpos', 'SELECT strpos(a, ''b'' || a) FROM lab.long'), (8, 'position', 'SELECT position(''b'' || a IN a || a) FROM lab.long'), (9, 'replace', 'SELECT length(replace(a || a, ''b'' || a, '''')) FROM lab.long'), (10, 'split_part', 'SELECT length(split_part(a || a, ''b'' || a, 2)) FROM lab.long'), (11, 'string_to_array', 'SELECT cardinality(string_to_array(a || a, ''b'' || a)) FROM lab.long'), (12, 'string_to_table', 'SELECT count(*) FROM lab.long, string_to_table(a || a, ''b'' || a)'), (13, 'with a null string', 'SELECT cardinality(string_to_array(a || a, ''b'' || a, ''x'')) FROM lab.long'),
(14, 'LIKE', 'SELECT a LIKE ''%'' || a || ''b%'' FROM lab.long'), (15, 'NOT LIKE', 'SELECT a NOT LIKE ''%'' || a || ''b%'' FROM lab.long'), (16, 'NOT in front', 'SELECT NOT (a LIKE ''%'' || a || ''b%'' OR id = 2) FROM lab.long'), (17, 'ILIKE', 'SELECT a ILIKE ''%'' || a || ''b%'' FROM lab.long'), (18, 'LIKE ANY', 'SELECT a LIKE ANY (ARRAY[''x'', ''%'' || a || ''b%'']) FROM lab.long'), (19, 'NOT LIKE ANY', 'SELECT NOT a LIKE ANY (ARRAY[''x'', ''%'' || a || ''b%'']) FROM lab.long'), (20, 'LIKE ALL, deep in NOT', 'SELECT NOT (id = 2 OR a LIKE ALL (ARRAY[''%'' || a || ''b%''])) FROM lab.long'), (21, 'its function', 'SELECT textlike(a, ''%'' || a || ''b%''), "like"(a, ''%'' || a || ''b%'') FROM lab.long'), (22, 'LIKE of a constant', $$SELECT repeat('a', 300000) LIKE '%' || repeat('a', 150000) || 'b%'$$), (23, 'in a condition', 'SELECT 1 FROM lab.long WHERE a LIKE ''%'' || a || ''b%'''), (24, 'of character', 'SELECT a::bpchar LIKE ''%'' || a || ''b%'' FROM lab.long'),
(31, 'array in an array', 'SELECT i <@ j FROM lab.long'), (32, 'the other way round', 'SELECT j @> i FROM lab.long'), (33, 'arrays that meet', 'SELECT i && j FROM lab.long'), (34, 'in a join', 'SELECT 1 FROM lab.long x JOIN lab.long y ON x.i && y.j'), (35, 'in a condition', 'SELECT 1 FROM lab.long WHERE NOT i <@ j'), (36, 'by its function', 'SELECT arraycontained(i, j) FROM lab.long'), (37, 'jsonb in jsonb', 'SELECT d @> e FROM lab.long'), (38, 'the other way round', 'SELECT d <@ e FROM lab.long'), (39, 'any key', 'SELECT (SELECT jsonb_agg(x::text) FROM unnest(i) x) ?| t FROM lab.long'), (40, 'all keys', 'SELECT (SELECT jsonb_agg((-x)::text) FROM unnest(i) x) ?& t FROM lab.long'), (41, 'delete keys', 'SELECT jsonb_array_length((SELECT jsonb_agg(x::text) FROM generate_series(1, 300000) x) - (SELECT array_agg((-x)::text) FROM generate_series(1, 300000) x))'),
(51, 'normalize', $$SELECT length(normalize(repeat(U&'\0301', 60000) || repeat(U&'\0323', 60000)))$$), (52, 'paths', $$SELECT p <-> p FROM (SELECT ('[' || string_agg('(' || n || ',0)', ',') || ']')::path AS p FROM generate_series(1, 20000) n) x$$), (53, 'polygons', $$SELECT p <-> '((1,1),(2,2),(1,2))', p <-> q FROM (SELECT ('(' || string_agg('(' || n || ',0)', ',') || ')')::polygon AS p, ('(' || string_agg('(' || n || ',9)', ',') || ')')::polygon AS q FROM generate_series(1, 20000) n) x$$), (54, 'rank', $$SELECT ts_rank(string_agg('w' || n || ':' || p, ' ')::tsvector, string_agg('w' || n, ' & ')::tsquery) FROM generate_series(1, 400) n, (SELECT string_agg(i::text, ',') AS p FROM generate_series(1, 255) i) x$$), (55, 'XPath', $$SELECT xpath('count(/r/a/following-sibling::a)', ('<r>' || repeat('<a/>', 20000) || '</r>')::xml)$$), (56, 'XPath exists', $$SELECT xpath_exists('/r/a[//a[//a/b]]', ('<r>' || repeat('<a/>', 20000) || '</r>')::xml)$$), (57, 'XMLEXISTS', $$SELECT xmlexists('/r/a/following-sibling::a/following-sibling::b' PASSING (('<r>' || repeat('<a/>', 20000) || '</r>')::xml))$$),
(58, 'parts of a JSON document', $$SELECT jsonb_path_exists(d || e, '$ ? (@[*] == @[*].a || @[*] < @[*])') FROM lab.long$$), (59, 'with an operator', $$SELECT (d || e) @@ '$[*] < $[*]' FROM lab.long$$), (60, 'with a variable', $$SELECT count(*) FROM lab.long, jsonb_path_query('1', '$ ? ($v[*] < $v[*])', jsonb_build_object('v', d || e))$$), (71, 'XMLTABLE', $$SELECT count(*) FROM xmltable('/r/a/following-sibling::a' PASSING (('<r>' || repeat('<a/>', 20000) || '</r>')::xml) COLUMNS a text PATH '.')$$), (72, 'a column of it', $$SELECT count(*) FROM xmltable('/r/a' PASSING (('<r>' || repeat('<a/>', 20000) || '</r>')::xml) COLUMNS a text PATH 'count(//a[//a])')$$), (73, 'its path from elsewhere', $$SELECT count(*) FROM lab.short s, xmltable(s.name PASSING ('<r/>'::xml) COLUMNS a text PATH '.')$$),
(61, 'a view', 'SELECT * FROM lab.endless_view'), (62, 'an allowed function in SQL', 'SELECT lab.endless(a) FROM lab.long'), (63, 'an allowed function', 'SELECT lab.endless_too(a) FROM lab.long'), (64, 'an allowed function of a constant', $$SELECT lab.endless_too(repeat('a', 300000))$$), (65, 'the check of a domain', $$SELECT 'a'::lab.endless$$), (66, 'and inside an array, while it is read', $$SELECT '{a}'::lab.endless[]$$), (67, 'in an ORDER BY', 'SELECT id FROM lab.long ORDER BY strpos(a, ''b'' || a)'), (68, 'in a FILTER', 'SELECT count(*) FILTER (WHERE strpos(a, ''b'' || a) = 1) FROM lab.long');
\i :remember
SELECT id, tries, code, error, rows FROM arena.outcomes ORDER BY id;
SELECT * FROM arena.damage_to_session;
\echo what people write
INSERT INTO lab.plain VALUES
(1, $$SELECT translate('a-b_c', '-_', '  ') AS t, btrim(name, ' ;') AS b, btrim(name) AS c, ltrim('xxa', 'x') AS l, rtrim('axx', 'x') AS r FROM lab.short WHERE id = 7$$),
(2, $$SELECT strpos(name, 'me') AS s, position(';' IN name) AS p, replace(name, 'name', 'x') AS r, split_part(name, ' ', 2) AS sp, string_to_array(btrim(name, ' ;'), ' ') AS a, string_to_array(NULL, ',') AS n, string_to_array('a,b', NULL) AS c FROM lab.short WHERE id = 8$$),
(3, $$SELECT count(*) FROM lab.short WHERE name LIKE ' name 1%' AND name NOT LIKE '%9;' AND NOT (name ILIKE '%2_;' OR name LIKE '%' || id % 3 || ';')$$),
(4, $$SELECT count(*) FILTER (WHERE name LIKE ANY ('{"% 1%","%5;"}')) AS some, count(*) FILTER (WHERE NOT name LIKE ANY (ARRAY['% 1%', '%' || id || '%'])) AS none, count(*) FILTER (WHERE name NOT LIKE ALL (ARRAY['%1%', '%2%'])) AS no FROM lab.short$$),
(5, $$SELECT count(*) FILTER (WHERE tags @> '{t1}') AS a, count(*) FILTER (WHERE '{t2,t6}' <@ tags) AS b, count(*) FILTER (WHERE tags && ARRAY['t5']) AS c, count(*) FILTER (WHERE NOT tags <@ '{t1,t2}') AS d FROM lab.short$$),
(6, $$SELECT count(*) FROM lab.short WHERE '{t6,t0}' <@ tags$$), (7, $$SELECT count(*) FROM lab.short a JOIN lab.short b ON a.tags @> b.tags WHERE b.id <= 5$$), (8, $$SELECT count(*) FROM lab.short a WHERE EXISTS (SELECT FROM lab.short b WHERE b.id < 4 AND a.tags <@ b.tags)$$),
(9, $$SELECT count(*) FILTER (WHERE doc @> '{"k": 1}') AS a, count(*) FILTER (WHERE '{"k": 2}' <@ doc) AS b, count(*) FILTER (WHERE doc ?| '{k,l}') AS c, count(*) FILTER (WHERE doc ?& '{k,l}') AS d, min((doc - '{k}'::text[])::text) AS e FROM lab.short$$),
(10, $$SELECT normalize(U&'a\0308') = 'ä' AS n, U&'a\0308' IS NFC NORMALIZED AS i, xpath('//a/text()', '<r><a>1</a><a>2</a></r>')::text AS x, xmlexists('//a' PASSING ('<r><a/></r>'::xml)) AS e, ts_rank('a:1 b:2'::tsvector, 'a & b') > 0 AS r, path '((0,0),(1,1))' <-> path '((3,3),(4,4))' AS d$$),
(11, $$SELECT s LIKE 'a%' AS a, s NOT LIKE '%z' AS b FROM (VALUES ('abc')) v(s)$$), (16, $$SELECT jsonb_path_query_array('[1,2,3]', '$[*] ? (@ > 1)') AS a, '{"a": 1}'::jsonb @? '$.a ? (@ == 1)' AS e, jsonb_path_match('[1,2]', '$[0] < $[1]') AS m, jsonb_path_query_first('{"b": "x"}', '$.b') AS f$$), (17, $$SELECT p FROM jsonb_path_query('[1,2,3]', '$[*] ? (@ > $x)', '{"x": 1}') AS p ORDER BY p$$), (18, $$SELECT a, b FROM xmltable('//i' PASSING ('<r id="7"><i>1</i><i>2</i></r>'::xml) COLUMNS a int PATH '.', b text PATH '../@id')$$),
(12, $$SELECT t FROM string_to_table('a,b,*', ',', '*') AS t$$), (13, $$SELECT 'a@b'::lab.trimmed AS t, count(*) AS n FROM lab.short WHERE name LIKE NULL$$), (14, $$SELECT x FROM unnest(ARRAY['a%', 'b']) x WHERE x LIKE x ESCAPE '!' AND x SIMILAR TO '(a|b)%' ORDER BY x$$), (15, $$SELECT table_name FROM information_schema.tables WHERE table_schema LIKE 'lab' AND table_name LIKE '%ong'$$);
DO $$
DECLARE
    item record;
    here jsonb;
    guarded jsonb;
BEGIN
    FOR item IN SELECT * FROM lab.plain ORDER BY n LOOP
        EXECUTE format('SELECT coalesce(jsonb_agg(to_jsonb(plain_row)), ''[]'') FROM (%s) plain_row', item.q) INTO here;
        guarded := flowai.execute_query(item.q, 100, '20 s');
        RAISE WARNING '% %', item.n, CASE WHEN guarded -> 'rows' = here THEN 'same' ELSE format('plain %s, guarded %s', here, guarded) END;
    END LOOP;
END $$;
SET enable_seqscan = off;
SELECT flowai.execute_query(q, 100, '20 s') ->> 'rows' AS "with the index" FROM lab.plain WHERE n BETWEEN 5 AND 8 ORDER BY n;
RESET enable_seqscan;
\connect - postgres
SET client_min_messages = error;
SELECT * FROM arena.damage_to_database WHERE what <> 'lab.plain';
