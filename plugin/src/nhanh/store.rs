//! Depots and product groups, as either dialect writes them.
//!
//! 2.0 keys depots by id and nests groups; 3.0 has flat lists of both, and a depot's address in an object. Neither has a filter by time.

use crate::nhanh::tree::Value;

use crate::map::Notes;
use crate::map::fields::Reading;
use crate::nhanh::goods;
use crate::nhanh::json::{Items, Record};
use crate::vietnam::{address, phone, text};
use crate::wit::catalog::{Branch, Category};
use crate::wit::connector::Refused;
use crate::wit::types::{Entity, RemoteId};

/// A depot.
///
/// # Errors
/// It has no id that can be read, or no parser can read it.
pub fn branch(key: Option<&str>, value: &Value<'_>, notes: &mut Notes) -> Result<Branch, Refused> {
    // The old shape of the reply had the name alone under the id.
    if let (Some(id), Some(name)) = (key.filter(|it| text::is_digits(it)), value.as_str()) {
        let name = text::one_spaced(name);
        return Ok(Branch { id: id.to_owned(), code: None, name, phone: None, representative: None, address: None });
    }
    goods::open(Entity::Branch, (key, value), "id", notes, |row, it| {
        let name = it.take(row.name("name"));
        let phone = it.take(row.text("mobile")).as_deref().and_then(phone::canonical);
        let code = it.take(row.text("code"));
        // 3.0 has the old division in one object and the new one in another; 2.0 has the old one in the row.
        let told = |part: &&&str| {
            row.raw(part).and_then(Record::of).is_some_and(|it| it.told("cityName").is_some() || it.told("address").is_some())
        };
        let part = ["location", "locationV2"].iter().find(told);
        let nested = part.and_then(|part| row.raw(part)).and_then(Record::of);
        let place = nested.as_ref().unwrap_or(row);
        let mut read = |field: &str| it.take(place.text(field).map_err(|it| part.map_or(it.clone(), |part| it.under(part))));
        let (city, district, ward) = (read("cityName"), read("districtName"), read("wardName"));
        let street = read("address").unwrap_or_default();
        let line = address::join(&street, [ward, district, city].iter().flatten().map(String::as_str));
        let address = (!line.is_empty()).then_some(line);
        Branch { name: it.named(name, code.as_deref()), id: it.id.clone(), code, phone, representative: None, address }
    })
}

/// Product groups with all that is below them, parents first.
pub fn categories(items: Items<'_>, parent: Option<&RemoteId>, notes: &mut Notes, found: &mut Vec<Category>, refusals: &mut Vec<Refused>) {
    for (at, (key, value)) in items.enumerate() {
        let read = goods::open(Entity::Category, (key, value), "id", notes, |row, it| category(row, at, parent, it));
        let id = match read {
            Ok(category) => {
                let id = category.id.clone();
                found.push(category);
                Some(id)
            }
            Err(refusal) => {
                let id = refusal.id.clone();
                refusals.push(refusal);
                id
            }
        };
        // What is below a group that is refused comes in all the same.
        let row = Record::of(value);
        let below = row.and_then(|it| it.told("childs").or_else(|| it.told("children"))).and_then(Items::of);
        if let Some(below) = below {
            categories(below, id.as_ref().or(parent), notes, found, refusals);
        }
    }
}

fn category(row: &Record<'_>, at: usize, parent: Option<&RemoteId>, it: &mut Reading<'_>) -> Category {
    let told = it.take(row.id("parentId"));
    let code = it.take(row.text("code"));
    let name = it.take(row.name("name"));
    let position = it.take(row.integer("order")).and_then(|it| i32::try_from(it).ok());
    let hidden = it.take(row.integer("status")) == Some(2);
    Category {
        parent: parent.cloned().or(told).filter(|parent| *parent != it.id),
        name: it.named(name, code.as_deref()),
        id: it.id.clone(),
        code,
        position: position.or_else(|| i32::try_from(at).ok()).unwrap_or(i32::MAX),
        hidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::category::settle;
    use crate::nhanh::json;

    #[test]
    fn a_depot_is_a_branch() {
        let tree = json::parse(
            r#"{"id":31010,"name":"Kho  HN","mobile":"090 000.0002","cityName":"Hà Nội","districtName":"Quận Ba Đình","wardId":1116,"wardName":"Phường Điện Biên","address":"2 Trần Phú"}"#
                .as_bytes(),
        )
        .unwrap();
        let branch = branch(Some("31010"), &tree, &mut Notes::default()).unwrap();
        assert_eq!((branch.id.as_str(), branch.name.as_str(), branch.phone.as_deref()), ("31010", "Kho HN", Some("0900000002")));
        assert_eq!(branch.address.as_deref(), Some("2 Trần Phú, Phường Điện Biên, Quận Ba Đình, Hà Nội"));
    }

    #[test]
    fn what_has_no_name_comes_in_under_its_code_or_its_id() {
        let mut notes = Notes::default();
        let name = |text: &str, notes: &mut Notes| branch(None, &json::parse(text.as_bytes()).unwrap(), notes).unwrap().name;
        assert_eq!(name(r#"{"id":"31010","name":null,"code":"HN"}"#, &mut notes), "HN");
        assert_eq!(name(r#"{"id":"31010","name":false}"#, &mut notes), "31010");
        assert_eq!(name(r#"{"id":"31010","name":{}}"#, &mut notes), "31010");
        let codes: Vec<_> = notes.0.iter().map(|it| (it.code.as_str(), it.field.as_deref())).collect();
        let missing = ("nhanh.name-missing", Some("/name"));
        assert_eq!(codes, [missing, missing, ("nhanh.field-unread", Some("/name")), missing]);
    }

    #[test]
    fn groups_are_flattened_orphans_become_roots_and_hidden_ones_stay() {
        let tree = json::parse_page(
            r#"{"data":[{"id":"1","parentId":null,"code":"A","name":"Áo","order":"2","status":1,"childs":[
                 {"id":"2","parentId":"1","name":"Áo thun","order":1,"status":"2","childs":[{"id":3,"name":"Cổ tròn"}]}]},
                {"id":"4","parentId":"99","name":"Mồ côi","childs":[]},{"id":"5","name":false},{"id":"1","name":"Áo"},
                {"id":6,"name":"\ud83d","childs":[{"id":7,"name":"Dưới 6"},{"id":8,"name":1e999}]},17]}"#
                .as_bytes(),
        )
        .unwrap();
        let (mut notes, mut found, mut refusals) = (Notes::default(), Vec::new(), Vec::new());
        let rows = Record::of(&tree).unwrap().items("data").unwrap();
        categories(rows, None, &mut notes, &mut found, &mut refusals);
        let rows: Vec<_> = settle(found, &mut notes).into_iter().map(|it| (it.id, it.parent, it.position, it.hidden)).collect();
        let row = |id: &str, parent: Option<&str>, position, hidden| (id.to_owned(), parent.map(str::to_owned), position, hidden);
        assert_eq!(
            rows,
            [
                row("1", None, 2, false),
                row("2", Some("1"), 1, true),
                row("3", Some("2"), 0, false),
                row("4", None, 1, false),
                row("5", None, 2, false),
                row("7", None, 0, false),
            ]
        );
        let refused: Vec<_> = refusals.iter().map(|it| (it.id.as_deref(), it.failure.field.as_deref())).collect();
        assert_eq!(refused, [(Some("6"), Some("/name")), (Some("8"), Some("/name")), (None, Some(""))]);
        let told: Vec<_> = notes.0.iter().map(|it| (it.code.as_str(), it.subject.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("nhanh.name-missing", Some("5")),
                ("nhanh.row-repeated", Some("1")),
                ("nhanh.parent-missing", Some("4")),
                ("nhanh.parent-missing", Some("7"))
            ]
        );
    }
}
