//! What an order becomes in the fields of API 3.0: its sum to the dong, its texts, its discounts and tax.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::map::order as rules;
use crate::settings::Settings;
use crate::testing::{context, line, order, settled, to_collect};
use crate::vietnam::money::Rounding;
use crate::wit::orders::{AddressScheme, Order, OrderLine, Person};

fn encoded(order: &Order) -> (Value, Vec<String>) {
    let context = context();
    let checked = rules::check(Settings::of(&context), order).unwrap();
    let (body, warnings) = encode(&checked, &Located::default());
    (serde_json::from_str(&body).unwrap(), warnings.into_iter().map(|it| it.code).collect())
}

/// What Nhanh works out of the fields, in dong.
fn sum(body: &Value) -> i128 {
    let whole = |value: &Value| i128::from(value.as_i64().unwrap_or(0));
    let lines = body["products"].as_array().unwrap().iter().map(|line| {
        let quantity = money::read(&line["quantity"].to_string(), 3, Rounding::HalfEven).unwrap();
        assert!(quantity.exact);
        let gross = i128::from(quantity.value) * whole(&line["price"]);
        // Every line comes out whole by itself, so that it cannot matter when Nhanh rounds.
        assert_eq!(gross % 1000, 0, "{line}");
        let goods = gross / 1000 - whole(&line["discount"]);
        match line["priceVatMode"].as_i64() {
            Some(1) => goods,
            _ => goods + (goods * whole(&line["vat"]) + 50).div_euclid(100),
        }
    });
    let payment = &body["payment"];
    lines.sum::<i128>() + whole(&body["carrier"]["customerShipFee"])
        - whole(&payment["discountAmount"])
        - whole(&payment["depositAmount"])
        - whole(&payment["transferAmount"])
}

#[test]
fn discounts_stand_at_their_lines_or_in_one_sum_but_never_in_both() {
    let lines = vec![OrderLine { discount: 5000, ..line(2000, 60_000) }, line(1000, 45_000)];
    let (body, warnings) = encoded(&settled(Order { lines: lines.clone(), ..order() }));
    assert_eq!((body["products"][0]["discount"].as_i64(), body["products"][1].get("discount")), (Some(5000), None));
    assert_eq!((body["payment"].get("discountAmount"), warnings.len()), (None, 0));
    let both = settled(Order { lines: lines.clone(), discount: 3000, ..order() });
    let (body, warnings) = encoded(&both);
    assert_eq!((body["products"][0].get("discount"), body["payment"]["discountAmount"].as_i64()), (None, Some(8000)));
    assert_eq!((body["payment"]["discountType"].as_str(), warnings), (Some("cash"), vec!["order.discounts-summed".to_owned()]));
    assert_eq!(sum(&body), to_collect(&both));
    let points = settled(Order { lines, points: 2000, ..order() });
    let (body, warnings) = encoded(&points);
    assert_eq!((body["payment"]["discountAmount"].as_i64(), body["payment"].get("usedPoints")), (Some(7000), None));
    assert_eq!(warnings, ["order.points-as-discount", "order.discounts-summed"]);
    assert_eq!(sum(&body), to_collect(&points));
    assert!(body["info"]["privateDescription"].as_str().unwrap().contains("Điểm tích lũy đã trừ: 2000"));
}

#[test]
fn tax_is_a_whole_percent_on_top_or_in_the_price() {
    let taxed = |vat, discount| settled(Order { lines: vec![OrderLine { vat, discount, ..line(2000, 60_000) }], ..order() });
    let (body, warnings) = encoded(&taxed(9600, 0));
    assert_eq!((body["products"][0]["vat"].as_i64(), body["products"][0]["priceVatMode"].as_i64()), (Some(8), Some(2)));
    assert_eq!((body["products"][0]["price"].as_i64(), warnings.len()), (Some(60_000), 0));
    let (body, _) = encoded(&taxed(8800, 10_000));
    assert_eq!(body["products"][0]["vat"].as_i64(), Some(8), "on what is left after the line's discount");
    // No rate of 1, 7 or 20 percent can be declared: whoever worked that out meant something else.
    for vat in [1200, 8400, 24_000] {
        let order = taxed(vat, 0);
        let (body, warnings) = encoded(&order);
        assert_eq!((body["products"][0].get("vat"), sum(&body)), (None, to_collect(&order)), "{vat}");
        assert_eq!(warnings, ["order.vat-in-price"]);
    }
    let odd = taxed(9601, 0);
    let (body, warnings) = encoded(&odd);
    assert_eq!((body["products"][0].get("vat"), body["products"][0]["priceVatMode"].as_i64()), (None, Some(1)));
    assert_eq!((sum(&body), warnings), (to_collect(&odd), vec!["order.vat-in-price".to_owned()]));
    let (body, _) = encoded(&order());
    assert_eq!(
        (body["products"][0].get("vat"), body["products"][0]["priceVatMode"].as_i64()),
        (None, Some(1)),
        "or Nhanh adds the catalogue's"
    );
}

#[test]
fn a_fraction_that_does_not_divide_is_one_with_the_quantity_in_its_note() {
    let lines = vec![OrderLine { note: Some("Cắt mỏng".to_owned()), ..line(1333, 7) }, line(1500, 10_001)];
    let order = settled(Order { lines, ..order() });
    let (body, warnings) = encoded(&order);
    let first = &body["products"][0];
    assert_eq!(
        (first["quantity"].as_i64(), first["price"].as_i64(), first["description"].as_str()),
        (Some(1), Some(9), Some("[1.333] Cắt mỏng"))
    );
    assert_eq!(warnings, ["order.quantity-in-note", "order.price-raised"]);
    assert_eq!(sum(&body), to_collect(&order));
}

#[test]
fn what_the_order_is_stands_where_it_belongs() {
    let buyer = Person { name: "Lê Thị B".to_owned(), phone: "0900000002".to_owned(), email: None };
    let order = settled(Order {
        buyer: Some(buyer),
        note: Some("Giao giờ hành chính".to_owned()),
        private_note: Some("Khách quen".to_owned()),
        shipping_weight_grams: Some(650),
        deposit: 10_000,
        transfer: 20_000,
        fulfilment: Fulfilment::Counter,
        ..order()
    });
    let (body, _) = encoded(&order);
    assert_eq!(body["info"]["type"].as_i64(), Some(2));
    assert_eq!(body["info"]["description"].as_str(), Some("Giao giờ hành chính"));
    assert_eq!(body["info"]["privateDescription"].as_str(), Some("Người mua: Lê Thị B 0900000002; Khách quen"));
    assert_eq!((body["payment"]["depositAmount"].as_i64(), body["payment"]["transferAmount"].as_i64()), (Some(10_000), Some(20_000)));
    assert_eq!(body["carrier"]["orderPackage"]["weight"].as_i64(), Some(650));
    for never in ["autoSend", "usedPoints", "sendCarrierType"] {
        assert!(!body.to_string().contains(never), "{never}");
    }
}

#[test]
fn an_address_without_a_place_is_one_line_and_with_one_its_own_text() {
    let context = context();
    let mut order = order();
    order.address.scheme = AddressScheme::TwoLevel;
    order.address.district = None;
    let checked = rules::check(Settings::of(&context), &order).unwrap();
    let body = |ids: &[&str]| {
        let place = Located { ids: ids.iter().map(|it| (*it).to_owned()).collect(), warnings: Vec::new() };
        let (body, _) = encode(&checked, &place);
        serde_json::from_str::<Value>(&body).unwrap()["shippingAddress"].clone()
    };
    assert_eq!(body(&[])["address"].as_str(), Some("1 Trần Phú, Phường Điện Biên, Hà Nội"));
    let placed = body(&["254", "90001"]);
    assert_eq!((placed["address"].as_str(), placed["locationVersion"].as_str()), (Some("1 Trần Phú"), Some("v2")));
    assert_eq!((placed["cityId"].as_i64(), placed["wardId"].as_i64(), placed.get("districtId")), (Some(254), Some(90_001), None));
}

#[test]
fn texts_that_are_too_long_are_cut_on_a_character() {
    let order = Order { note: Some("ạ".repeat(300)), ..order() };
    let (body, warnings) = encoded(&order);
    assert_eq!(body["info"]["description"].as_str().unwrap().chars().count(), 255);
    assert_eq!(warnings, ["order.text-cut"]);
}

fn any_line() -> impl Strategy<Value = OrderLine> {
    let percent = prop_oneof![Just(0_i64), Just(5), Just(8), Just(10)];
    (
        1_i64..500_000,
        0_i64..50_000_000,
        0_i64..1_000_000,
        prop_oneof![Just(None), Just(Some(())).prop_map(|_| None), (0_i64..5_000_000).prop_map(Some)],
        percent,
    )
        .prop_map(|(quantity, unit_price, discount, vat, percent)| {
            let plain = line(quantity, unit_price);
            let goods = i64::try_from(money::line_gross(quantity, unit_price)).unwrap() - discount;
            let vat = vat.unwrap_or_else(|| (goods.max(0) * percent + 50).div_euclid(100));
            OrderLine { discount, vat, ..plain }
        })
}

proptest! {
    #[test]
    fn the_sum_of_any_order_is_exact(
        lines in prop::collection::vec(any_line(), 0..8),
        discount in prop_oneof![Just(0), 0_i64..100_000],
        points in prop_oneof![Just(0), 0_i64..100_000],
        deposit in 0_i64..100_000,
        transfer in 0_i64..100_000,
        customer_ship_fee in 0_i64..200_000,
    ) {
        let order = settled(Order { lines, discount, points, deposit, transfer, customer_ship_fee, ..order() });
        if order.to_collect >= 0 {
            let (body, _) = encoded(&order);
            prop_assert_eq!(sum(&body), to_collect(&order));
            let at_lines = body["products"].as_array().unwrap().iter().any(|it| it.get("discount").is_some());
            prop_assert!(!(at_lines && body["payment"].get("discountAmount").is_some()));
        }
    }
}
