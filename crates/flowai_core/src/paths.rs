//! Shortest paths through a graph of which only the neighbours of some entries can be asked for.
//!
//! The graph is learnt from both ends, one hop at a time and from the end that has less to ask for. After
//! hops from either end that are `n` together, every path of `n` hops is in what was learnt: its first
//! hops leave entries that are near one end, and its last hops enter entries that are near the other.
//! So a hub in between is met from its quiet side, and an end that leads nowhere is seen at once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

/// Most hops of a path.
pub const MAX_HOPS: i32 = 6;
/// Most paths of an answer.
pub const MAX_PATHS: i32 = 100;
/// So many relations are read for one search: a dense graph must not eat the server.
pub const MAX_RELATIONS: usize = 20_000;
/// So many steps are tried in what was read.
const MAX_STEPS: usize = 100_000;

/// A hop of a path: in order of where it leads, along arrows first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Hop {
    to: String,
    kind: String,
    against: bool,
}

/// A path: `ids` has one element more than `kinds` and `forward`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path {
    /// The entries, from the first to the last.
    pub ids: Vec<String>,
    /// The kind of the relation that each hop takes.
    pub kinds: Vec<String>,
    /// Whether each hop goes along the arrow.
    pub forward: Vec<bool>,
}

/// A relation as it was read at one of its ends.
#[derive(Debug, Clone)]
pub struct Relation {
    /// The entry that was asked about.
    pub at: String,
    /// Its kind.
    pub kind: String,
    /// The entry at the other end.
    pub neighbour: String,
    /// Whether the arrow leads from `at` to `neighbour`.
    pub outward: bool,
}

/// Which end of the paths is learnt from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// From the first entry on.
    First,
    /// From the last entry back.
    Last,
}

/// What was reached from one end.
#[derive(Debug, Default)]
struct Reach {
    seen: HashSet<String>,
    /// What was reached last, ascending.
    edge: BTreeSet<String>,
}

impl Reach {
    fn from(id: &str) -> Self {
        Self { seen: HashSet::from([id.to_owned()]), edge: BTreeSet::from([id.to_owned()]) }
    }
}

/// A search for paths between two entries.
#[derive(Debug)]
pub struct Search {
    from: String,
    to: String,
    max_hops: usize,
    most: usize,
    hops: BTreeMap<String, BTreeSet<Hop>>,
    first: Reach,
    last: Reach,
    /// Paths of so many hops have been looked for.
    searched: usize,
    read: usize,
    steps: usize,
    found: Vec<Path>,
    /// Something was not looked at.
    cut: bool,
}

impl Search {
    /// A search for so many paths of so many hops at most.
    pub fn new(from: &str, to: &str, max_hops: usize, most: usize) -> Self {
        let mut found = Vec::new();
        if from == to {
            found.push(Path { ids: vec![from.to_owned()], ..Path::default() });
        }
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            max_hops,
            most,
            hops: BTreeMap::new(),
            first: Reach::from(from),
            last: Reach::from(to),
            searched: 0,
            read: 0,
            steps: 0,
            found,
            cut: false,
        }
    }

    /// The entries whose relations have to be read next, and from which end; nothing once the search is
    /// over. [`Search::learn`] takes the answer, of at most [`Search::may_read`] relations and one more.
    pub fn asks(&self) -> Option<(End, Vec<String>)> {
        let over = self.cut
            || self.from == self.to
            || self.found.len() > self.most
            || self.searched >= self.max_hops
            || self.first.edge.is_empty()
            || self.last.edge.is_empty();
        if over {
            return None;
        }
        let (end, reach) = if self.first.edge.len() <= self.last.edge.len() {
            (End::First, &self.first)
        } else {
            (End::Last, &self.last)
        };
        Some((end, reach.edge.iter().cloned().collect()))
    }

    /// How many relations may still be read.
    pub fn may_read(&self) -> usize {
        MAX_RELATIONS - self.read
    }

    /// Takes the relations that were asked for, and looks for paths that are a hop longer.
    pub fn learn(&mut self, end: End, relations: Vec<Relation>) {
        self.read += relations.len();
        self.cut = self.read > MAX_RELATIONS;
        self.read = self.read.min(MAX_RELATIONS);
        let (reach, other) = match end {
            End::First => (&mut self.first, &self.to),
            End::Last => (&mut self.last, &self.from),
        };
        reach.edge.clear();
        for Relation { at, kind, neighbour, outward } in relations {
            // No path goes on from where it ends.
            if neighbour != *other && reach.seen.insert(neighbour.clone()) {
                reach.edge.insert(neighbour.clone());
            }
            let (from, hop) = match end {
                End::First => (at, Hop { to: neighbour, kind, against: !outward }),
                End::Last => (neighbour, Hop { to: at, kind, against: outward }),
            };
            self.hops.entry(from).or_default().insert(hop);
        }
        self.searched += 1;
        self.look_for_paths();
        // Who has learnt all that an end leads to has learnt all paths.
        if self.first.edge.is_empty() || self.last.edge.is_empty() {
            while self.searched < self.max_hops && self.found.len() <= self.most && !self.cut {
                self.searched += 1;
                self.look_for_paths();
            }
        }
    }

    /// Adds all paths of as many hops as were searched, in order.
    fn look_for_paths(&mut self) {
        let distances = distances(&self.hops, &self.to);
        let mut path = Trail { ids: vec![&self.from], hops: Vec::new() };
        let mut walk = Walk {
            hops: &self.hops,
            distances: &distances,
            to: &self.to,
            most: self.most,
            found: &mut self.found,
            steps: &mut self.steps,
        };
        self.cut |= !walk.on(&mut path, self.searched);
    }

    /// The paths found, shortest first, ties by ids and then by kinds; and whether there is no other. Nothing
    /// if the search was cut short before it found one, so that nobody can tell.
    pub fn finish(mut self) -> Option<(Vec<Path>, bool)> {
        if self.found.is_empty() && self.cut {
            return None;
        }
        let complete = !self.cut && self.found.len() <= self.most;
        self.found.truncate(self.most);
        Some((self.found, complete))
    }
}

/// How many hops an entry is away from others, in what was learnt.
fn distances<'a>(
    hops: &'a BTreeMap<String, BTreeSet<Hop>>,
    to: &'a str,
) -> HashMap<&'a str, usize> {
    let mut backwards: HashMap<&str, Vec<&str>> = HashMap::new();
    for (from, hops) in hops {
        for hop in hops {
            backwards.entry(&hop.to).or_default().push(from);
        }
    }
    let mut distances = HashMap::from([(to, 0)]);
    let mut open = VecDeque::from([(to, 0)]);
    while let Some((id, distance)) = open.pop_front() {
        for &from in backwards.get(id).into_iter().flatten() {
            if !distances.contains_key(from) {
                distances.insert(from, distance + 1);
                open.push_back((from, distance + 1));
            }
        }
    }
    distances
}

/// The beginning of a path.
struct Trail<'a> {
    ids: Vec<&'a str>,
    hops: Vec<&'a Hop>,
}

/// A walk over all paths of some length.
struct Walk<'a, 's> {
    hops: &'a BTreeMap<String, BTreeSet<Hop>>,
    distances: &'a HashMap<&'a str, usize>,
    to: &'a str,
    most: usize,
    found: &'s mut Vec<Path>,
    steps: &'s mut usize,
}

impl<'a> Walk<'a, '_> {
    /// Goes on from the end of a trail, where so many hops are left; false if it took too many steps.
    fn on(&mut self, trail: &mut Trail<'a>, left: usize) -> bool {
        let Some(&end) = trail.ids.last() else { return true };
        if left == 0 {
            if end == self.to {
                self.found.push(Path {
                    ids: trail.ids.iter().map(|&id| id.to_owned()).collect(),
                    kinds: trail.hops.iter().map(|hop| hop.kind.clone()).collect(),
                    forward: trail.hops.iter().map(|hop| !hop.against).collect(),
                });
            }
            return true;
        }
        for hop in self.hops.get(end).into_iter().flatten() {
            if self.found.len() > self.most {
                return true;
            }
            let near = self.distances.get(&*hop.to).is_some_and(|&distance| distance < left);
            // What arrives early would have to leave the last entry again.
            let early = hop.to == self.to && left > 1;
            if !near || early || trail.ids.contains(&&*hop.to) {
                continue;
            }
            *self.steps += 1;
            if *self.steps > MAX_STEPS {
                return false;
            }
            trail.ids.push(&hop.to);
            trail.hops.push(hop);
            let went_on = self.on(trail, left - 1);
            trail.ids.pop();
            trail.hops.pop();
            if !went_on {
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Edges = Vec<(u8, u8, bool)>;

    fn name(n: u8) -> String {
        format!("n{n}")
    }

    /// Runs a search over edges, and counts what it read.
    fn search(edges: &Edges, from: u8, to: u8, max_hops: usize, most: usize) -> Search {
        let mut search = Search::new(&name(from), &name(to), max_hops, most);
        while let Some((end, ids)) = search.asks() {
            let mut relations = Vec::new();
            for &(a, b, joins) in edges {
                let kind = if joins { "joins" } else { "owns" };
                for (at, neighbour, outward) in [(a, b, true), (b, a, false)] {
                    if ids.contains(&name(at)) {
                        let (at, neighbour) = (name(at), name(neighbour));
                        relations.push(Relation { at, kind: kind.to_owned(), neighbour, outward });
                    }
                }
            }
            relations.truncate(search.may_read() + 1);
            search.learn(end, relations);
        }
        search
    }

    /// All paths, by trying everything.
    fn all(edges: &Edges, from: u8, to: u8, max_hops: usize) -> Vec<Path> {
        let mut all = Vec::new();
        let mut open = vec![Path { ids: vec![name(from)], ..Path::default() }];
        while let Some(path) = open.pop() {
            let end = path.ids.last().unwrap();
            if *end == name(to) {
                all.push(path);
                continue;
            }
            if path.kinds.len() == max_hops {
                continue;
            }
            for &(a, b, joins) in edges {
                for (at, next, forward) in [(a, b, true), (b, a, false)] {
                    if name(at) == *end && !path.ids.contains(&name(next)) {
                        let mut longer = path.clone();
                        longer.ids.push(name(next));
                        longer.kinds.push(if joins { "joins" } else { "owns" }.to_owned());
                        longer.forward.push(forward);
                        open.push(longer);
                    }
                }
            }
        }
        let key = |path: &Path| {
            let hops = path.ids[1..].iter().zip(&path.kinds).zip(&path.forward);
            let hops: Vec<_> = hops.map(|((id, kind), f)| (id.clone(), kind.clone(), !f)).collect();
            (path.ids.len(), hops)
        };
        all.sort_by_key(key);
        all.dedup();
        all
    }

    proptest! {
        #[test]
        fn finds_what_trying_everything_finds(
            edges in prop::collection::vec((0_u8..9, 0_u8..9, any::<bool>()), 0..20),
            to in 0_u8..9, max_hops in 1_usize..=6, most in 1_usize..20,
        ) {
            let mut expected = all(&edges, 0, to, max_hops);
            let complete = expected.len() <= most;
            expected.truncate(most);
            prop_assert_eq!(search(&edges, 0, to, max_hops, most).finish(), Some((expected, complete)));
        }
    }

    /// Sixty entries that all know each other, and one of them a way out.
    #[test]
    fn a_crowd_is_met_from_its_quiet_side() {
        let mut edges: Edges = (0..60)
            .flat_map(|a| (0..60).map(move |b| (a, b, true)))
            .filter(|e| e.0 != e.1)
            .collect();
        edges.extend([(59, 100, false), (100, 101, false)]);
        let found = search(&edges, 0, 101, 6, 1);
        let (paths, complete) = found.finish().unwrap();
        assert_eq!(
            (paths[0].ids.clone(), complete),
            (["n0", "n59", "n100", "n101"].map(str::to_owned).to_vec(), false)
        );
        assert_eq!(search(&edges, 0, 200, 6, 5).finish(), Some((Vec::new(), true)));
    }

    #[test]
    fn who_was_stopped_before_it_found_anything_claims_nothing() {
        let edges: Edges = (0..=255).flat_map(|a| (0..=255).map(move |b| (a, b, true))).collect();
        let mut far = edges.clone();
        far.retain(|&(a, b, _)| a < 250 && b < 250 && a != b);
        far.extend((250..=255).zip(251..=255).map(|(a, b)| (a, b, true)));
        assert_eq!(search(&far, 0, 255, 6, 5).finish(), Some((Vec::new(), true)));
        let mut two_crowds = far.clone();
        two_crowds.retain(|&(a, b, _)| (a < 125) == (b < 125));
        assert_eq!(search(&two_crowds, 0, 200, 6, 5).finish(), None);
    }
}
