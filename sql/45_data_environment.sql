-- The data environment of a workspace: what a host tells of the data that its agents work with, in the keys
-- that hosts have in their configuration. It says where things are, and keeps no password.

CREATE TABLE flowai.data_environments (
    tenant_id    flowai.identifier NOT NULL,
    workspace_id flowai.identifier NOT NULL,
    revision     bigint NOT NULL,
    config       jsonb NOT NULL,
    set_by       text NOT NULL,
    set_at       timestamptz NOT NULL,
    CONSTRAINT data_environments_pkey PRIMARY KEY (tenant_id, workspace_id),
    CONSTRAINT data_environments_revision_positive CHECK (revision OPERATOR(pg_catalog.>) 0),
    CONSTRAINT data_environments_config_object CHECK (pg_catalog.jsonb_typeof(config) OPERATOR(pg_catalog.=) 'object')
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai.data_environments IS 'What the hosts of a tenant''s agents tell of their data, one document a workspace. Written by flowai.data_environment_set.';
COMMENT ON COLUMN flowai.data_environments.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.data_environments.workspace_id IS 'The workspace.';
COMMENT ON COLUMN flowai.data_environments.revision IS 'Counts the different documents, from 1.';
COMMENT ON COLUMN flowai.data_environments.config IS 'The document: tenant_id, workspace_id, kv, target_database, target_database_url, target_database_schema, catalog, catalog_search.';
COMMENT ON COLUMN flowai.data_environments.set_by IS 'The role that set it.';
COMMENT ON COLUMN flowai.data_environments.set_at IS 'When.';
SELECT flowai_internal.make_tenant_table('flowai.data_environments');

CREATE FUNCTION flowai.data_environment_get()
RETURNS TABLE (workspace text, revision bigint, config jsonb, set_by text, set_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT e.workspace_id, e.revision, e.config, e.set_by, e.set_at
    FROM flowai.data_environments e
    WHERE e.tenant_id = flowai.current_tenant() AND e.workspace_id = flowai.current_workspace();
END;

CREATE FUNCTION flowai.data_environment_supplies() RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT ARRAY(SELECT k FROM jsonb_object_keys(g.config) AS k ORDER BY k) FROM flowai.data_environment_get() AS g;
END;
