//! The life of a plan, whatever is tried.

use flowai_core::approval::Decision;
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
            if state.next().contains(&next) {
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

/// Every pair of states, so that a new state or a new move has to be said here too.
#[test]
fn what_no_move_leads_to() {
    use State::{Approved, Cancelled, Draft, Failed, Running, Submitted, Succeeded};
    let legal = [
        (Draft, Submitted),
        (Draft, Cancelled),
        (Submitted, Approved),
        (Submitted, Draft),
        (Submitted, Cancelled),
        (Approved, Running),
        (Approved, Cancelled),
        (Running, Approved),
        (Running, Succeeded),
        (Running, Failed),
    ];
    for from in State::ALL {
        for to in State::ALL {
            assert_eq!(
                from.next().contains(&to),
                legal.contains(&(from, to)),
                "{from:?} to {to:?}"
            );
        }
        // Nothing stays where it is by a move, and what has ended has ended.
        assert!(!from.next().contains(&from), "{from:?}");
        let ended = matches!(from, Succeeded | Failed | Cancelled);
        assert_eq!(from.next().is_empty(), ended, "{from:?}");
        // A worker's end is only for what runs, a person's decision only for what is submitted.
        assert_eq!(
            from.next().contains(&Succeeded) || from.next().contains(&Failed),
            from == Running,
            "{from:?}"
        );
        let decided =
            Decision::ALL.iter().all(|decision| from.next().contains(&decision.moves_to()));
        assert_eq!(decided, from == Submitted, "{from:?}");
    }
}

/// Every state can be reached from a draft, and from each an end can be reached.
#[test]
fn no_state_is_lost() {
    let reached_from = |start: State| {
        let mut reached = vec![start];
        let mut next = 0;
        while next < reached.len() {
            for to in reached[next].next() {
                if !reached.contains(to) {
                    reached.push(*to);
                }
            }
            next += 1;
        }
        reached
    };
    assert_eq!(reached_from(State::Draft).len(), State::ALL.len());
    for state in State::ALL {
        assert!(reached_from(state).iter().any(|end| end.next().is_empty()), "{state:?}");
    }
}
