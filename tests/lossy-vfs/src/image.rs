//! One file as the disk has it, and what a power loss makes of the writes that were not synced.

/// Bytes that a disk writes whole or not at all.
const SECTOR_BYTES: u64 = 512;

/// A repeatable sequence of numbers: `SplitMix64` (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// From 0 to `bound` - 1; 0 for a bound of 0. Its bias is far below what a test could see.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }
}

/// What was done to a file since its last sync.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Size(u64),
}

impl Change {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Size(size) => image.resize(usize::try_from(*size).unwrap_or(usize::MAX), 0),
            Self::Write { offset, bytes } => {
                let Ok(start) = usize::try_from(*offset) else {
                    return;
                };
                let end = start.saturating_add(bytes.len());
                if image.len() < end {
                    image.resize(end, 0);
                }
                if let Some(place) = image.get_mut(start..end) {
                    place.copy_from_slice(bytes);
                }
            }
        }
    }

    /// The write cut at a sector boundary inside it: its first part, or its last one.
    fn torn(&self, dice: &mut Dice) -> Option<Self> {
        let Self::Write { offset, bytes } = self else {
            return None;
        };
        let end = offset.saturating_add(bytes.len() as u64);
        let first = offset.checked_div(SECTOR_BYTES)?.saturating_add(1);
        let last = end.saturating_sub(1).checked_div(SECTOR_BYTES)?;
        let boundaries = last.checked_sub(first)?.saturating_add(1);
        let cut = first
            .saturating_add(dice.below(boundaries))
            .saturating_mul(SECTOR_BYTES);
        let head = usize::try_from(cut.checked_sub(*offset)?).ok()?;
        let (before, after) = bytes.split_at_checked(head)?;
        Some(if dice.below(2) == 0 {
            Self::Write {
                offset: *offset,
                bytes: before.to_vec(),
            }
        } else {
            Self::Write {
                offset: cut,
                bytes: after.to_vec(),
            }
        })
    }
}

/// What a power loss did to changes that were not synced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Losses {
    /// Changes that reached the disk whole, in their order or not.
    pub kept: u64,
    /// Changes that never reached it.
    pub dropped: u64,
    /// Writes of which a part reached it.
    pub torn: u64,
    /// Files whose changes reached it in another order.
    pub reordered: u64,
}

impl Losses {
    pub(crate) fn add(&mut self, other: Self) {
        self.kept = self.kept.saturating_add(other.kept);
        self.dropped = self.dropped.saturating_add(other.dropped);
        self.torn = self.torn.saturating_add(other.torn);
        self.reordered = self.reordered.saturating_add(other.reordered);
    }
}

/// A file: what a power loss cannot take, and what it can.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Image {
    durable: Vec<u8>,
    pending: Vec<Change>,
    /// Bytes that a reader sees.
    size: u64,
}

impl Image {
    pub(crate) fn durable(bytes: Vec<u8>) -> Self {
        Self {
            size: bytes.len() as u64,
            durable: bytes,
            pending: Vec::new(),
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn write(&mut self, offset: u64, bytes: &[u8]) {
        self.size = self.size.max(offset.saturating_add(bytes.len() as u64));
        self.pending.push(Change::Write {
            offset,
            bytes: bytes.to_vec(),
        });
    }

    pub(crate) fn set_size(&mut self, size: u64) {
        self.size = size;
        self.pending.push(Change::Size(size));
    }

    pub(crate) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    pub(crate) fn is_synced(&self) -> bool {
        self.pending.is_empty()
    }

    /// What a reader sees.
    pub(crate) fn current(&self) -> Vec<u8> {
        let mut image = self.durable.clone();
        for change in &self.pending {
            change.apply(&mut image);
        }
        image
    }

    /// What the disk holds after power was lost.
    ///
    /// One of three ways is thrown: only the first few changes arrive, any of them, or any of them in any order. Each change
    /// that arrives may be torn.
    pub(crate) fn after_power_loss(self, dice: &mut Dice) -> (Vec<u8>, Losses) {
        let mut image = self.durable;
        let mut losses = Losses::default();
        let mut arriving = self.pending;
        let all = arriving.len() as u64;
        let way = dice.below(3);
        if way == 0 {
            let first = usize::try_from(dice.below(all.saturating_add(1))).unwrap_or(0);
            arriving.truncate(first);
        } else {
            // Either nearly everything arrives, or about half, or nearly nothing.
            let chance = [1, 4, 7].get(dice.below(3) as usize).copied().unwrap_or(4);
            arriving.retain(|_| dice.below(8) < chance);
        }
        losses.dropped = all.saturating_sub(arriving.len() as u64);
        if way == 2 && arriving.len() > 1 {
            losses.reordered = 1;
            for index in (1..arriving.len()).rev() {
                let other = dice.below((index as u64).saturating_add(1)) as usize;
                arriving.swap(index, other);
            }
        }
        for change in arriving {
            let torn = if dice.below(6) == 0 {
                change.torn(dice)
            } else {
                None
            };
            if let Some(part) = torn {
                part.apply(&mut image);
                losses.torn = losses.torn.saturating_add(1);
            } else {
                change.apply(&mut image);
                losses.kept = losses.kept.saturating_add(1);
            }
        }
        (image, losses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_writes() -> Image {
        let mut image = Image::durable(vec![b'.'; 2048]);
        image.write(0, &[b'a'; 2048]);
        image.write(1024, &[b'b'; 1024]);
        image.set_size(1500);
        image
    }

    #[test]
    fn readers_see_everything_in_order() {
        let current = three_writes().current();
        assert_eq!(current, [vec![b'a'; 1024], vec![b'b'; 476]].concat());
    }

    #[test]
    fn a_sync_leaves_nothing_to_lose() {
        let mut image = three_writes();
        image.sync();
        let current = image.current();
        for seed in 0..50 {
            assert_eq!(image.clone().after_power_loss(&mut Dice(seed)).0, current);
        }
    }

    #[test]
    fn a_write_is_torn_at_a_sector_inside_it() {
        let write = Change::Write {
            offset: 100,
            bytes: vec![b'a'; 1000],
        };
        for seed in 0..50 {
            match write.torn(&mut Dice(seed)).expect("two boundaries lie inside") {
                Change::Write { offset: 100, bytes } => assert!([412, 924].contains(&bytes.len())),
                Change::Write { offset, bytes } => {
                    assert!([512, 1024].contains(&offset));
                    assert_eq!(offset + bytes.len() as u64, 1100);
                }
                Change::Size(_) => panic!("a write"),
            }
        }
        let small = Change::Write {
            offset: 512,
            bytes: vec![b'a'; 512],
        };
        assert_eq!(small.torn(&mut Dice(1)), None);
    }

    #[test]
    fn the_same_seed_loses_the_same_and_all_kinds_of_loss_occur() {
        let mut total = Losses::default();
        for seed in 0..300 {
            let (image, losses) = three_writes().after_power_loss(&mut Dice(seed));
            assert_eq!((image, losses), three_writes().after_power_loss(&mut Dice(seed)));
            assert_eq!(losses.kept + losses.dropped + losses.torn, 3);
            total.add(losses);
        }
        assert!(
            total.kept > 100 && total.dropped > 100 && total.torn > 30 && total.reordered > 30,
            "{total:?}"
        );
    }
}
