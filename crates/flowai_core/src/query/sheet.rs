//! A result as JSON text, for rows that another engine hands over value by value.
//!
//! The object is the one that a local query returns. Limits are kept while values arrive, so that a
//! result never grows past them.

use super::{Limits, Refusal, distinct_names, too_much};

/// What a result becomes.
pub struct Sheet {
    limits: Limits,
    names: Vec<String>,
    /// `"name":`, ready to be written.
    keys: Vec<Vec<u8>>,
    warnings: Vec<String>,
    rows: usize,
    /// Values of the row that is being written.
    cells: usize,
    truncated: bool,
    json: Vec<u8>,
}

impl Sheet {
    /// An empty result with these columns.
    pub fn new(limits: Limits, names: Vec<String>) -> Self {
        let (names, warnings) = distinct_names(names);
        let keys = names
            .iter()
            .map(|name| {
                let mut key = Vec::new();
                string(&mut key, name);
                key.push(b':');
                key
            })
            .collect();
        let (rows, cells, truncated, json) = (0, 0, false, vec![b'[']);
        Self { limits, names, keys, warnings, rows, cells, truncated, json }
    }

    /// Begins a row. False: there are as many as may be, and this one only tells that there are more.
    pub fn begin(&mut self) -> bool {
        if self.rows == self.limits.rows {
            self.truncated = true;
            return false;
        }
        self.json.extend_from_slice(if self.rows > 0 { b",{" } else { b"{" });
        self.cells = 0;
        true
    }

    /// Writes the next value of the row; `write` appends its JSON. A value that is known to have more
    /// than `bytes` bytes is refused unwritten.
    pub fn cell(&mut self, bytes: usize, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Refusal> {
        let most = self.limits.cell_bytes;
        if self.cells > 0 {
            self.json.push(b',');
        }
        self.json.extend_from_slice(&self.keys[self.cells]);
        let start = self.json.len();
        if bytes <= most {
            write(&mut self.json);
        }
        if bytes > most || self.json.len() - start > most {
            let column = &self.names[self.cells];
            return Err(too_much(
                format!("a value of column \"{column}\" has more than {most} bytes"),
                "Take a part of it, for example with substr.",
            ));
        }
        self.cells += 1;
        Ok(())
    }

    /// Ends the row.
    pub fn end(&mut self) -> Result<(), Refusal> {
        self.json.push(b'}');
        self.rows += 1;
        if self.json.len() > self.limits.bytes {
            return Err(too_many_bytes(self.limits.bytes));
        }
        Ok(())
    }

    /// The name of the column that is written next.
    pub fn column(&self) -> &str {
        self.names.get(self.cells).map_or("", String::as_str)
    }

    /// Adds a warning, once.
    pub fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// The whole result as JSON text.
    pub fn finish(mut self) -> Vec<u8> {
        if self.truncated {
            self.warn(format!("there are more rows; the first {} are returned", self.rows));
        }
        let mut out = format!("{{\"row_count\":{},\"columns\":", self.rows).into_bytes();
        // Writing to memory cannot fail.
        let _ = serde_json::to_writer(&mut out, &self.names);
        out.extend_from_slice(b",\"rows\":");
        out.append(&mut self.json);
        out.extend_from_slice(
            format!("],\"truncated\":{},\"warnings\":", self.truncated).as_bytes(),
        );
        let _ = serde_json::to_writer(&mut out, &self.warnings);
        out.push(b'}');
        out
    }
}

/// Appends a text as a JSON string. jsonb cannot hold U+0000: it becomes U+FFFD.
pub fn string(json: &mut Vec<u8>, text: &str) {
    // Writing to memory cannot fail.
    let _ = if text.contains('\0') {
        serde_json::to_writer(json, &text.replace('\0', "\u{fffd}"))
    } else {
        serde_json::to_writer(json, text)
    };
}

/// Appends bytes as the server writes them: `\x` and two digits for each.
pub fn bytes(json: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    json.extend_from_slice(br#""\\x"#);
    for byte in bytes {
        json.push(DIGITS[usize::from(byte >> 4)]);
        json.push(DIGITS[usize::from(byte & 15)]);
    }
    json.push(b'"');
}

/// Appends a floating-point number: the shortest text that reads back the same. JSON has no infinities
/// and no NaN: they are strings.
pub fn float(json: &mut Vec<u8>, number: f64) {
    if number.is_finite() {
        let _ = serde_json::to_writer(json, &number);
    } else {
        let name = match number {
            _ if number.is_nan() => "NaN",
            _ if number > 0.0 => "Infinity",
            _ => "-Infinity",
        };
        string(json, name);
    }
}

/// The refusal of a result that has more than so many bytes.
pub fn too_many_bytes(most: usize) -> Refusal {
    too_much(
        format!("the result has more than {most} bytes"),
        "Select fewer columns or rows, or aggregate.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Code;

    const LIMITS: Limits = Limits { rows: 2, bytes: 100, cell_bytes: 20, timeout_ms: 1 };

    fn sheet(names: &[&str]) -> Sheet {
        Sheet::new(LIMITS, names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn text(sheet: &mut Sheet, text: &str) -> Result<(), Refusal> {
        sheet.cell(text.len(), |json| string(json, text))
    }

    #[test]
    fn an_object_like_that_of_a_local_query() {
        let mut sheet = sheet(&["a", "a"]);
        for _ in 0..2 {
            assert!(sheet.begin());
            text(&mut sheet, "x\"\0").unwrap();
            assert_eq!(sheet.column(), "a_2");
            sheet.cell(1, |json| float(json, f64::INFINITY)).unwrap();
            sheet.end().unwrap();
        }
        assert!(!sheet.begin());
        sheet.warn("w".to_owned());
        sheet.warn("w".to_owned());
        let json = String::from_utf8(sheet.finish()).unwrap();
        assert_eq!(
            json,
            "{\"row_count\":2,\"columns\":[\"a\",\"a_2\"],\"rows\":[\
             {\"a\":\"x\\\"\u{fffd}\",\"a_2\":\"Infinity\"},{\"a\":\"x\\\"\u{fffd}\",\"a_2\":\"Infinity\"}],\
             \"truncated\":true,\"warnings\":[\"column \\\"a\\\" appears more than once, renamed \\\"a_2\\\"\",\"w\",\
             \"there are more rows; the first 2 are returned\"]}"
        );
    }

    #[test]
    fn no_rows_and_no_columns() {
        let mut nothing = sheet(&[]);
        assert!(nothing.begin());
        nothing.end().unwrap();
        let json = String::from_utf8(nothing.finish()).unwrap();
        assert!(json.contains("\"columns\":[],\"rows\":[{}],"), "{json}");
        assert!(String::from_utf8(sheet(&["a"]).finish()).unwrap().contains("\"rows\":[],"));
    }

    #[test]
    fn limits_hold() {
        let mut wide = sheet(&["a"]);
        wide.begin();
        assert_eq!(text(&mut wide, &"x".repeat(21)).unwrap_err().code, Code::TooLarge);
        let mut wide = sheet(&["a"]);
        wide.begin();
        // Eighteen bytes and two quotes fit; a quote to be escaped does not.
        text(&mut wide, &"x".repeat(18)).unwrap();
        let mut wide = sheet(&["a"]);
        wide.begin();
        assert_eq!(text(&mut wide, &"\"".repeat(18)).unwrap_err().code, Code::TooLarge);
        let mut long = sheet(&["a", "b", "c", "d", "e"]);
        long.begin();
        for _ in 0..5 {
            text(&mut long, &"x".repeat(18)).unwrap();
        }
        assert_eq!(long.end().unwrap_err().sqlstate.as_deref(), Some("54000"));
    }

    #[test]
    fn bytes_are_hexadecimal() {
        let mut json = Vec::new();
        bytes(&mut json, &[0, 0xAB, 0xFF]);
        assert_eq!(json, br#""\\x00abff""#);
    }
}
