//! JSON Schema 2020-12, for the kinds of references and plans.

use std::rc::Rc;

use serde_json::Value;

use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::json;

/// Most problems that one error lists.
const MAX_LISTED: usize = 5;
/// Most characters of one problem's text.
const MAX_PROBLEM: usize = 200;

/// Most schemas that are kept compiled.
const MAX_KEPT: usize = 64;
/// Most bytes of a compiled regular expression.
const MAX_PATTERN_BYTES: usize = 1024 * 1024;
/// Most bytes of text that the schemas kept have together: what a schema needs compiled grows with it.
const MAX_KEPT_BYTES: usize = 4 * 1024 * 1024;

/// Most steps of a check whose errors are collected, as far as they are told: each takes memory.
const MAX_COLLECTED: u64 = 50_000;

mod cost;
mod number;
mod pattern;

pub use cost::{
    MAX_AT_ONE_PLACE, MAX_BACK_AT_ONE_PLACE, MAX_BYTES, MAX_PATTERN_PARTS, MAX_STEPS, MAX_VISITS,
    MAX_WITHIN, MAX_WITHIN_VALUE,
};

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    validator: jsonschema::Validator,
    graph: cost::Graph,
}

impl Schema {
    /// Compiles a schema. It stands alone: a `$ref` to another document is an error, because what a
    /// schema means must not depend on what a network gives.
    ///
    /// # Errors
    /// `schema_valid` for what is no schema of this sort, `schema_size` for one that asks too much of one
    /// place of a value.
    pub fn compile(schema: &Value) -> Result<Self> {
        // What is no schema is told by who knows them; how much it asks must be known before it is compiled.
        if !schema.is_object() && !schema.is_boolean() {
            return Err(refused("It is neither an object nor true or false.".to_owned()));
        }
        let graph = cost::Graph::of(schema)?;
        Ok(Self { validator: validator(schema)?, graph })
    }

    /// Compiles the schema that a JSON text is.
    pub fn read(text: &str) -> Result<Self> {
        if text.len() > MAX_BYTES {
            return Err(too_large(format!(
                "It has {} bytes; the limit is {MAX_BYTES}.",
                text.len()
            )));
        }
        Self::compile(&json::read("schema", text)?)
    }

    /// Checks a value; the error says everything that is wrong with it, up to a few problems. `what` is
    /// the value's name.
    pub fn check(&self, value: &Value, rule: &'static str, what: &str) -> Result<()> {
        self.graph.work(value).map_err(|error| Error {
            message: format!("{what} cannot be checked against its schema"),
            ..error
        })?;
        if self.validator.is_valid(value) {
            return Ok(());
        }
        let tell = |e: jsonschema::ValidationError| {
            sentence(&e.instance_path().to_string(), &e.masked_with("the value").to_string())
        };
        let work = self.graph.work_of_errors(value).ok();
        let at_most =
            |steps: fn(cost::Work) -> u64| work.is_some_and(|w| steps(w) <= MAX_COLLECTED);
        let problems: Vec<String> = if at_most(|work| work.steps) {
            self.validator.iter_errors(value).take(MAX_LISTED).map(tell).collect()
        } else if at_most(|work| work.told) {
            // The first one, at which the search ends.
            self.validator.validate(value).err().map(tell).into_iter().collect()
        } else {
            vec!["It is too large to say where.".to_owned()]
        };
        Err(Error::invalid(rule, format!("{what} does not match the schema of its kind"))
            .detail(problems.join(" "))
            .hint("Correct the value, or define a new revision of the kind."))
    }
}

fn validator(schema: &Value) -> Result<jsonschema::Validator> {
    let options = jsonschema::draft202012::options()
        .offline()
        // Linear in the text, whatever the pattern: a schema must not be able to hang a backend.
        .with_pattern_options(jsonschema::PatternOptions::regex().size_limit(MAX_PATTERN_BYTES));
    number::with_exact_numbers(options)
        .build(schema)
        .map_err(|error| refused(sentence(&error.instance_path().to_string(), &error.to_string())))
}

/// Tells whether texts match an expression, as the keyword `pattern` does.
fn matcher(pattern: &str) -> Result<jsonschema::Validator> {
    validator(&serde_json::json!({ "pattern": pattern }))
}

fn refused(detail: String) -> Error {
    Error::invalid("schema_valid", "invalid JSON Schema")
        .detail(detail)
        .hint("Schemas are JSON Schema 2020-12 and stand alone: no $ref to other documents, no look-around in patterns.")
}

fn too_large(detail: String) -> Error {
    Error::too_large("schema_size", "the JSON Schema asks too much")
        .detail(detail)
        .hint("Name each alternative once, and tell them apart by a property with const.")
}

fn too_much(detail: String) -> Error {
    Error::too_large("schema_work", "the check would take too long")
        .detail(detail)
        .hint("Check smaller values, or simplify the schema: fewer alternatives, no parts that name each other twice.")
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
        let schema = Rc::new(Schema::read(text)?);
        self.kept.push((digest, text.len(), schema.clone()));
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
    fn numbers_are_exact() {
        let check = |schema: &str, value: &str| {
            let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            Schema::compile(&read(schema)).unwrap().check(&read(value), "r", "x").is_ok()
        };
        for (schema, fits, does_not) in [
            (r#"{"type": "integer"}"#, "9007199254740993", "9007199254740993.5"),
            (r#"{"type": "integer"}"#, "-1.0", "1.00000000000000000001"),
            (r#"{"type": ["integer", "null"]}"#, "1e400", "1e-400"),
            (r#"{"type": "integer"}"#, "0e-400", "10e-2"),
            (r#"{"maximum": 100}"#, "1.00e2", "100.00000000000000000001"),
            (
                r#"{"maximum": 18446744073709551616}"#,
                "18446744073709551616",
                "18446744073709551617",
            ),
            (r#"{"maximum": 1e400}"#, "1e399", "1e401"),
            (r#"{"maximum": -0.5}"#, "-0.50", "-0.49999999999999999999"),
            (r#"{"minimum": 0}"#, "1e-400", "-1e-400"),
            (r#"{"minimum": -12}"#, "-12", "-123"),
            (r#"{"exclusiveMinimum": 0}"#, "1e-400", "0.0"),
            (r#"{"exclusiveMaximum": 0}"#, "-1e-400", "-0.0"),
            (r#"{"const": 18446744073709551616}"#, "18446744073709551616", "18446744073709551617"),
            (
                r#"{"const": {"a": [0.1]}}"#,
                r#"{"a": [0.10]}"#,
                r#"{"a": [0.10000000000000000001]}"#,
            ),
            (
                r#"{"enum": ["x", 12345678901234567890123]}"#,
                "12345678901234567890123",
                "12345678901234567890124",
            ),
            (r#"{"enum": ["x", 1]}"#, r#""x""#, r#""1""#),
            (r#"{"multipleOf": 0.01}"#, "100000000000000000.01", "100000000000000000.001"),
            (r#"{"multipleOf": 1e-5}"#, "1e100000", "1e-100000"),
            (r#"{"multipleOf": 7}"#, "7e300", "1e300"),
            (r#"{"multipleOf": 0.3}"#, "-0.9", "1"),
            (
                r#"{"uniqueItems": true}"#,
                r#"[12345678901234567890123, 12345678901234567890124, [1], [[1]], "1", 1, -1, {"a": 1}, {"b": 1}]"#,
                "[12345678901234567890123, 1.2345678901234567890123e22]",
            ),
            (r#"{"uniqueItems": true}"#, "[0, 1]", "[0, -0.0]"),
            (
                r#"{"type": "array", "items": {"type": "integer"}, "minItems": 1}"#,
                "[1.0]",
                "[9007199254740993.5]",
            ),
            (
                r#"{"additionalProperties": {"type": "integer"}}"#,
                r#"{"a": 1}"#,
                r#"{"a": 9007199254740993.5}"#,
            ),
            (
                r#"{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": false}"#,
                r#"{"a": 1e2}"#,
                r#"{"a": 9007199254740993.5}"#,
            ),
            (r#"{"contains": {"const": 1}}"#, "[2, 1.0]", "[1.00000000000000000001]"),
            (
                r#"{"uniqueItems": true}"#,
                "[[1, 23], [12, 3]]",
                r#"[{"a": 1, "b": 2}, {"b": 2.0, "a": 1}]"#,
            ),
        ] {
            assert!(check(schema, fits), "{schema} {fits}");
            assert!(!check(schema, does_not), "{schema} {does_not}");
        }
        let long = Schema::compile(&json!({"multipleOf": 1_234_567_890_123_456_789_u64}));
        assert_eq!(long.unwrap_err().rule, "schema_valid");
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
        // Large ones drive the others out, and one that is too large is none.
        let large = |n: usize| format!("{{\"title\": \"{}\"}}", "x".repeat(MAX_BYTES - 15 - n));
        for n in 0..9 {
            schemas.compiled(&large(n)).unwrap();
        }
        assert_eq!(schemas.kept.len(), MAX_KEPT_BYTES / MAX_BYTES);
        let error = schemas.compiled(&large(0).replace("xx", "xxx")).unwrap_err();
        assert_eq!(error.rule, "schema_size");
        // What is no schema is refused each time.
        assert!(schemas.compiled("17").is_err());
        assert!(schemas.compiled("17").is_err());
    }

    /// `d0` names `d1` twice with a keyword, and so on: applied 2^n times where nothing bounds it.
    fn doubling(n: usize, wrap: impl Fn(Value, Value) -> Value, last: Value) -> Value {
        let mut parts = serde_json::Map::new();
        for i in 0..n {
            let next = json!({"$ref": format!("#/$defs/d{}", i + 1)});
            parts.insert(format!("d{i}"), wrap(next.clone(), next));
        }
        parts.insert(format!("d{n}"), last);
        json!({"$ref": "#/$defs/d0", "$defs": parts})
    }

    fn rule(schema: &Value) -> &'static str {
        Schema::compile(schema).map_or_else(|e| e.rule, |_| "")
    }

    #[test]
    fn refuses_what_asks_too_much_of_one_place() {
        let wraps: [fn(Value, Value) -> Value; 8] = [
            |a, b| json!({"anyOf": [a, b]}),
            |a, b| json!({"allOf": [a, b]}),
            |a, b| json!({"oneOf": [a, b]}),
            |a, b| json!({"not": a, "allOf": [b]}),
            |a, b| json!({"if": a, "then": b}),
            |a, b| json!({"if": a, "else": b}),
            |a, b| json!({"dependentSchemas": {"a": a, "b": b}}),
            |a, b| json!({"contentSchema": a, "anyOf": [b]}),
        ];
        for wrap in wraps {
            assert_eq!(rule(&doubling(3, wrap, json!({"const": "no"}))), "");
            assert_eq!(rule(&doubling(18, wrap, json!({"const": "no"}))), "schema_size");
        }
        // One after the other is deep, and no more.
        let chain = |n| doubling(n, |a, _| a, json!({"type": "string"}));
        assert_eq!(rule(&chain(50)), "");
        assert_eq!(rule(&chain(100)), "schema_size");
        // What was evaluated is found out by evaluating once more, at each level.
        let mut nested = json!({"unevaluatedProperties": false});
        for _ in 0..12 {
            nested = json!({"allOf": [nested], "unevaluatedProperties": false});
        }
        assert_eq!(rule(&nested), "schema_size");
        assert_eq!(rule(&json!({"pattern": "((\\p{L}{30}){30}){30}"})), "schema_size");
        assert_eq!(rule(&json!({"pattern": "^\\w{1,64}@[a-z.]{3,100}$"})), "");
        let many: serde_json::Map<String, Value> =
            (0..10_000).map(|n| (format!("x{n}"), json!(true))).collect();
        assert_eq!(rule(&json!({ "patternProperties": many })), "schema_size");
    }

    #[test]
    fn refuses_what_means_other_documents_or_itself() {
        for bad in [
            json!({"$ref": "#"}),
            json!({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"not": {"$ref": "#"}}}}),
            json!({"$dynamicRef": "#x", "$defs": {"a": {"$dynamicAnchor": "x", "$ref": "#x"}}}),
            json!({"$ref": "#/nowhere"}),
            json!({"$ref": "#nowhere"}),
            json!({"$ref": "other.json"}),
            json!({"$ref": "#/$defs/%zz", "$defs": {}}),
            json!({"$ref": "https://json-schema.org/draft/2020-12/schema"}),
            json!({"$schema": "http://json-schema.org/draft-07/schema#"}),
            json!({"$defs": {"a": {"$id": "b", "$anchor": "c"}}}),
            json!({"$defs": {"a": {"$anchor": "c"}, "b": {"$anchor": "c"}}}),
        ] {
            assert_eq!(rule(&bad), "schema_valid", "{bad}");
        }
        for good in [
            json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}),
            json!({"$id": "https://example.com/a.json", "$ref": "https://example.com/a.json#/$defs/b", "$defs": {"b": {"$ref": "#c"}, "c": {"$anchor": "c"}}}),
            json!({"$ref": "#/$defs/a%20b~1c", "$defs": {"a b/c": {"type": "string"}}}),
            json!({"properties": {"$id": {"type": "string"}, "$schema": {"const": 1}}}),
            json!({"components": {"schemas": {"a": {"type": "string"}}}, "$ref": "#/components/schemas/a"}),
            json!(true),
        ] {
            assert_eq!(rule(&good), "", "{good}");
        }
    }

    fn tree() -> Value {
        json!({"$dynamicAnchor": "node", "type": "object", "required": ["name"], "additionalProperties": false,
            "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$dynamicRef": "#node"}}}})
    }

    #[test]
    fn ordinary_schemas_pass() {
        let leaf = json!({"name": "x", "children": []});
        let mut value = leaf.clone();
        for _ in 0..50 {
            value = json!({"name": "x", "children": [leaf, value]});
        }
        let schema = Schema::compile(&tree()).unwrap();
        assert!(schema.check(&value, "r", "x").is_ok());
        // Many types, told apart by a property, each of two others.
        let types: Vec<Value> = (0..200)
            .map(|n| {
                json!({"allOf": [{"$ref": "#/$defs/base"}, {"properties": {"type": {"const": format!("t{n}")}}, "required": ["type"]}]})
            })
            .collect();
        let schema = Schema::compile(
            &json!({"oneOf": types, "unevaluatedProperties": false, "$defs": {
            "base": {"type": "object", "properties": {"id": {"type": "string", "format": "uuid", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}}}}}),
        );
        let schema = schema.unwrap();
        let value = json!({"type": "t7", "id": "00000000-0000-0000-0000-000000000000"});
        assert!(schema.check(&value, "r", "x").is_ok());
        assert!(schema.check(&json!({"type": "t200"}), "r", "x").is_err());
        // Types that contain each other.
        let types: Vec<Value> = (0..50)
            .map(|n| {
                json!({"type": "object", "required": ["type"], "properties": {
                    "type": {"const": format!("t{n}")}, "left": {"$ref": "#"}, "right": {"$ref": "#"}}})
            })
            .collect();
        let schema = Schema::compile(&json!({ "oneOf": types })).unwrap();
        // Also where each has a name, if they are told apart by what they have.
        let named: serde_json::Map<String, Value> = (0..50)
            .map(|n| {
                let has = format!("p{n}");
                (format!("t{n}"), json!({"type": "object", "required": [has], "properties": {"left": {"$ref": "#/$defs/any"}, "right": {"$ref": "#/$defs/any"}}}))
            })
            .chain([("any".to_owned(), json!({"anyOf": (0..50).map(|n| json!({"$ref": format!("#/$defs/t{n}")})).collect::<Vec<_>>()}))])
            .collect();
        let named = Schema::compile(&json!({"$ref": "#/$defs/any", "$defs": named})).unwrap();
        let value = (0..60)
            .fold(json!({"p0": 1}), |left, _| json!({"p49": 1, "left": left, "right": {"p7": 1}}));
        assert!(named.check(&value, "r", "x").is_ok());
        let value = (0..100).fold(
            json!({"type": "t49"}),
            |left, _| json!({"type": "t49", "left": left, "right": {"type": "t0"}}),
        );
        assert!(schema.check(&value, "r", "x").is_ok());
        // A table of 100,000 rows.
        let schema = Schema::compile(&json!({"type": "array", "uniqueItems": true, "items": {"type": "object", "required": ["id", "email"],
            "properties": {"id": {"type": "integer", "minimum": 0}, "email": {"type": "string", "pattern": "^[^@]+@[^@]+$", "maxLength": 100},
                           "kind": {"enum": ["a", "b", "c"]}}, "additionalProperties": false}}))
        .unwrap();
        let rows: Vec<Value> = (0..100_000)
            .map(|n| json!({"id": n, "email": format!("person{n}@example.com"), "kind": "b"}))
            .collect();
        assert!(schema.check(&json!(rows), "r", "x").is_ok());
    }

    #[test]
    fn what_is_inside_each_other_fits_a_small_stack() {
        // The last part leads into the value and to the first.
        let mut schema =
            doubling(60, |a, _| json!({"allOf": [a]}), json!({"items": {"$ref": "#/$defs/d0"}}));
        schema["$defs"]["d60"]["type"] = json!(["array", "null"]);
        let nested = |n, last: Value| (0..n).fold(last, |value, _| json!([value]));
        let compiled = Schema::compile(&json!({"$ref": "#/$defs/d0", "$defs": schema["$defs"]}));
        assert_eq!(compiled.unwrap_err().rule, "schema_size");
        let mut schema =
            doubling(28, |a, _| json!({"allOf": [a]}), json!({"items": {"$ref": "#/$defs/d0"}}));
        schema["$defs"]["d28"]["type"] = json!(["array", "null"]);
        let schema = Schema::compile(&schema).unwrap();
        assert!(schema.check(&nested(30, json!(null)), "r", "x").is_ok());
        let error = schema.check(&nested(30, json!(1)), "r", "x").unwrap_err();
        assert!(error.detail.unwrap().starts_with(&format!("At {}: ", "/0".repeat(30))));
        assert_eq!(
            schema.check(&nested(100, json!(null)), "r", "x").unwrap_err().rule,
            "schema_work"
        );
    }

    #[test]
    fn refuses_checks_that_take_too_long() {
        // Each part is applied twice at each level of the value.
        let twice = |a, b| json!({"allOf": [{"items": a}, {"items": b}]});
        let nested = |n| (0..n).fold(json!(1), |value, _| json!([value]));
        let schema = Schema::compile(&doubling(60, twice, json!(true))).unwrap();
        assert!(schema.check(&nested(10), "r", "x").is_ok());
        assert_eq!(schema.check(&nested(60), "r", "x").unwrap_err().rule, "schema_work");
        // The validator remembers a part that leads back to itself; but not when it collects errors.
        let itself =
            json!({"type": "array", "allOf": [{"items": {"$ref": "#"}}, {"items": {"$ref": "#"}}]});
        let schema = Schema::compile(&itself).unwrap();
        let error = schema.check(&nested(60), "r", "x").unwrap_err();
        assert_eq!(error.detail.unwrap(), "It is too large to say where.");
        // Of parts that lead to each other it does not remember each.
        let of = |other: &str| json!({"anyOf": vec![json!({"properties": {"a": {"$ref": other}}}); 200], "items": {"type": "null"}});
        let each_other =
            json!({"$ref": "#/$defs/a", "$defs": {"a": of("#/$defs/b"), "b": of("#/$defs/a")}});
        let schema = Schema::compile(&each_other).unwrap();
        let value = |n| (0..n).fold(json!([null, null]), |value, _| json!({"a": value}));
        assert!(schema.check(&value(1), "r", "x").is_ok());
        assert_eq!(schema.check(&value(4), "r", "x").unwrap_err().rule, "schema_work");
        // Whether members that are missing end a check before it goes into those that are there depends.
        for (required, early) in
            [(json!(["z"]), true), (json!(["a", "z"]), false), (json!(["a", "y", "z"]), true)]
        {
            let of = |other: &str| json!({"anyOf": vec![json!({"required": required, "properties": {"a": {"$ref": other}}}); 200], "items": {"type": "null"}});
            let each_other =
                json!({"$ref": "#/$defs/a", "$defs": {"a": of("#/$defs/b"), "b": of("#/$defs/a")}});
            let error =
                Schema::compile(&each_other).unwrap().check(&value(4), "r", "x").unwrap_err();
            assert_eq!(error.rule, if early { "r" } else { "schema_work" }, "{required}");
        }
        // Items are told apart by what is written, numbers beyond all floats too.
        let unique = Schema::compile(&json!({"uniqueItems": true})).unwrap();
        let numbers: Vec<Value> =
            (0..30_000).map(|n| serde_json::from_str(&format!("{}e400", n + 1)).unwrap()).collect();
        assert!(unique.check(&json!(numbers), "r", "x").is_ok());
        let small: Vec<Value> = (0..100_000).map(Value::from).collect();
        assert!(unique.check(&json!(small), "r", "x").is_ok());
        // Many patterns for many names; a large expression for a long text.
        let patterns: serde_json::Map<String, Value> =
            (0..1000).map(|n| (format!("^x{n}$"), json!(true))).collect();
        let schema = Schema::compile(&json!({ "patternProperties": patterns })).unwrap();
        let members =
            |n: usize| Value::Object((0..n).map(|n| (format!("m{n}"), json!(1))).collect());
        assert!(schema.check(&members(1000), "r", "x").is_ok());
        assert_eq!(schema.check(&members(100_000), "r", "x").unwrap_err().rule, "schema_work");
        let schema = Schema::compile(&json!({"pattern": "(a|b)*a(a|b){1000}c"})).unwrap();
        assert!(schema.check(&json!("ab".repeat(1000)), "r", "x").is_err());
        assert_eq!(
            schema.check(&json!("ab".repeat(1_000_000)), "r", "x").unwrap_err().rule,
            "schema_work"
        );
        // Values to compare with.
        let options: Vec<Value> = (0..5000).map(Value::from).collect();
        let schema = Schema::compile(&json!({"items": {"enum": options}})).unwrap();
        assert!(schema.check(&json!(vec![4999; 100_000]), "r", "x").is_ok());
        let one = json!(vec![1; 200]);
        let constants: Vec<Value> = (0..5000).map(|_| json!({ "const": one })).collect();
        let schema = Schema::compile(&json!({"items": {"anyOf": constants[..4000]}})).unwrap();
        assert!(schema.check(&json!([one]), "r", "x").is_ok());
        assert_eq!(
            schema.check(&json!(vec![json!(vec![2; 200]); 1000]), "r", "x").unwrap_err().rule,
            "schema_work"
        );
    }

    #[test]
    fn problems_of_large_values_are_told_without_collecting_all() {
        let row = json!({"a": "x", "b": [1, 2]});
        let rows = |bad: usize| {
            let mut rows = vec![row.clone(); 20_000];
            rows[bad] = json!({"a": 1});
            Value::Array(rows)
        };
        let simple = json!({"items": {"properties": {"a": {"type": "string"}}}});
        let error = Schema::compile(&simple).unwrap().check(&rows(19_000), "r", "x").unwrap_err();
        assert!(error.detail.unwrap().starts_with("At /19000/a: "));
        let inside =
            json!({"items": {"anyOf": [{"properties": {"a": {"type": "string"}}}, false]}});
        let error = Schema::compile(&inside).unwrap().check(&rows(19_000), "r", "x").unwrap_err();
        assert!(error.detail.unwrap().starts_with("At /19000: "));
        // Each alternative has an error of its own for every row.
        let around = json!({"anyOf": [{"items": {"type": "string"}}, {"items": {"type": "null"}}]});
        let error = Schema::compile(&around).unwrap().check(&rows(0), "r", "x").unwrap_err();
        assert_eq!(error.detail.unwrap(), "It is too large to say where.");
    }
}
