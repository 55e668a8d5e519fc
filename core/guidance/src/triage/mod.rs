//! Red flags: words of a message or a question that must not wait for an answer, and what to do at once.
//!
//! It runs on the phone before a text is sent, never blocks sending, and the server repeats it with its own list.
//! False alarms are preferred to misses: a denial ("胸は痛くない") is found like the complaint, and only phrases of every
//! day that mean something else ("胸肉", "死ぬほど笑った") are taken out.
//!
//! ```text
//!   rules.txt ── list ──▶ rules, words
//!                               │
//!   text ─ fold ─▶ characters ──┴─ words ─▶ places ─ pattern ─▶ first place of each rule
//! ```
//!
//! The rules and the advice are data for a health professional to review, in `rules.txt`; `docs/triage.md` shows them as a page.
//! So the advice stands here as sentences, in Japanese, and has a key for a shell that has its own.
//!
//! Invariants: the same text gives the same answer on every phone and on the server; the work grows with the length of the
//! text; what stands before and after a find, on other lines, does not take it away.
//!
//! Measured: 5,000 characters, as many as can be sent, take about a millisecond of one core in the release profile.
//!
//! Source: content.md 14.

mod fold;
mod list;
mod pattern;
#[cfg(test)]
mod tests;
mod words;

use std::ops::Range;
use std::sync::LazyLock;

use list::List;
use pattern::{Exceptions, Pattern};
use words::SetId;

/// How soon something has to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// At once, without waiting for an answer: 119, or the number that the advice names. Staff are alerted at any hour.
    Emergency,
    /// An adviser within four hours of opening time.
    Urgent,
    /// The professional should know before the programme goes on.
    Watch,
}

impl Level {
    /// The word for it, which never changes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Urgent => "urgent",
            Self::Watch => "watch",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Emergency, Self::Urgent, Self::Watch]
            .into_iter()
            .find(|level| level.as_str() == word)
    }
}

/// A rule of the list: what it looks for, and what to do then.
pub struct Rule {
    id: &'static str,
    subject: &'static str,
    level: Level,
    advice: Vec<&'static str>,
    patterns: Vec<Pattern>,
    exceptions: Option<SetId>,
    /// Lines of the list, for the page.
    patterns_as_written: Vec<&'static str>,
    exceptions_as_written: Vec<&'static str>,
}

impl Rule {
    fn new(id: &'static str) -> Self {
        Self {
            id,
            subject: "",
            // What a rule without the line would be: too loud rather than too quiet.
            level: Level::Emergency,
            advice: Vec::new(),
            patterns: Vec::new(),
            exceptions: None,
            patterns_as_written: Vec::new(),
            exceptions_as_written: Vec::new(),
        }
    }

    /// Its name for entries and the audit, which never changes its meaning: lower-case letters and `-`.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// What it is about, in Japanese.
    #[must_use]
    pub fn subject(&self) -> &'static str {
        self.subject
    }

    /// How soon something has to happen.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// What to do at once: sentences in Japanese, the most pressing first.
    #[must_use]
    pub fn advice(&self) -> &[&'static str] {
        &self.advice
    }

    /// Key of the advice, for a shell with texts of its own.
    #[must_use]
    pub fn advice_key(&self) -> String {
        format!("triage.advice.{}", self.id)
    }
}

/// A rule that a text met.
#[derive(Clone)]
pub struct Match {
    /// The rule.
    pub rule: &'static Rule,
    /// Bytes of the text in which its words stand, the end excluded. It begins and ends between characters.
    pub place: Range<usize>,
}

/// Who answers for the list, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Review {
    /// Version of the list; a later one is larger.
    pub version: u32,
    /// The health professional who reviewed it.
    pub reviewer: &'static str,
    /// Date of the review, `YYYY-MM-DD`.
    pub reviewed_on: &'static str,
}

/// The list of this version. A list that cannot be read would be empty; a test reads it, so no build that passed has one.
static LIST: LazyLock<List> = LazyLock::new(|| list::read(include_str!("rules.txt")).unwrap_or_default());

/// All rules, in the order of the list.
#[must_use]
pub fn rules() -> &'static [Rule] {
    &LIST.rules
}

/// The rule of an id; `None` if this version has none, as an id of a newer list.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().iter().find(|rule| rule.id == id)
}

/// The review of the list.
#[must_use]
pub fn review() -> Review {
    Review {
        version: LIST.version,
        reviewer: LIST.reviewer,
        reviewed_on: LIST.reviewed_on,
    }
}

/// The rules that a text meets.
///
/// Shapes: each rule at most once, with its first place; the most pressing level first, within a level in the order of the
/// list. There are never more than an entry may name (32).
/// Units: places in bytes of `text`.
/// Errors: none; a text without a red flag gives nothing.
/// Source: content.md 14.
#[must_use]
pub fn triage(text: &str) -> Vec<Match> {
    let list = &*LIST;
    let characters = fold::fold(text);
    let places = list.words.places(&characters);
    let longest = list.words.longest();
    let mut matches: Vec<Match> = list
        .rules
        .iter()
        .filter_map(|rule| {
            let exceptions = Exceptions::new(rule.exceptions, &places, &characters);
            let span = rule
                .patterns
                .iter()
                .filter_map(|pattern| pattern.find(&characters, &places, &exceptions, longest))
                .min_by_key(|span| (span.start, span.end))?;
            let first = characters.get(span.start)?;
            let last = characters.get(span.end.checked_sub(1)?)?;
            Some(Match {
                rule,
                place: first.place.start..last.place.end,
            })
        })
        .collect();
    matches.sort_by_key(|found| found.rule.level);
    matches
}
