-- What the benchmarks measure, and its peers on the same rows. psql -v corpus=FILE -f bench/setup.sql
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION flowai_runtime;
DROP ROLE IF EXISTS bench;
CREATE ROLE bench LOGIN;
SELECT flowai.tenant_create('bench') IS NOT NULL, flowai.tenant_grant('bench', 'bench');
-- Neighbours, so that no number is that of a database with one tenant.
SELECT count(flowai.tenant_create('neighbour ' || i)) FROM generate_series(1, 20) i;

CREATE TEMP TABLE corpus (id text, name text, section text, content text);
\copy corpus FROM PSTDIN WITH (FORMAT csv)
CREATE TABLE public.entries_json AS
SELECT jsonb_agg(jsonb_build_object('id', id, 'itemType', 'package', 'name', name,
    'qualified_name', section || '.' || name, 'content', content, 'tags', jsonb_build_array(section))) AS entries FROM corpus;
GRANT SELECT ON public.entries_json TO bench;

-- Peer 1 and 2: tsvector and GIN over the same texts, under the same row-level security.
CREATE TABLE public.gin_entries (
    tenant_id text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, name text NOT NULL, qualified_name text NOT NULL, content text NOT NULL,
    tags text[] NOT NULL, document tsvector NOT NULL, PRIMARY KEY (tenant_id, id));
\timing on
\echo plain INSERT of the same rows with their tsvector, and CREATE INDEX ... GIN
INSERT INTO public.gin_entries
SELECT 'bench', id, name, section || '.' || name, content, ARRAY[section],
       setweight(to_tsvector('english', name), 'A') || setweight(to_tsvector('english', section), 'B') || setweight(to_tsvector('english', content), 'D')
FROM corpus;
CREATE INDEX gin_entries_document_idx ON public.gin_entries USING gin (document) WITH (fastupdate = off);
\timing off
ALTER TABLE public.gin_entries ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON public.gin_entries USING (tenant_id = flowai.current_tenant() AND (SELECT flowai.tenant_is(flowai.current_tenant())));
GRANT SELECT ON public.gin_entries TO bench;
ANALYZE public.gin_entries;
CREATE FUNCTION public.gin_search(query text, max_rows integer) RETURNS TABLE (id text, name text, score real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp ROWS 20 AS $$
BEGIN
    RETURN QUERY
    SELECT e.id, e.name, ts_rank(e.document, q) FROM public.gin_entries e,
         to_tsquery('english', (SELECT string_agg(quote_literal(w), ' | ') FROM regexp_split_to_table(query, '\s+') w)) q
    WHERE e.tenant_id = 'bench' AND e.document @@ q ORDER BY 3 DESC, 1 LIMIT max_rows;
END $$;

-- Questions as people ask them: real descriptions supply the words, two to four each.
CREATE TABLE public.questions (n integer PRIMARY KEY, query text NOT NULL);
INSERT INTO public.questions
SELECT row_number() OVER (ORDER BY md5(id)), string_agg
FROM (SELECT c.id, (SELECT string_agg(w, ' ' ORDER BY md5(c.id || w)) FROM (
          SELECT w FROM (SELECT DISTINCT lower(m[1]) AS w FROM regexp_matches(split_part(c.content, E'\n', 1), '([A-Za-z]{4,})', 'g') m) d
          WHERE w NOT IN ('with', 'that', 'from', 'this', 'your') ORDER BY md5(w || c.id) LIMIT 2 + length(c.id) % 3) s)
      FROM corpus c ORDER BY md5('q' || c.id) LIMIT 400) q
WHERE string_agg LIKE '% %' LIMIT 200;
GRANT SELECT ON public.questions TO bench;

-- Peer 3: a plain table for key/value and references.
CREATE TABLE public.plain_kv (k text COLLATE "C" PRIMARY KEY, v jsonb NOT NULL);
INSERT INTO public.plain_kv SELECT 'key ' || i, jsonb_build_object('n', i) FROM generate_series(1, 10000) i;
GRANT SELECT, INSERT, UPDATE ON public.plain_kv TO bench;
ANALYZE public.plain_kv;

-- A warehouse for the queries that are validated.
CREATE TABLE public.customer (c_custkey integer PRIMARY KEY, c_name text, c_mktsegment text, c_nationkey integer);
CREATE TABLE public.orders (o_orderkey integer PRIMARY KEY, o_custkey integer REFERENCES public.customer, o_orderdate date, o_orderpriority text, o_totalprice numeric(15, 2), o_shippriority integer);
CREATE TABLE public.lineitem (l_orderkey integer REFERENCES public.orders, l_linenumber integer, l_partkey integer, l_suppkey integer, l_quantity numeric(15, 2), l_extendedprice numeric(15, 2), l_discount numeric(15, 2), l_tax numeric(15, 2), l_returnflag text, l_linestatus text, l_shipdate date, l_commitdate date, l_receiptdate date, l_shipmode text, PRIMARY KEY (l_orderkey, l_linenumber));
GRANT SELECT ON public.customer, public.orders, public.lineitem TO bench;
INSERT INTO public.customer SELECT i, 'Customer ' || i, (ARRAY['BUILDING', 'AUTOMOBILE', 'MACHINERY'])[1 + i % 3], i % 25 FROM generate_series(1, 1000) i;
ANALYZE public.customer;
