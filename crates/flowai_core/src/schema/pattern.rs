//! What a regular expression costs, judged by its text.
//!
//! The engine is linear in the text that it searches, but the factor is the size of the expression once its
//! repetitions are unfolded, and a short expression can be large.

/// The size of an expression.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Places at which a search may be at the same time: it bounds what one byte of text costs.
    pub(super) places: u64,
    /// Parts of the compiled expression: they bound its memory.
    pub(super) parts: u64,
}

impl Size {
    const fn of(parts: u64) -> Self {
        Self { places: 1, parts }
    }

    fn add(&mut self, other: Self) {
        self.places = self.places.saturating_add(other.places);
        self.parts = self.parts.saturating_add(other.parts);
    }

    const fn times(self, times: u64) -> Self {
        Self { places: self.places.saturating_mul(times), parts: self.parts.saturating_mul(times) }
    }
}

/// Parts of a class that Unicode defines, of one that is told by what is not in it, and of any character.
const UNICODE: u64 = 400;
const NEGATED: u64 = 20;
const ANY: u64 = 10;

/// The size of an expression, never less than what it has. What is no expression gets a size as well: the
/// engine refuses it.
pub(super) fn size(pattern: &str) -> Size {
    let mut chars = pattern.chars().peekable();
    // What was read of each group that is open, the whole first; and the atom that a repetition would repeat.
    let mut open = vec![Size::default()];
    let mut atom = Size::default();
    while let Some(c) = chars.next() {
        let next = match c {
            '(' => {
                open.push(Size::default());
                Size::default()
            }
            ')' => {
                let inside = open.pop().unwrap_or_default();
                if open.is_empty() {
                    open.push(Size::default());
                }
                inside
            }
            '{' => {
                let mut times = 0_u64;
                let mut number = 0_u64;
                for c in chars.by_ref() {
                    match c.to_digit(10) {
                        Some(digit) => {
                            number = number.saturating_mul(10).saturating_add(u64::from(digit));
                        }
                        None => number = 0,
                    }
                    times = times.max(number);
                    if c == '}' {
                        break;
                    }
                }
                // The atom is there once already.
                atom.times(times.max(1) - 1)
            }
            '[' => {
                let mut parts = 1;
                let mut depth = 1;
                if chars.peek() == Some(&'^') {
                    parts = NEGATED;
                }
                while let Some(c) = chars.next() {
                    match c {
                        '[' => depth += 1,
                        ']' => depth -= 1,
                        '\\' => parts += escape(chars.next()),
                        _ => parts += 1,
                    }
                    if depth == 0 {
                        break;
                    }
                }
                Size::of(parts)
            }
            '\\' => Size::of(escape(chars.next())),
            '.' => Size::of(ANY),
            '*' | '+' | '?' | '|' => Size::of(1),
            c => Size::of(c.len_utf8() as u64),
        };
        // A repetition of a repetition repeats all of it.
        if !matches!(c, '*' | '+' | '?' | '{') {
            atom = next;
        } else if c == '{' {
            atom.add(next);
        }
        if let Some(group) = open.last_mut() {
            group.add(next);
        }
    }
    open.into_iter().fold(Size::of(1), |mut whole, group| {
        whole.add(group);
        whole
    })
}

const fn escape(c: Option<char>) -> u64 {
    match c {
        Some('p' | 'P') => UNICODE,
        Some('W' | 'D' | 'S' | 's' | 'b' | 'B') => NEGATED,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn repetitions_multiply_what_they_repeat_and_nothing_else() {
        for (pattern, places) in [
            ("", 1),
            ("abc", 4),
            ("a{5}", 6),
            ("a{2,5}", 6),
            ("a{2,}", 3),
            ("[a-z]{3}x", 5),
            ("(ab){10}", 21),
            ("((a{10}){10}){10}", 1001),
            ("a{10}{10}", 101),
            ("(a|b){4}", 13),
        ] {
            assert_eq!(size(pattern).places, places, "{pattern}");
        }
        assert!(size("\\p{L}{100}").parts > 10_000);
        for odd in [")", "(", "a{", "[", "\\", "{3}", "a{99999999999999999999}"] {
            assert!(size(odd).places > 0, "{odd}");
        }
    }
}
