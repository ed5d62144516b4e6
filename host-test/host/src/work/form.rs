//! The connection's form, checked against the descriptor that it was rendered from. Every fault is told at once, by field; nothing is kept
//! before all of them are mended.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{Host, message, moving};
use crate::contract::types::{Failure, Message};
use crate::contract::{Choice, Field, FieldKind};
use crate::nobi::fault_of_setting;
use crate::sandbox::CallError;
use crate::secret::Secret;
use crate::store::{Changes, Connection, ConnectionId, StoreError};

/// What a person filled in, by the field's key.
pub type Form = BTreeMap<String, String>;

/// One field that is not right.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// The field.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: Message,
}

/// Why a form was not kept.
#[derive(Debug, Error)]
pub enum FormError {
    /// These fields are not right.
    #[error("{}", lines(.0))]
    Fields(Vec<FieldError>),
    /// These fields are right, and the grant does not cover their new values: a login brings them into force.
    #[error("{}", lines(.0))]
    NeedsLogin(Vec<FieldError>),
    /// The connector says that nobody can log in with these values.
    #[error("{} ({}) [{}]", .0.message.vi, .0.message.en, .0.code)]
    Failed(Box<Failure>),
    /// The connector could not be asked.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn lines(errors: &[FieldError]) -> String {
    let line = |error: &FieldError| format!("{}: {} ({})", error.key, error.message.vi, error.message.en);
    errors.iter().map(line).collect::<Vec<_>>().join("; ")
}

impl Host {
    /// Checks the form and keeps it. A field that is not named stays as it is, and a secret field that is left empty keeps its secret; any
    /// other field that is left empty gets its default. Once there is a grant, values that it does not cover are not kept:
    /// [`begin_login_with`](Host::begin_login_with) brings them into force with a new one.
    pub async fn fill_in(&self, connection: ConnectionId, form: Form) -> Result<Connection, FormError> {
        let owner = self.store.connection(connection).await?;
        let connector = self.connector(&owner.connector)?.clone();
        let changes = self.filled(&owner, &form).await?;
        let moved = self.what_moves(&owner, &connector, &changes.over(&owner.settings)).await?;
        if !moved.is_empty() {
            let error = |field: &&Field| FieldError { key: field.key.clone(), message: moving::needs_login() };
            return Err(FormError::NeedsLogin(moved.iter().map(error).collect()));
        }
        self.store.save_form(owner.footing(), &connector.descriptor().app_field, changes, self.clock.now()).await?;
        self.wake.notify_waiters();
        Ok(self.store.connection(connection).await?)
    }

    /// What a form changes, once all of it is right.
    pub(super) async fn filled(&self, owner: &Connection, form: &Form) -> Result<Changes, FormError> {
        let descriptor = self.connector(&owner.connector)?.descriptor().clone();
        let known = self.store.secrets(owner.id).await?;
        let mut errors = Vec::new();
        let mut changes = Changes::default();
        for key in form.keys().filter(|key| !descriptor.form.iter().any(|field| &field.key == *key)) {
            errors.push(FieldError { key: key.clone(), message: message("Không có trường này.", "There is no such field.", &[]) });
        }
        for field in &descriptor.form {
            let named = form.get(&field.key).map(|text| text.trim());
            let secret = matches!(field.kind, FieldKind::Secret);
            let stays = match secret {
                true => known.get(&field.key).is_some(),
                false => named.is_none() && owner.settings.contains_key(&field.key),
            };
            match named.filter(|text| !text.is_empty()) {
                None if stays || matches!(field.kind, FieldKind::HostValue(_)) => {}
                None if field.required && field.default.is_none() => {
                    errors.push(FieldError { key: field.key.clone(), message: message("Cần điền.", "Must be filled in.", &[]) });
                }
                None if secret => {}
                None => {
                    changes.settings.insert(field.key.clone(), field.default.clone());
                }
                Some(text) => match fault(field, text, &self.config.roles).or_else(|| fault_of_setting(&field.key, text)) {
                    Some(message) => errors.push(FieldError { key: field.key.clone(), message }),
                    None if secret => {
                        changes.secrets.insert(field.key.clone(), Secret::new(text.to_owned()));
                    }
                    None => {
                        changes.settings.insert(field.key.clone(), Some(text.to_owned()));
                    }
                },
            }
        }
        if errors.is_empty() { Ok(changes) } else { Err(FormError::Fields(errors)) }
    }
}

fn is_among(text: &str, choices: &[Choice]) -> bool {
    choices.iter().any(|choice| choice.value == text)
}

/// What is wrong with a value, if anything is.
fn fault(field: &Field, text: &str, roles: &[(String, Message)]) -> Option<Message> {
    let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    if matches!(field.kind, FieldKind::Text | FieldKind::Number | FieldKind::Secret) && (length < field.min || length > field.max) {
        let (min, max) = (field.min.to_string(), field.max.to_string());
        return Some(message(
            &format!("Cần từ {min} đến {max} ký tự."),
            &format!("Needs {min} to {max} characters."),
            &[("min", &min), ("max", &max)],
        ));
    }
    if field.mixed && !(text.chars().any(char::is_alphabetic) && text.chars().any(|c| c.is_ascii_digit())) {
        return Some(message("Cần có cả chữ và số.", "Needs both letters and digits.", &[]));
    }
    let fits = match &field.kind {
        FieldKind::Text | FieldKind::Secret => true,
        FieldKind::Number => text.bytes().all(|byte| byte.is_ascii_digit()),
        FieldKind::Toggle => matches!(text, "on" | "off"),
        FieldKind::Choice(choices) => is_among(text, choices),
        FieldKind::Choices(choices) => {
            serde_json::from_str::<Vec<String>>(text).is_ok_and(|picked| picked.iter().all(|one| is_among(one, choices)))
        }
        FieldKind::HostChoice(_) => roles.iter().any(|(value, _)| value == text),
        FieldKind::HostValue(_) => false,
    };
    (!fits).then(|| match field.kind {
        FieldKind::Number => message("Chỉ gồm chữ số.", "Digits only.", &[]),
        FieldKind::HostValue(_) => message("Trường này do Nobi tạo, không sửa được.", "Nobi makes this value; it cannot be set.", &[]),
        _ => message("Giá trị này không có trong danh sách.", "Not one of the choices.", &[]),
    })
}
