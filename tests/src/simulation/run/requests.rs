//! Requests on their way: to the server, at the server, and back, or not.

use std::time::Duration;

use ayumi_core::sync::engine::{HttpAnswer, HttpRequest, Input, NoAnswer, RequestBody, RequestId};

use super::{Arrival, Event, Held, Run, SNAPSHOT_PARTS};
use crate::oracle::{PhoneEvent, RequestEnd};
use crate::simulation::network::{self, Fate};
use crate::simulation::world::{PAGE_ENTRIES, to_answer, to_http, with_small_pages};

impl Run {
    pub(super) fn send(&mut self, phone: usize, id: RequestId, request: &HttpRequest) {
        let at_ms = self.at_ms();
        let made = &self.world.as_ref().expect("a world").phones[phone];
        let target = self.recorder.request(at_ms, made, request);
        let (incarnation, is_connected) = (made.incarnation, made.is_connected);
        let part = match (&request.body, &made.process) {
            (
                RequestBody::FilePart {
                    sha256,
                    offset_bytes,
                    length_bytes,
                },
                Some(process),
            ) => Some(
                process
                    .app
                    .read_part(*sha256, *offset_bytes, *length_bytes)
                    .expect("an own picture"),
            ),
            _ => None,
        };
        self.note(&request.path);
        if request.path.starts_with("/v1/snapshots/") {
            // No fault, but worth knowing: how often a log begins with a file.
            *self.outcome.faults.entry(SNAPSHOT_PARTS).or_default() += 1;
        }
        self.awaited.insert((phone, id), (incarnation, target));
        let deadline = request.deadline;
        if !is_connected {
            let result = Err(NoAnswer::Unreachable);
            self.after(
                Duration::from_millis(5),
                Event::Answer {
                    phone,
                    incarnation,
                    id,
                    result,
                },
            );
            return;
        }
        let fate = if self.is_peace {
            Fate::Delivered
        } else {
            network::draw(&mut self.dice)
        };
        if let Some(fault) = fate.fault() {
            self.count(fault);
        }
        let there = network::delay(&mut self.dice);
        let arrive = |run: &mut Self, delay: Duration, is_awaited: bool, fate: Fate| {
            let arrival = Arrival {
                phone,
                incarnation,
                id,
                request: request.clone(),
                part: part.clone(),
                is_awaited,
                fate,
            };
            run.after(delay, Event::Arrival(Box::new(arrival)));
        };
        let lost = Err(NoAnswer::Deadline);
        match fate {
            Fate::RequestLost => {}
            Fate::Delivered | Fate::AnswerLost | Fate::Answered(_) | Fate::CutOff => {
                arrive(self, there, true, fate);
            }
            Fate::Duplicated => {
                arrive(self, there, true, Fate::Delivered);
                let again = network::delay(&mut self.dice);
                arrive(self, there + again, false, Fate::Delivered);
            }
            Fate::Late => {
                let late = deadline + Duration::from_millis(self.dice.below(60_000));
                arrive(self, late, false, Fate::Delivered);
            }
            Fate::Intercepted(answer) => {
                let result = Ok(answer);
                self.after(
                    there,
                    Event::Answer {
                        phone,
                        incarnation,
                        id,
                        result,
                    },
                );
            }
            Fate::Refused(none) => {
                let result = Err(none);
                self.after(
                    there,
                    Event::Answer {
                        phone,
                        incarnation,
                        id,
                        result,
                    },
                );
            }
        }
        self.after(
            deadline,
            Event::Answer {
                phone,
                incarnation,
                id,
                result: lost,
            },
        );
    }

    pub(super) fn arrive(&mut self, arrival: Arrival) {
        let Arrival {
            phone,
            incarnation,
            id,
            request,
            part,
            is_awaited,
            fate,
        } = arrival;
        let request = with_small_pages(&request, PAGE_ENTRIES);
        let working = self.world().backend.begin(to_http(&request, part));
        self.held.push(Held {
            phone,
            incarnation,
            id,
            is_awaited,
            fate,
            working,
        });
        self.poll();
    }

    /// Looks which requests the server has answered.
    pub(super) fn poll(&mut self) {
        use std::task::{Context, Poll, Waker};
        let mut context = Context::from_waker(Waker::noop());
        loop {
            let mut answered = None;
            for (index, held) in self.held.iter_mut().enumerate() {
                if let Poll::Ready(response) = held.working.as_mut().poll(&mut context) {
                    answered = Some((index, response));
                    break;
                }
            }
            let Some((index, response)) = answered else { return };
            let held = self.held.remove(index);
            self.server_changed();
            self.answer(&held, to_answer(response));
        }
    }

    fn answer(&mut self, held: &Held, answer: HttpAnswer) {
        if !held.is_awaited {
            return;
        }
        let mut answer = answer;
        match &held.fate {
            Fate::AnswerLost => return,
            Fate::Answered(instead) => answer = instead.clone(),
            Fate::CutOff => answer.body.truncate(answer.body.len() / 2),
            _ => {}
        }
        let back = network::delay(&mut self.dice);
        let (phone, incarnation, id) = (held.phone, held.incarnation, held.id);
        self.after(
            back,
            Event::Answer {
                phone,
                incarnation,
                id,
                result: Ok(answer),
            },
        );
    }

    pub(super) fn answered(
        &mut self,
        phone: usize,
        incarnation: u64,
        id: RequestId,
        result: Result<HttpAnswer, NoAnswer>,
    ) {
        let is_awaited = self
            .awaited
            .get(&(phone, id))
            .is_some_and(|(of, _)| *of == incarnation);
        if !is_awaited {
            return;
        }
        let (_, target) = self.awaited.remove(&(phone, id)).expect("it is awaited");
        let (at_ms, device) = (self.at_ms(), self.world().phones[phone].device);
        if let Some(target) = target {
            let end = match &result {
                Ok(answer) if answer.status == 200 && answer.body.first() == Some(&b'{') => {
                    RequestEnd::Progress
                }
                Ok(answer) => RequestEnd::Failure {
                    asked_wait_ms: network::asked_wait_ms(answer),
                },
                Err(_) => RequestEnd::Failure { asked_wait_ms: 0 },
            };
            self.recorder
                .history
                .phone(at_ms, device, PhoneEvent::RequestEnded { target, end });
        }
        self.note(match &result {
            Ok(_) => "answer",
            Err(_) => "no answer",
        });
        self.input(phone, Input::Answered { id, result });
    }
}
