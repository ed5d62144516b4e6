//! `/api/store/depot`, `/api/shipping/location`, `/api/shipping/carrier` (reference section 6).
//!
//! Must never list a place that the tree does not have.

use serde::Serialize;
use serde_json::{Value, json};

use super::collection::Keyed;
use crate::shop::{CITIES, Depot, Place};
use crate::wire::Call;
use crate::wire::params::Params;
use crate::wire::reply::{Refusal, data};
use crate::words::CARRIERS;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DepotOut<'a> {
    id: i64,
    name: &'a str,
    mobile: Option<&'a str>,
    city_id: Option<i64>,
    city_name: Option<&'a str>,
    district_id: Option<i64>,
    district_name: Option<&'a str>,
    ward_id: Option<i64>,
    ward_name: Option<&'a str>,
    address: &'a str,
}

fn encode(depot: &Depot) -> DepotOut<'_> {
    fn parts(place: &Option<Place>) -> (Option<i64>, Option<&str>) {
        place.as_ref().map_or((None, None), |place| (Some(place.id), Some(place.name.as_str())))
    }
    let ((city_id, city_name), (district_id, district_name), (ward_id, ward_name)) =
        (parts(&depot.city), parts(&depot.district), parts(&depot.ward));
    let (mobile, address) = (depot.mobile.as_deref(), depot.address.as_str());
    DepotOut { id: depot.id, name: &depot.name, mobile, city_id, city_name, district_id, district_name, ward_id, ward_name, address }
}

/// The depots, keyed by id, `data` itself.
pub(super) fn depots(call: &mut Call<'_>, request: &Value) -> Result<Vec<u8>, Refusal> {
    let only = Params(request).int("depotId");
    let scope = &call.pass.depots;
    let limited = call.switches.depots_limited_to_token && !scope.is_empty();
    let home = call.home()?;
    let shown = home.depots.values().filter(|depot| only.is_none_or(|id| depot.id == id) && (!limited || scope.contains(&depot.id)));
    let rows = shown.map(|depot| (depot.id, encode(depot))).collect();
    data(&Keyed { rows, switches: call.switches })
}

/// Cities, the districts of a city, or the wards of a district.
pub(super) fn locations(_: &mut Call<'_>, request: &Value) -> Result<Vec<u8>, Refusal> {
    let params = Params(request);
    let parent = params.int("parentId");
    let rows: Vec<Value> = match params.text("type").as_deref() {
        None | Some("CITY") => CITIES.iter().map(|city| json!({ "id": city.id, "name": city.name })).collect(),
        Some("DISTRICT") => {
            let cities = CITIES.iter().filter(|city| parent == Some(city.id));
            cities
                .flat_map(|city| city.districts.iter().map(|(id, name, _)| json!({ "id": id, "parentId": city.id, "name": name })))
                .collect()
        }
        Some("WARD") => {
            let districts = CITIES.iter().flat_map(|city| city.districts).filter(|(id, _, _)| parent == Some(*id));
            districts
                .flat_map(|(up, _, wards)| wards.iter().map(move |(id, name)| json!({ "id": id, "parentId": up, "name": name })))
                .collect()
        }
        Some(_) => return Err(Refusal::text("type is invalid")),
    };
    data(&rows)
}

/// The carriers that the reference names.
pub(super) fn carriers(_: &mut Call<'_>, _: &Value) -> Result<Vec<u8>, Refusal> {
    let rows = CARRIERS.iter().map(|(id, name)| json!({ "id": id, "name": name, "logo": "", "services": [] }));
    data(&rows.collect::<Vec<_>>())
}
