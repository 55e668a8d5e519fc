//! Photos of the conversation: made small and stripped of everything but their pixels, and kept under the name of their hash.
//!
//! ```text
//!   file of the gallery ──▶ prepare ──▶ picture and thumbnail ──▶ AttachmentFolder ──▶ rows, operation (elsewhere)
//! ```
//!
//! Invariants:
//!
//! - What leaves [`prepare`] was encoded anew from pixels: no place, camera, time, comment or colour profile is in it.
//! - Dimensions are judged before anything is decoded.
//! - The path the gallery gave is not known here. An edit or deletion there changes nothing.
//! - A row is written after its file is safe. So a file may lack its row, and [`AttachmentFolder::collect`] deletes it; a row
//!   lacks its file only if somebody deleted it from outside.
//!
//! Source: sync.md 9; storage.md 1.

mod decode;
mod error;
mod folder;
mod header;
mod prepare;
mod scale;
#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "tests: an overflow is a failed test"
)]
mod tests;

use ayumi_protocol::hash::Sha256;
use sha2::Digest as _;

pub use error::PictureError;
pub use folder::{AttachmentFolder, Durability};
pub use prepare::{EncodedPicture, PreparedPicture, prepare};

/// The SHA-256 sum of `bytes`, by which files are named and found.
#[must_use]
pub fn sha256_of(bytes: &[u8]) -> Sha256 {
    Sha256::from_bytes(sha2::Sha256::digest(bytes).into())
}
