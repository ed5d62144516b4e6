//! Moving a connection: which changed fields of the form need a new grant, and how that is told.
//!
//! The host knows no dialect and no app. It asks the connector where a person would log in with the values of before and with the new ones: if
//! that is the same request, the grant that is there covers both; if it differs, the other side would grant something else, and only a login
//! may bring the new values into force. So no saved form ever leaves a connection with a token that does not go with its settings.

use std::collections::BTreeMap;

use super::{FormError, Host, message};
use crate::contract::types::{Argument, Message, Reason};
use crate::contract::{Field, FieldKind};
use crate::sandbox::Connector;
use crate::store::Connection;

/// Stands for the address that a login comes back to: the same for both questions.
const RETURN_TO: &str = "https://return.invalid/landing";

type Settings = BTreeMap<String, String>;

impl Host {
    /// The fields that differ between these settings and the connection's, and whose difference the connection's grant does not cover. None
    /// before the first grant.
    pub(super) async fn what_moves<'c>(
        &self,
        owner: &Connection,
        connector: &'c Connector,
        wished: &Settings,
    ) -> Result<Vec<&'c Field>, FormError> {
        let plain = |field: &&Field| !matches!(field.kind, FieldKind::Secret | FieldKind::HostValue(_));
        let form = connector.descriptor().form.iter().filter(plain);
        let changed: Vec<&Field> = form.filter(|field| value(field, &owner.settings) != value(field, wished)).collect();
        if owner.account.is_none() || changed.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        let login = async |settings: &Settings| {
            let mut context = self.context(&Connection { settings: settings.clone(), ..owner.clone() }, connector.descriptor());
            // One moment for all of them: what differs then, differs by the settings.
            context.now = now;
            connector.authorize_url(&context, RETURN_TO).await.result
        };
        let before = login(&owner.settings).await?;
        let after = login(wished).await?;
        if before == after {
            return Ok(Vec::new());
        }
        // There is no login with these values, so there will be no grant either.
        after.map_err(|failure| FormError::Failed(Box::new(failure)))?;
        let mut moved = Vec::new();
        for field in &changed {
            let mut alone = owner.settings.clone();
            match wished.get(&field.key) {
                Some(value) => alone.insert(field.key.clone(), value.clone()),
                None => alone.remove(&field.key),
            };
            if login(&alone).await? != before {
                moved.push(*field);
            }
        }
        // Values that bear on the login only together.
        Ok(if moved.is_empty() { changed } else { moved })
    }
}

fn value<'s>(field: &'s Field, settings: &'s Settings) -> Option<&'s str> {
    settings.get(&field.key).or(field.default.as_ref()).map(String::as_str)
}

/// A value as people call it.
fn shown(field: &Field, settings: &Settings) -> (String, String) {
    let Some(value) = value(field, settings) else { return ("–".to_owned(), "–".to_owned()) };
    let label = match &field.kind {
        FieldKind::Choice(choices) => choices.iter().find(|choice| choice.value == value).map(|choice| &choice.label),
        _ => None,
    };
    label.map_or_else(|| (value.to_owned(), value.to_owned()), |label| (label.vi.clone(), label.en.clone()))
}

/// From what to what: `Phần mềm: Nhanh.vn V2 → Nhanh.vn V3`.
pub(super) fn steps(moved: &[&Field], before: &Settings, after: &Settings) -> Message {
    let (mut vi, mut en, mut arguments) = (Vec::new(), Vec::new(), Vec::new());
    for field in moved {
        let (from, to) = (shown(field, before), shown(field, after));
        vi.push(format!("{}: {} → {}", field.label.vi, from.0, to.0));
        en.push(format!("{}: {} → {}", field.label.en, from.1, to.1));
        let told = [
            ("field", field.key.as_str()),
            ("from", value(field, before).unwrap_or_default()),
            ("to", value(field, after).unwrap_or_default()),
        ];
        arguments.extend(told.map(|(name, value)| Argument { name: name.to_owned(), value: value.to_owned() }));
    }
    Message { vi: vi.join(", "), en: en.join(", "), arguments }
}

/// The notice of a connection that has been moved.
pub(super) fn told(steps: &Message) -> Reason {
    let mut text = message(
        &format!(
            "Đã chuyển kết nối ({}). Liên kết, đơn hàng và lịch sử giữ nguyên; việc đang dở chạy lại từ đầu, không tạo trùng.",
            steps.vi
        ),
        &format!(
            "The connection was moved ({}). Links, orders and history stay; what was under way begins anew, nothing is made twice.",
            steps.en
        ),
        &[],
    );
    text.arguments.clone_from(&steps.arguments);
    Reason { code: "connection-moved".to_owned(), message: text }
}

/// What is said at a field whose change needs a login.
pub(super) fn needs_login() -> Message {
    message(
        "Đổi mục này phải đăng nhập cấp quyền lại. Chưa có gì được lưu: hãy đăng nhập kèm thay đổi này, kết nối hiện tại vẫn chạy tới khi có \
         quyền mới.",
        "Changing this needs a new grant. Nothing was saved: log in with this change; until then the connection works as it is.",
        &[],
    )
}
