//! What an operator may set: rates, lifetimes, costs. The defaults are those of the protocol's limits.

use std::time::Duration;

use ayumi_protocol::limits;

/// Settings of the rules, as opposed to those of the machine.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Pushes of one device in a minute.
    pub pushes_per_minute: u32,
    /// Pushes of one device at once.
    pub push_burst: u32,
    /// Tries to sign in, enrol or transfer in an hour, per address and per login or code.
    pub sign_ins_per_hour: u32,
    /// Bytes that one account may upload in a day.
    pub upload_bytes_per_day: u64,
    /// Life of an access token.
    pub access_token_life: Duration,
    /// How long an unused pair of tokens is given again to its predecessor.
    pub refresh_grace: Duration,
    /// A participant's session ends when it was not refreshed for so long.
    pub participant_idle: Duration,
    /// A participant's session ends after so long in any case.
    pub participant_session: Duration,
    /// A staff session ends when it was not refreshed for so long.
    pub staff_idle: Duration,
    /// A staff session ends after so long in any case.
    pub staff_session: Duration,
    /// Life of an invitation.
    pub invitation_life: Duration,
    /// Life of a transfer code.
    pub transfer_code_life: Duration,
    /// Memory of one slow hash in KiB.
    pub hash_memory_kib: u32,
    /// Passes of one slow hash.
    pub hash_passes: u32,
    /// Each node reads the ends of all logs that somebody waits for at least this often, so that a lost hint costs no more.
    pub poll_interval: Duration,
    /// How long an upload without an entry is kept.
    pub upload_kept: Duration,
    /// A log gets a new snapshot when so many entries came since the last one.
    pub snapshot_every: i64,
}

const fn days(count: u64) -> Duration {
    Duration::from_hours(count.saturating_mul(24))
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            pushes_per_minute: limits::PUSHES_PER_MINUTE,
            push_burst: limits::PUSH_BURST,
            sign_ins_per_hour: limits::SIGN_INS_PER_HOUR,
            upload_bytes_per_day: limits::UPLOAD_BYTES_PER_DAY,
            access_token_life: limits::ACCESS_TOKEN_LIFE,
            refresh_grace: limits::REFRESH_GRACE,
            // Three months of guidance, and a phone that lay in a drawer for the summer.
            participant_idle: days(120),
            participant_session: days(400),
            // A working day with its breaks, and a week until password and second factor are asked again.
            staff_idle: Duration::from_hours(12),
            staff_session: days(7),
            // A letter lies about for weeks.
            invitation_life: days(60),
            transfer_code_life: limits::SHORT_CODE_LIFE,
            // OWASP's second choice for argon2id: 19 MiB, two passes, one lane.
            hash_memory_kib: 19 * 1024,
            hash_passes: 2,
            poll_interval: Duration::from_secs(5),
            upload_kept: limits::UPLOAD_KEPT,
            snapshot_every: 500,
        }
    }
}
