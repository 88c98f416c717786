-- Read-only SQL: what statements may call beyond the functions of the server.

-- A function is known by its signature and by a digest of what it is: replaced, or given to another owner, it is
-- not the function that was allowed. Both survive dump and restore. Its number does not, but here it tells
-- whether the function was dropped and made anew, even if it looks the same. So the number counts where
-- it was noted, in this database and this table; in a copy the digest decides alone, until the next permission
-- that is given there notes the numbers of all.
CREATE TABLE flowai.allowed_functions (
    function   text COLLATE "C" NOT NULL,
    tenant_id  flowai.identifier,
    digest     bytea NOT NULL,
    object     oid NOT NULL,
    noted_in   text COLLATE "C" NOT NULL,
    allowed_by text NOT NULL,
    allowed_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT allowed_functions_key UNIQUE NULLS NOT DISTINCT (function, tenant_id),
    CONSTRAINT allowed_functions_tenant_known FOREIGN KEY (tenant_id)
        REFERENCES flowai_internal.tenants (tenant_id) ON DELETE CASCADE,
    CONSTRAINT allowed_functions_digest_length
        CHECK (pg_catalog.octet_length(digest) OPERATOR(pg_catalog.=) 32)
);
COMMENT ON TABLE flowai.allowed_functions IS 'Functions that read-only statements may call beyond those of the server. Written by flowai.function_allow, extension_allow and function_disallow. A tenant sees what it may call; flowai_admin sees all.';
COMMENT ON COLUMN flowai.allowed_functions.function IS 'The signature, with schema.';
COMMENT ON COLUMN flowai.allowed_functions.tenant_id IS 'The tenant that may call it; NULL for all.';
COMMENT ON COLUMN flowai.allowed_functions.digest IS 'SHA-256 over what the function is: language, body, library, owner, settings. If it differs now, the function is refused.';
COMMENT ON COLUMN flowai.allowed_functions.object IS 'The function''s number when it was allowed. If it differs now, in the same database, the function was dropped and made anew, and is refused.';
COMMENT ON COLUMN flowai.allowed_functions.noted_in IS 'Where that number is from: cluster, database and table. Elsewhere, as after a restore, it says nothing.';
COMMENT ON COLUMN flowai.allowed_functions.allowed_by IS 'The role that allowed it.';
COMMENT ON COLUMN flowai.allowed_functions.allowed_at IS 'When it was allowed in this form.';
SELECT pg_catalog.pg_extension_config_dump('flowai.allowed_functions', '');
-- No tenant table: its rows may belong to nobody. Not forced, because only functions of its owner write.
ALTER TABLE flowai.allowed_functions ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON flowai.allowed_functions FOR SELECT TO PUBLIC
    USING (tenant_id IS NULL OR (tenant_id = flowai.current_tenant() AND (SELECT flowai.tenant_is(flowai.current_tenant())))
           OR (SELECT pg_catalog.pg_has_role('flowai_admin', 'USAGE')));
COMMENT ON POLICY visible ON flowai.allowed_functions IS 'What everybody may call, and what the tenant in force may call; all of it for flowai_admin.';

ALTER FUNCTION flowai.database_identity() SET SCHEMA flowai_internal;

-- Names only, no OIDs, so that the digest is the same after a restore. An aggregate is what its parts
-- are; their own bodies are digested with it.
CREATE FUNCTION flowai_internal.function_digest(routine oid) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.string_agg(
        pg_catalog.jsonb_build_array(
            p.oid::regprocedure::text, l.lanname, r.rolname, p.prokind, p.prosecdef, p.provolatile,
            p.proisstrict, p.proretset, pg_catalog.format_type(p.prorettype, NULL),
            pg_catalog.pg_get_function_arguments(p.oid),
            p.prosrc, p.probin, pg_catalog.pg_get_function_sqlbody(p.oid), p.proconfig::text,
            a.aggkind, a.agginitval)::text, E'\n' ORDER BY p.oid = $1 DESC, p.oid::regprocedure::text COLLATE "C"), 'UTF8'))
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
    LEFT JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid
    WHERE p.oid = $1
       OR p.oid IN (
            SELECT part.oid
            FROM pg_catalog.pg_aggregate g
            CROSS JOIN LATERAL (VALUES
                (g.aggtransfn::oid), (g.aggfinalfn::oid), (g.aggcombinefn::oid), (g.aggserialfn::oid),
                (g.aggdeserialfn::oid), (g.aggmtransfn::oid), (g.aggminvtransfn::oid),
                (g.aggmfinalfn::oid)) AS part (oid)
            WHERE g.aggfnoid = $1);
END;
COMMENT ON FUNCTION flowai_internal.function_digest(oid) IS 'SHA-256 over what a function is, by names and bodies; NULL if there is no such function.';

CREATE FUNCTION flowai_internal.function_numbers_noted_in() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_catalog.concat_ws('/', flowai_internal.database_identity(), 'flowai.allowed_functions'::regclass::oid);
END;
COMMENT ON FUNCTION flowai_internal.function_numbers_noted_in() IS 'What flowai.allowed_functions.noted_in is for numbers that are noted now.';

-- Which of these functions were allowed, and whether each still is what was allowed. A definer function:
-- the digest looks at objects of others.
CREATE FUNCTION flowai.function_standing(routines oid[])
RETURNS TABLE (routine oid, unchanged boolean)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER ROWS 5
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.oid, pg_catalog.bool_or((a.object = p.oid OR a.noted_in <> here.place)
                                     AND a.digest = flowai_internal.function_digest(p.oid))
    FROM flowai_internal.function_numbers_noted_in() AS here (place)
    CROSS JOIN pg_catalog.unnest(routines) AS wanted (oid)
    JOIN pg_catalog.pg_proc p ON p.oid = wanted.oid
    JOIN flowai.allowed_functions a
         ON a.function = p.oid::regprocedure::text
        AND (a.tenant_id IS NULL OR a.tenant_id = flowai.current_tenant())
    GROUP BY p.oid;
END;
COMMENT ON FUNCTION flowai.function_standing(oid[]) IS 'For those of the functions that were allowed for the tenant in force or for all: whether each still is what was allowed. Used by validate_query and execute_query.';

-- ------------------------------------------------------------------------------- rows of a query

ALTER FUNCTION flowai.query_array(text, integer, interval) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.ref_put_check(text, jsonb, interval) SET SCHEMA flowai_internal;

CREATE FUNCTION flowai.query_rows(sql text, max_rows integer DEFAULT 1000, timeout interval DEFAULT '5 s')
RETURNS SETOF jsonb
LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 100 COST 1000
BEGIN ATOMIC
    SELECT r.value
    FROM pg_catalog.jsonb_array_elements(flowai_internal.query_array(sql, max_rows, timeout))
         WITH ORDINALITY AS r(value, place)
    ORDER BY r.place;
END;

-- The rows go from the query into the reference, and never to the client. CASE, because the query may take long and
-- nobody shall wait for it who has misspelt the kind. With settings of its own, because an id stands for the text of
-- the rows, and equal rows have one from any client.
CREATE FUNCTION flowai.ref_put_query(kind text, sql text, summary jsonb DEFAULT NULL, ttl interval DEFAULT NULL, max_rows integer DEFAULT 10000, timeout interval DEFAULT '30 s')
RETURNS TABLE (kind text, id text, created boolean, summary jsonb, expires_at timestamptz)
LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 1
SET timezone = 'UTC'
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = 1
BEGIN ATOMIC
    SELECT p.kind, p.id, p.created, p.summary, p.expires_at
    FROM flowai.ref_put($1, CASE WHEN flowai_internal.ref_put_check($1, $3, $4) THEN flowai_internal.query_array($2, $5, $6) END, $3, $4) AS p;
END;
