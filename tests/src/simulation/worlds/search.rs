//! The search: every state of a small world once, the nearest first.

use std::collections::VecDeque;

use super::small_world::SmallWorld;
use super::state::{Choice, State};
use super::unordered::Set;
use super::{Options, Report};
use crate::oracle::{self, Anomaly};
use crate::simulation::world::Template;

/// Visits every state that can be reached.
#[must_use]
pub fn search(template: &Template, options: Options) -> Report {
    ayumi_core::deliberate::make(options.bug);
    let report = Search::new(template, options).run();
    ayumi_core::deliberate::make(None);
    report
}

/// Walks one path, then lets happen what happens by itself. Returns what is objected to on the way and at its end.
///
/// Errors: the text of the first choice that cannot be made.
pub fn walk(template: &Template, options: Options, path: &[Choice]) -> Result<Vec<Anomaly>, String> {
    ayumi_core::deliberate::make(options.bug);
    let walked = walk_on(template, options, path);
    ayumi_core::deliberate::make(None);
    walked
}

fn walk_on(template: &Template, options: Options, path: &[Choice]) -> Result<Vec<Anomaly>, String> {
    let (mut world, mut state) = SmallWorld::new(template, options);
    let mut writer = world.writer();
    let mut anomalies = Vec::new();
    let show = |what: &str, world: &SmallWorld, state: &State| {
        if options.is_verbose {
            eprintln!("{what}: {}", world.describe(state));
        }
    };
    show("beginning", &world, &state);
    for choice in path {
        if !world.choices(&state).contains(choice) {
            return Err(format!("{choice} cannot happen here"));
        }
        state = world.apply(&state, *choice, Some(&mut writer));
        show(&choice.to_string(), &world, &state);
        anomalies.extend(world.objection(&state));
    }
    state = world.rest(state, Some(&mut writer));
    show("end", &world, &state);
    anomalies.extend(world.objection(&state));
    anomalies.extend(oracle::check(&world.finish(writer, &state)));
    Ok(anomalies)
}

struct Search {
    world: SmallWorld,
    options: Options,
    beginning: State,
    seen: Set<State>,
    /// From where and by what each state was reached first.
    ways: Vec<(u32, Choice)>,
    queue: VecDeque<(u32, u32, State)>,
    report: Report,
}

impl Search {
    fn new(template: &Template, options: Options) -> Self {
        let (world, beginning) = SmallWorld::new(template, options);
        Self {
            world,
            options,
            beginning,
            seen: Set::new(),
            ways: Vec::new(),
            queue: VecDeque::new(),
            report: Report::default(),
        }
    }

    fn run(mut self) -> Report {
        let beginning = self.beginning;
        self.visit(0, (0, Choice::BackUp), beginning);
        while let Some((number, depth, state)) = self.queue.pop_front() {
            self.report.depth = depth;
            let choices = self.world.choices(&state);
            if SmallWorld::is_quiet(&choices) {
                self.judge(number);
            }
            for choice in choices {
                let next = self.world.apply(&state, choice, None);
                self.report.transitions += 1;
                self.visit(depth + 1, (number, choice), next);
            }
            if self.report.failures.len() >= self.options.most_anomalies {
                break;
            }
            let is_full = self
                .options
                .most_states
                .is_some_and(|most| self.report.states >= most);
            if is_full {
                self.report.is_complete = false;
                self.report.waiting = self.queue.len() as u64;
                break;
            }
            if self.options.is_verbose && number % 1_000_000 == 0 {
                eprintln!("{}, {} wait", self.report, self.queue.len());
            }
        }
        let [phone_states, server_states, phone_steps, server_steps] = self.world.made();
        self.report.phone_states = phone_states as u64;
        self.report.server_states = server_states as u64;
        self.report.steps = (phone_steps + server_steps) as u64;
        self.report
    }

    fn visit(&mut self, depth: u32, way: (u32, Choice), state: State) {
        if !self.seen.insert(state) {
            return;
        }
        let number = self.ways.len() as u32;
        self.ways.push(way);
        self.report.states += 1;
        if let Some(anomaly) = self.world.objection(&state) {
            let path = self.path(number);
            self.report.failures.push((path, vec![anomaly]));
        }
        self.queue.push_back((number, depth, state));
    }

    /// How a state was reached.
    fn path(&self, mut number: u32) -> Vec<Choice> {
        let mut path = Vec::new();
        while number > 0 {
            let (from, choice) = self.ways[number as usize];
            path.push(choice);
            number = from;
        }
        path.reverse();
        path
    }

    /// Nothing more happens by itself: the oracle judges how it came to this.
    fn judge(&mut self, number: u32) {
        self.report.terminal += 1;
        let path = self.path(number);
        let mut writer = self.world.writer();
        let mut state = self.beginning;
        for choice in &path {
            state = self.world.apply(&state, *choice, Some(&mut writer));
        }
        let anomalies = oracle::check(&self.world.finish(writer, &state));
        if !anomalies.is_empty() {
            self.report.failures.push((path, anomalies));
        }
    }
}
