//! Documents of a segment that are dead, kept beside the segment.
//!
//! A segment never changes. What died in it since is first known by row version; maintenance then looks
//! the documents up once and notes their numbers, so that searches need not.

use super::{Segment, unreadable};
use crate::error::Result;

/// Numbers of dead documents, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Buried(Vec<u32>);

impl Buried {
    /// Reads what [`Self::bytes`] wrote for a segment of so many documents.
    ///
    /// # Errors
    /// `search_segment_unreadable` if no such segment can have them.
    pub fn read(bytes: &[u8], doc_count: u32) -> Result<Self> {
        let (numbers, rest) = bytes.as_chunks::<4>();
        let docs: Vec<u32> = numbers.iter().map(|&number| u32::from_le_bytes(number)).collect();
        let sound = rest.is_empty()
            && docs.is_sorted_by(|a, b| a < b)
            && docs.last().is_none_or(|&last| last < doc_count);
        if sound {
            Ok(Self(docs))
        } else {
            Err(unreadable("The numbers of its dead documents do not fit it."))
        }
    }

    /// The numbers, four bytes each.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|doc| doc.to_le_bytes()).collect()
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.0.len() as u32
    }

    /// Whether a document is among them.
    pub fn holds(&self, doc: u32) -> bool {
        self.0.binary_search(&doc).is_ok()
    }

    /// The numbers.
    pub(super) fn docs(&self) -> &[u32] {
        &self.0
    }

    /// Adds the documents of these row versions and returns the row versions that the segment has.
    pub fn bury(&mut self, segment: &Segment, row_versions: impl Iterator<Item = i64>) -> Vec<i64> {
        let mut found = Vec::new();
        for version in row_versions {
            if let Some(doc) = segment.doc_of(version) {
                self.0.push(doc);
                found.push(version);
            }
        }
        self.0.sort_unstable();
        self.0.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{Document, build};

    #[test]
    fn numbers_survive_and_others_are_refused() {
        let documents: Vec<Document> =
            (0..9).map(|n| Document { row_version: n * 10, ..Document::default() }).collect();
        let packed = build(&documents, || false).unwrap();
        let segment = Segment::open(packed.bytes, &packed.layout).unwrap();
        let mut buried = Buried::default();
        assert_eq!(buried.bury(&segment, [70, 5, 20, 70].into_iter()), [70, 20, 70]);
        assert_eq!((buried.docs(), buried.count()), (&[2, 7][..], 2));
        assert_eq!(Buried::read(&buried.bytes(), 9), Ok(buried.clone()));
        for (bytes, doc_count) in [
            (buried.bytes(), 7),
            (buried.bytes()[..7].to_vec(), 9),
            ([7_u32, 2].iter().flat_map(|n| n.to_le_bytes()).collect(), 9),
        ] {
            assert!(Buried::read(&bytes, doc_count).is_err());
        }
    }
}
