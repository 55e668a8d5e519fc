//! What happens to the surroundings of the phones: networks, clocks, backups, restarts, and the peace at the end.

use std::time::Duration;

use ayumi_core::sync::engine::{Input, Signal};

use super::{Event, Run};
use crate::oracle::{PhoneEvent, ServerEvent, WorldEvent};
use crate::simulation::people;
use crate::simulation::record::Cause;
use crate::simulation::world::World;

impl Run {
    pub(super) fn fault(&mut self) {
        if self.is_peace {
            return;
        }
        let phones = self.world().phones.len() as u64;
        let phone = usize::try_from(self.dice.below(phones)).unwrap_or(0);
        match self.dice.below(12) {
            0 | 1 => {
                if self.world().phones[phone].process.is_some() {
                    self.kill(phone, "killed");
                }
            }
            2..=4 => self.disconnect(phone),
            5 => {
                let jump = *self
                    .dice
                    .one_of(&[-86_400_000_i64, 31_536_000_000, -3_600_000, 90_000_000, 0]);
                self.world().phones[phone].wall_error_ms = jump;
                self.count("clock jump");
            }
            6 => self.sleep(phone),
            7 => self.back_up_phone(phone),
            8 => self.set_phone_back(phone),
            9 => self.back_up_server(),
            10 => self.restore_server(),
            _ => {
                let world = self.world.take().expect("a world");
                // A deploy: requests in flight get no answer.
                self.held.clear();
                let World {
                    backend,
                    phones,
                    now,
                    monotonic,
                    folder,
                } = world;
                self.world = Some(World {
                    backend: backend.restart(),
                    phones,
                    now,
                    monotonic,
                    folder,
                });
                self.count("server restarted");
            }
        }
        let delay = self.fault_delay();
        self.after(delay, Event::Fault);
    }

    fn disconnect(&mut self, phone: usize) {
        if !self.world().phones[phone].is_connected {
            return;
        }
        self.world().phones[phone].is_connected = false;
        let (at_ms, device) = (self.at_ms(), self.world().phones[phone].device);
        self.recorder
            .history
            .phone(at_ms, device, PhoneEvent::Network(false));
        self.count("network away");
        let minutes = if self.dice.happens(100) {
            26 * 60 + self.dice.below(600)
        } else {
            self.dice.below(8)
        };
        let delay = Duration::from_secs(minutes.min(self.options.minutes) * 60 + self.dice.below(60));
        self.after(delay, Event::Connection(phone));
    }

    pub(super) fn connect(&mut self, phone: usize) {
        if self.world().phones[phone].is_connected {
            return;
        }
        self.world().phones[phone].is_connected = true;
        let (at_ms, device) = (self.at_ms(), self.world().phones[phone].device);
        self.recorder
            .history
            .phone(at_ms, device, PhoneEvent::Network(true));
        self.note("network back");
        self.input(phone, Input::Signal(Signal::Connectivity));
    }

    /// The app leaves the front for a while.
    fn sleep(&mut self, phone: usize) {
        let Some(process) = &mut self.world().phones[phone].process else {
            return;
        };
        let comes = !process.is_in_front;
        process.is_in_front = comes;
        let (at_ms, device) = (self.at_ms(), self.world().phones[phone].device);
        self.recorder
            .history
            .phone(at_ms, device, PhoneEvent::Foreground(comes));
        self.count("app to the front or away");
        let signal = if comes {
            Signal::Foreground
        } else {
            Signal::Background
        };
        self.input(phone, Input::Signal(signal));
    }

    fn back_up_phone(&mut self, phone: usize) {
        if self.world().phones[phone].process.is_none() {
            return;
        }
        self.backups += 1;
        let number = self.backups;
        let (at_ms, device) = (self.at_ms(), self.world().phones[phone].device);
        let to = self.world().folder.path().join(format!("backup-{number}"));
        self.kill(phone, "killed for a backup");
        self.world().phones[phone].back_up(to, number);
        self.recorder
            .history
            .phone(at_ms, device, PhoneEvent::BackedUp { backup: number });
    }

    fn set_phone_back(&mut self, phone: usize) {
        if self.world().phones[phone].process.is_none() || self.world().phones[phone].backup.is_none() {
            return;
        }
        let (at_ms, device) = (self.at_ms(), self.world().phones[phone].device);
        self.kill(phone, "phone set back to a backup");
        // What it sent before is not on its way any more: a phone is set back over minutes, not in between two packets.
        self.queue
            .retain(|_, event| !matches!(event, Event::Arrival(arrival) if arrival.phone == phone));
        let number = self.world().phones[phone].set_back().expect("a backup");
        self.recorder
            .history
            .phone(at_ms, device, PhoneEvent::RestoredFromBackup { backup: number });
        // The Keychain stays where it is: it is the same phone.
        let account = self.world().phones[phone].account;
        self.recorder
            .history
            .phone(at_ms, device, PhoneEvent::SignedIn(account));
        self.recorder.set_back(device);
    }

    fn back_up_server(&mut self) {
        self.backups += 1;
        let name = format!("server-backup-{}", self.backups);
        let heads = self.recorder.heads.clone();
        let world = self.world.as_ref().expect("a world");
        self.server_backup = Some(world.backend.back_up(&world.folder.path().join(name), heads));
        self.note("server backed up");
    }

    fn restore_server(&mut self) {
        // A restored server does not know sessions that began after the copy; here there are none.
        let Some(backup) = self.server_backup.take() else {
            return;
        };
        self.held.clear();
        let world = self.world.take().expect("a world");
        let World {
            backend,
            phones,
            now,
            monotonic,
            folder,
        } = world;
        let backend = backend.restore(&backup);
        self.world = Some(World {
            backend,
            phones,
            now,
            monotonic,
            folder,
        });
        let epoch = self.world().backend.epoch().as_uuid().as_u128();
        let at_ms = self.at_ms();
        self.recorder.heads.clone_from(&backup.heads);
        self.recorder.history.server(
            at_ms,
            ServerEvent::Restored {
                epoch,
                heads: backup.heads.clone(),
            },
        );
        self.server_backup = Some(backup);
        self.count("server set back to a backup");
    }

    /// Faults are over: every network works, every app is in front, clocks are right.
    pub(super) fn make_peace(&mut self) {
        self.is_peace = true;
        self.note("peace");
        for phone in 0..self.world().phones.len() {
            self.world().phones[phone].wall_error_ms = 0;
            if self.world().phones[phone].process.is_none() {
                self.open(phone, Cause::Engine);
            }
            let is_in_front = self.world().phones[phone]
                .process
                .as_ref()
                .is_some_and(|process| process.is_in_front);
            if !is_in_front {
                self.sleep(phone);
            }
            self.connect(phone);
            let (wall, at_ms) = (self.wall(), self.at_ms());
            people::tidy_up(&mut self.world().phones[phone], wall);
            let made = &self.world.as_ref().expect("a world").phones[phone];
            self.recorder.outbox(at_ms, made, Cause::Person);
            self.input(phone, Input::Enqueued);
        }
        let at_ms = self.at_ms();
        self.recorder.history.world(at_ms, WorldEvent::FaultEnded);
    }
}
