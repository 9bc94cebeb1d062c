//! A handful of elections in one process. Messages arrive at once, time passes when asked.

use std::collections::{BTreeMap, BTreeSet};

use proto::{ServerId, Zxid};
use zab::ServerState;
use zab::election::{Election, Input, Output, Settings, Standing};
use zab::quorum::{Quorums, Verifier};
use zab::wire::{ConfigText, Notification};

pub fn standing(peer_epoch: i64, zxid: i64) -> Option<Standing> {
    Some(Standing { peer_epoch, zxid: Zxid(zxid) })
}

pub fn voters(count: i64) -> Quorums {
    Quorums::new(Verifier::majority((1..=count).map(ServerId)).expect("voters"))
}

/// Servers that run, what they decided, and which pairs cannot talk.
pub struct Cluster {
    quorums: Quorums,
    pub now_ms: i64,
    pub running: BTreeMap<i64, Election>,
    pub decided: BTreeMap<i64, (ServerState, i64)>,
    cut: BTreeSet<(i64, i64)>,
}

impl Cluster {
    pub fn new(quorums: Quorums) -> Self {
        Cluster {
            quorums,
            now_ms: 0,
            running: BTreeMap::new(),
            decided: BTreeMap::new(),
            cut: BTreeSet::new(),
        }
    }

    pub fn start(&mut self, server: i64, standing: Option<Standing>) {
        let config = ConfigText::new("version=0");
        let quorums = self.quorums.clone();
        let election = Election::new(ServerId(server), Settings::default(), quorums, config);
        self.running.insert(server, election);
        self.feed(server, Input::Start { standing });
        // The others notice the new connection and tell their votes on it.
        for other in self.running.keys().copied().collect::<Vec<_>>() {
            if other != server && self.connected(server, other) {
                self.feed(other, Input::LinkUp(ServerId(server)));
            }
        }
    }

    pub fn stop(&mut self, server: i64) {
        self.running.remove(&server);
        self.decided.remove(&server);
    }

    /// The leader is gone: look again.
    pub fn look(&mut self, server: i64, standing: Option<Standing>) {
        self.decided.remove(&server);
        self.feed(server, Input::Stop);
        self.feed(server, Input::Start { standing });
    }

    pub fn cut(&mut self, a: i64, b: i64) {
        self.cut.extend([(a, b), (b, a)]);
    }

    pub fn connected(&self, a: i64, b: i64) -> bool {
        !self.cut.contains(&(a, b))
    }

    pub fn feed(&mut self, server: i64, input: Input) {
        let mut inputs = vec![(server, input)];
        while let Some((server, input)) = inputs.pop() {
            let Some(election) = self.running.get_mut(&server) else { continue };
            election.handle(self.now_ms, input);
            let mut next = Vec::new();
            while let Some(output) = election.poll_output() {
                match output {
                    Output::Send { to, notification } if !self.cut.contains(&(server, to.0)) => {
                        next.push((to.0, received(server, notification)));
                    }
                    Output::Decided { state, vote } => {
                        self.decided.insert(server, (state, vote.leader.0));
                    }
                    _ => {}
                }
            }
            inputs.splice(0..0, next.into_iter().rev());
        }
    }

    pub fn pass(&mut self, ms: i64) {
        let end_ms = self.now_ms + ms;
        loop {
            let next = self.running.iter().filter_map(|(s, e)| Some((e.poll_timeout()?, *s))).min();
            match next {
                Some((at_ms, server)) if at_ms <= end_ms => {
                    self.now_ms = self.now_ms.max(at_ms);
                    self.feed(server, Input::Timeout);
                }
                _ => break,
            }
        }
        self.now_ms = end_ms;
    }

    /// `1 FOLLOWING 3, 3 LEADING`, in order of id.
    pub fn roles(&self) -> String {
        let role = |(server, election): (&i64, &Election)| match self.decided.get(server) {
            Some((ServerState::Leading, _)) => format!("{server} leads"),
            Some((ServerState::Following, leader)) => format!("{server} follows {leader}"),
            Some((ServerState::Observing, leader)) => format!("{server} observes {leader}"),
            _ => {
                assert_eq!(election.state(), ServerState::Looking);
                format!("{server} looks")
            }
        };
        self.running.iter().map(role).collect::<Vec<_>>().join(", ")
    }
}

/// As over the wire.
pub fn received(from: i64, notification: Notification) -> Input {
    let mut bytes = Vec::new();
    notification.encode(&mut bytes);
    let notification = Notification::decode(&bytes).expect("our own bytes");
    Input::Notification { from: ServerId(from), notification }
}
