//! Every table, and the three statements that a backup needs of each: the first page, the next page, and a row back in.
//!
//! The statements are put together by the compiler from the list below, so that columns, keys and numbers cannot disagree.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A 64-bit integer.
    Integer,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// A UUID.
    Uuid,
}

/// A table as a backup sees it.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Names of its columns.
    pub columns: &'static [&'static str],
    /// What they hold.
    pub kinds: &'static [Kind],
    /// So many of the first columns are the primary key.
    pub keys: usize,
    /// Brings the first page.
    pub first: &'static str,
    /// Brings the page after a key.
    pub next: &'static str,
    /// Puts a row in.
    pub insert: &'static str,
}

/// Rows of a page, as the statements say it. An entry has at most some tens of kilobytes.
pub(super) const PAGE: usize = 200;

macro_rules! tables {
    ($(
        $name:ident
        [$k1:literal $key1:ident $key_kind1:ident $(, $k:literal $key:ident $key_kind:ident)*]
        [$($c:literal $column:ident $kind:ident),*]
    )+) => {
        &[$(Table {
            name: stringify!($name),
            columns: &[stringify!($key1), $(stringify!($key),)* $(stringify!($column),)*],
            kinds: &[Kind::$key_kind1, $(Kind::$key_kind,)* $(Kind::$kind,)*],
            keys: [$k1 $(, $k)*].len(),
            first: concat!(
                "SELECT ", stringify!($key1), $(", ", stringify!($key),)* $(", ", stringify!($column),)*
                " FROM ", stringify!($name),
                " ORDER BY ", stringify!($key1), $(", ", stringify!($key),)*
                " LIMIT 200",
            ),
            next: concat!(
                "SELECT ", stringify!($key1), $(", ", stringify!($key),)* $(", ", stringify!($column),)*
                " FROM ", stringify!($name),
                " WHERE (", stringify!($key1), $(", ", stringify!($key),)* ")",
                " > ($", $k1, $(", $", $k,)* ")",
                " ORDER BY ", stringify!($key1), $(", ", stringify!($key),)*
                " LIMIT 200",
            ),
            insert: concat!(
                "INSERT INTO ", stringify!($name),
                " (", stringify!($key1), $(", ", stringify!($key),)* $(", ", stringify!($column),)* ")",
                " VALUES ($", $k1, $(", $", $k,)* $(", $", $c,)* ")",
            ),
        }),+]
    };
}

/// Tables of the schema that no backup holds, and why.
pub const LEFT_OUT: [(&str, &str); 2] = [
    ("lease", "whoever holds one does not work on the restored store"),
    (
        "snapshot",
        "made again from the entries, and those of another epoch are never served",
    ),
];

/// All others.
#[rustfmt::skip]
pub const TABLES: &[Table] = tables! {
    server_state
        [1 key Text]
        [2 value Text]
    society
        [1 society_id Uuid]
        [2 code Text, 3 name Text, 4 created_at_ms Integer]
    consent_text
        [1 society_id Uuid, 2 version Text]
        [3 text Text, 4 text_sha256 Bytes, 5 in_force_from_ms Integer]
    account
        [1 account_id Uuid]
        [2 is_staff Integer, 3 name Text, 4 name_reading Text, 5 birth_date Text, 6 login Text, 7 password_hash Text, 8 totp_secret Bytes, 9 totp_last_step Integer, 10 qualification Text, 11 reply_hours Text, 12 picture_sha256 Bytes, 13 status Text, 14 created_at_ms Integer]
    role
        [1 account_id Uuid, 2 society_id Uuid, 3 role Text]
        []
    invitation
        [1 invitation_id Uuid]
        [2 society_id Uuid, 3 code_prefix Text, 4 code_hash Text, 5 name Text, 6 name_reading Text, 7 birth_date Text, 8 dietitian_id Uuid, 9 external_ref Text, 10 made_by Uuid, 11 made_at_ms Integer, 12 expires_at_ms Integer, 13 used_at_ms Integer, 14 used_by Uuid, 15 withdrawn_at_ms Integer]
    transfer_code
        [1 account_id Uuid]
        [2 code_prefix Text, 3 code_hash Text, 4 made_by Uuid, 5 made_at_ms Integer, 6 expires_at_ms Integer, 7 used_at_ms Integer]
    session
        [1 account_id Uuid, 2 session_id Uuid]
        [3 device_id Uuid, 4 platform Text, 5 model Text, 6 app_version Text, 7 signed_in_at_ms Integer, 8 last_seen_at_ms Integer, 9 expires_at_ms Integer, 10 idle_expires_at_ms Integer, 11 ended_at_ms Integer, 12 end_reason Text, 13 push_service Text, 14 push_token Text, 15 push_token_at_ms Integer]
    token_pair
        [1 account_id Uuid, 2 session_id Uuid, 3 generation Integer]
        [4 salt Bytes, 5 access_hash Bytes, 6 refresh_hash Bytes, 7 made_at_ms Integer, 8 access_expires_at_ms Integer, 9 first_used_at_ms Integer]
    token
        [1 token_hash Bytes]
        [2 account_id Uuid, 3 session_id Uuid, 4 generation Integer, 5 is_refresh Integer]
    idempotency
        [1 requester Text, 2 key Uuid]
        [3 request_sha256 Bytes, 4 answer Text, 5 made_at_ms Integer]
    attempt
        [1 scope Text, 2 hour Integer]
        [3 count Integer]
    case_head
        [1 case_id Uuid]
        [2 society_id Uuid, 3 account_id Uuid, 4 name Text, 5 opened_at_ms Integer, 6 care_seq Integer, 7 staff_seq Integer, 8 advice_seq Integer, 9 audit_seq Integer, 10 audit_hash Bytes, 11 consent Text, 12 consent_version Text, 13 plan_seq Integer, 14 interviewed_seq Integer, 15 open_support_op Uuid, 16 evaluated_seq Integer, 17 last_participant_entry_at_ms Integer, 18 last_staff_entry_at_ms Integer]
    assignment
        [1 case_id Uuid, 2 account_id Uuid]
        [3 is_substitute Integer, 4 assigned_at_ms Integer]
    entry
        [1 case_id Uuid, 2 audience Text, 3 seq Integer]
        [4 op_id Uuid, 5 author_id Uuid, 6 author_role Text, 7 device_id Uuid, 8 kind Text, 9 body_version Integer, 10 body Text, 11 payload_sha256 Bytes, 12 min_app_version Text, 13 occurred_at_ms Integer, 14 zone Text, 15 utc_offset_min Integer, 16 recorded_at_ms Integer]
    picture_use
        [1 case_id Uuid, 2 audience Text, 3 sha256 Bytes]
        []
    upload
        [1 case_id Uuid, 2 upload_id Uuid]
        [3 audience Text, 4 sha256 Bytes, 5 length_bytes Integer, 6 media_type Text, 7 width_px Integer, 8 height_px Integer, 9 account_id Uuid, 10 offset_bytes Integer, 11 object_key Text, 12 made_at_ms Integer, 13 touched_at_ms Integer]
    upload_part
        [1 case_id Uuid, 2 upload_id Uuid, 3 offset_bytes Integer]
        [4 length_bytes Integer, 5 object_key Text]
    garbage
        [1 object_key Text]
        [2 since_at_ms Integer]
    upload_quota
        [1 account_id Uuid, 2 day Integer]
        [3 bytes Integer]
    push_outbox
        [1 case_id Uuid, 2 audience Text]
        [3 up_to_seq Integer, 4 author_id Uuid, 5 queued_at_ms Integer]
    audit_chain
        [1 chain_id Uuid]
        [2 audit_seq Integer, 3 audit_hash Bytes]
    audit
        [1 chain_id Uuid, 2 seq Integer]
        [3 at_ms Integer, 4 actor_id Uuid, 5 actor_role Text, 6 device_id Uuid, 7 act Text, 8 outcome Text, 9 audience Text, 10 from_seq Integer, 11 to_seq Integer, 12 object_id Uuid, 13 request_id Text, 14 hash Bytes]
    audit_digest
        [1 seq Integer]
        [2 at_ms Integer, 3 chains Integer, 4 digest Bytes]
    audit_digest_chain
        [1 digest_seq Integer, 2 chain_id Uuid]
        [3 audit_seq Integer, 4 audit_hash Bytes]
};
