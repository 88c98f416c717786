-- Rows of a read-only statement in plain SQL, and sample rows of catalog entries.
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id integer PRIMARY KEY, customer text NOT NULL, total numeric(8, 2), placed date, "Odd name" text, gone text);
ALTER TABLE shop.orders DROP COLUMN gone;
INSERT INTO shop.orders SELECT i, 'customer ' || i % 3, i * 1.5, date '2026-01-01' + i, 'x' FROM generate_series(1, 6) i;
GRANT USAGE ON SCHEMA shop TO flowai_user;
GRANT SELECT ON shop.orders TO flowai_user;
CREATE TABLE shop.hidden (n integer);
SET ROLE acme_app;

SELECT t.customer, t.orders FROM flowai.query('SELECT customer, count(*), max(total) FROM shop.orders GROUP BY 1') AS t(customer text, orders bigint, most numeric) ORDER BY 1;
-- Joins with what is here.
SELECT o.id, t.most FROM shop.orders o JOIN flowai.query('SELECT customer, max(total) FROM shop.orders GROUP BY 1') AS t(customer text, most numeric) USING (customer) ORDER BY 1;
SELECT count(*) FROM shop.orders o, LATERAL flowai.query(format('SELECT %s', o.id)) AS t(n integer) WHERE t.n = o.id;
SELECT r ->> 'customer' AS customer, r -> 'total' AS total FROM flowai.query_rows('SELECT customer, total FROM shop.orders ORDER BY id DESC LIMIT 2;') r;
-- Large values, nulls, toast, many rows.
SELECT count(*), sum(length(w)), count(n) FROM flowai.query('SELECT repeat(''x'', 3000 + i), NULL::integer FROM generate_series(1, 1000) i') AS t(w text, n integer);
SELECT count(*) FROM flowai.query('TABLE shop.orders', 6) AS t(id integer, customer text, total numeric, placed date, odd text);

-- All rows or none.
SELECT count(*) FROM flowai.query('TABLE shop.orders', 5) AS t(id integer, customer text, total numeric, placed date, odd text);
SELECT count(*) FROM flowai.query_rows('TABLE shop.orders', 5);
SELECT count(*) FROM flowai.query('SELECT repeat(''x'', 2000000)') AS t(w text);
SELECT count(*) FROM flowai.query('SELECT repeat(''x'', 1000000) FROM generate_series(1, 20)') AS t(w text);
-- The columns of the call are those of the statement.
SELECT * FROM flowai.query('SELECT 1, 2') AS t(a integer);
SELECT * FROM flowai.query('SELECT 1') AS t(a bigint);
SELECT flowai.query('SELECT 1');
SELECT * FROM flowai.query('SELECT 1');
-- Errors as of a statement of one's own, with the place.
SELECT * FROM flowai.query('SELECT id FROM shop.ordres') AS t(a integer);
SELECT * FROM flowai.query('DELETE FROM shop.orders') AS t(a integer);
SELECT * FROM flowai.query('SELECT pg_sleep(1)') AS t(a text);
SELECT * FROM flowai.query('SELECT 1/0') AS t(a integer);
SELECT * FROM flowai.query_rows('SELECT 1; SELECT 2');
SELECT * FROM flowai.query_rows('SELECT pg_catalog.lo_create(0)');
SELECT * FROM flowai.query_rows('SELECT count(*) FROM generate_series(1, 1000000000)', timeout => '50 ms');
SELECT * FROM flowai.query_rows('');
SELECT * FROM flowai.query_rows(NULL);
SELECT * FROM flowai.query_rows('SELECT 1', 0);
SELECT * FROM flowai.query_rows('SELECT 1', timeout => NULL);
BEGIN;
SAVEPOINT s;
SELECT * FROM flowai.query_rows('SELECT 1/0');
ROLLBACK TO s;
SELECT * FROM flowai.query_rows('SELECT 1 AS one');
COMMIT;
RESET ROLE;
SELECT * FROM flowai.query_rows('SELECT 1');
SET ROLE acme_app;

-- Sample rows.
SELECT outcome FROM flowai.catalog_put('[
  {"id": "table:orders", "itemType": "table", "name": "orders", "qualified_name": "main.orders", "metadata": {"schemaName": "shop", "tableName": "orders"}},
  {"id": "table:orders2", "itemType": "table", "name": "Orders", "qualified_name": "shop.orders"},
  {"id": "table:hidden", "itemType": "table", "name": "hidden", "qualified_name": "shop.hidden"},
  {"id": "table:evil", "itemType": "table", "name": "evil", "qualified_name": "shop.orders; DROP TABLE shop.orders"},
  {"id": "table:evil2", "itemType": "table", "name": "evil", "metadata": {"schemaName": "shop", "tableName": "orders\" WHERE false; --"}},
  {"id": "document:d", "itemType": "document", "name": "d"}]');
SELECT flowai.sample_table_data('table:orders', max_rows => 1);
SELECT flowai.sample_table_data('main.orders', '{"Odd name",id}', 2) -> 'rows';
SELECT flowai.sample_table_data('table:orders2', '{}', 1) -> 'row_count';
SELECT flowai.sample_table_data('table:orders', '{id,nothing}');
SELECT flowai.sample_table_data('table:orders', '{gone}');
SELECT flowai.sample_table_data('table:orders', '{ctid}') -> 'row_count';
SELECT flowai.sample_table_data('table:orders', ARRAY['id, (SELECT 1)']);
SELECT flowai.sample_table_data('table:hidden');
-- On record under its own name.
SELECT attributes ->> 'function' AS function, attributes ->> 'code' AS code FROM flowai.event_list('flowai.query.refused') ORDER BY event_id DESC LIMIT 1;
SELECT flowai.sample_table_data('table:evil');
SELECT flowai.sample_table_data('table:evil2');
SELECT flowai.sample_table_data('document:d');
SELECT flowai.sample_table_data('table:none');
SELECT flowai.sample_table_data(NULL);
SELECT flowai.sample_table_data('table:orders', '{NULL}');
SELECT flowai.sample_table_data('table:orders', max_rows => 1001);
SET ROLE globex_app;
SELECT flowai.sample_table_data('table:orders');
RESET ROLE;
SELECT count(*) FROM shop.orders;
