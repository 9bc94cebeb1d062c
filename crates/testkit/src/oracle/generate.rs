//! Draws the steps of a round from a seed.
//!
//! The names, versions and connections it draws from are those that the first server showed, so
//! that most requests hit something. The same seed against the same kind of first server gives the
//! same steps.

mod acl;
mod paths;
mod requests;
mod transactions;

use std::collections::{BTreeMap, VecDeque};

use jute::Reader;
use proto::{OpCode, Stat};

use super::profile::Profile;
use super::render::Seen;
use super::rng::Rng;
use super::side::Outcome;
use super::step::{Greeting, Request, Slot, Step, Who};
use crate::client::{Body, MultiResult};

/// How many created paths are remembered.
const RECENT_MAX: usize = 150;

/// Bodies above this may be too large for a frame.
const LARGE_BYTES: usize = 1_000_000;

/// How many watched paths of a connection are remembered.
const WATCHED_MAX: usize = 24;

/// Draws steps.
#[derive(Debug)]
pub struct Generator {
    rng: Rng,
    profile: Profile,
    slots: Vec<SlotView>,
    /// Steps that follow from an earlier one, such as an auth after a connect.
    next: VecDeque<Step>,
    recent: VecDeque<String>,
    /// Version and ACL version of nodes, as last seen.
    versions: BTreeMap<String, (i32, i32)>,
    /// Steps between two expiries; 0 for none.
    expire_every: usize,
    steps: usize,
}

/// What the generator knows of a connection.
#[derive(Debug, Clone, Default)]
struct SlotView {
    connected: bool,
    has_session: bool,
    last_xid: i32,
    last_zxid: i64,
    watched: Vec<String>,
}

impl Generator {
    /// A generator for `slots` connections.
    pub fn new(seed: u64, profile: Profile, slots: usize, expire_every: usize) -> Self {
        Generator {
            rng: Rng::new(seed),
            profile,
            slots: vec![SlotView::default(); slots],
            next: VecDeque::new(),
            recent: VecDeque::new(),
            versions: BTreeMap::new(),
            expire_every,
            steps: 0,
        }
    }

    /// The next step.
    pub fn step(&mut self) -> Step {
        self.steps += 1;
        if let Some(step) = self.next.pop_front().filter(|step| self.is_possible(step)) {
            return step;
        }
        self.next.clear();
        if self.expire_every > 0 && self.steps.is_multiple_of(self.expire_every) {
            return self.expire();
        }
        let slot = self.rng.below(self.slots.len());
        if self.slots[slot].connected { self.on_connection(slot) } else { self.reconnect(slot) }
    }

    /// Takes in what the first server answered.
    pub fn learn(&mut self, step: &Step, outcome: &Outcome) {
        match step {
            Step::Ask(_, request) => self.learn_reply(std::slice::from_ref(request), outcome),
            Step::Burst(_, requests) => self.learn_reply(requests, outcome),
            Step::Close(slot, _) => self.slots[*slot].has_session = false,
            Step::Connect(slot, _) => {
                let mut seen = outcome.iter().flat_map(|(_, seen)| seen);
                let has_session = seen
                    .any(|seen| matches!(seen, Seen::Greeting(answer) if answer.timeout_ms > 0));
                self.slots[*slot] = SlotView { has_session, ..SlotView::default() };
            }
            _ => {}
        }
    }

    /// Takes in whether a connection stands and how far it has seen.
    pub fn learn_slot(&mut self, slot: Slot, connected: bool, last_zxid: i64) {
        self.slots[slot].connected = connected;
        self.slots[slot].last_zxid = last_zxid;
    }

    fn is_possible(&self, step: &Step) -> bool {
        match step {
            Step::Ask(slot, _) | Step::Burst(slot, _) => self.slots[*slot].connected,
            _ => true,
        }
    }

    fn on_connection(&mut self, slot: Slot) -> Step {
        const WEIGHTS: [usize; 9] = [930, 40, 3, 6, 4, 3, 2, 1, 6];
        match self.rng.weighted(&WEIGHTS) {
            0 => {
                let request = self.request(slot);
                self.ask(slot, request)
            }
            1 => self.burst(slot),
            2 => {
                let body = if self.rng.chance(100) { vec![1, 2, 3] } else { Vec::new() };
                Step::Close(slot, self.plain(slot, OpCode::CloseSession, body))
            }
            3 => Step::Drop(slot),
            4 => self.probe(slot),
            5 => self.connect(slot, Who::Own),
            6 => Step::Garbage(slot, self.garbage()),
            7 => self.connect(slot, Who::New),
            _ => Step::Barrier,
        }
    }

    fn reconnect(&mut self, slot: Slot) -> Step {
        let own = self.slots[slot].has_session;
        match self.rng.weighted(&[if own { 75 } else { 0 }, if own { 10 } else { 2 }, 15]) {
            0 => self.connect(slot, Who::Own),
            1 => self.probe(slot),
            _ => self.connect(slot, Who::New),
        }
    }

    fn connect(&mut self, slot: Slot, who: Who) -> Step {
        let last_zxid = self.slots[slot].last_zxid;
        let timeout_ms = self.rng.number(&[600_000, 1_000_000, 3_600_000, i32::MAX]);
        let read_only = self.rng.number(&[Some(false), Some(false), Some(true), None]);
        if who == Who::Own {
            let request = self.set_watches(slot);
            self.next.push_back(Step::Ask(slot, request));
        }
        if self.rng.chance(400) {
            let request = self.auth(slot);
            self.next.push_back(Step::Ask(slot, request));
        }
        let last_zxid_seen = if self.rng.chance(300) { 0 } else { last_zxid };
        Step::Connect(
            slot,
            Greeting { who, timeout_ms, read_only, protocol_version: 0, last_zxid_seen },
        )
    }

    fn probe(&mut self, slot: Slot) -> Step {
        let who = self.rng.number(&[
            Who::New,
            Who::New,
            Who::OwnWrongPassword,
            Who::OwnNullPassword,
            Who::OwnShortPassword,
            Who::Unknown,
        ]);
        // Without a session of its own the slot has no id to try a password on.
        let who = if self.slots[slot].has_session { who } else { Who::Unknown };
        Step::Probe(
            slot,
            Greeting {
                who,
                // A short session must live until it is closed.
                timeout_ms: self.rng.number(&[4000, 30_000, i32::MAX, 3_600_001]),
                read_only: self.rng.number(&[Some(false), Some(true), None]),
                protocol_version: self.rng.number(&[0, 0, 0, 1, -1]),
                last_zxid_seen: self.rng.number(&[0, 0, 0, -1, i64::MIN, i64::MAX, 1 << 40]),
            },
        )
    }

    fn garbage(&mut self) -> Vec<u8> {
        let mut frame = |length: i32, bytes: usize| {
            let mut out = length.to_be_bytes().to_vec();
            out.extend((0..bytes).map(|_| self.rng.next() as u8));
            out
        };
        let choices = [
            frame(0, 0),
            frame(1, 1),
            frame(7, 7),
            frame(-1, 0),
            frame(-1, 20),
            frame(i32::MIN, 4),
            frame(i32::MAX, 64),
            // The first length above jute.maxbuffer.
            frame(0x10_0000, 64),
        ];
        choices[self.rng.below(choices.len())].clone()
    }

    fn expire(&mut self) -> Step {
        let mut requests = Vec::new();
        for index in 0..self.rng.below(4) {
            let path = self.rng.pick(&["/a/x", "/b/x", "/x", "/a/b/x"]).to_owned();
            let flags = self.rng.number(&[1, 1, 3]);
            let acl = crate::client::request::open_acl();
            let body =
                crate::client::request::create(Some(&path), Some(b"short"), Some(&acl), flags);
            let xid = index as i32 + 1;
            requests.push(Request { xid, op: OpCode::Create.code(), body });
        }
        Step::Expire(requests)
    }

    fn ask(&mut self, slot: Slot, request: Request) -> Step {
        if self.rng.chance(3) {
            let op = self.rng.number(&[0, -1, 10, 13, 23, 99, 108, 1000, -9, -12, i32::MIN]);
            return Step::Ask(slot, Request { op, ..request });
        }
        Step::Ask(slot, request)
    }

    fn burst(&mut self, slot: Slot) -> Step {
        let count = 2 + self.rng.below(30);
        let mut requests: Vec<Request> = (0..count * 2).map(|_| self.request(slot)).collect();
        requests.retain(|request| self.may_burst(request));
        requests.truncate(count);
        Step::Burst(slot, requests)
    }

    /// Whether the answer is the same however the server's threads take turns; what is kept out
    /// stands in [`super::explained::AVOIDED`].
    fn may_burst(&self, request: &Request) -> bool {
        let names = |text: &[u8]| request.body.windows(text.len()).any(|window| window == text);
        let quota = self.profile.enforce_quota && (names(b"/q") || names(b"/chroot"));
        let op = request.op_code();
        let alone = matches!(op, Some(OpCode::Auth | OpCode::Sasl | OpCode::SetAcl));
        let large = request.body.len() > LARGE_BYTES;
        !quota && !alone && !large
    }

    fn learn_reply(&mut self, requests: &[Request], outcome: &Outcome) {
        let replies = outcome.iter().flat_map(|(_, seen)| seen).filter_map(|seen| match seen {
            Seen::Reply(_, reply) => Some(reply),
            _ => None,
        });
        for (request, reply) in requests.iter().zip(replies) {
            let Some(op) = request.op_code().filter(|_| reply.header.err == 0) else { continue };
            let Ok(body) = Body::decode(op, &mut Reader::new(&reply.body)) else { continue };
            let path = Reader::new(&request.body).string().ok().flatten();
            if op == OpCode::Delete {
                self.recent.retain(|recent| Some(recent.as_str()) != path.as_deref());
            }
            self.learn_body(path.as_deref(), &body);
        }
    }

    fn learn_body(&mut self, path: Option<&str>, body: &Body) {
        match body {
            Body::Path(Some(path)) => self.learn_path(path),
            Body::PathStat(Some(path), stat) => {
                self.learn_path(path);
                self.learn_stat(path, stat);
            }
            Body::Stat(stat) | Body::Data(_, stat) | Body::Acl(_, stat) => {
                if let Some(path) = path {
                    self.learn_stat(path, stat);
                }
            }
            Body::Multi(results) => {
                for result in results {
                    if let MultiResult::Create(Some(path)) | MultiResult::Create2(Some(path), _) =
                        result
                    {
                        self.learn_path(path);
                    }
                }
            }
            _ => {}
        }
    }

    fn learn_path(&mut self, path: &str) {
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(path.to_owned());
    }

    fn learn_stat(&mut self, path: &str, stat: &Stat) {
        self.versions.insert(path.to_owned(), (stat.version, stat.aversion));
    }
}
