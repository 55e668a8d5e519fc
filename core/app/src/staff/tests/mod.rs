//! Stories of a dietitian and her cases, over real stores and logs.

mod caseload;
mod notes;
mod one_case;

use std::collections::BTreeSet;

use ayumi_protocol::body::{
    ActingStaff, AssignmentChanged, AuthoredBy, CaseOpened, MessagePosted, MessageRead, Qualification,
};
use ayumi_protocol::cursor::Lane;
use ayumi_protocol::id::SocietyId;
use uuid::Uuid;

use super::*;
use crate::store::StoreError;
use crate::sync::test_support::{Log, NOW, Person, Phone, case, seq};

/// Everything that a fold makes of notes.
const FOLDED: &str =
    "SELECT case_id, seq, op_id, author_id, topic, about_seq, text, is_deleted, is_erased, edited_seq
     FROM note
     ORDER BY case_id, seq";

fn her(number: u64) -> Person {
    Person::participant(number)
}

fn dietitian() -> Person {
    Person::dietitian(1)
}

fn colleague() -> Person {
    Person::dietitian(2)
}

fn opened(name: &str, reading: &str) -> CaseOpened {
    CaseOpened {
        name: name.to_owned(),
        name_reading: Some(reading.to_owned()),
        society_id: society(),
        society_name: "健保".to_owned(),
    }
}

fn society() -> SocietyId {
    SocietyId::from_uuid(Uuid::from_u128(0x019d_4000_0000_7007_8000_0000_0000_0001))
}

fn acting(who: &Person, name: &str, is_substitute: bool) -> ActingStaff {
    ActingStaff {
        account_id: who.account_id,
        role: who.role.clone(),
        name: name.to_owned(),
        qualification: Qualification::RegisteredDietitian,
        picture_sha256: None,
        reply_hours: "平日 9–17 時".to_owned(),
        is_substitute,
    }
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

fn read(up_to: i64) -> MessageRead {
    MessageRead {
        up_to_seq: seq(up_to),
    }
}

/// The care log of an opened case with its dietitian.
fn care_log(number: u64, name: &str) -> Log {
    let mut log = Log::care(case(number));
    log.append(&Person::server(), opened(name, name));
    let acting = vec![
        acting(&dietitian(), "佐藤", false),
        acting(&colleague(), "鈴木", true),
    ];
    log.append(&Person::server(), AssignmentChanged { acting });
    log
}

/// The empty staff log of a case.
fn notes_log(number: u64) -> Log {
    let mut log = Log::care(case(number));
    log.name.audience = Audience::Staff;
    log
}

impl Phone {
    fn staff(&self) -> Staff<'_> {
        self.app().staff()
    }

    /// The names of the caseload in its order, each with what it asks of her.
    fn needs(&self) -> Vec<(String, Need)> {
        let line = |line: CaseloadLine| (line.name.unwrap_or_else(|| "-".to_owned()), line.need);
        self.staff().caseload().unwrap().into_iter().map(line).collect()
    }

    fn line(&self, number: u64) -> CaseloadLine {
        let mut lines = self.staff().caseload().unwrap().into_iter();
        lines.find(|line| line.case_id == case(number)).unwrap()
    }
}
