//! Command runner.
fn main() {}
