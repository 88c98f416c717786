//! The canonical form: equal values, equal text; different values, different text; nothing lost.

#![allow(clippy::unwrap_used, reason = "strategies are part of the tests")]

use flowai_core::digest::{canonical, hash, keyed};
use flowai_core::json::MAX_DEPTH;
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn vectors() {
    for (text, form) in [
        ("null", "null"),
        (" true ", "true"),
        ("1", "1"),
        ("1.0", "1"),
        ("1e0", "1"),
        ("1E+0", "1"),
        ("10E-1", "1"),
        ("0.1e1", "1"),
        ("100", "1e2"),
        ("1e2", "1e2"),
        ("-2.50", "-25e-1"),
        ("0.00120", "12e-4"),
        ("1002.00", "1002"),
        ("-0", "0"),
        ("-0.000e-7", "0"),
        ("1e131072", "1e131072"),
        ("12345678901234567890123456789.01", "1234567890123456789012345678901e-2"),
        (r#"{"b": 1.0, "a": [true, null]}"#, r#"{"a":[true,null],"b":1}"#),
        (r#"{"a": 1, "a": 2, "": {}}"#, r#"{"":{},"a":2}"#),
        (
            r#"{"\u0062": 1, "aa": 2, "\uffff": 3, "\ud83d\ude00": 4}"#,
            "{\"aa\":2,\"b\":1,\"\u{ffff}\":3,\"😀\":4}",
        ),
        (r#""\u00e9\/\u0007\ud83d\ude00\u000A\"\\""#, r#""é/\u0007😀\n\"\\""#),
        ("[ ]", "[]"),
    ] {
        assert_eq!(canonical(text).as_deref(), Ok(form), "{text}");
    }
}

#[test]
fn hashes_do_not_change() {
    let hex = |d: [u8; 32]| d.iter().map(|b| format!("{b:02x}")).collect::<String>();
    assert_eq!(
        hex(hash(r#"{"b": 1.0, "a": [true, null]}"#).unwrap()),
        hex(*blake3::hash(br#"{"a":[true,null],"b":1}"#).as_bytes())
    );
    let key = [7; 32];
    let mut spelled = blake3::Hasher::new_keyed(&key);
    spelled.update(b"\x01\x00").update(b"\x04\0\0\0\0\0\0\0").update(b"rows").update(b"[1]");
    assert_eq!(keyed(&key, "rows", "[1.0]").unwrap(), *spelled.finalize().as_bytes());
    assert_ne!(keyed(&key, "rows", "[1]"), keyed(&[8; 32], "rows", "[1]"));
    assert_ne!(keyed(&key, "rows", "[1]"), keyed(&key, "row", "[1]"));
}

#[test]
fn refuses_what_is_not_json() {
    for text in [
        "",
        " ",
        "{",
        "[1",
        "[1,]",
        "{\"a\":}",
        "{\"a\" 1}",
        "{\"a\":1 2}",
        "{a:1}",
        "01",
        "1.",
        ".5",
        "-",
        "1e",
        "1e+",
        "+1",
        "nul",
        "\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\u00g0\"",
        "\"\\u+123\"",
        "\"a\nb\"",
        "[1]]",
        "1 2",
        "[}",
        "{\"a\":[}",
        "1e9999999999999999",
        "\"\\",
        "\"\\u12",
    ] {
        assert!(canonical(text).is_err(), "{text}");
    }
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(canonical(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(canonical(&nested(MAX_DEPTH + 1)).unwrap_err().rule, "json_depth");
    let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(canonical(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(canonical(&nested(MAX_DEPTH + 1)).unwrap_err().rule, "json_depth");
}

/// Any JSON value; numbers as decimals of every length.
fn json() -> impl Strategy<Value = Value> {
    let number = "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?"
        .prop_map(|text| serde_json::from_str(&text).unwrap());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        any::<String>().prop_map(Value::from),
        "[\\x00-\\x7f]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The same value, written with other blanks, escapes, key order and number spelling.
fn respell(value: &Value, out: &mut String) {
    match value {
        Value::Null | Value::Bool(_) => out.push_str(&value.to_string()),
        Value::Number(n) => {
            let text = n.to_string();
            let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
            let exponent: i64 = exponent.parse().unwrap();
            match mantissa.split_once('.') {
                Some((whole, fraction)) => {
                    out.push_str(&format!("{whole}.{fraction}00E{exponent:+}"))
                }
                None => out.push_str(&format!("{mantissa}.0e{exponent:+04}")),
            }
        }
        Value::String(s) => escaped(s, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { " ,\n" } else { "\t" });
                respell(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push_str("{ ");
            for (i, (key, item)) in members.iter().rev().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                escaped(key, out);
                out.push_str("\r:");
                respell(item, out);
            }
            out.push('}');
        }
    }
}

fn escaped(s: &str, out: &mut String) {
    out.push('"');
    for unit in s.encode_utf16() {
        out.push_str(&format!("\\u{unit:04X}"));
    }
    out.push('"');
}

proptest! {
    #[test]
    fn spelling_does_not_count(value in json()) {
        let mut other = String::new();
        respell(&value, &mut other);
        prop_assert_eq!(canonical(&value.to_string()).unwrap(), canonical(&other).unwrap());
        prop_assert_eq!(hash(&value.to_string()).unwrap(), hash(&other).unwrap());
    }

    #[test]
    fn the_form_is_json_and_its_own_form(value in json()) {
        let form = canonical(&value.to_string()).unwrap();
        prop_assert!(serde_json::from_str::<Value>(&form).is_ok());
        prop_assert_eq!(canonical(&form).unwrap(), form.clone());
        prop_assert_eq!(hash(&value.to_string()).unwrap(), *blake3::hash(form.as_bytes()).as_bytes());
    }

    #[test]
    fn values_that_differ_have_forms_that_differ(a in any::<i64>(), scale in 0_u32..6, b in any::<i64>()) {
        let text = |n: i64| format!("{n}e-{scale}");
        prop_assert_eq!(canonical(&text(a)).unwrap() == canonical(&text(b)).unwrap(), a == b);
        let (s, t) = (format!("\"{a}\""), a.to_string());
        prop_assert_ne!(canonical(&s).unwrap(), canonical(&t).unwrap());
    }

    #[test]
    fn no_text_panics(text in "[\\[\\]{},:\"\\\\0-9eE.+\\-truefalsn uU\u{e9}]{0,40}") {
        let _ = canonical(&text);
        let _ = flowai_core::reference::summarize(&text);
    }

    /// Keys in any order, and each again before its last value: one form.
    #[test]
    fn the_order_of_keys_does_not_count(
        members in prop::collection::btree_map(any::<String>(), any::<i32>(), 0..12),
        order in prop::collection::vec(any::<prop::sample::Index>(), 12),
    ) {
        let text = |members: &[(String, i32)]| {
            let members: Vec<_> = members.iter().map(|(key, n)| format!("{}:{n}", Value::from(key.as_str()))).collect();
            format!("{{{}}}", members.join(","))
        };
        let sorted: Vec<_> = members.clone().into_iter().collect();
        let mut shuffled = sorted.clone();
        for (i, index) in order.iter().enumerate().take(shuffled.len()) {
            let other = index.index(shuffled.len());
            shuffled.swap(i, other);
        }
        prop_assert_eq!(canonical(&text(&sorted)).unwrap(), canonical(&text(&shuffled)).unwrap());
        let mut repeated: Vec<_> = sorted.iter().map(|(key, n)| (key.clone(), n.wrapping_add(1))).collect();
        repeated.extend(shuffled);
        prop_assert_eq!(canonical(&text(&sorted)).unwrap(), canonical(&text(&repeated)).unwrap());
    }

    /// Text is what it is: no normalisation brings two texts together, and no escape keeps one apart.
    #[test]
    fn texts_are_equal_or_they_are_not(a in "\\PC{0,6}", b in "[e\u{e9}\u{301}\u{212b}\u{c5}A\u{30a}]{0,4}", c in "[e\u{e9}\u{301}\u{212b}\u{c5}A\u{30a}]{0,4}") {
        let form = |text: &str| canonical(&Value::from(text).to_string()).unwrap();
        prop_assert_eq!(form(&b) == form(&c), b == c);
        let mut spelled = String::new();
        escaped(&a, &mut spelled);
        prop_assert_eq!(canonical(&spelled).unwrap(), form(&a));
    }

    /// A number is its digits and where its point is, and nothing else.
    #[test]
    fn numbers_are_exact(digits in "[1-9]([0-9]{0,38}[1-9])?", zeros in 0_usize..20, point in -40_i64..40, negative in any::<bool>()) {
        let sign = if negative { "-" } else { "" };
        let exponent = if point == 0 { String::new() } else { format!("e{point}") };
        let form = format!("{sign}{digits}{exponent}");
        // The same number with the point elsewhere and zeros behind.
        let moved = format!("{sign}{digits}{}e{}", "0".repeat(zeros), point - zeros as i64);
        let (first, rest) = digits.split_at(1);
        let pointed = format!("{sign}{first}.{rest}{}E{:+}", "0".repeat(zeros + 1), point + rest.len() as i64);
        let small = format!("{sign}0.{}{digits}e{}", "0".repeat(zeros), point + (zeros + digits.len()) as i64);
        for spelling in [&form, &moved, &pointed, &small] {
            prop_assert_eq!(&canonical(spelling).unwrap(), &form, "{}", spelling);
        }
    }
}
