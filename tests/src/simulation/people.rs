//! What simulated people do with their phones.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use ayumi_core::chat::{ChatError, NewMessage, PageFrom};
use ayumi_core::store::StoreError;
use ayumi_core::time::UtcMillis;
use ayumi_core::weight::{MassUnit, NewWeighIn, WeighInTime};
use ayumi_protocol::id::CaseId;
use ayumi_protocol::session::ConsentVersion;

use super::phone::Phone;
use super::random::Dice;

/// What was to be done was refused, because the disk is full.
pub const NO_ROOM: &str = "write refused by a full disk";

/// Whether something was refused because the disk is full. What may not be done at this moment is refused too, and that is no fault.
fn found_no_room<T>(done: &Result<T, ChatError>) -> bool {
    match done {
        Err(ChatError::Store(StoreError::StorageFull)) => true,
        Err(ChatError::Store(error)) => panic!("a store fails for no reason: {error}"),
        _ => false,
    }
}

/// A mark in every text: the scan for leaks looks for it.
pub const MARK: &str = "歩SIMULATED歩";

/// A small photo as a camera would hand it over.
fn photo() -> &'static [u8] {
    static PHOTO: OnceLock<Vec<u8>> = OnceLock::new();
    PHOTO.get_or_init(|| {
        let pixels =
            image::RgbImage::from_fn(24, 16, |x, y| image::Rgb([(x * 9) as u8, (y * 13) as u8, 120]));
        let mut bytes = std::io::Cursor::new(Vec::new());
        pixels
            .write_to(&mut bytes, image::ImageFormat::Png)
            .expect("a picture");
        bytes.into_inner()
    })
}

/// What she types on her scales, in kilograms, in Japan.
#[must_use]
pub fn weigh_in(at: UtcMillis, typed: &str) -> NewWeighIn {
    NewWeighIn {
        when: WeighInTime::Timed {
            at,
            sub_ms_ns: 0,
            offset_s: 9 * 3600,
            zone: None,
        },
        typed: typed.to_owned(),
        unit: MassUnit::Kilogram,
        waist: None,
        source: "typed".to_owned(),
    }
}

/// Does one thing. Returns its name for the trace.
pub fn act(phone: &mut Phone, dice: &mut Dice, wall: UtcMillis) -> &'static str {
    let cases = phone.cases.clone();
    let error_ms = phone.wall_error_ms;
    let is_staff = phone.is_staff;
    let Some(process) = &phone.process else {
        return "nothing";
    };
    process.clock.set(wall.plus(error_ms));
    let app = &process.app;
    let Some(case_id) = cases
        .get(usize::try_from(dice.below(cases.len() as u64)).unwrap_or(0))
        .copied()
    else {
        return "nothing";
    };
    let chat = app.chat();
    let text = format!("{MARK} {}", dice.next());
    match dice.below(100) {
        0..45 => {
            let sent = chat.send(case_id, NewMessage::text(text));
            if found_no_room(&sent) { NO_ROOM } else { "message" }
        }
        45..52 => {
            let added = chat.add_picture(case_id, photo());
            let sent = added.and_then(|picture| {
                let message = NewMessage {
                    text,
                    pictures: vec![picture],
                    reply_to: None,
                };
                chat.send(case_id, message)
            });
            if found_no_room(&sent) { NO_ROOM } else { "photo" }
        }
        52..62 => {
            if let Some(op_id) = own_message(app, case_id, dice) {
                let _ = chat.edit(case_id, op_id, &text);
            }
            "edit"
        }
        62..67 => {
            if let Some(op_id) = own_message(app, case_id, dice) {
                let _ = chat.delete(case_id, op_id);
            }
            "delete"
        }
        67..80 => {
            let seq = app
                .shown_replica(ayumi_protocol::cursor::LogName {
                    case_id,
                    audience: ayumi_protocol::cursor::Audience::Care,
                })
                .expect("a replica")
                .map(|replica| replica.cursor.seq);
            if let Some(seq) = seq {
                let _ = chat.mark_read(case_id, seq);
            }
            "read mark"
        }
        80..88 => {
            let weigh_in = weigh_in(wall, &format!("{}.{}", 55 + dice.below(20), dice.below(10)));
            if !is_staff {
                let _ = app.weight().record(&weigh_in);
            }
            "weigh-in"
        }
        88..96 => {
            // Somebody who has lost the case has no tray of it.
            for not_sent in chat.not_sent(case_id).unwrap_or_default() {
                let _ = match dice.below(3) {
                    0 => chat.discard(not_sent.op_id),
                    1 => chat.retry(not_sent.op_id).map(|_| ()),
                    _ => chat.confirm(not_sent.op_id).map(|_| ()),
                };
            }
            "tray"
        }
        _ => {
            let version = ConsentVersion::from_word("1").expect("a version");
            let text = ayumi_core::pictures::sha256_of(b"A simulated text.");
            if is_staff {
                return "nothing";
            }
            if dice.happens(500) {
                let _ = app.cases().give_consent(version, text);
                "consent given"
            } else if dice.happens(200) {
                let _ = app.cases().withdraw_consent();
                "consent withdrawn"
            } else {
                "nothing"
            }
        }
    }
}

/// At the end everybody agrees again and looks into the tray, so that what can be exchanged is.
pub fn tidy_up(phone: &mut Phone, wall: UtcMillis) {
    let cases = phone.cases.clone();
    let error_ms = phone.wall_error_ms;
    let is_staff = phone.is_staff;
    let Some(process) = &phone.process else { return };
    process.clock.set(wall.plus(error_ms));
    if !is_staff && !cases.is_empty() {
        let version = ConsentVersion::from_word("1").expect("a version");
        let text = ayumi_core::pictures::sha256_of(b"A simulated text.");
        let _ = process.app.cases().give_consent(version, text);
    }
}

fn own_message(
    app: &ayumi_core::app::App,
    case_id: CaseId,
    dice: &mut Dice,
) -> Option<ayumi_protocol::id::OpId> {
    let page = app
        .chat()
        .timeline(case_id, PageFrom::Newest, 20, &BTreeSet::new())
        .ok()?;
    let own: Vec<_> = page
        .items
        .iter()
        .filter(|item| item.author.is_own && !item.is_deleted && !item.is_lost)
        .map(|item| item.op_id)
        .collect();
    if own.is_empty() {
        return None;
    }
    Some(*dice.one_of(&own))
}
