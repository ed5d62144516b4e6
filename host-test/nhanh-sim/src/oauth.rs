//! The login page and the exchange of a code for a token (reference sections 1.2, 1.3; 3.0: 1.1, 1.2), the same for both
//! dialects.
//!
//! `returnLink` is compared to the letter with the app's registered URLs; a wrong one gets an HTML page and no redirect. Must never show a secret.

use std::collections::BTreeSet;

use url::Url;

use crate::access::{Access, BadCode, Pass, is_acceptable};
use crate::dialect::Dialect;
use crate::inner::ms;
use crate::permission::Permission;
use crate::settings::Settings;
use crate::shop::Shop;
use crate::wire::form::Form;
use crate::wire::reply::Refusal;

/// What the login page answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// An HTML page.
    Html(String),
    /// A redirect.
    Redirect(String),
}

/// Checks a login link: the app must be there and active, the return link registered and https. Says which dialect it names, if any.
fn check(access: &Access, form: &Form) -> Result<(i64, Option<Dialect>, Url), &'static str> {
    let app =
        form.int("appId").and_then(|id| access.app(id)).filter(|app| app.active).ok_or("Ứng dụng không tồn tại hoặc ngừng hoạt động")?;
    // The version is printed as required in the older documents and missing from the newest; one login page serves both dialects.
    let version = form.get("version").map(|version| Dialect::named(version).ok_or("Phiên bản không hợp lệ")).transpose()?;
    let link = form.get("returnLink").unwrap_or_default();
    if !app.form.redirect_urls.iter().any(|registered| registered == link) || !is_acceptable(link) {
        return Err("returnLink không nằm trong danh sách Redirect URL của ứng dụng");
    }
    Ok((app.app.app_id, version, Url::parse(link).map_err(|_| "returnLink không hợp lệ")?))
}

/// The page with the form that a person agrees in.
pub(crate) fn show(shop: &Shop, access: &Access, query: &Form) -> Page {
    let app = match check(access, query) {
        Ok((app, ..)) => access.app(app),
        Err(text) => return refusal(text),
    };
    let name = app.map(|app| escape(&app.form.name)).unwrap_or_default();
    let mut fields = String::new();
    for key in ["version", "appId", "returnLink"] {
        if let Some(value) = query.get(key) {
            fields.push_str(&format!(r#"<input type="hidden" name="{key}" value="{}">"#, escape(value)));
        }
    }
    fields.push_str(r#"<p><label>Doanh nghiệp <select name="businessId">"#);
    for business in shop.businesses.values() {
        fields.push_str(&format!(r#"<option value="{}">{}</option>"#, business.id, escape(&business.name)));
    }
    fields.push_str("</select></label></p><fieldset><legend>Quyền</legend>");
    for permission in Permission::ALL {
        let name = permission.name();
        fields.push_str(&format!(r#"<label><input type="checkbox" name="permissions[]" value="{name}" checked> {name}</label> "#));
    }
    fields.push_str("</fieldset><fieldset><legend>Kho hàng (để trống: tất cả)</legend>");
    for depot in shop.businesses.values().flat_map(|business| business.depots.values()) {
        fields.push_str(&format!(
            r#"<label><input type="checkbox" name="depots[]" value="{}"> {}</label> "#,
            depot.id,
            escape(&depot.name)
        ));
    }
    fields.push_str("</fieldset>");
    Page::Html(frame(&format!(
        r#"<h1>Cấp quyền cho ứng dụng {name}</h1><form method="post" action="/oauth">{fields}<button type="submit">Đồng ý</button></form>"#
    )))
}

/// The person agreed: makes a code and goes back to the app.
pub(crate) fn agree(shop: &Shop, access: &mut Access, form: &Form, now_ms: i64, life_ms: i64) -> Page {
    let (app, version, mut link) = match check(access, form) {
        Ok(checked) => checked,
        Err(text) => return refusal(text),
    };
    let Some(business) = form.int("businessId").and_then(|id| shop.business(id)) else {
        return refusal("Doanh nghiệp không tồn tại");
    };
    if !business.open_api {
        return refusal("Doanh nghiệp chưa bật \"Cho phép kết nối Open API\"");
    }
    let permissions: BTreeSet<Permission> = form.all("permissions").filter_map(Permission::named).collect();
    let depots: Vec<i64> = form.all("depots").filter_map(|id| id.parse().ok()).filter(|id| business.depots.contains_key(id)).collect();
    let code = access.code(Pass { version, app, business: business.id, permissions, depots, until_ms: now_ms.saturating_add(life_ms) });
    link.query_pairs_mut().append_pair("accessCode", &code);
    Page::Redirect(link.into())
}

/// What an exchange of a code for a token shows.
pub(crate) struct Redeem<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) app: Option<i64>,
    pub(crate) secret: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
}

/// Exchanges a code for a token; a code is dead after its first use and after ten minutes.
pub(crate) fn redeem(access: &mut Access, asked: &Redeem<'_>, now_ms: i64, settings: &Settings) -> Result<(String, Pass), Refusal> {
    let app = owner(access, asked.app, asked.secret)?;
    access.exchange(app, asked.code.unwrap_or_default(), asked.dialect, now_ms, ms(settings.token_life)).map_err(|bad| match bad {
        BadCode::Unknown => Refusal::text("Invalid accessCode"),
        BadCode::OtherVersion => Refusal::coded("ERR_INVALID_VERSION", "The accessCode is of another version"),
    })
}

/// The app that knows its own secret.
pub(crate) fn owner(access: &Access, app: Option<i64>, secret: Option<&str>) -> Result<i64, Refusal> {
    let app = app.and_then(|id| access.app(id)).filter(|app| app.active);
    let Some(app) = app else { return Err(Refusal::coded("ERR_INVALID_APP_ID", "Invalid appId")) };
    if secret != Some(app.app.secret_key.as_str()) {
        return Err(Refusal::text("Invalid secretKey"));
    }
    Ok(app.app.app_id)
}

fn refusal(text: &str) -> Page {
    Page::Html(frame(&format!("<h1>Không thể đăng nhập</h1><p class=\"error\">{}</p>", escape(text))))
}

fn frame(body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"vi\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Nhanh.vn (giả lập)</title><link rel=\"stylesheet\" href=\"/page.css\"></head><body>{body}</body></html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
