-- What is done to the tables from outside is found, is never served, and is healed.
\set put 'SELECT outcome, count(*) FROM flowai.catalog_put((SELECT jsonb_agg(jsonb_build_object(''id'', ''e:'' || i, ''itemType'', ''table'', ''name'', ''orders '' || i, ''related'', jsonb_build_array(''e:1''))) FROM generate_series(1, 300) i)) GROUP BY outcome'

SET ROLE acme_app;
:put;
SELECT outcome FROM flowai.catalog_put('[{"id": "e:delta", "itemType": "table", "name": "orders delta"}]');
SELECT deleted FROM flowai.catalog_delete('{e:300}');
SELECT * FROM flowai.search_check();
SELECT DISTINCT total FROM flowai.search_catalog('orders');
-- Buried beside the segment, then.
SELECT flushed, merged, busy FROM flowai.search_maintain();
SELECT * FROM flowai.search_check();
SELECT DISTINCT total FROM flowai.search_catalog('orders');
RESET ROLE;
SELECT doc_count, octet_length(dead) AS dead FROM flowai_internal.search_segment WHERE tenant_id = 'acme' ORDER BY doc_count;
SELECT count(*) FROM flowai_internal.search_dead WHERE tenant_id = 'acme';

-- Damage that hides behind no cache.
BEGIN;
UPDATE flowai.catalog_entries SET content = 'by hand' WHERE tenant_id = 'acme' AND id = 'e:7';
DELETE FROM flowai.catalog_relations WHERE tenant_id = 'acme' AND from_id = 'e:8';
DELETE FROM flowai.catalog_entries WHERE tenant_id = 'acme' AND id = 'e:9';
INSERT INTO flowai_internal.search_delta SELECT tenant_id, workspace_id, row_version FROM flowai.catalog_entries WHERE tenant_id = 'acme' AND id = 'e:10';
INSERT INTO flowai_internal.search_dead SELECT tenant_id, workspace_id, row_version FROM flowai.catalog_entries WHERE tenant_id = 'acme' AND id = 'e:11';
INSERT INTO flowai_internal.search_dead VALUES ('acme', 'default', 42);
INSERT INTO flowai_internal.search_chunk VALUES ('acme', '00000000-0000-0000-0000-000000000001', 0, '');
SET LOCAL ROLE acme_app;
SELECT problem, CASE WHEN problem = 'indexed_without_entry' THEN 'a row version' ELSE subject END AS subject, detail FROM flowai.search_check();
SELECT flowai.search_rebuild();
SELECT * FROM flowai.search_check();
SELECT DISTINCT total FROM flowai.search_catalog('orders');
SELECT id, version FROM flowai.search_catalog('hand') JOIN flowai.catalog USING (id);
ROLLBACK;

BEGIN;
UPDATE flowai_internal.search_segment SET dead = '\x00000000ffffffff' WHERE tenant_id = 'acme' AND doc_count > 100;
SET LOCAL ROLE acme_app;
SELECT problem, subject, detail FROM flowai.search_check();
SELECT flowai.search_rebuild();
SELECT * FROM flowai.search_check();
ROLLBACK;

UPDATE flowai_internal.search_chunk SET bytes = set_byte(bytes, 100, 255 - get_byte(bytes, 100)) WHERE tenant_id = 'acme';
\c -
SET ROLE acme_app;
SELECT problem, detail FROM flowai.search_check();
SELECT count(*) FROM flowai.search_catalog('orders');
-- Who writes is told, and goes on.
SET flowai.search_flush_rows = 1;
SELECT outcome FROM flowai.catalog_put('[{"id": "e:delta", "itemType": "table", "name": "orders", "content": "delta"}]');
RESET flowai.search_flush_rows;
SELECT flowai.search_rebuild();
RESET ROLE;
DELETE FROM flowai_internal.search_chunk WHERE tenant_id = 'acme';
\c -
SET ROLE acme_app;
SELECT problem, detail FROM flowai.search_check();
SELECT count(*) FROM flowai.search_catalog('orders');
SELECT flowai.search_rebuild();
RESET ROLE;
UPDATE flowai_internal.search_segment SET format = 99 WHERE tenant_id = 'acme';
\c -
SET ROLE acme_app;
SELECT problem, detail FROM flowai.search_check();
SELECT count(*) FROM flowai.search_catalog('orders');
SELECT flowai.search_rebuild();
RESET ROLE;
UPDATE flowai_internal.search_segment SET layout = replace(layout, '"offset":0', '"offset":1') WHERE tenant_id = 'acme';
\c -
SET ROLE acme_app;
SELECT problem, detail FROM flowai.search_check();
SELECT count(*) FROM flowai.search_catalog('orders');
SELECT flowai.search_rebuild();
RESET ROLE;
UPDATE flowai_internal.search_segment SET digest = decode(repeat('00', 32), 'hex') WHERE tenant_id = 'acme';
\c -
SET ROLE acme_app;
SELECT problem, detail FROM flowai.search_check();
SELECT count(*) FROM flowai.search_catalog('orders');
SELECT flowai.search_rebuild();
SELECT * FROM flowai.search_check();
SELECT DISTINCT total FROM flowai.search_catalog('orders');
