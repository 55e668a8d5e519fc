//! Whether everything that was written is where it should be: what each phone shows is compared with what was typed.
//!
//! The texts of the demonstration differ from each other, so a text names its message. What was typed is noted by the story when it
//! types, and nothing here comes from a phone's own opinion of what it sent.

use std::fmt::Debug;

/// What became of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// How many were typed.
    pub written: usize,
    /// How many different ones of them the server hands out to a phone that begins with nothing.
    pub on_server: usize,
    /// How often a place that should show one does not.
    pub lost: usize,
    /// How often a place shows one more than once, or one that nobody typed.
    pub doubled: usize,
    /// How often in a place one stands before another that was typed earlier.
    pub out_of_order: usize,
    /// Every place shows the same messages, under the same ids and numbers.
    pub are_equal: bool,
}

impl Verdict {
    /// Whether nothing is wrong.
    pub(super) const fn is_clean(&self) -> bool {
        self.on_server == self.written
            && self.lost == 0
            && self.doubled == 0
            && self.out_of_order == 0
            && self.are_equal
    }
}

/// A message as a place shows it: its text, and what must be the same everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown<Id> {
    pub text: String,
    /// Its id and its number in the log.
    pub id: Id,
}

/// Compares what was typed, oldest first, with what a phone that read the server from its first entry shows, and with what the other
/// phones show.
pub(super) fn verdict<Id: PartialEq + Debug>(
    written: &[String],
    server: &[Shown<Id>],
    phones: &[&[Shown<Id>]],
) -> Verdict {
    let place_of = |shown: &Shown<Id>| written.iter().position(|text| *text == shown.text);
    let (mut lost, mut doubled, mut out_of_order): (usize, usize, usize) = (0, 0, 0);
    let places = || std::iter::once(server).chain(phones.iter().copied());
    for place in places() {
        let found: Vec<usize> = place.iter().filter_map(place_of).collect();
        let is_missing = |index: &usize| !found.contains(index);
        let missing = (0..written.len()).filter(is_missing).count();
        lost = lost.saturating_add(missing);
        let present = written.len().saturating_sub(missing);
        doubled = doubled.saturating_add(place.len().saturating_sub(present));
        let falls = found.iter().zip(found.iter().skip(1));
        out_of_order = out_of_order.saturating_add(falls.filter(|(first, second)| first > second).count());
    }
    let is_on_server = |text: &&String| server.iter().any(|shown| shown.text == **text);
    Verdict {
        written: written.len(),
        on_server: written.iter().filter(is_on_server).count(),
        lost,
        doubled,
        out_of_order,
        are_equal: places().all(|place| place == server),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(texts: &[&str]) -> Vec<Shown<String>> {
        let one = |text: &&str| Shown {
            text: (*text).to_owned(),
            id: format!("id of {text}"),
        };
        texts.iter().map(one).collect()
    }

    fn judge(server: &[&str], phone: &[&str]) -> Verdict {
        let written = ["a", "b", "c"].map(str::to_owned);
        verdict(&written, &shown(server), &[&shown(phone)])
    }

    #[test]
    fn what_stands_everywhere_once_and_in_order_is_clean() {
        let clean = judge(&["a", "b", "c"], &["a", "b", "c"]);
        assert!(clean.is_clean(), "{clean:?}");
        assert_eq!((clean.written, clean.on_server), (3, 3));
    }

    #[test]
    fn each_fault_is_found_and_named() {
        let lost = judge(&["a", "c"], &["a", "b", "c"]);
        assert_eq!((lost.lost, lost.on_server, lost.are_equal), (1, 2, false));
        let doubled = judge(&["a", "b", "b", "c"], &["a", "b", "c"]);
        assert_eq!((doubled.doubled, doubled.lost), (1, 0));
        let invented = judge(&["a", "b", "c"], &["a", "b", "c", "d"]);
        assert_eq!(invented.doubled, 1);
        let turned = judge(&["a", "b", "c"], &["b", "a", "c"]);
        assert_eq!((turned.out_of_order, turned.lost, turned.doubled), (1, 0, 0));
        for verdict in [lost, doubled, invented, turned] {
            assert!(!verdict.is_clean(), "{verdict:?}");
        }
    }

    #[test]
    fn the_same_text_under_another_id_is_another_message() {
        let written = ["a".to_owned()];
        let other = [Shown {
            text: "a".to_owned(),
            id: "another".to_owned(),
        }];
        let verdict = verdict(&written, &shown(&["a"]), &[&other]);
        assert!(!verdict.are_equal && !verdict.is_clean());
    }
}
