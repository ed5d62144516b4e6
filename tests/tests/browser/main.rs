//! A merchant does the whole guide in a real browser, from an empty host: form, login at the (simulated) Nhanh.vn, checklist, dry run, every
//! sync, progress, history, pairing; a failing connection and its repair; another tenant; a phone; no scripts; both languages. Pictures of it
//! are left in `<target>/screenshots`.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod chromium;
mod merchant;
mod stage;

use std::time::Duration;

use anyhow::Result;
use nhanh_sim::Fault;
use tokio::sync::Mutex;

use crate::chromium::{Chromium, Window};
use crate::merchant::Merchant;
use crate::stage::Stage;

const DAY: Duration = Duration::from_secs(86_400);

/// One browser at a time: they are heavy.
static TURN: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_guide_from_an_empty_host() -> Result<()> {
    let _turn = TURN.lock().await;
    let Some(browser) = Chromium::open(Window::Desk).await? else { return Ok(()) };
    let stage = Stage::set(365 * DAY).await?;
    let lan = Merchant { browser: &browser, stage: &stage };
    browser.go(&stage.origin).await?;
    browser.look("01-sign-in").await?;
    lan.signs_in("lan").await?;
    browser.look("02-empty").await?;
    lan.fills_in_the_form().await?;
    browser.says("main", "Kiểm tra kết nối").await?;
    browser.says(".checks", "Tốt").await?;
    browser.look("04-checklist").await?;

    browser.go(&format!("{}/connections/1", stage.origin)).await?;
    browser.says("main", "lan, lúc ").await?;
    browser.says(".greyed", "không hỗ trợ đồng bộ").await?;
    browser.click("#preview-product").await?;
    browser.says("#flow-product", "Chưa ghi gì.").await?;
    browser.look("05-dry-run").await?;
    lan.chooses_how_stock_flows().await?;

    // Slow enough to be seen on its way.
    stage.nhanh.faults().always("*", Fault::Latency(Duration::from_millis(400)));
    browser.click("#sync-product").await?;
    browser.find("#flow-product progress").await?;
    browser.look("06-progress").await?;
    browser.page.refresh().await?;
    browser.find("#flow-product progress").await?;
    stage.nhanh.faults().clear();
    for entity in ["branch", "category", "customer", "stock", "price", "order-status"] {
        browser.click(&format!("#sync-{entity}:enabled")).await?;
    }
    for entity in ["branch", "category", "product", "customer", "stock", "price", "order-status"] {
        browser.says(&format!("#flow-{entity}"), "Xong").await?;
    }
    browser.look("07-synced").await?;
    lan.pairs_what_waits().await?;

    browser.go(&format!("{}/connections/1/history", stage.origin)).await?;
    browser.says("main", "Sản phẩm").await?;
    browser.look("09-history").await?;
    browser.go(&format!("{}/connections/1/troubles", stage.origin)).await?;
    browser.look("10-errors").await?;

    browser.go(&format!("{}/connections/1", stage.origin)).await?;
    browser.click("#language").await?;
    browser.find("html[lang=en]").await?;
    browser.says("main", "Active").await?;
    browser.look("11-english").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_died_is_told_and_mended_and_another_tenant_sees_nothing() -> Result<()> {
    let _turn = TURN.lock().await;
    let Some(browser) = Chromium::open(Window::Desk).await? else { return Ok(()) };
    let stage = Stage::set(20 * DAY).await?;
    let lan = Merchant { browser: &browser, stage: &stage };
    let page = format!("{}/connections/1", stage.origin);
    lan.signs_in("lan").await?;
    lan.fills_in_the_form().await?;
    browser.go(&page).await?;
    browser.says(".banner", "còn 20 ngày").await?;

    let business = stage.nhanh.business().id;
    assert_eq!(stage.nhanh.expire_token(stage.app().await?, business), 1);
    browser.click("#sync-branch").await?;
    browser.says("#flow-branch", "Đang chờ").await?;
    lan.reloads_until("h1", "Tạm dừng").await?;
    browser.look("12-paused").await?;
    browser.go(&format!("{page}/check")).await?;
    browser.says(".checks", "Cách sửa:").await?;
    browser.look("13-failing-check").await?;

    lan.logs_in_at_nhanh("#log-in").await?;
    browser.go(&page).await?;
    browser.says("h1", "Đang hoạt động").await?;
    browser.says("#flow-branch", "Xong").await?;

    // A second business on the same connection is refused in words.
    let other = stage.nhanh.add_business("Hoa Cúc", nhanh_sim::ShopSize::empty());
    browser.click("#log-in").await?;
    browser.choose("select[name=businessId]", &other.id.to_string()).await?;
    browser.click("button[type=submit]").await?;
    browser.says("main", "Kết nối này thuộc doanh nghiệp").await?;
    browser.look("14-other-business").await?;

    browser.click("header form[action='/sign-out'] button").await?;
    lan.signs_in("mai").await?;
    browser.says("main", "Chưa có kết nối nào").await?;
    browser.go(&page).await?;
    browser.says("main", "Không có trang này").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_shows_every_page_within_its_width() -> Result<()> {
    let _turn = TURN.lock().await;
    let Some(browser) = Chromium::open(Window::Phone).await? else { return Ok(()) };
    let stage = Stage::set(365 * DAY).await?;
    let lan = Merchant { browser: &browser, stage: &stage };
    lan.signs_in("lan").await?;
    lan.fills_in_the_form().await?;
    browser.fits().await?;
    browser.go(&format!("{}/connections/1", stage.origin)).await?;
    browser.click("#sync-product").await?;
    browser.says("#flow-product", "Xong").await?;
    browser.look("20-phone").await?;
    for path in ["", "/form", "/check", "/history", "/troubles", "/pairing"] {
        browser.go(&format!("{}/connections/1{path}", stage.origin)).await?;
        browser.fits().await?;
    }
    browser.go(&format!("{}/connections/1/form", stage.origin)).await?;
    browser.look("21-phone-form").await?;
    browser.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_everything_works_by_forms_and_comes_again_by_itself() -> Result<()> {
    let _turn = TURN.lock().await;
    let Some(browser) = Chromium::open(Window::WithoutScripts).await? else { return Ok(()) };
    let stage = Stage::set(365 * DAY).await?;
    let lan = Merchant { browser: &browser, stage: &stage };
    lan.signs_in("lan").await?;
    lan.fills_in_the_form().await?;
    browser.go(&format!("{}/connections/1", stage.origin)).await?;
    stage.nhanh.faults().always("*", Fault::Latency(Duration::from_millis(500)));
    browser.click("#sync-product").await?;
    browser.says("main", "Đã xếp lịch đồng bộ Sản phẩm").await?;
    stage.nhanh.faults().clear();
    browser.says("#flow-product", "Xong").await?;
    browser.close().await
}
