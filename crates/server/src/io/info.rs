use std::net::SocketAddr;

use peer::ConnId;
use proto::{OpCode, SessionId, Zxid};

use crate::clock::wall_ms;

/// Counters of one connection (`ServerCnxn`). Latencies in ms.
#[derive(Debug, Clone)]
pub(crate) struct ConnStats {
    pub(crate) established_ms: i64,
    pub(crate) received: u64,
    pub(crate) sent: u64,
    /// `None` prints as NA.
    last_op: Option<&'static str>,
    last_cxid: Option<i32>,
    last_zxid: Zxid,
    last_response_ms: i64,
    last_latency_ms: i64,
    min_latency_ms: i64,
    max_latency_ms: i64,
    total_latency_ms: i64,
    count: i64,
}

/// A request that was answered, for the counters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered {
    pub(super) op: OpCode,
    pub(super) is_error: bool,
    pub(super) xid: i32,
    pub(super) zxid: Zxid,
    pub(super) now_ms: i64,
    pub(super) latency_ms: i64,
}

/// What operators are told about a connection.
#[derive(Debug, Clone)]
pub(crate) struct ConnInfo {
    pub(crate) id: ConnId,
    pub(crate) address: SocketAddr,
    /// 1: it is read from, 4: it waits to be written to; 0 for a four-letter word.
    pub(crate) interest: u8,
    pub(crate) queued: u32,
    pub(crate) session: Option<SessionId>,
    pub(crate) timeout_ms: i32,
    /// When it is closed unless something is heard, on the monotonic clock.
    pub(crate) expires_ms: i64,
    pub(crate) stats: ConnStats,
}

impl ConnStats {
    pub(super) fn new() -> Self {
        ConnStats {
            established_ms: wall_ms(),
            received: 0,
            sent: 0,
            last_op: None,
            last_cxid: None,
            last_zxid: Zxid(-1),
            last_response_ms: 0,
            last_latency_ms: 0,
            min_latency_ms: i64::MAX,
            max_latency_ms: 0,
            total_latency_ms: 0,
            count: 0,
        }
    }

    /// Back to the start, but for the age.
    pub(super) fn reset(&mut self) {
        *self = ConnStats { established_ms: self.established_ms, ..ConnStats::new() };
    }

    pub(super) fn answered(&mut self, request: &Answered) {
        // Special xids are no client's last real operation.
        if request.xid >= 0 {
            self.last_cxid = Some(request.xid);
        }
        // A refused write has left Java's switch before its name is set.
        let has_name = !(request.is_error && is_update(request.op));
        self.last_op = has_name.then(|| request.op.last_operation()).flatten();
        self.last_zxid = request.zxid;
        self.last_response_ms = request.now_ms;
        self.last_latency_ms = request.latency_ms;
        self.min_latency_ms = self.min_latency_ms.min(request.latency_ms);
        self.max_latency_ms = self.max_latency_ms.max(request.latency_ms);
        self.total_latency_ms += request.latency_ms;
        self.count += 1;
    }
}

impl ConnInfo {
    /// The line of `stat`.
    pub(crate) fn brief(&self) -> String {
        format!("{})", self.front())
    }

    /// The line of `cons`.
    pub(crate) fn full(&self) -> String {
        let mut line = self.front();
        if let Some(session) = self.session {
            self.put_session(session, &mut line);
        }
        line.push(')');
        line
    }

    fn front(&self) -> String {
        format!(
            " {}[{:x}](queued={},recved={},sent={}",
            net::java_address(self.address),
            self.interest,
            self.queued,
            self.stats.received,
            self.stats.sent
        )
    }

    fn put_session(&self, session: SessionId, line: &mut String) {
        let stats = &self.stats;
        let lop = stats.last_op.unwrap_or("NA");
        let (established_ms, timeout_ms) = (stats.established_ms, self.timeout_ms);
        *line += &format!(",sid={session},lop={lop},est={established_ms},to={timeout_ms}");
        if let Some(cxid) = stats.last_cxid {
            *line += &format!(",lcxid=0x{cxid:x}");
        }
        let min_ms = Some(stats.min_latency_ms).filter(|min| *min != i64::MAX).unwrap_or(0);
        let average_ms = stats.total_latency_ms / stats.count.max(1);
        *line += &format!(
            ",lzxid={},lresp={},llat={},minlat={min_ms},avglat={average_ms},maxlat={}",
            stats.last_zxid, stats.last_response_ms, stats.last_latency_ms, stats.max_latency_ms
        );
    }
}

/// Whether the request changes something, for statistics.
pub(super) fn is_update(op: OpCode) -> bool {
    matches!(
        op,
        OpCode::Create
            | OpCode::Create2
            | OpCode::CreateContainer
            | OpCode::CreateTtl
            | OpCode::Delete
            | OpCode::SetData
            | OpCode::SetAcl
            | OpCode::Multi
            | OpCode::Reconfig
            | OpCode::CreateSession
            | OpCode::CloseSession
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info() -> ConnInfo {
        ConnInfo {
            id: ConnId(1),
            address: "127.0.0.1:40123".parse().unwrap(),
            interest: 1,
            queued: 0,
            session: Some(SessionId(0x1_0000_1a2b_3c00)),
            timeout_ms: 30_000,
            expires_ms: 0,
            stats: ConnStats { established_ms: 17, received: 5, sent: 4, ..ConnStats::new() },
        }
    }

    #[test]
    fn a_fresh_session_has_java_lines() {
        let front = " /127.0.0.1:40123[1](queued=0,recved=5,sent=4";
        assert_eq!(info().brief(), format!("{front})"));
        let session = "sid=0x100001a2b3c00,lop=NA,est=17,to=30000,lzxid=0xffffffffffffffff";
        let rest = "lresp=0,llat=0,minlat=0,avglat=0,maxlat=0";
        assert_eq!(info().full(), format!("{front},{session},{rest})"));
    }

    #[test]
    fn answers_move_the_counters() {
        let mut info = info();
        let mut request = Answered {
            op: OpCode::GetData,
            is_error: true,
            xid: 2,
            zxid: Zxid(9),
            now_ms: 100,
            latency_ms: 4,
        };
        info.stats.answered(&request);
        request = Answered { op: OpCode::Ping, xid: -2, latency_ms: 1, ..request };
        info.stats.answered(&request);
        let line = info.full();
        assert!(line.contains("lop=PING"), "{line}");
        assert!(line.contains("lcxid=0x2,lzxid=0x9,lresp=100,llat=1"), "{line}");
        assert!(line.contains("minlat=1,avglat=2,maxlat=4"), "{line}");
        info.stats.answered(&Answered { op: OpCode::SetData, ..request });
        assert!(info.full().contains("lop=NA"));
    }
}
