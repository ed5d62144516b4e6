//! Sentences for people, and what carries them: failures, reasons, warnings.
//!
//! Vietnamese first, in the merchants' words, English beside it, and what a person can do. A sentence must never hold a secret, a
//! person's name, a phone or an address; values go in through [`Message::with`], which keeps them beside the sentence as well.
//! Nothing here is inlined: a sentence is made a few times a call at most, in a hundred places.

use crate::vietnam::text;
use crate::wit::types::{Argument, Failure, FailureClass, Message, Reason, Warning};

/// Bytes that the contract allows a sentence.
const LONGEST: usize = 500;

impl Message {
    /// A sentence in both languages. `{name}` stands for a value that [`Message::with`] fills in.
    #[must_use]
    #[inline(never)]
    pub fn new(vi: &str, en: &str) -> Self {
        Self { vi: text::cut_bytes(vi, LONGEST).to_owned(), en: text::cut_bytes(en, LONGEST).to_owned(), arguments: Vec::new() }
    }

    /// Fills `{name}` in, in both languages, and keeps the value beside them.
    #[must_use]
    #[inline(never)]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        let mut slot = String::with_capacity(name.len() + 2);
        slot.push('{');
        slot.push_str(name);
        slot.push('}');
        for sentence in [&mut self.vi, &mut self.en] {
            if sentence.contains(&slot) {
                let filled = sentence.replace(&slot, value);
                *sentence = text::cut_bytes(&filled, LONGEST).to_owned();
            }
        }
        self.arguments.push(Argument { name: name.to_owned(), value: value.to_owned() });
        self
    }

    /// An amount of dong: its thousands stand apart, as each language writes them.
    #[must_use]
    #[inline(never)]
    pub fn dong(mut self, name: &str, value: i128) -> Self {
        let digits = value.to_string();
        let slot = ["{", name, "}"].concat();
        for (sentence, mark) in [(&mut self.vi, '.'), (&mut self.en, ',')] {
            let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
            for (at, digit) in digits.char_indices() {
                if at > 0 && (digits.len() - at).is_multiple_of(3) && !grouped.ends_with('-') {
                    grouped.push(mark);
                }
                grouped.push(digit);
            }
            *sentence = sentence.replace(&slot, &grouped);
        }
        self.arguments.push(Argument { name: name.to_owned(), value: digits });
        self
    }

    /// [`Message::with`] for a whole number.
    #[must_use]
    pub fn number(self, name: &str, value: i64) -> Self {
        self.with(name, &value.to_string())
    }
}

impl Failure {
    /// A failure without a record at fault.
    #[must_use]
    #[inline(never)]
    pub fn new(class: FailureClass, code: &str, message: Message) -> Self {
        Self { class, code: code.to_owned(), message, subject: None, field: None }
    }

    /// A record or request that will never pass as it is.
    #[must_use]
    #[inline(never)]
    pub fn rejected(code: &str, message: Message) -> Self {
        Self::new(FailureClass::Rejected, code, message)
    }

    /// Something that a person decides.
    #[must_use]
    #[inline(never)]
    pub fn conflict(code: &str, message: Message) -> Self {
        Self::new(FailureClass::Conflict, code, message)
    }

    /// A setting that a person has to change.
    #[must_use]
    #[inline(never)]
    pub fn misconfigured(code: &str, message: Message) -> Self {
        Self::new(FailureClass::Misconfigured, code, message)
    }

    /// Something that the connected system, or the agreed scope, does not have.
    #[must_use]
    #[inline(never)]
    pub fn unsupported(code: &str, message: Message) -> Self {
        Self::new(FailureClass::Unsupported, code, message)
    }

    /// Names the record at fault.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Names the field at fault, as a JSON pointer into the record.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.field = Some(pointer.into());
        self
    }
}

impl Reason {
    /// Why something was left undone.
    #[must_use]
    #[inline(never)]
    pub fn new(code: &str, message: Message) -> Self {
        Self { code: code.to_owned(), message }
    }
}

impl Warning {
    /// A warning without a record.
    #[must_use]
    #[inline(never)]
    pub fn new(code: &str, message: Message) -> Self {
        Self { code: code.to_owned(), message, subject: None, field: None }
    }

    /// Names the record.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Names the field, as a JSON pointer into the record.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.field = Some(pointer.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_filled_into_both_languages_and_kept_beside_them() {
        let message = Message::new("Chờ {seconds} giây", "Wait {seconds} seconds").number("seconds", 10);
        assert_eq!((message.vi.as_str(), message.en.as_str()), ("Chờ 10 giây", "Wait 10 seconds"));
        assert_eq!(message.arguments.first().map(|it| it.value.as_str()), Some("10"));
    }

    #[test]
    fn a_sentence_never_outgrows_the_contract() {
        let message = Message::new("{x}", "{x}").with("x", &"ạ".repeat(400));
        assert!(message.vi.len() <= 500 && message.vi.chars().all(|it| it == 'ạ'));
    }
}
