//! What a plan asks for, and which choices it refuses.

use super::*;
use crate::import::run::tests::{bytes, first_person, minutes};

#[test]
fn a_plan_asks_for_what_the_file_does_not_say() {
    let plan_of =
        |text: &str, name: &str, choices: &ImportChoices| plan(bytes(text), name, Tz::Asia__Tokyo, choices);
    let nothing = ImportChoices::default();
    assert!(
        matches!(plan_of(&minutes(), "m.csv", &nothing), Err(ImportFailure::WhichPerson(ids)) if ids == ["1", "2"])
    );
    let person = |id: &str| ImportChoices {
        person: Some(id.to_owned()),
        ..ImportChoices::default()
    };
    assert_eq!(
        plan_of(&minutes(), "m.csv", &person("1")).unwrap(),
        first_person()
    );
    assert!(matches!(
        plan_of(&minutes(), "m.csv", &person("3")),
        Err(ImportFailure::NoSuchPerson(_))
    ));
    assert!(
        matches!(plan_of("day,mass\n", "w.csv", &nothing), Err(ImportFailure::WhichColumns(names)) if names == ["day", "mass"])
    );
    assert!(matches!(
        plan_of("\u{1}\u{2}", "w.bin", &nothing),
        Err(ImportFailure::UnknownFormat)
    ));
    let chosen = |weight: &str| ImportChoices {
        columns: Some(columns("day", weight)),
        ..ImportChoices::default()
    };
    assert!(plan_of("day,mass\n", "w.csv", &chosen("Mass")).is_ok());
    assert!(
        matches!(plan_of("day,mass\n", "w.csv", &chosen("kg")), Err(ImportFailure::NoSuchColumn { chosen, columns })
            if chosen == "kg" && columns == ["day", "mass"])
    );
    let scale = "Date,Time,Weight,Body Fat %\n";
    assert!(matches!(
        plan_of(scale, "w.csv", &nothing),
        Err(ImportFailure::WhichUnit)
    ));
    let pounds = ImportChoices {
        unit: Some(MassUnit::Pound),
        ..ImportChoices::default()
    };
    assert!(plan_of(scale, "w.csv", &pounds).is_ok());
}

fn columns(date: &str, weight: &str) -> WeightColumns {
    WeightColumns {
        date: date.to_owned(),
        time: None,
        weight: weight.to_owned(),
        unit: MassUnit::Kilogram,
        waist: None,
        dates: crate::import::DateOrder::YearFirst,
        zone: Some(Tz::Asia__Tokyo),
    }
}

#[test]
fn a_choice_that_decides_nothing_about_the_file_is_refused() {
    let refused =
        |text: &str, choices: ImportChoices| match plan(bytes(text), "a.csv", Tz::Asia__Tokyo, &choices) {
            Err(ImportFailure::WithoutEffect(choice)) => choice,
            other => panic!("{text} {other:?}"),
        };
    let nothing = ImportChoices::default;
    let (plain, named) = ("at,weight_kg\n", "date,weight_lb,fat_ratio\n");
    let person = ImportChoices {
        person: Some("1".to_owned()),
        ..nothing()
    };
    assert_eq!(refused(plain, person), ImportChoice::Person);
    for text in [plain, named] {
        let unit = ImportChoices {
            unit: Some(MassUnit::Pound),
            ..nothing()
        };
        assert_eq!(refused(text, unit), ImportChoice::Unit);
    }
    let with_columns = ImportChoices {
        format: Some(Format::Libra),
        columns: Some(columns("day", "mass")),
        ..nothing()
    };
    assert_eq!(refused(plain, with_columns), ImportChoice::Columns);
    let zone = ImportChoices {
        zone: Some(Tz::UTC),
        ..nothing()
    };
    assert_eq!(refused(plain, zone), ImportChoice::Zone);
}

#[test]
fn the_chosen_zone_is_that_of_the_times_in_the_file() {
    let zone = ImportChoices {
        zone: Some(Tz::UTC),
        ..ImportChoices::default()
    };
    let planned =
        |text: &str, choices: &ImportChoices| plan(bytes(text), "a.csv", Tz::Asia__Tokyo, choices).unwrap();
    assert_eq!(
        planned("date,weight_kg,fat_ratio\n", &zone),
        ImportPlan::TrendWeight(Tz::UTC, None)
    );
    let table = ImportChoices {
        columns: Some(columns("day", "mass")),
        ..zone
    };
    assert!(
        matches!(planned("day,mass\n", &table), ImportPlan::ChosenCsv(columns) if columns.zone == Some(Tz::UTC))
    );
}
