-- Tenants, who may work for them, and how a table is made to hold rows of many of them.

CREATE TABLE flowai_internal.tenants (
    tenant_id  flowai.identifier NOT NULL,
    version    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id),
    -- Characters of format that nobody sees, or that turn a text around: people would take one for another.
    CONSTRAINT tenants_name_visible CHECK (tenant_id OPERATOR(pg_catalog.!~)
        '[\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\U000E0000-\U000E007F]'),
    CONSTRAINT tenants_version_said CHECK (version OPERATOR(pg_catalog.~) '[^[:space:]]')
);
-- Two tenants may not differ by case alone: people would take one for the other.
CREATE UNIQUE INDEX tenants_case_idx ON flowai_internal.tenants (pg_catalog.lower(tenant_id));
COMMENT ON TABLE flowai_internal.tenants IS 'The tenants. Written by flowai.tenant_create.';
COMMENT ON COLUMN flowai_internal.tenants.tenant_id IS 'The tenant: first column of every key.';
COMMENT ON COLUMN flowai_internal.tenants.version IS 'Revision of the tenant''s configuration, recorded and shown, part of no key.';
COMMENT ON COLUMN flowai_internal.tenants.created_at IS 'When the tenant was created.';

CREATE TABLE flowai_internal.tenant_members (
    tenant_id  flowai.identifier NOT NULL,
    member     regrole NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT tenant_members_pkey PRIMARY KEY (tenant_id, member),
    CONSTRAINT tenant_members_tenant_known FOREIGN KEY (tenant_id)
        REFERENCES flowai_internal.tenants (tenant_id) ON DELETE CASCADE
);
-- Serves the look-up of a role's own memberships. src/pg/tenant.rs scans both indexes by name.
CREATE INDEX tenant_members_member_idx ON flowai_internal.tenant_members (member);
COMMENT ON TABLE flowai_internal.tenant_members IS 'Which role may work for which tenant: the only authority. Written by flowai.tenant_grant and flowai.tenant_revoke.';
COMMENT ON COLUMN flowai_internal.tenant_members.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.tenant_members.member IS 'The role; a group role counts for the roles that have its privileges.';
COMMENT ON COLUMN flowai_internal.tenant_members.granted_at IS 'When the role became a member.';

SELECT pg_catalog.pg_extension_config_dump('flowai_internal.tenants', '');
SELECT pg_catalog.pg_extension_config_dump('flowai_internal.tenant_members', '');

ALTER FUNCTION flowai.current_tenant_support(internal) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.current_tenant() LEAKPROOF;
ALTER FUNCTION flowai.tenant_is(text) LEAKPROOF;

-- Secures one piece of a tenant table: a parent, a partition, or a table in one piece.
CREATE FUNCTION flowai_internal.secure_tenant_table(piece regclass, partitioned boolean DEFAULT true)
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    condition CONSTANT text := CASE WHEN partitioned
        THEN 'tenant_id = flowai.current_tenant() AND flowai.tenant_is(flowai.current_tenant())'
        -- A scalar subquery, so that the unpartitioned table pays the second test once, not per row.
        ELSE 'tenant_id = flowai.current_tenant() AND (SELECT flowai.tenant_is(flowai.current_tenant()))' END;
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', piece);
    EXECUTE format('CREATE POLICY tenant ON %s FOR ALL TO PUBLIC USING (%s) WITH CHECK (%s)',
                   piece, condition, condition);
    EXECUTE format('COMMENT ON POLICY tenant ON %s IS %L', piece, 'Rows of the tenant in force, and no others.');
    EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC', piece);
    EXECUTE format('ALTER TABLE %s OWNER TO flowai_owner', piece);
END $$;
COMMENT ON FUNCTION flowai_internal.secure_tenant_table(regclass, boolean) IS 'Secures one piece of a tenant table: row-level security enabled and forced with the one policy, owner flowai_owner, nothing for PUBLIC.';

-- Makes a freshly created table a tenant table: partitions, row-level security with the one policy,
-- rights, dump. The table must be declared PARTITION BY HASH (tenant_id), have tenant_id first in its
-- primary key and be empty. Foreign keys are added after this.
--
-- Where the citus extension is present the table stays in one piece, because its shards are the
-- partitions there.
CREATE FUNCTION flowai_internal.make_tenant_table(tenant_table regclass, readable boolean DEFAULT true)
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- 16 leaves: planning does not grow with them once the tenant is a constant, and vacuum, locks and
    -- index depth stay small for many tenants on one node.
    leaves CONSTANT integer := 16;
    schema_name name;
    table_name name;
    whole text;
    piece text;
    pieces text[] := '{}';
BEGIN
    SELECT n.nspname, c.relname INTO STRICT schema_name, table_name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = tenant_table;
    whole := format('%I.%I', schema_name, table_name);

    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        EXECUTE format('CREATE TABLE flowai_internal.tenant_table_draft (LIKE %s INCLUDING ALL)', whole);
        EXECUTE format('DROP TABLE %s', whole);
        EXECUTE format('ALTER TABLE flowai_internal.tenant_table_draft RENAME TO %I', table_name);
        IF schema_name <> 'flowai_internal' THEN
            EXECUTE format('ALTER TABLE flowai_internal.%I SET SCHEMA %I', table_name, schema_name);
        END IF;
        pieces := ARRAY[whole];
    ELSE
        FOR leaf IN 0 .. leaves - 1 LOOP
            piece := format('flowai_internal.%I', format('%s_%s', table_name, lpad(leaf::text, 2, '0')));
            EXECUTE format('CREATE TABLE %s PARTITION OF %s FOR VALUES WITH (MODULUS %s, REMAINDER %s)',
                           piece, whole, leaves, leaf);
            EXECUTE format('COMMENT ON TABLE %s IS %L', piece, format('Hash partition %s of %s.', leaf, whole));
            pieces := pieces || piece;
        END LOOP;
    END IF;

    FOREACH piece IN ARRAY pieces LOOP
        EXECUTE format('SELECT pg_extension_config_dump(%L, '''')', piece);
    END LOOP;
    IF pieces = ARRAY[whole] THEN
        PERFORM flowai_internal.secure_tenant_table(whole::regclass, partitioned => false);
    ELSE
        FOREACH piece IN ARRAY whole || pieces LOOP
            PERFORM flowai_internal.secure_tenant_table(piece::regclass);
        END LOOP;
    END IF;
    IF readable THEN
        EXECUTE format('GRANT SELECT ON TABLE %s TO flowai_user', whole);
    END IF;
END $$;
COMMENT ON FUNCTION flowai_internal.make_tenant_table(regclass, boolean) IS 'Makes a new, empty table a tenant table: 16 hash partitions in flowai_internal, row-level security enabled and forced with the one policy, owner flowai_owner, SELECT for flowai_user if readable, marked for pg_dump. Used by the install and update scripts only.';

-- A foreign key between two tenant tables goes from leaf to leaf: both are split alike by the tenant, which
-- the key carries, so what a row of one leaf refers to can only be in the leaf of the same number. On the whole
-- tables every check would open and lock all leaves of the other, and cost several times as much.
CREATE FUNCTION flowai_internal.make_tenant_reference(
    reference name, from_table regclass, from_columns text, to_table regclass, to_columns text, on_delete text DEFAULT 'NO ACTION')
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    pair record;
BEGIN
    FOR pair IN
        WITH piece AS (
            SELECT whole, COALESCE(i.inhrelid, whole)::regclass AS leaf, pg_get_expr(c.relpartbound, c.oid) AS bound
            FROM unnest(ARRAY[from_table, to_table]) AS whole
            LEFT JOIN pg_inherits i ON i.inhparent = whole
            JOIN pg_class c ON c.oid = COALESCE(i.inhrelid, whole)
        )
        SELECT here.leaf AS here, there.leaf AS there
        FROM piece here JOIN piece there ON there.bound IS NOT DISTINCT FROM here.bound
        WHERE here.whole = from_table AND there.whole = to_table
        ORDER BY here.leaf::text COLLATE "C"
    LOOP
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES %s (%s) ON DELETE %s', pair.here, reference,
                       from_columns, pair.there, to_columns, on_delete);
    END LOOP;
END $$;
COMMENT ON FUNCTION flowai_internal.make_tenant_reference(name, regclass, text, regclass, text, text) IS 'Adds a foreign key from one tenant table to another, of each hash partition to the one with the same bound; of the tables themselves where they are in one piece. Used by the install and update scripts only.';

-- One random key for each tenant. Reference ids are hashes under it, so that ids of two tenants never
-- match and nobody can guess a payload and confirm it by its id.
CREATE TABLE flowai_internal.tenant_keys (
    tenant_id flowai.identifier NOT NULL,
    key       bytea NOT NULL,
    CONSTRAINT tenant_keys_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT tenant_keys_length CHECK (pg_catalog.octet_length(key) OPERATOR(pg_catalog.=) 32)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai_internal.tenant_keys IS 'The secret that a tenant''s reference ids are hashed with. No role can read it; functions of flowai_owner see the row of the tenant in force.';
COMMENT ON COLUMN flowai_internal.tenant_keys.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.tenant_keys.key IS '32 random bytes.';
SELECT flowai_internal.make_tenant_table('flowai_internal.tenant_keys', readable => false);
