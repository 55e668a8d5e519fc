//! Apple Health: `export.zip` and the `export.xml` inside it.
//!
//! ```text
//! <HealthData>
//!   <Record type="HKQuantityTypeIdentifierStepCount" sourceName="…" value="12" startDate="…" endDate="…" …>
//!     <MetadataEntry key="HKTimeZone" value="Asia/Tokyo"/>
//!   </Record>
//! ```
//!
//! What is taken: step counts, body mass and waist circumference that stand directly under `HealthData`. A record inside
//! a `Correlation` is there a second time, and workouts repeat what their records say.
//!
//! Steps come out as they are read. Weigh-ins come at the end, because their waist circumference stands in another part
//! of the file; they are few and are held until then.
//!
//! Traps of real exports: the file starts with a long inline DTD that is not even well-formed since iOS 16, so it is
//! passed over without being understood, and entities it may declare are never expanded. Its name depends on the language
//! of the phone (`export.xml`, `exportar.xml`, …), so it is found by its content. All times carry the offset that the
//! phone had when it exported, not the one that was in force at the time; only `HKTimeZone` tells the true one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Seek};
use std::vec;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::decimal::{LengthUnit, steps, typed_weight, waist};
use super::file::{DETECT_BYTES, is_health_data};
use super::input::Metered;
use super::when::{Written, in_zone, local_millis, parse_written};
use super::{DateOrder, ImportError, ImportReason, Record, Records, Skipped, checked_interval, checked_time};
use crate::steps::IntervalRecord;
use crate::steps::LONGEST_SOURCE_NAME;
use crate::time::{Tz, UtcMillis, ZoneCache, parse_zone};
use crate::weight::{MassUnit, NewWeighIn, Waist};

/// Weigh-ins and waists held until the end: five of each a day for fifty years.
const MAX_HELD: usize = 100_000;
/// Real files have 4 levels.
const MAX_DEPTH: usize = 32;
/// Real records have 9 attributes.
const MAX_ATTRIBUTES: usize = 64;

/// An `export.zip`.
pub struct HealthArchive<R> {
    archive: zip::ZipArchive<R>,
    index: usize,
}

impl<R: Read + Seek> HealthArchive<R> {
    /// Finds the health data in an archive, by its content.
    ///
    /// Errors: not a zip archive, a damaged or encrypted one; no XML file with health data in it.
    pub fn open(reader: R) -> Result<Self, ImportError> {
        let mut archive = zip::ZipArchive::new(reader).map_err(archive_error)?;
        let mut candidates: Vec<(bool, usize)> = archive
            .file_names_raw()
            .enumerate()
            .filter_map(|(index, name)| {
                let name = name.to_ascii_lowercase();
                let is_data = name.ends_with(b".xml") && !name.ends_with(b"_cda.xml");
                is_data.then(|| (!name.ends_with(b"/export.xml"), index))
            })
            .collect();
        // The usual name first: it saves looking into the others.
        candidates.sort_unstable();
        for (_, index) in candidates {
            let mut first_bytes = Vec::new();
            let file = archive.by_index(index).map_err(archive_error)?;
            file.take(DETECT_BYTES as u64)
                .read_to_end(&mut first_bytes)
                .map_err(|error| ImportReason::Io(error.kind()).of_file())?;
            if is_health_data(&first_bytes) {
                return Ok(Self { archive, index });
            }
        }
        Err(ImportReason::missing("the health data").of_file())
    }

    /// The health data, decompressed while it is read, for [`AppleHealth::new`].
    ///
    /// Errors: the archive is damaged.
    pub fn xml(&mut self) -> Result<impl BufRead + '_, ImportError> {
        let file = self.archive.by_index(self.index).map_err(archive_error)?;
        Ok(BufReader::with_capacity(1 << 16, file))
    }
}

fn archive_error(error: zip::result::ZipError) -> ImportError {
    match error {
        zip::result::ZipError::Io(error) => ImportReason::Io(error.kind()),
        _ => ImportReason::Archive,
    }
    .of_file()
}

/// Readings of an `export.xml`: steps in the order of the file, then weigh-ins in theirs.
pub struct AppleHealth<R> {
    xml: Reader<Metered<R>>,
    buffer: Vec<u8>,
    depth: usize,
    has_root: bool,
    /// The record whose children are being read.
    open: Option<Element>,
    zone: Tz,
    zones: ZoneCache,
    weigh_ins: Vec<(UtcMillis, NewWeighIn)>,
    waists: BTreeMap<UtcMillis, Waist>,
    is_read: bool,
    result: vec::IntoIter<NewWeighIn>,
    skipped: Skipped,
}

/// What a record says, before it is understood.
struct Element {
    line: u64,
    kind: Kind,
    source: String,
    unit: Option<String>,
    value: Option<String>,
    created: Option<String>,
    start: Option<String>,
    end: Option<String>,
    zone: Option<Tz>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Steps,
    Mass,
    Waist,
}

impl<R: BufRead> AppleHealth<R> {
    /// Reads an `export.xml`.
    ///
    /// Units: weigh-ins that do not name their zone are given the local time of `zone`, because the offset in the file is
    /// that of the export and would differ in the next one. Steps without a zone are left without.
    pub fn new(reader: R, zone: Tz) -> Self {
        Self {
            xml: Reader::from_reader(Metered::new(reader)),
            buffer: Vec::new(),
            depth: 0,
            has_root: false,
            open: None,
            zone,
            zones: ZoneCache::default(),
            weigh_ins: Vec::new(),
            waists: BTreeMap::new(),
            is_read: false,
            result: Vec::new().into_iter(),
            skipped: Skipped::default(),
        }
    }

    /// Reads up to the end of the next record that is wanted; `None` at the end of the file.
    fn next_element(&mut self) -> Result<Option<Element>, ImportReason> {
        // The buffer is lent to the event; it comes back below, whatever happened.
        let mut buffer = std::mem::take(&mut self.buffer);
        let found = loop {
            buffer.clear();
            self.xml.get_mut().begin();
            let line = self.xml.get_ref().line();
            let event = self.xml.read_event_into(&mut buffer);
            match self.take(event, line) {
                Ok(Step::On) => {}
                Ok(Step::Found(element)) => break Ok(Some(element)),
                Ok(Step::End) => break Ok(None),
                Err(reason) => break Err(reason),
            }
        };
        self.buffer = buffer;
        found
    }

    fn take(&mut self, event: quick_xml::Result<Event<'_>>, line: u64) -> Result<Step, ImportReason> {
        match event.map_err(|error| self.xml_reason(&error))? {
            Event::Start(tag) => {
                self.enter(&tag, line)?;
                self.depth = self.depth.saturating_add(1);
                if self.depth > MAX_DEPTH {
                    return Err(ImportReason::TooLarge("the XML is nested too deeply"));
                }
                Ok(Step::On)
            }
            Event::Empty(tag) => {
                self.enter(&tag, line)?;
                Ok(self.leave())
            }
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(self.leave())
            }
            Event::Eof if self.depth > 0 => Err(MALFORMED),
            Event::Eof if !self.has_root => Err(ImportReason::missing("HealthData")),
            Event::Eof => Ok(Step::End),
            _ => Ok(Step::On),
        }
    }

    /// Looks at an opening tag at the current depth.
    fn enter(&mut self, tag: &BytesStart<'_>, line: u64) -> Result<(), ImportReason> {
        match (self.depth, tag.name().as_ref()) {
            (0, "HealthData") => self.has_root = true,
            (0, _) => return Err(ImportReason::missing("HealthData")),
            (1, "Record") => self.open = Element::read(tag, line)?,
            (2, "MetadataEntry") => {
                if let Some(element) = &mut self.open {
                    let [key, value] = attributes(tag, ["key", "value"])?;
                    if key.as_deref() == Some("HKTimeZone") {
                        // An unknown name is no reason to lose the steps.
                        element.zone = value.and_then(|name| parse_zone(&name));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// After a closing tag: back under the root, the open record is complete.
    fn leave(&mut self) -> Step {
        if self.depth == 1 {
            self.open.take().map_or(Step::On, Step::Found)
        } else {
            Step::On
        }
    }

    fn xml_reason(&self, error: &quick_xml::Error) -> ImportReason {
        match error {
            quick_xml::Error::Io(error) => self.xml.get_ref().reason(error.kind()),
            quick_xml::Error::Encoding(_) => ImportReason::NotUtf8,
            _ => MALFORMED,
        }
    }

    /// The steps of a record; a weight or a waist is put aside.
    fn understand(&mut self, element: &Element) -> Result<Option<IntervalRecord>, ImportReason> {
        let start = instant("startDate", element.start.as_deref())?;
        let value = element
            .value
            .as_deref()
            .ok_or_else(|| ImportReason::missing("value"))?;
        let unit = || {
            element
                .unit
                .as_deref()
                .ok_or_else(|| ImportReason::missing("unit"))
        };
        match element.kind {
            Kind::Steps => {
                let end = instant("endDate", element.end.as_deref())?;
                let modified = match element.created.as_deref() {
                    None => end,
                    created => instant("creationDate", created)?,
                };
                return checked_interval(IntervalRecord {
                    source: element.source.clone(),
                    id: format!("{}-{}", start.0, end.0),
                    start,
                    end,
                    steps: steps("value", value)?,
                    modified,
                    zone: element.zone,
                })
                .map(Some);
            }
            Kind::Mass => {
                let unit = match unit()? {
                    "kg" => MassUnit::Kilogram,
                    "lb" => MassUnit::Pound,
                    "st" => MassUnit::Stone,
                    _ => return Err(ImportReason::bad("unit", "is not kg, lb or st")),
                };
                let zone = element.zone.unwrap_or(self.zone);
                let weigh_in = NewWeighIn {
                    when: checked_time(in_zone(start, 0, self.zones.get(zone)))?,
                    typed: typed_weight("value", value, unit, true)?,
                    unit,
                    waist: None,
                    source: element.source.clone(),
                };
                self.weigh_ins.push((start, weigh_in));
            }
            Kind::Waist => {
                let unit = match unit()? {
                    "cm" => LengthUnit::Centimetre,
                    "in" => LengthUnit::Inch,
                    "m" => LengthUnit::Metre,
                    "mm" => LengthUnit::Millimetre,
                    "ft" => LengthUnit::Foot,
                    _ => return Err(ImportReason::bad("unit", "is not cm, in, m, mm or ft")),
                };
                if self.waists.insert(start, waist("value", value, unit)?).is_some() {
                    self.leave_out_waists(1);
                }
            }
        }
        Ok(None)
    }

    fn leave_out_waists(&mut self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.skipped.waists_without_weight = self.skipped.waists_without_weight.saturating_add(count);
    }

    /// At the end of the file: each waist goes to the weigh-in of its moment.
    fn finish(&mut self) {
        let mut waists = std::mem::take(&mut self.waists);
        let mut weigh_ins = Vec::with_capacity(self.weigh_ins.len());
        for (at, mut weigh_in) in std::mem::take(&mut self.weigh_ins) {
            weigh_in.waist = waists.remove(&at);
            weigh_ins.push(weigh_in);
        }
        self.leave_out_waists(waists.len());
        self.result = weigh_ins.into_iter();
    }
}

enum Step {
    On,
    Found(Element),
    End,
}

const MALFORMED: ImportReason = ImportReason::Malformed("XML");

impl Element {
    /// The attributes of a record, or `None` if it is of a type that is not imported.
    fn read(tag: &BytesStart<'_>, line: u64) -> Result<Option<Self>, ImportReason> {
        const NAMES: [&str; 7] = [
            "type",
            "sourceName",
            "unit",
            "value",
            "creationDate",
            "startDate",
            "endDate",
        ];
        let [kind, source, unit, value, created, start, end] = attributes(tag, NAMES)?;
        let kind = match kind.as_deref() {
            Some("HKQuantityTypeIdentifierStepCount") => Kind::Steps,
            Some("HKQuantityTypeIdentifierBodyMass") => Kind::Mass,
            Some("HKQuantityTypeIdentifierWaistCircumference") => Kind::Waist,
            _ => return Ok(None),
        };
        let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        Ok(Some(Self {
            line,
            kind,
            // Cut the same way at each import, so that a record keeps its identity.
            source: format!("apple-health:{}", source.unwrap_or_default())
                .chars()
                .take(LONGEST_SOURCE_NAME)
                .collect(),
            unit: owned(unit),
            value: owned(value),
            created: owned(created),
            start: owned(start),
            end: owned(end),
            zone: None,
        }))
    }
}

/// The values of the named attributes. Only the five entities of XML itself are resolved.
fn attributes<'a, const N: usize>(
    tag: &'a BytesStart<'_>,
    names: [&str; N],
) -> Result<[Option<Cow<'a, str>>; N], ImportReason> {
    let mut values = [const { None }; N];
    // The check for doubles compares each with each; the number is limited instead.
    for (count, attribute) in tag.attributes().with_checks(false).enumerate() {
        let attribute = attribute.map_err(|_| MALFORMED)?;
        if count >= MAX_ATTRIBUTES {
            return Err(ImportReason::TooLarge("an XML element has too many attributes"));
        }
        let place = names.iter().position(|name| *name == attribute.key.as_ref());
        if let Some(value) = place.and_then(|place| values.get_mut(place)) {
            let text = attribute.normalized_value(XmlVersion::Implicit1_0);
            *value = Some(text.map_err(|_| MALFORMED)?);
        }
    }
    Ok(values)
}

/// Reads `2019-03-05 08:11:32 +0900`.
fn instant(field: &'static str, text: Option<&str>) -> Result<UtcMillis, ImportReason> {
    let text = text.ok_or_else(|| ImportReason::missing(field))?;
    match parse_written(text, DateOrder::YearFirst) {
        Some(Written {
            date,
            time: Some(time),
            offset_s: Some(offset_s),
        }) => {
            Ok(UtcMillis(local_millis(date.and_time(time))).plus(i64::from(offset_s).saturating_mul(-1000)))
        }
        _ => Err(ImportReason::bad(field, "is not a time with an offset")),
    }
}

impl<R: BufRead> Iterator for AppleHealth<R> {
    type Item = Result<Record, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_read {
            let line = self.xml.get_ref().line();
            let error = match self.next_element() {
                Ok(Some(_)) if self.weigh_ins.len().saturating_add(self.waists.len()) >= MAX_HELD => {
                    self.is_read = true;
                    ImportReason::TooLarge("more than 100,000 weigh-ins").at(line)
                }
                Ok(Some(element)) => match self.understand(&element) {
                    Ok(None) => continue,
                    Ok(Some(record)) => return Some(Ok(Record::Steps(record))),
                    Err(reason) => reason.at(element.line),
                },
                Ok(None) => {
                    self.is_read = true;
                    self.finish();
                    continue;
                }
                Err(reason) => {
                    self.is_read = true;
                    reason.at(self.xml.get_ref().line())
                }
            };
            return Some(Err(error));
        }
        self.result.next().map(Record::WeighIn).map(Ok)
    }
}

impl<R: BufRead> Records for AppleHealth<R> {
    fn skipped(&self) -> Skipped {
        self.skipped
    }
}

#[cfg(test)]
mod tests;
