//! Weight: what a person typed, exactly, and the trend behind it. Source of every rule here: weight.md.

mod reading;

pub use reading::{MassUnit, NewWeighIn, WeighInTime};
