//! What we rely on in FTS5 and its `unicode61`, pinned on both engines.

use rusqlite::Connection;
use unicode_normalization::char::is_public_assigned;

use super::super::normalise::{NORMALISER_VERSION, normalise};
use super::super::table::Edition;
use super::super::tokens::document_tokens;
use super::super::{MESSAGES, sql};
use super::find;
use crate::store::StoreError;

/// Tokens of each document as the engine sees them.
fn seen_by_engine(documents: &[String]) -> Vec<Vec<String>> {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(sql::BOOKKEEPING).unwrap();
    sql::create(&connection, "t", &["body"], Edition::Live, NORMALISER_VERSION).unwrap();
    connection
        .execute_batch("CREATE VIRTUAL TABLE v USING fts5vocab(t, instance); BEGIN IMMEDIATE")
        .unwrap();
    for (id, document) in (0..).zip(documents) {
        sql::insert(&connection, "t", &["body"], id, std::slice::from_ref(document)).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
    let mut seen = vec![Vec::new(); documents.len()];
    let mut statement = connection
        .prepare("SELECT doc, term FROM v ORDER BY doc, offset")
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let document: i64 = row.get(0).unwrap();
        seen[usize::try_from(document).unwrap()].push(row.get(1).unwrap());
    }
    seen
}

#[test]
fn every_token_of_every_character_is_one_token_to_the_engine() {
    let characters: Vec<char> = ('\0'..=char::MAX)
        .filter(|character| is_public_assigned(*character))
        .collect();
    let documents: Vec<String> = characters
        .chunks(1_000)
        .map(|characters| {
            let text: String = characters
                .iter()
                .flat_map(|character| [*character, '。'])
                .collect();
            document_tokens(normalise(&text).text())
        })
        .collect();
    for (document, seen) in documents.iter().zip(seen_by_engine(&documents)) {
        let ours: Vec<&str> = document.split(' ').filter(|token| !token.is_empty()).collect();
        assert_eq!(seen, ours);
    }
}

#[test]
fn the_engine_alone_would_lose_what_the_normaliser_keeps() {
    let seen = |text: &str| seen_by_engine(&[text.to_owned()]).remove(0).join("|");
    for kept in ["ー", "々", "〇", "ヶ", "ヵ", "ゝ", "〆", "𠮟", "100kcal"] {
        assert_eq!(seen(kept), kept);
    }
    for dropped in ["😀", "・", "〜", "―", "%"] {
        assert_eq!(seen(dropped), "", "{dropped}");
    }
    assert_eq!(seen("1.5 mg/dL HbA1c"), "1|5|mg|dl|hba1c");
    // Why a text must be normalised first.
    assert_ne!(seen("か\u{3099}"), "が");
    assert_eq!(seen("㎏"), "");
    assert_eq!(seen("㍑"), "");
}

#[test]
fn a_single_character_is_found_without_reading_the_whole_index() {
    let (_folder, store) = super::new_store();
    store
        .read_cache::<_, StoreError>(|reader| {
            let stored: String = reader.connection().query_row(
                "SELECT sql FROM sqlite_schema WHERE name = 'message_fts'",
                [],
                |row| row.get(0),
            )?;
            assert!(stored.contains("prefix = '1'"), "{stored}");
            assert!(stored.contains("contentless_delete = 1"), "{stored}");
            Ok(())
        })
        .unwrap();
}

#[test]
fn putting_again_replaces_and_removing_removes() {
    let (_folder, store) = super::new_store();
    super::put_all(&store, &["糖質", "塩分", "水"]);
    assert_eq!(find(&store, "塩分"), [2]);
    store
        .write_cache::<_, StoreError>(|tx| {
            MESSAGES.put(tx, 2, ["糖質制限"])?;
            MESSAGES.remove(tx, &[3, 77])
        })
        .unwrap();
    assert_eq!(find(&store, "塩分"), [0_i64; 0]);
    assert_eq!(find(&store, "水"), [0_i64; 0]);
    assert_eq!(find(&store, "糖質"), [2, 1]);
    let count = |sql: &str| {
        store
            .read_cache::<i64, StoreError>(|reader| {
                Ok(reader.connection().query_row(sql, [], |row| row.get(0))?)
            })
            .unwrap()
    };
    assert_eq!(count("SELECT count(*) FROM message_fts_docsize"), 2);
}
