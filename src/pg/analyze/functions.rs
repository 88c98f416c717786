//! Functions, by OID.

use std::collections::HashSet;
use std::ffi::CStr;

use flowai_core::query::{Code, Refusal, policy};
use pgrx::{FromDatum, pg_sys};

use pg_sys::NodeTag;

use super::walk::Walk;
use super::{Foreign, GO_ON, STOP, Stop, is_builtin, position, structure};
use crate::pg::bounds;

impl Walk<'_> {
    pub(super) unsafe fn operator(&self, operator: pg_sys::Oid) -> Stop {
        // SAFETY: a cached catalog look-up.
        operator != pg_sys::InvalidOid && self.function(unsafe { pg_sys::get_opcode(operator) })
    }

    /// A user's operator, and whatever the planner may put in its place: its commutator, its negator, and
    /// theirs. Estimates call them past the gates.
    pub(super) unsafe fn operator_or_kin(&self, operator: pg_sys::Oid) -> Stop {
        let mut open = vec![operator];
        let mut done = HashSet::new();
        while let Some(operator) = open.pop() {
            if operator == pg_sys::InvalidOid || is_builtin(operator) || !done.insert(operator) {
                continue;
            }
            // SAFETY: cached catalog look-ups.
            unsafe {
                if self.past_gates(|| self.operator(operator)) {
                    return STOP;
                }
                open.push(pg_sys::get_commutator(operator));
                open.push(pg_sys::get_negator(operator));
            }
        }
        GO_ON
    }

    /// Functions that are met meanwhile are called without a gate that sees it.
    pub(super) fn past_gates(&self, look: impl FnOnce() -> Stop) -> Stop {
        let before = self.past_gates.replace(true);
        let stopped = look();
        self.past_gates.set(before);
        stopped
    }

    pub(super) fn function(&self, function: pg_sys::Oid) -> Stop {
        let past_gates = self.past_gates.get();
        if function == pg_sys::InvalidOid
            || !self.state.borrow_mut().functions.insert((function, past_gates))
        {
            return GO_ON;
        }
        match standing(function) {
            Standing::Harmless => {
                // SAFETY: a cached catalog look-up.
                if let Some(name) = unsafe { name_of(function) } {
                    let mut state = self.state.borrow_mut();
                    state.makes_json |= policy::JSON_MAKERS.contains(&&*name);
                    state.makes_rows |= policy::ROW_MAKERS.contains(&&*name);
                }
                GO_ON
            }
            _ if self.past_gates_alone && !past_gates => GO_ON,
            // SAFETY: see `node`.
            Standing::Refused(refusal) => {
                self.refuse(Refusal { position: unsafe { self.position_of_node() }, ..refusal })
            }
            Standing::Foreign(foreign) => {
                // SAFETY: see `node`.
                let position = unsafe { self.position_of_node() };
                let mut state = self.state.borrow_mut();
                state.reads.function(foreign.signature.clone());
                state.foreign.push(Foreign { position, past_gates, ..foreign });
                GO_ON
            }
        }
    }

    /// Notes a built-in function that the text itself calls by name.
    pub(super) unsafe fn tell_called(&self, node: *mut pg_sys::Node) {
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
    pub(super) unsafe fn position_of_node(&self) -> Option<usize> {
        let node = self.at.get();
        if let Some(position) = self.stand_in.get() {
            return position;
        }
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
                NodeTag::T_ScalarArrayOpExpr => {
                    (*node.cast::<pg_sys::ScalarArrayOpExpr>()).location
                }
                _ => pg_sys::exprLocation(node),
            }
        };
        position(self.text, location)
    }

    /// Where the text names the view that led here.
    pub(super) unsafe fn place(&self) -> Option<usize> {
        // SAFETY: the raw tree lives as long as the walk.
        unsafe { self.place_of(self.outermost.get()) }
    }

    pub(super) unsafe fn place_of(&self, relation: pg_sys::Oid) -> Option<usize> {
        if self.raw.is_null() {
            return None;
        }
        // SAFETY: the text has been parsed; the name is palloc'd or NULL.
        unsafe {
            let name = pg_sys::get_rel_name(relation);
            if name.is_null() {
                return None;
            }
            structure::place_of(self.text, CStr::from_ptr(name))
        }
    }
}

/// What is known of a function by itself.
pub(crate) enum Standing {
    /// It came with the server or with us, and only reads.
    Harmless,
    /// It came with the server and does more.
    Refused(Refusal),
    /// It did not come with the server.
    Foreign(Foreign),
}

/// Looks a function up. Places in the text are unknown here.
pub(crate) fn standing(function: pg_sys::Oid) -> Standing {
    // SAFETY: cached catalog look-ups.
    unsafe {
        if !is_builtin(function) {
            return if is_ours(function) || makes_ranges(function) {
                Standing::Harmless
            } else {
                let signature = signature(function);
                Standing::Foreign(Foreign {
                    function,
                    signature,
                    position: None,
                    past_gates: false,
                })
            };
        }
        let volatile = pg_sys::func_volatile(function) as u8 == pg_sys::PROVOLATILE_VOLATILE;
        if policy::builtin_allowed(&name_of(function).unwrap_or_default(), volatile) {
            return Standing::Harmless;
        }
        let what = format!("function {} is not allowed", signature(function));
        let hint = "Do without it: what it does goes beyond reading.";
        Standing::Refused(Refusal::new(Code::Function, what, None).hint(hint))
    }
}

/// The functions that an aggregate is made of; none for another function.
pub(crate) fn parts_of_aggregate(function: pg_sys::Oid) -> Vec<pg_sys::Oid> {
    // SAFETY: a syscache look-up; the row is copied from before it is released.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::AGGFNOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(function));
        if tuple.is_null() {
            return Vec::new();
        }
        let form = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_aggregate>();
        let parts = vec![
            form.aggtransfn,
            form.aggfinalfn,
            form.aggcombinefn,
            form.aggserialfn,
            form.aggdeserialfn,
            form.aggmtransfn,
            form.aggminvtransfn,
            form.aggmfinalfn,
        ];
        pg_sys::ReleaseSysCache(tuple);
        parts
    }
}

unsafe fn name_of(function: pg_sys::Oid) -> Option<String> {
    // SAFETY: a cached catalog look-up; the name is palloc'd or NULL.
    unsafe {
        let name = pg_sys::get_func_name(function);
        (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
    }
}

/// Whether it is one of the few functions that views of this extension need, or stands in for one of the
/// server's own. Nobody but the extension can create anything in its schemas.
unsafe fn is_ours(function: pg_sys::Oid) -> bool {
    // SAFETY: cached catalog look-ups; names are palloc'd or NULL.
    unsafe {
        let schema = pg_sys::get_namespace_name(pg_sys::get_func_namespace(function));
        let name = pg_sys::get_func_name(function);
        if schema.is_null() || name.is_null() {
            return false;
        }
        let Ok(name) = CStr::from_ptr(name).to_str() else { return false };
        let schema = CStr::from_ptr(schema);
        (schema == c"flowai" && policy::ALLOWED_OF_FLOWAI.contains(&name))
            || (schema == c"flowai_internal" && name.starts_with(bounds::PREFIX))
    }
}

/// Whether it is a constructor that came with a range type of a user. Nobody but a superuser can make
/// another function in C; the functions that the type itself brings are looked at with its values.
unsafe fn makes_ranges(function: pg_sys::Oid) -> bool {
    // SAFETY: a syscache look-up; the text is copied before the row is released.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::PROCOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(function));
        if tuple.is_null() {
            return false;
        }
        let form = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_proc>();
        let mut null = false;
        let column = pg_sys::Anum_pg_proc_prosrc as pg_sys::AttrNumber;
        let source = pg_sys::SysCacheGetAttr(cache, tuple, column, &mut null);
        let makes = form.prolang == pg_sys::Oid::from(pg_sys::INTERNALlanguageId)
            && !null
            && String::from_datum(source, null)
                .is_some_and(|source| policy::RANGE_MAKERS.contains(&&*source));
        pg_sys::ReleaseSysCache(tuple);
        makes
    }
}

/// Whether it is a function whose language may keep expressions ready between calls.
pub(crate) fn keeps_plans(function: pg_sys::Oid) -> bool {
    !is_builtin(function) && !is_compiled(function)
}

/// Whether it is somebody's function with a body in a language that anybody may write in.
pub(crate) fn brings_own_body(function: pg_sys::Oid) -> bool {
    // SAFETY: cached catalog look-ups.
    keeps_plans(function) && !unsafe { is_ours(function) }
}

/// Whether it is written in C: nobody but a superuser makes such a function.
pub(super) fn is_compiled(function: pg_sys::Oid) -> bool {
    // SAFETY: a syscache look-up; the field is copied before the row is released.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::PROCOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(function));
        if tuple.is_null() {
            return false;
        }
        let language = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_proc>()).prolang;
        pg_sys::ReleaseSysCache(tuple);
        [pg_sys::INTERNALlanguageId, pg_sys::ClanguageId].contains(&language.to_u32())
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
