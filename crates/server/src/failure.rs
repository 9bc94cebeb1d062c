use std::fmt;
use std::sync::Arc;

/// Why a running server has to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The transaction log cannot be written.
    Log(String),
    /// A thread ended that must not.
    Thread(&'static str),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Log(why) => write!(f, "the transaction log cannot be written: {why}"),
            Failure::Thread(name) => write!(f, "the {name} thread ended unexpectedly"),
        }
    }
}

/// Where threads report that the server has to end.
#[derive(Clone)]
pub(crate) struct FailureSink(Arc<dyn Fn(Failure) + Send + Sync>);

impl FailureSink {
    pub(crate) fn new(report: impl Fn(Failure) + Send + Sync + 'static) -> Self {
        FailureSink(Arc::new(report))
    }

    pub(crate) fn report(&self, failure: Failure) {
        (self.0)(failure);
    }
}
