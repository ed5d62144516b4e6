//! What a merchant does at the page, step by step as the guide says.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use fantoccini::Locator;
use nhanh_sim::{AppForm, EventKind, WebhookForm};

use crate::chromium::Chromium;
use crate::stage::{PASSWORD, Stage};

/// A merchant at a browser.
pub(crate) struct Merchant<'a> {
    pub(crate) browser: &'a Chromium,
    pub(crate) stage: &'a Stage,
}

impl Merchant<'_> {
    pub(crate) async fn signs_in(&self, name: &str) -> Result<()> {
        self.browser.go(&format!("{}/sign-in", self.stage.origin)).await?;
        self.browser.fill("#name", name).await?;
        self.browser.fill("#password", PASSWORD).await?;
        self.browser.click("main button[type=submit]").await?;
        self.browser.says("h1", "Kết nối PM bán hàng").await
    }

    /// The form, the app at open.nhanh.vn with its webhooks, and the login.
    pub(crate) async fn fills_in_the_form(&self) -> Result<()> {
        let browser = self.browser;
        browser.click("main form[action='/connections'] button").await?;
        let redirect = browser.value("#field-redirect-url").await?;
        let callback = browser.value("#field-webhook-url").await?;
        ensure!(redirect == format!("{}/landing", self.stage.origin) && callback.contains("/hooks/"), "{redirect} {callback}");
        let app = AppForm { name: "Nobi Pro".to_owned(), redirect_urls: vec![redirect], webhooks: None };
        let app = self.stage.nhanh.register_app(app);

        browser.click("button[name=make]").await?;
        browser.says("#field-verify-token-made", "Đã tạo").await?;
        let verify_token = browser.value("#field-verify-token").await?;
        browser.fill("#field-app-id", &app.app_id.to_string()).await?;
        browser.fill("#field-client-secret", &app.secret_key).await?;
        browser.choose("#field-default-role", "sale").await?;
        browser.click("#field-sync-orders").await?;
        browser.click("#field-sync-stock-and-price").await?;
        browser.look("03-form").await?;
        browser.click("#connection-form button[value=stay]").await?;
        browser.says("main", "Đã lưu.").await?;

        let events = EventKind::ALL.to_vec();
        let form = WebhookForm { callback_url: callback, verify_token, events, ..WebhookForm::default() };
        self.stage.nhanh.save_webhooks(app.app_id, form).await?;
        self.logs_in_at_nhanh("#log-in").await
    }

    /// Nhanh's own login page, and back.
    pub(crate) async fn logs_in_at_nhanh(&self, button: &str) -> Result<()> {
        let browser = self.browser;
        browser.click(button).await?;
        browser.says("h1", "Cấp quyền cho ứng dụng").await?;
        browser.click("button[type=submit]").await?;
        browser.says("main", "Đã kết nối.").await
    }

    /// The guide says two things of stock and price: the merchant chooses.
    pub(crate) async fn chooses_how_stock_flows(&self) -> Result<()> {
        for entity in ["stock", "price"] {
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
        browser.click(".cards a.button").await?;
        browser.says("main", "Ghép với bản ghi nào?").await?;
        browser.look("08-pairing").await?;
        browser.click("input[value=new]").await?;
        browser.click("main form button[type=submit]").await?;
        browser.says("main", "Đã ghi nhận lựa chọn.").await
    }

    /// Looks again until it is so.
    pub(crate) async fn reloads_until(&self, css: &str, wanted: &str) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(60);
        while !self.browser.page.find(Locator::Css(css)).await?.text().await?.contains(wanted) {
            ensure!(Instant::now() < until, "{css} never says {wanted}");
            tokio::time::sleep(Duration::from_millis(300)).await;
            self.browser.page.refresh().await?;
        }
        Ok(())
    }
}
