//! Catalog entries: what a workspace knows about schemas, tables, columns, documents and whatever
//! else its users name.
//!
//! An entry has exactly the fields of the published shape: `id`, `itemType`, `name`,
//! `qualified_name`, `content`, `tags`, `related`, `metadata`. Two-word keys are read in both
//! spellings. A key that is not one of these is an error that names it: a typo must not lose data.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::{Error, Kind, Result};
use crate::json::no_reserved_key;
use crate::name::shorten;

/// Most bytes of an entry's id.
pub const MAX_ID: usize = 512;
/// Most bytes of an entry's name.
pub const MAX_NAME: usize = 512;
/// Most bytes of an entry's qualified name.
pub const MAX_QUALIFIED_NAME: usize = 1024;
/// Most bytes of an entry's content.
pub const MAX_CONTENT: usize = 1024 * 1024;
/// Most tags of an entry.
pub const MAX_TAGS: usize = 64;
/// Most bytes of a tag.
pub const MAX_TAG: usize = 200;
/// Most relations of an entry.
pub const MAX_RELATED: usize = 10_000;
/// Most bytes of an entry's metadata, as JSON text.
pub const MAX_METADATA: usize = 256 * 1024;

/// The kind of an edge that names none.
pub const DEFAULT_RELATION: &str = "related_to";

/// A catalog entry, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Stable identifier, conventionally `kind:name`.
    pub id: String,
    /// What sort of thing it is: table, column, document, or a word of the user's.
    pub item_type: String,
    /// Short name.
    pub name: String,
    /// Full name, such as `schema.table`; may be empty.
    pub qualified_name: String,
    /// Description; may be empty.
    pub content: String,
    /// Sorted, without repetition.
    pub tags: Vec<String>,
    /// Outgoing edges by (kind, target), without repetition.
    pub related: BTreeMap<(String, String), Map<String, Value>>,
    /// Whatever else is known; known keys have known types.
    pub metadata: Map<String, Value>,
}

impl Entry {
    /// BLAKE3 over the entry's fields: an equal write is no write.
    ///
    /// Each field goes in with its length, so that no two entries run together into one text.
    pub fn content_hash(&self) -> [u8; 32] {
        let mut hash = blake3::Hasher::new();
        let mut field = |text: &str| {
            hash.update(&(text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        };
        for text in [&self.id, &self.item_type, &self.name, &self.qualified_name, &self.content] {
            field(text);
        }
        field(&self.tags.len().to_string());
        self.tags.iter().for_each(|tag| field(tag));
        for ((kind, to), properties) in &self.related {
            field(kind);
            field(to);
            field(&text_of(properties));
        }
        field(&text_of(&self.metadata));
        *hash.finalize().as_bytes()
    }

    /// The metadata as JSON text with sorted keys.
    pub fn metadata_text(&self) -> String {
        text_of(&self.metadata)
    }

    /// The edges as they are read back: objects, sorted by kind and target.
    pub fn related_value(&self) -> Value {
        let edges = self.related.iter().map(|((kind, to), properties)| {
            serde_json::json!({ "id": to, "kind": kind, "properties": properties })
        });
        Value::Array(edges.collect())
    }

    /// Which data source the entry describes, where it says so.
    pub fn database_id(&self) -> Option<&str> {
        self.metadata.get("databaseId").and_then(Value::as_str)
    }

    /// Which schema of that source the entry is in, where it says so.
    pub fn schema_name(&self) -> Option<&str> {
        self.metadata.get("schemaName").and_then(Value::as_str)
    }

    /// Whether queries should rather use this one than its equals.
    pub fn preferred(&self) -> bool {
        self.metadata.get("preferredQuerySurface") == Some(&Value::Bool(true))
    }
}

/// An entry as the columns of a row give it; `None` is NULL.
#[derive(Debug, Default)]
pub struct Columns<'a> {
    /// Stable identifier.
    pub id: Option<String>,
    /// What sort of thing it is.
    pub item_type: Option<String>,
    /// Short name.
    pub name: Option<String>,
    /// Full name.
    pub qualified_name: Option<String>,
    /// Description.
    pub content: Option<String>,
    /// The tags as JSON values, because a list can hold NULLs and lists.
    pub tags: Option<Vec<Value>>,
    /// The edges as JSON text.
    pub related: Option<&'a str>,
    /// The metadata as JSON text.
    pub metadata: Option<&'a str>,
}

impl TryFrom<Columns<'_>> for Entry {
    type Error = Error;

    fn try_from(columns: Columns) -> Result<Self> {
        let text = |column: Option<String>| column.map(Value::String);
        Fields {
            id: text(columns.id),
            item_type: text(columns.item_type),
            name: text(columns.name),
            qualified_name: text(columns.qualified_name),
            content: text(columns.content),
            tags: columns.tags.map(Value::Array),
            related: columns.related.map(|json| value("related", "an array", json)).transpose()?,
            metadata: columns
                .metadata
                .map(|json| value("metadata", "an object", json))
                .transpose()?,
        }
        .check()
    }
}

/// JSON text of the database's own making; what it may hold and this crate does not read is depth.
fn value(key: &str, wanted: &str, json: &str) -> Result<Value> {
    no_reserved_key(json)?;
    serde_json::from_str(json).map_err(|error| {
        Error::invalid("entry_types", format!("key \"{key}\" must be {wanted}"))
            .detail(format!("It cannot be read: {error}."))
            .hint(SHAPE)
    })
}

/// An object as JSON text with sorted keys.
pub fn text_of(object: &Map<String, Value>) -> String {
    // Printing a tree that was parsed cannot fail; an empty text would be refused as JSON.
    serde_json::to_string(object).unwrap_or_default()
}

/// Reads an array of entries, one at a time: no tree of the whole is ever in memory.
pub fn parse(text: &str) -> Result<Vec<Entry>> {
    no_reserved_key(text)?;
    let mut broken = None;
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = reader.deserialize_seq(Entries { broken: &mut broken });
    match (broken, read) {
        (Some(error), _) => Err(error),
        (None, Ok(entries)) => once_each(entries),
        (None, Err(error)) => {
            Err(Error::invalid("entries_array", "entries must be a JSON array of objects")
                .detail(format!("The value is not: {error}."))
                .hint(SHAPE))
        }
    }
}

const SHAPE: &str = "An entry looks like {\"id\": \"table:products\", \"itemType\": \"table\", \"name\": \"products\", \"qualified_name\": \"main.products\", \"content\": \"...\", \"tags\": [], \"related\": [], \"metadata\": {}}.";

struct Entries<'a> {
    broken: &'a mut Option<Error>,
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = Vec<Entry>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut seq: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(object) = seq.next_element::<Map<String, Value>>()? {
            match Entry::try_from(object) {
                Ok(entry) => entries.push(entry),
                Err(error) => {
                    *self.broken = Some(Error {
                        message: format!("entry {}: {}", entries.len() + 1, error.message),
                        ..error
                    });
                    return Err(serde::de::Error::custom("an entry is malformed"));
                }
            }
        }
        Ok(entries)
    }
}

fn once_each(entries: Vec<Entry>) -> Result<Vec<Entry>> {
    let mut seen = std::collections::HashSet::with_capacity(entries.len());
    for entry in &entries {
        if !seen.insert(entry.id.as_str()) {
            return Err(Error::new(
                Kind::Ambiguous,
                "entry_once",
                format!("entry \"{}\" is given twice", shorten(&entry.id)),
            )
            .hint("Give each id once in a call."));
        }
    }
    Ok(entries)
}

impl TryFrom<Map<String, Value>> for Entry {
    type Error = Error;

    fn try_from(object: Map<String, Value>) -> Result<Self> {
        let mut fields = Fields::default();
        for (key, value) in object {
            let slot = match key.as_str() {
                "id" => &mut fields.id,
                "itemType" | "item_type" => &mut fields.item_type,
                "name" => &mut fields.name,
                "qualified_name" | "qualifiedName" => &mut fields.qualified_name,
                "content" => &mut fields.content,
                "tags" => &mut fields.tags,
                "related" => &mut fields.related,
                "metadata" => &mut fields.metadata,
                _ => {
                    return Err(Error::invalid(
                        "entry_keys",
                        format!("unknown key \"{}\"", shorten(&key)),
                    )
                    .detail("An entry has the keys id, itemType, name, qualified_name, content, tags, related and metadata.")
                    .hint("Put other facts into metadata."));
                }
            };
            if slot.replace(value).is_some() {
                return Err(Error::invalid(
                    "entry_keys",
                    format!("key \"{key}\" is given in two spellings"),
                )
                .hint("Give each key once."));
            }
        }
        fields.check()
    }
}

#[derive(Default)]
struct Fields {
    id: Option<Value>,
    item_type: Option<Value>,
    name: Option<Value>,
    qualified_name: Option<Value>,
    content: Option<Value>,
    tags: Option<Value>,
    related: Option<Value>,
    metadata: Option<Value>,
}

impl Fields {
    fn check(self) -> Result<Entry> {
        let id = required("id", self.id)?;
        let entry = Entry {
            item_type: required("itemType", self.item_type)?,
            name: required("name", self.name)?,
            qualified_name: optional("qualified_name", self.qualified_name)?,
            content: optional("content", self.content)?,
            tags: tags(self.tags)?,
            related: related(self.related)?,
            metadata: object("metadata", self.metadata)?,
            id,
        };
        check_id(&entry.id)?;
        check_item_type(&entry.item_type)?;
        at_most("name", &entry.name, MAX_NAME)?;
        at_most("qualified_name", &entry.qualified_name, MAX_QUALIFIED_NAME)?;
        at_most("content", &entry.content, MAX_CONTENT)?;
        check_metadata(&entry.item_type, &entry.metadata)?;
        at_most("metadata", &entry.metadata_text(), MAX_METADATA)?;
        Ok(entry)
    }
}

/// Checks an entry's id: what an identifier may be, but longer, for names of many parts.
pub fn check_id(id: &str) -> Result<()> {
    let ends = id.starts_with(char::is_whitespace) || id.ends_with(char::is_whitespace);
    if id.is_empty() || ends || id.len() > MAX_ID || id.chars().any(char::is_control) {
        return Err(Error::invalid("entry_id", format!("invalid id \"{}\"", shorten(id)))
            .detail(format!("An id is not blank, has no blank at its ends, no control characters and at most {MAX_ID} bytes."))
            .hint("The convention is kind:name, such as table:products."));
    }
    Ok(())
}

/// Checks the grammar of an item type; which ones there are is up to the user.
pub fn check_item_type(item_type: &str) -> Result<()> {
    let mut bytes = item_type.bytes();
    let head = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
    if head
        && item_type.len() <= 63
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return Ok(());
    }
    Err(Error::invalid("entry_item_type", format!("invalid itemType \"{}\"", shorten(item_type)))
        .detail("An item type is a lower-case word of letters, digits and underscores, beginning with a letter, of at most 63 bytes.")
        .hint("Use table, column, schema, view, document, knowledge, or a word of your own."))
}

fn required(key: &'static str, value: Option<Value>) -> Result<String> {
    let text = text(key, value)?.ok_or_else(|| {
        Error::invalid("entry_keys", format!("key \"{key}\" is missing")).hint(SHAPE)
    })?;
    if text.trim().is_empty() {
        return Err(Error::invalid("entry_keys", format!("key \"{key}\" is blank")).hint(SHAPE));
    }
    Ok(text)
}

fn optional(key: &'static str, value: Option<Value>) -> Result<String> {
    Ok(text(key, value)?.unwrap_or_default())
}

fn text(key: &str, value: Option<Value>) -> Result<Option<String>> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong_type(key, "a string", &other)),
    }
}

fn object(key: &str, value: Option<Value>) -> Result<Map<String, Value>> {
    match value {
        None => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(other) => Err(wrong_type(key, "an object", &other)),
    }
}

fn array(key: &str, value: Option<Value>) -> Result<Vec<Value>> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items),
        Some(other) => Err(wrong_type(key, "an array", &other)),
    }
}

fn wrong_type(key: &str, wanted: &str, got: &Value) -> Error {
    let got = match got {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Error::invalid("entry_types", format!("key \"{key}\" must be {wanted}"))
        .detail(format!("It is {got}."))
        .hint(SHAPE)
}

fn at_most(key: &str, text: &str, bytes: usize) -> Result<()> {
    if text.len() > bytes {
        return Err(Error::too_large("entry_size", format!("key \"{key}\" is too long"))
            .detail(format!("It has {} bytes; the limit is {bytes}.", text.len()))
            .hint("Split the text over several entries."));
    }
    Ok(())
}

fn tags(value: Option<Value>) -> Result<Vec<String>> {
    let mut tags = Vec::new();
    for item in array("tags", value)? {
        let Value::String(tag) = item else {
            return Err(wrong_type("tags", "an array of strings", &item));
        };
        let tag = tag.trim();
        if tag.is_empty() || tag.len() > MAX_TAG || tag.chars().any(char::is_control) {
            return Err(Error::invalid("entry_tags", format!("invalid tag \"{}\"", shorten(tag)))
                .detail(format!(
                    "A tag is not blank, has no control characters and at most {MAX_TAG} bytes."
                ))
                .hint("Leave empty tags away, and put longer texts into content."));
        }
        tags.push(tag.to_owned());
    }
    tags.sort();
    tags.dedup();
    if tags.len() > MAX_TAGS {
        return Err(Error::too_large("entry_tags", "too many tags")
            .detail(format!("There are {}; the limit is {MAX_TAGS}.", tags.len()))
            .hint("Keep the tags that people filter by."));
    }
    Ok(tags)
}

fn related(value: Option<Value>) -> Result<BTreeMap<(String, String), Map<String, Value>>> {
    let mut edges = BTreeMap::new();
    for item in array("related", value)? {
        let (kind, to, properties) = match item {
            Value::String(to) => (DEFAULT_RELATION.to_owned(), to, Map::new()),
            Value::Object(mut edge) => {
                let to = required("related.id", edge.remove("id"))?;
                let kind = text("related.kind", edge.remove("kind"))?;
                let properties = object("related.properties", edge.remove("properties"))?;
                if let Some(key) = edge.keys().next() {
                    return Err(Error::invalid("entry_keys", format!("unknown key \"{}\" in related", shorten(key)))
                        .detail("An element of related is an id, or an object with id, kind and properties.")
                        .hint("Put other facts into properties."));
                }
                (kind.unwrap_or_else(|| DEFAULT_RELATION.to_owned()), to, properties)
            }
            other => return Err(wrong_type("related", "an array of ids or objects", &other)),
        };
        check_id(&to)?;
        crate::name::check(&kind)?;
        edges.insert((kind, to), properties);
    }
    if edges.len() > MAX_RELATED {
        return Err(Error::too_large("entry_related", "too many relations")
            .detail(format!("There are {}; the limit is {MAX_RELATED}.", edges.len()))
            .hint("Let the other ends name this entry instead."));
    }
    Ok(edges)
}

#[derive(Clone, Copy)]
enum Type {
    Text,
    Flag,
    /// An integer that is at least this.
    Count(u64),
    /// A place in an order, from 1.
    Place,
    Object,
}

/// Types of known metadata keys. Unknown keys are kept as they are.
fn known_metadata(item_type: &str) -> &'static [(&'static str, Type)] {
    use Type::{Count, Flag, Object, Place, Text};
    match item_type {
        "table" | "view" => &[
            ("tableName", Text),
            ("relationType", Text),
            ("rowCount", Count(0)),
            ("columnCount", Count(0)),
            ("preferredQuerySurface", Flag),
        ],
        "column" => &[
            ("tableName", Text),
            ("columnName", Text),
            ("dataType", Text),
            ("nullable", Flag),
            ("ordinal", Place),
            ("profile", Object),
        ],
        "schema" => &[("tableCount", Count(0))],
        "document" | "knowledge" => {
            &[("sourceUri", Text), ("contentHash", Text), ("chunkIndex", Count(0))]
        }
        _ => &[],
    }
}

fn check_metadata(item_type: &str, metadata: &Map<String, Value>) -> Result<()> {
    const ANY: [(&str, Type); 2] = [("databaseId", Type::Text), ("schemaName", Type::Text)];
    for (key, wanted) in ANY.iter().chain(known_metadata(item_type)) {
        let Some(value) = metadata.get(*key) else { continue };
        let (fits, name) = match wanted {
            Type::Text => (value.is_string(), "a string"),
            Type::Flag => (value.is_boolean(), "a boolean"),
            Type::Object => (value.is_object(), "an object"),
            Type::Place => {
                let is_place = value.as_u64().is_some_and(|n| (1..=i32::MAX as u64).contains(&n));
                (is_place, "a whole number from 1 to 2147483647")
            }
            Type::Count(least) => (value.as_u64().is_some_and(|n| n >= *least), "a whole number"),
        };
        if !fits {
            return Err(wrong_type(&format!("metadata.{key}"), name, value));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRODUCTS: &str = r#"[{"id":"table:products","itemType":"table","name":"products",
        "qualified_name":"main.products","content":"Product catalog and revenue table.",
        "tags":["sales"],"related":[],"metadata":{"databaseId":"warehouse","schemaName":"main",
        "tableName":"products","relationType":"base_table","rowCount":10,"columnCount":2,
        "preferredQuerySurface":true}}]"#;

    fn broken(text: &str) -> Error {
        parse(text).unwrap_err()
    }

    fn with(fields: &str) -> String {
        format!(r#"[{{"id":"a:b","itemType":"metric","name":"b",{fields}}}]"#)
    }

    #[test]
    fn reads_the_published_example() {
        let entries = parse(PRODUCTS).unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].database_id(), Some("warehouse"));
        assert!(entries[0].preferred());
    }

    #[test]
    fn both_spellings_mean_the_same() {
        let other =
            PRODUCTS.replace("itemType", "item_type").replace("qualified_name", "qualifiedName");
        assert_eq!(
            parse(PRODUCTS).unwrap()[0].content_hash(),
            parse(&other).unwrap()[0].content_hash()
        );
        let both = PRODUCTS.replace(r#""itemType":"#, r#""item_type":"x","itemType":"#);
        assert_eq!(broken(&both).rule, "entry_keys");
    }

    #[test]
    fn names_the_key_that_is_wrong() {
        assert!(broken(&with(r#""titel":"x""#)).message.contains("\"titel\""));
        assert!(broken(&with(r#""content":7"#)).message.contains("\"content\""));
        assert!(broken(&with(r#""metadata":[]"#)).message.contains("\"metadata\""));
        let count = PRODUCTS.replace(r#""rowCount":10"#, r#""rowCount":"10""#);
        assert!(broken(&count).message.contains("metadata.rowCount"));
        for ordinal in ["0", "2147483648", "99999999999", "1.5"] {
            let column = format!(
                r#"[{{"id":"c:a","itemType":"column","name":"a","metadata":{{"ordinal":{ordinal}}}}}]"#
            );
            assert!(broken(&column).message.contains("metadata.ordinal"), "{ordinal}");
        }
        assert!(broken(r#"[{"itemType":"x","name":"y"}]"#).message.contains("\"id\" is missing"));
        assert!(
            broken(r#"[{"id":" ","itemType":"x","name":"y"}]"#).message.contains("\"id\" is blank")
        );
        for (text, rule) in
            [("7", "entries_array"), ("[7]", "entries_array"), ("[", "entries_array")]
        {
            assert_eq!(broken(text).rule, rule);
        }
    }

    #[test]
    fn says_which_entry() {
        let text =
            r#"[{"id":"a:b","itemType":"x","name":"y"},{"id":"a:c","itemType":"X","name":"y"}]"#;
        assert!(broken(text).message.starts_with("entry 2: "));
    }

    #[test]
    fn an_id_counts_once() {
        let twice =
            r#"[{"id":"a","itemType":"x","name":"y"},{"id":"a","itemType":"x","name":"y"}]"#;
        assert_eq!(broken(twice).kind, Kind::Ambiguous);
    }

    #[test]
    fn limits_are_errors_of_their_own() {
        let long = format!(r#""content":"{}""#, "x".repeat(MAX_CONTENT + 1));
        assert_eq!(broken(&with(&long)).kind, Kind::TooLarge);
        let tags: Vec<String> = (0..=MAX_TAGS).map(|i| format!("\"{i}\"")).collect();
        assert_eq!(broken(&with(&format!(r#""tags":[{}]"#, tags.join(",")))).kind, Kind::TooLarge);
        let deep = format!(r#""metadata":{{"a":{}{}}}"#, "[".repeat(500), "]".repeat(500));
        assert_eq!(broken(&with(&deep)).rule, "entries_array");
    }

    #[test]
    fn a_number_cannot_be_forged() {
        let forged = with(r#""metadata":{"a":{"$serde_json::private::Number": "1"}}"#);
        assert_eq!(broken(&forged).rule, "json_reserved_key");
        let said = with(r#""content":"\"$serde_json::private::Number\": 1""#);
        assert_eq!(parse(&said).unwrap().len(), 1);
    }

    #[test]
    fn columns_and_objects_give_the_same_entry() {
        let object = &parse(PRODUCTS).unwrap()[0];
        let columns = Columns {
            id: Some("table:products".to_owned()),
            item_type: Some("table".to_owned()),
            name: Some("products".to_owned()),
            qualified_name: Some("main.products".to_owned()),
            content: Some("Product catalog and revenue table.".to_owned()),
            tags: Some(vec![Value::from(" sales"), Value::from("sales")]),
            related: Some("[]"),
            metadata: Some(
                r#"{"rowCount":10,"columnCount":2,"databaseId":"warehouse","schemaName":"main",
                "tableName":"products","relationType":"base_table","preferredQuerySurface":true}"#,
            ),
        };
        assert_eq!(&Entry::try_from(columns).unwrap(), object);
    }

    #[test]
    fn columns_obey_the_same_rules() {
        let columns = |related, metadata, tags| Columns {
            id: Some("a:b".to_owned()),
            item_type: Some("metric".to_owned()),
            name: Some("b".to_owned()),
            related: Some(related),
            metadata: Some(metadata),
            tags: Some(tags),
            ..Columns::default()
        };
        let broken = |columns| Entry::try_from(columns).unwrap_err();
        assert_eq!(
            Entry::try_from(columns("[]", "{}", Vec::new())).unwrap(),
            parse(r#"[{"id":"a:b","itemType":"metric","name":"b"}]"#).unwrap()[0]
        );
        assert!(broken(Columns::default()).message.contains("\"id\" is missing"));
        assert_eq!(broken(columns("[]", "[]", Vec::new())).rule, "entry_types");
        assert_eq!(broken(columns("[7]", "{}", Vec::new())).rule, "entry_types");
        assert_eq!(broken(columns("[]", "{}", vec![Value::Null])).rule, "entry_types");
        assert_eq!(broken(columns("[]", "{}", vec![Value::from(" ")])).rule, "entry_tags");
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(500), "]".repeat(500));
        assert_eq!(broken(columns("[]", &deep, Vec::new())).rule, "entry_types");
        let forged = r#"{"a":{"$serde_json::private::Number": "1"}}"#;
        assert_eq!(broken(columns("[]", forged, Vec::new())).rule, "json_reserved_key");
    }

    #[test]
    fn edges_read_back_are_the_edges_written() {
        let text = with(
            r#""related":["table:x",{"id":"table:y","kind":"joins_with","properties":{"on":"id"}}]"#,
        );
        let entry = &parse(&text).unwrap()[0];
        assert_eq!(
            entry.related_value().to_string(),
            r#"[{"id":"table:y","kind":"joins_with","properties":{"on":"id"}},{"id":"table:x","kind":"related_to","properties":{}}]"#
        );
        let again = &parse(&with(&format!(r#""related":{}"#, entry.related_value()))).unwrap()[0];
        assert_eq!(again.related, entry.related);
    }

    #[test]
    fn edges_are_ids_or_objects() {
        let text = with(
            r#""related":["table:x",{"id":"table:y","kind":"joins_with","properties":{"on":"id"}},"table:x"]"#,
        );
        let entry = &parse(&text).unwrap()[0];
        assert_eq!(entry.related.len(), 2);
        assert!(broken(&with(r#""related":[{"kind":"x"}]"#)).message.contains("related.id"));
        assert!(broken(&with(r#""related":[{"id":"x","to":"y"}]"#)).message.contains("\"to\""));
    }

    #[test]
    fn order_of_keys_and_tags_changes_no_hash() {
        let one = &parse(&with(r#""tags":["b","a","b"],"metadata":{"x":1,"y":2}"#)).unwrap()[0];
        let two = &parse(&with(r#""metadata":{"y":2,"x":1},"tags":["a","b"]"#)).unwrap()[0];
        assert_eq!(one.content_hash(), two.content_hash());
        let three = &parse(&with(r#""metadata":{"y":2,"x":1},"tags":["a"]"#)).unwrap()[0];
        assert_ne!(one.content_hash(), three.content_hash());
    }
}
