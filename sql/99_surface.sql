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
