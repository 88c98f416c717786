//! The one error of the product: what kind it is, which rule was broken, and what to do next.
//!
//! Message for people, detail for the facts, hint for the next step. The rule is the contract for
//! programs: it never changes once released. How a kind becomes an SQLSTATE is the server floor's
//! business.

/// What sort of failure it is. The list is closed: a client can handle all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An argument breaks its grammar or its range (22023).
    InvalidInput,
    /// NULL where a value is needed (22004).
    MissingInput,
    /// A thing that must exist does not, is foreign, or has expired: all look alike (P0002).
    NotFound,
    /// `create` on a taken name (23505).
    AlreadyExists,
    /// The version that the caller expected is not the current one (40001).
    Stale,
    /// The thing's state does not allow this (55000).
    WrongState,
    /// Not allowed to this role, or no tenant in force (42501).
    Forbidden,
    /// A second tenant in one transaction (25001).
    TenantChanged,
    /// The statement would write (25006).
    ReadOnly,
    /// Outside what is supported (0A000).
    Unsupported,
    /// Two of the things given are the same, or a name means more than one thing (21000).
    Ambiguous,
    /// A documented limit is exceeded (54000).
    TooLarge,
    /// A stored thing does not match its digest (XX001).
    Corrupt,
    /// A bug: the message says which invariant broke (XX000).
    Internal,
}

/// An error as a person and a program read it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What sort of failure it is.
    pub kind: Kind,
    /// Stable snake_case name of the broken rule.
    pub rule: &'static str,
    /// Lower case, no full stop, names the thing.
    pub message: String,
    /// The facts, as a sentence.
    pub detail: Option<String>,
    /// The next step, as a sentence.
    pub hint: Option<String>,
}

/// What fallible functions of this crate return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of this kind, without detail and hint.
    pub fn new(kind: Kind, rule: &'static str, message: impl Into<String>) -> Self {
        Self { kind, rule, message: message.into(), detail: None, hint: None }
    }

    /// Adds the facts.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// An argument that breaks its grammar or range.
    pub fn invalid(rule: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::InvalidInput, rule, message)
    }

    /// A required argument that is NULL.
    pub fn missing(argument: &str) -> Self {
        Self::new(
            Kind::MissingInput,
            "argument_required",
            format!("argument \"{argument}\" must not be null"),
        )
        .hint(format!("Pass a value for \"{argument}\"."))
    }

    /// A documented limit that is exceeded.
    pub fn too_large(rule: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::TooLarge, rule, message)
    }

    /// An invariant that this code promised and broke.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, "internal", message).hint(
            "This is a bug of flowai_runtime: please report it with the statement that raised it.",
        )
    }
}
