//! Codes that people type: 12 characters in three groups, such as `K7QM-4T2W-9XHB`.
//!
//! The first four find the row and are kept as they are; the other eight (40 random bits) are kept as a slow hash. Capitals without
//! I, L, O and U (Crockford's base 32), so that nothing can be mistaken; what is typed may have any case, hyphens and spaces, and O, I
//! and L are read as 0 and 1.

use crate::host::Host;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PREFIX: usize = 4;
const LENGTH: usize = 12;

/// A code in its parts. It shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Code {
    /// Finds the row.
    pub(crate) prefix: String,
    /// The secret.
    pub(crate) rest: String,
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code(..)")
    }
}

impl Code {
    /// A new one.
    pub(crate) fn random(host: &Host) -> Self {
        // 256 is a multiple of 32: every character is as likely as every other.
        let bytes: [u8; LENGTH] = host.random_bytes();
        let text: String = bytes
            .iter()
            .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
            .map(|byte| char::from(*byte))
            .collect();
        Self::split(&text)
    }

    /// Reads what somebody typed or scanned; `None` if it cannot be a code.
    pub(crate) fn parse(typed: &str) -> Option<Self> {
        let mut text = String::new();
        for character in typed
            .chars()
            .filter(|character| !matches!(character, '-' | ' ' | '\u{3000}'))
        {
            let character = match character.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let is_known = u8::try_from(character).is_ok_and(|byte| ALPHABET.contains(&byte));
            if !is_known || text.len() == LENGTH {
                return None;
            }
            text.push(character);
        }
        (text.len() == LENGTH).then(|| Self::split(&text))
    }

    fn split(text: &str) -> Self {
        let prefix = text.chars().take(PREFIX).collect();
        let rest = text.chars().skip(PREFIX).collect();
        Self { prefix, rest }
    }

    /// As it is shown, once.
    pub(crate) fn show(&self) -> String {
        let middle: String = self.rest.chars().take(PREFIX).collect();
        let end: String = self.rest.chars().skip(PREFIX).collect();
        format!("{}-{middle}-{end}", self.prefix)
    }

    /// As one text, for deriving from it.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.prefix, self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::seeded_host;

    #[test]
    fn a_code_is_read_as_it_is_shown_and_as_people_type_it() {
        let (host, _) = seeded_host(1);
        let code = Code::random(&host);
        assert_eq!(Code::parse(&code.show()), Some(code.clone()));
        assert_eq!(
            Code::parse(&code.show().to_lowercase().replace('-', " ")),
            Some(code)
        );
        assert_eq!(Code::parse("o1l0-iiii-oooo"), Code::parse("0110-1111-0000"));
        for wrong in [
            "",
            "K7QM-4T2W-9XH",
            "K7QM-4T2W-9XHBB",
            "K7QM-4T2W-9XHU",
            "歩みの歩みの歩みの歩みの",
        ] {
            assert_eq!(Code::parse(wrong), None, "{wrong}");
        }
    }
}
