-- Where read-only SQL may run besides this database: other servers, and SQLite files.

-- Administrators write it for tenants, as they write tenant_members: so row-level security, which binds the
-- tenants, does not bind flowai_owner here. What says where a target is stays in columns that no tenant
-- may read.
CREATE TABLE flowai_internal.query_targets (
    tenant_id  flowai.identifier NOT NULL,
    name       flowai.identifier NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    source     text COLLATE "C" NOT NULL,
    defined_by name NOT NULL,
    defined_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT query_targets_pkey PRIMARY KEY (tenant_id, name),
    CONSTRAINT query_targets_tenant_known FOREIGN KEY (tenant_id)
        REFERENCES flowai_internal.tenants (tenant_id) ON DELETE CASCADE,
    CONSTRAINT query_targets_name_free CHECK (name OPERATOR(pg_catalog.<>) 'local'),
    CONSTRAINT query_targets_kind_known CHECK (kind OPERATOR(pg_catalog.=) ANY (ARRAY['postgres', 'sqlite']))
);
COMMENT ON TABLE flowai_internal.query_targets IS 'Where a tenant''s read-only statements may run besides this database. Written by flowai.query_target_define and flowai.query_target_drop.';
COMMENT ON COLUMN flowai_internal.query_targets.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.query_targets.name IS 'What the tenant calls it: the argument target of flowai.execute_query.';
COMMENT ON COLUMN flowai_internal.query_targets.kind IS 'postgres: another server. sqlite: a file.';
COMMENT ON COLUMN flowai_internal.query_targets.source IS 'The name of a foreign server, or the path of a file. Tenants cannot read it. Credentials are in the server''s user mapping for flowai_owner, never here.';
COMMENT ON COLUMN flowai_internal.query_targets.defined_by IS 'The role that defined it. It must keep USAGE on the foreign server.';
COMMENT ON COLUMN flowai_internal.query_targets.defined_at IS 'When it was defined in this form.';
SELECT pg_catalog.pg_extension_config_dump('flowai_internal.query_targets', '');

ALTER TABLE flowai_internal.query_targets ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON flowai_internal.query_targets FOR ALL TO PUBLIC
    USING (tenant_id = flowai.current_tenant() AND (SELECT flowai.tenant_is(flowai.current_tenant())))
    WITH CHECK (tenant_id = flowai.current_tenant() AND (SELECT flowai.tenant_is(flowai.current_tenant())));
COMMENT ON POLICY tenant ON flowai_internal.query_targets IS 'Rows of the tenant in force, and no others.';

CREATE VIEW flowai.query_targets WITH (security_invoker = true) AS
    SELECT t.tenant_id, t.name, t.kind, t.defined_at FROM flowai_internal.query_targets t;
COMMENT ON VIEW flowai.query_targets IS 'The targets that the tenant''s read-only statements may run on besides local, by name. Where they are is the administrators'' business.';
COMMENT ON COLUMN flowai.query_targets.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.query_targets.name IS 'The argument target of flowai.execute_query.';
COMMENT ON COLUMN flowai.query_targets.kind IS 'postgres: another server, in its dialect. sqlite: a file, in the dialect of SQLite.';
COMMENT ON COLUMN flowai.query_targets.defined_at IS 'When it was defined in this form.';

-- A server that was dropped and made anew by somebody else is not the one that was meant: who defined the
-- target must be allowed to use it now.
CREATE FUNCTION flowai_internal.query_target_place(target text)
RETURNS TABLE (kind text, source text, server oid, usable boolean)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT t.kind, t.source, s.oid,
           w.fdwname = 'postgres_fdw' AND COALESCE(pg_catalog.has_server_privilege(r.oid, s.oid, 'USAGE'), false)
    FROM flowai_internal.query_targets t
    LEFT JOIN pg_catalog.pg_foreign_server s ON t.kind = 'postgres' AND s.srvname = t.source::name
    LEFT JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
    LEFT JOIN pg_catalog.pg_roles r ON r.rolname = t.defined_by
    WHERE t.tenant_id = flowai.current_tenant() AND t.name = target;
END;
COMMENT ON FUNCTION flowai_internal.query_target_place(text) IS 'Where a target of the tenant in force is: for flowai.execute_query, which asks as flowai_owner.';

CREATE FUNCTION flowai.query_target_list(tenant text)
RETURNS TABLE (name text, kind text, source text, defined_by text, defined_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER ROWS 10
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT flowai_internal.require_known_tenant(tenant);
    SELECT t.name, t.kind, t.source, t.defined_by, t.defined_at
    FROM flowai_internal.query_targets t WHERE t.tenant_id = tenant ORDER BY t.name;
END;
COMMENT ON FUNCTION flowai.query_target_list(text) IS 'The targets of a tenant with where they are: the name of a foreign server, or the path of a file. Error P0002 for an unknown tenant, 22004 for NULL. For flowai_admin.';
