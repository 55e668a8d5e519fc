//! Fields that this version does not know, kept as they came.
//!
//! `#[serde(flatten)]` cannot do this: it reads a field into a buffer first, and a number or a raw body does not come out of
//! the buffer as it went in. Here each unknown field is taken from the text directly, byte for byte.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IntoDeserializer as _, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::value::RawValue;

use crate::limits;

/// Fields of a later version, in the order in which they came, each with its exact text.
#[derive(Clone, Default)]
pub struct UnknownFields(Vec<(String, Box<RawValue>)>);

impl UnknownFields {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names and exact JSON texts, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.get()))
    }

    fn push<E: serde::de::Error>(&mut self, name: String, value: Box<RawValue>) -> Result<(), E> {
        if self.0.iter().any(|(known, _)| *known == name) {
            return Err(E::custom("a field stands twice"));
        }
        // Also keeps the search above short, whatever is sent.
        if self.0.len() >= limits::UNKNOWN_FIELDS {
            return Err(E::custom("too many unknown fields"));
        }
        self.0.push((name, value));
        Ok(())
    }
}

impl PartialEq for UnknownFields {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for UnknownFields {}

/// Only how many: nobody here can say whether they are private.
impl fmt::Debug for UnknownFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} unknown fields", self.0.len())
    }
}

impl Serialize for UnknownFields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// For storing them in a column of their own.
impl<'de> serde::Deserialize<'de> for UnknownFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Nothing;
        impl<'de> Visitor<'de> for Nothing {
            type Value = ();
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                match map.next_key::<String>()? {
                    None => Ok(()),
                    Some(_) => Err(A::Error::custom("no field is known")),
                }
            }
        }
        let mut unknown = Self::default();
        let keeping = KeepUnknown {
            inner: deserializer,
            unknown: &mut unknown,
        };
        keeping.deserialize_struct("", &[], Nothing)?;
        Ok(unknown)
    }
}

/// A deserializer of one struct that hands the fields the struct names to it and keeps the others.
pub(crate) struct KeepUnknown<'u, D> {
    pub inner: D,
    pub unknown: &'u mut UnknownFields,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for KeepUnknown<'_, D> {
    type Error = D::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let split = Split {
            known: fields,
            unknown: self.unknown,
            inner: visitor,
        };
        self.inner.deserialize_map(split)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, D::Error> {
        Err(D::Error::custom("only a struct has fields to know"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Both the visitor and the map between a reader and the struct: `inner` is the struct's visitor first, then the text's map.
struct Split<'u, T> {
    known: &'static [&'static str],
    unknown: &'u mut UnknownFields,
    inner: T,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Split<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Split {
            known: self.known,
            unknown: self.unknown,
            inner: map,
        })
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Split<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(name) = self.inner.next_key_seed(KnownNames(self.known))? {
            match name {
                Name::Known(name) => return seed.deserialize(name.into_deserializer()).map(Some),
                Name::Unknown(name) => self.unknown.push(name, self.inner.next_value()?)?,
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.inner.next_value_seed(seed)
    }
}

/// The name of a field; a known one costs no allocation.
enum Name {
    Known(&'static str),
    Unknown(String),
}

struct KnownNames(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for KnownNames {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KnownNames {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Name, E> {
        let known = self.0.iter().find(|name| **name == text);
        Ok(known.map_or_else(|| Name::Unknown(text.to_owned()), |name| Name::Known(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_kept_byte_for_byte() {
        let text = r#"{"b":1.10,"a":{ "x" : [1e400, null] },"c":"\u3042"}"#;
        let unknown: UnknownFields = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&unknown).unwrap(), text);
        assert_eq!(format!("{unknown:?}"), "3 unknown fields");
    }

    #[test]
    fn a_field_that_stands_twice_is_refused() {
        assert!(serde_json::from_str::<UnknownFields>(r#"{"a":1,"a":2}"#).is_err());
    }

    #[test]
    fn more_fields_than_any_version_would_add_are_refused() {
        let fields = |count: usize| {
            let fields: Vec<String> = (0..count).map(|number| format!("\"f{number}\":0")).collect();
            format!("{{{}}}", fields.join(","))
        };
        assert!(serde_json::from_str::<UnknownFields>(&fields(limits::UNKNOWN_FIELDS)).is_ok());
        assert!(serde_json::from_str::<UnknownFields>(&fields(limits::UNKNOWN_FIELDS + 1)).is_err());
    }
}
