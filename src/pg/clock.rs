//! The database's clock.

use flowai_core::{Error, Result};
use pgrx::datum::TimestampWithTimeZone;

/// What `clock_timestamp()` says.
pub(crate) fn now() -> TimestampWithTimeZone {
    pgrx::datum::datetime_support::clock_timestamp()
}

/// Microseconds since the year 2000.
pub(crate) fn micros(time: &TimestampWithTimeZone) -> i64 {
    time.into_inner()
}

/// The time of so many microseconds since the year 2000.
pub(crate) fn at(micros: i64) -> Result<TimestampWithTimeZone> {
    TimestampWithTimeZone::try_from(micros).map_err(|_| {
        Error::internal(format!("no time is {micros} microseconds from the year 2000"))
    })
}
