//! One spelling for each path, or none.
//!
//! The attack: a guest names a path that the host's route table reads one way and the server another (`/api/order/../admin`, `%2e%2e`,
//! `//other-host/x`, `/api/%6Frder/add`), and so reaches what no route allows, or gets a fresh count at the pacer. The rule: a path that
//! has more than one spelling is refused in all but one. Nothing is repaired, so nothing is understood differently later.

use percent_encoding::percent_decode_str;

/// What may stand in a path as it is, beside letters, digits and `/`. No `;`: servers read path parameters differently.
const PLAIN: &[u8] = b"-._~!$&'()*+,=:@";

/// The path in its one spelling, with escapes in capitals; or why it is refused.
pub(super) fn canonical(path: &str, limit: usize) -> Result<String, &'static str> {
    if path.len() > limit {
        return Err("the path is too long");
    }
    let Some(rest) = path.strip_prefix('/') else {
        return Err("a path begins with `/`");
    };
    let segments: Vec<&str> = rest.split('/').collect();
    let last = segments.len().saturating_sub(1);
    let mut out = String::with_capacity(path.len());
    for (index, segment) in segments.into_iter().enumerate() {
        // A slash at the end is part of the path; an empty segment in the middle is not.
        if segment.is_empty() && index != last {
            return Err("the path has an empty segment");
        }
        if matches!(segment, "." | "..") {
            return Err("the path has a dot segment");
        }
        out.push('/');
        check_segment(segment, &mut out)?;
    }
    if percent_decode_str(&out).decode_utf8().is_err() {
        return Err("the path is not UTF-8");
    }
    Ok(out)
}

fn check_segment(segment: &str, out: &mut String) -> Result<(), &'static str> {
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        if byte.is_ascii_alphanumeric() || PLAIN.contains(&byte) {
            out.push(char::from(byte));
            continue;
        }
        if byte != b'%' {
            return Err("the path has a character that must be percent-encoded, a query or a fragment");
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
        let (Some(high), Some(low)) = (digit(bytes.next()), digit(bytes.next())) else {
            return Err("the path has a broken percent-escape");
        };
        let decoded = high * 16 + low;
        if decoded.is_ascii_control() || matches!(decoded, b'/' | b'\\' | b'%' | b';' | b'?' | b'#') {
            return Err("the path hides a character that separates, or a control character");
        }
        if decoded.is_ascii_alphanumeric() || PLAIN.contains(&decoded) {
            return Err("the path encodes what needs no encoding");
        }
        out.push_str(&format!("%{decoded:02X}"));
    }
    Ok(())
}

/// Whether a path lies under a prefix, which ends at a segment boundary: `/api/order` covers `/api/order` and `/api/order/add`, and not
/// `/api/orders`.
pub(super) fn covers(prefix: &str, path: &str) -> bool {
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_paths_stay_as_they_are() {
        for path in ["/", "/api", "/api/", "/api/product/search", "/v3.0/order/add", "/a-b_c~d/(e)", "/%E1%BA%A3nh", "/a%20b", "/..a/b.."] {
            assert_eq!(canonical(path, 1024).as_deref(), Ok(path));
        }
        assert_eq!(canonical("/%e1%ba%a3nh", 1024).as_deref(), Ok("/%E1%BA%A3nh"));
    }

    #[test]
    fn every_other_spelling_is_refused() {
        for path in [
            "",
            "api",
            "*",
            "//",
            "//evil.example/x",
            "/a//b",
            "/.",
            "/..",
            "/a/./b",
            "/a/../b",
            "/a/..",
            "/%2e%2e/a",
            "/%2E/a",
            "/.%2e/a",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a\\b",
            "/a%00b",
            "/a\0b",
            "/a%0ab",
            "/a\nb",
            "/a\r\nHost: x",
            "/a%7fb",
            "/a b",
            "/a?b=c",
            "/a#b",
            "/a%3Fb",
            "/a%23b",
            "/a%",
            "/a%4",
            "/a%zz",
            "/a%+1",
            "/%6Frder",
            "/a%2Cb",
            "/a%252e",
            "/..;/a",
            "/a;b=c",
            "/a%3Bb",
            "http://evil.example/",
            "/%c0%ae%c0%ae/a",
            "/%ff",
            "/é",
            "/a\u{202e}b",
            "/a|b",
            "/a\"b",
            "/a<b",
            "/{id}",
        ] {
            assert!(canonical(path, 1024).is_err(), "{path:?}");
        }
    }

    #[test]
    fn a_path_has_a_longest_length() {
        assert!(canonical("/1234567", 8).is_ok());
        assert!(canonical("/12345678", 8).is_err());
    }

    #[test]
    fn a_prefix_ends_at_a_segment_boundary() {
        for (prefix, path, covered) in [
            ("/api/order", "/api/order", true),
            ("/api/order", "/api/order/add", true),
            ("/api/order", "/api/order/", true),
            ("/api/order", "/api/orders", false),
            ("/api/order/", "/api/order/add", true),
            ("/api/order/", "/api/orders", false),
            ("/", "/anything", true),
            ("/", "/", true),
            ("/api/order/add", "/api/order", false),
        ] {
            assert_eq!(covers(prefix, path), covered, "{prefix} {path}");
        }
    }

    proptest! {
        #[test]
        fn an_accepted_path_is_what_a_url_parser_sees_too(path in "(/|%2e|%2F|%41|\\.|a|%20|\\\\|\\?|#|;|%c3%a9|é|:|@){0,8}") {
            if let Ok(canonical) = canonical(&path, 1024) {
                let url = url::Url::parse(&format!("https://host.example{canonical}")).unwrap();
                prop_assert_eq!(url.path(), canonical.as_str());
                prop_assert_eq!(url.host_str(), Some("host.example"));
                prop_assert!(url.query().is_none() && url.fragment().is_none());
                let again = super::canonical(&canonical, 1024);
                prop_assert_eq!(again.as_deref(), Ok(canonical.as_str()));
            }
        }
    }
}
