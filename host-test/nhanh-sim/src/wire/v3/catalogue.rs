//! `product/list`, `detail`, `inventory`, `category`, `internalcategory`, `brand` (3.0 reference sections 4.1, 4.2, 4.5, 5.1).
//!
//! The default list hides `Inactive`, and its times are blind to stock. Must never invent a filter that the documents do not name.

use std::collections::{BTreeMap, BTreeSet};

use super::list::{self, Sort};
use super::product::Writer;
use super::{Out, ids, time};
use crate::shop::{Business, Category, Kin, Product, ProductQuery};
use crate::switches::NotFound;
use crate::switches_v3::StockTimes;
use crate::wire::Call;
use crate::wire::json::object;
use crate::wire::params::Params;
use crate::wire::reply::Refusal;
use crate::words::product_status_numbered;

fn writer<'a>(call: &'a Call<'_>) -> Result<Writer<'a>, Refusal> {
    Ok(Writer { home: call.home()?, scope: &call.pass.depots, switches: call.switches })
}

/// What all three product lists can be filtered by.
fn query(filters: Params<'_>, home: &Business, categories: &[i64]) -> Result<ProductQuery, Refusal> {
    let ids = ids(filters, "ids")?;
    let categories: BTreeSet<i64> = categories.iter().flat_map(|root| home.category_with_descendants(*root)).collect();
    Ok(ProductQuery {
        // An exact id is found whatever its status is.
        show_inactive: !ids.is_empty(),
        ids,
        name: filters.text("name").map(|name| name.to_lowercase()),
        categories: Some(categories).filter(|categories| !categories.is_empty()),
        statuses: filters.ints("status").into_iter().map(product_status_numbered).collect(),
        brands: filters.ints("brandIds"),
        ..ProductQuery::default()
    })
}

/// The product list: parents and variants are rows of their own.
pub(super) fn products(call: &mut Call<'_>, request: Params<'_>) -> Result<Out, Refusal> {
    let filters = request.below("filters");
    let kin: fn(Kin) -> bool = match filters.int("gpid") {
        Some(-1) => |kin| kin == Kin::Standalone,
        Some(-2) => |kin| kin == Kin::Parent,
        Some(1) => |kin| matches!(kin, Kin::Variant(_)),
        Some(2) => |kin| !matches!(kin, Kin::Variant(_)),
        Some(3) => |kin| kin != Kin::Parent,
        _ => |_| true,
    };
    let home = call.home()?;
    let wanted = ProductQuery {
        kin,
        parent: filters.int("parentId"),
        price_from: filters.below("price").int("from"),
        price_to: filters.below("price").int("to"),
        updated_from: time(filters, "updatedAtFrom"),
        updated_to: time(filters, "updatedAtTo"),
        ..query(filters, home, &filters.ints("categoryIds"))?
    };
    let found = home.find_products(&wanted).into_iter().map(|product| (product.id, product)).collect();
    let writer = writer(call)?;
    list::page(call, request, Sort::asked(request, "id", Sort::Down), found, |out, product| writer.row(out, product))
}

/// Stock by product. Its times see stock changes, and products without stock are left out: both are switches.
pub(super) fn inventory(call: &mut Call<'_>, request: Params<'_>) -> Result<Out, Refusal> {
    let filters = request.below("filters");
    let switches = &call.switches.v3;
    let home = call.home()?;
    let mut wanted = query(filters, home, &filters.int("categoryId").into_iter().collect::<Vec<_>>())?;
    let (from, to) = (time(filters, "updatedAtFrom"), time(filters, "updatedAtTo"));
    match switches.stock_times {
        StockTimes::StockChanges => (wanted.stock_from, wanted.stock_to) = (from, to),
        StockTimes::ProductEdits => (wanted.updated_from, wanted.updated_to) = (from, to),
    }
    if !switches.inventory_has_parents {
        wanted.kin = |kin| kin != Kin::Parent;
    }
    let depots = filters.ints("depotIds");
    let scope: Vec<i64> = match (call.pass.depots.is_empty(), depots.is_empty()) {
        (_, true) => call.pass.depots.clone(),
        (true, false) => depots,
        (false, false) => {
            let seen: Vec<i64> = depots.into_iter().filter(|depot| call.pass.depots.contains(depot)).collect();
            // None of them may be seen, which is not the same as all.
            if seen.is_empty() { vec![0] } else { seen }
        }
    };
    let writer = Writer { scope: &scope, ..writer(call)? };
    let mut found = home.find_products(&wanted);
    if switches.inventory_omits_empty {
        found.retain(|product| writer.has_stock(product));
    }
    let found = found.into_iter().map(|product| (product.id, product)).collect();
    list::page(call, request, Sort::asked(request, "productId", Sort::Down), found, |out, product| writer.stock(out, product))
}

/// One product as an object; a parent has its variants under `childs`.
pub(super) fn detail(call: &mut Call<'_>, request: Params<'_>) -> Result<Out, Refusal> {
    let home = call.home()?;
    let mut out = Vec::new();
    match request.below("filters").int("id").and_then(|id| home.products.get(&id)) {
        Some(product) => {
            let variants = home.variants.get(&product.id).into_iter().flatten();
            let childs: Vec<&Product> = variants.filter_map(|id| home.products.get(id)).collect();
            writer(call)?.detail(&mut out, product, true, &childs);
        }
        None if call.switches.detail_not_found == NotFound::Refuse => return Err(Refusal::field("filters.id", "is not a product")),
        None => out.extend_from_slice(b"[]"),
    }
    Ok(Out::Data(out))
}

/// The categories, flat.
pub(super) fn categories(call: &mut Call<'_>, request: Params<'_>) -> Result<Out, Refusal> {
    let rows = chosen(&call.home()?.categories, request)?;
    let no_parent = (!call.switches.v3.root_parent_null).then_some(0);
    list::page(call, request, Sort::Up, rows, |out, category| {
        object(out, |row| {
            row.int("id", category.id);
            row.value("parentId", &category.parent.or(no_parent));
            row.text("code", category.code.as_str());
            row.text("name", category.name.as_str());
            row.int("order", category.order);
            row.text("image", "");
            row.text("content", "");
            row.int("status", category.status);
        });
    })
}

/// The internal categories, flat.
pub(super) fn internal_categories(call: &mut Call<'_>, request: Params<'_>) -> Result<Out, Refusal> {
    let rows = chosen(&call.home()?.internal_categories, request)?;
    let no_parent = (!call.switches.v3.root_parent_null).then_some(0);
    list::page(call, request, Sort::Up, rows, |out, category| {
        object(out, |row| {
            row.int("id", category.id);
            row.value("parentId", &category.parent.or(no_parent));
            row.text("name", category.name.as_str());
            row.text("code", category.code.as_str());
        });
    })
}

fn chosen<'a>(all: &'a BTreeMap<i64, Category>, request: Params<'_>) -> Result<Vec<(i64, &'a Category)>, Refusal> {
    let filters = request.below("filters");
    let ids = ids(filters, "ids")?;
    let (name, code, status) = (filters.text("name").map(|name| name.to_lowercase()), filters.text("code"), filters.int("status"));
    let takes = |category: &&Category| {
        (ids.is_empty() || ids.contains(&category.id))
            && name.as_ref().is_none_or(|name| category.name.to_lowercase().contains(name))
            && code.as_ref().is_none_or(|code| category.code == *code)
            && status.is_none_or(|status| category.status == status)
    };
    Ok(all.values().filter(takes).map(|category| (category.id, category)).collect())
}

/// The brands that products have.
pub(super) fn brands(call: &mut Call<'_>, request: Params<'_>) -> Result<Out, Refusal> {
    let filters = request.below("filters");
    let (ids, name) = (ids(filters, "ids")?, filters.text("name").map(|name| name.to_lowercase()));
    let home = call.home()?;
    let all: BTreeMap<i64, &str> =
        home.products.values().filter_map(|product| product.brand.as_ref()).map(|(id, name)| (*id, name.as_str())).collect();
    let takes = |(id, brand): &(i64, &str)| {
        (ids.is_empty() || ids.contains(id)) && name.as_ref().is_none_or(|name| brand.to_lowercase().contains(name))
    };
    let rows = all.into_iter().filter(takes).map(|(id, name)| (id, (id, name))).collect();
    list::page(call, request, Sort::Up, rows, |out, (id, name)| {
        object(out, |row| {
            row.int("id", id);
            row.text("code", "");
            row.text("name", name);
            row.int("status", 1);
            row.int("parentId", 0);
            row.int("createdAt", 0);
        });
    })
}
