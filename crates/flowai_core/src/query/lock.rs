//! Where a text of PostgreSQL's locks rows: its parser keeps no place of the clause.

/// The byte offset of the first `FOR UPDATE`, `FOR NO KEY UPDATE`, `FOR SHARE` or `FOR KEY SHARE` outside of
/// literals, quoted names and comments.
pub fn place(sql: &str) -> Option<usize> {
    let mut rest = sql;
    let mut found = None;
    while let Some(first) = rest.chars().next() {
        let length = if is_word(first) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let word = &rest[..end];
            let at = sql.len() - rest.len();
            if word.eq_ignore_ascii_case("for") {
                found = Some(at);
            } else if let Some(at) = found {
                match word.to_ascii_lowercase().as_str() {
                    "update" | "share" => return Some(at),
                    "no" | "key" => {}
                    _ => found = None,
                }
            }
            // E'...' has its own way to write a quote.
            if word.eq_ignore_ascii_case("e") && rest[end..].starts_with('\'') {
                end + quoted(&rest[end..], '\'', true)
            } else {
                end
            }
        } else {
            let blank = blank(rest);
            if blank == 0 && found.is_some() {
                found = None;
            }
            match first {
                _ if blank > 0 => blank,
                '\'' | '"' => quoted(rest, first, false),
                '$' => dollars(rest),
                _ => first.len_utf8(),
            }
        };
        rest = &rest[length..];
    }
    None
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || !character.is_ascii()
}

/// Bytes of white space or of a comment, which may be nested.
fn blank(text: &str) -> usize {
    if text.starts_with("--") {
        return text.find(['\n', '\r']).unwrap_or(text.len());
    }
    if !text.starts_with("/*") {
        return text.len() - text.trim_start_matches(|c: char| c.is_ascii_whitespace()).len();
    }
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

/// Bytes of what is quoted, quotes included. A doubled quote ends one part and begins the next.
fn quoted(text: &str, quote: char, escapes: bool) -> usize {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == quote {
            return at + 1;
        }
        if escapes && character == '\\' {
            characters.next();
        }
    }
    text.len()
}

/// Bytes of `$tag$...$tag$`, or of the dollar if it begins none.
fn dollars(text: &str) -> usize {
    let Some(end) = text[1..].find('$').map(|end| end + 2) else { return 1 };
    let tag = &text[..end];
    if !tag[1..end - 1].chars().all(is_word) {
        return 1;
    }
    text[end..].find(tag).map_or(text.len(), |close| end + close + end)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_clause_is_found_outside_of_quotes_and_comments() {
        for (before, clause) in [
            ("SELECT 1 FROM t ", "FOR UPDATE"),
            ("SELECT 1 FROM t ", "for /* x */ no key update"),
            ("SELECT 'FOR UPDATE', \"FOR SHARE\" FROM t ", "FOR SHARE"),
            ("SELECT $a$ FOR UPDATE $a$, E'\\' FOR UPDATE' FROM t ", "FOR KEY SHARE"),
            ("SELECT 1 -- FOR UPDATE\n /* /* FOR UPDATE */ FOR UPDATE */ FROM t ", "FOR UPDATE"),
            ("SELECT substring('a' FOR 2) FROM größe ", "FOR UPDATE OF t"),
        ] {
            assert_eq!(place(&format!("{before}{clause}")), Some(before.len()), "{before}{clause}");
        }
        for sql in [
            "SELECT substring('update' FOR 2)",
            "SELECT 'FOR UPDATE",
            "SELECT $1 FOR (1)",
            "$",
            "/*",
        ] {
            assert_eq!(place(sql), None, "{sql}");
        }
    }
}
