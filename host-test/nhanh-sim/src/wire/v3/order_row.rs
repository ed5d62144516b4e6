//! An order as `order/list` writes it: nested, numeric enums, PHP's empty objects (3.0 reference section 7.1).
//!
//! Must never choose which orders are listed.

use super::product::{list, nested};
use crate::shop::{Business, Levels, Line, Order, Place};
use crate::switches::Switches;
use crate::wire::json::{Object, object};
use crate::words::{ORDER_TAGS, order_status_number};

/// Where a parcel can be followed.
pub(super) fn tracking_url(order: i64) -> String {
    format!("https://example.vn/t/{order}")
}

/// The id of a place, 0 for none.
pub(super) fn place(place: &Option<Place>) -> i64 {
    place.as_ref().map_or(0, |place| place.id)
}

/// The name of a tree of places.
pub(super) fn location_version(levels: Levels) -> &'static str {
    match levels {
        Levels::Three => "v1",
        Levels::Two => "v2",
    }
}

/// Who made an order.
pub(super) fn creator(order: &Order) -> (i64, &'static str) {
    (9001, if order.app.is_some() { "API" } else { "Trần Thị Bích Ngọc" })
}

/// When an order first took a status, unix seconds; 0 for never.
pub(super) fn first_at(order: &Order, status: &str) -> i64 {
    order.history.iter().find(|(_, _, new, _)| new == status).map_or(0, |(at, ..)| at / 1000)
}

/// Writes one order.
pub(super) fn write(out: &mut Vec<u8>, order: &Order, home: &Business, switches: &Switches) {
    let empty = |out: &mut Vec<u8>| nested(out, false, switches.v3.empty_object, |_| {});
    object(out, |row| {
        object(row.key("info"), |info| write_info(info, order));
        object(row.key("channel"), |channel| {
            channel.text("appOrderId", order.own_id.as_deref().unwrap_or_default());
            channel.int("saleChannel", order.sale_channel);
            channel.text("trafficSource", order.traffic_source.as_deref().unwrap_or_default());
            channel.text("pageId", "");
            channel.text("conversationId", "");
            channel.int("fbAdsId", 0);
            channel.int("fbPsid", 0);
            channel.text("domain", "");
            let shop = order.marketplace_number.is_some();
            channel.int("shopId", if shop { 880_012 } else { 0 });
            channel.text("shopName", if shop { "Shopee Hoa Sen" } else { "" });
            empty(channel.key("affiliate"));
            empty(channel.key("marketting"));
        });
        object(row.key("shippingAddress"), |to| write_recipient(to, order, home, switches));
        list(row.key("products"), &order.lines, |out, line| write_line(out, line, home, &empty));
        object(row.key("carrier"), |carrier| write_carrier(carrier, order));
        object(row.key("payment"), |payment| write_payment(payment, order));
        row.value("gifts", &[(); 0]);
    });
}

fn write_info(info: &mut Object<'_>, order: &Order) {
    let (creator, name) = creator(order);
    info.int("id", order.id);
    info.value("depotId", &order.depot);
    info.value("pickupDepotId", &order.depot);
    info.int("type", order.type_id);
    info.int("mode", 1);
    info.int("exportType", 0);
    info.int("originalOrderId", order.original.unwrap_or(0));
    let of = |kinds: &[i64]| order.original.filter(|_| kinds.contains(&order.type_id)).unwrap_or(0);
    info.int("returnFromId", of(&[16]));
    info.int("idReturn", of(&[12, 14]));
    info.int("createdById", creator);
    info.text("createdByName", name);
    for kind in ["sale", "packedBy", "customerCare"] {
        info.int(&format!("{kind}Id"), 0);
        info.text(&format!("{kind}Name"), "");
    }
    info.int("createdAt", order.created_ms / 1000);
    info.int("updatedAt", order.updated_ms / 1000);
    info.int("confirmedAt", first_at(order, "Confirmed"));
    info.int("packedAt", first_at(order, "Packed"));
    info.text("description", order.description.as_str());
    info.text("privateDescription", order.private_description.as_str());
    info.int("orderIndex", 1);
    info.int("status", order_status_number(&order.status));
    info.int("reason", if order.reason.is_empty() { 0 } else { 18 });
    info.value("handoverIds", &[(); 0]);
    info.text("trackingUrl", tracking_url(order.id).as_str());
    list(info.key("tags"), &order.tags, |out, name| {
        let (id, colour) = ORDER_TAGS.iter().find(|(_, known, _)| known == name).map_or((0, ""), |(id, _, colour)| (*id, *colour));
        object(out, |tag| {
            tag.quoted("id", id);
            tag.text("name", name.as_str());
            tag.text("textColor", "#ffffff");
            tag.text("bgColor", colour);
            tag.int("status", 1);
        });
    });
}

fn write_recipient(row: &mut Object<'_>, order: &Order, home: &Business, switches: &Switches) {
    let to = &order.recipient;
    let customer = home.customers.get(&order.customer);
    let known = |text: Option<&String>| text.cloned().unwrap_or_default();
    // A marketplace does not always tell who bought.
    row.int("id", if order.marketplace_number.is_some() { 0 } else { order.customer });
    row.text("code", known(customer.and_then(|customer| customer.code.as_ref())).as_str());
    row.text("name", to.name.as_str());
    row.text("mobile", to.mobile.as_str());
    row.text("email", to.email.as_deref().unwrap_or_default());
    row.text("address", to.address.as_deref().unwrap_or_default());
    row.text("birthday", known(customer.and_then(|customer| customer.birthday.as_ref())).as_str());
    row.int("cityId", place(&to.city));
    row.int("districtId", place(&to.district));
    row.int("wardId", place(&to.ward));
    if switches.v3.order_location_version {
        row.text("locationVersion", location_version(to.levels));
    }
    row.text("companyName", known(customer.and_then(|customer| customer.business_name.as_ref())).as_str());
    row.text("companyAddress", "");
    row.text("taxCode", known(customer.and_then(|customer| customer.tax_code.as_ref())).as_str());
}

fn write_line(out: &mut Vec<u8>, line: &Line, home: &Business, empty: &impl Fn(&mut Vec<u8>)) {
    let product = home.products.get(&line.product);
    object(out, |row| {
        row.int("productId", line.product);
        row.int("orderProductId", 880_001 + line.product % 100_000);
        row.int("typeId", product.map_or(1, |product| product.type_id));
        // A product that is gone has no code any more.
        if product.is_some() {
            row.text("code", line.code.as_str());
        }
        row.text("name", line.name.as_str());
        row.text("appProductId", product.and_then(|product| product.own_id.as_deref()).unwrap_or_default());
        row.int("weight", line.weight);
        row.quantity("quantity", line.quantity);
        row.int("price", line.price);
        row.int("originalPrice", product.and_then(|product| product.price).unwrap_or(line.price));
        row.int("priceVatMode", line.vat_mode);
        row.int("priceAfterVAT", line.price_after_vat());
        row.int("discount", line.discount_per_unit());
        row.int("discountAmount", line.discount_amount);
        row.int("avgCost", product.and_then(|product| product.avg_cost).unwrap_or(0));
        row.int("vatPercent", line.vat_percent);
        row.text("description", "");
        row.int("imeiId", 0);
        row.text("imei", "");
        row.value("imeiIds", &[(); 0]);
        row.value("imeiCodes", &[(); 0]);
        row.text("priceListName", "");
        for key in ["transactionFee", "paymentStatus", "partialReturnStatus", "usedPoints", "usedPointAmount"] {
            row.int(key, 0);
        }
        for key in ["batch", "unit", "partialDelivery"] {
            empty(row.key(key));
        }
        row.value("combos", &[(); 0]);
        row.int("totalAmount", line.money());
    });
}

fn write_carrier(row: &mut Object<'_>, order: &Order) {
    let carrier = order.carrier.as_ref();
    row.int("id", carrier.map_or(0, |(id, _)| *id));
    row.text("name", carrier.map_or("", |(_, name)| name.as_str()));
    object(row.key("service"), |service| {
        service.int("id", 0);
        service.text("code", "");
        service.text("name", "");
        service.int("type", 0);
        service.text("typeName", "");
    });
    row.text("carrierCode", order.carrier_code.as_str());
    for key in ["fullCarrierCode", "carrierSortCode", "packageCode", "checkGoods"] {
        row.text(key, "");
    }
    row.int("sendCarrierType", i64::from(carrier.is_some()));
    row.int("sendCarrierAt", order.sent_ms.unwrap_or(0) / 1000);
    row.int("deliveryAt", first_at(order, "Success"));
    for key in ["isPartDelivery", "isDeclaredFee", "declaredValue", "declaredFee"] {
        row.int(key, 0);
    }
    row.text("carrierPromotionCode", "");
    row.int("weight", order.lines.iter().map(|line| line.quantity.times_price(line.weight)).sum());
    for key in ["shipFee", "codFee", "overWeightShipFee", "returnFee"] {
        row.int(key, 0);
    }
    row.int("customerShipFee", order.money.customer_ship_fee);
    row.int("ecomFee", 0);
    row.int("carrierPaymentStatus", 0);
}

fn write_payment(row: &mut Object<'_>, order: &Order) {
    let money = &order.money;
    object(row.key("usedPoints"), |points| {
        points.int("points", money.used_points);
        points.int("amount", money.points_money);
    });
    object(row.key("vat"), |vat| {
        vat.int("percent", 0);
        vat.int("amount", order.lines.iter().map(Line::vat_amount).sum());
        vat.text("taxCode", "");
        vat.text("taxDate", "");
    });
    object(row.key("discount"), |discount| {
        discount.int("percent", 0);
        discount.int("amount", money.discount);
    });
    row.text("couponCode", order.coupon_code.as_str());
    row.text("debtDueDate", "");
    let paid = |row: &mut Object<'_>, key: &str, amount: i64| {
        object(row.key(key), |paid| {
            paid.int("amount", amount);
            paid.int("accountId", 0);
            if key == "credit" {
                paid.text("code", "");
            }
            paid.text("name", "");
        });
    };
    paid(row, "deposit", money.deposit);
    paid(row, "transfer", money.transfer);
    paid(row, "credit", 0);
    row.int("codAmount", order.to_collect());
    row.int("businessPayment", 0);
    row.int("businessPaymentStatus", 0);
}
