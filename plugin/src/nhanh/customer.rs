//! Customers, which both dialects write alike.
//!
//! Places are numbers without names here, so that province, district and ward stay absent; the street text is what a person wrote.

use crate::nhanh::tree::Value;

use crate::map::fields::Reading;
use crate::map::{Notes, customer as rules};
use crate::nhanh::goods;
use crate::nhanh::json::{Misfit, Record};
use crate::vietnam::{phone, time};
use crate::wit::catalog::Customer;
use crate::wit::connector::Refused;
use crate::wit::types::Entity;

/// A customer.
///
/// # Errors
/// It has no id that can be read, or no parser can read it.
pub fn read(key: Option<&str>, value: &Value<'_>, notes: &mut Notes) -> Result<Customer, Refused> {
    goods::open(Entity::Customer, (key, value), "id", notes, |row, it| {
        let kind = rules::kind(it.take(row.integer("type")));
        let name = it.take(row.name("name"));
        let raw_phone = it.take(row.text("mobile"));
        let email = it.take(row.text("email"));
        let gender = rules::gender(it.take(row.verbatim("gender")).as_deref()).map(str::to_owned);
        let address = it.take(row.text("address"));
        let birthday = birthday(row, it);
        let code = if name.is_none() { row.text("code").ok().flatten() } else { None };
        Customer {
            kind,
            name: it.named(name, code.as_deref()),
            phone: raw_phone.as_deref().and_then(phone::canonical),
            raw_phone,
            email,
            gender,
            address,
            birthday,
            province: it.take(row.text("cityName")),
            district: it.take(row.text("districtName")),
            ward: it.take(row.text("wardName")),
            group_name: it.take(group(row)),
            points: it.take(row.milli("points")).map(|it| it.value.div_euclid(1000)),
            tax_code: it.take(row.text("taxCode")),
            note: it.take(row.text("description")),
            updated: goods::updated(row, it),
            id: it.id.clone(),
            undecided: it.undecided,
        }
    })
}

/// `0000-00-00` is none; a date that no calendar has is none either, and is told.
fn birthday(row: &Record<'_>, it: &mut Reading<'_>) -> Option<String> {
    let told = it.take(row.verbatim("birthday"))?;
    let date = time::read_date(&told);
    if date.is_none() && !told.trim().starts_with("0000") {
        it.left_out(&Misfit::at("birthday", "a date"));
    }
    date
}

/// The group's name: 2.0 writes it as it is, 3.0 in an object.
fn group(row: &Record<'_>) -> Result<Option<String>, Misfit> {
    match row.raw("group").and_then(Record::of) {
        Some(group) => group.text("name").map_err(|it| it.under("group")),
        None => row.text("group"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nhanh::json;
    use crate::wit::catalog::CustomerKind;

    #[test]
    fn a_customer_is_read_from_texts() {
        let tree = json::parse(
            r#"{"id":"55120001","type":"1","name":" Nguyễn Văn A ","mobile":"84900000001","email":null,"gender":"1","address":"1 Trần Phú","birthday":"1990-05-17","code":"KH001","level":"Vàng","group":null,"totalMoney":"350000","points":"35","taxCode":null}"#
                .as_bytes(),
        )
        .unwrap();
        let customer = read(Some("55120001"), &tree, &mut Notes::default()).unwrap();
        assert_eq!((customer.kind, customer.name.as_str()), (CustomerKind::Retail, "Nguyễn Văn A"));
        assert_eq!((customer.phone.as_deref(), customer.raw_phone.as_deref()), (Some("0900000001"), Some("84900000001")));
        assert_eq!((customer.gender.as_deref(), customer.birthday.as_deref()), (Some("male"), Some("1990-05-17")));
        assert_eq!((customer.points, customer.email, customer.group_name), (Some(35), None, None));
    }

    #[test]
    fn what_is_masked_or_means_none_stays_absent() {
        let tree = json::parse(br#"{"id":7,"mobile":"090****001","gender":null,"birthday":"0000-00-00","type":9}"#).unwrap();
        let customer = read(None, &tree, &mut Notes::default()).unwrap();
        assert_eq!((customer.phone, customer.raw_phone.as_deref()), (None, Some("090****001")));
        assert_eq!((customer.gender, customer.birthday, customer.kind), (None, None, CustomerKind::Unknown));
    }
}
