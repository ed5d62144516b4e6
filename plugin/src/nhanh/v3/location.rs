//! The place of an address by Nhanh's ids: province, district and ward before 2025-07-01, province and ward since.
//!
//! A level is found by its name, with or without what kind of place it is, wherever a word carries its tone (`Hoà`, `Hòa`), and only
//! where exactly one fits; one level that is not found leaves the whole place out, and the address goes as text. Nothing here may stop an order.

use crate::nhanh::errors::{Access, answer, tree};
use crate::nhanh::json::{Items, Record};
use crate::nhanh::object::{Object, number_or_text};
use crate::nhanh::v3::request::{call, path};
use crate::nhanh::wire::Located;
use crate::sender::Sender;
use crate::settings::Settings;
use crate::vietnam::{address, place, text};
use crate::wit::orders::Address;
use crate::wit::types::{Instant, Message, RemoteId, Warning};

/// Why there is no place.
enum Missing {
    /// None of that name, or several.
    Unknown(&'static str),
    /// Nhanh's list could not be read.
    Unasked,
}

/// The place of an address; empty where it has too few names, or one of them is not found.
pub fn locate(settings: Settings<'_>, now: Instant, address: &Address, sender: &mut dyn Sender) -> Located {
    let Some((version, names)) = address::levels(address) else {
        let warnings = if address::is_mixed(address) { vec![warning(&Missing::Unknown("DISTRICT"))] } else { Vec::new() };
        return Located { ids: Vec::new(), warnings };
    };
    let found = walk(settings, now, version, &names, sender);
    // A ward of today beside a district of before.
    let today = match (&found, address::new_ward(address)) {
        (Err(Missing::Unknown("WARD")), Some(names)) if version == address::THREE_LEVELS => {
            walk(settings, now, address::TWO_LEVELS, &names, sender)
        }
        _ => found,
    };
    match today {
        Ok(ids) => Located { ids, warnings: Vec::new() },
        Err(missing) => Located { ids: Vec::new(), warnings: vec![warning(&missing)] },
    }
}

/// The ids of these names, from the province down.
fn walk(settings: Settings<'_>, now: Instant, version: &str, names: &[&str], sender: &mut dyn Sender) -> Result<Vec<RemoteId>, Missing> {
    let mut ids: Vec<RemoteId> = Vec::with_capacity(names.len());
    for (kind, name) in kinds(version).iter().zip(names) {
        let id = find(settings, now, version, kind, ids.last(), name, sender)?;
        ids.push(id);
    }
    Ok(ids)
}

fn kinds(version: &str) -> &'static [&'static str] {
    if version == "v1" { &["CITY", "DISTRICT", "WARD"] } else { &["CITY", "WARD"] }
}

fn warning(missing: &Missing) -> Warning {
    let message = match missing {
        Missing::Unknown(kind) => {
            let (vi, en) = match *kind {
                "CITY" => ("tỉnh/thành phố", "province"),
                "DISTRICT" => ("quận/huyện", "district"),
                _ => ("phường/xã", "ward"),
            };
            Message::new(
                "Không xác định được {level} trong danh mục của Nhanh.vn (không có hoặc trùng tên); địa chỉ được gửi dạng chữ, hãy chọn lại địa danh của đơn trên Nhanh.vn.",
                "Nhanh.vn's places hold none or several of this {level-en}; the address goes as text and its place has to be chosen at Nhanh.vn.",
            )
            .with("level", vi)
            .with("level-en", en)
        }
        Missing::Unasked => Message::new(
            "Chưa đọc được danh mục địa danh của Nhanh.vn; địa chỉ được gửi dạng chữ.",
            "Nhanh.vn's list of places could not be read; the address goes as text.",
        ),
    };
    Warning::new("order.place-as-text", message).at("/address")
}

fn find(
    settings: Settings<'_>,
    now: Instant,
    version: &str,
    kind: &'static str,
    parent: Option<&RemoteId>,
    name: &str,
    sender: &mut dyn Sender,
) -> Result<RemoteId, Missing> {
    let filters = Object::default().text("locationVersion", version).text("type", kind);
    let filters = match parent {
        Some(parent) => filters.json("parentId", &number_or_text(parent)),
        None => filters,
    };
    let body = Object::default().json("filters", &filters.end()).end();
    let request = call(settings, path::LOCATIONS, body).map_err(|_| Missing::Unasked)?;
    let response = sender.send(request).map_err(|_| Missing::Unasked)?;
    let tree = tree(&response, Access::Read).map_err(|_| Missing::Unasked)?;
    let reply = answer(&tree, &response, Access::Read, now).map_err(|_| Missing::Unasked)?;
    let rows = reply.record.items("data").map_err(|_| Missing::Unasked)?;
    only_one(rows, name).ok_or(Missing::Unknown(kind))
}

/// The one row of that name: word for word, else without what kind of place it is.
fn only_one(rows: Items<'_>, name: &str) -> Option<RemoteId> {
    let wanted = keys(name);
    let (mut exact, mut alike) = (Vec::new(), Vec::new());
    for (_, value) in rows {
        let Some(row) = Record::of(value) else { continue };
        let Ok(Some(id)) = row.id("id") else { continue };
        for field in ["name", "otherName"] {
            let Ok(Some(known)) = row.text(field) else { continue };
            let known = keys(&known);
            if known.0 == wanted.0 && !exact.contains(&id) {
                exact.push(id.clone());
            }
            if known.1 == wanted.1 && !alike.contains(&id) {
                alike.push(id.clone());
            }
        }
    }
    let found = if exact.is_empty() { alike } else { exact };
    match found.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// A name as it is compared: whole, and without what kind of place it is.
fn keys(name: &str) -> (String, String) {
    (text::placed(name), place::bare(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, context, data, reply, set};
    use crate::wit::http::{Error, Request, Response};
    use crate::wit::orders::AddressScheme;

    /// Places of Nhanh's, in both divisions.
    struct Places;

    impl Sender for Places {
        fn send(&mut self, request: Request) -> Result<Response, Error> {
            let asked: serde_json::Value = serde_json::from_str(data(&request)).unwrap();
            let filters = &asked["filters"];
            let of = |field: &str| filters[field].as_str().unwrap_or_default().to_owned();
            let rows = match (of("locationVersion").as_str(), of("type").as_str(), filters["parentId"].as_u64()) {
                (_, "CITY", _) => r#"{"id":1,"name":"Hà Nội"},{"id":79,"name":"Thành phố Hồ Chí Minh","otherName":"Hồ Chí Minh"}"#,
                ("v1", "DISTRICT", Some(79)) => r#"{"id":760,"name":"Quận 1"},{"id":771,"name":"Quận 10"},{"id":770,"name":"Quận 3"}"#,
                ("v1", "WARD", Some(771)) => r#"{"id":27163,"name":"Phường 1"},{"id":27166,"name":"Phường 10"}"#,
                ("v1", "WARD", Some(760)) => r#"{"id":26740,"name":"Phường Bến Nghé"}"#,
                ("v1", "WARD", Some(770)) => r#"{"id":27139,"name":"Phường 1"}"#,
                ("v2", "WARD", Some(79)) => r#"{"id":9001,"name":"Phường Sài Gòn"},{"id":9002,"name":"Phường Bàn Cờ"}"#,
                other => panic!("{other:?}"),
            };
            Ok(reply(&format!(r#"{{"code":1,"data":[{rows}]}}"#)))
        }
    }

    fn place(levels: [&str; 3], scheme: AddressScheme) -> (Vec<RemoteId>, Vec<Warning>) {
        let some = |it: &str| (!it.is_empty()).then(|| it.to_owned());
        let [province, district, ward] = levels.map(some);
        let address = Address { text: "1 Trần Phú".to_owned(), province, district, ward, scheme };
        let mut context = context();
        set(&mut context, "api-version", "3.0");
        let located = locate(Settings::of(&context), NOW, &address, &mut Places);
        (located.ids, located.warnings)
    }

    #[test]
    fn usual_short_forms_find_the_place() {
        let two = AddressScheme::TwoLevel;
        assert_eq!(place(["TP.HCM", "", "Phường Sài Gòn"], two).0, ["79", "9001"]);
        for levels in [["Hồ Chí Minh", "Q10", "Phường 01"], ["TPHCM", "Q. 10", "P1"], ["Tp. HCM", "quận 10", "P.01"]] {
            assert_eq!(place(levels, AddressScheme::Unknown).0, ["79", "771", "27163"], "{levels:?}");
            assert_eq!(place(levels, AddressScheme::ThreeLevel).0, ["79", "771", "27163"], "{levels:?}");
        }
    }

    #[test]
    fn a_ward_of_today_beside_a_district_of_before_is_a_place_only_where_it_was_formed_from_it() {
        for scheme in [AddressScheme::Unknown, AddressScheme::TwoLevel] {
            assert_eq!(place(["Hồ Chí Minh", "Quận 1", "Phường Sài Gòn"], scheme).0, ["79", "9001"], "{scheme:?}");
            let (ids, warnings) = place(["Hồ Chí Minh", "Quận 3", "Phường Sài Gòn"], scheme);
            assert_eq!((ids.len(), warnings[0].code.as_str()), (0, "order.place-as-text"), "{scheme:?}");
        }
    }
}
