//! What a statement would do, found out by the server's own parser and analyser.
//!
//! Structure first, on the raw tree, which needs no catalog. Then the analysed tree: every function by
//! OID in every position that the executor may call one from, every relation, and everything under a
//! view. What did not come with the server is not judged here but listed: the store knows what an
//! administrator allowed.
//!
//! Analysis itself can run code: the input function of a domain, hidden in an array or a row type, runs
//! while its literal is parsed. So [`analyse`] must be called inside the envelope.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::ffi::{CStr, c_void};

use flowai_core::query::{Code, MAX_VIEW_DEPTH, Reads, Refusal, character_at, nothing_to_run, policy};
use pgrx::{list::List, memcx, pg_guard, pg_sys};

use pg_sys::NodeTag;

/// A statement that passed, as far as the server's own functions go.
pub(crate) struct Analysis {
    /// The analysed tree, in the memory context of the call.
    pub(crate) query: *mut pg_sys::Query,
    /// What it reads and calls.
    pub(crate) reads: Reads,
    /// Functions that did not come with the server.
    pub(crate) foreign: Vec<Foreign>,
}

/// One use of a function that did not come with the server.
pub(crate) struct Foreign {
    pub(crate) function: pg_sys::Oid,
    /// As `flowai.function_allow` takes it.
    pub(crate) signature: String,
    pub(crate) position: Option<usize>,
}

/// Parses, analyses and walks the statement. Errors of the server unwind.
pub(crate) fn analyse(sql: &CStr) -> Result<Analysis, Refusal> {
    let text = sql.to_str().map_err(|_| Refusal::new(Code::Syntax, "the text is not UTF-8", None))?;
    // SAFETY: the text lives across all calls; the trees live in the current memory context, which
    // the caller keeps for as long as it uses the result.
    unsafe {
        let raw = pg_sys::raw_parser(sql.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        let statement = structure(text, raw)?;
        let query =
            pg_sys::parse_analyze_fixedparams(statement, sql.as_ptr(), std::ptr::null(), 0, std::ptr::null_mut());
        let walk = Walk::new(text, (*statement).stmt);
        if !walk.node(query.cast()) {
            walk.json_casts();
        }
        let state = walk.state.into_inner();
        match state.refusal {
            Some(refusal) => Err(refusal),
            None => Ok(Analysis { query, reads: state.reads, foreign: state.foreign }),
        }
    }
}

/// The nodes of a list, which may be NIL.
///
/// # Safety
/// `list` is NIL or a valid list of pointers that outlives the iteration.
unsafe fn nodes(list: *mut pg_sys::List) -> Vec<*mut pg_sys::Node> {
    // SAFETY: see above.
    memcx::current_context(|cx| unsafe {
        List::<*mut c_void>::downcast_ptr_in_memcx(list, cx)
            .map(|list| list.iter().map(|node| node.cast()).collect())
            .unwrap_or_default()
    })
}

/// The OIDs of a list, which may be NIL.
///
/// # Safety
/// `list` is NIL or a valid list of OIDs.
unsafe fn oids(list: *mut pg_sys::List) -> Vec<pg_sys::Oid> {
    // SAFETY: see above.
    memcx::current_context(|cx| unsafe {
        List::<pg_sys::Oid>::downcast_ptr_in_memcx(list, cx)
            .map(|list| list.iter().copied().collect())
            .unwrap_or_default()
    })
}

/// A byte location of the parser, which is negative where there is none.
fn position(text: &str, location: i32) -> Option<usize> {
    usize::try_from(location).ok().map(|byte| character_at(text, byte))
}

// ------------------------------------------------------------------------------------ structure

/// Exactly one SELECT, WITH, VALUES or TABLE that neither writes nor locks.
unsafe fn structure(text: &str, raw: *mut pg_sys::List) -> Result<*mut pg_sys::RawStmt, Refusal> {
    // SAFETY: the tree came from the parser; tags say what the nodes are.
    unsafe {
        let statements = nodes(raw);
        let Some(first) = statements.first() else { return Err(nothing_to_run()) };
        let first: *mut pg_sys::RawStmt = first.cast();
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
        let raw = Raw { text, refusal: RefCell::new(None) };
        visit_raw(body, (&raw const raw).cast_mut().cast());
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

struct Raw<'a> {
    text: &'a str,
    refusal: RefCell<Option<Refusal>>,
}

/// Stops at the first node that makes the statement more than a reading one.
#[pg_guard]
unsafe extern "C-unwind" fn visit_raw(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: called by the server's walker with its own nodes, and with the context that we gave it.
    unsafe {
        let raw = &*context.cast_const().cast::<Raw>();
        let refuse = |code, what: &str, location| {
            *raw.refusal.borrow_mut() = Some(Refusal::new(code, what, position(raw.text, location)));
            true
        };
        match (*node).type_ {
            NodeTag::T_SelectStmt => {
                let select = &*node.cast::<pg_sys::SelectStmt>();
                if !select.intoClause.is_null() {
                    let target = (*select.intoClause).rel;
                    let location = if target.is_null() { -1 } else { (*target).location };
                    return refuse(Code::SelectInto, "SELECT INTO creates a table", location);
                }
                if !select.lockingClause.is_null() {
                    return refuse(Code::RowLock, "the statement locks rows", -1);
                }
            }
            NodeTag::T_CommonTableExpr => {
                let cte = &*node.cast::<pg_sys::CommonTableExpr>();
                if (*cte.ctequery).type_ != NodeTag::T_SelectStmt {
                    return refuse(
                        Code::ModifyingCte,
                        "a statement that writes stands inside WITH",
                        cte.location,
                    );
                }
            }
            NodeTag::T_ParamRef => {
                let parameter = &*node.cast::<pg_sys::ParamRef>();
                return refuse(
                    Code::Parameter,
                    &format!("parameter ${} has no value", parameter.number),
                    parameter.location,
                );
            }
            _ => {}
        }
        pg_sys::raw_expression_tree_walker(node, Some(visit_raw), context)
    }
}

/// Where the text names a relation.
struct Place<'a> {
    relation: &'a CStr,
    location: Cell<i32>,
}

#[pg_guard]
unsafe extern "C-unwind" fn visit_place(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    // SAFETY: as in `visit_raw`.
    unsafe {
        let place = &*context.cast_const().cast::<Place>();
        if (*node).type_ == NodeTag::T_RangeVar {
            let name = &*node.cast::<pg_sys::RangeVar>();
            if CStr::from_ptr(name.relname) == place.relation {
                place.location.set(name.location);
                return true;
            }
        }
        pg_sys::raw_expression_tree_walker(node, Some(visit_place), context)
    }
}

// -------------------------------------------------------------------------------------- meaning

/// What the walk has found. The nodes are C's; only this changes while it goes on.
#[derive(Default)]
struct State {
    reads: Reads,
    foreign: Vec<Foreign>,
    functions: HashSet<pg_sys::Oid>,
    types: HashSet<pg_sys::Oid>,
    /// Users' types of any value, and whether a function makes JSON of whatever it is given.
    values: HashSet<pg_sys::Oid>,
    makes_json: bool,
    /// Views that were looked into, each with and without owner's rights on the way.
    views: HashSet<(pg_sys::Oid, bool)>,
    refusal: Option<Refusal>,
}

struct Walk<'a> {
    text: &'a str,
    raw: *mut pg_sys::Node,
    state: RefCell<State>,
    /// The node whose functions are being checked.
    at: Cell<*mut pg_sys::Node>,
    /// The view that is being looked into, how deep, and whether its owner's rights are in force.
    view: Cell<pg_sys::Oid>,
    depth: Cell<usize>,
    owner_rights: Cell<bool>,
    /// The view of the text that led here.
    outermost: Cell<pg_sys::Oid>,
}

/// Whether the walk is over: the answer of every step, as the server's walkers want it.
type Stop = bool;

const STOP: Stop = true;
const GO_ON: Stop = false;

#[pg_guard]
unsafe extern "C-unwind" fn visit(node: *mut pg_sys::Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return GO_ON;
    }
    // SAFETY: as in `visit_raw`.
    unsafe { (*context.cast_const().cast::<Walk>()).node(node) }
}

#[pg_guard]
unsafe extern "C-unwind" fn visit_function(function: pg_sys::Oid, context: *mut c_void) -> bool {
    // SAFETY: as in `visit_raw`.
    unsafe { (*context.cast_const().cast::<Walk>()).function(function) }
}

impl<'a> Walk<'a> {
    fn new(text: &'a str, raw: *mut pg_sys::Node) -> Self {
        Self {
            text,
            raw,
            state: RefCell::default(),
            at: Cell::new(std::ptr::null_mut()),
            view: Cell::new(pg_sys::InvalidOid),
            depth: Cell::new(0),
            owner_rights: Cell::new(false),
            outermost: Cell::new(pg_sys::InvalidOid),
        }
    }

    fn context(&self) -> *mut c_void {
        (&raw const *self).cast_mut().cast()
    }

    fn refuse(&self, refusal: Refusal) -> Stop {
        self.state.borrow_mut().refusal = Some(refusal);
        STOP
    }

    /// The children of an expression.
    unsafe fn below(&self, node: *mut pg_sys::Node) -> Stop {
        // SAFETY: the node is one of the analysed tree.
        unsafe { pg_sys::expression_tree_walker(node, Some(visit), self.context()) }
    }

    /// One node and what is below it.
    unsafe fn node(&self, node: *mut pg_sys::Node) -> Stop {
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
                        || self.produced(node)
                        || self.arguments(node)
                    {
                        return STOP;
                    }
                    self.tell_called(node);
                }
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
                    if self.function(clause.startInRangeFunc) || self.function(clause.endInRangeFunc) {
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
                    if self.columns((*node.cast::<pg_sys::TableFunc>()).coltypes) {
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
                    return self.refuse(Refusal::new(Code::Function, "a sequence would advance", None));
                }
                NodeTag::T_Param
                    if (*node.cast::<pg_sys::Param>()).paramkind
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

    unsafe fn query(&self, query: *mut pg_sys::Query) -> Stop {
        // SAFETY: see `node`.
        unsafe {
            let parts = &*query;
            let code = if parts.commandType != pg_sys::CmdType::CMD_SELECT || !parts.utilityStmt.is_null()
            {
                Code::NotSelect
            } else if parts.hasModifyingCTE {
                Code::ModifyingCte
            } else if parts.hasForUpdate || !parts.rowMarks.is_null() {
                Code::RowLock
            } else {
                let flags = pg_sys::QTW_EXAMINE_RTES_BEFORE | pg_sys::QTW_EXAMINE_SORTGROUP;
                return pg_sys::query_tree_walker(query, Some(visit), self.context(), flags as i32);
            };
            let what = match code {
                Code::RowLock => "a view locks rows",
                _ => "a part of the statement writes",
            };
            self.refuse(Refusal::new(code, what, self.place()))
        }
    }

    // ------------------------------------------------------------------------------- functions

    unsafe fn operator(&self, operator: pg_sys::Oid) -> Stop {
        // SAFETY: a cached catalog look-up.
        operator != pg_sys::InvalidOid && self.function(unsafe { pg_sys::get_opcode(operator) })
    }

    fn function(&self, function: pg_sys::Oid) -> Stop {
        if function == pg_sys::InvalidOid || !self.state.borrow_mut().functions.insert(function) {
            return GO_ON;
        }
        // SAFETY: cached catalog look-ups.
        unsafe {
            if is_builtin(function) {
                let volatile = pg_sys::func_volatile(function) as u8 == pg_sys::PROVOLATILE_VOLATILE;
                let name = pg_sys::get_func_name(function);
                let name = if name.is_null() { c"" } else { CStr::from_ptr(name) }.to_string_lossy();
                if policy::builtin_allowed(&name, volatile) {
                    if policy::JSON_MAKERS.contains(&&*name) {
                        self.state.borrow_mut().makes_json = true;
                    }
                    return GO_ON;
                }
                let what = format!("function {} is not allowed", signature(function));
                return self.refuse(
                    Refusal::new(Code::Function, what, self.position_of_node())
                        .hint("Do without it: what it does goes beyond reading."),
                );
            }
            if is_ours(function) {
                return GO_ON;
            }
            let foreign = Foreign {
                function,
                signature: signature(function),
                position: self.position_of_node(),
            };
            let mut state = self.state.borrow_mut();
            state.reads.function(foreign.signature.clone());
            state.foreign.push(foreign);
        }
        GO_ON
    }

    /// Notes a built-in function that the text itself calls by name.
    unsafe fn tell_called(&self, node: *mut pg_sys::Node) {
        if self.depth.get() > 0 {
            return;
        }
        // SAFETY: see `node`.
        unsafe {
            let function = match (*node).type_ {
                NodeTag::T_FuncExpr => {
                    let call = &*node.cast::<pg_sys::FuncExpr>();
                    match call.funcformat {
                        pg_sys::CoercionForm::COERCE_EXPLICIT_CALL
                        | pg_sys::CoercionForm::COERCE_SQL_SYNTAX => call.funcid,
                        _ => return,
                    }
                }
                NodeTag::T_Aggref => (*node.cast::<pg_sys::Aggref>()).aggfnoid,
                NodeTag::T_WindowFunc => (*node.cast::<pg_sys::WindowFunc>()).winfnoid,
                _ => return,
            };
            if is_builtin(function) {
                let name = pg_sys::get_func_name(function);
                if !name.is_null() {
                    let name = CStr::from_ptr(name).to_string_lossy().into_owned();
                    self.state.borrow_mut().reads.function(name);
                }
            }
        }
    }

    /// Where the checked node stands in the text; nodes of a view have no place of their own.
    unsafe fn position_of_node(&self) -> Option<usize> {
        let node = self.at.get();
        if self.depth.get() > 0 {
            // SAFETY: the raw tree lives as long as the walk.
            return unsafe { self.place() };
        }
        if node.is_null() {
            return None;
        }
        // SAFETY: see `node`.
        let location = unsafe {
            match (*node).type_ {
                NodeTag::T_FuncExpr => (*node.cast::<pg_sys::FuncExpr>()).location,
                NodeTag::T_OpExpr => (*node.cast::<pg_sys::OpExpr>()).location,
                NodeTag::T_ScalarArrayOpExpr => (*node.cast::<pg_sys::ScalarArrayOpExpr>()).location,
                _ => pg_sys::exprLocation(node),
            }
        };
        position(self.text, location)
    }

    /// Where the text names the view that led here.
    unsafe fn place(&self) -> Option<usize> {
        // SAFETY: the raw tree lives as long as the walk.
        unsafe { self.place_of(self.outermost.get()) }
    }

    unsafe fn place_of(&self, relation: pg_sys::Oid) -> Option<usize> {
        // SAFETY: see above; the name is palloc'd.
        unsafe {
            let name = pg_sys::get_rel_name(relation);
            if name.is_null() {
                return None;
            }
            let place = Place { relation: CStr::from_ptr(name), location: Cell::new(-1) };
            visit_place(self.raw, (&raw const place).cast_mut().cast());
            position(self.text, place.location.get())
        }
    }

    // ----------------------------------------------------------------------------------- types

    /// The type of a value that the statement makes.
    unsafe fn produced(&self, node: *mut pg_sys::Node) -> Stop {
        // SAFETY: see `node`.
        unsafe { self.type_of_value(pg_sys::exprType(node)) }
    }

    /// The planner asks a range type's own functions when it compares values of it.
    unsafe fn arguments(&self, node: *mut pg_sys::Node) -> Stop {
        // SAFETY: see `node`; DISTINCT and NULLIF have the fields of OpExpr.
        unsafe {
            let arguments = match (*node).type_ {
                NodeTag::T_FuncExpr => (*node.cast::<pg_sys::FuncExpr>()).args,
                NodeTag::T_OpExpr | NodeTag::T_DistinctExpr | NodeTag::T_NullIfExpr => {
                    (*node.cast::<pg_sys::OpExpr>()).args
                }
                NodeTag::T_ScalarArrayOpExpr => (*node.cast::<pg_sys::ScalarArrayOpExpr>()).args,
                _ => return GO_ON,
            };
            nodes(arguments).into_iter().any(|argument| {
                let value = pg_sys::exprType(argument);
                !is_builtin(value) && self.ranges(pg_sys::getBaseType(value))
            })
        }
    }

    /// Notes a user's type, for [`Self::json_casts`].
    fn seen(&self, value: pg_sys::Oid) {
        if !is_builtin(value) {
            self.state.borrow_mut().values.insert(value);
        }
    }

    /// What makes JSON of any type looks for a cast to json, and calls its function.
    unsafe fn json_casts(&self) -> Stop {
        if !self.state.borrow().makes_json {
            return GO_ON;
        }
        self.at.set(std::ptr::null_mut());
        let mut open: Vec<pg_sys::Oid> = self.state.borrow().values.iter().copied().collect();
        let mut done = HashSet::new();
        while let Some(value) = open.pop() {
            if is_builtin(value) || !done.insert(value) {
                continue;
            }
            // SAFETY: catalog look-ups.
            unsafe {
                for target in [pg_sys::JSONOID, pg_sys::JSONBOID] {
                    let mut function = pg_sys::InvalidOid;
                    let path = pg_sys::find_coercion_pathway(
                        target,
                        value,
                        pg_sys::CoercionContext::COERCION_EXPLICIT,
                        &mut function,
                    );
                    if path == pg_sys::CoercionPathType::COERCION_PATH_FUNC && self.function(function) {
                        return STOP;
                    }
                }
                open.push(pg_sys::getBaseType(value));
                open.push(pg_sys::get_element_type(value));
                if pg_sys::get_typtype(value) as u8 == pg_sys::TYPTYPE_COMPOSITE {
                    open.extend(columns_of(value));
                }
            }
        }
        GO_ON
    }

    unsafe fn columns(&self, types: *mut pg_sys::List) -> Stop {
        // SAFETY: a list of type OIDs.
        unsafe { oids(types).into_iter().any(|column| self.type_of_value(column)) }
    }

    /// Making a value of this type may run checks of domains that are hidden in it.
    unsafe fn type_of_value(&self, value: pg_sys::Oid) -> Stop {
        if is_builtin(value) || !self.state.borrow_mut().types.insert(value) {
            return GO_ON;
        }
        self.seen(value);
        // SAFETY: catalog look-ups; the constraint reference registers a callback on itself with the
        // memory context, so it must live there and not on the stack.
        unsafe {
            pg_sys::check_stack_depth();
            match pg_sys::get_typtype(value) as u8 {
                pg_sys::TYPTYPE_DOMAIN => {
                    let bytes = std::mem::size_of::<pg_sys::DomainConstraintRef>();
                    let constraints: *mut pg_sys::DomainConstraintRef = pg_sys::palloc0(bytes).cast();
                    pg_sys::InitDomainConstraintRef(
                        value,
                        constraints,
                        pg_sys::CurrentMemoryContext,
                        false,
                    );
                    for constraint in nodes((*constraints).constraints) {
                        let check = (*constraint.cast::<pg_sys::DomainConstraintState>()).check_expr;
                        if !check.is_null() && self.hidden(check.cast()) {
                            return STOP;
                        }
                    }
                    self.type_of_value(pg_sys::getBaseType(value))
                }
                pg_sys::TYPTYPE_COMPOSITE => {
                    columns_of(value).into_iter().any(|column| self.type_of_value(column))
                }
                pg_sys::TYPTYPE_RANGE | pg_sys::TYPTYPE_MULTIRANGE => self.ranges(value),
                _ => {
                    let element = pg_sys::get_element_type(value);
                    element != pg_sys::InvalidOid && self.type_of_value(element)
                }
            }
        }
    }

    /// A check of a domain: its places are not places of the text.
    unsafe fn hidden(&self, check: *mut pg_sys::Node) -> Stop {
        let at = self.at.get();
        let position = unsafe { self.position_of_node() };
        // SAFETY: the expression belongs to the type cache, pinned by the constraint reference.
        let stopped = unsafe { self.node(check) };
        self.at.set(at);
        if stopped {
            if let Some(refusal) = &mut self.state.borrow_mut().refusal {
                refusal.position = position;
            }
        }
        stopped
    }

    /// A range type made by a user brings functions of its own.
    unsafe fn ranges(&self, value: pg_sys::Oid) -> Stop {
        if is_builtin(value) {
            return GO_ON;
        }
        // SAFETY: syscache look-ups; the entry is copied from before it is released.
        unsafe {
            let range = match pg_sys::get_typtype(value) as u8 {
                pg_sys::TYPTYPE_RANGE => value,
                pg_sys::TYPTYPE_MULTIRANGE => pg_sys::get_multirange_range(value),
                _ => return GO_ON,
            };
            let cache = pg_sys::SysCacheIdentifier::RANGETYPE as i32;
            let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(range));
            if tuple.is_null() {
                return GO_ON;
            }
            let form = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_range>();
            let (canonical, difference, bound) = (form.rngcanonical, form.rngsubdiff, form.rngsubtype);
            pg_sys::ReleaseSysCache(tuple);
            self.function(canonical) || self.function(difference) || self.type_of_value(bound)
        }
    }

    // ------------------------------------------------------------------------------- relations

    unsafe fn entry(&self, entry: &pg_sys::RangeTblEntry) -> Stop {
        // The rule of a view has entries for the view itself.
        if entry.rtekind != pg_sys::RTEKind::RTE_RELATION || entry.relid == self.view.get() {
            return GO_ON;
        }
        // SAFETY: analysis holds a lock on the relation; syscache look-ups.
        unsafe {
            self.state.borrow_mut().reads.relation(qualified(entry.relid));
            match entry.relkind as u8 {
                pg_sys::RELKIND_VIEW => self.look_into(entry.relid),
                pg_sys::RELKIND_FOREIGN_TABLE => self.relation_refused(
                    entry.relid,
                    "is a foreign table",
                    "Ask for a copy of its rows in a local table or a materialized view.",
                ),
                _ => self.table(entry),
            }
        }
    }

    unsafe fn table(&self, entry: &pg_sys::RangeTblEntry) -> Stop {
        // SAFETY: a syscache look-up; the entry is copied from before it is released.
        unsafe {
            let cache = pg_sys::SysCacheIdentifier::RELOID as i32;
            let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(entry.relid));
            if tuple.is_null() {
                return GO_ON;
            }
            let form = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_class>();
            let (row_security, children) = (form.relrowsecurity, form.relhassubclass);
            pg_sys::ReleaseSysCache(tuple);
            if row_security && self.owner_rights.get() {
                return self.relation_refused(
                    self.outermost.get(),
                    "reads a table with row-level security under its owner's rights",
                    "ALTER VIEW ... SET (security_invoker = true) makes it readable.",
                );
            }
            if children && entry.inh {
                let lock = pg_sys::NoLock as i32;
                let all = pg_sys::find_all_inheritors(entry.relid, lock, std::ptr::null_mut());
                let foreign = oids(all).into_iter().any(|child| {
                    pg_sys::get_rel_relkind(child) as u8 == pg_sys::RELKIND_FOREIGN_TABLE
                });
                if foreign {
                    return self.relation_refused(
                        entry.relid,
                        "has a partition that is a foreign table",
                        "Name the local partitions.",
                    );
                }
            }
        }
        GO_ON
    }

    unsafe fn relation_refused(&self, relation: pg_sys::Oid, why: &str, hint: &str) -> Stop {
        // SAFETY: catalog look-ups; the raw tree lives as long as the walk.
        unsafe {
            let shown = if self.depth.get() > 0 { self.outermost.get() } else { relation };
            let what = format!("relation {} {why}", qualified(relation));
            self.refuse(Refusal::new(Code::Relation, what, self.place_of(shown)).hint(hint))
        }
    }

    /// The definition of a view, before the rewriter adds policies to it.
    unsafe fn look_into(&self, view: pg_sys::Oid) -> Stop {
        // SAFETY: the view stays open, and so its rule in place, until the walk through it is over; the
        // lock stays until the end of the subtransaction.
        unsafe {
            let relation = pg_sys::relation_open(view, pg_sys::AccessShareLock as i32);
            let options = (*relation).rd_options.cast::<pg_sys::ViewOptions>();
            let invoker = !options.is_null() && (*options).security_invoker;
            let before = (self.view.get(), self.owner_rights.get(), self.outermost.get());
            let owner_rights = before.1 || !invoker;
            let mut stopped = GO_ON;
            if self.depth.get() >= MAX_VIEW_DEPTH {
                let what = format!("views are nested more than {MAX_VIEW_DEPTH} deep");
                stopped = self.refuse(Refusal::new(Code::TooDeep, what, self.place()));
            } else if self.state.borrow_mut().views.insert((view, owner_rights)) {
                if self.depth.get() == 0 {
                    self.outermost.set(view);
                }
                self.view.set(view);
                self.owner_rights.set(owner_rights);
                self.depth.set(self.depth.get() + 1);
                stopped = self.query(pg_sys::get_view_query(relation));
                self.depth.set(self.depth.get() - 1);
                self.view.set(before.0);
                self.owner_rights.set(before.1);
                self.outermost.set(before.2);
            }
            pg_sys::relation_close(relation, pg_sys::NoLock as i32);
            stopped
        }
    }
}

/// The types of a row type's columns.
unsafe fn columns_of(row: pg_sys::Oid) -> Vec<pg_sys::Oid> {
    // SAFETY: the descriptor is a copy, with natts attributes behind it.
    unsafe {
        let row = pg_sys::lookup_rowtype_tupdesc_copy(row, -1);
        let columns = std::slice::from_raw_parts((*row).attrs.as_ptr(), (*row).natts as usize);
        columns.iter().filter(|column| !column.attisdropped).map(|column| column.atttypid).collect()
    }
}

/// Whether the object came with the server. Its schema proves nothing.
fn is_builtin(object: pg_sys::Oid) -> bool {
    object.to_u32() < pg_sys::FirstNormalObjectId
}

/// Whether it is one of the two functions that policies and views of this extension need. Nobody but
/// the extension can create anything in its schema.
unsafe fn is_ours(function: pg_sys::Oid) -> bool {
    // SAFETY: cached catalog look-ups; names are palloc'd or NULL.
    unsafe {
        let schema = pg_sys::get_namespace_name(pg_sys::get_func_namespace(function));
        let name = pg_sys::get_func_name(function);
        !schema.is_null()
            && !name.is_null()
            && CStr::from_ptr(schema) == c"flowai"
            && CStr::from_ptr(name)
                .to_str()
                .is_ok_and(|name| policy::ALLOWED_OF_FLOWAI.contains(&name))
    }
}

/// A function as `schema.name(types)`; the server's own without schema.
unsafe fn signature(function: pg_sys::Oid) -> String {
    // SAFETY: cached catalog look-ups, palloc'd or NULL; the argument types are as many as said.
    unsafe {
        let (mut types, mut count) = (std::ptr::null_mut(), 0);
        pg_sys::get_func_signature(function, &mut types, &mut count);
        let types: Vec<String> = (0..count as usize)
            .map(|number| {
                let name = pg_sys::format_type_be(*types.add(number));
                CStr::from_ptr(name).to_string_lossy().into_owned()
            })
            .collect();
        let schema = if is_builtin(function) {
            std::ptr::null_mut()
        } else {
            pg_sys::get_namespace_name(pg_sys::get_func_namespace(function))
        };
        let name = pg_sys::quote_qualified_identifier(schema, pg_sys::get_func_name(function));
        format!("{}({})", CStr::from_ptr(name).to_string_lossy(), types.join(","))
    }
}

/// A relation as `schema.name`.
unsafe fn qualified(relation: pg_sys::Oid) -> String {
    // SAFETY: cached catalog look-ups; names are palloc'd or NULL.
    unsafe {
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        let name = pg_sys::get_rel_name(relation);
        if schema.is_null() || name.is_null() {
            return relation.to_string();
        }
        CStr::from_ptr(pg_sys::quote_qualified_identifier(schema, name)).to_string_lossy().into_owned()
    }
}
