//! `business/depot` and `shipping/location`: places of both trees (3.0 reference sections 9, 10).
//!
//! Must never list a place that its tree does not have.

use super::list::{self, Sort};
use super::product::nested;
use super::{Out, ids};
use crate::shop::{CITIES, Depot, Levels, PROVINCES, Place};
use crate::switches::Switches;
use crate::wire::Call;
use crate::wire::json::{Object, object, rows};
use crate::wire::params::Params;
use crate::wire::reply::Refusal;

/// The depots.
pub(super) fn depots(call: &mut Call<'_>, request: Params<'_>) -> Result<Out, Refusal> {
    let wanted = ids(request.below("filters"), "ids")?;
    let scope = &call.pass.depots;
    let limited = call.switches.depots_limited_to_token && !scope.is_empty();
    let shown = call
        .home()?
        .depots
        .values()
        .filter(|depot| (wanted.is_empty() || wanted.contains(&depot.id)) && (!limited || scope.contains(&depot.id)));
    let shown = shown.map(|depot| (depot.id, depot)).collect();
    list::page(call, request, Sort::Up, shown, |out, depot| write(out, depot, call.switches))
}

fn write(out: &mut Vec<u8>, depot: &Depot, switches: &Switches) {
    let place = |row: &mut Object<'_>, kind: &str, place: &Option<Place>| {
        row.int(&format!("{kind}Id"), place.as_ref().map_or(0, |place| place.id));
        row.text(&format!("{kind}Name"), place.as_ref().map_or("", |place| place.name.as_str()));
    };
    object(out, |row| {
        row.int("id", depot.id);
        row.text("code", format!("K{}", depot.id).as_str());
        row.text("name", depot.name.as_str());
        row.text("mobile", depot.mobile.as_deref());
        nested(row.key("location"), depot.city.is_some(), switches.v3.empty_object, |row| {
            place(row, "city", &depot.city);
            place(row, "district", &depot.district);
            place(row, "ward", &depot.ward);
            row.text("address", depot.address.as_str());
        });
        nested(row.key("locationV2"), depot.new_city.is_some(), switches.v3.empty_object, |row| {
            place(row, "city", &depot.new_city);
            place(row, "ward", &depot.new_ward);
            row.text("address", depot.address.as_str());
        });
    });
}

/// The tree that a `locationVersion` names.
pub(super) fn levels(version: &str) -> Option<Levels> {
    match version {
        "v1" => Some(Levels::Three),
        "v2" => Some(Levels::Two),
        _ => None,
    }
}

/// Cities, the districts of a city (three levels only), or the wards of a district (three levels) or of a city (two). Rows do not name their parent.
pub(super) fn locations(_: &mut Call<'_>, request: Params<'_>) -> Result<Out, Refusal> {
    let filters = request.below("filters");
    let tree = filters.text("locationVersion").and_then(|version| levels(&version));
    let tree = tree.ok_or_else(|| Refusal::field("filters.locationVersion", "must be v1 or v2"))?;
    let parent = || filters.int("parentId").ok_or_else(|| Refusal::field("filters.parentId", "is required"));
    let found: Vec<(i64, &str)> = match (filters.text("type").as_deref(), tree) {
        (None | Some("CITY"), Levels::Three) => CITIES.iter().map(|city| (city.id, city.name)).collect(),
        (None | Some("CITY"), Levels::Two) => PROVINCES.iter().map(|city| (city.id, city.name)).collect(),
        (Some("DISTRICT"), Levels::Three) => {
            let city = parent()?;
            let here = CITIES.iter().filter(|known| known.id == city);
            here.flat_map(|city| city.districts.iter().map(|(id, name, _)| (*id, *name))).collect()
        }
        (Some("DISTRICT"), Levels::Two) => Vec::new(),
        (Some("WARD"), Levels::Three) => {
            let district = parent()?;
            let here = CITIES.iter().flat_map(|city| city.districts).filter(|(known, _, _)| *known == district);
            here.flat_map(|(_, _, wards)| wards.iter().copied()).collect()
        }
        (Some("WARD"), Levels::Two) => {
            let city = parent()?;
            PROVINCES.iter().filter(|known| known.id == city).flat_map(|city| city.wards.iter().copied()).collect()
        }
        (Some(_), _) => return Err(Refusal::field("filters.type", "must be CITY, DISTRICT or WARD")),
    };
    let mut out = vec![b'['];
    rows(&mut out, found.into_iter().enumerate(), |out, (at, (id, name))| {
        object(out, |row| {
            row.int("id", id);
            row.text("name", name);
            // The documents show rows with and without it.
            if at % 2 == 0 {
                row.text("otherName", "");
            }
        });
    });
    out.push(b']');
    Ok(Out::Data(out))
}
