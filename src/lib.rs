//! flowai_runtime: the multi-tenant runtime of data agents, as a PostgreSQL extension.
//!
//! Three floors above the server. `pg` holds all that is unsafe. `store` has the SQL and returns
//! types of `flowai_core`. `api` is the SQL surface: functions of a few lines. What needs no server is
//! in the crate `flowai_core`. Tables, policies and comments are in `sql/`, in the order below.

mod api;
mod pg;
mod store;

use pgrx::prelude::*;

pgrx::pg_module_magic!(name, version);

extension_sql_file!("../sql/00_schema.sql", name = "schema", bootstrap);
extension_sql_file!(
    "../sql/10_tenancy.sql",
    name = "tenancy",
    requires = ["schema", api::tenancy::current_tenant, api::tenancy::tenant_is]
);
extension_sql_file!(
    "../sql/20_kv.sql",
    name = "kv",
    requires = [
        "tenancy",
        api::page::page_rows,
        api::page::argument_word,
        api::page::json_array,
        api::page::prefix_end
    ]
);
extension_sql_file!(
    "../sql/12_event.sql",
    name = "event",
    requires = [
        "kv",
        api::event::event_note,
        api::event::event_first_id,
        api::event::event_id_moment,
        api::event::event_id_fits
    ]
);
extension_sql_file!(
    "../sql/11_tenant_data.sql",
    name = "tenant_data",
    requires = [
        "kv",
        api::tenancy::act_for,
        api::tenancy::await_writers,
        api::tenancy::tenant_shut,
        api::tenancy::catalog_stamp,
        api::search::search_maintain
    ]
);
extension_sql_file!(
    "../sql/21_reference.sql",
    name = "reference",
    requires = ["kv", api::reference::ref_resolve, api::reference::ref_intact]
);
extension_sql_file!("../sql/30_plan.sql", name = "plan", requires = ["reference"]);
extension_sql_file!(
    "../sql/31_approval.sql",
    name = "approval",
    requires = ["plan", "query", api::tenancy::whoami, api::approval::approval_gate]
);
extension_sql_file!(
    "../sql/40_catalog.sql",
    name = "catalog",
    requires = ["kv", api::catalog::catalog_view_write, api::catalog::catalog_view_end]
);
extension_sql_file!("../sql/41_search.sql", name = "search", requires = ["catalog"]);
extension_sql_file!("../sql/43_profile.sql", name = "profile", requires = ["search"]);
extension_sql_file!(
    "../sql/42_query.sql",
    name = "query",
    requires = [
        "tenancy",
        api::query::query_array,
        api::query::database_identity,
        api::reference::ref_put,
        api::reference::ref_put_check
    ]
);
extension_sql_file!("../sql/50_tool.sql", name = "tool", requires = ["tenancy"]);
extension_sql_file!("../sql/59_installed.sql", name = "installed", requires = ["query"]);
extension_sql_file!(
    "../sql/60_readiness.sql",
    name = "readiness",
    requires = ["installed", "tenant_data", "search", "query", "approval", "data_environment"]
);
extension_sql_file!(
    "../sql/45_data_environment.sql",
    name = "data_environment",
    requires = ["catalog"]
);
extension_sql_file!(
    "../sql/44_query_target.sql",
    name = "query_target",
    requires = ["query", "tenant_data"]
);
extension_sql_file!("../sql/46_bounds.sql", name = "bounds", requires = ["query"]);
extension_sql_file!("../sql/99_surface.sql", name = "surface", finalize);

/// Runs once in each backend that loads the library.
#[pg_guard]
extern "C-unwind" fn _PG_init() {
    pg::guc::init();
    pg::tenant::init();
    pg::gate::init();
    pg::estimate::init();
    pg::worker::init(store::maintenance::WORK);
    pg::statement::init();
}
