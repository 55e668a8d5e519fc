//! A conversation as one phone shows it, kept for the page and for the comparison.

use ayumi_core::chat::{ItemPicture, PAGE_ITEMS, PageFrom, PictureFile, TimelineItem};
use ayumi_protocol::cursor::Seq;
use ayumi_protocol::id::{CaseId, OpId};

use super::verdict::Shown;
use crate::commands::conversation::{author, delivery_word};
use crate::context::Context;
use crate::exchange_words::Said;
use crate::failure::Failure;

/// What is on a phone's screen.
pub(super) struct Conversation {
    pub bubbles: Vec<Bubble>,
}

/// One message.
pub(super) struct Bubble {
    pub op_id: OpId,
    pub seq: Option<Seq>,
    pub is_own: bool,
    pub author: String,
    pub time: String,
    pub text: String,
    /// How far an own one has come, in words; `None` for those of others.
    pub state: Option<&'static str>,
    pub picture: Option<Thumbnail>,
}

/// The small copy of a picture, as this phone has it.
pub(super) struct Thumbnail {
    /// A JPEG.
    pub bytes: Vec<u8>,
    pub width_px: u32,
    pub height_px: u32,
}

/// Reads the conversation from the phone's own database.
pub(super) fn conversation(phone: &Context, case_id: CaseId) -> Result<Conversation, Failure> {
    let sending = phone.app.sync().sending();
    let page = phone
        .app
        .chat()
        .timeline(case_id, PageFrom::Newest, PAGE_ITEMS, &sending)?;
    let bubbles = page.items.iter().map(|item| bubble(phone, item));
    Ok(Conversation {
        bubbles: bubbles.collect::<Result<_, _>>()?,
    })
}

fn bubble(phone: &Context, item: &TimelineItem) -> Result<Bubble, Failure> {
    let at = phone.date_and_time(item.recorded_at.unwrap_or(item.occurred_at));
    let time = at
        .split_once(' ')
        .map_or_else(|| at.clone(), |(_, time)| time.to_owned());
    Ok(Bubble {
        op_id: item.op_id,
        seq: item.seq,
        is_own: item.author.is_own,
        author: author(phone.labels, &item.author),
        time,
        text: item.text.clone().unwrap_or_default(),
        state: item
            .delivery
            .as_ref()
            .map(|delivery| phone.labels.word(delivery_word(delivery))),
        picture: item.pictures.first().map(thumbnail).transpose()?.flatten(),
    })
}

fn thumbnail(picture: &ItemPicture) -> Result<Option<Thumbnail>, Failure> {
    let PictureFile::Here(file) = &picture.thumbnail else {
        return Ok(None);
    };
    Ok(Some(Thumbnail {
        bytes: std::fs::read(file).map_err(|error| Failure::file(file, &error))?,
        width_px: picture.attachment.thumbnail.width_px,
        height_px: picture.attachment.thumbnail.height_px,
    }))
}

impl Conversation {
    /// For the comparison: texts with their ids and numbers.
    pub(super) fn shown(&self) -> Vec<Shown<(OpId, Option<Seq>)>> {
        let shown = |bubble: &Bubble| Shown {
            text: bubble.text.clone(),
            id: (bubble.op_id, bubble.seq),
        };
        self.bubbles.iter().map(shown).collect()
    }

    /// How many own messages are in a state.
    pub(super) fn own_in(&self, phone: &Context, state: Said) -> usize {
        let word = phone.labels.word(state);
        let is_in = |bubble: &&Bubble| bubble.state == Some(word);
        self.bubbles.iter().filter(is_in).count()
    }

    /// How many of the others' messages stand here.
    pub(super) fn of_others(&self) -> usize {
        self.bubbles.iter().filter(|bubble| !bubble.is_own).count()
    }
}
