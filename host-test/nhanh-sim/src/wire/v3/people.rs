//! `customer/list` (3.0 reference section 8.1).
//!
//! Must never list a customer of another business.

use super::list::{self, Sort};
use super::product::nested;
use super::{Out, ids, time};
use crate::clock::{DAY_MS, date, parse_date};
use crate::shop::{Customer, CustomerQuery, Levels};
use crate::switches::Switches;
use crate::wire::Call;
use crate::wire::json::object;
use crate::wire::params::Params;
use crate::wire::reply::Refusal;

/// The customer list, newest first; no sort is documented.
pub(super) fn customers(call: &mut Call<'_>, request: Params<'_>) -> Result<Out, Refusal> {
    let filters = request.below("filters");
    let day = |key: &str| match filters.text(key) {
        None => Ok(None),
        Some(text) => parse_date(&text).map(Some).ok_or_else(|| Refusal::field(format!("filters.{key}"), "is invalid")),
    };
    let wanted = CustomerQuery {
        ids: ids(filters, "ids")?,
        mobile: filters.text("mobile"),
        type_id: filters.int("type"),
        updated_from: time(filters, "updatedAtFrom"),
        updated_to: time(filters, "updatedAtTo"),
        bought_from: day("lastBoughtDateFrom")?,
        bought_before: day("lastBoughtDateTo")?.map(|to| to + DAY_MS),
    };
    let found = call.home()?.customers.values().filter(|customer| wanted.takes(customer));
    let found = found.map(|customer| (customer.id, customer)).collect();
    list::page(call, request, Sort::Down, found, |out, customer| write(out, customer, call.switches))
}

fn write(out: &mut Vec<u8>, customer: &Customer, switches: &Switches) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (three, two) = match customer.levels {
        Levels::Three => ((customer.city, customer.district, customer.ward), (None, None)),
        Levels::Two => ((None, None, None), (customer.city, customer.ward)),
    };
    let group = |out: &mut Vec<u8>, id: i64, name: Option<&str>| {
        nested(out, name.is_some(), switches.v3.empty_object, |row| {
            row.int("id", id);
            row.text("name", name);
        });
    };
    object(out, |row| {
        row.int("id", customer.id);
        row.int("type", customer.type_id);
        row.text("name", customer.name.as_str());
        row.text("mobile", customer.mobile.as_str());
        row.text("code", text(&customer.code).as_str());
        row.value("gender", &customer.gender);
        row.text("address", text(&customer.address).as_str());
        row.text("email", text(&customer.email).as_str());
        row.text("birthday", text(&customer.birthday).as_str());
        row.int("points", customer.points);
        row.text("saleName", "");
        row.text("startedDate", date(customer.created_ms).as_str());
        row.text("taxCode", text(&customer.tax_code).as_str());
        object(row.key("locations"), |place| {
            place.int("cityId", three.0.unwrap_or(0));
            place.int("districtId", three.1.unwrap_or(0));
            place.int("wardId", three.2.unwrap_or(0));
        });
        object(row.key("location"), |place| {
            place.int("cityId", two.0.unwrap_or(0));
            place.int("wardId", two.1.unwrap_or(0));
        });
        object(row.key("business"), |business| {
            business.text("name", text(&customer.business_name).as_str());
            business.text("address", "");
        });
        group(row.key("level"), 3, customer.level.as_deref());
        group(row.key("group"), 2, customer.group.as_deref());
        row.int("totalAmount", customer.total_money);
        row.int("updatedAt", customer.updated_ms / 1000);
    });
}
