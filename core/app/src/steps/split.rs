//! Splitting one reading into parts without changing its total.

use crate::time::UtcMillis;

/// The steps of `[from, to)` that lie before `at`: the proportional share, rounded half up.
///
/// Shares are cumulative, so the steps of a part `[a, b)` are `share_before(b) - share_before(a)` and parts always add
/// up to the whole. Units: steps, at most 2^31. Returns 0 up to `from` and `steps` from `to` on.
/// Source: steps.md 5.4.
pub(crate) fn share_before(from: UtcMillis, to: UtcMillis, steps: i64, at: UtcMillis) -> i64 {
    if at <= from {
        return 0;
    }
    if at >= to {
        return steps;
    }
    // 2 * 2^31 steps * 3.2e11 ms is more than 64 bits hold.
    let length = i128::from(to.since(from));
    let numerator = i128::from(steps)
        .saturating_mul(2)
        .saturating_mul(i128::from(at.since(from)))
        .saturating_add(length);
    let share = numerator.checked_div(length.saturating_mul(2)).unwrap_or(0);
    i64::try_from(share).unwrap_or(steps)
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "tests: an overflow is a failed test"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(steps: i64, edges: &[i64]) -> Vec<i64> {
        let (from, to) = (UtcMillis(edges[0]), UtcMillis(*edges.last().unwrap()));
        edges
            .windows(2)
            .map(|part| {
                share_before(from, to, steps, UtcMillis(part[1]))
                    - share_before(from, to, steps, UtcMillis(part[0]))
            })
            .collect()
    }

    #[test]
    fn parts_are_the_published_ones() {
        assert_eq!(parts(100, &[0, 1, 2, 3]), [33, 34, 33]);
        assert_eq!(parts(7, &[0, 1, 2]), [4, 3]);
        assert_eq!(parts(1, &[0, 1, 2]), [1, 0]);
        assert_eq!(parts(10, &[0, 1, 2, 3, 4]), [3, 2, 3, 2]);
        assert_eq!(parts(50, &[0, 400_000, 1_200_000]), [17, 33]);
    }

    proptest! {
        #[test]
        fn parts_are_never_negative_and_add_up(
            steps in 0i64..=2_147_483_647,
            length in 1i64..=315_360_000_000,
            cuts in prop::collection::vec(0.0f64..1.0, 0..20),
        ) {
            let mut edges: Vec<i64> = cuts.iter().map(|cut| (cut * length as f64) as i64).collect();
            edges.extend([0, length]);
            edges.sort_unstable();
            let parts = parts(steps, &edges);
            prop_assert!(parts.iter().all(|part| *part >= 0));
            prop_assert_eq!(parts.iter().sum::<i64>(), steps);
        }
    }
}
