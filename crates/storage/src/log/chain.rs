use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use jute::Limits;
use proto::Zxid;

use super::reader::{LogReader, LogRecord, Tail};
use crate::names::{self, NamedFile};
use crate::vfs::Vfs;
use crate::{Error, Result};

/// The never acknowledged end of the last log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// The log.
    pub path: PathBuf,
    /// Where its last good record ends.
    pub offset: u64,
}

/// The records of all logs of a directory, in the order of the files.
///
/// Only reads. What a crash left at the very end is reported ([`LogChain::torn`],
/// [`LogChain::unfinished`]); the same anywhere else is [`Error::DamagedLog`].
#[derive(Debug)]
pub struct LogChain<'a> {
    vfs: &'a dyn Vfs,
    limits: Limits,
    files: VecDeque<NamedFile>,
    reader: Option<LogReader>,
    unfinished: Vec<PathBuf>,
    torn: Option<TornTail>,
}

impl<'a> LogChain<'a> {
    /// Starts with the log that may hold the record behind `after`: the greatest one named at or
    /// below it (`FileTxnLog.getLogFiles`). Records up to `after` come as well.
    pub fn open(vfs: &'a dyn Vfs, dir: &Path, after: Zxid, limits: Limits) -> Result<Self> {
        let mut files: VecDeque<_> = names::logs(vfs, dir)?.into();
        let mut unfinished = Vec::new();
        while let Some(last) = files.back() {
            match LogReader::open(vfs, &last.path, limits) {
                Err(Error::ShortHeader { path }) => unfinished.push(path),
                Err(error) => return Err(error),
                Ok(_) => break,
            }
            files.pop_back();
        }
        let first = files.iter().rposition(|file| file.zxid <= after.next()).unwrap_or(0);
        files.drain(..first);
        Ok(LogChain { vfs, limits, files, reader: None, unfinished, torn: None })
    }

    /// The next record and its file; `None` at the end of the history.
    #[expect(clippy::should_implement_trait, reason = "the record borrows the reader")]
    pub fn next(&mut self) -> Result<Option<(&Path, LogRecord<'_>)>> {
        while !self.has_record()? {
            if let Some(reader) = self.reader.take() {
                self.close(&reader)?;
            }
            let Some(file) = self.files.pop_front() else { return Ok(None) };
            self.reader = Some(self.open_file(&file)?);
        }
        // Just seen to be there.
        match &mut self.reader {
            Some(reader) => reader.take(),
            None => Ok(None),
        }
    }

    /// What was cut short at the end, once [`LogChain::next`] has returned `None`.
    pub fn torn(&self) -> Option<&TornTail> {
        self.torn.as_ref()
    }

    /// Logs at the end that have no header yet and so never held a record.
    pub fn unfinished(&self) -> &[PathBuf] {
        &self.unfinished
    }

    fn has_record(&mut self) -> Result<bool> {
        match &mut self.reader {
            Some(reader) => reader.peek(),
            None => Ok(false),
        }
    }

    fn open_file(&self, file: &NamedFile) -> Result<LogReader> {
        LogReader::open(self.vfs, &file.path, self.limits).map_err(|error| match error {
            Error::ShortHeader { path } => {
                let reason = "it ends inside its header, but later logs exist".to_owned();
                Error::DamagedLog { path, offset: 0, reason }
            }
            error => error,
        })
    }

    fn close(&mut self, reader: &LogReader) -> Result<()> {
        let Some(Tail::Torn { offset }) = reader.tail() else { return Ok(()) };
        let path = reader.path().to_path_buf();
        if !self.files.is_empty() {
            let reason = "the record is incomplete, but later logs exist".to_owned();
            return Err(Error::DamagedLog { path, offset, reason });
        }
        self.torn = Some(TornTail { path, offset });
        Ok(())
    }
}
