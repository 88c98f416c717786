//! Pages of lists: how many rows, which range of keys a prefix is, and which words pick among them.

use crate::error::{Error, Result};
use crate::name::shorten;

/// Most rows of a page.
pub const MAX_ROWS: i32 = 1000;

/// Most characters that a key within its 1024 bytes can have of the highest kind; one more is above
/// every key.
const ABOVE_ALL: usize = 1024 / char::MAX.len_utf8() + 1;

/// The argument `max_rows`, checked.
pub fn rows(max_rows: Option<i32>) -> Result<i32> {
    let rows = max_rows.ok_or_else(|| Error::missing("max_rows"))?;
    if (1..=MAX_ROWS).contains(&rows) {
        return Ok(rows);
    }
    Err(Error::invalid("max_rows_range", "argument \"max_rows\" is out of range")
        .detail(format!("It is {rows}; a page has 1 to {MAX_ROWS} rows."))
        .hint("Pass a number in that range, and the last key of a page as \"after\" of the next."))
}

/// An argument that is one of a few words, checked.
pub fn word(argument: &str, given: Option<&str>, words: &[impl AsRef<str>]) -> Result<()> {
    let given = given.ok_or_else(|| Error::missing(argument))?;
    if words.iter().any(|word| word.as_ref() == given) {
        return Ok(());
    }
    let words = words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    Err(Error::invalid(
        "argument_word",
        format!("argument \"{argument}\" cannot be \"{}\"", shorten(given)),
    )
    .hint(format!("Pass one of {words}.")))
}

/// What has to be an array, and whether it is.
pub fn array(is_array: bool, what: &str, hint: &str) -> Result<()> {
    if is_array {
        return Ok(());
    }
    Err(Error::invalid("array_expected", format!("{what} is no array")).hint(hint))
}

/// The first text, in order of bytes, that is above everything that begins with `prefix`.
///
/// A range is what an index scan under row-level security can use, also where the prefix is a
/// parameter of a prepared statement; the operator `^@` needs a constant for that.
pub fn prefix_end(prefix: &str) -> String {
    let mut rest = prefix;
    while let Some(last) = rest.chars().next_back() {
        rest = &rest[..rest.len() - last.len_utf8()];
        if let Some(next) = successor(last) {
            return format!("{rest}{next}");
        }
    }
    char::MAX.to_string().repeat(ABOVE_ALL)
}

fn successor(c: char) -> Option<char> {
    // After the last character before the surrogates comes the first behind them.
    (u32::from(c) + 1..=u32::from(char::MAX)).find_map(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ends_are_where_people_expect_them() {
        assert_eq!(prefix_end("user:"), "user;");
        assert_eq!(prefix_end("a\u{10ffff}"), "b");
        assert_eq!(prefix_end("\u{d7ff}"), "\u{e000}");
        assert!(prefix_end("") > "\u{10ffff}".repeat(256));
    }

    #[test]
    fn a_page_has_rows() {
        assert_eq!(rows(Some(1)), Ok(1));
        assert_eq!(rows(Some(MAX_ROWS)), Ok(MAX_ROWS));
        for wrong in [0, -1, MAX_ROWS + 1] {
            assert_eq!(rows(Some(wrong)).unwrap_err().rule, "max_rows_range");
        }
        assert_eq!(rows(None).unwrap_err().kind, crate::Kind::MissingInput);
    }

    #[test]
    fn a_word_is_one_of_those() {
        let words = ["in", "out"];
        assert_eq!(word("direction", Some("out"), &words), Ok(()));
        for wrong in ["", "Out", "outgoing", "in, out"] {
            let error = word("direction", Some(wrong), &words).unwrap_err();
            assert_eq!(error.rule, "argument_word");
            assert_eq!(error.hint.as_deref(), Some("Pass one of in, out."));
        }
        assert_eq!(word("direction", None, &words).unwrap_err().kind, crate::Kind::MissingInput);
    }

    proptest! {
        #[test]
        fn the_range_is_the_prefix(prefix in "\\PC{0,4}", key in "\\PC{1,8}") {
            for key in [key.clone(), format!("{prefix}{key}")] {
                let inside = key >= prefix && key < prefix_end(&prefix);
                prop_assert_eq!(inside, key.starts_with(&prefix), "{:?} {:?}", prefix, key);
            }
        }
    }
}
