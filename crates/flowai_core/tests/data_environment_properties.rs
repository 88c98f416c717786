//! Whatever a host writes: it is judged, and nothing of it that is secret comes back.

use flowai_core::data_environment::{MAX_PROBLEMS, check_supplies, dependencies, refuse, validate};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const WORDS: [&str; 26] = [
    "tenant_id",
    "workspace_id",
    "kv",
    "target_database",
    "target_database_url",
    "target_database_schema",
    "catalog",
    "catalog_search",
    "kind",
    "url",
    "url_env",
    "schema",
    "entries",
    "ensure_schema",
    "index_path",
    "rebuild_on_start",
    "write_through",
    "inline",
    "empty",
    "sqlite",
    "postgres",
    "sqlite:a.db",
    "postgres://me@db/x",
    "postgres://me:hunter2@db/x",
    "acme",
    "A_B",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![9 => proptest::sample::select(WORDS.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

/// A key may be named in what is told, so it holds no secret.
fn key() -> impl Strategy<Value = String> {
    word().prop_filter("a secret", |word| !word.contains("hunter2"))
}

/// Values of the right words in all sorts of wrong places.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(Value::from),
        word().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((key(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A URL's user and password, or parameters, of characters that mean something there.
fn part() -> impl Strategy<Value = String> {
    "[a-z0-9:@/?#&=%\\[\\].-]{0,12}"
}

proptest! {
    /// Every document is judged; if it is right it stores what it says, and an error tells what is wrong.
    #[test]
    fn every_document_is_judged(document in any_value()) {
        let text = document.to_string();
        match validate(&text, "acme") {
            Err(error) => prop_assert_eq!(error.rule, "json_reserved_key"),
            Ok(problems) => {
                prop_assert!(problems.len() <= MAX_PROBLEMS);
                prop_assert_eq!(refuse(&problems).is_ok(), problems.is_empty());
                prop_assert!(problems.iter().all(|p| !p.problem.is_empty() && !p.hint.is_empty()), "{:?}", problems);
                let told = format!("{problems:?} {:?}", refuse(&problems));
                prop_assert!(!told.contains("hunter2"), "{}", told);
                if problems.is_empty() {
                    prop_assert!(document.is_object());
                    prop_assert!(document.get("tenant_id").is_none_or(|tenant| tenant == "acme"));
                }
            }
        }
    }

    /// Wherever a password stands in a URL of a server, the URL is refused.
    #[test]
    fn a_password_is_found(user in "[a-z]{1,5}", password in "[a-z0-9]{0,8}", host in "[a-z.]{1,8}", rest in part()) {
        for url in [
            format!("postgres://{user}:{password}@{host}"),
            format!("postgresql://{user}:{password}@{host}/{rest}"),
            format!("postgres://{user}@{host}/db?password={password}&{rest}"),
            format!("POSTGRES://{user}:{password}@{host}/db"),
        ] {
            let problems = validate(&json!({"target_database_url": url}).to_string(), "acme").unwrap();
            prop_assert!(!problems.is_empty(), "{}", url);
        }
    }

    /// A tool lacks something exactly if none of the keys that supply it is there.
    #[test]
    fn keys_supply(keys in prop::collection::vec(word(), 0..8), tool in prop_oneof![
        Just("execute_query"), Just("ref_put_query"), Just("sample_table_data"), Just("search_catalog"), Just("get_catalog_entities"), Just("kv_get")]) {
        let has = |key: &str| keys.iter().any(|k| k == key);
        let lacks = match tool {
            "execute_query" | "ref_put_query" => !has("target_database") && !has("target_database_url"),
            "sample_table_data" => (!has("target_database") && !has("target_database_url")) || !has("catalog"),
            "search_catalog" => !has("catalog") || !has("catalog_search"),
            "get_catalog_entities" => !has("catalog"),
            _ => false,
        };
        prop_assert_eq!(check_supplies(tool, &keys).is_err(), lacks);
        prop_assert!(!lacks || !dependencies(tool).is_empty());
    }
}
