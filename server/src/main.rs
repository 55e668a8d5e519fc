//! The program: `ayumi-server serve` and `ayumi-server admin ...`.

fn main() {}
