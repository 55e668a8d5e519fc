//! Looks at what processes left: the rows and files of a server that may run or be dead, and what the screen of a phone shows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ayumi_core::app::{App, Config};
use ayumi_core::chat::{PAGE_ITEMS, PageFrom, PictureFile, TimelineItem};
use ayumi_core::clock::SystemClock;
use ayumi_core::time::Tz;
use ayumi_protocol::body::Attachment;
use ayumi_protocol::hash;
use ayumi_protocol::id::CaseId;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use sha2::{Digest as _, Sha256};

use super::judge::{Name, Photo, Shown, Side, Wrong, incomplete};
use super::phone::PhoneProcess;
use crate::phone::SeededRandom;

/// Somebody who looks at the store of a server without being one.
#[derive(Debug)]
pub struct Observer {
    data: PathBuf,
    /// The last place that was looked at.
    seq: i64,
    /// How often somebody saw the log.
    pub looks: u32,
    /// How often it could not be read, because the server had just died or was about to begin.
    pub looks_in_vain: u32,
    /// How many pictures and small copies were found complete with their message.
    pub pictures: u32,
}

/// The messages of the log after a place, the last place, and the pictures that are complete.
struct Look {
    messages: Vec<Shown>,
    seq: i64,
    files: BTreeMap<String, String>,
}

impl Observer {
    /// Of a server that keeps its data in this folder.
    #[must_use]
    pub fn new(data: PathBuf) -> Self {
        Self {
            data,
            seq: 0,
            looks: 0,
            looks_in_vain: 0,
            pictures: 0,
        }
    }

    /// Looks at the messages that are new since the last look: each that can be read has all its pictures at this moment.
    ///
    /// # Panics
    /// If the log cannot be read for another reason than that its server died or begins: nobody would see what is wrong.
    pub fn look(&mut self) -> Vec<Wrong> {
        let look = match read(&self.data, self.seq) {
            Ok(look) => look,
            Err(error) => {
                assert!(is_between_lives(&error), "the log of the server: {error:?}");
                self.looks_in_vain += 1;
                return Vec::new();
            }
        };
        self.seq = look.seq;
        self.looks += 1;
        self.pictures += look
            .messages
            .iter()
            .map(|shown| 2 * shown.photos.len() as u32)
            .sum::<u32>();
        incomplete(&look.messages, &look.files)
    }

    /// The whole log, and every complete picture under the name that the server has for it, with the hash of its bytes.
    ///
    /// Errors: the engine cannot read now, such as while a server begins.
    pub fn all(&self) -> Result<(Vec<Shown>, BTreeMap<String, String>), rusqlite::Error> {
        let look = read(&self.data, 0)?;
        Ok((look.messages, look.files))
    }
}

/// Whether this is what somebody who may not write meets while nobody has yet recovered what a killed server left.
fn is_between_lives(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::DatabaseBusy
                | ErrorCode::FileLockingProtocolFailed
        )
    )
}

fn read(data: &Path, after: i64) -> Result<Look, rusqlite::Error> {
    let path = data.join("ayumi.db");
    // One that writes nothing cannot help a server that was killed to recover.
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    // One moment for both questions.
    connection.execute_batch("BEGIN")?;
    let mut statement = connection.prepare(
        "SELECT seq, body FROM entry WHERE kind = 'message.posted' AND audience = 'care' AND seq > ?1 ORDER BY seq",
    )?;
    let rows: Vec<(i64, String)> = statement
        .query_map([after], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let messages: Vec<Shown> = rows.iter().map(|(_, body)| message(body)).collect();
    let wanted: BTreeSet<&String> = messages
        .iter()
        .flat_map(|shown| &shown.photos)
        .flat_map(|photo| [&photo.picture, &photo.thumbnail])
        .collect();
    let mut statement = connection.prepare(
        "SELECT lower(hex(sha256)), object_key FROM upload WHERE object_key IS NOT NULL AND offset_bytes = length_bytes",
    )?;
    let complete: Vec<(String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let files = complete
        .into_iter()
        .filter(|(name, _)| wanted.contains(name))
        .filter_map(|(name, key)| Some((name, sum_of(&data.join("objects").join(key))?)))
        .collect();
    let seq = rows.last().map_or(after, |(seq, _)| *seq);
    Ok(Look { messages, seq, files })
}

fn message(body: &str) -> Shown {
    let body: serde_json::Value = serde_json::from_str(body).expect("a body");
    let hash = |value: &serde_json::Value| value["sha256"].as_str().expect("a hash").to_owned();
    let pictures = body["attachments"].as_array().map_or(&[][..], Vec::as_slice);
    Shown {
        name: named(body["text"].as_str()),
        photos: pictures
            .iter()
            .map(|picture| Photo {
                picture: hash(picture),
                thumbnail: hash(&picture["thumbnail"]),
            })
            .collect(),
    }
}

fn named(text: Option<&str>) -> Name {
    text.and_then(Name::read).expect("a message of ours")
}

/// `None` if there is no such file.
fn sum_of(path: &Path) -> Option<String> {
    let sum = Sha256::digest(std::fs::read(path).ok()?);
    Some(hash::Sha256::from_bytes(sum.into()).to_string())
}

/// What a phone shows and keeps.
#[derive(Debug)]
pub struct Screen {
    /// Its conversation, oldest first.
    pub messages: Vec<Shown>,
    /// Operations in its outbox.
    pub waiting: usize,
    /// The pictures that it can show, each under its name with the hash of its bytes.
    pub files: BTreeMap<String, String>,
    /// The app had to repair its files.
    pub was_recovered: bool,
}

/// Opens the app of a phone while none of its commands runs.
///
/// # Panics
/// If it cannot be opened.
#[must_use]
pub fn screen(phone: &PhoneProcess) -> Screen {
    let app = App::open(Config {
        folder: phone.data(),
        key: None,
        zone: Tz::Asia__Tokyo,
        clock: Arc::new(SystemClock),
        random: Arc::new(SeededRandom::new(1)),
        server: None,
    })
    .expect("an app");
    let was_recovered = app.recovery().is_some();
    let case_id = match phone.side {
        Side::Her => app
            .account()
            .expect("an account")
            .and_then(|account| account.case_id),
        Side::Dietitian => app
            .staff()
            .caseload()
            .expect("a caseload")
            .first()
            .map(|line| line.case_id),
    };
    let items = case_id.map(|case_id| timeline(&app, case_id)).unwrap_or_default();
    let mut files = BTreeMap::new();
    for picture in items.iter().flat_map(|item| &item.pictures) {
        let attachment = &picture.attachment;
        for (name, file) in [
            (attachment.sha256, &picture.original),
            (attachment.thumbnail.sha256, &picture.thumbnail),
        ] {
            if let PictureFile::Here(path) = file {
                files.extend(sum_of(path).map(|sum| (name.to_string(), sum)));
            }
        }
    }
    let waiting = app.outbox().expect("an outbox").len();
    app.close().expect("a closed app");
    Screen {
        messages: items.iter().map(shown).collect(),
        waiting,
        files,
        was_recovered,
    }
}

fn timeline(app: &App, case_id: CaseId) -> Vec<TimelineItem> {
    let (mut items, mut from) = (Vec::new(), PageFrom::Newest);
    loop {
        let page = app
            .chat()
            .timeline(case_id, from, PAGE_ITEMS, &BTreeSet::new())
            .expect("a page");
        let has_older = page.has_older;
        items.splice(0..0, page.items);
        match items.first() {
            Some(oldest) if has_older => from = PageFrom::Before(oldest.place),
            _ => return items,
        }
    }
}

fn shown(item: &TimelineItem) -> Shown {
    Shown {
        name: named(item.text.as_deref()),
        photos: item
            .pictures
            .iter()
            .map(|picture| photo_of(&picture.attachment))
            .collect(),
    }
}

/// The hashes that a message names.
#[must_use]
pub fn photo_of(attachment: &Attachment) -> Photo {
    Photo {
        picture: attachment.sha256.to_string(),
        thumbnail: attachment.thumbnail.sha256.to_string(),
    }
}

/// Messages that a phone has in its copy of the log at this moment, read past the app and without a change to its files.
///
/// # Panics
/// If the copy cannot be read.
#[must_use]
pub fn arrived(phone: &PhoneProcess) -> Vec<Shown> {
    let copy = tempfile::tempdir().expect("a folder");
    for name in ["user.db", "user.db-wal"] {
        let from = phone.data().join("user").join(name);
        if from.exists() {
            std::fs::copy(from, copy.path().join(name)).expect("a copy");
        }
    }
    let connection = Connection::open(copy.path().join("user.db")).expect("a database");
    let mut statement = connection
        .prepare(
            "SELECT message.text, picture.sha256, picture.thumbnail_sha256
            FROM message
            JOIN message_picture AS picture USING (case_id, seq)
            ORDER BY seq, position",
        )
        .expect("the tables of a conversation");
    let rows = statement.query_map([], |row| {
        let text: String = row.get(0)?;
        Ok(Shown {
            name: named(Some(&text)),
            photos: vec![Photo {
                picture: row.get(1)?,
                thumbnail: row.get(2)?,
            }],
        })
    });
    rows.expect("rows").map(|row| row.expect("a row")).collect()
}

/// What is wrong with the databases below a folder, each by the check of its own engine.
///
/// # Panics
/// If a folder cannot be read.
#[must_use]
pub fn damage(folder: &Path) -> Vec<String> {
    let mut damage = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            damage.extend(self::damage(&path));
        } else if path.extension().is_some_and(|extension| extension == "db") {
            let said = checked(&path).unwrap_or_else(|error| error.to_string());
            if said != "ok" {
                damage.push(format!("{}: {said}", path.display()));
            }
        }
    }
    damage
}

fn checked(path: &Path) -> Result<String, rusqlite::Error> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let orphans = connection
        .prepare("PRAGMA foreign_key_check")?
        .query([])?
        .next()?
        .is_some();
    if orphans {
        return Ok("a row refers to a row that is gone".to_owned());
    }
    connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processes::judge::Wrong;

    #[test]
    fn a_message_that_can_be_read_before_its_picture_is_complete_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let bytes = b"simulated";
        std::fs::create_dir(data.join("objects")).unwrap();
        std::fs::write(data.join("objects/whole"), bytes).unwrap();
        std::fs::write(data.join("objects/cut"), b"simul").unwrap();
        let sum = sum_of(&data.join("objects/whole")).unwrap();
        let name = Name {
            side: Side::Her,
            number: 1,
        };
        let text = name.text();
        let connection = Connection::open(data.join("ayumi.db")).unwrap();
        connection
            .execute_batch(&format!(
                r#"CREATE TABLE entry (seq, audience, kind, body);
                CREATE TABLE upload (sha256, object_key, offset_bytes, length_bytes);
                INSERT INTO entry VALUES (7, 'care', 'message.posted', '{{"text":"{text}","attachments":[{{"sha256":"{sum}","thumbnail":{{"sha256":"{sum}"}}}}]}}');
                INSERT INTO upload VALUES (x'{sum}', NULL, 9, 9);"#
            ))
            .unwrap();
        let look = |object: &str| {
            let change = format!("UPDATE upload SET object_key = {object}");
            connection.execute_batch(&change).unwrap();
            Observer::new(data.to_owned()).look()
        };
        for object in ["NULL", "'missing'", "'cut'"] {
            assert_eq!(look(object), [Wrong::Incomplete(name)], "{object}");
        }
        assert_eq!(look("'whole'"), []);
    }

    #[test]
    fn a_log_that_is_not_there_is_looked_at_in_vain_and_that_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let mut observer = Observer::new(folder.path().to_owned());
        assert!(observer.look().is_empty());
        assert_eq!((observer.looks, observer.looks_in_vain), (0, 1));
    }

    #[test]
    #[should_panic(expected = "no such table")]
    fn a_log_that_nobody_can_ever_read_does_not_pass_for_a_good_one() {
        let folder = tempfile::tempdir().unwrap();
        let other = Connection::open(folder.path().join("ayumi.db")).unwrap();
        other.execute_batch("CREATE TABLE other (id)").unwrap();
        let _ = Observer::new(folder.path().to_owned()).look();
    }
}
