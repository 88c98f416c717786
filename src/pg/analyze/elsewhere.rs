//! A statement that another server will run: its structure, and the names that it may run code by.
//!
//! Tables, types and functions of this server have nothing to do with it, so nothing is looked up. Besides calls
//! there are other ways to call a function: `(x).f` and `x.f` are the same as `f(x)` where `x` has no such
//! field, an operator is a function, and so is a cast.

use std::cell::RefCell;
use std::ffi::{CStr, c_void};

use flowai_core::query::{Code, Refusal};
use pgrx::{pg_guard, pg_sys};

use pg_sys::NodeTag;

use super::{Stop, nodes, position, structure};

/// What a name stands for in the text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// A function that is called.
    Call,
    /// A field, or a function of what stands before it.
    Field,
    Operator,
    Type,
    /// A table or view.
    Relation,
}

/// A name in the text: the last part of it.
pub(crate) struct Named {
    pub(crate) stands_for: Use,
    pub(crate) name: String,
    pub(crate) position: Option<usize>,
}

/// A statement that reads, as far as its text tells.
pub(crate) struct Outline<'a> {
    /// The one statement, without semicolons around it.
    pub(crate) statement: &'a str,
    /// Characters of the text before it.
    pub(crate) offset: usize,
    /// Every name that matters, in order of appearance.
    pub(crate) names: Vec<Named>,
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
        let names = Names { text, found: RefCell::default() };
        names.node((*statement).stmt);
        Ok(Outline {
            statement: text.get(start..end).unwrap_or(text),
            offset: text.get(..start).map_or(0, |before| before.chars().count()),
            names: names.found.into_inner(),
        })
    }
}

struct Names<'a> {
    text: &'a str,
    found: RefCell<Vec<Named>>,
}

// Guarded for C, and called by C alone: see `structure`.
#[pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: called by the server's walker with its own nodes, and with the context that we gave it.
    !node.is_null() && unsafe { (*context.cast_const().cast::<Names>()).node(node) }
}

impl Names<'_> {
    fn found(&self, stands_for: Use, name: &CStr, location: i32) {
        self.found.borrow_mut().push(Named {
            stands_for,
            name: name.to_string_lossy().into_owned(),
            position: position(self.text, location),
        });
    }

    /// The last part of a qualified name.
    unsafe fn last(&self, stands_for: Use, names: *mut pg_sys::List, location: i32) {
        // SAFETY: names are lists of strings, but for a star.
        unsafe {
            if let Some(last) = nodes(names).last()
                && let Some(name) = string(*last)
            {
                self.found(stands_for, name, location);
            }
        }
    }

    unsafe fn node(&self, node: *mut pg_sys::Node) -> Stop {
        // SAFETY: the tag says what the node is; names are lists of strings.
        unsafe {
            match (*node).type_ {
                NodeTag::T_FuncCall => {
                    let call = &*node.cast::<pg_sys::FuncCall>();
                    self.last(Use::Call, call.funcname, call.location);
                }
                NodeTag::T_ColumnRef => {
                    let column = &*node.cast::<pg_sys::ColumnRef>();
                    // One part alone is a column.
                    if nodes(column.fields).len() > 1 {
                        self.last(Use::Field, column.fields, column.location);
                    }
                }
                NodeTag::T_A_Indirection => {
                    let whole = &*node.cast::<pg_sys::A_Indirection>();
                    for name in nodes(whole.indirection).into_iter().filter_map(|n| string(n)) {
                        self.found(Use::Field, name, pg_sys::exprLocation(whole.arg));
                    }
                }
                NodeTag::T_A_Expr => {
                    let expression = &*node.cast::<pg_sys::A_Expr>();
                    self.last(Use::Operator, expression.name, expression.location);
                }
                NodeTag::T_SubLink => {
                    let link = &*node.cast::<pg_sys::SubLink>();
                    self.last(Use::Operator, link.operName, link.location);
                }
                NodeTag::T_SortBy => {
                    let sort = &*node.cast::<pg_sys::SortBy>();
                    self.last(Use::Operator, sort.useOp, sort.location);
                }
                NodeTag::T_TypeName => {
                    let named = &*node.cast::<pg_sys::TypeName>();
                    self.last(Use::Type, named.names, named.location);
                }
                NodeTag::T_RangeVar => {
                    let relation = &*node.cast::<pg_sys::RangeVar>();
                    let name = CStr::from_ptr(relation.relname);
                    self.found(Use::Relation, name, relation.location);
                }
                _ => {}
            }
            let context = (&raw const *self).cast_mut().cast();
            pg_sys::raw_expression_tree_walker(node, Some(visit), context)
        }
    }
}

/// The text of a part of a name, if it has one.
///
/// # Safety
/// The node is valid, and outlives the text.
unsafe fn string<'a>(node: *mut pg_sys::Node) -> Option<&'a CStr> {
    // SAFETY: the tag says what it is.
    unsafe {
        ((*node).type_ == NodeTag::T_String)
            .then(|| CStr::from_ptr((*node.cast::<pg_sys::String>()).sval))
    }
}
