//! Nice ticks: round numbers on an axis, the same as d3-array's `ticks` and `nice`.
//!
//! Powers of ten come from a table and are compared, never computed: the last bit of a logarithm or a power differs between
//! C libraries, and with it a tick between two phones. Source: charts.md section 4.

/// The step of an axis. A step below one is kept as its whole inverse: dividing by an integer keeps 0.1, 0.2, 0.3 exact,
/// multiplying by 0.1 does not.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Times(f64),
    Per(f64),
}

impl Step {
    fn at(self, index: f64) -> f64 {
        match self {
            Self::Times(step) => index * step,
            Self::Per(inverse) => index / inverse,
        }
    }

    fn index_of(self, value: f64) -> f64 {
        match self {
            Self::Times(step) => value / step,
            Self::Per(inverse) => value * inverse,
        }
    }
}

/// Powers of ten up to the last that a 64-bit float holds exactly.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// The power of ten at or below a step, kept like a [`Step`]; `None` outside the table.
fn power_below(raw: f64) -> Option<Step> {
    if raw >= 1.0 {
        let power = TENS.iter().rev().find(|power| **power <= raw)?;
        return (raw < TENS.last()? * 10.0).then_some(Step::Times(*power));
    }
    TENS.iter()
        .find(|inverse| 1.0 / **inverse <= raw)
        .map(|inverse| Step::Per(*inverse))
}

/// First and last index of the ticks and their step, or `None` without any.
fn spec(from: f64, to: f64, count: f64) -> Option<(f64, f64, Step)> {
    let raw = (to - from) / count;
    if !(raw.is_finite() && raw > 0.0) {
        return None;
    }
    let power = power_below(raw)?;
    let error = raw / power.at(1.0);
    let factor = if error >= 50f64.sqrt() {
        10.0
    } else if error >= 10f64.sqrt() {
        5.0
    } else if error >= 2f64.sqrt() {
        2.0
    } else {
        1.0
    };
    let step = match power {
        Step::Times(power) => Step::Times(factor * power),
        Step::Per(inverse) => Step::Per(inverse / factor),
    };
    let round_half_up = |value: f64| (value + 0.5).floor();
    let mut first = round_half_up(step.index_of(from));
    let mut last = round_half_up(step.index_of(to));
    if step.at(first) < from {
        first += 1.0;
    }
    if step.at(last) > to {
        last -= 1.0;
    }
    if last < first && (0.5..2.0).contains(&count) {
        return spec(from, to, count * 2.0);
    }
    Some((first, last, step))
}

/// Round values inside `[from, to]`, about `count` of them, ascending.
///
/// Shapes: the single value if both ends are equal; none if `count` is not positive, the ends are not finite, or the step would
/// lie below 1e-22 or at 1e23 and above.
#[must_use]
pub fn ticks(from: f64, to: f64, count: u32) -> Vec<f64> {
    if count == 0 || !from.is_finite() || !to.is_finite() {
        return Vec::new();
    }
    if from >= to {
        return if from > to { Vec::new() } else { vec![from] };
    }
    let Some((first, last, step)) = spec(from, to, f64::from(count)) else {
        return Vec::new();
    };
    let length = (last - first + 1.0).max(0.0) as u32; // at most a few times `count`
    (0..length)
        .map(|offset| step.at(first + f64::from(offset)))
        .collect()
}

/// `[from, to]` widened outward to multiples of its own tick step.
#[must_use]
pub fn nice(from: f64, to: f64, count: u32) -> (f64, f64) {
    let (mut from, mut to) = (from, to);
    let mut previous: Option<Step> = None;
    // Each round makes the step larger or leaves it; ten powers of ten are more than any axis here.
    for _ in 0..10 {
        let Some((_, _, step)) = spec(from, to, f64::from(count)) else {
            break;
        };
        if previous == Some(step) {
            break;
        }
        from = step.at(step.index_of(from).floor());
        to = step.at(step.index_of(to).ceil());
        previous = Some(step);
    }
    (from, to)
}

/// Digits after the point that tell ticks of this spacing apart: 0.5 needs 1, 0.25 needs 2.
#[must_use]
pub fn decimals(ticks: &[f64]) -> u8 {
    let Some(step) = ticks
        .windows(2)
        .map(|pair| pair.iter().rev().copied().reduce(|a, b| a - b).unwrap_or(0.0))
        .reduce(f64::min)
    else {
        return ticks
            .first()
            .map_or(0, |only| u8::from((only - only.round()).abs() > 1e-9));
    };
    (0..6u8)
        .zip(TENS)
        .find(|(_, power)| {
            let scaled = step * power;
            (scaled - scaled.round()).abs() < 1e-6
        })
        .map_or(6, |(digits, _)| digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn steps(from: f64, to: f64, by: f64) -> Vec<f64> {
        let count = ((to - from) / by).round() as usize;
        (0..=count)
            .map(|index| ((from + by * index as f64) * 1e6).round() / 1e6)
            .collect()
    }

    #[test]
    fn ticks_are_those_of_the_vectors() {
        for (from, to, count, expected) in [
            (0.0, 13162.0, 5, steps(0.0, 12000.0, 2000.0)),
            (0.0, 36019.0, 5, steps(0.0, 30000.0, 10000.0)),
            (195.3, 219.3, 5, steps(200.0, 215.0, 5.0)),
            (72.4, 72.9, 5, steps(72.4, 72.9, 0.1)),
            (79.8, 80.2, 4, steps(79.8, 80.2, 0.1)),
            (52.6, 52.6, 5, vec![52.6]),
            (0.0, 0.0, 5, vec![0.0]),
            (0.98, 1.14, 10, steps(0.98, 1.14, 0.02)),
            (0.0, 2.2, 3, vec![0.0, 1.0, 2.0]),
            (1.0, 364.0, 1, vec![200.0]),
            (0.0, 10000.0, 4, steps(0.0, 10000.0, 2000.0)),
            (61.5, 64.0, 6, steps(61.5, 64.0, 0.5)),
        ] {
            assert_eq!(ticks(from, to, count), expected, "{from} {to} {count}");
        }
        assert_eq!(ticks(0.0, 1.0, 0), Vec::<f64>::new());
    }

    #[test]
    fn nice_ranges_are_those_of_the_vectors() {
        for (from, to, count, expected) in [
            (0.0, 13162.0, 5, (0.0, 14000.0)),
            (0.0, 36019.0, 5, (0.0, 40000.0)),
            (195.3, 219.3, 5, (195.0, 220.0)),
            (72.4, 72.9, 5, (72.4, 72.9)),
            (79.8, 80.2, 4, (79.8, 80.2)),
            (52.6, 52.6, 5, (52.6, 52.6)),
            (0.0, 0.0, 5, (0.0, 0.0)),
            (0.98, 1.14, 10, (0.98, 1.14)),
            (0.0, 2.2, 3, (0.0, 3.0)),
            (1.0, 364.0, 1, (0.0, 500.0)),
            (0.0, 10000.0, 4, (0.0, 10000.0)),
            (61.5, 64.0, 6, (61.5, 64.0)),
        ] {
            assert_eq!(nice(from, to, count), expected, "{from} {to} {count}");
        }
    }

    #[test]
    fn labels_have_the_digits_that_tell_ticks_apart() {
        for (ticks, digits) in [
            (vec![0.0, 2000.0], 0),
            (vec![61.5, 62.0, 62.5], 1),
            (vec![0.25, 0.5], 2),
            (vec![72.4, 72.5], 1),
            (vec![5.0], 0),
            (vec![52.6], 1),
        ] {
            assert_eq!(decimals(&ticks), digits, "{ticks:?}");
        }
    }

    #[test]
    fn the_power_of_ten_below_a_step_is_exact_to_the_last_bit() {
        for digits in 1..=22_i32 {
            let (power, inverse): (f64, f64) = (
                format!("1e{digits}").parse().unwrap(),
                format!("1e-{digits}").parse().unwrap(),
            );
            let lower = TENS[digits as usize - 1];
            assert_eq!(power_below(power), Some(Step::Times(power)));
            assert_eq!(power_below(power.next_down()), Some(Step::Times(lower)));
            assert_eq!(power_below(inverse), Some(Step::Per(power)));
            assert_eq!(power_below(inverse.next_up()), Some(Step::Per(power)));
            let below = power_below(inverse.next_down());
            assert_eq!(below, TENS.get(digits as usize + 1).map(|next| Step::Per(*next)));
        }
        assert_eq!(power_below(1e23), None);
        assert_eq!(ticks(0.0, 1e-30, 5), Vec::<f64>::new());
    }

    proptest! {
        #[test]
        fn ticks_increase_inside_the_range(from in -1e4..1e4f64, length in 1e-3..1e5f64, count in 1..20u32) {
            let ticks = ticks(from, from + length, count);
            prop_assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(ticks.iter().all(|tick| (from..=from + length).contains(tick)));
            let (low, high) = nice(from, from + length, count);
            prop_assert!(low <= from && high >= from + length);
        }
    }
}
