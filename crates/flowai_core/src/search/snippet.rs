//! The place of a text that answers the query, with the matched words marked.

use std::collections::HashSet;

use super::query::{JointKind, Pattern, Query};
use super::tokenizer::{Lexicon, each_word};

/// Longer texts are read up to here: a snippet must not cost more than the search.
const MAX_TEXT_BYTES: usize = 128 << 10;

/// A window among this many matches is good enough.
const MAX_MATCHES: usize = 512;

/// A window may be moved by so many characters to begin or end between words.
const SLACK: usize = 16;

/// Knows what a matched word looks like, and marks it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Highlighter {
    terms: HashSet<String>,
    prefixes: Vec<String>,
}

impl Query {
    /// Marks the words of the query. The one in an [`Outcome`](super::Outcome) also knows the
    /// spellings that were found instead of a misspelled word.
    pub fn highlighter(&self) -> Highlighter {
        let mut highlighter = Highlighter::default();
        for (pattern, _) in self.slots.iter().filter(|(_, slot)| slot & self.required != 0) {
            match pattern {
                Pattern::Word(word) if word.prefix => highlighter.prefixes.push(word.part.clone()),
                Pattern::Word(word) => {
                    highlighter.terms.insert(word.part.clone());
                    highlighter.terms.extend(word.stem.clone());
                }
                Pattern::Phrase(phrase) => {
                    let terms = phrase.identifier.iter().chain(&phrase.content);
                    highlighter.add_terms(terms.map(|(_, term)| term.clone()));
                }
            }
        }
        for joint in self.joints.iter().filter(|joint| joint.slots & self.wanted != 0) {
            match joint.kind {
                JointKind::Whole { prefix: true } => highlighter.prefixes.push(joint.term.clone()),
                JointKind::Whole { prefix: false } => {
                    highlighter.terms.insert(joint.term.clone());
                }
                JointKind::Key => {}
            }
        }
        highlighter
    }
}

/// A matched word of the text, in bytes.
struct Match {
    from: usize,
    to: usize,
    term: String,
}

impl Highlighter {
    pub(super) fn add_terms(&mut self, terms: impl IntoIterator<Item = String>) {
        self.terms.extend(terms);
    }

    fn marks(&self, term: &str) -> bool {
        self.terms.contains(term) || self.prefixes.iter().any(|prefix| term.starts_with(&**prefix))
    }

    /// The part of a text with most matched words, of at most `max_chars` characters, as HTML:
    /// matched words in `<b>…</b>`, everything else escaped, `…` where the text goes on. Nothing if
    /// no word matches.
    pub fn snippet(&self, text: &str, max_chars: usize) -> Option<String> {
        let text = &text[..text.floor_char_boundary(MAX_TEXT_BYTES)];
        let matches = self.matches(text);
        let first = best(text, &matches, max_chars)?;
        let (from, to) = window(text, &matches[first..], max_chars);

        let mut html = String::with_capacity(to - from + 64);
        if from > 0 {
            html.push('…');
        }
        let mut at = from;
        for found in matches[first..].iter().take_while(|found| found.to <= to) {
            escape(&text[at..found.from], &mut html);
            html.push_str("<b>");
            escape(&text[found.from..found.to], &mut html);
            html.push_str("</b>");
            at = found.to;
        }
        escape(&text[at..to], &mut html);
        if to < text.len() {
            html.push('…');
        }
        Some(html)
    }

    /// With which bytes a matched word begins. A word begins like its stem, so nothing else has to be
    /// stemmed, which is most of the work.
    fn beginnings(&self) -> [bool; 256] {
        let mut beginnings = [false; 256];
        for first in self.terms.iter().chain(&self.prefixes).filter_map(|term| term.bytes().next())
        {
            beginnings[usize::from(first)] = true;
        }
        beginnings
    }

    /// Matched words from left to right, none overlapping another.
    fn matches(&self, text: &str) -> Vec<Match> {
        let mut lexicon = Lexicon::new();
        let beginnings = self.beginnings();
        let mut matches: Vec<Match> = Vec::new();
        each_word(text, |word| {
            if matches.len() >= MAX_MATCHES {
                return;
            }
            if let (Some(whole), [first, .., last]) = (&word.whole, &word.parts[..])
                && self.marks(whole)
            {
                matches.push(Match { from: first.from, to: last.to, term: whole.clone() });
                return;
            }
            for part in &word.parts {
                if !part.text.bytes().next().is_some_and(|first| beginnings[usize::from(first)]) {
                    continue;
                }
                let stem = lexicon.stem(&part.text);
                let Some(term) = [Some(part.text.as_str()), stem]
                    .into_iter()
                    .flatten()
                    .find(|term| self.marks(term))
                else {
                    continue;
                };
                match matches.last_mut() {
                    // Pairs of a run without spaces overlap: one mark covers both.
                    Some(last) if part.from < last.to => last.to = last.to.max(part.to),
                    _ => matches.push(Match {
                        from: part.from,
                        to: part.to,
                        term: stem.unwrap_or(term).to_owned(),
                    }),
                }
            }
        });
        matches
    }
}

/// The match with which the best window begins: most different words, then most words, then first.
fn best(text: &str, matches: &[Match], max_chars: usize) -> Option<usize> {
    let mut best: Option<(usize, usize, usize)> = None;
    for (first, begin) in matches.iter().enumerate() {
        let mut different: HashSet<&str> = HashSet::new();
        let mut count = 0;
        let (mut at, mut chars) = (begin.from, 0);
        for found in &matches[first..] {
            chars += text[at..found.to].chars().count();
            at = found.to;
            if chars > max_chars && count > 0 {
                break;
            }
            different.insert(&found.term);
            count += 1;
        }
        let value = (different.len(), count);
        if best.is_none_or(|(different, count, _)| value > (different, count)) {
            best = Some((value.0, value.1, first));
        }
    }
    best.map(|(_, _, first)| first)
}

/// The bytes to show: some context before the first match, then as much as fits.
fn window(text: &str, matches: &[Match], max_chars: usize) -> (usize, usize) {
    let first = &matches[0];
    let back = |from: usize, chars: usize| {
        text[..from].char_indices().rev().take(chars).last().map_or(from, |(at, _)| at)
    };
    let forward = |from: usize, chars: usize| {
        text[from..].char_indices().nth(chars).map_or(text.len(), |(at, _)| from + at)
    };
    let mut to = forward(first.from, max_chars);
    let shown = text[first.from..to].chars().count();
    let context = if to == text.len() { max_chars - shown } else { max_chars / 5 };
    let mut from = back(first.from, context);
    if from > 0 {
        // Begin after a blank, if there is one close by.
        from = text[from..first.from]
            .char_indices()
            .take(SLACK)
            .find(|(_, c)| c.is_whitespace())
            .map_or(from, |(at, c)| from + at + c.len_utf8());
    }
    to = forward(from, max_chars);
    if to < text.len() {
        // End before a blank, but never inside a match.
        let last = matches.iter().take_while(|found| found.to <= to).last().unwrap_or(first);
        let inside = matches.iter().find(|found| found.from < to && found.to > to);
        to = inside.map_or(to, |found| found.from.max(from));
        let floor = last.to.min(to);
        to = text[floor..to]
            .char_indices()
            .rev()
            .take(SLACK)
            .find(|(_, c)| c.is_whitespace())
            .map_or(to, |(at, _)| floor + at);
    }
    (from, to)
}

fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            c if c.is_control() => html.push(' '),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snippet(query: &str, text: &str, max_chars: usize) -> Option<String> {
        Query::parse(query).unwrap().highlighter().snippet(text, max_chars)
    }

    #[test]
    fn every_form_of_a_word_is_marked() {
        let marked = |query, text| snippet(query, text, 80).unwrap();
        assert_eq!(marked("delay", "Arrival Delays"), "Arrival <b>Delays</b>");
        assert_eq!(marked("depdelay", "uses dep_delay"), "uses <b>dep_delay</b>");
        assert_eq!(marked("dep_delay", "dep and delay"), "<b>dep</b> and <b>delay</b>");
        assert_eq!(marked("lie", "dying and lying"), "dying and <b>lying</b>");
        assert_eq!(marked("reg*", "Región 5"), "<b>Región</b> 5");
        assert_eq!(marked("売上高", "総売上高です"), "総<b>売上高</b>です");
        assert_eq!(snippet("other", "Arrival Delays", 80), None);
        assert_eq!(snippet("-delay", "Arrival Delays", 80), None);
    }

    #[test]
    fn everything_else_is_escaped() {
        let html = snippet("tag", "<b>\"tag\"</b> & more", 80).unwrap();
        assert_eq!(html, "&lt;b&gt;&quot;<b>tag</b>&quot;&lt;/b&gt; &amp; more");
    }

    #[test]
    fn the_window_with_most_words_is_shown() {
        let filler = "nothing here ".repeat(30);
        let text = format!("order {filler}an order of items {filler}");
        let html = snippet("order items", &text, 40).unwrap();
        assert!(html.contains("<b>order</b> of <b>items</b>"), "{html}");
        assert!(html.starts_with('…') && html.ends_with('…'), "{html}");
    }

    #[test]
    fn any_size_is_survived() {
        for max_chars in 0..12 {
            assert!(snippet("éé", "ééé ÉÉ é", max_chars).is_some());
        }
    }
}
