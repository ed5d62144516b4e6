//! Levels by product and depot: what a clerk corrects.

use std::sync::Arc;

use maud::{Markup, html};

use super::layout::{both, search};
use super::{ROWS, Said};
use crate::inner::Inner;
use crate::shop::{Product, Quantity};
use crate::wire::form::Form;

const PATH: &str = "/page/stock";

pub(super) fn show(inner: &Arc<Inner>, query: &Form) -> Markup {
    let state = inner.state();
    let wanted = query.get("q").unwrap_or_default().trim().to_lowercase();
    let of = |product: &Product| [product.name.as_str(), product.code.as_deref().unwrap_or_default()].map(str::to_lowercase);
    let meant =
        |product: &&Product| wanted.is_empty() || product.id.to_string() == wanted || of(product).iter().any(|text| text.contains(&wanted));
    let homes = state.shop.businesses.values();
    let found: Vec<_> = homes
        .flat_map(|home| home.products.values().map(move |product| (home, product)))
        .filter(|(_, product)| product.is_stocked())
        .filter(|(_, product)| meant(product))
        .collect();
    html! {
        p { (both(
            "Sửa tồn thực tế của một kho: Nhanh.vn gửi ngay webhook inventoryChange.",
            "Correct what a depot has on hand: Nhanh.vn sends an inventoryChange webhook at once.",
        )) }
        (search(PATH, query, "Tên, mã hoặc ID sản phẩm", "name, SKU or id"))
        div .wide { table {
            thead { tr {
                th { (both("Sản phẩm", "Product")) } th { (both("Mã", "SKU")) } th { (both("Kho", "Depot")) }
                th .number { (both("Có thể bán", "Available")) } th { (both("Tồn thực tế", "On hand")) }
            } }
            tbody {
                @for (home, product) in found.iter().take(ROWS) { @for (depot, level) in product.levels(&[]) { tr {
                    td { (product.name) " " code { (product.id) } }
                    td { (product.code.as_deref().unwrap_or("–")) }
                    td { (home.depots.get(&depot).map_or("–", |depot| depot.name.as_str())) }
                    td .number { (level.available()) }
                    td { form .line method="post" action=(PATH) {
                        input type="hidden" name="product" value=(product.id);
                        input type="hidden" name="depot" value=(depot);
                        input type="hidden" name="q" value=(wanted);
                        input .short name="remain" inputmode="decimal" required value=(level.remain) aria-label={ "Tồn thực tế của " (product.name) };
                        button type="submit" { "Lưu (Save)" }
                    } }
                } } }
            }
        } }
        @if found.len() > ROWS { p { (both(
            &format!("Còn {} sản phẩm nữa: hãy tìm theo tên hoặc mã.", found.len() - ROWS),
            &format!("{} more products: search by name or SKU.", found.len() - ROWS),
        )) } }
    }
}

pub(super) fn change(inner: &Arc<Inner>, form: &Form) -> Said {
    let Some(remain) = form.get("remain").and_then(Quantity::parse) else {
        return Said::Not("Tồn phải là một số, như 12 hoặc 0.5. (A level is a number, such as 12 or 0.5.)".to_owned());
    };
    let (product, depot) = (form.int("product").unwrap_or(0), form.int("depot").unwrap_or(0));
    if inner.change(|shop, now| shop.set_remain(product, depot, remain, now)) {
        Said::Done("Đã đổi tồn; webhook inventoryChange đã gửi đi. (The level is changed; its webhook is on its way.)")
    } else {
        Said::Not("Không có sản phẩm hoặc kho này. (There is no such product or depot.)".to_owned())
    }
}
