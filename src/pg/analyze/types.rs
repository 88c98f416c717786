//! Types: making or comparing a value may call functions that no expression shows.

use std::collections::HashSet;

use pgrx::pg_sys;

use pg_sys::NodeTag;

use super::super::rows::attributes;
use super::walk::Walk;
use super::{GO_ON, STOP, Stop, is_builtin, nodes, oids};

impl Walk<'_> {
    /// The type of a value that the statement makes.
    pub(super) unsafe fn produced(&self, node: *mut pg_sys::Node) -> Stop {
        // SAFETY: see `node`.
        unsafe { self.type_of_value(pg_sys::exprType(node)) }
    }

    /// The planner asks a range type's own functions when it compares values of it.
    pub(super) unsafe fn arguments(&self, node: *mut pg_sys::Node) -> Stop {
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
    pub(super) fn seen(&self, value: pg_sys::Oid) {
        if !is_builtin(value) {
            self.state.borrow_mut().values.insert(value);
        }
    }

    /// Functions that take values of any type: what they may call depends on all types that there are.
    pub(super) unsafe fn made_of_any_type(&self) -> Stop {
        // SAFETY: catalog look-ups.
        unsafe { self.json_casts() || self.row_checks() }
    }

    /// What fills a row like another one checks the domains of its columns.
    unsafe fn row_checks(&self) -> Stop {
        if !self.state.borrow().makes_rows {
            return GO_ON;
        }
        self.at.set(std::ptr::null_mut());
        let values: Vec<pg_sys::Oid> = self.state.borrow().values.iter().copied().collect();
        // SAFETY: catalog look-ups.
        values.into_iter().any(|value| unsafe { self.type_of_value(value) })
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
                    if path == pg_sys::CoercionPathType::COERCION_PATH_FUNC
                        && self.past_gates(|| self.function(function))
                    {
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

    pub(super) unsafe fn columns(&self, types: *mut pg_sys::List) -> Stop {
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
                    let constraints: *mut pg_sys::DomainConstraintRef =
                        pg_sys::palloc0(bytes).cast();
                    pg_sys::InitDomainConstraintRef(
                        value,
                        constraints,
                        pg_sys::CurrentMemoryContext,
                        false,
                    );
                    for constraint in nodes((*constraints).constraints) {
                        let check =
                            (*constraint.cast::<pg_sys::DomainConstraintState>()).check_expr;
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

    /// A check of a domain: it stands where the value is made.
    unsafe fn hidden(&self, check: *mut pg_sys::Node) -> Stop {
        let (at, stand_in) = (self.at.get(), self.stand_in.get());
        // SAFETY: the expression belongs to the type cache, pinned by the constraint reference.
        unsafe {
            self.stand_in.set(Some(self.position_of_node()));
            let stopped = self.node(check);
            self.at.set(at);
            self.stand_in.set(stand_in);
            stopped
        }
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
            let (canonical, difference, bound) =
                (form.rngcanonical, form.rngsubdiff, form.rngsubtype);
            pg_sys::ReleaseSysCache(tuple);
            self.past_gates(|| self.function(canonical) || self.function(difference))
                || self.type_of_value(bound)
        }
    }
}

/// The types of a row type's columns.
unsafe fn columns_of(row: pg_sys::Oid) -> Vec<pg_sys::Oid> {
    // SAFETY: the descriptor is a copy.
    unsafe {
        let columns = attributes(pg_sys::lookup_rowtype_tupdesc_copy(row, -1));
        columns.iter().filter(|column| !column.attisdropped).map(|column| column.atttypid).collect()
    }
}
