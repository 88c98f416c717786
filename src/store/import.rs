//! Rows of a tenant that come from elsewhere: what they say of themselves is not believed.

use flowai_core::{Error, Result, catalog, name};

use super::catalog::entry_as_put;
use crate::pg::spi::{self, args};
use crate::pg::tenant;

/// Some entries as `catalog_put` takes them.
const ENTRIES: &str = concat!(
    "SELECT e.id, ",
    entry_as_put!(),
    " FROM flowai.catalog_entries e
      WHERE e.tenant_id = $1 AND e.workspace_id = $2 AND e.id = ANY ($3)"
);

/// The index knows nothing of the hash: no new version.
const STAMP: &str = "
    UPDATE flowai.catalog_entries e SET content_hash = i.content_hash
    FROM ROWS FROM (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::bytea[])) AS i(id, content_hash)
    WHERE e.tenant_id = $1 AND e.workspace_id = $2 AND e.id = i.id
      AND e.content_hash <> i.content_hash";

/// Gives entries the hash of what they are, relations included, and returns how many had another: an entry
/// with the hash of another one would make the writer of that one believe that it is there already.
pub(crate) fn stamp(workspace: Option<&str>, ids: Option<Vec<String>>) -> Result<i64> {
    let tenant = tenant::required()?;
    let workspace = name::argument("workspace", workspace)?;
    let ids = ids.ok_or_else(|| Error::missing("ids"))?;
    let entries = spi::write(ENTRIES, args![&*tenant, workspace, ids], |row| {
        let entry = catalog::parse(&row.need::<String>(2)?)?.into_iter().next();
        let entry = entry.ok_or_else(|| Error::internal("an entry that is none"))?;
        Ok((row.need::<String>(1)?, entry.content_hash().to_vec()))
    })?;
    let (ids, hashes): (Vec<String>, Vec<Vec<u8>>) = entries.into_iter().unzip();
    let stamped = spi::run(STAMP, args![&*tenant, workspace, ids, hashes])?;
    Ok(i64::try_from(stamped).unwrap_or(i64::MAX))
}
