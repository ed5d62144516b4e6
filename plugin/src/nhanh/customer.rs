//! Customers, which both dialects write alike.
//!
//! Places are numbers without names here, so that province, district and ward stay absent; the street text is what a person wrote.

use crate::nhanh::tree::Value;

use crate::map::{customer as rules, no_record, refused};
use crate::nhanh::json::{Misfit, Record};
use crate::vietnam::{phone, text, time};
use crate::wit::catalog::Customer;
use crate::wit::connector::Refused;

/// A customer.
///
/// # Errors
/// A field of it cannot be read.
pub fn read(key: Option<&str>, value: &Value<'_>) -> Result<Customer, Refused> {
    let row = Record::of(value).ok_or_else(|| no_record(key))?;
    let key = key.filter(|it| text::is_digits(it)).map(str::to_owned);
    let id = row.id("id").and_then(|id| id.or(key).ok_or_else(|| Misfit::at("id", "an identifier"))).map_err(|it| refused(None, it))?;
    let read = || -> Result<Customer, Misfit> {
        let kind = rules::kind(row.integer("type")?);
        let name = row.text("name")?.unwrap_or_default();
        let raw_phone = row.text("mobile")?;
        Ok(Customer {
            id: id.clone(),
            undecided: false,
            kind,
            name,
            phone: raw_phone.as_deref().and_then(phone::canonical),
            raw_phone,
            email: row.text("email")?,
            gender: rules::gender(row.verbatim("gender")?.as_deref()).map(str::to_owned),
            address: row.text("address")?,
            birthday: row.verbatim("birthday")?.as_deref().and_then(time::read_date),
            province: row.text("cityName")?,
            district: row.text("districtName")?,
            ward: row.text("wardName")?,
            group_name: group(&row)?,
            points: row.milli("points")?.map(|it| it.value.div_euclid(1000)),
            tax_code: row.text("taxCode")?,
            note: row.text("description")?,
            updated: row.integer("updatedAt")?.and_then(time::from_unix),
        })
    };
    read().map_err(|it| refused(Some(id.clone()), it))
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
        let customer = read(Some("55120001"), &tree).unwrap();
        assert_eq!((customer.kind, customer.name.as_str()), (CustomerKind::Retail, "Nguyễn Văn A"));
        assert_eq!((customer.phone.as_deref(), customer.raw_phone.as_deref()), (Some("0900000001"), Some("84900000001")));
        assert_eq!((customer.gender.as_deref(), customer.birthday.as_deref()), (Some("male"), Some("1990-05-17")));
        assert_eq!((customer.points, customer.email, customer.group_name), (Some(35), None, None));
    }

    #[test]
    fn what_is_masked_or_means_none_stays_absent() {
        let tree = json::parse(br#"{"id":7,"mobile":"090****001","gender":null,"birthday":"0000-00-00","type":9}"#).unwrap();
        let customer = read(None, &tree).unwrap();
        assert_eq!((customer.phone, customer.raw_phone.as_deref()), (None, Some("090****001")));
        assert_eq!((customer.gender, customer.birthday, customer.kind), (None, None, CustomerKind::Unknown));
    }
}
