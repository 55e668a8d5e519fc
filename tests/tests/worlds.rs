//! Small worlds: what the search visits, and that it can fail. `cargo xtask worlds` searches larger ones.

use ayumi_core::deliberate::Bug;
use ayumi_tests::simulation::Template;
use ayumi_tests::simulation::worlds::{Choice, Options, search, walk};

#[expect(clippy::unwrap_used, reason = "tests: a panic is a failed test")]
fn path(text: &str) -> Vec<Choice> {
    text.split(',').map(|word| word.parse().unwrap()).collect()
}

#[test]
fn in_no_order_is_anything_lost_doubled_or_reordered_while_two_people_write_to_each_other() {
    let options = Options {
        faults: 0,
        ..Options::default()
    };
    let report = search(&Template::new(), options);
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert!(report.is_complete);
    assert!(report.states > 100, "{report}");
    // Either message may be the first.
    assert_eq!(report.terminal, 2);
}

#[test]
fn a_message_that_goes_under_another_id_at_its_second_try_is_found() {
    let options = Options {
        most_anomalies: 1,
        bug: Some(Bug::NewIdAtSecondTry),
        ..Options::default()
    };
    let report = search(&Template::new(), options);
    assert_eq!(report.failures.len(), 1);
    let (path, anomalies) = &report.failures[0];
    assert_eq!(
        walk(&Template::new(), options, path).unwrap()[0].word,
        anomalies[0].word
    );
}

#[test]
fn what_a_server_stored_before_it_was_set_back_is_sent_again_though_its_answer_comes_late() {
    // Her message is stored, the server is set back, her phone reads the log anew, and only then does the answer arrive.
    let path = path("write.0,arrive.0.2,restore,arrive.0.1,answer.0.1,arrive.0.2,answer.0.2,answer.0.1");
    let options = Options::default();
    let template = Template::new();
    assert_eq!(walk(&template, options, &path), Ok(Vec::new()));
    let options = Options {
        bug: Some(Bug::TakesLateAnswers),
        ..options
    };
    let anomalies = walk(&template, options, &path).unwrap();
    assert!(!anomalies.is_empty());
}

#[test]
fn a_path_that_cannot_be_walked_names_the_choice() {
    let walked = walk(&Template::new(), Options::default(), &path("answer.0.1"));
    assert_eq!(walked, Err("answer.0.1 cannot happen here".to_owned()));
}
