//! Meaning: the walk over the analysed tree.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::ffi::c_void;

use flowai_core::query::{Code, Reads, Refusal};
use pgrx::{pg_guard, pg_sys};

use pg_sys::NodeTag;

use super::{Foreign, GO_ON, STOP, Stop, is_builtin, nodes, oids, position};

/// What the walk has found. The nodes are C's; only this changes while it goes on.
#[derive(Default)]
pub(super) struct State {
    pub(super) reads: Reads,
    pub(super) foreign: Vec<Foreign>,
    pub(super) functions: HashSet<(pg_sys::Oid, bool)>,
    pub(super) types: HashSet<pg_sys::Oid>,
    /// Users' types of any value, and whether a function makes JSON of whatever it is given.
    pub(super) values: HashSet<pg_sys::Oid>,
    pub(super) makes_json: bool,
    /// Whether a function makes rows like one that it is given, whose type may have no name.
    pub(super) makes_rows: bool,
    /// Views that were looked into, each with and without owner's rights on the way.
    pub(super) views: HashSet<(pg_sys::Oid, bool)>,
    pub(super) refusal: Option<Refusal>,
}

pub(super) struct Walk<'a> {
    pub(super) text: &'a str,
    /// The raw statement; NULL for one that code of a function runs, which may have parameters.
    pub(super) raw: *mut pg_sys::Node,
    pub(super) state: RefCell<State>,
    /// The node whose functions are being checked.
    pub(super) at: Cell<*mut pg_sys::Node>,
    /// The place of a cast to a domain, while the domain's check is walked.
    pub(super) stand_in: Cell<Option<Option<usize>>>,
    /// The view that is being looked into, how deep, and whether its owner's rights are in force.
    pub(super) view: Cell<pg_sys::Oid>,
    pub(super) depth: Cell<usize>,
    pub(super) owner_rights: Cell<bool>,
    /// The view of the text that led here.
    pub(super) outermost: Cell<pg_sys::Oid>,
    /// Whether the server calls what is being looked at without asking a gate.
    pub(super) past_gates: Cell<bool>,
    /// Whether nothing else is of interest.
    pub(super) past_gates_alone: bool,
    /// Whether views and policies are in the tree already.
    pub(super) rewritten: bool,
    /// As whom the relations of the query are read.
    #[cfg(not(feature = "pg15"))]
    pub(super) permissions: Cell<*mut pg_sys::List>,
}

#[pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    // SAFETY: as in `visit_raw`.
    !node.is_null() && unsafe { (*context.cast_const().cast::<Walk>()).node(node) }
}

#[pg_guard]
unsafe extern "C-unwind" fn visit_function(function: pg_sys::Oid, context: *mut c_void) -> bool {
    // SAFETY: as in `visit_raw`.
    unsafe { (*context.cast_const().cast::<Walk>()).function(function) }
}

impl<'a> Walk<'a> {
    pub(super) fn new(text: &'a str, raw: *mut pg_sys::Node) -> Self {
        Self {
            text,
            raw,
            state: RefCell::default(),
            at: Cell::new(std::ptr::null_mut()),
            stand_in: Cell::new(None),
            view: Cell::new(pg_sys::InvalidOid),
            depth: Cell::new(0),
            owner_rights: Cell::new(false),
            outermost: Cell::new(pg_sys::InvalidOid),
            past_gates: Cell::new(false),
            past_gates_alone: false,
            rewritten: false,
            #[cfg(not(feature = "pg15"))]
            permissions: Cell::new(std::ptr::null_mut()),
        }
    }

    /// A walk over what the rewriter made of a statement. There is no text to point into.
    pub(super) fn of_rewritten() -> Self {
        Self { rewritten: true, ..Self::new("", std::ptr::null_mut()) }
    }

    /// A walk without text that looks for what is called past the gates, and for nothing else.
    pub(super) fn past_gates_alone() -> Self {
        Self { past_gates_alone: true, ..Self::new("", std::ptr::null_mut()) }
    }

    /// What it found of that kind.
    pub(super) fn called_past_gates(self) -> Vec<Foreign> {
        self.state.into_inner().foreign.into_iter().filter(|used| used.past_gates).collect()
    }

    fn context(&self) -> *mut c_void {
        (&raw const *self).cast_mut().cast()
    }

    pub(super) fn refuse(&self, refusal: Refusal) -> Stop {
        self.state.borrow_mut().refusal = Some(refusal);
        STOP
    }

    /// The children of an expression.
    unsafe fn below(&self, node: *mut pg_sys::Node) -> Stop {
        // SAFETY: the node is one of the analysed tree.
        unsafe { pg_sys::expression_tree_walker(node, Some(visit), self.context()) }
    }

    /// One node and what is below it.
    pub(super) unsafe fn node(&self, node: *mut pg_sys::Node) -> Stop {
        // SAFETY: the tag says what the node is; all are parts of one analysed tree.
        unsafe {
            match (*node).type_ {
                NodeTag::T_Query => return self.query(node.cast()),
                // Its contents come after it, by themselves.
                NodeTag::T_RangeTblEntry => return self.entry(&*node.cast()),
                NodeTag::T_FuncExpr
                | NodeTag::T_Aggref
                | NodeTag::T_WindowFunc
                | NodeTag::T_OpExpr
                | NodeTag::T_DistinctExpr
                | NodeTag::T_NullIfExpr
                | NodeTag::T_ScalarArrayOpExpr
                | NodeTag::T_RowCompareExpr => {
                    self.at.set(node);
                    if pg_sys::check_functions_in_node(node, Some(visit_function), self.context())
                        || self.operators(node)
                        || self.produced(node)
                        || self.arguments(node)
                    {
                        return STOP;
                    }
                    self.tell_called(node);
                    self.bound(node);
                }
                NodeTag::T_BoolExpr => self.bound(node),
                NodeTag::T_Const
                | NodeTag::T_CoerceToDomain
                | NodeTag::T_CoerceViaIO
                | NodeTag::T_ArrayCoerceExpr
                | NodeTag::T_ConvertRowtypeExpr
                | NodeTag::T_ArrayExpr
                | NodeTag::T_RowExpr => {
                    self.at.set(node);
                    if self.produced(node) {
                        return STOP;
                    }
                }
                #[cfg(any(feature = "pg16", feature = "pg17", feature = "pg18"))]
                NodeTag::T_JsonConstructorExpr => {
                    self.state.borrow_mut().makes_json = true;
                    self.at.set(node);
                    if self.produced(node) {
                        return STOP;
                    }
                }
                #[cfg(any(feature = "pg17", feature = "pg18"))]
                NodeTag::T_JsonExpr => {
                    self.at.set(node);
                    if self.produced(node) {
                        return STOP;
                    }
                }
                NodeTag::T_Var => {
                    self.seen((*node.cast::<pg_sys::Var>()).vartype);
                    return GO_ON;
                }
                NodeTag::T_SortGroupClause => {
                    let clause = &*node.cast::<pg_sys::SortGroupClause>();
                    self.at.set(std::ptr::null_mut());
                    return self.operator(clause.eqop) || self.operator(clause.sortop);
                }
                NodeTag::T_WindowClause => {
                    let clause = &*node.cast::<pg_sys::WindowClause>();
                    self.at.set(std::ptr::null_mut());
                    if self.function(clause.startInRangeFunc)
                        || self.function(clause.endInRangeFunc)
                    {
                        return STOP;
                    }
                }
                NodeTag::T_CommonTableExpr => {
                    let cycle = (*node.cast::<pg_sys::CommonTableExpr>()).cycle_clause;
                    self.at.set(std::ptr::null_mut());
                    if !cycle.is_null() && self.operator((*cycle).cycle_mark_neop) {
                        return STOP;
                    }
                }
                NodeTag::T_SetOperationStmt => {
                    let clauses = (*node.cast::<pg_sys::SetOperationStmt>()).groupClauses;
                    if nodes(clauses).into_iter().any(|clause| self.node(clause)) {
                        return STOP;
                    }
                }
                NodeTag::T_RangeTblFunction => {
                    let function = &*node.cast::<pg_sys::RangeTblFunction>();
                    self.at.set(function.funcexpr);
                    if self.columns(function.funccoltypes) {
                        return STOP;
                    }
                }
                NodeTag::T_TableFunc => {
                    self.at.set(node);
                    if self.columns((*node.cast::<pg_sys::TableFunc>()).coltypes)
                        || self.long_paths(&*node.cast())
                    {
                        return STOP;
                    }
                }
                NodeTag::T_TableSampleClause => {
                    let handler = (*node.cast::<pg_sys::TableSampleClause>()).tsmhandler;
                    self.at.set(std::ptr::null_mut());
                    // The server's own handlers are labelled volatile, and harmless.
                    if !is_builtin(handler) && self.function(handler) {
                        return STOP;
                    }
                }
                NodeTag::T_NextValueExpr => {
                    return self.refuse(Refusal::new(
                        Code::Function,
                        "a sequence would advance",
                        None,
                    ));
                }
                NodeTag::T_Param
                    if !self.raw.is_null()
                        && (*node.cast::<pg_sys::Param>()).paramkind
                            == pg_sys::ParamKind::PARAM_EXTERN =>
                {
                    let location = (*node.cast::<pg_sys::Param>()).location;
                    return self.refuse(Refusal::new(
                        Code::Parameter,
                        "a parameter has no value",
                        position(self.text, location),
                    ));
                }
                _ => {}
            }
            self.below(node)
        }
    }

    /// Operators that an expression names.
    unsafe fn operators(&self, node: *mut pg_sys::Node) -> Stop {
        // SAFETY: see `node`; DISTINCT and NULLIF have the fields of OpExpr.
        unsafe {
            match (*node).type_ {
                NodeTag::T_OpExpr | NodeTag::T_DistinctExpr | NodeTag::T_NullIfExpr => {
                    self.operator_or_kin((*node.cast::<pg_sys::OpExpr>()).opno)
                }
                NodeTag::T_ScalarArrayOpExpr => {
                    self.operator_or_kin((*node.cast::<pg_sys::ScalarArrayOpExpr>()).opno)
                }
                NodeTag::T_RowCompareExpr => {
                    let row = &*node.cast::<pg_sys::RowCompareExpr>();
                    oids(row.opnos).into_iter().any(|operator| self.operator_or_kin(operator))
                }
                _ => GO_ON,
            }
        }
    }

    pub(super) unsafe fn query(&self, query: *mut pg_sys::Query) -> Stop {
        // SAFETY: see `node`.
        unsafe {
            let parts = &*query;
            let code = if parts.commandType != pg_sys::CmdType::CMD_SELECT
                || !parts.utilityStmt.is_null()
            {
                Code::NotSelect
            } else if parts.hasModifyingCTE {
                Code::ModifyingCte
            } else if parts.hasForUpdate || !parts.rowMarks.is_null() {
                Code::RowLock
            } else {
                let flags = pg_sys::QTW_EXAMINE_RTES_BEFORE | pg_sys::QTW_EXAMINE_SORTGROUP;
                #[cfg(not(feature = "pg15"))]
                let outer = self.permissions.replace(parts.rteperminfos);
                let stopped =
                    pg_sys::query_tree_walker(query, Some(visit), self.context(), flags as i32);
                #[cfg(not(feature = "pg15"))]
                self.permissions.set(outer);
                return stopped;
            };
            let what = match code {
                Code::RowLock if self.depth.get() > 0 => "a view locks rows",
                Code::RowLock if self.rewritten => "a policy locks rows",
                Code::RowLock => "a part of the statement locks rows",
                _ => "a part of the statement writes",
            };
            self.refuse(Refusal::new(code, what, self.place()))
        }
    }
}
