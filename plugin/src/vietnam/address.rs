//! Addresses in two schemes: three levels until 2025-07-01 (province, district, ward), two since (province, ward).
//!
//! Old to new is not a function, so nothing here converts one into the other. The text that a person wrote is always sent; names are
//! only added to it, never taken away, and an address never stops an order.

use crate::vietnam::{place, text};
use crate::wit::orders::{Address, AddressScheme};

/// What Nhanh calls the division with districts.
pub const THREE_LEVELS: &str = "v1";
/// What Nhanh calls the division without them.
pub const TWO_LEVELS: &str = "v2";

/// The division of an address, as Nhanh calls it, and its names from the province down, where all are there. An address that does not
/// say which division it means is taken at its word: with a district, it is the old one.
#[must_use]
pub fn levels(address: &Address) -> Option<(&'static str, Vec<&str>)> {
    let (province, ward) = (named(address.province.as_deref())?, named(address.ward.as_deref())?);
    match (address.scheme, named(address.district.as_deref())) {
        (AddressScheme::ThreeLevel | AddressScheme::Unknown, Some(district)) => Some((THREE_LEVELS, vec![province, district, ward])),
        (AddressScheme::ThreeLevel, None) => None,
        // A district that was left in must be the one that the ward was formed from, or nobody knows which of the two is meant.
        (AddressScheme::TwoLevel, Some(_)) => new_ward(address).map(|names| (TWO_LEVELS, names)),
        (AddressScheme::TwoLevel | AddressScheme::Unknown, None) => Some((TWO_LEVELS, vec![province, ward])),
    }
}

/// Whether the address means the division of today and names a district of before.
#[must_use]
pub fn is_mixed(address: &Address) -> bool {
    address.scheme == AddressScheme::TwoLevel && named(address.district.as_deref()).is_some()
}

/// Province and ward of today, where the address names a district of before that the ward was formed from.
#[must_use]
pub fn new_ward(address: &Address) -> Option<Vec<&str>> {
    let (province, ward) = (named(address.province.as_deref())?, named(address.ward.as_deref())?);
    let district = named(address.district.as_deref())?;
    place::formed_from(province, district, ward).then(|| vec![province, ward])
}

/// Province, district and ward by name, where the address has all three in the old scheme.
#[must_use]
pub fn three_levels(address: &Address) -> Option<[&str; 3]> {
    if address.scheme != AddressScheme::ThreeLevel {
        return None;
    }
    Some([named(address.province.as_deref())?, named(address.district.as_deref())?, named(address.ward.as_deref())?])
}

/// The text with those of ward, district and province after it that it does not name already.
#[must_use]
pub fn one_line(address: &Address) -> String {
    let parts = [address.ward.as_deref(), address.district.as_deref(), address.province.as_deref()];
    join(&address.text, parts.into_iter().filter_map(named))
}

/// Parts after a text, each once, with commas.
#[must_use]
pub fn join<'a>(start: &str, parts: impl Iterator<Item = &'a str>) -> String {
    let mut line = text::tidied(start);
    let mut known = text::folded(&line);
    for part in parts {
        let part = text::tidy(part);
        let folded = text::folded(&part);
        if folded.is_empty() || names(&known, &folded) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(", ");
            known.push_str(", ");
        }
        line.push_str(&part);
        known.push_str(&folded);
    }
    line
}

/// Whether a part is one of the pieces between commas. `1 Hà Nội street` does not name the province.
fn names(known: &str, part: &str) -> bool {
    known.split(',').any(|it| it.trim() == part)
}

fn named(part: Option<&str>) -> Option<&str> {
    part.map(str::trim).filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str, levels: [&str; 3], scheme: AddressScheme) -> Address {
        let some = |it: &str| (!it.is_empty()).then(|| it.to_owned());
        let [province, district, ward] = levels;
        Address { text: text.to_owned(), province: some(province), district: some(district), ward: some(ward), scheme }
    }

    #[test]
    fn names_are_for_a_complete_old_address_only() {
        let levels = ["Hà Nội", "Quận Ba Đình", "Phường Điện Biên"];
        assert_eq!(three_levels(&address("2 Trần Phú", levels, AddressScheme::ThreeLevel)), Some(levels));
        assert_eq!(three_levels(&address("2 Trần Phú", levels, AddressScheme::TwoLevel)), None);
        assert_eq!(three_levels(&address("2 Trần Phú", levels, AddressScheme::Unknown)), None);
        assert_eq!(three_levels(&address("2 Trần Phú", ["Hà Nội", " ", "x"], AddressScheme::ThreeLevel)), None);
    }

    #[test]
    fn what_the_text_lacks_is_added_once() {
        let two = address("2 Trần Phú", ["Thành phố Hà Nội", "", "Phường Ba Đình"], AddressScheme::TwoLevel);
        assert_eq!(one_line(&two), "2 Trần Phú, Phường Ba Đình, Thành phố Hà Nội");
        let told = address("2 Trần Phú, phường  ba đình, Hà Nội", ["Hà Nội", "", "Phường Ba Đình"], AddressScheme::TwoLevel);
        assert_eq!(one_line(&told), "2 Trần Phú, phường  ba đình, Hà Nội");
        let street = address("12 Hà Nội", ["Hà Nội", "", ""], AddressScheme::Unknown);
        assert_eq!(one_line(&street), "12 Hà Nội, Hà Nội");
        assert_eq!(one_line(&address("", ["Hà Nội", "", ""], AddressScheme::Unknown)), "Hà Nội");
    }
}
