-- Pages by cursor, and counts over the whole match.
SET ROLE acme_app;
SELECT outcome, count(*) FROM flowai.catalog_put((SELECT jsonb_agg(jsonb_build_object(
    'id', format('table:t%s', lpad(i::text, 3, '0')), 'itemType', CASE WHEN i % 3 = 0 THEN 'view' ELSE 'table' END,
    'name', 'orders ' || (i % 5), 'content', repeat('orders ', i % 4), 'tags', CASE WHEN i % 2 = 0 THEN '["even"]' ELSE '["odd", "small"]' END::jsonb,
    'metadata', jsonb_build_object('databaseId', 'd' || i % 2, 'schemaName', 's' || i % 4))) FROM generate_series(1, 57) i)) GROUP BY outcome;

-- All pages, one after the other, are the whole list, whatever their size; total counts all on each.
CREATE FUNCTION pg_temp.pages(query text, size integer, OUT ids text[], OUT pages integer, OUT totals bigint[]) LANGUAGE plpgsql AS $$
DECLARE
    place text; page text[]; last text; all_rows bigint;
BEGIN
    ids := '{}'; pages := 0; totals := '{}';
    LOOP
        SELECT array_agg(s.id ORDER BY s.rank), (array_agg(s.cursor ORDER BY s.rank DESC))[1], min(s.total) INTO page, last, all_rows
        FROM flowai.search_catalog(query, max_rows => size, cursor => place) s;
        EXIT WHEN page IS NULL;
        place := last; ids := ids || page; pages := pages + 1;
        IF NOT all_rows = ANY (totals) THEN totals := totals || all_rows; END IF;
    END LOOP;
END $$;
SELECT size, p.pages, p.totals, p.ids = (SELECT array_agg(id ORDER BY rank) FROM flowai.search_catalog('orders', max_rows => 100)) AS same
FROM unnest(ARRAY[1, 2, 7, 56, 57, 100]) size, pg_temp.pages('orders', size) p ORDER BY size;
-- The same over delta and segments.
SELECT flushed, merged, busy FROM flowai.search_maintain();
SELECT outcome FROM flowai.catalog_put('[{"id": "table:t020b", "itemType": "table", "name": "orders 0"}]');
SELECT p.pages, p.totals, cardinality(p.ids) FROM pg_temp.pages('orders', 10) p;

-- A cursor fits the search that it comes from: not another query, filter, workspace or tenant, and not with another letter.
SELECT cursor AS place FROM flowai.search_catalog('orders', max_rows => 3) ORDER BY rank DESC LIMIT 1 \gset
SELECT rank, id, total FROM flowai.search_catalog('orders', max_rows => 2, cursor => :'place');
SELECT count(*) FROM flowai.search_catalog('order', cursor => :'place');
SELECT count(*) FROM flowai.search_catalog('orders', '{table}', cursor => :'place');
SELECT count(*) FROM flowai.search_catalog('orders', cursor => :'place' || ' ');
SELECT count(*) FROM flowai.search_catalog('orders', cursor => overlay(:'place' PLACING '5' FROM 34));
SELECT count(*) FROM flowai.search_catalog('orders', cursor => '');
SELECT count(*) FROM flowai.search_catalog('', cursor => :'place');
SET flowai.workspace = 'drafts';
SELECT count(*) FROM flowai.search_catalog('orders', cursor => :'place');
RESET flowai.workspace;
SET ROLE globex_app;
SELECT count(*) FROM flowai.search_catalog('orders', cursor => :'place');
SET ROLE acme_app;
-- What changes between two pages raises nothing: the next page goes on behind the place.
SELECT deleted FROM flowai.catalog_delete(ARRAY[(SELECT id FROM flowai.search_catalog('orders', max_rows => 3) ORDER BY rank DESC LIMIT 1)]);
SELECT rank, id, total FROM flowai.search_catalog('orders', max_rows => 2, cursor => :'place');

-- Facets count the whole match.
SELECT facet, value, count FROM flowai.catalog_facets('orders');
SELECT facet, value, count FROM flowai.catalog_facets('orders', item_types => '{view}', tags => '{odd}');
SELECT f.count = (SELECT count(*) FROM flowai.catalog_entries e WHERE e.workspace_id = 'default' AND f.value = ANY (e.tags)) AS exact
FROM flowai.catalog_facets('orders') f WHERE f.facet = 'tag';
BEGIN;
SELECT count(*) FROM flowai.catalog_delete(ARRAY(SELECT id FROM flowai.catalog WHERE item_type = 'view'));
SELECT facet, value, count FROM flowai.catalog_facets('orders') WHERE facet = 'item_type';
ROLLBACK;
SELECT facet, value, count FROM flowai.catalog_facets('orders') WHERE facet = 'item_type';
SELECT count(*) FROM flowai.catalog_facets('');
SELECT count(*) FROM flowai.catalog_facets('nothing has this');
SELECT count(*) FROM flowai.catalog_facets('orders', tags => '{" "}');
SET ROLE globex_app;
SELECT count(*) FROM flowai.catalog_facets('orders');
