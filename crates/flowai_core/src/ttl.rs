//! How long something lives: entries, references, leases.
//!
//! The database adds a life to its own clock; here is only said which lives there are.

use crate::error::{Error, Result};

/// Most days that a life may have, years counted as 360 and months as 30, as the database does.
pub const MAX_DAYS: i64 = 360_000;

const MICROS_PER_DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// Checks an interval, given as the database keeps it, as the life that argument `name` states: it is
/// positive and at most [`MAX_DAYS`] long. No part of it is negative: what a month has of days is not known
/// before it is added to a time, and `-4 months 121 days` may be less than nothing.
pub fn check(name: &'static str, months: i32, days: i32, micros: i64) -> Result<()> {
    let days_alone = days;
    let days = i128::from(months) * 30 + i128::from(days);
    let total = days * i128::from(MICROS_PER_DAY) + i128::from(micros);
    let detail = if months < 0 || days_alone < 0 || micros < 0 {
        "No part of it may be negative."
    } else if total == 0 {
        "It must be longer than nothing."
    } else if total > i128::from(MAX_DAYS) * i128::from(MICROS_PER_DAY) {
        "It must not be longer than 1000 years."
    } else {
        return Ok(());
    };
    Err(Error::invalid("ttl_range", format!("argument \"{name}\" is out of range"))
        .detail(detail)
        .hint(format!("Pass an interval such as '5 minutes' for \"{name}\".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_is_positive() {
        for (months, days, micros) in [(0, 0, 1), (0, 1, 0), (1, 0, 0), (12_000, 0, 0)] {
            assert_eq!(check("ttl", months, days, micros), Ok(()), "{months} {days} {micros}");
        }
    }

    #[test]
    fn refuses_nothing_less_and_forever() {
        let beyond = [(0, 0, 0), (0, 0, -1), (0, 1, -1), (-4, 121, 0), (1, -29, 0), (12_000, 0, 1)];
        for (months, days, micros) in beyond.into_iter().chain([(i32::MAX, i32::MAX, i64::MAX)]) {
            let error = check("lease", months, days, micros).unwrap_err();
            assert_eq!(error.rule, "ttl_range", "{months} {days} {micros}");
            assert!(error.message.contains("\"lease\""));
        }
    }
}
