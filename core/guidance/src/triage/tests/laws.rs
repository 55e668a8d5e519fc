//! What holds for every text, and for the list itself.

use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

use super::super::{Level, Rule, list, review, rule, rules, triage};
use super::found::FOUND;
use super::ids;
use super::ordinary::ORDINARY;

/// As many as an entry may name: `SHORT_LIST` of the limits of the protocol.
const MOST_RULES: usize = 32;

#[test]
fn the_list_can_be_read_and_is_reviewed() {
    assert_eq!(list::read(include_str!("../rules.txt")).err(), None);
    assert!((1..=MOST_RULES).contains(&rules().len()));
    let review = review();
    assert!(review.version >= 1 && !review.reviewer.is_empty());
    assert_eq!(review.reviewed_on.len(), "2026-11-27".len());
}

#[test]
fn every_rule_can_travel_and_says_what_to_do() {
    for listed in rules() {
        let id = listed.id();
        // The words of the protocol allow more; these need no quoting anywhere.
        assert!(
            id.len() <= 64
                && id
                    .chars()
                    .all(|character| character.is_ascii_lowercase() || character == '-')
        );
        assert_eq!(
            rule(id).map(Rule::advice_key),
            Some(format!("triage.advice.{id}"))
        );
        assert!(!listed.subject().is_empty());
        let advice = listed.advice().concat();
        match listed.level() {
            Level::Emergency => assert!(
                ["119番", "110番"].iter().any(|number| advice.contains(number)),
                "{id}"
            ),
            Level::Urgent => assert!(advice.contains("119番") || advice.contains("110番"), "{id}"),
            Level::Watch => {}
        }
    }
    assert!(rule("of-a-newer-list").is_none());
}

/// The national numbers that the list may name. A wrong digit sends somebody in need to a stranger.
#[test]
fn no_other_numbers_are_named_than_the_known_ones() {
    const KNOWN: &[&str] = &[
        "119番",
        "110番",
        "#7119",
        "#8008",
        "0120-279-338",
        "0570-783-556",
        "0570-064-556",
    ];
    for listed in rules() {
        for advice in listed.advice() {
            let mut rest = (*advice).to_owned();
            for known in KNOWN {
                rest = rest.replace(known, "");
            }
            let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
            assert!(
                digits.len() <= 3 && !rest.contains('#'),
                "{}: {rest}",
                listed.id()
            );
        }
    }
}

#[test]
fn the_most_pressing_rule_comes_first_and_each_comes_once() {
    let text = "妊娠しました。薬をやめました。めまいがします。胸が痛い。胸が痛い。";
    assert_eq!(
        ids(text),
        ["chest-pain", "near-fainting", "pregnancy", "drug-stopped"]
    );
}

#[test]
fn the_place_is_the_words_as_they_were_written() {
    let text = "こんにちは。昨日から、ﾑﾈか\u{3099}\nいたいです。";
    let found = triage(text);
    assert_eq!(found.len(), 1);
    assert_eq!(text.get(found[0].place.clone()), Some("ﾑﾈか\u{3099}\nいたい"));
}

#[test]
fn two_sentences_are_not_one_complaint() {
    assert_eq!(ids("胸囲を測った。頭が痛い"), [""; 0]);
    assert_eq!(ids("胸が気になる。今日は頭が痛い"), [""; 0]);
    assert_eq!(ids("胸が。痛い"), ["chest-pain"]);
}

#[test]
fn a_phrase_of_every_day_hides_nothing_beside_it() {
    assert_eq!(ids("鶏胸肉を食べたら胸が痛い"), ["chest-pain"]);
    assert_eq!(ids("死ぬほどつらい、死にたい"), ["suicidal-thoughts"]);
    assert_eq!(ids("薬味はあります。薬をやめました"), ["drug-stopped"]);
    // Words that meet across a line are no phrase.
    assert_eq!(ids("鶏\nむねがいたい"), ["chest-pain"]);
}

/// Forty times what can be sent, of what costs most: words of many rules, one behind the other. Work that grows with the
/// square of the length would take a minute here, and longer than anybody waits there.
#[test]
fn a_very_long_text_is_answered() {
    let words = "胸死薬血息食右手夫意識妊娠";
    let text: String = words
        .chars()
        .cycle()
        .take(200_000)
        .chain("死にたい".chars())
        .collect();
    assert!(ids(&text).contains(&"suicidal-thoughts"));
}

fn sentence() -> impl Strategy<Value = (&'static str, &'static str)> {
    let all: Vec<(&str, &str)> = FOUND
        .iter()
        .flat_map(|(rule, sentences)| sentences.iter().map(move |sentence| (*rule, *sentence)))
        .collect();
    prop::sample::select(all)
}

/// Texts of words of the rules, of marks that compose, and of anything.
fn text() -> impl Strategy<Value = String> {
    let awkward: Vec<char> = "胸むねﾑﾈ痛いがｶﾞか\u{3099}\u{309a}\u{301}゛死にたい消ー〜。！\n 　…薬やめ血止まらODodvDV12日ぁガé\u{200b}😀İ"
        .chars()
        .collect();
    prop_oneof![
        prop::collection::vec(prop::sample::select(awkward), 0..40)
            .prop_map(|characters| characters.into_iter().collect()),
        any::<String>(),
        (any::<String>(), sentence(), any::<String>())
            .prop_map(|(before, (_, sentence), after)| format!("{before}{sentence}{after}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn places_lie_between_characters_and_each_rule_comes_once(text in text()) {
        let found = triage(&text);
        prop_assert!(found.is_sorted_by_key(|found| found.rule.level()));
        for one in &found {
            prop_assert!(text.get(one.place.clone()).is_some_and(|words| !words.is_empty()));
            let same = found.iter().filter(|other| other.rule.id() == one.rule.id());
            prop_assert_eq!(same.count(), 1);
        }
    }

    #[test]
    fn ordinary_messages_around_a_sentence_take_nothing_away(
        (rule, sentence) in sentence(),
        before in prop::sample::select(ORDINARY),
        after in prop::sample::select(ORDINARY),
    ) {
        let text = format!("{before}{sentence}{after}");
        prop_assert!(ids(&text).contains(&rule), "{text:?} met {:?}", ids(&text));
    }

    #[test]
    fn anything_on_other_lines_takes_nothing_away(
        (rule, sentence) in sentence(), before in text(), after in text()
    ) {
        let text = format!("{before}\n{sentence}\n{after}");
        prop_assert!(ids(&text).contains(&rule), "{text:?} met {:?}", ids(&text));
    }

    #[test]
    fn composed_and_decomposed_texts_meet_the_same_rules(text in text()) {
        let expected = ids(&text);
        prop_assert_eq!(ids(&text.nfc().collect::<String>()), expected.clone());
        prop_assert_eq!(ids(&text.nfd().collect::<String>()), expected.clone());
        prop_assert_eq!(ids(&text.nfkc().collect::<String>()), expected.clone());
        prop_assert_eq!(ids(&text.nfkd().collect::<String>()), expected);
    }

    #[test]
    fn the_place_alone_meets_the_rule(text in text()) {
        for found in triage(&text) {
            let words = text.get(found.place.clone()).unwrap();
            prop_assert!(ids(words).contains(&found.rule.id()), "{words:?}");
        }
    }
}
