//! What is drawn where a value is missing: which stretches are hatched, and where the word for them stands.

use super::LABEL_PX;
use super::canvas::Frame;
use super::text;
use crate::charts::labels::LabelFormatter;
use crate::charts::model::{BucketUnit, Chart, Gap, GapReason};

/// Free space to either side of a word.
const BESIDE_WORD_PX: f64 = 8.0;
/// Heights at which a word may stand, as shares from the top; the first that is free is taken.
const HEIGHTS: [f64; 5] = [0.5, 0.25, 0.75, 0.12, 0.88];

/// A gap in the picture.
pub(super) struct DrawnGap {
    pub(super) reason: GapReason,
    pub(super) words: String,
    /// From edge to edge of its buckets, without what is shaded for a reason of its own; never empty.
    pub(super) stretches: Vec<Frame>,
    /// Middle and baseline of the word; `None` if it has no room.
    pub(super) word_at: Option<(f64, f64)>,
}

/// The gaps that are drawn: what lies ahead or before everything stays empty, a pause by the hour is shaded already, and what
/// lies between two buckets has no width.
pub(super) fn drawn_gaps(chart: &Chart, labels: &dyn LabelFormatter, plot: Frame) -> Vec<DrawnGap> {
    let is_drawn = |gap: &&Gap| match gap.reason {
        GapReason::Future | GapReason::BeforeFirst => false,
        GapReason::Paused => chart.bucket_unit != BucketUnit::Hour,
        GapReason::NoData => !gap.is_between_buckets(),
    };
    chart
        .gaps
        .iter()
        .filter(is_drawn)
        .map(|gap| {
            let words = labels.gap(gap.reason);
            let stretches = stretches(chart, gap, plot);
            let word_at = word_at(chart, gap, &words, &stretches, plot);
            DrawnGap {
                reason: gap.reason,
                words,
                stretches,
                word_at,
            }
        })
        .filter(|gap| !gap.stretches.is_empty())
        .collect()
}

/// The buckets of a gap without the shaded stretches: what was left out on purpose is not missing.
fn stretches(chart: &Chart, gap: &Gap, plot: Frame) -> Vec<Frame> {
    let edge = |index: f64| chart.x_of(index).clamp(0.0, 1.0);
    let mut free = vec![(edge(gap.from as f64 - 0.5), edge(gap.to as f64 + 0.5))];
    for shade in &chart.shades {
        free = free
            .into_iter()
            .flat_map(|(from, to)| [(from, to.min(shade.from_x)), (from.max(shade.to_x), to)])
            .filter(|(from, to)| from < to)
            .collect();
    }
    free.into_iter()
        .map(|(from, to)| Frame {
            left: plot.x(from),
            right: plot.x(to),
            ..plot
        })
        .collect()
}

/// Where the word stands in the widest stretch: clear of the dotted line across the gap, and of goal and average if it can.
fn word_at(chart: &Chart, gap: &Gap, words: &str, stretches: &[Frame], plot: Frame) -> Option<(f64, f64)> {
    let widest = stretches
        .iter()
        .max_by(|one, other| one.width().total_cmp(&other.width()))?;
    let half = text::width(words, LABEL_PX) / 2.0 + BESIDE_WORD_PX;
    if half * 2.0 > widest.width() {
        return None;
    }
    let centre = f64::midpoint(widest.left, widest.right);
    let bridge = gap.bridge.map(|((from_x, from_y), (to_x, to_y))| {
        let height_at = |x: f64| {
            let share = ((x - plot.x(from_x)) / (plot.x(to_x) - plot.x(from_x))).clamp(0.0, 1.0);
            plot.y(from_y + share * (to_y - from_y))
        };
        (height_at(centre - half), height_at(centre + half))
    });
    let lines: Vec<f64> = chart
        .lines
        .iter()
        .filter_map(|line| line.y)
        .map(|y| plot.y(y))
        .collect();
    let places: Vec<Frame> = HEIGHTS
        .iter()
        .map(|share| plot.top + share * plot.height() + LABEL_PX * 0.36)
        .map(|baseline| Frame {
            left: centre - half,
            right: centre + half,
            top: baseline - LABEL_PX,
            bottom: baseline + 4.0,
        })
        .filter(|place| plot.top <= place.top && place.bottom <= plot.bottom)
        .filter(|place| {
            bridge.is_none_or(|(one, other)| one.max(other) < place.top || place.bottom < one.min(other))
        })
        .collect();
    let is_clear = |place: &&Frame| !lines.iter().any(|y| (place.top..=place.bottom).contains(y));
    places
        .iter()
        .find(is_clear)
        .or(places.first())
        .map(|place| (centre, place.bottom - 4.0))
}
