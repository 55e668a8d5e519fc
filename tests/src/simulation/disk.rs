//! The disk under every database of a process: a file layer that fills up and loses power, for the files of one phone at a time.

use std::path::Path;
use std::sync::OnceLock;

use ayumi_lossy_vfs::{Call, Failure, Fault, LossyVfs};

/// The layer, under every connection that is opened from here on.
fn layer() -> &'static LossyVfs {
    static LAYER: OnceLock<LossyVfs> = OnceLock::new();
    LAYER.get_or_init(|| LossyVfs::default_named("simulated").expect("SQLite takes a file layer"))
}

/// Puts the layer under every database. Doing it twice is doing it once.
pub(super) fn insert() {
    let _ = layer();
}

/// The beginning of the full path of every file in a folder.
fn under(folder: &Path) -> String {
    let folder = folder.canonicalize().expect("the files of a phone");
    format!("{}/", folder.display())
}

/// No database in a folder can be written any more.
pub(super) fn fill(folder: &Path) {
    let full = Fault::at(1).of(Call::Write).with(Failure::Full);
    layer().fail(full.under(&under(folder)).from_then_on());
}

/// There is room again.
pub(super) fn make_room(folder: &Path) {
    layer().heal_under(&under(folder));
}

/// Power is lost under the databases in a folder: of what was not synced a seed decides what is there afterwards.
pub(super) fn lose_power(folder: &Path, seed: u64) {
    layer()
        .lose_power(&under(folder), seed)
        .expect("the files of a phone");
}
