//! Pages: `paginator.size` up to a hundred, and a `next` that must come back as it went out (3.0 reference section 2.4).
//!
//! Must never look into a cursor: where its page ended is remembered by [`crate::cursors::Cursors`].

use serde_json::{Value, json};

use super::Out;
use crate::switches_v3::{CursorShape, ListEnd};
use crate::wire::params::Params;
use crate::wire::reply::Refusal;
use crate::wire::{Call, json};

/// The most rows of a page.
const MOST: usize = 100;

/// A page of a list.
pub(in crate::wire) struct Page {
    /// The rows as a JSON list.
    pub(super) rows: Vec<u8>,
    /// What its last row is paged by; `None` for an empty page.
    last: Option<i64>,
    /// Whether there are rows after it.
    more: bool,
}

impl Page {
    pub(super) fn is_empty(&self) -> bool {
        self.last.is_none()
    }
}

/// In which order a list comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Up,
    Down,
}

impl Sort {
    /// What `paginator.sort` asks for by this key, else the default.
    pub(super) fn asked(request: Params<'_>, key: &str, default: Self) -> Self {
        let sort = request.below("paginator").below("sort").text(key);
        match sort.as_deref().map(str::to_ascii_lowercase).as_deref() {
            Some("asc") => Self::Up,
            Some("desc") => Self::Down,
            _ => default,
        }
    }
}

/// Which rows a request asks for: so many, after the row with this id.
struct Slice {
    after: Option<i64>,
    size: usize,
}

fn slice(call: &Call<'_>, request: Params<'_>) -> Result<Slice, Refusal> {
    let paginator = request.below("paginator");
    let asked = paginator.int("size").and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
    let mut size = asked.unwrap_or(call.switches.v3.default_size).min(MOST);
    if call.switches.v3.short_pages {
        size = size.div_ceil(2);
    }
    let next = paginator.0.get("next").filter(|next| !next.is_null() && *next != "");
    let after = match next {
        None => None,
        Some(next) => {
            let end = call.cursors.end(call.pass.app, call.pass.business, call.path, &next.to_string());
            Some(end.ok_or_else(|| Refusal::field("paginator.next", "is invalid"))?)
        }
    };
    Ok(Slice { after, size })
}

/// Cuts a page out of rows and writes it. The id beside a row is what it is sorted and paged by.
pub(super) fn page<T>(
    call: &Call<'_>,
    request: Params<'_>,
    sort: Sort,
    mut rows: Vec<(i64, T)>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) -> Result<Out, Refusal> {
    let Slice { after, size } = slice(call, request)?;
    rows.retain(|(id, _)| match (after, sort) {
        (None, _) => true,
        (Some(after), Sort::Up) => *id > after,
        (Some(after), Sort::Down) => *id < after,
    });
    rows.sort_by_key(|(id, _)| *id);
    if sort == Sort::Down {
        rows.reverse();
    }
    let more = rows.len() > size;
    rows.truncate(size);
    let last = rows.last().map(|(id, _)| *id);
    let mut out = vec![b'['];
    json::rows(&mut out, rows, |out, (_, row)| write(out, row));
    out.push(b']');
    Ok(Out::Page(Page { rows: out, last, more }))
}

/// The `paginator` of a page, if it has one; a cursor that is given out is remembered.
pub(super) fn paginator(call: &mut Call<'_>, page: &Page) -> Option<Value> {
    let last = page.last?;
    if !page.more {
        match call.switches.v3.list_end {
            ListEnd::EmptyPage => {}
            ListEnd::Absent => return None,
            ListEnd::Null => return Some(json!({ "next": null })),
        }
    }
    // The numbers beside the id have no meaning here; who computes a cursor will not hit them.
    let noise = last.wrapping_mul(7919).rem_euclid(1_000_000_007);
    let next = match call.switches.v3.cursor {
        CursorShape::Object => json!({ "id": last }),
        CursorShape::ObjectWithText => json!({ "id": last.to_string() }),
        CursorShape::Text => json!(format!("{last}{:03}", noise % 1000)),
        CursorShape::Number => json!(last),
        CursorShape::List => json!([1_684_232_267_000 + noise, last]),
        CursorShape::Compound => json!({ "totalRevenue": noise, "productId": last }),
    };
    call.cursors.give(call.pass.app, call.pass.business, call.path, next.to_string(), last);
    Some(json!({ "next": next }))
}
