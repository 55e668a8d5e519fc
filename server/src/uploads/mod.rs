//! Pictures: announced, sent in parts, checked, delivered.

pub mod objects;
pub mod picture_header;
