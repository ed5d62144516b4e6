//! Collections and pages: what every endpoint of 2.0 shares.
//!
//! A keyed collection keeps the order of its rows (the sort order), and an empty one is `[]` (reference section 2.5).

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::shop::Quantity;
use crate::switches::{CollectionShape, EmptyShape, NumberShape, PastEnd, Switches, TooMuch};
use crate::wire::json;
use crate::wire::params::Params;
use crate::wire::reply::Refusal;

/// Rows keyed by id.
pub(super) struct Keyed<'a, T> {
    pub(super) rows: Vec<(i64, T)>,
    pub(super) switches: &'a Switches,
}

impl<T: Serialize> Serialize for Keyed<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.rows.is_empty(), self.switches.empty, self.switches.collections) {
            (true, EmptyShape::Null, _) => serializer.serialize_none(),
            (true, EmptyShape::List, _) | (false, _, CollectionShape::List) => {
                let mut list = serializer.serialize_seq(Some(self.rows.len()))?;
                self.rows.iter().try_for_each(|(_, row)| list.serialize_element(row))?;
                list.end()
            }
            (true, EmptyShape::Object, _) | (false, _, CollectionShape::Keyed) => {
                let mut map = serializer.serialize_map(Some(self.rows.len()))?;
                self.rows.iter().try_for_each(|(id, row)| map.serialize_entry(id, row))?;
                map.end()
            }
        }
    }
}

/// Writes rows keyed by id, in their order.
pub(super) fn keyed<T>(out: &mut Vec<u8>, rows: Vec<(i64, T)>, switches: &Switches, mut write: impl FnMut(&mut Vec<u8>, T)) {
    match (rows.is_empty(), switches.empty, switches.collections) {
        (true, EmptyShape::Null, _) => out.extend_from_slice(b"null"),
        (true, EmptyShape::List, _) | (false, _, CollectionShape::List) => {
            out.push(b'[');
            json::rows(out, rows, |out, (_, row)| write(out, row));
            out.push(b']');
        }
        (true, EmptyShape::Object, _) | (false, _, CollectionShape::Keyed) => json::object(out, |object| {
            for (id, row) in rows {
                write(object.key(&id.to_string()), row);
            }
        }),
    }
}

/// A whole number that real replies write as a numeric string.
#[derive(Clone, Copy)]
pub(super) struct Digits(pub(super) i64, pub(super) NumberShape);

impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.1 {
            NumberShape::Real => serializer.collect_str(&self.0),
            NumberShape::Documented => serializer.serialize_i64(self.0),
        }
    }
}

/// A quantity that is written as text or as a number.
#[derive(Clone, Copy)]
pub(super) struct Amount(pub(super) Quantity, pub(super) NumberShape);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.1 {
            NumberShape::Real => serializer.collect_str(&self.0),
            NumberShape::Documented => self.0.serialize(serializer),
        }
    }
}

/// One page of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) number: usize,
    pub(super) total_pages: usize,
    pub(super) skip: usize,
    pub(super) take: usize,
}

/// Which rows `page` and `icpp` ask for.
pub(super) fn page(params: Params<'_>, total: usize, default: usize, max: usize, switches: &Switches) -> Result<Page, Refusal> {
    let asked = params.int("icpp").and_then(|icpp| usize::try_from(icpp).ok()).filter(|icpp| *icpp > 0).unwrap_or(default);
    if asked > max && switches.icpp_over_max == TooMuch::Refuse {
        return Err(Refusal::text(format!("icpp must not be greater than {max}")));
    }
    let take = asked.min(max);
    let total_pages = total.div_ceil(take);
    let mut number = params.int("page").and_then(|page| usize::try_from(page).ok()).filter(|page| *page > 0).unwrap_or(1);
    if number > total_pages.max(1) {
        match switches.past_end {
            PastEnd::Empty => {}
            PastEnd::LastPage => number = total_pages.max(1),
            PastEnd::Refuse => return Err(Refusal::text("Invalid page")),
        }
    }
    Ok(Page { number, total_pages, skip: (number - 1).saturating_mul(take), take })
}

/// A text that JSON escapes as a number when the documents say so; phones lose their leading 0 this way.
pub(super) fn maybe_number(text: &str, as_number: bool) -> Value {
    match text.parse::<i64>() {
        Ok(number) if as_number => number.into(),
        _ => text.into(),
    }
}
