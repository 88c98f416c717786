//! Stand-ins for functions of the server that cannot be interrupted, as `flowai_core::query::bound` has
//! them: each looks at the sizes of its arguments before it calls the function that it stands for. The walk
//! over a statement puts them in. Outside of the envelope, where a plan may be kept, they do nothing of their own.
//!
//! All are one function in C; what it stands for is in the name that it is called by.

use std::ffi::{CStr, CString};

use flowai_core::query::bound::{self, Rule};
use flowai_core::{Error, Kind};
use pgrx::{pg_guard, pg_sys};

use super::gate;
use super::raise::raise;

/// What the names of stand-ins begin with; they are in `flowai_internal`.
pub(crate) const PREFIX: &str = "bounded_";

/// What one call site keeps.
#[repr(C)]
struct Bound {
    original: pg_sys::FmgrInfo,
    rule: Rule,
    /// Whether the JSON path, which is always the same, needs no look any more.
    passed: bool,
}

#[unsafe(no_mangle)]
#[doc(hidden)]
pub(crate) extern "C" fn pg_finfo_flowai_bounded() -> &'static pg_sys::Pg_finfo_record {
    const VERSION_1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &VERSION_1
}

/// # Safety
/// Called by the server, as a function of version 1.
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn flowai_bounded(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the call is going on. Nothing on this frame needs to be dropped if an error leaves it. The call
    // gets its own description back, and the one of the original lives as long as the call site.
    unsafe {
        let info = (*fcinfo).flinfo;
        if (*info).fn_extra.is_null() {
            (*info).fn_extra = prepare(info).cast();
        }
        let bound: *mut Bound = (*info).fn_extra.cast();
        if gate::are_down() && !(*bound).passed {
            (*bound).passed = check(fcinfo, (*bound).rule, (*info).fn_oid);
        }
        let Some(original) = (*bound).original.fn_addr else { return pg_sys::Datum::from(0) };
        (*fcinfo).flinfo = &raw mut (*bound).original;
        let result = original(fcinfo);
        (*fcinfo).flinfo = info;
        result
    }
}

/// Looks up what a stand-in stands for.
unsafe fn prepare(info: *mut pg_sys::FmgrInfo) -> *mut Bound {
    // SAFETY: the memory lives as long as the call site.
    unsafe {
        let found = original_of((*info).fn_oid);
        let Some((function, rule)) = found else {
            raise(Error::internal("a stand-in that stands for nothing"))
        };
        let size = std::mem::size_of::<Bound>();
        let bound: *mut Bound = pg_sys::MemoryContextAllocZero((*info).fn_mcxt, size).cast();
        (*bound).rule = rule;
        pg_sys::fmgr_info_cxt(function, &raw mut (*bound).original, (*info).fn_mcxt);
        (*bound).original.fn_expr = (*info).fn_expr;
        bound
    }
}

/// Leaves with an error, or tells whether all further calls of this site are as good.
unsafe fn check(fcinfo: pg_sys::FunctionCallInfo, rule: Rule, function: pg_sys::Oid) -> bool {
    let (first, second) = rule.arguments();
    // SAFETY: the arguments are as many as the function's declaration says.
    unsafe {
        let (Some(one), Some(other)) = (argument(fcinfo, first), argument(fcinfo, second)) else {
            return false;
        };
        let mut path = String::new();
        let (one, other) = match rule {
            Rule::Product(..) => {
                (pg_sys::toast_raw_datum_size(one), pg_sys::toast_raw_datum_size(other))
            }
            Rule::Runs(..) => {
                let run = bound::longest_run(bytes(one));
                (run, run)
            }
            Rule::Path(..) => {
                path = String::from_utf8_lossy(bytes(one)).into_owned();
                (path.len(), pg_sys::toast_raw_datum_size(other))
            }
            Rule::JsonPath(..) => {
                let written =
                    pg_sys::OidOutputFunctionCall(pg_sys::Oid::from(pg_sys::F_JSONPATH_OUT), other);
                let compares = bound::compares_parts(&CStr::from_ptr(written).to_string_lossy());
                pg_sys::pfree(written.cast());
                if !compares {
                    let number = i32::try_from(second).unwrap_or(0);
                    return pg_sys::get_fn_expr_arg_stable((*fcinfo).flinfo, number);
                }
                // Variables are parts like those of the document.
                let variables =
                    argument(fcinfo, 2).map_or(0, |value| pg_sys::toast_raw_datum_size(value));
                (pg_sys::toast_raw_datum_size(one) + variables, 0)
            }
        };
        if rule.takes_too_long(one, other, &path) {
            drop(path);
            too_long(function)
        }
        false
    }
}

fn too_long(function: pg_sys::Oid) -> ! {
    // SAFETY: a cached catalog look-up; the name is palloc'd or NULL.
    let name = unsafe { name_of(function) }.unwrap_or_default();
    let name = name.strip_prefix(PREFIX).unwrap_or(&name);
    let what = format!("function {name} would take too long for values of these sizes");
    raise(
        Error::new(Kind::TooLarge, "query_function_bound", what)
            .detail("It cannot be interrupted, so no time limit would end it.")
            .hint("Give it shorter values."),
    )
}

/// A value that may be long, unless it is NULL.
unsafe fn argument(fcinfo: pg_sys::FunctionCallInfo, number: usize) -> Option<pg_sys::Datum> {
    // SAFETY: see `check`.
    unsafe {
        let given = usize::try_from((*fcinfo).nargs).unwrap_or(0);
        let argument = &*(*fcinfo).args.as_ptr().add(number);
        (number < given && !argument.isnull).then_some(argument.value)
    }
}

/// The bytes of a value of variable length.
unsafe fn bytes<'a>(value: pg_sys::Datum) -> &'a [u8] {
    // SAFETY: the value is one of variable length; its copy lives in the context of the call.
    unsafe {
        let plain = pg_sys::pg_detoast_datum_packed(value.cast_mut_ptr());
        let length = pgrx::varsize_any_exhdr(plain);
        std::slice::from_raw_parts(pgrx::vardata_any(plain).cast(), length)
    }
}

/// What a stand-in stands for, and what it costs.
unsafe fn original_of(function: pg_sys::Oid) -> Option<(pg_sys::Oid, Rule)> {
    // SAFETY: cached catalog look-ups.
    unsafe {
        let name = name_of(function)?;
        let name = name.strip_prefix(PREFIX)?;
        let rule = bound::rule(name)?;
        Some((named_like("pg_catalog", name, function)?, rule))
    }
}

/// The stand-in of a function of the server, if it has one.
pub(crate) fn stand_in(function: pg_sys::Oid) -> Option<pg_sys::Oid> {
    if function.to_u32() >= pg_sys::FirstNormalObjectId {
        return None;
    }
    // SAFETY: cached catalog look-ups.
    unsafe {
        let name = name_of(function)?;
        bound::rule(&name)?;
        named_like("flowai_internal", &format!("{PREFIX}{name}"), function)
    }
}

/// Whether a function of the server stands behind LIKE.
pub(crate) fn matches_patterns(function: pg_sys::Oid) -> bool {
    // SAFETY: a cached catalog look-up.
    unsafe { name_of(function) }.is_some_and(|name| bound::matches_patterns(&name))
}

/// The function of this name that takes what another one takes.
unsafe fn named_like(schema: &str, name: &str, other: pg_sys::Oid) -> Option<pg_sys::Oid> {
    let (schema, name) = (CString::new(schema).ok()?, CString::new(name).ok()?);
    // SAFETY: cached catalog look-ups; names and types live across them. The row is read before it is let go.
    unsafe {
        let schema = pg_sys::get_namespace_oid(schema.as_ptr(), true);
        if schema == pg_sys::InvalidOid {
            return None;
        }
        let cache = pg_sys::SysCacheIdentifier::PROCOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(other));
        if tuple.is_null() {
            return None;
        }
        let form = pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_proc>();
        let found = pg_sys::GetSysCacheOid(
            pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as i32,
            pg_sys::Anum_pg_proc_oid as pg_sys::AttrNumber,
            pg_sys::Datum::from(name.as_ptr()),
            pg_sys::Datum::from(&raw const (*form).proargtypes),
            pg_sys::Datum::from(schema),
            pg_sys::Datum::from(0),
        );
        pg_sys::ReleaseSysCache(tuple);
        (found != pg_sys::InvalidOid).then_some(found)
    }
}

unsafe fn name_of(function: pg_sys::Oid) -> Option<String> {
    // SAFETY: a cached catalog look-up; the name is palloc'd or NULL.
    unsafe {
        let name = pg_sys::get_func_name(function);
        (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
    }
}
