-- References: typed handles {kind, id} for payloads, so that a plan or a model carries a few words
-- instead of megabytes.
--
-- The id is a hash of the payload under a key of the tenant: equal payload, equal id; nobody can tell
-- from an id what it stands for, or find out whether another tenant has it. A reference that has expired
-- is gone for every operation, long before anybody removes its row.

ALTER FUNCTION flowai.ref_intact(text, text, jsonb) SET SCHEMA flowai_internal;

CREATE TABLE flowai.ref_kinds (
    tenant_id  flowai.identifier NOT NULL,
    kind       flowai.identifier NOT NULL,
    revision   bigint NOT NULL,
    schema     jsonb,
    ttl        interval,
    max_bytes  bigint NOT NULL,
    defined_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT ref_kinds_pkey PRIMARY KEY (tenant_id, kind, revision),
    CONSTRAINT ref_kinds_revision_positive CHECK (revision > 0),
    CONSTRAINT ref_kinds_ttl_positive CHECK (ttl > interval '0'),
    CONSTRAINT ref_kinds_max_bytes_range CHECK (max_bytes BETWEEN 1 AND 268435456)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai.ref_kinds IS 'Kinds of references, every revision of each; the highest counts for new references. Written by flowai.ref_kind_define.';
COMMENT ON COLUMN flowai.ref_kinds.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.ref_kinds.kind IS 'Name of the kind.';
COMMENT ON COLUMN flowai.ref_kinds.revision IS 'Counts the definitions of the kind, from 1.';
COMMENT ON COLUMN flowai.ref_kinds.schema IS 'JSON Schema 2020-12 that payloads must match; NULL for any payload.';
COMMENT ON COLUMN flowai.ref_kinds.ttl IS 'How long references live that are stored without a ttl; NULL for ever.';
COMMENT ON COLUMN flowai.ref_kinds.max_bytes IS 'Most bytes of a payload''s text.';
COMMENT ON COLUMN flowai.ref_kinds.defined_at IS 'When this revision was defined.';
SELECT flowai_internal.make_tenant_table('flowai.ref_kinds');

CREATE TABLE flowai.refs (
    tenant_id         flowai.identifier NOT NULL,
    kind              flowai.identifier NOT NULL,
    id                text COLLATE "C" NOT NULL,
    summary           jsonb NOT NULL,
    byte_size         bigint NOT NULL,
    canonical_version smallint NOT NULL,
    kind_revision     bigint NOT NULL,
    created_at        timestamptz NOT NULL,
    expires_at        timestamptz,
    CONSTRAINT refs_pkey PRIMARY KEY (tenant_id, kind, id),
    CONSTRAINT refs_id_text CHECK (id ~ '^r[0-9a-hjkmnp-tv-z]{32}$'),
    CONSTRAINT refs_summary_size CHECK (pg_catalog.octet_length(summary::text) <= 2048),
    CONSTRAINT refs_byte_size_positive CHECK (byte_size > 0),
    CONSTRAINT refs_times_ordered CHECK (expires_at > created_at)
) PARTITION BY HASH (tenant_id);
-- Serves ref_list over all kinds.
CREATE INDEX refs_id_idx ON flowai.refs (tenant_id, id);
-- Serves ref_purge; references that live for ever are not in it.
CREATE INDEX refs_expires_idx ON flowai.refs (tenant_id, expires_at) WHERE expires_at IS NOT NULL;
COMMENT ON TABLE flowai.refs IS 'References: what each stands for, without the payload. Written by flowai.ref_put and flowai.ref_delete. Rows whose expires_at has passed no longer count.';
COMMENT ON COLUMN flowai.refs.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.refs.kind IS 'The kind: first half of the handle.';
COMMENT ON COLUMN flowai.refs.id IS 'The id: second half of the handle. Hash of kind and payload under the tenant''s key.';
COMMENT ON COLUMN flowai.refs.summary IS 'What the payload is, in at most 2048 bytes; the first one given stays.';
COMMENT ON COLUMN flowai.refs.byte_size IS 'Bytes of the payload''s text.';
COMMENT ON COLUMN flowai.refs.canonical_version IS 'Version of the canonical form that was hashed.';
COMMENT ON COLUMN flowai.refs.kind_revision IS 'Revision of the kind that the payload matched.';
COMMENT ON COLUMN flowai.refs.created_at IS 'When the payload was first stored; anew if an earlier reference had expired.';
COMMENT ON COLUMN flowai.refs.expires_at IS 'From when on the reference counts as absent; NULL for never. Only ever extended.';
SELECT flowai_internal.make_tenant_table('flowai.refs');
SELECT flowai_internal.make_tenant_reference('refs_kind_known', 'flowai.refs', 'tenant_id, kind, kind_revision', 'flowai.ref_kinds', 'tenant_id, kind, revision');

CREATE TABLE flowai.ref_payloads (
    tenant_id  flowai.identifier NOT NULL,
    kind       flowai.identifier NOT NULL,
    id         text COLLATE "C" NOT NULL,
    payload    jsonb NOT NULL,
    expires_at timestamptz,
    CONSTRAINT ref_payloads_pkey PRIMARY KEY (tenant_id, kind, id)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai.ref_payloads IS 'The payloads of references, apart from them, so that whoever reads a summary never reads a payload. Rows whose expires_at has passed no longer count.';
COMMENT ON COLUMN flowai.ref_payloads.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.ref_payloads.kind IS 'Kind of the reference.';
COMMENT ON COLUMN flowai.ref_payloads.id IS 'Id of the reference.';
COMMENT ON COLUMN flowai.ref_payloads.payload IS 'The payload.';
COMMENT ON COLUMN flowai.ref_payloads.expires_at IS 'That of the reference, written with it and under its lock: resolving reads this table alone.';
SELECT flowai_internal.make_tenant_table('flowai.ref_payloads');
SELECT flowai_internal.make_tenant_reference('ref_payloads_ref_known', 'flowai.ref_payloads', 'tenant_id, kind, id', 'flowai.refs', 'tenant_id, kind, id', 'CASCADE');

-- ------------------------------------------------------------------------------------------ reading

CREATE FUNCTION flowai.ref_summary(kind text, id text)
RETURNS TABLE (kind text, id text, summary jsonb, byte_size bigint, created_at timestamptz, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT r.kind, r.id, r.summary, r.byte_size, r.created_at, r.expires_at
    FROM flowai.refs r
    WHERE r.tenant_id = flowai.current_tenant()
      AND r.kind = $1
      AND r.id = $2
      AND (r.expires_at IS NULL OR r.expires_at > pg_catalog.clock_timestamp());
END;

CREATE FUNCTION flowai.ref_get(kind text, id text)
RETURNS TABLE (payload jsonb, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 1
BEGIN ATOMIC
    SELECT flowai_internal.ref_intact(p.kind, p.id, p.payload), p.expires_at
    FROM flowai.ref_payloads p
    WHERE p.tenant_id = flowai.current_tenant()
      AND p.kind = ref_get.kind
      AND p.id = ref_get.id
      AND (p.expires_at IS NULL OR p.expires_at > pg_catalog.clock_timestamp());
END;

-- Two branches, one of which is empty: each has an index that gives its order, whatever is known of the kind when it
-- is planned.
CREATE FUNCTION flowai.ref_list(kind text DEFAULT NULL, after text DEFAULT NULL, max_rows integer DEFAULT 100)
RETURNS TABLE (kind text, id text, summary jsonb, byte_size bigint, created_at timestamptz, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT r.kind, r.id, r.summary, r.byte_size, r.created_at, r.expires_at
    FROM ((SELECT o.* FROM flowai.refs o
           WHERE o.tenant_id = flowai.current_tenant() AND o.kind = $1
             AND o.id > CASE WHEN ref_list.after IS NULL THEN '' ELSE ref_list.after END COLLATE "C"
             AND (o.expires_at IS NULL OR o.expires_at > pg_catalog.clock_timestamp())
           ORDER BY o.id LIMIT flowai_internal.page_rows(max_rows))
          UNION ALL
          (SELECT e.* FROM flowai.refs e
           WHERE e.tenant_id = flowai.current_tenant() AND $1 IS NULL
             AND e.id > CASE WHEN ref_list.after IS NULL THEN '' ELSE ref_list.after END COLLATE "C"
             AND (e.expires_at IS NULL OR e.expires_at > pg_catalog.clock_timestamp())
           ORDER BY e.id LIMIT flowai_internal.page_rows(max_rows))) AS r
    ORDER BY r.id;
END;

CREATE FUNCTION flowai.ref_resolve_many(refs jsonb)
RETURNS TABLE (ordinal bigint, kind text, id text, found boolean, payload jsonb, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 10
BEGIN ATOMIC
    SELECT h.ordinal, h.handle ->> 'kind', h.handle ->> 'id', p.id IS NOT NULL,
           flowai_internal.ref_intact(p.kind, p.id, p.payload), p.expires_at
    FROM pg_catalog.jsonb_array_elements(flowai_internal.json_array('argument "refs"', refs, 'Pass an array of handles: [{"kind": "...", "id": "..."}].')) WITH ORDINALITY AS h(handle, ordinal)
    LEFT JOIN flowai.ref_payloads p
      ON p.tenant_id = flowai.current_tenant()
     AND p.kind = h.handle ->> 'kind'
     AND p.id = h.handle ->> 'id'
     AND (p.expires_at IS NULL OR p.expires_at > pg_catalog.clock_timestamp())
    ORDER BY h.ordinal;
END;

CREATE FUNCTION flowai.ref_rows(kind text, id text)
RETURNS TABLE (ordinal bigint, "row" jsonb)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100
BEGIN ATOMIC
    SELECT e.ordinal, e.value
    FROM pg_catalog.jsonb_array_elements(flowai_internal.json_array('the payload', flowai.ref_resolve(kind, id), 'flowai.ref_resolve(kind, id) returns it as it is.')) WITH ORDINALITY AS e(value, ordinal)
    ORDER BY e.ordinal;
END;
