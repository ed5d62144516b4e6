//! `/api/product/search`, `/detail`, `/category`, `/internalcategory` (reference sections 3.1, 3.5, 3.7).
//!
//! The default list hides `Inactive`, and filters by update time are blind to stock.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::collection::{Params, keyed, page, whole};
use super::product::{home, write};
use super::reply::data;
use super::{Call, Refusal};
use crate::clock::parse_date_time;
use crate::shop::{Business, Category, Kin, Product};
use crate::switches::NotFound;
use crate::wire::json::object;

/// The product list.
pub(super) fn search(call: &mut Call<'_>, request: &Value) -> Result<Vec<u8>, Refusal> {
    let params = Params(request);
    let home = home(call)?;
    let wanted = Filter::read(params, home, call.switches.list_shows_variants)?;
    let mut found: Vec<&Product> = home.products.values().rev().filter(|product| wanted.takes(product)).collect();
    sort(&mut found, params, &call.pass.depots);
    let page = page(params, found.len(), 100, 100, call.switches)?;
    let rows = found.into_iter().skip(page.skip).take(page.take);
    let rows = rows.map(|product| (product.id, product)).collect();
    let mut out = Vec::new();
    object(&mut out, |data| {
        data.value("totalPages", &page.total_pages);
        data.value("currentPage", &page.number);
        keyed(data.key("products"), rows, call.switches, |out, product| write(out, product, home, &call.pass.depots, call.switches, false));
    });
    Ok(out)
}

struct Filter {
    name: Option<String>,
    parent: Option<i64>,
    show_variants: bool,
    categories: Option<BTreeSet<i64>>,
    status: Option<String>,
    price_from: Option<i64>,
    price_to: Option<i64>,
    brand: Option<i64>,
    updated_from: Option<i64>,
    updated_to: Option<i64>,
}

impl Filter {
    fn read(params: Params<'_>, home: &Business, show_variants: bool) -> Result<Self, Refusal> {
        let time = |key: &str| match params.text(key) {
            None => Ok(None),
            Some(text) => parse_date_time(&text).map(Some).ok_or_else(|| Refusal::text(format!("{key} is invalid"))),
        };
        Ok(Self {
            name: params.text("name").map(|name| name.to_lowercase()),
            parent: params.int("parentId"),
            show_variants,
            categories: params.int("categoryId").map(|root| home.category_with_descendants(root)),
            status: params.text("status"),
            price_from: params.int("priceFrom"),
            price_to: params.int("priceTo"),
            brand: params.int("brandId"),
            updated_from: time("updatedDateTimeFrom")?,
            updated_to: time("updatedDateTimeTo")?,
        })
    }

    fn takes(&self, product: &Product) -> bool {
        let status = match &self.status {
            Some(status) => product.status == *status,
            None => product.status != "Inactive",
        };
        let kin = match self.parent {
            None => self.show_variants || !matches!(product.kin, Kin::Variant(_)),
            Some(-1) => product.kin == Kin::Standalone,
            Some(-2) => product.kin == Kin::Parent,
            Some(-10) => matches!(product.kin, Kin::Variant(_)),
            Some(0) => !matches!(product.kin, Kin::Variant(_)),
            Some(parent) => product.kin == Kin::Variant(parent),
        };
        // Times are compared in whole seconds: the wire has no finer ones.
        let updated = product.updated_ms / 1000;
        status
            && kin
            && self.name.as_ref().is_none_or(|wanted| names(product).any(|text| text.to_lowercase().contains(wanted)))
            && self.categories.as_ref().is_none_or(|wanted| product.category.is_some_and(|id| wanted.contains(&id)))
            && self.price_from.is_none_or(|from| product.price.unwrap_or(0) >= from)
            && self.price_to.is_none_or(|to| product.price.unwrap_or(0) <= to)
            && self.brand.is_none_or(|brand| product.brand.as_ref().is_some_and(|(id, _)| *id == brand))
            && self.updated_from.is_none_or(|from| updated >= from / 1000)
            && self.updated_to.is_none_or(|to| updated <= to / 1000)
    }
}

fn names(product: &Product) -> impl Iterator<Item = &str> {
    [Some(product.name.as_str()), product.code.as_deref(), product.barcode.as_deref()].into_iter().flatten()
}

/// Sorts by the first key that is known; rows come in by id, descending, which is the default.
fn sort(found: &mut [&Product], params: Params<'_>, scope: &[i64]) {
    let Some((key, direction)) = params.object("sort").and_then(|sort| sort.iter().next()) else { return };
    let ascending = direction.as_str().is_some_and(|direction| direction.eq_ignore_ascii_case("asc"));
    let compare = |one: &Product, other: &Product| -> Ordering {
        match key.as_str() {
            "id" => one.id.cmp(&other.id),
            "price" => one.price.cmp(&other.price),
            "name" => one.name.cmp(&other.name),
            "inventory" => one.total(scope).available().cmp(&other.total(scope).available()),
            _ => Ordering::Equal,
        }
    };
    found.sort_by(|one, other| if ascending { compare(one, other) } else { compare(other, one) });
}

/// One product, or a parent with all its variants, keyed by id. Asking for a variant gives that variant alone.
pub(super) fn detail(call: &mut Call<'_>, request: &Value) -> Result<Vec<u8>, Refusal> {
    let home = home(call)?;
    let found = whole(request).and_then(|id| home.products.get(&id));
    let Some(product) = found else {
        return match call.switches.detail_not_found {
            NotFound::Refuse => Err(Refusal::text("Product not found")),
            NotFound::Empty => {
                let mut out = Vec::new();
                keyed::<()>(&mut out, Vec::new(), call.switches, |_, ()| {});
                Ok(out)
            }
        };
    };
    let variants = home.variants.get(&product.id).into_iter().flatten().filter_map(|id| home.products.get(id));
    let rows = std::iter::once(product).chain(variants).map(|product| (product.id, product)).collect();
    let mut out = Vec::new();
    keyed(&mut out, rows, call.switches, |out, product| write(out, product, home, &call.pass.depots, call.switches, true));
    Ok(out)
}

/// The tree of categories.
pub(super) fn categories(call: &mut Call<'_>, _: &Value) -> Result<Vec<u8>, Refusal> {
    let all: Vec<&Category> = home(call)?.categories.values().collect();
    data(&branch(&all, None, true))
}

/// The tree of internal categories.
pub(super) fn internal_categories(call: &mut Call<'_>, _: &Value) -> Result<Vec<u8>, Refusal> {
    let all: Vec<&Category> = home(call)?.internal_categories.values().collect();
    data(&branch(&all, None, false))
}

/// The categories below one; those whose parent is gone stand among the roots, still naming it.
fn branch(all: &[&Category], above: Option<i64>, public: bool) -> Vec<Value> {
    let known = |id: i64| all.iter().any(|category| category.id == id);
    let here = all.iter().filter(|category| category.parent == above || (above.is_none() && category.parent.is_some_and(|up| !known(up))));
    here.map(|category| {
        let mut row = json!({
            "id": category.id.to_string(),
            "parentId": category.parent.map(|parent| parent.to_string()),
            "code": category.code,
            "name": category.name,
            "childs": branch(all, Some(category.id), public),
        });
        if let (true, Value::Object(row)) = (public, &mut row) {
            let more = json!({ "order": category.order, "image": "", "content": "", "status": category.status });
            row.extend(more.as_object().cloned().unwrap_or_default());
        }
        row
    })
    .collect()
}
