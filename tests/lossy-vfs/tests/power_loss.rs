//! Databases on the lossy layer: what SQLite promises holds, and a disk that breaks its own promise is noticed.
#![expect(
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    reason = "tests: a panic is a failed test"
)]

mod scenario;

use ayumi_lossy_vfs::{Call, Failure, Fault, Losses};
use scenario::{Bench, Outcome};

/// Power is lost at each sync of the scenario in turn, with several throws of the dice, and once more after its end.
fn at_every_sync(
    journal: &str,
    synchronous: &str,
    lies: bool,
    mut look: impl FnMut(&Outcome),
) -> (Losses, u64) {
    let mut total = Losses::default();
    let syncs = {
        let bench = Bench::new();
        bench.run(journal, synchronous);
        bench.vfs.calls_of(Call::Sync)
    };
    let mut add = |losses: Losses| {
        total.kept += losses.kept;
        total.dropped += losses.dropped;
        total.torn += losses.torn;
        total.reordered += losses.reordered;
    };
    for nth in 1..=syncs.saturating_add(1) {
        for seed in 0..6 {
            let bench = Bench::new();
            bench.vfs.lie_about_sync(lies);
            let seed = nth * 1_000 + seed;
            bench
                .vfs
                .fail(Fault::at(nth).of(Call::Sync).with(Failure::PowerLoss(seed)));
            let committed = bench.run(journal, synchronous);
            bench.vfs.heal();
            bench.vfs.lie_about_sync(false);
            // The scenario may be over before the last sync came.
            bench.vfs.lose_power("", seed).expect("files");
            add(bench.vfs.losses());
            look(&bench.reopened(committed));
        }
    }
    (total, syncs)
}

#[test]
fn f10_with_full_sync_every_committed_transaction_survives_power_loss_at_every_sync() {
    let (losses, syncs) = at_every_sync("wal", "FULL", false, |outcome| {
        assert!(outcome.is_sound, "{outcome:?}");
        assert!(outcome.found >= outcome.committed, "{outcome:?}");
    });
    assert!(syncs > 30, "{syncs} syncs");
    // Proves that there was something to lose.
    assert!(
        losses.dropped > 100 && losses.torn > 10 && losses.reordered > 10,
        "{losses:?}"
    );
}

#[test]
fn a_rollback_journal_keeps_every_committed_transaction_too() {
    at_every_sync("delete", "FULL", false, |outcome| {
        assert!(outcome.is_sound, "{outcome:?}");
        assert!(outcome.found >= outcome.committed, "{outcome:?}");
    });
}

#[test]
fn f09_with_normal_sync_the_last_transactions_may_go_but_the_file_is_sound() {
    let mut went = 0;
    at_every_sync("wal", "NORMAL", false, |outcome| {
        assert!(outcome.is_sound, "{outcome:?}");
        if outcome.found < outcome.committed {
            went += 1;
        }
    });
    assert!(went > 0, "NORMAL lost nothing: the layer does not lose");
}

#[test]
fn a_disk_that_lies_about_syncs_is_noticed() {
    let mut noticed = 0;
    at_every_sync("wal", "FULL", true, |outcome| {
        if !outcome.is_sound || outcome.found < outcome.committed {
            noticed += 1;
        }
    });
    assert!(noticed > 10, "{noticed} runs noticed");
}

#[test]
fn the_same_seed_leaves_the_same_files() {
    // Sizes, because the salts of a log are new in each run.
    let left = |seed: u64| {
        let bench = Bench::new();
        let connection = bench.connect().expect("a connection");
        Bench::prepare(&connection, "wal", "NORMAL").expect("a table");
        // Without checkpoints nothing is synced, so that everything may be lost.
        connection
            .execute_batch("PRAGMA wal_autocheckpoint = 0")
            .expect("a setting");
        for row in 0..20 {
            Bench::insert(&connection, row).expect("a row");
        }
        let losses = bench.vfs.lose_power(bench.path(), seed).expect("files");
        (bench.vfs.snapshot(bench.folder()).expect("files").sizes(), losses)
    };
    assert_eq!(left(3), left(3));
    assert!((0..8).any(|seed| left(seed) != left(3)));
}

#[test]
fn connections_from_before_are_dead_and_do_not_harm_the_files_after() {
    let bench = Bench::new();
    let old = bench.connect().expect("a connection");
    Bench::prepare(&old, "wal", "FULL").expect("a table");
    Bench::insert(&old, 0).expect("a row");
    bench.vfs.lose_power(bench.path(), 1).expect("files");
    assert!(Bench::insert(&old, 1).is_err());
    let new = bench.connect().expect("a connection");
    Bench::insert(&new, 1).expect("a row");
    drop(old);
    Bench::insert(&new, 2).expect("a row");
    let second = bench.connect().expect("a connection");
    assert_eq!(Bench::count(&second).expect("a count"), 3);
    drop((new, second));
    assert_eq!(bench.reopened(3).found, 3);
}

#[test]
fn power_is_lost_in_one_folder_alone() {
    let bench = Bench::new();
    let (one, other) = (bench.neighbour("one"), bench.neighbour("other"));
    for connection in [&one, &other] {
        Bench::prepare(connection, "wal", "NORMAL").expect("a table");
        Bench::insert(connection, 0).expect("a row");
    }
    let folder = format!("{}/one/", bench.folder().display());
    bench.vfs.lose_power(&folder, 1).expect("files");
    assert!(Bench::insert(&one, 1).is_err());
    assert!(Bench::insert(&other, 1).is_ok());
}

#[test]
fn a_snapshot_comes_back_in_another_folder() {
    let bench = Bench::new();
    let connection = bench.connect().expect("a connection");
    Bench::prepare(&connection, "wal", "FULL").expect("a table");
    for row in 0..5 {
        Bench::insert(&connection, row).expect("a row");
    }
    let backup = bench.vfs.snapshot(bench.folder()).expect("a copy");
    Bench::insert(&connection, 5).expect("a row");
    let restored = Bench::new();
    restored.vfs.restore(&backup, restored.folder()).expect("files");
    assert_eq!(restored.reopened(5).found, 5);
    assert_eq!(Bench::count(&connection).expect("a count"), 6);
}
