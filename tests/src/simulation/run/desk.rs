//! What happens at the desk of a coordinator and of the operator: sessions end, accounts are suspended, cases move, bodies are erased,
//! snapshots are made; and people who have to sign in again, some of them on a phone that has lost everything.

use std::time::Duration;

use ayumi_core::sync::account::SessionState;
use ayumi_core::sync::engine::{Command, Input, SignIn};
use ayumi_protocol::body::ErasureReason;
use ayumi_protocol::coordination::AccountStatus;
use ayumi_protocol::cursor::{Audience, LogName, Seq};
use ayumi_protocol::id::DeviceId;
use ayumi_server::cases::erasure::{Erased, erase};
use ayumi_server::cases::snapshots::make::make_snapshots;
use ayumi_server::server::boxed;

use super::{Event, Run};
use crate::oracle::PhoneEvent;
use crate::simulation::backend::at_once;
use crate::simulation::record::Cause;
use crate::simulation::world::{COLLEAGUE, DIETITIAN};

/// How long somebody takes until she tries to sign in again.
const PATIENCE: Duration = Duration::from_secs(40);

impl Run {
    /// Somebody has lost a phone, or says so.
    pub(super) fn end_session(&mut self, phone: usize) {
        let world = self.world();
        let made = &world.phones[phone];
        let (account, device_id) = (made.account, made.device_id);
        if made.has_to_sign_in || !world.operator.end_session(&world.backend, account, device_id) {
            return;
        }
        world.phones[phone].has_to_sign_in = true;
        self.count("session ended");
        let delay = Duration::from_secs(20 + self.dice.below(300));
        self.after(delay, Event::SignIn(phone));
    }

    /// Lets the owner of a phone sign in, once it has noticed that she has to.
    pub(super) fn sign_in(&mut self, phone: usize) {
        let made = &self.world().phones[phone];
        if !made.has_to_sign_in {
            return;
        }
        self.after(PATIENCE, Event::SignIn(phone));
        let made = &self.world().phones[phone];
        let Some(process) = &made.process else { return };
        let account = process.app.account().expect("a store");
        if account.is_some_and(|account| account.session == SessionState::Active) {
            return;
        }
        let Some(sign_in) = self.way_in(phone) else { return };
        self.note("signs in");
        self.input(phone, Input::Command(Command::SignIn(sign_in)));
    }

    /// A participant gets a code from the coordinator; staff have their password and second factor.
    fn way_in(&mut self, phone: usize) -> Option<SignIn> {
        let world = self.world();
        let made = &world.phones[phone];
        if made.is_staff {
            let of = |id: &ayumi_protocol::id::AccountId| id.as_uuid().as_u128() == made.account;
            let credentials = world.staff.iter().find(|staff| of(&staff.account_id))?;
            return Some(SignIn::Staff(credentials.sign_in(&world.backend)));
        }
        let case_id = *made.cases.first()?;
        world.operator.transfer(&world.backend, case_id)
    }

    /// The phone may have another name with the server than it had. Returns whether it has.
    pub(super) fn look_who_is_signed_in(&mut self, phone: usize) -> bool {
        let at_ms = self.at_ms();
        let made = &mut self.world().phones[phone];
        let account = made
            .process
            .as_ref()
            .and_then(|process| process.app.account().expect("a store"));
        let account = account.filter(|account| account.session == SessionState::Active);
        let Some(account) = account.filter(|account| account.device_id != made.device_id) else {
            return false;
        };
        made.device_id = account.device_id;
        made.has_to_sign_in = false;
        // A copy from before would speak under a name that nobody knows any more.
        made.backup = None;
        self.note("signed in");
        let Self { world, recorder, .. } = self;
        recorder.signed_in(at_ms, &world.as_ref().expect("a world").phones[phone]);
        true
    }

    /// Suspends the owner of a phone, or lets her go on.
    pub(super) fn set_status(&mut self, account: u128, is_active: bool) -> bool {
        let status = if is_active {
            AccountStatus::Active
        } else {
            AccountStatus::Suspended
        };
        let world = self.world();
        world.operator.set_status(&world.backend, account, status)
    }

    pub(super) fn suspend(&mut self, phone: usize) {
        let account = self.world().phones[phone].account;
        if self.suspended.contains(&account) || !self.set_status(account, false) {
            return;
        }
        self.suspended.insert(account);
        self.count("account suspended");
        let delay = Duration::from_secs(30 + self.dice.below(400));
        self.after(delay, Event::Resumed(account));
    }

    pub(super) fn resume(&mut self, account: u128) {
        if self.suspended.contains(&account) && self.set_status(account, true) {
            self.suspended.remove(&account);
            self.note("account goes on");
        }
    }

    /// Blanks the body of a message.
    pub(super) fn erase(&mut self) {
        let cases = self.cases();
        let log = LogName {
            case_id: *self.dice.one_of(&cases),
            audience: Audience::Care,
        };
        let read = self.world().backend.server.read(log, |tx, log| {
            boxed(async move {
                Ok(tx
                    .query(
                        "SELECT seq FROM entry
                         WHERE case_id = $1 AND audience = $2 AND kind = 'message.posted' AND body IS NOT NULL
                         ORDER BY seq",
                        &[log.case_id.into(), log.audience.into()],
                    )
                    .await?)
            })
        });
        let rows = at_once(read).expect("the entries of the server");
        if rows.is_empty() {
            return;
        }
        let target: Seq = self.dice.one_of(&rows).get(0).expect("a place");
        let erased = erase(
            &self.world().backend.server,
            log,
            target,
            ErasureReason::Requested,
        );
        if let Erased::Now(by) = at_once(erased).expect("an erasure") {
            self.count("entry erased");
            self.server_changed();
            let number = |seq: Seq| u64::try_from(seq.number()).unwrap_or(0);
            let at_ms = self.at_ms();
            self.recorder.erased(at_ms, log, number(target), number(by));
        }
    }

    /// A case goes to the other dietitian.
    pub(super) fn reassign(&mut self) {
        let cases = self.cases();
        let case_id = *self.dice.one_of(&cases);
        let to = *self.dice.one_of(&[DIETITIAN, COLLEAGUE]);
        let world = self.world();
        let account = world.phones[to].account;
        if world.operator.assign(&world.backend, case_id, account) {
            self.count("case given to a dietitian");
            self.staff_changed();
            self.server_changed();
        }
    }

    /// A phone loses everything, and its owner begins anew on it.
    pub(super) fn reinstall(&mut self, phone: usize) {
        if self.world().phones[phone].process.is_none() {
            return;
        }
        let (at_ms, device) = (self.at_ms(), self.world().phones[phone].device);
        self.kill(phone, "app installed anew");
        self.queue
            .retain(|_, event| !matches!(event, Event::Arrival(arrival) if arrival.phone == phone));
        self.backups += 1;
        let gone = PhoneEvent::RestoredFromBackup { backup: self.backups };
        self.recorder.history.phone(at_ms, device, gone);
        let installation = u128::from(self.dice.next());
        let made = &mut self.world().phones[phone];
        std::fs::remove_dir_all(&made.folder).expect("the files of a phone");
        std::fs::create_dir_all(&made.folder).expect("a folder");
        made.device = installation;
        made.device_id = DeviceId::SYSTEM;
        made.backup = None;
        made.has_to_sign_in = true;
        let delay = Duration::from_secs(90 + self.dice.below(60));
        self.after(delay, Event::SignIn(phone));
    }

    pub(super) fn make_snapshots(&mut self) {
        if at_once(make_snapshots(&self.world().backend.server, 10)).is_ok() {
            self.note("snapshots made");
        }
    }

    /// No database of a phone can be written for a while.
    pub(super) fn fill_disk(&mut self, phone: usize) {
        let made = &mut self.world().phones[phone];
        if made.is_full {
            return;
        }
        made.is_full = true;
        crate::simulation::disk::fill(&made.folder);
        self.count("disk full");
        self.tell_blocked(phone);
        let delay = Duration::from_secs(10 + self.dice.below(240));
        self.after(delay, Event::Room(phone));
    }

    pub(super) fn make_room(&mut self, phone: usize) {
        let made = &mut self.world().phones[phone];
        if !made.is_full {
            return;
        }
        made.is_full = false;
        crate::simulation::disk::make_room(&made.folder);
        self.note("room again");
        self.tell_blocked(phone);
    }

    fn tell_blocked(&mut self, phone: usize) {
        let at_ms = self.at_ms();
        let Self { world, recorder, .. } = self;
        recorder.blocked(at_ms, &world.as_ref().expect("a world").phones[phone]);
    }

    /// The battery is out: what was not synced may be gone.
    pub(super) fn lose_power(&mut self, phone: usize) {
        if self.world().phones[phone].process.is_none() {
            return;
        }
        let seed = self.dice.next();
        crate::simulation::disk::lose_power(&self.world().phones[phone].folder, seed);
        self.kill(phone, "power lost");
    }

    /// The process that was killed is opened again, if it was not yet.
    pub(super) fn opening(&mut self, phone: usize) {
        let made = &self.world().phones[phone];
        if made.process.is_some() {
            return;
        }
        let device = made.device;
        let cause = if self.recorder.was_set_back(device) {
            Cause::SetBack
        } else {
            Cause::Engine
        };
        self.open(phone, cause);
    }
}
