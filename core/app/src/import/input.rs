//! A reader with a line number and a limit.
//!
//! The limit keeps memory bounded whatever the file holds: before each row, element or data point the parser calls
//! [`Metered::begin`], and a piece that goes on for longer than [`MAX_PIECE_BYTES`] ends in an error instead of a
//! buffer that grows with the file.

use std::io::{self, BufRead, Read};

use super::ImportReason;

/// The longest row, XML event or data point. Real ones stay below 20 kB (Apple's inline DTD is the longest).
pub(super) const MAX_PIECE_BYTES: usize = 1 << 20;

pub(super) struct Metered<R> {
    inner: R,
    newlines: u64,
    used: usize,
    is_over: bool,
}

impl<R: BufRead> Metered<R> {
    pub(super) const fn new(inner: R) -> Self {
        Self {
            inner,
            newlines: 0,
            used: 0,
            is_over: false,
        }
    }

    /// Starts the next piece.
    pub(super) const fn begin(&mut self) {
        self.used = 0;
    }

    /// Line of the next byte, from 1.
    pub(super) const fn line(&self) -> u64 {
        self.newlines.saturating_add(1)
    }

    /// Why reading failed: the limit or the file.
    pub(super) fn reason(&self, kind: io::ErrorKind) -> ImportReason {
        if self.is_over {
            ImportReason::TooLarge("one record is longer than 1 MiB")
        } else {
            ImportReason::Io(kind)
        }
    }

    /// The next byte, left in place; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, ImportReason> {
        loop {
            match self.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.reason(error.kind())),
            }
        }
    }

    /// Takes `EF BB BF` away if the input starts with it. A byte order mark that the reader hands out in pieces stays.
    pub(super) fn skip_byte_order_mark(&mut self) -> Result<(), ImportReason> {
        self.peek()?;
        if self
            .fill_buf()
            .is_ok_and(|bytes| bytes.starts_with(b"\xEF\xBB\xBF"))
        {
            self.consume(3);
        }
        Ok(())
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used > MAX_PIECE_BYTES {
            self.is_over = true;
            return Err(io::Error::other("record too long"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if amount == 0 {
            return;
        }
        // Whoever consumes has filled the buffer before, so this reads nothing new.
        let taken = self
            .inner
            .fill_buf()
            .ok()
            .and_then(|bytes| bytes.get(..amount))
            .unwrap_or_default();
        #[expect(
            clippy::naive_bytecount,
            reason = "the compiler vectorises it; not worth a crate"
        )]
        let newlines = taken.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.newlines = self.newlines.saturating_add(newlines);
        self.used = self.used.saturating_add(amount);
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.fill_buf()?;
        let count = bytes.read(target)?;
        self.consume(count);
        Ok(count)
    }
}
