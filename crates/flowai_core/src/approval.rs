//! Approvals: what waits for a person, what the person may say, and when nobody has to be asked.

use serde_json::Value;

use crate::error::{Error, Kind, Result};
use crate::json;
use crate::name::shorten;
use crate::plan::{MAX_TITLE, State};

/// Most bytes of a body that is asked about, as JSON text.
pub const MAX_BODY: usize = 1024 * 1024;
/// Most bytes of a comment.
pub const MAX_COMMENT: usize = 8 * 1024;
/// The kind of subject that plans are.
pub const PLAN: &str = "plan";
/// The kind of subject that calls of tools are.
pub const TOOL: &str = "tool";
/// What a policy names that holds for every subject of its kind without one of its own.
pub const EVERY: &str = "*";

/// What a person may decide about what waits for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Do it.
    Granted,
    /// Never do it.
    Denied,
    /// Not like this: back to its author.
    SentBack,
}

impl Decision {
    /// All decisions.
    pub const ALL: [Self; 3] = [Self::Granted, Self::Denied, Self::SentBack];

    /// The decision's name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::SentBack => "sent_back",
        }
    }

    /// The decision that an argument names.
    pub fn argument(value: Option<&str>) -> Result<Self> {
        let value = value.ok_or_else(|| Error::missing("decision"))?;
        Self::ALL.into_iter().find(|decision| decision.name() == value).ok_or_else(|| {
            Error::invalid("decision_known", format!("unknown decision \"{}\"", shorten(value)))
                .hint("Decide granted, denied or sent_back.")
        })
    }

    /// Where it sends a submitted plan.
    pub const fn moves_to(self) -> State {
        match self {
            Self::Granted => State::Approved,
            Self::Denied => State::Cancelled,
            Self::SentBack => State::Draft,
        }
    }
}

/// When somebody has to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Nobody is asked.
    Never,
    /// Somebody is asked each time.
    Always,
    /// A function of the administrator's says so each time.
    Predicate,
}

impl Policy {
    /// All policies.
    pub const ALL: [Self; 3] = [Self::Never, Self::Always, Self::Predicate];

    /// The policy's name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Always => "always",
            Self::Predicate => "predicate",
        }
    }

    /// The policy of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }

    /// The policy that an argument names. A predicate needs a function, and only a predicate does.
    pub fn argument(value: Option<&str>, has_function: bool) -> Result<Self> {
        let value = value.ok_or_else(|| Error::missing("policy"))?;
        let policy = Self::named(value).ok_or_else(|| {
            Error::invalid(
                "approval_policy_known",
                format!("unknown policy \"{}\"", shorten(value)),
            )
            .hint("Choose never, always or predicate.")
        })?;
        if (policy == Self::Predicate) != has_function {
            return Err(Error::invalid(
                "approval_policy_predicate",
                "a predicate and its function go together",
            )
            .detail("Policy predicate needs argument \"predicate\"; the other policies have none.")
            .hint("Pass policy => 'predicate', predicate => 'app.f(text, text, jsonb)'."));
        }
        Ok(policy)
    }

    /// Whether somebody is asked about a subject of this kind that no policy names: plans have always
    /// waited for a person, and whoever requests an approval wants one; tools just run.
    pub fn asks_by_default(subject_kind: &str) -> bool {
        subject_kind != TOOL
    }
}

/// The tool whose work another one does as well: what guards the one guards the other.
pub fn does_the_work_of(tool: &str) -> Option<&'static str> {
    (tool == "ref_put_query").then_some("execute_query")
}

/// Refuses subjects of policies that would protect nothing.
pub fn check_policy_subject(subject_kind: &str, subject: &str) -> Result<()> {
    let refuse = |detail: &str| {
        Err(Error::invalid("approval_policy_subject", "the policy would protect nothing")
            .detail(detail)
            .hint("Name plan and a kind of plans, tool and a tool, or another kind of subject that approvals are requested about."))
    };
    match subject_kind {
        "plans" | "tools" => refuse("Subjects are called plan and tool."),
        TOOL if subject.starts_with("approval_") => {
            refuse("Tools that ask for approvals are always open.")
        }
        _ => Ok(()),
    }
}

/// Reads the text of a body that is asked about, up to its size.
pub fn read(text: &str) -> Result<Value> {
    if text.len() > MAX_BODY {
        return Err(Error::too_large("approval_size", "argument \"body\" is too large")
            .detail(format!("It has {} bytes; the limit is {MAX_BODY}.", text.len()))
            .hint("Store it with flowai.ref_put, and ask about the handle."));
    }
    json::read("body", text)
}

/// What is asked, in one line: what was given, or else the body's own title, or else what it is about.
pub fn title(
    given: Option<&str>,
    body: &Value,
    subject_kind: &str,
    subject_id: &str,
) -> Result<String> {
    let fits = |title: &str| {
        !title.trim().is_empty() && title.len() <= MAX_TITLE && !title.chars().any(char::is_control)
    };
    if let Some(given) = given {
        if fits(given) {
            return Ok(given.to_owned());
        }
        return Err(Error::invalid("approval_title", "invalid title")
            .detail(format!("A title is one line of at most {MAX_TITLE} bytes."))
            .hint("Say in a few words what is asked, or leave the title away."));
    }
    let own = body.get("title").and_then(Value::as_str).filter(|title| fits(title));
    Ok(own.map_or_else(|| format!("{subject_kind} {subject_id}"), str::to_owned))
}

/// Checks what is said about a decision.
pub fn comment(comment: Option<&str>) -> Result<()> {
    match comment {
        Some(comment) if comment.len() > MAX_COMMENT => {
            Err(Error::too_large("approval_comment", "argument \"comment\" is too large")
                .detail(format!("It has {} bytes; the limit is {MAX_COMMENT}.", comment.len()))
                .hint("Say it in fewer words."))
        }
        _ => Ok(()),
    }
}

/// The approval is unknown or another tenant's: nobody learns which.
pub fn not_found() -> Error {
    Error::new(Kind::NotFound, "approval_found", "the approval is not found")
        .hint("See what waits in flowai.approval_inbox, and what you asked for in flowai.approval_outbox.")
}

/// What was to be decided is not what was asked about any more.
pub fn other_body(plan: &str) -> Error {
    Error::new(
        Kind::Stale,
        "approval_body",
        format!("plan \"{}\" is not what the approval was asked for", shorten(plan)),
    )
    .detail("It has changed since, or is not submitted any more.")
    .hint("Look at it again with flowai.plan_get(plan), and decide what waits in flowai.approval_inbox.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_decision_is_a_legal_move() {
        for decision in Decision::ALL {
            assert!(State::Submitted.next().contains(&decision.moves_to()), "{decision:?}");
            assert_eq!(Decision::argument(Some(decision.name())), Ok(decision));
        }
        assert!(Decision::argument(Some("maybe")).is_err());
        // What only the database says is no argument.
        for state in ["withdrawn", "waived", "expired"] {
            assert!(Decision::argument(Some(state)).is_err());
        }
    }

    #[test]
    fn a_predicate_and_its_function_go_together() {
        for policy in Policy::ALL {
            let predicate = policy == Policy::Predicate;
            assert_eq!(Policy::argument(Some(policy.name()), predicate), Ok(policy));
            let error = Policy::argument(Some(policy.name()), !predicate).unwrap_err();
            assert_eq!(error.rule, "approval_policy_predicate");
        }
        assert_eq!(Policy::argument(None, false).unwrap_err().kind, Kind::MissingInput);
        assert_eq!(
            Policy::argument(Some("maybe"), true).unwrap_err().rule,
            "approval_policy_known"
        );
    }

    #[test]
    fn policies_protect_something() {
        assert!(check_policy_subject(TOOL, "kv_delete").is_ok());
        assert!(check_policy_subject(PLAN, "approval_of_mine").is_ok());
        assert!(check_policy_subject("deployment", "web").is_ok());
        for (kind, subject) in [("tools", "kv_delete"), ("plans", "*"), (TOOL, "approval_request")]
        {
            let error = check_policy_subject(kind, subject).unwrap_err();
            assert_eq!(error.rule, "approval_policy_subject", "{kind} {subject}");
        }
        assert_eq!(does_the_work_of("ref_put_query"), Some("execute_query"));
        assert_eq!(does_the_work_of("execute_query"), None);
    }

    #[test]
    fn titles_come_from_where_they_can() {
        let body = json!({"title": "Send it"});
        assert_eq!(title(Some("Ship"), &body, "k", "i").unwrap(), "Ship");
        assert_eq!(title(None, &body, "k", "i").unwrap(), "Send it");
        assert_eq!(title(None, &json!({"title": "a\nb"}), "k", "i").unwrap(), "k i");
        assert_eq!(title(None, &json!([1]), "k", "i").unwrap(), "k i");
        for bad in ["", " ", "a\nb", &"x".repeat(MAX_TITLE + 1)] {
            assert_eq!(title(Some(bad), &body, "k", "i").unwrap_err().rule, "approval_title");
        }
    }

    #[test]
    fn bodies_and_comments_have_limits() {
        assert!(read("{\"a\": 1}").is_ok());
        let large = format!("\"{}\"", "x".repeat(MAX_BODY));
        assert_eq!(read(&large).unwrap_err().rule, "approval_size");
        assert!(comment(None).is_ok());
        assert_eq!(
            comment(Some(&"x".repeat(MAX_COMMENT + 1))).unwrap_err().rule,
            "approval_comment"
        );
    }
}
