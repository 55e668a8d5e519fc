//! What she, her phone's platform and her dietitian do in a day.

use std::time::Duration;

use ayumi_core::chat::{ChatError, NewMessage, PageFrom};
use ayumi_core::steps::{CounterSample, StepEvent};
use ayumi_core::sync::engine::{Command, Input, Instruction, Reply, Signal};
use ayumi_protocol::cursor::{Audience, LogName};

use super::{Costs, Day, HOUR_MS, app_of, photo};
use crate::simulation::backend::at_once;
use crate::simulation::people::weigh_in;
use crate::simulation::world::{DIETITIAN, to_answer, to_http};

impl Day<'_> {
    /// The platform wakes the app: it stores the steps of the last hour and exchanges once.
    pub fn background_job(&mut self, steps: u32) {
        self.start();
        self.input(Input::Signal(Signal::Background));
        if steps > 0 {
            self.walk(steps);
        }
        self.input(Input::Command(Command::SyncOnce));
        self.pass(Duration::from_secs(5));
        self.end();
    }

    /// She asks for something that only the server knows, from an app that does nothing else.
    pub fn ask(&mut self, command: Command) -> Vec<Reply> {
        self.start();
        self.input(Input::Command(command));
        self.pass(Duration::from_secs(5));
        self.end();
        std::mem::take(&mut self.replies)
    }

    /// Sessions that the server still keeps open for her.
    #[must_use]
    pub fn open_sessions(&self) -> usize {
        let device = uuid::Uuid::from_u128(self.world.phones[0].device);
        let device = ayumi_protocol::id::DeviceId::from_uuid(device);
        let rows = at_once(self.world.backend.server.read(device, |tx, device| {
            ayumi_server::server::boxed(async move {
                Ok(tx
                    .query(
                        "SELECT session_id FROM session WHERE device_id = $1 AND ended_at_ms IS NULL",
                        &[(*device).into()],
                    )
                    .await?)
            })
        }));
        rows.expect("the sessions of the server").len()
    }

    /// Steps of the last hour, a sample every six minutes.
    fn walk(&mut self, steps: u32) {
        let elapsed = 10 * HOUR_MS + i64::try_from(self.now.as_millis()).unwrap_or(0);
        let wall = self.wall();
        let first = self.counter;
        self.counter += steps;
        let samples: Vec<StepEvent> = (1..=10_i64)
            .map(|tenth| {
                let ago = (10 - tenth) * HOUR_MS / 10;
                StepEvent::Counter(CounterSample {
                    source: "phone".to_owned(),
                    boot: Some("1".to_owned()),
                    count: Some(f64::from(first) + f64::from(steps) * tenth as f64 / 10.0),
                    event_elapsed_ms: elapsed - ago,
                    received_elapsed_ms: elapsed - ago,
                    received_at: wall.plus(-ago),
                    zone: None,
                })
            })
            .collect();
        self.on_phone(|phone, _, _| {
            app_of(phone).steps().record(&samples).expect("steps");
        });
        self.input(Input::Enqueued);
    }

    /// The app stays in touch from now on, and nothing more was said by the platform.
    pub fn go_live(&mut self) {
        self.start();
        self.input(Input::Command(Command::GoLive));
        self.pass(Duration::from_secs(20));
    }

    /// She opens the app and looks at home and at the conversation.
    pub fn open(&mut self) {
        self.start();
        self.input(Input::Signal(Signal::Foreground));
        self.input(Input::Command(Command::GoLive));
        self.pass(Duration::from_secs(20));
        self.on_phone(|phone, _, _| {
            let case_id = phone.cases[0];
            let app = app_of(phone);
            app.home(app.today().expect("a date")).expect("home");
            app.chat()
                .timeline(case_id, PageFrom::Newest, 50, &std::collections::BTreeSet::new())
                .expect("a page");
        });
    }

    /// She puts the phone away.
    pub fn put_away(&mut self) {
        self.input(Input::Signal(Signal::Background));
        self.pass(Duration::from_secs(2));
        self.end();
    }

    /// She writes, with a photo of a phone's camera or without.
    pub fn write(&mut self, text: &str, photo: Option<&[u8]>) {
        self.try_to_write(text, photo).expect("it waits");
    }

    /// The same where it may be refused.
    ///
    /// Errors: those of sending.
    pub fn try_to_write(&mut self, text: &str, photo: Option<&[u8]>) -> Result<(), ChatError> {
        let sent = self.on_phone(|phone, wall, _| {
            if let Some(process) = &phone.process {
                process.clock.set(wall);
            }
            let case_id = phone.cases[0];
            let chat = app_of(phone).chat();
            let pictures = photo
                .map(|bytes| chat.add_picture(case_id, bytes).expect("a picture"))
                .into_iter()
                .collect();
            let message = NewMessage {
                text: text.to_owned(),
                pictures,
                reply_to: None,
            };
            chat.send(case_id, message).map(|_| ())
        });
        self.input(Input::Enqueued);
        sent
    }

    /// She types her weight.
    pub fn weigh(&mut self) {
        self.on_phone(|phone, wall, _| {
            let weigh_in = weigh_in(wall, "63.4");
            app_of(phone).weight().record(&weigh_in).expect("a weigh-in");
        });
        self.input(Input::Enqueued);
    }

    /// She has read everything.
    pub fn read(&mut self) {
        self.on_phone(|phone, _, _| {
            let case_id = phone.cases[0];
            let app = app_of(phone);
            let log = LogName {
                case_id,
                audience: Audience::Care,
            };
            if let Some(replica) = app.shown_replica(log).expect("a replica") {
                app.chat().mark_read(case_id, replica.cursor.seq).expect("a mark");
            }
        });
        self.input(Input::Enqueued);
    }

    /// The dietitian opens her own phone, whose costs are not counted, and reads or writes.
    pub fn dietitian(&mut self, text: Option<&str>) {
        let (wall, case_id) = (self.wall(), self.world.phones[0].cases[0]);
        let phone = &mut self.world.phones[DIETITIAN];
        phone.start(wall);
        let mut inputs = vec![
            Input::Started {
                tokens: phone.tokens(),
            },
            Input::Command(Command::SyncOnce),
        ];
        if let Some(text) = text {
            let message = NewMessage::text(text);
            app_of(phone).chat().send(case_id, message).expect("it waits");
        }
        while !inputs.is_empty() {
            let input = inputs.remove(0);
            for instruction in phone.step(self.now, wall, input) {
                match instruction {
                    Instruction::Http { id, request } => {
                        let working = self.world.backend.begin(to_http(&request, None));
                        let answer = to_answer(at_once(working));
                        inputs.push(Input::Answered {
                            id,
                            result: Ok(answer),
                        });
                    }
                    Instruction::SaveTokens { tokens } => {
                        phone.set_tokens(Some(tokens));
                        inputs.push(Input::TokensSaved { is_saved: true });
                    }
                    Instruction::LoadTokens => {
                        inputs.push(Input::TokensLoaded {
                            tokens: phone.tokens(),
                        });
                    }
                    _ => {}
                }
            }
        }
        let process = phone.process.take().expect("it runs");
        process.app.close().expect("it closes");
    }

    /// Messages that her phone shows.
    #[must_use]
    pub fn messages(&mut self) -> usize {
        let wall = self.wall();
        let phone = &mut self.world.phones[0];
        phone.start(wall);
        let case_id = phone.cases[0];
        let page = app_of(phone)
            .chat()
            .timeline(case_id, PageFrom::Newest, 50, &std::collections::BTreeSet::new())
            .expect("a page");
        phone.kill();
        page.items.len()
    }

    /// The whole day of `docs/battery.md`, with the photo at noon or without.
    pub fn live(&mut self, has_photo: bool) {
        let photo = has_photo.then(photo);
        for hour in 0..24_u32 {
            self.until(f64::from(hour));
            let steps = if (7..22).contains(&hour) { 480 } else { 0 };
            self.background_job(steps);
            match hour {
                7 => {
                    self.until(7.25);
                    self.open();
                    self.weigh();
                    self.pass(Duration::from_mins(3));
                    self.put_away();
                }
                // Her work begins; the session of a member of the staff does not last a day without it.
                9 => self.dietitian(None),
                12 => {
                    self.until(12.5);
                    self.open();
                    self.write("お昼は焼き魚とごはんを少なめにしました。", photo.as_deref());
                    self.pass(Duration::from_mins(4));
                    self.put_away();
                }
                15 => {
                    self.until(15.4);
                    self.dietitian(Some("とてもよいですね。野菜を先に食べるともっとよくなります。"));
                    // A push message: the platform wakes the app once more.
                    self.background_job(0);
                }
                18 => {
                    self.until(18.2);
                    self.open();
                    self.read();
                    self.pass(Duration::from_mins(1));
                    self.write("やってみます。", None);
                    self.pass(Duration::from_mins(4));
                    self.put_away();
                }
                21 => {
                    self.until(21.5);
                    self.open();
                    self.write("今日は夕食のあとに歩きました。", None);
                    self.pass(Duration::from_mins(3));
                    self.put_away();
                }
                _ => {}
            }
        }
        self.until(24.0);
    }

    /// An app that stays in memory behind others for some hours, with nothing to send.
    pub fn lie_idle(&mut self, hours: u64) -> Costs {
        self.start();
        self.input(Input::Signal(Signal::Foreground));
        self.input(Input::Command(Command::GoLive));
        self.pass(Duration::from_mins(1));
        self.input(Input::Signal(Signal::Background));
        self.pass(Duration::from_mins(1));
        let before = self.costs;
        self.pass(Duration::from_hours(hours));
        let idle = self.costs - before;
        self.end();
        idle
    }
}
