//! What the page says is so: each sentence with the deed that makes it true, in Vietnamese and in English.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use connector_host::contract::types::Entity;
use connector_host::contract::{Policy, Scope};
use connector_host::store::Trigger;
use nhanh_sim::{Dialect, Fault, WebhookForm};
use tokio::net::TcpListener;

use crate::READY;
use crate::chromium::Chromium;
use crate::merchant::Merchant;
use crate::stage::Stage;

/// Presses the sync button of a stream and waits until it is done.
async fn syncs(browser: &Chromium, entity: &str) -> Result<()> {
    browser.click(&format!("#sync-{entity}{READY}")).await?;
    browser.says(&format!("#flow-{entity}"), "Xong").await
}

pub(crate) async fn what_became_of_records_is_counted_fact_by_fact_and_read_in_records(lan: &Merchant<'_>) -> Result<()> {
    let &Merchant { browser, stage } = lan;
    lan.fills_in_the_form(Dialect::V2).await?;
    lan.opens("").await?;
    browser.says("#flow-product", "Chờ kết nối").await?;
    browser.says("#flow-product", "Điền thông tin kết nối để bắt đầu.").await?;
    lan.opens("/check").await?;
    browser.says(".checks", "Đăng nhập Nhanh.vn và bấm Đồng ý.").await?;
    browser.click("#log-in").await?;
    lan.agrees_for_the_first_time().await?;

    lan.opens("").await?;
    lan.chooses_how_stock_flows().await?;
    // API 2.0 counts pages; people count products.
    stage.nhanh.faults().always("/api/product/search", Fault::Latency(Duration::from_millis(1_500)));
    browser.click(&format!("#sync-product{READY}")).await?;
    browser.says("#flow-product small", "đã đọc 100 sản phẩm (").await?;
    stage.nhanh.faults().clear();
    browser.says("#flow-product", "Xong").await?;
    browser.says("#flow-product", "tạo 119").await?;
    // No branch has been synced: levels wait for theirs. Nothing was passed over.
    syncs(browser, "stock").await?;
    browser.says("#flow-stock", "chờ chi nhánh").await?;
    syncs(browser, "product").await?;
    lan.reads_both("", "#flow-product", &[("không đổi", "unchanged")]).await?;
    lan.reads_both("", "#flow-stock", &[("chờ chi nhánh", "wait for a branch")]).await?;
    lan.reads_both("", "#flow-order", &[("không cần gửi", "not to be sent")]).await?;
    lan.reads_both("/history", "#runs", &[("lan bấm", "lan"), ("chờ chi nhánh", "wait for a branch")]).await?;
    ensure!(!browser.text().await?.contains("bỏ qua"), "one word for five facts");
    browser.look("40-counts").await?;
    Ok(())
}

pub(crate) async fn the_checklist_says_what_webhooks_did_last_and_nothing_of_a_grant_that_is_refused(lan: &Merchant<'_>) -> Result<()> {
    let &Merchant { browser, stage } = lan;
    browser.click("main form[action='/connections'] button").await?;
    let (app, form) = lan.fills_in_an_app(Dialect::V3).await?;
    lan.agrees_for_the_first_time().await?;
    // A right probe of 3.0, which does not say what is ticked.
    let probed = [
        ("Nhanh.vn đã gọi thử thành công lúc", "tried the address with success at"),
        ("Nhanh.vn không báo sự kiện nào đã tích", "does not tell which events are ticked"),
    ];
    lan.reads_both("/check", ".checks", &probed).await?;
    ensure!(!browser.read(".checks").await?.contains("chưa rõ webhooks"), "a right probe is something to know");

    let wrong = WebhookForm { verify_token: "mot-ma-hoan-toan-khac-2026".to_owned(), ..form.clone() };
    ensure!(stage.nhanh.save_webhooks(app.app_id, wrong).await.is_err(), "Nhanh.vn tells the merchant as well");
    let slip = [("với verify token khác với form kết nối", "with another verify token than the form's")];
    lan.reads_both("/check", ".checks", &slip).await?;
    browser.find(".checks .chip.bad").await?;
    lan.reads_both("", ".notices", &[("Webhooks verify token không khớp", "verify token does not match")]).await?;
    browser.look("41-wrong-token").await?;

    stage.nhanh.save_webhooks(app.app_id, form).await?;
    lan.reads_both("/check", ".checks", &probed[..1]).await?;
    lan.opens("").await?;
    ensure!(!browser.text().await?.contains("verify token không khớp"), "a notice ends with its cause");
    let product = stage.nhanh.products(stage.nhanh.business().id).first().context("a product")?.id;
    ensure!(stage.nhanh.edit_product(product, |product| product.name = "Áo mới".to_owned()), "edited");
    let came = [("gần nhất là productUpdate lúc", "the last one was productUpdate at"), ("Đã nhận: productUpdate", "Came: productUpdate")];
    lan.opens("/check").await?;
    lan.reloads_until(".checks", came[0].0).await?;
    lan.reads_both("/check", ".checks", &came).await?;

    // A grant that is refused has no days left.
    ensure!(browser.read(".checks").await?.contains("quyền truy cập còn"), "it is good until then");
    stage.nhanh.expire_token(app.app_id, stage.nhanh.business().id);
    lan.opens("/check").await?;
    browser.find(".checks .chip.bad").await?;
    let lines = browser.read(".checks").await?;
    ensure!(!lines.contains("quyền truy cập còn") && !lines.contains("check."), "{lines}");
    Ok(())
}

pub(crate) async fn a_connection_in_2_0_says_so_everywhere_and_moves_by_a_button(lan: &Merchant<'_>) -> Result<()> {
    let &Merchant { browser, .. } = lan;
    lan.fills_in_the_form(Dialect::V2).await?;
    lan.agrees_for_the_first_time().await?;
    lan.opens("").await?;
    syncs(browser, "branch").await?;
    let made = browser.read("#flow-branch td[data-label='Thành công gần nhất']").await?;
    let second = [("Kết nối đang dùng Nhanh.vn V2 (API 2.0", "The connection uses Nhanh.vn V2 (API 2.0")];
    lan.reads_both("", ".banner", &second).await?;
    lan.reads_both("", ".facts", &[("Nhanh.vn V2 (API 2.0", "Nhanh.vn V2 (API 2.0")]).await?;
    browser.look("42-api-2").await?;
    lan.opens("").await?;
    browser.click("#move").await?;
    browser.says("h1", "Cấp quyền cho ứng dụng").await?;
    lan.agrees().await?;
    lan.reads_both("", ".facts", &[("Nhanh.vn V3 (API 3.0)", "Nhanh.vn V3 (API 3.0)")]).await?;
    ensure!(browser.count("#move").await? == 0, "there is nothing newer");
    // The mark from which the next pull reaches went back by a day; the time that people read did not.
    let after = browser.read("#flow-branch td[data-label='Thành công gần nhất']").await?;
    ensure!(after == made, "{after} is not {made}");
    lan.opens("/check").await?;
    ensure!(!browser.read(".checks").await?.contains("chưa tích"), "what 2.0 told of its events is not true of 3.0");
    Ok(())
}

pub(crate) async fn orders_say_when_the_last_one_went_and_why_one_did_not(lan: &Merchant<'_>) -> Result<()> {
    let &Merchant { browser, stage } = lan;
    lan.connects().await?;
    lan.opens("").await?;
    for entity in ["branch", "product"] {
        syncs(browser, entity).await?;
    }
    let last = "#flow-order td[data-label='Thành công gần nhất']";
    browser.says(last, "Chưa có").await?;
    stage.order_that_goes("DH-7").await?;
    stage.orders_that_cannot_go(&["DH-8"]).await?;
    browser.says("#flow-order", "1 đã gửi").await?;
    ensure!(!browser.read(last).await?.contains("Chưa có"), "one was sent");
    browser.says("#flow-order", "1 lỗi").await?;
    let said = [
        ("Trạng thái Nhanh.vn hiện cạnh đơn.", "The status at Nhanh.vn stands beside the order."),
        ("Đơn mới", "New"),
        ("Chưa gửi: Dòng 1 (Hàng chưa liên kết) chưa liên kết với sản phẩm nào", "Not sent: Line 1 (Hàng chưa liên kết) is not linked"),
        ("xem cách xử lý", "what to do"),
    ];
    lan.reads_both("/orders", "main", &said).await?;
    lan.reads_both("/troubles", "#errors", &[("Đồng bộ Sản phẩm rồi gửi lại đơn.", "Sync the products and send the order again.")]).await?;
    browser.look("43-orders").await?;
    Ok(())
}

pub(crate) async fn a_form_begins_with_what_is_copied_and_forgets_a_fault_that_is_mended(lan: &Merchant<'_>) -> Result<()> {
    let &Merchant { browser, .. } = lan;
    browser.click("main form[action='/connections'] button").await?;
    let steps = [
        ("Bước 1: chép 2 địa chỉ vào app ở open.nhanh.vn", "Step 1: copy the two addresses"),
        ("Bước 2: điền thông tin app", "Step 2: fill in the app"),
        ("chọn một: Chỉ lần đầu — sau đó tự quản lý ở Nobi Pro", "Choose one under Stock and Prices: first time only"),
    ];
    lan.reads_both("/form", "#connection-form", &steps).await?;
    let order = "return Array.from(document.querySelectorAll('#connection-form [data-field]')).map((it) => it.dataset.field).join(' ')";
    let order = browser.page.execute(order, vec![]).await?;
    let order = order.as_str().unwrap_or_default();
    ensure!(order.starts_with("redirect-url webhook-url api-version app-id client-secret"), "{order}");
    ensure!(!order.contains("visible-after") && !order.contains("single-refresh"), "what only an operator sets: {order}");
    ensure!(!browser.text().await?.contains("Hướng dẫn vừa nói"), "no merchant is told of the guide's own faults");

    let fill_in = |token: &'static str, phone: &'static str| async {
        lan.opens("/form").await?;
        browser.fill("#field-app-id", "73001").await?;
        browser.fill("#field-client-secret", "secret").await?;
        browser.choose("#field-default-role", "sale").await?;
        browser.fill("#field-verify-token", token).await?;
        browser.click("#connection-form summary").await?;
        browser.fill("#field-default-branch-phone", phone).await?;
        browser.click("#connection-form button[value=stay]").await
    };
    fill_in("ngan", "không phải số").await?;
    browser.says(".banner", "Cần sửa 2 ô").await?;
    browser.says("[data-field=default-branch-phone] .fault", "Cần một số điện thoại Việt Nam").await?;
    browser.says("[data-field=verify-token] .fault", "Cần từ 16 đến 128 ký tự.").await?;
    browser.look("44-form-faults").await?;
    browser.click("button[name=make]").await?;
    browser.says("#field-verify-token-made", "Đã tạo").await?;
    ensure!(
        browser.count("[data-field=verify-token].wrong, [data-field=verify-token] .fault, [data-fault=verify-token]").await? == 0,
        "made"
    );
    ensure!(browser.count("[data-field=default-branch-phone] .fault").await? == 1, "the other is wrong still");
    browser.fill("#field-default-branch-phone", "0912 345 678").await?;
    browser.lacks(".fault, .banner [data-fault], .wrong").await?;
    lan.reads_in("en").await?;
    fill_in("hoa-sen-verify-2026", "12").await?;
    browser.says("[data-field=default-branch-phone] .fault", "Needs a Vietnamese phone number").await?;
    browser.says("#field-default-role", "Sales").await?;
    Ok(())
}

pub(crate) async fn a_second_connection_to_one_business_is_refused_with_the_way_to_the_first(lan: &Merchant<'_>) -> Result<()> {
    let &Merchant { browser, stage } = lan;
    browser.click("main form[action='/connections'] button").await?;
    let (app, _) = lan.fills_in_an_app(Dialect::V3).await?;
    lan.agrees_for_the_first_time().await?;
    lan.opens("").await?;
    syncs(browser, "branch").await?;
    let token = stage.host.store().secrets(1).await?.get("access-token").context("a token")?.expose().to_owned();

    // The same app again, on another form.
    for (language, words, way) in [
        ("vi", "đã được kết nối. Không tạo kết nối thứ hai", "Lần đăng nhập vừa rồi đã gia hạn"),
        ("en", "is connected already. There is no second connection", "This login renewed the connection"),
    ] {
        browser.go(&format!("{}/connections", stage.origin)).await?;
        lan.reads_in(language).await?;
        browser.click("main form[action='/connections'] button").await?;
        browser.fill("#field-app-id", &app.app_id.to_string()).await?;
        browser.fill("#field-client-secret", &app.secret_key).await?;
        browser.choose("#field-default-role", "sale").await?;
        browser.click("#connection-form button[value=login]").await?;
        browser.says("h1", "Cấp quyền cho ứng dụng").await?;
        browser.click("button[type=submit]").await?;
        browser.click("#business-yes").await?;
        browser.says("main", words).await?;
        browser.says("main", way).await?;
        browser.look(&format!("45-second-{language}")).await?;
        browser.click("#open-first").await?;
        browser.find("#flow-branch").await?;
        ensure!(browser.page.current_url().await?.path() == "/connections/1");
        // The draft can go.
        browser.go(&format!("{}/connections", stage.origin)).await?;
        browser.says(".cards", &format!("App ID {}", app.app_id)).await?;
        browser.click("form[action='/connections/2/discard'] button").await?;
        browser.says("h1", if language == "vi" { "Kết nối PM bán hàng" } else { "Sales software connections" }).await?;
        browser.lacks("form[action$='/discard']").await?;
    }
    let connections = stage.host.store().connections().await?;
    ensure!(connections.iter().filter(|it| it.account.is_some()).count() == 1, "{connections:?}");
    let renewed = stage.host.store().secrets(1).await?.get("access-token").context("a token")?.expose().to_owned();
    ensure!(renewed != token, "Nhanh.vn ends the token of before: the first connection has the new one");
    lan.reads_in("vi").await?;
    lan.opens("").await?;
    syncs(browser, "branch").await?;
    Ok(())
}

pub(crate) async fn notes_are_no_errors_and_name_what_they_are_about(lan: &Merchant<'_>) -> Result<()> {
    let &Merchant { browser, stage } = lan;
    lan.connects().await?;
    lan.opens("").await?;
    lan.chooses_how_stock_flows().await?;
    for entity in ["branch", "product", "stock", "price"] {
        syncs(browser, entity).await?;
    }
    browser.says("#flow-product", "lưu ý").await?;
    ensure!(browser.count("#flow-product a.error").await? == 0, "a note is no error");
    let zero = stage.nhanh.products(stage.nhanh.business().id).into_iter().find(|it| it.price == Some(0)).context("a product at 0 dong")?;
    let sku = zero.code.clone().context("with an SKU")?;
    lan.opens("/troubles").await?;
    ensure!(browser.count("#errors").await? == 0, "there are no errors");
    let said = [
        ("Lưu ý (", "Notes ("),
        ("Không phải lỗi", "No errors"),
        ("Nhập giá trên Nhanh.vn trước khi bán.", "Enter the price at Nhanh.vn before selling."),
        ("Chi nhánh ở Nobi Pro vẫn chưa có", "The branch at Nobi Pro still has no"),
    ];
    lan.reads_both("/troubles", "#notes", &said).await?;
    lan.opens("/troubles").await?;
    let open = "document.querySelectorAll('#notes details').forEach((it) => { it.open = true; }); return 1";
    browser.page.execute(open, vec![]).await?;
    let notes = browser.read("#notes").await?;
    ensure!(notes.contains(&format!("({sku})")) && notes.contains("Giá bán"), "by name, SKU and field: {notes}");
    ensure!(notes.matches(&format!("({sku}) · Giá bán")).count() == 1, "said once, whatever streams say it: {notes}");
    ensure!(!notes.contains("Bản ghi") && !notes.contains("có điều chỉnh"), "{notes}");
    browser.look("46-notes").await?;

    // A stream without its right: the notice names it, and goes with its cause; the row says it once.
    let business = stage.nhanh.business().id;
    let app = stage.app().await?;
    stage.nhanh.restrict(app, business, nhanh_sim::Permission::Customer);
    lan.opens("").await?;
    browser.click(&format!("#sync-customer{READY}")).await?;
    browser.says("#flow-customer", "Tạm dừng").await?;
    let streams = stage.host.store().streams(1).await?;
    let paused = streams.into_iter().find_map(|it| it.pause.filter(|_| it.entity == Entity::Customer)).context("it is paused")?;
    let row = browser.read("#flow-customer").await?;
    ensure!(row.matches(paused.message.vi.as_str()).count() == 1, "its sentence stands once: {row}");
    lan.reads_both("", ".notices", &[("Khách hàng:", "Customers:")]).await?;
    browser.look("47-notices").await?;
    lan.logs_in_again().await?;
    lan.opens("").await?;
    ensure!(!browser.read("body").await?.contains("Khách hàng: "), "it ended with another grant");
    browser.says(".notices", "Đã kết nối với doanh nghiệp").await?;
    browser.click(".notices form button").await?;
    browser.find("#flows").await?;
    browser.lacks(".notices").await?;
    Ok(())
}

pub(crate) async fn whoever_is_lost_finds_back(lan: &Merchant<'_>) -> Result<()> {
    let &Merchant { browser, stage } = lan;
    lan.fills_in_the_form(Dialect::V3).await?;
    for (path, vi, en) in [
        ("/nowhere", "Không có trang này.", "There is no such page."),
        ("/connections/abc", "Không có trang này.", "There is no such page."),
        ("/connections/99", "Không có trang này.", "There is no such page."),
        ("/connections/1/pairing/product/%FF", "Không có trang này.", "There is no such page."),
        ("/connections/1/sync", "Địa chỉ này chỉ dùng khi bấm nút trên trang", "This address is for the page's buttons"),
        ("/sign-out", "Địa chỉ này chỉ dùng khi bấm nút trên trang", "This address is for the page's buttons"),
    ] {
        browser.go(&format!("{}{path}", stage.origin)).await?;
        browser.says("h1", vi).await?;
        browser.says("main", en).await?;
        browser.click("main a").await?;
        browser.says("h1", "Kết nối PM bán hàng").await?;
    }
    // What cannot be read behind the question mark was not said.
    browser.go(&format!("{}/connections/1?said=queued&count=viele", stage.origin)).await?;
    browser.find("#flows").await?;
    Ok(())
}

/// A proxy that gathers an answer until it is whole, as some do: a stream of news never comes through.
async fn buffering(stage: &Stage) -> Result<String> {
    async fn pass(State((to, client)): State<(String, reqwest::Client)>, request: Request) -> Response {
        let path = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        if path.ends_with("/live") {
            return std::future::pending().await;
        }
        let mut asked = client.request(request.method().clone(), format!("{to}{path}"));
        for (name, value) in request.headers().iter().filter(|(name, _)| **name != header::HOST) {
            asked = asked.header(name, value);
        }
        match asked.send().await {
            Ok(answer) => {
                let status = answer.status();
                let told = [header::CONTENT_TYPE, header::LOCATION, header::SET_COOKIE];
                let told: Vec<_> = told.into_iter().filter_map(|name| Some((name.clone(), answer.headers().get(name)?.clone()))).collect();
                (status, AppendHeaders(told), answer.bytes().await.unwrap_or_default()).into_response()
            }
            Err(_) => StatusCode::BAD_GATEWAY.into_response(),
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
    let app = Router::new().fallback(pass).with_state((stage.origin.clone(), client));
    tokio::spawn(async move { drop(axum::serve(listener, app).await) });
    Ok(origin)
}

pub(crate) async fn a_page_that_hears_nothing_asks(lan: &Merchant<'_>) -> Result<()> {
    let &Merchant { browser, stage } = lan;
    lan.connects().await?;
    let through = buffering(stage).await?;
    // Cookies know no port.
    browser.go(&format!("{through}/connections/1")).await?;
    browser.says("#flow-branch", "Sẵn sàng").await?;
    stage.host.sync(1, Entity::Branch, Scope::Everything, Trigger::Click).await?;
    browser.says("#flow-branch", "Xong").await?;
    lan.opens("").await?;
    lan.reads_in("en").await?;
    browser.go(&format!("{through}/connections/1")).await?;
    browser.says("#flow-product", "Ready").await?;
    stage.host.set_policy(1, Entity::Product, Policy::CreateOnly).await?;
    stage.host.sync(1, Entity::Product, Scope::Everything, Trigger::Click).await?;
    browser.says("#flow-product", "Done").await?;
    Ok(())
}
