//! Packets as text in which only what must be equal on both servers shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::UNIX_EPOCH;

use jute::Reader;
use proto::{Acl, ConnectResponse, EventKind, OpCode, Stat, Zxid, session};

use crate::client::{Body, Event, MultiResult, Reply, code_name};

/// Times further away than this from now are shown as they are.
const CLOCK_SLACK_MS: i64 = 24 * 3600 * 1000;

/// Something a connection saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The answer to a handshake.
    Greeting(ConnectResponse),
    /// The answer to a request of this operation.
    Reply(i32, Reply),
    /// A notification.
    Event(Event),
    /// The server closed the connection.
    Closed,
    /// Something that is no packet, in words.
    Note(String),
    /// No answer, an unreadable packet, no connection.
    Trouble(String),
}

/// What differs between two servers although they behave alike: session ids, the first zxid, and
/// the gaps that explained differences leave in the zxids.
#[derive(Debug, Default)]
pub struct Names {
    sessions: BTreeMap<i64, usize>,
    base_zxid: i64,
    /// From this zxid on, add this much to get the other server's count.
    jumps: Vec<(i64, i64)>,
    /// Zxids of closed sessions: their events come in hash order.
    closes: BTreeSet<i64>,
}

impl Names {
    /// Counts zxids from this one.
    pub fn set_base(&mut self, zxid: Zxid) {
        self.base_zxid = zxid.0;
    }

    /// From `zxid` on, zxids count as if this one were `relative`.
    pub fn realign(&mut self, zxid: Zxid, relative: i64) {
        self.jumps.push((zxid.0, relative - (zxid.0 - self.base_zxid)));
    }

    /// Notes a session under the next number; 0 is no session.
    pub fn add_session(&mut self, id: i64) {
        if id == 0 {
            return;
        }
        let next = self.sessions.len();
        self.sessions.entry(id).or_insert(next);
    }

    /// Notes that `zxid` closed a session.
    pub fn add_close(&mut self, zxid: Zxid) {
        self.closes.insert(zxid.0);
    }

    /// A zxid counted from the start of the round.
    pub fn relative(&self, zxid: Zxid) -> i64 {
        if zxid.0 <= 0 {
            return zxid.0;
        }
        let jump = self.jumps.iter().rev().find(|(from, _)| zxid.0 >= *from);
        zxid.0 - self.base_zxid + jump.map_or(0, |(_, shift)| *shift)
    }

    /// The server's zxid for a relative one.
    pub fn absolute(&self, relative: i64) -> i64 {
        if relative <= 0 {
            return relative;
        }
        let plain = relative.saturating_add(self.base_zxid);
        let jump =
            self.jumps.iter().rev().find(|(from, shift)| plain.saturating_sub(*shift) >= *from);
        plain.saturating_sub(jump.map_or(0, |(_, shift)| *shift))
    }

    /// Everything seen in one step as lines.
    pub fn lines(&self, seen: &[Seen]) -> Vec<String> {
        let mut lines: Vec<(Option<i64>, String)> = seen
            .iter()
            .map(|seen| match seen {
                Seen::Event(event) => (Some(event.zxid.0), self.event(event)),
                other => (None, self.line(other)),
            })
            .collect();
        // Java walks a closed session's ephemerals in hash order.
        let of_close = |zxid: &Option<i64>| zxid.is_some_and(|zxid| self.closes.contains(&zxid));
        for run in lines.chunk_by_mut(|a, b| a.0 == b.0 && of_close(&a.0)) {
            run.sort();
        }
        lines.into_iter().map(|(_, line)| line).collect()
    }

    fn line(&self, seen: &Seen) -> String {
        match seen {
            Seen::Greeting(greeting) => self.greeting(greeting),
            Seen::Reply(op, reply) => self.reply(*op, reply),
            Seen::Event(event) => self.event(event),
            Seen::Closed => "the server closed the connection".into(),
            Seen::Note(text) | Seen::Trouble(text) => text.clone(),
        }
    }

    fn greeting(&self, greeting: &ConnectResponse) -> String {
        let id = greeting.session_id;
        let password = if id.0 != 0 && greeting.password == session::password(id) {
            "its own".to_owned()
        } else {
            format!("{:02x?}", greeting.password)
        };
        format!(
            "greeting session={} timeout={} ms password {password} read_only={:?}",
            self.session(id.0),
            greeting.timeout_ms,
            greeting.read_only
        )
    }

    fn event(&self, event: &Event) -> String {
        let kind = EventKind::from_code(event.event.kind)
            .map_or_else(|| event.event.kind.to_string(), |kind| format!("{kind:?}"));
        format!(
            "event zxid={} {kind} state={} {:?}",
            self.relative(event.zxid),
            event.event.state,
            event.event.path
        )
    }

    fn reply(&self, op: i32, reply: &Reply) -> String {
        let header = reply.header;
        let mut line = format!(
            "reply xid={} zxid={} err={}",
            header.xid,
            self.relative(header.zxid),
            code_name(header.err)
        );
        if !reply.body.is_empty() {
            line.push(' ');
            self.put_body(&mut line, op, reply);
        }
        line
    }

    fn put_body(&self, line: &mut String, op: i32, reply: &Reply) {
        let mut reader = Reader::new(&reply.body);
        let body = match OpCode::from_code(op) {
            // Bodies of refused requests are rare and all alike: shown as they are.
            Some(op) if reply.header.err == 0 || is_multi(op) => Body::decode(op, &mut reader),
            _ => Ok(Body::Empty),
        };
        match body {
            Ok(body) => {
                line.push_str(&self.body(&body));
                if !reader.remaining().is_empty() {
                    let _ = write!(line, " then {}", reader.remaining().escape_ascii());
                }
            }
            Err(error) => {
                let _ = write!(line, "unreadable ({error}): {}", reply.body.escape_ascii());
            }
        }
    }

    /// The body of a reply.
    pub fn body(&self, body: &Body) -> String {
        match body {
            Body::Empty => String::new(),
            Body::Path(path) => format!("{path:?}"),
            Body::PathStat(path, stat) => format!("{path:?} {}", self.stat(stat)),
            Body::Stat(stat) => self.stat(stat),
            Body::Data(data, stat) => format!("{} {}", bytes(data.as_deref()), self.stat(stat)),
            Body::Acl(acl, stat) => format!("{} {}", acl_text(acl), self.stat(stat)),
            Body::Children(children) => format!("{:?}", sorted(children)),
            Body::ChildrenStat(children, stat) => {
                format!("{:?} {}", sorted(children), self.stat(stat))
            }
            Body::Ephemerals(paths) => format!("{:?}", sorted(paths)),
            Body::Number(number) => number.to_string(),
            Body::Identities(ids) => format!("{:?}", sorted(ids)),
            Body::Token(token) => bytes(token.as_deref()),
            Body::Multi(results) => {
                let results: Vec<String> = results.iter().map(|r| self.multi_result(r)).collect();
                format!("[{}]", results.join("; "))
            }
        }
    }

    fn multi_result(&self, result: &MultiResult) -> String {
        match result {
            MultiResult::Create(path) => format!("create {path:?}"),
            MultiResult::Create2(path, stat) => format!("create2 {path:?} {}", self.stat(stat)),
            MultiResult::Delete => "delete".into(),
            MultiResult::Check => "check".into(),
            MultiResult::SetData(stat) => format!("setData {}", self.stat(stat)),
            MultiResult::GetData(data, stat) => {
                format!("getData {} {}", bytes(data.as_deref()), self.stat(stat))
            }
            MultiResult::GetChildren(children) => format!("getChildren {:?}", sorted(children)),
            MultiResult::Error { header_err, err } => {
                format!("error {} {}", code_name(*header_err), code_name(*err))
            }
            MultiResult::Unknown(header) => format!("unknown {header:?}"),
        }
    }

    /// A stat without its times, which are only checked to be times.
    fn stat(&self, stat: &Stat) -> String {
        format!(
            "{{c={} m={} p={} v={} cv={} av={} owner={} len={} children={} times={}/{}}}",
            self.relative(stat.czxid),
            self.relative(stat.mzxid),
            self.relative(stat.pzxid),
            stat.version,
            stat.cversion,
            stat.aversion,
            self.session(stat.ephemeral_owner),
            stat.data_length,
            stat.num_children,
            time(stat.ctime_ms),
            time(stat.mtime_ms),
        )
    }

    fn session(&self, id: i64) -> String {
        match self.sessions.get(&id) {
            Some(number) => format!("#{number}"),
            None => format!("{id:#x}"),
        }
    }
}

fn is_multi(op: OpCode) -> bool {
    matches!(op, OpCode::Multi | OpCode::MultiRead)
}

fn time(ms: i64) -> String {
    let now = UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis() as i64);
    let near = |ms: i64| (now - CLOCK_SLACK_MS..now + CLOCK_SLACK_MS).contains(&ms);
    if near(ms) { "now".into() } else { ms.to_string() }
}

fn sorted<T: Clone + Ord>(items: &[T]) -> Vec<T> {
    let mut items = items.to_vec();
    items.sort();
    items
}

/// An ACL in order, but for neighbours with equal permissions: what `auth` expands to is in hash
/// order in Java.
fn acl_text(acl: &[Acl]) -> String {
    let mut acl = acl.to_vec();
    for run in acl.chunk_by_mut(|a, b| a.perms == b.perms) {
        run.sort();
    }
    let entry = |acl: &Acl| format!("{:?}:{:?}:{}", acl.id.scheme, acl.id.id, acl.perms);
    format!("[{}]", acl.iter().map(entry).collect::<Vec<_>>().join(", "))
}

fn bytes(data: Option<&[u8]>) -> String {
    const SHOWN: usize = 200;
    match data {
        None => "null".into(),
        Some(data) if data.len() <= SHOWN => format!("b\"{}\"", data.escape_ascii()),
        Some(data) => format!("{} bytes with sum {:016x}", data.len(), fnv(data)),
    }
}

/// FNV-1a: two long values are compared by it.
fn fnv(data: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    data.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use proto::{ReplyHeader, WatcherEvent};

    use super::*;

    fn event(zxid: i64, path: &str) -> Seen {
        let event = WatcherEvent { kind: 2, state: 3, path: path.into() };
        Seen::Event(Event { zxid: Zxid(zxid), event })
    }

    #[test]
    fn events_of_a_closed_session_are_a_set_and_others_a_list() {
        let mut names = Names::default();
        let (ab, ba) = ([event(5, "/a"), event(5, "/b")], [event(5, "/b"), event(5, "/a")]);
        assert_ne!(names.lines(&ab), names.lines(&ba));
        names.add_close(Zxid(5));
        assert_eq!(names.lines(&ab), names.lines(&ba));
    }

    #[test]
    fn zxids_count_from_the_start_and_jump_over_explained_gaps() {
        let mut names = Names::default();
        names.set_base(Zxid(10));
        assert_eq!(names.relative(Zxid(12)), 2);
        names.realign(Zxid(20), 11);
        assert_eq!(names.relative(Zxid(19)), 9);
        assert_eq!(names.relative(Zxid(21)), 12);
        assert_eq!(names.absolute(12), 21);
        assert_eq!(names.absolute(9), 19);
        assert_eq!(names.relative(Zxid(-1)), -1);
    }

    #[test]
    fn times_are_not_compared_but_must_be_times() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
        assert_eq!(time(now - 1000), "now");
        assert_eq!(time(0), "0");
    }

    #[test]
    fn bytes_that_should_not_be_there_show() {
        let header = ReplyHeader { xid: 1, zxid: Zxid(1), err: 0 };
        let reply = Reply { header, body: b"\0\0\0\x02/aX".to_vec() };
        let line = Names::default().lines(&[Seen::Reply(OpCode::Create.code(), reply)]);
        assert_eq!(line, ["reply xid=1 zxid=1 err=OK Some(\"/a\") then X"]);
    }
}
