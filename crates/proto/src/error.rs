/// The result codes of ZooKeeper (`KeeperException.Code`); negative numbers travel in replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i32)]
pub enum ErrorCode {
    /// Success; also the reply header of a failed multi.
    Ok = 0,
    /// Boundary marker of system errors.
    SystemError = -1,
    /// The sub-operations of a multi that follow the one which failed.
    RuntimeInconsistency = -2,
    /// Never sent by 3.9 servers.
    DataInconsistency = -3,
    /// Connection dropped, outcome unknown; made by clients.
    ConnectionLoss = -4,
    /// The request could not be decoded.
    MarshallingError = -5,
    /// The operation is not available here.
    Unimplemented = -6,
    /// Made by clients.
    OperationTimeout = -7,
    /// A bad path, flag or TTL, or a protected path.
    BadArguments = -8,
    /// Made by the C client.
    InvalidState = -9,
    /// The session is not tracked by this server.
    UnknownSession = -12,
    /// No synced quorum of the proposed configuration.
    NewConfigNoQuorum = -13,
    /// Another reconfiguration is pending.
    ReconfigInProgress = -14,
    /// Boundary marker of API errors.
    ApiError = -100,
    /// The node, or the parent of a new node, does not exist.
    NoNode = -101,
    /// The ACL does not allow it.
    NoAuth = -102,
    /// The expected version does not match.
    BadVersion = -103,
    /// The parent is a session's ephemeral.
    NoChildrenForEphemerals = -108,
    /// The node exists already.
    NodeExists = -110,
    /// The node has children.
    NotEmpty = -111,
    /// The session is gone or closing.
    SessionExpired = -112,
    /// Made by clients.
    InvalidCallback = -113,
    /// An ACL that is empty or names an unknown scheme or identity.
    InvalidAcl = -114,
    /// Authentication failed; the connection closes.
    AuthFailed = -115,
    /// The session lives on another server now; the connection closes instead of sending it.
    SessionMoved = -118,
    /// A write sent to a read-only server.
    NotReadOnly = -119,
    /// A local session asked for an ephemeral while upgrading is off.
    EphemeralOnLocalSession = -120,
    /// checkWatches or removeWatches found none.
    NoWatcher = -121,
    /// Made by clients.
    RequestTimeout = -122,
    /// `reconfigEnabled` is false.
    ReconfigDisabled = -123,
    /// An enforced authentication is missing; the connection closes.
    SessionClosedRequireSaslAuth = -124,
    /// A hard quota is hit.
    QuotaExceeded = -125,
    /// The request waited too long in the throttler.
    ThrottledOp = -127,
}

/// Every code with its name in Java's enum and its text in exceptions.
const TABLE: &[(ErrorCode, &str, &str)] = &[
    (ErrorCode::Ok, "OK", "ok"),
    (ErrorCode::SystemError, "SYSTEMERROR", "SystemError"),
    (ErrorCode::RuntimeInconsistency, "RUNTIMEINCONSISTENCY", "RuntimeInconsistency"),
    (ErrorCode::DataInconsistency, "DATAINCONSISTENCY", "DataInconsistency"),
    (ErrorCode::ConnectionLoss, "CONNECTIONLOSS", "ConnectionLoss"),
    (ErrorCode::MarshallingError, "MARSHALLINGERROR", "MarshallingError"),
    (ErrorCode::Unimplemented, "UNIMPLEMENTED", "Unimplemented"),
    (ErrorCode::OperationTimeout, "OPERATIONTIMEOUT", "OperationTimeout"),
    (ErrorCode::BadArguments, "BADARGUMENTS", "BadArguments"),
    (ErrorCode::InvalidState, "INVALIDSTATE", "InvalidState"),
    (ErrorCode::UnknownSession, "UNKNOWNSESSION", "Unknown error UNKNOWNSESSION"),
    (ErrorCode::NewConfigNoQuorum, "NEWCONFIGNOQUORUM", "NewConfigNoQuorum"),
    (ErrorCode::ReconfigInProgress, "RECONFIGINPROGRESS", "ReconfigInProgress"),
    (ErrorCode::ApiError, "APIERROR", "APIError"),
    (ErrorCode::NoNode, "NONODE", "NoNode"),
    (ErrorCode::NoAuth, "NOAUTH", "NoAuth"),
    (ErrorCode::BadVersion, "BADVERSION", "BadVersion"),
    (ErrorCode::NoChildrenForEphemerals, "NOCHILDRENFOREPHEMERALS", "NoChildrenForEphemerals"),
    (ErrorCode::NodeExists, "NODEEXISTS", "NodeExists"),
    (ErrorCode::NotEmpty, "NOTEMPTY", "Directory not empty"),
    (ErrorCode::SessionExpired, "SESSIONEXPIRED", "Session expired"),
    (ErrorCode::InvalidCallback, "INVALIDCALLBACK", "Invalid callback"),
    (ErrorCode::InvalidAcl, "INVALIDACL", "InvalidACL"),
    (ErrorCode::AuthFailed, "AUTHFAILED", "AuthFailed"),
    (ErrorCode::SessionMoved, "SESSIONMOVED", "Session moved"),
    (ErrorCode::NotReadOnly, "NOTREADONLY", "Not a read-only call"),
    (
        ErrorCode::EphemeralOnLocalSession,
        "EPHEMERALONLOCALSESSION",
        "Ephemeral node on local session",
    ),
    (ErrorCode::NoWatcher, "NOWATCHER", "No such watcher"),
    (ErrorCode::RequestTimeout, "REQUESTTIMEOUT", "Unknown error REQUESTTIMEOUT"),
    (ErrorCode::ReconfigDisabled, "RECONFIGDISABLED", "Reconfig is disabled"),
    (
        ErrorCode::SessionClosedRequireSaslAuth,
        "SESSIONCLOSEDREQUIRESASLAUTH",
        "Session closed because client failed to authenticate",
    ),
    (ErrorCode::QuotaExceeded, "QUOTAEXCEEDED", "Quota has exceeded"),
    (ErrorCode::ThrottledOp, "THROTTLEDOP", "Op throttled due to high load"),
];

impl ErrorCode {
    /// The number that travels.
    pub fn code(self) -> i32 {
        self as i32
    }

    /// The code with this number.
    pub fn from_code(code: i32) -> Option<Self> {
        TABLE.iter().map(|row| row.0).find(|known| known.code() == code)
    }

    /// The name in Java's enum, such as `NONODE`.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The text in Java's exceptions, such as `NoNode`.
    pub fn message(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> &'static (ErrorCode, &'static str, &'static str) {
        TABLE.iter().find(|row| row.0 == self).unwrap_or(&TABLE[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_by_its_number() {
        for (code, name, _) in TABLE {
            assert_eq!(ErrorCode::from_code(code.code()), Some(*code));
            assert_eq!(code.name(), *name);
        }
        assert_eq!(ErrorCode::from_code(-99), None);
    }
}
