//! Handing out a snapshot, whole or by a range.

use std::ops::Range;

use ayumi_protocol::cursor::{Epoch, LogName, Seq};
use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::SnapshotId;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::Role;

use super::sql;
use crate::accounts::principal::{Credentials, authenticate};
use crate::audit::{self, Act, Chain};
use crate::cases::{access, refusals};
use crate::server::{Server, boxed};
use crate::store::{Fault, Refused, Transaction, state};

/// Which bytes of a file somebody asks for. Source: RFC 9110, 14.1.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedRange {
    /// From this byte to the end.
    From(u64),
    /// From this byte to that one, which is included.
    FromTo(u64, u64),
    /// So many bytes at the end.
    Last(u64),
}

impl AskedRange {
    /// Reads the value of a `Range` field; `None` for anything but one range of bytes, which is then not obeyed, as the standard allows.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (unit, range) = text.split_once('=')?;
        let (from, to) = range.trim().split_once('-')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return None;
        }
        let number = |text: &str| {
            let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            // A number beyond every file is as good as the largest.
            is_plain.then(|| text.parse().unwrap_or(u64::MAX))
        };
        match (from.is_empty(), to.is_empty()) {
            (true, _) => number(to).map(Self::Last),
            (false, true) => number(from).map(Self::From),
            (false, false) => {
                let (from, to) = (number(from)?, number(to)?);
                (from <= to).then_some(Self::FromTo(from, to))
            }
        }
    }

    /// The range in a file of this length, the end excluded; `None` if no byte of it is there.
    #[must_use]
    pub fn within(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From(from) => from..length,
            Self::FromTo(from, to) => from..to.saturating_add(1).min(length),
            Self::Last(count) => length.saturating_sub(count)..length,
        };
        (range.start < range.end).then_some(range)
    }
}

/// A file that may be handed out.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Name of the object.
    pub object_key: String,
    /// Length of the whole file in bytes.
    pub length_bytes: u64,
    /// Hash of the whole file.
    pub sha256: Sha256,
    /// Which bytes of it.
    pub range: Delivered,
}

/// Which bytes are handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivered {
    /// All.
    Whole,
    /// These, the end excluded.
    Part(Range<u64>),
    /// None: the range that was asked for begins behind the end.
    Nothing,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct DeliveryInput {
    /// Who asks.
    pub credentials: Credentials,
    /// Which snapshot.
    pub snapshot_id: SnapshotId,
    /// Which bytes; `None` for all.
    pub range: Option<AskedRange>,
    /// The range counts only if this is still the file's tag; `None` if it does not matter.
    pub if_range: Option<String>,
}

/// The tag of a file: a strong one, because a snapshot never changes.
#[must_use]
pub fn etag(sha256: &Sha256) -> String {
    format!("\"{sha256}\"")
}

/// Finds a snapshot whose log the caller may read; that staff read it is written down, with its entries.
///
/// Errors: those of [`authenticate`]; `not_found`, whether there is no such snapshot, it is of another incarnation of the store, or its
/// log is not hers; `consent_required`, `consent_withdrawn` for staff.
pub async fn find(server: &Server, input: DeliveryInput) -> Result<Delivery, Fault> {
    let outcome = server.read(input, |tx, input| boxed(find_in(tx, input)));
    outcome.await?.map_err(Fault::Refused)
}

async fn find_in(
    tx: &mut dyn Transaction,
    input: &DeliveryInput,
) -> Result<Result<Delivery, Refused>, Fault> {
    let principal = authenticate(tx, &input.credentials).await?;
    let row = tx.row(sql::SNAPSHOT, &[input.snapshot_id.into()]).await?;
    let row = row.ok_or(ProblemCode::NotFound)?;
    let log = LogName {
        case_id: row.get(0)?,
        audience: row.get(1)?,
    };
    let access = match access::reach_log(tx, &principal, log).await {
        Err(Fault::Refused(refused)) => {
            refusals::record(tx, &principal, "snapshot.read_refused", log, &refused).await?;
            return Ok(Err(refused));
        }
        other => other?,
    };
    if let Some(code) = access.reading_refusal() {
        return Err(code.into());
    }
    let up_to_seq: Seq = row.get(3)?;
    if row.get::<Epoch>(2)? != state::epoch(tx).await? || up_to_seq > access.head_seq {
        return Err(ProblemCode::NotFound.into());
    }
    let (length_bytes, sha256): (u64, Sha256) = (row.get(4)?, row.get(5)?);
    let is_same = input.if_range.as_ref().is_none_or(|tag| *tag == etag(&sha256));
    let range = match input.range.filter(|_| is_same) {
        None => Delivered::Whole,
        Some(asked) => asked
            .within(length_bytes)
            .map_or(Delivered::Nothing, Delivered::Part),
    };
    if access.role != Role::Participant && range != Delivered::Nothing {
        if !tx.is_writing() {
            return Err(Fault::NeedsWrite);
        }
        let mut act = Act::done(&principal, access.role, "snapshot.read");
        act.audience = Some(log.audience);
        act.from_seq = Seq::START.next();
        act.to_seq = Some(up_to_seq);
        act.object_id = Some(*input.snapshot_id.as_uuid());
        audit::record(tx, Chain::Case(log.case_id), &act).await?;
    }
    Ok(Ok(Delivery {
        object_key: row.get(6)?,
        length_bytes,
        sha256,
        range,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_of_bytes_is_understood_and_nothing_else() {
        for (text, expected) in [
            ("bytes=0-", Some(AskedRange::From(0))),
            ("bytes=5-9", Some(AskedRange::FromTo(5, 9))),
            ("Bytes = 5-9", Some(AskedRange::FromTo(5, 9))),
            ("bytes=-9", Some(AskedRange::Last(9))),
            ("bytes=99999999999999999999999-", Some(AskedRange::From(u64::MAX))),
            ("bytes=9-5", None),
            ("bytes=-", None),
            ("bytes=1-2,4-5", None),
            ("bytes=+1-2", None),
            ("bytes=--2", None),
            ("lines=1-2", None),
            ("bytes", None),
            ("", None),
        ] {
            assert_eq!(AskedRange::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_range_ends_where_the_file_does_and_is_not_there_behind_it() {
        let within = |text: &str| AskedRange::parse(text).unwrap().within(10);
        assert_eq!(within("bytes=0-"), Some(0..10));
        assert_eq!(within("bytes=0-0"), Some(0..1));
        assert_eq!(within("bytes=9-"), Some(9..10));
        assert_eq!(within("bytes=3-99"), Some(3..10));
        assert_eq!(within("bytes=-99"), Some(0..10));
        assert_eq!(within("bytes=-3"), Some(7..10));
        for text in [
            "bytes=10-",
            "bytes=10-11",
            "bytes=-0",
            "bytes=18446744073709551615-18446744073709551615",
        ] {
            assert_eq!(within(text), None, "{text}");
        }
    }
}
