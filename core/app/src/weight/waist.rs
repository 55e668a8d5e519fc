//! Waist circumference (腹囲), stored in whole millimetres.

use super::unit::{Decimal, divide_half_away};

/// A waist circumference, 100 to 3,000 mm: what lies outside is a wrong unit or another number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Waist(u32);

/// Why typed text is not a waist circumference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WaistTextError {
    /// Not digits with an optional point and up to 22 digits.
    #[error("read the waist: it is not a number such as 84.5")]
    Malformed,
    /// Below 10 cm or above 3 m.
    #[error("accept the waist: it is not between 10 and 300 cm")]
    OutOfRange,
}

impl Waist {
    /// A waist of `mm` millimetres; `None` outside 100 to 3,000.
    #[must_use]
    pub fn from_millimetres(mm: u32) -> Option<Self> {
        (100..=3000).contains(&mm).then_some(Self(mm))
    }

    /// The waist in millimetres.
    #[must_use]
    pub const fn millimetres(self) -> u32 {
        self.0
    }

    /// Reads what a person typed in centimetres, rounded half up to a millimetre.
    ///
    /// Shapes: one or more digits, then nothing or a point and one or more digits; white space around does not matter.
    /// Errors: `Malformed`; `OutOfRange`.
    pub fn parse_centimetres(typed: &str) -> Result<Self, WaistTextError> {
        let decimal = Decimal::read(typed.trim()).ok_or(WaistTextError::Malformed)?;
        let centimetres = decimal.scaled().map_err(|error| match error {
            super::WeightTextError::OutOfRange => WaistTextError::OutOfRange,
            super::WeightTextError::Malformed | super::WeightTextError::TooManyDigits => {
                WaistTextError::Malformed
            }
        })?;
        let mm = divide_half_away(centimetres.units.saturating_mul(10), centimetres.scale);
        u32::try_from(mm)
            .ok()
            .and_then(Self::from_millimetres)
            .ok_or(WaistTextError::OutOfRange)
    }
}

/// Centimetres with one decimal and without the name of the unit: `84.5`.
impl std::fmt::Display for Waist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centimetres_become_whole_millimetres_and_are_shown_again() {
        for (typed, mm, shown) in [
            ("84.5", 845, "84.5"),
            (" 84.55 ", 846, "84.6"),
            ("084", 840, "84.0"),
            ("10", 100, "10.0"),
            ("300.0", 3000, "300.0"),
        ] {
            let waist = Waist::parse_centimetres(typed).unwrap();
            assert_eq!((waist.millimetres(), waist.to_string()), (mm, shown.to_owned()));
        }
    }

    #[test]
    fn what_is_no_waist_is_refused_with_its_reason() {
        for typed in [
            "",
            ".5",
            "84.",
            "-84",
            "84 cm",
            "8e1",
            "８４",
            "84.12345678901234567890123",
        ] {
            assert_eq!(
                Waist::parse_centimetres(typed),
                Err(WaistTextError::Malformed),
                "{typed}"
            );
        }
        for typed in ["0", "9.94", "300.05", "845", "99999999999"] {
            assert_eq!(
                Waist::parse_centimetres(typed),
                Err(WaistTextError::OutOfRange),
                "{typed}"
            );
        }
        assert_eq!(Waist::from_millimetres(99), None);
        assert_eq!(Waist::from_millimetres(3001), None);
    }
}
