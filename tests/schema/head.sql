-- The generated install script, its blocks sorted. Written by make schema.

-- bootstrap
-- flowai_runtime: schemas, roles, and the one way to make a tenant table.
--
--   flowai           what users see: tables to read, functions to call
--   flowai_internal  partitions, members, keys, index segments: no USAGE for tenants
--
-- Nothing here says IF NOT EXISTS or OR REPLACE for what the extension owns: a name that somebody
-- else took first must make the installation fail.

-- Texts are hashed, indexed and compared as UTF-8.
DO $$
BEGIN
    IF pg_catalog.getdatabaseencoding() <> 'UTF8' THEN
        RAISE EXCEPTION 'flowai_runtime needs a database with encoding UTF8'
            USING ERRCODE = 'feature_not_supported', CONSTRAINT = 'database_encoding',
                  DETAIL = pg_catalog.format('Database "%s" has encoding %s.', pg_catalog.current_database(), pg_catalog.getdatabaseencoding()),
                  HINT = 'Create another with CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0.';
    END IF;
END $$;

-- CREATE EXTENSION takes a schema "flowai" that is already there. A restore makes one, empty; anything
-- else would let its owner stand between users and this extension.
DO $$
DECLARE
    schema_owner name;
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_depend
               WHERE refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                 AND refobjid = 'flowai'::pg_catalog.regnamespace
                 AND classid <> 'pg_catalog.pg_extension'::pg_catalog.regclass) THEN
        RAISE EXCEPTION 'schema "flowai" already holds objects'
            USING ERRCODE = 'duplicate_schema', CONSTRAINT = 'schema_empty',
                  DETAIL = 'The extension fills this schema itself and shares it with nobody.',
                  HINT = 'Look at it with \dn+ and \d flowai.*, then drop or rename it.';
    END IF;
    SELECT r.rolname INTO schema_owner
    FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
    WHERE n.nspname = 'flowai' AND NOT r.rolsuper AND r.rolname <> 'flowai_owner';
    IF FOUND THEN
        RAISE EXCEPTION 'schema "flowai" belongs to role "%"', schema_owner
            USING ERRCODE = 'duplicate_schema', CONSTRAINT = 'schema_owned',
                  DETAIL = 'Its owner could replace what the extension puts there.',
                  HINT = 'Drop or rename that schema first.';
    END IF;
END $$;

-- Roles belong to the cluster: another database may have made them already.
DO $$
DECLARE
    wanted name;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['flowai_owner', 'flowai_admin', 'flowai_user']::name[] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM pg_catalog.pg_roles
               WHERE rolname IN ('flowai_owner', 'flowai_admin', 'flowai_user')
                 AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication OR rolcanlogin)) THEN
        RAISE EXCEPTION 'a role of flowai_runtime has more rights than it may have'
            USING ERRCODE = 'invalid_role_specification', CONSTRAINT = 'roles_plain',
                  DETAIL = 'flowai_owner, flowai_admin and flowai_user are NOLOGIN, NOSUPERUSER, NOBYPASSRLS, NOCREATEROLE and NOREPLICATION.',
                  HINT = 'ALTER ROLE ... to take the extra attribute away, or drop the role if it is not ours.';
    END IF;
END $$;

COMMENT ON ROLE flowai_owner IS 'Owns every object of flowai_runtime. Row-level security binds it too, so that a SECURITY DEFINER function of ours sees the caller''s tenant and no other.';
COMMENT ON ROLE flowai_admin IS 'May create tenants, bind roles to them and maintain flowai_runtime. Row-level security binds it.';
COMMENT ON ROLE flowai_user IS 'May use flowai_runtime as a tenant. flowai.tenant_grant grants it.';

-- tenant_grant, a function of flowai_owner, hands flowai_user on.
GRANT flowai_user TO flowai_owner WITH ADMIN OPTION;

CREATE SCHEMA flowai_internal;
ALTER SCHEMA flowai_internal OWNER TO flowai_owner;
ALTER SCHEMA flowai OWNER TO flowai_owner;
REVOKE ALL ON SCHEMA flowai, flowai_internal FROM PUBLIC;
GRANT USAGE ON SCHEMA flowai TO flowai_user, flowai_admin;
COMMENT ON SCHEMA flowai IS 'flowai_runtime: the multi-tenant runtime of data agents. Every object has a comment: \dt+ flowai.*, \df+ flowai.*';
COMMENT ON SCHEMA flowai_internal IS 'flowai_runtime: partitions, members, keys and search segments. No role but the owner has USAGE.';

CREATE DOMAIN flowai.identifier AS text COLLATE "C"
    CONSTRAINT identifier_text CHECK (
        VALUE OPERATOR(pg_catalog.~) '^[^[:space:][:cntrl:]]([^[:cntrl:]]*[^[:space:][:cntrl:]])?$'
        AND pg_catalog.octet_length(VALUE) OPERATOR(pg_catalog.<=) 200);
COMMENT ON DOMAIN flowai.identifier IS 'A name of a tenant, a workspace, a namespace, a kind: not blank, no blank at its ends, no control character, at most 200 bytes.';

-- finalize
-- What everyone may call, and what each function is for. Loaded last.
--
-- Functions are born executable by PUBLIC: that is taken away first, then given to roles by name.

-- ------------------------------------------------------------------------------------ tenancy

COMMENT ON FUNCTION flowai.current_tenant() IS 'The tenant in force, or NULL. The role''s only tenant, or the one that flowai.tenant selects among the role''s. Error 42501 if flowai.tenant names a tenant that the role is not a member of, 25001 if this transaction already worked for another.';
COMMENT ON FUNCTION flowai.tenant_is(text) IS 'Whether the tenant in force is this one; NULL for NULL. Policies ask it at run time, so that a cached plan never outlives its tenant.';
COMMENT ON FUNCTION flowai_internal.current_tenant_support(internal) IS 'Planner support of flowai.current_tenant(): makes it a constant where that is safe.';
COMMENT ON FUNCTION flowai.require_tenant() IS 'The tenant in force. Error 42501 if there is none.';
COMMENT ON FUNCTION flowai.whoami() IS 'One row: the role whose tenants count, the login role, tenant (NULL if none), workspace, and the reason in words. Never raises.';
COMMENT ON FUNCTION flowai.use_tenant(text, text) IS 'A checked SET LOCAL of flowai.tenant and, if given, flowai.workspace: for pools, works in transaction pooling. Returns the tenant. Error 42501 if the role is not a member of it, 22004 for NULL, 25001 in a transaction that worked for another.';
COMMENT ON FUNCTION flowai.tenant_create(text, text) IS 'Creates a tenant and returns when. The version is recorded, part of no key. Error 23505 if the name is taken (case does not count), 22023 for a bad name. For flowai_admin.';
COMMENT ON FUNCTION flowai.tenant_grant(text, text) IS 'Makes a role a member of a tenant and grants it flowai_user. True if it was not a member before. Error P0002 for an unknown tenant or role, 42501 for a role of flowai_runtime, and for one that is or can become one that row-level security alone does not bind: superuser, BYPASSRLS, CREATEROLE, REPLICATION, flowai_admin, pg_read_all_data, pg_write_all_data, pg_read_server_files, pg_write_server_files, pg_execute_server_program. For flowai_admin.';
COMMENT ON FUNCTION flowai.tenant_revoke(text, text) IS 'Ends a role''s membership, in live sessions and cached plans too; with its last one it loses flowai_user. A statement that runs and a cursor that is open go on with the rows that they began with: the cursor until its transaction ends, one WITH HOLD until it is closed or the session ends, whatever tenant the role is a member of by then. pg_terminate_backend ends both. True if it was a member. Error P0002 for an unknown tenant or role. For flowai_admin.';

COMMENT ON FUNCTION flowai_internal.act_for(text) IS 'Puts a tenant in force for the rest of an administrative function, whatever the role is; NULL ends that, as does an error. Executable by the owner alone.';
COMMENT ON FUNCTION flowai_internal.tenant_shut(text) IS 'Ends all memberships of a tenant, and returns how many there were. Error 55000 if there are none because this transaction has ended them. Executable by the owner alone.';
COMMENT ON FUNCTION flowai_internal.catalog_stamp(text, text[]) IS 'Gives entries of a workspace of the tenant in force the hash of what they are, and returns how many had another. For flowai.tenant_import; executable by the owner alone.';
COMMENT ON FUNCTION flowai_internal.await_writers(oid[]) IS 'Waits until the transactions have ended that have written to one of these relations; later ones are not waited for. Executable by the owner alone.';
COMMENT ON FUNCTION flowai.tenant_list(text, integer, boolean) IS 'Tenants in order of name, with their members; page with after. with_usage adds rows and bytes of all that each of the page''s tenants has, as flowai.tenant_usage counts them: it reads all of that; without it they are NULL. Error 22023 for a bad max_rows. For flowai_admin.';
COMMENT ON FUNCTION flowai.tenant_usage(text) IS 'What a tenant has: relation, rows, bytes (as stored, indexes not counted). Reads all of it. Error P0002 for an unknown tenant, 22004 for NULL. For flowai_admin.';
COMMENT ON FUNCTION flowai.tenant_version_set(text, text) IS 'Records a new revision of a tenant''s configuration and returns when. Error P0002 for an unknown tenant, 22023 for a blank version, 22004 for NULL. For flowai_admin.';
COMMENT ON FUNCTION flowai.tenant_history(text) IS 'Every revision that a tenant''s configuration had, oldest first. Error P0002 for an unknown tenant, 22004 for NULL. For flowai_admin.';
COMMENT ON FUNCTION flowai.tenant_drop_some(text, integer) IS 'One step of flowai.tenant_drop, which must be a transaction of its own: ends all memberships, those of dropped roles too; or, when there are none, waits for the transactions of former members that still write, and deletes at most max_rows rows; at last, what administrators noted about the tenant. Rows: relation, deleted, and done: nothing was left, and the tenant is gone. Error P0002 for an unknown tenant, 22023 for a bad max_rows, 22004 for NULL, 55000 in a transaction that has ended a membership of the tenant, 0A000 under REPEATABLE READ and SERIALIZABLE. For flowai_admin.';
COMMENT ON PROCEDURE flowai.tenant_drop(text, integer) IS 'CALL it to remove a tenant and every row that it has, in batches of at most max_rows rows with a commit after each; a NOTICE for each batch says what went. Members lose access first; what they had begun to write is waited for, and goes too. If it is interrupted, CALL it again. Its events go too; the server''s log says at the end who dropped it. Not inside a transaction block. Errors as tenant_drop_some. For flowai_admin.';
COMMENT ON FUNCTION flowai.tenant_export(text) IS 'Every row that a tenant has in tables of its own, as JSON that flowai.tenant_import takes in another database: place, relation, row. In one snapshot. The tenant''s key is part of it, so keep it as secret as the data. Left out: search segments, which are built anew; and what administrators said about the tenant here, to be said anew there: members, version and its history, query targets, allowed functions (by their digests here). Error P0002 for an unknown tenant, 22004 for NULL. For flowai_admin.';
COMMENT ON FUNCTION flowai.tenant_import(text, text, jsonb) IS 'Takes rows of one relation of flowai.tenant_export in, as an array, into a tenant that was just created; relations in the order of place. Returns how many. Ids, times and versions stay what they were; hashes of entries are computed anew, and a payload that is not what its reference''s id says is XX001. Events, too: whoever imports says what happened then; of 2000 or later, and none of the future. Error 22023 for another relation, no array of objects, a key that is no column, or another time of an event, 23505 for what is there already, P0002 for an unknown tenant. For flowai_admin.';

-- ------------------------------------------------------------------------------------- events

COMMENT ON FUNCTION flowai.event_emit(text, jsonb, text, text, text) IS 'Records an event. One row: event_id, recorded_at. Tenant, workspace, role, login, time, transaction and process are stamped by the database; nobody changes an event later. name: dotted words such as order.shipped; the first word flowai is reserved. attributes: an object of at most 8 KiB of text, nested at most 16 deep; values of keys like password, token or api_key, passwords in URLs, bearer tokens and private keys are stored as "[redacted]". severity: debug, info, warn, error. trace_id and span_id: W3C trace context. Error 22023 for another name, severity, trace or sort of attributes, 54000 over a limit, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.event_list(text, timestamptz, uuid, integer) IS 'Events whose name begins with name_prefix, in order of time: of since or later, and after the event_id given. Pass the last event_id of a page as after of the next: that pages through what is there. It does not follow what comes: ids and times are those of writing, and who commits later may have an earlier id. To follow, ask anew from a since that goes back by more than the longest transaction takes, and leave out the ids that are known. max_rows 1 to 1000 (22023). No rows for a NULL name_prefix or without tenant.';
COMMENT ON FUNCTION flowai.event_purge(interval) IS 'Drops the events of months that ended so long ago, of all tenants; returns the partitions that went. Locks events against everybody until the transaction ends, and gives up (55P03) if that takes two seconds to get: call it by itself, in a quiet hour. Error 22023 for less than a day, 22004 for NULL. For flowai_admin.';
COMMENT ON FUNCTION flowai_internal.event_note(text, text, jsonb) IS 'Records an event of the runtime''s own for a tenant. Executable by the owner alone.';
COMMENT ON FUNCTION flowai_internal.event_first_id(timestamptz) IS 'The least event_id of that time. NULL for NULL.';
COMMENT ON FUNCTION flowai_internal.event_id_moment(uuid) IS 'The time in an event_id, to the millisecond below: no event with this or a greater id is earlier. NULL for NULL.';
COMMENT ON FUNCTION flowai_internal.event_id_fits(uuid, timestamptz) IS 'Whether an event_id is one of that time.';

ALTER FUNCTION flowai.event_emit(text, jsonb, text, text, text) ROWS 1;
GRANT EXECUTE ON FUNCTION flowai.event_emit(text, jsonb, text, text, text), flowai.event_list(text, timestamptz, uuid, integer),
    flowai_internal.event_first_id(timestamptz), flowai_internal.event_id_moment(uuid) TO flowai_user;
GRANT EXECUTE ON FUNCTION flowai.event_purge(interval) TO flowai_admin;

-- ------------------------------------------------------------------------------------- kv

COMMENT ON FUNCTION flowai_internal.json_array(text, jsonb, text) IS 'The value if it is an array. Error 22023 that names it, with the hint, if not. NULL for NULL.';
COMMENT ON FUNCTION flowai_internal.argument_word(text, text, text[]) IS 'True for an argument that is one of the words. Error 22023 for another, 22004 for NULL.';
COMMENT ON FUNCTION flowai_internal.page_rows(integer) IS 'The number of rows of a page, 1 to 1000. Error 22023 for another, 22004 for NULL.';
COMMENT ON FUNCTION flowai_internal.prefix_end(text) IS 'The first text, in order of bytes, above everything that begins with the prefix. NULL for NULL.';
COMMENT ON FUNCTION flowai.kv_put(text, text, jsonb, interval, bigint) IS 'Writes an entry. One row: its version, created (no entry lived there), expires_at (NULL for never; without ttl an earlier expiry is lifted). expected_version makes it a compare-and-set: a version, or 0 for no entry; if it is not so, error 40001 (rule kv_version). An expired entry counts as absent. Error 22023 for a bad namespace, key, ttl or expected_version, 54000 for a value over flowai.kv_max_value_bytes as it is stored before compression, 22004 for NULL, 42501 without tenant. A ttl has no negative part.';
COMMENT ON FUNCTION flowai.kv_put_if_absent(text, text, jsonb, interval) IS 'Writes an entry where none lives. One row: version, created, expires_at; where created is false, those of the entry that is there. Errors as kv_put.';
COMMENT ON FUNCTION flowai.kv_put_many(text, jsonb, interval) IS 'Writes the entries of an array [{"key", "value"}] in one statement, all or nothing; the same ttl for all. One row for each, in order: ordinal, key, version, created, expires_at. Error 22023 for another shape, 21000 for a key given twice, 54000 for more than 10000 entries or a value over flowai.kv_max_value_bytes, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.kv_purge(integer) IS 'Removes at most max_rows rows of the tenant''s entries that have expired, and returns how many; skips those that somebody is just writing. Nobody sees such rows; this gives their space back. max_rows 1 to 100000 (22023). Error 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.kv_stats(text) IS 'What a namespace holds, or each of them if it is NULL: namespace, entries that live, expired rows not purged yet, bytes of all values as stored, next_expiry. No rows without tenant.';
COMMENT ON FUNCTION flowai.kv_get(text, text) IS 'One row: value, version, expires_at; no row if there is no entry or it has expired by now, the moment of reading. No row for NULL or without tenant.';
COMMENT ON FUNCTION flowai.kv_get_many(text, text[]) IS 'One row for each key, in the order given: ordinal, key, found, value, version, expires_at; the last three are NULL where found is false. No row for NULL keys.';
COMMENT ON FUNCTION flowai.kv_delete(text, text) IS 'Deletes an entry. False if there was none or it had expired. Error 22023 for a bad namespace or key, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.kv_list(text, text, text, integer) IS 'Entries whose key begins with prefix, in order of key (bytes): key, value, version, expires_at. Pass the last key of a page as after of the next. max_rows 1 to 1000 (22023). No rows for a NULL namespace or prefix, or without tenant.';
COMMENT ON FUNCTION flowai.kv_increment(text, text, bigint, interval) IS 'Adds to a counter, atomically; one that does not live starts at 0. One row: value, version, expires_at. ttl counts from where the counter starts; a live one keeps its expiry, so that this counts within a window of time. Error 55000 if the value is not an integer or the sum no bigint, else as kv_put.';

GRANT EXECUTE ON FUNCTION flowai_internal.page_rows(integer), flowai_internal.argument_word(text, text, text[]), flowai_internal.json_array(text, jsonb, text), flowai_internal.prefix_end(text),
    flowai.kv_put(text, text, jsonb, interval, bigint), flowai.kv_put_if_absent(text, text, jsonb, interval),
    flowai.kv_get(text, text), flowai.kv_get_many(text, text[]), flowai.kv_delete(text, text),
    flowai.kv_list(text, text, text, integer), flowai.kv_increment(text, text, bigint, interval),
    flowai.kv_put_many(text, jsonb, interval), flowai.kv_purge(integer), flowai.kv_stats(text) TO flowai_user;

-- ------------------------------------------------------------------------------------ catalog

COMMENT ON FUNCTION flowai.current_workspace() IS 'The workspace in force: flowai.workspace, or "default" where that is blank.';
COMMENT ON FUNCTION flowai.catalog_put(jsonb) IS 'Writes an array of entries {id, itemType, name, qualified_name, content, tags, related, metadata}; both spellings of two-word keys are read. One row per entry, in order: id, outcome (inserted, updated, unchanged), version. All or nothing. Error 22023 for a malformed entry (naming entry and key), 21000 for an id given twice, 54000 over a limit, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.catalog_replace(jsonb, text, text) IS 'catalog_put, then deletes what the array lacks: of the data source database_id, of the item type, or of the whole workspace where both are NULL. Rows as catalog_put, with outcome deleted added. Replaces of a workspace take turns: the last one stands; under REPEATABLE READ one that had to wait is 40001. Error 22023 if an entry is outside of what is replaced; else as catalog_put.';
COMMENT ON FUNCTION flowai.catalog_delete(text[]) IS 'Deletes entries and the relations that leave them. One row per id, in order: id, deleted (false if it was not there). Error 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.get_catalog_entities(text[]) IS 'Entries by id: one row per id, in order, found = false and NULLs for one that is not there. At most 1000 ids (54000). NULL gives no rows. Error 42501 without tenant.';
COMMENT ON FUNCTION flowai.list_schema_fields(text, integer, integer) IS 'The columns of a table or view, given by entry id or qualified name, in order of their ordinal; page with after. max_rows 1 to 1000 (22023). No rows for an unknown entry.';
COMMENT ON FUNCTION flowai.get_catalog_relations(text, text, text[], integer) IS 'Relations of an entry: direction out, in or both; kinds limits them. NULL kinds: all. dangling: the other end is not in the catalog. Error 22023 for another direction or a bad max_rows, 22004 for a NULL one. No rows for an unknown entry.';
COMMENT ON FUNCTION flowai.get_relation_paths_between(text, text, integer, text[], boolean, integer) IS 'Paths between two entries along relations, shortest first, ties by ids; none visits an entry twice. forward tells for each hop whether it goes along the arrow; directed follows arrows only; kinds limits the relations, NULL or empty: all. max_hops 1 to 6, max_paths 1 to 100 (22023). The search reads from both ends, 20,000 relations at most. complete: there is no other path within max_hops; false if max_paths left some away or the search stopped there. No rows for a NULL id. Error 54000 if it stopped without having found one, P0002 for an unknown entry, 22004 for another NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.catalog_check() IS 'What is odd in the workspace: relations whose far end does not exist. No rows if all is well.';
COMMENT ON FUNCTION flowai.profile_schema(text, text) IS 'A live schema as catalog entries, without writing them: an array for catalog_put. Sees what the caller may read. What has no statistics is sampled as flowai.query_rows would: read-only, 5 seconds a column, and not where a view or a policy calls a function that was not allowed; then source is none and reason says why. Error P0002 for an unknown schema, 22004 for NULL, 22023 for a bad database_id, 42501 for a superuser or BYPASSRLS role.';
COMMENT ON FUNCTION flowai.profile_database(text, text) IS 'Writes a live schema into the catalog: schema, tables, views, columns, keys, joins, row counts, null fractions, distinct counts, ranges and frequent values, from the planner''s statistics or, without them, from 10,000 rows, read as profile_schema says. Deletes tables and columns that are gone. Rows: id, outcome, version. Error as profile_schema and catalog_put.';

GRANT EXECUTE ON FUNCTION flowai.catalog_put(jsonb), flowai.catalog_replace(jsonb, text, text), flowai.catalog_delete(text[]),
    flowai.current_workspace(), flowai.get_catalog_entities(text[]), flowai.list_schema_fields(text, integer, integer),
    flowai.get_catalog_relations(text, text, text[], integer),
    flowai.get_relation_paths_between(text, text, integer, text[], boolean, integer), flowai.catalog_check(),
    flowai.profile_schema(text, text), flowai.profile_database(text, text) TO flowai_user;

-- ------------------------------------------------------------------------------------- search

COMMENT ON FUNCTION flowai.search_catalog(text, text[], text[], text, text, integer, text) IS 'Entries of the workspace that match a query, best first: words, "phrases", -exclusions, prefix*, ids and qualified names as they are; 32 words and 32 exclusions count. A word that nothing is spelled like is forgiven one typing error from 4 letters on and two from 8, in up to four words; numbers are not. Exact ids and qualified names go first, then exact names, then by BM25 over name, qualified name, tags, content; ties by id. If no entry has all words, those with some are found, those with a word as it was typed first, and relaxed is true. rank counts within the page. item_types: any of; tags: all of. max_rows 1 to 100 (22023). Columns join with flowai.catalog_entries; matched names the fields, snippet is HTML with <b>, total counts all matches. For the next page pass the cursor of the last row; the cursor of another search is error 22023. No rows for a blank query. Error 54000 for a query over 2048 bytes, 55000 where entries were restored without their index, 42501 without tenant.';
COMMENT ON FUNCTION flowai.catalog_facets(text, text[], text[], text, text) IS 'Counts over all entries that flowai.search_catalog finds with the same arguments: facet (item_type, tag, schema_name, database_id), value, count; the most frequent value of each facet first. No rows for a blank query. Errors as search_catalog.';
COMMENT ON FUNCTION flowai.search_check() IS 'What is wrong with the workspace''s search index: reads every segment and every entry. problem: segment_unreadable, entry_not_indexed, entry_indexed_twice, indexed_without_entry, entry_altered (by hand), chunks_without_segment, dead_left_over (harmless); subject: a segment, an entry or a row version. No rows if all is well. flowai.search_rebuild() heals all of it. Error 42501 without tenant.';
COMMENT ON FUNCTION flowai.search_maintain() IS 'Moves the workspace''s new rows into its search index, notes dead ones, and merges segments. Builds an index that is missing. Returns rows flushed, segments merged, and busy if another session is at it (or the transaction is not READ COMMITTED). Searches are exact without it; it keeps them fast. Error 42501 without tenant.';
COMMENT ON FUNCTION flowai.search_rebuild() IS 'Builds the workspace''s search index anew from its entries and returns their number: for an index damaged from outside. Entries that were altered by hand get a new version. Error 55000 while another session maintains it, 42501 without tenant.';

ALTER FUNCTION flowai.search_catalog(text, text[], text[], text, text, integer, text) ROWS 20 COST 2000;
ALTER FUNCTION flowai.catalog_facets(text, text[], text[], text, text) ROWS 20 COST 2000;
ALTER FUNCTION flowai.search_check() ROWS 10 COST 100000;
ALTER FUNCTION flowai.get_catalog_entities(text[]) ROWS 10;
ALTER FUNCTION flowai.get_relation_paths_between(text, text, integer, text[], boolean, integer) ROWS 5 COST 2000;

GRANT EXECUTE ON FUNCTION flowai.search_catalog(text, text[], text[], text, text, integer, text),
    flowai.catalog_facets(text, text[], text[], text, text), flowai.search_check(), flowai.search_maintain(), flowai.search_rebuild() TO flowai_user;

-- ------------------------------------------------------------------------------ read-only SQL

COMMENT ON FUNCTION flowai.validate_query(text, text) IS 'Whether a statement only reads, as one row: ok; code (NULL if ok): empty, syntax, multi_statement, not_select, select_into, row_lock, modifying_cte, parameter, function, relation, undefined, permission, invalid, too_large, too_deep, timeout; message; position, a 1-based character offset; relations and functions that it reads and calls. SELECT, WITH, VALUES and TABLE are allowed. Names mean what they mean to the caller. ok is not yet a promise: policies, checks of domains and the bodies of allowed functions are looked at when the statement runs, and values only then. dialect: postgres, or sqlite (structure alone). Never raises for what is in sql; NULL is empty. Error 22023 for an unknown dialect.';
COMMENT ON FUNCTION flowai.execute_query(text, integer, interval, text) IS 'Runs a statement that only reads, with the caller''s rights, in a read-only subtransaction that is always rolled back; or, in target''s own dialect, on a target of flowai.query_targets: another server, in a read-only transaction there, or a SQLite file. Returns {"row_count", "columns", "rows", "truncated", "warnings"}, rows as objects by column name, or {"error", "code", "position", "hint"}: "read-only violation ...; only SELECT statements are allowed" with the code of flowai.validate_query, or an error of the statement with its SQLSTATE. The caller''s transaction stays as it was. A function that no time limit could end is refused where its arguments are too long for it (54000). At most max_rows rows; bounds are flowai.query_max_rows, query_max_bytes, query_max_cell_bytes, query_max_timeout. A target that is unknown, cannot be used or cannot be reached is an error object too (code target, or the SQLSTATE of the connection). From other servers, types that are not the server''s own, and rows, come as text; from SQLite, blobs as \x and hexadecimal digits, infinities as strings, NUL and broken characters as U+FFFD, with warnings. Superusers and BYPASSRLS roles are refused (42501). Error 22023 for max_rows or timeout out of bounds, 22004 for NULL.';
COMMENT ON FUNCTION flowai.query(text, integer, interval) IS 'Runs a statement that only reads, as flowai.execute_query does, and returns its rows; the call names them: SELECT * FROM flowai.query(''SELECT 1, now()'') AS t(n integer, at timestamptz). Types must be those of the statement. All rows or none: error 54000 if there are more than max_rows. Error 25006 (rule query_CODE, CODE as in flowai.validate_query) for a statement that does not only read, the statement''s own error with its SQLSTATE, 42501 for superusers, 0A000 without column names, 22004 for NULL.';
COMMENT ON FUNCTION flowai.query_rows(text, integer, interval) IS 'As flowai.query, with each row as an object by column name: needs no column list.';
COMMENT ON FUNCTION flowai_internal.database_identity() IS 'The cluster and the database: no copy of it has both.';
COMMENT ON FUNCTION flowai_internal.ref_put_check(text, jsonb, interval) IS 'True; an error where flowai.ref_put would fail with these arguments whatever the payload is.';
COMMENT ON FUNCTION flowai_internal.query_array(text, integer, interval) IS 'The rows of flowai.query_rows as one array.';
COMMENT ON FUNCTION flowai.sample_table_data(text, text[], integer, interval) IS 'Some rows of the table or view of this database that a catalog entry (id or qualified name) describes by metadata.schemaName and tableName, or by a qualified name in two parts; all columns or those named. Returns what flowai.execute_query returns, errors included, with the caller''s rights. max_rows 1 to 1000 (22023). Error 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.function_allow(regprocedure, text) IS 'Lets read-only statements of a tenant, or of all if it is NULL, call a function, operator function or aggregate as it is now; if it is changed, dropped and made anew or given to another owner, it is refused again. What an allowed function calls must be allowed too, except the parts of an aggregate. True if it was not allowed in this form before. Error 22023 for functions of the server and procedures, P0002 for an unknown tenant, 22004 for NULL. For flowai_admin.';
COMMENT ON FUNCTION flowai.extension_allow(text, text) IS 'flowai.function_allow for everything that an installed extension brought and that is not volatile. Returns how many functions were not allowed in this form before; call it again after ALTER EXTENSION ... UPDATE. Error P0002 for an unknown extension or tenant, 22004 for NULL. For flowai_admin.';
COMMENT ON FUNCTION flowai.function_disallow(regprocedure, text) IS 'Takes flowai.function_allow back, for the tenant or, if it is NULL, what was allowed for all. True if it was allowed so. For flowai_admin.';

GRANT SELECT ON TABLE flowai.allowed_functions TO flowai_user, flowai_admin;
GRANT EXECUTE ON FUNCTION flowai.validate_query(text, text), flowai.execute_query(text, integer, interval, text),
    flowai.function_standing(oid[]), flowai.query(text, integer, interval), flowai.query_rows(text, integer, interval),
    flowai_internal.query_array(text, integer, interval), flowai_internal.ref_put_check(text, jsonb, interval), flowai.sample_table_data(text, text[], integer, interval) TO flowai_user;
GRANT EXECUTE ON FUNCTION flowai.function_allow(regprocedure, text), flowai.extension_allow(text, text),
    flowai.function_disallow(regprocedure, text) TO flowai_admin;

COMMENT ON FUNCTION flowai.query_target_define(text, text, text, text) IS 'Lets a tenant run read-only statements on a target: execute_query(..., target => name). kind postgres: source is the name of a foreign server of postgres_fdw that the caller has USAGE on (and must keep); its user mapping for flowai_owner says as whom to log in, with a password unless a superuser set password_required to false. kind sqlite: source is the absolute path of a regular file in a directory of flowai.sqlite_directories. A name that is there is defined anew. True if it was not there. Error P0002 for an unknown tenant, server or file, 42501 for a server without USAGE or a file in another directory, 22023 for another kind, wrapper, path or name, 22004 for NULL. For flowai_admin.';
COMMENT ON FUNCTION flowai.query_target_drop(text, text) IS 'Takes a target away from a tenant. True if it was there. Error P0002 for an unknown tenant, 22004 for NULL. For flowai_admin.';

-- Of the table, the columns that the view shows.
GRANT SELECT (tenant_id, name, kind, defined_at) ON flowai_internal.query_targets TO flowai_user;
GRANT SELECT ON TABLE flowai.query_targets TO flowai_user;
GRANT EXECUTE ON FUNCTION flowai.query_target_define(text, text, text, text),
    flowai.query_target_drop(text, text), flowai.query_target_list(text) TO flowai_admin;

-- ------------------------------------------------------------------------------ references

COMMENT ON FUNCTION flowai.ref_kind_define(text, jsonb, interval, bigint) IS 'Defines a kind of references, or a new revision of it, and returns the revision that counts now; the same definition once more changes nothing. schema: JSON Schema 2020-12 that payloads must match (NULL for any payload); ttl: how long references live that are stored without one (NULL for ever); max_bytes: most bytes of a payload''s text (NULL: 256 MiB, with a schema 32 MiB). References stored before stay as they are. A schema stands alone, and no reference in it leads back to itself without going into the value; it compares numbers exactly, a multipleOf of at most 18 digits. Error 22023 for a bad kind, schema, ttl or max_bytes, 54000 (rule schema_size) for a schema that asks too much of one place of a value, such as a part that names the next twice and so on, 40001 if somebody else defines it at the same time, 22004 for a NULL kind, 42501 without tenant.';
COMMENT ON FUNCTION flowai.ref_put(text, jsonb, jsonb, interval) IS 'Stores a payload. One row: its handle (kind, id), created, summary, expires_at. Equal payloads (by value, not by spelling) have equal ids in a tenant: a second put finds the first, keeps its summary, and can only extend its expiry. Without summary one is derived: type, counts, keys, first items. Error P0002 for an unknown kind, 22023 for a payload that does not match the kind''s schema or a bad ttl, 54000 for a payload or summary over its limit, nested deeper than 128 (with a schema 127), or whose check would take too long (rule schema_work), 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.ref_summary(text, text) IS 'One row about a reference: kind, id, summary, byte_size, created_at, expires_at. Does not read the payload. No row if the reference is unknown or has expired, for NULL, or without tenant.';
COMMENT ON FUNCTION flowai.ref_resolve(text, text) IS 'The payload of a reference. Error P0002 (rule ref_found) if it is unknown, deleted, another tenant''s or has expired by now, the moment of reading: nobody learns which. Error XX001 (rule ref_payload_intact) if somebody altered the payload from outside: its hash is checked against the id. NULL for NULL.';
COMMENT ON FUNCTION flowai.ref_get(text, text) IS 'One row: payload, expires_at; no row where ref_resolve raises, for NULL, or without tenant. Becomes part of the query that calls it. Error XX001 (rule ref_payload_intact) as ref_resolve.';
COMMENT ON FUNCTION flowai.ref_resolve_many(jsonb) IS 'Payloads of many references, given as an array of handles [{"kind", "id"}], as plans name them: one row for each, in order: ordinal, kind, id, found, payload, expires_at; the last two are NULL where found is false. Error XX001 (rule ref_payload_intact) if somebody altered one of the payloads from outside, 22023 if refs is no array; no rows for NULL.';
COMMENT ON FUNCTION flowai.ref_rows(text, text) IS 'The elements of a payload that is an array, in order: ordinal, row. Errors as ref_resolve; 22023 if the payload is no array.';
COMMENT ON FUNCTION flowai.ref_put_query(text, text, jsonb, interval, integer, interval) IS 'Stores the rows of a statement that only reads as a payload, an array of objects, without sending them to the client. The statement runs with the time zone UTC and the server''s usual formats, so that equal rows have one id whatever the session has set. Rows as ref_put; errors as ref_put, before the statement runs where they have nothing to do with its rows, and as flowai.query. max_rows: error 54000 if there are more.';
COMMENT ON FUNCTION flowai.ref_extend(text, text, interval) IS 'Lets a reference live at least so long from now, or for ever if ttl is NULL; never shorter than it would. Returns when it expires. Error P0002 if it does not live, 22023 for a bad kind or ttl, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.ref_purge(integer) IS 'Removes at most max_rows of the tenant''s references that have expired, with their payloads, and returns how many; keeps those that an unfinished plan uses. max_rows 1 to 100000 (22023). Error 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.ref_list(text, text, integer) IS 'References of a kind, or of all if it is NULL, in order of id, without payloads: kind, id, summary, byte_size, created_at, expires_at. Pass the last id of a page as after of the next. max_rows 1 to 1000 (22023). No rows without tenant.';
COMMENT ON FUNCTION flowai.ref_delete(text, text) IS 'Deletes a reference with its payload. False if there was none or it had expired. Error 55000 (rule ref_unneeded) if an unfinished plan uses it, 22023 for a bad kind, 22004 for NULL, 42501 without tenant.';

COMMENT ON FUNCTION flowai_internal.ref_intact(text, text, jsonb) IS 'The payload, if it is what the id says. Error XX001 (rule ref_payload_intact) if not. NULL for NULL.';
GRANT EXECUTE ON FUNCTION flowai_internal.ref_intact(text, text, jsonb), flowai.ref_kind_define(text, jsonb, interval, bigint), flowai.ref_put(text, jsonb, jsonb, interval),
    flowai.ref_summary(text, text), flowai.ref_resolve(text, text), flowai.ref_get(text, text),
    flowai.ref_list(text, text, integer), flowai.ref_delete(text, text), flowai.ref_resolve_many(jsonb), flowai.ref_rows(text, text),
    flowai.ref_put_query(text, text, jsonb, interval, integer, interval), flowai.ref_extend(text, text, interval),
    flowai.ref_purge(integer) TO flowai_user;

-- --------------------------------------------------------------------------------------- plan

COMMENT ON FUNCTION flowai.plan_kind_define(text, jsonb) IS 'Defines a kind of plans by the JSON Schema 2020-12 that bodies must fit, or a new revision of it; plans already stored stay, and the same definition once more changes nothing. Returns the revision. Error 22023 for an invalid schema, 54000 for one that asks too much, as ref_kind_define, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.plan_store(text, text, jsonb, bigint) IS 'Stores a plan as a draft: body is {title, steps: [{operation, input, references: [{kind, id}]}]}. A new plan without expected_revision (23505 if it exists); a new body for a draft with the revision that you have seen (40001 if it is another, 55000 if it is no draft; a plan about which nobody decided in time becomes one). Row: plan, revision, created. Error 22023 for a malformed body or one that its kind''s schema refuses, P0002 for an unknown kind or references that do not resolve (listing them), 54000 over a limit or if the check would take too long, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.plan_get(text) IS 'A plan with its steps, their states, results and references, how often it was claimed (attempt) and until when its worker has it. No row if it is not there.';
COMMENT ON FUNCTION flowai.plan_list(text, text, integer) IS 'Plans in order of id, of one state or of all; page with after. Error 22023 for an unknown state or a bad max_rows, 42501 without tenant.';
COMMENT ON FUNCTION flowai.plan_history(text) IS 'Every move of a plan from state to state, in order. No rows for an unknown plan.';
COMMENT ON FUNCTION flowai.plan_inputs(text) IS 'Every payload that a plan''s steps use, from one snapshot: step_no, kind, id, payload. Error P0002 for an unknown plan, or if references have expired or gone (listing them); XX001 if a payload was altered from outside; 42501 without tenant.';
COMMENT ON FUNCTION flowai.plan_submit(text, interval, text) IS 'Submits a draft: asks for a decision on exactly this body, until the deadline if one is given; if a policy says that none is needed, the plan is approved at once and the approval waived. A plan about which nobody decided in time is a draft again and may be submitted anew. Row: plan, state, revision, approval. Error P0002 for an unknown plan, or one whose references have expired since, 55000 if it is no draft, 22023 for a bad deadline, 54000 for a comment of more than 8 KiB, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.plan_cancel(text, text) IS 'Cancels a plan that does not run yet, and withdraws its open approval. Row: plan, state, revision. Error P0002 for an unknown plan, 55000 if it runs or is finished, 54000 for a comment of more than 8 KiB, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.plan_claim(text, text, interval) IS 'Gives one worker an approved plan: this one, or the oldest of a kind, or the oldest; skips what others are taking, and takes back what workers let go whose lease is over, as plan_reap does: at once where there is no other, else once a second. Steps that failed in an earlier attempt are pending again. Row: plan, revision, token, lease_expires_at, attempt; no row if there is none. Error 22023 for a bad lease, 22004 for a NULL lease, 42501 without tenant.';
COMMENT ON FUNCTION flowai.plan_heartbeat(text, uuid, interval) IS 'Extends the lease of the worker that has the plan and returns its new end. Error 55000 if the token is not the one of a lease that lives, P0002 for an unknown plan, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.plan_step_finish(text, uuid, integer, jsonb) IS 'Records that a step succeeded, with its result; returns the step''s state. Error 55000 without the lease or if the step is finished, P0002 for an unknown plan or step, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.plan_step_fail(text, uuid, integer, jsonb) IS 'Records that a step failed, with the reason; returns the step''s state. Errors as plan_step_finish.';
COMMENT ON FUNCTION flowai.plan_finish(text, uuid, jsonb) IS 'Ends a plan whose steps all succeeded, with its outcome. Row: plan, state, revision. Error 55000 without the lease or if a step has not succeeded, P0002 for an unknown plan, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.plan_fail(text, uuid, jsonb) IS 'Ends a plan that failed, with the reason. Row: plan, state, revision. Error 55000 without the lease, P0002 for an unknown plan, 22004 for NULL, the reason included, 42501 without tenant.';

COMMENT ON FUNCTION flowai.plan_purge(text, interval, integer) IS 'Removes at most max_rows plans of a tenant that succeeded, failed or were cancelled so long ago, oldest first, with their steps, references, history and approvals, and returns how many; skips those that somebody is at. Their names are free again, and references that no other plan uses may go. Only the event flowai.plan.purged stays. Error 22023 for a bad older_than or max_rows (1 to 100000), P0002 for an unknown tenant, 22004 for NULL. For flowai_admin.';
COMMENT ON FUNCTION flowai.plan_reap(integer, integer) IS 'Takes plans back from workers whose lease is over: to approved, or to failed if that was the max_attempts-th claim (0: never; NULL: flowai.plan_max_attempts). Rows: plan, state, attempt. Skips what others are at; plan_claim and plan_cancel do the same on their way. Steps that succeeded stay so. Error 22023 for a bad max_attempts or max_rows (1 to 10000), 22004 for NULL max_rows, 42501 without tenant.';
ALTER FUNCTION flowai.plan_reap(integer, integer) ROWS 10;
GRANT EXECUTE ON FUNCTION flowai.plan_reap(integer, integer) TO flowai_user;
ALTER FUNCTION flowai.plan_list(text, text, integer) ROWS 100;
ALTER FUNCTION flowai.plan_inputs(text) ROWS 10;
ALTER FUNCTION flowai.plan_store(text, text, jsonb, bigint) ROWS 1;
ALTER FUNCTION flowai.plan_submit(text, interval, text) ROWS 1;
ALTER FUNCTION flowai.plan_cancel(text, text) ROWS 1;
ALTER FUNCTION flowai.plan_claim(text, text, interval) ROWS 1;
ALTER FUNCTION flowai.plan_finish(text, uuid, jsonb) ROWS 1;
ALTER FUNCTION flowai.plan_fail(text, uuid, jsonb) ROWS 1;

GRANT EXECUTE ON FUNCTION flowai.plan_kind_define(text, jsonb), flowai.plan_store(text, text, jsonb, bigint), flowai.plan_get(text),
    flowai.plan_list(text, text, integer), flowai.plan_history(text), flowai.plan_inputs(text),
    flowai.plan_submit(text, interval, text), flowai.plan_cancel(text, text), flowai.plan_claim(text, text, interval),
    flowai.plan_heartbeat(text, uuid, interval), flowai.plan_step_finish(text, uuid, integer, jsonb),
    flowai.plan_step_fail(text, uuid, integer, jsonb), flowai.plan_finish(text, uuid, jsonb), flowai.plan_fail(text, uuid, jsonb) TO flowai_user;

-- ----------------------------------------------------------------------------------- approval

COMMENT ON FUNCTION flowai.approval_request(text, text, jsonb, interval, text) IS 'Asks for a decision about exactly this body, until the deadline if one is given. subject_kind tool: subject_id is a tool of flowai.tools() and body its arguments; a grant lets the asker call it so once, until the deadline. subject_kind plan: body must be the body of that draft, which is submitted. Any other kind is the asker''s own, and its title is the one given or the body''s. Row: approval, created (false: the same was asked already and waits), status (open, or waived by a policy). Error 23505 if something else about the subject waits, 40001 (rule approval_body) if the plan has another body, P0002 for an unknown plan or tool, 22023 for arguments that do not fit the tool, a bad deadline or title, 54000 for a body of more than 1 MiB or if the role has 1000 calls of tools waiting, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.approval_decide(uuid, text, text) IS 'Decides what waits for a person: granted, denied or sent_back. Of a plan, that approves it, cancels it or makes it a draft again, in the same transaction, and only if it still is what was asked about. Row: plan and state (NULL for other subjects), decision. Error P0002 for an unknown approval, 55000 if it is decided or its deadline has passed, 42501 if the policy (that of then or that of now) names deciders that the role is none of or separates duties and the login is the one that asked, 40001 if the plan is another, 22023 for another decision, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.approval_withdraw(uuid, text) IS 'Takes back an approval that this role has asked for. False if it was decided already. Error 42501 (rule approval_asker) for somebody else''s, 55000 for a plan''s, which goes with plan_cancel, P0002 for an unknown one, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.approval_wait(uuid, interval) IS 'Waits until an approval is decided, its deadline has passed, or the timeout (up to an hour) is over. Row: status (open: the time is over), comment, decided_by, decided_at. Sleeps on the latch of the process between looks that get rarer, from 5 milliseconds to a second; a cancel request or statement_timeout ends it at once. Each look sees what is committed by then in every isolation level: in REPEATABLE READ and SERIALIZABLE the answer is newer than what the transaction''s own statements see. The transaction stays open meanwhile: commit what is asked before, or nobody can decide it. Error P0002 for an unknown approval, 22023 for another timeout, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.approval_get(uuid) IS 'An approval with its body and status: open, granted, denied, sent_back, withdrawn, waived or expired. No row if it is not there, for NULL, or without tenant.';
COMMENT ON FUNCTION flowai.approval_list(text, uuid, integer) IS 'Approvals, newest first: asked, those of this role; or waiting, those that this session may decide. Pass the last id of a page as after of the next. Error 22023 for another word or a bad max_rows, 22004 for a NULL one. No rows without tenant.';
COMMENT ON FUNCTION flowai.approval_policy_set(text, text, text, text, regprocedure, boolean, text) IS 'Sets when a tenant needs an approval. subject_kind plan with the kind of a plan, tool with the name of a tool, or another kind with the id of a subject; subject * is for all that have no policy of their own. policy: never, always, or predicate: a function (subject_kind text, subject text, body jsonb) that returns true where one is needed. It runs as the role that asks, never as flowai_owner, in a read-only query with search_path pg_catalog (names in it say their schema), within a second; NULL, an error, a write, a function in it that was not allowed with function_allow, or a change of the function since this call mean that an approval is needed. separate_duties: the login that asked may not decide; true unless told otherwise, while without any policy it may. deciders: the role whose members may decide. A policy about the tool execute_query binds ref_put_query as well. A grant counts only as long as whoever gave it may decide by the policy in force. A policy goes by the name of a plan''s kind: whoever of the tenant may call plan_kind_define decides what that name stands for. A policy about a tool holds at flowai.call_tool: a role that may send SQL of its own calls what is behind the tool without it. True if this changed anything. Error P0002 for an unknown tenant, role, tool, kind of plans or function, 22023 for another policy or function, or one that would protect nothing, 22004 for NULL. For flowai_admin.';
COMMENT ON FUNCTION flowai.approval_policy_drop(text, text, text) IS 'Takes a policy away: without one plans and requests wait for any member of the tenant, who asked included, and tools run. False if there was none. What waits keeps the rules that it was asked under. Error P0002 for an unknown tenant, 22004 for NULL. For flowai_admin.';
COMMENT ON FUNCTION flowai.approval_purge(text, interval, integer) IS 'Removes at most max_rows approvals of a tenant that were decided, or ran out of time, so long ago, oldest first, and returns how many. Those about plans stay as long as the plan (plan_purge), and so do grants for calls of tools that may still run. Where a call was denied, it may be asked for anew. Errors as plan_purge. For flowai_admin.';
COMMENT ON FUNCTION flowai.approval_policy_list(text) IS 'The policies of a tenant. Error P0002 for an unknown tenant, 22004 for NULL. For flowai_admin.';
COMMENT ON FUNCTION flowai_internal.approval_gate(text, jsonb) IS 'Whether a call of a tool may go on; if not, the approval that it waits for or that was refused. Uses up the grant of exactly this call, or asks for one. For flowai.call_tool, which asks as flowai_owner.';

ALTER FUNCTION flowai.approval_request(text, text, jsonb, interval, text) ROWS 1;
ALTER FUNCTION flowai.approval_decide(uuid, text, text) ROWS 1;
ALTER FUNCTION flowai.approval_wait(uuid, interval) ROWS 1;
ALTER FUNCTION flowai.approval_policy_list(text) ROWS 10;
ALTER FUNCTION flowai_internal.approval_gate(text, jsonb) ROWS 1;
GRANT EXECUTE ON FUNCTION flowai.approval_request(text, text, jsonb, interval, text), flowai.approval_decide(uuid, text, text),
    flowai.approval_withdraw(uuid, text), flowai.approval_wait(uuid, interval), flowai.approval_get(uuid),
    flowai.approval_list(text, uuid, integer), flowai_internal.approval_status(text, timestamptz),
    flowai_internal.approval_may_decide(text, text) TO flowai_user;
GRANT EXECUTE ON FUNCTION flowai.approval_policy_set(text, text, text, text, regprocedure, boolean, text),
    flowai.approval_policy_drop(text, text, text), flowai.approval_policy_list(text),
    flowai.plan_purge(text, interval, integer), flowai.approval_purge(text, interval, integer) TO flowai_admin;

-- --------------------------------------------------------------------------- data environment

COMMENT ON FUNCTION flowai.data_environment_set(jsonb) IS 'Stores the data environment of the workspace that the document names, else of the one in force. Row: workspace, revision (the same document once more changes nothing), set_at. Tools that need what it does not supply answer with the setting that would; without a document this database supplies everything. Error 22023 (rule data_environment_valid) if data_environment_validate finds anything, 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.data_environment_validate(jsonb) IS 'Everything that is wrong with a data environment, one row a problem: path, problem, hint. No rows if it is right. Keys are tenant_id (must be the tenant in force), workspace_id, kv, target_database or target_database_url (with target_database_schema), catalog, catalog_search; no others. Passwords in URLs are refused. At most 200 problems. Error 22004 for NULL, 42501 without tenant.';
COMMENT ON FUNCTION flowai.data_environment_get() IS 'The data environment of the workspace in force. No row if none was set, or without tenant.';
COMMENT ON FUNCTION flowai.data_environment_supplies() IS 'The keys of the data environment of the workspace in force; NULL if none was set, or without tenant.';

ALTER FUNCTION flowai.data_environment_set(jsonb) ROWS 1;
ALTER FUNCTION flowai.data_environment_validate(jsonb) ROWS 10;
GRANT EXECUTE ON FUNCTION flowai.data_environment_set(jsonb), flowai.data_environment_validate(jsonb), flowai.data_environment_get(),
    flowai.data_environment_supplies() TO flowai_user;

-- --------------------------------------------------------------------------------------- tool

COMMENT ON FUNCTION flowai.tools() IS 'The tools that an agent may use: name, description, and input_schema, a JSON Schema as function-calling APIs take it.';
COMMENT ON FUNCTION flowai.call_tool(text, jsonb) IS 'Runs a tool of flowai.tools() with the caller''s rights and returns its answer as an object. What an agent can repair (an unknown tool, arguments that do not fit, not found, a lost compare-and-set, a violation of a limit or of the read-only rule) comes back as {"error", "code", "detail", "hint"}, code being an SQLSTATE; what the call did is taken back then, and the transaction stays usable. Where a policy asks for an approval the answer is an error with approval_id and status: the call runs once a person has granted it, when the same role calls again with equal arguments, and each grant is for one call; if the call fails, or its transaction is rolled back, its grant stays: what it read before that was read. Where the tenant has set a data environment, tools whose data it does not supply say which setting would. A null argument counts as left away. Arguments have at most 32 MiB and 127 levels. Raises for cancel requests and for what no agent can repair.';
GRANT EXECUTE ON FUNCTION flowai.tools(), flowai.call_tool(text, jsonb) TO flowai_user;

-- ---------------------------------------------------------------------------------- readiness

COMMENT ON FUNCTION flowai.readiness() IS 'Whether what the runtime promises holds here, one row per capability: status (ready; not ready; partially ready: an advisory check failed; not built, partially built: this version does not have it, or not all of it, and what it has is ready), checks, and failing: an object of each failed check with at most 20 of the objects that broke it. Computed from the system catalogs at each call. For flowai_admin.';
COMMENT ON FUNCTION flowai.selftest() IS 'Probes isolation with two tenants that it makes and takes back: probe in words, ok. Leaves nothing. Needs a transaction that may write. For flowai_admin.';
GRANT EXECUTE ON FUNCTION flowai.readiness(), flowai.selftest() TO flowai_admin;

-- ------------------------------------------------------------------------- owners and rights

DO $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT p.oid::pg_catalog.regprocedure AS routine
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_proc p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
        WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
          AND d.refobjid = (SELECT oid FROM pg_catalog.pg_extension WHERE extname = 'flowai_runtime')
    LOOP
        EXECUTE pg_catalog.format('ALTER ROUTINE %s OWNER TO flowai_owner', item.routine);
        EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', item.routine);
    END LOOP;
    FOR item IN
        SELECT d.objid::pg_catalog.regclass AS relation, c.relkind
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
        WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
          AND d.refobjid = (SELECT oid FROM pg_catalog.pg_extension WHERE extname = 'flowai_runtime')
          AND c.relkind IN ('r', 'p', 'v')
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s OWNER TO flowai_owner', item.relation);
        EXECUTE pg_catalog.format('REVOKE ALL ON TABLE %s FROM PUBLIC', item.relation);
    END LOOP;
    FOR item IN
        SELECT t.oid::pg_catalog.regtype AS domain
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_type t ON d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid
        WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
          AND d.refobjid = (SELECT oid FROM pg_catalog.pg_extension WHERE extname = 'flowai_runtime')
          AND t.typtype = 'd'
    LOOP
        EXECUTE pg_catalog.format('ALTER DOMAIN %s OWNER TO flowai_owner', item.domain);
    END LOOP;
END $$;

-- Called in the place of functions that everybody may call, also inside functions with another owner's rights.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT p.oid::pg_catalog.regprocedure AS routine FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = 'flowai_internal'::pg_catalog.regnamespace
          AND pg_catalog.starts_with(p.proname, 'bounded_')
    LOOP
        EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', item.routine);
    END LOOP;
END $$;
-- Policies call these two for whoever reads a tenant table.
GRANT EXECUTE ON FUNCTION flowai.current_tenant(), flowai.tenant_is(text) TO PUBLIC;
GRANT EXECUTE ON FUNCTION flowai.whoami(), flowai.require_tenant(), flowai.use_tenant(text, text)
    TO flowai_user, flowai_admin;
GRANT EXECUTE ON FUNCTION flowai.tenant_create(text, text), flowai.tenant_grant(text, text),
    flowai.tenant_revoke(text, text), flowai.tenant_list(text, integer, boolean), flowai.tenant_usage(text),
    flowai.tenant_version_set(text, text), flowai.tenant_history(text), flowai.tenant_drop_some(text, integer),
    flowai.tenant_export(text), flowai.tenant_import(text, text, jsonb) TO flowai_admin;
GRANT EXECUTE ON PROCEDURE flowai.tenant_drop(text, integer) TO flowai_admin;
GRANT EXECUTE ON FUNCTION flowai_internal.page_rows(integer) TO flowai_admin;
-- The view takes DML; what it reads and writes is decided by the functions and policies beneath it.
GRANT SELECT, INSERT, UPDATE, DELETE ON flowai.catalog TO flowai_user;
GRANT SELECT ON flowai.approval_inbox, flowai.approval_outbox TO flowai_user;

-- ------------------------------------------------------------------------------ what is installed

-- Nothing may come after this.
DO $$
BEGIN
    PERFORM flowai_internal.facts_record();
END $$;

-- flowai_runtime::api::approval::approval_decide
CREATE  FUNCTION "approval_decide"(
	"approval" uuid, /* Option < Uuid > */
	"decision" TEXT, /* Option < & str > */
	"comment" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS TABLE (
	"plan" TEXT,  /* Option < String > */
	"state" TEXT,  /* Option < String > */
	"decision" TEXT  /* String */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'approval_decide_wrapper';

-- flowai_runtime::api::approval::approval_gate
CREATE  FUNCTION "approval_gate"(
	"tool" TEXT, /* Option < & str > */
	"arguments" jsonb /* Option < Jsonb > */
) RETURNS TABLE (
	"open" bool,  /* bool */
	"approval" uuid,  /* Option < Uuid > */
	"status" TEXT,  /* Option < String > */
	"comment" TEXT  /* Option < String > */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'approval_gate_wrapper';

-- flowai_runtime::api::approval::approval_policy_drop
CREATE  FUNCTION "approval_policy_drop"(
	"tenant" TEXT, /* Option < & str > */
	"subject_kind" TEXT, /* Option < & str > */
	"subject" TEXT /* Option < & str > */
) RETURNS bool /* bool */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'approval_policy_drop_wrapper';

-- flowai_runtime::api::approval::approval_policy_list
CREATE  FUNCTION "approval_policy_list"(
	"tenant" TEXT /* Option < & str > */
) RETURNS TABLE (
	"subject_kind" TEXT,  /* String */
	"subject" TEXT,  /* String */
	"policy" TEXT,  /* String */
	"predicate" TEXT,  /* Option < String > */
	"separate_duties" bool,  /* bool */
	"deciders" TEXT,  /* Option < String > */
	"set_by" TEXT  /* String */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'approval_policy_list_wrapper';

-- flowai_runtime::api::approval::approval_policy_set
CREATE  FUNCTION "approval_policy_set"(
	"tenant" TEXT, /* Option < & str > */
	"subject_kind" TEXT, /* Option < & str > */
	"subject" TEXT, /* Option < & str > */
	"policy" TEXT, /* Option < & str > */
	"predicate" regprocedure DEFAULT NULL, /* Option < Regprocedure > */
	"separate_duties" bool DEFAULT true, /* Option < bool > */
	"deciders" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS bool /* bool */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'approval_policy_set_wrapper';

-- flowai_runtime::api::approval::approval_purge
CREATE  FUNCTION "approval_purge"(
	"tenant" TEXT, /* Option < & str > */
	"older_than" interval, /* Option < Interval > */
	"max_rows" INT DEFAULT 1000 /* Option < i32 > */
) RETURNS bigint /* i64 */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'approval_purge_wrapper';

-- flowai_runtime::api::approval::approval_request
CREATE  FUNCTION "approval_request"(
	"subject_kind" TEXT, /* Option < & str > */
	"subject_id" TEXT, /* Option < & str > */
	"body" jsonb, /* Option < Jsonb > */
	"deadline" interval DEFAULT NULL, /* Option < Interval > */
	"title" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS TABLE (
	"approval" uuid,  /* Uuid */
	"created" bool,  /* bool */
	"status" TEXT  /* String */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'approval_request_wrapper';

-- flowai_runtime::api::approval::approval_wait
CREATE  FUNCTION "approval_wait"(
	"approval" uuid, /* Option < Uuid > */
	"timeout" interval DEFAULT '30 seconds' /* Option < Interval > */
) RETURNS TABLE (
	"status" TEXT,  /* String */
	"comment" TEXT,  /* Option < String > */
	"decided_by" TEXT,  /* Option < String > */
	"decided_at" timestamp with time zone  /* Option < TimestampWithTimeZone > */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'approval_wait_wrapper';

-- flowai_runtime::api::approval::approval_withdraw
CREATE  FUNCTION "approval_withdraw"(
	"approval" uuid, /* Option < Uuid > */
	"comment" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS bool /* bool */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'approval_withdraw_wrapper';

-- flowai_runtime::api::catalog::catalog_delete
CREATE  FUNCTION "catalog_delete"(
	"ids" TEXT[] /* :: std :: option :: Option < Vec < Option < String > > > */
) RETURNS TABLE (
	"id" TEXT,  /* String */
	"deleted" bool  /* bool */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'catalog_delete_wrapper';

-- flowai_runtime::api::catalog::catalog_put
CREATE  FUNCTION "catalog_put"(
	"entries" jsonb /* Option < Jsonb > */
) RETURNS TABLE (
	"id" TEXT,  /* String */
	"outcome" TEXT,  /* String */
	"version" bigint  /* Option < i64 > */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'catalog_put_wrapper';

-- flowai_runtime::api::catalog::catalog_replace
CREATE  FUNCTION "catalog_replace"(
	"entries" jsonb, /* Option < Jsonb > */
	"database_id" TEXT DEFAULT NULL, /* Option < & str > */
	"item_type" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS TABLE (
	"id" TEXT,  /* String */
	"outcome" TEXT,  /* String */
	"version" bigint  /* Option < i64 > */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'catalog_replace_wrapper';

-- flowai_runtime::api::catalog::catalog_view_end
CREATE FUNCTION "catalog_view_end"()
	RETURNS TRIGGER
	LANGUAGE c
	AS 'MODULE_PATHNAME', 'catalog_view_end_wrapper';

-- flowai_runtime::api::catalog::catalog_view_write
CREATE FUNCTION "catalog_view_write"()
	RETURNS TRIGGER
	LANGUAGE c
	AS 'MODULE_PATHNAME', 'catalog_view_write_wrapper';

-- flowai_runtime::api::catalog::get_catalog_entities
CREATE  FUNCTION "get_catalog_entities"(
	"ids" TEXT[] /* Vec < Option < String > > */
) RETURNS TABLE (
	"ordinal" INT,  /* i32 */
	"id" TEXT,  /* String */
	"found" bool,  /* bool */
	"item_type" TEXT,  /* Option < String > */
	"name" TEXT,  /* Option < String > */
	"qualified_name" TEXT,  /* Option < String > */
	"content" TEXT,  /* Option < String > */
	"tags" TEXT[],  /* :: std :: option :: Option < Vec < String > > */
	"related" jsonb,  /* Option < Stored > */
	"metadata" jsonb,  /* Option < Stored > */
	"version" bigint  /* Option < i64 > */
)
STRICT STABLE PARALLEL RESTRICTED
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'get_catalog_entities_wrapper';

-- flowai_runtime::api::catalog::get_relation_paths_between
CREATE  FUNCTION "get_relation_paths_between"(
	"from_id" TEXT, /* Option < & str > */
	"to_id" TEXT, /* Option < & str > */
	"max_hops" INT DEFAULT 4, /* Option < i32 > */
	"kinds" TEXT[] DEFAULT '{}', /* :: std :: option :: Option < Vec < Option < String > > > */
	"directed" bool DEFAULT false, /* Option < bool > */
	"max_paths" INT DEFAULT 5 /* Option < i32 > */
) RETURNS TABLE (
	"path_no" INT,  /* i32 */
	"hops" INT,  /* i32 */
	"ids" TEXT[],  /* Vec < String > */
	"kinds" TEXT[],  /* Vec < String > */
	"forward" bool[],  /* Vec < bool > */
	"complete" bool  /* bool */
)
STABLE PARALLEL RESTRICTED
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'get_relation_paths_between_wrapper';

-- flowai_runtime::api::data_environment::data_environment_set
CREATE  FUNCTION "data_environment_set"(
	"config" jsonb /* Option < Jsonb > */
) RETURNS TABLE (
	"workspace" TEXT,  /* String */
	"revision" bigint,  /* i64 */
	"set_at" timestamp with time zone  /* TimestampWithTimeZone */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'data_environment_set_wrapper';

-- flowai_runtime::api::data_environment::data_environment_validate
CREATE  FUNCTION "data_environment_validate"(
	"config" jsonb /* Option < Jsonb > */
) RETURNS TABLE (
	"path" TEXT,  /* String */
	"problem" TEXT,  /* String */
	"hint" TEXT  /* String */
)
STABLE PARALLEL RESTRICTED
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'data_environment_validate_wrapper';

-- flowai_runtime::api::event::event_emit
CREATE  FUNCTION "event_emit"(
	"name" TEXT, /* Option < & str > */
	"attributes" jsonb DEFAULT '{}', /* Option < Jsonb > */
	"severity" TEXT DEFAULT 'info', /* Option < & str > */
	"trace_id" TEXT DEFAULT NULL, /* Option < & str > */
	"span_id" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS TABLE (
	"event_id" uuid,  /* Uuid */
	"recorded_at" timestamp with time zone  /* TimestampWithTimeZone */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'event_emit_wrapper';

-- flowai_runtime::api::event::event_first_id
CREATE  FUNCTION "event_first_id"(
	"since" timestamp with time zone /* TimestampWithTimeZone */
) RETURNS uuid /* Uuid */
IMMUTABLE STRICT PARALLEL SAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'event_first_id_wrapper';

-- flowai_runtime::api::event::event_id_fits
CREATE  FUNCTION "event_id_fits"(
	"id" uuid, /* Uuid */
	"recorded_at" timestamp with time zone /* TimestampWithTimeZone */
) RETURNS bool /* bool */
IMMUTABLE STRICT PARALLEL SAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'event_id_fits_wrapper';

-- flowai_runtime::api::event::event_id_moment
CREATE  FUNCTION "event_id_moment"(
	"id" uuid /* Uuid */
) RETURNS timestamp with time zone /* TimestampWithTimeZone */
IMMUTABLE STRICT PARALLEL SAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'event_id_moment_wrapper';

-- flowai_runtime::api::event::event_note
CREATE  FUNCTION "event_note"(
	"tenant" TEXT, /* Option < & str > */
	"name" TEXT, /* Option < & str > */
	"attributes" jsonb /* Option < Jsonb > */
) RETURNS void
VOLATILE PARALLEL UNSAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'event_note_wrapper';

-- flowai_runtime::api::kv::kv_delete
CREATE  FUNCTION "kv_delete"(
	"namespace" TEXT, /* Option < & str > */
	"key" TEXT /* Option < & str > */
) RETURNS bool /* bool */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'kv_delete_wrapper';

-- flowai_runtime::api::kv::kv_increment
CREATE  FUNCTION "kv_increment"(
	"namespace" TEXT, /* Option < & str > */
	"key" TEXT, /* Option < & str > */
	"by" bigint DEFAULT 1, /* Option < i64 > */
	"ttl" interval DEFAULT NULL /* Option < Interval > */
) RETURNS TABLE (
	"value" bigint,  /* i64 */
	"version" bigint,  /* i64 */
	"expires_at" timestamp with time zone  /* Option < TimestampWithTimeZone > */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'kv_increment_wrapper';

-- flowai_runtime::api::kv::kv_purge
CREATE  FUNCTION "kv_purge"(
	"max_rows" INT DEFAULT 1000 /* Option < i32 > */
) RETURNS bigint /* i64 */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'kv_purge_wrapper';

-- flowai_runtime::api::kv::kv_put
CREATE  FUNCTION "kv_put"(
	"namespace" TEXT, /* Option < & str > */
	"key" TEXT, /* Option < & str > */
	"value" jsonb, /* Option < Jsonb > */
	"ttl" interval DEFAULT NULL, /* Option < Interval > */
	"expected_version" bigint DEFAULT NULL /* Option < i64 > */
) RETURNS TABLE (
	"version" bigint,  /* i64 */
	"created" bool,  /* bool */
	"expires_at" timestamp with time zone  /* Option < TimestampWithTimeZone > */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'kv_put_wrapper';

-- flowai_runtime::api::kv::kv_put_if_absent
CREATE  FUNCTION "kv_put_if_absent"(
	"namespace" TEXT, /* Option < & str > */
	"key" TEXT, /* Option < & str > */
	"value" jsonb, /* Option < Jsonb > */
	"ttl" interval DEFAULT NULL /* Option < Interval > */
) RETURNS TABLE (
	"version" bigint,  /* i64 */
	"created" bool,  /* bool */
	"expires_at" timestamp with time zone  /* Option < TimestampWithTimeZone > */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'kv_put_if_absent_wrapper';

-- flowai_runtime::api::kv::kv_put_many
CREATE  FUNCTION "kv_put_many"(
	"namespace" TEXT, /* Option < & str > */
	"entries" jsonb, /* Option < Jsonb > */
	"ttl" interval DEFAULT NULL /* Option < Interval > */
) RETURNS TABLE (
	"ordinal" bigint,  /* i64 */
	"key" TEXT,  /* String */
	"version" bigint,  /* i64 */
	"created" bool,  /* bool */
	"expires_at" timestamp with time zone  /* Option < TimestampWithTimeZone > */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'kv_put_many_wrapper';

-- flowai_runtime::api::page::argument_word
CREATE  FUNCTION "argument_word"(
	"argument" TEXT, /* & str */
	"word" TEXT, /* Option < & str > */
	"words" TEXT[] /* Vec < String > */
) RETURNS bool /* bool */
IMMUTABLE PARALLEL SAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'argument_word_wrapper';

-- flowai_runtime::api::page::json_array
CREATE  FUNCTION "json_array"(
	"what" TEXT, /* & str */
	"value" jsonb, /* Jsonb */
	"hint" TEXT /* & str */
) RETURNS jsonb /* Jsonb */
IMMUTABLE STRICT PARALLEL SAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'json_array_wrapper';

-- flowai_runtime::api::page::page_rows
CREATE  FUNCTION "page_rows"(
	"max_rows" INT /* Option < i32 > */
) RETURNS INT /* i32 */
IMMUTABLE PARALLEL SAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'page_rows_wrapper';

-- flowai_runtime::api::page::prefix_end
CREATE  FUNCTION "prefix_end"(
	"prefix" TEXT /* & str */
) RETURNS TEXT /* String */
IMMUTABLE STRICT PARALLEL SAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'prefix_end_wrapper';

-- flowai_runtime::api::plan::plan_cancel
CREATE  FUNCTION "plan_cancel"(
	"plan" TEXT, /* Option < & str > */
	"comment" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS TABLE (
	"plan" TEXT,  /* String */
	"state" TEXT,  /* String */
	"revision" bigint  /* i64 */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'plan_cancel_wrapper';

-- flowai_runtime::api::plan::plan_claim
CREATE  FUNCTION "plan_claim"(
	"plan" TEXT DEFAULT NULL, /* Option < & str > */
	"kind" TEXT DEFAULT NULL, /* Option < & str > */
	"lease" interval DEFAULT '5 minutes' /* Option < Interval > */
) RETURNS TABLE (
	"plan" TEXT,  /* String */
	"revision" bigint,  /* i64 */
	"token" uuid,  /* Uuid */
	"lease_expires_at" timestamp with time zone,  /* TimestampWithTimeZone */
	"attempt" INT  /* i32 */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'plan_claim_wrapper';

-- flowai_runtime::api::plan::plan_fail
CREATE  FUNCTION "plan_fail"(
	"plan" TEXT, /* Option < & str > */
	"token" uuid, /* Option < Uuid > */
	"error" jsonb /* Option < Jsonb > */
) RETURNS TABLE (
	"plan" TEXT,  /* String */
	"state" TEXT,  /* String */
	"revision" bigint  /* i64 */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'plan_fail_wrapper';

-- flowai_runtime::api::plan::plan_finish
CREATE  FUNCTION "plan_finish"(
	"plan" TEXT, /* Option < & str > */
	"token" uuid, /* Option < Uuid > */
	"outcome" jsonb DEFAULT NULL /* Option < Jsonb > */
) RETURNS TABLE (
	"plan" TEXT,  /* String */
	"state" TEXT,  /* String */
	"revision" bigint  /* i64 */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'plan_finish_wrapper';

-- flowai_runtime::api::plan::plan_heartbeat
CREATE  FUNCTION "plan_heartbeat"(
	"plan" TEXT, /* Option < & str > */
	"token" uuid, /* Option < Uuid > */
	"lease" interval DEFAULT '5 minutes' /* Option < Interval > */
) RETURNS timestamp with time zone /* TimestampWithTimeZone */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'plan_heartbeat_wrapper';

-- flowai_runtime::api::plan::plan_inputs
CREATE  FUNCTION "plan_inputs"(
	"plan" TEXT /* & str */
) RETURNS TABLE (
	"step_no" INT,  /* i32 */
	"kind" TEXT,  /* String */
	"id" TEXT,  /* String */
	"payload" jsonb  /* Stored */
)
STRICT STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'plan_inputs_wrapper';

-- flowai_runtime::api::plan::plan_kind_define
CREATE  FUNCTION "plan_kind_define"(
	"kind" TEXT, /* Option < & str > */
	"schema" jsonb /* Option < Jsonb > */
) RETURNS bigint /* i64 */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'plan_kind_define_wrapper';

-- flowai_runtime::api::plan::plan_list
CREATE  FUNCTION "plan_list"(
	"state" TEXT DEFAULT NULL, /* Option < & str > */
	"after" TEXT DEFAULT NULL, /* Option < & str > */
	"max_rows" INT DEFAULT 100 /* Option < i32 > */
) RETURNS TABLE (
	"id" TEXT,  /* String */
	"kind" TEXT,  /* String */
	"state" TEXT,  /* String */
	"revision" bigint,  /* i64 */
	"title" TEXT,  /* String */
	"created_at" timestamp with time zone,  /* TimestampWithTimeZone */
	"attempt" INT  /* i32 */
)
STABLE PARALLEL RESTRICTED
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'plan_list_wrapper';

-- flowai_runtime::api::plan::plan_purge
CREATE  FUNCTION "plan_purge"(
	"tenant" TEXT, /* Option < & str > */
	"older_than" interval, /* Option < Interval > */
	"max_rows" INT DEFAULT 1000 /* Option < i32 > */
) RETURNS bigint /* i64 */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'plan_purge_wrapper';

-- flowai_runtime::api::plan::plan_reap
CREATE  FUNCTION "plan_reap"(
	"max_attempts" INT DEFAULT NULL, /* Option < i32 > */
	"max_rows" INT DEFAULT 100 /* Option < i32 > */
) RETURNS TABLE (
	"plan" TEXT,  /* String */
	"state" TEXT,  /* String */
	"attempt" INT  /* i32 */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'plan_reap_wrapper';

-- flowai_runtime::api::plan::plan_step_fail
CREATE  FUNCTION "plan_step_fail"(
	"plan" TEXT, /* Option < & str > */
	"token" uuid, /* Option < Uuid > */
	"step_no" INT, /* Option < i32 > */
	"error" jsonb DEFAULT NULL /* Option < Jsonb > */
) RETURNS TEXT /* & '_ str */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'plan_step_fail_wrapper';

-- flowai_runtime::api::plan::plan_step_finish
CREATE  FUNCTION "plan_step_finish"(
	"plan" TEXT, /* Option < & str > */
	"token" uuid, /* Option < Uuid > */
	"step_no" INT, /* Option < i32 > */
	"result" jsonb DEFAULT NULL /* Option < Jsonb > */
) RETURNS TEXT /* & '_ str */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'plan_step_finish_wrapper';

-- flowai_runtime::api::plan::plan_store
CREATE  FUNCTION "plan_store"(
	"kind" TEXT, /* Option < & str > */
	"plan" TEXT, /* Option < & str > */
	"body" jsonb, /* Option < Jsonb > */
	"expected_revision" bigint DEFAULT NULL /* Option < i64 > */
) RETURNS TABLE (
	"plan" TEXT,  /* String */
	"revision" bigint,  /* i64 */
	"created" bool  /* bool */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'plan_store_wrapper';

-- flowai_runtime::api::plan::plan_submit
CREATE  FUNCTION "plan_submit"(
	"plan" TEXT, /* Option < & str > */
	"deadline" interval DEFAULT NULL, /* Option < Interval > */
	"comment" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS TABLE (
	"plan" TEXT,  /* String */
	"state" TEXT,  /* String */
	"revision" bigint,  /* i64 */
	"approval" uuid  /* Uuid */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'plan_submit_wrapper';

-- flowai_runtime::api::query::database_identity
CREATE  FUNCTION "database_identity"() RETURNS TEXT /* String */
STRICT STABLE PARALLEL SAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'database_identity_wrapper';

-- flowai_runtime::api::query::execute_query
CREATE  FUNCTION "execute_query"(
	"sql" TEXT, /* Option < & str > */
	"max_rows" INT DEFAULT 100, /* Option < i32 > */
	"timeout" interval DEFAULT '5 s', /* Option < Interval > */
	"target" TEXT DEFAULT 'local' /* Option < & str > */
) RETURNS jsonb /* Answer */
VOLATILE PARALLEL UNSAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'execute_query_wrapper';

-- flowai_runtime::api::query::extension_allow
CREATE  FUNCTION "extension_allow"(
	"extension" TEXT, /* Option < & str > */
	"tenant" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS bigint /* i64 */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'extension_allow_wrapper';

-- flowai_runtime::api::query::function_allow
CREATE  FUNCTION "function_allow"(
	"function" regprocedure, /* Option < Regprocedure > */
	"tenant" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS bool /* bool */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'function_allow_wrapper';

-- flowai_runtime::api::query::function_disallow
CREATE  FUNCTION "function_disallow"(
	"function" regprocedure, /* Option < Regprocedure > */
	"tenant" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS bool /* bool */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'function_disallow_wrapper';

-- flowai_runtime::api::query::query

CREATE FUNCTION flowai.query(sql text, max_rows integer DEFAULT 1000, timeout interval DEFAULT '5 s')
RETURNS SETOF record VOLATILE PARALLEL UNSAFE ROWS 100 COST 1000
LANGUAGE c AS 'MODULE_PATHNAME', 'query_wrapper';

-- flowai_runtime::api::query::query_array
CREATE  FUNCTION "query_array"(
	"sql" TEXT, /* Option < & str > */
	"max_rows" INT, /* Option < i32 > */
	"timeout" interval /* Option < Interval > */
) RETURNS jsonb /* Answer */
VOLATILE PARALLEL UNSAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'query_array_wrapper';

-- flowai_runtime::api::query::sample_table_data
CREATE  FUNCTION "sample_table_data"(
	"entry" TEXT, /* Option < & str > */
	"columns" TEXT[] DEFAULT NULL, /* :: std :: option :: Option < Vec < Option < String > > > */
	"max_rows" INT DEFAULT 10, /* Option < i32 > */
	"timeout" interval DEFAULT '5 s' /* Option < Interval > */
) RETURNS jsonb /* Answer */
VOLATILE PARALLEL UNSAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sample_table_data_wrapper';

-- flowai_runtime::api::query::validate_query
CREATE  FUNCTION "validate_query"(
	"sql" TEXT, /* Option < & str > */
	"dialect" TEXT DEFAULT 'postgres' /* Option < & str > */
) RETURNS TABLE (
	"ok" bool,  /* bool */
	"code" TEXT,  /* Option < String > */
	"message" TEXT,  /* Option < String > */
	"position" INT,  /* Option < i32 > */
	"relations" TEXT[],  /* Vec < String > */
	"functions" TEXT[]  /* Vec < String > */
)
VOLATILE PARALLEL UNSAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'validate_query_wrapper';

-- flowai_runtime::api::query_target::query_target_define
CREATE  FUNCTION "query_target_define"(
	"tenant" TEXT, /* Option < & str > */
	"name" TEXT, /* Option < & str > */
	"kind" TEXT, /* Option < & str > */
	"source" TEXT /* Option < & str > */
) RETURNS bool /* bool */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'query_target_define_wrapper';

-- flowai_runtime::api::query_target::query_target_drop
CREATE  FUNCTION "query_target_drop"(
	"tenant" TEXT, /* Option < & str > */
	"name" TEXT /* Option < & str > */
) RETURNS bool /* bool */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'query_target_drop_wrapper';

-- flowai_runtime::api::reference::ref_delete
CREATE  FUNCTION "ref_delete"(
	"kind" TEXT, /* Option < & str > */
	"id" TEXT /* Option < & str > */
) RETURNS bool /* bool */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'ref_delete_wrapper';

-- flowai_runtime::api::reference::ref_extend
CREATE  FUNCTION "ref_extend"(
	"kind" TEXT, /* Option < & str > */
	"id" TEXT, /* Option < & str > */
	"ttl" interval DEFAULT NULL /* Option < Interval > */
) RETURNS timestamp with time zone /* Option < TimestampWithTimeZone > */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'ref_extend_wrapper';

-- flowai_runtime::api::reference::ref_intact
CREATE  FUNCTION "ref_intact"(
	"kind" TEXT, /* & str */
	"id" TEXT, /* & str */
	"payload" jsonb /* Jsonb */
) RETURNS jsonb /* Jsonb */
STRICT STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'ref_intact_wrapper';

-- flowai_runtime::api::reference::ref_kind_define
CREATE  FUNCTION "ref_kind_define"(
	"kind" TEXT, /* Option < & str > */
	"schema" jsonb DEFAULT NULL, /* Option < Jsonb > */
	"ttl" interval DEFAULT NULL, /* Option < Interval > */
	"max_bytes" bigint DEFAULT NULL /* Option < i64 > */
) RETURNS bigint /* i64 */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'ref_kind_define_wrapper';

-- flowai_runtime::api::reference::ref_purge
CREATE  FUNCTION "ref_purge"(
	"max_rows" INT DEFAULT 1000 /* Option < i32 > */
) RETURNS bigint /* i64 */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'ref_purge_wrapper';

-- flowai_runtime::api::reference::ref_put
CREATE  FUNCTION "ref_put"(
	"kind" TEXT, /* Option < & str > */
	"payload" jsonb, /* Option < Jsonb > */
	"summary" jsonb DEFAULT NULL, /* Option < Jsonb > */
	"ttl" interval DEFAULT NULL /* Option < Interval > */
) RETURNS TABLE (
	"kind" TEXT,  /* String */
	"id" TEXT,  /* String */
	"created" bool,  /* bool */
	"summary" jsonb,  /* Stored */
	"expires_at" timestamp with time zone  /* Option < TimestampWithTimeZone > */
)
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'ref_put_wrapper';

-- flowai_runtime::api::reference::ref_put_check
CREATE  FUNCTION "ref_put_check"(
	"kind" TEXT, /* Option < & str > */
	"summary" jsonb, /* Option < Jsonb > */
	"ttl" interval /* Option < Interval > */
) RETURNS bool /* bool */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'ref_put_check_wrapper';

-- flowai_runtime::api::reference::ref_resolve
CREATE  FUNCTION "ref_resolve"(
	"kind" TEXT, /* & str */
	"id" TEXT /* & str */
) RETURNS jsonb /* Stored */
STRICT STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'ref_resolve_wrapper';

-- flowai_runtime::api::search::catalog_facets
CREATE  FUNCTION "catalog_facets"(
	"query" TEXT, /* Option < & str > */
	"item_types" TEXT[] DEFAULT NULL, /* :: std :: option :: Option < Vec < Option < String > > > */
	"tags" TEXT[] DEFAULT NULL, /* :: std :: option :: Option < Vec < Option < String > > > */
	"database_id" TEXT DEFAULT NULL, /* Option < String > */
	"schema_name" TEXT DEFAULT NULL /* Option < String > */
) RETURNS TABLE (
	"facet" TEXT,  /* String */
	"value" TEXT,  /* String */
	"count" bigint  /* i64 */
)
STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'catalog_facets_wrapper';

-- flowai_runtime::api::search::search_catalog
CREATE  FUNCTION "search_catalog"(
	"query" TEXT, /* Option < & str > */
	"item_types" TEXT[] DEFAULT NULL, /* :: std :: option :: Option < Vec < Option < String > > > */
	"tags" TEXT[] DEFAULT NULL, /* :: std :: option :: Option < Vec < Option < String > > > */
	"database_id" TEXT DEFAULT NULL, /* Option < String > */
	"schema_name" TEXT DEFAULT NULL, /* Option < String > */
	"max_rows" INT DEFAULT 20, /* Option < i32 > */
	"cursor" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS TABLE (
	"rank" INT,  /* i32 */
	"id" TEXT,  /* String */
	"item_type" TEXT,  /* String */
	"name" TEXT,  /* String */
	"qualified_name" TEXT,  /* String */
	"score" double precision,  /* f64 */
	"matched" TEXT[],  /* Vec < String > */
	"snippet" TEXT,  /* Option < String > */
	"total" bigint,  /* i64 */
	"relaxed" bool,  /* bool */
	"cursor" TEXT  /* String */
)
STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'search_catalog_wrapper';

-- flowai_runtime::api::search::search_check
CREATE  FUNCTION "search_check"() RETURNS TABLE (
	"problem" TEXT,  /* String */
	"subject" TEXT,  /* String */
	"detail" TEXT  /* String */
)
STRICT STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'search_check_wrapper';

-- flowai_runtime::api::search::search_maintain
CREATE  FUNCTION "search_maintain"() RETURNS TABLE (
	"flushed" bigint,  /* i64 */
	"merged" bigint,  /* i64 */
	"busy" bool  /* bool */
)
STRICT VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'search_maintain_wrapper';

-- flowai_runtime::api::search::search_rebuild
CREATE  FUNCTION "search_rebuild"() RETURNS bigint /* i64 */
STRICT VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'search_rebuild_wrapper';

-- flowai_runtime::api::tenancy::act_for
CREATE  FUNCTION "act_for"(
	"tenant" TEXT /* Option < & str > */
) RETURNS void
VOLATILE PARALLEL UNSAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'act_for_wrapper';

-- flowai_runtime::api::tenancy::await_writers
CREATE  FUNCTION "await_writers"(
	"relations" oid[] /* Vec < pg_sys :: Oid > */
) RETURNS void
STRICT VOLATILE PARALLEL UNSAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'await_writers_wrapper';

-- flowai_runtime::api::tenancy::catalog_stamp
CREATE  FUNCTION "catalog_stamp"(
	"workspace" TEXT, /* Option < & str > */
	"ids" TEXT[] /* :: std :: option :: Option < Vec < String > > */
) RETURNS bigint /* i64 */
VOLATILE PARALLEL UNSAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'catalog_stamp_wrapper';

-- flowai_runtime::api::tenancy::current_tenant
-- requires:
--   current_tenant_support
CREATE  FUNCTION "current_tenant"() RETURNS TEXT /* Option < String > */
STRICT STABLE PARALLEL SAFE SUPPORT "current_tenant_support"
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'current_tenant_wrapper';

-- flowai_runtime::api::tenancy::current_tenant_support
CREATE  FUNCTION "current_tenant_support"(
	"request" internal /* Internal */
) RETURNS internal /* Internal */
IMMUTABLE STRICT PARALLEL SAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'current_tenant_support_wrapper';

-- flowai_runtime::api::tenancy::require_tenant
CREATE  FUNCTION "require_tenant"() RETURNS TEXT /* String */
STRICT STABLE PARALLEL SAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'require_tenant_wrapper';

-- flowai_runtime::api::tenancy::tenant_create
CREATE  FUNCTION "tenant_create"(
	"tenant" TEXT, /* Option < & str > */
	"version" TEXT DEFAULT '1' /* Option < & str > */
) RETURNS timestamp with time zone /* TimestampWithTimeZone */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'tenant_create_wrapper';

-- flowai_runtime::api::tenancy::tenant_grant
CREATE  FUNCTION "tenant_grant"(
	"tenant" TEXT, /* Option < & str > */
	"role" TEXT /* Option < & str > */
) RETURNS bool /* bool */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'tenant_grant_wrapper';

-- flowai_runtime::api::tenancy::tenant_is
CREATE  FUNCTION "tenant_is"(
	"tenant" TEXT /* & str */
) RETURNS bool /* bool */
STRICT STABLE PARALLEL SAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'tenant_is_wrapper';

-- flowai_runtime::api::tenancy::tenant_revoke
CREATE  FUNCTION "tenant_revoke"(
	"tenant" TEXT, /* Option < & str > */
	"role" TEXT /* Option < & str > */
) RETURNS bool /* bool */
VOLATILE SECURITY DEFINER PARALLEL UNSAFE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'tenant_revoke_wrapper';

-- flowai_runtime::api::tenancy::tenant_shut
CREATE  FUNCTION "tenant_shut"(
	"tenant" TEXT /* Option < & str > */
) RETURNS bigint /* i64 */
VOLATILE PARALLEL UNSAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'tenant_shut_wrapper';

-- flowai_runtime::api::tenancy::use_tenant
CREATE  FUNCTION "use_tenant"(
	"tenant" TEXT, /* Option < & str > */
	"workspace" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS TEXT /* String */
VOLATILE PARALLEL UNSAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'use_tenant_wrapper';

-- flowai_runtime::api::tenancy::whoami
CREATE  FUNCTION "whoami"() RETURNS TABLE (
	"role" TEXT,  /* String */
	"login" TEXT,  /* String */
	"tenant" TEXT,  /* Option < String > */
	"workspace" TEXT,  /* String */
	"reason" TEXT  /* String */
)
STRICT STABLE PARALLEL RESTRICTED
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'whoami_wrapper';

-- flowai_runtime::api::tool::call_tool
CREATE  FUNCTION "call_tool"(
	"name" TEXT, /* Option < & str > */
	"args" jsonb DEFAULT '{}' /* Option < Jsonb > */
) RETURNS jsonb /* Answer */
VOLATILE PARALLEL UNSAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'call_tool_wrapper';

-- requires:
--   catalog

-- The data environment of a workspace: what a host tells of the data that its agents work with, in the keys
-- that hosts have in their configuration. It says where things are, and keeps no password.

CREATE TABLE flowai.data_environments (
    tenant_id    flowai.identifier NOT NULL,
    workspace_id flowai.identifier NOT NULL,
    revision     bigint NOT NULL,
    config       jsonb NOT NULL,
    set_by       text NOT NULL,
    set_at       timestamptz NOT NULL,
    CONSTRAINT data_environments_pkey PRIMARY KEY (tenant_id, workspace_id),
    CONSTRAINT data_environments_revision_positive CHECK (revision OPERATOR(pg_catalog.>) 0),
    CONSTRAINT data_environments_config_object CHECK (pg_catalog.jsonb_typeof(config) OPERATOR(pg_catalog.=) 'object')
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai.data_environments IS 'What the hosts of a tenant''s agents tell of their data, one document a workspace. Written by flowai.data_environment_set.';
COMMENT ON COLUMN flowai.data_environments.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.data_environments.workspace_id IS 'The workspace.';
COMMENT ON COLUMN flowai.data_environments.revision IS 'Counts the different documents, from 1.';
COMMENT ON COLUMN flowai.data_environments.config IS 'The document: tenant_id, workspace_id, kv, target_database, target_database_url, target_database_schema, catalog, catalog_search.';
COMMENT ON COLUMN flowai.data_environments.set_by IS 'The role that set it.';
COMMENT ON COLUMN flowai.data_environments.set_at IS 'When.';
SELECT flowai_internal.make_tenant_table('flowai.data_environments');

CREATE FUNCTION flowai.data_environment_get()
RETURNS TABLE (workspace text, revision bigint, config jsonb, set_by text, set_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT e.workspace_id, e.revision, e.config, e.set_by, e.set_at
    FROM flowai.data_environments e
    WHERE e.tenant_id = flowai.current_tenant() AND e.workspace_id = flowai.current_workspace();
END;

CREATE FUNCTION flowai.data_environment_supplies() RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT ARRAY(SELECT k FROM jsonb_object_keys(g.config) AS k ORDER BY k) FROM flowai.data_environment_get() AS g;
END;

-- requires:
--   catalog

-- The search index of each (tenant, workspace), as rows. See src/store/search/mod.rs for who writes when.
--
--   segment + chunk   immutable Tantivy segments
--   delta             row versions that are in no segment yet
--   dead              row versions that were superseded or deleted, until they are noted beside the
--                     segment that holds them
--
-- A write only ever inserts into delta and dead. Maintenance moves delta rows into a segment and dead
-- ones to theirs within one transaction, so that every snapshot sees a document in exactly one place.

CREATE TABLE flowai_internal.search_segment (
    tenant_id    flowai.identifier NOT NULL,
    workspace_id flowai.identifier NOT NULL,
    segment_id   uuid NOT NULL,
    level        smallint NOT NULL,
    doc_count    integer NOT NULL,
    byte_size    bigint NOT NULL,
    digest       bytea NOT NULL,
    format       smallint NOT NULL,
    layout       text NOT NULL,
    dead         bytea NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT search_segment_pkey PRIMARY KEY (tenant_id, workspace_id, segment_id),
    CONSTRAINT search_segment_holds_documents CHECK (doc_count OPERATOR(pg_catalog.>) 0),
    CONSTRAINT search_segment_digest_length CHECK (pg_catalog.octet_length(digest) OPERATOR(pg_catalog.=) 32)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai_internal.search_segment IS 'One immutable index segment of a workspace''s catalog.';
COMMENT ON COLUMN flowai_internal.search_segment.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.search_segment.workspace_id IS 'The workspace.';
COMMENT ON COLUMN flowai_internal.search_segment.segment_id IS 'Names the segment''s chunks.';
COMMENT ON COLUMN flowai_internal.search_segment.level IS 'Size class, for merging segments of like size.';
COMMENT ON COLUMN flowai_internal.search_segment.doc_count IS 'Documents in it, dead ones included.';
COMMENT ON COLUMN flowai_internal.search_segment.byte_size IS 'Bytes of all its chunks.';
COMMENT ON COLUMN flowai_internal.search_segment.digest IS 'BLAKE3 over bytes and layout, verified before anything is read from them.';
COMMENT ON COLUMN flowai_internal.search_segment.format IS 'Version of what the bytes mean.';
COMMENT ON COLUMN flowai_internal.search_segment.layout IS 'Where each file of the segment is within the bytes.';
COMMENT ON COLUMN flowai_internal.search_segment.dead IS 'Numbers of its dead documents, ascending, 4 bytes each. The only column that changes.';
COMMENT ON COLUMN flowai_internal.search_segment.created_at IS 'When it was built.';
SELECT flowai_internal.make_tenant_table('flowai_internal.search_segment', readable => false);

CREATE TABLE flowai_internal.search_chunk (
    tenant_id  flowai.identifier NOT NULL,
    segment_id uuid NOT NULL,
    chunk_no   integer NOT NULL,
    bytes      bytea NOT NULL,
    CONSTRAINT search_chunk_pkey PRIMARY KEY (tenant_id, segment_id, chunk_no)
) PARTITION BY HASH (tenant_id);
-- Segments are compressed inside; the server would only lose time over them.
ALTER TABLE flowai_internal.search_chunk ALTER COLUMN bytes SET STORAGE EXTERNAL;
COMMENT ON TABLE flowai_internal.search_chunk IS 'The bytes of index segments, in pieces of 256 KiB.';
COMMENT ON COLUMN flowai_internal.search_chunk.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.search_chunk.segment_id IS 'The segment.';
COMMENT ON COLUMN flowai_internal.search_chunk.chunk_no IS 'Place of the piece, from 0.';
COMMENT ON COLUMN flowai_internal.search_chunk.bytes IS 'The piece.';
SELECT flowai_internal.make_tenant_table('flowai_internal.search_chunk', readable => false);

CREATE TABLE flowai_internal.search_delta (
    tenant_id    flowai.identifier NOT NULL,
    workspace_id flowai.identifier NOT NULL,
    row_version  bigint NOT NULL,
    CONSTRAINT search_delta_pkey PRIMARY KEY (tenant_id, workspace_id, row_version)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai_internal.search_delta IS 'Row versions of catalog entries that are in no segment yet.';
COMMENT ON COLUMN flowai_internal.search_delta.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.search_delta.workspace_id IS 'The workspace.';
COMMENT ON COLUMN flowai_internal.search_delta.row_version IS 'catalog_entries.row_version.';
SELECT flowai_internal.make_tenant_table('flowai_internal.search_delta', readable => false);

CREATE TABLE flowai_internal.search_dead (
    tenant_id    flowai.identifier NOT NULL,
    workspace_id flowai.identifier NOT NULL,
    row_version  bigint NOT NULL,
    CONSTRAINT search_dead_pkey PRIMARY KEY (tenant_id, workspace_id, row_version)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai_internal.search_dead IS 'Row versions of catalog entries that were superseded or deleted, until they are noted beside the segment that holds them.';
COMMENT ON COLUMN flowai_internal.search_dead.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.search_dead.workspace_id IS 'The workspace.';
COMMENT ON COLUMN flowai_internal.search_dead.row_version IS 'catalog_entries.row_version as it was.';
SELECT flowai_internal.make_tenant_table('flowai_internal.search_dead', readable => false);

-- Flush and merge of a scope are done by one session at a time: by whoever locks this row. A row lock
-- rather than an advisory lock, because any role may take any advisory lock.
CREATE TABLE flowai_internal.search_scope (
    tenant_id    flowai.identifier NOT NULL,
    workspace_id flowai.identifier NOT NULL,
    CONSTRAINT search_scope_pkey PRIMARY KEY (tenant_id, workspace_id)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai_internal.search_scope IS 'One row for each workspace that has segments: the lock of flush and merge.';
COMMENT ON COLUMN flowai_internal.search_scope.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.search_scope.workspace_id IS 'The workspace.';
SELECT flowai_internal.make_tenant_table('flowai_internal.search_scope', readable => false);

-- These tables are rewritten all the time while they stay small, so a share of their size is no measure
-- of when to clean up: a delta of 200 rows would carry its dead index entries through every search, and a
-- merge leaves megabytes behind in few rows.
DO $$
DECLARE
    leaf regclass;
BEGIN
    FOR leaf IN
        SELECT t.relid
        FROM pg_catalog.unnest(ARRAY['flowai_internal.search_delta', 'flowai_internal.search_dead']::regclass[]) AS root,
             pg_catalog.pg_partition_tree(root) AS t WHERE t.isleaf
    LOOP
        EXECUTE pg_catalog.format(
            'ALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)', leaf);
    END LOOP;
    FOR leaf IN
        SELECT t.relid FROM pg_catalog.pg_partition_tree('flowai_internal.search_chunk') AS t WHERE t.isleaf
    LOOP
        -- 64 chunks are 16 MB; a chunk has 132 pieces in the TOAST table.
        EXECUTE pg_catalog.format(
            'ALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 64, '
            'toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 8000)', leaf);
    END LOOP;
    FOR leaf IN
        SELECT t.relid FROM pg_catalog.pg_partition_tree('flowai_internal.search_segment') AS t WHERE t.isleaf
    LOOP
        -- Room for the dead, so that noting them stays within the page.
        EXECUTE pg_catalog.format(
            'ALTER TABLE %s SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200)', leaf);
    END LOOP;
END $$;

-- requires:
--   installed
--   tenant_data
--   search
--   query
--   approval
--   data_environment

-- Whether what the runtime promises holds in this database, asked of the system catalogs each time.
--
-- A check counts the objects that it looked at and names the broken ones. One that found nothing to look
-- at has failed: a promise about no objects is no promise. What this version does not have is not promised, and
-- nobody can mend it: its status says so, in other words than those of a failure. Advisory checks tell of
-- a set-up that is allowed, but weaker than it could be. tests/pg_regress/sql/readiness.sql breaks every
-- property once and sees its check fail.

CREATE FUNCTION flowai_internal.readiness_checks()
RETURNS TABLE (capability text, name text, advisory boolean, built boolean, objects bigint, broken text[])
LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 60
SET search_path = pg_catalog, pg_temp
-- Compiling so many small plans takes the server longer than all of them take to run.
SET jit = off
SET quote_all_identifiers = off
AS $$
WITH RECURSIVE
-- What the subsystems of the seed are called there.
routing (title) AS (VALUES ('Multi-tenant routing and config separation')),
storage (title) AS (VALUES ('Tenant-scoped session/state storage')),
packs (title) AS (VALUES ('Multi-pack flow isolation (same flow id)')),
components (title) AS (VALUES ('Component cache correctness across packs')),
artifacts (title) AS (VALUES ('Pack artifact cache correctness across tenants')),
secrets (title) AS (VALUES ('Secrets isolation')),
bindings (title) AS (VALUES ('.gtbind consumption at runtime')),
telemetry (title) AS (VALUES ('Telemetry tenant attribution')),

ours AS (
    SELECT c.*, n.nspname, format('%I.%I', n.nspname, c.relname) AS label
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('flowai', 'flowai_internal')
),
relation AS (SELECT * FROM ours WHERE relkind IN ('r', 'p', 'v', 'm', 'f')),
-- Tables that administrators write about tenants, under policies of their own where a tenant reads them, and what
-- was installed. They are compared with how they were installed.
exempt (label) AS (VALUES ('flowai_internal.tenants'), ('flowai_internal.tenant_members'), ('flowai_internal.tenant_versions'),
                          ('flowai_internal.query_targets'), ('flowai.allowed_functions'), ('flowai_internal.installed_facts')),
tenant_table AS (
    SELECT o.*, a.attnum AS tenant_column, a.attnotnull AS tenant_not_null, a.attcollation AS tenant_collation
    FROM ours o
    LEFT JOIN pg_attribute a ON a.attrelid = o.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE o.relkind IN ('r', 'p') AND o.label NOT IN (SELECT label FROM exempt)
),
policy AS (
    SELECT t.label, p.*, pg_get_expr(p.polqual, p.polrelid) AS using_text, pg_get_expr(p.polwithcheck, p.polrelid) AS check_text
    FROM tenant_table t JOIN pg_policy p ON p.polrelid = t.oid
),
key AS (
    SELECT t.label, i.indexrelid::regclass::text AS index, i.indisprimary, i.indisunique OR i.indisexclusion AS is_key,
           i.indkey[0] = t.tenant_column AS led
    FROM tenant_table t JOIN pg_index i ON i.indrelid = t.oid
),
reference AS (
    SELECT t.label, k.conname,
           EXISTS (SELECT FROM unnest(k.conkey, k.confkey) AS pair (here, there)
                   JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.here AND a.attname = 'tenant_id'
                   JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = pair.there AND b.attname = 'tenant_id') AS carries
    FROM tenant_table t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
),
relation_right AS (
    SELECT r.label, r.relkind, r.nspname, a.grantee, a.privilege_type
    FROM relation r, aclexplode(COALESCE(r.relacl, acldefault('r', r.relowner))) a
    WHERE a.grantee <> r.relowner
),
routine AS (
    SELECT p.*, n.nspname, p.oid::regprocedure::text AS label
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname IN ('flowai', 'flowai_internal')
),
routine_right AS (
    SELECT r.label, r.proname, r.nspname, a.grantee
    FROM routine r, aclexplode(COALESCE(r.proacl, acldefault('f', r.proowner))) a
    WHERE a.grantee <> r.proowner
),
member AS (
    SELECT m.tenant_id, m.member, COALESCE(r.rolname::text, m.member::oid::text) AS label, r.oid AS role,
           r.rolsuper, r.rolbypassrls
    FROM flowai_internal.tenant_members m LEFT JOIN pg_roles r ON r.oid = m.member
),
fixed_role AS (SELECT * FROM pg_roles WHERE rolname IN ('flowai_owner', 'flowai_admin', 'flowai_user')),
namespace AS (SELECT * FROM pg_namespace WHERE nspname IN ('flowai', 'flowai_internal')),
namespace_right AS (
    SELECT n.nspname, a.grantee, a.privilege_type
    FROM namespace n, aclexplode(COALESCE(n.nspacl, acldefault('n', n.nspowner))) a WHERE a.grantee <> n.nspowner
),
event_table AS (SELECT * FROM tenant_table WHERE label = 'flowai.events'),
fact AS MATERIALIZED (
    SELECT name, object, f.digest IS NOT DISTINCT FROM i.digest AS ok
    FROM flowai_internal.facts() f FULL JOIN flowai_internal.installed_facts i USING (name, object)
    -- Another index than ours makes nothing faulty but itself, and has checks of its own.
    WHERE i.digest IS NOT NULL OR name <> 'indexes_as_installed'
),
-- Who can be whom by SET ROLE, and whose tenants that are.
reach (role, reached) AS (
    SELECT a.member, a.roleid FROM pg_auth_members a
    UNION SELECT r.role, a.roleid FROM reach r JOIN pg_auth_members a ON a.member = r.reached
),
role_tenant AS (
    SELECT m.role, m.tenant_id::text FROM member m WHERE m.role IS NOT NULL
    UNION SELECT r.role, m.tenant_id::text FROM reach r JOIN member m ON m.role = r.reached
),
server_right AS MATERIALIZED (
    SELECT oid FROM pg_roles
    WHERE rolname IN ('flowai_owner', 'pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files',
                      'pg_write_server_files', 'pg_execute_server_program')
       OR rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication
),
outsider AS MATERIALIZED (SELECT oid FROM pg_roles WHERE rolsuper OR rolbypassrls),
-- Code of others that reads our tables with rights that row-level security does not bind.
lender (label, ok) AS (
    SELECT DISTINCT v.oid::regclass::text, v.relowner NOT IN (SELECT oid FROM outsider) OR 'security_invoker=true' = ANY (v.reloptions) IS TRUE
    FROM ours o
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = o.oid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class v ON v.oid = w.ev_class
    WHERE v.relnamespace NOT IN (SELECT n.oid FROM namespace n)
    UNION ALL
    SELECT p.oid::regprocedure::text, p.proowner NOT IN (SELECT oid FROM outsider)
    FROM pg_proc p
    WHERE p.prosecdef AND p.pronamespace NOT IN (SELECT n.oid FROM namespace n)
      AND (p.prosrc ~* '\mflowai' OR EXISTS (
           SELECT FROM pg_depend d JOIN ours o ON o.oid = d.refobjid
           WHERE d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_proc'::regclass AND d.objid = p.oid))
),
check_row (capability, name, advisory, object, ok) AS (
    -- ------------------------------------------------------------------ rows and who sees them
    SELECT storage.title, 'tenant_id_present', false, t.label, t.tenant_column IS NOT NULL FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'tenant_id_not_null', false, t.label, COALESCE(t.tenant_not_null, false) FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'tenant_id_collation_c', false, t.label, COALESCE(t.tenant_collation = '"C"'::regcollation, false) FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'row_security_enabled', false, t.label, t.relrowsecurity FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'row_security_forced', false, t.label, t.relforcerowsecurity FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'one_policy', false, t.label, (SELECT count(*) FROM policy p WHERE p.polrelid = t.oid) = 1 FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'policy_for_all', false, p.label, p.polcmd = '*' AND p.polpermissive AND p.polroles = '{0}' FROM storage, policy p
    UNION ALL SELECT storage.title, 'policy_canonical', false, p.label,
        p.using_text = p.check_text AND p.using_text IN (
            '(((tenant_id)::text = flowai.current_tenant()) AND flowai.tenant_is(flowai.current_tenant()))',
            '(((tenant_id)::text = flowai.current_tenant()) AND ( SELECT flowai.tenant_is(flowai.current_tenant()) AS tenant_is))')
        FROM storage, policy p
    UNION ALL SELECT storage.title, 'primary_key_led_by_tenant', false, t.label, COALESCE((SELECT bool_and(k.led) FROM key k WHERE k.label = t.label AND k.indisprimary), false) FROM storage, tenant_table t
        -- Events are keyed in each month by itself.
        WHERE NOT EXISTS (SELECT FROM pg_partitioned_table p WHERE p.partrelid = t.oid AND p.partstrat = 'r')
    UNION ALL SELECT storage.title, 'unique_keys_led_by_tenant', false, k.index, k.led FROM storage, key k WHERE k.is_key
    UNION ALL SELECT storage.title, 'indexes_led_by_tenant', false, k.index, k.led FROM storage, key k
    UNION ALL SELECT storage.title, 'foreign_keys_carry_tenant', false, r.label || '.' || r.conname, r.carries FROM storage, reference r
    UNION ALL SELECT storage.title, 'no_inheritance_but_partitions', false, t.label,
        t.relispartition OR NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = t.oid) FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'partitions_out_of_reach', false, t.label, t.nspname = 'flowai_internal' FROM storage, tenant_table t WHERE t.relispartition
    UNION ALL SELECT storage.title, 'partitions_complete', false, t.label, (SELECT count(*) FROM pg_inherits i WHERE i.inhparent = t.oid) = 16
        FROM storage, tenant_table t JOIN pg_partitioned_table p ON p.partrelid = t.oid WHERE p.partstrat = 'h'
    UNION ALL SELECT storage.title, 'tables_logged', false, t.label, t.relpersistence = 'p' FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'tables_read_only_to_roles', false, r.label, NOT EXISTS (
            SELECT FROM relation_right g WHERE g.label = r.label AND g.privilege_type <> 'SELECT') FROM storage, relation r WHERE r.relkind IN ('r', 'p')
    UNION ALL SELECT storage.title, 'nothing_public', false, r.label, NOT EXISTS (
            SELECT FROM relation_right g WHERE g.label = r.label AND g.grantee = 0) FROM storage, relation r
    UNION ALL SELECT storage.title, 'internal_tables_ungranted', false, r.label, NOT EXISTS (
            SELECT FROM relation_right g WHERE g.label = r.label) FROM storage, relation r WHERE r.nspname = 'flowai_internal'
    UNION ALL SELECT storage.title, 'columns_read_only_to_roles', false, r.label, NOT EXISTS (
            SELECT FROM pg_attribute a, aclexplode(a.attacl) g WHERE a.attrelid = r.oid AND g.privilege_type <> 'SELECT') FROM storage, relation r
    UNION ALL SELECT storage.title, 'relations_owned_by_owner', false, r.label, pg_get_userbyid(r.relowner) = 'flowai_owner' FROM storage, relation r
    UNION ALL SELECT storage.title, 'no_triggers_on_tables', false, t.label, NOT EXISTS (
            SELECT FROM pg_trigger g WHERE g.tgrelid = t.oid AND NOT g.tgisinternal) FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'no_rules_on_tables', false, t.label, NOT EXISTS (
            SELECT FROM pg_rewrite w WHERE w.ev_class = t.oid) FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'views_invoke_reader', false, r.label, 'security_invoker=true' = ANY (r.reloptions) IS TRUE FROM storage, relation r WHERE r.relkind = 'v'
    UNION ALL SELECT storage.title, 'tables_and_views_only', false, o.label, o.relkind IN ('r', 'p', 'v', 'i', 'I', 't', 'c') FROM storage, ours o
    UNION ALL SELECT storage.title, 'no_extended_statistics', false, t.label, NOT EXISTS (
            SELECT FROM pg_statistic_ext s WHERE s.stxrelid = t.oid) FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'not_published', true, t.label, NOT EXISTS (
            SELECT FROM pg_publication_rel p WHERE p.prrelid = t.oid)
            AND NOT EXISTS (SELECT FROM pg_publication WHERE puballtables)
            AND NOT EXISTS (SELECT FROM pg_publication_namespace p WHERE p.pnnspid = t.relnamespace) FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'installed_tables_dumped', false, t.label, t.oid = ANY (x.extconfig)
        FROM storage, tenant_table t JOIN pg_depend d ON d.objid = t.oid AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass
        JOIN pg_extension x ON x.oid = d.refobjid AND x.extname = 'flowai_runtime' WHERE t.relkind = 'r'
    UNION ALL SELECT storage.title, 'no_default_privileges', false, o.rolname, NOT EXISTS (
            SELECT FROM pg_default_acl d WHERE d.defaclrole = o.oid OR d.defaclnamespace IN (SELECT n.oid FROM namespace n)) FROM storage, fixed_role o
    -- What no transition, decision or claim may break is a constraint on each leaf.
    UNION ALL SELECT storage.title, 'rules_are_constraints', false, t.label || '.' || rule.name, EXISTS (
            SELECT FROM pg_constraint k WHERE k.conrelid = t.oid AND k.conname = rule.name AND k.contype = 'c' AND k.convalidated)
        FROM storage, (VALUES ('plans', 'plans_columns_fit_state'), ('plans', 'plans_attempts_counted'), ('plan_transitions', 'plan_transitions_legal'),
                              ('approvals', 'approvals_decided_once'), ('approvals', 'approvals_decided_in_time'),
                              ('approvals', 'approvals_duties_separate'), ('approvals', 'approvals_used_when_granted'),
                              ('approval_policies', 'approval_policies_predicate_whole')) AS rule (relation, name)
        JOIN tenant_table t ON t.relname ~ ('^' || rule.relation || '(_\d\d)?$')
    UNION ALL SELECT storage.title, 'sessions_built', false, t.label, true FROM storage, tenant_table t WHERE t.label = 'flowai.sessions'

    UNION ALL SELECT storage.title, f.name, false, f.object, f.ok FROM storage, fact f WHERE f.name <> 'routines_as_installed'
    UNION ALL SELECT storage.title, 'no_rights_lent', true, l.label, l.ok FROM storage, lender l

    -- ------------------------------------------------------------------- who is which tenant
    UNION ALL SELECT routing.title, f.name, false, f.object, f.ok FROM routing, fact f WHERE f.name = 'routines_as_installed'
    UNION ALL SELECT routing.title, 'current_tenant_trustworthy', false, r.label,
        r.provolatile = 's' AND r.proleakproof AND r.proparallel = 's' AND r.prosupport <> 0 AND NOT r.prosecdef
        AND (SELECT l.lanname FROM pg_language l WHERE l.oid = r.prolang) = 'c' AND r.prosrc = 'current_tenant_wrapper'
        FROM routing, routine r WHERE r.nspname = 'flowai' AND r.proname = 'current_tenant'
    UNION ALL SELECT routing.title, 'tenant_is_trustworthy', false, r.label,
        r.provolatile = 's' AND r.proleakproof AND r.proparallel = 's' AND NOT r.prosecdef
        AND (SELECT l.lanname FROM pg_language l WHERE l.oid = r.prolang) = 'c' AND r.prosrc = 'tenant_is_wrapper'
        FROM routing, routine r WHERE r.nspname = 'flowai' AND r.proname = 'tenant_is'
    UNION ALL SELECT routing.title, 'routines_of_extension', false, r.label, EXISTS (
            SELECT FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
            WHERE d.objid = r.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND x.extname = 'flowai_runtime') FROM routing, routine r
    UNION ALL SELECT routing.title, 'tenant_is_no_argument', false, r.label,
        NOT COALESCE(r.proargnames[1:r.pronargs] && '{tenant,tenant_id}', false) OR r.proname IN ('tenant_is', 'use_tenant')
        FROM routing, routine r WHERE EXISTS (
            SELECT FROM routine_right g WHERE g.label = r.label AND (g.grantee = 0 OR pg_get_userbyid(g.grantee) = 'flowai_user'))
    UNION ALL SELECT routing.title, 'definer_path_pinned', false, r.label, r.proconfig @> '{"search_path=pg_catalog, pg_temp"}' IS TRUE FROM routing, routine r WHERE r.prosecdef
    UNION ALL SELECT routing.title, 'routines_owned_by_owner', false, r.label, pg_get_userbyid(r.proowner) = 'flowai_owner' FROM routing, routine r
    UNION ALL SELECT routing.title, 'no_public_execute', false, r.label, r.proname IN ('current_tenant', 'tenant_is') OR pg_catalog.starts_with(r.proname, 'bounded_') OR NOT EXISTS (
            SELECT FROM routine_right g WHERE g.label = r.label AND g.grantee = 0) FROM routing, routine r
    UNION ALL SELECT routing.title, 'acting_for_tenants_ungranted', false, r.label, NOT EXISTS (
            SELECT FROM routine_right g WHERE g.label = r.label) FROM routing, routine r WHERE r.proname IN ('act_for', 'approval_gate')
    UNION ALL SELECT routing.title, 'administration_for_administrators', false, r.label, NOT EXISTS (
            SELECT FROM routine_right g WHERE g.label = r.label AND pg_get_userbyid(g.grantee) <> 'flowai_admin')
        FROM routing, routine r WHERE r.nspname = 'flowai' AND r.proargnames[1:r.pronargs] && '{tenant}' AND r.proname NOT IN ('tenant_is', 'use_tenant')
    UNION ALL SELECT routing.title, 'roles_plain', false, o.rolname,
        NOT (o.rolsuper OR o.rolbypassrls OR o.rolcanlogin OR o.rolcreaterole OR o.rolcreatedb OR o.rolreplication) FROM routing, fixed_role o
    UNION ALL SELECT routing.title, 'owner_has_no_members', false, o.rolname, NOT EXISTS (
            SELECT FROM pg_auth_members m WHERE m.roleid = o.oid) FROM routing, fixed_role o WHERE o.rolname = 'flowai_owner'
    UNION ALL SELECT routing.title, 'administrators_are_no_tenants', false, o.rolname, NOT EXISTS (
            SELECT FROM member m WHERE pg_has_role(m.role, o.oid, 'MEMBER')) FROM routing, fixed_role o WHERE o.rolname = 'flowai_admin'
    UNION ALL SELECT routing.title, 'members_exist', false, m.label, m.role IS NOT NULL FROM routing, member m
    UNION ALL SELECT routing.title, 'members_bound_by_row_security', false, m.label, NOT COALESCE(m.rolsuper OR m.rolbypassrls, false) FROM routing, member m
    UNION ALL SELECT routing.title, 'members_without_server_rights', false, m.label, m.role IS NULL OR NOT EXISTS (
            SELECT FROM server_right p WHERE pg_has_role(m.role, p.oid, 'MEMBER')) FROM routing, member m
    UNION ALL SELECT routing.title, 'members_may_use', false, m.label, m.role IS NULL OR pg_has_role(m.role, 'flowai_user', 'MEMBER') FROM routing, member m
    UNION ALL SELECT routing.title, 'authority_ungranted', false, r.label, NOT EXISTS (
            SELECT FROM relation_right g WHERE g.label = r.label)
        FROM routing, relation r WHERE r.label IN ('flowai_internal.tenants', 'flowai_internal.tenant_members', 'flowai_internal.tenant_keys')
    UNION ALL SELECT routing.title, 'schemas_owned_by_owner', false, n.nspname, pg_get_userbyid(n.nspowner) = 'flowai_owner' FROM routing, namespace n
    UNION ALL SELECT routing.title, 'schemas_closed', false, n.nspname, NOT EXISTS (
            SELECT FROM namespace_right g WHERE g.nspname = n.nspname
              AND (g.privilege_type = 'CREATE' OR g.grantee = 0 OR n.nspname = 'flowai_internal')) FROM routing, namespace n
    UNION ALL SELECT routing.title, 'tenants_differ_by_more_than_case', false, i.indexrelid::regclass::text, i.indisunique AND i.indisvalid
        FROM routing, pg_index i WHERE i.indexrelid = to_regclass('flowai_internal.tenants_case_idx')
    UNION ALL SELECT routing.title, 'selector_is_a_setting', false, s.name, s.context = 'user' AND s.vartype = 'string'
        FROM routing, pg_settings s WHERE s.name IN ('flowai.tenant', 'flowai.workspace')
    UNION ALL SELECT routing.title, 'version_installed', false, x.extname, x.extversion = a.default_version
        FROM routing, pg_extension x JOIN pg_available_extensions a ON a.name = x.extname WHERE x.extname = 'flowai_runtime'
    UNION ALL SELECT routing.title, 'user_role_not_handed_on', false, pg_get_userbyid(a.member), NOT a.admin_option OR pg_get_userbyid(a.member) = 'flowai_owner'
        FROM routing, pg_auth_members a WHERE a.roleid = 'flowai_user'::regrole
    -- The role is one for all databases of the cluster: who may not come here does not matter.
    UNION ALL SELECT routing.title, 'user_role_for_members', true, pg_get_userbyid(a.member), pg_get_userbyid(a.member) = 'flowai_owner'
            OR a.member IN (SELECT t.role FROM role_tenant t)
        FROM routing, pg_auth_members a WHERE a.roleid = 'flowai_user'::regrole AND has_database_privilege(a.member, current_database(), 'CONNECT')
    UNION ALL SELECT routing.title, 'one_tenant_per_role', true, pg_get_userbyid(t.role), count(*) = 1
        FROM routing, role_tenant t WHERE t.role NOT IN (SELECT oid FROM outsider) GROUP BY routing.title, t.role
    -- Whoever works for one tenant needs no preloading. For a role of several, no cursor WITH HOLD is then declared
    -- before the library is there to refuse it.
    UNION ALL SELECT routing.title, 'library_preloaded', true, 'flowai_runtime', NOT EXISTS (
            SELECT FROM role_tenant t WHERE t.role NOT IN (SELECT oid FROM outsider) GROUP BY t.role HAVING count(*) > 1)
         OR EXISTS (
            SELECT FROM pg_settings s WHERE s.name IN ('session_preload_libraries', 'shared_preload_libraries')
              AND 'flowai_runtime' = ANY (regexp_split_to_array(replace(s.setting, '$libdir/', ''), '\s*,\s*'))) FROM routing
    UNION ALL SELECT routing.title, 'no_pinned_foreign_tenant', true, COALESCE(pg_get_userbyid(s.setrole), 'every role'),
        NOT EXISTS (SELECT FROM unnest(s.setconfig) c WHERE c ~ '^flowai\.tenant=.'
                    AND NOT EXISTS (SELECT FROM member m WHERE m.role = s.setrole AND m.tenant_id = substr(c, 15)))
        FROM routing, (SELECT setrole, setconfig FROM pg_db_role_setting UNION ALL SELECT 10, '{}') s

    -- --------------------------------------------------------------------------- what is told
    UNION ALL SELECT telemetry.title, 'events_stamped', false, t.label || '.' || a.attname, a.attnotnull
        FROM telemetry, event_table t JOIN pg_attribute a ON a.attrelid = t.oid
         AND a.attname IN ('tenant_id', 'event_id', 'recorded_at', 'role', 'login', 'transaction_id', 'backend_pid')
    -- Months too; and of the owner, whose functions write: not even they change an event.
    UNION ALL SELECT telemetry.title, 'events_append_only', false, t.label, NOT EXISTS (
            SELECT FROM aclexplode(COALESCE(t.relacl, acldefault('r', t.relowner))) g
            WHERE g.privilege_type <> 'SELECT' AND (g.grantee <> t.relowner OR g.privilege_type IN ('UPDATE', 'TRUNCATE')))
        FROM telemetry, tenant_table t
        WHERE t.oid = 'flowai.events'::regclass OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = t.oid AND i.inhparent = 'flowai.events'::regclass)
    UNION ALL SELECT telemetry.title, 'events_emitted_by_definer', false, r.label, r.prosecdef FROM telemetry, routine r WHERE r.nspname = 'flowai' AND r.proname = 'event_emit'
    UNION ALL SELECT telemetry.title, 'statements_not_logged', true, s.name, s.setting <> 'all' FROM telemetry, pg_settings s WHERE s.name = 'log_statement'
    UNION ALL SELECT telemetry.title, 'parameters_not_logged', true, s.name, s.setting IN ('-1', '0') FROM telemetry, pg_settings s
        WHERE s.name IN ('log_parameter_max_length_on_error')

    -- ------------------------------------------------------------- what is not built says so
    UNION ALL SELECT packs.title, 'flows_built', false, t.label, true FROM packs, tenant_table t WHERE t.label = 'flowai.flows'
    UNION ALL SELECT components.title, 'artifacts_built', false, t.label, true FROM components, tenant_table t WHERE t.label = 'flowai.artifacts'
    UNION ALL SELECT artifacts.title, 'packs_built', false, t.label, true FROM artifacts, tenant_table t WHERE t.label = 'flowai.packs'
    UNION ALL SELECT secrets.title, 'secrets_built', false, t.label, true FROM secrets, tenant_table t WHERE t.label = 'flowai_internal.secrets'
    UNION ALL SELECT bindings.title, 'bindings_built', false, t.label, true FROM bindings, tenant_table t WHERE t.label = 'flowai.bindings'
),
-- Every check there is, so that one without an object is seen. Without tenants there are no members. A name that
-- ends with _built is not a check, but a part of the capability that a version has or has not.
expected (name, capability, advisory, may_be_empty) AS (
    SELECT e.name, c.title, e.advisory, e.may_be_empty
    FROM (VALUES
        ('storage', 'tenant_id_present', false, false), ('storage', 'tenant_id_not_null', false, false), ('storage', 'tenant_id_collation_c', false, false),
        ('storage', 'row_security_enabled', false, false), ('storage', 'row_security_forced', false, false), ('storage', 'one_policy', false, false),
        ('storage', 'policy_for_all', false, false), ('storage', 'policy_canonical', false, false), ('storage', 'primary_key_led_by_tenant', false, false),
        ('storage', 'unique_keys_led_by_tenant', false, false), ('storage', 'indexes_led_by_tenant', false, false), ('storage', 'foreign_keys_carry_tenant', false, false),
        ('storage', 'no_inheritance_but_partitions', false, false), ('storage', 'partitions_out_of_reach', false, false), ('storage', 'partitions_complete', false, false),
        ('storage', 'tables_logged', false, false), ('storage', 'tables_read_only_to_roles', false, false), ('storage', 'nothing_public', false, false),
        ('storage', 'internal_tables_ungranted', false, false), ('storage', 'columns_read_only_to_roles', false, false), ('storage', 'relations_owned_by_owner', false, false),
        ('storage', 'no_triggers_on_tables', false, false), ('storage', 'no_rules_on_tables', false, false), ('storage', 'views_invoke_reader', false, false),
        ('storage', 'tables_and_views_only', false, false), ('storage', 'no_extended_statistics', false, false), ('storage', 'not_published', true, false),
        ('storage', 'rules_are_constraints', false, false),
        ('storage', 'rights_as_installed', false, false), ('storage', 'row_security_as_installed', false, false), ('storage', 'columns_as_installed', false, false),
        ('storage', 'constraints_as_installed', false, false), ('storage', 'triggers_as_installed', false, false), ('storage', 'indexes_as_installed', false, false),
        ('storage', 'views_as_installed', false, false), ('storage', 'no_rights_lent', true, true), ('routing', 'routines_as_installed', false, false),
        ('routing', 'user_role_not_handed_on', false, false), ('routing', 'user_role_for_members', true, false),
        ('storage', 'installed_tables_dumped', false, false), ('storage', 'no_default_privileges', false, false), ('storage', 'sessions_built', false, false),
        ('routing', 'current_tenant_trustworthy', false, false), ('routing', 'tenant_is_trustworthy', false, false), ('routing', 'routines_of_extension', false, false),
        ('routing', 'tenant_is_no_argument', false, false), ('routing', 'definer_path_pinned', false, false), ('routing', 'routines_owned_by_owner', false, false),
        ('routing', 'no_public_execute', false, false), ('routing', 'acting_for_tenants_ungranted', false, false), ('routing', 'administration_for_administrators', false, false),
        ('routing', 'roles_plain', false, false), ('routing', 'owner_has_no_members', false, false), ('routing', 'administrators_are_no_tenants', false, false),
        ('routing', 'members_exist', false, true), ('routing', 'members_bound_by_row_security', false, true), ('routing', 'members_without_server_rights', false, true),
        ('routing', 'members_may_use', false, true), ('routing', 'authority_ungranted', false, false), ('routing', 'schemas_owned_by_owner', false, false),
        ('routing', 'schemas_closed', false, false), ('routing', 'tenants_differ_by_more_than_case', false, false), ('routing', 'selector_is_a_setting', false, false),
        ('routing', 'version_installed', false, false), ('routing', 'one_tenant_per_role', true, true), ('routing', 'library_preloaded', true, false),
        ('routing', 'no_pinned_foreign_tenant', true, false),
        ('telemetry', 'events_stamped', false, false), ('telemetry', 'events_append_only', false, false), ('telemetry', 'events_emitted_by_definer', false, false),
        ('telemetry', 'statements_not_logged', true, false), ('telemetry', 'parameters_not_logged', true, false),
        ('packs', 'flows_built', false, false), ('components', 'artifacts_built', false, false), ('artifacts', 'packs_built', false, false),
        ('secrets', 'secrets_built', false, false), ('bindings', 'bindings_built', false, false)
    ) AS e (subsystem, name, advisory, may_be_empty)
    JOIN (SELECT 'storage' AS subsystem, title FROM storage UNION ALL SELECT 'routing', title FROM routing
          UNION ALL SELECT 'packs', title FROM packs UNION ALL SELECT 'components', title FROM components
          UNION ALL SELECT 'artifacts', title FROM artifacts UNION ALL SELECT 'secrets', title FROM secrets
          UNION ALL SELECT 'bindings', title FROM bindings UNION ALL SELECT 'telemetry', title FROM telemetry) AS c USING (subsystem)
)
SELECT e.capability, e.name, e.advisory, count(r.object) > 0 OR NOT e.name ~ '_built$', count(r.object),
       CASE WHEN count(r.object) = 0 AND e.name ~ '_built$' THEN '{"not part of this version"}'
            WHEN count(r.object) = 0 AND NOT e.may_be_empty THEN '{"nothing to check"}'
            ELSE COALESCE(array_agg(DISTINCT r.object ORDER BY r.object) FILTER (WHERE NOT r.ok), '{}') END
FROM expected e LEFT JOIN check_row r ON r.capability = e.capability AND r.name = e.name
GROUP BY e.capability, e.name, e.advisory, e.may_be_empty
$$;
COMMENT ON FUNCTION flowai_internal.readiness_checks() IS 'Every check of flowai.readiness(): whether this version has what it is about, how many objects it looked at, and which are broken.';

CREATE FUNCTION flowai.readiness()
RETURNS TABLE (capability text, status text, checks bigint, failing jsonb)
LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 8
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- Loads the library, so that its settings are there to be looked at; whatever flowai.tenant says.
    SELECT w.login FROM flowai.whoami() AS w;
    SELECT c.capability,
           CASE WHEN bool_or(c.built AND cardinality(c.broken) > 0 AND NOT c.advisory) THEN 'not ready'
                WHEN bool_or(c.built AND cardinality(c.broken) > 0) THEN 'partially ready'
                WHEN NOT bool_or(c.built) THEN 'not built'
                WHEN NOT bool_and(c.built) THEN 'partially built'
                ELSE 'ready' END,
           count(*),
           COALESCE(jsonb_object_agg(c.name, to_jsonb(c.broken[1:20]) ORDER BY c.name) FILTER (WHERE cardinality(c.broken) > 0), '{}')
    FROM flowai_internal.readiness_checks() AS c
    GROUP BY c.capability
    ORDER BY c.capability COLLATE "C";
END;

-- Two tenants that nobody else ever sees: each does the same work under the same names, then looks for the
-- other's. Everything is rolled back; only the answers stay.
CREATE FUNCTION flowai.selftest()
RETURNS TABLE (probe text, ok boolean)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 20
SET search_path = pg_catalog, pg_temp
SET max_parallel_workers_per_gather = 0
AS $$
DECLARE
    one CONSTANT text := 'selftest ' || gen_random_uuid();
    two CONSTANT text := 'selftest ' || gen_random_uuid();
    tenant text;
    handle text;
    handles text[] := '{}';
    approval uuid;
    approvals uuid[] := '{}';
    names text[] := '{}';
    answers boolean[] := '{}';
BEGIN
    BEGIN
        -- Whatever tenant is selected, if only one that the caller may not use.
        PERFORM set_config('flowai.tenant', '', true);
        INSERT INTO flowai_internal.tenants (tenant_id, version) VALUES (one, 'selftest'), (two, 'selftest');
        FOREACH tenant IN ARRAY ARRAY[one, two] LOOP
            PERFORM flowai_internal.act_for(tenant);
            PERFORM flowai.kv_put('selftest', 'shared', to_jsonb(tenant));
            PERFORM flowai.catalog_put(jsonb_build_array(jsonb_build_object(
                'id', 'selftest:shared', 'itemType', 'document', 'name', 'canary', 'content', 'canary of ' || tenant)));
            PERFORM flowai.ref_kind_define('selftest');
            SELECT p.id INTO handle FROM flowai.ref_put('selftest', '{"canary": true}') AS p;
            handles := handles || handle;
            PERFORM flowai.plan_kind_define('selftest', '{"type": "object"}');
            PERFORM flowai.plan_store('selftest', 'shared', jsonb_build_object('title', tenant, 'steps',
                jsonb_build_array(jsonb_build_object('operation', 'none', 'input', '{}'::jsonb))));
            SELECT r.approval INTO approval FROM flowai.approval_request('selftest', 'shared', to_jsonb(tenant)) AS r;
            approvals := approvals || approval;
        END LOOP;

        PERFORM flowai_internal.act_for(two);
        names := names || 'key/value: the same key is the tenant''s own'::text;
        answers := answers || ((SELECT g.value FROM flowai.kv_get('selftest', 'shared') AS g) = to_jsonb(two));
        names := names || 'key/value: the table shows one tenant''s rows'::text;
        answers := answers || (NOT EXISTS (SELECT FROM flowai.kv_entries e WHERE e.tenant_id <> two)
                               AND EXISTS (SELECT FROM flowai.kv_entries e));
        names := names || 'catalog: the same id is the tenant''s own'::text;
        answers := answers || ((SELECT array_agg(c.content) FROM flowai.catalog c) = ARRAY['canary of ' || two]);
        names := names || 'search: finds the tenant''s entry alone'::text;
        answers := answers || ((SELECT array_agg(s.total) FROM flowai.search_catalog('canary') AS s) = ARRAY[1::bigint]);
        names := names || 'reference: equal payloads have different ids'::text;
        answers := answers || (handles[1] <> handles[2]);
        names := names || 'reference: another tenant''s id is not found'::text;
        BEGIN
            PERFORM flowai.ref_resolve('selftest', handles[1]);
            answers := answers || false;
        EXCEPTION WHEN no_data_found THEN
            answers := answers || true;
        END;
        names := names || 'plan: the same id is the tenant''s own'::text;
        answers := answers || ((SELECT array_agg(p.title) FROM flowai.plans p) = ARRAY[two]);
        names := names || 'approval: the same subject is the tenant''s own'::text;
        answers := answers || ((SELECT array_agg(i.body) FROM flowai.approval_inbox i) = ARRAY[to_jsonb(two)]);
        names := names || 'approval: another tenant''s cannot be decided'::text;
        BEGIN
            PERFORM flowai.approval_decide(approvals[1], 'granted');
            answers := answers || false;
        EXCEPTION WHEN no_data_found THEN
            answers := answers || true;
        END;
        names := names || 'a row for another tenant is refused'::text;
        BEGIN
            INSERT INTO flowai.kv_entries SELECT (jsonb_populate_record(NULL::flowai.kv_entries,
                to_jsonb(e) || jsonb_build_object('tenant_id', one, 'key', 'forged'))).* FROM flowai.kv_entries e;
            answers := answers || false;
        EXCEPTION
            WHEN insufficient_privilege THEN
                answers := answers || true;
            WHEN OTHERS THEN
                answers := answers || false;
        END;
        DELETE FROM flowai.kv_entries;
        PERFORM flowai.catalog_delete('{selftest:shared}');
        PERFORM flowai_internal.act_for(one);
        names := names || 'what one deletes the other keeps'::text;
        answers := answers || (EXISTS (SELECT FROM flowai.kv_get('selftest', 'shared'))
                               AND EXISTS (SELECT FROM flowai.search_catalog('canary')));
        PERFORM flowai_internal.act_for(NULL);
        names := names || 'without a tenant there are no rows'::text;
        answers := answers || (flowai.current_tenant() IS NOT NULL
                               OR (NOT EXISTS (SELECT FROM flowai.kv_entries) AND NOT EXISTS (SELECT FROM flowai.refs)));
        RAISE EXCEPTION USING ERRCODE = 'FL001', MESSAGE = 'everything is taken back';
    EXCEPTION WHEN SQLSTATE 'FL001' THEN
        NULL;
    END;
    RETURN QUERY SELECT n.name, n.answer IS TRUE FROM unnest(names, answers) AS n (name, answer);
END $$;

-- requires:
--   kv
--   api::catalog::catalog_view_write
--   api::catalog::catalog_view_end

-- The catalog: entries, the relations between them, and a view that takes plain DML.

-- CASE, because the planner takes COALESCE for something that might leak (contain_leaked_vars), and would
-- not let a comparison with it into an index scan beside the policy: each look-up by workspace and id would
-- read the whole tenant.
CREATE FUNCTION flowai.current_workspace() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN pg_catalog.current_setting('flowai.workspace', true) OPERATOR(pg_catalog.<>) ''
            THEN pg_catalog.current_setting('flowai.workspace', true) ELSE 'default' END;

CREATE TABLE flowai.catalog_entries (
    tenant_id      flowai.identifier NOT NULL,
    workspace_id   flowai.identifier NOT NULL,
    id             text COLLATE "C" NOT NULL,
    item_type      text COLLATE "C" NOT NULL,
    name           text NOT NULL,
    qualified_name text NOT NULL,
    content        text NOT NULL,
    tags           text[] NOT NULL,
    metadata       jsonb NOT NULL,
    content_hash   bytea NOT NULL,
    version        bigint NOT NULL,
    row_version    bigint NOT NULL,
    superseded     bigint,
    created_at     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    updated_at     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT catalog_entries_pkey PRIMARY KEY (tenant_id, workspace_id, id),
    CONSTRAINT catalog_entries_id_text CHECK (pg_catalog.octet_length(id) BETWEEN 1 AND 512),
    CONSTRAINT catalog_entries_item_type_word CHECK (item_type OPERATOR(pg_catalog.~) '^[a-z][a-z0-9_]{0,62}$'),
    CONSTRAINT catalog_entries_name_said CHECK (name OPERATOR(pg_catalog.~) '[^[:space:]]'),
    CONSTRAINT catalog_entries_metadata_object CHECK (pg_catalog.jsonb_typeof(metadata) OPERATOR(pg_catalog.=) 'object'),
    CONSTRAINT catalog_entries_hash_length CHECK (pg_catalog.octet_length(content_hash) OPERATOR(pg_catalog.=) 32),
    CONSTRAINT catalog_entries_version_positive CHECK (version OPERATOR(pg_catalog.>) 0)
) PARTITION BY HASH (tenant_id);
-- Serves search: from the row versions that an index piece names to the rows.
CREATE UNIQUE INDEX catalog_entries_row_version_idx
    ON flowai.catalog_entries (tenant_id, workspace_id, row_version);
COMMENT ON TABLE flowai.catalog_entries IS 'What each workspace knows: tables, columns, documents and any kind that users name. Written by flowai.catalog_put, catalog_replace and catalog_delete, or through the view flowai.catalog.';
COMMENT ON COLUMN flowai.catalog_entries.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.catalog_entries.workspace_id IS 'The workspace inside the tenant: a scope, not a boundary of rights.';
COMMENT ON COLUMN flowai.catalog_entries.id IS 'Stable identifier, conventionally kind:name; at most 512 bytes.';
COMMENT ON COLUMN flowai.catalog_entries.item_type IS 'What sort of thing it is: table, column, schema, document, or a word of the user''s (itemType in JSON).';
COMMENT ON COLUMN flowai.catalog_entries.name IS 'Short name.';
COMMENT ON COLUMN flowai.catalog_entries.qualified_name IS 'Full name, such as schema.table; may be empty.';
COMMENT ON COLUMN flowai.catalog_entries.content IS 'Description; may be empty.';
COMMENT ON COLUMN flowai.catalog_entries.tags IS 'Words to filter and rank by; sorted, without repetition.';
COMMENT ON COLUMN flowai.catalog_entries.metadata IS 'What else is known, as an object. Known keys (databaseId, schemaName, rowCount, ...) have known types; others are kept as they are.';
COMMENT ON COLUMN flowai.catalog_entries.content_hash IS 'BLAKE3 over the user''s fields: an equal write is no write.';
COMMENT ON COLUMN flowai.catalog_entries.version IS 'Counts the entry''s effective writes, from 1.';
COMMENT ON COLUMN flowai.catalog_entries.row_version IS 'Identity of this version of the row: random, so that it tells nobody how much others write.';
COMMENT ON COLUMN flowai.catalog_entries.superseded IS 'The row_version that this one replaced; NULL for the first. The statement that replaced it learns from here which indexed document died.';
COMMENT ON COLUMN flowai.catalog_entries.created_at IS 'When the entry was first written.';
COMMENT ON COLUMN flowai.catalog_entries.updated_at IS 'When the entry was last effectively written.';
SELECT flowai_internal.make_tenant_table('flowai.catalog_entries');

CREATE TABLE flowai.catalog_relations (
    tenant_id    flowai.identifier NOT NULL,
    workspace_id flowai.identifier NOT NULL,
    from_id      text COLLATE "C" NOT NULL,
    kind         flowai.identifier NOT NULL,
    to_id        text COLLATE "C" NOT NULL,
    properties   jsonb NOT NULL,
    CONSTRAINT catalog_relations_pkey PRIMARY KEY (tenant_id, workspace_id, from_id, kind, to_id),
    CONSTRAINT catalog_relations_properties_object CHECK (pg_catalog.jsonb_typeof(properties) OPERATOR(pg_catalog.=) 'object')
) PARTITION BY HASH (tenant_id);
-- Serves the walk against the arrows.
CREATE INDEX catalog_relations_to_idx ON flowai.catalog_relations (tenant_id, workspace_id, to_id, kind);
COMMENT ON TABLE flowai.catalog_relations IS 'Directed edges between entries, written with the entry that they leave. The far end may not exist yet: flowai.catalog_check() reports such edges.';
COMMENT ON COLUMN flowai.catalog_relations.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.catalog_relations.workspace_id IS 'The workspace.';
COMMENT ON COLUMN flowai.catalog_relations.from_id IS 'Id of the entry that the edge leaves.';
COMMENT ON COLUMN flowai.catalog_relations.kind IS 'What the edge means: contains, references, joins_with, related_to, or a word of the user''s.';
COMMENT ON COLUMN flowai.catalog_relations.to_id IS 'Id of the entry that the edge reaches; it may be missing.';
COMMENT ON COLUMN flowai.catalog_relations.properties IS 'What else is known of the edge, as an object; {} if nothing.';
SELECT flowai_internal.make_tenant_table('flowai.catalog_relations');

-- Not the row that flush and merge lock: they skip a locked one, and would skip it as long as a replace
-- is open.
CREATE TABLE flowai_internal.catalog_replaces (
    tenant_id    flowai.identifier NOT NULL,
    workspace_id flowai.identifier NOT NULL,
    replaced_at  timestamptz NOT NULL,
    CONSTRAINT catalog_replaces_pkey PRIMARY KEY (tenant_id, workspace_id)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai_internal.catalog_replaces IS 'One row for each workspace that flowai.catalog_replace has written: replaces of a workspace take turns on it.';
COMMENT ON COLUMN flowai_internal.catalog_replaces.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.catalog_replaces.workspace_id IS 'The workspace.';
COMMENT ON COLUMN flowai_internal.catalog_replaces.replaced_at IS 'When the last replace began its turn.';
SELECT flowai_internal.make_tenant_table('flowai_internal.catalog_replaces', readable => false);

CREATE VIEW flowai.catalog WITH (security_invoker = true, security_barrier = true) AS
SELECT e.id, e.item_type, e.name, e.qualified_name, e.content, e.tags,
       COALESCE((SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('id', r.to_id, 'kind', r.kind, 'properties', r.properties)
                                             ORDER BY r.kind, r.to_id)
                 FROM flowai.catalog_relations r
                 WHERE r.tenant_id = e.tenant_id AND r.workspace_id = e.workspace_id AND r.from_id = e.id),
                '[]') AS related,
       e.metadata, e.version, e.created_at, e.updated_at
FROM flowai.catalog_entries e
WHERE e.tenant_id = flowai.current_tenant() AND e.workspace_id = flowai.current_workspace();
COMMENT ON VIEW flowai.catalog IS 'The entries of the tenant and workspace in force. Takes INSERT, COPY, UPDATE and DELETE of any number of rows: they are checked one by one and written together when the statement ends, with one time for all. A statement over 250,000 rows or 64 MB writes in batches, of which functions that it calls see the earlier ones. Id of a row that is there already: 23505, ON CONFLICT or not (a view has none; flowai.catalog_put updates what is there); a row that changed since the statement read it: 40001.';
COMMENT ON COLUMN flowai.catalog.id IS 'Stable identifier, conventionally kind:name.';
COMMENT ON COLUMN flowai.catalog.item_type IS 'What sort of thing it is.';
COMMENT ON COLUMN flowai.catalog.name IS 'Short name.';
COMMENT ON COLUMN flowai.catalog.qualified_name IS 'Full name; '''' by default.';
COMMENT ON COLUMN flowai.catalog.content IS 'Description; '''' by default.';
COMMENT ON COLUMN flowai.catalog.tags IS 'Words to filter and rank by; none by default.';
COMMENT ON COLUMN flowai.catalog.related IS 'Outgoing edges: an array of {id, kind, properties}; on writing, elements may also be plain ids.';
COMMENT ON COLUMN flowai.catalog.metadata IS 'What else is known, as an object; {} by default.';
COMMENT ON COLUMN flowai.catalog.version IS 'Counts the entry''s effective writes; not written.';
COMMENT ON COLUMN flowai.catalog.created_at IS 'When the entry was first written; not written.';
COMMENT ON COLUMN flowai.catalog.updated_at IS 'When the entry was last effectively written; not written.';

-- DML on the view goes the way of the functions, so that rows, relations and index stay one thing. The
-- row trigger checks and collects, the statement trigger writes all at once; see src/store/catalog_view.rs.
-- Both are functions of the owner, because tenants may write and lock nothing.
ALTER FUNCTION flowai.catalog_view_write() SET SCHEMA flowai_internal;
ALTER FUNCTION flowai_internal.catalog_view_write() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION flowai.catalog_view_end() SET SCHEMA flowai_internal;
ALTER FUNCTION flowai_internal.catalog_view_end() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION flowai_internal.catalog_view_write() IS 'INSTEAD OF row trigger of the view flowai.catalog: checks the row as flowai.catalog_put does and keeps it for the end of the statement. RETURNING shows the entry as it will be read back.';
COMMENT ON FUNCTION flowai_internal.catalog_view_end() IS 'AFTER STATEMENT trigger of the view flowai.catalog: writes what the statement wants, all at once. Error 23505 (entry_new) for an entry that is there already, 40001 (entry_version) if one that the statement has read was changed meanwhile.';
CREATE TRIGGER catalog_write INSTEAD OF INSERT OR UPDATE OR DELETE ON flowai.catalog
    FOR EACH ROW EXECUTE FUNCTION flowai_internal.catalog_view_write();
COMMENT ON TRIGGER catalog_write ON flowai.catalog IS 'Checks and collects the rows of a statement. Under session_replication_role = replica the server fires no triggers of views: such statements write nothing.';
CREATE TRIGGER catalog_write_end AFTER INSERT OR UPDATE OR DELETE ON flowai.catalog
    FOR EACH STATEMENT EXECUTE FUNCTION flowai_internal.catalog_view_end();
COMMENT ON TRIGGER catalog_write_end ON flowai.catalog IS 'Writes what the statement wants.';

-- ---------------------------------------------------------------------------------- reading tools

CREATE FUNCTION flowai.list_schema_fields(entry text, max_rows integer DEFAULT 200, after integer DEFAULT 0)
RETURNS TABLE (ordinal integer, id text, name text, data_type text, nullable boolean, description text, metadata jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
    WITH owner AS MATERIALIZED (
        SELECT e.id, e.metadata,
               EXISTS (SELECT FROM flowai.catalog_relations r
                       WHERE r.tenant_id = flowai.current_tenant() AND r.workspace_id = flowai.current_workspace()
                         AND r.from_id = e.id AND r.kind = 'contains') AS has_edges
        FROM flowai.catalog_entries e
        WHERE e.tenant_id = flowai.current_tenant() AND e.workspace_id = flowai.current_workspace()
          AND (e.id = list_schema_fields.entry OR e.qualified_name = list_schema_fields.entry)
        ORDER BY e.id <> list_schema_fields.entry, e.id
        LIMIT 1
    ), field AS (
        SELECT c.id, c.name, c.content, c.metadata
        FROM owner o
        JOIN flowai.catalog_relations r ON o.has_edges AND r.from_id = o.id AND r.kind = 'contains'
             AND r.tenant_id = flowai.current_tenant() AND r.workspace_id = flowai.current_workspace()
        JOIN flowai.catalog_entries c ON c.id = r.to_id AND c.item_type = 'column'
             AND c.tenant_id = flowai.current_tenant() AND c.workspace_id = flowai.current_workspace()
        UNION ALL
        SELECT c.id, c.name, c.content, c.metadata
        FROM owner o
        JOIN flowai.catalog_entries c ON NOT o.has_edges AND c.item_type = 'column'
             AND c.tenant_id = flowai.current_tenant() AND c.workspace_id = flowai.current_workspace()
             AND c.metadata ->> 'tableName' = o.metadata ->> 'tableName'
             AND c.metadata ->> 'schemaName' IS NOT DISTINCT FROM o.metadata ->> 'schemaName'
             AND c.metadata ->> 'databaseId' IS NOT DISTINCT FROM o.metadata ->> 'databaseId'
    ), numbered AS (
        SELECT COALESCE((f.metadata ->> 'ordinal')::integer,
                        pg_catalog.row_number() OVER (ORDER BY f.id)::integer) AS ordinal, f.*
        FROM field f
    )
    SELECT n.ordinal, n.id, n.name, n.metadata ->> 'dataType', (n.metadata ->> 'nullable')::boolean,
           NULLIF(n.content, ''), n.metadata
    FROM numbered n
    WHERE n.ordinal > list_schema_fields.after
    ORDER BY n.ordinal, n.id
    LIMIT flowai_internal.page_rows(max_rows);
END;

CREATE FUNCTION flowai.get_catalog_relations(entry text, direction text DEFAULT 'both', kinds text[] DEFAULT NULL, max_rows integer DEFAULT 100)
RETURNS TABLE (from_id text, kind text, to_id text, properties jsonb, direction text, dangling boolean)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
    WITH edge AS (
        SELECT r.from_id, r.kind::text AS kind, r.to_id, r.properties, 'out' AS direction
        FROM flowai.catalog_relations r
        WHERE get_catalog_relations.direction IN ('out', 'both')
          AND r.tenant_id = flowai.current_tenant() AND r.workspace_id = flowai.current_workspace()
          AND r.from_id = get_catalog_relations.entry
        UNION ALL
        SELECT r.from_id, r.kind::text, r.to_id, r.properties, 'in'
        FROM flowai.catalog_relations r
        WHERE get_catalog_relations.direction IN ('in', 'both')
          AND r.tenant_id = flowai.current_tenant() AND r.workspace_id = flowai.current_workspace()
          AND r.to_id = get_catalog_relations.entry
    )
    SELECT e.from_id, e.kind, e.to_id, e.properties, e.direction,
           NOT EXISTS (SELECT FROM flowai.catalog_entries c
                       WHERE c.tenant_id = flowai.current_tenant() AND c.workspace_id = flowai.current_workspace()
                         AND c.id = CASE e.direction WHEN 'out' THEN e.to_id ELSE e.from_id END)
    FROM edge e
    WHERE flowai_internal.argument_word('direction', get_catalog_relations.direction, '{out,in,both}')
      AND (get_catalog_relations.kinds IS NULL OR e.kind = ANY (get_catalog_relations.kinds))
    ORDER BY e.direction DESC, e.kind, e.from_id, e.to_id
    LIMIT flowai_internal.page_rows(max_rows);
END;

CREATE FUNCTION flowai.catalog_check()
RETURNS TABLE (problem text, id text, detail text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
    SELECT 'dangling relation', r.from_id, pg_catalog.format('%s -> %s', r.kind, r.to_id)
    FROM flowai.catalog_relations r
    WHERE r.tenant_id = flowai.current_tenant() AND r.workspace_id = flowai.current_workspace()
      AND NOT EXISTS (SELECT FROM flowai.catalog_entries e
                      WHERE e.tenant_id = flowai.current_tenant() AND e.workspace_id = flowai.current_workspace()
                        AND e.id = r.to_id)
    ORDER BY r.from_id, r.kind, r.to_id;
END;

-- requires:
--   kv
--   api::event::event_note
--   api::event::event_first_id
--   api::event::event_id_moment
--   api::event::event_id_fits

-- Events: what happened, said once and never changed. Stamped by the database, kept by month.
--
-- Tenants tell their own with flowai.event_emit; the runtime tells what administrators, plans and refused
-- statements did under names that begin with "flowai.".

ALTER FUNCTION flowai.event_note(text, text, jsonb) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.event_first_id(timestamptz) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.event_id_moment(uuid) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.event_id_fits(uuid, timestamptz) SET SCHEMA flowai_internal;

-- No key here but in each partition: a restore attaches partitions to the table that CREATE EXTENSION has
-- made, and with a key on that, would give each of them one before it brings its own.
CREATE TABLE flowai.events (
    tenant_id      flowai.identifier NOT NULL,
    event_id       uuid NOT NULL,
    recorded_at    timestamptz NOT NULL,
    workspace_id   flowai.identifier NOT NULL,
    name           text COLLATE "C" NOT NULL,
    severity       text COLLATE "C" NOT NULL,
    attributes     jsonb NOT NULL,
    role           text NOT NULL,
    login          text NOT NULL,
    transaction_id bigint NOT NULL,
    backend_pid    integer NOT NULL,
    trace_id       text COLLATE "C",
    span_id        text COLLATE "C",
    -- Lists find their place by the time in the id.
    CONSTRAINT events_id_of_its_time CHECK (flowai_internal.event_id_fits(event_id, recorded_at)),
    CONSTRAINT events_name_words CHECK (
        name OPERATOR(pg_catalog.~) '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$'
        AND pg_catalog.octet_length(name) OPERATOR(pg_catalog.<=) 128),
    CONSTRAINT events_severity_known CHECK (severity IN ('debug', 'info', 'warn', 'error')),
    CONSTRAINT events_attributes_small CHECK (
        pg_catalog.jsonb_typeof(attributes) OPERATOR(pg_catalog.=) 'object'
        AND pg_catalog.octet_length(attributes::text) OPERATOR(pg_catalog.<=) 8192),
    -- NULL, and so allowed, without a trace or without a span in it.
    CONSTRAINT events_trace_hexadecimal CHECK (
        trace_id OPERATOR(pg_catalog.~) '^[0-9a-f]{32}$' AND span_id OPERATOR(pg_catalog.~) '^[0-9a-f]{16}$'
        AND (span_id IS NULL OR trace_id IS NOT NULL))
) PARTITION BY RANGE (recorded_at);
COMMENT ON TABLE flowai.events IS 'What happened, in order. Written by flowai.event_emit and by the runtime itself, changed by nobody; whole months go with flowai.event_purge. Partitions are flowai_internal.events_YYYY_MM, in months of UTC.';
COMMENT ON COLUMN flowai.events.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.events.event_id IS 'A UUID of version 7: its order is that of time.';
COMMENT ON COLUMN flowai.events.recorded_at IS 'When, by the database''s clock.';
COMMENT ON COLUMN flowai.events.workspace_id IS 'The workspace that was in force.';
COMMENT ON COLUMN flowai.events.name IS 'What happened: dotted words. Those of the runtime''s own begin with "flowai.": flowai.tenant.*, function.*, extension.*, plan.*, approval.*, data_environment.set, search.rebuilt, query.refused.';
COMMENT ON COLUMN flowai.events.severity IS 'How much it matters: debug, info, warn or error.';
COMMENT ON COLUMN flowai.events.attributes IS 'The facts: an object of at most 8 KiB of text, secrets replaced by "[redacted]".';
COMMENT ON COLUMN flowai.events.role IS 'The role that did it.';
COMMENT ON COLUMN flowai.events.login IS 'The login role behind it.';
COMMENT ON COLUMN flowai.events.transaction_id IS 'The transaction that it was part of, as pg_current_xact_id() gives it.';
COMMENT ON COLUMN flowai.events.backend_pid IS 'The server process.';
COMMENT ON COLUMN flowai.events.trace_id IS 'The W3C trace that it belongs to, 32 hexadecimal digits; NULL if none was given.';
COMMENT ON COLUMN flowai.events.span_id IS 'The span within the trace, 16 hexadecimal digits; NULL if none was given.';
SELECT flowai_internal.secure_tenant_table('flowai.events');
GRANT SELECT ON TABLE flowai.events TO flowai_user;
-- Not even the owner's functions change an event; they insert, and delete with a whole tenant.
REVOKE UPDATE, TRUNCATE ON TABLE flowai.events FROM flowai_owner;

-- Made when the first event of a month is written, or the first of the month before: the install script
-- makes none, so that partitions are no members of the extension, and pg_dump takes them as they are.
-- ATTACH, unlike PARTITION OF, waits for nobody who reads or writes events.
CREATE FUNCTION flowai_internal.event_month_open(year integer, month integer) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    first_day CONSTANT date := make_date(year, month, 1);
    table_name CONSTANT text := to_char(first_day, '"events_"YYYY_MM');
    piece CONSTANT text := format('flowai_internal.%I', table_name);
BEGIN
    LOCK TABLE ONLY flowai.events IN SHARE UPDATE EXCLUSIVE MODE;
    IF to_regclass(piece) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %s (LIKE flowai.events INCLUDING ALL EXCLUDING COMMENTS)', piece);
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I PRIMARY KEY (tenant_id, event_id)', piece, table_name || '_pkey');
    EXECUTE format('COMMENT ON TABLE %s IS %L', piece, to_char(first_day, '"Events of "YYYY-MM"."'));
    PERFORM flowai_internal.secure_tenant_table(piece::regclass);
    EXECUTE format('REVOKE UPDATE, TRUNCATE ON TABLE %s FROM flowai_owner', piece);
    EXECUTE format('ALTER TABLE ONLY flowai.events ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', piece,
                   to_char(first_day, 'YYYY-MM-DD"T00:00Z"'), to_char(first_day + interval '1 month', 'YYYY-MM-DD"T00:00Z"'));
END $$;
COMMENT ON FUNCTION flowai_internal.event_month_open(integer, integer) IS 'Makes the partition of events of a month, in UTC, if there is none.';

-- ------------------------------------------------------------------------------------------ reading

CREATE FUNCTION flowai.event_list(name_prefix text DEFAULT '', since timestamptz DEFAULT NULL, after uuid DEFAULT NULL, max_rows integer DEFAULT 100)
RETURNS TABLE (event_id uuid, recorded_at timestamptz, workspace text, name text, severity text, attributes jsonb, role text, login text,
               transaction_id bigint, backend_pid integer, trace_id text, span_id text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT e.event_id, e.recorded_at, e.workspace_id, e.name, e.severity, e.attributes, e.role, e.login,
           e.transaction_id, e.backend_pid, e.trace_id, e.span_id
    FROM flowai.events e
    WHERE e.tenant_id = flowai.current_tenant()
      -- Each bound twice: of the id for the index, of the time for the partitions. Not COALESCE: the
      -- server would not trust it before the policy.
      AND e.event_id > CASE WHEN event_list.after IS NULL THEN '00000000-0000-0000-0000-000000000000' ELSE event_list.after END
      AND e.recorded_at >= CASE WHEN event_list.after IS NULL THEN '-infinity' ELSE flowai_internal.event_id_moment(event_list.after) END
      AND e.event_id >= CASE WHEN event_list.since IS NULL THEN '00000000-0000-0000-0000-000000000000' ELSE flowai_internal.event_first_id(event_list.since) END
      AND e.recorded_at >= CASE WHEN event_list.since IS NULL THEN '-infinity' ELSE event_list.since END
      AND e.name >= event_list.name_prefix COLLATE "C"
      AND e.name < flowai_internal.prefix_end(event_list.name_prefix) COLLATE "C"
    ORDER BY e.event_id
    LIMIT flowai_internal.page_rows(max_rows);
END;

-- The log data model of OpenTelemetry, one record a row: for collectors that read a database.
CREATE VIEW flowai.events_otel WITH (security_invoker = true, security_barrier = true) AS
SELECT (EXTRACT(epoch FROM e.recorded_at) * 1000000000)::bigint AS time_unix_nano,
       CASE e.severity WHEN 'debug' THEN 5 WHEN 'info' THEN 9 WHEN 'warn' THEN 13 ELSE 17 END AS severity_number,
       pg_catalog.upper(e.severity) AS severity_text,
       e.name AS event_name,
       e.name AS body,
       e.attributes || pg_catalog.jsonb_build_object(
           'log.record.uid', e.event_id, 'flowai.transaction_id', e.transaction_id) AS attributes,
       pg_catalog.jsonb_build_object(
           'service.name', 'flowai_runtime', 'service.namespace', pg_catalog.current_database(),
           'flowai.tenant', e.tenant_id, 'flowai.workspace', e.workspace_id, 'flowai.role', e.role, 'flowai.login', e.login,
           'process.pid', e.backend_pid) AS resource_attributes,
       e.trace_id,
       e.span_id
FROM flowai.events e
WHERE e.tenant_id = flowai.current_tenant();
COMMENT ON VIEW flowai.events_otel IS 'Events of the tenant in force in the log data model of OpenTelemetry, one record a row.';
COMMENT ON COLUMN flowai.events_otel.time_unix_nano IS 'Timestamp: nanoseconds since 1970.';
COMMENT ON COLUMN flowai.events_otel.severity_number IS 'SeverityNumber: 5 debug, 9 info, 13 warn, 17 error.';
COMMENT ON COLUMN flowai.events_otel.severity_text IS 'SeverityText: DEBUG, INFO, WARN, ERROR.';
COMMENT ON COLUMN flowai.events_otel.event_name IS 'EventName.';
COMMENT ON COLUMN flowai.events_otel.body IS 'Body: the name, for what shows nothing else.';
COMMENT ON COLUMN flowai.events_otel.attributes IS 'Attributes, with log.record.uid and flowai.transaction_id added.';
COMMENT ON COLUMN flowai.events_otel.resource_attributes IS 'Resource: service, tenant, workspace, role, login, server process.';
COMMENT ON COLUMN flowai.events_otel.trace_id IS 'TraceId, as hexadecimal digits; may be NULL.';
COMMENT ON COLUMN flowai.events_otel.span_id IS 'SpanId, as hexadecimal digits; may be NULL.';
GRANT SELECT ON TABLE flowai.events_otel TO flowai_user;

-- ---------------------------------------------------------------------------------------- retention

-- To drop a partition is to lock all events for a moment. Whoever reads or writes them for long shall not
-- have everybody else waiting behind this.
CREATE FUNCTION flowai.event_purge(older_than interval) RETURNS TABLE (dropped text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 12
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    oldest_kept timestamptz;
    caller record;
BEGIN
    IF older_than IS NULL THEN
        RAISE EXCEPTION 'argument "older_than" must not be null'
            USING ERRCODE = 'null_value_not_allowed', CONSTRAINT = 'argument_required', HINT = 'Pass a value for "older_than".';
    ELSIF older_than < interval '1 day' THEN
        RAISE EXCEPTION 'argument "older_than" is out of range'
            USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'event_purge_range',
                  DETAIL = format('It is %s; events of the last day are always kept.', older_than),
                  HINT = 'Pass an interval such as ''90 days''.';
    END IF;
    -- No event is as old, and no time much older.
    oldest_kept := clock_timestamp() - LEAST(older_than, interval '5000 years');
    SELECT w.role, w.login INTO caller FROM flowai.whoami() w;
    FOR dropped IN
        SELECT c.oid::regclass::text
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'flowai.events'::regclass AND c.relname ~ '^events_\d{4,}_\d\d$'
          AND (to_date(c.relname, '"events_"YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC' <= oldest_kept
        ORDER BY c.relname COLLATE "C"
    LOOP
        EXECUTE format('DROP TABLE %s', dropped);
        RAISE LOG 'partition % of events was dropped by role "%", login "%"', dropped, caller.role, caller.login;
        RETURN NEXT;
    END LOOP;
END $$;

-- requires:
--   kv
--   api::reference::ref_resolve
--   api::reference::ref_intact

-- References: typed handles {kind, id} for payloads, so that a plan or a model carries a few words
-- instead of megabytes.
--
-- The id is a hash of the payload under a key of the tenant: equal payload, equal id; nobody can tell
-- from an id what it stands for, or find out whether another tenant has it. A reference that has expired
-- is gone for every operation, long before anybody removes its row.

ALTER FUNCTION flowai.ref_intact(text, text, jsonb) SET SCHEMA flowai_internal;

CREATE TABLE flowai.ref_kinds (
    tenant_id  flowai.identifier NOT NULL,
    kind       flowai.identifier NOT NULL,
    revision   bigint NOT NULL,
    schema     jsonb,
    ttl        interval,
    max_bytes  bigint NOT NULL,
    defined_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT ref_kinds_pkey PRIMARY KEY (tenant_id, kind, revision),
    CONSTRAINT ref_kinds_revision_positive CHECK (revision > 0),
    CONSTRAINT ref_kinds_ttl_positive CHECK (ttl > interval '0'),
    CONSTRAINT ref_kinds_max_bytes_range CHECK (max_bytes BETWEEN 1 AND 268435456)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai.ref_kinds IS 'Kinds of references, every revision of each; the highest counts for new references. Written by flowai.ref_kind_define.';
COMMENT ON COLUMN flowai.ref_kinds.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.ref_kinds.kind IS 'Name of the kind.';
COMMENT ON COLUMN flowai.ref_kinds.revision IS 'Counts the definitions of the kind, from 1.';
COMMENT ON COLUMN flowai.ref_kinds.schema IS 'JSON Schema 2020-12 that payloads must match; NULL for any payload.';
COMMENT ON COLUMN flowai.ref_kinds.ttl IS 'How long references live that are stored without a ttl; NULL for ever.';
COMMENT ON COLUMN flowai.ref_kinds.max_bytes IS 'Most bytes of a payload''s text.';
COMMENT ON COLUMN flowai.ref_kinds.defined_at IS 'When this revision was defined.';
SELECT flowai_internal.make_tenant_table('flowai.ref_kinds');

CREATE TABLE flowai.refs (
    tenant_id         flowai.identifier NOT NULL,
    kind              flowai.identifier NOT NULL,
    id                text COLLATE "C" NOT NULL,
    summary           jsonb NOT NULL,
    byte_size         bigint NOT NULL,
    canonical_version smallint NOT NULL,
    kind_revision     bigint NOT NULL,
    created_at        timestamptz NOT NULL,
    expires_at        timestamptz,
    CONSTRAINT refs_pkey PRIMARY KEY (tenant_id, kind, id),
    CONSTRAINT refs_id_text CHECK (id ~ '^r[0-9a-hjkmnp-tv-z]{32}$'),
    CONSTRAINT refs_summary_size CHECK (pg_catalog.octet_length(summary::text) <= 2048),
    CONSTRAINT refs_byte_size_positive CHECK (byte_size > 0),
    CONSTRAINT refs_times_ordered CHECK (expires_at > created_at)
) PARTITION BY HASH (tenant_id);
-- Serves ref_list over all kinds.
CREATE INDEX refs_id_idx ON flowai.refs (tenant_id, id);
-- Serves ref_purge; references that live for ever are not in it.
CREATE INDEX refs_expires_idx ON flowai.refs (tenant_id, expires_at) WHERE expires_at IS NOT NULL;
COMMENT ON TABLE flowai.refs IS 'References: what each stands for, without the payload. Written by flowai.ref_put and flowai.ref_delete. Rows whose expires_at has passed no longer count.';
COMMENT ON COLUMN flowai.refs.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.refs.kind IS 'The kind: first half of the handle.';
COMMENT ON COLUMN flowai.refs.id IS 'The id: second half of the handle. Hash of kind and payload under the tenant''s key.';
COMMENT ON COLUMN flowai.refs.summary IS 'What the payload is, in at most 2048 bytes; the first one given stays.';
COMMENT ON COLUMN flowai.refs.byte_size IS 'Bytes of the payload''s text.';
COMMENT ON COLUMN flowai.refs.canonical_version IS 'Version of the canonical form that was hashed.';
COMMENT ON COLUMN flowai.refs.kind_revision IS 'Revision of the kind that the payload matched.';
COMMENT ON COLUMN flowai.refs.created_at IS 'When the payload was first stored; anew if an earlier reference had expired.';
COMMENT ON COLUMN flowai.refs.expires_at IS 'From when on the reference counts as absent; NULL for never. Only ever extended.';
SELECT flowai_internal.make_tenant_table('flowai.refs');
SELECT flowai_internal.make_tenant_reference('refs_kind_known', 'flowai.refs', 'tenant_id, kind, kind_revision', 'flowai.ref_kinds', 'tenant_id, kind, revision');

CREATE TABLE flowai.ref_payloads (
    tenant_id  flowai.identifier NOT NULL,
    kind       flowai.identifier NOT NULL,
    id         text COLLATE "C" NOT NULL,
    payload    jsonb NOT NULL,
    expires_at timestamptz,
    CONSTRAINT ref_payloads_pkey PRIMARY KEY (tenant_id, kind, id)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai.ref_payloads IS 'The payloads of references, apart from them, so that whoever reads a summary never reads a payload. Rows whose expires_at has passed no longer count.';
COMMENT ON COLUMN flowai.ref_payloads.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.ref_payloads.kind IS 'Kind of the reference.';
COMMENT ON COLUMN flowai.ref_payloads.id IS 'Id of the reference.';
COMMENT ON COLUMN flowai.ref_payloads.payload IS 'The payload.';
COMMENT ON COLUMN flowai.ref_payloads.expires_at IS 'That of the reference, written with it and under its lock: resolving reads this table alone.';
SELECT flowai_internal.make_tenant_table('flowai.ref_payloads');
SELECT flowai_internal.make_tenant_reference('ref_payloads_ref_known', 'flowai.ref_payloads', 'tenant_id, kind, id', 'flowai.refs', 'tenant_id, kind, id', 'CASCADE');

-- ------------------------------------------------------------------------------------------ reading

CREATE FUNCTION flowai.ref_summary(kind text, id text)
RETURNS TABLE (kind text, id text, summary jsonb, byte_size bigint, created_at timestamptz, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT r.kind, r.id, r.summary, r.byte_size, r.created_at, r.expires_at
    FROM flowai.refs r
    WHERE r.tenant_id = flowai.current_tenant()
      AND r.kind = $1
      AND r.id = $2
      AND (r.expires_at IS NULL OR r.expires_at > pg_catalog.clock_timestamp());
END;

CREATE FUNCTION flowai.ref_get(kind text, id text)
RETURNS TABLE (payload jsonb, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 1
BEGIN ATOMIC
    SELECT flowai_internal.ref_intact(p.kind, p.id, p.payload), p.expires_at
    FROM flowai.ref_payloads p
    WHERE p.tenant_id = flowai.current_tenant()
      AND p.kind = ref_get.kind
      AND p.id = ref_get.id
      AND (p.expires_at IS NULL OR p.expires_at > pg_catalog.clock_timestamp());
END;

-- Two branches, one of which is empty: each has an index that gives its order, whatever is known of the kind when it
-- is planned.
CREATE FUNCTION flowai.ref_list(kind text DEFAULT NULL, after text DEFAULT NULL, max_rows integer DEFAULT 100)
RETURNS TABLE (kind text, id text, summary jsonb, byte_size bigint, created_at timestamptz, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT r.kind, r.id, r.summary, r.byte_size, r.created_at, r.expires_at
    FROM ((SELECT o.* FROM flowai.refs o
           WHERE o.tenant_id = flowai.current_tenant() AND o.kind = $1
             AND o.id > CASE WHEN ref_list.after IS NULL THEN '' ELSE ref_list.after END COLLATE "C"
             AND (o.expires_at IS NULL OR o.expires_at > pg_catalog.clock_timestamp())
           ORDER BY o.id LIMIT flowai_internal.page_rows(max_rows))
          UNION ALL
          (SELECT e.* FROM flowai.refs e
           WHERE e.tenant_id = flowai.current_tenant() AND $1 IS NULL
             AND e.id > CASE WHEN ref_list.after IS NULL THEN '' ELSE ref_list.after END COLLATE "C"
             AND (e.expires_at IS NULL OR e.expires_at > pg_catalog.clock_timestamp())
           ORDER BY e.id LIMIT flowai_internal.page_rows(max_rows))) AS r
    ORDER BY r.id;
END;

CREATE FUNCTION flowai.ref_resolve_many(refs jsonb)
RETURNS TABLE (ordinal bigint, kind text, id text, found boolean, payload jsonb, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 10
BEGIN ATOMIC
    SELECT h.ordinal, h.handle ->> 'kind', h.handle ->> 'id', p.id IS NOT NULL,
           flowai_internal.ref_intact(p.kind, p.id, p.payload), p.expires_at
    FROM pg_catalog.jsonb_array_elements(flowai_internal.json_array('argument "refs"', refs, 'Pass an array of handles: [{"kind": "...", "id": "..."}].')) WITH ORDINALITY AS h(handle, ordinal)
    LEFT JOIN flowai.ref_payloads p
      ON p.tenant_id = flowai.current_tenant()
     AND p.kind = h.handle ->> 'kind'
     AND p.id = h.handle ->> 'id'
     AND (p.expires_at IS NULL OR p.expires_at > pg_catalog.clock_timestamp())
    ORDER BY h.ordinal;
END;

CREATE FUNCTION flowai.ref_rows(kind text, id text)
RETURNS TABLE (ordinal bigint, "row" jsonb)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100
BEGIN ATOMIC
    SELECT e.ordinal, e.value
    FROM pg_catalog.jsonb_array_elements(flowai_internal.json_array('the payload', flowai.ref_resolve(kind, id), 'flowai.ref_resolve(kind, id) returns it as it is.')) WITH ORDINALITY AS e(value, ordinal)
    ORDER BY e.ordinal;
END;

-- requires:
--   kv
--   api::tenancy::act_for
--   api::tenancy::await_writers
--   api::tenancy::tenant_shut
--   api::tenancy::catalog_stamp
--   api::search::search_maintain

-- The rows of a tenant as a whole: what there is, out, in, and away. For flowai_admin.
--
-- Relations go by their names, which quote_all_identifiers would write otherwise.
--
-- Row-level security binds administrators and the owner too, so these functions put the tenant in force
-- while they work on it. Only they can: flowai_internal.act_for is executable by the owner alone. It tells this
-- process only, so none of them may have parallel workers, which would see no row.

ALTER FUNCTION flowai.act_for(text) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.await_writers(oid[]) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.tenant_shut(text) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.catalog_stamp(text, text[]) SET SCHEMA flowai_internal;

CREATE TABLE flowai_internal.tenant_versions (
    tenant_id flowai.identifier NOT NULL,
    version   text NOT NULL,
    set_at    timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    set_by    text NOT NULL,
    CONSTRAINT tenant_versions_pkey PRIMARY KEY (tenant_id, set_at),
    CONSTRAINT tenant_versions_version_said CHECK (version OPERATOR(pg_catalog.~) '[^[:space:]]'),
    CONSTRAINT tenant_versions_tenant_known FOREIGN KEY (tenant_id)
        REFERENCES flowai_internal.tenants (tenant_id) ON DELETE CASCADE
);
COMMENT ON TABLE flowai_internal.tenant_versions IS 'Every revision that a tenant''s configuration had. Written by flowai.tenant_create and flowai.tenant_version_set.';
COMMENT ON COLUMN flowai_internal.tenant_versions.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.tenant_versions.version IS 'The revision.';
COMMENT ON COLUMN flowai_internal.tenant_versions.set_at IS 'Since when.';
COMMENT ON COLUMN flowai_internal.tenant_versions.set_by IS 'The role that set it.';
SELECT pg_catalog.pg_extension_config_dump('flowai_internal.tenant_versions', '');

-- Tables whose rows belong to tenants, in an order in which they can be emptied: who refers goes first.
CREATE FUNCTION flowai_internal.tenant_tables() RETURNS TABLE (relation regclass, place bigint)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE tenant_table AS (
        SELECT c.oid
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('flowai', 'flowai_internal') AND c.relkind IN ('r', 'p')
          AND c.relforcerowsecurity AND NOT c.relispartition
    ), refers AS (
        -- Foreign keys are those of leaves.
        SELECT DISTINCT here.oid AS refers, there.oid AS referred
        FROM pg_constraint k
        LEFT JOIN pg_inherits i ON i.inhrelid = k.conrelid
        LEFT JOIN pg_inherits j ON j.inhrelid = k.confrelid
        JOIN tenant_table here ON here.oid = COALESCE(i.inhparent, k.conrelid)
        JOIN tenant_table there ON there.oid = COALESCE(j.inhparent, k.confrelid)
        WHERE k.contype = 'f' AND here.oid <> there.oid
    ), depth (oid, depth) AS (
        SELECT oid, 0 FROM tenant_table
        UNION
        SELECT r.referred, d.depth + 1 FROM depth d JOIN refers r ON r.refers = d.oid WHERE d.depth < 32
    )
    SELECT d.oid::regclass, row_number() OVER (ORDER BY max(d.depth), d.oid::regclass::text COLLATE "C")
    FROM depth d GROUP BY d.oid;
END;
COMMENT ON FUNCTION flowai_internal.tenant_tables() IS 'Every tenant table; place is an order in which they can be emptied, backwards one in which they can be filled.';

-- Where the rows of a tenant are, leaf by leaf.
CREATE FUNCTION flowai_internal.tenant_leaves(tenant text) RETURNS oid[]
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH leaf AS (
        SELECT c.oid, i.inhparent, pg_get_expr(c.relpartbound, c.oid) AS bound
        FROM flowai_internal.tenant_tables() t
        LEFT JOIN pg_inherits i ON i.inhparent = t.relation
        JOIN pg_class c ON c.oid = COALESCE(i.inhrelid, t.relation)
    ), part AS (
        SELECT l.*, substring(l.bound FROM 'modulus (\d+)')::integer AS modulus, substring(l.bound FROM 'remainder (\d+)')::integer AS remainder
        FROM leaf l
    )
    SELECT array_agg(p.oid ORDER BY p.oid) FROM part p
    WHERE CASE WHEN p.modulus IS NULL THEN true
               ELSE satisfies_hash_partition(p.inhparent, p.modulus, p.remainder, tenant::flowai.identifier) END;
END;
COMMENT ON FUNCTION flowai_internal.tenant_leaves(text) IS 'The tables and partitions in which a tenant''s rows can be.';

CREATE FUNCTION flowai_internal.require_known_tenant(tenant text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'argument "tenant" must not be null'
            USING ERRCODE = 'null_value_not_allowed', CONSTRAINT = 'argument_required', HINT = 'Pass a value for "tenant".';
    END IF;
    IF NOT EXISTS (SELECT FROM flowai_internal.tenants t WHERE t.tenant_id = tenant) THEN
        RAISE EXCEPTION 'tenant "%" does not exist', left(tenant, 200)
            USING ERRCODE = 'no_data_found', CONSTRAINT = 'tenant_known', HINT = 'List them with flowai.tenant_list().';
    END IF;
END $$;
COMMENT ON FUNCTION flowai_internal.require_known_tenant(text) IS 'Error P0002 if there is no such tenant, 22004 for NULL.';

-- What a tenant has is counted, not remembered: a counter would be one row that all of its writers wait for.
-- So it costs nothing unless it is asked for.
CREATE FUNCTION flowai.tenant_list(after text DEFAULT '', max_rows integer DEFAULT 100, with_usage boolean DEFAULT false)
RETURNS TABLE (tenant text, version text, created_at timestamptz, members text[], rows bigint, bytes bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    page_rows CONSTANT integer := flowai_internal.page_rows(max_rows);
BEGIN
    FOR tenant, version, created_at, members IN
        SELECT t.tenant_id, t.version, t.created_at,
               ARRAY(SELECT COALESCE(r.rolname::text, m.member::oid::text) FROM flowai_internal.tenant_members m
                     LEFT JOIN pg_roles r ON r.oid = m.member
                     WHERE m.tenant_id = t.tenant_id ORDER BY 1)
        FROM flowai_internal.tenants t
        WHERE t.tenant_id > COALESCE(tenant_list.after, '') COLLATE "C"
        ORDER BY t.tenant_id
        LIMIT page_rows
    LOOP
        IF with_usage THEN
            BEGIN
                SELECT COALESCE(sum(u.rows), 0), COALESCE(sum(u.bytes), 0) INTO rows, bytes FROM flowai.tenant_usage(tenant) u;
            EXCEPTION WHEN no_data_found THEN
                -- Dropped meanwhile.
                CONTINUE;
            END;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;

CREATE FUNCTION flowai.tenant_usage(tenant text)
RETURNS TABLE (relation text, rows bigint, bytes bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 20
SET search_path = pg_catalog, pg_temp
SET max_parallel_workers_per_gather = 0
SET quote_all_identifiers = off
AS $$
DECLARE
    tenant_table regclass;
BEGIN
    PERFORM flowai_internal.require_known_tenant(tenant);
    PERFORM flowai_internal.act_for(tenant);
    FOR tenant_table IN SELECT t.relation FROM flowai_internal.tenant_tables() t ORDER BY t.relation::text COLLATE "C" LOOP
        relation := tenant_table::text;
        EXECUTE format('SELECT count(*), COALESCE(sum(pg_column_size(t.*)), 0) FROM %s t WHERE t.tenant_id = $1', tenant_table)
            INTO rows, bytes USING tenant;
        IF rows > 0 THEN
            RETURN NEXT;
        END IF;
    END LOOP;
    PERFORM flowai_internal.act_for(NULL);
END $$;

CREATE FUNCTION flowai.tenant_version_set(tenant text, version text) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    moment timestamptz;
BEGIN
    PERFORM flowai_internal.require_known_tenant(tenant);
    IF version IS NULL THEN
        RAISE EXCEPTION 'argument "version" must not be null'
            USING ERRCODE = 'null_value_not_allowed', CONSTRAINT = 'argument_required', HINT = 'Pass a value for "version".';
    ELSIF version !~ '[^[:space:]]' THEN
        RAISE EXCEPTION 'argument "version" must not be blank'
            USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'tenant_version_said',
                  HINT = 'Pass the revision of the tenant''s configuration, such as v1.';
    END IF;
    UPDATE flowai_internal.tenants t SET version = tenant_version_set.version WHERE t.tenant_id = tenant;
    INSERT INTO flowai_internal.tenant_versions (tenant_id, version, set_by)
    VALUES (tenant, version, (flowai.whoami()).role) RETURNING set_at INTO moment;
    PERFORM flowai_internal.event_note(tenant, 'flowai.tenant.version_set', jsonb_build_object('version', left(version, 1000)));
    RETURN moment;
END $$;

CREATE FUNCTION flowai.tenant_history(tenant text)
RETURNS TABLE (version text, set_at timestamptz, set_by text)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM flowai_internal.require_known_tenant(tenant);
    RETURN QUERY SELECT v.version, v.set_at, v.set_by FROM flowai_internal.tenant_versions v
                 WHERE v.tenant_id = tenant ORDER BY v.set_at;
END $$;

-- ------------------------------------------------------------------------------------ away

-- First the members go, and that is committed: from then on none of them can begin to write. Rows that went
-- in the same transaction would go too early: flowai_internal.tenant_shut refuses that. Then, with the
-- tenant locked against new members and imports, who began before is waited for, and rows are deleted in
-- batches; at last the tenant itself. So no row comes after the last look.
CREATE FUNCTION flowai.tenant_drop_some(tenant text, max_rows integer DEFAULT 10000)
RETURNS TABLE (relation text, deleted bigint, done boolean)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 20
SET search_path = pg_catalog, pg_temp
SET max_parallel_workers_per_gather = 0
SET quote_all_identifiers = off
AS $$
DECLARE
    caller record;
    tenant_table regclass;
    budget bigint := max_rows;
BEGIN
    PERFORM flowai_internal.require_known_tenant(tenant);
    IF max_rows IS NULL THEN
        RAISE EXCEPTION 'argument "max_rows" must not be null'
            USING ERRCODE = 'null_value_not_allowed', CONSTRAINT = 'argument_required', HINT = 'Pass a value for "max_rows".';
    ELSIF max_rows < 1 THEN
        RAISE EXCEPTION 'argument "max_rows" is out of range'
            USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'max_rows_range',
                  DETAIL = format('It is %s.', max_rows), HINT = 'Pass a number of rows above 0.';
    ELSIF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'a tenant can be dropped in READ COMMITTED only'
            USING ERRCODE = 'feature_not_supported', CONSTRAINT = 'tenant_drop_sees_all',
                  DETAIL = 'An older snapshot does not show what others have written for it since.',
                  HINT = 'SET default_transaction_isolation = ''read committed''.';
    END IF;
    deleted := flowai_internal.tenant_shut(tenant);
    IF deleted > 0 THEN
        relation := 'flowai_internal.tenant_members';
        done := false;
        RETURN NEXT;
        RETURN;
    END IF;
    PERFORM FROM flowai_internal.tenants t WHERE t.tenant_id = tenant FOR UPDATE;
    IF EXISTS (SELECT FROM flowai_internal.tenant_members m WHERE m.tenant_id = tenant) THEN
        -- Somebody became one meanwhile: the next step ends it.
        RETURN;
    END IF;
    PERFORM flowai_internal.await_writers(flowai_internal.tenant_leaves(tenant));
    done := true;
    PERFORM flowai_internal.act_for(tenant);
    FOR tenant_table IN SELECT t.relation FROM flowai_internal.tenant_tables() t ORDER BY t.place LOOP
        -- Found by their places; events are in several leaves, where a place alone names several rows.
        EXECUTE format('WITH batch AS MATERIALIZED (SELECT s.tableoid AS leaf, s.ctid AS place FROM %1$s s WHERE s.tenant_id = $1 LIMIT $2)
                        DELETE FROM %1$s d WHERE d.tenant_id = $1 AND d.ctid = ANY (ARRAY(SELECT place FROM batch))
                        AND (d.tableoid, d.ctid) IN (SELECT leaf, place FROM batch)', tenant_table)
            USING tenant, budget;
        GET DIAGNOSTICS deleted = ROW_COUNT;
        budget := budget - deleted;
        IF deleted > 0 THEN
            relation := tenant_table::text;
            done := false;
            RETURN NEXT;
        END IF;
        EXIT WHEN budget <= 0;
    END LOOP;
    PERFORM flowai_internal.act_for(NULL);
    IF done THEN
        -- What administrators wrote about it.
        FOREACH tenant_table IN ARRAY '{flowai.allowed_functions,flowai_internal.query_targets,flowai_internal.tenant_versions}'::regclass[] LOOP
            EXECUTE format('DELETE FROM %s t WHERE t.tenant_id = $1', tenant_table) USING tenant;
            GET DIAGNOSTICS deleted = ROW_COUNT;
            IF deleted > 0 THEN
                relation := tenant_table::text;
                RETURN NEXT;
            END IF;
        END LOOP;
        DELETE FROM flowai_internal.tenants t WHERE t.tenant_id = tenant;
        -- Its own events have gone with it.
        SELECT w.role, w.login INTO caller FROM flowai.whoami() w;
        RAISE LOG 'tenant "%" was dropped by role "%", login "%"', tenant, caller.role, caller.login;
        relation := 'flowai_internal.tenants';
        deleted := 1;
        RETURN NEXT;
    END IF;
END $$;

-- Commits after each batch, so that nobody waits for long and what is done stays done. No SET clause and
-- no definer's rights, with which a procedure may not commit: every name says its schema.
CREATE PROCEDURE flowai.tenant_drop(tenant text, max_rows integer DEFAULT 10000)
LANGUAGE plpgsql
AS $$
DECLARE
    item record;
    finished boolean := false;
BEGIN
    WHILE NOT finished LOOP
        FOR item IN SELECT d.relation, d.deleted, d.done FROM flowai.tenant_drop_some(tenant, max_rows) AS d LOOP
            RAISE NOTICE 'deleted % of %', item.deleted, item.relation;
            finished := item.done;
        END LOOP;
        COMMIT;
    END LOOP;
END $$;

-- -------------------------------------------------------------------------------- out and in

-- What the index is made of is built anew where it arrives. The key goes along, so that references keep
-- their ids: whoever has the export can compute them.
CREATE FUNCTION flowai.tenant_export(tenant text)
RETURNS TABLE (place bigint, relation text, "row" jsonb)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 10000
SET search_path = pg_catalog, pg_temp
SET max_parallel_workers_per_gather = 0
SET quote_all_identifiers = off
SET intervalstyle = postgres
SET bytea_output = hex
AS $$
DECLARE
    tenant_table regclass;
    before bigint := 0;
    exported bigint;
    absent text;
    caller record;
BEGIN
    IF NOT current_setting('transaction_read_only')::boolean THEN
        -- Its event may not come after the tenant has gone.
        PERFORM FROM flowai_internal.tenants t WHERE t.tenant_id = tenant FOR KEY SHARE;
    END IF;
    PERFORM flowai_internal.require_known_tenant(tenant);
    PERFORM flowai_internal.act_for(tenant);
    FOR tenant_table IN SELECT t.relation FROM flowai_internal.tenant_tables() t
                        WHERE t.relation::text !~ '^flowai_internal\.search_' ORDER BY t.place DESC LOOP
        -- A column that says nothing has no key: null is what a column of jsonb may say.
        SELECT string_agg(format('CASE WHEN t.%1$I IS NULL THEN %1$L END', a.attname), ', ') INTO absent
        FROM pg_attribute a WHERE a.attrelid = tenant_table AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.attnotnull;
        RETURN QUERY EXECUTE format(
            'SELECT $2 + row_number() OVER (), $3, to_jsonb(t) - array_remove(ARRAY[''tenant_id'', %s], NULL) FROM %s t WHERE t.tenant_id = $1',
            COALESCE(absent, 'NULL'), tenant_table)
            USING tenant, before, tenant_table::text;
        GET DIAGNOSTICS exported = ROW_COUNT;
        before := before + exported;
    END LOOP;
    PERFORM flowai_internal.act_for(NULL);
    IF current_setting('transaction_read_only')::boolean THEN
        SELECT w.role, w.login INTO caller FROM flowai.whoami() w;
        RAISE LOG 'tenant "%" was exported by role "%", login "%"', tenant, caller.role, caller.login;
    ELSE
        PERFORM flowai_internal.event_note(tenant, 'flowai.tenant.exported', jsonb_build_object('rows', before));
    END IF;
END $$;

CREATE FUNCTION flowai.tenant_import(tenant text, relation text, rows jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET max_parallel_workers_per_gather = 0
SET quote_all_identifiers = off
AS $$
DECLARE
    tenant_table regclass;
    columns text[];
    wrong record;
    oldest CONSTANT timestamptz := '2000-01-01 00:00+00';
    newest CONSTANT timestamptz := clock_timestamp() + interval '5 minutes';
    imported bigint;
    workspace_before CONSTANT text := current_setting('flowai.workspace', true);
    workspace text;
BEGIN
    -- The tenant stays until these rows are committed.
    PERFORM FROM flowai_internal.tenants t WHERE t.tenant_id = tenant FOR KEY SHARE;
    PERFORM flowai_internal.require_known_tenant(tenant);
    IF relation IS NULL OR rows IS NULL OR jsonb_typeof(rows) <> 'array' OR jsonb_path_exists(rows, 'strict $[*] ? (@.type() <> "object")') THEN
        RAISE EXCEPTION 'arguments "relation" and "rows" must be a name and an array of objects'
            USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'import_rows',
                  HINT = 'Pass what flowai.tenant_export returned: SELECT flowai.tenant_import(''...'', relation, jsonb_agg("row" ORDER BY place)) ... GROUP BY relation ORDER BY min(place).';
    END IF;
    SELECT t.relation INTO tenant_table FROM flowai_internal.tenant_tables() t
    WHERE t.relation::text = tenant_import.relation AND t.relation::text !~ '^flowai_internal\.search_';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'relation "%" holds no rows of tenants', left(relation, 200)
            USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'import_relation',
                  HINT = 'Pass a relation as flowai.tenant_export names it.';
    END IF;
    -- What the relation has no column for would be lost without a word.
    columns := ARRAY(SELECT a.attname FROM pg_attribute a
                     WHERE a.attrelid = tenant_table AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'tenant_id');
    SELECT e.place, k.key INTO wrong FROM jsonb_array_elements(rows) WITH ORDINALITY AS e (item, place), jsonb_object_keys(e.item) AS k (key)
    WHERE k.key <> ALL (columns) ORDER BY e.place LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'relation "%" has no column "%" to import', relation, left(wrong.key, 60)
            USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'import_column',
                  DETAIL = format('It is a key of row %s of the array.', wrong.place),
                  HINT = 'Import what an equal or older version of flowai_runtime exported, unchanged.';
    END IF;
    IF tenant_table = 'flowai.events'::regclass THEN
        -- Each month is a partition, which all tenants share.
        SELECT e.place, e.item ->> 'recorded_at' AS said INTO wrong FROM jsonb_array_elements(rows) WITH ORDINALITY AS e (item, place)
        WHERE (e.item ->> 'recorded_at')::timestamptz NOT BETWEEN oldest AND newest ORDER BY e.place LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'an event of "%" cannot be imported', left(wrong.said, 60)
                USING ERRCODE = 'invalid_parameter_value', CONSTRAINT = 'import_event_time',
                      DETAIL = format('It is row %s of the array. Events are of 2000 or later, and not of the future.', wrong.place),
                      HINT = 'Leave such events out.';
        END IF;
        PERFORM flowai_internal.event_month_open(EXTRACT(year FROM m.month)::integer, EXTRACT(month FROM m.month)::integer)
        FROM (SELECT DISTINCT date_trunc('month', (e ->> 'recorded_at')::timestamptz AT TIME ZONE 'UTC') AS month
              FROM jsonb_array_elements(rows) e WHERE e ->> 'recorded_at' IS NOT NULL) m;
    END IF;
    PERFORM flowai_internal.act_for(tenant);
    -- What is jsonb is taken as it is: a record would make NULL of its null.
    EXECUTE (
        SELECT format('INSERT INTO %1$s (%2$s) SELECT %3$s FROM jsonb_array_elements($1) e,
                       jsonb_populate_record(NULL::%1$s, e || jsonb_build_object(''tenant_id'', $2)) r', tenant_table,
                      string_agg(format('%I', a.attname), ', '),
                      string_agg(format(CASE WHEN a.atttypid = 'jsonb'::regtype THEN 'e -> %L' ELSE 'r.%I' END, a.attname), ', '))
        FROM pg_attribute a WHERE a.attrelid = tenant_table AND a.attnum > 0 AND NOT a.attisdropped)
        USING rows, tenant;
    GET DIAGNOSTICS imported = ROW_COUNT;
    -- A row that is not what its hash says would stand in the way of the true one.
    IF tenant_table = 'flowai.ref_payloads'::regclass THEN
        PERFORM flowai_internal.ref_intact(e ->> 'kind', e ->> 'id', e -> 'payload') FROM jsonb_array_elements(rows) e;
    ELSIF tenant_table IN ('flowai.catalog_entries'::regclass, 'flowai.catalog_relations'::regclass) THEN
        PERFORM flowai_internal.catalog_stamp(g.workspace, g.ids)
        FROM (SELECT e ->> 'workspace_id' AS workspace, array_agg(DISTINCT COALESCE(e ->> 'from_id', e ->> 'id')) AS ids
              FROM jsonb_array_elements(rows) e GROUP BY 1) g;
    END IF;
    IF tenant_table = 'flowai.catalog_entries'::regclass THEN
        INSERT INTO flowai_internal.search_delta (tenant_id, workspace_id, row_version)
        SELECT tenant, e ->> 'workspace_id', (e ->> 'row_version')::bigint FROM jsonb_array_elements(rows) e;
        FOR workspace IN SELECT DISTINCT e ->> 'workspace_id' FROM jsonb_array_elements(rows) e LOOP
            PERFORM set_config('flowai.workspace', workspace, true);
            PERFORM flowai.search_maintain();
        END LOOP;
        PERFORM set_config('flowai.workspace', COALESCE(workspace_before, ''), true);
    END IF;
    PERFORM flowai_internal.act_for(NULL);
    PERFORM flowai_internal.event_note(tenant, 'flowai.tenant.imported', jsonb_build_object('relation', relation, 'rows', imported));
    RETURN imported;
END $$;

-- requires:
--   plan
--   query
--   api::tenancy::whoami
--   api::approval::approval_gate

-- Approvals: the durable record of what waits for a person, and of what the person decided; and the
-- policies that say when somebody has to be asked, and who may answer.
--
-- Policies are the administrators': an agent that could write them could let itself do anything.

ALTER FUNCTION flowai.approval_gate(text, jsonb) SET SCHEMA flowai_internal;

CREATE TABLE flowai.approval_policies (
    tenant_id        flowai.identifier NOT NULL,
    subject_kind     flowai.identifier NOT NULL,
    subject          flowai.identifier NOT NULL,
    policy           text COLLATE "C" NOT NULL,
    predicate_schema text,
    predicate_name   text,
    predicate_digest bytea,
    separate_duties  boolean NOT NULL,
    deciders         text,
    set_by           text NOT NULL,
    set_at           timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT approval_policies_pkey PRIMARY KEY (tenant_id, subject_kind, subject),
    CONSTRAINT approval_policies_policy_known CHECK (policy IN ('never', 'always', 'predicate')),
    CONSTRAINT approval_policies_predicate_whole CHECK (
        pg_catalog.num_nonnulls(predicate_schema, predicate_name, predicate_digest) OPERATOR(pg_catalog.=)
        CASE policy WHEN 'predicate' THEN 3 ELSE 0 END)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai.approval_policies IS 'When an approval is needed, and who may give it. Written by flowai.approval_policy_set and flowai.approval_policy_drop, for administrators. Without a policy plans and what flowai.approval_request asks need one, and tools do not.';
COMMENT ON COLUMN flowai.approval_policies.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.approval_policies.subject_kind IS 'plan, tool, or another kind of subject.';
COMMENT ON COLUMN flowai.approval_policies.subject IS 'The kind of a plan, the name of a tool, the id of another subject; * for those without a policy of their own.';
COMMENT ON COLUMN flowai.approval_policies.policy IS 'never, always, or predicate: a function is asked.';
COMMENT ON COLUMN flowai.approval_policies.predicate_schema IS 'Schema of the function (subject_kind text, subject text, body jsonb) that says whether an approval is needed; NULL for other policies.';
COMMENT ON COLUMN flowai.approval_policies.predicate_name IS 'Name of the function.';
COMMENT ON COLUMN flowai.approval_policies.predicate_digest IS 'SHA-256 over what the function was when the policy was set: one that was changed since is not asked, and an approval is needed.';
COMMENT ON COLUMN flowai.approval_policies.separate_duties IS 'Whether the login that asked may not decide. Without a policy it may.';
COMMENT ON COLUMN flowai.approval_policies.deciders IS 'The role whose members may decide; NULL for every role of the tenant.';
COMMENT ON COLUMN flowai.approval_policies.set_by IS 'The role that set it.';
COMMENT ON COLUMN flowai.approval_policies.set_at IS 'When.';
SELECT flowai_internal.make_tenant_table('flowai.approval_policies');

CREATE TABLE flowai.approvals (
    tenant_id        flowai.identifier NOT NULL,
    id               uuid NOT NULL,
    subject_kind     flowai.identifier NOT NULL,
    subject_id       flowai.identifier NOT NULL,
    subject_revision bigint NOT NULL,
    title            text NOT NULL,
    body             jsonb NOT NULL,
    body_hash        bytea NOT NULL,
    requested_by     text NOT NULL,
    requested_login  text NOT NULL,
    requested_at     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    expires_at       timestamptz,
    separate_duties  boolean NOT NULL DEFAULT false,
    deciders         text,
    decision         text COLLATE "C",
    comment          text,
    decided_by       text,
    decided_login    text,
    decided_at       timestamptz,
    used_at          timestamptz,
    CONSTRAINT approvals_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT approvals_decision_known CHECK (decision IN ('granted', 'denied', 'sent_back', 'withdrawn', 'waived', 'expired')),
    CONSTRAINT approvals_decided_once CHECK (pg_catalog.num_nonnulls(decision, decided_by, decided_login, decided_at) IN (0, 4)),
    CONSTRAINT approvals_comment_when_decided CHECK (comment IS NULL OR decision IS NOT NULL),
    CONSTRAINT approvals_body_hash_length CHECK (pg_catalog.octet_length(body_hash) OPERATOR(pg_catalog.=) 32),
    CONSTRAINT approvals_revision_positive CHECK (subject_revision OPERATOR(pg_catalog.>) 0),
    -- NULL, and so allowed, while nobody has decided.
    CONSTRAINT approvals_duties_separate CHECK (
        NOT separate_duties OR decision NOT IN ('granted', 'denied', 'sent_back') OR decided_login OPERATOR(pg_catalog.<>) requested_login),
    CONSTRAINT approvals_decided_in_time CHECK (
        decision NOT IN ('granted', 'denied', 'sent_back') OR expires_at IS NULL OR decided_at OPERATOR(pg_catalog.<) expires_at),
    CONSTRAINT approvals_used_when_granted CHECK (
        used_at IS NULL OR (decision IS NOT DISTINCT FROM 'granted' AND subject_kind OPERATOR(pg_catalog.=) 'tool'))
) PARTITION BY HASH (tenant_id);
-- One open approval for a subject. Calls of a tool are told apart by who makes them and with what.
CREATE UNIQUE INDEX approvals_open_idx ON flowai.approvals (tenant_id, subject_kind, subject_id)
    WHERE decision IS NULL AND subject_kind OPERATOR(pg_catalog.<>) 'tool';
CREATE UNIQUE INDEX approvals_open_tool_idx ON flowai.approvals (tenant_id, subject_id, requested_by, body_hash)
    WHERE decision IS NULL AND subject_kind OPERATOR(pg_catalog.=) 'tool';
-- Serves the look for what is open about a subject. Not the unique ones: a statement that takes the kind as an
-- argument has one plan for tools and for everything else.
CREATE INDEX approvals_subject_idx ON flowai.approvals (tenant_id, subject_kind, subject_id) WHERE decision IS NULL;
-- Serves the inbox, and nothing else: the planner takes what waits for one row, and would as soon read all of it as
-- look one up by its subject. So the predicate says more than such a statement does.
CREATE INDEX approvals_waiting_idx ON flowai.approvals (tenant_id, requested_at) WHERE decision IS NULL AND requested_at IS NOT NULL;
-- Serves the look for the last word about a call of a tool.
CREATE INDEX approvals_call_idx ON flowai.approvals (tenant_id, requested_by, subject_id, body_hash, requested_at)
    WHERE used_at IS NULL AND subject_kind OPERATOR(pg_catalog.=) 'tool';
-- Serves the outbox.
CREATE INDEX approvals_requested_idx ON flowai.approvals (tenant_id, requested_by, requested_at, id);
COMMENT ON TABLE flowai.approvals IS 'What waits for a person''s decision, and every decision made. Written by flowai.plan_submit, flowai.plan_cancel, flowai.call_tool and the functions flowai.approval_*.';
COMMENT ON COLUMN flowai.approvals.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.approvals.id IS 'Names the approval.';
COMMENT ON COLUMN flowai.approvals.subject_kind IS 'What sort of thing is asked about: plan, tool, or a word of the asker''s.';
COMMENT ON COLUMN flowai.approvals.subject_id IS 'Which one: the plan, the tool, another subject.';
COMMENT ON COLUMN flowai.approvals.subject_revision IS 'The plan''s revision when it was asked; 1 for other subjects.';
COMMENT ON COLUMN flowai.approvals.title IS 'What is asked, in one line.';
COMMENT ON COLUMN flowai.approvals.body IS 'What exactly is asked about: the plan''s body, the arguments of the tool.';
COMMENT ON COLUMN flowai.approvals.body_hash IS 'BLAKE3 of the exact body that is asked about: the decision holds for that one only.';
COMMENT ON COLUMN flowai.approvals.requested_by IS 'The role that asked.';
COMMENT ON COLUMN flowai.approvals.requested_login IS 'The login role behind it.';
COMMENT ON COLUMN flowai.approvals.requested_at IS 'When it asked.';
COMMENT ON COLUMN flowai.approvals.expires_at IS 'Until when it may be decided, and a grant for a tool be used; NULL for ever.';
COMMENT ON COLUMN flowai.approvals.separate_duties IS 'Whether the login that asked may not decide, as the policy was when it asked.';
COMMENT ON COLUMN flowai.approvals.deciders IS 'The role whose members may decide, as the policy was when it was asked; NULL for every role of the tenant.';
COMMENT ON COLUMN flowai.approvals.decision IS 'granted, denied or sent_back by a person; withdrawn by who asked, or with its plan; waived by a policy; expired, noted when it is asked anew or its plan goes on; NULL while open.';
COMMENT ON COLUMN flowai.approvals.comment IS 'What the person said about it; may be NULL.';
COMMENT ON COLUMN flowai.approvals.decided_by IS 'The role that decided.';
COMMENT ON COLUMN flowai.approvals.decided_login IS 'The login role behind it.';
COMMENT ON COLUMN flowai.approvals.decided_at IS 'When it decided.';
COMMENT ON COLUMN flowai.approvals.used_at IS 'When the call of the tool ran that it was granted for: each grant is for one that is committed.';
SELECT flowai_internal.make_tenant_table('flowai.approvals');

-- ----------------------------------------------------------------------------------------- policies

-- The policy of the tenant in force about a subject: its own, else that of every subject of the kind.
-- Found by name, because flowai_owner need not have USAGE on the function's schema.
CREATE FUNCTION flowai_internal.approval_policy(subject_kind text, subject text)
RETURNS TABLE (policy text, predicate text, function oid, unchanged boolean, separate_duties boolean, deciders text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.policy, quote_ident(p.predicate_schema) || '.' || quote_ident(p.predicate_name), f.oid,
           COALESCE(p.predicate_digest = flowai_internal.function_digest(f.oid), false), p.separate_duties, p.deciders
    FROM flowai.approval_policies p
    LEFT JOIN pg_proc f ON f.proname = p.predicate_name::name AND f.proargtypes = '25 25 3802'::oidvector
         AND f.pronamespace = (SELECT n.oid FROM pg_namespace n WHERE n.nspname = p.predicate_schema::name)
    WHERE p.tenant_id = flowai.current_tenant() AND p.subject_kind = $1 AND p.subject IN ($2, '*')
    ORDER BY p.subject = '*' LIMIT 1;
END;
COMMENT ON FUNCTION flowai_internal.approval_policy(text, text) IS 'The policy of the tenant in force about a subject, if there is one; unchanged: its function is what it was when the policy was set.';

CREATE FUNCTION flowai_internal.approval_may_decide(role text, deciders text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT deciders IS NULL OR COALESCE(pg_has_role(to_regrole(quote_ident(role))::oid, to_regrole(quote_ident(deciders))::oid, 'USAGE'), false);
END;
COMMENT ON FUNCTION flowai_internal.approval_may_decide(text, text) IS 'Whether a role has the privileges of the deciders. NULL deciders are everybody; a role that is gone is nobody.';

CREATE FUNCTION flowai_internal.approval_status(decision text, expires_at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN decision IS NOT NULL THEN decision
                WHEN expires_at OPERATOR(pg_catalog.<=) pg_catalog.clock_timestamp() THEN 'expired'
                ELSE 'open' END;
END;
COMMENT ON FUNCTION flowai_internal.approval_status(text, timestamptz) IS 'The decision; without one open, or expired after the deadline.';

-- ------------------------------------------------------------------------------------------ reading

-- Nothing but the server's own functions, so that read-only queries may read the views. The setting role is
-- what SET ROLE chose, also inside a function that somebody else defined.
CREATE VIEW flowai.approval_inbox WITH (security_invoker = true, security_barrier = true) AS
SELECT a.id, a.subject_kind, a.subject_id, a.subject_revision, a.title, a.requested_by, a.requested_at, a.expires_at, a.body
FROM flowai.approvals a
WHERE a.tenant_id = flowai.current_tenant() AND a.decision IS NULL AND a.requested_at IS NOT NULL
  AND (a.expires_at IS NULL OR a.expires_at > pg_catalog.clock_timestamp())
  AND (NOT a.separate_duties OR a.requested_login <> SESSION_USER)
  AND (a.deciders IS NULL OR COALESCE(pg_catalog.pg_has_role(
          COALESCE(NULLIF(pg_catalog.current_setting('role'), 'none'), SESSION_USER)::name, pg_catalog.to_regrole(pg_catalog.quote_ident(a.deciders))::oid, 'USAGE'), false));
COMMENT ON VIEW flowai.approval_inbox IS 'Approvals of the tenant in force that wait for a decision which this session may make.';
COMMENT ON COLUMN flowai.approval_inbox.id IS 'Names the approval: for flowai.approval_decide.';
COMMENT ON COLUMN flowai.approval_inbox.subject_kind IS 'What sort of thing is asked about.';
COMMENT ON COLUMN flowai.approval_inbox.subject_id IS 'Which one.';
COMMENT ON COLUMN flowai.approval_inbox.subject_revision IS 'Its revision.';
COMMENT ON COLUMN flowai.approval_inbox.title IS 'What is asked.';
COMMENT ON COLUMN flowai.approval_inbox.requested_by IS 'The role that asked.';
COMMENT ON COLUMN flowai.approval_inbox.requested_at IS 'When it asked.';
COMMENT ON COLUMN flowai.approval_inbox.expires_at IS 'Until when it may be decided; NULL for ever.';
COMMENT ON COLUMN flowai.approval_inbox.body IS 'What exactly is asked about.';

CREATE VIEW flowai.approval_outbox WITH (security_invoker = true, security_barrier = true) AS
SELECT a.id, a.subject_kind, a.subject_id, a.subject_revision, a.title, a.requested_at, a.expires_at,
       CASE WHEN a.decision IS NOT NULL THEN a.decision
            WHEN a.expires_at <= pg_catalog.clock_timestamp() THEN 'expired' ELSE 'open' END AS status, a.comment, a.decided_by, a.decided_at, a.used_at
FROM flowai.approvals a
WHERE a.tenant_id = flowai.current_tenant() AND a.requested_by = COALESCE(NULLIF(pg_catalog.current_setting('role'), 'none'), SESSION_USER);
COMMENT ON VIEW flowai.approval_outbox IS 'Approvals of the tenant in force that this role asked for, and what came of them.';
COMMENT ON COLUMN flowai.approval_outbox.id IS 'Names the approval.';
COMMENT ON COLUMN flowai.approval_outbox.subject_kind IS 'What sort of thing is asked about.';
COMMENT ON COLUMN flowai.approval_outbox.subject_id IS 'Which one.';
COMMENT ON COLUMN flowai.approval_outbox.subject_revision IS 'Its revision.';
COMMENT ON COLUMN flowai.approval_outbox.title IS 'What is asked.';
COMMENT ON COLUMN flowai.approval_outbox.requested_at IS 'When it was asked.';
COMMENT ON COLUMN flowai.approval_outbox.expires_at IS 'Until when it may be decided; NULL for ever.';
COMMENT ON COLUMN flowai.approval_outbox.status IS 'open, granted, denied, sent_back, withdrawn, waived or expired.';
COMMENT ON COLUMN flowai.approval_outbox.comment IS 'What was said about it; may be NULL.';
COMMENT ON COLUMN flowai.approval_outbox.decided_by IS 'The role that decided; NULL while open.';
COMMENT ON COLUMN flowai.approval_outbox.decided_at IS 'When; NULL while open.';
COMMENT ON COLUMN flowai.approval_outbox.used_at IS 'When the call of the tool ran that it was granted for; NULL before, and for other subjects.';

CREATE FUNCTION flowai.approval_get(approval uuid)
RETURNS TABLE (id uuid, subject_kind text, subject_id text, subject_revision bigint, title text, body jsonb, requested_by text,
               requested_at timestamptz, expires_at timestamptz, status text, comment text, decided_by text, decided_at timestamptz, used_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT a.id, a.subject_kind, a.subject_id, a.subject_revision, a.title, a.body, a.requested_by, a.requested_at, a.expires_at,
           flowai_internal.approval_status(a.decision, a.expires_at),
           a.comment, a.decided_by, a.decided_at, a.used_at
    FROM flowai.approvals a
    WHERE a.tenant_id = flowai.current_tenant() AND a.id = approval_get.approval;
END;

CREATE FUNCTION flowai.approval_list(which text DEFAULT 'asked', after uuid DEFAULT NULL, max_rows integer DEFAULT 100)
RETURNS TABLE (id uuid, subject_kind text, subject_id text, title text, requested_by text, requested_at timestamptz, expires_at timestamptz,
               status text, comment text, used_at timestamptz)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100
BEGIN ATOMIC
    SELECT a.id, a.subject_kind, a.subject_id, a.title, a.requested_by, a.requested_at, a.expires_at,
           flowai_internal.approval_status(a.decision, a.expires_at), a.comment, a.used_at
    FROM flowai.approvals a
    WHERE flowai_internal.argument_word('which', approval_list.which, '{asked,waiting}')
      AND a.tenant_id = flowai.current_tenant()
      AND CASE approval_list.which WHEN 'asked' THEN a.requested_by = (SELECT w.role FROM flowai.whoami() AS w)
                                   WHEN 'waiting' THEN a.id IN (SELECT i.id FROM flowai.approval_inbox i) END
      AND (approval_list.after IS NULL OR (a.requested_at, a.id) < (
          SELECT l.requested_at, l.id FROM flowai.approvals l WHERE l.tenant_id = flowai.current_tenant() AND l.id = approval_list.after))
    ORDER BY a.requested_at DESC, a.id DESC
    LIMIT flowai_internal.page_rows(max_rows);
END;

-- requires:
--   query

-- Stand-ins for functions of the server that no time limit can end: each looks at the sizes of its arguments
-- first, and then does what the function does that it is called like. They take its place in statements of
-- flowai.execute_query; nobody needs to call them. Label, strictness and what the planner knows are the same.
DO $$
DECLARE
    f record;
BEGIN
    FOR f IN
        SELECT p.*, pg_catalog.pg_get_function_arguments(p.oid) AS arguments,
               pg_catalog.pg_get_function_identity_arguments(p.oid) AS types
        FROM pg_catalog.unnest(ARRAY[
            'translate(text,text,text)', 'btrim(text,text)', 'ltrim(text,text)', 'rtrim(text,text)',
            'btrim(bytea,bytea)', 'ltrim(bytea,bytea)', 'rtrim(bytea,bytea)',
            'strpos(text,text)', '"position"(text,text)', '"position"(bytea,bytea)', '"position"(bit,bit)',
            'replace(text,text,text)', 'split_part(text,text,integer)',
            'string_to_array(text,text)', 'string_to_array(text,text,text)',
            'string_to_table(text,text)', 'string_to_table(text,text,text)',
            '"normalize"(text,text)', 'is_normalized(text,text)',
            '"like"(text,text)', 'notlike(text,text)', '"like"(bytea,bytea)', 'notlike(bytea,bytea)',
            'textlike(text,text)', 'textnlike(text,text)', 'texticlike(text,text)', 'texticnlike(text,text)',
            'bpcharlike(character,text)', 'bpcharnlike(character,text)',
            'bpchariclike(character,text)', 'bpcharicnlike(character,text)',
            'bytealike(bytea,bytea)', 'byteanlike(bytea,bytea)',
            'arraycontains(anyarray,anyarray)', 'arraycontained(anyarray,anyarray)', 'arrayoverlap(anyarray,anyarray)',
            'jsonb_contains(jsonb,jsonb)', 'jsonb_contained(jsonb,jsonb)',
            'jsonb_exists_any(jsonb,text[])', 'jsonb_exists_all(jsonb,text[])', 'jsonb_delete(jsonb,text[])',
            'jsonb_path_exists(jsonb,jsonpath,jsonb,boolean)', 'jsonb_path_exists_tz(jsonb,jsonpath,jsonb,boolean)', 'jsonb_path_exists_opr(jsonb,jsonpath)',
            'jsonb_path_match(jsonb,jsonpath,jsonb,boolean)', 'jsonb_path_match_tz(jsonb,jsonpath,jsonb,boolean)', 'jsonb_path_match_opr(jsonb,jsonpath)',
            'jsonb_path_query(jsonb,jsonpath,jsonb,boolean)', 'jsonb_path_query_tz(jsonb,jsonpath,jsonb,boolean)',
            'jsonb_path_query_array(jsonb,jsonpath,jsonb,boolean)', 'jsonb_path_query_array_tz(jsonb,jsonpath,jsonb,boolean)',
            'jsonb_path_query_first(jsonb,jsonpath,jsonb,boolean)', 'jsonb_path_query_first_tz(jsonb,jsonpath,jsonb,boolean)',
            'path_distance(path,path)', 'path_inter(path,path)', 'poly_distance(polygon,polygon)', 'poly_overlap(polygon,polygon)',
            'ts_rank(tsvector,tsquery)', 'ts_rank(tsvector,tsquery,integer)',
            'xpath(text,xml)', 'xpath(text,xml,text[])', 'xpath_exists(text,xml)', 'xpath_exists(text,xml,text[])',
            'xmlexists(text,xml)']::pg_catalog.text[]) AS named (signature)
        JOIN pg_catalog.pg_proc p
             ON p.oid OPERATOR(pg_catalog.=) ('pg_catalog.' OPERATOR(pg_catalog.||) named.signature)::pg_catalog.regprocedure
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE FUNCTION flowai_internal.%I(%s) RETURNS %s %s LANGUAGE c %s %s PARALLEL SAFE COST %s %s %s AS ''MODULE_PATHNAME'', ''flowai_bounded''',
            'bounded_' OPERATOR(pg_catalog.||) f.proname, f.arguments,
            CASE WHEN f.proretset THEN 'SETOF' ELSE '' END, pg_catalog.format_type(f.prorettype, NULL),
            CASE f.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
            CASE WHEN f.proisstrict THEN 'STRICT' ELSE '' END, f.procost,
            CASE WHEN f.proretset THEN 'ROWS ' OPERATOR(pg_catalog.||) f.prorows::pg_catalog.text ELSE '' END,
            CASE WHEN f.prosupport::pg_catalog.oid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid
                 THEN 'SUPPORT pg_catalog.' OPERATOR(pg_catalog.||) f.prosupport::pg_catalog.text ELSE '' END);
        EXECUTE pg_catalog.format(
            'COMMENT ON FUNCTION flowai_internal.%I(%s) IS %L',
            'bounded_' OPERATOR(pg_catalog.||) f.proname, f.types,
            pg_catalog.format('%s, unless values of these sizes would keep it busy past any time limit (54000). Put in its place by flowai.execute_query.', f.proname));
    END LOOP;
END $$;

-- requires:
--   query

-- What was installed, so that a grant, a policy, a constraint or a function that is another since can be told
-- from one that was always so. Names and definitions, no numbers: the digests are the same in every database.
-- Written by the install script, and so anew where a dump is restored; an update script ends with
-- flowai_internal.facts_record() too.
CREATE TABLE flowai_internal.installed_facts (
    name   text COLLATE "C" NOT NULL,
    object text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    CONSTRAINT installed_facts_pkey PRIMARY KEY (name, object)
);
COMMENT ON TABLE flowai_internal.installed_facts IS 'What flowai.readiness() compares the catalogs with: rights, policies, constraints, triggers, indexes, columns, functions and views as the install script left them. Written by flowai_internal.facts_record().';
COMMENT ON COLUMN flowai_internal.installed_facts.name IS 'The check that compares it.';
COMMENT ON COLUMN flowai_internal.installed_facts.object IS 'What it is about.';
COMMENT ON COLUMN flowai_internal.installed_facts.digest IS 'SHA-256 over what is so.';

CREATE FUNCTION flowai_internal.facts() RETURNS TABLE (name text, object text, digest bytea)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 3000
SET search_path = pg_catalog, pg_temp
SET jit = off
-- In which names and constants are written alike, whatever the session prefers.
SET quote_all_identifiers = off
SET intervalstyle = postgres
SET datestyle = 'ISO, MDY'
SET timezone = 'UTC'
SET bytea_output = hex
AS $$
WITH
-- Months of events come and go; the other checks look at each of them.
ours AS (
    SELECT c.*, format('%I.%I', n.nspname, c.relname) AS label
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('flowai', 'flowai_internal') AND c.relname !~ '^events_\d{4,}_\d\d(_|$)'
),
relation AS (SELECT * FROM ours WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')),
routine AS (
    SELECT p.*, p.oid::regprocedure::text AS label
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname IN ('flowai', 'flowai_internal')
),
domain AS (
    SELECT t.*, format_type(t.oid, NULL) AS label
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE n.nspname IN ('flowai', 'flowai_internal') AND t.typtype = 'd'
),
held (label, owner, acl) AS (
    SELECT label, relowner, COALESCE(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner)) FROM relation
    UNION ALL SELECT r.label || '.' || quote_ident(a.attname), r.relowner, a.attacl
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid WHERE a.attacl IS NOT NULL
    UNION ALL SELECT label, proowner, COALESCE(proacl, acldefault('f', proowner)) FROM routine
    UNION ALL SELECT label, typowner, COALESCE(typacl, acldefault('T', typowner)) FROM domain
    UNION ALL SELECT nspname, nspowner, COALESCE(nspacl, acldefault('n', nspowner)) FROM pg_namespace WHERE nspname IN ('flowai', 'flowai_internal')
),
fact (name, object, said) AS (
    SELECT 'rights_as_installed', h.label, jsonb_build_array(pg_get_userbyid(h.owner), (
        SELECT jsonb_agg(g.said ORDER BY g.said)
        FROM (SELECT DISTINCT jsonb_build_array(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable) AS said
              FROM aclexplode(h.acl) a) g))
    FROM held h
    UNION ALL SELECT 'row_security_as_installed', r.label, jsonb_build_array(r.relrowsecurity, r.relforcerowsecurity, (
        SELECT jsonb_agg(jsonb_build_array(p.polname, p.polcmd, p.polpermissive,
                   ARRAY(SELECT CASE o WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(o) END FROM unnest(p.polroles) o ORDER BY 1),
                   pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) ORDER BY p.polname)
        FROM pg_policy p WHERE p.polrelid = r.oid))
    FROM relation r WHERE r.relkind IN ('r', 'p')
    UNION ALL SELECT 'columns_as_installed', r.label, (
        SELECT jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attcollation::regcollation::text,
                   a.attgenerated, a.attidentity, pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attname)
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped)
    FROM relation r
    UNION ALL SELECT 'constraints_as_installed', r.label, (
        SELECT jsonb_agg(jsonb_build_array(k.conname, pg_get_constraintdef(k.oid), k.convalidated) ORDER BY k.conname)
        FROM pg_constraint k WHERE k.conrelid = r.oid)
    FROM relation r WHERE r.relkind IN ('r', 'p')
    UNION ALL SELECT 'constraints_as_installed', d.label, jsonb_build_array(format_type(d.typbasetype, d.typtypmod), d.typnotnull,
        d.typcollation::regcollation::text, d.typdefault, (
        SELECT jsonb_agg(jsonb_build_array(k.conname, pg_get_constraintdef(k.oid), k.convalidated) ORDER BY k.conname)
        FROM pg_constraint k WHERE k.contypid = d.oid))
    FROM domain d
    -- Foreign keys are kept by triggers of the server's own, which can be switched off.
    UNION ALL SELECT 'triggers_as_installed', r.label, (
        SELECT jsonb_agg(jsonb_build_array(CASE WHEN t.tgisinternal THEN 'internal' ELSE pg_get_triggerdef(t.oid) END, t.tgenabled)
                         ORDER BY t.tgisinternal, t.tgname)
        FROM pg_trigger t WHERE t.tgrelid = r.oid AND (NOT t.tgisinternal OR t.tgenabled <> 'O'))
    FROM relation r WHERE r.relkind <> 'S'
    UNION ALL SELECT 'indexes_as_installed', o.label, jsonb_build_array(pg_get_indexdef(o.oid), i.indisvalid, i.indisready)
    FROM ours o JOIN pg_index i ON i.indexrelid = o.oid
    UNION ALL SELECT 'views_as_installed', r.label, jsonb_build_array(CASE WHEN r.relkind IN ('v', 'm') THEN pg_get_viewdef(r.oid) END,
        CASE WHEN r.relkind IN ('v', 'm') THEN to_jsonb(r.reloptions) END, (
        SELECT jsonb_agg(jsonb_build_array(w.rulename, w.ev_enabled) ORDER BY w.rulename) FROM pg_rewrite w WHERE w.ev_class = r.oid))
    FROM relation r WHERE r.relkind <> 'S'
    UNION ALL SELECT 'routines_as_installed', r.label, jsonb_build_array(flowai_internal.function_digest(r.oid)::text, r.proleakproof, r.proparallel,
        r.prosupport::text, r.provariadic::regtype::text)
    FROM routine r
)
SELECT f.name, f.object, sha256(convert_to(COALESCE(f.said::text, 'nothing'), 'UTF8')) FROM fact f
$$;
COMMENT ON FUNCTION flowai_internal.facts() IS 'What is so now of every object of the extension, as digests: name of the check, object, digest.';

CREATE FUNCTION flowai_internal.facts_record() RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    facts bigint;
BEGIN
    DELETE FROM flowai_internal.installed_facts;
    INSERT INTO flowai_internal.installed_facts (name, object, digest)
    SELECT f.name, f.object, f.digest FROM flowai_internal.facts() AS f;
    GET DIAGNOSTICS facts = ROW_COUNT;
    RETURN facts;
END $$;
COMMENT ON FUNCTION flowai_internal.facts_record() IS 'Records what is so now as what was installed, and returns how many facts that are. The last thing that an install or update script does; executable by the owner alone.';

-- requires:
--   query
--   tenant_data

-- Where read-only SQL may run besides this database: other servers, and SQLite files.

-- Administrators write it for tenants, as they write tenant_members: so row-level security, which binds the
-- tenants, does not bind flowai_owner here. What says where a target is stays in columns that no tenant
-- may read.
CREATE TABLE flowai_internal.query_targets (
    tenant_id  flowai.identifier NOT NULL,
    name       flowai.identifier NOT NULL,
    kind       text COLLATE "C" NOT NULL,
    source     text COLLATE "C" NOT NULL,
    defined_by name NOT NULL,
    defined_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT query_targets_pkey PRIMARY KEY (tenant_id, name),
    CONSTRAINT query_targets_tenant_known FOREIGN KEY (tenant_id)
        REFERENCES flowai_internal.tenants (tenant_id) ON DELETE CASCADE,
    CONSTRAINT query_targets_name_free CHECK (name OPERATOR(pg_catalog.<>) 'local'),
    CONSTRAINT query_targets_kind_known CHECK (kind OPERATOR(pg_catalog.=) ANY (ARRAY['postgres', 'sqlite']))
);
COMMENT ON TABLE flowai_internal.query_targets IS 'Where a tenant''s read-only statements may run besides this database. Written by flowai.query_target_define and flowai.query_target_drop.';
COMMENT ON COLUMN flowai_internal.query_targets.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.query_targets.name IS 'What the tenant calls it: the argument target of flowai.execute_query.';
COMMENT ON COLUMN flowai_internal.query_targets.kind IS 'postgres: another server. sqlite: a file.';
COMMENT ON COLUMN flowai_internal.query_targets.source IS 'The name of a foreign server, or the path of a file. Tenants cannot read it. Credentials are in the server''s user mapping for flowai_owner, never here.';
COMMENT ON COLUMN flowai_internal.query_targets.defined_by IS 'The role that defined it. It must keep USAGE on the foreign server.';
COMMENT ON COLUMN flowai_internal.query_targets.defined_at IS 'When it was defined in this form.';
SELECT pg_catalog.pg_extension_config_dump('flowai_internal.query_targets', '');

ALTER TABLE flowai_internal.query_targets ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON flowai_internal.query_targets FOR ALL TO PUBLIC
    USING (tenant_id = flowai.current_tenant() AND (SELECT flowai.tenant_is(flowai.current_tenant())))
    WITH CHECK (tenant_id = flowai.current_tenant() AND (SELECT flowai.tenant_is(flowai.current_tenant())));
COMMENT ON POLICY tenant ON flowai_internal.query_targets IS 'Rows of the tenant in force, and no others.';

CREATE VIEW flowai.query_targets WITH (security_invoker = true) AS
    SELECT t.tenant_id, t.name, t.kind, t.defined_at FROM flowai_internal.query_targets t;
COMMENT ON VIEW flowai.query_targets IS 'The targets that the tenant''s read-only statements may run on besides local, by name. Where they are is the administrators'' business.';
COMMENT ON COLUMN flowai.query_targets.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.query_targets.name IS 'The argument target of flowai.execute_query.';
COMMENT ON COLUMN flowai.query_targets.kind IS 'postgres: another server, in its dialect. sqlite: a file, in the dialect of SQLite.';
COMMENT ON COLUMN flowai.query_targets.defined_at IS 'When it was defined in this form.';

-- A server that was dropped and made anew by somebody else is not the one that was meant: who defined the
-- target must be allowed to use it now.
CREATE FUNCTION flowai_internal.query_target_place(target text)
RETURNS TABLE (kind text, source text, server oid, usable boolean)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT t.kind, t.source, s.oid,
           w.fdwname = 'postgres_fdw' AND COALESCE(pg_catalog.has_server_privilege(r.oid, s.oid, 'USAGE'), false)
    FROM flowai_internal.query_targets t
    LEFT JOIN pg_catalog.pg_foreign_server s ON t.kind = 'postgres' AND s.srvname = t.source::name
    LEFT JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
    LEFT JOIN pg_catalog.pg_roles r ON r.rolname = t.defined_by
    WHERE t.tenant_id = flowai.current_tenant() AND t.name = target;
END;
COMMENT ON FUNCTION flowai_internal.query_target_place(text) IS 'Where a target of the tenant in force is: for flowai.execute_query, which asks as flowai_owner.';

CREATE FUNCTION flowai.query_target_list(tenant text)
RETURNS TABLE (name text, kind text, source text, defined_by text, defined_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER ROWS 10
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT flowai_internal.require_known_tenant(tenant);
    SELECT t.name, t.kind, t.source, t.defined_by, t.defined_at
    FROM flowai_internal.query_targets t WHERE t.tenant_id = tenant ORDER BY t.name;
END;
COMMENT ON FUNCTION flowai.query_target_list(text) IS 'The targets of a tenant with where they are: the name of a foreign server, or the path of a file. Error P0002 for an unknown tenant, 22004 for NULL. For flowai_admin.';

-- requires:
--   reference

-- Plans: what an agent means to do, before it does it. A title and ordered steps, each with the
-- references that it uses; decided by a person; run by exactly one worker.

CREATE DOMAIN flowai.plan_state AS text COLLATE "C"
    CONSTRAINT plan_state_known CHECK (VALUE IN ('draft', 'submitted', 'approved', 'running', 'succeeded', 'failed', 'cancelled'));
COMMENT ON DOMAIN flowai.plan_state IS 'Where a plan stands: draft, submitted, approved, running, then succeeded or failed; or cancelled, before it runs.';

CREATE DOMAIN flowai.step_state AS text COLLATE "C"
    CONSTRAINT step_state_known CHECK (VALUE IN ('pending', 'succeeded', 'failed'));
COMMENT ON DOMAIN flowai.step_state IS 'Where a step of a plan stands: pending, then succeeded or failed.';

CREATE TABLE flowai.plan_kinds (
    tenant_id  flowai.identifier NOT NULL,
    kind       flowai.identifier NOT NULL,
    revision   bigint NOT NULL,
    schema     jsonb NOT NULL,
    defined_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT plan_kinds_pkey PRIMARY KEY (tenant_id, kind),
    CONSTRAINT plan_kinds_revision_positive CHECK (revision OPERATOR(pg_catalog.>) 0)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai.plan_kinds IS 'Kinds of plans, each with the JSON Schema that a body must fit. Written by flowai.plan_kind_define.';
COMMENT ON COLUMN flowai.plan_kinds.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.plan_kinds.kind IS 'Name of the kind.';
COMMENT ON COLUMN flowai.plan_kinds.revision IS 'Counts the definitions, from 1.';
COMMENT ON COLUMN flowai.plan_kinds.schema IS 'JSON Schema 2020-12.';
COMMENT ON COLUMN flowai.plan_kinds.defined_at IS 'When this revision was defined.';
SELECT flowai_internal.make_tenant_table('flowai.plan_kinds');

CREATE TABLE flowai.plans (
    tenant_id        flowai.identifier NOT NULL,
    id               flowai.identifier NOT NULL,
    kind             flowai.identifier NOT NULL,
    state            flowai.plan_state NOT NULL DEFAULT 'draft',
    revision         bigint NOT NULL DEFAULT 1,
    title            text NOT NULL,
    body             jsonb NOT NULL,
    body_hash        bytea NOT NULL,
    created_by       text NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    submitted_at     timestamptz,
    approved_at      timestamptz,
    started_at       timestamptz,
    finished_at      timestamptz,
    outcome          jsonb,
    attempt          integer NOT NULL DEFAULT 0,
    transitions      integer NOT NULL DEFAULT 0,
    lease_hash       bytea,
    lease_expires_at timestamptz,
    CONSTRAINT plans_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT plans_body_hash_length CHECK (pg_catalog.octet_length(body_hash) OPERATOR(pg_catalog.=) 32),
    CONSTRAINT plans_revision_positive CHECK (revision OPERATOR(pg_catalog.>) 0),
    -- Whatever was started was claimed.
    CONSTRAINT plans_attempts_counted CHECK (attempt OPERATOR(pg_catalog.>=) pg_catalog.num_nonnulls(started_at)),
    -- What says something in a state, t, and what is NULL, f: the four times, the lease, the outcome. In one
    -- list, because the server reads the text of a constraint anew in every statement that writes, and with
    -- a condition for each column that was a tenth of what it costs to claim a plan.
    CONSTRAINT plans_columns_fit_state CHECK (
        pg_catalog.concat(submitted_at IS NOT NULL, approved_at IS NOT NULL, started_at IS NOT NULL, finished_at IS NOT NULL, ' ',
                          lease_hash IS NOT NULL, lease_expires_at IS NOT NULL, ' ', outcome IS NOT NULL, ' ', state)
        OPERATOR(pg_catalog.=) ANY ('{
            ffff ff f draft,
            tfff ff f submitted,
            ttff ff f approved,
            tttf tt f running,
            tttt ff f succeeded,
            tttt ff t succeeded,
            tttt ff t failed,
            ffft ff f cancelled,
            tfft ff f cancelled,
            ttft ff f cancelled}'))
) PARTITION BY HASH (tenant_id);
-- Serves plan_claim: the oldest approved plan, of a kind or of any.
CREATE INDEX plans_state_idx ON flowai.plans (tenant_id, state, approved_at, id);
-- Serves the taking back of plans whose lease is over: only those that run are in it.
CREATE INDEX plans_lease_idx ON flowai.plans (tenant_id, lease_expires_at) WHERE lease_expires_at IS NOT NULL;
-- Serves plan_purge; only plans that have ended are in it.
CREATE INDEX plans_finished_idx ON flowai.plans (tenant_id, finished_at, id) WHERE finished_at IS NOT NULL;
COMMENT ON TABLE flowai.plans IS 'Plans of the tenant. Written by flowai.plan_store and the functions that move a plan from state to state.';
COMMENT ON COLUMN flowai.plans.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.plans.id IS 'Name of the plan, chosen by its author.';
COMMENT ON COLUMN flowai.plans.kind IS 'Its kind, whose schema the body fitted when it was stored.';
COMMENT ON COLUMN flowai.plans.state IS 'Where it stands.';
COMMENT ON COLUMN flowai.plans.revision IS 'Counts the bodies stored, from 1: for compare-and-set.';
COMMENT ON COLUMN flowai.plans.title IS 'What it is about, in one line.';
COMMENT ON COLUMN flowai.plans.body IS 'Title and steps as they were stored.';
COMMENT ON COLUMN flowai.plans.body_hash IS 'BLAKE3 of the body: a decision holds for the body that was seen.';
COMMENT ON COLUMN flowai.plans.created_by IS 'The role that stored it first.';
COMMENT ON COLUMN flowai.plans.created_at IS 'When it was stored first.';
COMMENT ON COLUMN flowai.plans.submitted_at IS 'When it was submitted; NULL for a draft.';
COMMENT ON COLUMN flowai.plans.approved_at IS 'When it was approved.';
COMMENT ON COLUMN flowai.plans.started_at IS 'When a worker claimed it.';
COMMENT ON COLUMN flowai.plans.finished_at IS 'When it succeeded, failed or was cancelled.';
COMMENT ON COLUMN flowai.plans.outcome IS 'What came of it, or why it failed.';
COMMENT ON COLUMN flowai.plans.attempt IS 'How many workers have claimed it.';
COMMENT ON COLUMN flowai.plans.transitions IS 'How many moves its history has.';
COMMENT ON COLUMN flowai.plans.lease_hash IS 'SHA-256 of the token that the worker that has it shows; NULL unless running.';
COMMENT ON COLUMN flowai.plans.lease_expires_at IS 'Until when the worker has it.';
SELECT flowai_internal.make_tenant_table('flowai.plans');

CREATE TABLE flowai.plan_steps (
    tenant_id   flowai.identifier NOT NULL,
    plan_id     flowai.identifier NOT NULL,
    step_no     integer NOT NULL,
    operation   flowai.identifier NOT NULL,
    input       jsonb NOT NULL,
    state       flowai.step_state NOT NULL DEFAULT 'pending',
    result      jsonb,
    finished_at timestamptz,
    CONSTRAINT plan_steps_pkey PRIMARY KEY (tenant_id, plan_id, step_no),
    CONSTRAINT plan_steps_number_positive CHECK (step_no OPERATOR(pg_catalog.>) 0),
    CONSTRAINT plan_steps_input_object CHECK (pg_catalog.jsonb_typeof(input) OPERATOR(pg_catalog.=) 'object'),
    CONSTRAINT plan_steps_finished_when CHECK ((finished_at IS NULL) OPERATOR(pg_catalog.=) (state OPERATOR(pg_catalog.=) 'pending')),
    CONSTRAINT plan_steps_result_when CHECK (result IS NULL OR state OPERATOR(pg_catalog.<>) 'pending')
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai.plan_steps IS 'The steps of plans, in order, with what came of each.';
COMMENT ON COLUMN flowai.plan_steps.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.plan_steps.plan_id IS 'The plan.';
COMMENT ON COLUMN flowai.plan_steps.step_no IS 'Place in the plan, from 1.';
COMMENT ON COLUMN flowai.plan_steps.operation IS 'What to do, by name.';
COMMENT ON COLUMN flowai.plan_steps.input IS 'With what.';
COMMENT ON COLUMN flowai.plan_steps.state IS 'pending, succeeded or failed.';
COMMENT ON COLUMN flowai.plan_steps.result IS 'What came of it, or why it failed; may be NULL.';
COMMENT ON COLUMN flowai.plan_steps.finished_at IS 'When its worker said so.';
SELECT flowai_internal.make_tenant_table('flowai.plan_steps');
SELECT flowai_internal.make_tenant_reference('plan_steps_plan_known', 'flowai.plan_steps', 'tenant_id, plan_id', 'flowai.plans', 'tenant_id, id', 'CASCADE');

CREATE TABLE flowai.plan_refs (
    tenant_id flowai.identifier NOT NULL,
    plan_id   flowai.identifier NOT NULL,
    step_no   integer NOT NULL,
    kind      flowai.identifier NOT NULL,
    ref_id    text COLLATE "C" NOT NULL,
    CONSTRAINT plan_refs_pkey PRIMARY KEY (tenant_id, plan_id, step_no, kind, ref_id)
) PARTITION BY HASH (tenant_id);
-- Serves the question which plans need a reference.
CREATE INDEX plan_refs_ref_idx ON flowai.plan_refs (tenant_id, kind, ref_id);
COMMENT ON TABLE flowai.plan_refs IS 'Which references the steps of plans use. All resolved when the plan was stored.';
COMMENT ON COLUMN flowai.plan_refs.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.plan_refs.plan_id IS 'The plan.';
COMMENT ON COLUMN flowai.plan_refs.step_no IS 'The step.';
COMMENT ON COLUMN flowai.plan_refs.kind IS 'Kind of the reference.';
COMMENT ON COLUMN flowai.plan_refs.ref_id IS 'Id of the reference.';
SELECT flowai_internal.make_tenant_table('flowai.plan_refs');
SELECT flowai_internal.make_tenant_reference('plan_refs_step_known', 'flowai.plan_refs', 'tenant_id, plan_id, step_no', 'flowai.plan_steps', 'tenant_id, plan_id, step_no', 'CASCADE');

CREATE TABLE flowai.plan_transitions (
    tenant_id     flowai.identifier NOT NULL,
    plan_id       flowai.identifier NOT NULL,
    transition_no integer NOT NULL,
    from_state    flowai.plan_state NOT NULL,
    to_state      flowai.plan_state NOT NULL,
    revision      bigint NOT NULL,
    role          text NOT NULL,
    login         text NOT NULL,
    comment       text,
    moved_at      timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT plan_transitions_pkey PRIMARY KEY (tenant_id, plan_id, transition_no),
    -- The moves of core's plan.rs, once more: a test compares them.
    CONSTRAINT plan_transitions_legal CHECK (pg_catalog.concat(from_state, ' ', to_state) OPERATOR(pg_catalog.=) ANY ('{
        draft submitted, draft cancelled, submitted approved, submitted draft, submitted cancelled,
        approved running, approved cancelled, running approved, running succeeded, running failed}'))
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai.plan_transitions IS 'The history of plans: every move from state to state. Only ever added to.';
COMMENT ON COLUMN flowai.plan_transitions.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.plan_transitions.plan_id IS 'The plan.';
COMMENT ON COLUMN flowai.plan_transitions.transition_no IS 'Counts the moves of the plan, from 1.';
COMMENT ON COLUMN flowai.plan_transitions.from_state IS 'From where.';
COMMENT ON COLUMN flowai.plan_transitions.to_state IS 'To where.';
COMMENT ON COLUMN flowai.plan_transitions.revision IS 'The plan''s revision then.';
COMMENT ON COLUMN flowai.plan_transitions.role IS 'The role that moved it.';
COMMENT ON COLUMN flowai.plan_transitions.login IS 'The login role behind it.';
COMMENT ON COLUMN flowai.plan_transitions.comment IS 'What was said about it; NULL if nothing.';
COMMENT ON COLUMN flowai.plan_transitions.moved_at IS 'When.';
SELECT flowai_internal.make_tenant_table('flowai.plan_transitions');
SELECT flowai_internal.make_tenant_reference('plan_transitions_plan_known', 'flowai.plan_transitions', 'tenant_id, plan_id', 'flowai.plans', 'tenant_id, id', 'CASCADE');

-- ------------------------------------------------------------------------------------------ reading

CREATE FUNCTION flowai.plan_get(plan text)
RETURNS TABLE (id text, kind text, state text, revision bigint, title text, steps jsonb, created_by text, created_at timestamptz,
               submitted_at timestamptz, approved_at timestamptz, started_at timestamptz, finished_at timestamptz, outcome jsonb,
               attempt integer, lease_expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT p.id, p.kind, p.state, p.revision, p.title,
           (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                       'step_no', s.step_no, 'operation', s.operation, 'input', s.input, 'state', s.state, 'result', s.result,
                       'references', (SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('kind', r.kind, 'id', r.ref_id) ORDER BY r.kind, r.ref_id), '[]')
                                      FROM flowai.plan_refs r
                                      WHERE r.tenant_id = p.tenant_id AND r.plan_id = p.id AND r.step_no = s.step_no))
                   ORDER BY s.step_no)
            FROM flowai.plan_steps s WHERE s.tenant_id = p.tenant_id AND s.plan_id = p.id),
           p.created_by, p.created_at, p.submitted_at, p.approved_at, p.started_at, p.finished_at, p.outcome,
           p.attempt, p.lease_expires_at
    FROM flowai.plans p
    WHERE p.tenant_id = flowai.current_tenant() AND p.id = plan_get.plan;
END;

CREATE FUNCTION flowai.plan_history(plan text)
RETURNS TABLE (transition_no integer, from_state text, to_state text, revision bigint, role text, login text, comment text, moved_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
    SELECT t.transition_no, t.from_state, t.to_state, t.revision, t.role, t.login, t.comment, t.moved_at
    FROM flowai.plan_transitions t
    WHERE t.tenant_id = flowai.current_tenant() AND t.plan_id = plan_history.plan
    ORDER BY t.transition_no;
END;

-- requires:
--   schema
--   api::tenancy::current_tenant
--   api::tenancy::tenant_is

-- Tenants, who may work for them, and how a table is made to hold rows of many of them.

CREATE TABLE flowai_internal.tenants (
    tenant_id  flowai.identifier NOT NULL,
    version    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id),
    -- Characters of format that nobody sees, or that turn a text around: people would take one for another.
    CONSTRAINT tenants_name_visible CHECK (tenant_id OPERATOR(pg_catalog.!~)
        '[\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\U000E0000-\U000E007F]'),
    CONSTRAINT tenants_version_said CHECK (version OPERATOR(pg_catalog.~) '[^[:space:]]')
);
-- Two tenants may not differ by case alone: people would take one for the other.
CREATE UNIQUE INDEX tenants_case_idx ON flowai_internal.tenants (pg_catalog.lower(tenant_id));
COMMENT ON TABLE flowai_internal.tenants IS 'The tenants. Written by flowai.tenant_create.';
COMMENT ON COLUMN flowai_internal.tenants.tenant_id IS 'The tenant: first column of every key.';
COMMENT ON COLUMN flowai_internal.tenants.version IS 'Revision of the tenant''s configuration, recorded and shown, part of no key.';
COMMENT ON COLUMN flowai_internal.tenants.created_at IS 'When the tenant was created.';

CREATE TABLE flowai_internal.tenant_members (
    tenant_id  flowai.identifier NOT NULL,
    member     regrole NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT tenant_members_pkey PRIMARY KEY (tenant_id, member),
    CONSTRAINT tenant_members_tenant_known FOREIGN KEY (tenant_id)
        REFERENCES flowai_internal.tenants (tenant_id) ON DELETE CASCADE
);
-- Serves the look-up of a role's own memberships. src/pg/tenant.rs scans both indexes by name.
CREATE INDEX tenant_members_member_idx ON flowai_internal.tenant_members (member);
COMMENT ON TABLE flowai_internal.tenant_members IS 'Which role may work for which tenant: the only authority. Written by flowai.tenant_grant and flowai.tenant_revoke.';
COMMENT ON COLUMN flowai_internal.tenant_members.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.tenant_members.member IS 'The role; a group role counts for the roles that have its privileges.';
COMMENT ON COLUMN flowai_internal.tenant_members.granted_at IS 'When the role became a member.';

SELECT pg_catalog.pg_extension_config_dump('flowai_internal.tenants', '');
SELECT pg_catalog.pg_extension_config_dump('flowai_internal.tenant_members', '');

ALTER FUNCTION flowai.current_tenant_support(internal) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.current_tenant() LEAKPROOF;
ALTER FUNCTION flowai.tenant_is(text) LEAKPROOF;

-- Secures one piece of a tenant table: a parent, a partition, or a table in one piece.
CREATE FUNCTION flowai_internal.secure_tenant_table(piece regclass, partitioned boolean DEFAULT true)
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    condition CONSTANT text := CASE WHEN partitioned
        THEN 'tenant_id = flowai.current_tenant() AND flowai.tenant_is(flowai.current_tenant())'
        -- A scalar subquery, so that the unpartitioned table pays the second test once, not per row.
        ELSE 'tenant_id = flowai.current_tenant() AND (SELECT flowai.tenant_is(flowai.current_tenant()))' END;
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', piece);
    EXECUTE format('CREATE POLICY tenant ON %s FOR ALL TO PUBLIC USING (%s) WITH CHECK (%s)',
                   piece, condition, condition);
    EXECUTE format('COMMENT ON POLICY tenant ON %s IS %L', piece, 'Rows of the tenant in force, and no others.');
    EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC', piece);
    EXECUTE format('ALTER TABLE %s OWNER TO flowai_owner', piece);
END $$;
COMMENT ON FUNCTION flowai_internal.secure_tenant_table(regclass, boolean) IS 'Secures one piece of a tenant table: row-level security enabled and forced with the one policy, owner flowai_owner, nothing for PUBLIC.';

-- Makes a freshly created table a tenant table: partitions, row-level security with the one policy,
-- rights, dump. The table must be declared PARTITION BY HASH (tenant_id), have tenant_id first in its
-- primary key and be empty. Foreign keys are added after this.
--
-- Where the citus extension is present the table stays in one piece, because its shards are the
-- partitions there.
CREATE FUNCTION flowai_internal.make_tenant_table(tenant_table regclass, readable boolean DEFAULT true)
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- 16 leaves: planning does not grow with them once the tenant is a constant, and vacuum, locks and
    -- index depth stay small for many tenants on one node.
    leaves CONSTANT integer := 16;
    schema_name name;
    table_name name;
    whole text;
    piece text;
    pieces text[] := '{}';
BEGIN
    SELECT n.nspname, c.relname INTO STRICT schema_name, table_name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = tenant_table;
    whole := format('%I.%I', schema_name, table_name);

    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
        EXECUTE format('CREATE TABLE flowai_internal.tenant_table_draft (LIKE %s INCLUDING ALL)', whole);
        EXECUTE format('DROP TABLE %s', whole);
        EXECUTE format('ALTER TABLE flowai_internal.tenant_table_draft RENAME TO %I', table_name);
        IF schema_name <> 'flowai_internal' THEN
            EXECUTE format('ALTER TABLE flowai_internal.%I SET SCHEMA %I', table_name, schema_name);
        END IF;
        pieces := ARRAY[whole];
    ELSE
        FOR leaf IN 0 .. leaves - 1 LOOP
            piece := format('flowai_internal.%I', format('%s_%s', table_name, lpad(leaf::text, 2, '0')));
            EXECUTE format('CREATE TABLE %s PARTITION OF %s FOR VALUES WITH (MODULUS %s, REMAINDER %s)',
                           piece, whole, leaves, leaf);
            EXECUTE format('COMMENT ON TABLE %s IS %L', piece, format('Hash partition %s of %s.', leaf, whole));
            pieces := pieces || piece;
        END LOOP;
    END IF;

    FOREACH piece IN ARRAY pieces LOOP
        EXECUTE format('SELECT pg_extension_config_dump(%L, '''')', piece);
    END LOOP;
    IF pieces = ARRAY[whole] THEN
        PERFORM flowai_internal.secure_tenant_table(whole::regclass, partitioned => false);
    ELSE
        FOREACH piece IN ARRAY whole || pieces LOOP
            PERFORM flowai_internal.secure_tenant_table(piece::regclass);
        END LOOP;
    END IF;
    IF readable THEN
        EXECUTE format('GRANT SELECT ON TABLE %s TO flowai_user', whole);
    END IF;
END $$;
COMMENT ON FUNCTION flowai_internal.make_tenant_table(regclass, boolean) IS 'Makes a new, empty table a tenant table: 16 hash partitions in flowai_internal, row-level security enabled and forced with the one policy, owner flowai_owner, SELECT for flowai_user if readable, marked for pg_dump. Used by the install and update scripts only.';

-- A foreign key between two tenant tables goes from leaf to leaf: both are split alike by the tenant, which
-- the key carries, so what a row of one leaf refers to can only be in the leaf of the same number. On the whole
-- tables every check would open and lock all leaves of the other, and cost several times as much.
CREATE FUNCTION flowai_internal.make_tenant_reference(
    reference name, from_table regclass, from_columns text, to_table regclass, to_columns text, on_delete text DEFAULT 'NO ACTION')
RETURNS void LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    pair record;
BEGIN
    FOR pair IN
        WITH piece AS (
            SELECT whole, COALESCE(i.inhrelid, whole)::regclass AS leaf, pg_get_expr(c.relpartbound, c.oid) AS bound
            FROM unnest(ARRAY[from_table, to_table]) AS whole
            LEFT JOIN pg_inherits i ON i.inhparent = whole
            JOIN pg_class c ON c.oid = COALESCE(i.inhrelid, whole)
        )
        SELECT here.leaf AS here, there.leaf AS there
        FROM piece here JOIN piece there ON there.bound IS NOT DISTINCT FROM here.bound
        WHERE here.whole = from_table AND there.whole = to_table
        ORDER BY here.leaf::text COLLATE "C"
    LOOP
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES %s (%s) ON DELETE %s', pair.here, reference,
                       from_columns, pair.there, to_columns, on_delete);
    END LOOP;
END $$;
COMMENT ON FUNCTION flowai_internal.make_tenant_reference(name, regclass, text, regclass, text, text) IS 'Adds a foreign key from one tenant table to another, of each hash partition to the one with the same bound; of the tables themselves where they are in one piece. Used by the install and update scripts only.';

-- One random key for each tenant. Reference ids are hashes under it, so that ids of two tenants never
-- match and nobody can guess a payload and confirm it by its id.
CREATE TABLE flowai_internal.tenant_keys (
    tenant_id flowai.identifier NOT NULL,
    key       bytea NOT NULL,
    CONSTRAINT tenant_keys_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT tenant_keys_length CHECK (pg_catalog.octet_length(key) OPERATOR(pg_catalog.=) 32)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai_internal.tenant_keys IS 'The secret that a tenant''s reference ids are hashed with. No role can read it; functions of flowai_owner see the row of the tenant in force.';
COMMENT ON COLUMN flowai_internal.tenant_keys.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai_internal.tenant_keys.key IS '32 random bytes.';
SELECT flowai_internal.make_tenant_table('flowai_internal.tenant_keys', readable => false);

-- requires:
--   search

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

-- requires:
--   tenancy

-- What an agent may use, behind one door: names, descriptions and schemas as function-calling APIs take
-- them (an object, a type for each property, nothing exotic; where any JSON value goes the type is a list),
-- and flowai.call_tool, which runs one of them. Each tool is a function of this extension; src/store/tool.rs
-- says which statement stands behind each name.

CREATE FUNCTION flowai.tools()
RETURNS TABLE (name text, description text, input_schema jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 40
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
     '{"entry": {"type": "string", "description": "Id or qualified name of the table."}, "max_rows": {"type": "integer", "minimum": 1, "maximum": 1000},
       "after": {"type": "integer", "minimum": 0, "maximum": 2147483647, "description": "Ordinal of the last column seen."}}', '{entry}'),
    ('get_catalog_relations', 'Lists the relations of a catalog entry: what it contains, references, joins with.',
     '{"entry": {"type": "string"}, "direction": {"type": "string", "enum": ["out", "in", "both"]}, "kinds": {"type": "array", "items": {"type": "string"}},
       "max_rows": {"type": "integer", "minimum": 1, "maximum": 1000}}', '{entry}'),
    ('get_relation_paths_between', 'Finds the shortest ways from one catalog entry to another along relations, such as how two tables join.',
     '{"from_id": {"type": "string"}, "to_id": {"type": "string"}, "max_hops": {"type": "integer", "minimum": 1, "maximum": 6},
       "kinds": {"type": "array", "items": {"type": "string"}}, "directed": {"type": "boolean"}, "max_paths": {"type": "integer", "minimum": 1, "maximum": 100}}', '{from_id,to_id}'),
    ('sample_table_data', 'Shows some rows of the table that a catalog entry describes.',
     '{"entry": {"type": "string", "description": "Id or qualified name of the table."}, "columns": {"type": "array", "items": {"type": "string"}},
       "max_rows": {"type": "integer", "minimum": 1, "maximum": 1000}}', '{entry}'),
    ('validate_query', 'Tells whether a statement only reads, and if not, why and where.',
     '{"sql": {"type": "string"}, "dialect": {"type": "string", "enum": ["postgres", "sqlite"]}}', '{sql}'),
    ('execute_query', 'Runs one read-only SELECT, WITH, VALUES or TABLE statement and returns its rows.',
     '{"sql": {"type": "string"}, "max_rows": {"type": "integer", "minimum": 1, "maximum": 2147483647},
       "target": {"type": "string", "description": "Where: local, or another database or file by its name."}}', '{sql}'),
    ('kv_get', 'Reads a value by key.', '{"namespace": {"type": "string"}, "key": {"type": "string"}}', '{namespace,key}'),
    ('kv_put', 'Writes a value under a key. With expected_version it is written only if that version is there; 0 means no entry. Without ttl_seconds it is kept for ever, whatever was said before.',
     '{"namespace": {"type": "string"}, "key": {"type": "string"}, "value": {"type": ["object", "array", "string", "number", "boolean", "null"], "description": "Any JSON value."}, "ttl_seconds": {"type": "number", "minimum": 0.001, "maximum": 31104000000},
       "expected_version": {"type": "integer", "minimum": 0, "maximum": 9007199254740991}}', '{namespace,key,value}'),
    ('kv_delete', 'Deletes a key.', '{"namespace": {"type": "string"}, "key": {"type": "string"}}', '{namespace,key}'),
    ('kv_list', 'Lists keys and values whose key begins with a prefix. For more, pass the last key as after.',
     '{"namespace": {"type": "string"}, "prefix": {"type": "string"}, "after": {"type": "string"}, "max_rows": {"type": "integer", "minimum": 1, "maximum": 1000}}', '{namespace}'),
    ('ref_put', 'Stores a payload and returns a short handle {kind, id} for it. The same payload has the same handle.',
     '{"kind": {"type": "string"}, "payload": {"type": ["object", "array", "string", "number", "boolean", "null"], "description": "Any JSON value."}, "summary": {"type": ["object", "array", "string", "number", "boolean", "null"], "description": "What the payload is, in a few words or fields."},
       "ttl_seconds": {"type": "number", "minimum": 0.001, "maximum": 31104000000}}', '{kind,payload}'),
    ('ref_put_query', 'Runs a read-only statement and stores its rows as a payload, without showing them. Returns a handle and a summary.',
     '{"kind": {"type": "string"}, "sql": {"type": "string"}, "max_rows": {"type": "integer", "minimum": 1, "maximum": 2147483647}}', '{kind,sql}'),
    ('ref_summary', 'Tells what a payload is without reading it.', '{"kind": {"type": "string"}, "id": {"type": "string"}}', '{kind,id}'),
    ('ref_resolve', 'Reads the payload of a handle.', '{"kind": {"type": "string"}, "id": {"type": "string"}}', '{kind,id}'),
    ('ref_list', 'Lists handles with their summaries. For more, pass the last id as after.',
     '{"kind": {"type": "string"}, "after": {"type": "string"}, "max_rows": {"type": "integer", "minimum": 1, "maximum": 1000}}', '{}'),
    ('plan_store', 'Stores a plan as a draft, or a new body of a draft with the revision that was seen.',
     '{"kind": {"type": "string"}, "plan": {"type": "string", "description": "Id of the plan."},
       "body": {"type": "object", "description": "{title, steps: [{operation, input, references: [{kind, id}]}]}"},
       "expected_revision": {"type": "integer", "minimum": 1, "maximum": 9007199254740991}}', '{kind,plan,body}'),
    ('plan_submit', 'Submits a draft for a person to decide on.',
     '{"plan": {"type": "string"}, "comment": {"type": "string"}}', '{plan}'),
    ('plan_cancel', 'Cancels a plan that does not run yet.', '{"plan": {"type": "string"}, "comment": {"type": "string"}}', '{plan}'),
    ('plan_get', 'Shows a plan with its steps and their results.', '{"plan": {"type": "string"}}', '{plan}'),
    ('plan_list', 'Lists plans, of one state or of all. For more, pass the last id as after.',
     '{"state": {"type": "string"}, "after": {"type": "string"}, "max_rows": {"type": "integer", "minimum": 1, "maximum": 1000}}', '{}'),
    ('approval_request', 'Asks a person for an approval: of a call of a tool (subject_kind tool, subject_id its name, body its arguments), of a plan (subject_kind plan, body its body), or of anything else.',
     '{"subject_kind": {"type": "string"}, "subject_id": {"type": "string"}, "body": {"type": ["object", "array", "string", "number", "boolean", "null"], "description": "What exactly is asked about: any JSON value."},
       "title": {"type": "string", "description": "What is asked, in one line."}, "deadline_seconds": {"type": "number", "minimum": 0.001, "maximum": 31104000000}}', '{subject_kind,subject_id,body}'),
    ('approval_get', 'Shows an approval and whether it is open, granted, denied, sent_back, withdrawn, waived or expired.', '{"approval": {"type": "string", "description": "The id that was returned when it was asked for."}}', '{approval}'),
    ('approval_list', 'Lists approvals, newest first: those asked for, or those that wait for a decision. Only a person decides. For more, pass the last id as after.',
     '{"which": {"type": "string", "enum": ["asked", "waiting"]}, "after": {"type": "string"}, "max_rows": {"type": "integer", "minimum": 1, "maximum": 1000}}', '{}'),
    ('approval_withdraw', 'Takes back an approval that was asked for and is still open.',
     '{"approval": {"type": "string"}, "comment": {"type": "string"}}', '{approval}'),
    ('event_emit', 'Records that something happened.',
     '{"name": {"type": "string", "description": "Dotted words, such as order.shipped."}, "attributes": {"type": "object"}, "severity": {"type": "string", "enum": ["debug", "info", "warn", "error"]}}', '{name}'),
    ('event_list', 'Lists what happened, in order of time, by the beginning of its name. For more, pass the last event_id as after.',
     '{"name_prefix": {"type": "string"}, "since": {"type": "string", "description": "A time such as 2026-01-31T12:00:00Z."}, "after": {"type": "string"},
       "max_rows": {"type": "integer", "minimum": 1, "maximum": 1000}}', '{}'),
    ('data_environment_get', 'Shows what data this workspace has been given: the target database, the catalog, the search index.', '{}', '{}'),
    ('plan_history', 'Lists every move of a plan from state to state.', '{"plan": {"type": "string"}}', '{plan}')
    ) AS t (name, description, properties, required)
    ORDER BY t.name;
END;

-- requires:
--   tenancy
--   api::page::page_rows
--   api::page::argument_word
--   api::page::json_array
--   api::page::prefix_end

-- Key/value entries: small state that agents and applications keep between calls.
--
-- An entry that has expired is gone for every operation, long before anybody removes its row. Reads judge
-- that by the moment of reading, writes by that of writing: a statement may last, as a block of PL/pgSQL does.

ALTER FUNCTION flowai.page_rows(integer) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.argument_word(text, text, text[]) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.json_array(text, jsonb, text) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.prefix_end(text) SET SCHEMA flowai_internal;

CREATE TABLE flowai.kv_entries (
    tenant_id  flowai.identifier NOT NULL,
    namespace  flowai.identifier NOT NULL,
    key        text COLLATE "C" NOT NULL,
    value      jsonb NOT NULL,
    version    bigint NOT NULL,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT kv_entries_pkey PRIMARY KEY (tenant_id, namespace, key),
    CONSTRAINT kv_entries_key_length CHECK (pg_catalog.octet_length(key) BETWEEN 1 AND 1024),
    CONSTRAINT kv_entries_version_positive CHECK (version > 0),
    CONSTRAINT kv_entries_times_ordered CHECK (updated_at >= created_at AND expires_at > created_at)
) PARTITION BY HASH (tenant_id);
-- Serves kv_purge; entries that live for ever are not in it.
CREATE INDEX kv_entries_expires_idx ON flowai.kv_entries (tenant_id, expires_at) WHERE expires_at IS NOT NULL;
COMMENT ON TABLE flowai.kv_entries IS 'Key/value entries. Written by flowai.kv_put and its kin. Rows whose expires_at has passed no longer count; flowai.kv_get and its kin do not show them.';
COMMENT ON COLUMN flowai.kv_entries.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.kv_entries.namespace IS 'Which set of keys: one for each use.';
COMMENT ON COLUMN flowai.kv_entries.key IS 'The key, 1 to 1024 bytes, in order of bytes.';
COMMENT ON COLUMN flowai.kv_entries.value IS 'The value, at most flowai.kv_max_value_bytes (16 MiB).';
COMMENT ON COLUMN flowai.kv_entries.version IS 'One more with each write. It starts at the clock''s microseconds since 2000, so that no later entry under the key has a version of an earlier one.';
COMMENT ON COLUMN flowai.kv_entries.expires_at IS 'From when on the entry counts as absent; NULL for never.';
COMMENT ON COLUMN flowai.kv_entries.created_at IS 'When the entry came to be; anew if an earlier one had expired.';
COMMENT ON COLUMN flowai.kv_entries.updated_at IS 'When the entry was last written; equal to created_at exactly if it was written once.';
SELECT flowai_internal.make_tenant_table('flowai.kv_entries');

CREATE FUNCTION flowai.kv_get(namespace text, key text)
RETURNS TABLE (value jsonb, version bigint, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT e.value, e.version, e.expires_at
    FROM flowai.kv_entries e
    WHERE e.tenant_id = flowai.current_tenant()
      AND e.namespace = kv_get.namespace
      AND e.key = kv_get.key
      AND (e.expires_at IS NULL OR e.expires_at > pg_catalog.clock_timestamp());
END;

CREATE FUNCTION flowai.kv_get_many(namespace text, keys text[])
RETURNS TABLE (ordinal bigint, key text, found boolean, value jsonb, version bigint, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
    SELECT k.ordinal, k.key, e.version IS NOT NULL, e.value, e.version, e.expires_at
    FROM pg_catalog.unnest(keys) WITH ORDINALITY AS k(key, ordinal)
    LEFT JOIN flowai.kv_entries e
      ON e.tenant_id = flowai.current_tenant()
     AND e.namespace = kv_get_many.namespace
     AND e.key = k.key
     AND (e.expires_at IS NULL OR e.expires_at > pg_catalog.clock_timestamp())
    ORDER BY k.ordinal;
END;

CREATE FUNCTION flowai.kv_list(namespace text, prefix text DEFAULT '', after text DEFAULT NULL, max_rows integer DEFAULT 100)
RETURNS TABLE (key text, value jsonb, version bigint, expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT e.key, e.value, e.version, e.expires_at
    FROM flowai.kv_entries e
    WHERE e.tenant_id = flowai.current_tenant()
      AND e.namespace = kv_list.namespace
      AND e.key >= kv_list.prefix COLLATE "C"
      AND e.key < flowai_internal.prefix_end(kv_list.prefix) COLLATE "C"
      -- Not COALESCE: the server would not trust it before the policy, and so not in the index.
      AND e.key > CASE WHEN kv_list.after IS NULL THEN '' ELSE kv_list.after END COLLATE "C"
      AND (e.expires_at IS NULL OR e.expires_at > pg_catalog.clock_timestamp())
    ORDER BY e.key
    LIMIT flowai_internal.page_rows(max_rows);
END;

-- Two branches, one of which is empty: one namespace is looked up, whatever is known of it when it is planned.
CREATE FUNCTION flowai.kv_stats(namespace text DEFAULT NULL)
RETURNS TABLE (namespace text, entries bigint, expired bigint, bytes bigint, next_expiry timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
    SELECT e.namespace,
           pg_catalog.count(*) FILTER (WHERE e.expires_at IS NULL OR e.expires_at > now.moment),
           pg_catalog.count(*) FILTER (WHERE e.expires_at <= now.moment),
           COALESCE(pg_catalog.sum(pg_catalog.pg_column_size(e.value)), 0)::bigint,
           pg_catalog.min(e.expires_at) FILTER (WHERE e.expires_at > now.moment)
    -- One moment for all counts.
    FROM (SELECT o.namespace, o.value, o.expires_at FROM flowai.kv_entries o WHERE o.tenant_id = flowai.current_tenant() AND o.namespace = $1
          UNION ALL
          SELECT a.namespace, a.value, a.expires_at FROM flowai.kv_entries a WHERE a.tenant_id = flowai.current_tenant() AND $1 IS NULL) AS e
    CROSS JOIN (SELECT pg_catalog.clock_timestamp() AS moment) AS now
    GROUP BY e.namespace ORDER BY e.namespace;
END;

-- requires:
--   tenancy
--   api::query::query_array
--   api::query::database_identity
--   api::reference::ref_put
--   api::reference::ref_put_check

-- Read-only SQL: what statements may call beyond the functions of the server.

-- A function is known by its signature and by a digest of what it is: replaced, or given to another owner, it is
-- not the function that was allowed. Both survive dump and restore. Its number does not, but here it tells
-- whether the function was dropped and made anew, even if it looks the same. So the number counts where
-- it was noted, in this database and this table; in a copy the digest decides alone, until the next permission
-- that is given there notes the numbers of all.
CREATE TABLE flowai.allowed_functions (
    function   text COLLATE "C" NOT NULL,
    tenant_id  flowai.identifier,
    digest     bytea NOT NULL,
    object     oid NOT NULL,
    noted_in   text COLLATE "C" NOT NULL,
    allowed_by text NOT NULL,
    allowed_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT allowed_functions_key UNIQUE NULLS NOT DISTINCT (function, tenant_id),
    CONSTRAINT allowed_functions_tenant_known FOREIGN KEY (tenant_id)
        REFERENCES flowai_internal.tenants (tenant_id) ON DELETE CASCADE,
    CONSTRAINT allowed_functions_digest_length
        CHECK (pg_catalog.octet_length(digest) OPERATOR(pg_catalog.=) 32)
);
COMMENT ON TABLE flowai.allowed_functions IS 'Functions that read-only statements may call beyond those of the server. Written by flowai.function_allow, extension_allow and function_disallow. A tenant sees what it may call; flowai_admin sees all.';
COMMENT ON COLUMN flowai.allowed_functions.function IS 'The signature, with schema.';
COMMENT ON COLUMN flowai.allowed_functions.tenant_id IS 'The tenant that may call it; NULL for all.';
COMMENT ON COLUMN flowai.allowed_functions.digest IS 'SHA-256 over what the function is: language, body, library, owner, settings. If it differs now, the function is refused.';
COMMENT ON COLUMN flowai.allowed_functions.object IS 'The function''s number when it was allowed. If it differs now, in the same database, the function was dropped and made anew, and is refused.';
COMMENT ON COLUMN flowai.allowed_functions.noted_in IS 'Where that number is from: cluster, database and table. Elsewhere, as after a restore, it says nothing.';
COMMENT ON COLUMN flowai.allowed_functions.allowed_by IS 'The role that allowed it.';
COMMENT ON COLUMN flowai.allowed_functions.allowed_at IS 'When it was allowed in this form.';
SELECT pg_catalog.pg_extension_config_dump('flowai.allowed_functions', '');
-- No tenant table: its rows may belong to nobody. Not forced, because only functions of its owner write.
ALTER TABLE flowai.allowed_functions ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON flowai.allowed_functions FOR SELECT TO PUBLIC
    USING (tenant_id IS NULL OR (tenant_id = flowai.current_tenant() AND (SELECT flowai.tenant_is(flowai.current_tenant())))
           OR (SELECT pg_catalog.pg_has_role('flowai_admin', 'USAGE')));
COMMENT ON POLICY visible ON flowai.allowed_functions IS 'What everybody may call, and what the tenant in force may call; all of it for flowai_admin.';

ALTER FUNCTION flowai.database_identity() SET SCHEMA flowai_internal;

-- Names only, no OIDs, so that the digest is the same after a restore. An aggregate is what its parts
-- are; their own bodies are digested with it.
CREATE FUNCTION flowai_internal.function_digest(routine oid) RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.string_agg(
        pg_catalog.jsonb_build_array(
            p.oid::regprocedure::text, l.lanname, r.rolname, p.prokind, p.prosecdef, p.provolatile,
            p.proisstrict, p.proretset, pg_catalog.format_type(p.prorettype, NULL),
            pg_catalog.pg_get_function_arguments(p.oid),
            p.prosrc, p.probin, pg_catalog.pg_get_function_sqlbody(p.oid), p.proconfig::text,
            a.aggkind, a.agginitval)::text, E'\n' ORDER BY p.oid = $1 DESC, p.oid::regprocedure::text COLLATE "C"), 'UTF8'))
    FROM pg_catalog.pg_proc p
    JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
    LEFT JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid
    WHERE p.oid = $1
       OR p.oid IN (
            SELECT part.oid
            FROM pg_catalog.pg_aggregate g
            CROSS JOIN LATERAL (VALUES
                (g.aggtransfn::oid), (g.aggfinalfn::oid), (g.aggcombinefn::oid), (g.aggserialfn::oid),
                (g.aggdeserialfn::oid), (g.aggmtransfn::oid), (g.aggminvtransfn::oid),
                (g.aggmfinalfn::oid)) AS part (oid)
            WHERE g.aggfnoid = $1);
END;
COMMENT ON FUNCTION flowai_internal.function_digest(oid) IS 'SHA-256 over what a function is, by names and bodies; NULL if there is no such function.';

CREATE FUNCTION flowai_internal.function_numbers_noted_in() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_catalog.concat_ws('/', flowai_internal.database_identity(), 'flowai.allowed_functions'::regclass::oid);
END;
COMMENT ON FUNCTION flowai_internal.function_numbers_noted_in() IS 'What flowai.allowed_functions.noted_in is for numbers that are noted now.';

-- Which of these functions were allowed, and whether each still is what was allowed. A definer function:
-- the digest looks at objects of others.
CREATE FUNCTION flowai.function_standing(routines oid[])
RETURNS TABLE (routine oid, unchanged boolean)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER ROWS 5
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.oid, pg_catalog.bool_or((a.object = p.oid OR a.noted_in <> here.place)
                                     AND a.digest = flowai_internal.function_digest(p.oid))
    FROM flowai_internal.function_numbers_noted_in() AS here (place)
    CROSS JOIN pg_catalog.unnest(routines) AS wanted (oid)
    JOIN pg_catalog.pg_proc p ON p.oid = wanted.oid
    JOIN flowai.allowed_functions a
         ON a.function = p.oid::regprocedure::text
        AND (a.tenant_id IS NULL OR a.tenant_id = flowai.current_tenant())
    GROUP BY p.oid;
END;
COMMENT ON FUNCTION flowai.function_standing(oid[]) IS 'For those of the functions that were allowed for the tenant in force or for all: whether each still is what was allowed. Used by validate_query and execute_query.';

-- ------------------------------------------------------------------------------- rows of a query

ALTER FUNCTION flowai.query_array(text, integer, interval) SET SCHEMA flowai_internal;
ALTER FUNCTION flowai.ref_put_check(text, jsonb, interval) SET SCHEMA flowai_internal;

CREATE FUNCTION flowai.query_rows(sql text, max_rows integer DEFAULT 1000, timeout interval DEFAULT '5 s')
RETURNS SETOF jsonb
LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 100 COST 1000
BEGIN ATOMIC
    SELECT r.value
    FROM pg_catalog.jsonb_array_elements(flowai_internal.query_array(sql, max_rows, timeout))
         WITH ORDINALITY AS r(value, place)
    ORDER BY r.place;
END;

-- The rows go from the query into the reference, and never to the client. CASE, because the query may take long and
-- nobody shall wait for it who has misspelt the kind. With settings of its own, because an id stands for the text of
-- the rows, and equal rows have one from any client.
CREATE FUNCTION flowai.ref_put_query(kind text, sql text, summary jsonb DEFAULT NULL, ttl interval DEFAULT NULL, max_rows integer DEFAULT 10000, timeout interval DEFAULT '30 s')
RETURNS TABLE (kind text, id text, created boolean, summary jsonb, expires_at timestamptz)
LANGUAGE sql VOLATILE PARALLEL UNSAFE ROWS 1
SET timezone = 'UTC'
SET datestyle = 'ISO'
SET intervalstyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = 1
BEGIN ATOMIC
    SELECT p.kind, p.id, p.created, p.summary, p.expires_at
    FROM flowai.ref_put($1, CASE WHEN flowai_internal.ref_put_check($1, $3, $4) THEN flowai_internal.query_array($2, $5, $6) END, $3, $4) AS p;
END;

/*
This file is auto generated by pgrx.

The ordering of items is not stable, it is driven by a dependency graph.
*/
