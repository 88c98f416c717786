//! All that is unsafe: the server's C interface behind small safe doors.
//!
//! - [`raise`]: a core error becomes a PostgreSQL error, with its SQLSTATE
//! - [`spi`]: prepared statements with typed arguments and an explicit snapshot
//! - [`guc`]: the settings
//! - [`clock`]: the database's clock
//! - [`database`]: which database this is
//! - [`interrupt`]: cancel requests, for work that is not the server's own
//! - [`random`]: the server's strong randomness
//! - [`jsonb`]: a jsonb value that is handed through, or read as text
//! - [`analyze`]: what a foreign statement would do, by the server's parser and analyser
//! - [`envelope`]: the read-only subtransaction that a foreign statement runs in
//! - [`gate`]: what stands in the way while it runs
//! - [`bounds`]: stand-ins for functions that no time limit ends
//! - [`estimate`]: what the planner may know of rows while it plans for a tenant
//! - [`rows`]: its rows as JSON
//! - [`tuples`]: its rows as rows
//! - [`attempt`]: work that may fail without taking the transaction along
//! - [`remote`]: a session on a PostgreSQL server elsewhere
//! - [`libpq`]: the client library that it uses, loaded when it is needed
//! - [`relay`]: what stands between libpq and that server
//! - [`sqlite`]: a SQLite file
//! - [`owner`]: a moment as flowai_owner
//! - [`answer`]: a jsonb made from JSON text
//! - [`trigger`]: the rows that a trigger is fired for
//! - [`statement`]: what the row triggers of a statement leave for its end
//! - [`timeout`]: a private timer
//! - [`regprocedure`]: a function as an argument
//! - [`segment_file`]: search segments as files of this node, mapped
//! - [`tenant`]: who the tenant is, and what makes that fast
//! - [`transaction`]: what sort of transaction this is
//! - [`worker`]: maintenance in the background
//! - [`relation`]: a table of ours as the catalogs know it

pub(crate) mod analyze;
pub(crate) mod answer;
pub(crate) mod attempt;
pub(crate) mod bounds;
pub(crate) mod clock;
pub(crate) mod database;
pub(crate) mod envelope;
pub(crate) mod estimate;
pub(crate) mod gate;
pub(crate) mod guc;
pub(crate) mod interrupt;
pub(crate) mod jsonb;
mod libpq;
pub(crate) mod owner;
pub(crate) mod raise;
pub(crate) mod random;
pub(crate) mod regprocedure;
pub(crate) mod relation;
mod relay;
pub(crate) mod remote;
pub(crate) mod rows;
pub(crate) mod segment_file;
pub(crate) mod spi;
pub(crate) mod sqlite;
pub(crate) mod statement;
pub(crate) mod tenant;
pub(crate) mod timeout;
pub(crate) mod transaction;
pub(crate) mod trigger;
pub(crate) mod tuples;
pub(crate) mod worker;
