//! Rows of an executing query as JSON text, written while they arrive.
//!
//! The server's own `to_json` is not used: it looks for a user's cast to json. Numbers are exact; NaN
//! and the infinities are strings, because JSON has none; dates and times are ISO 8601; arrays are
//! arrays, rows are objects; everything else is its text.

use std::collections::HashMap;
use std::ffi::{CStr, c_char};
use std::rc::Rc;

use flowai_core::query::{Limits, Refusal, distinct_names, too_many_rows, too_much};
use pgrx::{pg_guard, pg_sys};

/// How a type is written.
enum Shape {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    /// A varlena whose bytes are the text.
    Text,
    /// A varlena whose bytes are JSON already.
    Json,
    Jsonb,
    /// Dates and times that JSON knows in ISO 8601.
    Moment(pg_sys::Oid),
    Array {
        element: Rc<Shape>,
        oid: pg_sys::Oid,
        len: i16,
        by_value: bool,
        align: c_char,
    },
    Row,
    /// The output function's text as a string; a finite numeric as the number it is.
    Printed {
        output: Box<pg_sys::FmgrInfo>,
        numeric: bool,
    },
}

struct Column {
    name: String,
    /// `"name":`, ready to be written.
    key: Vec<u8>,
    shape: Rc<Shape>,
    varlena: bool,
}

/// What a result becomes.
pub(crate) struct Sheet {
    limits: Limits,
    columns: Vec<Column>,
    warnings: Vec<String>,
    shapes: HashMap<pg_sys::Oid, Rc<Shape>>,
    rows: usize,
    truncated: bool,
    json: Vec<u8>,
    refusal: Option<Refusal>,
    /// Emptied after each row.
    scratch: pg_sys::MemoryContext,
}

/// A [`pg_sys::DestReceiver`] that writes into a sheet.
#[repr(C)]
pub(crate) struct Receiver {
    base: pg_sys::DestReceiver,
    sheet: *mut Sheet,
}

impl Sheet {
    /// An empty sheet for rows of this descriptor. Output functions are looked up now, in the current
    /// memory context, which must outlive the sheet.
    ///
    /// # Safety
    /// `row` is the descriptor of the rows that will come.
    pub(crate) unsafe fn new(limits: Limits, row: pg_sys::TupleDesc) -> Result<Self, Refusal> {
        // SAFETY: attributes 0..natts exist; the context is a child of the current one.
        unsafe {
            let attributes = attributes(row);
            let names = attributes.iter().map(name).collect();
            let (keys, warnings) = distinct_names(names);
            let mut sheet = Self {
                limits,
                columns: Vec::with_capacity(keys.len()),
                warnings,
                shapes: HashMap::new(),
                rows: 0,
                truncated: false,
                json: vec![b'['],
                refusal: None,
                scratch: pg_sys::AllocSetContextCreateInternal(
                    pg_sys::CurrentMemoryContext,
                    c"flowai query row".as_ptr(),
                    pg_sys::ALLOCSET_DEFAULT_MINSIZE as usize,
                    pg_sys::ALLOCSET_DEFAULT_INITSIZE as usize,
                    pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
                ),
            };
            for (column, key) in attributes.iter().zip(keys) {
                let mut json = Vec::new();
                string(&mut json, &key);
                json.push(b':');
                let shape = sheet.shape(column.atttypid);
                sheet.columns.push(Column {
                    name: key,
                    key: json,
                    shape,
                    varlena: column.attlen == -1,
                });
            }
            Ok(sheet)
        }
    }

    /// How a portal hands its rows over. The sheet must not move while it runs.
    pub(crate) fn receiver(&mut self) -> Receiver {
        Receiver {
            base: pg_sys::DestReceiver {
                receiveSlot: Some(receive),
                rStartup: Some(start_up),
                rShutdown: Some(shut_down),
                rDestroy: Some(shut_down),
                mydest: pg_sys::CommandDest::DestNone,
            },
            sheet: &raw mut *self,
        }
    }

    /// The whole result as JSON text, or why there is none.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, Refusal> {
        if let Some(refusal) = self.refusal {
            return Err(refusal);
        }
        if self.truncated {
            self.warnings
                .push(format!("there are more rows; the first {} are returned", self.rows));
        }
        self.json.push(b']');
        let mut out = format!("{{\"row_count\":{},\"columns\":", self.rows).into_bytes();
        list(&mut out, self.columns.iter().map(|column| column.name.as_str()));
        out.extend_from_slice(b",\"rows\":");
        out.append(&mut self.json);
        out.extend_from_slice(
            format!(",\"truncated\":{},\"warnings\":", self.truncated).as_bytes(),
        );
        list(&mut out, self.warnings.iter().map(String::as_str));
        out.push(b'}');
        Ok(out)
    }

    /// The rows alone, as the text of a JSON array; all of them, or none.
    pub(crate) fn finish_rows(mut self) -> Result<Vec<u8>, Refusal> {
        if let Some(refusal) = self.refusal {
            return Err(refusal);
        }
        if self.truncated {
            return Err(too_many_rows(self.limits.rows));
        }
        self.json.push(b']');
        Ok(self.json)
    }

    /// One row. False: no more are wanted.
    unsafe fn row(&mut self, slot: *mut pg_sys::TupleTableSlot) -> bool {
        if self.rows == self.limits.rows {
            self.truncated = true;
            return false;
        }
        // SAFETY: the slot is the executor's, of the descriptor that the columns were made from.
        unsafe {
            pg_sys::slot_getallattrs(slot);
            let outer = pg_sys::MemoryContextSwitchTo(self.scratch);
            if self.rows > 0 {
                self.json.push(b',');
            }
            self.json.push(b'{');
            let columns = std::mem::take(&mut self.columns);
            for (number, column) in columns.iter().enumerate() {
                if number > 0 {
                    self.json.push(b',');
                }
                self.json.extend_from_slice(&column.key);
                if *(*slot).tts_isnull.add(number) {
                    self.json.extend_from_slice(b"null");
                } else if let Err(refusal) = self.cell(column, *(*slot).tts_values.add(number)) {
                    self.refusal = Some(refusal);
                    break;
                }
                // Not only after each row: it may have a thousand columns of a megabyte each.
                if self.json.len() > self.limits.bytes {
                    self.refusal = Some(too_much(
                        format!("the result has more than {} bytes", self.limits.bytes),
                        "Select fewer columns or rows, or aggregate.",
                    ));
                    break;
                }
            }
            self.columns = columns;
            self.json.push(b'}');
            self.rows += 1;
            pg_sys::MemoryContextSwitchTo(outer);
            pg_sys::MemoryContextReset(self.scratch);
        }
        self.refusal.is_none()
    }

    unsafe fn cell(&mut self, column: &Column, value: pg_sys::Datum) -> Result<(), Refusal> {
        let most = self.limits.cell_bytes;
        let refuse = || {
            Err(too_much(
                format!("a value of column \"{}\" has more than {most} bytes", column.name),
                "Take a part of it, for example with substr or a JSON path.",
            ))
        };
        let start = self.json.len();
        // SAFETY: the value is of the column's type.
        unsafe {
            // Without unpacking what would be refused anyway: no type is half as long in JSON.
            if column.varlena && pg_sys::toast_raw_datum_size(value) > 2 * most + 1024 {
                return refuse();
            }
            self.value(&column.shape, value);
        }
        if self.json.len() - start > most { refuse() } else { Ok(()) }
    }

    unsafe fn value(&mut self, shape: &Shape, value: pg_sys::Datum) {
        // SAFETY: the shape was made for the value's type; what is palloc'd here goes with the row.
        unsafe {
            match shape {
                Shape::Bool => {
                    let text: &[u8] = if value.value() as u8 != 0 { b"true" } else { b"false" };
                    self.json.extend_from_slice(text);
                }
                Shape::Int2 => self.number(value.value() as i16),
                Shape::Int4 => self.number(value.value() as i32),
                Shape::Int8 => self.number(value.value() as i64),
                Shape::Float4 => self.float(f32::from_bits(value.value() as u32)),
                Shape::Float8 => self.float(f64::from_bits(value.value() as u64)),
                Shape::Text => {
                    let packed = pg_sys::pg_detoast_datum_packed(value.cast_mut_ptr());
                    let bytes = pgrx::varlena_to_byte_slice(packed);
                    string(&mut self.json, &String::from_utf8_lossy(bytes));
                }
                Shape::Json => {
                    let packed = pg_sys::pg_detoast_datum_packed(value.cast_mut_ptr());
                    self.json.extend_from_slice(pgrx::varlena_to_byte_slice(packed));
                }
                Shape::Jsonb => {
                    let jsonb: *mut pg_sys::Jsonb =
                        pg_sys::pg_detoast_datum(value.cast_mut_ptr()).cast();
                    let size = pgrx::varsize_any_exhdr(jsonb.cast());
                    let text = pg_sys::JsonbToCString(
                        std::ptr::null_mut(),
                        &raw mut (*jsonb).root,
                        i32::try_from(size).unwrap_or(i32::MAX),
                    );
                    self.json.extend_from_slice(CStr::from_ptr(text).to_bytes());
                }
                Shape::Moment(oid) => {
                    let mut buffer = [0 as c_char; pg_sys::MAXDATELEN as usize + 1];
                    pg_sys::JsonEncodeDateTime(buffer.as_mut_ptr(), value, *oid, std::ptr::null());
                    let text = CStr::from_ptr(buffer.as_ptr()).to_string_lossy();
                    string(&mut self.json, &text);
                }
                Shape::Array { element, oid, len, by_value, align } => {
                    let array: *mut pg_sys::ArrayType =
                        pg_sys::pg_detoast_datum(value.cast_mut_ptr()).cast();
                    let (mut values, mut nulls) = (std::ptr::null_mut(), std::ptr::null_mut());
                    let mut count = 0;
                    pg_sys::deconstruct_array(
                        array,
                        *oid,
                        i32::from(*len),
                        *by_value,
                        *align,
                        &mut values,
                        &mut nulls,
                        &mut count,
                    );
                    let sides = std::slice::from_raw_parts(
                        array.cast::<u8>().add(size_of::<pg_sys::ArrayType>()).cast::<i32>(),
                        (*array).ndim as usize,
                    );
                    let mut next = 0;
                    self.dimension(sides, &mut next, &mut |sheet: &mut Self, index: usize| {
                        if *nulls.add(index) {
                            sheet.json.extend_from_slice(b"null");
                        } else {
                            sheet.value(element, *values.add(index));
                        }
                    });
                }
                Shape::Row => self.composite(value),
                Shape::Printed { output, numeric } => {
                    let output = (&raw const **output).cast_mut();
                    let text = CStr::from_ptr(pg_sys::OutputFunctionCall(output, value));
                    let finite = text.to_bytes().last().is_some_and(u8::is_ascii_digit);
                    if *numeric && finite {
                        self.json.extend_from_slice(text.to_bytes());
                    } else {
                        string(&mut self.json, &text.to_string_lossy());
                    }
                }
            }
        }
    }

    fn number(&mut self, number: impl std::fmt::Display) {
        self.json.extend_from_slice(number.to_string().as_bytes());
    }

    fn float(&mut self, number: impl Into<f64> + serde::Serialize + Copy) {
        let wide: f64 = number.into();
        if wide.is_finite() {
            // The shortest text that reads back as the same number. Writing to memory cannot fail.
            let _ = serde_json::to_writer(&mut self.json, &number);
        } else {
            let name = match wide {
                _ if wide.is_nan() => "NaN",
                _ if wide > 0.0 => "Infinity",
                _ => "-Infinity",
            };
            string(&mut self.json, name);
        }
    }

    fn dimension(
        &mut self,
        sides: &[i32],
        next: &mut usize,
        element: &mut impl FnMut(&mut Self, usize),
    ) {
        self.json.push(b'[');
        if let Some((side, inner)) = sides.split_first() {
            for index in 0..*side {
                if index > 0 {
                    self.json.push(b',');
                }
                if inner.is_empty() {
                    element(self, *next);
                    *next += 1;
                } else {
                    self.dimension(inner, next, element);
                }
            }
        }
        self.json.push(b']');
    }

    unsafe fn composite(&mut self, value: pg_sys::Datum) {
        // SAFETY: a composite datum names its row type; the tuple is taken apart by that type's
        // descriptor, which is copied, so that nothing is left to release.
        unsafe {
            pg_sys::check_stack_depth();
            let header: pg_sys::HeapTupleHeader =
                pg_sys::pg_detoast_datum(value.cast_mut_ptr()).cast();
            let fields = (*header).t_choice.t_datum;
            let row = pg_sys::lookup_rowtype_tupdesc_copy(fields.datum_typeid, fields.datum_typmod);
            let mut tuple = pg_sys::HeapTupleData {
                t_len: pgrx::varsize_any(header.cast()) as u32,
                t_data: header,
                ..Default::default()
            };
            let columns = attributes(row);
            let mut values = vec![pg_sys::Datum::from(0); columns.len()];
            let mut nulls = vec![true; columns.len()];
            pg_sys::heap_deform_tuple(&mut tuple, row, values.as_mut_ptr(), nulls.as_mut_ptr());
            self.json.push(b'{');
            let mut first = true;
            for (number, column) in columns.iter().enumerate() {
                if column.attisdropped {
                    continue;
                }
                if !std::mem::take(&mut first) {
                    self.json.push(b',');
                }
                string(&mut self.json, &name(column));
                self.json.push(b':');
                if nulls[number] {
                    self.json.extend_from_slice(b"null");
                } else {
                    let shape = self.shape(column.atttypid);
                    self.value(&shape, values[number]);
                }
            }
            self.json.push(b'}');
        }
    }

    /// How values of this type are written, looked up once.
    unsafe fn shape(&mut self, oid: pg_sys::Oid) -> Rc<Shape> {
        if let Some(shape) = self.shapes.get(&oid) {
            return shape.clone();
        }
        // SAFETY: catalog look-ups. Output functions live in the context above the scratch one.
        let shape = Rc::new(unsafe {
            match pg_sys::getBaseType(oid) {
                pg_sys::BOOLOID => Shape::Bool,
                pg_sys::INT2OID => Shape::Int2,
                pg_sys::INT4OID => Shape::Int4,
                pg_sys::INT8OID => Shape::Int8,
                pg_sys::FLOAT4OID => Shape::Float4,
                pg_sys::FLOAT8OID => Shape::Float8,
                pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::BPCHAROID => Shape::Text,
                pg_sys::JSONOID => Shape::Json,
                pg_sys::JSONBOID => Shape::Jsonb,
                base @ (pg_sys::DATEOID | pg_sys::TIMESTAMPOID | pg_sys::TIMESTAMPTZOID) => {
                    Shape::Moment(base)
                }
                base => self.other(base),
            }
        });
        self.shapes.insert(oid, shape.clone());
        shape
    }

    unsafe fn other(&mut self, base: pg_sys::Oid) -> Shape {
        // SAFETY: catalog look-ups, see `shape`.
        unsafe {
            let element = pg_sys::get_element_type(base);
            if element != pg_sys::InvalidOid {
                let (mut len, mut by_value, mut align) = (0, false, 0);
                pg_sys::get_typlenbyvalalign(element, &mut len, &mut by_value, &mut align);
                return Shape::Array {
                    element: self.shape(element),
                    oid: element,
                    len,
                    by_value,
                    align,
                };
            }
            if base == pg_sys::RECORDOID
                || pg_sys::get_typtype(base) as u8 == pg_sys::TYPTYPE_COMPOSITE
            {
                return Shape::Row;
            }
            let (mut function, mut varlena) = (pg_sys::InvalidOid, false);
            pg_sys::getTypeOutputInfo(base, &mut function, &mut varlena);
            let mut output = Box::new(pg_sys::FmgrInfo::default());
            let context = (*self.scratch).parent;
            pg_sys::fmgr_info_cxt(function, &mut *output, context);
            Shape::Printed { output, numeric: base == pg_sys::NUMERICOID }
        }
    }
}

/// The columns of a descriptor.
///
/// # Safety
/// The caller keeps the descriptor alive for as long as it uses the columns.
pub(super) unsafe fn attributes<'a>(row: pg_sys::TupleDesc) -> &'a [pg_sys::FormData_pg_attribute] {
    // SAFETY: a descriptor has natts attributes, one after the other.
    unsafe {
        let count = (*row).natts as usize;
        if count == 0 {
            return &[];
        }
        #[cfg(not(feature = "pg18"))]
        let first = (*row).attrs.as_ptr();
        #[cfg(feature = "pg18")]
        let first = pg_sys::TupleDescAttr(row, 0).cast_const();
        std::slice::from_raw_parts(first, count)
    }
}

fn name(column: &pg_sys::FormData_pg_attribute) -> String {
    // SAFETY: a name is NUL-terminated.
    unsafe { CStr::from_ptr(column.attname.data.as_ptr()) }.to_string_lossy().into_owned()
}

fn string(json: &mut Vec<u8>, text: &str) {
    // Writing a string to memory cannot fail.
    let _ = serde_json::to_writer(json, text);
}

fn list<'a>(json: &mut Vec<u8>, items: impl Iterator<Item = &'a str>) {
    json.push(b'[');
    for (number, item) in items.enumerate() {
        if number > 0 {
            json.push(b',');
        }
        string(json, item);
    }
    json.push(b']');
}

#[pg_guard]
unsafe extern "C-unwind" fn receive(
    slot: *mut pg_sys::TupleTableSlot,
    receiver: *mut pg_sys::DestReceiver,
) -> bool {
    // SAFETY: the receiver is one of ours, and its sheet is used by nobody else while the portal runs.
    unsafe { (*(*receiver.cast::<Receiver>()).sheet).row(slot) }
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
