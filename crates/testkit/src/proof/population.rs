//! A tree with everything in it that a ZooKeeper can hold, and sessions that stay open while
//! servers come and go below them.

use std::net::SocketAddr;

use proto::{Acl, ConnectResponse, CreateMode, ErrorCode, Id, OpCode, perms};

use super::{Doing, Error, SUPER_AUTH};
use crate::client::{self, Body, Client, Hello, request};
use request::Part;

/// The node everything is below.
pub const ROOT: &str = "/proof";

/// Needs `maxSessionTimeout` of at least this.
pub const HELD_TIMEOUT_MS: i32 = 100_000;
/// Needs `minSessionTimeout` of at most this.
pub const DOOMED_TIMEOUT_MS: i32 = 2_000;

/// How many children the node with many has.
const MANY: usize = 1_500;
const LARGE_BYTES: usize = 600_000;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// A session that outlives servers.
#[derive(Debug)]
struct Held {
    greeting: ConnectResponse,
    client: Option<Client>,
    ephemerals: Vec<String>,
}

/// What was written so far, as far as the tree cannot say it itself.
#[derive(Debug, Default)]
pub struct Population {
    generation: usize,
    held: Vec<Held>,
    closed: Vec<ConnectResponse>,
    doomed_session: Option<ConnectResponse>,
    /// Containers that lost their last child and TTL nodes whose time is over in a moment.
    to_be_swept: Vec<String>,
}

impl Population {
    /// Writes one generation: every kind of node anew, and changes to those that are there.
    ///
    /// # Errors
    /// [`Error::Client`] when a request has another result than it must have.
    pub fn write(&mut self, server: SocketAddr) -> Result<(), Error> {
        let generation = self.generation;
        let base = format!("{ROOT}/generation-{generation}");
        let mut writer = Writer { server, client: super_client(server)? };
        if generation == 0 {
            writer.shared_nodes()?;
        }
        self.generation += 1;
        writer.create(&self.doomed(), b"", PERSISTENT)?;
        writer.create(&base, b"", PERSISTENT)?;
        writer.plain_nodes(&base)?;
        writer.access_lists(&base)?;
        writer.quotas(&base)?;
        writer.transactions(&base)?;
        writer.refused(&base)?;
        writer.many_children(&base, if generation == 0 { MANY } else { 50 })?;
        writer.change_shared(generation)?;
        self.to_be_swept.extend(writer.expiring_nodes(&base)?);
        writer.close()?;
        self.sessions(server, &base)
    }

    /// The parent of the ephemerals of [`Population::doom_a_session`] in this generation.
    pub fn doomed(&self) -> String {
        format!("{ROOT}/doomed-{}", self.generation)
    }

    /// Opens a session with ephemerals below [`Population::doomed`] and leaves it: its connection
    /// is gone, it expires [`DOOMED_TIMEOUT_MS`] later.
    ///
    /// # Errors
    /// [`Error::Client`] when a request fails.
    pub fn doom_a_session(&mut self, server: SocketAddr) -> Result<(), Error> {
        let mut writer = Writer::open(server, DOOMED_TIMEOUT_MS)?;
        for name in ["one", "two"] {
            writer.create(&format!("{}/{name}", self.doomed()), b"", EPHEMERAL)?;
        }
        self.doomed_session = Some(writer.client.greeting().clone());
        writer.client.disconnect();
        Ok(())
    }

    /// To be called when the ephemerals of the doomed session are gone: it must stay gone.
    pub fn doomed_is_gone(&mut self) {
        self.closed.extend(self.doomed_session.take());
    }

    /// Drops all connections; the sessions stay.
    pub fn leave(&mut self) {
        for client in self.held.iter_mut().filter_map(|held| held.client.take()) {
            client.disconnect();
        }
    }

    /// Resumes every session on a server that has read the files, and says what is wrong there:
    /// one line per session that is lost, that lost an ephemeral, or that should be gone.
    ///
    /// # Errors
    /// [`Error::Client`] when a connection fails.
    pub fn come_back(&mut self, server: SocketAddr) -> Result<Vec<String>, Error> {
        let mut wrong = Vec::new();
        for held in &mut self.held {
            let id = held.greeting.session_id;
            let mut client = match Client::connect(server, &Hello::resume(&held.greeting)) {
                Ok(client) => client,
                Err(client::Error::SessionRefused) => {
                    wrong.push(format!("session {id:?} is refused"));
                    continue;
                }
                Err(source) => return Err(source).doing("resuming a session"),
            };
            let body = request::path(Some("/"));
            let answer = client.call(OpCode::GetEphemerals, &body).doing("getEphemerals")?;
            if let Body::Ephemerals(mut paths) = answer {
                paths.sort();
                if paths != held.ephemerals {
                    wrong.push(format!("session {id:?} has {paths:?}, not {:?}", held.ephemerals));
                }
            }
            held.client = Some(client);
        }
        for greeting in &self.closed {
            let answer =
                Client::connect_raw(server, &Hello::resume(greeting)).doing("a session is over")?;
            if answer.greeting().timeout_ms > 0 {
                wrong.push(format!("session {:?} is over but resumed", greeting.session_id));
            }
        }
        Ok(wrong)
    }

    /// Nodes that the next sweep of containers and TTLs takes away.
    pub fn to_be_swept(&self) -> &[String] {
        &self.to_be_swept
    }

    /// A session to keep with its ephemerals, one of the kept ones to close, one that comes and goes.
    fn sessions(&mut self, server: SocketAddr, base: &str) -> Result<(), Error> {
        let mut writer = Writer::open(server, HELD_TIMEOUT_MS)?;
        let mut ephemerals = vec![
            writer.create(&format!("{base}/ephemeral"), b"of a held session", EPHEMERAL)?,
            writer.create(&format!("{base}/ephemeral-"), b"", EPHEMERAL_SEQUENTIAL)?,
            writer.create(&format!("{ROOT}/shared/members/m-"), b"", EPHEMERAL_SEQUENTIAL)?,
        ];
        ephemerals.sort();
        let greeting = writer.client.greeting().clone();
        self.held.push(Held { greeting, client: Some(writer.client), ephemerals });

        let mut passing = Writer::open(server, HELD_TIMEOUT_MS)?;
        passing.create(&format!("{base}/passing"), b"", EPHEMERAL)?;
        passing.create(&format!("{base}/passing-"), b"", EPHEMERAL_SEQUENTIAL)?;
        self.closed.push(passing.client.greeting().clone());
        passing.close()?;

        if self.held.len() > 3 {
            let oldest = self.held.remove(0);
            self.closed.push(oldest.greeting);
            if let Some(client) = oldest.client {
                Writer { server, client }.close()?;
            }
        }
        Ok(())
    }
}

/// A connection that is allowed everything.
///
/// # Errors
/// [`Error::Client`] when the server cannot be reached or does not know the super user.
pub fn super_client(server: SocketAddr) -> Result<Client, Error> {
    let mut client =
        Client::connect(server, &Hello::with_timeout_ms(HELD_TIMEOUT_MS)).doing("connecting")?;
    client.auth("digest", SUPER_AUTH).doing("becoming the super user")?;
    Ok(client)
}

const PERSISTENT: i32 = CreateMode::Persistent as i32;
const SEQUENTIAL: i32 = CreateMode::PersistentSequential as i32;
const EPHEMERAL: i32 = CreateMode::Ephemeral as i32;
const EPHEMERAL_SEQUENTIAL: i32 = CreateMode::EphemeralSequential as i32;
const CONTAINER: i32 = CreateMode::Container as i32;
const TTL: i32 = CreateMode::PersistentWithTtl as i32;
const TTL_SEQUENTIAL: i32 = CreateMode::PersistentSequentialWithTtl as i32;

/// A client whose every request must have the result that is expected.
struct Writer {
    server: SocketAddr,
    client: Client,
}

impl Writer {
    fn open(server: SocketAddr, timeout_ms: i32) -> Result<Self, Error> {
        let client =
            Client::connect(server, &Hello::with_timeout_ms(timeout_ms)).doing("connecting")?;
        Ok(Writer { server, client })
    }

    fn close(self) -> Result<(), Error> {
        self.client.close_session().doing("closing a session")
    }

    fn call(&mut self, op: OpCode, body: &[u8], what: &str) -> Result<Body, Error> {
        self.client.call(op, body).doing(what)
    }

    fn create(&mut self, path: &str, data: &[u8], flags: i32) -> Result<String, Error> {
        self.client.create(path, data, flags).doing(&format!("creating {path}"))
    }

    fn set(&mut self, path: &str, data: &[u8]) -> Result<(), Error> {
        self.client.set_data(path, data, -1).doing(&format!("setting {path}")).map(drop)
    }

    fn delete(&mut self, path: &str) -> Result<(), Error> {
        self.client.delete(path, -1).doing(&format!("deleting {path}"))
    }

    fn shared_nodes(&mut self) -> Result<(), Error> {
        self.create(ROOT, b"", PERSISTENT)?;
        for name in ["", "/counter", "/queue", "/members", "/access", "/cleared"] {
            self.create(&format!("{ROOT}/shared{name}"), b"0", PERSISTENT)?;
        }
        Ok(())
    }

    /// Persistent and sequential nodes with every kind of data and name.
    fn plain_nodes(&mut self, base: &str) -> Result<(), Error> {
        let null = request::create(
            Some(&format!("{base}/null-data")),
            None,
            Some(&request::open_acl()),
            PERSISTENT,
        );
        self.call(OpCode::Create, &null, "creating a node with null data")?;
        self.create(&format!("{base}/empty-data"), b"", PERSISTENT)?;
        let every_byte: Vec<u8> = (0..=255).collect();
        self.create(&format!("{base}/bytes"), &every_byte, PERSISTENT)?;
        self.create(&format!("{base}/large"), &vec![0x5a; LARGE_BYTES], PERSISTENT)?;
        for name in ["grüße", "数据", "имя файла", "a.b-c_d~e!", "αβγ/δ"] {
            let path = format!("{base}/{name}");
            if let Some((parent, _)) = path.rsplit_once('/').filter(|(parent, _)| *parent != base) {
                self.create(parent, b"", PERSISTENT)?;
            }
            self.create(&path, name.as_bytes(), PERSISTENT)?;
        }
        let created = request::create(
            Some(&format!("{base}/by-create2")),
            Some(b"2"),
            Some(&request::open_acl()),
            PERSISTENT,
        );
        self.call(OpCode::Create2, &created, "create2")?;
        for _ in 0..3 {
            self.create(&format!("{base}/sequential-"), b"", SEQUENTIAL)?;
            self.create(&format!("{base}/"), b"only a number", SEQUENTIAL)?;
        }
        let mut deep = base.to_owned();
        for level in 0..40 {
            deep.push_str("/deep");
            self.create(&deep, level.to_string().as_bytes(), PERSISTENT)?;
        }
        self.set(&format!("{base}/bytes"), b"changed")?;
        self.set(&format!("{base}/by-create2"), b"")
    }

    fn access_lists(&mut self, base: &str) -> Result<(), Error> {
        let entry = |perms, scheme, id| Acl { perms, id: Id::new(scheme, id) };
        // Base64 of the SHA-1 of "alice:wonder".
        let alice = "alice:8y0lhh/7xkdEiwhX7vo9i+/Nmzc=";
        let lists = [
            ("read-only", vec![entry(perms::READ, "world", "anyone")]),
            ("digest", vec![entry(perms::ALL, "digest", alice)]),
            ("ip", vec![entry(perms::ALL, "ip", "127.0.0.1"), entry(1, "ip", "10.0.0.0/8")]),
            ("unicode", vec![entry(perms::ALL, "digest", "müller:數=")]),
            (
                "several",
                vec![
                    entry(perms::READ | perms::WRITE, "world", "anyone"),
                    entry(perms::ADMIN | perms::DELETE, "digest", alice),
                    entry(perms::CREATE, "ip", "192.168.0.0/16"),
                ],
            ),
        ];
        for (name, list) in &lists {
            let path = format!("{base}/acl-{name}");
            self.client.create_with_acl(&path, b"guarded", list, PERSISTENT).doing(&path)?;
        }
        let auth = [entry(perms::ALL, "auth", "")];
        let mut alice = Client::connect(self.server, &Hello::default()).doing("alice")?;
        alice.auth("digest", b"alice:wonder").doing("alice")?;
        let path = format!("{base}/acl-auth");
        alice.create_with_acl(&path, b"hers", &auth, PERSISTENT).doing(&path)?;
        alice.set_data(&format!("{base}/acl-digest"), b"hers too", -1).doing("alice")?;
        alice.close_session().doing("alice")?;

        let path = format!("{ROOT}/shared/access");
        for (_, list) in &lists {
            let body = request::set_acl(Some(&path), Some(list), -1);
            self.call(OpCode::SetAcl, &body, "setACL")?;
        }
        Ok(())
    }

    /// A soft and a hard quota, below both of which something is written.
    fn quotas(&mut self, base: &str) -> Result<(), Error> {
        let limits = [
            ("soft", "count=5,bytes=200"),
            ("hard", "count=-1,bytes=-1=;byteHardLimit=100000;countHardLimit=100"),
        ];
        for (name, text) in limits {
            let path = format!("{base}/quota-{name}");
            self.create(&path, b"12345", PERSISTENT)?;
            let quota = format!("/zookeeper/quota{path}");
            for (end, _) in quota.match_indices('/').skip(3).chain([(quota.len(), "")]) {
                let node = &quota[..end];
                if self.client.exists(node, false).doing(node)?.is_none() {
                    self.create(node, b"", PERSISTENT)?;
                }
            }
            self.create(&format!("{quota}/zookeeper_limits"), text.as_bytes(), PERSISTENT)?;
            let stats = format!("{quota}/zookeeper_stats");
            self.create(&stats, b"count=1,bytes=5", PERSISTENT)?;
            for child in 0..4 {
                self.create(&format!("{path}/{child}"), &[b'x'; 30], PERSISTENT)?;
            }
            self.set(&format!("{path}/1"), &[b'y'; 70])?;
            self.delete(&format!("{path}/2"))?;
        }
        Ok(())
    }

    fn transactions(&mut self, base: &str) -> Result<(), Error> {
        let (a, b) = (format!("{base}/multi-a"), format!("{base}/multi-b"));
        let open = request::open_acl();
        let create = |path: &str, flags| {
            let body = request::create(Some(path), Some(b"m"), Some(&open), flags);
            Part::new(OpCode::Create, body)
        };
        let good = [
            create(&a, PERSISTENT),
            create(&b, PERSISTENT),
            Part::new(OpCode::SetData, request::set_data(Some(&a), Some(b"set"), 0)),
            Part::new(OpCode::Check, request::path_version(Some(&a), 1)),
            create(&format!("{a}/s-"), SEQUENTIAL),
            Part::new(OpCode::Delete, request::path_version(Some(&b), -1)),
        ];
        self.client.multi(&good).doing("a multi")?;
        self.client.multi(&[]).doing("an empty multi")?;
        let bad = [
            Part::new(OpCode::SetData, request::set_data(Some(&a), Some(b"never"), -1)),
            Part::new(OpCode::Check, request::path_version(Some(&a), 77)),
        ];
        self.client.multi(&bad).doing("a multi that fails").map(drop)
    }

    /// Refused requests take a place in the history too.
    fn refused(&mut self, base: &str) -> Result<(), Error> {
        let refusals = [
            (self.client.create(base, b"", PERSISTENT).map(drop), ErrorCode::NodeExists),
            (self.client.delete(base, -1), ErrorCode::NotEmpty),
            (self.client.delete(&format!("{base}/missing"), -1), ErrorCode::NoNode),
            (self.client.set_data(base, b"", 99).map(drop), ErrorCode::BadVersion),
        ];
        for (answer, want) in refusals {
            match answer {
                Err(error) if error.code() == Some(want) => {}
                Err(other) => return Err(other).doing("a request to be refused"),
                Ok(()) => {
                    return Err(client::Error::Refused(0)).doing("a request that was not refused");
                }
            }
        }
        Ok(())
    }

    fn many_children(&mut self, base: &str, count: usize) -> Result<(), Error> {
        let many = format!("{base}/many");
        self.create(&many, b"", PERSISTENT)?;
        let acl = request::open_acl();
        let bodies: Vec<Vec<u8>> = (0..count)
            .map(|child| {
                let path = format!("{many}/child-{child:05}");
                request::create(Some(&path), Some(path.as_bytes()), Some(&acl), PERSISTENT)
            })
            .collect();
        for window in bodies.chunks(200) {
            let requests = window.iter().map(|body| (OpCode::Create, body.as_slice()));
            self.client.send_all(requests).doing("many children")?;
            for _ in window {
                super::receive_body(&mut self.client, OpCode::Create).doing("many children")?;
            }
        }
        Ok(())
    }

    /// Containers and nodes with a time to live; returns those that a sweep will take.
    fn expiring_nodes(&mut self, base: &str) -> Result<Vec<String>, Error> {
        let acl = request::open_acl();
        let container = |writer: &mut Self, name: &str| {
            let path = format!("{base}/container-{name}");
            let body = request::create(Some(&path), Some(b"c"), Some(&acl), CONTAINER);
            writer.call(OpCode::CreateContainer, &body, &path)?;
            Ok::<_, Error>(path)
        };
        container(self, "never-used")?;
        let used = container(self, "used")?;
        self.create(&format!("{used}/child"), b"", PERSISTENT)?;
        let emptied = container(self, "emptied")?;
        self.create(&format!("{emptied}/child"), b"", PERSISTENT)?;
        self.delete(&format!("{emptied}/child"))?;

        let ttl = |writer: &mut Self, name: &str, flags, ttl_ms| {
            let path = format!("{base}/ttl-{name}");
            let body = request::create_ttl(Some(&path), Some(b"t"), Some(&acl), flags, ttl_ms);
            match writer.call(OpCode::CreateTtl, &body, &path)? {
                Body::PathStat(Some(path), _) => Ok::<_, Error>(path),
                _ => Ok(path),
            }
        };
        ttl(self, "long", TTL, DAY_MS)?;
        ttl(self, "longest-", TTL_SEQUENTIAL, proto::TTL_MAX_MS)?;
        let parent = ttl(self, "parent", TTL, 1)?;
        self.create(&format!("{parent}/child"), b"", PERSISTENT)?;
        let short = ttl(self, "short", TTL, 1)?;
        let short_sequential = ttl(self, "short-", TTL_SEQUENTIAL, 1)?;
        Ok(vec![emptied, short, short_sequential])
    }

    /// Changes nodes that earlier generations, under other servers, have written.
    fn change_shared(&mut self, generation: usize) -> Result<(), Error> {
        let shared = format!("{ROOT}/shared");
        for _ in 0..10 {
            self.set(&format!("{shared}/counter"), generation.to_string().as_bytes())?;
            self.create(&format!("{shared}/queue/item-"), b"", SEQUENTIAL)?;
        }
        let queue = format!("{shared}/queue");
        let items = self.client.get_children(&queue, false).doing(&queue)?;
        for item in items.iter().step_by(2) {
            self.delete(&format!("{queue}/{item}"))?;
        }
        let cleared = format!("{shared}/cleared/node");
        self.create(&cleared, b"", PERSISTENT)?;
        self.delete(&cleared)?;
        if let Some(previous) = generation.checked_sub(1) {
            let previous = format!("{ROOT}/generation-{previous}");
            self.set(&format!("{previous}/null-data"), b"no longer null")?;
            self.set(&format!("{previous}/ttl-long"), b"again")?;
            self.delete(&format!("{previous}/empty-data"))?;
            self.create(&format!("{previous}/container-used/late"), b"", PERSISTENT)?;
            self.create(&format!("{previous}/sequential-"), b"late", SEQUENTIAL)?;
            self.delete(&format!("{previous}/many/child-00000"))?;
        }
        Ok(())
    }
}
