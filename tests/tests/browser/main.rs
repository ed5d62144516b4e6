//! A merchant does the whole guide in a real browser, from an empty host: form, login at the (simulated) Nhanh.vn, checklist, dry run, every
//! sync, progress, history, pairing, errors; a failing connection and its repair; another tenant; a phone; no scripts; both languages. Pictures
//! of it are left in `<target>/screenshots`, and axe looks at every page.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![cfg(unix)]

mod axe;
mod chromium;
mod merchant;
mod sentences;
mod stage;

use std::time::Duration;

use anyhow::Result;
use nhanh_sim::{Dialect, Fault, Settings};
use tokio::sync::Mutex;

use crate::chromium::{Chromium, Window};
use crate::merchant::{Merchant, PAGES};
use crate::sentences::*;
use crate::stage::Stage;

const DAY: Duration = Duration::from_secs(86_400);
/// The button of a stream, ready to be pressed.
const READY: &str = ":enabled:not([aria-disabled])";

/// One browser at a time: they are heavy.
static TURN: Mutex<()> = Mutex::const_new(());

/// A test of each fact. One that is held `at_a_desk` is given a merchant who has signed in there. Where the browser's driver itself fails, and not the
/// page, the fact is held once more: a driver that loses sight of the browser says nothing of what a merchant sees.
macro_rules! facts {
    ($($fact:ident),+; at_a_desk: $($at_a_desk:ident),+ $(,)?) => {
        mod in_a_browser {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $fact() -> anyhow::Result<()> {
                    super::held(stringify!($fact), super::$fact).await
                }
            )+
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $at_a_desk() -> anyhow::Result<()> {
                    super::held(stringify!($at_a_desk), || super::at_a_desk(super::$at_a_desk)).await
                }
            )+
        }
    };
}

async fn held<F: Future<Output = Result<()>>>(name: &str, fact: impl Fn() -> F) -> Result<()> {
    match fact().await {
        Err(error) if error.chain().any(|cause| cause.is::<fantoccini::error::CmdError>()) => {
            chromium::tell(&format!("{name}: the driver failed, once more: {error:#}"));
            fact().await
        }
        held => held,
    }
}

async fn at_a_desk(fact: impl AsyncFnOnce(&Merchant<'_>) -> Result<()>) -> Result<()> {
    let _turn = TURN.lock().await;
    let Some(browser) = Chromium::open(Window::Desk).await? else { return Ok(()) };
    let stage = Stage::set().await?;
    let lan = Merchant { browser: &browser, stage: &stage };
    lan.signs_in("lan").await?;
    fact(&lan).await?;
    browser.close().await
}

facts!(
    the_whole_guide_from_an_empty_host,
    a_grant_that_died_is_told_and_mended_and_another_tenant_sees_nothing,
    a_code_that_was_used_or_came_late_is_told_with_the_way_to_log_in_again,
    a_phone_shows_every_page_within_its_width_and_how_far_a_sync_is,
    without_scripts_everything_works_by_forms_and_comes_again_by_itself;
    at_a_desk:
    what_needs_a_person_is_told_by_its_cause_mended_or_set_aside,
    what_became_of_records_is_counted_fact_by_fact_and_read_in_records,
    the_checklist_says_what_webhooks_did_last_and_nothing_of_a_grant_that_is_refused,
    a_connection_in_2_0_says_so_everywhere_and_moves_by_a_button,
    orders_say_when_the_last_one_went_and_why_one_did_not,
    a_form_begins_with_what_is_copied_and_forgets_a_fault_that_is_mended,
    a_second_connection_to_one_business_is_refused_with_the_way_to_the_first,
    notes_are_no_errors_and_name_what_they_are_about,
    whoever_is_lost_finds_back,
    a_page_that_hears_nothing_asks,
);

async fn the_whole_guide_from_an_empty_host() -> Result<()> {
    let _turn = TURN.lock().await;
    let Some(browser) = Chromium::open(Window::Desk).await? else { return Ok(()) };
    let stage = Stage::set().await?;
    let lan = Merchant { browser: &browser, stage: &stage };
    browser.go(&stage.origin).await?;
    browser.look("01-sign-in").await?;
    lan.signs_in("lan").await?;
    browser.look("02-empty").await?;
    browser.click("main form[action='/connections'] button").await?;
    lan.copies_an_address().await?;
    browser.look("03-form").await?;

    browser.go(&format!("{}/connections", stage.origin)).await?;
    lan.connects().await?;
    browser.says("h1", "Kiểm tra kết nối").await?;
    browser.says(".checks", "Tốt").await?;
    browser.look("04-checklist").await?;

    lan.opens("").await?;
    browser.says("main", "lan, lúc ").await?;
    browser.says(".greyed", "không hỗ trợ đồng bộ").await?;
    browser.click("#preview-product").await?;
    browser.says("#flow-product", "Nếu đồng bộ ngay: tạo 119, chờ liên kết 1. Chưa ghi gì.").await?;
    browser.look("05-dry-run").await?;
    lan.chooses_how_stock_flows().await?;

    // The other side says "wait", and answers slowly enough to be seen on its way.
    stage.nhanh.faults().next("/v3.0/product/list", Fault::RateLimited);
    stage.nhanh.faults().always("*", Fault::Latency(Duration::from_millis(400)));
    browser.press("#sync-product", "\u{e007}").await?;
    browser.find("#flow-product progress").await?;
    assert_eq!(browser.focus().await?, "sync-product", "the keyboard stays where it was");
    browser.press("#sync-product", "\u{e007}").await?;
    browser.says("#flow-product", "Đang chờ lượt gọi Nhanh.vn, đây là điều bình thường.").await?;
    assert_eq!(browser.count("#flow-product .chip.bad").await?, 0, "waiting is no failure");
    browser.look("06-waiting").await?;
    browser.page.refresh().await?;
    browser.find("#flow-product progress").await?;
    stage.nhanh.faults().clear();
    for entity in ["branch", "category", "customer", "stock", "price", "order-status"] {
        browser.click(&format!("#sync-{entity}{READY}")).await?;
    }
    for entity in ["branch", "category", "product", "customer", "stock", "price", "order-status"] {
        browser.says(&format!("#flow-{entity}"), "Xong").await?;
    }
    browser.says("#said", "Sản phẩm: Xong.").await?;
    browser.look("07-synced").await?;

    lan.opens("/history").await?;
    assert_eq!(browser.count("#runs tbody tr").await?, 7, "a row a run: the second press queued nothing");
    browser.look("08-history").await?;
    lan.opens("").await?;
    lan.pairs_what_waits().await?;
    lan.opens("").await?;
    browser.click("#language").await?;
    browser.find("html[lang=en]").await?;
    browser.says("main", "Active").await?;
    lan.tours("30-english").await?;
    browser.close().await
}

async fn what_needs_a_person_is_told_by_its_cause_mended_or_set_aside(lan: &Merchant<'_>) -> Result<()> {
    let &Merchant { browser, stage } = lan;
    lan.connects().await?;
    lan.opens("").await?;
    for entity in ["branch", "product"] {
        browser.click(&format!("#sync-{entity}{READY}")).await?;
        browser.says(&format!("#flow-{entity}"), "Xong").await?;
    }
    stage.orders_that_cannot_go(&["DH-1", "DH-2"]).await?;
    browser.says("#flow-order", "2 lỗi").await?;
    browser.click("#flow-order a.error").await?;
    browser.says("main", "2 đơn hàng chưa gửi được").await?;
    for part in ["Chuyện gì đã xảy ra", "Hệ thống tự làm", "Bạn có thể", "Sản phẩm: 8 mục nên xem"] {
        browser.says("main", part).await?;
    }
    browser.click(".group details:not(.code) summary").await?;
    browser.says(".group", "Đơn DH-2").await?;
    browser.look("12-errors").await?;

    let order = ".group:first-of-type > form";
    browser.click(&format!("{order} button[value=discard]")).await?;
    browser.says(".banner", "Cần ghi chú").await?;
    browser.click(&format!("{order} button[value=retry]")).await?;
    browser.says(".banner", "Đã xếp lịch thử lại 2 mục.").await?;
    lan.reloads_until("main", "2 đơn hàng chưa gửi được").await?;
    let csv = browser.fetch("/connections/1/troubles.csv").await?;
    assert!(csv.contains("\"DH-1\"") && csv.contains("order.line-not-linked"), "{csv}");
    let support = browser.fetch("/connections/1/support.txt").await?;
    assert!(support.contains(&format!("businessId: {}", stage.nhanh.business().id)) && support.contains("DH-2"), "{support}");
    assert!(!support.contains("0912345678") && !support.contains("Lê Thị Mơ"), "nobody's name or phone: {support}");

    browser.fill(&format!("{order} input[name=note]"), "Khách đã mua tại quầy").await?;
    browser.click(&format!("{order} button[value=discard]")).await?;
    browser.says(".banner", "Đã bỏ qua 2 mục.").await?;
    lan.opens("/history").await?;
    browser.says("main", "Khách đã mua tại quầy").await?;
    browser.look("13-set-aside").await?;
    Ok(())
}

async fn a_grant_that_died_is_told_and_mended_and_another_tenant_sees_nothing() -> Result<()> {
    let _turn = TURN.lock().await;
    let Some(browser) = Chromium::open(Window::Desk).await? else { return Ok(()) };
    let stage = Stage::beside(Settings { token_life: 20 * DAY, ..Settings::default() }).await?;
    let lan = Merchant { browser: &browser, stage: &stage };
    lan.signs_in("lan").await?;
    lan.connects().await?;
    lan.opens("").await?;
    browser.says(".banner", "còn 20 ngày").await?;

    let business = stage.nhanh.business().id;
    assert_eq!(stage.nhanh.expire_token(stage.app().await?, business), 1);
    browser.click("#sync-branch").await?;
    browser.says("#flow-branch", "Đang chờ").await?;
    lan.reloads_until("h1", "Tạm dừng").await?;
    browser.look("14-paused").await?;
    lan.opens("/check").await?;
    browser.says(".checks", "Lỗi").await?;
    let without =
        "return Array.from(document.querySelectorAll('.checks .chip.bad')).filter((it) => !it.closest('li').querySelector('.fix')).length";
    assert_eq!(browser.page.execute(without, vec![]).await?.as_u64(), Some(0), "each line that fails says how to mend it");
    browser.look("15-failing-check").await?;

    lan.logs_in_again().await?;
    lan.opens("").await?;
    browser.says("h1", "Đang hoạt động").await?;
    browser.says("#flow-branch", "Xong").await?;

    // A second business on the same connection is refused in words.
    let other = stage.nhanh.add_business("Hoa Cúc", nhanh_sim::ShopSize::empty());
    browser.click("#log-in").await?;
    browser.choose("select[name=businessId]", &other.id.to_string()).await?;
    browser.click("button[type=submit]").await?;
    browser.says("main", "Kết nối này thuộc doanh nghiệp").await?;
    browser.look("16-other-business").await?;
    lan.opens("").await?;
    browser.says("h1", "Đang hoạt động").await?;

    browser.click("header form[action='/sign-out'] button").await?;
    lan.signs_in("mai").await?;
    browser.says("main", "Chưa có kết nối nào").await?;
    for path in PAGES {
        lan.opens(path).await?;
        browser.says("main", "Không có trang này").await?;
    }
    browser.look("17-another-tenant").await?;
    browser.close().await
}

async fn a_code_that_was_used_or_came_late_is_told_with_the_way_to_log_in_again() -> Result<()> {
    let _turn = TURN.lock().await;
    let Some(browser) = Chromium::open(Window::Desk).await? else { return Ok(()) };
    let late = Stage::beside(Settings { code_life: Duration::ZERO, ..Settings::default() }).await?;
    let lan = Merchant { browser: &browser, stage: &late };
    lan.signs_in("lan").await?;
    lan.fills_in_the_form(Dialect::V3).await?;
    browser.click("button[type=submit]").await?;
    browser.says("h1", "Chưa kết nối được").await?;
    browser.look("18-late-code").await?;
    let landed = browser.page.current_url().await?;
    assert!(landed.as_str().contains("/landing?accessCode="), "{landed}");
    browser.go(landed.as_str()).await?;
    browser.says(".banner", "đã hết hạn hoặc đã dùng").await?;
    browser.click("#log-in").await?;
    browser.says("h1", "Cấp quyền cho ứng dụng").await?;
    browser.close().await
}

async fn a_phone_shows_every_page_within_its_width_and_how_far_a_sync_is() -> Result<()> {
    let _turn = TURN.lock().await;
    let Some(browser) = Chromium::open(Window::Phone).await? else { return Ok(()) };
    let stage = Stage::set().await?;
    let lan = Merchant { browser: &browser, stage: &stage };
    browser.go(&stage.origin).await?;
    browser.look("20-phone-sign-in").await?;
    lan.signs_in("lan").await?;
    // API 2.0 says how many pages there are.
    lan.fills_in_the_form(Dialect::V2).await?;
    lan.agrees_for_the_first_time().await?;
    lan.opens("").await?;
    stage.nhanh.faults().always("/api/product/search", Fault::Latency(Duration::from_secs(2)));
    browser.click(&format!("#sync-product{READY}")).await?;
    browser.find("#flow-product progress[value]").await?;
    browser.look("21-phone-progress").await?;
    stage.nhanh.faults().clear();
    browser.says("#flow-product", "Xong").await?;
    lan.tours("22-phone").await?;
    let busy =
        "document.body.insertAdjacentHTML('beforeend', '<span class=\"chip busy\"><span class=\"sign\" id=\"turning\"></span></span>');
        return getComputedStyle(document.getElementById('turning')).animationName";
    assert_eq!(browser.page.execute(busy, vec![]).await?.as_str(), Some("none"), "nothing moves for who wants nothing to move");
    browser.close().await
}

async fn without_scripts_everything_works_by_forms_and_comes_again_by_itself() -> Result<()> {
    let _turn = TURN.lock().await;
    let Some(browser) = Chromium::open(Window::WithoutScripts).await? else { return Ok(()) };
    let stage = Stage::set().await?;
    let lan = Merchant { browser: &browser, stage: &stage };
    lan.signs_in("lan").await?;
    lan.connects().await?;
    lan.opens("").await?;
    stage.nhanh.faults().always("*", Fault::Latency(Duration::from_millis(500)));
    browser.click("#sync-product").await?;
    browser.says("main", "Đã xếp lịch đồng bộ Sản phẩm").await?;
    browser.look("23-without-scripts").await?;
    stage.nhanh.faults().clear();
    browser.says("#flow-product", "Xong").await?;
    browser.close().await
}
