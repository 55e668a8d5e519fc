//! `ayumi chat` and `ayumi staff chat`: a conversation, and what a person writes into it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use ayumi_core::chat::{
    Author, Delivery, ItemPicture, Marked, NewMessage, NotSent, NotSentKind, PAGE_ITEMS, PageFrom,
    PictureFile, TimelineItem, TimelinePage,
};
use ayumi_protocol::id::{CaseId, OpId};
use ayumi_protocol::session::Role;

use crate::arguments::{ChatAction, ChatView, OneMessage};
use crate::commands::exchange::{attention, exchange, sending, trouble};
use crate::commands::live::{self, Live};
use crate::context::Context;
use crate::exchange_words::Said;
use crate::failure::Failure;
use crate::labels::Labels;
use crate::text::{chosen, printable, short_id, typed_text};

pub(crate) fn run(
    context: &Context,
    case_id: CaseId,
    view: ChatView,
    action: Option<&ChatAction>,
) -> Result<(), Failure> {
    match action {
        None if view.watch => live::run(context, &mut Conversation { case_id, view }, view.wait),
        None => {
            exchange(context, view.wait)?;
            let mut out = std::io::stdout().lock();
            for line in lines(context, case_id, view)? {
                writeln!(out, "{line}")?;
            }
            Ok(())
        }
        Some(action) => act(context, case_id, action),
    }
}

fn act(context: &Context, case_id: CaseId, action: &ChatAction) -> Result<(), Failure> {
    let chat = context.app.chat();
    let labels = context.labels;
    let one = |message: &OneMessage, act: &dyn Fn(OpId) -> Result<(), Failure>| {
        act(found(context, case_id, &message.message)?)?;
        tell(labels.word(Said::Done))?;
        exchange(context, message.wait)
    };
    match action {
        ChatAction::Send {
            text,
            photo,
            reply_to,
            wait,
        } => {
            let reply_to = reply_to
                .as_ref()
                .map(|id| found(context, case_id, id))
                .transpose()?;
            let op_id = send(context, case_id, typed_text(text)?, photo, reply_to)?;
            tell(&labels.say(Said::Kept, &[("id", &short_id(&op_id))]))?;
            exchange(context, *wait)
        }
        ChatAction::Edit { message, text, wait } => {
            let op_id = found(context, case_id, message)?;
            let text = typed_text(text)?;
            if chat.not_sent(case_id)?.iter().any(|item| item.op_id == op_id) {
                let op_id = chat.edit_and_send_again(op_id, &text)?;
                tell(&labels.say(Said::Kept, &[("id", &short_id(&op_id))]))?;
            } else {
                chat.edit(case_id, op_id, &text)?;
                tell(labels.word(Said::ChangeKept))?;
            }
            exchange(context, *wait)
        }
        ChatAction::Delete(message) => one(message, &|op_id| Ok(chat.delete(case_id, op_id)?)),
        ChatAction::Retry(message) => one(message, &|op_id| Ok(chat.retry(op_id).map(drop)?)),
        ChatAction::Confirm(message) => one(message, &|op_id| Ok(chat.confirm(op_id).map(drop)?)),
        ChatAction::Discard(message) => one(message, &|op_id| Ok(chat.discard(op_id)?)),
        ChatAction::Read(wait) => {
            exchange(context, *wait)?;
            let marked = mark_read(context, case_id)?;
            let word = match marked {
                Marked::NothingNew => Said::NothingUnread,
                Marked::Yes | Marked::TooSoon(_) => Said::MarkedRead,
            };
            tell(labels.word(word))?;
            exchange(context, *wait)
        }
    }
}

fn tell(line: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn send(
    context: &Context,
    case_id: CaseId,
    text: String,
    photos: &[PathBuf],
    reply_to: Option<OpId>,
) -> Result<OpId, Failure> {
    let chat = context.app.chat();
    let read = |path: &PathBuf| std::fs::read(path).map_err(|error| Failure::file(path, &error));
    let photos: Vec<Vec<u8>> = photos.iter().map(read).collect::<Result<_, _>>()?;
    let mut pictures = Vec::new();
    for photo in &photos {
        pictures.push(chat.add_picture(case_id, photo)?);
    }
    let message = NewMessage {
        text,
        pictures,
        reply_to,
    };
    Ok(chat.send(case_id, message)?)
}

/// Notes that everything that is here was read.
fn mark_read(context: &Context, case_id: CaseId) -> Result<Marked, Failure> {
    let page = newest(context, case_id, PAGE_ITEMS)?;
    match page.items.iter().filter_map(|item| item.seq).max() {
        Some(seq) => Ok(context.app.chat().mark_read(case_id, seq)?),
        None => Ok(Marked::NothingNew),
    }
}

fn newest(context: &Context, case_id: CaseId, limit: usize) -> Result<TimelinePage, Failure> {
    let sending = sending(context);
    Ok(context
        .app
        .chat()
        .timeline(case_id, PageFrom::Newest, limit, &sending)?)
}

/// The operation that a person names by the end of its id.
fn found(context: &Context, case_id: CaseId, id: &str) -> Result<OpId, Failure> {
    let page = newest(context, case_id, PAGE_ITEMS)?;
    let tray = context.app.chat().not_sent(case_id)?;
    let known: BTreeSet<OpId> = page
        .items
        .iter()
        .map(|item| item.op_id)
        .chain(tray.iter().map(|item| item.op_id))
        .collect();
    chosen(id, known, "message")
}

/// A conversation as it is on the screen.
pub(crate) fn lines(context: &Context, case_id: CaseId, view: ChatView) -> Result<Vec<String>, Failure> {
    let chat = context.app.chat();
    let labels = context.labels;
    let page = newest(context, case_id, usize::from(view.items))?;
    let mut lines = Vec::new();
    if page.has_older {
        lines.push(labels.word(Said::OlderMessages).to_owned());
    }
    if page.items.is_empty() {
        lines.push(labels.word(Said::NoMessages).to_owned());
    }
    for item in &page.items {
        lines.extend(item_lines(context, item));
    }
    let tray = chat.not_sent(case_id)?;
    if !tray.is_empty() {
        lines.push(String::new());
        lines.push(labels.word(Said::NotSentHeading).to_owned());
        for item in &tray {
            lines.extend(tray_lines(context, item));
        }
    }
    lines.push(String::new());
    let is_participant = context
        .app
        .account()?
        .is_some_and(|account| account.case_id.is_some());
    if let Some(hours) = chat.reply_hours(case_id)?.filter(|_| is_participant) {
        lines.push(labels.say(Said::RepliesFrom, &[("hours", &printable(&hours))]));
    }
    lines.push(labels.say(Said::Unread, &[("count", &chat.unread(case_id)?)]));
    Ok(lines)
}

fn item_lines(context: &Context, item: &TimelineItem) -> Vec<String> {
    let labels = context.labels;
    let at = item.recorded_at.unwrap_or(item.occurred_at);
    let mut head = vec![context.date_and_time(at), author(labels, &item.author)];
    head.push(format!("#{}", short_id(&item.op_id)));
    if let Some(delivery) = &item.delivery {
        head.push(labels.word(delivery_word(delivery)).to_owned());
    }
    for (is_so, word) in [
        (item.is_edited, Said::Edited),
        (item.has_unsent_change, Said::UnsentChange),
        (item.is_lost, Said::Lost),
    ] {
        if is_so {
            head.push(labels.word(word).to_owned());
        }
    }
    let mut lines = vec![head.join("  ")];
    if let Some(reply) = &item.reply_to {
        let text = reply.text.as_deref().unwrap_or("…");
        let first = text.lines().next().unwrap_or_default();
        lines.push(format!("  > {}", printable(first)));
    }
    let missing = if let Some(version) = item.needs_app {
        Some(labels.say(Said::NeedsApp, &[("version", &version)]))
    } else if item.is_deleted {
        Some(labels.word(Said::Deleted).to_owned())
    } else if item.is_erased {
        Some(labels.word(Said::Erased).to_owned())
    } else {
        None
    };
    lines.extend(text_lines(item.text.as_deref()));
    lines.extend(missing.map(|line| format!("  {line}")));
    lines.extend(picture_lines(labels, &item.pictures));
    if let Some(Delivery::NeedsAttention(reason)) = &item.delivery {
        lines.push(format!("  ! {}", attention(labels, reason)));
    }
    lines
}

/// A text below its head, without what a terminal would take for a command.
pub(crate) fn text_lines(text: Option<&str>) -> Vec<String> {
    let text = text.unwrap_or_default();
    text.lines()
        .map(|line| format!("  {}", printable(line)))
        .collect()
}

fn picture_lines(labels: Labels, pictures: &[ItemPicture]) -> Vec<String> {
    let line = |picture: &ItemPicture| {
        let (width, height) = (picture.attachment.width_px, picture.attachment.height_px);
        let size: [(&str, &dyn std::fmt::Display); 2] = [("width", &width), ("height", &height)];
        let file = match (&picture.original, &picture.thumbnail) {
            (PictureFile::Here(path), _) | (_, PictureFile::Here(path)) => Some(path),
            _ => None,
        };
        match file {
            Some(path) => {
                let [width, height] = size;
                labels.say(Said::PictureHere, &[width, height, ("file", &path.display())])
            }
            None => labels.say(Said::PictureToCome, &size),
        }
    };
    pictures
        .iter()
        .map(|picture| format!("  {}", line(picture)))
        .collect()
}

fn tray_lines(context: &Context, item: &NotSent) -> Vec<String> {
    let labels = context.labels;
    let what =
        |word: Said, target: OpId| labels.say(word, &[("message", &format!("#{}", short_id(&target)))]);
    let mut head = vec![
        context.date_and_time(item.occurred_at),
        format!("#{}", short_id(&item.op_id)),
    ];
    match item.kind {
        NotSentKind::Message => {}
        NotSentKind::Edit { target } => head.push(what(Said::NotSentEdit, target)),
        NotSentKind::Deletion { target } => head.push(what(Said::NotSentDeletion, target)),
    }
    let mut lines = vec![head.join("  ")];
    lines.extend(text_lines(item.text.as_deref()));
    lines.extend(picture_lines(labels, &item.pictures));
    lines.push(format!("  ! {}", attention(labels, &item.reason)));
    lines
}

/// The name of who wrote something.
pub(crate) fn author(labels: Labels, author: &Author) -> String {
    if author.is_own {
        return labels.word(Said::You).to_owned();
    }
    match &author.name {
        Some(name) => printable(name),
        None if author.role == Role::System => labels.word(Said::Server).to_owned(),
        None => labels.word(Said::Somebody).to_owned(),
    }
}

/// How far something own has come.
pub(crate) const fn delivery_word(delivery: &Delivery) -> Said {
    match delivery {
        Delivery::Waiting => Said::Waiting,
        Delivery::Sending => Said::Sending,
        Delivery::Sent => Said::Sent,
        Delivery::Read => Said::ReadByOther,
        Delivery::NeedsAttention(_) => Said::NotSentState,
    }
}

/// A conversation that is on the screen: what is typed is sent, and what is seen is read.
struct Conversation {
    case_id: CaseId,
    view: ChatView,
}

impl Live for Conversation {
    fn case_id(&self) -> Option<CaseId> {
        Some(self.case_id)
    }

    fn lines(&self, context: &Context) -> Result<Vec<String>, Failure> {
        let mut lines = lines(context, self.case_id, self.view)?;
        if let Some(trouble) = trouble(context.labels, &context.app.sync().status()?) {
            lines.push(trouble.to_owned());
        }
        lines.push(context.labels.word(Said::TypeToSend).to_owned());
        Ok(lines)
    }

    fn typed(&mut self, context: &Context, line: &str) -> Result<(), Failure> {
        if line.trim().is_empty() {
            return Ok(());
        }
        match context.app.chat().send(self.case_id, NewMessage::text(line)) {
            Ok(_) => Ok(()),
            Err(error) => {
                let failure = Failure::from(error);
                Ok(writeln!(std::io::stderr(), "{failure}")?)
            }
        }
    }

    fn seen(&self, context: &Context) -> Result<Option<Duration>, Failure> {
        Ok(match mark_read(context, self.case_id)? {
            Marked::TooSoon(_) => Some(Duration::from_secs(5)),
            Marked::Yes | Marked::NothingNew => None,
        })
    }
}
