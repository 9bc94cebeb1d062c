//! Memory and speed of the tree: one million znodes of 100 bytes.
//!
//! `cargo run --release -p tree --example bytes_per_znode [znodes] [name length]`

use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::{
    AclList, CreateKind, CreateTxn, Data, EphemeralRules, SessionId, Txn, TxnHeader, Zxid,
};
use tree::{DataTree, Loader, Options, SnapshotCursor, Watches};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const DATA_BYTES: usize = 100;
const CHILDREN_PER_PARENT: usize = 1000;

fn main() {
    let mut args = std::env::args().skip(1).map(|arg| arg.parse().expect("a number"));
    let count: usize = args.next().unwrap_or(1_000_000);
    let name_bytes: usize = args.next().unwrap_or(10);
    let options = Options { hash_seed: 1, digest: true, ephemeral: EphemeralRules::default() };
    let idle = resident_bytes();
    let mut bench = Bench { tree: DataTree::new(options), watches: Watches::new(), zxid: 0 };

    let creates = bench.run(count, |n| {
        let path = path(n, name_bytes);
        let data = Data::new(&[b'x'; DATA_BYTES]);
        let kind = CreateKind::Create { ephemeral: false };
        let parent_cversion = -1;
        Txn::Create(CreateTxn { kind, path, data, acl: AclList::open(), parent_cversion })
    });
    let full = resident_bytes() - idle;
    println!("{count} znodes of {DATA_BYTES} bytes, names of {name_bytes}");
    println!("resident: {} MB, {} bytes per znode", full / 1_000_000, full / count as u64);
    report("create", &creates);

    reload(&mut bench.tree, count);

    let sets = bench.run(count, |n| {
        let path = path(n * 7919 % count, name_bytes);
        Txn::SetData { path, data: Data::new(&[b'y'; DATA_BYTES]), version: 1 }
    });
    report("setData, scattered", &sets);
    println!("resident after: {} MB", (resident_bytes() - idle) / 1_000_000);

    let paths: Vec<_> = (0..count).map(|n| path(n * 7919 % count, name_bytes)).collect();
    let start = Instant::now();
    let found = paths.iter().filter(|path| bench.tree.find(path).is_some()).count();
    assert_eq!(found, count);
    println!("find, scattered: {} ns", per_item(start.elapsed(), count));
    drop(paths);
}

/// Walks a snapshot and loads it at the same time.
fn reload(tree: &mut DataTree, count: usize) {
    let start = Instant::now();
    let plan = tree.begin_snapshot().expect("none is running");
    println!("begin_snapshot: {} us", start.elapsed().as_micros());
    let start = Instant::now();
    let mut loader = Loader::new(tree.options());
    let mut loading = Duration::ZERO;
    plan.acls.into_iter().for_each(|(key, list)| loader.acl(key, list));
    tree.walk_snapshot(&mut SnapshotCursor::default(), usize::MAX, &mut |node| {
        let start = Instant::now();
        let data = Data::new(node.data.bytes().unwrap_or_default());
        loader.node(node.path, data, node.acl_key, node.stat).expect("a tree");
        loading += start.elapsed();
    });
    println!(
        "walk: {} ns, load: {} ns per znode",
        { per_item(start.elapsed() - loading, count) },
        per_item(loading, count)
    );
    let start = Instant::now();
    let loaded = loader.finish(plan.zxid, Some(plan.digest)).expect("a tree");
    println!("finish loading: {} ms", start.elapsed().as_millis());
    assert_eq!(loaded.digest(), tree.digest());
}

struct Bench {
    tree: DataTree,
    watches: Watches,
    zxid: i64,
}

impl Bench {
    /// Applies `count` transactions; the time of each, in ns.
    fn run(&mut self, count: usize, txn: impl Fn(usize) -> Txn) -> Vec<u32> {
        let mut events = Vec::new();
        let mut times = Vec::with_capacity(count);
        for n in 0..count {
            let txn = txn(n);
            self.zxid += 1;
            let header = TxnHeader {
                client_id: SessionId(1),
                cxid: n as i32,
                zxid: Zxid(self.zxid),
                time_ms: 1_700_000_000_000 + n as i64,
                op: txn.op().code(),
            };
            let start = Instant::now();
            let applied = self.tree.apply(&header, &txn, None, &mut self.watches, &mut events);
            times.push(start.elapsed().as_nanos() as u32);
            assert_eq!(applied.err, 0);
        }
        times
    }
}

/// Parents come before their children: /p0, /p0/0000000001, ...
fn path(n: usize, name_bytes: usize) -> Arc<str> {
    let parent = n / CHILDREN_PER_PARENT;
    match n % CHILDREN_PER_PARENT {
        0 => format!("/p{parent}").into(),
        child => format!("/p{parent}/{child:0name_bytes$}").into(),
    }
}

fn report(what: &str, times: &[u32]) {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let total = times.iter().map(|ns| u64::from(*ns)).sum();
    let at = |permille: usize| sorted[(sorted.len() - 1) * permille / 1000];
    let mean = per_item(Duration::from_nanos(total), times.len());
    println!("{what}: mean {mean} ns, p50 {}, p99 {}, worst {}", at(500), at(990), at(1000));
}

fn per_item(time: Duration, count: usize) -> u64 {
    time.as_nanos() as u64 / count as u64
}

/// What the process occupies, from the kernel.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).expect("kB") * 1024
}
