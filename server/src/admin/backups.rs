//! Backup and restore, with their progress.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::server::Server;
use crate::store::backup::{self, BackupError, Progress, Watch};

fn watch() -> (ProgressBar, Watch) {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    let shown = bar.clone();
    let watch: Watch = Arc::new(move |progress: Progress| {
        shown.set_message(format!("{} rows, {} pictures", progress.rows, progress.objects));
    });
    (bar, watch)
}

pub(super) async fn write(server: &Server, folder: &Path) -> Result<String, String> {
    let (bar, watch) = watch();
    let made = backup::write(&*server.store, &*server.objects, &server.host, folder, watch).await;
    bar.finish_and_clear();
    let made = made.map_err(|error| failed(&error))?;
    Ok(said(
        &made,
        &format!(
            "in {}; it holds health data: encrypt where you keep it",
            folder.display()
        ),
    ))
}

pub(super) async fn restore(server: &Server, folder: &Path) -> Result<String, String> {
    let (bar, watch) = watch();
    let made = backup::restore(&*server.store, &*server.objects, &server.host, folder, watch).await;
    bar.finish_and_clear();
    let made = made.map_err(|error| failed(&error))?;
    Ok(said(
        &made,
        "restored, as another incarnation: every phone offers again what it wrote since the backup",
    ))
}

fn failed(error: &BackupError) -> String {
    format!("failed to {error}")
}

fn said(done: &Progress, what: &str) -> String {
    let missing = match done.missing_objects {
        0 => String::new(),
        count => format!(" ({count} pictures are missing in the object store)"),
    };
    format!("{} rows and {} pictures {what}{missing}", done.rows, done.objects)
}
