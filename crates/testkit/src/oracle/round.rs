use std::collections::VecDeque;

use jute::Reader;
use proto::{OpCode, ReplyHeader};

use super::explained::explain;
use super::generate::Generator;
use super::profile::Profile;
use super::render::Seen;
use super::report::{Difference, Report};
use super::side::{Outcome, Side};
use super::step::{Request, Step, op_name};
use super::{Error, Options, dump};
use crate::client;
use crate::client::code_name;
use crate::process::ServerProcess;

/// Steps shown before a difference.
const HISTORY_SHOWN: usize = 12;

/// Earlier steps on the same path shown before that.
const RELATED_SHOWN: usize = 12;

/// Operations of a round before a planted difference.
const INJECT_AFTER: usize = 300;

/// Lines of a server's output shown when it is gone.
const OUTPUT_LINES_SHOWN: usize = 40;

/// Lines of a tree shown that differ.
const TREE_LINES_SHOWN: usize = 20;

/// Runs one round and returns how many differences it found.
pub fn run(
    options: &Options,
    round: usize,
    profile: Profile,
    ops: usize,
    report: &mut Report,
) -> Result<usize, Error> {
    let mut round = Round::start(options, round, profile, report)?;
    let before = round.report.differences.len();
    if let Err(error) = round.drive(ops) {
        // A server that goes away in the middle is a finding, not a failure of the oracle.
        let lines = [vec![error.to_string()], Vec::new()];
        round.differ(&Step::Barrier, "a server is gone".into(), &lines);
    }
    let found = round.report.differences.len() - before;
    round.report.rounds_with_differences += usize::from(found > 0);
    Ok(found)
}

struct Round<'a> {
    options: &'a Options,
    number: usize,
    profile: Profile,
    report: &'a mut Report,
    /// Kept alive until the round ends.
    servers: Vec<ServerProcess>,
    sides: [Side; 2],
    history: VecDeque<Step>,
    ops: usize,
    differences: usize,
}

impl<'a> Round<'a> {
    fn start(
        options: &'a Options,
        number: usize,
        profile: Profile,
        report: &'a mut Report,
    ) -> Result<Self, Error> {
        let start = |kind| profile.options(kind).start(kind);
        let servers = vec![start(options.servers[0])?, start(options.servers[1])?];
        let connect = |index: usize| {
            let server = options.servers[index];
            Side::connect(servers[index].client_addr(), options.slots).map_err(|source| {
                let output = tail(&servers[index].output());
                Error::Control { server, round: number, source, output }
            })
        };
        let sides = [connect(0)?, connect(1)?];
        let history = VecDeque::new();
        Ok(Round {
            options,
            number,
            profile,
            report,
            servers,
            sides,
            history,
            ops: 0,
            differences: 0,
        })
    }

    /// Steps until enough operations were made or the servers went apart.
    fn drive(&mut self, ops: usize) -> Result<(), Error> {
        let seed = self.options.seed.wrapping_add(self.number as u64);
        let mut generator =
            Generator::new(seed, self.profile, self.options.slots, self.options.expire_every);
        while self.ops < ops {
            let step = generator.step();
            let Some(outcome) = self.step(&step)? else { return Ok(()) };
            self.count(&step, &outcome);
            generator.learn(&step, &outcome);
            for slot in 0..self.options.slots {
                let side = &self.sides[0];
                generator.learn_slot(slot, side.is_connected(slot), side.last_zxid(slot));
            }
            self.ops += step.weight();
            self.history.push_back(step);
        }
        self.step(&Step::Barrier)?;
        self.compare_trees()
    }

    /// Makes a step on both servers; `None` when they went apart.
    fn step(&mut self, step: &Step) -> Result<Option<Outcome>, Error> {
        let changed = self.injected(step);
        let second = changed.as_ref().unwrap_or(step);
        self.sides[0].begin(step);
        self.sides[1].begin(second);
        let outcomes = [self.sides[0].finish(step), self.sides[1].finish(second)];
        let lines = [self.sides[0].lines(&outcomes[0]), self.sides[1].lines(&outcomes[1])];
        let [outcome, other] = outcomes;
        if self.is_in_trouble(&outcome) {
            self.differ(step, "a server is gone".into(), &lines);
            return Ok(None);
        }
        if lines[0] == lines[1] {
            return Ok(Some(outcome));
        }
        if let Some(explained) = explain(step) {
            *self.report.explained.entry(explained.name).or_default() += 1;
            self.rejoin()?;
            return Ok(Some(outcome));
        }
        let signature = signature(step, [&outcome, &other], &lines);
        self.differ(step, signature, &lines);
        self.rejoin()?;
        self.differences += 1;
        Ok((self.differences < self.options.differences_per_round).then_some(outcome))
    }

    /// Brings both servers' connections and zxids in step again after a difference. The trees may
    /// differ; what follows from that is found as well.
    fn rejoin(&mut self) -> Result<(), Error> {
        for slot in 0..self.options.slots {
            if self.sides[0].is_connected(slot) != self.sides[1].is_connected(slot) {
                self.sides.iter_mut().for_each(|side| side.disconnect(slot));
            }
        }
        self.realign()
    }

    /// Whether a server ended: then even equal outcomes mean nothing.
    fn is_in_trouble(&mut self, outcome: &Outcome) -> bool {
        let mut seen = outcome.iter().flat_map(|(_, seen)| seen);
        seen.any(|seen| matches!(seen, Seen::Trouble(_)))
            && !self.servers.iter_mut().all(ServerProcess::is_running)
    }

    /// The second server gets another request, when that is wanted.
    fn injected(&self, step: &Step) -> Option<Step> {
        let now = self.options.inject && self.ops > INJECT_AFTER;
        match step {
            Step::Ask(slot, request) if now && request.op == OpCode::Exists.code() => {
                let body = client::request::path_watch(Some("/no/such/node"), false);
                Some(Step::Ask(*slot, Request { body, ..request.clone() }))
            }
            _ => None,
        }
    }

    /// After a meant difference the second server may have used more or fewer zxids.
    fn realign(&mut self) -> Result<(), Error> {
        let want = self.sides[0].zxid().map_err(|error| self.lost(0, error))?;
        let have = self.sides[1].zxid().map_err(|error| self.lost(1, error))?;
        if want != have {
            self.sides[1].realign(want).map_err(|error| self.lost(1, error))?;
        }
        Ok(())
    }

    fn compare_trees(&mut self) -> Result<(), Error> {
        let mut trees = Vec::new();
        for index in 0..2 {
            let (control, names) = self.sides[index].control();
            let tree = dump::tree(control, names);
            trees.push(tree.map_err(|error| self.lost(index, error))?);
        }
        self.report.nodes += trees[0].len();
        let only = |of: usize, not: usize| {
            let lines = trees[of].iter().filter(|line| !trees[not].contains(line));
            lines.take(TREE_LINES_SHOWN).cloned().collect::<Vec<_>>()
        };
        if trees[0] != trees[1] {
            let lines = [only(0, 1), only(1, 0)];
            self.differ(&Step::Barrier, "final tree".into(), &lines);
        }
        Ok(())
    }

    fn differ(&mut self, step: &Step, signature: String, lines: &[Vec<String>; 2]) {
        let Options { seed, servers, .. } = self.options;
        let mut text = format!(
            "DIFFERENCE: {signature}\nseed {seed} round {} profile {} after {} operations; \
             the last steps:\n",
            self.number, self.profile, self.ops
        );
        for step in self.related(step) {
            text.push_str(&format!("  ... {step}\n"));
        }
        let recent = self.history.len().saturating_sub(HISTORY_SHOWN);
        for step in self.history.iter().skip(recent) {
            text.push_str(&format!("      {step}\n"));
        }
        text.push_str(&format!("  >>> {step}\n"));
        for index in 0..2 {
            text.push_str(&format!("  {} server:\n", servers[index]));
            let shared = |line: &&String| lines[1 - index].contains(line);
            for line in &lines[index] {
                let mark = if shared(&line) { ' ' } else { '!' };
                text.push_str(&format!("    {mark} {line}\n"));
            }
            if !self.servers[index].is_running() {
                text.push_str("    ! the server has ended\n");
            }
            text.push_str(&self.complaints(index));
        }
        self.report.differences.push(Difference { signature, text });
    }

    /// The error of a control connection that failed.
    fn lost(&self, index: usize, source: client::Error) -> Error {
        let output = tail(&self.servers[index].output());
        let server = self.options.servers[index];
        Error::Control { server, round: self.number, source, output }
    }

    /// The end of what a server printed, which often names the cause.
    fn complaints(&self, index: usize) -> String {
        let output = self.servers[index].output();
        let interesting = |line: &&str| line.contains("panicked") || line.contains("Error");
        let lines: Vec<&str> = output.lines().filter(interesting).collect();
        let tail = &lines[lines.len().saturating_sub(3)..];
        tail.iter().map(|line| format!("      it printed: {line}\n")).collect()
    }

    /// Earlier steps that name the same path.
    fn related(&self, step: &Step) -> Vec<Step> {
        let path = match step {
            Step::Ask(_, request) => Reader::new(&request.body).string().ok().flatten(),
            _ => None,
        };
        let Some(path) = path.filter(|path| path.len() > 1) else { return Vec::new() };
        let names = |step: &&Step| match step {
            Step::Ask(_, request) => contains(&request.body, path.as_bytes()),
            Step::Burst(_, requests) => {
                requests.iter().any(|request| contains(&request.body, path.as_bytes()))
            }
            _ => false,
        };
        let older = self.history.iter().rev().skip(HISTORY_SHOWN);
        let mut steps: Vec<Step> = older.filter(names).take(RELATED_SHOWN).cloned().collect();
        steps.reverse();
        steps
    }

    fn count(&mut self, step: &Step, outcome: &Outcome) {
        self.report.ops += step.weight();
        for seen in outcome.iter().flat_map(|(_, seen)| seen) {
            let key = match seen {
                Seen::Event(_) => {
                    self.report.events += 1;
                    continue;
                }
                Seen::Reply(op, reply) => (op_name(*op), code_name(reply.header.err)),
                Seen::Greeting(answer) if answer.timeout_ms == 0 => (step.kind(), "refused".into()),
                Seen::Greeting(_) => (step.kind(), "greeting".into()),
                Seen::Closed => (step.kind(), "closed".into()),
                Seen::Note(_) | Seen::Trouble(_) => (step.kind(), "other".into()),
            };
            *self.report.results.entry(key).or_default() += 1;
        }
    }
}

/// The operation and both results of the first request whose replies differ; for equal results
/// the first words that differ.
fn signature(step: &Step, outcomes: [&Outcome; 2], lines: &[Vec<String>; 2]) -> String {
    let results = |outcome: &Outcome| -> Vec<(String, String)> {
        let seen = outcome.iter().flat_map(|(_, seen)| seen);
        seen.map(|seen| result(step, seen)).collect()
    };
    let (first, second) = (results(outcomes[0]), results(outcomes[1]));
    let at = first.iter().zip(&second).position(|(a, b)| a != b);
    let nothing = (step.kind(), "nothing".to_owned());
    match at.or_else(|| (first.len() != second.len()).then(|| first.len().min(second.len()))) {
        Some(at) => {
            let (a, b) = (first.get(at).unwrap_or(&nothing), second.get(at).unwrap_or(&nothing));
            format!("{} {} / {} {}", a.0, a.1, b.0, b.1)
        }
        None => format!("{} {}", step.kind(), first_words(lines)),
    }
}

/// The first words that differ, without their numbers.
fn first_words(lines: &[Vec<String>; 2]) -> String {
    let (a, b) = (lines[0].join(" "), lines[1].join(" "));
    let mut words = a.split(' ').zip(b.split(' '));
    let text = match words.find(|(a, b)| a != b) {
        Some((a, b)) => format!("{a} / {b}"),
        None => "one has more words".into(),
    };
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn result(step: &Step, seen: &Seen) -> (String, String) {
    match seen {
        Seen::Reply(op, reply) => {
            let ReplyHeader { err, .. } = reply.header;
            (op_name(*op), code_name(err))
        }
        Seen::Event(event) => ("event".into(), event.event.kind.to_string()),
        Seen::Greeting(answer) => (step.kind(), format!("timeout {}", answer.timeout_ms)),
        Seen::Closed => (step.kind(), "closed".into()),
        Seen::Note(text) | Seen::Trouble(text) => (step.kind(), text.clone()),
    }
}

/// The last lines of a server's output.
fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    lines[lines.len().saturating_sub(OUTPUT_LINES_SHOWN)..].join("\n")
}

fn contains(body: &[u8], needle: &[u8]) -> bool {
    body.windows(needle.len()).any(|window| window == needle)
}
