//! What the index finds, compared with a plain look at every text.

use proptest::prelude::*;

use super::super::{ARTICLES, MESSAGES, Query, normalise};
use super::{find, new_store, put_all};
use crate::store::StoreError;

/// Numbers that look random and are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end
    }

    fn text(&mut self, alphabet: &[char], length: usize) -> String {
        (0..length)
            .map(|_| alphabet[self.below(alphabet.len())])
            .collect()
    }
}

/// The runs of a query over the alphabet below, cut without the module's own rules.
fn wanted(query: &str) -> Vec<String> {
    let is_word = |character: char| character.is_ascii_alphanumeric();
    let mut runs: Vec<String> = vec![String::new()];
    let mut last = None;
    for character in normalise(query).text().chars() {
        let is_separator = "。、・ !".contains(character);
        if is_separator || last.is_some_and(|last| is_word(last) != is_word(character)) {
            runs.push(String::new());
        }
        if !is_separator {
            runs.last_mut().unwrap().push(character);
        }
        last = Some(character);
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// Whether a normalised text holds all that is wanted, words as whole ones.
fn holds(text: &str, wanted: &[String]) -> bool {
    let is_word = |character: char| character.is_ascii_alphanumeric();
    wanted.iter().all(|run| {
        if run.starts_with(is_word) {
            text.split(|character| !is_word(character))
                .any(|word| word == run)
        } else {
            text.contains(run.as_str())
        }
    })
}

#[test]
fn five_thousand_texts_are_found_as_a_plain_look_finds_them() {
    const RUNS: [char; 16] = [
        '糖', '質', '制', '限', '水', '塩', 'か', 'が', 'カ', 'ガ', 'あ', 'ー', '々', '𠮟', 'ん', 'ト',
    ];
    const SEPARATORS: [char; 5] = ['。', '、', '・', ' ', '!'];
    const WORDS: [char; 4] = ['a', 'B', '1', '2'];
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    // Mostly kanji and kana, so that there are runs of all lengths.
    let mut alphabet = RUNS.repeat(4);
    alphabet.extend(SEPARATORS.repeat(2));
    alphabet.extend(WORDS);
    let texts: Vec<String> = (0..5_000)
        .map(|_| {
            let length = 1 + numbers.below(30);
            numbers.text(&alphabet, length)
        })
        .collect();
    let (_folder, store) = new_store();
    put_all(&store, &texts.iter().map(String::as_str).collect::<Vec<_>>());
    let normalised: Vec<String> = texts
        .iter()
        .map(|text| normalise(text).text().to_owned())
        .collect();

    let mut hits = 0;
    for length in 1..=5 {
        let mut queries = 0;
        while queries < 200 {
            let text: Vec<char> = texts[numbers.below(texts.len())].chars().collect();
            if text.len() < length {
                continue;
            }
            let start = numbers.below(text.len() - length + 1);
            let cut = &text[start..start + length];
            if !cut.iter().all(|character| RUNS.contains(character)) {
                continue;
            }
            queries += 1;
            let query: String = cut.iter().collect();
            let wanted = normalise(&query);
            let expected: Vec<i64> = (1..)
                .zip(&normalised)
                .filter(|(_, text)| text.contains(wanted.text()))
                .map(|(id, _)| id)
                .rev_sorted();
            assert_eq!(find(&store, &query), expected, "{query}");
            hits += expected.len();
        }
    }
    assert!(hits > 10_000, "{hits} hits prove little");

    for _ in 0..200 {
        let length = 2 + numbers.below(6);
        let query = numbers.text(&alphabet, length);
        if Query::parse(&query).is_none() {
            continue;
        }
        let wanted = wanted(&query);
        let expected = (1..)
            .zip(&normalised)
            .filter(|(_, text)| holds(text, &wanted))
            .map(|(id, _)| id)
            .rev_sorted();
        assert_eq!(find(&store, &query), expected, "{query}");
    }
}

trait RevSorted {
    fn rev_sorted(self) -> Vec<i64>;
}

impl<I: Iterator<Item = i64>> RevSorted for I {
    fn rev_sorted(self) -> Vec<i64> {
        let mut ids: Vec<i64> = self.collect();
        ids.sort_unstable_by(|one, other| other.cmp(one));
        ids
    }
}

/// Search texts that have broken searches (F90), alike ones in one line: each finds what the first one finds.
const AWKWARD: &[&[&str]] = &[
    &[
        "",
        " ",
        "\u{3000}",
        "😀",
        "👨‍👩‍👧",
        "\"",
        "*",
        "\"\"",
        "()",
        "\0",
        "\u{fe00}",
        "・",
        "🅰",
    ],
    &["NEAR(", "near", "ＮＥＡＲ", "\"NEAR\"", "NEAR/"],
    &["水", "水*", "\"水", "^水", "-水", "水\u{fe00}", "水\u{e0100}"],
    &["ガム", "ｶﾞﾑ", "がむ", "か\u{3099}む", "カ\u{3099}ム"],
    &["パン", "ﾊﾟﾝ", "ぱん", "は\u{309a}ん"],
    &["リットル", "㍑", "ﾘｯﾄﾙ", "りっとる"],
    &["HbA1c", "ＨｂＡ１ｃ", "hba1c", "HBA1C"],
    &["コーヒー", "ｺｰﾋｰ", "こーひー"],
    &["body:水", "body 水", "{body}:水"],
    &["AND OR NOT", "and or not"],
    &["'); DROP TABLE message_fts; --", "drop table message fts"],
    &["1.5", "1 5", "１．５"],
    &["mg/dL", "㎎/㎗", "mg dl"],
    &["葛", "葛\u{fe00}", "葛\u{e0100}"],
];

#[test]
fn no_search_text_is_an_error_and_alike_ones_find_the_same() {
    let (_folder, store) = new_store();
    let texts = [
        "near the station",
        "水を飲む",
        "ガムを買った",
        "ﾊﾟﾝと水",
        "牛乳1.5リットル",
        "HbA1cは6.2",
        "コーヒー。body 水",
        "and or not drop table message fts",
        "血糖値 110 mg/dL",
        "葛\u{fe00}切り",
    ];
    put_all(&store, &texts);
    for (line, alike) in AWKWARD.iter().enumerate() {
        let expected = find(&store, alike[0]);
        assert_eq!(expected.is_empty(), line == 0, "{}", alike[0]);
        for typed in *alike {
            assert_eq!(find(&store, typed), expected, "{typed}");
        }
    }
    // Long ones are cut; what is left is a search like any other.
    for piece in [
        "糖",
        "水 ",
        "a",
        "a ",
        "\"",
        "NEAR(",
        "か\u{3099}",
        "ｶﾞ",
        "\u{3099}",
        "😀",
        "* AND ",
    ] {
        let typed = piece.repeat(10_240 / piece.len());
        find(&store, &typed);
        let ranked = Query::parse(&typed)
            .map(|query| store.read_cache::<_, StoreError>(|reader| ARTICLES.ranked(reader, &query, 50)));
        assert!(ranked.is_none_or(|ranked| ranked.is_ok()), "{piece}");
    }
    let words: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    assert_eq!(find(&store, &words.join(" ")), [0_i64; 0]);
}

#[test]
fn pages_follow_one_another() {
    let (_folder, store) = new_store();
    put_all(&store, &["水"; 10]);
    let query = Query::parse("水").unwrap();
    let page = |before, limit| {
        store
            .read_cache::<_, StoreError>(|reader| MESSAGES.newest(reader, &query, before, limit))
            .unwrap()
    };
    assert_eq!(page(None, 3), [10, 9, 8]);
    assert_eq!(page(Some(8), 3), [7, 6, 5]);
    assert_eq!(page(Some(2), 3), [1]);
    assert_eq!(page(Some(1), 3), [0_i64; 0]);
}

#[test]
fn a_title_counts_more_than_a_body_and_one_character_is_not_weighed() {
    let (_folder, store) = new_store();
    store
        .write_cache::<_, StoreError>(|tx| {
            ARTICLES.put(tx, 1, ["糖質の話", "水のことも少し"])?;
            ARTICLES.put(
                tx,
                2,
                ["塩分の話", "糖質もあるが塩分が主で、ほかにも長い文章が続く"],
            )?;
            ARTICLES.put(tx, 3, ["水の話", "水"])?;
            ARTICLES.put(tx, 4, ["別の話", "水と糖質"])
        })
        .unwrap();
    let ranked = |typed: &str| -> Vec<(i64, bool)> {
        let query = Query::parse(typed).unwrap();
        let hits = store
            .read_cache::<_, StoreError>(|reader| ARTICLES.ranked(reader, &query, 50))
            .unwrap();
        assert!(
            hits.is_sorted_by(|one, next| one.weight <= next.weight),
            "{typed}"
        );
        hits.iter()
            .map(|hit| (hit.id, hit.weight.total_cmp(&0.0).is_eq()))
            .collect()
    };
    assert_eq!(
        ranked("糖質").iter().map(|(id, _)| *id).collect::<Vec<_>>(),
        [1, 4, 2]
    );
    assert_eq!(ranked("水"), [(3, true), (4, false), (1, false)]);
    // One part in the title, the other in the body.
    assert_eq!(ranked("話 糖質").len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_the_index_finds_is_what_is_marked(
        texts in prop::collection::vec(any::<String>(), 1..6),
        typed in prop_oneof![any::<String>(), "[ぁ-んァ-ヶ一-三a-b ﾞﾟ]{0,4}"],
        cut in any::<prop::sample::Index>(),
    ) {
        let (_folder, store) = new_store();
        put_all(&store, &texts.iter().map(String::as_str).collect::<Vec<_>>());
        let part: String = texts[cut.index(texts.len())].chars().take(5).collect();
        for typed in [&typed, &part] {
            let expected = Query::parse(typed).map_or(Vec::new(), |query| {
                (1..)
                    .zip(&texts)
                    .filter(|(_, text)| !query.places_in(text).is_empty())
                    .map(|(id, _)| id)
                    .rev_sorted()
            });
            prop_assert_eq!(find(&store, typed), expected);
        }
    }
}
