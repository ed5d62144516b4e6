//! What every page has: the name, the way to the others, and what was just said. Knows nothing of the shop.

use maud::{DOCTYPE, Markup, html};

use super::HOME;
use crate::wire::form::Form;

/// How it looks; the login page has the same.
pub(super) const STYLE: &str = include_str!("page.css");

/// Every page: path, Vietnamese, English.
const PAGES: [(&str, &str, &str); 6] = [
    (HOME, "Ứng dụng", "Apps"),
    ("/page/stock", "Tồn kho", "Stock"),
    ("/page/orders", "Đơn hàng", "Orders"),
    ("/page/webhooks", "Webhooks", "Webhooks"),
    ("/page/faults", "Sự cố", "Faults"),
    ("/page/requests", "Yêu cầu và sổ đơn", "Requests and ledger"),
];

/// Vietnamese, and English beside it.
pub(super) fn both(vi: &str, en: &str) -> Markup {
    html! { (vi) " " span .en lang="en" { "(" (en) ")" } }
}

/// The page around this.
pub(super) fn around(path: &str, query: &Form, body: &Markup) -> Markup {
    let title = PAGES.iter().find(|(page, ..)| *page == path).map_or("", |(_, vi, _)| vi);
    html! {
        (DOCTYPE)
        html lang="vi" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Nhanh.vn (giả lập)" }
                link rel="stylesheet" href="/page.css";
            }
            body {
                header {
                    strong { "Nhanh.vn (giả lập)" } " " span .en lang="en" { "(a simulated Nhanh.vn: it ends with its process)" }
                    nav aria-label="Trang (pages)" {
                        @for (page, vi, en) in PAGES {
                            a href=(page) aria-current=[(page == path).then_some("page")] { (both(vi, en)) }
                        }
                    }
                }
                main {
                    @if let Some(text) = query.get("done") { p .said role="status" { (text) } }
                    @if let Some(text) = query.get("not") { p .said .bad role="alert" { (text) } }
                    h1 { (title) }
                    (body)
                }
            }
        }
    }
}

/// A field that finds rows.
pub(super) fn search(path: &str, query: &Form, vi: &str, en: &str) -> Markup {
    html! {
        form .line method="get" action=(path) role="search" {
            label for="q" { (both(vi, en)) }
            input #q name="q" type="search" value=(query.get("q").unwrap_or_default());
            button type="submit" { "Tìm (Find)" }
        }
    }
}
