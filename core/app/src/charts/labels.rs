//! What a drawing needs from the shell: its words.

use super::model::{
    Chart, DatedValue, Facts, GapReason, LineKind, MarkKind, Role, Subject, TimeLabel, TimeTick, ValueLabel,
};

/// Turns keys with arguments into the words of one language. The core has none of its own.
pub trait LabelFormatter {
    /// Below a tick of the time axis; short.
    fn time_tick(&self, tick: &TimeTick) -> String;
    /// A time in full, as in a selection.
    fn time(&self, label: &TimeLabel) -> String;
    /// Beside a tick of the value axis; short, without the unit.
    fn value_tick(&self, label: &ValueLabel) -> String;
    /// A value with its unit.
    fn value(&self, label: &ValueLabel) -> String;
    /// At a horizontal line; `value` is `None` if values are concealed.
    fn line(&self, kind: LineKind, value: Option<&ValueLabel>) -> String;
    /// The title of a chart.
    fn title(&self, chart: &Chart) -> String;
    /// One sentence that says what the chart shows.
    fn summary(&self, facts: &Facts) -> String;
    /// What a gap is called, as in "no data"; an empty chart is one gap.
    fn gap(&self, reason: GapReason) -> String;
    /// What a kind of bar, point or line is called in the legend.
    fn series(&self, role: Role) -> String;
    /// What a shaded stretch of a day is called: paused, else excluded.
    fn shade(&self, is_paused: bool) -> String;
    /// Why weigh-ins of one date stand on no time axis, as in "no time of day in these data".
    fn without_time_of_day(&self) -> String;
    /// A weigh-in without a time of day; `value` is `None` if values are concealed.
    fn untimed(&self, value: Option<&ValueLabel>) -> String;
    /// What a symbol at a bucket means, in the legend and beside it. Steps of today are not all there yet; a weight is.
    fn mark(&self, kind: &MarkKind, subject: Subject) -> String;
    /// A value with its date.
    fn dated(&self, value: &DatedValue) -> String {
        format!("{} {}", self.time(&value.when), self.value(&value.value))
    }
}
