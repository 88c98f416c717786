-- A hostile tenant against the record: to read another's, to forge, to change what was said, to fill.
CREATE SCHEMA lair AUTHORIZATION globex_app;
SET ROLE acme_app;
SELECT count(*) FROM flowai.event_emit('merger.planned', '{"with": "initech"}');
SELECT event_id AS acmes FROM flowai.event_list('merger.') \gset
\connect - globex_app
SET search_path = lair, public;
\set VERBOSITY terse

-- 1 to 9: to read it.
SELECT count(*) FROM flowai.event_list('merger.');
SELECT count(*) FROM flowai.event_list(after => '00000000-0000-0000-0000-000000000000', since => '-infinity') WHERE name = 'merger.planned';
SELECT count(*) FROM flowai.events WHERE tenant_id = 'acme';
SELECT count(*) FROM flowai.events WHERE event_id = :'acmes';
SELECT count(*) FROM flowai.events_otel WHERE resource_attributes ->> 'flowai.tenant' = 'acme';
CREATE FUNCTION lair.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$BEGIN IF $1 ~ 'merger|acme' THEN RAISE NOTICE 'seen: %', $1; END IF; RETURN true; END$$;
SELECT count(*) > 0 AS own FROM flowai.events WHERE lair.leak(name) AND lair.leak(attributes::text);
SELECT count(*) > 0 AS own FROM flowai.events_otel WHERE lair.leak(event_name) AND lair.leak(resource_attributes::text);
SELECT 1 / (length(name) - length('merger.planned')) IS NOT NULL AS no_division FROM flowai.events WHERE tenant_id = 'acme';
DO $$BEGIN EXECUTE format('SELECT FROM flowai_internal.%I', to_char(now() AT TIME ZONE 'UTC', '"events_"YYYY_MM')); EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLERRM; END$$;
-- 10 to 19: to change or remove it, or to hold it for oneself.
INSERT INTO flowai.events SELECT * FROM flowai.events;
UPDATE flowai.events SET role = 'acme_app';
DELETE FROM flowai.events;
TRUNCATE flowai.events;
MERGE INTO flowai.events e USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE;
COPY flowai.events FROM STDIN;
\.
BEGIN;
LOCK TABLE flowai.events IN SHARE UPDATE EXCLUSIVE MODE;
ROLLBACK;
DELETE FROM flowai.events_otel;
SELECT * FROM flowai.event_purge('1 day');
ALTER TABLE flowai.events DETACH PARTITION flowai.events;
-- 20 to 31: to speak in another's name.
SELECT count(*) FROM flowai.event_emit('flowai.tenant.granted', '{"member": "globex_app"}');
SELECT count(*) FROM flowai.event_emit(' flowai.tenant.granted');
SELECT count(*) FROM flowai.event_emit('FLOWAI.tenant.granted');
SELECT count(*) FROM flowai.event_emit(E'flowai\u200b.tenant.granted');
SELECT flowai_internal.event_note('acme', 'flowai.tenant.granted', '{}');
SELECT flowai_internal.event_month_open(2999, 1);
SET flowai.tenant = 'acme';
SELECT count(*) FROM flowai.event_emit('merger.cancelled');
RESET flowai.tenant;
SELECT count(*) FROM flowai.event_emit('merger.cancelled', '{"tenant_id": "acme", "role": "acme_app", "login": "acme_app", "recorded_at": "2001-01-01", "event_id": "00000000-0000-0000-0000-000000000000"}');
\connect - globex_app
SET search_path = lair, public;
CREATE FUNCTION lair.current_tenant() RETURNS text LANGUAGE sql AS $$SELECT 'acme'$$;
CREATE FUNCTION lair.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$SELECT '2001-01-01'::timestamptz$$;
CREATE FUNCTION lair.always(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR lair.= (LEFTARG = text, RIGHTARG = text, FUNCTION = lair.always);
CREATE OPERATOR lair.~ (LEFTARG = text, RIGHTARG = text, FUNCTION = lair.always);
CREATE TABLE lair.events (tenant_id text, name text);
CREATE TEMP TABLE events (tenant_id text, name text);
SET search_path = lair, pg_temp, pg_catalog, public;
SET timezone = 'Pacific/Kiritimati';
SELECT flowai.execute_query('DELETE FROM pg_authid') ->> 'code' AS code;
SELECT count(*) FROM flowai.event_emit('merger.cancelled');
SELECT flowai.execute_query('DELETE FROM pg_authid') ->> 'code' AS code;
CREATE FUNCTION lair.emit() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$SELECT count(*) FROM flowai.event_emit('lent.right')$$;
SELECT lair.emit();
SET search_path = lair, public;
RESET timezone;
SELECT name, role, login, backend_pid = pg_backend_pid() AS process, recorded_at > now() - interval '1 hour' AS now FROM flowai.event_list() WHERE name !~ '^flowai.tenant';
-- Through a read-only statement, which would be rolled back with what it says.
SELECT flowai.execute_query('SELECT * FROM flowai.event_emit(''a'')') ->> 'code' AS code;
SELECT flowai.execute_query('SELECT flowai.execute_query(''DELETE FROM t'')') ->> 'code' AS code;
-- 32 to 37: to fill.
SELECT count(*) FROM flowai.event_emit('a', jsonb_build_object('x', repeat('x', 1000000)));
SELECT count(*) FROM flowai.event_emit('a', jsonb_build_object(repeat('k', 9000), 1));
SELECT count(*) FROM flowai.event_emit('a', (repeat('{"a":[', 50) || repeat(']}', 50))::jsonb);
SELECT count(*) FROM flowai.event_emit(repeat('a', 1000000));
SELECT count(*) FROM flowai.event_emit('a', trace_id => repeat('a', 1000000));
SELECT count(*) FROM flowai.event_emit('a', severity => repeat('a', 1000000));
SELECT flowai.execute_query('DELETE /*' || repeat('x', 60000) || '*/ FROM t') ->> 'code' AS code;
SELECT max(pg_column_size(e.*)) < 9000 AS small FROM flowai.events e;

-- Acme's record is what it was.
\connect - acme_app
SELECT name, attributes, role, event_id = :'acmes' AS same FROM flowai.event_list() WHERE name !~ '^flowai.tenant';
