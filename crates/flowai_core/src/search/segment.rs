//! A segment: an immutable index of some documents, as one byte string.
//!
//! The server keeps the bytes in rows, so they are a value here. The same documents give the same
//! bytes: file names and ids that Tantivy draws at random do not get into them. Documents are kept
//! in order of row version, so that a dead row version finds its document by binary search.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stable_deref_trait::StableDeref;
use tantivy::columnar::column_values::VecColumn;
use tantivy::columnar::{Column, ColumnIndex};
use tantivy::directory::{FileSlice, OwnedBytes};
use tantivy::fastfield::{AliveBitSet, write_alive_bitset};
use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::SegmentId;
use tantivy::indexer::merge_filtered_segments;
use tantivy::{BitSet, Index, IndexSettings, IndexSortByField, Order};

use super::buried::Buried;
use super::directory::Memory;
use super::docs::Docs;
use super::fresh::FreshField;
use super::schema::{Document, FACETS, FIELDS, ID, ROW_VERSION};
use super::schema::{ordered, to_tantivy, tokenizers, unordered};
use super::terms::Terms;
use super::tokenizer::Analyzer;
use super::values::Values;
use super::{FORMAT, Interrupt, guarded, interrupted, stop, unreadable};
use crate::error::{Error, Result};

/// The files of a Tantivy segment, by their extensions, in the order in which they are packed.
const FILES: [&str; 6] = ["term", "idx", "pos", "fieldnorm", "fast", "store"];

/// Every opened segment has this id, for a directory holds one segment.
const SEGMENT_ID: &str = "00000000000000000000000000000001";

/// Sizes the first hash table of terms; it grows, so this is not a limit.
const TERM_TABLE_BYTES: usize = 1 << 18;

/// Documents between two looks at the interrupt flag.
const DOCUMENTS_PER_CHECK: usize = 256;

/// A built segment, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The files back to back.
    pub bytes: Vec<u8>,
    /// Where each file lies, as JSON.
    pub layout: String,
    /// Documents in it.
    pub doc_count: u32,
    /// BLAKE3 of layout and bytes.
    pub digest: [u8; 32],
}

/// Where the files lie in the bytes. JSON, because people read it in a table; but the digest is over
/// the values, so that it survives a column type that orders keys its own way.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    format: i16,
    doc_count: u32,
    files: Vec<FileRange>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRange {
    name: String,
    offset: u64,
    length: u64,
}

impl Layout {
    fn read(layout: &str) -> Result<Self> {
        let layout: Self = serde_json::from_str(layout).map_err(|e| unreadable(e.to_string()))?;
        if layout.format != FORMAT {
            return Err(unreadable(format!(
                "The segment has format {}, this version reads format {FORMAT}.",
                layout.format
            )));
        }
        Ok(layout)
    }

    fn digest(&self, bytes: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.format.to_le_bytes());
        hasher.update(&self.doc_count.to_le_bytes());
        for file in &self.files {
            hasher.update(&(file.name.len() as u64).to_le_bytes());
            hasher.update(file.name.as_bytes());
            hasher.update(&file.offset.to_le_bytes());
            hasher.update(&file.length.to_le_bytes());
        }
        hasher.update(bytes);
        hasher.finalize().into()
    }

    /// The files, each inside the bytes.
    fn files(&self, bytes: &OwnedBytes) -> Result<Vec<(&'static str, OwnedBytes)>> {
        FILES
            .iter()
            .map(|&name| {
                let range = self.files.iter().find(|file| file.name == name).and_then(|file| {
                    let start = usize::try_from(file.offset).ok()?;
                    let end = start.checked_add(usize::try_from(file.length).ok()?)?;
                    (end <= bytes.len()).then_some(start..end)
                });
                match range {
                    Some(range) => Ok((name, bytes.slice(range))),
                    None => Err(unreadable(format!("The file \"{name}\" is missing or cut off."))),
                }
            })
            .collect()
    }
}

fn settings() -> IndexSettings {
    IndexSettings {
        // The default compresses on a thread of its own, which a server process must never have.
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    }
}

/// Builds the segment of some documents, in any order. Starts no thread.
///
/// # Errors
/// `interrupted` once `interrupt` says so.
pub fn build(documents: &[Document], interrupt: Interrupt) -> Result<Packed> {
    guarded(|| {
        let sorted = by_row_version(documents)?;
        let directory = Memory::new(interrupt);
        let built = write(&sorted, &directory, interrupt);
        let index = built.map_err(|e| if interrupt() { interrupted() } else { e })?;
        pack(&index, &directory)
    })
}

fn by_row_version(documents: &[Document]) -> Result<Vec<&Document>> {
    let mut sorted: Vec<&Document> = documents.iter().collect();
    sorted.sort_by_key(|document| document.row_version);
    if sorted.windows(2).any(|pair| pair[0].row_version == pair[1].row_version) {
        return Err(Error::internal("two documents have the same row version"));
    }
    Ok(sorted)
}

fn write(documents: &[&Document], directory: &Memory, interrupt: Interrupt) -> Result<Index> {
    let mut writer = Index::builder()
        .schema(FIELDS.schema.clone())
        .settings(settings())
        .tokenizers(tokenizers())
        .single_segment_index_writer(directory.clone(), TERM_TABLE_BYTES)
        .map_err(broken)?;
    for (n, document) in documents.iter().enumerate() {
        if n % DOCUMENTS_PER_CHECK == 0 {
            stop(interrupt)?;
        }
        writer.add_document(to_tantivy(document)).map_err(broken)?;
    }
    writer.finalize().map_err(broken)
}

/// A failure while writing memory is not the data's fault.
fn broken(error: impl std::fmt::Display) -> Error {
    Error::internal("a search segment could not be built").detail(error.to_string())
}

fn pack(index: &Index, directory: &Memory) -> Result<Packed> {
    let metas = index.searchable_segment_metas().map_err(broken)?;
    let [meta] = &metas[..] else {
        return Err(Error::internal("a build gave other than one search segment"));
    };
    let mut written = Vec::with_capacity(FILES.len());
    for name in FILES {
        let path = format!("{}.{name}", meta.id().uuid_string());
        let file = directory
            .get(path.as_ref())
            .ok_or_else(|| broken(format!("The file \"{name}\" was not written.")))?;
        written.push((name, file));
    }
    // Exactly as many bytes as needed: whoever keeps them counts no spare room.
    let mut bytes = Vec::with_capacity(written.iter().map(|(_, file)| file.len()).sum());
    let mut files = Vec::with_capacity(FILES.len());
    for (name, file) in written {
        let (offset, length) = (bytes.len() as u64, file.len() as u64);
        bytes.extend_from_slice(file.as_slice());
        files.push(FileRange { name: name.to_owned(), offset, length });
    }
    let layout = Layout { format: FORMAT, doc_count: meta.max_doc(), files };
    Ok(Packed {
        digest: layout.digest(&bytes),
        doc_count: layout.doc_count,
        layout: serde_json::to_string(&layout).map_err(broken)?,
        bytes,
    })
}

/// An owner of bytes that stay where they are for as long as it lives, even while it is moved: a
/// vector, or a memory map that somebody else made.
pub trait Bytes: StableDeref<Target = [u8]> + Send + Sync + 'static {}

impl<T: StableDeref<Target = [u8]> + Send + Sync + 'static> Bytes for T {}

/// A text field of an opened segment.
pub(super) struct TextReader {
    pub(super) terms: Terms,
    pub(super) lengths: FieldNormReader,
    /// Sum of the lengths as they are stored, rounded. Tantivy's own sum becomes an estimate when it
    /// merges; this one stays the same however documents are split, and scores with it.
    pub(super) tokens: u64,
    /// Documents that have the field.
    pub(super) filled: u64,
}

impl TextReader {
    fn new(terms: Terms, lengths: FieldNormReader, doc_count: u32) -> Self {
        let (mut tokens, mut filled) = (0, 0);
        for length in (0..doc_count).map(|doc| u64::from(lengths.fieldnorm(doc))) {
            tokens += length;
            filled += u64::from(length > 0);
        }
        Self { terms, lengths, tokens, filled }
    }
}

/// An opened segment: its bytes and readers over them, without a thread, a lock or a file. Or an index
/// of a few documents that was never bytes.
pub struct Segment {
    pub(super) doc_count: u32,
    pub(super) keyword: Terms,
    pub(super) text: [TextReader; 4],
    pub(super) row_versions: Column<u64>,
    /// Absent in a segment without documents.
    pub(super) ids: Option<Values>,
    pub(super) facets: Option<Values>,
    byte_size: usize,
    /// Absent if it was never bytes.
    source: Option<tantivy::Segment>,
}

impl std::fmt::Debug for Segment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Segment")
            .field("doc_count", &self.doc_count)
            .field("byte_size", &self.byte_size)
            .finish_non_exhaustive()
    }
}

impl Segment {
    /// Opens the bytes of a segment without copying them. Its cost does not depend on their number
    /// but for one pass over the lengths; it does not check the digest, see [`Segment::verify`].
    ///
    /// # Errors
    /// `search_segment_unreadable` for another format, or bytes that are no segment.
    pub fn open(bytes: impl Bytes, layout: &str) -> Result<Self> {
        guarded(|| Self::open_files(&Layout::read(layout)?, OwnedBytes::new(bytes)))
    }

    fn open_files(layout: &Layout, bytes: OwnedBytes) -> Result<Self> {
        let directory = Memory::new(|| false);
        for (name, file) in layout.files(&bytes)? {
            directory.insert(format!("{SEGMENT_ID}.{name}"), file);
        }
        let index =
            Index::create(directory, FIELDS.schema.clone(), settings()).map_err(unreadable)?;
        let id = SegmentId::from_uuid_string(SEGMENT_ID).map_err(unreadable)?;
        let source = index.segment(index.new_segment_meta(id, layout.doc_count));
        let reader = tantivy::SegmentReader::open(&source).map_err(unreadable)?;

        let open_text = |n: usize| -> Result<TextReader> {
            let field = FIELDS.text[n].field;
            let lengths = match reader.fieldnorms_readers().get_field(field).map_err(unreadable)? {
                Some(lengths) => lengths,
                None => FieldNormReader::constant(layout.doc_count, 0),
            };
            let terms = Terms::Packed(reader.inverted_index(field).map_err(unreadable)?);
            Ok(TextReader::new(terms, lengths, layout.doc_count))
        };
        let columns = reader.fast_fields();
        let row_versions = match layout.doc_count {
            0 => Column::build_empty_column(0),
            _ => columns.u64(ROW_VERSION).map_err(unreadable)?,
        };
        Ok(Self {
            doc_count: layout.doc_count,
            keyword: Terms::Packed(reader.inverted_index(FIELDS.keyword).map_err(unreadable)?),
            text: [open_text(0)?, open_text(1)?, open_text(2)?, open_text(3)?],
            row_versions,
            ids: columns.str(ID).map_err(unreadable)?.map(Values::Packed),
            facets: columns.str(FACETS).map_err(unreadable)?.map(Values::Packed),
            byte_size: bytes.len(),
            source: Some(source),
        })
    }

    /// Indexes a few documents in memory: for those that a search must find before they are worth a
    /// segment that is kept. Answers like one to the last bit, but cannot be merged.
    ///
    /// # Errors
    /// `internal` if two documents have the same row version, `interrupted` once `interrupt` says so.
    pub fn of_few(documents: &[Document], interrupt: Interrupt) -> Result<Self> {
        guarded(|| {
            let sorted = by_row_version(documents)?;
            let mut keyword = FreshField::default();
            let mut text: [FreshField; 4] = Default::default();
            let mut analyzers = FIELDS.text.each_ref().map(|field| Analyzer::new(field.mode));
            for (doc, document) in (0..).zip(&sorted) {
                stop(interrupt)?;
                keyword.add_terms(doc, document.keys());
                for (n, field) in FIELDS.text.iter().enumerate() {
                    text[n].add_texts(doc, document.texts(field), &mut analyzers[n]);
                }
            }
            let doc_count = sorted.len() as u32;
            let keyword = keyword.finish().0;
            let mut byte_size = keyword.byte_size();
            let text = text.map(|field| -> Result<TextReader> {
                let (terms, lengths) = field.finish();
                byte_size += terms.byte_size() + lengths.len();
                let lengths = FieldNormReader::open(FileSlice::from(lengths)).map_err(broken)?;
                Ok(TextReader::new(Terms::Fresh(terms), lengths, doc_count))
            });
            let [name, qualified_name, tags, content] = text;
            let ids: Vec<Vec<String>> = sorted.iter().map(|d| vec![d.id.clone()]).collect();
            let facets: Vec<Vec<String>> = sorted.iter().map(|d| d.facets()).collect();
            let (ids, facets) = (Values::fresh(&ids), Values::fresh(&facets));
            byte_size += ids.byte_size() + facets.byte_size();
            let row_versions: Vec<u64> = sorted.iter().map(|d| ordered(d.row_version)).collect();
            byte_size += size_of_val(&row_versions[..]);
            Ok(Self {
                doc_count,
                keyword: Terms::Fresh(keyword),
                text: [name?, qualified_name?, tags?, content?],
                row_versions: match doc_count {
                    0 => Column::build_empty_column(0),
                    _ => Column {
                        index: ColumnIndex::Full,
                        values: Arc::new(VecColumn::from(row_versions)),
                    },
                },
                ids: Some(ids),
                facets: Some(facets),
                byte_size,
                source: None,
            })
        })
    }

    /// Checks stored bytes against their digest. Opening trusts the bytes, so whoever reads them from
    /// where others may write calls this first.
    ///
    /// # Errors
    /// `search_segment_unreadable` if they are not what was built.
    pub fn verify(bytes: &[u8], layout: &str, digest: &[u8]) -> Result<()> {
        if Layout::read(layout)?.digest(bytes) == digest {
            Ok(())
        } else {
            Err(unreadable("The bytes do not match their digest."))
        }
    }

    /// Documents in it, the dead ones as well.
    pub fn doc_count(&self) -> u32 {
        self.doc_count
    }

    /// Memory that it holds: its bytes, and about what the readers over them need. Spare capacity of
    /// the owner of the bytes is not known here.
    pub fn byte_size(&self) -> usize {
        self.byte_size + (16 << 10)
    }

    /// The row versions in it, ascending.
    pub fn row_versions(&self) -> Vec<i64> {
        (0..self.doc_count).filter_map(|doc| self.row_version(doc)).collect()
    }

    pub(super) fn row_version(&self, doc: u32) -> Option<i64> {
        self.row_versions.first(doc).map(unordered)
    }

    /// The document of a row version.
    pub(super) fn doc_of(&self, row_version: i64) -> Option<u32> {
        let wanted = ordered(row_version);
        let (mut low, mut high) = (0, self.doc_count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.row_versions.first(middle)? < wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low < self.doc_count && self.row_versions.first(low)? == wanted).then_some(low)
    }
}

/// A segment, and what of it is dead in the snapshot that asks.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// The segment.
    pub segment: &'a Segment,
    /// Its documents that are known to be dead.
    pub buried: &'a Buried,
    /// Row versions that must not be found either; those that are not in the segment do not matter, so
    /// one set can serve all pieces of a scope.
    pub dead: &'a BTreeSet<i64>,
}

impl Piece<'_> {
    /// The documents that are not dead.
    pub(super) fn living(&self) -> Docs {
        let segment = self.segment;
        let mut living = Docs::all(segment.doc_count);
        self.buried.docs().iter().for_each(|&doc| living.remove(doc));
        let last = segment.doc_count.checked_sub(1).and_then(|last| segment.row_version(last));
        let (Some(first), Some(last)) = (segment.row_version(0), last) else { return living };
        for &version in self.dead.range(first..=last) {
            segment.doc_of(version).into_iter().for_each(|doc| living.remove(doc));
        }
        living
    }

    /// The living documents as Tantivy writes them, or nothing where none is dead.
    fn alive_docs(&self) -> Option<AliveBitSet> {
        let living = self.living();
        if living.count() == self.segment.doc_count {
            return None;
        }
        let mut alive = BitSet::with_max_value(self.segment.doc_count);
        for doc in living.iter() {
            alive.insert(doc);
        }
        let mut bytes = Vec::new();
        write_alive_bitset(&alive, &mut bytes).ok()?;
        Some(AliveBitSet::open(OwnedBytes::new(bytes)))
    }
}

/// Merges pieces into one segment of what lives, in order of row version. Starts no thread, and is
/// about twice as fast as building from the rows, which it does not need.
///
/// # Errors
/// `interrupted` once `interrupt` says so, `internal` for a segment that was never bytes.
pub fn merge(pieces: &[Piece<'_>], interrupt: Interrupt) -> Result<Packed> {
    let alive: Vec<(&Segment, Option<AliveBitSet>)> = pieces
        .iter()
        .map(|piece| (piece.segment, piece.alive_docs()))
        .filter(|(segment, alive)| match alive {
            Some(alive) => alive.num_alive_docs() > 0,
            None => segment.doc_count > 0,
        })
        .collect();
    if alive.is_empty() {
        return build(&[], interrupt);
    }
    guarded(|| {
        stop(interrupt)?;
        let (mut segments, mut filters) = (Vec::new(), Vec::new());
        for (segment, alive) in alive {
            let source = segment.source.clone();
            segments.push(source.ok_or_else(|| Error::internal("a segment has no bytes"))?);
            filters.push(alive);
        }
        let sorted = IndexSettings {
            sort_by_field: Some(IndexSortByField { field: ROW_VERSION.into(), order: Order::Asc }),
            ..settings()
        };
        let directory = Memory::new(interrupt);
        let index = merge_filtered_segments(&segments, sorted, filters, directory.clone())
            .map_err(|e| if interrupt() { interrupted() } else { unreadable(e) })?;
        pack(&index, &directory)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Interrupt = || false;

    fn packed(versions: &[i64]) -> Packed {
        let documents: Vec<Document> = versions
            .iter()
            .map(|&row_version| Document {
                row_version,
                id: format!("id{row_version}"),
                name: "orders".to_owned(),
                ..Document::default()
            })
            .collect();
        build(&documents, NEVER).unwrap()
    }

    #[test]
    fn row_versions_are_sorted_and_found() {
        let packed = packed(&[5, i64::MIN, -3, i64::MAX, 0]);
        let segment = Segment::open(packed.bytes, &packed.layout).unwrap();
        assert_eq!(segment.row_versions(), [i64::MIN, -3, 0, 5, i64::MAX]);
        assert_eq!(segment.doc_of(5), Some(3));
        assert_eq!(segment.doc_of(4), None);
    }

    #[test]
    fn bytes_may_have_any_owner() {
        let Packed { bytes, layout, .. } = packed(&[1, 2]);
        let shared: Arc<[u8]> = bytes.clone().into();
        let leaked: &'static [u8] = bytes.clone().leak();
        let sizes = [
            Segment::open(shared.clone(), &layout).unwrap().byte_size(),
            Segment::open(leaked, &layout).unwrap().byte_size(),
            Segment::open(bytes, &layout).unwrap().byte_size(),
        ];
        assert_eq!(sizes, [sizes[0]; 3]);
        let segment = Segment::open(shared.clone(), &layout).unwrap();
        assert!(Arc::strong_count(&shared) > 1);
        drop(segment);
        assert_eq!(Arc::strong_count(&shared), 1);
    }

    #[test]
    fn nothing_is_a_segment_too() {
        let packed = packed(&[]);
        let segment = Segment::open(packed.bytes, &packed.layout).unwrap();
        assert_eq!((segment.doc_count(), segment.row_versions()), (0, vec![]));
        let dead = BTreeSet::new();
        let merged =
            merge(&[Piece { segment: &segment, buried: &Buried::default(), dead: &dead }], NEVER)
                .unwrap();
        assert_eq!(merged.doc_count, 0);
    }

    #[test]
    fn the_layout_may_be_written_another_way() {
        let packed = packed(&[1, 2]);
        let mut layout: serde_json::Value = serde_json::from_str(&packed.layout).unwrap();
        let pretty = serde_json::to_string_pretty(&layout).unwrap();
        Segment::verify(&packed.bytes, &pretty, &packed.digest).unwrap();
        layout["doc_count"] = 3.into();
        let error =
            Segment::verify(&packed.bytes, &layout.to_string(), &packed.digest).unwrap_err();
        assert_eq!(error.rule, "search_segment_unreadable");
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        let packed = packed(&[1, 2, 3]);
        let open = |bytes: &[u8], layout: &str| Segment::open(bytes.to_vec(), layout).map(drop);
        let other_format = packed.layout.replace(&format!("\"format\":{FORMAT}"), "\"format\":0");
        for (bytes, layout) in [
            (&packed.bytes[..packed.bytes.len() / 2], &packed.layout[..]),
            (&packed.bytes[1..], &packed.layout),
            (&vec![0; packed.bytes.len()], &packed.layout),
            (&packed.bytes, &other_format),
            (&packed.bytes, "{}"),
        ] {
            assert_eq!(open(bytes, layout).unwrap_err().rule, "search_segment_unreadable");
        }
        assert!(Segment::verify(&packed.bytes[1..], &packed.layout, &packed.digest).is_err());
    }

    #[test]
    fn a_row_version_is_indexed_once() {
        let twin = Document { row_version: 1, ..Document::default() };
        assert_eq!(build(&[twin.clone(), twin], NEVER).unwrap_err().rule, "internal");
    }
}
