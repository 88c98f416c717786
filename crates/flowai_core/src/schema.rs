//! JSON Schema 2020-12, for the kinds of references and plans.

use std::rc::Rc;

use serde_json::Value;

use crate::digest::Digest;
use crate::error::{Error, Result};

/// Most problems that one error lists.
const MAX_LISTED: usize = 5;
/// Most characters of one problem's text.
const MAX_PROBLEM: usize = 200;

/// Most schemas that are kept compiled.
const MAX_KEPT: usize = 64;
/// Most bytes of text that the schemas kept have together: what a schema needs compiled grows with it.
const MAX_KEPT_BYTES: usize = 4 * 1024 * 1024;

/// A compiled schema.
#[derive(Debug)]
pub struct Schema(jsonschema::Validator);

impl Schema {
    /// Compiles a schema. It stands alone: a `$ref` to another document is an error, because what a
    /// schema means must not depend on what a network gives.
    pub fn compile(schema: &Value) -> Result<Self> {
        jsonschema::draft202012::options()
            .offline()
            // Linear in the text, whatever the pattern: a schema must not be able to hang a backend.
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .build(schema)
            .map(Self)
            .map_err(|error| {
                Error::invalid("schema_valid", "invalid JSON Schema")
                    .detail(sentence(&error.instance_path().to_string(), &error.to_string()))
                    .hint("Schemas are JSON Schema 2020-12 and stand alone: no $ref to other documents, no look-around in patterns.")
            })
    }

    /// Checks a value; the error says everything that is wrong with it, up to a few problems.
    pub fn check(&self, value: &Value, rule: &'static str, what: &str) -> Result<()> {
        if self.0.is_valid(value) {
            return Ok(());
        }
        let problems: Vec<String> = self
            .0
            .iter_errors(value)
            .take(MAX_LISTED)
            .map(|e| {
                sentence(&e.instance_path().to_string(), &e.masked_with("the value").to_string())
            })
            .collect();
        Err(Error::invalid(rule, format!("{what} does not match the schema of its kind"))
            .detail(problems.join(" "))
            .hint("Correct the value, or define a new revision of the kind."))
    }
}

/// Compiled schemas by the digest of their text: the one used longest ago goes first. A digest says what a
/// schema is for ever, so nothing here is ever out of date.
#[derive(Debug, Default)]
pub struct Schemas {
    /// In order of last use.
    kept: Vec<(Digest, usize, Rc<Schema>)>,
}

impl Schemas {
    /// The schema that a JSON text is, from here or compiled now.
    pub fn compiled(&mut self, text: &str) -> Result<Rc<Schema>> {
        let digest = *blake3::hash(text.as_bytes()).as_bytes();
        if let Some(place) = self.kept.iter().position(|(known, ..)| *known == digest) {
            let found = self.kept.remove(place);
            let schema = found.2.clone();
            self.kept.push(found);
            return Ok(schema);
        }
        let value = serde_json::from_str(text).map_err(|e| Error::internal(e.to_string()))?;
        let schema = Rc::new(Schema::compile(&value)?);
        if text.len() <= MAX_KEPT_BYTES {
            self.kept.push((digest, text.len(), schema.clone()));
        }
        while self.kept.len() > MAX_KEPT || self.bytes() > MAX_KEPT_BYTES {
            self.kept.remove(0);
        }
        Ok(schema)
    }

    fn bytes(&self) -> usize {
        self.kept.iter().map(|(_, bytes, _)| bytes).sum()
    }
}

fn sentence(path: &str, problem: &str) -> String {
    let mut problem: String = problem.chars().take(MAX_PROBLEM).collect();
    if !problem.ends_with('.') {
        problem.push('.');
    }
    let place = if path.is_empty() { "the root" } else { path };
    format!("At {place}: {problem}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn accepts_and_refuses() {
        let schema = Schema::compile(&json!({
            "type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "minimum": 1}}
        }))
        .unwrap();
        assert!(schema.check(&json!({"n": 1}), "r", "x").is_ok());
        let error = schema.check(&json!({"n": 0}), "r", "x").unwrap_err();
        assert!(error.detail.unwrap().starts_with("At /n: the value is less than"));
        assert!(schema.check(&json!({}), "r", "x").is_err());
    }

    #[test]
    fn refuses_what_is_no_schema() {
        for bad in [
            json!({"type": "no such type"}),
            json!({"properties": 1}),
            json!({"$ref": "https://example.com/schema.json"}),
            json!({"pattern": "(?=a)"}),
            json!(17),
        ] {
            assert_eq!(Schema::compile(&bad).unwrap_err().rule, "schema_valid", "{bad}");
        }
        assert!(Schema::compile(&json!({"$ref": "#/$defs/a", "$defs": {"a": true}})).is_ok());
    }

    #[test]
    fn keeps_what_was_compiled_within_bounds() {
        let mut schemas = Schemas::default();
        let first = schemas.compiled("{\"type\": \"string\"}").unwrap();
        assert!(Rc::ptr_eq(&first, &schemas.compiled("{\"type\": \"string\"}").unwrap()));
        // Another text is another schema.
        let number = schemas.compiled("{\"type\": \"number\"}").unwrap();
        assert!(number.check(&json!("x"), "r", "x").is_err());
        for n in 0..MAX_KEPT {
            schemas.compiled(&format!("{{\"minimum\": {n}}}")).unwrap();
            // One that is used stays.
            assert!(Rc::ptr_eq(&first, &schemas.compiled("{\"type\": \"string\"}").unwrap()));
        }
        assert_eq!(schemas.kept.len(), MAX_KEPT);
        assert!(!Rc::ptr_eq(&number, &schemas.compiled("{\"type\": \"number\"}").unwrap()));
        // Large ones drive the others out, and one that is too large is not kept at all.
        let large = |n: usize| format!("{{\"title\": \"{}\"}}", "x".repeat(MAX_KEPT_BYTES / 2 + n));
        schemas.compiled(&large(0)).unwrap();
        schemas.compiled(&large(1)).unwrap();
        assert_eq!(schemas.kept.len(), 1);
        schemas.compiled(&large(MAX_KEPT_BYTES)).unwrap();
        assert_eq!(schemas.kept.len(), 1);
        // What is no schema is refused each time.
        assert!(schemas.compiled("17").is_err());
        assert!(schemas.compiled("17").is_err());
    }
}
