//! Containers and TTL nodes go away by the clock, so the oracle leaves them alone; this script
//! tells on each server what is there when, and both must tell the same.

use std::thread;
use std::time::{Duration, Instant};

use proto::OpCode;
use testkit::client::{Body, Client, Error, Hello, request};
use testkit::java::{ServerKind, ServerOptions, skip};
use testkit::process;

/// How long a sweep may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Long enough that a sweep which wanted to take a node would have taken it.
const SEVERAL_SWEEPS: Duration = Duration::from_millis(1200);

fn transcript(kind: ServerKind) -> Result<Vec<String>, process::Error> {
    let server = ServerOptions::new()
        .config("tickTime", 500)
        .property("zookeeper.extendedTypesEnabled", true)
        .property("znode.container.checkIntervalMs", 200)
        .start(kind)?;
    let mut client = Client::connect(server.client_addr(), &Hello::default()).unwrap();
    let mut script = Script { client: &mut client, lines: Vec::new() };
    script.run().unwrap();
    Ok(script.lines)
}

struct Script<'a> {
    client: &'a mut Client,
    lines: Vec<String>,
}

impl Script<'_> {
    fn run(&mut self) -> Result<(), Error> {
        self.container("/used")?;
        self.container("/unused")?;
        self.container("/full")?;
        self.plain("/used/child")?;
        self.plain("/full/child")?;
        self.ttl("/ttl-short", 300)?;
        self.ttl("/ttl-long", 600_000)?;
        self.ttl("/ttl-parent", 300)?;
        self.plain("/ttl-parent/child")?;

        self.await_gone("/ttl-short")?;
        thread::sleep(SEVERAL_SWEEPS);
        for path in ["/used", "/unused", "/full", "/ttl-long", "/ttl-parent"] {
            self.look(path)?;
        }

        self.client.delete("/used/child", -1)?;
        self.await_gone("/used")?;
        self.client.delete("/ttl-parent/child", -1)?;
        self.await_gone("/ttl-parent")?;
        self.look("/unused")?;

        // A container inside a container: the outer one goes after the inner one.
        self.container("/outer")?;
        self.container("/outer/inner")?;
        self.plain("/outer/inner/child")?;
        self.client.delete("/outer/inner/child", -1)?;
        self.await_gone("/outer/inner")?;
        self.await_gone("/outer")?;
        let children = self.client.get_children("/", false)?;
        self.lines.push(format!("at last {children:?}"));
        Ok(())
    }

    fn container(&mut self, path: &str) -> Result<(), Error> {
        let body = request::create(Some(path), None, Some(&request::open_acl()), 4);
        self.created(OpCode::CreateContainer, &body)
    }

    fn ttl(&mut self, path: &str, ttl_ms: i64) -> Result<(), Error> {
        let body = request::create_ttl(Some(path), None, Some(&request::open_acl()), 5, ttl_ms);
        self.created(OpCode::CreateTtl, &body)
    }

    fn plain(&mut self, path: &str) -> Result<(), Error> {
        let body = request::create(Some(path), Some(b"x"), Some(&request::open_acl()), 0);
        self.created(OpCode::Create2, &body)
    }

    fn created(&mut self, op: OpCode, body: &[u8]) -> Result<(), Error> {
        if let Body::PathStat(path, stat) = self.client.call(op, body)? {
            let owner = stat.ephemeral_owner;
            let path = path.unwrap_or_default();
            self.client.exists(&path, true)?;
            self.lines.push(format!("created {path} owner {owner}"));
        }
        Ok(())
    }

    fn look(&mut self, path: &str) -> Result<(), Error> {
        let stat = self.client.exists(path, false)?;
        let what = stat.map(|stat| (stat.num_children, stat.cversion, stat.ephemeral_owner));
        self.lines.push(format!("{path}: {what:?}"));
        Ok(())
    }

    /// Waits until the node is gone and notes the events until then.
    fn await_gone(&mut self, path: &str) -> Result<(), Error> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE && self.client.exists(path, false)?.is_some() {
            thread::sleep(Duration::from_millis(20));
        }
        let events = self.client.events();
        let events = events.iter().map(|event| (event.event.kind, &event.event.path));
        self.lines.push(format!("{path} gone, events {:?}", events.collect::<Vec<_>>()));
        Ok(())
    }
}

#[test]
fn sweeps_take_the_same_nodes() {
    const NAME: &str = "sweeps_take_the_same_nodes";
    let java = match transcript(ServerKind::Java) {
        Ok(java) => java,
        Err(missing @ process::Error::PeerMissing { .. }) => return skip(NAME, &missing),
        Err(error) => panic!("{error}"),
    };
    assert!(java.last().is_some_and(|last| last.contains("ttl-long")), "{java:#?}");
    match transcript(ServerKind::Ox) {
        Ok(ox) => assert_eq!(java, ox),
        Err(missing @ process::Error::PeerMissing { .. }) => skip(NAME, &missing),
        Err(error) => panic!("{error}"),
    }
}
