//! A statement that another server will run: its structure, and the names that it calls functions by.
//!
//! Tables, types and functions of this server have nothing to do with it, so nothing is looked up.

use std::cell::RefCell;
use std::ffi::{CStr, c_void};

use flowai_core::query::{Code, Refusal};
use pgrx::{pg_guard, pg_sys};

use pg_sys::NodeTag;

use super::{GO_ON, Stop, nodes, position, structure};

/// A function that the text calls by name.
pub(crate) struct Called {
    /// The last part of the name.
    pub(crate) name: String,
    pub(crate) position: Option<usize>,
}

/// A statement that reads, as far as its text tells.
pub(crate) struct Outline<'a> {
    /// The one statement, without semicolons around it.
    pub(crate) statement: &'a str,
    /// Characters of the text before it.
    pub(crate) offset: usize,
    /// Every function that it calls, in order of appearance.
    pub(crate) called: Vec<Called>,
}

/// Parses the statement. Errors of the parser unwind.
pub(crate) fn outline(sql: &CStr) -> Result<Outline<'_>, Refusal> {
    let text =
        sql.to_str().map_err(|_| Refusal::new(Code::Syntax, "the text is not UTF-8", None))?;
    // SAFETY: the text lives across the calls, the tree in the current memory context.
    unsafe {
        let raw = pg_sys::raw_parser(sql.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        let statement = structure::check(text, raw)?;
        let start = usize::try_from((*statement).stmt_location).unwrap_or(0).min(text.len());
        let length = usize::try_from((*statement).stmt_len).unwrap_or(0);
        // A length of nothing means "to the end".
        let end = if length == 0 { text.len() } else { (start + length).min(text.len()) };
        let calls = Calls { text, called: RefCell::default() };
        calls.node((*statement).stmt);
        Ok(Outline {
            statement: text.get(start..end).unwrap_or(text),
            offset: text.get(..start).map_or(0, |before| before.chars().count()),
            called: calls.called.into_inner(),
        })
    }
}

struct Calls<'a> {
    text: &'a str,
    called: RefCell<Vec<Called>>,
}

// Guarded for C, and called by C alone: see `structure`.
#[pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: called by the server's walker with its own nodes, and with the context that we gave it.
    !node.is_null() && unsafe { (*context.cast_const().cast::<Calls>()).node(node) }
}

impl Calls<'_> {
    unsafe fn node(&self, node: *mut pg_sys::Node) -> Stop {
        // SAFETY: the tag says what the node is; names are lists of strings.
        unsafe {
            if (*node).type_ == NodeTag::T_FuncCall {
                let call = &*node.cast::<pg_sys::FuncCall>();
                if let Some(name) = nodes(call.funcname).last() {
                    let name = CStr::from_ptr((*name.cast::<pg_sys::String>()).sval);
                    self.called.borrow_mut().push(Called {
                        name: name.to_string_lossy().into_owned(),
                        position: position(self.text, call.location),
                    });
                }
            }
            let context = (&raw const *self).cast_mut().cast();
            if pg_sys::raw_expression_tree_walker(node, Some(visit), context) {
                return super::STOP;
            }
            GO_ON
        }
    }
}
