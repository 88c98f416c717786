//! Events: what happened, said once and never changed.
//!
//! Here is what an event may say: its name, how severe it is, its attributes, the trace that it is part
//! of; and how its id is made from a time and random bytes that the caller has. Who, when and in which
//! transaction is stamped by the database.
//!
//! - [`redact`]: takes secrets out of attributes

pub mod redact;

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::name::shorten;

/// Most bytes of a name.
pub const MAX_NAME: usize = 128;

/// Most bytes of attributes, as the server prints them.
pub const MAX_ATTRIBUTES: usize = 8 * 1024;

/// How deep attributes may be nested, themselves included.
pub const MAX_DEPTH: usize = 16;

/// The first word of names that only the runtime gives.
pub const RUNTIME: &str = "flowai";

// ---------------------------------------------------------------------------------------- names

/// The name of a caller's own event: dotted words, the first of which is not the runtime's.
pub fn name(name: Option<&str>) -> Result<&str> {
    let name = name.ok_or_else(|| Error::missing("name"))?;
    check_name(name)?;
    if name.split('.').next() == Some(RUNTIME) {
        return Err(Error::invalid(
            "event_name_reserved",
            format!("event name \"{}\" is reserved", shorten(name)),
        )
        .detail(format!(
            "Names beginning with \"{RUNTIME}\" are those of the runtime's own events."
        ))
        .hint("Begin the name with a word of your own, such as order.shipped."));
    }
    Ok(name)
}

/// Checks the grammar of a name: words of lower-case letters, digits and underscores, each beginning
/// with a letter, with dots in between, at most [`MAX_NAME`] bytes. A CHECK of the table says the same.
pub fn check_name(name: &str) -> Result<()> {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let broken = if name.len() > MAX_NAME {
        format!("A name has at most {MAX_NAME} bytes.")
    } else if name.split('.').all(word) {
        return Ok(());
    } else {
        "A name is words of a-z, 0-9 and _, each beginning with a letter, with dots in between."
            .to_owned()
    };
    Err(Error::invalid("event_name", format!("invalid event name \"{}\"", shorten(name)))
        .detail(broken)
        .hint("Choose a name such as order.shipped."))
}

// ------------------------------------------------------------------------------------- severity

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// For those who look for a fault.
    Debug,
    /// The ordinary course of things.
    Info,
    /// Somebody should look at it.
    Warn,
    /// Something failed.
    Error,
}

impl Severity {
    /// All severities, the least first.
    pub const ALL: [Self; 4] = [Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// Its name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The argument `severity`.
    pub fn argument(severity: Option<&str>) -> Result<Self> {
        let severity = severity.ok_or_else(|| Error::missing("severity"))?;
        Self::ALL.into_iter().find(|s| s.name() == severity).ok_or_else(|| {
            Error::invalid("event_severity", format!("unknown severity \"{}\"", shorten(severity)))
                .hint("Pass debug, info, warn or error.")
        })
    }
}

// ----------------------------------------------------------------------------------- attributes

/// Checks attributes, as the server prints them, and takes secrets out: borrowed where there are none.
pub fn attributes(text: &str) -> Result<Cow<'_, str>> {
    small(text)?;
    let clean = redact::object(text)?;
    small(&clean)?;
    Ok(clean)
}

/// Refuses attributes by the size that they are stored in, which is at most a few times that of the text:
/// so that nobody has to print what is much too large.
pub fn stored_size(bytes: usize) -> Result<()> {
    if bytes <= 16 * MAX_ATTRIBUTES { Ok(()) } else { Err(too_large()) }
}

fn small(text: &str) -> Result<()> {
    if text.len() <= MAX_ATTRIBUTES { Ok(()) } else { Err(too_large()) }
}

fn too_large() -> Error {
    Error::too_large("event_size", "event attributes are too large")
        .detail(format!(
            "The limit is {MAX_ATTRIBUTES} bytes as text, after secrets were redacted."
        ))
        .hint("Store the payload with flowai.ref_put, and name the reference in the attributes.")
}

// ---------------------------------------------------------------------------------------- trace

/// Checks the W3C trace context of an event: a trace id, and with it perhaps a span id.
pub fn check_trace(trace_id: Option<&str>, span_id: Option<&str>) -> Result<()> {
    hexadecimal("trace_id", trace_id, 32)?;
    hexadecimal("span_id", span_id, 16)?;
    if span_id.is_some() && trace_id.is_none() {
        return Err(Error::invalid("event_trace", "a span_id was given without a trace_id")
            .detail("A span is a part of a trace.")
            .hint("Pass both parts of the traceparent header: its second and its third field."));
    }
    Ok(())
}

fn hexadecimal(argument: &'static str, value: Option<&str>, digits: usize) -> Result<()> {
    let Some(value) = value else { return Ok(()) };
    let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if value.len() == digits && value.bytes().all(digit) && value.bytes().any(|b| b != b'0') {
        return Ok(());
    }
    Err(Error::invalid(
        "event_trace",
        format!("argument \"{argument}\" is no id of a trace context"),
    )
    .detail(format!(
        "A {argument} has {digits} digits of 0-9 and a-f, not all of them 0; this is \"{}\".",
        shorten(value)
    ))
    .hint("Pass both parts of the traceparent header: its second and its third field."))
}

// ------------------------------------------------------------------------------------ time and id

/// Microseconds from 1970, where ids count from, to 2000, where the server does.
const EPOCHS_APART: i64 = 10_957 * 24 * 60 * 60 * 1_000_000;

/// The time of an event in microseconds since 2000, given the clock and the time of the same session's
/// event before: always later than that one, so that events of a session are in order. A clock that was
/// set back by more than a second is believed.
pub const fn moment(clock: i64, before: i64) -> i64 {
    if clock <= before && before.saturating_sub(clock) < 1_000_000 { before + 1 } else { clock }
}

/// The id of an event: a UUID of version 7 (RFC 9562), in whose order events happened. The twelve bits
/// below the milliseconds hold what of them the clock knows.
pub fn id(micros: i64, random: [u8; 8]) -> [u8; 16] {
    let mut id = first_id(micros);
    id[8] |= random[0] & 0x3f;
    id[9..].copy_from_slice(&random[1..]);
    id
}

/// The least id of a time, in microseconds since 2000; times that ids cannot say are cut to those that
/// they can.
pub fn first_id(micros: i64) -> [u8; 16] {
    const LAST: i64 = (1 << 48) - 1;
    let since_1970 = micros.saturating_add(EPOCHS_APART);
    let (millis, rest) = (since_1970.div_euclid(1000), since_1970.rem_euclid(1000));
    let (millis, rest) = match millis {
        ..0 => (0, 0),
        0..=LAST => (millis, rest),
        _ => (LAST, 999),
    };
    let mut id = [0; 16];
    id[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    let fraction = (rest * 4096 / 1000) as u16;
    id[6..8].copy_from_slice(&(0x7000 | fraction).to_be_bytes());
    id[8] = 0x80;
    id
}

/// The time of an id in microseconds since 2000, to the millisecond below. No event whose id is the same
/// or greater is earlier.
pub fn id_moment(id: &[u8; 16]) -> i64 {
    let millis = id[..6].iter().fold(0_i64, |millis, byte| millis << 8 | i64::from(*byte));
    millis * 1000 - EPOCHS_APART
}

/// Whether the id is one of an event of that time: lists rely on it.
pub fn id_fits(id: &[u8; 16], micros: i64) -> bool {
    id[..8] == first_id(micros)[..8]
}

/// A month of UTC: events are kept by month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    /// The year, 1 for the first of our era.
    pub year: i32,
    /// 1 for January.
    pub month: i32,
}

impl Month {
    /// The month of a time in microseconds since 2000.
    pub const fn of(micros: i64) -> Self {
        // Days since 1 March 2000, where a cycle of 400 years begins, whose years end with February.
        let days = micros.div_euclid(24 * 60 * 60 * 1_000_000) - 60;
        let (cycle, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        // Without the leap days of earlier years of the cycle each year has 365 days.
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        // Months from March on have 31 and 30 days in turns, which is 153 days for five of them.
        let month = (5 * day + 2) / 153;
        let year = 2000 + 400 * cycle + year;
        if month < 10 {
            Self { year: year as i32, month: month as i32 + 3 }
        } else {
            Self { year: year as i32 + 1, month: month as i32 - 9 }
        }
    }

    /// The month after it.
    pub const fn next(self) -> Self {
        if self.month < 12 {
            Self { month: self.month + 1, ..self }
        } else {
            Self { year: self.year + 1, month: 1 }
        }
    }

    /// The name of the partition that holds its events. The database function that makes it says the
    /// same.
    pub fn partition(self) -> String {
        format!("events_{:04}_{:02}", self.year, self.month)
    }
}

// -------------------------------------------------------------------------------------- of texts

/// What tells one text from another in an event, without telling the text.
pub fn fingerprint(text: &str) -> String {
    let mut digits = blake3::hash(text.as_bytes()).to_hex().to_string();
    digits.truncate(16);
    digits
}

/// The beginning of a text, at most so long that several fit into the attributes of an event.
pub fn beginning(text: &str) -> &str {
    const MOST: usize = 1000;
    text.char_indices().nth(MOST).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dotted_words() {
        for good in ["a", "order.shipped", "gen_ai.client.inference", "a1.b_2", "flowai_like.x"] {
            assert_eq!(name(Some(good)), Ok(good));
        }
        assert_eq!(name(Some(&"a".repeat(MAX_NAME))).map(str::len), Ok(MAX_NAME));
        let long = "a".repeat(MAX_NAME + 1);
        for bad in ["", ".", "a.", ".a", "a..b", "A", "a.B", "1a", "_a", "a b", "a-b", "ä", &long]
        {
            assert_eq!(name(Some(bad)).unwrap_err().rule, "event_name", "{bad:?}");
        }
        for reserved in ["flowai", "flowai.tenant.granted"] {
            assert_eq!(name(Some(reserved)).unwrap_err().rule, "event_name_reserved");
            assert_eq!(check_name(reserved), Ok(()));
        }
        assert_eq!(name(None).unwrap_err().rule, "argument_required");
    }

    #[test]
    fn severities_have_names() {
        for severity in Severity::ALL {
            assert_eq!(Severity::argument(Some(severity.name())), Ok(severity));
        }
        assert!(Severity::Warn > Severity::Info);
        for bad in ["", "INFO", "fatal"] {
            assert_eq!(Severity::argument(Some(bad)).unwrap_err().rule, "event_severity");
        }
    }

    #[test]
    fn traces_are_those_of_w3c() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        assert_eq!(check_trace(None, None), Ok(()));
        assert_eq!(check_trace(Some(trace), None), Ok(()));
        assert_eq!(check_trace(Some(trace), Some(span)), Ok(()));
        let zeros = "0".repeat(32);
        for (trace, span) in [
            (None, Some(span)),
            (Some(&*zeros), None),
            (Some(&trace[1..]), None),
            (Some(&*trace.to_uppercase()), None),
            (Some(trace), Some(&zeros[..16])),
            (Some(trace), Some(trace)),
            (Some(trace), Some("00f067aa0ba902bg")),
        ] {
            assert_eq!(check_trace(trace, span).unwrap_err().rule, "event_trace");
        }
    }

    #[test]
    fn sessions_see_their_events_in_order() {
        assert_eq!(moment(10, 9), 10);
        assert_eq!(moment(10, 10), 11);
        assert_eq!(moment(10, 500_000), 500_001);
        assert_eq!(moment(10, 5_000_000), 10);
        assert_eq!(moment(-5, i64::MIN), -5);
    }

    #[test]
    fn an_id_is_a_uuid_of_version_seven() {
        // The example of RFC 9562, appendix A.6: 22 February 2022, 19:22:22 UTC.
        let micros = 0x017F_22E2_79B0_i64 * 1000 - EPOCHS_APART;
        let id = id(micros, [0x18, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F]);
        assert_eq!(id[..6], [0x01, 0x7F, 0x22, 0xE2, 0x79, 0xB0]);
        assert_eq!(id[6] >> 4, 7);
        assert_eq!(id[8..], [0x98, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F]);
        assert_eq!(id_moment(&id), micros);
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let day = 24 * 60 * 60 * 1_000_000_i64;
        for (days, year, month) in [
            (0, 2000, 1),
            (30, 2000, 1),
            (31, 2000, 2),
            (59, 2000, 2),
            (60, 2000, 3),
            (365, 2000, 12),
            (366, 2001, 1),
            (-1, 1999, 12),
            (9_374, 2025, 8),
            (36_583, 2100, 2),
            (36_584, 2100, 3),
            (146_096, 2399, 12),
            (146_097 + 59, 2400, 2),
        ] {
            assert_eq!(Month::of(days * day), Month { year, month }, "{days}");
            assert_eq!(Month::of(days * day + day - 1), Month { year, month }, "{days}");
        }
        assert_eq!(Month { year: 2025, month: 8 }.partition(), "events_2025_08");
        assert_eq!(Month { year: 2025, month: 12 }.next(), Month { year: 2026, month: 1 });
    }

    #[test]
    fn a_fingerprint_is_of_the_text() {
        assert_eq!(fingerprint("DELETE FROM t").len(), 16);
        assert_ne!(fingerprint("DELETE FROM t"), fingerprint("DELETE FROM t "));
        assert_eq!(beginning(&"ä".repeat(2000)), "ä".repeat(1000));
        assert_eq!(beginning("a"), "a");
    }
}
