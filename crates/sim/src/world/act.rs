//! What processes want, and the checks at the moment they want it.

use proto::{ServerId, Zxid};
use zab::ServerState;
use zab::disk::Duty;
use zab::leader::{self, Closed, Item, LearnerId};
use zab::learner;
use zab::member::{Input, Output};
use zab::wire::{FromLeader, FromLearner, Notification, ProposedTxn};

use super::World;
use super::event::Event;
use crate::entry::{self, holds, last_zxid};
use crate::network::Freight;

impl World {
    pub(super) fn act(&mut self, id: ServerId, output: Output) {
        match output {
            Output::Notify { to, notification } => self.notify(id, to, &notification),
            Output::Reconnect => {}
            Output::Lead => self.note(format_args!("{id} is to lead")),
            Output::Follow { leader } => {
                self.note(format_args!("{id} is to follow {leader}"));
                let role = self.servers[&id].role;
                let delay_ms = self.delay();
                let connect = Event::Connect { from: id, role, leader, attempt: 0 };
                self.schedule(delay_ms, connect);
            }
            Output::Disk(duty) => self.duty(id, duty),
            Output::Leader(output) => self.leader_wants(id, output),
            Output::Learner(output) => self.learner_wants(id, output),
            Output::Drain => self.drain(id),
        }
    }

    fn notify(&mut self, from: ServerId, to: ServerId, notification: &Notification) {
        self.check_vote(from, notification);
        let mut bytes = Vec::new();
        notification.encode(&mut bytes);
        if self.network.votes.insert((from, to), bytes).is_none() || self.rng.chance(100) {
            let delay_ms = self.delay();
            self.schedule(delay_ms, Event::Vote { from, to });
        } else {
            self.schedule(self.knobs.delay_max_ms, Event::Vote { from, to });
        }
    }

    fn check_vote(&mut self, from: ServerId, notification: &Notification) {
        if notification.state != ServerState::Looking || notification.peer_epoch == i64::MIN {
            return;
        }
        let (now_ms, server) = (self.now_ms, &self.servers[&from]);
        let vote = (notification.peer_epoch, notification.zxid, notification.leader);
        let about_itself = notification.leader == from && notification.zxid != Zxid(-1);
        if about_itself {
            let durable = &server.disk.durable;
            let have = (i64::from(durable.current.0), last_zxid(&durable.history()), from);
            self.ghost.check(now_ms, vote == have, "Z17 advertised is durable", &|| {
                format!("server {from} votes {vote:?}, its disk has {have:?}")
            });
        }
        let election = server.member.as_ref().map(|member| member.election());
        let leaves_out =
            election.is_some_and(|e| e.leaves_out(from) || e.leaves_out(notification.leader));
        if notification.zxid != Zxid(-1) && !leaves_out {
            let round = (from, server.incarnation, notification.round);
            self.ghost.vote(now_ms, round, vote);
        }
    }

    fn duty(&mut self, id: ServerId, duty: Duty) {
        self.note(format_args!("{id} writes {}", short(&duty)));
        if let Duty::PersistCurrentEpoch(epoch) = duty
            && self.leads(id)
        {
            let initial = self.known(id).to_vec();
            self.ghost.initial.insert(epoch, initial);
        }
        let server = self.server(id);
        let role = server.role;
        server.disk.give(role, duty);
        self.write(id);
    }

    fn leads(&self, id: ServerId) -> bool {
        self.servers[&id].member.as_ref().is_some_and(|member| member.leader().is_some())
    }

    fn drain(&mut self, id: ServerId) {
        self.note(format_args!("{id} ends its role"));
        for conn in self.network.of(id) {
            self.close(conn);
        }
        let drops = self.rng.chance(500);
        let server = self.server(id);
        server.begin_role();
        server.draining = true;
        if drops && !cfg!(feature = "planted-p04") {
            server.disk.drop_waiting();
        }
        let incarnation = server.incarnation;
        self.schedule(0, Event::Drained(id, incarnation));
    }

    fn leader_wants(&mut self, id: ServerId, output: leader::Output) {
        match output {
            leader::Output::ToLearner(LearnerId(conn), item) => self.tell_learner(id, conn, item),
            leader::Output::Close(LearnerId(conn), why) => {
                self.note(format_args!("{id} closes connection {conn}: {why:?}"));
                if let Closed::Misbehaved(misbehaved) = why
                    && !tolerated(&misbehaved)
                {
                    self.illegal(id, &misbehaved);
                }
                self.close(conn);
            }
            leader::Output::Established { epoch } => {
                self.note(format_args!("{id} leads epoch {epoch}"));
                let now_ms = self.now_ms;
                let weight = self.quorums.committed().weight(id);
                self.ghost.check(now_ms, weight > 0, "E1 eligibility", &|| {
                    format!("server {id} leads and has no vote")
                });
                self.ghost.establish(now_ms, epoch, id);
                let history = self.servers[&id].disk.known.clone();
                let complete = holds(&history, &self.ghost.committed);
                self.ghost.check(now_ms, complete, "Z11 commit completeness", &|| {
                    format!("server {id} leads epoch {epoch} without all that is committed")
                });
                self.ghost.commit(now_ms, id, &history);
            }
            leader::Output::Commit { upto } => self.apply(id, upto),
            leader::Output::Synced { token } => self.synced(id, token),
            leader::Output::Request(..) => self.propose(id),
            leader::Output::Revalidate { learner, session, .. } => {
                let answer = leader::Input::Revalidated { learner, session, valid: true };
                self.feed_later(0, id, Input::Leader(answer));
            }
            leader::Output::Touched(..) => {}
            leader::Output::Ended(why) => self.note(format_args!("{id} leads no more: {why:?}")),
            leader::Output::Disk(duty) => self.duty(id, duty),
        }
    }

    fn tell_learner(&mut self, id: ServerId, conn: u64, item: Item) {
        match item {
            Item::Say(message) => {
                self.leader_says(id, conn, &message);
                self.send(conn, 1, Freight::Packet(message.to_packet()));
            }
            Item::Entries { after, upto } => {
                let known = self.known(id);
                let from = entry::count_upto(known, after);
                let entries = known[from..entry::count_upto(known, upto)].to_vec();
                self.note(format_args!("{id} sends {} old entries to {conn}", entries.len()));
                for entry in entries {
                    let zxid = entry.zxid;
                    let txn = ProposedTxn { zxid, record: entry.record };
                    let proposal = FromLeader::Proposal(txn).to_packet();
                    self.send(conn, 1, Freight::Packet(proposal));
                    let commit = FromLeader::Commit { zxid }.to_packet();
                    self.send(conn, 1, Freight::Packet(commit));
                }
            }
            Item::Snapshot { zxid } => {
                self.syncs[2] += 1;
                let known = self.known(id);
                let entries = known[..entry::count_upto(known, zxid)].to_vec();
                self.note(format_args!("{id} sends a snapshot of {zxid} to {conn}"));
                self.send(conn, 1, Freight::Packet(FromLeader::Snap { zxid }.to_packet()));
                self.send(conn, 1, Freight::Snapshot(entries));
            }
        }
    }

    fn leader_says(&mut self, id: ServerId, conn: u64, message: &FromLeader) {
        match message {
            FromLeader::Diff { .. } => self.syncs[0] += 1,
            FromLeader::Trunc { .. } => self.syncs[1] += 1,
            FromLeader::Commit { zxid } => self.commits(id, *zxid),
            FromLeader::Inform(txn) => self.commits(id, txn.zxid),
            FromLeader::UpToDate => {
                let member = self.servers[&id].member.as_ref();
                let committed = member.and_then(|m| m.leader()).map(|leader| leader.committed());
                self.uptodate.insert(conn, committed.unwrap_or(Zxid::ZERO));
            }
            _ => {}
        }
        if !matches!(message, FromLeader::Ping { .. } | FromLeader::Proposal(_)) {
            self.note(format_args!("{id} to {conn}: {message:?}"));
        }
    }

    /// A leader says that this is committed.
    fn commits(&mut self, id: ServerId, zxid: Zxid) {
        let known = &self.servers[&id].disk.known;
        let history = &known[..entry::count_upto(known, zxid)];
        self.ghost.commit(self.now_ms, id, history);
    }

    pub(super) fn send(&mut self, conn: u64, lane: usize, freight: Freight) {
        let delay_ms = self.delay();
        let now_ms = self.now_ms;
        let Some(open) = self.network.conns.get_mut(&conn) else { return };
        let lane_state = &mut open.lanes[lane];
        lane_state.cargo.push_back(freight);
        let at_ms = (now_ms + delay_ms).max(lane_state.busy_until_ms);
        lane_state.busy_until_ms = at_ms;
        self.schedule(at_ms - now_ms, Event::Deliver { conn, lane });
    }

    fn learner_wants(&mut self, id: ServerId, output: learner::Output) {
        match output {
            learner::Output::ToLeader(message) => self.tell_leader(id, message),
            learner::Output::Commit { upto } => self.apply(id, upto),
            learner::Output::Serve => self.serves(id),
            learner::Output::Pinged { zxid } => {
                let pong = learner::Input::Pong { zxid, touched: [].into() };
                self.feed_later(0, id, Input::Learner(pong));
            }
            learner::Output::Ended(why) => {
                self.note(format_args!("{id} follows no more: {why:?}"));
                if let learner::Ended::Misbehaved(misbehaved) = &why
                    && !tolerated(misbehaved)
                {
                    self.illegal(id, misbehaved);
                }
                if why == learner::Ended::Repaired {
                    self.server(id).disk.wiped = false;
                }
            }
            learner::Output::Established { epoch } => {
                self.note(format_args!("{id} is in epoch {epoch}"));
            }
            learner::Output::ReceiveSnapshot { .. }
            | learner::Output::Activate { .. }
            | learner::Output::Revalidated { .. }
            | learner::Output::Synced => {}
            learner::Output::Disk(duty) => self.duty(id, duty),
        }
    }

    fn tell_leader(&mut self, id: ServerId, message: FromLearner) {
        let Some(conn) = self.servers[&id].upstream else { return };
        self.check_learner_says(id, &message);
        if !matches!(message, FromLearner::Ping { .. }) {
            self.note(format_args!("{id} to its leader: {message:?}"));
        }
        self.send(conn, 0, Freight::Packet(message.to_packet()));
    }

    /// Promises and acks rest on the disk (Z3).
    fn check_learner_says(&mut self, id: ServerId, message: &FromLearner) {
        let now_ms = self.now_ms;
        let server = &self.servers[&id];
        let durable = &server.disk.durable;
        let learner = server.member.as_ref().and_then(|member| member.learner());
        let Some((learner, leader)) = learner else { return };
        match message {
            FromLearner::AckEpoch { current_epoch: Some(current), last_zxid } => {
                let epoch = learner.epoch();
                let kept = durable.accepted >= epoch;
                self.ghost.check(now_ms, kept, "Z3 promise is durable", &|| {
                    format!("server {id} promises {epoch} with {} on its disk", durable.accepted)
                });
                let have = (durable.current, last_zxid_of(durable));
                let same = have == (*current, *last_zxid) || server.disk.wiped;
                self.ghost.check(now_ms, same, "Z17 advertised is durable", &|| {
                    format!("server {id} says it has {current} {last_zxid}, its disk has {have:?}")
                });
                if self.quorums.is_voter(id) && learner.kind() == learner::Kind::Follower {
                    self.ghost.promise(now_ms, id, epoch, leader);
                }
            }
            FromLearner::Ack { zxid } if zxid.counter() == 0 => {
                let epoch = zab::Epoch::of(*zxid);
                let empty = Vec::new();
                let initial = self.ghost.initial.get(&epoch).unwrap_or(&empty);
                let complete = holds(&durable.history(), initial) && durable.current == epoch;
                self.ghost.check(now_ms, complete, "Z3 promise is durable", &|| {
                    format!(
                        "server {id} acknowledges NEWLEADER of {epoch} with epoch {} and {} on its disk",
                        durable.current,
                        last_zxid_of(durable)
                    )
                });
            }
            FromLearner::Ack { zxid } => {
                let kept = last_zxid_of(durable) >= *zxid;
                self.ghost.check(now_ms, kept, "Z3 promise is durable", &|| {
                    format!(
                        "server {id} acknowledges {zxid} with {} on its disk",
                        last_zxid_of(durable)
                    )
                });
            }
            _ => {}
        }
    }

    /// A server applies what it knows to be committed.
    fn apply(&mut self, id: ServerId, upto: Zxid) {
        let now_ms = self.now_ms;
        let disk = &self.servers[&id].disk;
        let history = &disk.known[..entry::count_upto(&disk.known, upto)];
        let there = last_zxid(history) == upto;
        self.ghost.check(now_ms, there, "Z18 applied within bounds", &|| {
            format!("server {id} applies {upto} and does not have it")
        });
        let durable = holds(&disk.durable.history(), history);
        self.ghost.check(now_ms, durable, "Z18 applied within bounds", &|| {
            format!("server {id} applies {upto} before it is on its disk")
        });
        self.ghost.commit(now_ms, id, history);
        self.server(id).applied = upto;
    }

    fn serves(&mut self, id: ServerId) {
        let now_ms = self.now_ms;
        let server = self.server(id);
        server.serving = true;
        server.disk.wiped = false;
        let (applied, from) = (server.applied, server.serve_from);
        self.note(format_args!("{id} serves from {applied}"));
        self.ghost.check(now_ms, applied >= from, "Z23 stale server", &|| {
            format!("server {id} serves at {applied}, {from} was committed at UPTODATE")
        });
    }

    fn illegal(&mut self, id: ServerId, misbehaved: &zab::PeerMisbehaved) {
        let now_ms = self.now_ms;
        self.ghost.violated(now_ms, "Z19 message", format!("server {id}: {misbehaved}"));
    }
}

/// A leader that does not know of a newer promise proposes too low an epoch; nothing is wrong.
fn tolerated(misbehaved: &zab::PeerMisbehaved) -> bool {
    matches!(misbehaved, zab::PeerMisbehaved::EpochTooLow { .. })
}

fn last_zxid_of(image: &crate::disk::Image) -> Zxid {
    last_zxid(&image.history())
}

fn short(duty: &Duty) -> String {
    match duty {
        Duty::Append(txn) => format!("transaction {}", txn.zxid),
        other => format!("{other:?}"),
    }
}
