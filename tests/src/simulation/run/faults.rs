//! What happens to the surroundings of the phones: networks, clocks, disks, backups, restarts, and the peace at the end.

use std::collections::BTreeSet;
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
        match self.dice.below(21) {
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
            11 => self.restart_server(),
            12 | 13 => self.fill_disk(phone),
            14 => self.lose_power(phone),
            15 => self.end_session(phone),
            16 => self.suspend(phone),
            17 => self.erase(),
            18 => self.reassign(),
            19 => self.reinstall(phone),
            _ => self.make_snapshots(),
        }
        let delay = self.fault_delay();
        self.after(delay, Event::Fault);
    }

    fn restart_server(&mut self) {
        // A deploy: requests in flight get no answer.
        self.held.clear();
        let world = self.world.take().expect("a world");
        self.world = Some(World {
            backend: world.backend.restart(),
            ..world
        });
        self.count("server restarted");
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
        self.world = Some(World {
            backend: world.backend.restore(&backup),
            ..world
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
        // Cases are where they were then. Whom the operator suspended or let go on since, she does again.
        self.staff_changed();
        let accounts: BTreeSet<u128> = self.world().phones.iter().map(|phone| phone.account).collect();
        for account in accounts {
            self.set_status(account, !self.suspended.contains(&account));
        }
    }

    /// Faults are over: every network works, every app is in front, clocks are right.
    pub(super) fn make_peace(&mut self) {
        self.is_peace = true;
        self.note("peace");
        for account in std::mem::take(&mut self.suspended) {
            self.set_status(account, true);
        }
        for phone in 0..self.world().phones.len() {
            self.world().phones[phone].wall_error_ms = 0;
            self.make_room(phone);
            if self.world().phones[phone].process.is_none() {
                self.open(phone, Cause::Engine);
            }
            let is_in_front = self.world().phones[phone]
                .process
                .as_ref()
                .is_some_and(|process| process.is_in_front);
            if is_in_front {
                // Whoever looks at her phone again is asked about: an account may go on.
                self.input(phone, Input::Signal(Signal::Foreground));
            } else {
                self.sleep(phone);
            }
            self.connect(phone);
            if self.world().phones[phone].has_to_sign_in {
                self.sign_in(phone);
            }
            self.tidy_up(phone);
        }
        let at_ms = self.at_ms();
        self.recorder.history.world(at_ms, WorldEvent::FaultEnded);
    }

    /// The owner of a phone agrees again, and it reads every step there is.
    pub(super) fn tidy_up(&mut self, phone: usize) {
        let (wall, at_ms) = (self.wall(), self.at_ms());
        people::tidy_up(&mut self.world().phones[phone], wall);
        let made = &self.world.as_ref().expect("a world").phones[phone];
        if self.options.has_walks {
            for read in self.walks.read_all(made, phone) {
                self.recorder.history.phone(at_ms, made.device, read);
            }
        }
        self.recorder.outbox(at_ms, made, Cause::Person);
        self.input(phone, Input::Enqueued);
    }
}
