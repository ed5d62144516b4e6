//! Fields of records in people's words. A field is told as a JSON pointer, of Nobi's record or of the other side's row: only the words in it
//! count. One that is not known here is not shown to a merchant; its pointer stands under the details.

use super::lang::{Lang, Word};

const fn word(vi: &'static str, en: &'static str) -> Word {
    Word { vi, en }
}

/// By the last part of the pointer that is a word. More than one spelling of a thing: the other side has two versions.
const NAMES: &[(&[&str], Word)] = &[
    (&["retail", "price", "unit-price"], word("Giá bán", "Price")),
    (&["wholesale", "wholesaleprice"], word("Giá sỉ", "Wholesale price")),
    (&["import", "importprice", "cost", "avgcost"], word("Giá nhập", "Cost")),
    (&["old", "oldprice", "compare-at"], word("Giá cũ", "Former price")),
    (&["vat", "retailvat", "importvat"], word("VAT", "VAT")),
    (&["prices"], word("Giá", "Prices")),
    (&["name", "name2", "othername", "customername"], word("Tên", "Name")),
    (&["code", "sku"], word("Mã sản phẩm", "SKU")),
    (&["barcode"], word("Mã vạch", "Barcode")),
    (&["id", "idnhanh", "privateid", "shopproductid", "shoporderid"], word("Mã", "Id")),
    (&["parentid", "parent"], word("Sản phẩm cha", "Parent product")),
    (&["categoryid", "category"], word("Danh mục", "Category")),
    (&["status", "statuscode"], word("Trạng thái", "Status")),
    (&["type", "typeid", "kind"], word("Loại", "Kind")),
    (&["available", "remain", "holding", "shipping", "damaged", "inventory", "depots"], word("Tồn kho", "Stock")),
    (&["weight", "shippingweight"], word("Khối lượng", "Weight")),
    (&["units", "unit", "list"], word("Đơn vị tính", "Unit")),
    (&["attributes"], word("Thuộc tính", "Attributes")),
    (&["brandname", "brandid", "brand"], word("Thương hiệu", "Brand")),
    (&["description", "content"], word("Mô tả", "Description")),
    (&["phone", "mobile", "customermobile"], word("Số điện thoại", "Phone")),
    (&["representative"], word("Người đại diện", "Representative")),
    (&["email"], word("Email", "E-mail")),
    (&["gender"], word("Giới tính", "Gender")),
    (&["birthday"], word("Ngày sinh", "Birthday")),
    (&["address", "text", "customeraddress"], word("Địa chỉ", "Address")),
    (&["province", "cityname", "cityid"], word("Tỉnh thành", "Province")),
    (&["district", "districtname", "districtid"], word("Quận huyện", "District")),
    (&["ward", "wardname", "wardid"], word("Phường xã", "Ward")),
    (&["lines"], word("Hàng trong đơn", "Lines")),
    (&["quantity"], word("Số lượng", "Quantity")),
    (&["discount", "moneydiscount", "discountamount"], word("Giảm giá", "Discount")),
    (&["points"], word("Điểm", "Points")),
    (&["deposit", "moneydeposit", "depositamount"], word("Đặt cọc", "Deposit")),
    (&["transfer", "moneytransfer", "transferamount"], word("Chuyển khoản", "Transfer")),
    (&["to-collect", "calctotalmoney"], word("Tiền thu hộ", "Sum to collect")),
    (&["customer-ship-fee", "customershipfee"], word("Phí ship", "Delivery fee")),
    (&["remote-branch", "depotid", "depot", "branch"], word("Chi nhánh", "Branch")),
    (&["remote-product", "remote-is-parent", "product"], word("Sản phẩm", "Product")),
    (&["note", "private-note", "private-description"], word("Ghi chú", "Note")),
    (&["carrier", "carriercode", "tracking"], word("Vận đơn", "Parcel")),
    (&["updatedat", "createdat", "createddatetime", "updateddatetime"], word("Thời gian", "Time")),
];

/// A field in words. A line of an order is told by its place.
pub(super) fn named(lang: Lang, pointer: &str) -> Option<String> {
    let parts: Vec<String> = pointer.split('/').filter(|part| !part.is_empty()).map(str::to_lowercase).collect();
    let known = |part: &String| NAMES.iter().find(|(names, _)| names.contains(&part.as_str())).map(|(_, word)| lang.say(*word));
    let name = parts.iter().rev().find_map(known)?;
    let line = parts.iter().position(|part| part == "lines").and_then(|at| parts.get(at + 1)?.parse::<u32>().ok());
    let row = if lang == Lang::En { "Line" } else { "Dòng" };
    Some(line.map_or_else(|| name.to_owned(), |line| format!("{row} {}: {name}", line.saturating_add(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_told_in_words() {
        for (pointer, vi, en) in [
            ("/prices/retail", "Giá bán", "Price"),
            ("/price", "Giá bán", "Price"),
            ("/inventory/depots/31011/remain", "Tồn kho", "Stock"),
            ("/lines/0/quantity", "Dòng 1: Số lượng", "Line 1: Quantity"),
            ("/attributes/0", "Thuộc tính", "Attributes"),
            ("/representative", "Người đại diện", "Representative"),
        ] {
            assert_eq!(named(Lang::Vi, pointer).as_deref(), Some(vi), "{pointer}");
            assert_eq!(named(Lang::En, pointer).as_deref(), Some(en), "{pointer}");
        }
        assert_eq!(named(Lang::Vi, "/somethingNew/0"), None, "no merchant reads a pointer");
    }

    #[test]
    fn a_name_means_one_thing() {
        let mut all: Vec<&str> = NAMES.iter().flat_map(|(names, _)| names.iter().copied()).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(all.iter().all(|name| *name == name.to_lowercase()));
    }
}
