//! Login, exchange and checklist, with scripted replies.

use super::*;
use crate::testing::{Script, context, reply, set};
use crate::wit::http::{Error, Response};

const FLAT: &str = r#"{"code":1,"messages":[],"accessToken":"","expiredDateTime":"2027-10-01 09:00:00","expiredAt":1822356000,"businessId":110668,"depotIds":[],"permissions":["product","order"]}"#;

fn grant(body: &str) -> Response {
    Response { captured: vec!["access-token".to_owned()], ..reply(body) }
}

fn draft() -> Context {
    Context { account: None, ..context() }
}

#[test]
fn the_login_page_gets_the_return_address_exactly() {
    let request = authorize_url(&draft(), "https://nobi.example/nhanh?x=1&y=2".to_owned()).unwrap();
    assert_eq!((request.endpoint.as_str(), request.path.as_str(), request.method), ("login", "/oauth", Method::Get));
    let query: Vec<_> = request.query.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect();
    assert_eq!(query, [("version", "2.0"), ("appId", "72000"), ("returnLink", "https://nobi.example/nhanh?x=1&y=2")]);
    let mut no_app = draft();
    set(&mut no_app, "app-id", "");
    assert_eq!(authorize_url(&no_app, String::new()).unwrap_err().code, "nhanh.app-id-missing");
    let mut third = draft();
    set(&mut third, "api-version", "3.0");
    assert!(authorize_url(&third, String::new()).unwrap().query.iter().any(|it| it.name == "version" && it.value == "3.0"));
    let mut unset = draft();
    unset.settings.retain(|it| it.key != "api-version");
    assert_eq!(authorize_url(&unset, String::new()), authorize_url(&third, String::new()), "the form offers 3.0 first");
    let mut other = context();
    set(&mut other, "api-version", "4.0");
    assert_eq!(authorize_url(&other, String::new()).unwrap_err().code, "nhanh.version-unknown");
    assert_eq!(redeem(&other, &mut Script::default()).unwrap_err().code, "nhanh.version-unknown");
    assert_eq!(lines(&other, &mut Script::default()), [line("check.app", Verdict::Failed)]);
}

#[test]
fn the_code_of_api_3_0_is_exchanged_in_json_without_a_business() {
    let mut third = draft();
    set(&mut third, "api-version", "3.0");
    let body = r#"{"code":1,"data":{"accessToken":"","version":"3.0","expiredAt":1785603599,"businessId":110668,"depotIds":"All","pageIds":[],"permissions":"[]"}}"#;
    let mut asked = None;
    let account = redeem(&third, &mut |request: Request| {
        asked = Some(request);
        Ok(grant(body))
    })
    .unwrap();
    let asked = asked.unwrap();
    assert_eq!((asked.path.as_str(), asked.body), ("/v3.0/app/getaccesstoken", Body::Json("{}".to_owned())));
    assert_eq!(asked.query.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect::<Vec<_>>(), [("appId", "72000")]);
    assert_eq!((account.id.as_str(), account.expires, account.branches.len()), ("110668", Some(1_785_603_599_000), 0));
}

#[test]
fn a_check_of_api_2_0_says_until_when_and_after_that_what_to_do() {
    let after = Context { now: 1_796_058_000_000, ..context() };
    for body in ["<html>", ""] {
        let status = if body.is_empty() { 404 } else { 200 };
        let mut script = Script::default().then(Ok(Response { status, ..reply(body) }));
        let told = check(&after, &mut script);
        assert_eq!((told.len(), told[0].code.as_str(), told[0].verdict), (1, "check.version", Verdict::Failed));
        assert!(told[0].message.vi.starts_with("Nhanh đã ngừng API 2.0, hãy nâng cấp kết nối"), "{}", told[0].message.vi);
    }
    let mut before = Script::of(&["<html>"]);
    assert_eq!(lines(&Context { now: 1_796_057_999_999, ..context() }, &mut before), [line("check.reach", Verdict::Failed)]);
    let mut third = after;
    set(&mut third, "api-version", "3.0");
    assert_eq!(lines(&third, &mut Script::of(&["<html>"])), [line("check.reach", Verdict::Failed)]);
    let ok = r#"{"code":1,"data":[]}"#;
    let mut script = Script::of(&[ok; 5]);
    assert!(!lines(&third, &mut script).iter().any(|it| it.0 == "check.version"));
    assert_eq!(script.paths(), ["/business/depot", "/product/category", "/product/list", "/customer/list", "/order/list"]);
}

#[test]
fn a_grant_is_read_flat_and_nested() {
    let nested = r#"{"code":1,"data":{"accessToken":"","expiredDateTime":"2027-10-01 09:00:00","businessId":"110668","depotIds":[31010,"31011"],"permissions":"product, order"}}"#;
    for (body, branches) in [(FLAT, &[][..]), (nested, &["31010", "31011"][..])] {
        let mut script = Script::default().then(Ok(grant(body)));
        let account = redeem(&draft(), &mut script).unwrap();
        assert_eq!((account.id.as_str(), account.permissions.join(" ")), ("110668", "product order".to_owned()));
        assert_eq!(
            (account.branches.as_slice(), account.expires),
            (branches.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>().as_slice(), Some(1_822_356_000_000))
        );
        assert_eq!(script.paths(), ["/oauth/access_token"]);
    }
    let all = r#"{"code":1,"businessId":5,"depotIds":"All"}"#;
    assert!(redeem(&draft(), &mut Script::default().then(Ok(grant(all)))).unwrap().branches.is_empty());
}

#[test]
fn a_reply_without_a_token_is_a_failure() {
    let failure = redeem(&draft(), &mut Script::of(&[FLAT])).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("nhanh.token-missing", FailureClass::Unauthorized));
    let failure = redeem(&draft(), &mut Script::default().then(Ok(grant(r#"{"code":1}"#)))).unwrap_err();
    assert_eq!(failure.code, "nhanh.business-missing");
}

#[test]
fn an_unclear_exchange_ends_in_another_login() {
    for answer in [Err(Error::NoAnswer(String::new())), Ok(grant("<html>")), Ok(grant("")), Err(Error::TooLarge)] {
        let failure = redeem(&draft(), &mut Script::default().then(answer)).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.class), ("nhanh.exchange-unclear", FailureClass::Ambiguous));
    }
    let failure = redeem(&draft(), &mut Script::of(&[r#"{"code":0,"messages":["accessCode is expired"]}"#])).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.class), ("nhanh.grant-refused", FailureClass::Unauthorized));
    let failure = redeem(&draft(), &mut Script::of(&[r#"{"code":0,"errorCode":"ERR_INVALID_APP_ID"}"#])).unwrap_err();
    assert_eq!(failure.class, FailureClass::Misconfigured);
    let failure = redeem(&draft(), &mut Script::default().then(Err(Error::NotSent(String::new())))).unwrap_err();
    assert_eq!(failure.class, FailureClass::Transient);
}

fn lines(context: &Context, script: &mut Script) -> Vec<(String, Verdict)> {
    check(context, script).into_iter().map(|it| (it.code, it.verdict)).collect()
}

fn line(code: &str, verdict: Verdict) -> (String, Verdict) {
    (code.to_owned(), verdict)
}

#[test]
fn a_check_has_a_line_for_each_right() {
    let ok = r#"{"code":1,"data":[]}"#;
    let forbidden = r#"{"code":0,"errorCode":"ERR_403","messages":["no"]}"#;
    let limited = r#"{"code":0,"errorCode":"ERR_429"}"#;
    let mut script = Script::of(&[ok, ok, ok, forbidden, limited]);
    let expected = [
        line("check.reach", Verdict::Ok),
        line("check.token", Verdict::Ok),
        line("check.version", Verdict::Warning),
        line("check.branch", Verdict::Ok),
        line("check.category", Verdict::Ok),
        line("check.product", Verdict::Ok),
        line("check.customer", Verdict::Failed),
        line("check.order", Verdict::Unknown),
        line("check.order-write", Verdict::Unknown),
    ];
    assert_eq!(lines(&context(), &mut script), expected);
    assert_eq!(script.paths(), ["/store/depot", "/product/category", "/product/search", "/customer/search", "/order/index"]);
}

#[test]
fn a_check_stops_where_nothing_more_can_be_learnt() {
    for (body, expected) in [
        (
            r#"{"code":0,"errorCode":"ERR_INVALID_ACCESS_TOKEN"}"#,
            vec![line("check.reach", Verdict::Ok), line("check.token", Verdict::Failed)],
        ),
        (
            r#"{"code":0,"errorCode":"ERR_BUSINESS_NOT_ENABLE_API"}"#,
            vec![line("check.reach", Verdict::Ok), line("check.api-off", Verdict::Failed)],
        ),
        (r#"{"code":0,"errorCode":"ERR_INVALID_APP_ID"}"#, vec![line("check.reach", Verdict::Ok), line("check.app", Verdict::Failed)]),
        ("<html>", vec![line("check.reach", Verdict::Failed)]),
    ] {
        let mut script = Script::of(&[body]);
        assert_eq!(lines(&context(), &mut script), expected);
        assert_eq!(script.asked.len(), 1);
    }
    let mut script = Script::default();
    assert_eq!(lines(&draft(), &mut script), [line("check.token", Verdict::Failed)]);
    assert!(script.asked.is_empty());
}
