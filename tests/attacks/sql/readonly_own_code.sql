-- Attacks on read-only SQL: code of the attacker's own, made beforehand with plain psql, that a harmless-looking
-- statement would run.
--
-- What did not come with the server may do anything, whatever its label says; so none of it may be called, on
-- any of the ways that lead to it: seen in the text, underneath a view, inside a type, or reached by the planner
-- alone. Each piece of own code says "OWN CODE RUNS" when it does: that may stand nowhere below.
\set ECHO none
\getenv sources PG_ABS_SRCDIR
\set fixture :sources /fixtures/readonly.psql
\i :fixture
SET client_min_messages = error;

CREATE FUNCTION lab.loud(VARIADIC text[]) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE WARNING 'OWN CODE RUNS: %', $1;
    RETURN true;
END $$;
CREATE FUNCTION lab.evil(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN true; END$$;
CREATE FUNCTION lab.evil(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN $1; END$$;
CREATE FUNCTION lab.evil(int, int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN $1 = $2; END$$;
CREATE FUNCTION lab.rows(int) RETURNS SETOF int LANGUAGE plpgsql STABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN NEXT $1; END$$;
CREATE FUNCTION lab.records() RETURNS SETOF record LANGUAGE sql STABLE AS 'SELECT 1, set_config(''flowai.tenant'', ''globex'', false)';
CREATE FUNCTION lab.inlined(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT set_config(''flowai.tenant'', $1, false)';
CREATE FUNCTION lab.atomic(text) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT set_config('a.b', $1, false); END;
CREATE FUNCTION lab.with_setting() RETURNS bigint LANGUAGE sql STABLE SET work_mem = '1GB' AS 'SELECT count(*) FROM flowai.catalog_entries';
CREATE FUNCTION lab.definer() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN RETURN lab.loud('definer'); END$$;
CREATE FUNCTION lab.anything(anyelement) RETURNS anyelement LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN $1; END$$;
CREATE FUNCTION lab.defaulted(a int DEFAULT lab.evil(1)) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION lab.fired() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN NEW; END$$;
CREATE PROCEDURE lab.proc() LANGUAGE sql AS 'DELETE FROM shop.log';
CREATE FUNCTION lab.step(int, int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN $1 + $2; END$$;
CREATE AGGREGATE lab.total(int) (sfunc = lab.step, stype = int, initcond = '0');
CREATE AGGREGATE lab.harmless_total(int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE AGGREGATE lab.final_only(int) (sfunc = int4pl, stype = int, initcond = '0', finalfunc = lab.evil);
CREATE OPERATOR lab.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = lab.evil);
CREATE OPERATOR lab.!!! (RIGHTARG = int, FUNCTION = lab.evil);
CREATE TABLE lab.t (id int, name text, n int);
INSERT INTO lab.t SELECT i, 'n' || i % 5, i % 3 FROM generate_series(1, 500) i;
CREATE FUNCTION lab.attribute(lab.t) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN 'x'; END$$;

INSERT INTO arena.attacks VALUES
(1, 'call', $$SELECT lab.evil('x')$$), (2, 'call in FROM', $$SELECT * FROM lab.rows(1)$$), (3, 'LATERAL', $$SELECT * FROM shop.products p, lab.rows(p.id)$$), (4, 'ROWS FROM', $$SELECT * FROM ROWS FROM (lab.rows(1), lab.rows(2))$$),
(5, 'a function that returns records', $$SELECT * FROM lab.records() AS r(a int, b text)$$), (6, 'WHERE', $$SELECT 1 FROM lab.t WHERE lab.evil(name)$$), (7, 'ORDER BY', $$SELECT id FROM lab.t ORDER BY lab.evil(id)$$), (8, 'VARIADIC', $$SELECT lab.loud('a', 'b')$$),
(9, 'an SQL function that would be inlined', $$SELECT lab.inlined('globex'), * FROM flowai.catalog_entries$$), (10, 'with a body that is parsed already', $$SELECT lab.atomic('x')$$), (11, 'with a setting of its own', $$SELECT lab.with_setting()$$), (12, 'SECURITY DEFINER', $$SELECT lab.definer()$$),
(13, 'polymorphic', $$SELECT lab.anything(1)$$), (14, 'called without its argument', $$SELECT lab.defaulted()$$), (15, 'a trigger''s', $$SELECT lab.fired()$$), (16, 'a procedure as a function', $$SELECT lab.proc()$$),
(17, 'aggregate', $$SELECT lab.total(id) FROM lab.t$$), (18, 'aggregate as a window function', $$SELECT lab.total(id) OVER () FROM lab.t$$), (19, 'aggregate of the server''s own parts', $$SELECT lab.harmless_total(id) FROM lab.t$$), (20, 'aggregate with own final part', $$SELECT lab.final_only(id) FROM lab.t$$),
(21, 'operator', $$SELECT 1 OPERATOR(lab.===) 2$$), (22, 'prefix operator', $$SELECT OPERATOR(lab.!!!) 1$$), (23, 'operator with ANY', $$SELECT 1 OPERATOR(lab.===) ANY (ARRAY[1, 2])$$), (24, 'operator with ALL of a subquery', $$SELECT 1 OPERATOR(lab.===) ALL (SELECT id FROM lab.t)$$), (25, 'operator in a join', $$SELECT 1 FROM lab.t a JOIN lab.t b ON a.id OPERATOR(lab.===) b.id$$),
(29, 'somebody''s definer function that writes', $$SELECT shop.write('x')$$), (30, 'somebody''s definer function that reads what is closed', $$SELECT shop.read_closed()$$),
(31, 'another spelling of the schema', $$SELECT "lab"."evil"('x')$$), (33, 'in a function of the server', $$SELECT array_agg(lab.evil(id)) FROM lab.t$$), (34, 'in a view''s place', $$SELECT * FROM (SELECT lab.evil(id) FROM lab.t) x LIMIT 0$$);

-- Views hide calls, locks and other people's rights.
CREATE VIEW lab.calls AS SELECT lab.evil('x') AS a;
CREATE VIEW lab.calls_deeper AS SELECT * FROM (SELECT a FROM lab.calls) x;
CREATE VIEW lab.calls_invoker WITH (security_invoker) AS SELECT lab.evil('x') AS a;
CREATE VIEW lab.locks AS SELECT id FROM lab.t FOR UPDATE;
CREATE VIEW lab.sleeps AS SELECT pg_sleep(0) IS NULL AS a;
CREATE VIEW lab.advances AS SELECT nextval('shop.numbers') AS a;
CREATE VIEW lab.condition AS SELECT id FROM lab.t WHERE set_config('a.b', name, false) IS NOT NULL;
CREATE VIEW lab.subquery AS SELECT id, (SELECT set_config('a.b', 'c', false)) AS s FROM lab.t;
CREATE VIEW lab.owners_rights AS SELECT * FROM shop.secrets;
CREATE VIEW lab.owners_rights_upon AS SELECT * FROM shop.secrets_by_owner;
CREATE VIEW lab.invoker_upon_owner WITH (security_invoker) AS SELECT * FROM shop.secrets_by_owner;
CREATE VIEW lab.tenants_rows AS SELECT * FROM flowai.catalog_entries;
CREATE VIEW lab.tenants_view AS SELECT * FROM flowai.catalog;
CREATE VIEW lab.a AS SELECT 1 AS x;
CREATE VIEW lab.b AS SELECT * FROM lab.a;
CREATE OR REPLACE VIEW lab.a AS SELECT * FROM lab.b;
CREATE RECURSIVE VIEW lab.endless (n) AS VALUES (lab.evil(1)) UNION ALL SELECT n FROM endless;
CREATE TABLE lab.ruled (a boolean);
CREATE RULE "_RETURN" AS ON SELECT TO lab.ruled DO INSTEAD SELECT lab.evil('rule') AS a;
DO $$ BEGIN
    CREATE VIEW lab.v0 AS SELECT 1 AS a;
    FOR i IN 1..40 LOOP EXECUTE format('CREATE VIEW lab.v%s AS SELECT * FROM lab.v%s', i, i - 1); END LOOP;
END $$;
INSERT INTO arena.attacks VALUES
(51, 'a view that calls', 'SELECT * FROM lab.calls'), (52, 'a view of a view', 'SELECT count(*) FROM lab.calls_deeper'), (53, 'with invoker''s rights', 'TABLE lab.calls_invoker'), (54, 'a view that locks', 'SELECT * FROM lab.locks'), (55, 'a view that sleeps', 'SELECT * FROM lab.sleeps'), (56, 'a view that advances a sequence', 'SELECT * FROM lab.advances'),
(57, 'a view''s condition', 'SELECT count(*) FROM lab.condition'), (58, 'a view''s subquery', 'SELECT id FROM lab.subquery'), (59, 'in WITH', 'WITH w AS (SELECT * FROM lab.calls) SELECT 1 FROM w'), (60, 'in EXISTS', 'SELECT EXISTS (SELECT FROM lab.calls)'), (61, 'own view with own rights over rows of many', 'SELECT * FROM lab.owners_rights'), (62, 'own view upon a superuser''s view', 'SELECT * FROM lab.owners_rights_upon'),
(63, 'the superuser''s view itself', 'SELECT * FROM shop.secrets_by_owner'), (64, 'invoker''s rights upon owner''s rights', 'SELECT * FROM lab.invoker_upon_owner'), (65, 'own view over tenants'' rows', 'SELECT * FROM lab.tenants_rows'), (66, 'own view over tenants'' view', 'SELECT * FROM lab.tenants_view'), (67, 'two views that are each other', 'SELECT * FROM lab.a'), (68, 'a recursive view', 'SELECT * FROM lab.endless'), (69, 'a table that became a view', 'SELECT * FROM lab.ruled'), (70, 'forty views deep', 'SELECT * FROM lab.v40');

-- Checks of domains run where a value is made: in casts, in literals while they are parsed, inside containers, and
-- in functions that make rows.
CREATE DOMAIN lab.checked AS text CHECK (lab.evil(VALUE));
CREATE DOMAIN lab.deeper AS lab.checked NOT NULL;
CREATE DOMAIN lab.locking AS int CHECK (pg_try_advisory_lock(VALUE));
CREATE DOMAIN lab.settings AS text CHECK (set_config('a.b', VALUE, false) IS NOT NULL);
CREATE DOMAIN lab.arrays AS int[] CHECK (lab.evil(VALUE[1]) > 0);
CREATE DOMAIN lab.numbers AS int CHECK (lab.evil(VALUE) IS NOT NULL);
CREATE TYPE lab.pair AS (a int, b lab.checked);
CREATE TYPE lab.outer_pair AS (p lab.pair, q lab.checked[]);
CREATE DOMAIN lab.pairs AS lab.pair CHECK (lab.evil((VALUE).a) > 0);
CREATE TYPE lab.num_range AS RANGE (subtype = lab.numbers);
CREATE TABLE lab.with_domain (d lab.checked, n int);
INSERT INTO lab.with_domain VALUES (NULL, 1);
INSERT INTO arena.attacks VALUES
(101, 'cast of a literal', $$SELECT 'x'::lab.checked$$), (102, 'CAST of a column', $$SELECT CAST(name AS lab.checked) FROM lab.t$$), (103, 'typed literal', $$SELECT lab.checked 'x'$$), (104, 'domain over a domain', $$SELECT name::lab.deeper FROM lab.t$$), (105, 'NULL', $$SELECT NULL::lab.deeper$$), (106, 'a check that locks', $$SELECT 1::lab.locking$$), (107, 'a check that sets', $$SELECT name::lab.settings FROM lab.t$$),
(108, 'array literal', $$SELECT '{x}'::lab.checked[]$$), (109, 'array of a column', $$SELECT ARRAY[name]::lab.checked[] FROM lab.t$$), (110, 'array cast element by element', $$SELECT array_agg(name)::lab.checked[] FROM lab.t$$), (111, 'domain over an array', $$SELECT '{1}'::lab.arrays$$), (112, 'row literal', $$SELECT '(1,x)'::lab.pair$$), (113, 'ROW cast', $$SELECT ROW(1, name)::lab.pair FROM lab.t$$), (114, 'nested row literal', $$SELECT '("(1,x)",{x})'::lab.outer_pair$$), (115, 'array of rows', $$SELECT '{"(1,x)"}'::lab.pair[]$$), (116, 'domain over a row', $$SELECT '(1,x)'::lab.pairs$$),
(117, 'range over a domain', $$SELECT '[1,2)'::lab.num_range$$), (118, 'constructor of such a range', $$SELECT lab.num_range(1, 2)$$), (119, 'multirange over a domain', $$SELECT '{[1,2)}'::lab.num_multirange$$), (120, 'json to a row', $$SELECT json_populate_record(NULL::lab.pair, '{"b": "x"}')$$), (121, 'jsonb to rows', $$SELECT * FROM jsonb_populate_recordset(NULL::lab.pair, '[{"b": "x"}]')$$), (122, 'json to named columns', $$SELECT * FROM json_to_record('{"a": "x"}') AS t(a lab.checked)$$), (123, 'jsonb to named columns', $$SELECT * FROM jsonb_to_recordset('[{"a": ["x"]}]') AS t(a lab.checked[])$$), (124, 'in ROWS FROM', $$SELECT * FROM ROWS FROM (json_to_record('{"a": "x"}') AS (a lab.checked))$$),
(125, 'json to a row like another, which has no name', $$SELECT json_populate_record(r, '{"d": "x"}') FROM (SELECT d FROM lab.with_domain) r$$), (126, 'jsonb to rows like another', $$SELECT jsonb_populate_recordset(r, '[{"d": "x"}]') FROM (SELECT d, n FROM lab.with_domain) r$$), (127, 'like a row inside a row', $$SELECT json_populate_record(r, '{"t": {"d": "x"}}') FROM (SELECT t FROM lab.with_domain t) r$$), (128, 'XMLTABLE column', $$SELECT * FROM xmltable('/r' PASSING xml '<r>x</r>' COLUMNS a lab.checked PATH '.')$$),
(129, 'a literal compared with a column of the domain', $$SELECT 1 FROM lab.with_domain WHERE d = 'x'::lab.checked$$), (130, 'COALESCE', $$SELECT coalesce(d, 'x') FROM lab.with_domain$$), (131, 'CASE', $$SELECT CASE n WHEN 1 THEN 'x'::lab.checked END FROM lab.with_domain$$), (132, 'VALUES', $$VALUES ('x'::lab.checked)$$), (133, 'a literal that UNION turns into the domain', $$SELECT d FROM lab.with_domain UNION SELECT 'x'$$), (134, 'array made of the column and a literal', $$SELECT ARRAY[d, 'x'] FROM lab.with_domain$$), (135, 'in a condition that is never true', $$SELECT 1 WHERE false AND 'x'::lab.checked = 'x'$$), (136, 'a function''s argument', $$SELECT length('x'::lab.checked)$$);

-- Casts of own types, in the text and inside functions that look for one.
CREATE TYPE lab.colour AS ENUM ('red', 'green');
CREATE FUNCTION lab.colour_int(lab.colour) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN 1; END$$;
CREATE FUNCTION lab.colour_json(lab.colour) RETURNS json LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN '1'; END$$;
CREATE FUNCTION lab.pair_text(lab.pair) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN '1'; END$$;
CREATE CAST (lab.colour AS int) WITH FUNCTION lab.colour_int(lab.colour) AS IMPLICIT;
CREATE CAST (lab.colour AS json) WITH FUNCTION lab.colour_json(lab.colour);
CREATE CAST (lab.pair AS text) WITH FUNCTION lab.pair_text(lab.pair) AS IMPLICIT;
CREATE TYPE lab.colours AS (c lab.colour);
CREATE TABLE lab.paint (c lab.colour, cs lab.colour[], r lab.colours);
INSERT INTO lab.paint VALUES ('red', '{red}', '(red)');
INSERT INTO arena.attacks VALUES
(151, 'explicit cast', 'SELECT c::int FROM lab.paint'), (152, 'implicit cast', 'SELECT c + 1 FROM lab.paint'), (153, 'cast of an array', 'SELECT cs::int[] FROM lab.paint'), (154, 'implicit in a function''s argument', 'SELECT abs(c) FROM lab.paint'), (157, 'implicit in IN', 'SELECT 1 IN (SELECT c FROM lab.paint)'), (160, 'implicit in a subscript', 'SELECT (ARRAY[1])[c] FROM lab.paint'),
(161, 'to_json', 'SELECT to_json(c) FROM lab.paint'), (162, 'to_jsonb', 'SELECT to_jsonb(c) FROM lab.paint'), (163, 'row_to_json', 'SELECT row_to_json(p) FROM lab.paint p'), (164, 'array_to_json', 'SELECT array_to_json(cs) FROM lab.paint'), (165, 'json_agg', 'SELECT json_agg(c) FROM lab.paint'), (166, 'jsonb_agg', 'SELECT jsonb_agg(c) FROM lab.paint'), (167, 'json_object_agg', 'SELECT json_object_agg(1, c) FROM lab.paint'), (168, 'jsonb_object_agg', 'SELECT jsonb_object_agg(c, 1) FROM lab.paint'), (169, 'json_build_object', 'SELECT json_build_object(1, c) FROM lab.paint'), (170, 'jsonb_build_object', 'SELECT jsonb_build_object(1, c) FROM lab.paint'), (171, 'json_build_array', 'SELECT json_build_array(c) FROM lab.paint'), (172, 'jsonb_build_array', 'SELECT jsonb_build_array(VARIADIC cs) FROM lab.paint'), (173, 'in a row inside', 'SELECT to_jsonb(r) FROM lab.paint'), (174, 'in a row without name', 'SELECT to_json(x) FROM (SELECT r FROM lab.paint) x'), (175, 'in an array of rows', 'SELECT to_json(ARRAY[r]) FROM lab.paint'), (176, 'as a window function', 'SELECT json_agg(c) OVER () FROM lab.paint'), (177, 'of all values of the type', 'SELECT to_json(enum_range(NULL::lab.colour))');

-- What may stand in for an operator: its commutator and its negator. The planner puts them in its place, and calls
-- them while it estimates, in a way that no hook sees. The operator itself is the server's own int4eq.
CREATE OPERATOR lab.!== (LEFTARG = int, RIGHTARG = int, FUNCTION = lab.evil);
CREATE OPERATOR lab.~== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq, NEGATOR = OPERATOR(lab.!==), RESTRICT = neqsel);
CREATE OPERATOR lab.!~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = pg_try_advisory_lock);
CREATE OPERATOR lab.~~~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = int4ne, NEGATOR = OPERATOR(lab.!~~~), RESTRICT = neqsel);
CREATE OPERATOR lab.<<~ (LEFTARG = int, RIGHTARG = int, FUNCTION = pg_try_advisory_lock, COMMUTATOR = OPERATOR(lab.~>>));
CREATE OPERATOR lab.~>> (LEFTARG = int, RIGHTARG = int, FUNCTION = int4gt, COMMUTATOR = OPERATOR(lab.<<~), RESTRICT = scalargtsel, JOIN = eqjoinsel);
CREATE OPERATOR lab.~| (LEFTARG = int, RIGHTARG = int, FUNCTION = int4gt, COMMUTATOR = OPERATOR(lab.|~), RESTRICT = scalargtsel);
CREATE OPERATOR lab.|~~ (LEFTARG = int, RIGHTARG = int, FUNCTION = pg_try_advisory_lock, NEGATOR = OPERATOR(lab.|~));
CREATE OPERATOR lab.|~ (LEFTARG = int, RIGHTARG = int, FUNCTION = int4lt, COMMUTATOR = OPERATOR(lab.~|), NEGATOR = OPERATOR(lab.|~~));
CREATE OPERATOR lab.#= (LEFTARG = int, RIGHTARG = bigint, FUNCTION = pg_terminate_backend);
CREATE OPERATOR lab.#~ (LEFTARG = int, RIGHTARG = bigint, FUNCTION = int48eq, NEGATOR = OPERATOR(lab.#=), RESTRICT = neqsel);
CREATE OPERATOR lab.@= (LEFTARG = int, RIGHTARG = int, FUNCTION = pg_try_advisory_lock, RESTRICT = eqsel);
CREATE FUNCTION lab.spread(float8, float8) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN $1 - $2; END$$;
CREATE TYPE lab.span AS RANGE (subtype = float8, subtype_diff = lab.spread);
CREATE TABLE lab.spans AS SELECT i AS id, lab.span(i, i + 2) AS s FROM generate_series(1, 200) i;
ANALYZE lab.t, lab.spans;
INSERT INTO arena.attacks VALUES
(201, 'negated, of constants', 'SELECT NOT (1 OPERATOR(lab.~==) 2)'), (202, 'negated, of a column', 'SELECT id FROM lab.t WHERE NOT (n OPERATOR(lab.~==) 2)'), (203, 'estimated by its negator', 'SELECT count(*) FROM lab.t WHERE n OPERATOR(lab.~==) 2'), (204, 'its negator takes locks', 'SELECT count(*) FROM lab.t WHERE n OPERATOR(lab.~~~~) 4711'), (205, 'its negator ends sessions', 'SELECT count(*) FROM lab.t WHERE n OPERATOR(lab.#~) 0'), (206, 'estimated by its commutator', 'SELECT count(*) FROM lab.t WHERE 4711 OPERATOR(lab.~>>) n'), (207, 'in a join', 'SELECT count(*) FROM lab.t a, lab.t b WHERE a.n OPERATOR(lab.~>>) b.n'), (208, 'the commutator''s negator', 'SELECT count(*) FROM lab.t WHERE NOT 4711 OPERATOR(lab.~|) n'), (209, 'ANY', 'SELECT count(*) FROM lab.t WHERE n OPERATOR(lab.~~~~) ANY (ARRAY[4711])'), (210, 'ALL of a subquery', 'SELECT count(*) FROM lab.t WHERE n OPERATOR(lab.~~~~) ALL (SELECT 4711)'), (211, 'under a view', 'SELECT count(*) FROM (SELECT * FROM lab.t WHERE n OPERATOR(lab.~~~~) 4711) x'), (212, 'an operator whose function is refused itself', 'SELECT count(*) FROM lab.t WHERE n OPERATOR(lab.@=) 4711'), (213, 'in CASE', 'SELECT CASE WHEN NOT (n OPERATOR(lab.~~~~) 1) THEN 1 END FROM lab.t'), (214, 'in a join''s condition', 'SELECT count(*) FROM lab.t a LEFT JOIN lab.t b ON NOT (a.n OPERATOR(lab.~~~~) b.n)'), (215, 'a range type''s own measure', $$SELECT count(*) FROM lab.spans WHERE s && '[5,10]'$$), (216, 'and with a constant on the left', $$SELECT count(*) FROM lab.spans WHERE '[5,10]'::lab.span @> s$$), (217, 'and of an element', $$SELECT count(*) FROM lab.spans WHERE s @> 5::float8$$);

-- Code that belongs to own tables: the planner folds it, or the executor runs it, whenever the table is read.
CREATE TABLE lab.expression (id int);
CREATE INDEX ON lab.expression ((id + lab.evil(1)));
CREATE TABLE lab.predicate (id int);
CREATE INDEX ON lab.predicate (id) WHERE lab.evil('predicate');
CREATE TABLE lab.estimated AS SELECT i AS id, i % 3 AS n, i % 7 AS m FROM generate_series(1, 20000) i;
CREATE INDEX ON lab.estimated (id) WHERE (m IS NOT NULL OR n OPERATOR(lab.~~~~) 4711);
ANALYZE lab.estimated;
CREATE TABLE lab.statistics AS SELECT i AS id, i % 3 AS n FROM generate_series(1, 100) i;
CREATE STATISTICS lab.expressions ON (id + lab.evil(1)), n FROM lab.statistics;
ANALYZE lab.statistics;
CREATE TABLE lab.constrained (id int CHECK (lab.evil('check')));
CREATE TABLE lab.parted (id int) PARTITION BY RANGE ((id + lab.evil(1)));
CREATE TABLE lab.parted_1 PARTITION OF lab.parted FOR VALUES FROM (0) TO (100);
CREATE FUNCTION lab.guarded(suffix text, condition text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE lab.guarded_%s (id int, c lab.colour, s lab.span)', suffix);
    EXECUTE format('INSERT INTO lab.guarded_%s VALUES (1, ''red'', ''[1,2]'')', suffix);
    EXECUTE format('ALTER TABLE lab.guarded_%s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', suffix);
    EXECUTE format('CREATE POLICY p ON lab.guarded_%s USING (%s)', suffix, condition);
END $$;
SELECT lab.guarded('call', 'lab.evil(id) > 0'), lab.guarded('lock', 'pg_try_advisory_lock(id)'), lab.guarded('set', 'set_config(''a.b'', ''c'', false) IS NOT NULL'),
       lab.guarded('kin', 'EXISTS (SELECT FROM lab.t WHERE n OPERATOR(lab.~~~~) 4711)'), lab.guarded('json', 'to_json(c)::text = ''1'''), lab.guarded('span', 's && ''[1,3]'''), lab.guarded('domain', 'id::text::lab.checked IS NOT NULL'), lab.guarded('view', '(SELECT a FROM lab.calls)') \g /dev/null
INSERT INTO arena.attacks VALUES
(251, 'expression of an index', 'SELECT id FROM lab.expression WHERE id = 1'), (252, 'condition of an index', 'SELECT id FROM lab.predicate WHERE id = 1'), (253, 'condition of an index, estimated', 'SELECT count(*) FROM lab.estimated WHERE id = 5 AND m = 5'), (254, 'expression of statistics', 'SELECT id FROM lab.statistics WHERE n = 1'), (255, 'check that excludes', 'SELECT id FROM lab.constrained WHERE id = 1'), (256, 'key of partitions', 'SELECT id FROM lab.parted'), (257, 'one partition', 'SELECT id FROM lab.parted_1 WHERE id = 1'),
(261, 'policy that calls', 'SELECT id FROM lab.guarded_call'), (262, 'policy that locks', 'SELECT id FROM lab.guarded_lock'), (263, 'policy that sets', 'SELECT id FROM lab.guarded_set'), (264, 'policy whose subquery is estimated', 'SELECT id FROM lab.guarded_kin'), (265, 'policy that makes JSON', 'SELECT id FROM lab.guarded_json'), (266, 'policy that measures ranges', 'SELECT id FROM lab.guarded_span'), (267, 'policy that makes a domain', 'SELECT id FROM lab.guarded_domain'), (268, 'policy that reads a view', 'SELECT id FROM lab.guarded_view'), (269, 'policy, in EXISTS', 'SELECT EXISTS (SELECT FROM lab.guarded_call)'), (270, 'policy, joined', 'SELECT 1 FROM shop.products p JOIN lab.guarded_lock g USING (id)');
ALTER ROLE acme_app IN DATABASE :"DBNAME" SET constraint_exclusion = on;
\i :remember
-- Read-only, so that refusals are not put on record, which would take a transaction id.
BEGIN READ ONLY;
SELECT id, tries, verdict, at, code, error FROM arena.outcomes ORDER BY id;
SELECT pg_current_xact_id_if_assigned() AS transaction_id;
COMMIT;
\echo what got through, and what was damaged
-- These make no value of the domain: their type is the one underneath.
SELECT id, rows FROM arena.outcomes WHERE rows IS NOT NULL ORDER BY id;
SELECT count(*) AS attacks, count(*) FILTER (WHERE verdict IS NULL) AS validated, count(rows) AS ran FROM arena.outcomes;
SELECT * FROM arena.damage_to_session;

\echo own names in front of the names of the server
SET client_min_messages = error;
CREATE FUNCTION lab.lower(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN $1; END$$;
CREATE FUNCTION lab.length(varchar) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN 1; END$$;
CREATE FUNCTION lab.same(int, int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN true; END$$;
CREATE FUNCTION lab.same(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN true; END$$;
CREATE FUNCTION lab.joined(text, text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN ''; END$$;
CREATE OPERATOR lab.= (LEFTARG = int, RIGHTARG = int, FUNCTION = lab.same, HASHES, MERGES);
CREATE OPERATOR lab.= (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.same);
CREATE OPERATOR lab.>= (LEFTARG = int, RIGHTARG = int, FUNCTION = lab.same);
CREATE OPERATOR lab.<= (LEFTARG = int, RIGHTARG = int, FUNCTION = lab.same);
CREATE OPERATOR lab.~~ (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.same);
CREATE OPERATOR lab.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = lab.joined);
CREATE AGGREGATE lab.max(int) (sfunc = lab.step, stype = int);
CREATE FUNCTION lab.generate_series(int, int) RETURNS SETOF int LANGUAGE plpgsql AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; END$$;
CREATE VIEW lab.pg_tables AS SELECT lab.evil('x') AS tablename;
CREATE DOMAIN lab.int4 AS pg_catalog.int4 CHECK (lab.evil(VALUE) IS NOT NULL);
CREATE FUNCTION lab.current_tenant() RETURNS text LANGUAGE sql AS $$SELECT 'globex'$$;
TRUNCATE arena.attacks;
INSERT INTO arena.attacks VALUES
(301, 'a function', $$SELECT lower(name) FROM shop.products$$), (302, 'a closer overload', $$SELECT length('x'::varchar)$$), (303, 'equality', $$SELECT 1 FROM shop.products WHERE id = 1$$), (304, 'in USING', $$SELECT 1 FROM shop.products a JOIN shop.products b USING (id)$$), (305, 'in NATURAL JOIN', $$SELECT 1 FROM shop.products a NATURAL JOIN shop.products b$$), (306, 'in IN', $$SELECT 1 FROM shop.products WHERE id IN (1, 2)$$), (307, 'in IN of a subquery', $$SELECT 1 FROM shop.products WHERE id IN (SELECT id FROM lab.t)$$), (308, 'in CASE', $$SELECT CASE id WHEN 1 THEN 2 END FROM shop.products$$), (309, 'in NULLIF', $$SELECT nullif(id, 1) FROM shop.products$$), (310, 'in IS DISTINCT', $$SELECT id IS DISTINCT FROM 1 FROM shop.products$$), (311, 'in BETWEEN', $$SELECT id BETWEEN 1 AND 2 FROM shop.products$$), (312, 'in LIKE', $$SELECT name LIKE 'x' FROM shop.products$$), (313, 'concatenation', $$SELECT name || 'x' FROM shop.products$$), (314, 'a row comparison', $$SELECT (id, name) = (1, 'x') FROM shop.products$$), (315, 'an aggregate', $$SELECT max(id) FROM shop.products$$), (316, 'a function in FROM', $$SELECT * FROM generate_series(1, 2)$$), (317, 'a view of the server', $$SELECT * FROM pg_tables$$), (318, 'a type', $$SELECT 1::int4$$), (319, 'a function of ours', $$SELECT current_tenant()$$), (320, 'ANY', $$SELECT id = ANY ('{1}') FROM shop.products$$), (322, 'attribute notation', $$SELECT t.attribute FROM lab.t t$$), (323, 'attribute notation of a row', $$SELECT (t).attribute FROM lab.t t$$), (324, 'and of a row in a subquery', $$SELECT (x.y).attribute FROM (SELECT t AS y FROM lab.t t) x$$), (321, 'a policy''s own names stay what they were', $$SELECT count(*) FROM flowai.catalog_entries e WHERE e.tenant_id ^@ 'globex'$$);
RESET client_min_messages;
SET search_path = lab, pg_catalog;
SELECT id, tries, verdict, at, code, error, rows FROM arena.outcomes ORDER BY id;
RESET search_path;

\echo functions that an administrator allowed
SET client_min_messages = error;
CREATE TABLE lab.secrets (s text);
CREATE FUNCTION lab.helper(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN $1; END$$;
CREATE FUNCTION lab.fine(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE FUNCTION lab.calls_helper(int) RETURNS int LANGUAGE plpgsql STABLE AS $$BEGIN RETURN lab.helper($1); END$$;
CREATE FUNCTION lab.does(sql text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$BEGIN EXECUTE sql; RETURN 'done'; END$$;
CREATE FUNCTION lab.does_quietly(sql text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$BEGIN EXECUTE sql; RETURN 'done'; EXCEPTION WHEN OTHERS THEN RETURN 'caught'; END$$;
CREATE FUNCTION lab.locks_inside() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$BEGIN RETURN pg_try_advisory_lock(77); END$$;
CREATE FUNCTION lab.asks_guard() RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$BEGIN RETURN flowai.execute_query('SELECT 1'); END$$;
CREATE FUNCTION lab.concatenates(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1 || $1';
CREATE FUNCTION lab.waits() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    LOOP NULL; END LOOP;
EXCEPTION WHEN query_canceled THEN
    RETURN 'caught';
END $$;
CREATE FUNCTION lab.in_sql(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE FUNCTION lab.calls_sql(int) RETURNS int LANGUAGE plpgsql STABLE AS $$BEGIN RETURN lab.in_sql($1); END$$;
CREATE FUNCTION lab.sql_calls_sql(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT lab.in_sql($1)';
CREATE FUNCTION lab.write_row() RETURNS int LANGUAGE sql VOLATILE AS 'INSERT INTO shop.log VALUES (''x''); SELECT 1';
CREATE FUNCTION lab.write_other() RETURNS int LANGUAGE sql STABLE AS 'SELECT shop.write(''x'')';
RESET client_min_messages;
GRANT USAGE ON SCHEMA lab TO steward;
\connect - steward
SELECT count(flowai.function_allow(f::regprocedure)) FROM unnest('{lab.helper(int),lab.fine(int),lab.calls_helper(int),lab.does(text),lab.does_quietly(text),lab.locks_inside(),lab.asks_guard(),lab.concatenates(text),lab.waits(),lab.write_row(),lab.write_other(),lab.calls_sql(int),lab.sql_calls_sql(int)}'::text[]) f;
SELECT flowai.function_allow('flowai.execute_query'::regproc::oid::regprocedure);
\connect - acme_app
SET client_min_messages = warning;
TRUNCATE arena.attacks;
INSERT INTO arena.attacks VALUES
(401, 'as it is: works', 'SELECT lab.fine(1)'), (402, 'inserts', 'SELECT lab.write_row()'), (403, 'calls what inserts with its owner''s rights', 'SELECT lab.write_other()'), (404, 'executes a write', $$SELECT lab.does('DELETE FROM shop.log')$$), (405, 'executes DDL', $$SELECT lab.does('CREATE TABLE lab.x (a int)')$$), (406, 'executes SET', $$SELECT lab.does('SET flowai.tenant = globex')$$), (407, 'executes SET ROLE', $$SELECT lab.does('SET ROLE globex_app')$$), (408, 'executes a lock', $$SELECT lab.does('SELECT pg_advisory_lock(78)')$$), (409, 'executes NOTIFY', $$SELECT lab.does('NOTIFY x')$$), (410, 'executes LISTEN', $$SELECT lab.does('LISTEN x')$$), (411, 'executes a row lock', $$SELECT lab.does('SELECT * FROM shop.products FOR UPDATE')$$), (412, 'executes PREPARE', $$SELECT lab.does('PREPARE p AS SELECT 1')$$), (413, 'executes DECLARE', $$SELECT lab.does('DECLARE c CURSOR WITH HOLD FOR SELECT 1')$$), (414, 'executes DO', $$SELECT lab.does('DO ''BEGIN PERFORM lo_create(0); END''')$$), (415, 'executes two statements', $$SELECT lab.does('SELECT 1; SELECT nextval(''shop.numbers'')')$$), (416, 'executes a temporary table', $$SELECT lab.does('CREATE TEMP TABLE x (a int)')$$), (417, 'executes a foreign view', $$SELECT lab.does('SELECT * FROM shop.secrets_by_owner')$$), (418, 'executes and catches', $$SELECT lab.does_quietly('DELETE FROM shop.log')$$), (419, 'catches the gate''s own error', $$SELECT lab.does_quietly('SELECT pg_advisory_lock(79)')$$), (420, 'executes and catches DDL', $$SELECT lab.does_quietly('DROP TABLE shop.log')$$), (421, 'locks', 'SELECT lab.locks_inside()'), (422, 'this guard inside this guard', 'SELECT lab.asks_guard()'), (423, 'and directly', $$SELECT flowai.execute_query('SELECT 1')$$), (424, 'a constant that is folded', $$SELECT 1 FROM shop.products WHERE lab.does('SELECT setval(''shop.numbers'', 99)') IS NULL$$), (425, 'an own function inside', $$SELECT lab.does('SELECT lab.evil(1)')$$), (426, 'an own operator''s kin inside', $$SELECT lab.does('SELECT count(*) FROM lab.t WHERE n OPERATOR(lab.~~~~) 4711')$$), (427, 'waits, and catches the end of its time', 'SELECT lab.waits()');
SELECT id, tries, verdict, at, code, error, rows FROM arena.outcomes ORDER BY id;
-- An expression that was made ready before, outside, in the same transaction.
BEGIN;
SELECT lab.locks_inside(), pg_advisory_unlock_all();
SELECT flowai.execute_query('SELECT lab.locks_inside()') ->> 'error' AS error;
COMMIT;
-- What the planner would put in the place of its call, before and after it has done so outside.
SELECT flowai.execute_query('SELECT lab.calls_sql(1)') ->> 'error' AS error;
SELECT flowai.execute_query('SELECT lab.sql_calls_sql(1)') ->> 'error' AS error;
BEGIN;
SELECT lab.calls_sql(1), lab.sql_calls_sql(1);
SELECT flowai.execute_query('SELECT lab.calls_sql(1)') ->> 'error' AS error;
SELECT flowai.execute_query('SELECT lab.sql_calls_sql(1)') ->> 'error' AS error;
COMMIT;
SELECT * FROM arena.damage_to_session;
\echo allowed, and then changed
CREATE OR REPLACE FUNCTION lab.helper(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE WARNING 'OWN CODE RUNS'; RETURN $1; END$$;
SELECT flowai.execute_query('SELECT lab.calls_helper(1)') ->> 'error' AS "what it calls";
CREATE OR REPLACE FUNCTION lab.fine(a int DEFAULT lab.evil(1)) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
SELECT flowai.execute_query('SELECT lab.fine()') ->> 'error' AS "its default";
SET search_path = lab, pg_catalog;
SELECT flowai.execute_query('SELECT lab.concatenates(''a'')') ->> 'error' AS "what its names mean";
RESET search_path;
ALTER FUNCTION lab.concatenates(text) SET search_path = lab, pg_catalog;
SELECT flowai.execute_query('SELECT lab.concatenates(''a'')') ->> 'error' AS "its settings";
ALTER FUNCTION lab.waits() SECURITY DEFINER;
SELECT flowai.execute_query('SELECT lab.waits()') ->> 'error' AS "its rights";
DROP FUNCTION lab.fine(int);
CREATE FUNCTION lab.fine(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT lab.evil($1)';
SELECT flowai.execute_query('SELECT lab.fine(1)') ->> 'error' AS "another under its name";
CREATE FUNCTION lab.fine(a bigint) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
SELECT flowai.execute_query('SELECT lab.fine(1::bigint)') ->> 'error' AS "another with its name";
SELECT pg_advisory_unlock_all();
\connect - postgres
SELECT line FROM shop.log;
SELECT last_value, is_called FROM shop.numbers;
SELECT count(*) AS large_objects FROM pg_largeobject_metadata;
