-- Every function, tried as every sort of role, with NULL for each argument: what it answers.
--
-- ok, or SQLSTATE and the rule that was broken; "42501 -" is the server's own refusal.
CREATE FUNCTION pg_temp.try(role name, routine oid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
    rule text;
BEGIN
    BEGIN
        EXECUTE format('SET LOCAL ROLE %I', role);
        EXECUTE format('SELECT count(*) FROM %s(%s)', routine::regproc,
            (SELECT string_agg(format('NULL::%s', format_type(t, NULL)), ', ') FROM pg_proc p, unnest(p.proargtypes::oid[]) t WHERE p.oid = routine));
        RAISE 'undo' USING ERRCODE = 'P0099';
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, rule = CONSTRAINT_NAME;
    END;
    RETURN CASE state WHEN 'P0099' THEN 'ok' ELSE format('%s %s', state, COALESCE(NULLIF(rule, ''), '-')) END;
END $$;
SELECT format('%s(%s)', p.oid::regproc, pg_get_function_identity_arguments(p.oid)) AS function,
       pg_temp.try('acme_app', p.oid) AS tenant, pg_temp.try('pool', p.oid) AS unbound,
       pg_temp.try('stranger', p.oid) AS stranger, pg_temp.try('steward', p.oid) AS admin
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname IN ('flowai', 'flowai_internal') AND p.prorettype NOT IN ('internal'::regtype, 'trigger'::regtype)
ORDER BY n.nspname, p.proname COLLATE "C", pg_get_function_identity_arguments(p.oid) COLLATE "C";
