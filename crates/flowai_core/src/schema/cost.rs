//! What checking a value against a schema costs, counted before it is done.
//!
//! The validator is not ours: it neither stops in the middle nor remembers everything that it has found out. A
//! schema of a few lines that names a part twice, which names the next one twice, makes it do the same work
//! 2^n times. So the work is bounded by what is counted here: at the definition how much a schema may ask of
//! one place of a value, and before each check how much it asks of this one. The count follows the schema
//! through the value as the validator would if nothing ever ended early, with a number for how often each
//! part is applied at each place instead of applying it so often.
//!
//! The validator remembers the verdict of a part that leads back to itself, once it has cost something: of that no
//! more than a few repetitions count, else no union of types that contain each other would pass. Of several parts
//! that lead to each other it remembers only some; which ones is its own business, so all repetitions count. They
//! also do when it collects errors: then it remembers nothing, and goes on where it would otherwise stop.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Number, Value};

use super::{matcher, pattern, refused, too_large, too_much};
use crate::error::Result;
use crate::name::shorten;

/// Most bytes of a schema's text.
pub const MAX_BYTES: usize = 1024 * 1024;
/// Most parts of a schema, itself included, that may be applied at one place of a value.
pub const MAX_AT_ONE_PLACE: u64 = 5_000;
/// Most of them that may lead back to themselves inside the value.
pub const MAX_BACK_AT_ONE_PLACE: u64 = 512;
/// Most parts of a schema that may be inside each other at one place of a value: the validator calls itself for
/// each, and a backend's stack is small.
pub const MAX_WITHIN: u32 = 64;
/// The same over all places from the root of a value to one of its leaves.
pub const MAX_WITHIN_VALUE: u32 = 2048;
/// Most parts of all regular expressions of a schema, their repetitions unfolded.
pub const MAX_PATTERN_PARTS: u64 = 100_000;
/// Most steps that a check may take: less than a second.
pub const MAX_STEPS: u64 = 200_000_000;
/// Most meetings of a part of a schema with a part of a value, however often they take place: counting takes
/// time for each.
pub const MAX_VISITS: u64 = 20_000_000;

/// Most repetitions that count of what the validator remembers; and how much less a check may take that
/// rests on it.
const REMEMBERED: u64 = 16;
const MAX_REMEMBERED_STEPS: u64 = MAX_STEPS / 25;

/// What `$schema` may say.
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// One part of a schema: what it asks of a place.
#[derive(Debug, Default)]
struct Part {
    /// Steps that it takes wherever it is applied.
    steps: u64,
    /// Parts that are applied at the same place, and how often.
    here: Vec<(usize, u64)>,
    /// How often those are gone through once more, to find out what they have evaluated.
    again: u64,
    /// Which parts lead to each other: those of one number do.
    circle: usize,
    /// Whether all that lead back to themselves here do so by a reference to this one.
    remembered: bool,
    /// What the value must be, and have, before anything else is asked.
    types: Option<Vec<String>>,
    required: Vec<String>,
    /// Parts that are asked together with this one, in one pass over the members.
    together: Vec<usize>,
    /// Whether its error tells those of its parts.
    tells: bool,
    /// By name, by pattern, and of all other members.
    properties: HashMap<String, usize>,
    patterns: Vec<(Pattern, usize)>,
    additional: Option<usize>,
    unevaluated: Option<usize>,
    /// Of every name.
    names: Option<usize>,
    first_items: Vec<usize>,
    items: Option<usize>,
    every_item: Vec<(usize, u64)>,
    pattern: u64,
    unique: bool,
    /// Whether all of the value is written, to be found among others.
    written: bool,
    /// Values that it is compared with.
    values: Vec<(Value, u64)>,
}

#[derive(Debug)]
struct Pattern {
    matcher: jsonschema::Validator,
    places: u64,
}

/// A schema as parts that point to each other.
#[derive(Debug)]
pub(super) struct Graph {
    /// A part comes before those that are applied where it is.
    parts: Vec<Part>,
    root: usize,
}

/// What a check takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Work {
    pub(super) steps: u64,
    /// Of those, most in one part whose error would tell the errors of its parts.
    pub(super) told: u64,
    /// How many repetitions count of parts that lead back to themselves, and whether there were more.
    repeats: u64,
    rests: bool,
    /// Whether the count is of a search for all errors.
    all_errors: bool,
    /// How often a part of the schema met a part of the value: what counting itself takes.
    visits: u64,
}

impl Graph {
    /// Reads a schema, and refuses it if it asks too much of one place.
    pub(super) fn of(schema: &Value) -> Result<Self> {
        Builder::new(schema)?.read_all()
    }

    /// Counts what checking a value takes, up to the limit.
    pub(super) fn work(&self, value: &Value) -> Result<Work> {
        self.count(value, Work { repeats: REMEMBERED, ..Work::default() })
    }

    /// Counts what collecting all errors takes, up to the limit.
    pub(super) fn work_of_errors(&self, value: &Value) -> Result<Work> {
        self.count(value, Work { repeats: u64::MAX, all_errors: true, ..Work::default() })
    }

    fn count(&self, value: &Value, mut work: Work) -> Result<Work> {
        let mut root = Asked::new();
        apply(&mut root, self.root, 1, 0);
        self.visit(value, root, &mut work)?;
        Ok(work)
    }

    fn visit(&self, value: &Value, mut asked: Asked, work: &mut Work) -> Result<()> {
        let before = work.steps;
        let mut tells = false;
        let mut applied = Vec::with_capacity(asked.len());
        let holds = value.is_object() || value.is_array();
        while let Some((number, (mut times, within))) = asked.pop_first() {
            let part = &self.parts[number];
            if times > work.repeats && part.remembered && holds {
                work.rests = true;
                work.add(times)?;
                times = work.repeats;
            }
            work.visits += 1;
            if !work.all_errors && part.refuses(value) {
                work.add(times)?;
                continue;
            }
            if work.visits > MAX_VISITS {
                return Err(too_much(format!(
                    "More than {MAX_VISITS} times a part of it would meet a part of the value."
                )));
            }
            for (other, more) in &part.here {
                apply(&mut asked, *other, times.saturating_mul(*more), within + 1);
            }
            if within > MAX_WITHIN_VALUE {
                return Err(too_much(format!(
                    "More than {MAX_WITHIN_VALUE} of its parts would be inside each other."
                )));
            }
            tells |= part.tells;
            work.add(times.saturating_mul(part.steps_at(value)))?;
            applied.push((part, times, within + 1));
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    self.member(name, member, &applied, work)?;
                }
            }
            Value::Array(items) => {
                if let Some((_, times, _)) = applied.iter().find(|(part, ..)| part.unique) {
                    // Each is written once, to be told from the others.
                    let written: u64 = items.iter().map(size).sum();
                    work.add(times.saturating_mul(written.saturating_mul(4)))?;
                }
                for (place, item) in items.iter().enumerate() {
                    let mut asked = Asked::new();
                    for (part, times, within) in &applied {
                        let one = part.first_items.get(place).or(part.items.as_ref());
                        if let Some(one) = one {
                            apply(&mut asked, *one, *times, *within);
                        }
                        for (other, more) in &part.every_item {
                            apply(&mut asked, *other, times.saturating_mul(*more), *within);
                        }
                    }
                    if !asked.is_empty() {
                        self.visit(item, asked, work)?;
                    }
                }
            }
            _ => {}
        }
        if tells {
            work.told = work.told.max(work.steps - before);
        }
        Ok(())
    }

    fn member(
        &self,
        name: &str,
        member: &Value,
        applied: &[(&Part, u64, u32)],
        work: &mut Work,
    ) -> Result<()> {
        let mut asked = Asked::new();
        let mut of_name = Asked::new();
        for &(part, times, within) in applied {
            let mut known = false;
            if let Some(one) = part.properties.get(name) {
                known = true;
                apply(&mut asked, *one, times, within);
            }
            if !part.patterns.is_empty() {
                let text = Value::String(name.to_owned());
                for (pattern, one) in &part.patterns {
                    work.add(times.saturating_mul(searching(name, pattern.places)))?;
                    if pattern.matcher.is_valid(&text) {
                        known = true;
                        apply(&mut asked, *one, times, within);
                    }
                }
            }
            if !known {
                for (other, more) in [(part.additional, 1), (part.unevaluated, 2)] {
                    if let Some(other) = other {
                        apply(&mut asked, other, times.saturating_mul(more), within);
                    }
                }
            }
            if let Some(names) = part.names {
                apply(&mut of_name, names, times, within);
            }
        }
        if !of_name.is_empty() {
            self.visit(&Value::String(name.to_owned()), of_name, work)?;
        }
        if asked.is_empty() { Ok(()) } else { self.visit(member, asked, work) }
    }
}

impl Work {
    fn add(&mut self, steps: u64) -> Result<()> {
        self.steps = self.steps.saturating_add(steps);
        let most = if self.rests { MAX_REMEMBERED_STEPS } else { MAX_STEPS };
        if self.steps <= most {
            return Ok(());
        }
        Err(too_much(format!("It would take more than {most} steps.")))
    }
}

/// Which parts are asked about a place: how often, and how many are around them.
type Asked = BTreeMap<usize, (u64, u32)>;

fn apply(asked: &mut Asked, part: usize, times: u64, within: u32) {
    let entry = asked.entry(part).or_insert((0, 0));
    entry.0 = entry.0.saturating_add(times);
    entry.1 = entry.1.max(within);
}

impl Part {
    /// Whether the value is not of its type, or lacks a member: then nothing else is asked.
    fn refuses(&self, value: &Value) -> bool {
        let is = |name: &String| match name.as_str() {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "number" | "integer" => value.is_number(),
            "string" => value.is_string(),
            "array" => value.is_array(),
            _ => value.is_object(),
        };
        let lacks = |members: &Map<String, Value>| {
            self.required.iter().any(|name| !members.contains_key(name))
        };
        self.types.as_ref().is_some_and(|types| !types.iter().any(is))
            || value.as_object().is_some_and(lacks)
    }

    /// Steps at a place, without those of the parts that are applied there.
    fn steps_at(&self, value: &Value) -> u64 {
        let compared = self.values.iter().map(|(other, size)| comparing(other, *size, value));
        let own = match value {
            Value::String(text) => text.len() as u64 / 32 + searching(text, self.pattern),
            Value::Number(number) => reading(number),
            Value::Object(members) => members.len() as u64 + self.properties.len().min(32) as u64,
            Value::Array(_) | Value::Null | Value::Bool(_) => 0,
        };
        let written = if self.written && !value.is_string() { 4 * size(value) } else { 0 };
        let own = own.saturating_add(written);
        compared.fold(self.steps.saturating_add(own), u64::saturating_add)
    }
}

/// Steps to read a number: what is no small integer is taken apart digit by digit.
fn reading(number: &Number) -> u64 {
    if number.as_i64().is_some() { 0 } else { 16 + number.as_str().len() as u64 / 2 }
}

/// Steps to search a text for an expression.
fn searching(text: &str, places: u64) -> u64 {
    (text.len() as u64).saturating_mul(places) / 4 + 32 * places.min(1)
}

/// Steps to compare a value with one of the schema, which has a size.
fn comparing(other: &Value, size: u64, value: &Value) -> u64 {
    let same = match (other, value) {
        (Value::Object(a), Value::Object(b)) => a.len() == b.len(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len(),
        (Value::String(a), Value::String(b)) => a.len() == b.len(),
        (Value::Number(_), Value::Number(_)) => true,
        _ => false,
    };
    if same { size } else { 1 }
}

/// Steps to read a value to its end.
fn size(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(number) => 1 + reading(number),
        Value::String(text) => 1 + text.len() as u64 / 32,
        Value::Array(items) => 1 + items.iter().map(size).sum::<u64>(),
        Value::Object(members) => {
            1 + members
                .iter()
                .map(|(name, member)| 1 + name.len() as u64 / 32 + size(member))
                .sum::<u64>()
        }
    }
}

/// Reads the parts of a schema as they are reached, each once, by its place in the document.
struct Builder<'a> {
    document: &'a Value,
    /// The document's own name, under which it may refer to itself.
    id: &'a str,
    /// Places by the names that the document gives them.
    anchors: HashMap<&'a str, String>,
    numbers: HashMap<String, usize>,
    places: Vec<String>,
    parts: Vec<Part>,
    /// What references lead to.
    targets: HashSet<usize>,
    /// What `allOf` leads to.
    merged: HashSet<usize>,
    pattern_parts: u64,
}

/// Keywords that go through the parts at their place once more, to find out what they have evaluated.
const UNEVALUATED: [&str; 2] = ["unevaluatedProperties", "unevaluatedItems"];

impl<'a> Builder<'a> {
    fn new(document: &'a Value) -> Result<Self> {
        let id = document.get("$id").and_then(Value::as_str).unwrap_or_default();
        let mut builder = Self {
            document,
            id: id.strip_suffix('#').unwrap_or(id),
            anchors: HashMap::new(),
            numbers: HashMap::new(),
            places: Vec::new(),
            parts: Vec::new(),
            targets: HashSet::new(),
            merged: HashSet::new(),
            pattern_parts: 0,
        };
        builder.name_places("", document)?;
        Ok(builder)
    }

    /// Finds the names that parts of the document have. A part may not be a document of its own: what a
    /// reference means would depend on where it stands.
    fn name_places(&mut self, place: &str, schema: &'a Value) -> Result<()> {
        let Value::Object(keywords) = schema else { return Ok(()) };
        if let Some(Value::String(draft)) = keywords.get("$schema")
            && draft.strip_suffix('#').unwrap_or(draft) != DRAFT
        {
            return Err(refused(format!("Its $schema is \"{}\".", shorten(draft))));
        }
        if !place.is_empty() && keywords.get("$id").is_some_and(Value::is_string) {
            return Err(refused(format!("At {place}: only the whole schema may have an $id.")));
        }
        for name in ["$anchor", "$dynamicAnchor"] {
            if let Some(Value::String(anchor)) = keywords.get(name)
                && let Some(other) = self.anchors.insert(anchor, place.to_owned())
                && other != place
            {
                return Err(refused(format!(
                    "Two of its parts are named \"{}\".",
                    shorten(anchor)
                )));
            }
        }
        for (keyword, value) in keywords {
            let place = format!("{place}/{}", escaped(keyword));
            match (keyword.as_str(), value) {
                (
                    "$defs" | "definitions" | "properties" | "patternProperties"
                    | "dependentSchemas" | "dependencies",
                    Value::Object(parts),
                ) => {
                    for (name, part) in parts {
                        self.name_places(&format!("{place}/{}", escaped(name)), part)?;
                    }
                }
                ("allOf" | "anyOf" | "oneOf" | "prefixItems" | "items", Value::Array(parts)) => {
                    for (number, part) in parts.iter().enumerate() {
                        self.name_places(&format!("{place}/{number}"), part)?;
                    }
                }
                ("const" | "enum" | "default" | "examples", _) => {}
                (_, Value::Object(_)) => self.name_places(&place, value)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The number of the part at a place; it is read when its turn comes.
    fn part(&mut self, place: String) -> usize {
        if let Some(number) = self.numbers.get(&place) {
            return *number;
        }
        let number = self.places.len();
        self.numbers.insert(place.clone(), number);
        self.places.push(place);
        number
    }

    fn read_all(mut self) -> Result<Graph> {
        self.part(String::new());
        while let Some(place) = self.places.get(self.parts.len()).cloned() {
            let part = self.read(&place)?;
            self.parts.push(part);
        }
        self.forget_what_is_asked_late();
        if self.pattern_parts > MAX_PATTERN_PARTS {
            return Err(too_large(format!(
                "Its regular expressions have {} parts, repetitions unfolded; the limit is {MAX_PATTERN_PARTS}.",
                self.pattern_parts
            )));
        }
        in_order(self.parts, &self.targets)
    }

    /// The validator asks for required members before it goes into any, but not where it does both in one
    /// pass: for two of them, for those of closed objects, and for objects that `allOf` puts together.
    fn forget_what_is_asked_late(&mut self) {
        let mut merged: Vec<usize> = self.merged.iter().copied().collect();
        while let Some(number) = merged.pop() {
            for other in self.parts[number].together.clone() {
                if self.merged.insert(other) {
                    merged.push(other);
                }
            }
        }
        for (number, part) in self.parts.iter_mut().enumerate() {
            let apart = match part.required.len() {
                1 => true,
                2 => false,
                _ => part.additional.is_none(),
            };
            if !apart || self.merged.contains(&number) {
                part.required.clear();
            }
        }
    }

    fn read(&mut self, place: &str) -> Result<Part> {
        let mut part = Part { steps: 1, ..Part::default() };
        let Some(Value::Object(keywords)) = self.document.pointer(place) else { return Ok(part) };
        part.steps += keywords.len() as u64;
        for (keyword, value) in keywords {
            let at = format!("{place}/{}", escaped(keyword));
            match (keyword.as_str(), value) {
                ("$ref" | "$dynamicRef", Value::String(reference)) => {
                    let target = self.target(reference)?;
                    let target = self.part(target);
                    self.targets.insert(target);
                    part.together.push(target);
                    part.here.push((target, 1));
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
                    part.tells |= keyword != "allOf";
                    for number in 0..parts.len() {
                        let number = self.part(format!("{at}/{number}"));
                        if keyword == "allOf" {
                            self.merged.insert(number);
                        }
                        part.here.push((number, 1));
                    }
                }
                ("not" | "if" | "then" | "else" | "contentSchema", _) => {
                    part.here.push((self.part(at), 1));
                }
                ("dependentSchemas" | "dependencies", Value::Object(parts)) => {
                    for name in parts.keys() {
                        part.here.push((self.part(format!("{at}/{}", escaped(name))), 1));
                    }
                }
                ("properties", Value::Object(parts)) => {
                    for name in parts.keys() {
                        let number = self.part(format!("{at}/{}", escaped(name)));
                        part.properties.insert(name.clone(), number);
                    }
                }
                ("patternProperties", Value::Object(parts)) => {
                    for text in parts.keys() {
                        let size = self.pattern(text);
                        let pattern = Pattern { matcher: matcher(text)?, places: size };
                        let number = self.part(format!("{at}/{}", escaped(text)));
                        part.patterns.push((pattern, number));
                    }
                }
                ("additionalProperties", _) => part.additional = Some(self.part(at)),
                ("unevaluatedProperties", _) => part.unevaluated = Some(self.part(at)),
                ("propertyNames", _) => part.names = Some(self.part(at)),
                ("prefixItems", Value::Array(parts)) => {
                    for number in 0..parts.len() {
                        let number = self.part(format!("{at}/{number}"));
                        part.first_items.push(number);
                    }
                }
                ("items", _) => part.items = Some(self.part(at)),
                ("contains" | "additionalItems", _) => part.every_item.push((self.part(at), 1)),
                ("unevaluatedItems", _) => part.every_item.push((self.part(at), 2)),
                ("pattern", Value::String(text)) => part.pattern = self.pattern(text),
                ("uniqueItems", Value::Bool(unique)) => part.unique = *unique,
                ("required", Value::Array(names)) => {
                    part.steps += names.len() as u64;
                    part.required = texts(names);
                }
                ("type", Value::String(name)) => part.types = Some(vec![name.clone()]),
                ("type", Value::Array(names)) => part.types = Some(texts(names)),
                ("dependentRequired", Value::Object(lists)) => {
                    let names = |list: &Value| list.as_array().map_or(0, Vec::len) as u64;
                    part.steps += lists.values().map(|list| 1 + names(list)).sum::<u64>();
                }
                ("const", _) => part.values.push((value.clone(), size(value))),
                // Found by what is written, the texts by themselves.
                ("enum", Value::Array(values)) => {
                    part.written |= !values.iter().all(Value::is_string);
                }
                _ => {}
            }
        }
        if part.items.is_none() && UNEVALUATED.iter().any(|k| keywords.contains_key(*k)) {
            // What `contains` finds is asked for once more.
            part.every_item.iter_mut().for_each(|(_, times)| *times += 1);
        }
        part.again = UNEVALUATED.iter().filter(|k| keywords.contains_key(**k)).count() as u64;
        Ok(part)
    }

    fn pattern(&mut self, text: &str) -> u64 {
        let size = pattern::size(text);
        // Also the smallest takes its time to be made.
        self.pattern_parts = self.pattern_parts.saturating_add(size.parts).saturating_add(50);
        size.places
    }

    /// The place that a reference means.
    fn target(&self, reference: &str) -> Result<String> {
        let unknown = || refused(format!("A reference leads nowhere: \"{}\".", shorten(reference)));
        let (document, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        if !document.is_empty() && document != self.id {
            return Err(refused(format!(
                "A reference leads to another document: \"{}\".",
                shorten(reference)
            )));
        }
        let fragment = percent_decoded(fragment).ok_or_else(unknown)?;
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return self.anchors.get(fragment.as_str()).cloned().ok_or_else(unknown);
        }
        match self.document.pointer(&fragment) {
            Some(Value::Object(_) | Value::Bool(_)) => Ok(fragment),
            _ => Err(unknown()),
        }
    }
}

fn texts(values: &[Value]) -> Vec<String> {
    values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Puts the parts in order, and counts what they ask of one place.
fn in_order(mut parts: Vec<Part>, targets: &HashSet<usize>) -> Result<Graph> {
    let mut around = vec![0_usize; parts.len()];
    for (inside, _) in parts.iter().flat_map(|part| &part.here) {
        around[*inside] += 1;
    }
    let mut order: Vec<usize> = (0..parts.len()).filter(|part| around[*part] == 0).collect();
    let mut next = 0;
    while let Some(part) = order.get(next).copied() {
        next += 1;
        for (inside, _) in &parts[part].here {
            around[*inside] -= 1;
            if around[*inside] == 0 {
                order.push(*inside);
            }
        }
    }
    if order.len() < parts.len() {
        return Err(refused(
            "A reference leads back to itself without going into the value.".to_owned(),
        ));
    }
    let circles = circles(&parts);
    for (part, circle) in parts.iter_mut().zip(circles) {
        part.circle = circle;
    }
    let mut targets_of = HashMap::new();
    for target in targets {
        *targets_of.entry(parts[*target].circle).or_insert(0) += 1;
    }
    for target in targets {
        let circle = parts[*target].circle;
        let back = parts[*target].all().any(|inside| parts[inside].circle == circle);
        parts[*target].remembered = back && targets_of.get(&circle) == Some(&1);
    }
    let mut depth = vec![1_u32; parts.len()];
    let mut count = vec![1_u64; parts.len()];
    let mut back: Vec<u64> = parts.iter().map(|part| part.leads_back(&parts)).collect();
    for &number in order.iter().rev() {
        let part = &mut parts[number];
        let below = part.here.iter().map(|(inside, _)| depth[*inside]).max().unwrap_or(0);
        depth[number] = 1 + below;
        let more = part.again * (2 + u64::from(below));
        for (inside, times) in &mut part.here {
            *times += more;
            let all = times.saturating_mul(count[*inside]);
            count[number] = count[number].saturating_add(all);
            back[number] = back[number].saturating_add(times.saturating_mul(back[*inside]));
        }
        if depth[number] > MAX_WITHIN {
            return Err(too_large(format!(
                "More than {MAX_WITHIN} of its parts are inside each other at one place of a value."
            )));
        }
        if count[number] > MAX_AT_ONE_PLACE {
            return Err(too_large(format!(
                "At one place of a value its parts would be applied {} times, references unfolded; the limit is {MAX_AT_ONE_PLACE}.",
                count[number]
            )));
        }
        if back[number] > MAX_BACK_AT_ONE_PLACE {
            return Err(too_large(format!(
                "At one place of a value {} of its parts would lead back to themselves, references unfolded; the limit is {MAX_BACK_AT_ONE_PLACE}.",
                back[number]
            )));
        }
    }
    let mut new = vec![0; parts.len()];
    for (number, old) in order.iter().enumerate() {
        new[*old] = number;
    }
    let mut placed: Vec<(usize, Part)> =
        parts.into_iter().enumerate().map(|(old, part)| (new[old], part)).collect();
    placed.sort_unstable_by_key(|(number, _)| *number);
    let parts = placed.into_iter().map(|(_, part)| part.renumbered(&new)).collect();
    Ok(Graph { parts, root: new[0] })
}

/// Numbers parts so that those have the same number that lead to each other.
fn circles(parts: &[Part]) -> Vec<usize> {
    // Once along the references, for an order in which parts are left; once against them.
    let mut seen = vec![false; parts.len()];
    let mut left = Vec::with_capacity(parts.len());
    for start in 0..parts.len() {
        let mut stack = vec![(start, false)];
        while let Some((number, done)) = stack.pop() {
            if done {
                left.push(number);
            } else if !std::mem::replace(&mut seen[number], true) {
                stack.push((number, true));
                stack.extend(parts[number].all().map(|inside| (inside, false)));
            }
        }
    }
    let mut around = vec![Vec::new(); parts.len()];
    for (number, part) in parts.iter().enumerate() {
        part.all().for_each(|inside| around[inside].push(number));
    }
    let mut circle = vec![usize::MAX; parts.len()];
    for start in left.into_iter().rev() {
        let mut stack = vec![start];
        while let Some(number) = stack.pop() {
            if circle[number] == usize::MAX {
                circle[number] = start;
                stack.extend(&around[number]);
            }
        }
    }
    circle
}

impl Part {
    /// The parts that it applies inside the place.
    fn inside(&self) -> impl Iterator<Item = usize> {
        let alone = [self.additional, self.unevaluated, self.names, self.items];
        let named = self.properties.values().chain(self.patterns.iter().map(|(_, number)| number));
        let items = self.first_items.iter().chain(self.every_item.iter().map(|(number, _)| number));
        alone.into_iter().flatten().chain(named.chain(items).copied())
    }

    fn all(&self) -> impl Iterator<Item = usize> {
        self.inside().chain(self.here.iter().map(|(number, _)| *number))
    }

    /// How many parts it applies inside that lead back to it.
    fn leads_back(&self, parts: &[Self]) -> u64 {
        self.inside().filter(|inside| parts[*inside].circle == self.circle).count() as u64
    }

    fn renumbered(mut self, new: &[usize]) -> Self {
        let alone = [&mut self.additional, &mut self.unevaluated, &mut self.names, &mut self.items];
        alone.into_iter().flatten().for_each(|number| *number = new[*number]);
        self.properties.values_mut().for_each(|number| *number = new[*number]);
        self.patterns.iter_mut().for_each(|(_, number)| *number = new[*number]);
        self.first_items.iter_mut().for_each(|number| *number = new[*number]);
        let lists = [&mut self.here, &mut self.every_item];
        lists.into_iter().flatten().for_each(|(number, _)| *number = new[*number]);
        self
    }
}

/// A key as JSON Pointer writes it.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
