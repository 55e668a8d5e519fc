//! Charts: what is true about a picture, computed once for every platform.
//!
//! Shells draw the model, put it into words and pass gestures back; they compute nothing. Values become positions here,
//! labels stay keys with arguments. Source: charts.md.

//!
//! ```text
//! model.rs       the finished description: positions, labels as keys, facts
//! nice.rs        round numbers on an axis                 (4)
//! range.rs       the ends of the value axis               (3)
//! calendar.rs    how far ticks of the time axis lie apart (5)
//! time_axis.rs   which buckets carry a tick               (5)
//! gaps.rs        where there is no value, and why         (2)
//! lttb.rs        fewer points with the same shape         (7)
//! steps.rs       steps by day, week and month             (6, 10)
//! hours.rs       steps of one date                        (5, 10)
//! weight.rs      weight by day, week and month            (6, 11)
//! weigh_ins.rs   weight of one date                       (6, 7, 11)
//! conceal.rs     without numbers                          (11.6)
//! selection.rs   fingers, keys, screen readers            (8, 9)
//! labels.rs      what a drawing asks the shell for
//! svg/           one picture of any chart
//! ```

pub mod calendar;
pub mod lttb;
pub mod nice;
pub mod range;
pub mod svg;

mod conceal;
mod gaps;
mod hours;
mod labels;
mod model;
#[cfg(test)]
mod samples;
mod selection;
mod steps;
#[cfg(test)]
mod test_words;
mod time_axis;
mod weigh_ins;
mod weight;

use conceal::concealed;
pub use hours::{HourChartInput, hour_chart};
pub use labels::LabelFormatter;
pub use model::*;
pub use selection::{Found, SelectedValue, Selection, SpokenPart};
pub use steps::{StepChartInput, step_chart};
pub use weigh_ins::{ClockedWeight, WeighInChartInput, weigh_in_chart};
pub use weight::{WeightChartInput, weight_chart};
