//! Events, whatever is put into them.

use std::borrow::Cow;

use flowai_core::event::{self, Month, redact};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A secret that nothing else in a test looks like.
fn any_secret() -> impl Strategy<Value = String> {
    "s3cr[a-z0-9]{6,20}"
}

/// A key that tells a secret, in some spelling.
fn any_secret_key() -> impl Strategy<Value = String> {
    let names = [
        "password",
        "secret",
        "token",
        "api_key",
        "authorization",
        "credential",
        "private_key",
        "cookie",
    ];
    let case = prop_oneof![Just(0), Just(1), Just(2)];
    ("[a-z]{0,3}_?", proptest::sample::select(names.to_vec()), case, any::<bool>()).prop_map(
        |(before, name, case, dashes)| {
            let key = format!("{before}{name}");
            let key = match case {
                0 => key,
                1 => key.to_uppercase(),
                _ => key.replace('_', ""),
            };
            if dashes { key.replace('_', "-") } else { key }
        },
    )
}

/// A text with the secret in it, in a form that gives it away.
fn any_telling_text() -> impl Strategy<Value = (String, String)> {
    let forms = [
        "postgres://user:{}@host/db",
        "see https://:{}@host now",
        "Authorization: Bearer {}",
        "bearer {}",
        "-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----",
        "password={}",
        "{\"client_secret\": \"{}\"}",
        "x-api-key: {}",
        "?q=1&access_token={}&r=2",
    ];
    ("[ -~]{0,12}", any_secret(), proptest::sample::select(forms.to_vec()), "[ -~]{0,12}").prop_map(
        |(before, secret, form, after)| {
            let text = format!("{before} {} {after}", form.replace("{}", &secret));
            (text, secret)
        },
    )
}

/// JSON of some depth, with keys and texts of all sorts.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        4 => "\\PC{0,12}",
        1 => "[ -~\\n\\t\u{1}]{0,30}",
        1 => any_telling_text().prop_map(|(text, _)| text),
        1 => "((password|token|bearer|https://|:|=|@|\"|-----|BEGIN |PRIVATE KEY|END | |x)){0,8}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let key = prop_oneof![3 => "[a-z_]{0,8}".boxed(), 1 => any_secret_key().boxed()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Value> {
    prop::collection::vec(("[a-z]{1,6}", any_json()), 0..5)
        .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()))
}

/// Whether a value is of the same shape, but for what was redacted.
fn is_rest_of(kept: &Value, given: &Value) -> bool {
    match (kept, given) {
        (Value::String(kept), _) if kept.contains(redact::REDACTED) => true,
        (Value::Array(kept), Value::Array(given)) => {
            kept.len() == given.len() && kept.iter().zip(given).all(|(k, g)| is_rest_of(k, g))
        }
        (Value::Object(kept), Value::Object(given)) => kept.iter().all(|(key, value)| {
            key.contains(redact::REDACTED) || given.get(key).is_some_and(|g| is_rest_of(value, g))
        }),
        (kept, given) => kept == given,
    }
}

proptest! {
    #[test]
    fn no_secret_under_a_key_is_kept(
        key in any_secret_key(), secret in any_secret(), other in any_object(), deep in any::<bool>()
    ) {
        let hidden = if deep { json!({ "list": [{ key: [secret] }] }) } else { json!({ key: secret }) };
        let given = json!({ "a": hidden, "b": other }).to_string();
        let kept = redact::object(&given).unwrap();
        prop_assert!(!kept.contains(&secret), "{kept}");
    }

    #[test]
    fn no_telling_text_is_kept((text, secret) in any_telling_text(), in_key in any::<bool>()) {
        let given = if in_key { json!({ text: 1 }) } else { json!({ "a": [text] }) }.to_string();
        let kept = redact::object(&given).unwrap();
        prop_assert!(!kept.contains(&secret), "{kept}");
    }

    #[test]
    fn what_is_kept_is_json_and_the_rest_of_what_was_given(given in any_object()) {
        let kept: Value = serde_json::from_str(&redact::object(&given.to_string()).unwrap()).unwrap();
        prop_assert!(is_rest_of(&kept, &given), "{kept}");
    }

    #[test]
    fn a_second_time_finds_nothing(given in any_object()) {
        let once = redact::object(&given.to_string()).unwrap().into_owned();
        let twice = redact::object(&once).unwrap();
        prop_assert!(matches!(twice, Cow::Borrowed(_)), "{once} became {twice}");
    }

    #[test]
    fn nothing_is_copied_where_nothing_is_secret(words in prop::collection::vec("[a-f]{0,9}", 0..9)) {
        let given = json!({ "a": words, "n": 1.50 }).to_string();
        prop_assert!(matches!(event::attributes(&given), Ok(Cow::Borrowed(_))));
    }

    #[test]
    fn attributes_stay_within_their_limit(length in 8_100_usize..8_250) {
        let given = json!({ "a": "x".repeat(length) }).to_string();
        let verdict = event::attributes(&given);
        prop_assert_eq!(verdict.is_ok(), given.len() <= event::MAX_ATTRIBUTES);
        // Also what grows when its secrets are replaced.
        let grows = json!({ "a": "x".repeat(length), "token": "t" }).to_string();
        let verdict = event::attributes(&grows);
        prop_assert_eq!(verdict.is_ok(), grows.len() + 9 <= event::MAX_ATTRIBUTES);
    }

    /// Ids are in the order of time, to the microsecond, and lists may lean on that.
    #[test]
    fn ids_are_in_order(
        a in 0..4_000_000_000_000_000_i64, step in 0..3_000_i64, x in any::<[u8; 8]>(), y in any::<[u8; 8]>()
    ) {
        let b = a + step;
        let (first, second) = (event::id(a, x), event::id(b, y));
        if step > 0 {
            prop_assert!(first < second);
        }
        prop_assert!(event::first_id(a) <= first && event::first_id(a) <= second);
        prop_assert!(event::id_moment(&first) <= a && a < event::id_moment(&first) + 1000);
        prop_assert!(event::id_fits(&first, a) && (event::id_fits(&first, b) == (step == 0)));
        prop_assert_eq!((first[6] >> 4, first[8] >> 6), (7, 2));
    }

    /// Times that no id can say are cut, and the order stays.
    #[test]
    fn every_time_has_a_first_id(a in any::<i64>(), b in any::<i64>()) {
        let (early, late) = (a.min(b), a.max(b));
        prop_assert!(event::first_id(early) <= event::first_id(late));
    }

    #[test]
    fn the_moments_of_a_session_rise(clocks in prop::collection::vec(0..5_000_i64, 1..50)) {
        let mut last = i64::MIN;
        for clock in clocks {
            let moment = event::moment(clock, last);
            prop_assert!(moment > last && moment >= clock);
            last = moment;
        }
    }

    /// A month is over when the next one begins, and each has a name of its own.
    #[test]
    fn months_follow_each_other(days in -700_000..3_000_000_i64) {
        let day = 24 * 60 * 60 * 1_000_000;
        let (today, tomorrow) = (Month::of(days * day), Month::of((days + 1) * day));
        prop_assert!(tomorrow == today || tomorrow == today.next());
        prop_assert!(today < today.next() && (1..=12).contains(&today.month));
        prop_assert_ne!(today.partition(), today.next().partition());
    }
}
