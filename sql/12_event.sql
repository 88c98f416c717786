-- Events: what happened, said once and never changed. Stamped by the database, kept by month.
--
-- Tenants tell their own with flowai.event_emit; the runtime tells what administrators, plans and refused
-- statements did under names that begin with "flowai.".

ALTER FUNCTION flowai.event_note(text, text, jsonb) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.event_first_id(timestamptz) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.event_id_moment(uuid) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.event_id_fits(uuid, timestamptz) SET SCHEMA flowai_internal;

-- No key here but in each partition: a restore attaches partitions to the table that CREATE EXTENSION has
-- made, and with a key on that, would give each of them one before it brings its own.
CREATE TABLE flowai.events (
    tenant_id      flowai.identifier NOT NULL,
    event_id       uuid NOT NULL,
    recorded_at    timestamptz NOT NULL,
    workspace_id   flowai.identifier NOT NULL,
    name           text COLLATE "C" NOT NULL,
    severity       text COLLATE "C" NOT NULL,
    attributes     jsonb NOT NULL,
    role           text NOT NULL,
    login          text NOT NULL,
    transaction_id bigint NOT NULL,
    backend_pid    integer NOT NULL,
    trace_id       text COLLATE "C",
    span_id        text COLLATE "C",
    -- Lists find their place by the time in the id.
    CONSTRAINT events_id_of_its_time CHECK (flowai_internal.event_id_fits(event_id, recorded_at)),
    CONSTRAINT events_name_words CHECK (
        name OPERATOR(pg_catalog.~) '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$'
        AND pg_catalog.octet_length(name) OPERATOR(pg_catalog.<=) 128),
    CONSTRAINT events_severity_known CHECK (severity IN ('debug', 'info', 'warn', 'error')),
    CONSTRAINT events_attributes_small CHECK (
        pg_catalog.jsonb_typeof(attributes) OPERATOR(pg_catalog.=) 'object'
        AND pg_catalog.octet_length(attributes::text) OPERATOR(pg_catalog.<=) 8192),
    -- NULL, and so allowed, without a trace or without a span in it.
    CONSTRAINT events_trace_hexadecimal CHECK (
        trace_id OPERATOR(pg_catalog.~) '^[0-9a-f]{32}$' AND span_id OPERATOR(pg_catalog.~) '^[0-9a-f]{16}$'
        AND (span_id IS NULL OR trace_id IS NOT NULL))
) PARTITION BY RANGE (recorded_at);
COMMENT ON TABLE flowai.events IS 'What happened, in order. Written by flowai.event_emit and by the runtime itself, changed by nobody; whole months go with flowai.event_purge. Partitions are flowai_internal.events_YYYY_MM, in months of UTC.';
COMMENT ON COLUMN flowai.events.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.events.event_id IS 'A UUID of version 7: its order is that of time.';
COMMENT ON COLUMN flowai.events.recorded_at IS 'When, by the database''s clock.';
COMMENT ON COLUMN flowai.events.workspace_id IS 'The workspace that was in force.';
COMMENT ON COLUMN flowai.events.name IS 'What happened: dotted words. Those of the runtime''s own begin with "flowai.": flowai.tenant.*, function.*, extension.*, plan.*, approval.*, data_environment.set, search.rebuilt, query.refused.';
COMMENT ON COLUMN flowai.events.severity IS 'How much it matters: debug, info, warn or error.';
COMMENT ON COLUMN flowai.events.attributes IS 'The facts: an object of at most 8 KiB of text, secrets replaced by "[redacted]".';
COMMENT ON COLUMN flowai.events.role IS 'The role that did it.';
COMMENT ON COLUMN flowai.events.login IS 'The login role behind it.';
COMMENT ON COLUMN flowai.events.transaction_id IS 'The transaction that it was part of, as pg_current_xact_id() gives it.';
COMMENT ON COLUMN flowai.events.backend_pid IS 'The server process.';
COMMENT ON COLUMN flowai.events.trace_id IS 'The W3C trace that it belongs to, 32 hexadecimal digits; NULL if none was given.';
COMMENT ON COLUMN flowai.events.span_id IS 'The span within the trace, 16 hexadecimal digits; NULL if none was given.';
SELECT flowai_internal.secure_tenant_table('flowai.events');
GRANT SELECT ON TABLE flowai.events TO flowai_user;
-- Not even the owner's functions change an event; they insert, and delete with a whole tenant.
REVOKE UPDATE, TRUNCATE ON TABLE flowai.events FROM flowai_owner;

-- Made when the first event of a month is written, or the first of the month before: the install script
-- makes none, so that partitions are no members of the extension, and pg_dump takes them as they are.
-- ATTACH, unlike PARTITION OF, waits for nobody who reads or writes events.
CREATE FUNCTION flowai_internal.event_month_open(year integer, month integer) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    first_day CONSTANT date := make_date(year, month, 1);
    table_name CONSTANT text := to_char(first_day, '"events_"YYYY_MM');
    piece CONSTANT text := format('flowai_internal.%I', table_name);
BEGIN
    LOCK TABLE ONLY flowai.events IN SHARE UPDATE EXCLUSIVE MODE;
    IF to_regclass(piece) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %s (LIKE flowai.events INCLUDING ALL EXCLUDING COMMENTS)', piece);
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I PRIMARY KEY (tenant_id, event_id)', piece, table_name || '_pkey');
    EXECUTE format('COMMENT ON TABLE %s IS %L', piece, to_char(first_day, '"Events of "YYYY-MM"."'));
    PERFORM flowai_internal.secure_tenant_table(piece::regclass);
    EXECUTE format('REVOKE UPDATE, TRUNCATE ON TABLE %s FROM flowai_owner', piece);
    EXECUTE format('ALTER TABLE ONLY flowai.events ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', piece,
                   to_char(first_day, 'YYYY-MM-DD"T00:00Z"'), to_char(first_day + interval '1 month', 'YYYY-MM-DD"T00:00Z"'));
END $$;
COMMENT ON FUNCTION flowai_internal.event_month_open(integer, integer) IS 'Makes the partition of events of a month, in UTC, if there is none.';

-- ------------------------------------------------------------------------------------------ reading

CREATE FUNCTION flowai.event_list(name_prefix text DEFAULT '', since timestamptz DEFAULT NULL, after uuid DEFAULT NULL, max_rows integer DEFAULT 100)
RETURNS TABLE (event_id uuid, recorded_at timestamptz, workspace text, name text, severity text, attributes jsonb, role text, login text,
               transaction_id bigint, backend_pid integer, trace_id text, span_id text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT e.event_id, e.recorded_at, e.workspace_id, e.name, e.severity, e.attributes, e.role, e.login,
           e.transaction_id, e.backend_pid, e.trace_id, e.span_id
    FROM flowai.events e
    WHERE e.tenant_id = flowai.current_tenant()
      -- Each bound twice: of the id for the index, of the time for the partitions. Not COALESCE: the
      -- server would not trust it before the policy.
      AND e.event_id > CASE WHEN event_list.after IS NULL THEN '00000000-0000-0000-0000-000000000000' ELSE event_list.after END
      AND e.recorded_at >= CASE WHEN event_list.after IS NULL THEN '-infinity' ELSE flowai_internal.event_id_moment(event_list.after) END
      AND e.event_id >= CASE WHEN event_list.since IS NULL THEN '00000000-0000-0000-0000-000000000000' ELSE flowai_internal.event_first_id(event_list.since) END
      AND e.recorded_at >= CASE WHEN event_list.since IS NULL THEN '-infinity' ELSE event_list.since END
      AND e.name >= event_list.name_prefix COLLATE "C"
      AND e.name < flowai_internal.prefix_end(event_list.name_prefix) COLLATE "C"
    ORDER BY e.event_id
    LIMIT flowai_internal.page_rows(max_rows);
END;

-- The log data model of OpenTelemetry, one record a row: for collectors that read a database.
CREATE VIEW flowai.events_otel WITH (security_invoker = true, security_barrier = true) AS
SELECT (EXTRACT(epoch FROM e.recorded_at) * 1000000000)::bigint AS time_unix_nano,
       CASE e.severity WHEN 'debug' THEN 5 WHEN 'info' THEN 9 WHEN 'warn' THEN 13 ELSE 17 END AS severity_number,
       pg_catalog.upper(e.severity) AS severity_text,
       e.name AS event_name,
       e.name AS body,
       e.attributes || pg_catalog.jsonb_build_object(
           'log.record.uid', e.event_id, 'flowai.transaction_id', e.transaction_id) AS attributes,
       pg_catalog.jsonb_build_object(
           'service.name', 'flowai_runtime', 'service.namespace', pg_catalog.current_database(),
           'flowai.tenant', e.tenant_id, 'flowai.workspace', e.workspace_id, 'flowai.role', e.role, 'flowai.login', e.login,
           'process.pid', e.backend_pid) AS resource_attributes,
       e.trace_id,
       e.span_id
FROM flowai.events e
WHERE e.tenant_id = flowai.current_tenant();
COMMENT ON VIEW flowai.events_otel IS 'Events of the tenant in force in the log data model of OpenTelemetry, one record a row.';
COMMENT ON COLUMN flowai.events_otel.time_unix_nano IS 'Timestamp: nanoseconds since 1970.';
COMMENT ON COLUMN flowai.events_otel.severity_number IS 'SeverityNumber: 5 debug, 9 info, 13 warn, 17 error.';
COMMENT ON COLUMN flowai.events_otel.severity_text IS 'SeverityText: DEBUG, INFO, WARN, ERROR.';
COMMENT ON COLUMN flowai.events_otel.event_name IS 'EventName.';
COMMENT ON COLUMN flowai.events_otel.body IS 'Body: the name, for what shows nothing else.';
COMMENT ON COLUMN flowai.events_otel.attributes IS 'Attributes, with log.record.uid and flowai.transaction_id added.';
COMMENT ON COLUMN flowai.events_otel.resource_attributes IS 'Resource: service, tenant, workspace, role, login, server process.';
COMMENT ON COLUMN flowai.events_otel.trace_id IS 'TraceId, as hexadecimal digits; may be NULL.';
COMMENT ON COLUMN flowai.events_otel.span_id IS 'SpanId, as hexadecimal digits; may be NULL.';
GRANT SELECT ON TABLE flowai.events_otel TO flowai_user;

-- ---------------------------------------------------------------------------------------- retention

-- To drop a partition is to lock all events for a moment. Whoever reads or writes them for long shall not
-- have everybody else waiting behind this.
CREATE FUNCTION flowai.event_purge(older_than interval) RETURNS TABLE (dropped text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 12
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    oldest_kept timestamptz;
    caller record;
BEGIN
    IF older_than IS NULL THEN
        RAISE EXCEPTION 'argument "older_than" must not be null'
            USING ERRCODE = 'null_value_not_allowed', CONSTRAINT = 'argument_required', HINT = 'Pass a value for "older_than".';
    ELSIF older_than < interval '1 day' THEN
        RAISE EXCEPTION 'argument "older_than" is out of range'
            USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'event_purge_range',
                  DETAIL = format('It is %s; events of the last day are always kept.', older_than),
                  HINT = 'Pass an interval such as ''90 days''.';
    END IF;
    -- No event is as old, and no time much older.
    oldest_kept := clock_timestamp() - LEAST(older_than, interval '5000 years');
    SELECT w.role, w.login INTO caller FROM flowai.whoami() w;
    FOR dropped IN
        SELECT c.oid::regclass::text
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'flowai.events'::regclass AND c.relname ~ '^events_\d{4,}_\d\d$'
          AND (to_date(c.relname, '"events_"YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' <= oldest_kept
        ORDER BY c.relname COLLATE "C"
    LOOP
        EXECUTE format('DROP TABLE %s', dropped);
        RAISE LOG 'partition % of events was dropped by role "%", login "%"', dropped, caller.role, caller.login;
        RETURN NEXT;
    END LOOP;
END $$;
