-- What a host tells of its agents' data: strict, everything that is wrong at once, no password kept.
SET ROLE acme_app;
SELECT count(*) FROM flowai.data_environment_get();
SELECT flowai.data_environment_supplies();
-- The documents of the guide.
SELECT count(*) FROM flowai.data_environment_validate('{"target_database_url": "sqlite:/path/to/acme.db",
    "catalog": {"kind": "inline", "entries": [{"id": "table:products", "itemType": "table", "name": "products", "qualified_name": "main.products",
        "content": "Product catalog and revenue table.", "tags": ["sales"], "related": [], "metadata": {"databaseId": "warehouse", "preferredQuerySurface": true}}]},
    "catalog_search": {"index_path": "/path/to/catalog-index", "rebuild_on_start": true}}');
SELECT workspace, revision FROM flowai.data_environment_set('{"tenant_id": "acme", "workspace_id": "analytics",
    "catalog": {"kind": "sqlite", "url": "sqlite:/path/to/catalog.db", "ensure_schema": true},
    "catalog_search": {"index_path": "/path/to/catalog-index", "rebuild_on_start": true}}');
SELECT workspace, revision FROM flowai.data_environment_set('{"target_database": {"kind": "postgres", "url_env": "ACME_WAREHOUSE_URL", "schema": "public"}}');
SELECT workspace, revision FROM flowai.data_environment_set('{"target_database": {"url_env": "ACME_WAREHOUSE_URL", "kind": "postgres", "schema": "public"}}');
SELECT workspace, revision FROM flowai.data_environment_set('{"target_database_url": "postgres://reader@db/warehouse", "target_database_schema": "shop"}');
SELECT workspace, revision, config, set_by FROM flowai.data_environment_get();
SET flowai.workspace = 'analytics';
SELECT workspace, revision, flowai.data_environment_supplies() AS supplies FROM flowai.data_environment_get();
RESET flowai.workspace;
-- Everything that is wrong, at once, each with its place and what would help.
SELECT * FROM flowai.data_environment_validate('{"tenant_id": "globex", "workspace_id": " ", "kv": 7, "target": 1,
    "target_database": {"kind": "oracle", "uri": "x"}, "target_database_url": "mysql://x", "target_database_schema": 5,
    "catalog": {"kind": "inline", "url": "sqlite:x", "entries": [{"id": "a", "itemType": "a", "name": "a", "x": 1}, {"id": "b", "itemType": "b", "name": "b"}, {"id": "b", "itemType": "b", "name": "b"}]},
    "catalog_search": {"rebuild_on_start": "yes"}}');
SELECT * FROM flowai.data_environment_validate('{"catalog_search": {"index_path": "/index"}}');
SELECT * FROM flowai.data_environment_validate('{"target_database": {"kind": "sqlite", "url": "sqlite:a.db"}, "target_database_url": "sqlite:b.db"}');
SELECT * FROM flowai.data_environment_validate('{"target_database_url": "postgres://me:secret@db/warehouse", "catalog": {"kind": "postgres", "url": "postgresql://db/c?password=secret"}}');
SELECT * FROM flowai.data_environment_validate('[]');
SELECT * FROM flowai.data_environment_validate(NULL);
-- What is wrong is not stored, in whole or in part.
SELECT * FROM flowai.data_environment_set('{"tenant_id": "globex"}');
SELECT * FROM flowai.data_environment_set('{"a": 1, "b": 2}');
SELECT * FROM flowai.data_environment_set(NULL);
SELECT workspace, revision FROM flowai.data_environment_get();
SELECT name, attributes FROM flowai.event_list('flowai.data_environment.');
-- Another tenant has its own.
SET ROLE globex_app;
SELECT count(*) FROM flowai.data_environments;
SELECT count(*) FROM flowai.data_environment_validate('{"tenant_id": "globex"}');
SELECT workspace, revision FROM flowai.data_environment_set('{}');
SELECT config, flowai.data_environment_supplies() AS supplies FROM flowai.data_environment_get();
UPDATE flowai.data_environments SET config = '{}';
SET ROLE pool;
SELECT * FROM flowai.data_environment_validate('{}');
SELECT * FROM flowai.data_environment_set('{}');
RESET ROLE;
\set VERBOSITY terse
UPDATE flowai.data_environments SET config = '[]' WHERE tenant_id = 'globex';
