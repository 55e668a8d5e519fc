//! Vectors over whole files, and the letter of the input format.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn data(path: &str) -> String {
    let path = format!("{}/../../tests/data/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// The TrendWeight person, pounds fed as kilogram numbers.
fn trendweight() -> String {
    let rows = data("trendweight/readings.csv");
    let rows: Vec<&str> = rows
        .lines()
        .skip(1)
        .map(|row| row.rsplit_once(',').unwrap().0)
        .collect();
    assert_eq!(rows.len(), 184);
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

fn run(file: &str, options: ReplayOptions) -> ReplayOutput {
    replay(file.as_bytes(), &options).unwrap()
}

fn with_goal(kg: f64) -> ReplayOptions {
    ReplayOptions {
        goal: GoalWeight::from_kilograms(kg),
        ..ReplayOptions::default()
    }
}

fn json(output: &ReplayOutput) -> String {
    serde_json::to_string(output).unwrap()
}

#[track_caller]
fn assert_near(actual: f64, expected: f64, tolerance: f64) {
    assert!(
        (actual - expected).abs() <= tolerance,
        "{actual} is not {expected}"
    );
}

#[test]
fn f4o_half_a_year_of_real_weigh_ins_ends_where_the_vector_says() {
    let output = run(&trendweight(), with_goal(195.0));
    let trend = |index: usize| output.days[index].trend_kg;
    for (index, expected) in [219.3, 219.18, 219.032, 218.9688, 218.841_92]
        .into_iter()
        .enumerate()
    {
        assert_near(trend(index), expected, 1e-6);
    }
    for (index, expected) in [
        (50, 209.596_906),
        (100, 205.140_968),
        (150, 201.085_348),
        (183, 196.252_617),
    ] {
        assert_near(trend(index), expected, 1e-6);
    }
    assert_near(
        output.summary.slope_kg_per_week.unwrap(),
        -0.128_813_533 * 7.0,
        1e-8,
    );
    assert_eq!(output.summary.goal_reason, GoalReason::Ok);
    assert_eq!(output.summary.goal_date.as_deref(), Some("2011-11-13"));
    let readings = parse_replay(trendweight().as_bytes()).unwrap();
    let days = trend_days(&readings);
    assert_eq!(slope(&days).unwrap().reading_days, 26);
}

fn trend_days(readings: &[Reading]) -> Vec<super::super::WeightDay> {
    super::super::trend(None, &day_values(readings, DayStart::MIDNIGHT), Tau::DEFAULT)
}

#[test]
fn f5_the_same_person_with_a_week_as_time_constant() {
    let options = ReplayOptions {
        tau: Tau::ONE_WEEK,
        ..with_goal(195.0)
    };
    let output = run(&trendweight(), options);
    for (index, expected) in [
        (0, 219.3),
        (1, 219.140_253),
        (2, 218.948_524),
        (3, 218.875_503),
        (4, 218.719_018),
        (50, 209.547_808_508_1),
        (100, 204.836_342_055_6),
        (183, 196.012_945_402_0),
    ] {
        assert_near(output.days[index].trend_kg, expected, 1e-6);
    }
    assert_eq!(output.summary.goal_date.as_deref(), Some("2011-11-12"));
}

#[test]
fn f15_a_month_of_a_fitbit_person_ends_at_the_vector() {
    let log = data("fitabase/weightLogInfo_merged.csv");
    let mut file = format!("{HEADER}\n");
    let mut rows = 0;
    for row in log.lines().filter(|row| row.starts_with("6962181067,")) {
        let fields: Vec<&str> = row.split(',').collect();
        let date: Vec<&str> = fields[1].split([' ', '/']).collect();
        // Manual entries are stamped 23:59:59: plain dates.
        writeln!(file, "{}-{:0>2}-{:0>2},{}", date[2], date[0], date[1], fields[2]).unwrap();
        rows += 1;
    }
    assert_eq!(rows, 30);
    let output = run(&file, ReplayOptions::default());
    assert_eq!(output.days.len(), 30);
    assert_near(output.days[29].day_value_kg, 61.9, 1e-9);
    assert_near(output.summary.latest_trend_kg.unwrap(), 61.626_163, 1e-6);
    assert_near(output.summary.slope_kg_per_week.unwrap(), -0.2012, 5e-5);
    assert!(json(&output).contains(r#""latest_trend_kg":61.6262,"slope_kg_per_week":-0.2012"#));
}

#[test]
fn the_example_of_the_format_is_printed_to_the_letter() {
    let file =
        "at,weight_kg\n2026-04-01T07:00:00+09:00,70.0\n2026-04-01T21:00:00+09:00,71.0\n2026-04-04,69.0\n";
    let expected = concat!(
        r#"{"days":[{"date":"2026-04-01","readings":2,"day_value_kg":70.0,"trend_kg":70.0},"#,
        r#"{"date":"2026-04-04","readings":1,"day_value_kg":69.0,"trend_kg":69.729}],"#,
        r#""summary":{"latest_trend_kg":69.729,"slope_kg_per_week":null,"goal_date":null,"goal_reason":"no_goal"}}"#,
    );
    assert_eq!(json(&run(file, ReplayOptions::default())), expected);
}

#[test]
fn a_header_alone_is_an_answer_without_data() {
    let output = run("at,weight_kg", with_goal(60.0));
    let expected = concat!(
        r#"{"days":[],"summary":{"latest_trend_kg":null,"slope_kg_per_week":null,"#,
        r#""goal_date":null,"goal_reason":"no_data"}}"#,
    );
    assert_eq!(json(&output), expected);
}

#[test]
fn day_start_and_today_change_the_answer() {
    let file = "at,weight_kg\n2026-04-02T02:30:00Z,70.0\n";
    let mut options = with_goal(60.0);
    options.day_start = DayStart::parse("03:00").unwrap();
    assert_eq!(run(file, options).days[0].date, "2026-04-01");
    options.today = parse_date("2026-04-15");
    assert_eq!(run(file, options).summary.goal_reason, GoalReason::TooFewReadings);
    options.today = parse_date("2026-04-16");
    assert_eq!(run(file, options).summary.goal_reason, GoalReason::Stale);
}

#[test]
fn a_row_imported_twice_counts_once() {
    let file = "at,weight_kg
2026-04-01T07:00:00+09:00,70.0
2026-04-01t07:00:00.000+09:00,70.004
2026-03-31T22:00:00z,70.0
2026-04-01T07:00:00.0000000001+09:00,70.0
2026-04-01T07:00:00.000000001+09:00,70.0
";
    let output = run(file, ReplayOptions::default());
    // The third is the same instant with another offset: another local time, on another date.
    let readings: Vec<_> = output
        .days
        .iter()
        .map(|day| (day.date.as_str(), day.readings))
        .collect();
    assert_eq!(readings, [("2026-03-31", 1), ("2026-04-01", 2)]);
}

#[test]
fn numbers_are_rounded_half_away_to_four_decimals_without_a_negative_zero() {
    for (number, text) in [
        (0.00005, "0.0001"),
        (-0.00005, "-0.0001"),
        (-0.00004, "0.0"),
        (70.123_45, "70.1235"),
        (-0.0, "0.0"),
    ] {
        assert_eq!(serde_json::to_string(&rounded(number)).unwrap(), text);
    }
}

#[test]
fn what_the_format_allows_is_read() {
    for row in [
        "2026-04-01T07:05:00+09:00,70.4",
        "2026-04-01t07:05:00z,70",
        "2026-04-01T23:59:59Z,70.4",
        "2026-04-01T00:00:00.123456789123-23:59,70.4",
        " \t2026-04-01 , \t70.400000000000000000000000000000000001\t ",
        "2024-02-29,2",
        "0000-01-01,500.0",
        "9999-12-31T23:59:59-00:00,0002.0",
    ] {
        for end in ["", "\n", "\r\n", "\n \t\r\n\n"] {
            let file = format!("\n\t\r\n at,weight_kg \r\n{row}{end}");
            assert_eq!(
                parse_replay(file.as_bytes()).map(|rows| rows.len()),
                Ok(1),
                "{row}"
            );
        }
    }
}

#[test]
fn what_the_format_does_not_allow_is_malformed_at_its_line() {
    use ReplayReason::*;
    for (row, reason) in [
        ("2026-04-01", NotTwoFields),
        ("2026-04-01,70.4,", NotTwoFields),
        ("2026-04-01,70,4", NotTwoFields),
        ("2026-04-01;70.4", NotTwoFields),
        ("at,weight_kg", BadTime),
        (",70.4", BadTime),
        ("\"2026-04-01\",70.4", BadTime),
        ("2026-4-1,70.4", BadTime),
        ("2026-02-29,70.4", BadTime),
        ("2026-04-01T07:05:00,70.4", BadTime),
        ("2026-04-01 07:05:00Z,70.4", BadTime),
        ("2026-04-01T07:05Z,70.4", BadTime),
        ("2026-04-01T24:00:00Z,70.4", BadTime),
        ("2026-04-01T07:60:00Z,70.4", BadTime),
        ("2026-04-01T07:05:60Z,70.4", BadTime),
        ("2026-04-01T07:05:00.Z,70.4", BadTime),
        ("2026-04-01T07:05:00.5,70.4", BadTime),
        ("2026-04-01T07:05:00,5Z,70.4", NotTwoFields),
        ("2026-04-01T07:05:00+09,70.4", BadTime),
        ("2026-04-01T07:05:00+0900,70.4", BadTime),
        ("2026-04-01T07:05:00+24:00,70.4", BadTime),
        ("2026-04-01T07:05:00+09:60,70.4", BadTime),
        ("2026-04-01T07:05:00ZZ,70.4", BadTime),
        ("2026-04-01T07:05:00 Z,70.4", BadTime),
        ("2026-04-01T7:05:00Z,70.4", BadTime),
        ("2026-04-01T07:05:0\u{660}Z,70.4", BadTime),
        ("\u{feff}2026-04-01,70.4", BadTime),
        ("2026-04-01,", BadWeight),
        ("2026-04-01,70.", BadWeight),
        ("2026-04-01,.5", BadWeight),
        ("2026-04-01,+70", BadWeight),
        ("2026-04-01,-70", BadWeight),
        ("2026-04-01,7e1", BadWeight),
        ("2026-04-01,70 kg", BadWeight),
        ("2026-04-01,70.4\u{a0}", BadWeight),
        ("2026-04-01,70.4\r\r", BadWeight),
        ("2026-04-01,70.4\r ", BadWeight),
        ("2026-04-01,\"70.4\"", BadWeight),
        ("2026-04-01,1.99999999999999999999", WeightOutOfRange),
        ("2026-04-01,500.00000000000000000001", WeightOutOfRange),
        ("2026-04-01,99999999999999999999999", WeightOutOfRange),
    ] {
        let file = format!("\nat,weight_kg\r\n\n2026-04-01,70.4\n{row}\n2026-04-02,bad\n");
        assert_eq!(
            parse_replay(file.as_bytes()),
            Err(ReplayError { line: 5, reason }),
            "{row:?}"
        );
    }
}

#[test]
fn a_missing_header_is_named_at_the_first_line_that_is_not_blank() {
    let missing = |file: &str, line| {
        let error = ReplayError {
            line,
            reason: ReplayReason::NoHeader,
        };
        assert_eq!(parse_replay(file.as_bytes()), Err(error), "{file:?}");
    };
    missing("", 1);
    missing("\n \t\r\n", 1);
    missing("\n\n2026-04-01,70.4\n", 3);
    missing("\u{feff}at,weight_kg\n", 1);
    missing("at , weight_kg\n", 1);
    missing("At,weight_kg\n", 1);
    missing("at,weight_kg,\n", 1);
    missing("\r", 1);
}

#[test]
fn bytes_that_are_not_utf_8_name_their_line_unless_an_earlier_one_is_malformed() {
    let line_of = |file: &[u8]| {
        let error = parse_replay(file).unwrap_err();
        (error.line, error.reason)
    };
    assert_eq!(
        line_of(b"at,weight_kg\n2026-04-01,70\n\xff\n"),
        (3, ReplayReason::NotUtf8)
    );
    assert_eq!(
        line_of(b"at,weight_kg\nbad,70\n\xff\n"),
        (2, ReplayReason::BadTime)
    );
    assert_eq!(line_of(b"\xff\xfea\0t\0"), (1, ReplayReason::NotUtf8));
}

/// Rows with distinct minutes and at most one plain date each, so that no order of arrival decides anything.
fn any_rows() -> impl Strategy<Value = Vec<String>> {
    let timed = prop::collection::btree_map(0_u32..200_000, 4000_i32..12_000, 0..40);
    let plain = prop::collection::btree_map(0_u32..140, 4000_i32..12_000, 0..10);
    (timed, plain, -12_i32..=14).prop_map(|(timed, plain, hours)| {
        let first = parse_date("2025-12-01").unwrap();
        let kg = |units: i32| format!("{}.{:02}", units / 100, units % 100);
        let mut rows: Vec<String> = timed
            .into_iter()
            .map(|(minute, units)| {
                let at =
                    first.and_time(chrono::NaiveTime::MIN) + chrono::TimeDelta::minutes(i64::from(minute));
                let sign = if hours < 0 { '-' } else { '+' };
                format!(
                    "{}{sign}{:02}:00,{}",
                    at.format("%Y-%m-%dT%H:%M:%S"),
                    hours.abs(),
                    kg(units)
                )
            })
            .collect();
        rows.extend(
            plain
                .into_iter()
                .map(|(day, units)| format!("{},{}", first + chrono::Days::new(u64::from(day)), kg(units))),
        );
        rows
    })
}

fn file_of(rows: &[String]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

proptest! {
    #[test]
    fn the_order_of_the_rows_changes_nothing(
        (rows, shuffled) in any_rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle()))
    ) {
        let options = with_goal(60.0);
        prop_assert_eq!(json(&run(&file_of(&rows), options)), json(&run(&file_of(&shuffled), options)));
    }

    #[test]
    fn rows_given_twice_change_nothing(rows in any_rows()) {
        let twice = [rows.clone(), rows.clone()].concat();
        let options = ReplayOptions::default();
        prop_assert_eq!(run(&file_of(&rows), options), run(&file_of(&twice), options));
    }

    #[test]
    fn no_bytes_break_the_parser(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_replay(&bytes);
        let _ = parse_replay(&[b"at,weight_kg\n".as_slice(), &bytes].concat());
    }
}
