-- What was installed, so that a grant, a policy, a constraint or a function that is another since can be told
-- from one that was always so. Names and definitions, no numbers: the digests are the same in every database.
-- Written by the install script, and so anew where a dump is restored; an update script ends with
-- flowai_internal.facts_record() too.
CREATE TABLE flowai_internal.installed_facts (
    name   text COLLATE "C" NOT NULL,
    object text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    CONSTRAINT installed_facts_pkey PRIMARY KEY (name, object)
);
COMMENT ON TABLE flowai_internal.installed_facts IS 'What flowai.readiness() compares the catalogs with: rights, policies, constraints, triggers, indexes, columns, functions and views as the install script left them. Written by flowai_internal.facts_record().';
COMMENT ON COLUMN flowai_internal.installed_facts.name IS 'The check that compares it.';
COMMENT ON COLUMN flowai_internal.installed_facts.object IS 'What it is about.';
COMMENT ON COLUMN flowai_internal.installed_facts.digest IS 'SHA-256 over what is so.';

CREATE FUNCTION flowai_internal.facts() RETURNS TABLE (name text, object text, digest bytea)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 3000
SET search_path = pg_catalog, pg_temp
SET jit = off
-- In which names and constants are written alike, whatever the session prefers.
SET quote_all_identifiers = off
SET intervalstyle = postgres
SET datestyle = 'ISO, MDY'
SET timezone = 'UTC'
SET bytea_output = hex
AS $$
WITH
-- Months of events come and go; the other checks look at each of them.
ours AS (
    SELECT c.*, format('%I.%I', n.nspname, c.relname) AS label
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('flowai', 'flowai_internal') AND c.relname !~ '^events_\d{4,}_\d\d(_|$)'
),
relation AS (SELECT * FROM ours WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')),
routine AS (
    SELECT p.*, p.oid::regprocedure::text AS label
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname IN ('flowai', 'flowai_internal')
),
domain AS (
    SELECT t.*, format_type(t.oid, NULL) AS label
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE n.nspname IN ('flowai', 'flowai_internal') AND t.typtype = 'd'
),
held (label, owner, acl) AS (
    SELECT label, relowner, COALESCE(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner)) FROM relation
    UNION ALL SELECT r.label || '.' || quote_ident(a.attname), r.relowner, a.attacl
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid WHERE a.attacl IS NOT NULL
    UNION ALL SELECT label, proowner, COALESCE(proacl, acldefault('f', proowner)) FROM routine
    UNION ALL SELECT label, typowner, COALESCE(typacl, acldefault('T', typowner)) FROM domain
    UNION ALL SELECT nspname, nspowner, COALESCE(nspacl, acldefault('n', nspowner)) FROM pg_namespace WHERE nspname IN ('flowai', 'flowai_internal')
),
fact (name, object, said) AS (
    SELECT 'rights_as_installed', h.label, jsonb_build_array(pg_get_userbyid(h.owner), (
        SELECT jsonb_agg(g.said ORDER BY g.said)
        FROM (SELECT DISTINCT jsonb_build_array(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable) AS said
              FROM aclexplode(h.acl) a) g))
    FROM held h
    UNION ALL SELECT 'row_security_as_installed', r.label, jsonb_build_array(r.relrowsecurity, r.relforcerowsecurity, (
        SELECT jsonb_agg(jsonb_build_array(p.polname, p.polcmd, p.polpermissive,
                   ARRAY(SELECT CASE o WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(o) END FROM unnest(p.polroles) o ORDER BY 1),
                   pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) ORDER BY p.polname)
        FROM pg_policy p WHERE p.polrelid = r.oid))
    FROM relation r WHERE r.relkind IN ('r', 'p')
    UNION ALL SELECT 'columns_as_installed', r.label, (
        SELECT jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attcollation::regcollation::text,
                   a.attgenerated, a.attidentity, pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attname)
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped)
    FROM relation r
    UNION ALL SELECT 'constraints_as_installed', r.label, (
        SELECT jsonb_agg(jsonb_build_array(k.conname, pg_get_constraintdef(k.oid), k.convalidated) ORDER BY k.conname)
        FROM pg_constraint k WHERE k.conrelid = r.oid)
    FROM relation r WHERE r.relkind IN ('r', 'p')
    UNION ALL SELECT 'constraints_as_installed', d.label, jsonb_build_array(format_type(d.typbasetype, d.typtypmod), d.typnotnull,
        d.typcollation::regcollation::text, d.typdefault, (
        SELECT jsonb_agg(jsonb_build_array(k.conname, pg_get_constraintdef(k.oid), k.convalidated) ORDER BY k.conname)
        FROM pg_constraint k WHERE k.contypid = d.oid))
    FROM domain d
    -- Foreign keys are kept by triggers of the server's own, which can be switched off.
    UNION ALL SELECT 'triggers_as_installed', r.label, (
        SELECT jsonb_agg(jsonb_build_array(CASE WHEN t.tgisinternal THEN 'internal' ELSE pg_get_triggerdef(t.oid) END, t.tgenabled)
                         ORDER BY t.tgisinternal, t.tgname)
        FROM pg_trigger t WHERE t.tgrelid = r.oid AND (NOT t.tgisinternal OR t.tgenabled <> 'O'))
    FROM relation r WHERE r.relkind <> 'S'
    UNION ALL SELECT 'indexes_as_installed', o.label, jsonb_build_array(pg_get_indexdef(o.oid), i.indisvalid, i.indisready)
    FROM ours o JOIN pg_index i ON i.indexrelid = o.oid
    UNION ALL SELECT 'views_as_installed', r.label, jsonb_build_array(CASE WHEN r.relkind IN ('v', 'm') THEN pg_get_viewdef(r.oid) END,
        CASE WHEN r.relkind IN ('v', 'm') THEN to_jsonb(r.reloptions) END, (
        SELECT jsonb_agg(jsonb_build_array(w.rulename, w.ev_enabled) ORDER BY w.rulename) FROM pg_rewrite w WHERE w.ev_class = r.oid))
    FROM relation r WHERE r.relkind <> 'S'
    UNION ALL SELECT 'routines_as_installed', r.label, jsonb_build_array(flowai_internal.function_digest(r.oid)::text, r.proleakproof, r.proparallel,
        r.prosupport::text, r.provariadic::regtype::text)
    FROM routine r
)
SELECT f.name, f.object, sha256(convert_to(COALESCE(f.said::text, 'nothing'), 'UTF8')) FROM fact f
$$;
COMMENT ON FUNCTION flowai_internal.facts() IS 'What is so now of every object of the extension, as digests: name of the check, object, digest.';

CREATE FUNCTION flowai_internal.facts_record() RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    facts bigint;
BEGIN
    DELETE FROM flowai_internal.installed_facts;
    INSERT INTO flowai_internal.installed_facts (name, object, digest)
    SELECT f.name, f.object, f.digest FROM flowai_internal.facts() AS f;
    GET DIAGNOSTICS facts = ROW_COUNT;
    RETURN facts;
END $$;
COMMENT ON FUNCTION flowai_internal.facts_record() IS 'Records what is so now as what was installed, and returns how many facts that are. The last thing that an install or update script does; executable by the owner alone.';
