-- The rows of a tenant as a whole: what there is, out, in, and away. For flowai_admin.
--
-- Relations go by their names, which quote_all_identifiers would write otherwise.
--
-- Row-level security binds administrators and the owner too, so these functions put the tenant in force
-- while they work on it. Only they can: flowai_internal.act_for is executable by the owner alone. It tells this
-- process only, so none of them may have parallel workers, which would see no row.

ALTER FUNCTION flowai.act_for(text) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.await_writers(oid[]) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.tenant_shut(text) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.catalog_stamp(text, text[]) SET SCHEMA flowai_internal;

CREATE TABLE flowai_internal.tenant_versions (
    tenant_id flowai.identifier NOT NULL,
    version   text NOT NULL,
    set_at    timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    set_by    text NOT NULL,
    CONSTRAINT tenant_versions_pkey PRIMARY KEY (tenant_id, set_at),
    CONSTRAINT tenant_versions_version_said CHECK (version OPERATOR(pg_catalog.~) '[^[:space:]]'),
    CONSTRAINT tenant_versions_tenant_known FOREIGN KEY (tenant_id)
        REFERENCES flowai_internal.tenants (tenant_id) ON DELETE CASCADE
);
COMMENT ON TABLE flowai_internal.tenant_versions IS 'Every revision that a tenant''s configuration had. Written by flowai.tenant_create and flowai.tenant_version_set.';
COMMENT ON COLUMN flowai_internal.tenant_versions.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.tenant_versions.version IS 'The revision.';
COMMENT ON COLUMN flowai_internal.tenant_versions.set_at IS 'Since when.';
COMMENT ON COLUMN flowai_internal.tenant_versions.set_by IS 'The role that set it.';
SELECT pg_catalog.pg_extension_config_dump('flowai_internal.tenant_versions', '');

-- Tables whose rows belong to tenants, in an order in which they can be emptied: who refers goes first.
CREATE FUNCTION flowai_internal.tenant_tables() RETURNS TABLE (relation regclass, place bigint)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE tenant_table AS (
        SELECT c.oid
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('flowai', 'flowai_internal') AND c.relkind IN ('r', 'p')
          AND c.relforcerowsecurity AND NOT c.relispartition
    ), refers AS (
        -- Foreign keys are those of leaves.
        SELECT DISTINCT here.oid AS refers, there.oid AS referred
        FROM pg_constraint k
        LEFT JOIN pg_inherits i ON i.inhrelid = k.conrelid
        LEFT JOIN pg_inherits j ON j.inhrelid = k.confrelid
        JOIN tenant_table here ON here.oid = COALESCE(i.inhparent, k.conrelid)
        JOIN tenant_table there ON there.oid = COALESCE(j.inhparent, k.confrelid)
        WHERE k.contype = 'f' AND here.oid <> there.oid
    ), depth (oid, depth) AS (
        SELECT oid, 0 FROM tenant_table
        UNION
        SELECT r.referred, d.depth + 1 FROM depth d JOIN refers r ON r.refers = d.oid WHERE d.depth < 32
    )
    SELECT d.oid::regclass, row_number() OVER (ORDER BY max(d.depth), d.oid::regclass::text COLLATE "C")
    FROM depth d GROUP BY d.oid;
END;
COMMENT ON FUNCTION flowai_internal.tenant_tables() IS 'Every tenant table; place is an order in which they can be emptied, backwards one in which they can be filled.';

-- Where the rows of a tenant are, leaf by leaf.
CREATE FUNCTION flowai_internal.tenant_leaves(tenant text) RETURNS oid[]
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH leaf AS (
        SELECT c.oid, i.inhparent, pg_get_expr(c.relpartbound, c.oid) AS bound
        FROM flowai_internal.tenant_tables() t
        LEFT JOIN pg_inherits i ON i.inhparent = t.relation
        JOIN pg_class c ON c.oid = COALESCE(i.inhrelid, t.relation)
    ), part AS (
        SELECT l.*, substring(l.bound FROM 'modulus (\d+)')::integer AS modulus, substring(l.bound FROM 'remainder (\d+)')::integer AS remainder
        FROM leaf l
    )
    SELECT array_agg(p.oid ORDER BY p.oid) FROM part p
    WHERE CASE WHEN p.modulus IS NULL THEN true
               ELSE satisfies_hash_partition(p.inhparent, p.modulus, p.remainder, tenant::flowai.identifier) END;
END;
COMMENT ON FUNCTION flowai_internal.tenant_leaves(text) IS 'The tables and partitions in which a tenant''s rows can be.';

CREATE FUNCTION flowai_internal.require_known_tenant(tenant text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'argument "tenant" must not be null'
            USING ERRCODE = 'null_value_not_allowed', CONSTRAINT = 'argument_required', HINT = 'Pass a value for "tenant".';
    END IF;
    IF NOT EXISTS (SELECT FROM flowai_internal.tenants t WHERE t.tenant_id = tenant) THEN
        RAISE EXCEPTION 'tenant "%" does not exist', left(tenant, 200)
            USING ERRCODE = 'no_data_found', CONSTRAINT = 'tenant_known', HINT = 'List them with flowai.tenant_list().';
    END IF;
END $$;
COMMENT ON FUNCTION flowai_internal.require_known_tenant(text) IS 'Error P0002 if there is no such tenant, 22004 for NULL.';

-- What a tenant has is counted, not remembered: a counter would be one row that all of its writers wait for.
-- So it costs nothing unless it is asked for.
CREATE FUNCTION flowai.tenant_list(after text DEFAULT '', max_rows integer DEFAULT 100, with_usage boolean DEFAULT false)
RETURNS TABLE (tenant text, version text, created_at timestamptz, members text[], rows bigint, bytes bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    page_rows CONSTANT integer := flowai_internal.page_rows(max_rows);
BEGIN
    FOR tenant, version, created_at, members IN
        SELECT t.tenant_id, t.version, t.created_at,
               ARRAY(SELECT COALESCE(r.rolname::text, m.member::oid::text) FROM flowai_internal.tenant_members m
                     LEFT JOIN pg_roles r ON r.oid = m.member
                     WHERE m.tenant_id = t.tenant_id ORDER BY 1)
        FROM flowai_internal.tenants t
        WHERE t.tenant_id > COALESCE(tenant_list.after, '') COLLATE "C"
        ORDER BY t.tenant_id
        LIMIT page_rows
    LOOP
        IF with_usage THEN
            BEGIN
                SELECT COALESCE(sum(u.rows), 0), COALESCE(sum(u.bytes), 0) INTO rows, bytes FROM flowai.tenant_usage(tenant) u;
            EXCEPTION WHEN no_data_found THEN
                -- Dropped meanwhile.
                CONTINUE;
            END;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;

CREATE FUNCTION flowai.tenant_usage(tenant text)
RETURNS TABLE (relation text, rows bigint, bytes bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 20
SET search_path = pg_catalog, pg_temp
SET max_parallel_workers_per_gather = 0
SET quote_all_identifiers = off
AS $$
DECLARE
    tenant_table regclass;
BEGIN
    PERFORM flowai_internal.require_known_tenant(tenant);
    PERFORM flowai_internal.act_for(tenant);
    FOR tenant_table IN SELECT t.relation FROM flowai_internal.tenant_tables() t ORDER BY t.relation::text COLLATE "C" LOOP
        relation := tenant_table::text;
        EXECUTE format('SELECT count(*), COALESCE(sum(pg_column_size(t.*)), 0) FROM %s t WHERE t.tenant_id = $1', tenant_table)
            INTO rows, bytes USING tenant;
        IF rows > 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;
    PERFORM flowai_internal.act_for(NULL);
END $$;

CREATE FUNCTION flowai.tenant_version_set(tenant text, version text) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moment timestamptz;
BEGIN
    PERFORM flowai_internal.require_known_tenant(tenant);
    IF version IS NULL THEN
        RAISE EXCEPTION 'argument "version" must not be null'
            USING ERRCODE = 'null_value_not_allowed', CONSTRAINT = 'argument_required', HINT = 'Pass a value for "version".';
    ELSIF version !~ '[^[:space:]]' THEN
        RAISE EXCEPTION 'argument "version" must not be blank'
            USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'tenant_version_said',
                  HINT = 'Pass the revision of the tenant''s configuration, such as v1.';
    END IF;
    UPDATE flowai_internal.tenants t SET version = tenant_version_set.version WHERE t.tenant_id = tenant;
    INSERT INTO flowai_internal.tenant_versions (tenant_id, version, set_by)
    VALUES (tenant, version, (flowai.whoami()).role) RETURNING set_at INTO moment;
    PERFORM flowai_internal.event_note(tenant, 'flowai.tenant.version_set', jsonb_build_object('version', left(version, 1000)));
    RETURN moment;
END $$;

CREATE FUNCTION flowai.tenant_history(tenant text)
RETURNS TABLE (version text, set_at timestamptz, set_by text)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM flowai_internal.require_known_tenant(tenant);
    RETURN QUERY SELECT v.version, v.set_at, v.set_by FROM flowai_internal.tenant_versions v
                 WHERE v.tenant_id = tenant ORDER BY v.set_at;
END $$;

-- ------------------------------------------------------------------------------------ away

-- First the members go, and that is committed: from then on none of them can begin to write. Rows that went
-- in the same transaction would go too early: flowai_internal.tenant_shut refuses that. Then, with the
-- tenant locked against new members and imports, who began before is waited for, and rows are deleted in
-- batches; at last the tenant itself. So no row comes after the last look.
CREATE FUNCTION flowai.tenant_drop_some(tenant text, max_rows integer DEFAULT 10000)
RETURNS TABLE (relation text, deleted bigint, done boolean)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 20
SET search_path = pg_catalog, pg_temp
SET max_parallel_workers_per_gather = 0
SET quote_all_identifiers = off
AS $$
DECLARE
    caller record;
    tenant_table regclass;
    budget bigint := max_rows;
BEGIN
    PERFORM flowai_internal.require_known_tenant(tenant);
    IF max_rows IS NULL THEN
        RAISE EXCEPTION 'argument "max_rows" must not be null'
            USING ERRCODE = 'null_value_not_allowed', CONSTRAINT = 'argument_required', HINT = 'Pass a value for "max_rows".';
    ELSIF max_rows < 1 THEN
        RAISE EXCEPTION 'argument "max_rows" is out of range'
            USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'max_rows_range',
                  DETAIL = format('It is %s.', max_rows), HINT = 'Pass a number of rows above 0.';
    ELSIF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'a tenant can be dropped in READ COMMITTED only'
            USING ERRCODE = 'feature_not_supported', CONSTRAINT = 'tenant_drop_sees_all',
                  DETAIL = 'An older snapshot does not show what others have written for it since.',
                  HINT = 'SET default_transaction_isolation = ''read committed''.';
    END IF;
    deleted := flowai_internal.tenant_shut(tenant);
    IF deleted > 0 THEN
        relation := 'flowai_internal.tenant_members';
        done := false;
        RETURN NEXT;
        RETURN;
    END IF;
    PERFORM FROM flowai_internal.tenants t WHERE t.tenant_id = tenant FOR UPDATE;
    IF EXISTS (SELECT FROM flowai_internal.tenant_members m WHERE m.tenant_id = tenant) THEN
        -- Somebody became one meanwhile: the next step ends it.
        RETURN;
    END IF;
    PERFORM flowai_internal.await_writers(flowai_internal.tenant_leaves(tenant));
    done := true;
    PERFORM flowai_internal.act_for(tenant);
    FOR tenant_table IN SELECT t.relation FROM flowai_internal.tenant_tables() t ORDER BY t.place LOOP
        -- Found by their places; events are in several leaves, where a place alone names several rows.
        EXECUTE format('WITH batch AS MATERIALIZED (SELECT s.tableoid AS leaf, s.ctid AS place FROM %1$s s WHERE s.tenant_id = $1 LIMIT $2)
                        DELETE FROM %1$s d WHERE d.tenant_id = $1 AND d.ctid = ANY (ARRAY(SELECT place FROM batch))
                        AND (d.tableoid, d.ctid) IN (SELECT leaf, place FROM batch)', tenant_table)
            USING tenant, budget;
        GET DIAGNOSTICS deleted = ROW_COUNT;
        budget := budget - deleted;
        IF deleted > 0 THEN
            relation := tenant_table::text;
            done := false;
            RETURN NEXT;
        END IF;
        EXIT WHEN budget <= 0;
    END LOOP;
    PERFORM flowai_internal.act_for(NULL);
    IF done THEN
        -- What administrators wrote about it.
        FOREACH tenant_table IN ARRAY '{flowai.allowed_functions,flowai_internal.query_targets,flowai_internal.tenant_versions}'::regclass[] LOOP
            EXECUTE format('DELETE FROM %s t WHERE t.tenant_id = $1', tenant_table) USING tenant;
            GET DIAGNOSTICS deleted = ROW_COUNT;
            IF deleted > 0 THEN
                relation := tenant_table::text;
                RETURN NEXT;
            END IF;
        END LOOP;
        DELETE FROM flowai_internal.tenants t WHERE t.tenant_id = tenant;
        -- Its own events have gone with it.
        SELECT w.role, w.login INTO caller FROM flowai.whoami() w;
        RAISE LOG 'tenant "%" was dropped by role "%", login "%"', tenant, caller.role, caller.login;
        relation := 'flowai_internal.tenants';
        deleted := 1;
        RETURN NEXT;
    END IF;
END $$;

-- Commits after each batch, so that nobody waits for long and what is done stays done. No SET clause and
-- no definer's rights, with which a procedure may not commit: every name says its schema.
CREATE PROCEDURE flowai.tenant_drop(tenant text, max_rows integer DEFAULT 10000)
LANGUAGE plpgsql
AS $$
DECLARE
    item record;
    finished boolean := false;
BEGIN
    WHILE NOT finished LOOP
        FOR item IN SELECT d.relation, d.deleted, d.done FROM flowai.tenant_drop_some(tenant, max_rows) AS d LOOP
            RAISE NOTICE 'deleted % of %', item.deleted, item.relation;
            finished := item.done;
        END LOOP;
        COMMIT;
    END LOOP;
END $$;

-- -------------------------------------------------------------------------------- out and in

-- What the index is made of is built anew where it arrives. The key goes along, so that references keep
-- their ids: whoever has the export can compute them.
CREATE FUNCTION flowai.tenant_export(tenant text)
RETURNS TABLE (place bigint, relation text, "row" jsonb)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 10000
SET search_path = pg_catalog, pg_temp
SET max_parallel_workers_per_gather = 0
SET quote_all_identifiers = off
SET intervalstyle = postgres
SET bytea_output = hex
AS $$
DECLARE
    tenant_table regclass;
    before bigint := 0;
    exported bigint;
    absent text;
    caller record;
BEGIN
    IF NOT current_setting('transaction_read_only')::boolean THEN
        -- Its event may not come after the tenant has gone.
        PERFORM FROM flowai_internal.tenants t WHERE t.tenant_id = tenant FOR KEY SHARE;
    END IF;
    PERFORM flowai_internal.require_known_tenant(tenant);
    PERFORM flowai_internal.act_for(tenant);
    FOR tenant_table IN SELECT t.relation FROM flowai_internal.tenant_tables() t
                        WHERE t.relation::text !~ '^flowai_internal\.search_' ORDER BY t.place DESC LOOP
        -- A column that says nothing has no key: null is what a column of jsonb may say.
        SELECT string_agg(format('CASE WHEN t.%1$I IS NULL THEN %1$L END', a.attname), ', ') INTO absent
        FROM pg_attribute a WHERE a.attrelid = tenant_table AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.attnotnull;
        RETURN QUERY EXECUTE format(
            'SELECT $2 + row_number() OVER (), $3, to_jsonb(t) - array_remove(ARRAY[''tenant_id'', %s], NULL) FROM %s t WHERE t.tenant_id = $1',
            COALESCE(absent, 'NULL'), tenant_table)
            USING tenant, before, tenant_table::text;
        GET DIAGNOSTICS exported = ROW_COUNT;
        before := before + exported;
    END LOOP;
    PERFORM flowai_internal.act_for(NULL);
    IF current_setting('transaction_read_only')::boolean THEN
        SELECT w.role, w.login INTO caller FROM flowai.whoami() w;
        RAISE LOG 'tenant "%" was exported by role "%", login "%"', tenant, caller.role, caller.login;
    ELSE
        PERFORM flowai_internal.event_note(tenant, 'flowai.tenant.exported', jsonb_build_object('rows', before));
    END IF;
END $$;

CREATE FUNCTION flowai.tenant_import(tenant text, relation text, rows jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET max_parallel_workers_per_gather = 0
SET quote_all_identifiers = off
AS $$
DECLARE
    tenant_table regclass;
    columns text[];
    wrong record;
    oldest CONSTANT timestamptz := '2000-01-01 00:00+00';
    newest CONSTANT timestamptz := clock_timestamp() + interval '5 minutes';
    imported bigint;
    workspace_before CONSTANT text := current_setting('flowai.workspace', true);
    workspace text;
BEGIN
    -- The tenant stays until these rows are committed.
    PERFORM FROM flowai_internal.tenants t WHERE t.tenant_id = tenant FOR KEY SHARE;
    PERFORM flowai_internal.require_known_tenant(tenant);
    IF relation IS NULL OR rows IS NULL OR jsonb_typeof(rows) <> 'array' OR jsonb_path_exists(rows, 'strict $[*] ? (@.type() <> "object")') THEN
        RAISE EXCEPTION 'arguments "relation" and "rows" must be a name and an array of objects'
            USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'import_rows',
                  HINT = 'Pass what flowai.tenant_export returned: SELECT flowai.tenant_import(''...'', relation, jsonb_agg("row" ORDER BY place)) ... GROUP BY relation ORDER BY min(place).';
    END IF;
    SELECT t.relation INTO tenant_table FROM flowai_internal.tenant_tables() t
    WHERE t.relation::text = tenant_import.relation AND t.relation::text !~ '^flowai_internal\.search_';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'relation "%" holds no rows of tenants', left(relation, 200)
            USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'import_relation',
                  HINT = 'Pass a relation as flowai.tenant_export names it.';
    END IF;
    -- What the relation has no column for would be lost without a word.
    columns := ARRAY(SELECT a.attname FROM pg_attribute a
                     WHERE a.attrelid = tenant_table AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'tenant_id');
    SELECT e.place, k.key INTO wrong FROM jsonb_array_elements(rows) WITH ORDINALITY AS e (item, place), jsonb_object_keys(e.item) AS k (key)
    WHERE k.key <> ALL (columns) ORDER BY e.place LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'relation "%" has no column "%" to import', relation, left(wrong.key, 60)
            USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'import_column',
                  DETAIL = format('It is a key of row %s of the array.', wrong.place),
                  HINT = 'Import what an equal or older version of flowai_runtime exported, unchanged.';
    END IF;
    IF tenant_table = 'flowai.events'::regclass THEN
        -- Each month is a partition, which all tenants share.
        SELECT e.place, e.item ->> 'recorded_at' AS said INTO wrong FROM jsonb_array_elements(rows) WITH ORDINALITY AS e (item, place)
        WHERE (e.item ->> 'recorded_at')::timestamptz NOT BETWEEN oldest AND newest ORDER BY e.place LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'an event of "%" cannot be imported', left(wrong.said, 60)
                USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'import_event_time',
                      DETAIL = format('It is row %s of the array. Events are of 2000 or later, and not of the future.', wrong.place),
                      HINT = 'Leave such events out.';
        END IF;
        PERFORM flowai_internal.event_month_open(EXTRACT(year FROM m.month)::integer, EXTRACT(month FROM m.month)::integer)
        FROM (SELECT DISTINCT date_trunc('month', (e ->> 'recorded_at')::timestamptz AT TIME ZONE 'UTC') AS month
              FROM jsonb_array_elements(rows) e WHERE e ->> 'recorded_at' IS NOT NULL) m;
    END IF;
    PERFORM flowai_internal.act_for(tenant);
    -- What is jsonb is taken as it is: a record would make NULL of its null.
    EXECUTE (
        SELECT format('INSERT INTO %1$s (%2$s) SELECT %3$s FROM jsonb_array_elements($1) e,
                       jsonb_populate_record(NULL::%1$s, e || jsonb_build_object(''tenant_id'', $2)) r', tenant_table,
                      string_agg(format('%I', a.attname), ', '),
                      string_agg(format(CASE WHEN a.atttypid = 'jsonb'::regtype THEN 'e -> %L' ELSE 'r.%I' END, a.attname), ', '))
        FROM pg_attribute a WHERE a.attrelid = tenant_table AND a.attnum > 0 AND NOT a.attisdropped)
        USING rows, tenant;
    GET DIAGNOSTICS imported = ROW_COUNT;
    -- A row that is not what its hash says would stand in the way of the true one.
    IF tenant_table = 'flowai.ref_payloads'::regclass THEN
        PERFORM flowai_internal.ref_intact(e ->> 'kind', e ->> 'id', e -> 'payload') FROM jsonb_array_elements(rows) e;
    ELSIF tenant_table IN ('flowai.catalog_entries'::regclass, 'flowai.catalog_relations'::regclass) THEN
        PERFORM flowai_internal.catalog_stamp(g.workspace, g.ids)
        FROM (SELECT e ->> 'workspace_id' AS workspace, array_agg(DISTINCT COALESCE(e ->> 'from_id', e ->> 'id')) AS ids
              FROM jsonb_array_elements(rows) e GROUP BY 1) g;
    END IF;
    IF tenant_table = 'flowai.catalog_entries'::regclass THEN
        INSERT INTO flowai_internal.search_delta (tenant_id, workspace_id, row_version)
        SELECT tenant, e ->> 'workspace_id', (e ->> 'row_version')::bigint FROM jsonb_array_elements(rows) e;
        FOR workspace IN SELECT DISTINCT e ->> 'workspace_id' FROM jsonb_array_elements(rows) e LOOP
            PERFORM set_config('flowai.workspace', workspace, true);
            PERFORM flowai.search_maintain();
        END LOOP;
        PERFORM set_config('flowai.workspace', COALESCE(workspace_before, ''), true);
    END IF;
    PERFORM flowai_internal.act_for(NULL);
    PERFORM flowai_internal.event_note(tenant, 'flowai.tenant.imported', jsonb_build_object('relation', relation, 'rows', imported));
    RETURN imported;
END $$;
