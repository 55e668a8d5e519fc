//! The checker accepts whatever the model does right, and objects to each of its mistakes.

use proptest::prelude::*;

use super::super::Invariant::{self, *};
use super::super::Word::{self, *};
use super::super::check;
use super::Fate::*;
use super::*;

fn lane() -> impl Strategy<Value = Lane> {
    prop_oneof![4 => Just(Lane::Talk), 1 => Just(Lane::Readings)]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Arrives),
        2 => Just(RequestLost),
        2 => Just(ResponseLost),
        1 => Just(Twice),
        1 => Just(Late),
        1 => Just(Refused),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let phone = || 0..3_usize;
    prop_oneof![
        8 => phone().prop_map(|phone| Act::Say { phone }),
        1 => phone().prop_map(|phone| Act::Attach { phone }),
        1 => (phone(), any::<bool>()).prop_map(|(phone, committed)| Act::SayAndDie { phone, committed }),
        3 => phone().prop_map(|phone| Act::Edit { phone }),
        1 => phone().prop_map(|phone| Act::Delete { phone }),
        3 => phone().prop_map(|phone| Act::Walk { phone }),
        16 => (phone(), lane(), fate()).prop_map(|(phone, lane, fate)| Act::Push { phone, lane, fate }),
        8 => (phone(), any::<bool>()).prop_map(|(phone, lost)| Act::Pull { phone, lost }),
        2 => Just(Act::LateRequestsArrive),
        1 => phone().prop_map(|phone| Act::Kill { phone }),
        2 => phone().prop_map(|phone| Act::SendAgain { phone }),
        2 => phone().prop_map(|phone| Act::Confirm { phone }),
        1 => phone().prop_map(|phone| Act::Discard { phone }),
        1 => phone().prop_map(|phone| Act::Withdraw { phone }),
        1 => phone().prop_map(|phone| Act::Consent { phone }),
        1 => phone().prop_map(|phone| Act::StrangerVisits { phone }),
        1 => phone().prop_map(|phone| Act::StartOver { phone }),
        1 => phone().prop_map(|phone| Act::BackUpPhone { phone }),
        1 => phone().prop_map(|phone| Act::RestorePhone { phone }),
        1 => Just(Act::BackUpServer),
        1 => Just(Act::RestoreServer),
        1 => Just(Act::Night),
    ]
}

proptest! {
    // PROPTEST_CASES asks for more than the usual 256.
    #[test]
    fn whatever_the_model_does_is_clean(script in prop::collection::vec(act(), 0..100)) {
        let found = check(&play(&script, None));
        let words: Vec<String> = found.iter().map(ToString::to_string).collect();
        prop_assert!(found.is_empty(), "{}", words.join("\n"));
    }
}

const TALK: Lane = Lane::Talk;
const SAY: Act = Act::Say { phone: 0 };
const PULL: Act = Act::Pull {
    phone: 0,
    lost: false,
};

const fn push(fate: Fate) -> Act {
    Act::Push {
        phone: 0,
        lane: TALK,
        fate,
    }
}

/// A script that gives each mistake its occasion, and what the checker has to say to it.
fn occasion(bug: Bug) -> (Vec<Act>, (Invariant, Word)) {
    let walk = Act::Walk { phone: 0 };
    let edit = Act::Edit { phone: 0 };
    let steps = Act::Push {
        phone: 0,
        lane: Lane::Readings,
        fate: ResponseLost,
    };
    let settled = [PULL, SAY, push(Arrives), PULL, SAY, push(Arrives), PULL];
    let restored = [
        PULL,
        SAY,
        push(Arrives),
        SAY,
        push(Arrives),
        PULL,
        SAY,
        Act::RestoreServer,
        PULL,
    ];
    match bug {
        Bug::SkipTheDedupe => (
            vec![PULL, SAY, push(ResponseLost), push(Arrives)],
            (I2, Duplicated),
        ),
        Bug::BurnNumbers | Bug::ForgetTheCursor => (settled.to_vec(), (I4, Skipped)),
        Bug::TakeHalfPhotos => (
            vec![PULL, Act::Attach { phone: 0 }, push(Arrives)],
            (I5, Incomplete),
        ),
        Bug::SkipAnEntry => (
            vec![PULL, SAY, SAY, push(Arrives), push(Arrives), PULL],
            (I4, Skipped),
        ),
        Bug::NeverPullAgain => (settled.to_vec(), (I6, Stale)),
        Bug::FoldDifferently => (settled.to_vec(), (I6, Diverged)),
        Bug::KeepSettledRows => (settled.to_vec(), (I2, Duplicated)),
        Bug::RemoveAtAcknowledgement => (vec![PULL, SAY, push(Arrives)], (I1, NonMonotonic)),
        Bug::DropParked => (vec![PULL, SAY, push(Refused)], (I1, Lost)),
        Bug::LoseQueueOnKill => (vec![SAY, Act::Kill { phone: 0 }], (I1, Lost)),
        Bug::OvertakeInTheLane => (vec![PULL, SAY, SAY, push(Arrives)], (I3, Reordered)),
        Bug::NewIdPerAttempt => (
            vec![PULL, SAY, push(ResponseLost), push(Arrives)],
            (I2, Unexpected),
        ),
        Bug::NewBytesPerAttempt => (vec![PULL, SAY, push(RequestLost), push(Arrives)], (I1, Altered)),
        Bug::SendAgainInPlace => (
            vec![PULL, SAY, SAY, push(Refused), Act::SendAgain { phone: 0 }],
            (I3, Reordered),
        ),
        Bug::ConfirmInPlace => {
            let asked = [PULL, SAY, push(RequestLost), Act::Night, SAY, push(RequestLost)];
            let confirmed = [Act::Confirm { phone: 0 }];
            ([&asked[..], &confirmed].concat(), (I3, Reordered))
        }
        Bug::SendUnconfirmed => (
            vec![PULL, SAY, Act::Night, push(RequestLost), push(Arrives)],
            (I1, Unexpected),
        ),
        Bug::LeaveDependents => (
            vec![PULL, SAY, push(RequestLost), edit, push(Refused)],
            (I3, Reordered),
        ),
        Bug::IgnoreWithdrawal => (vec![PULL, SAY, Act::Withdraw { phone: 0 }], (I7, Leaked)),
        Bug::ReleaseInPlace => (
            vec![
                PULL,
                SAY,
                Act::Withdraw { phone: 0 },
                push(Arrives),
                Act::Consent { phone: 0 },
            ],
            (I3, Reordered),
        ),
        Bug::OfferNothing => (restored.to_vec(), (I1, Lost)),
        Bug::OfferAtTheTail | Bug::OfferBackwards => (restored.to_vec(), (I3, Reordered)),
        Bug::OfferOthers => (
            vec![
                PULL,
                SAY,
                push(Arrives),
                PULL,
                Act::Pull {
                    phone: 2,
                    lost: false,
                },
                Act::RestoreServer,
                Act::Pull {
                    phone: 2,
                    lost: false,
                },
            ],
            (I7, Leaked),
        ),
        Bug::ShowToTheNextAccount => (vec![PULL, SAY, Act::StrangerVisits { phone: 0 }], (I7, Leaked)),
        Bug::EraseWithoutWarning => (vec![SAY, Act::StartOver { phone: 0 }], (I1, Lost)),
        Bug::PileUpTotals => (vec![walk, walk], (I9, Duplicated)),
        Bug::ReplaceSentTotals => (vec![PULL, walk, steps, walk], (I1, Altered)),
        Bug::SumRevisions => (vec![PULL, walk, steps, PULL, walk], (I8, Duplicated)),
        Bug::StopTrying => (vec![PULL, SAY], (I9, Stalled)),
        Bug::RetryAtOnce => (vec![PULL, SAY, push(RequestLost)], (I9, Spinning)),
        Bug::WaitForEver => (vec![PULL, SAY, push(RequestLost)], (I9, Hung)),
        Bug::ExceedTheBudget => (Vec::new(), (I10, Oversized)),
        Bug::LogTheText => (Vec::new(), (I11, Leaked)),
        Bug::LeaveFiles => (Vec::new(), (I12, Damaged)),
    }
}

#[test]
fn every_mistake_of_the_model_is_objected_to_and_its_occasion_without_it_is_clean() {
    for bug in Bug::ALL {
        let (script, expected) = occasion(bug);
        let clean = check(&play(&script, None));
        assert!(clean.is_empty(), "{bug:?}: {}", clean[0]);
        let found = check(&play(&script, Some(bug)));
        let words: Vec<String> = found.iter().map(ToString::to_string).collect();
        let is_found = found
            .iter()
            .any(|anomaly| (anomaly.invariant, anomaly.word) == expected);
        assert!(is_found, "{bug:?}: {words:?}");
    }
}

#[test]
fn every_invariant_has_a_mistake_that_breaks_it() {
    let broken: std::collections::BTreeSet<Invariant> =
        Bug::ALL.into_iter().map(|bug| occasion(bug).1.0).collect();
    assert_eq!(broken.len(), 12);
}

#[test]
fn scripts_that_a_checker_may_easily_take_for_wrong_are_clean() {
    let edit = |phone| Act::Edit { phone };
    let say = |phone| Act::Say { phone };
    let push = |phone, fate| Act::Push {
        phone,
        lane: TALK,
        fate,
    };
    let pull = |phone| Act::Pull { phone, lost: false };
    let back_up = |phone| Act::BackUpPhone { phone };
    let restore = |phone| Act::RestorePhone { phone };
    let scripts = [
        // Her tablet offers again what her phone wrote, and consent comes in between.
        vec![
            pull(0),
            say(0),
            push(0, ResponseLost),
            pull(1),
            Act::RestoreServer,
            Act::Withdraw { phone: 1 },
            pull(1),
            Act::Consent { phone: 1 },
        ],
        // Asked about although it had arrived; settled by the pull; lost by the server; offered again.
        vec![
            say(2),
            back_up(2),
            pull(2),
            push(2, ResponseLost),
            restore(2),
            Act::Night,
            push(2, Arrives),
            pull(2),
            Act::RestoreServer,
        ],
        // Given up here, alive in the copy that is restored.
        vec![say(0), back_up(0), Act::Delete { phone: 0 }, restore(0)],
        vec![
            say(2),
            Act::Night,
            push(2, Arrives),
            back_up(2),
            Act::Discard { phone: 2 },
            restore(2),
            Act::Confirm { phone: 2 },
        ],
        // The copy has the text before its edit, the log the one after it.
        vec![
            say(2),
            pull(2),
            back_up(2),
            edit(2),
            push(2, ResponseLost),
            restore(2),
            pull(2),
            Act::RestoreServer,
        ],
        // A request of a session that is gone arrives after its phone began anew.
        vec![
            pull(0),
            say(0),
            push(0, Late),
            Act::StartOver { phone: 0 },
            Act::LateRequestsArrive,
            pull(0),
        ],
        // One copy on two phones, both sending.
        vec![
            pull(0),
            say(0),
            say(0),
            back_up(0),
            restore(1),
            push(1, Arrives),
            push(0, Arrives),
            push(1, Twice),
        ],
    ];
    for script in scripts {
        let found = check(&play(&script, None));
        assert!(found.is_empty(), "{script:?}: {}", found[0]);
    }
}
