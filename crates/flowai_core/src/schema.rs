//! JSON Schema 2020-12, for the kinds of references and plans.

use serde_json::Value;

use crate::error::{Error, Result};

/// Most problems that one error lists.
const MAX_LISTED: usize = 5;
/// Most characters of one problem's text.
const MAX_PROBLEM: usize = 200;

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
}
