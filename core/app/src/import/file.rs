//! What a shell needs around a parser: the format of a file, its fingerprint, and how far the reader is.

use std::fmt::Write as _;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::table::Header;
use super::{trendweight, weight_csv};

/// A format that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// `export.zip` of Apple Health.
    AppleHealthZip,
    /// `export.xml` of Apple Health.
    AppleHealthXml,
    /// A list of step counts from a Google Takeout archive.
    GoogleFitJson,
    /// Fitabase `minuteStepsWide` CSV, of several persons.
    FitabaseSteps,
    /// Fitabase `weightLogInfo` CSV, of several persons.
    FitabaseWeight,
    /// Libra CSV, version 6.
    Libra,
    /// `TrendWeight` CSV.
    TrendWeight,
    /// CSV with the header `at,weight_kg`.
    WeightCsv,
    /// A table whose columns the person has to name.
    OtherCsv,
}

/// How many bytes of a file [`detect`] wants to see.
pub const DETECT_BYTES: usize = 4096;

/// Recognises a file by its content; the name only decides whether an unknown table is worth asking about.
///
/// Shapes: `first_bytes` is the beginning of the file, best [`DETECT_BYTES`] of it. Returns `None` for anything else.
#[must_use]
pub fn detect(first_bytes: &[u8], file_name: &str) -> Option<Format> {
    if first_bytes.starts_with(b"PK\x03\x04") {
        return Some(Format::AppleHealthZip);
    }
    let bytes = first_bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(first_bytes);
    // The end may cut a character in two; everything looked for is ASCII and near the start.
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start();
    if text.starts_with('<') {
        return is_health_data(bytes).then_some(Format::AppleHealthXml);
    }
    if text.starts_with('{') {
        let is_google = text.contains("\"Data Points\"") || text.contains("com.google.step_count");
        return is_google.then_some(Format::GoogleFitJson);
    }
    if text.starts_with("#Version:") {
        return Some(Format::Libra);
    }
    let header = Header::sniff(text.lines().next()?, 1);
    let has = |name: &str| header.column(name).is_some();
    if has("ActivityHour") && has("Steps00") {
        Some(Format::FitabaseSteps)
    } else if has("LogId") && has("WeightKg") {
        Some(Format::FitabaseWeight)
    } else if weight_csv::is_plain(&header) {
        Some(Format::WeightCsv)
    } else if trendweight::is_trendweight(&header) {
        Some(Format::TrendWeight)
    } else {
        let name = file_name.to_ascii_lowercase();
        let is_table = [".csv", ".tsv", ".txt"]
            .iter()
            .any(|ending| name.ends_with(ending));
        (is_table && header.len() > 1).then_some(Format::OtherCsv)
    }
}

/// Whether an XML file is an Apple Health export, from its first bytes. The file's name differs by language.
pub(super) fn is_health_data(first_bytes: &[u8]) -> bool {
    let contains = |needle: &[u8]| first_bytes.windows(needle.len()).any(|window| window == needle);
    contains(b"<!DOCTYPE HealthData") || contains(b"<HealthData")
}

/// Bytes as lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// How far a [`Counted`] reader is, readable while a parser owns the reader.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Position in the file, in bytes. A zip archive is read from its end first.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A reader that tells its position, for a progress bar over the bytes of a file.
#[derive(Debug)]
pub struct Counted<R> {
    inner: R,
    position: Progress,
}

impl<R> Counted<R> {
    /// Wraps a reader at its start.
    pub fn new(inner: R) -> (Self, Progress) {
        let position = Progress::default();
        let progress = position.clone();
        (Self { inner, position }, progress)
    }

    fn advance(&self, bytes: usize) {
        self.position.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(target)?;
        self.advance(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.advance(amount);
        self.inner.consume(amount);
    }
}

impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = self.inner.seek(to)?;
        self.position.0.store(position, Ordering::Relaxed);
        Ok(position)
    }
}
