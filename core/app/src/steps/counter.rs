//! From a cumulative counter to steps between two instants: pure functions over one source's state.
//!
//! A counter only says how many steps there were since the phone was started, so every sample is compared with the
//! one before it. What makes this hard is everything that is not a step: restarts, sensors that begin again, events
//! delivered twice or late, wall clocks that jump. Times before the event are therefore always measured by the
//! *elapsed* clock and only then expressed in the wall clock of the current sample.
//!
//! Source: steps.md section 3.

use super::reading::{CounterSample, NoteCode};
use crate::time::{DAY_MS, UtcMillis};

/// Largest count of a 31-bit step counter; anything above is not a count.
const LARGEST_COUNT: f64 = 2_147_483_647.0;
/// 3,650 days: no phone runs longer without a restart.
const LONGEST_UPTIME_MS: i64 = 315_360_000_000;
/// From here on a 32-bit float, the sensor's type, cannot count single steps.
const FLOAT_PRECISION_END: i64 = 16_777_216;
/// Without boot ids, two samples whose boot instants differ by at most this belong to one boot.
const BOOT_TOLERANCE_MS: i64 = 300_000;
/// One step takes at least 200 ms (5 a second) ...
const MS_PER_STEP_AT_MOST_PLAUSIBLE_PACE: i64 = 200;
/// ... but a short window may hold this many more: windows of 4 to 14 s reach 337 steps a minute.
const SHORT_WINDOW_ALLOWANCE: i64 = 30;
/// The slowest assumed walk: 30 steps a minute, which is also what Google Fit assumes (steps.md 2.4).
const MS_PER_STEP_AT_SLOWEST_PACE: i64 = 2_000;
/// An interval looks back at least this far, even for few steps.
const SHORTEST_LOOK_BACK_MS: i64 = 60_000;

/// A sample whose numbers are possible, with the count cut to whole steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckedSample {
    pub boot: Option<String>,
    pub count: i64,
    pub event_elapsed_ms: i64,
    pub received_elapsed_ms: i64,
    pub received_at: UtcMillis,
}

/// What the last counted sample of a source left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CounterState {
    pub boot: Option<String>,
    /// Wall clock minus elapsed clock: when the phone was started, in the frame of that sample.
    pub boot_wall: UtcMillis,
    pub count: i64,
    pub event_elapsed_ms: i64,
}

/// What one sample proves: `steps` walked in `[from, to)`, and that `[from, to]` was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub from: UtcMillis,
    pub to: UtcMillis,
    pub steps: i64,
    /// Steps that were not believed; 0 unless the sample was quarantined.
    pub quarantined_steps: i64,
}

/// The effect of one sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub notes: Vec<NoteCode>,
    /// The new state and what was proved; `None` if the sample is ignored.
    pub accepted: Option<(CounterState, Evidence)>,
}

/// Step 1 of the preparation: possible numbers, fractions cut off. `None` is a rejected sample.
pub(crate) fn check(sample: &CounterSample) -> Option<CheckedSample> {
    let count = sample
        .count
        .filter(|count| (0.0..=LARGEST_COUNT).contains(count))?;
    if !(0..=LONGEST_UPTIME_MS).contains(&sample.received_elapsed_ms) {
        return None;
    }
    Some(CheckedSample {
        boot: sample.boot.clone(),
        count: count.trunc() as i64, // at most 2^31 - 1, checked above
        event_elapsed_ms: sample.event_elapsed_ms,
        received_elapsed_ms: sample.received_elapsed_ms,
        received_at: sample.received_at,
    })
}

/// Step 2: dates a held sample by a later sample of its own boot, or `None` if `later` is of another boot.
pub(crate) fn date_held(held: &CheckedSample, later: &CheckedSample) -> Option<CheckedSample> {
    let same_boot = match (&held.boot, &later.boot) {
        (Some(held), Some(later)) => held == later,
        _ => later.received_elapsed_ms >= held.received_elapsed_ms,
    };
    let between_ms = later.received_elapsed_ms.saturating_sub(held.received_elapsed_ms);
    same_boot.then(|| CheckedSample {
        received_at: later.received_at.plus(between_ms.saturating_neg()),
        ..held.clone()
    })
}

/// Steps 3 and 4 and the table of steps.md 3.2.
///
/// `is_past_boot` says whether the sample's boot id was already replaced by another one of this source.
pub(crate) fn process(state: Option<&CounterState>, sample: &CheckedSample, is_past_boot: bool) -> Outcome {
    let mut notes = Vec::new();
    let since_event_ms = sample.received_elapsed_ms.saturating_sub(sample.event_elapsed_ms);
    let event_is_suspect = sample.event_elapsed_ms < 0 || !(0..=DAY_MS).contains(&since_event_ms);
    let event_elapsed_ms = if event_is_suspect {
        notes.push(NoteCode::ClockSuspect);
        sample.received_elapsed_ms
    } else {
        sample.event_elapsed_ms
    };
    let boot_wall = sample
        .received_at
        .plus(sample.received_elapsed_ms.saturating_neg());
    let event_wall = boot_wall.plus(event_elapsed_ms);
    let new_state = |boot: Option<String>| CounterState {
        boot,
        boot_wall,
        count: sample.count,
        event_elapsed_ms,
    };

    let Some(state) = state else {
        let evidence = Evidence {
            from: event_wall,
            to: event_wall,
            steps: 0,
            quarantined_steps: 0,
        };
        return Outcome {
            notes,
            accepted: Some((new_state(sample.boot.clone()), evidence)),
        };
    };
    if is_past_boot {
        notes.push(NoteCode::Stale);
        return Outcome {
            notes,
            accepted: None,
        };
    }
    let is_same_boot = match (&sample.boot, &state.boot) {
        (Some(boot), Some(stored)) => boot == stored,
        _ => boot_wall.since(state.boot_wall).abs() <= BOOT_TOLERANCE_MS,
    };
    let mut is_whole_span_measured = true;
    let (mut steps, elapsed_ms) = if is_same_boot {
        if event_elapsed_ms <= state.event_elapsed_ms {
            let is_repeat = event_elapsed_ms == state.event_elapsed_ms && sample.count == state.count;
            notes.push(if is_repeat {
                NoteCode::Duplicate
            } else {
                NoteCode::Stale
            });
            return Outcome {
                notes,
                accepted: None,
            };
        }
        let elapsed_ms = event_elapsed_ms.saturating_sub(state.event_elapsed_ms);
        if sample.count >= state.count {
            if sample.count == state.count && sample.count >= FLOAT_PRECISION_END {
                notes.push(NoteCode::Saturated);
                is_whole_span_measured = false;
            }
            (sample.count.saturating_sub(state.count), elapsed_ms)
        } else if sample.count.saturating_mul(MS_PER_STEP_AT_MOST_PLAUSIBLE_PACE) <= elapsed_ms {
            notes.push(NoteCode::SensorRestart);
            is_whole_span_measured = false;
            (sample.count, elapsed_ms)
        } else {
            notes.push(NoteCode::Glitch);
            is_whole_span_measured = false;
            (0, elapsed_ms)
        }
    } else {
        notes.push(NoteCode::Reboot);
        (sample.count, event_elapsed_ms)
    };
    let beyond_allowance_ms = steps
        .saturating_sub(SHORT_WINDOW_ALLOWANCE)
        .saturating_mul(MS_PER_STEP_AT_MOST_PLAUSIBLE_PACE);
    let mut quarantined_steps = 0;
    if beyond_allowance_ms > elapsed_ms.max(1000) {
        notes.push(NoteCode::Quarantined);
        quarantined_steps = steps;
        steps = 0;
        is_whole_span_measured = false;
    }
    let lower = event_wall.plus(elapsed_ms.saturating_neg());
    let from = if steps > 0 {
        let look_back_ms = steps
            .saturating_mul(MS_PER_STEP_AT_SLOWEST_PACE)
            .max(SHORTEST_LOOK_BACK_MS);
        lower.max(event_wall.plus(look_back_ms.saturating_neg()))
    } else if is_whole_span_measured {
        lower
    } else {
        event_wall
    };
    let boot = match &sample.boot {
        None if is_same_boot => state.boot.clone(),
        boot => boot.clone(),
    };
    let evidence = Evidence {
        from,
        to: event_wall,
        steps,
        quarantined_steps,
    };
    Outcome {
        notes,
        accepted: Some((new_state(boot), evidence)),
    }
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "tests: an overflow is a failed test"
)]
mod tests {
    use super::*;

    const NOON: UtcMillis = UtcMillis(1_775_012_400_000);
    const BOOT_AT_MS: i64 = 36_000_000;

    /// A sample whose event is received at once, `seconds` after ten hours of uptime.
    fn sample(boot: Option<&str>, seconds: i64, count: i64) -> CheckedSample {
        CheckedSample {
            boot: boot.map(str::to_owned),
            count,
            event_elapsed_ms: BOOT_AT_MS + seconds * 1000,
            received_elapsed_ms: BOOT_AT_MS + seconds * 1000,
            received_at: NOON.plus(seconds * 1000),
        }
    }

    fn state_after(sample: &CheckedSample) -> CounterState {
        process(None, sample, false).accepted.unwrap().0
    }

    #[test]
    fn the_limit_of_a_plausible_hour_is_18030_steps() {
        let state = state_after(&sample(Some("1"), 0, 0));
        let at_limit = process(Some(&state), &sample(Some("1"), 3600, 18_030), false);
        assert_eq!(at_limit.accepted.unwrap().1.steps, 18_030);
        let above = process(Some(&state), &sample(Some("1"), 3600, 18_031), false);
        assert_eq!(above.notes, [NoteCode::Quarantined]);
        let (state, evidence) = above.accepted.unwrap();
        assert_eq!((evidence.steps, evidence.quarantined_steps), (0, 18_031));
        assert_eq!(state.count, 18_031, "the quarantined sample is the new base");
    }

    #[test]
    fn the_look_back_is_two_seconds_a_step_and_at_least_a_minute() {
        let state = state_after(&sample(Some("1"), 0, 0));
        for (count, expected_ms) in [
            (11, 60_000),
            (30, 60_000),
            (31, 62_000),
            (600, 1_200_000),
            (9000, 18_000_000),
        ] {
            let outcome = process(Some(&state), &sample(Some("1"), 18_000, count), false);
            let evidence = outcome.accepted.unwrap().1;
            assert_eq!(evidence.to.since(evidence.from), expected_ms, "{count} steps");
        }
    }

    #[test]
    fn a_null_boot_id_keeps_the_known_one_within_the_same_boot_only() {
        let state = state_after(&sample(Some("7"), 0, 100));
        let same = process(Some(&state), &sample(None, 60, 120), false)
            .accepted
            .unwrap()
            .0;
        assert_eq!(same.boot.as_deref(), Some("7"));
        let mut moved = sample(None, 60, 120);
        moved.received_at = moved.received_at.plus(BOOT_TOLERANCE_MS + 1);
        let outcome = process(Some(&state), &moved, false);
        assert_eq!(outcome.notes, [NoteCode::Reboot]);
        assert_eq!(outcome.accepted.unwrap().0.boot, None);
    }

    #[test]
    fn a_sample_may_be_both_suspect_and_a_reboot() {
        let state = state_after(&sample(Some("1"), 0, 100));
        let mut other = sample(Some("2"), 60, 5);
        other.event_elapsed_ms = -1;
        let outcome = process(Some(&state), &other, false);
        assert_eq!(outcome.notes, [NoteCode::ClockSuspect, NoteCode::Reboot]);
    }

    #[test]
    fn numbers_that_cannot_be_are_rejected_and_fractions_are_cut() {
        let reading = |count: Option<f64>| CounterSample {
            source: "phone".into(),
            boot: None,
            count,
            event_elapsed_ms: 0,
            received_elapsed_ms: 0,
            received_at: NOON,
            zone: None,
        };
        for count in [
            None,
            Some(-5.0),
            Some(-0.5),
            Some(3e9),
            Some(f64::NAN),
            Some(2_147_483_647.5),
        ] {
            assert_eq!(check(&reading(count)), None, "{count:?}");
        }
        assert_eq!(check(&reading(Some(10.5))).unwrap().count, 10);
        let late = CounterSample {
            received_elapsed_ms: LONGEST_UPTIME_MS + 1,
            ..reading(Some(1.0))
        };
        assert_eq!(check(&late), None);
    }
}
