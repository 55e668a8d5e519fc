//! Maps and sets that have no order.
#![expect(
    clippy::disallowed_types,
    reason = "nobody goes through them, so that their order reaches no result, and hundreds of millions of states need the room"
)]

/// A map that is only asked for what it holds.
pub type Map<Key, Value> = std::collections::HashMap<Key, Value>;
/// A set that is only asked for what it holds.
pub type Set<Value> = std::collections::HashSet<Value>;
