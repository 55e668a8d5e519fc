//! Simulated people with sessions and consent, written as rows: enrolling ten thousand by code would measure the slow hash.

use std::sync::Arc;

use ayumi_protocol::hash::Sha256;
use ayumi_protocol::id::{AccountId, CaseId, DeviceId, SocietyId};
use ayumi_protocol::time::UtcMillis;
use ayumi_server::host::Host;
use ayumi_server::http::extract::sha256;
use ayumi_server::server::boxed;
use ayumi_server::store::{self, Store, Transaction, Value};
use uuid::Uuid;

/// Those who push, and those who only wait.
pub(crate) const COUNT: usize = 256 + 10_000;

/// People of one transaction.
const PORTION: usize = 500;

/// Somebody with a case.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub token: String,
    pub case_id: CaseId,
    account_id: AccountId,
    device_id: DeviceId,
    session_id: Uuid,
}

#[derive(Debug)]
pub(crate) struct People {
    pub epoch: String,
    pub all: Vec<Person>,
}

struct Portion {
    society_id: SocietyId,
    people: Arc<Vec<Person>>,
    now: UtcMillis,
}

impl People {
    pub(crate) async fn make(store: &dyn Store, host: &Host) -> Self {
        let society_id = SocietyId::from_uuid(host.new_uuid());
        let input = (society_id, host.now());
        store::write(store, input, |tx, (society_id, now)| {
            boxed(async move {
                let text = "A simulated text of consent.";
                tx.execute(
                    "INSERT INTO society (society_id, code, name, created_at_ms) VALUES ($1, 'load', 'Simulated', $2)",
                    &[(*society_id).into(), (*now).into()],
                )
                .await?;
                tx.execute(
                    "INSERT INTO consent_text (society_id, version, text, text_sha256, in_force_from_ms)
                     VALUES ($1, '1', $2, $3, $4)",
                    &[(*society_id).into(), text.into(), sha256(text.as_bytes()).into(), (*now).into()],
                )
                .await?;
                Ok(())
            })
        })
        .await
        .expect("a society");
        let all: Vec<Person> = (0..COUNT)
            .map(|_| Person {
                token: host.random_uuid().to_string(),
                case_id: CaseId::from_uuid(host.new_uuid()),
                account_id: AccountId::from_uuid(host.new_uuid()),
                device_id: DeviceId::from_uuid(host.new_uuid()),
                session_id: host.new_uuid(),
            })
            .collect();
        for portion in all.chunks(PORTION) {
            let portion = Portion {
                society_id,
                people: Arc::new(portion.to_vec()),
                now: host.now(),
            };
            store::write(store, portion, |tx, portion| {
                boxed(async move {
                    for person in portion.people.iter() {
                        person.insert(tx, portion.society_id, portion.now).await?;
                    }
                    Ok(())
                })
            })
            .await
            .expect("people");
        }
        let epoch = store::read(store, (), |tx, ()| {
            boxed(async move { Ok(store::state::epoch(tx).await?) })
        });
        Self {
            epoch: epoch.await.expect("an epoch").to_string(),
            all,
        }
    }
}

impl Person {
    async fn insert(
        &self,
        tx: &mut dyn Transaction,
        society_id: SocietyId,
        now: UtcMillis,
    ) -> Result<(), store::StoreError> {
        let later = now.0.saturating_add(24 * 3_600_000);
        let (hash, none): (Sha256, [u8; 32]) = (sha256(self.token.as_bytes()), [0; 32]);
        let account: Value = self.account_id.into();
        tx.execute(
            "INSERT INTO account (account_id, is_staff, name, birth_date, status, created_at_ms)
             VALUES ($1, 0, 'Simulated', '1975-04-01', 'active', $2)",
            &[account.clone(), now.into()],
        )
        .await?;
        tx.execute(
            "INSERT INTO role (account_id, society_id, role) VALUES ($1, $2, 'participant')",
            &[account.clone(), society_id.into()],
        )
        .await?;
        tx.execute(
            "INSERT INTO session (account_id, session_id, device_id, platform, model, app_version, signed_in_at_ms,
                 last_seen_at_ms, expires_at_ms, idle_expires_at_ms)
             VALUES ($1, $2, $3, 'ios', 'simulated', '1.0.0', $4, $4, $5, $5)",
            &[account.clone(), self.session_id.into(), self.device_id.into(), now.into(), later.into()],
        )
        .await?;
        tx.execute(
            "INSERT INTO token_pair (account_id, session_id, generation, salt, access_hash, refresh_hash, made_at_ms,
                 access_expires_at_ms, first_used_at_ms)
             VALUES ($1, $2, 1, $3, $4, $3, $5, $6, $5)",
            &[account.clone(), self.session_id.into(), none.into(), hash.into(), now.into(), later.into()],
        )
        .await?;
        tx.execute(
            "INSERT INTO token (token_hash, account_id, session_id, generation, is_refresh) VALUES ($1, $2, $3, 1, 0)",
            &[hash.into(), account.clone(), self.session_id.into()],
        )
        .await?;
        tx.execute(
            "INSERT INTO case_head (case_id, society_id, account_id, name, opened_at_ms, care_seq, staff_seq, advice_seq,
                 audit_seq, audit_hash, consent, consent_version)
             VALUES ($1, $2, $3, 'Simulated', $4, 0, 0, 0, 0, $5, 'given', '1')",
            &[self.case_id.into(), society_id.into(), account, now.into(), none.into()],
        )
        .await?;
        Ok(())
    }
}
