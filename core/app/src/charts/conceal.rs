//! Charts for a person who does not want to see her numbers: shape and direction stay. Source: charts.md 11.6.

use super::model::{Chart, Facts};

/// The chart without a number of its values; positions, dates, and whether the trend falls or rises stay.
pub(super) fn concealed(mut chart: Chart) -> Chart {
    for point in chart
        .series
        .iter_mut()
        .flat_map(|series| &mut series.runs)
        .flat_map(|run| &mut run.points)
    {
        point.value = None;
        point.label = None;
        if let Some(spread) = &mut point.spread {
            spread.lowest = None;
            spread.highest = None;
        }
    }
    for line in &mut chart.lines {
        line.value = None;
        line.label = None;
    }
    for tick in &mut chart.value_ticks {
        tick.label = None;
    }
    chart.untimed.fill(None);
    chart.value_ends = None;
    chart.facts = Facts {
        minimum: None,
        maximum: None,
        mean: None,
        total: None,
        change_per_week: None,
        ..chart.facts
    };
    chart
}
