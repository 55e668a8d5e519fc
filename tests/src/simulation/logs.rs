//! Looks into every line that the core and the server log, for texts that belong into none (I11).

use std::cell::Cell;
use std::fmt::Debug;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::people::MARK;

thread_local! {
    static FOUND: Cell<bool> = const { Cell::new(false) };
}

/// Looks from here on, in every thread. Doing it twice is doing it once.
pub(super) fn look() {
    // Another test of the process may have a subscriber of its own.
    let _ = tracing::subscriber::set_global_default(Scanner);
}

/// Whether a marked text was found in this thread since this was last asked.
pub(super) fn found() -> bool {
    FOUND.replace(false)
}

struct Scanner;

struct Fields;

impl Visit for Fields {
    fn record_str(&mut self, _field: &Field, value: &str) {
        if value.contains(MARK) {
            FOUND.set(true);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

impl Subscriber for Scanner {
    fn enabled(&self, _metadata: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Fields);
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, values: &Record<'_>) {
        values.record(&mut Fields);
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Fields);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}
