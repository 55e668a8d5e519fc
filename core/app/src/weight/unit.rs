//! Weights as exact decimals: what was typed in, units of 10 g stored, what is shown out.
//!
//! A weight never passes through a binary float on its way in: 93.475 kg is 93.48 kg, as on paper.
//! Source: weight.md section 2.

use super::MassUnit;

/// Stored units (10 g) in one pound, times [`FACTOR_SCALE`]: 0.45359237 kg exactly.
const POUND: i128 = 45_359_237;
/// Stored units (10 g) in one stone of 14 lb, times [`FACTOR_SCALE`]: 6.35029318 kg exactly.
const STONE: i128 = 635_029_318;
/// Makes both factors whole numbers.
const FACTOR_SCALE: i128 = 1_000_000;
const POUNDS_PER_STONE: i128 = 14;
/// Tenths of a pound in one stone.
const STONE_IN_TENTHS_OF_POUND: i32 = 140;
const LOWEST: i32 = 200;
const HIGHEST: i32 = 50_000;
/// Fraction digits of pounds and stone: more than a binary float needs, which exports write out in full, and few enough
/// for exact 128-bit arithmetic.
const MOST_FRACTION_DIGITS: usize = 22;
/// Digits before the point of pounds and stone; seven are out of range whatever they say.
const MOST_WHOLE_DIGITS: usize = 6;

/// A body weight: a whole number of 10 g, 2 to 500 kg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(i32);

/// A weight in a unit of display, with one decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownWeight {
    /// Tenths of a kilogram.
    Kilogram {
        /// 635 is 63.5 kg.
        tenths: i32,
    },
    /// Tenths of a pound.
    Pound {
        /// 1400 is 140.0 lb.
        tenths: i32,
    },
    /// Whole stone and tenths of a pound, 0 to 139.
    Stone {
        /// Whole stone.
        stone: i32,
        /// Tenths of the pounds that are left.
        pound_tenths: i32,
    },
}

/// Why typed text is not a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeightTextError {
    /// Not digits with an optional point and digits, nor `10 st 4` for stone.
    #[error("read the weight: it is not a number such as 63.5")]
    Malformed,
    /// More than 22 fraction digits of pounds or stone.
    #[error("read the weight: more than 22 digits after the point")]
    TooManyDigits,
    /// Below 2 kg or above 500 kg, before rounding.
    #[error("accept the weight: it is not between 2 and 500 kg")]
    OutOfRange,
}

impl Weight {
    /// A weight of `units` times 10 g; `None` outside 2 to 500 kg.
    #[must_use]
    pub fn from_ten_grams(units: i32) -> Option<Self> {
        (LOWEST..=HIGHEST).contains(&units).then_some(Self(units))
    }

    /// Reads what a person typed.
    ///
    /// Shapes: kilograms and pounds are one or more digits, then nothing or a point and one or more digits; stone is
    /// the same, or whole stone and pounds below 14 as in `10 st 4`, `10 st 4.5` or `10st4lb`. White space around the text does
    /// not matter. No sign, no exponent.
    /// Units: those of `unit`; the result is rounded half away from zero to 10 g.
    /// Errors: `Malformed`; `TooManyDigits` (kilograms may have any number of digits); `OutOfRange`, judged before
    /// rounding, so 1.999 kg is refused.
    /// Source: weight.md section 2.
    pub fn parse(typed: &str, unit: MassUnit) -> Result<Self, WeightTextError> {
        let mass = TypedMass::read(typed, unit).ok_or(WeightTextError::Malformed)?;
        match mass {
            TypedMass::Single(decimal) => match unit {
                MassUnit::Kilogram => decimal.kilograms(),
                MassUnit::Pound => decimal.scaled()?.weight(POUND),
                MassUnit::Stone => decimal.scaled()?.weight(STONE),
            },
            TypedMass::StoneAndPounds { stone, pounds } => {
                let pounds = pounds.scaled()?;
                let stone = stone.scaled()?.units;
                pounds
                    .plus_whole(stone.saturating_mul(POUNDS_PER_STONE))
                    .weight(POUND)
            }
        }
    }

    /// The stored units of 10 g, 200 to 50,000.
    #[must_use]
    pub const fn ten_grams(self) -> i32 {
        self.0
    }

    /// Kilograms as a float, the start of every computation.
    #[must_use]
    pub fn kilograms(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// The weight in `unit`, converted once from the stored value, rounded half away from zero to one decimal, then
    /// carried: 63.5 kg is 10 st 0.0 lb, never 9 st 14.0. Source: weight.md section 2.
    #[must_use]
    pub fn shown_in(self, unit: MassUnit) -> ShownWeight {
        let tenths_of_pound = || {
            let scaled = i128::from(self.0).saturating_mul(10 * FACTOR_SCALE);
            i32::try_from(divide_half_away(scaled, POUND)).unwrap_or(i32::MAX)
        };
        match unit {
            MassUnit::Kilogram => ShownWeight::Kilogram {
                tenths: self.0.saturating_add(5) / 10,
            },
            MassUnit::Pound => ShownWeight::Pound {
                tenths: tenths_of_pound(),
            },
            MassUnit::Stone => {
                let tenths = tenths_of_pound();
                ShownWeight::Stone {
                    stone: tenths / STONE_IN_TENTHS_OF_POUND,
                    pound_tenths: tenths % STONE_IN_TENTHS_OF_POUND,
                }
            }
        }
    }
}

/// Digits with a point and without the name of the unit, except between stone and pounds: `63.5`, `140.0`, `10 st 0.0`.
impl std::fmt::Display for ShownWeight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Kilogram { tenths } | Self::Pound { tenths } => {
                write!(f, "{}.{}", tenths / 10, tenths % 10)
            }
            Self::Stone { stone, pound_tenths } => {
                write!(f, "{stone} st {}.{}", pound_tenths / 10, pound_tenths % 10)
            }
        }
    }
}

/// About how many kilograms a typed text means, also outside the accepted range, for the question that comes with a
/// refusal ("660: decimal point?"). Never stored.
pub(crate) fn approximate_kilograms(typed: &str, unit: MassUnit) -> Option<f64> {
    let pound = POUND as f64 / FACTOR_SCALE as f64 / 100.0;
    Some(match TypedMass::read(typed, unit)? {
        TypedMass::Single(decimal) => {
            decimal.approximate()?
                * match unit {
                    MassUnit::Kilogram => 1.0,
                    MassUnit::Pound => pound,
                    MassUnit::Stone => pound * POUNDS_PER_STONE as f64,
                }
        }
        TypedMass::StoneAndPounds { stone, pounds } => {
            (stone.approximate()? * POUNDS_PER_STONE as f64 + pounds.approximate()?) * pound
        }
    })
}

/// `numerator / denominator` to the nearest whole number, halves away from zero; `denominator` is positive.
pub(crate) fn divide_half_away(numerator: i128, denominator: i128) -> i128 {
    let half = denominator / 2;
    let magnitude = i128::try_from(numerator.unsigned_abs()).unwrap_or(i128::MAX);
    // An odd denominator has no halves, so cutting its half off changes nothing.
    let rounded = magnitude
        .saturating_add(half)
        .checked_div(denominator)
        .unwrap_or(0);
    rounded.saturating_mul(numerator.signum())
}

/// The text of a weight, taken apart but not yet computed.
enum TypedMass<'a> {
    Single(Decimal<'a>),
    StoneAndPounds { stone: Decimal<'a>, pounds: Decimal<'a> },
}

/// Digits before and after the point; the first without leading zeros.
pub(super) struct Decimal<'a> {
    whole: &'a str,
    fraction: &'a str,
}

/// A decimal number as `units / scale`.
pub(super) struct Scaled {
    pub units: i128,
    pub scale: i128,
}

impl<'a> TypedMass<'a> {
    fn read(typed: &'a str, unit: MassUnit) -> Option<Self> {
        let typed = typed.trim();
        let Some((stone, pounds)) = typed.split_once("st").filter(|_| unit == MassUnit::Stone) else {
            return Decimal::read(typed).map(Self::Single);
        };
        let stone = Decimal::read(stone.trim_end()).filter(|stone| stone.fraction.is_empty())?;
        let pounds = pounds.trim_start();
        let pounds = Decimal::read(pounds.strip_suffix("lb").map_or(pounds, str::trim_end))?;
        // Fourteen pounds are a stone: `9 st 14` is a slip of the finger.
        let pounds =
            Some(pounds).filter(|pounds| pounds.whole_number().is_some_and(|lb| lb < POUNDS_PER_STONE))?;
        Some(Self::StoneAndPounds { stone, pounds })
    }
}

impl<'a> Decimal<'a> {
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        (is_digits(whole) && fraction.is_none_or(is_digits)).then(|| Self {
            whole: whole.trim_start_matches('0'),
            fraction: fraction.unwrap_or(""),
        })
    }

    /// The part before the point, or `None` if it has more than six digits.
    fn whole_number(&self) -> Option<i128> {
        if self.whole.len() > MOST_WHOLE_DIGITS {
            return None;
        }
        Some(digits_value(self.whole))
    }

    /// Kilograms of any length, digit by digit.
    fn kilograms(&self) -> Result<Weight, WeightTextError> {
        let whole = self.whole_number().ok_or(WeightTextError::OutOfRange)?;
        let is_above_500 = whole > 500 || (whole == 500 && self.fraction.bytes().any(|digit| digit != b'0'));
        if whole < 2 || is_above_500 {
            return Err(WeightTextError::OutOfRange);
        }
        let mut digits = self.fraction.bytes().map(|digit| i128::from(digit & 0x0f));
        let mut next = || digits.next().unwrap_or(0);
        let (tenths, hundredths, thousandths) = (next(), next(), next());
        // The third digit alone decides: five or more is half or more.
        let units = [
            whole.saturating_mul(100),
            tenths.saturating_mul(10),
            hundredths,
            i128::from(thousandths >= 5),
        ];
        weight_of(units.into_iter().fold(0, i128::saturating_add))
    }

    pub(super) fn scaled(&self) -> Result<Scaled, WeightTextError> {
        if self.fraction.len() > MOST_FRACTION_DIGITS {
            return Err(WeightTextError::TooManyDigits);
        }
        let whole = self.whole_number().ok_or(WeightTextError::OutOfRange)?;
        let scale = 10_i128.saturating_pow(u32::try_from(self.fraction.len()).unwrap_or(0));
        let fraction = Scaled {
            units: digits_value(self.fraction),
            scale,
        };
        Ok(fraction.plus_whole(whole))
    }

    fn approximate(&self) -> Option<f64> {
        format!("0{}.{}0", self.whole, self.fraction).parse().ok()
    }
}

impl Scaled {
    fn plus_whole(self, whole: i128) -> Self {
        Self {
            units: self.units.saturating_add(whole.saturating_mul(self.scale)),
            scale: self.scale,
        }
    }

    /// Stored units at `factor` per unit. Below 10^15 · 10^22, and 128 bits hold 1.7 · 10^38.
    fn weight(&self, factor: i128) -> Result<Weight, WeightTextError> {
        let numerator = self.units.saturating_mul(factor);
        let denominator = self.scale.saturating_mul(FACTOR_SCALE);
        let is_in_range = numerator >= denominator.saturating_mul(i128::from(LOWEST))
            && numerator <= denominator.saturating_mul(i128::from(HIGHEST));
        if !is_in_range {
            return Err(WeightTextError::OutOfRange);
        }
        weight_of(divide_half_away(numerator, denominator))
    }
}

fn weight_of(units: i128) -> Result<Weight, WeightTextError> {
    i32::try_from(units)
        .ok()
        .and_then(Weight::from_ten_grams)
        .ok_or(WeightTextError::OutOfRange)
}

/// The number that up to 22 ASCII digits mean; none is 0.
fn digits_value(digits: &str) -> i128 {
    digits.bytes().fold(0, |value: i128, digit| {
        value.saturating_mul(10).saturating_add(i128::from(digit & 0x0f))
    })
}

#[cfg(test)]
#[allow(
    clippy::arithmetic_side_effects,
    reason = "a panic in a test is a failed test"
)]
mod tests {
    use super::*;
    use MassUnit::{Kilogram, Pound, Stone};

    fn stored(typed: &str, unit: MassUnit) -> i32 {
        Weight::parse(typed, unit).unwrap().ten_grams()
    }

    fn shown(units: i32, unit: MassUnit) -> String {
        Weight::from_ten_grams(units).unwrap().shown_in(unit).to_string()
    }

    #[test]
    fn f9_units_convert_exactly_and_carry() {
        assert_eq!(stored("160", Pound), 7257);
        assert_eq!(stored("11", Stone), 6985);
        assert_eq!(stored("11 st 0", Stone), 6985);
        assert_eq!(shown(7000, Pound), "154.3");
        assert_eq!(shown(7000, Stone), "11 st 0.3");
        assert_eq!(shown(6350, Pound), "140.0");
        assert_eq!(shown(6350, Stone), "10 st 0.0");
        assert_eq!(shown(6357, Kilogram), "63.6");
        for units in LOWEST..=HIGHEST {
            let ShownWeight::Stone { pound_tenths, .. } =
                Weight::from_ten_grams(units).unwrap().shown_in(Stone)
            else {
                panic!("stone was asked for")
            };
            assert!(pound_tenths < 140, "{units}");
        }
    }

    #[test]
    fn f9_every_tenth_of_a_pound_survives_the_way_to_ten_grams_and_back() {
        for tenths in 45..=11_020 {
            let typed = format!("{}.{}", tenths / 10, tenths % 10);
            assert_eq!(shown(stored(&typed, Pound), Pound), typed);
        }
    }

    #[test]
    fn f10_rounding_rounds_half_away_from_zero() {
        assert_eq!(stored("5.567", Kilogram), 557);
        assert_eq!(divide_half_away(5567, 10), 557);
        assert_eq!(divide_half_away(-5567, 10), -557);
        assert_eq!(stored("93.475", Kilogram), 9348);
        assert_eq!(
            stored("93.4749999999999999999999999999999999999999999", Kilogram),
            9347
        );
        // The mean of 60 and 65 is 62.5, shown as an integer 63.
        assert_eq!(divide_half_away(60 + 65, 2), 63);
    }

    #[test]
    fn the_range_is_judged_before_rounding() {
        for (typed, unit) in [
            ("1.999", Kilogram),
            ("1.99999999999999999999999999", Kilogram),
            ("500.000000000000000000000000001", Kilogram),
            ("0", Kilogram),
            ("99999999999999999999999999999999999999999", Kilogram),
            ("99999999999999999999999999999999999999999", Pound),
            ("4.409", Pound),
            ("1102.312", Pound),
            ("0.3149", Stone),
            ("78 st 10.4", Stone),
        ] {
            assert_eq!(
                Weight::parse(typed, unit),
                Err(WeightTextError::OutOfRange),
                "{typed}"
            );
        }
        for (typed, unit, units) in [
            ("2", Kilogram, 200),
            ("500.000", Kilogram, 50_000),
            ("0070.0", Kilogram, 7000),
            ("4.4093", Pound, 200),
            ("1102.311", Pound, 50_000),
            ("78 st 10.3", Stone, 49_999),
        ] {
            assert_eq!(stored(typed, unit), units, "{typed}");
        }
    }

    #[test]
    fn stone_is_read_in_the_ways_people_write_it() {
        for typed in ["10 st 4", "10st4", "10 st 4 lb", "10st 4.0lb", " 10 st 4 "] {
            assert_eq!(stored(typed, Stone), 6532, "{typed}");
        }
        assert_eq!(stored("10.5", Stone), 6668);
        for typed in [
            "9 st 14",
            "10 st",
            "st 4",
            "10.5 st 4",
            "10 st 4 st",
            "10 st -4",
            "ten",
        ] {
            assert_eq!(
                Weight::parse(typed, Stone),
                Err(WeightTextError::Malformed),
                "{typed}"
            );
        }
        assert_eq!(Weight::parse("10 st 4", Pound), Err(WeightTextError::Malformed));
    }

    #[test]
    fn what_is_not_a_plain_number_is_malformed() {
        for typed in [
            "", ".", ".5", "70.", "-70", "+70", "7e1", "70,5", "７０", "70 kg", "70.5.1", "0x46", "NaN",
        ] {
            for unit in [Kilogram, Pound, Stone] {
                assert_eq!(
                    Weight::parse(typed, unit),
                    Err(WeightTextError::Malformed),
                    "{typed}"
                );
            }
        }
        assert_eq!(stored("115.9631465453230000000000", Pound), 5260);
        assert_eq!(stored("78.7365222044924305569666", Stone), 50_000);
        assert_eq!(
            Weight::parse("115.96314654532300000000000", Pound),
            Err(WeightTextError::TooManyDigits)
        );
        let too_heavy = Weight::parse("999999.9999999999999999999999", Stone);
        assert_eq!(too_heavy, Err(WeightTextError::OutOfRange));
        assert_eq!(stored("52.5999984741211", Kilogram), 5260);
    }

    #[test]
    fn a_refused_weight_still_says_about_how_much_it_was() {
        assert!((approximate_kilograms("660", Kilogram).unwrap() - 660.0).abs() < 1e-9);
        assert!((approximate_kilograms("100 st 7", Stone).unwrap() - 638.204).abs() < 1e-3);
        assert_eq!(approximate_kilograms("x", Kilogram), None);
    }

    proptest::proptest! {
        #[test]
        fn a_shown_weight_typed_again_is_shown_the_same(units in LOWEST..=HIGHEST) {
            for unit in [Pound, Stone] {
                let once = shown(units, unit);
                // At the very ends one decimal may lie just outside the range.
                if let Ok(weight) = Weight::parse(&once, unit) {
                    proptest::prop_assert_eq!(weight.shown_in(unit).to_string(), once);
                }
            }
        }

        #[test]
        fn no_text_breaks_the_reader(typed in "[0-9. stlb-]{0,40}") {
            for unit in [Kilogram, Pound, Stone] {
                let _ = Weight::parse(&typed, unit);
                let _ = approximate_kilograms(&typed, unit);
            }
        }
    }
}
