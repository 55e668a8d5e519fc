//! What lies below: query plans, unreadable rows, and the derived tables after a damaged file.

use std::fs;

use super::*;

/// Steps of SQLite's plan for a statement.
fn plan(phone: &Phone, statement: &str) -> Vec<String> {
    phone
        .weight()
        .store
        .read::<_, WeightError>(|reader| {
            let mut explain = reader
                .connection()
                .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))?;
            let mut rows = explain.raw_query();
            let mut steps = Vec::new();
            while let Some(row) = rows.next()? {
                steps.push(row.get(3)?);
            }
            Ok(steps)
        })
        .unwrap()
}

#[test]
fn hot_statements_search_and_never_sort_or_read_a_whole_table() {
    let phone = Phone::new();
    for (name, statement) in sql::HOT_STATEMENTS {
        for step in plan(&phone, statement) {
            // In the order of an index, and cut off by LIMIT or by whoever reads: nothing is read that is not needed.
            let is_walk = sql::WALKS.contains(name) && !step.contains("TEMP B-TREE");
            let is_search =
                step.starts_with("SEARCH") || step.contains("SUBQUERY") || step == "SCAN CONSTANT ROW";
            assert!(is_search || is_walk, "{name}: {step}");
        }
    }
    let waist = plan(&phone, sql::LATEST_WAIST).remove(0);
    assert!(
        waist.contains("USING INDEX weight_reading_with_waist (date<?)"),
        "a waist measured years ago is found at once: {waist}"
    );
}

#[test]
fn a_row_that_cannot_be_read_is_left_out_and_the_others_stand() {
    let phone = Phone::new();
    for (day, typed) in [(1, "70"), (2, "71"), (3, "72"), (4, "73")] {
        phone.add(at(day, 7, 0), typed);
    }
    phone.execute(
        "UPDATE weight_change SET unit = 'jin' WHERE typed = '70';
         UPDATE weight_change SET weight_10g = -5 WHERE typed = '71';
         UPDATE weight_change SET weigh_in_id = 'x' WHERE typed = '72';",
    );
    phone.weight().rebuild().unwrap();
    assert_eq!(phone.list(), [(4, "73".to_owned())]);
    assert_eq!(phone.days().len(), 1);
}

#[test]
fn after_a_damaged_file_days_and_trend_are_derived_again_and_the_person_can_be_told() {
    let mut phone = Phone::new();
    for day in 1..12 {
        phone.add(at(day, 7, 0), &format!("70.{day}"));
    }
    let before = (phone.shown(), phone.derived());
    let (page, page_size) = phone
        .weight()
        .store
        .read::<_, WeightError>(|reader| {
            let number = |statement: &str| {
                let number = reader
                    .connection()
                    .query_row(statement, [], |row| row.get::<_, u32>(0))?;
                Ok::<_, WeightError>(number as usize)
            };
            let page = number("SELECT rootpage FROM sqlite_schema WHERE name = 'weight_day'")?;
            Ok((page, number("PRAGMA page_size")?))
        })
        .unwrap();
    phone.weight().store.close().unwrap();
    let file = phone.folder.path().join("user/user.db");
    let mut bytes = fs::read(&file).unwrap();
    bytes[(page - 1) * page_size..page * page_size].fill(0xa5);
    fs::write(&file, bytes).unwrap();
    // A start after an unclean end looks at every page.
    fs::write(phone.folder.path().join("dirty"), []).unwrap();

    phone.restart();
    assert!(phone.app().recovery().is_some());
    assert_eq!((phone.shown(), phone.derived()), before);
    phone.restart();
    assert_eq!(phone.app().recovery(), None);
    assert_eq!((phone.shown(), phone.derived()), before);
}

#[test]
fn a_rebuild_that_was_cut_off_is_done_by_the_next_start() {
    let mut phone = Phone::new();
    phone.add(at(1, 7, 0), "70");
    let before = phone.derived();
    phone.execute(
        "DELETE FROM weight_day;
         DELETE FROM weight_reading;
         DELETE FROM derived_view;",
    );
    phone.restart();
    assert_eq!(phone.derived(), before);
}
