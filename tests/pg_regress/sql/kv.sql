-- Key/value entries. Versions start at the clock, so they are shown as differences.
SET ROLE acme_app;

-- A put creates, the next one replaces.
SELECT version > 0 AS positive, created, expires_at FROM flowai.kv_put('session', 'user:1', '{"name": "Ann"}');
SELECT version AS first_version FROM flowai.kv_get('session', 'user:1') \gset
SELECT version - :first_version AS version, created, expires_at FROM flowai.kv_put('session', 'user:1', '{"name": "Anna"}');
SELECT value, version - :first_version AS version, expires_at FROM flowai.kv_get('session', 'user:1');
SELECT * FROM flowai.kv_get('session', 'user:2');
SELECT * FROM flowai.kv_get('other', 'user:1');
SELECT * FROM flowai.kv_get(NULL, NULL);
-- JSON null is a value.
SELECT created FROM flowai.kv_put('session', 'nothing', 'null');
SELECT value FROM flowai.kv_get('session', 'nothing');

-- Compare-and-set: with the version that was read, with one that is no more, with none.
SELECT version - :first_version AS version, created FROM flowai.kv_put('session', 'user:1', '2', expected_version => :first_version + 1);
\set VERBOSITY sqlstate
SELECT * FROM flowai.kv_put('session', 'user:1', '3', expected_version => :first_version + 1);
\set VERBOSITY default
SELECT * FROM flowai.kv_put('session', 'user:1', '3', expected_version => 0);
SELECT * FROM flowai.kv_put('session', 'user:9', '3', expected_version => 17);
SELECT created FROM flowai.kv_put('session', 'user:9', '3', expected_version => 0);
SELECT value, version - :first_version AS version FROM flowai.kv_get('session', 'user:1');

-- Put if absent tells what is there.
SELECT version - :first_version AS version, created FROM flowai.kv_put_if_absent('session', 'user:1', '4');
SELECT created FROM flowai.kv_put_if_absent('session', 'user:3', '4');
SELECT created, (SELECT value FROM flowai.kv_get('session', 'user:3')) FROM flowai.kv_put_if_absent('session', 'user:3', '5');

-- Delete, and nobody can take what comes after for what was before.
SELECT flowai.kv_delete('session', 'user:1');
SELECT flowai.kv_delete('session', 'user:1');
SELECT created, version > :first_version + 2 AS later FROM flowai.kv_put('session', 'user:1', '5');
\set VERBOSITY sqlstate
SELECT * FROM flowai.kv_put('session', 'user:1', '6', expected_version => :first_version + 2);
\set VERBOSITY default

-- Expiry: the entry is absent for every operation, though its row is there.
SELECT created, expires_at > clock_timestamp() AS lives FROM flowai.kv_put('cache', 'a', '1', '1 hour');
SELECT created, expires_at FROM flowai.kv_put('cache', 'a', '1');
SELECT version AS old_version FROM flowai.kv_put('cache', 'b', '1', '1 millisecond') \gset
SELECT version AS old_counter FROM flowai.kv_increment('cache', 'n', 5, '1 millisecond') \gset
SELECT count(*) FROM flowai.kv_put('cache', 'c', '1', '1 millisecond');
SELECT pg_sleep(0.01);
SELECT key, expires_at < clock_timestamp() AS over FROM flowai.kv_entries WHERE namespace = 'cache' ORDER BY key;
SELECT * FROM flowai.kv_get('cache', 'b');
SELECT ordinal, key, found, value FROM flowai.kv_get_many('cache', ARRAY['a', 'b']);
SELECT key FROM flowai.kv_list('cache');
SELECT flowai.kv_delete('cache', 'c');
SELECT count(*) FROM flowai.kv_entries WHERE namespace = 'cache' AND key = 'c';
\set VERBOSITY sqlstate
SELECT * FROM flowai.kv_put('cache', 'b', '2', expected_version => :old_version);
\set VERBOSITY default
SELECT created, version > :old_version AS later FROM flowai.kv_put_if_absent('cache', 'b', '2');
SELECT value, version > :old_counter AS later, expires_at FROM flowai.kv_increment('cache', 'n');

-- Counters.
SELECT value FROM flowai.kv_increment('count', 'n');
SELECT value FROM flowai.kv_increment('count', 'n', 41);
SELECT value FROM flowai.kv_increment('count', 'n', -2, '1 hour');
SELECT value, expires_at FROM flowai.kv_get('count', 'n');
SELECT created FROM flowai.kv_put('count', 'text', '"1"');
SELECT value FROM flowai.kv_increment('count', 'text');
SELECT created FROM flowai.kv_put('count', 'half', '0.5');
SELECT value FROM flowai.kv_increment('count', 'half');
SELECT value FROM flowai.kv_increment('count', 'most', 9223372036854775807);
SELECT value FROM flowai.kv_increment('count', 'most');
SELECT created FROM flowai.kv_put('count', 'whole', '7.0');
SELECT value FROM flowai.kv_increment('count', 'whole');

-- Many at once, in the order asked; a key twice is answered twice.
SELECT ordinal, key, found, value FROM flowai.kv_get_many('session', ARRAY['user:9', 'none', 'nothing', 'user:9', NULL]);
SELECT * FROM flowai.kv_get_many('session', NULL);

-- Pages of a prefix. The prefix is literal.
SELECT count(*) FROM generate_series(1, 5) AS i, flowai.kv_put('list', 'a%' || i, to_jsonb(i));
SELECT count(*) FROM generate_series(1, 3) AS i, flowai.kv_put('list', 'ab' || i, to_jsonb(i));
SELECT count(*) FROM flowai.kv_put('list', U&'a\D83D\DE00', '1') AS p, flowai.kv_put('list', U&'\+10FFFF', '1') AS q;
SELECT key, value FROM flowai.kv_list('list', 'a%', max_rows => 2);
SELECT key, value FROM flowai.kv_list('list', 'a%', after => 'a%2', max_rows => 10);
SELECT key FROM flowai.kv_list('list', after => 'ab2');
SELECT key FROM flowai.kv_list('list', 'b');
SELECT count(*) FROM flowai.kv_list('list');

-- Reads are inlined and use the primary key, under row-level security, with constants and parameters.
EXPLAIN (COSTS off) SELECT value FROM flowai.kv_get('session', 'user:1');
EXPLAIN (COSTS off) SELECT key FROM flowai.kv_list('list', 'a%', 'a%2');
SET plan_cache_mode = force_generic_plan;
PREPARE page(text, text, text) AS SELECT key FROM flowai.kv_list($1, $2, $3);
EXPLAIN (COSTS off) EXECUTE page('list', 'a%', 'a%2');
EXECUTE page('list', 'a%', 'a%2');
RESET plan_cache_mode;

-- Arguments.
SELECT * FROM flowai.kv_put(NULL, 'k', '1');
SELECT * FROM flowai.kv_put('n', NULL, '1');
SELECT * FROM flowai.kv_put('n', 'k', NULL);
SELECT * FROM flowai.kv_put(' n', 'k', '1');
SELECT * FROM flowai.kv_put('n', '', '1');
SELECT * FROM flowai.kv_put('n', repeat('x', 1025), '1');
SELECT * FROM flowai.kv_put('n', 'k', '1', '-1 second');
SELECT * FROM flowai.kv_put('n', 'k', '1', '2000 years');
SELECT * FROM flowai.kv_put('n', 'k', '1', expected_version => -1);
SELECT created FROM flowai.kv_put('n', repeat('x', 1024), to_jsonb(repeat('x', 16777200)));
SELECT * FROM flowai.kv_put('n', 'large', to_jsonb(repeat('x', 16777216)));
SELECT * FROM flowai.kv_increment('n', 'k', NULL);
SELECT flowai.kv_delete('n', NULL);
SELECT * FROM flowai.kv_list('n', max_rows => 0);
SELECT * FROM flowai.kv_list('n', max_rows => 1001);
SELECT * FROM flowai.kv_list('n', max_rows => NULL);

-- Another tenant: the same keys, other entries.
SET ROLE globex_app;
SELECT * FROM flowai.kv_get('session', 'user:1');
SELECT * FROM flowai.kv_list('session');
SELECT flowai.kv_delete('session', 'user:1');
SELECT created FROM flowai.kv_put('session', 'user:1', '"globex"');
SELECT value FROM flowai.kv_increment('count', 'n');
SET ROLE acme_app;
SELECT value FROM flowai.kv_get('session', 'user:1');
SELECT value FROM flowai.kv_get('count', 'n');

-- No tenant: reads are empty, writes are refused. Nobody writes the table itself.
SET ROLE stranger;
SELECT * FROM flowai.kv_put('n', 'k', '1');
SET ROLE pool;
SELECT * FROM flowai.kv_get('session', 'user:1');
SELECT count(*) FROM flowai.kv_get_many('session', ARRAY['user:1']) WHERE found;
SELECT * FROM flowai.kv_put('n', 'k', '1');
SELECT flowai.kv_delete('session', 'user:1');
SET ROLE acme_app;
INSERT INTO flowai.kv_entries (tenant_id, namespace, key, value, version, created_at, updated_at) VALUES ('acme', 'n', 'k', '1', 1, now(), now());
UPDATE flowai.kv_entries SET value = '2';
DELETE FROM flowai.kv_entries;
RESET ROLE;
SELECT * FROM flowai.kv_get('session', 'user:1');

-- Many at once: one statement, all or nothing, in the order given.
SET ROLE acme_app;
SELECT ordinal, key, created, expires_at FROM flowai.kv_put_many('batch', '[{"key": "c", "value": 3}, {"key": "a", "value": {"x": 1.50}}, {"key": "b", "value": null}]');
SELECT ordinal, key, created FROM flowai.kv_put_many('batch', '[{"key": "a", "value": 1}, {"key": "d", "value": [1, 12345678901234567890.123]}]', '1 hour');
SELECT ordinal, key, found, value, expires_at IS NOT NULL AS expires FROM flowai.kv_get_many('batch', '{d,c,b,a,e}');
SELECT * FROM flowai.kv_put_many('batch', '[{"key": "z", "value": 1}, {"key": "z", "value": 2}]');
SELECT * FROM flowai.kv_put_many('batch', '[{"key": "z", "value": 1}, {"key": "", "value": 2}]');
SELECT * FROM flowai.kv_put_many('batch', '[{"key": "z"}]');
SELECT * FROM flowai.kv_put_many('batch', '[{"key": "z", "value": 1, "ttl": 5}]');
SELECT * FROM flowai.kv_put_many('batch', '{"z": 1}');
SELECT * FROM flowai.kv_put_many('batch', NULL);
SELECT * FROM flowai.kv_put_many(' ', '[]');
SELECT count(*) FROM flowai.kv_put_many('batch', '[]');
SELECT count(*) FROM flowai.kv_put_many('batch', (SELECT jsonb_agg(jsonb_build_object('key', 'k' || i, 'value', i)) FROM generate_series(1, 10001) i));
SELECT found FROM flowai.kv_get_many('batch', '{z}');
-- Sizes are a setting that a tenant cannot change.
SET flowai.kv_max_value_bytes = '1GB';
RESET ROLE;
SET flowai.kv_max_value_bytes = '1kB';
SET ROLE acme_app;
SELECT created FROM flowai.kv_put('batch', 'large', to_jsonb(repeat('x', 2000)));
SELECT * FROM flowai.kv_put_many('batch', jsonb_build_array(jsonb_build_object('key', 'large', 'value', repeat('x', 2000))));
RESET ROLE;
RESET flowai.kv_max_value_bytes;
-- What has expired is counted, and its space given back; what lives stays.
SET ROLE acme_app;
SELECT count(*) FROM flowai.kv_put_many('batch', '[{"key": "e1", "value": 1}, {"key": "e2", "value": 1}, {"key": "e3", "value": 1}]', '1 millisecond');
SELECT pg_sleep(0.01);
SELECT namespace, entries, expired, bytes > 0 AS bytes, next_expiry > now() AS later FROM flowai.kv_stats('batch');
SELECT flowai.kv_purge(2) AS purged;
SELECT flowai.kv_purge(0);
SELECT flowai.kv_purge() >= 1 AS purged;
SELECT entries, expired FROM flowai.kv_stats('batch');
SET ROLE globex_app;
SELECT flowai.kv_purge() AS purged, (SELECT count(*) FROM flowai.kv_stats()) AS namespaces;
RESET ROLE;
-- Lives are positive whatever the month; what has expired is gone within a statement, too.
SET ROLE acme_app;
SELECT * FROM flowai.kv_put('life', 'k', '1', '-4 months 121 days');
SELECT * FROM flowai.kv_put('life', 'k', '1', '1 day -1 hour');
SELECT count(*) FROM flowai.kv_put('life', 'k', '1', '1 month 1 day');
DO $$
DECLARE
    after text;
BEGIN
    PERFORM flowai.kv_put('life', 'brief', '1', '200 milliseconds');
    PERFORM pg_sleep(0.25);
    SELECT concat_ws(' ', (SELECT value FROM flowai.kv_get('life', 'brief')), (SELECT m.found FROM flowai.kv_get_many('life', '{brief}') m),
                     (SELECT string_agg(l.key, ' ' ORDER BY l.key) FROM flowai.kv_list('life') l),
                     (SELECT s.expired FROM flowai.kv_stats('life') s)) INTO after;
    RAISE NOTICE 'after: %', after;
END $$;
DO $$
DECLARE
    handle record;
    found text;
BEGIN
    PERFORM flowai.ref_kind_define('brief');
    SELECT * INTO handle FROM flowai.ref_put('brief', '[1]', ttl => '200 milliseconds');
    PERFORM pg_sleep(0.25);
    SELECT concat_ws(' ', (SELECT count(*) FROM flowai.ref_get('brief', handle.id)), (SELECT count(*) FROM flowai.ref_summary('brief', handle.id)),
                     (SELECT count(*) FROM flowai.ref_list('brief'))) INTO found;
    RAISE NOTICE 'found: %', found;
    PERFORM flowai.ref_resolve('brief', handle.id);
EXCEPTION WHEN no_data_found THEN
    RAISE NOTICE 'not found';
END $$;
