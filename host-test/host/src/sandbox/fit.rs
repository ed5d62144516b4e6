//! Makes what a guest answers fit what the contract says about it: codes, sentences for people, cursors.
//!
//! The attack: a failure whose text is 10 MB long or moves the cursor of a terminal, a code that is no code, an endless cursor. The rule:
//! a text is cut and escaped, since the class of its failure matters more than its words; what the host would have to understand and
//! cannot is no answer. Never touches records: what they hold is the merchant's data.

use crate::contract::types::{Account, Failure, Message, Reason, Warning};
use crate::contract::{CheckLine, OrderPlan, Page, PushOutcome, Pushed, WebhookOutcome, catalog, http};

use super::text::{is_one_line, one_line};

/// Bytes of a sentence, of an argument's value, of a pointer to a field.
const SENTENCE: usize = 500;
/// Bytes of a code.
const CODE: usize = 64;
/// Bytes of an identifier in the connected system.
const REMOTE_ID: usize = 64;
/// Bytes of a cursor.
const CURSOR: usize = 4 * 1024;
/// Arguments of one message.
const ARGUMENTS: usize = 32;
/// Rights of an account. Nhanh's list has some dozen.
const PERMISSIONS: usize = 256;
/// Branches that an account is held to. The largest chains have some thousand.
const BRANCHES: usize = 10_000;

/// An answer of the contract.
pub(super) trait Fit {
    /// Makes it fit, or says which rule of the contract it breaks beyond repair.
    fn fit(&mut self) -> Result<(), &'static str>;
}

impl<T: Fit> Fit for Result<T, Failure> {
    fn fit(&mut self) -> Result<(), &'static str> {
        match self {
            Ok(answer) => answer.fit(),
            Err(failure) => failure.fit(),
        }
    }
}

impl<T: Fit> Fit for Vec<T> {
    fn fit(&mut self) -> Result<(), &'static str> {
        self.iter_mut().try_for_each(Fit::fit)
    }
}

impl<T: Fit> Fit for Option<T> {
    fn fit(&mut self) -> Result<(), &'static str> {
        self.iter_mut().try_for_each(Fit::fit)
    }
}

fn sentence(text: &mut String) {
    if !is_one_line(text, SENTENCE) {
        *text = one_line(text, SENTENCE);
    }
}

/// A code that breaks the contract's pattern still tells more than none.
fn code(text: &mut String) {
    if !is_one_line(text, CODE) {
        *text = one_line(text, CODE);
    }
    if text.is_empty() {
        "connector.no-code".clone_into(text);
    }
}

/// A name that cannot be one is as good as none.
fn subject(id: &mut Option<String>) {
    if id.as_ref().is_some_and(|id| !is_remote_id(id)) {
        *id = None;
    }
}

fn is_remote_id(id: &str) -> bool {
    !id.is_empty() && is_one_line(id, REMOTE_ID)
}

impl Fit for Message {
    fn fit(&mut self) -> Result<(), &'static str> {
        sentence(&mut self.vi);
        sentence(&mut self.en);
        self.arguments.truncate(ARGUMENTS);
        for argument in &mut self.arguments {
            code(&mut argument.name);
            sentence(&mut argument.value);
        }
        Ok(())
    }
}

impl Fit for Failure {
    fn fit(&mut self) -> Result<(), &'static str> {
        code(&mut self.code);
        subject(&mut self.subject);
        self.field.as_mut().map(sentence);
        self.message.fit()
    }
}

impl Fit for Warning {
    fn fit(&mut self) -> Result<(), &'static str> {
        code(&mut self.code);
        subject(&mut self.subject);
        self.field.as_mut().map(sentence);
        self.message.fit()
    }
}

impl Fit for Reason {
    fn fit(&mut self) -> Result<(), &'static str> {
        code(&mut self.code);
        self.message.fit()
    }
}

impl Fit for crate::contract::Refused {
    fn fit(&mut self) -> Result<(), &'static str> {
        subject(&mut self.id);
        self.failure.fit()
    }
}

impl Fit for CheckLine {
    fn fit(&mut self) -> Result<(), &'static str> {
        code(&mut self.code);
        self.message.fit()?;
        self.fix.fit()
    }
}

impl Fit for Page {
    fn fit(&mut self) -> Result<(), &'static str> {
        if self.next.as_ref().is_some_and(|cursor| cursor.len() > CURSOR) {
            return Err("the cursor of a page is longer than 4 KiB");
        }
        self.refused.fit()?;
        self.warnings.fit()
    }
}

impl Fit for WebhookOutcome {
    fn fit(&mut self) -> Result<(), &'static str> {
        match self {
            WebhookOutcome::Accepted(accepted) => {
                sentence(&mut accepted.event);
                accepted.refused.fit()?;
                accepted.warnings.fit()
            }
            WebhookOutcome::Ignored(ignored) => {
                ignored.registered.iter_mut().flatten().for_each(sentence);
                ignored.reason.fit()
            }
            WebhookOutcome::Forged | WebhookOutcome::Uninstalled => Ok(()),
        }
    }
}

impl Fit for OrderPlan {
    fn fit(&mut self) -> Result<(), &'static str> {
        match self {
            OrderPlan::Create(plan) | OrderPlan::SetStatus(plan) if !is_remote_id(&plan.own_id) => {
                Err("an order's own id has not 1 to 64 bytes, or control characters")
            }
            OrderPlan::Create(plan) | OrderPlan::SetStatus(plan) => plan.warnings.fit(),
            OrderPlan::Skip(reason) => reason.fit(),
        }
    }
}

impl Fit for Pushed {
    fn fit(&mut self) -> Result<(), &'static str> {
        if !is_remote_id(&self.remote) {
            return Err("a pushed order's id has not 1 to 64 bytes, or control characters");
        }
        self.warnings.fit()
    }
}

impl Fit for PushOutcome {
    fn fit(&mut self) -> Result<(), &'static str> {
        match self {
            PushOutcome::Created(pushed) | PushOutcome::Adopted(pushed) | PushOutcome::Updated(pushed) | PushOutcome::Already(pushed) => {
                pushed.fit()
            }
            PushOutcome::Unsettled(unsettled) => unsettled.message.fit(),
            PushOutcome::Skipped(reason) => reason.fit(),
        }
    }
}

impl Fit for Account {
    fn fit(&mut self) -> Result<(), &'static str> {
        if !is_remote_id(&self.id) {
            return Err("an account's id has not 1 to 64 bytes, or control characters");
        }
        // A branch that is left out would be one that the merchant did not allow.
        if self.branches.len() > BRANCHES || !self.branches.iter().all(|branch| is_remote_id(branch)) {
            return Err("an account's branches are more than 10,000, or one has not 1 to 64 bytes, or control characters");
        }
        self.name.as_mut().map(sentence);
        self.permissions.truncate(PERMISSIONS);
        self.permissions.iter_mut().for_each(sentence);
        Ok(())
    }
}

/// What goes out is judged on its way out.
impl Fit for http::Request {
    fn fit(&mut self) -> Result<(), &'static str> {
        Ok(())
    }
}

impl Fit for catalog::Product {
    fn fit(&mut self) -> Result<(), &'static str> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::types::{Argument, FailureClass};

    fn message(text: &str) -> Message {
        let argument = Argument { name: "detail".to_owned(), value: text.to_owned() };
        Message { vi: text.to_owned(), en: text.to_owned(), arguments: vec![argument; 40] }
    }

    fn failure(code: &str, text: &str) -> Failure {
        let (code, field) = (code.to_owned(), Some(text.to_owned()));
        Failure { class: FailureClass::Ambiguous, code, message: message(text), subject: Some(text.to_owned()), field }
    }

    #[test]
    fn a_failure_keeps_its_class_and_loses_what_is_too_much() {
        let mut long = failure("A code\n", &"đ\n".repeat(5_000_000));
        long.fit().unwrap();
        assert_eq!((long.class, long.code.as_str(), long.subject), (FailureClass::Ambiguous, "A code\\u{a}", None));
        assert!(long.message.vi.starts_with("đ\\u{a}đ") && long.message.vi.len() <= SENTENCE && long.message.en.len() <= SENTENCE);
        assert_eq!(long.message.arguments.len(), ARGUMENTS);
        assert!(long.message.arguments.iter().all(|argument| argument.value.len() <= SENTENCE));
        assert!(long.field.unwrap().len() <= SENTENCE);
    }

    #[test]
    fn a_failure_without_a_code_gets_one() {
        let mut bare = failure("", "x");
        bare.fit().unwrap();
        assert_eq!(bare.code, "connector.no-code");
        let mut long = failure(&"x".repeat(65), "x");
        long.fit().unwrap();
        assert_eq!(long.code.len(), CODE);
    }

    #[test]
    fn what_fits_is_left_as_it_is() {
        let mut plain = failure("nhanh.err-429", "Mã 12");
        plain.message.arguments.truncate(1);
        let before = plain.clone();
        plain.fit().unwrap();
        assert_eq!(plain, before);
    }

    #[test]
    fn an_endless_cursor_is_no_answer() {
        let page = |length| Page {
            changes: Vec::new(),
            refused: Vec::new(),
            warnings: Vec::new(),
            next: Some("x".repeat(length)),
            done: 0,
            total: None,
        };
        assert!(page(CURSOR).fit().is_ok());
        assert!(page(CURSOR + 1).fit().is_err());
    }

    #[test]
    fn an_account_or_an_order_without_a_name_is_no_answer() {
        let account = |id: &str| Account { id: id.to_owned(), name: None, expires: None, permissions: Vec::new(), branches: Vec::new() };
        assert!(account("110668").fit().is_ok());
        for id in ["", "a\nb", &"x".repeat(65)] {
            assert!(account(id).fit().is_err(), "{id:?}");
            let mut branched = account("110668");
            branched.branches = vec!["1".to_owned(), id.to_owned()];
            assert!(branched.fit().is_err(), "{id:?}");
        }
        let mut many = account("110668");
        many.branches = vec!["1".to_owned(); BRANCHES + 1];
        assert!(many.fit().is_err());
    }

    #[test]
    fn what_an_account_is_called_is_shown_to_people_and_made_to_fit() {
        let text = "Shop \u{200f}\u{61c}x\n".repeat(1_000);
        let mut account =
            Account { id: "1".to_owned(), name: Some(text.clone()), expires: None, permissions: vec![text; 300], branches: Vec::new() };
        account.fit().unwrap();
        let name = account.name.unwrap();
        assert!(name.starts_with("Shop \\u{200f}\\u{61c}x\\u{a}Shop") && name.len() <= SENTENCE, "{name}");
        assert!(account.permissions.len() == PERMISSIONS && account.permissions.iter().all(|right| *right == name));
    }
}
