//! What a merchant does at the page, step by step as the guide says.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use nhanh_sim::{App, AppForm, Dialect, EventKind, WebhookForm};

use crate::chromium::{Chromium, PATIENCE};
use crate::stage::{PASSWORD, Stage};

/// The pages of a connection.
pub(crate) const PAGES: [&str; 7] = ["", "/form", "/check", "/orders", "/history", "/troubles", "/pairing"];

/// A merchant at a browser.
pub(crate) struct Merchant<'a> {
    pub(crate) browser: &'a Chromium,
    pub(crate) stage: &'a Stage,
}

impl Merchant<'_> {
    /// A page of the first connection.
    pub(crate) async fn opens(&self, path: &str) -> Result<()> {
        self.browser.go(&format!("{}/connections/1{path}", self.stage.origin)).await
    }

    pub(crate) async fn signs_in(&self, name: &str) -> Result<()> {
        self.browser.go(&format!("{}/sign-in", self.stage.origin)).await?;
        self.browser.fill("#name", name).await?;
        self.browser.fill("#password", PASSWORD).await?;
        self.browser.click("main button[type=submit]").await?;
        self.browser.says("h1", "Kết nối PM bán hàng").await
    }

    /// The form, the app at open.nhanh.vn with its webhooks, and the login.
    pub(crate) async fn connects(&self) -> Result<()> {
        self.fills_in_the_form(Dialect::V3).await?;
        self.agrees_for_the_first_time().await
    }

    /// Switches the page's language.
    pub(crate) async fn reads_in(&self, language: &str) -> Result<()> {
        if self.browser.count(&format!("html[lang={language}]")).await? == 0 {
            self.browser.click("#language").await?;
        }
        self.browser.find(&format!("html[lang={language}]")).await.map(drop)
    }

    /// A page of the first connection says each of these in its language: Vietnamese, then English.
    pub(crate) async fn reads_both(&self, path: &str, css: &str, sentences: &[(&str, &str)]) -> Result<()> {
        for (language, english) in [("vi", false), ("en", true)] {
            self.reads_in(language).await?;
            self.opens(path).await?;
            for (vi, en) in sentences {
                self.browser.says(css, if english { en } else { vi }).await?;
            }
        }
        self.reads_in("vi").await
    }

    /// The form with the app at open.nhanh.vn and its webhooks, up to Nhanh's login page. `api`: which software the merchant chooses.
    pub(crate) async fn fills_in_the_form(&self, api: Dialect) -> Result<()> {
        self.browser.click("main form[action='/connections'] button").await?;
        self.fills_in_an_app(api).await.map(drop)
    }

    /// The same on a form that is open. Answers the app and what its webhooks were saved with.
    pub(crate) async fn fills_in_an_app(&self, api: Dialect) -> Result<(App, WebhookForm)> {
        let browser = self.browser;
        let redirect = browser.value("#field-redirect-url").await?;
        let callback = browser.value("#field-webhook-url").await?;
        ensure!(redirect == format!("{}/landing", self.stage.origin) && callback.contains("/hooks/"), "{redirect} {callback}");
        let app = AppForm { name: "Nobi Pro".to_owned(), redirect_urls: vec![redirect], webhooks: None };
        let app = self.stage.nhanh.register_app(app);

        browser.click("button[name=make]").await?;
        browser.says("#field-verify-token-made", "Đã tạo").await?;
        let verify_token = browser.value("#field-verify-token").await?;
        browser.choose("#field-api-version", api.version()).await?;
        browser.fill("#field-app-id", &app.app_id.to_string()).await?;
        browser.fill("#field-client-secret", &app.secret_key).await?;
        browser.choose("#field-default-role", "sale").await?;
        browser.click("#field-sync-orders").await?;
        browser.click("#field-sync-stock-and-price").await?;
        browser.click("#connection-form button[value=login]").await?;
        browser.says("h1", "Cấp quyền cho ứng dụng").await?;

        // What is saved at Nhanh is probed there and then: the form is kept by now.
        let events = EventKind::all(api).to_vec();
        let form = WebhookForm { callback_url: callback, verify_token, events, version: api };
        self.stage.nhanh.save_webhooks(app.app_id, form.clone()).await?;
        Ok((app, form))
    }

    /// Nhanh's own login page, and back to the question whether that is the merchant's business, and to the checklist.
    pub(crate) async fn agrees_for_the_first_time(&self) -> Result<()> {
        self.browser.click("button[type=submit]").await?;
        self.browser.says("h1", "Đây có đúng là doanh nghiệp của bạn?").await?;
        self.browser.says("main", &self.stage.nhanh.business().id.to_string()).await?;
        self.browser.look("03-business").await?;
        self.browser.click("#business-yes").await?;
        self.browser.says("main", "Đã kết nối.").await
    }

    /// Nhanh's own login page, and back to the checklist.
    pub(crate) async fn agrees(&self) -> Result<()> {
        self.browser.click("button[type=submit]").await?;
        self.browser.says("main", "Đã kết nối.").await
    }

    pub(crate) async fn logs_in_again(&self) -> Result<()> {
        self.browser.click("#log-in").await?;
        self.browser.says("h1", "Cấp quyền cho ứng dụng").await?;
        self.agrees().await
    }

    /// One click, and the address is where the merchant pastes it.
    pub(crate) async fn copies_an_address(&self) -> Result<()> {
        let browser = self.browser;
        browser.click("[data-copy=field-webhook-url]").await?;
        browser.says("#said", "Đã sao chép").await?;
        browser.press("#field-app-id", "\u{e009}v").await?;
        let (pasted, address) = (browser.value("#field-app-id").await?, browser.value("#field-webhook-url").await?);
        // The field holds twenty characters.
        ensure!(pasted.len() == 20 && address.starts_with(&pasted), "{pasted} {address}");
        Ok(())
    }

    /// The guide says two things of stock and price: the merchant chooses.
    pub(crate) async fn chooses_how_stock_flows(&self) -> Result<()> {
        for (entity, danger) in [("stock", "bán quá số tồn"), ("price", "bán sai giá")] {
            self.browser.says(&format!("#flow-{entity}"), danger).await?;
            self.browser.says(&format!("#flow-{entity}"), "Hãy chọn cách đồng bộ trước.").await?;
            self.browser.choose(&format!("#flow-{entity} select"), "keep-updated").await?;
            self.browser.click(&format!("#policy-{entity}")).await?;
            self.browser.find(&format!("#sync-{entity}")).await?;
        }
        Ok(())
    }

    /// The product whose SKU another one has too.
    pub(crate) async fn pairs_what_waits(&self) -> Result<()> {
        let browser = self.browser;
        browser.click("#flow-product a[href$='/pairing']").await?;
        browser.says("main", "Hệ thống không đoán: bạn chọn.").await?;
        browser.look("10-pairing").await?;
        browser.click(".cards a.button").await?;
        browser.says("main", "Liên kết với mục nào?").await?;
        browser.look("11-pair").await?;
        browser.click("input[value=new]").await?;
        browser.click("main form button[type=submit]").await?;
        browser.says("main", "Đã ghi nhận lựa chọn.").await
    }

    /// Every page of the connection and the list, in this language, looked at.
    pub(crate) async fn tours(&self, name: &str) -> Result<()> {
        self.browser.go(&format!("{}/connections", self.stage.origin)).await?;
        self.browser.look(&format!("{name}-list")).await?;
        for path in PAGES {
            self.opens(path).await?;
            self.browser.fits().await?;
            self.browser
                .look(&format!("{name}{}", if path.is_empty() { "-connection".to_owned() } else { path.replace('/', "-") }))
                .await?;
        }
        Ok(())
    }

    /// Looks again until it is so.
    pub(crate) async fn reloads_until(&self, css: &str, wanted: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while !self.browser.read(css).await?.contains(wanted) {
            ensure!(Instant::now() < until, "{css} never says {wanted}");
            tokio::time::sleep(Duration::from_millis(200)).await;
            self.browser.page.refresh().await?;
        }
        Ok(())
    }
}
