//! Which segments to make one.
//!
//! Segments of like size are merged, so that there are few of them and a document is rewritten only a
//! few times in its life. A segment that is mostly dead is rewritten on its own account: what is dead
//! in it costs time in every search.

/// Segments of one size class that make a merge worth it.
pub const WIDTH: usize = 4;

/// Documents of the largest segment of level 0; each level holds [`WIDTH`] times as many.
const LEVEL_0_DOCS: u32 = 1024;

/// How large a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Documents in it, dead ones included.
    pub doc_count: u32,
    /// Dead ones among them.
    pub dead: u32,
}

impl Size {
    fn living(self) -> u32 {
        self.doc_count.saturating_sub(self.dead)
    }

    /// Whether a quarter of it is dead.
    fn is_worn(self) -> bool {
        self.dead >= self.doc_count / 4 && self.dead > 0
    }
}

/// The size class of so many documents.
pub fn level(doc_count: u32) -> i16 {
    let (mut level, mut most) = (0, LEVEL_0_DOCS);
    while doc_count > most {
        level += 1;
        most = most.saturating_mul(WIDTH as u32);
    }
    level
}

/// Segments that should become one, by their places in the list; none if all is well. The smallest
/// size class goes first, because its merge may make the next one due.
pub fn due(sizes: &[Size]) -> Vec<usize> {
    let mut levels: Vec<(i16, usize)> =
        sizes.iter().enumerate().map(|(n, size)| (level(size.living()), n)).collect();
    levels.sort_unstable();
    for of_level in levels.chunk_by(|a, b| a.0 == b.0) {
        let members = || of_level.iter().map(|&(_, n)| n);
        if of_level.len() >= WIDTH {
            return members().collect();
        }
        let worn: Vec<usize> = members().filter(|&n| sizes[n].is_worn()).collect();
        if !worn.is_empty() {
            return worn;
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn size(doc_count: u32, dead: u32) -> Size {
        Size { doc_count, dead }
    }

    #[test]
    fn like_sizes_and_worn_ones_are_due() {
        assert_eq!(due(&[size(10, 0), size(900, 0), size(5000, 0)]), [] as [usize; 0]);
        assert_eq!(
            due(&[size(9000, 0), size(1, 0), size(1, 0), size(5, 0), size(1024, 0)]),
            [1, 2, 3, 4]
        );
        assert_eq!(due(&[size(9000, 0), size(100_000, 25_000)]), [1]);
        assert_eq!(due(&[size(3, 3)]), [0]);
    }

    proptest! {
        #[test]
        fn merging_what_is_due_ends_with_few_segments(
            docs in proptest::collection::vec((1_u32..5000, 0_u32..5000), 0..200),
        ) {
            let mut sizes: Vec<Size> = docs.into_iter().map(|(n, d)| size(n, d.min(n))).collect();
            let mut rounds = 0;
            loop {
                let chosen = due(&sizes);
                if chosen.is_empty() {
                    break;
                }
                let living = chosen.iter().map(|&n| sizes[n].living()).sum();
                let mut kept: Vec<Size> =
                    (0..sizes.len()).filter(|n| !chosen.contains(n)).map(|n| sizes[n]).collect();
                if living > 0 {
                    kept.push(size(living, 0));
                }
                sizes = kept;
                rounds += 1;
                prop_assert!(rounds < 1000);
            }
            // A million documents have at most six levels.
            prop_assert!(sizes.len() <= 7 * (WIDTH - 1), "{sizes:?}");
        }
    }
}
