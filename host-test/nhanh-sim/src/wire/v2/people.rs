//! `/api/customer/search` and `/api/user/index` (reference sections 5.1, 6).
//!
//! Must never list a customer of another business.

use serde::Serialize;
use serde_json::{Value, json};

use super::collection::{Keyed, maybe_number, page};
use crate::clock::{DAY_MS, date, parse_date, parse_date_time};
use crate::shop::{Customer, CustomerQuery};
use crate::switches::Switches;
use crate::wire::Call;
use crate::wire::params::Params;
use crate::wire::reply::{Refusal, data};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Customers<'a> {
    total_pages: usize,
    page: usize,
    customers: Keyed<'a, Value>,
}

fn encode(customer: &Customer, switches: &Switches) -> Value {
    let text = |number: Option<i64>| number.map(|number| number.to_string());
    json!({
        "id": customer.id.to_string(),
        "type": customer.type_id.to_string(),
        "name": customer.name,
        "mobile": maybe_number(&customer.mobile, switches.mobile_as_number),
        "email": customer.email,
        "gender": text(customer.gender),
        "address": customer.address,
        "birthday": customer.birthday,
        "code": customer.code,
        "level": customer.level,
        "group": customer.group,
        "totalMoney": customer.total_money.to_string(),
        "points": customer.points.to_string(),
        "cityLocationId": text(customer.city),
        "districtLocationId": text(customer.district),
        "wardLocationId": text(customer.ward),
        "saleName": null,
        "startedDate": date(customer.created_ms),
        "taxCode": customer.tax_code,
        "businessName": customer.business_name,
        "businessAddress": null,
        "lastBoughtDate": customer.last_bought_ms.map(date),
    })
}

/// The customer list.
pub(super) fn customers(call: &mut Call<'_>, request: &Value) -> Result<Vec<u8>, Refusal> {
    let params = Params(request);
    let time = |key: &str, read: fn(&str) -> Option<i64>| match params.text(key) {
        None => Ok(None),
        Some(text) => read(&text).map(Some).ok_or_else(|| Refusal::text(format!("{key} is invalid"))),
    };
    let (updated_from, updated_to) = (time("updatedAtFrom", parse_date_time)?, time("updatedAtTo", parse_date_time)?);
    let (bought_from, bought_to) = (time("lastBoughtDateFrom", parse_date)?, time("lastBoughtDateTo", parse_date)?);
    let wanted = CustomerQuery {
        ids: params.int("id").into_iter().collect(),
        mobile: params.text("mobile"),
        type_id: params.int("type"),
        updated_from,
        updated_to,
        bought_from,
        bought_before: bought_to.map(|to| to + DAY_MS),
    };
    let home = call.home()?;
    let found: Vec<&Customer> = home.customers.values().rev().filter(|customer| wanted.takes(customer)).collect();
    let page = page(params, found.len(), 10, 50, call.switches)?;
    let rows = found.into_iter().skip(page.skip).take(page.take).map(|customer| (customer.id, encode(customer, call.switches))).collect();
    data(&Customers { total_pages: page.total_pages, page: page.number, customers: Keyed { rows, switches: call.switches } })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Users<'a> {
    total_pages: usize,
    page: usize,
    users: Keyed<'a, Value>,
}

/// The employees; `depots` is absent for those who may work in all of them.
pub(super) fn users(call: &mut Call<'_>, request: &Value) -> Result<Vec<u8>, Refusal> {
    let home = call.home()?;
    let page = page(Params(request), home.users.len(), 10, 50, call.switches)?;
    let rows = home.users.iter().skip(page.skip).take(page.take).map(|user| {
        let mut row = json!({
            "id": user.id, "username": user.username, "fullName": user.full_name, "email": user.email, "mobile": user.mobile, "roleName": user.role,
        });
        if let (false, Value::Object(row)) = (user.depots.is_empty(), &mut row) {
            let named = user.depots.iter().filter_map(|id| home.depots.get(id)).map(|depot| (depot.id.to_string(), Value::from(depot.name.as_str())));
            row.insert("depots".to_owned(), Value::Object(named.collect()));
        }
        (user.id, row)
    });
    let rows = rows.collect();
    data(&Users { total_pages: page.total_pages, page: page.number, users: Keyed { rows, switches: call.switches } })
}
