//! The values that each document of a segment has, by number, wherever they are kept.

use tantivy::columnar::StrColumn;

use super::unreadable;
use crate::error::Result;

/// Values in the order of their bytes, and which documents have which.
pub(super) enum Values {
    /// In the bytes of a built segment.
    Packed(StrColumn),
    /// Of a few documents in memory.
    Fresh {
        /// Ascending.
        values: Vec<String>,
        /// By document.
        numbers: Vec<Vec<u64>>,
    },
}

impl Values {
    /// Numbers the values of some documents.
    pub(super) fn fresh(of_documents: &[Vec<String>]) -> Self {
        let mut values: Vec<String> = of_documents.iter().flatten().cloned().collect();
        values.sort_unstable();
        values.dedup();
        let number = |value: &String| values.partition_point(|other| other < value) as u64;
        let numbers = of_documents.iter().map(|of| of.iter().map(number).collect()).collect();
        Self::Fresh { values, numbers }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Packed(column) => column.dictionary().num_terms(),
            Self::Fresh { values, .. } => values.len(),
        }
    }

    /// The number of a value, if a document has it.
    pub(super) fn number(&self, value: &str) -> Result<Option<u64>> {
        match self {
            Self::Packed(column) => column.dictionary().term_ord(value).map_err(unreadable),
            Self::Fresh { values, .. } => {
                let found = values.binary_search_by(|other| other.as_str().cmp(value));
                Ok(found.ok().map(|number| number as u64))
            }
        }
    }

    /// The value of a number that came from here.
    pub(super) fn value(&self, number: u64) -> Result<String> {
        match self {
            Self::Packed(column) => {
                let mut value = String::new();
                column.ord_to_str(number, &mut value).map_err(unreadable)?;
                Ok(value)
            }
            Self::Fresh { values, .. } => match values.get(number as usize) {
                Some(value) => Ok(value.clone()),
                None => Err(unreadable("A value is not among those of its segment.")),
            },
        }
    }

    /// Visits the numbers of what a document has.
    #[inline]
    pub(super) fn each(&self, doc: u32, mut visit: impl FnMut(u64)) {
        match self {
            Self::Packed(column) => column.ords().values_for_doc(doc).for_each(visit),
            Self::Fresh { numbers, .. } => {
                numbers.get(doc as usize).into_iter().flatten().for_each(|&number| visit(number));
            }
        }
    }

    /// The number of the first value of a document.
    #[inline]
    pub(super) fn first(&self, doc: u32) -> Option<u64> {
        match self {
            Self::Packed(column) => column.ords().first(doc),
            Self::Fresh { numbers, .. } => numbers.get(doc as usize)?.first().copied(),
        }
    }

    /// Whether a document has the value of this number.
    #[inline]
    pub(super) fn has(&self, doc: u32, wanted: u64) -> bool {
        match self {
            Self::Packed(column) => column.ords().values_for_doc(doc).any(|value| value == wanted),
            Self::Fresh { numbers, .. } => {
                numbers.get(doc as usize).is_some_and(|numbers| numbers.contains(&wanted))
            }
        }
    }

    /// About what it holds in memory beyond the bytes of a segment.
    pub(super) fn byte_size(&self) -> usize {
        match self {
            Self::Packed(_) => 0,
            Self::Fresh { values, numbers } => {
                let texts: usize = values.iter().map(|v| v.len() + size_of::<String>()).sum();
                let lists: usize =
                    numbers.iter().map(|n| size_of_val(&n[..]) + size_of_val(n)).sum();
                texts + lists
            }
        }
    }
}
