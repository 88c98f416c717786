-- The search index of each (tenant, workspace), as rows. See src/store/search/mod.rs for who writes when.
--
--   segment + chunk   immutable Tantivy segments
--   delta             row versions that are in no segment yet
--   dead              row versions that were superseded or deleted, until they are noted beside the
--                     segment that holds them
--
-- A write only ever inserts into delta and dead. Maintenance moves delta rows into a segment and dead
-- ones to theirs within one transaction, so that every snapshot sees a document in exactly one place.

CREATE TABLE flowai_internal.search_segment (
    tenant_id    flowai.identifier NOT NULL,
    workspace_id flowai.identifier NOT NULL,
    segment_id   uuid NOT NULL,
    level        smallint NOT NULL,
    doc_count    integer NOT NULL,
    byte_size    bigint NOT NULL,
    digest       bytea NOT NULL,
    format       smallint NOT NULL,
    layout       text NOT NULL,
    dead         bytea NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT search_segment_pkey PRIMARY KEY (tenant_id, workspace_id, segment_id),
    CONSTRAINT search_segment_holds_documents CHECK (doc_count OPERATOR(pg_catalog.>) 0),
    CONSTRAINT search_segment_digest_length CHECK (pg_catalog.octet_length(digest) OPERATOR(pg_catalog.=) 32)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai_internal.search_segment IS 'One immutable index segment of a workspace''s catalog.';
COMMENT ON COLUMN flowai_internal.search_segment.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.search_segment.workspace_id IS 'The workspace.';
COMMENT ON COLUMN flowai_internal.search_segment.segment_id IS 'Names the segment''s chunks.';
COMMENT ON COLUMN flowai_internal.search_segment.level IS 'Size class, for merging segments of like size.';
COMMENT ON COLUMN flowai_internal.search_segment.doc_count IS 'Documents in it, dead ones included.';
COMMENT ON COLUMN flowai_internal.search_segment.byte_size IS 'Bytes of all its chunks.';
COMMENT ON COLUMN flowai_internal.search_segment.digest IS 'BLAKE3 over bytes and layout, verified before anything is read from them.';
COMMENT ON COLUMN flowai_internal.search_segment.format IS 'Version of what the bytes mean.';
COMMENT ON COLUMN flowai_internal.search_segment.layout IS 'Where each file of the segment is within the bytes.';
COMMENT ON COLUMN flowai_internal.search_segment.dead IS 'Numbers of its dead documents, ascending, 4 bytes each. The only column that changes.';
COMMENT ON COLUMN flowai_internal.search_segment.created_at IS 'When it was built.';
SELECT flowai_internal.make_tenant_table('flowai_internal.search_segment', readable => false);

CREATE TABLE flowai_internal.search_chunk (
    tenant_id  flowai.identifier NOT NULL,
    segment_id uuid NOT NULL,
    chunk_no   integer NOT NULL,
    bytes      bytea NOT NULL,
    CONSTRAINT search_chunk_pkey PRIMARY KEY (tenant_id, segment_id, chunk_no)
) PARTITION BY HASH (tenant_id);
-- Segments are compressed inside; the server would only lose time over them.
ALTER TABLE flowai_internal.search_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;
COMMENT ON TABLE flowai_internal.search_chunk IS 'The bytes of index segments, in pieces of 256 KiB.';
COMMENT ON COLUMN flowai_internal.search_chunk.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.search_chunk.segment_id IS 'The segment.';
COMMENT ON COLUMN flowai_internal.search_chunk.chunk_no IS 'Place of the piece, from 0.';
COMMENT ON COLUMN flowai_internal.search_chunk.bytes IS 'The piece.';
SELECT flowai_internal.make_tenant_table('flowai_internal.search_chunk', readable => false);

CREATE TABLE flowai_internal.search_delta (
    tenant_id    flowai.identifier NOT NULL,
    workspace_id flowai.identifier NOT NULL,
    row_version  bigint NOT NULL,
    CONSTRAINT search_delta_pkey PRIMARY KEY (tenant_id, workspace_id, row_version)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai_internal.search_delta IS 'Row versions of catalog entries that are in no segment yet.';
COMMENT ON COLUMN flowai_internal.search_delta.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.search_delta.workspace_id IS 'The workspace.';
COMMENT ON COLUMN flowai_internal.search_delta.row_version IS 'catalog_entries.row_version.';
SELECT flowai_internal.make_tenant_table('flowai_internal.search_delta', readable => false);

CREATE TABLE flowai_internal.search_dead (
    tenant_id    flowai.identifier NOT NULL,
    workspace_id flowai.identifier NOT NULL,
    row_version  bigint NOT NULL,
    CONSTRAINT search_dead_pkey PRIMARY KEY (tenant_id, workspace_id, row_version)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai_internal.search_dead IS 'Row versions of catalog entries that were superseded or deleted, until they are noted beside the segment that holds them.';
COMMENT ON COLUMN flowai_internal.search_dead.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.search_dead.workspace_id IS 'The workspace.';
COMMENT ON COLUMN flowai_internal.search_dead.row_version IS 'catalog_entries.row_version as it was.';
SELECT flowai_internal.make_tenant_table('flowai_internal.search_dead', readable => false);

-- Flush and merge of a scope are done by one session at a time: by whoever locks this row. A row lock
-- rather than an advisory lock, because any role may take any advisory lock.
CREATE TABLE flowai_internal.search_scope (
    tenant_id    flowai.identifier NOT NULL,
    workspace_id flowai.identifier NOT NULL,
    CONSTRAINT search_scope_pkey PRIMARY KEY (tenant_id, workspace_id)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai_internal.search_scope IS 'One row for each workspace that has segments: the lock of flush and merge.';
COMMENT ON COLUMN flowai_internal.search_scope.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.search_scope.workspace_id IS 'The workspace.';
SELECT flowai_internal.make_tenant_table('flowai_internal.search_scope', readable => false);

-- These tables are rewritten all the time while they stay small, so a share of their size is no measure
-- of when to clean up: a delta of 200 rows would carry its dead index entries through every search, and a
-- merge leaves megabytes behind in few rows.
DO $$
DECLARE
    leaf regclass;
BEGIN
    FOR leaf IN
        SELECT t.relid
        FROM pg_catalog.unnest(ARRAY['flowai_internal.search_delta', 'flowai_internal.search_dead']::regclass[]) AS root,
             pg_catalog.pg_partition_tree(root) AS t WHERE t.isleaf
    LOOP
        EXECUTE pg_catalog.format(
            'ALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)', leaf);
    END LOOP;
    FOR leaf IN
        SELECT t.relid FROM pg_catalog.pg_partition_tree('flowai_internal.search_chunk') AS t WHERE t.isleaf
    LOOP
        -- 64 chunks are 16 MB; a chunk has 132 pieces in the TOAST table.
        EXECUTE pg_catalog.format(
            'ALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 64, '
            'toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 8000)', leaf);
    END LOOP;
    FOR leaf IN
        SELECT t.relid FROM pg_catalog.pg_partition_tree('flowai_internal.search_segment') AS t WHERE t.isleaf
    LOOP
        -- Room for the dead, so that noting them stays within the page.
        EXECUTE pg_catalog.format(
            'ALTER TABLE %s SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200)', leaf);
    END LOOP;
END $$;
