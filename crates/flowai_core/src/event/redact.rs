//! Takes secrets out of attributes.
//!
//! By key: what stands under `password`, `api_key`, `Authorization` and their like, whatever case, `-`
//! and `_` they are written with, and as a part of longer keys. By look, in every string: the password
//! of a URL, a bearer token, a private key, and `password=...` as connection strings have it.
//!
//! In doubt a word too many goes: an event can be told without it, and cannot be unsaid.

use std::borrow::Cow;
use std::ops::Range;

use super::MAX_DEPTH;
use crate::error::{Error, Result};
use crate::json::{Reader, Sort};

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// Parts of keys whose values are secret.
const SECRET: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
    "authorization",
    "credential",
    "cookie",
];

/// Of those, the ones whose values have blanks in them.
const HEADERS: [&str; 2] = ["authorization", "cookie"];

/// How much of what stands under a key is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    /// Nothing because of the key.
    Open,
    /// Texts, but not numbers: a token is a secret, a count of tokens is not.
    Texts,
    /// All but null, true and false, which tell no secret.
    All,
}

impl Secrecy {
    fn of(key: &str) -> Self {
        let letters: String =
            key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        if SECRET.iter().any(|part| letters.contains(part)) {
            Self::All
        } else if letters.contains("token") || ["auth", "bearer", "jwt"].contains(&&*letters) {
            Self::Texts
        } else {
            Self::Open
        }
    }
}

/// An object as the server prints it, without secrets: borrowed if there are none. Nothing else of it
/// changes.
pub fn object(json: &str) -> Result<Cow<'_, str>> {
    let mut walk = Walk { reader: Reader::new(json), edits: Vec::new() };
    let sort = walk.reader.sort()?;
    if sort != Sort::Object {
        return Err(Error::invalid(
            "event_object",
            format!("event attributes must be an object, not {}", sort.name()),
        )
        .hint("Pass an object such as {\"order\": 7}."));
    }
    walk.value(1, false)?;
    walk.reader.finish()?;
    Ok(edited(json, &walk.edits))
}

/// A place in a text, and what shall stand there.
type Edit = (Range<usize>, Cow<'static, str>);

fn edited<'a>(text: &'a str, edits: &[Edit]) -> Cow<'a, str> {
    if edits.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (place, instead) in edits {
        out.push_str(text.get(done..place.start).unwrap_or(""));
        out.push_str(instead);
        done = place.end;
    }
    out.push_str(text.get(done..).unwrap_or(""));
    Cow::Owned(out)
}

/// A way through a JSON text, and what is to change in it.
struct Walk<'a> {
    reader: Reader<'a>,
    edits: Vec<Edit>,
}

impl Walk<'_> {
    /// `hidden`: texts are secret here, because of a key further up.
    fn value(&mut self, depth: usize, hidden: bool) -> Result<()> {
        match self.reader.sort()? {
            Sort::Object => self.members(depth, hidden),
            Sort::Array => self.elements(depth, hidden),
            Sort::String => self.string(hidden),
            _ => self.reader.skip().map(drop),
        }
    }

    fn members(&mut self, depth: usize, hidden: bool) -> Result<()> {
        deep(depth)?;
        self.reader.take(b'{')?;
        if self.reader.taken(b'}') {
            return Ok(());
        }
        loop {
            self.reader.sort()?;
            let key = self.reader.clone().string()?;
            self.string(false)?;
            self.reader.take(b':')?;
            let sort = self.reader.sort()?;
            match Secrecy::of(&key) {
                Secrecy::All if !matches!(sort, Sort::Null | Sort::Boolean) => {
                    let place = self.reader.skip()?;
                    self.hide(place);
                }
                secrecy => self.value(depth + 1, hidden || secrecy == Secrecy::Texts)?,
            }
            if !self.reader.taken(b',') {
                return self.reader.take(b'}');
            }
        }
    }

    fn elements(&mut self, depth: usize, hidden: bool) -> Result<()> {
        deep(depth)?;
        self.reader.take(b'[')?;
        if self.reader.taken(b']') {
            return Ok(());
        }
        loop {
            self.value(depth + 1, hidden)?;
            if !self.reader.taken(b',') {
                return self.reader.take(b']');
            }
        }
    }

    fn string(&mut self, hidden: bool) -> Result<()> {
        let start = self.reader.at();
        let meant = self.reader.string()?;
        let place = start..self.reader.at();
        if hidden {
            self.hide(place);
        } else if let Cow::Owned(clean) = text(&meant) {
            self.edits.push((place, Cow::Owned(quoted(&clean))));
        }
        Ok(())
    }

    fn hide(&mut self, place: Range<usize>) {
        const QUOTED: &str = "\"[redacted]\"";
        if self.reader.slice(place.clone()) != QUOTED {
            self.edits.push((place, Cow::Borrowed(QUOTED)));
        }
    }
}

fn deep(depth: usize) -> Result<()> {
    if depth <= MAX_DEPTH {
        return Ok(());
    }
    Err(Error::too_large("event_depth", "event attributes are nested too deep")
        .detail(format!("The limit is {MAX_DEPTH} levels of objects and arrays."))
        .hint("Flatten them."))
}

/// A string as JSON, escaped as the server does it.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

// ------------------------------------------------------------------------------------------ texts

/// A text without what looks like a secret: borrowed if nothing does.
pub fn text(text: &str) -> Cow<'_, str> {
    [private_keys, passwords_of_urls, bearer_tokens, pairs].into_iter().fold(
        Cow::Borrowed(text),
        |text, secrets| {
            let places = secrets(&text);
            if places.is_empty() {
                return text;
            }
            let edits: Vec<Edit> =
                places.into_iter().map(|place| (place, Cow::Borrowed(REDACTED))).collect();
            Cow::Owned(edited(&text, &edits).into_owned())
        },
    )
}

/// From `-----BEGIN ... PRIVATE KEY-----` to its end, or to that of the text.
fn private_keys(text: &str) -> Vec<Range<usize>> {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    const DASHES: &str = "-----";
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(start) = find(text, at, BEGIN) {
        let label = start + BEGIN.len();
        at = label;
        let Some(body) = find(text, label, DASHES) else { break };
        if !text[label..body].contains("PRIVATE KEY") {
            continue;
        }
        at = find(text, body, END)
            .and_then(|end| find(text, end + END.len(), DASHES))
            .map_or(text.len(), |end| end + DASHES.len());
        places.push(start..at);
    }
    places
}

/// What stands between `scheme://user:` and `@`.
fn passwords_of_urls(text: &str) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(found) = find(text, at, "://") {
        let start = found + "://".len();
        at = start;
        let over = |c: char| c.is_whitespace() || "\"'`<>".contains(c);
        let until = |end: &dyn Fn(char) -> bool| {
            let rest = &text[start..];
            &rest[..rest.find(end).unwrap_or(rest.len())]
        };
        let authority = until(&|c| over(c) || "/?#".contains(c));
        let Some(colon) = authority.find(':') else { continue };
        let host = authority.rfind('@').or_else(|| {
            // Where no port can stand, a password with a slash in it does.
            let port = authority[colon + 1..].bytes().all(|b| b.is_ascii_digit());
            if port || authority.starts_with('[') { None } else { until(&over).rfind('@') }
        });
        if let Some(host) = host.filter(|host| *host > colon + 1) {
            add(text, &mut places, start + colon + 1..start + host);
            at = start + host;
        }
    }
    places
}

/// What follows the word `Bearer`.
fn bearer_tokens(text: &str) -> Vec<Range<usize>> {
    const WORD: &str = "bearer";
    let lower = text.to_ascii_lowercase();
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(found) = find(&lower, at, WORD) {
        at = found + WORD.len();
        let rest = text[at..].trim_start_matches([' ', '\t', ':', '=']);
        let start = text.len() - rest.len();
        let of_token = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
        let length = rest.find(|c| !of_token(c)).unwrap_or(rest.len());
        let whole = !text[..found].ends_with(char::is_alphanumeric) && start > at;
        if whole && length > 0 {
            places.push(start..start + length);
            at = start + length;
        }
    }
    places
}

/// What follows `password=`, `Cookie:` and their like.
fn pairs(text: &str) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(['=', ':']) {
        let sign = at + found;
        at = sign + 1;
        let key = key_before(&text[..sign]);
        let secrecy = Secrecy::of(key);
        // People write "unexpected token: ..." and mean no secret.
        let assigned = text[sign..].starts_with('=');
        if text[sign..].starts_with("://")
            || secrecy == Secrecy::Open
            || secrecy == Secrecy::Texts && !assigned
        {
            continue;
        }
        let rest = text[at..].trim_start_matches([' ', '\t', '=', ':', '>', '\\']);
        let start = text.len() - rest.len();
        let place = match rest.chars().next() {
            Some(quote @ ('"' | '\'' | '`')) => {
                let start = start + 1;
                start..find(text, start, quote.encode_utf8(&mut [0; 4])).unwrap_or(text.len())
            }
            _ => {
                let letters = key.to_ascii_lowercase();
                let header = HEADERS.iter().any(|part| letters.contains(part));
                let ends = |c: char| match c {
                    '\n' | '\r' | '"' | '\'' | '`' | '&' => true,
                    ';' => !header,
                    c => c.is_whitespace() && !header,
                };
                start..start + rest.find(ends).unwrap_or(rest.len())
            }
        };
        let number = text[place.clone()].bytes().all(|b| b.is_ascii_digit());
        if place.is_empty() || secrecy == Secrecy::Texts && number {
            continue;
        }
        at = place.end;
        add(text, &mut places, place);
    }
    places
}

/// The word that a text ends with, blanks and quotes behind it left out.
fn key_before(text: &str) -> &str {
    let text = text.trim_end_matches([' ', '\t', '"', '\'', '`', '\\']);
    let word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let start = text.char_indices().rev().take_while(|(_, c)| word(*c)).last();
    start.map_or("", |(start, _)| &text[start..])
}

/// Notes a place, unless it was redacted before.
fn add(text: &str, places: &mut Vec<Range<usize>>, place: Range<usize>) {
    if &text[place.clone()] != REDACTED {
        places.push(place);
    }
}

fn find(text: &str, from: usize, what: &str) -> Option<usize> {
    text.get(from..)?.find(what).map(|found| from + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_secrets() {
        for key in [
            "password",
            "PASSWORD",
            "db_password",
            "Pass-Word",
            "api_key",
            "apiKey",
            "X-API-Key",
            "Authorization",
            "set-cookie",
            "client_secret",
            "aws_secret_access_key",
            "credentials",
            "private_key",
            "privateKeyPem",
            "PGPASSWORD",
            "pwd",
        ] {
            assert_eq!(Secrecy::of(key), Secrecy::All, "{key}");
        }
        for key in ["token", "access_token", "refreshToken", "input_tokens", "auth", "JWT"] {
            assert_eq!(Secrecy::of(key), Secrecy::Texts, "{key}");
        }
        for key in ["", "author", "key", "name", "pass", "passed", "accessed_at", "public_key"] {
            assert_eq!(Secrecy::of(key), Secrecy::Open, "{key}");
        }
    }

    #[test]
    fn values_of_such_keys_go() {
        for (given, kept) in [
            (r#"{"password": "x"}"#, r#"{"password": "[redacted]"}"#),
            (r#"{"password": 1234, "user": "u"}"#, r#"{"password": "[redacted]", "user": "u"}"#),
            (
                r#"{"secret": null, "has_password": true}"#,
                r#"{"secret": null, "has_password": true}"#,
            ),
            (r#"{"credentials": {"a": ["b"]}}"#, r#"{"credentials": "[redacted]"}"#),
            (r#"{"a": [{"Api-Key": "k"}]}"#, r#"{"a": [{"Api-Key": "[redacted]"}]}"#),
            (r#"{"input_tokens": 12}"#, r#"{"input_tokens": 12}"#),
            (
                r#"{"tokens": {"in": 1, "x": ["y"]}}"#,
                r#"{"tokens": {"in": 1, "x": ["[redacted]"]}}"#,
            ),
            (r#"{"p\u0061ssword": "x"}"#, r#"{"p\u0061ssword": "[redacted]"}"#),
            (r#"{}"#, r#"{}"#),
        ] {
            assert_eq!(object(given).unwrap(), kept);
        }
    }

    #[test]
    fn texts_lose_what_looks_like_a_secret() {
        for (given, kept) in [
            ("postgres://bob:hunter2@db/prod", "postgres://bob:[redacted]@db/prod"),
            ("redis://:p@ss@cache:6379", "redis://:[redacted]@cache:6379"),
            (
                "at amqp://u:a/b@h, and x://v:w@i.",
                "at amqp://u:[redacted]@h, and x://v:[redacted]@i.",
            ),
            ("Authorization: Bearer abc.def-123", "Authorization: [redacted]"),
            ("sent bearer abc=, then left", "sent bearer [redacted], then left"),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nok",
                "[redacted]\nok",
            ),
            ("-----BEGIN PRIVATE KEY-----\nMII", "[redacted]"),
            ("host=db password=hunter2 user=bob", "host=db password=[redacted] user=bob"),
            ("password='a b' user=bob", "password='[redacted]' user=bob"),
            ("/x?a=1&access_token=t&b=2", "/x?a=1&access_token=[redacted]&b=2"),
            ("{\"api_key\": \"k\", \"n\": 1}", "{\"api_key\": \"[redacted]\", \"n\": 1}"),
            ("Server=s;Pwd=p;Port=1", "Server=s;Pwd=[redacted];Port=1"),
            ("-H 'Cookie: a=b; c=d' -v", "-H 'Cookie: [redacted]' -v"),
            ("password := x", "password := [redacted]"),
        ] {
            assert_eq!(text(given), kept, "{given}");
        }
    }

    #[test]
    fn what_tells_no_secret_stays() {
        for open in [
            "",
            "https://db:5432/x@y",
            "https://host/a:b@c",
            "ssh://git@github.com/a/b",
            "http://[::1]:80/@x",
            "unexpected token: }",
            "max_tokens=512",
            "the forbearer",
            "bearer",
            "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
            "2026-01-01T00:00:00Z a=b",
        ] {
            assert!(matches!(text(open), Cow::Borrowed(same) if same == open), "{open}");
        }
    }

    #[test]
    fn escapes_are_those_of_the_server() {
        let given = r#"{"a": "\"\\\b\f\n\r\t\u0001 x://u:p@h"}"#;
        assert_eq!(object(given).unwrap(), given.replace(":p@", ":[redacted]@"));
    }

    #[test]
    fn only_objects_and_not_too_deep() {
        for (json, sort) in
            [("[]", "array"), ("\"x\"", "string"), ("1", "number"), ("null", "null")]
        {
            let error = object(json).unwrap_err();
            assert_eq!(error.rule, "event_object");
            assert!(error.message.contains(sort));
        }
        let nested =
            |levels| format!("{}{{}}{}", "{\"a\": ".repeat(levels - 1), "}".repeat(levels - 1));
        assert!(object(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(object(&nested(MAX_DEPTH + 1)).unwrap_err().rule, "event_depth");
    }
}
