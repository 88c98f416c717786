-- From a live schema to catalog entries: tables, views, columns, keys, joins, and what their values
-- look like. Runs with the caller's own rights and sees what the caller may read, nothing more.
--
-- To read a view is to run its owner's functions, and a table may have policies: what has no statistics is
-- sampled as any statement of somebody else's, by flowai.query_rows. So nothing is written, and no function
-- is called that nobody allowed.

CREATE FUNCTION flowai.profile_schema(schema text, database_id text DEFAULT 'local')
RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    namespace oid;
    prefix text;
    relation record;
    field record;
    profile jsonb;
    reason text;
    rule text;
    columns jsonb;
    column_names text[];
    entries jsonb := '[]';
    tables jsonb := '[]';
    base record;
BEGIN
    IF schema IS NULL OR database_id IS NULL THEN
        RAISE EXCEPTION 'argument "%" must not be null', CASE WHEN schema IS NULL THEN 'schema' ELSE 'database_id' END
            USING ERRCODE = 'null_value_not_allowed', CONSTRAINT = 'argument_required',
                  HINT = 'Name the schema to profile and the data source that it belongs to.';
    END IF;
    IF database_id !~ '^[^[:space:][:cntrl:]]([^[:cntrl:]]*[^[:space:][:cntrl:]])?$' OR octet_length(database_id) > 200 THEN
        RAISE EXCEPTION 'argument "database_id": invalid identifier "%"', left(database_id, 60)
            USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'identifier_text',
                  DETAIL = 'An identifier is not blank, has no blank at its ends, no control characters and at most 200 bytes.',
                  HINT = 'Choose a short name such as warehouse.';
    END IF;
    SELECT n.oid INTO namespace FROM pg_namespace n
    WHERE n.nspname = schema AND has_schema_privilege(n.oid, 'USAGE');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'schema "%" is not found', left(schema, 60)
            USING ERRCODE = 'no_data_found', CONSTRAINT = 'schema_found',
                  DETAIL = 'It does not exist, or the role has no USAGE on it.',
                  HINT = 'List schemas with \dn, or ask for GRANT USAGE ON SCHEMA.';
    END IF;
    -- Superusers and BYPASSRLS roles are refused here, in the words of read-only SQL.
    PERFORM flowai.query_rows('SELECT 1', 1);
    -- Two data sources may hold schemas of one name; ids must tell them apart.
    prefix := CASE database_id WHEN 'local' THEN schema ELSE database_id || '.' || schema END;

    FOR relation IN
        SELECT c.oid::regclass AS oid, c.relname::text AS name, c.reltuples,
               CASE c.relkind WHEN 'r' THEN 'base_table' WHEN 'p' THEN 'partitioned_table' WHEN 'v' THEN 'view'
                              WHEN 'm' THEN 'materialized_view' ELSE 'foreign_table' END AS relation_type,
               c.relkind IN ('v', 'm') AS is_view,
               COALESCE(obj_description(c.oid, 'pg_class'), '') AS description
        FROM pg_class c
        WHERE c.relnamespace = namespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
          AND has_table_privilege(c.oid, 'SELECT')
        ORDER BY c.relname
    LOOP
        columns := '[]';
        column_names := '{}';
        FOR field IN
            SELECT a.attname::text AS name, row_number() OVER (ORDER BY a.attnum) AS ordinal,
                   format_type(a.atttypid, a.atttypmod) AS data_type, NOT a.attnotnull AS nullable,
                   COALESCE(col_description(a.attrelid, a.attnum), '') AS description,
                   t.typcategory IN ('N', 'D', 'T') AS comparable,
                   EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = a.attrelid AND k.contype = 'p' AND a.attnum = ANY (k.conkey)) AS in_primary_key,
                   (SELECT jsonb_agg(jsonb_build_object('id', format('column:%s.%s.%s',
                                CASE WHEN fn.nspname = schema THEN prefix ELSE fn.nspname END, fc.relname, fa.attname),
                                'kind', 'references', 'properties', jsonb_build_object('constraint', k.conname))
                                ORDER BY k.conname)
                    FROM pg_constraint k
                    JOIN pg_class fc ON fc.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = fc.relnamespace
                    JOIN pg_attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = k.confkey[array_position(k.conkey, a.attnum)]
                    WHERE k.conrelid = a.attrelid AND k.contype = 'f' AND a.attnum = ANY (k.conkey)) AS edges
            FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
            WHERE a.attrelid = relation.oid AND a.attnum > 0 AND NOT a.attisdropped
              AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')
            ORDER BY a.attnum
        LOOP
            SELECT jsonb_strip_nulls(jsonb_build_object(
                'source', 'statistics',
                'nullFraction', round(s.null_frac::numeric, 4),
                -- Below zero PostgreSQL counts in fractions of the rows.
                'distinctCount', CASE WHEN s.n_distinct >= 0 THEN s.n_distinct::bigint END,
                'distinctFraction', CASE WHEN s.n_distinct < 0 THEN round(-s.n_distinct::numeric, 4) END,
                'min', (s.histogram_bounds::text::text[])[1],
                'max', (s.histogram_bounds::text::text[])[cardinality(s.histogram_bounds::text::text[])],
                'frequentValues', (
                    SELECT jsonb_agg(jsonb_build_object('value', left(f.value, 200), 'fraction', round(f.fraction::numeric, 4)) ORDER BY f.n)
                    FROM ROWS FROM (unnest(s.most_common_vals::text::text[]), unnest(s.most_common_freqs))
                         WITH ORDINALITY AS f(value, fraction, n)
                    WHERE f.n <= 10)))
            INTO profile
            FROM pg_stats s
            WHERE s.schemaname = profile_schema.schema AND s.tablename = relation.name AND s.attname = field.name AND NOT s.inherited;
            -- No statistics, or none that the caller may see: the first rows tell.
            IF NOT FOUND THEN
                BEGIN
                    SELECT r -> 'profile' INTO profile FROM flowai.query_rows(format($q$
                        WITH sample AS MATERIALIZED (SELECT %1$I AS v FROM %2$s LIMIT 10000),
                        frequent AS (SELECT v::text AS value, count(*) AS n FROM sample WHERE v IS NOT NULL
                                     GROUP BY v::text HAVING count(*) > 1 ORDER BY count(*) DESC, v::text COLLATE "C" LIMIT 10)
                        SELECT jsonb_strip_nulls(jsonb_build_object(
                            'source', 'sample', 'sampleRows', count(*),
                            'nullFraction', round(1 - count(v)::numeric / greatest(count(*), 1), 4),
                            'distinctCount', count(DISTINCT v::text), 'min', %3$s, 'max', %4$s,
                            'frequentValues', (SELECT jsonb_agg(jsonb_build_object('value', left(f.value, 200),
                                                      'fraction', round(f.n::numeric / (SELECT count(*) FROM sample), 4))
                                                      ORDER BY f.n DESC, f.value COLLATE "C") FROM frequent f))) AS profile
                        FROM sample $q$,
                        field.name, relation.oid,
                        CASE WHEN field.comparable THEN 'min(v)::text' ELSE 'NULL' END,
                        CASE WHEN field.comparable THEN 'max(v)::text' ELSE 'NULL' END), 1) AS r;
                EXCEPTION WHEN OTHERS OR query_canceled THEN
                    -- Refused, or out of its time; a cancel by the user, or what is wrong with us, goes on.
                    GET STACKED DIAGNOSTICS rule = CONSTRAINT_NAME, reason = MESSAGE_TEXT;
                    IF rule !~ '^query_' THEN
                        RAISE;
                    END IF;
                    profile := jsonb_build_object('source', 'none', 'reason', left(reason, 200));
                END;
            END IF;
            columns := columns || jsonb_build_object(
                'id', format('column:%s.%s.%s', prefix, relation.name, field.name),
                'itemType', 'column', 'name', field.name,
                'qualified_name', format('%s.%s.%s', prefix, relation.name, field.name),
                'content', field.description,
                'tags', CASE WHEN field.in_primary_key THEN '["primary_key"]' ELSE '[]' END::jsonb
                        || CASE WHEN field.edges IS NULL THEN '[]' ELSE '["foreign_key"]' END::jsonb,
                'related', COALESCE(field.edges, '[]'),
                'metadata', jsonb_build_object('databaseId', database_id, 'schemaName', schema,
                    'tableName', relation.name, 'columnName', field.name, 'dataType', field.data_type,
                    'nullable', field.nullable, 'ordinal', field.ordinal, 'profile', profile));
            column_names := column_names || field.name;
        END LOOP;

        SELECT (SELECT jsonb_agg(a.attname ORDER BY k.n)
                FROM pg_constraint p, unnest(p.conkey) WITH ORDINALITY AS k(attnum, n)
                JOIN pg_attribute a ON a.attrelid = relation.oid AND a.attnum = k.attnum
                WHERE p.conrelid = relation.oid AND p.contype = 'p') AS primary_key,
               (SELECT jsonb_agg(jsonb_build_object('id', format('table:%s.%s',
                           CASE WHEN fn.nspname = schema THEN prefix ELSE fn.nspname END, fc.relname),
                           'kind', 'references', 'properties', j.properties) ORDER BY fc.relname)
                FROM (SELECT k.confrelid, jsonb_build_object('joins', jsonb_agg(jsonb_build_object(
                             'constraint', k.conname,
                             'columns', (SELECT jsonb_agg(a.attname ORDER BY c.n) FROM unnest(k.conkey) WITH ORDINALITY AS c(attnum, n)
                                         JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.attnum),
                             'references', (SELECT jsonb_agg(a.attname ORDER BY c.n) FROM unnest(k.confkey) WITH ORDINALITY AS c(attnum, n)
                                            JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = c.attnum))
                             ORDER BY k.conname)) AS properties
                      FROM pg_constraint k
                      WHERE k.conrelid = relation.oid AND k.contype = 'f' AND k.confrelid <> relation.oid
                      GROUP BY k.confrelid) AS j
                JOIN pg_class fc ON fc.oid = j.confrelid JOIN pg_namespace fn ON fn.oid = fc.relnamespace) AS edges
        INTO base;
        tables := tables || jsonb_build_array(jsonb_build_object(
            'id', format('%s:%s.%s', CASE WHEN relation.is_view THEN 'view' ELSE 'table' END, prefix, relation.name),
            'itemType', CASE WHEN relation.is_view THEN 'view' ELSE 'table' END,
            'name', relation.name, 'qualified_name', format('%s.%s', prefix, relation.name),
            'content', concat_ws(E'\n', NULLIF(relation.description, ''), 'Columns: ' || array_to_string(column_names, ', ') || '.'),
            'related', COALESCE(base.edges, '[]') || (
                SELECT COALESCE(jsonb_agg(jsonb_build_object('id', f ->> 'id', 'kind', 'contains')), '[]')
                FROM jsonb_array_elements(columns) AS f),
            'metadata', jsonb_strip_nulls(jsonb_build_object('databaseId', database_id, 'schemaName', schema,
                'tableName', relation.name, 'relationType', relation.relation_type,
                -- Under row-level security the server's number counts rows that the caller may not know of.
                'rowCount', CASE WHEN row_security_active(relation.oid) THEN NULL
                                 WHEN relation.reltuples >= 0 AND NOT relation.is_view THEN relation.reltuples::bigint END,
                'columnCount', cardinality(column_names), 'primaryKey', base.primary_key))));
        entries := entries || columns;
    END LOOP;

    RETURN jsonb_build_array(jsonb_build_object(
            'id', format('schema:%s', prefix), 'itemType', 'schema', 'name', schema, 'qualified_name', prefix,
            'content', COALESCE(obj_description(namespace, 'pg_namespace'), ''),
            'related', (SELECT COALESCE(jsonb_agg(jsonb_build_object('id', t ->> 'id', 'kind', 'contains')), '[]')
                        FROM jsonb_array_elements(tables) AS t),
            'metadata', jsonb_build_object('databaseId', database_id, 'schemaName', schema,
                                           'tableCount', jsonb_array_length(tables))))
        || tables || entries;
END $$;

CREATE FUNCTION flowai.profile_database(schema text, database_id text DEFAULT 'local')
RETURNS TABLE (id text, outcome text, version bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 100
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    entries jsonb;
    gone text[];
BEGIN
    PERFORM flowai.require_tenant();
    entries := flowai.profile_schema(schema, database_id);
    RETURN QUERY SELECT p.id, p.outcome, p.version FROM flowai.catalog_put(entries) AS p;
    -- What an earlier profile of this schema found and is no longer there.
    SELECT array_agg(c.id ORDER BY c.id) INTO gone
    FROM flowai.catalog c
    WHERE c.item_type IN ('table', 'view', 'column')
      AND c.metadata ->> 'databaseId' = profile_database.database_id
      AND c.metadata ->> 'schemaName' = profile_database.schema
      AND NOT EXISTS (SELECT FROM jsonb_array_elements(entries) AS e WHERE e ->> 'id' = c.id);
    RETURN QUERY SELECT d.id, 'deleted', NULL::bigint FROM flowai.catalog_delete(COALESCE(gone, '{}')) AS d WHERE d.deleted;
END $$;
