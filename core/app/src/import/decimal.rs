//! Numbers as people and apps write them, kept as digits. Nothing here passes through a binary float.

use super::{ImportReason, MAX_STEPS};
use crate::weight::{MassUnit, Waist, Weight, WeightTextError};

/// The unit of a waist circumference in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LengthUnit {
    /// Millimetres.
    Millimetre,
    /// Centimetres.
    Centimetre,
    /// Metres.
    Metre,
    /// Inches of 25.4 mm.
    Inch,
    /// Feet of 304.8 mm.
    Foot,
}

/// `digits` / 10^`scale`, at most 28 digits: 28 of them times the nine digits of a stone still fit into 128 bits.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    digits: u128,
    scale: u32,
}

const MAX_DIGITS: usize = 28;

impl Decimal {
    /// Reads one or more digits, then nothing or a point and one or more digits.
    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let whole_digits = whole.trim_start_matches('0').len();
        if !is_number(whole)
            || !is_number(fraction)
            || whole_digits.saturating_add(fraction.len()) > MAX_DIGITS
        {
            return None;
        }
        let digits = whole
            .bytes()
            .chain(fraction.bytes())
            .try_fold(0u128, |sum, digit| {
                sum.checked_mul(10)?.checked_add(u128::from(digit & 0x0f))
            })?;
        Some(Self {
            digits,
            scale: u32::try_from(fraction.len()).ok()?,
        })
    }

    /// This number times `numerator / denominator`, rounded half up; `None` beyond 128 bits.
    fn scaled(self, numerator: u128, denominator: u128) -> Option<u128> {
        let divisor = 10u128.checked_pow(self.scale)?.checked_mul(denominator)?;
        let doubled = self.digits.checked_mul(numerator)?.checked_mul(2)?;
        doubled.checked_add(divisor)?.checked_div(divisor.checked_mul(2)?)
    }
}

/// Digits without an exponent. Apple's exports may write `6.35e+01`; the same digits are `63.5`.
fn plain_digits(text: &str) -> Option<String> {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return Some(text.to_owned());
    };
    Decimal::parse(mantissa)?;
    let exponent: i32 = exponent.parse().ok()?;
    if exponent.unsigned_abs() as usize > MAX_DIGITS {
        return None;
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let point = i32::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let digits = format!("{whole}{fraction}");
    let length = i32::try_from(digits.len()).ok()?;
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let plain = if point <= 0 {
        format!("0.{}{digits}", zeros(point.saturating_neg()))
    } else if point >= length {
        format!("{digits}{}", zeros(point.saturating_sub(length)))
    } else {
        let (before, after) = digits.split_at_checked(usize::try_from(point).ok()?)?;
        format!("{before}.{after}")
    };
    let trimmed = plain.trim_start_matches('0');
    Some(if trimmed.is_empty() || trimmed.starts_with('.') {
        format!("0{trimmed}")
    } else {
        trimmed.to_owned()
    })
}

/// Checks a weight and gives back its digits as written (an exponent, where allowed, resolved).
///
/// Units: `text` in `unit`. Errors: not a plain decimal number; outside 2 to 500 kg before rounding.
/// Source: weight.md 2, 10.1.
pub(super) fn typed_weight(
    field: &str,
    text: &str,
    unit: MassUnit,
    exponent_allowed: bool,
) -> Result<String, ImportReason> {
    let bad = |problem| ImportReason::bad(field.to_owned(), problem);
    let not_a_number = || bad("is not a decimal number");
    let digits = if exponent_allowed {
        plain_digits(text).ok_or_else(not_a_number)?
    } else {
        text.to_owned()
    };
    // Stone are a decimal number in files, never `10 st 4`.
    Decimal::parse(&digits).ok_or_else(not_a_number)?;
    match Weight::parse(&digits, unit) {
        Ok(_) => Ok(digits),
        Err(WeightTextError::OutOfRange) => Err(bad("is outside 2 to 500 kg")),
        Err(WeightTextError::Malformed | WeightTextError::TooManyDigits) => Err(not_a_number()),
    }
}

/// Two weights written with other digits but the same value compare equal after this: `61.50` is `61.5`.
pub(super) fn canonical(digits: &str) -> &str {
    let digits = digits.trim_start_matches('0');
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

/// Reads a waist circumference.
///
/// Units: `text` in `unit`, rounded half up to a millimetre. Errors: not a decimal number; outside 10 cm to 3 m, which
/// no person has and a wrong unit or column does.
pub(super) fn waist(field: &str, text: &str, unit: LengthUnit) -> Result<Waist, ImportReason> {
    let bad = |problem| ImportReason::bad(field.to_owned(), problem);
    let value = plain_digits(text)
        .and_then(|digits| Decimal::parse(&digits))
        .ok_or_else(|| bad("is not a decimal number"))?;
    let (numerator, denominator) = match unit {
        LengthUnit::Millimetre => (1, 1),
        LengthUnit::Centimetre => (10, 1),
        LengthUnit::Metre => (1000, 1),
        LengthUnit::Inch => (254, 10),
        LengthUnit::Foot => (3048, 10),
    };
    value
        .scaled(numerator, denominator)
        .and_then(|mm| u32::try_from(mm).ok())
        .and_then(Waist::from_millimetres)
        .ok_or_else(|| bad("is outside 10 cm to 3 m"))
}

/// Reads a number of steps; a fraction, which some apps write, is cut off as in steps.md 3.1.
pub(super) fn steps(field: &str, text: &str) -> Result<i64, ImportReason> {
    plain_digits(text)
        .and_then(|digits| Decimal::parse(&digits))
        .and_then(|value| value.digits.checked_div(10u128.checked_pow(value.scale)?))
        .and_then(|whole| i64::try_from(whole).ok())
        .filter(|steps| *steps <= MAX_STEPS)
        .ok_or_else(|| ImportReason::bad(field.to_owned(), "is not a number of steps from 0 to 1,000,000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exponent_becomes_the_same_digits_without_one() {
        for (written, plain) in [
            ("6.35e+01", "63.5"),
            ("6.350E1", "63.50"),
            ("635e-1", "63.5"),
            ("0.0635e3", "63.5"),
            ("5e1", "50"),
            ("5.0e+2", "500"),
            ("5e-3", "0.005"),
            ("63.5", "63.5"),
        ] {
            assert_eq!(plain_digits(written).as_deref(), Some(plain), "{written}");
        }
        for text in ["e1", "6.e1", "6e", "6e1.5", "6e99", "6e-99", "6ee1"] {
            let digits = plain_digits(text);
            assert_eq!(
                digits.and_then(|digits| Decimal::parse(&digits)).map(|_| ()),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn a_weight_keeps_its_digits_and_is_checked_exactly_at_the_limits() {
        use MassUnit::{Kilogram, Pound, Stone};
        for (text, unit) in [
            ("52.5999984741211", Kilogram),
            ("2", Kilogram),
            ("500.000", Kilogram),
            ("4.40924525", Pound),
            ("1102.311310", Pound),
            ("78.7", Stone),
            ("0063.5", Kilogram),
        ] {
            assert_eq!(typed_weight("w", text, unit, false).as_deref(), Ok(text));
        }
        for (text, unit) in [
            ("1.999999999999999999", Kilogram),
            ("500.000000000000000001", Kilogram),
            ("4.40924524", Pound),
            ("1102.311311", Pound),
            ("78.74", Stone),
            ("0", Kilogram),
            ("999999999999999999999999999", Stone),
        ] {
            let error = typed_weight("w", text, unit, false).unwrap_err();
            assert_eq!(error.to_string(), "w is outside 2 to 500 kg", "{text}");
        }
        for text in [
            "",
            "70.",
            ".5",
            "-70",
            "+70",
            "7e1",
            "70,5",
            "７０",
            "NaN",
            "70 kg",
            "99999999999999999999999999999",
        ] {
            let error = typed_weight("w", text, Kilogram, false).unwrap_err();
            assert_eq!(error.to_string(), "w is not a decimal number", "{text}");
        }
    }

    #[test]
    fn a_waist_becomes_whole_millimetres() {
        for (text, unit, mm) in [
            ("84.5", LengthUnit::Centimetre, 845),
            ("84.55", LengthUnit::Centimetre, 846),
            ("33.25", LengthUnit::Inch, 845),
            ("0.845", LengthUnit::Metre, 845),
            ("845", LengthUnit::Millimetre, 845),
            ("2.5", LengthUnit::Foot, 762),
        ] {
            assert_eq!(
                waist("waist", text, unit).map(Waist::millimetres),
                Ok(mm),
                "{text}"
            );
        }
        for text in ["", "8", "845", "x", "1e30"] {
            assert!(waist("waist", text, LengthUnit::Centimetre).is_err(), "{text}");
        }
    }

    #[test]
    fn fractions_of_steps_are_cut_off_and_impossible_numbers_refused() {
        assert_eq!(steps("value", "12"), Ok(12));
        assert_eq!(steps("value", "12.97"), Ok(12));
        assert_eq!(steps("value", "1.2e+01"), Ok(12));
        assert_eq!(steps("value", "1000000"), Ok(1_000_000));
        for text in ["-1", "1000001", "", "many", "1e28"] {
            assert!(steps("value", text).is_err(), "{text}");
        }
    }

    #[test]
    fn equal_weights_compare_equal_whatever_their_zeros() {
        assert_eq!(canonical("61.50"), canonical("061.5"));
        assert_eq!(canonical("60.0"), canonical("60"));
        assert_ne!(canonical("60"), canonical("6"));
    }
}
