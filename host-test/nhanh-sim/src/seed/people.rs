//! Customers and the orders of the past month.
//!
//! Must never invent a real person: names are common, phones are made from a row's number.

use super::{pick, somewhere};
use crate::clock::{DAY_MS, date};
use crate::shop::{Business, Customer, Ids, Kin, Levels, Line, Money, Order, Quantity, Recipient};

/// Common full names.
const PERSON_NAMES: &[&str] = &[
    "Nguyễn Văn An",
    "Trần Thị Bình",
    "Lê Hoàng Cường",
    "Phạm Thu Dung",
    "Hoàng Minh Đức",
    "Vũ Thị Hạnh",
    "Đặng Quốc Huy",
    "Bùi Thị Khánh Linh",
    "Đỗ Mạnh Hùng",
    "Hồ Ngọc Mai",
    "Ngô Bá Nghĩa",
    "Dương Thị Oanh",
    "Lý Thanh Phong",
    "Đinh Thị Quỳnh",
    "Trịnh Xuân Sơn",
    "Phan Thị Tuyết",
];

/// Fills a business with customers.
pub(super) fn customers(business: &mut Business, ids: &mut Ids, count: usize, rng: &mut fastrand::Rng, now_ms: i64) {
    for row in 0..count {
        let id = Ids::take(&mut ids.customer);
        let (city, district, ward) = somewhere(rng);
        let digits = format!("{:08}", row * 7 + 10_000_001);
        // Phones as clerks type them: spaces, +84, a missing 0, masked by a marketplace, none at all.
        let mobile = match row {
            _ if row % 41 == 7 => format!("+84 9{digits}"),
            _ if row % 43 == 9 => format!("09{} {}", digits.get(..2).unwrap_or(""), digits.get(2..).unwrap_or("")),
            _ if row % 47 == 11 => format!("09****{}", digits.get(5..).unwrap_or("")),
            _ if row % 53 == 13 => String::new(),
            _ => format!("09{digits}"),
        };
        let name = pick(rng, PERSON_NAMES, &"Khách lẻ");
        let created = now_ms - i64::from(rng.u32(1..700)) * DAY_MS;
        let updated = created + i64::from(rng.u32(..80_000_000));
        business.file_customer(Customer {
            id,
            type_id: if row % 20 == 19 { 2 } else { 1 },
            name: if row % 17 == 5 { format!(" {name} ") } else { (*name).to_owned() },
            mobile,
            email: (row % 3 == 0).then(|| format!("khach{row}@example.vn")),
            address: (row % 4 != 3).then(|| format!("{} Lê Lợi", row % 200 + 1)),
            gender: (row % 5 != 0).then_some(1 + (row % 2) as i64),
            birthday: match row % 6 {
                0 => None,
                1 => Some("0000-00-00".to_owned()),
                other => Some(format!("19{:02}-{:02}-17", 70 + row % 30, 1 + (row + other) % 12)),
            },
            code: (row % 2 == 0).then(|| format!("KH{row:05}")),
            level: (row % 10 == 0).then(|| "Vàng".to_owned()),
            group: (row % 15 == 0).then(|| "Khách sỉ".to_owned()),
            total_money: i64::from(rng.u32(..9_000)) * 1000,
            points: i64::from(rng.u32(..300)),
            city: city.map(|place| place.id),
            district: district.map(|place| place.id),
            ward: ward.filter(|_| row % 2 == 0).map(|place| place.id),
            levels: Levels::Three,
            tax_code: (row % 20 == 19).then(|| format!("01{row:08}")),
            business_name: (row % 20 == 19).then(|| "Công ty TNHH Hoa Sen".to_owned()),
            created_ms: created,
            updated_ms: updated.min(now_ms),
            last_bought_ms: (row % 3 != 2).then_some(updated.min(now_ms)),
        });
    }
}

/// Orders of the past thirty days, from people at the counter and from marketplaces.
pub(super) fn orders(business: &Business, ids: &mut Ids, count: usize, rng: &mut fastrand::Rng, now_ms: i64) -> Vec<Order> {
    const STATUSES: &[&str] =
        &["New", "Confirmed", "Packing", "Shipping", "Success", "Success", "Success", "Returned", "Canceled", "ConfirmReturned"];
    let goods: Vec<i64> = business.products.values().filter(|product| product.kin != Kin::Parent).map(|product| product.id).collect();
    let depots: Vec<i64> = business.depots.keys().copied().collect();
    let customers: Vec<&Customer> = business.customers.values().collect();
    let mut made = Vec::with_capacity(count);
    for row in 0..count {
        let Some(customer) = customers.get(rng.usize(..customers.len().max(1))) else { break };
        let Some(product) = goods.get(rng.usize(..goods.len().max(1))).and_then(|id| business.products.get(id)) else { break };
        let age = 30 * DAY_MS * i64::try_from(count - row).unwrap_or(1) / i64::try_from(count).unwrap_or(1).max(1);
        let created = now_ms - age;
        let id = Ids::take(&mut ids.order);
        let shopee = row % 3 == 1;
        let (city, district, ward) = somewhere(rng);
        let status = pick(rng, STATUSES, &"New");
        made.push(Order {
            id,
            own_id: shopee.then(|| format!("2611{id}SHP")),
            app: None,
            depot: depots.get(rng.usize(..depots.len().max(1))).copied().filter(|_| row % 7 != 6),
            type_id: if row % 5 == 4 { 2 } else { 1 },
            sale_channel: if shopee { 42 } else { 1 },
            customer: customer.id,
            recipient: Recipient {
                name: customer.name.clone(),
                mobile: if shopee { "******12".to_owned() } else { customer.mobile.clone() },
                email: None,
                address: Some(format!("{} Nguyễn Trãi", row + 1)),
                city,
                district,
                ward,
                levels: Levels::Three,
            },
            money: Money { customer_ship_fee: 20_000, ..Money::default() },
            lines: vec![Line {
                product: product.id,
                code: product.code.clone().unwrap_or_default(),
                barcode: product.barcode.clone().unwrap_or_default(),
                name: product.name.clone(),
                price: product.price.unwrap_or(0),
                quantity: if product.type_id == 3 { Quantity::thousandths(1250) } else { Quantity::units(1 + (row % 3) as i64) },
                discount_amount: 0,
                vat_percent: 0,
                vat_mode: 2,
                weight: product.weight.unwrap_or(0),
            }],
            status: (*status).to_owned(),
            reason: if *status == "Canceled" { "Không gọi được khách".to_owned() } else { String::new() },
            description: String::new(),
            private_description: String::new(),
            payment_code: String::new(),
            coupon_code: String::new(),
            traffic_source: None,
            delivery_date: (row % 4 == 0).then(|| date(created + 2 * DAY_MS)),
            carrier: shopee.then(|| (29, "SPX".to_owned())),
            carrier_code: String::new(),
            sent_ms: None,
            shipment_canceled: false,
            original: None,
            hold_lapsed: false,
            marketplace_number: shopee.then(|| format!("SPXVN{id}")),
            tags: Vec::new(),
            created_ms: created,
            updated_ms: created,
            visible_ms: created,
            history: Vec::new(),
            steps: Vec::new(),
        });
    }
    made
}
