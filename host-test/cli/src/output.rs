//! The one place that prints, to either stream, and how a command ends badly: one line on standard error, and an exit code. Never a backtrace,
//! never a second line.
//!
//! The attack: names, notes and sentences come from the other side, from a component, from whoever posts. A terminal obeys control characters, and
//! a direction character makes a line read as another. The rule: whatever is printed is cleaned here: such a character is shown by its number.

use std::fmt::Arguments;
use std::io::{IsTerminal as _, Write};
use std::process::ExitCode;

use serde::Serialize;

/// Prints a line for a person, or for the program behind a pipe.
macro_rules! tell {
    ($($words:tt)*) => { $crate::output::line(format_args!($($words)*)) };
}

/// What a terminal would obey instead of showing it: control characters, line separators, and what turns the direction of the text around it.
fn is_obeyed(character: char) -> bool {
    character.is_control() || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn cleaned(text: &str, is_kept: impl Fn(char) -> bool, number: impl Fn(&mut String, char)) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        if is_obeyed(character) && !is_kept(character) { number(&mut clean, character) } else { clean.push(character) }
    }
    clean
}

fn by_number(clean: &mut String, character: char) {
    clean.extend(character.escape_unicode());
}

/// A text of one line.
fn one_line(text: &str) -> String {
    cleaned(text, |_| false, by_number)
}

/// A text of several lines.
fn many_lines(text: &str) -> String {
    cleaned(text, |character| matches!(character, '\n' | '\t'), by_number)
}

/// One line on standard output. Whoever read it may have gone (`connector serve | head -1`): that is no reason to stop, and none to panic.
pub(crate) fn line(text: Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{}", one_line(&text.to_string()));
}

/// The same of a text whose line breaks are its own.
pub(crate) fn lines(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", many_lines(text));
}

/// JSON for a program or a person. What a terminal would obey is written as JSON's own escape, so that it is the same value.
pub(crate) fn json(value: &impl Serialize) -> Outcome {
    let text = serde_json::to_string_pretty(value)?;
    let escape = |clean: &mut String, character: char| clean.push_str(&format!("\\u{:04x}", u32::from(character)));
    // Outside of its strings JSON has line breaks alone, and inside it has none.
    let _ = writeln!(std::io::stdout(), "{}", cleaned(&text, |character| character == '\n', escape));
    Ok(())
}

/// One line on standard error, beside what a command answers.
pub(crate) fn aside(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", one_line(text));
}

/// The same of a text whose line breaks are its own.
pub(crate) fn asides(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", many_lines(text));
}

/// Whether standard error is a terminal.
pub(crate) fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}

/// Standard error for log lines, which hold words of anybody's, too.
pub(crate) struct Log;

impl Write for Log {
    /// What comes at once is one line.
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        writeln!(std::io::stderr(), "{}", one_line(text.trim_end_matches('\n')))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
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
        aside(&format!("error: {}", line.join(" ")));
        ExitCode::from(code)
    }
}

impl<E: Into<anyhow::Error>> From<E> for Problem {
    fn from(error: E) -> Self {
        Problem::Failed(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_would_obey_is_printed() {
        let obeyed = (0..0x20).chain(0x7f..0xa0).chain([0x61c, 0x200e, 0x200f]).chain(0x2028..0x202f).chain(0x2066..0x206a);
        for number in obeyed {
            let character = char::from_u32(number).unwrap();
            let text = format!("Lan{character}Mai");
            assert_eq!(one_line(&text), format!("Lan\\u{{{number:x}}}Mai"));
            let kept = character == '\n' || character == '\t';
            assert_eq!(many_lines(&text) == text, kept, "{number:x}");
        }
        let plain = "Đơn “Hoa sen” – 2 × áo, 120.000 ₫ 🙂 👩\u{200d}🌾";
        assert_eq!((one_line(plain), many_lines(plain)), (plain.to_owned(), plain.to_owned()));
    }
}
