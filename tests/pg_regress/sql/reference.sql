-- References. Ids are random to a tenant, so they are compared and not shown.
SET ROLE acme_app;

-- Kinds: each definition is a revision; the same once more is none.
SELECT flowai.ref_kind_define('note');
SELECT flowai.ref_kind_define('note');
SELECT flowai.ref_kind_define('note', ttl => '1 hour');
SELECT flowai.ref_kind_define('note', ttl => NULL);
SELECT flowai.ref_kind_define('order', '{"type": "object", "required": ["total"], "properties": {"total": {"type": "number", "minimum": 0}}}', max_bytes => 1000);
SELECT kind, revision, schema IS NOT NULL AS has_schema, ttl, max_bytes FROM flowai.ref_kinds ORDER BY kind, revision;
SELECT flowai.ref_kind_define('bad', '{"type": "nothing"}');
SELECT flowai.ref_kind_define('bad', '{"$ref": "https://example.com/schema.json"}');
SELECT flowai.ref_kind_define('bad', '{"properties": {"a": {"pattern": "("}}}');
SELECT flowai.ref_kind_define('bad', ttl => '0');
SELECT flowai.ref_kind_define('bad', max_bytes => 0);
SELECT flowai.ref_kind_define('bad', '{}', max_bytes => 268435456);
SELECT flowai.ref_kind_define(NULL);

-- A payload gets a handle and a summary; an equal one finds them.
SELECT kind, created, summary, expires_at, id ~ '^r[0-9a-z]{32}$' AS id_form FROM flowai.ref_put('note', '{"b": [1, 2.50, 100], "a": "x"}');
SELECT id AS note FROM flowai.ref_list('note') \gset
SELECT id = :'note' AS same, created, summary FROM flowai.ref_put('note', '{"a": "\u0078", "b": [1.0, 25e-1, 1e2]}', '{"mine": true}');
SELECT id = :'note' AS same, created FROM flowai.ref_put('note', '{"a": "x", "b": [1, 2.5, 100, null]}');
SELECT created, summary FROM flowai.ref_put('order', '{"total": 12.50}', '{"order": 7}');
SELECT id AS "order" FROM flowai.ref_list('order') \gset
SELECT (SELECT id FROM flowai.ref_put('note', '{"total": 12.50}')) = :'order' AS same_in_another_kind;
SELECT kind, id = :'order' AS same, summary, byte_size, expires_at FROM flowai.ref_summary('order', :'order');
SELECT flowai.ref_resolve('order', :'order');
SELECT payload, expires_at FROM flowai.ref_get('note', :'note');
SELECT kind_revision, canonical_version FROM flowai.refs WHERE kind = 'note' ORDER BY kind_revision LIMIT 1;

-- Numbers are exact, however long.
SELECT count(DISTINCT id) FROM (VALUES ('[12345678901234567890123]'), ('[12345678901234567890124]'), ('[1.2345678901234567890124e22]'), ('[0.1]'), ('[0.10000000000000000001]'), ('[-0.0]'), ('[0]')) AS v(payload),
    LATERAL flowai.ref_put('note', v.payload::jsonb);

-- Derived summaries.
SELECT summary FROM (VALUES (1, '[]'), (2, '[{"id": 1, "name": "a"}, {"id": 2, "name": "b"}, 3, 4]'), (3, '"text"'), (4, 'null'), (5, '-1.50'), (6, '{"rows": [1, {"a": [2]}], "empty": {}}')) AS v(n, payload),
    LATERAL flowai.ref_put('note', v.payload::jsonb) ORDER BY n;
SELECT summary -> 'count' AS count, jsonb_array_length(summary -> 'keys') AS keys, octet_length(summary::text) <= 2048 AS small
FROM flowai.ref_put('note', (SELECT jsonb_object_agg('key ' || i, repeat('v', i)) FROM generate_series(1, 2000) AS i));
SELECT summary -> 'first' -> 0 AS first FROM flowai.ref_put('note', (SELECT jsonb_agg(jsonb_build_object('n', i, 'text', repeat('x', 300))) FROM generate_series(1, 100) AS i));

-- Expiry: only ever extended; what has expired is gone, and may come back as new.
SELECT created, expires_at > clock_timestamp() + '59 minutes' AS hour FROM flowai.ref_put('note', '"e"', ttl => '1 hour');
SELECT created, expires_at > clock_timestamp() + '59 minutes' AS hour FROM flowai.ref_put('note', '"e"', ttl => '1 minute');
SELECT created, expires_at > clock_timestamp() + '119 minutes' AS two_hours FROM flowai.ref_put('note', '"e"', ttl => '2 hours');
SELECT created, expires_at FROM flowai.ref_put('note', '"e"');
SELECT created, expires_at FROM flowai.ref_put('note', '"e"', ttl => '1 hour');
SELECT id AS brief FROM flowai.ref_put('note', '"brief"', '"first"', ttl => '1 millisecond') \gset
SELECT pg_sleep(0.01);
SELECT count(*) FROM flowai.refs WHERE id = :'brief';
SELECT count(*) FROM flowai.ref_summary('note', :'brief');
SELECT count(*) FROM flowai.ref_get('note', :'brief');
SELECT count(*) FROM flowai.ref_list('note') WHERE id = :'brief';
SELECT flowai.ref_delete('note', :'brief');
SELECT id AS brief FROM flowai.ref_put('note', '"brief"', '"second"', ttl => '1 millisecond') \gset
SELECT pg_sleep(0.01);
SELECT id = :'brief' AS same, created, summary, expires_at FROM flowai.ref_put('note', '"brief"', '"third"');
SELECT flowai.ref_resolve('note', :'brief');
-- The ttl of the kind.
SELECT flowai.ref_kind_define('hourly', ttl => '1 hour');
SELECT expires_at > clock_timestamp() AS lives FROM flowai.ref_put('hourly', '1');

-- Unknown, expired, deleted, foreign: one error.
CREATE FUNCTION pg_temp.fails(kind text, id text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text; rule text; message text; detail text; hint text;
BEGIN
    PERFORM flowai.ref_resolve(kind, id);
    RETURN 'resolved';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, rule = CONSTRAINT_NAME, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', code, rule, replace(message, id, '<id>'), detail, hint);
END $$;
SELECT id AS expired FROM flowai.ref_put('note', '"expired"', ttl => '1 millisecond') \gset
SELECT id AS deleted FROM flowai.ref_put('note', '"deleted"') \gset
SELECT flowai.ref_delete('note', :'deleted');
SELECT flowai.ref_delete('note', :'deleted');
SELECT count(*) FROM flowai.ref_payloads WHERE id = :'deleted';
SELECT pg_temp.fails('note', 'r00000000000000000000000000000000');
SELECT pg_temp.fails('note', :'expired') = pg_temp.fails('note', 'r00000000000000000000000000000000') AS expired,
       pg_temp.fails('note', :'deleted') = pg_temp.fails('note', 'r00000000000000000000000000000000') AS deleted,
       pg_temp.fails('none', :'note') = replace(pg_temp.fails('note', 'x'), '"note"', '"none"') AS unknown_kind;
SELECT flowai.ref_resolve(NULL, 'x') IS NULL AS null_for_null;

-- Another tenant: same payload and kind, another id; this tenant's ids resolve to nothing.
SET ROLE globex_app;
SELECT count(*) FROM flowai.refs;
SELECT count(*) FROM flowai.ref_payloads;
SELECT flowai.ref_kind_define('order');
SELECT id = :'order' AS same, created FROM flowai.ref_put('order', '{"total": 12.50}');
SELECT count(*) FROM flowai.ref_summary('order', :'order');
SELECT count(*) FROM flowai.ref_get('order', :'order');
SELECT flowai.ref_delete('order', :'order');
SELECT pg_temp.fails('order', :'order') = pg_temp.fails('order', 'r00000000000000000000000000000000') AS foreign;
SET ROLE acme_app;
SELECT flowai.ref_resolve('order', :'order');

-- Errors.
SELECT created FROM flowai.ref_put('none', '1');
SELECT created FROM flowai.ref_put('order', '{"total": -1}');
SELECT created FROM flowai.ref_put('order', '[]');
SELECT created FROM flowai.ref_put('order', jsonb_build_object('total', 1, 'x', repeat('x', 1000)));
SELECT created FROM flowai.ref_put('note', '1', to_jsonb(repeat('x', 2048)));
SELECT created FROM flowai.ref_put('note', (repeat('[', 129) || repeat(']', 129))::jsonb);
SELECT created FROM flowai.ref_put('note', '1', ttl => '-1 day');
SELECT created FROM flowai.ref_put('note', NULL);
SELECT created FROM flowai.ref_put(NULL, '1');
SELECT flowai.ref_delete('note', NULL);
SELECT id FROM flowai.ref_list(max_rows => 0);

-- Pages.
SELECT (SELECT count(*) FROM flowai.ref_list(max_rows => 5)) AS page,
       (SELECT count(*) FROM flowai.ref_list(max_rows => 1000)) =
       (SELECT count(*) FROM flowai.refs WHERE expires_at IS NULL OR expires_at > statement_timestamp()) AS whole,
       (SELECT COALESCE(bool_and(id > :'note'), true) FROM flowai.ref_list('note', :'note')) AS after;

-- Reads are inlined and use indexes under row-level security; a summary is read without a payload.
CREATE FUNCTION pg_temp.plan(query text) RETURNS TABLE (by_index bigint, otherwise bigint, payloads bigint) LANGUAGE plpgsql AS $$
DECLARE
    line text; lines text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
        lines := lines || line || E'\n';
    END LOOP;
    RETURN QUERY SELECT count(*) FILTER (WHERE m[1] = 'Index'), count(*) FILTER (WHERE m[1] <> 'Index'), count(*) FILTER (WHERE m[2] ^@ 'ref_payloads')
                 FROM regexp_matches(lines, '(\w+) (?:Scan|Only Scan|Heap Scan)(?: using \w+)? on (\w+)', 'g') AS m;
END $$;
SELECT * FROM pg_temp.plan($$SELECT summary FROM flowai.ref_summary('note', 'r1')$$);
SELECT * FROM pg_temp.plan($$SELECT payload FROM flowai.ref_get('note', 'r1')$$);

-- Blocks that are read: a payload of megabytes is in its toast table, and a summary leaves that alone.
CREATE FUNCTION pg_temp.blocks(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    explained json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, TIMING off, FORMAT json) ' || query INTO explained;
    RETURN (explained -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint + (explained -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
END $$;
SELECT id AS large FROM flowai.ref_put('note', (SELECT jsonb_agg(md5(i::text) || md5((i + 1000000)::text)) FROM generate_series(1, 60000) i)) \gset
SELECT byte_size > 4000000 AS large FROM flowai.ref_summary('note', :'large');
-- Once before, so that what the session looks up for the first time does not count.
SELECT pg_temp.blocks(format('SELECT summary FROM flowai.ref_summary(%L, %L)', 'note', :'large')) IS NULL AS nothing;
SELECT pg_temp.blocks(format('SELECT summary FROM flowai.ref_summary(%L, %L)', 'note', :'large')) < 20 AS summary_is_small,
       pg_temp.blocks(format('SELECT summary FROM flowai.ref_list(%L)', 'note')) < 100 AS list_is_small,
       pg_temp.blocks(format('SELECT expires_at FROM flowai.ref_get(%L, %L)', 'note', :'large')) < 20 AS expiry_is_small,
       pg_temp.blocks(format('SELECT payload FROM flowai.ref_get(%L, %L)', 'note', :'large')) > 300 AS payload_is_large,
       pg_temp.blocks(format('SELECT flowai.ref_resolve(%L, %L)', 'note', :'large')) > 300 AS resolved_is_large;
SELECT flowai.ref_delete('note', :'large');

-- The key of a tenant is readable by nobody; nobody writes the tables.
SELECT * FROM flowai_internal.tenant_keys;
UPDATE flowai.refs SET expires_at = NULL;
DELETE FROM flowai.ref_payloads;
SET ROLE pool;
SELECT count(*) FROM flowai.ref_list();
SELECT * FROM flowai.ref_put('note', '1');
\set VERBOSITY sqlstate
SELECT flowai.ref_resolve('note', 'r1');
\set VERBOSITY default
-- Expiries of references and payloads are one, and neither is without the other.
SET ROLE acme_app;
SELECT count(*) FROM flowai.refs r FULL JOIN flowai.ref_payloads p USING (tenant_id, kind, id) WHERE r.expires_at IS DISTINCT FROM p.expires_at OR r.byte_size IS NULL OR p.payload IS NULL;

-- Ids are random, for they are made under a random key.
CREATE FUNCTION pg_temp.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, 'r[0-9a-z]{32}', '<id>', 'g');
END $$;
-- Many at once, rows of one, rows of a query.
SET ROLE acme_app;
SELECT flowai.ref_kind_define('table rows') > 0 AS defined;
SELECT id AS one FROM flowai.ref_put('table rows', '[{"n": 1}, {"n": 2}]') \gset
SELECT id AS two FROM flowai.ref_put('table rows', '[{"n": 3}]', ttl => '1 hour') \gset
SELECT ordinal, kind, id = :'one' AS first, found, payload, expires_at IS NOT NULL AS expires
FROM flowai.ref_resolve_many(jsonb_build_array(jsonb_build_object('kind', 'table rows', 'id', :'two'), jsonb_build_object('kind', 'other', 'id', :'one'), '{}'::jsonb, jsonb_build_object('kind', 'table rows', 'id', :'one')));
SELECT * FROM flowai.ref_resolve_many('{}');
SELECT count(*) FROM flowai.ref_resolve_many(NULL);
SELECT * FROM flowai.ref_rows('table rows', :'one');
SELECT * FROM flowai.ref_rows('table rows', 'r00000000000000000000000000000000');
SELECT id AS three FROM flowai.ref_put('table rows', '{"no": "array"}') \gset
SELECT * FROM flowai.ref_rows('table rows', :'three');
SELECT kind, created, summary FROM flowai.ref_put_query('table rows', 'SELECT i AS n FROM generate_series(1, 2) i');
SELECT id = :'one' AS same, created FROM flowai.ref_put_query('table rows', 'VALUES (1), (2)') p;
SELECT * FROM flowai.ref_put_query('table rows', 'DELETE FROM flowai.refs');
-- The same rows are the same reference, whatever the session has set.
CREATE TEMP TABLE statement AS SELECT $$SELECT '2026-01-01 12:00+02'::timestamptz AS at, '1 day 02:00'::interval AS long, '\xff00'::bytea AS bytes, 0.1::float8 AS float$$ AS text;
SELECT id AS usual FROM statement, flowai.ref_put_query('table rows', text) \gset
SET timezone = 'Asia/Tokyo';
SET datestyle = 'German';
SET intervalstyle = 'iso_8601';
SET bytea_output = 'escape';
SET extra_float_digits = -3;
SELECT id = :'usual' AS same, created FROM statement, flowai.ref_put_query('table rows', text);
RESET timezone;
RESET datestyle;
RESET intervalstyle;
RESET bytea_output;
RESET extra_float_digits;
SELECT flowai.ref_resolve('table rows', :'usual');
DROP TABLE statement;
-- What is no array has no rows, and is no list of handles.
SELECT id AS object FROM flowai.ref_put('table rows', '{"a": 1}') \gset
SELECT * FROM flowai.ref_rows('table rows', :'object');
SELECT * FROM flowai.ref_resolve_many('{"kind": "table rows"}');
SELECT * FROM flowai.ref_resolve_many('1');
-- A ttl is what is written: a month is no 30 days.
SELECT flowai.ref_kind_define('moon', ttl => '30 days') AS days, flowai.ref_kind_define('moon', ttl => '1 month') AS month, flowai.ref_kind_define('moon', ttl => '1 mon') AS again;
-- What has expired is absent for who deletes it, though a draft uses it.
SELECT id AS gone FROM flowai.ref_put('table rows', '"gone"', ttl => '1 hour') \gset
SELECT flowai.plan_kind_define('uses', '{}');
SELECT created FROM flowai.plan_store('uses', 'uses what goes', jsonb_build_object('title', 't', 'steps', jsonb_build_array(jsonb_build_object('operation', 'o', 'references', jsonb_build_array(jsonb_build_object('kind', 'table rows', 'id', :'gone'))))));
RESET ROLE;
UPDATE flowai.refs SET created_at = '2020-01-01', expires_at = '2020-01-02' WHERE id = :'gone';
UPDATE flowai.ref_payloads SET expires_at = '2020-01-02' WHERE id = :'gone';
SET ROLE acme_app;
SELECT flowai.ref_delete('table rows', :'gone');
\set VERBOSITY terse
SELECT state FROM flowai.plan_submit('uses what goes');
\set VERBOSITY default
SELECT state FROM flowai.plan_cancel('uses what goes');
-- Control characters are six bytes each in a summary.
SELECT octet_length(summary::text) <= 2048 AS small FROM flowai.ref_put('table rows', jsonb_build_array(repeat(E'\x01', 200), repeat(E'\x01', 201), repeat(E'\x01', 201)));
SELECT * FROM flowai.ref_put_query('table rows', 'SELECT generate_series(1, 10)', max_rows => 5);
-- What has nothing to do with the rows is refused before the statement runs, which would fail.
SELECT * FROM flowai.ref_put_query('no such kind', 'SELECT 1 / 0');
SELECT * FROM flowai.ref_put_query(NULL, 'SELECT 1 / 0');
SELECT * FROM flowai.ref_put_query('table rows', 'SELECT 1 / 0', ttl => '-1 s');
SELECT * FROM flowai.ref_put_query('table rows', 'SELECT 1 / 0', summary => to_jsonb(repeat('x', 2048)));
SELECT * FROM flowai.ref_put_query('table rows', 'SELECT 1 / 0');
-- Longer, never shorter.
SELECT flowai.ref_extend('table rows', :'two', '2 hours') > now() + interval '119 minutes' AS extended;
SELECT flowai.ref_extend('table rows', :'two', '1 minute') > now() + interval '119 minutes' AS kept;
SELECT flowai.ref_extend('table rows', :'two') IS NULL AS for_ever;
SELECT flowai.ref_extend('table rows', :'two', '1 minute') IS NULL AS still;
SELECT expires_at FROM flowai.ref_get('table rows', :'two');
SELECT flowai.ref_extend('table rows', 'r00000000000000000000000000000000', '1 minute');
SELECT flowai.ref_extend('table rows', :'two', '-1 minute');
-- A reference that an unfinished plan uses stays, expired or not.
SELECT flowai.plan_kind_define('uses', '{"type": "object"}');
SELECT id AS used FROM flowai.ref_put('table rows', '["used"]', ttl => '50 milliseconds') \gset
SELECT created FROM flowai.plan_store('uses', 'uses it', jsonb_build_object('title', 't', 'steps', jsonb_build_array(jsonb_build_object('operation', 'o', 'input', '{}'::jsonb, 'references', jsonb_build_array(jsonb_build_object('kind', 'table rows', 'id', :'used'), jsonb_build_object('kind', 'table rows', 'id', :'one'))))));
SELECT pg_temp.refused(format('SELECT flowai.ref_delete(%L, %L)', 'table rows', :'one'));
SELECT pg_sleep(0.06);
SELECT flowai.ref_purge() >= 0 AS purged;
RESET ROLE;
SELECT count(*) FROM flowai.refs WHERE id = :'used';
SET ROLE acme_app;
SELECT state FROM flowai.plan_cancel('uses it');
SELECT flowai.ref_purge() >= 1 AS purged;
RESET ROLE;
SELECT count(*) FROM flowai.refs WHERE id = :'used';
SELECT count(*) FROM flowai.ref_payloads WHERE id = :'used';
-- A payload that somebody altered from outside is not given out.
UPDATE flowai.ref_payloads SET payload = '[{"n": 1}, {"n": 3}]' WHERE id = :'one';
SET ROLE acme_app;
SELECT pg_temp.refused(format('SELECT flowai.ref_resolve(%L, %L)', 'table rows', :'one'));
SELECT pg_temp.refused(format('SELECT payload FROM flowai.ref_get(%L, %L)', 'table rows', :'one'));
SELECT pg_temp.refused(format('SELECT payload FROM flowai.ref_resolve_many(jsonb_build_array(jsonb_build_object(''kind'', %1$L, ''id'', %3$L), jsonb_build_object(''kind'', %1$L, ''id'', %2$L)))', 'table rows', :'one', :'two'));
SELECT created FROM flowai.plan_store('uses', 'altered', jsonb_build_object('title', 't', 'steps', jsonb_build_array(jsonb_build_object('operation', 'o', 'references', jsonb_build_array(jsonb_build_object('kind', 'table rows', 'id', :'one'))))));
SELECT pg_temp.refused('SELECT flowai.plan_inputs(''altered'')');
SELECT state FROM flowai.plan_cancel('altered');
-- What is not asked for is not read, and not checked.
SELECT expires_at FROM flowai.ref_get('table rows', :'one');
SELECT flowai.ref_delete('table rows', :'one');
SELECT created FROM flowai.ref_put('table rows', '[{"n": 1}, {"n": 2}]');
SELECT flowai.ref_resolve('table rows', :'one');
RESET ROLE;
