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
    /// Whether a step whose outcomes differ is this case. What would change one tree and not the
    /// other is never sent by the generator; a script compares it instead.
    applies: fn(&Step) -> bool,
}

/// All of them.
pub const EXPLAINED: &[Explained] = &[
    Explained {
        name: "deleteContainer from a client",
        reason: "deleteContainer is made by the server's own sweeper. Java also accepts it from any \
                 client, without a look at session or ACL, and deletes any empty node that is not \
                 ephemeral. Oxkeeper answers like any unknown operation: UNIMPLEMENTED, and the \
                 connection is closed.",
        applies: |step| has_op(step, OpCode::DeleteContainer),
    },
    Explained {
        name: "createSession from a client",
        reason: "createSession is made by the server from a handshake. Java accepts the number from \
                 a connected client, tracks the session a second time and answers with a second \
                 handshake. Oxkeeper answers like any unknown operation.",
        applies: |step| has_op(step, OpCode::CreateSession),
    },
    Explained {
        name: "a handshake for a session with a wrong password",
        reason: "Java closes the session's connection before it looks at the password, so that \
                 whoever knows a session id can cut its connection. Oxkeeper looks at the password \
                 first. The answer to the handshake is the same.",
        // The oracle cuts the connection itself before such a handshake.
        applies: |_| false,
    },
];

/// Something that the generator leaves out, because the Java server does not answer it in one way.
#[derive(Debug)]
pub struct Avoided {
    /// A short name for reports.
    pub name: &'static str,
    /// Why it is left out, for the documentation.
    pub reason: &'static str,
}

/// All of them.
pub const AVOIDED: &[Avoided] = &[
    Avoided {
        name: "createTTL with the flags of a plain node and a negative TTL",
        reason: "Java accepts and logs the transaction, then cannot apply it: the server stops, and \
                 stops again at every start. With a TTL that is not negative both answer \
                 BADARGUMENTS.",
    },
    Avoided {
        name: "createContainer with the flags of an ephemeral node",
        reason: "Java makes a container, but until that is applied it takes the node for an \
                 ephemeral and refuses children. Oxkeeper takes it for a container at once.",
    },
    Avoided {
        name: "quota nodes whose data is not a quota",
        reason: "Java parses zookeeper_limits and zookeeper_stats while it applies a transaction \
                 below the quota; text that is no number stops the server.",
    },
    Avoided {
        name: "setACL among pipelined requests",
        reason: "Java tests the requests behind it against the new ACL or against the old one, \
                 depending on whether the setACL was applied already.",
    },
    Avoided {
        name: "hard quotas among pipelined requests",
        reason: "Java tests a hard quota against the tree as it is applied, without the requests \
                 still in its pipeline.",
    },
    Avoided {
        name: "auth and sasl among pipelined requests",
        reason: "Java answers them when they are read, before what is still in its pipeline.",
    },
    Avoided {
        name: "frames above jute.maxbuffer among pipelined requests",
        reason: "The connection is closed at once; how many answers to earlier requests still get \
                 through is a race.",
    },
    Avoided { name: "xid -1", reason: "The reply cannot be told from a notification." },
];

/// Both lists as the document `docs/differences.md`.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Differences from the Java server that are meant\n\n\
         The oracle (`cargo xtask oracle`) sends the same random requests to Apache ZooKeeper 3.9.5 \
         and to Oxkeeper and compares every answer. Any difference that is not in this list is a \
         bug. This file is printed by `cargo xtask oracle --explain`.\n\n## Explained\n",
    );
    for Explained { name, reason, .. } in EXPLAINED {
        out.push_str(&format!("\n**{name}.** {reason}\n"));
    }
    out.push_str(
        "\n## Left out\n\nThe generator does not send what the Java server answers by chance or \
         does not survive.\n",
    );
    for Avoided { name, reason } in AVOIDED {
        out.push_str(&format!("\n**{name}.** {reason}\n"));
    }
    out
}

/// The explanation of a step whose outcomes differ.
pub fn explain(step: &Step) -> Option<&'static Explained> {
    EXPLAINED.iter().find(|explained| (explained.applies)(step))
}

fn has_op(step: &Step, op: OpCode) -> bool {
    matches!(step, Step::Ask(_, request) if request.op == op.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_up_to_date() {
        let path = crate::java::workspace_root().join("docs").join("differences.md");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, markdown(), "run cargo xtask oracle --explain > docs/differences.md");
    }
}
