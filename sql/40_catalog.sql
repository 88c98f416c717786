-- The catalog: entries, the relations between them, and a view that takes plain DML.

-- CASE, because the planner takes COALESCE for something that might leak (contain_leaked_vars), and would
-- not let a comparison with it into an index scan beside the policy: each look-up by workspace and id would
-- read the whole tenant.
CREATE FUNCTION flowai.current_workspace() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN pg_catalog.current_setting('flowai.workspace', true) OPERATOR(pg_catalog.<>) ''
            THEN pg_catalog.current_setting('flowai.workspace', true) ELSE 'default' END;

CREATE TABLE flowai.catalog_entries (
    tenant_id      flowai.identifier NOT NULL,
    workspace_id   flowai.identifier NOT NULL,
    id             text COLLATE "C" NOT NULL,
    item_type      text COLLATE "C" NOT NULL,
    name           text NOT NULL,
    qualified_name text NOT NULL,
    content        text NOT NULL,
    tags           text[] NOT NULL,
    metadata       jsonb NOT NULL,
    content_hash   bytea NOT NULL,
    version        bigint NOT NULL,
    row_version    bigint NOT NULL,
    superseded     bigint,
    created_at     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    updated_at     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT catalog_entries_pkey PRIMARY KEY (tenant_id, workspace_id, id),
    CONSTRAINT catalog_entries_id_text CHECK (pg_catalog.octet_length(id) BETWEEN 1 AND 512),
    CONSTRAINT catalog_entries_item_type_word CHECK (item_type OPERATOR(pg_catalog.~) '^[a-z][a-z0-9_]{0,62}$'),
    CONSTRAINT catalog_entries_name_said CHECK (name OPERATOR(pg_catalog.~) '[^[:space:]]'),
    CONSTRAINT catalog_entries_metadata_object CHECK (pg_catalog.jsonb_typeof(metadata) OPERATOR(pg_catalog.=) 'object'),
    CONSTRAINT catalog_entries_hash_length CHECK (pg_catalog.octet_length(content_hash) OPERATOR(pg_catalog.=) 32),
    CONSTRAINT catalog_entries_version_positive CHECK (version OPERATOR(pg_catalog.>) 0)
) PARTITION BY HASH (tenant_id);
-- Serves search: from the row versions that an index piece names to the rows.
CREATE UNIQUE INDEX catalog_entries_row_version_idx
    ON flowai.catalog_entries (tenant_id, workspace_id, row_version);
COMMENT ON TABLE flowai.catalog_entries IS 'What each workspace knows: tables, columns, documents and any kind that users name. Written by flowai.catalog_put, catalog_replace and catalog_delete, or through the view flowai.catalog.';
COMMENT ON COLUMN flowai.catalog_entries.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.catalog_entries.workspace_id IS 'The workspace inside the tenant: a scope, not a boundary of rights.';
COMMENT ON COLUMN flowai.catalog_entries.id IS 'Stable identifier, conventionally kind:name; at most 512 bytes.';
COMMENT ON COLUMN flowai.catalog_entries.item_type IS 'What sort of thing it is: table, column, schema, document, or a word of the user''s (itemType in JSON).';
COMMENT ON COLUMN flowai.catalog_entries.name IS 'Short name.';
COMMENT ON COLUMN flowai.catalog_entries.qualified_name IS 'Full name, such as schema.table; may be empty.';
COMMENT ON COLUMN flowai.catalog_entries.content IS 'Description; may be empty.';
COMMENT ON COLUMN flowai.catalog_entries.tags IS 'Words to filter and rank by; sorted, without repetition.';
COMMENT ON COLUMN flowai.catalog_entries.metadata IS 'What else is known, as an object. Known keys (databaseId, schemaName, rowCount, ...) have known types; others are kept as they are.';
COMMENT ON COLUMN flowai.catalog_entries.content_hash IS 'BLAKE3 over the user''s fields: an equal write is no write.';
COMMENT ON COLUMN flowai.catalog_entries.version IS 'Counts the entry''s effective writes, from 1.';
COMMENT ON COLUMN flowai.catalog_entries.row_version IS 'Identity of this version of the row: random, so that it tells nobody how much others write.';
COMMENT ON COLUMN flowai.catalog_entries.superseded IS 'The row_version that this one replaced; NULL for the first. The statement that replaced it learns from here which indexed document died.';
COMMENT ON COLUMN flowai.catalog_entries.created_at IS 'When the entry was first written.';
COMMENT ON COLUMN flowai.catalog_entries.updated_at IS 'When the entry was last effectively written.';
SELECT flowai_internal.make_tenant_table('flowai.catalog_entries');

CREATE TABLE flowai.catalog_relations (
    tenant_id    flowai.identifier NOT NULL,
    workspace_id flowai.identifier NOT NULL,
    from_id      text COLLATE "C" NOT NULL,
    kind         flowai.identifier NOT NULL,
    to_id        text COLLATE "C" NOT NULL,
    properties   jsonb NOT NULL,
    CONSTRAINT catalog_relations_pkey PRIMARY KEY (tenant_id, workspace_id, from_id, kind, to_id),
    CONSTRAINT catalog_relations_properties_object CHECK (pg_catalog.jsonb_typeof(properties) OPERATOR(pg_catalog.=) 'object')
) PARTITION BY HASH (tenant_id);
-- Serves the walk against the arrows.
CREATE INDEX catalog_relations_to_idx ON flowai.catalog_relations (tenant_id, workspace_id, to_id, kind);
COMMENT ON TABLE flowai.catalog_relations IS 'Directed edges between entries, written with the entry that they leave. The far end may not exist yet: flowai.catalog_check() reports such edges.';
COMMENT ON COLUMN flowai.catalog_relations.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.catalog_relations.workspace_id IS 'The workspace.';
COMMENT ON COLUMN flowai.catalog_relations.from_id IS 'Id of the entry that the edge leaves.';
COMMENT ON COLUMN flowai.catalog_relations.kind IS 'What the edge means: contains, references, joins_with, related_to, or a word of the user''s.';
COMMENT ON COLUMN flowai.catalog_relations.to_id IS 'Id of the entry that the edge reaches; it may be missing.';
COMMENT ON COLUMN flowai.catalog_relations.properties IS 'What else is known of the edge, as an object; {} if nothing.';
SELECT flowai_internal.make_tenant_table('flowai.catalog_relations');

-- Not the row that flush and merge lock: they skip a locked one, and would skip it as long as a replace
-- is open.
CREATE TABLE flowai_internal.catalog_replaces (
    tenant_id    flowai.identifier NOT NULL,
    workspace_id flowai.identifier NOT NULL,
    replaced_at  timestamptz NOT NULL,
    CONSTRAINT catalog_replaces_pkey PRIMARY KEY (tenant_id, workspace_id)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai_internal.catalog_replaces IS 'One row for each workspace that flowai.catalog_replace has written: replaces of a workspace take turns on it.';
COMMENT ON COLUMN flowai_internal.catalog_replaces.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.catalog_replaces.workspace_id IS 'The workspace.';
COMMENT ON COLUMN flowai_internal.catalog_replaces.replaced_at IS 'When the last replace began its turn.';
SELECT flowai_internal.make_tenant_table('flowai_internal.catalog_replaces', readable => false);

CREATE VIEW flowai.catalog WITH (security_invoker = true, security_barrier = true) AS
SELECT e.id, e.item_type, e.name, e.qualified_name, e.content, e.tags,
       COALESCE((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('id', r.to_id, 'kind', r.kind, 'properties', r.properties)
                                             ORDER BY r.kind, r.to_id)
                 FROM flowai.catalog_relations r
                 WHERE r.tenant_id = e.tenant_id AND r.workspace_id = e.workspace_id AND r.from_id = e.id),
                '[]') AS related,
       e.metadata, e.version, e.created_at, e.updated_at
FROM flowai.catalog_entries e
WHERE e.tenant_id = flowai.current_tenant() AND e.workspace_id = flowai.current_workspace();
COMMENT ON VIEW flowai.catalog IS 'The entries of the tenant and workspace in force. Takes INSERT, COPY, UPDATE and DELETE of any number of rows: they are checked one by one and written together when the statement ends, with one time for all. A statement over 250,000 rows or 64 MB writes in batches, of which functions that it calls see the earlier ones. Id of a row that is there already: 23505, ON CONFLICT or not (a view has none; flowai.catalog_put updates what is there); a row that changed since the statement read it: 40001.';
COMMENT ON COLUMN flowai.catalog.id IS 'Stable identifier, conventionally kind:name.';
COMMENT ON COLUMN flowai.catalog.item_type IS 'What sort of thing it is.';
COMMENT ON COLUMN flowai.catalog.name IS 'Short name.';
COMMENT ON COLUMN flowai.catalog.qualified_name IS 'Full name; '''' by default.';
COMMENT ON COLUMN flowai.catalog.content IS 'Description; '''' by default.';
COMMENT ON COLUMN flowai.catalog.tags IS 'Words to filter and rank by; none by default.';
COMMENT ON COLUMN flowai.catalog.related IS 'Outgoing edges: an array of {id, kind, properties}; on writing, elements may also be plain ids.';
COMMENT ON COLUMN flowai.catalog.metadata IS 'What else is known, as an object; {} by default.';
COMMENT ON COLUMN flowai.catalog.version IS 'Counts the entry''s effective writes; not written.';
COMMENT ON COLUMN flowai.catalog.created_at IS 'When the entry was first written; not written.';
COMMENT ON COLUMN flowai.catalog.updated_at IS 'When the entry was last effectively written; not written.';

-- DML on the view goes the way of the functions, so that rows, relations and index stay one thing. The
-- row trigger checks and collects, the statement trigger writes all at once; see src/store/catalog_view.rs.
-- Both are functions of the owner, because tenants may write and lock nothing.
ALTER FUNCTION flowai.catalog_view_write() SET SCHEMA flowai_internal;
ALTER FUNCTION flowai_internal.catalog_view_write() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION flowai.catalog_view_end() SET SCHEMA flowai_internal;
ALTER FUNCTION flowai_internal.catalog_view_end() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION flowai_internal.catalog_view_write() IS 'INSTEAD OF row trigger of the view flowai.catalog: checks the row as flowai.catalog_put does and keeps it for the end of the statement. RETURNING shows the entry as it will be read back.';
COMMENT ON FUNCTION flowai_internal.catalog_view_end() IS 'AFTER STATEMENT trigger of the view flowai.catalog: writes what the statement wants, all at once. Error 23505 (entry_new) for an entry that is there already, 40001 (entry_version) if one that the statement has read was changed meanwhile.';
CREATE TRIGGER catalog_write INSTEAD OF INSERT OR UPDATE OR DELETE ON flowai.catalog
    FOR EACH ROW EXECUTE FUNCTION flowai_internal.catalog_view_write();
COMMENT ON TRIGGER catalog_write ON flowai.catalog IS 'Checks and collects the rows of a statement. Under session_replication_role = replica the server fires no triggers of views: such statements write nothing.';
CREATE TRIGGER catalog_write_end AFTER INSERT OR UPDATE OR DELETE ON flowai.catalog
    FOR EACH STATEMENT EXECUTE FUNCTION flowai_internal.catalog_view_end();
COMMENT ON TRIGGER catalog_write_end ON flowai.catalog IS 'Writes what the statement wants.';

-- ---------------------------------------------------------------------------------- reading tools

CREATE FUNCTION flowai.list_schema_fields(entry text, max_rows integer DEFAULT 200, after integer DEFAULT 0)
RETURNS TABLE (ordinal integer, id text, name text, data_type text, nullable boolean, description text, metadata jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
    WITH owner AS MATERIALIZED (
        SELECT e.id, e.metadata,
               EXISTS (SELECT FROM flowai.catalog_relations r
                       WHERE r.tenant_id = flowai.current_tenant() AND r.workspace_id = flowai.current_workspace()
                         AND r.from_id = e.id AND r.kind = 'contains') AS has_edges
        FROM flowai.catalog_entries e
        WHERE e.tenant_id = flowai.current_tenant() AND e.workspace_id = flowai.current_workspace()
          AND (e.id = list_schema_fields.entry OR e.qualified_name = list_schema_fields.entry)
        ORDER BY e.id <> list_schema_fields.entry, e.id
        LIMIT 1
    ), field AS (
        SELECT c.id, c.name, c.content, c.metadata
        FROM owner o
        JOIN flowai.catalog_relations r ON o.has_edges AND r.from_id = o.id AND r.kind = 'contains'
             AND r.tenant_id = flowai.current_tenant() AND r.workspace_id = flowai.current_workspace()
        JOIN flowai.catalog_entries c ON c.id = r.to_id AND c.item_type = 'column'
             AND c.tenant_id = flowai.current_tenant() AND c.workspace_id = flowai.current_workspace()
        UNION ALL
        SELECT c.id, c.name, c.content, c.metadata
        FROM owner o
        JOIN flowai.catalog_entries c ON NOT o.has_edges AND c.item_type = 'column'
             AND c.tenant_id = flowai.current_tenant() AND c.workspace_id = flowai.current_workspace()
             AND c.metadata ->> 'tableName' = o.metadata ->> 'tableName'
             AND c.metadata ->> 'schemaName' IS NOT DISTINCT FROM o.metadata ->> 'schemaName'
             AND c.metadata ->> 'databaseId' IS NOT DISTINCT FROM o.metadata ->> 'databaseId'
    ), numbered AS (
        SELECT COALESCE((f.metadata ->> 'ordinal')::integer,
                        pg_catalog.row_number() OVER (ORDER BY f.id)::integer) AS ordinal, f.*
        FROM field f
    )
    SELECT n.ordinal, n.id, n.name, n.metadata ->> 'dataType', (n.metadata ->> 'nullable')::boolean,
           NULLIF(n.content, ''), n.metadata
    FROM numbered n
    WHERE n.ordinal > list_schema_fields.after
    ORDER BY n.ordinal, n.id
    LIMIT flowai_internal.page_rows(max_rows);
END;

CREATE FUNCTION flowai.get_catalog_relations(entry text, direction text DEFAULT 'both', kinds text[] DEFAULT NULL, max_rows integer DEFAULT 100)
RETURNS TABLE (from_id text, kind text, to_id text, properties jsonb, direction text, dangling boolean)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
    WITH edge AS (
        SELECT r.from_id, r.kind::text AS kind, r.to_id, r.properties, 'out' AS direction
        FROM flowai.catalog_relations r
        WHERE get_catalog_relations.direction IN ('out', 'both')
          AND r.tenant_id = flowai.current_tenant() AND r.workspace_id = flowai.current_workspace()
          AND r.from_id = get_catalog_relations.entry
        UNION ALL
        SELECT r.from_id, r.kind::text, r.to_id, r.properties, 'in'
        FROM flowai.catalog_relations r
        WHERE get_catalog_relations.direction IN ('in', 'both')
          AND r.tenant_id = flowai.current_tenant() AND r.workspace_id = flowai.current_workspace()
          AND r.to_id = get_catalog_relations.entry
    )
    SELECT e.from_id, e.kind, e.to_id, e.properties, e.direction,
           NOT EXISTS (SELECT FROM flowai.catalog_entries c
                       WHERE c.tenant_id = flowai.current_tenant() AND c.workspace_id = flowai.current_workspace()
                         AND c.id = CASE e.direction WHEN 'out' THEN e.to_id ELSE e.from_id END)
    FROM edge e
    WHERE flowai_internal.argument_word('direction', get_catalog_relations.direction, '{out,in,both}')
      AND (get_catalog_relations.kinds IS NULL OR e.kind = ANY (get_catalog_relations.kinds))
    ORDER BY e.direction DESC, e.kind, e.from_id, e.to_id
    LIMIT flowai_internal.page_rows(max_rows);
END;

CREATE FUNCTION flowai.catalog_check()
RETURNS TABLE (problem text, id text, detail text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
    SELECT 'dangling relation', r.from_id, pg_catalog.format('%s -> %s', r.kind, r.to_id)
    FROM flowai.catalog_relations r
    WHERE r.tenant_id = flowai.current_tenant() AND r.workspace_id = flowai.current_workspace()
      AND NOT EXISTS (SELECT FROM flowai.catalog_entries e
                      WHERE e.tenant_id = flowai.current_tenant() AND e.workspace_id = flowai.current_workspace()
                        AND e.id = r.to_id)
    ORDER BY r.from_id, r.kind, r.to_id;
END;
