//! What a person types, read without ever refusing it.
//!
//! Words, `"phrases"`, `-exclusions` and `prefix*`, separated by blanks. Ids and qualified names are
//! typed as they are: `table:products` is a word here. Whatever has no meaning (a lone quote, a lone
//! operator) is skipped, because a search box is no place for a syntax error.
//!
//! A word is read with the analysis of the index, so it may have several parts, each of which must
//! be found: a *slot*. Slots are bits, and a document's answer is a set of bits. Some terms answer
//! several slots at once: the unsplit word, or an id or a name that is exactly the word.

use super::tokenizer::{Lexicon, Part, PartKind, each_word, fold_key};
use crate::error::{Error, Result};

/// The longest query that is read.
pub const MAX_QUERY_BYTES: usize = 2048;

/// Words that count; further ones are ignored. The same number of exclusions counts.
pub const MAX_QUERY_WORDS: usize = 32;

/// A set of slots.
pub(super) type Slots = u64;

/// The slots of a set, one by one.
pub(super) fn each_slot(slots: Slots) -> impl Iterator<Item = Slots> {
    (0..Slots::BITS).map(|n| 1 << n).filter(move |slot| slots & slot != 0)
}

/// How many typing errors a word is forgiven. A number with another digit is another number.
pub(super) fn forgiven(word: &str) -> u8 {
    match word.chars().count() {
        _ if word.chars().all(char::is_numeric) => 0,
        4..=7 => 1,
        8..=64 => 2,
        _ => 0,
    }
}

/// What is looked for in one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    Word(WordPattern),
    Phrase(PhrasePattern),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WordPattern {
    /// The folded part.
    pub(super) part: String,
    /// Without its ending; nothing for a stop word.
    pub(super) stem: Option<String>,
    /// Any term that begins like this.
    pub(super) prefix: bool,
    /// Typing errors that are forgiven if nothing is spelled like this.
    pub(super) typos: u8,
}

/// Terms with their distances from the first, as each kind of field spells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PhrasePattern {
    pub(super) identifier: Vec<(u32, String)>,
    pub(super) content: Vec<(u32, String)>,
}

/// A term that answers several slots at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Joint {
    pub(super) term: String,
    pub(super) kind: JointKind,
    pub(super) slots: Slots,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JointKind {
    /// The unsplit word.
    Whole { prefix: bool },
    /// A folded id, name or qualified name.
    Key,
}

/// A query, read. It may be empty, and then finds nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    pub(super) slots: Vec<(Pattern, Slots)>,
    pub(super) joints: Vec<Joint>,
    /// The whole query as an id or a name.
    pub(super) exact: Option<String>,
    /// Slots of words to be found.
    pub(super) wanted: Slots,
    /// Those of them that a full match needs: stop words are welcome but not needed.
    pub(super) required: Slots,
    /// Phrases: what stands in quotes is needed in any case.
    pub(super) quoted: Slots,
    /// Slots that together exclude a document.
    pub(super) excluded: Vec<Slots>,
}

/// A piece of the query between blanks or quotes.
struct Clause<'a> {
    text: &'a str,
    quoted: bool,
    excluded: bool,
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// `search_query_too_long` beyond [`MAX_QUERY_BYTES`]; nothing else is an error.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_QUERY_BYTES {
            let message = format!("search query is longer than {MAX_QUERY_BYTES} bytes");
            return Err(Error::too_large("search_query_too_long", message)
                .detail(format!("The query has {} bytes.", text.len()))
                .hint("Search for a few words; the first 32 count."));
        }
        let clauses = split(text);
        let mut reader = Reader { query: Self::default(), lexicon: Lexicon::new() };
        for clause in &clauses {
            reader.read(clause);
        }
        let mut query = reader.query;
        if query.required == 0 {
            query.required = query.wanted;
        }
        query.required |= query.quoted;
        // A name may be all punctuation, so the whole text counts unless all of it excludes.
        query.exact = match &clauses[..] {
            [clause] if clause.quoted && !clause.excluded => Some(fold_key(clause.text)),
            clauses if !clauses.is_empty() && clauses.iter().all(|clause| clause.excluded) => None,
            _ => Some(fold_key(text)),
        }
        .filter(|key| !key.is_empty());
        Ok(query)
    }

    /// Whether the query asks for nothing, and so finds nothing.
    pub fn is_blank(&self) -> bool {
        self.wanted == 0 && self.exact.is_none()
    }
}

fn split(text: &str) -> Vec<Clause<'_>> {
    let mut clauses = Vec::new();
    let mut rest = text;
    loop {
        let before = rest.len();
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
        if rest.is_empty() {
            return clauses;
        }
        // Inside of a word a minus is a character of it, as in `a"-b`.
        let begins = before == text.len() || rest.len() < before;
        let after_minus = rest.strip_prefix('-').filter(|after| {
            begins && after.chars().next().is_some_and(|c| !c.is_whitespace() && !c.is_control())
        });
        let excluded = after_minus.is_some();
        rest = after_minus.unwrap_or(rest);
        if let Some(inner) = rest.strip_prefix('"') {
            match inner.split_once('"') {
                Some((text, after)) => {
                    clauses.push(Clause { text, quoted: true, excluded });
                    rest = after;
                }
                // Without its partner a quote means nothing.
                None => rest = inner,
            }
            continue;
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || c.is_control() || c == '"')
            .unwrap_or(rest.len());
        clauses.push(Clause { text: &rest[..end], quoted: false, excluded });
        rest = &rest[end..];
    }
}

struct Reader {
    query: Query,
    lexicon: Lexicon,
}

impl Reader {
    fn read(&mut self, clause: &Clause<'_>) {
        if clause.quoted { self.read_phrase(clause) } else { self.read_word(clause) }
    }

    fn read_word(&mut self, clause: &Clause<'_>) {
        let stripped = clause.text.trim_end_matches('*');
        let prefix = stripped.len() < clause.text.len();
        let mut words = Vec::new();
        each_word(stripped, |word| words.push(word.clone()));
        // A star after punctuation has nothing to extend.
        let prefix = prefix && stripped.chars().next_back().is_some_and(char::is_alphanumeric);

        let mut all: Slots = 0;
        let last_word = words.len().saturating_sub(1);
        for (w, word) in words.iter().enumerate() {
            let parts: Vec<&Part> =
                word.parts.iter().filter(|part| part.kind != PartKind::Tail).collect();
            let mut of_word: Slots = 0;
            for (p, part) in parts.iter().enumerate() {
                let open = prefix && w == last_word && p + 1 == parts.len();
                let pattern = self.word_pattern(part, open);
                match self.slot(pattern, clause.excluded) {
                    Some(slot) => of_word |= slot,
                    // Half an exclusion would exclude more than was asked.
                    None => return,
                }
            }
            if let Some(whole) = &word.whole {
                let kind = JointKind::Whole { prefix: prefix && w == last_word };
                self.query.joints.push(Joint { term: whole.clone(), kind, slots: of_word });
            }
            all |= of_word;
        }
        let key = fold_key(clause.text);
        if all != 0 && !prefix && !key.is_empty() {
            self.query.joints.push(Joint { term: key, kind: JointKind::Key, slots: all });
        }
        self.close(clause, all);
    }

    fn word_pattern(&mut self, part: &Part, open: bool) -> Pattern {
        let stem = self.lexicon.stem(&part.text).map(str::to_owned);
        let prefix = open || part.kind == PartKind::Lone;
        let typos = match part.kind {
            PartKind::Plain if !prefix => forgiven(&part.text),
            _ => 0,
        };
        Pattern::Word(WordPattern { part: part.text.clone(), stem, prefix, typos })
    }

    fn read_phrase(&mut self, clause: &Clause<'_>) {
        let (mut identifier, mut content) = (Vec::new(), Vec::new());
        let mut position = 0;
        let lexicon = &mut self.lexicon;
        each_word(clause.text, |word| {
            for part in word.parts.iter().filter(|part| part.kind != PartKind::Tail) {
                if position < MAX_QUERY_WORDS as u32 {
                    identifier.push((position, part.text.clone()));
                    content
                        .extend(lexicon.stem(&part.text).map(|stem| (position, stem.to_owned())));
                }
                position += 1;
            }
        });
        if identifier.is_empty() {
            return;
        }
        let pattern = Pattern::Phrase(PhrasePattern { identifier, content });
        if let Some(slot) = self.slot(pattern, clause.excluded) {
            if !clause.excluded {
                self.query.quoted |= slot;
            }
            self.close(clause, slot);
        }
    }

    /// The bit of a pattern, a new one unless it was asked before; nothing once there are too many.
    fn slot(&mut self, pattern: Pattern, excluded: bool) -> Option<Slots> {
        let query = &mut self.query;
        let same = |slots: Slots| (slots & query.wanted == 0) == excluded;
        if let Some((_, slot)) = query.slots.iter().find(|(p, slot)| *p == pattern && same(*slot)) {
            return Some(*slot);
        }
        let kind = query.slots.iter().filter(|(_, slot)| same(*slot)).count();
        if kind >= MAX_QUERY_WORDS {
            return None;
        }
        let slot: Slots = 1 << query.slots.len();
        if !excluded {
            query.wanted |= slot;
            if !matches!(&pattern, Pattern::Word(WordPattern { stem: None, .. })) {
                query.required |= slot;
            }
        }
        query.slots.push((pattern, slot));
        Some(slot)
    }

    fn close(&mut self, clause: &Clause<'_>, slots: Slots) {
        let excluded = &mut self.query.excluded;
        if clause.excluded && slots != 0 && !excluded.contains(&slots) {
            excluded.push(slots);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Query {
        Query::parse(text).unwrap()
    }

    fn words(query: &Query) -> Vec<&str> {
        query
            .slots
            .iter()
            .map(|(pattern, _)| match pattern {
                Pattern::Word(word) => word.part.as_str(),
                Pattern::Phrase(_) => "<phrase>",
            })
            .collect()
    }

    #[test]
    fn blanks_and_lone_operators_ask_for_nothing_but_themselves() {
        for text in ["", "  ", "\u{0}\t", "\"\"", "-revenue", "-\"a b\" -c"] {
            assert!(parse(text).is_blank(), "{text:?}");
        }
        for text in ["*", "-", "\"", "+ - *", "()"] {
            assert_eq!(parse(text).wanted, 0, "{text:?}");
        }
    }

    #[test]
    fn ids_and_unbalanced_quotes_are_words() {
        assert_eq!(words(&parse("table:products")), ["table", "products"]);
        assert_eq!(words(&parse("\"order items")), ["order", "items"]);
        assert_eq!(words(&parse("a\"b c\"d")), ["a", "<phrase>", "d"]);
    }

    #[test]
    fn repeated_words_share_a_slot_and_exclusions_have_their_own() {
        let query = parse("order order -order \"order\"");
        assert_eq!(words(&query), ["order", "order", "<phrase>"]);
        assert_eq!((query.wanted, query.quoted, query.excluded), (0b101, 0b100, vec![0b10]));
        assert_eq!(parse("red -blue -blue").excluded.len(), 1);
    }

    #[test]
    fn stop_words_are_needed_only_when_alone() {
        assert_eq!(parse("list of orders").required, 0b101);
        assert_eq!(parse("the").required, 0b1);
    }

    #[test]
    fn only_so_many_words_count() {
        let many: String = (0..200).map(|n| format!("w{n} -x{n} ")).collect();
        let query = parse(&many);
        assert_eq!(query.slots.len(), 2 * MAX_QUERY_WORDS);
        assert_eq!(query.wanted.count_ones() as usize, MAX_QUERY_WORDS);
    }

    #[test]
    fn a_long_query_is_refused() {
        let error = Query::parse(&"x".repeat(MAX_QUERY_BYTES + 1)).unwrap_err();
        assert_eq!(error.rule, "search_query_too_long");
    }
}
