//! From text to terms, the same way for documents, queries and snippets.
//!
//! Catalog text is full of identifiers. A *word* is a run of letters, digits and underscores, and its
//! *parts* are what a person reads in it: `OrderItems2`, `order_items_2` and `order items 2` all have
//! the parts `order`, `items`, `2`. The unsplit word is a term as well, at the position of its first
//! part, so that a phrase over the parts still has consecutive positions.
//!
//! Terms are folded: compatibility forms, case and Latin accents do not matter. English endings are
//! taken off as an extra term in identifiers (a table `customers` answers to `customer`) and as the
//! only term in content. Han, kana, Thai, Lao, Burmese and Khmer have no spaces between words, and Hangul
//! has endings grown onto them, so a run of these becomes overlapping pairs and its last character.
//!
//! Everything here is part of the stored format: a change of a term needs a new
//! [`FORMAT`](super::FORMAT).

use std::collections::HashMap;

use tantivy::tokenizer::{
    Language, RawTokenizer, Stemmer, TextAnalyzer, Token, TokenStream, Tokenizer,
};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longer terms are cut: nobody types them, and a dictionary of them costs every reader.
const MAX_TERM_BYTES: usize = 255;

/// The memo of endings is emptied at this size, so that a large build stays small.
const MAX_MEMO: usize = 1 << 16;

/// Words that say nothing in English content. Names keep them: a table may be called `is_open`.
const STOP_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it",
    "no", "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these",
    "they", "this", "to", "was", "will", "with",
];

/// How a part came to be; queries treat the kinds differently, documents do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartKind {
    /// Read between borders.
    Plain,
    /// Two neighbours of a run without spaces.
    Pair,
    /// The end of a run of two and more, so that its last character is a beginning too.
    Tail,
    /// A run of one character: in a query it stands for any pair that begins with it.
    Lone,
}

/// What a person reads as one word inside an identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Folded text, never empty.
    pub(super) text: String,
    /// Where it stands in the original text, in bytes.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) kind: PartKind,
}

/// A run of letters, digits and underscores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// At least one.
    pub(super) parts: Vec<Part>,
    /// The parts joined, where that is a term of its own.
    pub(super) whole: Option<String>,
}

/// Folds compatibility forms, case and accents away: `ÉCOLE`, `école` and `ecole` are one.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for decomposed in text.nfkd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)) {
        for lower in decomposed.to_lowercase() {
            match lower {
                'ß' => folded.push_str("ss"),
                'æ' => folded.push_str("ae"),
                'œ' => folded.push_str("oe"),
                'þ' => folded.push_str("th"),
                'ø' => folded.push('o'),
                'ł' => folded.push('l'),
                'đ' | 'ð' => folded.push('d'),
                'ħ' => folded.push('h'),
                'ı' => folded.push('i'),
                'ς' => folded.push('σ'),
                '\u{300}'..='\u{36f}' => {}
                other => folded.push(other),
            }
        }
    }
    // Composed again, so that Hangul syllables and voiced kana are one character each.
    folded.nfc().collect()
}

/// The form in which an id or a name is compared as a whole; blanks inside count as one space.
pub(super) fn fold_key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    let blank = |c: char| c.is_whitespace() || c.is_control();
    for piece in text.split(blank).filter(|piece| !piece.is_empty()) {
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(&fold(piece));
    }
    key
}

/// Longest beginning of at most `bytes` bytes that does not cut a character.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Lower,
    Upper,
    Caseless,
    Digit,
    Unspaced,
}

fn class(c: char) -> Class {
    match c {
        'a'..='z' => Class::Lower,
        'A'..='Z' => Class::Upper,
        '0'..='9' => Class::Digit,
        '\u{e01}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1100}'..='\u{11ff}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{2fdf}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{30ff}'
        | '\u{3131}'..='\u{318e}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ffdc}'
        | '\u{20000}'..='\u{3ffff}' => Class::Unspaced,
        c if c.is_lowercase() => Class::Lower,
        c if c.is_uppercase() => Class::Upper,
        c if c.is_numeric() => Class::Digit,
        _ => Class::Caseless,
    }
}

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || c == '_'
        || (!c.is_ascii() && (c.is_alphanumeric() || is_combining_mark(c)))
}

/// Whether a part ends between two neighbours of a word.
fn is_border(before: Class, after: Class, next: Option<Class>) -> bool {
    match (before, after) {
        (Class::Unspaced, Class::Unspaced) | (Class::Digit, Class::Digit) => false,
        (Class::Unspaced | Class::Digit, _) | (_, Class::Unspaced | Class::Digit) => true,
        (Class::Lower, Class::Upper) => true,
        // HTTPServer: the last capital begins the next part.
        (Class::Upper, Class::Upper) => next == Some(Class::Lower),
        _ => false,
    }
}

/// Calls `visit` for every word of a text, from left to right.
pub(super) fn each_word(text: &str, mut visit: impl FnMut(&Word)) {
    let mut word = Word::default();
    let mut chars = text.char_indices().peekable();
    while let Some(&(start, first)) = chars.peek() {
        if !is_word_char(first) {
            chars.next();
            continue;
        }
        let mut end = start;
        while let Some(&(at, c)) = chars.peek() {
            if !is_word_char(c) {
                break;
            }
            end = at + c.len_utf8();
            chars.next();
        }
        read_word(&text[start..end], start, &mut word);
        if !word.parts.is_empty() {
            visit(&word);
        }
    }
}

/// Splits one run into its parts.
fn read_word(run: &str, offset: usize, word: &mut Word) {
    word.parts.clear();
    word.whole = None;
    let mut part_start: Option<usize> = None;
    let mut before: Option<Class> = None;
    let mut chars = run.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '_' {
            if let (Some(start), Some(class)) = (part_start.take(), before.take()) {
                push_part(run, start, at, offset, class, word);
            }
            continue;
        }
        // A combining mark belongs to the character before it.
        if !c.is_ascii() && is_combining_mark(c) {
            if part_start.is_none() {
                part_start = Some(at);
                before = Some(Class::Caseless);
            }
            continue;
        }
        let after = class(c);
        let next = chars.peek().map(|&(_, c)| class(c));
        match (part_start, before) {
            (Some(start), Some(class)) if is_border(class, after, next) => {
                push_part(run, start, at, offset, class, word);
                part_start = Some(at);
            }
            (None, _) => part_start = Some(at),
            _ => {}
        }
        before = Some(after);
    }
    if let (Some(start), Some(class)) = (part_start, before) {
        push_part(run, start, run.len(), offset, class, word);
    }
    if word.parts.len() > 1 && word.parts.iter().all(|part| part.kind == PartKind::Plain) {
        let whole: String = word.parts.iter().map(|part| part.text.as_str()).collect();
        word.whole = (whole.len() <= MAX_TERM_BYTES).then_some(whole);
    }
}

fn push_part(run: &str, start: usize, end: usize, offset: usize, class: Class, word: &mut Word) {
    let mut push = |from: usize, to: usize, kind: PartKind| {
        let mut text = fold(&run[from..to]);
        text.truncate(cut(&text, MAX_TERM_BYTES).len());
        if !text.is_empty() {
            word.parts.push(Part { text, from: offset + from, to: offset + to, kind });
        }
    };
    if class != Class::Unspaced {
        push(start, end, PartKind::Plain);
        return;
    }
    let mut borders: Vec<usize> = run[start..end]
        .char_indices()
        .filter(|&(_, c)| !is_combining_mark(c))
        .map(|(at, _)| start + at)
        .collect();
    borders.push(end);
    for three in borders.windows(3) {
        push(three[0], three[2], PartKind::Pair);
    }
    if let [.., last, end] = borders[..] {
        push(last, end, if borders.len() > 2 { PartKind::Tail } else { PartKind::Lone });
    }
}

/// English endings and stop words, remembered: a corpus repeats its words.
#[derive(Clone)]
pub(super) struct Lexicon {
    english: TextAnalyzer,
    memo: HashMap<String, Option<String>>,
}

impl Lexicon {
    pub(super) fn new() -> Self {
        let english = TextAnalyzer::builder(RawTokenizer::default())
            .filter(Stemmer::new(Language::English))
            .build();
        Self { english, memo: HashMap::new() }
    }

    /// The part without its English ending, or nothing for a stop word.
    pub(super) fn stem<'a>(&'a mut self, part: &'a str) -> Option<&'a str> {
        if !part.bytes().all(|b| b.is_ascii_lowercase()) {
            return Some(part);
        }
        if !self.memo.contains_key(part) {
            if self.memo.len() >= MAX_MEMO {
                self.memo.clear();
            }
            let stem = (!STOP_WORDS.contains(&part)).then(|| {
                let mut stem = part.to_owned();
                self.english.token_stream(part).process(&mut |token| stem.clone_from(&token.text));
                stem
            });
            self.memo.insert(part.to_owned(), stem);
        }
        self.memo.get(part).and_then(|stem| stem.as_deref())
    }
}

/// What kind of text a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Names: every part, and its stem where that differs.
    Identifier,
    /// Prose: stems, without stop words.
    Content,
}

/// The analysis as Tantivy calls it while it indexes.
#[derive(Clone)]
pub(super) struct Analyzer {
    mode: Mode,
    lexicon: Lexicon,
    tokens: Vec<Token>,
}

impl Analyzer {
    pub(super) fn new(mode: Mode) -> Self {
        Self { mode, lexicon: Lexicon::new(), tokens: Vec::new() }
    }
}

impl Tokenizer for Analyzer {
    type TokenStream<'a> = Tokens<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens<'a> {
        let Self { mode, lexicon, tokens } = self;
        tokens.clear();
        let mut position = 0;
        each_word(text, |word| {
            let mut push = |text: &str, position: usize, from: usize, to: usize| {
                tokens.push(Token {
                    offset_from: from,
                    offset_to: to,
                    position,
                    text: text.to_owned(),
                    position_length: 1,
                });
            };
            if let (Some(whole), [first, .., last]) = (&word.whole, &word.parts[..]) {
                push(whole, position, first.from, last.to);
            }
            for part in &word.parts {
                let stem = lexicon.stem(&part.text);
                if *mode == Mode::Identifier {
                    push(&part.text, position, part.from, part.to);
                }
                if let Some(stem) = stem.filter(|s| *mode == Mode::Content || *s != part.text) {
                    push(stem, position, part.from, part.to);
                }
                position += 1;
            }
        });
        Tokens { tokens, next: 0 }
    }
}

/// The terms of one text, in order.
pub(super) struct Tokens<'a> {
    tokens: &'a mut [Token],
    next: usize,
}

impl TokenStream for Tokens<'_> {
    fn advance(&mut self) -> bool {
        self.next += 1;
        self.next <= self.tokens.len()
    }

    fn token(&self) -> &Token {
        &self.tokens[self.next - 1]
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.tokens[self.next - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(mode: Mode, text: &str) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        Analyzer::new(mode)
            .token_stream(text)
            .process(&mut |token| found.push((token.position, token.text.clone())));
        found
    }

    fn parts(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        each_word(text, |word| found.extend(word.parts.iter().map(|part| part.text.clone())));
        found
    }

    #[test]
    fn identifiers_split_at_every_border() {
        assert_eq!(parts("OrderItems"), ["order", "items"]);
        assert_eq!(parts("order_items"), ["order", "items"]);
        assert_eq!(parts("main.HTTPServer2__x"), ["main", "http", "server", "2", "x"]);
        assert_eq!(parts("table:products"), ["table", "products"]);
        assert_eq!(parts("__ -- \u{301}"), Vec::<String>::new());
    }

    #[test]
    fn the_whole_word_stands_at_its_first_part() {
        let found = terms(Mode::Identifier, "OrderItems archive");
        let expected = [
            (0, "orderitems"),
            (0, "order"),
            (1, "items"),
            (1, "item"),
            (2, "archive"),
            (2, "archiv"),
        ];
        assert_eq!(found, expected.map(|(at, text)| (at, text.to_owned())));
    }

    #[test]
    fn content_is_stemmed_and_keeps_the_gap_of_a_stop_word() {
        let found = terms(Mode::Content, "sum of the dep_delays");
        let expected = [(0, "sum"), (3, "depdelays"), (3, "dep"), (4, "delay")];
        assert_eq!(found, expected.map(|(at, text)| (at, text.to_owned())));
    }

    #[test]
    fn accents_case_and_composition_fold() {
        assert_eq!(fold("ÉCOLE"), "ecole");
        assert_eq!(fold("e\u{301}cole"), "ecole");
        assert_eq!(fold("Straße ＡＢＣ ΣΊΣΥΦΟΣ"), "strasse abc σισυφοσ");
        assert_eq!(fold("한국"), "한국");
        assert_eq!(parts("cafe\u{301}Ouvert"), ["cafe", "ouvert"]);
    }

    #[test]
    fn scripts_without_spaces_become_pairs() {
        assert_eq!(parts("売上高"), ["売上", "上高", "高"]);
        assert_eq!(parts("ID番号"), ["id", "番号", "号"]);
        assert_eq!(parts("Заказы клиентов"), ["заказы", "клиентов"]);
    }

    #[test]
    fn long_terms_are_cut_at_a_character() {
        let long = "é".repeat(300) + &"ж".repeat(300);
        assert!(parts(&long).iter().all(|part| part.len() <= MAX_TERM_BYTES && !part.is_empty()));
        assert_eq!(parts(&"x".repeat(1000)), ["x".repeat(255)]);
    }
}
