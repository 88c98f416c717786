-- Real queries, third part: what analysts and models write, construct by construct. Each must be let through,
-- and return what the role itself is given without the guard.
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA w;
SET search_path = w;
CREATE TABLE staff (id int PRIMARY KEY, name text NOT NULL, boss int REFERENCES staff, unit text, pay numeric(10,2), hired date, skills text[], contact jsonb, shift int4range, "Desk No." text);
COMMENT ON TABLE staff IS 'Who works here.';
INSERT INTO staff VALUES
    (1, 'Ada', NULL, 'board', 900, '2010-01-15', '{lead,math}', '{"mail": "ada@x.test", "phones": [{"kind": "home", "no": "1"}, {"kind": "work", "no": "2"}], "tags": ["a", "b"]}', '[8,17)', 'A-1'),
    (2, 'Bo', 1, 'sales', 500, '2012-05-01', '{talk,math}', '{"mail": "bo@x.test", "phones": [], "tags": []}', '[9,18)', 'B-1'),
    (3, 'Cy', 1, 'tech', 700, '2013-02-11', '{code,math}', '{"mail": null, "age": 41.5}', '[7,15)', 'B-2'),
    (4, 'Di', 2, 'sales', 300, '2019-11-30', '{talk}', NULL, NULL, NULL),
    (5, 'Ed', 3, 'tech', 400, '2020-02-29', NULL, '{"phones": [{"kind": "work", "no": "5"}]}', '[22,24)', 'C-1'),
    (6, 'Flo', 3, 'tech', 400, '2021-07-04', '{}', '{"nested": {"deep": {"er": [1, 2, {"x": "y"}]}}}', 'empty', 'C-2'),
    (7, 'Gus', 6, 'tech', 250, '2024-03-01', '{code,talk,lead}', '{"mail": "gus@x.test"}', '(,12)', 'é "q"');
CREATE TABLE visits (at timestamptz, page text, ms int, visitor int, bounds int4multirange DEFAULT '{}');
INSERT INTO visits SELECT timestamptz '2024-03-30 22:00Z' + i * interval '37 minutes', (ARRAY['home', 'price', 'help'])[i % 3 + 1], (i * 53) % 400, i % 7, int4multirange(int4range(i, i + 3), int4range(i + 5, i + 6)) FROM generate_series(0, 79) i;
CREATE TABLE edges (a int, b int, cost float8);
INSERT INTO edges VALUES (1, 2, 1), (2, 3, 2.5), (3, 1, 1), (3, 4, 4), (4, 5, 0.5), (1, 5, 20);
CREATE TABLE notes (id int PRIMARY KEY, body text, tsv tsvector GENERATED ALWAYS AS (to_tsvector('english', body)) STORED);
INSERT INTO notes VALUES (1, 'The quick brown foxes jumped over the lazy dogs.'), (2, 'Databases store rows; indexes find them quickly.'), (3, 'A dog and a database: an unlikely pair.');
CREATE TABLE points (x float8, y float8);
INSERT INTO points SELECT i, 3 * i + i % 4 FROM generate_series(1, 20) i;
CREATE VIEW payroll AS SELECT unit, sum(pay) AS total, count(*) AS heads FROM staff GROUP BY unit;
CREATE MATERIALIZED VIEW pages AS SELECT page, count(*) AS n FROM visits GROUP BY page;
CREATE TYPE mood AS ENUM ('low', 'fine', 'high');
CREATE TYPE place AS (street text, no int);
CREATE TYPE span AS RANGE (subtype = timestamptz);
CREATE DOMAIN short AS text CHECK (length(VALUE) < 10);
CREATE TABLE odd (m mood, p place, s span, d short, ms mood[], b bytea, u uuid, n inet, mac macaddr, bits varbit, money money, x xml, iv interval, tt timetz);
INSERT INTO odd VALUES ('fine', ROW('Elm', 3), '[2024-01-01 00:00Z,2024-02-01 00:00Z)', 'abc', '{low,high}', '\x00ff', '00000000-0000-0000-0000-000000000001', '10.0.0.0/8', '08:00:2b:01:02:03', B'101', 12.5, '<a>1</a>', '1 mon 2 days 03:00', '12:00+02');
CREATE TABLE parted (k int, v text) PARTITION BY LIST (k);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
INSERT INTO parted VALUES (1, 'one'), (2, 'two');
ANALYZE staff, visits, edges, notes, points, odd, parted;
GRANT USAGE ON SCHEMA w TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA w TO PUBLIC;

CREATE SCHEMA real AUTHORIZATION acme_app;
SET ROLE acme_app;
-- Through the guard, and straight; "straight" is another text for what cannot stand in parentheses as it is.
CREATE FUNCTION real.compare(sql text, plain text, OUT rows int, OUT same boolean, OUT error text) LANGUAGE plpgsql AS $$
DECLARE
    guarded jsonb := flowai.execute_query(sql, 1000);
    straight jsonb;
BEGIN
    EXECUTE 'SELECT jsonb_agg(to_jsonb(one_row)) FROM (' || coalesce(plain, rtrim(sql, E'; \n')) || ') one_row' INTO straight;
    rows := guarded ->> 'row_count';
    same := guarded -> 'rows' = coalesce(straight, '[]');
    error := guarded ->> 'error';
END $$;
CREATE TABLE real.queries (id int PRIMARY KEY, about text, sql text, plain text);
INSERT INTO real.queries VALUES
-- Windows.
(1, 'row_number, rank, dense_rank, ntile', $$SELECT name, row_number() OVER w, rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w, ntile(3) OVER w FROM staff WINDOW w AS (ORDER BY pay DESC, id)$$, NULL),
(2, 'lag, lead, first, last, nth', $$SELECT name, lag(pay) OVER w, lead(pay, 2, 0.0) OVER w, first_value(name) OVER w, last_value(name) OVER w, nth_value(name, 2) OVER w FROM staff WINDOW w AS (PARTITION BY unit ORDER BY hired ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) ORDER BY unit, hired$$, NULL),
(3, 'RANGE with an interval', $$SELECT at, count(*) OVER (ORDER BY at RANGE BETWEEN interval '2 hours' PRECEDING AND CURRENT ROW) AS busy FROM visits ORDER BY at LIMIT 20$$, NULL),
(4, 'GROUPS and EXCLUDE', $$SELECT id, pay, sum(pay) OVER (ORDER BY pay GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES) FROM staff ORDER BY id$$, NULL),
(5, 'window over aggregate, moving average', $$SELECT date_trunc('day', at) AS day, count(*), avg(count(*)) OVER (ORDER BY date_trunc('day', at) ROWS 2 PRECEDING) FROM visits GROUP BY 1 ORDER BY 1$$, NULL),
(6, 'gaps and islands', $$SELECT min(i) AS lo, max(i) AS hi FROM (SELECT i, i - row_number() OVER (ORDER BY i) AS g FROM unnest(ARRAY[1, 2, 3, 7, 8, 20]) i) x GROUP BY g ORDER BY lo$$, NULL),
(7, 'sessions by lag', $$SELECT visitor, sum(fresh) OVER (PARTITION BY visitor ORDER BY at) AS session, at FROM (SELECT visitor, at, (at - lag(at) OVER (PARTITION BY visitor ORDER BY at) > interval '5 hours')::int AS fresh FROM visits) x ORDER BY visitor, at LIMIT 30$$, NULL),
(8, 'FILTER over a window', $$SELECT id, count(*) FILTER (WHERE pay > 300) OVER (ORDER BY id) FROM staff ORDER BY id$$, NULL),
-- Grouping.
(11, 'GROUPING SETS', $$SELECT unit, boss, grouping(unit, boss) AS g, sum(pay) FROM staff GROUP BY GROUPING SETS ((unit, boss), (unit), ()) ORDER BY unit NULLS LAST, boss NULLS LAST, g$$, NULL),
(12, 'CUBE', $$SELECT page, visitor % 2 AS odd, count(*) FROM visits GROUP BY CUBE (page, visitor % 2) ORDER BY page NULLS LAST, odd NULLS LAST$$, NULL),
(13, 'ROLLUP, DISTINCT', $$SELECT unit, count(*) FROM staff GROUP BY DISTINCT ROLLUP (unit), ROLLUP (unit) ORDER BY unit NULLS LAST$$, NULL),
(14, 'DISTINCT ON', $$SELECT DISTINCT ON (unit) unit, name, pay FROM staff ORDER BY unit, pay DESC, id$$, NULL),
(15, 'ordered-set aggregates', $$SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS median, percentile_disc(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY ms) AS quartiles, mode() WITHIN GROUP (ORDER BY page) AS mode, rank(100) WITHIN GROUP (ORDER BY ms) AS place FROM visits$$, NULL),
(16, 'statistics', $$SELECT round(corr(y, x)::numeric, 6) AS corr, round(regr_slope(y, x)::numeric, 6) AS slope, round(regr_intercept(y, x)::numeric, 6) AS b, round(regr_r2(y, x)::numeric, 6) AS r2, round(covar_pop(y, x)::numeric, 6) AS c, round(stddev(x)::numeric, 6) AS s, round(var_pop(x)::numeric, 6) AS v FROM points$$, NULL),
(17, 'string_agg, array_agg, DISTINCT and ORDER BY inside', $$SELECT unit, string_agg(DISTINCT name, ', ' ORDER BY name) AS names, array_agg(pay ORDER BY pay DESC) AS pays, bool_or(pay > 600) AS rich, every(pay > 100) AS all_paid FROM staff GROUP BY unit ORDER BY unit$$, NULL),
(18, 'json aggregates', $$SELECT unit, json_agg(json_build_object('name', name, 'pay', pay) ORDER BY id) AS people, jsonb_object_agg(name, pay) AS by_name FROM staff GROUP BY unit ORDER BY unit$$, NULL),
(19, 'bit and boolean aggregates', $$SELECT bit_and(id), bit_or(id), bit_xor(id), bool_and(id > 0), count(DISTINCT unit), range_agg(shift), range_intersect_agg(shift) FILTER (WHERE id IN (1, 2)) FROM staff WHERE shift IS NOT NULL AND NOT isempty(shift)$$, NULL),
(20, 'HAVING, FILTER', $$SELECT unit, count(*) FILTER (WHERE pay >= 400) AS well_paid FROM staff GROUP BY unit HAVING max(pay) > 450 ORDER BY unit$$, NULL),
(21, 'pivot by FILTER', $$SELECT visitor, count(*) FILTER (WHERE page = 'home') AS home, count(*) FILTER (WHERE page = 'price') AS price FROM visits GROUP BY visitor ORDER BY visitor$$, NULL),
(22, 'histogram by width_bucket', $$SELECT width_bucket(ms, 0, 400, 4) AS bucket, count(*), min(ms), max(ms), repeat('#', count(*)::int / 4) AS bar FROM visits GROUP BY bucket ORDER BY bucket$$, NULL),
-- Recursion.
(31, 'tree with path and level', $$WITH RECURSIVE t AS (SELECT id, name, 0 AS level, ARRAY[name] AS path FROM staff WHERE boss IS NULL UNION ALL SELECT s.id, s.name, level + 1, path || s.name FROM staff s JOIN t ON s.boss = t.id) SELECT level, repeat('  ', level) || name AS shown, array_to_string(path, '/') AS path FROM t ORDER BY path$$, NULL),
(32, 'SEARCH DEPTH FIRST', $$WITH RECURSIVE t(id, name) AS (SELECT id, name FROM staff WHERE boss IS NULL UNION ALL SELECT s.id, s.name FROM staff s JOIN t ON s.boss = t.id) SEARCH DEPTH FIRST BY id SET o SELECT id, name FROM t ORDER BY o$$, NULL),
(33, 'SEARCH BREADTH FIRST', $$WITH RECURSIVE t(id, name) AS (SELECT id, name FROM staff WHERE boss IS NULL UNION ALL SELECT s.id, s.name FROM staff s JOIN t ON s.boss = t.id) SEARCH BREADTH FIRST BY name SET o SELECT id, name FROM t ORDER BY o$$, NULL),
(34, 'CYCLE', $$WITH RECURSIVE r(a, b, cost) AS (SELECT a, b, cost FROM edges WHERE a = 1 UNION ALL SELECT e.a, e.b, r.cost + e.cost FROM r JOIN edges e ON e.a = r.b) CYCLE a, b SET looped TO 'Y' DEFAULT 'N' USING path SELECT a, b, cost, looped, path FROM r ORDER BY path$$, NULL),
(35, 'SEARCH and CYCLE together', $$WITH RECURSIVE r(a, b) AS (SELECT a, b FROM edges WHERE a = 1 UNION ALL SELECT e.a, e.b FROM r JOIN edges e ON e.a = r.b) SEARCH DEPTH FIRST BY a, b SET o CYCLE a, b SET looped USING path SELECT a, b, looped FROM r ORDER BY o$$, NULL),
(36, 'shortest ways by UNION and a stop', $$WITH RECURSIVE r AS (SELECT 1 AS at, 0::float8 AS cost, 0 AS hops UNION SELECT e.b, r.cost + e.cost, hops + 1 FROM r JOIN edges e ON e.a = r.at WHERE hops < 5) SELECT at, min(cost) FROM r GROUP BY at ORDER BY at$$, NULL),
(37, 'Fibonacci, numeric', $$WITH RECURSIVE f(n, a, b) AS (VALUES (1, 0::numeric, 1::numeric) UNION ALL SELECT n + 1, b, a + b FROM f WHERE n < 100) SELECT n, a FROM f WHERE n % 25 = 0$$, NULL),
(38, 'NOT MATERIALIZED and MATERIALIZED', $$WITH a AS MATERIALIZED (SELECT * FROM staff), b AS NOT MATERIALIZED (SELECT * FROM a WHERE pay > 300) SELECT b1.name FROM b b1 JOIN b b2 USING (id) ORDER BY 1$$, NULL),
(39, 'WITH inside a subquery, shadowing', $$WITH staff AS (SELECT 'x' AS name) SELECT (WITH staff AS (SELECT 'inner' AS name) SELECT name FROM staff) AS i, name FROM staff$$, NULL),
-- Joins and subqueries.
(51, 'LATERAL top-n', $$SELECT u.unit, s.name, s.pay FROM (SELECT DISTINCT unit FROM staff) u CROSS JOIN LATERAL (SELECT name, pay FROM staff WHERE unit = u.unit ORDER BY pay DESC, id LIMIT 2) s ORDER BY u.unit, s.pay DESC, s.name$$, NULL),
(52, 'LATERAL over a function, LEFT JOIN ON true', $$SELECT s.name, k.skill, k.place FROM staff s LEFT JOIN LATERAL unnest(s.skills) WITH ORDINALITY AS k(skill, place) ON true ORDER BY s.id, k.place$$, NULL),
(53, 'ROWS FROM', $$SELECT * FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY['a', 'b']), jsonb_to_recordset('[{"x": 1}]') AS (x int)) WITH ORDINALITY AS t(n, l, x, o)$$, NULL),
(54, 'FULL JOIN USING', $$SELECT id, a.name AS left, b.name AS right FROM (SELECT * FROM staff WHERE id < 4) a FULL JOIN (SELECT * FROM staff WHERE id > 2) b USING (id) ORDER BY id$$, NULL),
(55, 'NATURAL JOIN, self-join, non-equi', $$SELECT a.name, b.name AS junior FROM staff a JOIN staff b ON a.hired < b.hired AND a.unit = b.unit ORDER BY 1, 2$$, NULL),
(56, 'semi- and anti-joins', $$SELECT name FROM staff s WHERE EXISTS (SELECT FROM staff WHERE boss = s.id) AND id NOT IN (SELECT boss FROM staff WHERE boss IS NOT NULL AND unit = 'sales') ORDER BY 1$$, NULL),
(57, 'row comparisons and IN lists of rows', $$SELECT name FROM staff WHERE (unit, pay) IN (('tech', 400), ('sales', 300)) AND (id, pay) > (4, 0) ORDER BY 1$$, NULL),
(58, 'ANY, ALL, SOME', $$SELECT name FROM staff WHERE pay >= ALL (SELECT pay FROM staff WHERE unit = 'sales') AND 'math' = ANY (skills) AND id = SOME (ARRAY[1, 3]) ORDER BY 1$$, NULL),
(59, 'ARRAY subquery, scalar subquery', $$SELECT s.name, ARRAY(SELECT t.name FROM staff t WHERE t.boss = s.id ORDER BY t.id) AS team, (SELECT b.name FROM staff b WHERE b.id = s.boss) AS boss FROM staff s ORDER BY s.id$$, NULL),
(60, 'set operations, nested and ordered', $$(SELECT unit FROM staff EXCEPT SELECT 'board') UNION ALL (SELECT page FROM visits INTERSECT SELECT 'home') ORDER BY 1 DESC$$, NULL),
(61, 'VALUES joined', $$SELECT v.k, p.v FROM (VALUES (1, 'x'), (2, 'y'), (3, 'z')) AS v(k, l) LEFT JOIN parted p USING (k) ORDER BY k$$, NULL),
(62, 'FETCH WITH TIES, OFFSET', $$SELECT name, pay FROM staff ORDER BY pay OFFSET 1 ROW FETCH FIRST 2 ROWS WITH TIES$$, NULL),
(63, 'TABLE and a view', $$TABLE payroll ORDER BY unit$$, NULL),
(64, 'a materialized view, a partition, ONLY', $$SELECT (SELECT sum(n) FROM pages) AS pages, (SELECT v FROM parted_1) AS one, (SELECT count(*) FROM ONLY parted) AS own$$, NULL),
(65, 'TABLESAMPLE', $$SELECT count(*) FROM visits TABLESAMPLE SYSTEM (100) REPEATABLE (7)$$, NULL),
(66, 'system columns', $$SELECT tableoid::regclass AS part, ctid, k FROM parted ORDER BY k$$, NULL),
(67, 'whole rows', $$SELECT s, s.*, row_to_json(s) AS j FROM (SELECT id, name FROM staff) s ORDER BY id LIMIT 2$$, NULL),
(68, 'USING with an alias, parentheses', $$SELECT j.id, a.name FROM ((staff a JOIN staff b USING (id) AS j)) WHERE j.id < 3 ORDER BY 1$$, NULL),
-- JSON.
(71, 'arrows and paths', $$SELECT id, contact -> 'phones' -> 0 ->> 'no' AS first, contact #>> '{nested,deep,er,2,x}' AS deep, contact['mail'] AS mail, contact ? 'age' AS has_age, contact @> '{"tags": ["a"]}' AS tagged FROM staff ORDER BY id$$, NULL),
(72, 'jsonb_path_query and its kin', $$SELECT s.id, p.no, jsonb_path_exists(contact, '$.phones[*] ? (@.kind == "home")') AS home, jsonb_path_query_array(contact, '$.**.no') AS every_no FROM staff s, jsonb_path_query(contact, '$.phones[*] ? (@.no > $least).no', '{"least": "1"}') AS p(no) ORDER BY 1, 2$$, NULL),
(73, '@? and @@, like_regex, datetime', $$SELECT id, contact @? '$.mail ? (@ like_regex "^[ab]" flag "i")' AS m, contact @@ '$.age > 40' AS a, jsonb_path_query_first('["2024-02-29"]', '$[0].datetime()') AS d FROM staff ORDER BY id$$, NULL),
(74, 'jsonb_each, keys, elements, recordset', $$SELECT k.key, count(*) FROM staff, jsonb_each(contact) k GROUP BY k.key ORDER BY 1$$, NULL),
(75, 'populate a composite and a recordset', $$SELECT (jsonb_populate_record(NULL::place, '{"street": "Oak", "no": 7}')).*, r.x, r.y FROM jsonb_to_recordset('[{"x": 1, "y": "a"}, {"x": 2}]') AS r(x int, y text)$$, NULL),
(76, 'set, insert, delete, concatenate, strip', $$SELECT jsonb_set('{"a": {"b": 1}}', '{a,b}', '2') AS s, jsonb_insert('[1, 3]', '{1}', '2') AS i, '{"a": 1, "b": 2}'::jsonb - 'a' AS d, '{"a": 1}'::jsonb || '{"c": null}' AS c, jsonb_strip_nulls('{"a": null, "b": 1}') AS n, '[1, 2]'::jsonb #- '{0}' AS p$$, NULL),
(77, 'to_json of everything', $$SELECT to_jsonb(s) - 'contact' AS s FROM staff s ORDER BY id$$, NULL),
(78, 'json text kept, duplicate keys', $$SELECT '{"a": 1, "b": [1, 2.50, "x"]}'::json AS j, json_typeof('[]') AS t, json_array_length('[1, 2]') AS n, jsonb_pretty('{"a": [1]}') AS p$$, NULL),
-- Ranges and arrays.
(81, 'range operators', $$SELECT id, shift, shift @> 10 AS at_ten, shift && '[16,23)' AS late, lower(shift) AS lo, upper_inf(shift) AS open, isempty(shift) AS none, shift * '[8,12)' AS part, shift -|- '[17,20)' AS next FROM staff ORDER BY id$$, NULL),
(82, 'multiranges', $$SELECT range_agg(shift) AS covered, '{[0,24)}'::int4multirange - range_agg(shift) AS free, range_merge(range_agg(shift)) AS span, int4multirange(int4range(1, 3)) @> 2 AS has FROM staff WHERE upper(shift) IS NOT NULL AND NOT isempty(shift) AND lower(shift) IS NOT NULL$$, NULL),
(83, 'unnest a multirange, constructors', $$SELECT unnest('{[1,3),[5,9)}'::int4multirange) AS r, tstzrange('2024-01-01Z', NULL, '[)') AS t, numrange(1.5, 2) AS n, daterange('2024-01-01', '2024-01-03', '[]') AS d$$, NULL),
(84, 'a range type of one''s own', $$SELECT s, lower(s) AS lo, s @> timestamptz '2024-01-15Z' AS has, span('2024-01-01Z', '2024-01-02Z') AS made, span('2024-01-01Z', NULL, '(]') AS open, span_multirange(span(NULL, '2024-01-01Z')) AS many FROM odd$$, NULL),
(85, 'array functions', $$SELECT array_length(skills, 1) AS n, skills || 'new'::text AS more, array_position(skills, 'math') AS p, array_remove(skills, 'talk') AS r, skills && '{code}' AS overlaps, skills @> '{math}' AS has, skills[1:2] AS firsts, cardinality(skills) AS c FROM staff ORDER BY id$$, NULL),
(86, 'multidimensional, slices, bounds, generate_subscripts', $$SELECT a[2][1] AS x, a[1:1][2:3] AS s, array_dims(a) AS d, array_upper(a, 2) AS u, (SELECT array_agg(i) FROM generate_subscripts(a, 2) i) AS g, trim_array(ARRAY[1, 2, 3], 1) AS t, array_fill(0, ARRAY[2, 2]) AS f FROM (SELECT '{{1,2,3},{4,5,6}}'::int[] AS a) q$$, NULL),
(87, 'array_to_string, string_to_table', $$SELECT array_to_string(ARRAY['a', NULL, 'c'], '-', '?') AS s, string_to_array('a,b,,d', ',', '') AS a, t.v FROM string_to_table('x|y', '|') AS t(v)$$, NULL),
-- Text.
(91, 'full text', $$SELECT id, ts_rank(tsv, q) > 0 AS ranked, ts_headline('english', body, q) AS shown, tsv @@ phraseto_tsquery('english', 'lazy dogs') AS phrase, numnode(q) AS n FROM notes, websearch_to_tsquery('english', 'dog or "quick index" -cat') AS q WHERE tsv @@ q ORDER BY id$$, NULL),
(92, 'tsvector and tsquery functions', $$SELECT strip(tsv) AS s, setweight(tsv, 'A') @@ 'fox:A'::tsquery AS w, ts_delete(tsv, 'fox') AS d, tsvector_to_array(tsv) AS a, to_tsquery('simple', 'a & !b') && 'c' AS q, querytree('a & !b') AS t, ts_lexize('english_stem', 'foxes') AS l FROM notes WHERE id = 1$$, NULL),
(93, 'ts_parse, ts_token_type, ts_debug', $$SELECT alias, token, lexemes FROM ts_debug('english', 'Mail to a.b@x.test') ORDER BY 1, 2$$, NULL),
(94, 'regular expressions', $$SELECT name, name ~* '^[a-d]' AS early, regexp_replace(name, '(.)(.)', '\2\1', 'g') AS swapped, regexp_match(contact ->> 'mail', '(\w+)@(\w+)') AS parts, regexp_count(name, '[aeiou]') AS vowels, regexp_substr(name, '.$') AS last, regexp_instr(name, 'o') AS o FROM staff ORDER BY id$$, NULL),
(95, 'regexp_matches, split', $$SELECT m[1] AS word, s FROM regexp_matches('one two', '(\w+)', 'g') m, regexp_split_to_table('a1b2c', '\d') s ORDER BY 1, 2$$, NULL),
(96, 'string functions', $$SELECT upper('aß') AS u, initcap('some words') AS i, lpad('7', 3, '0') AS l, rtrim('xx  ') AS r, split_part('a/b/c', '/', -1) AS p, translate('abc', 'ab', 'xy') AS t, overlay('abcdef' PLACING 'X' FROM 2 FOR 3) AS o, position('c' IN 'abc') AS pos, format('%s-%L-%I', 'a', 'b''c', 'd e') AS f, md5('x') AS m, encode('\xdead', 'base64') AS e, chr(8364) AS euro, to_hex(255) AS h, quote_ident('A b') AS q, starts_with('abc', 'ab') AS st, reverse('abc') AS rv, substr('abc', 2) AS sb, strpos('abc', 'b') AS sp, concat_ws(',', 'a', NULL, 'b') AS cw, unistr('\0061') AS us, normalize(U&'\0061\0308') IS NFC NORMALIZED AS nf$$, NULL),
(97, 'LIKE, SIMILAR TO, ESCAPE, collation', $$SELECT name LIKE '_d%' AS l, name ILIKE 'A%' AS i, name SIMILAR TO '(A|B)%' AS s, '10%' LIKE '10!%' ESCAPE '!' AS e, name COLLATE "C" < 'Bo' AS c FROM staff ORDER BY name COLLATE "C" DESC$$, NULL),
(98, 'bytes, hashes, encodings', $$SELECT length('é') AS chars, octet_length('é') AS bytes, sha256('x') AS h, convert_from('\xc3a9', 'UTF8') AS c, get_byte('\x0102', 1) AS g, substring('\x010203'::bytea FROM 2) AS s, '\x01'::bytea || '\x02' AS cat, bit_count('\x07'::bytea) AS n$$, NULL),
(99, 'quoted and Unicode names', $$SELECT "Desk No." AS "Größe ""x""", U&"d\0061y" AS "日本", "select" AS "from;--" FROM (SELECT "Desk No.", id AS "select", hired AS "day" FROM staff) AS "t 1" ORDER BY 3$$, NULL),
-- Dates.
(101, 'date arithmetic', $$SELECT hired, hired + 30 AS later, date_trunc('quarter', hired) AS q, extract(isodow FROM hired) AS dow, age(date '2024-03-01', hired) AS age, hired - date '2020-01-01' AS days, (hired, hired + 10) OVERLAPS (date '2020-01-01', date '2020-12-31') AS o, make_date(2024, 2, 29) AS m, date_part('year', hired) AS y FROM staff ORDER BY id$$, NULL),
(102, 'time zones and the hour that is missing', $$SELECT at AT TIME ZONE 'Europe/Berlin' AS here, date_bin('90 minutes', at, timestamptz '2024-03-31Z') AS bin, extract(epoch FROM at) AS e, to_char(at, 'YYYY-MM-DD"T"HH24:MI TZ') AS t FROM visits ORDER BY at LIMIT 8$$, NULL),
(103, 'calendar with gaps filled', $$SELECT d::date AS day, count(v.at) FROM generate_series(timestamptz '2024-03-30Z', '2024-04-03Z', '1 day') d LEFT JOIN visits v ON date_trunc('day', v.at) = d GROUP BY d ORDER BY d$$, NULL),
(104, 'intervals', $$SELECT justify_interval('35 days 25 hours') AS j, interval '1 year' / 3 AS third, '2 h'::interval * 1.5 AS m, make_interval(days => 10, hours => 2) AS made, interval 'P1DT2H' AS iso, isfinite('infinity'::timestamptz) AS f, to_timestamp(0) AS z, '-infinity'::date AS past$$, NULL),
(105, 'parse and print', $$SELECT to_date('29 Feb 2024', 'DD Mon YYYY') AS d, to_timestamp('2024-02-29 13', 'YYYY-MM-DD HH24') AS t, to_number('1,234.5', '9,999.9') AS n, to_char(1234.5, 'FM9,999.00') AS c, to_char(date '2024-12-30', 'IYYY-IW') AS w, date '2024-01-31' + interval '1 month' AS m$$, NULL),
(106, 'now and its kin stand still', $$SELECT now() = transaction_timestamp() AS a, current_date = now()::date AS b, localtime IS NOT NULL AS c, clock_timestamp() >= statement_timestamp() AS d, current_timestamp(0) IS NOT NULL AS e$$, NULL),
-- Numbers and odd types.
(111, 'numbers', $$SELECT 7 / 2 AS i, 7 % 4 AS m, 7.0 / 2 AS n, 2 ^ 10 AS p, |/ 2.25 AS s, @ -5 AS a, 5 & 6 AS b, 1 << 4 AS sh, round(2.5) AS r, round(2.5::float8) AS rf, trunc(-1.7) AS t, ceil(1.2) AS c, gcd(12, 18) AS g, lcm(4, 6) AS l, factorial(20) AS f, log(2.0, 8) AS lg, sign(-3) AS sg, div(7, 2) AS d, mod(7, -3) AS mo, width_bucket(5, ARRAY[1, 4, 8]) AS w, 1e-7::float8 AS tiny, scale(1.230) AS sc, min_scale(1.230) AS ms, trim_scale(1.230) AS ts$$, NULL),
(112, 'trigonometry and floats', $$SELECT round(sin(1)::numeric, 10) AS s, degrees(pi()) AS d, atan2(1, 1) = pi() / 4 AS q, cosd(60) AS c, exp(0) AS e, ln(1) AS l, cbrt(27) AS cb, float8 '1.5' AS f, real '0.1' AS r, 'NaN'::float8 = 'NaN'::float8 AS nan, -0.0::float8 AS neg, 1e20::float8 AS big$$, NULL),
(113, 'all sorts of types', $$SELECT * FROM odd$$, NULL),
(114, 'enums', $$SELECT m, m > 'low' AS more, enum_range(NULL::mood) AS all, enum_first(m) AS first, ms[1] AS one, m::text AS t FROM odd$$, NULL),
(115, 'composites', $$SELECT (p).street, (p).no + 1 AS next, p = ROW('Elm', 3)::place AS same, ROW(1, 'x', NULL) AS anon, (ROW(1, 2) = ROW(1, 2)) AS eq, p IS NOT NULL AS there FROM odd$$, NULL),
(116, 'a domain with a check of the server''s own', $$SELECT d, 'abc'::short AS s, d || 'x' AS t FROM odd$$, NULL),
(117, 'network, bits, money, uuid', $$SELECT n >> '10.1.0.0/16' AS has, host(n) AS h, masklen(n) AS l, network('10.1.2.3/16') AS net, bits | B'010' AS o, length(bits) AS len, money * 2 AS m, u::text AS u, mac AS mac, trunc(mac) AS t, set_bit(bits, 0, 0) AS sb FROM odd$$, NULL),
(118, 'XML without paths', $$SELECT x, xmlelement(name p, xmlattributes(1 AS a), 'x', xmlforest(2 AS b)) AS e, xmlagg(x) OVER () AS g, xmlserialize(CONTENT x AS text) AS s, x IS DOCUMENT AS d, xmlcomment('c') AS c, xml_is_well_formed('<a>') AS w FROM odd$$, NULL),
(119, 'XML paths and XMLTABLE', $$SELECT xpath('/a/text()', x) AS p, xmlexists('//a' PASSING x) AS e, t.* FROM odd, XMLTABLE('/r/i' PASSING xml '<r><i k="1">a</i><i>b</i></r>' COLUMNS n FOR ORDINALITY, k int PATH '@k' DEFAULT 0, v text PATH '.') t$$, NULL),
(120, 'geometry', $$SELECT point(1, 2) <-> point(4, 6) AS d, box '((0,0),(2,2))' @> point '(1,1)' AS inside, area(circle '((0,0),1)') = pi() AS a, lseg '((0,0),(2,2))' ?# lseg '((0,2),(2,0))' AS cross, center(box '((0,0),(2,2))') AS c, path '((0,0),(1,1))' AS p$$, NULL),
(121, 'CASE, COALESCE, NULLIF, GREATEST, IS DISTINCT', $$SELECT name, CASE WHEN pay > 600 THEN 'high' WHEN pay > 350 THEN 'mid' ELSE 'low' END AS band, CASE unit WHEN 'tech' THEN 1 END AS tech, coalesce("Desk No.", 'none') AS desk, nullif(unit, 'sales') AS u, greatest(pay, 450, NULL) AS g, least(1, 2) AS l, boss IS DISTINCT FROM 1 AS other, num_nulls(boss, shift) AS nulls, (boss > 1) IS UNKNOWN AS unk FROM staff ORDER BY id$$, NULL),
(122, 'casts in every spelling', $$SELECT '5'::int AS a, CAST('5' AS bigint) AS b, int '5' AS c, float8('5') AS d, '{1,2}'::int[] AS e, 'true'::bool AS f, 1::bool AS g, 'pg_class'::regclass AS h, 'int4'::regtype AS i, 'a'::"char" AS j, 'abc'::varchar(2) AS k, 'x'::name AS l, '(1,2)'::point AS m, '12:00'::time AS n, 65::"char" AS o$$, NULL),
(123, 'random things that do not repeat', $$SELECT count(DISTINCT gen_random_uuid()) AS u, bool_and(random() BETWEEN 0 AND 1) AS r, timeofday() <> '' AS t FROM generate_series(1, 5)$$, NULL),
(124, 'generate_series of every sort', $$SELECT (SELECT array_agg(i) FROM generate_series(5, 1, -2) i) AS down, (SELECT array_agg(i) FROM generate_series(1.0, 2.0, 0.5) i) AS n, (SELECT count(*) FROM generate_series(date '2024-01-01', '2024-12-31', '1 week')) AS weeks, generate_series(1, 2) AS row, unnest(ARRAY['p', 'q']) AS l$$, NULL),
-- What is here.
(131, 'information_schema: tables and columns', $$SELECT table_name, column_name, data_type, is_nullable, ordinal_position FROM information_schema.columns WHERE table_schema = 'w' ORDER BY 1, ordinal_position$$, NULL),
(132, 'information_schema: keys', $$SELECT c.constraint_type, k.table_name, k.column_name FROM information_schema.table_constraints c JOIN information_schema.key_column_usage k USING (constraint_schema, constraint_name) WHERE c.table_schema = 'real' ORDER BY 1, 2, 3$$, NULL),
(133, 'information_schema: views, domains, routines, privileges', $$SELECT (SELECT count(*) FROM information_schema.views WHERE table_schema = 'w') AS v, (SELECT count(*) FROM information_schema.domains WHERE domain_schema = 'w') AS d, (SELECT count(*) > 0 FROM information_schema.routines) AS r, (SELECT count(*) FROM information_schema.role_table_grants WHERE table_schema = 'w') AS g, (SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'w') AS s$$, NULL),
(134, 'catalogs: sizes of the planner, comments, types', $$SELECT c.relname, c.reltuples, obj_description(c.oid, 'pg_class') AS about, format_type(a.atttypid, a.atttypmod) AS type, pg_get_viewdef(c.oid) IS NOT NULL AS v, to_regclass('w.staff') = c.oid AS it, pg_table_is_visible(c.oid) AS seen, has_table_privilege(c.oid, 'SELECT') AS mine FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1 WHERE c.relnamespace = 'w'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p') ORDER BY 1$$, NULL),
(135, 'pg_tables, pg_indexes, pg_views, pg_constraint', $$SELECT (SELECT count(*) FROM pg_tables WHERE schemaname = 'w') AS t, (SELECT string_agg(indexdef, ';' ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'w') AS i, (SELECT definition FROM pg_views WHERE schemaname = 'w') AS v, (SELECT string_agg(pg_get_constraintdef(oid), ';' ORDER BY conname) FROM pg_constraint WHERE connamespace = 'w'::regnamespace) AS c$$, NULL),
(136, 'pg_stats of what one may read', $$SELECT tablename, attname, n_distinct, most_common_vals::text FROM pg_stats WHERE schemaname = 'w' AND tablename = 'edges' ORDER BY attname$$, NULL),
(137, 'partitions', $$SELECT relid::text, parentrelid::text, isleaf, level FROM pg_partition_tree('w.parted') ORDER BY 1$$, NULL),
(138, 'settings, version, who', $$SELECT current_setting('server_encoding') AS e, current_user AS u, session_user IS NOT NULL AS s, current_schema AS c, version() LIKE 'PostgreSQL%' AS v, current_database() = current_catalog AS d, pg_is_in_recovery() AS r, (SELECT count(*) > 100 FROM pg_settings) AS many, pg_typeof(1.5) AS t, current_tenant IS NULL AS n FROM (SELECT NULL AS current_tenant) x$$, NULL),
(139, 'our own catalog and functions that views need', $$SELECT (SELECT count(*) FROM flowai.catalog) AS entries, (SELECT count(*) FROM flowai.kv_entries) AS kv, flowai.current_tenant() AS t, flowai.tenant_is('globex') AS other$$, NULL),
-- Spelling.
(151, 'no FROM, no columns', $$SELECT$$, NULL),
(152, 'trailing semicolons and comments', E'  SELECT 1 AS one ; ; -- done\n/* really */ ;', 'SELECT 1 AS one'),
(153, 'comments everywhere', $$/* a /* nested; */ */ SELECT /* ; */ 1 -- ; DROP TABLE staff
 AS "a--b", '--' AS c, '/*' AS d, $x$;$x$ AS e$$, NULL),
(154, 'dollar quotes, E strings, continued strings', $$SELECT $q$it's $$ || chr(39) || $$$q$ AS d, E'tab\tand \x41 \u00e9 \'' AS e, 'one '
    'two' AS joined, B'101' AS b, X'1F' AS x, U&'\0041\+01F600' AS u, U&'!0041' UESCAPE '!' AS v$$, NULL),
(155, 'odd line ends and blanks', E'SELECT\t1\fAS\ra,\r\n2 AS b', 'SELECT 1 AS a, 2 AS b'),
(156, 'keywords as names, upper case', $$SELECT 1 AS VALUE, 2 AS update, 3 AS "delete", 4 "insert", 5 AS set FROM (VALUES (1)) AS copy(drop)$$, $$SELECT 1 AS VALUE, 2 AS update, 3 AS "delete", 4 "insert", 5 AS set$$),
(157, 'words of writing inside strings and names', $$SELECT 'DROP TABLE staff; DELETE FROM visits' AS "INSERT INTO", 'FOR UPDATE' AS "x;y"$$, NULL),
(158, 'parentheses around everything', $$((SELECT (((1))) AS a) UNION (SELECT 1))$$, NULL),
(159, 'LIMIT ALL, LIMIT of an expression', $$SELECT i FROM generate_series(1, 5) i ORDER BY i DESC LIMIT (SELECT 1 + 1)$$, NULL),
(160, 'a name that only looks forbidden', $$SELECT nextval, lo_create FROM (SELECT 1 AS nextval, 2 AS lo_create) AS set_config$$, NULL);
SET search_path = w;
SELECT q.id, q.about, v.ok, c.rows, c.same, c.error FROM real.queries q, flowai.validate_query(q.sql) v, real.compare(q.sql, q.plain) c ORDER BY q.id;
SELECT count(*) AS queries, count(*) FILTER (WHERE c.same) AS same FROM real.queries q, real.compare(q.sql, q.plain) c;
RESET search_path;
RESET ROLE;
DROP SCHEMA real, w CASCADE;
