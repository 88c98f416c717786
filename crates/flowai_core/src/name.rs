//! Arguments: identifiers (tenants, workspaces, namespaces, kinds), ranges, and how they are quoted.

use crate::error::{Error, Result};

/// Most bytes an identifier may have.
pub const MAX_BYTES: usize = 200;

/// Checks the grammar of an identifier: not blank, no blank at its ends, no control character, at
/// most [`MAX_BYTES`] bytes. The domain `flowai.identifier` states the same for the database.
pub fn check(text: &str) -> Result<()> {
    let broken = if text.is_empty() || text.chars().all(char::is_whitespace) {
        "An identifier must not be blank."
    } else if text.len() > MAX_BYTES {
        "An identifier has at most 200 bytes."
    } else if text.chars().any(char::is_control) {
        "An identifier has no control characters."
    } else if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        "An identifier neither begins nor ends with a blank."
    } else {
        return Ok(());
    };
    Err(Error::invalid("identifier_text", format!("invalid identifier \"{}\"", shorten(text)))
        .detail(broken)
        .hint("Choose a short name such as acme, analytics or kind:name."))
}

/// The argument `name` as an identifier, or the error that names the argument.
pub fn argument<'a>(name: &'static str, value: Option<&'a str>) -> Result<&'a str> {
    let value = value.ok_or_else(|| Error::missing(name))?;
    check(value).map_err(|error| Error {
        message: format!("argument \"{name}\": {}", error.message),
        ..error
    })?;
    Ok(value)
}

/// Whether nothing in it is invisible: characters of format, such as U+200B or U+202E, with which two names
/// look like one, or a name like another. The table of tenants states the same.
pub fn is_visible(text: &str) -> bool {
    !text.chars().any(|c| {
        matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    })
}

/// Checks an integer argument's range.
pub fn within(argument: &'static str, value: i32, least: i32, most: i32) -> Result<()> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid("argument_range", format!("argument \"{argument}\" is out of range"))
        .detail(format!("It is {value}; it may be {least} to {most}."))
        .hint(format!("Pass a value of {least} to {most}.")))
}

/// Text from outside as it may stand in a message: one line, not longer than a line.
pub fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    let mut out: String =
        text.chars().take(MOST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(MOST).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_people_name_things() {
        for id in ["acme", "a", "table:products", "Müller & Söhne", "main.products", "売上"] {
            assert_eq!(check(id), Ok(()), "{id}");
        }
        assert_eq!(check(&"x".repeat(MAX_BYTES)), Ok(()));
    }

    #[test]
    fn refuses_blank_padded_long_and_control() {
        for id in ["", " ", "\u{a0}", " acme", "acme ", "a\nb", "a\u{0}b", "a\u{7f}"] {
            assert!(check(id).is_err(), "{id:?}");
        }
        assert!(check(&"x".repeat(MAX_BYTES + 1)).is_err());
    }

    #[test]
    fn what_cannot_be_seen_is_told() {
        for id in ["ac\u{200b}me", "\u{202e}emca", "acme\u{feff}", "a\u{ad}b", "a\u{e0041}"] {
            assert!(!is_visible(id), "{id:?}");
        }
        for id in ["acme", "Müller & Söhne", "売上", "a b"] {
            assert!(is_visible(id), "{id:?}");
        }
    }

    #[test]
    fn a_range_holds_its_ends() {
        for value in [1, 2, 6] {
            assert_eq!(within("max_hops", value, 1, 6), Ok(()));
        }
        for value in [i32::MIN, 0, 7] {
            assert_eq!(within("max_hops", value, 1, 6).unwrap_err().rule, "argument_range");
        }
    }

    #[test]
    fn an_error_names_its_argument() {
        let error = argument("namespace", Some(" ")).unwrap_err();
        assert!(error.message.contains("\"namespace\""));
        assert_eq!(argument("key", None).unwrap_err().kind, crate::Kind::MissingInput);
    }
}
