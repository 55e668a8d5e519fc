//! Downsampling by largest triangles, in the one definition that is pinned.
//!
//! "LTTB" in the wild is several algorithms; this one takes the mean of x and of y of the next bucket. Source:
//! charts.md section 7.
//!
//! The one series that can be dense, the weigh-ins of one date, is a single run: there is no share of points to give to each
//! of several runs. By day, week and month there is at most one point in a bucket.

/// Indexes of the `wanted` points that show the shape best, ascending; the first and the last are among them.
///
/// Shapes: `points` are (x, y) in order of x. All of them if `wanted` is not smaller; none if `wanted` is below 2.
#[must_use]
pub fn largest_triangles(points: &[(f64, f64)], wanted: usize) -> Vec<usize> {
    let count = points.len();
    if wanted >= count {
        return (0..count).collect();
    }
    if wanted < 2 {
        return Vec::new();
    }
    let last = count.saturating_sub(1);
    let buckets = wanted.saturating_sub(2);
    let every = count.saturating_sub(2) as f64 / buckets.max(1) as f64;
    let edge = |bucket: usize| {
        ((every * bucket as f64).floor() as usize)
            .saturating_add(1)
            .min(last)
    };
    let mut kept = vec![0];
    let mut before = points.first().copied().unwrap_or_default();
    for bucket in 0..buckets {
        let next_bucket = bucket.saturating_add(1);
        let (from, until) = (edge(bucket), edge(next_bucket));
        let next = if next_bucket == buckets {
            points.get(last..).unwrap_or_default()
        } else {
            points
                .get(until..edge(next_bucket.saturating_add(1)))
                .unwrap_or_default()
        };
        let next_mean = mean(next);
        let mut best: Option<(usize, f64)> = None;
        for index in from..until {
            let Some(point) = points.get(index) else { continue };
            let area = ((before.0 - next_mean.0) * (point.1 - before.1)
                - (before.0 - point.0) * (next_mean.1 - before.1))
                .abs();
            if best.is_none_or(|(_, largest)| area > largest) {
                best = Some((index, area));
            }
        }
        if let Some((index, _)) = best {
            kept.push(index);
            before = points.get(index).copied().unwrap_or(before);
        }
    }
    kept.push(last);
    kept
}

fn mean(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len().max(1) as f64;
    let sum = points
        .iter()
        .fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    (sum.0 / count, sum.1 / count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_date;
    use proptest::prelude::*;

    fn trendweight() -> Vec<(f64, f64)> {
        let csv = include_str!("../../../../tests/data/trendweight/readings.csv");
        let rows: Vec<_> = csv
            .lines()
            .skip(1)
            .map(|row| row.split(',').collect::<Vec<_>>())
            .collect();
        let first = parse_date(rows[0][0]).unwrap();
        rows.iter()
            .map(|row| {
                (
                    parse_date(row[0])
                        .unwrap()
                        .signed_duration_since(first)
                        .num_days() as f64,
                    row[1].parse().unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn the_kept_points_are_those_of_the_vectors() {
        let points = trendweight();
        assert_eq!(points.len(), 184);
        for (wanted, expected) in [
            (3, vec![0, 34, 183]),
            (5, vec![0, 34, 62, 126, 183]),
            (10, vec![0, 19, 40, 62, 84, 92, 121, 155, 177, 183]),
            (
                20,
                vec![
                    0, 2, 19, 24, 34, 45, 58, 65, 80, 81, 98, 111, 116, 124, 134, 146, 155, 163, 177, 183,
                ],
            ),
        ] {
            assert_eq!(largest_triangles(&points, wanted), expected, "n = {wanted}");
        }
        let line: Vec<_> = (0..10).map(|x| (f64::from(x), f64::from(x))).collect();
        assert_eq!(largest_triangles(&line, 4), [0, 1, 5, 9]);
        let zigzag: Vec<_> = (0..30)
            .map(|x| (f64::from(x), f64::from((37 * x) % 11)))
            .collect();
        assert_eq!(largest_triangles(&zigzag, 8), [0, 2, 6, 10, 17, 19, 25, 29]);
    }

    #[test]
    fn few_points_stay_and_two_are_the_ends() {
        let points = [(0.0, 1.0), (1.0, 5.0), (2.0, 2.0)];
        assert_eq!(largest_triangles(&points, 3), [0, 1, 2]);
        assert_eq!(largest_triangles(&points, 2), [0, 2]);
        assert_eq!(largest_triangles(&points, 1), Vec::<usize>::new());
        assert_eq!(largest_triangles(&[], 5), Vec::<usize>::new());
    }

    proptest! {
        #[test]
        fn the_ends_are_kept_and_indexes_increase(values in prop::collection::vec(-1e3..1e3f64, 3..200), wanted in 2..50usize) {
            let points: Vec<_> = values.iter().enumerate().map(|(x, y)| (x as f64, *y)).collect();
            let kept = largest_triangles(&points, wanted);
            prop_assert_eq!(kept.len(), wanted.min(points.len()));
            prop_assert_eq!((kept[0], *kept.last().unwrap()), (0, points.len().saturating_sub(1)));
            prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
