//! What an order becomes in the fields of API 2.0: its sum to the dong, its texts, its places.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::map::order as rules;
use crate::settings::Settings;
use crate::testing::{context, line, order, settled, to_collect};
use crate::wit::orders::{AddressScheme, Order, OrderLine, Person};

fn encoded(order: &Order) -> (Value, Vec<String>) {
    let context = context();
    let checked = rules::check(Settings::of(&context), order).unwrap();
    let encoded = encode(&checked);
    (serde_json::from_str(&encoded.data).unwrap(), encoded.warnings.into_iter().map(|it| it.code).collect())
}

fn rejected(order: &Order) -> (String, Option<String>) {
    let context = context();
    let failure = rules::check(Settings::of(&context), order).unwrap_err();
    (failure.code, failure.field)
}

/// What Nhanh works out of the fields, in thousandths of a dong.
fn sum(data: &Value) -> i128 {
    let whole = |field: &str| i128::from(data[field].as_i64().unwrap()) * 1000;
    let lines = data["productList"].as_array().unwrap().iter().map(|line| {
        let quantity = crate::vietnam::money::read(&line["quantity"].to_string(), 3, crate::vietnam::money::Rounding::HalfEven).unwrap();
        assert!(quantity.exact);
        i128::from(quantity.value) * i128::from(line["price"].as_i64().unwrap())
    });
    lines.sum::<i128>() - whole("moneyDiscount") + whole("customerShipFee") - whole("moneyDeposit") - whole("moneyTransfer")
}

fn with_lines(lines: Vec<OrderLine>) -> Order {
    settled(Order { lines, ..order() })
}

#[test]
fn discounts_points_and_payments_keep_the_sum() {
    let order = settled(Order {
        lines: vec![OrderLine { discount: 5000, ..line(2000, 60_000) }, line(1000, 45_000)],
        discount: 10_000,
        points: 3000,
        deposit: 20_000,
        transfer: 7000,
        private_note: Some("Gọi trước".to_owned()),
        ..order()
    });
    let (data, warnings) = encoded(&order);
    assert_eq!(
        (data["moneyDiscount"].as_i64(), data["moneyDeposit"].as_i64(), data["moneyTransfer"].as_i64()),
        (Some(18_000), Some(20_000), Some(7000))
    );
    assert_eq!(sum(&data), to_collect(&order) * 1000);
    assert_eq!(warnings, ["order.points-as-discount", "order.discounts-summed"]);
    assert_eq!(data["privateDescription"], "Điểm tích lũy đã trừ: 3000 đồng; Gọi trước");
    assert!(data.get("usedPoints").is_none() && data.get("autoSend").is_none());
}

#[test]
fn a_line_without_a_code_is_told_by_its_name() {
    let told = |sku: Option<&str>, name: &str| {
        let line = OrderLine { sku: sku.map(str::to_owned), name: name.to_owned(), remote_product: None, ..line(1000, 1) };
        let context = context();
        rules::check(Settings::of(&context), &with_lines(vec![line])).unwrap_err().message.vi
    };
    assert!(told(Some("AT01"), "Áo").starts_with("Dòng 1 (AT01) chưa liên kết"));
    assert!(told(None, "Áo thun").starts_with("Dòng 1 (Áo thun) chưa liên kết"));
    assert!(told(Some(" "), &"Áo ".repeat(300)).ends_with("gửi lại đơn."));
}

#[test]
fn the_parcel_s_weight_has_no_field_and_is_told_not_to_be_sent() {
    let (data, warnings) = encoded(&settled(Order { shipping_weight_grams: Some(700), ..order() }));
    assert_eq!(warnings, ["order.weight-not-sent"]);
    assert_eq!(data["productList"][0]["weight"], encoded(&order()).0["productList"][0]["weight"], "and no line weighs more for it");
    assert!(encoded(&settled(Order { shipping_weight_grams: None, ..order() })).1.is_empty());
}

#[test]
fn tax_raises_the_unit_price_and_the_surplus_is_a_discount() {
    let order = with_lines(vec![OrderLine { vat: 10_001, ..line(3000, 33_333) }]);
    let (data, warnings) = encoded(&order);
    let sent = &data["productList"][0];
    assert_eq!((sent["price"].as_i64(), sent["quantity"].as_i64(), data["moneyDiscount"].as_i64()), (Some(36_667), Some(3), Some(1)));
    assert_eq!(sum(&data), to_collect(&order) * 1000);
    assert_eq!(warnings, ["order.vat-in-price"]);
}

#[test]
fn a_fraction_goes_as_it_is_where_the_sum_is_whole() {
    let (data, warnings) = encoded(&with_lines(vec![line(1500, 100_000)]));
    assert_eq!((data["productList"][0]["quantity"].as_f64(), data["moneyDiscount"].as_i64(), warnings.len()), (Some(1.5), Some(0), 0));
}

#[test]
fn a_fraction_that_can_be_hit_by_a_higher_price_is() {
    let order = with_lines(vec![line(1500, 99_999)]);
    let (data, warnings) = encoded(&order);
    assert_eq!((data["productList"][0]["price"].as_i64(), data["moneyDiscount"].as_i64()), (Some(100_000), Some(1)));
    assert_eq!(sum(&data), to_collect(&order) * 1000);
    assert_eq!(warnings, ["order.price-raised"]);
}

#[test]
fn a_fraction_that_cannot_be_hit_goes_as_one_with_the_quantity_in_the_name() {
    let order = with_lines(vec![line(1001, 12_345)]);
    let (data, warnings) = encoded(&order);
    let sent = &data["productList"][0];
    assert_eq!(
        (sent["price"].as_i64(), sent["quantity"].as_i64(), sent["name"].as_str()),
        (Some(12_357), Some(1), Some("[1.001] Áo thun Đỏ M"))
    );
    assert_eq!(sum(&data), to_collect(&order) * 1000);
    assert_eq!(warnings, ["order.quantity-in-name"]);
}

#[test]
fn a_counter_sale_and_a_delivery_have_their_types() {
    assert_eq!(encoded(&order()).0["type"], "Shipping");
    let counter = Order { fulfilment: Fulfilment::Counter, ..order() };
    assert_eq!(encoded(&counter).0["type"], "Shopping");
    assert_eq!(encoded(&counter).0["depotId"], 31010);
}

#[test]
fn a_new_address_goes_into_the_text() {
    let mut two = order();
    two.address.scheme = AddressScheme::TwoLevel;
    two.address.district = None;
    let data = encoded(&two).0;
    assert_eq!(data["customerAddress"], "1 Trần Phú, Phường Điện Biên, Hà Nội");
    assert!(data.get("customerCityName").is_none() && data.get("customerWardLocationName").is_none());
}

#[test]
fn a_buyer_who_is_someone_else_goes_into_the_private_note() {
    let buyer = Person { name: "Trần B".to_owned(), phone: "0911111111".to_owned(), email: None };
    let data = encoded(&Order { buyer: Some(buyer), ..order() }).0;
    assert_eq!(
        (data["customerName"].as_str(), data["privateDescription"].as_str()),
        (Some("Nguyễn Văn A"), Some("Người mua: Trần B 0911111111"))
    );
}

#[test]
fn long_texts_are_cut_on_a_character_with_a_warning() {
    let (data, warnings) = encoded(&Order { note: Some("ạ".repeat(300)), ..order() });
    assert_eq!(data["description"].as_str().unwrap().chars().count(), 255);
    assert_eq!(warnings, ["order.text-cut"]);
}

#[test]
fn links_are_required_of_branch_and_lines() {
    assert_eq!(
        rejected(&Order { remote_branch: None, ..order() }),
        ("order.branch-not-linked".to_owned(), Some("/remote-branch".to_owned()))
    );
    let lines = vec![line(1000, 1), OrderLine { remote_product: None, ..line(1000, 1) }];
    assert_eq!(rejected(&with_lines(lines)), ("order.line-not-linked".to_owned(), Some("/lines/1/remote-product".to_owned())));
    let lines = vec![OrderLine { remote_is_parent: true, ..line(1000, 1) }];
    assert_eq!(rejected(&with_lines(lines)), ("order.line-is-parent".to_owned(), Some("/lines/0/remote-is-parent".to_owned())));
    let mut narrow = context();
    narrow.account.as_mut().unwrap().branches = vec!["5".to_owned()];
    assert_eq!(rules::check(Settings::of(&narrow), &order()).unwrap_err().code, "order.branch-out-of-scope");
    narrow.account.as_mut().unwrap().branches.push("31010".to_owned());
    assert!(rules::check(Settings::of(&narrow), &order()).is_ok());
}

#[test]
fn a_sum_that_differs_or_is_negative_is_rejected_with_both_sums() {
    let context = context();
    let failure = rules::check(Settings::of(&context), &Order { to_collect: 139_999, ..order() }).unwrap_err();
    assert_eq!(failure.code, "order.sum-mismatch");
    let values: Vec<_> = failure.message.arguments.iter().map(|it| it.value.as_str()).collect();
    assert_eq!(values, ["139999", "140000"]);
    assert_eq!(rejected(&settled(Order { transfer: 1_000_000, ..order() })).0, "order.sum-negative");
    assert_eq!(rejected(&settled(Order { deposit: -5, ..order() })), ("order.negative-amount".to_owned(), Some("/deposit".to_owned())));
    assert_eq!(rejected(&with_lines(vec![line(0, 1)])).0, "order.line-quantity");
}

#[test]
fn phones_that_reach_nobody_reject_the_order() {
    let with = |phone: &str| {
        let mut order = order();
        order.recipient.phone = phone.to_owned();
        order
    };
    for (phone, code) in [("", "order.phone-missing"), ("không có", "order.phone-missing"), ("090****001", "order.phone-masked")] {
        assert_eq!(rejected(&with(phone)), (code.to_owned(), Some("/recipient/phone".to_owned())), "{phone}");
    }
    let (data, warnings) = encoded(&with("+1 650-253-0000"));
    assert_eq!((data["customerMobile"].as_str(), warnings), (Some("+16502530000"), vec!["order.phone-odd".to_owned()]));
    assert_eq!(encoded(&with("024 3825 1234")).0["customerMobile"], "02438251234");
}

#[test]
fn an_own_id_is_the_code_where_it_fits_and_a_digest_where_not() {
    let context = context();
    let own = |code: &str, id: &str| {
        rules::own_id(Settings::of(&context), &Order { code: code.to_owned(), id: id.to_owned(), ..order() }).unwrap()
    };
    assert_eq!(own("DH_2026-0001", "x"), "ab12-DH_2026-0001");
    assert_eq!(own("123456789012345", "x"), "ab12-123456789012345");
    // sha256("order-1"), base32, first fifteen.
    use sha2::Digest;
    let digest = data_encoding::BASE32_NOPAD.encode(&sha2::Sha256::digest(b"order-1")).to_lowercase();
    for code in ["", "1234567890123456", "ĐH1", "a b", "a/b"] {
        assert_eq!(own(code, "order-1"), format!("ab12-{}", &digest[..15]), "{code}");
    }
    assert!(rules::is_ours("ab12", "ab12-x") && !rules::is_ours("ab12", "ab123-x") && !rules::is_ours("ab12", "ab12"));
}

fn any_line() -> impl Strategy<Value = OrderLine> {
    (1_i64..500_000, 0_i64..50_000_000, 0_i64..1_000_000, prop_oneof![Just(0), 0_i64..5_000_000])
        .prop_map(|(quantity, unit_price, discount, vat)| OrderLine { discount, vat, ..line(quantity, unit_price) })
}

proptest! {
    #[test]
    fn the_sum_of_any_order_is_exact(
        lines in prop::collection::vec(any_line(), 0..8),
        discount in 0_i64..100_000,
        points in 0_i64..100_000,
        deposit in 0_i64..100_000,
        transfer in 0_i64..100_000,
        customer_ship_fee in 0_i64..200_000,
    ) {
        let order = settled(Order { lines, discount, points, deposit, transfer, customer_ship_fee, ..order() });
        if order.to_collect < 0 {
            prop_assert_eq!(rejected(&order).0, "order.sum-negative");
        } else {
            let (data, _) = encoded(&order);
            prop_assert_eq!(sum(&data), to_collect(&order) * 1000);
        }
    }

    #[test]
    fn an_own_id_always_fits_and_is_ours(code in "\\PC{0,24}", id in "\\PC{0,24}") {
        let context = context();
        let own = rules::own_id(Settings::of(&context), &Order { code, id, ..order() }).unwrap();
        prop_assert!(own.len() <= 20 && own.is_ascii() && own.len() > 5);
        prop_assert!(rules::is_ours("ab12", &own));
    }
}
