-- What an agent may use, behind one door: names, descriptions and schemas as function-calling APIs take
-- them (an object, plain types, nothing exotic), and flowai.call_tool, which runs one of them. Each tool is
-- a function of this extension; src/store/tool.rs says which statement stands behind each name.

CREATE FUNCTION flowai.tools()
RETURNS TABLE (name text, description text, input_schema jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 30
BEGIN ATOMIC
    SELECT t.name, t.description, pg_catalog.jsonb_build_object(
        'type', 'object', 'properties', t.properties::jsonb, 'required', pg_catalog.to_jsonb(t.required), 'additionalProperties', false)
    FROM (VALUES
    ('search_catalog', 'Finds catalog entries (tables, columns, documents, ...) by words, "phrases", -exclusions, prefix*, ids or qualified names. Best first. For more, pass the last cursor.',
     '{"query": {"type": "string", "description": "What to look for, at most 2048 bytes."},
       "item_types": {"type": "array", "items": {"type": "string"}, "description": "Only entries of one of these types, such as table or column."},
       "tags": {"type": "array", "items": {"type": "string"}, "description": "Only entries with all of these tags."},
       "database_id": {"type": "string"}, "schema_name": {"type": "string"},
       "max_rows": {"type": "integer", "minimum": 1, "maximum": 100}, "cursor": {"type": "string"}}', '{query}'::text[]),
    ('catalog_facets', 'Counts item types, tags, schemas and databases over everything that search_catalog would find.',
     '{"query": {"type": "string"}, "item_types": {"type": "array", "items": {"type": "string"}}, "tags": {"type": "array", "items": {"type": "string"}},
       "database_id": {"type": "string"}, "schema_name": {"type": "string"}}', '{query}'),
    ('get_catalog_entities', 'Reads catalog entries by id, in the order given.',
     '{"ids": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 1000}}', '{ids}'),
    ('list_schema_fields', 'Lists the columns of a table or view that is in the catalog.',
     '{"entry": {"type": "string", "description": "Id or qualified name of the table."}, "max_rows": {"type": "integer", "minimum": 1, "maximum": 2000},
       "after": {"type": "integer", "description": "Ordinal of the last column seen."}}', '{entry}'),
    ('get_catalog_relations', 'Lists the relations of a catalog entry: what it contains, references, joins with.',
     '{"entry": {"type": "string"}, "direction": {"type": "string", "enum": ["out", "in", "both"]}, "kinds": {"type": "array", "items": {"type": "string"}},
       "max_rows": {"type": "integer", "minimum": 1, "maximum": 2000}}', '{entry}'),
    ('get_relation_paths_between', 'Finds the shortest ways from one catalog entry to another along relations, such as how two tables join.',
     '{"from_id": {"type": "string"}, "to_id": {"type": "string"}, "max_hops": {"type": "integer", "minimum": 1, "maximum": 6},
       "kinds": {"type": "array", "items": {"type": "string"}}, "directed": {"type": "boolean"}, "max_paths": {"type": "integer", "minimum": 1, "maximum": 100}}', '{from_id,to_id}'),
    ('sample_table_data', 'Shows some rows of the table that a catalog entry describes.',
     '{"entry": {"type": "string", "description": "Id or qualified name of the table."}, "columns": {"type": "array", "items": {"type": "string"}},
       "max_rows": {"type": "integer", "minimum": 1, "maximum": 1000}}', '{entry}'),
    ('validate_query', 'Tells whether a statement only reads, and if not, why and where.',
     '{"sql": {"type": "string"}, "dialect": {"type": "string", "enum": ["postgres", "sqlite"]}}', '{sql}'),
    ('execute_query', 'Runs one read-only SELECT, WITH, VALUES or TABLE statement and returns its rows.',
     '{"sql": {"type": "string"}, "max_rows": {"type": "integer", "minimum": 1}}', '{sql}'),
    ('kv_get', 'Reads a value by key.', '{"namespace": {"type": "string"}, "key": {"type": "string"}}', '{namespace,key}'),
    ('kv_put', 'Writes a value under a key. With expected_version it is written only if that version is there; 0 means no entry.',
     '{"namespace": {"type": "string"}, "key": {"type": "string"}, "value": {"description": "Any JSON value."}, "ttl_seconds": {"type": "number", "minimum": 0.001},
       "expected_version": {"type": "integer", "minimum": 0}}', '{namespace,key,value}'),
    ('kv_delete', 'Deletes a key.', '{"namespace": {"type": "string"}, "key": {"type": "string"}}', '{namespace,key}'),
    ('kv_list', 'Lists keys and values whose key begins with a prefix. For more, pass the last key as after.',
     '{"namespace": {"type": "string"}, "prefix": {"type": "string"}, "after": {"type": "string"}, "max_rows": {"type": "integer", "minimum": 1, "maximum": 1000}}', '{namespace}'),
    ('ref_put', 'Stores a payload and returns a short handle {kind, id} for it. The same payload has the same handle.',
     '{"kind": {"type": "string"}, "payload": {"description": "Any JSON value."}, "summary": {"description": "What the payload is, in a few words or fields."},
       "ttl_seconds": {"type": "number", "minimum": 0.001}}', '{kind,payload}'),
    ('ref_put_query', 'Runs a read-only statement and stores its rows as a payload, without showing them. Returns a handle and a summary.',
     '{"kind": {"type": "string"}, "sql": {"type": "string"}, "max_rows": {"type": "integer", "minimum": 1}}', '{kind,sql}'),
    ('ref_summary', 'Tells what a payload is without reading it.', '{"kind": {"type": "string"}, "id": {"type": "string"}}', '{kind,id}'),
    ('ref_resolve', 'Reads the payload of a handle.', '{"kind": {"type": "string"}, "id": {"type": "string"}}', '{kind,id}'),
    ('ref_list', 'Lists handles with their summaries. For more, pass the last id as after.',
     '{"kind": {"type": "string"}, "after": {"type": "string"}, "max_rows": {"type": "integer", "minimum": 1, "maximum": 1000}}', '{}'),
    ('plan_store', 'Stores a plan as a draft, or a new body of a draft with the revision that was seen.',
     '{"kind": {"type": "string"}, "plan": {"type": "string", "description": "Id of the plan."},
       "body": {"type": "object", "description": "{title, steps: [{operation, input, references: [{kind, id}]}]}"},
       "expected_revision": {"type": "integer", "minimum": 1}}', '{kind,plan,body}'),
    ('plan_submit', 'Submits a draft for a person to decide on.',
     '{"plan": {"type": "string"}, "comment": {"type": "string"}}', '{plan}'),
    ('plan_cancel', 'Cancels a plan that does not run yet.', '{"plan": {"type": "string"}, "comment": {"type": "string"}}', '{plan}'),
    ('plan_get', 'Shows a plan with its steps and their results.', '{"plan": {"type": "string"}}', '{plan}'),
    ('plan_list', 'Lists plans, of one state or of all. For more, pass the last id as after.',
     '{"state": {"type": "string"}, "after": {"type": "string"}, "max_rows": {"type": "integer", "minimum": 1, "maximum": 1000}}', '{}'),
    ('plan_history', 'Lists every move of a plan from state to state.', '{"plan": {"type": "string"}}', '{plan}')
    ) AS t (name, description, properties, required)
    ORDER BY t.name;
END;
