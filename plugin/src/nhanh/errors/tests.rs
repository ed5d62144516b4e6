//! What each kind of reply means, for reads and for writes.

use super::*;

const NOW: Instant = 1_733_387_500_000;

fn class(body: &str, status: u16, access: Access) -> (String, FailureClass) {
    let response = Response { status, content_type: None, body: body.as_bytes().to_vec(), captured: Vec::new() };
    let failure: Failure = match tree(&response, access) {
        Err(no) => no.into(),
        Ok(tree) => answer(&tree, &response, access, NOW).map(|_| ()).unwrap_err().into(),
    };
    (failure.code, failure.class)
}

#[test]
fn a_refusal_is_told_by_its_error_code() {
    for (error_code, code, expected) in [
        ("ERR_403", "nhanh.err-403", FailureClass::Forbidden),
        ("ERR_PAGE_403", "nhanh.err-403", FailureClass::Forbidden),
        ("ERR_INVALID_ACCESS_TOKEN", "nhanh.token-invalid", FailureClass::Unauthorized),
        ("ERR_BUSINESS_NOT_ENABLE_API", "nhanh.api-off", FailureClass::Misconfigured),
        ("ERR_INVALID_APP_ID", "nhanh.app-invalid", FailureClass::Misconfigured),
        ("ERR_INVALID_BUSINESS_ID", "nhanh.business-invalid", FailureClass::Misconfigured),
        ("ERR_INVALID_VERSION", "nhanh.version-refused", FailureClass::Unauthorized),
        ("ERR_INVALID_DEPOT_ID", "nhanh.depot-invalid", FailureClass::Rejected),
        ("ERR_INVALID_DATA", "nhanh.invalid-data", FailureClass::Rejected),
        ("ERR_SOMETHING_NEW", "nhanh.refused", FailureClass::Rejected),
    ] {
        for access in [Access::Read, Access::Write] {
            let body = format!(r#"{{"code":0,"errorCode":"{error_code}","messages":["x"]}}"#);
            assert_eq!(class(&body, 200, access), (code.to_owned(), expected), "{error_code}");
        }
    }
}

#[test]
fn a_sentence_decides_only_where_there_is_no_error_code() {
    let read = |error_code: &str, messages: &str| class(&format!(r#"{{"code":0{error_code},"messages":{messages}}}"#), 200, Access::Read);
    for (messages, code) in [
        (r#"{"shippingAddress.locationVersion":"invalid version"}"#, "nhanh.version-refused"),
        (r#"{"info.description":"token expired"}"#, "nhanh.token-invalid"),
        (r#"["the rate limit of this coupon is reached"]"#, "nhanh.err-429"),
    ] {
        assert_eq!(read("", messages).0, code);
        for error_code in ["ERR_INVALID_FORM_FIELDS", "ERR_OF_NEXT_YEAR"] {
            let error_code = format!(r#","errorCode":"{error_code}""#);
            assert_eq!(read(&error_code, messages), ("nhanh.refused".to_owned(), FailureClass::Rejected), "{messages}");
        }
    }
}

#[test]
fn messages_come_in_four_shapes() {
    let sentence = "The app or accessToken is not authorized for this feature";
    for messages in [
        format!(r#""messages":["{sentence}"]"#),
        format!(r#""messages":{{"x":"{sentence}"}}"#),
        format!(r#""messages":"{sentence}""#),
        format!(r#""message":"{sentence}""#),
    ] {
        assert_eq!(class(&format!(r#"{{"code":0,{messages}}}"#), 200, Access::Read).0, "nhanh.err-403", "{messages}");
    }
}

#[test]
fn the_rate_limit_says_how_long() {
    let body = r#"{"code":0,"message":"Your app exceeded the API Rate Limit","errorCode":"ERR_429","data":{"lockedSeconds":10,"unlockedAt":1733387520}}"#;
    assert_eq!(class(body, 200, Access::Write).1, FailureClass::RateLimited(10_000));
    let body = r#"{"code":0,"errorCode":"ERR_EXCEEDED_RATE_LIMIT","data":{"unlockedAt":1733387520}}"#;
    assert_eq!(class(body, 429, Access::Read).1, FailureClass::RateLimited(20_000));
    let body = r#"{"code":0,"message":"Your app exceeded the API Rate Limit"}"#;
    assert_eq!(class(body, 200, Access::Read).1, FailureClass::RateLimited(30_000));
    assert_eq!(class("", 429, Access::Read).1, FailureClass::RateLimited(30_000));
}

#[test]
fn no_readable_answer_is_ambiguous_for_a_write() {
    for (body, status, code) in [
        ("<html>", 200, "nhanh.html"),
        ("<html>", 502, "nhanh.html"),
        ("", 500, "nhanh.empty-body"),
        ("", 429, "nhanh.empty-body"),
        (r#"{"code":1,"da"#, 200, "nhanh.truncated"),
        ("oops", 200, "nhanh.invalid-json"),
        ("[]", 200, "nhanh.invalid-json"),
        (r#"{"ok":true}"#, 200, "nhanh.invalid-json"),
        (r#"{"code":7}"#, 200, "nhanh.invalid-json"),
        ("nothing here", 404, "nhanh.http-404"),
    ] {
        assert_eq!(class(body, status, Access::Write), (code.to_owned(), FailureClass::Ambiguous), "{body}");
        if status != 429 {
            assert_eq!(class(body, status, Access::Read), (code.to_owned(), FailureClass::Transient), "{body}");
        }
    }
}

#[test]
fn only_what_was_sent_is_ambiguous() {
    let class = |error: Error, access| no_reply(&error, access).class;
    assert_eq!(class(Error::NotSent(String::new()), Access::Write), FailureClass::Transient);
    assert_eq!(class(Error::Locked(1500), Access::Write), FailureClass::RateLimited(1500));
    assert_eq!(class(Error::Denied(String::new()), Access::Write), FailureClass::Misconfigured);
    assert_eq!(class(Error::NoAnswer(String::new()), Access::Write), FailureClass::Ambiguous);
    assert_eq!(class(Error::TooLarge, Access::Write), FailureClass::Ambiguous);
    assert_eq!(class(Error::NoAnswer(String::new()), Access::Read), FailureClass::Transient);
}

#[test]
fn messages_are_read_however_they_are_nested() {
    for (messages, said) in [
        (r#"{"channel.appOrderId":["đã tồn tại","x"]}"#, "channel.appOrderId: đã tồn tại; channel.appOrderId: x"),
        (r#"{"channel":{"appOrderId":"đã tồn tại"}}"#, "channel.appOrderId: đã tồn tại"),
        (r#"[["a"],"b"]"#, "a; b"),
        (r#"{"0":"a"}"#, "a"),
        (r#""a""#, "a"),
        ("[]", ""),
    ] {
        let body = format!(r#"{{"code":0,"messages":{messages}}}"#);
        let tree = json::parse(body.as_bytes()).unwrap();
        assert_eq!(sentences(&Record::of(&tree).unwrap()), said);
    }
}

#[test]
fn a_refusal_never_repeats_a_phone() {
    let body = r#"{"code":0,"messages":["Khách 0912345678 bị chặn"]}"#.as_bytes().to_vec();
    let response = Response { status: 200, content_type: None, body, captured: Vec::new() };
    let tree = tree(&response, Access::Read).unwrap();
    let failure: Failure = answer(&tree, &response, Access::Read, NOW).unwrap_err().into();
    assert_eq!(failure.message.vi, "Nhanh.vn từ chối: Khách … bị chặn");
}

#[test]
fn every_meaning_fits_the_contract() {
    for meaning in &MEANINGS {
        assert!(meaning.vi.len() <= 500 && meaning.en.len() <= 500, "{}", meaning.code);
        assert!(meaning.said.iter().all(|it| text::folded(it) == *it), "{}", meaning.code);
    }
}
