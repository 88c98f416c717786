-- Plans under row-level security: one leaf, by an index that begins with the tenant, whatever the statement is;
-- and locks that do not grow with the number of leaves.
\pset format unaligned
\pset tuples_only on
SET ROLE acme_app;
-- Reads of a tenant.
EXPLAIN (COSTS OFF) SELECT value FROM flowai.kv_entries WHERE namespace = 'n' AND key = 'k';
EXPLAIN (COSTS OFF) SELECT value FROM flowai.kv_get('n', 'k');
EXPLAIN (COSTS OFF) SELECT key FROM flowai.kv_list('n', 'a', max_rows => 10);
EXPLAIN (COSTS OFF) SELECT count(*) FROM flowai.catalog_entries;
EXPLAIN (COSTS OFF) SELECT name FROM flowai.catalog WHERE id = 'table:x';
EXPLAIN (COSTS OFF) SELECT payload FROM flowai.ref_get('k', 'r');
EXPLAIN (COSTS OFF) SELECT s.operation FROM flowai.plans p JOIN flowai.plan_steps s ON s.tenant_id = p.tenant_id AND s.plan_id = p.id WHERE p.id = 'p';
-- The tables have more than one leaf, and a superuser's plan has all of them.
RESET ROLE;
SELECT count(*) FROM pg_inherits WHERE inhparent = 'flowai.kv_entries'::regclass;
CREATE FUNCTION pg_temp.leaves(statement text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    line text;
    leaves text[] := '{}';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || statement LOOP
        leaves := leaves || (regexp_match(line, ' on (?:\w+\.)?([a-z_]+_\d\d)\M'))[1];
    END LOOP;
    RETURN (SELECT count(DISTINCT l) FROM unnest(leaves) l WHERE l IS NOT NULL);
END $$;
GRANT ALL ON FUNCTION pg_temp.leaves(text) TO PUBLIC;
SELECT pg_temp.leaves('SELECT * FROM flowai.kv_entries');
-- A tenant's own tables of this make take DML from the tenant: the plans of UPDATE, DELETE and MERGE too touch one leaf.
CREATE TABLE public.notes (tenant_id flowai.identifier NOT NULL, id int NOT NULL, note text, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
DO $$ BEGIN
    FOR i IN 0 .. 15 LOOP
        EXECUTE format('CREATE TABLE public.notes_%s PARTITION OF public.notes FOR VALUES WITH (MODULUS 16, REMAINDER %s)', lpad(i::text, 2, '0'), i);
    END LOOP;
END $$;
ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON public.notes USING (tenant_id = flowai.current_tenant() AND flowai.tenant_is(flowai.current_tenant()));
GRANT ALL ON public.notes TO acme_app, globex_app;
INSERT INTO public.notes SELECT t, i, 'of ' || t FROM unnest('{acme,globex}'::text[]) t, generate_series(1, 50) i;
ANALYZE public.notes;
SET ROLE acme_app;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) UPDATE public.notes SET note = 'x' WHERE id = 1;
EXPLAIN (COSTS OFF) DELETE FROM public.notes WHERE id = 1;
EXPLAIN (COSTS OFF) SELECT note FROM public.notes WHERE id = 1 FOR UPDATE;
SELECT s, pg_temp.leaves(s) FROM unnest(ARRAY[
    'SELECT * FROM public.notes', 'SELECT * FROM public.notes WHERE id = 1', 'UPDATE public.notes SET note = ''x''', 'DELETE FROM public.notes',
    'INSERT INTO public.notes SELECT ''acme'', 99, note FROM public.notes', 'WITH w AS (DELETE FROM public.notes RETURNING id) SELECT count(*) FROM w',
    'SELECT * FROM public.notes a JOIN public.notes b USING (id)']) s;
-- The same with a generic plan.
SET plan_cache_mode = force_generic_plan;
PREPARE one AS SELECT note FROM public.notes WHERE id = $1;
PREPARE another AS UPDATE public.notes SET note = note WHERE id = $1;
EXPLAIN (COSTS OFF) EXECUTE one (1);
EXPLAIN (COSTS OFF) EXECUTE another (1);
SET ROLE globex_app;
EXECUTE one (1);
EXPLAIN (COSTS OFF) EXECUTE one (1);
SET ROLE acme_app;
EXECUTE one (1);
RESET plan_cache_mode;
RESET enable_seqscan;
-- Locks: the parent, its leaf and the index that is used, or all indexes of a leaf that is written; the other
-- leaves of the table none..
CREATE FUNCTION pg_temp.locks() RETURNS TABLE (tables bigint, leaves bigint, indexes bigint) LANGUAGE sql AS $$
    SELECT count(DISTINCT c.oid) FILTER (WHERE c.relkind = 'p'), count(DISTINCT c.oid) FILTER (WHERE c.relkind = 'r' AND c.relispartition),
           count(DISTINCT c.oid) FILTER (WHERE c.relkind IN ('i', 'I') AND c.relispartition)
    FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE l.pid = pg_backend_pid() AND (c.relname ~ '^(kv_entries|catalog_entries|notes|refs|ref_payloads)') $$;
BEGIN;
SELECT count(*) FROM flowai.kv_get('n', 'k');
SELECT tables, leaves, indexes FROM pg_temp.locks();
COMMIT;
BEGIN;
SELECT count(*) FROM flowai.kv_put('n', 'k', '1');
SELECT tables, leaves, indexes FROM pg_temp.locks();
COMMIT;
BEGIN;
SELECT count(*) FROM flowai.catalog_entries;
SELECT tables, leaves FROM pg_temp.locks();
COMMIT;
BEGIN;
UPDATE public.notes SET note = 'x' WHERE id = 1;
SELECT tables, leaves, indexes FROM pg_temp.locks();
COMMIT;
BEGIN;
DELETE FROM public.notes WHERE id = 2;
SELECT tables, leaves, indexes FROM pg_temp.locks();
ROLLBACK;
SELECT flowai.kv_delete('n', 'k');
RESET ROLE;
-- Without a tenant in force there is nothing to fold: a pool that chose nobody locks all leaves, and reads none.
SET ROLE pool;
BEGIN;
SELECT count(*) FROM flowai.kv_entries;
SELECT tables, leaves FROM pg_temp.locks();
ROLLBACK;
RESET ROLE;
DROP TABLE public.notes;
