//! Search in Japanese and other languages, without a dictionary and without a tokenizer in C. Source: content.md 9–12.

mod normalise;
mod query;
mod tokens;

pub use normalise::{NORMALISER_VERSION, Normalised, normalise};
pub use query::{QUERY_CHARACTERS, Query};
