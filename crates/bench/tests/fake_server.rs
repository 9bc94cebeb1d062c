//! The load generator against a server that answers at once and remembers nothing.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use bench::{Args, Workload};
use jute::{Put, Reader};
use proto::{ConnectResponse, ErrorCode, OpCode, ReplyHeader, RequestHeader, SessionId, Zxid};

/// What the fake server says to a request of this operation; `None` closes the connection.
type Answer = fn(OpCode) -> Option<ErrorCode>;

fn fake_server(answer: Answer) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            // A connection that ends is the end of its thread.
            thread::spawn(move || serve(stream, answer));
        }
    });
    addr
}

fn serve(mut stream: TcpStream, answer: Answer) -> std::io::Result<()> {
    let mut input = Vec::new();
    let mut chunk = [0; 65536];
    let mut greeted = false;
    loop {
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        input.extend_from_slice(&chunk[..count]);
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(head) = input.get(at..at + 4) {
            let size = i32::from_be_bytes(head.try_into().unwrap()) as usize;
            let Some(frame) = input.get(at + 4..at + 4 + size) else { break };
            if !greeted {
                greeted = true;
                put_greeting(&mut out);
            } else if !put_reply(&mut out, frame, answer) {
                return Ok(());
            }
            at += 4 + size;
        }
        input.drain(..at);
        stream.write_all(&out)?;
    }
}

fn put_greeting(out: &mut Vec<u8>) {
    out.put_i32(37);
    let (session_id, password) = (SessionId(1), [7; 16]);
    ConnectResponse { timeout_ms: 30_000, session_id, password, read_only: Some(false) }
        .encode(out);
}

fn put_reply(out: &mut Vec<u8>, frame: &[u8], answer: Answer) -> bool {
    let header = RequestHeader::decode(&mut Reader::new(frame)).unwrap();
    let Some(code) = answer(OpCode::from_code(header.op).unwrap()) else { return false };
    out.put_i32(ReplyHeader::LEN as i32);
    ReplyHeader::new(header.xid, Zxid(1), code).encode(out);
    true
}

fn run(workload: Workload, answer: Answer) -> bench::Report {
    let mut args = Args::new(vec![fake_server(answer).to_string()], workload);
    args.warmup = Duration::from_millis(50);
    args.duration = Duration::from_millis(300);
    args.pid = vec![std::process::id()];
    bench::run(&args).unwrap()
}

#[test]
fn every_workload_is_measured() {
    let mixed = Workload::Mixed { read_percent: 50 };
    for workload in [Workload::Get, Workload::Set, Workload::Create, Workload::List, mixed] {
        let report = run(workload, |_| Some(ErrorCode::Ok));
        eprintln!("{report}");
        assert!(report.ops > 1000, "{report}");
        assert!(report.latency.p50_us > 0.0 && report.latency.max_us >= report.latency.p99_us);
        assert!(report.errors.is_empty() && report.lost_connections.is_empty(), "{report}");
        assert!(report.server.is_some());
    }
}

#[test]
fn error_replies_are_counted_by_name() {
    let report = run(Workload::Set, |op| {
        Some(if op == OpCode::SetData { ErrorCode::NoNode } else { ErrorCode::Ok })
    });
    assert_eq!(report.errors.keys().collect::<Vec<_>>(), ["NONODE"]);
    assert_eq!(report.errors["NONODE"], report.ops);
}

#[test]
fn a_server_that_goes_away_ends_the_run() {
    let report = run(Workload::Get, |op| (op != OpCode::GetData).then_some(ErrorCode::Ok));
    assert_eq!(report.lost_connections.values().sum::<u64>(), 32, "{report}");
}

#[test]
fn a_count_ends_the_run_early() {
    let answer: Answer = |_| Some(ErrorCode::Ok);
    let mut args = Args::new(vec![fake_server(answer).to_string()], Workload::Get);
    args.warmup = Duration::ZERO;
    args.duration = Duration::from_secs(60);
    args.count = Some(5000);
    let report = bench::run(&args).unwrap();
    assert!(report.ops >= 5000 && report.seconds < 30.0, "{report}");
}

#[test]
fn a_failing_preparation_names_code_and_node() {
    let answer: Answer =
        |op| Some(if op == OpCode::Create { ErrorCode::NoAuth } else { ErrorCode::Ok });
    let args = Args::new(vec![fake_server(answer).to_string()], Workload::Get);
    let error = bench::run(&args).unwrap_err().to_string();
    assert!(error.contains("NOAUTH") && error.contains("/bench"), "{error}");
}
