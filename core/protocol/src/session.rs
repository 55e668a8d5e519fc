//! Enrolment, sign-in, tokens, devices.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cursor::Epoch;
use crate::hash::Sha256;
use crate::id::{AccountId, CaseId, DeviceId, SocietyId};
use crate::limits::{self, LimitError, check};
use crate::time::{LocalDate, UtcMillis};
use crate::version::AppVersion;
use crate::wire::Wire;

open_words! {
    /// What a person may do in a society. Open, so that later roles need no new version of the protocol.
    pub enum Role: "a role" {
        /// The person guided (参加者).
        Participant = "participant",
        /// The registered dietitian who guides (管理栄養士).
        Dietitian = "dietitian",
        /// The medical adviser who answers questions (医療の専門家).
        Adviser = "adviser",
        /// Runs the programme of one society (健保組合の担当者).
        Coordinator = "coordinator",
        /// Accounts, devices, audit.
        Administrator = "administrator",
        /// The server itself.
        System = "system",
    }
}

word_type! {
    /// Version of a consent text.
    pub struct ConsentVersion: "the version of a consent text"
}

open_words! {
    /// What a device is.
    pub enum Platform: "a platform" {
        /// iPhone.
        Ios = "ios",
        /// Android.
        Android = "android",
        /// A computer.
        Desktop = "desktop",
    }
}

/// A code, password or token. Shows itself to nobody.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret.
    #[must_use]
    pub const fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself, for hashing it or sending it on.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn check(&self, field: &'static str) -> Result<(), LimitError> {
        check::text(field, &self.0, limits::SECRET_BYTES)?;
        check::column(field, &self.0, limits::SECRET_BYTES)?;
        check::length(field, self.0.len(), limits::SECRET_BYTES)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

schema_of!(Secret => crate::schema::secret("A code, password or token, of at most 512 bytes."));

/// What a device says about itself when it signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceDescription {
    /// What it is.
    pub platform: Platform,
    /// Its model, for the list in which its owner recognises it.
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub model: String,
    /// The app on it.
    pub app_version: AppVersion,
}

impl DeviceDescription {
    fn check(&self) -> Result<(), LimitError> {
        check::column("model", &self.model, limits::LINE_CHARS)
    }
}

/// A participant enrols: code of the invitation and birth date.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolRequest {
    /// The code, as it was scanned or typed.
    pub code: Secret,
    /// Her birth date.
    pub birth_date: LocalDate,
    /// Her phone.
    pub device: DeviceDescription,
}

impl Wire for EnrolRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        self.code.check("code")?;
        self.device.check()
    }
}

/// A participant signs in on another phone: a transfer code for her account and her birth date.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransferRequest {
    /// The code that her old phone, her dietitian or her coordinator showed.
    pub code: Secret,
    /// Her birth date.
    pub birth_date: LocalDate,
    /// The new phone.
    pub device: DeviceDescription,
    /// Leaves the old phone signed in.
    #[serde(default)]
    pub keeps_old_device: bool,
}

impl Wire for TransferRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        self.code.check("code")?;
        self.device.check()
    }
}

/// Asks for a transfer code: by herself without `case_id`, by her dietitian or coordinator with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransferCodeRequest {
    /// Whose account; absent for one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_id: Option<CaseId>,
}

impl Wire for TransferCodeRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;
}

/// A transfer code.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransferCodeAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
    /// The code, to be shown once.
    pub code: Secret,
    /// How long it can be used.
    pub expires_in_ms: u64,
}

impl Wire for TransferCodeAnswer {
    const MOST_BYTES: usize = limits::SMALL_ANSWER_BYTES;
}

/// A member of the staff signs in: password and second factor in one request, so that neither can be tried alone.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StaffSignInRequest {
    /// The name of the account.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 200))]
    pub login: String,
    /// The password.
    pub password: Secret,
    /// The six digits of the second factor (TOTP); each time step is usable once.
    pub one_time_code: Secret,
    /// The device.
    pub device: DeviceDescription,
}

impl Wire for StaffSignInRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        check::text("login", &self.login, limits::LINE_CHARS)?;
        check::column("login", &self.login, limits::LINE_CHARS)?;
        self.password.check("password")?;
        self.one_time_code.check("one_time_code")?;
        self.device.check()
    }
}

/// A pair of tokens. They are random and tell nothing; the server knows their hashes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tokens {
    /// Goes with every request.
    pub access_token: Secret,
    /// How long it is accepted. A hint: what counts is the server's answer, because the phone's clock may be wrong.
    pub access_expires_in_ms: u64,
    /// Brings the next pair; replaced at each use.
    pub refresh_token: Secret,
}

/// A session that has begun, of a participant or of staff.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
    /// Who signed in.
    pub account_id: AccountId,
    /// The device as it is known from now on.
    pub device_id: DeviceId,
    /// What the person is, in each society.
    pub roles: Vec<RoleInSociety>,
    /// Her case; absent for staff, who ask for the caseload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_id: Option<CaseId>,
    /// The consent text that is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent_version: Option<ConsentVersion>,
    /// Incarnation of the server's store, with which a replica starts.
    pub epoch: Epoch,
    /// The first pair.
    pub tokens: Tokens,
}

impl Wire for SessionAnswer {
    const MOST_BYTES: usize = limits::SMALL_ANSWER_BYTES;
}

/// A role of an account in one society.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoleInSociety {
    /// The society.
    pub society_id: SocietyId,
    /// The role.
    pub role: Role,
}

/// Asks for the next pair of tokens.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefreshRequest {
    /// The newest refresh token that was saved.
    pub refresh_token: Secret,
    /// The device to which it is bound.
    pub device_id: DeviceId,
    /// The app on it by now.
    pub app_version: AppVersion,
}

impl Wire for RefreshRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        self.refresh_token.check("refresh_token")
    }
}

/// The next pair of tokens. Repeating the request brings the same pair until it is first used, so a lost answer signs nobody out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefreshAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
    /// The pair; saved before it is used.
    pub tokens: Tokens,
}

impl Wire for RefreshAnswer {
    const MOST_BYTES: usize = limits::SMALL_ANSWER_BYTES;
}

/// The devices of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DevicesAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
    /// Signed-in devices, the last one seen first.
    pub devices: Vec<DeviceSummary>,
}

impl Wire for DevicesAnswer {
    const MOST_BYTES: usize = limits::SMALL_ANSWER_BYTES;
}

/// A signed-in device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceSummary {
    /// The device.
    pub device_id: DeviceId,
    /// What it said about itself.
    pub device: DeviceDescription,
    /// When it signed in.
    pub signed_in_at_ms: UtcMillis,
    /// When it last asked for anything.
    pub last_seen_at_ms: UtcMillis,
}

/// Ends the session of a device; of this one when somebody signs out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndSessionRequest {
    /// The device.
    pub device_id: DeviceId,
}

impl Wire for EndSessionRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;
}

/// The text to which participants of a society consent, as it is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsentTextAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
    /// Its version, for `consent.given`.
    pub version: ConsentVersion,
    /// The text, as it is shown.
    pub text: String,
    /// SHA-256 of the text in UTF-8, for `consent.given`.
    pub text_sha256: Sha256,
}

impl Wire for ConsentTextAnswer {
    const MOST_BYTES: usize = limits::SMALL_ANSWER_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        check::text("text", &self.text, limits::CONSENT_TEXT_CHARS)
    }
}

open_words! {
    /// A service that delivers push hints.
    pub enum PushService: "a push service" {
        /// Apple's, for apps of the store.
        Apns = "apns",
        /// Apple's, for apps under development.
        ApnsSandbox = "apns_sandbox",
        /// Google's.
        Fcm = "fcm",
    }
}

/// Tells where push hints for this device go.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushTokenRequest {
    /// The service.
    pub service: PushService,
    /// What the service named the device; null stops the hints.
    #[serde(deserialize_with = "crate::word::nullable")]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub token: Option<Secret>,
}

impl Wire for PushTokenRequest {
    const MOST_BYTES: usize = limits::SMALL_REQUEST_BYTES;

    fn check(&self) -> Result<(), LimitError> {
        self.token.as_ref().map_or(Ok(()), |token| token.check("token"))
    }
}

/// The answer of a request that has nothing to say but that it was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DoneAnswer {
    /// The server's clock.
    pub server_time_ms: UtcMillis,
}

impl Wire for DoneAnswer {
    const MOST_BYTES: usize = limits::SMALL_ANSWER_BYTES;
}

silent_debug!(EnrolRequest, TransferRequest, StaffSignInRequest);
