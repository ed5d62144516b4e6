//! The apps, as open.nhanh.vn shows them to their owner: id and secret to copy, addresses and webhooks to fill in.

use std::sync::Arc;

use maud::{Markup, html};

use super::Said;
use super::layout::both;
use crate::access::{AppForm, Registered, WebhookForm, is_acceptable};
use crate::dialect::Dialect;
use crate::events::EventKind;
use crate::inner::Inner;
use crate::wire::form::Form;

pub(super) fn show(inner: &Arc<Inner>) -> Markup {
    let state = inner.state();
    let mut apps: Vec<&Registered> = state.access.apps().collect();
    apps.sort_by_key(|app| app.app.app_id);
    html! {
        p { (both(
            "Như trang open.nhanh.vn: chép App ID và Secret key sang form kết nối, dán hai địa chỉ của Nobi Pro vào đây, rồi lưu.",
            "As open.nhanh.vn: copy App ID and secret key into the connection's form, paste the two addresses of Nobi Pro here, and save.",
        )) }
        p { (both("Máy chủ API và trang đăng nhập", "API server and login page")) ": " code { (inner.origin) } }
        @for business in state.shop.businesses.values() {
            p {
                (both("Doanh nghiệp", "Business")) ": " (business.name) " " code { (business.id) } ", "
                (both(&format!("{} kho, {} sản phẩm, {} khách", business.depots.len(), business.products.len(), business.customers.len()),
                    &format!("{} depots, {} products, {} customers", business.depots.len(), business.products.len(), business.customers.len())))
            }
        }
        @for app in apps { (one(app)) }
    }
}

fn one(app: &Registered) -> Markup {
    let id = |what: &str| format!("{what}-{}", app.app.app_id);
    let hooks = app.form.webhooks.clone().unwrap_or_else(|| WebhookForm { version: Dialect::V3, ..WebhookForm::default() });
    html! {
        h2 { (app.form.name) }
        p { "App ID: " code { (app.app.app_id) } }
        p { "Secret key: " code { (app.app.secret_key) } }
        form method="post" action="/page" autocomplete="off" {
            input type="hidden" name="app" value=(app.app.app_id);
            div .field {
                label for=(id("redirect")) { "Redirect URL " span .en { "(mỗi dòng một địa chỉ, one a line)" } }
                textarea id=(id("redirect")) name="redirect" rows="2" spellcheck="false" { (app.form.redirect_urls.join("\n")) }
            }
            div .field {
                label for=(id("callback")) { "Webhooks callback URL " span .en { "(để trống: tắt, empty: off)" } }
                input id=(id("callback")) name="callback" value=(hooks.callback_url) spellcheck="false";
            }
            div .field {
                label for=(id("verify")) { "Webhooks verify token" }
                input id=(id("verify")) name="verify" value=(hooks.verify_token) spellcheck="false";
            }
            fieldset {
                legend { "Webhooks version" }
                @for version in [Dialect::V3, Dialect::V2] {
                    label { input type="radio" name="version" value=(version.version()) checked[hooks.version == version]; " " (version.version()) }
                }
            }
            fieldset {
                legend { (both("Sự kiện", "Events")) }
                @for kind in every_event() {
                    label { input type="checkbox" name="events[]" value=(kind.name()) checked[hooks.events.contains(&kind) || hooks.events.is_empty()]; " " (kind.name()) }
                }
            }
            button type="submit" { "Lưu (Save)" }
        }
    }
}

/// The events of either version.
fn every_event() -> impl Iterator<Item = EventKind> {
    let older = EventKind::ALL.into_iter().filter(|kind| !EventKind::ALL_V3.contains(kind));
    EventKind::ALL_V3.into_iter().chain(older)
}

/// Saves an app's form. With webhooks on, that sends the probe, and nothing is saved where it is not answered 200.
pub(super) async fn save(inner: &Arc<Inner>, form: &Form) -> Said {
    let app = form.int("app").unwrap_or(0);
    let Some(name) = inner.state().access.app(app).map(|app| app.form.name.clone()) else {
        return Said::Not("Không có ứng dụng này. (There is no such app.)".to_owned());
    };
    let lines = form.get("redirect").unwrap_or_default().lines();
    let redirect_urls: Vec<String> = lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    if let Some(url) = redirect_urls.iter().find(|url| !is_acceptable(url)) {
        return Said::Not(format!("Địa chỉ phải bắt đầu bằng https:// (hoặc http:// tới máy này): {url}. (Not an https address.)"));
    }
    let version = form.get("version").and_then(Dialect::named).unwrap_or(Dialect::V3);
    let ticked = |kind: &EventKind| form.all("events").any(|name| name == kind.name()) && EventKind::all(version).contains(kind);
    let text = |name: &str| form.get(name).unwrap_or_default().trim().to_owned();
    let webhooks = Some(text("callback")).filter(|url| !url.is_empty()).map(|callback_url| WebhookForm {
        version,
        callback_url,
        verify_token: text("verify"),
        events: every_event().filter(ticked).collect(),
    });
    match inner.save_app(app, AppForm { name, redirect_urls, webhooks }).await {
        Ok(()) => Said::Done("Đã lưu ứng dụng; địa chỉ webhook đã trả lời 200. (Saved; the callback URL answered 200 where there is one.)"),
        Err(error) => Said::Not(format!("Chưa lưu: {error}. (Not saved.)")),
    }
}
