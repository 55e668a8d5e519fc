//! Bodies, packed and unpacked within bounds. A packed answer of a few kilobytes may unpack to gigabytes, so what comes out is
//! counted while it comes out.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::{GzDecoder, GzEncoder};

/// A body is not worth packing below this: one packet holds it either way.
pub const PACKED_FROM_BYTES: usize = 1024;

/// Why a body is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnpackError {
    /// It is longer than it may be.
    TooLong,
    /// It is no packed text, or was cut off.
    Broken,
}

/// Bytes up to a bound.
pub(super) struct Bounded {
    bytes: Vec<u8>,
    most: usize,
    is_over: bool,
}

impl Write for Bounded {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.bytes.len().saturating_add(more.len()) > self.most {
            self.is_over = true;
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Takes a body in as it arrives.
pub(super) enum Unpacking {
    Plain(Bounded),
    Packed(Box<GzDecoder<Bounded>>),
}

impl Unpacking {
    /// For a body of at most `most` bytes, unpacked.
    pub(super) fn new(is_packed: bool, most: usize) -> Self {
        let sink = Bounded {
            bytes: Vec::new(),
            most,
            is_over: false,
        };
        if is_packed {
            Self::Packed(Box::new(GzDecoder::new(sink)))
        } else {
            Self::Plain(sink)
        }
    }

    /// Takes the next bytes from the wire.
    pub(super) fn take(&mut self, wire: &[u8]) -> Result<(), UnpackError> {
        let written = match self {
            Self::Plain(sink) => sink.write_all(wire),
            Self::Packed(decoder) => decoder.write_all(wire),
        };
        if written.is_ok() {
            return Ok(());
        }
        let is_over = match self {
            Self::Plain(sink) => sink.is_over,
            Self::Packed(decoder) => decoder.get_ref().is_over,
        };
        Err(if is_over {
            UnpackError::TooLong
        } else {
            UnpackError::Broken
        })
    }

    /// The whole body.
    pub(super) fn finish(self) -> Result<Vec<u8>, UnpackError> {
        match self {
            Self::Plain(sink) => Ok(sink.bytes),
            Self::Packed(mut decoder) => match decoder.try_finish() {
                Ok(()) => decoder
                    .finish()
                    .map(|sink| sink.bytes)
                    .map_err(|_| UnpackError::Broken),
                Err(_) if decoder.get_ref().is_over => Err(UnpackError::TooLong),
                Err(_) => Err(UnpackError::Broken),
            },
        }
    }
}

/// Packs a body that becomes shorter by it. `None`: it is sent as it is.
pub(super) fn pack(body: &[u8]) -> Option<Vec<u8>> {
    if body.len() < PACKED_FROM_BYTES {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().filter(|packed| packed.len() < body.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack(wire: &[u8], most: usize) -> Result<Vec<u8>, UnpackError> {
        let mut unpacking = Unpacking::new(true, most);
        for chunk in wire.chunks(7) {
            unpacking.take(chunk)?;
        }
        unpacking.finish()
    }

    #[test]
    fn a_bomb_is_stopped_at_its_bound() {
        let bomb = packed(&vec![0; 20_000_000]);
        assert!(bomb.len() < 100_000);
        assert_eq!(unpack(&bomb, 1_000_000), Err(UnpackError::TooLong));
    }

    #[test]
    fn a_body_of_exactly_the_bound_is_read_and_one_more_byte_is_not() {
        assert_eq!(unpack(&packed(&[7; 5000]), 5000), Ok(vec![7; 5000]));
        assert_eq!(unpack(&packed(&[7; 5001]), 5000), Err(UnpackError::TooLong));
        let mut plain = Unpacking::new(false, 3);
        assert_eq!(plain.take(b"abc"), Ok(()));
        assert_eq!(plain.take(b"d"), Err(UnpackError::TooLong));
    }

    #[test]
    fn what_was_cut_off_or_is_not_packed_is_broken() {
        let whole = packed(b"{\"a\":1}");
        for length in 0..whole.len() {
            assert_eq!(
                unpack(&whole[..length], 100),
                Err(UnpackError::Broken),
                "{length}"
            );
        }
        assert_eq!(
            unpack(b"{\"a\":1}........................", 100),
            Err(UnpackError::Broken)
        );
    }

    #[test]
    fn only_long_bodies_that_become_shorter_are_packed() {
        assert_eq!(pack(&[b'a'; 1023]), None);
        let body = [b'a'; 5000];
        assert_eq!(unpack(&pack(&body).unwrap(), 5000), Ok(body.to_vec()));
    }
}
