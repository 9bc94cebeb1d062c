use proto::OpCode;

use super::{Generator, WATCHED_MAX};
use crate::client::request;
use crate::oracle::step::{Request, Slot};

const TTLS_MS: [i64; 9] =
    [1, 5000, 5000, 60_000, 1_099_511_627_775, 1_099_511_627_776, 0, -1, i64::MIN];

/// xids that a careful client would not use. -1 is missing: its reply would look like an event.
const ODD_XIDS: [i32; 6] = [0, -2, -4, -8, i32::MIN, i32::MAX];

impl Generator {
    /// Any request, sometimes with a damaged body.
    pub(super) fn request(&mut self, slot: Slot) -> Request {
        let mut request = match self.rng.weighted(&[400, 450, 120, 25, 5]) {
            0 => self.read(slot),
            1 => self.write(slot),
            2 => self.watch(slot),
            3 => self.auth(slot),
            _ => {
                let token = self.rng.number(&[None, Some(&b""[..]), Some(&b"token"[..])]);
                self.plain(slot, OpCode::Sasl, request::sasl(token))
            }
        };
        if self.rng.chance(25) && request.op_code() != Some(OpCode::CreateTtl) {
            self.damage(&mut request.body);
        }
        request
    }

    /// A request with the slot's next xid.
    pub(super) fn plain(&mut self, slot: Slot, op: OpCode, body: Vec<u8>) -> Request {
        if self.rng.chance(8) {
            return Request { xid: self.rng.number(&ODD_XIDS), op: op.code(), body };
        }
        let view = &mut self.slots[slot];
        view.last_xid = view.last_xid.checked_add(1).unwrap_or(1);
        Request { xid: view.last_xid, op: op.code(), body }
    }

    fn read(&mut self, slot: Slot) -> Request {
        const OPS: [OpCode; 12] = [
            OpCode::Exists,
            OpCode::GetData,
            OpCode::GetChildren,
            OpCode::GetChildren2,
            OpCode::GetAcl,
            OpCode::GetAllChildrenNumber,
            OpCode::GetEphemerals,
            OpCode::WhoAmI,
            OpCode::Sync,
            OpCode::Ping,
            OpCode::MultiRead,
            OpCode::GetData,
        ];
        let op = OPS[self.rng.weighted(&[20, 25, 10, 12, 8, 4, 3, 3, 4, 2, 8, 1])];
        let body = match op {
            OpCode::WhoAmI | OpCode::Ping => Vec::new(),
            OpCode::MultiRead => self.multi_read(),
            OpCode::GetEphemerals => {
                let prefix = match self.rng.below(4) {
                    0 => Some(String::new()),
                    1 => Some(" ".to_owned()),
                    _ => self.path(),
                };
                request::path(prefix.as_deref())
            }
            OpCode::GetAcl | OpCode::GetAllChildrenNumber | OpCode::Sync => {
                request::path(self.path().as_deref())
            }
            _ => {
                let path = self.path();
                let watch = self.rng.chance(250);
                if let (true, Some(path)) = (watch, &path) {
                    self.note_watch(slot, path);
                }
                request::path_watch(path.as_deref(), watch)
            }
        };
        self.plain(slot, op, body)
    }

    fn write(&mut self, slot: Slot) -> Request {
        const OPS: [OpCode; 9] = [
            OpCode::Create,
            OpCode::Create2,
            OpCode::CreateContainer,
            OpCode::CreateTtl,
            OpCode::SetData,
            OpCode::Delete,
            OpCode::SetAcl,
            OpCode::Multi,
            OpCode::Reconfig,
        ];
        let op = OPS[self.rng.weighted(&[220, 80, 30, 40, 180, 220, 50, 150, 6])];
        let body = match op {
            OpCode::SetData => self.set_data(),
            OpCode::Delete => self.delete(),
            OpCode::SetAcl => {
                let path = self.path();
                let version = self.version(path.as_deref(), true);
                request::set_acl(path.as_deref(), self.acl().as_deref(), version)
            }
            OpCode::Multi => self.multi(),
            OpCode::Reconfig => self.reconfig(),
            _ => self.create(op),
        };
        self.plain(slot, op, body)
    }

    pub(super) fn create(&mut self, op: OpCode) -> Vec<u8> {
        let mut path = self.path();
        let flags = self.create_flags(op);
        if matches!(flags, 2 | 3 | 6)
            && let Some(path) = &mut path
        {
            path.push_str(self.rng.pick(&["", "/", "/s-", "-"]));
        }
        let data = self.data(path.as_deref());
        let acl = self.acl();
        let (path, data, acl) = (path.as_deref(), data.as_deref(), acl.as_deref());
        match op {
            // With a negative TTL this would stop the Java server, see `explained::AVOIDED`.
            OpCode::CreateTtl if !matches!(flags, 5 | 6) => {
                request::create_ttl(path, data, acl, flags, 5000)
            }
            OpCode::CreateTtl => {
                request::create_ttl(path, data, acl, flags, self.rng.number(&TTLS_MS))
            }
            _ => request::create(path, data, acl, flags),
        }
    }

    fn create_flags(&mut self, op: OpCode) -> i32 {
        if self.rng.chance(30) {
            return match op {
                OpCode::CreateContainer => self.rng.number(&[0, 2, 4, 5, 6, 7, -1, i32::MIN]),
                _ => self.rng.number(&[0, 1, 2, 3, 4, 5, 6, 7, -1, 100, i32::MIN]),
            };
        }
        match op {
            OpCode::CreateContainer => 4,
            OpCode::CreateTtl => self.rng.number(&[5, 5, 6]),
            _ => self.rng.number(&[0, 0, 0, 0, 0, 1, 1, 2, 3]),
        }
    }

    pub(super) fn set_data(&mut self) -> Vec<u8> {
        let path = self.path();
        let data = self.data(path.as_deref());
        let version = self.version(path.as_deref(), false);
        request::set_data(path.as_deref(), data.as_deref(), version)
    }

    pub(super) fn delete(&mut self) -> Vec<u8> {
        let path = if self.rng.chance(600) { Some(self.recent_path()) } else { self.path() };
        let version = self.version(path.as_deref(), false);
        request::path_version(path.as_deref(), version)
    }

    fn watch(&mut self, slot: Slot) -> Request {
        let (op, number) = match self.rng.weighted(&[45, 25, 20, 10]) {
            0 => (OpCode::AddWatch, self.rng.number(&[0, 0, 1, 1, 1, 0, 2, -1])),
            1 => (OpCode::RemoveWatches, self.rng.number(&[1, 2, 3, 4, 5, 3, 5, 1, 2, 0, 6])),
            2 => (OpCode::CheckWatches, self.rng.number(&[1, 2, 3, 4, 5, 3, 1, 2, 0, -1])),
            _ => return self.set_watches(slot),
        };
        let path = match self.watched(slot).filter(|_| op != OpCode::AddWatch) {
            Some(path) if self.rng.chance(700) => Some(path),
            _ => self.path(),
        };
        if let (OpCode::AddWatch, Some(path)) = (op, &path) {
            self.note_watch(slot, path);
        }
        self.plain(slot, op, request::path_version(path.as_deref(), number))
    }

    /// setWatches or setWatches2 with what the connection watched, as after a reconnect.
    pub(super) fn set_watches(&mut self, slot: Slot) -> Request {
        let op = self.rng.number(&[OpCode::SetWatches, OpCode::SetWatches2]);
        let lists = if op == OpCode::SetWatches { 3 } else { 5 };
        let lists: Vec<Vec<String>> = (0..lists)
            .map(|_| (0..self.rng.below(5)).map(|_| self.path_to_watch(slot)).collect())
            .collect();
        let seen = self.slots[slot].last_zxid;
        let earlier = self.rng.below(usize::try_from(seen).unwrap_or(0) + 1) as i64;
        let zxid = self.rng.number(&[seen, seen, earlier, earlier, 0, -1, i64::MAX]);
        let mut request = self.plain(slot, op, request::set_watches(zxid, &lists));
        if self.rng.chance(900) {
            request.xid = proto::xid::SET_WATCHES;
        }
        request
    }

    pub(super) fn auth(&mut self, slot: Slot) -> Request {
        const AUTHS: [(Option<&str>, Option<&[u8]>); 15] = [
            (Some("digest"), Some(b"u1:p1")),
            (Some("digest"), Some(b"u2:p2")),
            (Some("digest"), Some(b"u1:wrong")),
            (Some("digest"), Some(b"super:oracle")),
            (Some("digest"), Some(b"nocolon")),
            (Some("digest"), Some(b"a:b:c")),
            (Some("digest"), Some(b"")),
            (Some("digest"), None),
            (Some("ip"), Some(b"10.9.8.7")),
            (Some("ip"), None),
            (Some("world"), Some(b"anyone")),
            (Some("nosuch"), Some(b"x")),
            (Some("sasl"), Some(b"x")),
            (Some("x509"), Some(b"x")),
            (None, Some(b"x")),
        ];
        let weights = [40, 25, 10, 8, 1, 2, 1, 1, 3, 1, 1, 1, 1, 1, 1];
        let (scheme, auth) = AUTHS[self.rng.weighted(&weights)];
        let mut request = self.plain(slot, OpCode::Auth, request::auth(scheme, auth));
        if self.rng.chance(900) {
            request.xid = proto::xid::AUTH;
        }
        request
    }

    fn reconfig(&mut self) -> Vec<u8> {
        let joining = self.rng.number(&[None, Some(""), Some("server.2=127.0.0.1:1:2;3")]);
        let leaving = self.rng.number(&[None, Some("1"), Some("x")]);
        let members = self.rng.number(&[None, Some("server.1=127.0.0.1:1:2;3")]);
        request::reconfig(joining, leaving, members, self.rng.number(&[-1, 0, 5]))
    }

    /// Cuts, lengthens or changes a body. Quota texts stay whole, see
    /// [`crate::oracle::explained::AVOIDED`].
    fn damage(&mut self, body: &mut Vec<u8>) {
        const QUOTA: &[u8] = b"quota";
        if body.is_empty() || body.windows(QUOTA.len()).any(|window| window == QUOTA) {
            return;
        }
        let at = self.rng.below(body.len());
        match self.rng.below(4) {
            0 => body.truncate(at),
            1 => body[at] ^= 1 << self.rng.below(8),
            2 => body.extend_from_slice(&[0xff, 0, 1]),
            _ => {
                let odd = self.rng.number(&[-2, -1, 0, 1, i32::MAX, i32::MIN, 0x10_0000]);
                let end = body.len().min(at + 4);
                body[at..end].copy_from_slice(&odd.to_be_bytes()[..end - at]);
            }
        }
    }

    fn path_to_watch(&mut self, slot: Slot) -> String {
        match self.watched(slot) {
            Some(path) if self.rng.chance(600) => path,
            _ => self.path().unwrap_or_default(),
        }
    }

    fn watched(&mut self, slot: Slot) -> Option<String> {
        let watched = &self.slots[slot].watched;
        watched.get(self.rng.below(watched.len())).cloned()
    }

    fn note_watch(&mut self, slot: Slot, path: &str) {
        let watched = &mut self.slots[slot].watched;
        if watched.len() == WATCHED_MAX {
            watched.remove(0);
        }
        watched.push(path.to_owned());
    }
}
