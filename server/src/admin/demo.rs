//! A society to try things out with. Everybody in it is simulated.

use std::fmt::Write as _;

use ayumi_protocol::body::{Qualification, RawBody};
use ayumi_protocol::cursor::{Audience, Lane, LogName};
use ayumi_protocol::id::{OpId, SocietyId};
use ayumi_protocol::kind::KindName;
use ayumi_protocol::operation::{Operation, RawOperation};
use ayumi_protocol::problem::ProblemCode;
use ayumi_protocol::push::PushRequest;
use ayumi_protocol::session::{DeviceDescription, EnrolRequest, Platform, Role, Secret, SessionAnswer};
use ayumi_protocol::time::{LocalDate, UtcMillis, UtcOffset, ZoneName};
use ayumi_protocol::version::AppVersion;

use super::people::credentials;
use super::{explain, failed};
use crate::accounts::enrolment;
use crate::accounts::principal::Credentials;
use crate::accounts::staff::{self, NewStaff};
use crate::cases::append::{self, PushInput};
use crate::http::client_address::ClientAddress;
use crate::http::extract::sha256;
use crate::server::{Server, boxed};
use crate::societies;
use crate::societies::invitations::{self, Invitation};

const CODE: &str = "demo";
const CONSENT: &str = "これは試用のための同意書です。登場する人物はすべて架空です。";
const DAY_MS: i64 = 24 * 3_600_000;
const BROKEN: &str = "demonstration data cannot be made: this is a fault of the program";

/// Makes the society and brings how each signs in.
pub(super) async fn make(server: &Server) -> Result<String, String> {
    let society_id = societies::create(server, CODE, "デモ健康保険組合 (simulated)")
        .await
        .map_err(|fault| {
            let why = "there is a society `demo` already";
            explain(&fault, &ProblemCode::InvalidValue, why)
        })?;
    societies::add_consent_text(server, society_id, "1", CONSENT)
        .await
        .map_err(|fault| failed(&fault))?;
    let mut printed = "Everybody here is simulated. Passwords and codes are shown once.".to_owned();
    let mut dietitian_id = None;
    for (login, name, role) in [
        ("demo-coordinator", "試用 調整", Role::Coordinator),
        ("demo-adviser", "試用 医子", Role::Adviser),
        ("demo-dietitian", "試用 栄子", Role::Dietitian),
    ] {
        let is_dietitian = role == Role::Dietitian;
        let new = NewStaff {
            login: login.to_owned(),
            name: name.to_owned(),
            qualification: is_dietitian.then_some(Qualification::RegisteredDietitian),
            reply_hours: is_dietitian.then(|| "平日 10時から16時".to_owned()),
            roles: vec![(society_id, role)],
        };
        let made = staff::create(server, new).await.map_err(|fault| failed(&fault))?;
        if is_dietitian {
            dietitian_id = Some(made.account_id);
        }
        write!(printed, "\n\n{}", credentials(login, &made)).map_err(|_| BROKEN)?;
    }
    for number in 1..=3_u32 {
        let person = simulated(society_id, number, dietitian_id)?;
        let code = invitations::make(server, person)
            .await
            .map_err(|fault| failed(&fault))?;
        let case_id = begin(server, &code, number).await?;
        write!(printed, "\n\ncase\t{case_id}").map_err(|_| BROKEN)?;
    }
    for number in 4..=5_u32 {
        let person = simulated(society_id, number, dietitian_id)?;
        let born = person.birth_date;
        let code = invitations::make(server, person)
            .await
            .map_err(|fault| failed(&fault))?;
        write!(printed, "\n\ninvitation\t{code}\nborn\t{born}").map_err(|_| BROKEN)?;
    }
    Ok(printed)
}

fn born(number: u32) -> Result<LocalDate, String> {
    let text = format!("19{}-04-0{number}", 70_u32.saturating_add(number));
    LocalDate::parse(&text).ok_or_else(|| BROKEN.to_owned())
}

fn simulated(
    society_id: SocietyId,
    number: u32,
    dietitian_id: Option<ayumi_protocol::id::AccountId>,
) -> Result<Invitation, String> {
    Ok(Invitation {
        society_id,
        name: format!("試用 {number}子"),
        name_reading: Some(format!("しよう {number}こ")),
        birth_date: born(number)?,
        dietitian_id,
        external_ref: Some(format!("demo-{number}")),
    })
}

/// Enrols, agrees, says something, and records a month of weights.
async fn begin(server: &Server, code: &str, number: u32) -> Result<String, String> {
    let request = EnrolRequest {
        code: Secret::new(code.to_owned()),
        birth_date: born(number)?,
        device: DeviceDescription {
            platform: Platform::Android,
            model: "simulated".to_owned(),
            app_version: AppVersion {
                major: 0,
                minor: 1,
                patch: 0,
            },
        },
    };
    let key = server.host.random_uuid();
    let session = enrolment::enrol(server, request, key, ClientAddress(None), String::new())
        .await
        .map_err(|fault| failed(&fault))?;
    let hash = sha256(CONSENT.as_bytes());
    let consent = format!("{{\"text_version\":\"1\",\"text_sha256\":\"{hash}\"}}");
    let greeting = "{\"text\":\"よろしくお願いします。\",\"authored_by\":\"human\"}".to_owned();
    let talk = vec![("consent.given", 0, consent), ("message.posted", 0, greeting)];
    push(server, &session, Lane::Talk, talk).await?;
    let mut weights = Vec::new();
    for day in 0..30_i64 {
        // Slowly down, with the ups and downs of a scale.
        let wobble = day.saturating_mul(17).rem_euclid(50);
        let weight_10g = 6_300_i64
            .saturating_sub(day.saturating_mul(4))
            .saturating_add(wobble);
        let at_ms = server
            .host
            .now()
            .0
            .saturating_sub((30_i64.saturating_sub(day)).saturating_mul(DAY_MS));
        let typed = format!("{}.{:02}", weight_10g.div_euclid(100), weight_10g.rem_euclid(100));
        let id = server.host.new_uuid();
        let body = format!(
            "{{\"weight_id\":\"{id}\",\"measured\":{{\"at\":{{\"at_ms\":{at_ms},\"sub_ms_ns\":0,\"utc_offset_s\":32400,\
             \"zone\":\"Asia/Tokyo\"}}}},\"typed\":\"{typed}\",\"unit\":\"kg\",\"weight_10g\":{weight_10g},\"source\":\"typed\"}}"
        );
        weights.push((
            "weight.recorded",
            30_i64.saturating_sub(day).saturating_mul(DAY_MS),
            body,
        ));
    }
    push(server, &session, Lane::Readings, weights).await?;
    Ok(session.case_id.map(|id| id.to_string()).unwrap_or_default())
}

async fn push(
    server: &Server,
    session: &SessionAnswer,
    lane: Lane,
    bodies: Vec<(&str, i64, String)>,
) -> Result<(), String> {
    let mut operations = Vec::new();
    for (kind, ago_ms, body) in bodies {
        let operation = Operation {
            op_id: OpId::from_uuid(server.host.new_uuid()),
            kind: KindName::from_word(kind).ok_or(BROKEN)?,
            body_version: 1,
            occurred_at_ms: UtcMillis(server.host.now().0.saturating_sub(ago_ms)),
            zone: ZoneName::parse("Asia/Tokyo").ok_or(BROKEN)?,
            utc_offset_min: UtcOffset::from_minutes(540).ok_or(BROKEN)?,
            min_app_version: None,
            body: RawBody::from_text(&body).map_err(|_| BROKEN)?,
        };
        operations.push(RawOperation::of(&operation).map_err(|_| BROKEN)?);
    }
    let request = PushRequest {
        log: LogName {
            case_id: session.case_id.ok_or(BROKEN)?,
            audience: Audience::Care,
        },
        epoch: session.epoch,
        lane,
        operations,
    };
    let credentials = Credentials {
        token_hash: sha256(session.tokens.access_token.expose().as_bytes()),
        now: server.host.now(),
        request_id: String::new(),
    };
    let input = PushInput::prepare(credentials, &request);
    let outcome = server
        .write(input, |tx, input| boxed(append::push(tx, input)))
        .await
        .map_err(|fault| failed(&fault))?;
    let answer =
        outcome.map_err(|refused| format!("demonstration data was refused: {}", refused.code.as_str()))?;
    let are_stored = answer.results.iter().all(|result| result.outcome.seq().is_some());
    if are_stored {
        Ok(())
    } else {
        Err(BROKEN.to_owned())
    }
}
