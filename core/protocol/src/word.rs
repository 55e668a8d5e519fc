//! Words of the protocol: enumerations that travel as short texts, closed ones and open ones.
//!
//! An open enumeration keeps a word that it does not know, so that a later version can add one without breaking an old
//! reader, and so that every `match` has to say what happens then.

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

use serde::de::{Deserialize, Deserializer, Error as _, Visitor};

/// A value that travels as a text.
pub(crate) trait Text: Sized {
    /// What a reader expected, said when the text is something else. The text itself is never repeated: it may be private.
    const EXPECTED: &'static str;

    /// Reads the text; `None` if it is something else.
    fn from_text(text: &str) -> Option<Self>;
}

/// Reads a [`Text`] without a copy in between.
pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: Text>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_str(TextVisitor(PhantomData))
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: Text> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        T::from_text(text).ok_or_else(|| E::custom(format_args!("expected {}", T::EXPECTED)))
    }
}

/// Longest word in bytes. Ours are below 30; the rest is room for later ones.
const LONGEST_BYTES: usize = 64;

/// Whether a text may be a word: 1 to 64 lower-case letters, digits and `_ . - / +`.
///
/// So narrow that a word can stand in a log, an address and a column without thought.
pub(crate) fn is_word(text: &str) -> bool {
    (1..=LONGEST_BYTES).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-/+".contains(&byte))
}

/// A word that this version does not know, exactly as it was received.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherWord(Box<str>);

impl OtherWord {
    pub(crate) fn new(text: &str) -> Option<Self> {
        is_word(text).then(|| Self(text.into()))
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OtherWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The schema of a type that describes itself by hand, for the description of the interface.
macro_rules! schema_of {
    ($name:ident => $schema:expr) => {
        #[cfg(feature = "openapi")]
        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::schema::Schema> {
                $schema
            }
        }

        #[cfg(feature = "openapi")]
        impl ::utoipa::ToSchema for $name {}
    };
}

/// Serde and `Display` for a type with `as_str` and `from_word`.
macro_rules! word_traits {
    ($name:ident, $expected:literal) => {
        impl $crate::word::Text for $name {
            const EXPECTED: &'static str = $expected;

            fn from_text(text: &str) -> Option<Self> {
                Self::from_word(text)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::word::deserialize(deserializer)
            }
        }
    };
}

/// A closed enumeration: another word is an error.
macro_rules! words {
    (
        $(#[doc = $doc:literal])+
        pub enum $name:ident: $expected:literal {
            $($(#[doc = $variant_doc:literal])+ $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[doc = $variant_doc])+ $variant,)+
        }

        impl $name {
            /// Every value, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word that travels.
            #[must_use]
            pub const fn as_str(&self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The value of a word; `None` for another word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        word_traits!($name, $expected);
        schema_of!($name => $crate::schema::closed_words(concat!($($doc, "\n"),+), &[$(($word, concat!($($variant_doc, "\n"),+)),)+]));
    };
}

/// An open enumeration: another word is kept as `Other`.
macro_rules! open_words {
    (
        $(#[doc = $doc:literal])+
        pub enum $name:ident: $expected:literal {
            $($(#[doc = $variant_doc:literal])+ $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[doc = $variant_doc])+ $variant,)+
            /// A word of a later version.
            Other($crate::word::OtherWord),
        }

        impl $name {
            /// Every value that this version knows, in the order of their declaration.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant,)+];

            /// The word that travels.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word.as_str(),
                }
            }

            /// The value of a word; `None` if the text cannot be a word: 1 to 64 lower-case letters, digits and `_ . - / +`.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => $crate::word::OtherWord::new(word).map(Self::Other),
                }
            }
        }

        word_traits!($name, $expected);
        schema_of!($name => $crate::schema::open_words(concat!($($doc, "\n"),+), &[$(($word, concat!($($variant_doc, "\n"),+)),)+]));
    };
}

/// A text in the form of a word, of which no value is special to this crate.
macro_rules! word_type {
    ($(#[doc = $doc:literal])+ pub struct $name:ident: $expected:literal) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The value of a word; `None` if the text cannot be one: 1 to 64 lower-case letters, digits and `_ . - / +`.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                $crate::word::is_word(word).then(|| Self(word.into()))
            }

            /// The word that travels.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        word_traits!($name, $expected);
        schema_of!($name => $crate::schema::word(concat!($($doc, "\n"),+)));
    };
}

/// `Debug` that tells the name of the type and nothing it holds: logs and crash reports stay free of health data and secrets.
macro_rules! silent_debug {
    ($($name:ident),+ $(,)?) => {
        $(impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        })+
    };
}

/// Reads a number that must lie in `range`.
pub(crate) fn bounded<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    range: &RangeInclusive<T>,
) -> Result<T, D::Error>
where
    T: Deserialize<'de> + PartialOrd,
{
    let number = T::deserialize(deserializer)?;
    if range.contains(&number) {
        Ok(number)
    } else {
        Err(D::Error::custom("expected a number within its range"))
    }
}

/// Reads a field that may be null and may not be missing: with `Option` alone a field that got lost would look like a null that
/// somebody wrote.
pub(crate) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

#[cfg(test)]
mod tests {
    use crate::cursor::Lane;
    use crate::session::Role;

    #[test]
    fn a_closed_enumeration_refuses_another_word_without_repeating_it() {
        assert_eq!(serde_json::from_str::<Lane>("\"talk\"").unwrap(), Lane::Talk);
        let error = serde_json::from_str::<Lane>("\"secret\"").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn an_open_enumeration_keeps_another_word() {
        let role: Role = serde_json::from_str("\"committee.member\"").unwrap();
        assert!(matches!(role, Role::Other(_)));
        assert_eq!(serde_json::to_string(&role).unwrap(), "\"committee.member\"");
        assert_eq!(Role::from_word("adviser"), Some(Role::Adviser));
    }

    #[test]
    fn a_sentence_is_no_word() {
        for text in ["", "two words", "Adviser", "参加者", "a\n", &"a".repeat(65)] {
            assert_eq!(Role::from_word(text), None, "{text}");
        }
    }
}
