//! Stories and laws of the conversation, over real stores and logs.

mod delivery;
mod drafts;
mod echo;
mod laws;
mod marks;
mod random_stories;
mod restored;
mod searching;
mod storage;
mod tray;

use std::collections::BTreeSet;

use ayumi_protocol::body::{AuthoredBy, MessageDeleted, MessageEdited, MessagePosted, MessageRead};
use ayumi_protocol::cursor::Lane;
use ayumi_protocol::id::OpId;
use ayumi_protocol::limits::LimitReason;

use super::*;
use crate::sync::test_support::{Log, NOW, Person, Phone, case, seq};

fn her() -> Person {
    Person::participant(1)
}

fn dietitian() -> Person {
    Person::dietitian(1)
}

/// Her phone, and the log of her case.
fn her_phone() -> (Phone, Log) {
    let log = Log::care(case(1));
    (Phone::new(&her(), &[&log]), log)
}

fn said(text: &str) -> MessagePosted {
    MessagePosted {
        text: text.to_owned(),
        attachments: Vec::new(),
        reply_to: None,
        authored_by: AuthoredBy::Human,
        triage: Vec::new(),
    }
}

fn edited(target: OpId, text: &str) -> MessageEdited {
    MessageEdited {
        target,
        text: text.to_owned(),
        triage: Vec::new(),
    }
}

fn read(up_to: i64) -> MessageRead {
    MessageRead {
        up_to_seq: seq(up_to),
    }
}

impl Phone {
    fn chat(&self) -> Chat<'_> {
        self.app().chat()
    }

    fn say(&self, text: &str) -> OpId {
        self.chat().send(case(1), NewMessage::text(text)).unwrap()
    }

    fn page(&self) -> TimelinePage {
        self.page_sending(&[])
    }

    fn page_sending(&self, sending: &[OpId]) -> TimelinePage {
        let sending: BTreeSet<OpId> = sending.iter().copied().collect();
        self.chat()
            .timeline(case(1), PageFrom::Newest, 50, &sending)
            .unwrap()
    }

    fn items(&self) -> Vec<TimelineItem> {
        let items = self.page().items;
        let ids: BTreeSet<OpId> = items.iter().map(|item| item.op_id).collect();
        assert_eq!(ids.len(), items.len(), "an operation is shown twice");
        items
    }

    fn item(&self, op_id: OpId) -> TimelineItem {
        let found = self.items().into_iter().find(|item| item.op_id == op_id);
        found.expect("the message is shown")
    }

    /// The texts that are shown; `-` for what has none.
    fn texts(&self) -> Vec<String> {
        let text = |item: TimelineItem| item.text.unwrap_or_else(|| "-".to_owned());
        self.items().into_iter().map(text).collect()
    }

    fn tray(&self) -> Vec<NotSent> {
        let tray = self.chat().not_sent(case(1)).unwrap();
        assert_eq!(self.page().not_sent as usize, tray.len());
        tray
    }

    fn waiting(&self) -> usize {
        self.app().outbox().unwrap().len()
    }
}

/// A photo as a gallery hands it over.
fn photo(grey: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let pixels = image::GrayImage::from_pixel(8, 6, image::Luma([grey]));
    image::DynamicImage::ImageLuma8(pixels)
        .write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png)
        .unwrap();
    bytes
}
