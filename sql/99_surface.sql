-- What everyone may call, and what each function is for. Loaded last.
--
-- Functions are born executable by PUBLIC: that is taken away first, then given to roles by name.

-- ------------------------------------------------------------------------------------ tenancy

COMMENT ON FUNCTION flowai.current_tenant() IS 'The tenant in force, or NULL. The role''s only tenant, or the one that flowai.tenant selects among the role''s. Error 42501 if flowai.tenant names a tenant that the role is not a member of, 25001 if this transaction already worked for another.';
COMMENT ON FUNCTION flowai.tenant_is(text) IS 'Whether the tenant in force is this one; NULL for NULL. Policies ask it at run time, so that a cached plan never outlives its tenant.';
COMMENT ON FUNCTION flowai_internal.current_tenant_support(internal) IS 'Planner support of flowai.current_tenant(): makes it a constant where that is safe.';
COMMENT ON FUNCTION flowai.require_tenant() IS 'The tenant in force. Error 42501 if there is none.';
COMMENT ON FUNCTION flowai.whoami() IS 'One row: the role whose tenants count, the login role, tenant (NULL if none), workspace, and the reason in words. Never raises.';
COMMENT ON FUNCTION flowai.use_tenant(text, text) IS 'A checked SET LOCAL of flowai.tenant and, if given, flowai.workspace: for pools, works in transaction pooling. Returns the tenant. Error 42501 if the role is not a member of it, 22004 for NULL, 25001 in a transaction that worked for another.';
COMMENT ON FUNCTION flowai.tenant_create(text, text) IS 'Creates a tenant and returns when. The version is recorded, part of no key. Error 23505 if the name is taken (case does not count), 22023 for a bad name. For flowai_admin.';
COMMENT ON FUNCTION flowai.tenant_grant(text, text) IS 'Makes a role a member of a tenant and grants it flowai_user. True if it was not a member before. Error P0002 for an unknown tenant or role, 42501 for a superuser, a BYPASSRLS role or a role of flowai_runtime. For flowai_admin.';
COMMENT ON FUNCTION flowai.tenant_revoke(text, text) IS 'Ends a role''s membership, in live sessions and cached plans too; with its last one it loses flowai_user. True if it was a member. Error P0002 for an unknown tenant or role. For flowai_admin.';

-- ------------------------------------------------------------------------- owners and rights

DO $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT p.oid::pg_catalog.regprocedure AS routine
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_proc p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
        WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
          AND d.refobjid = (SELECT oid FROM pg_catalog.pg_extension WHERE extname = 'flowai_runtime')
    LOOP
        EXECUTE pg_catalog.format('ALTER ROUTINE %s OWNER TO flowai_owner', item.routine);
        EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', item.routine);
    END LOOP;
    FOR item IN
        SELECT d.objid::pg_catalog.regclass AS relation, c.relkind
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
        WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
          AND d.refobjid = (SELECT oid FROM pg_catalog.pg_extension WHERE extname = 'flowai_runtime')
          AND c.relkind IN ('r', 'p', 'v')
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s OWNER TO flowai_owner', item.relation);
        EXECUTE pg_catalog.format('REVOKE ALL ON TABLE %s FROM PUBLIC', item.relation);
    END LOOP;
    FOR item IN
        SELECT t.oid::pg_catalog.regtype AS domain
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_type t ON d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid
        WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
          AND d.refobjid = (SELECT oid FROM pg_catalog.pg_extension WHERE extname = 'flowai_runtime')
          AND t.typtype = 'd'
    LOOP
        EXECUTE pg_catalog.format('ALTER DOMAIN %s OWNER TO flowai_owner', item.domain);
    END LOOP;
END $$;

-- Policies call these two for whoever reads a tenant table.
GRANT EXECUTE ON FUNCTION flowai.current_tenant(), flowai.tenant_is(text) TO PUBLIC;
GRANT EXECUTE ON FUNCTION flowai.whoami(), flowai.require_tenant(), flowai.use_tenant(text, text)
    TO flowai_user, flowai_admin;
GRANT EXECUTE ON FUNCTION flowai.tenant_create(text, text), flowai.tenant_grant(text, text),
    flowai.tenant_revoke(text, text) TO flowai_admin;
