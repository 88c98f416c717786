//! A set of documents of one segment, a bit for each.
//!
//! A thousand documents are 16 words, so cutting and counting such sets costs next to nothing
//! beside reading postings, however many documents are in them.

const BITS: usize = u64::BITS as usize;

/// Documents of one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Docs {
    words: Vec<u64>,
}

impl Docs {
    /// No document of a segment of this size.
    pub(super) fn none(doc_count: u32) -> Self {
        Self { words: vec![0; (doc_count as usize).div_ceil(BITS)] }
    }

    /// All documents of a segment of this size.
    pub(super) fn all(doc_count: u32) -> Self {
        let mut words = vec![u64::MAX; (doc_count as usize).div_ceil(BITS)];
        if let (Some(last), spare @ 1..) = (words.last_mut(), doc_count as usize % BITS) {
            *last = (1 << spare) - 1;
        }
        Self { words }
    }

    #[inline]
    pub(super) fn insert(&mut self, doc: u32) {
        self.words[doc as usize / BITS] |= 1 << (doc as usize % BITS);
    }

    #[inline]
    pub(super) fn remove(&mut self, doc: u32) {
        self.words[doc as usize / BITS] &= !(1 << (doc as usize % BITS));
    }

    #[inline]
    pub(super) fn contains(&self, doc: u32) -> bool {
        self.words[doc as usize / BITS] & (1 << (doc as usize % BITS)) != 0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    pub(super) fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
    }

    /// The other documents of a segment of this size, ascending.
    pub(super) fn missing(&self, doc_count: u32) -> Vec<u32> {
        let mut others = Self::all(doc_count);
        others.subtract(self);
        others.iter().collect()
    }

    /// Takes away all documents of another set.
    pub(super) fn subtract(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// Adds all documents of another set.
    pub(super) fn add_all(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Keeps only the documents that another set has too.
    pub(super) fn keep(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Takes all documents away.
    pub(super) fn clear(&mut self) {
        self.words.fill(0);
    }

    /// The documents that are in both sets, ascending.
    pub(super) fn common(&self, other: &Self) -> impl Iterator<Item = u32> {
        let words = self.words.iter().zip(&other.words).enumerate();
        words.flat_map(|(n, (word, other))| {
            ones(word & other).map(move |bit| (n * BITS) as u32 + bit)
        })
    }

    /// Keeps only the documents that pass.
    pub(super) fn retain(&mut self, mut passes: impl FnMut(u32) -> bool) {
        for (n, word) in self.words.iter_mut().enumerate() {
            for bit in ones(*word) {
                if !passes((n * BITS) as u32 + bit) {
                    *word &= !(1 << bit);
                }
            }
        }
    }

    /// The first document that is not before this one.
    pub(super) fn at_or_after(&self, doc: u32) -> Option<u32> {
        let first = doc as usize / BITS;
        let mut word = self.words.get(first)? & (u64::MAX << (doc as usize % BITS));
        for n in first.. {
            if word != 0 {
                return Some((n * BITS) as u32 + word.trailing_zeros());
            }
            word = *self.words.get(n + 1)?;
        }
        None
    }

    /// The documents, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        self.words
            .iter()
            .enumerate()
            .flat_map(|(n, &word)| ones(word).map(move |bit| (n * BITS) as u32 + bit))
    }
}

/// The places of the bits of a word, ascending.
fn ones(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        (word != 0).then(|| {
            let bit = word.trailing_zeros();
            word &= word - 1;
            bit
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn docs(doc_count: u32, of: &[u32]) -> Docs {
        let mut docs = Docs::none(doc_count);
        of.iter().for_each(|&doc| docs.insert(doc));
        docs
    }

    #[test]
    fn all_are_as_many_as_there_are() {
        for doc_count in [0, 1, 63, 64, 65, 128, 200] {
            let all = Docs::all(doc_count);
            assert_eq!(all.count(), doc_count);
            assert_eq!(all.iter().collect::<Vec<_>>(), (0..doc_count).collect::<Vec<_>>());
            assert_eq!(all.is_empty(), doc_count == 0);
        }
    }

    #[test]
    fn sets_grow_and_shrink() {
        let mut set = docs(130, &[0, 63, 64, 129]);
        set.insert(1);
        set.subtract(&docs(130, &[0, 2]));
        assert_eq!(set, docs(130, &[1, 63, 64, 129]));
        set.retain(|doc| doc % 2 == 1);
        assert_eq!(set.iter().collect::<Vec<_>>(), [1, 63, 129]);
        assert_eq!(
            [0, 2, 64, 129, 130, u32::MAX].map(|doc| set.at_or_after(doc)),
            [Some(1), Some(63), Some(129), Some(129), None, None,]
        );
        assert_eq!(docs(66, &[0, 65]).missing(66), (1..65).collect::<Vec<_>>());
        set.remove(63);
        assert!(!set.contains(63) && set.contains(129));
        let other = docs(130, &[0, 1, 64, 128]);
        assert_eq!(set.common(&other).collect::<Vec<_>>(), [1]);
        set.add_all(&other);
        assert_eq!(set, docs(130, &[0, 1, 64, 128, 129]));
        set.keep(&docs(130, &[1, 2, 129]));
        assert_eq!(set, docs(130, &[1, 129]));
        set.clear();
        assert!(set.is_empty());
    }
}
