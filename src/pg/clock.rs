//! The database's clock.

use pgrx::datum::TimestampWithTimeZone;

/// What `clock_timestamp()` says.
pub(crate) fn now() -> TimestampWithTimeZone {
    pgrx::datum::datetime_support::clock_timestamp()
}

/// Microseconds since the year 2000.
pub(crate) fn micros(time: &TimestampWithTimeZone) -> i64 {
    time.into_inner()
}
