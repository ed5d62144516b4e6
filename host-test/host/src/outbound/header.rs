//! Which headers a guest may set.
//!
//! The attack: a header that moves the request elsewhere (`Host`, `X-Forwarded-Host`), that ends it early so that the next one is the
//! guest's own (`Content-Length`, `Transfer-Encoding`, a line break in a value), that turns a read into a write
//! (`X-HTTP-Method-Override`), or that stands where a secret will stand, also where a server reads `_` and `-` as one (`Transfer_Encoding`,
//! `access_token`). The rule: those are refused, none is set twice, and a name has letters, digits and `-` only, so that there is one way to
//! read it.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::config::OutboundConfig;
use crate::contract::http::Pair;

/// What the connection itself needs, or what says how the message is cut: neither a guest nor a splice sets it.
const FRAMING: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What says who asks, from where, or for what in truth; and what the host sets.
const RESERVED: &[&str] = &[
    "accept-encoding",
    "alt-used",
    "authorization",
    "client-ip",
    "cookie",
    "cookie2",
    "date",
    "early-data",
    "forwarded",
    "origin",
    "referer",
    "set-cookie",
    "true-client-ip",
    "user-agent",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-real-ip",
    "x-rewrite-url",
];

/// The same, by how a name begins: what proxies and browsers write.
const RESERVED_FAMILIES: &[&str] = &["cf-", "sec-", "x-amz", "x-envoy-", "x-forwarded", "x-goog-", "x-ms-", "x-original-"];

fn is_framing(name: &str) -> bool {
    FRAMING.contains(&name) || name.starts_with("proxy-")
}

/// A header that the host puts a secret into: `Authorization` is one of these, framing is not.
pub(super) fn name_for_splice(name: &str) -> Option<HeaderName> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    (!is_framing(name.as_str())).then_some(name)
}

/// A guest's headers, or why they are refused.
pub(super) fn of_guest(pairs: &[Pair], config: &OutboundConfig) -> Result<HeaderMap, String> {
    if pairs.len() > config.headers || pairs.iter().map(|pair| pair.name.len() + pair.value.len()).sum::<usize>() > config.header_bytes {
        return Err("the request has too many headers".to_owned());
    }
    let mut headers = HeaderMap::with_capacity(pairs.len());
    for pair in pairs {
        let name = HeaderName::from_bytes(pair.name.as_bytes()).map_err(|_| "a header's name is not one".to_owned())?;
        let lower = name.as_str();
        if !lower.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            return Err("a header's name has other characters than letters, digits and `-`".to_owned());
        }
        let reserved = RESERVED.contains(&lower) || RESERVED_FAMILIES.iter().any(|family| lower.starts_with(family));
        if is_framing(lower) || reserved {
            return Err(format!("the header `{lower}` is not a connector's to set"));
        }
        // Visible ASCII only: no line break, no NUL, nothing that is read in two encodings.
        let value = Some(&pair.value).filter(|value| value.is_ascii()).and_then(|value| HeaderValue::from_str(value).ok());
        let value = value.ok_or_else(|| format!("the value of the header `{lower}` is not one"))?;
        if headers.insert(name.clone(), value).is_some() {
            return Err(format!("the header `{lower}` is set twice"));
        }
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, value: &str) -> Result<HeaderMap, String> {
        of_guest(&[Pair { name: name.to_owned(), value: value.to_owned() }], &OutboundConfig::default())
    }

    #[test]
    fn ordinary_headers_pass() {
        for name in ["Accept", "Accept-Language", "X-Request-Id", "Idempotency-Key", "If-None-Match"] {
            assert_eq!(set(name, "v").unwrap()[name], "v");
        }
    }

    #[test]
    fn headers_that_are_not_a_connectors_to_set_are_refused() {
        for name in [
            "Host",
            "hOsT",
            "Authorization",
            "Cookie",
            "Connection",
            "Keep-Alive",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade",
            "Content-Length",
            "Content-Type",
            "Content-Encoding",
            "Expect",
            "Proxy-Authorization",
            "Proxy-Connection",
            "Proxy-Anything",
            "Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-Forwarded-Anything",
            "X-Real-IP",
            "X-HTTP-Method-Override",
            "User-Agent",
            "Accept-Encoding",
            "Sec-Fetch-Site",
            "X-Original-URL",
            "X-Original-Host",
            "X-Host",
            "True-Client-IP",
            "CF-Connecting-IP",
            "X-Amzn-Trace-Id",
            "Transfer_Encoding",
            "Content_Length",
            "X_Forwarded_For",
            "access_token",
            "x.y",
            "x~y",
            "",
            "a b",
            "a:b",
            "é",
            "a\r\nb",
        ] {
            assert!(set(name, "v").is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_value_cannot_end_the_line() {
        for value in ["a\r\nHost: evil", "a\nb", "a\rb", "a\0b", "\u{7f}", "đ"] {
            assert!(set("x-a", value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn headers_are_not_repeated_and_are_bounded() {
        let pair = |name: &str, length: usize| Pair { name: name.to_owned(), value: "v".repeat(length) };
        let config = OutboundConfig { headers: 2, header_bytes: 20, ..OutboundConfig::default() };
        assert!(of_guest(&[pair("a", 1), pair("A", 1)], &config).unwrap_err().contains("twice"));
        assert!(of_guest(&[pair("a", 1), pair("b", 1)], &config).is_ok());
        assert!(of_guest(&[pair("a", 1), pair("b", 1), pair("c", 1)], &config).is_err());
        assert!(of_guest(&[pair("a", 20)], &config).is_err());
    }

    #[test]
    fn a_secret_goes_into_authorization_and_not_into_framing() {
        assert!(name_for_splice("Authorization").is_some());
        for name in ["Host", "Content-Length", "Transfer-Encoding", "Proxy-Authorization", "a b"] {
            assert!(name_for_splice(name).is_none(), "{name}");
        }
    }
}
