-- Catalog search: exact inside the transaction, never stale, never another tenant's.
SET ROLE acme_app;
SELECT outcome, count(*) FROM flowai.catalog_put('[
  {"id": "table:order_items", "itemType": "table", "name": "OrderItems", "qualified_name": "main.order_items", "content": "One row for each item of an order, with price and quantity.", "tags": ["sales"], "metadata": {"databaseId": "warehouse", "schemaName": "main", "preferredQuerySurface": true}},
  {"id": "view:order_items", "itemType": "view", "name": "OrderItems", "qualified_name": "old.order_items", "content": "One row for each item of an order, with price and quantity.", "tags": ["sales"], "metadata": {"databaseId": "warehouse", "schemaName": "old"}},
  {"id": "table:products", "itemType": "table", "name": "products", "qualified_name": "main.products", "content": "Product catalog & revenue <table>.", "tags": ["sales", "core"], "metadata": {"databaseId": "warehouse", "schemaName": "main"}},
  {"id": "column:products.price", "itemType": "column", "name": "price", "qualified_name": "main.products.price", "content": "Price of the product in EUR."},
  {"id": "document:returns", "itemType": "document", "name": "Returns policy", "content": "Customers may return products within thirty days. Refunds are paid within a week."},
  {"id": "document:café", "itemType": "document", "name": "Café ÉCOLE", "content": "売上 テーブル"}]') GROUP BY outcome;

-- Names as people write them.
SELECT rank, id, matched FROM flowai.search_catalog('OrderItems');
SELECT rank, id, matched FROM flowai.search_catalog('order items');
SELECT rank, id, matched FROM flowai.search_catalog('order_items');
SELECT rank, id, matched FROM flowai.search_catalog('table:products');
SELECT rank, id, matched FROM flowai.search_catalog('main.products');
SELECT rank, id, matched FROM flowai.search_catalog('MAIN.PRODUCTS');
-- Typing errors, prefixes, phrases, exclusions, accents, other scripts, stems.
SELECT rank, id, matched FROM flowai.search_catalog('prodcts');
SELECT rank, id, matched FROM flowai.search_catalog('quant*');
SELECT rank, id, matched FROM flowai.search_catalog('"return products"');
SELECT rank, id, matched FROM flowai.search_catalog('"products return"');
SELECT rank, id, matched FROM flowai.search_catalog('price -quantity');
SELECT rank, id, matched FROM flowai.search_catalog('cafe ecole');
SELECT rank, id, matched FROM flowai.search_catalog('売上');
SELECT rank, id, matched FROM flowai.search_catalog('refund');
-- All words first; else some, and it is said.
SELECT rank, id, matched, relaxed FROM flowai.search_catalog('price quantity');
SELECT rank, id, matched, relaxed FROM flowai.search_catalog('refund zebra');
-- Whatever is typed, no error.
SELECT q, (SELECT count(*) FROM flowai.search_catalog(q)) FROM unnest(ARRAY['', '  ', '"unbalanced', 'a AND', '(a', '\', 'NOT', '*', '-', '-revenue', 'foo:', '/re.*/', 'orders~1', 'id:[a TO z]', '"', '+', E'a\tb']) WITH ORDINALITY AS t(q, n) ORDER BY n;
SELECT count(*) FROM flowai.search_catalog(NULL);
SELECT count(*) FROM flowai.search_catalog(repeat('x', 2049));
SELECT count(*) FROM flowai.search_catalog('a', max_rows => 0);
SELECT count(*) FROM flowai.search_catalog('a', max_rows => 101);
-- Snippets escape what the row says.
SELECT id, snippet FROM flowai.search_catalog('revenue');
-- Filters; total counts the whole match.
SELECT id, total FROM flowai.search_catalog('products', item_types => '{table,document}', max_rows => 1);
SELECT id, total FROM flowai.search_catalog('products', tags => '{sales,core}');
SELECT id, total FROM flowai.search_catalog('order', schema_name => 'old', database_id => 'warehouse');
SELECT id, total FROM flowai.search_catalog('order', schema_name => ' ');
-- Hits join.
SELECT s.rank, e.id, e.version FROM flowai.search_catalog('price') s JOIN flowai.catalog_entries e ON e.id = s.id AND e.workspace_id = flowai.current_workspace() ORDER BY s.rank;

-- Exact inside the transaction.
BEGIN;
UPDATE flowai.catalog SET content = 'Whatever aardvarks need.' WHERE id = 'table:products';
SELECT id FROM flowai.search_catalog('aardvark');
SELECT id FROM flowai.search_catalog('revenue');
SAVEPOINT s;
DELETE FROM flowai.catalog WHERE id = 'table:products';
SELECT id FROM flowai.search_catalog('aardvark');
ROLLBACK TO s;
SELECT id FROM flowai.search_catalog('aardvark');
ROLLBACK;
SELECT id FROM flowai.search_catalog('aardvark');
SELECT id FROM flowai.search_catalog('revenue');

-- The same hits and scores, whether rows are in the delta, in one segment or in two.
CREATE TEMP TABLE before AS SELECT q, s.rank, s.id, s.score FROM unnest(ARRAY['price', 'order items', 'products', 'return*']) q, flowai.search_catalog(q) s;
SELECT flushed, merged, busy FROM flowai.search_maintain();
SELECT flushed, merged, busy FROM flowai.search_maintain();
SELECT count(*) FROM (SELECT q, s.rank, s.id, s.score FROM unnest(ARRAY['price', 'order items', 'products', 'return*']) q, flowai.search_catalog(q) s EXCEPT TABLE before) AS differs;
SELECT flowai.search_rebuild();
SELECT count(*) FROM (SELECT q, s.rank, s.id, s.score FROM unnest(ARRAY['price', 'order items', 'products', 'return*']) q, flowai.search_catalog(q) s EXCEPT TABLE before) AS differs;
DROP TABLE before;

-- A large write makes its segment at once; small ones cross the threshold and flush; merges follow.
SET flowai.search_flush_rows = 20;
SELECT outcome, count(*) FROM flowai.catalog_put((SELECT jsonb_agg(jsonb_build_object('id', 'bulk:' || i, 'itemType', 'bulk', 'name', 'bulk ' || i, 'content', 'kind ' || (i % 7))) FROM generate_series(1, 500) i)) GROUP BY outcome;
SELECT DISTINCT total FROM flowai.search_catalog('bulk');
SELECT sum(n) FROM (SELECT i, (SELECT count(*) FROM flowai.catalog_put(jsonb_build_array(jsonb_build_object('id', 'single:' || i, 'itemType', 'single', 'name', 'single ' || i)))) AS n FROM generate_series(1, 200) i) t;
SELECT DISTINCT total FROM flowai.search_catalog('single');
RESET ROLE;
SELECT count(*) BETWEEN 2 AND 10 AS segments_are_few FROM flowai_internal.search_segment WHERE tenant_id = 'acme';
SELECT count(*) < 20 AS delta_is_short FROM flowai_internal.search_delta WHERE tenant_id = 'acme';
SET ROLE acme_app;
SELECT flushed >= 0 AS flushed FROM flowai.search_maintain();
SELECT DISTINCT total FROM flowai.search_catalog('single');
RESET flowai.search_flush_rows;

-- Another tenant and another workspace see nothing of it.
SET flowai.workspace = 'drafts';
SELECT count(*) FROM flowai.search_catalog('products');
RESET flowai.workspace;
SET ROLE globex_app;
SELECT count(*) FROM flowai.search_catalog('products');
SELECT count(*) FROM flowai.search_catalog('table:products');
SELECT outcome FROM flowai.catalog_put('[{"id": "table:products", "itemType": "table", "name": "products", "content": "Of globex."}]');
SELECT id, snippet, total FROM flowai.search_catalog('products globex');
SELECT deleted FROM flowai.catalog_delete('{table:products}');
SET ROLE acme_app;
SELECT count(*) FROM flowai.search_catalog('globex');
SELECT * FROM flowai_internal.search_segment;

-- Damage from outside is an error that says what to do, and is healed from the rows.
SELECT flushed >= 0 AS flushed FROM flowai.search_maintain();
RESET ROLE;
UPDATE flowai_internal.search_chunk SET bytes = set_byte(bytes, 100, 255 - get_byte(bytes, 100)) WHERE tenant_id = 'acme';
UPDATE flowai_internal.search_segment SET digest = decode(repeat('00', 32), 'hex') WHERE tenant_id = 'acme';
SET ROLE acme_app;
SELECT count(*) FROM flowai.search_catalog('products');
SELECT flowai.search_rebuild() > 700 AS rebuilt;
SELECT id FROM flowai.search_catalog('main.products', max_rows => 1);
SELECT count(*) FROM flowai.catalog_delete(ARRAY(SELECT id FROM flowai.catalog));
SELECT count(*) FROM flowai.search_catalog('products');
