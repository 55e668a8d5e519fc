//! Charts: what is true about a picture, computed once for every platform.
//!
//! Shells draw the model, put it into words and pass gestures back; they compute nothing. Values become positions here,
//! labels stay keys with arguments. Source: charts.md.

pub mod calendar;
pub mod lttb;
pub mod nice;
pub mod range;
pub mod svg;

mod labels;
mod model;
mod steps;

pub use labels::LabelFormatter;
pub use model::*;
pub use steps::{StepChartInput, StepRollUp, hour_chart, roll_up_steps, step_chart};
