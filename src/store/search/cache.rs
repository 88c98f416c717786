//! Opened segments that this backend keeps, the least recently used ones dropped first.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use flowai_core::search::Segment;

use crate::pg::guc;
use crate::store::catalog::Scope;

/// The identity of something that never changes.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    /// A stored segment, by digest.
    Segment(Vec<u8>),
    /// The micro-segments of a scope; each knows its own row versions.
    Micro(String, String),
}

#[derive(Default)]
struct Cache {
    slots: HashMap<Key, Slot>,
    bytes: usize,
    clock: u64,
}

struct Slot {
    segments: Vec<Rc<Segment>>,
    bytes: usize,
    used: u64,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

/// A stored segment, if it is kept.
pub(super) fn segment(digest: &[u8]) -> Option<Rc<Segment>> {
    CACHE.with_borrow_mut(|cache| cache.get(&Key::Segment(digest.to_vec())))?.first().cloned()
}

/// Keeps a stored segment, if there is room for it.
pub(super) fn keep_segment(digest: &[u8], segment: &Rc<Segment>) {
    CACHE.with_borrow_mut(|cache| cache.put(Key::Segment(digest.to_vec()), vec![segment.clone()]));
}

/// The micro-segments of a scope that are kept.
pub(super) fn micro_segments(scope: &Scope) -> Vec<Rc<Segment>> {
    CACHE.with_borrow_mut(|cache| cache.get(&micro(scope))).unwrap_or_default()
}

/// Keeps these as the micro-segments of a scope.
pub(super) fn keep_micro_segments(scope: &Scope, segments: &[Rc<Segment>]) {
    CACHE.with_borrow_mut(|cache| cache.put(micro(scope), segments.to_vec()));
}

/// Drops everything.
pub(super) fn forget_all() {
    CACHE.take();
}

fn micro(scope: &Scope) -> Key {
    Key::Micro(scope.tenant.to_string(), scope.workspace.clone())
}

impl Cache {
    fn get(&mut self, key: &Key) -> Option<Vec<Rc<Segment>>> {
        self.clock += 1;
        let slot = self.slots.get_mut(key)?;
        slot.used = self.clock;
        Some(slot.segments.clone())
    }

    /// What is too large for the cache is used once and dropped. Mapped bytes count like others: they are
    /// resident while they are searched, and shared with other backends only if those search them too.
    fn put(&mut self, key: Key, segments: Vec<Rc<Segment>>) {
        let bytes = segments.iter().map(|s| s.byte_size()).sum();
        self.remove(&key);
        let most = guc::search_cache_bytes();
        if bytes > most {
            return;
        }
        while self.bytes + bytes > most {
            let Some(oldest) =
                self.slots.iter().min_by_key(|(_, s)| s.used).map(|(k, _)| k.clone())
            else {
                break;
            };
            self.remove(&oldest);
        }
        self.clock += 1;
        self.bytes += bytes;
        self.slots.insert(key, Slot { segments, bytes, used: self.clock });
    }

    fn remove(&mut self, key: &Key) {
        if let Some(slot) = self.slots.remove(key) {
            self.bytes -= slot.bytes;
        }
    }
}
