-- Stand-ins for functions of the server that no time limit can end: each looks at the sizes of its arguments
-- first, and then does what the function does that it is called like. They take its place in statements of
-- flowai.execute_query; nobody needs to call them. Label, strictness and what the planner knows are the same.
DO $$
DECLARE
    f record;
BEGIN
    FOR f IN
        SELECT p.*, pg_catalog.pg_get_function_arguments(p.oid) AS arguments,
               pg_catalog.pg_get_function_identity_arguments(p.oid) AS types
        FROM pg_catalog.unnest(ARRAY[
            'translate(text,text,text)', 'btrim(text,text)', 'ltrim(text,text)', 'rtrim(text,text)',
            'btrim(bytea,bytea)', 'ltrim(bytea,bytea)', 'rtrim(bytea,bytea)',
            'strpos(text,text)', '"position"(text,text)', '"position"(bytea,bytea)', '"position"(bit,bit)',
            'replace(text,text,text)', 'split_part(text,text,integer)',
            'string_to_array(text,text)', 'string_to_array(text,text,text)',
            'string_to_table(text,text)', 'string_to_table(text,text,text)',
            '"normalize"(text,text)', 'is_normalized(text,text)',
            '"like"(text,text)', 'notlike(text,text)', '"like"(bytea,bytea)', 'notlike(bytea,bytea)',
            'textlike(text,text)', 'textnlike(text,text)', 'texticlike(text,text)', 'texticnlike(text,text)',
            'bpcharlike(character,text)', 'bpcharnlike(character,text)',
            'bpchariclike(character,text)', 'bpcharicnlike(character,text)',
            'bytealike(bytea,bytea)', 'byteanlike(bytea,bytea)',
            'arraycontains(anyarray,anyarray)', 'arraycontained(anyarray,anyarray)', 'arrayoverlap(anyarray,anyarray)',
            'jsonb_contains(jsonb,jsonb)', 'jsonb_contained(jsonb,jsonb)',
            'jsonb_exists_any(jsonb,text[])', 'jsonb_exists_all(jsonb,text[])', 'jsonb_delete(jsonb,text[])',
            'jsonb_path_exists(jsonb,jsonpath,jsonb,boolean)', 'jsonb_path_exists_tz(jsonb,jsonpath,jsonb,boolean)', 'jsonb_path_exists_opr(jsonb,jsonpath)',
            'jsonb_path_match(jsonb,jsonpath,jsonb,boolean)', 'jsonb_path_match_tz(jsonb,jsonpath,jsonb,boolean)', 'jsonb_path_match_opr(jsonb,jsonpath)',
            'jsonb_path_query(jsonb,jsonpath,jsonb,boolean)', 'jsonb_path_query_tz(jsonb,jsonpath,jsonb,boolean)',
            'jsonb_path_query_array(jsonb,jsonpath,jsonb,boolean)', 'jsonb_path_query_array_tz(jsonb,jsonpath,jsonb,boolean)',
            'jsonb_path_query_first(jsonb,jsonpath,jsonb,boolean)', 'jsonb_path_query_first_tz(jsonb,jsonpath,jsonb,boolean)',
            'path_distance(path,path)', 'path_inter(path,path)', 'poly_distance(polygon,polygon)', 'poly_overlap(polygon,polygon)',
            'ts_rank(tsvector,tsquery)', 'ts_rank(tsvector,tsquery,integer)',
            'xpath(text,xml)', 'xpath(text,xml,text[])', 'xpath_exists(text,xml)', 'xpath_exists(text,xml,text[])',
            'xmlexists(text,xml)']::pg_catalog.text[]) AS named (signature)
        JOIN pg_catalog.pg_proc p
             ON p.oid OPERATOR(pg_catalog.=) ('pg_catalog.' OPERATOR(pg_catalog.||) named.signature)::pg_catalog.regprocedure
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE FUNCTION flowai_internal.%I(%s) RETURNS %s %s LANGUAGE c %s %s PARALLEL SAFE COST %s %s %s AS ''MODULE_PATHNAME'', ''flowai_bounded''',
            'bounded_' OPERATOR(pg_catalog.||) f.proname, f.arguments,
            CASE WHEN f.proretset THEN 'SETOF' ELSE '' END, pg_catalog.format_type(f.prorettype, NULL),
            CASE f.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
            CASE WHEN f.proisstrict THEN 'STRICT' ELSE '' END, f.procost,
            CASE WHEN f.proretset THEN 'ROWS ' OPERATOR(pg_catalog.||) f.prorows::pg_catalog.text ELSE '' END,
            CASE WHEN f.prosupport::pg_catalog.oid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid
                 THEN 'SUPPORT pg_catalog.' OPERATOR(pg_catalog.||) f.prosupport::pg_catalog.text ELSE '' END);
        EXECUTE pg_catalog.format(
            'COMMENT ON FUNCTION flowai_internal.%I(%s) IS %L',
            'bounded_' OPERATOR(pg_catalog.||) f.proname, f.types,
            pg_catalog.format('%s, unless values of these sizes would keep it busy past any time limit (54000). Put in its place by flowai.execute_query.', f.proname));
    END LOOP;
END $$;
