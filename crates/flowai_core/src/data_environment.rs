//! The data environment: what a host tells of the data that its agents work with.
//!
//! The keys are those of the published shape, and no others. A document is read whole: every problem is
//! reported, each with the path of its place and what would help.

use serde_json::{Map, Value};

use crate::catalog;
use crate::error::{Error, Kind, Result};
use crate::json;
use crate::name::{self, shorten};

/// Most bytes of a document, as JSON text.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Most problems that are told of one document.
pub const MAX_PROBLEMS: usize = 200;

const KEYS: [&str; 8] = [
    "tenant_id",
    "workspace_id",
    "kv",
    "target_database",
    "target_database_url",
    "target_database_schema",
    "catalog",
    "catalog_search",
];

/// Something that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `catalog.entries[0].id`; empty for the document itself.
    pub path: String,
    /// What.
    pub problem: String,
    /// What would help.
    pub hint: String,
}

/// What a tool needs besides this database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dependency {
    /// What it is called.
    pub name: &'static str,
    /// Keys of which any supplies it.
    keys: &'static [&'static str],
    /// The setting that an error names.
    pub setting: &'static str,
}

const TARGET_DATABASE: Dependency = Dependency {
    name: "TargetDatabase",
    keys: &["target_database", "target_database_url"],
    setting: "data_environment.target_database_url",
};
const DATA_CATALOG: Dependency =
    Dependency { name: "DataCatalog", keys: &["catalog"], setting: "data_environment.catalog" };
const CATALOG_SEARCH: Dependency = Dependency {
    name: "CatalogSearch",
    keys: &["catalog_search"],
    setting: "data_environment.catalog_search.index_path",
};

/// What a tool depends on.
pub fn dependencies(tool: &str) -> &'static [Dependency] {
    match tool {
        "execute_query" | "ref_put_query" => &[TARGET_DATABASE],
        "sample_table_data" => &[TARGET_DATABASE, DATA_CATALOG],
        "get_catalog_entities"
        | "list_schema_fields"
        | "get_catalog_relations"
        | "get_relation_paths_between" => &[DATA_CATALOG],
        "search_catalog" | "catalog_facets" => &[DATA_CATALOG, CATALOG_SEARCH],
        _ => &[],
    }
}

/// Whether a document with these keys supplies what a tool depends on.
pub fn check_supplies(tool: &str, keys: &[String]) -> Result<()> {
    let lacks =
        dependencies(tool).iter().find(|d| !d.keys.iter().any(|key| keys.iter().any(|k| k == key)));
    let Some(lacks) = lacks else { return Ok(()) };
    Err(Error::new(
        Kind::WrongState,
        "dependency_supplied",
        format!(
            "tool \"{tool}\" needs {}, which {} supplies and this data environment does not",
            lacks.name, lacks.setting
        ),
    )
    .hint("Have it set with flowai.data_environment_set(config), or go on without this tool."))
}

/// The workspace that a document is for, if it names one.
pub fn workspace(config: &Value) -> Option<&str> {
    config.get("workspace_id").and_then(Value::as_str)
}

/// Everything that is wrong with a document for this tenant; nothing if it is right.
pub fn validate(text: &str, tenant: &str) -> Result<Vec<Problem>> {
    let mut found = Problems::default();
    if text.len() > MAX_BYTES {
        found.add(
            "",
            format!("the document has {} bytes", text.len()),
            format!(
                "At most {MAX_BYTES} bytes; put entries into the catalog with flowai.catalog_put."
            ),
        );
        return Ok(found.0);
    }
    let config = json::read("config", text)?;
    let Some(config) = found.object("", &config) else { return Ok(found.0) };
    found.known("", config, &KEYS);
    if let Some(id) = config.get("tenant_id")
        && let Some(id) = found.words("tenant_id", id)
        && id != tenant
    {
        found.add("tenant_id", "it is not the tenant in force", "The key is a check and selects nothing: leave it out, or work as a role of that tenant.");
    }
    if let Some(id) = config.get("workspace_id")
        && let Some(id) = found.words("workspace_id", id)
        && let Err(error) = name::check(id)
    {
        found.add("workspace_id", "it is no identifier", error.detail.unwrap_or_default());
    }
    if let Some(kv) = config.get("kv") {
        found.store("kv", kv, &["memory", "sqlite", "postgres"], &["ensure_schema", "namespace"]);
        if let Some(namespace) = kv.get("namespace") {
            found.words("kv.namespace", namespace);
        }
    }
    found.target(config);
    if let Some(catalog) = config.get("catalog") {
        found.catalog(catalog);
    }
    if let Some(search) = config.get("catalog_search") {
        found.search(search);
        if !config.contains_key("catalog") {
            found.add(
                "catalog",
                "DataCatalog is missing: catalog_search has nothing to search",
                "Supply it with data_environment.catalog.",
            );
        }
    }
    found.0.truncate(MAX_PROBLEMS);
    Ok(found.0)
}

/// The error of a document that is not right: the first problem, and how many there are.
pub fn refuse(problems: &[Problem]) -> Result<()> {
    let Some(first) = problems.first() else { return Ok(()) };
    let lines: Vec<String> =
        problems.iter().take(10).map(|p| format!("{}: {}", place(&p.path), p.problem)).collect();
    let more = match problems.len().saturating_sub(lines.len()) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    Err(Error::invalid(
        "data_environment_valid",
        format!("the data environment has {} problem(s)", problems.len()),
    )
    .detail(format!("{}{more}.", lines.join("; ")))
    .hint(if problems.len() == 1 {
        first.hint.clone()
    } else {
        "See all of them with SELECT * FROM flowai.data_environment_validate(config).".to_owned()
    }))
}

fn place(path: &str) -> &str {
    if path.is_empty() { "the document" } else { path }
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, path: &str, problem: impl Into<String>, hint: impl Into<String>) {
        self.0.push(Problem { path: path.to_owned(), problem: problem.into(), hint: hint.into() });
    }

    fn object<'a>(&mut self, path: &str, value: &'a Value) -> Option<&'a Map<String, Value>> {
        if value.as_object().is_none() {
            self.add(path, "it is not an object", "Pass an object, such as {\"key\": \"value\"}.");
        }
        value.as_object()
    }

    /// Every key must be one of these.
    fn known(&mut self, path: &str, object: &Map<String, Value>, keys: &[&str]) {
        for key in object.keys().filter(|key| !keys.contains(&key.as_str())) {
            self.add(
                &below(path, &shorten(key)),
                "the key is unknown",
                format!("Keys are {}.", keys.join(", ")),
            );
        }
    }

    /// A text that is not blank.
    fn words<'a>(&mut self, path: &str, value: &'a Value) -> Option<&'a str> {
        match value.as_str() {
            None => {
                self.add(path, "it is not a text", "Pass a JSON string.");
                None
            }
            Some(text) if text.trim().is_empty() => {
                self.add(path, "it is blank", "Name something, or leave the key out.");
                None
            }
            text => text,
        }
    }

    fn switch(&mut self, path: &str, value: Option<&Value>) {
        if value.is_some_and(|value| !value.is_boolean()) {
            self.add(path, "it is not true or false", "Pass true or false.");
        }
    }

    /// The kind that an object says it is of, if it is one of these.
    fn kind<'a>(
        &mut self,
        path: &str,
        object: &'a Map<String, Value>,
        kinds: &[&str],
    ) -> Option<&'a str> {
        let path = below(path, "kind");
        let Some(kind) = object.get("kind") else {
            self.add(&path, "the key is missing", format!("Kinds are {}.", kinds.join(", ")));
            return None;
        };
        let kind = self.words(&path, kind)?;
        if kinds.contains(&kind) {
            return Some(kind);
        }
        self.add(&path, "the kind is unknown", format!("Kinds are {}.", kinds.join(", ")));
        None
    }

    /// Where something is that is kept elsewhere: a URL, or the variable of the host's environment that
    /// has it.
    fn url(&mut self, path: &str, object: &Map<String, Value>, kind: &str) {
        let (url, variable) = (object.get("url"), object.get("url_env"));
        match (url, variable) {
            (None, None) => self.add(
                &below(path, "url"),
                "neither url nor url_env is there",
                "Name one of them; url_env names a variable of the host's environment.",
            ),
            (Some(_), Some(_)) => self.add(
                &below(path, "url_env"),
                "url and url_env are both there",
                "Name one of them.",
            ),
            _ => {}
        }
        if let Some(variable) = variable
            && let Some(variable) = self.words(&below(path, "url_env"), variable)
            && !is_variable(variable)
        {
            self.add(
                &below(path, "url_env"),
                "it is no name of a variable",
                "Name one such as ACME_WAREHOUSE_URL: letters, digits and _, no digit first.",
            );
        }
        if let Some(url) = url
            && let Some(url) = self.words(&below(path, "url"), url)
        {
            self.address(&below(path, "url"), url, Some(kind));
        }
    }

    /// A URL of a supported scheme, without a password: whoever can read this document would have it.
    fn address(&mut self, path: &str, url: &str, kind: Option<&str>) {
        let scheme =
            match url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase()).as_deref() {
                Some("sqlite") => "sqlite",
                Some("postgres" | "postgresql") if url.contains("://") => "postgres",
                _ => {
                    self.add(
                        path,
                        "its scheme is not supported",
                        "Use sqlite:, postgres:// or postgresql://.",
                    );
                    return;
                }
            };
        if kind.is_some_and(|kind| kind != scheme) {
            self.add(path, format!("its scheme is {scheme}"), "Kind and scheme must agree.");
        }
        if scheme == "postgres" && has_password(url) {
            self.add(path, "it has a password in it", "Leave the password to the host: name a variable with url_env, or use a password file.");
        }
    }

    fn store(&mut self, path: &str, value: &Value, kinds: &[&str], others: &[&str]) {
        let Some(object) = self.object(path, value) else { return };
        let keys: Vec<&str> = ["kind", "url", "url_env"].iter().chain(others).copied().collect();
        self.known(path, object, &keys);
        self.switch(&below(path, "ensure_schema"), object.get("ensure_schema"));
        match self.kind(path, object, kinds) {
            Some(kind @ ("sqlite" | "postgres")) => self.url(path, object, kind),
            Some(_) => self.without(path, object, &["url", "url_env", "ensure_schema"]),
            None => {}
        }
    }

    /// Keys that the kind has no use for.
    fn without(&mut self, path: &str, object: &Map<String, Value>, keys: &[&str]) {
        for key in keys.iter().filter(|key| object.contains_key(**key)) {
            self.add(
                &below(path, key),
                "this kind does not take the key",
                "Leave it out, or choose another kind.",
            );
        }
    }

    fn target(&mut self, config: &Map<String, Value>) {
        let url = config
            .get("target_database_url")
            .and_then(|url| self.words("target_database_url", url));
        if let Some(url) = url {
            self.address("target_database_url", url, None);
        }
        if let Some(schema) = config.get("target_database_schema") {
            self.words("target_database_schema", schema);
            if url.is_none_or(|url| !url.starts_with("postgres")) {
                self.add(
                    "target_database_schema",
                    "it goes with a target_database_url of postgres",
                    "Name the schema in target_database.schema, or leave it out.",
                );
            }
        }
        let Some(target) = config.get("target_database") else { return };
        let path = "target_database";
        let Some(object) = self.object(path, target) else { return };
        self.known(path, object, &["kind", "url", "url_env", "schema"]);
        if let Some(schema) = object.get("schema") {
            self.words("target_database.schema", schema);
        }
        if let Some(kind) = self.kind(path, object, &["sqlite", "postgres"]) {
            self.url(path, object, kind);
            if kind == "sqlite" {
                self.without(path, object, &["schema"]);
            }
        }
        if let Some(url) = url
            && object.get("url").and_then(Value::as_str) != Some(url)
        {
            self.add(
                "target_database_url",
                "it is not the url of target_database",
                "Both name one database: give it once.",
            );
        }
    }

    fn catalog(&mut self, catalog: &Value) {
        let path = "catalog";
        let Some(object) = self.object(path, catalog) else { return };
        self.known(path, object, &["kind", "entries", "url", "url_env", "ensure_schema"]);
        self.switch("catalog.ensure_schema", object.get("ensure_schema"));
        match self.kind(path, object, &["inline", "empty", "sqlite", "postgres"]) {
            Some("inline") => {
                self.without(path, object, &["url", "url_env", "ensure_schema"]);
                match object.get("entries") {
                    Some(Value::Array(entries)) => self.entries(entries),
                    Some(_) => self.add(
                        "catalog.entries",
                        "it is not an array",
                        "Pass an array of entries.",
                    ),
                    None => self.add(
                        "catalog.entries",
                        "the key is missing",
                        "Pass an array of entries; it may be empty.",
                    ),
                }
            }
            Some("empty") => {
                self.without(path, object, &["entries", "url", "url_env", "ensure_schema"])
            }
            Some(kind) => {
                self.without(path, object, &["entries"]);
                self.url(path, object, kind);
            }
            None => {}
        }
    }

    /// Each entry as the catalog takes it.
    fn entries(&mut self, entries: &[Value]) {
        let mut seen = std::collections::HashSet::new();
        for (place, entry) in entries.iter().enumerate() {
            if self.0.len() > MAX_PROBLEMS {
                return;
            }
            let path = format!("catalog.entries[{place}]");
            match catalog::parse(&Value::Array(vec![entry.clone()]).to_string()) {
                Ok(parsed) => {
                    if let Some(entry) = parsed.into_iter().next()
                        && !seen.insert(entry.id.clone())
                    {
                        self.add(
                            &below(&path, "id"),
                            format!("entry \"{}\" is there twice", shorten(&entry.id)),
                            "Give each entry an id of its own.",
                        );
                    }
                }
                Err(error) => {
                    // The path says which entry it is.
                    let message = error.message.trim_start_matches("entry 1: ").to_owned();
                    let said = match error.detail {
                        Some(detail) => {
                            format!("{message}: {}", detail.trim_end_matches('.'))
                        }
                        None => message,
                    };
                    self.add(&path, said, error.hint.unwrap_or_default());
                }
            }
        }
    }

    fn search(&mut self, search: &Value) {
        let path = "catalog_search";
        let Some(object) = self.object(path, search) else { return };
        self.known(path, object, &["index_path", "rebuild_on_start", "write_through"]);
        match object.get("index_path") {
            Some(index) => {
                self.words("catalog_search.index_path", index);
            }
            None => self.add(
                "catalog_search.index_path",
                "CatalogSearch is missing: the key is not there",
                "Supply it with data_environment.catalog_search.index_path.",
            ),
        }
        self.switch("catalog_search.rebuild_on_start", object.get("rebuild_on_start"));
        self.switch("catalog_search.write_through", object.get("write_through"));
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn is_variable(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_') && !bytes[0].is_ascii_digit()
}

/// `user:password@` before the host, or a parameter that is one.
fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let (authority, parameters) = match rest.find(['/', '?', '#']) {
        Some(end) => rest.split_at(end),
        None => (rest, ""),
    };
    let in_authority = authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    let in_parameters = parameters.split(['?', '&', '#']).any(|parameter| {
        let key = parameter.split('=').next().unwrap_or_default().to_ascii_lowercase();
        key == "password" || key == "passwd" || key == "sslpassword"
    });
    in_authority || in_parameters
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn paths(config: &Value) -> Vec<String> {
        validate(&config.to_string(), "acme").unwrap().into_iter().map(|p| p.path).collect()
    }

    #[test]
    fn takes_what_is_published() {
        let entry = json!({"id": "table:products", "itemType": "table", "name": "products", "qualified_name": "main.products",
            "content": "Product catalog and revenue table.", "tags": ["sales"], "related": [],
            "metadata": {"databaseId": "warehouse", "schemaName": "main", "tableName": "products", "relationType": "base_table", "preferredQuerySurface": true}});
        for config in [
            json!({}),
            json!({"target_database_url": "sqlite:/path/to/acme.db", "catalog": {"kind": "inline", "entries": [entry]},
                "catalog_search": {"index_path": "/path/to/catalog-index", "rebuild_on_start": true}}),
            json!({"tenant_id": "acme", "workspace_id": "analytics",
                "catalog": {"kind": "sqlite", "url": "sqlite:/path/to/catalog.db", "ensure_schema": true},
                "catalog_search": {"index_path": "/path/to/catalog-index", "rebuild_on_start": true}}),
            json!({"target_database": {"kind": "postgres", "url_env": "ACME_WAREHOUSE_URL", "schema": "public"},
                "catalog": {"kind": "inline", "entries": []}, "catalog_search": {"index_path": "/path", "write_through": false}}),
            json!({"target_database_url": "postgresql://reader@db/x", "target_database_schema": "shop"}),
            json!({"catalog": {"kind": "postgres", "url_env": "C", "ensure_schema": true}, "kv": {"kind": "sqlite", "url": "sqlite:kv.db"}}),
            json!({"catalog": {"kind": "empty"}}),
        ] {
            assert_eq!(paths(&config), Vec::<String>::new(), "{config}");
        }
    }

    #[test]
    fn tells_everything_at_once() {
        let config = json!({
            "tenant_id": "globex", "workspace_id": " ", "kv": 7, "extra": 1,
            "target_database": {"kind": "oracle", "uri": "x"},
            "target_database_url": "mysql://x",
            "target_database_schema": 5,
            "catalog": {"kind": "inline", "entries": [{"id": "a", "itemType": "a", "name": "a", "x": 1}, {"id": "b", "itemType": "b", "name": "b"}, {"id": "b", "itemType": "b", "name": "b"}], "url": "sqlite:x"},
            "catalog_search": {"rebuild_on_start": "yes"}
        });
        let mut found = paths(&config);
        found.sort();
        assert_eq!(
            found,
            [
                "catalog.entries[0]",
                "catalog.entries[2].id",
                "catalog.url",
                "catalog_search.index_path",
                "catalog_search.rebuild_on_start",
                "extra",
                "kv",
                "target_database.kind",
                "target_database.uri",
                "target_database_schema",
                "target_database_schema",
                "target_database_url",
                "target_database_url",
                "tenant_id",
                "workspace_id",
            ]
        );
        assert_eq!(paths(&json!([])), [""]);
        assert_eq!(paths(&json!({"catalog_search": {"index_path": "x"}})), ["catalog"]);
        assert_eq!(
            paths(&json!({"catalog": {"kind": "sqlite", "url": "postgres://x", "url_env": "X"}})),
            ["catalog.url_env", "catalog.url"]
        );
        assert_eq!(paths(&json!({"catalog": {"kind": "sqlite"}})), ["catalog.url"]);
        assert_eq!(
            paths(&json!({"target_database": {"kind": "sqlite", "url_env": "1 X", "schema": "s"}})),
            ["target_database.url_env", "target_database.schema"]
        );
    }

    #[test]
    fn keeps_no_password() {
        for url in [
            "postgres://me:secret@db/x",
            "postgresql://me:@db/x",
            "postgres://db/x?password=a",
            "postgres://db/x?a=b&PASSWORD=a",
        ] {
            assert_eq!(
                paths(&json!({"target_database_url": url})),
                ["target_database_url"],
                "{url}"
            );
        }
        for url in [
            "postgres://me@db:5432/x",
            "postgres://db/a:b@c",
            "sqlite:/a:b@c.db",
            "postgres://[::1]/x",
        ] {
            assert_eq!(paths(&json!({"target_database_url": url})), Vec::<String>::new(), "{url}");
        }
        // What is refused is not repeated.
        let problems = validate(
            &json!({"target_database_url": "postgres://me:secret@db/x"}).to_string(),
            "acme",
        )
        .unwrap();
        assert!(!format!("{problems:?}").contains("secret"));
    }

    #[test]
    fn names_what_is_missing() {
        let keys = |keys: &[&str]| keys.iter().map(|k| (*k).to_owned()).collect::<Vec<_>>();
        let error = check_supplies("execute_query", &keys(&["catalog"])).unwrap_err();
        assert!(
            error.message.contains("TargetDatabase")
                && error.message.contains("data_environment.target_database_url")
        );
        let error = check_supplies("get_catalog_entities", &keys(&[])).unwrap_err();
        assert!(
            error.message.contains("DataCatalog")
                && error.message.contains("data_environment.catalog ")
        );
        let error = check_supplies("search_catalog", &keys(&["catalog"])).unwrap_err();
        assert!(error.message.contains("data_environment.catalog_search.index_path"));
        assert!(check_supplies("search_catalog", &keys(&["catalog", "catalog_search"])).is_ok());
        assert!(check_supplies("execute_query", &keys(&["target_database"])).is_ok());
        assert!(check_supplies("kv_get", &[]).is_ok());
    }

    #[test]
    fn an_error_tells_of_many_in_few_words() {
        let problems = validate(&json!({"a": 1, "b": 2}).to_string(), "acme").unwrap();
        let error = refuse(&problems).unwrap_err();
        assert_eq!(error.message, "the data environment has 2 problem(s)");
        assert_eq!(error.detail.unwrap(), "a: the key is unknown; b: the key is unknown.");
        assert!(refuse(&[]).is_ok());
        let many: Map<String, Value> = (0..300).map(|n| (format!("k{n}"), Value::Null)).collect();
        let problems = validate(&Value::Object(many).to_string(), "acme").unwrap();
        assert_eq!(problems.len(), MAX_PROBLEMS);
        assert!(refuse(&problems).unwrap_err().detail.unwrap().ends_with("and 190 more."));
    }
}
