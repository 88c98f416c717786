//! What a trigger is fired for: the rows, and the row that it gives back.

use std::marker::PhantomData;

use flowai_core::{Error, Result};
use pgrx::array::RawArray;
use pgrx::heap_tuple::PgHeapTuple;
use pgrx::pgbox::AllocatedByPostgres;
use pgrx::trigger_support::PgTrigger;
use pgrx::{FromDatum, IntoDatum, PgTupleDesc, pg_sys};
use serde_json::Value;

use super::jsonb::Lent;
use super::spi::Owned;
use super::statement::Statement;

/// A row as a trigger gives it back.
pub(crate) type Given<'a> = PgHeapTuple<'a, AllocatedByPostgres>;

/// A trigger of ours that is being fired.
pub(crate) struct Firing<'a>(&'a PgTrigger<'a>);

/// What for.
pub(crate) enum Event<'a> {
    /// The statement wants to insert this row.
    Insert(Tuple<'a>),
    /// The statement wants the first row to become the second.
    Update(Tuple<'a>, Tuple<'a>),
    /// The statement wants to delete this row.
    Delete(Tuple<'a>),
    /// The statement has no more rows.
    End,
}

impl<'a> Firing<'a> {
    pub(crate) fn of(trigger: &'a PgTrigger<'a>) -> Self {
        Self(trigger)
    }

    /// The statement that fires it.
    pub(crate) fn statement(&self) -> Statement {
        // SAFETY: the data is that of a running trigger.
        unsafe { Statement::of(self.0.trigger()) }
    }

    /// What it is fired for. Only INSTEAD OF row and AFTER STATEMENT triggers know this function.
    pub(crate) fn event(&self) -> Result<Event<'a>> {
        let data = self.0.trigger_data();
        let timing = data.tg_event & pg_sys::TRIGGER_EVENT_TIMINGMASK;
        let row = data.tg_event & pg_sys::TRIGGER_EVENT_ROW != 0;
        let tuple = |tuple| Tuple { tuple, desc: self.desc(), firing: PhantomData };
        match (data.tg_event & pg_sys::TRIGGER_EVENT_OPMASK, row, timing) {
            (_, false, pg_sys::TRIGGER_EVENT_AFTER) => Ok(Event::End),
            (pg_sys::TRIGGER_EVENT_INSERT, true, pg_sys::TRIGGER_EVENT_INSTEAD) => {
                Ok(Event::Insert(tuple(data.tg_trigtuple)))
            }
            (pg_sys::TRIGGER_EVENT_UPDATE, true, pg_sys::TRIGGER_EVENT_INSTEAD) => {
                Ok(Event::Update(tuple(data.tg_trigtuple), tuple(data.tg_newtuple)))
            }
            (pg_sys::TRIGGER_EVENT_DELETE, true, pg_sys::TRIGGER_EVENT_INSTEAD) => {
                Ok(Event::Delete(tuple(data.tg_trigtuple)))
            }
            _ => Err(Error::internal("a trigger function is fired for what it is not made for")),
        }
    }

    /// The row unchanged.
    pub(crate) fn give(&self, row: &Tuple<'a>) -> Given<'a> {
        // SAFETY: tuple and descriptor are those of this trigger's relation.
        unsafe { PgHeapTuple::from_heap_tuple(PgTupleDesc::from_pg_unchecked(row.desc), row.tuple) }
    }

    /// The row with some columns replaced.
    pub(crate) fn give_with(&self, row: &Tuple<'a>, changes: Changes) -> Given<'a> {
        if changes.0.is_empty() {
            return self.give(row);
        }
        // SAFETY: the descriptor's length bounds the column numbers, which were checked as they came
        // in; the new tuple is in the context of the running trigger, as the server wants it.
        unsafe {
            let count = (*row.desc).natts as usize;
            let mut values = vec![pg_sys::Datum::from(0); count];
            let mut replaced = vec![false; count];
            let mut nulls = vec![false; count];
            for (column, value) in changes.0 {
                nulls[column - 1] = value.is_none();
                values[column - 1] = value.unwrap_or(pg_sys::Datum::from(0));
                replaced[column - 1] = true;
            }
            let tuple = pg_sys::heap_modify_tuple(
                row.tuple,
                row.desc,
                values.as_mut_ptr(),
                nulls.as_mut_ptr(),
                replaced.as_mut_ptr(),
            );
            PgHeapTuple::from_heap_tuple(PgTupleDesc::from_pg_unchecked(row.desc), tuple)
        }
    }

    fn desc(&self) -> pg_sys::TupleDesc {
        // SAFETY: the relation is open while the trigger runs.
        unsafe { (*self.0.trigger_data().tg_relation).rd_att }
    }
}

/// Columns that a row is given back with.
#[derive(Default)]
pub(crate) struct Changes(Vec<(usize, Option<pg_sys::Datum>)>);

impl Changes {
    /// Replaces the column of `row`.
    pub(crate) fn set<T: IntoDatum>(&mut self, row: &Tuple, column: usize, value: T) -> Result<()> {
        row.expect(column, T::type_oid())?;
        self.0.push((column, value.into_datum()));
        Ok(())
    }
}

/// A row of the trigger's relation. Columns count from 1.
pub(crate) struct Tuple<'a> {
    tuple: pg_sys::HeapTuple,
    desc: pg_sys::TupleDesc,
    firing: PhantomData<&'a PgTrigger<'a>>,
}

impl Tuple<'_> {
    /// The column's value, or `None` for NULL.
    pub(crate) fn get<T: Owned + IntoDatum>(&self, column: usize) -> Result<Option<T>> {
        self.expect(column, T::type_oid())?;
        // SAFETY: the column is of the type; the value is copied out of the row.
        Ok(self.datum(column).and_then(|datum| unsafe { T::from_datum(datum, false) }))
    }

    /// A column of jsonb, or `None` for NULL.
    pub(crate) fn jsonb(&self, column: usize) -> Result<Option<Lent<'_>>> {
        self.expect(column, pg_sys::JSONBOID)?;
        // SAFETY: the column is jsonb; the result lives no longer than the row.
        Ok(self.datum(column).map(|datum| unsafe { Lent::of(datum) }))
    }

    pub(crate) fn is_null(&self, column: usize) -> bool {
        self.datum(column).is_none()
    }

    /// A column of `text[]` as JSON values: a NULL is null, and an array of arrays holds an array.
    pub(crate) fn list(&self, column: usize) -> Result<Option<Vec<Value>>> {
        self.expect(column, pg_sys::TEXTARRAYOID)?;
        let Some(datum) = self.datum(column) else { return Ok(None) };
        // SAFETY: the column is an array of text.
        let elements = unsafe {
            let array = pg_sys::pg_detoast_datum(datum.cast_mut_ptr());
            let Some(array) = std::ptr::NonNull::new(array) else { return Ok(None) };
            if RawArray::from_ptr(array.cast()).dims().len() > 1 {
                return Ok(Some(vec![Value::Array(Vec::new())]));
            }
            Vec::<Option<String>>::from_datum(pg_sys::Datum::from(array.as_ptr()), false)
        };
        Ok(elements.map(|list| {
            list.into_iter().map(|text| text.map_or(Value::Null, Value::String)).collect()
        }))
    }

    fn datum(&self, column: usize) -> Option<pg_sys::Datum> {
        let mut null = false;
        // SAFETY: a column that is not there is NULL.
        let datum =
            unsafe { pg_sys::SPI_getbinval(self.tuple, self.desc, column as i32, &mut null) };
        (!null).then_some(datum)
    }

    /// A view has the columns that its trigger was written for, until somebody replaces it.
    fn expect(&self, column: usize, wanted: pg_sys::Oid) -> Result<()> {
        // SAFETY: answers 0 for a column that is not there.
        let is = unsafe { pg_sys::SPI_gettypeid(self.desc, column as i32) };
        if is != wanted {
            return Err(Error::internal(format!(
                "column {column} of a trigger's relation is not of the type that the trigger knows"
            )));
        }
        Ok(())
    }
}
