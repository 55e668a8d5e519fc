//! Tables in text form: CSV and its relatives, one row at a time, each with the line on which it starts.
//!
//! Rows are split here and not by the `csv` crate, because that crate counts lines one too low in files with CRLF and
//! behind blank lines, and a person is told the line of a bad row.

use std::borrow::Cow;
use std::io::BufRead;

use super::input::Metered;
use super::{ImportError, ImportReason};

/// The column names of a table and what separates its columns.
#[derive(Debug, Clone)]
pub(super) struct Header {
    names: Row,
    delimiter: u8,
}

impl Header {
    /// Reads the header that stands on line `at`. Its separator is whichever of comma, semicolon and tab it has most of.
    pub(super) fn sniff(line: &str, at: u64) -> Self {
        let count = |delimiter: u8| line.bytes().filter(|byte| *byte == delimiter).count();
        // The last of equal ones wins, so the comma stands last.
        let delimiter = [b'\t', b';', b',']
            .into_iter()
            .max_by_key(|d| count(*d))
            .unwrap_or(b',');
        let mut splitter = Splitter::default();
        splitter.feed(line.as_bytes(), delimiter);
        Self {
            names: splitter.finish(at).unwrap_or_default(),
            delimiter,
        }
    }

    /// Position of a column, from 0. Upper and lower case do not matter.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.names
            .fields()
            .position(|known| known.eq_ignore_ascii_case(name.trim()))
    }

    /// Position of a column that has to be there.
    pub(super) fn required(&self, name: &str) -> Result<usize, ImportError> {
        self.column(name)
            .ok_or_else(|| self.lacks(format!("the column {}", name.trim())))
    }

    /// The error of a header without something.
    pub(super) fn lacks(&self, what: impl Into<Cow<'static, str>>) -> ImportError {
        ImportReason::missing(what).at(self.names.line)
    }

    pub(super) fn len(&self) -> usize {
        self.names.ends.len()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.fields()
    }

    pub(super) fn name(&self, index: usize) -> &str {
        self.names.field(index)
    }
}

/// One row.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// Line on which the row starts, from 1.
    pub(super) line: u64,
    text: String,
    /// Where each field ends in `text`.
    ends: Vec<usize>,
}

impl Row {
    /// A field without the spaces around it; empty where the row has none.
    pub(super) fn field(&self, index: usize) -> &str {
        let Some(end) = self.ends.get(index) else {
            return "";
        };
        let start = index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or(0);
        self.text.get(start..*end).unwrap_or_default().trim()
    }

    fn fields(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).map(|index| self.field(index))
    }
}

/// A table with a header, read row by row.
pub(super) struct Table<R> {
    input: Metered<R>,
    header: Header,
    is_broken: bool,
}

impl<R: BufRead> Table<R> {
    /// Reads the header: the first line that is not blank.
    pub(super) fn open(reader: R) -> Result<Self, ImportError> {
        let mut input = Metered::new(reader);
        input.skip_byte_order_mark().map_err(|reason| reason.at(1))?;
        let mut line = Vec::new();
        loop {
            line.clear();
            let at = input.line();
            if !read_line(&mut input, &mut line, true).map_err(|reason| reason.at(at))? {
                return Err(ImportReason::missing("the header").at(at));
            }
            let text = std::str::from_utf8(&line).map_err(|_| ImportReason::NotUtf8.at(at))?;
            if !text.trim().is_empty() {
                let header = Header::sniff(text.trim_end_matches(['\n', '\r']), at);
                return Ok(Self {
                    input,
                    header,
                    is_broken: false,
                });
            }
        }
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// The next row that is not blank. After an error of the text itself the table ends.
    pub(super) fn next_row(&mut self) -> Option<Result<Row, ImportError>> {
        if self.is_broken {
            return None;
        }
        let row = self.read_row().transpose();
        let is_row_error = |error: &ImportError| error.reason == WRONG_WIDTH;
        self.is_broken = matches!(&row, Some(Err(error)) if !is_row_error(error));
        row
    }

    fn read_row(&mut self) -> Result<Option<Row>, ImportError> {
        let mut splitter = Splitter::default();
        let mut line = Vec::new();
        loop {
            let at = self.input.line();
            let mut is_first = true;
            loop {
                line.clear();
                let is_there =
                    read_line(&mut self.input, &mut line, is_first).map_err(|reason| reason.at(at))?;
                if !is_there {
                    if is_first {
                        return Ok(None);
                    }
                    return Err(ImportReason::Malformed("CSV: a quote is never closed").at(at));
                }
                is_first = false;
                splitter.feed(&line, self.header.delimiter);
                if !splitter.is_quoted() {
                    break;
                }
            }
            let row = splitter.finish(at).map_err(|reason| reason.at(at))?;
            if row.text.trim().is_empty() && row.ends.len() <= 1 {
                splitter = Splitter::default();
                continue;
            }
            if row.ends.len() != self.header.len() {
                return Err(WRONG_WIDTH.at(at));
            }
            return Ok(Some(row));
        }
    }
}

const WRONG_WIDTH: ImportReason =
    ImportReason::Malformed("CSV: the row has another number of columns than the header");

/// Appends a line with its end; false at the end of the file. `is_new` starts a piece of its own.
pub(super) fn read_line<R: BufRead>(
    input: &mut Metered<R>,
    line: &mut Vec<u8>,
    is_new: bool,
) -> Result<bool, ImportReason> {
    if is_new {
        input.begin();
    }
    match input.read_until(b'\n', line) {
        Ok(count) => Ok(count > 0),
        Err(error) => Err(input.reason(error.kind())),
    }
}

/// Splits lines into fields; a field in quotes may go on over several lines, `""` inside is one quote.
#[derive(Debug, Default)]
struct Splitter {
    text: Vec<u8>,
    ends: Vec<usize>,
    place: Place,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Start,
    Bare,
    Quoted,
    /// Behind a quote inside quotes: the end of the field, or the first half of `""`.
    AfterQuote,
}

impl Splitter {
    fn feed(&mut self, line: &[u8], delimiter: u8) {
        let line_end = line
            .strip_suffix(b"\n")
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        for byte in line_end.unwrap_or(line) {
            self.place = match (self.place, *byte) {
                (Place::Start, b'"') => Place::Quoted,
                (Place::Start, b' ') => Place::Start,
                (Place::Quoted, b'"') => Place::AfterQuote,
                (Place::AfterQuote, b'"') => {
                    self.text.push(b'"');
                    Place::Quoted
                }
                (Place::Start | Place::Bare | Place::AfterQuote, byte) if byte == delimiter => {
                    self.ends.push(self.text.len());
                    Place::Start
                }
                (Place::Quoted, byte) => {
                    self.text.push(byte);
                    Place::Quoted
                }
                (_, byte) => {
                    self.text.push(byte);
                    Place::Bare
                }
            };
        }
        if self.place == Place::Quoted && line_end.is_some() {
            self.text.push(b'\n');
        }
    }

    fn is_quoted(&self) -> bool {
        self.place == Place::Quoted
    }

    /// The row; the splitter is empty afterwards.
    fn finish(&mut self, line: u64) -> Result<Row, ImportReason> {
        let Self { text, mut ends, .. } = std::mem::take(self);
        ends.push(text.len());
        // Delimiters are ASCII and left out, so every field ends between two characters.
        let text = String::from_utf8(text).map_err(|_| ImportReason::NotUtf8)?;
        Ok(Row { line, text, ends })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Result<(u64, Vec<String>), String>> {
        let mut table = Table::open(text.as_bytes()).unwrap();
        std::iter::from_fn(|| table.next_row())
            .map(|row| {
                row.map(|row| (row.line, row.fields().map(str::to_owned).collect()))
                    .map_err(|error| format!("{:?} {error}", error.line))
            })
            .collect()
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "compared with outcomes that may be errors"
    )]
    fn fields(line: u64, fields: &[&str]) -> Result<(u64, Vec<String>), String> {
        Ok((line, fields.iter().map(|field| (*field).to_owned()).collect()))
    }

    #[test]
    fn rows_know_their_line_with_every_line_end_and_behind_blank_lines() {
        for end in ["\n", "\r\n"] {
            let text = [
                "\u{feff}",
                "a,b",
                "1, 2 ",
                "",
                " ",
                "3,4",
                "\"x",
                "y\",\"5\"\"\"",
                "7,8",
            ]
            .join(end);
            let expected = vec![
                fields(3, &["1", "2"]),
                fields(6, &["3", "4"]),
                fields(7, &["x\ny", "5\""]),
                fields(9, &["7", "8"]),
            ];
            assert_eq!(rows(&text), expected, "{end:?}");
        }
    }

    #[test]
    fn a_row_of_another_width_is_named_and_the_next_one_still_read() {
        let width = "not well-formed CSV: the row has another number of columns than the header";
        let expected = vec![Err(format!("Some(2) {width}")), fields(3, &["1", "2"])];
        assert_eq!(rows("a,b\n1\n1,2\n"), expected);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_an_error_on_the_line_where_it_opens() {
        let expected = vec![
            fields(2, &["1", "5' 10\""]),
            Err("Some(3) not well-formed CSV: a quote is never closed".to_owned()),
        ];
        assert_eq!(rows("a,b\n1,5' 10\"\n2,\"x\n3,4\n"), expected);
    }

    #[test]
    fn the_separator_is_taken_from_the_header() {
        for text in ["a;b\n1;2,5\n", "a\tb\n1\t2,5\n"] {
            assert_eq!(rows(text), vec![fields(2, &["1", "2,5"])]);
        }
    }

    #[test]
    fn a_table_without_a_header_is_refused() {
        for text in ["", "\n \r\n", "\u{feff}"] {
            let error = Table::open(text.as_bytes()).err().unwrap();
            assert_eq!(error.to_string(), "the header is missing");
        }
    }
}
