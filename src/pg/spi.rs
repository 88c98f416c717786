//! Statements of the store: prepared once per backend, typed arguments, an explicit snapshot.
//!
//! pgrx's own `Spi` decides by itself whether a statement runs under the caller's snapshot (it looks
//! whether the transaction has an id). Search must never leave that to chance: manifest, delta and
//! rows have to come from one snapshot. So each call here says which one it wants.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{CString, c_char};

use flowai_core::{Error, Result};
use pgrx::{FromDatum, IntoDatum, pg_sys};

use super::jsonb::{Lent, Stored};
use super::{tenant, transaction};

/// Arguments of one statement, in order of `$1`, `$2`, ...
#[derive(Default)]
pub(crate) struct Args {
    types: Vec<pg_sys::Oid>,
    values: Vec<pg_sys::Datum>,
    nulls: Vec<c_char>,
}

impl Args {
    /// Appends a value; `None` is NULL.
    pub(crate) fn and<T: IntoDatum>(mut self, value: T) -> Self {
        self.types.push(T::type_oid());
        match value.into_datum() {
            Some(datum) => {
                self.values.push(datum);
                self.nulls.push(b' ' as c_char);
            }
            None => {
                self.values.push(pg_sys::Datum::from(0));
                self.nulls.push(b'n' as c_char);
            }
        }
        self
    }
}

/// The arguments of a statement: `args![tenant, key]`.
macro_rules! args {
    ($($value:expr),* $(,)?) => { $crate::pg::spi::Args::default()$(.and($value))* };
}
pub(crate) use args;

/// One row of a result. Columns count from 1.
pub(crate) struct Row {
    tuple: pg_sys::HeapTuple,
    desc: pg_sys::TupleDesc,
}

/// Types whose values are copies of what a row holds, and so outlive it.
pub(crate) trait Owned: FromDatum {}

macro_rules! owned {
    ($($copied:ty),* $(,)?) => { $(impl Owned for $copied {})* };
}
owned![
    bool,
    i16,
    i32,
    i64,
    f64,
    String,
    Vec<u8>,
    Vec<String>,
    pg_sys::Oid,
    pgrx::Uuid,
    pgrx::datum::Interval,
    pgrx::datum::TimestampWithTimeZone,
];

impl Row {
    /// The column's value, or `None` for NULL.
    pub(crate) fn get<T: Owned>(&self, column: usize) -> Option<T> {
        let (datum, null) = self.datum(column);
        // SAFETY: tuple and descriptor belong to the SPI result that the caller is iterating; the
        // value is copied out of it.
        unsafe {
            let oid = pg_sys::SPI_gettypeid(self.desc, column as i32);
            T::from_polymorphic_datum(datum, null, oid)
        }
    }

    /// The column's value where NULL would be a bug of the statement.
    pub(crate) fn need<T: Owned>(&self, column: usize) -> Result<T> {
        self.get(column).ok_or_else(|| null_column(column))
    }

    /// The column's text where NULL would be a bug of the statement, as the row holds it.
    pub(crate) fn need_text(&self, column: usize) -> Result<&str> {
        let (datum, null) = self.datum(column);
        // SAFETY: as above; the text lives as long as the statement's result, which the row is of.
        unsafe {
            let oid = pg_sys::SPI_gettypeid(self.desc, column as i32);
            <&str>::from_polymorphic_datum(datum, null, oid).ok_or_else(|| null_column(column))
        }
    }

    /// The column's jsonb, or `None` for NULL.
    pub(crate) fn jsonb(&self, column: usize) -> Result<Option<Lent<'_>>> {
        let (datum, null) = self.datum(column);
        // SAFETY: as above; the result lives no longer than the row.
        unsafe {
            if pg_sys::SPI_gettypeid(self.desc, column as i32) != pg_sys::JSONBOID {
                return Err(no_jsonb(column));
            }
            Ok((!null).then(|| Lent::of(datum)))
        }
    }

    /// The column's jsonb where NULL would be a bug of the statement.
    pub(crate) fn need_jsonb(&self, column: usize) -> Result<Lent<'_>> {
        self.jsonb(column)?.ok_or_else(|| null_column(column))
    }

    fn datum(&self, column: usize) -> (pg_sys::Datum, bool) {
        let mut null = false;
        // SAFETY: a column that is not there is NULL.
        let datum =
            unsafe { pg_sys::SPI_getbinval(self.tuple, self.desc, column as i32, &mut null) };
        (datum, null)
    }

    /// The column's jsonb as it is stored, for the caller of the SQL function: it outlives the
    /// statement.
    pub(crate) fn transfer(&self, column: usize) -> Result<Stored> {
        let (datum, null) = self.datum(column);
        // SAFETY: as above; the copy is in the memory context of the function's caller.
        unsafe {
            if null || pg_sys::SPI_gettypeid(self.desc, column as i32) != pg_sys::JSONBOID {
                return Err(no_jsonb(column));
            }
            Ok(Stored(pg_sys::SPI_datumTransfer(datum, false, -1)))
        }
    }
}

fn null_column(column: usize) -> Error {
    Error::internal(format!("column {column} of a stored statement is null"))
}

fn no_jsonb(column: usize) -> Error {
    Error::internal(format!("column {column} of a stored statement is no jsonb"))
}

/// Which rows a statement sees.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Snapshot {
    /// Those of the caller's snapshot: for functions that only read.
    Caller,
    /// A new snapshot, own writes included: for functions that write. In REPEATABLE READ that of the
    /// transaction.
    Fresh,
    /// What is committed by now, whatever the isolation level: for functions that wait for others.
    Latest,
}

/// Runs a reading statement under the caller's snapshot.
pub(crate) fn read<T>(
    sql: &'static str,
    args: Args,
    row: impl FnMut(&Row) -> Result<T>,
) -> Result<Vec<T>> {
    rows(Snapshot::Caller, sql, args, row)
}

/// Runs a writing statement (or one that must see what this function wrote), with its RETURNING rows.
pub(crate) fn write<T>(
    sql: &'static str,
    args: Args,
    row: impl FnMut(&Row) -> Result<T>,
) -> Result<Vec<T>> {
    rows(Snapshot::Fresh, sql, args, row)
}

/// The first row of a reading statement.
pub(crate) fn read_one<T>(
    sql: &'static str,
    args: Args,
    row: impl FnMut(&Row) -> Result<T>,
) -> Result<Option<T>> {
    Ok(read(sql, args, row)?.into_iter().next())
}

/// The first row of a writing statement.
pub(crate) fn write_one<T>(
    sql: &'static str,
    args: Args,
    row: impl FnMut(&Row) -> Result<T>,
) -> Result<Option<T>> {
    Ok(write(sql, args, row)?.into_iter().next())
}

/// Runs reading statements that must agree with each other, and with what is committed by now, under
/// one new snapshot.
pub(crate) fn in_new_snapshot<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: pushed and popped in pairs; an error that unwinds aborts the transaction, which pops too.
    unsafe {
        pg_sys::CommandCounterIncrement();
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        let result = work();
        pg_sys::PopActiveSnapshot();
        result
    }
}

/// Runs reading statements that must know of everything that is committed by now, also where the
/// transaction keeps to an older snapshot: a promise that another transaction has made holds for this one.
pub(crate) fn in_latest_snapshot<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: as above.
    unsafe {
        pg_sys::CommandCounterIncrement();
        pg_sys::PushActiveSnapshot(pg_sys::GetLatestSnapshot());
        let result = work();
        pg_sys::PopActiveSnapshot();
        result
    }
}

/// Runs a writing statement and tells how many rows it touched.
pub(crate) fn run(sql: &'static str, args: Args) -> Result<u64> {
    let mut touched = 0;
    connected(|| {
        execute(plan_of(sql, &args)?, &args, Snapshot::Fresh)?;
        // SAFETY: a plain read of what the last SPI call left.
        touched = unsafe { pg_sys::SPI_processed };
        Ok(())
    })?;
    Ok(touched)
}

/// Before an INSERT where a row may be: locks the rows that are seen to be there, with the statement given, in a
/// transaction that keeps its snapshot. One that somebody has deleted since is error 40001. The INSERT would not
/// notice: it asks what is there now, and this transaction would see the old row beside its new one.
pub(crate) fn hold_what_is_seen(sql: &'static str, args: impl FnOnce() -> Args) -> Result<()> {
    if transaction::keeps_its_snapshot() {
        run(sql, args())?;
    }
    Ok(())
}

/// Runs a statement that cannot be prepared once, because it names an object (GRANT role TO role).
/// Identifiers in it must come out of `quote_identifier`.
pub(crate) fn run_utility(sql: &str) -> Result<()> {
    let text = CString::new(sql).map_err(|_| Error::internal("NUL in a statement"))?;
    connected(|| {
        // SAFETY: SPI is connected; the text lives across the call.
        let code = unsafe { pg_sys::SPI_execute(text.as_ptr(), false, 0) };
        succeeded(code, sql)
    })
}

/// An identifier as SQL text, quoted where it must be.
pub(crate) fn quote_identifier(name: &str) -> Result<String> {
    let text = CString::new(name).map_err(|_| Error::internal("NUL in an identifier"))?;
    // SAFETY: the server returns either the argument or a palloc'd copy; both live across the copy.
    let quoted = unsafe { std::ffi::CStr::from_ptr(pg_sys::quote_identifier(text.as_ptr())) };
    Ok(quoted.to_string_lossy().into_owned())
}

/// Runs a statement under the snapshot given: for what both readers and writers do.
pub(crate) fn rows<T>(
    snapshot: Snapshot,
    sql: &'static str,
    args: Args,
    mut row: impl FnMut(&Row) -> Result<T>,
) -> Result<Vec<T>> {
    let mut out = Vec::new();
    connected(|| {
        execute(plan_of(sql, &args)?, &args, snapshot)?;
        // SAFETY: the tuple table was left by the statement that just ran and is freed by
        // SPI_finish, after this loop.
        unsafe {
            let table = pg_sys::SPI_tuptable;
            if table.is_null() {
                return Ok(());
            }
            let count = (*table).numvals as usize;
            out.reserve(count);
            for i in 0..count {
                let item = Row { tuple: *(*table).vals.add(i), desc: (*table).tupdesc };
                out.push(row(&item)?);
            }
        }
        Ok(())
    })?;
    Ok(out)
}

/// Connects to SPI around `work`. If a PostgreSQL error unwinds through it, the transaction's abort
/// cleans the SPI stack up; there is nothing to do here.
fn connected(work: impl FnOnce() -> Result<()>) -> Result<()> {
    // A plan of another tenant must be gone before it is fetched from the cache.
    tenant::refresh()?;
    // SAFETY: every connect is paired with the finish below unless an error unwinds.
    unsafe {
        if pg_sys::SPI_connect() != pg_sys::SPI_OK_CONNECT as i32 {
            return Err(Error::internal("SPI_connect failed"));
        }
        let result = work();
        pg_sys::SPI_finish();
        result
    }
}

fn execute(plan: pg_sys::SPIPlanPtr, args: &Args, snapshot: Snapshot) -> Result<()> {
    let trusted = tenant::trust_plans();
    let (values, nulls) = (args.values.as_ptr().cast_mut(), args.nulls.as_ptr());
    // SAFETY: plan, values and nulls agree in number: the plan was made from these arguments' types. The
    // snapshot is registered while the statement runs; if that fails, the transaction lets go of it.
    let code = unsafe {
        if snapshot == Snapshot::Latest {
            let latest = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
            let nothing = std::ptr::null_mut();
            let code =
                pg_sys::SPI_execute_snapshot(plan, values, nulls, latest, nothing, true, false, 0);
            pg_sys::UnregisterSnapshot(latest);
            code
        } else {
            pg_sys::SPI_execute_plan(plan, values, nulls, snapshot == Snapshot::Caller, 0)
        }
    };
    drop(trusted);
    succeeded(code, "a stored statement")
}

fn succeeded(code: i32, what: &str) -> Result<()> {
    if code < 0 {
        return Err(Error::internal(format!("SPI refused {what} with code {code}")));
    }
    Ok(())
}

thread_local! {
    /// One saved plan for each statement and list of argument types.
    static PLANS: RefCell<HashMap<(&'static str, Vec<pg_sys::Oid>), pg_sys::SPIPlanPtr>> =
        RefCell::default();
}

fn plan_of(sql: &'static str, args: &Args) -> Result<pg_sys::SPIPlanPtr> {
    let known = PLANS.with_borrow(|plans| plans.get(&(sql, args.types.clone())).copied());
    if let Some(plan) = known {
        return Ok(plan);
    }
    let text = CString::new(sql).map_err(|_| Error::internal("NUL in a stored statement"))?;
    // SAFETY: SPI is connected (only called from `connected`); a kept plan lives until backend exit
    // and is revalidated by the server whenever what it uses changes.
    let plan = unsafe {
        let plan = pg_sys::SPI_prepare(
            text.as_ptr(),
            args.types.len() as i32,
            args.types.as_ptr().cast_mut(),
        );
        if plan.is_null() || pg_sys::SPI_keepplan(plan) != 0 {
            return Err(Error::internal(format!("SPI cannot prepare: {sql}")));
        }
        plan
    };
    PLANS.with_borrow_mut(|plans| plans.insert((sql, args.types.clone()), plan));
    Ok(plan)
}
