-- What every part of the benchmark needs: the extension, a tenant among neighbours, and plain tables as peers.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION flowai_runtime;
CREATE ROLE bench LOGIN;
SELECT flowai.tenant_create('bench') IS NOT NULL, flowai.tenant_grant('bench', 'bench');
-- Neighbours, so that no number is that of a database with one tenant.
SELECT count(flowai.tenant_create('neighbour ' || i)) FROM generate_series(1, 20) i;

-- Times searches of a new connection within the server, so that neither connecting nor the client counts.
CREATE FUNCTION public.first_search(statement text, argument text) RETURNS TABLE (us double precision) LANGUAGE plpgsql AS $$
DECLARE
    started timestamptz;
BEGIN
    FOR i IN 1 .. 6 LOOP
        started := clock_timestamp();
        EXECUTE statement USING argument;
        us := extract(epoch FROM clock_timestamp() - started) * 1e6;
        RETURN NEXT;
    END LOOP;
END $$;

-- The peer of key/value and references.
CREATE TABLE public.plain_kv (k text COLLATE "C" PRIMARY KEY, v jsonb NOT NULL);
INSERT INTO public.plain_kv SELECT 'key ' || i, jsonb_build_object('n', i) FROM generate_series(1, 10000) i;
GRANT SELECT, INSERT, UPDATE ON public.plain_kv TO bench;
ANALYZE public.plain_kv;

-- The peer of large payloads: by the hash of their text.
CREATE TABLE public.plain_payload (id text COLLATE "C" PRIMARY KEY, payload jsonb NOT NULL);
GRANT SELECT, INSERT ON public.plain_payload TO bench;

-- The peers of plans: a bare queue, and the history that one would write beside it.
CREATE TABLE public.plain_queue (
    id text COLLATE "C" PRIMARY KEY, state text NOT NULL DEFAULT 'approved', queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    token uuid, lease_expires_at timestamptz);
CREATE INDEX ON public.plain_queue (state, queued_at, id);
CREATE TABLE public.plain_history (
    id text COLLATE "C", state text NOT NULL, role text NOT NULL, moved_at timestamptz NOT NULL, PRIMARY KEY (id, moved_at));
GRANT SELECT, INSERT, UPDATE ON public.plain_queue, public.plain_history TO bench;

-- A warehouse for the queries that are validated.
CREATE TABLE public.customer (c_custkey integer PRIMARY KEY, c_name text, c_mktsegment text, c_nationkey integer);
CREATE TABLE public.orders (
    o_orderkey integer PRIMARY KEY, o_custkey integer REFERENCES public.customer, o_orderdate date, o_orderpriority text,
    o_totalprice numeric(15, 2), o_shippriority integer);
CREATE TABLE public.lineitem (
    l_orderkey integer REFERENCES public.orders, l_linenumber integer, l_partkey integer, l_suppkey integer,
    l_quantity numeric(15, 2), l_extendedprice numeric(15, 2), l_discount numeric(15, 2), l_tax numeric(15, 2),
    l_returnflag text, l_linestatus text, l_shipdate date, l_commitdate date, l_receiptdate date, l_shipmode text,
    PRIMARY KEY (l_orderkey, l_linenumber));
GRANT SELECT ON public.customer, public.orders, public.lineitem TO bench;
INSERT INTO public.customer SELECT i, 'Customer ' || i, (ARRAY['BUILDING', 'AUTOMOBILE', 'MACHINERY'])[1 + i % 3], i % 25 FROM generate_series(1, 1000) i;
INSERT INTO public.orders SELECT i, 1 + i * 7 % 1000, date '1992-01-01' + i % 2400, (1 + i % 5) || '-SPECIAL', 100 + i * 37 % 50000, 0 FROM generate_series(1, 30000) i;
ANALYZE public.customer, public.orders;
