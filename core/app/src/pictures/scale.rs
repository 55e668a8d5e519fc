//! Scaling down by the mean of the area that a new pixel covers, in whole numbers.
//!
//! Whole numbers give the same bytes on every processor, and a row at a time needs no second picture in memory. The scaler
//! of the crate `image` works on floats of the whole picture: a gigabyte for 50 megapixels.
//!
//! Lengths are measured so that both pixels are whole: along a row of `from` pixels that becomes `to`, an old pixel is `to`
//! units long and a new one `from` units. As `to` is at most `from`, an old pixel lies in at most two new ones.

/// The size of a picture whose long edge is at most `edge`: in proportion, never larger, no edge below one pixel.
pub(super) fn size_within(width: u32, height: u32, edge: u32) -> (u32, u32) {
    let long = width.max(height);
    if long <= edge {
        return (width, height);
    }
    let scaled = |length: u32| {
        let nearest = u64::from(length)
            .saturating_mul(edge.into())
            .saturating_add(u64::from(long) / 2)
            .checked_div(long.into())
            .unwrap_or(1);
        u32::try_from(nearest).unwrap_or(edge).clamp(1, edge)
    };
    (scaled(width), scaled(height))
}

/// Takes rows of red, green, blue and makes fewer and shorter ones of them.
///
/// A sum is at most 255 times the number of old pixels, far inside 64 bits.
pub(super) struct Scaler {
    across: Lengths,
    down: Lengths,
    /// One row, scaled along itself.
    row: Vec<u64>,
    /// The new row that is being filled.
    sums: Vec<u64>,
    /// Units of the new row that are still empty.
    room: u64,
    pixels: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Lengths {
    /// Length of an old pixel: how many new ones there are.
    old: u64,
    /// Length of a new pixel: how many old ones there are.
    new: u64,
}

impl Scaler {
    /// For a picture of `from` (width, height) that becomes `to`, which is no larger in either direction.
    pub(super) fn new(from: (u32, u32), to: (u32, u32)) -> Self {
        let length = usize::try_from(to.0).unwrap_or(0).saturating_mul(3);
        let down = Lengths {
            old: to.1.into(),
            new: from.1.into(),
        };
        Self {
            across: Lengths {
                old: to.0.into(),
                new: from.0.into(),
            },
            down,
            row: vec![0; length],
            sums: vec![0; length],
            room: down.new,
            pixels: Vec::with_capacity(length.saturating_mul(usize::try_from(to.1).unwrap_or(0))),
        }
    }

    /// Takes the next row from the top.
    pub(super) fn push(&mut self, rgb: &[u8]) {
        shrink(rgb, &mut self.row, self.across);
        let first = self.down.old.min(self.room);
        self.add(first);
        self.room = self.room.saturating_sub(first);
        if self.room == 0 {
            self.finish_row();
            let rest = self.down.old.saturating_sub(first);
            self.add(rest);
            self.room = self.down.new.saturating_sub(rest);
        }
    }

    fn add(&mut self, length: u64) {
        if length > 0 {
            for (sum, value) in self.sums.iter_mut().zip(&self.row) {
                *sum = sum.saturating_add(value.saturating_mul(length));
            }
        }
    }

    fn finish_row(&mut self) {
        let area = self.across.new.saturating_mul(self.down.new).max(1);
        self.pixels.extend(self.sums.iter_mut().map(|sum| {
            let mean = std::mem::take(sum)
                .saturating_add(area / 2)
                .checked_div(area)
                .unwrap_or(0);
            u8::try_from(mean).unwrap_or(u8::MAX)
        }));
    }

    /// The new picture, row by row.
    pub(super) fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }
}

/// Scales a row along itself; the values of a new pixel are sums over its length.
fn shrink(rgb: &[u8], row: &mut [u64], lengths: Lengths) {
    row.fill(0);
    let mut cells = row.as_chunks_mut::<3>().0.iter_mut();
    let mut cell = cells.next();
    let mut room = lengths.new;
    for pixel in rgb.as_chunks::<3>().0 {
        let first = lengths.old.min(room);
        add(cell.as_deref_mut(), *pixel, first);
        room = room.saturating_sub(first);
        if room == 0 {
            cell = cells.next();
            let rest = lengths.old.saturating_sub(first);
            add(cell.as_deref_mut(), *pixel, rest);
            room = lengths.new.saturating_sub(rest);
        }
    }
}

fn add(cell: Option<&mut [u64; 3]>, pixel: [u8; 3], length: u64) {
    for (sum, value) in cell.into_iter().flatten().zip(pixel) {
        *sum = sum.saturating_add(u64::from(value).saturating_mul(length));
    }
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "tests: an overflow is a failed test"
)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scaled(rows: &[Vec<u8>], from: (u32, u32), to: (u32, u32)) -> Vec<u8> {
        let mut scaler = Scaler::new(from, to);
        for row in rows {
            scaler.push(row);
        }
        scaler.into_pixels()
    }

    #[test]
    fn the_long_edge_is_scaled_to_the_limit_and_the_other_in_proportion() {
        assert_eq!(size_within(4000, 3000, 2048), (2048, 1536));
        assert_eq!(size_within(3000, 4000, 2048), (1536, 2048));
        assert_eq!(size_within(2048, 1, 2048), (2048, 1));
        assert_eq!(size_within(1, 50_000, 2048), (1, 2048));
        assert_eq!(size_within(3, 2, 2048), (3, 2));
        assert_eq!(size_within(u32::MAX, u32::MAX, 2048), (2048, 2048));
    }

    #[test]
    fn a_new_pixel_is_the_mean_of_the_area_it_covers() {
        // Three pixels become two: each new one covers one whole and half of the middle one.
        let row: Vec<u8> = [[0; 3], [90; 3], [255; 3]].concat();
        assert_eq!(scaled(&[row], (3, 1), (2, 1)), [30, 30, 30, 200, 200, 200]);
        let column = [vec![0; 3], vec![90; 3], vec![255; 3]];
        assert_eq!(scaled(&column, (1, 3), (1, 2)), [30, 30, 30, 200, 200, 200]);
    }

    proptest! {
        #[test]
        fn scaling_keeps_the_mean_and_the_number_of_pixels(
            (width, height, bytes) in (1_u32..40, 1_u32..40).prop_flat_map(|(width, height)| {
                let length = (width * height * 3) as usize;
                (Just(width), Just(height), prop::collection::vec(any::<u8>(), length..=length))
            }),
            edge in 1_u32..40,
        ) {
            let to = size_within(width, height, edge);
            prop_assert!(to.0 <= width && to.1 <= height && to.0.max(to.1) <= edge.max(1));
            let rows: Vec<Vec<u8>> = bytes.chunks(width as usize * 3).map(<[u8]>::to_vec).collect();
            let pixels = scaled(&rows, (width, height), to);
            prop_assert_eq!(pixels.len(), (to.0 * to.1 * 3) as usize);
            let mean = |bytes: &[u8]| bytes.iter().map(|byte| f64::from(*byte)).sum::<f64>() / bytes.len() as f64;
            prop_assert!((mean(&bytes) - mean(&pixels)).abs() <= 0.5);
            if to == (width, height) {
                prop_assert_eq!(pixels, bytes);
            }
        }
    }
}
