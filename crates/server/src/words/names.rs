/// The four-letter words (`FourLetterCommands`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the words")]
pub(crate) enum Word {
    Conf,
    Cons,
    Crst,
    Dirs,
    Dump,
    Envi,
    Gtmk,
    Hash,
    Isro,
    Mntr,
    Ruok,
    Srst,
    Srvr,
    Stat,
    Stmk,
    Wchc,
    Wchp,
    Wchs,
    /// What telnet sends when its user gives up; known only to say that it is not allowed.
    TelnetClose,
}

const ALL: &[(Word, [u8; 4], &str)] = &[
    (Word::Conf, *b"conf", "conf"),
    (Word::Cons, *b"cons", "cons"),
    (Word::Crst, *b"crst", "crst"),
    (Word::Dirs, *b"dirs", "dirs"),
    (Word::Dump, *b"dump", "dump"),
    (Word::Envi, *b"envi", "envi"),
    (Word::Gtmk, *b"gtmk", "gtmk"),
    (Word::Hash, *b"hash", "hash"),
    (Word::Isro, *b"isro", "isro"),
    (Word::Mntr, *b"mntr", "mntr"),
    (Word::Ruok, *b"ruok", "ruok"),
    (Word::Srst, *b"srst", "srst"),
    (Word::Srvr, *b"srvr", "srvr"),
    (Word::Stat, *b"stat", "stat"),
    (Word::Stmk, *b"stmk", "stmk"),
    (Word::Wchc, *b"wchc", "wchc"),
    (Word::Wchp, *b"wchp", "wchp"),
    (Word::Wchs, *b"wchs", "wchs"),
    (Word::TelnetClose, [0xff, 0xf4, 0xff, 0xfd], "telnet close"),
];

impl Word {
    /// The word that these first bytes of a connection are.
    pub(crate) fn from_bytes(bytes: [u8; 4]) -> Option<Self> {
        ALL.iter().find(|row| row.1 == bytes).map(|row| row.0)
    }

    /// Its name in the white list.
    pub(crate) fn name(self) -> &'static str {
        ALL.iter().find(|row| row.0 == self).map_or("", |row| row.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_by_their_bytes() {
        assert_eq!(Word::from_bytes(*b"srvr"), Some(Word::Srvr));
        assert_eq!(Word::from_bytes([0xff, 0xf4, 0xff, 0xfd]), Some(Word::TelnetClose));
        assert_eq!(Word::from_bytes(*b"GET "), None);
        assert_eq!(Word::TelnetClose.name(), "telnet close");
    }
}
