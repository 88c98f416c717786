//! References: typed handles `{kind, id}` for payloads that are too large to carry about.

use serde_json::{Map, Value, json};

use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::json::{self, Reader, Sort};
use crate::name::shorten;

/// Most bytes of a payload's text, whatever its kind says.
pub const MAX_PAYLOAD: i64 = 256 * 1024 * 1024;
/// Most bytes of a payload's text, if its kind has a schema: checking needs the payload as a tree,
/// which is several times as large.
pub const MAX_CHECKED_PAYLOAD: i64 = 32 * 1024 * 1024;
/// Most bytes of a summary's text.
pub const MAX_SUMMARY: usize = 2048;

/// Bytes of the hash that make the id: 160 bits, which no two payloads of a tenant share by chance.
const ID_BYTES: usize = 20;
/// Letters and digits of which no two look alike.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The id that a hash gives: `r` and 32 characters, short enough for a language model to repeat.
pub fn id(digest: &Digest) -> String {
    let mut out = String::with_capacity(1 + ID_BYTES * 8 / 5);
    out.push('r');
    for five in digest[..ID_BYTES].chunks_exact(5) {
        let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        out.extend((0..8).rev().map(|i| char::from(ALPHABET[(bits >> (5 * i) & 31) as usize])));
    }
    out
}

/// What a kind allows, checked at its definition.
pub fn max_bytes(max_bytes: Option<i64>, has_schema: bool) -> Result<i64> {
    let most = if has_schema { MAX_CHECKED_PAYLOAD } else { MAX_PAYLOAD };
    let bytes = max_bytes.unwrap_or(most);
    if (1..=most).contains(&bytes) {
        return Ok(bytes);
    }
    Err(Error::invalid("ref_max_bytes_range", "argument \"max_bytes\" is out of range")
        .detail(format!(
            "It is {bytes}; the range is 1 to {most}{}.",
            if has_schema { " for a kind with a schema" } else { "" }
        ))
        .hint("Pass a number in that range, or NULL for its upper end."))
}

/// Checks the size of a payload's text.
pub fn payload_size(kind: &str, bytes: usize, most: i64) -> Result<()> {
    if i64::try_from(bytes).is_ok_and(|bytes| bytes <= most) {
        return Ok(());
    }
    Err(Error::too_large(
        "ref_payload_size",
        format!("payload of kind \"{}\" is too large", shorten(kind)),
    )
    .detail(format!("Its text has {bytes} bytes; the limit of the kind is {most}."))
    .hint("Store it in parts, or define the kind with a larger max_bytes."))
}

/// Checks the size of a summary's text.
pub fn summary_size(bytes: usize) -> Result<()> {
    if bytes <= MAX_SUMMARY {
        return Ok(());
    }
    Err(Error::too_large("ref_summary_size", "argument \"summary\" is too large")
        .detail(format!("Its text has {bytes} bytes; the limit is {MAX_SUMMARY}."))
        .hint("Say what the payload is, not what is in it; NULL derives a summary."))
}

/// There is no such kind.
pub fn unknown_kind(kind: &str) -> Error {
    Error::new(
        Kind::NotFound,
        "ref_kind_known",
        format!("reference kind \"{}\" does not exist", shorten(kind)),
    )
    .detail("The tenant has not defined it.")
    .hint("Define it with flowai.ref_kind_define(kind).")
}

/// The reference is unknown, another tenant's, deleted or expired: nobody learns which.
pub fn not_found(kind: &str, id: &str) -> Error {
    Error::new(
        Kind::NotFound,
        "ref_found",
        format!("reference \"{}\" of kind \"{}\" not found", shorten(id), shorten(kind)),
    )
    .detail("It does not exist or has expired.")
    .hint("Store the payload again with flowai.ref_put, or look with flowai.ref_list.")
}

// Room that a derived summary takes, in bytes of compact text: the database prints blanks too.
const ROOM: usize = 1500;
const KEYS: usize = 32;
const ITEMS: usize = 3;
const SHORT: usize = 80;
const ITEM: usize = 200;

/// A plan that is not finished uses the reference.
pub fn needed(id: &str, plan: &str) -> Error {
    let message = format!("reference \"{}\" is needed", shorten(id));
    Error::new(Kind::WrongState, "ref_unneeded", message)
        .detail(format!("Plan \"{}\" uses it and is not finished.", shorten(plan)))
        .hint("Finish or cancel the plan first.")
}

/// The payload is not what the id says: somebody changed it from outside.
pub fn tampered(kind: &str, id: &str) -> Error {
    let message = format!(
        "payload of reference \"{}\" of kind \"{}\" was altered",
        shorten(id),
        shorten(kind)
    );
    Error::new(Kind::Corrupt, "ref_payload_intact", message)
        .detail("Its hash is not the reference's id.")
        .hint("Restore it from a backup, or delete the reference and store the payload anew.")
}

/// A summary of a payload that came without one: its type, how many parts it has, what they are
/// called, and the first of them.
pub fn summarize(text: &str) -> Result<Value> {
    let mut reader = Reader::new(text);
    let sort = reader.sort()?;
    let mut out = Map::new();
    out.insert("type".into(), sort.name().into());
    match sort {
        Sort::Object => {
            let mut room = ROOM;
            let (mut keys, mut first, mut count) = (Vec::new(), Map::new(), 0_u64);
            reader.clone().members(|key, place| {
                count += 1;
                if keys.len() < KEYS && printed(&key) <= SHORT {
                    let short = brief(reader.slice(place), SHORT);
                    let text = short.to_string();
                    // jsonb prints a space after each of its commas and colons.
                    let spaces = text.matches([',', ':']).count();
                    let cost = 2 * printed(&key) + text.len() + spaces + 8;
                    if cost <= room {
                        room -= cost;
                        keys.push(Value::from(key.as_ref()));
                        first.insert(key.into_owned(), short);
                    }
                }
            })?;
            out.insert("count".into(), count.into());
            out.insert("keys".into(), keys.into());
            out.insert("first".into(), first.into());
        }
        Sort::Array => {
            let (mut first, mut count, mut keys) = (Vec::new(), 0_u64, Vec::new());
            reader.clone().elements(|place| {
                count += 1;
                if first.len() < ITEMS {
                    let item = reader.slice(place);
                    if first.is_empty() {
                        keys = keys_of(item);
                    }
                    first.push(brief(item, ITEM));
                }
            })?;
            out.insert("count".into(), count.into());
            if !keys.is_empty() {
                out.insert("keys".into(), keys.into());
            }
            out.insert("first".into(), first.into());
        }
        Sort::String => {
            let string = reader.string()?;
            out.insert("count".into(), string.chars().count().into());
            out.insert("first".into(), cut(&string, ITEM).into());
        }
        Sort::Number | Sort::Boolean | Sort::Null => {
            out.insert("first".into(), brief(text, ITEM));
        }
    }
    Ok(out.into())
}

/// The value itself if it is short, else what it is.
fn brief(text: &str, most: usize) -> Value {
    if text.len() <= most
        && let Ok(value) = json::read("payload", text)
    {
        return value;
    }
    let mut reader = Reader::new(text);
    let mut count = 0_u64;
    match reader.sort() {
        Ok(Sort::String) => reader.string().map_or(Value::Null, |s| cut(&s, most).into()),
        Ok(sort @ (Sort::Array | Sort::Object)) => {
            // A malformed part has a count of what could be read; the payload's hash refuses it.
            let _ = if sort == Sort::Array {
                reader.elements(|_| count += 1)
            } else {
                reader.members(|_, _| count += 1)
            };
            json!({"type": sort.name(), "count": count})
        }
        Ok(sort) => json!({"type": sort.name(), "size": text.len()}),
        Err(_) => Value::Null,
    }
}

fn keys_of(text: &str) -> Vec<Value> {
    let mut keys = Vec::new();
    let mut room = ROOM / 2;
    let mut reader = Reader::new(text);
    if reader.sort() == Ok(Sort::Object) {
        let _ = reader.members(|key, _| {
            let cost = printed(&key) + 4;
            if keys.len() < KEYS && cost <= room.min(SHORT) {
                room -= cost;
                keys.push(Value::from(key.as_ref()));
            }
        });
    }
    keys
}

/// The beginning of a text, at most this many bytes as JSON prints them.
fn cut(text: &str, most: usize) -> String {
    if printed(text) <= most {
        return text.to_owned();
    }
    let mut room = most - '…'.len_utf8();
    let fits = |c: &char| {
        let left = room.checked_sub(printed_char(*c));
        room = left.unwrap_or(room);
        left.is_some()
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// Bytes of a text as JSON prints it, without the quotation marks.
fn printed(text: &str) -> usize {
    text.chars().map(printed_char).sum()
}

fn printed_char(c: char) -> usize {
    match c {
        '"' | '\\' | '\u{8}' | '\t' | '\n' | '\u{c}' | '\r' => 2,
        '\0'..='\u{1f}' => 6,
        other => other.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_words() {
        assert_eq!(id(&[0; 32]), format!("r{}", "0".repeat(32)));
        assert_eq!(id(&[255; 32]), format!("r{}", "z".repeat(32)));
    }

    #[test]
    fn summaries_say_what_it_is() {
        assert_eq!(
            summarize(r#"{"name": "x", "rows": [1, 2, 3], "n": 1.50}"#).unwrap().to_string(),
            r#"{"count":3,"first":{"n":1.50,"name":"x","rows":[1,2,3]},"keys":["name","rows","n"],"type":"object"}"#
        );
        let rows = format!("[{}]", vec![r#"{"id": 1, "name": "a"}"#; 1000].join(","));
        let summary = summarize(&rows).unwrap();
        assert_eq!(summary["count"], 1000);
        assert_eq!(summary["keys"], json!(["id", "name"]));
        assert_eq!(summary["first"].as_array().unwrap().len(), 3);
        assert_eq!(summarize("null").unwrap(), json!({"type": "null", "first": null}));
        assert_eq!(
            summarize("\"ab\"").unwrap(),
            json!({"type": "string", "count": 2, "first": "ab"})
        );
    }

    #[test]
    fn summaries_are_small() {
        let long = "\u{e9}\n".repeat(200);
        let wide: Map<String, Value> =
            (0..500).map(|i| (format!("{i}{}", "k".repeat(60)), long.clone().into())).collect();
        let deep = json!({"a": vec![wide.clone(); 3]});
        let bells = |count| "\u{7}".repeat(count);
        let ringing: Map<String, Value> =
            (0..40).map(|i| (format!("{}{i}", bells(30)), bells(60).into())).collect();
        for value in [
            json!(long),
            Value::from(wide.clone()),
            json!([wide, deep]),
            deep,
            json!([long]),
            json!([bells(200), bells(201), bells(199)]),
            json!(vec!["\\\"".repeat(99); 4]),
            Value::from(ringing.clone()),
            json!([ringing, bells(200), bells(200)]),
        ] {
            let summary = summarize(&value.to_string()).unwrap().to_string();
            let separators = summary.matches([',', ':']).count();
            assert!(summary.len() + separators <= MAX_SUMMARY, "{} {summary}", summary.len());
        }
    }

    #[test]
    fn kinds_have_limits() {
        assert_eq!(max_bytes(None, false), Ok(MAX_PAYLOAD));
        assert_eq!(max_bytes(None, true), Ok(MAX_CHECKED_PAYLOAD));
        assert!(max_bytes(Some(0), false).is_err());
        assert!(max_bytes(Some(MAX_PAYLOAD), true).is_err());
    }
}
