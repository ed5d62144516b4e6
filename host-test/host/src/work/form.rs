//! The connection's form, checked against the descriptor that it was rendered from. Every fault is told at once, by field; nothing is kept
//! before all of them are mended.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{Host, message};
use crate::contract::types::Message;
use crate::contract::{Choice, Field, FieldKind};
use crate::secret::{Secret, Secrets};
use crate::store::{Connection, ConnectionId, StoreError};

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
    #[error("{}", .0.iter().map(|error| format!("{}: {} ({})", error.key, error.message.vi, error.message.en)).collect::<Vec<_>>().join("; "))]
    Fields(Vec<FieldError>),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Host {
    /// Checks the form and keeps it. A secret field that is left empty keeps its secret.
    pub async fn fill_in(&self, connection: ConnectionId, form: Form) -> Result<Connection, FormError> {
        let owner = self.store.connection(connection).await?;
        let descriptor = self.connector(&owner.connector)?.descriptor().clone();
        let known = self.store.secrets(connection).await?;
        let mut errors = Vec::new();
        let mut settings = BTreeMap::new();
        let mut secrets = Secrets::default();
        for key in form.keys().filter(|key| !descriptor.form.iter().any(|field| &field.key == *key)) {
            errors.push(FieldError { key: key.clone(), message: message("Không có trường này.", "There is no such field.", &[]) });
        }
        for field in &descriptor.form {
            let given = form.get(&field.key).map(|text| text.trim()).filter(|text| !text.is_empty());
            let secret = matches!(field.kind, FieldKind::Secret);
            match given {
                None if matches!(field.kind, FieldKind::HostValue(_)) => {}
                None if field.required && field.default.is_none() && !(secret && known.get(&field.key).is_some()) => {
                    errors.push(FieldError { key: field.key.clone(), message: message("Cần điền.", "Must be filled in.", &[]) });
                }
                None => {
                    if let Some(default) = field.default.clone().filter(|_| !secret) {
                        settings.insert(field.key.clone(), default);
                    }
                }
                Some(text) => match fault(field, text, &self.config.roles) {
                    Some(message) => errors.push(FieldError { key: field.key.clone(), message }),
                    None if secret => {
                        secrets.insert(field.key.clone(), Secret::new(text.to_owned()));
                    }
                    None => {
                        settings.insert(field.key.clone(), text.to_owned());
                    }
                },
            }
        }
        if !errors.is_empty() {
            return Err(FormError::Fields(errors));
        }
        let app = settings.get(&descriptor.app_field).cloned().unwrap_or_default();
        self.store.save_form(connection, app, settings, secrets).await?;
        Ok(self.store.connection(connection).await?)
    }
}

fn is_among(text: &str, choices: &[Choice]) -> bool {
    choices.iter().any(|choice| choice.value == text)
}

/// What is wrong with a value, if anything is.
fn fault(field: &Field, text: &str, roles: &[(String, String)]) -> Option<Message> {
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
