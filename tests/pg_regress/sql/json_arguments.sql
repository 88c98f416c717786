-- What a jsonb argument holds is taken exactly or refused: never changed, and never an error of the server's own.
-- A schema asks of a value what can be checked in a moment, or is refused.
SET ROLE acme_app;
CREATE TEMP TABLE hostile AS
SELECT what, value::jsonb FROM (VALUES
    ('127 levels', repeat('[', 127) || repeat(']', 127)),
    ('128 levels', repeat('[', 128) || repeat(']', 128)),
    ('129 objects', repeat('{"a":', 129) || '1' || repeat('}', 129)),
    ('1000 levels', repeat('[', 1000) || repeat(']', 1000)),
    ('reserved key', '{"$serde_json::private::Number": "5"}'),
    ('reserved key inside', '[{"key": "k", "value": {"$serde_json::private::Number": "5"}}]'),
    ('reserved key that is no number', '{"$serde_json::private::Number": "x"}'),
    ('a number of 131072 digits', '1e131071')) AS v (what, value);
GRANT SELECT ON hostile TO PUBLIC;
CREATE FUNCTION pg_temp.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE statement INTO answer;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
-- Every function with an argument of type jsonb, with everything hostile, as the roles that may call it; no
-- answer may be an error of the server's own.
SELECT flowai.ref_kind_define('any'), flowai.ref_kind_define('checked', '{"type": ["array", "object", "number"]}'), flowai.plan_kind_define('any', '{}');
CREATE TEMP TABLE calls AS
SELECT p.oid::regprocedure::text AS function, h.what,
       format('SELECT x::text FROM %s(%s) AS x', p.oid::regproc,
              string_agg(CASE WHEN a.type = 'jsonb'::regtype THEN quote_literal(h.value) || '::jsonb'
                              WHEN a.type = 'text'::regtype AND a.name = 'tenant' THEN quote_literal('acme')
                              WHEN a.type = 'text'::regtype AND p.proname = 'call_tool' THEN quote_literal('kv_put')
                              WHEN a.type = 'text'::regtype THEN quote_literal('any')
                              WHEN a.type = 'integer'::regtype THEN '1'
                              WHEN a.type = 'boolean'::regtype THEN 'true'
                              WHEN a.type = 'uuid'::regtype THEN quote_literal('00000000-0000-0000-0000-000000000001') || '::uuid'
                              ELSE 'NULL::' || a.type::regtype END, ', ' ORDER BY a.place)) AS statement
FROM pg_proc p
CROSS JOIN LATERAL (SELECT t.type, t.place, (p.proargnames)[t.place] AS name FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS t (type, place)) AS a
CROSS JOIN hostile h
WHERE p.pronamespace = 'flowai'::regnamespace AND 'jsonb'::regtype = ANY (p.proargtypes::oid[]) AND p.prokind = 'f'
GROUP BY p.oid, p.proname, h.what, h.value;
GRANT SELECT ON calls TO PUBLIC;
SELECT count(DISTINCT function) > 15 AS many FROM calls;
SELECT function, what, outcome FROM calls, pg_temp.outcome(statement) AS outcome WHERE outcome ~ '^(XX|58)' ORDER BY function, what;
SET ROLE steward;
SELECT function, what, outcome FROM calls, pg_temp.outcome(statement) AS outcome WHERE outcome ~ '^(XX|58)' ORDER BY function, what;
SET ROLE acme_app;
-- With the kind that has a schema, with summaries, and with the token of a worker.
SELECT what, outcome FROM hostile, pg_temp.outcome(format('SELECT id FROM flowai.ref_put(''checked'', %L)', value)) AS outcome;
SELECT what, outcome FROM hostile, pg_temp.outcome(format('SELECT id FROM flowai.ref_put(''any'', ''1'', %L)', value)) AS outcome WHERE outcome ~ '^XX';
SELECT what, outcome FROM hostile, pg_temp.outcome(format('SELECT flowai.plan_kind_define(''k'', %L)', value)) AS outcome;
SELECT what, outcome FROM hostile, pg_temp.outcome(format('SELECT flowai.ref_kind_define(''k'', %L)', value)) AS outcome;
SELECT what, outcome FROM hostile, pg_temp.outcome(format('SELECT count(*) FROM flowai.data_environment_validate(%L)', value)) AS outcome;
SELECT created FROM flowai.plan_store('any', 'p', '{"title": "t", "steps": [{"operation": "o"}, {"operation": "o"}]}');
SELECT flowai.approval_decide(approval, 'granted') IS NOT NULL AS granted FROM flowai.plan_submit('p');
SELECT token FROM flowai.plan_claim('p') \gset
SELECT flowai.plan_step_finish('p', :'token', 1, (SELECT value FROM hostile WHERE what = '1000 levels'));
SELECT flowai.plan_step_fail('p', :'token', 2, (SELECT value FROM hostile WHERE what = 'reserved key'));
SELECT state FROM flowai.plan_fail('p', :'token', (SELECT value FROM hostile WHERE what = 'reserved key'));
SELECT outcome, steps -> 1 -> 'result' AS second, length((steps -> 0 -> 'result')::text) AS first FROM flowai.plan_get('p');
-- Tools answer.
SELECT what, flowai.call_tool('kv_put', jsonb_build_object('namespace', 'n', 'key', 'k', 'value', value)) - 'version' - 'expires_at' FROM hostile;
SELECT what, flowai.call_tool('nosuchtool', value) ->> 'error' FROM hostile;
SELECT what, flowai.call_tool('kv_get', value) ->> 'code' FROM hostile;
-- Stored is what was given.
SELECT what, (SELECT count(*) FROM flowai.kv_put('n', what, value)) AS put FROM hostile;
SELECT count(*) AS put_many FROM hostile, flowai.kv_put_many('m', jsonb_build_array(jsonb_build_object('key', what, 'value', value)));
SELECT what, (SELECT value FROM flowai.kv_get('n', what)) = value AS same, (SELECT value FROM flowai.kv_get('m', what)) = value AS same_of_many FROM hostile h;
SELECT what, outcome FROM hostile, pg_temp.outcome(format('SELECT id FROM flowai.ref_put(''any'', %L)', value)) AS outcome;
SELECT what, (SELECT count(*) FROM flowai.ref_list('any') l WHERE flowai.ref_resolve('any', l.id) = value) AS resolve FROM hostile;
SELECT summary FROM flowai.ref_put('any', '[{"$serde_json::private::Number": "5"}]');
SELECT summary FROM flowai.ref_put('any', '2', '{"$serde_json::private::Number": "5"}');
-- How deep a batch is does not matter.
SELECT key, created FROM flowai.kv_put_many('deep', jsonb_build_array(jsonb_build_object('key', 'k', 'value', (SELECT value FROM hostile WHERE what = '1000 levels'))));
-- What is wrong with a batch is said as it is.
SELECT * FROM flowai.kv_put_many('n', '{}');
-- One measure of values, whichever way they come: bytes as stored.
RESET ROLE;
SET flowai.kv_max_value_bytes = '1kB';
SET ROLE acme_app;
SELECT pg_temp.outcome(format('SELECT version FROM flowai.kv_put(''s'', ''k'', %L)', value)) AS put,
       pg_temp.outcome(format('SELECT version FROM flowai.kv_put_many(''s'', jsonb_build_array(jsonb_build_object(''key'', ''k'', ''value'', %L::jsonb)))', value)) AS put_many
FROM (SELECT jsonb_agg(1) AS value FROM generate_series(1, 80) UNION ALL SELECT jsonb_agg(1) FROM generate_series(1, 90)
      UNION ALL SELECT to_jsonb(repeat('x', 1000)) UNION ALL SELECT to_jsonb(repeat('x', 1030))) AS v;
RESET ROLE;
RESET flowai.kv_max_value_bytes;
SET ROLE acme_app;

-- ------------------------------------------------------------------------------------ schemas
CREATE FUNCTION pg_temp.doubling(n integer, keyword text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('$ref', '#/$defs/d0', '$defs', jsonb_object_agg('d' || i,
        CASE WHEN i = n THEN '{"const": "no"}'
             ELSE jsonb_build_object(keyword, jsonb_build_array(jsonb_build_object('$ref', '#/$defs/d' || i + 1), jsonb_build_object('$ref', '#/$defs/d' || i + 1))) END))
    FROM generate_series(0, n) AS i
$$;
SELECT keyword, pg_temp.outcome(format('SELECT flowai.plan_kind_define(''bomb'', %L)', pg_temp.doubling(18, keyword))) AS plans,
       pg_temp.outcome(format('SELECT flowai.ref_kind_define(''bomb'', %L)', pg_temp.doubling(18, keyword))) AS refs
FROM unnest('{allOf,anyOf,oneOf}'::text[]) AS keyword;
SELECT flowai.ref_kind_define('bomb', pg_temp.doubling(18, 'anyOf'));
SELECT flowai.ref_kind_define('small', pg_temp.doubling(5, 'anyOf'));
SELECT id FROM flowai.ref_put('small', '"yes"');
SELECT created FROM flowai.ref_put('small', '"no"');
SELECT flowai.ref_kind_define('self', '{"$ref": "#"}');
SELECT flowai.ref_kind_define('draft', '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}');
SELECT flowai.ref_kind_define('draft', '{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}');
SELECT flowai.ref_kind_define('elsewhere', '{"$ref": "https://json-schema.org/draft/2020-12/schema"}');
-- A check that would take too long.
SELECT flowai.ref_kind_define('slow', jsonb_build_object('items', jsonb_build_object('anyOf', (SELECT jsonb_agg(jsonb_build_object('const', array_fill(i, '{20}'))) FROM generate_series(1, 4000) AS i))));
SELECT created FROM flowai.ref_put('slow', jsonb_build_array(array_fill(4000, '{20}')));
SELECT id FROM flowai.ref_put('slow', (SELECT jsonb_agg(array_fill(4000, '{20}')) FROM generate_series(1, 4000)));
-- Numbers are compared as they are, not as floats.
SELECT flowai.ref_kind_define('exact', '{"items": {"type": "integer", "maximum": 18446744073709551616}, "uniqueItems": true}');
SELECT created FROM flowai.ref_put('exact', '[18446744073709551616, 18446744073709551615, 1.0]');
SELECT id FROM flowai.ref_put('exact', '[18446744073709551617]');
SELECT id FROM flowai.ref_put('exact', '[9007199254740993.5, 1, 1.00]');
-- A tree of types that contain each other is none of these.
SELECT flowai.ref_kind_define('tree', '{"oneOf": [{"type": "object", "required": ["op", "left", "right"], "properties": {"op": {"const": "add"}, "left": {"$ref": "#"}, "right": {"$ref": "#"}}}, {"type": "object", "required": ["op", "of"], "properties": {"op": {"const": "neg"}, "of": {"$ref": "#"}}}, {"type": "number"}]}');
SELECT created FROM flowai.ref_put('tree', '{"op": "add", "left": {"op": "neg", "of": 1}, "right": {"op": "add", "left": 1, "right": 2.5}}');
SELECT id FROM flowai.ref_put('tree', '{"op": "sub", "left": 1, "right": 2}');
-- The same definition once more is no new revision.
SELECT flowai.plan_kind_define('same', '{"type": "object"}'), flowai.plan_kind_define('other', '{}');
SELECT flowai.plan_kind_define('same', '{"type":   "object"}');
SELECT flowai.plan_kind_define('same', '{"type": "object", "maxProperties": 5}');
