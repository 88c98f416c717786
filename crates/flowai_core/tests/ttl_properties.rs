//! Which lives there are: exact to the microsecond, whatever months, days and microseconds add up to.

use flowai_core::ttl::{MAX_DAYS, check};
use proptest::prelude::*;

const DAY: i128 = 24 * 60 * 60 * 1_000_000;
const MOST: i128 = MAX_DAYS as i128 * DAY;

/// The life as the database counts it, in microseconds.
fn micros(months: i32, days: i32, micros: i64) -> i128 {
    (i128::from(months) * 30 + i128::from(days)) * DAY + i128::from(micros)
}

fn is_life(months: i32, days: i32, micros: i64) -> bool {
    check("ttl", months, days, micros).is_ok()
}

proptest! {
    /// Nothing overflows, and no part decides by itself.
    #[test]
    fn the_sum_decides(months in any::<i32>(), days in any::<i32>(), rest in any::<i64>()) {
        let total = micros(months, days, rest);
        prop_assert_eq!(is_life(months, days, rest), (1..=MOST).contains(&total));
    }

    /// The shortest life is one microsecond, the longest 1000 years, however they are spelled.
    #[test]
    fn both_ends_are_exact(months in -24_000..24_000_i32, days in -700_000..700_000_i32) {
        let without = micros(months, days, 0);
        // The microseconds that make the life this long.
        let make = |total: i128| i64::try_from(total - without);
        for (total, lives) in [(0, false), (1, true), (1000, true), (MOST - 1000, true), (MOST, true), (MOST + 1, false)] {
            if let Ok(rest) = make(total) {
                prop_assert_eq!(is_life(months, days, rest), lives, "{} {} {}", months, days, rest);
            }
        }
    }

    /// A longer life than one that is too long is too long, a shorter one than none is none.
    #[test]
    fn lives_are_an_interval(a in any::<i64>(), b in any::<i64>(), c in any::<i64>()) {
        let mut sorted = [a, b, c];
        sorted.sort_unstable();
        let [low, middle, high] = sorted.map(|rest| is_life(0, 0, rest));
        prop_assert!(middle || !(low && high));
    }

    /// The error says which argument, and which end it is beyond.
    #[test]
    fn errors_name_the_argument(rest in any::<i64>()) {
        if let Err(error) = check("lease", 0, 0, rest) {
            prop_assert_eq!(error.rule, "ttl_range");
            prop_assert!(error.message.contains("\"lease\""));
            let detail = error.detail.unwrap_or_default();
            prop_assert_eq!(detail.contains("longer than nothing"), rest <= 0);
        }
    }
}
