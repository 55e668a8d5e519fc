//! Laws: two phones of one person in any order of what they do, with any loss of answers.

use proptest::prelude::*;

use super::*;
use crate::sync::replica;
use crate::weight::{TypedWeight, WeighInEdit};

#[derive(Debug, Clone)]
enum Act {
    /// Hour from the start, steps.
    Walk(i64, i64),
    Correct(i64, Option<i64>),
    Weigh(i64),
    Edit(usize, i64),
    Delete(usize),
    Undo,
    Goal(i64),
    Send,
    Pull,
    Refold,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..60_i64, 1..3000_i64).prop_map(|(hour, steps)| Act::Walk(hour, steps)),
        1 => (0..4_i64, proptest::option::of(0..9000_i64)).prop_map(|(day, steps)| Act::Correct(day, steps)),
        2 => (600..800_i64).prop_map(Act::Weigh),
        1 => (0..5_usize, 600..800_i64).prop_map(|(which, weight)| Act::Edit(which, weight)),
        1 => (0..5_usize).prop_map(Act::Delete),
        1 => Just(Act::Undo),
        1 => (1..20_000_i64).prop_map(Act::Goal),
        2 => Just(Act::Send),
        2 => Just(Act::Pull),
        1 => Just(Act::Refold),
    ]
}

fn typed(tenths: i64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn perform(phone: &Phone, act: &Act, server: &mut Server) {
    phone.clock.advance(60_000);
    match act {
        Act::Walk(hour, steps) => phone.walk(&hour.to_string(), START.plus(hour * HOUR_MS), *steps),
        Act::Correct(day, steps) => phone.correct(&format!("2026-04-0{}", day + 1), *steps),
        Act::Weigh(weight) => drop(phone.weigh(&typed(*weight))),
        Act::Edit(which, weight) => {
            if let Some(weigh_in) = phone.weigh_ins().get(*which) {
                let edit = WeighInEdit {
                    weight: Some(TypedWeight {
                        typed: typed(*weight),
                        unit: MassUnit::Kilogram,
                    }),
                    ..WeighInEdit::default()
                };
                phone.app.weight().edit(weigh_in.id, &edit).unwrap();
            }
        }
        Act::Delete(which) => {
            if let Some(weigh_in) = phone.weigh_ins().get(*which) {
                phone.app.weight().delete(weigh_in.id).unwrap();
            }
        }
        Act::Undo => drop(phone.app.weight().undo().unwrap()),
        Act::Goal(goal) => phone.app.steps().set_goal(Some(*goal)).unwrap(),
        Act::Send => phone.send(server),
        Act::Pull => phone.pull(server),
        Act::Refold => {
            let tables = [
                "weight_change",
                "step_hour",
                "step_day",
                "step_log_correction",
                "weight_reading",
            ];
            let before = tables.map(|table| phone.rows(table));
            phone.write(replica::refold);
            phone.app.steps().rebuild().unwrap();
            phone.app.weight().rebuild().unwrap();
            assert_eq!(tables.map(|table| phone.rows(table)), before, "folded again");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn two_phones_in_any_order_agree_with_each_other_with_a_new_one_and_with_the_dietitian(
        acts in proptest::collection::vec((any::<bool>(), act()), 1..40),
        page in 1..9_usize,
    ) {
        let mut server = Server::default();
        let phones = [Phone::hers(1), Phone::hers(2)];
        phones[1].clock.advance(1000);
        phones[0].page.set(page);
        let mut slots: std::collections::BTreeMap<i64, [i64; 2]> = std::collections::BTreeMap::new();
        for (is_second, act) in &acts {
            if let Act::Walk(hour, steps) = act {
                slots.entry(*hour).or_default()[usize::from(*is_second)] = *steps;
            }
            perform(&phones[usize::from(*is_second)], act, &mut server);
        }
        for _ in 0..3 {
            for phone in &phones {
                phone.sync(&mut server);
            }
        }
        let [one, two] = &phones;
        prop_assert_eq!(one.days(), two.days());
        prop_assert_eq!(one.weigh_ins(), two.weigh_ins());
        prop_assert_eq!(one.app.steps().goal().unwrap(), two.app.steps().goal().unwrap());
        prop_assert_eq!(one.app.outbox().unwrap(), []);
        // The larger amount of each slot, never the sum.
        let expected: i64 = slots.values().map(|[one, two]| one.max(two)).sum();
        let sensed: i64 = one.days().iter().filter_map(|day| day.sensor_steps).sum();
        prop_assert_eq!(sensed, expected);
        let hours = one.app.steps().hours(DateRange::ALL).unwrap();
        prop_assert_eq!(hours.iter().map(|hour| hour.steps).sum::<i64>(), expected);
        let new = Phone::hers(3);
        new.page.set(page);
        new.pull(&server);
        prop_assert_eq!(new.days(), one.days());
        prop_assert_eq!(new.weigh_ins(), one.weigh_ins());
        let dietitian = Phone::dietitians(4);
        dietitian.pull(&server);
        let today = date("2026-04-04");
        prop_assert_eq!(dietitian.app.case_home(CASE, today).unwrap(), one.app.home(today).unwrap());
    }
}
