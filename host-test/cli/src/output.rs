//! How a command ends badly: one line on standard error, and an exit code. Never a backtrace, never a second line.

use std::fmt::Arguments;
use std::process::ExitCode;

/// Prints a line for a person, or for the program behind a pipe.
macro_rules! tell {
    ($($words:tt)*) => { $crate::output::line(format_args!($($words)*)) };
}

/// One line on standard output. Whoever read it may have gone (`connector serve | head -1`): that is no reason to stop, and none to panic.
pub(crate) fn line(text: Arguments<'_>) {
    let _ = std::io::Write::write_fmt(&mut std::io::stdout(), format_args!("{text}\n"));
}

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The words were wrong: exit code 2. The text says what to do.
    Usage(String),
    /// It did not work out: exit code 1.
    Failed(anyhow::Error),
}

pub(crate) type Outcome = Result<(), Problem>;

impl Problem {
    /// Wrong words.
    pub(crate) fn usage(text: impl Into<String>) -> Problem {
        Problem::Usage(text.into())
    }

    /// Did not work out.
    pub(crate) fn failed(text: impl std::fmt::Display) -> Problem {
        Problem::Failed(anyhow::anyhow!("{text}"))
    }

    pub(crate) fn report(&self) -> ExitCode {
        let (text, code) = match self {
            Problem::Usage(text) => (text.clone(), 2),
            Problem::Failed(error) => (format!("{error:#}"), 1),
        };
        let line: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("error: {}\n", line.join(" ")).as_bytes());
        ExitCode::from(code)
    }
}

impl<E: Into<anyhow::Error>> From<E> for Problem {
    fn from(error: E) -> Self {
        Problem::Failed(error.into())
    }
}
