use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::mpsc;
use std::time::Duration;

use peer::{ConnId, Peer};
use storage::directory_size;
use storage::vfs::OsVfs;

use super::{Word, connections, environment, monitor, sessions, watches};
use crate::io::{ConnInfo, IoMessage};
use crate::java;
use crate::shared::{CoreMessage, Shared};

/// A question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WordRequest {
    /// Where it came from and where the answer goes.
    pub(crate) conn: ConnId,
    pub(crate) word: Word,
    /// The mask of `stmk`.
    pub(crate) trace_mask: Option<i64>,
    /// Whether the white list has it.
    pub(crate) is_allowed: bool,
}

/// How long other threads may take to answer a question of ours.
const PATIENCE: Duration = Duration::from_secs(5);
/// Java's `ZooTrace` starts with client requests, server packets, sessions and warnings.
const TRACE_MASK: i64 = 306;
const NOT_SERVING: &str = "This ZooKeeper instance is not currently serving requests";

/// The thread that answers four-letter words.
pub(crate) struct WordThread {
    pub(super) shared: Arc<Shared>,
    trace_mask: AtomicI64,
}

impl WordThread {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        WordThread { shared, trace_mask: AtomicI64::new(TRACE_MASK) }
    }

    /// Runs as long as the process.
    pub(crate) fn run(self) {
        let mut requests = Vec::new();
        loop {
            self.shared.words.take(&mut requests, None);
            for request in requests.drain(..) {
                let answer = self.answer(&request).into_bytes();
                let message = IoMessage::Word { conn: request.conn, answer };
                self.shared.io[usize::from(request.conn.io())].send(message);
            }
        }
    }

    fn answer(&self, request: &WordRequest) -> String {
        let word = request.word;
        if !request.is_allowed {
            return format!(
                "{} is not executed because it is not in the whitelist.\n",
                word.name()
            );
        }
        match word {
            Word::Ruok => "imok".to_owned(),
            Word::Gtmk => self.trace_mask.load(Relaxed).to_string(),
            Word::Stmk => self.set_trace_mask(request.trace_mask),
            Word::Envi => environment::text(&self.shared),
            Word::Isro if !self.shared.is_serving() => "null".to_owned(),
            Word::Hash if !self.shared.is_serving() => NOT_SERVING.to_owned(),
            _ if !self.shared.is_serving() => format!("{NOT_SERVING}\n"),
            _ => self.answer_serving(word),
        }
    }

    fn answer_serving(&self, word: Word) -> String {
        match word {
            Word::Conf => self.conf(),
            Word::Cons => connections::full(&self.connections()),
            Word::Crst => self.reset_connections(),
            Word::Dirs => self.dirs(),
            Word::Dump => sessions::text(self),
            Word::Hash => self.hash(),
            Word::Isro => "rw".to_owned(),
            Word::Mntr => monitor::text(self),
            Word::Srst => self.reset_server(),
            Word::Srvr => format!("{}{}", self.version_line(), self.server()),
            Word::Stat => {
                let clients = connections::brief(&self.connections());
                format!("{}{clients}{}", self.version_line(), self.server())
            }
            Word::Wchs => watches::summary(&self.shared),
            Word::Wchc => watches::by_session(&self.shared, &self.connections()),
            Word::Wchp => watches::by_path(&self.shared, &self.connections()),
            // Answered before, or never here.
            Word::Ruok | Word::Gtmk | Word::Stmk | Word::Envi | Word::TelnetClose => String::new(),
        }
    }

    fn version_line(&self) -> String {
        format!("Zookeeper version: {}\n", self.shared.version.full())
    }

    /// The second half of `srvr` and `stat`.
    fn server(&self) -> String {
        let stats = &self.shared.stats;
        let (zxid, nodes) = {
            let tree = self.shared.tree();
            (tree.last_processed(), tree.node_count())
        };
        format!(
            "Latency min/avg/max: {}/{}/{}\nReceived: {}\nSent: {}\nConnections: {}\n\
             Outstanding: {}\nZxid: {zxid}\nMode: standalone\nNode count: {nodes}\n",
            stats.latency.min(),
            java::double(stats.latency.average()),
            stats.latency.max(),
            stats.packets_received.load(Relaxed),
            stats.packets_sent.load(Relaxed),
            self.shared.admission.count(),
            stats.in_process.load(Relaxed).max(0),
        )
    }

    fn conf(&self) -> String {
        let shared = &self.shared;
        let (config, listeners) = (&shared.config, &shared.config.listeners);
        let backlog = listeners.backlog.map_or(-1, i64::from);
        format!(
            "clientPort={}\nsecureClientPort=-1\ndataDir={}\ndataDirSize={}\ndataLogDir={}\n\
             dataLogSize={}\ntickTime={}\nmaxClientCnxns={}\nminSessionTimeout={}\n\
             maxSessionTimeout={}\nclientPortListenBacklog={backlog}\nserverId=0\n",
            shared.client_port,
            shared.snap_dir.display(),
            directory_size(&OsVfs, &shared.snap_dir),
            shared.log_dir.display(),
            directory_size(&OsVfs, &shared.log_dir),
            config.tick_time_ms,
            listeners.max_client_cnxns.unwrap_or(0),
            config.min_session_timeout_ms,
            config.max_session_timeout_ms,
        )
    }

    fn dirs(&self) -> String {
        format!(
            "datadir_size: {}\nlogdir_size: {}\n",
            directory_size(&OsVfs, &self.shared.snap_dir),
            directory_size(&OsVfs, &self.shared.log_dir)
        )
    }

    fn hash(&self) -> String {
        let line = |digest: tree::ZxidDigest| format!("{:x}: {}\n", digest.zxid.0, digest.digest);
        self.shared.tree().digest_log().map(line).collect()
    }

    fn set_trace_mask(&self, mask: Option<i64>) -> String {
        // Without its eight bytes the word says nothing; Java fails and closes.
        let Some(mask) = mask else { return String::new() };
        self.trace_mask.store(mask, Relaxed);
        mask.to_string()
    }

    fn reset_connections(&self) -> String {
        self.shared.io.iter().for_each(|io| io.send(IoMessage::ResetStats));
        "Connection stats reset.\n".to_owned()
    }

    fn reset_server(&self) -> String {
        self.shared.stats.reset();
        self.shared.metrics.reset();
        "Server stats reset.\n".to_owned()
    }

    /// All connections, by id.
    pub(super) fn connections(&self) -> Vec<ConnInfo> {
        let (to, answers) = mpsc::channel();
        for io in &self.shared.io {
            io.send(IoMessage::Describe(to.clone()));
        }
        drop(to);
        let mut connections = Vec::new();
        while let Ok(some) = answers.recv_timeout(PATIENCE) {
            connections.extend(some);
        }
        connections.sort_unstable_by_key(|info| info.id);
        connections
    }

    /// Asks the core's peer; `None` if the core does not answer in time.
    pub(super) fn ask_core<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Peer) -> T + Send + 'static,
    ) -> Option<T> {
        let (to, answer) = mpsc::channel();
        let look = Box::new(move |peer: &Peer| {
            // Whoever asked may have given up.
            let _ = to.send(question(peer));
        });
        self.shared.core.push(CoreMessage::Inspect(look));
        answer.recv_timeout(PATIENCE).ok()
    }
}
