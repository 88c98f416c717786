//! Cursors: where a page of hits ended, as text that only fits the search it came from.
//!
//! A cursor is the place of a hit in the order, with a hash over it and over everything that the order
//! depends on. The hash has no secret key: whoever forges a cursor chooses where a page of their own
//! search begins, and could have had that by paging. It catches mistakes: a cursor of another query, of
//! another filter or workspace, or one that lost a character on its way.

use super::top::{Filter, SortKey};
use crate::error::{Error, Result};

/// Hexadecimal digits of the hash: no two cursors share 128 bits by chance.
const SEAL_DIGITS: usize = 32;

/// The cursors of one search.
#[derive(Debug)]
pub struct Cursors {
    /// Everything that the order depends on, hashed once for all rows of a page.
    search: blake3::Hasher,
}

impl Cursors {
    /// The cursors of a query with a filter in a scope: the names that tell the searched index from others.
    pub fn new(scope: &[&str], query: &str, filter: &Filter) -> Self {
        let mut search = blake3::Hasher::new();
        // Each list with its length and each text with its own, so that no two searches hash the same bytes.
        let mut list = |texts: &mut dyn ExactSizeIterator<Item = &str>| {
            search.update(&(texts.len() as u64).to_le_bytes());
            for text in texts {
                search.update(&(text.len() as u64).to_le_bytes());
                search.update(text.as_bytes());
            }
        };
        list(&mut scope.iter().copied());
        list(&mut [query].into_iter());
        for values in [&filter.item_types, &filter.tags] {
            let mut values: Vec<&str> = values.iter().map(String::as_str).collect();
            values.sort_unstable();
            list(&mut values.into_iter());
        }
        for value in [&filter.database_id, &filter.schema_name] {
            let values: Vec<&str> = value.iter().map(String::as_str).collect();
            list(&mut values.into_iter());
        }
        Self { search }
    }

    /// The cursor of a hit: the next page begins behind it.
    pub fn write(&self, key: &SortKey) -> String {
        let place = format!("{}:{}:{}", key.score, u8::from(key.preferred), key.id);
        format!("{}:{place}", self.seal(&place))
    }

    /// The place that a cursor stands for.
    ///
    /// # Errors
    /// `search_cursor` if it was not written by this search, or was altered since.
    pub fn read(&self, cursor: &str) -> Result<SortKey> {
        let place = cursor
            .split_once(':')
            .filter(|(seal, place)| *seal == self.seal(place))
            .and_then(|(_, place)| read_place(place));
        place.ok_or_else(|| {
            Error::invalid("search_cursor", "argument \"cursor\" does not belong to this search")
                .detail("It comes from another query, filter, workspace or tenant, or was altered.")
                .hint("Pass the cursor of a row that the same search returned, or none for the first page.")
        })
    }

    fn seal(&self, place: &str) -> String {
        let mut seal = self.search.clone().update(place.as_bytes()).finalize().to_hex().to_string();
        seal.truncate(SEAL_DIGITS);
        seal
    }
}

fn read_place(place: &str) -> Option<SortKey> {
    let (score, rest) = place.split_once(':')?;
    let (preferred, id) = rest.split_once(':')?;
    let preferred = match preferred {
        "0" => false,
        "1" => true,
        _ => return None,
    };
    Some(SortKey { score: score.parse().ok()?, preferred, id: id.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> SortKey {
        SortKey { score: 2048, preferred: true, id: "table:a:b".to_owned() }
    }

    #[test]
    fn a_cursor_fits_its_own_search_alone() {
        let filter = |tags: &[&str], schema: Option<&str>| Filter {
            tags: tags.iter().map(|t| (*t).to_owned()).collect(),
            schema_name: schema.map(str::to_owned),
            ..Filter::default()
        };
        let searches = [
            Cursors::new(&["acme", "default"], "orders", &filter(&[], None)),
            Cursors::new(&["acme", "drafts"], "orders", &filter(&[], None)),
            Cursors::new(&["globex", "default"], "orders", &filter(&[], None)),
            Cursors::new(&["acmedefault", ""], "orders", &filter(&[], None)),
            Cursors::new(&["acme", "default"], "order", &filter(&[], None)),
            Cursors::new(&["acme", "default"], "orders", &filter(&["s"], None)),
            Cursors::new(&["acme", "default"], "orders", &filter(&[], Some("s"))),
        ];
        for (n, writer) in searches.iter().enumerate() {
            let cursor = writer.write(&key());
            for (m, reader) in searches.iter().enumerate() {
                assert_eq!(reader.read(&cursor).is_ok(), n == m, "{n} {m}");
            }
        }
    }

    #[test]
    fn the_order_of_a_filter_does_not_matter() {
        let tags = |tags: [&str; 2]| Filter {
            tags: tags.map(str::to_owned).to_vec(),
            ..Filter::default()
        };
        let cursor = Cursors::new(&[], "q", &tags(["a", "b"])).write(&key());
        assert_eq!(Cursors::new(&[], "q", &tags(["b", "a"])).read(&cursor), Ok(key()));
    }

    proptest! {
        #[test]
        fn an_altered_cursor_is_refused(at in 0_usize..64, with in any::<char>()) {
            let cursors = Cursors::new(&["t", "w"], "orders", &Filter::default());
            let cursor = cursors.write(&key());
            let mut altered: Vec<char> = cursor.chars().collect();
            let at = at % altered.len();
            prop_assume!(altered[at] != with);
            altered[at] = with;
            prop_assert!(cursors.read(&altered.into_iter().collect::<String>()).is_err());
            prop_assert!(cursors.read(&cursor[..cursor.len() - 1]).is_err());
            prop_assert_eq!(cursors.read(&cursor), Ok(key()));
        }
    }
}
