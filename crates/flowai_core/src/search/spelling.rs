//! Words that are spelled almost like others.
//!
//! A typing error is a letter too much, a letter too few, another letter, or two neighbours swapped. A
//! dictionary is walked with an automaton, so that it skips all terms whose beginning has too many
//! errors already. Most of a walk is spent among short beginnings, which may still become anything, so
//! one walk looks for several words.
//!
//! The states of the automaton are computed while it reads: tables for a long word would be megabytes,
//! and take longer to fill than the walk takes.

use tantivy_fst::Automaton;

/// So many words are looked for in one walk.
pub(super) const MAX_WORDS: usize = 4;

/// Most typing errors that are ever forgiven.
const MAX_ERRORS: usize = 2;

/// A place in a word is the number of letters before it. After some letters are read, a reader can only
/// be at a place with about as many before it, so what is kept is a window of places around that one,
/// a bit for each: the middle one for as many letters too much as too few.
type Window = u8;

const MIDDLE: Window = 1 << MAX_ERRORS;

/// A set of places in a whole word, moved up so far that the first window begins with its first bit.
type Places = u128;

/// Longer words have no place for each of their letters.
pub(super) const MAX_LETTERS: usize = Places::BITS as usize - 2 * MAX_ERRORS - 2;

/// The window of some places when so many letters are read.
#[inline]
fn window(places: Places, read: u8) -> Window {
    (places >> read) as Window
}

/// A word, by the places of its letters.
struct Word {
    all: Places,
    end: Places,
    /// The places before each letter; those of ASCII by their number.
    ascii: [Places; 128],
    others: Vec<(u32, Places)>,
}

impl Word {
    fn new(word: &str) -> Self {
        let first = Places::from(MIDDLE);
        let mut new = Self { all: first, end: first, ascii: [0; 128], others: Vec::new() };
        for letter in word.chars().take(MAX_LETTERS).map(u32::from) {
            let here = new.end;
            match new.ascii.get_mut(letter as usize) {
                Some(places) => *places |= here,
                None => new.others.push((letter, here)),
            }
            new.end <<= 1;
            new.all |= new.end;
        }
        new
    }

    #[inline]
    fn before(&self, letter: u32) -> Places {
        match self.ascii.get(letter as usize) {
            Some(places) => *places,
            None => self.others.iter().filter(|(l, _)| *l == letter).fold(0, |sum, (_, p)| sum | p),
        }
    }
}

/// Where a reader may be in one word.
#[derive(Debug, Clone, Copy, Default)]
struct Reached {
    /// With each number of errors.
    places: [Window; MAX_ERRORS + 1],
    /// Places before two letters of which the second was read, with each number of errors before.
    swapped: [Window; MAX_ERRORS],
}

impl Reached {
    const START: Self = Self {
        // The first letters may be missing.
        places: [MIDDLE, MIDDLE | MIDDLE << 1, MIDDLE | MIDDLE << 1 | MIDDLE << 2],
        swapped: [0; MAX_ERRORS],
    };

    /// Keeps places of the word with not too many errors.
    #[inline]
    fn within(mut self, word: &Word, read: u8, errors: usize) -> Self {
        let all = window(word.all, read) & ((MIDDLE << (MAX_ERRORS + 1)) - 1);
        for (n, places) in self.places.iter_mut().enumerate() {
            *places &= if n <= errors { all } else { 0 };
        }
        self
    }

    #[inline]
    fn places(&self) -> Window {
        self.places.iter().fold(0, |sum, places| sum | places)
    }

    /// Reads a letter, after so many. The window moves on by one place, so who does as well stays at
    /// the same bit.
    #[inline]
    fn read(self, word: &Word, letter: u32, read: u8) -> Self {
        let here = window(word.before(letter), read);
        let mut next = Self::default();
        next.places[0] = self.places[0] & here;
        for errors in 1..=MAX_ERRORS {
            let fewer = self.places[errors - 1];
            let right = self.places[errors] & here;
            let too_much = fewer >> 1;
            let another = fewer;
            let too_few = next.places[errors - 1] << 1;
            let swapped = (self.swapped[errors - 1] & here) << 1;
            next.places[errors] = right | too_much | another | too_few | swapped;
            next.swapped[errors - 1] = (fewer & (here >> 1)) >> 1;
        }
        next
    }
}

/// What is spelled like any of some words, but for some typing errors.
pub(super) struct Spellings {
    words: Vec<Word>,
    errors: usize,
}

impl Spellings {
    /// Up to [`MAX_WORDS`] words of up to [`MAX_LETTERS`], and one or two errors in each.
    pub(super) fn new<'a>(words: impl Iterator<Item = &'a str>, errors: u8) -> Self {
        Self { words: words.take(MAX_WORDS).map(Word::new).collect(), errors: errors.into() }
    }

    /// Which of the words the term is spelled like.
    pub(super) fn matching(&self, term: &[u8]) -> impl Iterator<Item = usize> {
        let end = term.iter().fold(self.start(), |state, &byte| self.accept(&state, byte));
        (0..self.words.len()).filter(move |&n| self.is_at_end(&end, n))
    }

    #[inline]
    fn is_at_end(&self, state: &State, n: usize) -> bool {
        state.words[n].places() & window(self.words[n].end, state.read) != 0
    }
}

/// What was read of a term.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    words: [Reached; MAX_WORDS],
    /// Whole letters.
    read: u8,
    /// The letter that is being read, and how many bytes of it are missing.
    letter: u32,
    missing: u8,
}

impl Automaton for Spellings {
    type State = State;

    fn start(&self) -> State {
        let mut state = State::default();
        for (reached, word) in state.words.iter_mut().zip(&self.words) {
            *reached = Reached::START.within(word, 0, self.errors);
        }
        state
    }

    #[inline]
    fn is_match(&self, state: &State) -> bool {
        state.missing == 0 && (0..self.words.len()).any(|n| self.is_at_end(state, n))
    }

    #[inline]
    fn can_match(&self, state: &State) -> bool {
        state.words.iter().any(|reached| reached.places() != 0)
    }

    #[inline]
    fn accept(&self, state: &State, byte: u8) -> State {
        let mut next = *state;
        // Terms are valid UTF-8.
        (next.letter, next.missing) = match byte {
            0..0x80 => (u32::from(byte), 0),
            0x80..0xc0 => {
                (state.letter << 6 | u32::from(byte & 0x3f), state.missing.saturating_sub(1))
            }
            0xc0..0xe0 => (u32::from(byte & 0x1f), 1),
            0xe0..0xf0 => (u32::from(byte & 0x0f), 2),
            0xf0.. => (u32::from(byte & 0x07), 3),
        };
        if next.missing == 0 {
            next.read += 1;
            for (reached, word) in next.words.iter_mut().zip(&self.words) {
                if reached.places() != 0 {
                    let read = reached.read(word, next.letter, state.read);
                    *reached = read.within(word, next.read, self.errors);
                }
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_spelled_like(word: &str, other: &str, errors: u8) -> bool {
        // Other words in the same walk make no difference.
        let words = ["ab", word, "é"];
        Spellings::new(words.into_iter(), errors).matching(other.as_bytes()).any(|n| n == 1)
    }

    /// Errors between two words, by the book; swapped letters are not touched again.
    fn distance(word: &str, other: &str) -> usize {
        let (a, b): (Vec<char>, Vec<char>) = (word.chars().collect(), other.chars().collect());
        let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                table[i][j] = match (i, j) {
                    (0, n) | (n, 0) => n,
                    _ => {
                        let replaced = table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                        let mut least = replaced.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                        if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                            least = least.min(table[i - 2][j - 2] + 1);
                        }
                        least
                    }
                };
            }
        }
        table[a.len()][b.len()]
    }

    #[test]
    fn it_agrees_with_the_book() {
        let letters = ['a', 'b', 'é', '売'];
        let word = |mut n: usize| {
            let mut word = String::new();
            while n > 0 {
                word.push(letters[n % 5 % 4]);
                n /= 5;
            }
            word
        };
        let words: Vec<String> = (0..3000).step_by(7).map(word).collect();
        for (a, b) in words.iter().flat_map(|a| words.iter().map(move |b| (a, b))) {
            for errors in 1..=2 {
                let expected = distance(a, b) <= usize::from(errors);
                assert_eq!(is_spelled_like(a, b, errors), expected, "{a} {b} {errors}");
            }
        }
    }

    #[test]
    fn long_words_keep_all_their_letters() {
        let long = "ab".repeat(MAX_LETTERS / 2);
        assert!(is_spelled_like(&long, &long[1..], 1));
        assert!(is_spelled_like(&long, &format!("{long}xx"), 2));
        assert!(!is_spelled_like(&long, &long[..long.len() - 3], 2));
    }
}
