//! Which reading counts at each moment, when several sources saw the same walk.
//!
//! A sweep over time. At every instant the sources are asked in the person's order; the first with steps is believed
//! and hides the others *there*, so a phone that was alone in the morning and a watch that was alone in the evening
//! both count. Source: steps.md 5.3, checked against the vectors of Health Connect's aggregator (section 11).

use std::collections::{BTreeMap, BTreeSet};

use crate::time::UtcMillis;

/// How the readings of one source relate to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overlap {
    /// Differences of one counter: they never hide each other.
    AddsUp,
    /// Records: the highest-ranked one hides the others of its source.
    Replaces,
}

/// One reading as the sweep sees it. Items are handed in sorted by `(source, rank within the source)`, worst first, so
/// that an item's position is its rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SweepItem {
    /// Position of the source in the person's order, 0 is best.
    pub source: usize,
    pub overlap: Overlap,
    pub from: UtcMillis,
    pub to: UtcMillis,
    pub steps: i64,
}

/// Calls `emit(item, from, to)` for every stretch in which an item counts; `from = to` for an item without duration.
///
/// `blocked` are half-open windows (pauses, exclusions) in any order; nothing counts inside. Stretches of one item come
/// in order of time and may touch.
pub(crate) fn visible_stretches(
    items: &[SweepItem],
    blocked: &[(UtcMillis, UtcMillis)],
    mut emit: impl FnMut(usize, UtcMillis, UtcMillis),
) {
    let mut edges: Vec<(UtcMillis, Edge)> = Vec::with_capacity(items.len().saturating_mul(2));
    for (index, item) in items.iter().enumerate() {
        if item.from == item.to {
            edges.push((item.from, Edge::Instant(index)));
        } else {
            edges.push((item.from, Edge::Start(index)));
            edges.push((item.to, Edge::End(index)));
        }
    }
    for (from, to) in blocked {
        edges.push((*from, Edge::BlockStart));
        edges.push((*to, Edge::BlockEnd));
    }
    edges.sort_unstable();

    let mut open = OpenItems {
        items,
        by_source: BTreeMap::new(),
    };
    let mut open_blocks: i64 = 0;
    let mut since: Option<UtcMillis> = None;
    for moment in edges.chunk_by(|a, b| a.0 == b.0) {
        let Some(&(at, _)) = moment.first() else { continue };
        if let Some(since) = since.filter(|_| open_blocks == 0) {
            open.counting(|index| emit(index, since, at));
        }
        let mut instants = Vec::new();
        for &(_, edge) in moment {
            match edge {
                Edge::Start(index) => open.insert(index),
                Edge::BlockStart => open_blocks = open_blocks.saturating_add(1),
                Edge::BlockEnd => open_blocks = open_blocks.saturating_sub(1),
                Edge::Instant(index) => instants.push(index),
                Edge::End(_) => {}
            }
        }
        if open_blocks == 0 && !instants.is_empty() {
            // Items that end here are still open: a record without duration is compared with both ends included.
            open.counting_at_instant(&instants, |index| emit(index, at, at));
        }
        for &(_, edge) in moment {
            if let Edge::End(index) = edge {
                open.remove(index);
            }
        }
        since = Some(at);
    }
}

/// What happens at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Start(usize),
    End(usize),
    Instant(usize),
    BlockStart,
    BlockEnd,
}

/// The items with duration that contain the current instant, by source, best source first; within a source worst first.
struct OpenItems<'a> {
    items: &'a [SweepItem],
    by_source: BTreeMap<usize, Vec<usize>>,
}

impl OpenItems<'_> {
    fn insert(&mut self, index: usize) {
        let Some(item) = self.items.get(index) else { return };
        let of_source = self.by_source.entry(item.source).or_default();
        of_source.insert(of_source.partition_point(|known| *known < index), index);
    }

    fn remove(&mut self, index: usize) {
        let Some(item) = self.items.get(index) else { return };
        if let Some(of_source) = self.by_source.get_mut(&item.source)
            && let Ok(place) = of_source.binary_search(&index)
        {
            of_source.remove(place);
        }
    }

    /// The items of one source that speak for it, if they have steps: a zero never hides another source.
    fn speaking<'s>(&self, of_source: &'s [usize]) -> impl Iterator<Item = usize> + use<'s, '_> {
        let best = of_source.last().and_then(|index| self.items.get(*index));
        let only_best = best.is_some_and(|item| item.overlap == Overlap::Replaces);
        let items = self.items;
        of_source
            .iter()
            .rev()
            .take(if only_best { 1 } else { usize::MAX })
            .copied()
            .filter(|index| items.get(*index).is_some_and(|item| item.steps > 0))
    }

    fn counting(&self, mut emit: impl FnMut(usize)) {
        for of_source in self.by_source.values() {
            let mut found = false;
            for index in self.speaking(of_source) {
                found = true;
                emit(index);
            }
            if found {
                return;
            }
        }
    }

    /// Decides between the items without duration at one instant.
    fn counting_at_instant(&self, instants: &[usize], mut emit: impl FnMut(usize)) {
        let mut by_source: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &index in instants {
            if let Some(item) = self.items.get(index) {
                by_source.entry(item.source).or_default().push(index);
            }
        }
        let sources: BTreeSet<usize> = by_source.keys().chain(self.by_source.keys()).copied().collect();
        for source in sources {
            let here = by_source.get(&source).map_or(&[][..], Vec::as_slice);
            let around = self.by_source.get(&source).map_or(&[][..], Vec::as_slice);
            let outranked = here.last() < around.last()
                && around
                    .last()
                    .and_then(|index| self.items.get(*index))
                    .is_some_and(|item| item.overlap == Overlap::Replaces);
            let mut found = false;
            if !outranked {
                for index in self.speaking(here) {
                    found = true;
                    emit(index);
                }
            }
            if found || self.speaking(around).next().is_some() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(source: usize, from: i64, to: i64, steps: i64) -> SweepItem {
        SweepItem {
            source,
            overlap: Overlap::Replaces,
            from: UtcMillis(from),
            to: UtcMillis(to),
            steps,
        }
    }

    fn stretches(items: &[SweepItem], blocked: &[(i64, i64)]) -> Vec<(usize, i64, i64)> {
        let blocked: Vec<_> = blocked
            .iter()
            .map(|(from, to)| (UtcMillis(*from), UtcMillis(*to)))
            .collect();
        let mut seen = Vec::new();
        visible_stretches(items, &blocked, |index, from, to| {
            seen.push((index, from.0, to.0));
        });
        seen
    }

    #[test]
    fn a_better_source_hides_a_worse_one_only_where_it_has_steps() {
        let items = [record(0, 10, 20, 5), record(0, 30, 40, 0), record(1, 0, 50, 100)];
        assert_eq!(
            stretches(&items, &[]),
            [(2, 0, 10), (0, 10, 20), (2, 20, 30), (2, 30, 40), (2, 40, 50)]
        );
    }

    #[test]
    fn counter_intervals_add_up_even_where_a_clock_change_makes_them_overlap() {
        let counter = |from, to| SweepItem {
            overlap: Overlap::AddsUp,
            ..record(0, from, to, 7)
        };
        assert_eq!(
            stretches(&[counter(0, 20), counter(10, 30)], &[]),
            [(0, 0, 10), (1, 10, 20), (0, 10, 20), (1, 20, 30)]
        );
    }

    #[test]
    fn nothing_counts_in_a_window_and_overlapping_windows_close_one_by_one() {
        assert_eq!(
            stretches(&[record(0, 0, 100, 9)], &[(10, 50), (40, 60), (70, 70)]),
            [(0, 0, 10), (0, 60, 70), (0, 70, 100)]
        );
    }

    #[test]
    fn a_record_without_duration_is_hidden_by_a_better_interval_that_touches_it() {
        // Rank is position: the interval (index 1) is newer than the instant (index 0).
        assert_eq!(
            stretches(&[record(0, 10, 10, 4), record(0, 0, 10, 8)], &[]),
            [(1, 0, 10)]
        );
        assert_eq!(
            stretches(&[record(0, 0, 10, 8), record(0, 10, 10, 4)], &[]),
            [(0, 0, 10), (1, 10, 10)]
        );
        assert_eq!(stretches(&[record(0, 10, 10, 4)], &[(10, 11)]), []);
        assert_eq!(stretches(&[record(0, 10, 10, 4)], &[(5, 10)]), [(0, 10, 10)]);
    }
}
