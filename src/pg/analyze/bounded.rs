//! Puts stand-ins of [`crate::pg::bounds`] in the place of functions that cannot be interrupted.
//!
//! An operator keeps its number, by which indexes and estimates know it; only the function to call is
//! another. But the planner itself exchanges operators for their negators and commutators, and takes
//! those as the catalog has them. So it is left no reason to: what has a negator becomes a call, and so does what an
//! index on either side could be used for; what is the wrong way round is turned beforehand.

use std::ffi::c_void;

use flowai_core::query::bound::{self, SHORT_PATTERN};
use flowai_core::query::{Code, Refusal};
use pgrx::{FromDatum, pg_guard, pg_sys};

use pg_sys::NodeTag;

use super::walk::Walk;
use super::{GO_ON, Stop, nodes};
use crate::pg::bounds;

impl Walk<'_> {
    /// Changes the node in place. Trees of the relation cache, which views are looked into by, are not ours to
    /// change; those of the type cache, which checks of domains come from, may mean the same in other words.
    pub(super) unsafe fn bound(&self, node: *mut pg_sys::Node) {
        if !self.rewritten && self.stand_in.get().is_none() {
            return;
        }
        // SAFETY: the tag says what the node is.
        unsafe {
            match (*node).type_ {
                NodeTag::T_FuncExpr => {
                    let call: *mut pg_sys::FuncExpr = node.cast();
                    if let Some(other) = bounds::stand_in((*call).funcid) {
                        (*call).funcid = other;
                    }
                }
                NodeTag::T_OpExpr => operator(node.cast()),
                NodeTag::T_ScalarArrayOpExpr => {
                    let all: *mut pg_sys::ScalarArrayOpExpr = node.cast();
                    if let Some(other) = bounds::stand_in(pg_sys::get_opcode((*all).opno)) {
                        (*all).opfuncid = other;
                    }
                }
                NodeTag::T_BoolExpr => {
                    let ours = self.stand_in.get().is_none();
                    negated(node.cast(), ours);
                }
                _ => {}
            }
        }
    }
}

impl Walk<'_> {
    /// XMLTABLE has no function that something could stand in for: its paths are looked at instead.
    pub(super) unsafe fn long_paths(&self, table: &pg_sys::TableFunc) -> Stop {
        // SAFETY: the parts are nodes of the analysed tree, or NULL.
        unsafe {
            if table.docexpr.is_null() || pg_sys::exprType(table.docexpr) != pg_sys::XMLOID {
                return GO_ON;
            }
            let mut columns = nodes(table.colexprs).into_iter().filter(|path| !path.is_null());
            let short = constant(table.rowexpr).is_some_and(|p| bound::row_path_is_short(&p))
                && columns
                    .all(|path| constant(path).is_some_and(|p| bound::column_path_is_short(&p)));
            if short {
                return GO_ON;
            }
            let what = "XMLTABLE goes through its document more than once, and no time limit would end that";
            let hint = "Write its paths as literals, and without a second //, an axis or a way back in the row's.";
            self.refuse(Refusal::new(Code::Function, what, self.position_of_node()).hint(hint))
        }
    }
}

/// A text that stands in the statement.
unsafe fn constant(node: *mut pg_sys::Node) -> Option<String> {
    // SAFETY: the tag says what it is, its type what its value is.
    unsafe {
        if node.is_null() || (*node).type_ != NodeTag::T_Const {
            return None;
        }
        let value = &*node.cast::<pg_sys::Const>();
        if value.consttype != pg_sys::TEXTOID {
            return None;
        }
        String::from_datum(value.constvalue, value.constisnull)
    }
}

unsafe fn operator(operator: *mut pg_sys::OpExpr) {
    // SAFETY: the node is one of a tree that may be changed.
    unsafe {
        let function = pg_sys::get_opcode((*operator).opno);
        let Some(mut other) = bounds::stand_in(function) else { return };
        let sides = nodes((*operator).args);
        let [left, right] = sides.as_slice() else { return };
        if bounds::matches_patterns(function) && is_short(*right) {
            return;
        }
        let commutator = pg_sys::get_commutator((*operator).opno);
        let commutes = commutator != pg_sys::InvalidOid;
        let (left_varies, right_varies) = (varies(*left), varies(*right));
        if pg_sys::get_negator((*operator).opno) != pg_sys::InvalidOid
            || (commutes && left_varies && right_varies)
        {
            become_call(operator, other);
            return;
        }
        if commutes && right_varies {
            let Some(commuted) = bounds::stand_in(pg_sys::get_opcode(commutator)) else { return };
            (*operator).opno = commutator;
            let cells = (*(*operator).args).elements;
            std::ptr::swap(cells, cells.add(1));
            other = commuted;
        }
        (*operator).opfuncid = other;
    }
}

/// NOT of an operator with ANY or ALL, as the planner would write it. It gets there from the outside too, by
/// De Morgan's laws; new nodes are for trees of our own.
unsafe fn negated(not: *mut pg_sys::BoolExpr, ours: bool) {
    // SAFETY: as above; lists and nodes are made in the context of the tree.
    unsafe {
        if (*not).boolop != pg_sys::BoolExprType::NOT_EXPR {
            return;
        }
        let Some(below) = nodes((*not).args).first().copied() else { return };
        match (*below).type_ {
            NodeTag::T_ScalarArrayOpExpr => {
                let all: *mut pg_sys::ScalarArrayOpExpr = below.cast();
                let negator = pg_sys::get_negator((*all).opno);
                if negator != pg_sys::InvalidOid && has_bounded_array(below, std::ptr::null_mut()) {
                    (*all).opno = negator;
                    (*all).opfuncid = pg_sys::InvalidOid;
                    (*all).useOr = !(*all).useOr;
                    (*not).boolop = pg_sys::BoolExprType::AND_EXPR;
                }
            }
            NodeTag::T_BoolExpr if ours && has_bounded_array(below, std::ptr::null_mut()) => {
                let inner: *mut pg_sys::BoolExpr = below.cast();
                (*not).boolop = match (*inner).boolop {
                    pg_sys::BoolExprType::AND_EXPR => pg_sys::BoolExprType::OR_EXPR,
                    _ => pg_sys::BoolExprType::AND_EXPR,
                };
                if (*inner).boolop == pg_sys::BoolExprType::NOT_EXPR {
                    (*not).args = (*inner).args;
                    return;
                }
                let mut parts = std::ptr::null_mut();
                for part in nodes((*inner).args) {
                    let one = pg_sys::lappend(std::ptr::null_mut(), part.cast());
                    let turned = pg_sys::makeBoolExpr(
                        pg_sys::BoolExprType::NOT_EXPR,
                        one,
                        (*inner).location,
                    );
                    parts = pg_sys::lappend(parts, turned.cast());
                }
                (*not).args = parts;
            }
            _ => {}
        }
    }
}

/// Whether an operator with ANY or ALL is in it whose function has a stand-in.
#[pg_guard]
unsafe extern "C-unwind" fn has_bounded_array(
    node: *mut pg_sys::Node,
    context: *mut c_void,
) -> bool {
    // SAFETY: called by the server's walker with its own nodes.
    unsafe {
        if node.is_null() {
            return false;
        }
        if (*node).type_ == NodeTag::T_ScalarArrayOpExpr {
            let all: *mut pg_sys::ScalarArrayOpExpr = node.cast();
            if bounds::stand_in(pg_sys::get_opcode((*all).opno)).is_some() {
                return true;
            }
        }
        pg_sys::expression_tree_walker(node, Some(has_bounded_array), context)
    }
}

const _: () = assert!(size_of::<pg_sys::FuncExpr>() <= size_of::<pg_sys::OpExpr>());

/// The operator's node, turned into a call of a function.
unsafe fn become_call(operator: *mut pg_sys::OpExpr, function: pg_sys::Oid) {
    // SAFETY: as above, and there is room for it.
    unsafe {
        let before = *operator;
        let call = pg_sys::FuncExpr {
            xpr: pg_sys::Expr { type_: NodeTag::T_FuncExpr },
            funcid: function,
            funcresulttype: before.opresulttype,
            funcretset: before.opretset,
            funcvariadic: false,
            funcformat: pg_sys::CoercionForm::COERCE_EXPLICIT_CALL,
            funccollid: before.opcollid,
            inputcollid: before.inputcollid,
            args: before.args,
            location: before.location,
        };
        operator.cast::<pg_sys::FuncExpr>().write(call);
    }
}

/// Whether it is a constant that is short.
unsafe fn is_short(node: *mut pg_sys::Node) -> bool {
    // SAFETY: the tag says what it is; a constant of variable length is a valid value.
    unsafe {
        if (*node).type_ != NodeTag::T_Const {
            return false;
        }
        let value = &*node.cast::<pg_sys::Const>();
        value.constisnull
            || value.constlen != -1
            || pg_sys::toast_raw_datum_size(value.constvalue) <= SHORT_PATTERN
    }
}

/// Whether the value comes from a row.
unsafe fn varies(node: *mut pg_sys::Node) -> bool {
    // SAFETY: the node is one of an analysed tree.
    unsafe { is_of_row(node, std::ptr::null_mut()) }
}

#[pg_guard]
unsafe extern "C-unwind" fn is_of_row(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: called by the server's walker with its own nodes.
    unsafe {
        !node.is_null()
            && (matches!((*node).type_, NodeTag::T_Var | NodeTag::T_SubLink)
                || pg_sys::expression_tree_walker(node, Some(is_of_row), context))
    }
}
