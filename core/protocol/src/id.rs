//! Ids: UUIDs that cannot be mistaken for one another.

use std::fmt;

use uuid::{Builder, Uuid};

use crate::word::Text;

macro_rules! uuid_id {
    ($($(#[doc = $doc:literal])+ $name:ident: $expected:literal;)+) => {
        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(Uuid);

            impl $name {
                /// The id of a UUID made elsewhere.
                #[must_use]
                pub const fn from_uuid(uuid: Uuid) -> Self {
                    Self(uuid)
                }

                /// A `UUIDv7` made at `unix_ms` (milliseconds since 1970, UTC) from ten random bytes; both are handed in.
                ///
                /// It sorts by the time it was made, which keeps an index compact and orders nothing else.
                #[must_use]
                pub const fn new(unix_ms: u64, random: &[u8; 10]) -> Self {
                    Self(Builder::from_unix_timestamp_millis(unix_ms, random).into_uuid())
                }

                /// Reads 36 characters with hyphens; `None` for anything else.
                #[must_use]
                pub fn parse(text: &str) -> Option<Self> {
                    // The other forms that the library reads (braces, no hyphens) would give one id several spellings.
                    let uuid = Uuid::try_parse(text).ok();
                    uuid.filter(|_| text.len() == 36).map(Self)
                }

                /// The UUID.
                #[must_use]
                pub const fn as_uuid(&self) -> &Uuid {
                    &self.0
                }
            }

            impl Text for $name {
                const EXPECTED: &'static str = $expected;

                fn from_text(text: &str) -> Option<Self> {
                    Self::parse(text)
                }
            }

            /// Lower case with hyphens.
            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.hyphenated().fmt(f)
                }
            }

            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    crate::word::deserialize(deserializer)
                }
            }

            schema_of!($name => crate::schema::uuid(concat!($($doc, "\n"),+)));
        )+
    };
}

uuid_id! {
    /// One participant's record in one society, over all her courses; made by the server at enrolment.
    CaseId: "the id of a case";
    /// A request to append one entry; made by the author's phone when she confirms the input, and never again.
    OpId: "the id of an operation";
    /// A person who signs in, or the server itself.
    AccountId: "the id of an account";
    /// A phone or another device of an account.
    DeviceId: "the id of a device";
    /// A health insurance society (健康保険組合).
    SocietyId: "the id of a society";
    /// A weigh-in over all its edits.
    WeighInId: "the id of a weigh-in";
    /// A picture on its way to the server.
    UploadId: "the id of an upload";
    /// An invitation of one person; made by the server.
    InvitationId: "the id of an invitation";
    /// A ready-made prefix of a log.
    SnapshotId: "the id of a snapshot";
}

impl AccountId {
    /// Author of the entries that the server itself appends. A fixed id instead of none, because the author is part of a key.
    pub const SYSTEM: Self = Self(Uuid::nil());
}

impl DeviceId {
    /// Device of the entries that the server itself appends.
    pub const SYSTEM: Self = Self(Uuid::nil());
}

word_type! {
    /// An article over all its versions.
    pub struct ArticleId: "the id of an article"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written_and_carries_its_time() {
        let id = OpId::new(1_775_001_600_000, &[0xab; 10]);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"019d4657-0000-7bab-abab-abababababab\"");
        assert_eq!(serde_json::from_str::<OpId>(&json).unwrap(), id);
        assert!(id < OpId::new(1_775_001_600_001, &[0; 10]));
    }

    #[test]
    fn one_id_has_one_spelling() {
        for text in [
            "",
            "019d465700007bababababababababab",
            "{019d4657-0000-7bab-abab-abababababab}",
            "urn:uuid:019d4657-0000-7bab-abab-abababababab",
            "019d4657-0000-7bab-abab-ababababababx",
        ] {
            assert_eq!(OpId::parse(text), None, "{text}");
        }
        let upper = OpId::parse("019D4657-0000-7BAB-ABAB-ABABABABABAB").unwrap();
        assert_eq!(upper.to_string(), "019d4657-0000-7bab-abab-abababababab");
    }
}
