//! Undo is exact: it leads back through every state that was ever shown, over restarts, to the empty list.

use proptest::prelude::*;

use super::*;

#[test]
fn undo_takes_back_an_addition_an_edit_and_a_deletion_and_says_which() {
    let phone = Phone::new();
    let weight = phone.weight();
    assert_eq!(weight.undo().unwrap(), None);
    let id = phone.add(at(1, 7, 0), "70").id;
    let added = weight.weigh_in(id).unwrap();
    let edit = WeighInEdit {
        weight: Some(typed("71", MassUnit::Kilogram)),
        ..WeighInEdit::default()
    };
    weight.edit(id, &edit).unwrap();
    let edited = weight.weigh_in(id).unwrap();
    weight.delete(id).unwrap();
    for (before, now) in [
        (None, Some(edited.clone())),
        (Some(edited), Some(added.clone())),
        (Some(added), None),
    ] {
        assert_eq!(weight.undo().unwrap(), Some(Undone { before, now }));
    }
    assert_eq!(weight.undo().unwrap(), None);
    assert_eq!(phone.list(), []);
}

#[test]
fn an_edit_that_changes_nothing_is_no_step() {
    let phone = Phone::new();
    let id = phone.add(at(1, 7, 0), "70").id;
    phone.weight().edit(id, &WeighInEdit::default()).unwrap();
    phone.weight().undo().unwrap();
    assert_eq!(phone.list(), []);
}

#[test]
fn a_new_change_after_an_undo_is_the_next_one_to_be_taken_back() {
    let phone = Phone::new();
    phone.add(at(1, 7, 0), "70");
    phone.add(at(2, 7, 0), "71");
    phone.weight().undo().unwrap();
    phone.add(at(3, 7, 0), "72");
    phone.weight().undo().unwrap();
    assert_eq!(phone.list(), [(1, "70".to_owned())]);
}

#[test]
fn every_value_ever_typed_stays_in_the_file() {
    let phone = Phone::new();
    let id = phone.add(at(1, 7, 0), "70").id;
    let edit = WeighInEdit {
        weight: Some(typed("10 st 4", MassUnit::Stone)),
        ..WeighInEdit::default()
    };
    phone.weight().edit(id, &edit).unwrap();
    phone.weight().undo().unwrap();
    phone.weight().delete(id).unwrap();
    let texts = phone
        .weight()
        .store
        .read::<_, WeightError>(|reader| {
            let mut statement = reader
                .connection()
                .prepare("SELECT typed FROM weight_change WHERE typed IS NOT NULL ORDER BY change_id")?;
            let texts = statement.query_map([], |row| row.get(0))?;
            Ok(texts.collect::<Result<Vec<String>, _>>()?)
        })
        .unwrap();
    assert_eq!(texts, ["70", "10 st 4"]);
}

/// What a person may do. Numbers choose among the weigh-ins that are there.
#[derive(Debug, Clone)]
enum Step {
    Add(NewWeighIn),
    Edit(usize, WeighInEdit),
    Delete(usize),
    Restart,
}

fn any_when() -> impl Strategy<Value = WeighInTime> {
    // Few dates and times, so that days with several readings and equal instants occur.
    prop_oneof![
        (1_i64..12, 6_i64..9).prop_map(|(day, hour)| at(day, hour, 0)),
        (1_u32..12).prop_map(|day| on(&format!("2026-04-{day:02}"))),
    ]
}

fn any_weight() -> impl Strategy<Value = TypedWeight> {
    prop_oneof![
        (600_i32..800)
            .prop_map(|tenths| typed(&format!("{}.{}", tenths / 10, tenths % 10), MassUnit::Kilogram)),
        (130_i32..180).prop_map(|pounds| typed(&pounds.to_string(), MassUnit::Pound)),
        (0_i32..14).prop_map(|pounds| typed(&format!("10 st {pounds}"), MassUnit::Stone)),
    ]
}

fn any_waist() -> impl Strategy<Value = Option<Waist>> {
    prop::option::of(800_u32..900).prop_map(|mm| mm.and_then(Waist::from_millimetres))
}

fn any_step() -> impl Strategy<Value = Step> {
    let add = (any_when(), any_weight(), any_waist()).prop_map(|(when, weight, waist)| {
        Step::Add(NewWeighIn {
            when,
            typed: weight.typed,
            unit: weight.unit,
            waist,
            source: "typed".to_owned(),
        })
    });
    let waist = prop_oneof![
        Just(WaistEdit::Keep),
        Just(WaistEdit::Remove),
        any_waist().prop_map(|waist| waist.map_or(WaistEdit::Keep, WaistEdit::Set)),
    ];
    let edit = (
        0_usize..20,
        prop::option::of(any_when()),
        prop::option::of(any_weight()),
        waist,
    );
    let edit = edit.prop_map(|(which, when, weight, waist)| {
        let edit = WeighInEdit { when, weight, waist };
        Step::Edit(which, edit)
    });
    prop_oneof![
        4 => add,
        3 => edit,
        2 => (0_usize..20).prop_map(Step::Delete),
        1 => Just(Step::Restart),
    ]
}

/// The weigh-in that a number chooses.
fn chosen(phone: &Phone, which: usize) -> Option<WeighIn> {
    let mut weigh_ins = phone.weight().weigh_ins(ALWAYS).unwrap();
    let index = which.checked_rem(weigh_ins.len())?;
    Some(weigh_ins.swap_remove(index))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn undo_is_exact_and_what_is_derived_follows_each_step(steps in prop::collection::vec(any_step(), 1..14)) {
        let mut phone = Phone::new();
        phone.weight().set_goal(Some(&typed("68", MassUnit::Kilogram))).unwrap();
        let mut states = vec![phone.shown()];
        for step in steps {
            match step {
                Step::Add(new) => drop(phone.weight().record(&new).unwrap()),
                Step::Edit(which, edit) => {
                    let Some(old) = chosen(&phone, which) else { continue };
                    phone.weight().edit(old.id, &edit).unwrap();
                    if phone.weight().weigh_in(old.id).unwrap() == old {
                        continue;
                    }
                }
                Step::Delete(which) => {
                    let Some(old) = chosen(&phone, which) else { continue };
                    phone.weight().delete(old.id).unwrap();
                }
                Step::Restart => {
                    phone.restart();
                    prop_assert_eq!(&phone.shown(), states.last().unwrap());
                    continue;
                }
            }
            let readings: Vec<Reading> = phone.weight().weigh_ins(ALWAYS).unwrap().into_iter()
                .map(|weigh_in| Reading { when: weigh_in.when, weight: weigh_in.weight })
                .collect();
            let by_the_rules = trend(None, &day_values(&readings, crate::time::DayStart::MIDNIGHT), Tau::DEFAULT);
            prop_assert_eq!(phone.days(), by_the_rules);
            states.push(phone.shown());
        }
        let incremental = phone.derived();
        phone.weight().rebuild().unwrap();
        prop_assert_eq!(phone.derived(), incremental);
        states.pop();
        while let Some(expected) = states.pop() {
            prop_assert!(phone.weight().undo().unwrap().is_some());
            prop_assert_eq!(phone.shown(), expected);
            if states.len() % 4 == 1 {
                phone.restart();
            }
        }
        prop_assert_eq!(phone.weight().undo().unwrap(), None);
        prop_assert_eq!(phone.derived(), [""; 0]);
    }
}
