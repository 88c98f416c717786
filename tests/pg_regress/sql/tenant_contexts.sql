-- The right tenant in every way that PostgreSQL has to run a statement later, elsewhere or as somebody else.
\pset format unaligned
\pset tuples_only on
GRANT CREATE ON SCHEMA public TO acme_app, globex_app;
SET ROLE acme_app;
SELECT count(*) FROM flowai.kv_put_many('n', (SELECT jsonb_agg(jsonb_build_object('key', 'a' || i, 'value', i)) FROM generate_series(1, 400) i));
SET ROLE globex_app;
SELECT count(*) FROM flowai.kv_put_many('n', (SELECT jsonb_agg(jsonb_build_object('key', 'g' || i, 'value', i)) FROM generate_series(1, 300) i));
RESET ROLE;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;

-- Prepared statements: custom and generic plans, made for one tenant and used by the next.
PREPARE held AS SELECT min(key), count(*) FROM flowai.kv_entries WHERE namespace = $1;
SET ROLE acme_app;
EXECUTE held('n'); EXECUTE held('n'); EXECUTE held('n'); EXECUTE held('n'); EXECUTE held('n'); EXECUTE held('n'); EXECUTE held('n');
SET ROLE globex_app;
EXECUTE held('n');
SET plan_cache_mode = force_generic_plan;
EXECUTE held('n');
SET ROLE acme_app;
EXECUTE held('n');
SET ROLE pool;
EXECUTE held('n');
SET flowai.tenant = 'globex';
EXECUTE held('n');
SET flowai.tenant = 'acme';
EXECUTE held('n');
SET flowai.tenant = '';
EXECUTE held('n');
RESET plan_cache_mode;
-- Plans that PL/pgSQL keeps, and those of an SQL function.
RESET ROLE;
CREATE FUNCTION pg_temp.counted() RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT count(*) FROM flowai.kv_entries); END$$;
CREATE FUNCTION pg_temp.counted_in_sql() RETURNS bigint LANGUAGE sql VOLATILE AS $$SELECT count(*) FROM flowai.kv_entries$$;
SET ROLE acme_app;
SELECT pg_temp.counted(), pg_temp.counted_in_sql() FROM generate_series(1, 8);
SET ROLE globex_app;
SELECT pg_temp.counted(), pg_temp.counted_in_sql();
\set VERBOSITY terse
SET ROLE stranger;
SELECT pg_temp.counted();
\set VERBOSITY default
-- Cursors see the tenant that they were opened for, to their end; their transaction has no other.
SET ROLE pool;
BEGIN;
SELECT flowai.use_tenant('acme');
DECLARE c SCROLL CURSOR FOR SELECT key FROM flowai.kv_entries ORDER BY key;
FETCH 2 FROM c;
SAVEPOINT s;
SELECT flowai.use_tenant('globex');
ROLLBACK TO s;
FETCH 1 FROM c;
FETCH LAST FROM c;
-- Savepoints: the choice goes with the savepoint that it was made in; what was used stays used.
COMMIT;
BEGIN;
SAVEPOINT s;
SELECT flowai.use_tenant('acme');
SELECT count(*) FROM flowai.kv_entries;
ROLLBACK TO s;
SELECT flowai.current_tenant() IS NULL AS none, (SELECT count(*) FROM flowai.kv_entries);
SELECT flowai.use_tenant('globex');
ROLLBACK TO s;
SELECT flowai.use_tenant('acme');
RELEASE s;
SELECT count(*) FROM flowai.kv_entries;
COMMIT;
RESET ROLE;

-- Parallel workers: a plan with a Gather that really has them, over a table of this make with its own statistics.
CREATE TABLE public.facts (tenant_id flowai.identifier NOT NULL, n int NOT NULL, note text) PARTITION BY HASH (tenant_id);
CREATE TABLE public.facts_0 PARTITION OF public.facts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE public.facts_1 PARTITION OF public.facts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
ALTER TABLE public.facts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON public.facts USING (tenant_id = flowai.current_tenant() AND flowai.tenant_is(flowai.current_tenant()));
INSERT INTO public.facts SELECT t, i, repeat('x', 100) FROM unnest('{acme,globex}'::text[]) t, generate_series(1, CASE t WHEN 'acme' THEN 20000 ELSE 10000 END) i;
ALTER TABLE public.facts_0 SET (parallel_workers = 2);
ALTER TABLE public.facts_1 SET (parallel_workers = 2);
ANALYZE public.facts;
GRANT SELECT ON public.facts TO PUBLIC;
CREATE FUNCTION pg_temp.launched(statement text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || statement LOOP
        IF line ~ 'Workers Launched: [1-9]' THEN RETURN true; END IF;
    END LOOP;
    RETURN false;
END $$;
SET ROLE acme_app;
SELECT pg_temp.launched('SELECT count(*), sum(n) FROM public.facts');
SELECT count(*), sum(n), min(tenant_id::text), max(tenant_id::text) FROM public.facts;
-- The tenant asked for in each worker by itself, and not as a constant.
SELECT pg_temp.launched('SELECT count(*) FROM public.facts WHERE flowai.tenant_is(tenant_id)');
SELECT count(*) FROM public.facts WHERE flowai.tenant_is(tenant_id) AND flowai.current_tenant() = 'acme';
SET ROLE pool;
SELECT count(*) FROM public.facts;
BEGIN;
SET LOCAL flowai.tenant = 'globex';
SELECT pg_temp.launched('SELECT count(*) FROM public.facts');
SELECT count(*), min(tenant_id::text), max(tenant_id::text) FROM public.facts;
COMMIT;
SET force_parallel_mode = regress;
SET ROLE globex_app;
SELECT count(*) FROM flowai.kv_entries;
SELECT flowai.current_tenant();
SELECT count(*) FROM flowai.kv_list('n', 'g', max_rows => 1000);
SET ROLE acme_app;
SELECT count(*) FROM flowai.kv_entries;
RESET force_parallel_mode;
RESET ROLE;

-- Definer functions of others: what counts is who called, through as many as there are.
SET ROLE globex_app;
CREATE FUNCTION public.inner_definer() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN RETURN format('%s %s %s', current_user, flowai.current_tenant(), (SELECT count(*) FROM flowai.kv_entries)); END$$;
SET ROLE acme_app;
CREATE FUNCTION public.outer_definer() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user || '' calls '' || public.inner_definer()';
SELECT public.inner_definer();
SELECT public.outer_definer();
SET ROLE globex_app;
SELECT public.inner_definer();
SELECT public.outer_definer();
-- Not a right to write either.
CREATE FUNCTION public.writing_definer() RETURNS boolean LANGUAGE sql SECURITY DEFINER AS $$SELECT created FROM flowai.kv_put('lent', 'k', '1')$$;
SET ROLE acme_app;
SELECT public.writing_definer();
SELECT count(*) FROM flowai.kv_entries WHERE namespace = 'lent';
SET ROLE globex_app;
SELECT count(*) FROM flowai.kv_entries WHERE namespace = 'lent';
SET ROLE stranger;
SELECT public.writing_definer();
RESET ROLE;

-- Triggers, defaults and generated values of a table that both write to.
CREATE TABLE public.log (n serial, tenant text DEFAULT flowai.current_tenant(), seen bigint, who name DEFAULT current_user);
GRANT ALL ON public.log, public.log_n_seq TO PUBLIC;
CREATE FUNCTION public.log_seen() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.seen := (SELECT count(*) FROM flowai.kv_entries); RETURN NEW; END$$;
CREATE FUNCTION public.log_copy() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN PERFORM flowai.kv_put('logged', NEW.n::text, to_jsonb(NEW.who)); RETURN NULL; END$$;
CREATE TRIGGER seen BEFORE INSERT ON public.log FOR EACH ROW EXECUTE FUNCTION public.log_seen();
CREATE CONSTRAINT TRIGGER copy AFTER INSERT ON public.log DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.log_copy();
SET ROLE acme_app;
INSERT INTO public.log DEFAULT VALUES RETURNING n, tenant, seen, who;
SET ROLE globex_app;
INSERT INTO public.log DEFAULT VALUES RETURNING n, tenant, seen, who;
-- Deferred to the commit of a transaction that has its tenant still.
SET ROLE pool;
BEGIN;
SELECT flowai.use_tenant('acme');
INSERT INTO public.log DEFAULT VALUES RETURNING n, tenant, who;
COMMIT;
INSERT INTO public.log DEFAULT VALUES;
SET ROLE acme_app;
SELECT key, value FROM flowai.kv_list('logged');
SET ROLE globex_app;
SELECT key, value FROM flowai.kv_list('logged');
-- Row triggers of ours fire for the view, for the tenant that writes.
SET ROLE acme_app;
INSERT INTO flowai.catalog (id, item_type, name) SELECT 'v:' || i, 'v', 'v' FROM generate_series(1, 3) i;
SET ROLE globex_app;
DELETE FROM flowai.catalog RETURNING id;
SET ROLE acme_app;
SELECT count(*) FROM flowai.catalog;
-- Sessions: RESET and DISCARD go back to the role's own tenant.
SET flowai.tenant = 'acme';
DISCARD PLANS;
RESET ALL;
SELECT flowai.current_tenant();
