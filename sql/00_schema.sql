-- flowai_runtime: schemas, roles, and the one way to make a tenant table.
--
--   flowai           what users see: tables to read, functions to call
--   flowai_internal  partitions, members, keys, index segments: no USAGE for tenants
--
-- Nothing here says IF NOT EXISTS or OR REPLACE for what the extension owns: a name that somebody
-- else took first must make the installation fail.

-- Texts are hashed, indexed and compared as UTF-8.
DO $$
BEGIN
    IF pg_catalog.getdatabaseencoding() <> 'UTF8' THEN
        RAISE EXCEPTION 'flowai_runtime needs a database with encoding UTF8'
            USING ERRCODE = 'feature_not_supported', CONSTRAINT = 'database_encoding',
                  DETAIL = pg_catalog.format('Database "%s" has encoding %s.', pg_catalog.current_database(), pg_catalog.getdatabaseencoding()),
                  HINT = 'Create another with CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0.';
    END IF;
END $$;

-- CREATE EXTENSION takes a schema "flowai" that is already there. A restore makes one, empty; anything
-- else would let its owner stand between users and this extension.
DO $$
DECLARE
    schema_owner name;
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_depend
               WHERE refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                 AND refobjid = 'flowai'::pg_catalog.regnamespace
                 AND classid <> 'pg_catalog.pg_extension'::pg_catalog.regclass) THEN
        RAISE EXCEPTION 'schema "flowai" already holds objects'
            USING ERRCODE = 'duplicate_schema', CONSTRAINT = 'schema_empty',
                  DETAIL = 'The extension fills this schema itself and shares it with nobody.',
                  HINT = 'Look at it with \dn+ and \d flowai.*, then drop or rename it.';
    END IF;
    SELECT r.rolname INTO schema_owner
    FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
    WHERE n.nspname = 'flowai' AND NOT r.rolsuper AND r.rolname <> 'flowai_owner';
    IF FOUND THEN
        RAISE EXCEPTION 'schema "flowai" belongs to role "%"', schema_owner
            USING ERRCODE = 'duplicate_schema', CONSTRAINT = 'schema_owned',
                  DETAIL = 'Its owner could replace what the extension puts there.',
                  HINT = 'Drop or rename that schema first.';
    END IF;
END $$;

-- Roles belong to the cluster: another database may have made them already.
DO $$
DECLARE
    wanted name;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['flowai_owner', 'flowai_admin', 'flowai_user']::name[] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM pg_catalog.pg_roles
               WHERE rolname IN ('flowai_owner', 'flowai_admin', 'flowai_user')
                 AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication OR rolcanlogin)) THEN
        RAISE EXCEPTION 'a role of flowai_runtime has more rights than it may have'
            USING ERRCODE = 'invalid_role_specification', CONSTRAINT = 'roles_plain',
                  DETAIL = 'flowai_owner, flowai_admin and flowai_user are NOLOGIN, NOSUPERUSER, NOBYPASSRLS, NOCREATEROLE and NOREPLICATION.',
                  HINT = 'ALTER ROLE ... to take the extra attribute away, or drop the role if it is not ours.';
    END IF;
END $$;

COMMENT ON ROLE flowai_owner IS 'Owns every object of flowai_runtime. Row-level security binds it too, so that a SECURITY DEFINER function of ours sees the caller''s tenant and no other.';
COMMENT ON ROLE flowai_admin IS 'May create tenants, bind roles to them and maintain flowai_runtime. Row-level security binds it.';
COMMENT ON ROLE flowai_user IS 'May use flowai_runtime as a tenant. flowai.tenant_grant grants it.';

-- tenant_grant, a function of flowai_owner, hands flowai_user on.
GRANT flowai_user TO flowai_owner WITH ADMIN OPTION;

CREATE SCHEMA flowai_internal;
ALTER SCHEMA flowai_internal OWNER TO flowai_owner;
ALTER SCHEMA flowai OWNER TO flowai_owner;
REVOKE ALL ON SCHEMA flowai, flowai_internal FROM PUBLIC;
GRANT USAGE ON SCHEMA flowai TO flowai_user, flowai_admin;
COMMENT ON SCHEMA flowai IS 'flowai_runtime: the multi-tenant runtime of data agents. Every object has a comment: \dt+ flowai.*, \df+ flowai.*';
COMMENT ON SCHEMA flowai_internal IS 'flowai_runtime: partitions, members, keys and search segments. No role but the owner has USAGE.';

CREATE DOMAIN flowai.identifier AS text COLLATE "C"
    CONSTRAINT identifier_text CHECK (
        VALUE OPERATOR(pg_catalog.~) '^[^[:space:][:cntrl:]]([^[:cntrl:]]*[^[:space:][:cntrl:]])?$'
        AND pg_catalog.octet_length(VALUE) OPERATOR(pg_catalog.<=) 200);
COMMENT ON DOMAIN flowai.identifier IS 'A name of a tenant, a workspace, a namespace, a kind: not blank, no blank at its ends, no control character, at most 200 bytes.';
