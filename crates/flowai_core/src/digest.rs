//! One text for each JSON value, and hashes of it.
//!
//! Equal values must have equal hashes, from any client and in any version of the server. So the text
//! that is hashed is defined here and by nobody's printer. Version 1 of the canonical form:
//!
//! - No blanks. `null`, `true` and `false` as they are.
//! - **Objects**: keys in order of their code points, each once; of a repeated key the last counts, as
//!   in jsonb.
//! - **Strings**: UTF-8 as it is, no Unicode normalisation. Only what must be escaped is: `\"`, `\\`,
//!   `\b`, `\f`, `\n`, `\r`, `\t`, other characters below U+0020 as `\u00xx` in lower case.
//! - **Numbers** are exact decimals: sign, digits without zeros at either end, and, unless it is 0,
//!   `e` with the exponent. `1`, `1.0`, `1e0` and `10E-1` are `1`; `100` is `1e2`; `-2.50` is `-25e-1`;
//!   every zero is `0`. No digit is lost, however many there are.
//!
//! | Value | Canonical form |
//! | --- | --- |
//! | `{"b": 1.0, "a": [true, null]}` | `{"a":[true,null],"b":1}` |
//! | `[100, 0.50, -0.0, 12345678901234567890.1]` | `[1e2,5e-1,0,123456789012345678901e-1]` |
//! | `"\u00e9\/\u0007\ud83d\ude00"` | `"é/\u0007😀"` |
//!
//! Arrays and objects may be nested [`MAX_DEPTH`] deep. The text is written straight into the hash:
//! beside the value itself nothing is in memory but the keys of the objects around the current place.

use std::borrow::Cow;
use std::ops::Range;

use crate::error::Result;
use crate::json::{MAX_DEPTH, Reader, Sort};

/// Version of the canonical form, stored with each hash.
pub const VERSION: i16 = 1;

/// A BLAKE3 hash.
pub type Digest = [u8; 32];

/// The canonical form of a JSON text.
pub fn canonical(text: &str) -> Result<String> {
    let mut out = Vec::new();
    write(text, &mut out)?;
    // Pieces of a `str`, ASCII and whole characters.
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// BLAKE3 over the canonical form.
pub fn hash(text: &str) -> Result<Digest> {
    finish(blake3::Hasher::new(), text)
}

/// BLAKE3, keyed, over the version of the form, the length of `kind`, `kind` and the canonical form:
/// without the key nobody can tell which value a hash belongs to, not even by guessing the value.
pub fn keyed(key: &[u8; 32], kind: &str, text: &str) -> Result<Digest> {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(&VERSION.to_le_bytes());
    hasher.update(&(kind.len() as u64).to_le_bytes());
    hasher.update(kind.as_bytes());
    finish(hasher, text)
}

fn finish(hasher: blake3::Hasher, text: &str) -> Result<Digest> {
    // Not more than there is to collect: for small values a large buffer costs more than the hash.
    let room = text.len().min(2 * Hash::FULL);
    let mut sink = Hash { hasher, buffer: Vec::with_capacity(room) };
    write(text, &mut sink)?;
    sink.hasher.update(&sink.buffer);
    Ok(*sink.hasher.finalize().as_bytes())
}

/// Where the canonical form goes.
trait Sink {
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Collects small pieces, because BLAKE3 is fast on large ones only.
struct Hash {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
}

impl Hash {
    const FULL: usize = 64 * 1024;
}

impl Sink for Hash {
    fn put(&mut self, bytes: &[u8]) {
        if bytes.len() < Self::FULL {
            self.buffer.extend_from_slice(bytes);
            if self.buffer.len() < Self::FULL {
                return;
            }
        }
        self.hasher.update(&self.buffer);
        self.buffer.clear();
        if bytes.len() >= Self::FULL {
            self.hasher.update(bytes);
        }
    }
}

fn write(text: &str, sink: &mut impl Sink) -> Result<()> {
    let mut reader = Reader::new(text);
    value(&mut reader, sink, 0)?;
    reader.finish()
}

fn value(reader: &mut Reader, sink: &mut impl Sink, depth: usize) -> Result<()> {
    match reader.sort()? {
        Sort::Object => object(reader, sink, depth + 1),
        Sort::Array => array(reader, sink, depth + 1),
        Sort::String => string(reader, sink),
        Sort::Number => number(reader, sink),
        Sort::Boolean | Sort::Null => {
            sink.put(reader.word()?.as_bytes());
            Ok(())
        }
    }
}

fn array(reader: &mut Reader, sink: &mut impl Sink, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(reader.too_deep());
    }
    reader.take(b'[')?;
    sink.put(b"[");
    if !reader.taken(b']') {
        loop {
            value(reader, sink, depth)?;
            if !reader.taken(b',') {
                break;
            }
            sink.put(b",");
        }
        reader.take(b']')?;
    }
    sink.put(b"]");
    Ok(())
}

/// Finds the members first, then visits them in order.
fn object(reader: &mut Reader, sink: &mut impl Sink, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(reader.too_deep());
    }
    let mut members: Vec<(Cow<str>, Range<usize>)> = Vec::with_capacity(8);
    reader.members(|key, place| members.push((key, place)))?;
    let end = reader.at();
    // The sort is stable: of equal keys the last stays the last.
    members.sort_by(|a, b| a.0.cmp(&b.0));
    sink.put(b"{");
    let mut first = true;
    for (i, (key, place)) in members.iter().enumerate() {
        if members.get(i + 1).is_some_and(|next| next.0 == *key) {
            continue;
        }
        if !std::mem::take(&mut first) {
            sink.put(b",");
        }
        sink.put(b"\"");
        quoted(key, sink);
        sink.put(b"\":");
        reader.go(place.start);
        value(reader, sink, depth)?;
        if reader.at() != place.end {
            return Err(reader.malformed());
        }
    }
    reader.go(end);
    sink.put(b"}");
    Ok(())
}

fn string(reader: &mut Reader, sink: &mut impl Sink) -> Result<()> {
    reader.take(b'"')?;
    sink.put(b"\"");
    loop {
        sink.put(reader.run().as_bytes());
        match reader.peek() {
            Some(b'"') => break,
            Some(b'\\') => character(reader.escape()?, sink),
            _ => return Err(reader.malformed()),
        }
    }
    reader.take(b'"')?;
    sink.put(b"\"");
    Ok(())
}

/// The inside of a string.
fn quoted(text: &str, sink: &mut impl Sink) {
    let mut rest = text;
    while let Some(at) = rest.find(|c| c < ' ' || c == '"' || c == '\\') {
        sink.put(&rest.as_bytes()[..at]);
        // What was found has one byte.
        character(char::from(rest.as_bytes()[at]), sink);
        rest = &rest[at + 1..];
    }
    sink.put(rest.as_bytes());
}

fn character(c: char, sink: &mut impl Sink) {
    match c {
        '"' => sink.put(b"\\\""),
        '\\' => sink.put(b"\\\\"),
        '\u{8}' => sink.put(b"\\b"),
        '\u{c}' => sink.put(b"\\f"),
        '\n' => sink.put(b"\\n"),
        '\r' => sink.put(b"\\r"),
        '\t' => sink.put(b"\\t"),
        c if c < ' ' => sink.put(format!("\\u{:04x}", u32::from(c)).as_bytes()),
        c => sink.put(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

fn number(reader: &mut Reader, sink: &mut impl Sink) -> Result<()> {
    let negative = reader.peek() == Some(b'-');
    if negative {
        reader.go(reader.at() + 1);
    }
    let whole = reader.digits();
    if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
        return Err(reader.malformed());
    }
    let mut fraction: &[u8] = b"";
    if reader.peek() == Some(b'.') {
        reader.go(reader.at() + 1);
        fraction = reader.digits();
        if fraction.is_empty() {
            return Err(reader.malformed());
        }
    }
    decimal(sink, negative, whole, fraction, exponent(reader)?);
    Ok(())
}

fn exponent(reader: &mut Reader) -> Result<i64> {
    if !matches!(reader.peek(), Some(b'e' | b'E')) {
        return Ok(0);
    }
    reader.go(reader.at() + 1);
    let sign = reader.peek();
    if matches!(sign, Some(b'+' | b'-')) {
        reader.go(reader.at() + 1);
    }
    let digits = reader.digits();
    // Far beyond any exponent that a number in the database can have.
    const MOST: usize = 15;
    let zeros = digits.iter().take_while(|d| **d == b'0').count();
    if digits.is_empty() || digits.len() - zeros > MOST {
        return Err(reader.malformed());
    }
    let value = digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    Ok(if sign == Some(b'-') { -value } else { value })
}

/// Writes (-1)^negative * whole.fraction * 10^exponent.
fn decimal(sink: &mut impl Sink, negative: bool, whole: &[u8], fraction: &[u8], exponent: i64) {
    let mut last = whole.len() + fraction.len();
    let digit = |i: usize| if i < whole.len() { whole[i] } else { fraction[i - whole.len()] };
    let first = (0..last).take_while(|&i| digit(i) == b'0').count();
    if first == last {
        return sink.put(b"0");
    }
    let exponent = exponent - fraction.len() as i64 + {
        let all = last;
        while digit(last - 1) == b'0' {
            last -= 1;
        }
        (all - last) as i64
    };
    if negative {
        sink.put(b"-");
    }
    let border = whole.len();
    if first < border {
        sink.put(&whole[first..border.min(last)]);
    }
    if last > border {
        sink.put(&fraction[first.saturating_sub(border)..last - border]);
    }
    if exponent != 0 {
        sink.put(b"e");
        sink.put(exponent.to_string().as_bytes());
    }
}
