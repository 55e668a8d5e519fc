//! The story of the two phones: who does what, in which order, and what is seen after it.
//!
//! ```text
//!  participant ── network ──┐
//!                           ├── server ── dietitian
//!  a new, empty phone ──────┘
//! ```
//!
//! Every line tells what the phones themselves show after the act; nothing is told that was not read back. Nobody waits: an exchange
//! is asked for whenever somebody would look at her phone.

use std::fmt::Display;

use ayumi_core::charts::Span;
use ayumi_core::chat::{NewMessage, PAGE_ITEMS, PageFrom};
use ayumi_core::time::NaiveDate;
use ayumi_core::weight::MassUnit;
use ayumi_protocol::id::CaseId;

use super::conversation::{Conversation, conversation};
use super::killed::write_and_be_killed;
use super::server::{LOGIN, born};
use super::stage::{PATIENCE, Stage, case_of, exchange, exchange_in_vain, tell_network_is_back};
use super::verdict::{Verdict, verdict};
use super::{CasePictures, chart_request, say};
use crate::context::Context;
use crate::demo_words::Told;
use crate::exchange_words::Said;
use crate::failure::Failure;
use crate::labels::Labels;
use crate::picture;
use crate::text::left;

/// Drawn by hand for this program.
const LUNCH: &str = include_str!("lunch.svg");
/// What is written without a network.
const IN_TUNNEL: [Told; 3] = [Told::InTunnelOne, Told::InTunnelTwo, Told::InTunnelThree];

/// One line of what happened.
pub(super) struct Act {
    pub who: &'static str,
    pub text: String,
}

/// Both conversations at one moment.
pub(super) struct Moment {
    pub participant: Conversation,
    pub dietitian: Conversation,
}

/// What happened and what was seen.
pub(super) struct Story {
    pub acts: Vec<Act>,
    pub in_tunnel: Moment,
    pub at_end: Moment,
    pub verdict: Verdict,
    pub charts: CasePictures,
}

/// The last dates of the measurements.
#[derive(Clone, Copy)]
pub(super) struct LastDates {
    pub steps: NaiveDate,
    pub weight: NaiveDate,
}

/// Notes what happens and prints it at once.
struct Teller {
    labels: Labels,
    acts: Vec<Act>,
    /// What was typed, oldest first, by whomever.
    written: Vec<String>,
}

impl Teller {
    fn tell(&mut self, who: Told, what: Told, arguments: &[(&str, &dyn Display)]) -> Result<(), Failure> {
        let who = self.labels.word(who);
        let text = self.labels.say(what, arguments);
        say(&format!("{}  {text}", left(who, 12)))?;
        self.acts.push(Act { who, text });
        Ok(())
    }

    /// Types a message into a phone.
    fn write(
        &mut self,
        phone: &Context,
        case_id: CaseId,
        text: Told,
        picture: Option<&[u8]>,
    ) -> Result<(), Failure> {
        let chat = phone.app.chat();
        let text = self.labels.word(text);
        let pictures = picture.map(|picture| chat.add_picture(case_id, picture));
        let message = NewMessage {
            text: text.to_owned(),
            pictures: pictures.into_iter().collect::<Result<_, _>>()?,
            reply_to: None,
        };
        chat.send(case_id, message)?;
        self.written.push(text.to_owned());
        Ok(())
    }
}

/// Plays the story. The participant's phone has its measurements already.
pub(super) fn play(stage: &Stage, last: LastDates) -> Result<Story, Failure> {
    let mut teller = Teller {
        labels: stage.labels,
        acts: Vec::new(),
        written: Vec::new(),
    };
    teller.tell(Told::Server, Told::ServerStarts, &[])?;
    let (case_id, dietitian_before) = stage.with_phone(&stage.participant, |participant| {
        enrol(&mut teller, stage, participant)?;
        stage.with_phone(&stage.dietitian, |dietitian| {
            let case_id = sign_in(&mut teller, stage, dietitian, last)?;
            first_exchange(&mut teller, participant, dietitian, case_id)?;
            Ok((case_id, conversation(dietitian, case_id)?))
        })
    })?;
    in_tunnel(&mut teller, stage)?;
    let (participant_before, at_end, charts) = stage.with_phone(&stage.participant, |participant| {
        let before = reopened(&mut teller, participant, case_id)?;
        // Both closed their phones meanwhile. A phone that was just opened may mark as read at once; the same one only every 5 s.
        stage.with_phone(&stage.dietitian, |dietitian| {
            after_tunnel(&mut teller, stage, participant, dietitian, case_id)?;
            let at_end = Moment {
                participant: conversation(participant, case_id)?,
                dietitian: conversation(dietitian, case_id)?,
            };
            let charts = CasePictures::of(participant, dietitian, case_id, last)?;
            Ok((before, at_end, charts))
        })
    })?;
    let on_server = new_phone(&mut teller, stage, case_id, last)?.shown();
    let verdict = verdict(
        &teller.written,
        &on_server,
        &[&at_end.participant.shown(), &at_end.dietitian.shown()],
    );
    Ok(Story {
        acts: teller.acts,
        in_tunnel: Moment {
            participant: participant_before,
            dietitian: dietitian_before,
        },
        at_end,
        verdict,
        charts,
    })
}

fn enrol(teller: &mut Teller, stage: &Stage, participant: &Context) -> Result<(), Failure> {
    let sync = participant.app.sync();
    sync.enrol(&stage.server.invitation, born()?, PATIENCE)?;
    let text = sync.consent_text(PATIENCE)?;
    participant
        .app
        .cases()
        .give_consent(text.version, text.text_sha256)?;
    teller.tell(Told::Participant, Told::Enrols, &[])?;
    let (sent, _) = exchange(participant)?;
    // One of them is the consent.
    let count = sent.saturating_sub(1);
    teller.tell(Told::Participant, Told::SendsMeasurements, &[("count", &count)])
}

fn sign_in(
    teller: &mut Teller,
    stage: &Stage,
    dietitian: &Context,
    last: LastDates,
) -> Result<CaseId, Failure> {
    let (password, code) = stage.server.credentials()?;
    dietitian
        .app
        .sync()
        .staff_sign_in(LOGIN, password, &code, PATIENCE)?;
    exchange(dietitian)?;
    let case_id = case_of(dietitian)?;
    let cases = dietitian.app.staff().caseload()?.len();
    teller.tell(Told::Dietitian, Told::SignsIn, &[("cases", &cases)])?;
    let labels = dietitian.labels;
    let request = chart_request(dietitian, last.steps, Span::All);
    let chart = dietitian.app.case_step_chart(case_id, &request)?;
    let days = labels.days(chart.facts.measured_days);
    let latest = dietitian.app.case_home(case_id, last.weight)?.weight.latest;
    let weight = latest.map_or_else(String::new, |day| labels.weight(day.weight, MassUnit::Kilogram));
    teller.tell(
        Told::Dietitian,
        Told::SeesMeasurements,
        &[("days", &days), ("weight", &weight)],
    )?;
    Ok(case_id)
}

/// She writes with a picture, it is read and answered.
fn first_exchange(
    teller: &mut Teller,
    participant: &Context,
    dietitian: &Context,
    case_id: CaseId,
) -> Result<(), Failure> {
    let lunch = picture::png(LUNCH, 1)?;
    teller.write(participant, case_id, Told::FirstMessage, Some(&lunch))?;
    exchange(participant)?;
    let kilobytes = picture_kilobytes(participant, case_id)?;
    teller.tell(Told::Participant, Told::Writes, &[("kilobytes", &kilobytes)])?;

    exchange(dietitian)?;
    let received = conversation(dietitian, case_id)?;
    let has_picture = received.bubbles.iter().any(|bubble| bubble.picture.is_some());
    if !has_picture {
        return Err(Failure::Core(
            "find the picture on the dietitian's phone".to_owned(),
        ));
    }
    mark_read(dietitian, case_id)?;
    let count = received.of_others();
    teller.tell(Told::Dietitian, Told::Receives, &[("count", &count)])?;
    teller.write(dietitian, case_id, Told::FirstAnswer, None)?;
    exchange(dietitian)?;
    teller.tell(Told::Dietitian, Told::Answers, &[])?;

    exchange(participant)?;
    mark_read(participant, case_id)?;
    exchange(participant)?;
    let seen = conversation(participant, case_id)?;
    let own = seen.bubbles.iter().find(|bubble| bubble.is_own);
    let state = own.and_then(|bubble| bubble.state).unwrap_or_default();
    teller.tell(Told::Participant, Told::SeesRead, &[("state", &state)])?;
    exchange(dietitian).map(drop)
}

/// Kilobytes of the picture of the first message, as it travels.
fn picture_kilobytes(phone: &Context, case_id: CaseId) -> Result<u32, Failure> {
    let sending = phone.app.sync().sending();
    let page = phone
        .app
        .chat()
        .timeline(case_id, PageFrom::Newest, PAGE_ITEMS, &sending)?;
    let pictures = page.items.iter().flat_map(|item| &item.pictures);
    let bytes: u32 = pictures.map(|picture| picture.attachment.length_bytes).sum();
    Ok(bytes.div_ceil(1000))
}

/// Notes that everything that is on the phone was read.
fn mark_read(phone: &Context, case_id: CaseId) -> Result<(), Failure> {
    let newest = conversation(phone, case_id)?
        .bubbles
        .iter()
        .filter_map(|bubble| bubble.seq)
        .max();
    if let Some(seq) = newest {
        phone.app.chat().mark_read(case_id, seq)?;
    }
    Ok(())
}

/// Without a network she writes on, and her phone is killed.
fn in_tunnel(teller: &mut Teller, stage: &Stage) -> Result<(), Failure> {
    let labels = teller.labels;
    stage.network.take_away();
    teller.tell(Told::Network, Told::NetworkGoes, &[])?;
    let lines = IN_TUNNEL.map(|text| labels.word(text));
    write_and_be_killed(stage, &lines)?;
    teller.written.extend(lines.map(str::to_owned));
    let waiting = labels.word(Said::Waiting);
    teller.tell(
        Told::Participant,
        Told::WritesInTunnel,
        &[("count", &lines.len()), ("state", &waiting)],
    )?;
    teller.tell(Told::Participant, Told::Killed, &[])
}

/// Her phone is opened again, still without a network. Brings what it shows.
fn reopened(teller: &mut Teller, participant: &Context, case_id: CaseId) -> Result<Conversation, Failure> {
    let labels = participant.labels;
    let shown = conversation(participant, case_id)?;
    let count = shown.own_in(participant, Said::Waiting);
    let state = labels.word(Said::Waiting);
    teller.tell(
        Told::Participant,
        Told::Reopened,
        &[("count", &count), ("state", &state)],
    )?;
    let trouble = exchange_in_vain(participant)?;
    teller.tell(Told::Participant, Told::TriesInVain, &[("trouble", &trouble)])?;
    Ok(shown)
}

/// The network is back: what waited arrives, is answered, and everything is read.
fn after_tunnel(
    teller: &mut Teller,
    stage: &Stage,
    participant: &Context,
    dietitian: &Context,
    case_id: CaseId,
) -> Result<(), Failure> {
    let before = conversation(participant, case_id)?.own_in(participant, Said::Waiting);
    let count = stage.network.give_back();
    teller.tell(Told::Network, Told::NetworkReturns, &[("count", &count)])?;
    tell_network_is_back(participant);
    exchange(participant)?;
    let waiting = conversation(participant, case_id)?.own_in(participant, Said::Waiting);
    let sent = before.saturating_sub(waiting);
    teller.tell(
        Told::Participant,
        Told::SendsWaiting,
        &[("sent", &sent), ("waiting", &waiting)],
    )?;

    let known = conversation(dietitian, case_id)?.of_others();
    exchange(dietitian)?;
    let new = conversation(dietitian, case_id)?
        .of_others()
        .saturating_sub(known);
    teller.write(dietitian, case_id, Told::SecondAnswer, None)?;
    exchange(dietitian)?;
    teller.tell(Told::Dietitian, Told::ReceivesTogether, &[("count", &new)])?;

    exchange(participant)?;
    mark_read(participant, case_id)?;
    teller.write(participant, case_id, Told::LastMessage, None)?;
    exchange(participant)?;
    teller.tell(Told::Participant, Told::WritesLast, &[])?;

    exchange(dietitian)?;
    mark_read(dietitian, case_id)?;
    exchange(dietitian)?;
    let unread = dietitian.app.chat().unread(case_id)?;
    teller.tell(Told::Dietitian, Told::ReadsAll, &[("count", &unread)])?;
    exchange(participant).map(drop)
}

/// Reads the log from the server once more, from its first entry, into a phone that holds nothing.
fn new_phone(
    teller: &mut Teller,
    stage: &Stage,
    case_id: CaseId,
    last: LastDates,
) -> Result<Conversation, Failure> {
    let code = stage.with_phone(&stage.participant, |old| {
        let answer = old.app.sync().transfer_code(None, PATIENCE)?;
        Ok(answer.code.expose().to_owned())
    })?;
    stage.with_phone(&stage.new_phone, |new| {
        new.app.sync().transfer(&code, born()?, true, PATIENCE)?;
        exchange(new)?;
        let read = conversation(new, case_id)?;
        let request = chart_request(new, last.steps, Span::All);
        let chart = new.app.step_chart(&request)?;
        let (count, days) = (read.bubbles.len(), new.labels.days(chart.facts.measured_days));
        teller.tell(
            Told::Participant,
            Told::NewPhone,
            &[("count", &count), ("days", &days)],
        )?;
        Ok(read)
    })
}
