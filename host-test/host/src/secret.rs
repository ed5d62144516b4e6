//! Secret values, and the scrubber that blanks them out of whatever leaves the host's hands.
//!
//! The attack: a server echoes what it was sent (an error page that quotes the form, a debug field with the token), a library's error text
//! quotes the address with its query, and the secret ends up in a guest, a log or a recording. The rule: a [`Secret`] cannot be printed,
//! compared or serialised by accident, and every text that comes from outside passes a [`Scrubber`] first. Nothing here decides who may
//! have which secret.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use data_encoding::{HEXLOWER, HEXUPPER};
use memchr::memmem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::{Zeroize, Zeroizing};

/// A secret value. It is wiped when dropped, and `Debug` does not show it.
///
/// ```
/// use connector_host::secret::Secret;
/// let token = Secret::new("9f8e7d6c5b4a".to_owned());
/// assert_eq!(format!("{token:?}"), "Secret(…)");
/// assert_eq!(token.expose(), "9f8e7d6c5b4a");
/// ```
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes the value over.
    pub fn new(value: String) -> Secret {
        Secret(value)
    }

    /// The value itself, for the one place that sends or stores it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// The secrets of one connection, by the names that the contract uses: `client-secret`, `verify-token`, `grant-code`, `access-token`, and
/// the secret fields of the form.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    values: BTreeMap<String, Secret>,
    scrubber: OnceLock<Arc<Scrubber>>,
}

impl Secrets {
    /// The secret of this name.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.values.get(name)
    }

    /// Puts a secret in; returns the one that it replaces.
    pub fn insert(&mut self, name: impl Into<String>, secret: Secret) -> Option<Secret> {
        self.scrubber = OnceLock::new();
        self.values.insert(name.into(), secret)
    }

    /// Takes a secret out.
    pub fn remove(&mut self, name: &str) -> Option<Secret> {
        self.scrubber = OnceLock::new();
        self.values.remove(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.values.iter().map(|(name, secret)| (name.as_str(), secret))
    }

    /// The scrubber for these secrets: made once, then kept.
    pub fn scrubber(&self) -> Arc<Scrubber> {
        self.scrubber.get_or_init(|| Arc::new(Scrubber::new(self))).clone()
    }
}

impl FromIterator<(String, Secret)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (String, Secret)>>(secrets: I) -> Secrets {
        Secrets { values: secrets.into_iter().collect(), scrubber: OnceLock::new() }
    }
}

/// Secrets shorter than this are not looked for: they would be found where they are not.
pub const SHORTEST_SCRUBBED: usize = 8;

/// Blanks secrets out of bytes and texts, however they are spelt: raw, URL-encoded, JSON-escaped, HTML-escaped, in hexadecimal, or inside
/// base64 at any of its three alignments. What it finds becomes `‹name›`.
///
/// ```
/// use connector_host::secret::{Secret, Secrets};
/// let mut secrets = Secrets::default();
/// secrets.insert("access-token", Secret::new("tok/en+with=signs".to_owned()));
/// let scrubber = secrets.scrubber();
/// assert_eq!(scrubber.text("?t=tok%2Fen%2Bwith%3Dsigns&x=1"), "?t=‹access-token›&x=1");
/// assert_eq!(scrubber.text(r#"{"echo":"tok\/en+with=signs"}"#), r#"{"echo":"‹access-token›"}"#);
/// ```
#[derive(Default)]
pub struct Scrubber {
    /// Longest first, so that a secret that contains another one is blanked whole.
    needles: Vec<(Zeroizing<Vec<u8>>, String)>,
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Scrubber({} spellings)", self.needles.len())
    }
}

impl Scrubber {
    /// Looks for every one of these secrets that has at least [`SHORTEST_SCRUBBED`] bytes.
    pub fn new(secrets: &Secrets) -> Scrubber {
        let mut needles = Vec::new();
        for (name, secret) in secrets.iter() {
            if secret.expose().len() < SHORTEST_SCRUBBED {
                continue;
            }
            let marker = marker(name);
            needles.extend(spellings(secret.expose()).into_iter().map(|needle| (Zeroizing::new(needle), marker.clone())));
        }
        needles.sort_by_key(|(needle, _)| std::cmp::Reverse(needle.len()));
        Scrubber { needles }
    }

    /// The same bytes without the secrets. Costs nothing but the search where there are none.
    pub fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        let mut bytes = bytes;
        for (needle, marker) in &self.needles {
            if let Some(blanked) = replace(&bytes, needle, marker.as_bytes()) {
                bytes.zeroize();
                bytes = blanked;
            }
        }
        bytes
    }

    /// The same text without the secrets.
    pub fn text(&self, text: &str) -> String {
        // A needle is whole characters or ASCII, so what is left is UTF-8 as well.
        String::from_utf8_lossy(&self.bytes(text.as_bytes().to_vec())).into_owned()
    }

    /// Whether any secret is in there.
    pub fn finds(&self, bytes: &[u8]) -> bool {
        self.needles.iter().any(|(needle, _)| memmem::find(bytes, needle).is_some())
    }
}

fn marker(name: &str) -> String {
    let safe: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect();
    format!("‹{safe}›")
}

fn replace(bytes: &[u8], needle: &[u8], marker: &[u8]) -> Option<Vec<u8>> {
    let mut places = memmem::find_iter(bytes, needle).peekable();
    places.peek()?;
    let mut out = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for place in places {
        out.extend_from_slice(bytes.get(from..place).unwrap_or_default());
        out.extend_from_slice(marker);
        from = place + needle.len();
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    Some(out)
}

/// Unreserved in RFC 3986.
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What a browser's `encodeURIComponent` leaves alone.
const BROWSER: &AsciiSet = &STRICT.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');

fn spellings(secret: &str) -> BTreeSet<Vec<u8>> {
    let mut all = BTreeSet::from([secret.as_bytes().to_vec()]);
    for set in [STRICT, BROWSER, NON_ALPHANUMERIC] {
        let upper = utf8_percent_encode(secret, set).to_string();
        all.insert(lower_hex(&upper).into_bytes());
        all.insert(upper.into_bytes());
    }
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    all.insert(lower_hex(&form).into_bytes());
    all.insert(form.into_bytes());
    for bits in 0..16u8 {
        let style = JsonStyle { slash: bits & 1 != 0, ascii: bits & 2 != 0, markup: bits & 4 != 0, upper: bits & 8 != 0 };
        all.insert(style.escape(secret).into_bytes());
    }
    for (quote, apostrophe) in [("&quot;", "&#39;"), ("&#34;", "&#039;"), ("&quot;", "&apos;"), ("\"", "'")] {
        let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        all.insert(html.replace('"', quote).replace('\'', apostrophe).into_bytes());
    }
    all.insert(HEXLOWER.encode(secret.as_bytes()).into_bytes());
    all.insert(HEXUPPER.encode(secret.as_bytes()).into_bytes());
    for before in 0..3usize {
        let mut shifted = Zeroizing::new(vec![0u8; before]);
        shifted.extend_from_slice(secret.as_bytes());
        // The characters at both ends also hold bits of their neighbours: only those in between are the secret's alone.
        let first = (before * 8).div_ceil(6);
        let end = shifted.len() * 8 / 6;
        for text in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            all.insert(text.get(first..end).unwrap_or_default().as_bytes().to_vec());
        }
    }
    all
}

/// The percent-escapes of a text in lower case; nothing else changes.
fn lower_hex(text: &str) -> String {
    let mut hex = 0;
    text.chars()
        .map(|character| {
            if character == '%' {
                hex = 2;
                return character;
            }
            if hex > 0 {
                hex -= 1;
                return character.to_ascii_lowercase();
            }
            character
        })
        .collect()
}

/// How writers of JSON differ.
struct JsonStyle {
    /// `/` as `\/`.
    slash: bool,
    /// Everything above ASCII as `\u….`.
    ascii: bool,
    /// `<`, `>`, `&` and `'` as `\u….`.
    markup: bool,
    /// Hexadecimal in capitals.
    upper: bool,
}

impl JsonStyle {
    fn escape(&self, text: &str) -> String {
        let mut out = String::new();
        for character in text.chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '/' if self.slash => out.push_str("\\/"),
                '<' | '>' | '&' | '\'' if self.markup => self.unicode(character, &mut out),
                _ if character.is_control() || (self.ascii && !character.is_ascii()) => self.unicode(character, &mut out),
                _ => out.push(character),
            }
        }
        out
    }

    fn unicode(&self, character: char, out: &mut String) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            out.push_str(&if self.upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubber(secrets: &[(&str, &str)]) -> Scrubber {
        Scrubber::new(&secrets.iter().map(|(name, value)| ((*name).to_owned(), Secret::new((*value).to_owned()))).collect())
    }

    #[test]
    fn debug_shows_names_and_no_value() {
        let secrets: Secrets = [("access-token".to_owned(), Secret::new("hunter2hunter2".to_owned()))].into_iter().collect();
        let shown = format!("{secrets:?} {:?}", secrets.scrubber());
        assert!(shown.contains("access-token") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_secret_is_found_however_it_is_spelt() {
        const VALUE: &str = "p&ss/wörd \"1'<2>";
        let scrubber = scrubber(&[("s", VALUE)]);
        for spelt in [
            VALUE.to_owned(),
            "p%26ss%2Fw%C3%B6rd%20%221%27%3C2%3E".to_owned(),
            "p%26ss%2fw%c3%b6rd%20%221%27%3c2%3e".to_owned(),
            "p%26ss%2Fw%C3%B6rd+%221%27%3C2%3E".to_owned(),
            "p%26ss%2Fw%C3%B6rd%20%221'%3C2%3E".to_owned(),
            serde_json::to_string(VALUE).unwrap().trim_matches('"').to_owned(),
            r#"p&ss\/w\u00f6rd \"1'<2>"#.to_owned(),
            r#"p\u0026ss/w\u00F6rd \"1\u0027\u003C2\u003E"#.to_owned(),
            "p&amp;ss/wörd &quot;1&#039;&lt;2&gt;".replace("&#039;", "&#39;"),
            "702673732f77c3b67264202231273c323e".to_owned(),
            "702673732F77C3B67264202231273C323E".to_owned(),
        ] {
            assert_eq!(scrubber.text(&format!("a {spelt} b")), "a ‹s› b", "{spelt}");
        }
    }

    #[test]
    fn a_secret_is_found_inside_base64_at_each_alignment() {
        const VALUE: &str = "0123456789abcdef";
        let scrubber = scrubber(&[("s", VALUE)]);
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "x", "xy"] {
                let text = STANDARD_NO_PAD.encode(format!("{before}{VALUE}{after}"));
                assert!(scrubber.finds(text.as_bytes()), "{before}|{after}");
            }
        }
    }

    #[test]
    fn a_secret_inside_another_one_does_not_break_it() {
        let scrubber = scrubber(&[("short", "12345678"), ("long", "xx12345678yy")]);
        assert_eq!(scrubber.text("xx12345678yy 12345678"), "‹long› ‹short›");
    }

    #[test]
    fn short_values_are_left_alone_and_other_bytes_stay_as_they_are() {
        let scrubber = scrubber(&[("tiny", "1234567"), ("long", "secretsecret")]);
        assert_eq!(scrubber.bytes(b"1234567 \xff\x00 secretsecret".to_vec()), b"1234567 \xff\x00 \xe2\x80\xb9long\xe2\x80\xba");
    }

    #[test]
    fn a_new_secret_makes_a_new_scrubber() {
        let mut secrets = Secrets::default();
        assert_eq!(secrets.scrubber().text("abcdefghij"), "abcdefghij");
        secrets.insert("x", Secret::new("abcdefghij".to_owned()));
        assert_eq!(secrets.scrubber().text("abcdefghij"), "‹x›");
    }
}
