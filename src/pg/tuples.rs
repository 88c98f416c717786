//! Rows of an executing query as rows of a set-returning function.
//!
//! `flowai.query(...) AS t(a int, b text)` names the columns that it wants; the rows are copied into a
//! tuplestore that outlives the envelope they were made in.

use std::ffi::CStr;

use flowai_core::query::{Code, Limits, Refusal, too_many_rows, too_much};
use flowai_core::{Error, Kind, Result};
use pgrx::{pg_guard, pg_sys};

use super::rows::attributes;

/// The rows that a set-returning function returns, and what its caller expects of them.
pub(crate) struct Rows {
    store: *mut pg_sys::Tuplestorestate,
    wanted: pg_sys::TupleDesc,
}

/// A [`pg_sys::DestReceiver`] that copies into the rows.
#[repr(C)]
pub(crate) struct Receiver<'a> {
    base: pg_sys::DestReceiver,
    rows: &'a Rows,
    limits: Limits,
    seen: usize,
    bytes: usize,
    refusal: Option<Refusal>,
}

impl Rows {
    /// An empty set for the caller of a set-returning function, which gets it whatever happens next.
    ///
    /// `fcinfo` is what the server called a function with: nobody else has one.
    pub(crate) fn returned_by(fcinfo: pg_sys::FunctionCallInfo) -> Result<Self> {
        // SAFETY: the call is going on, and the result info is the caller's. What is made here lives as long as the
        // caller's query, in its memory context and under its resource owner.
        unsafe {
            let info: *mut pg_sys::ReturnSetInfo = (*fcinfo).resultinfo.cast();
            let able = !info.is_null()
                && (*info).type_ == pg_sys::NodeTag::T_ReturnSetInfo
                && (*info).allowedModes & pg_sys::SetFunctionReturnMode::SFRM_Materialize as i32
                    != 0;
            if !able || (*info).expectedDesc.is_null() {
                return Err(Error::new(
                    Kind::Unsupported,
                    "query_columns_named",
                    "the columns of the result are not named",
                )
                .hint("Call it in FROM, with names and types: SELECT * FROM flowai.query('SELECT 1, ''a''') AS t(n integer, word text)."));
            }
            let outer = pg_sys::MemoryContextSwitchTo((*(*info).econtext).ecxt_per_query_memory);
            let random_access = (*info).allowedModes
                & pg_sys::SetFunctionReturnMode::SFRM_Materialize_Random as i32
                != 0;
            let rows = Self {
                store: pg_sys::tuplestore_begin_heap(random_access, false, pg_sys::work_mem),
                wanted: pg_sys::CreateTupleDescCopy((*info).expectedDesc),
            };
            (*info).returnMode = pg_sys::SetFunctionReturnMode::SFRM_Materialize;
            (*info).setResult = rows.store;
            (*info).setDesc = rows.wanted;
            pg_sys::MemoryContextSwitchTo(outer);
            Ok(rows)
        }
    }

    /// How a portal hands its rows over, if they are what the caller expects.
    ///
    /// # Safety
    /// `row` is the descriptor of the rows that will come.
    pub(crate) unsafe fn receiver(
        &self,
        limits: Limits,
        row: pg_sys::TupleDesc,
    ) -> std::result::Result<Receiver<'_>, Refusal> {
        // SAFETY: see above.
        unsafe { self.compare(row)? };
        Ok(Receiver {
            base: pg_sys::DestReceiver {
                receiveSlot: Some(receive),
                rStartup: Some(start_up),
                rShutdown: Some(shut_down),
                rDestroy: Some(shut_down),
                mydest: pg_sys::CommandDest::DestNone,
            },
            rows: self,
            limits,
            seen: 0,
            bytes: 0,
            refusal: None,
        })
    }

    unsafe fn compare(&self, row: pg_sys::TupleDesc) -> std::result::Result<(), Refusal> {
        // SAFETY: both are complete descriptors.
        let (wanted, given) = unsafe { (attributes(self.wanted), attributes(row)) };
        let other = |what: String| {
            let refusal = Refusal::new(Code::Invalid, what, None);
            let refusal = Refusal { sqlstate: Some("42804".to_owned()), ..refusal };
            Err(refusal
                .hint("Name and type the columns in AS t(...) as the statement returns them."))
        };
        if wanted.len() != given.len() {
            return other(format!(
                "the statement returns {} columns, the call names {}",
                given.len(),
                wanted.len()
            ));
        }
        for (place, (wanted, given)) in wanted.iter().zip(given).enumerate() {
            // Nothing is converted: a value longer or more exact than the column says would stay so.
            let narrower = wanted.atttypmod >= 0 && wanted.atttypmod != given.atttypmod;
            if wanted.atttypid != given.atttypid || narrower {
                // SAFETY: cached catalog look-ups; the texts are palloc'd.
                let [wanted, given] = unsafe {
                    [wanted, given].map(|column| {
                        let name =
                            pg_sys::format_type_with_typemod(column.atttypid, column.atttypmod);
                        CStr::from_ptr(name).to_string_lossy().into_owned()
                    })
                };
                return other(format!(
                    "column {} of the statement has type {given}, the call says {wanted}",
                    place + 1
                ));
            }
        }
        Ok(())
    }
}

impl Receiver<'_> {
    /// What went wrong while rows came, if anything.
    pub(crate) fn finish(self) -> std::result::Result<(), Refusal> {
        self.refusal.map_or(Ok(()), Err)
    }

    /// One row. False: no more are wanted.
    unsafe fn row(&mut self, slot: *mut pg_sys::TupleTableSlot) -> bool {
        if self.seen == self.limits.rows {
            self.refusal = Some(too_many_rows(self.limits.rows));
            return false;
        }
        // SAFETY: the slot is the executor's, of the descriptor that was compared.
        unsafe {
            pg_sys::slot_getallattrs(slot);
            for (number, column) in attributes(self.rows.wanted).iter().enumerate() {
                if column.attlen == -1 && !*(*slot).tts_isnull.add(number) {
                    let bytes = pg_sys::toast_raw_datum_size(*(*slot).tts_values.add(number));
                    if bytes > self.limits.cell_bytes {
                        self.refusal = Some(too_much(
                            format!(
                                "a value of column {} has more than {} bytes",
                                number + 1,
                                self.limits.cell_bytes
                            ),
                            "Take a part of it, for example with substr or a JSON path.",
                        ));
                        return false;
                    }
                    self.bytes += bytes;
                } else {
                    self.bytes += 8;
                }
            }
            if self.bytes > self.limits.bytes {
                self.refusal = Some(too_much(
                    format!("the result has more than {} bytes", self.limits.bytes),
                    "Select fewer columns or rows, or aggregate.",
                ));
                return false;
            }
            self.seen += 1;
            pg_sys::tuplestore_puttupleslot(self.rows.store, slot);
        }
        true
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn receive(
    slot: *mut pg_sys::TupleTableSlot,
    receiver: *mut pg_sys::DestReceiver,
) -> bool {
    // SAFETY: the receiver is one of ours, used by nobody else while the portal runs.
    unsafe { (*receiver.cast::<Receiver<'_>>()).row(slot) }
}

#[pg_guard]
unsafe extern "C-unwind" fn start_up(
    _receiver: *mut pg_sys::DestReceiver,
    _operation: i32,
    _row: pg_sys::TupleDesc,
) {
}

#[pg_guard]
unsafe extern "C-unwind" fn shut_down(_receiver: *mut pg_sys::DestReceiver) {}
