//! Where words stand in a text: a tree of their characters, walked from each character of the text.
//!
//! The work grows with the length of the text, because a walk ends after the longest word.

use std::collections::BTreeMap;

use super::fold::{Character, fold};

/// A set of words of which any may stand in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SetId(usize);

/// Characters of the folded text, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// All words of all sets.
#[derive(Default)]
pub(super) struct Words {
    /// The first is the root.
    nodes: Vec<Node>,
    /// Sets by their words, so that equal ones are searched once.
    sets: BTreeMap<Vec<String>, usize>,
    longest: usize,
}

#[derive(Default)]
struct Node {
    next: BTreeMap<char, usize>,
    /// Sets with a word that ends here.
    ends: Vec<SetId>,
}

/// Where the words of each set stand in one text.
pub(super) struct Places(Vec<Vec<Span>>);

impl Places {
    /// Places of a set, by their start.
    pub(super) fn of(&self, set: SetId) -> &[Span] {
        self.0.get(set.0).map_or(&[], Vec::as_slice)
    }
}

impl Words {
    /// Adds a set of words. `None` if nothing of a word is left after folding, because it would stand everywhere.
    pub(super) fn add(&mut self, words: &[String]) -> Option<SetId> {
        let mut set: Vec<String> = words
            .iter()
            .map(|word| fold(word).iter().map(|character| character.folded).collect())
            .collect();
        set.sort();
        set.dedup();
        if set.is_empty() || set.iter().any(String::is_empty) {
            return None;
        }
        if let Some(known) = self.sets.get(&set) {
            return Some(SetId(*known));
        }
        let id = SetId(self.sets.len());
        for word in &set {
            self.add_word(word, id);
        }
        self.sets.insert(set, id.0);
        Some(id)
    }

    fn add_word(&mut self, word: &str, set: SetId) {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let mut at = 0;
        for character in word.chars() {
            let new = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else {
                return;
            };
            at = *node.next.entry(character).or_insert(new);
            if at == new {
                self.nodes.push(Node::default());
            }
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.ends.push(set);
        }
        self.longest = self.longest.max(word.chars().count());
    }

    /// Characters of the longest word.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Finds every place of every set.
    pub(super) fn places(&self, text: &[Character]) -> Places {
        let mut places = vec![Vec::new(); self.sets.len()];
        for start in 0..text.len() {
            let mut node = self.nodes.first();
            for (end, character) in (start.saturating_add(1)..).zip(text.iter().skip(start)) {
                node = node
                    .and_then(|node| node.next.get(&character.folded))
                    .and_then(|next| self.nodes.get(*next));
                let Some(node) = node else { break };
                if node.ends.is_empty() || cuts_latin(text, start) || cuts_latin(text, end) {
                    continue;
                }
                for set in &node.ends {
                    if let Some(spans) = places.get_mut(set.0) {
                        spans.push(Span { start, end });
                    }
                }
            }
        }
        Places(places)
    }
}

/// Whether a border before a character lies inside a Latin word or number: there is no OD in food and no 2日 in 12日.
fn cuts_latin(text: &[Character], border: usize) -> bool {
    let before = border.checked_sub(1).and_then(|before| text.get(before));
    let (Some(before), Some(after)) = (before, text.get(border)) else {
        return false;
    };
    let is_one_run = before.breaks == after.breaks;
    let is_letter = |character: &Character| character.folded.is_ascii_alphabetic();
    let is_digit = |character: &Character| character.folded.is_ascii_digit();
    is_one_run && ((is_letter(before) && is_letter(after)) || (is_digit(before) && is_digit(after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(words: &[&str], text: &str) -> Vec<(usize, usize)> {
        let mut all = Words::default();
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let set = all.add(&words).unwrap();
        all.places(&fold(text))
            .of(set)
            .iter()
            .map(|span| (span.start, span.end))
            .collect()
    }

    #[test]
    fn every_place_of_every_word_is_found_also_inside_another() {
        assert_eq!(
            spans(&["痛", "胸痛", "胸"], "胸、痛 胸"),
            [(0, 1), (0, 2), (1, 2), (2, 3)]
        );
        assert_eq!(spans(&["ああ"], "ああああ"), [(0, 2), (1, 3), (2, 4)]);
    }

    #[test]
    fn latin_words_and_numbers_are_whole() {
        assert_eq!(spans(&["OD"], "food good ODした od錠"), [(8, 10), (12, 14)]);
        assert_eq!(spans(&["2日"], "12日 2日"), [(3, 5)]);
        assert_eq!(spans(&["DV"], "DVDでDVを"), [(4, 6)]);
    }

    #[test]
    fn an_empty_word_is_refused_and_equal_sets_are_one() {
        let mut words = Words::default();
        assert_eq!(words.add(&["ー".to_owned()]), None);
        assert_eq!(words.add(&[]), None);
        let one = words.add(&["胸".to_owned(), "ムネ".to_owned()]);
        assert!(one.is_some());
        assert_eq!(words.add(&["むね".to_owned(), "胸".to_owned()]), one);
    }
}
