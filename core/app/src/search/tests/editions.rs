//! Following logs in steps, losing the cache, and building an index again (F89).

use std::collections::BTreeMap;

use uuid::Uuid;

use super::super::{ARTICLES, BATCH, Change, Due, MESSAGES, Position, Query};
use super::{find, new_store, open};
use crate::store::{Store, StoreError};

const EPOCH: Uuid = Uuid::from_u128(1);
const OTHER_EPOCH: Uuid = Uuid::from_u128(2);

/// Logs as `user.db` has them: the texts of the entries 1, 2, 3 and so on; an erased one has none.
type Logs = BTreeMap<&'static str, (Uuid, Vec<Option<String>>)>;

/// Each log has ids of its own.
fn id_of(log: &str, seq: usize) -> i64 {
    let first = if log == "care" { 0 } else { 1_000 };
    first + i64::try_from(seq).unwrap()
}

fn log(epoch: Uuid, texts: &[&str]) -> (Uuid, Vec<Option<String>>) {
    (epoch, texts.iter().map(|text| Some((*text).to_owned())).collect())
}

fn heads(logs: &Logs) -> BTreeMap<String, Position> {
    logs.iter()
        .map(|(name, (epoch, entries))| {
            let seq = i64::try_from(entries.len()).unwrap();
            ((*name).to_owned(), Position { epoch: *epoch, seq })
        })
        .collect()
}

fn due(store: &Store, logs: &Logs) -> Option<Due> {
    store
        .write_cache::<_, StoreError>(|tx| MESSAGES.due(tx, &heads(logs)))
        .unwrap()
}

/// One step as a module takes it: at most `batch` entries.
fn step(store: &Store, logs: &Logs, due: &Due, batch: usize) -> bool {
    let (epoch, entries) = &logs[due.log()];
    let after = usize::try_from(due.after().map_or(0, |at| at.seq)).unwrap();
    let end = entries.len().min(after + batch);
    let changes: Vec<Change<'_, 1>> = (after..end)
        .map(|place| {
            let id = id_of(due.log(), place + 1);
            match &entries[place] {
                Some(text) => Change::Put { id, texts: [text] },
                None => Change::Remove { id },
            }
        })
        .collect();
    let reached = Position {
        epoch: *epoch,
        seq: i64::try_from(end).unwrap(),
    };
    store
        .write_cache::<_, StoreError>(|tx| MESSAGES.index(tx, due, &changes, reached))
        .unwrap()
}

/// Catches up and answers how many steps it took.
fn catch_up(store: &Store, logs: &Logs) -> usize {
    let mut steps = 0;
    while let Some(due) = due(store, logs) {
        assert!(step(store, logs, &due, BATCH));
        steps += 1;
        assert!(steps < 100, "it does not end");
    }
    steps
}

fn set_old_normaliser(store: &Store) {
    store
        .write_cache::<_, StoreError>(|tx| {
            tx.connection()
                .execute("UPDATE search_edition SET normaliser_version = 0", [])?;
            Ok(())
        })
        .unwrap();
}

#[test]
fn an_index_follows_its_logs_in_steps_and_goes_on_after_a_restart() {
    let (folder, store) = new_store();
    let mut logs = Logs::new();
    logs.insert("care", log(EPOCH, &["糖質"; 120]));
    logs.insert("advice", log(EPOCH, &["塩分"; 3]));
    assert_eq!(catch_up(&store, &logs), 4);
    assert_eq!(find(&store, "糖質").len(), 120);
    assert_eq!(find(&store, "塩分"), [1_003, 1_002, 1_001]);
    store.close().unwrap();

    let store = open(&folder);
    assert_eq!(due(&store, &logs), None);
    let care = &mut logs.get_mut("care").unwrap().1;
    care.push(Some("血圧".to_owned()));
    let behind = due(&store, &logs).unwrap();
    assert_eq!(
        (behind.log(), behind.after().map(|at| at.seq)),
        ("care", Some(120))
    );
    assert_eq!(catch_up(&store, &logs), 1);
    assert_eq!(find(&store, "血圧"), [121]);
}

#[test]
fn a_lost_cache_is_filled_again() {
    let (folder, store) = new_store();
    let logs = Logs::from([("care", log(EPOCH, &["糖質", "塩分"]))]);
    catch_up(&store, &logs);
    store.close().unwrap();
    std::fs::remove_dir_all(folder.path().join("cache")).unwrap();
    let store = open(&folder);
    assert_eq!(find(&store, "塩分"), [0_i64; 0]);
    assert_eq!(catch_up(&store, &logs), 1);
    assert_eq!(find(&store, "塩分"), [2]);
}

#[test]
fn a_step_for_another_position_changes_nothing() {
    let (_folder, store) = new_store();
    let logs = Logs::from([("care", log(EPOCH, &["糖質", "塩分", "血圧"]))]);
    let first = due(&store, &logs).unwrap();
    assert!(step(&store, &logs, &first, 2));
    assert!(!step(&store, &logs, &first, 3), "the same step a second time");
    let second = due(&store, &logs).unwrap();
    // Meanwhile damage is met, and the cache is made again.
    store
        .write_cache::<_, StoreError>(|tx| Ok(tx.connection().execute_batch("DROP TABLE search_position")?))
        .unwrap();
    assert!(
        !step(&store, &logs, &second, 3),
        "the documents before it would be missing"
    );
    assert_eq!(find(&store, "糖質"), [0_i64; 0]);
    assert_eq!(catch_up(&store, &logs), 1);
    assert_eq!(find(&store, "糖質"), [1]);
}

#[test]
fn an_erased_entry_is_no_longer_found_once_the_log_says_so() {
    let (_folder, store) = new_store();
    let mut logs = Logs::from([("care", log(EPOCH, &["糖質", "塩分"]))]);
    catch_up(&store, &logs);
    store
        .write_cache::<_, StoreError>(|tx| {
            let due = MESSAGES.due(
                tx,
                &BTreeMap::from([("care".to_owned(), Position { epoch: EPOCH, seq: 3 })]),
            )?;
            let reached = Position { epoch: EPOCH, seq: 3 };
            MESSAGES.index(tx, &due.unwrap(), &[Change::Remove { id: 1 }], reached)
        })
        .unwrap();
    assert_eq!(find(&store, "糖質"), [0_i64; 0]);
    assert_eq!(find(&store, "塩分"), [2]);
    let care = &mut logs.get_mut("care").unwrap().1;
    care[0] = None;
    care.push(None);
    assert_eq!(due(&store, &logs), None);
}

#[test]
fn a_new_normaliser_builds_a_second_index_and_the_old_one_answers_until_the_swap() {
    let (_folder, store) = new_store();
    let mut logs = Logs::from([
        ("care", log(EPOCH, &["糖質"; 120])),
        ("advice", log(EPOCH, &["糖質"; 2])),
    ]);
    catch_up(&store, &logs);
    set_old_normaliser(&store);
    // A trace of the old index, to tell which one answers.
    store
        .write_cache::<_, StoreError>(|tx| MESSAGES.put(tx, 5_000, ["昔の印"]))
        .unwrap();
    let mut steps = 0;
    while let Some(due) = due(&store, &logs) {
        assert_eq!(
            find(&store, "糖質").len(),
            122 + usize::from(steps > 1),
            "the old one answers"
        );
        assert_eq!(find(&store, "昔の印"), [5_000]);
        assert!(step(&store, &logs, &due, BATCH));
        if steps == 0 {
            // What comes in meanwhile is found at once, and not lost by the swap.
            let care = &mut logs.get_mut("care").unwrap().1;
            care.push(Some("糖質".to_owned()));
        }
        steps += 1;
    }
    assert_eq!(steps, 5, "advice 2, the new one, care 50, 50, 21");
    assert_eq!(find(&store, "糖質").len(), 123);
    assert_eq!(find(&store, "昔の印"), [0_i64; 0], "the new one answers");
    assert_eq!(due(&store, &logs), None);
}

#[test]
fn building_goes_on_after_a_restart() {
    let (folder, store) = new_store();
    let logs = Logs::from([("care", log(EPOCH, &["糖質"; 120]))]);
    catch_up(&store, &logs);
    set_old_normaliser(&store);
    let first = due(&store, &logs).unwrap();
    assert!(step(&store, &logs, &first, BATCH));
    store.close().unwrap();
    let store = open(&folder);
    let second = due(&store, &logs).unwrap();
    assert_eq!(second.after().map(|at| at.seq), Some(50));
    assert_eq!(catch_up(&store, &logs), 2);
    assert_eq!(find(&store, "糖質").len(), 120);
}

#[test]
fn a_log_that_is_another_one_now_leaves_nothing_of_the_old_one() {
    let old = || {
        Logs::from([
            ("care", log(EPOCH, &["糖質", "塩分", "血圧"])),
            ("advice", log(EPOCH, &["睡眠"])),
        ])
    };
    let restored = log(OTHER_EPOCH, &["糖質"]);
    let cases: [(&str, Logs, &[i64]); 4] = [
        (
            "restored",
            Logs::from([("care", restored), ("advice", log(EPOCH, &["睡眠"]))]),
            &[1_001],
        ),
        (
            "shorter",
            Logs::from([("care", log(EPOCH, &["糖質"])), ("advice", log(EPOCH, &["睡眠"]))]),
            &[1_001],
        ),
        ("gone", Logs::from([("advice", log(EPOCH, &["睡眠"]))]), &[1_001]),
        ("all gone", Logs::new(), &[]),
    ];
    for (what, now, expected) in cases {
        let (_folder, store) = new_store();
        catch_up(&store, &old());
        assert_eq!(find(&store, "塩分"), [2]);
        catch_up(&store, &now);
        assert_eq!(find(&store, "塩分"), [0_i64; 0], "{what}");
        assert_eq!(find(&store, "睡眠"), expected, "{what}");
        assert_eq!(
            find(&store, "糖質").len(),
            usize::from(now.contains_key("care")),
            "{what}"
        );
        assert_eq!(due(&store, &now), None, "{what}");
    }
}

#[test]
fn articles_are_built_again_from_their_rows_and_may_change_meanwhile() {
    let (_folder, store) = new_store();
    let put = |id: i64, text: &str| {
        store
            .write_cache::<_, StoreError>(|tx| ARTICLES.put(tx, id, ["題", text]))
            .unwrap();
    };
    let heads = BTreeMap::from([(
        "article".to_owned(),
        Position {
            epoch: Uuid::nil(),
            seq: 60,
        },
    )]);
    let due = || {
        store
            .write_cache::<_, StoreError>(|tx| ARTICLES.due(tx, &heads))
            .unwrap()
    };
    for id in 1..=60 {
        put(id, "糖質");
    }
    assert_eq!(due(), None, "their tokens were written with them");
    set_old_normaliser(&store);
    let first = due().unwrap();
    assert_eq!((first.log(), first.after()), ("article", None));
    store
        .write_cache::<_, StoreError>(|tx| {
            let changes: Vec<Change<'_, 2>> = (1..=50)
                .map(|id| Change::Put {
                    id,
                    texts: ["題", "糖質"],
                })
                .collect();
            let reached = Position {
                epoch: Uuid::nil(),
                seq: 50,
            };
            assert!(ARTICLES.index(tx, &first, &changes, reached)?);
            ARTICLES.put(tx, 3, ["題", "塩分"])?;
            ARTICLES.remove(tx, &[4])
        })
        .unwrap();
    let second = due().unwrap();
    store
        .write_cache::<_, StoreError>(|tx| {
            let changes: Vec<Change<'_, 2>> = (51..=60)
                .map(|id| Change::Put {
                    id,
                    texts: ["題", "糖質"],
                })
                .collect();
            ARTICLES.index(tx, &second, &changes, heads["article"])
        })
        .unwrap();
    assert_eq!(due(), None);
    let found = |typed: &str| {
        let query = Query::parse(typed).unwrap();
        store
            .read_cache::<_, StoreError>(|reader| ARTICLES.newest(reader, &query, None, u32::MAX))
            .unwrap()
    };
    assert_eq!(found("塩分"), [3]);
    assert_eq!(found("糖質").len(), 58);
    // Fewer articles than before is no reason to build again.
    let fewer = BTreeMap::from([(
        "article".to_owned(),
        Position {
            epoch: Uuid::nil(),
            seq: 10,
        },
    )]);
    let due = store
        .write_cache::<_, StoreError>(|tx| ARTICLES.due(tx, &fewer))
        .unwrap();
    assert_eq!(due, None);
}
