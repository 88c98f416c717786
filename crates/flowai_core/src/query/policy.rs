//! Built-in functions: data, not code.
//!
//! A built-in function is allowed if PostgreSQL calls it immutable or stable, with exceptions either
//! way that are listed here by name (all of a name's overloads, schema `pg_catalog`). Functions that
//! did not come with the server are another matter: their label proves nothing.

/// Volatile and harmless: chance, the clock, and plain facts of the catalog, of sizes and of transactions.
pub const ALLOWED_THOUGH_VOLATILE: &[&str] = &[
    "clock_timestamp",
    "gen_random_uuid",
    "pg_database_size",
    "pg_indexes_size",
    "pg_is_in_recovery",
    "pg_partition_ancestors",
    "pg_partition_tree",
    "pg_relation_size",
    "pg_sequence_last_value",
    "pg_table_size",
    "pg_total_relation_size",
    "pg_xact_commit_timestamp",
    "random",
    "random_normal",
    "timeofday",
    "uuidv4",
    "uuidv7",
];

/// Refused although (or in case) they are not volatile.
pub const REFUSED: &[&str] = &[
    // Run SQL that they are given, or evaluate relations by name.
    "cursor_to_xml",
    "cursor_to_xmlschema",
    "database_to_xml",
    "database_to_xml_and_xmlschema",
    "database_to_xmlschema",
    "query_to_xml",
    "query_to_xml_and_xmlschema",
    "query_to_xmlschema",
    "schema_to_xml",
    "schema_to_xml_and_xmlschema",
    "schema_to_xmlschema",
    "table_to_xml",
    "table_to_xml_and_xmlschema",
    "table_to_xmlschema",
    "ts_stat",
    // Take a type by name and run its input function, domain checks included.
    "pg_input_error_info",
    "pg_input_is_valid",
    // Input functions of containers, called by name: the type, and so its domain checks, is an argument.
    "array_in",
    "domain_in",
    "multirange_in",
    "range_in",
    "record_in",
    // Change settings or assign a transaction id.
    "pg_current_xact_id",
    "set_config",
    "txid_current",
    // Show what other sessions do: sessions of one pool share a login role.
    "pg_cursor",
    "pg_prepared_statement",
    "pg_stat_get_activity",
    "pg_stat_get_backend_activity",
    "pg_stat_get_backend_activity_start",
    "pg_stat_get_backend_client_addr",
    "pg_stat_get_backend_client_port",
    "pg_stat_get_backend_dbid",
    "pg_stat_get_backend_idset",
    "pg_stat_get_backend_pid",
    "pg_stat_get_backend_start",
    "pg_stat_get_backend_subxact",
    "pg_stat_get_backend_userid",
    "pg_stat_get_backend_wait_event",
    "pg_stat_get_backend_wait_event_type",
    "pg_stat_get_backend_xact_start",
    "pg_stat_get_progress_info",
    "pg_stat_get_wal_senders",
    // Read directories of the server.
    "pg_available_extension_versions",
    "pg_available_extensions",
    "pg_config",
    "pg_extension_update_paths",
    "pg_tablespace_databases",
];

/// Functions that make JSON of any type: they call a cast to json that a user made for it.
pub const JSON_MAKERS: &[&str] = &[
    "array_to_json",
    "json_agg",
    "json_agg_strict",
    "json_build_array",
    "json_build_object",
    "json_object_agg",
    "json_object_agg_strict",
    "json_object_agg_unique",
    "json_object_agg_unique_strict",
    "jsonb_agg",
    "jsonb_agg_strict",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_object_agg",
    "jsonb_object_agg_strict",
    "jsonb_object_agg_unique",
    "jsonb_object_agg_unique_strict",
    "row_to_json",
    "to_json",
    "to_jsonb",
];

/// Functions that fill a row like the one that they are given: the row's type may have no name, and its
/// columns may be of domains with checks.
pub const ROW_MAKERS: &[&str] = &[
    "json_populate_record",
    "json_populate_recordset",
    "jsonb_populate_record",
    "jsonb_populate_record_valid",
    "jsonb_populate_recordset",
];

/// What the constructors of any range type are made of.
pub const RANGE_MAKERS: &[&str] = &[
    "multirange_constructor0",
    "multirange_constructor1",
    "multirange_constructor2",
    "range_constructor2",
    "range_constructor3",
];

/// Our own functions that views need: they tell tenant and workspace, and nothing else.
pub const ALLOWED_OF_FLOWAI: &[&str] = &["current_tenant", "current_workspace", "tenant_is"];

/// Whether a built-in function may be called. `volatile` is what the server's catalog says.
pub fn builtin_allowed(name: &str, volatile: bool) -> bool {
    if volatile { ALLOWED_THOUGH_VOLATILE.contains(&name) } else { !REFUSED.contains(&name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_decide() {
        assert!(builtin_allowed("lower", false));
        assert!(builtin_allowed("random", true));
        assert!(!builtin_allowed("nextval", true));
        assert!(!builtin_allowed("table_to_xml", false));
        assert!(!builtin_allowed("set_config", false));
        for name in ALLOWED_THOUGH_VOLATILE {
            assert!(!REFUSED.contains(name), "{name}");
        }
    }
}
