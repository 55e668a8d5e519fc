//! What was set aside stays for 30 days.

use std::path::Path;

use tempfile::TempDir;

use super::super::{Store, StoreError};
use super::{bytes_of, try_open};
use crate::time::{DAY_MS, UtcMillis};

const NOW: UtcMillis = UtcMillis(1_790_000_000_000);

/// A store that has set aside `count` files.
fn with_quarantine(count: usize) -> (TempDir, Store) {
    let folder = TempDir::new().unwrap();
    for n in 0..count {
        let (store, _) = try_open(folder.path()).unwrap();
        store.close().unwrap();
        std::fs::write(folder.path().join("user/user.db"), format!("damage {n}")).unwrap();
    }
    let (store, recovery) = try_open(folder.path()).unwrap();
    assert!(
        recovery
            .unwrap()
            .set_aside
            .ends_with(format!("user.corrupt-{count}"))
    );
    (folder, store)
}

fn quarantine(folder: &Path) -> Vec<String> {
    bytes_of(&folder.join("user/quarantine")).into_keys().collect()
}

#[test]
fn each_file_that_is_set_aside_has_a_number_of_its_own() {
    let (folder, _store) = with_quarantine(3);
    let files = bytes_of(&folder.path().join("user/quarantine"));
    for n in 0..3_usize {
        assert_eq!(
            files[&format!("user.corrupt-{}", n + 1)],
            format!("damage {n}").into_bytes()
        );
    }
}

#[test]
fn a_file_in_quarantine_goes_after_30_days_and_not_before() {
    let (folder, store) = with_quarantine(1);
    std::fs::write(folder.path().join("user/quarantine/user.corrupt-1-wal"), "log").unwrap();
    let kept = ["user.corrupt-1", "user.corrupt-1-wal", "user.corrupt-1.since"];
    for days in [0, 0, 1, 29] {
        store.drop_old_quarantine(NOW.plus(days * DAY_MS)).unwrap();
        assert_eq!(quarantine(folder.path()), kept, "after {days} days");
    }
    store.drop_old_quarantine(NOW.plus(30 * DAY_MS - 1)).unwrap();
    assert_eq!(quarantine(folder.path()), kept);
    store.drop_old_quarantine(NOW.plus(30 * DAY_MS)).unwrap();
    assert_eq!(quarantine(folder.path()), [""; 0]);
    store.drop_old_quarantine(NOW.plus(31 * DAY_MS)).unwrap();
}

#[test]
fn a_wrong_clock_shortens_no_quarantine() {
    let (folder, store) = with_quarantine(1);
    let is_kept = || quarantine(folder.path()).contains(&"user.corrupt-1".to_owned());
    // Never set: says nothing.
    store.drop_old_quarantine(UtcMillis(0)).unwrap();
    store.drop_old_quarantine(NOW).unwrap();
    assert!(is_kept());
    // Set ahead and put right: counted from when it was right.
    store.drop_old_quarantine(NOW.plus(-DAY_MS)).unwrap();
    store.drop_old_quarantine(NOW.plus(29 * DAY_MS - 1)).unwrap();
    assert!(is_kept());
    store.drop_old_quarantine(NOW.plus(29 * DAY_MS)).unwrap();
    assert!(!is_kept());
}

#[test]
fn a_note_that_was_cut_off_is_written_again() {
    let (folder, store) = with_quarantine(1);
    std::fs::write(folder.path().join("user/quarantine/user.corrupt-1.since"), "17").unwrap();
    store.drop_old_quarantine(NOW).unwrap();
    store.drop_old_quarantine(NOW.plus(29 * DAY_MS)).unwrap();
    assert!(quarantine(folder.path()).contains(&"user.corrupt-1".to_owned()));
}

#[test]
fn a_closed_store_leaves_the_quarantine_alone() {
    let (folder, store) = with_quarantine(1);
    store.drop_old_quarantine(NOW).unwrap();
    store.pause().unwrap();
    let refused = store.drop_old_quarantine(NOW.plus(40 * DAY_MS));
    assert!(matches!(refused, Err(StoreError::Closed)));
    assert!(quarantine(folder.path()).contains(&"user.corrupt-1".to_owned()));
}
