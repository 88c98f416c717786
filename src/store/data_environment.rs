//! The data environment of a workspace.

use flowai_core::data_environment::{self as core, Problem};
use flowai_core::{Error, Result};
use pgrx::datum::TimestampWithTimeZone;
use serde_json::{Value, json};

use super::event;
use crate::pg::jsonb::Jsonb;
use crate::pg::spi::{self, args};
use crate::pg::{clock, guc, tenant};

const SET: &str = "
    INSERT INTO flowai.data_environments AS e (tenant_id, workspace_id, revision, config, set_by, set_at)
    VALUES ($1, $2, 1, $3, $4, $5)
    ON CONFLICT (tenant_id, workspace_id) DO UPDATE SET
        revision = e.revision + CASE WHEN e.config = excluded.config THEN 0 ELSE 1 END,
        config = excluded.config,
        set_by = CASE WHEN e.config = excluded.config THEN e.set_by ELSE excluded.set_by END,
        set_at = CASE WHEN e.config = excluded.config THEN e.set_at ELSE excluded.set_at END
    RETURNING workspace_id::text, revision, set_at, set_at = $5";

/// What was stored.
pub(crate) struct Stored {
    pub(crate) workspace: String,
    pub(crate) revision: i64,
    pub(crate) set_at: TimestampWithTimeZone,
}

/// Stores a document that is right, for the workspace that it names or else the one in force.
pub(crate) fn set(config: Option<Jsonb>) -> Result<Stored> {
    let tenant = tenant::required()?;
    let config = config.ok_or_else(|| Error::missing("config"))?;
    let text = config.text();
    core::refuse(&core::validate(text, &tenant)?)?;
    let value: Value = flowai_core::json::read("config", text)?;
    let workspace = core::workspace(&value).map_or_else(guc::workspace, str::to_owned);
    let set = args![&*tenant, workspace, config, tenant::outer_name(), clock::now()];
    let stored = spi::write_one(SET, set, |row| {
        let stored =
            Stored { workspace: row.need(1)?, revision: row.need(2)?, set_at: row.need(3)? };
        Ok((stored, row.need::<bool>(4)?))
    })?;
    let (stored, changed) =
        stored.ok_or_else(|| Error::internal("a data environment was not stored"))?;
    if changed {
        let keys: Vec<&String> = value.as_object().map(|o| o.keys().collect()).unwrap_or_default();
        event::note(
            "flowai.data_environment.set",
            event::Severity::Info,
            json!({ "workspace": stored.workspace, "revision": stored.revision, "keys": keys }),
        )?;
    }
    Ok(stored)
}

/// Everything that is wrong with a document.
pub(crate) fn validate(config: Option<Jsonb>) -> Result<Vec<Problem>> {
    let tenant = tenant::required()?;
    core::validate(config.ok_or_else(|| Error::missing("config"))?.text(), &tenant)
}
