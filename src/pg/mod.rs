//! All that is unsafe: the server's C interface behind small safe doors.
//!
//! - [`raise`]: a core error becomes a PostgreSQL error, with its SQLSTATE
//! - [`spi`]: prepared statements with typed arguments and an explicit snapshot
//! - [`guc`]: the settings
//! - [`tenant`]: who the tenant is, and what makes that fast

pub(crate) mod guc;
pub(crate) mod raise;
pub(crate) mod spi;
pub(crate) mod tenant;
