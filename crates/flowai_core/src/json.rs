//! JSON text, read in place.
//!
//! Payloads may have hundreds of megabytes. A tree of such a text is several times its size, so what
//! is asked of large payloads (their hash, their summary) is answered from the text itself.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use crate::error::{Error, Result};

/// How deep arrays and objects may be nested.
pub const MAX_DEPTH: usize = 128;

/// The sort of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Sort {
    /// Its name in JSON Schema.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// A place in a JSON text.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// At the beginning of the text.
    pub const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Where the next byte is.
    pub const fn at(&self) -> usize {
        self.at
    }

    /// Goes to a place that [`at`](Self::at) gave.
    pub const fn go(&mut self, at: usize) {
        self.at = at;
    }

    /// The text between two places.
    pub fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or("")
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// The next byte, which stays the next.
    pub fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Skips blanks and tells what sort of value begins here.
    pub fn sort(&mut self) -> Result<Sort> {
        self.blanks();
        Ok(match self.peek() {
            Some(b'{') => Sort::Object,
            Some(b'[') => Sort::Array,
            Some(b'"') => Sort::String,
            Some(b'-' | b'0'..=b'9') => Sort::Number,
            Some(b't' | b'f') => Sort::Boolean,
            Some(b'n') => Sort::Null,
            _ => return Err(self.malformed()),
        })
    }

    /// Skips blanks; then the next byte must be this one.
    pub fn take(&mut self, byte: u8) -> Result<()> {
        if self.taken(byte) { Ok(()) } else { Err(self.malformed()) }
    }

    /// Skips blanks and, if the next byte is this one, that byte.
    pub fn taken(&mut self, byte: u8) -> bool {
        self.blanks();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// Nothing but blanks may follow.
    pub fn finish(&mut self) -> Result<()> {
        self.blanks();
        if self.peek().is_none() { Ok(()) } else { Err(self.malformed()) }
    }

    /// One of `null`, `true`, `false`.
    pub fn word(&mut self) -> Result<&'static str> {
        for word in ["null", "true", "false"] {
            if self.bytes()[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(word);
            }
        }
        Err(self.malformed())
    }

    /// Digits from here on, possibly none.
    pub fn digits(&mut self) -> &'a [u8] {
        let rest = &self.bytes()[self.at..];
        let count = rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
        self.at += count;
        &rest[..count]
    }

    /// A string, which begins here, without its quotes and as it is written. Whether there are escapes
    /// in it.
    pub fn raw_string(&mut self) -> Result<(&'a str, bool)> {
        if self.peek() != Some(b'"') {
            return Err(self.malformed());
        }
        let start = self.at + 1;
        let escaped = self.skip_string()?;
        Ok((self.slice(start..self.at - 1), escaped))
    }

    /// Goes on to the next quote, backslash or control character and gives what is passed.
    pub fn run(&mut self) -> &'a str {
        let start = self.at;
        self.at += plain(self.bytes().get(start..).unwrap_or(b""));
        self.slice(start..self.at)
    }

    /// The character of an escape, whose backslash is here.
    pub fn escape(&mut self) -> Result<char> {
        self.take(b'\\')?;
        let byte = self.peek().ok_or_else(|| self.malformed())?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(self.malformed()),
        })
    }

    fn unicode_escape(&mut self) -> Result<char> {
        let first = self.hex4()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            self.take(b'\\')?;
            self.take(b'u')?;
            let second = self.hex4()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(self.malformed());
            }
            0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.malformed())
    }

    fn hex4(&mut self) -> Result<u32> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| !d.starts_with('+'));
        let code = digits.and_then(|d| u32::from_str_radix(d, 16).ok());
        self.at += 4;
        code.ok_or_else(|| self.malformed())
    }

    /// A string as it is meant.
    pub fn string(&mut self) -> Result<Cow<'a, str>> {
        let (raw, escaped) = self.raw_string()?;
        if !escaped {
            return Ok(Cow::Borrowed(raw));
        }
        let mut inside = Reader::new(raw);
        let mut out = String::with_capacity(raw.len());
        loop {
            out.push_str(inside.run());
            if inside.peek().is_none() {
                return Ok(Cow::Owned(out));
            }
            out.push(inside.escape()?);
        }
    }

    /// Skips a value and gives its place. Brackets are counted, not matched: whoever needs a value
    /// reads it.
    pub fn skip(&mut self) -> Result<Range<usize>> {
        self.blanks();
        let (bytes, start) = (self.bytes(), self.at);
        let mut depth = 0_usize;
        loop {
            match bytes.get(self.at) {
                Some(b'"') => {
                    self.skip_string()?;
                }
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') => {
                    depth = depth.checked_sub(1).ok_or_else(|| self.malformed())?;
                    self.at += 1;
                }
                Some(b',' | b':' | b' ' | b'\t' | b'\n' | b'\r') if depth > 0 => self.at += 1,
                Some(&byte) if in_word(byte) => {
                    let rest = &bytes[self.at..];
                    self.at += rest.iter().position(|b| !in_word(*b)).unwrap_or(rest.len());
                }
                _ => return Err(self.malformed()),
            }
            if depth == 0 {
                return Ok(start..self.at);
            }
        }
    }

    /// Skips a string; whether there are escapes in it.
    fn skip_string(&mut self) -> Result<bool> {
        self.at += 1;
        let mut escaped = false;
        loop {
            self.at += plain(self.bytes().get(self.at..).unwrap_or(b""));
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 2;
                }
                _ => return Err(self.malformed()),
            }
        }
        self.at += 1;
        Ok(escaped)
    }

    /// Visits the members of the object that begins here: key and place of the value.
    pub fn members(&mut self, mut visit: impl FnMut(Cow<'a, str>, Range<usize>)) -> Result<()> {
        self.take(b'{')?;
        if self.taken(b'}') {
            return Ok(());
        }
        loop {
            self.blanks();
            let key = self.string()?;
            self.take(b':')?;
            visit(key, self.skip()?);
            if !self.taken(b',') {
                return self.take(b'}');
            }
        }
    }

    /// Visits the elements of the array that begins here.
    pub fn elements(&mut self, mut visit: impl FnMut(Range<usize>)) -> Result<()> {
        self.take(b'[')?;
        if self.taken(b']') {
            return Ok(());
        }
        loop {
            visit(self.skip()?);
            if !self.taken(b',') {
                return self.take(b']');
            }
        }
    }

    /// The text breaks JSON's grammar here.
    pub fn malformed(&self) -> Error {
        Error::invalid("json_text", "malformed JSON")
            .detail(format!("The text is not JSON at byte {}.", self.at.min(self.text.len()) + 1))
            .hint("Pass a valid JSON value.")
    }

    /// Arrays and objects are nested too deep.
    pub fn too_deep(&self) -> Error {
        Error::too_large("json_depth", "JSON value is nested too deep")
            .detail(format!("The limit is {MAX_DEPTH} levels of arrays and objects."))
            .hint("Flatten the value.")
    }
}

/// A byte of a number or of `null`, `true`, `false`.
const fn in_word(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'-' | b'+' | b'.' | b'E')
}

/// How many bytes from here on are neither quote nor backslash nor control character. Eight at a time:
/// most of a large payload is inside of strings.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    // The high bit of each byte that is zero; above a hit there may be false ones, below there are none.
    const fn zeros(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word & HIGH
    }
    let mut count = 0;
    for eight in bytes.chunks_exact(8) {
        let word = eight.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let hit =
            control | zeros(word ^ (ONES * b'"' as u64)) | zeros(word ^ (ONES * b'\\' as u64));
        if hit != 0 {
            return count + hit.trailing_zeros() as usize / 8;
        }
        count += 8;
    }
    let special = |b: &u8| *b == b'"' || *b == b'\\' || *b < 0x20;
    let rest = &bytes[count..];
    count + rest.iter().position(special).unwrap_or(rest.len())
}

/// How deep a value may be nested that is read as a tree.
pub const MAX_TREE_DEPTH: usize = 127;
/// Most bytes of text that are read as a tree, which is many times as large.
pub const MAX_TREE_BYTES: usize = 32 * 1024 * 1024;

/// Reads JSON text of the server's as a tree: the one door by which what others wrote becomes a value here. It
/// means exactly what the text says, or it is refused. `what` names the argument.
///
/// # Errors
/// `json_size`, `json_depth`, `json_reserved_key`, and `json_text` for what is no JSON.
pub fn read(what: &str, text: &str) -> Result<Value> {
    if text.len() > MAX_TREE_BYTES {
        return Err(Error::too_large("json_size", format!("argument \"{what}\" is too large"))
            .detail(format!("It has {} bytes; the limit is {MAX_TREE_BYTES}.", text.len()))
            .hint("Pass it in parts."));
    }
    no_reserved_key(text)?;
    let deepest = depth(text)?;
    if deepest > MAX_TREE_DEPTH {
        return Err(Error::too_large(
            "json_depth",
            format!("argument \"{what}\" is nested too deep"),
        )
        .detail(format!(
            "It has {deepest} levels of arrays and objects; the limit is {MAX_TREE_DEPTH}."
        ))
        .hint("Flatten the value."));
    }
    serde_json::from_str(text).map_err(|error| {
        Error::invalid("json_text", format!("argument \"{what}\" cannot be read"))
            .detail(format!("{error}."))
            .hint("Pass a valid JSON value.")
    })
}

/// How many arrays and objects are inside each other. Nothing is called for each, however many they are.
fn depth(text: &str) -> Result<usize> {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let mut reader = Reader::new(text);
    while let Some(byte) = reader.peek() {
        match byte {
            b'"' => {
                reader.raw_string()?;
                continue;
            }
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        reader.go(reader.at() + 1);
    }
    Ok(deepest)
}

/// Refuses the one key that serde_json keeps to itself: where numbers stay exact, an object with it would
/// be read as a number, and something else stored than was given. Takes the server's text, in which keys
/// stand without escapes.
pub fn no_reserved_key(text: &str) -> Result<()> {
    const RESERVED: &str = "\"$serde_json::private::Number\":";
    if text.contains(RESERVED) {
        return Err(Error::invalid("json_reserved_key", "a key of this name cannot be stored")
            .detail(format!("The key is {}.", RESERVED.trim_end_matches(':')))
            .hint("Choose another name for the key."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_strings_as_they_are_meant() {
        let mut reader = Reader::new(r#" "a\u00e9\n\"" rest"#);
        assert_eq!(reader.sort(), Ok(Sort::String));
        assert_eq!(reader.string().unwrap(), "aé\n\"");
        assert_eq!(reader.slice(reader.at()..reader.at() + 5), " rest");
    }

    #[test]
    fn visits_parts_where_they_are() {
        let text = r#"{"a": [1, {"b": "]"}], "c\"": -1.5e3}"#;
        let mut seen = Vec::new();
        Reader::new(text)
            .members(|key, place| seen.push((key.into_owned(), &text[place])))
            .unwrap();
        assert_eq!(seen, [("a".into(), r#"[1, {"b": "]"}]"#), ("c\"".into(), "-1.5e3")]);
        let mut seen = Vec::new();
        Reader::new(seen_array()).elements(|place| seen.push(&seen_array()[place])).unwrap();
        assert_eq!(seen, ["[]", "\"x,y\"", "null"]);
    }

    #[test]
    fn trees_mean_what_their_text_says_or_are_refused() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(read("x", &nested(MAX_TREE_DEPTH)).is_ok());
        let error = read("x", &nested(MAX_TREE_DEPTH + 1)).unwrap_err();
        assert_eq!((error.rule, error.kind), ("json_depth", crate::Kind::TooLarge));
        // Far beyond any stack.
        assert_eq!(read("x", &nested(1_000_000)).unwrap_err().rule, "json_depth");
        // Brackets in strings are none.
        assert!(read("x", &format!("[\"{}\\\"\"]", "[".repeat(1000))).is_ok());
        let reserved = r#"{"a": {"$serde_json::private::Number": "5"}}"#;
        assert_eq!(read("x", reserved).unwrap_err().rule, "json_reserved_key");
        let told = r#"["\"$serde_json::private::Number\": 5"]"#;
        assert_eq!(read("x", told).unwrap()[0], "\"$serde_json::private::Number\": 5");
        let large = format!("\"{}\"", "x".repeat(MAX_TREE_BYTES - 2));
        assert!(read("x", &large).is_ok());
        assert_eq!(read("x", &format!("{large} ")).unwrap_err().rule, "json_size");
        assert_eq!(read("x", "[1").unwrap_err().rule, "json_text");
        assert_eq!(read("x", "\"").unwrap_err().rule, "json_text");
    }

    const fn seen_array() -> &'static str {
        "[[] , \"x,y\",null ]"
    }

    proptest! {
        #[test]
        fn eight_at_a_time_is_one_at_a_time(
            bytes in prop::collection::vec(prop_oneof![9 => 0x20_u8.., 1 => any::<u8>()], 0..64)
        ) {
            let special = |b: &u8| *b == b'"' || *b == b'\\' || *b < 0x20;
            let expected = bytes.iter().position(special).unwrap_or(bytes.len());
            prop_assert_eq!(plain(&bytes), expected);
        }
    }
}
