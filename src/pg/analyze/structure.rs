//! Structure: exactly one statement that neither writes nor locks, seen on the raw tree.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_void};

use flowai_core::query::{Code, Refusal, character_at, lock, nothing_to_run};
use pgrx::{pg_guard, pg_sys};

use pg_sys::NodeTag;

use super::{STOP, Stop, nodes, position};
use crate::pg::guc;

/// Exactly one SELECT, WITH, VALUES or TABLE that neither writes nor locks.
pub(super) unsafe fn check(
    text: &str,
    raw: *mut pg_sys::List,
) -> Result<*mut pg_sys::RawStmt, Refusal> {
    // SAFETY: the tree came from the parser; tags say what the nodes are.
    unsafe {
        let statements = nodes(raw);
        let Some(first) = statements.first() else { return Err(nothing_to_run()) };
        let first: *mut pg_sys::RawStmt = first.cast();
        if !guc::stands(guc::Layer::Structure) {
            return Ok(first);
        }
        if let Some(second) = statements.get(1) {
            let second: *mut pg_sys::RawStmt = second.cast();
            let byte = skip_blanks(text, (*second).stmt_location);
            return Err(Refusal::new(
                Code::MultiStatement,
                "there is more than one statement",
                Some(character_at(text, byte)),
            ));
        }
        let body = (*first).stmt;
        if (*body).type_ != NodeTag::T_SelectStmt {
            let tag = pg_sys::GetCommandTagName(pg_sys::CreateCommandTag(body));
            let byte = skip_blanks(text, (*first).stmt_location);
            return Err(Refusal::new(
                Code::NotSelect,
                format!("{} is not a SELECT", CStr::from_ptr(tag).to_string_lossy()),
                Some(character_at(text, byte)),
            ));
        }
        let raw = Raw { text, refusal: RefCell::default() };
        raw.node(body);
        match raw.refusal.into_inner() {
            Some(refusal) => Err(refusal),
            None => Ok(first),
        }
    }
}

fn skip_blanks(text: &str, location: i32) -> usize {
    let start = usize::try_from(location).unwrap_or(0).min(text.len());
    start + text.as_bytes()[start..].iter().take_while(|b| b.is_ascii_whitespace()).count()
}

// The callbacks below are guarded for C and must be called by C alone: their guard throws to the next
// handler of C's, past any Rust in between. Rust calls the methods.

struct Raw<'a> {
    text: &'a str,
    refusal: RefCell<Option<Refusal>>,
}

#[pg_guard]
unsafe extern "C-unwind" fn visit_raw(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: called by the server's walker with its own nodes, and with the context that we gave it.
    !node.is_null() && unsafe { (*context.cast_const().cast::<Raw>()).node(node) }
}

impl Raw<'_> {
    fn refuse(&self, code: Code, what: &str, location: i32) -> Stop {
        *self.refusal.borrow_mut() = Some(Refusal::new(code, what, position(self.text, location)));
        STOP
    }

    /// Stops at the first node that makes the statement more than a reading one.
    unsafe fn node(&self, node: *mut pg_sys::Node) -> Stop {
        // SAFETY: the tag says what the node is; all are parts of one raw tree.
        unsafe {
            match (*node).type_ {
                NodeTag::T_SelectStmt => {
                    let select = &*node.cast::<pg_sys::SelectStmt>();
                    if !select.intoClause.is_null() {
                        let target = (*select.intoClause).rel;
                        let location = if target.is_null() { -1 } else { (*target).location };
                        return self.refuse(
                            Code::SelectInto,
                            "SELECT INTO creates a table",
                            location,
                        );
                    }
                    if !select.lockingClause.is_null() {
                        let place = lock::place(self.text).and_then(|at| i32::try_from(at).ok());
                        return self.refuse(
                            Code::RowLock,
                            "the statement locks rows",
                            place.unwrap_or(-1),
                        );
                    }
                }
                NodeTag::T_CommonTableExpr => {
                    let cte = &*node.cast::<pg_sys::CommonTableExpr>();
                    if (*cte.ctequery).type_ != NodeTag::T_SelectStmt {
                        let what = "a statement that writes stands inside WITH";
                        return self.refuse(Code::ModifyingCte, what, cte.location);
                    }
                }
                NodeTag::T_ParamRef => {
                    let parameter = &*node.cast::<pg_sys::ParamRef>();
                    let what = format!("parameter ${} has no value", parameter.number);
                    return self.refuse(Code::Parameter, &what, parameter.location);
                }
                _ => {}
            }
            let context = (&raw const *self).cast_mut().cast();
            pg_sys::raw_expression_tree_walker(node, Some(visit_raw), context)
        }
    }
}

/// Where the text names this relation. Parses it anew: analysis has put parts of its own into the tree.
///
/// # Safety
/// The text has been parsed before.
pub(super) unsafe fn place_of(text: &str, relation: &CStr) -> Option<usize> {
    let sql = CString::new(text).ok()?;
    let place = Place { relation, location: Cell::new(-1) };
    // SAFETY: the tree is fresh from the parser.
    unsafe {
        let raw = pg_sys::raw_parser(sql.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        let statement: *mut pg_sys::RawStmt = nodes(raw).first()?.cast();
        place.node((*statement).stmt);
    }
    position(text, place.location.get())
}

/// Where the text names a relation.
struct Place<'a> {
    relation: &'a CStr,
    location: Cell<i32>,
}

#[pg_guard]
unsafe extern "C-unwind" fn visit_place(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: as in `visit_raw`.
    !node.is_null() && unsafe { (*context.cast_const().cast::<Place>()).node(node) }
}

impl Place<'_> {
    unsafe fn node(&self, node: *mut pg_sys::Node) -> Stop {
        // SAFETY: as in `Raw::node`.
        unsafe {
            if (*node).type_ == NodeTag::T_RangeVar {
                let name = &*node.cast::<pg_sys::RangeVar>();
                if CStr::from_ptr(name.relname) == self.relation {
                    self.location.set(name.location);
                    return STOP;
                }
            }
            let context = (&raw const *self).cast_mut().cast();
            pg_sys::raw_expression_tree_walker(node, Some(visit_place), context)
        }
    }
}
