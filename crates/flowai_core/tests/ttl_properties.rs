//! Which lives there are: exact to the microsecond, and sure whatever the calendar makes of a month.

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
    /// Nothing overflows; where no part is negative the sum decides.
    #[test]
    fn the_sum_decides(months in any::<i32>(), days in any::<i32>(), rest in any::<i64>()) {
        let total = micros(months, days, rest);
        let lives = months >= 0 && days >= 0 && rest >= 0 && (1..=MOST).contains(&total);
        prop_assert_eq!(is_life(months, days, rest), lives);
    }

    /// What is a life ends after it begins, however many days the months have that it is added to.
    #[test]
    fn a_life_is_positive_in_every_month(
        months in -50..50_i32, days in -200..200_i32, rest in -2..2_i64, month_days in 28..=31_i128
    ) {
        if is_life(months, days, rest) {
            let least = i128::from(months) * month_days + i128::from(days);
            prop_assert!(least * DAY + i128::from(rest) > 0);
        }
    }

    /// The shortest life is one microsecond, the longest 1000 years, however they are spelled.
    #[test]
    fn both_ends_are_exact(months in 0..12_000_i32, days in 0..360_000_i32) {
        let without = micros(months, days, 0);
        // The microseconds that make the life this long.
        let make = |total: i128| i64::try_from(total - without);
        for (total, lives) in [(0, false), (1, true), (1000, true), (MOST - 1000, true), (MOST, true), (MOST + 1, false)] {
            if let Ok(rest) = make(total) && rest >= 0 {
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
            prop_assert_eq!(detail.contains("longer than nothing"), rest == 0);
            prop_assert_eq!(detail.contains("negative"), rest < 0);
        }
    }
}
