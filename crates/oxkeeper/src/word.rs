use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

/// As long as Java's tool waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks a server with a four-letter word (`FourLetterWordMain`).
#[derive(Debug, Args)]
pub(crate) struct Word {
    /// Where the server is
    host: String,
    /// Its client port
    port: u16,
    /// What to ask, such as srvr, mntr or ruok
    word: String,
    /// Whether the port speaks TLS
    #[arg(default_value = "false")]
    secure: String,
}

impl Word {
    pub(crate) fn run(&self) -> ExitCode {
        if self.secure.eq_ignore_ascii_case("true") {
            eprintln!("oxkeeper 4lw: TLS is not there yet; ask the plain client port");
            return ExitCode::FAILURE;
        }
        match net::ask_word(&self.host, self.port, &self.word, PATIENCE) {
            Ok(answer) => {
                // Java ends every line and then the whole.
                let end = if answer.is_empty() || answer.ends_with('\n') { "" } else { "\n" };
                println!("{answer}{end}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("oxkeeper 4lw: {error}");
                ExitCode::FAILURE
            }
        }
    }
}
