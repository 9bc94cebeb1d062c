//! A load generator for any ZooKeeper-compatible server: `oxkeeper bench`.
//!
//! One thread drives many connections over epoll, keeps a fixed number of requests in flight on
//! each, and costs less per request than any server does: requests are put together in one buffer
//! per write, replies are parsed in place. It makes its nodes below a root, measures, and removes
//! them. It ends by itself. Start at [`run`].

mod args;
mod connection;
mod engine;
mod error;
mod histogram;
mod nodes;
mod report;
mod usage;
mod wire;
mod workload;

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

pub use args::{Args, Workload};
pub use error::Error;
pub use histogram::Histogram;
pub use report::{Latency, Report, ServerUsage};

use engine::{Counts, Phase, Worker};
use nodes::Nodes;
use usage::Usage;

/// How often the clock is looked at while measuring with a count.
const POLL: Duration = Duration::from_millis(5);

/// Runs the benchmark of the command line and prints its result.
pub fn main(args: &Args) -> Result<(), Error> {
    let report = run(args)?;
    if let Some(path) = &args.json_file {
        let file_error = |source| Error::File { path: path.clone(), source };
        std::fs::write(path, report.to_json() + "\n").map_err(file_error)?;
    }
    if args.json {
        println!("{}", report.to_json());
    } else {
        println!("{report}");
    }
    Ok(())
}

/// Makes the nodes, measures, removes the nodes.
pub fn run(args: &Args) -> Result<Report, Error> {
    let servers = args.addresses()?;
    let nodes = Nodes::new(args);
    let prepare_start = Instant::now();
    nodes.make(servers[0])?;
    let prepare_seconds = prepare_start.elapsed().as_secs_f64();
    let mut report = Report::new(args, prepare_seconds);
    let measured = match args.workload {
        Workload::Load => {
            report.server = ServerUsage::of(&args.pid, None, 0)?;
            Ok(Vec::new())
        }
        _ => measure(args, &servers, &nodes, &mut report),
    };
    // What was made is removed also when measuring failed.
    let removed = if args.keep { Ok(()) } else { nodes.remove(servers[0], &measured) };
    measured?;
    removed?;
    Ok(report)
}

/// Runs the workers through their phases and fills the report; returns how many nodes each
/// connection created.
fn measure(
    args: &Args,
    servers: &[std::net::SocketAddr],
    nodes: &Nodes,
    report: &mut Report,
) -> Result<Vec<u64>, Error> {
    let shared = engine::Shared::default();
    let threads = args.threads.clamp(1, args.connections.max(1));
    let workers = Worker::all(args, servers, nodes, threads)?;
    thread::scope(|scope| {
        let handles: Vec<_> =
            workers.into_iter().map(|worker| scope.spawn(|| worker.run(&shared))).collect();
        thread::sleep(args.warmup);
        let before = Usage::of_all(&args.pid);
        let own_before = Usage::of(std::process::id());
        let start = Instant::now();
        shared.set_phase(Phase::Measure);
        while start.elapsed() < args.duration && !shared.is_done(args.count) {
            let left = args.duration.saturating_sub(start.elapsed());
            thread::sleep(if args.count.is_some() { POLL.min(left) } else { left });
            if shared.workers_gone.load(Ordering::Relaxed) == threads {
                break;
            }
        }
        let elapsed = start.elapsed();
        shared.set_phase(Phase::Drain);
        let own_after = Usage::of(std::process::id());
        let after = Usage::of_all(&args.pid);
        let mut counts = Counts::default();
        let mut created = Vec::new();
        for handle in handles {
            let (worker_counts, worker_created) = handle.join().map_err(|_| Error::WorkerDied)?;
            counts.merge(&worker_counts);
            created.extend(worker_created);
        }
        report.fill(elapsed, &counts);
        report.client_cpu_us_per_op = usage::cpu_us_per_op(&own_before?, &own_after?, counts.ops());
        report.server = ServerUsage::of(&args.pid, Some((before?, after?)), counts.ops())?;
        Ok(created)
    })
}
