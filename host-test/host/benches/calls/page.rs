//! A first page of a hundred products as API 2.0 writes it, with levels at two depots, and as API 3.0 does. Fields stand in the order in
//! which they are sent, since that decides what finding them costs.

const SECOND: &str = r#"{"idNhanh":"$id","privateId":null,"parentId":"38000101","categoryId":"412001","internalCategoryId":null,"brandId":"5501","brandName":"Demo","typeId":"1","typeName":"Sản phẩm","code":"AT$id-DO-M","barcode":"20$id","name":"Áo thun cổ tròn màu Đỏ size M số $id","otherName":null,"importPrice":"60000","oldPrice":null,"price":"120000","wholesalePrice":"95000","avgCost":"61000","vat":null,"image":"https://example.com/files/ao-thun-$id.jpg","images":["https://example.com/files/ao-thun-$id-1.jpg"],"status":"Active","previewLink":"/ao-thun-p$id.html","showHot":0,"showNew":1,"showHome":0,"width":null,"length":null,"height":null,"shippingWeight":"250","warranty":null,"countryName":null,"unit":"Cái","importType":"1","importTypeLabel":"Nhập mua","createdDateTime":"2025-03-02 10:11:12","updatedAt":1756700000,"inventory":{"remain":9,"shipping":1,"damaged":0,"holding":2,"available":6,"depots":{"31010":$level,"31011":$level}},"attributes":[{"11":{"attributeName":"Màu sắc","id":101,"name":"Đỏ","order":1},"12":{"attributeName":"Size","id":205,"name":"M","order":2}}],"units":[]}"#;
const SECOND_LEVEL: &str =
    r#"{"remain":9,"shipping":1,"damaged":0,"holding":2,"warranty":0,"warrantyHolding":0,"available":6,"transfering":0}"#;

const THIRD: &str = r#"{"id":$id,"parentId":38000101,"code":"AT$id-DO-M","barcode":"20$id","name":"Áo thun cổ tròn màu Đỏ size M số $id","otherName":"","status":2,"priceVatMode":2,"importPriceVatMode":2,"categoryId":412001,"internalCategoryId":null,"prices":{"retail":120000,"retailVat":8,"import":60000,"importVat":0,"old":0,"wholesale":95000,"avgCost":61000},"images":{"avatar":"https://example.com/files/ao-thun-$id.jpg","others":[]},"warranty":{"month":0,"phone":"","address":""},"brandId":5501,"type":1,"shipping":{"width":20,"height":2,"length":30,"weight":250},"countryName":"Việt Nam","units":{"name":"Cái","list":[]},"combos":[],"inventory":{"remain":9,$level,"depots":[{"id":31010,"remain":9,$level},{"id":31011,"remain":9,$level}]},"attributes":[{"id":101,"name":"Màu sắc","nameOther":"","value":"Đỏ","code":"DO","codeOther":""},{"id":205,"name":"Size","nameOther":"","value":"M","code":"M","codeOther":""}],"updatedAt":1794000000,"createdAt":1756700000,"tagIds":[]}"#;
const THIRD_LEVEL: &str = r#""shipping":1,"damaged":0,"holding":2,"transfering":0,"available":6,"warranty":{"remain":0,"holding":0}"#;

fn products(template: &str) -> String {
    (38_000_102..38_000_202).map(|id: u64| template.replace("$id", &id.to_string())).collect::<Vec<_>>().join(",")
}

/// Products by id, and how many pages there are.
pub fn second() -> Vec<u8> {
    let products = products(&[r#""$id":"#, &SECOND.replace("$level", SECOND_LEVEL)].concat());
    format!(r#"{{"code":1,"messages":[],"data":{{"totalPages":2,"currentPage":1,"products":{{{products}}}}}}}"#).into_bytes()
}

/// Products in order, and where the next ones begin.
pub fn third() -> Vec<u8> {
    let products = products(&THIRD.replace("$level", THIRD_LEVEL));
    format!(r#"{{"code":1,"paginator":{{"next":{{"id":38000201}}}},"data":[{products}]}}"#).into_bytes()
}
