//! The conversation between a participant and her dietitians.

pub(crate) mod fold;
mod sql;
