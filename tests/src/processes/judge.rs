//! Holds what is there to what was told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The participant.
    Her,
    /// Her dietitian.
    Dietitian,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Her, Self::Dietitian];

    /// In reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Her => "her",
            Self::Dietitian => "dietitian",
        }
    }

    /// Where lists of both sides keep it.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Her => 0,
            Self::Dietitian => 1,
        }
    }
}

/// Names a message: its author and its place among all that this author was told to write, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The author.
    pub side: Side,
    /// The place.
    pub number: u32,
}

impl Name {
    /// The text of the message.
    #[must_use]
    pub fn text(self) -> String {
        format!("simulated {} {:05}", self.side.name(), self.number)
    }

    /// From the text of a message; `None` if it is not one of ours.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (side, number) = text.strip_prefix("simulated ")?.split_once(' ')?;
        let side = Side::ALL.into_iter().find(|known| known.name() == side)?;
        let number = number.parse().ok()?;
        Some(Self { side, number })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.side.name(), self.number)
    }
}

/// The hashes of a picture and of its small copy, as hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Photo {
    /// Of the picture.
    pub picture: String,
    /// Of the small copy.
    pub thumbnail: String,
}

/// A message that a phone was told to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Which.
    pub name: Name,
    /// The process said that it is kept. One that was killed before it said so may have kept it or not.
    pub is_confirmed: bool,
    /// With which photo, after the core prepared it.
    pub photo: Option<Photo>,
}

/// A message as somebody sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Which.
    pub name: Name,
    /// Its pictures.
    pub photos: Vec<Photo>,
}

/// All that is there after everybody has exchanged everything.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The log of the server, in its order.
    pub server: Vec<Shown>,
    /// What each side's screen shows, in its order; by [`Side::index`].
    pub timelines: [Vec<Shown>; 2],
    /// Operations that still wait on each side.
    pub waiting: [usize; 2],
    /// Files that the server says are complete: the name that the log has for each, and the hash of its bytes.
    pub server_files: BTreeMap<String, String>,
    /// The same of the pictures that the phones can show; by [`Side::index`].
    pub phone_files: [BTreeMap<String, String>; 2],
    /// Databases that do not pass the check of their engine, and what it says.
    pub damaged: Vec<String>,
}

/// Where something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the log of the server.
    Server,
    /// On the screen of a side.
    Timeline(Side),
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// A confirmed message is not there.
    Lost(Place, Name),
    /// A message is there more than once.
    Doubled(Place, Name),
    /// A message stands before one that its author wrote earlier.
    Reordered(Place, Name),
    /// A message is there that nobody was told to write.
    Invented(Place, Name),
    /// The pictures of a message are not those that were given.
    OtherPhoto(Place, Name),
    /// A picture of a message that can be read is missing on the server, or its bytes have another hash.
    Incomplete(Name),
    /// A phone cannot show a small copy, or its bytes have another hash.
    NotShown(Side, Name),
    /// A screen shows other messages, or another order, than the server has.
    Differs(Side),
    /// So many operations still wait.
    Waits(Side, usize),
    /// A database is damaged.
    Damaged(String),
}

/// Everything that is wrong. Empty if nothing is.
#[must_use]
pub fn judge(written: &[Written], seen: &Seen) -> Vec<Wrong> {
    let told: BTreeMap<Name, &Written> = written.iter().map(|written| (written.name, written)).collect();
    let mut wrong = Vec::new();
    judge_list(&told, Place::Server, &seen.server, &mut wrong);
    for side in Side::ALL {
        let timeline = &seen.timelines[side.index()];
        judge_list(&told, Place::Timeline(side), timeline, &mut wrong);
        if *timeline != seen.server {
            wrong.push(Wrong::Differs(side));
        }
        if seen.waiting[side.index()] > 0 {
            wrong.push(Wrong::Waits(side, seen.waiting[side.index()]));
        }
        for shown in timeline {
            let files = &seen.phone_files[side.index()];
            if shown
                .photos
                .iter()
                .any(|photo| !is_whole(files, &photo.thumbnail))
            {
                wrong.push(Wrong::NotShown(side, shown.name));
            }
        }
    }
    wrong.extend(incomplete(&seen.server, &seen.server_files));
    wrong.extend(seen.damaged.iter().cloned().map(Wrong::Damaged));
    wrong
}

/// Messages of a log whose pictures are not complete on the server at this moment.
#[must_use]
pub fn incomplete(log: &[Shown], files: &BTreeMap<String, String>) -> Vec<Wrong> {
    let is_complete = |photo: &Photo| is_whole(files, &photo.picture) && is_whole(files, &photo.thumbnail);
    log.iter()
        .filter(|shown| !shown.photos.iter().all(is_complete))
        .map(|shown| Wrong::Incomplete(shown.name))
        .collect()
}

fn is_whole(files: &BTreeMap<String, String>, name: &str) -> bool {
    files.get(name).is_some_and(|hash| hash == name)
}

fn judge_list(told: &BTreeMap<Name, &Written>, place: Place, list: &[Shown], wrong: &mut Vec<Wrong>) {
    let mut there = BTreeSet::new();
    let mut last: BTreeMap<Side, u32> = BTreeMap::new();
    for shown in list {
        let name = shown.name;
        if !there.insert(name) {
            wrong.push(Wrong::Doubled(place, name));
            continue;
        }
        let last = last.entry(name.side).or_default();
        if *last > name.number {
            wrong.push(Wrong::Reordered(place, name));
        }
        *last = name.number.max(*last);
        match told.get(&name) {
            None => wrong.push(Wrong::Invented(place, name)),
            Some(told) if !told.photo.iter().eq(&shown.photos) => wrong.push(Wrong::OtherPhoto(place, name)),
            Some(_) => {}
        }
    }
    let missing = told
        .values()
        .filter(|written| written.is_confirmed && !there.contains(&written.name));
    wrong.extend(missing.map(|written| Wrong::Lost(place, written.name)));
}

/// How often each of the three words that matter most applies, for the last line of a run.
#[must_use]
pub fn counts(wrong: &[Wrong]) -> [usize; 3] {
    let count = |is: fn(&Wrong) -> bool| wrong.iter().filter(|wrong| is(wrong)).count();
    [
        count(|wrong| matches!(wrong, Wrong::Lost(..))),
        count(|wrong| matches!(wrong, Wrong::Doubled(..))),
        count(|wrong| matches!(wrong, Wrong::Reordered(..))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(side: Side, number: u32) -> Name {
        Name { side, number }
    }

    fn photo() -> Photo {
        Photo {
            picture: "aa".to_owned(),
            thumbnail: "bb".to_owned(),
        }
    }

    /// Two of hers, the first with a photo, and one of the dietitian's between them; a third of hers nobody confirmed.
    fn told() -> Vec<Written> {
        let of = |side, number, photo, is_confirmed| Written {
            name: name(side, number),
            is_confirmed,
            photo,
        };
        vec![
            of(Side::Her, 1, Some(photo()), true),
            of(Side::Dietitian, 1, None, true),
            of(Side::Her, 2, None, true),
            of(Side::Her, 3, None, false),
        ]
    }

    fn seen() -> Seen {
        let shown = |side, number, photos| Shown {
            name: name(side, number),
            photos,
        };
        let log = vec![
            shown(Side::Her, 1, vec![photo()]),
            shown(Side::Dietitian, 1, vec![]),
            shown(Side::Her, 2, vec![]),
        ];
        let whole = |hash: &str| (hash.to_owned(), hash.to_owned());
        Seen {
            server: log.clone(),
            timelines: [log.clone(), log],
            waiting: [0, 0],
            server_files: BTreeMap::from([whole("aa"), whole("bb")]),
            phone_files: [BTreeMap::from([whole("bb")]), BTreeMap::from([whole("bb")])],
            damaged: Vec::new(),
        }
    }

    fn broken(change: impl FnOnce(&mut Seen)) -> Vec<Wrong> {
        let mut seen = seen();
        change(&mut seen);
        judge(&told(), &seen)
    }

    #[test]
    fn a_text_says_which_message_it_is_and_no_other_text_does() {
        let name = name(Side::Dietitian, 12);
        assert_eq!(name.text(), "simulated dietitian 00012");
        assert_eq!(Name::read(&name.text()), Some(name));
        for other in ["", "simulated", "simulated x 1", "simulated her x", "her 1"] {
            assert_eq!(Name::read(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_right_is_right_with_and_without_what_nobody_confirmed() {
        assert_eq!(broken(|_| {}), []);
        let with_it = |seen: &mut Seen| {
            let third = Shown {
                name: name(Side::Her, 3),
                photos: vec![],
            };
            seen.server.push(third);
            seen.timelines = [seen.server.clone(), seen.server.clone()];
        };
        assert_eq!(broken(with_it), []);
    }

    #[test]
    fn a_confirmed_message_that_is_missing_is_lost_wherever_it_is_missing() {
        let wrong = broken(|seen| {
            seen.server.pop();
            seen.timelines = [seen.server.clone(), seen.server.clone()];
        });
        let lost = name(Side::Her, 2);
        assert_eq!(
            wrong,
            [
                Wrong::Lost(Place::Server, lost),
                Wrong::Lost(Place::Timeline(Side::Her), lost),
                Wrong::Lost(Place::Timeline(Side::Dietitian), lost),
            ]
        );
        assert_eq!(counts(&wrong), [3, 0, 0]);
        let wrong = broken(|seen| drop(seen.timelines[1].pop()));
        assert_eq!(
            wrong,
            [
                Wrong::Lost(Place::Timeline(Side::Dietitian), lost),
                Wrong::Differs(Side::Dietitian)
            ]
        );
    }

    #[test]
    fn a_message_that_is_there_twice_is_doubled() {
        let wrong = broken(|seen| {
            let again = seen.server[1].clone();
            seen.server.push(again);
        });
        assert_eq!(wrong[0], Wrong::Doubled(Place::Server, name(Side::Dietitian, 1)));
        assert_eq!(counts(&wrong), [0, 1, 0]);
    }

    #[test]
    fn messages_of_one_author_in_another_order_are_reordered_and_those_of_two_are_not() {
        let wrong = broken(|seen| {
            seen.server.swap(0, 2);
            seen.timelines = [seen.server.clone(), seen.server.clone()];
        });
        assert_eq!(counts(&wrong), [0, 0, 3]);
        assert_eq!(wrong[0], Wrong::Reordered(Place::Server, name(Side::Her, 1)));
        let right = broken(|seen| {
            seen.server.swap(0, 1);
            seen.timelines = [seen.server.clone(), seen.server.clone()];
        });
        assert_eq!(right, []);
    }

    #[test]
    fn a_screen_that_shows_another_order_than_the_log_differs() {
        let wrong = broken(|seen| seen.timelines[0].swap(0, 1));
        assert_eq!(wrong, [Wrong::Differs(Side::Her)]);
    }

    #[test]
    fn a_message_that_nobody_was_told_to_write_is_invented() {
        let invented = name(Side::Dietitian, 7);
        let wrong = broken(|seen| seen.server[1].name = invented);
        assert!(
            wrong.contains(&Wrong::Invented(Place::Server, invented)),
            "{wrong:?}"
        );
    }

    #[test]
    fn a_picture_that_is_missing_cut_or_another_one_is_found() {
        let with_photo = name(Side::Her, 1);
        for hash in ["aa", "bb"] {
            let wrong = broken(|seen| drop(seen.server_files.remove(hash)));
            assert_eq!(wrong, [Wrong::Incomplete(with_photo)]);
            let wrong = broken(|seen| drop(seen.server_files.insert(hash.to_owned(), "cut".to_owned())));
            assert_eq!(wrong, [Wrong::Incomplete(with_photo)]);
        }
        let wrong = broken(|seen| drop(seen.phone_files[1].remove("bb")));
        assert_eq!(wrong, [Wrong::NotShown(Side::Dietitian, with_photo)]);
        let wrong = broken(|seen| seen.server[0].photos.clear());
        assert!(
            wrong.contains(&Wrong::OtherPhoto(Place::Server, with_photo)),
            "{wrong:?}"
        );
    }

    #[test]
    fn what_waits_and_what_is_damaged_is_told() {
        let wrong = broken(|seen| {
            seen.waiting = [0, 2];
            seen.damaged.push("user.db: row 3 missing".to_owned());
        });
        assert_eq!(
            wrong,
            [
                Wrong::Waits(Side::Dietitian, 2),
                Wrong::Damaged("user.db: row 3 missing".to_owned())
            ]
        );
    }
}
