//! The differences that are meant, each with its reason. Everything else is a bug.

use proto::OpCode;

use super::step::Step;

/// A difference that is meant.
#[derive(Debug)]
pub struct Explained {
    /// A short name for reports.
    pub name: &'static str,
    /// What differs and why, for the documentation.
    pub reason: &'static str,
    /// Whether a step whose outcomes differ is this case.
    applies: fn(&Step) -> bool,
}

/// All of them.
pub const EXPLAINED: &[Explained] = &[
    Explained {
        name: "deleteContainer from a client",
        reason: "deleteContainer is made by the server's own sweeper. Java also accepts it from any \
                 client, without a look at session or ACL, and deletes any empty node that is not \
                 ephemeral. Oxkeeper refuses it from clients.",
        applies: |step| has_op(step, OpCode::DeleteContainer),
    },
    Explained {
        name: "createSession from a client",
        reason: "createSession is made by the server from a handshake. Java accepts the number from \
                 a connected client, tracks the session a second time and answers with a second \
                 handshake. Oxkeeper answers like any unknown operation.",
        applies: |step| has_op(step, OpCode::CreateSession),
    },
];

/// The explanation of a step whose outcomes differ.
pub fn explain(step: &Step) -> Option<&'static Explained> {
    EXPLAINED.iter().find(|explained| (explained.applies)(step))
}

/// Whether a difference is meant for this operation, so that it must not hide in a burst.
pub fn is_explained_op(op: i32) -> bool {
    op == OpCode::DeleteContainer.code() || op == OpCode::CreateSession.code()
}

fn has_op(step: &Step, op: OpCode) -> bool {
    matches!(step, Step::Ask(_, request) if request.op == op.code())
}
