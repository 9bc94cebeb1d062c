use std::fmt::{self, Write};

/// What happened, as a hash, and as text when somebody wants to read it.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    lines: Option<Vec<String>>,
}

impl Trace {
    pub(crate) fn new(keep_lines: bool) -> Self {
        Trace { hash: 0xcbf2_9ce4_8422_2325, lines: keep_lines.then(Vec::new) }
    }

    pub(crate) fn note(&mut self, at_ms: i64, what: fmt::Arguments<'_>) {
        // Writing to a hash cannot fail.
        let _ = write!(Hasher(&mut self.hash), "{at_ms} {what}");
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{at_ms:>7} {what}"));
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines.unwrap_or_default()
    }
}

struct Hasher<'a>(&'a mut u64);

impl Write for Hasher<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            *self.0 = (*self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Ok(())
    }
}
