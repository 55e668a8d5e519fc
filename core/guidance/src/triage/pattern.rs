//! Words in an order, with a bounded gap between them, so that particles and a turn of phrase do not hide them.

use super::fold::Character;
use super::words::{Places, SetId, Span};

/// The end of a sentence counts in a gap like this many characters: 胸が。痛い is one complaint, 胸肉を焼いた。頭が痛い is not.
const SENTENCE_END: usize = 3;

/// One of a set of words, then within a gap one of another, and so on.
pub(super) struct Pattern {
    pub(super) first: SetId,
    /// Most characters before each further word, and the words.
    pub(super) then: Vec<(usize, SetId)>,
}

/// Places of a set in which a word does not mean what it says, as 胸 in 胸肉.
pub(super) struct Exceptions {
    /// By start; the second is the last end of all up to this one.
    spans: Vec<(usize, usize)>,
}

impl Exceptions {
    /// Places of `set`, without those across anything that was dropped: words that only happen to meet there are no phrase.
    pub(super) fn new(set: Option<SetId>, places: &Places, text: &[Character]) -> Self {
        let mut last_end = 0;
        let spans = set
            .map_or(&[][..], |set| places.of(set))
            .iter()
            .filter(|span| is_one_run(text, **span))
            .map(|span| {
                last_end = span.end.max(last_end);
                (span.start, last_end)
            })
            .collect();
        Self { spans }
    }

    /// Whether a word begins inside one of them.
    fn hold(&self, word: Span) -> bool {
        let not_later = self.spans.partition_point(|(start, _)| *start <= word.start);
        not_later
            .checked_sub(1)
            .and_then(|last| self.spans.get(last))
            .is_some_and(|(_, last_end)| *last_end > word.start)
    }
}

fn is_one_run(text: &[Character], span: Span) -> bool {
    let breaks = |at: usize| text.get(at).map(|character| character.breaks);
    breaks(span.start) == span.end.checked_sub(1).and_then(breaks)
}

impl Pattern {
    /// The first place where it stands, as few characters as can be: the one that ends first, and of those the shortest.
    ///
    /// `longest` is the length of the longest word. Looks back no further than a gap and a word from each word, so the work
    /// grows with the length of the text.
    pub(super) fn find(
        &self,
        text: &[Character],
        places: &Places,
        exceptions: &Exceptions,
        longest: usize,
    ) -> Option<Span> {
        let words = |set| {
            places
                .of(set)
                .iter()
                .copied()
                .filter(|word| !exceptions.hold(*word))
        };
        // Where the pattern up to here begins, and its last word.
        let mut reached: Vec<(usize, Span)> = words(self.first).map(|word| (word.start, word)).collect();
        for (gap, set) in &self.then {
            let mut further = Vec::new();
            for word in words(*set) {
                let reach = word.start.saturating_sub(gap.saturating_add(longest));
                let from = reached.partition_point(|(_, last)| last.start < reach);
                let begin = reached
                    .iter()
                    .skip(from)
                    .take_while(|(_, last)| last.start < word.start)
                    .filter(|(_, last)| distance(text, *last, word).is_some_and(|distance| distance <= *gap))
                    .map(|(begin, _)| *begin)
                    .max();
                further.extend(begin.map(|begin| (begin, word)));
            }
            reached = further;
        }
        reached
            .into_iter()
            .map(|(start, last)| Span { start, end: last.end })
            .min_by_key(|span| (span.end, usize::MAX.saturating_sub(span.start)))
    }
}

/// Characters between two words, ends of sentences counted in; `None` if the second does not follow the first.
fn distance(text: &[Character], word: Span, next: Span) -> Option<usize> {
    let characters = next.start.checked_sub(word.end)?;
    let last = text.get(word.end.checked_sub(1)?)?;
    let sentence_ends = text
        .get(next.start)?
        .sentence_ends
        .checked_sub(last.sentence_ends)?;
    Some(characters.saturating_add(sentence_ends.saturating_mul(SENTENCE_END)))
}
