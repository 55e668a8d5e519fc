//! Every size, rate and length on which phone and server agree, each with its reason.
//!
//! The phone keeps inside them, the server enforces them. Those marked *setting* are what a server starts with and may be
//! configured otherwise; the phone never relies on them and obeys `Retry-After`.
//!
//! Most are starting values (sync.md 20): a measurement may move them, here and nowhere else.

use std::time::Duration;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

// Pushing.

/// Operations in one push: one round trip empties the queue of an ordinary day, and a refused one is found soon.
pub const PUSH_OPERATIONS: usize = 50;
/// Bytes of one push, decompressed: half a minute of a slow mobile network (10 kB/s), the deadline of a request.
pub const PUSH_BYTES: usize = 256 * KIB;
/// Bytes of the body of one operation: two of the longest texts, however JSON escapes them, and a quarter of a push.
pub const BODY_BYTES: usize = 64 * KIB;
/// Bytes of one operation with what stands around its body.
pub const OPERATION_BYTES: usize = BODY_BYTES + 2 * KIB;

// Pulling.

/// Entries of a page in the background: one transaction of a tenth of a second on an old phone.
pub const PAGE_ENTRIES: usize = 500;
/// Entries of a page while a screen is in front: the writer is never held longer than a frame or two.
pub const PAGE_ENTRIES_FOREGROUND: usize = 100;
/// Bytes of the entries of a page, unless its first entry alone is longer: what a phone holds in memory at once.
pub const PAGE_BYTES: usize = MIB;
/// Logs in one pull: a dietitian with 300 cases reads two of each, and there is room for a lead with more.
pub const PULL_LOGS: usize = 1000;
/// Bytes of a pull: 1,000 logs of about 150 bytes, rounded up.
pub const PULL_BYTES: usize = 256 * KIB;
/// Bytes of the answer to a pull: some pages. What does not fit is left to the next pull, by `has_more`.
pub const PULL_ANSWER_BYTES: usize = 4 * MIB;
/// Shortest wait of a long poll. Each phone draws its own between this and [`LONG_POLL_MOST`], so that they do not come in step.
pub const LONG_POLL_LEAST: Duration = Duration::from_secs(20);
/// Longest wait of a long poll: below the 30 s after which common proxies cut an idle request.
pub const LONG_POLL_MOST: Duration = Duration::from_secs(25);
/// What a phone adds to the wait for its own deadline: the answer of a server that just woke still has to travel.
pub const LONG_POLL_MARGIN: Duration = Duration::from_secs(10);
/// Pulls of one device at a time: a second one could only repeat the first.
pub const PULLS_IN_FLIGHT: usize = 1;

// Requests in general.

/// Deadline of a request that is neither an upload nor a long poll.
pub const REQUEST_DEADLINE: Duration = Duration::from_secs(30);
/// Bytes of any other request: sign-in, devices, the creation of an upload.
pub const SMALL_REQUEST_BYTES: usize = 16 * KIB;
/// Bytes of any other answer: the caseload of 1,000 cases is the longest.
pub const SMALL_ANSWER_BYTES: usize = MIB;
/// Items of one page of a coordinator's list: with the longest names still below [`SMALL_ANSWER_BYTES`].
pub const LIST_ITEMS: usize = 200;
/// Members of one page of staff, each with up to [`STAFF_DEVICES`].
pub const STAFF_ITEMS: usize = 25;
/// Devices that are listed for one member of the staff: their sessions end within days.
pub const STAFF_DEVICES: usize = 20;
/// Devices that somebody's own list shows.
pub const OWN_DEVICES: usize = 100;
/// Characters of a text of consent: thirty pages.
pub const CONSENT_TEXT_CHARS: usize = 50_000;
/// Bytes of a problem document, ten times what one takes: what a proxy sends instead is not read on.
pub const PROBLEM_BYTES: usize = 4 * KIB;
/// Bytes of all header fields of a request: tokens and content types take a tenth.
pub const HEADER_BYTES: usize = 16 * KIB;
/// Longest wait that a server may ask for and a phone obeys: a wrong date in `Retry-After` must not silence a phone for a year.
pub const RETRY_AFTER_MOST: Duration = Duration::from_hours(1);
/// How long the answer to an `Idempotency-Key` is kept at least: a month without a phone, or in a ward.
pub const IDEMPOTENCY_KEPT: Duration = Duration::from_hours(30 * 24);
/// Fields of an entry that a reader keeps without knowing them: versions add one or two, and more is no entry.
pub const UNKNOWN_FIELDS: usize = 32;

// Rates.

/// *Setting.* Pushes of one device in a minute: one a second is more than a person types.
pub const PUSHES_PER_MINUTE: u32 = 60;
/// *Setting.* Pushes of one device at once: a phone three weeks behind sends 6,000 operations without a pause.
pub const PUSH_BURST: u32 = 120;
/// *Setting.* Sign-ins, enrolments and transfers from one address in an hour: a family behind one router still gets in.
pub const SIGN_INS_PER_HOUR: u32 = 10;

// Text.

/// Characters (Unicode scalar values) of a message, question, answer or note: three pages.
pub const TEXT_CHARS: usize = 5000;
/// Characters of a name, title, or line of reply hours.
pub const LINE_CHARS: usize = 200;
/// Characters of what a person typed into a number field; every character is kept for ever.
pub const TYPED_CHARS: usize = 100;
/// Bytes of a setting's value.
pub const SETTING_BYTES: usize = 4 * KIB;
/// Bytes of a code, password, token or other secret.
pub const SECRET_BYTES: usize = 512;
/// Elements of a short list in a body: goals, rules that matched, habits kept.
pub const SHORT_LIST: usize = 32;
/// Persons who may act for one case: a team with its substitutes.
pub const ACTING_STAFF: usize = 20;

/// Whether a text is a name or a line as they are stored: not blank, at most [`LINE_CHARS`], without U+0000.
#[must_use]
pub fn is_line(text: &str) -> bool {
    check::text("line", text, LINE_CHARS).is_ok() && check::column("line", text, LINE_CHARS).is_ok()
}

// Readings.

/// Steps of one day or slot, and of a correction: the largest amount that any source may report (steps.md 4).
pub const STEPS: i64 = 1_000_000;
/// Hour slots of one date: 24, one more when clocks go back, and more on a flight eastwards or across the date line, or where an hour is cut.
pub const HOUR_SLOTS: usize = 100;
/// Stretches of one date that do not count.
pub const SPANS: usize = 200;
/// Lightest weight in units of 10 g: 2 kg (weight.md 2).
pub const WEIGHT_LEAST_10G: u32 = 200;
/// Heaviest weight in units of 10 g: 500 kg (weight.md 2).
pub const WEIGHT_MOST_10G: u32 = 50_000;
/// Smallest waist in millimetres; below it the number is another unit.
pub const WAIST_LEAST_MM: u32 = 100;
/// Largest waist in millimetres.
pub const WAIST_MOST_MM: u32 = 3000;
/// Longest contact in minutes: a day.
pub const CONTACT_MOST_MIN: u16 = 1440;
/// Largest group.
pub const GROUP_MOST: u16 = 999;

// Pictures.

/// Pictures of one message: a meal from all sides.
pub const PICTURES: usize = 4;
/// Bytes of one picture as it is sent; encoded at [`PICTURE_EDGE_PX`] it takes a tenth.
pub const PICTURE_BYTES: u32 = 10 * 1024 * 1024;
/// Pixels of a picture, judged from its header before anything is decoded: what today's phones take, and no bomb.
pub const PICTURE_PIXELS: u64 = 50_000_000;
/// Long edge in pixels of a picture as it is sent.
pub const PICTURE_EDGE_PX: u32 = 2048;
/// Long edge in pixels of a thumbnail.
pub const THUMBNAIL_EDGE_PX: u32 = 320;
/// *Setting.* Bytes that one account may upload in a day.
pub const UPLOAD_BYTES_PER_DAY: u64 = 100 * 1024 * 1024;
/// Bytes of one part of an upload: what a lost connection costs, eight seconds at [`UPLOAD_BYTES_PER_SECOND`].
pub const UPLOAD_PART_BYTES: u32 = 1024 * 1024;
/// Uploads of one device at a time: a second one fills the pauses of the first, a third only slows both.
pub const UPLOADS_IN_FLIGHT: usize = 2;
/// Shortest deadline of an upload.
pub const UPLOAD_DEADLINE_LEAST: Duration = Duration::from_mins(5);
/// Slowest network that a deadline allows for: 1 Mbit/s.
pub const UPLOAD_BYTES_PER_SECOND: u64 = 125_000;
/// How long the server keeps a picture that no message names: a phone without signal for a weekend still sends its message.
pub const UPLOAD_KEPT: Duration = Duration::from_hours(7 * 24);

/// Deadline of an upload with this many bytes still to send.
#[must_use]
pub fn upload_deadline(bytes: u64) -> Duration {
    // The divisor is a constant above zero.
    let seconds = bytes.checked_div(UPLOAD_BYTES_PER_SECOND).unwrap_or(u64::MAX);
    Duration::from_secs(seconds).max(UPLOAD_DEADLINE_LEAST)
}

// Sessions.

/// *Setting.* Life of an access token: a stolen one is worth little, and one refresh serves fifty pulls.
pub const ACCESS_TOKEN_LIFE: Duration = Duration::from_mins(15);
/// How long a used refresh token still returns its successor while that is unused: a weekend without signal signs nobody out.
pub const REFRESH_GRACE: Duration = Duration::from_hours(7 * 24);
/// How long a copy of a refresh may wander in the network: the deadline of its sender, and what a proxy holds back. Until then after the
/// first use of the successor it is a late copy and no theft.
pub const REFRESH_WANDERS: Duration = Duration::from_mins(5);
/// Life of a code that is spoken or sent in a message.
pub const SHORT_CODE_LIFE: Duration = Duration::from_mins(10);

// Snapshots.

/// Entries of a snapshot that a phone applies in one transaction: nothing is on screen yet that could stutter.
pub const SNAPSHOT_TRANSACTION_ENTRIES: usize = 1000;
/// Bytes of a snapshot, decompressed: ten times the largest log expected in ten years.
pub const SNAPSHOT_BYTES: usize = 64 * MIB;
/// Bytes of a snapshot that are asked for at a time: what a lost connection costs, two seconds at [`UPLOAD_BYTES_PER_SECOND`].
pub const SNAPSHOT_PART_BYTES: u32 = 256 * 1024;
/// Entries that a snapshot has to save a phone: ten pages in the foreground. Below that pages are as good.
pub const SNAPSHOT_WORTH_ENTRIES: i64 = 1000;

/// A value that is longer, larger or otherwise other than this module allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("accept {field}: {reason}")]
pub struct LimitError {
    /// The field, by its name in the JSON text.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: LimitReason,
}

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitReason {
    /// Nothing where something must be.
    #[error("it is empty")]
    Empty,
    /// A text or a list.
    #[error("it is longer than {most}")]
    TooLong {
        /// Longest that is accepted, in the unit of its constant.
        most: usize,
    },
    /// A number.
    #[error("it is outside {least} to {most}")]
    OutOfRange {
        /// Smallest that is accepted.
        least: i64,
        /// Largest that is accepted.
        most: i64,
    },
    /// A text with U+0000, which a database does not store. Nobody types it.
    #[error("it holds U+0000")]
    NotStorable,
    /// Two fields that contradict each other, or a field without the one it belongs to.
    #[error("it contradicts another field")]
    Contradiction,
}

/// Checks in the order in which they are written; the first that fails is the answer.
pub(crate) mod check {
    use super::{LimitError, LimitReason};

    type Checked = Result<(), LimitError>;

    pub(crate) fn fail(field: &'static str, reason: LimitReason) -> Checked {
        Err(LimitError { field, reason })
    }

    /// A list, or a text in bytes, of at most `most`.
    pub(crate) fn length(field: &'static str, length: usize, most: usize) -> Checked {
        if length > most {
            return fail(field, LimitReason::TooLong { most });
        }
        Ok(())
    }

    /// A text of at most `most` characters.
    pub(crate) fn chars(field: &'static str, text: &str, most: usize) -> Checked {
        // A text has no more characters than bytes, so most texts are not counted.
        if text.len() > most && text.chars().count() > most {
            return fail(field, LimitReason::TooLong { most });
        }
        Ok(())
    }

    /// A text that becomes a column of its own and not a part of a body, of at most `most` characters.
    pub(crate) fn column(field: &'static str, text: &str, most: usize) -> Checked {
        if text.contains('\0') {
            return fail(field, LimitReason::NotStorable);
        }
        chars(field, text, most)
    }

    /// A text of 1 to `most` characters that are not all white space.
    pub(crate) fn text(field: &'static str, text: &str, most: usize) -> Checked {
        if text.trim().is_empty() {
            return fail(field, LimitReason::Empty);
        }
        chars(field, text, most)
    }

    /// A number within `least..=most`.
    pub(crate) fn range<T: Into<i64> + Copy>(field: &'static str, number: T, least: T, most: T) -> Checked {
        let (number, least, most) = (number.into(), least.into(), most.into());
        if number < least || number > most {
            return fail(field, LimitReason::OutOfRange { least, most });
        }
        Ok(())
    }

    /// Two fields agree.
    pub(crate) fn agree(field: &'static str, is_consistent: bool) -> Checked {
        if is_consistent {
            Ok(())
        } else {
            fail(field, LimitReason::Contradiction)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAFF_PAGE_BYTES: usize = STAFF_ITEMS * (6 * LINE_CHARS + STAFF_DEVICES * (6 * LINE_CHARS + 300));

    #[test]
    fn the_longest_texts_and_lists_fit_into_a_body_and_every_operation_into_a_push() {
        // Three bytes for a Japanese character, six for one that JSON escapes.
        const { assert!(2 * 6 * TEXT_CHARS + 6 * LINE_CHARS + 1000 < BODY_BYTES) };
        const { assert!(ACTING_STAFF * (12 * LINE_CHARS + 500) < BODY_BYTES) };
        const { assert!(SHORT_LIST * (6 * LINE_CHARS + 200) < BODY_BYTES) };
        const { assert!(HOUR_SLOTS * 50 + 2 * SPANS * 70 + 1000 < BODY_BYTES) };
        const { assert!(OPERATION_BYTES * 3 < PUSH_BYTES) };
        const { assert!(LIST_ITEMS * (2 * 6 * LINE_CHARS + 2000) < SMALL_ANSWER_BYTES) };
        const { assert!(STAFF_PAGE_BYTES < SMALL_ANSWER_BYTES) };
        const { assert!(6 * CONSENT_TEXT_CHARS + 1000 < SMALL_ANSWER_BYTES) };
        const { assert!(PAGE_BYTES > 2 * OPERATION_BYTES && PULL_ANSWER_BYTES > PAGE_BYTES) };
    }

    #[test]
    fn a_small_upload_has_five_minutes_and_a_large_one_what_a_slow_network_needs() {
        assert_eq!(upload_deadline(0), Duration::from_mins(5));
        assert_eq!(upload_deadline(125_000 * 400), Duration::from_secs(400));
        assert!(upload_deadline(u64::MAX) > Duration::from_secs(400));
    }

    #[test]
    fn characters_are_counted_and_not_bytes() {
        assert_eq!(check::chars("text", &"歩".repeat(10), 10), Ok(()));
        let error = check::chars("text", &"歩".repeat(11), 10).unwrap_err();
        assert_eq!(error.to_string(), "accept text: it is longer than 10");
        assert!(
            check::text("text", " \n　", 10).is_err(),
            "white space is no text"
        );
    }
}
