-- Key/value entries: small state that agents and applications keep between calls.
--
-- An entry that has expired is gone for every operation, long before anybody removes its row. Reads judge
-- that by the moment of reading, writes by that of writing: a statement may last, as a block of PL/pgSQL does.

ALTER FUNCTION flowai.page_rows(integer) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.argument_word(text, text, text[]) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.json_array(text, jsonb, text) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.prefix_end(text) SET SCHEMA flowai_internal;

CREATE TABLE flowai.kv_entries (
    tenant_id  flowai.identifier NOT NULL,
    namespace  flowai.identifier NOT NULL,
    key        text COLLATE "C" NOT NULL,
    value      jsonb NOT NULL,
    version    bigint NOT NULL,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT kv_entries_pkey PRIMARY KEY (tenant_id, namespace, key),
    CONSTRAINT kv_entries_key_length CHECK (pg_catalog.octet_length(key) BETWEEN 1 AND 1024),
    CONSTRAINT kv_entries_version_positive CHECK (version > 0),
    CONSTRAINT kv_entries_times_ordered CHECK (updated_at >= created_at AND expires_at > created_at)
) PARTITION BY HASH (tenant_id);
-- Serves kv_purge; entries that live for ever are not in it.
CREATE INDEX kv_entries_expires_idx ON flowai.kv_entries (tenant_id, expires_at) WHERE expires_at IS NOT NULL;
COMMENT ON TABLE flowai.kv_entries IS 'Key/value entries. Written by flowai.kv_put and its kin. Rows whose expires_at has passed no longer count; flowai.kv_get and its kin do not show them.';
COMMENT ON COLUMN flowai.kv_entries.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.kv_entries.namespace IS 'Which set of keys: one for each use.';
COMMENT ON COLUMN flowai.kv_entries.key IS 'The key, 1 to 1024 bytes, in order of bytes.';
COMMENT ON COLUMN flowai.kv_entries.value IS 'The value, at most flowai.kv_max_value_bytes (16 MiB).';
COMMENT ON COLUMN flowai.kv_entries.version IS 'One more with each write. It starts at the clock''s microseconds since 2000, so that no later entry under the key has a version of an earlier one.';
COMMENT ON COLUMN flowai.kv_entries.expires_at IS 'From when on the entry counts as absent; NULL for never.';
COMMENT ON COLUMN flowai.kv_entries.created_at IS 'When the entry came to be; anew if an earlier one had expired.';
COMMENT ON COLUMN flowai.kv_entries.updated_at IS 'When the entry was last written; equal to created_at exactly if it was written once.';
SELECT flowai_internal.make_tenant_table('flowai.kv_entries');

CREATE FUNCTION flowai.kv_get(namespace text, key text)
RETURNS TABLE (value jsonb, version bigint, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT e.value, e.version, e.expires_at
    FROM flowai.kv_entries e
    WHERE e.tenant_id = flowai.current_tenant()
      AND e.namespace = kv_get.namespace
      AND e.key = kv_get.key
      AND (e.expires_at IS NULL OR e.expires_at > pg_catalog.clock_timestamp());
END;

CREATE FUNCTION flowai.kv_get_many(namespace text, keys text[])
RETURNS TABLE (ordinal bigint, key text, found boolean, value jsonb, version bigint, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
    SELECT k.ordinal, k.key, e.version IS NOT NULL, e.value, e.version, e.expires_at
    FROM pg_catalog.unnest(keys) WITH ORDINALITY AS k(key, ordinal)
    LEFT JOIN flowai.kv_entries e
      ON e.tenant_id = flowai.current_tenant()
     AND e.namespace = kv_get_many.namespace
     AND e.key = k.key
     AND (e.expires_at IS NULL OR e.expires_at > pg_catalog.clock_timestamp())
    ORDER BY k.ordinal;
END;

CREATE FUNCTION flowai.kv_list(namespace text, prefix text DEFAULT '', after text DEFAULT NULL, max_rows integer DEFAULT 100)
RETURNS TABLE (key text, value jsonb, version bigint, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT e.key, e.value, e.version, e.expires_at
    FROM flowai.kv_entries e
    WHERE e.tenant_id = flowai.current_tenant()
      AND e.namespace = kv_list.namespace
      AND e.key >= kv_list.prefix COLLATE "C"
      AND e.key < flowai_internal.prefix_end(kv_list.prefix) COLLATE "C"
      -- Not COALESCE: the server would not trust it before the policy, and so not in the index.
      AND e.key > CASE WHEN kv_list.after IS NULL THEN '' ELSE kv_list.after END COLLATE "C"
      AND (e.expires_at IS NULL OR e.expires_at > pg_catalog.clock_timestamp())
    ORDER BY e.key
    LIMIT flowai_internal.page_rows(max_rows);
END;

-- Two branches, one of which is empty: one namespace is looked up, whatever is known of it when it is planned.
CREATE FUNCTION flowai.kv_stats(namespace text DEFAULT NULL)
RETURNS TABLE (namespace text, entries bigint, expired bigint, bytes bigint, next_expiry timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
    SELECT e.namespace,
           pg_catalog.count(*) FILTER (WHERE e.expires_at IS NULL OR e.expires_at > now.moment),
           pg_catalog.count(*) FILTER (WHERE e.expires_at <= now.moment),
           COALESCE(pg_catalog.sum(pg_catalog.pg_column_size(e.value)), 0)::bigint,
           pg_catalog.min(e.expires_at) FILTER (WHERE e.expires_at > now.moment)
    -- One moment for all counts.
    FROM (SELECT o.namespace, o.value, o.expires_at FROM flowai.kv_entries o WHERE o.tenant_id = flowai.current_tenant() AND o.namespace = $1
          UNION ALL
          SELECT a.namespace, a.value, a.expires_at FROM flowai.kv_entries a WHERE a.tenant_id = flowai.current_tenant() AND $1 IS NULL) AS e
    CROSS JOIN (SELECT pg_catalog.clock_timestamp() AS moment) AS now
    GROUP BY e.namespace ORDER BY e.namespace;
END;
