//! Which documents match: algebra of sets, before anything is scored.
//!
//! A slot is answered by the documents of all steps that have it. What has all required slots is found
//! by narrowing: the rarest slot first, and what comes after it is only looked for among what is left.
//! So the frequent words of a query cost little beside a rare one, and nothing is scored that is not
//! found.

use super::docs::Docs;
use super::plan::{Plan, Source, Step};
use super::postings::{Among, Reader};
use super::query::{Query, Slots, each_slot};
use super::top::{Filter, PieceFilter};
use super::{Interrupt, Piece};
use crate::error::Result;

/// What matches, in every piece.
pub(super) struct Matches {
    pub(super) pieces: Vec<Docs>,
    pub(super) total: u64,
    /// Nothing has all words; these have any.
    pub(super) relaxed: bool,
}

/// Finds what has all words, or else what has any. `living` are the documents to choose from.
pub(super) fn matches(
    query: &Query,
    pieces: &[Piece<'_>],
    living: &[Docs],
    plan: &Plan,
    filter: &Filter,
    interrupt: Interrupt,
) -> Result<Matches> {
    let mut matchers = Vec::with_capacity(pieces.len());
    for ((piece, living), steps) in pieces.iter().zip(living).zip(&plan.steps) {
        let filter = PieceFilter::new(filter, piece.segment)?;
        let reader = Reader { segment: piece.segment, interrupt };
        matchers.push(Matcher { query, steps, living, filter, reader });
    }
    let full = gather(&matchers, Matcher::full)?;
    if full.total > 0 {
        return Ok(full);
    }
    let partial = gather(&matchers, Matcher::partial)?;
    Ok(Matches { relaxed: partial.total > 0, ..partial })
}

fn gather<'a>(
    matchers: &[Matcher<'a>],
    find: impl Fn(&Matcher<'a>) -> Result<Docs>,
) -> Result<Matches> {
    let admissible = |matcher: &Matcher<'a>| match matcher.filter {
        Some(_) => find(matcher),
        None => Ok(matcher.none()),
    };
    let pieces = matchers.iter().map(admissible).collect::<Result<Vec<Docs>>>()?;
    let total = pieces.iter().map(|docs| u64::from(docs.count())).sum();
    Ok(Matches { pieces, total, relaxed: false })
}

/// Finds what matches in one piece.
struct Matcher<'a> {
    query: &'a Query,
    steps: &'a [Step],
    living: &'a Docs,
    /// Nothing, if no document of the piece can pass.
    filter: Option<PieceFilter<'a>>,
    reader: Reader<'a>,
}

impl Matcher<'_> {
    /// Documents with every required word, and those that are called like the whole query.
    fn full(&self) -> Result<Docs> {
        let mut found = self.having_all(self.query.required, self.living)?;
        let is_exact = |step: &Step| matches!(step.source, Source::Key { tier: 1.., .. });
        self.find(is_exact, self.living, &mut found)?;
        self.admit(found)
    }

    /// Documents with any required word, but with all that stands in quotes.
    fn partial(&self) -> Result<Docs> {
        self.admit(match self.query.quoted {
            0 => self.having_any(self.query.required, self.living)?,
            quoted => self.having_all(quoted, self.living)?,
        })
    }

    /// Those of some documents in which all slots are answered; none if there are no slots.
    fn having_all(&self, slots: Slots, among: &Docs) -> Result<Docs> {
        let mut by_cost: Vec<Slots> = each_slot(slots).collect();
        by_cost.sort_by_cached_key(|&slot| self.cost(slot));
        let Some((rarest, others)) = by_cost.split_first() else { return Ok(self.none()) };
        let mut found = self.having_any(*rarest, among)?;
        for slot in others {
            if found.is_empty() {
                break;
            }
            found = self.having_any(*slot, &found)?;
        }
        Ok(found)
    }

    /// Those of some documents in which any of the slots is answered.
    fn having_any(&self, slots: Slots, among: &Docs) -> Result<Docs> {
        let mut found = self.none();
        self.find(|step| step.slots & slots != 0, among, &mut found)?;
        Ok(found)
    }

    /// Adds what the chosen steps find among some documents.
    fn find(&self, chosen: impl Fn(&Step) -> bool, among: &Docs, found: &mut Docs) -> Result<()> {
        let among = Among::new(among);
        for step in self.steps.iter().filter(|step| chosen(step)) {
            self.reader.each_doc(step, among, |doc| found.insert(doc))?;
        }
        Ok(())
    }

    /// Takes away what the query excludes or the filter does not let pass.
    fn admit(&self, mut found: Docs) -> Result<Docs> {
        for &slots in &self.query.excluded {
            if found.is_empty() {
                break;
            }
            let excluded = self.having_all(slots, &found)?;
            found.subtract(&excluded);
        }
        if let Some(filter) = self.filter.as_ref().filter(|filter| filter.is_selective()) {
            found.retain(|doc| filter.admits(doc));
        }
        Ok(found)
    }

    fn none(&self) -> Docs {
        Docs::none(self.reader.segment.doc_count)
    }

    fn cost(&self, slot: Slots) -> u64 {
        self.steps.iter().filter(|step| step.slots & slot != 0).map(Step::cost).sum()
    }
}
