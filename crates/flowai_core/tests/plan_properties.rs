//! The life of a plan, whatever is tried.

use flowai_core::plan::State;
use proptest::prelude::*;

fn any_state() -> impl Strategy<Value = State> {
    proptest::sample::select(State::ALL.to_vec())
}

proptest! {
    /// A plan that follows only legal moves never leaves a terminal state, and runs only once approved.
    #[test]
    fn a_walk_ends_and_runs_only_what_was_approved(tries in prop::collection::vec(any_state(), 0..200)) {
        let mut state = State::Draft;
        let mut history = vec![state];
        for next in tries {
            if state.leads_to(next) {
                prop_assert!(!state.next().is_empty(), "{state:?} is terminal");
                state = next;
                history.push(state);
            }
        }
        for pair in history.windows(2) {
            if pair[1] == State::Running {
                prop_assert_eq!(pair[0], State::Approved);
            }
            if pair[1] == State::Approved {
                prop_assert!(matches!(pair[0], State::Submitted | State::Running));
            }
        }
    }

    /// Names are one to one.
    #[test]
    fn names_name(a in any_state(), b in any_state()) {
        prop_assert_eq!(State::named(a.name()), Some(a));
        prop_assert_eq!(a == b, a.name() == b.name());
    }
}

#[test]
fn the_list_of_moves() {
    let moves: Vec<String> = State::ALL
        .into_iter()
        .flat_map(|from| from.next().iter().map(move |to| format!("{} {}", from.name(), to.name())))
        .collect();
    assert_eq!(
        moves,
        [
            "draft submitted",
            "draft cancelled",
            "submitted approved",
            "submitted draft",
            "submitted cancelled",
            "approved running",
            "approved cancelled",
            "running approved",
            "running succeeded",
            "running failed",
        ]
    );
    let verbs = State::ALL.map(|from| {
        let verbs: Vec<_> = from.next().iter().map(|to| from.verb(*to)).collect();
        verbs.join(" ")
    });
    assert_eq!(
        verbs,
        [
            "submitted cancelled",
            "approved sent_back cancelled",
            "claimed cancelled",
            "released succeeded failed",
            "",
            "",
            ""
        ]
    );
}
