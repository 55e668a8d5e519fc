//! SIGKILL of the server, her phone or her dietitian's at random moments, with a network that misbehaves between them: nothing is
//! lost, doubled or reordered, and a photo is complete before its message can be read. `cargo xtask kill sync` strikes more often.
//!
//! ```text
//!   both write through the shell ── faults by chance ── SIGKILL of one of three ── what has arrived has its photos
//!        ▲                                                                                    │
//!        └────── every tenth round the faults end, both exchange to the end, all is judged ◄──┘
//! ```
//!
//! Numbers, photos, faults and moments follow from the seed; what a process has done by then does not: a seed is run again to see
//! more of the same, not the same.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a panic in a test is a failed test; it counts its rounds for a person"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use ayumi_core::pictures::prepare;
use ayumi_tests::fitabase::Dice;
use ayumi_tests::processes::judge::{
    Name, Photo, Seen, Shown, Side, Written, Wrong, counts, incomplete, judge,
};
use ayumi_tests::processes::observer::{Observer, arrived, damage, photo_of, screen};
use ayumi_tests::processes::phone::PhoneProcess;
use ayumi_tests::processes::programs::Programs;
use ayumi_tests::processes::server::ServerProcess;
use ayumi_tests::proxy::{Proxy, Rates};
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};

/// Rounds after which the faults end for a while and everything is judged.
const ROUNDS_UNTIL_JUDGED: u32 = 10;
/// Seconds that a command of the shell waits for the server while there are faults.
const LIMIT: &str = "3";
/// The same without faults.
const LONG_LIMIT: &str = "20";
/// Exchanges of both sides after which nothing may wait any more: what keeps a process from trying again at once ends with its limit.
const EXCHANGES_MOST: u32 = 6;
/// Latest moment of a strike at a phone, from the start of its process.
const STRIKE_PHONE_MOST_MS: u64 = 250;
/// Latest moment of a strike at the server, from the start of the round.
const STRIKE_SERVER_MOST_MS: u64 = 2000;

/// Every fault in 20 of 1,000 requests or more; what a captive portal says ends an exchange, so it is rarer.
const FAULTS: Rates = Rates {
    request_lost: 40,
    request_cut: 30,
    response_lost: 50,
    response_cut: 30,
    duplicated: 40,
    error_before: 30,
    error_after: 30,
    throttled: 20,
    captive_portal: 10,
};

#[test]
fn whoever_is_killed_nothing_is_lost_doubled_or_reordered() {
    let setting = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let rounds: u32 = setting("AYUMI_KILL_ROUNDS").unwrap_or(1);
    let seed: u64 = setting("AYUMI_KILL_SEED").map_or(2026, u64::from);
    let mut world = World::begin(seed);
    let mut done = 0;
    // What went wrong once only hides what goes wrong after it.
    while done < rounds && world.wrong.is_empty() {
        done += 1;
        world.round(done, rounds);
        if done % ROUNDS_UNTIL_JUDGED == 0 || done == rounds {
            world.judge(done, rounds);
        }
    }
    println!("{}", world.summary(seed, done));
    let Observer {
        looks, looks_in_vain, ..
    } = &world.observer;
    assert!(
        looks_in_vain <= looks,
        "the server is away for less than half of the time, and {looks_in_vain} of {looks} looks saw nothing"
    );
    let wrong = std::mem::take(&mut world.wrong);
    let is_right = wrong.is_empty();
    assert!(
        is_right,
        "{wrong:#?}\nall files are in {}",
        world.keep().display()
    );
}

/// Who is killed in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    Server,
    Phone(Side),
}

impl Victim {
    const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Phone(Side::Her) => "her phone",
            Self::Phone(Side::Dietitian) => "the dietitian's phone",
        }
    }
}

struct World {
    dice: Dice,
    folder: tempfile::TempDir,
    server: ServerProcess,
    proxy: Proxy,
    phones: [PhoneProcess; 2],
    observer: Observer,
    written: Vec<Written>,
    /// The number of the last message of each side.
    last: [u32; 2],
    kills: BTreeMap<&'static str, u32>,
    outages: u32,
    wrong: Vec<Wrong>,
}

/// What one side does in a round, one process after another.
struct Plan {
    steps: Vec<Step>,
    /// The step whose process is killed, and when; a later one if it ended before.
    strike: Option<(usize, Duration)>,
}

enum Step {
    Write {
        name: Name,
        photo: Option<(PathBuf, Photo)>,
        is_offline: bool,
    },
    Read,
    Exchange,
}

/// What became of a plan.
#[derive(Default)]
struct Done {
    written: Vec<Written>,
    /// Which command was killed, and after how long.
    killed: Option<(&'static str, Duration)>,
}

impl World {
    fn begin(seed: u64) -> Self {
        let programs = Programs::beside(Path::new(env!("CARGO_BIN_EXE_opener")));
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| {
            let place = folder.path().join(name);
            std::fs::create_dir(&place).unwrap();
            place
        };
        let programs = programs.copied_to(&place("programs"));
        let mut server = ServerProcess::new(&programs.server, &place("server"));
        let proxy = Proxy::before(server.address());
        let phones = Side::ALL.map(|side| PhoneProcess::new(&programs.shell, &place(side.name()), side));
        drop(place("photos"));
        let society = server.found();
        server.start();
        server.wait_until_ready();
        for phone in &phones {
            phone.sign_in(&society, &proxy.url());
        }
        drop(phones[1].run(&["staff", "cases"]).succeeded());
        Self {
            dice: Dice(seed),
            folder,
            observer: Observer::new(server.data()),
            server,
            proxy,
            phones,
            written: Vec::new(),
            last: [0, 0],
            kills: BTreeMap::new(),
            outages: 0,
            wrong: Vec::new(),
        }
    }

    fn millis(&mut self, most: u64) -> Duration {
        Duration::from_millis(self.dice.below(most))
    }

    fn plan(&mut self, side: Side, is_victim: bool) -> Plan {
        let mut steps = Vec::new();
        for _ in 0..=self.dice.below(3) {
            self.last[side.index()] += 1;
            let name = Name {
                side,
                number: self.last[side.index()],
            };
            let photo = self.dice.one_in(3).then(|| self.photo(name));
            let is_offline = self.dice.one_in(3);
            steps.push(Step::Write {
                name,
                photo,
                is_offline,
            });
            if self.dice.one_in(3) {
                steps.push(Step::Exchange);
            }
        }
        if self.dice.one_in(3) {
            steps.push(Step::Read);
        }
        steps.push(Step::Exchange);
        let strike = is_victim.then(|| {
            let step = self.dice.below(steps.len() as u64) as usize;
            (step, self.millis(STRIKE_PHONE_MOST_MS))
        });
        Plan { steps, strike }
    }

    /// A photo that no other message has, and what the core makes of it.
    fn photo(&mut self, name: Name) -> (PathBuf, Photo) {
        // Coarse noise: as hard to pack as a real photo of the same size.
        let colours: Vec<[u8; 3]> = (0..48 * 36)
            .map(|_| std::array::from_fn(|_| self.dice.below(256) as u8))
            .collect();
        let image = RgbImage::from_fn(480, 360, |x, y| Rgb(colours[((y / 10) * 48 + x / 10) as usize]));
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 90)
            .encode_image(&image)
            .unwrap();
        let path = self.folder.path().join("photos").join(format!("{name}.jpg"));
        std::fs::write(&path, &bytes).unwrap();
        let photo = photo_of(&prepare(&bytes).unwrap().attachment());
        (path, photo)
    }

    fn round(&mut self, round: u32, rounds: u32) {
        let victims = [
            Victim::Server,
            Victim::Phone(Side::Her),
            Victim::Phone(Side::Dietitian),
        ];
        let victim = victims[self.dice.below(3) as usize];
        let plans = Side::ALL.map(|side| self.plan(side, victim == Victim::Phone(side)));
        let strike = self.millis(STRIKE_SERVER_MOST_MS);
        let pause = self.millis(500);
        let outage = self.dice.one_in(5).then(|| [self.millis(1500), self.millis(700)]);
        self.outages += u32::from(outage.is_some());
        self.proxy.chaos(self.dice.below(u64::MAX), FAULTS);
        let mut delays = Vec::new();
        for path in ["/v1/push", "/v1/pull", "/v1/uploads"] {
            let next = self.proxy.next_to(path).after(self.dice.below(3) as usize);
            let gate = match self.dice.below(4) {
                0 => next.request_held(),
                1 => next.response_held(),
                _ => continue,
            };
            delays.push((gate, self.millis(1500)));
        }

        let looks_before = self.observer.looks;
        let is_over = AtomicBool::new(false);
        let wrong = Mutex::new(Vec::new());
        let Self {
            server,
            observer,
            phones,
            proxy,
            ..
        } = self;
        let done = thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    wrong.lock().unwrap().extend(observer.look());
                    thread::sleep(Duration::from_millis(10));
                }
            });
            for (gate, after) in delays {
                scope.spawn(move || {
                    thread::sleep(after);
                    gate.open();
                });
            }
            if let Some([away, back]) = outage {
                scope.spawn(move || {
                    thread::sleep(away);
                    proxy.network_goes_away();
                    thread::sleep(back);
                    proxy.network_comes_back();
                });
            }
            let [hers, dietitians] = plans;
            let working = [
                scope.spawn(|| carry_out(&phones[0], hers)),
                scope.spawn(|| carry_out(&phones[1], dietitians)),
            ];
            if victim == Victim::Server {
                thread::sleep(strike);
                server.kill();
                thread::sleep(pause);
                server.start();
            }
            let done = working.map(|side| side.join().unwrap());
            is_over.store(true, Ordering::SeqCst);
            done
        });
        self.proxy.behaves();
        self.wrong.extend(wrong.into_inner().unwrap());
        // A log that nobody saw would be a log in which nothing is wrong.
        assert!(
            self.observer.looks > looks_before,
            "round {round}: nobody saw the log"
        );
        *self.kills.entry(victim.name()).or_default() += 1;
        let how = done.iter().find_map(|done| done.killed).map_or_else(
            || format!("{} ms after the beginning", strike.as_millis()),
            |(command, lived)| format!("in its {command}, {} ms old", lived.as_millis()),
        );
        let count = done.iter().map(|done| done.written.len()).sum::<usize>();
        eprintln!(
            "round {round} of {rounds}: {count} messages, killed {} {how}",
            victim.name()
        );
        self.written
            .extend(done.into_iter().flat_map(|done| done.written));

        // What has reached a phone is complete on the server.
        let files = self.log().1;
        for phone in &self.phones {
            self.wrong.extend(incomplete(&arrived(phone), &files));
        }
    }

    /// The log and the complete pictures, once the engine can be read.
    fn log(&self) -> (Vec<Shown>, BTreeMap<String, String>) {
        for _ in 0..500 {
            if let Ok(all) = self.observer.all() {
                return all;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the store of the server cannot be read");
    }

    /// Without faults everybody exchanges everything, and all that is there is held to all that was told.
    fn judge(&mut self, round: u32, rounds: u32) {
        self.server.wait_until_ready();
        let mut wrong = Vec::new();
        for _ in 0..EXCHANGES_MOST {
            for phone in &self.phones {
                drop(phone.run(&["sync", "--limit", LONG_LIMIT]).succeeded());
            }
            wrong = judge(&self.written, &self.seen());
            // What waits or has not been read yet may come with the next exchange. Everything else stays wrong.
            let may_mend = |wrong: &Wrong| {
                matches!(
                    wrong,
                    Wrong::Lost(..) | Wrong::Differs(_) | Wrong::Waits(..) | Wrong::NotShown(..)
                )
            };
            if wrong.is_empty() || !wrong.iter().all(may_mend) {
                break;
            }
        }
        eprintln!(
            "judged after round {round} of {rounds}: {} things wrong",
            wrong.len()
        );
        self.wrong.extend(wrong);
        let log = self.log().0;
        for phone in &self.phones {
            let mut arguments = phone.chat();
            arguments.extend(["--items", "200", "--limit", LONG_LIMIT]);
            let said = phone.run(&arguments).succeeded().said;
            let names: Vec<Name> = said.lines().filter_map(|line| Name::read(line.trim())).collect();
            let expected = log
                .iter()
                .skip(log.len().saturating_sub(200))
                .map(|shown| shown.name);
            if !expected.eq(names) {
                self.wrong.push(Wrong::Differs(phone.side));
            }
        }
    }

    fn seen(&self) -> Seen {
        let screens = self.phones.each_ref().map(screen);
        let (server, server_files) = self.log();
        let mut damaged = damage(self.folder.path());
        for (phone, screen) in self.phones.iter().zip(&screens) {
            if screen.was_recovered {
                damaged.push(format!("{} phone repaired its files", phone.side.name()));
            }
        }
        Seen {
            server,
            waiting: screens.each_ref().map(|screen| screen.waiting),
            server_files,
            phone_files: screens.each_ref().map(|screen| screen.files.clone()),
            timelines: screens.map(|screen| screen.messages),
            damaged,
        }
    }

    fn summary(&self, seed: u64, rounds: u32) -> String {
        let log = self.log().0;
        let photos = log.iter().map(|shown| shown.photos.len()).sum::<usize>();
        let unsure: Vec<&Written> = self
            .written
            .iter()
            .filter(|written| !written.is_confirmed)
            .collect();
        let of_these = unsure
            .iter()
            .filter(|written| log.iter().any(|shown| shown.name == written.name))
            .count();
        let listed = |counts: Vec<String>| counts.join(", ");
        let kills = self
            .kills
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        let faults = self.proxy.treatments();
        let faults = faults
            .iter()
            .filter(|(name, _)| **name != "passed")
            .map(|(name, count)| format!("{name} {count}"))
            .chain([format!("network away {}", self.outages)])
            .collect();
        let [lost, doubled, reordered] = counts(&self.wrong);
        format!(
            "seed {seed}: {rounds} rounds, {} messages ({} not confirmed, of which {of_these} are there), {photos} photos; \
             kills: {}; {} requests, faults: {}; {} looks at the log ({} in vain), {} pictures complete with their message; \
             lost {lost}, doubled {doubled}, reordered {reordered}",
            self.written.len(),
            unsure.len(),
            listed(kills),
            self.proxy.traffic().requests,
            listed(faults),
            self.observer.looks,
            self.observer.looks_in_vain,
            self.observer.pictures,
        )
    }

    /// Leaves all files where they are.
    fn keep(self) -> PathBuf {
        drop(self.server);
        self.folder.keep()
    }
}

/// Runs the commands of one side.
fn carry_out(phone: &PhoneProcess, plan: Plan) -> Done {
    let mut done = Done::default();
    let mut strike = plan.strike;
    for (index, step) in plan.steps.into_iter().enumerate() {
        let now = strike.filter(|(step, _)| *step <= index).map(|(_, after)| after);
        if run(phone, step, now, &mut done) {
            strike = None;
        }
    }
    // Every command was quicker.
    while let Some((_, after)) = strike {
        let after = after / 2;
        strike = (!run(phone, Step::Exchange, Some(after), &mut done)).then_some((0, after));
    }
    done
}

/// One command. Returns whether it was killed.
fn run(phone: &PhoneProcess, step: Step, strike: Option<Duration>, done: &mut Done) -> bool {
    let (what, arguments) = match &step {
        Step::Write {
            name,
            photo,
            is_offline,
        } => {
            let mut arguments: Vec<String> = phone.chat().into_iter().map(str::to_owned).collect();
            arguments.extend(["send".to_owned(), name.text()]);
            if let Some((path, _)) = photo {
                arguments.extend(["--photo".to_owned(), path.display().to_string()]);
            }
            if *is_offline {
                arguments.push("--offline".to_owned());
            }
            ("send", arguments)
        }
        Step::Read => {
            let chat = phone.chat().into_iter().chain(["read"]);
            ("read", chat.map(str::to_owned).collect())
        }
        Step::Exchange => ("sync", vec!["sync".to_owned()]),
    };
    let limit = ["--limit", LIMIT];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(limit).collect();
    let ended = phone.run_struck(&arguments, strike);
    let was_killed = ended.was_killed();
    assert!(
        was_killed || ended.status.success(),
        "{what} of {}: {}: {}",
        phone.side.name(),
        ended.status,
        ended.complained
    );
    if let Step::Write { name, photo, .. } = step {
        let is_confirmed = ended.said.contains("Kept as ");
        assert!(was_killed || is_confirmed, "{}", ended.said);
        done.written.push(Written {
            name,
            is_confirmed,
            photo: photo.map(|(_, photo)| photo),
        });
    }
    if was_killed {
        done.killed = Some((what, ended.lived));
    }
    was_killed
}
