//! Random stories of one person with two phones and her dietitian: whatever happens between the steps, nothing that was said is lost or
//! shown twice, and in the end all three read the same.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Say {
        on: usize,
        reply: Option<usize>,
    },
    Edit {
        on: usize,
        message: usize,
    },
    Delete {
        on: usize,
        message: usize,
    },
    /// Claimed, and nothing is heard: the request or the response is lost.
    Lose {
        on: usize,
        arrives: bool,
    },
    Send {
        on: usize,
    },
    Park {
        on: usize,
    },
    Retry {
        on: usize,
        anew: bool,
    },
    Pull {
        on: usize,
        most: usize,
    },
    Kill {
        on: usize,
    },
    Mark {
        on: usize,
    },
    Erase {
        message: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let on = 0_usize..3;
    let message = 0_usize..12;
    prop_oneof![
        5 => (on.clone(), prop::option::of(message.clone())).prop_map(|(on, reply)| Step::Say { on, reply }),
        3 => (on.clone(), message.clone()).prop_map(|(on, message)| Step::Edit { on, message }),
        2 => (on.clone(), message.clone()).prop_map(|(on, message)| Step::Delete { on, message }),
        2 => (on.clone(), any::<bool>()).prop_map(|(on, arrives)| Step::Lose { on, arrives }),
        4 => on.clone().prop_map(|on| Step::Send { on }),
        1 => on.clone().prop_map(|on| Step::Park { on }),
        2 => (on.clone(), any::<bool>()).prop_map(|(on, anew)| Step::Retry { on, anew }),
        4 => (on.clone(), 1_usize..4).prop_map(|(on, most)| Step::Pull { on, most }),
        1 => on.clone().prop_map(|on| Step::Kill { on }),
        1 => on.prop_map(|on| Step::Mark { on }),
        1 => message.prop_map(|message| Step::Erase { message }),
    ]
}

struct World {
    log: Log,
    phones: Vec<Phone>,
    /// Every message that was sent, by its number: on which phone, under which id now.
    said: Vec<(usize, OpId)>,
    deleted: BTreeSet<OpId>,
}

impl World {
    fn new() -> Self {
        let log = Log::care(case(1));
        let people = [her(), her().on_device(2), dietitian()];
        Self {
            phones: people.iter().map(|who| Phone::new(who, &[&log])).collect(),
            log,
            said: Vec::new(),
            deleted: BTreeSet::new(),
        }
    }

    fn id(&self, message: usize) -> Option<OpId> {
        self.said.get(message).map(|(_, op_id)| *op_id)
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Say { on, reply } => {
                let message = NewMessage {
                    reply_to: reply.and_then(|message| self.id(message)),
                    ..NewMessage::text(format!("{}", self.said.len()))
                };
                match self.phones[on].chat().send(case(1), message) {
                    Ok(op_id) => self.said.push((on, op_id)),
                    Err(ChatError::NoSuchMessage) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            Step::Edit { on, message } => {
                if let Some(op_id) = self.id(message) {
                    let edit = self.phones[on]
                        .chat()
                        .edit(case(1), op_id, &format!("{message}の二"));
                    assert!(matches!(
                        edit,
                        Ok(()) | Err(ChatError::NoSuchMessage | ChatError::NotOwn)
                    ));
                }
            }
            Step::Delete { on, message } => {
                if let Some(op_id) = self.id(message) {
                    match self.phones[on].chat().delete(case(1), op_id) {
                        Ok(()) => {
                            self.deleted.insert(op_id);
                        }
                        Err(ChatError::NoSuchMessage | ChatError::NotOwn) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            Step::Lose { on, arrives } => {
                let phone = &self.phones[on];
                if let Some(outgoing) = phone.next(&self.log, Lane::Talk) {
                    phone.claim(outgoing.operation.op_id);
                    if arrives {
                        self.log.append_operation(&phone.who, outgoing.operation);
                    }
                }
            }
            Step::Send { on } => {
                self.phones[on].send_next(&mut self.log, Lane::Talk);
            }
            Step::Park { on } => {
                let phone = &self.phones[on];
                if let Some(outgoing) = phone.next(&self.log, Lane::Talk)
                    && self.log.place_of(outgoing.operation.op_id).is_none()
                {
                    phone.claim(outgoing.operation.op_id);
                    phone.park(outgoing.operation.op_id, "forbidden");
                }
            }
            Step::Retry { on, anew } => {
                let phone = &self.phones[on];
                if let Some(stuck) = phone.tray().first() {
                    // The tray shows what is deleted without its text.
                    match &stuck.text {
                        Some(text) if anew => {
                            let again = phone
                                .chat()
                                .edit_and_send_again(stuck.op_id, &format!("{text}!"))
                                .unwrap();
                            self.renamed(stuck.op_id, again);
                        }
                        _ => {
                            let again = phone.chat().retry(stuck.op_id).unwrap();
                            self.renamed(stuck.op_id, again);
                        }
                    }
                }
            }
            Step::Pull { on, most } => {
                self.phones[on].pull_page(&self.log, most);
            }
            Step::Kill { on } => self.phones[on].restart(),
            Step::Mark { on } => {
                let head = self.log.head();
                if head.number() > 0 {
                    self.phones[on].chat().mark_read(case(1), head).unwrap();
                }
            }
            Step::Erase { message } => {
                if let Some(place) = self.id(message).and_then(|op_id| self.log.place_of(op_id)) {
                    self.log.erase(place);
                }
            }
        }
    }

    fn renamed(&mut self, from: OpId, to: OpId) {
        for (_, op_id) in &mut self.said {
            if *op_id == from {
                *op_id = to;
            }
        }
    }

    /// What was said on a phone is on it: in the conversation or in the tray, once.
    fn check(&self) {
        for (number, phone) in self.phones.iter().enumerate() {
            let mut seen: BTreeMap<OpId, usize> = BTreeMap::new();
            let shown = phone.items().into_iter().map(|item| item.op_id);
            let stuck = phone.tray().into_iter();
            let stuck = stuck.filter(|stuck| stuck.kind == NotSentKind::Message);
            for op_id in shown.chain(stuck.map(|stuck| stuck.op_id)) {
                *seen.entry(op_id).or_default() += 1;
            }
            assert!(seen.values().all(|times| *times == 1), "something is there twice");
            for (on, op_id) in &self.said {
                let is_here = seen.contains_key(op_id);
                assert!(
                    *on != number || is_here || self.deleted.contains(op_id),
                    "something is gone"
                );
            }
        }
    }

    fn settle(&mut self) {
        for _ in 0..3 {
            for on in 0..self.phones.len() {
                while let Some(stuck) = self.phones[on].tray().first() {
                    let again = self.phones[on].chat().retry(stuck.op_id).unwrap();
                    self.renamed(stuck.op_id, again);
                }
                self.phones[on].clock.advance(10_000);
                self.phones[on].sync(&mut self.log);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_or_doubled_at_any_moment_and_all_read_the_same_in_the_end(
        steps in prop::collection::vec(step(), 1..50),
    ) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
            world.check();
        }
        world.settle();
        world.check();
        let first = world.phones[0].texts();
        for phone in &world.phones {
            prop_assert_eq!(phone.waiting(), 0);
            prop_assert_eq!(&phone.texts(), &first);
        }
        let ids: BTreeSet<OpId> = world.log.entries.iter().map(|entry| entry.op_id).collect();
        prop_assert_eq!(ids.len(), world.log.entries.len());
    }
}
