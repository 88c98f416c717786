-- Catalog entries, relations, the view that takes DML, and the reading tools.
SET ROLE acme_app;
SELECT * FROM flowai.catalog_put('[
  {"id": "table:products", "itemType": "table", "name": "products", "qualified_name": "main.products",
   "content": "Product catalog and revenue table.", "tags": ["sales", "core", "sales"],
   "related": ["table:orders", {"id": "column:products.id", "kind": "contains"}],
   "metadata": {"databaseId": "warehouse", "schemaName": "main", "tableName": "products",
                "relationType": "base_table", "rowCount": 10, "columnCount": 2, "preferredQuerySurface": true, "owner": "ops"}},
  {"id": "column:products.id", "item_type": "column", "name": "id", "qualifiedName": "main.products.id",
   "metadata": {"databaseId": "warehouse", "schemaName": "main", "tableName": "products", "columnName": "id", "dataType": "bigint", "nullable": false, "ordinal": 1}},
  {"id": "table:orders", "itemType": "table", "name": "orders", "qualified_name": "main.orders", "content": "Orders of customers.",
   "related": [{"id": "table:customers", "kind": "references", "properties": {"on": "customer_id"}}]}]');
-- The same again is no write; a change counts up; order of keys and tags is none.
SELECT * FROM flowai.catalog_put('[
  {"itemType": "table", "id": "table:orders", "name": "orders", "qualified_name": "main.orders", "content": "Orders of customers.",
   "related": [{"kind": "references", "id": "table:customers", "properties": {"on": "customer_id"}}], "tags": []},
  {"id": "column:products.id", "itemType": "column", "name": "id", "qualified_name": "main.products.id", "content": "Key.",
   "metadata": {"databaseId": "warehouse", "schemaName": "main", "tableName": "products", "columnName": "id", "dataType": "bigint", "nullable": false, "ordinal": 1}}]');
SELECT id, item_type, name, qualified_name, content, tags, related, metadata, version FROM flowai.catalog ORDER BY id;

-- Malformed entries are named, and nothing is written.
SELECT * FROM flowai.catalog_put(NULL);
SELECT * FROM flowai.catalog_put('{}');
SELECT * FROM flowai.catalog_put('[7]');
SELECT * FROM flowai.catalog_put('[{"id":"a:1","itemType":"a","name":"one"},{"id":"a:2","itemType":"a"}]');
SELECT * FROM flowai.catalog_put('[{"id":"a:1","itemType":"a","name":"one","title":"x"}]');
SELECT * FROM flowai.catalog_put('[{"id":"a:1","itemType":"A b","name":"one"}]');
SELECT * FROM flowai.catalog_put('[{"id":" a","itemType":"a","name":"one"}]');
SELECT * FROM flowai.catalog_put('[{"id":"a:1","itemType":"a","name":"one","tags":"x"}]');
SELECT * FROM flowai.catalog_put('[{"id":"a:1","itemType":"a","name":"one","metadata":[]}]');
SELECT * FROM flowai.catalog_put('[{"id":"a:1","itemType":"table","name":"one","metadata":{"rowCount":"10"}}]');
SELECT * FROM flowai.catalog_put('[{"id":"a:1","itemType":"a","name":"one"},{"id":"a:1","itemType":"a","name":"one"}]');
SELECT * FROM flowai.catalog_put(jsonb_build_array(jsonb_build_object('id', 'a:1', 'itemType', 'a', 'name', 'one', 'content', repeat('x', 1048577))));
SELECT * FROM flowai.catalog_put((repeat('[', 300) || repeat(']', 300))::jsonb);
SELECT * FROM flowai.catalog_put('[]');
SELECT count(*) FROM flowai.catalog_entries WHERE id ^@ 'a:';
-- The surrounding transaction goes on after a savepoint.
BEGIN;
SELECT outcome FROM flowai.catalog_put('[{"id":"a:1","itemType":"a","name":"one"}]');
SAVEPOINT s;
SELECT outcome FROM flowai.catalog_put('[{"id":"a:2"}]');
ROLLBACK TO s;
SELECT outcome FROM flowai.catalog_put('[{"id":"a:2","itemType":"a","name":"two"}]');
COMMIT;
SELECT id FROM flowai.catalog_entries WHERE id ^@ 'a:' ORDER BY id;

-- Plain DML on the view goes the same way.
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('metric:mrr', 'metric', 'MRR'), ('metric:arr', 'metric', 'ARR') RETURNING id, content, tags, related, metadata, version;
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('metric:mrr', 'metric', 'MRR');
INSERT INTO flowai.catalog (id, item_type) VALUES ('metric:x', 'metric');
UPDATE flowai.catalog SET content = 'Monthly recurring revenue.', tags = '{finance}' WHERE id = 'metric:mrr' RETURNING id, content, version;
UPDATE flowai.catalog SET id = 'metric:annual' WHERE id = 'metric:arr' RETURNING id, version;
UPDATE flowai.catalog SET id = 'metric:mrr' WHERE id = 'metric:annual';
WITH gone AS (DELETE FROM flowai.catalog WHERE item_type = 'metric' RETURNING id) SELECT id FROM gone ORDER BY id;
SELECT id FROM flowai.catalog ORDER BY id;

-- The reading tools.
SELECT ordinal, id, found, item_type, name, version FROM flowai.get_catalog_entities('{table:orders,nothing,table:products,table:orders}');
SELECT * FROM flowai.get_catalog_entities('{}');
SELECT count(*) FROM flowai.get_catalog_entities(NULL);
SELECT * FROM flowai.get_catalog_entities(ARRAY(SELECT i::text FROM generate_series(1, 1001) i));
SELECT ordinal, id, name, data_type, nullable, description FROM flowai.list_schema_fields('table:products');
SELECT ordinal, id FROM flowai.list_schema_fields('main.products');
SELECT ordinal, id FROM flowai.list_schema_fields('table:nothing');
SELECT * FROM flowai.get_catalog_relations('table:orders');
SELECT * FROM flowai.get_catalog_relations('table:products', direction => 'out', kinds => '{contains}');
SELECT * FROM flowai.get_catalog_relations('table:products', 'outgoing');
SELECT * FROM flowai.get_catalog_relations('table:products', NULL);
-- Also where a plan serves all words, and where there is nothing to list.
SET plan_cache_mode = force_generic_plan;
PREPARE related AS SELECT from_id, to_id FROM flowai.get_catalog_relations($1, $2, $3);
EXECUTE related('table:products', 'out', '{contains}');
EXECUTE related('table:nothing', 'both', NULL);
EXECUTE related('table:nothing', 'outgoing', NULL);
DEALLOCATE related;
RESET plan_cache_mode;
SELECT * FROM flowai.catalog_check();

-- Paths: shortest first, no entry twice, cycles end.
SELECT outcome FROM flowai.catalog_put('[
  {"id":"n:a","itemType":"n","name":"a","related":["n:b","n:d"]}, {"id":"n:b","itemType":"n","name":"b","related":["n:c"]},
  {"id":"n:c","itemType":"n","name":"c","related":["n:a"]}, {"id":"n:d","itemType":"n","name":"d","related":[{"id":"n:c","kind":"joins_with"}]},
  {"id":"n:alone","itemType":"n","name":"alone"}]');
SELECT * FROM flowai.get_relation_paths_between('n:a', 'n:c');
SELECT * FROM flowai.get_relation_paths_between('n:a', 'n:c', directed => true);
SELECT * FROM flowai.get_relation_paths_between('n:a', 'n:c', kinds => '{joins_with,related_to}', max_hops => 2, max_paths => 2, directed => true);
SELECT * FROM flowai.get_relation_paths_between('n:a', 'n:a');
SELECT * FROM flowai.get_relation_paths_between('n:a', 'n:alone');
SELECT * FROM flowai.get_relation_paths_between('n:a', 'n:nothing');
SELECT * FROM flowai.get_relation_paths_between('n:a', 'n:c', max_hops => 7);
SELECT * FROM flowai.get_relation_paths_between('n:a', 'n:c', max_paths => 0);
-- A search that stops at its limit says so, and does not claim that there is no path.
SELECT count(*) FROM flowai.catalog_put((
    SELECT jsonb_agg(jsonb_build_object('id', 'dense:' || i, 'itemType', 'dense', 'name', i::text, 'related',
               (SELECT jsonb_agg('dense:' || j) FROM generate_series(1, 40) j WHERE j <> i)))
    FROM generate_series(1, 40) i));
SELECT count(*), min(hops), max(hops), bool_or(complete) AS complete FROM flowai.get_relation_paths_between('dense:1', 'dense:2', directed => true, max_paths => 100);
SELECT count(*), min(hops), max(hops), bool_or(complete) AS complete FROM flowai.get_relation_paths_between('dense:1', 'dense:2', directed => true, max_hops => 2, max_paths => 38);
SELECT count(*), min(hops), max(hops), bool_and(complete) AS complete FROM flowai.get_relation_paths_between('dense:1', 'dense:2', directed => true, max_hops => 2, max_paths => 39);
SELECT * FROM flowai.get_relation_paths_between('dense:1', 'n:alone');
SELECT * FROM flowai.get_relation_paths_between('dense:1', 'n:alone', max_hops => 2);
SELECT count(*) FROM flowai.catalog_delete(ARRAY(SELECT 'dense:' || i FROM generate_series(1, 40) i));

-- Workspaces are separate; replace deletes what the set lacks, in its scope only.
SET flowai.workspace = 'drafts';
SELECT * FROM flowai.catalog_put('[{"id":"table:products","itemType":"table","name":"other"}]');
SELECT id, name FROM flowai.catalog ORDER BY id;
SELECT * FROM flowai.catalog_replace('[{"id":"table:new","itemType":"table","name":"new"}]');
RESET flowai.workspace;
SELECT count(*) FROM flowai.catalog;
SELECT * FROM flowai.catalog_replace('[{"id":"n:a","itemType":"n","name":"a"}]', item_type => 'n') ORDER BY id;
SELECT * FROM flowai.catalog_replace('[{"id":"n:a","itemType":"n","name":"a"}]', database_id => 'warehouse');
SELECT * FROM flowai.catalog_delete('{n:a,n:nothing,a:1,a:2}');
SELECT * FROM flowai.catalog_delete(NULL);

-- Profiling a live schema; again writes nothing; a dropped column goes.
RESET ROLE;
CREATE SCHEMA shop;
COMMENT ON SCHEMA shop IS 'A small shop.';
CREATE TABLE shop.customer (id integer PRIMARY KEY, name text NOT NULL, city text);
CREATE TABLE shop.purchase (id integer PRIMARY KEY, customer_id integer NOT NULL REFERENCES shop.customer, amount numeric(8, 2), obsolete text);
CREATE VIEW shop.spending AS SELECT customer_id, sum(amount) AS total FROM shop.purchase GROUP BY customer_id;
CREATE TABLE shop.hidden (secret text);
COMMENT ON TABLE shop.customer IS 'People who bought something.';
COMMENT ON COLUMN shop.purchase.amount IS 'Price paid in EUR.';
INSERT INTO shop.customer SELECT i, 'name ' || i, CASE WHEN i % 2 = 0 THEN 'Bonn' END FROM generate_series(1, 40) i;
INSERT INTO shop.purchase SELECT i, 1 + i % 40, i, NULL FROM generate_series(1, 100) i;
ANALYZE shop.customer;
GRANT USAGE ON SCHEMA shop TO acme_app;
GRANT SELECT ON shop.customer, shop.purchase, shop.spending TO acme_app;
SET ROLE acme_app;
SELECT outcome, count(*) FROM flowai.profile_database('shop', 'till') GROUP BY outcome;
SELECT outcome, count(*) FROM flowai.profile_database('shop', 'till') GROUP BY outcome;
SELECT id, item_type, content, related, metadata FROM flowai.catalog WHERE metadata ->> 'databaseId' = 'till' AND item_type <> 'column' ORDER BY id;
SELECT id, tags, related, metadata -> 'profile' AS profile FROM flowai.catalog WHERE metadata ->> 'databaseId' = 'till' AND item_type = 'column' ORDER BY id;
RESET ROLE;
ALTER TABLE shop.purchase DROP COLUMN obsolete;
SET ROLE acme_app;
SELECT id, outcome FROM flowai.profile_database('shop', 'till') WHERE outcome <> 'unchanged' ORDER BY id;
SELECT flowai.profile_schema('nothing');
SELECT flowai.profile_schema(NULL);
SELECT flowai.profile_schema('shop', ' ');
SELECT count(*) FROM flowai.catalog_delete(ARRAY(SELECT id FROM flowai.catalog));
SET flowai.workspace = 'drafts';
SELECT count(*) FROM flowai.catalog_delete(ARRAY(SELECT id FROM flowai.catalog));
RESET ROLE;
DROP SCHEMA shop CASCADE;
