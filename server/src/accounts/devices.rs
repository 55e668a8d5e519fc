//! The devices of an account, and where their push hints go.

use ayumi_protocol::id::AccountId;
use ayumi_protocol::limits;
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::session::{DeviceDescription, DeviceSummary, Platform, PushTokenRequest, Secret};
use ayumi_protocol::time::UtcMillis;
use ayumi_protocol::version::AppVersion;

use super::principal::{Credentials, authenticate};
use super::sql;
use crate::store::{Fault, StoreError, Transaction, Value};

/// The signed-in devices of an account, the last one seen first, at most so many.
pub async fn signed_in(
    tx: &mut dyn Transaction,
    account_id: AccountId,
    now: UtcMillis,
    most: usize,
) -> Result<Vec<DeviceSummary>, Fault> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = tx
        .query(sql::DEVICES, &[account_id.into(), now.into(), most.into()])
        .await?;
    let unreadable = || StoreError::Bug {
        what: "a stored device cannot be read",
    };
    let devices = rows.iter().map(|row| {
        let (platform, version): (String, String) = (row.get(1)?, row.get(3)?);
        Ok(DeviceSummary {
            device_id: row.get(0)?,
            device: DeviceDescription {
                platform: Platform::from_word(&platform).ok_or_else(unreadable)?,
                model: row.get(2)?,
                app_version: AppVersion::parse(&version).ok_or_else(unreadable)?,
            },
            signed_in_at_ms: row.get(4)?,
            last_seen_at_ms: row.get(5)?,
        })
    });
    Ok(devices.collect::<Result<_, StoreError>>()?)
}

/// Lists one's own devices.
pub async fn own(tx: &mut dyn Transaction, credentials: &Credentials) -> Result<Vec<DeviceSummary>, Fault> {
    let principal = authenticate(tx, credentials).await?;
    signed_in(tx, principal.account_id, principal.now, limits::OWN_DEVICES).await
}

/// Keeps where push hints for this device go; without a token there are none any more.
///
/// Errors: those of [`authenticate`].
pub async fn save_push_token(
    tx: &mut dyn Transaction,
    (credentials, request): &(Credentials, PushTokenRequest),
) -> Result<(), Fault> {
    let principal = authenticate(tx, credentials).await?;
    let token = request.token.as_ref().map(Secret::expose);
    let values: [Value; 5] = [
        principal.account_id.into(),
        principal.session_id.into(),
        token.map(|_| request.service.as_str()).into(),
        token.into(),
        principal.now.into(),
    ];
    if tx.execute(sql::SAVE_PUSH_TOKEN, &values).await? == 0 {
        return Err(ProblemCode::SessionRevoked.into());
    }
    Ok(())
}
