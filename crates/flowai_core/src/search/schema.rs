//! What is indexed of a catalog entry, and in which field.
//!
//! Few fields, because each one costs a dictionary in every segment, however small:
//!
//! - `keyword`: the folded id, name and qualified name as whole terms, for exact hits
//! - `name`, `qualified_name`, `tags`, `content`: text, with frequencies, lengths and positions
//! - `row_version`: identity of the row version, ascending in a segment
//! - `id`: ends every tie
//! - `facets`: the values that are counted and filtered, with one letter for their kind
//!
//! Nothing is stored: text comes from the rows, under their policies.

use std::sync::LazyLock;

use tantivy::TantivyDocument;
use tantivy::schema::{
    Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager};

use super::query::MAX_QUERY_BYTES;
use super::tokenizer::{Analyzer, Mode, fold_key};

/// A catalog entry as it is indexed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Identity of this version of the row: never reused, never changed.
    pub row_version: i64,
    /// Identity of the entry in its scope; ends every tie.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Where it lives, such as `main.orders`.
    pub qualified_name: Option<String>,
    /// Kind of entry: facet and filter.
    pub item_type: String,
    /// Labels: searched, facet and filter.
    pub tags: Vec<String>,
    /// Database that it belongs to: facet and filter.
    pub database_id: Option<String>,
    /// Schema that it belongs to: facet and filter.
    pub schema_name: Option<String>,
    /// Everything else worth finding, in prose.
    pub content: String,
    /// Goes first among entries of the same score.
    pub preferred: bool,
}

/// A field in which a hit was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchedField {
    /// The id itself was typed.
    Id,
    /// The name, or words of it.
    Name,
    /// The qualified name, or words of it.
    QualifiedName,
    /// Words of a tag.
    Tags,
    /// Words of the content.
    Content,
}

impl MatchedField {
    /// All fields, in order of weight.
    pub const ALL: [Self; 5] =
        [Self::Id, Self::Name, Self::QualifiedName, Self::Tags, Self::Content];

    /// The name under which the field is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::QualifiedName => "qualified_name",
            Self::Tags => "tags",
            Self::Content => "content",
        }
    }

    pub(super) const fn flag(self) -> u32 {
        1 << self as u32
    }
}

/// A text field: how it is read, what a hit in it is worth.
pub(super) struct TextField {
    pub(super) field: Field,
    pub(super) matched: MatchedField,
    pub(super) mode: Mode,
    /// So far apart that a hit in a long name is worth more than one in a short qualified name, and so on.
    pub(super) boost: f32,
    /// BM25: how much the length of the field matters. A long name is no worse a name.
    pub(super) slope: f32,
}

/// What a whole id or name stands for in the `keyword` field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Id,
    QualifiedName,
    Name,
}

impl Key {
    pub(super) const ALL: [Self; 3] = [Self::Id, Self::QualifiedName, Self::Name];

    /// The term of a folded value.
    pub(super) fn term(self, folded: &str) -> String {
        let letter = match self {
            Self::Id => 'i',
            Self::QualifiedName => 'q',
            Self::Name => 'n',
        };
        format!("{letter}{folded}")
    }

    pub(super) const fn matched(self) -> MatchedField {
        match self {
            Self::Id => MatchedField::Id,
            Self::QualifiedName => MatchedField::QualifiedName,
            Self::Name => MatchedField::Name,
        }
    }
}

/// A kind of value in the `facets` field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    ItemType,
    Tag,
    DatabaseId,
    SchemaName,
    Preferred,
}

impl Value {
    const fn letter(self) -> char {
        match self {
            Self::ItemType => 'i',
            Self::Tag => 't',
            Self::DatabaseId => 'd',
            Self::SchemaName => 's',
            Self::Preferred => 'p',
        }
    }

    pub(super) fn term(self, value: &str) -> String {
        format!("{}{value}", self.letter())
    }

    /// Which kind a term is of, and the value in it.
    pub(super) fn read(term: &str) -> Option<(Self, &str)> {
        [Self::ItemType, Self::Tag, Self::DatabaseId, Self::SchemaName, Self::Preferred]
            .into_iter()
            .find_map(|kind| Some((kind, term.strip_prefix(kind.letter())?)))
    }
}

pub(super) const ROW_VERSION: &str = "row_version";
pub(super) const ID: &str = "id";
pub(super) const FACETS: &str = "facets";

/// The fields of every segment.
pub(super) struct Fields {
    pub(super) schema: Schema,
    pub(super) keyword: Field,
    pub(super) text: [TextField; 4],
    row_version: Field,
    id: Field,
    facets: Field,
}

pub(super) static FIELDS: LazyLock<Fields> = LazyLock::new(|| {
    let mut builder = Schema::builder();
    let indexed = |tokenizer: &str, option: IndexRecordOption, lengths: bool| {
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer(tokenizer)
                .set_index_option(option)
                .set_fieldnorms(lengths),
        )
    };
    let keyword =
        builder.add_text_field("keyword", indexed("raw", IndexRecordOption::Basic, false));
    let mut text = |matched: MatchedField, mode: Mode, boost: f32| {
        let tokenizer = match mode {
            Mode::Identifier => "identifier",
            Mode::Content => "content",
        };
        let options = indexed(tokenizer, IndexRecordOption::WithFreqsAndPositions, true);
        let slope = match mode {
            Mode::Identifier => 0.4,
            Mode::Content => 0.75,
        };
        let field = builder.add_text_field(matched.name(), options);
        TextField { field, matched, mode, boost, slope }
    };
    let text = [
        text(MatchedField::Name, Mode::Identifier, 6.0),
        text(MatchedField::QualifiedName, Mode::Identifier, 3.0),
        text(MatchedField::Tags, Mode::Identifier, 1.5),
        text(MatchedField::Content, Mode::Content, 0.5),
    ];
    let row_version = builder.add_u64_field(ROW_VERSION, NumericOptions::default().set_fast());
    let id = builder.add_text_field(ID, TextOptions::default().set_fast("raw"));
    let facets = builder.add_text_field(FACETS, TextOptions::default().set_fast("raw"));
    Fields { schema: builder.build(), keyword, text, row_version, id, facets }
});

/// The analysers under the names that the schema gives them.
pub(super) fn tokenizers() -> TokenizerManager {
    // The default set too: Tantivy looks up its default tokenizer even for fields without text.
    let manager = TokenizerManager::default();
    manager.register("identifier", TextAnalyzer::from(Analyzer::new(Mode::Identifier)));
    manager.register("content", TextAnalyzer::from(Analyzer::new(Mode::Content)));
    manager
}

/// Maps a row version to the unsigned number with the same order.
pub(super) const fn ordered(row_version: i64) -> u64 {
    row_version.cast_unsigned() ^ (1 << 63)
}

/// The row version that [`ordered`] mapped.
pub(super) const fn unordered(ordered: u64) -> i64 {
    (ordered ^ (1 << 63)).cast_signed()
}

/// What an entry has in each field.
impl Document {
    /// Terms of the `keyword` field.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> {
        [
            (Key::Id, Some(&self.id)),
            (Key::Name, Some(&self.name)),
            (Key::QualifiedName, self.qualified_name.as_ref()),
        ]
        .into_iter()
        .filter_map(|(key, value)| {
            let value = value?;
            let folded = fold_key(value);
            // A query cannot be longer, so a longer term would never be looked up.
            (!folded.is_empty() && value.len() <= MAX_QUERY_BYTES).then(|| key.term(&folded))
        })
    }

    /// Values of a text field.
    pub(super) fn texts(&self, field: &TextField) -> impl Iterator<Item = &str> {
        let (one, many) = match field.matched {
            MatchedField::Id => (None, &[][..]),
            MatchedField::Name => (Some(&self.name), &[][..]),
            MatchedField::QualifiedName => (self.qualified_name.as_ref(), &[][..]),
            MatchedField::Tags => (None, &self.tags[..]),
            MatchedField::Content => (Some(&self.content), &[][..]),
        };
        one.into_iter().chain(many).map(String::as_str)
    }

    /// Values of the `facets` field.
    pub(super) fn facets(&self) -> Vec<String> {
        let mut values = vec![Value::ItemType.term(&self.item_type)];
        values.extend(self.tags.iter().map(|tag| Value::Tag.term(tag)));
        values.extend(self.database_id.iter().map(|id| Value::DatabaseId.term(id)));
        values.extend(self.schema_name.iter().map(|name| Value::SchemaName.term(name)));
        if self.preferred {
            values.push(Value::Preferred.term(""));
        }
        // A tag given twice is one tag, in the counts as well.
        values.sort_unstable();
        values.dedup();
        values
    }
}

/// An entry as Tantivy takes it.
pub(super) fn to_tantivy(document: &Document) -> TantivyDocument {
    let fields = &*FIELDS;
    let mut out = TantivyDocument::default();
    document.keys().for_each(|term| out.add_text(fields.keyword, term));
    for text in &fields.text {
        document.texts(text).for_each(|value| out.add_text(text.field, value));
    }
    out.add_u64(fields.row_version, ordered(document.row_version));
    out.add_text(fields.id, &document.id);
    document.facets().into_iter().for_each(|value| out.add_text(fields.facets, value));
    out
}
