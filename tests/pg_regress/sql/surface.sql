-- Everything the extension shows, with its comment: this file is the reference.
\pset format unaligned
\pset tuples_only on
SELECT format(E'%s(%s)\n    -> %s\n    %s, parallel %s, %s%s%s\n    may call: %s\n    %s', p.oid::regproc, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
       CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
       CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END,
       CASE WHEN p.prosecdef THEN 'definer' ELSE 'invoker' END, CASE WHEN p.proleakproof THEN ', leakproof' ELSE '' END,
       COALESCE(' ' || array_to_string(p.proconfig, ' '), ''),
       COALESCE((SELECT string_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, ', ' ORDER BY a.grantee::regrole::text) FROM aclexplode(p.proacl) a WHERE a.grantee <> p.proowner), 'owner'),
       obj_description(p.oid, 'pg_proc'))
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('flowai', 'flowai_internal')
ORDER BY n.nspname, p.proname COLLATE "C", pg_get_function_identity_arguments(p.oid) COLLATE "C";
SELECT format('%s %s: %s', c.relkind, c.oid::regclass, obj_description(c.oid, 'pg_class')) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('flowai', 'flowai_internal') AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition ORDER BY c.oid::regclass::text COLLATE "C";
-- Settings exist where the library is loaded.
LOAD 'flowai_runtime';
SELECT format('%s: %s', name, short_desc || ' ' || extra_desc) FROM pg_settings WHERE name ^@ 'flowai.' ORDER BY name COLLATE "C";
\pset tuples_only off
\pset format aligned
-- Objects without a comment: none.
SELECT 'function' AS kind, p.oid::regprocedure::text AS object FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname IN ('flowai', 'flowai_internal') AND COALESCE(obj_description(p.oid, 'pg_proc'), '') = ''
UNION ALL
SELECT 'relation', c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('flowai', 'flowai_internal') AND c.relkind IN ('r', 'p', 'v') AND COALESCE(obj_description(c.oid, 'pg_class'), '') = ''
UNION ALL
SELECT 'column', format('%s.%s', c.oid::regclass, a.attname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname IN ('flowai', 'flowai_internal') AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition AND COALESCE(col_description(c.oid, a.attnum), '') = ''
UNION ALL
SELECT 'domain', t.oid::regtype::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname IN ('flowai', 'flowai_internal') AND t.typtype IN ('d', 'e') AND COALESCE(obj_description(t.oid, 'pg_type'), '') = ''
UNION ALL
SELECT 'trigger', tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('flowai', 'flowai_internal') AND NOT tgisinternal AND COALESCE(obj_description(pg_trigger.oid, 'pg_trigger'), '') = ''
UNION ALL
SELECT 'policy', format('%s on %s', polname, polrelid::regclass) FROM pg_policy JOIN pg_class c ON c.oid = polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('flowai', 'flowai_internal') AND COALESCE(obj_description(pg_policy.oid, 'pg_policy'), '') = ''
UNION ALL
SELECT 'schema', nspname FROM pg_namespace WHERE nspname IN ('flowai', 'flowai_internal') AND COALESCE(obj_description(oid, 'pg_namespace'), '') = ''
UNION ALL
SELECT 'role', rolname FROM pg_roles WHERE rolname ^@ 'flowai_' AND COALESCE(shobj_description(oid, 'pg_authid'), '') = ''
ORDER BY 1, 2;
-- Functions of a definer without a pinned search_path, or owned by anybody else: none.
SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname IN ('flowai', 'flowai_internal')
  AND (p.proowner <> 'flowai_owner'::regrole OR p.prosecdef AND NOT COALESCE('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false));
