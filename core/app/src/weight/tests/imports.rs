//! Importing: the same file twice changes nothing, and neither does what the person did in between.

use proptest::prelude::*;

use super::*;

#[test]
fn the_same_file_twice_adds_nothing() {
    let phone = Phone::new();
    let file = [
        imported(at(1, 7, 0), "70.0"),
        imported(on("2026-04-02"), "69.5"),
        imported(on("2026-04-02"), "69.50"),
    ];
    assert_eq!(phone.import(&file).unwrap(), 2);
    let before = phone.shown();
    assert_eq!(phone.import(&file).unwrap(), 0);
    assert_eq!(phone.shown(), before);
}

fn timed(sub_ms_ns: u32, offset_s: i32) -> WeighInTime {
    WeighInTime::Timed {
        at: NOW,
        sub_ms_ns,
        offset_s,
        zone: None,
    }
}

#[test]
fn another_nanosecond_or_weight_is_another_weigh_in() {
    let phone = Phone::new();
    let file = [
        imported(timed(0, 0), "70"),
        imported(timed(1, 0), "70"),
        imported(timed(0, 0), "70.01"),
        imported(timed(0, 0), "70.001"),
    ];
    assert_eq!(phone.import(&file).unwrap(), 3);
}

#[test]
fn the_same_file_read_in_another_zone_adds_nothing() {
    let phone = Phone::new();
    assert_eq!(phone.import(&[imported(timed(0, 9 * 3600), "70")]).unwrap(), 1);
    let before = phone.shown();
    assert_eq!(phone.import(&[imported(timed(0, 0), "70.0")]).unwrap(), 0);
    assert_eq!(phone.shown(), before);
}

#[test]
fn a_value_that_the_person_corrected_or_deleted_does_not_come_back_with_the_file() {
    let phone = Phone::new();
    let file = [imported(at(1, 7, 0), "170"), imported(at(2, 7, 0), "71")];
    phone.import(&file).unwrap();
    let weigh_ins = phone.weight().weigh_ins(ALWAYS).unwrap();
    let edit = WeighInEdit {
        weight: Some(typed("70", MassUnit::Kilogram)),
        ..WeighInEdit::default()
    };
    phone.weight().edit(weigh_ins[0].id, &edit).unwrap();
    phone.weight().delete(weigh_ins[1].id).unwrap();
    assert_eq!(phone.import(&file).unwrap(), 0);
    assert_eq!(phone.list(), [(1, "70".to_owned())]);
}

#[test]
fn what_she_typed_herself_is_not_imported_a_second_time() {
    let phone = Phone::new();
    phone.add(at(1, 7, 0), "70.0");
    assert_eq!(phone.import(&[imported(at(1, 7, 0), "70")]).unwrap(), 0);
    phone.weight().undo().unwrap();
    assert_eq!(phone.import(&[imported(at(1, 7, 0), "70")]).unwrap(), 1);
}

#[test]
fn an_import_is_no_step_of_undo_and_survives_the_steps_around_it() {
    let phone = Phone::new();
    phone.add(at(1, 7, 0), "70");
    phone.import(&[imported(at(2, 7, 0), "71")]).unwrap();
    phone.add(at(3, 7, 0), "72");
    for rest in [2, 1] {
        assert!(phone.weight().undo().unwrap().is_some());
        assert_eq!(phone.list().len(), rest);
    }
    assert_eq!(phone.weight().undo().unwrap(), None);
    assert_eq!(phone.list(), [(2, "71".to_owned())]);
}

#[test]
fn a_file_with_one_impossible_weigh_in_changes_nothing() {
    let phone = Phone::new();
    let file = [imported(at(1, 7, 0), "70"), imported(on("1999-01-01"), "70")];
    assert!(matches!(phone.import(&file), Err(WeightError::TimeOutOfRange)));
    assert_eq!(phone.list(), []);
}

/// Weigh-ins whose order of arrival decides nothing: distinct minutes, and at most one plain date each.
fn any_file() -> impl Strategy<Value = Vec<NewWeighIn>> {
    let timed = prop::collection::btree_map(0_i64..20_000, 4000_i32..12_000, 1..12);
    let plain = prop::collection::btree_map(1_u32..15, 4000_i32..12_000, 0..5);
    (timed, plain).prop_map(|(timed, plain)| {
        let kg = |units: i32| format!("{}.{:02}", units / 100, units % 100);
        let timed = timed
            .into_iter()
            .map(|(minute, units)| imported(at(1, 0, minute), &kg(units)));
        let plain = plain
            .into_iter()
            .map(|(day, units)| imported(on(&format!("2026-04-{day:02}")), &kg(units)));
        timed.chain(plain).collect()
    })
}

/// The same moment as a file that is read in another zone gives it.
fn read_with(new: &NewWeighIn, offset_s: i32) -> NewWeighIn {
    let when = match new.when {
        WeighInTime::Timed { at, sub_ms_ns, .. } => WeighInTime::Timed {
            at,
            sub_ms_ns,
            offset_s,
            zone: None,
        },
        WeighInTime::DateOnly(date) => WeighInTime::DateOnly(date),
    };
    NewWeighIn { when, ..new.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn neither_order_nor_repetition_nor_batches_nor_another_zone_change_the_days(
        (file, shuffled) in any_file().prop_flat_map(|file| (Just(file.clone()), Just(file).prop_shuffle())),
        batch in 1_usize..6,
        offset_hours in -12_i32..=14,
    ) {
        let (once, often) = (Phone::new(), Phone::new());
        prop_assert_eq!(once.import(&file).unwrap(), file.len() as u64);
        let elsewhere: Vec<NewWeighIn> = file.iter().map(|new| read_with(new, offset_hours * 3600)).collect();
        let mut added = 0;
        for part in shuffled.chunks(batch).chain(file.chunks(batch)).chain(elsewhere.chunks(batch)) {
            added += often.import(part).unwrap();
        }
        prop_assert_eq!(added, file.len() as u64);
        prop_assert_eq!(once.days(), often.days());
        prop_assert_eq!(once.list(), often.list());
    }
}
