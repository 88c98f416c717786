//! Key/value entries: what a key and a value may be.
//!
//! A version starts at the microsecond of the clock at which the entry came to be, and every write
//! adds one. So a version that somebody remembers from before an entry was deleted, expired or purged
//! is never that of a later one under the same key, and a compare-and-set with it fails as it should,
//! without any memory of what is gone.

use std::collections::HashSet;

use crate::error::{Error, Kind, Result};
use crate::json::{Reader, Sort};
use crate::name::shorten;

/// Most bytes of a key.
pub const MAX_KEY: usize = 1024;
/// Most entries of one batch.
pub const MAX_BATCH: usize = 10_000;

/// What `expected_version` of a put says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Nothing: write in any case.
    Anything,
    /// 0: there is no live entry.
    Absent,
    /// There is a live entry of this version.
    Version(i64),
}

/// The argument `expected_version`, checked.
pub fn expected(version: Option<i64>) -> Result<Expected> {
    match version {
        None => Ok(Expected::Anything),
        Some(0) => Ok(Expected::Absent),
        Some(version) if version > 0 => Ok(Expected::Version(version)),
        Some(version) => {
            Err(Error::invalid("kv_version_range", "argument \"expected_version\" is out of range")
                .detail(format!(
                    "It is {version}; versions are positive, and 0 means that there is no entry."
                ))
                .hint(
                    "Pass the version that kv_get or kv_put gave, 0, or NULL to write in any case.",
                ))
        }
    }
}

/// The argument `key`, checked.
pub fn key(key: Option<&str>) -> Result<&str> {
    let key = key.ok_or_else(|| Error::missing("key"))?;
    if (1..=MAX_KEY).contains(&key.len()) {
        return Ok(key);
    }
    Err(Error::invalid("kv_key_length", "argument \"key\" has a wrong length")
        .detail(format!("It has {} bytes; a key has 1 to {MAX_KEY}.", key.len()))
        .hint("Shorten the key, or use a hash of it."))
}

/// Checks the size of a value against the limit that the setting gives.
pub fn value_size(key: &str, bytes: usize, most: usize) -> Result<()> {
    if bytes <= most {
        return Ok(());
    }
    Err(Error::too_large(
        "kv_value_size",
        format!("value of key \"{}\" is too large", shorten(key)),
    )
    .detail(format!(
        "It has {bytes} bytes; the limit is {most}, the setting flowai.kv_max_value_bytes."
    ))
    .hint("Store large payloads with flowai.ref_put and keep the reference here."))
}

/// Keys and values of a batch, the values as JSON text.
///
/// # Errors
/// `kv_batch` unless it is an array of objects with `key` and `value` and nothing else, `kv_batch_size`,
/// `kv_batch_keys` for a key given twice, and those of [`key`].
pub fn batch(text: &str) -> Result<Vec<(String, String)>> {
    let refuse = |detail: String| {
        Error::invalid("kv_batch", "argument \"entries\" is no batch")
            .detail(detail)
            .hint("Pass an array of objects: [{\"key\": \"...\", \"value\": ...}].")
    };
    let mut reader = Reader::new(text);
    if reader.sort()? != Sort::Array {
        return Err(refuse("It is not an array.".to_owned()));
    }
    let mut items = Vec::new();
    reader.elements(|place| items.push(place))?;
    if items.len() > MAX_BATCH {
        return Err(Error::too_large(
            "kv_batch_size",
            "argument \"entries\" has too many elements",
        )
        .detail(format!("It has {}; the limit is {MAX_BATCH}.", items.len()))
        .hint("Write them in several calls."));
    }
    let mut keys = HashSet::new();
    let mut entries = Vec::with_capacity(items.len());
    for (item, place) in items.into_iter().zip(1..) {
        let mut item = Reader::new(reader.slice(item));
        if item.sort()? != Sort::Object {
            return Err(refuse(format!("Element {place} is not an object.")));
        }
        let (mut given, mut value, mut others) = (None, None, false);
        let text = item.clone();
        item.members(|name, place| match name.as_ref() {
            "key" => given = Some(text.slice(place)),
            "value" => value = Some(text.slice(place)),
            _ => others = true,
        })?;
        let given = given.filter(|given| given.starts_with('"'));
        let (Some(given), Some(value), false) = (given, value, others) else {
            let what = "needs a text \"key\", a \"value\", and nothing else";
            return Err(refuse(format!("Element {place} {what}.")));
        };
        let given = Reader::new(given).string()?.into_owned();
        key(Some(&given))?;
        if !keys.insert(given.clone()) {
            return Err(Error::new(
                Kind::Ambiguous,
                "kv_batch_keys",
                format!("key \"{}\" is given twice", shorten(&given)),
            )
            .detail("Which of the two values should stay is not said.")
            .hint("Give each key once."));
        }
        entries.push((given, value.to_owned()));
    }
    Ok(entries)
}

/// The compare-and-set was lost.
pub fn stale(key: &str, expected: Expected) -> Error {
    let key = shorten(key);
    let (message, detail) = match expected {
        Expected::Version(version) => (
            format!("key \"{key}\" is not at version {version}"),
            "It was written, deleted or has expired since that version was read.",
        ),
        Expected::Absent | Expected::Anything => {
            (format!("key \"{key}\" already has an entry"), "The call expected none.")
        }
    };
    Error::new(Kind::Stale, "kv_version", message)
        .detail(detail)
        .hint("Read the entry again and decide anew.")
}

/// What is stored cannot be counted up.
pub fn no_counter(key: &str) -> Error {
    Error::new(
        Kind::WrongState,
        "kv_counter",
        format!("key \"{}\" cannot be incremented", shorten(key)),
    )
    .detail("Its value is not an integer, or the sum would leave the range of bigint.")
    .hint("Put an integer there first.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_keys_and_values_and_nothing_else() {
        let entries = batch(r#"[{"key": "b", "value": 1.50}, {"key": "a", "value": {"x": "ä"}}]"#);
        let expected =
            [("b", "1.50"), ("a", r#"{"x": "ä"}"#)].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(entries.unwrap(), expected);
        for (text, rule) in [
            ("{}", "kv_batch"),
            ("[1]", "kv_batch"),
            (r#"[{"key": "a"}]"#, "kv_batch"),
            (r#"[{"key": 1, "value": 1}]"#, "kv_batch"),
            (r#"[{"key": "a", "value": 1, "ttl": 1}]"#, "kv_batch"),
            (r#"[{"key": "", "value": 1}]"#, "kv_key_length"),
            (r#"[{"key": "a", "value": 1}, {"key": "a", "value": 2}]"#, "kv_batch_keys"),
        ] {
            assert_eq!(batch(text).unwrap_err().rule, rule, "{text}");
        }
        // However deep, and whatever its keys are called.
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        for value in [&deep, r#"{"$serde_json::private::Number": "5"}"#] {
            let entries = batch(&format!("[{{\"key\": \"k\", \"value\": {value}}}]"));
            assert_eq!(entries.unwrap(), [("k".to_owned(), value.to_owned())]);
        }
    }

    #[test]
    fn expectations() {
        assert_eq!(expected(None), Ok(Expected::Anything));
        assert_eq!(expected(Some(0)), Ok(Expected::Absent));
        assert_eq!(expected(Some(7)), Ok(Expected::Version(7)));
        assert_eq!(expected(Some(-1)).unwrap_err().rule, "kv_version_range");
    }

    #[test]
    fn keys_and_values_have_limits() {
        assert!(key(Some("a")).is_ok());
        assert!(key(Some(&"x".repeat(MAX_KEY))).is_ok());
        assert!(key(Some("")).is_err());
        assert!(key(Some(&"x".repeat(MAX_KEY + 1))).is_err());
        assert_eq!(key(None).unwrap_err().kind, Kind::MissingInput);
        assert!(value_size("k", 10, 10).is_ok());
        assert_eq!(value_size("k", 11, 10).unwrap_err().kind, Kind::TooLarge);
    }
}
