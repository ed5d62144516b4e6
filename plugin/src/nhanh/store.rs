//! Depots and product groups, as either dialect writes them.
//!
//! 2.0 keys depots by id and nests groups; 3.0 has flat lists of both, and a depot's address in an object. Neither has a filter by time.

use crate::nhanh::tree::Value;

use crate::map::{no_record, refused};
use crate::nhanh::json::{Items, Misfit, Record};
use crate::vietnam::{address, phone, text};
use crate::wit::catalog::{Branch, Category};
use crate::wit::connector::Refused;
use crate::wit::types::RemoteId;

/// A depot.
///
/// # Errors
/// A field of it cannot be read.
pub fn branch(key: Option<&str>, value: &Value<'_>) -> Result<Branch, Refused> {
    // The old shape of the reply had the name alone under the id.
    if let (Some(id), Some(name)) = (key.filter(|it| text::is_digits(it)), value.as_str()) {
        let name = text::tidied(name);
        return Ok(Branch { id: id.to_owned(), code: None, name, phone: None, representative: None, address: None });
    }
    let row = Record::of(value).ok_or_else(|| no_record(key))?;
    let id = id_of(&row, key).map_err(|it| refused(None, it))?;
    let read = || -> Result<Branch, Misfit> {
        let name = row.text("name")?.ok_or_else(|| Misfit::at("name", "a text"))?;
        let phone = row.text("mobile")?.as_deref().and_then(phone::canonical);
        let code = row.text("code")?;
        // 3.0 has the old division in one object and the new one in another; 2.0 has the old one in the row.
        let told = |part: &&&str| {
            row.raw(part).and_then(Record::of).is_some_and(|it| it.told("cityName").is_some() || it.told("address").is_some())
        };
        let part = ["location", "locationV2"].iter().find(told);
        let nested = part.and_then(|part| row.raw(part)).and_then(Record::of);
        let place = nested.as_ref().unwrap_or(&row);
        let read = |field: &str| place.text(field).map_err(|it| part.map_or(it.clone(), |part| it.under(part)));
        let (city, district, ward) = (read("cityName")?, read("districtName")?, read("wardName")?);
        let street = read("address")?.unwrap_or_default();
        let line = address::join(&street, [ward, district, city].iter().flatten().map(String::as_str));
        let address = (!line.is_empty()).then_some(line);
        Ok(Branch { id: id.clone(), code, name, phone, representative: None, address })
    };
    read().map_err(|it| refused(Some(id.clone()), it))
}

fn id_of(row: &Record<'_>, key: Option<&str>) -> Result<RemoteId, Misfit> {
    let key = key.filter(|it| text::is_digits(it)).map(str::to_owned);
    row.id("id")?.or(key).ok_or_else(|| Misfit::at("id", "an identifier"))
}

/// Product groups with all that is below them, parents first.
pub fn categories(items: Items<'_>, parent: Option<&RemoteId>, found: &mut Vec<Category>, refusals: &mut Vec<Refused>) {
    for (at, (key, value)) in items.enumerate() {
        match category(key, value, at, parent) {
            Ok(category) => {
                let id = category.id.clone();
                found.push(category);
                let below = Record::of(value).and_then(|it| it.raw("childs").or_else(|| it.raw("children"))).and_then(Items::of);
                categories(below.unwrap_or(Items::List([].iter())), Some(&id), found, refusals);
            }
            Err(refusal) => refusals.push(refusal),
        }
    }
}

fn category(key: Option<&str>, value: &Value<'_>, at: usize, parent: Option<&RemoteId>) -> Result<Category, Refused> {
    let row = Record::of(value).ok_or_else(|| no_record(key))?;
    let id = id_of(&row, key).map_err(|it| refused(None, it))?;
    let read = || -> Result<Category, Misfit> {
        let told = row.id("parentId")?;
        let code = row.text("code")?;
        let name = row.text("name")?.ok_or_else(|| Misfit::at("name", "a text"))?;
        let position = row.integer("order")?.and_then(|it| i32::try_from(it).ok());
        Ok(Category {
            id: id.clone(),
            parent: parent.cloned().or(told).filter(|parent| *parent != id),
            code,
            name,
            position: position.or_else(|| i32::try_from(at).ok()).unwrap_or(i32::MAX),
            hidden: row.integer("status")? == Some(2),
        })
    };
    read().map_err(|it| refused(Some(id.clone()), it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::category::settle;
    use crate::nhanh::json;

    #[test]
    fn a_depot_is_a_branch() {
        let tree = json::parse(
            r#"{"id":31010,"name":"Kho HN","mobile":"090 000.0002","cityName":"Hà Nội","districtName":"Quận Ba Đình","wardId":1116,"wardName":"Phường Điện Biên","address":"2 Trần Phú"}"#
                .as_bytes(),
        )
        .unwrap();
        let branch = branch(Some("31010"), &tree).unwrap();
        assert_eq!((branch.id.as_str(), branch.name.as_str(), branch.phone.as_deref()), ("31010", "Kho HN", Some("0900000002")));
        assert_eq!(branch.address.as_deref(), Some("2 Trần Phú, Phường Điện Biên, Quận Ba Đình, Hà Nội"));
    }

    #[test]
    fn a_depot_without_a_name_is_refused_by_field() {
        let tree = json::parse(br#"{"id":"31010","name":null}"#).unwrap();
        let refusal = branch(None, &tree).unwrap_err();
        assert_eq!((refusal.id.as_deref(), refusal.failure.field.as_deref()), (Some("31010"), Some("/name")));
    }

    #[test]
    fn groups_are_flattened_orphans_become_roots_and_hidden_ones_stay() {
        let tree = json::parse(
            r#"[{"id":"1","parentId":null,"code":"A","name":"Áo","order":"2","status":1,"childs":[
                 {"id":"2","parentId":"1","name":"Áo thun","order":1,"status":"2","childs":[{"id":3,"name":"Cổ tròn"}]}]},
                {"id":"4","parentId":"99","name":"Mồ côi","childs":[]},{"id":"5","name":false},{"id":"1","name":"Áo"}]"#
                .as_bytes(),
        )
        .unwrap();
        let (mut found, mut refusals) = (Vec::new(), Vec::new());
        categories(Items::of(&tree).unwrap(), None, &mut found, &mut refusals);
        let rows: Vec<_> = settle(found).into_iter().map(|it| (it.id, it.parent, it.position, it.hidden)).collect();
        let row = |id: &str, parent: Option<&str>, position, hidden| (id.to_owned(), parent.map(str::to_owned), position, hidden);
        assert_eq!(rows, [row("1", None, 2, false), row("2", Some("1"), 1, true), row("3", Some("2"), 0, false), row("4", None, 1, false)]);
        assert_eq!(refusals.len(), 1);
        assert_eq!(refusals[0].failure.field.as_deref(), Some("/name"));
    }
}
