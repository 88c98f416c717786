//! Functions of the server that work for long without looking whether they should stop: what a call of
//! them costs, so that it can be refused before it begins.
//!
//! A time limit ends a statement where the server checks for interrupts. Most of it does, every few
//! microseconds. These do not, and their work grows with the product of two sizes, or with a square: two
//! values of a hundred kilobytes keep one call busy for minutes, and nothing but the end of the server
//! would stop it.

/// Picoseconds that one call may take, by the estimate: half a second.
const MOST: f64 = 5e11;

/// What a call costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// The product of two arguments' sizes in bytes, and picoseconds for each of it. The arguments may be
    /// the same one.
    Product(usize, usize, f64),
    /// The square of the longest run of an argument's bytes that are not ASCII, and picoseconds.
    Runs(usize, f64),
    /// An XPath (first) over a document (second).
    Path(usize, usize),
    /// A JSON path (second) over a document (first): nothing but a comparison of two of its parts is a product.
    JsonPath(usize, usize),
}

impl Rule {
    /// The arguments whose sizes count.
    pub fn arguments(self) -> (usize, usize) {
        match self {
            Self::Product(first, second, _)
            | Self::Path(first, second)
            | Self::JsonPath(first, second) => (first, second),
            Self::Runs(only, _) => (only, only),
        }
    }

    /// Whether a call with values of these sizes may take too long. A path is judged by its text, a run by
    /// what [`longest_run`] says.
    pub fn takes_too_long(self, first: usize, second: usize, path: &str) -> bool {
        #[allow(clippy::cast_precision_loss, reason = "an estimate")]
        let (first, second) = (first as f64, second as f64);
        let cost = match self {
            Self::Product(_, _, each) | Self::Runs(_, each) => first * second * each,
            // Four bytes are the shortest element. Each way through the whole document multiplies.
            Self::Path(..) => (second / 4.0).powi(ways(path)) * 30_000.0,
            Self::JsonPath(..) => first * first * 530.0,
        };
        cost > MOST
    }
}

/// The rule for a function of the server, by its name; overloads that it does not fit have no stand-in.
pub fn rule(name: &str) -> Option<Rule> {
    Some(match name {
        "translate" => Rule::Product(0, 1, 3600.0),
        "btrim" | "ltrim" | "rtrim" => Rule::Product(0, 1, 1500.0),
        "strpos" | "position" | "replace" | "split_part" | "string_to_array"
        | "string_to_table" => Rule::Product(0, 1, 250.0),
        "normalize" | "is_normalized" => Rule::Runs(0, 1400.0),
        "arraycontains" | "arraycontained" | "arrayoverlap" => Rule::Product(0, 1, 450.0),
        "jsonb_contains" | "jsonb_contained" => Rule::Product(0, 1, 430.0),
        "jsonb_exists_any" | "jsonb_exists_all" => Rule::Product(0, 1, 150.0),
        "jsonb_delete" => Rule::Product(0, 1, 50.0),
        "path_distance" | "path_inter" | "poly_distance" | "poly_overlap" => {
            Rule::Product(0, 1, 1300.0)
        }
        // Each word with each other one, and each place of theirs: the query is the last but for a number.
        "ts_rank" => Rule::Product(1, 1, 310_000.0),
        "xpath" | "xpath_exists" | "xmlexists" => Rule::Path(0, 1),
        "jsonb_path_exists"
        | "jsonb_path_exists_tz"
        | "jsonb_path_exists_opr"
        | "jsonb_path_match"
        | "jsonb_path_match_tz"
        | "jsonb_path_match_opr"
        | "jsonb_path_query"
        | "jsonb_path_query_tz"
        | "jsonb_path_query_array"
        | "jsonb_path_query_array_tz"
        | "jsonb_path_query_first"
        | "jsonb_path_query_first_tz" => Rule::JsonPath(0, 1),
        name if matches_patterns(name) => Rule::Product(0, 1, 400.0),
        _ => return None,
    })
}

/// Whether the function stands behind LIKE or ILIKE, or is called like them.
pub fn matches_patterns(name: &str) -> bool {
    matches!(
        name,
        "like"
            | "notlike"
            | "textlike"
            | "textnlike"
            | "texticlike"
            | "texticnlike"
            | "bpcharlike"
            | "bpcharnlike"
            | "bpchariclike"
            | "bpcharicnlike"
            | "bytealike"
            | "byteanlike"
    )
}

/// Bytes of a constant pattern that costs nothing worth a look.
pub const SHORT_PATTERN: usize = 1000;

/// The longest run of bytes that are not ASCII: within one, marks may have to be put into order.
pub fn longest_run(text: &[u8]) -> usize {
    text.split(u8::is_ascii).map(<[u8]>::len).max().unwrap_or(0)
}

/// How often a path goes through the whole document, or may, for each element that it comes by. What follows
/// and precedes is merged into one set, which compares each with each.
fn ways(path: &str) -> i32 {
    let count = |steps: &[&str]| -> usize { steps.iter().map(|s| path.matches(s).count()).sum() };
    let down = count(&["//", "descendant"]);
    let ways =
        down.max(1) + count(&["..", "ancestor", "parent"]) + 2 * count(&["following", "preceding"]);
    i32::try_from(ways).unwrap_or(i32::MAX)
}

/// Whether XMLTABLE may go this way through its document, once.
pub fn row_path_is_short(path: &str) -> bool {
    ways(path) <= 1
}

/// Whether it may go this way from each of its rows.
pub fn column_path_is_short(path: &str) -> bool {
    ways(path) <= 2 && path.matches("//").count() <= 1
}

/// Whether a JSON path, as the server writes it, compares two parts of a document, or one with a variable: each
/// with each. A comparison with a literal on either side is none.
pub fn compares_parts(path: &str) -> bool {
    let bytes = path.as_bytes();
    // The places outside of strings, and what strings there are.
    let (mut at, mut string) = (0, 0..0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                string = at..end_of_string(bytes, at).min(bytes.len());
                at = string.end;
            }
            b'=' | b'!' | b'<' | b'>' => {
                let start = at;
                while at < bytes.len() && matches!(bytes[at], b'=' | b'!' | b'<' | b'>') {
                    at += 1;
                }
                // `!` alone is a negation.
                let compares = &bytes[start..at] != b"!";
                if compares
                    && !ends_literal(&path[..start], &string)
                    && !begins_literal(&path[at..])
                {
                    return true;
                }
            }
            _ => at += 1,
        }
    }
    false
}

/// Past the closing quote of a string that begins here.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

fn begins_literal(text: &str) -> bool {
    let text = text.trim_start();
    let word = |word: &str| text.starts_with(word);
    text.starts_with(|c: char| c.is_ascii_digit() || c == '"')
        || text
            .strip_prefix(['-', '+'])
            .is_some_and(|t| t.starts_with(|c: char| c.is_ascii_digit()))
        || ["true", "false", "null"].into_iter().any(word)
}

/// `string` is the last one in the text.
fn ends_literal(text: &str, string: &std::ops::Range<usize>) -> bool {
    let text = text.trim_end();
    if text.ends_with('"') {
        // Neither a key nor a variable.
        return string.end == text.len() && !text[..string.start].ends_with(['.', '$']);
    }
    let number = text.rsplit(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-')).next();
    ["true", "false", "null"].into_iter().any(|word| text.ends_with(word))
        || number.is_some_and(|n| n.ends_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_cheap_and_what_hangs_is_not() {
        let long =
            |name: &str, first, second| rule(name).unwrap().takes_too_long(first, second, "");
        for (name, first, second) in [
            ("btrim", 1_000_000, 3),
            ("strpos", 10_000_000, 20),
            ("arraycontains", 4_000, 40_000),
            ("textlike", 1_000_000, 100),
            ("jsonb_contains", 1_000_000, 200),
            ("normalize", 10_000, 10_000),
            ("ts_rank", 600, 600),
        ] {
            assert!(!long(name, first, second), "{name}");
        }
        for (name, first, second) in [
            ("translate", 100_000, 100_000),
            ("btrim", 100_000, 100_000),
            ("strpos", 300_000, 100_000),
            ("arraycontains", 240_000, 240_000),
            ("jsonb_contains", 400_000, 400_000),
            ("normalize", 60_000, 60_000),
            ("path_distance", 80_000, 80_000),
            ("ts_rank", 5_800, 5_800),
        ] {
            assert!(long(name, first, second), "{name}");
        }
        assert_eq!(rule("lower"), None);
    }

    #[test]
    fn a_path_through_all_of_a_document_twice_is_for_small_ones() {
        let long = |path, bytes| rule("xpath").unwrap().takes_too_long(0, bytes, path);
        assert!(!long("//item/price/text()", 10_000_000));
        assert!(!long("//item[../@id = 1]", 10_000));
        assert!(long("count(//a[count(//a) > 0])", 100_000));
        assert!(long("count(/r/a/following-sibling::a/preceding::a)", 100_000));
    }

    #[test]
    fn json_paths_that_compare_parts_are_known() {
        for path in [
            "$?(@.\"a\"[*] == @.\"b\"[*])",
            "($.** == $.**)",
            "($.\"a\" < $\"limit\")",
            "$[*]?(@.\"x == 1\" >= @.\"y\" && @.\"z\" == 1)",
            "(\"a\" == \"b\" || $.\"c\" != $.\"d\")",
        ] {
            assert!(compares_parts(path), "{path}");
        }
        for path in [
            "$.\"phones\"[*]?(@.\"kind\" == \"home\")",
            "$?(@.\"n\" > 1 && !(@.\"m\" <= -2.5))",
            "$?(1 == @.\"a\" || true == @.\"b\")",
            "$.\"a == b\".size()",
            "(\"x\" == $.\"a\")",
        ] {
            assert!(!compares_parts(path), "{path}");
        }
    }

    #[test]
    fn paths_of_xmltable() {
        assert!(row_path_is_short("//item") && column_path_is_short("../@id"));
        assert!(column_path_is_short("//title"));
        for path in ["//a[//b]", "/r/a/following-sibling::a", "/r/a/../a"] {
            assert!(!row_path_is_short(path), "{path}");
        }
        assert!(!column_path_is_short("//a[//b]") && !column_path_is_short("//a/preceding::b"));
    }

    #[test]
    fn runs_end_at_ascii() {
        assert_eq!(longest_run("aé bée".as_bytes()), 2);
        assert_eq!(longest_run("éé".as_bytes()), 4);
        assert_eq!(longest_run(b""), 0);
    }
}
