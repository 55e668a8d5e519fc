//! Weight: what a person typed, exactly, and the trend behind it. Source of every rule here: weight.md.
//!
//! ```text
//! typed text ── unit ──> Weight (10 g) ── day_value ──> one per date ── trend ──> weight_day
//!                                                                          ├─ slope ── goal, plateau
//!                                                                          └─ plausibility (before a new reading)
//! ```
//!
//! Each file is one rule, pure, with its vectors beside it; `replay` runs them all over a file.

mod day_value;
mod goal;
mod plateau;
mod plausibility;
mod reading;
mod replay;
mod slope;
mod trend;
mod unit;

pub use day_value::{DayValue, Reading, day_values};
pub(crate) use goal::FLAT_KG_PER_WEEK;
pub use goal::{GoalReason, GoalStatus, GoalWeight, Latest, goal_status, is_reached};
pub use plateau::{RollUp, Volatility, VolatilityLevel, is_plateau, roll_up, volatility, weekday_pattern};
pub use plausibility::{Before, PlausibilityQuestion, question};
pub use reading::{MassUnit, NewWeighIn, WeighInTime};
pub use replay::{
    ReplayDay, ReplayError, ReplayOptions, ReplayOutput, ReplayReason, ReplaySummary, parse_replay, replay,
};
pub use slope::{Slope, WINDOW_DAYS, slope, window};
pub use trend::{Tau, WeightDay, trend};
pub use unit::{ShownWeight, Weight, WeightTextError};
