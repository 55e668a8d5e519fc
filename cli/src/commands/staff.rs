//! `ayumi staff`: a dietitian at a terminal.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::Duration;

use ayumi_core::case::Consent;
use ayumi_core::staff::{CaseloadLine, Need, NewNote, Note};
use ayumi_protocol::id::{CaseId, OpId};

use crate::arguments::{ChatView, Common, NoteAction, StaffAction, Wait};
use crate::commands::conversation::{author, delivery_word, text_lines};
use crate::commands::exchange::{attention, exchange, sending};
use crate::commands::{account, conversation, home};
use crate::context::Context;
use crate::exchange_words::Said;
use crate::failure::Failure;
use crate::text::{chosen, left, printable, short_id, typed_text};

/// Messages in the picture of one participant.
const PICTURE_ITEMS: u16 = 10;

pub(crate) fn run(common: &Common, action: &StaffAction) -> Result<(), Failure> {
    let in_app = |work: &dyn Fn(&Context) -> Result<(), Failure>| Context::with(common, work);
    match action {
        StaffAction::SignIn { login, reach, limit } => {
            account::staff_sign_in(common, login, reach, Duration::from_secs(*limit))
        }
        StaffAction::Cases(wait) => in_app(&|context| cases(context, *wait)),
        StaffAction::Case { case, wait } => in_app(&|context| {
            exchange(context, *wait)?;
            picture(context, named(context, case)?, *wait)
        }),
        StaffAction::Chat { case, view, action } => in_app(&|context| {
            let case_id = known(context, case, view.wait)?;
            conversation::run(context, case_id, *view, action.as_ref())
        }),
        StaffAction::Note { case, action } => in_app(&|context| {
            let case_id = named(context, case)?;
            note(context, case_id, action.as_ref())
        }),
        StaffAction::TransferCode { case, wait } => in_app(&|context| {
            let case_id = known(context, case, *wait)?;
            account::transfer_code(context, Some(case_id), *wait)
        }),
    }
}

/// A case by name; one that is not here yet may be on the server.
fn known(context: &Context, case: &str, wait: Wait) -> Result<CaseId, Failure> {
    // Whoever may not ask is told that, and not that there is no such case.
    context.app.staff().caseload()?;
    match named(context, case) {
        Err(Failure::Usage(_)) if !wait.offline => {
            exchange(context, wait)?;
            named(context, case)
        }
        found => found,
    }
}

/// The one case of hers whose name or reading is, or begins with, a text, or whose id ends with it. Spaces do not count.
fn named(context: &Context, text: &str) -> Result<CaseId, Failure> {
    let without_spaces = |text: &str| text.split_whitespace().collect::<String>();
    let wanted = without_spaces(text);
    let lines = context.app.staff().caseload()?;
    let fits = |line: &&CaseloadLine, is: fn(&str, &str) -> bool| {
        [&line.name, &line.name_reading]
            .into_iter()
            .flatten()
            .any(|name| is(&without_spaces(name), &wanted))
    };
    let exact: Vec<CaseId> = lines
        .iter()
        .filter(|line| fits(line, |name, wanted| name == wanted))
        .map(|line| line.case_id)
        .collect();
    let beginning = lines
        .iter()
        .filter(|line| {
            fits(line, |name, wanted| name.starts_with(wanted)) || ends_with(line.case_id, &wanted)
        })
        .map(|line| line.case_id);
    let found = if exact.is_empty() {
        beginning.collect()
    } else {
        exact
    };
    match found.as_slice() {
        _ if wanted.is_empty() => Err(Failure::Usage("a case is named by a name or an id".to_owned())),
        [case_id] => Ok(*case_id),
        [] => Err(Failure::Usage(
            "none of your cases has this name or id: see ayumi staff cases".to_owned(),
        )),
        several => Err(Failure::Usage(format!(
            "{} of your cases have this name: name one by its id, see ayumi staff cases",
            several.len()
        ))),
    }
}

fn ends_with(case_id: CaseId, text: &str) -> bool {
    text.len() >= 4 && case_id.to_string().ends_with(text.trim_start_matches('#'))
}

fn cases(context: &Context, wait: Wait) -> Result<(), Failure> {
    exchange(context, wait)?;
    let lines = context.app.staff().caseload()?;
    let labels = context.labels;
    let mut out = std::io::stdout().lock();
    if lines.is_empty() {
        writeln!(out, "{}", labels.word(Said::NoCases))?;
    }
    let names: Vec<String> = lines
        .iter()
        .map(|line| name_of(context, line.name.as_deref()))
        .collect();
    let width = names
        .iter()
        .map(|name| crate::text::cells(name))
        .max()
        .unwrap_or(0);
    for (line, name) in lines.iter().zip(&names) {
        let text = case_words(context, line).join(labels.word(crate::words::Word::Comma));
        writeln!(out, "{}  #{}  {text}", left(name, width), short_id(&line.case_id))?;
    }
    Ok(())
}

fn name_of(context: &Context, name: Option<&str>) -> String {
    name.map_or_else(|| context.labels.word(Said::NoName).to_owned(), printable)
}

/// What a line of the caseload says behind the name.
fn case_words(context: &Context, line: &CaseloadLine) -> Vec<String> {
    let labels = context.labels;
    let time = |at| context.date_and_time(at);
    let mut words = vec![match line.need {
        Need::Answer => {
            let since = line.waiting_since.map_or_else(String::new, time);
            labels.say(Said::NeedAnswer, &[("time", &since)])
        }
        Need::Reading => labels.word(Said::NeedReading).to_owned(),
        Need::Silence => {
            let days = labels.days(line.silent_days.unwrap_or(0));
            labels.say(Said::NeedSilence, &[("days", &days)])
        }
        Need::Nothing => labels.word(Said::NeedNothing).to_owned(),
    }];
    if line.unread > 0 {
        words.push(labels.say(Said::Unread, &[("count", &line.unread)]));
    }
    if line.not_sent > 0 {
        words.push(labels.say(Said::NotSentCount, &[("count", &line.not_sent)]));
    }
    words.push(match line.last_participant_at {
        Some(at) => labels.say(Said::LastEntry, &[("time", &time(at))]),
        None => labels.word(Said::NoEntry).to_owned(),
    });
    for (is_so, word) in [
        (line.is_substitute, Said::Substitute),
        (line.consent == Consent::Withdrawn, Said::HasLeft),
        (line.is_replicating, Said::Replicating),
    ] {
        if is_so {
            words.push(labels.word(word).to_owned());
        }
    }
    words
}

/// One participant: who she is, her numbers, the end of the conversation, the notes.
fn picture(context: &Context, case_id: CaseId, wait: Wait) -> Result<(), Failure> {
    let labels = context.labels;
    let staff = context.app.staff();
    let picture = staff.participant(case_id, context.today, 1, &sending(context))?;
    {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", name_of(context, picture.record.name.as_deref()))?;
        if let Some(society) = &picture.record.society_name {
            writeln!(out, "{}", printable(society))?;
        }
        if picture.record.consent == Consent::Withdrawn {
            writeln!(out, "{}", labels.word(Said::HasLeft))?;
        }
        writeln!(out)?;
    }
    let rows: Vec<home::HomeRow> = home::step_rows(&picture.home, labels)
        .into_iter()
        .chain(home::weight_rows(&picture.home, labels))
        .collect();
    home::print_rows(&rows)?;
    let view = ChatView {
        items: PICTURE_ITEMS,
        watch: false,
        wait,
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{}", labels.word(Said::ConversationHeading))?;
    for line in conversation::lines(context, case_id, view)? {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "\n{}", labels.word(Said::NotesHeading))?;
    for line in note_lines(context, &staff.notes(case_id)?) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn note(context: &Context, case_id: CaseId, action: Option<&NoteAction>) -> Result<(), Failure> {
    let labels = context.labels;
    let staff = context.app.staff();
    let find = |id: &str| -> Result<OpId, Failure> {
        let notes = staff.notes(case_id)?;
        let known: BTreeSet<OpId> = notes.iter().map(|note| note.op_id).collect();
        chosen(id, known, "note")
    };
    let tell = |line: &str| writeln!(std::io::stdout(), "{line}");
    match action {
        None => {
            for line in note_lines(context, &staff.notes(case_id)?) {
                tell(&line)?;
            }
            Ok(())
        }
        Some(NoteAction::Add { text, wait }) => {
            let op_id = staff.add_note(case_id, NewNote::text(typed_text(text)?))?;
            tell(&labels.say(Said::Kept, &[("id", &short_id(&op_id))]))?;
            exchange(context, *wait)
        }
        Some(NoteAction::Edit { note, text, wait }) => {
            staff.edit_note(case_id, find(note)?, &typed_text(text)?)?;
            tell(labels.word(Said::ChangeKept))?;
            exchange(context, *wait)
        }
        Some(NoteAction::Delete { note, wait }) => {
            staff.delete_note(case_id, find(note)?)?;
            tell(labels.word(Said::Done))?;
            exchange(context, *wait)
        }
    }
}

fn note_lines(context: &Context, notes: &[Note]) -> Vec<String> {
    let labels = context.labels;
    if notes.is_empty() {
        return vec![labels.word(Said::NoNotes).to_owned()];
    }
    let mut lines = Vec::new();
    for note in notes {
        let at = note.recorded_at.unwrap_or(note.occurred_at);
        let mut head = vec![
            context.date_and_time(at),
            author(labels, &note.author),
            format!("#{}", short_id(&note.op_id)),
        ];
        if let Some(delivery) = &note.delivery {
            head.push(labels.word(delivery_word(delivery)).to_owned());
        }
        if note.is_edited {
            head.push(labels.word(Said::Edited).to_owned());
        }
        lines.push(head.join("  "));
        lines.extend(text_lines(note.text.as_deref()));
        for (is_so, word) in [(note.is_deleted, Said::Deleted), (note.is_erased, Said::Erased)] {
            if is_so {
                lines.push(format!("  {}", labels.word(word)));
            }
        }
        if let Some(ayumi_core::chat::Delivery::NeedsAttention(reason)) = &note.delivery {
            lines.push(format!("  ! {}", attention(labels, reason)));
        }
    }
    lines
}
