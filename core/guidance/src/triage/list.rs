//! Reads the list of rules. Its form is explained at its head, in `rules.txt`.

use std::collections::BTreeMap;

use super::pattern::Pattern;
use super::words::{SetId, Words};
use super::{Level, Rule};

/// Most characters between two words if a line says nothing else: a particle, an adverb and a verb's end.
const GAP: usize = 6;

/// The whole list.
#[derive(Default)]
pub(super) struct List {
    pub(super) version: u32,
    pub(super) reviewer: &'static str,
    pub(super) reviewed_on: &'static str,
    pub(super) rules: Vec<Rule>,
    pub(super) words: Words,
}

/// A line of the list that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("read line {line} of the list: {problem}")]
pub(super) struct ListError {
    /// Counted from 1.
    pub(super) line: usize,
    pub(super) problem: &'static str,
}

/// Reads the list.
///
/// Errors: the first line that is wrong; a rule that lacks something is told at its first line.
pub(super) fn read(text: &'static str) -> Result<List, ListError> {
    let mut reading = Reading::default();
    let mut last = 0;
    for (number, line) in (1..).zip(text.lines()) {
        last = number;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        reading
            .take(key, value.trim(), number)
            .map_err(|problem| ListError {
                line: number,
                problem,
            })?;
    }
    reading.end_rule()?;
    let list = reading.list;
    if list.version == 0 || list.reviewer.is_empty() || list.reviewed_on.is_empty() || list.rules.is_empty() {
        return Err(ListError {
            line: last,
            problem: "version, reviewer, reviewed or every rule is missing",
        });
    }
    Ok(list)
}

#[derive(Default)]
struct Reading {
    list: List,
    sets: BTreeMap<&'static str, Vec<String>>,
    rule: Option<Rule>,
    rule_line: usize,
    exceptions: Vec<String>,
}

impl Reading {
    fn take(&mut self, key: &'static str, value: &'static str, line: usize) -> Result<(), &'static str> {
        if value.is_empty() {
            return Err("nothing stands behind the first word");
        }
        match key {
            "version" => self.list.version = value.parse().map_err(|_| "not a number")?,
            "reviewer" => self.list.reviewer = value,
            "reviewed" => self.list.reviewed_on = value,
            "words" => {
                let (name, words) = value.split_once(" = ").ok_or("expected NAME = WORDS")?;
                let words = self.words(words)?;
                if self.sets.insert(name.trim(), words).is_some() {
                    return Err("these words have a name twice");
                }
            }
            "rule" => {
                self.end_rule().map_err(|error| error.problem)?;
                if self.list.rules.iter().any(|rule| rule.id == value) {
                    return Err("two rules with one id");
                }
                self.rule = Some(Rule::new(value));
                self.rule_line = line;
            }
            _ => self.take_of_rule(key, value)?,
        }
        Ok(())
    }

    fn take_of_rule(&mut self, key: &str, value: &'static str) -> Result<(), &'static str> {
        let exceptions = (key == "except").then(|| self.words(value)).transpose()?;
        let patterns = if key == "find" {
            self.patterns(value)?
        } else {
            Vec::new()
        };
        let rule = self
            .rule
            .as_mut()
            .ok_or("not a rule's, and before the first rule")?;
        match key {
            "subject" => rule.subject = value,
            "level" => rule.level = Level::from_word(value).ok_or("expected emergency, urgent or watch")?,
            "advice" => rule.advice.push(value),
            "find" => {
                rule.patterns.extend(patterns);
                rule.patterns_as_written.push(value);
            }
            "except" => {
                self.exceptions.extend(exceptions.unwrap_or_default());
                rule.exceptions_as_written.push(value);
            }
            _ => return Err("an unknown first word"),
        }
        Ok(())
    }

    /// Words that `|` parts; `@name` stands for words that have a name.
    fn words(&self, value: &str) -> Result<Vec<String>, &'static str> {
        let mut words = Vec::new();
        for word in value.split('|') {
            match word.trim().strip_prefix('@') {
                Some(name) => words.extend_from_slice(self.sets.get(name).ok_or("words without this name")?),
                None => words.push(word.trim().to_owned()),
            }
        }
        Ok(words)
    }

    /// Sets of words with gaps between them; two patterns if either may come first.
    fn patterns(&mut self, value: &str) -> Result<Vec<Pattern>, &'static str> {
        let mut sets: Vec<SetId> = Vec::new();
        let mut gaps = Vec::new();
        let mut gap = None;
        let mut is_either_way = false;
        for token in value.split_whitespace() {
            let either_way = token.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
            if let Some(number) = token.strip_prefix('~').or(either_way) {
                if sets.is_empty() || gap.is_some() {
                    return Err("a gap stands between words");
                }
                gap = Some(number.parse().map_err(|_| "a gap without a number")?);
                is_either_way |= either_way.is_some();
            } else {
                let words = self.words(token)?;
                let set = self.list.words.add(&words).ok_or("an empty word")?;
                if !sets.is_empty() {
                    gaps.push(gap.take().unwrap_or(GAP));
                }
                sets.push(set);
            }
        }
        if gap.is_some() {
            return Err("a gap stands between words");
        }
        let pattern = |sets: &[SetId]| {
            let (first, then) = sets.split_first()?;
            let then = gaps.iter().copied().zip(then.iter().copied()).collect();
            Some(Pattern { first: *first, then })
        };
        let mut patterns = Vec::from_iter(pattern(&sets));
        if is_either_way {
            if sets.len() != 2 {
                return Err("only two words may stand either way");
            }
            sets.reverse();
            patterns.extend(pattern(&sets));
        }
        if patterns.is_empty() {
            return Err("no words to find");
        }
        Ok(patterns)
    }

    fn end_rule(&mut self) -> Result<(), ListError> {
        let Some(mut rule) = self.rule.take() else {
            return Ok(());
        };
        let error = |problem| ListError {
            line: self.rule_line,
            problem,
        };
        if rule.subject.is_empty() || rule.advice.is_empty() || rule.patterns.is_empty() {
            return Err(error("the rule has no subject, no advice or nothing to find"));
        }
        if !self.exceptions.is_empty() {
            let words = std::mem::take(&mut self.exceptions);
            rule.exceptions = Some(
                self.list
                    .words
                    .add(&words)
                    .ok_or_else(|| error("an empty word"))?,
            );
        }
        self.list.rules.push(rule);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &'static str) -> (usize, &'static str) {
        let error = read(text).err().unwrap();
        (error.line, error.problem)
    }

    #[test]
    fn a_wrong_line_is_told_with_its_number() {
        for (text, line, expected) in [
            ("version x", 1, "not a number"),
            ("# a\n\nfind 胸", 3, "not a rule's, and before the first rule"),
            ("rule a\nfind @胸", 2, "words without this name"),
            ("rule a\nfind 胸 ~x 痛", 2, "a gap without a number"),
            ("rule a\nfind ~3 痛", 2, "a gap stands between words"),
            ("rule a\nfind 痛 ~3", 2, "a gap stands between words"),
            ("rule a\nfind a <3> b c", 2, "only two words may stand either way"),
            ("rule a\nfind a||b", 2, "an empty word"),
            ("rule a\nlevel high", 2, "expected emergency, urgent or watch"),
            ("rule a\ncolour red", 2, "an unknown first word"),
            ("rule a\nadvice", 2, "nothing stands behind the first word"),
            ("words a = b\nwords a = c", 2, "these words have a name twice"),
            (
                "rule a\nsubject b\nadvice c",
                1,
                "the rule has no subject, no advice or nothing to find",
            ),
            (
                "rule a\nsubject b\nadvice c\nfind d\nrule a\n",
                5,
                "two rules with one id",
            ),
            (
                "version 1",
                1,
                "version, reviewer, reviewed or every rule is missing",
            ),
        ] {
            assert_eq!(problem(text), (line, expected), "{text}");
        }
    }
}
