//! Plans: what an agent means to do, before it does it.
//!
//! The states and the moves between them are here and nowhere else. The database repeats the list of
//! legal moves as a CHECK on the history, which a test compares with this one.

use serde_json::{Map, Value};

use crate::error::{Error, Kind, Result};
use crate::json;
use crate::name::{self, shorten};

/// Most bytes of a title.
pub const MAX_TITLE: usize = 500;
/// Most steps of a plan.
pub const MAX_STEPS: usize = 1000;
/// Most references of a step.
pub const MAX_REFERENCES: usize = 100;
/// Most bytes of a plan's body, as JSON text.
pub const MAX_BODY: usize = 1024 * 1024;

/// Where a plan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Being written.
    Draft,
    /// Waits for a decision.
    Submitted,
    /// May be run.
    Approved,
    /// One worker has it.
    Running,
    /// Done.
    Succeeded,
    /// Tried, without success.
    Failed,
    /// Will never be run.
    Cancelled,
}

impl State {
    /// All states, in the order of a plan's life.
    pub const ALL: [Self; 7] = [
        Self::Draft,
        Self::Submitted,
        Self::Approved,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The state's name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Approved => "approved",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Where a plan may go from here.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Draft => &[Self::Submitted, Self::Cancelled],
            Self::Submitted => &[Self::Approved, Self::Draft, Self::Cancelled],
            Self::Approved => &[Self::Running, Self::Cancelled],
            // Back to approved when the worker's lease is over.
            Self::Running => &[Self::Approved, Self::Succeeded, Self::Failed],
            Self::Succeeded | Self::Failed | Self::Cancelled => &[],
        }
    }

    /// What is said to have happened to a plan that went from here to there.
    pub const fn verb(self, to: Self) -> &'static str {
        match (self, to) {
            (Self::Running, Self::Approved) => "released",
            (_, Self::Draft) => "sent_back",
            (_, Self::Running) => "claimed",
            (_, to) => to.name(),
        }
    }
}

/// A plan's body, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// What it is about.
    pub title: String,
    /// In order of execution; at least one.
    pub steps: Vec<Step>,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What to do, by name.
    pub operation: String,
    /// With what.
    pub input: Map<String, Value>,
    /// Handles (kind, id) of what it uses.
    pub references: Vec<(String, String)>,
}

/// Reads a body's JSON text, up to its size.
pub fn read(text: &str) -> Result<Value> {
    if text.len() > MAX_BODY {
        return Err(Error::too_large("plan_size", "the body of the plan is too large")
            .detail(format!("It has {} bytes; the limit is {MAX_BODY}.", text.len()))
            .hint("Store large inputs with flowai.ref_put and name their handles in references."));
    }
    json::read("body", text)
}

/// Checks a body; unknown keys are errors that name them.
pub fn parse(body: &Value) -> Result<Body> {
    let mut fields = object(body, "the body")?;
    let title = text(fields.remove("title"), "title")?;
    let steps = match fields.remove("steps") {
        Some(Value::Array(steps)) if !steps.is_empty() => steps,
        _ => return Err(shape("key \"steps\" must be an array of at least one step")),
    };
    no_other(&fields, "the body")?;
    if title.len() > MAX_TITLE || title.chars().any(char::is_control) {
        return Err(Error::invalid("plan_title", "invalid title")
            .detail(format!("A title is one line of at most {MAX_TITLE} bytes."))
            .hint(SHAPE));
    }
    if steps.len() > MAX_STEPS {
        return Err(Error::too_large("plan_size", "the plan has too many steps")
            .detail(format!("It has {}; the limit is {MAX_STEPS}.", steps.len()))
            .hint("Split it into several plans."));
    }
    let steps = steps
        .iter()
        .zip(1..)
        .map(|(step, number): (&Value, u32)| {
            parse_step(step).map_err(|error| Error {
                message: format!("step {number}: {}", error.message),
                ..error
            })
        })
        .collect::<Result<_>>()?;
    Ok(Body { title, steps })
}

const SHAPE: &str = "A plan looks like {\"title\": \"...\", \"steps\": [{\"operation\": \"...\", \"input\": {}, \"references\": [{\"kind\": \"...\", \"id\": \"...\"}]}]}.";

fn parse_step(step: &Value) -> Result<Step> {
    let mut fields = object(step, "a step")?;
    let operation = text(fields.remove("operation"), "operation")?;
    name::check(&operation)?;
    let input = match fields.remove("input") {
        None => Map::new(),
        Some(Value::Object(input)) => input,
        Some(_) => return Err(shape("key \"input\" must be an object")),
    };
    let references = match fields.remove("references") {
        None => Vec::new(),
        Some(Value::Array(references)) => references,
        Some(_) => return Err(shape("key \"references\" must be an array")),
    };
    no_other(&fields, "a step")?;
    if references.len() > MAX_REFERENCES {
        return Err(Error::too_large("plan_size", "too many references")
            .detail(format!("There are {}; the limit is {MAX_REFERENCES}.", references.len()))
            .hint("Split the step."));
    }
    let mut references = references
        .iter()
        .map(|reference| {
            let mut fields = object(reference, "a reference")?;
            let handle = (text(fields.remove("kind"), "kind")?, text(fields.remove("id"), "id")?);
            no_other(&fields, "a reference")?;
            Ok(handle)
        })
        .collect::<Result<Vec<_>>>()?;
    references.sort();
    references.dedup();
    Ok(Step { operation, input, references })
}

fn object(value: &Value, what: &str) -> Result<Map<String, Value>> {
    match value {
        Value::Object(object) => Ok(object.clone()),
        _ => Err(shape(&format!("{what} must be an object"))),
    }
}

fn text(value: Option<Value>, key: &str) -> Result<String> {
    match value {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text),
        _ => Err(shape(&format!("key \"{key}\" must be a text that is not blank"))),
    }
}

fn no_other(fields: &Map<String, Value>, what: &str) -> Result<()> {
    match fields.keys().next() {
        Some(key) => Err(shape(&format!("unknown key \"{}\" in {what}", shorten(key)))),
        None => Ok(()),
    }
}

fn shape(message: &str) -> Error {
    Error::invalid("plan_shape", message).hint(SHAPE)
}

/// What an argument `state` filters by.
pub fn state_argument(state: Option<&str>) -> Result<Option<State>> {
    state
        .map(|name| {
            State::named(name).ok_or_else(|| {
                let all = State::ALL.map(State::name).join(", ");
                Error::invalid("plan_state_known", format!("unknown state \"{}\"", shorten(name)))
                    .hint(format!("States are {all}."))
            })
        })
        .transpose()
}

/// The plan is not in the state that an operation needs.
pub fn wrong_state(plan: &str, is: State, operation: &str, needs: &[State]) -> Error {
    let needs = needs.iter().map(|s| s.name()).collect::<Vec<_>>().join(" or ");
    let can = match is.next() {
        [] => "Nothing more can be done with it; store a new plan.".to_owned(),
        next => format!(
            "From {} a plan can become {}.",
            is.name(),
            next.iter().map(|s| s.name()).collect::<Vec<_>>().join(" or ")
        ),
    };
    Error::new(
        Kind::WrongState,
        "plan_state",
        format!("plan \"{}\" is {}", shorten(plan), is.name()),
    )
    .detail(format!("To {operation} a plan it must be {needs}."))
    .hint(can)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_a_plan() {
        let body = parse(&json!({"title": "t", "steps": [
            {"operation": "load", "references": [{"kind": "k", "id": "2"}, {"kind": "k", "id": "1"}, {"kind": "k", "id": "2"}]},
            {"operation": "send", "input": {"to": "ops"}}]}))
        .unwrap();
        assert_eq!(body.steps.len(), 2);
        assert_eq!(body.steps[0].references.len(), 2);
        assert_eq!(body.steps[1].input["to"], "ops");
    }

    #[test]
    fn names_what_is_wrong() {
        let step = json!({"operation": "o"});
        for (body, named) in [
            (json!([]), "the body"),
            (json!({"steps": [step]}), "title"),
            (json!({"title": " ", "steps": [step]}), "title"),
            (json!({"title": "t"}), "steps"),
            (json!({"title": "t", "steps": []}), "steps"),
            (json!({"title": "t", "steps": [step], "owner": "x"}), "owner"),
            (
                json!({"title": "t", "steps": [step, {"operation": "o", "inputs": {}}]}),
                "step 2: unknown key \"inputs\"",
            ),
            (json!({"title": "t", "steps": [{"operation": "o", "input": []}]}), "input"),
            (
                json!({"title": "t", "steps": [{"operation": "o", "references": [{"kind": "k"}]}]}),
                "\"id\"",
            ),
        ] {
            let error = parse(&body).unwrap_err();
            assert!(error.message.contains(named), "{}: {named}", error.message);
        }
        let many = vec![step; MAX_STEPS + 1];
        assert_eq!(parse(&json!({"title": "t", "steps": many})).unwrap_err().kind, Kind::TooLarge);
    }
}
