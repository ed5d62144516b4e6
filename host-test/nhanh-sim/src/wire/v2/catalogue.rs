//! `/api/product/search`, `/detail`, `/category`, `/internalcategory` (reference sections 3.1, 3.5, 3.7).
//!
//! The default list hides `Inactive`, and filters by update time are blind to stock.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::collection::{keyed, page};
use super::product::write;
use crate::clock::parse_date_time;
use crate::shop::{Business, Category, Kin, Product, ProductQuery};
use crate::switches::NotFound;
use crate::wire::Call;
use crate::wire::json::object;
use crate::wire::params::{Params, whole};
use crate::wire::reply::{Refusal, data};

/// The product list.
pub(super) fn search(call: &mut Call<'_>, request: &Value) -> Result<Vec<u8>, Refusal> {
    let params = Params(request);
    let home = call.home()?;
    let wanted = filter(params, home, call.switches.list_shows_variants)?;
    let mut found = home.find_products(&wanted);
    sort(&mut found, params, home, &call.pass.depots);
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

/// The filter that a request asks for; `parentId` has special values (reference section 3.1).
fn filter(params: Params<'_>, home: &Business, show_variants: bool) -> Result<ProductQuery, Refusal> {
    let time = |key: &str| match params.text(key) {
        None => Ok(None),
        Some(text) => parse_date_time(&text).map(Some).ok_or_else(|| Refusal::text(format!("{key} is invalid"))),
    };
    let no_variant: fn(Kin) -> bool = |kin| !matches!(kin, Kin::Variant(_));
    let (kin, parent): (fn(Kin) -> bool, _) = match params.int("parentId") {
        None if show_variants => (|_| true, None),
        None | Some(0) => (no_variant, None),
        Some(-1) => (|kin| kin == Kin::Standalone, None),
        Some(-2) => (|kin| kin == Kin::Parent, None),
        Some(-10) => (|kin| matches!(kin, Kin::Variant(_)), None),
        Some(parent) => (|_| true, Some(parent)),
    };
    Ok(ProductQuery {
        name: params.text("name").map(|name| name.to_lowercase()),
        kin,
        parent,
        categories: params.int("categoryId").map(|root| home.category_with_descendants(root)),
        statuses: params.text("status").into_iter().collect(),
        price_from: params.int("priceFrom"),
        price_to: params.int("priceTo"),
        brands: params.int("brandId").into_iter().collect(),
        updated_from: time("updatedDateTimeFrom")?,
        updated_to: time("updatedDateTimeTo")?,
        ..ProductQuery::default()
    })
}

/// Sorts by the first key that is known; rows come in by id, descending, which is the default.
fn sort(found: &mut [&Product], params: Params<'_>, home: &Business, scope: &[i64]) {
    let Some((key, direction)) = params.object("sort").and_then(|sort| sort.iter().next()) else { return };
    let ascending = direction.as_str().is_some_and(|direction| direction.eq_ignore_ascii_case("asc"));
    let compare = |one: &Product, other: &Product| -> Ordering {
        match key.as_str() {
            "id" => one.id.cmp(&other.id),
            "price" => one.price.cmp(&other.price),
            "name" => one.name.cmp(&other.name),
            "inventory" => home.total(one, scope).available().cmp(&home.total(other, scope).available()),
            _ => Ordering::Equal,
        }
    };
    found.sort_by(|one, other| if ascending { compare(one, other) } else { compare(other, one) });
}

/// One product, or a parent with all its variants, keyed by id. Asking for a variant gives that variant alone.
pub(super) fn detail(call: &mut Call<'_>, request: &Value) -> Result<Vec<u8>, Refusal> {
    let home = call.home()?;
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
    let all: Vec<&Category> = call.home()?.categories.values().collect();
    data(&branch(&all, None, true))
}

/// The tree of internal categories.
pub(super) fn internal_categories(call: &mut Call<'_>, _: &Value) -> Result<Vec<u8>, Refusal> {
    let all: Vec<&Category> = call.home()?.internal_categories.values().collect();
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
