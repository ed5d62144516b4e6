//! Facts about deliveries.

use super::*;

const TOKEN: &str = "verify0123456789abc";

fn webhooks(proofs: Vec<WebhookProof>) -> Webhooks {
    Webhooks { proofs, secret: "verify-token".to_owned(), account: Some("/businessId".to_owned()), events: vec![] }
}

/// The proofs of Nhanh: 2.0 in the body, 3.0 in a header.
fn nhanh() -> Webhooks {
    webhooks(vec![WebhookProof::TokenInJson("/webhooksVerifyToken".to_owned()), WebhookProof::TokenInHeader("Authorization".to_owned())])
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn checked(webhooks: &Webhooks, pairs: &[(&'static str, &str)], body: &str) -> Checked {
    check(webhooks, Some(&Secret::new(TOKEN.to_owned())), &headers(pairs), body.as_bytes())
}

fn proof(pairs: &[(&'static str, &str)], body: &str) -> Proof {
    checked(&nhanh(), pairs, body).proof
}

#[test]
fn a_token_in_the_body_or_in_the_header_is_right() {
    let right = format!(r#"{{"event":"orderAdd","webhooksVerifyToken":"{TOKEN}"}}"#);
    assert_eq!(proof(&[], &right), Proof::Right);
    assert_eq!(proof(&[("authorization", TOKEN)], r#"{"event":"orderAdd"}"#), Proof::Right);
    assert_eq!(proof(&[("authorization", TOKEN)], &right), Proof::Right);
    // However it is escaped.
    assert_eq!(proof(&[], &right.replace("verify", "\\u0076erify")), Proof::Right);
}

#[test]
fn the_word_of_http_s_own_scheme_may_stand_before_a_token_in_a_header() {
    for value in [format!("Bearer {TOKEN}"), format!("bearer {TOKEN}"), format!("BEARER  {TOKEN}")] {
        assert_eq!(proof(&[("authorization", &value)], "{}"), Proof::Right, "{value:?}");
    }
    for value in [
        format!("Basic {TOKEN}"),
        format!("Bearer{TOKEN}"),
        format!("Bearer Bearer {TOKEN}"),
        format!("Bearer {TOKEN}x"),
        "Bearer".to_owned(),
    ] {
        assert_eq!(proof(&[("authorization", &value)], "{}"), Proof::Wrong, "{value:?}");
    }
    // In a body a token is written as it is.
    assert_eq!(proof(&[], &format!(r#"{{"webhooksVerifyToken":"Bearer {TOKEN}"}}"#)), Proof::Wrong);
    let own = "Bearer verify0123456789".to_owned();
    let checked = check(&nhanh(), Some(&Secret::new(own.clone())), &headers(&[("authorization", &own)]), b"{}");
    assert_eq!(checked.proof, Proof::Right, "a token that begins with the word");
}

#[test]
fn every_proof_that_is_there_must_be_right() {
    let right = format!(r#"{{"webhooksVerifyToken":"{TOKEN}"}}"#);
    let wrong = r#"{"webhooksVerifyToken":"verify0123456789abd"}"#;
    assert_eq!(proof(&[], wrong), Proof::Wrong);
    assert_eq!(proof(&[("authorization", TOKEN)], wrong), Proof::Wrong);
    assert_eq!(proof(&[("authorization", "guess")], &right), Proof::Wrong);
    assert_eq!(proof(&[("authorization", "")], &right), Proof::Wrong);
    assert_eq!(proof(&[("authorization", TOKEN), ("authorization", TOKEN)], "{}"), Proof::Wrong);
    assert_eq!(proof(&[("authorization", "Bearer guess")], &right), Proof::Wrong);
}

#[test]
fn near_misses_are_wrong() {
    for value in ["", "v", &TOKEN[1..], &TOKEN[..18], &format!("{TOKEN} "), &TOKEN.to_uppercase()] {
        assert_eq!(proof(&[], &format!(r#"{{"webhooksVerifyToken":"{value}"}}"#)), Proof::Wrong, "{value:?}");
    }
    for value in ["1", "true", "{}", "[]", &format!(r#"["{TOKEN}"]"#)] {
        assert_eq!(proof(&[], &format!(r#"{{"webhooksVerifyToken":{value}}}"#)), Proof::Wrong, "{value}");
    }
}

#[test]
fn what_is_said_twice_proves_nothing() {
    for body in [
        format!(r#"{{"webhooksVerifyToken":"{TOKEN}","webhooksVerifyToken":"{TOKEN}"}}"#),
        format!(r#"{{"webhooksVerifyToken":"{TOKEN}","webhooksVerifyToken":null}}"#),
        format!(r#"{{"webhooksVerifyToken":"x","webhooksVerif\u0079Token":"{TOKEN}"}}"#),
        format!(r#"{{"webhooksVerifyToken":"{TOKEN}","businessId":1,"businessId":2}}"#),
    ] {
        let checked = checked(&nhanh(), &[], &body);
        assert_eq!((checked.proof, checked.account), (Proof::Wrong, None), "{body}");
    }
}

#[test]
fn without_a_proof_there_is_none() {
    for body in [
        "",
        "{}",
        "[]",
        "not json",
        r#"{"event":"webhooksEnabled"}"#,
        r#"{"webhooksVerifyToken":null}"#,
        r#"{"data":{"webhooksVerifyToken":"x"}}"#,
    ] {
        assert_eq!(proof(&[], body), Proof::Absent, "{body}");
    }
    // Cut off: no JSON, so nothing in it counts.
    assert_eq!(proof(&[], &format!(r#"{{"webhooksVerifyToken":"{TOKEN}""#)), Proof::Absent);
    assert_eq!(check(&nhanh(), None, &HeaderMap::new(), b"\xff\xfe{}").proof, Proof::Absent);
}

#[test]
fn a_connection_without_a_token_verifies_nothing_and_shows_no_proof() {
    let body = r#"{"webhooksVerifyToken":"","event":"x"}"#;
    for secret in [None, Some(Secret::new(String::new()))] {
        let checked = check(&nhanh(), secret.as_ref(), &headers(&[("authorization", "")]), body.as_bytes());
        assert_eq!(checked.proof, Proof::Absent);
        assert_eq!((checked.body.as_slice(), checked.headers), (br#"{"event":"x"}"#.as_slice(), vec![]));
    }
}

#[test]
fn a_guest_sees_the_delivery_as_it_was_written_without_the_proof() {
    let body = format!(
        r#"{{"event":"e","webhooksVerifyToken":"{TOKEN}","businessId":110668,"data":{{"id":9007199254740993,"p":1.10,"d":1,"d":2}}}}"#
    );
    let checked = checked(&nhanh(), &[("authorization", TOKEN)], &body);
    let expected = r#"{"event":"e","businessId":110668,"data":{"id":9007199254740993,"p":1.10,"d":1,"d":2}}"#;
    assert_eq!(String::from_utf8(checked.body).unwrap(), expected);
    assert_eq!(checked.account.as_deref(), Some("110668"));
}

#[test]
fn the_token_is_blanked_wherever_else_it_stands() {
    let body = format!(r#"{{"webhooksVerifyToken":"{TOKEN}","debug":"{TOKEN}"}}"#);
    let checked = checked(&nhanh(), &[("x-debug", TOKEN), ("x-topic", "a")], &body);
    assert_eq!(String::from_utf8(checked.body).unwrap(), r#"{"debug":"‹verify-token›"}"#);
    assert_eq!(checked.headers.len(), 1);
}

#[test]
fn only_headers_about_the_delivery_are_shown() {
    let all = [
        ("content-type", "application/json"),
        ("user-agent", "Nhanh"),
        ("x-topic", "orders/create"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-real-ip", "10.0.0.1"),
        ("cookie", "a=b"),
        ("host", "nobi.example"),
        ("proxy-authorization", "x"),
        ("content-length", "2"),
        ("authorization", TOKEN),
        ("x-hub-signature", "x"),
    ];
    let webhooks =
        webhooks(vec![WebhookProof::TokenInHeader("Authorization".to_owned()), WebhookProof::HmacSha256Hex("X-Hub-Signature".to_owned())]);
    let shown: Vec<String> = checked(&webhooks, &all, "{}").headers.into_iter().map(|pair| pair.name).collect();
    assert_eq!(shown, ["content-type", "user-agent", "x-topic"]);
}

#[test]
fn an_account_is_a_text_or_a_number() {
    let account = |value: &str| checked(&nhanh(), &[], &format!(r#"{{"businessId":{value}}}"#)).account;
    assert_eq!(account("64692").as_deref(), Some("64692"));
    assert_eq!(account(r#""64692""#).as_deref(), Some("64692"));
    assert_eq!(account("12345678901234567890").as_deref(), Some("12345678901234567890"));
    for value in ["null", "{}", "[1]", "true", r#""""#] {
        assert_eq!(account(value), None, "{value}");
    }
    assert_eq!(checked(&nhanh(), &[], "{}").account, None);
}

#[test]
fn a_signature_is_over_the_very_bytes() {
    // RFC 4231, test case 2.
    let secret = Secret::new("Jefe".to_owned());
    let body = b"what do ya want for nothing?";
    let hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let base64 = STANDARD.encode(data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap());
    let by_hex = webhooks(vec![WebhookProof::HmacSha256Hex("X-Sign".to_owned())]);
    let by_base64 = webhooks(vec![WebhookProof::HmacSha256Base64("X-Sign".to_owned())]);
    let proof = |webhooks, value: &str, body| check(webhooks, Some(&secret), &headers(&[("x-sign", value)]), body).proof;
    assert_eq!(proof(&by_hex, hex, body), Proof::Right);
    assert_eq!(proof(&by_hex, &hex.to_uppercase(), body), Proof::Right);
    assert_eq!(proof(&by_base64, &base64, body), Proof::Right);
    assert_eq!(proof(&by_hex, hex, b"what do ya want for nothing!"), Proof::Wrong);
    for value in ["", "zz", &hex[..62], &base64] {
        assert_eq!(proof(&by_hex, value, body), Proof::Wrong, "{value}");
    }
    assert_eq!(proof(&by_base64, hex, body), Proof::Wrong);
    assert_eq!(check(&by_hex, Some(&secret), &HeaderMap::new(), body).proof, Proof::Absent);
}

#[test]
fn a_repeat_has_the_same_hash_and_another_fact_has_not() {
    let hash = |body: String| {
        let checked = checked(&nhanh(), &[], &body);
        assert_eq!(checked.proof, Proof::Right);
        checked.hash
    };
    let with = |rest: &str| format!(r#"{{"webhooksVerifyToken":"{TOKEN}",{rest}}}"#);
    let first = hash(with(r#""event":"e","data":{"a":5,"b":[1,{"x":"đ","y":null}]}"#));
    assert_eq!(
        first,
        hash(format!(r#"{{ "data": {{"b":[1,{{"y":null,"x":"\u0111"}}],"a":5}}, "event":"e", "webhooksVerifyToken":"{TOKEN}" }}"#))
    );
    for other in [
        r#""event":"e","data":{"a":4,"b":[1,{"x":"đ","y":null}]}"#,
        r#""event":"e","data":{"a":"5","b":[1,{"x":"đ","y":null}]}"#,
        r#""event":"e","data":{"a":5,"b":[{"x":"đ","y":null},1]}"#,
        r#""event":"e","data":{"a":5,"b":[1,{"x":"đ"}]}"#,
    ] {
        assert_ne!(first, hash(with(other)), "{other}");
    }
}

#[test]
fn hashes_are_of_what_is_said_and_never_meet_by_accident() {
    let differ = [
        "[1,2]",
        "[12]",
        "[[1],2]",
        "[[1,2]]",
        r#"["1,2"]"#,
        "{}",
        "[]",
        "null",
        r#""null""#,
        "1.1",
        "1.10",
        "9007199254740992",
        "9007199254740993",
        r#"{"a":1}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"a":{"b":1}}"#,
        r#"{"a":{},"b":1}"#,
        "not json",
        "",
    ];
    let mut hashes: Vec<[u8; 32]> = differ.iter().map(|text| canonical_hash(text.as_bytes())).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), differ.len());
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(canonical_hash(deep.as_bytes()), canonical_hash(deep.as_bytes()));
}
