//! Where a chart has no value, and why. Source: charts.md section 2.

use super::model::{Gap, GapReason};
use crate::time::{DateRange, NaiveDate};

/// Why a stretch of dates without data has none.
pub(super) fn reason_of_dates(
    dates: DateRange,
    today: NaiveDate,
    first_measured: Option<NaiveDate>,
) -> GapReason {
    if dates.from > today {
        GapReason::Future
    } else if first_measured.is_none_or(|first| dates.until <= first) {
        GapReason::BeforeFirst
    } else {
        GapReason::NoData
    }
}

/// Neighbouring buckets without data for the same reason are one gap; `None` is a bucket that is no gap.
pub(super) fn collect(reasons: &[Option<GapReason>]) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    for (index, reason) in reasons.iter().enumerate() {
        let Some(reason) = *reason else { continue };
        match gaps.last_mut() {
            Some(gap) if gap.to.saturating_add(1) == index && gap.reason == reason => gap.to = index,
            _ => gaps.push(Gap {
                from: index,
                to: index,
                reason,
                bridge: None,
            }),
        }
    }
    gaps
}

/// Gaps in which something should have been measured, as the summary counts them.
pub(super) fn missing(gaps: &[Gap]) -> u32 {
    super::model::count(gaps.iter().filter(|gap| gap.reason == GapReason::NoData).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_with_one_reason_are_one_gap() {
        use GapReason::{BeforeFirst, NoData};
        let gaps = collect(&[Some(BeforeFirst), Some(NoData), Some(NoData), None, Some(NoData)]);
        let told: Vec<_> = gaps.iter().map(|gap| (gap.from, gap.to, gap.reason)).collect();
        assert_eq!(told, [(0, 0, BeforeFirst), (1, 2, NoData), (4, 4, NoData)]);
        assert_eq!(missing(&gaps), 2);
    }
}
